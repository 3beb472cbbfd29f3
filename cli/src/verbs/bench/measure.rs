//! How a row is measured.

use std::io::{Cursor, Read as _, Write as _};
use std::time::{Duration, Instant};

use demijohn_codecs::{Error, ErrorKind, Limits, Options, Result};

use super::plan::Row;
use crate::interrupt;

/// No measurement is repeated more often than this.
const MOST: usize = 10_000;

/// What a measurement came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// Of all runs, the median.
    pub(super) time: Duration,
    pub(super) runs: usize,
}

/// What came of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) compressed: u64,
    pub(super) compress: Timing,
    pub(super) decompress: Timing,
}

/// Measures rows on the same data, in memory, with buffers that stay.
pub(super) struct Bench<'a> {
    plain: &'a [u8],
    element_size: usize,
    threads: usize,
    /// How long a measurement is repeated at least.
    min_time: Duration,
    coded: Vec<u8>,
    back: Vec<u8>,
}

impl<'a> Bench<'a> {
    /// On data of elements of that size, for formats that have use for it.
    pub(super) fn new(plain: &'a [u8], element_size: usize, threads: usize, min_time: Duration) -> Self {
        Bench {
            plain,
            element_size,
            threads,
            min_time,
            coded: Vec::new(),
            back: vec![0; plain.len()],
        }
    }

    /// # Errors
    /// What the coders report, `Corrupt` if the data comes back different, `Cancelled` if the user has enough.
    pub(super) fn measure(&mut self, row: &Row) -> Result<Outcome> {
        let min_time = self.min_time;
        let compress = repeat(min_time, || self.compress(row))?;
        let decompress = repeat(min_time, || self.decompress(row))?;
        if self.back != self.plain {
            return Err(Error::new(
                ErrorKind::Corrupt,
                "the data came back different from what was compressed",
            ));
        }
        Ok(Outcome {
            compressed: self.coded.len() as u64,
            compress,
            decompress,
        })
    }

    fn options(&self) -> Options {
        Options::new()
            .on_progress(|_| interrupt::go_on())
            .element_size(self.element_size)
            .threads(self.threads)
    }

    fn compress(&mut self, row: &Row) -> Result<Duration> {
        self.coded.clear();
        let mut options = self.options().size(self.plain.len() as u64);
        if let Some(level) = row.level {
            options = options.level(level);
        }
        let started = Instant::now();
        let mut writer = options.seekable_writer(Cursor::new(&mut self.coded), &row.format)?;
        writer.write_all(self.plain)?;
        writer.finish()?;
        Ok(started.elapsed())
    }

    fn decompress(&mut self, row: &Row) -> Result<Duration> {
        // Nothing of an earlier run, or row, may pass for what this one decodes.
        self.back.fill(0);
        // The stream is our own, so it may want what it wants.
        let options = self.options().format(&row.format).limits(Limits::none());
        let started = Instant::now();
        let mut reader = options.exact(&self.coded[..])?;
        reader.read_exact(&mut self.back)?;
        // To the end, so that checksums count, in time too.
        let more = reader.read(&mut [0])?;
        let time = started.elapsed();
        if more > 0 {
            return Err(Error::new(
                ErrorKind::Corrupt,
                "more came back than was compressed",
            ));
        }
        Ok(time)
    }
}

/// Runs it until that takes as long as it should, once at least.
fn repeat(min_time: Duration, mut run: impl FnMut() -> Result<Duration>) -> Result<Timing> {
    let mut times = Vec::new();
    let mut total = Duration::ZERO;
    loop {
        if interrupt::requested() {
            return Err(interrupt::cancelled());
        }
        let time = run()?;
        times.push(time);
        total += time;
        if total >= min_time || times.len() == MOST {
            return Ok(Timing {
                runs: times.len(),
                time: median(times),
            });
        }
    }
}

/// The middle one, or what is half-way between the two in the middle. There is one at least.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let middle = times.len() / 2;
    if times.len().is_multiple_of(2) {
        (times[middle - 1] + times[middle]) / 2
    } else {
        times[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use demijohn_codecs::{Compressor, Decode, DecodeOptions, Encode, EncodeOptions, Format, Head, Probe};
    use demijohn_codecs::{Spec, Status, Step};

    fn milliseconds(times: &[u64]) -> Vec<Duration> {
        times.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn one_slow_run_does_not_count() {
        assert_eq!(median(milliseconds(&[7])), Duration::from_millis(7));
        assert_eq!(median(milliseconds(&[900, 1, 3])), Duration::from_millis(3));
        assert_eq!(median(milliseconds(&[900, 1, 5, 3])), Duration::from_millis(4));
    }

    #[test]
    fn runs_are_repeated_until_they_took_long_enough() {
        let run = || Ok(Duration::from_millis(30));
        let runs = |min_time| repeat(Duration::from_millis(min_time), run).unwrap().runs;
        assert_eq!([0, 30, 31, 100].map(runs), [1, 1, 2, 4]);
        let never = repeat(Duration::MAX, || Ok(Duration::ZERO)).unwrap();
        assert_eq!(never.runs, MOST);
        let fails = || Err(Error::new(ErrorKind::Corrupt, "no"));
        assert!(repeat(Duration::ZERO, fails).is_err());
    }

    /// The plain bytes, but for what the decoder makes of them.
    struct Wrong(fn(&mut [u8]));

    const WRONG: Spec = Spec::new("wrong", "").may_end_early();

    impl Format for Wrong {
        fn spec(&self) -> &Spec {
            &WRONG
        }
        fn probe(&self, _: &Head<'_>) -> Probe {
            Probe::No
        }
        fn encoder(&self, options: &EncodeOptions) -> Result<Box<dyn Encode>> {
            Compressor::by_name("none")?.format().encoder(options)
        }
        fn decoder(&self, _: &DecodeOptions) -> Result<Box<dyn Decode>> {
            Ok(Box::new(Wrong(self.0)))
        }
    }

    impl Decode for Wrong {
        fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
            let n = input.len().min(out.len());
            out[..n].copy_from_slice(&input[..n]);
            self.0(&mut out[..n]);
            let ended = eof && n == input.len();
            Ok(Step {
                consumed: n,
                produced: n,
                status: if ended { Status::Done } else { Status::More },
            })
        }
        fn reset(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn data_that_comes_back_different_is_an_error() {
        let measure = |damage| {
            let row = Row {
                format: Compressor::new(Wrong(damage)),
                level: None,
            };
            Bench::new(b"some data, and more", 1, 1, Duration::ZERO).measure(&row)
        };
        assert_eq!(measure(|_| ()).unwrap().compressed, 19);
        let error = measure(|out| out.iter_mut().for_each(|byte| *byte ^= 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("came back different"), "{error}");
    }
}
