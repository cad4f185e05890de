//! Conversations, as pure functions over a snapshot of the store: no engine is needed to read.

use std::collections::BTreeMap;

use hedgerow_sync::conversation::{self as sync, Annotation};
use hedgerow_sync::entry::{AnnotationKind, Body};
use hedgerow_sync::id::{DeviceId, EntryId, IdentityId, Incarnation, LogId, Seq, SpaceId};
use hedgerow_sync::page::{self, Place, Placed};
use hedgerow_sync::peer;
use hedgerow_sync::store::{Reader, StorageError};
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

use super::account::{Account, Settings};
use super::content::Content;
use super::conversations::{self, Author, Conversation, Kind};
use super::deletion::{self, DELETION};
use super::edits::Edits;
use super::groups::{self, Names};
use super::people::contact::{self, Contact};
use super::quoting::Originals;
use super::{delivery, disappearing, files, reading, starred, timers};
use crate::api::{
    ContactId, ConversationId, Deleted, Delivery, DeliveryState, Disappears, GroupChange, Message,
    MessageId, Page, PageFrom, Private, Reaction, Refusal, Removal, Version, Why,
};
use crate::tables::{self, Table};

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
/// There is no such conversation or message, or the store failed.
pub fn page(
    reader: &dyn Reader,
    conversation: &ConversationId,
    from: &PageFrom,
    limit: u32,
) -> Result<Page, Refusal> {
    let mut conversation = View::open(reader, conversation)?;
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
    let mut messages = conversation.messages(&found).map_err(storage)?;
    let changes = conversation.tell_changes(&found, &mut messages);
    Ok(Page {
        messages,
        changes: changes.map_err(storage)?,
        total: found.total,
        unread: reading::unread(reader, space, conversation.me).map_err(storage)?,
        unread_above: late.len() as u64,
    })
}

/// One message.
///
/// # Errors
/// There is no such conversation or message, or the store failed.
pub fn message(
    reader: &dyn Reader,
    conversation: &ConversationId,
    id: &MessageId,
) -> Result<Message, Refusal> {
    let mut conversation = View::open(reader, conversation)?;
    let entry = parse_message_id(id).ok_or(Refusal::NoSuchMessage)?;
    let found = page::page(reader, conversation.space, page::PageFrom::At(entry), 1)
        .map_err(storage)?
        .ok_or(Refusal::NoSuchMessage)?;
    let mut messages = conversation.messages(&found).map_err(storage)?;
    messages.pop().ok_or(Refusal::NoSuchMessage)
}

/// The texts that a message had, its present one last.
///
/// # Errors
/// There is no such conversation or message, the message has no text, or the store failed.
pub fn versions(
    reader: &dyn Reader,
    conversation: &ConversationId,
    id: &MessageId,
) -> Result<Vec<Version>, Refusal> {
    let View {
        space, kind, me, ..
    } = View::open(reader, conversation)?;
    let entry = parse_message_id(id).ok_or(Refusal::NoSuchMessage)?;
    let found = page::page(reader, space, page::PageFrom::At(entry), 1).map_err(storage)?;
    let rows = found.map(|page| page.entries).unwrap_or_default();
    let row = rows.first().ok_or(Refusal::NoSuchMessage)?;
    let first = Content::of(row).ok_or(Refusal::NoText)?;
    let edits = Edits::read(reader, space, kind, me, [entry]).map_err(storage)?;
    let mut versions = vec![Version {
        text: Some(Private(first.text)),
        time_ms: row.shown_ms,
    }];
    versions.extend(edits.versions(reader, space, entry).map_err(storage)?);
    Ok(versions)
}

