//! Results side by side: what came out differently, how sure that is, and what was asked differently.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::Cell;
use serde::Serialize;

use super::figure::{brief, in_order, number, unit};
use super::text::{heading, interval, table};
use super::{Estimate, Summary, Unit};

/// Two or more results side by side. Differences are from the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What each result goes by.
    pub names: Vec<String>,
    /// What each one is of, in a line.
    pub headings: Vec<String>,
    /// The keys in which the scenarios differ, and what each one says; the TOML of its value, or nothing.
    pub scenario: BTreeMap<String, Vec<Option<String>>>,
    /// Each figure that any of them has.
    pub figures: BTreeMap<String, Vec<Compared>>,
}

/// A figure of one result.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Compared {
    /// What it is here, if this result could tell.
    pub estimate: Option<Estimate>,
    /// What it is more than in the first result.
    pub difference: Option<f64>,
    /// That as a share of the first.
    pub relative: Option<f64>,
    /// Whether its interval and that of the first have a value in common; unknown without intervals.
    pub overlaps: Option<bool>,
}

/// Puts results side by side, each with the name it goes by.
#[must_use]
pub fn compare(results: &[(&str, &Summary)]) -> Comparison {
    let names: BTreeSet<&String> = results
        .iter()
        .flat_map(|(_, summary)| summary.over_seeds.keys())
        .collect();
    let of = |name: &String| {
        let mut estimates = results
            .iter()
            .map(|(_, summary)| summary.over_seeds.get(name).copied())
            .peekable();
        let first = estimates.peek().copied().flatten();
        estimates
            .map(|estimate| Compared::new(first, estimate))
            .collect()
    };
    Comparison {
        names: results.iter().map(|(name, _)| (*name).to_owned()).collect(),
        headings: results
            .iter()
            .map(|(_, summary)| heading(&summary.identity))
            .collect(),
        scenario: scenario(results),
        figures: names
            .into_iter()
            .map(|name| (name.clone(), of(name)))
            .collect(),
    }
}

impl Compared {
    fn new(first: Option<Estimate>, estimate: Option<Estimate>) -> Self {
        let both = first.zip(estimate);
        let difference = both.map(|(first, this)| this.mean - first.mean);
        let relative = both.and_then(|(first, this)| {
            (first.mean != 0.0).then(|| (this.mean - first.mean) / first.mean.abs())
        });
        Self {
            estimate,
            difference,
            relative,
            overlaps: both.and_then(|(first, this)| first.overlaps(&this)),
        }
    }

    /// What a person is told of the difference.
    pub(super) fn verdict(&self) -> &'static str {
        match (self.difference, self.overlaps) {
            (None, _) => "",
            (Some(0.0), _) => "same",
            (_, Some(true)) => "intervals overlap",
            (_, Some(false)) => "intervals apart",
            (_, None) => "one seed",
        }
    }
}

/// The keys in which scenarios differ; of scenarios that are not TOML, which ours all are, the whole text.
fn scenario(results: &[(&str, &Summary)]) -> BTreeMap<String, Vec<Option<String>>> {
    let leaves: Vec<BTreeMap<String, String>> = results
        .iter()
        .map(|(_, summary)| leaves(&summary.identity.scenario))
        .collect();
    let keys: BTreeSet<&String> = leaves.iter().flat_map(BTreeMap::keys).collect();
    keys.into_iter()
        .map(|key| {
            let values = leaves.iter().map(|leaves| leaves.get(key).cloned());
            (key.clone(), values.collect::<Vec<_>>())
        })
        .filter(|(_, values)| values.iter().any(|value| *value != values[0]))
        .collect()
}

