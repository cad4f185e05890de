//! Files between two processes: killed in the middle of a transfer and of saving, and on a disk that fills.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use hedgerow_node::api::{
    Api, ConversationId, FileState, Form, MessageId, NewMessage, NewUpload, Private, Refusal,
};
use hedgerow_node::files::saving::{self, SaveError};
use hedgerow_node::host::Local;
use hedgerow_node::runtime::OnAir;

use super::full_disk::disk;
use super::people::{Daemon, Pair, connected, copy, hedgerow, open, pair, place, until};
use crate::support::chats::Chats;

const MIB: usize = 1 << 20;

/// The file of these tests.
const LONG: usize = 64 * MIB;

const CHUNK: u64 = 262_144;

/// What may be on its way when somebody dies: the window of a receiver.
const ON_ITS_WAY: u64 = 16 * CHUNK;

/// What sessions, records and messages take beside the file.
const TALK: u64 = LONG as u64 / 256;

pub(super) fn clear(length: usize) -> Bytes {
    Bytes::from((0..length).map(|at| (at % 253) as u8).collect::<Vec<u8>>())
}

/// Sends a file to the only contact.
pub(super) async fn send(api: &impl Api, chat: &ConversationId, length: usize) -> MessageId {
    let new = NewUpload {
        name: Private("film.mkv".to_owned()),
        media_type: None,
        size: Some(length as u64),
        form: Form::Cleaned,
    };
    let parts: Vec<_> = clear(length)
        .chunks(MIB)
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    let uploaded = api.upload(new, stream::iter(parts).boxed()).await.unwrap();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("")
    };
    api.send(chat.clone(), message).await.unwrap()
}

/// A message that has come.
pub(super) async fn state(
    api: &impl Api,
    chat: &ConversationId,
    id: &MessageId,
) -> Option<FileState> {
    let message = api.message(chat.clone(), id.clone()).await.ok()?;
    Some(message.file?.state)
}

/// The bytes of all sealed files of a directory, whole or not.
fn held(dir: &Path) -> u64 {
    let files = fs::read_dir(dir.join("files")).unwrap();
    let lengths = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
    lengths.sum()
}

pub(super) async fn download(api: &impl Api, chat: &ConversationId, id: &MessageId) -> Vec<u8> {
    let download = api.download(chat.clone(), id.clone()).await.unwrap();
    let parts: Vec<Bytes> = download.bytes.try_collect().await.unwrap();
    parts.concat()
}

