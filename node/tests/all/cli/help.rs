//! What the help teaches, and the pages and completions that are made from it.

use std::path::Path;

use snapbox::{assert_data_eq, file};
use unicode_width::UnicodeWidthStr;

use super::{hedgerow, text, transcript};

#[test]
fn help_teaches_each_command() {
    let nowhere = Path::new("/nonexistent");
    let mut shown = String::new();
    for line in [
        "--help",
        "init --help",
        "run --help",
        "stop --help",
        "me --help",
        "invite --help",
        "join --help",
        "invitations --help",
        "invitations show --help",
        "invitations cancel --help",
        "contacts --help",
        "verify --help",
        "send --help",
        "read --help",
        "edit --help",
        "attach --help",
        "save --help",
        "load --help",
        "cancel --help",
        "free --help",
        "storage --help",
        "search --help",
        "versions --help",
        "forward --help",
        "draft --help",
        "react --help",
        "pin --help",
        "delete --help",
        "timer --help",
        "resend --help",
        "status --help",
        "rename --help",
        "block --help",
        "remove --help",
        "lock --help",
        "unlock --help",
        "passphrase --help",
        "erase --help",
        "wipe --help",
        "carry --help",
        "carry export --help",
        "carry export-all --help",
        "carry import --help",
        "carrier --help",
        "bluetooth --help",
        "api --help",
        "relay --help",
        "relays --help",
        "relays add --help",
        "relays remove --help",
        "relays paths --help",
        "demo --help",
        "bench --help",
        "completions --help",
        "man --help",
        "help send",
    ] {
        let output = hedgerow(nowhere).args(line.split(' ')).output().unwrap();
        transcript(&mut shown, line, &output);
    }
    assert_data_eq!(shown, file!["help.txt"].raw());
}

#[test]
fn completions_are_made_for_the_common_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = hedgerow(Path::new("/nonexistent"))
            .args(["completions", shell])
            .output();
        let output = output.unwrap();
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("invitations"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let man = folder.path().join("man1");
    let output = hedgerow(Path::new("/nonexistent"))
        .arg("man")
        .arg(&man)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let help = hedgerow(Path::new("/nonexistent"))
        .arg("--help")
        .output()
        .unwrap();
    let help = text(&help.stdout);
    let groups = help.split("Global options:").next().unwrap();
    let commands = groups.lines().filter_map(|line| line.strip_prefix("  "));
    let commands: Vec<_> = commands.filter_map(|line| line.split(' ').next()).collect();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands.into_iter().filter(|one| *one != "help") {
        let page = std::fs::read_to_string(man.join(format!("hedgerow-{command}.1")));
        assert!(page.unwrap().contains(".SH SYNOPSIS"), "{command}");
    }
    assert!(man.join("hedgerow.1").exists() && man.join("hedgerow-carry-export.1").exists());
    assert!(!man.join("hedgerow-bench-peer.1").exists(), "it is hidden");
}

#[test]
fn what_is_wrong_with_a_command_line_is_said_in_80_columns() {
    let long = "a-word-".repeat(6);
    let output = hedgerow(Path::new("/nonexistent"))
        .args(["send", "Ben", "hello", &format!("--{long}")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.lines().all(|line| line.width() <= 80), "{said}");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let advice = format!("to pass '--{long}' as a value, use '-- --{long}'");
    assert!(said.contains(&advice), "{said}");
}

/// Nothing that people read is wider than a terminal, in any language.
#[test]
fn no_output_is_wider_than_80_columns() {
    let mut wide = Vec::new();
    for entry in std::fs::read_dir("tests/all/cli").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "txt") {
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        // What was typed, and what programs read.
        let shown = golden.lines().filter(|line| !line.starts_with("$ "));
        let shown = shown.map(|line| line.strip_prefix("! ").unwrap_or(line));
        let shown = shown.filter(|line| !line.starts_with('{'));
        // An address is one word, which nobody could copy from two lines.
        let shown = shown.filter(|line| line.trim().contains(' '));
        let too_wide = shown.filter(|line| line.width() > 80);
        wide.extend(too_wide.map(|line| format!("{}: {line}", path.display())));
    }
    assert!(wide.is_empty(), "\n{}", wide.join("\n"));
}
