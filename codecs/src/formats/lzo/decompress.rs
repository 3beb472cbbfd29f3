//! LZO1X blocks to plain bytes: the instructions of all compressors of that family, LZO1X-1 to LZO1X-999.
//!
//! An instruction is a first byte, what else it takes of operands, and up to three literals that follow its match. What
//! first bytes below 16 mean depends on the instruction before, which is the `state` below.

/// What is wrong with a block.
pub(super) type Damage = &'static str;

const CUT: Damage = "an instruction is cut short";
const NO_END: Damage = "its end mark is missing";
const TOO_FAR: Damage = "a match begins before the block";
const TOO_LONG: Damage = "it holds more bytes than its header says";
const TOO_SHORT: Damage = "it holds fewer bytes than its header says";
const BEHIND_END: Damage = "bytes follow its end mark";
const NOT_THE_END: Damage = "an end mark with a length or literals";

/// The end mark: a match at a distance that no other may have.
pub(super) const END: [u8; 3] = [0x11, 0, 0];

/// Literals before the first match, or more than three since the last one.
const AFTER_RUN: usize = 4;

/// No byte of a block stands for more plain ones.
pub(super) const RATIO: usize = 255;

/// Copies are made in units that may end behind what is copied. What stands there is written later.
const UNIT: usize = 16;
/// Room behind a copy that makes that safe.
const SLACK: usize = 2 * UNIT;

/// Decodes a block that has exactly as many plain bytes as `out`.
pub(super) fn decompress(coded: &[u8], out: &mut [u8]) -> Result<(), Damage> {
    let (mut at, mut filled) = (0, 0);
    let mut state = 0;
    if let Some(&first @ 18..) = coded.first() {
        let n = usize::from(first) - 17;
        copy_literals(coded, 1, out, 0, n)?;
        (at, filled) = (1 + n, n);
        state = n.min(AFTER_RUN);
    }
    loop {
        let word = word(coded, at)?;
        let first = byte(word, 0);
        let (len, distance);
        let trailing;
        // The bytes behind the operands.
        let literals;
        if first >= 64 {
            len = 1 + (first >> 5);
            distance = (byte(word, 1) << 3) + (first >> 2 & 7) + 1;
            trailing = first & 3;
            literals = word >> 16;
            at += 2;
        } else if first >= 16 {
            // 16 to 31 reach farther and have fewer bits for the length.
            let (bits, base) = if first >= 32 {
                (31, 1)
            } else {
                (7, 16384 + ((first & 8) << 11))
            };
            let mut operands = word >> 8;
            at += 1;
            len = match first & bits {
                0 => {
                    let (more, behind) = extended(coded, at)?;
                    at = behind;
                    operands = self::word(coded, at).map_err(|_| CUT)?;
                    2 + bits + more
                }
                short => 2 + short,
            };
            let pair = byte(operands, 0) | byte(operands, 1) << 8;
            distance = base + (pair >> 2);
            trailing = pair & 3;
            literals = operands >> 16;
            at += 2;
            if distance == 16384 && first < 32 {
                let whole = len == 3 && trailing == 0;
                return end(whole, coded.len().checked_sub(at), out.len() - filled);
            }
        } else if state == 0 {
            let n;
            (n, at) = match first {
                0 => {
                    let (more, behind) = extended(coded, at + 1)?;
                    (18 + more, behind)
                }
                short => (3 + short, at + 1),
            };
            copy_literals(coded, at, out, filled, n)?;
            at += n;
            filled += n;
            state = AFTER_RUN;
            continue;
        } else {
            let near = (byte(word, 1) << 2) + (first >> 2) + 1;
            (len, distance) = if state == AFTER_RUN {
                (3, near + 2048)
            } else {
                (2, near)
            };
            trailing = first & 3;
            literals = word >> 16;
            at += 2;
        }
        if coded.len() < at + trailing {
            return Err(CUT);
        }
        if distance > filled {
            return Err(TOO_FAR);
        }
        let room = out.len() - filled;
        if room >= len + SLACK {
            copy_match(out, filled, distance, len);
            filled += len;
            // Three at most, but four are as quick.
            let four = literals.to_le_bytes();
            out[filled..filled + 4].copy_from_slice(&four[..4]);
        } else if room >= len + trailing {
            repeat(out, filled, distance, len);
            filled += len;
            out[filled..filled + trailing].copy_from_slice(&coded[at..at + trailing]);
        } else {
            return Err(TOO_LONG);
        }
        at += trailing;
        filled += trailing;
        state = trailing;
    }
}

