//! Links of invitations: as text, and with a checksum that holds over any content.

use crate::split_choice;
use data_encoding::BASE32_NOPAD;
use hedgerow_transport::invitation::{Invitation, MAX_ADDRESS, MAX_ADDRESSES, SCHEME};

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 2) else {
        return;
    };
    let link = match how {
        0 => String::from_utf8_lossy(input).into_owned(),
        _ => {
            let body = [input, &blake3::hash(input).as_bytes()[..4]].concat();
            format!("{SCHEME}{}", BASE32_NOPAD.encode(&body))
        }
    };
    let Ok(invitation) = Invitation::parse(&link) else {
        return;
    };
    assert!(invitation.addresses.len() <= MAX_ADDRESSES);
    assert!(
        invitation
            .addresses
            .iter()
            .all(|address| address.0.len() <= MAX_ADDRESS)
    );
    let again = invitation.link().expect("what was read keeps its bounds");
    assert!(Invitation::parse(&again) == Ok(invitation));
}
