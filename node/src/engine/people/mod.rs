//! The people we know: contacts and their devices, invitations, and the keys shared with them.

pub(super) mod contact;
pub(super) mod device;
mod devices;
pub(super) mod names;
pub(super) mod psk;
pub(super) mod replay;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::beacon;
#[cfg(feature = "simulation")]
use hedgerow_transport::cryptography::Cryptography;

use super::account::Account;
#[cfg(feature = "simulation")]
use super::hints::Hints;
use super::invitation::{InvitationKey, Made};
use super::joining::Joining;
use super::prekey::Prekey;
use super::{Now, Turn};
use crate::tables::{self, Table, damaged};
use contact::Contact;
use devices::Devices;
use names::Names;

/// The longest believable time between the last session in the store and a start, in milliseconds: half a year.
const BELIEVABLE_MS: i64 = 182 * 86_400_000;

/// Everybody we know.
pub(super) struct People {
    pub contacts: BTreeMap<IdentityId, Contact>,
    /// Who shares a name with whom; computed when first needed.
    pub names: OnceCell<Names>,
    pub devices: Devices,
    pub invitations: BTreeMap<InvitationKey, Made>,
    pub joinings: BTreeMap<InvitationKey, Joining>,
    /// Our prekeys by number; the last is the newest.
    pub prekeys: BTreeMap<u32, Prekey>,
    /// The number of refused dials in a row, of those that [`refused`](Self::refused) counts.
    pub refusals: BTreeMap<DeviceId, u32>,
    /// Devices whose record has changed since we saved it, and when to save it (monotonic milliseconds).
    pub unsaved: BTreeMap<DeviceId, u64>,
    /// The hints of sized first flights and bundles.
    #[cfg(feature = "simulation")]
    pub hints: Hints,
}

impl People {
    pub fn load(reader: &dyn Reader) -> Result<People, StorageError> {
        Ok(People {
            contacts: keyed(reader, Table::Contacts, IdentityId)?,
            names: OnceCell::new(),
            devices: keyed(reader, Table::Devices, DeviceId)?
                .into_iter()
                .collect(),
            invitations: keyed(reader, Table::Invitations, |id| {
                InvitationKey(u64::from_be_bytes(id))
            })?,
            joinings: Joining::load(reader)?.into_iter().collect(),
            prekeys: keyed(reader, Table::Prekeys, u32::from_be_bytes)?,
            refusals: BTreeMap::new(),
            unsaved: BTreeMap::new(),
            #[cfg(feature = "simulation")]
            hints: Hints::default(),
        })
    }

    /// Makes keys real or simulated from now on.
    #[cfg(feature = "simulation")]
    pub fn set_cryptography(&mut self, cryptography: Cryptography) {
        for prekey in self.prekeys.values_mut() {
            prekey.key = prekey.key.clone().under(cryptography);
        }
    }

    /// Does what time has made due: saves devices, ends invitations, renews our prekey.
    pub fn tick(&mut self, account: &mut Account, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.save_devices(turn)?;
        self.end_invitations(turn)?;
        self.renew_prekey(account, turn)
    }

    /// When something is due without input (monotonic milliseconds).
    pub fn next_wake_ms(&self, now: Now) -> Option<u64> {
        let unsaved = self.unsaved.values().min().copied();
        unsaved
            .into_iter()
            .chain(self.next_invitation_end_ms(now))
            .min()
    }

    /// Saves what the beginnings of sessions have told, some time later: messages that wait for a session must not wait
    /// for that write.
    fn save_devices(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let due: Vec<DeviceId> = self
            .unsaved
            .extract_if(.., |_, due_ms| *due_ms <= turn.now.mono_ms)
            .map(|(id, _)| id)
            .collect();
        for id in due {
            if let Some(device) = self.devices.get(&id) {
                device.save(turn.txn, id)?;
            }
        }
        Ok(())
    }

    /// The devices of a contact with which we share keys.
    pub fn devices_of(&self, identity: IdentityId) -> impl Iterator<Item = DeviceId> + '_ {
        self.devices.of(identity)
    }

    /// Whether the user has blocked a contact.
    pub fn is_blocked(&self, identity: &IdentityId) -> bool {
        let contact = self.contacts.get(identity);
        contact.is_some_and(|contact| contact.blocked)
    }

    /// Whether we want sessions with a device at all.
    pub fn may_talk_to(&self, id: DeviceId) -> bool {
        self.devices
            .get(&id)
            .is_some_and(|device| device.is_welcome(&self.contacts))
    }

    /// Corrects the clock offsets of contacts after our wall clock has jumped by `jump_ms`.
    pub fn clock_jumped(&mut self, turn: &mut Turn<'_>, jump_ms: i64) -> Result<(), StorageError> {
        for (id, device) in self.devices.iter_mut() {
            device.clock_offset_ms = beacon::corrected(device.clock_offset_ms, jump_ms);
            device.save(turn.txn, *id)?;
        }
        Ok(())
    }

    /// Whether our clock is behind the last session in the store, or too far beyond it to be believed.
    pub fn is_clock_doubtful(&self, now: Now) -> bool {
        let seen = self
            .devices
            .values()
            .filter_map(|device| device.last_seen_ms);
        seen.max().is_some_and(|seen_ms| {
            now.wall_ms < seen_ms || now.wall_ms > seen_ms.saturating_add(BELIEVABLE_MS)
        })
    }
}

/// A whole table, with its keys decoded.
fn keyed<const N: usize, K: Ord, T: for<'b> minicbor::Decode<'b, ()>>(
    reader: &dyn Reader,
    table: Table,
    key: impl Fn([u8; N]) -> K,
) -> Result<BTreeMap<K, T>, StorageError> {
    tables::load_all(reader, table)?
        .into_iter()
        .map(|(bytes, record)| Ok((key(bytes.try_into().map_err(|_| damaged())?), record)))
        .collect()
}
