//! `kill -9` at any moment of sending, of syncing, of edits and of a recording: nothing acknowledged is lost, nothing
//! comes twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::chats::Chats;
use hedgerow_node::api::{Api, ContactId, Private, Remote};
use hedgerow_node::runtime::OnAir;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::files;
use super::people::{
    Daemon, Pair, client, hedgerow, open, pair, settled, texts, transcript_at_rest, until,
};

/// The length of a file that goes with an export.
const FILE: usize = 8 << 20;

/// Texts acknowledged, and texts whose sending was cut off: those may be there or not.
#[derive(Default)]
struct Said {
    acknowledged: BTreeSet<String>,
    cut_off: BTreeSet<String>,
}

/// Writes texts, several at once, until the node is gone.
async fn write(dir: &Path, to: &ContactId, prefix: String, said: &Arc<Mutex<Said>>) {
    let api: Arc<Remote> = Arc::new(client(dir).unwrap());
    let mut writing = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let (api, to, said, prefix) = (api.clone(), to.clone(), said.clone(), prefix.clone());
        writing.spawn(async move {
            for number in 0.. {
                let text = format!("{prefix} {writer} {number}");
                let sent = api.send_to(to.clone(), Private(text.clone())).await;
                let mut said = said.lock().unwrap();
                match sent {
                    Ok(_) => said.acknowledged.insert(text),
                    Err(_) => {
                        said.cut_off.insert(text);
                        return;
                    }
                };
            }
        });
    }
    writing.join_all().await;
}

