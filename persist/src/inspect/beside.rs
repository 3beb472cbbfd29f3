//! The files beside a pickle of joblib before 0.10 that hold its arrays.

use std::path::Path;

use demijohn_compat::Companions;

use super::{Inspection, Names};
use crate::arrays::Array;
use crate::joblib::{attributes, names_companion};
use crate::passing::Passing;
use crate::pickle::Found;
use crate::{Error, ErrorKind, Limits, Result, Value};

impl Inspection {
    /// Reads the [companions](Self::companions) of the file that was inspected, which is at this path: what pickles in them
    /// name is added to the [globals](Self::globals), and what is wrong with one is the [error](Self::error). One array at a
    /// time is held in memory.
    ///
    /// [`inspect`](crate::inspect()) does this by itself.
    pub fn look_beside(&mut self, path: impl AsRef<Path>, limits: &Limits) {
        let (Some(document), None, false) = (&self.document, &self.error, self.companions.is_empty()) else {
            return;
        };
        let mut names = Names::from(std::mem::take(&mut self.globals));
        let mut companions = Companions::of(path.as_ref(), limits.stream);
        let mut look = || -> Result<()> {
            for entry in &mut self.companions {
                match read(&mut companions, document.at(&entry.path)?)? {
                    Found::Array(array) => entry.layout = Some(array.layout().clone()),
                    Found::PickleIn(mut apart) => {
                        let mut plain = Passing::plain();
                        names.scan(
                            &mut apart.source,
                            apart.length,
                            limits,
                            &mut plain,
                            apart.position,
                        )?;
                    }
                    _ => {}
                }
            }
            Ok(())
        };
        let result = look();
        self.globals = names.entries;
        self.error = result.err();
    }
}

/// The array that an object stands for, if it is in a file beside the one at this path.
pub(crate) fn array(beside: &Path, value: Value<'_>, limits: &Limits) -> Result<Option<Array>> {
    let mut companions = Companions::of(beside, limits.stream);
    match read(&mut companions, value)? {
        Found::Array(array) => Ok(Some(array)),
        Found::PickleIn(_) => Err(Error::new(
            ErrorKind::Unsupported,
            "an array of Python objects: load the file as a whole".into(),
        )),
        _ => Ok(None),
    }
}

fn read(companions: &mut Companions, value: Value<'_>) -> Result<Found> {
    let Some(object) = value.as_object() else {
        return Ok(Found::Nothing);
    };
    match object.class().as_global() {
        Some((module, name)) if names_companion(module, name) => {
            Ok(Companions::read(Some(companions), name, attributes(object))?)
        }
        _ => Ok(Found::Nothing),
    }
}
