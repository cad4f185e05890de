//! Contacts without a meeting, for measurements and simulations of many nodes. Writes into stores that no engine has
//! open what a meeting and a first session would have left in them.
//!
//! Take the [`card`] of each store first, and put it into its groups, if it is in any, with [`Assembled::join`]. Then write
//! its contacts into each store with [`introduce`], or open it among them with [`open`].

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::space;
use hedgerow_sync::store::{Reader, StorageError, Store, Txn};
use hedgerow_transport::carrier::{Address, CarrierKind};
use hedgerow_transport::device::{DeviceKeys, DeviceList};
use hedgerow_transport::keys::{BeaconKey, BundlePsk, PairKeys, StaticKey};
use minicbor::bytes::ByteArray;
use rand_core::CryptoRng;

use super::account::{Account, Told};
use super::conversations::{self, Conversation, Kind};
use super::fact::{FactKind, PrekeyFact, Versions};
pub use super::groups::Assembled;
use super::people::contact::{self, Contact};
use super::people::device::{Device, TheirPrekey};
use super::people::psk::PskChain;
use super::prekey::Prekey;
use super::reach::endpoint::Endpoint;
use super::{Engine, Now, OpenError, items};
use crate::api::{ContactId, ConversationId};
use crate::tables::{self, Table, damaged};

/// What a node tells its contacts about itself.
pub struct Card {
    identity: IdentityId,
    device: DeviceKeys,
    device_id: DeviceId,
    device_list: Bytes,
    name: String,
    addresses: Vec<String>,
    versions: Versions,
    beacon_key: BeaconKey,
    prekey: PrekeyFact,
}

impl Card {
    /// Whose it is.
    pub(super) fn identity(&self) -> IdentityId {
        self.identity
    }

    /// Its id in the API of its contacts.
    #[must_use]
    pub fn contact_id(&self) -> ContactId {
        contact::api_id(self.identity)
    }

    /// The id of its device.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        self.device_id
    }
}

/// A future contact: who it is, and the keys that only the two share.
pub struct Friend<'a> {
    /// Its card.
    pub card: &'a Card,
    /// The keys of the pair (`docs/PROTOCOL.md` section 2): the same on both sides, and different for each pair.
    pub keys: PairKeys,
}

/// The card of the identity in a store, whose device will be reachable at these addresses. Makes the first prekey if
/// there is none.
///
/// # Errors
/// The store failed, or holds no identity.
pub fn card(
    store: &mut impl Store,
    endpoints: &[(CarrierKind, Address)],
    wall_ms: i64,
    rng: &mut impl CryptoRng,
) -> Result<Card, StorageError> {
    store.write(|txn| {
        let mut told = Told::load(txn)?.ok_or_else(damaged)?;
        let addresses: Vec<String> = endpoints
            .iter()
            .map(|(carrier, address)| {
                let (carrier, address) = (*carrier, address.clone());
                Endpoint { carrier, address }.text()
            })
            .collect();
        if told.addresses != addresses {
            told.addresses = addresses;
            told.raise(FactKind::Addresses);
        }
        let prekey = match newest_prekey(txn)? {
            Some(prekey) => prekey,
            None => {
                let number = told.raise(FactKind::Prekey);
                let prekey = Prekey::new(StaticKey::random(rng), wall_ms);
                prekey.save(txn, number)?;
                prekey.fact(number)
            }
        };
        told.save(txn)?;
        let device_list = DeviceList::decode_kept(&told.device_list).map_err(|_| damaged())?;
        let device_id = Account::device_id(txn)?;
        Ok(Card {
            identity: IdentityId(*device_list.identity()),
            device_id,
            device: *device_list.device(&device_id.0).ok_or_else(damaged)?,
            device_list: told.device_list.to_vec().into(),
            name: told.name.clone(),
            addresses: told.addresses.clone(),
            versions: told.versions.clone(),
            beacon_key: told.beacon_key.clone(),
            prekey,
        })
    })
}

/// Makes contacts of all these in the store that gave `me`, without any proof of who they are. Introduce this one to
/// each of them too, with the same keys. What the store already holds about one of them stays as it is.
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
            let introduced = Introduced::new(me, friend, wall_ms);
            introduced.share(txn, me)?;
            introduced.save(txn)?;
        }
        Ok(())
    })
}

