//! What is dumped and loaded: the built-in object, or the user's own.

use std::io::BufRead as _;
use std::path::Path;

use demijohn::arrays::npy;
use demijohn::{Array, Compression, Document, Result, Summary};
use demijohn_codecs::{Options, Tail};

use super::sample::Sample;
use crate::input::{Input, Operand};
use crate::interrupt;
use crate::report::Failure;

/// Steps that comparing two documents may take; files of strangers can stand for more than will ever end.
const BUDGET: u64 = 1 << 32;

pub(super) enum Subject {
    Sample(Box<Sample>),
    Array(Array),
    Document(Box<Document>),
}

impl Subject {
    /// Reads a `.npy` file or one of joblib's, compressed or not; the content decides.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let operand = Operand::from_arg(path);
        let failed = |error: std::io::Error| Failure::new(&operand, error);
        let Input { source, .. } = Input::open(&operand)?;
        let mut reader = Options::new()
            // What stands behind the object is nobody's business here, as for joblib.
            .tail(Tail::Ignore)
            .veto(demijohn::pickle::looks_like)
            .on_progress(|_| interrupt::go_on())
            .source(source)
            .map_err(|error| failed(error.into()))?;
        let head = reader.fill_buf().map_err(failed)?;
        let subject = if head.starts_with(b"\x93NUMPY") {
            Subject::Array(npy::read(&mut reader).map_err(|error| failed(error.into()))?)
        } else {
            {
                let document = demijohn::load_from(&mut reader).map_err(|error| failed(error.into()))?;
                Subject::Document(Box::new(document))
            }
        };
        // To the end, so that the checksum is checked.
        reader.finish().map_err(|error| failed(error.into()))?;
        Ok(subject)
    }

    pub(super) fn description(&self) -> String {
        match self {
            Subject::Sample(sample) => sample.description(),
            Subject::Array(array) => {
                let shape: Vec<_> = array.shape().iter().map(usize::to_string).collect();
                format!("an array of {}, shape ({})", array.dtype(), shape.join(", "))
            }
            Subject::Document(document) => {
                let root = document.root();
                match root.len() {
                    Some(len) => format!("a {} of {len} items", root.type_name()),
                    None => format!("a {}", root.type_name()),
                }
            }
        }
    }

    pub(super) fn dump(&self, path: &Path, compression: Compression) -> Result<Summary> {
        match self {
            Subject::Sample(sample) => demijohn::dump_with(&**sample, path, compression),
            Subject::Array(array) => demijohn::dump_with(array, path, compression),
            Subject::Document(document) => demijohn::dump_with(&**document, path, compression),
        }
    }

    /// Does the document say what was dumped, bit by bit?
    pub(super) fn is_same(&self, document: &Document) -> Result<bool> {
        match self {
            Subject::Sample(sample) => Ok(sample.is_same(document.root())),
            Subject::Array(array) => Ok(document.root().as_array() == Some(array)),
            Subject::Document(original) => Ok(original.root().deep_eq(document.root(), BUDGET)?),
        }
    }
}
