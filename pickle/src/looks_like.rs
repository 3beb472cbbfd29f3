//! Is this a pickle?

use crate::opcode::{self as op, Operand};

/// Opcodes that a pickle may begin with if it states no protocol: those that need nothing on the stack. The last ones are
/// of protocols that are stated as a rule.
const FIRST: &[u8] = b"(])}cCBFGIJKLMNPSTUVX\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96";

/// How much is looked at. Further on, files of joblib have raw data between the opcodes, which is none of them; no
/// description of an array is as short as this.
const LOOK: usize = 64;

/// Whether `head`, the beginning of a file, looks like the beginning of a pickle.
///
/// Meant to decide where the first bytes could also be those of a compressed stream with a weak signature: zlib's and
/// LZMA's can be read as opcodes. Pickles of protocol 2 and later are known by their first two bytes; for others, the
/// first 64 bytes must be opcodes with sensible operands, as far as `head` goes. An empty `head` is no pickle.
#[must_use]
pub fn looks_like(head: &[u8]) -> bool {
    match &head[..head.len().min(LOOK)] {
        [] => false,
        [op::PROTO, protocol, ..] => *protocol <= op::HIGHEST_PROTOCOL,
        [op::PROTO] => true,
        head @ [first, ..] => FIRST.contains(first) && opcodes(head),
    }
}

/// Whether these are opcodes up to `STOP`, or to the end of what is known.
fn opcodes(mut rest: &[u8]) -> bool {
    while let Some((&opcode, after)) = rest.split_first() {
        if opcode == op::STOP {
            return true;
        }
        let Some(operand) = op::operand(opcode) else {
            return false;
        };
        rest = match skip(opcode, operand, after) {
            Skip::To(rest) => rest,
            Skip::End => return true,
            Skip::No => return false,
        };
    }
    true
}

enum Skip<'a> {
    /// Behind a sensible operand.
    To(&'a [u8]),
    /// The operand goes on beyond what is known, and is sensible so far.
    End,
    No,
}

fn skip(opcode: u8, operand: Operand, bytes: &[u8]) -> Skip<'_> {
    match operand {
        Operand::None => Skip::To(bytes),
        Operand::Fixed(n) => bytes.get(usize::from(n)..).map_or(Skip::End, Skip::To),
        Operand::Lines(n) => {
            let mut rest = bytes;
            for _ in 0..n {
                let end = rest.iter().position(|&b| b == b'\n');
                let line = &rest[..end.unwrap_or(rest.len())];
                if !sensible_line(opcode, line, end.is_some()) {
                    return Skip::No;
                }
                match end {
                    Some(end) => rest = &rest[end + 1..],
                    None => return Skip::End,
                }
            }
            Skip::To(rest)
        }
        Operand::Counted { width, signed } => {
            let width = usize::from(width);
            let Some((length, rest)) = bytes.split_at_checked(width) else {
                return Skip::End;
            };
            if signed && length[width - 1] & 0x80 != 0 {
                return Skip::No;
            }
            let length = length
                .iter()
                .rev()
                .try_fold(0_u64, |n, &b| n.checked_mul(256)?.checked_add(b.into()));
            let length = length.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
            let known = &rest[..length.min(rest.len())];
            let text = matches!(opcode, op::BINUNICODE | op::SHORT_BINUNICODE | op::BINUNICODE8);
            if text && !sensible_text(known, length > known.len()) {
                return Skip::No;
            }
            rest.get(length..).map_or(Skip::End, Skip::To)
        }
    }
}

/// Whether a line could be the operand of this opcode.
fn sensible_line(opcode: u8, line: &[u8], whole: bool) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(first) = line.first() else {
        // The empty text is one.
        return !whole || opcode == op::UNICODE;
    };
    match opcode {
        op::STRING => {
            matches!(first, b'\'' | b'"') && (!whole || line.len() > 1 && line.last() == Some(first))
        }
        // Latin-1, of whose control characters Python 3 escapes no others than this, the ends of lines and ^Z.
        op::UNICODE => !line.contains(&0),
        op::GLOBAL | op::INST => line.iter().all(|&b| b > b' ' && b != 0x7f),
        _ => line.iter().all(|&b| b.is_ascii_graphic()),
    }
}

