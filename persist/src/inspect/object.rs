//! Pickles, joblib's among them.

use std::collections::HashMap;
use std::io::{BufRead, Read, Seek};

use super::{ArrayEntry, CompanionEntry, GlobalEntry, Inspection, Stream};
use crate::arrays::Layout;
use crate::passing::Passing;
use crate::pickle::numpy::MaskedPart;
use crate::pickle::{self, Kind, Payload, ReadOptions};
use crate::stream::Skipping;
use crate::{Document, Error, ErrorKind, Limits, Result, Value};

/// The most arrays that are listed, and the most bytes that their paths may have together. A small file can hold
/// millions of empty arrays, each a million steps deep.
const MOST_ARRAYS: usize = 1 << 20;
const MOST_TEXT: usize = 64 << 20;

/// The most objects that are looked into behind the first. The smallest has two bytes.
const MOST_OBJECTS: u64 = 1 << 20;

impl Inspection {
    /// Reads a pickle from where the stream is, and those behind it; `passing` says of what kind they are.
    pub(super) fn read_pickle(
        &mut self,
        stream: Stream<impl Read + Seek>,
        limits: &Limits,
        passing: fn() -> Passing,
    ) -> Result<()> {
        let mut names = Names::default();
        let result = self.read_objects(stream, limits, passing, &mut names);
        self.globals = names.entries;
        result
    }

    fn read_objects(
        &mut self,
        mut stream: Stream<impl Read + Seek>,
        limits: &Limits,
        passing: fn() -> Passing,
        names: &mut Names,
    ) -> Result<()> {
        self.base = stream.position();
        let head = stream.fill_buf()?;
        if let [0x80, protocol, ..] = head {
            self.protocol = Some(*protocol);
        }
        let (outcome, stream) = self.scan_object(stream, limits, passing(), names);
        self.document = Some(outcome?);
        self.list();
        let mut stream = stream?;
        let end = stream.position();
        loop {
            if stream.fill_buf()?.is_empty() {
                break;
            }
            if self.further == MOST_OBJECTS {
                return Err(too_many());
            }
            // Whoever loads what follows runs what it names, up to where it is damaged.
            let (outcome, behind) = self.scan_object(stream, limits, passing(), names);
            match outcome {
                Ok(_) => self.further += 1,
                Err(error) if matches!(error.kind(), ErrorKind::Limit | ErrorKind::Io) => return Err(error),
                // It is something else, which Python would never look at.
                Err(_) => return self.finish(behind?, end),
            }
            stream = behind?;
        }
        self.finish(stream, end)
    }

    /// Scans the pickle at which the stream stands, and takes note of what it names.
    fn scan_object<R: Read + Seek>(
        &self,
        stream: Stream<R>,
        limits: &Limits,
        mut passing: Passing,
        names: &mut Names,
    ) -> (Result<Document>, Result<Stream<R>>) {
        let base = stream.position();
        let size = stream.source_size().filter(|_| self.format == "none");
        let length = size.map(|size| size.saturating_sub(base));
        let mut source = Skipping::new(stream, passing.skip());
        let outcome = names.scan(&mut source, length, limits, &mut passing, base);
        let stream = source.into_inner().map_err(Error::from);
        (outcome.map_err(Error::from), stream)
    }

    /// Lists the arrays of the document.
    fn list(&mut self) {
        let Some(document) = &self.document else { return };
        let (mut arrays, mut companions, mut omitted, mut text) = (Vec::new(), Vec::new(), 0, 0);
        for visit in document.walk() {
            let value = visit.value();
            let file = self.companion(value);
            let here = self.entries(value);
            if here.is_empty() && file.is_none() {
                continue;
            }
            // A path takes time, so that of what is not listed is not asked for.
            if arrays.len() + companions.len() >= MOST_ARRAYS || text >= MOST_TEXT {
                omitted += here.len() as u64;
                continue;
            }
            let path = visit.path();
            for (part, mut entry) in here {
                entry.path = part.map_or_else(|| path.to_string(), |part| part.path(&path).to_string());
                text += entry.path.len();
                arrays.push(entry);
            }
            if let Some(file) = file {
                let path = path.to_string();
                text += path.len() + file.len();
                companions.push(CompanionEntry {
                    path,
                    file: file.to_owned(),
                    layout: None,
                });
            }
        }
        (self.arrays, self.companions, self.arrays_omitted) = (arrays, companions, omitted);
    }

    /// What is said of an array, or of each of the two of a masked one, but for the path.
    fn entries<'a>(&'a self, value: Value<'a>) -> Vec<(Option<MaskedPart<'a>>, ArrayEntry)> {
        let entry = |layout: &Layout, offset| ArrayEntry {
            path: String::new(),
            layout: layout.clone(),
            offset,
        };
        match value.kind() {
            Kind::Array => {
                let layout = self.layout(value);
                let one = layout.map(|layout| (None, entry(layout, self.offset(value))));
                one.into_iter().collect()
            }
            Kind::MaskedArray => {
                let parts = value.as_masked_array().map(|masked| masked.parts());
                let two = parts.into_iter().flatten().map(|part| {
                    let entry = entry(part.layout(), self.offset_of(&part));
                    (Some(part), entry)
                });
                two.collect()
            }
            _ => Vec::new(),
        }
    }
}

fn too_many() -> Error {
    Error::new(
        ErrorKind::Limit,
        format!("more than {MOST_OBJECTS} objects follow the first"),
    )
}

/// Each name once.
#[derive(Default)]
pub(crate) struct Names {
    index: HashMap<String, usize>,
    pub(crate) entries: Vec<GlobalEntry>,
}

impl From<Vec<GlobalEntry>> for Names {
    fn from(entries: Vec<GlobalEntry>) -> Self {
        let keys = entries.iter().map(|entry| key(&entry.module, &entry.name));
        Self {
            index: keys.zip(0..).collect(),
            entries,
        }
    }
}

fn key(module: &str, name: &str) -> String {
    format!("{module}\0{name}")
}

impl Names {
    /// Reads a pickle that begins so far into its stream, and adds what it names; if it turns out to be damaged, what it names
    /// before that.
    pub(crate) fn scan(
        &mut self,
        source: &mut impl BufRead,
        length: Option<u64>,
        limits: &Limits,
        payload: &mut dyn Payload,
        base: u64,
    ) -> pickle::Result<Document> {
        let options = ReadOptions {
            limits: limits.object,
            length,
        };
        let scan = pickle::scan(source, &options, payload);
        for global in scan.globals() {
            let next = self.entries.len();
            let key = key(global.module, global.name);
            let at = *self.index.entry(key).or_insert(next);
            if at == next {
                self.entries.push(GlobalEntry {
                    module: global.module.to_owned(),
                    name: global.name.to_owned(),
                    offset: base + global.offset,
                    count: 0,
                    known_safe: global.is_known_safe(),
                });
            }
            self.entries[at].count += 1;
        }
        scan.outcome
    }
}
