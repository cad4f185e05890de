//! Device lists (`docs/PROTOCOL.md` section 3).

use ed25519_dalek::{Signer, SigningKey};
use hedgerow_transport::device::{DeviceKeys, DeviceList, DeviceListFault, MAX_DEVICES};
use hedgerow_transport::keys::{PublicKey, StaticKey};
use proptest::prelude::*;

use crate::support::devices::{person, rng};

fn device(name: u8) -> DeviceKeys {
    let signing = SigningKey::from_bytes(&[name + 50; 32])
        .verifying_key()
        .to_bytes();
    DeviceKeys {
        signing,
        key: StaticKey::random(&mut rng(u64::from(name))).public(),
    }
}

fn identity() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn list(version: u32, devices: &[DeviceKeys]) -> DeviceList {
    DeviceList::sign(&identity(), version, devices.to_vec()).unwrap()
}

#[test]
fn a_list_comes_back_as_it_was_signed() {
    let list = list(3, &[device(1), device(2)]);
    let read = DeviceList::decode(&list.encode()).unwrap();
    assert_eq!(read, list);
    assert_eq!(
        (read.version(), read.identity()),
        (3, &identity().verifying_key().to_bytes())
    );
    assert_eq!(read.hash(), list.hash());
    assert_eq!(read.device_with_key(&device(2).key), Some(&device(2)));
    assert_eq!(read.device_with_key(&device(3).key), None);
    assert_eq!(read.party(&device(2)).device, device(2).device_id());
}

#[test]
fn the_signature_is_over_the_bytes_of_the_protocol() {
    let list = list(3, &[device(1)]);
    let encoded = list.encode();
    // Four fields; without the last, a header for three, and the context before it.
    let (signature, fields) = (
        &encoded[encoded.len() - 64..],
        &encoded[1..encoded.len() - 66],
    );
    assert_eq!(encoded[0], 0x84);
    let message = [b"hedgerow 1 device list\x83", fields].concat();
    assert_eq!(identity().sign(&message).to_bytes(), signature);
}

#[test]
fn a_signing_key_and_its_device_key_are_bound() {
    let (one, other) = (device(1), device(2));
    let signed = list(1, &[one, other]).encode();
    let swapped = list(
        1,
        &[
            DeviceKeys {
                key: other.key,
                ..one
            },
            DeviceKeys {
                key: one.key,
                ..other
            },
        ],
    )
    .encode();
    // The swapped devices under the signature of the sound ones.
    let forged = [&swapped[..swapped.len() - 64], &signed[signed.len() - 64..]].concat();
    assert_eq!(DeviceList::decode(&forged), Err(DeviceListFault::Signature));
    assert!(DeviceList::decode(&signed).is_ok());
}

#[test]
fn one_flipped_bit_anywhere_makes_a_list_invalid() {
    let encoded = list(1, &[device(1), device(2)]).encode();
    for bit in (0..encoded.len() * 8).step_by(7) {
        let mut altered = encoded.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(DeviceList::decode(&altered).is_err(), "bit {bit}");
    }
}

#[test]
fn versions_never_go_down() {
    let held = list(5, &[device(1)]);
    assert_eq!(list(6, &[device(1), device(2)]).replaces(&held), Ok(true));
    assert_eq!(held.replaces(&held), Ok(false));
    assert_eq!(
        list(4, &[device(1)]).replaces(&held),
        Err(DeviceListFault::Stale)
    );
    assert_eq!(
        list(5, &[device(2)]).replaces(&held),
        Err(DeviceListFault::Stale),
        "the same version, another list"
    );
    assert_eq!(
        person(9).introduction.devices.replaces(&held),
        Err(DeviceListFault::OtherIdentity)
    );
}

#[test]
fn impossible_devices_are_refused() {
    let refused = |devices: Vec<DeviceKeys>| {
        assert_eq!(
            DeviceList::sign(&identity(), 1, devices),
            Err(DeviceListFault::Devices)
        );
    };
    refused(vec![]);
    refused((0..=MAX_DEVICES as u8).map(device).collect());
    refused(vec![device(1), device(1)]);
    refused(vec![
        device(1),
        DeviceKeys {
            key: device(1).key,
            ..device(2)
        },
    ]);
    refused(vec![DeviceKeys {
        key: PublicKey([0; 32]),
        ..device(1)
    }]);
    refused(vec![DeviceKeys {
        signing: [0; 32],
        ..device(1)
    }]);
}

proptest! {
    #[test]
    fn garbage_is_no_list(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(DeviceList::decode(&bytes).is_err());
    }
}