/// Gives every message of ours that waits the present reasons of those whom it is for, which only the engine knows
/// ([`Call::Conversation`](crate::api::Call::Conversation) has them), unless it has one of its own.
pub fn explain(messages: &mut [Message], recipients: &[Delivery]) {
    let deliveries = messages
        .iter_mut()
        .flat_map(|message| &mut message.deliveries);
    for delivery in deliveries {
        if let DeliveryState::Queued { why: why @ None } = &mut delivery.state {
            let recipient = recipients.iter().find(|one| one.device == delivery.device);
            *why = recipient.and_then(Delivery::why);
        }
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

/// What is needed to show messages of one conversation.
struct View<'a> {
    reader: &'a dyn Reader,
    kind: Kind,
    space: SpaceId,
    /// Whose logs are ours there.
    me: DeviceId,
    /// What the people of a group are called.
    names: Option<Names>,
    /// We tell what we read, so what others have read is shown.
    shows_read: bool,
    /// The devices that our messages go to, those of one member in a row.
    recipients: Vec<Recipient>,
    /// What each of them has of a log of ours.
    held: BTreeMap<LogId, Vec<Held>>,
}

/// A device that our messages go to.
struct Recipient {
    id: DeviceId,
    /// Whose logs tell what its user has read.
    reader: DeviceId,
    contact: ContactId,
}

/// What a device has of a log of ours.
#[derive(Clone, Copy)]
struct Held {
    up_to: Seq,
    /// How far its user has read, if that is shown.
    read: Seq,
    is_refused: bool,
}

impl<'a> View<'a> {
    fn open(reader: &'a dyn Reader, id: &ConversationId) -> Result<View<'a>, Refusal> {
        let space = conversations::parse_id(id).ok_or(Refusal::NoSuchConversation)?;
        let kept = Conversation::load(reader, space).map_err(storage)?;
        let kind = kept.map(|kept| kept.kind);
        let kind = kind.filter(|kind| kind.shown().is_some());
        let kind = kind.ok_or(Refusal::NoSuchConversation)?;
        let me = kind.us(Account::device_id(reader).map_err(storage)?);
        let names = kind.is_group().then(|| Names::read(reader, space, me));
        Ok(View {
            reader,
            kind,
            space,
            me,
            names: names.transpose().map_err(storage)?,
            shows_read: Settings::load(reader).map_err(storage)?.receipts,
            recipients: recipients(reader, space, kind).map_err(storage)?,
            held: BTreeMap::new(),
        })
    }

    /// The rows of a page, with what has been said of them.
    fn messages(&mut self, page: &page::Page) -> Result<Vec<Message>, StorageError> {
        let ids = || page.entries.iter().map(|entry| entry.id);
        let (reader, space) = (self.reader, self.space);
        let reactions = sync::annotations(reader, space, REACTION, ids())?;
        let pins = sync::annotations(reader, space, PIN, ids())?;
        let starred = starred::among(reader, space, ids())?;
        let deletions = sync::annotations(reader, space, DELETION, ids())?;
        let contents: Vec<Option<Content>> = page.entries.iter().map(Content::of).collect();
        let originals = Originals::read(reader, space, contents.iter().flatten())?;
        let edited = ids().chain(originals.ids());
        let edits = Edits::read(reader, space, self.kind, self.me, edited)?.last(reader, space)?;
        let mut messages = Vec::with_capacity(page.entries.len());
        let entries = page.entries.iter().zip(&contents);
        for (position, (entry, content)) in (page.position..).zip(entries) {
            let mut message = self.message(entry, position)?;
            let said = deletions.get(&entry.id);
            let deletion =
                said.and_then(|said| deletion::by_author(self.kind, self.me, entry.id, said));
            if let Some(deletion) = deletion {
                message.text = None;
                message.deleted = Some(self.deleted(entry.id, deletion.id())?);
                messages.push(message);
                continue;
            }
            // In a group operations set the timer.
            message.sets_timer_s = timers::set_by(entry).filter(|_| !self.kind.is_group());
            if content.is_none()
                && message.is_mine()
                && let Some(content) = disappearing::lapsed(reader, space, entry.id)?
            {
                message.text = Some(Private(content.text));
                message.lapsed = true;
                message.deliveries.clear();
            }
            message.not_here =
                self.kind.is_group() && !message.lapsed && matches!(entry.body, Body::Gone);
            if let Some(content) = content {
                message.text = edits.text(entry.id, content);
                message.disappears = self.disappears(entry, content)?;
                message.edited = edits.of(entry.id);
                if let Some(part) = &content.file {
                    let recipients = self.recipients.iter();
                    let recipients = recipients.map(|one| (one.id, one.contact.clone()));
                    let author = self.kind.author(entry.id.log.device, self.me);
                    let is_verified = match author {
                        Some(Author::Person(author)) => contact::is_verified(reader, author)?,
                        Some(Author::Member(member)) => groups::is_verified(reader, space, member)?,
                        None => true,
                    };
                    let (chat, by) = ((space, self.kind), entry.id.log.device);
                    let file = files::file_of(reader, chat, by, part, is_verified, recipients)?;
                    message.file = Some(file);
                }
                if let Some(of) = content.reply_to.map(EntryId::from) {
                    let author = self.author_id(of.log.device)?;
                    message.reply_to = Some(originals.quoted(of, &edits, author));
                }
            }
            if let Some(reactions) = reactions.get(&entry.id) {
                message.reactions = self.reactions(reactions)?;
            }
            // The last of all counts, of whichever person.
            let pin = pins.get(&entry.id).and_then(|pins| pins.last());
            message.pinned = pin.is_some_and(
                |pin| matches!(&pin.body, Body::Bytes(body) if body.as_ref() == PINNED),
            );
            message.starred = starred.contains(&entry.id);
            messages.push(message);
        }
        Ok(messages)
    }

    /// The last emoji of each person, unless it was taken back.
    fn reactions(&self, said: &[Annotation]) -> Result<Vec<Reaction>, StorageError> {
        let mut last: Vec<(Option<ContactId>, &Annotation)> = Vec::new();
        for annotation in said {
            let author = self.author_id(annotation.author())?;
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
        Ok(last.into_iter().filter_map(shown).collect())
    }

    /// Whose logs those of a device are; `None`: ours.
    fn author_id(&self, device: DeviceId) -> Result<Option<ContactId>, StorageError> {
        let author = self.kind.author(device, self.me);
        author
            .map(|author| groups::author_id(self.reader, self.space, author))
            .transpose()
    }

    /// What changed about who is in a group behind each message.
    fn tell_changes(
        &self,
        page: &page::Page,
        messages: &mut [Message],
    ) -> Result<Vec<GroupChange>, StorageError> {
        let Some(names) = &self.names else {
            return Ok(Vec::new());
        };
        let (reader, space) = (self.reader, self.space);
        let between = |from, to| -> Result<Vec<GroupChange>, StorageError> {
            let lines = groups::lines_between(reader, space, from, to)?;
            let lines = lines.into_iter().map(|line| names.change(reader, line));
            let shown: Result<Vec<_>, _> = lines.collect();
            Ok(shown?.into_iter().flatten().collect())
        };
        let places: Vec<Place> = page.entries.iter().map(|entry| entry.place()).collect();
        let is_last = page.position + places.len() as u64 == page.total;
        for (index, message) in messages.iter_mut().enumerate() {
            let to = match places.get(index + 1) {
                Some(next) => Some(*next),
                None if is_last => None,
                None => page::page(reader, space, page::PageFrom::After(places[index].id()), 1)?
                    .and_then(|page| page.entries.first().map(|entry| entry.place())),
            };
            message.changes = between(Some(places[index]), to)?;
        }
        match places.first() {
            None => between(None, None),
            Some(first) if page.position == 0 => between(None, Some(*first)),
            Some(_) => Ok(Vec::new()),
        }
    }

    fn message(&mut self, entry: &Placed, position: u64) -> Result<Message, StorageError> {
        let author = self.kind.author(entry.id.log.device, self.me);
        Ok(Message {
            id: message_id(entry.id),
            position,
            author: self.author_id(entry.id.log.device)?,
            member: self
                .names
                .as_ref()
                .map(|names| names.of(entry.id.log.device)),
            invitation: groups::invitation_of(self.reader, self.space, entry, author.is_none())?,
            changes: Vec::new(),
            time_ms: entry.shown_ms,
            text: None,
            edited: None,
            reply_to: None,
            file: None,
            deliveries: match author {
                None => self.deliveries(entry.id)?,
                Some(_) => Vec::new(),
            },
            reactions: Vec::new(),
            pinned: false,
            starred: false,
            deleted: None,
            disappears: None,
            lapsed: false,
            sets_timer_s: None,
            not_here: false,
        })
    }

    /// When a message disappears.
    fn disappears(
        &self,
        entry: &Placed,
        content: &Content,
    ) -> Result<Option<Disappears>, StorageError> {
        let Some(after_s) = timers::of_message(content) else {
            return Ok(None);
        };
        let at_ms = disappearing::disappears_ms(self.reader, self.space, entry.place())?;
        Ok(Some(Disappears { after_s, at_ms }))
    }

    /// How far the deletion of a message has come.
    fn deleted(&self, entry: EntryId, deletion: EntryId) -> Result<Deleted, StorageError> {
        let (reader, space) = (self.reader, self.space);
        let mut removals = Vec::new();
        if self.kind.author(entry.log.device, self.me).is_none() {
            for recipient in &self.recipients {
                let state = deletion::removal(reader, space, recipient.id, entry, deletion)?;
                removals.extend(state.map(|state| Removal {
                    contact: recipient.contact.clone(),
                    device: delivery::device_name(recipient.id),
                    state,
                }));
            }
        }
        let said = page::entry(reader, space, deletion)?;
        Ok(Deleted {
            time_ms: said.map_or(0, |said| said.wall_ms),
            removals,
        })
    }

    /// How far an entry of ours has come.
    fn deliveries(&mut self, entry: EntryId) -> Result<Vec<Delivery>, StorageError> {
        let held = match self.held.get(&entry.log) {
            Some(held) => held,
            None => {
                let held = self
                    .recipients
                    .iter()
                    .map(|recipient| self.held_by(recipient, entry.log));
                let held = held.collect::<Result<Vec<Held>, StorageError>>()?;
                self.held.entry(entry.log).or_insert(held)
            }
        };
        let pairs = self.recipients.iter().zip(held);
        // What has not reached a former contact waits for nobody.
        let is_open = self.kind.is_open();
        let pairs = pairs.filter(|(_, held)| is_open || entry.seq <= held.up_to);
        let deliveries = pairs.map(|(recipient, held)| Delivery {
            contact: recipient.contact.clone(),
            device: delivery::device_name(recipient.id),
            state: match entry.seq <= held.up_to {
                // Nobody has read what has not arrived.
                true if entry.seq <= held.read => DeliveryState::Read,
                true => DeliveryState::Delivered,
                false => DeliveryState::Queued {
                    why: held.is_refused.then_some(Why::Refused),
                },
            },
        });
        Ok(deliveries.collect())
    }

    fn held_by(&self, recipient: &Recipient, log: LogId) -> Result<Held, StorageError> {
        let (reader, space, id) = (self.reader, self.space, recipient.id);
        Ok(Held {
            up_to: peer::acked(reader, space, id, log)?,
            read: match self.shows_read {
                true => sync::read_up_to(reader, space, log, recipient.reader)?,
                false => Seq(0),
            },
            is_refused: peer::refusal(reader, space, id, log)?.is_some(),
        })
    }
}

/// The devices that our messages go to: those of its members with which we share keys. Of a former contact those that
/// have any.
fn recipients(
    reader: &dyn Reader,
    space: SpaceId,
    kind: Kind,
) -> Result<Vec<Recipient>, StorageError> {
    let mut recipients = Vec::new();
    let members: Vec<(IdentityId, Option<DeviceId>)> = match kind.is_group() {
        true => groups::contacts_in(reader, space)?
            .into_iter()
            .map(|(contact, member)| (contact, Some(member)))
            .collect(),
        false => kind.members().iter().map(|one| (*one, None)).collect(),
    };
    if let Kind::Former { with } = kind {
        let holders = peer::holders(reader, space)?.into_iter();
        let contact = contact::api_id(with);
        recipients.extend(holders.map(|id| Recipient {
            id,
            reader: id,
            contact: contact.clone(),
        }));
    }
    for (member, writes_as) in &members {
        let key = Table::Contacts.key(&[&member.0]);
        let contact: Option<Contact> = tables::load(reader, &key)?;
        for id in contact.iter().flat_map(Contact::device_ids) {
            if reader.with(&Table::Devices.key(&[&id.0]), &mut |_| {})? {
                let contact = contact::api_id(*member);
                let reader = writes_as.unwrap_or(id);
                recipients.push(Recipient {
                    id,
                    reader,
                    contact,
                });
            }
        }
    }
    Ok(recipients)
}

pub(super) fn storage(error: StorageError) -> Refusal {
    Refusal::Storage { fault: error.kind }
}

#[cfg(test)]
mod tests {
    use hedgerow_sync::store::Store;

    use super::super::people::device::Device;
    use super::*;
    use crate::harness::World;

    #[test]
    fn every_device_that_a_message_goes_to_has_a_state_of_its_own() {
        let mut world = World::with(1, &["Ada", "Grace", "Ben"]);
        world.meet(0, 1);
        world.send(0, 1, "hello");
        world.delivered(0, 1);
        // Grace gets a second device, which is out of reach: what is kept of it is that of the first.
        let first = world.nodes[1].engine().owners.account.device_id;
        let grace = world.nodes[1].engine().owners.account.identity();
        let keys = world.nodes[2].engine().owners.account.device_keys;
        let second = DeviceId(keys.device_id());
        let mut store = world.nodes[0].storage.store.clone();
        store
            .write(|txn| {
                let device: Option<Device> = tables::load(txn, &Table::Devices.key(&[&first.0]))?;
                device.expect("a device").save(txn, second)?;
                let contact = tables::load(txn, &Table::Contacts.key(&[&grace.0]))?;
                let mut contact: Contact = contact.expect("a contact");
                contact.devices.push(keys);
                contact.save(txn, grace)
            })
            .expect("memory does not fail");
        world.network.part(0, 1, true);
        world.roll_back(0, store);
        let message = world.messages(0, 1).pop().expect("a message");
        let states: Vec<_> = message.deliveries.iter().map(|one| one.state).collect();
        let queued = DeliveryState::Queued { why: None };
        assert_eq!(states, [DeliveryState::Delivered, queued]);
        let id = world.id(1);
        assert!(message.deliveries.iter().all(|one| one.contact == id));
        assert_ne!(message.deliveries[0].device, message.deliveries[1].device);
        // One device is enough for a person.
        assert!(message.is_delivered() && message.why().is_none());
        assert_eq!(world.conversation(0, 1).queued, 0);

        world.send(0, 1, "are you there?");
        world.run(60_000);
        let chat = world.conversation(0, 1);
        assert_eq!((chat.queued, chat.recipients.len()), (1, 2));
        let mut message = world.messages(0, 1).pop().expect("a message");
        explain(std::slice::from_mut(&mut message), &chat.recipients);
        assert!(message.deliveries.iter().all(|one| one.why().is_some()));
        assert_eq!(message.why(), chat.why);
    }
}
