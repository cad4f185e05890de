//! The conversation that is open: what is loaded of it, and the text being written.

use std::collections::VecDeque;

use hedgerow_node::api::{
    Call, Contact, ContactId, MAX_TEXT, MessageId, Private, Refusal, WayState, WayStatus,
};

use super::app::App;
use super::dialog::{Banner, Details, Dialog, WayRow};
use super::effect::{Effect, Question, Request, Ticket};
use super::face::Face;
use super::fetching::{Fetching, Target};
use super::links::{self, Opens};
use super::place::Pane;
use super::rows::{self, Reach, Row};
use super::window::{Loaded, Window};

/// A draft is kept so long after the last key, or, while typing goes on, after the first.
const DRAFT_REST_MS: u64 = 1_500;
const DRAFT_LATEST_MS: u64 = 10_000;

/// The rest of the length is told when it gets this short, in bytes.
const TELL_LEFT: usize = 2_000;

/// Sent texts that are not durable yet; further ones wait in the draft.
const MAX_SENDING: usize = 32;

/// The longest draft that is kept in memory, in bytes: what is pasted by mistake can be taken back.
const MAX_DRAFT: usize = 16 * MAX_TEXT;

/// The open conversation.
pub struct Thread {
    /// With whom.
    pub contact: ContactId,
    /// How they are shown.
    pub face: Face,
    /// How many messages there are.
    pub total: u64,
    /// Where the first loaded one stands: with `total`, what the scroll bar shows.
    pub first: u64,
    /// How many are loaded.
    pub loaded: u64,
    /// What is loaded, line by line.
    pub rows: VecDeque<Row>,
    /// The newest message is loaded.
    pub at_newest: bool,
    /// The oldest message is loaded.
    pub at_oldest: bool,
    /// The first page has not come yet.
    pub opening: bool,
    /// Messages of theirs not read: while the newest are out of view, how many wait there.
    pub unread: u64,
    /// Messages that arrived late, further up than what was read: `JumpToUnread` leads there.
    pub unread_above: u64,
    /// Where the unread line stands, if it is known.
    pub first_unread: Option<MessageId>,
    /// The text being written.
    pub draft: String,
    /// Counts up whenever `draft` was changed by anything but typing: show it.
    pub draft_set: u32,
    /// How many more bytes fit, when few do; negative when it is too long.
    pub length_left: Option<i64>,
    /// There is something to send, and it fits.
    pub may_send: bool,
    /// Texts sent that are not durable yet.
    pub sending: Vec<Sending>,
    /// Where the view is to go; [`take_scroll`](Thread::take_scroll) takes it.
    pub scroll: Option<Scroll>,
    pub(super) window: Window,
    pub(super) fetching: Fetching,
    pub(super) reach: Reach,
    typed: Typed,
}

/// Keys that were typed since the draft was kept.
#[derive(Default)]
struct Typed {
    first_ms: Option<u64>,
    last_ms: u64,
}

/// A text that was sent, and is not durable yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Sending {
    pub(crate) ticket: Ticket,
    /// What it says.
    pub text: String,
}

/// Where a view is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scroll {
    /// To the very end.
    End,
    /// So that this row is at the top, or near it.
    Row(String),
}

impl Thread {
    fn new(contact: &Contact, face: Face, draft: String) -> Self {
        let mut thread = Self {
            contact: contact.id.clone(),
            face,
            total: contact.messages,
            first: 0,
            loaded: 0,
            rows: VecDeque::new(),
            at_newest: false,
            at_oldest: false,
            opening: true,
            unread: contact.unread,
            unread_above: 0,
            first_unread: None,
            draft,
            draft_set: 1,
            length_left: None,
            may_send: false,
            sending: Vec::new(),
            scroll: None,
            window: Window::default(),
            fetching: Fetching::default(),
            reach: Reach::default(),
            typed: Typed::default(),
        };
        thread.measure();
        thread
    }

    /// Where the view is to go, once.
    pub fn take_scroll(&mut self) -> Option<Scroll> {
        self.scroll.take()
    }

    /// When the draft is to be kept.
    pub(super) fn draft_due_ms(&self) -> Option<u64> {
        let first_ms = self.typed.first_ms?;
        Some((self.typed.last_ms + DRAFT_REST_MS).min(first_ms + DRAFT_LATEST_MS))
    }

    fn set_draft(&mut self, draft: String) {
        self.draft = draft;
        self.draft_set = self.draft_set.wrapping_add(1);
        self.measure();
    }

    fn measure(&mut self) {
        let length = self.draft.trim().len();
        self.length_left = (length + TELL_LEFT > MAX_TEXT).then(|| MAX_TEXT as i64 - length as i64);
        self.may_send = length > 0
            && length <= MAX_TEXT
            && !self.face.blocked
            && self.sending.len() < MAX_SENDING;
    }
}

