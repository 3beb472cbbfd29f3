//! Reading: the list of entries first, then any of them by name.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder, ZipLocator};

use super::{SUFFIX, cut, zip_error};
use crate::npy::{self, Header, ReadOptions};
use crate::{Array, Available, Error, Layout, Result};

/// How much compressed data is read at a time.
const BUFFER: usize = 64 << 10;

/// What zip files begin with, unless they are empty.
const SIGNATURE: [u8; 4] = *b"PK\x03\x04";

/// An open `.npz` file. Arrays are read one at a time, in any order; nothing is kept of those that are not asked for.
pub struct Reader<R> {
    zip: ZipArchive<Shared<R>>,
    /// In the order of the file, without those that a later one of the same name hides.
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    /// Where the first entry begins, in bytes from the beginning of the file.
    start: u64,
    /// Length of the whole file in bytes.
    len: u64,
    options: ReadOptions,
}

struct Entry {
    name: String,
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    encrypted: bool,
    crc: u32,
}

impl Reader<File> {
    /// Opens a file.
    ///
    /// # Errors
    /// As for [`new`](Self::new); and [`Io`](crate::ErrorKind::Io) if the file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(File::open(path)?)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the list of entries at the end of the file.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for what is no zip file, [`Truncated`](crate::ErrorKind::Truncated) for
    /// the first part of one, [`Io`](crate::ErrorKind::Io) if reading fails.
    pub fn new(source: R) -> Result<Self> {
        Self::with_options(source, ReadOptions::default())
    }

