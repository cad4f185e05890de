//! `hedgerow-sim compare`, `report` and `view`: what is made of results.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::result::{self, Summary};

/// Put results side by side: what was asked and what came out differently
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// The results; differences are from the first
    #[arg(required = true, num_args = 2.., value_name = "RESULT")]
    results: Vec<PathBuf>,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Make one page with figures and drawings, of one result or of several side by side
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The results
    #[arg(required = true, value_name = "RESULT")]
    results: Vec<PathBuf>,
    /// Where the page is written [default: report.html in the first result]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Make one page that plays a run: devices, contacts, and how messages spread
#[derive(Debug, Args)]
pub(super) struct View {
    /// The result
    #[arg(value_name = "RESULT")]
    result: PathBuf,
    /// Which run [default: the first]
    #[arg(long)]
    seed: Option<u64>,
    /// Where the page is written [default: view.html in the result]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Compare {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let results = read(&self.results)?;
        let comparison = result::compare(&by_name(&results));
        if self.json {
            super::say(&(serde_json::to_string_pretty(&comparison)? + "\n"))?;
        } else {
            super::say(&comparison.text())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Report {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let results = read(&self.results)?;
        let page = result::report(&by_name(&results))?;
        let path = self
            .output
            .unwrap_or_else(|| self.results[0].join("report.html"));
        write(&path, &page)
    }
}

impl View {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let first = || -> anyhow::Result<u64> {
            let summary = Summary::read(&self.result)?;
            let first = summary.by_seed.keys().next();
            first.copied().context("the result has no run")
        };
        let seed = self.seed.map_or_else(first, Ok)?;
        let page = result::view(&self.result, seed)?;
        let path = self.output.unwrap_or_else(|| self.result.join("view.html"));
        write(&path, &page)
    }
}

/// Results with the names they go by: as many of the last parts of their paths as tell them apart.
fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<(String, Summary)>> {
    paths
        .iter()
        .map(|path| Ok((name(path, paths), Summary::read(path)?)))
        .collect()
}

fn name(path: &Path, paths: &[PathBuf]) -> String {
    let last = |path: &Path, parts: usize| -> PathBuf {
        let all: Vec<Component<'_>> = path.components().collect();
        all[all.len().saturating_sub(parts)..].iter().collect()
    };
    let parts = (1..path.components().count()).find(|parts| {
        let alike = paths
            .iter()
            .filter(|other| last(other, *parts) == last(path, *parts));
        alike.count() == 1
    });
    last(path, parts.unwrap_or(1)).display().to_string()
}

fn by_name(results: &[(String, Summary)]) -> Vec<(&str, &Summary)> {
    results
        .iter()
        .map(|(name, summary)| (name.as_str(), summary))
        .collect()
}

fn write(path: &Path, page: &str) -> anyhow::Result<ExitCode> {
    std::fs::write(path, page).with_context(|| path.display().to_string())?;
    super::say(&format!("{}\n", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_longer_than_it_must_be() {
        let paths = ["/home/ana/one/x", "/home/ana/two/x", "/home/ana/y"].map(PathBuf::from);
        let names: Vec<String> = paths.iter().map(|path| name(path, &paths)).collect();
        assert_eq!(names, ["one/x", "two/x", "y"]);
    }
}
