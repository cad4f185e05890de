//! The axes of a drawing: where values go, and what is written beside them.
//!
//! Logarithms are `libm`'s, so that a drawing has the same bytes on every processor.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::figure::number;

/// An axis from one value to another. What lies beyond goes to its end.
pub(super) struct Axis {
    /// What it says, with its unit.
    pub(super) title: String,
    scale: Scale,
    range: (f64, f64),
    marks: Vec<(f64, String)>,
}

#[derive(Clone, Copy)]
enum Scale {
    Linear,
    Logarithm,
}

/// Units of time.
pub(super) const TIMES: &[(f64, &str)] =
    &[(1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")];

/// Where a person counts. Every other one is for axes that have room for it.
const DURATIONS: [(f64, &str); 23] = [
    (0.001, "1 ms"),
    (0.003, "3 ms"),
    (0.01, "10 ms"),
    (0.03, "30 ms"),
    (0.1, "100 ms"),
    (0.3, "300 ms"),
    (1.0, "1 s"),
    (3.0, "3 s"),
    (10.0, "10 s"),
    (30.0, "30 s"),
    (60.0, "1 min"),
    (180.0, "3 min"),
    (600.0, "10 min"),
    (1800.0, "30 min"),
    (3600.0, "1 h"),
    (10_800.0, "3 h"),
    (21_600.0, "6 h"),
    (43_200.0, "12 h"),
    (86_400.0, "1 d"),
    (259_200.0, "3 d"),
    (604_800.0, "7 d"),
    (1_209_600.0, "14 d"),
    (2_592_000.0, "30 d"),
];

/// More marks than this stand too close on a logarithmic axis.
const MANY_MARKS: usize = 10;

impl Axis {
    /// From one value, which may be below 0, to another, in the largest of these units of which there are
    /// two.
    pub(super) fn linear(title: &str, units: &[(f64, &str)], from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        let fits = |unit: &&(f64, &str)| to - from >= 2.0 * unit.0;
        let unit = units.iter().rev().find(fits).unwrap_or(&units[0]);
        let step = step((to - from) / unit.0);
        let first = (from / unit.0 / step).ceil();
        let marks = (0..=20)
            .map(|mark| (first + f64::from(mark)) * step)
            .take_while(|mark| mark * unit.0 <= to * 1.000_001)
            .map(|mark| (mark * unit.0, number((mark * 1e6).round() / 1e6)))
            .collect();
        Self {
            title: match unit.1 {
                "" => title.to_owned(),
                unit => format!("{title} ({unit})"),
            },
            scale: Scale::Linear,
            range: (from, to),
            marks,
        }
    }

    /// Logarithmic, between two durations in seconds, both more than 0, marked where a person counts.
    pub(super) fn durations(title: &str, from: f64, to: f64) -> Self {
        let fits = |mark: &&(f64, &str)| (from..=to).contains(&mark.0);
        let every = match DURATIONS.iter().filter(fits).count() {
            count if count > MANY_MARKS => 2,
            _ => 1,
        };
        let marks = DURATIONS
            .iter()
            .step_by(every)
            .filter(fits)
            .map(|(seconds, name)| (*seconds, (*name).to_owned()))
            .collect();
        Self {
            title: title.to_owned(),
            scale: Scale::Logarithm,
            range: (from, to),
            marks,
        }
    }

    /// Logarithmic, from the tenth, hundredth, … that is at most this share up to 1.
    pub(super) fn log_share(title: &str, least: f64) -> Self {
        let decades = libm::floor(libm::log10(least)).clamp(-9.0, -1.0) as i32;
        let marks: Vec<(f64, String)> = (decades..=0)
            .map(|decade| libm::exp10(f64::from(decade)))
            .map(|share| (share, format!("{share}")))
            .collect();
        Self {
            title: title.to_owned(),
            scale: Scale::Logarithm,
            range: (marks[0].0, 1.0),
            marks,
        }
    }

    /// Where a value is, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let (from, to) = self.range;
        let value = value.clamp(from, to);
        match self.scale {
            Scale::Linear => (value - from) / (to - from),
            Scale::Logarithm => libm::log(value / from) / libm::log(to / from),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        first + (f64::from(last - first) * self.place(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.iter().map(|mark| mark.0).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.0..self.range.1
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let mark = self.marks.iter().find(|mark| mark.0 == *value);
        mark.map_or_else(String::new, |mark| mark.1.clone())
    }
}

/// 1, 2 or 5 times a power of ten, so that there are four to ten of it.
fn step(length: f64) -> f64 {
    let power = libm::exp10(libm::floor(libm::log10(length)));
    let steps = [0.1, 0.2, 0.5, 1.0, 2.0].map(|step| step * power);
    let fits = |step: &f64| length / step <= 10.000_001;
    steps.into_iter().find(fits).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(axis: &Axis) -> Vec<&str> {
        axis.marks.iter().map(|mark| mark.1.as_str()).collect()
    }

    #[test]
    fn an_axis_of_time_is_marked_in_a_unit_that_fits() {
        let axis = Axis::linear("time", TIMES, 0.0, 43_200.0);
        assert_eq!(axis.title, "time (h)");
        assert_eq!(marks(&axis), ["0", "2", "4", "6", "8", "10", "12"]);
        assert_eq!(axis.map(&21_600.0, (100, 300)), 200);
    }

    #[test]
    fn a_linear_axis_goes_below_zero_where_values_do() {
        let axis = Axis::linear("overhead", &[(1.0, "")], -1.0, 2.0);
        assert_eq!(marks(&axis), ["-1", "-0.5", "0", "0.5", "1", "1.5", "2"]);
    }

    #[test]
    fn a_logarithmic_axis_has_equal_room_for_each_tenfold() {
        let axis = Axis::log_share("share", 0.004);
        assert_eq!(marks(&axis), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(axis.map(&0.1, (300, 0)), 100);
        assert_eq!(axis.map(&0.0, (300, 0)), 300);
        let axis = Axis::durations("delay", 0.5, 70.0);
        assert_eq!(marks(&axis), ["1 s", "3 s", "10 s", "30 s", "1 min"]);
        let axis = Axis::durations("delay", 0.5, 100_000.0);
        assert_eq!(
            marks(&axis),
            ["1 s", "10 s", "1 min", "10 min", "1 h", "6 h", "1 d"]
        );
    }

    #[test]
    fn an_axis_of_nothing_still_has_a_length() {
        assert_eq!(
            marks(&Axis::linear("nothing", &[(1.0, "")], 0.0, 0.0)).len(),
            11
        );
    }
}
