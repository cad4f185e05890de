//! Synthetic spaces, to measure what it costs to share many conversations with a contact. Both sides derive the same
//! ones from the secret of their direct chat.

use hedgerow_sync::entry::What;
use hedgerow_sync::id::{Incarnation, LogId, SpaceId};
use hedgerow_sync::space::{self, AppendError};
use hedgerow_sync::store::{StorageError, Store};
use hedgerow_transport::keys::SpaceSecret;

use super::account::Account;
use super::content;
use super::conversations::{Conversation, Kind};
use crate::tables::damaged;

/// The secrets of the synthetic spaces that derive from a direct chat.
fn secrets(direct: &SpaceSecret, count: u32) -> impl Iterator<Item = SpaceSecret> + '_ {
    (0..count).map(|number| {
        let mut hasher = blake3::Hasher::new_derive_key("hedgerow 1 synthetic space");
        hasher.update(direct.as_bytes());
        hasher.update(&number.to_be_bytes());
        SpaceSecret::from_bytes(*hasher.finalize().as_bytes())
    })
}

/// Shares `count` synthetic spaces with every contact of a store that no engine has open.
///
/// # Errors
/// The store failed.
pub fn share(store: &mut impl Store, count: u32) -> Result<(), StorageError> {
    store.write(|txn| {
        for (_, chat) in Conversation::all(txn)? {
            let Kind::Direct { with } = chat.kind else {
                continue;
            };
            for secret in secrets(&chat.secret, count) {
                let kind = Kind::Synthetic { with };
                let synthetic = Conversation::new(kind, secret, chat.active_ms);
                let space = synthetic.space();
                space::create(txn, space, synthetic.kind.stored())?;
                synthetic.save(txn, space)?;
            }
        }
        Ok(())
    })
}

/// Writes texts into the synthetic spaces of a store that no engine has open: one after the other, round the spaces,
/// in the name of this device, in one transaction.
///
/// # Errors
/// The store failed, or holds no identity.
pub fn write(store: &mut impl Store, texts: &[String], wall_ms: i64) -> Result<(), StorageError> {
    store.write(|txn| {
        let device = Account::device_id(txn)?;
        let log = LogId {
            device,
            incarnation: Incarnation(1),
        };
        let all = Conversation::all(txn)?.into_iter();
        let synthetic = all.filter(|(_, one)| matches!(one.kind, Kind::Synthetic { .. }));
        let spaces: Vec<SpaceId> = synthetic.map(|(space, _)| space).collect();
        for (space, text) in spaces.iter().cycle().zip(texts) {
            let body = content::text_body(text);
            match space::append(txn, *space, log, wall_ms, What::TEXT, body) {
                Ok(_) => {}
                Err(AppendError::Storage(error)) => return Err(error),
                Err(AppendError::NoSuchSpace | AppendError::TooLong) => return Err(damaged()),
            }
        }
        Ok(())
    })
}