/// Opens the store that gave `me` and holds no contacts yet, as if all these had been [introduced](introduce) in it
/// at that wall time. It writes only the rows that an open engine reads again, which takes far less time and room
/// where most never meet. Call [`introduce`] with all of them before you open the store the next time.
///
/// # Errors
/// As [`Engine::open`].
pub fn open<'a>(
    store: &mut impl Store,
    me: &Card,
    friends: impl IntoIterator<Item = Friend<'a>>,
    wall_ms: i64,
    now: Now,
    rng: &mut impl CryptoRng,
) -> Result<Engine, OpenError> {
    let mut friends: Vec<Friend<'a>> = friends.into_iter().collect();
    // In the order of the engine's maps, so that each map is built at once.
    friends.sort_unstable_by_key(|friend| friend.card.device_id);
    let introduced = friends
        .into_iter()
        .map(|friend| Introduced::new(me, friend, wall_ms));
    let introduced: Vec<Introduced> = introduced.collect();
    store.write(|txn| {
        let mut introduced = introduced.iter();
        introduced.try_for_each(|introduced| introduced.share(txn, me))
    })?;
    Engine::open_with(&*store, now, rng, |engine| {
        let parts = introduced.into_iter().map(|introduced| {
            let Introduced {
                identity,
                contact,
                chat,
                id,
                device,
                ..
            } = introduced;
            ((identity, contact), ((chat.space(), chat), (id, device)))
        });
        // Maps that are built at once have full nodes.
        let (contacts, others): (Vec<_>, Vec<_>) = parts.unzip();
        let (chats, devices): (Vec<_>, Vec<_>) = others.into_iter().unzip();
        engine.owners.people.contacts = contacts.into_iter().collect();
        engine
            .owners
            .conversations
            .append(chats.into_iter().collect());
        engine.owners.people.devices = devices.into_iter().collect();
    })
}

impl Engine {
    /// The direct chat with a contact, for callers that write without asking for the contact first.
    pub fn direct_chat(&self, contact: &ContactId) -> Option<ConversationId> {
        let identity = self.owners.people.contact_named(contact).ok()?;
        let chat = self.owners.conversations.direct(identity);
        chat.map(conversations::api_id)
    }

    /// Who takes part in a conversation beside us.
    pub fn members_of(&self, conversation: &ConversationId) -> Vec<ContactId> {
        let space = conversations::parse_id(conversation);
        let members = space.map(|space| self.owners.conversations.members_of(space));
        let members = members.into_iter().flatten();
        members.map(|member| contact::api_id(*member)).collect()
    }
}

/// What an introduction leaves behind.
struct Introduced {
    identity: IdentityId,
    contact: Contact,
    chat: Conversation,
    id: DeviceId,
    device: Device,
    /// The secret with which this contact may seal bundles to us.
    secret: BundlePsk,
}

