//! The list of conversations.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{Call, Contact, ContactId, Message, Private, visible};

use super::app::App;
use super::calendar::When;
use super::effect::{Effect, Notification};
use super::face::Face;
use super::place::{Pane, Place};
use super::rows::{self, Reach, Tick};
use super::update::Chat;

/// The longest excerpt, in characters.
const EXCERPT: usize = 140;

/// The longest filter that is looked for, in characters.
const MAX_FILTER: usize = 64;

/// While much happens, a contact is looked at this often.
const LOOK_EVERY_MS: u64 = 150;

/// Contacts that are looked at at once. If more have changed than that, all are.
const MAX_ASKED: usize = 16;

/// A look that has brought no answer in this time has none: the contact is gone, or the node.
const ANSWER_MS: u64 = 10_000;

/// The list.
#[derive(Default)]
pub struct Chats {
    /// What is shown: where something came or was written last first.
    pub rows: Vec<ChatRow>,
    /// Only names like this are shown.
    pub filter: String,
    /// How many there are, shown or not.
    pub total: usize,
    /// Unread messages of all contacts that are not blocked.
    pub unread: u64,
    pub(super) known: BTreeMap<ContactId, Known>,
    /// Contacts to be looked at again.
    stale: BTreeSet<ContactId>,
    /// Contacts that are being looked at, and since when.
    asked: BTreeMap<ContactId, u64>,
}

/// A conversation in the list.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatRow {
    /// With whom.
    pub id: ContactId,
    /// How they are shown.
    pub face: Face,
    /// The newest message.
    pub last: Option<Excerpt>,
    /// When it was written.
    pub when: Option<When>,
    /// Messages of theirs not read.
    pub unread: u64,
    /// Messages of ours not delivered.
    pub queued: u64,
    /// A text is being written here.
    pub draft: Option<String>,
    /// It is open.
    pub selected: bool,
}

/// The beginning of a message, on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// What it says; `None` for a kind this version cannot show.
    pub text: Option<String>,
    /// Written here.
    pub mine: bool,
    /// How far it has come; `None` for theirs.
    pub tick: Option<Tick>,
}

/// What is known of a contact.
#[derive(Clone)]
pub(super) struct Known {
    pub contact: Contact,
    pub newest: Option<Message>,
    pub draft: String,
    /// When it was last looked at.
    looked_ms: Option<u64>,
}

/// The name of a contact, as it is shown: with the beginning of the id where another one looks the same.
pub(super) fn name(contact: &Contact) -> String {
    match contact.lookalike {
        true => format!("{} ({})", plain_name(contact), short_id(contact)),
        false => plain_name(contact),
    }
}

/// The name alone: what cannot be seen of it is not there.
pub(super) fn plain_name(contact: &Contact) -> String {
    visible::label(&contact.name.0).unwrap_or_else(|| label(&contact.own_name.0, contact))
}

/// A name that a contact gave itself, or its id if nothing can be seen of that.
pub(super) fn label(name: &str, contact: &Contact) -> String {
    visible::label(name).unwrap_or_else(|| short_id(contact).to_owned())
}

fn short_id(contact: &Contact) -> &str {
    let id = &contact.id.0;
    &id[..id.floor_char_boundary(8)]
}

/// The first letters of the first two words of a name.
pub(super) fn initials(name: &str) -> String {
    let words = name.split_whitespace();
    let letters = words.filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    letters.take(2).flat_map(char::to_uppercase).collect()
}

/// A contact's colour: always the same, 0 to 359.
pub(super) fn hue(id: &ContactId) -> u16 {
    let number =
        id.0.get(..4)
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
    number.unwrap_or_default() % 360
}

/// The beginning of a text, on one line.
fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(EXCERPT * 2).collect();
    let words: Vec<_> = start.split_whitespace().collect();
    visible::paragraph(&words.join(" "))
        .chars()
        .take(EXCERPT)
        .collect()
}

impl App {
    /// A contact has changed.
    pub(super) fn look_at(&mut self, id: &ContactId) {
        self.chats.stale.insert(id.clone());
        self.look_at_chats();
    }

    /// Looks at those contacts that have changed and are due.
    pub(super) fn look_at_chats(&mut self) {
        if self.chats.stale.is_empty() || !matches!(self.place, Place::Main(_)) {
            return;
        }
        if self.chats.stale.len() > MAX_ASKED {
            self.chats.stale.clear();
            return self.look_at_everything();
        }
        let now_ms = self.now.monotonic_ms;
        let chats = &mut self.chats;
        chats.asked.retain(|_, since| now_ms < *since + ANSWER_MS);
        let due: Vec<_> = chats
            .stale
            .iter()
            .filter(|id| !chats.asked.contains_key(*id) && now_ms >= chats.due_ms(id))
            .take(MAX_ASKED.saturating_sub(chats.asked.len()))
            .cloned()
            .collect();
        for id in due {
            self.chats.stale.remove(&id);
            self.chats.asked.insert(id.clone(), now_ms);
            self.ask(Call::Contact(id));
        }
    }

    /// A contact, as it is now.
    pub(super) fn hear_chat(&mut self, chat: Chat) {
        let id = chat.contact.id.clone();
        self.chats.asked.remove(&id);
        if !matches!(self.place, Place::Main(_)) {
            return;
        }
        let unread_before = self.unread_of(&id).unwrap_or(0);
        let newest = chat.newest.clone();
        let unread = chat.contact.unread;
        self.know(chat);
        self.draw_contact(&id);
        if unread > unread_before && newest.as_ref().is_some_and(|newest| !newest.mine) {
            self.notify(&id, newest);
        }
        self.look_at_chats();
    }

