//! [`Options`]: how a stream is read or written, and the doors to [`Reader`] and [`Writer`].

use std::fmt;
use std::fs::File;
use std::io::{BufRead, Read, Seek, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use crate::atomic::{AtomicFile, Durability, Replace};
use crate::compressor::{Compression, Compressor};
use crate::engine::decode::DecodeEngine;
use crate::engine::encode::EncodeEngine;
use crate::engine::input::Input;
use crate::engine::sink::Sink;
use crate::error::{Error, Result};
use crate::format::{EncodeOptions, Format, Head};
use crate::limits::Limits;
use crate::progress::{Meter, OnProgress, Progress};
use crate::reader::Reader;
use crate::registry::{Detection, Registry, detect_among};
use crate::seek::SeekIndex;
use crate::source::{Exact, Pipe, Seekable, Source};
use crate::writer::{FileWriter, Writer};

/// What a [`Reader`] makes of bytes that follow the stream and are no part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// An error of kind `TrailingData`, after all data has been delivered.
    #[default]
    Error,
    /// The end: they are neither decoded nor complained about. A further stream of a format that joins
    /// streams still continues the data.
    Ignore,
}

/// How many of the streams that stand one behind the other a [`Reader`] reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Members {
    /// All of them, joined, where the format joins streams.
    #[default]
    All,
    /// All of them, joined, in formats too that do not provide for it (zlib, lzma), as Python's file objects do. What
    /// follows the stream and begins like another one is taken for that.
    Joined,
    /// The first one only; what follows it is not looked at.
    One,
}

/// Says of the first bytes of an input that they are not compressed.
type Veto = Box<dyn Fn(&[u8]) -> bool + Send>;

/// How a stream is read or written.
///
/// A chain of settings that ends in [`open`](Self::open), [`reader`](Self::reader), [`create`](Self::create),
/// [`writer`](Self::writer) or one of their kin.
///
/// ```no_run
/// use demijohn_codecs::{Limits, Options};
/// use std::io::Read;
///
/// let mut text = String::new();
/// Options::new().limits(Limits::untrusted().output(1 << 30)).open("upload.bin")?.read_to_string(&mut text)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct Options {
    registry: Option<Arc<Registry>>,
    also: Vec<Compressor>,
    format: Option<Compression>,
    veto: Option<Veto>,
    limits: Limits,
    tail: Tail,
    members: Members,
    level: Option<i32>,
    block_size: Option<usize>,
    seekable: bool,
    size: Option<u64>,
    threads: Option<usize>,
    element_size: Option<usize>,
    durability: Durability,
    replace: Replace,
    on_progress: Option<OnProgress>,
    index: Option<SeekIndex>,
    index_spacing: Option<u64>,
}

impl Options {
    /// Detect when reading, let the extension decide when writing; default limits; strict about tails.
    pub fn new() -> Self {
        Options::default()
    }

    /// Uses these formats instead of the process-wide ones.
    pub fn registry(mut self, registry: Arc<Registry>) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Detects this format too, which is in no registry: one that is only ever read, and by this reader alone. Among
    /// formats that are equally sure, the registry's come first.
    pub fn also(mut self, format: impl Format) -> Self {
        self.also.push(Compressor::new(format));
        self
    }

    /// Reads this format instead of detecting one.
    pub fn format(mut self, format: impl Into<Compression>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// Asks `is_plain` about the first bytes when only an unsure format (zlib, lzma) claims them; `true` means
    /// that they are not compressed.
    pub fn veto(mut self, is_plain: impl Fn(&[u8]) -> bool + Send + 'static) -> Self {
        self.veto = Some(Box::new(is_plain));
        self
    }

    /// Bounds what reading may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Says what to make of bytes behind the stream.
    pub fn tail(mut self, tail: Tail) -> Self {
        self.tail = tail;
        self
    }

    /// Says how many streams one behind the other to read.
    pub fn members(mut self, members: Members) -> Self {
        self.members = members;
        self
    }

    /// Writes at this level; it overrides the one in a `(name, level)` pair. `None` is as if nothing were said.
    pub fn level(mut self, level: impl Into<Option<i32>>) -> Self {
        self.level = level.into();
        self
    }

    /// Plain bytes per independent block, for formats that have blocks.
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = Some(bytes);
        self
    }

