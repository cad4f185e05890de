//! Messages that disappear: the reader's copy some time after it was read, the author's some time after it was first
//! delivered (`docs/PROTOCOL.md` section 4).
//!
//! ```text
//! waits ──> runs ──> gone              another's: from reading; ours: from the first delivery
//!   └─────> lapsed                     ours, after 28 days without delivery: others never get it
//! ```
//!
//! Deadlines are moments of the [`StoreClock`].

use std::ops::{Bound, ControlFlow};

use bytes::Bytes;
use hedgerow_sync::id::{EntryId, SpaceId};
use hedgerow_sync::page::{self, Place};
use hedgerow_sync::store::{Direction, Reader, StorageError, Txn};
use minicbor::{Decode, Encode};

use super::content::Content;
use super::conversation::{message_id, parse_message_id};
use super::edits::Edits;
use super::fault::CallError;
use super::messages_at_rest::encode;
use super::store_clock::StoreClock;
use super::{Now, Owners, Turn, files, reading, timers};
use crate::api::{ConversationId, MessageId, Refusal, Reply};
use crate::tables::{self, Table, damaged};

/// A message of ours that disappears and that nobody has confirmed for so long is lapsed.
const LAPSE_MS: u64 = 28 * 24 * 60 * 60 * 1_000;

/// Most messages that disappear in one transaction.
const MAX_AT_ONCE: usize = 64;

/// The clock of the store, and the next deadline on it.
#[derive(Default)]
pub(super) struct Disappearing {
    clock: StoreClock,
    next_ms: Option<u64>,
}

/// What a message that disappears waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Another's, to be read.
    Unread = 0,
    /// Ours, to be delivered.
    Undelivered = 1,
    /// Its end.
    Running = 2,
}

impl Phase {
    const ALL: [Self; 3] = [Self::Unread, Self::Undelivered, Self::Running];

    fn key(self, space: SpaceId, place: Place) -> Vec<u8> {
        Table::MessageTimers.key(&[&space.0, &[self as u8], &reading::encode(place)])
    }
}

/// The timer of a message in its phase.
#[derive(Encode, Decode)]
struct MessageTimer {
    /// So much time passes from the reading or the delivery on, in seconds.
    #[n(0)]
    after_s: u64,
    /// When it lapses, or disappears, by the store's clock.
    #[n(1)]
    due_ms: Option<u64>,
    /// When it disappears by the wall clock, to be shown.
    #[n(2)]
    at_wall_ms: Option<i64>,
}

impl Disappearing {
    pub fn load(reader: &dyn Reader, now: Now) -> Result<Disappearing, StorageError> {
        Ok(Disappearing {
            clock: StoreClock::load(reader, now)?,
            next_ms: first_deadline(reader)?,
        })
    }

    /// When the next deadline passes or, while there is one, the clock is to be saved, in monotonic milliseconds.
    pub fn next_wake_ms(&self, now: Now) -> Option<u64> {
        let next_ms = self.next_ms?.min(self.clock.save_due_ms());
        let left_ms = next_ms.saturating_sub(self.clock.time_ms(now));
        Some(now.mono_ms.saturating_add(left_ms))
    }

    /// A message is new that disappears once it was read or, if it is ours, delivered.
    pub fn wait(
        &mut self,
        txn: &mut dyn Txn,
        now: Now,
        space: SpaceId,
        place: Place,
        after_s: u64,
        is_ours: bool,
    ) -> Result<(), StorageError> {
        let (phase, due_ms) = match is_ours {
            true => (
                Phase::Undelivered,
                Some(self.clock.time_ms(now).saturating_add(LAPSE_MS)),
            ),
            false => (Phase::Unread, None),
        };
        let timer = MessageTimer {
            after_s,
            due_ms,
            at_wall_ms: None,
        };
        self.save(txn, now, space, place, phase, &timer)
    }

