//! The last step: symbols become bits, fifty at a time by one of up to six Huffman codes.

use super::super::bits::Bits;
use super::front::Symbols;

/// Symbols in a group, which has one code.
const GROUP: usize = 50;
/// The most symbols there are, and the most codes.
const ALPHABET: usize = 258;
const CODES: usize = 6;
/// The longest code. The format has 20; the program writes no more than this.
const LONGEST: u8 = 17;
/// How often groups choose among the codes, and codes are made for the groups that have chosen them.
const ROUNDS: usize = 8;
/// What symbols cost that a code is not meant for, before codes are made.
const DEAR: u8 = 15;

/// Of each symbol that there can be.
type Lengths = Vec<u8>;

/// Codes for a block, and which of them each group has.
#[derive(Default)]
pub(super) struct Codes {
    lengths: Vec<Lengths>,
    choices: Vec<u8>,
}

impl Codes {
    /// Finds codes for symbols.
    pub(super) fn find(&mut self, symbols: &Symbols) {
        self.lengths = first_codes(symbols);
        self.choices.clear();
        self.choices.resize(symbols.list.len().div_ceil(GROUP), 0);
        for round in 0..ROUNDS {
            let changed = self.round(symbols);
            if !changed && round > 0 {
                break;
            }
        }
    }

    /// Lets groups choose, makes codes for what they have chosen, and says whether any has chosen anew.
    fn round(&mut self, symbols: &Symbols) -> bool {
        // The lengths of a symbol in all codes, next to one another.
        let mut costs = [[0_u16; 8]; ALPHABET];
        for (code, lengths) in self.lengths.iter().enumerate() {
            for (cost, length) in costs.iter_mut().zip(lengths) {
                cost[code] = u16::from(*length);
            }
        }
        let mut weights = [[0_u32; ALPHABET]; CODES];
        let mut changed = false;
        for (group, choice) in symbols.list.chunks(GROUP).zip(&mut self.choices) {
            let mut sums = [0_u16; 8];
            for &symbol in group {
                for (sum, cost) in sums.iter_mut().zip(costs[usize::from(symbol)]) {
                    *sum += cost;
                }
            }
            let (_, best) = (sums.iter().zip(0_u8..).take(self.lengths.len()))
                .min()
                .expect("two codes at least");
            changed |= *choice != best;
            *choice = best;
            let weights = &mut weights[usize::from(best)];
            for &symbol in group {
                weights[usize::from(symbol)] += 1;
            }
        }
        for (lengths, weights) in self.lengths.iter_mut().zip(&mut weights) {
            find_lengths(&mut weights[..lengths.len()], lengths);
        }
        changed
    }

    /// Writes the codes, the choices and the symbols.
    pub(super) fn write(&self, symbols: &Symbols, bits: &mut Bits) {
        write_used(&symbols.used, bits);
        bits.push(self.lengths.len() as u64, 3);
        bits.push(self.choices.len() as u64, 15);
        let mut latest: Vec<u8> = (0..).take(self.lengths.len()).collect();
        for choice in &self.choices {
            let place = latest.iter().take_while(|latest| *latest != choice).count();
            latest[..=place].rotate_right(1);
            bits.push((1 << (place + 1)) - 2, place + 1);
        }
        for lengths in &self.lengths {
            write_lengths(lengths, bits);
        }
        let codes: Vec<_> = self.lengths.iter().map(|lengths| code_words(lengths)).collect();
        for (group, choice) in symbols.list.chunks(GROUP).zip(&self.choices) {
            let words = &codes[usize::from(*choice)];
            let (mut value, mut len) = (0, 0);
            for &symbol in group {
                let (word, word_len) = words[usize::from(symbol)];
                if len + usize::from(word_len) > Bits::MOST {
                    bits.push(value, len);
                    (value, len) = (0, 0);
                }
                value = value << word_len | u64::from(word);
                len += usize::from(word_len);
            }
            bits.push(value, len);
        }
    }
}

/// Codes to begin with: each for symbols that are next to each other, and about as frequent together as those of the others.
fn first_codes(symbols: &Symbols) -> Vec<Lengths> {
    let mut weights = [0_usize; ALPHABET];
    for &symbol in &symbols.list {
        weights[usize::from(symbol)] += 1;
    }
    let codes = match symbols.list.len() {
        ..200 => 2,
        200..600 => 3,
        600..1200 => 4,
        1200..2400 => 5,
        _ => CODES,
    };
    let mut left = symbols.list.len();
    let mut begin = 0;
    (0..codes)
        .map(|code| {
            let share = left / (codes - code);
            let (mut end, mut sum) = (begin, 0);
            // To where it is nearest to its share.
            while end < symbols.alphabet() && (sum == 0 || sum + weights[end] / 2 < share) {
                sum += weights[end];
                end += 1;
            }
            let mut lengths = vec![DEAR; symbols.alphabet()];
            lengths[begin..end].fill(0);
            left -= sum;
            begin = end;
            lengths
        })
        .collect()
}