    /// Writes what can be sought in without decoding all that is before: blocks of so many plain bytes, and a table of them where
    /// the format has such. gzip becomes BGZF, whose members hold 65,280 bytes at most; zstd gets the seek table of its
    /// seekable format; lz4 gets a frame for each block; the others have blocks anyway. All are ordinary files of their formats to other
    /// programs; but stock joblib, for one, reads only the first member of gzip, and `lz4.frame.decompress` the first frame.
    ///
    /// zlib and lzma cannot be written so: `Unsupported`. [`Spec::writes_seekable`](crate::Spec::writes_seekable) says which can.
    pub fn seekable(mut self, bytes: usize) -> Self {
        self.block_size = Some(bytes);
        self.seekable = true;
        self
    }

    /// The exact size of what will be written, for formats that store it. Writing another size is an error.
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Bytes in an element, if what will be written is an array: formats that shuffle bytes (blosc) compress it better
    /// then. [`Writer::hint`] says so for parts of the data.
    pub fn element_size(mut self, bytes: usize) -> Self {
        self.element_size = Some(bytes);
        self
    }

    /// How many threads may code: 1 means that the caller does it all, 0 one per core; `None`, or if nothing is
    /// said, one per core too, but 8 at most. It never changes the bytes. Where the input is known to be small, the caller does it all.
    ///
    /// They are started when there is work for them and end with the reader or writer; all reading and writing stays with
    /// the caller, save that several read large parts of an uncompressed file. Each costs memory: up to two blocks, coded
    /// and plain, and the coder's state; a reader has no more under way than its [`Limits`](Limits::memory) allow.
    /// [`Spec::threading`](crate::Spec::threading) says which formats have use for them.
    ///
    /// A reader delivers the same data and the same errors as on one thread. It takes more from its source than it has
    /// delivered, so it stays on one thread where that must not be ([`exact`](Self::exact)). As it may then wait for
    /// more input while it still has some, a source that cannot seek is read by several threads only if that is asked for, and read
    /// ahead only while it brings 32 KiB or more at a time.
    pub fn threads(mut self, threads: impl Into<Option<usize>>) -> Self {
        self.threads = threads.into();
        self
    }

    /// What a file written by [`create`](Self::create) survives.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How [`create`](Self::create) puts a file in the place of an older one, or that it does not.
    pub fn replace(mut self, replace: Replace) -> Self {
        self.replace = replace;
        self
    }