/// Every value of a scenario by its full key, as `radios[1].range-m`.
fn leaves(scenario: &str) -> BTreeMap<String, String> {
    fn walk(key: String, value: &toml::Value, leaves: &mut BTreeMap<String, String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    let dot = if key.is_empty() { "" } else { "." };
                    walk(format!("{key}{dot}{name}"), value, leaves);
                }
            }
            toml::Value::Array(values) if values.iter().any(toml::Value::is_table) => {
                for (place, value) in values.iter().enumerate() {
                    walk(format!("{key}[{place}]"), value, leaves);
                }
            }
            value => {
                leaves.insert(key, value.to_string());
            }
        }
    }
    let mut found = BTreeMap::new();
    match scenario.parse::<toml::Table>() {
        Ok(table) => walk(String::new(), &toml::Value::Table(table), &mut found),
        Err(_) => {
            found.insert("(the whole text)".to_owned(), scenario.to_owned());
        }
    }
    found
}

impl Comparison {
    /// The figures in the order in which they are shown.
    pub(super) fn names_in_order(&self) -> Vec<&str> {
        in_order(self.figures.keys().map(String::as_str))
    }

    /// For a person at a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, heading) in self.names.iter().zip(&self.headings) {
            text.push_str(&format!("{name}: {heading}\n"));
        }
        text.push('\n');
        if self.scenario.is_empty() {
            text.push_str("The scenarios do not differ.\n\n");
        } else {
            let headings = std::iter::once("scenario".to_owned()).chain(self.names.clone());
            let mut keys = table(headings.map(Cell::new).collect::<Vec<_>>(), []);
            for (key, values) in &self.scenario {
                let values = values.iter().map(|value| value.as_deref().unwrap_or("-"));
                keys.add_row(std::iter::once(key.as_str()).chain(values));
            }
            text.push_str(&format!("{keys}\n\n"));
        }
        text.push_str(&format!("{}\n", self.figures_text()));
        text
    }

    fn figures_text(&self) -> comfy_table::Table {
        let mut headings = vec!["figure".to_owned(), self.names[0].clone()];
        for name in &self.names[1..] {
            headings.extend([name.clone(), "difference".to_owned(), String::new()]);
        }
        let numbers = (1..headings.len()).filter(|column| *column == 1 || column % 3 != 1);
        let mut rows = table(headings.clone(), numbers);
        for name in self.names_in_order() {
            let mut row = vec![name.to_owned()];
            for (place, compared) in self.figures[name].iter().enumerate() {
                row.push(shown(name, compared));
                if place > 0 {
                    row.push(difference(name, compared));
                    row.push(compared.verdict().to_owned());
                }
            }
            rows.add_row(row);
        }
        rows
    }
}

/// A figure with its interval, as a person reads it.
fn shown(name: &str, compared: &Compared) -> String {
    let Some(estimate) = &compared.estimate else {
        return "-".to_owned();
    };
    let mean = unit(name).show(estimate.mean);
    match interval(name, estimate) {
        interval if interval.is_empty() => mean,
        interval => format!("{mean} ({interval})"),
    }
}

/// A difference, in the figure's unit and in percent.
fn difference(name: &str, compared: &Compared) -> String {
    told(compared, |difference| unit(name).show(difference))
}

/// As [`difference`], for a page, where shares are in percent.
pub(super) fn plain_difference(name: &str, compared: &Compared) -> String {
    told(compared, |difference| match unit(name) {
        Unit::Share => format!("{} points", brief(difference * 100.0)),
        unit => unit.plain(difference),
    })
}

fn told(compared: &Compared, show: impl Fn(f64) -> String) -> String {
    let Some(difference) = compared.difference else {
        return "-".to_owned();
    };
    let sign = if difference > 0.0 { "+" } else { "" };
    let percent = compared.relative.map(|relative| {
        let percent = (relative * 1000.0).round() / 10.0;
        format!(" ({sign}{} %)", number(percent))
    });
    format!("{sign}{}{}", show(difference), percent.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_have_their_full_names() {
        let found = leaves("a = 1\n[b]\nc = [1, 2]\n[[d]]\ne = 'x'\n[[d]]\ne = 'y'\n");
        let expected = [
            ("a", "1"),
            ("b.c", "[1, 2]"),
            ("d[0].e", "\"x\""),
            ("d[1].e", "\"y\""),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
    }

    #[test]
    fn a_scenario_that_is_no_toml_is_compared_as_a_whole() {
        assert_eq!(leaves("= no").len(), 1);
    }
}
