//! Seeking, against a cursor over the plain bytes.

use std::io::{Cursor, Seek, SeekFrom};

use arbitrary::Arbitrary;
use demijohn_codecs::{Compressor, Options, Registry};

use crate::outcome::fill;
use crate::writing;

/// Something done with a reader.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Act {
    Start(u32),
    Current(i32),
    End(i32),
    Far(u64),
    Read(u16),
    Position,
}

/// A stream, and what is done with it. Built by the fuzzer from its bytes.
#[derive(Arbitrary, Clone, Debug)]
pub struct Walk {
    format: u8,
    threads: u8,
    block_size: Option<u16>,
    acts: Vec<Act>,
    /// The data is this, so many times over, as streams of their own where the format joins such.
    repeat: u8,
    data: Vec<u8>,
}

impl Walk {
    /// Does in the reader and in the cursor what is to be done.
    ///
    /// # Panics
    /// Where their answers differ.
    pub fn run(&self) {
        let formats = Registry::global().formats();
        let format = &formats[usize::from(self.format) % formats.len()];
        let (plain, coded) = self.stream(format);
        let reader = Options::new()
            .format(format)
            .threads(1 + usize::from(self.threads % 4))
            .seekable_reader(Cursor::new(&coded));
        let mut reader = reader.expect("a stream just written");
        let mut model = Cursor::new(&plain);
        for act in &self.acts {
            let to = match *act {
                Act::Start(at) => SeekFrom::Start(u64::from(at) % (plain.len() as u64 + 10)),
                Act::Current(by) => SeekFrom::Current(by.into()),
                Act::End(by) => SeekFrom::End(by.into()),
                Act::Far(at) => SeekFrom::Start(at),
                Act::Read(len) => {
                    let (mut got, mut want) = (vec![0; len.into()], vec![0; len.into()]);
                    let wanted = fill(&mut model, &mut want);
                    assert_eq!(fill(&mut reader, &mut got), wanted, "{act:?}");
                    assert!(got == want, "{act:?}");
                    continue;
                }
                Act::Position => {
                    assert_eq!(reader.position(), model.position());
                    continue;
                }
            };
            match (reader.seek(to), model.seek(to)) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{to:?}"),
                (Err(got), Err(want)) => assert_eq!(got.kind(), want.kind(), "{to:?}"),
                (got, want) => panic!("{to:?}: {got:?}, not {want:?}"),
            }
        }
    }

    fn stream(&self, format: &Compressor) -> (Vec<u8>, Vec<u8>) {
        let repeat = 1 + usize::from(self.repeat % 16);
        let plain = self.data.repeat(repeat);
        let options = || {
            let options = Options::new();
            match self.block_size {
                Some(size) => options.block_size(usize::from(size) + 1),
                None => options,
            }
        };
        let write = |plain: &[u8]| writing::write(format, options(), plain);
        let coded = if format.spec().joins_streams() {
            write(&self.data).repeat(repeat)
        } else {
            write(&plain)
        };
        (plain, coded)
    }
}
