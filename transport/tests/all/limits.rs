//! The limits in the code equal those in `docs/PROTOCOL.md`, and keys derive under its labels.

use hedgerow_transport::keys::{InvitationSecret, PairKeys, PublicKey, Root};
use hedgerow_transport::{beacon, bundle, device, invitation, meeting, replay, search, session};

const PROTOCOL: &str = include_str!("../../../docs/PROTOCOL.md");

/// The number in the table of section 1 for a name.
fn documented(name: &str) -> usize {
    let row = PROTOCOL
        .lines()
        .find(|line| line.starts_with(&format!("| `{name}` |")))
        .unwrap();
    let value = row.split('|').nth(2).unwrap().trim();
    let digits: String = value
        .chars()
        .take_while(|c| !c.is_whitespace())
        .filter(char::is_ascii_digit)
        .collect();
    let unit = if value.ends_with("MiB") { 1 << 20 } else { 1 };
    digits.parse::<usize>().unwrap() * unit
}

#[test]
fn limits_are_those_of_the_protocol_document() {
    for (name, value) in [
        ("MAX_ITEM", session::MAX_ITEM),
        ("MAX_RECORD", session::MAX_RECORD),
        ("MAX_NAME", meeting::MAX_NAME),
        ("MAX_ADDRESSES", invitation::MAX_ADDRESSES),
        ("MAX_ADDRESS", invitation::MAX_ADDRESS),
        ("MAX_LINK", invitation::MAX_LINK),
        ("MAX_DEVICES", device::MAX_DEVICES),
        ("REPLAY_WINDOW", replay::REPLAY_WINDOW as usize),
        ("MAX_PREKEYS", bundle::MAX_PREKEYS),
        ("MAX_BUNDLE", bundle::MAX_BUNDLE),
    ] {
        assert_eq!(value, documented(name), "{name}");
    }
    assert!(PROTOCOL.contains("epoch = Unix seconds / 900"));
    assert_eq!(beacon::EPOCH_MS, 900_000);
    assert!(PROTOCOL.contains("one year (35,064 epochs)"));
    assert_eq!(search::SEARCH_STEP_EPOCHS, 35_064);
    assert!(PROTOCOL.contains("two days (192 epochs)"));
    assert_eq!(search::SEARCH_NEAR_EPOCHS, 192);
    assert!(PROTOCOL.contains("the clocks of the 91 contacts"));
    assert_eq!(search::SEARCH_NEAR_CONTACTS, 91);
    assert!(PROTOCOL.contains("four instances (slots)"));
    assert_eq!(beacon::SLOTS, 4);
    assert_eq!(bundle::MAX_LIFETIME_S, 28 * 86_400);
    assert_eq!(bundle::PREKEY_ROTATION_S, 7 * 86_400);
}

#[test]
fn keys_derive_under_the_labels_of_the_protocol_document() {
    let root = [9; 32];
    let keys = PairKeys::derive(Root::from_bytes(root));
    let secret = InvitationSecret::from_bytes(root);
    let psk = *keys.psk.as_bytes();
    let prekey = PublicKey([3; 32]);
    for (label, input, derived) in [
        ("psk", &root[..], keys.psk.as_bytes()),
        ("rescue", &root, keys.rescue.as_bytes()),
        ("tag", &root, keys.tag.as_bytes()),
        ("bundle tag", &root, keys.bundle_tag.as_bytes()),
        ("pair beacon", &root, keys.pair_beacon.as_bytes()),
        ("direct space", &root, keys.direct_space.as_bytes()),
        ("invitation psk", &root, secret.psk().as_bytes()),
        ("invitation tag", &root, secret.tag_key().as_bytes()),
        (
            "bundle psk",
            &[psk, prekey.0].concat(),
            keys.psk.for_prekey(&prekey).as_bytes(),
        ),
    ] {
        assert!(PROTOCOL.contains(&format!("KDF(\"{label}\"")), "{label}");
        assert_eq!(
            &blake3::derive_key(&format!("hedgerow 1 {label}"), input),
            derived,
            "{label}"
        );
    }
}
