//! A disk that is really full: what frees room gets through, and what a person has typed stays.
//!
//! Each test runs itself again in a mount namespace of its own, with a small disk in memory.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::chats::Chats;
use hedgerow_node::api::{
    Api, ConversationId, Draft, Event, MessageId, NewMessage, Page, PageFrom, Private, Refusal,
    Search, StorageFault,
};
use hedgerow_node::directory::RESERVE_BYTES;
use hedgerow_node::host::Local;
use hedgerow_node::runtime::OnAir;

use super::files;
use super::people::{
    Daemon, Pair, copy, event, hedgerow, open, own, pair, passphrase, place, until,
};

/// Set in the namespace: where the small disk is.
const DISK: &str = "HEDGEROW_TEST_DISK";

const NO_ROOM: Refusal = Refusal::Storage {
    fault: StorageFault::Full,
};

/// The messages that Ada has written to herself before the disk fills.
const WRITTEN: usize = 40;

/// The room of a disk on which a store is almost all there is, in MiB.
const SMALL: u32 = 12;

/// A disk of this many MiB; or nothing, when the test of this name has run there and has passed.
pub fn disk(mib: u32, test: &str) -> Option<PathBuf> {
    if let Some(disk) = std::env::var_os(DISK) {
        return Some(disk.into());
    }
    let place = place();
    let with_disk = |then: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg(format!(
                "mount -t tmpfs -o size={mib}m tmpfs \"$0\" && {then}"
            ))
            .arg(place.path());
        command
    };
    let can = with_disk("true").stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this user cannot mount a disk in a namespace");
        return None;
    }
    let again = with_disk("exec \"$@\"")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(DISK, place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    let failed = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{said}{failed}");
    assert!(said.contains("1 passed"), "no test is called {test}");
    None
}

/// Ada's node on the small disk, who knows Ben and has written notes; and the file that takes all room there is.
struct Ada {
    dir: PathBuf,
    filler: PathBuf,
    people: Pair,
    node: Local,
    notes: ConversationId,
}

impl Ada {
    async fn on(disk: &Path) -> Ada {
        let people = pair().await;
        let dir = disk.join("a");
        copy(&people.a, &dir);
        let node = open(&dir, OnAir::No).await;
        let notes = node.notes().await.unwrap().id;
        for number in 0..WRITTEN {
            let text = NewMessage::text(format!("{number}: {}", "x".repeat(500)));
            node.send(notes.clone(), text).await.unwrap();
        }
        Ada {
            dir,
            filler: disk.join("filler"),
            people,
            node,
            notes,
        }
    }

