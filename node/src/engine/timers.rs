//! The timer of a conversation: after how long what is written there disappears (`docs/PROTOCOL.md` section 4).

use hedgerow_sync::entry::{Body, RowKind, What};
use hedgerow_sync::id::SpaceId;
pub use hedgerow_sync::membership::{MAX_TIMER_S, MIN_TIMER_S};
use hedgerow_sync::page::{Place, Placed};
use hedgerow_sync::store::{Reader, StorageError, Txn};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::content::Content;
use super::fault::CallError;
use super::{Owners, Turn, reading};
use crate::api::{ConversationId, Refusal, Reply};
use crate::tables::{self, Table, damaged};

/// A row that changes the timer of its conversation.
pub(super) const TIMER: RowKind = RowKind(3);

/// The body of a row that changes the timer.
#[derive(Encode, Decode)]
struct Change {
    /// 0: nothing disappears.
    #[n(0)]
    seconds: u64,
}

/// The timer of a conversation, and the row that set it: the last in screen order. In a group an operation set it, and the
/// place is all zeros.
#[derive(Encode, Decode)]
struct Kept {
    #[n(0)]
    seconds: u64,
    #[n(1)]
    place: ByteArray<40>,
}

/// The timer of a conversation in seconds; 0: nothing disappears.
pub(super) fn of(reader: &dyn Reader, space: SpaceId) -> Result<u64, StorageError> {
    let kept: Option<Kept> = tables::load(reader, &key(space))?;
    Ok(kept.map_or(0, |kept| kept.seconds))
}

/// The timer of a new message: that of its conversation, if it is not off.
pub(super) fn of_new(reader: &dyn Reader, space: SpaceId) -> Result<Option<u64>, StorageError> {
    Ok(Some(of(reader, space)?).filter(|seconds| *seconds > 0))
}

/// The timer that a row sets; `None` if it sets none that is allowed.
pub(super) fn set_by(row: &Placed) -> Option<u64> {
    let (What::Row(TIMER), Body::Bytes(body)) = (row.what, &row.body) else {
        return None;
    };
    let change: Change = minicbor::decode(body).ok()?;
    is_allowed(change.seconds).then_some(change.seconds)
}

/// After how many seconds a message disappears, if it does.
pub(super) fn of_message(content: &Content) -> Option<u64> {
    content
        .timer_s
        .filter(|seconds| *seconds > 0 && is_allowed(*seconds))
}

/// Keeps the timer of a group, which its operations set. Returns whether it was another one.
pub(super) fn keep_of_group(
    txn: &mut dyn Txn,
    space: SpaceId,
    seconds: u64,
) -> Result<bool, StorageError> {
    if of(txn, space)? == seconds {
        return Ok(false);
    }
    let place = ByteArray::from([0; 40]);
    tables::save(txn, &key(space), &Kept { seconds, place })?;
    Ok(true)
}

/// Forgets the timer of a space.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    txn.remove(&key(space))
}

fn is_allowed(seconds: u64) -> bool {
    seconds == 0 || (MIN_TIMER_S..=MAX_TIMER_S).contains(&seconds)
}

fn key(space: SpaceId) -> Vec<u8> {
    Table::Timers.key(&[&space.0])
}

impl Owners {
    pub(super) fn set_timer(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        seconds: u64,
    ) -> Result<Reply, CallError> {
        let (space, kind) = self.writable(id)?;
        if kind.members().is_empty() && !kind.is_group() {
            return Err(Refusal::NotesStay.into());
        }
        if !is_allowed(seconds) {
            return Err(Refusal::BadTimer {
                least_s: MIN_TIMER_S,
                most_s: MAX_TIMER_S,
            }
            .into());
        }
        if kind.is_group() {
            return self.set_group_timer(turn, space, seconds);
        }
        if of(turn.txn, space)? != seconds {
            let body = Body::Bytes(tables::encoded(&Change { seconds }).into());
            self.append(turn, space, What::Row(TIMER), body)?;
        }
        Ok(Reply::Done)
    }

    /// Notes the timer that a row sets, or that its message has.
    pub(super) fn timer_arrived(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        row: &Placed,
    ) -> Result<(), StorageError> {
        let is_group = self.groups.get(space).is_some();
        if let Some(seconds) = set_by(row).filter(|_| !is_group) {
            return self.timer_set(turn, space, row.place(), seconds);
        }
        let Some(after_s) = Content::of(row).as_ref().and_then(of_message) else {
            return Ok(());
        };
        let is_ours = self.is_ours(space, row.id.log.device);
        self.disappearing
            .wait(turn.txn, turn.now, space, row.place(), after_s, is_ours)
    }

    fn timer_set(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        place: Place,
        seconds: u64,
    ) -> Result<(), StorageError> {
        let kept: Option<Kept> = tables::load(turn.txn, &key(space))?;
        if let Some(kept) = kept
            && reading::decode(&kept.place[..]).ok_or_else(damaged)? > place
        {
            return Ok(());
        }
        let place = ByteArray::from(reading::encode(place));
        tables::save(turn.txn, &key(space), &Kept { seconds, place })?;
        turn.pending.conversations.insert(space);
        Ok(())
    }
}
