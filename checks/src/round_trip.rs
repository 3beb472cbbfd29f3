//! Written and read again.

use std::io::{Read, Write};

use arbitrary::Arbitrary;
use demijohn_codecs::{Compressor, ErrorKind, Flush, Options, Registry};

use crate::drip::Drip;

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
    level: i8,
    block_size: Option<u16>,
    announce_size: bool,
    pieces: Vec<Piece>,
    /// The data is this, so many times over, so that there is something to compress.
    repeat: u8,
    data: Vec<u8>,
}

impl Plan {
    /// Writes the data in pieces and reads it again.
    ///
    /// # Panics
    /// Where what is read is not what was written, or where writing depends on how it was cut.
    pub fn run(&self) {
        let formats = Registry::global().formats();
        let format = &formats[usize::from(self.format) % formats.len()];
        let plain = self.data.repeat(1 + usize::from(self.repeat % 8));

        let coded = self.write(format, &plain);
        let mut read = Vec::new();
        let reader = Options::new().format(format.name()).reader(Drip::new(&coded));
        let mut reader = reader.expect("a stream just written");
        reader.read_to_end(&mut read).expect("a stream just written");
        assert!(
            read == plain,
            "{} does not give back what was written",
            format.name()
        );

        if !self.pieces.iter().any(|piece| piece.flush) {
            let at_once = Plan {
                pieces: Vec::new(),
                ..self.clone()
            }
            .write(format, &plain);
            assert!(
                coded == at_once,
                "{}: the sizes of the writes changed the bytes",
                format.name()
            );
        }
    }

    fn write(&self, format: &Compressor, plain: &[u8]) -> Vec<u8> {
        let mut options = Options::new().level(self.level(format));
        if let Some(block_size) = self.block_size {
            options = options.block_size(usize::from(block_size) + 1);
        }
        if self.announce_size {
            options = options.size(plain.len() as u64);
        }
        let mut writer = match options.writer(Vec::new(), format.name()) {
            Ok(writer) => writer,
            Err(error) if error.kind() == ErrorKind::Parameter => return Self::write_plainly(format, plain),
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

    /// For a block size that the format refuses.
    fn write_plainly(format: &Compressor, plain: &[u8]) -> Vec<u8> {
        format.compress(plain).expect("memory takes everything")
    }

    /// The level, brought into the range of the format.
    fn level(&self, format: &Compressor) -> i32 {
        let Some(range) = format.spec().level_range() else {
            return 0;
        };
        // The highest levels allocate hundreds of megabytes, which tells nothing new about this layer.
        let most = if matches!(format.name(), "lzma" | "xz") {
            2
        } else {
            6
        };
        let (lowest, highest) = ((*range.start()).max(-7), (*range.end()).min(most));
        i32::from(self.level).rem_euclid(highest - lowest + 1) + lowest
    }
}

/// After a flush everything written so far can be read, though the stream is not at its end.
fn assert_decodable(format: &Compressor, coded: &[u8], plain: &[u8]) {
    let mut read = Vec::new();
    if let Ok(mut reader) = Options::new().format(format.name()).reader(coded) {
        // An error for the missing rest comes after the data.
        let _ = reader.read_to_end(&mut read);
    }
    assert!(
        read == plain,
        "{}: {} of {} bytes after a flush",
        format.name(),
        read.len(),
        plain.len()
    );
}
