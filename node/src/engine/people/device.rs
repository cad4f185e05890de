//! A contact's device: its keys, what it has told us and been told, and where it was found.

use std::collections::BTreeMap;

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{StorageError, Txn};
use hedgerow_transport::keys::{
    BeaconKey, BundlePsk, BundleTagKey, PairBeaconKey, PublicKey, RescueKey, TagKey,
};
use hedgerow_transport::relay::RelayName;
use minicbor::{Decode, Encode};

use super::contact::Contact;
use super::psk::PskChain;
use crate::engine::fact::Versions;
use crate::engine::invitation::InvitationKey;
use crate::engine::reach::endpoint::Endpoint;
use crate::engine::reach::relays::RelayNames;
use crate::tables::{self, Table};

/// The most addresses kept at which a session has come about.
const MAX_GOOD: usize = 8;

/// What is kept about a contact's device. Everything a pair of devices shares is here.
#[derive(Encode, Decode)]
pub(crate) struct Device {
    /// Whose it is.
    #[cbor(n(0), with = "crate::engine::codec::fixed")]
    pub identity: IdentityId,
    /// Its X25519 key.
    #[cbor(n(1), with = "crate::engine::codec::fixed")]
    pub device_key: PublicKey,
    #[cbor(n(2), with = "crate::engine::codec::fixed")]
    pub tag_key: TagKey,
    #[cbor(n(3), with = "crate::engine::codec::fixed")]
    pub bundle_tag_key: BundleTagKey,
    #[cbor(n(4), with = "crate::engine::codec::fixed")]
    pub rescue_key: RescueKey,
    #[cbor(n(5), with = "crate::engine::codec::fixed")]
    pub pair_beacon_key: PairBeaconKey,
    #[n(6)]
    pub psk: PskChain,
    /// Versions of its facts that we hold.
    #[n(7)]
    pub held: Versions,
    /// Versions of our facts that it has acknowledged.
    #[n(8)]
    pub given: Versions,
    #[cbor(n(9), with = "crate::engine::codec::fixed_option", has_nil)]
    pub beacon_key: Option<BeaconKey>,
    /// Where it says that it can be reached.
    #[n(10)]
    pub addresses: Vec<String>,
    /// Where sessions came about, the latest first.
    #[n(11)]
    pub good: Vec<String>,
    /// Its wall clock minus ours.
    #[n(12)]
    pub clock_offset_ms: i64,
    /// When a session was last up, by our clock.
    #[n(13)]
    pub last_seen_ms: Option<i64>,
    /// What bundles for it are sealed to.
    #[n(14)]
    pub prekey: Option<TheirPrekey>,
    /// The invitation it joined by, until it has taken in what we tell.
    #[n(15)]
    pub joined_by: Option<InvitationKey>,
    /// It has told us that we were removed there.
    #[n(16)]
    pub gone: bool,
    /// The names that it goes by at relays.
    #[n(17)]
    pub relay_names: Option<RelayNames>,
    /// The name under which it was called when we met, until it has told others.
    #[cbor(n(18), with = "crate::engine::codec::fixed_option", has_nil)]
    pub met_under: Option<RelayName>,
}

/// A prekey that a contact's device has told us.
#[derive(Clone, Encode, Decode)]
pub(crate) struct TheirPrekey {
    #[n(0)]
    pub number: u32,
    #[cbor(n(1), with = "crate::engine::codec::fixed")]
    pub public: PublicKey,
    /// From the psk of the time when it was told.
    #[cbor(n(2), with = "crate::engine::codec::fixed")]
    pub psk: BundlePsk,
}

impl Device {
    pub fn save(&self, txn: &mut dyn Txn, id: DeviceId) -> Result<(), StorageError> {
        tables::save(txn, &Table::Devices.key(&[&id.0]), self)
    }

    /// Whether sessions with it are wanted, by what is known of its owner.
    pub fn is_welcome(&self, contacts: &BTreeMap<IdentityId, Contact>) -> bool {
        let contact = contacts.get(&self.identity);
        !self.gone && contact.is_some_and(|contact| !contact.blocked)
    }

    /// The ways to it as they are told, the best first: where sessions came about, then what it says.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints = Endpoint::parse_all(&self.good);
        for endpoint in Endpoint::parse_all(&self.addresses) {
            if !endpoints.contains(&endpoint) {
                endpoints.push(endpoint);
            }
        }
        endpoints
    }

    /// Whether there are any.
    pub fn has_ways(&self) -> bool {
        !self.good.is_empty() || !self.addresses.is_empty()
    }

    /// A session came about here. True if that is news.
    pub fn found_at(&mut self, endpoint: &Endpoint) -> bool {
        let text = endpoint.told().text();
        if self.good.first() == Some(&text) {
            return false;
        }
        self.good.retain(|known| *known != text);
        self.good.insert(0, text);
        self.good.truncate(MAX_GOOD);
        true
    }

    /// Whether sessions came about at this way.
    pub fn is_good(&self, endpoint: &Endpoint) -> bool {
        self.good.contains(&endpoint.told().text())
    }
}
