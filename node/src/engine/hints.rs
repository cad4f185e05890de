//! Recognises sized first flights and bundles by one look-up in a map, whatever the number of contacts.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::bundle;
use hedgerow_transport::handshake::{Direction, Head, Tagged};

use super::account::Account;
use super::link::Who;
use super::people::People;

/// Who sends which hint. A device that is gone may still be in it.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    flights: OnceLock<BTreeMap<Hint, Who>>,
    bundles: OnceLock<BTreeMap<Hint, DeviceId>>,
}

type Hint = [u8; 8];

impl Hints {
    /// Forgets all hints, because a contact is new or has new keys.
    pub fn changed(&mut self) {
        *self = Hints::default();
    }
}

impl People {
    /// As [`recognise`](Self::recognise), for sized flights.
    pub(super) fn recognise_by_hint(&self, account: &Account, head: Head) -> Option<(Who, Tagged)> {
        let me = account.device_id;
        let direction = |from: &[u8; 16]| Direction::between(from, &me.0);
        let hints = self.hints.flights.get_or_init(|| {
            let devices = self.devices.iter();
            let devices = devices.map(|(id, device)| {
                let hint = device.tag_key.hint(direction(&id.0));
                (hint, Who::Device(*id))
            });
            let joiners = self.invitations.iter();
            let joiners =
                joiners.map(|(id, made)| (made.tag_key().hint(Direction::Up), Who::Joiner(*id)));
            devices.chain(joiners).collect()
        });
        let who = *hints.get(&head.hint())?;
        let (key, direction) = match who {
            Who::Device(id) => (&self.devices.get(&id)?.tag_key, direction(&id.0)),
            Who::Joiner(id) => {
                let made = self.invitations.get(&id).filter(|made| made.answers())?;
                (made.tag_key(), Direction::Up)
            }
        };
        let tagged = head.recognise_sized(key, direction).ok()?;
        Some((who, tagged))
    }

    /// As [`sender_of`](Self::sender_of), for sized bundles.
    pub(super) fn sized_sender_of(&self, account: &Account, tag: &[u8; 32]) -> Option<DeviceId> {
        let me = account.device_id;
        let direction = |from: &DeviceId| Direction::between(&from.0, &me.0);
        let bundles = self.hints.bundles.get_or_init(|| {
            let devices = self.devices.iter();
            devices
                .map(|(id, device)| (device.bundle_tag_key.hint(direction(id)), *id))
                .collect()
        });
        let id = *bundles.get(&bundle::sized_hint(tag))?;
        let key = &self.devices.get(&id)?.bundle_tag_key;
        bundle::is_sized_by(tag, key, direction(&id)).then_some(id)
    }
}
