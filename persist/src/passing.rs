//! Reading an object without its arrays.

use std::io::{self, Read};

use crate::arrays::Available;
use crate::joblib::{self, Body};
use crate::pickle::{self, AbsentArray, Error, ErrorKind, Found, Payload, Raw, Value};
use crate::stream::Skip;

/// How much is read at a time of what is passed over.
const CHUNK: u64 = 256 << 10;

/// Passes over the data of arrays, and over long byte strings.
#[derive(Debug)]
pub(crate) struct Passing {
    skip: Skip,
    /// Whether there are arrays of joblib, rather than a plain pickle. Objects that stand for arrays in other files stay what
    /// they are.
    joblib: bool,
    /// Whether what can be damaged unnoticed otherwise is read, to look at its checksums.
    checked: bool,
}

impl Passing {
    /// Over the arrays of joblib, too.
    pub(crate) fn joblib() -> Self {
        Self {
            skip: Skip::default(),
            joblib: true,
            checked: true,
        }
    }

    /// Seeks in compressed streams too, past what is then not checked.
    pub(crate) fn unchecked(self) -> Self {
        Self {
            checked: false,
            ..self
        }
    }

    /// In a plain pickle.
    pub(crate) fn plain() -> Self {
        Self {
            skip: Skip::default(),
            joblib: false,
            checked: true,
        }
    }

    /// What tells the stream.
    pub(crate) fn skip(&self) -> &Skip {
        &self.skip
    }

    /// Goes past bytes of which it was made sure that they are there, if that can be.
    fn over(&self, bytes: u64, raw: &mut Raw<'_>) -> pickle::Result<()> {
        match raw.available() {
            // Plain bytes in a file: there is nothing to check.
            Available::Bytes(_) => self.skip.over(bytes, raw),
            Available::Unknown if !self.checked => self.skip.over(bytes, raw),
            Available::Unknown => read_past(raw, bytes),
        }
    }
}

impl Payload for Passing {
    fn read(&mut self, object: Value<'_>, raw: &mut Raw<'_>) -> pickle::Result<Found> {
        if !self.joblib {
            return Ok(Found::Nothing);
        }
        let layout = match Body::of(object, raw)? {
            Body::Nothing | Body::Companion => return Ok(Found::Nothing),
            Body::Pickle => return Ok(Found::Pickle),
            Body::Data(data) => data.layout,
        };
        let (start, needed) = (raw.position(), layout.nbytes() as u64);
        if let Available::Bytes(left) = raw.available()
            && left < needed
        {
            // It would be noticed behind the data, without a word of the array.
            let message = format!("array {layout} needs {needed} bytes, {left} are left");
            return Err(Error::new(ErrorKind::Truncated, message));
        }
        self.over(needed, raw)?;
        Ok(Found::Absent(AbsentArray::new(layout, start)))
    }

    fn subclass<'d>(&self, object: Value<'d>) -> Option<Value<'d>> {
        joblib::subclass(object)
    }

    fn pass_over(&mut self, len: u64, raw: &mut Raw<'_>) -> pickle::Result<bool> {
        self.over(len, raw)?;
        Ok(true)
    }
}

/// Reads so many bytes and forgets them.
pub(crate) fn read_past(source: &mut (impl Read + ?Sized), bytes: u64) -> pickle::Result<()> {
    let mut left = bytes;
    let mut chunk = vec![0; usize::try_from(bytes.min(CHUNK)).unwrap_or(0)];
    while left > 0 {
        let part = usize::try_from(left.min(CHUNK)).unwrap_or(0);
        match source.read(&mut chunk[..part]) {
            Ok(0) => {
                let message = format!("the stream ends {left} bytes before the end of {bytes} bytes of data");
                return Err(Error::new(ErrorKind::Truncated, message));
            }
            Ok(n) => left -= n as u64,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}
