//! What a device tells its contacts about itself (`docs/PROTOCOL.md` section 8): kinds, versions, bytes.
//! Versions never go down.

use minicbor::bytes::ByteVec;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum FactKind {
    /// The signed list of the identity's devices.
    DeviceList = 1,
    /// The name.
    Profile = 2,
    /// Where the device can be reached.
    Addresses = 3,
    /// The key to which contacts seal bundles.
    Prekey = 4,
    /// The key from which beacons derive.
    BeaconKey = 5,
    /// The names that the device uses at relays.
    RelayNames = 6,
}

impl FactKind {
    /// All kinds, in the order in which we tell them.
    pub const ALL: [FactKind; 6] = [
        FactKind::DeviceList,
        FactKind::Profile,
        FactKind::Addresses,
        FactKind::Prekey,
        FactKind::BeaconKey,
        FactKind::RelayNames,
    ];

    pub fn from_number(number: u8) -> Option<FactKind> {
        FactKind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    fn place(self) -> usize {
        self as usize - 1
    }
}

/// A version for each kind of fact; 0 where there is none. The encoding is a map of those that are not 0, by kind;
/// the decoder skips unknown kinds. Each contact's device has two of these in memory, so it is a flat array.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Versions([u32; FactKind::ALL.len()]);

impl Versions {
    pub fn of(&self, kind: FactKind) -> u32 {
        self.0[kind.place()]
    }

    /// Raises a version. True if it was lower before.
    pub fn raise(&mut self, kind: FactKind, version: u32) -> bool {
        let held = &mut self.0[kind.place()];
        let raised = *held < version;
        *held = (*held).max(version);
        raised
    }

    /// The versions that are not 0.
    pub fn iter(&self) -> impl Iterator<Item = (FactKind, u32)> + '_ {
        let all = FactKind::ALL.into_iter().zip(self.0);
        all.filter(|(_, version)| *version > 0)
    }
}

impl<C> Encode<C> for Versions {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.map(self.iter().count() as u64)?;
        for (kind, version) in self.iter() {
            encoder.u8(kind as u8)?.u32(version)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Versions {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Versions, decode::Error> {
        let mut versions = Versions::default();
        for entry in decoder.map_iter::<u8, u32>()? {
            let (kind, version) = entry?;
            if let Some(kind) = FactKind::from_number(kind) {
                versions.raise(kind, version);
            }
        }
        Ok(versions)
    }
}

/// Item 2.
#[derive(Encode, Decode)]
pub(crate) struct Fact {
    #[n(0)]
    pub kind: u8,
    #[n(1)]
    pub version: u32,
    #[n(2)]
    pub bytes: ByteVec,
}

/// Item 3.
#[derive(Encode, Decode)]
pub(crate) struct FactHeld {
    #[n(0)]
    pub kind: u8,
    #[n(1)]
    pub version: u32,
}

/// The content of the fact about the prekey.
#[derive(Encode, Decode)]
pub(crate) struct PrekeyFact {
    #[n(0)]
    pub number: u32,
    #[cbor(n(1), with = "super::codec::fixed")]
    pub public: hedgerow_transport::keys::PublicKey,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn versions_are_written_as_a_map_and_unknown_kinds_are_passed_over() {
        let mut versions = Versions::default();
        assert!(versions.raise(FactKind::Prekey, 7));
        assert!(versions.raise(FactKind::DeviceList, 1));
        assert!(!versions.raise(FactKind::Prekey, 6));
        let mut map = BTreeMap::from([(1_u8, 1_u32), (4, 7)]);
        let bytes = minicbor::to_vec(&versions).unwrap();
        assert_eq!(bytes, minicbor::to_vec(&map).unwrap());
        map.insert(9, 3);
        map.insert(0, 5);
        let bytes = minicbor::to_vec(&map).unwrap();
        let read: Versions = decode(&bytes).unwrap();
        assert_eq!(read, versions);
    }
}
