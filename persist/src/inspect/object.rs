//! Pickles, joblib's among them.

use std::collections::HashMap;
use std::io::{BufRead as _, Read, Seek};

use super::{ArrayEntry, CompanionEntry, GlobalEntry, Inspection, Stream};
use crate::passing::Passing;
use crate::pickle::{self, GlobalName, Kind, ReadOptions};
use crate::stream::Skipping;
use crate::{Limits, Result};

/// The most arrays that are listed, and the most bytes that their paths may have together. A small file can hold
/// millions of empty arrays, each a million steps deep.
const MOST_ARRAYS: usize = 1 << 20;
const MOST_TEXT: usize = 64 << 20;

impl Inspection {
    /// Reads a pickle from where the stream is; `passing` says of what kind.
    pub(super) fn read_pickle(
        &mut self,
        mut stream: Stream<impl Read + Seek>,
        limits: &Limits,
        mut passing: Passing,
    ) -> Result<()> {
        self.base = stream.position();
        let head = stream.fill_buf()?;
        if let [0x80, protocol, ..] = head {
            self.protocol = Some(*protocol);
        }
        let size = stream.source_size().filter(|_| self.format == "none");
        let options = ReadOptions {
            limits: limits.object,
            length: size.map(|size| size.saturating_sub(self.base)),
        };
        let mut source = Skipping::new(stream, passing.skip());
        let scan = pickle::scan(&mut source, &options, &mut passing);
        self.globals = unique(&scan.globals(), self.base);
        self.document = Some(scan.outcome?);
        self.list();
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
pub(crate) fn unique(names: &[GlobalName<'_>], base: u64) -> Vec<GlobalEntry> {
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
