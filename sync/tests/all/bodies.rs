//! One body leaves its entry: the neighbours stay, and nobody can guess the body from what remains.

use crate::support::pair::{Identity, Node, SPACE, Session, meet};
use bytes::Bytes;
use hedgerow_sync::batch::{
    Batch, BatchBuilder, BodyView, MAX_BATCH, MAX_BATCH_ENTRIES, ProofKind,
};
use hedgerow_sync::body;
use hedgerow_sync::entry::{Body, Entry, What};
use hedgerow_sync::id::{EntryId, Seq};
use hedgerow_sync::ingest::{Devices, Ingested, Refusal, ingest};
use hedgerow_sync::page::{self, PageFrom};
use hedgerow_sync::space;
use hedgerow_sync::store::{Direction, Reader, Store};
use hedgerow_sync::wire::Message;

fn alice_and_bob() -> (Node, Node) {
    let alice = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    (alice, bob)
}

fn remove(node: &mut Node, entry: EntryId) -> bool {
    node.store
        .write(|txn| body::remove(txn, SPACE, entry))
        .unwrap()
}

/// The texts that a person sees; `None` where a body has left.
fn texts(node: &Node) -> Vec<Option<String>> {
    let look = |reader: &dyn Reader| page::page(reader, SPACE, PageFrom::Oldest, page::MAX_PAGE);
    let page = node.store.read(look).unwrap().unwrap();
    assert_eq!(page.total, page.entries.len() as u64);
    let text = |body| match body {
        Body::Bytes(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
        Body::Gone => None,
    };
    page.entries.into_iter().map(|row| text(row.body)).collect()
}

/// All bytes of the store, concatenated.
fn raw(node: &Node) -> Vec<u8> {
    let mut bytes = Vec::new();
    let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
    let list = |reader: &dyn Reader| {
        reader.scan(all, Direction::Forward, &mut |_, value| {
            bytes.extend_from_slice(value);
            std::ops::ControlFlow::Continue(())
        })
    };
    node.store.read(list).unwrap();
    bytes
}

fn holds(node: &Node, text: &str) -> bool {
    raw(node)
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Ingests a batch from `alice`, a contact, at `node`.
fn handle(node: &mut Node, alice: &Node, core: &[u8]) -> Ingested {
    let authority = Devices {
        theirs: &alice.identity.devices,
        mine: &node.identity.devices,
        mark_key: &node.identity.mark_key,
    };
    node.store
        .write(|txn| ingest(txn, SPACE, alice.log(), core, &authority))
        .unwrap()
}

/// A batch of `node`'s own texts from number `first` on, as sent.
fn batch(node: &Node, first: u64, texts: &[&str]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(node.log(), Seq(first), 1_000);
    for text in texts {
        assert!(builder.push(&Entry {
            what: What::TEXT,
            links: Vec::new(),
            wall_ms: 1_000,
            body: Body::Bytes(Bytes::copy_from_slice(text.as_bytes())),
        }));
    }
    builder.seal(&node.identity.mark_key, SPACE, &[first as u8; 16])
}

fn entry(node: &Node, seq: u64) -> EntryId {
    EntryId {
        log: node.log(),
        seq: Seq(seq),
    }
}

/// The batches that a node would send to a peer that has nothing.
fn batches(node: &Node) -> Vec<Bytes> {
    let mut fresh = Node::new(&Identity::new(9, 1), 0, &[SPACE]);
    let session = meet(&mut node.clone(), &mut fresh, 99);
    let sent = session.carried[0]
        .iter()
        .filter_map(|message| match message {
            Message::Entries { core, .. } => Some(core.clone()),
            _ => None,
        });
    sent.collect()
}

#[test]
fn a_body_that_leaves_changes_no_count_and_no_neighbour() {
    let (mut alice, mut bob) = alice_and_bob();
    for number in 0..30 {
        alice.say(&format!("message {number}."));
    }
    meet(&mut alice, &mut bob, 1);
    let gone = entry(&alice, 11);
    for node in [&mut bob, &mut alice] {
        assert!(remove(node, gone));
        assert!(!remove(node, gone), "once");
        assert!(!holds(node, "message 10."));
        let mut shown = texts(node);
        assert_eq!(shown.len(), 30);
        assert_eq!(shown.remove(10), None);
        assert!(shown.iter().all(Option::is_some));
        let summary = node.store.read(|reader| space::summary(reader, SPACE));
        assert_eq!(summary.unwrap().unwrap().rows, 30);
    }
    alice.say("goes on");
    bob.say("so does Bob");
    let session = meet(&mut alice, &mut bob, 2);
    assert_eq!(alice.frontier(), bob.frontier());
    let bytes: usize = session.carried[0]
        .iter()
        .map(|item| item.encode().len())
        .sum();
    assert!(bytes < 500, "nothing was sent again: {bytes} bytes");
}

#[test]
fn an_author_takes_its_lost_entries_back_from_who_deleted_one() {
    let (mut alice, mut bob) = alice_and_bob();
    for number in 0..30 {
        alice.say(&format!("message {number}."));
    }
    meet(&mut alice, &mut bob, 1);
    for seq in [11, 12, 30] {
        remove(&mut bob, entry(&alice, seq));
    }
    let lost = alice.log();
    let mut alice = Node::new(&alice.identity, 0, &[SPACE]);
    alice.incarnation = 2;
    meet(&mut alice, &mut bob, 2);
    assert_eq!(alice.frontier().get(&lost), Some(&Seq(30)));
    assert_eq!(texts(&alice), texts(&bob));
    assert_eq!(texts(&alice).iter().flatten().count(), 27);
    // Entries that came back with gaps can lose more bodies, and the rest stays provable.
    let more = EntryId {
        log: lost,
        seq: Seq(5),
    };
    assert!(remove(&mut alice, more));
    let mut again = Node::new(&alice.identity, 0, &[SPACE]);
    again.incarnation = 3;
    meet(&mut again, &mut alice, 3);
}

#[test]
fn a_batch_that_comes_back_changed_is_refused() {
    let (mut alice, mut bob) = alice_and_bob();
    for text in ["one", "two", "three"] {
        alice.say(text);
    }
    meet(&mut alice, &mut bob, 1);
    let compact = batches(&bob).remove(0).to_vec();
    remove(&mut bob, entry(&alice, 2));
    let expanded = batches(&bob).remove(0).to_vec();
    let proof = |core: &[u8]| Batch::parse(core).unwrap().proof;
    assert_eq!(proof(&compact), ProofKind::Mark);
    assert_eq!(proof(&expanded), ProofKind::Expanded);
    let gap = {
        let batch = Batch::parse(&expanded).unwrap();
        let entry = batch.entries().nth(1).unwrap().unwrap();
        let BodyView::Gap(commitment) = entry.body else {
            panic!("the body has left");
        };
        find(&expanded, commitment)
    };
    let log = alice.log();
    let returned = |core: &[u8]| {
        let mut alice = Node::new(&alice.identity, 0, &[SPACE]);
        let authority = Devices {
            theirs: &bob.identity.devices,
            mine: &alice.identity.devices,
            mark_key: &alice.identity.mark_key,
        };
        alice
            .store
            .write(|txn| ingest(txn, SPACE, log, core, &authority))
            .unwrap()
    };
    for core in [&compact, &expanded] {
        assert!(matches!(returned(core), Ingested::Stored { .. }));
        let mut swapped = core.clone();
        let at = find(core, b"three");
        swapped[at..at + 5].copy_from_slice(b"eerht");
        let refused = Ingested::Refused(Refusal::FalseMark);
        assert_eq!(returned(&swapped), refused, "a body was swapped");
    }
    let mut wrong = expanded.clone();
    wrong[gap] ^= 1;
    let refused = Ingested::Refused(Refusal::FalseMark);
    assert_eq!(returned(&wrong), refused, "a commitment was swapped");
    // A gap that claims to have been empty from the beginning.
    let mut void = expanded.clone();
    void[gap - 1] += 1;
    void.drain(gap..gap + 16);
    assert_eq!(returned(&void), refused, "no commitment");
}

fn find(bytes: &[u8], part: &[u8]) -> usize {
    let mut windows = bytes.windows(part.len());
    windows.position(|window| window == part).unwrap()
}

#[test]
fn a_deleted_body_is_not_stored_again_when_it_comes_again() {
    let (mut bob, alice) = alice_and_bob();
    handle(
        &mut bob,
        &alice,
        &batch(&alice, 1, &["first", "second", "third"]),
    );
    assert!(remove(&mut bob, entry(&alice, 2)));
    let longer = batch(&alice, 1, &["first", "second", "third", "fourth"]);
    assert!(matches!(
        handle(&mut bob, &alice, &longer),
        Ingested::Stored { first: Seq(4), .. }
    ));
    assert!(!holds(&bob, "second"));
    let shown: Vec<_> = texts(&bob).into_iter().flatten().collect();
    assert_eq!(shown, ["first", "third", "fourth"]);
    let known = handle(&mut bob, &alice, &longer);
    assert_eq!(known, Ingested::Known { last: Seq(4) });
    assert!(!holds(&bob, "second"));
}

#[test]
fn a_body_leaves_every_batch_that_repeats_it() {
    let (mut bob, alice) = alice_and_bob();
    handle(
        &mut bob,
        &alice,
        &batch(&alice, 1, &["first", "second", "third"]),
    );
    let long = "x".repeat(3_500);
    handle(
        &mut bob,
        &alice,
        &batch(&alice, 2, &["second", "third", &long]),
    );
    handle(
        &mut bob,
        &alice,
        &batch(&alice, 3, &["third", &long, "fifth"]),
    );
    assert!(remove(&mut bob, entry(&alice, 3)));
    assert!(!holds(&bob, "third"));
    assert!(holds(&bob, "second") && holds(&bob, "fifth"));
    let shown: Vec<_> = texts(&bob).into_iter().flatten().collect();
    assert_eq!(shown, ["first", "second", &long, "fifth"]);
}

#[test]
fn an_author_keeps_no_commitment_of_a_body_it_deleted() {
    let (mut alice, mut bob) = alice_and_bob();
    for text in ["one", "yes", "three"] {
        alice.say(text);
    }
    meet(&mut alice, &mut bob, 1);
    let before = raw(&alice).len();
    let second = entry(&alice, 2);
    assert!(remove(&mut alice, second));
    assert_eq!(
        raw(&alice).len(),
        before - "yes".len() - 1,
        "text and length"
    );
    let sent = batches(&alice).remove(0);
    let batch = Batch::parse(&sent).unwrap();
    let gone = batch.entries().nth(1).unwrap().unwrap();
    assert!(gone.body == BodyView::Void);
    assert!(batch.is_marked(&alice.identity.mark_key, SPACE, alice.log()));
}

/// An attacker with Bob's store, and even the author's mark key, tries every byte string in it as a salt.
#[test]
fn what_stays_of_a_deleted_yes_does_not_let_it_be_guessed() {
    let (mut alice, mut bob) = alice_and_bob();
    for text in ["shall we?", "yes", "good"] {
        alice.say(text);
    }
    meet(&mut alice, &mut bob, 1);
    let commitment = |salt: &[u8], text: &str| -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"hedgerow 1 body").update(salt);
        hasher.update(text.as_bytes());
        *hasher.finalize().as_bytes().first_chunk().unwrap()
    };
    let found = |bytes: &[u8], text: &str| {
        let salts = bytes.windows(16).flat_map(|window| {
            let mut derived = [0; 48];
            blake3::Hasher::new_derive_key("hedgerow 1 body salts")
                .update(window)
                .finalize_xof()
                .fill(&mut derived);
            let derived: Vec<[u8; 16]> = derived.as_chunks().0.to_vec();
            std::iter::once(window.try_into().unwrap()).chain(derived)
        });
        salts
            .into_iter()
            .filter(|salt: &[u8; 16]| {
                let commitment = commitment(salt, text);
                bytes.windows(16).any(|window| window == commitment)
            })
            .count()
    };
    // The search works: with salt and commitment side by side, it finds the body.
    let salt = [9; 16];
    assert_eq!(found(&[salt, commitment(&salt, "yes")].concat(), "yes"), 1);
    remove(&mut bob, entry(&alice, 1));
    remove(&mut bob, entry(&alice, 2));
    let kept = raw(&bob);
    let proofs = batches(&bob).remove(0);
    assert!(
        Batch::parse(&proofs)
            .unwrap()
            .is_marked(&alice.identity.mark_key, SPACE, alice.log())
    );
    assert_eq!(found(&kept, "yes"), 0);
    assert_eq!(found(&kept, "shall we?"), 0);
}

