//! `hedgerow-gui bench` runs: every row is measured, with a handful of everything. Figures of a build like
//! this one mean nothing, so nobody looks at them here.

use std::process::Command;

use serde_json::Value;

/// The rows of a group.
fn rows(group: &str, messages: &str) -> Vec<Value> {
    let disk = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_hedgerow-gui"))
        .args(["bench", group, "--messages", messages, "--disk"])
        .arg(disk.path())
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{talk}");
    let out = String::from_utf8(ran.stdout).unwrap();
    out.lines()
        .map(|line| serde_json::from_str(line).expect("a row a line"))
        .collect()
}

fn is_measured(rows: &[Value], count: usize) {
    assert_eq!(rows.len(), count, "{rows:?}");
    for row in rows {
        assert!(row["value"].as_f64().unwrap() > 0.0, "{row}");
        assert!(row["holds"].is_boolean(), "{row}");
    }
}

#[test]
fn the_start_is_measured() {
    is_measured(&rows("start", "2"), 2);
}

#[test]
fn opening_and_scrolling_are_measured() {
    is_measured(&rows("open", "120"), 5);
}

#[test]
fn a_conversation_with_pictures_answers_and_emoji_is_measured() {
    is_measured(&rows("lively", "120"), 4);
}

#[test]
fn what_emoji_cost_is_measured_beside_messages_without_them() {
    is_measured(&rows("emoji", "120"), 3);
}

#[test]
fn a_message_is_measured_from_committed_to_drawn() {
    is_measured(&rows("live", "4"), 2);
}

#[test]
fn typing_is_measured() {
    is_measured(&rows("typing", "10"), 2);
}

#[test]
fn many_that_arrive_are_measured() {
    is_measured(&rows("arriving", "300"), 2);
}
