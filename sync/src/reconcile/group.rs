//! What a session exchanges about a group besides what it exchanges about any space: the control log, which goes first, runs that
//! are resolved together, and proofs that a log is forked (`docs/PROTOCOL.md` section 4b).

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use super::bodies::Bodies;
use super::entries::BATCH_WORK;
use super::tasks::{Arrived, Intake, Task};
use super::{Event, Extent, Fault, Reconciler};
use crate::control::{AcceptError, ControlHeads, ControlLog};
use crate::group::{Fork, Group, Offered, Pool, Taken, freeze, take};
use crate::id::{LogId, SpaceId};
use crate::ingest::{Authorities, Authority, Refusal};
use crate::log::LogRow;
use crate::membership::{HeldByPeer, Level, MemberKey, Membership, Operation, OperationId, Told};
use crate::space::{Digest, Frontier};
use crate::store::{Reader, StorageError, Txn};
use crate::wire::{Blind, MAX_NAMED, MAX_OPERATIONS_BYTES, Message};

/// Most operations that a session asks a peer for.
const MAX_ASKED: usize = 16_384;
/// Entries of a run that is stored that cost as much as one segment that is read.
const ENTRIES_PER_WORK: usize = 8;

/// What a session knows of the peer's side of a group.
#[derive(Default)]
pub(super) struct GroupProgress {
    tell_due: bool,
    told: bool,
    /// The peer has named operations that it holds, so what it lacks is known.
    heard: bool,
    /// Another session brings the entries first.
    waits: bool,
    /// The frontier that is due once the peer has named its operations, and this session need not wait.
    deferred: Option<Extent>,
    held: HeldByPeer,
    /// What of that the peer has said itself, and not only been sent.
    said: HeldByPeer,
    /// Operations that the peer has said that it holds and that are not noted yet.
    unnoted: Vec<OperationId>,
    /// How many runs of entries have come that were new.
    brought: u64,
    /// Operations to send.
    due: VecDeque<OperationId>,
    /// Operations to ask for, and those that were asked for.
    wants: BTreeSet<OperationId>,
    asked: BTreeSet<OperationId>,
    /// Whose key the peer has in the group, if the caller has said so.
    peer: Option<MemberKey>,
    /// What the peer is told, as of so many operations held.
    allowed: Option<(usize, Told)>,
    /// The peer or this device is not in the group: only operations are exchanged.
    pub(super) is_closed: bool,
    pub(super) pool: Pool,
    pub(super) bodies: Bodies,
}

impl GroupProgress {
    /// Puts a frontier off until the control log has been exchanged. Returns whether it has to wait.
    pub(super) fn defers(&mut self, extent: Extent) -> bool {
        if !self.heard {
            self.tell();
        }
        let has_to_wait = !self.heard || self.waits;
        if has_to_wait {
            self.deferred = self.deferred.max(Some(extent));
        }
        has_to_wait
    }

    pub(super) fn tell(&mut self) {
        self.tell_due |= !std::mem::replace(&mut self.told, true);
    }

    /// Tells once more which operations are held: the peer may not have listened yet.
    pub(super) fn tell_again(&mut self) {
        self.told = false;
        self.tell();
    }

    /// Sends all operations, to a peer that cannot answer.
    pub(super) fn send_all(&mut self, all: Vec<OperationId>) {
        self.heard = true;
        self.due = all.into();
    }

    /// When it said hello, the peer held all operations that count here, as these heads name them.
    pub(super) fn is_equal(&mut self, heads: ControlHeads) {
        self.heard = true;
        self.unnoted = heads.named;
    }

    pub(super) fn has_control(&self) -> bool {
        self.tell_due || !self.due.is_empty() || !self.wants.is_empty() || self.bodies.has_names()
    }

    /// Whether operations are to be sent before anything else.
    pub(super) fn has_operations(&self) -> bool {
        !self.due.is_empty()
    }

    fn want(&mut self, wanted: impl Iterator<Item = OperationId>) {
        for id in wanted {
            if self.asked.len() < MAX_ASKED && self.asked.insert(id) {
                self.wants.insert(id);
            }
        }
    }

    /// What the peer is told of the operations.
    fn allowed(&mut self, membership: &Membership) -> Told {
        let Some(peer) = self.peer else {
            return Told::All;
        };
        let count = membership.count();
        let known = self.allowed.take().filter(|(of, _)| *of == count);
        let (_, told) = known.unwrap_or_else(|| (count, membership.told_to(peer)));
        self.allowed = Some((count, told.clone()));
        told
    }

    /// Queues what the peer lacks of the operations that it is told.
    fn send_lacking(&mut self, group: &Group) {
        let membership = group.membership();
        for id in std::mem::take(&mut self.unnoted) {
            membership.note_held(&mut self.held, id);
            membership.note_held(&mut self.said, id);
        }
        if self.heard {
            let told = self.allowed(membership);
            for id in membership.lacking(&self.held, &told) {
                membership.note_held(&mut self.held, id);
                self.due.push_back(id);
            }
        }
    }

