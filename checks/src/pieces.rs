//! Streams of many pieces, whole and damaged, that several threads read as one does.

use std::io::{Cursor, Seek, SeekFrom};

use arbitrary::Arbitrary;
use demijohn_codecs::{Compressor, Limits, Options};

use crate::data::{Data, few, repeat_to};
use crate::drip::Drip;
use crate::outcome::{Outcome, fill};
use crate::writing::{self, Layout};

/// Formats whose decoders are ours, so that what comes in front of damage is always the same. Like zstd's, their pieces are
/// decoded straight into large slices, where there are a MiB or more of them.
const OURS: [&str; 4] = ["lz4", "snappy", "lzo", "blosc"];
/// Plain bytes of what is written once and repeated.
const UNIT: usize = 128 << 10;
/// Streams one behind the other, at most, and blocks of each.
const STREAMS: usize = 130;
const BLOCKS: usize = 10;
/// Blocks of a stream that is the only one, at most: more than are gathered to be decoded straight.
const BLOCKS_OF_ONE: usize = 300;

/// One of the streams.
#[derive(Arbitrary, Clone, Debug)]
struct Stream {
    layout: Layout,
    data: Data,
}

/// What happens to the coded bytes, at an offset modulo their number.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Damage {
    Change { at: u32, with: u8 },
    Insert { at: u32, byte: u8 },
    Remove { at: u32, len: u8 },
    Cut { at: u32 },
}

/// Something done with a reader of a stream that is whole.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Act {
    Read(u32),
    Seek(u32),
    Skip(u32),
}

/// Where the coded bytes come from.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Source {
    File,
    /// As much at a time as is needed for reading ahead.
    Pipe,
    Trickle,
}

/// Streams, what happens to them, and how they are read. Built by the fuzzer from its bytes.
#[derive(Arbitrary, Clone, Debug)]
pub struct Pieces {
    format: u8,
    /// Plain bytes, beyond the least that is decoded straight.
    len: u32,
    /// Where streams can be joined: as one stream nevertheless.
    in_one: bool,
    threads: u8,
    source: Source,
    memory: Option<u32>,
    output: Option<u32>,
    slices: [u32; 3],
    #[arbitrary(with = few::<Damage, 3>)]
    damage: Vec<Damage>,
    #[arbitrary(with = few::<Act, 8>)]
    acts: Vec<Act>,
    first: Stream,
    #[arbitrary(with = few::<Stream, 2>)]
    others: Vec<Stream>,
}

impl Pieces {
    /// Reads the streams on one thread into small slices, and on several into large ones.
    ///
    /// # Panics
    /// Where that is not the same.
    pub fn run(&self) {
        let format = &writing::format(self.format);
        let (plain, mut coded) = self.streams(format);
        for damage in &self.damage {
            damage.does(&mut coded);
        }
        let alone = self.read(format, &coded, 1, || 70_000);
        let threads = 2 + usize::from(self.threads % 3);
        let mut slices = self.slices.iter().cycle().map(|&slice| slice_len(slice));
        let together = self.read(format, &coded, threads, || slices.next().expect("a cycle"));
        let same = if OURS.contains(&format.name()) {
            alone.is(&together)
        } else {
            alone.agrees_with(&together)
        };
        assert!(
            same,
            "{}: {} bytes and {:?} on one thread, {} and {:?} on {threads}",
            format.name(),
            alone.plain.len(),
            alone.error,
            together.plain.len(),
            together.error,
        );
        if self.damage.is_empty() {
            let limited = self.memory.is_some() || self.output.is_some();
            assert!(limited || alone.error.is_none(), "{:?}", alone.error);
            assert!(plain.starts_with(&alone.plain), "other data than was written");
            if alone.error.is_none() {
                assert_eq!(alone.plain.len(), plain.len());
                self.act(format, &coded, threads, &plain);
            }
        }
    }

