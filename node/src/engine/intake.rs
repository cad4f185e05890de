//! Takes in a bundle in slices of work, each of them committed (`docs/PROTOCOL.md` section 12).
//!
//! ```text
//! Opening ──> Checking ──> Taking
//! ```
//!
//! The engine takes in nothing of a bundle before all of it is open and sound. Only the last slice stores the tag and
//! tells the courier that the bundle has arrived. After a crash the bundle comes again, and the store already knows
//! what earlier slices took in.

use bytes::Bytes;
use hedgerow_sync::batch::Batch;
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::peer;
use hedgerow_sync::reconcile::Reconciler;
use hedgerow_sync::store::StorageError;
use hedgerow_sync::wire::Message;
use hedgerow_transport::bundle::{self, BundleFault, BundleItem, Header, Items, Opening};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::Direction;

use super::account::Account;
use super::fact::{Fact, FactHeld, FactKind};
use super::facts::MAX_LISTS;
use super::fault::{CallError, LinkError};
use super::files::carried;
use super::items::{self, ReleaseItem};
#[cfg(feature = "simulation")]
use super::load;
use super::people::People;
use super::{Owners, Turn, rng, share};
use crate::api::Refusal;
use crate::courier::Release;
use crate::parcel::steps::Manifest;
use crate::tables::Table;

/// A bundle while the engine takes it in.
pub(super) struct Intake {
    identity: IdentityId,
    pub device: DeviceId,
    tag: [u8; 32],
    /// The number of the prekey to which it was sealed.
    prekey: u32,
    /// It was taken in before: only what it says of files behind it counts.
    pub is_known: bool,
    stage: Stage,
    /// The number of device lists in it.
    lists: usize,
    release: Option<Release>,
    /// Its ghost bytes.
    #[cfg(feature = "simulation")]
    pub ghost: Option<u64>,
    brought: Brought,
}

/// How far an intake has come.
enum Stage {
    /// Opens the chunks.
    Opening(Opening),
    /// Checks each item.
    Checking { unread: Items, all: Items },
    /// Takes in what the items say.
    Taking(Items, Option<Box<Reconciler>>),
}

/// What a bundle brought.
#[derive(Debug, Clone)]
pub(super) struct Brought {
    pub identity: IdentityId,
    pub messages: u64,
    pub acknowledged: u64,
    pub unusable: u64,
    /// What follows the bundles of its parcel, as it says.
    pub manifest: Option<Manifest>,
    /// Ids of the loads that are new here.
    #[cfg(feature = "simulation")]
    pub loads: Vec<u64>,
}

impl Intake {
    /// Its release value, once it is checked.
    pub fn release(&self) -> Option<Release> {
        self.release
    }

    /// Whether all of it is open and sound.
    pub fn is_checked(&self) -> bool {
        matches!(self.stage, Stage::Taking(..))
    }

    /// The key under which the store keeps its tag once it is taken in.
    fn taken(&self) -> Vec<u8> {
        Table::BundleTags.key(&[&self.device.0, &self.tag[..16]])
    }
}

impl Owners {
    /// Begins to take in a bundle, if it is for us and from a contact.
    pub(super) fn begin_intake(
        &mut self,
        turn: &mut Turn<'_>,
        sealed: Bytes,
    ) -> Result<Intake, CallError> {
        let header = Header::parse(&sealed).map_err(|_| Refusal::BadParcel)?;
        let id = self.people.sender_of(&self.account, header.tag());
        let id = id.ok_or(Refusal::ParcelNotForUs)?;
        if !self.people.may_talk_to(id) {
            return Err(Refusal::Blocked.into());
        }
        let device = self
            .people
            .devices
            .get(&id)
            .ok_or(Refusal::ParcelNotForUs)?;
        let taken = Table::BundleTags.key(&[&id.0, &header.tag()[..16]]);
        let is_known = turn.txn.get(&taken)?.is_some();
        let identity = device.identity;
        let keys = self.people.bundle_keys(turn.txn, id)?;
        let opening = Opening::begin(
            sealed,
            &device.device_key,
            keys.iter().map(|(_, prekey, secret)| (*prekey, secret)),
        );
        let opening = match opening {
            Ok(opening) => opening,
            Err(BundleFault::NoPrekey) => {
                // It is sealed to a prekey that we have lost: we tell the sender our prekey again.
                if device.given.of(FactKind::Prekey)
                    >= self.account.told.versions.of(FactKind::Prekey)
                {
                    self.fact_changed(turn, FactKind::Prekey)?;
                }
                return Err(Refusal::ParcelNotForUs.into());
            }
            Err(BundleFault::Malformed | BundleFault::Altered) => {
                return Err(Refusal::BadParcel.into());
            }
        };
        Ok(Intake {
            identity,
            device: id,
            tag: *header.tag(),
            prekey: keys[opening.which()].0,
            is_known,
            stage: Stage::Opening(opening),
            lists: 0,
            release: None,
            #[cfg(feature = "simulation")]
            ghost: None,
            brought: Brought {
                identity,
                messages: 0,
                acknowledged: 0,
                unusable: 0,
                manifest: None,
                #[cfg(feature = "simulation")]
                loads: Vec::new(),
            },
        })
    }

