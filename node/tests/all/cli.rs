//! The command line, as typed: its help and its answers word for word, and real nodes.
//!
//! `answers` and `languages` type at a node in this process (`terminal`); what differs from one identity to the next
//! stands in their golden texts as a `stand_in` of a fixed length. `two_nodes` runs processes.
//!
//! `SNAPSHOTS=overwrite cargo test -p hedgerow-node --test all cli::` writes the golden texts anew.
#![expect(clippy::disallowed_methods, reason = "real processes")]

mod answers;
mod following;
mod groups;
mod help;
mod inviting;
mod languages;
mod naming;
mod person;
mod stand_in;
mod terminal;
mod two_nodes;
mod without_a_node;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn hedgerow(directory: &Path) -> Command {
    let mut command = Command::new(snapbox::cmd::cargo_bin!("hedgerow"));
    command
        .env_clear()
        .env("TZ", "UTC")
        .env("HEDGEROW_DIR", directory)
        .stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a terminal would show, stderr marked, and the exit status.
fn transcript(shown: &mut String, line: &str, output: &Output) {
    writeln!(shown, "$ hedgerow {line}").unwrap();
    shown.push_str(&text(&output.stdout));
    for line in text(&output.stderr).lines() {
        writeln!(shown, "! {line}").unwrap();
    }
    match output.status.code().unwrap() {
        0 => writeln!(shown).unwrap(),
        code => writeln!(shown, "exit {code}\n").unwrap(),
    }
}