    /// The time of a message begins that waited in a phase.
    fn begin(
        &mut self,
        txn: &mut dyn Txn,
        now: Now,
        space: SpaceId,
        place: Place,
        (phase, waiting): (Phase, MessageTimer),
    ) -> Result<(), StorageError> {
        remove(txn, space, place, phase, &waiting)?;
        let after_ms = waiting.after_s.saturating_mul(1_000);
        let timer = MessageTimer {
            after_s: waiting.after_s,
            due_ms: Some(self.clock.time_ms(now).saturating_add(after_ms)),
            at_wall_ms: Some(now.wall_ms.saturating_add_unsigned(after_ms)),
        };
        self.save(txn, now, space, place, Phase::Running, &timer)
    }

    fn save(
        &mut self,
        txn: &mut dyn Txn,
        now: Now,
        space: SpaceId,
        place: Place,
        phase: Phase,
        timer: &MessageTimer,
    ) -> Result<(), StorageError> {
        tables::save(txn, &phase.key(space, place), timer)?;
        let Some(due_ms) = timer.due_ms else {
            return Ok(());
        };
        self.next_ms = Some(self.next_ms.map_or(due_ms, |next| next.min(due_ms)));
        self.clock.keep(txn, now)?;
        txn.put(&deadline(due_ms, space, place), &[])
    }

    /// Everything of others up to this place has been read.
    pub fn read_up_to(
        &mut self,
        txn: &mut dyn Txn,
        now: Now,
        space: SpaceId,
        up_to: Place,
    ) -> Result<(), StorageError> {
        let read = waiting(txn, space, Phase::Unread, |place| {
            (place <= up_to).then_some(true)
        })?;
        self.begin_all(txn, now, space, Phase::Unread, read)
    }

    /// A device has everything of ours up to this entry of its log.
    pub fn delivered(
        &mut self,
        txn: &mut dyn Txn,
        now: Now,
        space: SpaceId,
        last: EntryId,
    ) -> Result<(), StorageError> {
        let delivered = waiting(txn, space, Phase::Undelivered, |place| {
            let is_of_log = place.log == last.log;
            // In a log, places are in the order of the numbers.
            (!is_of_log || place.seq <= last.seq).then_some(is_of_log)
        })?;
        self.begin_all(txn, now, space, Phase::Undelivered, delivered)
    }

    fn begin_all(
        &mut self,
        txn: &mut dyn Txn,
        now: Now,
        space: SpaceId,
        phase: Phase,
        timers: Vec<(Place, MessageTimer)>,
    ) -> Result<(), StorageError> {
        let mut timers = timers.into_iter();
        timers.try_for_each(|(place, timer)| self.begin(txn, now, space, place, (phase, timer)))
    }
}

impl Owners {
    /// Saves the clock while there is a deadline: the node stops.
    pub(super) fn save_clock(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        match self.disappearing.next_ms {
            Some(_) => self.disappearing.clock.save(turn.txn, turn.now),
            None => Ok(()),
        }
    }

    /// Removes what is due.
    pub(super) fn expire_due(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let Some(next_ms) = self.disappearing.next_ms else {
            return Ok(());
        };
        self.disappearing.clock.keep(turn.txn, turn.now)?;
        let now_ms = self.disappearing.clock.time_ms(turn.now);
        if next_ms > now_ms {
            return Ok(());
        }
        for (due_ms, space, place) in deadlines(turn.txn, now_ms, MAX_AT_ONCE)? {
            let timer = timer(turn.txn, space, place)?;
            match timer.filter(|(_, timer)| timer.due_ms == Some(due_ms)) {
                Some((Phase::Running, _)) => self.forget_message(turn, space, place)?,
                Some((phase, timer)) => {
                    remove(turn.txn, space, place, phase, &timer)?;
                    self.lapse(turn, space, place.id())?;
                }
                None => turn.txn.remove(&deadline(due_ms, space, place))?,
            }
        }
        self.disappearing.next_ms = first_deadline(turn.txn)?;
        Ok(())
    }

