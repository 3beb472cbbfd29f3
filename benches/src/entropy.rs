//! The classes of data.

use crate::rng::SplitMix64;

/// A class of data, by how much there is to squeeze out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entropy {
    /// Nothing but zero bytes: masks, fresh buffers.
    Zeros,
    /// `i64` in 0..64, by Zipf's law: labels, counts, word ids.
    Categorical,
    /// `f32` images whose pixels were bytes once: soft shapes with a little noise.
    Images,
    /// Pronounceable words by Zipf's law, in lines: logs, documents.
    Text,
    /// `f64` running sum of small Gaussian steps: measurements over time.
    Smooth,
    /// `f64` uniform in `[0, 1)`: what no codec can do much about.
    Random,
}

impl Entropy {
    /// All classes, by rising entropy.
    pub const ALL: [Entropy; 6] = [
        Entropy::Zeros,
        Entropy::Categorical,
        Entropy::Images,
        Entropy::Text,
        Entropy::Smooth,
        Entropy::Random,
    ];

    /// The name that stands in the reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Entropy::Zeros => "zeros",
            Entropy::Categorical => "categorical",
            Entropy::Text => "text",
            Entropy::Images => "images",
            Entropy::Smooth => "smooth",
            Entropy::Random => "random",
        }
    }

    /// What it is made of, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Entropy::Zeros => "zeros",
            Entropy::Categorical => "categorical `i64`",
            Entropy::Text => "text",
            Entropy::Images => "image-like `f32`",
            Entropy::Smooth => "smooth `f64`",
            Entropy::Random => "random `f64`",
        }
    }

    /// Bytes in an element, for formats that shuffle.
    #[must_use]
    pub fn element_size(self) -> usize {
        match self {
            Entropy::Text => 1,
            Entropy::Images => 4,
            Entropy::Zeros | Entropy::Categorical | Entropy::Smooth | Entropy::Random => 8,
        }
    }

    /// Exactly `len` bytes of this class, little-endian; the same on every call.
    #[must_use]
    pub fn bytes(self, len: usize) -> Vec<u8> {
        let mut rng = SplitMix64::new(0x64_656d_696a_6f68);
        match self {
            Entropy::Zeros => vec![0; len],
            Entropy::Categorical => {
                let values = Zipf::new(64);
                filled(len, || i64::from(values.draw(&mut rng)).to_le_bytes())
            }
            Entropy::Text => text(len, &mut rng),
            Entropy::Images => images(len, &mut rng),
            Entropy::Smooth => {
                let mut level = 0.0;
                filled(len, || {
                    level += 0.01 * rng.gaussian();
                    f64::to_le_bytes(level)
                })
            }
            Entropy::Random => filled(len, || rng.uniform().to_le_bytes()),
        }
    }
}

/// Elements one after another, the last one cut where `len` says so.
fn filled<const N: usize>(len: usize, mut element: impl FnMut() -> [u8; N]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + N);
    while bytes.len() < len {
        bytes.extend_from_slice(&element());
    }
    bytes.truncate(len);
    bytes
}

/// Zipf's law over `0..n`: `k` with a weight of 1 / (k + 1).
struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    fn new(n: u32) -> Self {
        let mut sum = 0.0;
        let weights = (0..n).map(|k| 1.0 / f64::from(k + 1));
        let cumulative = weights
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        Self { cumulative }
    }

    fn draw(&self, rng: &mut SplitMix64) -> u32 {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let point = rng.uniform() * total;
        let index = self.cumulative.partition_point(|&bound| bound <= point);
        u32::try_from(index.min(self.cumulative.len() - 1)).unwrap_or(0)
    }
}

