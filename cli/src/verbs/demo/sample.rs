//! The built-in object: what a project that keeps data in joblib files keeps in them. The same every time.

use demijohn::{Array, Value};
use serde::Serialize;

/// Columns of the matrix.
const COLUMNS: usize = 64;
/// Side of an image, in pixels.
const SIDE: usize = 96;
/// Items in each of the nested lists.
const FOLD: usize = 500;

/// A dict in Python.
#[derive(Serialize)]
pub(super) struct Sample {
    title: String,
    /// float64, rows by [`COLUMNS`]: measurements, counts, flags, and numbers with all their digits.
    features: Array,
    /// float32, images by [`SIDE`] by [`SIDE`], in 0 to 1.
    images: Array,
    /// int64, one for each row.
    labels: Array,
    /// One for each row.
    names: Vec<String>,
    /// For each fold, the rows to train on and the rows to test on.
    folds: Vec<Vec<Vec<usize>>>,
}

impl Sample {
    /// An object of about so many bytes of array data.
    pub(super) fn new(size: u64) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        // Somewhat more than half of it is matrix, the rest images.
        let rows = (size / 20 * 11 / (COLUMNS * size_of::<f64>())).max(1);
        let images = (size / 20 * 9 / (SIDE * SIDE * size_of::<f32>())).max(1);
        let mut random = SplitMix64(2_013);
        Sample {
            title: "Ünicode, too: naïve façade, 漢字, 🍾".to_owned(),
            features: array(features(&mut random, rows), &[rows, COLUMNS]),
            images: array(pictures(&mut random, images), &[images, SIDE, SIDE]),
            labels: array((0..rows).map(|_| random.below(10)).collect(), &[rows]),
            names: (0..rows)
                .map(|row| format!("{}-{row:06}", ["plate", "well", "control"][row % 3]))
                .collect(),
            folds: (0..5)
                .map(|fold| {
                    vec![
                        every_fifth(rows, |row| row % 5 != fold),
                        every_fifth(rows, |row| row % 5 == fold),
                    ]
                })
                .collect(),
        }
    }

    pub(super) fn description(&self) -> String {
        format!(
            "a dict of a float64 matrix ({} x {COLUMNS}), {} float32 images ({SIDE} x {SIDE}), {} int64 labels,\n\
             as many strings, and nested lists",
            self.features.shape()[0],
            self.images.shape()[0],
            self.labels.len(),
        )
    }

    /// Is the value this object, bit by bit?
    pub(super) fn is_same(&self, value: Value<'_>) -> bool {
        let array = |key, original: &Array| value.find(key).and_then(Value::as_array) == Some(original);
        let row = |value: Value<'_>| value.as_i64().and_then(|row| usize::try_from(row).ok());
        value.len() == Some(6)
            && value.find("title").and_then(Value::as_str) == Some(&self.title)
            && array("features", &self.features)
            && array("images", &self.images)
            && array("labels", &self.labels)
            && value.find("names").is_some_and(|names| {
                names
                    .iter()
                    .map(Value::as_str)
                    .eq(self.names.iter().map(|n| Some(n.as_str())))
            })
            && value.find("folds").is_some_and(|folds| {
                same(folds, &self.folds, |fold, original| {
                    same(fold, original, |part, original| {
                        part.iter().map(row).eq(original.iter().copied().map(Some))
                    })
                })
            })
    }
}

/// Is the value a list whose items are, one by one, those of `original`?
fn same<T>(value: Value<'_>, original: &[T], is_same: impl Fn(Value<'_>, &T) -> bool) -> bool {
    value.len() == Some(original.len())
        && value
            .iter()
            .zip(original)
            .all(|(item, original)| is_same(item, original))
}

fn array<T: demijohn::arrays::Element>(data: Vec<T>, shape: &[usize]) -> Array {
    Array::from_vec(data, shape).expect("the data was made for the shape")
}

/// Some of the rows that belong to a part of a fold.
fn every_fifth(rows: usize, belongs: impl Fn(&usize) -> bool) -> Vec<usize> {
    (0..rows).filter(belongs).take(FOLD).collect()
}

fn features(random: &mut SplitMix64, rows: usize) -> Vec<f64> {
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

/// Bright discs before a dark slope, with the noise of an eight-bit camera.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small numbers"
)]
fn pictures(random: &mut SplitMix64, images: usize) -> Vec<f32> {
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
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `0..n`, near enough to uniform.
    fn below(&mut self, n: u32) -> i64 {
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
    use demijohn::{Document, dump_to, load_from};

    fn there_and_back(value: &impl demijohn::Save) -> Document {
        let (bytes, _) = dump_to(value, Vec::new(), "none").unwrap();
        load_from(bytes.as_slice()).unwrap()
    }

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

    #[test]
    fn the_size_is_about_what_was_asked_for() {
        let sample = Sample::new(3_000_000);
        let bytes = sample.features.nbytes() + sample.images.nbytes();
        assert!((2_900_000..=3_000_000).contains(&bytes), "{bytes}");
        assert_eq!(Sample::new(0).labels.len(), 1);
    }

    #[test]
    fn every_difference_is_seen() {
        let sample = Sample::new(200_000);
        assert!(sample.is_same(there_and_back(&sample).root()));
        let changes: [fn(&mut Sample); 8] = [
            |s| s.title.push('!'),
            |s| s.features.as_mut_bytes()[1_000] ^= 1,
            |s| s.images.as_mut_bytes()[1_000] ^= 1,
            |s| s.labels.as_mut_bytes()[0] ^= 1,
            |s| s.names[7].push('!'),
            |s| drop(s.names.pop()),
            |s| s.folds[1][0][3] += 1,
            |s| drop(s.folds[4].pop()),
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut changed = Sample::new(200_000);
            change(&mut changed);
            assert!(!sample.is_same(there_and_back(&changed).root()), "change {i}");
        }
        let extra = std::collections::BTreeMap::from([("title", "only")]);
        assert!(!sample.is_same(there_and_back(&extra).root()));
    }
}
