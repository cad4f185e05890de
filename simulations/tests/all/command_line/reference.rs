use std::path::Path;

use super::{square, works};

#[test]
fn the_reference_in_the_repository_is_what_schema_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("SCENARIOS.md");
    let there = std::fs::read_to_string(path).expect("it is in the repository");
    let printed = works(Path::new("."), &["schema"]);
    assert!(
        there == printed,
        "make it anew: cargo run -p hedgerow-simulations -- schema > simulations/SCENARIOS.md"
    );
}

#[test]
fn the_reference_names_every_type_once() {
    let printed = works(Path::new("."), &["schema"]);
    let mut sections: Vec<&str> = printed
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    let count = sections.len();
    sections.sort_unstable();
    sections.dedup();
    assert_eq!(sections.len(), count);
    for words in [
        "## Radio",
        "`rate-bytes-s`",
        "`roll-back`",
        "## Working day",
    ] {
        assert!(printed.contains(words), "{words}");
    }
}

#[test]
fn the_schema_is_json_and_completions_are_for_the_shell() {
    let printed = works(Path::new("."), &["schema", "--json"]);
    let schema: serde_json::Value = serde_json::from_str(&printed).expect("it is JSON");
    assert_eq!(schema["title"], "Scenario");
    let bash = works(Path::new("."), &["completions", "bash"]);
    assert!(bash.contains("--checkpoints"));
}

#[test]
fn a_key_that_nobody_knows_is_an_error_that_names_its_line() {
    let directory = square();
    let path = directory.path().join("square.toml");
    let text = super::text().replace("latency-s", "latency-ms");
    std::fs::write(&path, text).expect("there is room");
    let said = super::fails(directory.path(), &["run", "square.toml"]);
    assert!(
        said.contains("line 25") && said.contains("latency-ms") && said.contains("latency-s"),
        "{said}"
    );
}
