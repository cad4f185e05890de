//! What is said of a file that is not there: which, and why, once.

use super::{fails, square};

#[test]
fn a_file_that_is_missing_is_named_once_with_the_reason_once() {
    let directory = square();
    let path = directory.path();
    let map = "movement.mobility.map.layers";
    let of_map = format!("{map}=[{{ name = \"roads\", file = \"NONE\" }}]");
    std::fs::write(path.join("sweep.toml"), "scenario = \"NONE\"\nseeds = [1]")
        .expect("there is room");
    let calls: [&[&str]; 9] = [
        &["run", "NONE"],
        &["run", "square.toml", "--set", &of_map],
        &[
            "run",
            "square.toml",
            "--set",
            "acquaintance={ file = { path = \"NONE\" } }",
        ],
        &["sweep", "NONE"],
        &["sweep", "sweep.toml"],
        &["convert", "NONE"],
        &["validate", "--trace", "NONE"],
        &["compare", "NONE", "NONE"],
        &["view", "NONE"],
    ];
    for call in calls {
        let said = fails(path, call);
        // A failed seed says in a second line how it happens again.
        let why = said.lines().next().unwrap_or_default();
        assert_eq!(why.matches("NONE").count(), 1, "{call:?}: {said}");
        assert!(why.matches("os error 2").count() <= 1, "{call:?}: {said}");
    }
}
