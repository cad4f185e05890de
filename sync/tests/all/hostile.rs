//! A peer that lies, floods, or speaks for others.

use crate::support::pair::{Identity, Node, SECRET, SPACE, meet};
use bytes::Bytes;
use hedgerow_sync::batch::{BatchBuilder, BatchError};
use hedgerow_sync::entry::{Body, Entry, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::ingest::{Devices, Refusal};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::reconcile::{Event, Fault, Reconciler, Shared};
use hedgerow_sync::space::Frontier;
use hedgerow_sync::store::{Direction, Store};
use hedgerow_sync::waiting::{MAX_WAITING, MAX_WAITING_BYTES};
use hedgerow_sync::wire::{Blind, LogName, MAX_FRONTIER, Message, Role};
use hedgerow_sync::{page, peer};
use proptest::prelude::*;

/// A node in a session with a peer that sends whatever the test wants.
struct Victim {
    node: Node,
    reconciler: Reconciler,
    theirs: Vec<DeviceId>,
}

const HASH: &[u8] = b"session hash";

impl Victim {
    fn new() -> Victim {
        Victim::with(Node::new(&Identity::new(1, 1), 0, &[SPACE]))
    }

    fn with(mut node: Node) -> Victim {
        let theirs = Identity::new(2, 1).devices;
        let shared = [Shared {
            space: SPACE,
            secret: &SECRET,
        }];
        let channel = node.channel(theirs[0], Role::Answerer, HASH);
        let reconciler = node
            .store
            .write(|txn| Reconciler::new(txn, &channel, &shared))
            .unwrap();
        Victim {
            node,
            reconciler,
            theirs,
        }
    }

    fn hear_bytes(&mut self, kind: u64, content: &Bytes) -> Vec<Event> {
        let mut authority = Devices {
            theirs: &self.theirs,
            mine: &self.node.identity.devices,
            mark_key: &self.node.identity.mark_key,
        };
        let reconciler = &mut self.reconciler;
        let store = &mut self.node.store;
        let mut events = store
            .write(|txn| reconciler.receive(txn, &mut authority, kind, content))
            .unwrap();
        while reconciler.is_busy() {
            let more = store.write(|txn| reconciler.proceed(txn, &mut authority));
            events.extend(more.unwrap());
        }
        events
    }

    fn handle(&mut self, message: Message) -> Vec<Event> {
        self.hear_bytes(message.kind(), &message.encode().into())
    }

    fn says(&mut self) -> Vec<Message> {
        let mut out = Vec::new();
        let reconciler = &mut self.reconciler;
        let key = &self.node.identity.mark_key;
        self.node
            .store
            .read(|reader| reconciler.fill(reader, key, 1 << 20, &mut out))
            .unwrap();
        out
    }

    fn rows(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = Vec::new();
        let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        self.node
            .store
            .read(|reader| {
                reader.scan(all, Direction::Forward, &mut |key, value| {
                    rows.push((key.to_vec(), value.to_vec()));
                    std::ops::ControlFlow::Continue(())
                })
            })
            .unwrap();
        rows
    }
}

fn blind() -> Blind {
    Blind::new(&SECRET, HASH, Role::Dialler)
}

fn their_log(incarnation: u64) -> LogId {
    LogId {
        device: Identity::new(2, 1).devices[0],
        incarnation: Incarnation(incarnation),
    }
}

fn entries(log: LogId, first: u64, links: &[EntryId], size: usize) -> Message {
    let mut builder = BatchBuilder::new(log, Seq(first), 0);
    builder.push(&Entry {
        what: What::TEXT,
        links: links.to_vec(),
        wall_ms: 0,
        body: Body::Bytes(vec![b'x'; size].into()),
    });
    Message::Entries {
        space: blind(),
        log: LogName::Other(log),
        core: builder
            .seal(&MarkKey::new(&[2; 32]), SPACE, &[3; 16])
            .into(),
    }
}

fn frontier(logs: &[(LogId, u64)]) -> Frontier {
    logs.iter().map(|(log, seq)| (*log, Seq(*seq))).collect()
}

#[test]
fn a_stranger_s_log_is_refused_once_and_nothing_is_stored() {
    let mut victim = Victim::new();
    let before = victim.rows();
    let log = LogId {
        device: DeviceId([99; 16]),
        incarnation: Incarnation(1),
    };
    let refused = Event::Refused {
        space: SPACE,
        log,
        refusal: Refusal::NotTheirs,
    };
    assert_eq!(victim.handle(entries(log, 1, &[], 5)), [refused]);
    assert_eq!(victim.handle(entries(log, 1, &[], 5)), []);
    let said = victim.says();
    assert_eq!(said.len(), 1);
    assert!(matches!(said[0], Message::Refused { reason: 1, .. }));
    assert_eq!(victim.rows(), before);
}

#[test]
fn an_entry_in_my_name_without_my_mark_is_refused() {
    let mut victim = Victim::new();
    let before = victim.rows();
    let log = victim.node.log();
    let refused = Event::Refused {
        space: SPACE,
        log,
        refusal: Refusal::FalseMark,
    };
    assert_eq!(victim.handle(entries(log, 1, &[], 5)), [refused]);
    assert_eq!(victim.rows(), before);
}

/// The mark decides which entries are ours, not the peer's device list.
#[test]
fn an_entry_in_my_name_needs_my_mark_though_the_peer_claims_my_device() {
    let mut victim = Victim::new();
    victim.theirs.extend(victim.node.identity.devices.clone());
    let before = victim.rows();
    let log = victim.node.log();
    let refused = Event::Refused {
        space: SPACE,
        log,
        refusal: Refusal::FalseMark,
    };
    assert_eq!(victim.handle(entries(log, 1, &[], 5)), [refused]);
    assert_eq!(victim.rows(), before);
}

#[test]
fn a_batch_of_mine_is_not_taken_for_another_space_or_log() {
    let other = SpaceId([8; 16]);
    let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE, other]);
    node.say_in(other, 0, "said elsewhere");
    let log = node.log();
    let mut builder = BatchBuilder::new(log, Seq(1), 0);
    builder.push(&Entry {
        what: What::TEXT,
        links: Vec::new(),
        wall_ms: 0,
        body: Body::Bytes("said elsewhere".into()),
    });
    let mut victim = Victim::with(node);
    let marked = builder.seal(&victim.node.identity.mark_key, other, &[3; 16]);
    let events = victim.handle(Message::Entries {
        space: blind(),
        log: LogName::ReceiverIn(log.incarnation),
        core: marked.into(),
    });
    assert!(matches!(events[..], [Event::Refused { .. }]));
}