impl Introduced {
    fn new(me: &Card, friend: Friend<'_>, wall_ms: i64) -> Introduced {
        let Friend { card, keys } = friend;
        let contact = Contact {
            own_name: card.name.clone(),
            alias: String::new(),
            verified: false,
            blocked: false,
            older_state: false,
            device_list: card.device_list.clone(),
            devices: vec![card.device],
            former_name: None,
        };
        let kind = Kind::Direct {
            with: card.identity,
        };
        let chat = Conversation::new(kind, keys.direct_space, wall_ms);
        let secret = keys.psk.for_prekey(&me.prekey.public);
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
            features: Some(items::FEATURES),
        };
        Introduced {
            identity: card.identity,
            contact,
            chat,
            id: card.device_id,
            device,
            secret,
        }
    }

    /// Writes the rows that an engine does not keep in memory.
    fn share(&self, txn: &mut dyn Txn, me: &Card) -> Result<(), StorageError> {
        if !space::create(txn, self.chat.space(), self.chat.kind.stored())? {
            return Ok(());
        }
        let key = Table::PrekeySecrets.key(&[&self.id.0, &me.prekey.number.to_be_bytes()]);
        tables::save(txn, &key, &vec![ByteArray::from(*self.secret.as_bytes())])
    }

    /// Writes the other rows, unless an engine has written newer ones.
    fn save(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        if !txn.with(&Table::Contacts.key(&[&self.identity.0]), &mut |_| {})? {
            self.contact.save(txn, self.identity)?;
        }
        let space = self.chat.space();
        if Conversation::load(txn, space)?.is_none() {
            self.chat.save(txn, space)?;
        }
        if !txn.with(&Table::Devices.key(&[&self.id.0]), &mut |_| {})? {
            self.device.save(txn, self.id)?;
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use std::ops::{Bound, ControlFlow};

    use hedgerow_sync::memory::MemoryStore;
    use hedgerow_sync::store::Direction;
    use hedgerow_transport::keys::Root;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::store::schema;

    const NOW: Now = Now {
        mono_ms: 0,
        wall_ms: 1_790_000_000_000,
    };

    /// Three people, each with a store that holds nobody else.
    fn people(rng: &mut ChaCha20Rng) -> Vec<(MemoryStore, Card)> {
        let founded = ["Ana", "Bo", "Cleo"].map(|name| {
            let mut store = MemoryStore::new();
            schema::migrate(&mut store, schema::MIGRATIONS).unwrap();
            Engine::found(&mut store, name, rng).unwrap();
            let card = card(&mut store, &[], NOW.wall_ms, rng).unwrap();
            (store, card)
        });
        founded.into()
    }

    /// All but the first, as friends of the first.
    fn friends(people: &[(MemoryStore, Card)]) -> impl Iterator<Item = Friend<'_>> {
        people[1..]
            .iter()
            .zip(1..)
            .map(|((_, card), number)| Friend {
                card,
                keys: PairKeys::derive(Root::from_bytes([number; 32])),
            })
    }

    fn rows(store: &MemoryStore) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = Vec::new();
        let take = &mut |key: &[u8], value: &[u8]| {
            rows.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        };
        let all = (Bound::Unbounded, Bound::Unbounded);
        store
            .read(|reader| reader.scan(all, Direction::Forward, take))
            .unwrap();
        rows
    }

    /// What an engine holds about its contacts, encoded as in the store.
    fn at_hand(engine: &Engine) -> Vec<(Vec<u8>, Vec<u8>)> {
        let contacts = engine.owners.people.contacts.iter();
        let contacts = contacts.map(|(id, contact)| (id.0.to_vec(), tables::encoded(contact)));
        let devices = engine.owners.people.devices.iter();
        let devices = devices.map(|(id, device)| (id.0.to_vec(), tables::encoded(device)));
        contacts.chain(devices).collect()
    }

    #[test]
    fn an_engine_opened_among_others_is_one_whose_store_was_told_of_them() {
        let people = people(&mut ChaCha20Rng::seed_from_u64(1));
        let me = &people[0].1;
        let rng = ChaCha20Rng::seed_from_u64(2);
        let mut told = people[0].0.clone();
        introduce(&mut told, me, friends(&people), NOW.wall_ms).unwrap();
        let expected = Engine::open(&told, NOW, &mut rng.clone()).unwrap();
        let mut store = people[0].0.clone();
        let friends_of_mine = friends(&people);
        let engine = open(
            &mut store,
            me,
            friends_of_mine,
            NOW.wall_ms,
            NOW,
            &mut rng.clone(),
        );
        let engine = engine.unwrap();
        assert_eq!(at_hand(&engine), at_hand(&expected));
        assert_eq!(engine.owners.people.contacts.len(), 2);
        assert_eq!(engine.next_wake_ms(NOW), expected.next_wake_ms(NOW));
        // Introduced afterwards, the store holds the same as well.
        assert!(rows(&store).len() < rows(&told).len());
        introduce(&mut store, me, friends(&people), NOW.wall_ms).unwrap();
        assert_eq!(rows(&store), rows(&told));
    }

    #[test]
    fn what_an_engine_has_written_of_a_friend_outlasts_a_later_introduction() {
        let people = people(&mut ChaCha20Rng::seed_from_u64(1));
        let (mut store, me) = (people[0].0.clone(), &people[0].1);
        introduce(&mut store, me, friends(&people), NOW.wall_ms).unwrap();
        store
            .write(|txn| {
                let key = Table::PrekeySecrets.key(&[&people[1].1.device_id.0]);
                tables::remove_all(txn, &key)?;
                let id = people[2].1.device_id;
                let mut device: Device =
                    tables::load(txn, &Table::Devices.key(&[&id.0]))?.ok_or_else(damaged)?;
                device.clock_offset_ms = 7;
                device.save(txn, id)
            })
            .unwrap();
        let before = rows(&store);
        introduce(&mut store, me, friends(&people), NOW.wall_ms).unwrap();
        assert_eq!(rows(&store), before);
    }
}
