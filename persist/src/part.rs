//! Loading one array out of a file, or mapping all of them: what both do with the data of arrays is to go past it.

use std::fs::File;
use std::io::{BufRead as _, Seek, SeekFrom};
use std::path::Path;

use crate::arrays::{Array, Available, MapMode};
use crate::inspect::{beside, extract};
use crate::joblib::{self, Body, Data, apart};
use crate::load::LoadOptions;
use crate::passing::Passing;
use crate::pickle::numpy::{self, Located};
use crate::pickle::{self, AbsentArray, Found, Payload, Raw};
use crate::stream::{self, Skip, Skipping, read_object};
use crate::{Content, Document, Error, ErrorKind, Limits, Result, Value, codecs};

/// Loads a single array out of a file, by its [path](pickle::path) within the object, or as [`extract`] has it for `.npy` and
/// `.npz` files. The data of the other arrays is not kept: in a plain file it is not even read, in a compressed one it is decompressed a piece at a time. The file is
/// gone through twice, first to find out where the array is.
///
/// ```
/// use demijohn::Array;
/// use std::collections::BTreeMap;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("layers.pkl");
/// let layer = |n: u8| BTreeMap::from([("weight", Array::from_vec(vec![n; 3], &[3]).unwrap())]);
/// demijohn::dump(&[layer(1), layer(2)], &path)?;
///
/// let weight = demijohn::load_array(&path, "[1].weight")?;
/// assert_eq!(weight.as_slice::<u8>()?, [2, 2, 2]);
/// # Ok::<(), demijohn::Error>(())
/// ```
///
/// Arrays that plain pickles of protocols 0 to 2 hold as text are read with everything else.
///
/// The other arrays are sought over where the format allows it: damage in them stays unnoticed. [`inspect`](crate::inspect())
/// reads everything.
///
/// # Errors
/// As for [`load`](crate::load()); [`Parameter`](ErrorKind::Parameter) if that is no path, or if no array is there;
/// [`Unsupported`](ErrorKind::Unsupported) for an array of Python objects and for a masked one, whose two arrays have paths of
/// their own, and for a pipe, which cannot be gone through twice.
pub fn load_array(path: impl AsRef<Path>, array: &str) -> Result<Array> {
    load_array_with(path, array, LoadOptions::new())
}

/// Loads a single array as [`load_array`] does, with options or within limits as for [`load_with`](crate::load_with).
/// What is decompressed the second time is bounded as it was the first.
///
/// # Errors
/// As for [`load_array`].
pub fn load_array_with(
    path: impl AsRef<Path>,
    array: &str,
    options: impl Into<LoadOptions>,
) -> Result<Array> {
    let (path, options) = (path.as_ref(), options.into());
    let array = find(path, array, &options.limits).map_err(|e| e.at_path(path))?;
    Ok(if options.native {
        array.into_native()?
    } else {
        array
    })
}

fn find(path: &Path, array: &str, limits: &Limits) -> Result<Array> {
    let mut stream = stream::open(path, limits)?;
    if !stream.seekable() {
        return Err(no_seeking());
    }
    if matches!(Content::of(stream.fill_buf()?), Content::Npy | Content::Npz) {
        let mut file = stream.into_inner();
        file.rewind()?;
        return extract(file, array, limits);
    }
    // A wrong path is not to cost a look through the file.
    let array: pickle::path::Path = array.parse()?;
    let (plain, length) = (stream.format() == "none", stream::length(&stream));
    let mut passing = Passing::joblib().unchecked();
    let mut stream = Skipping::new(stream, passing.skip());
    let document = read_object(&mut stream, length, limits, &mut passing)?;
    let mut stream = stream.into_inner().map_err(codecs::Error::from)?;
    if !plain {
        stream.end_member()?;
    }
    let root = document.root();
    if let Ok(value) = root.follow(&array)
        && let Some(array) = beside::array(path, value, limits)?
    {
        return Ok(array);
    }
    match numpy::locate_at(root, &array)? {
        Located::Here(array) => Ok(array.into_owned()),
        Located::Absent(absent) => read_absent(&mut stream, 0, &absent),
    }
}

/// The error for a pipe, or another source without a way back, of which one array is wanted.
pub(crate) fn no_seeking() -> Error {
    let message = "taking an array out needs a file that seeks; this is a pipe or the like";
    Error::new(ErrorKind::Unsupported, message.into())
}

/// Reads an array that was passed over in a pickle that begins at `base` in the stream.
pub(crate) fn read_absent<S: codecs::Source>(
    stream: &mut codecs::Reader<S>,
    base: u64,
    absent: &AbsentArray,
) -> Result<Array> {
    let start = base + absent.start();
    stream.seek(SeekFrom::Start(start))?;
    let available = match stream::length(stream) {
        Some(length) => Available::Bytes(length.saturating_sub(start)),
        None => Available::Unknown,
    };
    Ok(absent.read(stream, available)?)
}

