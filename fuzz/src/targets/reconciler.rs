//! A session's reconciler and hostile items: no panic, no faith in what is not proven, and an honest
//! session afterwards still brings both sides to the same entries.

use std::sync::LazyLock;

use crate::pair::{Identity, Node, SECRET, SPACE, meet};
use crate::{name_space, pieces, split_choice};
use bytes::Bytes;
use hedgerow_sync::ingest::Devices;
use hedgerow_sync::reconcile::{Reconciler, Shared};
use hedgerow_sync::store::Store;
use hedgerow_sync::wire::{Blind, FIRST_KIND, LAST_KIND, Role};

const HASH: &[u8] = b"session hash";

static TALKED: LazyLock<(Node, Node)> = LazyLock::new(|| {
    let mut one = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    let mut other = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    for number in 0..3 {
        one.say(&format!("question {number}"));
        meet(&mut one, &mut other, number);
        other.say(&format!("answer {number}"));
    }
    one.say("not delivered");
    (one, other)
});

/// One input.
pub fn run(input: &[u8]) {
    let (mut one, other) = TALKED.clone();
    let held = one.frontier();
    let shared = [Shared {
        space: SPACE,
        secret: &SECRET,
    }];
    let peer = other.device;
    let channel = one.channel(peer, Role::Answerer, HASH);
    let mut reconciler = one
        .store
        .write(|txn| Reconciler::new(txn, &channel, &shared))
        .unwrap();
    let blind = Blind::new(&SECRET, HASH, Role::Dialler);
    for piece in pieces(input) {
        let Some((choice, content)) = split_choice(piece, 16) else {
            continue;
        };
        let kind = FIRST_KIND + u64::from(choice & 7) % (LAST_KIND - FIRST_KIND + 1);
        let mut content = content.to_vec();
        if choice & 8 != 0 {
            name_space(kind, &mut content, &blind);
        }
        let content = Bytes::from(content);
        let mut authority = Devices {
            theirs: &other.identity.devices,
            mine: &one.identity.devices,
            mark_key: &one.identity.mark_key,
        };
        one.store
            .write(|txn| reconciler.receive(txn, &mut authority, kind, &content))
            .expect("no item is taken for damage of the store");
        let mut out = Vec::new();
        one.store
            .read(|reader| reconciler.fill(reader, &one.identity.mark_key, 1 << 16, &mut out))
            .expect("no item is taken for damage of the store");
    }
    let after = one.frontier();
    for (log, seq) in &held {
        assert!(after.get(log) >= Some(seq), "an item took entries away");
        if log.device == one.device {
            assert_eq!(after.get(log), Some(seq), "the peer wrote in my name");
        }
    }
}
