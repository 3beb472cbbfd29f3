//! The third step: bytes become their places in a list of the latest ones first, and runs of its front are counted.

/// The digits of the length of a run.
const RUN_DIGITS: u16 = 2;

/// What the last step codes.
#[derive(Default)]
pub(super) struct Symbols {
    pub(super) list: Vec<u16>,
    /// Which bytes there are.
    pub(super) used: Vec<u8>,
}

impl Symbols {
    /// How many symbols there can be: two digits for runs, all places but the first, and the end.
    pub(super) fn alphabet(&self) -> usize {
        self.used.len() + 2
    }

    /// Makes them from the bytes of a sorted block.
    pub(super) fn make(&mut self, sorted: &[u8]) {
        let mut there = [false; 256];
        for &byte in sorted {
            there[usize::from(byte)] = true;
        }
        self.used.clear();
        self.used
            .extend((0..=255_u8).filter(|byte| there[usize::from(*byte)]));
        let mut latest = Latest::new(&there);
        let list = &mut self.list;
        list.clear();
        let mut run = 0_u32;
        for &byte in sorted {
            if byte == latest.first() {
                run += 1;
                continue;
            }
            push_run(list, run);
            run = 0;
            list.push(latest.place(byte) + 1);
        }
        push_run(list, run);
        list.push(RUN_DIGITS - 1 + u16::try_from(self.used.len()).expect("256 at most"));
    }
}

/// The length of a run, in base 2 with the digits 1 and 2, the lowest one first: one more than it, in binary, without its
/// first digit.
fn push_run(list: &mut Vec<u16>, run: u32) {
    let mut digits = run + 1;
    while digits > 1 {
        list.push(u16::from(digits & 1 == 1));
        digits >>= 1;
    }
}

/// All bytes, the latest ones first, eight in a word of which the first is the lowest.
struct Latest([u64; 32]);

/// The lowest and the highest bit of each byte.
const LOWEST: u64 = u64::from_le_bytes([1; 8]);
const HIGHEST: u64 = LOWEST << 7;

impl Latest {
    /// Those that there are come first.
    fn new(there: &[bool; 256]) -> Self {
        let mut bytes = (0..=255_u8).filter(|byte| there[usize::from(*byte)]);
        let mut others = (0..=255_u8).filter(|byte| !there[usize::from(*byte)]);
        Latest([(); 32].map(|()| {
            let word = [(); 8].map(|()| bytes.next().or_else(|| others.next()).expect("256 in all"));
            u64::from_le_bytes(word)
        }))
    }

    fn first(&self) -> u8 {
        self.0[0].to_le_bytes()[0]
    }

    /// The place of a byte, which moves to the front.
    fn place(&mut self, byte: u8) -> u16 {
        let wanted = u64::from(byte) * LOWEST;
        let mut moved = u64::from(byte);
        let mut place = 0;
        for word in &mut self.0 {
            let others = *word ^ wanted;
            // Of the bytes that are zero, the first has its highest bit here, and none before it.
            let found = others.wrapping_sub(LOWEST) & !others & HIGHEST;
            let behind = *word << 8 | moved;
            if found != 0 {
                let at = found.trailing_zeros() / 8;
                let stay = u64::MAX << 8 << (8 * at);
                *word = *word & stay | behind & !stay;
                return place + u16::from(at.to_le_bytes()[0]);
            }
            moved = *word >> 56;
            *word = behind;
            place += 8;
        }
        unreachable!("every byte is in the list")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_their_places_and_runs_their_lengths() {
        let mut symbols = Symbols::default();
        symbols.make(b"baaaabc");
        assert_eq!(symbols.used, b"abc");
        // b is second of a, b, c; a is behind it then; three more of it are the digits 1, 1.
        assert_eq!(symbols.list, [2, 2, 0, 0, 2, 3, 4]);
        assert_eq!(symbols.alphabet(), 5);
        symbols.make(b"zz");
        assert_eq!((&symbols.list[..], &symbols.used[..]), (&[1, 2][..], &b"z"[..]));
    }

    #[test]
    fn places_are_those_in_a_list() {
        let mut latest = Latest::new(&[true; 256]);
        let mut list: Vec<u8> = (0..=255).collect();
        let mut state = 1_u32;
        for _ in 0..10_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = state.to_be_bytes()[0] & state.to_be_bytes()[1];
            let place = list.iter().position(|&there| there == byte).unwrap();
            list[..=place].rotate_right(1);
            assert_eq!(usize::from(latest.place(byte)), place);
            assert_eq!(latest.first(), byte);
        }
    }
}