#[test]
fn two_batches_of_the_same_text_have_other_salts() {
    let (mut alice, mut bob) = alice_and_bob();
    let mut session = meet(&mut alice, &mut bob, 1);
    for _ in 0..2 {
        let id = alice.say("yes");
        session.said(0, &mut alice, id);
        session.settle([&mut alice, &mut bob]);
    }
    let salts: Vec<_> = session.carried[0]
        .iter()
        .filter_map(|message| match message {
            Message::Entries { core, .. } => Some(core[core.len() - 32..core.len() - 16].to_vec()),
            _ => None,
        })
        .collect();
    assert_eq!(salts.len(), 2);
    assert_ne!(salts[0], salts[1]);
}

#[test]
fn a_batch_at_its_limit_can_lose_a_body() {
    let (mut bob, alice) = alice_and_bob();
    // Made by hand, since a builder cuts far below the limit.
    let mut core = vec![1, 0x80, 0x02, 0, 1, 0];
    for number in 0..MAX_BATCH_ENTRIES {
        let length: usize = if number < 40 { 506 } else { 507 };
        core.extend_from_slice(&[0, 0, 8, length as u8 | 0x80, (length >> 7) as u8]);
        core.resize(core.len() + length, b'x');
    }
    core.extend_from_slice(&[0; 32]);
    assert_eq!(core.len(), MAX_BATCH - 2);
    assert!(matches!(
        handle(&mut bob, &alice, &core),
        Ingested::Stored { .. }
    ));
    assert!(remove(&mut bob, entry(&alice, 7)));
    assert!(remove(&mut bob, entry(&alice, 250)));
    let shown = texts(&bob);
    assert_eq!(shown.iter().flatten().count(), shown.len() - 2);
}