    /// The plain bytes, and the streams that have them.
    fn streams(&self, format: &Compressor) -> (Vec<u8>, Vec<u8>) {
        let straight = format.name() == "zstd" || OURS.contains(&format.name());
        let len = match self.len as usize {
            // Mostly little more, as it takes long to work through much.
            len if straight => (1 << 20) + len / 8 % (1 << (15 + len % 8)),
            len => len % (256 << 10),
        };
        if self.in_one || !format.spec().joins_streams() {
            let mut plain = self.first.data.bytes(UNIT);
            repeat_to(&mut plain, len);
            let coded = self.first.write(format, &plain, BLOCKS_OF_ONE);
            return (plain, coded);
        }
        let units: Vec<_> = [&self.first]
            .into_iter()
            .chain(&self.others)
            .map(|stream| {
                let plain = stream.data.bytes(UNIT);
                let coded = stream.write(format, &plain, BLOCKS);
                (plain, coded)
            })
            .collect();
        let (mut plain, mut coded) = (Vec::new(), Vec::new());
        for (unit, stream) in units.iter().cycle().take(STREAMS) {
            plain.extend_from_slice(unit);
            coded.extend_from_slice(stream);
            if plain.len() >= len {
                break;
            }
        }
        (plain, coded)
    }

    fn options(&self, format: &Compressor, threads: usize) -> Options {
        let mut limits = Limits::untrusted().ratio(u64::MAX).memory(64 << 20);
        if let Some(memory) = self.memory {
            limits = limits.memory(u64::from(memory) % (16 << 20));
        }
        if let Some(output) = self.output {
            limits = limits.output(u64::from(output) % (8 << 20));
        }
        Options::new().format(format).threads(threads).limits(limits)
    }

    fn read(
        &self,
        format: &Compressor,
        coded: &[u8],
        threads: usize,
        size: impl FnMut() -> usize,
    ) -> Outcome {
        let options = self.options(format, threads);
        match self.source {
            Source::File => Outcome::of(options.seekable_reader(Cursor::new(coded)), size),
            Source::Pipe => Outcome::of(options.reader(Drip::of_at_least(32 << 10, coded)), size),
            Source::Trickle => Outcome::of(options.reader(Drip::new(coded)), size),
        }
    }

    /// Reads here and there, as in the plain bytes.
    fn act(&self, format: &Compressor, coded: &[u8], threads: usize, plain: &[u8]) {
        let reader = self.options(format, threads).seekable_reader(Cursor::new(coded));
        let mut reader = reader.expect("it was read before");
        let mut model = Cursor::new(plain);
        let (mut got, mut want) = (Vec::new(), Vec::new());
        for act in &self.acts {
            let at = match *act {
                Act::Read(len) => {
                    let len = slice_len(len);
                    got.resize(len.max(got.len()), 0);
                    want.resize(len.max(want.len()), 0);
                    let n = fill(&mut model, &mut want[..len]);
                    assert_eq!(fill(&mut reader, &mut got[..len]), n, "{act:?}");
                    assert!(got[..n] == want[..n], "{act:?}");
                    got[..n].fill(0);
                    continue;
                }
                Act::Seek(at) => SeekFrom::Start(u64::from(at) % (plain.len() as u64 + 2)),
                Act::Skip(len) => SeekFrom::Current(i64::from(len % (1 << 20))),
            };
            let to = model.seek(at).expect("a cursor seeks");
            assert_eq!(reader.seek(at).expect("it was read before"), to, "{act:?}");
        }
    }
}

impl Stream {
    fn write(&self, format: &Compressor, plain: &[u8], blocks: usize) -> Vec<u8> {
        let options = self.layout.options(format, plain.len(), 1 << 20, blocks);
        writing::write(format, options.threads(1), plain)
    }
}

impl Damage {
    fn does(&self, coded: &mut Vec<u8>) {
        let (Damage::Change { at, .. }
        | Damage::Insert { at, .. }
        | Damage::Remove { at, .. }
        | Damage::Cut { at }) = *self;
        let Some(at) = (at as usize).checked_rem(coded.len()) else {
            return;
        };
        match *self {
            Damage::Change { with, .. } => coded[at] ^= with,
            Damage::Insert { byte, .. } => coded.insert(at, byte),
            Damage::Remove { len, .. } => {
                coded.drain(at..coded.len().min(at + usize::from(len)));
            }
            Damage::Cut { .. } => coded.truncate(at),
        }
    }
}

/// The size of a slice: mostly one into which pieces are decoded straight, or just too small for it.
fn slice_len(choice: u32) -> usize {
    let more = choice as usize / 4;
    match choice % 4 {
        0 => 4096 + more % 100_000,
        1 => (4 << 20) - more % 2,
        _ => (4 << 20) + more % (6 << 20),
    }
}
