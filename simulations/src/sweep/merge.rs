//! What all jobs of a sweep come to: one table for programs, one for people.

use std::collections::BTreeMap;
use std::path::Path;

use parquet_derive::ParquetRecordWriter;
use serde::Serialize;

use super::{Job, SweepError};
use crate::result::{Estimate, Summary, unit, write_table};

/// The merged figures, a row a job and figure.
const FIGURES: &str = "figures.parquet";
/// The merged figures over seeds.
const SUMMARY: &str = "sweep.json";

/// One figure of one job.
#[derive(Debug, Clone, PartialEq, ParquetRecordWriter)]
struct Row {
    /// The job's name.
    job: String,
    /// Its parameters, as TOML in one line.
    parameters: String,
    /// Its seed.
    seed: i64,
    /// The figure.
    figure: String,
    /// Its value.
    value: f64,
}

/// One combination of parameters, over its seeds.
#[derive(Debug, Clone, Serialize)]
pub struct Combination {
    /// The parameters.
    pub parameters: toml::Table,
    /// The figures.
    pub figures: BTreeMap<String, Estimate>,
}

/// A sweep, merged.
#[derive(Debug, Clone, Serialize)]
pub struct Merged {
    /// In the order of the sweep.
    pub combinations: Vec<Combination>,
}

/// Puts the results of all jobs together.
///
/// # Errors
/// A job has not been run, or a file fails.
pub fn merge(jobs: &[Job], sweep: &Path) -> Result<Merged, SweepError> {
    let missing = jobs.iter().filter(|job| !job.is_done(sweep)).count();
    if missing > 0 {
        return Err(SweepError::Missing {
            missing,
            jobs: jobs.len(),
        });
    }
    let mut rows = Vec::new();
    let mut merged = Merged {
        combinations: Vec::new(),
    };
    for jobs in jobs.chunk_by(|one, other| one.parameters == other.parameters) {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for job in jobs {
            let summary = Summary::read(&job.directory(sweep))?;
            for (figure, value) in summary.by_seed.values().flatten() {
                values.entry(figure.clone()).or_default().push(*value);
                rows.push(Row {
                    job: job.name.clone(),
                    parameters: line(&job.parameters),
                    seed: job.seed as i64,
                    figure: figure.clone(),
                    value: *value,
                });
            }
        }
        merged.combinations.push(Combination {
            parameters: jobs[0].parameters.clone(),
            figures: values
                .into_iter()
                .filter_map(|(figure, values)| {
                    let estimate = Estimate::of(&values, unit(&figure))?;
                    Some((figure, estimate))
                })
                .collect(),
        });
    }
    write_table(&sweep.join(FIGURES), &rows)?;
    let path = sweep.join(SUMMARY);
    let mut text = serde_json::to_string_pretty(&merged).expect("figures are numbers and names");
    text.push('\n');
    std::fs::write(&path, text).map_err(|source| SweepError::File { path, source })?;
    Ok(merged)
}

/// Parameters in one line.
fn line(parameters: &toml::Table) -> String {
    let parts = parameters
        .iter()
        .map(|(key, value)| format!("{key} = {value}"));
    parts.collect::<Vec<_>>().join(", ")
}

impl Merged {
    /// A table for people: a row a combination.
    #[must_use]
    pub fn text(&self) -> String {
        const SHOWN: [&str; 4] = [
            "delivery_ratio",
            "delay_median_s",
            "overhead_ratio",
            "hops_mean",
        ];
        let mut head = vec!["parameters".to_owned()];
        head.extend(SHOWN.map(|name| name.replace('_', " ")));
        let mut table = crate::result::text_table(head, 1..=SHOWN.len());
        for combination in &self.combinations {
            let mut row = vec![line(&combination.parameters)];
            for name in SHOWN {
                row.push(combination.figures.get(name).map_or_else(
                    || "-".to_owned(),
                    |estimate| match (estimate.low, estimate.high) {
                        (Some(low), Some(high)) => {
                            format!("{:.3} ({low:.3} to {high:.3})", estimate.mean)
                        }
                        _ => format!("{:.3}", estimate.mean),
                    },
                ));
            }
            table.add_row(row);
        }
        table.to_string()
    }
}
