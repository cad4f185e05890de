//! Shares the work of a turn among links, so that a peer who brings much holds up only itself (`docs/PROTOCOL.md`
//! section 8).
//!
//! The engine takes in at once what arrives on a link, as long as the turn has work left and nothing older waits on
//! that link. The rest waits in its link, and such links take turns: each gets a slice of work. How the work is shared
//! out never changes the state to which the inputs lead.

use std::collections::VecDeque;

use bytes::Bytes;
use hedgerow_sync::metered::ROW_READ;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::LinkId;

use super::link::{Link, State};
use super::{Engine, Turn, items};
use crate::courier::said;

/// The work of one turn, as [`Meter`](hedgerow_sync::metered::Meter) counts it; the last step may pass it.
pub const TURN_WORK: u64 = 4_096 * ROW_READ;

/// The work that a link gets at once; the last step may pass it.
pub(super) const SLICE_WORK: u64 = TURN_WORK / 8;

/// The work counted for an item that steers the session or brings a bundle: it may need signature checks and key
/// agreements.
pub(super) const STEERING_WORK: u64 = 128 * ROW_READ;

/// What has arrived on a link and is not taken in yet.
#[derive(Default)]
pub(crate) struct Backlog {
    pieces: VecDeque<Bytes>,
    /// The carrier has said that the link is gone: nothing follows.
    is_down: bool,
    /// The link is queued for its slice.
    is_in_line: bool,
}

/// The work of decrypting what has arrived. Short items cost more than their bytes.
pub(super) fn work_of_opening(bytes: usize, items: usize) -> u64 {
    bytes as u64 + items as u64 * (ROW_READ / 2)
}

/// The work of an item of this length, beside what it does to the store.
pub(super) fn work_of(kind: u64, bytes: usize) -> u64 {
    let is_steering = kind < *items::SYNC.start() || said::KINDS.contains(&kind);
    let work = match is_steering {
        true => STEERING_WORK,
        false => ROW_READ,
    };
    work + bytes as u64
}

impl Turn<'_> {
    /// Where a slice of work that begins now ends.
    pub(super) fn slice_end(&self) -> u64 {
        self.meter.spent() + SLICE_WORK
    }

    fn has_work_left(&self, of: u64) -> bool {
        self.meter.spent() < of
    }
}

impl Link {
    /// Whether something that has arrived is not taken in yet.
    pub(super) fn is_behind(&self) -> bool {
        self.is_amid_an_item() || !self.backlog.pieces.is_empty() || self.backlog.is_down
    }

    /// Whether it is behind and not queued for a slice. From now on it counts as queued.
    pub(super) fn is_out_of_line(&mut self) -> bool {
        self.is_behind() && !std::mem::replace(&mut self.backlog.is_in_line, true)
    }

    fn is_amid_an_item(&self) -> bool {
        match &self.state {
            State::Live(live) => live.is_behind(),
            _ => false,
        }
    }
}

impl Engine {
    /// Handles bytes that have arrived on a link.
    pub(super) fn link_bytes(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        let Some(link) = self.links.by_id.get_mut(&id) else {
            return Ok(());
        };
        self.owners.traffic.received_bytes += bytes.len() as u64;
        if link.is_behind() || !turn.has_work_left(TURN_WORK) {
            link.backlog.pieces.push_back(bytes);
            self.links.line_up(id);
            return Ok(());
        }
        self.advance(turn, id, bytes)
    }

    /// Handles the carrier's report that a link is gone.
    pub(super) fn link_down(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
    ) -> Result<(), StorageError> {
        let Some(link) = self.links.by_id.get_mut(&id) else {
            return Ok(());
        };
        if link.is_behind() {
            link.backlog.is_down = true;
            self.links.line_up(id);
            return Ok(());
        }
        self.link_gone(turn, id)
    }

    /// Before the new inputs: gives a slice to each link that is behind, up to half a turn in all.
    pub(super) fn catch_up_first(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        for _ in 0..self.links.behind.len() {
            if !turn.has_work_left(TURN_WORK / 2) {
                break;
            }
            self.go_on(turn)?;
        }
        Ok(())
    }

    /// After the new inputs: gives what is left of the turn to links that are behind.
    pub(super) fn catch_up(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        while !self.links.behind.is_empty() && turn.has_work_left(TURN_WORK) {
            self.go_on(turn)?;
        }
        Ok(())
    }

    /// Gives the first link in line a slice.
    fn go_on(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let Some(id) = self.links.behind.pop_front() else {
            return Ok(());
        };
        // It may have ended while it was queued.
        let Some(link) = self.links.by_id.get_mut(&id) else {
            return Ok(());
        };
        link.backlog.is_in_line = false;
        if link.is_amid_an_item() {
            return self.advance(turn, id, Bytes::new());
        }
        match link.backlog.pieces.pop_front() {
            Some(bytes) => self.advance(turn, id, bytes),
            None => self.link_gone(turn, id),
        }
    }
}

#[cfg(test)]
mod tests;