impl App {
    /// Opens a conversation.
    pub(super) fn open_chat(&mut self, id: &ContactId) {
        let Some(known) = self.chats.known.get(id) else {
            return;
        };
        self.out.push(Effect::FocusDraft);
        if self
            .thread
            .as_ref()
            .is_none_or(|thread| thread.contact != *id)
        {
            let face = Face::of(&known.contact, &self.calendar);
            let thread = Thread::new(&known.contact, face, known.draft.clone());
            self.close_thread();
            self.thread = Some(thread);
            self.show_thread_contact();
            self.jump(Target::Opening);
            self.draw_rows();
            self.draw_chats();
        }
        self.go_to(Pane::Thread);
    }

    /// Opens the conversation next to this one in the list.
    pub(super) fn step(&mut self, down: bool) {
        let rows = &self.chats.rows;
        let here = rows.iter().position(|row| row.selected);
        let next = match (here, down) {
            (Some(here), true) => here + 1,
            (Some(here), false) => here.wrapping_sub(1),
            (None, _) => 0,
        };
        if let Some(id) = rows.get(next).map(|row| row.id.clone()) {
            self.open_chat(&id);
        }
    }

    /// Lets go of the open conversation, keeping its draft.
    pub(super) fn close_thread(&mut self) {
        self.keep_draft();
        self.changed.picker |= self.picker.take().is_some();
        if self.thread.take().is_some() {
            self.changed.thread = true;
            self.changed.rows = true;
        }
    }

