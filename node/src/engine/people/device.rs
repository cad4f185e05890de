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
use crate::api::Feature;
use crate::engine::fact::Versions;
use crate::engine::invitation::InvitationKey;
use crate::engine::items;
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
    /// What it said in its last hello that it can do, with what this version does not know (`docs/PROTOCOL.md`
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

    /// Whether it may show this: it has said so, or nothing yet.
    pub fn may_show(&self, feature: Feature) -> bool {
        let bit = match feature {
            Feature::Reactions => items::SHOWS_REACTIONS,
            Feature::Pins => items::SHOWS_PINS,
        };
        self.features.is_none_or(|features| features & bit != 0)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::World;

    /// Something that only a later version can do.
    const LATER: u64 = 1 << 40;

    fn features(world: &World, of: usize, by: usize) -> Option<u64> {
        let id = world.nodes[of].engine().owners.account.device_id;
        world.nodes[by].engine().owners.people.devices[&id].features
    }

    #[test]
    fn what_an_older_version_cannot_show_is_told_to_the_sender_until_it_is_a_newer_one() {
        let mut world = World::with(1, &["Ada", "Grace", "Ben"]);
        world.nodes[1].engine_mut().owners.account.features = items::SHOWS_PINS;
        world.meet(0, 1);
        world.meet(0, 2);
        assert_eq!(world.contact(0, 1).cannot_show, [Feature::Reactions]);
        // Nobody says it of others.
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
