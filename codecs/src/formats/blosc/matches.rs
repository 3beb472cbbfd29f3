//! What lz4 and blosclz have in common: literals, and matches, which repeat what is there already.
//!
//! Bytes are moved by whole words where there is room. A word may write past the end of what is copied; what comes
//! next overwrites that, so the caller's slice decides how much is really kept.

/// Bytes of a word.
const WORD: usize = 16;
/// Longer matches are not moved word by word.
const LONG: usize = 128;

pub(super) const TOO_LONG: &str = "there is more data than the block holds";
pub(super) const CUT: &str = "the data ends in the middle of a match";
pub(super) const CUT_LITERALS: &str = "the data ends in the middle of literals";

/// Copies `len` literals from `coded[from..]` to `out[at..]`.
#[inline(always)]
pub(super) fn literals(
    coded: &[u8],
    from: usize,
    out: &mut [u8],
    at: usize,
    len: usize,
) -> Result<(), &'static str> {
    let from = coded.get(from..).ok_or(CUT_LITERALS)?;
    let to = out.get_mut(at..).ok_or(TOO_LONG)?;
    if len <= 2 * WORD
        && let (Some(from), Some(to)) = (from.first_chunk::<{ 2 * WORD }>(), to.first_chunk_mut())
    {
        *to = *from;
        return Ok(());
    }
    let from = from.get(..len).ok_or(CUT_LITERALS)?;
    to.get_mut(..len).ok_or(TOO_LONG)?.copy_from_slice(from);
    Ok(())
}

/// Writes `len` bytes at `at` that repeat those `distance` in front of them.
#[inline(always)]
pub(super) fn repeat(out: &mut [u8], at: usize, distance: usize, len: usize) -> Result<(), &'static str> {
    let from = at
        .checked_sub(distance)
        .ok_or("a match reaches back before the first byte")?;
    // From here on: what is repeated is at 0, and goes to `distance`.
    let out = out.get_mut(from..).ok_or(TOO_LONG)?;
    if distance >= WORD
        && len <= 2 * WORD
        && let Some(near) = out.get_mut(..distance + 2 * WORD)
    {
        copy_word(&mut near[..distance + WORD]);
        if len > WORD {
            copy_word(&mut near[WORD..]);
        }
        return Ok(());
    }
    if out.len() < distance + len {
        return Err(TOO_LONG);
    }
    repeat_any(out, distance, len)
}

/// Copies the first word to the place of the last one.
#[inline(always)]
fn copy_word(out: &mut [u8]) {
    let word: [u8; WORD] = *out.first_chunk().expect("a word and more");
    *out.last_chunk_mut().expect("a word and more") = word;
}

fn repeat_any(out: &mut [u8], distance: usize, len: usize) -> Result<(), &'static str> {
    let mut done = 0;
    match distance {
        0 => return Err("a match repeats what is not there yet"),
        1 => {
            let byte = out[0];
            out[1..=len].fill(byte);
            return Ok(());
        }
        _ if len > LONG => {
            // Large moves are fast, and what is there already doubles with each.
            while done < len {
                let n = (distance + done).min(len - done);
                out.copy_within(..n, distance + done);
                done += n;
            }
        }
        2..HALF => {
            if let Some(head) = out.first_chunk::<HALF>() {
                // As many whole periods as a half word holds.
                let period = u64::from_le_bytes(*head) & ((1 << (8 * distance)) - 1);
                let word = period.wrapping_mul(PERIODS[distance]).to_le_bytes();
                while done < len
                    && let Some(to) = out[distance + done..].first_chunk_mut()
                {
                    *to = word;
                    done += HALF - HALF % distance;
                }
            }
        }
        HALF..WORD => {
            while done < len
                && let Some(both) = out.get_mut(done..done + distance + HALF)
            {
                let word: [u8; HALF] = *both.first_chunk().expect("a half word and more");
                *both.last_chunk_mut().expect("a half word and more") = word;
                done += HALF;
            }
        }
        WORD.. => {
            while done < len
                && let Some(both) = out.get_mut(done..done + distance + WORD)
            {
                copy_word(both);
                done += WORD;
            }
        }
    }
    // Near the end there is no room for a word.
    for i in done..len {
        out[distance + i] = out[i];
    }
    Ok(())
}

const HALF: usize = WORD / 2;

/// A number of so many bytes times this is itself over and over.
const PERIODS: [u64; HALF] = {
    let mut periods = [0; HALF];
    let mut distance = 1;
    while distance < HALF {
        let mut at = 0;
        while at < HALF {
            periods[distance] |= 1 << (8 * at);
            at += distance;
        }
        distance += 1;
    }
    periods
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_of_any_distance_and_length() {
        let plain: Vec<u8> = (1..=100).collect();
        for distance in 1..=plain.len() {
            for len in (0..70).chain([255, 1000]) {
                let mut expected = plain.clone();
                for i in 0..len {
                    expected.push(expected[plain.len() + i - distance]);
                }
                for spare in (0..20).chain([31, 32, 33, 50]) {
                    let mut out = plain.clone();
                    out.resize(plain.len() + len + spare, 0xee);
                    repeat(&mut out, plain.len(), distance, len).unwrap();
                    assert!(
                        out.starts_with(&expected),
                        "distance {distance}, length {len}, room for {spare} more"
                    );
                }
                if len > 0 {
                    let mut out = plain.clone();
                    out.resize(plain.len() + len - 1, 0);
                    assert_eq!(repeat(&mut out, plain.len(), distance, len), Err(TOO_LONG));
                }
            }
        }
        let mut out = plain.clone();
        assert!(repeat(&mut out, 50, 51, 3).is_err());
        assert!(repeat(&mut out, 50, 0, 3).is_err());
        assert!(repeat(&mut out, 101, 1, 3).is_err());
        assert!(repeat(&mut out, 101, 1, 0).is_err());
    }
}