    /// How many messages of a contact were unread, if it is known.
    pub(super) fn unread_of(&self, id: &ContactId) -> Option<u64> {
        self.chats.known.get(id).map(|known| known.contact.unread)
    }

    /// Takes over what is known of a contact; nothing is drawn yet.
    pub(super) fn know(&mut self, chat: Chat) {
        let id = chat.contact.id.clone();
        let before = self.chats.known.remove(&id);
        let is_open = self
            .thread
            .as_ref()
            .is_some_and(|thread| thread.contact == id);
        let kept = chat.contact.draft.as_ref().map_or("", |draft| &draft.0);
        let known = Known {
            draft: match &before {
                // What is being written here is newer than what was kept.
                Some(before) if is_open => before.draft.clone(),
                _ => kept.to_owned(),
            },
            // The newest message does not go away while there is one.
            newest: chat.newest,
            contact: chat.contact,
            looked_ms: Some(self.now.monotonic_ms),
        };
        self.chats.known.insert(id, known);
    }

    /// Draws everything that shows a contact.
    pub(super) fn draw_contact(&mut self, id: &ContactId) {
        if self
            .thread
            .as_ref()
            .is_some_and(|thread| thread.contact == *id)
        {
            self.show_thread_contact();
        }
        if self.person.as_ref().is_some_and(|person| person.id == *id) {
            self.draw_person();
        }
        self.draw_network();
        self.draw_chats();
    }

    /// A contact is gone.
    pub(super) fn forget_contact(&mut self, id: &ContactId) {
        self.chats.known.remove(id);
        self.chats.stale.remove(id);
        self.chats.asked.remove(id);
        if self
            .thread
            .as_ref()
            .is_some_and(|thread| thread.contact == *id)
        {
            self.drop_thread();
        }
        if self.person.as_ref().is_some_and(|person| person.id == *id) {
            self.person = None;
            self.changed.person = true;
        }
        self.leave_empty_panes();
        self.draw_network();
        self.draw_chats();
    }

    /// Draws the list.
    pub(super) fn draw_chats(&mut self) {
        let chats = &self.chats;
        let filter = chats.filter.trim().to_lowercase();
        let open = self.thread.as_ref().map(|thread| &thread.contact);
        let mut shown: Vec<_> = chats
            .known
            .values()
            .map(|known| (known.contact.active_ms, name(&known.contact), known))
            .filter(|(_, name, known)| {
                name.to_lowercase().contains(&filter)
                    || known.contact.own_name.0.to_lowercase().contains(&filter)
            })
            .collect();
        shown.sort_by(|(a_ms, a_name, a), (b_ms, b_name, b)| {
            (b_ms, a_name, &a.contact.id).cmp(&(a_ms, b_name, &b.contact.id))
        });
        let rows = shown.into_iter().map(|(_, _, known)| {
            let contact = &known.contact;
            let reach = Reach {
                over: contact.reachable,
                why: contact.why,
            };
            ChatRow {
                id: contact.id.clone(),
                face: Face::of(contact, &self.calendar),
                last: known.newest.as_ref().map(|newest| Excerpt {
                    text: newest.text.as_ref().map(|text| excerpt(&text.0)),
                    mine: newest.mine,
                    tick: rows::tick(newest, reach).0,
                }),
                when: known
                    .newest
                    .as_ref()
                    .map(|newest| self.calendar.when(newest.time_ms)),
                unread: contact.unread,
                queued: contact.queued,
                draft: Some(excerpt(&known.draft)).filter(|draft| !draft.is_empty()),
                selected: open == Some(&contact.id),
            }
        });
        let rows: Vec<_> = rows.collect();
        let known = chats.known.values().map(|known| &known.contact);
        let unread = known
            .filter(|contact| !contact.blocked)
            .map(|contact| contact.unread)
            .sum();
        self.changed.chats |= rows != self.chats.rows || self.chats.total != self.chats.known.len();
        self.chats.rows = rows;
        self.chats.total = self.chats.known.len();
        if self.chats.unread != unread {
            self.chats.unread = unread;
            self.out.push(Effect::SetTitle { unread });
        }
    }

    /// Shows only names like this.
    pub(super) fn filter(&mut self, text: String) {
        self.chats.filter = text.chars().take(MAX_FILTER).collect();
        self.changed.chats = true;
        self.draw_chats();
    }

    /// Tells that something has come, unless the user sees it come.
    pub(super) fn notify(&mut self, id: &ContactId, newest: Option<Message>) {
        let Some(known) = self.chats.known.get(id) else {
            return;
        };
        let is_in_view = self.focused
            && self.place == Place::Main(Pane::Thread)
            && self
                .thread
                .as_ref()
                .is_some_and(|thread| thread.contact == *id);
        if is_in_view || !self.settings.notifications || known.contact.blocked {
            return;
        }
        let text = newest.and_then(|newest| newest.text);
        let text = text.filter(|_| self.settings.previews);
        self.out.push(Effect::Notify(Notification {
            contact: id.clone(),
            name: Some(Private(name(&known.contact))),
            text: text.map(|text| Private(excerpt(&text.0))),
            unread: known.contact.unread,
        }));
    }
}

impl Chats {
    /// When a contact may be looked at again.
    fn due_ms(&self, id: &ContactId) -> u64 {
        let looked_ms = self.known.get(id).and_then(|known| known.looked_ms);
        looked_ms.map_or(0, |looked| looked + LOOK_EVERY_MS)
    }

    /// When a contact is to be looked at that waits for time alone.
    pub(super) fn next_due_ms(&self) -> Option<u64> {
        let due = self.stale.iter().map(|id| match self.asked.get(id) {
            Some(since) => since + ANSWER_MS,
            None => self.due_ms(id),
        });
        due.min()
    }
}
