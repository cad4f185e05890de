//! A data directory that is brought back to an older state, and two copies of one that run at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::chats::Chats;
use hedgerow_node::api::{Api, ContactId, Notice, Private};
use hedgerow_node::runtime::OnAir;

use super::people::{
    Pair, change_device, connected, copy, found_at, open, pair, port, settled, texts,
    transcript_at_rest, until,
};

const DAY_MS: u64 = 24 * 3_600 * 1_000;

async fn say(node: &impl Api, to: &ContactId, what: &str, count: u32) {
    for number in 0..count {
        let text = Private(format!("{what} {number}"));
        node.send_to(to.clone(), text).await.unwrap();
    }
}

/// What one says, as [`texts`] has it.
fn said(what: &[(&str, u32)]) -> Vec<String> {
    let mut said = vec!["ping".to_owned(), "pong".to_owned()];
    for (what, count) in what {
        said.extend((0..*count).map(|number| format!("{what} {number}")));
    }
    said.sort_unstable();
    said
}

/// Everybody holds exactly this, in one order, under ids that are the same everywhere.
async fn all_hold(said: &[String], holders: &[(&Path, &ContactId)]) -> Vec<(String, String)> {
    let mut first = None;
    for (dir, with) in holders {
        let held = transcript_at_rest(dir, with).await;
        assert_eq!(texts(&held), said);
        let mut ids: Vec<&String> = held.iter().map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), held.len(), "a number was used twice");
        assert!(*first.get_or_insert_with(|| held.clone()) == held, "a fork");
    }
    first.unwrap()
}

/// The sealed blocks of a directory's store by what makes their nonce: prefix and counter
/// (`docs/PROTOCOL.md` section 14).
fn sealed_blocks(dir: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    const SEALED: usize = 4_144;
    let mut stores = fs::read_dir(dir).unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        name.starts_with("store-")
            .then(|| fs::read(entry.path()).unwrap())
    });
    let file = stores.next().unwrap();
    let heads = [&file[..SEALED], &file[8_192..8_192 + SEALED]];
    heads
        .into_iter()
        .chain(file[16_384..].chunks_exact(SEALED))
        .map(|block| (block[..24].to_vec(), block.to_vec()))
        .collect()
}

/// No two of the directories have sealed different blocks under one nonce.
fn no_nonce_twice(dirs: &[&Path]) {
    let mut sealed: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for dir in dirs {
        for (nonce, block) in sealed_blocks(dir) {
            let known = sealed.entry(nonce).or_insert_with(|| block.clone());
            assert!(*known == block, "a nonce was used twice");
        }
    }
    assert!(sealed.len() > 20);
}

/// Makes a store believe that all it noted today happened eight days ago, so that the psk is due.
fn a_week_passes(dir: &Path) {
    let now_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    let recent = now_ms - DAY_MS..now_ms + DAY_MS;
    change_device(dir, |record| {
        let mut changed = 0;
        // Times are CBOR numbers of eight bytes: 0x1b, then the number.
        for at in 0..record.len() - 8 {
            let number = u64::from_be_bytes(record[at + 1..at + 9].try_into().unwrap());
            if record[at] == 0x1b && recent.contains(&number) {
                let earlier = number - 8 * DAY_MS;
                record[at + 1..at + 9].copy_from_slice(&earlier.to_be_bytes());
                changed += 1;
            }
        }
        assert!(changed > 0);
    });
}

