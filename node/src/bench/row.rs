//! A measured figure beside its target, and how rows are printed.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

/// A measured figure.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Name of the figure.
    pub name: String,
    /// The median, in `unit`.
    pub value: f64,
    /// The unit of `value`, `reach` and `base`; `x` is a ratio to `base`, whose unit is in the name.
    pub unit: &'static str,
    /// The largest allowed `value`, if the project promises one.
    pub reach: Option<f64>,
    /// The baseline, if there is one.
    pub base: Option<f64>,
    /// Whether `value` is within `reach`.
    pub holds: bool,
}

impl Row {
    /// A figure with the target `reach`.
    pub fn at_most(name: impl Into<String>, value: f64, unit: &'static str, reach: f64) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            reach: Some(reach),
            base: None,
            holds: value <= reach,
        }
    }

    /// A figure without a target.
    pub fn reported(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            reach: None,
            base: None,
            holds: true,
        }
    }

    /// Adds a baseline in the same unit.
    pub fn beside(self, base: f64) -> Self {
        Self {
            base: Some(base),
            ..self
        }
    }

    /// A ratio without a target: `ours` over `base`.
    pub fn of_base(name: impl Into<String>, ours: Duration, base: Duration) -> Self {
        let value = ours.as_secs_f64() / base.as_secs_f64();
        Self::reported(name, value, "x").beside(base.as_secs_f64() * 1e3)
    }

    /// A ratio with the target `reach`: `ours` over `base`.
    pub fn ratio(name: impl Into<String>, ours: Duration, base: Duration, reach: f64) -> Self {
        let row = Self::of_base(name, ours, base);
        Self {
            holds: row.value <= reach,
            reach: Some(reach),
            ..row
        }
    }
}

/// The median; zero for an empty set.
pub fn median(mut of: Vec<Duration>) -> Duration {
    of.sort_unstable();
    of.get(of.len() / 2).copied().unwrap_or_default()
}

/// The rows as a table for people.
pub fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for row in rows {
        let base = row
            .base
            .map(|base| format!("  base {base:.3} ms"))
            .unwrap_or_default();
        let verdict = match (row.reach, row.holds) {
            (None, _) => String::new(),
            (Some(reach), true) => format!("at most {reach:>8.3}  holds"),
            (Some(reach), false) => format!("at most {reach:>8.3}  FALLS SHORT"),
        };
        let _ = writeln!(
            out,
            "{:width$}  {:>10.3} {:<9} {verdict}{base}",
            row.name, row.value, row.unit,
        );
    }
    out
}
