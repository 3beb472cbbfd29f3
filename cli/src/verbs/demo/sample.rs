//! The built-in object: what a project that keeps data in joblib files keeps in them. The same every time.

use demijohn::{Array, Value};
use serde::Serialize;

use crate::synthetic::{COLUMNS, SIDE, SplitMix64, features, names, pictures};

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
            names: names().take(rows).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use demijohn::{Document, dump_to, load_from};

    fn there_and_back(value: &impl demijohn::Save) -> Document {
        let (bytes, _) = dump_to(value, Vec::new(), "none").unwrap();
        load_from(bytes.as_slice()).unwrap()
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
            |s| s.features.as_mut_bytes().unwrap()[1_000] ^= 1,
            |s| s.images.as_mut_bytes().unwrap()[1_000] ^= 1,
            |s| s.labels.as_mut_bytes().unwrap()[0] ^= 1,
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
