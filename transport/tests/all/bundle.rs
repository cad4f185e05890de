//! Sealed bundles (`docs/PROTOCOL.md` section 12).

use bytes::Bytes;
use hedgerow_transport::bundle::{
    BundleFault, Contents, Draft, Full, HEADER_LEN, Header, MAX_BUNDLE, MAX_LIFETIME_S, add_age,
    open, release_hash,
};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::Direction;
use hedgerow_transport::keys::{BundlePsk, Psk, PublicKey, StaticKey};
use proptest::prelude::*;

use crate::support::devices::*;

const DAY_S: u32 = 24 * 3_600;

struct Prekey {
    key: StaticKey,
    psk: BundlePsk,
}

fn prekey(seed: u64) -> Prekey {
    let key = StaticKey::random(&mut rng(seed));
    let psk = pair_keys().psk.for_prekey(&key.public());
    Prekey { key, psk }
}

fn draft(max_length: usize) -> Draft {
    Draft::new(
        &pair_keys().bundle_tag,
        Direction::Up,
        max_length,
        Cryptography::Real,
        &mut rng(3),
    )
}

fn seal(draft: Draft, prekey: &Prekey) -> Bytes {
    draft
        .seal(
            &device(1).key,
            &prekey.key.public(),
            &prekey.psk,
            DAY_S,
            &mut rng(4),
        )
        .unwrap()
}

fn open_with(bundle: &[u8], prekeys: &[&Prekey]) -> Result<Contents, BundleFault> {
    open(
        bundle,
        &device(1).key.public(),
        prekeys.iter().map(|prekey| (&prekey.key, &prekey.psk)),
    )
}

fn small_bundle() -> Bytes {
    let mut draft = draft(MAX_BUNDLE);
    draft.push(19, b"some entries").unwrap();
    seal(draft, &prekey(1))
}

#[test]
fn the_holder_of_the_prekey_reads_what_was_put_into_a_bundle() {
    let mut draft = draft(MAX_BUNDLE);
    let long = vec![7; 150_000];
    draft.push(19, &long).unwrap();
    draft.push(2, b"fact").unwrap();
    draft.push(300, b"").unwrap();
    let tag = *draft.tag();
    let bundle = seal(draft, &prekey(1));

    let header = Header::parse(&bundle).unwrap();
    assert_eq!((header.tag(), header.length()), (&tag, bundle.len()));
    assert_eq!(
        (header.age_s(), header.lifetime_s(), header.is_expired()),
        (0, DAY_S, false)
    );
    let (old, new) = (prekey(2), prekey(1));
    let contents = open_with(&bundle, &[&old, &new]).unwrap();
    assert_eq!(contents.which, 1);
    let items: Vec<_> = contents
        .items
        .iter()
        .map(|item| (item.kind, &item.content[..]))
        .collect();
    assert_eq!(items, [(19, &long[..]), (2, b"fact"), (300, b"")]);
}

#[test]
fn a_bundle_is_recognised_by_its_pair_in_its_direction_only() {
    let header = Header::parse(&small_bundle()).unwrap();
    let keys = pair_keys();
    let other = hedgerow_transport::keys::BundleTagKey::from_bytes([1; 32]);
    let candidates = [
        ("stranger", &other, Direction::Up),
        ("alice", &keys.bundle_tag, Direction::Up),
    ];
    assert_eq!(header.recognise(candidates), Some("alice"));
    assert_eq!(
        header.recognise([("me", &keys.bundle_tag, Direction::Down)]),
        None,
        "our own, brought back"
    );
}

#[test]
fn without_its_prekey_psk_or_sender_a_bundle_stays_shut() {
    let bundle = small_bundle();
    let sound = prekey(1);
    assert_eq!(open_with(&bundle, &[]), Err(BundleFault::NoPrekey));
    assert_eq!(
        open_with(&bundle, &[&prekey(2)]),
        Err(BundleFault::NoPrekey)
    );
    let moved = Prekey {
        key: sound.key.clone(),
        psk: Psk::from_bytes([1; 32]).for_prekey(&sound.key.public()),
    };
    assert_eq!(open_with(&bundle, &[&moved]), Err(BundleFault::NoPrekey));
    let by_another = open(&bundle, &device(2).key.public(), [(&sound.key, &sound.psk)]);
    assert_eq!(by_another, Err(BundleFault::NoPrekey));
}

