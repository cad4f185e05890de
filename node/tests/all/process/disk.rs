//! A disk without room beneath a running node: it says so, loses nothing, and goes on once there is room.
//! A limit on the size of files stands for the disk's.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::chats::Chats;
use hedgerow_node::api::{Api, Event, Private, Refusal, StorageFault};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::people::{Daemon, event, hedgerow, listening, pair, transcript};

const NO_ROOM: Refusal = Refusal::Storage {
    fault: StorageFault::Full,
};

/// Runs a directory in a process that outlives the signal of that limit.
async fn start(dir: &Path) -> Daemon {
    let mut run = hedgerow(dir);
    run.args(["run", "--loopback"]);
    let child = Command::new("/bin/sh")
        .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
        .arg(run.get_program())
        .args(run.get_args())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let daemon = Daemon::unlocked(dir, child).await;
    // What the start itself stores is stored.
    listening(&daemon.api).await;
    daemon
}

/// Sets how long the files of a node can be.
fn room(daemon: &Daemon, bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    let process = Pid::from_child(&daemon.child);
    prlimit(Some(process), Resource::Fsize, limit).unwrap();
}

fn file_names(dir: &Path) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn erasing_without_room_says_so_and_loses_nothing() {
    let people = pair().await;
    let a = start(&people.a).await;
    let before = transcript(&a.api, &people.b_of_a).await;
    let files = file_names(&people.a);
    room(&a, Some(1 << 16));
    assert_eq!(a.api.erase().await, Err(NO_ROOM));
    assert_eq!(file_names(&people.a), files, "nothing half done is left");
    assert_eq!(transcript(&a.api, &people.b_of_a).await, before);

    room(&a, None);
    let later = Private("later".into());
    a.api.send_to(people.b_of_a.clone(), later).await.unwrap();
    a.api.erase().await.unwrap();
    let after = transcript(&a.api, &people.b_of_a).await;
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after[..before.len()], before);
    a.stop().await;
}

#[tokio::test]
async fn a_node_whose_disk_was_full_refuses_and_goes_on_by_itself_once_there_is_room() {
    let people = pair().await;
    let a = start(&people.a).await;
    let before = transcript(&a.api, &people.b_of_a).await;
    let mut events = a.api.events().await.unwrap();
    room(&a, Some(1 << 16));
    let send = |text: &str| a.api.send_to(people.b_of_a.clone(), Private(text.into()));
    assert_eq!(send("refused").await, Err(NO_ROOM));

    room(&a, None);
    // Listeners are told to look at everything again.
    let looked = |event| matches!(event, Event::Missed).then_some(());
    event(&mut events, looked).await;
    let sent = send("taken").await.unwrap();
    let after = transcript(&a.api, &people.b_of_a).await;
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after.last().unwrap().0, sent.0);
    a.stop().await;
}