/// Whether bytes are UTF-8, perhaps cut, lone surrogates allowed.
fn sensible_text(mut bytes: &[u8], cut: bool) -> bool {
    while let Err(e) = std::str::from_utf8(bytes) {
        match &bytes[e.valid_up_to()..] {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..] => bytes = rest,
            _ => return cut && e.error_len().is_none(),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_pickles_of_all_protocols() {
        // pickle.dumps([1, 'ab', (2.5, None)], protocol)
        for head in [
            &b"(lp0\nI1\naVab\np1\na(F2.5\nNtp2\na."[..],
            b"]q\0(K\x01X\x02\0\0\0abq\x01(G@\x04\0\0\0\0\0\0Ntq\x02e.",
            b"\x80\x02]q\0(K\x01",
            b"\x80\x04\x95",
            b"\x80\x05",
            b"N.",
            b"cnumpy\nndarray\n",
            b"cdatetime\ndate\n(c_codecs\nencode\n(V\x07\xea\x0b\x1b\nVlatin1\ntRtR.",
            b"S'abc'\np0\n.",
            b"V\np0\n.",
            b"\x88.",
            b"\x8c\x01a.",
            b"(S'abc'\n",
            b"I42\n.",
            b"X\x09\0\0\0ninebytesq\0.",
            "X\u{5}\0\0\0é\u{20ac}q\0.".as_bytes(),
            b"U\x03abcq\0.",
        ] {
            assert!(looks_like(head), "{:?}", head.escape_ascii().to_string());
            // However little of it is known.
            for cut in 1..head.len() {
                assert!(
                    looks_like(&head[..cut]),
                    "{:?}",
                    head[..cut].escape_ascii().to_string()
                );
            }
        }
    }

    #[test]
    fn looks_no_further_than_the_data_of_an_array() {
        let long = [
            b"(lp0\nVthe text that comes before the data of an array is at least this long\n",
            &[0xff; 99][..],
        ];
        assert!(looks_like(&long.concat()));
    }

    #[test]
    fn knows_what_is_no_pickle() {
        for head in [
            &b"\x78\x9c\x4b\x4c"[..],
            b"\x78\xda",
            b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
            b"\x28\x15\x4b",
            b"\x28\x53\x4b\x4c",
            b"\x58\x09\x63\x60\x60\x60\xff\x9f",
            b"\x58\x85\x4b\xcb\xcf\x4f\x4a\x2c\x02\x80\x80",
            b"\x80\x06",
            b"\x80\xff",
            b"<html>",
            b"{\"a\": 1}",
            b"PK\x03\x04",
            b"\x93NUMPY",
            b"",
            b"0.",
            b"a.",
            b"\0\0\0\0",
            b"Hello, world",
            b"S'\n",
            b"T\x01\0\0\x80",
        ] {
            assert!(!looks_like(head), "{:?}", head.escape_ascii().to_string());
        }
    }

    #[test]
    fn zlib_streams_of_small_windows_are_hardly_ever_taken_for_pickles() {
        // CMF 0x58 is BINUNICODE, 0x28 is MARK: both begin valid zlib headers. The rest is arbitrary here.
        let mut state = 1_u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let mut taken = 0;
        for _ in 0..1000 {
            for header in [[0x58, 0x09], [0x58, 0xc3], [0x28, 0x53], [0x28, 0x15]] {
                let head: Vec<u8> = header
                    .into_iter()
                    .chain(std::iter::repeat_with(&mut byte).take(62))
                    .collect();
                taken += usize::from(looks_like(&head));
            }
        }
        assert!(taken <= 4, "{taken} of 4000");
    }
}
