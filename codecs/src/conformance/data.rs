//! Data to compress: a few shapes, any size, always the same.

/// SplitMix64: small, fast, and all a test needs.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Rng(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0. (The bias of the remainder does not matter here.)
    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("below a usize")
    }

    /// A length up to `most`, small ones as likely as large ones.
    pub(super) fn length(&mut self, most: usize) -> usize {
        let bits = self.below(most.ilog2() as usize + 2);
        self.below((1 << bits).min(most) + 1)
    }
}

/// What data looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Zeros,
    Text,
    Random,
    Numbers,
}

pub(super) const SHAPES: [Shape; 4] = [Shape::Zeros, Shape::Text, Shape::Random, Shape::Numbers];

impl Shape {
    pub(super) fn bytes(self, len: usize) -> Vec<u8> {
        let mut rng = Rng::new(len as u64);
        let mut bytes = Vec::with_capacity(len + 16);
        match self {
            Shape::Zeros => bytes.resize(len, 0),
            Shape::Text => {
                const WORDS: [&str; 16] = [
                    "the ",
                    "of ",
                    "a ",
                    "demijohn ",
                    "is ",
                    "bottle ",
                    "large ",
                    "and ",
                    "in ",
                    "wicker ",
                    "holds ",
                    "wine, ",
                    "or ",
                    "ten ",
                    "gallons.\n",
                    "cider ",
                ];
                while bytes.len() < len {
                    bytes.extend_from_slice(WORDS[rng.below(WORDS.len())].as_bytes());
                }
            }
            Shape::Random => {
                while bytes.len() < len {
                    bytes.extend_from_slice(&rng.next().to_le_bytes());
                }
            }
            // A smooth curve with noise in its last digits, as measurements are.
            Shape::Numbers => {
                let mut value = 1e3;
                while bytes.len() < len {
                    value += f64::from(u8::try_from(rng.below(200)).expect("small")) / 100.0 - 1.0;
                    bytes.extend_from_slice(&f64::to_le_bytes(value));
                }
            }
        }
        bytes.truncate(len);
        bytes
    }
}

/// All shapes one behind the other, in stretches of 10,000 bytes.
pub(super) fn mixed(len: usize) -> Vec<u8> {
    const STRETCH: usize = 10_000;
    let stretches = SHAPES.map(|shape| shape.bytes(STRETCH));
    let mut bytes = Vec::with_capacity(len + STRETCH);
    let mut number = 0u64;
    while bytes.len() < len {
        // Numbered, so that no two places look alike.
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&stretches[(number % 4) as usize]);
        number += 1;
    }
    bytes.truncate(len);
    bytes
}