    /// Makes the items of the control log.
    pub(super) fn fill(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        blind: Blind,
        steps: &mut usize,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        if std::mem::take(&mut self.tell_due) {
            out.push(Message::Control {
                space: blind,
                named: ControlHeads::read(reader, space)?.named,
            });
        }
        while !self.wants.is_empty() {
            let wanted: Vec<_> = self.wants.iter().take(MAX_NAMED).copied().collect();
            wanted.iter().for_each(|id| _ = self.wants.remove(id));
            out.push(Message::WantOperations {
                space: blind,
                wanted,
            });
        }
        self.bodies.fill_names(blind, out);
        let (mut operations, mut length) = (Vec::new(), 0);
        let mut send = |operations: &mut Vec<Bytes>, length: &mut usize| {
            *length = 0;
            if !operations.is_empty() {
                out.push(Message::Operations {
                    space: blind,
                    operations: std::mem::take(operations),
                });
            }
        };
        while *steps > 0
            && let Some(id) = self.due.pop_front()
        {
            *steps -= 1;
            let Some(bytes) = ControlLog::operation(reader, space, id)? else {
                continue;
            };
            // With its length before it.
            if length + bytes.len() + 3 > MAX_OPERATIONS_BYTES {
                send(&mut operations, &mut length);
            }
            length += bytes.len() + 3;
            operations.push(bytes.into());
        }
        send(&mut operations, &mut length);
        Ok(())
    }
}

/// The digest of a group in a hello: of its control log and of its frontier.
pub(super) fn whole_digest(control: Digest, frontier: Digest) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hedgerow 1 group");
    hasher.update(&control).update(&frontier);
    let mut digest = Digest::default();
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

impl Reconciler {
    fn group(&mut self, space: SpaceId) -> Option<&mut GroupProgress> {
        self.progress(space)?.group.as_deref_mut()
    }

    /// Says which key the peer has in a group that is shared with it. While the peer or this device is not in the group by the
    /// operations that are held, only operations are exchanged: those that put the peer out, and those before them.
    pub fn admit(&mut self, group: &Group, peer: MemberKey) {
        if let Some(progress) = self.group(group.space()) {
            if progress.peer.replace(peer) != Some(peer) {
                progress.allowed = None;
            }
            let membership = group.membership();
            let told = progress.allowed(membership);
            progress.due.retain(|id| membership.tells(&told, *id));
        }
        self.open_or_close(group);
    }

    fn open_or_close(&mut self, group: &Group) {
        let space = group.space();
        let Some(progress) = self.spaces.get_mut(&space) else {
            return;
        };
        let Some(of_group) = &mut progress.group else {
            return;
        };
        let Some(peer) = of_group.peer else {
            return;
        };
        let is_closed = !(group.am_in() && group.membership().level(peer) >= Level::MEMBER);
        if std::mem::replace(&mut of_group.is_closed, is_closed) == is_closed {
            return;
        }
        if is_closed {
            of_group.pool = Pool::default();
            of_group.bodies.close();
            of_group.deferred = None;
            of_group.tell();
            progress.told_frontier = false;
            progress.frontier_due = None;
            progress.need_full_due = false;
            progress.coming = None;
            progress.walk = None;
            progress.view = None;
            progress.grown.clear();
            progress.acks.clear();
        } else {
            // The peer may have told its frontier to nobody.
            progress.need_full_due = true;
            self.frontier_is_due(space, Extent::Full);
        }
    }

    /// Whether only operations of a space are exchanged.
    pub(super) fn is_closed(&self, space: SpaceId) -> bool {
        let group = self.spaces.get(&space).and_then(|it| it.group.as_deref());
        group.is_some_and(|group| group.is_closed)
    }

    /// Tells the reconciler that operations of a group are new here: written, or from another session.
    pub fn control_grew(&mut self, group: &Group) {
        let space = group.space();
        self.open_or_close(group);
        let Some(progress) = self.group(space) else {
            return;
        };
        progress.send_lacking(group);
        if progress.pool.operations_came(group) {
            self.dropped.insert(space);
        }
        self.resolve(space);
    }

    /// Puts off to tell the peer what entries of a group are held here, so that it sends none yet, while another session brings them:
    /// else both bring the same. This session goes on to give. The caller ends that by [`Reconciler::take_turn`], once the other session
    /// is no longer [behind](Reconciler::is_behind), is over, or has brought nothing for some seconds.
    pub fn wait_for_turn(&mut self, space: SpaceId) {
        if let Some(progress) = self.group(space) {
            progress.waits = true;
        }
    }

