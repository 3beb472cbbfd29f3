//! The traits a format implements: [`Format`], and the state machines [`Encode`] and [`Decode`] behind it.
//!
//! Encoders and decoders do no I/O. They turn byte slices into byte slices and keep state in between, so they
//! can be tested one byte at a time, fuzzed, and driven from threads. One engine turns them into files.

use crate::error::{Error, Result};
use crate::pieces::{Adopt, Scan};
#[cfg(doc)]
use crate::seek::Entry;
use crate::seek::{Marks, Survey};
use crate::spec::Spec;

/// A compressed format: what it is, how to recognise it, how to make its coders.
///
/// Built-in formats and formats of other crates implement the same trait and stand in the same
/// [`Registry`](crate::Registry).
pub trait Format: Send + Sync + 'static {
    /// Names, extensions, levels and capabilities.
    fn spec(&self) -> &Spec;

    /// Does a stream of this format begin here? Looks at the prefix only and does not fail.
    ///
    /// The first bytes may be fewer than the input has: a pipe delivers what it has. [`Probe::More`] asks for
    /// more of them, and must not be answered to a head that is [complete](Head::is_complete).
    fn probe(&self, head: &Head<'_>) -> Probe;

    /// A new encoder. `options.level()` has been validated against [`spec`](Self::spec).
    ///
    /// # Errors
    /// `Unsupported` where the build or the format lacks what is asked for.
    fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>>;

    /// A new decoder.
    ///
    /// # Errors
    /// `Unsupported` where the build lacks the format.
    fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>>;

    /// The pieces of the format that can be coded apart from one another, if it has such.
    fn blocks(&self) -> Option<&dyn Blocks> {
        None
    }

    /// What finds the pieces of a stream that can be decoded apart from one another, if there can be such. Its
    /// decoders must then be able to [adopt](Decode::adopt) them.
    fn scanner(&self, options: &DecodeOptions) -> Option<Box<dyn Scan>> {
        let _ = options;
        None
    }

    /// The pieces of a stream that is [to be sought in](EncodeOptions::seekable); [`blocks`](Self::blocks), unless the format
    /// has others for that. `None`: [`encoder`](Self::encoder) is asked. It matters if [`Spec::seekable`] says that there can be such.
    fn blocks_to_seek(&self) -> Option<&dyn Blocks> {
        self.blocks()
    }

    /// What finds the places where a stream can be entered, if that is written in streams of the format.
    fn survey(&self, options: &DecodeOptions) -> Option<Box<dyn Survey>> {
        let _ = options;
        None
    }
}

/// The beginning of an input, as [`Format::probe`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The first bytes: [`Head::LEN`] of them unless the input is shorter or has not yet delivered more.
    pub bytes: &'a [u8],
    /// The length of the whole input, where it is known.
    pub total: Option<u64>,
}

impl<'a> Head<'a> {
    /// How many bytes detection looks at, at most.
    pub const LEN: usize = 64;

    /// The head of an input of which all bytes are at hand.
    #[must_use]
    pub fn of(input: &'a [u8]) -> Self {
        Head {
            bytes: &input[..input.len().min(Self::LEN)],
            total: Some(input.len() as u64),
        }
    }

    /// Is there no more to see: because the input ends here, or because detection looks no further?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.bytes.len() >= Self::LEN || self.total == Some(self.bytes.len() as u64)
    }

    /// The answer of a format that is known by its first bytes alone.
    #[must_use]
    pub fn begins_with(&self, signature: &[u8]) -> Probe {
        if self.bytes.starts_with(signature) {
            Probe::Strong
        } else if signature.starts_with(self.bytes) && !self.is_complete() {
            Probe::More
        } else {
            Probe::No
        }
    }
}

/// The answer of [`Format::probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Not this format.
    No,
    /// It could be: more bytes will tell.
    More,
    /// It may be this format, but the check is one that other data passes now and then.
    Weak,
    /// It is this format.
    Strong,
    /// A frame of so many bytes that holds no data: step over it and ask again.
    Skip(u64),
}

/// What an encoder is to do with the input it has been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Take it; output may come later.
    Run,
    /// Take it and make everything so far decodable, as [`Spec::flushing`] says.
    Flush,
    /// Take it and end the stream.
    Finish,
}

/// What one call of a coder did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// Bytes written to the front of the output.
    pub produced: usize,
    /// Whether there is more to do.
    pub status: Status,
}

