//! z-files: how joblib compressed before 0.10.
//!
//! `ZF`, the length of the data as Python's `hex` prints it, spaces up to byte 21, and a zlib stream
//! ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)). joblib up to 0.8.4 on Python 2 has one space more, as its `hex`
//! ended in an `L`. Nothing may be told from the name: most are called `.gz`.
//!
//! Specification: `read_zfile` and `write_zfile` in
//! [`joblib/numpy_pickle_compat.py`](https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle_compat.py).

use demijohn_codecs::{
    Decode, DecodeOptions, Encode, EncodeOptions, Error, Format, Head, Probe, Registry, Result, Spec, Status,
    Step,
};

/// The format of z-files, to be read only.
///
/// It is in no registry, since what is registered can be written: give it to
/// [`Options::also`](demijohn_codecs::Options::also) to have it recognised, or to
/// [`Options::format`](demijohn_codecs::Options::format), by way of
/// [`Compressor::new`](demijohn_codecs::Compressor::new), to have nothing else.
///
/// The length in the header is held against the data and trusted in nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZFile;

const SPEC: Spec = Spec::new("zfile", "joblib before 0.10: a length and a zlib stream")
    .signatures(&[SIGNATURE])
    .checksum("Adler-32");

/// What all of them begin with: no length is printed without `0x`.
const SIGNATURE: &[u8] = b"ZF0x";

/// Where the zlib stream begins, unless there is one more space.
const HEADER: usize = 21;

impl Format for ZFile {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        head.begins_with(SIGNATURE)
    }

    fn encoder(&self, _: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Err(Error::unsupported(
            "z-files are only read; joblib has not written any since 0.10",
        ))
    }

    fn decoder(&self, options: &DecodeOptions) -> Result<Box<dyn Decode>> {
        // Not the process's, where another format may go by that name.
        let zlib = Registry::builtin().by_name("zlib")?;
        Ok(Box::new(Decoder {
            zlib: zlib.format().decoder(options)?,
            state: State::START,
            failed: None,
        }))
    }
}

/// The length that a header states.
fn length(header: [u8; HEADER]) -> Result<u64> {
    let parse = || {
        let field = header.strip_prefix(SIGNATURE)?;
        let spaces = field.iter().rev().take_while(|&&byte| byte == b' ').count();
        let field = &field[..field.len() - spaces];
        // `hex` of Python 2 said which kind of integer it was.
        let digits = field.strip_suffix(b"L").unwrap_or(field);
        // `from_str_radix` takes a sign too.
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    parse().ok_or_else(|| {
        let field = header[2..].escape_ascii();
        Error::corrupt(format!("\"{field}\" is not the length of a z-file"))
    })
}

struct Decoder {
    zlib: Box<dyn Decode>,
    state: State,
    /// Damage behind what the last call gave.
    failed: Option<Error>,
}

enum State {
    /// In the header, with so many bytes of it seen.
    Header { bytes: [u8; HEADER], seen: usize },
    /// Behind the header, where a space may stand.
    Space { length: u64 },
    /// In the stream.
    Stream { length: u64, produced: u64 },
}

impl State {
    const START: State = State::Header {
        bytes: [0; HEADER],
        seen: 0,
    };
}

impl Decode for Decoder {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut step = Step {
            consumed: 0,
            produced: 0,
            status: Status::More,
        };
        loop {
            let rest = &input[step.consumed..];
            match &mut self.state {
                State::Header { bytes, seen } => {
                    let n = rest.len().min(HEADER - *seen);
                    bytes[*seen..*seen + n].copy_from_slice(&rest[..n]);
                    *seen += n;
                    step.consumed += n;
                    if *seen < HEADER {
                        return Ok(step);
                    }
                    let length = length(*bytes)?;
                    self.state = State::Space { length };
                }
                State::Space { length } => {
                    // No zlib stream begins with a space: 0 is no compression method.
                    match rest.first() {
                        None => return Ok(step),
                        Some(&first) => step.consumed += usize::from(first == b' '),
                    }
                    self.state = State::Stream {
                        length: *length,
                        produced: 0,
                    };
                }
                State::Stream { length, produced } => {
                    let left = *length - *produced;
                    let room = &mut out[step.produced..];
                    let mut beyond = [0];
                    let target = if left == 0 {
                        // Whether the stream ends here shows only when it is given room for one byte more.
                        &mut beyond[..]
                    } else {
                        let n = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
                        &mut room[..n]
                    };
                    if target.is_empty() {
                        return Ok(step);
                    }
                    let inner = match self.zlib.step(rest, target, eof) {
                        Ok(inner) => inner,
                        Err(error) => return self.fail(error, step),
                    };
                    step.consumed += inner.consumed;
                    if left == 0 && inner.produced > 0 {
                        let error = format!("more data than the {length} bytes that the header states");
                        return self.fail(Error::corrupt(error), step);
                    }
                    step.produced += inner.produced;
                    *produced += inner.produced as u64;
                    if inner.status == Status::Done {
                        if produced != length {
                            let error = format!("{produced} bytes of data where the header states {length}");
                            return self.fail(Error::corrupt(error), step);
                        }
                        step.status = Status::Done;
                        return Ok(step);
                    }
                    if inner.consumed == 0 && inner.produced == 0 {
                        return Ok(step);
                    }
                }
            }
        }
    }

    fn reset(&mut self) -> Result<()> {
        self.zlib.reset()?;
        self.state = State::START;
        self.failed = None;
        Ok(())
    }
}

impl Decoder {
    /// Reports an error now, or with the next call if this one has something to give.
    fn fail(&mut self, error: Error, step: Step) -> Result<Step> {
        if step.produced == 0 {
            return Err(error);
        }
        self.failed = Some(error);
        Ok(step)
    }
}
