//! Reconciliation of the spaces shared with one device, over one session or bundle
//! (`docs/PROTOCOL.md` section 6).
//!
//! The caller passes a [`Reconciler`] the peer's items ([`Reconciler::peer_root`], [`Reconciler::receive`]) and new
//! local entries ([`Reconciler::grew`]), each within a transaction, and gets the items to send
//! ([`Reconciler::fill`]). The caller may send them only after it has committed that transaction: an acknowledgement
//! promises that entries are durable. A reconciler believes the peer only about the peer itself.
//!
//! One call does a bounded amount of work ([`STEP`]), however many logs there are. The rest of an item waits in
//! `tasks` until [`Reconciler::proceed`].
//!
//! - `tasks`: executes incoming items in steps;
//! - `frontiers`: finds the differences, from digests and frontiers;
//! - `walk`: walks over the logs of a space for that;
//! - `sending`: makes the outgoing items and entries;
//! - `entries`: handles incoming entries, acknowledgements and refusals;
//! - `group`: the control log of a group, and entries that are resolved together;
//! - `bodies`: bodies of a group that entries came without;
//! - `blinds`: the names of spaces;
//! - `ends`: the names of logs, and salts for outgoing batches;
//! - `view`: what one session knows of the peer's side of a space.

mod blinds;
mod bodies;
mod ends;
mod entries;
mod event;
mod frontiers;
mod group;
mod sending;
mod tasks;
mod view;
mod walk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use self::blinds::Blinds;
use self::ends::Ends;
pub use self::event::{Event, Fault};
use self::group::{GroupProgress, whole_digest};
use self::sending::Telling;
pub use self::tasks::STEP;
use self::tasks::Task;
use self::view::View;
use self::walk::Walk;
use crate::control::{ControlHeads, ControlLog};
use crate::id::{DeviceId, Incarnation, LogId, Seq, SpaceId};
use crate::ingest::Refusal;
use crate::log::LogRow;
use crate::peer::{self, accepted_logs};
use crate::space::{self, Digest, Frontier, FrontierDigest, SpaceKind, SpaceRow};
use crate::store::{StorageError, Txn};
use crate::waiting::Waiting;
use crate::wire::{Blind, Role, Tag, root};

/// With more shared spaces than this, the two sides exchange digests before frontiers.
pub const FEW_SPACES: usize = 8;
/// Most refused logs that a session remembers to have told the peer.
pub const MAX_TOLD_REFUSALS: usize = 256;
/// Most logs of a space whose digest is computed for a hello; the digest of a larger space is stated only if the store
/// has cached it.
pub const MAX_DIGESTED_LOGS: u32 = 2_048;

/// A space shared with the peer.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    /// The space.
    pub space: SpaceId,
    /// Its secret; used only to blind its name.
    pub secret: &'a [u8; 32],
}

/// The session or bundle over which two devices reconcile.
#[derive(Clone, Copy)]
pub struct Channel<'a> {
    /// The log that this store's device writes in this opening.
    pub me: LogId,
    /// The device at the other end.
    pub peer: DeviceId,
    /// Which side this one is.
    pub role: Role,
    /// The session's hash, or the bundle's tag.
    pub hash: &'a [u8],
    /// Random and unique to this channel: the salts of outgoing batches derive from it.
    pub salt_seed: &'a [u8; 32],
}

/// Brings two stores to the same entries. One for each session.
pub struct Reconciler {
    ends: Ends,
    peer: DeviceId,
    root: Digest,
    spaces: BTreeMap<SpaceId, Progress>,
    blinds: Blinds,
    digests_due: bool,
    /// Incoming items that are not finished.
    tasks: VecDeque<Task>,
    waiting: Waiting,
    /// Spaces that lost waiting batches for lack of room.
    dropped: BTreeSet<SpaceId>,
    /// A bundle: nobody answers.
    is_one_way: bool,
    /// Stands for this session among those of one group.
    session: Arc<()>,
    /// Refused logs that the peer knows of, and those still to tell it.
    told_refusals: BTreeSet<(SpaceId, LogId)>,
    refusals_due: Vec<(SpaceId, LogId, Refusal)>,
}

/// Progress of one space in this session.
struct Progress {
    /// The digest that went into the root.
    stated: Digest,
    /// That of the frontier alone: in a group another one.
    stated_frontier: Digest,
    /// In a group.
    group: Option<Box<GroupProgress>>,
    /// Logs that have grown since, from which entry on, while the peer's frontier is unknown.
    grown: BTreeMap<LogId, Seq>,
    told_frontier: bool,
    /// Our frontier is due; it is computed as it leaves, so that a peer that asks without reading cannot fill memory
    /// here.
    frontier_due: Option<Telling>,
    need_full_due: bool,
    /// The parts of the peer's frontier that have arrived.
    coming: Option<Coming>,
    /// The walk in progress over the logs.
    walk: Option<Box<Walk>>,
    /// This session has stored a common frontier, or must not.
    settled: bool,
    /// Number of logs that the peer refuses, once it is needed.
    refusals: Option<usize>,
    /// Present once the peer's frontier is known.
    view: Option<View>,
    /// Acknowledgements to send: entries that are now durable.
    acks: Frontier,
}

