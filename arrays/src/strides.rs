//! Walking through arrays whose elements do not stand in the order in which they are wanted.

use crate::{Layout, Order};

/// The offsets of an array's elements in bytes, with the axes in the given order, the last of them fastest.
pub(crate) struct Offsets {
    axes: Vec<Axis>,
    left: usize,
    at: usize,
}

struct Axis {
    index: usize,
    len: usize,
    stride: usize,
}

impl Offsets {
    /// In which order an array of `order` has its elements.
    pub(crate) fn new(layout: &Layout, order: Order) -> Self {
        let lens = layout.shape().iter().copied();
        let mut axes: Vec<Axis> = lens
            .zip(layout.strides())
            .map(|(len, stride)| Axis {
                index: 0,
                len,
                stride,
            })
            .collect();
        if order == Order::F {
            axes.reverse();
        }
        Self {
            axes,
            left: layout.len(),
            at: 0,
        }
    }
}

impl Iterator for Offsets {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        if self.left > 0 {
            // Count up like an odometer.
            for axis in self.axes.iter_mut().rev() {
                axis.index += 1;
                if axis.index < axis.len {
                    self.at += axis.stride;
                    break;
                }
                self.at -= axis.stride * (axis.len - 1);
                axis.index = 0;
            }
        }
        Some(at)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Offsets {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_the_wanted_order() {
        let layout = |shape: &[usize], order| Layout::new("<i2".parse().unwrap(), shape, order).unwrap();
        let offsets = |shape: &[usize], from, to| Offsets::new(&layout(shape, from), to).collect::<Vec<_>>();
        assert_eq!(offsets(&[2, 3], Order::C, Order::C), [0, 2, 4, 6, 8, 10]);
        assert_eq!(offsets(&[2, 3], Order::F, Order::C), [0, 4, 8, 2, 6, 10]);
        assert_eq!(offsets(&[2, 3], Order::C, Order::F), [0, 6, 2, 8, 4, 10]);
        assert_eq!(
            offsets(&[2, 2, 2], Order::F, Order::C),
            [0, 8, 4, 12, 2, 10, 6, 14]
        );
        assert_eq!(offsets(&[], Order::F, Order::C), [0]);
        assert_eq!(offsets(&[2, 0, 1 << 60], Order::F, Order::C), [0_usize; 0]);
        assert_eq!(layout(&[4, 5, 6], Order::C).strides(), [60, 12, 2]);
        assert_eq!(layout(&[4, 5, 6], Order::F).strides(), [2, 8, 40]);
    }
}
