//! blosclz, the codec that came with Blosc: literals and matches, after FastLZ.
//!
//! A control byte below 32 is followed by one literal more than it says. Any other holds the length of a match in its
//! upper three bits and the distance's upper five; lengths go on in bytes of 255, and one distance stands for two
//! more bytes of distance.

use super::matches::{CUT, literals, repeat};

/// Decodes `coded` to the front of `out`; the number of bytes, or what is wrong.
pub(super) fn decode(coded: &[u8], out: &mut [u8]) -> Result<usize, &'static str> {
    let Some(&first) = coded.first() else {
        return Ok(0);
    };
    // The first is always of literals; the upper bits name the version of the codec.
    let mut control = usize::from(first & 31);
    let (mut at, mut made) = (1, 0);
    loop {
        if control < 32 {
            let n = control + 1;
            literals(coded, at, out, made, n)?;
            at += n;
            made += n;
        } else {
            let mut len = (control >> 5) - 1;
            let upper = (control & 31) << 8;
            if len == 6 {
                loop {
                    let more = *coded.get(at).ok_or(CUT)?;
                    at += 1;
                    len += usize::from(more);
                    if more != 255 {
                        break;
                    }
                }
            }
            len += 3;
            let lower = *coded.get(at).ok_or(CUT)?;
            at += 1;
            let mut distance = upper + usize::from(lower) + 1;
            if distance == FAR {
                let far = coded.get(at..at + 2).ok_or(CUT)?;
                at += 2;
                distance += usize::from(u16::from_be_bytes([far[0], far[1]]));
            }
            repeat(out, made, distance, len)?;
            made += len;
        }
        if at == coded.len() {
            return Ok(made);
        }
        control = usize::from(coded[at]);
        at += 1;
    }
}

/// The distance of a match that is farther away: two more bytes are added to it.
const FAR: usize = 8192;

#[cfg(test)]
mod tests {
    use super::super::matches::TOO_LONG;
    use super::*;

    fn decoded(coded: &[u8], len: usize) -> Result<Vec<u8>, &'static str> {
        let mut out = vec![0xee; len];
        decode(coded, &mut out).map(|n| {
            out.truncate(n);
            out
        })
    }

    #[test]
    fn literals_and_matches() {
        // The upper bits of the first byte are the codec's version.
        assert_eq!(decoded(&[0x20 | 2, b'a', b'b', b'c'], 3).unwrap(), b"abc");
        // Three and a length of 1..6 in the control byte; the distance is one more than written.
        assert_eq!(decoded(&[2, b'a', b'b', b'c', 0x20, 2], 6).unwrap(), b"abcabc");
        assert_eq!(
            decoded(&[2, b'a', b'b', b'c', 0x40, 0], 7).unwrap(),
            b"abccccc"[..7]
        );
        // A longer one.
        let long = [0, b'x', 0xe0, 255, 3, 0];
        assert_eq!(decoded(&long, 1 + 6 + 255 + 3 + 3).unwrap(), vec![b'x'; 268]);
        assert_eq!(decoded(&[], 9).unwrap(), b"");
    }

    #[test]
    fn distances_of_any_size() {
        let mut state = 1_u32;
        let plain: Vec<u8> = (0..80_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        let mut literals = Vec::new();
        for piece in plain.chunks(32) {
            literals.push(u8::try_from(piece.len() - 1).unwrap());
            literals.extend_from_slice(piece);
        }
        for distance in [
            1,
            2,
            3,
            7,
            15,
            16,
            17,
            256,
            257,
            8190,
            8191,
            8192,
            8193,
            70_000,
            8192 + 65_535,
        ] {
            for len in [3, 8, 9, 263, 264, 265, 1000] {
                let mut coded = literals.clone();
                let rest = len - 3;
                let upper = if distance >= 8192 { 31 } else { (distance - 1) >> 8 };
                let short = rest.min(6) + 1;
                coded.push(u8::try_from(short << 5 | upper).unwrap());
                if rest >= 6 {
                    coded.extend(std::iter::repeat_n(255, (rest - 6) / 255));
                    coded.push(u8::try_from((rest - 6) % 255).unwrap());
                }
                if distance >= 8192 {
                    coded.push(255);
                    coded.extend(u16::try_from(distance - 8192).unwrap().to_be_bytes());
                } else {
                    coded.push(u8::try_from((distance - 1) & 255).unwrap());
                }
                let mut expected = plain.clone();
                for _ in 0..len {
                    expected.push(expected[expected.len() - distance]);
                }
                // With room behind the match, and without.
                for spare in [0, 1, 100] {
                    let got = decoded(&coded, expected.len() + spare).unwrap();
                    assert!(got == expected, "distance {distance}, length {len}");
                }
                assert_eq!(decoded(&coded, expected.len() - 1), Err(TOO_LONG));
            }
        }
    }

    #[test]
    fn what_is_cut_or_reaches_too_far_is_an_error() {
        let coded = [2, b'a', b'b', b'c', 0xe0, 255, 3, 2, 0, b'd', 0x3f, 255, 0, 1];
        for len in [2, 3, 5, 6, 7, 9, 11, 12, 13] {
            assert!(decoded(&coded[..len], 10_000).is_err(), "{len} bytes");
        }
        let error = decoded(&[2, b'a', b'b', b'c', 0x20, 3], 100).unwrap_err();
        assert!(error.contains("reaches back"), "{error}");
        assert!(decoded(&coded, 10_000).unwrap_err().contains("reaches back"));
    }
}