    /// Opens and checks a bundle, until `end` of the turn's work. A bundle that is not sound is refused as a whole.
    pub(super) fn check_intake(
        &self,
        turn: &Turn<'_>,
        intake: &mut Intake,
        end: u64,
    ) -> Result<(), CallError> {
        while turn.meter.spent() < end {
            match &mut intake.stage {
                Stage::Opening(opening) => {
                    let bytes = opening.open_chunk().map_err(|_| Refusal::BadParcel)?;
                    turn.meter.count(bytes as u64);
                    if bytes == 0 {
                        let all = opening.items();
                        let unread = all.clone();
                        intake.stage = Stage::Checking { unread, all };
                    }
                }
                Stage::Checking { unread, all } => match unread.next() {
                    Some(item) => {
                        let item = item.map_err(|_| Refusal::BadParcel)?;
                        let work = share::work_of_opening(item.content.len(), 1);
                        turn.meter.count(work);
                        self.check_item(intake, &item)?;
                    }
                    None => {
                        let items = all.clone();
                        intake.stage = Stage::Taking(items, None);
                    }
                },
                Stage::Taking(..) => break,
            }
        }
        Ok(())
    }

    /// Refuses an item that cannot be parsed, or has no place in a bundle.
    fn check_item(&self, intake: &mut Intake, item: &BundleItem) -> Result<(), Refusal> {
        let content = &item.content;
        let is_sound = match item.kind {
            items::FACT => items::read::<Fact>(content).is_ok_and(|fact| {
                intake.lists += usize::from(fact.kind == FactKind::DeviceList as u8);
                intake.lists <= MAX_LISTS
            }),
            items::FACT_HELD => items::read::<FactHeld>(content).is_ok(),
            kind if carried::KINDS.contains(&kind) => carried::is_sound(item),
            items::RELEASE => items::read::<ReleaseItem>(content).is_ok_and(|item| {
                intake.release.get_or_insert(item.release);
                true
            }),
            #[cfg(feature = "simulation")]
            items::LOADS => match load::read(content).filter(|_| self.simulates()) {
                Some(loads) => {
                    intake.ghost.get_or_insert(loads.ghost);
                    true
                }
                None => false,
            },
            #[cfg(not(feature = "simulation"))]
            items::LOADS => false,
            kind if items::SYNC.contains(&kind) => match Message::decode(kind, content) {
                Ok(Message::Entries { core, .. }) => Batch::parse(&core)
                    .or_else(|_| Batch::parse_signed(&core))
                    .is_ok(),
                Ok(_) => true,
                Err(_) => false,
            },
            _ => true,
        };
        match is_sound {
            true => Ok(()),
            false => Err(Refusal::BadParcel),
        }
    }

