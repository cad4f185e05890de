//! Who owns a data directory, and what the program says when one cannot be opened.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use hedgerow_node::api::{Api, Private};
use hedgerow_node::directory::Directory;
use hedgerow_node::runtime::OnAir;
use hedgerow_sync::store::Store;
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use super::people::{Daemon, connected, create, hedgerow, open, pair, place, with_store};

/// Somebody without rights, whatever the system calls them.
const NOBODY: u32 = 65_534;

fn json(output: &Output) -> serde_json::Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// An identity at rest.
async fn identity() -> (TempDir, PathBuf) {
    let place = place();
    let dir = place.path().join("data");
    let node = create(&dir, "Ada").await;
    node.stop().await.unwrap();
    (place, dir)
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let read = files.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    read.collect()
}

fn store_file(dir: &Path) -> PathBuf {
    let mut names = files(dir).into_keys();
    dir.join(names.find(|name| name.starts_with("store-")).unwrap())
}

/// Both the command that opens a directory for itself and the daemon end with this status and sentence,
/// and leave what they found.
fn refused(dir: &Path, prepare: impl Fn(&mut Command), exit: i32, sentence: &str) {
    let before = files(dir);
    for arguments in [&["contacts"][..], &["run", "--loopback"]] {
        let mut command = hedgerow(dir);
        prepare(command.args(arguments));
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
        assert!(said.contains(sentence), "{arguments:?}: {said}");
        let mut after = files(dir);
        if arguments[0] == "run" {
            // A daemon says where its API is before it is unlocked.
            after.remove("token");
            after.insert("lock".to_owned(), before["lock"].clone());
        }
        assert!(before == after, "{arguments:?} changed the files");
        // What the daemon of this round left is not there before the next.
        let _ = fs::remove_file(dir.join("token"));
        fs::write(dir.join("lock"), &before["lock"]).unwrap();
    }
}

#[tokio::test]
async fn a_second_command_becomes_the_client_of_the_process_that_owns_the_directory() {
    let (_place, dir) = identity().await;
    let daemon = Daemon::start(&dir).await;
    // Without a passphrase: only the daemon can answer.
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hedgerow"));
        command.env("HEDGEROW_LANGUAGE", "en");
        command.env_clear().args(["--json", "--data-dir"]).arg(&dir);
        command.args(arguments).output().unwrap()
    };
    let status = json(&ask(&["status"]));
    assert_eq!(status["open"]["me"]["name"], "Ada");
    let again = ask(&["run", "--loopback"]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(4), "{said}");
    assert!(said.contains("already running"), "{said}");
    json(&ask(&["lock"]));
    assert!(daemon.api.status().await.unwrap().locked);
    daemon.stop().await;
    let alone = ask(&["contacts"]);
    assert_eq!(alone.status.code(), Some(3), "nobody is left to ask");
}

#[tokio::test]
async fn a_second_run_says_at_once_that_the_directory_is_owned() {
    let (_place, dir) = identity().await;
    let daemon = Daemon::start(&dir).await;
    for is_locked in [false, true] {
        if is_locked {
            daemon.api.lock().await.unwrap();
        }
        let begun = Instant::now();
        let output = hedgerow(&dir).args(["run", "--loopback"]).output().unwrap();
        let after = begun.elapsed();
        assert_eq!(output.status.code(), Some(4));
        assert!(after < Duration::from_secs(3), "after {after:?}");
    }
    daemon.api.stop().await.unwrap();
}

#[tokio::test]
async fn a_run_waits_for_an_owner_that_is_stopping() {
    let people = pair().await;
    let (a, b) = (
        Daemon::start(&people.a).await,
        Daemon::start(&people.b).await,
    );
    connected(&a.api, &people.b_of_a).await;
    // Its links take a moment to end.
    rustix::process::kill_process(Pid::from_child(&a.child), Signal::TERM).unwrap();
    let next = Daemon::start(&people.a).await;
    connected(&next.api, &people.b_of_a).await;
    next.stop().await;
    b.stop().await;
}

