//! Data that looks like somebody's, made from a seed: the same every time, on every machine.

/// Columns of the matrix of [`features`].
pub(crate) const COLUMNS: usize = 64;
/// Side of an image, in pixels.
pub(crate) const SIDE: usize = 96;

/// Labels of rows, without end.
pub(crate) fn names() -> impl Iterator<Item = String> {
    (0..).map(|row: usize| format!("{}-{row:06}", ["plate", "well", "control"][row % 3]))
}

/// Rows of [`COLUMNS`] numbers: measurements, counts, flags, and numbers with all their digits.
pub(crate) fn features(random: &mut SplitMix64, rows: usize) -> Vec<f64> {
    let mut data = Vec::with_capacity(rows * COLUMNS);
    for _ in 0..rows {
        for column in 0..COLUMNS {
            data.push(match column % 8 {
                // Measured to three decimals.
                0..=2 => ((random.normal() * 12.5 + 100.0) * 1e3).round() / 1e3,
                // Counts, most of them small.
                3 | 4 => (random.normal().abs() * 7.0).floor(),
                // Flags.
                5 => f64::from(u8::from(random.below(20) == 0)),
                // Came from single precision.
                #[expect(clippy::cast_possible_truncation, reason = "that is the point")]
                6 => f64::from(random.normal() as f32),
                // All digits there are.
                _ => random.normal(),
            });
        }
    }
    data
}

/// Images of [`SIDE`] by [`SIDE`]: bright discs before a dark slope, with the noise of an eight-bit camera.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small numbers"
)]
pub(crate) fn pictures(random: &mut SplitMix64, images: usize) -> Vec<f32> {
    let mut data = Vec::with_capacity(images * SIDE * SIDE);
    for _ in 0..images {
        let slope = random.uniform() * 60.0;
        let discs: [_; 4] = std::array::from_fn(|_| {
            let mut within = |n: usize| random.uniform() * n as f64;
            (
                within(SIDE),
                within(SIDE),
                4.0 + within(SIDE / 6),
                80.0 + within(90),
            )
        });
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (x, y) = (x as f64, y as f64);
                let covering = discs
                    .iter()
                    .find(|(cx, cy, r, _)| (x - cx).powi(2) + (y - cy).powi(2) < r * r);
                let light = covering.map_or(0.0, |(.., light)| *light) + slope * y / SIDE as f64;
                let pixel = (light + random.normal() * 1.5 + 8.0).round().clamp(0.0, 255.0);
                data.push((pixel / 255.0) as f32);
            }
        }
    }
    data
}

/// Sebastiano Vigna's SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `0..n`, near enough to uniform.
    pub(crate) fn below(&mut self, n: u32) -> i64 {
        i64::from((self.next() >> 32) as u32 % n)
    }

    /// In `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Near enough to normally distributed; by additions only, so that every machine computes the same bits.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first values of the reference implementation for the seed 1234567.
        let mut random = SplitMix64(1_234_567);
        let first: [u64; 3] = std::array::from_fn(|_| random.next());
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }
}
