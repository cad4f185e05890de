//! A group in a store: its members, what they write, and which of that is shown (`docs/PROTOCOL.md` sections 4a and 4b).
//!
//! - `writing`: entries of our own;
//! - `pool`: runs of entries that arrived and wait for one another;
//! - `taking`: stores a run, once all that it links to has come;
//! - `wanting`: bodies that entries came without;
//! - `showing`: which entries membership shows, in the store;
//! - `holding`: what the entries of a member prove about what it holds;
//! - `fork`: the proof that an author signed two heads of one log.

mod fork;
mod holding;
mod pool;
mod showing;
mod taking;
mod wanting;
mod writing;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

pub(crate) use self::fork::freeze;
pub use self::fork::{Fork, MAX_FORK, fork};
pub use self::holding::shows_to_hold;
pub use self::pool::{MAX_POOL, MAX_POOL_BYTES};
pub(crate) use self::pool::{Offered, Pool};
pub(crate) use self::taking::{Taken, take};
pub use self::wanting::awaits_body;
pub(crate) use self::wanting::{
    Filled, Want, asked_up_to, deleted, fill, forget_want, given, note_asked, wants_any,
    wants_before, wants_of_run,
};
pub use self::writing::Draft;

use ed25519_dalek::SigningKey;

use crate::control::{AcceptError, Accepted, ControlLog, FoundError, WriteError};
use crate::id::{DeviceId, EntryId, SpaceId};
use crate::membership::{
    Act, Founding, Held, Level, MemberKey, Membership, Operation, OperationId, Shown,
};
use crate::space::{self, SpaceKind};
use crate::store::{Reader, StorageError, Txn};

/// A group in a store. After an error of the store its owner opens it anew.
pub struct Group {
    space: SpaceId,
    control: ControlLog,
    /// Whoever was ever appointed by an operation that is held, by the name of its logs. Of two keys with one name, which nobody
    /// has ever found, the smaller counts.
    authors: BTreeMap<DeviceId, MemberKey>,
    /// The key of this device.
    me: Option<MemberKey>,
    /// Nobody was ever lowered or left.
    is_plain: bool,
    /// Loaded when anybody was.
    shown: Option<Shown>,
    /// The bodies that sessions have asked their peers for and not got yet. A session that is over asks no more.
    asking: BTreeMap<EntryId, Weak<()>>,
}

/// What an operation changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What became of it.
    pub accepted: Accepted,
    /// Entries that are shown now and were not, or the other way round.
    pub entries: Vec<EntryId>,
}

impl Group {
    /// Makes the space of a group, which begins with the operation that founds it. `me` is the key of this device.
    pub fn found(
        txn: &mut dyn Txn,
        space: SpaceId,
        bytes: &[u8],
        me: Option<MemberKey>,
    ) -> Result<Group, FoundError> {
        let control = ControlLog::found(txn, space, bytes)?;
        space::create(txn, space, SpaceKind::Group)?;
        Ok(Group::of(space, control, me))
    }

    /// Opens a group; `None` if the space has no control log.
    pub fn open(
        reader: &dyn Reader,
        space: SpaceId,
        me: Option<MemberKey>,
    ) -> Result<Option<Group>, StorageError> {
        let control = ControlLog::open(reader, space)?;
        Ok(control.map(|control| Group::of(space, control, me)))
    }

    fn of(space: SpaceId, control: ControlLog, me: Option<MemberKey>) -> Group {
        let mut group = Group {
            space,
            is_plain: control.membership().is_plain(),
            control,
            authors: BTreeMap::new(),
            me,
            shown: None,
            asking: BTreeMap::new(),
        };
        let operations = group.control.membership().operations();
        let named: Vec<MemberKey> = operations.flat_map(appoints).collect();
        named.into_iter().for_each(|key| group.note_author(key));
        group
    }

    /// Its space.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// Its members.
    pub fn membership(&self) -> &Membership {
        self.control.membership()
    }

    /// The key of this device.
    pub fn me(&self) -> Option<MemberKey> {
        self.me
    }

