//! A random forest, read by `serde`: what the nodes of its trees say, and what follows from it.

use demijohn::{Document, Result};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Forest {
    classes_: Vec<i64>,
    estimators_: Vec<Estimator>,
}

#[derive(Deserialize)]
struct Estimator {
    tree_: Tree,
}

#[derive(Deserialize)]
struct Tree {
    max_depth: usize,
    nodes: Vec<Node>,
    /// Of each node and output, how much of the data there is of which class.
    values: Vec<[Vec<f64>; 1]>,
}

/// What numpy has as a struct of eight fields.
#[derive(Deserialize)]
struct Node {
    /// -1 in a leaf.
    left_child: i64,
    right_child: i64,
    feature: i64,
    threshold: f64,
}

impl Forest {
    pub(crate) fn load(document: &Document) -> Result<Self> {
        Ok(document.get("")?)
    }

    /// The class that most of the trees are for.
    pub(crate) fn predict(&self, row: &[f64]) -> i64 {
        let mut sums = vec![0.0; self.classes_.len()];
        for estimator in &self.estimators_ {
            let shares = estimator.tree_.leaf(row);
            sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        }
        let best = (0..sums.len()).fold(0, |best, i| if sums[i] > sums[best] { i } else { best });
        self.classes_[best]
    }
}

impl Tree {
    fn leaf(&self, row: &[f64]) -> &[f64] {
        let index = |n: i64| usize::try_from(n).unwrap();
        let mut at = 0;
        for _ in 0..=self.max_depth {
            let node = &self.nodes[at];
            if node.left_child < 0 {
                return &self.values[at][0];
            }
            // Trees look at data in single precision.
            #[allow(clippy::cast_possible_truncation)]
            let x = f64::from(row[index(node.feature)] as f32);
            at = index(if x <= node.threshold {
                node.left_child
            } else {
                node.right_child
            });
        }
        panic!("deeper than {}", self.max_depth)
    }
}
