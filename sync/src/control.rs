//! The control log of a group: its operations in a store, and its members in memory (`docs/PROTOCOL.md` section 4a).
//!
//! Whole and first: a device takes in all operations of a group, from any peer, before it judges an entry.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ed25519_dalek::SigningKey;

use crate::id::SpaceId;
use crate::membership::{
    Act, Full, Inserted, MAX_OPERATIONS, MemberKey, Membership, Operation, OperationError,
    OperationId, Verdict, VoidReason,
};
use crate::space::Digest;
use crate::store::{Direction, Reader, StorageError, Txn};
use crate::tables::{
    CONTROL_HEADS, Key, OPERATION_NUMBERS, OPERATIONS, damaged, read_row, scan_prefix,
};

/// Most loose operations of one author that are kept. Further ones come again when an operation that counts links to them.
pub const MAX_LOOSE_BY_AUTHOR: usize = 64;
/// Most loose operations of one group that are kept; under rules that this version does not know, `MAX_OPERATIONS` of all.
pub const MAX_LOOSE: usize = 4_096;

/// The control log of one group. After an error of the store its owner opens it anew.
pub struct ControlLog {
    space: SpaceId,
    membership: Membership,
    /// The bytes of operations that wait for one they link to.
    waiting: BTreeMap<OperationId, Vec<u8>>,
    /// Counted when it matters, and forgotten when an operation comes that is not loose.
    loose: Option<Loose>,
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is held, and with it these that had waited.
    Held(Vec<OperationId>),
    /// It was held before, or belongs to another group.
    Nothing,
    /// It waits for this one, which is wanted.
    Waits(OperationId),
    /// It is loose, and there are enough of those. It was not kept; a peer may offer it again.
    TooManyLoose,
}

