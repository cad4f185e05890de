//! Conversations, as pure functions over a snapshot of the store: no engine is needed to read.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use bytes::Bytes;
use hedgerow_sync::conversation::{self, Annotation};
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::peer;
use hedgerow_sync::store::{Direction, Reader, StorageError};
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

use super::account::Account;
use super::people::contact::Contact;
use super::{reading, reconciling};
use crate::api::{ContactId, Message, MessageId, Page, PageFrom, Private, Reaction, Refusal, Why};
use crate::tables::{Table, damaged};

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 65_536;

/// The longest emoji of a reaction, in bytes.
pub const MAX_EMOJI: usize = 32;

/// An annotation that puts an emoji, its body, on a message; an empty body takes it back.
pub(super) const REACTION: AnnotationKind = AnnotationKind(1);
/// An annotation that pins a message, or with an empty body takes it down.
pub(super) const PIN: AnnotationKind = AnnotationKind(2);
/// What an annotation says that pins.
pub(super) const PINNED: &[u8] = &[1];

/// Part of a conversation, oldest first: at most `limit` messages. Of messages not delivered only a
/// refusal is given as the reason; [`explain`] fills in the others.
///
/// # Errors
/// There is no such contact or message, or the store failed.
pub fn page(
    reader: &dyn Reader,
    contact: &ContactId,
    from: &PageFrom,
    limit: u32,
) -> Result<Page, Refusal> {
    let mut conversation = Conversation::open(reader, contact)?;
    let space = conversation.space;
    let late = reading::late(reader, space).map_err(storage)?;
    let entry = |id| parse_message_id(id).ok_or(Refusal::NoSuchMessage);
    let from = match from {
        PageFrom::Newest => page::PageFrom::Newest,
        PageFrom::Oldest => page::PageFrom::Oldest,
        PageFrom::Before(id) => page::PageFrom::Before(entry(id)?),
        PageFrom::After(id) => page::PageFrom::After(entry(id)?),
        PageFrom::Position(position) => page::PageFrom::Position(*position),
        PageFrom::Date(date_ms) => page::PageFrom::Date(*date_ms),
        PageFrom::FirstUnread => match (
            late.first(),
            reading::position(reader, space).map_err(storage)?,
        ) {
            (Some(late), _) => page::PageFrom::At(late.id()),
            (None, Some(read)) => page::PageFrom::After(read.id()),
            (None, None) => page::PageFrom::Oldest,
        },
    };
    let found = page::page(reader, space, from, limit as usize)
        .map_err(storage)?
        .ok_or(Refusal::NoSuchMessage)?;
    Ok(Page {
        messages: conversation.messages(&found).map_err(storage)?,
        total: found.total,
        unread: reading::unread(reader, space, conversation.me).map_err(storage)?,
        unread_above: late.len() as u64,
    })
}

/// One message.
///
/// # Errors
/// There is no such contact or message, or the store failed.
pub fn message(
    reader: &dyn Reader,
    contact: &ContactId,
    id: &MessageId,
) -> Result<Message, Refusal> {
    let mut conversation = Conversation::open(reader, contact)?;
    let entry = parse_message_id(id).ok_or(Refusal::NoSuchMessage)?;
    let found = page::page(reader, conversation.space, page::PageFrom::At(entry), 1)
        .map_err(storage)?
        .ok_or(Refusal::NoSuchMessage)?;
    let mut messages = conversation.messages(&found).map_err(storage)?;
    messages.pop().ok_or(Refusal::NoSuchMessage)
}

/// Gives every message of ours that is not delivered the contact's present reason, which only the
/// engine knows ([`Call::Contact`](crate::api::Call::Contact) has it), unless it has one of its own.
pub fn explain(messages: &mut [Message], why: Option<Why>) {
    for message in messages
        .iter_mut()
        .filter(|message| message.mine && !message.delivered)
    {
        message.why = message.why.or(why);
    }
}

/// The id of an entry in the API: device, incarnation and sequence in hex, joined by `-`.
pub fn message_id(entry: EntryId) -> MessageId {
    let device = data_encoding::HEXLOWER.encode(&entry.log.device.0);
    MessageId(format!(
        "{device}-{:016x}-{:x}",
        entry.log.incarnation.0, entry.seq.0
    ))
}

/// The entry that an id of the API names.
pub fn parse_message_id(id: &MessageId) -> Option<EntryId> {
    let mut parts = id.0.split('-');
    let device = data_encoding::HEXLOWER
        .decode(parts.next()?.as_bytes())
        .ok()?;
    let incarnation = u64::from_str_radix(parts.next()?, 16).ok()?;
    let seq = u64::from_str_radix(parts.next()?, 16).ok()?;
    let log = LogId {
        device: DeviceId(device.try_into().ok()?),
        incarnation: Incarnation(incarnation),
    };
    parts
        .next()
        .is_none()
        .then_some(EntryId { log, seq: Seq(seq) })
}

/// Refuses a text that is too long.
pub(super) fn check_length(text: &str) -> Result<(), Refusal> {
    if text.len() > MAX_TEXT {
        return Err(Refusal::TooLong {
            limit_bytes: MAX_TEXT as u64,
            actual_bytes: text.len() as u64,
        });
    }
    Ok(())
}

