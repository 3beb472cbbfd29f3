//! What is looked for, wanted, waited for and given to the pool, step by step. That whole streams are read as on one thread, by
//! every format, is tested in `tests/pieces`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::format::{Encode, EncodeOptions, Format, Head, Probe};
use crate::pieces::{Adopt, Place};
use crate::spec::Spec;

const MIB: usize = 1 << 20;

/// A format of plain bytes up to a dot, in pieces of so many. At a `!` its decoders fail.
#[derive(Clone, Default)]
struct Dotted {
    piece: usize,
    /// What a piece is said to have.
    plain: usize,
    bounded: bool,
    /// Bytes that the stream's decoder has been through itself.
    alone: Arc<AtomicUsize>,
}

impl Dotted {
    fn of(piece: usize) -> Self {
        Dotted {
            piece,
            plain: piece,
            ..Dotted::default()
        }
    }

    /// What is to be tested, and the stream's decoder.
    fn begin(&self, options: &DecodeOptions, joins: bool) -> (Ahead, Box<dyn Decode>) {
        let mut ahead = Ahead::new(&Compressor::new(self.clone()), options, 2, joins).unwrap();
        ahead.stream_begins(0);
        (ahead, self.decoder(options).unwrap())
    }
}

impl Format for Dotted {
    fn spec(&self) -> &Spec {
        const SPEC: Spec = Spec::new("dotted", "");
        &SPEC
    }
    fn probe(&self, _: &Head<'_>) -> Probe {
        Probe::No
    }
    fn encoder(&self, _: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Err(Error::unsupported("not needed"))
    }
    fn decoder(&self, _: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Copying {
            piece: None,
            alone: self.alone.clone(),
        }))
    }
    fn scanner(&self, _: &DecodeOptions) -> Option<Box<dyn Scan>> {
        Some(Box::new(self.clone()))
    }
}

impl Scan for Dotted {
    fn next(&mut self, coded: &[u8], _: bool) -> Found {
        if coded.first() == Some(&b'.') {
            return Found::End(1);
        }
        if coded.len() < self.piece {
            return Found::More;
        }
        let decoder = Copying {
            piece: Some(self.piece),
            alone: Arc::default(),
        };
        Found::Piece(CodedPiece {
            bounded: self.bounded,
            ..CodedPiece::of_bytes(self.piece, Box::new(decoder), self.plain)
        })
    }
}

/// Decodes a piece, of which so many bytes are left, or a stream.
struct Copying {
    piece: Option<usize>,
    alone: Arc<AtomicUsize>,
}

impl Decode for Copying {
    fn step(&mut self, input: &[u8], out: &mut [u8], _: bool) -> Result<Step> {
        let end = self
            .piece
            .or_else(|| input.iter().position(|&byte| byte == b'.'))
            .unwrap_or(usize::MAX);
        let n = input.len().min(out.len()).min(end);
        out[..n].copy_from_slice(&input[..n]);
        if let Some(at) = out[..n].iter().position(|&byte| byte == b'!') {
            if at == 0 {
                return Err(Error::corrupt("a mark of damage"));
            }
            return Ok(self.done_with(at, 0, Status::More));
        }
        if n < end {
            return Ok(self.done_with(n, 0, Status::More));
        }
        let dot = usize::from(self.piece.is_none());
        Ok(self.done_with(n, dot, Status::Done))
    }
    fn reset(&mut self) -> Result<()> {
        Ok(())
    }
    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        Some(self)
    }
}

impl Copying {
    fn done_with(&mut self, plain: usize, dot: usize, status: Status) -> Step {
        self.piece = self.piece.map(|left| left - plain);
        self.alone.fetch_add(plain, Ordering::SeqCst);
        Step {
            consumed: plain + dot,
            produced: plain,
            status,
        }
    }
}

