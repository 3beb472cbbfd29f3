//! Arrays on their way from a file of one kind to one of another, a piece at a time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Seek as _, SeekFrom, Write};

use super::recode::pass;
use super::source::Stream;
use super::target::Target;
use super::{Out, lost};
use crate::arrays::{Array, Layout, npy};
use crate::codecs::{Hint, Hinted, TakesHints};
use crate::elements::Elements;
use crate::inspect::Inspection;
use crate::joblib::JoblibWriter;
use crate::pickle::numpy::{self, Located};
use crate::pickle::{self, AbsentArray, ArrayWriter as _, Batch, Emitter, Kind};
use crate::{Content, Document, DumpOptions, Error, ErrorKind, Result, Value};

#[cfg(feature = "npz")]
type Npz = crate::arrays::npz::Reader<io::BufReader<std::fs::File>>;

/// What has the arrays.
pub(super) enum Holder {
    /// An object that was loaded.
    Loaded(Document),
    /// An object whose large arrays are in the stream.
    Pickle { found: Box<Inspection>, stream: Stream },
    /// One array, which begins here in the stream.
    Npy {
        layout: Layout,
        offset: u64,
        stream: Stream,
    },
    #[cfg(feature = "npz")]
    Npz(Npz),
}

/// Arrays to be written, with their names.
pub(super) struct Arrays<'h> {
    items: Vec<Item<'h>>,
    /// Whether the names mean something: there may be any number of arrays.
    named: bool,
    data: Data<'h>,
    /// Where the last one must end.
    end: Option<u64>,
}

struct Item<'h> {
    name: String,
    layout: Layout,
    place: Place<'h>,
}

