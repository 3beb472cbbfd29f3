//! What a file object costs: streaming through `Reader` and `Writer` against the same backend called directly.
//!
//! Both sides do the same work on one thread: the same backend, level, pieces and checksums, on memory. What
//! remains is this library's own machinery, which may cost 5 % at most. The two are measured by turns, and the
//! median is taken over the ratios of neighbours, so that a machine that slows down slows both. Beside it stands the
//! ratio of the fastest runs of each: other programs only ever add time, so where that one is small and the median
//! is not, the machine was busy.
//!
//! ```text
//! cargo xtask overhead [FORMAT…] [--mib N] [--pairs N] [--chunk KIB]
//! ```

#![allow(clippy::print_stdout, reason = "a program whose job is to print a table")]

mod direct;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use demijohn_benches::{Entropy, stream, time};
use demijohn_codecs::Options;
use direct::Direct;

/// What the layer may cost.
const ALLOWED: f64 = 1.05;

fn main() -> ExitCode {
    let request = match Request::parse(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("overhead: {message}");
            return ExitCode::from(2);
        }
    };
    println!(
        "{:6} {:11} {:6} {:>5} {:>12} {:>12} {:>9} {:>9}",
        "format", "data", "", "MiB", "direct MB/s", "stream MB/s", "overhead", "fastest"
    );
    for backend in &request.backends {
        for entropy in [Entropy::Images, Entropy::Categorical, Entropy::Smooth] {
            measure(backend.as_ref(), entropy, &request);
        }
    }
    ExitCode::SUCCESS
}

/// Prints the rows of one format and one class of data.
fn measure(backend: &dyn Direct, entropy: Entropy, request: &Request) {
    let mib = request.mib.unwrap_or(backend.mib());
    let plain = entropy.bytes(mib << 20);
    let element_size = entropy.element_size();

    let mut coded = Vec::with_capacity(plain.len() + plain.len() / 8);
    backend.write(&plain, element_size, &mut coded);
    let mut streamed = Vec::with_capacity(coded.capacity());
    let options = || Options::new().threads(1).element_size(element_size);
    stream::write(options(), backend.name(), &plain, request.chunk, &mut streamed);
    // Not a matter of taste: where the bytes differ the two sides do different work.
    assert!(
        coded == streamed || !backend.makes_our_bytes(),
        "{}: the direct side is not the same work",
        backend.name()
    );

    let write = pairs(
        request.pairs,
        || {
            coded.clear();
            backend.write(black_box(&plain), element_size, &mut coded);
        },
        || {
            streamed.clear();
            stream::write(
                options(),
                backend.name(),
                black_box(&plain),
                request.chunk,
                &mut streamed,
            );
        },
    );
    write.print(backend.name(), entropy, "write", plain.len());

    let mut back = vec![0; plain.len()];
    let mut streamed_back = vec![0; plain.len()];
    let read = pairs(
        request.pairs,
        || backend.read(black_box(&coded), &mut back),
        || {
            stream::read(
                options(),
                backend.name(),
                black_box(&streamed),
                request.chunk,
                &mut streamed_back,
            )
        },
    );
    assert!(
        back == plain && streamed_back == plain,
        "{}: what was read is not what was written",
        backend.name()
    );
    read.print(backend.name(), entropy, "read", plain.len());
}

/// Medians over pairs of runs.
struct Measured {
    direct: Duration,
    streamed: Duration,
    /// Median of streamed / direct over the pairs.
    ratio: f64,
    /// The fastest streamed run by the fastest direct one.
    fastest: f64,
}

impl Measured {
    #[allow(clippy::cast_precision_loss, reason = "sizes far below 2^53")]
    fn print(&self, format: &str, entropy: Entropy, operation: &str, bytes: usize) {
        let speed = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
        println!(
            "{format:6} {:11} {operation:6} {:>5} {:>12.1} {:>12.1} {:>+8.1}% {:>+8.1}%{}",
            entropy.name(),
            bytes >> 20,
            speed(self.direct),
            speed(self.streamed),
            100.0 * (self.ratio - 1.0),
            100.0 * (self.fastest - 1.0),
            if self.ratio.min(self.fastest) > ALLOWED {
                "  over 5 %"
            } else {
                ""
            }
        );
    }
}

fn pairs(count: usize, mut direct: impl FnMut(), mut streamed: impl FnMut()) -> Measured {
    // Once before counting: pages are touched, caches are filled.
    direct();
    streamed();
    let mut times = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    for pair in 0..count {
        // Who goes first changes by turns.
        let (a, b) = if pair % 2 == 0 {
            let a = time(&mut direct);
            (a, time(&mut streamed))
        } else {
            let b = time(&mut streamed);
            (time(&mut direct), b)
        };
        ratios.push(b.as_secs_f64() / a.as_secs_f64());
        times.0.push(a);
        times.1.push(b);
    }
    ratios.sort_by(f64::total_cmp);
    times.0.sort();
    times.1.sort();
    Measured {
        direct: times.0[count / 2],
        streamed: times.1[count / 2],
        ratio: ratios[count / 2],
        fastest: times.1[0].as_secs_f64() / times.0[0].as_secs_f64(),
    }
}

/// What the command line asks for.
struct Request {
    backends: Vec<Box<dyn Direct>>,
    mib: Option<usize>,
    pairs: usize,
    /// Plain bytes per call of read and write.
    chunk: usize,
}

impl Request {
    fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut request = Self {
            backends: Vec::new(),
            mib: None,
            pairs: 7,
            chunk: 1 << 20,
        };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--mib" => request.mib = Some(number(&arg, args.next())?),
                "--pairs" => request.pairs = number(&arg, args.next())?,
                "--chunk" => request.chunk = number(&arg, args.next())? << 10,
                // cargo says so to every bench.
                "--bench" => {}
                name => request.backends.push(backend(name)?),
            }
        }
        if request.backends.is_empty() {
            request.backends = direct::all();
        }
        Ok(request)
    }
}

fn number(option: &str, value: Option<String>) -> Result<usize, String> {
    let value = value.ok_or_else(|| format!("{option} needs a number"))?;
    match value.parse() {
        Ok(0) | Err(_) => Err(format!("{option} {value}: not a number above 0")),
        Ok(number) => Ok(number),
    }
}

fn backend(name: &str) -> Result<Box<dyn Direct>, String> {
    let known = || {
        direct::all()
            .iter()
            .map(|backend| backend.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found = direct::all().into_iter().find(|backend| backend.name() == name);
    found.ok_or_else(|| format!("no format {name:?} here; there are {}", known()))
}