impl Adopt for Copying {
    fn place(&mut self) -> Option<Place> {
        Some(Place::default())
    }
    fn take(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn done(&mut self, _: u64, _: u64) {}
    fn undo(&mut self) {}
}

/// Reads a stream in slices of so many bytes, from a source that gives `portion` coded ones at a time: its data, and how it ends.
fn read(format: &Dotted, coded: &[u8], slice: usize, portion: usize) -> (Vec<u8>, Result<()>) {
    let (mut ahead, mut decoder) = format.begin(&DecodeOptions::default(), true);
    let (mut plain, mut slice) = (Vec::new(), vec![0; slice]);
    let (mut at, mut there) = (0, 0);
    loop {
        let wanted = at + ahead.wanted(at as u64);
        while there < wanted.min(coded.len()) {
            there = coded.len().min(there + portion);
        }
        let (more, last) = (there < coded.len(), there == coded.len());
        let source = (&coded[at..there], last, more);
        match ahead.step(&mut *decoder, at as u64, source, &mut slice) {
            Ok(step) => {
                at += step.consumed;
                plain.extend_from_slice(&slice[..step.produced]);
                if step.status == Status::Done {
                    return (plain, Ok(()));
                }
                if step.consumed == 0 && step.produced == 0 {
                    assert!(more, "it waits for what never comes");
                    there = coded.len().min(there + portion);
                }
            }
            Err(error) => return (plain, Err(error)),
        }
    }
}

/// Bytes without dots and marks, and these.
fn letters(len: usize, end: &str) -> Vec<u8> {
    let letters = (b'a'..=b'z').cycle().take(len);
    letters.chain(end.bytes()).collect()
}

#[test]
fn all_pieces_are_decoded_ahead_however_the_source_gives_them() {
    for (bounded, piece, slice, portion) in [
        (false, 100_000, 30_000, 7_000),
        (false, 100_000, 300_000, 100_000),
        (false, 2 * MIB, 64 << 10, 64 << 10),
        // Straight into the slice, in which there is room for four.
        (true, MIB, 4 * MIB, 300_000),
        (true, MIB, 4 * MIB, 30 * MIB),
    ] {
        let format = Dotted {
            bounded,
            ..Dotted::of(piece)
        };
        let coded = letters(12 * piece, ".");
        let (plain, end) = read(&format, &coded, slice, portion);
        assert!(end.is_ok() && plain == coded[..12 * piece]);
        let alone = format.alone.load(Ordering::SeqCst);
        assert_eq!(alone, 0, "pieces of {piece}, {portion} bytes at a time");
    }
}

#[test]
fn more_is_wanted_until_a_piece_is_too_long_to_be_one() {
    let format = Dotted::of(64 * MIB);
    let (mut ahead, mut decoder) = format.begin(&DecodeOptions::default(), true);
    let coded = vec![b'a'; REACH[1]];
    let mut out = [0; 1000];
    for wanted in [1, 2, 4, 8, 16] {
        assert_eq!(ahead.wanted(0), wanted * MIB);
        let source = (&coded[..wanted * MIB], false, true);
        let step = ahead.step(&mut *decoder, 0, source, &mut out).unwrap();
        assert_eq!(step, more_after(0, 0), "with {wanted} MiB");
    }
    assert_eq!(ahead.wanted(0), REACH[1]);
    let step = ahead.step(&mut *decoder, 0, (&coded, false, true), &mut out);
    assert_eq!(step.unwrap(), more_after(1000, 1000));
    assert!(
        !ahead.is_active(),
        "the decoder needs nobody until another stream begins"
    );
}

#[test]
fn what_is_decoded_at_a_time_takes_no_more_memory_than_allowed() {
    const PIECE: usize = 100_000;
    // Its coded bytes here and in the thread, and the parts of its plain bytes.
    const EACH: u64 = (2 * PIECE + 3 * (PIECE + 1)) as u64;
    let coded = letters(10 * PIECE, ".");
    let under_way = |memory| {
        let options = DecodeOptions {
            memory: Some(memory),
            ..DecodeOptions::default()
        };
        let (mut ahead, mut decoder) = Dotted::of(PIECE).begin(&options, true);
        let step = ahead.step(&mut *decoder, 0, (&coded, true, false), &mut [0; 10]);
        assert_eq!(step.unwrap().produced, 10);
        assert_eq!(ahead.pieces.len() as u64 * EACH, ahead.taken);
        (ahead.pool.pending(), ahead.is_active())
    };
    assert_eq!(under_way(EACH - 1), (0, false));
    assert_eq!(under_way(2 * EACH - 1), (1, true));
    assert_eq!(under_way(3 * EACH), (3, true));
    assert_eq!(under_way(100 * EACH), (4, true), "two for each thread");
}

#[test]
fn who_reads_one_stream_has_nothing_decoded_of_the_next() {
    let coded = [letters(300, "."), letters(500, ".")].concat();
    for (joins, pieces) in [(false, 3), (true, 4)] {
        let (mut ahead, mut decoder) = Dotted::of(100).begin(&DecodeOptions::default(), joins);
        let step = ahead.step(&mut *decoder, 0, (&coded, true, false), &mut [0; 10]);
        assert_eq!(step.unwrap().produced, 10);
        assert_eq!(ahead.pieces.len(), pieces);
        assert_eq!(ahead.scan.is_some(), joins);
    }
}

#[test]
fn what_fails_behind_data_that_has_been_delivered_delivers_nothing_twice() {
    const PIECE: usize = 400_000;
    let format = Dotted {
        // In parts that are smaller than the piece.
        plain: 30_000,
        ..Dotted::of(PIECE)
    };
    let mut coded = letters(3 * PIECE, ".");
    for damage in [0, 10_000, 30_001, 170_000, PIECE - 1] {
        let at = PIECE + damage;
        let letter = std::mem::replace(&mut coded[at], b'!');
        for (slice, portion) in [(1_000, 64 << 10), (70_000, MIB), (2 * MIB, 4 * MIB)] {
            let (plain, end) = read(&format, &coded, slice, portion);
            assert!(plain == coded[..at], "{} bytes, not {at}", plain.len());
            assert_eq!(end.unwrap_err().message(), "a mark of damage");
        }
        coded[at] = letter;
    }
}

#[test]
fn pieces_for_a_large_slice_are_gathered_while_more_can_be_had() {
    let format = Dotted {
        bounded: true,
        ..Dotted::of(MIB)
    };
    let (mut ahead, mut decoder) = format.begin(&DecodeOptions::default(), true);
    let coded = letters(6 * MIB, ".");
    let mut out = vec![0; 4 * MIB];
    let source = (&coded[..5 * MIB / 2], false, true);
    let step = ahead.step(&mut *decoder, 0, source, &mut out).unwrap();
    assert_eq!(
        step,
        more_after(0, 0),
        "two pieces are less than there is room for"
    );
    let step = ahead.step(&mut *decoder, 0, (&coded, true, false), &mut out);
    assert_eq!(step.unwrap(), more_after(4 * MIB, 4 * MIB));
    assert!(out == coded[..4 * MIB]);
    assert_eq!(format.alone.load(Ordering::SeqCst), 0);
    assert!(!ahead.pool.is_running(), "no thread outlives the call");
}

#[test]
fn threads_of_one_call_have_much_to_do_and_more_than_one_piece() {
    // So many pieces of so many bytes: who decodes them into a large slice?
    for (pieces, piece, by_pool, alone) in [(9, 100_000, true, 0), (1, 3 * MIB, false, 3 * MIB)] {
        let format = Dotted {
            bounded: true,
            ..Dotted::of(piece)
        };
        let (mut ahead, mut decoder) = format.begin(&DecodeOptions::default(), true);
        let coded = letters(pieces * piece, ".");
        let mut out = vec![0; 4 * MIB];
        let source = (&coded[..], true, false);
        let step = ahead.step(&mut *decoder, 0, source, &mut out).unwrap();
        assert!(step.produced > 0);
        assert_eq!(ahead.pool.is_running(), by_pool, "{pieces} pieces of {piece}");
        assert_eq!(format.alone.load(Ordering::SeqCst), alone);
    }
}