#[test]
fn a_log_that_the_peer_refused_is_not_offered_again_until_it_may_think_otherwise() {
    let alice = Identity::new(1, 2);
    let mut first = Node::new(&alice, 0, &[SPACE]);
    let mut second = Node::new(&alice, 1, &[SPACE]);
    let mut bob = Node::new(&Identity::new(2, 1), 0, &[SPACE]);
    second.say("from a device that Bob does not know");
    meet(&mut second, &mut first, 1);
    first.say("from one he does");
    // Bob knows only Alice's first device.
    bob.events.clear();
    let knows_one = Identity {
        devices: vec![alice.devices[0]],
        mark_key: alice.mark_key.clone(),
    };
    first.identity = knows_one;
    meet(&mut first, &mut bob, 2);
    assert_eq!(bob.frontier().len(), 1);
    let refusals = |node: &Node| {
        let refused = |event: &&Event| matches!(event, Event::RefusedByPeer { .. });
        node.events.iter().filter(refused).count()
    };
    assert_eq!(refusals(&first), 1);
    let session = meet(&mut first, &mut bob, 3);
    assert_eq!(refusals(&first), 1);
    let offered = |message: &Message| matches!(message, Message::Entries { .. });
    assert!(!session.carried[0].iter().any(offered));
    let again = meet(&mut first, &mut bob, 4);
    assert!(
        again.carried.iter().all(Vec::is_empty),
        "digests leave out what is refused"
    );

    first.identity = alice;
    let forget =
        |txn: &mut dyn hedgerow_sync::store::Txn| peer::forget_refusals(txn, SPACE, bob.device);
    first.store.write(forget).unwrap();
    meet(&mut first, &mut bob, 5);
    assert_eq!(bob.frontier(), first.frontier());
}