/// Loads the object in a plain file, with the arrays not read but mapped: nothing of them is read before it is looked
/// at.
///
/// | mode | Python's | writing to an array |
/// |---|---|---|
/// | [`MapMode::Read`] | `r` | is refused |
/// | [`MapMode::CopyOnWrite`] | `c` | changes it and not the file |
/// | [`MapMode::ReadWrite`] | `r+` | changes the file |
///
/// Arrays keep the byte order of the file. Arrays of Python objects and those without elements have nothing to map, and
/// are loaded as ever beside others that are mapped: [`Array::map_mode`] tells.
///
/// ```
/// use demijohn::{Array, MapMode};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("weights.pkl");
/// demijohn::dump(&Array::from_vec(vec![0.5_f64, 1.5], &[2])?, &path)?;
/// // SAFETY: nobody else knows of the file.
/// let weights = unsafe { demijohn::load_mapped(&path, MapMode::Read) }?;
/// assert_eq!(weights.root().array()?.as_slice::<f64>()?, [0.5, 1.5]);
/// # Ok::<(), demijohn::Error>(())
/// ```
///
/// # Errors
/// As for [`load`](crate::load()); [`Unsupported`](ErrorKind::Unsupported), with the reason, where mapping cannot be:
/// for a compressed file and for what is no regular file, for arrays that do not stand at a multiple of their alignment
/// (joblib before 1.2 did not care for that) or whose writer did not allow it, and for files without an array that has
/// something to map.
///
/// # Safety
/// As for [`Array::map`]: while an array of the document exists, nobody may shorten the file or write to it other than
/// through that array, be it this program or another.
#[allow(unsafe_code)]
pub unsafe fn load_mapped(path: impl AsRef<Path>, mode: MapMode) -> Result<Document> {
    let path = path.as_ref();
    // SAFETY: the caller's contract is passed on.
    unsafe { map(path, mode) }.map_err(|e| e.at_path(path))
}

/// # Safety
/// As for [`load_mapped`].
#[allow(unsafe_code)]
unsafe fn map(path: &Path, mode: MapMode) -> Result<Document> {
    let limits = Limits::default();
    let writing = mode == MapMode::ReadWrite;
    // Opened once: what is mapped is what was read, whatever the path may hold by then.
    let file = File::options().read(true).write(writing).open(path);
    let file = file.map_err(codecs::Error::from)?;
    let refuse = |message: String| Err(Error::new(ErrorKind::Unsupported, message));
    if !file.metadata().map_err(codecs::Error::from)?.is_file() {
        return refuse("only regular files can be mapped, not pipes or devices: load it".into());
    }
    let again = file.try_clone().map_err(codecs::Error::from)?;
    let stream = stream::options(&limits).seekable_reader(again)?;
    let (format, length) = (stream.format(), stream::length(&stream));
    if format != "none" {
        return refuse(format!(
            "a file compressed as {format} cannot be mapped: load it, or decompress it first"
        ));
    }
    let mut mapper = Mapper {
        file,
        mode,
        skip: Skip::default(),
        mapped: 0,
        left_out: None,
    };
    let mut stream = Skipping::new(stream, &mapper.skip);
    let document = read_object(&mut stream, length, &limits, &mut mapper)?;
    if mapper.mapped == 0 {
        let reason = mapper.left_out.unwrap_or("it holds no array in joblib's form");
        return refuse(format!("nothing in the file can be mapped: {reason}"));
    }
    Ok(document)
}

/// Maps arrays. To be made only by those who fulfil the contract of [`load_mapped`].
struct Mapper {
    file: File,
    mode: MapMode,
    skip: Skip,
    mapped: usize,
    /// Why an array was not mapped.
    left_out: Option<&'static str>,
}

impl Mapper {
    #[allow(unsafe_code)]
    fn map(&self, data: Data, offset: u64) -> pickle::Result<Array> {
        let (layout, alignment) = (&data.layout, data.layout.dtype().alignment() as u64);
        let refuse = |why: String| {
            let message = format!("array {layout} cannot be mapped: {why}");
            Err(pickle::Error::new(pickle::ErrorKind::Unsupported, message))
        };
        if !data.allow_mmap {
            return refuse("its writer did not allow it".into());
        }
        if !offset.is_multiple_of(alignment.max(1)) {
            return refuse(format!(
                "it stands at byte {offset}, which is no multiple of {alignment}; joblib before 1.2 writes such files, \
                 load it and dump it again"
            ));
        }
        // SAFETY: whoever made this fulfils the contract.
        Ok(unsafe { Array::map(data.layout, &self.file, offset, self.mode) }?)
    }
}

impl Payload for Mapper {
    fn read(&mut self, object: Value<'_>, raw: &mut Raw<'_>) -> pickle::Result<Found> {
        let data = match Body::of(object, raw)? {
            Body::Nothing => return Ok(Found::Nothing),
            Body::Pickle => {
                self.left_out = Some("an array of Python objects is pickled");
                return Ok(Found::Pickle);
            }
            Body::Companion => return Err(apart()),
            Body::Data(data) => data,
        };
        let size = data.layout.nbytes() as u64;
        if size == 0 {
            self.left_out = Some("an array without elements has no bytes");
            return Ok(Found::Array(Array::zeros(data.layout)?));
        }
        let array = self.map(data, raw.position())?;
        self.skip.over(size, raw)?;
        self.mapped += 1;
        Ok(Found::Array(array))
    }

    fn subclass<'d>(&self, object: Value<'d>) -> Option<Value<'d>> {
        joblib::subclass(object)
    }
}
