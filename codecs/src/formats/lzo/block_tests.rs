//! Blocks alone: every instruction, damage, and what the searches make.

use proptest::prelude::*;

use super::compress::{Coded, Compressor, Found, most};
use super::decompress::{Damage, decompress};
use super::parse::{literal_price, match_price};

/// One level of each search, and the one that looks farthest.
const LEVELS: [i32; 3] = [1, 7, 9];

/// Bytes without a pattern.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut byte = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| byte()).collect()
}

/// Writes instructions straight from the table, and what they mean a byte at a time.
#[derive(Default)]
struct Assembler {
    coded: Vec<u8>,
    plain: Vec<u8>,
    /// Literals since the last match, 4 for more than 3.
    state: usize,
}

impl Assembler {
    fn byte(&mut self, byte: usize) {
        self.coded.push(u8::try_from(byte).unwrap());
    }

    fn copy(&mut self, len: usize, distance: usize) {
        for _ in 0..len {
            self.plain.push(self.plain[self.plain.len() - distance]);
        }
    }

    fn literals(&mut self, bytes: &[u8]) {
        self.coded.extend_from_slice(bytes);
        self.plain.extend_from_slice(bytes);
        self.state = bytes.len().min(4);
    }

    fn extend(&mut self, mut more: usize) {
        while more > 255 {
            self.byte(0);
            more -= 255;
        }
        self.byte(more);
    }

    fn first(&mut self, bytes: &[u8]) {
        self.byte(17 + bytes.len());
        self.literals(bytes);
    }

    fn run(&mut self, bytes: &[u8]) {
        assert_eq!(self.state, 0, "a run after literals");
        if bytes.len() <= 18 {
            self.byte(bytes.len() - 3);
        } else {
            self.byte(0);
            self.extend(bytes.len() - 18);
        }
        self.literals(bytes);
    }

    /// First byte 64 to 255: 3 to 8 bytes at up to 2048.
    fn near(&mut self, len: usize, distance: usize, trailing: &[u8]) {
        self.byte((len - 1) << 5 | ((distance - 1) & 7) << 2 | trailing.len());
        self.byte((distance - 1) >> 3);
        self.copy(len, distance);
        self.literals(trailing);
    }

    /// First byte 32 to 63: 3 bytes or more at up to 16384.
    fn middle(&mut self, len: usize, distance: usize, trailing: &[u8]) {
        self.long(32, 33, len, distance - 1, trailing);
        self.copy(len, distance);
        self.literals(trailing);
    }

    /// First byte 16 to 31: 3 bytes or more at 16385 to 49151.
    fn far(&mut self, len: usize, distance: usize, trailing: &[u8]) {
        let beyond = distance - 16384;
        self.long(16 | (beyond >> 14) << 3, 9, len, beyond & 0x3fff, trailing);
        self.copy(len, distance);
        self.literals(trailing);
    }

    fn long(&mut self, first: usize, short: usize, len: usize, distance: usize, trailing: &[u8]) {
        if len <= short {
            self.byte(first | (len - 2));
        } else {
            self.byte(first);
            self.extend(len - short);
        }
        let pair = u16::try_from(distance << 2 | trailing.len()).unwrap();
        self.coded.extend_from_slice(&pair.to_le_bytes());
    }

    /// First byte 0 to 15 after literals: 2 bytes at up to 1024 after up to three, else 3 bytes at 2049 to 3072.
    fn after_literals(&mut self, distance: usize, trailing: &[u8]) {
        let (len, least) = if self.state == 4 { (3, 2049) } else { (2, 1) };
        assert_ne!(self.state, 0, "no literals before");
        self.byte(((distance - least) & 3) << 2 | trailing.len());
        self.byte((distance - least) >> 2);
        self.copy(len, distance);
        self.literals(trailing);
    }

    fn end(&mut self) {
        self.coded.extend_from_slice(&[0x11, 0, 0]);
    }
}

fn decoded(coded: &[u8], len: usize) -> Result<Vec<u8>, Damage> {
    let mut out = vec![0xaa; len];
    decompress(coded, &mut out).map(|()| out)
}

