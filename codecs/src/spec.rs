//! What a format is and can do, as plain data.

use std::fmt;
use std::ops::RangeInclusive;

/// Names, extensions, levels and capabilities of a format: plain data, known without running anything.
///
/// Built with a chain of `const` methods, so that a format's description is a constant:
///
/// ```
/// use demijohn_codecs::{Flush, Spec};
///
/// const SPEC: Spec = Spec::new("shout", "text in capitals")
///     .extensions(&[".shout"])
///     .signatures(&[b"SHOUT!"])
///     .levels(1, 9, 5)
///     .concat()
///     .flush(Flush::Sync);
/// assert_eq!(SPEC.default_level(), Some(5));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    name: &'static str,
    summary: &'static str,
    extensions: &'static [&'static str],
    signatures: &'static [&'static [u8]],
    levels: Option<Levels>,
    concat: bool,
    nul_padding: NulPadding,
    detects_truncation: bool,
    checksum: Option<&'static str>,
    flush: Flush,
    seek: Seeking,
    threads: Threads,
    skippable: bool,
    transparent: bool,
    element_sizes: bool,
    seek_index: bool,
    seekable: bool,
}

#[derive(Clone, Copy, Debug)]
struct Levels {
    min: i32,
    max: i32,
    default: i32,
}

/// Which NUL bytes may follow a whole stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NulPadding {
    /// None: they are trailing data.
    Refused,
    /// Any number (tapes and block devices leave them).
    Any,
    /// A multiple of four (xz stream padding).
    MultipleOfFour,
}

/// What flushing a writer of the format does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flush {
    /// All data so far becomes decodable and the stream goes on.
    Sync,
    /// All data so far becomes decodable by ending one stream and starting another.
    NewStream,
    /// The format cannot be flushed before its end; only bytes already coded reach the sink.
    None,
}

/// How a reader of the format reaches an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seeking {
    /// The source is asked directly.
    Direct,
    /// From the nearest place known where decoding can begin: written in the stream, or passed before.
    Jump,
    /// Forward by decoding, backward by starting again.
    Rewind,
}

/// Which directions of the format can use several threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Threads {
    /// Neither direction.
    None,
    /// Writing.
    Write,
    /// Reading and writing.
    Both,
}

impl Spec {
    /// A description with nothing but a name and one line that says what the format is: no extension, no
    /// signature, no level, nothing joined, truncation detected, no checksum, no flush.
    #[must_use]
    pub const fn new(name: &'static str, summary: &'static str) -> Self {
        Spec {
            name,
            summary,
            extensions: &[],
            signatures: &[],
            levels: None,
            concat: false,
            nul_padding: NulPadding::Refused,
            detects_truncation: true,
            checksum: None,
            flush: Flush::None,
            seek: Seeking::Rewind,
            threads: Threads::None,
            skippable: false,
            transparent: false,
            element_sizes: false,
            seek_index: false,
            seekable: false,
        }
    }

