//! Real nodes, each a process with a directory, and what people do at their terminals.

use std::process::Stdio;

use super::person::{Person, Running, TYPED};
use super::text;

#[test]
fn two_people_meet_and_talk_and_their_logs_tell_nothing() {
    let (ana, ben) = (Person::new("Anastasia"), Person::new("Benedikt"));
    let (ana_runs, ben_runs) = (ana.run(), ben.run());
    let link = ana.ok(&["invite"]);
    let link = link.trim();
    ben.ok(&["join", link]);
    ben.ok(&["send", "Anastasia", "the heron lands at noon"]);
    ana.until(|ana| {
        ana.ok(&["read", "Benedikt"])
            .contains("the heron lands at noon")
    });
    ana.ok(&["send", "Benedikt", "and the kingfisher leaves"]);
    ben.until(|ben| {
        ben.ok(&["read", "Anastasia"])
            .contains("and the kingfisher leaves")
    });
    ben.until(|ben| ben.ok(&["read", "Anastasia"]).contains("you ✓: the heron"));
    let words = ana.json(&["verify", "Benedikt"])["words"].clone();
    assert_eq!(words, ben.json(&["verify", "Anastasia", "--yes"])["words"]);
    assert_eq!(ben.json(&["contacts"])["verified"], true);

    let addresses = ana.json(&["status"])["open"]["carriers"][0]["addresses"].clone();
    let api = ana.ok(&["api"]);
    let token = std::fs::read_to_string(ana.directory.path().join("data/token")).unwrap();
    ana.ok(&["lock"]);
    assert_eq!(ana.ask(&["contacts"]).status.code(), Some(3));
    ana.ok(&["unlock"]);
    let secrets = [
        "heron",
        "kingfisher",
        "Anastasia",
        "Benedikt",
        TYPED,
        link,
        &token,
        ana.json(&["status"])["open"]["me"]["id"].as_str().unwrap(),
        ben.json(&["status"])["open"]["me"]["id"].as_str().unwrap(),
        addresses[0].as_str().unwrap(),
        addresses[1].as_str().unwrap(),
    ]
    .map(str::to_owned);
    assert_eq!((ana_runs.terminate(), ben_runs.terminate()), (0, 0));

    // Without a node the command opens the directory itself; what it writes waits.
    let output = ana.ask(&["send", "Benedikt", "later"]);
    assert!(output.status.success() && text(&output.stderr).contains("`hedgerow run` delivers it"));
    assert_eq!(
        ana.json(&["status", "--message", text(&output.stdout).trim()])["deliveries"][0]["state"],
        "queued"
    );
    let waiting = ana.json(&["status", "Benedikt"]);
    assert_eq!(
        (&waiting["queued"], &waiting["messages"][0]["text"]),
        (&1.into(), &"later".into())
    );
    assert_eq!(ana.ask(&["api"]).status.code(), Some(4));
    assert!(!api.is_empty());

    for log in [ana.log(), ben.log()] {
        assert!(
            log.contains("a message has come") && log.contains("locked"),
            "{log}"
        );
        for secret in &secrets {
            assert!(
                !log.contains(secret.as_str()),
                "the log holds {secret:?}:\n{log}"
            );
        }
        // Each is a common word, which the log may hold for another reason.
        let is_said = |word: &serde_json::Value| log.contains(word.as_str().unwrap());
        assert!(!words.as_array().unwrap().iter().all(is_said), "{log}");
    }
}

#[test]
fn a_killed_node_leaves_a_directory_that_opens_again() {
    let ana = Person::new("Ana");
    let mut running = ana.run();
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    assert_eq!(ana.json(&["status"])["open"]["me"]["name"], "Ana");
    assert_eq!(ana.ask(&["lock"]).status.code(), Some(4));
}

#[test]
#[cfg(target_os = "linux")]
fn a_crash_of_a_node_leaves_no_core_dump() {
    let ana = Person::new("Ana");
    let running = ana.run();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.0.id())).unwrap();
    let core = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .unwrap();
    let core: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(core, ["0", "0", "bytes"]);
}

#[test]
fn an_invitation_is_made_and_named_without_a_running_node() {
    let ana = Person::new("Ana");
    let output = ana.ask(&["invite"]);
    assert!(output.status.success() && text(&output.stdout).starts_with("hedgerow:"));
    let said = text(&output.stderr);
    assert!(
        said.contains("Invitation 1,") && said.contains("`hedgerow run`"),
        "{said}"
    );
    assert_eq!(ana.ok(&["invitations", "show", "1"]), text(&output.stdout));
    ana.ok(&["invite", "--valid", "1h"]);
    let newest = ana.json(&["invitations"]);
    ana.ok(&["invitations", "cancel", "2"]);
    assert_eq!(ana.json(&["invitations"])["state"], "cancelled");
    assert_eq!(ana.json(&["invitations"])["id"], newest["id"]);
    assert_eq!(
        ana.ask(&["invitations", "cancel", "2"]).status.code(),
        Some(1)
    );
}

#[test]
fn an_own_name_is_changed_and_the_identity_stays() {
    let ana = Person::new("Ana");
    let before = ana.json(&["me"]);
    ana.ok(&["me", "--name", "Ana K."]);
    assert_eq!(ana.json(&["me"])["name"], "Ana K.");
    assert_eq!(ana.json(&["me"])["id"], before["id"]);
    assert_eq!(
        ana.ask(&["me", "--name", "A\u{1b}na"]).status.code(),
        Some(1)
    );
}

#[test]
fn a_second_identity_does_not_replace_the_first() {
    let ana = Person::new("Ana");
    let before = ana.json(&["status"])["open"]["me"].clone();
    let again = ana.ask(&["init", "--name", "Mallory"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(ana.json(&["status"])["open"]["me"], before);
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let ana = Person::new("Ana");
    std::fs::write(ana.directory.path().join("typed"), "wrong").unwrap();
    for words in [&["contacts"][..], &["run"], &["--json", "status"]] {
        assert_eq!(ana.ask(words).status.code(), Some(3), "{words:?}");
    }
}

#[test]
fn a_wipe_takes_two_steps_and_leaves_nothing() {
    use std::io::Write;
    let ana = Person::new("Ana");
    assert_eq!(ana.ask(&["wipe"]).status.code(), Some(2));
    let mut wipe = ana.command(&["wipe", "--destroy-everything"]);
    let mut wipe = Running::start(wipe.stdin(Stdio::piped()));
    wipe.0
        .stdin
        .take()
        .unwrap()
        .write_all(b"destroy everything\n")
        .unwrap();
    assert!(wipe.0.wait().unwrap().success());
    assert_eq!(ana.ask(&["contacts"]).status.code(), Some(4));
    let left = std::fs::read_dir(ana.directory.path().join("data")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}