    /// A message of ours was not delivered in time. Others never get it; its last text stays on this device until the
    /// user sends it again or deletes it.
    fn lapse(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        entry: EntryId,
    ) -> Result<(), StorageError> {
        let kind = self.conversations.get(space).map(|known| known.kind);
        let row = page::entry(turn.txn, space, entry)?;
        let content = row.as_ref().and_then(Content::of);
        let (Some(kind), Some(mut content)) = (kind, content) else {
            return Ok(());
        };
        let edits = Edits::read(turn.txn, space, kind, self.account.device_id, [entry])?;
        if let Some(text) = edits.last(turn.txn, space)?.text(entry, &content) {
            content.text = text.0;
        }
        // The file stays as well until the message is sent again or deleted.
        let file = files::set_aside(turn, space, entry)?;
        self.remove_content(turn, space, entry)?;
        files::put_back(turn, space, entry, file)?;
        let body = tables::encoded(&content);
        turn.txn.put(&lapsed_key(space, entry), &body)?;
        let changed = turn.pending.annotated.entry(space).or_default();
        changed.insert(entry);
        Ok(())
    }

    /// Writes a lapsed message anew, in place of the old one.
    pub(super) fn send_again(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.writable(id)?;
        let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let place = page::row_place(turn.txn, space, entry)?.ok_or(Refusal::NoSuchMessage)?;
        let mut content = lapsed(turn.txn, space, entry)?.ok_or(Refusal::NotLapsed)?;
        content.timer_s = timers::of_new(turn.txn, space)?;
        if files::is_cancelled(turn.txn, space, entry)? {
            content.file = None;
        }
        if content.text.is_empty() && content.file.is_none() {
            return Err(Refusal::NoText.into());
        }
        let (what, body) = content.row();
        let sent = self.append(turn, space, what, body)?;
        self.forget_message(turn, space, place)?;
        Ok(Reply::Sent(message_id(sent)))
    }
}

/// What a lapsed message says.
pub(super) fn lapsed(
    reader: &dyn Reader,
    space: SpaceId,
    entry: EntryId,
) -> Result<Option<Content>, StorageError> {
    let mut body = None;
    reader.with(&lapsed_key(space, entry), &mut |bytes| {
        body = Some(Bytes::copy_from_slice(bytes));
    })?;
    Ok(body.and_then(|body| Content::of_message(&body)))
}

/// When a message disappears whose time runs: Unix milliseconds.
pub(super) fn disappears_ms(
    reader: &dyn Reader,
    space: SpaceId,
    place: Place,
) -> Result<Option<i64>, StorageError> {
    let key = Phase::Running.key(space, place);
    let timer = tables::load::<MessageTimer>(reader, &key)?;
    Ok(timer.and_then(|timer| timer.at_wall_ms))
}

/// A message is gone: nothing is due any more.
pub(super) fn forget_message(
    txn: &mut dyn Txn,
    space: SpaceId,
    place: Place,
) -> Result<(), StorageError> {
    if let Some((phase, timer)) = timer(txn, space, place)? {
        remove(txn, space, place, phase, &timer)?;
    }
    Ok(())
}

/// Forgets the text of a lapsed message.
pub(super) fn forget_text(
    txn: &mut dyn Txn,
    space: SpaceId,
    entry: EntryId,
) -> Result<(), StorageError> {
    txn.remove(&lapsed_key(space, entry))
}

/// Forgets all messages of a space.
pub(super) fn forget(txn: &mut dyn Txn, space: SpaceId) -> Result<(), StorageError> {
    for phase in Phase::ALL {
        for (place, timer) in waiting(txn, space, phase, |_| Some(true))? {
            remove(txn, space, place, phase, &timer)?;
        }
    }
    tables::remove_all(txn, &Table::Lapsed.key(&[&space.0]))
}

