//! Pickles, joblib's among them.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use super::{ArrayEntry, CompanionEntry, GlobalEntry, Inspection, Place, Stream};
use crate::arrays::{Available, Layout};
use crate::joblib::Body;
use crate::pickle::{self, Found, GlobalName, Kind, NoPayload, Payload, Raw, ReadOptions, Value};
use crate::stream::{Skip, Skipping};
use crate::{Limits, Result};

/// The most arrays that are listed, and the most bytes that their paths may have together. A small file can hold
/// millions of empty arrays, each a million steps deep.
const MOST_ARRAYS: usize = 1 << 20;
const MOST_TEXT: usize = 64 << 20;

/// How much is read at a time of what is passed over.
const CHUNK: usize = 256 << 10;

impl Inspection {
    /// Reads a pickle with joblib's arrays in it.
    pub(super) fn read_joblib(&mut self, stream: Stream, limits: &Limits) -> Result<()> {
        let mut passing = Passing::default();
        let skip = passing.skip.clone();
        let read = self.read_pickle(stream, &skip, limits, &mut passing);
        self.places = passing.places;
        self.list();
        read
    }

    /// Reads a pickle of plain arrays from where the stream is.
    pub(super) fn read_plain_pickle(&mut self, stream: Stream, limits: &Limits) -> Result<()> {
        let read = self.read_pickle(stream, &Skip::default(), limits, &mut NoPayload);
        self.list();
        read
    }

    fn read_pickle(
        &mut self,
        mut stream: Stream,
        told: &Skip,
        limits: &Limits,
        payload: &mut dyn Payload,
    ) -> Result<()> {
        let base = stream.position();
        let head = stream.fill_buf()?;
        if let [0x80, protocol, ..] = head {
            self.protocol = Some(*protocol);
        }
        let size = stream.source_size().filter(|_| self.format == "none");
        let options = ReadOptions {
            limits: limits.object,
            length: size.map(|size| size.saturating_sub(base)),
        };
        let mut source = Skipping::new(stream, told);
        let scan = pickle::scan(&mut source, &options, payload);
        self.globals = unique(&scan.globals(), base);
        self.document = Some(scan.outcome?);
        self.finish(source.into_inner()?)
    }

    /// Lists the arrays of the document.
    fn list(&mut self) {
        let Some(document) = &self.document else { return };
        let (mut arrays, mut companions, mut omitted, mut text) = (Vec::new(), Vec::new(), 0, 0);
        for visit in document.walk() {
            let value = visit.value();
            let (layout, file) = match value.kind() {
                Kind::Array => (self.layout(value), None),
                Kind::Object => (None, self.companion(value)),
                _ => continue,
            };
            if layout.is_none() && file.is_none() {
                continue;
            }
            if arrays.len() + companions.len() >= MOST_ARRAYS || text >= MOST_TEXT {
                omitted += u64::from(layout.is_some());
                continue;
            }
            let path = visit.path().to_string();
            text += path.len() + file.map_or(0, str::len);
            if let Some(file) = file {
                companions.push(CompanionEntry {
                    path,
                    file: file.to_owned(),
                });
            } else if let Some(layout) = layout {
                arrays.push(ArrayEntry {
                    path,
                    layout: layout.clone(),
                    offset: self.offset(value),
                });
            }
        }
        (self.arrays, self.companions, self.arrays_omitted) = (arrays, companions, omitted);
    }
}

/// Each name once.
fn unique(names: &[GlobalName<'_>], base: u64) -> Vec<GlobalEntry> {
    let mut index = HashMap::new();
    let mut entries: Vec<GlobalEntry> = Vec::new();
    for global in names {
        let at = *index.entry((global.module, global.name)).or_insert(entries.len());
        if at == entries.len() {
            entries.push(GlobalEntry {
                module: global.module.to_owned(),
                name: global.name.to_owned(),
                offset: base + global.offset,
                count: 0,
                known_safe: global.is_known_safe(),
            });
        }
        entries[at].count += 1;
    }
    entries
}

/// Passes over the elements of arrays, and notes where they are.
#[derive(Default)]
struct Passing {
    skip: Skip,
    places: Vec<Place>,
}

impl Payload for Passing {
    fn read(&mut self, object: Value<'_>, raw: &mut Raw<'_>) -> pickle::Result<Found> {
        let layout = match Body::of(object, raw)? {
            // What stands for an array in another file is shown as the object that it is.
            Body::Nothing | Body::Companion => return Ok(Found::Nothing),
            Body::Pickle => return Ok(Found::Pickle),
            Body::Data(data) => data.layout,
        };
        let offset = raw.position();
        match raw.available() {
            // Plain bytes in a file: it is known that they are there, and there is nothing to check.
            Available::Bytes(left) => {
                let n = layout.nbytes() as u64;
                if left < n {
                    let message = format!("array {layout} needs {n} bytes, {left} are left");
                    return Err(pickle::Error::new(pickle::ErrorKind::Truncated, message));
                }
                self.skip.over(n, raw)?;
            }
            Available::Unknown => skip(raw, &layout)?,
        }
        self.places.push(Place { layout, offset });
        Ok(Found::Skipped(self.places.len() as u64 - 1))
    }
}

/// Reads as many bytes as the array has.
pub(super) fn skip(source: &mut (impl Read + ?Sized), layout: &Layout) -> pickle::Result<()> {
    let needed = layout.nbytes();
    let mut left = needed;
    let mut chunk = vec![0; CHUNK.min(needed)];
    while left > 0 {
        let n = left.min(CHUNK);
        match source.read(&mut chunk[..n]) {
            Ok(0) => {
                return Err(pickle::Error::new(
                    pickle::ErrorKind::Truncated,
                    format!("the stream ends {left} bytes before the end of array {layout}"),
                ));
            }
            Ok(n) => left -= n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}
