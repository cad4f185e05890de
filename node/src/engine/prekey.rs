//! Our prekeys, to which contacts seal bundles (`docs/PROTOCOL.md` section 12). A prekey's number is the version of
//! the fact that told it first. Only time makes a new prekey and removes an old one. A claim of a contact can only make
//! us tell the same prekey again, under a higher version.

use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::{Reader, StorageError, Txn};
use hedgerow_transport::bundle::{MAX_LIFETIME_S, MAX_PREKEYS, PREKEY_ROTATION_S};
use hedgerow_transport::keys::{BundlePsk, StaticKey};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::Turn;
use super::account::Account;
use super::fact::{FactKind, PrekeyFact};
use super::links::Errand;
use super::people::People;
use super::people::device::Device;
use crate::tables::{self, Table, damaged};

/// The most secrets kept for one prekey and one device: one for each psk that the device may have had when it got
/// the prekey. The oldest make room.
const MAX_SECRETS: usize = 4;

/// A prekey of ours.
#[derive(Encode, Decode)]
pub(crate) struct Prekey {
    #[cbor(n(0), with = "super::codec::fixed")]
    pub key: StaticKey,
    /// When it was made, by our wall clock.
    #[n(1)]
    made_ms: i64,
}

impl Prekey {
    pub fn new(key: StaticKey, wall_ms: i64) -> Prekey {
        Prekey {
            key,
            made_ms: wall_ms,
        }
    }

    pub fn save(&self, txn: &mut dyn Txn, number: u32) -> Result<(), StorageError> {
        tables::save(txn, &Table::Prekeys.key(&[&number.to_be_bytes()]), self)
    }

    /// The fact that tells it to contacts.
    pub fn fact(&self, number: u32) -> PrekeyFact {
        PrekeyFact {
            number,
            public: self.key.public(),
        }
    }

    /// Whether it is at least this old. It counts as old if the clock was set back, because its age is unknown then.
    fn is_older_than(&self, seconds: u32, wall_ms: i64) -> bool {
        !(0..i64::from(seconds) * 1_000).contains(&wall_ms.saturating_sub(self.made_ms))
    }

    fn is_past(&self, seconds: u32, wall_ms: i64) -> bool {
        wall_ms.saturating_sub(self.made_ms) >= i64::from(seconds) * 1_000
    }
}

impl People {
    /// The prekey that we tell contacts.
    pub(super) fn newest_prekey(&self) -> Option<PrekeyFact> {
        let (number, prekey) = self.prekeys.last_key_value()?;
        Some(prekey.fact(*number))
    }

    /// Makes a prekey under the version that the fact has now.
    fn new_prekey(
        &mut self,
        account: &mut Account,
        turn: &mut Turn<'_>,
    ) -> Result<(), StorageError> {
        let number = account.told.versions.of(FactKind::Prekey);
        let key = StaticKey::random(&mut turn.rng).under(account.cryptography());
        let prekey = Prekey::new(key, turn.now.wall_ms);
        prekey.save(turn.txn, number)?;
        self.prekeys.insert(number, prekey);
        Ok(())
    }

    /// Makes a prekey when the newest is old enough, and forgets those for which no bundle can come any more.
    pub(super) fn renew_prekey(
        &mut self,
        account: &mut Account,
        turn: &mut Turn<'_>,
    ) -> Result<(), StorageError> {
        let wall_ms = turn.now.wall_ms;
        let newest = self.prekeys.last_key_value();
        if newest.is_none_or(|(_, prekey)| prekey.is_older_than(PREKEY_ROTATION_S, wall_ms)) {
            self.replace_prekey(account, turn)?;
        }
        loop {
            let mut oldest = self.prekeys.iter();
            let (Some((number, prekey)), Some((next, _))) = (oldest.next(), oldest.next()) else {
                break;
            };
            let mut devices = self.devices.values();
            let mut is_spent = || {
                prekey.is_past(MAX_LIFETIME_S, wall_ms)
                    && devices.all(|device| device.given.of(FactKind::Prekey) >= *next)
            };
            if self.prekeys.len() <= MAX_PREKEYS && !is_spent() {
                break;
            }
            let number = *number;
            self.prekeys.remove(&number);
            forget(turn.txn, number)?;
        }
        Ok(())
    }

