//! One-way data of a group for a member who is absent.

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_sync::group::Group;
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::ingest::{Authorities, Authority};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::membership::Level;
use hedgerow_sync::reconcile::{Channel, Reconciler, Shared};
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Message, Role};

use crate::support::circle::{GROUP, Member, SECRET, circle, faults, meet, two};
use crate::support::group::keys::member;

struct InGroup<'a>(&'a mut Group);

impl Authorities for InGroup<'_> {
    fn of(&mut self, _: SpaceId) -> Authority<'_> {
        Authority::Group(self.0)
    }
}

fn shared() -> [Shared<'static>; 1] {
    [Shared {
        space: GROUP,
        secret: &SECRET,
    }]
}

fn channel<'a>(me: &Member, peer: &Member) -> Channel<'a> {
    Channel {
        me: me.log(),
        peer: peer.device(),
        role: Role::Bundle,
        hash: b"tag of the bundle",
        salt_seed: &[5; 32],
    }
}

/// The items of a bundle.
fn bundle(author: &mut Member, receiver: &Member) -> Vec<(u64, Bytes)> {
    let channel = channel(author, receiver);
    let export = author
        .store
        .write(|txn| Reconciler::export(txn, &channel, &shared(), &BTreeMap::new()));
    let (mut export, mut items) = (export.unwrap(), Vec::new());
    while export.has_more() {
        let key = MarkKey::new(&[1; 32]);
        let fill = |reader: &dyn hedgerow_sync::store::Reader| {
            export.fill(reader, &key, 1 << 16, &mut items)
        };
        author.store.read(fill).unwrap();
    }
    items
        .iter()
        .map(|item: &Message| (item.kind(), item.encode().into()))
        .collect()
}

fn open(receiver: &mut Member, author: &Member, items: &[(u64, Bytes)]) {
    let channel = channel(receiver, author);
    let (store, group) = (&mut receiver.store, &mut receiver.group);
    let opened = store.write(|txn| {
        let mut opened = Reconciler::new(txn, &channel, &shared())?;
        let mut events = Vec::new();
        for (kind, content) in items {
            events.extend(opened.receive(txn, &mut InGroup(group), *kind, content)?);
            while opened.is_busy() {
                events.extend(opened.proceed(txn, &mut InGroup(group))?);
            }
        }
        Ok(events)
    });
    receiver.events.extend(opened.unwrap());
}

/// Nobody answers it: all bodies go along, and the operations that the entries name.
#[test]
fn a_bundle_brings_all_operations_and_entries_with_their_bodies() {
    let mut members = circle(1, 2);
    for number in 0..300 {
        members[1].say(&format!("{number} {}", "x".repeat(100)));
    }
    let [author, other] = two(&mut members, 0, 1);
    meet(author, other, 1);
    author.set(9, Level::MEMBER);
    author.say("under a newer version");
    let [author, absent] = two(&mut members, 0, 2);
    let items = bundle(author, absent);
    open(absent, author, &items);
    assert!(absent.texts() == author.texts());
    assert_eq!(absent.group.membership().level(member(9)), Level::MEMBER);
    assert_eq!(absent.digest(), author.digest());
    assert!(faults(&absent.events).is_empty());
    // Once more, it changes nothing.
    let before = absent.seen();
    open(absent, author, &items);
    assert!(absent.seen() == before);
}

/// Another member brings a bundle of an earlier day: it takes nothing back, and what it lacks comes in a session.
#[test]
fn bundles_come_in_any_order() {
    let mut members = circle(1, 2);
    members[1].say("one");
    let [author, absent] = two(&mut members, 1, 2);
    let early = bundle(author, absent);
    author.say("two");
    let late = bundle(author, absent);
    open(absent, author, &late);
    open(absent, author, &early);
    assert_eq!(absent.texts(), ["one", "two"]);
    assert!(faults(&absent.events).is_empty());
    meet(absent, author, 3);
    assert_eq!(absent.digest(), author.digest());
}