    /// Takes over what is known of the contact.
    pub(super) fn show_thread_contact(&mut self) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let Some(known) = self.chats.known.get(&thread.contact) else {
            return;
        };
        let contact = &known.contact;
        thread.face = Face::of(contact, &self.calendar);
        thread.unread = contact.unread;
        thread.total = thread.total.max(contact.messages);
        thread.measure();
        self.changed.thread = true;
        let reach = Reach {
            over: contact.reachable,
            why: contact.why,
        };
        if thread.reach != reach {
            thread.reach = reach;
            self.draw_rows();
        }
    }

    /// Draws the rows of what is loaded.
    pub(super) fn draw_rows(&mut self) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let line = thread.first_unread.as_ref();
        thread.rows = rows::rows(&thread.window, line, thread.reach, &self.calendar);
        thread.total = thread.window.total.max(thread.window.end());
        thread.first = thread.window.first();
        thread.loaded = thread.window.len() as u64;
        thread.at_newest = thread.window.at_newest();
        thread.at_oldest = thread.window.at_oldest();
        self.changed.thread = true;
        self.changed.rows = true;
    }

    /// The text being written is this now.
    pub(super) fn type_draft(&mut self, mut draft: String) {
        let now_ms = self.now.monotonic_ms;
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        if draft == thread.draft {
            return;
        }
        if draft.len() > MAX_DRAFT {
            draft.truncate(draft.floor_char_boundary(MAX_DRAFT));
            thread.set_draft(draft);
        } else {
            thread.draft = draft;
        }
        thread.measure();
        thread.typed.first_ms.get_or_insert(now_ms);
        thread.typed.last_ms = now_ms;
        self.changed.thread = true;
    }

    /// Has the draft kept, if anything was typed since it last was.
    pub(super) fn keep_draft(&mut self) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        if thread.typed.first_ms.take().is_none() {
            return;
        }
        let kept = thread.draft[..thread.draft.floor_char_boundary(MAX_TEXT)].to_owned();
        let (contact, text) = (thread.contact.clone(), Private(kept.clone()));
        self.ask(Call::SetDraft(contact.clone(), text));
        if let Some(known) = self.chats.known.get_mut(&contact) {
            known.draft = kept;
            self.draw_chats();
        }
    }

    /// Sends the text being written.
    pub(super) fn send(&mut self) {
        let ticket = self.ticket();
        let Some(thread) = self.thread.as_mut().filter(|thread| thread.may_send) else {
            return;
        };
        let text = thread.draft.trim().to_owned();
        let contact = thread.contact.clone();
        thread.sending.push(Sending {
            ticket,
            text: text.clone(),
        });
        self.unsent.insert(ticket, (contact.clone(), text.clone()));
        thread.set_draft(String::new());
        // The node takes it away with the message.
        thread.typed.first_ms = None;
        thread.first_unread = None;
        thread.fetching.follow();
        if let Some(known) = self.chats.known.get_mut(&contact) {
            known.draft = String::new();
            self.draw_chats();
        }
        self.ask(Request::Send {
            of: Question { ticket, contact },
            text: Private(text),
        });
        self.draw_rows();
    }

    /// A text is durable, or was refused.
    pub(super) fn hear_sent(&mut self, of: &Question, answer: Result<MessageId, Refusal>) {
        let Some(text) = self.unsent.remove(&of.ticket).map(|(_, text)| text) else {
            return;
        };
        let open = self
            .thread
            .as_mut()
            .filter(|thread| thread.contact == of.contact);
        let Some(thread) = open else {
            if let Err(refusal) = answer {
                self.put_back(&of.contact, text);
                self.refused(refusal);
            }
            return;
        };
        thread.sending.retain(|one| one.ticket != of.ticket);
        match answer {
            Ok(_) => {
                thread.measure();
                // An event tells of the message; whoever is elsewhere is taken there.
                if !thread.at_newest {
                    self.jump(Target::Newest);
                }
            }
            Err(refusal) => {
                // What was written is not lost.
                let draft = match thread.draft.is_empty() {
                    true => text,
                    false => format!("{text}\n{}", thread.draft),
                };
                thread.set_draft(draft);
                thread.typed.first_ms = Some(0);
                self.keep_draft();
                self.refused(refusal);
            }
        }
        self.changed.thread = true;
    }

    /// What could not be sent is a draft again, of a conversation that is not open.
    pub(super) fn put_back(&mut self, contact: &ContactId, text: String) {
        let Some(known) = self.chats.known.get_mut(contact) else {
            return;
        };
        let draft = match known.draft.is_empty() {
            true => text,
            false => format!("{text}\n{}", known.draft),
        };
        let kept = draft[..draft.floor_char_boundary(MAX_TEXT)].to_owned();
        known.draft = kept.clone();
        self.ask(Call::SetDraft(contact.clone(), Private(kept)));
        self.draw_chats();
    }

    /// Ours are delivered, up to this one of its log.
    pub(super) fn hear_delivered(&mut self, contact: &ContactId, upto: &MessageId) {
        let open = self
            .thread
            .as_mut()
            .filter(|thread| thread.contact == *contact);
        let Some(thread) = open else {
            return;
        };
        if thread.window.delivered(upto) {
            self.draw_rows();
        }
    }

    /// Shows a long text whole.
    pub(super) fn unfold(&mut self, id: &MessageId) {
        if self
            .thread
            .as_mut()
            .is_some_and(|thread| thread.window.unfold(id))
        {
            self.draw_rows();
        }
    }

    /// Puts a message on the clipboard.
    pub(super) fn copy_message(&mut self, id: &MessageId) {
        let found = self
            .thread
            .as_ref()
            .and_then(|thread| thread.window.find(id));
        let text = found.map(Loaded::text).unwrap_or_default();
        if !text.is_empty() {
            self.copy(text);
        }
    }

    pub(super) fn copy(&mut self, text: String) {
        self.out.push(Effect::Copy(Private(text)));
        self.tell(Banner::Copied);
    }

    /// Tells everything about a message.
    pub(super) fn show_details(&mut self, id: &MessageId) {
        let Some(thread) = self.thread.as_ref() else {
            return;
        };
        let Some(one) = thread.window.find(id) else {
            return;
        };
        let (tick, why) = rows::tick(&one.message, thread.reach);
        let details = Details {
            id: id.clone(),
            name: thread.face.name.clone(),
            mine: one.message.mine,
            pinned: one.message.pinned,
            time: self.calendar.when(one.message.time_ms),
            ahead: one.message.is_ahead(self.now.wall_ms),
            tick,
            why,
            next: self.next_attempt(why),
            reachable: thread.face.reachable,
            text: one.text(),
            ways: Vec::new(),
            contact: thread.contact.clone(),
        };
        if details.mine && !one.message.delivered {
            self.out
                .push(Effect::Ask(Call::Ways(details.contact.clone()).into()));
        }
        self.ask_user(Dialog::MessageDetails(details));
    }

    /// How the carriers stand with a contact.
    pub(super) fn hear_ways(&mut self, contact: &ContactId, ways: &[WayStatus]) {
        let next = |state: WayState| match state {
            WayState::NoAnswer { next_ms } => Some(self.calendar.when(next_ms)),
            _ => None,
        };
        let rows = ways.iter().map(|way| WayRow {
            carrier: way.carrier,
            state: way.state,
            next: next(way.state),
        });
        let rows = rows.collect();
        if let Some(Dialog::MessageDetails(details)) = &mut self.dialog
            && details.contact == *contact
        {
            details.ways = rows;
            self.changed.dialog = true;
        }
    }

    /// Asks for a date.
    pub(super) fn ask_date(&mut self) {
        let Some(thread) = self.thread.as_ref() else {
            return;
        };
        let seen = thread
            .fetching
            .in_view()
            .and_then(|id| thread.window.find(id));
        let shown = seen.or_else(|| thread.window.iter().last());
        let at_ms = shown.map_or(self.now.wall_ms, |one| one.message.time_ms);
        let at = self.calendar.when(at_ms).date;
        self.ask_user(Dialog::JumpToDate { at });
    }

    /// A link in a message was clicked.
    pub(super) fn open_link(&mut self, link: String) {
        match links::opens(&link) {
            Opens::Page {
                url,
                host,
                foreign_letters,
                in_clear,
            } => self.ask_user(Dialog::OpenLink {
                url,
                host,
                foreign_letters,
                in_clear,
            }),
            Opens::Invitation => self.take_link(link),
            Opens::Nothing => {}
        }
    }
}
