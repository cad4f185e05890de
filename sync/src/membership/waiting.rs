//! Operations that wait for one they link to. Bounded, in memory: one that is dropped comes again.

use std::collections::{BTreeMap, BTreeSet};

use crate::membership::operation::{Operation, OperationId};

/// Most operations of one group that wait for a missing link. One more drops the one that has waited longest, so no flood
/// keeps the others out for good.
pub const MAX_WAITING_OPERATIONS: usize = 256;

/// The operations that wait.
#[derive(Default)]
pub(super) struct Waiting {
    operations: BTreeMap<OperationId, (u64, Operation)>,
    /// By number of arrival, which decides only what is dropped.
    arrivals: BTreeMap<u64, OperationId>,
    /// By the operation that each of them waits for.
    missing: BTreeMap<OperationId, BTreeSet<OperationId>>,
    next: u64,
}

impl Waiting {
    pub(super) fn contains(&self, id: OperationId) -> bool {
        self.operations.contains_key(&id)
    }

    /// Adds an operation that waits for `missing`. Returns the one that it pushes out.
    pub(super) fn push(
        &mut self,
        operation: Operation,
        missing: OperationId,
    ) -> Option<OperationId> {
        let id = operation.id();
        self.missing.entry(missing).or_default().insert(id);
        self.arrivals.insert(self.next, id);
        self.operations.insert(id, (self.next, operation));
        self.next += 1;
        if self.operations.len() <= MAX_WAITING_OPERATIONS {
            return None;
        }
        let (_, oldest) = self.arrivals.pop_first()?;
        self.operations.remove(&oldest);
        self.missing.retain(|_, waiters| {
            waiters.remove(&oldest);
            !waiters.is_empty()
        });
        Some(oldest)
    }

    /// Takes out those that wait for `id`.
    pub(super) fn released(&mut self, id: OperationId) -> Vec<Operation> {
        let waiters = self.missing.remove(&id).unwrap_or_default();
        let take = |waiter: OperationId| {
            let (arrival, operation) = self.operations.remove(&waiter)?;
            self.arrivals.remove(&arrival);
            Some(operation)
        };
        waiters.into_iter().filter_map(take).collect()
    }

    /// The operations that are waited for.
    pub(super) fn missing(&self) -> impl Iterator<Item = OperationId> {
        self.missing.keys().copied()
    }
}
