//! What a person with the passphrase can dig out of the blocks of a store after a deletion, an expiry and a rewrite.

use std::ops::{Bound, ControlFlow};

use bytes::Bytes;
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::store::{Direction, Store};
use hedgerow_transport::carrier::{CarrierCommand, CarrierKind, Ending, LinkId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tempfile::TempDir;

use super::dug_out;
use crate::api::{Answer, Call, Draft, Event, Passphrase};
use crate::directory::{Directory, Hashing, Protection};
use crate::engine::{BundleEvent, CallId, Effects, Engine, Input, Inputs, Now, pump};
use crate::files::work::FileCommand;
use crate::harness::World;
use crate::store::RedbStore;

const DAY_MS: u64 = 24 * 3_600_000;

/// Messages enough for a slice of the search index.
const HISTORY: usize = 520;

/// Messages that are deleted, and that expire: more pages than their deletion itself overwrites.
const OF_EACH: usize = 30;

/// What leaves: the texts, their words as the index has them, and the draft.
const TEXTS: [&str; 3] = [
    "The XYLOPHONE was deleted",
    "The GLOCKENSPIEL expired",
    "the draft of a nocturne",
];
const WORDS: [&str; 2] = ["xylophone", "glockenspiel"];

/// Hears answers alone, which must be good.
struct Answers;

impl Effects for Answers {
    fn send(&mut self, _: LinkId, _: Bytes) {}
    #[cfg(feature = "simulation")]
    fn ghost(&mut self, _: LinkId, _: u64) {}
    fn recognised(&mut self, _: LinkId) {}
    fn end(&mut self, _: LinkId, _: Ending) {}
    fn command(&mut self, _: CarrierKind, _: CarrierCommand) {}
    fn answer(&mut self, _: CallId, answer: Answer) {
        answer.expect("it is done");
    }
    fn event(&mut self, _: Event) {}
    fn file(&mut self, _: FileCommand) {}
    fn bundle(&mut self, _: BundleEvent) {}
}

/// Ada's store, in which everything that is to leave is still there; what she does with it, and when.
fn ada() -> (MemoryStore, Vec<Call>, Now) {
    let mut world = World::with(1, &["Ada", "Grace"]);
    world.meet(0, 1);
    let chat = world.chat(0, 1);
    let theirs = world.chat(1, 0);
    world
        .ask(1, Call::SetTimer(theirs, 3_600))
        .expect("a timer");
    let expire: Vec<_> = (0..OF_EACH)
        .map(|_| world.send(1, 0, &long(TEXTS[1])))
        .collect();
    world.delivered(1, 0);
    world
        .ask(0, Call::SetTimer(chat.clone(), 0))
        .expect("no timer");
    let deleted: Vec<_> = (0..OF_EACH)
        .map(|_| world.send(0, 1, &long(TEXTS[0])))
        .collect();
    let last = expire.last().expect("some").clone();
    world
        .ask(0, Call::Read(chat.clone(), last))
        .expect("it is there");
    for number in 0..HISTORY {
        world.send(0, 1, &format!("line {number}"));
    }
    // Until they are indexed.
    world.delivered(0, 1);
    world.run(60_000);
    let draft = Draft::text(TEXTS[2].repeat(1_000));
    world
        .ask(0, Call::SetDraft(chat.clone(), draft))
        .expect("a draft");
    let store = world.nodes[0].storage.store.clone();
    let deletions = deleted.into_iter();
    let mut calls: Vec<Call> = deletions
        .map(|id| Call::Delete(chat.clone(), id, false))
        .collect();
    calls.push(Call::SetDraft(chat, Draft::text("")));
    let last = world.messages(0, 1).pop().expect("a message");
    let now = Now {
        mono_ms: world.now_ms,
        wall_ms: last.time_ms,
    };
    (store, calls, now)
}

/// A text that fills half a page.
fn long(text: &str) -> String {
    format!("{text}{}", "!".repeat(2_000))
}

/// Copies all rows.
fn put(rows: &MemoryStore, into: &mut RedbStore) {
    let copied = rows.read(|from| {
        into.write(|txn| {
            let all = (Bound::Unbounded, Bound::Unbounded);
            let mut outcome = Ok(());
            from.scan(all, Direction::Forward, &mut |key, value| {
                outcome = txn.put(key, value);
                match outcome {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            })?;
            outcome
        })
    });
    copied.expect("there is room");
}

/// Lets the engine of a store make these calls, and do what is due at this time.
fn run(store: &mut RedbStore, calls: &[Call], now: Now) {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut engine = Engine::open(store, now, &mut rng).expect("an identity");
    let mut inputs = Inputs::default();
    for (id, call) in (0..).zip(calls) {
        inputs.push(Input::Call(CallId(id), call.clone()));
    }
    let later = Now {
        mono_ms: now.mono_ms + 1,
        wall_ms: now.wall_ms + 1,
    };
    for now in [now, later] {
        pump(&mut engine, store, &mut inputs, now, &mut rng, &mut Answers).expect("there is room");
    }
}

/// Which of the texts are in rows.
fn kept(store: &RedbStore) -> [bool; 3] {
    TEXTS.map(|text| {
        let mut found = false;
        let all = (Bound::Unbounded, Bound::Unbounded);
        let scanned = store.read(|reader| {
            reader.scan(all, Direction::Forward, &mut |_, value| {
                let mut places = value.windows(text.len());
                found |= places.any(|place| place == text.as_bytes());
                ControlFlow::Continue(())
            })
        });
        scanned.expect("it can be read");
        found
    })
}

#[test]
fn what_was_deleted_or_expired_is_in_no_block_after_a_rewrite() {
    let dir = TempDir::new().expect("there is room");
    let passphrase = Passphrase::new("correct horse".to_owned());
    let (rows, calls, now) = ada();
    let directory = Directory::own(dir.path()).expect("a directory");
    let protection = Protection::Passphrase(&passphrase, Hashing::hazmat_fast_for_tests());
    let mut store = directory.create(protection).expect("a store");
    put(&rows, &mut store);
    store.close();
    drop(directory);
    let indexed = dug_out(&dir, &passphrase, WORDS);
    assert!(indexed.iter().all(|count| *count > 0), "{indexed:?}");

    let directory = Directory::own(dir.path()).expect("a directory");
    let mut store = directory.unlock(Some(&passphrase)).expect("it opens");
    assert_eq!(kept(&store), [true; 3]);
    let expired = Now {
        mono_ms: now.mono_ms + DAY_MS,
        wall_ms: now.wall_ms + DAY_MS as i64,
    };
    run(&mut store, &calls, expired);
    assert_eq!(kept(&store), [false; 3], "it is deleted");
    store.close();
    drop(directory);
    for text in TEXTS {
        let [lingering] = dug_out(&dir, &passphrase, [text]);
        assert!(lingering > 0, "{text}: this test could not fail");
    }
    let lingering = dug_out(&dir, &passphrase, WORDS);
    assert!(lingering.iter().all(|count| *count > 0), "{lingering:?}");

    let directory = Directory::own(dir.path()).expect("a directory");
    let mut store = directory.unlock(Some(&passphrase)).expect("it opens");
    directory
        .rewrite(&mut store, &mut |_| ())
        .expect("there is room");
    store.close();
    drop(directory);
    assert_eq!(dug_out(&dir, &passphrase, TEXTS), [0; 3]);
    assert_eq!(dug_out(&dir, &passphrase, WORDS), [0; 2]);
}
