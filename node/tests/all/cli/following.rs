//! A conversation that is followed, what is read from standard input, and a node of another version.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::Arc;

use axum::http::StatusCode;

use super::person::Running;
use super::terminal::{beside, owning};
use super::{hedgerow, text};
use crate::support::hosted::Hosted;
use crate::support::serve_other;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_followed_until_it_is_interrupted() {
    let node = Arc::new(Hosted::new(2));
    let terminal = beside(node.clone()).await;
    let mut follow = hedgerow(&terminal.place.path().join("DIR"));
    follow.args(["read", "Ben", "--follow", "--last", "1"]);
    let mut follow = Running::start(follow.stdout(Stdio::piped()));
    let mut lines = BufReader::new(follow.0.stdout.take().unwrap()).lines();
    // The first line shows that it listens: it begins to before it looks.
    assert!(lines.next().unwrap().unwrap().ends_with("Ben: line 1"));
    for word in ["fresh", "\u{1b}[2Jhidden\u{202e}"] {
        node.receive(word);
        let line = lines.next().unwrap().unwrap();
        assert!(!line.contains(['\u{1b}', '\u{202e}']));
        assert!(
            line.contains("fresh") || line.contains("⟨U+001B⟩[2Jhidden⟨U+202E⟩"),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_another_version_is_named_with_what_to_do() {
    let answer = "{\"contacts\":{}}";
    let terminal = owning(serve_other(StatusCode::OK, answer).await, "9.9\u{1b}[2J");
    let output = terminal.ask("contacts").await;
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.is_empty());
    let said = text(&output.stderr).replace('\n', " ");
    for version in ["(9.9⟨U+001B⟩[2J)", env!("CARGO_PKG_VERSION")] {
        assert!(said.contains(version), "{said}");
    }
    assert!(said.contains("`hedgerow stop`"), "{said}");
    let output = terminal.ask("--json contacts").await;
    let failure: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(failure["code"], "other_version");
    assert_eq!(failure["version"], "9.9\u{1b}[2J");
    // What it says to do can be done.
    assert_eq!(terminal.ask("stop").await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standard_input_that_is_too_long_or_no_text_is_refused_truthfully() {
    let terminal = beside(Arc::default()).await;
    let longest = "ж".repeat(32_768);
    for (bytes, code, said) in [
        (format!("{longest}\r\n").into_bytes(), 0, ""),
        (
            format!("{longest}!").into_bytes(),
            1,
            "more than 65536 bytes",
        ),
        (longest.repeat(4).into_bytes(), 1, "more than 65536 bytes"),
        (vec![0xff; 10], 2, "not valid UTF-8"),
    ] {
        let mut send = hedgerow(&terminal.place.path().join("DIR"));
        send.args(["send", "Ben", "-"]).stdin(Stdio::piped());
        send.stdout(Stdio::null()).stderr(Stdio::piped());
        let run = move || {
            let mut child = send.spawn().unwrap();
            // It reads no more than it needs.
            let _ = child.stdin.take().unwrap().write_all(&bytes);
            child.wait_with_output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert!(
            text(&output.stderr).contains(said),
            "{}",
            text(&output.stderr)
        );
    }
}
