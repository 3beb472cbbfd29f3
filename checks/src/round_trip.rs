//! Written and read again.

use std::io::{Cursor, Write};

use arbitrary::Arbitrary;
use demijohn_codecs::{Compressor, ErrorKind, Flush, Limits, Options};

use crate::data::{Data, few};
use crate::differ;
use crate::drip::{Drip, Sizes};
use crate::outcome::{LARGE, Outcome};
use crate::writing::{self, Layout};

/// Plain bytes: more than the smallest block of bzip2 holds.
const MOST: usize = 130_000;
/// Blocks in that, at most.
const BLOCKS: usize = 300;

/// How to write a piece of the data.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Piece {
    len: u16,
    flush: bool,
}

/// What to write, and how. Built by the fuzzer from its bytes.
#[derive(Arbitrary, Clone, Debug)]
pub struct Plan {
    format: u8,
    threads: u8,
    layout: Layout,
    #[arbitrary(with = few::<Piece, 7>)]
    pieces: Vec<Piece>,
    data: Data,
}

impl Plan {
    /// Writes the data in pieces and reads it again, both on one thread and on several.
    ///
    /// # Panics
    /// Where what is read is not what was written, or where writing depends on how it was cut or shared.
    pub fn run(&self) {
        let format = &writing::format(self.format);
        let plain = self.data.bytes(MOST);
        let threads = 2 + usize::from(self.threads % 3);
        let name = format.name();

        let coded = self.write(format, &plain, 1);
        self.assert_read(format, &coded, &plain, threads);
        assert!(
            differ::reads(name, &coded).is_none_or(|theirs| theirs == plain),
            "{name}: another decoder reads other data, or none"
        );

        let shared = if self.pieces.iter().any(|piece| piece.flush) {
            self.write(format, &plain, threads)
        } else {
            let at_once = Plan {
                pieces: Vec::new(),
                ..self.clone()
            };
            at_once.write(format, &plain, threads)
        };
        assert!(
            coded == shared,
            "{name}: threads or the sizes of the writes changed the bytes"
        );
    }

    fn assert_read(&self, format: &Compressor, coded: &[u8], plain: &[u8], threads: usize) {
        let options = |threads| {
            Options::new()
                .format(format)
                .threads(threads)
                .limits(Limits::none())
        };
        let mut sizes = Sizes::of(coded);
        let whole = Outcome {
            plain: plain.to_vec(),
            error: None,
        };
        let dripped = Outcome::of(options(1).reader(Drip::new(coded)), || sizes.next());
        let shared = Outcome::of(options(threads).seekable_reader(Cursor::new(coded)), || LARGE);
        for (read, threads) in [(dripped, 1), (shared, threads)] {
            assert!(
                read.is(&whole),
                "{} does not give back what was written, on {threads} threads: {} bytes of {}, {:?}",
                format.name(),
                read.plain.len(),
                plain.len(),
                read.error
            );
        }
    }

    fn write(&self, format: &Compressor, plain: &[u8], threads: usize) -> Vec<u8> {
        let options = self
            .layout
            .options(format, plain.len(), MOST, BLOCKS)
            .threads(threads);
        let mut writer = match options.writer(Vec::new(), format) {
            Ok(writer) => writer,
            // A block size that the format refuses.
            Err(error) if error.kind() == ErrorKind::Parameter => {
                return writing::write(format, Options::new(), plain);
            }
            Err(error) => panic!("{} cannot be written: {error}", format.name()),
        };
        let mut done = 0;
        for piece in &self.pieces {
            let end = plain.len().min(done + usize::from(piece.len));
            writer
                .write_all(&plain[done..end])
                .expect("memory takes everything");
            done = end;
            if piece.flush {
                writer.flush().expect("memory takes everything");
                if format.spec().flushing() != Flush::None {
                    assert_decodable(format, writer.get_ref(), &plain[..done]);
                }
            }
        }
        writer.write_all(&plain[done..]).expect("memory takes everything");
        let (coded, summary) = writer
            .finish()
            .map_err(|error| error.to_string())
            .expect("memory takes everything");
        assert_eq!(summary.plain, plain.len() as u64);
        assert_eq!(summary.compressed, coded.len() as u64);
        coded
    }
}

/// After a flush everything written so far can be read, though the stream is not at its end.
fn assert_decodable(format: &Compressor, coded: &[u8], plain: &[u8]) {
    let options = Options::new().format(format).threads(1);
    // An error for the missing rest comes after the data.
    let read = Outcome::of(options.reader(coded), || 70_000);
    assert!(
        read.plain == plain,
        "{}: {} of {} bytes after a flush",
        format.name(),
        read.plain.len(),
        plain.len()
    );
}