/// What each calls the chat.
async fn chats(pair: &Pair, a: &impl Api, b: &impl Api) -> (ConversationId, ConversationId) {
    let chat_of_a = a.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    (
        chat_of_a,
        b.chat_with(pair.a_of_b.clone()).await.unwrap().id,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_goes_on_where_it_was_when_either_side_was_killed() {
    let pair = pair().await;
    let (mut a, mut b) = (Daemon::start(&pair.a).await, Daemon::start(&pair.b).await);
    let (chat_of_a, chat_of_b) = chats(&pair, &a.api, &b.api).await;
    let id = send(&a.api, &chat_of_a, LONG).await;
    until(async || state(&b.api, &chat_of_b, &id).await.is_some()).await;
    let want = b.api.want_file(chat_of_b.clone(), id.clone(), true);
    want.await.unwrap();

    until(async || held(&pair.b) >= 20 * MIB as u64).await;
    b.kill();
    let (had, before) = (held(&pair.b), sent_bytes(&a).await);
    assert!(
        before < had + ON_ITS_WAY + TALK,
        "{before} bytes were sent, and {had} came"
    );
    b = Daemon::start(&pair.b).await;
    let now = state(&b.api, &chat_of_b, &id).await;
    assert!(
        matches!(now, Some(FileState::Loading { .. })),
        "it was not killed in the middle: {now:?}"
    );

    until(async || held(&pair.b) >= 40 * MIB as u64).await;
    let sent = sent_bytes(&a).await - before;
    let came = held(&pair.b) - had;
    // Of what had come, a chunk that was half written comes again.
    assert!(
        sent < came + CHUNK + ON_ITS_WAY + TALK,
        "{sent} bytes were sent, and {came} came"
    );
    a.kill();
    let had = held(&pair.b);
    a = Daemon::start(&pair.a).await;
    until(async || state(&b.api, &chat_of_b, &id).await == Some(FileState::Here)).await;
    let (sent, missing) = (sent_bytes(&a).await, LONG as u64 - had);
    assert!(
        sent < missing + CHUNK + TALK,
        "{sent} bytes were sent, and {missing} were missing"
    );
    assert!(
        download(&b.api, &chat_of_b, &id).await == clear(LONG),
        "other bytes"
    );
    until(async || {
        let message = a.api.message(chat_of_a.clone(), id.clone()).await.unwrap();
        message.file.unwrap().is_delivered()
    })
    .await;
    assert_eq!(held(&pair.a), held(&pair.b));
    a.stop().await;
    b.stop().await;
}

async fn sent_bytes(daemon: &Daemon) -> u64 {
    let status = daemon.api.status().await.unwrap();
    status.open.unwrap().traffic.sent_bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saving_that_is_killed_leaves_no_half_file_under_its_name() {
    let pair = pair().await;
    let a = Daemon::start(&pair.a).await;
    let chat = a.api.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    let id = send(&a.api, &chat, LONG).await;
    let out = pair.place.path().join("out");
    fs::create_dir(&out).unwrap();
    let mut cut = 0;
    for round in 0..6 {
        let file = out.join(format!("{round}.mkv"));
        let mut save = hedgerow(&pair.a);
        save.args(["save", "Ben", &id.0]).arg(&file);
        let mut save = save
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It writes aside now.
        until(async || asides(&out) > cut || save.try_wait().unwrap().is_some()).await;
        save.kill().unwrap();
        save.wait().unwrap();
        match fs::read(&file) {
            Ok(whole) => assert!(whole == clear(LONG), "half a file"),
            Err(_) => cut += 1,
        }
    }
    assert!(cut > 0, "none was killed in time");
    a.stop().await;
}

/// The files in a directory that have no name yet.
fn asides(dir: &Path) -> usize {
    let files = fs::read_dir(dir).unwrap();
    let names = files.map(|file| file.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with(".hedgerow-"))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_killed_leaves_nothing_after_the_next_start() {
    let pair = pair().await;
    let a = Daemon::start(&pair.a).await;
    let chat = a.api.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    let kept = send(&a.api, &chat, MIB).await;
    let before = held(&pair.a);
    let new = NewUpload {
        name: Private("endless".to_owned()),
        media_type: None,
        size: None,
        form: Form::Cleaned,
    };
    let endless = stream::repeat_with(|| Ok(Bytes::from(vec![0; MIB])));
    let (uploaded, ()) = tokio::join!(a.api.upload(new, endless.boxed()), async {
        until(async || held(&pair.a) > before + 4 * MIB as u64).await;
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&a.child),
            rustix::process::Signal::KILL,
        )
        .unwrap();
    });
    assert_eq!(uploaded.unwrap_err(), Refusal::Unreachable);
    drop(a);
    assert!(held(&pair.a) > before, "it was not killed in the middle");
    let a = Daemon::start(&pair.a).await;
    assert_eq!(held(&pair.a), before);
    assert!(
        download(&a.api, &chat, &kept).await == clear(MIB),
        "other bytes"
    );
    a.stop().await;
}

/// What files leave to texts, in MiB; and the room that a full disk has left, which is less.
const LEFT_FREE: usize = 64;
const LEFT: usize = 24;

/// Takes all room of a disk but a number of MiB.
struct Filler(PathBuf);

impl Filler {
    fn leaving(disk: &Path, mib: usize) -> Filler {
        let path = disk.join("filler");
        let room = rustix::fs::statvfs(disk).unwrap();
        let taken = room.f_bavail * room.f_frsize - (mib * MIB) as u64;
        let file = File::create(&path).unwrap();
        // At once: what comes meanwhile takes room, too.
        rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, taken).unwrap();
        Filler(path)
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// Two who are connected; B's directory is on the small disk.
async fn with_b_on(disk: &Path) -> (Pair, Local, Local) {
    let pair = pair().await;
    let dir = disk.join("b");
    copy(&pair.b, &dir);
    let a = open(&pair.a, OnAir::Loopback).await;
    let b = open(&dir, OnAir::Loopback).await;
    connected(&a, &pair.b_of_a).await;
    (pair, a, b)
}

async fn text_arrives(from: &Local, chat: &ConversationId, to: &Local, there: &ConversationId) {
    let text = NewMessage::text("a text still goes");
    let id = from.send(chat.clone(), text).await.unwrap();
    until(async || to.message(there.clone(), id.clone()).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_while_a_file_is_attached_refuses_it_and_texts_still_go() {
    let test =
        "process::files::a_disk_that_fills_while_a_file_is_attached_refuses_it_and_texts_still_go";
    let Some(disk) = disk(LEFT_FREE as u32 + 96, test) else {
        return;
    };
    let (pair, a, b) = with_b_on(&disk).await;
    let (chat_of_a, chat_of_b) = chats(&pair, &a, &b).await;
    let new = |size| NewUpload {
        name: Private("film.mkv".to_owned()),
        media_type: None,
        size,
        form: Form::Cleaned,
    };
    let too_long = new(Some(200 * MIB as u64));
    let first = stream::iter([Ok(Bytes::from(vec![0; MIB]))]).boxed();
    let refused = b.upload(too_long, first).await;
    assert!(
        matches!(refused, Err(Refusal::NoRoom { .. })),
        "{refused:?}"
    );

    let filler = Arc::new(Mutex::new(None));
    let (full, place) = (filler.clone(), disk.clone());
    let parts = (0..40).map(move |number| {
        if number == 20 {
            *full.lock().unwrap() = Some(Filler::leaving(&place, LEFT));
        }
        Ok(Bytes::from(vec![0; MIB]))
    });
    let refused = b.upload(new(None), stream::iter(parts).boxed()).await;
    assert!(
        matches!(refused, Err(Refusal::NoRoom { .. })),
        "{refused:?}"
    );
    assert_eq!(held(&disk.join("b")), 0, "nothing of it stays");
    text_arrives(&b, &chat_of_b, &a, &chat_of_a).await;
    *filler.lock().unwrap() = None;
    send(&b, &chat_of_b, MIB).await;
    b.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_while_a_file_comes_keeps_it_waiting_and_texts_still_come() {
    let test = "process::files::a_disk_that_fills_while_a_file_comes_keeps_it_waiting_and_texts_still_come";
    let Some(disk) = disk(LEFT_FREE as u32 + 96, test) else {
        return;
    };
    let (pair, a, b) = with_b_on(&disk).await;
    let (chat_of_a, chat_of_b) = chats(&pair, &a, &b).await;
    let id = send(&a, &chat_of_a, LONG).await;
    until(async || state(&b, &chat_of_b, &id).await.is_some()).await;
    let dir = disk.join("b");
    b.want_file(chat_of_b.clone(), id.clone(), true)
        .await
        .unwrap();
    until(async || held(&dir) > MIB as u64).await;
    let filler = Filler::leaving(&disk, LEFT);
    until(async || {
        let state = state(&b, &chat_of_b, &id).await;
        matches!(state, Some(FileState::NoRoom { .. }))
    })
    .await;
    text_arrives(&a, &chat_of_a, &b, &chat_of_b).await;
    let refused = b.download(chat_of_b.clone(), id.clone()).await.map(drop);
    assert_eq!(refused, Err(Refusal::FileNotHere));

    drop(filler);
    b.want_file(chat_of_b.clone(), id.clone(), true)
        .await
        .unwrap();
    until(async || state(&b, &chat_of_b, &id).await == Some(FileState::Here)).await;
    assert!(
        download(&b, &chat_of_b, &id).await == clear(LONG),
        "other bytes"
    );
    b.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_while_a_file_is_saved_has_no_half_of_it() {
    let test = "process::files::a_disk_that_fills_while_a_file_is_saved_has_no_half_of_it";
    let Some(disk) = disk(24, test) else {
        return;
    };
    let pair = pair().await;
    let a = open(&pair.a, OnAir::No).await;
    let chat = a.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    let id = send(&a, &chat, LONG).await;
    let download = a.download(chat.clone(), id.clone()).await.unwrap();
    let refused = saving::save(download, &disk, |_| {}).await.unwrap_err();
    assert!(
        matches!(refused, SaveError::Path(_, error) if error.kind() == std::io::ErrorKind::StorageFull)
    );
    assert_eq!(
        fs::read_dir(&disk).unwrap().count(),
        0,
        "nothing of it stays"
    );

    let elsewhere = place();
    let download = a.download(chat, id).await.unwrap();
    let saved = saving::save(download, elsewhere.path(), |_| {})
        .await
        .unwrap();
    assert!(fs::read(saved).unwrap() == clear(LONG), "other bytes");
    a.stop().await.unwrap();
}