/// Finds the lengths of a code for symbols of these weights, which it halves until no code is too long. Every symbol has a
/// code.
fn find_lengths(weights: &mut [u32], lengths: &mut [u8]) {
    let leaves = weights.len();
    let mut order: Vec<(u32, usize)> = Vec::with_capacity(leaves);
    loop {
        order.clear();
        order.extend(
            weights
                .iter()
                .zip(0..)
                .map(|(&weight, symbol)| (weight.max(1), symbol)),
        );
        order.sort_unstable();
        // Nodes are made with rising weights, behind the leaves. The lightest are the first of either kind.
        let mut nodes: Vec<u32> = order.iter().map(|(weight, _)| *weight).collect();
        let mut parents = vec![0; 2 * leaves - 1];
        let (mut leaf, mut inner) = (0, leaves);
        for node in leaves..2 * leaves - 1 {
            let mut sum = 0;
            for _ in 0..2 {
                let from_leaves = leaf < leaves && (inner >= node || nodes[leaf] <= nodes[inner]);
                let next = if from_leaves { &mut leaf } else { &mut inner };
                sum += nodes[*next];
                parents[*next] = node;
                *next += 1;
            }
            nodes.push(sum);
        }
        // Parents are behind their children.
        let mut depths = parents;
        let root = depths.len() - 1;
        depths[root] = 0;
        for node in (0..root).rev() {
            depths[node] = depths[depths[node]] + 1;
        }
        if depths[..leaves]
            .iter()
            .all(|depth| *depth <= usize::from(LONGEST))
        {
            for (&(_, symbol), &depth) in order.iter().zip(&depths) {
                lengths[symbol] = u8::try_from(depth).expect("no more than the longest");
            }
            return;
        }
        for weight in &mut *weights {
            *weight = *weight / 2 + 1;
        }
    }
}

/// The words of a code and their lengths: shorter ones first, and those of the same length in the order of their symbols.
fn code_words(lengths: &[u8]) -> [(u32, u8); ALPHABET] {
    let mut words = [(0, 0); ALPHABET];
    let mut next = 0;
    for length in 1..=LONGEST {
        for (word, _) in words.iter_mut().zip(lengths).filter(|(_, of)| **of == length) {
            *word = (next, length);
            next += 1;
        }
        next <<= 1;
    }
    words
}

/// Which bytes there are: sixteen bits for sixteen bytes each, of which there are any.
fn write_used(used: &[u8], bits: &mut Bits) {
    let mut parts = [0_u16; 16];
    for byte in used {
        parts[usize::from(byte >> 4)] |= 1 << (15 - (byte & 15));
    }
    for part in parts {
        bits.push(u64::from(part != 0), 1);
    }
    for part in parts.into_iter().filter(|part| *part != 0) {
        bits.push(part.into(), 16);
    }
}

/// The first length, and from each to the next steps of one, up or down.
fn write_lengths(lengths: &[u8], bits: &mut Bits) {
    let mut last = lengths[0];
    bits.push(last.into(), 5);
    for &length in lengths {
        for _ in last..length {
            bits.push(0b10, 2);
        }
        for _ in length..last {
            bits.push(0b11, 2);
        }
        bits.push(0, 1);
        last = length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_symbols_have_short_codes() {
        let mut lengths = [0; 5];
        find_lengths(&mut [8, 1, 4, 1, 2], &mut lengths);
        assert_eq!(lengths, [1, 4, 2, 4, 3]);
        let words = code_words(&lengths);
        assert_eq!(
            words[..5],
            [(0b0, 1), (0b1110, 4), (0b10, 2), (0b1111, 4), (0b110, 3)]
        );
    }

    #[test]
    fn no_code_is_too_long_and_all_are_complete() {
        // Frequencies of Fibonacci make the longest codes.
        let mut weights: Vec<u32> = vec![1, 1];
        while weights.len() < 30 {
            weights.push(weights[weights.len() - 1] + weights[weights.len() - 2]);
        }
        weights.extend([0; 100]);
        let mut lengths = [0; 130];
        find_lengths(&mut weights, &mut lengths);
        assert!(lengths.iter().all(|length| (1..=17).contains(length)));
        let full: u32 = lengths.iter().map(|length| 1 << (17 - length)).sum();
        assert_eq!(full, 1 << 17);
    }

    #[test]
    fn all_symbols_have_a_code_to_begin_with() {
        let mut symbols = Symbols::default();
        for block in [
            &b"z"[..],
            &[0; 900_000],
            b"abcabc",
            &(0..=255).collect::<Vec<u8>>(),
        ] {
            symbols.make(block);
            let codes = first_codes(&symbols);
            assert!((2..=6).contains(&codes.len()));
            for symbol in 0..symbols.alphabet() {
                let cheap = codes.iter().filter(|lengths| lengths[symbol] == 0);
                assert_eq!(cheap.count(), 1, "of symbol {symbol}");
            }
        }
    }
}
