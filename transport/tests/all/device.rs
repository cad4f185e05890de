//! Device lists (`docs/PROTOCOL.md` section 3).

use ed25519_dalek::{Signer, SigningKey};
use hedgerow_transport::device::{
    DeviceKeys, DeviceList, DeviceListFault, ListedDevice, MAX_DEVICES,
};
use hedgerow_transport::keys::{PublicKey, StaticKey};
use minicbor::Encoder;
use proptest::prelude::*;

use crate::support::devices::{person, rng};

fn signing(name: u8) -> SigningKey {
    SigningKey::from_bytes(&[name + 50; 32])
}

fn key(name: u8) -> PublicKey {
    StaticKey::random(&mut rng(u64::from(name))).public()
}

fn device(name: u8) -> DeviceKeys {
    *listed(name).keys()
}

fn listed(name: u8) -> ListedDevice {
    ListedDevice::sign(&signing(name), &id(), key(name))
}

fn identity() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn id() -> [u8; 32] {
    identity().verifying_key().to_bytes()
}

fn list(version: u32, devices: &[ListedDevice]) -> DeviceList {
    DeviceList::sign(&identity(), version, devices.to_vec()).unwrap()
}

/// A list with any content under a valid signature of the identity.
fn forged(devices: &[(DeviceKeys, [u8; 64])]) -> Vec<u8> {
    let mut signed = Encoder::new(Vec::new());
    let fields = signed
        .array(3)
        .unwrap()
        .u32(1)
        .unwrap()
        .bytes(&id())
        .unwrap();
    fields.array(devices.len() as u64).unwrap();
    for (keys, proof) in devices {
        let device = fields.array(3).unwrap().bytes(&keys.signing).unwrap();
        device.bytes(&keys.key.0).unwrap().bytes(proof).unwrap();
    }
    let signed = signed.into_writer();
    let message = [b"hedgerow 1 device list", &signed[..]].concat();
    let signature = identity().sign(&message).to_bytes();
    [&[0x84], &signed[1..], &[0x58, 64], &signature].concat()
}

/// The proof with which a device agrees to be listed.
fn proof(by: &SigningKey, identity: &[u8; 32], key: &PublicKey) -> [u8; 64] {
    let message = [b"hedgerow 1 listed device", &identity[..], &key.0].concat();
    by.sign(&message).to_bytes()
}

#[test]
fn a_list_comes_back_as_it_was_signed() {
    let list = list(3, &[listed(1), listed(2)]);
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
    let list = list(3, &[listed(1)]);
    let encoded = list.encode();
    // Four fields: drop the last, with a header for three and the signing context before it.
    let (signature, fields) = (
        &encoded[encoded.len() - 64..],
        &encoded[1..encoded.len() - 66],
    );
    assert_eq!(encoded[0], 0x84);
    let message = [b"hedgerow 1 device list\x83", fields].concat();
    assert_eq!(identity().sign(&message).to_bytes(), signature);
}

#[test]
fn a_device_is_listed_only_where_it_has_signed_that_it_belongs() {
    let (one, other) = (device(1), device(2));
    let sound = proof(&signing(1), &id(), &one.key);
    let read = DeviceList::decode(&forged(&[(one, sound)])).unwrap();
    assert_eq!(read, list(1, &[listed(1)]));
    let another_identity = person(9).identity.verifying_key().to_bytes();
    for false_proof in [
        [0; 64],
        proof(&signing(1), &another_identity, &one.key),
        proof(&signing(1), &id(), &other.key),
        proof(&signing(2), &id(), &one.key),
        proof(&identity(), &id(), &one.key),
    ] {
        assert_eq!(
            DeviceList::decode(&forged(&[(one, false_proof)])),
            Err(DeviceListFault::Proof)
        );
        let beside = forged(&[
            (other, proof(&signing(2), &id(), &other.key)),
            (one, false_proof),
        ]);
        assert_eq!(DeviceList::decode(&beside), Err(DeviceListFault::Proof));
    }
    // The proof of a device whose key another signing key claims.
    let taken = DeviceKeys {
        key: other.key,
        ..one
    };
    assert_eq!(
        DeviceList::decode(&forged(&[(taken, sound)])),
        Err(DeviceListFault::Proof)
    );
    let elsewhere = ListedDevice::sign(&signing(1), &another_identity, one.key);
    assert_eq!(
        DeviceList::sign(&identity(), 1, vec![elsewhere]),
        Err(DeviceListFault::Proof)
    );
}

#[test]
fn one_flipped_bit_anywhere_makes_a_list_invalid() {
    let encoded = list(1, &[listed(1), listed(2)]).encode();
    for bit in (0..encoded.len() * 8).step_by(7) {
        let mut altered = encoded.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(DeviceList::decode(&altered).is_err(), "bit {bit}");
    }
}

#[test]
fn versions_never_go_down() {
    let held = list(5, &[listed(1)]);
    assert_eq!(list(6, &[listed(1), listed(2)]).replaces(&held), Ok(true));
    assert_eq!(held.replaces(&held), Ok(false));
    assert_eq!(
        list(4, &[listed(1)]).replaces(&held),
        Err(DeviceListFault::Stale)
    );
    assert_eq!(
        list(5, &[listed(2)]).replaces(&held),
        Err(DeviceListFault::Forked),
        "the same version, another list"
    );
    assert_eq!(
        person(9).introduction.devices.replaces(&held),
        Err(DeviceListFault::OtherIdentity)
    );
}

#[test]
fn impossible_devices_are_refused() {
    let refused = |devices: Vec<ListedDevice>| {
        assert_eq!(
            DeviceList::sign(&identity(), 1, devices),
            Err(DeviceListFault::Devices)
        );
    };
    refused(vec![]);
    refused((0..=MAX_DEVICES as u8).map(listed).collect());
    refused(vec![listed(1), listed(1)]);
    refused(vec![
        listed(1),
        ListedDevice::sign(&signing(2), &id(), key(1)),
    ]);
    refused(vec![ListedDevice::sign(
        &signing(1),
        &id(),
        PublicKey([0; 32]),
    )]);
    let weak = DeviceKeys {
        signing: [0; 32],
        ..device(1)
    };
    assert_eq!(
        DeviceList::decode(&forged(&[(weak, [0; 64])])),
        Err(DeviceListFault::Devices)
    );
}

proptest! {
    #[test]
    fn garbage_is_no_list(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(DeviceList::decode(&bytes).is_err());
    }
}
