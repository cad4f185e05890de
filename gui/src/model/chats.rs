//! The list of conversations.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use hedgerow_node::api::{Call, ContactId, visible};

use super::calendar::When;
use super::contacts::Known;
use super::context::Context;
use super::effect::{Effect, Request};
use super::face::{self, Face};
use super::in_flight::InFlight;
use super::outcome::Outcome;
use super::rows::{self, Reach, Tick};

/// The longest excerpt, in characters.
const EXCERPT: usize = 140;

/// The longest filter that is looked for, in characters.
const MAX_FILTER: usize = 64;

/// While much happens, a contact is looked at this often, and everything this often.
const LOOK_EVERY_MS: u64 = 150;
const LOOK_AT_ALL_EVERY_MS: u64 = 500;

/// Contacts that are looked at at once. If more have changed than that, all are.
const MAX_ASKED: usize = 16;

/// A look that has brought no answer in this time has none: the contact is gone, or the node.
const ANSWER_MS: u64 = 10_000;

/// What a person does with the list.
#[derive(Clone)]
pub enum ChatsAction {
    /// Show only names like this.
    Filter(String),
    /// Open a conversation.
    OpenChat(ContactId),
    /// Open the conversation below this one in the list, or above.
    Step {
        /// Below.
        down: bool,
    },
}

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
    /// Contacts to be looked at again.
    stale: BTreeSet<ContactId>,
    /// Contacts that are being looked at, and since when.
    asked: BTreeMap<ContactId, u64>,
    /// When each was last looked at.
    looked: BTreeMap<ContactId, u64>,
    /// The look at everything.
    overview: InFlight,
    changed: bool,
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

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(EXCERPT * 2).collect();
    let words: Vec<_> = start.split_whitespace().collect();
    visible::paragraph(&words.join(" "))
        .chars()
        .take(EXCERPT)
        .collect()
}

impl Chats {
    /// `open`: the conversation that is open.
    pub(super) fn act(
        &mut self,
        action: ChatsAction,
        open: Option<&ContactId>,
        context: &Context,
    ) -> Vec<Outcome> {
        match action {
            ChatsAction::Filter(text) => {
                self.filter = text.chars().take(MAX_FILTER).collect();
                self.changed = true;
                self.draw(open, context).into_iter().collect()
            }
            ChatsAction::OpenChat(id) => vec![Outcome::OpenChat(id)],
            ChatsAction::Step { down } => self.step(down).into_iter().collect(),
        }
    }

    /// Opens the conversation next to this one in the list.
    fn step(&self, down: bool) -> Option<Outcome> {
        let here = self.rows.iter().position(|row| row.selected);
        let next = match (here, down) {
            (Some(here), true) => here + 1,
            (Some(here), false) => here.wrapping_sub(1),
            (None, _) => 0,
        };
        let row = self.rows.get(next)?;
        Some(Outcome::OpenChat(row.id.clone()))
    }

    /// A contact has changed.
    pub(super) fn look_at(&mut self, id: ContactId) {
        self.stale.insert(id);
    }

    /// Anything may have changed.
    pub(super) fn look_at_everything(&mut self) {
        self.overview.want();
    }

    /// A contact was looked at.
    pub(super) fn looked(&mut self, id: &ContactId, context: &Context) {
        self.asked.remove(id);
        let now_ms = context.now.monotonic_ms;
        self.looked.insert(id.clone(), now_ms);
    }

    /// Everything was looked at, or was not.
    pub(super) fn looked_at_everything(&mut self) {
        self.overview.landed();
    }

    /// A contact is gone.
    pub(super) fn forget(&mut self, id: &ContactId) {
        self.stale.remove(id);
        self.asked.remove(id);
        self.looked.remove(id);
    }

    /// When something is to be looked at that waits for time alone.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let due = self.stale.iter().map(|id| match self.asked.get(id) {
            Some(since) => since + ANSWER_MS,
            None => self.look_due_ms(id),
        });
        due.chain(self.overview.due_ms(LOOK_AT_ALL_EVERY_MS)).min()
    }

    /// Looks at what has changed and is due.
    pub(super) fn settle(&mut self, context: &Context) -> Vec<Outcome> {
        let now_ms = context.now.monotonic_ms;
        if self.stale.len() > MAX_ASKED {
            self.stale.clear();
            self.overview.want();
        }
        self.asked.retain(|_, since| now_ms < *since + ANSWER_MS);
        let room = MAX_ASKED.saturating_sub(self.asked.len());
        let due = self.stale.iter();
        let due = due.filter(|id| !self.asked.contains_key(*id) && now_ms >= self.look_due_ms(id));
        let due: Vec<_> = due.take(room).cloned().collect();
        let mut outcomes = Vec::new();
        for id in due {
            self.stale.remove(&id);
            self.asked.insert(id.clone(), now_ms);
            outcomes.push(Outcome::ask(Call::Contact(id)));
        }
        let overview_ms = self.overview.due_ms(LOOK_AT_ALL_EVERY_MS);
        if overview_ms.is_some_and(|due| due <= now_ms) {
            self.overview.asked(now_ms);
            outcomes.push(Outcome::ask(Request::Overview));
        }
        outcomes
    }

    /// When a contact may be looked at again.
    fn look_due_ms(&self, id: &ContactId) -> u64 {
        self.looked
            .get(id)
            .map_or(0, |looked| looked + LOOK_EVERY_MS)
    }

    /// Draws the list.
    pub(super) fn draw(&mut self, open: Option<&ContactId>, context: &Context) -> Option<Outcome> {
        let contacts = &context.contacts;
        let filter = self.filter.trim().to_lowercase();
        let mut shown: Vec<_> = contacts
            .iter()
            .map(|known| (known.contact.active_ms, face::name(&known.contact), known))
            .filter(|(_, name, known)| {
                name.to_lowercase().contains(&filter)
                    || known.contact.own_name.0.to_lowercase().contains(&filter)
            })
            .collect();
        shown.sort_by(|(a_ms, a_name, a), (b_ms, b_name, b)| {
            (b_ms, a_name, &a.contact.id).cmp(&(a_ms, b_name, &b.contact.id))
        });
        let rows = shown.into_iter();
        let rows: Vec<_> = rows
            .map(|(_, _, known)| row(known, open, context))
            .collect();
        let unread = contacts.iter().map(|known| &known.contact);
        let unread = unread.filter(|contact| !contact.blocked);
        let unread = unread.map(|contact| contact.unread).sum();
        self.changed |= rows != self.rows || self.total != contacts.len();
        self.rows = rows;
        self.total = contacts.len();
        let is_other = self.unread != unread;
        self.unread = unread;
        is_other.then_some(Outcome::Do(Effect::SetTitle { unread }))
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}

fn row(known: &Known, open: Option<&ContactId>, context: &Context) -> ChatRow {
    let (contact, newest) = (&known.contact, known.newest.as_ref());
    let reach = Reach {
        over: contact.reachable,
        why: contact.why,
    };
    ChatRow {
        id: contact.id.clone(),
        face: Face::of(contact, &context.calendar),
        last: newest.map(|newest| Excerpt {
            text: newest.text.as_ref().map(|text| excerpt(&text.0)),
            mine: newest.mine,
            tick: rows::tick(newest, reach).0,
        }),
        when: newest.map(|newest| context.calendar.when(newest.time_ms)),
        unread: contact.unread,
        queued: contact.queued,
        draft: Some(excerpt(&known.draft)).filter(|draft| !draft.is_empty()),
        selected: open == Some(&contact.id),
    }
}