#[track_caller]
fn decodes(what: &str, build: impl FnOnce(&mut Assembler)) {
    let mut block = Assembler::default();
    build(&mut block);
    block.end();
    let got = decoded(&block.coded, block.plain.len()).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(got == block.plain, "{what}: other bytes");
}

#[test]
fn every_instruction_is_decoded() {
    let data = noise(50_000, 1);
    decodes("nothing but the end", |_| ());
    for n in [1, 2, 3, 4, 5, 237, 238] {
        decodes("literals in the first byte", |b| b.first(&data[..n]));
    }
    for n in [4, 5, 17, 18, 19, 20, 272, 273, 274, 528, 50_000] {
        decodes("a run at the beginning", |b| b.run(&data[..n]));
        decodes("a run after a match", |b| {
            b.first(b"abcd");
            b.near(4, 4, b"");
            b.run(&data[..n]);
        });
    }
    for trailing in [&b""[..], b"x", b"xy", b"xyz"] {
        for (len, distance) in [(3, 1), (8, 1), (3, 2048), (8, 2048), (5, 8), (6, 9), (7, 17)] {
            decodes("a near match", |b| {
                b.run(&data[..3000]);
                b.near(len, distance, trailing);
            });
        }
        for len in [3, 4, 32, 33, 34, 287, 288, 289, 5000] {
            for distance in [1, 7, 8, 255, 2048, 2049, 16383, 16384] {
                decodes("a match in the middle", |b| {
                    b.run(&data[..20_000]);
                    b.middle(len, distance, trailing);
                });
            }
            for distance in [16385, 32767, 32768, 32769, 49151] {
                decodes("a far match", |b| {
                    b.run(&data);
                    b.far(len, distance, trailing);
                });
            }
        }
        for distance in [2049, 2050, 3071, 3072] {
            decodes("three bytes after a run", |b| {
                b.run(&data[..4000]);
                b.after_literals(distance, trailing);
            });
        }
        for before in [&b"1"[..], b"12", b"123"] {
            for distance in [1, 2, 5, 1023, 1024] {
                decodes("two bytes after a few literals", |b| {
                    b.run(&data[..2000]);
                    b.near(3, 1, before);
                    b.after_literals(distance, trailing);
                });
            }
        }
    }
    decodes("two bytes after the first byte's literals", |b| {
        b.first(b"ab");
        b.after_literals(2, b"c");
        b.after_literals(3, b"");
    });
}

/// Matches of every length at short distances, where they overlap themselves, with and without room behind them.
#[test]
fn matches_that_overlap_themselves_repeat() {
    for distance in 1..40 {
        for len in 3..150 {
            for behind in [0, 1, 15, 16, 40] {
                decodes(&format!("{len} bytes at {distance}, {behind} behind"), |b| {
                    b.first(&noise(distance, 3));
                    b.middle(len, distance, b"");
                    if behind > 3 {
                        b.run(&noise(behind, 4));
                    }
                });
            }
        }
    }
}

#[track_caller]
fn damaged(coded: &[u8], len: usize, says: &str) {
    let damage = decoded(coded, len).expect_err(says);
    assert!(damage.contains(says), "{coded:02x?}: {damage}, not {says}");
}

