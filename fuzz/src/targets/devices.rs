//! Device lists: as bytes, and signed by an identity that puts anything into its list.

use crate::split_choice;
use ed25519_dalek::{Signer, SigningKey};
use hedgerow_transport::device::DeviceList;
use minicbor::Encoder;

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 2) else {
        return;
    };
    let encoded = match how {
        0 => input.to_vec(),
        _ => signed(input),
    };
    let Ok(list) = DeviceList::decode(&encoded) else {
        return;
    };
    assert!((1..=16).contains(&list.devices().count()));
    assert!(list.devices().all(|device| device.key.is_usable()));
    let again = DeviceList::decode(&list.encode()).expect("what holds is encoded as it holds");
    assert_eq!(again.hash(), list.hash());
    assert_eq!(list.replaces(&again), Ok(false));
}

/// A list whose signatures hold over whatever the input says: `version u32 ‖ devices × (secret signing key 32 ‖ device
/// key 32)`.
fn signed(input: &[u8]) -> Vec<u8> {
    let identity = SigningKey::from_bytes(&[3; 32]);
    let (version, keys) = input.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
    let (devices, _) = keys.as_chunks::<64>();
    let fields = |fields: u64| {
        let mut list = Encoder::new(Vec::new());
        let write = |list: &mut Encoder<Vec<u8>>| {
            list.array(fields)?
                .u32(u32::from_be_bytes(*version))?
                .bytes(identity.verifying_key().as_bytes())?
                .array(devices.len() as u64)?;
            for device in devices {
                let signing = SigningKey::from_bytes(device.first_chunk().expect("32 of 64"));
                let (public, key) = (signing.verifying_key(), &device[32..]);
                let belongs = b"hedgerow 1 listed device";
                let proof = [&belongs[..], identity.verifying_key().as_bytes(), key].concat();
                let proof = signing.sign(&proof).to_bytes();
                let device = list.array(3)?.bytes(public.as_bytes())?;
                device.bytes(key)?.bytes(&proof)?;
            }
            Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
        };
        write(&mut list).expect("a vector takes all bytes");
        list
    };
    let mut signed = b"hedgerow 1 device list".to_vec();
    signed.extend(fields(3).into_writer());
    let mut list = fields(4);
    list.bytes(&identity.sign(&signed).to_bytes())
        .expect("a vector takes all bytes");
    list.into_writer()
}