#[test]
fn acks_for_entries_never_written_are_ignored() {
    let mut victim = Victim::new();
    let entry = victim.node.say("one");
    let device = victim.theirs[0];
    let before = victim.rows();
    for logs in [
        &[(entry.log, 2)],
        &[(entry.log, u64::MAX)],
        &[(their_log(5), 1)],
    ] {
        let events = victim.handle(Message::Ack {
            space: blind(),
            logs: frontier(logs),
        });
        assert_eq!(events, []);
    }
    assert_eq!(victim.rows(), before);
    assert_eq!(victim.node.unacked(device), 1);
    let events = victim.handle(Message::Ack {
        space: blind(),
        logs: frontier(&[(entry.log, 1)]),
    });
    assert_eq!(events.len(), 1);
    assert_eq!(victim.node.unacked(device), 0);
}

#[test]
fn a_frontier_beyond_what_i_wrote_acknowledges_no_more_than_that() {
    let mut victim = Victim::new();
    let entry = victim.node.say("one");
    victim.handle(Message::Frontier {
        space: blind(),
        base: None,
        logs: frontier(&[(entry.log, 1_000_000), (their_log(1), u64::MAX)]),
        tags: Default::default(),
        more: false,
    });
    let device = victim.theirs[0];
    let acked = victim
        .node
        .store
        .read(|reader| peer::acked(reader, SPACE, device, entry.log));
    assert_eq!(acked.unwrap(), Seq(1));
    victim.node.say("two");
    assert_eq!(victim.node.unacked(device), 1);
}

#[test]
fn a_frontier_to_the_end_of_numbers_is_no_damage_when_i_go_on_writing() {
    let mut victim = Victim::new();
    let entry = victim.node.say("one");
    victim.handle(Message::Frontier {
        space: blind(),
        base: None,
        logs: frontier(&[(entry.log, u64::MAX)]),
        tags: Default::default(),
        more: false,
    });
    let next = victim.node.say("two");
    let grew = |txn: &mut dyn hedgerow_sync::store::Txn| {
        victim.reconciler.grew(txn, SPACE, next.log, next.seq)
    };
    victim.node.store.write(grew).unwrap();
}

#[test]
fn items_over_a_limit_are_the_peer_s_fault() {
    let mut victim = Victim::new();
    let log = |number: usize| their_log(number as u64);
    let logs: Frontier = (0..=MAX_FRONTIER)
        .map(|number| (log(number), Seq(1)))
        .collect();
    let space = blind();
    let bad = [Event::Fault(Fault::BadItem)];
    let ack = Message::Ack {
        space,
        logs: logs.clone(),
    };
    assert_eq!(victim.handle(ack), bad);
    let whole = Message::Frontier {
        space,
        base: None,
        logs,
        tags: Default::default(),
        more: false,
    };
    assert_eq!(victim.handle(whole), bad);
    let huge_array = Bytes::from_static(&[0x82, 0x48, 0, 0, 0, 0, 0, 0, 0, 0, 0x9b, 0xff]);
    assert_eq!(victim.hear_bytes(20, &huge_array), bad);
    assert_eq!(victim.hear_bytes(22, &Bytes::new()), bad);
}

#[test]
fn a_frontier_without_end_is_cut_off() {
    let mut victim = Victim::new();
    let mut faulted = false;
    for part in 0..20u64 {
        let log = |number: u64| their_log(part * 10_000 + number);
        let events = victim.handle(Message::Frontier {
            space: blind(),
            base: None,
            logs: (0..4_096).map(|number| (log(number), Seq(1))).collect(),
            tags: Default::default(),
            more: true,
        });
        faulted |= events == [Event::Fault(Fault::BadItem)];
    }
    assert!(faulted);
}

