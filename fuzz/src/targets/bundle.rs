//! Bundles as bytes, bundles that a contact sealed over anything, and parcels.

use crate::devices::{device, pair_keys};
use crate::{forger, split_choice};
use hedgerow_node::files::work::FileKey;
use hedgerow_node::parcel::{Reading, Writing};
use hedgerow_transport::bundle::{HEADER_LEN, Header, MAX_BUNDLE, add_age, open};
use hedgerow_transport::handshake::Direction;

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 4) else {
        return;
    };
    match how {
        0 => look(input.to_vec()),
        // A payload of a contact's making; its length is one that padding gives.
        1 => {
            let mut payload = input.to_vec();
            payload.resize(input.len().max(1_024), 0);
            let bundle = forger::bundle(&payload);
            let (sender, receiver) = (device(1), device(2));
            let prekeys = [(&receiver.key, &forger::bundle_psk())];
            if let Ok(contents) = open(&bundle, &sender.party.key, prekeys) {
                assert!(contents.items.iter().all(|item| item.kind != 0));
            }
            look(bundle);
        }
        // A true bundle with a part replaced.
        2 => {
            let mut bundle = forger::bundle(&[0; 1_024]);
            if let Some((at, rest)) = input.split_first_chunk::<2>() {
                let at = usize::from(u16::from_be_bytes(*at)) % bundle.len();
                let end = (at + rest.len()).min(bundle.len());
                bundle.splice(at..end, rest.iter().copied());
            }
            look(bundle);
        }
        // A true parcel with a part replaced.
        _ => {
            const KEY: FileKey = FileKey([7; 32]);
            let mut writing = Writing::begin();
            writing.bundle(&forger::bundle(&[0; 1_024]));
            let mut parcel = writing.take();
            let mut files = writing.files(&KEY);
            files.write(&[1; 300]);
            parcel.extend(files.finish());
            if let Some((at, rest)) = input.split_first_chunk::<2>() {
                let at = usize::from(u16::from_be_bytes(*at)) % parcel.len();
                let end = (at + rest.len()).min(parcel.len());
                parcel.splice(at..end, rest.iter().copied());
            }
            let Ok(mut reading) = Reading::begin(&parcel[..]) else {
                return;
            };
            while let Ok(Some(bundle)) = reading.bundle() {
                assert!(bundle.len() < parcel.len());
                look(bundle);
            }
            let mut file = [0; 300];
            if let Ok(mut files) = reading.files(&KEY)
                && files.read(&mut file).is_ok()
            {
                assert_eq!(file, [1; 300], "no other bytes open");
            }
        }
    }
}

/// All that is done with a bundle from a file.
fn look(mut bundle: Vec<u8>) {
    let _ = add_age(&mut bundle, 3_600);
    let Ok(header) = Header::parse(&bundle) else {
        return;
    };
    assert!((HEADER_LEN..=MAX_BUNDLE).contains(&header.length()));
    let keys = pair_keys();
    let candidates = [((), &keys.bundle_tag, Direction::Up)];
    let (sender, receiver) = (device(1), device(2));
    let _ = (
        header.recognise(candidates),
        header.is_expired(),
        header.lifetime_s(),
    );
    let prekeys = [(&receiver.key, &forger::bundle_psk())];
    let _ = open(&bundle, &sender.party.key, prekeys);
}
