//! From numbers to places, and which numbers to write beside them.

/// Maps what is measured to pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    domain: (f64, f64),
    range: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    /// From 0 to a round number that nothing exceeds by more than a hair.
    pub(super) fn linear(greatest: f64, range: (f64, f64)) -> Self {
        let step = step(greatest);
        // What is a hair too much would cost a step: files have headers.
        let end = (greatest / step - 0.02).ceil().max(1.0) * step;
        Scale {
            domain: (0.0, end),
            range,
            logarithmic: false,
        }
    }

    /// From 0 to the number itself.
    pub(super) fn exact(greatest: f64, range: (f64, f64)) -> Self {
        Scale {
            domain: (0.0, greatest.max(f64::MIN_POSITIVE)),
            range,
            logarithmic: false,
        }
    }

    /// From a round number below everything to one above; by factors.
    pub(super) fn logarithmic(least: f64, greatest: f64, range: (f64, f64)) -> Self {
        let least = least.max(f64::MIN_POSITIVE);
        let greatest = greatest.max(least);
        let below = STEPS.iter().rev().map(|step| step * decade(least));
        let above = STEPS.iter().chain(&[10.0]).map(|step| step * decade(greatest));
        Scale {
            domain: (
                below
                    .into_iter()
                    .find(|&edge| edge <= least * 1.001)
                    .unwrap_or(least),
                above
                    .into_iter()
                    .find(|&edge| edge * 1.001 >= greatest)
                    .unwrap_or(greatest),
            ),
            range,
            logarithmic: true,
        }
    }

    pub(super) fn place(&self, number: f64) -> f64 {
        let along = if self.logarithmic {
            let (low, high) = (self.domain.0.ln(), self.domain.1.ln());
            (number.max(self.domain.0).ln() - low) / (high - low).max(f64::MIN_POSITIVE)
        } else {
            (number - self.domain.0) / (self.domain.1 - self.domain.0)
        };
        self.range.0 + along * (self.range.1 - self.range.0)
    }

    /// The numbers to write beside the axis.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.domain;
        if !self.logarithmic {
            let step = step(high);
            return (0..)
                // Three times a fifth is a little more than three fifths, and nobody wants to read that.
                .map(|n| (f64::from(n) * step * FINE).round() / FINE)
                .take_while(|&tick| tick <= high * 1.001)
                .collect();
        }
        // All of 1, 2 and 5 where there are few decades, else the decades alone.
        let steps = if high / low <= 10_001.0 {
            &STEPS[..]
        } else {
            &STEPS[..1]
        };
        let mut ticks = Vec::new();
        let mut decade = decade(low);
        while decade <= high * 1.001 {
            let here = steps.iter().map(|step| step * decade);
            ticks.extend(here.filter(|tick| (low * 0.999..=high * 1.001).contains(tick)));
            decade *= 10.0;
        }
        ticks
    }
}

/// No step is as small as one part of so many.
const FINE: f64 = 1e6;

const STEPS: [f64; 3] = [1.0, 2.0, 5.0];

/// The power of ten that is not greater.
fn decade(number: f64) -> f64 {
    10_f64.powf((number.log10() + 1e-9).floor())
}

/// A round distance, of which some four to eight make the number.
fn step(number: f64) -> f64 {
    let number = number.max(100.0 / FINE);
    let decade = decade(number);
    match number / decade {
        n if n < 2.0 => 0.2 * decade,
        n if n < 5.0 => 0.5 * decade,
        _ => decade,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_scale_begins_at_nothing_and_ends_at_a_round_number() {
        let scale = Scale::linear(83.0, (10.0, 110.0));
        assert_eq!(
            scale.ticks(),
            [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
        );
        assert_eq!((scale.place(0.0), scale.place(90.0)), (10.0, 110.0));
        assert_eq!(
            Scale::linear(1.0, (0.0, 1.0)).ticks(),
            [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        );
        assert_eq!(Scale::linear(0.0, (0.0, 1.0)).place(0.0), 0.0);
    }

    #[test]
    fn a_logarithmic_scale_holds_everything_between_round_numbers() {
        let scale = Scale::logarithmic(3.0, 70.0, (300.0, 0.0));
        assert_eq!(scale.ticks(), [2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!((scale.place(2.0), scale.place(100.0)), (300.0, 0.0));
        let wide = Scale::logarithmic(3.0, 70_000.0, (0.0, 1.0));
        assert_eq!(wide.ticks(), [10.0, 100.0, 1000.0, 10_000.0, 100_000.0]);
    }

    #[test]
    fn what_is_all_the_same_has_a_place_too() {
        for number in [1.0, 2.5, 1000.0] {
            let place = Scale::logarithmic(number, number, (0.0, 1.0)).place(number);
            assert!((0.0..=1.0).contains(&place), "{number}: {place}");
        }
    }
}