/// Where the elements are.
enum Place<'h> {
    Here(Cow<'h, Array>),
    /// At this offset of the stream.
    At(u64),
    /// In the stream, as a pickle has it.
    Absent(Cow<'h, AbsentArray>),
    /// In the entry of that name.
    #[cfg(feature = "npz")]
    Entry,
}

/// What those are in that are not here.
enum Data<'h> {
    Nothing,
    Stream(&'h mut Stream),
    #[cfg(feature = "npz")]
    Npz(&'h Npz),
}

impl<'h> Arrays<'h> {
    /// The arrays that a file for `wanted` takes.
    pub(super) fn of(holder: &'h mut Holder, wanted: Content) -> Result<Self> {
        match holder {
            Holder::Loaded(document) => {
                let root = document.root();
                Self::of_object(root, wanted, &|value| place(document, value), Data::Nothing)
            }
            Holder::Pickle { found, stream } => {
                let found = &**found;
                let document = found.document.as_ref().ok_or_else(|| {
                    Error::new(
                        ErrorKind::UnknownFormat,
                        "there is no pickle in the file any more".into(),
                    )
                })?;
                // The stream has nothing in front of the pickle.
                let place = |value| place(document, value);
                Self::of_object(document.root(), wanted, &place, Data::Stream(stream))
            }
            Holder::Npy {
                layout,
                offset,
                stream,
            } => {
                if layout.dtype().has_objects() {
                    return Err(of_objects("the array"));
                }
                Ok(Self {
                    end: Some(*offset + layout.nbytes() as u64),
                    items: vec![Item {
                        name: numbered(0),
                        place: Place::At(*offset),
                        layout: layout.clone(),
                    }],
                    named: false,
                    data: Data::Stream(stream),
                })
            }
            #[cfg(feature = "npz")]
            Holder::Npz(file) => Self::of_npz(file, wanted),
        }
    }

    #[cfg(feature = "npz")]
    fn of_npz(file: &'h Npz, wanted: Content) -> Result<Self> {
        let mut items = Vec::new();
        for key in file.keys() {
            let layout = file.header(key)?.layout;
            if layout.dtype().has_objects() {
                return Err(of_objects(&format!("array {key:?}")));
            }
            items.push(Item {
                name: key.to_owned(),
                layout,
                place: Place::Entry,
            });
        }
        if let Some(other) = file.others().next() {
            let message = format!("entry {other:?} is no .npy file, so it is no array");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let (before, behind) = file.around();
        if before > 0 {
            let message = format!("{before} bytes stand in front of the zip file, and would be lost");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        lost(behind)?;
        if wanted == Content::Npy && items.len() != 1 {
            let names: Vec<_> = items
                .iter()
                .take(5)
                .map(|item| format!("{:?}", item.name))
                .collect();
            let message = format!(
                "a .npy file takes one array, and there are {}: {}{}",
                items.len(),
                names.join(", "),
                if items.len() > names.len() { ", …" } else { "" }
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(Self {
            items,
            named: true,
            data: Data::Npz(file),
            end: None,
        })
    }

    fn of_object(
        root: Value<'h>,
        wanted: Content,
        place: &dyn Fn(Value<'h>) -> Result<(Layout, Place<'h>)>,
        data: Data<'h>,
    ) -> Result<Self> {
        let mut items: Vec<Item<'h>> = Vec::new();
        let mut add = |name: String, value| {
            let (layout, place) = place(value)?;
            items.push(Item { name, layout, place });
            Ok::<_, Error>(())
        };
        match root.kind() {
            Kind::List | Kind::Tuple if wanted == Content::Npz => {
                for (i, value) in root.iter().enumerate() {
                    add(numbered(i), value)?;
                }
            }
            Kind::Dict | Kind::OrderedDict | Kind::DefaultDict if wanted == Content::Npz => {
                // Of equal keys the last one counts.
                let mut last = HashMap::new();
                for (key, value) in root.items() {
                    let name = key.as_str().ok_or_else(|| {
                        let message = format!("arrays in .npz files are named by texts, not by {key:?}");
                        Error::new(ErrorKind::Unsupported, message)
                    })?;
                    last.insert(name, value);
                }
                for (key, _) in root.items() {
                    if let Some((name, value)) = key.as_str().and_then(|name| last.remove_entry(name)) {
                        add(name.to_owned(), value)?;
                    }
                }
            }
            _ => add(numbered(0), root)?,
        }
        Ok(Self {
            items,
            named: true,
            data,
            end: None,
        })
    }

    /// Writes the one array there is as a `.npy` file.
    pub(super) fn write_npy<S: TakesHints>(mut self, out: &mut Out<S>) -> Result<()> {
        for item in &self.items {
            out.write_all(&npy::header(&item.layout)?)?;
            out.hint(Hint::ElementSize(item.layout.dtype().itemsize()))?;
            self.data.copy(item, out)?;
        }
        self.finish()
    }

    /// Writes a `.npz` file.
    #[cfg(feature = "npz")]
    pub(super) fn write_npz(mut self, out: &mut impl Write, target: &Target) -> Result<()> {
        use crate::arrays::npz::{Compression, Writer};
        let compression = target.deflate.map_or(Compression::Stored, Compression::Deflated);
        let mut npz = Writer::new(out).compression(compression)?;
        for item in &self.items {
            let mut bytes = self.data.open(item)?;
            npz.add_from(&item.name, &item.layout, &mut bytes)?;
            bytes.finish()?;
        }
        npz.finish()?;
        self.finish()
    }

    #[cfg(not(feature = "npz"))]
    pub(super) fn write_npz(self, _: &mut impl Write, _: &Target) -> Result<()> {
        Err(crate::codecs::Error::feature_off("npz").into())
    }

    /// Writes a pickle as joblib does: of a dict, or of the one array there is.
    pub(super) fn write_pickle<S: TakesHints>(
        mut self,
        out: &mut Out<S>,
        options: &DumpOptions,
    ) -> Result<()> {
        let stream = Hinted::new(out);
        let mut writer = JoblibWriter::new(stream.element_size(), options.aligned);
        let mut out = Emitter::new(stream, options.protocol)?;
        let data = &mut self.data;
        let mut write = |item: &Item<'_>, out: &mut Emitter<_>| {
            writer.begin(out, &item.layout)?;
            data.copy(item, out.outside()?)?;
            writer.end(out).map_err(Error::from)
        };
        if self.named {
            out.dict()?;
            out.memoize()?;
            let mut batch = Batch::set_items(Some(self.items.len()));
            for item in &self.items {
                batch.before(&mut out)?;
                out.shared_str(&item.name)?;
                write(item, &mut out)?;
                batch.after(&mut out)?;
            }
            batch.end(&mut out)?;
        } else {
            for item in &self.items {
                write(item, &mut out)?;
            }
        }
        out.finish()?;
        self.finish()
    }

    /// Reads what is left of a stream that was not gone through before.
    fn finish(self) -> Result<()> {
        match (self.data, self.end) {
            (Data::Stream(stream), Some(end)) => {
                let left = pass(stream, u64::MAX, &mut io::sink())?;
                debug_assert_eq!(stream.position(), end + left);
                lost(left)
            }
            _ => Ok(()),
        }
    }
}

impl Data<'_> {
    fn open<'r>(&'r mut self, item: &'r Item<'_>) -> Result<Elements<'r>> {
        Ok(match (&item.place, self) {
            (Place::Here(array), _) => Elements::of(array),
            (Place::At(offset), Data::Stream(stream)) => {
                stream.seek(SeekFrom::Start(*offset))?;
                Elements::next(item.layout.clone(), stream)
            }
            (Place::Absent(absent), Data::Stream(stream)) => Elements::absent(stream, 0, absent)?,
            #[cfg(feature = "npz")]
            (Place::Entry, Data::Npz(file)) => Elements::entry(item.layout.clone(), file.data(&item.name)?.1),
            // Not made above; it would be noticed, as there are too few bytes.
            _ => Elements::missing(item.layout.clone()),
        })
    }

    fn copy(&mut self, item: &Item<'_>, out: &mut dyn Write) -> Result<()> {
        let mut elements = self.open(item)?;
        pass(&mut elements, item.layout.nbytes() as u64, out)?;
        elements.finish()
    }
}

/// The name that numpy gives to an array without one.
fn numbered(i: usize) -> String {
    format!("arr_{i}")
}

/// What an array looks like, and where it is.
fn place<'h>(document: &'h Document, value: Value<'h>) -> Result<(Layout, Place<'h>)> {
    match numpy::locate(value) {
        Ok(Located::Here(array)) => Ok((array.layout().clone(), Place::Here(array))),
        Ok(Located::Absent(absent)) => Ok((absent.layout().clone(), Place::Absent(absent))),
        Err(e) if e.kind() == pickle::ErrorKind::Parameter => Err(no_array(document, value)),
        Err(e) => Err(e.into()),
    }
}

fn no_array(document: &Document, value: Value<'_>) -> Error {
    let path = document.walk().find(|visit| visit.value().is(value));
    let path = path.map_or_else(|| ".".to_owned(), |visit| visit.path().to_string());
    if value.kind() == Kind::ObjectArray {
        return of_objects(&format!("the array at {path}"));
    }
    let what = match value.kind() {
        Kind::Object | Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::List | Kind::Tuple => {
            format!("{value:?}")
        }
        kind => kind.to_string(),
    };
    let message = format!(
        "at {path}: {what}, not an array (a .npy file takes one array, a .npz file a dict, list or tuple of them)"
    );
    Error::new(ErrorKind::Unsupported, message)
}

fn of_objects(what: &str) -> Error {
    let message =
        format!("{what} holds Python objects, which numpy would pickle; only plain data is converted");
    Error::new(ErrorKind::Unsupported, message)
}