/// The body of a text (`docs/PROTOCOL.md` section 4).
pub(super) fn text_body(text: &str) -> Body {
    Body::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

/// Whether this is one emoji and nothing else.
pub(super) fn is_emoji(text: &str) -> bool {
    let is_part = |c: char| match c {
        // Digits and signs are emoji with a keycap alone; then joiner, variation, keycap and tags.
        '0'..='9' | '#' | '*' => text.contains('\u{20e3}'),
        '\u{200d}' | '\u{fe0f}' | '\u{20e3}' | '\u{e0020}'..='\u{e007f}' => true,
        c => c.is_emoji_char(),
    };
    text.len() <= MAX_EMOJI
        && text.graphemes(true).count() == 1
        && text.chars().next().is_some_and(|c| c.is_emoji_char())
        && text.chars().all(is_part)
}

/// What a row says; `None` for a kind this version cannot show.
fn text_of(row: &Placed) -> Option<Private> {
    let (What::TEXT, Body::Bytes(bytes)) = (row.what, &row.body) else {
        return None;
    };
    str::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() <= MAX_TEXT)
        .map(|text| Private(text.to_owned()))
}

/// What is needed to show messages of one conversation.
struct Conversation<'a> {
    reader: &'a dyn Reader,
    contact: ContactId,
    space: SpaceId,
    me: DeviceId,
    /// The contact's devices.
    theirs: Vec<DeviceId>,
    /// Up to where any of them holds a log of ours, and whether they refuse it.
    held: BTreeMap<LogId, (Seq, bool)>,
}

impl<'a> Conversation<'a> {
    fn open(reader: &'a dyn Reader, id: &ContactId) -> Result<Conversation<'a>, Refusal> {
        let contact = contact_named(reader, id)
            .map_err(storage)?
            .ok_or(Refusal::NoSuchContact)?;
        Ok(Conversation {
            reader,
            contact: id.clone(),
            space: reconciling::space_id(&contact.space),
            me: Account::device_id(reader).map_err(storage)?,
            theirs: contact.device_ids(),
            held: BTreeMap::new(),
        })
    }

    /// The rows of a page, with what has been said of them.
    fn messages(&mut self, page: &page::Page) -> Result<Vec<Message>, StorageError> {
        let ids = || page.entries.iter().map(|entry| entry.id);
        let (reader, space) = (self.reader, self.space);
        let reactions = conversation::annotations(reader, space, REACTION, ids())?;
        let pins = conversation::annotations(reader, space, PIN, ids())?;
        let mut messages = Vec::with_capacity(page.entries.len());
        for (position, entry) in (page.position..).zip(&page.entries) {
            let mut message = self.message(entry, position)?;
            if let Some(reactions) = reactions.get(&entry.id) {
                message.reactions = self.reactions(reactions);
            }
            // The last of all counts, of whichever person.
            let pin = pins.get(&entry.id).and_then(|pins| pins.last());
            message.pinned = pin.is_some_and(
                |pin| matches!(&pin.body, Body::Bytes(body) if body.as_ref() == PINNED),
            );
            messages.push(message);
        }
        Ok(messages)
    }

    /// The last emoji of each person, unless it was taken back.
    fn reactions(&self, said: &[Annotation]) -> Vec<Reaction> {
        let mut last: Vec<(Option<ContactId>, &Annotation)> = Vec::new();
        for annotation in said {
            let author = (annotation.author() != self.me).then(|| self.contact.clone());
            last.retain(|(of, _)| *of != author);
            last.push((author, annotation));
        }
        let shown = |(author, annotation): (Option<ContactId>, &Annotation)| {
            let Body::Bytes(body) = &annotation.body else {
                return None;
            };
            let emoji = str::from_utf8(body).ok().filter(|text| is_emoji(text))?;
            let emoji = Private(emoji.to_owned());
            Some(Reaction { author, emoji })
        };
        last.into_iter().filter_map(shown).collect()
    }

    fn message(&mut self, entry: &Placed, position: u64) -> Result<Message, StorageError> {
        let mine = entry.id.log.device == self.me;
        let (delivered, refused) = if mine {
            self.delivery(entry.id)?
        } else {
            (false, false)
        };
        Ok(Message {
            id: message_id(entry.id),
            position,
            mine,
            time_ms: entry.shown_ms,
            text: text_of(entry),
            delivered,
            why: (mine && refused && !delivered).then_some(Why::Refused),
            reactions: Vec::new(),
            pinned: false,
        })
    }

    fn delivery(&mut self, entry: EntryId) -> Result<(bool, bool), StorageError> {
        if !self.held.contains_key(&entry.log) {
            let (mut held, mut refused) = (Seq(0), false);
            for device in &self.theirs {
                held = held.max(peer::acked(self.reader, self.space, *device, entry.log)?);
                refused |= peer::refusal(self.reader, self.space, *device, entry.log)?.is_some();
            }
            self.held.insert(entry.log, (held, refused));
        }
        let (held, refused) = self.held.get(&entry.log).copied().unwrap_or_default();
        Ok((entry.seq <= held, refused))
    }
}

/// The contact whose identity begins as an API id says.
fn contact_named(reader: &dyn Reader, id: &ContactId) -> Result<Option<Contact>, StorageError> {
    let Ok(prefix) = data_encoding::HEXLOWER.decode(id.0.as_bytes()) else {
        return Ok(None);
    };
    if prefix.len() != 16 {
        return Ok(None);
    }
    let (low, high) = (
        Table::Contacts.key(&[&prefix, &[0; 16]]),
        Table::Contacts.key(&[&prefix, &[0xff; 16]]),
    );
    let mut found = None;
    let range = (
        Bound::Included(low.as_slice()),
        Bound::Included(high.as_slice()),
    );
    reader.scan(range, Direction::Forward, &mut |_, value| {
        found = Some(minicbor::decode(value));
        ControlFlow::Break(())
    })?;
    found.transpose().map_err(|_| damaged())
}

fn storage(error: StorageError) -> Refusal {
    Refusal::Storage { fault: error.kind }
}
