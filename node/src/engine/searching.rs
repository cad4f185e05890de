//! Search beside the engine, and when the engine brings messages into the index.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use data_encoding::BASE64URL_NOPAD;
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::store::{Reader, StorageError};

use super::account::Account;
use super::conversations::{self, Conversation};
use super::groups;
use super::people::contact::Contact;
use super::share::SLICE_WORK;
use super::{Engine, Now, Turn, content, conversation};
use crate::api::{
    FoundConversation, FoundMessage, FoundRange, MAX_HITS, Private, Refusal, Search, SearchKind,
    SearchPage,
};
use crate::search::marks::{Mark, has_link};
use crate::search::query::Query;
use crate::search::{self, SLICE, Scope, Spot};
use crate::tables::{self, Table};

/// After how many milliseconds without a new message the engine indexes what waits.
const QUIET_MS: u64 = 1_000;
/// How many entries may wait while messages come without a pause. From then on a slice is indexed each [`QUIET_MS`], so
/// that taking in a long history stays cheap.
const MAX_WAITING: u64 = 32 * SLICE;

/// What is found at `now_ms` (Unix milliseconds). Of messages not delivered only a refusal is given as the reason.
///
/// # Errors
/// The search holds no word, contradicts itself, names nothing that is here, or has a cursor that no answer gave; or the
/// store failed.
pub fn search(reader: &dyn Reader, search: &Search, now_ms: i64) -> Result<SearchPage, Refusal> {
    let query = match search.kind.and_then(mark) {
        Some(mark) => Query::marked(mark, &search.words.0),
        None => Query::parse(&search.words.0),
    };
    let query = query.ok_or_else(|| bad("`words` holds no word, or more than 256 bytes"))?;
    if search.mine && search.from.is_some() {
        return Err(bad("give at most one of `from` and `mine`"));
    }
    let after = search.cursor.as_deref().map(parse_cursor).transpose()?;
    let is_narrow = search.conversation.is_some()
        || search.from.is_some()
        || search.mine
        || search.since_ms.is_some()
        || search.until_ms.is_some();
    let chats = chats(reader, search)?;
    let mut found = SearchPage {
        conversations: Vec::new(),
        messages: Vec::new(),
        cursor: None,
        partial: false,
    };
    let takes_names = matches!(search.kind, None | Some(SearchKind::Names));
    if after.is_none() && !is_narrow && takes_names {
        found.conversations = names(reader, &query, &chats)?;
    }
    if search.kind == Some(SearchKind::Names) {
        return Ok(found);
    }
    let me = Account::device_id(reader)?;
    let counts = |space: SpaceId, device: DeviceId| {
        let chat = chats.get(&space);
        let author = chat.and_then(|chat| chat.kind.author(device, me));
        match &search.from {
            Some(from) => author.is_some_and(|author| {
                groups::author_id(reader, space, author).is_ok_and(|author| author == *from)
            }),
            None => !search.mine || author.is_none(),
        }
    };
    let scope = Scope {
        spaces: &chats.keys().copied().collect(),
        counts: &counts,
        times_ms: search.since_ms.unwrap_or(i64::MIN)
            ..=search
                .until_ms
                .map_or(i64::MAX, |until| until.saturating_sub(1)),
        after,
        now_ms,
    };
    let mut look = |spot: Spot| look(reader, &query, spot);
    let hits = search::find(reader, &query, &scope, MAX_HITS, &mut look)?;
    found.messages = hits.hits;
    found.cursor = hits.next.map(cursor);
    found.partial = hits.is_partial;
    Ok(found)
}

/// What a message of a kind has beside words.
fn mark(kind: SearchKind) -> Option<Mark> {
    match kind {
        SearchKind::Names | SearchKind::Messages => None,
        SearchKind::Pictures => Some(Mark::Picture),
        SearchKind::Files => Some(Mark::File),
        SearchKind::Voice => Some(Mark::Voice),
        SearchKind::Links => Some(Mark::Link),
    }
}

