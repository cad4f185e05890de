//! `hedgerow-sim compare`, `report` and `view`: what is made of results.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::mobility::Map;
use crate::result::{self, MapLine, Summary};
use crate::scenario::{self, Movement};

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
    /// The scenario's file, for its map: a result does not hold that
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
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
        let map = match &self.scenario {
            Some(scenario) => map(scenario)?,
            None => Vec::new(),
        };
        let page = result::view(&self.result, seed, &map)?;
        let path = self.output.unwrap_or_else(|| self.result.join("view.html"));
        write(&path, &page)
    }
}

/// The lines of a scenario's map; none if it has none.
fn map(scenario: &Path) -> anyhow::Result<Vec<MapLine>> {
    let Movement::Mobility(mobility) = scenario::load(scenario)?.scenario.movement else {
        return Ok(Vec::new());
    };
    let Some(settings) = &mobility.map else {
        return Ok(Vec::new());
    };
    let map = Map::read(settings, mobility.area)?;
    let line = |(a, b): &(_, _)| [map.place(*a), map.place(*b)];
    Ok(map.lines().iter().map(line).collect())
}

/// Results with the names they go by: their directories', or the whole paths where two are the same.
fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<(String, Summary)>> {
    let short = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    paths
        .iter()
        .map(|path| {
            let alike = paths
                .iter()
                .filter(|other| short(other) == short(path))
                .count();
            let whole = || path.display().to_string();
            let name = short(path).filter(|_| alike == 1).unwrap_or_else(whole);
            Ok((name, Summary::read(path)?))
        })
        .collect()
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
