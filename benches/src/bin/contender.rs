//! demijohn's side of `cargo xtask compare`: does one thing after another, as it is told, and says what each took.
//!
//! A request is a line on standard input, words with tabs between them; the answer is a line on standard output, `ok`
//! and numbers, or `error` and why. `benches/peers/contender.py` is the same for the peers.
//!
//! | request | does | answers |
//! |---|---|---|
//! | `hello` | | its version |
//! | `make CLASS BYTES FILE` | writes an array of a class of data, uncompressed | |
//! | `hold FILE` | loads an object and keeps it | |
//! | `dump FILE FORMAT LEVEL THREADS` | writes the object it keeps; `-` is the default level; with `sync` behind it waits for the disk, with `blocks` it writes a file to seek in | time and memory |
//! | `load FILE THREADS`, `map FILE`, `inspect FILE` | | time and memory |
//! | `store PLAIN FILE FORMAT LEVEL BLOCK` | compresses a file into one to seek in, of blocks of so many bytes; `-` is an ordinary file | |
//! | `reads FILE FORMAT SIZE OFFSET…` | opens a compressed file and reads so much at each of the offsets | time, memory and the CRC-32 of all of it |
//! | `check FILE` | loads | the CRC-32 of an array's bytes, or the number of items |
//!
//! Time is in nanoseconds, without that of dropping the result. Memory is in bytes: how far the process grew, at its
//! peak, beyond what it was before; `-` where the system does not tell.

#![deny(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "a program whose job is to answer on standard output"
)]

use std::error::Error;
use std::fs;
use std::io::{self, BufRead as _, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::Instant;

use demijohn::arrays::{DType, Layout, Order};
use demijohn::{Array, Compression, Document, DumpOptions, Durability, LoadOptions, MapMode};
use demijohn_benches::Entropy;
use demijohn_codecs::Options;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> io::Result<()> {
    let mut held = None;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let answer = match answer(&words, &mut held) {
            Ok(answer) => format!("ok\t{answer}"),
            Err(error) => format!("error\t{}", error.to_string().replace('\n', " ")),
        };
        println!("{answer}");
        io::stdout().flush()?;
    }
    Ok(())
}

fn answer(words: &[&str], held: &mut Option<Document>) -> Result<String> {
    match *words {
        ["hello"] => Ok(concat!("demijohn ", env!("CARGO_PKG_VERSION"), " (Rust)").into()),
        ["make", class, bytes, file] => {
            demijohn::dump_with(&array(class, bytes.parse()?)?, file, Compression::none())?;
            Ok(String::new())
        }
        ["hold", file] => {
            *held = Some(demijohn::load(file)?);
            Ok(String::new())
        }
        ["dump", file, format, level, threads, ref more @ ..] => {
            let held = held.as_ref().ok_or("nothing is held")?;
            let mut options = DumpOptions::new()
                .compression(compression(format, level)?)
                .threads(threads.parse()?);
            for word in more {
                options = match *word {
                    "sync" => options.durability(Durability::Sync),
                    "blocks" => options.seekable(1 << 20),
                    _ => return Err(format!("no way to dump {word:?}").into()),
                };
            }
            measured(|| demijohn::dump_with(held, file, options))
        }
        ["load", file, threads] => {
            let options = LoadOptions::new().threads(threads.parse()?);
            measured(|| demijohn::load_with(file, options))
        }
        ["map", file] => measured(|| {
            #[allow(unsafe_code)]
            // SAFETY: the files are the comparison's own, and it does not touch them while they are measured.
            unsafe {
                demijohn::load_mapped(file, MapMode::Read)
            }
        }),
        ["store", plain, file, format, level, block] => {
            let options = match block {
                "-" => Options::new(),
                block => Options::new().seekable(block.parse()?),
            };
            let mut writer = options.create_as(file, compression(format, level)?)?;
            io::copy(&mut fs::File::open(plain)?, &mut writer)?;
            writer.finish()?;
            Ok(String::new())
        }
        ["reads", file, format, size, ref offsets @ ..] => {
            let offsets: Vec<u64> = offsets
                .iter()
                .map(|offset| offset.parse())
                .collect::<Result<_, _>>()?;
            let mut read = vec![0; size.parse::<usize>()? * offsets.len()];
            let cost = measured(|| read_at(file, format, &offsets, &mut read))?;
            Ok(format!("{cost}\t{}", crc32fast::hash(&read)))
        }
        ["inspect", file] => measured(|| demijohn::inspect(file)),
        ["check", file] => {
            let document = demijohn::load(file)?;
            Ok(match document.root().as_array() {
                Some(array) => crc32fast::hash(array.as_bytes()).to_string(),
                None => document.root().len().unwrap_or(0).to_string(),
            })
        }
        _ => Err(format!("no such request: {words:?}").into()),
    }
}

/// A flat array of a class of data, cut to whole elements.
fn array(class: &str, bytes: usize) -> Result<Array> {
    let mut classes = Entropy::ALL.into_iter();
    let class = classes
        .find(|entropy| entropy.name() == class)
        .ok_or_else(|| format!("no class of data {class:?}"))?;
    let dtype: DType = match class {
        Entropy::Categorical => "<i8",
        Entropy::Text => "|u1",
        Entropy::Images => "<f4",
        Entropy::Zeros | Entropy::Smooth | Entropy::Random => "<f8",
    }
    .parse()?;
    let len = bytes / class.element_size();
    let bytes = class.bytes(len * class.element_size());
    Ok(Array::from_bytes(Layout::new(dtype, &[len], Order::C)?, &bytes)?)
}

/// Fills the pieces of a buffer, one for each offset.
fn read_at(file: &str, format: &str, offsets: &[u64], pieces: &mut [u8]) -> io::Result<()> {
    let mut reader = Options::new().format(format).open(file)?;
    let size = pieces.len() / offsets.len().max(1);
    for (&offset, piece) in offsets.iter().zip(pieces.chunks_exact_mut(size)) {
        reader.seek(SeekFrom::Start(offset))?;
        reader.read_exact(piece)?;
    }
    Ok(())
}

fn compression(format: &str, level: &str) -> Result<Compression> {
    let compression = Compression::from(format);
    Ok(match level {
        "-" => compression,
        level => compression.at_level(level.parse()?),
    })
}

/// Does something and says what it took.
fn measured<T, E: Error + 'static>(work: impl FnOnce() -> Result<T, E>) -> Result<String> {
    let before = memory::forget_peak();
    let start = Instant::now();
    let result = work();
    let nanoseconds = start.elapsed().as_nanos();
    let grown = before.and_then(|before| Some(memory::peak()?.saturating_sub(before)));
    drop(result?);
    Ok(match grown {
        Some(grown) => format!("{nanoseconds}\t{grown}"),
        None => format!("{nanoseconds}\t-"),
    })
}

/// What Linux says of this process: <https://docs.kernel.org/filesystems/proc.html>.
mod memory {
    use super::fs;

    /// Makes the peak what is used now, and gives it.
    pub(super) fn forget_peak() -> Option<u64> {
        // Where that may not be written, the peak so far is a fair start in a process that has done nothing yet.
        let _ = fs::write("/proc/self/clear_refs", "5");
        peak()
    }

    /// The most that was resident, in bytes.
    pub(super) fn peak() -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }
}
