//! Values whose length does not fit into 31 or 32 bits, and those around them, read and written. They are neither made nor kept
//! but by the reader.

use std::io::{self, BufReader, Read, Write};

use demijohn_pickle::numpy::Inline;
use demijohn_pickle::{self as pickle, Protocol, save};

const STRETCH: u64 = 1 << 20;

/// Letters, another one in each stretch of a MiB, so that no two places around a power of two look alike.
fn letter(at: u64) -> u8 {
    b'a' + u8::try_from(at / STRETCH % 26).unwrap()
}

/// How much of `most` bytes from `at` on has one letter.
fn alike(at: u64, most: u64) -> usize {
    usize::try_from(most.min(STRETCH - at % STRETCH)).unwrap()
}

/// The letters.
struct Letters {
    at: u64,
    len: u64,
}

impl Read for Letters {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = alike(self.at, self.len - self.at).min(out.len());
        out[..n].fill(letter(self.at));
        self.at += n as u64;
        Ok(n)
    }
}

/// Holds what is written to being the letters behind a head.
struct Checked {
    head: Vec<u8>,
    opcode: Vec<u8>,
    /// Where the letters begin, once that is known.
    begin: Option<u64>,
    at: u64,
    len: u64,
}

impl Checked {
    fn new(opcode: Vec<u8>, len: u64) -> Self {
        let (head, begin) = (Vec::new(), None);
        Checked {
            head,
            opcode,
            begin,
            at: 0,
            len,
        }
    }
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(begin) = self.begin else {
            self.head.push(bytes[0]);
            self.at += 1;
            if self.head.ends_with(&self.opcode) {
                self.begin = Some(self.at);
            }
            assert!(
                self.head.len() < 64,
                "{:?} is not in {:?}",
                self.opcode,
                self.head
            );
            return Ok(1);
        };
        let at = self.at - begin;
        let n = if at < self.len {
            let n = alike(at, self.len - at).min(bytes.len());
            let right = bytes[..n].iter().all(|&byte| byte == letter(at));
            assert!(right, "other letters at {at}");
            n
        } else {
            bytes.len()
        };
        self.at += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
#[ignore = "takes 4 GiB of memory; `cargo xtask torture large` runs it"]
fn values_of_more_than_four_gibibytes_are_read_and_written() {
    // The opcodes for lengths of 32 bits and of 64.
    let kinds = [
        ("bytes", Some(b'B'), 0x8e),
        ("str", Some(b'X'), 0x8d),
        ("bytearray", None, 0x96),
    ];
    for (kind, short, long) in kinds {
        for len in [1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 5] {
            let opcode = match (short, u32::try_from(len)) {
                (Some(short), Ok(len)) => [&[short][..], &len.to_le_bytes()].concat(),
                _ => [&[long][..], &u64::to_le_bytes(len)].concat(),
            };
            let source = [&b"\x80\x05"[..], &opcode].concat();
            let source = source.as_slice().chain(Letters { at: 0, len }).chain(&b"."[..]);
            let document =
                pickle::read(&mut BufReader::new(source)).unwrap_or_else(|e| panic!("{kind} of {len}: {e}"));
            let sink = Checked::new(opcode, len);
            let sink = save::write(&document, sink, Protocol::V5, Inline::default()).unwrap();
            let behind = sink.at - sink.begin.unwrap() - len;
            assert!((1..9).contains(&behind), "{kind} of {len}: {behind} bytes follow");
        }
    }
}
