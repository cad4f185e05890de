//! Signed batches: one signature proves a run, wherever it is cut and whichever bodies have left.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use hedgerow_sync::batch::{Batch, BatchBuilder, BatchError, Chain, ProofKind, Version};
use hedgerow_sync::entry::{AnnotationKind, Body, Entry, RowKind, What};
use hedgerow_sync::id::{EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::membership::OperationId;
use proptest::prelude::*;

use crate::support::group::keys::{key, member};

const SPACE: SpaceId = SpaceId([1; 16]);

fn log(number: u64) -> LogId {
    LogId {
        device: member(number).device(),
        incarnation: Incarnation(number),
    }
}

fn version(number: u8) -> Version {
    Version::new(vec![OperationId([number; 32]), OperationId([0; 32])])
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| Body::Bytes(bytes.into())),
        Just(Body::Gone),
    ]
}

prop_compose! {
    fn entry()(
        links in prop::collection::vec((2..9u64, 1..u64::MAX), 0..4),
        wall_ms in -4_000_000_000_000..4_000_000_000_000i64,
        kind in any::<u16>(),
        target in prop::option::of((1..9u64, 1..u64::MAX)),
        body in body(),
    ) -> Entry {
        let id = |(number, seq)| EntryId { log: log(number), seq: Seq(seq) };
        let what = match target {
            Some(target) => What::Annotation { kind: AnnotationKind(kind), target: id(target) },
            None => What::Row(RowKind(kind)),
        };
        Entry { what, links: links.into_iter().map(id).collect(), wall_ms, body }
    }
}

fn text(text: &str) -> Entry {
    Entry {
        what: What::TEXT,
        links: Vec::new(),
        wall_ms: 5,
        body: Body::Bytes(Bytes::copy_from_slice(text.as_bytes())),
    }
}

/// A run of the entries from number `first` on, after the entry with this chain.
fn run(key: &SigningKey, first: u64, before: Chain, entries: &[Entry]) -> Vec<u8> {
    let wall_ms = entries[0].wall_ms;
    let mut builder = BatchBuilder::signed(log(1), Seq(first), wall_ms, &version(7), before);
    for (number, entry) in (first..).zip(entries) {
        assert!(builder.push_salted(entry, &[number as u8; 16]));
    }
    builder.sign(key, SPACE).0
}

fn start() -> Chain {
    Chain::start(SPACE, log(1))
}