    /// The same with limits for each of the arrays. How much is [available](ReadOptions::available) is known here.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_options(mut source: R, options: ReadOptions) -> Result<Self> {
        let len = source.seek(SeekFrom::End(0))?;
        source.rewind()?;
        let mut start = Vec::new();
        source
            .by_ref()
            .take(SIGNATURE.len() as u64)
            .read_to_end(&mut start)?;
        let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let source = Shared(Mutex::new(source));
        let located = ZipLocator::new().locate_in_reader(source, &mut buffer, len);
        let zip = located.map_err(|(_, error)| match error.kind() {
            rawzip::ErrorKind::MissingEndOfCentralDirectory if SIGNATURE.starts_with(&start) => cut(),
            rawzip::ErrorKind::MissingEndOfCentralDirectory => {
                Error::corrupt("not a zip file, so no .npz file")
            }
            _ => zip_error(error),
        })?;
        check_directory(&zip)?;
        let mut all = zip.entries(&mut buffer);
        let mut entries: Vec<Option<Entry>> = Vec::new();
        let mut index = HashMap::new();
        let mut start = None;
        while let Some(entry) = all.next_entry().map_err(zip_error)? {
            let at = entry.local_header_offset();
            start = Some(start.map_or(at, |start: u64| start.min(at)));
            if entry.is_dir() {
                continue;
            }
            let path = entry.file_path();
            let name = String::from_utf8_lossy(path.as_bytes()).into_owned();
            // As in Python, the last of equal names counts.
            if let Some(hidden) = index.insert(name.clone(), entries.len()) {
                entries[hidden] = None;
            }
            entries.push(Some(Entry {
                name,
                place: entry.wayfinder(),
                method: entry.compression_method(),
                encrypted: entry.flags().is_encrypted(),
                crc: entry.crc32(),
            }));
        }
        let entries: Vec<Entry> = entries.into_iter().flatten().collect();
        let names = entries.iter().map(|entry| entry.name.clone());
        Ok(Self {
            index: names.zip(0..).collect(),
            start: start.unwrap_or_else(|| zip.directory_offset()),
            zip,
            entries,
            len,
            options,
        })
    }

    /// The names of the arrays, in the order of the file. What is no `.npy` file is not among them.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .filter_map(|entry| entry.name.strip_suffix(SUFFIX))
    }

    /// The names of the entries that are no `.npy` files.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        let others = self.entries.iter().filter(|entry| !entry.name.ends_with(SUFFIX));
        others.map(|entry| entry.name.as_str())
    }

    /// How many bytes stand in front of the first entry, and how many behind the end of the zip file. They are nobody's.
    #[must_use]
    pub fn around(&self) -> (u64, u64) {
        (self.start, self.len.saturating_sub(self.zip.end_offset()))
    }

    /// Reads an array, and checks its checksum.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there is no array of this name,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if it is encrypted or compressed in another way than deflate, as
    /// for [`npy::read`] for what is wrong with the array, and [`Corrupt`](crate::ErrorKind::Corrupt) as well if size or
    /// checksum are not those that the zip file states.
    pub fn read(&self, key: &str) -> Result<Array> {
        let entry = self.entry(key)?;
        self.read_entry(entry).map_err(|error| error.within(&entry.name))
    }

    /// Reads what stands in front of an array's data: what it looks like. No checksum covers this part alone.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn header(&self, key: &str) -> Result<Header> {
        let entry = self.entry(key)?;
        let read = || npy::read_header(&mut self.plain(entry)?.0, self.options.max_header);
        read().map_err(|error| error.within(&entry.name))
    }

    /// Reads an array to its end without keeping it, and checks its size and checksum. An array of Python objects, which
    /// [`read`](Self::read) refuses, passes as the bytes it is made of.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn check(&self, key: &str) -> Result<Header> {
        let (header, mut data) = self.data(key)?;
        io::copy(&mut data, &mut io::sink())?;
        Ok(header)
    }

    /// What an array looks like, and its data, to be read a piece at a time: the end is only given once size and
    /// checksum have been found to be right. Of an array of Python objects the data is their pickle.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn data(&self, key: &str) -> Result<(Header, Data<'_>)> {
        let entry = self.entry(key)?;
        let open = || {
            let (mut data, _) = self.plain(entry)?;
            let header = npy::read_header(&mut data, self.options.max_header)?;
            npy::check_limit(&header.layout, &self.options)?;
            let stated = entry.place.uncompressed_size_hint();
            let needed = header.len.saturating_add(header.layout.nbytes() as u64);
            if !header.layout.dtype().has_objects() && needed != stated {
                return Err(wrong_size(&header.layout, needed, stated));
            }
            Ok((header, data))
        };
        let (header, inner) = open().map_err(|error| error.within(&entry.name))?;
        let name = &entry.name;
        Ok((header, Data { inner, name }))
    }

    /// The size in bytes that the zip file states of an array with its header, which nothing vouches for.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if there is no array of this name.
    pub fn stated_size(&self, key: &str) -> Result<u64> {
        Ok(self.entry(key)?.place.uncompressed_size_hint())
    }

    fn entry(&self, key: &str) -> Result<&Entry> {
        let found = self.index.get(&format!("{key}{SUFFIX}"));
        found.map(|&at| &self.entries[at]).ok_or_else(|| {
            Error::parameter(format!(
                "there is no array {key:?} in the file: keys() lists what there is"
            ))
        })
    }

    fn read_entry(&self, entry: &Entry) -> Result<Array> {
        let (mut data, available) = self.plain(entry)?;
        let Header { layout, len, .. } = npy::read_header(&mut data, self.options.max_header)?;
        npy::check_limit(&layout, &self.options)?;
        layout.require_raw()?;
        let (needed, stated) = (len + layout.nbytes() as u64, entry.place.uncompressed_size_hint());
        if needed != stated {
            return Err(wrong_size(&layout, needed, stated));
        }
        let array = Array::read(layout, &mut data, npy::behind(available, len))?;
        // The end has been reached; only now does the reader know it, and looks at the checksum.
        match data.read(&mut [0])? {
            0 => Ok(array),
            _ => Err(Error::corrupt("there is more data than the zip file states")),
        }
    }

    /// The uncompressed bytes of an entry, and how many of them there must be.
    fn plain<'a>(&'a self, entry: &Entry) -> Result<(Checked<Box<dyn Read + 'a>>, Available)> {
        if entry.encrypted {
            return Err(Error::unsupported("the entry is encrypted"));
        }
        let found = self.zip.get_entry(entry.place).map_err(zip_error)?;
        let (start, end) = found.compressed_data_range();
        if end > self.len {
            return Err(cut());
        }
        let stated = entry.place.uncompressed_size_hint();
        let (data, available): (Box<dyn Read + 'a>, _) = match entry.method {
            CompressionMethod::STORE => (Box::new(found.reader()), Available::Bytes(end - start)),
            CompressionMethod::DEFLATE => {
                let compressed = BufReader::with_capacity(BUFFER, found.reader());
                (Box::new(DeflateDecoder::new(compressed)), Available::Unknown)
            }
            other => {
                return Err(Error::unsupported(format!(
                    "the entry is compressed with zip's method {}; stored and deflated ones can be read",
                    other.as_u16()
                )));
            }
        };
        let checked = Checked {
            data,
            hasher: crc32fast::Hasher::new(),
            crc: entry.crc,
            left: stated,
        };
        Ok((checked, available))
    }
}