/// Words of two to four syllables, in sentences, in lines of some 80 letters.
fn text(len: usize, rng: &mut SplitMix64) -> Vec<u8> {
    const ONSETS: [&str; 16] = [
        "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "br",
    ];
    const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
    const VOCABULARY: u32 = 4096;
    let mut pick = |from: &[&'static str]| from[rng.below(u32::try_from(from.len()).unwrap_or(1)) as usize];
    let words: Vec<String> = (0..VOCABULARY)
        .map(|rank| {
            // Frequent words are short.
            let syllables = 1 + (32 - rank.leading_zeros()) / 4;
            (0..syllables)
                .map(|_| [pick(&ONSETS), pick(&VOWELS)].concat())
                .collect()
        })
        .collect();

    let ranks = Zipf::new(VOCABULARY);
    let mut text = Vec::with_capacity(len + 32);
    let mut line = 0;
    while text.len() < len {
        let start = text.len();
        text.extend_from_slice(words[ranks.draw(rng) as usize].as_bytes());
        if rng.below(9) == 0 {
            text.push(b'.');
        }
        line += text.len() - start + 1;
        text.push(if line > 80 { b'\n' } else { b' ' });
        line = if line > 80 { 0 } else { line };
    }
    text.truncate(len);
    text
}

/// Images of 64 x 64: a coarse random grid interpolated, noise of a few steps, rounded to the 256 shades of a photograph.
fn images(len: usize, rng: &mut SplitMix64) -> Vec<u8> {
    const SIDE: usize = 64;
    const CELL: usize = 16;
    const CELLS: usize = SIDE / CELL + 1;
    let mut bytes = Vec::with_capacity(len + SIDE * SIDE * 4);
    while bytes.len() < len {
        let mut grid = [[0.0; CELLS]; CELLS];
        for corner in grid.iter_mut().flatten() {
            *corner = 255.0 * rng.uniform();
        }
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (row, column) = (y / CELL, x / CELL);
                let (down, right) = ((y % CELL) as f64 / CELL as f64, (x % CELL) as f64 / CELL as f64);
                let above = mix(grid[row][column], grid[row][column + 1], right);
                let below = mix(grid[row + 1][column], grid[row + 1][column + 1], right);
                let shade = (mix(above, below, down) + 3.0 * rng.gaussian())
                    .round()
                    .clamp(0.0, 255.0);
                #[allow(clippy::cast_possible_truncation, reason = "a whole number up to 255")]
                let pixel = shade as f32 / 255.0;
                bytes.extend_from_slice(&pixel.to_le_bytes());
            }
        }
    }
    bytes.truncate(len);
    bytes
}

fn mix(a: f64, b: f64, share: f64) -> f64 {
    a + (b - a) * share
}

#[cfg(test)]
mod tests {
    use super::Entropy;
    use std::io::Write as _;

    fn deflated(bytes: &[u8]) -> usize {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().len()
    }

    #[test]
    fn lengths_are_exact_and_calls_repeat() {
        for entropy in Entropy::ALL {
            for len in [0, 1, 7, 1000, 70_000] {
                let bytes = entropy.bytes(len);
                assert_eq!(bytes.len(), len, "{entropy:?}");
                assert_eq!(bytes, entropy.bytes(len), "{entropy:?}");
            }
        }
    }

    #[test]
    fn a_longer_piece_begins_like_a_shorter_one() {
        for entropy in Entropy::ALL {
            assert!(
                entropy.bytes(50_000).starts_with(&entropy.bytes(49_999)),
                "{entropy:?}"
            );
        }
    }

    #[test]
    fn classes_stand_in_the_order_of_their_entropy() {
        let sizes = Entropy::ALL.map(|entropy| deflated(&entropy.bytes(1 << 20)));
        assert!(sizes.is_sorted(), "{sizes:?}");
    }

    /// A change of the generators makes old measurements incomparable: it must not happen unnoticed.
    #[test]
    fn the_data_is_what_it_always_was() {
        let sums = Entropy::ALL.map(|entropy| {
            // FNV-1a, 64 bits.
            let bytes = entropy.bytes(100_000);
            bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            })
        });
        let expected = [
            0x61b9_4018_df3e_37a5,
            0x7871_32f7_521f_94b5,
            0x6362_3319_f6f8_1a99,
            0x9198_b1fb_78f7_bc81,
            0x8730_47cd_1b32_eb96,
            0x02ec_c1c6_75b3_afac,
        ];
        assert_eq!(sums, expected, "{sums:#x?}");
    }
}