/// The conversations to look in.
fn chats(reader: &dyn Reader, search: &Search) -> Result<BTreeMap<SpaceId, Conversation>, Refusal> {
    let mut chats = BTreeMap::new();
    match &search.conversation {
        Some(id) => {
            let space = conversations::parse_id(id).ok_or(Refusal::NoSuchConversation)?;
            let one = Conversation::load(reader, space)?;
            chats.extend(one.map(|one| (space, one)));
        }
        None => chats.extend(Conversation::all(reader)?),
    }
    chats.retain(|_, chat| chat.kind.shown().is_some());
    match chats.is_empty() && search.conversation.is_some() {
        true => Err(Refusal::NoSuchConversation),
        false => Ok(chats),
    }
}

/// The conversations whose names have the query.
fn names(
    reader: &dyn Reader,
    query: &Query,
    chats: &BTreeMap<SpaceId, Conversation>,
) -> Result<Vec<FoundConversation>, StorageError> {
    let mut found = Vec::new();
    for (space, chat) in chats {
        let name = name(reader, chat)?;
        if let Some(ranges) = query.matches(&name) {
            found.push(FoundConversation {
                conversation: conversations::api_id(*space),
                name: Private(name),
                ranges: api_ranges(ranges),
            });
        }
    }
    found.sort_by(|one, other| one.name.0.cmp(&other.name.0));
    found.truncate(MAX_HITS);
    Ok(found)
}

/// The name of a conversation; of notes, which each surface calls in its own words, none.
fn name(reader: &dyn Reader, chat: &Conversation) -> Result<String, StorageError> {
    if let Some(name) = &chat.name {
        return Ok(name.clone());
    }
    let mut names = Vec::new();
    for member in chat.kind.members() {
        let contact: Option<Contact> = tables::load(reader, &Table::Contacts.key(&[&member.0]))?;
        names.extend(contact.map(|contact| contact.name().to_owned()));
    }
    Ok(names.join(", "))
}

/// The message of a candidate, if it is shown and has the query in its present text.
fn look(reader: &dyn Reader, query: &Query, spot: Spot) -> Result<Option<FoundMessage>, Refusal> {
    let conversation = conversations::api_id(spot.space);
    let id = conversation::message_id(spot.entry);
    let message = match conversation::message(reader, &conversation, &id) {
        Ok(message) => message,
        Err(Refusal::NoSuchMessage | Refusal::NoSuchConversation) => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    let Some(text) = message.text.as_ref().map(|text| text.0.as_str()) else {
        return Ok(None);
    };
    let mut marks = Vec::new();
    marks.extend(has_link(text).then_some(Mark::Link));
    marks.extend(message.file.as_ref().map(|file| {
        let media_type = file.media_type.as_ref();
        Mark::of_file(media_type.map(|it| &*it.0), file.voice.is_some())
    }));
    if !query.is_marked(&marks) {
        return Ok(None);
    }
    let file = message.file.as_ref().filter(|file| file.voice.is_none());
    let found = match file {
        Some(file) => query.matches(&content::searched(text, &file.name.0)),
        None => query.matches(text),
    };
    let (length, behind) = (text.len(), content::searched(text, "").len());
    Ok(found.map(|found| {
        let (ranges, in_name): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|range| range.end <= length);
        let in_name = in_name
            .into_iter()
            .map(|range| range.start.saturating_sub(behind)..range.end - behind);
        FoundMessage {
            conversation,
            message,
            ranges: api_ranges(ranges),
            name_ranges: api_ranges(in_name.collect()),
        }
    }))
}

fn api_ranges(ranges: Vec<Range<usize>>) -> Vec<FoundRange> {
    let range = |Range { start, end }| FoundRange { start, end };
    ranges.into_iter().map(range).collect()
}

