//! The batch codec: decoding reverses encoding, and refuses everything else.

use bytes::Bytes;
use hedgerow_sync::batch::{
    Batch, BatchBuilder, BatchError, MAX_BATCH, MAX_BATCH_ENTRIES, MAX_EXPANDED, ProofKind, Salt,
};
use hedgerow_sync::entry::{AnnotationKind, Body, Entry, MAX_BODY, MAX_LINKS, RowKind, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::wire::Message;
use proptest::prelude::*;

const SPACE: SpaceId = SpaceId([1; 16]);
const SALT: Salt = [7; 16];

fn log(number: u8) -> LogId {
    LogId {
        device: DeviceId([number; 16]),
        incarnation: Incarnation(u64::from(number) << 40),
    }
}

fn key() -> MarkKey {
    MarkKey::new(&[3; 32])
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| Body::Bytes(bytes.into())),
        Just(Body::Gone),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let target = (any::<u8>(), 1..u64::MAX).prop_map(|(number, seq)| EntryId {
        log: log(number),
        seq: Seq(seq),
    });
    prop_oneof![
        Just(What::TEXT),
        any::<u16>().prop_map(|kind| What::Row(RowKind(kind))),
        (any::<u16>(), target).prop_map(|(kind, target)| What::Annotation {
            kind: AnnotationKind(kind),
            target,
        }),
    ]
}

prop_compose! {
    fn entry()(
        links in prop::collection::vec((any::<u8>(), 1..u64::MAX), 0..=MAX_LINKS),
        wall_ms in -4_000_000_000_000..4_000_000_000_000i64,
        what in what(),
        body in body(),
    ) -> Entry {
        let links = links
            .into_iter()
            .map(|(number, seq)| EntryId { log: log(number), seq: Seq(seq) })
            .collect();
        Entry { what, links, wall_ms, body }
    }
}

/// A batch of as many of `entries` as fit, and those entries.
fn sealed(first: u64, entries: Vec<Entry>) -> (Vec<u8>, Vec<Entry>) {
    let mut builder = BatchBuilder::new(log(0), Seq(first), entries[0].wall_ms);
    let taken: Vec<Entry> = entries
        .into_iter()
        .take_while(|entry| builder.push(entry))
        .collect();
    (builder.seal(&key(), SPACE, &SALT), taken)
}

fn read(core: &[u8]) -> Result<Vec<Entry>, BatchError> {
    let entry = |entry: Result<hedgerow_sync::batch::EntryView<'_>, BatchError>| {
        let entry = entry?;
        Ok(Entry {
            what: entry.what(log(0)),
            links: entry.links.collect(),
            wall_ms: entry.wall_ms,
            body: entry.body.to_body(),
        })
    };
    Batch::parse(core)?.entries().map(entry).collect()
}

fn text(length: usize) -> Entry {
    Entry {
        what: What::TEXT,
        links: Vec::new(),
        wall_ms: 0,
        body: Body::Bytes(Bytes::from(vec![b'x'; length])),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        first in 1..u64::MAX / 2,
        entries in prop::collection::vec(entry(), 1..30),
    ) {
        let (core, taken) = sealed(first, entries);
        let batch = Batch::parse(&core).unwrap();
        prop_assert_eq!(batch.first, Seq(first));
        prop_assert_eq!(batch.last(), Seq(first + taken.len() as u64 - 1));
        prop_assert_eq!(batch.proof, ProofKind::Mark);
        prop_assert_eq!(read(&core), Ok(taken));
        prop_assert!(key().verifies(SPACE, log(0), &core));
    }

    #[test]
    fn noise_is_no_batch_and_no_item(noise in prop::collection::vec(any::<u8>(), 0..300), kind in 0..30u64) {
        let _ = read(&noise);
        let noise = Bytes::from(noise);
        if let Ok(message) = Message::decode(kind, &noise) {
            prop_assert_eq!(message.kind(), kind);
        }
    }

    #[test]
    fn every_accepted_encoding_is_the_only_one(noise in prop::collection::vec(0..4u8, 38..70)) {
        let Ok(batch) = Batch::parse(&noise) else { return Ok(()) };
        let entries = read(&noise).unwrap();
        // Refs may come in any order and the base may be any time, so compare after a second decoding.
        let mut builder = BatchBuilder::new(log(0), batch.first, entries[0].wall_ms);
        for entry in &entries {
            prop_assert!(builder.push(entry));
        }
        prop_assert_eq!(read(&builder.seal(&key(), SPACE, &SALT)), Ok(entries));
    }
}

