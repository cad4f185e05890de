//! The figures of a result: of each seed, and over seeds with how sure they are.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::curves::Curves;
use super::figure::{self, Unit};
use super::{Error, Identity};

/// What one run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// The figures, by name; one that cannot be told is missing. [`FIGURES`](super::FIGURES) says what
    /// they mean.
    pub figures: BTreeMap<String, f64>,
    /// What changes over time; in `curves.json`.
    pub curves: Curves,
}

/// A mean over seeds, and between which values the true one lies, as seeds go on, with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean over seeds.
    pub mean: f64,
    /// Its standard error; unknown from one seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// The lower end of the interval; unknown from one seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The higher end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// How many seeds could tell.
    pub seeds: usize,
}

/// What a result comes to, as `summary.json` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What it is a result of.
    pub identity: Identity,
    /// Each figure over seeds.
    pub over_seeds: BTreeMap<String, Estimate>,
    /// The figures of each seed.
    pub by_seed: BTreeMap<u64, BTreeMap<String, f64>>,
    /// The curves of each seed; in `curves.json`.
    #[serde(skip)]
    pub curves: BTreeMap<u64, Curves>,
}

impl Run {
    /// A figure by its name, if it could be told.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }

    pub(super) fn set(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.figures.insert(name.to_owned(), value);
        }
    }
}

impl Estimate {
    /// The mean of these values, with Student's t interval; `None` of none. That of a share is made of its
    /// logit and turned back, so that it ends between 0 and 1; the standard error of a logit is that
    /// of the mean over `mean (1 - mean)` (delta method).
    #[must_use]
    pub fn of(values: &[f64], unit: Unit) -> Option<Self> {
        let seeds = values.len();
        if seeds == 0 {
            return None;
        }
        let count = seeds as f64;
        let mean = values.iter().sum::<f64>() / count;
        let mut estimate = Self {
            mean,
            standard_error: None,
            low: None,
            high: None,
            seeds,
        };
        if let Some(quantile) = quantile(seeds - 1) {
            let squares: f64 = values
                .iter()
                .map(|value| (value - mean) * (value - mean))
                .sum();
            let standard_error = (squares / (count - 1.0) / count).sqrt();
            estimate.standard_error = Some(standard_error);
            let half = quantile * standard_error;
            let (low, high) = match unit {
                Unit::Share if 0.0 < mean && mean < 1.0 => {
                    let (logit, half) = (logit(mean), half / (mean * (1.0 - mean)));
                    (share(logit - half), share(logit + half))
                }
                _ => (mean - half, mean + half),
            };
            estimate.low = Some(low);
            estimate.high = Some(high);
        }
        Some(estimate)
    }

    /// Whether the intervals of two have a value in common; `None` where one has no interval.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> Option<bool> {
        Some(self.low? <= other.high? && other.low? <= self.high?)
    }
}

fn logit(share: f64) -> f64 {
    libm::log(share / (1.0 - share))
}

fn share(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}

/// Half of the width of a 95 % interval, in standard errors.
fn quantile(freedom: usize) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom as f64).ok()?;
    // Its logarithms differ in the last bits from processor to processor; nine digits do not.
    Some((student.inverse_cdf(0.975) * 1e9).round() / 1e9)
}

impl Summary {
    /// Over the runs of a result.
    #[must_use]
    pub fn new(identity: Identity, runs: Vec<Run>) -> Self {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut by_seed = BTreeMap::new();
        let mut curves = BTreeMap::new();
        for run in runs {
            by_seed.insert(run.seed, run.figures);
            curves.insert(run.seed, run.curves);
        }
        for figures in by_seed.values() {
            for (name, value) in figures {
                values.entry(name.clone()).or_default().push(*value);
            }
        }
        let over_seeds = values
            .into_iter()
            .filter_map(|(name, values)| {
                let estimate = Estimate::of(&values, figure::unit(&name))?;
                Some((name, estimate))
            })
            .collect();
        Self {
            identity,
            over_seeds,
            by_seed,
            curves,
        }
    }

