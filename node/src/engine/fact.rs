//! What a device tells its contacts about itself (`docs/PROTOCOL.md` section 8): kinds, versions, bytes.
//! Versions never go down.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

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
    /// What bundles are sealed to.
    Prekey = 4,
    /// What beacons are made with.
    BeaconKey = 5,
}

impl FactKind {
    /// All, in the order in which they are told.
    pub const ALL: [FactKind; 5] = [
        FactKind::DeviceList,
        FactKind::Profile,
        FactKind::Addresses,
        FactKind::Prekey,
        FactKind::BeaconKey,
    ];

    pub fn from_number(number: u8) -> Option<FactKind> {
        FactKind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// A version for each kind of fact; 0 where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub(crate) struct Versions(#[n(0)] BTreeMap<u8, u32>);

impl Versions {
    pub fn of(&self, kind: FactKind) -> u32 {
        self.0.get(&(kind as u8)).copied().unwrap_or_default()
    }

    /// All of them, by the number of their kind.
    pub fn by_number(&self) -> &BTreeMap<u8, u32> {
        &self.0
    }

    /// Raises one; true if it was lower.
    pub fn raise(&mut self, kind: FactKind, version: u32) -> bool {
        let held = self.0.entry(kind as u8).or_default();
        let raised = *held < version;
        *held = (*held).max(version);
        raised
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
