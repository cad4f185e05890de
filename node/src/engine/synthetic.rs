//! Spaces that exist to be measured: what a node costs that shares many conversations with a contact.
//! Both sides make the same ones, of the secret of their direct chat.

use hedgerow_sync::entry::What;
use hedgerow_sync::id::{IdentityId, Incarnation, LogId};
use hedgerow_sync::space::{self, AppendError, SpaceKind};
use hedgerow_sync::store::{Reader, StorageError, Store, Txn};
use hedgerow_transport::keys::SpaceSecret;

use super::account::Account;
use super::people::contact::Contact;
use super::{conversation, reconciling};
use crate::tables::{self, Table, damaged};

impl Contact {
    /// The secrets of the synthetic spaces shared with this contact; none outside of measurements.
    pub(super) fn synthetic_spaces(&self) -> impl Iterator<Item = SpaceSecret> + '_ {
        (0..self.synthetic_spaces.unwrap_or_default()).map(|number| {
            let mut hasher = blake3::Hasher::new_derive_key("hedgerow 1 synthetic space");
            hasher.update(self.space.as_bytes());
            hasher.update(&number.to_be_bytes());
            SpaceSecret::from_bytes(*hasher.finalize().as_bytes())
        })
    }
}

/// Shares `count` synthetic spaces with every contact of a store that no engine has open.
///
/// # Errors
/// The store failed.
pub fn share(store: &mut impl Store, count: u32) -> Result<(), StorageError> {
    store.write(|txn| {
        for (identity, mut contact) in contacts(txn)? {
            contact.synthetic_spaces = Some(count);
            for secret in contact.synthetic_spaces() {
                space::create(txn, reconciling::space_id(&secret), SpaceKind::Direct)?;
            }
            contact.save(txn, identity)?;
        }
        Ok(())
    })
}

/// Writes texts into the synthetic spaces of a store that no engine has open, in turn, as this device
/// would, in one transaction.
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
        let spaces: Vec<_> = contacts(txn)?
            .iter()
            .flat_map(|(_, contact)| contact.synthetic_spaces().collect::<Vec<_>>())
            .map(|secret| reconciling::space_id(&secret))
            .collect();
        for (space, text) in spaces.iter().cycle().zip(texts) {
            let body = conversation::text_body(text);
            match space::append(txn, *space, log, wall_ms, What::TEXT, body) {
                Ok(_) => {}
                Err(AppendError::Storage(error)) => return Err(error),
                Err(AppendError::NoSuchSpace | AppendError::TooLong) => return Err(damaged()),
            }
        }
        Ok(())
    })
}

fn contacts(txn: &mut dyn Txn) -> Result<Vec<(IdentityId, Contact)>, StorageError> {
    let reader: &dyn Reader = txn;
    tables::load_all(reader, Table::Contacts)?
        .into_iter()
        .map(|(key, contact)| Ok((IdentityId(key.try_into().map_err(|_| damaged())?), contact)))
        .collect()
}
