//! A contact's device: its keys, the facts told both ways, and where we found it.

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
use crate::api::Feature;
use crate::engine::fact::Versions;
use crate::engine::invitation::InvitationKey;
use crate::engine::items;
use crate::engine::reach::endpoint::Endpoint;
use crate::engine::reach::relays::RelayNames;
use crate::tables::{self, Table};

/// The most addresses kept that have led to a session.
const MAX_GOOD: usize = 8;

/// The stored record of a contact's device. It holds everything that a pair of devices shares.
#[derive(Encode, Decode)]
pub(crate) struct Device {
    /// The identity that owns it.
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
    /// The versions of its facts that we hold.
    #[n(7)]
    pub held: Versions,
    /// The versions of our facts that it has acknowledged.
    #[n(8)]
    pub given: Versions,
    #[cbor(n(9), with = "crate::engine::codec::fixed_option", has_nil)]
    pub beacon_key: Option<BeaconKey>,
    /// The addresses that it has told.
    #[n(10)]
    pub addresses: Vec<String>,
    /// The addresses that have led to sessions, the latest first.
    #[n(11)]
    pub good: Vec<String>,
    /// Its wall clock minus ours, in milliseconds.
    #[n(12)]
    pub clock_offset_ms: i64,
    /// When a session was last up, by our clock.
    #[n(13)]
    pub last_seen_ms: Option<i64>,
    /// The prekey to which we seal bundles for it.
    #[n(14)]
    pub prekey: Option<TheirPrekey>,
    /// The invitation by which it joined, until it has acknowledged a fact of ours.
    #[n(15)]
    pub joined_by: Option<InvitationKey>,
    /// It has told us that its user removed us.
    #[n(16)]
    pub gone: bool,
    /// The names that it uses at relays.
    #[n(17)]
    pub relay_names: Option<RelayNames>,
    /// The relay name under which we called it to meet, used until it has told others.
    #[cbor(n(18), with = "crate::engine::codec::fixed_option", has_nil)]
    pub met_under: Option<RelayName>,
    /// The feature bits of its last hello, those included that this version does not know (`docs/PROTOCOL.md`
    /// section 8).
    #[n(19)]
    pub features: Option<u64>,
}

/// A prekey that a contact's device has told us.
#[derive(Clone, Encode, Decode)]
pub(crate) struct TheirPrekey {
    #[n(0)]
    pub number: u32,
    #[cbor(n(1), with = "crate::engine::codec::fixed")]
    pub public: PublicKey,
    /// Derived from the psk at the time when the device told it.
    #[cbor(n(2), with = "crate::engine::codec::fixed")]
    pub psk: BundlePsk,
}

impl Device {
    pub fn save(&self, txn: &mut dyn Txn, id: DeviceId) -> Result<(), StorageError> {
        tables::save(txn, &Table::Devices.key(&[&id.0]), self)
    }

    /// Whether we want sessions with it: its owner is a contact, is not blocked, and has not removed us.
    pub fn is_welcome(&self, contacts: &BTreeMap<IdentityId, Contact>) -> bool {
        let contact = contacts.get(&self.identity);
        !self.gone && contact.is_some_and(|contact| !contact.blocked)
    }

    /// Whether it may show this: it has said that it does, or has said nothing yet.
    pub fn may_show(&self, feature: Feature) -> bool {
        let bit = match feature {
            Feature::Reactions => items::SHOWS_REACTIONS,
            Feature::Pins => items::SHOWS_PINS,
            Feature::Replies => items::SHOWS_REPLIES,
            Feature::Edits => items::SHOWS_EDITS,
            Feature::Deletions => items::REMOVES_DELETED,
            Feature::Timers => items::KEEPS_TIMERS,
            Feature::Files => items::TAKES_FILES,
        };
        self.features.is_none_or(|features| features & bit != 0)
    }

    /// The known endpoints of it, the best first: those that have led to sessions, then those that it has told.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints = Endpoint::parse_all(&self.good);
        for endpoint in Endpoint::parse_all(&self.addresses) {
            if !endpoints.contains(&endpoint) {
                endpoints.push(endpoint);
            }
        }
        endpoints
    }

    /// Whether it has any known endpoints.
    pub fn has_ways(&self) -> bool {
        !self.good.is_empty() || !self.addresses.is_empty()
    }

    /// Notes that an endpoint led to a session. True if this changes the record.
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

    /// Whether this endpoint has led to a session.
    pub fn is_good(&self, endpoint: &Endpoint) -> bool {
        self.good.contains(&endpoint.told().text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::World;

    /// A feature bit of a later version.
    const LATER: u64 = 1 << 40;

    fn features(world: &World, of: usize, by: usize) -> Option<u64> {
        let id = world.nodes[of].engine().owners.account.device_id;
        world.nodes[by].engine().owners.people.devices[&id].features
    }

    #[test]
    fn what_an_older_version_cannot_show_is_told_to_the_sender_until_it_is_a_newer_one() {
        let mut world = World::with(1, &["Ada", "Grace", "Ben"]);
        world.nodes[1].engine_mut().owners.account.features =
            items::FEATURES & !items::SHOWS_REACTIONS;
        world.meet(0, 1);
        world.meet(0, 2);
        assert_eq!(world.contact(0, 1).cannot_show, [Feature::Reactions]);
        // What one device says holds for no other.
        assert!(world.contact(0, 2).cannot_show.is_empty());
        assert!(world.contact(1, 0).cannot_show.is_empty());
        world.run(60_000);
        world.network.part(0, 1, true);
        world.restart(0);
        assert_eq!(world.contact(0, 1).cannot_show, [Feature::Reactions]);
        world.restart(1);
        world.network.part(0, 1, false);
        world.connected(0, 1);
        assert!(world.contact(0, 1).cannot_show.is_empty());
    }

    #[test]
    fn features_of_a_later_version_are_kept_and_change_nothing() {
        let mut world = World::with(2, &["Ada", "Grace"]);
        world.nodes[1].engine_mut().owners.account.features |= LATER;
        world.meet(0, 1);
        assert_eq!(features(&world, 1, 0), Some(items::FEATURES | LATER));
        assert!(world.contact(0, 1).cannot_show.is_empty());
        world.run(60_000);
        world.restart(0);
        assert_eq!(features(&world, 1, 0), Some(items::FEATURES | LATER));
    }

    #[test]
    fn a_device_that_has_said_nothing_yet_may_show_everything() {
        let mut world = World::with(3, &["Ada", "Grace"]);
        world.nodes[1].engine_mut().owners.account.features = 0;
        world.meet_and_part(0, 1);
        assert!(world.contact(0, 1).cannot_show.is_empty());
    }
}