fn is_proven(core: &[u8]) -> bool {
    let head = Batch::parse_signed(core).and_then(|batch| batch.head(log(1)));
    head.is_ok_and(|head| head.verify(member(1), SPACE, log(1)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_run_has_the_same_end_wherever_it_begins(entries in prop::collection::vec(entry(), 2..12), cut in any::<prop::sample::Index>()) {
        let whole = run(&key(1), 1, start(), &entries);
        let batch = Batch::parse_signed(&whole).unwrap();
        prop_assert_eq!(batch.version(), version(7));
        prop_assert_eq!(batch.chain_before(), start());
        let chains: Vec<Chain> = batch.chains(log(1)).map(Result::unwrap).collect();
        let cut = 1 + cut.index(entries.len() - 1);
        let later = run(&key(1), cut as u64 + 1, chains[cut - 1], &entries[cut..]);
        let head = Batch::parse_signed(&later).unwrap().head(log(1));
        prop_assert_eq!(head, batch.head(log(1)));
        prop_assert!(is_proven(&whole) && is_proven(&later));
    }

    #[test]
    fn no_flipped_bit_keeps_the_signature(entries in prop::collection::vec(entry(), 1..4), bits in prop::collection::vec(any::<prop::sample::Index>(), 24)) {
        // A body, since without one its salt means nothing.
        let entries: Vec<Entry> = std::iter::once(text("abc")).chain(entries).collect();
        let mut core = run(&key(1), 1, start(), &entries);
        for bit in bits {
            let bit = bit.index(core.len() * 8);
            let before = core.clone();
            core[bit / 8] ^= 1 << (bit % 8);
            // A log that is named and not linked to is nothing of an entry.
            prop_assert!(!is_proven(&core) || same(&core, &before), "bit {}", bit);
            core = before;
        }
    }
}

/// Whether two batches say the same.
fn same(one: &[u8], other: &[u8]) -> bool {
    let chains = |core| -> Result<Vec<Chain>, BatchError> {
        Batch::parse_signed(core)?.chains(log(1)).collect()
    };
    chains(one) == chains(other)
}

#[test]
fn a_signature_is_for_one_space_log_and_author() {
    let core = run(&key(1), 1, start(), &[text("a")]);
    let head = Batch::parse_signed(&core).unwrap().head(log(1)).unwrap();
    assert!(head.verify(member(1), SPACE, log(1)));
    assert!(!head.verify(member(2), SPACE, log(1)));
    assert!(!head.verify(member(1), SpaceId([2; 16]), log(1)));
    assert!(!head.verify(member(1), SPACE, log(2)));
    assert!(!is_proven(&run(&key(2), 1, start(), &[text("a")])));
}

/// The version is part of the chain, so nobody moves the entries of one version under another.
#[test]
fn an_entry_keeps_its_version() {
    let core = run(&key(1), 1, start(), &[text("a")]);
    let mut other = core.clone();
    let at = core.windows(32).position(|bytes| bytes == [7; 32]).unwrap();
    other[at..at + 32].copy_from_slice(&[8; 32]);
    assert_eq!(Batch::parse_signed(&other).unwrap().version(), version(8));
    assert!(is_proven(&core) && !is_proven(&other));
}

#[test]
fn a_chat_takes_no_signed_batch_and_a_group_no_marked_one() {
    let core = run(&key(1), 1, start(), &[text("a")]);
    assert_eq!(Batch::parse(&core).err(), Some(BatchError::UnknownKind));
    let batch = Batch::parse_signed(&core).unwrap();
    assert_eq!(batch.proof, ProofKind::Signed);
    let mut marked = core.clone();
    marked[3] = 1;
    assert!(matches!(
        Batch::parse_signed(&marked),
        Err(BatchError::UnknownKind)
    ));
}

#[test]
fn a_version_has_one_form() {
    let core = run(&key(1), 1, start(), &[text("a")]);
    // Two operations in order begin behind five bytes and their count.
    let tips = 6..6 + 64;
    assert_eq!(core[5], 2);
    let swapped = [
        &core[..6],
        &core[tips.start + 32..tips.end],
        &core[tips.start..tips.start + 32],
        &core[tips.end..],
    ]
    .concat();
    assert!(Batch::parse_signed(&swapped).is_err());
    for count in [0, 33, 255] {
        let mut other = core.clone();
        other[5] = count;
        assert!(Batch::parse_signed(&other).is_err());
    }
    for length in 0..core.len() {
        assert!(!is_proven(&core[..length]));
    }
    assert!(Batch::parse_signed(&[&core[..], &[0]].concat()).is_err());
}

/// `docs/PROTOCOL.md` section 4b, byte by byte.
#[test]
fn the_bytes_of_a_signed_batch() {
    let link = EntryId {
        log: log(2),
        seq: Seq(3),
    };
    let entry = Entry {
        links: vec![link],
        ..text("hi")
    };
    let core = run(&key(1), 1, start(), &[entry]);
    let mut expected = vec![1, 1, 10, 2, 1];
    expected.extend(log(2).device.0);
    expected.extend(2u64.to_be_bytes());
    expected.push(2);
    expected.extend([0; 32]);
    expected.extend([7; 32]);
    expected.extend(start().0);
    expected.extend([0, 1, 0, 3, 1 << 3]);
    expected.extend([1; 16]);
    expected.extend([2, b'h', b'i']);
    assert_eq!(core[..core.len() - 64], expected);

    let log_bytes = |log: LogId| [&log.device.0[..], &log.incarnation.0.to_be_bytes()].concat();
    let first = [&SPACE.0[..], &log_bytes(log(1))].concat();
    assert_eq!(start().0, blake3::derive_key("hedgerow 1 chain", &first));
    let version = blake3::hash(&[&[2][..], &[0; 32], &[7; 32]].concat());
    let commitment = blake3::hash(&[b"hedgerow 1 body", &[1; 16][..], b"hi"].concat());
    let mut covered = version.as_bytes().to_vec();
    covered.extend(5i64.to_be_bytes());
    covered.push(1);
    covered.extend(log_bytes(log(2)));
    covered.extend(3u64.to_be_bytes());
    covered.extend([0, 0, 1]);
    covered.extend(commitment.as_bytes());
    let chain = blake3::keyed_hash(&start().0, &covered);
    let head = Batch::parse_signed(&core).unwrap().head(log(1)).unwrap();
    assert_eq!((head.seq, head.chain), (Seq(1), Chain(*chain.as_bytes())));
    let device = blake3::derive_key("hedgerow 1 member id", &member(1).0);
    assert_eq!(log(1).device.0, device[..16]);
}
