//! Invitation links (`docs/PROTOCOL.md` section 10).

use data_encoding::BASE32_NOPAD;
use hedgerow_transport::carrier::Address;
use hedgerow_transport::invitation::{
    Invitation, LinkError, MAX_ADDRESS, MAX_ADDRESSES, MAX_LINK, SCHEME, TooManyAddresses,
};
use proptest::prelude::*;

use crate::support::devices::{invitation, person};

fn link_of(body: &[u8]) -> String {
    let sum = blake3::hash(body);
    format!(
        "{SCHEME}{}",
        BASE32_NOPAD.encode(&[body, &sum.as_bytes()[..4]].concat())
    )
}

#[test]
fn a_link_is_made_of_what_a_qr_code_packs_well_and_is_read_in_either_case() {
    let invitation = invitation(&person(2));
    let link = invitation.link().unwrap();
    let (scheme, rest) = link.split_at(SCHEME.len());
    assert_eq!(scheme, "hedgerow:");
    assert!(
        rest.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    );
    assert!(link.len() < 200, "{} characters", link.len());
    for form in [
        link.to_string(),
        link.to_ascii_uppercase(),
        link.to_ascii_lowercase(),
        format!(" {}\n", *link),
    ] {
        assert_eq!(Invitation::parse(&form).unwrap(), invitation);
    }
}

#[test]
fn one_changed_missing_or_added_character_is_damage() {
    let link = invitation(&person(2)).link().unwrap();
    for at in SCHEME.len()..link.len() {
        let with = |middle: &str| format!("{}{middle}{}", &link[..at], &link[at + 1..]);
        let other = if &link[at..=at] == "A" { "B" } else { "A" };
        assert_eq!(
            Invitation::parse(&with(other)),
            Err(LinkError::Damaged),
            "character {at}"
        );
        assert_eq!(
            Invitation::parse(&with("")),
            Err(LinkError::Damaged),
            "character {at}"
        );
        assert_eq!(
            Invitation::parse(&with("1")),
            Err(LinkError::Damaged),
            "no character of base 32"
        );
        assert_eq!(
            Invitation::parse(&link[..at]),
            Err(LinkError::Damaged),
            "cut at {at}"
        );
    }
}

#[test]
fn a_newer_version_is_not_called_damaged() {
    // An array that begins with version 2, whatever follows.
    assert_eq!(
        Invitation::parse(&link_of(&[0x82, 2, 0x60])),
        Err(LinkError::NewerVersion)
    );
    assert_eq!(
        Invitation::parse(&link_of(&[0x82, 1, 0x60])),
        Err(LinkError::Damaged)
    );
}

#[test]
fn something_else_is_not_an_invitation() {
    for text in [
        "",
        "hedgerow",
        "https://example.org",
        "hedgerov:AAAA",
        "ünïcödé:AAAA",
    ] {
        assert_eq!(
            Invitation::parse(text),
            Err(LinkError::NotAnInvitation),
            "{text}"
        );
    }
}

#[test]
fn addresses_keep_their_bounds() {
    let with = |count: usize, length: usize| {
        let addresses = vec![Address("x".repeat(length)); count];
        Invitation {
            addresses,
            ..invitation(&person(2))
        }
    };
    let most = with(MAX_ADDRESSES, MAX_ADDRESS);
    let link = most.link().unwrap();
    assert!(link.len() <= MAX_LINK);
    assert_eq!(Invitation::parse(&link).unwrap(), most);
    assert_eq!(with(MAX_ADDRESSES + 1, 1).link(), Err(TooManyAddresses));
    assert_eq!(with(1, MAX_ADDRESS + 1).link(), Err(TooManyAddresses));
    assert_eq!(
        Invitation::parse(&format!("{SCHEME}{}", "A".repeat(MAX_LINK))),
        Err(LinkError::Damaged)
    );
}

#[test]
fn an_invitation_prints_nothing() {
    let invitation = invitation(&person(2));
    assert_eq!(
        format!("{invitation:?} {:?}", invitation.secret),
        "Invitation(..) InvitationSecret(..)"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Invitation::parse(&text).is_err());
        let _ = Invitation::parse(&link_of(&body));
    }

    #[test]
    fn unknown_flags_and_later_fields_are_skipped(extra: u32, expires_s: u64, in_person: bool) {
        let invitation = Invitation { expires_s, in_person, addresses: vec![], ..invitation(&person(2)) };
        let link = invitation.link().unwrap();
        let bytes = BASE32_NOPAD.decode(&link.as_bytes()[SCHEME.len()..]).unwrap();
        let mut body = bytes[..bytes.len() - 4].to_vec();
        prop_assert_eq!(body[0], 0x86);
        body[0] = 0x87;
        body.extend(minicbor::to_vec(extra).unwrap());
        prop_assert_eq!(Invitation::parse(&link_of(&body)).unwrap(), invitation);
    }
}
