//! Reconciliation of the spaces shared with one device, over one session or bundle
//! (`docs/PROTOCOL.md` section 6).
//!
//! A [`Reconciler`] is told what the peer says ([`Reconciler::peer_root`], [`Reconciler::receive`]) and
//! what grows here ([`Reconciler::grew`]), each within a transaction, and gives what is to be sent
//! ([`Reconciler::fill`]). What it gives may leave only after that transaction has been committed: an
//! acknowledgement says that entries are durable. It believes the peer in nothing but what the peer
//! says of itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use crate::batch::{Batch, BatchError};
use crate::id::{DeviceId, EntryId, Lamport, LogId, Seq, SpaceId};
use crate::ingest::{Authority, Ingested, Refusal, ingest};
use crate::log::LogRow;
use crate::mark::MarkKey;
use crate::outgoing::next_batch;
use crate::peer::{self, Base, heads, offered};
use crate::segment::lamport_of;
use crate::space::{self, Digest, Frontier, MAX_LOGS, frontier_digest};
use crate::store::{Reader, StorageError, Txn};
use crate::waiting::{Waiter, Waiting};
use crate::wire::{Blind, MAX_DIGESTS, MAX_FRONTIER, Message, Role, root};

/// With more shared spaces than this, digests are exchanged before frontiers.
pub const FEW_SPACES: usize = 8;
/// Logs refused that a session remembers having told the peer, at most.
pub const MAX_TOLD_REFUSALS: usize = 256;

/// A space shared with the peer.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    /// The space.
    pub space: SpaceId,
    /// Its secret, which only blinds its name.
    pub secret: &'a [u8; 32],
}

/// What happened, for the engine to act on and to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Entries are new here.
    Stored {
        /// The space.
        space: SpaceId,
        /// Their log.
        log: LogId,
        /// The first.
        first: Seq,
        /// The last.
        last: Seq,
    },
    /// The peer's device now holds this log up to there.
    Acked {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Its last entry held.
        seq: Seq,
    },
    /// Entries were not accepted: the sender may not speak for this log.
    Refused {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Why.
        refusal: Refusal,
    },
    /// The peer does not want a log.
    RefusedByPeer {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Why.
        refusal: Refusal,
    },
    /// The peer broke the protocol: end the session.
    Fault(Fault),
}

/// How the peer broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An item is malformed or over a limit.
    #[error("an item is malformed or over a limit")]
    BadItem,
    /// A batch is.
    #[error(transparent)]
    BadBatch(BatchError),
}

/// Brings two stores to the same entries. One a session.
pub struct Reconciler {
    peer: DeviceId,
    root: Digest,
    spaces: BTreeMap<SpaceId, Progress>,
    /// How the peer names the spaces.
    named: BTreeMap<Blind, SpaceId>,
    /// What leaves before any entries.
    control: VecDeque<Message>,
    waiting: Waiting,
    /// Spaces of which waiting batches were dropped.
    dropped: BTreeSet<SpaceId>,
    told_refusals: BTreeSet<(SpaceId, LogId)>,
}

/// How far one space has come in this session.
struct Progress {
    blind: Blind,
    /// The digest that went into the root.
    stated: Digest,
    /// Logs that have grown since, from here, while the peer's frontier is unknown.
    grown: BTreeMap<LogId, Seq>,
    told_frontier: bool,
    /// Parts of the peer's frontier that have come.
    coming: Option<Frontier>,
    /// Once the peer's frontier is known.
    view: Option<View>,
    /// Held durably, to be said.
    acks: Frontier,
}

/// What the peer holds of a space, and what it is to be sent.
#[derive(Default)]
struct View {
    /// Logs that the peer holds more or less of than we do, up to where. In all others we are equal.
    theirs: Frontier,
    /// Next entry to send of each log that has any.
    next: BTreeMap<LogId, Seq>,
    /// The same by Lamport, or what is known of it.
    queue: BTreeSet<(Lamport, LogId)>,
    /// The base has been remembered in this session.
    settled: bool,
}

impl View {
    fn send_from(&mut self, lamport: Lamport, log: LogId, seq: Seq) {
        self.next.insert(log, seq);
        self.queue.insert((lamport, log));
    }

    fn stop(&mut self, log: LogId) {
        self.next.remove(&log);
        self.queue.retain(|(_, queued)| *queued != log);
    }

