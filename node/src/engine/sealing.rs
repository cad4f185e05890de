//! Seals bundles of what a contact's device has not acknowledged (`docs/PROTOCOL.md` section 12).

use std::collections::BTreeMap;

use hedgerow_sync::batch::Batch;
use hedgerow_sync::id::{DeviceId, IdentityId, LogId, Seq, SpaceId};
use hedgerow_sync::reconcile::{Channel, Reconciler, Shared};
use hedgerow_sync::wire::{Blind, LogName, Message, Role};
use hedgerow_transport::bundle::{Draft, MAX_BUNDLE, MAX_LIFETIME_S};
use hedgerow_transport::handshake::Direction;

use super::conversations::Conversations;
use super::couriering::held::Newest;
use super::fact::{FactHeld, FactKind};
use super::fault::CallError;
use super::files::carried;
use super::items::{self, ReleaseItem};
use super::people::device::TheirPrekey;
use super::{Owners, Turn, rng};
use crate::api::Refusal;
use crate::courier::Release;
use crate::parcel::steps::Manifest;
use crate::tables;

/// The most bytes of entries that we read at once for a bundle.
pub(super) const FILL: usize = 1 << 20;

/// The bytes after which a bundle that is carried by hand ends, and another begins: a few steps below
/// `MAX_CARRIED_BUNDLE`.
const CARRIED: usize = 4 << 20;

/// A bundle of ours.
pub(super) struct Sealed {
    pub bundle: bytes::Bytes,
    /// The newest of our messages in it, of each conversation.
    pub newest: Vec<Newest>,
}

/// A bundle of ours that is being filled.
struct Unsealed {
    draft: Draft,
    prekey: TheirPrekey,
}

/// A bundle for what is carried by hand.
pub(super) struct Carried {
    pub bundle: bytes::Bytes,
    /// The last entry of each log that this bundle or one before it holds.
    pub sent: BTreeMap<(SpaceId, LogId), Seq>,
    /// There is more for the device.
    pub has_more: bool,
}

/// What is special about a bundle that is carried by hand.
struct ByHand<'a> {
    /// The last entry of each log that a bundle before it holds.
    sent: &'a BTreeMap<(SpaceId, LogId), Seq>,
    /// What follows, in the first.
    manifest: Option<&'a Manifest>,
}