    /// Reads that of a whole result.
    ///
    /// # Errors
    /// There is none, or it is not ours.
    pub fn read(result: &Path) -> Result<Self, Error> {
        if !result.join(SUMMARY).is_file() {
            return Err(Error::NotWhole(result.to_owned(), SUMMARY));
        }
        let mut summary: Self = read_json(&result.join(SUMMARY))?;
        summary.curves = read_json(&result.join(CURVES))?;
        let scenario = result.join(SCENARIO);
        summary.identity.scenario =
            std::fs::read_to_string(&scenario).map_err(Error::io(&scenario))?;
        Ok(summary)
    }

    /// The figures that any seed could tell, in the order in which they are shown.
    pub(super) fn names(&self) -> Vec<&str> {
        figure::in_order(self.over_seeds.keys().map(String::as_str))
    }
}

/// The files of a result.
pub(super) const SUMMARY: &str = "summary.json";
pub(super) const TEXT: &str = "summary.txt";
pub(super) const PLOTS: &str = "plots";
pub(super) const CURVES: &str = "curves.json";
pub(super) const SCENARIO: &str = "scenario.toml";

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    serde_json::from_slice(&bytes).map_err(Error::json(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_ten_seeds_is_students() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let estimate = Estimate::of(&values, Unit::Count).unwrap();
        // Standard deviation 3.02765, t of 9 degrees 2.262157.
        let half = 2.262_157 * 3.027_650 / 10.0_f64.sqrt();
        assert!((estimate.mean - 5.5).abs() < 1e-12);
        assert!((estimate.low.unwrap() - (5.5 - half)).abs() < 1e-5);
        assert!((estimate.high.unwrap() - (5.5 + half)).abs() < 1e-5);
        assert_eq!(estimate.seeds, 10);
    }

    #[test]
    fn the_interval_of_a_share_holds_its_mean_and_nothing_that_is_no_share() {
        for values in [[0.98, 0.90, 1.0], [0.0, 0.001, 0.02], [0.4, 0.5, 0.6]] {
            let estimate = Estimate::of(&values, Unit::Share).unwrap();
            let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
            assert!(0.0 < low && high < 1.0, "{estimate:?}");
            assert!(low < estimate.mean && estimate.mean < high, "{estimate:?}");
        }
        let beyond = Estimate::of(&[0.98, 0.90, 1.0], Unit::Ratio).unwrap();
        assert!(beyond.high.unwrap() > 1.0);
        // Where seeds agree closely, it is the plain interval.
        let close = [0.500, 0.501, 0.499, 0.502];
        let (share, plain) = (
            Estimate::of(&close, Unit::Share).unwrap(),
            Estimate::of(&close, Unit::Ratio).unwrap(),
        );
        assert!((share.low.unwrap() - plain.low.unwrap()).abs() < 1e-5);
        let all = Estimate::of(&[1.0, 1.0], Unit::Share).unwrap();
        assert_eq!((all.low, all.high), (Some(1.0), Some(1.0)));
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        let table = [
            (1, 12.706_205),
            (2, 4.302_653),
            (4, 2.776_445),
            (29, 2.045_230),
        ];
        for (freedom, expected) in table {
            let found = quantile(freedom).unwrap();
            assert!((found - expected).abs() < 1e-5, "{freedom}: {found}");
        }
    }

    #[test]
    fn one_seed_has_no_interval_and_none_no_mean() {
        let estimate = Estimate::of(&[3.0], Unit::Share).unwrap();
        assert_eq!((estimate.low, estimate.high), (None, None));
        assert_eq!(Estimate::of(&[], Unit::Share), None);
        assert_eq!(estimate.overlaps(&estimate), None);
    }

    #[test]
    fn intervals_that_touch_overlap() {
        let of = |low, high| Estimate {
            mean: 0.0,
            standard_error: Some(1.0),
            low: Some(low),
            high: Some(high),
            seeds: 2,
        };
        assert_eq!(of(0.0, 1.0).overlaps(&of(1.0, 2.0)), Some(true));
        assert_eq!(of(0.0, 1.0).overlaps(&of(1.1, 2.0)), Some(false));
        assert_eq!(of(0.0, 9.0).overlaps(&of(1.1, 2.0)), Some(true));
    }
}
