//! Files of messages: a long one that is attached, loaded, and loaded while texts travel; and many short ones to a
//! contact who comes online. Each beside the simplest program that moves the same bytes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use tempfile::TempDir;

use super::catch_up::online;
use super::pair::{Pair, open, refused, texts};
use super::peer::{Peer, Report, between, now_ns};
use super::row::{Row, median};
use super::{floor, process};
use crate::api::{
    Api, ConversationId, Event, Events, FileState, Form, MAX_PAGE, MessageId, NewMessage,
    NewUpload, PageFrom, Private,
};
use crate::files::reading;
use crate::host::Local;
use crate::runtime::OnAir;

/// Runs of each figure; the median counts.
const RUNS: usize = 3;

/// Bytes of the long file, and of the one whose memory is compared with it.
const LONG: u64 = 1 << 30;
const SHORT: u64 = 16 << 20;

/// Texts that are measured without a transfer.
const TEXTS: usize = 100;
/// Pause before each.
const PAUSE: Duration = Duration::from_millis(20);

/// The many files, and the bytes of each.
const MANY: usize = 10_000;
const SMALL: usize = 20 << 10;
/// Calls at once that attach them.
const AT_ONCE: usize = 64;

/// The rows.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let mut rows = long(place).await?;
    rows.push(many(place).await?);
    Ok(rows)
}

/// A attaches the long file, and B loads it.
async fn long(place: &Path) -> Result<Vec<Row>> {
    let pair = Pair::meet(place).await?;
    let mut peer = Peer::start(&[&pair.b])?;
    let a = pair.reach().await?;

    let path = place.join("short");
    write(&path, SHORT)?;
    let short = attach(&a, &pair.chat_of_a, &path).await?.0;
    peer.arrival()?;
    load(&mut peer, &pair, &short)?;
    let peak = process::peak_mib(peer.id())?;

    let path = place.join("long");
    write(&path, LONG)?;
    let (mut attached, mut copied) = (Vec::new(), Vec::new());
    let mut message = None;
    for _ in 0..RUNS {
        copied.push(floor::durable_copy(&path, &place.join("copy"))?);
        let (id, took) = attach(&a, &pair.chat_of_a, &path).await?;
        peer.arrival()?;
        attached.push(took);
        if let Some(before) = message.replace(id) {
            let deleted = a.delete(pair.chat_of_a.clone(), before, true).await;
            deleted.map_err(refused)?;
        }
    }
    let message = message.context("a message with the file")?;

    let (mut loaded, mut records, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        records.push(floor::sealed_records(LONG)?);
        written.push(floor::durable_copy(&path, &place.join("copy"))?);
        loaded.push(load(&mut peer, &pair, &message)?);
    }
    let above = process::peak_mib(peer.id())? - peak;

    let alone = talk(&a, &pair, &mut peer, Some(TEXTS)).await?;
    peer.load(&pair.chat_of_b, &message)?;
    let beside = talk(&a, &pair, &mut peer, None).await?;
    a.stop().await.map_err(refused)?;
    peer.stop()?;
    Ok(vec![
        Row::ratio(
            "attach 1 GiB, of a durable copy",
            median(attached),
            median(copied),
            1.0 / 0.6,
        ),
        Row::ratio(
            "load 1 GiB until it is durable, of sealed records over TCP",
            median(loaded.clone()),
            median(records),
            1.0 / 0.55,
        ),
        Row::of_base(
            "load 1 GiB until it is durable, of a durable copy",
            median(loaded),
            median(written),
        ),
        Row::at_most(
            "load 1 GiB: resident above that for 16 MiB",
            above,
            "MiB",
            16.0,
        ),
        Row::ratio(
            "one message while 1 GiB loads, of one without",
            median(beside),
            median(alone),
            3.0,
        ),
    ])
}

/// Writes a file of bytes that do not repeat within a megabyte.
pub(super) fn write(path: &Path, bytes: u64) -> Result<()> {
    let mut part = vec![0; 1 << 20];
    ChaCha20Rng::seed_from_u64(bytes).fill_bytes(&mut part);
    let mut file = File::create(path)?;
    for _ in 0..bytes / part.len() as u64 {
        file.write_all(&part)?;
    }
    Ok(file.sync_all()?)
}

/// Sends a file in a message. Gives the message, and the time until the file was sealed and durable.
pub(super) async fn attach(
    a: &Local,
    chat: &ConversationId,
    path: &Path,
) -> Result<(MessageId, Duration)> {
    let start = Instant::now();
    let (new, bytes) = reading::open(path, |_| {})?;
    let uploaded = a.upload(new, bytes).await.map_err(refused)?;
    let took = start.elapsed();
    let message = NewMessage {
        file: Some(uploaded.id),
        ..NewMessage::text("")
    };
    let id = a.send(chat.clone(), message).await.map_err(refused)?;
    Ok((id, took))
}