    /// Tells the peer what entries of a group are held here, so that it sends the others.
    pub fn take_turn(&mut self, space: SpaceId) {
        let Some(progress) = self.group(space) else {
            return;
        };
        progress.waits = false;
        if progress.heard
            && let Some(extent) = progress.deferred.take()
        {
            self.frontier_is_due(space, extent);
        }
    }

    /// Whether a group is shared with the peer and open towards it.
    pub fn is_open(&self, space: SpaceId) -> bool {
        let group = self.spaces.get(&space).and_then(|it| it.group.as_deref());
        group.is_some_and(|group| !group.is_closed)
    }

    /// How many runs of entries of a group the peer has brought that were new when they came.
    pub fn brought(&self, space: SpaceId) -> u64 {
        let group = self.spaces.get(&space).and_then(|it| it.group.as_deref());
        group.map_or(0, |group| group.brought)
    }

    /// Whether the peer has said in this session that it holds all operations of a group that count here.
    pub fn says_to_hold_all(&self, group: &Group) -> bool {
        let progress = self.spaces.get(&group.space());
        let Some(progress) = progress.and_then(|it| it.group.as_deref()) else {
            return false;
        };
        let membership = group.membership();
        let mut said = progress.said.clone();
        for id in &progress.unnoted {
            membership.note_held(&mut said, *id);
        }
        membership.lacking(&said, &Told::All).is_empty()
    }

    /// Tells the reconciler that a log is known to be forked: from another session.
    pub fn forked(&mut self, space: SpaceId, log: LogId) {
        if let Some(progress) = self.group(space) {
            progress.pool.drop_log(log);
        }
        if let Some(view) = self.view(space) {
            view.forked(log);
        }
        self.resolve(space);
    }

    /// Looks again at runs that wait, if anything has changed for them.
    pub(super) fn resolve(&mut self, space: SpaceId) {
        let has_work = self.group(space).is_some_and(|it| it.pool.has_work());
        if has_work || self.dropped.contains(&space) {
            self.tasks.push_back(Task::Intake(Intake {
                space,
                next: None,
                stored: Vec::new(),
            }));
        }
    }

    /// The peer named operations that it holds.
    pub(super) fn control(
        &mut self,
        authorities: &mut dyn Authorities,
        space: SpaceId,
        named: Vec<OperationId>,
    ) {
        let Authority::Group(group) = authorities.of(space) else {
            return;
        };
        let Some(progress) = self.group(space) else {
            return;
        };
        progress.unnoted.extend(named);
        progress.heard = true;
        progress.send_lacking(group);
        progress.tell();
        let deferred = progress.deferred.take();
        let told = self.spaces.get(&space).is_some_and(|it| it.told_frontier);
        if let Some(extent) = deferred.or((!told).then_some(Extent::Difference)) {
            self.frontier_is_due(space, extent);
        }
    }

    /// Operations arrived.
    pub(super) fn operations(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
        space: SpaceId,
        operations: &[Bytes],
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Authority::Group(group) = authorities.of(space) else {
            return Ok(());
        };
        let many: Vec<&[u8]> = operations.iter().map(|bytes| &bytes[..]).collect();
        let (new, shown) = match group.accept_many(txn, &many) {
            Ok(accepted) => accepted,
            Err(AcceptError::Operation(_)) => {
                events.push(Event::Fault(Fault::BadItem));
                return Ok(());
            }
            Err(AcceptError::Storage(error)) => return Err(error),
        };
        let Some(progress) = self.group(space) else {
            return Ok(());
        };
        let ids = many
            .iter()
            .filter_map(|it| Operation::decode_stored(it).ok());
        progress.unnoted.extend(ids.map(|it| it.id()));
        progress.want(group.wanted());
        if !new.is_empty() {
            events.push(Event::Operations {
                space,
                operations: new,
                shown,
            });
        }
        self.control_grew(group);
        Ok(())
    }

    /// The peer wants these operations.
    pub(super) fn operations_wanted(
        &mut self,
        authorities: &mut dyn Authorities,
        space: SpaceId,
        wanted: Vec<OperationId>,
    ) {
        let Authority::Group(group) = authorities.of(space) else {
            return;
        };
        if let Some(progress) = self.group(space) {
            let queued: BTreeSet<OperationId> = progress.due.iter().copied().collect();
            let membership = group.membership();
            let told = progress.allowed(membership);
            let wanted = wanted
                .into_iter()
                .filter(|id| membership.tells(&told, *id) && !queued.contains(id));
            progress.due.extend(wanted.collect::<BTreeSet<_>>());
        }
    }

    /// The peer says that a log is forked.
    pub(super) fn fork_told(
        &mut self,
        txn: &mut dyn Txn,
        authorities: &mut dyn Authorities,
        space: SpaceId,
        log: LogId,
        fork: &Fork,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Authority::Group(group) = authorities.of(space) else {
            return Ok(());
        };
        let author = group.author(log.device);
        if !author.is_some_and(|author| fork.verify(author, space, log)) {
            events.push(Event::Fault(Fault::BadItem));
            return Ok(());
        }
        self.freeze(txn, group, log, fork, events)
    }