/// Compares bytes on the wire with the format before: there, an item began with 32 bytes of names, the proof was
/// 16 bytes, and a text was in an array with its kind.
#[test]
fn no_message_costs_a_byte_more_than_before_bodies_could_leave() {
    let named = |session: &Session| -> (usize, usize) {
        let items = session.carried[0]
            .iter()
            .filter_map(|message| match message {
                Message::Entries { .. } => Some(message.encode().len()),
                _ => None,
            });
        (items.clone().count(), items.sum())
    };
    // Besides the text: two bytes of the array, and the head of a CBOR string.
    let around = |text: usize| match text {
        0..24 => 3,
        24..256 => 4,
        _ => 5,
    };
    let before = |batches: usize, bytes: usize, messages: usize, text: usize| {
        bytes - batches * (9 + 16) + batches * 32 + messages * around(text)
    };
    for text in [1, 3, 30, 200, 300, 3_000] {
        let (mut alice, mut bob) = alice_and_bob();
        let mut session = meet(&mut alice, &mut bob, 1);
        let id = alice.say_in(SPACE, 1_753_000_000_000, &"x".repeat(text));
        session.said(0, &mut alice, id);
        session.settle([&mut alice, &mut bob]);
        let (batches, bytes) = named(&session);
        assert_eq!(batches, 1);
        // first, count, base wall time, proof kind, refs; wall time, links, what, length; salt, mark.
        let lengths = if text < 128 { 1 } else { 2 };
        assert_eq!(bytes, 9 + (1 + 1 + 6 + 1 + 1) + (3 + lengths + text) + 32);
        assert!(bytes + 10 <= before(1, bytes, 1, text), "{bytes} bytes");
    }
    let (mut alice, mut bob) = alice_and_bob();
    for number in 0..10_000 {
        alice.say_in(SPACE, 1_753_000_000_000 + number * 1_000, &"x".repeat(200));
    }
    let session = meet(&mut alice, &mut bob, 1);
    let (batches, bytes) = named(&session);
    let before = before(batches, bytes, 10_000, 200);
    println!("10,000 messages of 200 bytes: {bytes} bytes in {batches} batches, before {before}");
    assert!(bytes + 40_000 <= before);
    // Entries that come back to their author cost only eight bytes more for each batch.
    let mut alice = Node::new(&alice.identity, 0, &[SPACE]);
    alice.incarnation = 2;
    let back = meet(&mut bob, &mut alice, 2);
    assert_eq!(named(&back), (batches, bytes + batches * 8));
}
