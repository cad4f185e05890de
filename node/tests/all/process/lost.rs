//! A data directory that is taken away from under a running node: it confirms nothing from then on, says so and
//! ends.

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::process::ExitStatus;

use hedgerow_node::api::{Api, Private, Refusal, StorageFault};
use hedgerow_node::directory::Directory;

use crate::support::chats::Chats;

use super::people::{
    Daemon, connected, copy, log, open, pair, passphrase, settled, transcript, until,
};
use hedgerow_node::runtime::OnAir;

const GONE: Refusal = Refusal::Storage {
    fault: StorageFault::Gone,
};

/// What the program says.
const SENTENCE: &str = "The data folder was deleted, moved or replaced while Hedgerow was running";

/// Nothing was done. A node that has written something since then has noticed by itself, and is ending or has ended.
#[track_caller]
fn refused<T: Debug>(answer: Result<T, Refusal>) {
    let said = answer.unwrap_err();
    assert!(
        matches!(said, GONE | Refusal::Stopping | Refusal::Unreachable),
        "{said:?}"
    );
}

async fn ended(daemon: &mut Daemon) -> ExitStatus {
    let mut status = None;
    until(async || {
        status = daemon.child.try_wait().unwrap();
        status.is_some()
    })
    .await;
    status.unwrap()
}

/// Ben, who is connected to Ada, writes to her after her directory was taken away: he is not told that it arrived,
/// and her node ends.
async fn written_to_after(take_away: impl FnOnce(&Path)) {
    let people = pair().await;
    let said = people.place.path().join("said");
    let mut a = Daemon::start_with(&people.a, &[], log(&said)).await;
    let b = Daemon::start(&people.b).await;
    connected(&b.api, &people.a_of_b).await;
    take_away(&people.a);
    let sent = b
        .api
        .send_to(people.a_of_b.clone(), Private("into the void".into()))
        .await
        .unwrap();
    assert_eq!(ended(&mut a).await.code(), Some(5));
    let said = fs::read_to_string(said).unwrap();
    assert!(said.contains(SENTENCE), "{said}");
    until(async || {
        let contact = b.api.contact(people.a_of_b.clone()).await.unwrap();
        contact.reachable.is_none()
    })
    .await;
    let message = b
        .api
        .message_with(people.a_of_b.clone(), sent)
        .await
        .unwrap();
    assert!(!message.is_delivered(), "nobody has it");
    b.stop().await;
}

#[tokio::test]
async fn a_node_whose_directory_is_deleted_acknowledges_nothing_says_so_and_exits_with_5() {
    written_to_after(|dir| fs::remove_dir_all(dir).unwrap()).await;
}

#[tokio::test]
async fn a_node_whose_store_file_is_deleted_acknowledges_nothing_says_so_and_exits_with_5() {
    written_to_after(|dir| {
        let names = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut stores = names.filter(|path| path.to_str().unwrap().contains("store-"));
        fs::remove_file(stores.next().unwrap()).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_node_whose_key_file_is_deleted_acknowledges_nothing_says_so_and_exits_with_5() {
    written_to_after(|dir| fs::remove_file(dir.join("slots")).unwrap()).await;
}

#[tokio::test]
async fn a_node_whose_directory_is_replaced_by_a_copy_acknowledges_nothing_says_so_and_exits_with_5()
 {
    written_to_after(|dir| {
        let copied = dir.with_extension("copy");
        copy(dir, &copied);
        fs::remove_dir_all(dir).unwrap();
        fs::rename(copied, dir).unwrap();
    })
    .await;
}

/// What was moved is whole, but a start at the old place would find nothing there.
#[tokio::test]
async fn a_node_whose_directory_is_moved_away_ends_and_goes_on_where_it_was_moved_to() {
    let people = pair().await;
    let mut a = Daemon::start(&people.a).await;
    let before = transcript(&a.api, &people.b_of_a).await;
    let moved = people.place.path().join("moved");
    fs::rename(&people.a, &moved).unwrap();
    // The client of the old place has the address still.
    refused(a.api.status().await);
    assert_eq!(ended(&mut a).await.code(), Some(5));
    let a = open(&moved, OnAir::No).await;
    assert_eq!(transcript(&a, &people.b_of_a).await, before);
    a.stop().await.unwrap();
}

#[tokio::test]
async fn a_store_that_another_process_has_taken_is_written_by_that_process_alone() {
    let people = pair().await;
    let mut first = Daemon::start(&people.a).await;
    // As somebody does who believes that a lock was left behind.
    fs::remove_file(people.a.join("lock")).unwrap();
    let second = Daemon::start(&people.a).await;
    let b = Daemon::start(&people.b).await;
    connected(&b.api, &people.a_of_b).await;
    // It may have noticed before, and ended.
    let renamed = first.api.set_name(Private("Eve".into())).await;
    assert!(renamed.is_err());
    assert_eq!(ended(&mut first).await.code(), Some(5));
    connected(&second.api, &people.b_of_a).await;
    b.api
        .send_to(people.a_of_b.clone(), Private("still there?".into()))
        .await
        .unwrap();
    settled(&second.api, &people.b_of_a, 3).await;
    let before = transcript(&second.api, &people.b_of_a).await;
    second.stop().await;
    let directory = Directory::own(&people.a).unwrap();
    let mut store = directory.unlock(Some(&passphrase())).unwrap();
    store.verify().unwrap();
    store.close();
    drop(directory);
    let a = open(&people.a, OnAir::No).await;
    assert_eq!(transcript(&a, &people.b_of_a).await, before);
    a.stop().await.unwrap();
    b.stop().await;
}

#[tokio::test]
async fn a_locked_node_whose_directory_is_deleted_ends_when_it_is_asked_next() {
    let people = pair().await;
    let mut a = Daemon::start(&people.a).await;
    a.api.lock().await.unwrap();
    fs::remove_dir_all(&people.a).unwrap();
    assert_eq!(a.api.unlock(passphrase()).await, Err(GONE));
    assert_eq!(ended(&mut a).await.code(), Some(5));
    assert!(!people.a.exists(), "nothing is begun anew");
}

#[tokio::test]
async fn wiping_destroys_nothing_that_has_taken_the_place_of_the_directory() {
    let people = pair().await;
    let mut a = Daemon::start(&people.a).await;
    fs::rename(&people.a, people.place.path().join("moved")).unwrap();
    copy(&people.b, &people.a);
    refused(a.api.wipe().await);
    assert_eq!(ended(&mut a).await.code(), Some(5));
    let other = open(&people.a, OnAir::No).await;
    assert_eq!(other.me().await.unwrap().name.0, "Ben");
    other.stop().await.unwrap();
}