/// The verdict on a block whose end mark has been read: is the mark whole, how many bytes follow it, and how many
/// plain ones are missing?
#[cold]
fn end(whole: bool, behind: Option<usize>, missing: usize) -> Result<(), Damage> {
    match (behind, whole, missing) {
        (None, ..) => Err(CUT),
        (_, false, _) => Err(NOT_THE_END),
        (Some(1..), ..) => Err(BEHIND_END),
        (_, _, 1..) => Err(TOO_SHORT),
        (Some(0), true, 0) => Ok(()),
    }
}

/// The next eight bytes, the first one lowest; zeros where there are no more.
#[inline(always)]
fn word(coded: &[u8], at: usize) -> Result<u64, Damage> {
    match coded[at..].first_chunk() {
        Some(bytes) => Ok(u64::from_le_bytes(*bytes)),
        None => last_word(&coded[at..]),
    }
}

#[cold]
fn last_word(rest: &[u8]) -> Result<u64, Damage> {
    if rest.is_empty() {
        return Err(NO_END);
    }
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    Ok(u64::from_le_bytes(bytes))
}

#[inline(always)]
fn byte(word: u64, index: usize) -> usize {
    usize::from(word.to_le_bytes()[index])
}

/// A length that goes on: 255 for each zero byte, and the byte behind them. Also where that ends.
#[inline]
fn extended(coded: &[u8], at: usize) -> Result<(usize, usize), Damage> {
    let rest = coded.get(at..).ok_or(CUT)?;
    let zeros = rest.iter().position(|&byte| byte != 0).ok_or(CUT)?;
    if zeros > usize::MAX / 256 {
        return Err(TOO_LONG);
    }
    Ok((255 * zeros + usize::from(rest[zeros]), at + zeros + 1))
}

/// Copies `n` bytes of the block.
#[inline(always)]
fn copy_literals(coded: &[u8], at: usize, out: &mut [u8], filled: usize, n: usize) -> Result<(), Damage> {
    let (from, to) = (&coded[at..], &mut out[filled..]);
    if n <= SLACK && from.len() >= SLACK && to.len() >= SLACK {
        to[..UNIT].copy_from_slice(&from[..UNIT]);
        if n > UNIT {
            to[UNIT..SLACK].copy_from_slice(&from[UNIT..SLACK]);
        }
        return Ok(());
    }
    let from = from.get(..n).ok_or(CUT)?;
    to.get_mut(..n).ok_or(TOO_LONG)?.copy_from_slice(from);
    Ok(())
}

/// Copies a match that has at least `SLACK` bytes of room behind it, into some of which it may write.
#[inline(always)]
fn copy_match(out: &mut [u8], to: usize, distance: usize, len: usize) {
    if distance >= UNIT {
        if len > 4 * UNIT {
            return repeat(out, to, distance, len);
        }
        let mut done = 0;
        while done < len {
            copy_unit::<UNIT>(out, to + done - distance, to + done);
            done += UNIT;
        }
    } else if distance >= 8 && len <= 8 {
        copy_unit::<8>(out, to - distance, to);
    } else {
        copy_near(out, to, distance, len);
    }
}

#[inline(always)]
fn copy_unit<const N: usize>(out: &mut [u8], from: usize, to: usize) {
    let unit: [u8; N] = *out[from..].first_chunk().expect("before the room");
    *out[to..].first_chunk_mut().expect("within the room") = unit;
}

/// The smallest multiple of each distance below `UNIT` that is 8 or more.
const FAR: [usize; UNIT] = [0, 8, 8, 9, 8, 10, 12, 14, 8, 9, 10, 11, 12, 13, 14, 15];

/// Copies a match that may overlap itself.
fn copy_near(out: &mut [u8], to: usize, distance: usize, len: usize) {
    if len > 4 * UNIT {
        return repeat(out, to, distance, len);
    }
    // The pattern is written until it reaches back eight bytes or more; from there on it is copied in eights.
    let far = FAR[distance];
    for at in to..to + far - distance {
        out[at] = out[at - distance];
    }
    let mut done = far - distance;
    while done < len {
        copy_unit::<8>(out, to + done - far, to + done);
        done += 8;
    }
}

/// Copies a match to the byte: pieces as long as the pattern, which doubles with each one.
fn repeat(out: &mut [u8], to: usize, distance: usize, len: usize) {
    let from = to - distance;
    let mut done = 0;
    while done < len {
        let n = (distance + done).min(len - done);
        out.copy_within(from..from + n, to + done);
        done += n;
    }
}