fn cursor(spot: Spot) -> String {
    let mut bytes = Vec::with_capacity(CURSOR);
    bytes.extend_from_slice(&spot.time_ms.to_be_bytes());
    bytes.extend_from_slice(&spot.space.0);
    bytes.extend_from_slice(&spot.entry.log.device.0);
    bytes.extend_from_slice(&spot.entry.log.incarnation.0.to_be_bytes());
    bytes.extend_from_slice(&spot.entry.seq.0.to_be_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

/// The bytes of a cursor.
const CURSOR: usize = 8 + 16 + 16 + 8 + 8;

fn parse_cursor(text: &str) -> Result<Spot, Refusal> {
    let read = || {
        let bytes =
            (text.len() < 2 * CURSOR).then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok())??;
        let (time_ms, rest) = bytes.split_first_chunk()?;
        let (space, rest) = rest.split_first_chunk()?;
        let (device, rest) = rest.split_first_chunk()?;
        let (incarnation, rest) = rest.split_first_chunk()?;
        let log = LogId {
            device: DeviceId(*device),
            incarnation: Incarnation(u64::from_be_bytes(*incarnation)),
        };
        let seq = Seq(u64::from_be_bytes(rest.try_into().ok()?));
        Some(Spot {
            time_ms: i64::from_be_bytes(*time_ms),
            space: SpaceId(*space),
            entry: EntryId { log, seq },
        })
    };
    read().ok_or(Refusal::BadCursor)
}

fn bad(what: &str) -> Refusal {
    Refusal::BadRequest { what: what.into() }
}

/// What waits to be indexed.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// About how many entries.
    entries: u64,
    /// When the last of them came, in monotonic milliseconds.
    last_ms: u64,
    /// When the last slice was indexed, in monotonic milliseconds.
    slice_ms: u64,
    /// Everything waits, because the disk has no room.
    pauses: bool,
}

impl Waiting {
    /// Counts what a store holds.
    pub fn load(
        reader: &dyn Reader,
        spaces: impl Iterator<Item = SpaceId>,
    ) -> Result<Waiting, StorageError> {
        let mut waiting = Waiting::default();
        for space in spaces {
            waiting.entries += search::waiting(reader, space)?;
        }
        Ok(waiting)
    }

    /// Further entries have come.
    pub fn came(&mut self, entries: u64, now: Now) {
        self.entries += entries;
        self.last_ms = now.mono_ms;
    }

    /// When the next slice is due, in monotonic milliseconds. Fewer entries than a slice may wait for ever: a query
    /// reads them.
    pub fn due_ms(&self) -> Option<u64> {
        match self.entries {
            _ if self.pauses => None,
            ..SLICE => None,
            SLICE..MAX_WAITING => Some(self.last_ms + QUIET_MS),
            MAX_WAITING.. => Some(self.last_ms.min(self.slice_ms) + QUIET_MS),
        }
    }
}

impl Engine {
    /// Lets everything wait that is not indexed yet: the disk has no room.
    pub fn index_nothing(&mut self) {
        self.owners.waiting.pauses = true;
    }

    /// Indexes a slice if one is due and the turn has done little else: nobody waits for it.
    pub(super) fn index_slice(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let waiting = &mut self.owners.waiting;
        let is_idle = turn.meter.spent() < SLICE_WORK;
        if is_idle && waiting.due_ms().is_some_and(|due| due <= turn.now.mono_ms) {
            let spaces: BTreeSet<SpaceId> = self
                .owners
                .conversations
                .shown()
                .map(|(space, _)| space)
                .collect();
            waiting.entries = search::index(turn.txn, spaces, turn.now.wall_ms)?;
            waiting.slice_ms = turn.now.mono_ms;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mono_ms: u64) -> Now {
        Now {
            mono_ms,
            wall_ms: 0,
        }
    }

    #[test]
    fn a_long_history_that_comes_is_indexed_a_slice_each_second() {
        let mut waiting = Waiting::default();
        waiting.came(SLICE - 1, at(60_000));
        assert_eq!(waiting.due_ms(), None);
        waiting.came(1, at(60_001));
        assert_eq!(waiting.due_ms(), Some(60_001 + QUIET_MS));
        waiting.came(2 * MAX_WAITING, at(60_002));
        assert!(waiting.due_ms() <= Some(60_002));
        (waiting.entries, waiting.slice_ms) = (2 * MAX_WAITING, 60_002);
        waiting.came(SLICE, at(60_900));
        assert_eq!(waiting.due_ms(), Some(60_002 + QUIET_MS));
    }
}
