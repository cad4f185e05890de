//! One measured figure beside what it must reach, in the form of `hedgerow bench`.

use std::fmt::Write as _;

use serde::Serialize;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Line {
    /// Something was measured.
    Row(Row),
    /// It could not be, for want of something.
    Skipped {
        /// What would have been measured.
        name: String,
        /// What was missing.
        skipped: String,
    },
}

/// A measured figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The figure, in `unit`.
    pub value: f64,
    /// The unit of `value` and `reach`.
    pub unit: &'static str,
    /// What `value` must reach; none: it is only told.
    pub reach: Option<f64>,
    /// What it is compared with, where there is something.
    pub base: Option<f64>,
    /// Whether `value` is within `reach`.
    pub holds: bool,
    /// `value` must be at least `reach`, and not at most.
    #[serde(skip)]
    at_least: bool,
}

impl Row {
    /// A figure that must be at most `reach`.
    pub fn at_most(name: impl Into<String>, value: f64, unit: &'static str, reach: f64) -> Self {
        Self {
            reach: Some(reach),
            holds: value <= reach,
            ..Self::told(name, value, unit)
        }
    }

    /// A figure that must be at least `reach`.
    pub fn at_least(name: impl Into<String>, value: f64, unit: &'static str, reach: f64) -> Self {
        Self {
            reach: Some(reach),
            holds: value >= reach,
            at_least: true,
            ..Self::told(name, value, unit)
        }
    }

    /// A figure of which nothing is promised.
    pub fn told(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            reach: None,
            base: None,
            holds: true,
            at_least: false,
        }
    }

    /// With what it is compared with.
    pub fn beside(self, base: f64) -> Self {
        Self {
            base: Some(base),
            ..self
        }
    }
}

impl Line {
    /// What cannot be measured here.
    pub fn skipped(name: impl Into<String>, missing: impl Into<String>) -> Self {
        Self::Skipped {
            name: name.into(),
            skipped: missing.into(),
        }
    }

    /// Whether it falls short.
    pub fn falls_short(&self) -> bool {
        matches!(self, Self::Row(row) if !row.holds)
    }
}

/// Lines as a table for people.
pub fn table(lines: &[Line]) -> String {
    let name = |line: &Line| match line {
        Line::Row(row) => row.name.clone(),
        Line::Skipped { name, .. } => name.clone(),
    };
    let width = lines.iter().map(|line| name(line).len()).max().unwrap_or(0);
    let mut out = String::new();
    for line in lines {
        let _ = write!(out, "{:width$}  ", name(line));
        match line {
            Line::Skipped { skipped, .. } => {
                let _ = writeln!(out, "skipped: {skipped}");
            }
            Line::Row(row) => {
                let _ = write!(out, "{:>12.3} {:<9}", row.value, row.unit);
                if let Some(reach) = row.reach {
                    let bound = if row.at_least { "at least" } else { "at most" };
                    let verdict = if row.holds { "holds" } else { "FALLS SHORT" };
                    let _ = write!(out, " {bound:>8} {reach:>10.3}  {verdict}");
                }
                if let Some(base) = row.base {
                    let _ = write!(out, "  beside {base:.3}");
                }
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_within_its_reach_on_the_right_side() {
        assert!(Row::at_most("a", 1.0, "s", 1.0).holds);
        assert!(!Row::at_most("a", 1.1, "s", 1.0).holds);
        assert!(Row::at_least("a", 1.1, "s", 1.0).holds);
        assert!(!Row::at_least("a", f64::NAN, "s", 1.0).holds);
        assert!(!Row::at_most("a", f64::NAN, "s", 1.0).holds);
    }

    #[test]
    fn what_is_skipped_never_says_that_it_holds() {
        let line = Line::skipped("the ONE", "no map");
        let json = serde_json::to_string(&line).expect("a line is JSON");
        assert_eq!(json, r#"{"name":"the ONE","skipped":"no map"}"#);
        assert!(!table(std::slice::from_ref(&line)).contains("holds") && !line.falls_short());
    }
}