    /// Makes a prekey and tells it to all contacts.
    fn replace_prekey(
        &mut self,
        account: &mut Account,
        turn: &mut Turn<'_>,
    ) -> Result<(), StorageError> {
        account.told.raise(FactKind::Prekey);
        self.new_prekey(account, turn)?;
        account.told.save(turn.txn)?;
        turn.errands.push(Errand::TellFacts);
        Ok(())
    }

    /// Stores the secret with which a device may seal to our newest prekey. Call it when we tell the device that
    /// prekey, and when its psk has rotated.
    pub(super) fn share_prekey(
        &self,
        turn: &mut Turn<'_>,
        id: DeviceId,
    ) -> Result<(), StorageError> {
        let (Some((number, prekey)), Some(device)) =
            (self.prekeys.last_key_value(), self.devices.get(&id))
        else {
            return Ok(());
        };
        let key = Table::PrekeySecrets.key(&[&id.0, &number.to_be_bytes()]);
        let mut secrets: Vec<ByteArray<32>> = tables::load(turn.txn, &key)?.unwrap_or_default();
        let known = secrets.len();
        for secret in possible_secrets(device, prekey) {
            let secret = ByteArray::from(*secret.as_bytes());
            if !secrets.contains(&secret) {
                secrets.push(secret);
            }
        }
        if secrets.len() == known {
            return Ok(());
        }
        let surplus = secrets.len().saturating_sub(MAX_SECRETS);
        if surplus > 0 {
            secrets.drain(..surplus);
            turn.erased()?;
        }
        tables::save(turn.txn, &key, &secrets)
    }

    /// The keys that may open a bundle of a device: number, prekey and secret.
    pub(super) fn bundle_keys(
        &self,
        reader: &dyn Reader,
        id: DeviceId,
    ) -> Result<Vec<(u32, &StaticKey, BundlePsk)>, StorageError> {
        let mut keys = Vec::new();
        for (number, prekey) in self.prekeys.iter().rev() {
            let key = Table::PrekeySecrets.key(&[&id.0, &number.to_be_bytes()]);
            let secrets: Vec<ByteArray<32>> = tables::load(reader, &key)?.unwrap_or_default();
            let secrets = secrets
                .into_iter()
                .rev()
                .map(|secret| BundlePsk::from_bytes(secret.into()));
            keys.extend(secrets.map(|secret| (*number, &prekey.key, secret)));
        }
        Ok(keys)
    }

    /// Forgets the prekey secrets and the bundle tags of a device that is gone.
    pub(super) fn forget_prekeys_of(
        &self,
        turn: &mut Turn<'_>,
        id: DeviceId,
    ) -> Result<(), StorageError> {
        tables::remove_all(turn.txn, &Table::PrekeySecrets.key(&[&id.0]))?;
        tables::remove_all(turn.txn, &Table::BundleTags.key(&[&id.0]))
    }
}

/// The secrets that a device may derive when we tell it a prekey now.
fn possible_secrets(device: &Device, prekey: &Prekey) -> Vec<BundlePsk> {
    let public = prekey.key.public();
    device
        .psk
        .candidates()
        .into_iter()
        .map(|(_, psk)| psk.for_prekey(&public))
        .collect()
}

/// Forgets a prekey, its secrets, and the tags of the bundles it opened.
fn forget(txn: &mut dyn Txn, number: u32) -> Result<(), StorageError> {
    txn.remove(&Table::Prekeys.key(&[&number.to_be_bytes()]))?;
    let mut gone = Vec::new();
    let mut sound = true;
    tables::visit(txn, &Table::PrekeySecrets.key(&[]), &mut |rest, _| {
        if rest.ends_with(&number.to_be_bytes()) {
            gone.push(Table::PrekeySecrets.key(&[rest]));
        }
    })?;
    tables::visit(
        txn,
        &Table::BundleTags.key(&[]),
        &mut |rest, value| match value.try_into() {
            Ok(by) if u32::from_be_bytes(by) == number => gone.push(Table::BundleTags.key(&[rest])),
            Ok(_) => {}
            Err(_) => sound = false,
        },
    )?;
    if !sound {
        return Err(damaged());
    }
    gone.iter().try_for_each(|key| txn.remove(key))
}
