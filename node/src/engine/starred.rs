//! Messages that the user has starred, of all conversations: on this device alone, and told to nobody.
//!
//! Each star has a number, one higher than any before it that is left. One table lists stars by their number, the other
//! finds the star of a message.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};

use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::page;
use hedgerow_sync::store::{Direction, Reader, StorageError, Txn};

use super::conversation::{self, message_id, parse_message_id, storage};
use super::fault::CallError;
use super::{Owners, Turn, conversations};
use crate::api::{ConversationId, MessageId, Refusal, Reply, StarredMessage, StarredPage};
use crate::tables::{self, Table, damaged};

/// The messages starred last, those before the star number `before` if there is one: at most `count`. Of messages not
/// delivered only a refusal is given as the reason, as by [`conversation::page`].
///
/// # Errors
/// The store failed.
pub fn page(reader: &dyn Reader, before: Option<u64>, limit: u32) -> Result<StarredPage, Refusal> {
    let limit = limit as usize;
    let mut stars = stars(reader, before, limit.saturating_add(1)).map_err(storage)?;
    let are_more = stars.len() > limit;
    stars.truncate(limit);
    let last = stars.last().map(|(number, ..)| *number);
    let older = last.filter(|_| are_more);
    let mut messages = Vec::with_capacity(stars.len());
    for (_, space, entry) in stars {
        let id = conversations::api_id(space);
        match conversation::message(reader, &id, &message_id(entry)) {
            Ok(message) => messages.push(StarredMessage {
                conversation: id,
                message,
            }),
            Err(Refusal::NoSuchMessage | Refusal::NoSuchConversation) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(StarredPage { messages, older })
}

/// Which of these entries are starred. Costs one look at the index for each log among them.
pub(super) fn among(
    reader: &dyn Reader,
    space: SpaceId,
    entries: impl Iterator<Item = EntryId>,
) -> Result<BTreeSet<EntryId>, StorageError> {
    let mut ends: BTreeMap<LogId, (Seq, Seq)> = BTreeMap::new();
    for EntryId { log, seq } in entries {
        let (first, last) = ends.entry(log).or_insert((seq, seq));
        (*first, *last) = (seq.min(*first), seq.max(*last));
    }
    let mut found = BTreeSet::new();
    let mut sound = true;
    for (log, (first, last)) in ends {
        let [low, high] = [first, last].map(|seq| key(space, EntryId { log, seq }));
        let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
        reader.scan(range, Direction::Forward, &mut |key, _| {
            match decode(&key[1..]) {
                Some((_, entry)) => drop(found.insert(entry)),
                None => sound = false,
            }
            ControlFlow::Continue(())
        })?;
    }
    if sound { Ok(found) } else { Err(damaged()) }
}

/// Takes the star off a message, if it has one.
pub(super) fn forget(
    txn: &mut dyn Txn,
    space: SpaceId,
    entry: EntryId,
) -> Result<(), StorageError> {
    let of_message = key(space, entry);
    if let Some(number) = txn.get(&of_message)? {
        txn.remove(&Table::Starred.key(&[&number]))?;
        txn.remove(&of_message)?;
    }
    Ok(())
}

/// Takes the stars off all messages of a conversation.
pub(super) fn forget_all(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    let of_space = Table::StarOfMessage.key(&[&space.0]);
    let mut numbers = Vec::new();
    tables::visit(txn, &of_space, &mut |_, number| {
        numbers.push(number.to_vec())
    })?;
    for number in numbers {
        txn.remove(&Table::Starred.key(&[&number]))?;
    }
    tables::remove_all(txn, &of_space)
}

impl Owners {
    /// Stars a message, or takes the star off.
    pub(super) fn star(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
        starred: bool,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.conversations.named(id)?;
        let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        page::row_place(turn.txn, space, entry)?.ok_or(Refusal::NoSuchMessage)?;
        let of_message = key(space, entry);
        let is_starred = turn.txn.with(&of_message, &mut |_| {})?;
        if starred == is_starred {
            return Ok(Reply::Done);
        }
        if starred {
            let newest = stars(turn.txn, None, 1)?.pop();
            let number = newest.map_or(0, |(number, ..)| number + 1).to_be_bytes();
            turn.txn
                .put(&Table::Starred.key(&[&number]), &of_message[1..])?;
            turn.txn.put(&of_message, &number)?;
        } else {
            forget(turn.txn, space, entry)?;
        }
        let looks_different = turn.pending.annotated.entry(space).or_default();
        looks_different.insert(entry);
        Ok(Reply::Done)
    }
}

/// The newest stars before this number: at most `count`.
fn stars(
    reader: &dyn Reader,
    before: Option<u64>,
    count: usize,
) -> Result<Vec<(u64, SpaceId, EntryId)>, StorageError> {
    let low = Table::Starred.key(&[]);
    let high = Table::Starred.key(&[&before.unwrap_or(u64::MAX).to_be_bytes()]);
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    let (mut found, mut sound) = (Vec::new(), true);
    reader.scan(range, Direction::Backward, &mut |key, value| {
        let number = key[1..].try_into().map(u64::from_be_bytes);
        match (number, decode(value)) {
            (Ok(number), Some((space, entry))) => found.push((number, space, entry)),
            _ => sound = false,
        }
        match found.len() < count {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    if sound { Ok(found) } else { Err(damaged()) }
}

/// The key of the star of a message.
fn key(space: SpaceId, entry: EntryId) -> Vec<u8> {
    let log = entry.log;
    let incarnation = log.incarnation.0.to_be_bytes();
    let seq = entry.seq.0.to_be_bytes();
    Table::StarOfMessage.key(&[&space.0, &log.device.0, &incarnation, &seq])
}

/// The message that a key names after its table.
fn decode(bytes: &[u8]) -> Option<(SpaceId, EntryId)> {
    let (space, bytes) = bytes.split_first_chunk()?;
    let (device, bytes) = bytes.split_first_chunk()?;
    let (incarnation, bytes) = bytes.split_first_chunk()?;
    let log = LogId {
        device: DeviceId(*device),
        incarnation: Incarnation(u64::from_be_bytes(*incarnation)),
    };
    let seq = Seq(u64::from_be_bytes(bytes.try_into().ok()?));
    Some((SpaceId(*space), EntryId { log, seq }))
}
