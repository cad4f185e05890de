//! What is carried by hand, with processes that are killed and sticks that are full.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::{Api, FileState, MessageId, Refusal};
use hedgerow_node::carry::{self, Fault};
use hedgerow_node::host::Local;
use hedgerow_node::runtime::OnAir;
use tokio::sync::oneshot;

use super::files::{clear, download, send, state};
use super::full_disk::disk;
use super::people::{Daemon, Pair, copy, hedgerow, open, pair, part_after_a_word, until};
use crate::support::chats::Chats;

/// Several records, and more than is made durable together with the other file.
const LONG: usize = 3 << 20;

/// Ada has sealed two files for Ben, who is not near.
async fn sealed(pair: &Pair, parcel: &Path) -> [MessageId; 2] {
    let a = open(&pair.a, OnAir::Loopback).await;
    let b = open(&pair.b, OnAir::Loopback).await;
    part_after_a_word((a, &pair.b_of_a), (b, &pair.a_of_b)).await;
    let a = open(&pair.a, OnAir::No).await;
    let chat = a.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    let ids = [send(&a, &chat, LONG).await, send(&a, &chat, LONG / 2).await];
    export(&a, pair, parcel).await.unwrap();
    a.stop().await.unwrap();
    ids
}

async fn export(a: &Local, pair: &Pair, parcel: &Path) -> Result<carry::Exported, Fault> {
    carry::export(a, &pair.b_of_a, parcel, None, &|_, _| ()).await
}

/// The number of sealed files of a directory.
fn files(dir: &Path) -> usize {
    fs::read_dir(dir.join("files")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_leaves_no_half_file_and_goes_on_when_it_is_done_again() {
    let pair = pair().await;
    let parcel = pair.place.path().join("parcel");
    let ids = sealed(&pair, &parcel).await;
    let bytes = fs::read(&parcel).unwrap();
    for cut in [bytes.len() / 4, bytes.len() / 2, bytes.len() - 300_000] {
        let b = Daemon::start(&pair.b).await;
        // So much of the parcel leaves before the node is killed.
        let (leaves, left) = oneshot::channel();
        let begun: Vec<_> = bytes[..cut]
            .chunks(50_000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let rest = stream::once(async {
            let _ = leaves.send(());
            std::future::pending().await
        });
        let parcel = stream::iter(begun).chain(rest).boxed();
        tokio::select! {
            imported = b.api.carry_in(parcel) => panic!("it is not whole: {imported:?}"),
            _ = left => b.kill(),
        }
    }
    let b = open(&pair.b, OnAir::No).await;
    assert!(files(&pair.b) <= 2, "what nobody knows of is gone");
    let imported = carry::import(&b, &parcel, |_, _| ()).await;
    if let Ok(imported) = &imported {
        assert!(!imported.damaged && imported.without_room == 0);
    }
    let chat = b.chat_with(pair.a_of_b.clone()).await.unwrap().id;
    for (id, length) in ids.iter().zip([LONG, LONG / 2]) {
        assert_eq!(state(&b, &chat, id).await, Some(FileState::Here));
        assert!(download(&b, &chat, id).await == clear(length));
    }
    assert_eq!(files(&pair.b), 2);
    b.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_killed_leaves_no_half_file_and_the_next_has_everything() {
    let pair = pair().await;
    let parcel = pair.place.path().join("parcel");
    let ids = sealed(&pair, &parcel).await;
    let stick = pair.place.path().join("stick");
    fs::create_dir(&stick).unwrap();
    let on_stick = || fs::read_dir(&stick).unwrap().count();
    let (mut cut, mut whole) = (0, Vec::new());
    for round in 0..8 {
        let a = Daemon::start(&pair.a).await;
        let (path, before) = (stick.join(format!("{round}.parcel")), on_stick());
        let mut export = hedgerow(&pair.a);
        export.args(["carry", "export", "Ben"]).arg(&path);
        let mut export = export
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It writes aside now.
        until(async || on_stick() > before || export.try_wait().unwrap().is_some()).await;
        // The program that writes is killed, or the node that seals.
        if round % 2 == 0 {
            export.kill().unwrap();
            export.wait().unwrap();
            a.stop().await;
        } else {
            a.kill();
            export.wait().unwrap();
        }
        match path.exists() {
            true => whole.push(path),
            false => cut += 1,
        }
    }
    assert!(cut > 0, "none was killed in time");

    let a = open(&pair.a, OnAir::No).await;
    whole.push(stick.join("last.parcel"));
    export(&a, &pair, &stick.join("last.parcel")).await.unwrap();
    a.stop().await.unwrap();
    let b = open(&pair.b, OnAir::No).await;
    for path in &whole {
        // One whose bundles all came before is known.
        match carry::import(&b, path, |_, _| ()).await {
            Ok(imported) => assert!(!imported.damaged && imported.unusable == 0),
            Err(Fault::Refused(Refusal::ParcelKnown)) => {}
            Err(fault) => panic!("{fault:?}"),
        }
    }
    let chat = b.chat_with(pair.a_of_b.clone()).await.unwrap().id;
    for (id, length) in ids.iter().zip([LONG, LONG / 2]) {
        assert!(download(&b, &chat, id).await == clear(length));
    }
    b.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stick_without_room_is_refused_before_it_is_written() {
    let test = "process::carried::a_stick_without_room_is_refused_before_it_is_written";
    let Some(stick) = disk(2, test) else {
        return;
    };
    let pair = pair().await;
    let parcel = pair.place.path().join("parcel");
    sealed(&pair, &parcel).await;
    let a = open(&pair.a, OnAir::No).await;
    let refused = export(&a, &pair, &stick.join("parcel")).await;
    let Err(Fault::NoRoom { needed, free, .. }) = refused else {
        panic!("it was written: {refused:?}");
    };
    assert!(needed > (LONG + LONG / 2) as u64 && free <= 2 << 20);
    assert_eq!(fs::read_dir(&stick).unwrap().count(), 0);
    a.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_disk_takes_in_the_texts_of_a_parcel_and_says_what_its_files_need() {
    let test = "process::carried::a_small_disk_takes_in_the_texts_of_a_parcel_and_says_what_its_files_need";
    let Some(small) = disk(24, test) else {
        return;
    };
    let pair = pair().await;
    let parcel = pair.place.path().join("parcel");
    let ids = sealed(&pair, &parcel).await;
    let b = small.join("b");
    copy(&pair.b, &b);
    let b = open(&b, OnAir::No).await;
    // Texts come all the same: files leave 64 MiB of a disk to them, and this one has less.
    let imported = carry::import(&b, &parcel, |_, _| ()).await.unwrap();
    assert_eq!((imported.messages, imported.without_room), (2, 2));
    let chat = b.chat_with(pair.a_of_b.clone()).await.unwrap().id;
    for id in &ids {
        let state = state(&b, &chat, id).await;
        assert!(matches!(state, Some(FileState::NoRoom { .. })), "{state:?}");
    }
    let again = carry::import(&b, &parcel, |_, _| ()).await.unwrap();
    assert_eq!(
        (again.messages, again.without_room),
        (0, 2),
        "it is tried again"
    );
    b.stop().await.unwrap();
}