#[test]
fn damage_is_named() {
    for nothing in [&[][..], &[18, b'a'], &[0x15, 1, 2, 3, 4]] {
        damaged(nothing, 9, "end mark is missing");
    }
    // An end mark, a match, an instruction with a length that goes on: all without their last byte.
    for cut in [
        &[0x11][..],
        &[0x11, 0],
        &[18, b'a', 64],
        &[18, b'a', 65, 0],
        &[18, b'a', 33, 0],
        &[18, b'a', 35, 0],
        &[18, b'a', 32],
        &[18, b'a', 32, 0, 0, 0],
        &[18, b'a', 32, 0, 7],
        &[18, b'a', 32, 0, 7, 0],
        &[18, b'a', 0],
        &[21, 1, 2, 3],
        &[1, 1, 2, 3],
        &[0],
        &[0, 0, 0],
        &[0, 1, 1, 2, 3],
    ] {
        damaged(cut, 1000, "cut short");
    }
    damaged(&[18, b'a', 64, 1, 0x11, 0, 0], 100, "begins before");
    damaged(&[18, b'a', 33, 4, 0, 0x11, 0, 0], 100, "begins before");
    damaged(&[17, 0, 4, 0x11, 0, 0], 100, "begins before");
    damaged(&[18, b'a', 0x19, 4, 0, 0x11, 0, 0], 100, "begins before");
    damaged(&[18, b'a', 4, 0, 0x11, 0, 0], 100, "begins before");
    damaged(&[21, 1, 2, 3, 4, 0, 0, 0x11, 0, 0], 100, "begins before");
    damaged(&[18, b'a', 64, 0, 0x11, 0, 0], 3, "more bytes");
    damaged(&[18, b'a', 66, 0, 1, 2, 0x11, 0, 0], 5, "more bytes");
    damaged(&[21, 1, 2, 3, 4, 0x11, 0, 0], 3, "more bytes");
    damaged(&[1, 1, 2, 3, 4, 0x11, 0, 0], 3, "more bytes");
    damaged(&[21, 1, 2, 3, 4, 0x11, 0, 0], 5, "fewer bytes");
    damaged(&[21, 1, 2, 3, 4, 0x11, 0, 0, 0], 4, "follow its end");
    damaged(&[21, 1, 2, 3, 4, 0x11, 1, 0], 4, "end mark with");
    damaged(&[21, 1, 2, 3, 4, 0x12, 0, 0], 4, "end mark with");
    // Lengths that go on for as long as they like.
    for operands in [&[32][..], &[16], &[0]] {
        let long = [operands, &[0; 1 << 20], &[1, 0, 0, 0x11, 0, 0]].concat();
        damaged(&[&[21, 1, 2, 3, 4, 64, 0], &long[..]].concat(), 100, "");
        damaged(
            &[&[21, 1, 2, 3, 4, 64, 0], &long[..long.len() - 6]].concat(),
            100,
            "cut short",
        );
    }
}

#[test]
fn no_prefix_of_a_block_is_one() {
    for level in LEVELS {
        let plain = [noise(100, 5).repeat(3), vec![0; 700]].concat();
        let coded = compressed(level, &plain);
        for cut in 0..coded.len() {
            assert!(decoded(&coded[..cut], plain.len()).is_err(), "cut at {cut}");
        }
        assert!(decoded(&coded, plain.len()).unwrap() == plain);
    }
}

fn compressed(level: i32, plain: &[u8]) -> Vec<u8> {
    let mut out = vec![0; most(plain.len())];
    let n = Compressor::new(level).compress(plain, &mut out);
    out.truncate(n);
    out
}

/// The bytes of the block that a level makes of it.
fn round_trip(level: i32, plain: &[u8]) -> usize {
    let coded = compressed(level, plain);
    let back =
        decoded(&coded, plain.len()).unwrap_or_else(|e| panic!("{} bytes at {level}: {e}", plain.len()));
    assert!(
        back == plain,
        "{} bytes at level {level}: other bytes",
        plain.len()
    );
    coded.len()
}