/// Compares both stores with what was said.
async fn check(pair: &Pair, said: &Said) {
    let a = transcript_at_rest(&pair.a, &pair.b_of_a).await;
    let b = transcript_at_rest(&pair.b, &pair.a_of_b).await;
    assert!(a == b, "the two hold different conversations");
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    for text in texts(&a) {
        *count.entry(text).or_default() += 1;
    }
    assert_eq!(
        (count.remove("ping"), count.remove("pong")),
        (Some(1), Some(1))
    );
    for text in &said.acknowledged {
        assert_eq!(count.remove(text.as_str()), Some(1), "{text}");
    }
    for (text, times) in count {
        assert!(said.cut_off.contains(text), "nobody said {text}");
        assert_eq!(times, 1, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_of_sending_and_syncing_both_hold_what_was_acknowledged_once() {
    let pair = pair().await;
    let said = Arc::new(Mutex::new(Said::default()));
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let (mut a, mut b) = (Daemon::start(&pair.a).await, Daemon::start(&pair.b).await);
    for round in 0..9 {
        let (a_writes, b_writes) = (
            write(&pair.a, &pair.b_of_a, format!("a {round}"), &said),
            write(&pair.b, &pair.a_of_b, format!("b {round}"), &said),
        );
        let moment = Duration::from_micros(rng.next_u64() % 600_000);
        // The writers of one who lives go on until both are taken down at the end of the round.
        let killing = async {
            tokio::time::sleep(moment).await;
            match round % 3 {
                0 => {
                    a.kill();
                    let back = Daemon::start(&pair.a).await;
                    b.kill();
                    back.kill();
                }
                1 => {
                    b.kill();
                    let back = Daemon::start(&pair.b).await;
                    a.kill();
                    back.kill();
                }
                _ => {
                    a.kill();
                    b.kill();
                }
            }
        };
        let ((), (), ()) = tokio::join!(a_writes, b_writes, killing);
        (a, b) = (Daemon::start(&pair.a).await, Daemon::start(&pair.b).await);
    }
    let said = Arc::into_inner(said).unwrap().into_inner().unwrap();
    finish(a, b, &pair, &said).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_of_a_catch_up_it_goes_on_where_it_was() {
    let pair = pair().await;
    let mut said = Said::default();
    let writer = open(&pair.a, OnAir::No).await;
    let texts = (0..8_000).map(|number| format!("waiting {number} {}", "x".repeat(200)));
    said.acknowledged.extend(texts);
    let sending = said.acknowledged.iter().map(|text| {
        let sent = writer.send_to(pair.b_of_a.clone(), Private(text.clone()));
        async { sent.await.unwrap() }
    });
    futures_util::future::join_all(sending).await;
    writer.stop().await.unwrap();

    let a = Daemon::start(&pair.a).await;
    let mut rng = ChaCha20Rng::seed_from_u64(10);
    let mut cut_short = 0;
    let left = async || a.api.chat_with(pair.b_of_a.clone()).await.unwrap().queued;
    for round in 0..8 {
        let before = left().await;
        let mut b = Daemon::spawn(&pair.b, &[], Stdio::inherit());
        let seen = async || a.api.contact(pair.b_of_a.clone()).await.unwrap();
        until(async || seen().await.reachable.is_some()).await;
        // Every other kill waits for the first that has arrived: on a busy machine a moment alone may fall outside.
        if round % 2 == 1 {
            until(async || left().await < before || before == 0).await;
        }
        tokio::time::sleep(Duration::from_micros(rng.next_u64() % 20_000)).await;
        b.kill().unwrap();
        b.wait().unwrap();
        until(async || seen().await.reachable.is_none()).await;
        let left = left().await;
        cut_short += u32::from(0 < left && left < 8_000);
    }
    assert!(cut_short > 0, "no kill came in the middle");
    let b = Daemon::start(&pair.b).await;
    finish(a, b, &pair, &said).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_of_edits_each_message_has_one_of_its_texts_on_both_sides() {
    let pair = pair().await;
    let (mut a, b) = (Daemon::start(&pair.a).await, Daemon::start(&pair.b).await);
    let chat = a.api.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    let chat_of_b = b.api.chat_with(pair.a_of_b.clone()).await.unwrap().id;
    let text = |round: u32, number: u32| Private(format!("round {round}, edit {number}"));
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut said = Vec::new();
    for round in 0..6 {
        let to = pair.b_of_a.clone();
        let id = a.api.send_to(to, text(round, 0)).await.unwrap();
        let editing = async {
            let mut acknowledged = 0;
            for number in 1..90 {
                let edit = a.api.edit(chat.clone(), id.clone(), text(round, number));
                match edit.await {
                    Ok(_) => acknowledged = number,
                    Err(_) => break,
                }
            }
            acknowledged
        };
        let killing = async {
            tokio::time::sleep(Duration::from_micros(rng.next_u64() % 200_000)).await;
            let pid = rustix::process::Pid::from_child(&a.child);
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        };
        let (acknowledged, ()) = tokio::join!(editing, killing);
        drop(a);
        a = Daemon::start(&pair.a).await;
        let kept = a.api.message(chat.clone(), id.clone()).await.unwrap().text;
        // The edit that was cut off may have happened.
        let cut_off = text(round, acknowledged + 1);
        assert!(kept == Some(text(round, acknowledged)) || kept == Some(cut_off));
        said.push((id, kept));
    }
    let count = 2 + said.len() as u64;
    settled(&a.api, &pair.b_of_a, count).await;
    settled(&b.api, &pair.a_of_b, count).await;
    for (id, kept) in said {
        until(async || {
            let there = b.api.message(chat_of_b.clone(), id.clone()).await;
            there.unwrap().text == kept
        })
        .await;
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_a_voice_note_is_recorded_what_was_acknowledged_is_kept() {
    const PART: usize = 4_000;
    let pair = pair().await;
    let mut a = Daemon::start(&pair.a).await;
    let chat = a.api.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    let heard = |at: u64| (0..PART as u64).map(move |more| ((at + more) % 251) as u8);
    let mut rng = ChaCha20Rng::seed_from_u64(12);
    let mut kept = 0;
    for _ in 0..6 {
        let recording = async {
            let mut acknowledged = kept;
            loop {
                let part = heard(acknowledged).collect();
                let keep = a.api.keep_recording(chat.clone(), acknowledged, part);
                match keep.await {
                    Ok(()) => acknowledged += PART as u64,
                    Err(_) => break acknowledged,
                }
            }
        };
        let killing = async {
            tokio::time::sleep(Duration::from_micros(rng.next_u64() % 200_000)).await;
            let pid = rustix::process::Pid::from_child(&a.child);
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        };
        let (acknowledged, ()) = tokio::join!(recording, killing);
        drop(a);
        a = Daemon::start(&pair.a).await;
        kept = a.api.conversation(chat.clone()).await.unwrap().recording;
        assert!([acknowledged, acknowledged + PART as u64].contains(&kept));
    }
    let bytes = a.api.recording(chat).await.unwrap();
    assert_eq!(bytes.len() as u64, kept);
    let right = bytes
        .iter()
        .zip(0_u64..)
        .all(|(byte, at)| u64::from(*byte) == at % 251);
    assert!(right, "other bytes");
    a.stop().await;
}

async fn finish(a: Daemon, b: Daemon, pair: &Pair, said: &Said) {
    let least = 2 + said.acknowledged.len() as u64;
    settled(&a.api, &pair.b_of_a, least).await;
    settled(&b.api, &pair.a_of_b, least).await;
    a.stop().await;
    b.stop().await;
    check(pair, said).await;
}

/// The files of a directory by their names.
fn names(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_killed_leaves_no_half_file_under_its_name() {
    let pair = pair().await;
    let a = Daemon::start(&pair.a).await;
    let long = Private("what was said ".repeat(4_000));
    for _ in 0..60 {
        a.api
            .send_to(pair.b_of_a.clone(), long.clone())
            .await
            .unwrap();
    }
    let chat = a.api.chat_with(pair.b_of_a.clone()).await.unwrap().id;
    files::send(&a.api, &chat, FILE).await;
    let place = pair.place.path().join("out");
    std::fs::create_dir(&place).unwrap();
    let asides = || {
        let names = names(&place).into_iter();
        names.filter(|name| name.starts_with(".hedgerow-")).count()
    };
    let mut cut = 0;
    for round in 0..10 {
        let before = asides();
        let file = place.join(format!("{round}.html"));
        let mut export = hedgerow(&pair.a);
        export.args(["export", "Ben", "--yes"]).arg(&file);
        let mut export = export
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It writes aside now.
        until(async || asides() > before || export.try_wait().unwrap().is_some()).await;
        export.kill().unwrap();
        export.wait().unwrap();
        match std::fs::read_to_string(&file) {
            Ok(whole) => assert!(whole.ends_with("</html>\n")),
            Err(_) => cut += 1,
        }
        // A folder has its name only when all is in it.
        let folder = place.join(format!("{round}-files"));
        if let Ok(film) = std::fs::metadata(folder.join("film.mkv")) {
            assert_eq!(film.len(), FILE as u64);
        } else {
            assert!(!folder.exists() && !file.exists());
        }
    }
    assert!(cut > 0, "none was killed in time");
    a.stop().await;
}
