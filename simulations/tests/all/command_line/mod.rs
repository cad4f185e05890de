//! `hedgerow-sim` as people and scripts call it.

mod bench;
mod convert;
mod missing;
mod reference;
mod run;
mod sweep;
mod validate;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::walking::Walkers;

/// Ten minutes, with a checkpoint every two.
const HEAD: &str = r#"
name = "square"
description = "small, for tests"
duration-s = 600
window-s = 5
checkpoint-every-s = 120
acquaintance.communities = { size = 4, outside = 2 }

[courier]
policy = { epidemic = {} }
"#;

/// Their radios, what they write, and who is not always there.
const REST: &str = r#"energy = { sleep-w = 0.001, send-w = 0.05 }

[[workload]]
what = "texts"
pace.poisson = { per-hour = 400 }
length = { shortest = 20, longest = 200 }

[[faults]]
churn = { share = 0.3, on-s = 200, off-s = 30 }

[outputs]
sample-s = 60
"#;

/// Twelve people on a square, of whom some know one another.
pub fn text() -> String {
    let people = Walkers {
        count: 12,
        side_m: 80,
        range_m: 20,
        speed_m_s: [0.5, 1.5],
        longest_pause_s: 20,
        rate_bytes_s: 40_000,
    };
    format!("{HEAD}{}{REST}", people.lines())
}

/// A directory with the scenario `square.toml`.
pub fn square() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("there is room");
    std::fs::write(directory.path().join("square.toml"), text()).expect("there is room");
    directory
}

/// The program, in this directory.
pub fn hedgerow_sim(directory: &Path, arguments: &[impl AsRef<OsStr>]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hedgerow-sim"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the program is built")
}

/// The program, which must end well: what it prints.
pub fn works(directory: &Path, arguments: &[impl AsRef<OsStr>]) -> String {
    let output = hedgerow_sim(directory, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).expect("it prints text")
}

/// The program, which must end with 1: what it says.
pub fn fails(directory: &Path, arguments: &[impl AsRef<OsStr>]) -> String {
    let output = hedgerow_sim(directory, arguments);
    let said = String::from_utf8(output.stderr).expect("it says text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

/// Every file below a directory, by its path.
pub fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in std::fs::read_dir(&next).expect("it is a directory") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(directory).expect("it is below");
            let bytes = std::fs::read(&path).expect("it can be read");
            files.insert(name.display().to_string(), bytes);
        }
    }
    files
}

/// Panics with the names of the files in which two results differ.
pub fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert!(one.keys().eq(other.keys()), "the same files");
    let differ: Vec<&String> = one
        .iter()
        .filter(|(name, bytes)| other[*name] != **bytes)
        .map(|(name, _)| name)
        .collect();
    assert!(differ.is_empty(), "{differ:?}");
}
