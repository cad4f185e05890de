use std::path::Path;

use super::{assert_same, fails, files, square, works};

/// Two policies, two losses, two seeds: eight runs of two minutes.
const SWEEP: &str = r#"
scenario = "square.toml"
seeds = [1, 2]

[parameters]
duration-s = [120]
"courier.policy" = [{ epidemic = {} }, { direct = {} }]
"radios.0.loss" = [0.0, 0.3]
"#;

fn swept() -> tempfile::TempDir {
    let directory = square();
    std::fs::write(directory.path().join("sweep.toml"), SWEEP).expect("there is room");
    directory
}

fn jobs(result: &Path) -> Vec<String> {
    let names = std::fs::read_dir(result.join("jobs")).expect("there are jobs");
    let mut names: Vec<String> = names
        .map(|entry| {
            entry
                .expect("it can be read")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn shards_in_any_order_come_to_the_figures_of_one_sweep() {
    let directory = swept();
    let path = directory.path();
    let printed = works(path, &["sweep", "sweep.toml", "-o", "whole"]);
    assert!(
        printed.contains("epidemic") && printed.contains("kept in whole"),
        "{printed}"
    );
    assert_eq!(jobs(&path.join("whole")).len(), 8);
    for shard in ["2/3", "0/3"] {
        works(
            path,
            &["sweep", "sweep.toml", "-o", "parts", "--shard", shard],
        );
    }
    let said = fails(path, &["merge", "sweep.toml", "-o", "parts"]);
    assert!(said.contains("of 8 jobs have not been run"), "{said}");
    works(
        path,
        &["sweep", "sweep.toml", "-o", "parts", "--shard", "1/3"],
    );
    works(path, &["merge", "sweep.toml", "-o", "parts"]);
    assert_same(&path.join("whole"), &path.join("parts"));
}

#[test]
fn what_has_been_run_is_not_run_again() {
    let directory = swept();
    let path = directory.path();
    works(path, &["sweep", "sweep.toml"]);
    let result = path.join("results/sweep");
    let whole = files(&result);
    let names = jobs(&result);
    // One is gone, one was ended before its last line, and one bears a mark that a run would remove.
    std::fs::remove_dir_all(result.join("jobs").join(&names[0])).expect("it was there");
    std::fs::remove_file(result.join("jobs").join(&names[1]).join("job.toml"))
        .expect("it was there");
    let mark = result.join("jobs").join(&names[2]).join("mark");
    std::fs::write(&mark, "").expect("there is room");
    works(path, &["sweep", "sweep.toml"]);
    std::fs::remove_file(&mark).expect("it has not been run again");
    assert!(files(&result) == whole, "the same files");
}

#[test]
fn a_parameter_that_leads_nowhere_is_told_before_anything_is_run() {
    let directory = swept();
    let path = directory.path();
    let text = SWEEP.replace("radios.0.loss", "radios.3.loss");
    std::fs::write(path.join("sweep.toml"), text).expect("there is room");
    let said = fails(path, &["sweep", "sweep.toml"]);
    assert!(said.contains("`radios.3.loss`"), "{said}");
    assert!(!path.join("results").exists());
}