    /// Takes all room.
    fn fill(&self) {
        let mut file = File::create(&self.filler).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Fills the disk, and writes until the store needs room.
    async fn fill_all(&self) {
        self.fill();
        for _ in 0..100 {
            let text = NewMessage::text("y".repeat(60_000));
            match self.node.send(self.notes.clone(), text).await {
                Ok(_) => {}
                Err(refusal) => return assert_eq!(refusal, NO_ROOM),
            }
        }
        panic!("the disk is not full");
    }

    fn make_room(&self) {
        fs::remove_file(&self.filler).unwrap();
    }

    async fn page(&self, limit: u32) -> Page {
        let page = self.node.page(self.notes.clone(), PageFrom::Oldest, limit);
        page.await.unwrap()
    }

    async fn ids(&self) -> Vec<MessageId> {
        let messages = self.page(500).await.messages.into_iter();
        messages.map(|message| message.id).collect()
    }

    async fn delete(&self, id: &MessageId) {
        let deletion = self.node.delete(self.notes.clone(), id.clone(), false);
        deletion.await.unwrap();
    }

    async fn is_full(&self) -> bool {
        self.node
            .status()
            .await
            .is_ok_and(|status| status.disk_full)
    }

    async fn restart(&mut self) {
        self.node.stop().await.unwrap();
        self.node.departed().await;
        self.node = own(&self.dir, OnAir::No, None);
        self.node.unlock(passphrase()).await.unwrap();
    }

    fn reserve(&self) -> u64 {
        fs::metadata(self.dir.join("reserve")).map_or(0, |file| file.len())
    }
}

#[tokio::test]
async fn a_full_disk_refuses_messages_and_still_deletes() {
    let Some(disk) = disk(
        SMALL,
        "process::full_disk::a_full_disk_refuses_messages_and_still_deletes",
    ) else {
        return;
    };
    let mut ada = Ada::on(&disk).await;
    let chat = ada.node.chat_with(ada.people.b_of_a.clone()).await.unwrap();
    assert_eq!(ada.reserve(), RESERVE_BYTES);
    let mut events = ada.node.events().await.unwrap();
    ada.fill_all().await;
    let full = |event| matches!(event, Event::Disk { full: true }).then_some(());
    event(&mut events, full).await;
    until(async || ada.is_full().await).await;
    assert_eq!(ada.reserve(), 0);

    let before = ada.ids().await;
    assert!(before.len() >= WRITTEN);
    for id in &before[..WRITTEN / 2] {
        ada.delete(id).await;
    }
    assert_eq!(ada.ids().await, before[WRITTEN / 2..]);
    let text = NewMessage::text("z".repeat(60_000));
    let refused = ada.node.send(ada.notes.clone(), text).await;
    assert_eq!(refused.unwrap_err(), NO_ROOM);

    // The same after a restart, which finds no room for a reserve.
    ada.restart().await;
    assert!(ada.is_full().await);
    assert_eq!(ada.ids().await, before[WRITTEN / 2..]);
    for id in &before[WRITTEN / 2..WRITTEN] {
        ada.delete(id).await;
    }
    ada.node
        .erase_conversation(ada.notes.clone())
        .await
        .unwrap();
    let kept = ada.node.remove_keeping(ada.people.b_of_a.clone()).await;
    assert_eq!(kept.unwrap().messages, chat.messages);
    ada.node.erase_conversation(chat.id).await.unwrap();
    assert_eq!(ada.node.conversations().await.unwrap(), []);

    // A call that needs room finds it at once.
    let mut events = ada.node.events().await.unwrap();
    ada.make_room();
    ada.notes = ada.node.notes().await.unwrap().id;
    let again = |event| matches!(event, Event::Disk { full: false }).then_some(());
    event(&mut events, again).await;
    assert!(!ada.is_full().await);
    assert_eq!(ada.reserve(), RESERVE_BYTES);
    let text = NewMessage::text("there is room");
    ada.node.send(ada.notes.clone(), text).await.unwrap();
    ada.restart().await;
    assert_eq!(ada.ids().await.len(), 1);
}

#[tokio::test]
async fn the_first_call_on_a_full_disk_may_be_a_deletion() {
    let Some(disk) = disk(
        SMALL,
        "process::full_disk::the_first_call_on_a_full_disk_may_be_a_deletion",
    ) else {
        return;
    };
    let mut ada = Ada::on(&disk).await;
    let before = ada.ids().await;
    ada.fill();
    for (number, id) in before.iter().enumerate() {
        ada.delete(id).await;
        assert_eq!(ada.ids().await, before[number + 1..]);
    }
    ada.restart().await;
    assert_eq!(ada.ids().await, []);
}

#[tokio::test]
async fn a_full_disk_keeps_the_typed_text() {
    let Some(disk) = disk(
        SMALL,
        "process::full_disk::a_full_disk_keeps_the_typed_text",
    ) else {
        return;
    };
    let mut ada = Ada::on(&disk).await;
    ada.fill_all().await;
    let typed = "the longest letter of the year ".repeat(2_000);
    for length in [1_000, 30_000, typed.len()] {
        let draft = Draft::text(&typed[..length]);
        ada.node.set_draft(ada.notes.clone(), draft).await.unwrap();
    }
    let sent = ada.node.send_draft(ada.notes.clone(), Draft::text(&*typed));
    assert_eq!(sent.await.unwrap_err(), NO_ROOM);
    ada.restart().await;
    let kept = ada.node.conversation(ada.notes.clone()).await.unwrap();
    assert_eq!(kept.draft.unwrap().text, Private(typed));
    let none = Draft::text("");
    ada.node.set_draft(ada.notes.clone(), none).await.unwrap();
    let kept = ada.node.conversation(ada.notes.clone()).await.unwrap();
    assert_eq!(kept.draft, None);
}

#[tokio::test]
async fn an_edit_on_a_full_disk_is_refused_and_the_text_stays() {
    let Some(disk) = disk(
        SMALL,
        "process::full_disk::an_edit_on_a_full_disk_is_refused_and_the_text_stays",
    ) else {
        return;
    };
    let mut ada = Ada::on(&disk).await;
    let id = ada.ids().await.remove(0);
    let longer = Private("z".repeat(60_000));
    ada.fill_all().await;
    let before = ada.page(500).await.messages;
    let edit = ada.node.edit(ada.notes.clone(), id.clone(), longer.clone());
    assert_eq!(edit.await.unwrap_err(), NO_ROOM);
    assert_eq!(ada.page(500).await.messages, before);
    ada.restart().await;
    assert_eq!(ada.page(500).await.messages, before);

    ada.make_room();
    let edit = ada.node.edit(ada.notes.clone(), id.clone(), longer.clone());
    edit.await.unwrap();
    let edited = ada.node.message(ada.notes.clone(), id).await.unwrap();
    assert_eq!(edited.text, Some(longer));
    ada.restart().await;
    assert_eq!(ada.ids().await.len(), before.len());
}

#[tokio::test]
async fn an_export_to_a_full_disk_leaves_no_half_of_it_and_the_node_goes_on() {
    let Some(disk) = disk(
        4,
        "process::full_disk::an_export_to_a_full_disk_leaves_no_half_of_it_and_the_node_goes_on",
    ) else {
        return;
    };
    let pair = pair().await;
    let a = Daemon::start(&pair.a).await;
    for _ in 0..80 {
        let text = Private("what was said ".repeat(4_000));
        a.api.send_to(pair.b_of_a.clone(), text).await.unwrap();
    }
    let chat = a.api.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    files::send(&a.api, &chat, 100_000).await;
    let export = async |to: &Path| {
        let mut export = hedgerow(&pair.a);
        export.args(["export", "Ben", "--yes"]).arg(to);
        export.output().unwrap()
    };
    let failed = export(&disk.join("ben.html")).await;
    assert!(!failed.status.success());
    assert!(!failed.stderr.is_empty(), "it says why");
    assert_eq!(
        fs::read_dir(&disk).unwrap().count(),
        0,
        "nothing of it stays"
    );
    let elsewhere = pair.place.path().join("ben.html");
    assert!(export(&elsewhere).await.status.success());
    let whole = fs::read_to_string(elsewhere).unwrap();
    assert!(whole.ends_with("</html>\n"));
    a.stop().await;
}

#[tokio::test]
async fn a_disk_that_is_full_before_messages_are_indexed_finds_them_all_the_same() {
    let Some(disk) = disk(
        SMALL,
        "process::full_disk::a_disk_that_is_full_before_messages_are_indexed_finds_them_all_the_same",
    ) else {
        return;
    };
    let mut ada = Ada::on(&disk).await;
    // More than a slice of the index, and all at once, so that none is indexed before the disk is full.
    let writing = (0..600).map(|number| {
        let text = NewMessage::text(format!("hall {number}"));
        ada.node.send(ada.notes.clone(), text)
    });
    for sent in futures_util::future::join_all(writing).await {
        sent.unwrap();
    }
    ada.fill_all().await;
    let finds = async |ada: &Ada| {
        let found = ada.node.search(Search::of("hall 599")).await.unwrap();
        found.messages.len()
    };
    assert_eq!(finds(&ada).await, 1);
    ada.restart().await;
    assert_eq!(finds(&ada).await, 1);
    ada.make_room();
    let text = NewMessage::text("there is room");
    ada.node.send(ada.notes.clone(), text).await.unwrap();
    ada.restart().await;
    assert_eq!(finds(&ada).await, 1);
}

#[tokio::test]
async fn a_full_disk_can_be_wiped() {
    let Some(disk) = disk(SMALL, "process::full_disk::a_full_disk_can_be_wiped") else {
        return;
    };
    let ada = Ada::on(&disk).await;
    ada.fill_all().await;
    ada.node.wipe().await.unwrap();
    ada.node.departed().await;
    let left = fs::read_dir(&ada.dir).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}