    fn freeze(
        &mut self,
        txn: &mut dyn Txn,
        group: &Group,
        log: LogId,
        fork: &Fork,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let space = group.space();
        if freeze(txn, space, log, group.is_mine(log.device), fork)? {
            events.push(Event::Forked { space, log });
            self.forked(space, log);
        }
        Ok(())
    }

    /// Takes in runs; true once the one that arrived, and those that waited for it, are done.
    pub(super) fn group_intake(
        &mut self,
        txn: &mut dyn Txn,
        group: &mut Group,
        intake: &mut Intake,
        left: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<bool, StorageError> {
        let space = intake.space;
        if self.is_closed(space) {
            return Ok(true);
        }
        while *left > 0 {
            if let Some(arrived) = intake.next.take() {
                *left = left.saturating_sub(BATCH_WORK);
                self.offer(txn, group, arrived, events)?;
                continue;
            }
            let Some(progress) = self.group(space) else {
                return Ok(true);
            };
            if let Some(run) = progress.pool.step(txn, group, left)? {
                let work = BATCH_WORK + run.entries.len() / ENTRIES_PER_WORK;
                *left = left.saturating_sub(work);
                let (log, last) = (run.log, run.head.seq);
                if run.entries.iter().any(|entry| entry.is_bare) {
                    self.came_bare(space);
                }
                match take(txn, group, &run)? {
                    Taken::Stored {
                        first,
                        last,
                        changes,
                        shown,
                    } => {
                        events.push(Event::Stored {
                            space,
                            log,
                            first,
                            last,
                            changes,
                        });
                        if !shown.is_empty() {
                            events.push(Event::Shown { space, shown });
                        }
                        self.now_held(space, log, first, last);
                        let is_mine = group.is_mine(log.device);
                        self.sender_holds(txn, is_mine, space, log, last, events)?;
                    }
                    Taken::Nothing => {
                        let is_mine = group.is_mine(log.device);
                        self.known(txn, is_mine, space, log, last, events)?;
                    }
                    Taken::TooManyLogs => self.refuse(space, log, Refusal::TooManyLogs, events),
                }
                if let Some(progress) = self.group(space) {
                    progress.pool.grew(log, last);
                }
            } else if !progress.pool.has_work() {
                let wanted: Vec<_> = progress.pool.wanted().collect();
                progress.want(wanted.into_iter());
                if progress.pool.is_empty() && self.dropped.remove(&space) {
                    self.frontier_is_due(space, Extent::Full);
                }
                self.tasks.push_back(Task::Ask(space));
                self.settle(txn, space)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn offer(
        &mut self,
        txn: &mut dyn Txn,
        group: &Group,
        arrived: Arrived,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let (space, log) = (group.space(), arrived.log);
        let Some(progress) = self.group(space) else {
            return Ok(());
        };
        match progress.pool.offer(txn, group, log, &arrived.core)? {
            Offered::Waits => progress.brought += 1,
            Offered::Gap | Offered::Unknown => {}
            Offered::Full => _ = self.dropped.insert(space),
            Offered::Known(last) => {
                let is_mine = group.is_mine(log.device);
                self.known(txn, is_mine, space, log, last, events)?;
            }
            Offered::Refused(refusal) => {
                // Another device with other operations may judge otherwise, so the peer need not remember it.
                if let Some(view) = self.view(space) {
                    view.stop(log);
                }
                events.push(Event::Refused {
                    space,
                    log,
                    refusal,
                });
            }
            Offered::Malformed(error) => events.push(Event::Fault(Fault::BadBatch(error))),
            Offered::Forked(fork) => self.freeze(txn, group, log, &fork, events)?,
        }
        Ok(())
    }

    fn known(
        &mut self,
        txn: &mut dyn Txn,
        is_mine: bool,
        space: SpaceId,
        log: LogId,
        last: crate::id::Seq,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Some(row) = LogRow::read(txn, space, log)? else {
            return Ok(());
        };
        self.already_held(space, log, last, row.head);
        self.sender_holds(txn, is_mine, space, log, last, events)
    }

    /// Records that the peer holds what it sent and was held here.
    pub(super) fn already_held(
        &mut self,
        space: SpaceId,
        log: LogId,
        last: crate::id::Seq,
        head: crate::id::Seq,
    ) {
        if let Some(progress) = self.spaces.get_mut(&space) {
            let acks: &mut Frontier = &mut progress.acks;
            acks.insert(log, head);
            if let Some(view) = &mut progress.view {
                view.holds_up_to(log, last, head);
            }
        }
    }
}
