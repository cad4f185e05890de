//! Rows in the format of `hedgerow bench`.

use std::time::Duration;

use serde::Serialize;

/// A measured figure beside its target.
#[derive(Debug, Serialize)]
pub struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    reach: f64,
    base: Option<f64>,
    pub holds: bool,
}

impl Row {
    /// A time in milliseconds with its target.
    pub fn at_most(name: String, value: Duration, reach: Duration) -> Self {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            name,
            value: ms(value),
            unit: "ms",
            reach: ms(reach),
            base: None,
            holds: value <= reach,
        }
    }

    /// The median of the ratios between times and those measured beside each, with the median of the latter as base.
    pub fn ratio(name: String, ours: &[Duration], beside: Vec<Duration>, reach: f64) -> Self {
        let pairs = ours.iter().zip(&beside);
        let ratios = pairs.map(|(ours, beside)| ours.as_secs_f64() / beside.as_secs_f64());
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        let value = ratios[ratios.len() / 2];
        Self {
            name,
            value,
            unit: "x",
            reach,
            base: Some(median(beside).as_secs_f64() * 1e3),
            holds: value <= reach,
        }
    }
}

/// The median.
pub fn median(mut of: Vec<Duration>) -> Duration {
    of.sort_unstable();
    of[of.len() / 2]
}
