//! Where labels go: beside their points, and not upon one another.

use super::svg::Anchor;

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area(pub(super) f64, pub(super) f64, pub(super) f64, pub(super) f64);

impl Area {
    /// Around a point.
    pub(super) fn around((x, y): (f64, f64), radius: f64) -> Self {
        Area(x - radius, y - radius, x + radius, y + radius)
    }

    fn shared(&self, other: &Area) -> f64 {
        let width = self.2.min(other.2) - self.0.max(other.0);
        let height = self.3.min(other.3) - self.1.max(other.1);
        width.max(0.0) * height.max(0.0)
    }

    fn holds(&self, other: &Area) -> bool {
        self.0 <= other.0 && self.1 <= other.1 && self.2 >= other.2 && self.3 >= other.3
    }
}

/// Places labels one after another; who comes first has the choice.
#[derive(Debug)]
pub(super) struct Labels {
    within: Area,
    taken: Vec<Area>,
}

/// Where to write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    /// Of the foot of the text.
    pub(super) at: (f64, f64),
    pub(super) anchor: Anchor,
}

impl Labels {
    /// Nothing leaves the area, or covers what is taken already.
    pub(super) fn new(within: Area, taken: Vec<Area>) -> Self {
        Labels { within, taken }
    }

    /// A spot beside a point for a text of that size. There is always one, if not a good one; `free` says that none is
    /// better than one that is not.
    pub(super) fn place(
        &mut self,
        point: (f64, f64),
        (width, height): (f64, f64),
        free: bool,
    ) -> Option<Spot> {
        let (area, spot, shared) = candidates(point, width, height)
            .filter(|(area, _)| self.within.holds(area))
            .map(|(area, spot)| {
                let shared: f64 = self.taken.iter().map(|taken| taken.shared(&area)).sum();
                (area, spot, shared)
            })
            // The first of equals.
            .min_by(|a, b| a.2.total_cmp(&b.2))?;
        if free && shared > 0.0 {
            return None;
        }
        self.taken.push(area);
        Some(spot)
    }
}

/// Beside a point, at rising distance from it; what reads best comes first.
fn candidates((x, y): (f64, f64), width: f64, height: f64) -> impl Iterator<Item = (Area, Spot)> {
    const NEAR: f64 = 9.0;
    const FAR: f64 = 17.0;
    // Letters reach from here above the foot of a line to there below.
    let (up, down) = (0.75 * height, 0.25 * height);
    let level = y + 0.36 * height;
    [NEAR, FAR].into_iter().flat_map(move |away| {
        let slant = 0.7 * away;
        [
            (x + away, level, Anchor::Start),
            (x - away, level, Anchor::End),
            (x, y - away, Anchor::Middle),
            (x, y + away + up, Anchor::Middle),
            (x + slant, y - slant, Anchor::Start),
            (x + slant, y + slant + up, Anchor::Start),
            (x - slant, y - slant, Anchor::End),
            (x - slant, y + slant + up, Anchor::End),
        ]
        .into_iter()
        .map(move |(x, y, anchor)| {
            let left = match anchor {
                Anchor::Start => x,
                Anchor::Middle => x - width / 2.0,
                Anchor::End => x - width,
            };
            (
                Area(left, y - up, left + width, y + down),
                Spot { at: (x, y), anchor },
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Area = Area(0.0, 0.0, 200.0, 100.0);

    #[test]
    fn a_label_stands_to_the_right_of_its_point_unless_there_is_no_room() {
        let mut labels = Labels::new(WITHIN, Vec::new());
        let anchor = |spot: Option<Spot>| spot.unwrap().anchor;
        assert_eq!(
            anchor(labels.place((50.0, 50.0), (30.0, 12.0), false)),
            Anchor::Start
        );
        assert_eq!(
            anchor(labels.place((195.0, 80.0), (30.0, 12.0), false)),
            Anchor::End
        );
    }

    #[test]
    fn labels_of_neighbours_do_not_cover_one_another() {
        let points = [(100.0, 50.0), (104.0, 52.0), (98.0, 55.0)];
        let dots = points.map(|point| Area::around(point, 4.0));
        let mut labels = Labels::new(WITHIN, dots.to_vec());
        for point in points {
            labels.place(point, (30.0, 12.0), false).unwrap();
        }
        let all = &labels.taken;
        for (n, area) in all.iter().enumerate().skip(dots.len()) {
            assert!(
                all[..n].iter().all(|before| before.shared(area) == 0.0),
                "{all:?}"
            );
        }
    }

    #[test]
    fn who_wants_a_free_spot_may_get_none() {
        let mut labels = Labels::new(WITHIN, vec![WITHIN]);
        assert_eq!(labels.place((50.0, 50.0), (30.0, 12.0), true), None);
        assert!(labels.place((50.0, 50.0), (30.0, 12.0), false).is_some());
        assert_eq!(labels.place((50.0, 50.0), (300.0, 12.0), false), None);
    }
}