/// The timers of a phase, in the order of their places: those for which `choose` gives true, until it gives `None`.
fn waiting(
    reader: &dyn Reader,
    space: SpaceId,
    phase: Phase,
    choose: impl Fn(Place) -> Option<bool>,
) -> Result<Vec<(Place, MessageTimer)>, StorageError> {
    let low = Table::MessageTimers.key(&[&space.0, &[phase as u8]]);
    let high = tables::after(&low);
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    let mut found = Vec::new();
    reader.scan(range, Direction::Forward, &mut |key, value| {
        let place = reading::decode(&key[low.len()..]);
        match place.map_or(Some(true), &choose) {
            Some(true) => found.push(place.zip(minicbor::decode(value).ok())),
            Some(false) => {}
            None => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    })?;
    let found = found.into_iter();
    found.map(|timer| timer.ok_or_else(damaged)).collect()
}

/// The timer of a message, and its phase.
fn timer(
    reader: &dyn Reader,
    space: SpaceId,
    place: Place,
) -> Result<Option<(Phase, MessageTimer)>, StorageError> {
    for phase in Phase::ALL {
        if let Some(timer) = tables::load(reader, &phase.key(space, place))? {
            return Ok(Some((phase, timer)));
        }
    }
    Ok(None)
}

fn remove(
    txn: &mut dyn Txn,
    space: SpaceId,
    place: Place,
    phase: Phase,
    timer: &MessageTimer,
) -> Result<(), StorageError> {
    if let Some(due_ms) = timer.due_ms {
        txn.remove(&deadline(due_ms, space, place))?;
    }
    txn.remove(&phase.key(space, place))
}

fn lapsed_key(space: SpaceId, entry: EntryId) -> Vec<u8> {
    Table::Lapsed.key(&[&space.0, &encode(entry)])
}

fn deadline(due_ms: u64, space: SpaceId, place: Place) -> Vec<u8> {
    Table::Deadlines.key(&[&due_ms.to_be_bytes(), &space.0, &reading::encode(place)])
}

fn first_deadline(reader: &dyn Reader) -> Result<Option<u64>, StorageError> {
    let first = deadlines(reader, u64::MAX, 1)?;
    Ok(first.first().map(|(due_ms, ..)| *due_ms))
}

/// The first deadlines until `until_ms`, at most `most`.
fn deadlines(
    reader: &dyn Reader,
    until_ms: u64,
    most: usize,
) -> Result<Vec<(u64, SpaceId, Place)>, StorageError> {
    let low = Table::Deadlines.key(&[]);
    let high = tables::after(&Table::Deadlines.key(&[&until_ms.to_be_bytes()]));
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    let mut found = Vec::new();
    reader.scan(range, Direction::Forward, &mut |key, _| {
        found.push(read_deadline(&key[low.len()..]));
        match found.len() < most {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    let found = found.into_iter();
    found.map(|one| one.ok_or_else(damaged)).collect()
}

fn read_deadline(rest: &[u8]) -> Option<(u64, SpaceId, Place)> {
    let (due_ms, rest) = rest.split_first_chunk()?;
    let (space, place) = rest.split_first_chunk()?;
    let due_ms = u64::from_be_bytes(*due_ms);
    Some((due_ms, SpaceId(*space), reading::decode(place)?))
}

#[cfg(test)]
mod tests {
    use hedgerow_sync::id::{DeviceId, Incarnation, Lamport, LogId, Seq};
    use hedgerow_sync::memory::MemoryStore;
    use hedgerow_sync::metered::{Meter, MeteredReader};
    use hedgerow_sync::store::Store;

    use super::*;

    const SPACE: SpaceId = SpaceId([1; 16]);

    fn place(number: u64) -> Place {
        Place {
            lamport: Lamport(number),
            log: LogId {
                device: DeviceId([2; 16]),
                incarnation: Incarnation(3),
            },
            seq: Seq(number),
        }
    }

    /// The work of a start after this number of messages with deadlines.
    fn start(messages: u64) -> u64 {
        let mut store = MemoryStore::default();
        let now = Now {
            mono_ms: 7,
            wall_ms: 1_790_000_000_000,
        };
        let mut all = Disappearing::default();
        store
            .write(|txn| {
                (1..=messages).try_for_each(|at| all.wait(txn, now, SPACE, place(at), 60, true))
            })
            .expect("memory does not fail");
        let meter = Meter::new();
        let load =
            |reader: &dyn Reader| Disappearing::load(&MeteredReader::new(reader, &meter), now);
        let loaded = store.read(load).expect("memory does not fail");
        assert!(loaded.next_ms.is_some());
        meter.spent()
    }

    #[test]
    fn a_start_with_ten_thousand_deadlines_reads_only_the_first() {
        assert_eq!(start(10_000), start(1));
    }
}
