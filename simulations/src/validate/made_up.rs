//! Devices and bundles made from their numbers, without sealing.

use hedgerow_node::courier::{Envelope, Hint, Peer, ReleaseHash, Tag};
use hedgerow_sync::id::DeviceId;
use hedgerow_transport::bundle::MAX_LIFETIME_S;

/// The length of a bundle: it takes neither time nor room.
pub(super) const SIZE: u64 = 1;

/// The peer for a device.
pub(super) fn peer(device: usize) -> Peer {
    Peer {
        device: DeviceId((device as u128).to_be_bytes()),
        hint: hint(device),
    }
}

/// The bundle of this message for this device, as its author has it.
pub(super) fn envelope(message: usize, recipient: usize) -> Envelope {
    let mut tag = [0; 32];
    tag[..8].copy_from_slice(&(message as u64).to_be_bytes());
    Envelope {
        tag: Tag(tag),
        size: SIZE,
        lifetime_s: MAX_LIFETIME_S,
        age_s: 0,
        release: ReleaseHash((message as u128).to_be_bytes()),
        copies: 1,
        hint: Some(hint(recipient)),
    }
}

/// The message of a bundle made here.
pub(super) fn message_of(tag: &Tag) -> usize {
    let number = *tag.0.first_chunk().expect("8 bytes of 32");
    u64::from_be_bytes(number) as usize
}

fn hint(device: usize) -> Hint {
    Hint((device as u64).to_be_bytes())
}
