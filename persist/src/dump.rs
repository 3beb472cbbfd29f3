//! Writing objects.

use std::io::Write;
use std::path::Path;

use crate::codecs::{Hinted, TakesHints};
use crate::joblib::JoblibWriter;
use crate::pickle::{Protocol, Save, save};
use crate::{Compression, Durability, Error, Result, Summary, codecs};

/// Writes an object to a file, compressed as the extension says: `.z`, `.gz`, `.bz2`, `.lzma`, `.xz`, `.zst`, or not
/// at all.
///
/// The file appears when it is complete. Until then, and if anything fails, the path holds what it held before.
///
/// Answers the size of the object's stream before and after compression, in bytes.
///
/// # Errors
/// [`Unsupported`](crate::ErrorKind::Unsupported) for an extension whose cargo feature is off,
/// [`Parameter`](crate::ErrorKind::Parameter) if the value's own serialization fails,
/// [`Io`](crate::ErrorKind::Io) if the file cannot be written.
pub fn dump(value: &(impl Save + ?Sized), path: impl AsRef<Path>) -> Result<Summary> {
    dump_with(value, path, Compression::auto())
}

/// Writes an object to a file as the caller says: with [`DumpOptions`], or, if only the compression matters, with that,
/// whatever the extension: `"xz"`, `("zlib", 6)`, [`Compression::none()`].
///
/// # Errors
/// As for [`dump`]; [`Parameter`](crate::ErrorKind::Parameter) also for an unknown format or a level it does not have.
pub fn dump_with(
    value: &(impl Save + ?Sized),
    path: impl AsRef<Path>,
    options: impl Into<DumpOptions>,
) -> Result<Summary> {
    let (path, options) = (path.as_ref(), options.into());
    let at_path = |e: Error| e.at_path(path);
    let file = options
        .stream()
        .durability(options.durability)
        .create_as(path, options.compression.clone())
        .map_err(|e| at_path(e.into()))?;
    let file = write(value, file, &options).map_err(at_path)?;
    file.finish().map_err(|e| at_path(e.into()))
}

/// Writes an object to anything that is `Write`, as the caller says; answers the sink, and the size of the object's
/// stream before and after compression, in bytes.
///
/// Arrays are aligned to where they stand in the stream, counted from where this one begins. What becomes of the sink
/// is the caller's business: [`DumpOptions::durability`] is for paths.
///
/// # Errors
/// As for [`dump_with`].
pub fn dump_to<W: Write>(
    value: &(impl Save + ?Sized),
    sink: W,
    options: impl Into<DumpOptions>,
) -> Result<(W, Summary)> {
    let options = options.into();
    let mut stream = options.stream().writer(sink, options.compression.clone())?;
    // A stream that is merely dropped becomes a whole one, here with a part of an object in it.
    if let Err(error) = write(value, &mut stream, &options) {
        drop(stream.abandon());
        return Err(error);
    }
    Ok(stream.finish().map_err(codecs::Error::from)?)
}

/// Writes an object as joblib does.
pub(crate) fn write<S: TakesHints>(
    value: &(impl Save + ?Sized),
    stream: S,
    options: &DumpOptions,
) -> Result<S> {
    let stream = Hinted::new(stream);
    let arrays = JoblibWriter::new(stream.element_size(), options.aligned);
    Ok(save::write(value, stream, options.protocol, arrays)?.into_inner())
}

/// How an object is written.
///
/// ```
/// use demijohn::{Array, Durability, DumpOptions, Protocol};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("weights.pkl");
/// let weights = Array::from_vec(vec![0.5_f32, 1.5], &[2])?;
/// // For a machine with joblib 1.1, on a disk that may lose power.
/// let options = DumpOptions::new().aligned(false).durability(Durability::Sync);
/// demijohn::dump_with(&weights, &path, options)?;
/// // For Python 2.
/// let options = DumpOptions::new().aligned(false).protocol(Protocol::V2).compression("none");
/// demijohn::dump_with(&weights, &path, options)?;
/// # assert_eq!(demijohn::load(&path)?.root().array()?, &weights);
/// # Ok::<(), demijohn::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct DumpOptions {
    pub(crate) compression: Compression,
    pub(crate) protocol: Protocol,
    pub(crate) aligned: bool,
    pub(crate) durability: Durability,
    pub(crate) threads: Option<usize>,
    seekable: Option<usize>,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self {
            compression: Compression::auto(),
            protocol: Protocol::V4,
            aligned: true,
            durability: Durability::default(),
            threads: None,
            seekable: None,
        }
    }
}

impl DumpOptions {
    /// What [`dump`] does: compression as the extension says, [`Protocol::V4`], arrays aligned,
    /// [`Durability::Rename`].
    pub fn new() -> Self {
        Self::default()
    }

    /// How to compress: a format, with a level if it is to be another than the format's own.
    pub fn compression(mut self, compression: impl Into<Compression>) -> Self {
        self.compression = compression.into();
        self
    }

    /// Which protocol of pickle to write, 2 to 5. Python 2 reads 2, Python 3.4 and later 4, 3.8 and later 5.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Whether the elements of arrays start at multiples of 16 bytes in the stream, so that plain files can be mapped
    /// with all speed: on by default.
    ///
    /// joblib before 1.2 cannot read such files; without, joblib from 0.10 on can. Arrays of Python objects then are
    /// pickled in protocol 2 too, as joblib did before 1.5, otherwise in 5, as it does now; and what the modules of numpy
    /// are called is what numpy 1 called them, which numpy 2 understands.
    pub fn aligned(mut self, aligned: bool) -> Self {
        self.aligned = aligned;
        self
    }

    /// How many threads may compress: 1 for the caller's alone, 0 for one per core, which is also what happens if nothing is
    /// said, up to 8. They start with the second block of data, so what is small takes none. The file is the same. Each
    /// costs memory; see [`codecs::Options::threads`].
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Writes a compressed file that can be sought in, in blocks of so many bytes: one array is taken out of it
    /// ([`extract`](crate::extract), [`load_array`](crate::load_array)) without decompressing the others, and several threads can load zstd,
    /// which otherwise is one long piece. Good sizes are 1 to 4 MiB; see [`codecs::Options::seekable`], also for who cannot read this: stock
    /// joblib reads only the first block of gzip. zlib and lzma have no such form: `Unsupported`.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("weights.pkl.zst");
    /// let weights = demijohn::Array::from_vec(vec![0.5_f64; 1 << 17], &[1 << 17])?;
    /// demijohn::dump_with(&weights, &path, demijohn::DumpOptions::new().seekable(256 << 10))?;
    /// # assert_eq!(demijohn::load(&path)?.root().array()?, &weights);
    /// # Ok::<(), demijohn::Error>(())
    /// ```
    pub fn seekable(mut self, block: usize) -> Self {
        self.seekable = Some(block);
        self
    }

    /// What a file that was written survives.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How the stream is written.
    pub(crate) fn stream(&self) -> codecs::Options {
        let options = codecs::Options::new().threads(self.threads);
        match self.seekable {
            Some(block) => options.seekable(block),
            None => options,
        }
    }
}

impl<C: Into<Compression>> From<C> for DumpOptions {
    fn from(compression: C) -> Self {
        Self::new().compression(compression)
    }
}
