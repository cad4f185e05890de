//! Tells the simulator which commit it is built from, for the results to carry.

use std::process::Command;

fn main() {
    let commit = git(&[
        "describe",
        "--always",
        "--dirty=+changes",
        "--abbrev=40",
        "--exclude=*",
    ]);
    println!(
        "cargo::rustc-env=HEDGEROW_COMMIT={}",
        commit.as_deref().unwrap_or("unknown")
    );
    for path in [
        "src",
        "../node/src",
        "../sync/src",
        "../transport/src",
        "../Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
    // It grows with each commit and each change of branch.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
}

/// What git says, if there is a git and this is a work tree.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