    /// Calls back about every MiB of work, from inside read, write and finish. [`ControlFlow::Break`] makes
    /// that call and all later ones fail with kind `Cancelled`.
    pub fn on_progress(mut self, f: impl FnMut(Progress) -> ControlFlow<()> + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(f));
        self
    }

    /// Seeks by an index of the gzip or zlib file that is read. It is not believed: see [`SeekIndex`].
    pub fn seek_index(mut self, index: SeekIndex) -> Self {
        self.index = Some(index);
        self
    }

    /// Takes note of the places of an index while a gzip or zlib file is read for the first time, at least so many plain bytes apart
    /// (32 KiB is the least), for [`Reader::seek_index`]. Each takes 32 KiB of memory; where that is more than the limits
    /// allow, there are fewer.
    pub fn index_spacing(mut self, bytes: u64) -> Self {
        self.index_spacing = Some(bytes.max(32 << 10));
        self
    }

    fn formats(&self) -> &Registry {
        self.registry.as_deref().unwrap_or_else(|| Registry::global())
    }

    /// Opens a file for reading. A file that no format claims is read as plain bytes.
    ///
    /// # Errors
    /// `Io`, with the path in the message, for what the operating system refuses, a directory included; and
    /// `Unsupported` for a format that this build leaves out.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Reader<Seekable<File>>> {
        self.source(Seekable::open(path)?)
    }

    /// Reads from anything that reads: a pipe, a socket. It is read ahead.
    ///
    /// # Errors
    /// `Io` for what the source reports when the first bytes are asked for.
    pub fn reader<R: Read>(self, source: R) -> Result<Reader<Pipe<R>>> {
        self.source(Pipe::new(source))
    }

    /// Reads from anything that reads and seeks, beginning where it stands.
    ///
    /// # Errors
    /// As [`reader`](Self::reader).
    pub fn seekable_reader<R: Read + Seek>(self, source: R) -> Result<Reader<Seekable<R>>> {
        self.source(Seekable::new(source)?)
    }

    /// Reads from a buffered reader without taking a byte that is not the stream's. Meant for
    /// [`Members::One`]: to see whether a second stream follows, one must look.
    ///
    /// # Errors
    /// As [`reader`](Self::reader).
    pub fn exact<R: BufRead>(self, source: R) -> Result<Reader<Exact<R>>> {
        self.source(Exact::new(source))
    }

    /// Reads from any [`Source`].
    ///
    /// # Errors
    /// As [`reader`](Self::reader); `Parameter` if the [index](Self::seek_index) is not one of this source.
    pub fn source<S: Source>(mut self, mut source: S) -> Result<Reader<S>> {
        source.use_threads(threads(self.threads, source.size()));
        let mut input = Input::new(source);
        let compressor = match &self.format {
            Some(format) => format.resolve(self.formats(), None)?,
            None => self.detect(&mut input)?,
        };
        let first = input.consumed() == 0;
        let meter = Meter::new(self.on_progress.take(), input.source().size());
        let may_read_ahead = input.source().seekable() || self.threads.is_some();
        let threads = if may_read_ahead && input.source().may_be_read_ahead() {
            threads(self.threads, input.source().size())
        } else {
            1
        };
        let engine = DecodeEngine::new(
            compressor,
            threads,
            self.limits,
            self.members,
            self.tail,
            meter,
            first,
        )?;
        let mut reader = Reader::new(input, engine);
        if let Some(index) = self.index {
            reader.load_index(index)?;
        }
        if let Some(spacing) = self.index_spacing {
            reader.make_index(spacing);
        }
        Ok(reader)
    }

    /// Looks at the first bytes, and behind skippable frames, without consuming any that a decoder needs.
    fn detect<S: Source>(&self, input: &mut Input<S>) -> Result<Compressor> {
        let mut skipped: Option<Compressor> = None;
        loop {
            let mut want = 1;
            let detection = loop {
                let total = input
                    .source()
                    .size()
                    .map(|size| size.saturating_sub(input.consumed()));
                let head = input.peek(want)?;
                let got = head.len();
                // Less than was asked for: this is all there is.
                let total = if got < want { Some(got as u64) } else { total };
                let head = Head {
                    bytes: &head[..got.min(Head::LEN)],
                    total,
                };
                let formats = self.formats().formats();
                match detect_among(formats.iter().chain(&self.also), &head) {
                    // A source that drips is asked for more only while that can change the answer.
                    Detection::More => want = got + 1,
                    detection => break self.weigh(detection, head.bytes),
                }
            };
            match (detection, skipped) {
                (Detection::Strong(format) | Detection::Weak(format), _) => return Ok(format),
                // What follows is garbage, or the end: the format whose frame it was will say which.
                (Detection::Unknown | Detection::More, Some(format)) => return Ok(format),
                (Detection::Unknown | Detection::More, None) => return self.formats().by_name("none"),
                (Detection::Skip(format, n), before) => {
                    skip(input, n)?;
                    skipped = Some(before.unwrap_or(format));
                }
            }
        }
    }

    fn weigh(&self, detection: Detection, head: &[u8]) -> Detection {
        match (&detection, &self.veto) {
            (Detection::Weak(_), Some(is_plain)) if is_plain(head) => Detection::Unknown,
            _ => detection,
        }
    }

    /// Creates or replaces a file. Its extension decides the format; a name without a known one means plain
    /// bytes.
    ///
    /// The bytes go to a temporary file beside it, and [`FileWriter::finish`] puts that in the file's place:
    /// dropped or killed before, the writer leaves what was there.
    ///
    /// # Errors
    /// `Unsupported` for an extension whose format this build leaves out; `Io` with the path in the message.
    pub fn create(self, path: impl AsRef<Path>) -> Result<FileWriter> {
        self.create_as(path, Compression::auto())
    }

    /// Creates or replaces a file in a format of the caller's choice; see [`create`](Self::create).
    ///
    /// # Errors
    /// `Parameter` for an unknown format or a level outside its range; otherwise as [`create`](Self::create).
    pub fn create_as(
        self,
        path: impl AsRef<Path>,
        compression: impl Into<Compression>,
    ) -> Result<FileWriter> {
        let path = path.as_ref();
        let compression = compression.into();
        let compressor = compression.resolve(self.formats(), Some(path))?;
        let (durability, replace) = (self.durability, self.replace);
        // The encoder first: a bad level must not touch the file system.
        let engine = self.encode_engine(compressor, compression.level())?;
        let file = AtomicFile::create_with(path, replace, durability)?;
        let sink = if file.is_regular() {
            Sink::seekable(file)
        } else {
            Sink::new(file)
        };
        Ok(FileWriter::new(Writer::new(sink, engine, false)))
    }

    /// Adds a stream to the end of a file, or makes the file. Its extension decides the format, or else what is in it.
    ///
    /// Together with what the file holds already this is one stream of data, so the format must join streams; plain
    /// bytes do by nature. The bytes go to the end of the file as they come: dropped, the writer takes them back, killed
    /// it cannot. See [`AtomicFile::append`].
    ///
    /// # Errors
    /// As [`append_as`](Self::append_as).
    pub fn append(self, path: impl AsRef<Path>) -> Result<FileWriter> {
        self.append_as(path, Compression::auto())
    }

    /// Adds a stream to the end of a file in a format of the caller's choice; see [`append`](Self::append).
    ///
    /// # Errors
    /// `Unsupported` for a format that does not join streams; `Parameter` if the file is in another format, save for
    /// plain bytes, whose meaning the caller knows; otherwise as [`create_as`](Self::create_as).
    pub fn append_as(
        self,
        path: impl AsRef<Path>,
        compression: impl Into<Compression>,
    ) -> Result<FileWriter> {
        let path = path.as_ref();
        let compression = compression.into();
        let compressor = self.format_to_append(path, &compression)?;
        let durability = self.durability;
        let engine = self.encode_engine(compressor, compression.level())?;
        let file = AtomicFile::append(path, durability)?;
        Ok(FileWriter::new(Writer::new(Sink::new(file), engine, false)))
    }

    fn format_to_append(&self, path: &Path, compression: &Compression) -> Result<Compressor> {
        let formats = self.formats();
        let asked = if compression.is_auto() {
            formats.by_extension(path)
        } else {
            Some(compression.resolve(formats, None)?)
        };
        let format = match (asked, self.format_of(path)?) {
            (Some(asked), _) if asked.spec().is_transparent() => asked,
            (Some(asked), Some(there)) if asked.name() != there.name() => {
                return Err(Error::parameter(format!(
                    "{}: nothing of format {} can be added to a file of format {}",
                    path.display(),
                    asked.name(),
                    there.name()
                )));
            }
            (Some(format), _) | (None, Some(format)) => format,
            (None, None) => formats.by_name("none")?,
        };
        format.check_append()?;
        Ok(format)
    }

    /// The format of what a file holds; `None` if it holds nothing.
    fn format_of(&self, path: &Path) -> Result<Option<Compressor>> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() && metadata.len() > 0 => {}
            // What is wrong with the path will be said when it is opened.
            _ => return Ok(None),
        }
        self.detect(&mut Input::new(Seekable::open(path)?)).map(Some)
    }

    /// Writes to anything that writes.
    ///
    /// # Errors
    /// `Parameter` for an unknown format or a level outside its range; `Unsupported` for a format that this
    /// build leaves out.
    pub fn writer<W: Write>(self, sink: W, compression: impl Into<Compression>) -> Result<Writer<W>> {
        self.writer_into(Sink::new(sink), compression.into())
    }

    /// Writes to anything that writes and seeks, beginning where it stands. The bytes are those of
    /// [`writer`](Self::writer); but a stream whose head is known only at its end (blosc) need not wait in a
    /// temporary file: the head is written when the rest is in the sink. The sink must not be a file opened for
    /// appending.
    ///
    /// # Errors
    /// As [`writer`](Self::writer).
    pub fn seekable_writer<W: Write + Seek>(
        self,
        sink: W,
        compression: impl Into<Compression>,
    ) -> Result<Writer<W>> {
        self.writer_into(Sink::seekable(sink), compression.into())
    }

    fn writer_into<W: Write>(self, sink: Sink<W>, compression: Compression) -> Result<Writer<W>> {
        let compressor = compression.resolve(self.formats(), None)?;
        let engine = self.encode_engine(compressor, compression.level())?;
        Ok(Writer::new(sink, engine, true))
    }

    fn encode_engine(mut self, compressor: Compressor, level: Option<i32>) -> Result<EncodeEngine> {
        let meter = Meter::new(self.on_progress.take(), self.size);
        if self.block_size == Some(0) {
            return Err(Error::parameter("a block holds at least one byte"));
        }
        let encoder = compressor.encoder(self.level.or(level), |options: &mut EncodeOptions| {
            options.block_size = self.block_size;
            options.seekable = self.seekable;
            options.size = self.size;
            options.threads = threads(self.threads, self.size);
            options.element_size = self.element_size.unwrap_or(1).max(1);
        })?;
        Ok(EncodeEngine::new(compressor, encoder, self.size, meter))
    }
}