#[test]
fn unknown_spaces_are_skipped() {
    let mut victim = Victim::new();
    let space = Blind([1; 8]);
    let log = their_log(1);
    let before = victim.rows();
    let Message::Entries { core, .. } = entries(log, 1, &[], 5) else {
        unreachable!()
    };
    let messages = [
        Message::Digests(vec![(space, [1; 16])]),
        Message::Frontier {
            space,
            base: Some([2; 16]),
            logs: frontier(&[(log, 1)]),
            tags: Default::default(),
            more: false,
        },
        Message::NeedFull(space),
        Message::Entries {
            space,
            log: LogName::Other(log),
            core,
        },
        Message::Ack {
            space,
            logs: frontier(&[(log, 1)]),
        },
        Message::Refused {
            space,
            log,
            reason: 1,
        },
    ];
    for message in messages {
        assert_eq!(victim.handle(message), []);
    }
    assert_eq!(victim.rows(), before);
    assert_eq!(victim.says(), []);
}

#[test]
fn what_waits_is_bounded_in_count_and_bytes() {
    let missing = [EntryId {
        log: their_log(0),
        seq: Seq(7),
    }];
    for size in [10, 60_000] {
        let mut victim = Victim::new();
        let before = victim.rows();
        let sent = 2 * MAX_WAITING.max(MAX_WAITING_BYTES / size / 100);
        for number in 1..=sent as u64 {
            assert_eq!(
                victim.handle(entries(their_log(number), 1, &missing, size)),
                []
            );
        }
        assert_eq!(victim.rows(), before);
        // The missing entries arrive: the node stores everything that had room, and asks again for the rest.
        for seq in 1..=7 {
            victim.handle(entries(their_log(0), seq, &[], 1));
        }
        let stored = victim.node.frontier().len() - 1;
        let room = MAX_WAITING.min(MAX_WAITING_BYTES / (size + 60));
        assert!(
            stored <= MAX_WAITING && stored * 10 >= room * 9,
            "{stored} of {room}"
        );
        let again = |message: &Message| matches!(message, Message::Frontier { base: None, .. });
        assert!(victim.says().iter().any(again));
    }
}

#[test]
fn a_peer_that_asks_and_never_reads_gathers_nothing() {
    let mut victim = Victim::new();
    victim.node.say("one");
    for _ in 0..1_000 {
        victim.handle(Message::NeedFull(blind()));
        victim.handle(Message::Frontier {
            space: blind(),
            base: Some([5; 16]),
            logs: Frontier::new(),
            tags: Default::default(),
            more: false,
        });
    }
    assert!(victim.says().len() <= 3);
}

#[test]
fn nothing_private_is_printed() {
    let mut node = Node::new(&Identity::new(1, 1), 0, &[SPACE]);
    node.say("a secret text");
    let newest = |reader: &dyn hedgerow_sync::store::Reader| {
        page::page(reader, SPACE, page::PageFrom::Newest, 1)
    };
    let page = node.store.read(newest).unwrap().unwrap();
    let printed = format!("{:?} {:?}", page, entries(their_log(1), 1, &[], 5));
    assert_eq!(
        printed,
        "Page { entries: [Placed { id: EntryId { log: LogId { device: DeviceId(..), incarnation: \
         Incarnation(..) }, seq: Seq(1) }, lamport: Lamport(1), wall_ms: 1000, shown_ms: 1000, what: \
         Row(RowKind(1)), body: Bytes(13 bytes) }], position: 0, total: 1 } Message(19)"
    );
}

#[test]
fn nobody_pins_an_entry_to_the_end_of_time() {
    let mut victim = Victim::new();
    victim.handle(entries(their_log(1), 1, &[], 5));
    let links = [EntryId {
        log: LogId {
            device: DeviceId([99; 16]),
            incarnation: Incarnation(1),
        },
        seq: Seq(u64::MAX),
    }];
    victim.handle(entries(their_log(1), 2, &links, 5));
    let id = EntryId {
        log: their_log(1),
        seq: Seq(2),
    };
    let placed = victim
        .node
        .store
        .read(|reader| page::entry(reader, SPACE, id));
    assert_eq!(placed.unwrap().unwrap().lamport.0, 2);
}