    /// Whether this device is in the group.
    pub fn am_in(&self) -> bool {
        let me = self.me.map(|me| self.membership().level(me));
        me.is_some_and(|level| level >= Level::MEMBER)
    }

    /// Takes in an operation of anybody, from anybody.
    pub fn accept(&mut self, txn: &mut dyn Txn, bytes: &[u8]) -> Result<Changed, AcceptError> {
        let accepted = self.control.accept(txn, bytes)?;
        if let Accepted::Held(ids) = &accepted {
            self.note_operations(ids);
        }
        let entries = self.operations_changed(txn)?;
        Ok(Changed { accepted, entries })
    }

    /// Takes in several operations of anybody, from anybody. Returns those that are new, and the entries whose showing they
    /// changed.
    pub(crate) fn accept_many(
        &mut self,
        txn: &mut dyn Txn,
        many: &[&[u8]],
    ) -> Result<(Vec<OperationId>, Vec<EntryId>), AcceptError> {
        let new = self.control.accept_many(txn, many)?;
        self.note_operations(&new);
        Ok((new, self.operations_changed(txn)?))
    }

    /// Writes an operation of our own. Returns it, and the entries whose showing it changed.
    pub fn write(
        &mut self,
        txn: &mut dyn Txn,
        key: &SigningKey,
        act: Act,
    ) -> Result<(OperationId, Vec<EntryId>), WriteError> {
        let id = self.control.write(txn, key, act)?;
        self.note_operations(&[id]);
        Ok((id, self.operations_changed(txn)?))
    }

    /// What there is of the logs of a member, for an operation that lowers it.
    pub fn held_of(&self, reader: &dyn Reader, who: MemberKey) -> Result<Held, StorageError> {
        let frontier = space::frontier(reader, self.space)?;
        let logs = frontier.into_iter().rev();
        let theirs = logs.filter(|(log, _)| log.device == who.device());
        Ok(theirs
            .map(|(log, seq)| (log.incarnation, seq))
            .take(crate::membership::MAX_HELD)
            .collect())
    }

    /// The operations that are wanted, because one that waits links to them.
    pub fn wanted(&self) -> impl Iterator<Item = OperationId> {
        self.control.wanted()
    }

    /// Whether a session other than this one has asked its peer for a body.
    pub(crate) fn is_asked_elsewhere(&self, entry: EntryId, session: &Arc<()>) -> bool {
        let asking = self.asking.get(&entry).and_then(Weak::upgrade);
        asking.is_some_and(|it| !Arc::ptr_eq(&it, session))
    }

    /// A session asks its peer for a body.
    pub(crate) fn asks(&mut self, entry: EntryId, session: &Arc<()>) {
        self.asking.insert(entry, Arc::downgrade(session));
    }

    /// An answer to a session: another one may ask.
    pub(crate) fn answered(&mut self, entry: EntryId) {
        self.asking.remove(&entry);
    }

    /// Who signs the logs of this name.
    pub(crate) fn author(&self, device: DeviceId) -> Option<MemberKey> {
        self.authors.get(&device).copied()
    }

    /// Whether this device signs the logs of this name.
    pub(crate) fn is_mine(&self, device: DeviceId) -> bool {
        self.me.is_some_and(|me| me.device() == device)
    }

    fn note_operations(&mut self, ids: &[OperationId]) {
        let operations = ids.iter().filter_map(|id| self.membership().operation(*id));
        let named: Vec<MemberKey> = operations.flat_map(appoints).collect();
        named.into_iter().for_each(|key| self.note_author(key));
    }

    fn note_author(&mut self, key: MemberKey) {
        let author = self.authors.entry(key.device()).or_insert(key);
        *author = key.min(*author);
    }
}

/// The keys that an operation gives a level.
fn appoints(operation: &Operation) -> Vec<MemberKey> {
    match operation.act() {
        Act::Create(Founding::Line { people, .. }) => people.iter().map(|(key, _)| *key).collect(),
        Act::Set { who, level, .. } if *level >= Level::MEMBER => vec![*who],
        _ => Vec::new(),
    }
}