/// Makes sure that the list of entries is the one in front of its end. Python goes by its size and takes what it is short of
/// the stated offset for bytes in front of the file; `rawzip` goes by the offset if something like an entry is there. Where
/// the two differ, others would see other arrays than this.
fn check_directory<R: Read + Seek>(zip: &ZipArchive<Shared<R>>) -> Result<()> {
    // APPNOTE 4.3.16, and 4.3.14 and 4.3.15: what stands in front of it where 32 bits are not enough.
    const END: usize = 22;
    const END64: usize = 56 + 20;
    let mut end_at = zip.eocd_offset();
    let mut end = [0; END];
    let source = zip.get_ref();
    source.read_exact_at(&mut end, end_at)?;
    let mut size = u64::from(u32::from_le_bytes(end[12..16].try_into().expect("four bytes")));
    if let Some(at) = end_at.checked_sub(END64 as u64) {
        let mut end64 = [0; END64];
        source.read_exact_at(&mut end64, at)?;
        if end64.starts_with(b"PK\x06\x06") && end64[56..].starts_with(b"PK\x06\x07") {
            end_at = at;
            size = u64::from_le_bytes(end64[40..48].try_into().expect("eight bytes"));
        }
    }
    if end_at.checked_sub(size) == Some(zip.directory_offset()) {
        return Ok(());
    }
    Err(Error::corrupt(
        "invalid zip file: the list of its entries is not where it should be, as if there were two of them",
    ))
}

/// The data of an array in a zip file; see [`Reader::data`].
pub struct Data<'a> {
    inner: Checked<Box<dyn Read + 'a>>,
    name: &'a str,
}

impl Read for Data<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out);
        read.map_err(|error| Error::from(error).within(self.name).into())
    }
}

impl fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Data").field(&self.name).finish()
    }
}

/// The error for an entry that is not as long as its array.
fn wrong_size(layout: &Layout, needed: u64, stated: u64) -> Error {
    if needed > stated {
        Error::truncated(format!(
            "array {layout} needs {needed} bytes, the entry has {stated}"
        ))
    } else {
        Error::corrupt(format!(
            "the entry has {stated} bytes, of which array {layout} is {needed}"
        ))
    }
}

/// A source that is read at places, one reader at a time.
struct Shared<R>(Mutex<R>);

impl<R: Read + Seek> ReaderAt for Shared<R> {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        // Nothing is left half done by a panic: each read seeks first.
        let mut source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(offset))?;
        source.read(out)
    }
}

/// Passes bytes on and, once all are through, compares their number and checksum with what the zip file states.
struct Checked<R> {
    data: R,
    hasher: crc32fast::Hasher,
    crc: u32,
    left: u64,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let n = self.data.read(out)?;
        self.hasher.update(&out[..n]);
        self.left = self
            .left
            .checked_sub(n as u64)
            .ok_or_else(|| Error::corrupt("there is more data than the zip file states"))?;
        if n == 0 && self.left > 0 {
            return Err(
                Error::truncated(format!("{} bytes are missing at the end of the data", self.left)).into(),
            );
        }
        if n == 0 && self.hasher.clone().finalize() != self.crc {
            return Err(
                Error::corrupt("the data does not have the checksum that the zip file states").into(),
            );
        }
        Ok(n)
    }
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries.iter().map(|entry| &entry.name);
        f.debug_tuple("Reader").field(&names.collect::<Vec<_>>()).finish()
    }
}