/// The number of threads for an input of that size, if it is known, where so many were asked for.
fn threads(asked: Option<usize>, size: Option<u64>) -> usize {
    /// Below this, threads take longer to start than they save.
    const SMALL: u64 = 4 << 20;
    /// What nobody asked for is not to cost memory without bound on a machine with a hundred cores.
    const MOST: usize = 8;
    let small = size.is_some_and(|size| size < SMALL);
    // Asked once: on Linux the answer is in several files, and reading them takes longer than opening a small stream.
    static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, usize::from));
    match asked {
        None | Some(0) if small => 1,
        None => CORES.min(MOST),
        Some(0) => *CORES,
        Some(asked) => asked,
    }
}

fn skip<S: Source>(input: &mut Input<S>, mut n: u64) -> Result<()> {
    while n > 0 {
        let available = input.fill()?.len();
        if available == 0 {
            break;
        }
        let step = usize::try_from(n).unwrap_or(usize::MAX).min(available);
        input.consume(step);
        n -= step as u64;
    }
    Ok(())
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("also", &self.also)
            .field("format", &self.format)
            .field("limits", &self.limits)
            .field("tail", &self.tail)
            .field("members", &self.members)
            .field("level", &self.level)
            .field("block_size", &self.block_size)
            .field("seekable", &self.seekable)
            .field("size", &self.size)
            .field("threads", &self.threads)
            .field("element_size", &self.element_size)
            .field("durability", &self.durability)
            .field("replace", &self.replace)
            .finish_non_exhaustive()
    }
}
