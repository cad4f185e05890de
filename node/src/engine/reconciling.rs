//! Between sessions and `sync`: which spaces a contact shares, and what becomes of what it brings.

use hedgerow_sync::conversation::Changes;
use hedgerow_sync::id::{DeviceId, EntryId, IdentityId, Incarnation, LogId, SpaceId};
use hedgerow_sync::ingest::Authority;
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::reconcile::{Channel, Event, Reconciler, Shared};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_sync::wire::{self, Message, Role};
use hedgerow_transport::keys::SpaceSecret;
use hedgerow_transport::session::{self, Item, Lane, Session};

use super::account::Account;
use super::fault::{LinkError, PeerFault};
use super::links::Errand;
use super::live::Live;
use super::pending_events::Run;
use super::people::People;
use super::{Owners, Turn, rng};

/// Bytes queued beyond what a link takes now, so that every record but the last is a full one.
const LOOKAHEAD: usize = 2 * session::MAX_RECORD;

/// An [`Authority`] that borrows nothing of the engine.
pub(crate) struct OwnedAuthority {
    theirs: Vec<DeviceId>,
    mine: [DeviceId; 1],
    mark_key: MarkKey,
}

impl OwnedAuthority {
    pub fn borrow(&self) -> Authority<'_> {
        Authority {
            theirs: &self.theirs,
            mine: &self.mine,
            mark_key: &self.mark_key,
        }
    }
}

/// The id of the space with this secret (`docs/PROTOCOL.md` section 2).
pub(crate) fn space_id(secret: &SpaceSecret) -> SpaceId {
    let hash = blake3::derive_key("hedgerow 1 space id", secret.as_bytes());
    SpaceId(*hash.first_chunk().expect("16 bytes of 32"))
}

impl Owners {
    /// The other side's hello named its root.
    pub(super) fn sync_begun(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        root: [u8; 16],
        opening: Incarnation,
    ) -> Result<(), LinkError> {
        let events = live.sync.peer_root(turn.txn, root, opening)?;
        self.sync_events(turn, live.identity, events)
    }

    /// An item of reconciliation.
    pub(super) fn sync_item(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        item: &Item,
    ) -> Result<(), LinkError> {
        let authority = self.people.authority(&self.account, live.identity)?;
        let events = live
            .sync
            .receive(turn.txn, &authority.borrow(), item.kind, &item.content)?;
        self.sync_events(turn, live.identity, events)?;
        Ok(self.people.acknowledged(turn.txn, live)?)
    }

    /// Goes on with an item of reconciliation.
    pub(super) fn sync_proceed(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
    ) -> Result<(), LinkError> {
        let authority = self.people.authority(&self.account, live.identity)?;
        let events = live.sync.proceed(turn.txn, &authority.borrow())?;
        self.sync_events(turn, live.identity, events)
    }

    /// What reconciliation brought.
    pub(super) fn sync_events(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        events: Vec<Event>,
    ) -> Result<(), LinkError> {
        let mut broken = false;
        for event in events {
            match event {
                Event::Stored {
                    space,
                    log,
                    first,
                    changes,
                    ..
                } => {
                    self.conversation_changed(turn, identity, log, &changes);
                    turn.errands.push(Errand::TellGrowth(space, log, first));
                }
                Event::Acked { log, seq, .. } if log.device == self.account.device_id => {
                    turn.pending
                        .delivered
                        .insert(identity, EntryId { log, seq });
                    self.courier_acked(identity);
                }
                Event::Acked { .. } => {}
                Event::Refused { refusal, .. } => {
                    tracing::debug!(?refusal, "entries of a contact are not accepted")
                }
                Event::RefusedByPeer { .. } => {
                    turn.pending.contacts.insert(identity);
                }
                Event::Fault(fault) => {
                    tracing::debug!(%fault, "a contact broke reconciliation");
                    broken = true;
                }
            }
        }
        // What came in with it is told all the same.
        if broken {
            return Err(PeerFault::BadItem.into());
        }
        Ok(())
    }

    /// The conversation with a contact has changed, by entries of this log: ours or the contact's. What
    /// is new is told.
    pub(super) fn conversation_changed(
        &self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        log: LogId,
        changes: &Changes,
    ) {
        for rows in &changes.rows {
            let run = Run {
                first: EntryId {
                    log,
                    seq: rows.first,
                },
                count: rows.count,
                mine: log.device == self.account.device_id,
            };
            turn.pending.message(identity, run);
        }
        if !changes.annotated.is_empty() {
            let annotated = turn.pending.annotated.entry(identity).or_default();
            annotated.extend(&changes.annotated);
        }
    }
}

impl People {
    /// Reconciliation over a session with a contact's device.
    pub(super) fn reconciler(
        &self,
        account: &Account,
        turn: &mut Turn<'_>,
        device: DeviceId,
        identity: IdentityId,
        session: &Session,
    ) -> Result<Reconciler, LinkError> {
        let contact = self.contacts.get(&identity).ok_or(PeerFault::OutOfPlace)?;
        let role = match session.role() {
            session::Role::Dialler => Role::Dialler,
            session::Role::Answerer => Role::Answerer,
        };
        let secrets = std::iter::once(contact.space.clone());
        #[cfg(feature = "simulation")]
        let secrets = secrets.chain(contact.synthetic_spaces());
        let secrets: Vec<SpaceSecret> = secrets.collect();
        let shared: Vec<Shared<'_>> = secrets
            .iter()
            .map(|secret| Shared {
                space: space_id(secret),
                secret: secret.as_bytes(),
            })
            .collect();
        let salt_seed = rng::bytes(turn.rng);
        let channel = Channel {
            me: account.own_log(),
            peer: device,
            role,
            hash: session.hash(),
            salt_seed: &salt_seed,
        };
        Ok(Reconciler::new(turn.txn, &channel, &shared)?)
    }

    /// For whom a contact speaks.
    pub(super) fn authority(
        &self,
        account: &Account,
        identity: IdentityId,
    ) -> Result<OwnedAuthority, LinkError> {
        let contact = self.contacts.get(&identity).ok_or(PeerFault::OutOfPlace)?;
        Ok(OwnedAuthority {
            theirs: contact.device_ids(),
            mine: [account.device_id],
            mark_key: account.mark_key.clone(),
        })
    }
}

/// Queues what reconciliation has to say, up to about `budget` bytes and a little more. Says whether entries are
/// among it.
pub(crate) fn fill(
    sync: &mut Reconciler,
    session: &mut Session,
    reader: &dyn Reader,
    mark_key: &MarkKey,
    budget: usize,
) -> Result<bool, StorageError> {
    let room = (budget + LOOKAHEAD).saturating_sub(session.queued());
    if room == 0 || !sync.has_more() {
        return Ok(false);
    }
    let mut messages = Vec::new();
    sync.fill(reader, mark_key, room, &mut messages)?;
    let is_batch = |message: &Message| matches!(message, Message::Entries { .. });
    let says_entries = messages.iter().any(is_batch);
    for message in messages {
        say(session, &message);
    }
    Ok(says_entries)
}

fn say(session: &mut Session, message: &Message) {
    let lane = match message.lane() {
        wire::Lane::Control => Lane::Control,
        wire::Lane::Text => Lane::Text,
    };
    session
        .push(lane, message.kind(), message.encode().into())
        .expect("the limits of batches and frontiers are below that of items");
}