#[test]
fn an_entry_that_links_to_its_own_future_is_the_peer_s_fault() {
    let mut victim = Victim::new();
    let future = [EntryId {
        log: their_log(1),
        seq: Seq(2),
    }];
    let events = victim.handle(entries(their_log(1), 1, &future, 5));
    assert_eq!(
        events,
        [Event::Fault(Fault::BadBatch(BatchError::Malformed))]
    );
}

#[test]
fn a_second_entry_of_the_same_number_changes_nothing() {
    let mut victim = Victim::new();
    victim.handle(entries(their_log(1), 1, &[], 5));
    let before = victim.rows();
    assert_eq!(victim.handle(entries(their_log(1), 1, &[], 50)), []);
    assert_eq!(victim.rows(), before);
}

#[test]
fn a_header_that_cannot_be_is_the_peer_s_fault() {
    // first 1, count 1, base 0, mark, no refs; wall time, no links.
    let head: [u8; 7] = [1, 1, 0, 1, 0, 0, 0];
    let too_long: [u8; 4] = [0b1111_1000, 0xe1, 0xff, 0x03];
    let longer_form: [u8; 3] = [0b1111_1000, 0x80, 0x00];
    for (header, error) in [
        // An unknown form; a gap where the batch has one salt; a target without a ref, without a number, without both;
        // kinds over the limit and in a longer form.
        (&[8 | 3][..], BatchError::UnknownKind),
        (&[8 | 1][..], BatchError::Malformed),
        (&[8 | 4, 0, 1][..], BatchError::Malformed),
        (&[8 | 4, 255, 0][..], BatchError::Malformed),
        (&[8 | 4][..], BatchError::Malformed),
        (&too_long[..], BatchError::OverLimit),
        (&longer_form[..], BatchError::Malformed),
    ] {
        let core: Vec<u8> = [&head[..], header, &[0], &[0; 32]].concat();
        let mut victim = Victim::new();
        let before = victim.rows();
        let log = LogName::SenderIn(Incarnation(1));
        let space = blind();
        let core = core.into();
        let events = victim.handle(Message::Entries { space, log, core });
        assert_eq!(events, [Event::Fault(Fault::BadBatch(error))], "{header:?}");
        assert_eq!(victim.rows(), before);
    }
}

#[test]
fn a_log_called_by_an_opening_that_was_not_told_is_the_peer_s_fault() {
    let mut victim = Victim::new();
    let Message::Entries { space, core, .. } = entries(their_log(1), 1, &[], 5) else {
        unreachable!()
    };
    let before = victim.rows();
    let log = LogName::Sender;
    let events = victim.handle(Message::Entries { space, log, core });
    assert_eq!(events, [Event::Fault(Fault::BadItem)]);
    assert_eq!(victim.rows(), before);
}

proptest! {
    #[test]
    fn no_item_however_damaged_breaks_a_session(
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
        which in 0..6usize,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut victim = Victim::new();
        let mine = victim.node.say("mine");
        let space = blind();
        let messages = [
            entries(their_log(1), 1, &[mine], 30),
            Message::Frontier { space, base: None, logs: frontier(&[(mine.log, 1)]), tags: Default::default(), more: false },
            Message::Ack { space, logs: frontier(&[(mine.log, 1)]) },
            Message::Digests(vec![(space, [3; 16])]),
            Message::Refused { space, log: mine.log, reason: 2 },
            Message::NeedFull(space),
        ];
        let kind = messages[which].kind();
        let mut content = messages[which].encode();
        let at = at.index(content.len());
        content[at] ^= 1 << bit;
        victim.hear_bytes(kind, &content.clone().into());
        content.truncate(cut.index(content.len()));
        victim.hear_bytes(kind, &content.into());
        victim.says();
    }
}
