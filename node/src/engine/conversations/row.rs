//! What is kept about a conversation.

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::reconcile::Shared;
use hedgerow_sync::space;
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::keys::SpaceSecret;
use minicbor::{Decode, Encode};

use super::{Kind, Settings};
use crate::engine::{deletion, disappearing, draft, groups, reading, recording, starred, timers};
use crate::search;
use crate::tables::{self, Table, damaged};

/// A conversation: a space with its kind, its secret and what the user made of it.
#[derive(Encode, Decode)]
pub(crate) struct Conversation {
    #[n(0)]
    pub kind: Kind,
    /// The secret that its members share.
    #[cbor(n(1), with = "crate::engine::codec::fixed")]
    pub secret: SpaceSecret,
    /// When a message last came or was written here, or it was made, by our clock in Unix milliseconds.
    #[n(2)]
    pub active_ms: i64,
    #[n(3)]
    pub settings: Settings,
    /// What it is called, if not by its members.
    #[n(4)]
    pub name: Option<String>,
}

/// The space of a conversation with this secret.
pub(crate) fn space_of(secret: &SpaceSecret) -> SpaceId {
    let hash = blake3::derive_key("hedgerow 1 space id", secret.as_bytes());
    SpaceId(*hash.first_chunk().expect("16 bytes of 32"))
}

impl Conversation {
    /// One in which nothing has happened yet.
    pub fn new(kind: Kind, secret: SpaceSecret, now_ms: i64) -> Self {
        Self {
            kind,
            secret,
            active_ms: now_ms,
            settings: Settings::default(),
            name: None,
        }
    }

    /// The space that holds what is written there (`docs/PROTOCOL.md` section 2).
    pub fn space(&self) -> SpaceId {
        space_of(&self.secret)
    }

    /// What reconciliation has to know of it.
    pub fn shared(&self, space: SpaceId) -> Shared<'_> {
        Shared {
            space,
            secret: self.secret.as_bytes(),
        }
    }

    pub fn save(&self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        tables::save(txn, &Table::Conversations.key(&[&space.0]), self)
    }

    /// The conversation of a space.
    pub fn load(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
    ) -> Result<Option<Self>, StorageError> {
        tables::load(reader, &Table::Conversations.key(&[&space.0]))
    }

    /// All that are kept.
    pub fn all(
        reader: &(impl Reader + ?Sized),
    ) -> Result<Vec<(SpaceId, Conversation)>, StorageError> {
        let rows = tables::load_all(reader, Table::Conversations)?.into_iter();
        rows.map(|(key, row)| Ok((SpaceId(key.try_into().map_err(|_| damaged())?), row)))
            .collect()
    }

    /// Removes what was written in a conversation, and what is kept about it.
    pub fn remove(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        forget(txn, space)?;
        space::remove(txn, space)?;
        txn.remove(&Table::Conversations.key(&[&space.0]))
    }

    /// Removes what was written in a group, and all that is kept about it but this and its control log.
    pub fn part(&self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        forget(txn, space)?;
        space::remove_entries(txn, space)?;
        self.save(txn, space)
    }
}

/// Forgets what was made of a space beside its entries.
fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    search::forget_space(txn, space)?;
    reading::forget(txn, space)?;
    draft::forget(txn, space)?;
    recording::forget(txn, space)?;
    starred::forget_all(txn, space)?;
    deletion::forget(txn, space)?;
    timers::forget(txn, space)?;
    disappearing::forget(txn, space)?;
    groups::forget(txn, space)
}