/// What the table can say, the writer of instructions says, in as many bytes as the prices are.
#[test]
fn every_match_is_written_at_its_price() {
    let base = noise(50_000, 6);
    let mut out = vec![0; 60_000];
    for len in [3, 4, 8, 9, 10, 33, 34, 263, 264, 265, 288, 289, 600] {
        for distance in [1, 8, 9, 2048, 2049, 3072, 3073, 16384, 16385, 32767, 32768, 49151] {
            for run in [0, 1, 2, 3, 4, 18, 19, 273, 274, 528, 529] {
                let mut plain = base.clone();
                // A match of 4, a run, and the match in question.
                let copy = |plain: &mut Vec<u8>, len, distance| {
                    for _ in 0..len {
                        plain.push(plain[plain.len() - distance]);
                    }
                };
                copy(&mut plain, 4, 100);
                plain.extend_from_slice(&noise(run, 7));
                copy(&mut plain, len, distance);
                let mut coded = Coded::new(&mut out);
                let four = Found {
                    len: 4,
                    distance: 100,
                };
                let found = Found { len, distance };
                let at = coded.sequence(&plain, 0, base.len(), four);
                let at = coded.sequence(&plain, at, at + run, found);
                let n = coded.end(&plain, at);
                let what = format!("{len} bytes at {distance} behind {run}");
                assert!(decoded(&out[..n], plain.len()).as_ref() == Ok(&plain), "{what}");
                let run = u32::try_from(run).unwrap();
                let price = (1..=run).map(literal_price).sum::<u32>() + match_price(found, run);
                // The base is a run of 0, 196 zeros and a byte; the end mark takes three.
                let rest = base.len() + 198 + 2 + 3;
                assert_eq!(n, rest + price as usize, "{what}");
            }
        }
    }
}

#[test]
fn blocks_of_all_small_sizes() {
    for level in LEVELS {
        for len in 0..=300 {
            let zeros = round_trip(level, &vec![0; len]);
            assert!(len < 40 || zeros < 20, "{len} zeros take {zeros} bytes");
            round_trip(level, &noise(len, 8));
            round_trip(level, &b"abcabcabd".repeat(40)[..len]);
            let words: Vec<u8> = noise(len, 9).into_iter().map(|byte| byte & 3).collect();
            round_trip(level, &words);
        }
    }
}

#[test]
fn blocks_around_the_usual_size_and_beyond_the_reach_of_positions() {
    const FULL: usize = 256 << 10;
    let words: Vec<u8> = noise(FULL + 20, 10).into_iter().map(|byte| byte & 7).collect();
    for level in LEVELS {
        for len in [
            49_150,
            65_536,
            65_552,
            131_073,
            FULL - 1,
            FULL,
            FULL + 1,
            FULL + 17,
        ] {
            round_trip(level, &words[..len]);
        }
    }
    // A period that matches can reach, one that positions can count and matches cannot, and one beyond. The fast search
    // passes over noise too fast to notice.
    for (period, shrinks) in [(49_151, true), (49_152, false), (65_535, false), (65_536, false)] {
        let plain = noise(period, 11).repeat(4);
        round_trip(1, &plain);
        let n = round_trip(9, &plain);
        assert_eq!(n < plain.len() / 2, shrinks, "period {period}: {n} bytes");
    }
}

/// Between noise, of which up to three bytes cost nothing more, three bytes that stood near before: they take two.
#[test]
fn the_slow_search_finds_three_bytes() {
    let fresh = noise(2000, 17);
    let mut plain = fresh[..1000].to_vec();
    for two in fresh[1000..].chunks_exact(2) {
        plain.extend_from_slice(two);
        let from = plain.len() - 700;
        plain.extend_from_within(from..from + 3);
    }
    // 3,500 bytes: 1,000, and 500 times 4 for 5.
    let n = round_trip(9, &plain);
    assert!(n < 3200, "{n} bytes of {}", plain.len());
}

/// What costs the fast search most: runs that need two bytes more, before matches that save one.
#[test]
fn no_block_takes_more_room_than_most_says() {
    // Words to refer to, between zeros, which keep the search from passing over them; beyond 16 KiB; references.
    let words = noise(2000, 12);
    let mut plain = Vec::new();
    for word in words.chunks_exact(4) {
        plain.extend_from_slice(word);
        plain.extend_from_slice(&[0; 12]);
    }
    plain.resize(plain.len() + 20_000, 0);
    let before = plain.len();
    for (i, word) in (0..).zip(words.chunks_exact(4)) {
        plain.extend_from_slice(&noise(19, 100 + i));
        plain.extend_from_slice(word);
    }
    for level in LEVELS {
        round_trip(level, &plain);
    }
    let added = round_trip(1, &plain) - round_trip(1, &plain[..before]);
    let len = plain.len() - before;
    assert!(added > len + 150, "{added} bytes for {len}: this tests nothing");
    assert!(added < most(len), "{added} bytes for {len}");
}