/// The parts of a frontier that have arrived.
#[derive(Default)]
struct Coming {
    logs: Frontier,
    tags: BTreeMap<LogId, Tag>,
}

/// How much of a frontier to send.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    /// The difference from the base, if there is one.
    Difference,
    /// All of it.
    Full,
}

impl Reconciler {
    /// Starts for a session, or for a bundle that arrived. The transaction caches digests that had to be computed.
    pub fn new(
        txn: &mut dyn Txn,
        channel: &Channel<'_>,
        shared: &[Shared<'_>],
    ) -> Result<Reconciler, StorageError> {
        let Channel {
            peer, role, hash, ..
        } = *channel;
        let mut spaces = BTreeMap::new();
        for Shared { space, .. } in shared {
            let stated_frontier = stated_digest(txn, *space, peer, role, hash)?;
            // The author of a bundle does not remember its content, so it cannot be a base.
            let is_bundle = role == Role::Bundle;
            let progress = Progress::new(txn, *space, stated_frontier, is_bundle)?;
            spaces.insert(*space, progress);
        }
        let root = root(
            spaces
                .iter()
                .map(|(space, progress)| (space, &progress.stated)),
        );
        Ok(Reconciler {
            ends: Ends::new(channel),
            peer,
            root,
            spaces,
            blinds: Blinds::new(role, hash, shared),
            digests_due: false,
            tasks: VecDeque::new(),
            waiting: Waiting::default(),
            dropped: BTreeSet::new(),
            is_one_way: role == Role::Bundle,
            session: Arc::default(),
            told_refusals: BTreeSet::new(),
            refusals_due: Vec::new(),
        })
    }

    /// One more space is shared with the peer from now on. The peer may share it earlier or later in this session.
    pub fn share(&mut self, txn: &mut dyn Txn, shared: &Shared<'_>) -> Result<(), StorageError> {
        let space = shared.space;
        if self.spaces.contains_key(&space) {
            return Ok(());
        }
        let mut progress = Progress::new(txn, space, Digest::default(), false)?;
        progress.need_full_due = true;
        self.spaces.insert(space, progress);
        self.blinds.add(shared);
        self.frontier_is_due(space, Extent::Full);
        Ok(())
    }

    /// A space is shared with the peer no more.
    pub fn unshare(&mut self, space: SpaceId) {
        self.spaces.remove(&space);
        self.blinds.remove(space);
        self.dropped.remove(&space);
    }

    /// The name of a shared space in what this side says.
    pub fn blind(&mut self, space: SpaceId) -> Option<Blind> {
        self.blinds.of(space)
    }

    /// The shared space that the peer names.
    pub fn space_named(&mut self, blind: &Blind) -> Option<SpaceId> {
        self.blinds.space(blind)
    }

    /// Starts for a bundle to be made: [`Reconciler::fill`] gives a frontier of each space, then everything that the
    /// peer has not acknowledged. Of a log in `sent`, earlier bundles on the same way hold the entries up to that one.
    pub fn export(
        txn: &mut dyn Txn,
        channel: &Channel<'_>,
        shared: &[Shared<'_>],
        sent: &BTreeMap<(SpaceId, LogId), Seq>,
    ) -> Result<Reconciler, StorageError> {
        let channel = Channel {
            role: Role::Bundle,
            ..*channel
        };
        let peer = channel.peer;
        let mut reconciler = Reconciler::new(txn, &channel, shared)?;
        for Shared { space, .. } in shared {
            if let Some(progress) = reconciler.progress(*space)
                && let Some(group) = &mut progress.group
            {
                group.send_all(ControlLog::ids(txn, *space)?);
            }
            let logs = accepted_logs(txn, *space, peer)?;
            let mut view = View::default();
            for (log, mut row) in logs {
                // Entries that the peer wrote itself and lost come back in a session.
                let seq = match log.device == peer {
                    true => row.head,
                    false => {
                        let sent = sent.get(&(*space, log)).copied().unwrap_or_default();
                        peer::acked(txn, *space, peer, log)?.max(sent)
                    }
                };
                if seq < row.head {
                    row.offer(txn, *space, log)?;
                }
                view.compare(log, &row, seq);
            }
            if let Some(progress) = reconciler.progress(*space) {
                progress.view = Some(view);
            }
            reconciler.frontier_is_due(*space, Extent::Full);
        }
        Ok(reconciler)
    }

    /// The digest over all shared spaces, for hello.
    pub fn root(&self) -> Digest {
        self.root
    }

    /// The peer said hello: with its root, and the opening of its store.
    pub fn peer_root(
        &mut self,
        txn: &mut dyn Txn,
        theirs: Digest,
        opening: Incarnation,
    ) -> Result<Vec<Event>, StorageError> {
        self.ends.peer_opening(opening);
        let spaces: Vec<SpaceId> = self.spaces.keys().copied().collect();
        let mut events = Vec::new();
        if theirs == self.root {
            for space in spaces {
                self.equal(txn, space)?;
            }
            self.proceed_with_walks(txn, &mut events)?;
        } else if spaces.len() <= FEW_SPACES {
            for space in spaces {
                self.frontier_is_due(space, Extent::Difference);
            }
        } else {
            self.digests_due = true;
        }
        Ok(events)
    }

    /// Tells the reconciler that entries of `log` from `first` on are new here: appended, or from another session.
    /// Those of ours that it is going to send are marked as offered. (It knows what [`Reconciler::receive`] stored; a space that is not shared with this peer costs nothing.)
    pub fn grew(
        &mut self,
        txn: &mut dyn Txn,
        space: SpaceId,
        log: LogId,
        first: Seq,
    ) -> Result<(), StorageError> {
        if !self.spaces.contains_key(&space) || self.is_closed(space) {
            return Ok(());
        }
        let Some(mut row) = LogRow::read(txn, space, log)? else {
            return Ok(());
        };
        // Batches that wait for these entries must be sent again: this call has no authority to ingest them.
        while self.waiting.ready(space, log, row.head).is_some() {
            self.frontier_is_due(space, Extent::Full);
        }
        if let Some(progress) = self.spaces.get_mut(&space)
            && let Some(group) = &mut progress.group
        {
            group.pool.grew(log, row.head);
            self.resolve(space);
        }
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        if progress.view.is_some() {
            self.grew_beside(txn, space, &row, first)?;
        }
        let Some(progress) = self.spaces.get_mut(&space) else {
            return Ok(());
        };
        let view = match &mut progress.walk {
            Some(walk) if walk.is_answer() => walk.grew(log, first),
            walk => {
                if let Some(walk) = walk {
                    walk.grew(log, first);
                }
                if progress.view.is_none() {
                    progress.grown.entry(log).or_insert(first);
                }
                progress.view.as_mut()
            }
        };
        let Some(view) = view else {
            return Ok(());
        };
        if peer::refusal(txn, space, self.peer, log)?.is_some() {
            return Ok(());
        }
        // The peer may hold already what came from elsewhere.
        let before = Seq(first.0.saturating_sub(1));
        let held = *view.theirs.entry(log).or_insert(before);
        // The peer can claim to hold any number.
        let from = held.max(before);
        if from < row.head {
            row.offer(txn, space, log)?;
            if !view.is_sending(log) {
                view.send_after(log, &row, from);
            }
        }
        view.holds_up_to(log, held, row.head);
        Ok(())
    }

    fn progress(&mut self, space: SpaceId) -> Option<&mut Progress> {
        self.spaces.get_mut(&space)
    }

    fn view(&mut self, space: SpaceId) -> Option<&mut View> {
        self.progress(space)?.view.as_mut()
    }
}

/// The digest that a hello states: of what both sides accept of a space. For a large space without a cached digest it
/// equals no other digest, so that the two sides exchange frontiers.
fn stated_digest(
    txn: &mut dyn Txn,
    space: SpaceId,
    peer: DeviceId,
    role: Role,
    session_hash: &[u8],
) -> Result<Digest, StorageError> {
    let Some(row) = SpaceRow::read(txn, space)? else {
        return Ok(Digest::default());
    };
    let refuses_none = peer::refused_logs(txn, space, peer)?.is_empty();
    match row.digest {
        Some(digest) if refuses_none => Ok(digest),
        _ if row.logs > MAX_DIGESTED_LOGS => Ok(no_digest(role, session_hash)),
        _ if refuses_none => space::digest(txn, space),
        _ => {
            let mut digest = FrontierDigest::new();
            for (log, row) in accepted_logs(txn, space, peer)? {
                digest.add(log, &row);
            }
            Ok(digest.finish())
        }
    }
}

/// Replaces an unknown digest: differs for each side and session.
fn no_digest(role: Role, session_hash: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hedgerow 1 no digest");
    hasher.update(session_hash);
    hasher.update(&[role.code()]);
    let mut digest = Digest::default();
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

impl Progress {
    fn new(
        txn: &dyn Txn,
        space: SpaceId,
        stated_frontier: Digest,
        settled: bool,
    ) -> Result<Progress, StorageError> {
        let is_group = space::summary(txn, space)?.map(|it| it.kind) == Some(SpaceKind::Group);
        let stated = match is_group {
            true => whole_digest(ControlHeads::read(txn, space)?.digest, stated_frontier),
            false => stated_frontier,
        };
        Ok(Progress {
            stated,
            stated_frontier,
            group: is_group.then(Box::default),
            grown: BTreeMap::new(),
            told_frontier: false,
            frontier_due: None,
            need_full_due: false,
            coming: None,
            walk: None,
            settled,
            refusals: None,
            view: None,
            acks: Frontier::new(),
        })
    }
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