/// Whether a coder has more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Call again, with more input or more room.
    More,
    /// Encoding: all input is taken, and the flush or the stream is complete. Decoding: the stream has ended.
    Done,
}

/// Turns plain bytes into coded bytes.
pub trait Encode: Send {
    /// Takes input, gives output.
    ///
    /// The engine calls again with the input that was not consumed and the same `op` until the call has
    /// consumed everything (`Run`) or answers [`Status::Done`] (`Flush`, `Finish`). A call that is given room
    /// must make progress. Output must depend on the input and the `Flush`es alone, not on how calls cut it.
    ///
    /// # Errors
    /// What the backend reports. The encoder is not called again after an error.
    fn step(&mut self, input: &[u8], out: &mut [u8], op: Op) -> Result<Step>;

    /// The coded bytes that wait in a buffer of the encoder's own, if it has one. The engine then gives
    /// [`step`](Self::step) no room, and writes from this buffer to the sink, without a copy between; a call that
    /// fills it makes progress. Nor does it gather small writes for an encoder that has such a buffer.
    fn ready(&self) -> Option<&[u8]> {
        None
    }

    /// So many of the [`ready`](Self::ready) bytes have been written.
    fn taken(&mut self, n: usize) {
        let _ = n;
    }

    /// Takes note of what the plain bytes from offset `at` of the stream on are made of.
    ///
    /// Calls come in order, each before the byte at its offset is given to [`step`](Self::step).
    fn hint(&mut self, at: u64, hint: Hint) {
        let _ = (at, hint);
    }

    /// The part of the stream's head that is known only at its end, if the format has such a part:
    /// [`step`](Self::step) then gives what stands behind it.
    fn late_head(&mut self) -> Option<&mut dyn LateHead> {
        None
    }
}

/// What stands in front of a stream and is known only at its end, like the places of its blocks.
///
/// The engine keeps the first coded bytes of such a stream in memory. A stream that ends there gets the head it
/// needs. One that grows beyond has room reserved for its head: in the sink, if that can seek back; else the stream waits
/// in an unnamed temporary file.
pub trait LateHead {
    /// The stream goes on beyond what the engine keeps in memory: how many bytes will its head have?
    ///
    /// # Errors
    /// What the encoder reports.
    fn reserve(&mut self) -> Result<usize>;

    /// Appends the head, after the encoder has answered [`Status::Done`] to [`Op::Finish`]. It has the length that
    /// [`reserve`](Self::reserve) answered, if that was called.
    ///
    /// # Errors
    /// What the encoder reports.
    fn write(&mut self, out: &mut Vec<u8>) -> Result<()>;
}

/// What an encoder may make use of, and must not depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// The data is an array of elements of so many bytes; 1 for plain bytes.
    ElementSize(usize),
}

/// Turns coded bytes back into plain bytes.
pub trait Decode: Send {
    /// Takes input, gives output. `eof` says that nothing follows `input`.
    ///
    /// With room in `out` a call must take all of `input` unless it fills `out` or the stream ends:
    /// then the status is [`Status::Done`], and bytes behind the end are left unconsumed. At `eof` a call
    /// that makes no progress means that the stream is truncated; a format that ends only with its input
    /// answers `Done` there instead.
    ///
    /// # Errors
    /// `Corrupt`, `Checksum`, `Unsupported` or `Limit`. The engine adds the format and the offsets.
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step>;

    /// Makes the decoder ready for another stream from its first byte.
    ///
    /// # Errors
    /// What making a new decoder could report.
    fn reset(&mut self) -> Result<()>;

    /// The part that takes over pieces which other threads have decoded, where the format has a
    /// [scanner](Format::scanner) for them.
    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        None
    }

    /// Does a call without input wait for threads of the decoder's own? Where a source never makes anybody wait, the engine then
    /// gives it input with every call, so that all its threads have work.
    fn waits(&self) -> bool {
        false
    }

    /// Where the decoder takes note of the places that it passes, if it can be [resumed](Self::resume) at some. The engine says
    /// which it wants, and takes them from there.
    fn marks(&mut self) -> Option<&mut Marks> {
        None
    }

    /// Makes the decoder ready to go on at a point inside a stream, with what is in its [`Entry::Inside`]. What covers the whole
    /// stream, like a checksum over all its data, cannot be checked then; what covers a part that is decoded, must be.
    ///
    /// # Errors
    /// `Corrupt` or `Limit` if this is nothing that a decoder of the format can have named; `Unsupported` if it never
    /// does.
    fn resume(&mut self, state: &[u8], at: u64) -> Result<()> {
        let _ = (state, at);
        Err(Error::unsupported(
            "the format can be entered at the beginning of a stream only",
        ))
    }
}

