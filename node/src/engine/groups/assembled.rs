//! Groups without founding, inviting and accepting, for simulations: all their people stand in the founding.

use hedgerow_sync::entry::What;
use hedgerow_sync::group::{Draft, Group};
use hedgerow_sync::id::{Incarnation, SpaceId};
use hedgerow_sync::membership::{Act, Founding, Level, Operation, OperationError};
use hedgerow_sync::space::AppendError;
use hedgerow_sync::store::{StorageError, Store};
use hedgerow_transport::keys::{SigningSecret, SpaceSecret};
use rand_core::CryptoRng;

use super::people::{self, Person};
use super::{member_key, rng};
use crate::api::ConversationId;
use crate::engine::content;
use crate::engine::conversations::{self, Conversation, Kind};
use crate::engine::introduction::Card;
use crate::tables::{Table, damaged};

/// A group whose people have all come in already, in the order of their places.
pub struct Assembled {
    name: String,
    secret: SpaceSecret,
    keys: Vec<SigningSecret>,
    founding: Vec<u8>,
}

impl Assembled {
    /// A group of so many people, the first of whom is its admin.
    ///
    /// # Errors
    /// There is nobody, or there are more than a founding holds.
    pub fn drawn(
        name: &str,
        people: usize,
        rng: &mut impl CryptoRng,
    ) -> Result<Assembled, OperationError> {
        let secret = SpaceSecret::from_bytes(rng::bytes(rng));
        let keys = (0..people).map(|_| SigningSecret::from_bytes(rng::bytes(rng)));
        let keys: Vec<SigningSecret> = keys.collect();
        let founder = keys.first().ok_or(OperationError::Malformed)?;
        let people = keys.iter().enumerate();
        let people = people.map(|(place, key)| (member_key(key), level(place)));
        let act = Act::Create(Founding::Line {
            people: people.collect(),
            continues: None,
        });
        let founding = Operation::new(member_key(founder), Vec::new(), act)?;
        let founding = founding.sign(&founder.key())?;
        Ok(Assembled {
            name: name.to_owned(),
            secret,
            keys,
            founding,
        })
    }

    /// Its id in the API of its members.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        conversations::api_id(self.space())
    }

    /// Its space.
    #[must_use]
    pub fn space(&self) -> SpaceId {
        conversations::space_of(&self.secret)
    }

    /// Puts it into the store of the person at this place, which no engine has open. Of these contacts it is known at which
    /// places they are.
    ///
    /// # Errors
    /// The store failed, holds the group already, or the group has no such place.
    pub fn join<'a>(
        &self,
        store: &mut impl Store,
        place: usize,
        contacts: impl IntoIterator<Item = (usize, &'a Card)>,
        wall_ms: i64,
    ) -> Result<(), StorageError> {
        let key = self.keys.get(place).ok_or_else(damaged)?;
        let me = member_key(key);
        let secret = SpaceSecret::from_bytes(*self.secret.as_bytes());
        let kind = Kind::Group { me: me.device() };
        let mut known = Conversation::new(kind, secret, wall_ms);
        known.name = Some(self.name.clone());
        let space = known.space();
        store.write(|txn| {
            Group::found(txn, space, &self.founding, Some(me)).map_err(|_| damaged())?;
            known.save(txn, space)?;
            txn.put(&Table::GroupKeys.key(&[&space.0]), key.as_bytes())?;
            for (place, key) in self.keys.iter().enumerate() {
                let level = level(place).code();
                let person = Person {
                    level,
                    level_if_it_objects: level,
                    is_named_by_other: true,
                    ..Person::new(member_key(key))
                };
                people::save(txn, space, &person)?;
            }
            for (place, card) in contacts {
                let key = self.keys.get(place).ok_or_else(damaged)?;
                people::bind(txn, space, member_key(key), card.identity())?;
            }
            Ok(())
        })
    }
}

impl Assembled {
    /// Writes texts into a store that no engine has open and that has joined: each by the next of the people in turn, and each an
    /// answer to the one before it.
    ///
    /// # Errors
    /// The store failed, or has not joined.
    pub fn write(
        &self,
        store: &mut impl Store,
        texts: &[String],
        wall_ms: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<(), StorageError> {
        store.write(|txn| {
            let mut group = Group::open(txn, self.space(), None)?.ok_or_else(damaged)?;
            for (key, text) in self.keys.iter().cycle().zip(texts) {
                let draft = Draft {
                    what: What::TEXT,
                    wall_ms,
                    body: content::text_body(text),
                    salt: rng::bytes(rng),
                };
                match group.append(txn, &key.key(), Incarnation(1), draft) {
                    Ok(_) => {}
                    Err(AppendError::Storage(error)) => return Err(error),
                    Err(AppendError::NoSuchSpace | AppendError::TooLong) => return Err(damaged()),
                }
            }
            Ok(())
        })
    }
}

/// The level of the person at a place.
fn level(place: usize) -> Level {
    match place {
        0 => Level::ADMIN,
        _ => Level::MEMBER,
    }
}
