//! What the command line says where no node runs, or no identity is.

use snapbox::{assert_data_eq, file};

use super::person::TYPED;
use super::{hedgerow, text, transcript};

#[test]
fn without_a_node_or_an_identity_it_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let absent = directory.path().join("absent");
    let mut shown = String::new();
    for line in [
        "contacts",
        "send Ben hello",
        "run",
        "lock",
        "unlock",
        "stop",
        "me",
        "api",
        "wipe --destroy-everything",
    ] {
        let output = hedgerow(&absent).args(line.split(' ')).output().unwrap();
        transcript(&mut shown, line, &output);
    }
    assert!(!absent.exists(), "looking must not make a directory");
    assert_data_eq!(shown, file!["nobody.txt"].raw());
}

#[test]
fn in_an_empty_directory_nothing_asks_for_a_passphrase() {
    let directory = tempfile::tempdir().unwrap();
    for line in [
        "status",
        "contacts",
        "me",
        "invite",
        "run",
        "passphrase",
        "wipe --destroy-everything",
    ] {
        let output = hedgerow(directory.path())
            .args(line.split(' '))
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{line}: {said}");
        assert!(said.contains("`hedgerow init`"), "{line}: {said}");
    }
}

#[test]
fn an_identity_that_cannot_be_made_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    for (file, passphrase) in [("good", TYPED), ("weak", "a"), ("name", "anastasia")] {
        std::fs::write(place.path().join(file), passphrase).unwrap();
    }
    let long = "я".repeat(33);
    for (name, file, said) in [
        (long.as_str(), "good", "1 character too long"),
        ("Ana\nBen", "good", "line breaks"),
        ("Ana\u{202e}", "good", "reading direction"),
        (" ", "good", "must not be empty"),
        ("Ana", "weak", "Choose a stronger passphrase."),
        ("Anastasia", "name", "Choose a stronger passphrase."),
        ("Ana", "none", "no such file"),
    ] {
        let directory = place.path().join("data");
        let mut init = hedgerow(&directory);
        init.args(["init", "--name", name, "--passphrase-file"]);
        let output = init.arg(place.path().join(file)).output().unwrap();
        let code = if file == "none" { 2 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{name}");
        let told = text(&output.stderr).replace('\n', " ");
        assert!(told.contains(said), "{told}");
        assert!(!directory.exists(), "{name}");
    }
}