#[test]
fn a_compressor_remembers_nothing() {
    let (a, b) = (noise(5000, 14), [noise(3000, 14), noise(70_000, 15)].concat());
    for level in LEVELS {
        let mut used = Compressor::new(level);
        let mut out = vec![0; most(b.len())];
        used.compress(&b, &mut out);
        used.compress(&a, &mut out);
        let n = used.compress(&b, &mut out);
        assert!(out[..n] == compressed(level, &b), "level {level}");
    }
}

/// An instruction: which, a length, a distance, trailing literals. What does not fit where it comes is made to.
type Choice = (u8, usize, usize, usize);

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    let len = prop_oneof![4 => 0..40_usize, 1 => 0..2000_usize];
    let distance = prop_oneof![2 => 0..40_usize, 1 => 0..3000_usize, 1 => 0..50_000_usize];
    prop::collection::vec((0..6_u8, len, distance, 0..4_usize), 0..60)
}

fn assemble(choices: &[Choice], start: usize) -> Assembler {
    let mut b = Assembler::default();
    let data = noise(70_000, 16);
    match start {
        0 => (),
        1..=238 => b.first(&data[..start]),
        _ => b.run(&data[..start]),
    }
    for &(kind, len, distance, trailing) in choices {
        let trailing = &data[1000..1000 + trailing];
        let reach = b.plain.len();
        let within = |least: usize, most: usize| least + distance % (most.min(reach) + 1 - least);
        match kind {
            0 if b.state == 0 => b.run(&data[..len + 4]),
            1 if reach > 0 => b.near(3 + len % 6, within(1, 2048), trailing),
            2 if reach > 0 => b.middle(3 + len, within(1, 16384), trailing),
            3 if reach > 16384 => b.far(3 + len, within(16385, 49151), trailing),
            4 if (1..4).contains(&b.state) => b.after_literals(within(1, 1024), trailing),
            4 if b.state == 4 && reach > 2048 => b.after_literals(within(2049, 3072), trailing),
            _ => (),
        }
    }
    b.end();
    b
}

/// Data with matches of all kinds: pieces of what came before, and noise.
fn patterned() -> impl Strategy<Value = Vec<u8>> {
    choices().prop_flat_map(|choices| {
        prop_oneof![Just(0), 1..238_usize, 239..60_000_usize]
            .prop_map(move |start| assemble(&choices, start).plain)
    })
}

proptest! {
    #[test]
    fn any_instructions_are_decoded(
        choices in choices(),
        start in prop_oneof![Just(0), 1..238_usize, 239..60_000_usize],
    ) {
        let block = assemble(&choices, start);
        let got = decoded(&block.coded, block.plain.len());
        prop_assert!(got.as_ref() == Ok(&block.plain), "{:?}", got.err());
        // One byte less room, one more.
        if let Some(less) = block.plain.len().checked_sub(1) {
            prop_assert!(decoded(&block.coded, less).is_err());
        }
        prop_assert!(decoded(&block.coded, block.plain.len() + 1).is_err());
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        coded in prop::collection::vec(prop_oneof![any::<u8>(), 0..40_u8], 0..300),
        len in 0..2000_usize,
    ) {
        // That nothing panics is what counts.
        let _ = decoded(&coded, len);
    }

    #[test]
    fn damaged_blocks_are_decoded_or_refused(
        choices in choices(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        start in 1..3000_usize,
    ) {
        let mut block = assemble(&choices, start);
        for (index, flip) in flips {
            let at = index.index(block.coded.len());
            block.coded[at] ^= flip;
        }
        let _ = decoded(&block.coded, block.plain.len());
    }

    #[test]
    fn whatever_is_compressed_comes_back(plain in patterned(), level in prop::sample::select(&LEVELS[..])) {
        round_trip(level, &plain);
    }
}
