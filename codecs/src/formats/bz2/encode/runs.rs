//! The first step: of four to 255 equal bytes in a row, four stay, with a count of the others behind them.

/// Equal bytes in a row from which on they are counted.
const COUNTED: usize = 4;
/// The longest run of one count, which could be 259 but for what the program writes.
const LONGEST: usize = 255;

/// Appends the first step of as many bytes as fit to `block`, up to `capacity`, and says how many those are.
pub(super) fn shorten(plain: &[u8], capacity: usize, block: &mut Vec<u8>) -> usize {
    let mut at = 0;
    loop {
        let room = capacity - block.len();
        let run = next_run(&plain[at..]).map_or(plain.len(), |run| at + run);
        if run - at >= room {
            block.extend_from_slice(&plain[at..at + room]);
            return at + room;
        }
        block.extend_from_slice(&plain[at..run]);
        at = run;
        let Some(&byte) = plain.get(run) else {
            return run;
        };
        if capacity - block.len() <= COUNTED {
            return run;
        }
        let len = plain[run..]
            .iter()
            .take(LONGEST)
            .take_while(|&&next| next == byte)
            .count();
        block.extend([byte; COUNTED]);
        block.extend(u8::try_from(len - COUNTED));
        at += len;
    }
}

/// Where the first run begins that is counted.
fn next_run(plain: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(&[a, b, c, d]) = plain.get(at..at + COUNTED) {
        if c != d {
            // No run goes over these two.
            at += 3;
        } else if b != c {
            at += 2;
        } else if a != b {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(plain: &[u8], capacity: usize) -> (usize, Vec<u8>) {
        let mut block = Vec::new();
        let taken = shorten(plain, capacity, &mut block);
        (taken, block)
    }

    #[test]
    fn runs_of_four_and_more_are_counted() {
        for (plain, block) in [
            (&b""[..], &b""[..]),
            (b"aaa", b"aaa"),
            (b"aaaa", b"aaaa\0"),
            (b"abbbbbc", b"abbbb\x01c"),
            (b"aabbbccccdddde", b"aabbbcccc\0dddd\0e"),
        ] {
            assert_eq!(shortened(plain, 100), (plain.len(), block.to_vec()));
        }
        assert_eq!(
            shortened(&[7; 255 + 3], 100).1,
            b"\x07\x07\x07\x07\xfb\x07\x07\x07"
        );
        assert_eq!(
            shortened(&[7; 255 + 4], 100).1,
            b"\x07\x07\x07\x07\xfb\x07\x07\x07\x07\0"
        );
    }

    #[test]
    fn a_block_is_never_larger_than_it_may_be_and_no_run_is_cut_from_its_count() {
        let plain = b"abbbbbcdddddddde";
        let (_, whole) = shortened(plain, 100);
        for capacity in 5..20 {
            let (taken, block) = shortened(plain, capacity);
            assert!(block.len() <= capacity && taken > 0);
            assert_eq!(block, whole[..block.len()]);
            // What it holds is what was taken.
            assert_eq!(shortened(&plain[..taken], 100).1, block);
        }
    }
}
