//! Seals bundles of what a contact's device has not acknowledged (`docs/PROTOCOL.md` section 12).

use std::collections::BTreeMap;

use hedgerow_sync::batch::Batch;
use hedgerow_sync::id::{DeviceId, IdentityId, Incarnation, Seq};
use hedgerow_sync::reconcile::{Channel, Reconciler, Shared};
use hedgerow_sync::wire::{Blind, LogName, Message, Role};
use hedgerow_transport::bundle::{Draft, MAX_BUNDLE};
use hedgerow_transport::handshake::Direction;

use super::conversations::Conversations;
use super::couriering::held::Newest;
use super::fact::{FactHeld, FactKind};
use super::fault::CallError;
use super::items::{self, ReleaseItem};
use super::{Owners, Turn, rng};
use crate::api::Refusal;
use crate::courier::Release;
use crate::tables;

/// The most bytes of entries that we read at once for a bundle.
pub(super) const FILL: usize = 1 << 20;

/// A bundle of ours.
pub(super) struct Sealed {
    pub bundle: bytes::Bytes,
    /// The newest of our messages in it, of each conversation.
    pub newest: Vec<Newest>,
}

impl Owners {
    /// Seals what a device has not acknowledged, as far as it fits. `None` if we do not know a prekey of the device.
    pub(super) fn seal_bundle(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        id: DeviceId,
        lifetime_s: u32,
    ) -> Result<Option<Sealed>, CallError> {
        let Some(device) = self.people.devices.get(&id) else {
            return Ok(None);
        };
        let Some(prekey) = device.prekey.clone() else {
            return Ok(None);
        };
        let direction = Direction::between(&self.account.device_id.0, &id.0);
        let mut draft = Draft::new(
            &device.bundle_tag_key,
            direction,
            MAX_BUNDLE,
            self.account.cryptography(),
            &mut turn.rng,
        );
        let release = ReleaseItem {
            release: Release(*draft.release()),
        };
        draft
            .push(items::RELEASE, &tables::encoded(&release))
            .map_err(|_| Refusal::Bug)?;
        for kind in FactKind::ALL {
            let held = device.held.of(kind);
            if held > 0 {
                let held = FactHeld {
                    kind: kind as u8,
                    version: held,
                };
                draft
                    .push(items::FACT_HELD, &tables::encoded(&held))
                    .map_err(|_| Refusal::Bug)?;
            }
            if self.account.told.versions.of(kind) > device.given.of(kind)
                && let Some(fact) = self.people.fact(&self.account, kind)
            {
                draft
                    .push(items::FACT, &tables::encoded(&fact))
                    .map_err(|_| Refusal::Bug)?;
            }
        }
        self.people.share_prekey(turn, id)?;
        let shared = self.conversations.carried_with(identity);
        let salt_seed = rng::bytes(turn.rng);
        let channel = self.bundle_channel(id, draft.tag(), &salt_seed);
        let mut reconciler = Reconciler::export(turn.txn, &channel, &shared)?;
        let (mut room, mut newest) = (true, BTreeMap::new());
        while room && reconciler.has_more() {
            let mut messages = Vec::new();
            reconciler.fill(turn.txn, &self.account.mark_key, FILL, &mut messages)?;
            for message in messages {
                room = room && draft.push(message.kind(), &message.encode()).is_ok();
                if room && let Some((blind, incarnation, seq)) = last_of_ours(&message) {
                    newest.insert(blind, (incarnation, seq));
                }
            }
        }
        let newest = shared.iter().filter_map(|shared| {
            let blind = Blind::new(shared.secret, draft.tag(), Role::Bundle);
            let (incarnation, seq) = newest.get(&blind)?;
            Some(Newest {
                space: shared.space,
                incarnation: incarnation.0,
                seq: seq.0,
            })
        });
        let newest = newest.collect();
        let sealed = draft.seal(
            &self.account.secrets.device_key,
            &prekey.public,
            &prekey.psk,
            lifetime_s,
            &mut turn.rng,
        );
        Ok(Some(Sealed {
            bundle: sealed.map_err(|_| Refusal::NoPrekey)?,
            newest,
        }))
    }

    /// The channel of reconciliation through a bundle.
    pub(super) fn bundle_channel<'a>(
        &self,
        peer: DeviceId,
        tag: &'a [u8],
        salt_seed: &'a [u8; 32],
    ) -> Channel<'a> {
        Channel {
            me: self.account.own_log(),
            peer,
            role: Role::Bundle,
            hash: tag,
            salt_seed,
        }
    }
}

impl Conversations {
    /// The conversations that bundles to and from an identity carry.
    pub(super) fn carried_with(&self, identity: IdentityId) -> Vec<Shared<'_>> {
        let shared = self.with(identity);
        shared.map(|(space, one)| one.shared(space)).collect()
    }
}

/// The last of our entries in a message, with the name of the conversation in this exchange; `None` if it has none.
fn last_of_ours(message: &Message) -> Option<(Blind, Incarnation, Seq)> {
    let Message::Entries {
        space, log, core, ..
    } = message
    else {
        return None;
    };
    let LogName::SenderIn(incarnation) = *log else {
        return None;
    };
    Some((*space, incarnation, Batch::parse(core).ok()?.last()))
}
