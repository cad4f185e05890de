//! Between sessions and `sync`: which spaces a contact shares, and what follows from the entries that it brings.

use hedgerow_sync::conversation::{Changes, NewRows};
use hedgerow_sync::entry::What;
use hedgerow_sync::id::{DeviceId, EntryId, IdentityId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::mark::MarkKey;
use hedgerow_sync::page;
use hedgerow_sync::reading::entries;
use hedgerow_sync::reconcile::{Channel, Event, Reconciler, Shared};
use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_sync::wire::{self, Message, Role};
use hedgerow_transport::session::{self, Item, Lane, Session};

use super::account::Account;
use super::content::MESSAGE;
use super::conversations::{Conversations, Speaker};
use super::fault::{LinkError, PeerFault};
use super::groups::{self, Groups};
use super::links::Errand;
use super::live::Live;
use super::pending_events::Run;
use super::timers::TIMER;
use super::{Owners, Turn, rng};
use crate::search;

/// The bytes that we queue beyond what a link takes now, so that every record but the last is full.
const LOOKAHEAD: usize = 2 * session::MAX_RECORD;

impl Owners {
    /// Begins reconciliation with the root from the other side's hello.
    pub(super) fn sync_begun(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        root: [u8; 16],
        opening: Incarnation,
    ) -> Result<(), LinkError> {
        let events = live.sync.peer_root(turn.txn, root, opening)?;
        self.sync_events(turn, live.identity, live.device, events)?;
        Ok(self.forget_heard(turn, live)?)
    }

    /// Handles an item of reconciliation.
    pub(super) fn sync_item(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        item: &Item,
    ) -> Result<(), LinkError> {
        let mut speaker = self.speaker(live.identity)?;
        let events = live
            .sync
            .receive(turn.txn, &mut speaker, item.kind, &item.content)?;
        self.sync_events(turn, live.identity, live.device, events)?;
        self.forget_heard(turn, live)?;
        Ok(self.conversations.end_wait(turn.txn, live)?)
    }

    /// Continues with an item of reconciliation.
    pub(super) fn sync_proceed(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
    ) -> Result<(), LinkError> {
        let mut speaker = self.speaker(live.identity)?;
        let events = live.sync.proceed(turn.txn, &mut speaker)?;
        self.sync_events(turn, live.identity, live.device, events)?;
        Ok(self.forget_heard(turn, live)?)
    }

    /// The devices whose entries a contact may bring as its own.
    pub(super) fn speaker(&mut self, identity: IdentityId) -> Result<Speaker<'_>, PeerFault> {
        let contact = self.people.contacts.get(&identity);
        let contact = contact.ok_or(PeerFault::OutOfPlace)?;
        Ok(Speaker::new(
            &self.conversations,
            &self.account,
            &mut self.groups,
            identity,
            contact,
        ))
    }

    /// Whether logs of this device are ours in a space.
    pub(super) fn is_ours(&self, space: SpaceId, device: DeviceId) -> bool {
        self.conversations.us(space, self.account.device_id) == device
    }

    /// Handles what reconciliation brought.
    pub(super) fn sync_events(
        &mut self,
        turn: &mut Turn<'_>,
        identity: IdentityId,
        device: DeviceId,
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
                    self.conversation_changed(turn, space, log, &changes)?;
                    turn.errands.push(Errand::TellGrowth(space, log, first));
                }
                Event::Acked { space, log, seq } if self.is_ours(space, log.device) => {
                    let last = EntryId { log, seq };
                    self.removals_acked(turn, space, device, last)?;
                    self.disappearing
                        .delivered(turn.txn, turn.now, space, last)?;
                    turn.pending.delivered.insert((space, device), last);
                    if let Some(couriering) = &mut self.couriering {
                        couriering.acked(identity);
                    }
                }
                Event::Acked { .. } => {}
                Event::Refused { refusal, .. } => {
                    tracing::debug!(?refusal, "entries of a contact are not accepted")
                }
                Event::RefusedByPeer { space, .. } => {
                    turn.pending.conversations.insert(space);
                }
                Event::Operations { space, shown, .. } => {
                    self.reshown(turn, space, &shown)?;
                    self.group_changed(turn, space)?;
                }
                Event::Shown { space, shown } => self.reshown(turn, space, &shown)?,
                Event::Bodies { space, entries } => self.bodies_came(turn, space, &entries)?,
                Event::Forked { space, log } => {
                    turn.errands.push(Errand::TellFork(space, log));
                    self.member_forked(turn, space, log)?;
                }
                Event::Fault(fault) => {
                    tracing::debug!(%fault, "a contact broke reconciliation");
                    broken = true;
                }
            }
        }
        // The events above still tell the user what came in before the fault.
        if broken {
            return Err(PeerFault::BadItem.into());
        }
        Ok(())
    }

    /// Gathers the events for entries of a log, ours or a member's, that have changed a conversation.
    pub(super) fn conversation_changed(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        log: LogId,
        changes: &Changes,
    ) -> Result<(), StorageError> {
        self.waiting.came(
            changes.row_count() + changes.annotated.len() as u64,
            turn.now,
        );
        for rows in &changes.rows {
            let run = Run {
                first: EntryId {
                    log,
                    seq: rows.first,
                },
                count: rows.count,
                is_ours: self.is_ours(space, log.device),
            };
            turn.pending.message(space, run);
        }
        if !self.is_ours(space, log.device) {
            let ours = changes.read.iter();
            let ours = ours.filter(|target| self.is_ours(space, target.log.device));
            let read = ours.map(|target| ((space, log.device, target.log), target.seq));
            turn.pending.read.extend(read);
        }
        if !changes.annotated.is_empty() {
            let (names, rows): (Vec<EntryId>, Vec<EntryId>) = changes
                .annotated
                .iter()
                .partition(|target| groups::is_name_of_member(**target));
            let annotated = turn.pending.annotated.entry(space).or_default();
            annotated.extend(rows);
            if !names.is_empty() && self.groups.get(space).is_some() {
                self.note_people(turn, space)?;
                turn.pending.conversations.insert(space);
            }
        }
        self.apply_deletions(turn, space, log, changes)?;
        for target in &changes.annotated {
            self.answer_arrived(turn, space, *target)?;
        }
        let mut rows = changes.rows.iter();
        rows.try_for_each(|rows| self.rows_arrived(turn, space, log, rows))?;
        self.apply_cancellations(turn, space, log, changes)
    }

    /// Entries of a group that came without their bodies have them now: what their texts say is found, and counts.
    fn bodies_came(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        ids: &[EntryId],
    ) -> Result<(), StorageError> {
        for entry in page::entries(turn.txn, space, ids.iter().copied())?.into_values() {
            let row = match entry.what {
                What::Row(_) => entry.id,
                What::Annotation { target, .. } => target,
            };
            if groups::is_name_of_member(row) {
                self.note_people(turn, space)?;
                continue;
            }
            if entry.what.is_row() {
                self.timer_arrived(turn, space, &entry)?;
                self.file_arrived(turn, space, &entry)?;
            }
            search::remember(turn.txn, space, row)?;
            let annotated = turn.pending.annotated.entry(space).or_default();
            annotated.insert(row);
        }
        self.apply_cancellations_of(turn, space, ids.iter().copied().collect())
    }

    /// Membership shows entries of a group now, or shows them no more: the files of those it shows may come.
    pub(super) fn reshown(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        ids: &[EntryId],
    ) -> Result<(), StorageError> {
        if ids.is_empty() {
            return Ok(());
        }
        turn.pending.reshown.insert(space);
        for entry in page::entries(turn.txn, space, ids.iter().copied())?.into_values() {
            if page::row_place(turn.txn, space, entry.id)?.is_some() {
                self.file_arrived(turn, space, &entry)?;
            }
        }
        self.apply_cancellations_of(turn, space, ids.iter().copied().collect())
    }

    /// Notes what rows say that have more than a text: timers and files.
    fn rows_arrived(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        log: LogId,
        rows: &NewRows,
    ) -> Result<(), StorageError> {
        if ![TIMER, MESSAGE].contains(&rows.kind) {
            return Ok(());
        }
        for row in entries(turn.txn, space, log, rows.first, rows.count as usize)? {
            self.timer_arrived(turn, space, &row)?;
            self.file_arrived(turn, space, &row)?;
        }
        let is_earlier = log.incarnation != self.account.incarnation;
        if self.is_ours(space, log.device) && is_earlier {
            // A contact has kept what an older copy of this store did not hold.
            let seq = Seq(rows.first.0 + rows.count - 1);
            let last = EntryId { log, seq };
            self.disappearing
                .delivered(turn.txn, turn.now, space, last)?;
        }
        Ok(())
    }
}

impl Conversations {
    /// A reconciler for a session with a contact's device.
    pub(super) fn reconciler(
        &self,
        account: &Account,
        groups: &Groups,
        turn: &mut Turn<'_>,
        device: DeviceId,
        identity: IdentityId,
        session: &Session,
    ) -> Result<Reconciler, StorageError> {
        let role = match session.role() {
            session::Role::Dialler => Role::Dialler,
            session::Role::Answerer => Role::Answerer,
        };
        let shared = self.shared_with(identity);
        let shared: Vec<Shared<'_>> = shared.map(|(space, one)| one.shared(space)).collect();
        let salt_seed = rng::bytes(turn.rng);
        let channel = Channel {
            me: account.own_log(),
            peer: device,
            role,
            hash: session.hash(),
            salt_seed: &salt_seed,
        };
        let mut sync = Reconciler::new(turn.txn, &channel, &shared)?;
        groups.admit(&mut sync, identity);
        Ok(sync)
    }
}

/// Queues what reconciliation has to say, up to a little more than `budget` bytes. True if that includes entries.
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
