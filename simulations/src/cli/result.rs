//! `hedgerow-sim compare` and `report`: what is made of results.

use std::path::{Path, PathBuf};
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