/// Why bytes were not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The peer's fault.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a group was not founded.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// The bytes are no founding.
    #[error("these bytes found no group")]
    NoFounding,
    /// The space has a control log.
    #[error("the space has a control log already")]
    Exists,
    /// The bytes are no operation.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why an operation of our own was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It would have no effect.
    #[error("this act would have no effect")]
    Void(VoidReason),
    /// The group may not grow further.
    #[error(transparent)]
    Full(#[from] Full),
    /// It is over a limit.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ControlLog {
    /// Begins the control log of a space with the operation that founds its group.
    pub fn found(
        txn: &mut dyn Txn,
        space: SpaceId,
        bytes: &[u8],
    ) -> Result<ControlLog, FoundError> {
        if txn.with(&row(space, 0), &mut |_| ())? {
            return Err(FoundError::Exists);
        }
        let root = Operation::decode(bytes)?;
        let id = root.id();
        let membership = Membership::new(root).map_err(|_| FoundError::NoFounding)?;
        let log = ControlLog::of(space, membership);
        log.put(txn, 0, id, bytes)?;
        log.settle(txn)?;
        Ok(log)
    }

    /// Opens the control log of a space; `None` if it has none.
    pub fn open(reader: &dyn Reader, space: SpaceId) -> Result<Option<ControlLog>, StorageError> {
        let mut operations = Vec::new();
        let mut is_intact = true;
        let prefix = Key::new(OPERATIONS, space);
        scan_prefix(reader, &prefix, Direction::Forward, &mut |_, bytes| {
            match Operation::decode_stored(bytes) {
                Ok(operation) => {
                    operations.push(operation);
                    ControlFlow::Continue(())
                }
                Err(_) => {
                    is_intact = false;
                    ControlFlow::Break(())
                }
            }
        })?;
        if !is_intact {
            return Err(damaged(OPERATIONS));
        }
        let count = operations.len();
        let mut operations = operations.into_iter();
        let Some(root) = operations.next() else {
            return Ok(None);
        };
        let mut membership = Membership::new(root).map_err(|_| damaged(OPERATIONS))?;
        membership.extend(operations);
        match membership.count() == count {
            true => Ok(Some(ControlLog::of(space, membership))),
            false => Err(damaged(OPERATIONS)),
        }
    }

    fn of(space: SpaceId, membership: Membership) -> ControlLog {
        ControlLog {
            space,
            membership,
            waiting: BTreeMap::new(),
            loose: None,
        }
    }

    /// The members, by all operations that are held.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The bytes of an operation that is held, to pass on.
    pub fn operation(
        reader: &dyn Reader,
        space: SpaceId,
        id: OperationId,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let key = Key::new(OPERATION_NUMBERS, space).then(&id.0);
        let number = read_row(reader, &key, |value| {
            Some(u32::from_be_bytes(value.try_into().ok()?))
        })?;
        match number {
            Some(number) => reader.get(&row(space, number)),
            None => Ok(None),
        }
    }

    /// All operations that are held, each after those it links to.
    pub(crate) fn ids(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
    ) -> Result<Vec<OperationId>, StorageError> {
        let mut ids = Vec::new();
        let prefix = Key::new(OPERATIONS, space);
        scan_prefix(reader, &prefix, Direction::Forward, &mut |_, bytes| {
            ids.push(Operation::decode_stored(bytes).map(|it| it.id()));
            ControlFlow::Continue(())
        })?;
        let ids = ids
            .into_iter()
            .map(|id| id.map_err(|_| damaged(OPERATIONS)));
        ids.collect()
    }

    /// Takes in an operation of anybody, from anybody.
    pub fn accept(&mut self, txn: &mut dyn Txn, bytes: &[u8]) -> Result<Accepted, AcceptError> {
        let accepted = self.accept_one(txn, bytes)?;
        if let Accepted::Held(held) = &accepted
            && (!self.membership.is_judged()
                || held.iter().any(|id| !self.membership.is_loose(*id)))
        {
            self.settle(txn)?;
        }
        Ok(accepted)
    }

    /// Takes in several operations, which are judged at once. Returns those that are held now and were not.
    pub(crate) fn accept_many(
        &mut self,
        txn: &mut dyn Txn,
        many: &[&[u8]],
    ) -> Result<Vec<OperationId>, AcceptError> {
        let first = self.membership.count();
        let mut fresh = Vec::new();
        for bytes in many {
            let operation = Operation::decode_stored(bytes)?;
            if self.membership.operation(operation.id()).is_none() {
                operation.verify(bytes)?;
                self.waiting.insert(operation.id(), bytes.to_vec());
                fresh.push(operation);
            }
        }
        let bounds = |membership: &Membership| {
            let mut loose = Loose::default();
            membership.loose().for_each(|author| loose.add(author));
            loose.fits(membership)
        };
        if self.membership.extend_if(fresh, bounds) {
            self.loose = None;
            let new = self.membership.operations().skip(first);
            let new: Vec<OperationId> = new.map(Operation::id).collect();
            for (number, id) in (first..).zip(&new) {
                if let Some(bytes) = self.waiting.remove(id) {
                    self.put(txn, number, *id, &bytes)?;
                }
            }
        } else {
            for bytes in many {
                self.accept_one(txn, bytes)?;
            }
        }
        self.waiting.retain(|id, _| self.membership.is_waiting(*id));
        self.settle(txn)?;
        let new = self.membership.operations().skip(first);
        Ok(new.map(Operation::id).collect())
    }

    fn accept_one(&mut self, txn: &mut dyn Txn, bytes: &[u8]) -> Result<Accepted, AcceptError> {
        let operation = Operation::decode_stored(bytes)?;
        let id = operation.id();
        if self.membership.operation(id).is_some() {
            return Ok(Accepted::Nothing);
        }
        operation.verify(bytes)?;
        let before = self.loose.take();
        // What is loose changes with every operation that is not.
        let mut after = None;
        let keeps = |membership: &Membership, new: &[OperationId]| {
            if !new.iter().all(|id| membership.is_loose(*id)) {
                return true;
            }
            let authors = new.iter().filter_map(|id| membership.operation(*id));
            let authors: Vec<MemberKey> = authors.map(Operation::author).collect();
            let mut loose = before.clone().unwrap_or_default();
            match before {
                Some(_) => authors.iter().for_each(|author| loose.add(*author)),
                None => membership.loose().for_each(|author| loose.add(author)),
            }
            let fits = loose.fits(membership);
            after = Some(loose).filter(|_| fits);
            fits
        };
        let inserted = self.membership.insert_if(operation, keeps);
        Ok(match inserted {
            Some(Inserted::Held(held)) => {
                self.loose = after;
                self.waiting.insert(id, bytes.to_vec());
                let first = self.membership.count() - held.len();
                for (number, id) in (first..).zip(&held) {
                    if let Some(bytes) = self.waiting.remove(id) {
                        self.put(txn, number, *id, &bytes)?;
                    }
                }
                Accepted::Held(held)
            }
            Some(Inserted::Waits { missing, dropped }) => {
                self.loose = before;
                self.waiting.insert(id, bytes.to_vec());
                dropped.and_then(|dropped| self.waiting.remove(&dropped));
                Accepted::Waits(missing)
            }
            Some(Inserted::Nothing) => {
                self.loose = before;
                Accepted::Nothing
            }
            None => {
                self.loose = before;
                // What waited for it went with it.
                self.waiting.retain(|id, _| self.membership.is_waiting(*id));
                Accepted::TooManyLoose
            }
        })
    }

    /// Writes an operation of our own, which knows everything that is held and has a meaning.
    pub fn write(
        &mut self,
        txn: &mut dyn Txn,
        key: &SigningKey,
        act: Act,
    ) -> Result<OperationId, WriteError> {
        let author = MemberKey(key.verifying_key().to_bytes());
        let standing = self.membership.standing(author);
        // Who fills a group keeps nobody from objecting.
        if !standing.is_some_and(|it| it.is_suspended()) {
            self.membership.room_for(&act)?;
        }
        let operation = Operation::new(author, self.membership.links(author), act)?;
        let (id, bytes) = (operation.id(), operation.sign(key)?);
        let mut void = None;
        let keeps = |membership: &Membership, _: &[OperationId]| {
            if let Some(Verdict::Void { reason, .. }) = membership.verdict(id) {
                void = Some(reason);
            }
            void.is_none()
        };
        let inserted = self.membership.insert_if(operation, keeps);
        if let Some(reason) = void {
            return Err(WriteError::Void(reason));
        }
        if matches!(inserted, Some(Inserted::Held(_))) {
            self.put(txn, self.membership.count() - 1, id, &bytes)?;
            self.loose = None;
            self.settle(txn)?;
        }
        Ok(id)
    }

    /// Writes down what is held, for sessions to compare.
    pub(crate) fn settle(&self, txn: &mut dyn Txn) -> Result<(), StorageError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"hedgerow 1 control");
        for head in self.membership.heads() {
            hasher.update(&head.0);
        }
        let mut value = hasher.finalize().as_bytes()[..16].to_vec();
        for id in self.membership.named() {
            value.extend_from_slice(&id.0);
        }
        txn.put(&Key::new(CONTROL_HEADS, self.space), &value)
    }

    /// Operations that are wanted, because one that waits links to them.
    pub fn wanted(&self) -> impl Iterator<Item = OperationId> {
        let missing = self.membership.missing();
        missing.filter(|id| !self.waiting.contains_key(id))
    }

    fn put(
        &self,
        txn: &mut dyn Txn,
        number: usize,
        id: OperationId,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        let number = number as u32;
        let by_id = Key::new(OPERATION_NUMBERS, self.space).then(&id.0);
        txn.put(&row(self.space, number), bytes)?;
        txn.put(&by_id, &number.to_be_bytes())
    }
}