#[test]
fn one_flipped_bit_anywhere_but_in_the_age_shuts_a_bundle() {
    let bundle = small_bundle();
    let key = prekey(1);
    for at in (0..HEADER_LEN).chain((HEADER_LEN..bundle.len()).step_by(17)) {
        let mut altered = bundle.to_vec();
        altered[at] ^= 1 << (at % 8);
        let opened = open_with(&altered, &[&key]);
        if (40..44).contains(&at) {
            assert!(opened.is_ok(), "the age is counted under way");
        } else {
            assert!(opened.is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_bundle_cut_short_or_prolonged_is_malformed() {
    let bundle = small_bundle();
    let key = prekey(1);
    for length in 0..bundle.len() {
        assert_eq!(
            open_with(&bundle[..length], &[&key]),
            Err(BundleFault::Malformed)
        );
    }
    assert_eq!(
        open_with(&[&bundle[..], b"x"].concat(), &[&key]),
        Err(BundleFault::Malformed)
    );
}

#[test]
fn chunks_cannot_be_swapped_or_left_out() {
    let mut draft = draft(MAX_BUNDLE);
    draft.push(19, &vec![1; 190_000]).unwrap();
    let bundle = seal(draft, &prekey(1));
    let (head, chunks) = bundle.split_at(HEADER_LEN);
    let chunks: Vec<&[u8]> = chunks.chunks(65_535).collect();
    assert!(chunks.len() >= 3);
    let swapped = [head, chunks[1], chunks[0], &chunks[2..].concat()].concat();
    assert_eq!(
        open_with(&swapped, &[&prekey(1)]),
        Err(BundleFault::Altered)
    );

    // A chunk left out, with a matching length: the seal covers the length.
    let mut shorter = [head, chunks[0]].concat();
    let length = shorter.len() as u64;
    shorter[32..40].copy_from_slice(&length.to_be_bytes());
    assert_eq!(
        open_with(&shorter, &[&prekey(1)]),
        Err(BundleFault::NoPrekey)
    );
}

#[test]
fn age_adds_up_and_a_bundle_expires() {
    let mut bundle = small_bundle().to_vec();
    add_age(&mut bundle, DAY_S - 1).unwrap();
    assert!(!Header::parse(&bundle).unwrap().is_expired());
    add_age(&mut bundle, 1).unwrap();
    assert!(Header::parse(&bundle).unwrap().is_expired());
    add_age(&mut bundle, u32::MAX).unwrap();
    assert_eq!(Header::parse(&bundle).unwrap().age_s(), u32::MAX);
    assert_eq!(add_age(&mut [0; 43], 1), Err(BundleFault::Malformed));
}

#[test]
fn headers_beyond_the_bounds_are_malformed() {
    let bundle = small_bundle();
    let altered = |at: usize, field: &[u8]| {
        let mut bundle = bundle.to_vec();
        bundle[at..at + field.len()].copy_from_slice(field);
        Header::parse(&bundle).map(|_| ())
    };
    for length in [
        0,
        HEADER_LEN as u64,
        HEADER_LEN as u64 + 16,
        MAX_BUNDLE as u64 + 1,
        u64::MAX,
    ] {
        assert_eq!(
            altered(32, &length.to_be_bytes()),
            Err(BundleFault::Malformed)
        );
    }
    assert_eq!(
        altered(44, &(MAX_LIFETIME_S + 1).to_be_bytes()),
        Err(BundleFault::Malformed)
    );
    assert_eq!(altered(44, &MAX_LIFETIME_S.to_be_bytes()), Ok(()));
}

#[test]
fn a_bundle_is_filled_up_to_its_limit_and_no_further() {
    let limit = 20_000;
    let mut draft = draft(limit);
    let mut put = 0;
    while draft.push(19, &[5; 900]).is_ok() {
        put += 1;
    }
    assert_eq!(draft.push(19, &[5; 900]), Err(Full));
    let bundle = seal(draft, &prekey(1));
    assert!(
        bundle.len() <= limit && bundle.len() > limit * 8 / 10,
        "{} bytes",
        bundle.len()
    );
    assert_eq!(open_with(&bundle, &[&prekey(1)]).unwrap().items.len(), put);
}

#[test]
fn the_hash_of_the_release_value_is_shown_and_the_value_is_not() {
    let draft = draft(MAX_BUNDLE);
    let release = *draft.release();
    let bundle = seal(draft, &prekey(1));
    let header = Header::parse(&bundle).unwrap();
    assert_eq!(*header.release(), release_hash(&release));
    assert!(!bundle.windows(16).any(|bytes| bytes == release));
}

#[test]
fn a_bundle_cannot_be_sealed_to_a_key_of_low_order() {
    let psk = prekey(1).psk;
    let sealed = draft(MAX_BUNDLE).seal(
        &device(1).key,
        &PublicKey([0; 32]),
        &psk,
        DAY_S,
        &mut rng(4),
    );
    assert!(sealed.is_err());
}

#[test]
fn two_bundles_with_the_same_content_share_no_bytes_but_the_plain_fields() {
    let rng = &mut rng(9);
    let [one, other] = [(); 2].map(|()| {
        let draft = Draft::new(
            &pair_keys().bundle_tag,
            Direction::Up,
            MAX_BUNDLE,
            Cryptography::Real,
            rng,
        );
        let key = prekey(1);
        draft
            .seal(&device(1).key, &key.key.public(), &key.psk, DAY_S, rng)
            .unwrap()
    });
    let same = |range: std::ops::Range<usize>| {
        one[range.clone()]
            .iter()
            .zip(&other[range])
            .filter(|(a, b)| a == b)
            .count()
    };
    assert!(same(0..32) < 8 && same(48..64) < 8 && same(64..112) < 8 && same(112..one.len()) < 30);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_items_come_out_as_they_went_in(items in prop::collection::vec((1_u64.., prop::collection::vec(any::<u8>(), 0..3_000)), 0..40)) {
        let mut draft = draft(MAX_BUNDLE);
        for (kind, content) in &items {
            draft.push(*kind, content).unwrap();
        }
        let contents = open_with(&seal(draft, &prekey(1)), &[&prekey(1)]).unwrap();
        let out: Vec<_> = contents.items.iter().map(|item| (item.kind, item.content.to_vec())).collect();
        prop_assert_eq!(out, items);
    }

    #[test]
    fn garbage_is_no_bundle(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(open_with(&bytes, &[&prekey(1)]).is_err());
    }
}
