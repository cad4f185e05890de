//! The items of groups, byte by byte (`docs/PROTOCOL.md` section 4b).

use std::collections::BTreeMap;

use bytes::Bytes;
use hedgerow_sync::batch::{Chain, Head};
use hedgerow_sync::group::Fork;
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq};
use hedgerow_sync::membership::OperationId;
use hedgerow_sync::wire::{Blind, FORKED, MAX_NAMED, MAX_OPERATIONS_BYTES, Message};
use proptest::prelude::*;

const SPACE: Blind = Blind([1; 8]);
const LOG: LogId = LogId {
    device: DeviceId([2; 16]),
    incarnation: Incarnation(3),
};

fn is(message: &Message, bytes: &[u8]) {
    assert_eq!(message.encode(), bytes);
    let content = Bytes::copy_from_slice(bytes);
    assert!(Message::decode(message.kind(), &content).as_ref() == Ok(message));
}

#[test]
fn items_of_groups_have_these_bytes() {
    let ids = vec![OperationId([4; 32])];
    let names = [&[0x82, 0x48][..], &[1; 8], &[0x81, 0x58, 32], &[4; 32]].concat();
    let (named, wanted) = (ids.clone(), ids);
    is(
        &Message::Control {
            space: SPACE,
            named,
        },
        &names,
    );
    is(
        &Message::WantOperations {
            space: SPACE,
            wanted,
        },
        &names,
    );
    let operations = vec![Bytes::from_static(b"abc"), Bytes::from_static(b"d")];
    let message = Message::Operations {
        space: SPACE,
        operations,
    };
    is(&message, &[&[1; 8][..], b"\x03abc\x01d"].concat());
    let head = Head {
        seq: Seq(5),
        chain: Chain([6; 32]),
        signature: [7; 64],
    };
    let message = Message::Forked {
        space: SPACE,
        log: LOG,
        fork: Fork {
            head,
            run: Bytes::from_static(b"run"),
        },
    };
    let log = [&[3][..], &[2; 16], &3u64.to_be_bytes()].concat();
    let proof = [&[5][..], &[6; 32], &[7; 64], b"run"].concat();
    is(&message, &[&[1; 8][..], &log, &proof].concat());
}

#[test]
fn items_of_bodies_have_these_bytes() {
    let entry = |seq| EntryId {
        log: LOG,
        seq: Seq(seq),
    };
    let log = [&[2; 16][..], &3u64.to_be_bytes()].concat();
    let message = Message::WantBodies {
        space: SPACE,
        wanted: vec![entry(4), entry(5), entry(9)],
    };
    let runs = [&[1; 8][..], &log, &[4, 2], &log, &[9, 1]].concat();
    is(&message, &runs);
    let bodies = vec![None, Some(([6; 16], Bytes::from_static(b"abc")))];
    let message = Message::Bodies {
        space: SPACE,
        bodies,
    };
    is(&message, &[&[1; 8][..], &[0, 4], &[6; 16], b"abc"].concat());
    // No entry has number 0, no run is empty, and nobody wants more at once.
    let wanted = |first: u8, count: &[u8]| {
        let content = [&[1; 8][..], &log, &[first], count].concat();
        Message::decode(26, &content.into()).is_ok()
    };
    assert!(wanted(1, &[0x80, 2]));
    assert!(!wanted(1, &[0x81, 2]) && !wanted(0, &[1]) && !wanted(1, &[0]));
}

#[test]
fn only_a_frontier_of_a_group_has_tags() {
    let frontier = |tags: BTreeMap<_, _>| Message::Frontier {
        space: SPACE,
        base: None,
        logs: [(LOG, Seq(9))].into(),
        tags,
        more: false,
    };
    let chat = [
        &[0x83, 0x48][..],
        &[1; 8],
        &[0xf6, 0x81, 0x83, 0x50],
        &[2; 16],
        &[3, 9],
    ]
    .concat();
    is(&frontier(BTreeMap::new()), &chat);
    let mut group = chat.clone();
    group[12] = 0x84;
    group.push(0x50);
    group.extend(FORKED);
    is(&frontier([(LOG, FORKED)].into()), &group);
}

#[test]
fn items_over_a_limit_are_refused() {
    let names = |count| Message::Control {
        space: SPACE,
        named: vec![OperationId([4; 32]); count],
    };
    assert!(Message::decode(22, &names(MAX_NAMED).encode().into()).is_ok());
    assert!(Message::decode(22, &names(MAX_NAMED + 1).encode().into()).is_err());
    let operations = |length| Message::Operations {
        space: SPACE,
        operations: vec![vec![0; length].into()],
    };
    let most = MAX_OPERATIONS_BYTES - 3;
    assert!(Message::decode(23, &operations(most).encode().into()).is_ok());
    assert!(Message::decode(23, &operations(most + 1).encode().into()).is_err());
}

proptest! {
    #[test]
    fn noise_is_no_item_or_has_one_form(noise in prop::collection::vec(any::<u8>(), 0..200), kind in 22..28u64) {
        let content = Bytes::from(noise);
        if let Ok(message) = Message::decode(kind, &content) {
            prop_assert_eq!(message.kind(), kind);
            let again = Message::decode(kind, &message.encode().into());
            prop_assert!(again.as_ref() == Ok(&message));
        }
        let _ = Fork::decode(&content);
    }
}