/// A format whose streams are a sequence of pieces that can be encoded apart.
///
/// A piece is what one [`BlockEncode`] makes of at most [`block_size`](Self::block_size) bytes. The
/// [`Framing`] puts the pieces of a stream between its header and its trailer. Where a piece ends depends on
/// the options alone, so it does not matter to the bytes who encodes which piece when.
/// [`adapters::Blocked`](crate::adapters::Blocked) makes an [`Encode`] of it; where several threads are asked for, the
/// engine gives the pieces to its pool instead of asking the format for an encoder.
pub trait Blocks: Send + Sync {
    /// Plain bytes in each piece but the last.
    fn block_size(&self, options: &EncodeOptions) -> usize;

    /// A new encoder of pieces; each thread has one.
    ///
    /// # Errors
    /// As [`Format::encoder`].
    fn block_encoder(&self, options: &EncodeOptions) -> Result<Box<dyn BlockEncode>>;

    /// A new framing for one stream.
    ///
    /// # Errors
    /// As [`Format::encoder`].
    fn framing(&self, options: &EncodeOptions) -> Result<Box<dyn Framing>>;
}

/// Encodes pieces of a stream, each apart from all others.
pub trait BlockEncode: Send {
    /// Appends the coded form of `input` to `out` and returns the checksum that the framing needs of it.
    ///
    /// The last piece of a stream holds what is left, possibly nothing.
    ///
    /// # Errors
    /// What the backend reports.
    fn encode(&mut self, input: &[u8], piece: Piece, out: &mut Vec<u8>) -> Result<u32>;
}

/// Which piece of a stream is being encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its number, from 0.
    pub index: u64,
    /// Is it the last one?
    pub last: bool,
    /// Bytes in an element of what most of it is made of; 1 for plain bytes.
    pub element_size: usize,
}

/// The header and trailer around the pieces of one stream, and what is summed up over them in order.
pub trait Framing: Send {
    /// Appends what stands before the first piece.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Takes note of the next piece: its plain bytes, the number of its coded ones and the checksum that
    /// [`BlockEncode::encode`] returned.
    fn piece(&mut self, input: &[u8], coded: usize, checksum: u32);

    /// Appends what stands behind the last piece.
    fn end(&mut self, out: &mut Vec<u8>);

    /// As [`Encode::late_head`]: what is in front of all that [`begin`](Self::begin) appends.
    fn late_head(&mut self) -> Option<&mut dyn LateHead> {
        None
    }
}

/// What an encoder may know of the work ahead.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EncodeOptions {
    level: i32,
    /// Plain bytes per independent block, where the format has blocks. `None`: the format's own choice.
    pub block_size: Option<usize>,
    /// The stream is to be one in which readers can seek without decoding all that is before.
    pub seekable: bool,
    /// The exact size of the plain data, where it is known. Formats that can store it do so.
    pub size: Option<u64>,
    /// Threads that may code, 1 for the caller's alone; never changes the bytes. An encoder that is made of
    /// [`Blocks`] need not look at it.
    pub threads: usize,
    /// Bytes in an element of the array that the data is, until a [`Hint`] says otherwise; 1 for plain bytes.
    pub element_size: usize,
}

impl EncodeOptions {
    pub(crate) fn at_level(level: i32) -> Self {
        EncodeOptions {
            level,
            threads: 1,
            element_size: 1,
            ..EncodeOptions::default()
        }
    }

    /// The pieces that a stream of the format is made of.
    pub(crate) fn blocks<'a>(&self, format: &'a dyn Format) -> Option<&'a dyn Blocks> {
        if self.seekable {
            format.blocks_to_seek()
        } else {
            format.blocks()
        }
    }

    /// The level, within the range of the format's [`Spec`]; 0 for a format without levels.
    #[must_use]
    pub fn level(&self) -> i32 {
        self.level
    }
}

/// What a decoder may cost.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DecodeOptions {
    /// Bytes of window, dictionary or block that the decoder may allocate. `None`: no bound.
    pub memory: Option<u64>,
    /// Threads that the decoder may start itself; none if 0 or 1. Where the format has a [scanner](Format::scanner), the
    /// engine has threads, and the decoder need not look at it.
    pub threads: usize,
}