/// How many loose operations there are of each author.
#[derive(Debug, Clone, Default)]
struct Loose {
    by_author: BTreeMap<MemberKey, usize>,
    all: usize,
}

impl Loose {
    fn add(&mut self, author: MemberKey) {
        *self.by_author.entry(author).or_default() += 1;
        self.all += 1;
    }

    fn fits(&self, membership: &Membership) -> bool {
        let (of_one, of_all) = match membership.is_judged() {
            true => (MAX_LOOSE_BY_AUTHOR, MAX_LOOSE),
            // Nobody can say what is loose.
            false => (MAX_OPERATIONS, MAX_OPERATIONS),
        };
        self.all <= of_all && self.by_author.values().all(|count| *count <= of_one)
    }
}

/// What a store holds of a control log, as peers are told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ControlHeads {
    /// Equal if all is held that counts.
    pub(crate) digest: Digest,
    /// Names of operations that are held.
    pub(crate) named: Vec<OperationId>,
}

impl ControlHeads {
    pub(crate) fn read(
        reader: &(impl Reader + ?Sized),
        space: SpaceId,
    ) -> Result<ControlHeads, StorageError> {
        let heads = read_row(reader, &Key::new(CONTROL_HEADS, space), |value| {
            let (digest, named) = value.split_first_chunk()?;
            let named = named.chunks_exact(32);
            let named = named.filter_map(|id| id.try_into().ok().map(OperationId));
            Some(ControlHeads {
                digest: *digest,
                named: named.collect(),
            })
        })?;
        Ok(heads.unwrap_or_default())
    }
}

fn row(space: SpaceId, number: u32) -> Key {
    Key::new(OPERATIONS, space).then(&number.to_be_bytes())
}