/// Runs both until they have a session, and stops them.
async fn touch(pair: &Pair) {
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await,
        open(&pair.b, OnAir::Loopback).await,
    );
    connected(&a, &pair.b_of_a).await;
    connected(&b, &pair.a_of_b).await;
    // What one says first comes before what it says next.
    say(&a, &pair.b_of_a, "touch", 1).await;
    settled(&a, &pair.b_of_a, 3).await;
    a.stop().await.unwrap();
    b.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_rolled_back_takes_its_lost_messages_back_and_forks_nothing() {
    let pair = pair().await;
    let older = pair.place.path().join("older");
    copy(&pair.a, &older);
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await,
        open(&pair.b, OnAir::Loopback).await,
    );
    say(&a, &pair.b_of_a, "before the disk died", 30).await;
    say(&b, &pair.a_of_b, "in answer", 20).await;
    settled(&a, &pair.b_of_a, 52).await;
    settled(&b, &pair.a_of_b, 52).await;
    a.stop().await.unwrap();
    let lost = pair.place.path().join("lost");
    fs::rename(&pair.a, &lost).unwrap();
    copy(&older, &pair.a);

    let a = open(&pair.a, OnAir::Loopback).await;
    say(&a, &pair.b_of_a, "after the backup", 30).await;
    settled(&a, &pair.b_of_a, 82).await;
    settled(&b, &pair.a_of_b, 82).await;
    a.stop().await.unwrap();
    b.stop().await.unwrap();

    let all = said(&[
        ("before the disk died", 30),
        ("in answer", 20),
        ("after the backup", 30),
    ]);
    let held = all_hold(&all, &[(&pair.a, &pair.b_of_a), (&pair.b, &pair.a_of_b)]).await;
    let openings = |what: &str| -> Vec<String> {
        let of = held.iter().filter(|(_, text)| text.starts_with(what));
        let mut openings: Vec<_> = of
            .map(|(id, _)| id.rsplit_once('-').unwrap().0.to_owned())
            .collect();
        openings.dedup();
        openings
    };
    let (before, after) = (
        openings("before the disk died"),
        openings("after the backup"),
    );
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(
        before, after,
        "a rolled back store goes on in a log of its own"
    );
    no_nonce_twice(&[&older, &lost, &pair.a]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_copies_of_a_directory_at_once_lose_nothing_and_fork_nothing() {
    let pair = pair().await;
    let twin = pair.place.path().join("twin");
    copy(&pair.a, &twin);
    let b = open(&pair.b, OnAir::Loopback).await;
    let (a, other) = (
        open(&pair.a, OnAir::Loopback).await,
        open(&twin, OnAir::Loopback).await,
    );
    tokio::join!(
        say(&a, &pair.b_of_a, "from one", 20),
        say(&other, &pair.b_of_a, "from the other", 20),
        say(&b, &pair.a_of_b, "to whichever", 20),
    );
    settled(&b, &pair.a_of_b, 62).await;
    settled(&a, &pair.b_of_a, 62).await;
    settled(&other, &pair.b_of_a, 62).await;
    for node in [a, other, b] {
        node.stop().await.unwrap();
    }
    let all = said(&[
        ("from one", 20),
        ("from the other", 20),
        ("to whichever", 20),
    ]);
    let holders: [(&Path, _); 3] = [
        (&pair.a, &pair.b_of_a),
        (&twin, &pair.b_of_a),
        (&pair.b, &pair.a_of_b),
    ];
    all_hold(&all, &holders).await;
    no_nonce_twice(&[&pair.a, &twin]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_rolled_back_behind_a_psk_is_rescued_and_the_contact_is_shown_that() {
    let pair = pair().await;
    let older = pair.place.path().join("older");
    copy(&pair.a, &older);
    for dir in [&pair.a, &pair.b] {
        a_week_passes(dir);
    }
    touch(&pair).await;
    // A side that has seen the new psk in use deletes the old one.
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await,
        open(&pair.b, OnAir::Loopback).await,
    );
    connected(&a, &pair.b_of_a).await;
    assert_eq!(b.contact(pair.a_of_b.clone()).await.unwrap().notice, None);
    a.stop().await.unwrap();
    fs::remove_dir_all(&pair.a).unwrap();
    copy(&older, &pair.a);
    // On a network B would still be where it was; on loopback no port is kept.
    found_at(&pair.a, port(&b).await);

    let a = open(&pair.a, OnAir::Loopback).await;
    say(&a, &pair.b_of_a, "after the backup", 5).await;
    say(&b, &pair.a_of_b, "meanwhile", 5).await;
    settled(&a, &pair.b_of_a, 13).await;
    settled(&b, &pair.a_of_b, 13).await;
    let shown = b.contact(pair.a_of_b.clone()).await.unwrap();
    assert_eq!(shown.notice, Some(Notice::OlderState));
    assert!(!shown.verified);
    let behind = a.contact(pair.b_of_a.clone()).await.unwrap();
    assert_eq!(
        behind.notice,
        Some(Notice::OlderState),
        "it cannot know which"
    );
    b.verify(pair.a_of_b.clone(), true).await.unwrap();
    until(async || {
        b.contact(pair.a_of_b.clone())
            .await
            .unwrap()
            .notice
            .is_none()
    })
    .await;
    a.stop().await.unwrap();
    b.stop().await.unwrap();
    let all = said(&[("touch", 1), ("after the backup", 5), ("meanwhile", 5)]);
    all_hold(&all, &[(&pair.a, &pair.b_of_a), (&pair.b, &pair.a_of_b)]).await;
}