#[test]
fn without_an_identity_every_command_says_so_and_asks_for_no_passphrase() {
    let place = place();
    for arguments in [
        &["status"][..],
        &["contacts"],
        &["read", "Ben"],
        &["send", "Ben", "hello"],
        &["invite"],
        &["join", "hedgerow:x"],
        &["erase"],
        &["passphrase"],
        &["run", "--loopback"],
        &["lock"],
        &["unlock"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_hedgerow"))
            .env_clear()
            .arg("--data-dir")
            .arg(place.path())
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {said}");
        assert!(!said.contains("assphrase"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_directory_whose_node_is_stopped_belongs_to_whoever_comes_next() {
    let (_place, dir) = identity().await;
    let mut daemon = Daemon::start(&dir).await;
    daemon
        .api
        .set_name(Private("Augusta".into()))
        .await
        .unwrap();
    assert!(
        hedgerow(&dir)
            .arg("stop")
            .output()
            .unwrap()
            .status
            .success()
    );
    // Free as soon as the command is back, whether or not the old owner has ended already.
    let next = open(&dir, OnAir::No).await;
    assert_eq!(next.me().await.unwrap().name.0, "Augusta");
    assert!(daemon.child.wait().unwrap().success());
    next.stop().await.unwrap();
}

#[tokio::test]
async fn the_owner_that_was_killed_owns_nothing_any_more() {
    let (_place, dir) = identity().await;
    Daemon::start(&dir).await.kill();
    assert_eq!(Directory::owner(&dir).unwrap(), None);
    Daemon::start(&dir).await.stop().await;
}

#[tokio::test]
async fn a_wrong_passphrase_is_refused_and_changes_nothing() {
    let (place, dir) = identity().await;
    let wrong = place.path().join("wrong");
    fs::write(&wrong, "under the hedge").unwrap();
    let before = files(&dir);
    for arguments in [&["contacts"][..], &["run", "--loopback"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_hedgerow"))
            .env("HEDGEROW_LANGUAGE", "en")
            .env_clear()
            .arg("--data-dir")
            .arg(&dir)
            .arg("--passphrase-file")
            .arg(&wrong)
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("The passphrase is wrong."), "{said}");
        let mut after = files(&dir);
        after.remove("token");
        after.insert("lock".to_owned(), before["lock"].clone());
        assert!(after == before, "{arguments:?} changed the files");
    }
}

#[tokio::test]
async fn damaged_missing_and_newer_data_are_told_apart_and_left_as_they_are() {
    let as_is = |_: &mut Command| {};
    let (_place, dir) = identity().await;
    let mut slots = fs::read(dir.join("slots")).unwrap();
    let last = slots.len() - 1;
    slots[last] ^= 1;
    fs::write(dir.join("slots"), slots).unwrap();
    refused(&dir, as_is, 5, "The key file is damaged.");

    let (_place, dir) = identity().await;
    fs::remove_file(dir.join("slots")).unwrap();
    refused(&dir, as_is, 5, "The key file is missing");

    let (_place, dir) = identity().await;
    let mut store = fs::read(store_file(&dir)).unwrap();
    // Both copies of the header: one alone is survived.
    for at in [50, 8_192 + 50] {
        store[at] ^= 1;
    }
    fs::write(store_file(&dir), store).unwrap();
    refused(&dir, as_is, 5, "The data are damaged.");

    let (_place, dir) = identity().await;
    fs::remove_file(store_file(&dir)).unwrap();
    refused(&dir, as_is, 5, "The file with the messages is missing.");

    let (_place, dir) = identity().await;
    let newer = |store: &mut hedgerow_node::store::RedbStore| {
        store.write(|txn| txn.put(&[0x01], &99_u16.to_be_bytes()))
    };
    with_store(&dir, newer).unwrap();
    for arguments in [&["contacts"][..], &["run", "--loopback"]] {
        let output = hedgerow(&dir).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("A newer version wrote these data."), "{said}");
    }
    // Opening a store writes to its file (redb's own bookkeeping); the rows are what they were.
    let version = with_store(&dir, |store| store.read(|reader| reader.get(&[0x01])));
    assert_eq!(version.unwrap(), Some(99_u16.to_be_bytes().to_vec()));

    let (_place, dir) = identity().await;
    for (name, _) in files(&dir) {
        fs::remove_file(dir.join(name)).unwrap();
    }
    let output = hedgerow(&dir).arg("contacts").output().unwrap();
    assert_eq!(output.status.code(), Some(4));
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_refused_and_left_as_it_is() {
    let (place, dir) = identity().await;
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    // Root may write anywhere, so it lets somebody else try, with a program that they may run.
    let is_root = rustix::process::geteuid().is_root();
    let program = place.path().join("hedgerow");
    fs::copy(env!("CARGO_BIN_EXE_hedgerow"), &program).unwrap();
    let before = files(&dir);
    // Prepares the passphrase file.
    drop(hedgerow(&dir));
    for (name, _) in files(&dir) {
        fs::set_permissions(dir.join(name), Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(&dir, Permissions::from_mode(0o555)).unwrap();
    for arguments in [&["contacts"][..], &["run", "--loopback"]] {
        let mut command = Command::new(&program);
        command.env("HEDGEROW_LANGUAGE", "en");
        command
            .env_clear()
            .arg("--data-dir")
            .arg(&dir)
            .args(arguments);
        command
            .arg("--passphrase-file")
            .arg(dir.with_extension("passphrase"));
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("The disk cannot be written."), "{said}");
        assert!(files(&dir) == before);
    }
    fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
}
