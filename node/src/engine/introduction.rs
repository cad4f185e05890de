//! Contacts without a meeting, for measurements and simulations of many nodes: stores that no engine has
//! open come to hold what a meeting and a first session would have left in them.
//!
//! Each store gives its [`card`] first; then each is told once of all its contacts with [`introduce`].

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::space::{self, SpaceKind};
use hedgerow_sync::store::{Reader, StorageError, Store, Txn};
use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::device::DeviceKeys;
use hedgerow_transport::keys::{BeaconKey, PairKeys, StaticKey};
use minicbor::bytes::{ByteArray, ByteVec};
use rand_core::CryptoRng;

use super::account::Account;
use super::contact::{self, Contact};
use super::device::{Device, TheirPrekey};
use super::fact::{FactKind, PrekeyFact, Versions};
use super::prekey::Prekey;
use super::psk::PskChain;
use super::reconciling;
use super::way::Way;
use crate::api::ContactId;
use crate::tables::{self, Table, damaged};

/// What a node tells its contacts of itself.
pub struct Card {
    identity: IdentityId,
    device: DeviceKeys,
    device_id: DeviceId,
    device_list: ByteVec,
    name: String,
    addresses: Vec<String>,
    versions: Versions,
    beacon_key: BeaconKey,
    prekey: PrekeyFact,
}

impl Card {
    /// What its contacts call it in the API.
    #[must_use]
    pub fn contact_id(&self) -> ContactId {
        contact::api_id(self.identity)
    }

    /// What its contacts' engines call its device.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        self.device_id
    }
}

/// A contact to be: who it is, and what only the two share.
pub struct Friend<'a> {
    /// Its card.
    pub card: &'a Card,
    /// The root of the pair (`docs/PROTOCOL.md` section 2): the same on both sides, and no other pair's.
    pub keys: PairKeys,
}

/// The card of the identity in a store, which is to be reached at these addresses of any carrier. Its first prekey
/// is made if it has none.
///
/// # Errors
/// The store failed, or holds no identity.
pub fn card(
    store: &mut impl Store,
    ways: &[(CarrierKind, Address)],
    wall_ms: i64,
    rng: &mut impl CryptoRng,
) -> Result<Card, StorageError> {
    store.write(|txn| {
        let mut account: Account =
            tables::load(txn, &Table::Account.key(&[]))?.ok_or_else(damaged)?;
        let addresses: Vec<String> = ways
            .iter()
            .map(|(carrier, address)| {
                let (carrier, address) = (*carrier, address.clone());
                Way { carrier, address }.text()
            })
            .collect();
        if account.addresses != addresses {
            account.addresses = addresses;
            raise(&mut account, FactKind::Addresses);
        }
        let prekey = match newest_prekey(txn)? {
            Some(prekey) => prekey,
            None => {
                raise(&mut account, FactKind::Prekey);
                let number = account.versions.of(FactKind::Prekey);
                let prekey = Prekey::new(StaticKey::random(rng), wall_ms);
                prekey.save(txn, number)?;
                prekey.fact(number)
            }
        };
        account.save(txn)?;
        let device = DeviceKeys {
            signing: account.signing_key.verifying_key().to_bytes(),
            key: account.device_key.public(),
        };
        Ok(Card {
            identity: account.identity(),
            device_id: DeviceId(device.device_id()),
            device,
            device_list: account.device_list.clone(),
            name: account.name.clone(),
            addresses: account.addresses.clone(),
            versions: account.versions.clone(),
            beacon_key: account.beacon_key.clone(),
            prekey,
        })
    })
}

/// Makes contacts of all these in the store that gave `me`: who they are is believed. Each of them must
/// be told of this one too, with the same keys.
///
/// # Errors
/// The store failed.
pub fn introduce<'a>(
    store: &mut impl Store,
    me: &Card,
    friends: impl IntoIterator<Item = Friend<'a>>,
    wall_ms: i64,
) -> Result<(), StorageError> {
    store.write(|txn| {
        for friend in friends {
            befriend(txn, me, friend, wall_ms)?;
        }
        Ok(())
    })
}

fn befriend(
    txn: &mut dyn Txn,
    me: &Card,
    friend: Friend<'_>,
    wall_ms: i64,
) -> Result<(), StorageError> {
    let Friend { card, keys } = friend;
    let id = card.device_id;
    space::create(
        txn,
        reconciling::space_id(&keys.direct_space),
        SpaceKind::Direct,
    )?;
    let contact = Contact {
        own_name: card.name.clone(),
        alias: String::new(),
        verified: false,
        blocked: false,
        older_state: false,
        space: keys.direct_space,
        device_list: card.device_list.clone(),
        devices: vec![card.device],
        synthetic_spaces: 0,
    };
    contact.save(txn, card.identity)?;
    // What this contact may seal bundles to us with.
    let secret = keys.psk.for_prekey(&me.prekey.public);
    tables::save(
        txn,
        &Table::PrekeySecrets.key(&[&id.0, &me.prekey.number.to_be_bytes()]),
        &vec![ByteArray::from(*secret.as_bytes())],
    )?;
    let device = Device {
        identity: card.identity,
        device_key: card.device.key,
        tag_key: keys.tag,
        bundle_tag_key: keys.bundle_tag,
        rescue_key: keys.rescue,
        pair_beacon_key: keys.pair_beacon,
        prekey: Some(TheirPrekey {
            number: card.prekey.number,
            public: card.prekey.public,
            psk: keys.psk.for_prekey(&card.prekey.public),
        }),
        psk: PskChain::new(keys.psk, wall_ms),
        held: card.versions.clone(),
        given: me.versions.clone(),
        beacon_key: Some(card.beacon_key.clone()),
        addresses: card.addresses.clone(),
        good: Vec::new(),
        clock_offset_ms: 0,
        last_seen_ms: Some(wall_ms),
        joined_by: None,
        gone: false,
        relay_names: None,
        met_under: None,
    };
    device.save(txn, id)
}

fn newest_prekey(txn: &mut dyn Txn) -> Result<Option<PrekeyFact>, StorageError> {
    let reader: &dyn Reader = txn;
    let prekeys: Vec<(Vec<u8>, Prekey)> = tables::load_all(reader, Table::Prekeys)?;
    let newest = prekeys.last().map(|(number, prekey)| {
        let number = number.as_slice().try_into().map_err(|_| damaged())?;
        Ok(prekey.fact(u32::from_be_bytes(number)))
    });
    newest.transpose()
}

fn raise(account: &mut Account, kind: FactKind) {
    let version = account.versions.of(kind).saturating_add(1);
    account.versions.raise(kind, version);
}