    fn holds(&self, entry: EntryId) -> bool {
        self.theirs
            .get(&entry.log)
            .is_none_or(|held| entry.seq <= *held)
    }

    /// The peer holds `log` up to `seq`; we hold it up to `head`.
    fn holds_up_to(&mut self, log: LogId, seq: Seq, head: Seq) {
        let Some(theirs) = self.theirs.get_mut(&log) else {
            return;
        };
        *theirs = seq.max(*theirs);
        if *theirs == head {
            self.theirs.remove(&log);
        }
    }
}

impl Reconciler {
    /// For a session with `peer` in which we are `role`. The transaction keeps digests that had to
    /// be computed.
    pub fn new(
        txn: &mut dyn Txn,
        peer: DeviceId,
        role: Role,
        session_hash: &[u8],
        shared: &[Shared<'_>],
    ) -> Result<Reconciler, StorageError> {
        let their_role = match role {
            Role::Dialler => Role::Answerer,
            Role::Answerer => Role::Dialler,
            Role::Bundle => Role::Bundle,
        };
        let mut spaces = BTreeMap::new();
        let mut named = BTreeMap::new();
        for Shared { space, secret } in shared {
            let stated = shared_digest(txn, *space, peer)?;
            named.insert(Blind::new(secret, session_hash, their_role), *space);
            spaces.insert(
                *space,
                Progress {
                    blind: Blind::new(secret, session_hash, role),
                    stated,
                    grown: BTreeMap::new(),
                    told_frontier: false,
                    coming: None,
                    view: None,
                    acks: Frontier::new(),
                },
            );
        }
        let root = root(
            spaces
                .iter()
                .map(|(space, progress)| (space, &progress.stated)),
        );
        Ok(Reconciler {
            peer,
            root,
            spaces,
            named,
            control: VecDeque::new(),
            waiting: Waiting::default(),
            dropped: BTreeSet::new(),
            told_refusals: BTreeSet::new(),
        })
    }

    /// For a bundle to `peer`: [`Reconciler::fill`] gives a frontier of each space, then all that the
    /// peer has not acknowledged. `tag` is the bundle's.
    pub fn export(
        txn: &mut dyn Txn,
        peer: DeviceId,
        tag: &[u8],
        shared: &[Shared<'_>],
    ) -> Result<Reconciler, StorageError> {
        let mut reconciler = Reconciler::new(txn, peer, Role::Bundle, tag, shared)?;
        for Shared { space, .. } in shared {
            let logs = offered(txn, *space, peer)?;
            reconciler.tell_frontier(*space, None, heads(&logs));
            let mut held = Frontier::new();
            for log in logs.keys() {
                held.insert(*log, peer::acked(txn, *space, peer, *log)?);
            }
            reconciler.begin(txn, *space, &logs, held)?;
        }
        Ok(reconciler)
    }

    /// The digest over all shared spaces, for hello.
    pub fn root(&self) -> Digest {
        self.root
    }

    /// The peer has said hello.
    pub fn peer_root(
        &mut self,
        txn: &mut dyn Txn,
        theirs: Digest,
    ) -> Result<Vec<Event>, StorageError> {
        let spaces: Vec<SpaceId> = self.spaces.keys().copied().collect();
        let mut events = Vec::new();
        if theirs == self.root {
            for space in spaces {
                self.equal(txn, space, &mut events)?;
            }
        } else if spaces.len() <= FEW_SPACES {
            for space in spaces {
                self.send_frontier(txn, space)?;
            }
        } else {
            let digests: Vec<_> = self
                .spaces
                .values()
                .map(|progress| (progress.blind, progress.stated))
                .collect();
            for part in digests.chunks(MAX_DIGESTS) {
                self.control.push_back(Message::Digests(part.to_vec()));
            }
        }
        Ok(events)
    }

    /// An item of kind 16 to 21 has come.
    pub fn receive(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Authority<'_>,
        kind: u64,
        content: &Bytes,
    ) -> Result<Vec<Event>, StorageError> {
        let mut events = Vec::new();
        match Message::decode(kind, content) {
            Err(_) => events.push(Event::Fault(Fault::BadItem)),
            Ok(Message::Digests(digests)) => {
                for (blind, digest) in digests {
                    self.digest(txn, blind, digest, &mut events)?;
                }
            }
            Ok(Message::Frontier {
                space,
                base,
                logs,
                more,
            }) => {
                if let Some(space) = self.named.get(&space).copied() {
                    self.frontier_part(txn, space, base, logs, more, &mut events)?;
                }
            }
            Ok(Message::NeedFull(blind)) => {
                if let Some(space) = self.named.get(&blind).copied() {
                    let logs = heads(&offered(txn, space, self.peer)?);
                    self.tell_frontier(space, None, logs);
                }
            }
            Ok(Message::Entries { space, log, core }) => {
                if let Some(space) = self.named.get(&space).copied() {
                    self.entries(txn, authority, space, log, core, &mut events)?;
                }
            }
            Ok(Message::Ack { space, logs }) => {
                if let Some(space) = self.named.get(&space).copied() {
                    self.ack(txn, space, logs, &mut events)?;
                }
            }
            Ok(Message::Refused { space, log, reason }) => {
                if let Some(space) = self.named.get(&space).copied() {
                    self.refused(txn, space, log, reason, &mut events)?;
                }
            }
        }
        Ok(events)
    }

    /// Entries of `log` from `first` on are new here: appended, or come over another session. (What
    /// [`Reconciler::receive`] stored, it knows.)
    pub fn grew(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        log: LogId,
        first: Seq,
    ) -> Result<(), StorageError> {
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        let Some(view) = &mut progress.view else {
            progress.grown.entry(log).or_insert(first);
            return Ok(());
        };
        if let std::collections::btree_map::Entry::Vacant(equal) = view.theirs.entry(log) {
            equal.insert(Seq(first.0 - 1));
        }
        if !view.next.contains_key(&log) {
            let Some(row) = LogRow::read(reader, space, log)? else {
                return Ok(());
            };
            let refused = peer::refusal(reader, space, self.peer, log)?.is_some();
            // What came from elsewhere may be what the peer held all along.
            let from = view
                .theirs
                .get(&log)
                .map_or(first, |held| first.max(Seq(held.0 + 1)));
            if !refused && from <= row.head {
                let lamport = lamport_of(reader, space, row.number, from)?;
                view.send_from(lamport, log, from);
            }
            view.holds_up_to(log, Seq(0), row.head);
        }
        Ok(())
    }

    /// Whether there is anything to send.
    pub fn has_more(&self) -> bool {
        !self.control.is_empty()
            || self.spaces.values().any(|progress| {
                !progress.acks.is_empty()
                    || progress
                        .view
                        .as_ref()
                        .is_some_and(|view| !view.queue.is_empty())
            })
    }

    /// Gives what is to be sent next, up to about `budget` bytes of entries (the last may pass it).
    /// Call it whenever the link has room; entries are read from the store as they leave.
    pub fn fill(
        &mut self,
        reader: &dyn Reader,
        mark_key: &MarkKey,
        budget: usize,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        out.extend(self.control.drain(..));
        let mut newest = Vec::new();
        for (space, progress) in &mut self.spaces {
            let blind = progress.blind;
            while !progress.acks.is_empty() {
                let rest = match progress.acks.keys().nth(MAX_FRONTIER).copied() {
                    Some(at) => progress.acks.split_off(&at),
                    None => Frontier::new(),
                };
                let logs = std::mem::replace(&mut progress.acks, rest);
                out.push(Message::Ack { space: blind, logs });
            }
            if progress
                .view
                .as_ref()
                .is_some_and(|view| !view.queue.is_empty())
            {
                let wall_ms = space::summary(reader, *space)?.map(|sum| sum.newest_wall_ms);
                newest.push((Reverse(wall_ms), *space));
            }
        }
        newest.sort();
        let mut left = budget;
        for (_, space) in newest {
            while left > 0 {
                let Some(message) = self.next_entries(reader, space, mark_key)? else {
                    break;
                };
                if let Message::Entries { core, .. } = &message {
                    left = left.saturating_sub(core.len());
                }
                out.push(message);
            }
        }
        Ok(())
    }

    /// The next batch of a space, by Lamport.
    fn next_entries(
        &mut self,
        reader: &dyn Reader,
        space: SpaceId,
        mark_key: &MarkKey,
    ) -> Result<Option<Message>, StorageError> {
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(None);
        };
        let Some(view) = &mut progress.view else {
            return Ok(None);
        };
        while let Some((lamport, log)) = view.queue.pop_first() {
            let Some(from) = view.next.remove(&log) else {
                continue;
            };
            let Some(row) = LogRow::read(reader, space, log)? else {
                continue;
            };
            let holds = |entry| view.holds(entry);
            let batch = next_batch(reader, space, log, &row, from, mark_key, holds)?;
            let actual = batch.first_lamport;
            let earlier = view
                .queue
                .first()
                .is_some_and(|first| *first < (actual, log));
            if actual > lamport && earlier {
                view.send_from(actual, log, from);
                continue;
            }
            if batch.last < row.head {
                let lamport = Lamport(batch.last_lamport.0 + 1);
                view.send_from(lamport, log, Seq(batch.last.0 + 1));
            }
            return Ok(Some(Message::Entries {
                space: progress.blind,
                log,
                core: batch.core.into(),
            }));
        }
        Ok(None)
    }

    fn digest(
        &mut self,
        txn: &mut dyn Txn,
        blind: Blind,
        theirs: Digest,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Some(space) = self.named.get(&blind).copied() else {
            return Ok(());
        };
        let Some(progress) = self.spaces.get(&space) else {
            return Ok(());
        };
        if progress.stated == theirs {
            self.equal(txn, space, events)
        } else if progress.told_frontier {
            Ok(())
        } else {
            self.send_frontier(txn, space)
        }
    }

    /// The peer held, when it said so, exactly what we held when this session began.
    fn equal(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        if progress.view.is_some() {
            return Ok(());
        }
        progress.view = Some(View {
            settled: true,
            ..View::default()
        });
        let grown = std::mem::take(&mut progress.grown);
        if Base::read_digest(txn, space, peer)? != Some(progress.stated) {
            let logs = offered(txn, space, peer)?;
            let held = |log: &LogId, row: &LogRow| match grown.get(log) {
                Some(first) => Seq(first.0 - 1),
                None => row.head,
            };
            let base = Base {
                digest: progress.stated,
                logs: logs
                    .iter()
                    .map(|(log, row)| (row.number, held(log, row)))
                    .filter(|(_, seq)| seq.0 > 0)
                    .collect(),
            };
            base.write(txn, space, peer)?;
            let acks = logs.iter().map(|(log, row)| (*log, held(log, row), *row));
            note_acks(txn, space, peer, acks, events)?;
        }
        for (log, first) in grown {
            self.grew(txn, space, log, first)?;
        }
        Ok(())
    }

    /// Queues our frontier of a space, as a difference from the base if there is one.
    fn send_frontier(&mut self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let logs = offered(txn, space, self.peer)?;
        let base = Base::read(txn, space, self.peer)?;
        match base {
            Some(base) => {
                let changed = logs
                    .iter()
                    .filter(|(_, row)| base.logs.get(&row.number) != Some(&row.head))
                    .map(|(log, row)| (*log, row.head))
                    .collect();
                self.tell_frontier(space, Some(base.digest), changed);
            }
            None => self.tell_frontier(space, None, heads(&logs)),
        }
        Ok(())
    }

    fn tell_frontier(&mut self, space: SpaceId, base: Option<Digest>, mut logs: Frontier) {
        let Some(progress) = self.spaces.get_mut(&space) else {
            return;
        };
        progress.told_frontier = true;
        let space = progress.blind;
        loop {
            let rest = match logs.keys().nth(MAX_FRONTIER).copied() {
                Some(at) => logs.split_off(&at),
                None => Frontier::new(),
            };
            let more = !rest.is_empty();
            self.control.push_back(Message::Frontier {
                space,
                base,
                logs,
                more,
            });
            if !more {
                return;
            }
            logs = rest;
        }
    }

    fn frontier_part(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        base: Option<Digest>,
        part: Frontier,
        more: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        let mut coming = progress.coming.take().unwrap_or_default();
        coming.extend(part);
        if coming.len() > MAX_LOGS as usize {
            events.push(Event::Fault(Fault::BadItem));
            return Ok(());
        }
        if more {
            progress.coming = Some(coming);
            return Ok(());
        }
        let told_frontier = progress.told_frontier;
        let logs = offered(txn, space, peer)?;
        let mut theirs = Frontier::new();
        if let Some(digest) = base {
            match Base::read(txn, space, peer)?.filter(|base| base.digest == digest) {
                Some(base) => {
                    let held = logs.iter().filter_map(|(log, row)| {
                        base.logs.get(&row.number).map(|seq| (*log, *seq))
                    });
                    theirs.extend(held);
                }
                None => {
                    let blind = progress.blind;
                    self.control.push_back(Message::NeedFull(blind));
                    return Ok(());
                }
            }
        }
        theirs.extend(coming);
        if !told_frontier {
            self.send_frontier(txn, space)?;
        }
        let acks = logs
            .iter()
            .filter_map(|(log, row)| Some((*log, *theirs.get(log)?, *row)));
        note_acks(txn, space, peer, acks, events)?;
        self.begin(txn, space, &logs, theirs)?;
        self.settle(txn, space)
    }

    /// The peer's frontier is known: find what it lacks.
    fn begin(
        &mut self,
        reader: &dyn Txn,
        space: SpaceId,
        logs: &BTreeMap<LogId, LogRow>,
        mut theirs: Frontier,
    ) -> Result<(), StorageError> {
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        progress.grown.clear();
        let mut view = View::default();
        for (log, row) in logs {
            let held = theirs.get(log).copied().unwrap_or(Seq(0));
            if held == row.head {
                theirs.remove(log);
                continue;
            }
            theirs.insert(*log, held);
            if held < row.head {
                let from = Seq(held.0 + 1);
                let lamport = lamport_of(reader, space, row.number, from)?;
                view.send_from(lamport, *log, from);
            }
        }
        view.theirs = theirs;
        progress.view = Some(view);
        Ok(())
    }

    /// Remembers the frontier as a base, once a session, when the peer is known to hold the same.
    fn settle(&mut self, txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
        let peer = self.peer;
        let Some(view) = self
            .spaces
            .get_mut(&space)
            .and_then(|progress| progress.view.as_mut())
        else {
            return Ok(());
        };
        if view.settled || !view.theirs.is_empty() {
            return Ok(());
        }
        view.settled = true;
        let logs = offered(txn, space, peer)?;
        let base = Base {
            digest: frontier_digest(&heads(&logs)),
            logs: logs.values().map(|row| (row.number, row.head)).collect(),
        };
        base.write(txn, space, peer)
    }

    fn entries(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Authority<'_>,
        space: SpaceId,
        log: LogId,
        core: Bytes,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let mut stored = vec![];
        self.take_in(txn, authority, space, log, core, &mut stored, events)?;
        while let Some((log, last)) = stored.pop() {
            while let Some(waiter) = self.waiting.ready(space, log, last) {
                let Waiter {
                    log: waiting_log,
                    core,
                    ..
                } = waiter;
                self.take_in(
                    txn,
                    authority,
                    space,
                    waiting_log,
                    core,
                    &mut stored,
                    events,
                )?;
            }
        }
        if self.waiting.is_empty() {
            for space in std::mem::take(&mut self.dropped) {
                self.send_frontier(txn, space)?;
            }
        }
        self.settle(txn, space)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a loop")]
    fn take_in(
        &mut self,
        txn: &mut dyn Txn,
        authority: &Authority<'_>,
        space: SpaceId,
        log: LogId,
        core: Bytes,
        stored: &mut Vec<(LogId, Seq)>,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let missing = match ingest(txn, space, log, &core, authority)? {
            Ingested::Stored { first, last } => {
                stored.push((log, last));
                events.push(Event::Stored {
                    space,
                    log,
                    first,
                    last,
                });
                self.now_held(space, log, first, last);
                return self.sender_holds(txn, authority, space, log, last, events);
            }
            Ingested::Known { last } => {
                let head = LogRow::read(txn, space, log)?.map_or(last, |row| row.head);
                if let Some(progress) = self.spaces.get_mut(&space) {
                    progress.acks.insert(log, head);
                    if let Some(view) = &mut progress.view {
                        view.holds_up_to(log, last, head);
                    }
                }
                return self.sender_holds(txn, authority, space, log, last, events);
            }
            Ingested::Refused(refusal) => {
                self.refuse(space, log, refusal, events);
                return Ok(());
            }
            Ingested::Malformed(error) => {
                events.push(Event::Fault(Fault::BadBatch(error)));
                return Ok(());
            }
            Ingested::NoSuchSpace => return Ok(()),
            Ingested::Waits(missing) => Some(missing),
            Ingested::Gap => None,
        };
        let Ok(batch) = Batch::parse(&core) else {
            return Ok(());
        };
        let (first, last) = (batch.first, batch.last());
        let missing = missing.unwrap_or(EntryId {
            log,
            seq: Seq(first.0 - 1),
        });
        let gap = missing.log == log;
        if gap && !self.waiting.precedes(space, log, first) {
            return Ok(());
        }
        let waiter = Waiter {
            space,
            log,
            first,
            last,
            core,
            missing,
        };
        if !self.waiting.push(waiter) {
            self.dropped.insert(space);
        }
        Ok(())
    }

    /// Entries have been stored that the peer holds too.
    fn now_held(&mut self, space: SpaceId, log: LogId, first: Seq, last: Seq) {
        let Some(progress) = self.spaces.get_mut(&space) else {
            return;
        };
        progress.acks.insert(log, last);
        match &mut progress.view {
            Some(view) => {
                view.theirs.entry(log).or_insert(Seq(first.0 - 1));
                view.holds_up_to(log, last, last);
            }
            None => {
                progress.grown.entry(log).or_insert(first);
            }
        }
    }

    /// Who sends entries of ours (lost here, or of our other device) holds them: as good as an
    /// acknowledgement.
    fn sender_holds(
        &self,
        txn: &mut dyn Txn,
        authority: &Authority<'_>,
        space: SpaceId,
        log: LogId,
        last: Seq,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        if !authority.mine.contains(&log.device) {
            return Ok(());
        }
        let row = LogRow::read(txn, space, log)?;
        let held = row.map(|row| (log, last, row)).into_iter();
        note_acks(txn, space, self.peer, held, events)
    }

    fn refuse(&mut self, space: SpaceId, log: LogId, refusal: Refusal, events: &mut Vec<Event>) {
        let told = &mut self.told_refusals;
        if told.len() >= MAX_TOLD_REFUSALS || !told.insert((space, log)) {
            return;
        }
        events.push(Event::Refused {
            space,
            log,
            refusal,
        });
        if let Some(progress) = self.spaces.get(&space) {
            self.control.push_back(Message::Refused {
                space: progress.blind,
                log,
                reason: refusal.code(),
            });
        }
    }

    fn ack(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        acked: Frontier,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let mut known = Vec::with_capacity(acked.len());
        for (log, seq) in acked {
            match LogRow::read(txn, space, log)? {
                Some(row) if seq <= row.head => known.push((log, seq, row)),
                // Never written: whatever it means, it is not a fact about our entries.
                _ => {}
            }
        }
        if let Some(view) = self
            .spaces
            .get_mut(&space)
            .and_then(|progress| progress.view.as_mut())
        {
            for (log, seq, row) in &known {
                view.holds_up_to(*log, *seq, row.head);
            }
        }
        note_acks(txn, space, self.peer, known.into_iter(), events)?;
        self.settle(txn, space)
    }

    fn refused(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogId,
        reason: u8,
        events: &mut Vec<Event>,
    ) -> Result<(), StorageError> {
        let Some(row) = LogRow::read(txn, space, log)? else {
            return Ok(());
        };
        let refusal = Refusal::from_code(reason);
        peer::record_refusal(txn, space, self.peer, row.number, refusal)?;
        if let Some(view) = self
            .spaces
            .get_mut(&space)
            .and_then(|progress| progress.view.as_mut())
        {
            view.stop(log);
            view.theirs.remove(&log);
        }
        events.push(Event::RefusedByPeer {
            space,
            log,
            refusal,
        });
        Ok(())
    }
}

/// The digest of what both sides of a session accept of a space.
fn shared_digest(
    txn: &mut dyn Txn,
    space: SpaceId,
    peer: DeviceId,
) -> Result<Digest, StorageError> {
    if peer::refused_logs(txn, space, peer)?.is_empty() {
        return space::digest(txn, space);
    }
    Ok(frontier_digest(&heads(&offered(txn, space, peer)?)))
}

fn note_acks(
    txn: &mut dyn Txn,
    space: SpaceId,
    peer: DeviceId,
    logs: impl Iterator<Item = (LogId, Seq, LogRow)>,
    events: &mut Vec<Event>,
) -> Result<(), StorageError> {
    for (log, seq) in peer::record_acks(txn, space, peer, logs)? {
        events.push(Event::Acked { space, log, seq });
    }
    Ok(())
}