proptest! {
    // The test tries every length and every bit of a batch, so few batches are enough.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn no_truncation_is_a_batch_with_its_mark(entries in prop::collection::vec(entry(), 1..8)) {
        let (core, _) = sealed(1, entries);
        for length in 0..core.len() {
            let _ = read(&core[..length]);
            prop_assert!(!key().verifies(SPACE, log(0), &core[..length]));
        }
        let longer = [&core[..], &[0]].concat();
        prop_assert!(read(&longer).is_err());
    }

    #[test]
    fn no_flipped_bit_keeps_the_mark(entries in prop::collection::vec(entry(), 1..4)) {
        // Few links, since the test tries every bit. A body, since without one the salt means nothing.
        let few_links = entries.into_iter().map(|entry| Entry {
            links: entry.links.into_iter().take(2).collect(),
            ..entry
        });
        let (mut core, _) = sealed(1, std::iter::once(text(3)).chain(few_links).collect());
        for at in 0..core.len() * 8 {
            core[at / 8] ^= 1 << (at % 8);
            let _ = read(&core);
            prop_assert!(!key().verifies(SPACE, log(0), &core));
            core[at / 8] ^= 1 << (at % 8);
        }
    }
}

#[test]
fn a_mark_is_for_one_space_log_and_key() {
    let (core, _) = sealed(1, vec![text(5)]);
    assert!(key().verifies(SPACE, log(0), &core));
    assert!(!key().verifies(SpaceId([2; 16]), log(0), &core));
    assert!(!key().verifies(SPACE, log(1), &core));
    assert!(!MarkKey::new(&[4; 32]).verifies(SPACE, log(0), &core));
    assert_eq!(format!("{:?}", key()), "MarkKey(..)");
}

#[test]
fn a_number_in_a_longer_form_is_refused() {
    let (core, _) = sealed(1, vec![text(5)]);
    assert_eq!(core[0], 1);
    let longer = [&[0x81, 0x00], &core[1..]].concat();
    assert_eq!(read(&longer), Err(BatchError::Malformed));
    let beyond = [&[0x81; 9][..], &[0x7f], &core[1..]].concat();
    assert_eq!(read(&beyond), Err(BatchError::Malformed));
}

#[test]
fn limits_are_refused_just_above_them() {
    let (core, _) = sealed(1, vec![text(MAX_BODY)]);
    assert!(read(&core).is_ok());
    let (core, _) = sealed(1, vec![text(MAX_BODY + 1)]);
    assert_eq!(read(&core), Err(BatchError::OverLimit));

    let link = EntryId {
        log: log(9),
        seq: Seq(1),
    };
    let linking = |count| Entry {
        links: vec![link; count],
        ..text(1)
    };
    assert!(read(&sealed(1, vec![linking(MAX_LINKS)]).0).is_ok());
    let (core, _) = sealed(1, vec![linking(MAX_LINKS + 1)]);
    assert_eq!(read(&core), Err(BatchError::OverLimit));

    assert_eq!(read(&vec![1; MAX_BATCH + 1]), Err(BatchError::OverLimit));
    assert_eq!(read(&vec![3; MAX_EXPANDED + 1]), Err(BatchError::OverLimit));
    let (_, taken) = sealed(1, vec![text(0); MAX_BATCH_ENTRIES + 1]);
    assert!(taken.len() <= MAX_BATCH_ENTRIES);
}

#[test]
fn a_batch_of_no_entries_or_from_number_zero_is_refused() {
    let core = |first: u8, count: u8| [&[first, count, 0, 1, 0][..], &[0; 32]].concat();
    assert_eq!(read(&core(1, 0)), Err(BatchError::Malformed));
    let (mut core, _) = sealed(1, vec![text(1)]);
    core[0] = 0;
    assert_eq!(read(&core), Err(BatchError::Malformed));
}

#[test]
fn other_proofs_are_refused_unread() {
    let (core, _) = sealed(1, vec![text(1)]);
    assert_eq!(core[3], 1);
    for proof in (0..=255).filter(|proof| ![1, 3].contains(proof)) {
        let mut other = core.clone();
        other[3] = proof;
        assert_eq!(read(&other), Err(BatchError::UnknownKind));
    }
}