    /// Takes in what a checked bundle says, until `end` of the turn's work. Its keys prove that the contact says it, so
    /// each item that makes sense counts; it leaves out only the others. Once all is taken in, gives what it brought.
    pub(super) fn take_intake(
        &mut self,
        turn: &mut Turn<'_>,
        intake: &mut Intake,
        end: u64,
    ) -> Result<Option<Brought>, CallError> {
        // The user may have blocked or removed the contact since the last slice.
        if !self.people.may_talk_to(intake.device) {
            return Err(Refusal::Blocked.into());
        }
        if !intake.is_known && turn.txn.get(&intake.taken())?.is_some() {
            // The same bundle has meanwhile come another way.
            return Err(Refusal::ParcelKnown.into());
        }
        let Stage::Taking(items, reconciler) = &mut intake.stage else {
            return Ok(None);
        };
        let (identity, device) = (intake.identity, intake.device);
        let reconciler = match reconciler {
            Some(reconciler) => reconciler,
            None => {
                let shared = self.conversations.carried_with(identity);
                let salt_seed = rng::bytes(turn.rng);
                let channel = self.bundle_channel(device, &intake.tag, &salt_seed);
                let mut sync = Reconciler::new(turn.txn, &channel, &shared)?;
                self.groups.admit(&mut sync, identity);
                reconciler.insert(Box::new(sync))
            }
        };
        let brought = &mut intake.brought;
        let (rows, queued) = self.rows_with(turn, identity, device)?;
        let mut is_done = false;
        while turn.meter.spent() < end && !is_done {
            let taken = if reconciler.is_busy() {
                self.speaker(identity)
                    .map_err(LinkError::from)
                    .and_then(|mut speaker| Ok(reconciler.proceed(turn.txn, &mut speaker)?))
                    .and_then(|events| self.sync_events(turn, identity, device, events))
            } else if let Some(item) = items.next() {
                let item = item.map_err(|_| Refusal::BadParcel)?;
                turn.meter
                    .count(share::work_of(item.kind, item.content.len()));
                let declared = carried::heard(&mut brought.manifest, reconciler, &item);
                if intake.is_known {
                    continue;
                }
                #[cfg(feature = "simulation")]
                if item.kind == items::LOADS {
                    let loads = load::take(turn, device, &item.content)?;
                    brought.loads.extend(loads);
                }
                declared
                    .map_err(LinkError::from)
                    .and_then(|()| self.take_item(turn, (identity, device), reconciler, &item))
            } else {
                is_done = true;
                Ok(())
            };
            match taken {
                Ok(()) => {}
                Err(LinkError::Peer(_)) => brought.unusable += 1,
                Err(LinkError::Storage(error)) => return Err(error.into()),
            }
        }
        let (rows_after, left) = self.rows_with(turn, identity, device)?;
        brought.messages += rows_after.saturating_sub(rows);
        brought.acknowledged += queued.saturating_sub(left);
        if !is_done {
            return Ok(None);
        }
        let brought = brought.clone();
        if !intake.is_known {
            turn.txn
                .put(&intake.taken(), &intake.prekey.to_be_bytes())?;
        }
        Ok(Some(brought))
    }

    /// The number of rows in all conversations with an identity, and the number of our rows that its device has not
    /// acknowledged.
    fn rows_with(
        &self,
        turn: &Turn<'_>,
        identity: IdentityId,
        device: DeviceId,
    ) -> Result<(u64, u64), StorageError> {
        let (mut rows, mut queued) = (0, 0);
        for shared in self.conversations.carried_with(identity) {
            let summary = hedgerow_sync::space::summary(turn.txn, shared.space)?;
            rows += summary.map_or(0, |summary| summary.rows);
            queued += peer::unacked_rows(turn.txn, shared.space, device)?;
        }
        Ok((rows, queued))
    }

    /// Takes in one item of a bundle.
    fn take_item(
        &mut self,
        turn: &mut Turn<'_>,
        (identity, device): (IdentityId, DeviceId),
        reconciler: &mut Reconciler,
        item: &BundleItem,
    ) -> Result<(), LinkError> {
        match item.kind {
            items::FACT => {
                let fact: Fact = items::read(&item.content)?;
                if let Some(kind) = FactKind::from_number(fact.kind) {
                    self.fact_about(turn, device, kind, &fact)?;
                }
            }
            items::FACT_HELD => self.fact_held(turn, device, items::read(&item.content)?)?,
            items::FILE_HELD => self.file_held(turn, device, reconciler, &item.content)?,
            kind if items::SYNC.contains(&kind) => {
                let mut speaker = self.speaker(identity)?;
                let events = reconciler.receive(turn.txn, &mut speaker, kind, &item.content)?;
                self.sync_events(turn, identity, device, events)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl People {
    /// The contact's device that sealed the bundle with this tag.
    pub(super) fn sender_of(&self, account: &Account, tag: &[u8; 32]) -> Option<DeviceId> {
        match account.cryptography() {
            Cryptography::Real => {
                let me = account.device_id;
                let senders = self.devices.iter().map(|(id, device)| {
                    let direction = Direction::between(&id.0, &me.0);
                    (*id, &device.bundle_tag_key, direction)
                });
                bundle::recognise(tag, senders)
            }
            #[cfg(feature = "simulation")]
            Cryptography::Sized => self.sized_sender_of(account, tag),
        }
    }
}