    /// File name endings, dot included, the preferred one first.
    #[must_use]
    pub const fn extensions(mut self, extensions: &'static [&'static str]) -> Self {
        self.extensions = extensions;
        self
    }

    /// Byte strings with which every stream of the format begins (one of them does). The engine uses them to
    /// tell a further stream from trailing data; detection is [`Format::probe`](crate::Format::probe)'s.
    #[must_use]
    pub const fn signatures(mut self, signatures: &'static [&'static [u8]]) -> Self {
        self.signatures = signatures;
        self
    }

    /// The range of levels and the one used when none is given.
    #[must_use]
    pub const fn levels(mut self, min: i32, max: i32, default: i32) -> Self {
        self.levels = Some(Levels { min, max, default });
        self
    }

    /// A second stream right behind the first continues the data.
    #[must_use]
    pub const fn concat(mut self) -> Self {
        self.concat = true;
        self
    }

    /// Which NUL bytes may follow a stream.
    #[must_use]
    pub const fn nul_padding(mut self, nul_padding: NulPadding) -> Self {
        self.nul_padding = nul_padding;
        self
    }

    /// A cut can fall where the format may end, so that not every truncation is noticed.
    #[must_use]
    pub const fn may_end_early(mut self) -> Self {
        self.detects_truncation = false;
        self
    }

    /// The checksum over the data, by name, that writers write and readers verify.
    #[must_use]
    pub const fn checksum(mut self, name: &'static str) -> Self {
        self.checksum = Some(name);
        self
    }

    /// What flushing does.
    #[must_use]
    pub const fn flush(mut self, flush: Flush) -> Self {
        self.flush = flush;
        self
    }

    /// How readers reach an offset.
    #[must_use]
    pub const fn seeking(mut self, seek: Seeking) -> Self {
        self.seek = seek;
        self
    }

    /// Which directions can use several threads.
    #[must_use]
    pub const fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Streams may be preceded by skippable frames, which the format's probe answers with
    /// [`Probe::Skip`](crate::Probe::Skip).
    #[must_use]
    pub const fn skippable(mut self) -> Self {
        self.skippable = true;
        self
    }

    /// Coded and plain bytes are the same, so that the engine may hand reads and writes straight through.
    #[must_use]
    pub const fn transparent(mut self) -> Self {
        self.transparent = true;
        self.seek = Seeking::Direct;
        self.seekable = true;
        self
    }

    /// Arrays are coded better if the writer is told the size of their elements, by
    /// [`Hint::ElementSize`](crate::Hint::ElementSize) or [`Options::element_size`](crate::Options::element_size).
    #[must_use]
    pub const fn element_sizes(mut self) -> Self {
        self.element_sizes = true;
        self
    }

    /// A reader finds places within a stream by a [`SeekIndex`](crate::seek::SeekIndex).
    #[must_use]
    pub const fn seek_index(mut self) -> Self {
        self.seek_index = true;
        self
    }

    /// Writers can make streams [to be sought in](crate::Options::seekable).
    #[must_use]
    pub const fn seekable(mut self) -> Self {
        self.seekable = true;
        self
    }

    /// The name, as users type it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// One line that says what the format is.
    #[must_use]
    pub const fn summary(&self) -> &'static str {
        self.summary
    }

    /// File name endings, dot included.
    #[must_use]
    pub const fn file_extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    /// The byte strings with which streams begin.
    #[must_use]
    pub const fn magic(&self) -> &'static [&'static [u8]] {
        self.signatures
    }

    /// The levels that can be asked for; `None` for a format without levels.
    #[must_use]
    pub const fn level_range(&self) -> Option<RangeInclusive<i32>> {
        match self.levels {
            Some(levels) => Some(levels.min..=levels.max),
            None => None,
        }
    }

    /// The level used when none is given.
    #[must_use]
    pub const fn default_level(&self) -> Option<i32> {
        match self.levels {
            Some(levels) => Some(levels.default),
            None => None,
        }
    }

    /// Does a second stream right behind the first continue the data?
    #[must_use]
    pub const fn joins_streams(&self) -> bool {
        self.concat
    }

    /// Which NUL bytes may follow a stream.
    #[must_use]
    pub const fn padding(&self) -> NulPadding {
        self.nul_padding
    }

    /// Is every truncation noticed?
    #[must_use]
    pub const fn detects_truncation(&self) -> bool {
        self.detects_truncation
    }

    /// The name of the checksum over the data, if there is one.
    #[must_use]
    pub const fn data_checksum(&self) -> Option<&'static str> {
        self.checksum
    }

    /// What flushing does.
    #[must_use]
    pub const fn flushing(&self) -> Flush {
        self.flush
    }

    /// How readers reach an offset.
    #[must_use]
    pub const fn seek_kind(&self) -> Seeking {
        self.seek
    }

    /// Which directions can use several threads.
    #[must_use]
    pub const fn threading(&self) -> Threads {
        self.threads
    }

    /// May skippable frames precede a stream?
    #[must_use]
    pub const fn has_skippable_frames(&self) -> bool {
        self.skippable
    }

    /// Is it worth while to find out the size of elements?
    #[must_use]
    pub const fn wants_element_sizes(&self) -> bool {
        self.element_sizes
    }

    /// Are there [indexes](crate::seek::SeekIndex) of its streams?
    #[must_use]
    pub const fn has_seek_index(&self) -> bool {
        self.seek_index
    }

    /// Can writers make streams [to be sought in](crate::Options::seekable)?
    #[must_use]
    pub const fn writes_seekable(&self) -> bool {
        self.seekable
    }

    /// Are coded and plain bytes the same?
    #[must_use]
    pub const fn is_transparent(&self) -> bool {
        self.transparent
    }

    /// Does `head` begin like a stream of this format? A head shorter than the signature matches if it is a
    /// beginning of it, so that a stream that was cut is still known for what it was.
    pub(crate) fn begins(&self, head: &[u8]) -> bool {
        !head.is_empty()
            && self.signatures.iter().any(|signature| {
                let n = signature.len().min(head.len());
                head[..n] == signature[..n]
            })
    }

    /// How many bytes [`begins`](Self::begins) wants to see.
    pub(crate) fn signature_len(&self) -> usize {
        self.signatures.iter().map(|s| s.len()).max().unwrap_or(1)
    }
}

macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),* $(,)? }) => {
        impl $type {
            /// The value in one word, as listings print it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names!(NulPadding { Refused => "refused", Any => "any", MultipleOfFour => "multiple of four" });
names!(Flush { Sync => "sync", NewStream => "new stream", None => "none" });
names!(Seeking { Direct => "direct", Jump => "jump", Rewind => "rewind" });
names!(Threads { None => "none", Write => "write", Both => "both" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_signature_still_begins_the_stream() {
        const SPEC: Spec = Spec::new("x", "").signatures(&[b"BZh"]);
        assert!(SPEC.begins(b"B") && SPEC.begins(b"BZh9..."));
        assert!(!SPEC.begins(b"") && !SPEC.begins(b"BA") && !SPEC.begins(b"\0BZh"));
    }
}