/// What a bundle took in.
struct Filled {
    /// The last entry of a log, in the order in which they went in.
    last: Vec<(SpaceId, LogId, Seq)>,
    /// There is more for the device.
    has_more: bool,
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
        let Some(mut bundle) = self.begin_bundle(turn, id)? else {
            return Ok(None);
        };
        let filled = self.fill(turn, identity, id, &mut bundle.draft, None)?;
        let ours = filled
            .last
            .into_iter()
            .filter(|(space, log, _)| self.is_ours(*space, log.device));
        let newest: BTreeMap<SpaceId, Newest> = ours
            .map(|(space, log, seq)| {
                let newest = Newest {
                    space,
                    incarnation: log.incarnation.0,
                    seq: seq.0,
                };
                (space, newest)
            })
            .collect();
        let bundle = self.seal(turn, bundle, lifetime_s)?;
        Ok(Some(Sealed {
            bundle,
            newest: newest.into_values().collect(),
        }))
    }

    /// Seals the next of what a device has not acknowledged: behind what bundles before it hold, and before it in the
    /// first what the manifest says. `None` if we do not know a prekey of the device.
    pub(super) fn seal_carried(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        id: DeviceId,
        mut sent: BTreeMap<(SpaceId, LogId), Seq>,
        manifest: Option<&Manifest>,
    ) -> Result<Option<Carried>, CallError> {
        let Some(mut bundle) = self.begin_bundle(turn, id)? else {
            return Ok(None);
        };
        let by_hand = ByHand {
            sent: &sent,
            manifest,
        };
        let filled = self.fill(turn, identity, id, &mut bundle.draft, Some(by_hand))?;
        let last = filled.last.into_iter();
        sent.extend(last.map(|(space, log, seq)| ((space, log), seq)));
        Ok(Some(Carried {
            has_more: filled.has_more,
            bundle: self.seal(turn, bundle, MAX_LIFETIME_S)?,
            sent,
        }))
    }

    /// Fills a bundle with what a device has not acknowledged.
    fn fill(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        id: DeviceId,
        draft: &mut Draft,
        by_hand: Option<ByHand<'_>>,
    ) -> Result<Filled, CallError> {
        let nothing = BTreeMap::new();
        let (sent, most_bytes) = match &by_hand {
            Some(by_hand) => (by_hand.sent, CARRIED),
            None => (&nothing, MAX_BUNDLE),
        };
        let (tag, me) = (*draft.tag(), self.account.device_id);
        let shared = self.conversations.carried_with(identity);
        let salt_seed = rng::bytes(turn.rng);
        let channel = self.bundle_channel(id, &tag, &salt_seed);
        let mut reconciler = Reconciler::export(turn.txn, &channel, &shared, sent)?;
        self.groups.admit(&mut reconciler, identity);
        if let Some(by_hand) = by_hand {
            if let Some(manifest) = by_hand.manifest {
                carried::declare(draft, &mut reconciler, manifest)?;
            }
            if sent.is_empty() {
                carried::confirm(turn.txn, draft, &mut reconciler, &shared, identity)?;
            }
        }
        let blinds = shared.iter().map(|shared| {
            let blind = Blind::new(shared.secret, &tag, Role::Bundle);
            (blind, shared.space)
        });
        let spaces: BTreeMap<Blind, SpaceId> = blinds.collect();
        let (mut room, mut last) = (true, Vec::new());
        while room && reconciler.has_more() && draft.payload_bytes() < most_bytes {
            let mut messages = Vec::new();
            reconciler.fill(turn.txn, &self.account.mark_key, FILL, &mut messages)?;
            for message in messages {
                room = room && draft.push(message.kind(), &message.encode()).is_ok();
                if room
                    && let Some((blind, log, seq)) = last_entry(&message, me)
                    && let Some(space) = spaces.get(&blind)
                {
                    last.push((*space, log, seq));
                }
            }
        }
        Ok(Filled {
            last,
            has_more: !room || reconciler.has_more(),
        })
    }

    /// Begins a bundle for a device, with its release value and what the device does not know of us. `None` if we do
    /// not know a prekey of it.
    fn begin_bundle(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
    ) -> Result<Option<Unsealed>, CallError> {
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
        Ok(Some(Unsealed { draft, prekey }))
    }

    fn seal(
        &self,
        turn: &mut Turn<'_>,
        Unsealed { draft, prekey }: Unsealed,
        lifetime_s: u32,
    ) -> Result<bytes::Bytes, CallError> {
        let sealed = draft.seal(
            &self.account.secrets.device_key,
            &prekey.public,
            &prekey.psk,
            lifetime_s,
            &mut turn.rng,
        );
        Ok(sealed.map_err(|_| Refusal::NoPrekey)?)
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
        let shared = self.carried(identity);
        shared.map(|(space, one)| one.shared(space)).collect()
    }
}

/// The last entry in a message of ours to a peer, with the name of its conversation in this exchange; `None` if the
/// message has none.
fn last_entry(message: &Message, me: DeviceId) -> Option<(Blind, LogId, Seq)> {
    let Message::Entries {
        space, log, core, ..
    } = message
    else {
        return None;
    };
    let log = match *log {
        LogName::SenderIn(incarnation) => LogId {
            device: me,
            incarnation,
        },
        LogName::Other(log) => log,
        LogName::Sender | LogName::ReceiverIn(_) => return None,
    };
    let batch = Batch::parse(core).or_else(|_| Batch::parse_signed(core));
    Some((*space, log, batch.ok()?.last()))
}
