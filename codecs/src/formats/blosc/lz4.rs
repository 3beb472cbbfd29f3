//! LZ4 blocks ([the block format](https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md)) that refer to nothing
//! outside themselves.
//!
//! lz4_flex, which decodes the blocks of lz4 frames, is slow at what shuffled data is full of: short distances and long
//! runs. Bytes that were shuffled take it 1.1 to 1.3 times as long as this, shuffled bits three times as long.

use super::matches::{CUT, literals, repeat};

/// The shortest match.
const SHORTEST: usize = 4;
/// A length that goes on in bytes of its own.
const LONG: usize = 15;

/// Decodes `coded` to the front of `out`; the number of bytes, or what is wrong.
pub(super) fn decode(coded: &[u8], out: &mut [u8]) -> Result<usize, &'static str> {
    let (mut at, mut made) = (0, 0);
    loop {
        // A token, all the literals there can be without a length of their own, and a distance; and room for as many.
        // Only the last few sequences have less.
        let fast = coded.get(at..).and_then(|rest| rest.first_chunk::<19>());
        let room = out.get_mut(made..).and_then(|out| out.first_chunk_mut::<16>());
        let token = usize::from(*coded.get(at).ok_or(CUT)?);
        at += 1;
        let (mut run, mut len) = (token >> 4, token & 15);
        let distance = if run < LONG
            && let (Some(from), Some(to)) = (fast, room)
        {
            to.copy_from_slice(&from[1..17]);
            at += run + 2;
            made += run;
            [from[run + 1], from[run + 2]]
        } else {
            if run == LONG {
                run += more(coded, &mut at)?;
            }
            literals(coded, at, out, made, run)?;
            at += run;
            made += run;
            if at == coded.len() {
                return Ok(made);
            }
            let distance = *coded[at..].first_chunk().ok_or(CUT)?;
            at += 2;
            distance
        };
        if len == LONG {
            len += more(coded, &mut at)?;
        }
        len += SHORTEST;
        repeat(out, made, u16::from_le_bytes(distance).into(), len)?;
        made += len;
    }
}

/// The rest of a length.
fn more(coded: &[u8], at: &mut usize) -> Result<usize, &'static str> {
    let mut len = 0;
    loop {
        let byte = *coded.get(*at).ok_or(CUT)?;
        *at += 1;
        len += usize::from(byte);
        if byte != 255 {
            return Ok(len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8], len: usize) -> Result<Vec<u8>, &'static str> {
        let mut out = vec![0xee; len];
        decode(coded, &mut out).map(|n| {
            out.truncate(n);
            out
        })
    }

    #[test]
    fn sequences_by_hand() {
        assert_eq!(decoded(&[0x30, b'a', b'b', b'c'], 3).unwrap(), b"abc");
        // Two literals, a match of seven two bytes back, and a last literal.
        let coded = [0x23, b'a', b'b', 2, 0, 0x10, b'!'];
        assert_eq!(
            decoded(&coded, 10).unwrap(),
            b"abababababa"[..9]
                .iter()
                .chain(b"!")
                .copied()
                .collect::<Vec<_>>()
        );
        // A block may end behind any literals.
        for len in (0..coded.len()).filter(|len| *len != 3) {
            assert!(decoded(&coded[..len], 100).is_err(), "{len} bytes");
        }
        for room in 0..10 {
            assert!(decoded(&coded, room).is_err(), "room for {room}");
        }
        assert!(
            decoded(&[0x10, b'a', 2, 0, 0x10, b'!'], 100).is_err(),
            "before the first byte"
        );
        assert!(
            decoded(&[0x10, b'a', 0, 0, 0x10, b'!'], 100).is_err(),
            "no distance"
        );
        assert!(decoded(&[], 0).is_err());
    }

    #[test]
    fn what_another_library_codes() {
        let mut state = 1_u32;
        let mut noise = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % most
        };
        for n in 0..300 {
            // Runs, short periods and noise, of sizes that grow.
            let mut plain = Vec::new();
            while plain.len() < n * n / 4 {
                let period: Vec<u8> = (0..=noise(20)).map(|_| noise(256).to_le_bytes()[0]).collect();
                let most = if noise(9) == 0 { 3000 } else { 40 };
                let len = noise(most);
                plain.extend(period.iter().cycle().take(usize::try_from(len).unwrap()));
            }
            let coded = lz4_flex::block::compress(&plain);
            assert!(
                decoded(&coded, plain.len()).unwrap() == plain,
                "{} bytes",
                plain.len()
            );
            assert!(decoded(&coded, plain.len() + 40).unwrap() == plain);
            if !plain.is_empty() {
                assert!(decoded(&coded, plain.len() - 1).is_err());
            }
        }
    }
}