/// How long it takes until B has a file that it asks for.
fn load(peer: &mut Peer, pair: &Pair, message: &MessageId) -> Result<Duration> {
    let start = now_ns();
    peer.load(&pair.chat_of_b, message)?;
    match peer.report()? {
        Report::File(at_ns) => Ok(between(start, at_ns)),
        Report::Message(_) => bail!("a message came before the file"),
    }
}

/// A writes texts to B, this number of them or until B has the file that it loads. Gives the time of each until it was
/// readable there.
async fn talk(
    a: &Local,
    pair: &Pair,
    peer: &mut Peer,
    count: Option<usize>,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    let all = texts(count.unwrap_or(10_000), 1);
    let mut loads = count.is_none();
    for text in all {
        tokio::time::sleep(PAUSE).await;
        let start = now_ns();
        let sent = a.send(pair.chat_of_a.clone(), NewMessage::text(text)).await;
        sent.map_err(refused)?;
        loop {
            match peer.report()? {
                Report::Message(at_ns) => {
                    times.push(between(start, at_ns));
                    break;
                }
                Report::File(_) => loads = false,
            }
        }
        if count.is_none() && !loads {
            break;
        }
    }
    ensure!(!loads, "the file does not come");
    Ok(times)
}

/// A has many short files for B, who comes online.
async fn many(place: &Path) -> Result<Row> {
    let met = TempDir::with_prefix_in("many-", place)?;
    let pair = Pair::meet(met.path()).await?;
    let oldest = attach_many(&pair).await?;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    // Kept until the end: a file system takes its time to give out the places of files that were just deleted.
    let mut kept = Vec::new();
    for _ in 0..RUNS {
        let here = TempDir::with_prefix_in("pair-", place)?;
        let pair = pair.copy(here.path())?;
        let came = online(&pair, async |b, events| {
            all_here(b, events, &pair.chat_of_b, &oldest).await
        });
        ours.push(came.await?.0);
        ensure!(pair.agree()?, "the two stores differ after the run");
        let beside = TempDir::with_prefix_in("raw-", place)?;
        raw.push(floor::files(beside.path(), MANY, SMALL)?);
        kept.extend([here, beside]);
    }
    let name = format!("{MANY} files of 20 KiB to one who comes online, of raw files over TCP");
    Ok(Row::ratio(name, median(ours), median(raw), 3.0))
}

/// A, offline, sends all of them. Gives the first.
async fn attach_many(pair: &Pair) -> Result<MessageId> {
    let a = open(&pair.a, OnAir::No).await?;
    let put = async |number: usize| {
        let new = NewUpload {
            name: Private(format!("{number}.bin")),
            media_type: None,
            size: Some(SMALL as u64),
            form: Form::Cleaned,
        };
        let bytes = Bytes::from(vec![number as u8; SMALL]);
        let uploaded = a.upload(new, stream::iter([Ok(bytes)]).boxed()).await?;
        let message = NewMessage {
            file: Some(uploaded.id),
            ..NewMessage::text("")
        };
        a.send(pair.chat_of_a.clone(), message).await
    };
    let oldest = put(0).await.map_err(refused)?;
    stream::iter(1..MANY)
        .map(put)
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await
        .map_err(refused)?;
    a.stop().await.map_err(refused)?;
    Ok(oldest)
}

/// Waits until B has all of them. The oldest is among the last that come.
async fn all_here(
    b: &Local,
    events: &mut Events,
    chat: &ConversationId,
    oldest: &MessageId,
) -> Result<()> {
    let is_here = |message: &crate::api::Message| {
        let file = message.file.as_ref();
        file.is_none_or(|file| file.state == FileState::Here)
    };
    loop {
        match events.next().await.context("the node stopped")? {
            Event::Message { .. } | Event::FileProgress { .. } => continue,
            _ => {}
        }
        // It comes with the first messages.
        let Ok(first) = b.message(chat.clone(), oldest.clone()).await else {
            continue;
        };
        if is_here(&first) {
            break;
        }
    }
    let mut from = PageFrom::Oldest;
    loop {
        let page = b.page(chat.clone(), from.clone(), MAX_PAGE).await;
        let messages = page.map_err(refused)?.messages;
        let Some(last) = messages.last() else {
            return Ok(());
        };
        match messages.iter().all(is_here) {
            true => from = PageFrom::After(last.id.clone()),
            false => drop(events.next().await.context("the node stopped")?),
        }
    }
}
