//! The pictures and other files of a conversation, the newest first.

use std::collections::BTreeSet;
use std::mem::take;

use hedgerow_node::api::{ConversationId, FilesPage, Message, MessageId, Refusal};

use super::answering::Authors;
use super::calendar::When;
use super::context::Context;
use super::effect::Request;
use super::face::Face;
use super::files::{FileCard, ThreadFiles};
use super::outcome::Outcome;
use super::pictures::Pictures;
use super::place::Pane;
use super::previews::Picture;

/// As many are asked for at a time.
const PAGE: u32 = 40;

/// The most that are shown at a time.
const MAX_SHOWN: usize = 500;

/// What a person does with the list of files.
#[derive(Clone)]
pub enum MediaAction {
    /// Show those of this conversation.
    Open(ConversationId),
    /// Mark the one above or below the marked one.
    Move {
        /// Whether to go down.
        down: bool,
    },
    /// Show the one at this place: a picture in the viewer, any other in the conversation.
    Go(usize),
    /// Show the marked one.
    GoMarked,
    /// This one is in the middle of the view.
    Saw(usize),
    /// The view comes near the last one.
    NearEnd,
    /// Show those that are older than all that are shown.
    Older,
    /// Show the newest again.
    Newest,
}

/// A file in the list.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaRow {
    /// Its file.
    pub card: FileCard,
    /// Who sent it; `None` is ourselves.
    pub sender: Option<String>,
    /// When.
    pub time: When,
}

/// The page.
#[derive(Default)]
pub struct Media {
    /// What the conversation is called.
    pub name: String,
    /// Its files, the newest first.
    pub rows: Vec<MediaRow>,
    /// Which one is marked.
    pub marked: usize,
    /// The node has answered.
    pub is_told: bool,
    /// There are older ones, of which this list is too short.
    pub is_cut: bool,
    /// There are newer ones, which it does not show any more.
    pub has_newer: bool,
    /// Counts up whenever the list begins with another one.
    pub begun: u32,
    conversation: Option<ConversationId>,
    messages: Vec<Message>,
    older: Option<MessageId>,
    /// The page that is asked for begins before this message.
    asked: Option<Option<MessageId>>,
    /// In the middle of the view.
    seen: usize,
    files: ThreadFiles,
    /// Have changed since the node told them.
    stale: BTreeSet<MessageId>,
    changed: bool,
}

impl Media {
    pub(super) fn act(&mut self, action: MediaAction, context: &Context) -> Vec<Outcome> {
        self.changed = true;
        match action {
            MediaAction::Open(id) => return self.open(id, context),
            MediaAction::Move { down: true } if self.is_cut && self.is_last_marked() => {
                return self.older();
            }
            MediaAction::Move { down: false } if self.has_newer && self.marked == 0 => {
                return self.newest();
            }
            MediaAction::Move { down: true } => {
                let last = self.rows.len().saturating_sub(1);
                self.marked = (self.marked + 1).min(last);
                self.seen = self.marked;
            }
            MediaAction::Move { down: false } => {
                self.marked = self.marked.saturating_sub(1);
                self.seen = self.marked;
            }
            MediaAction::Go(at) => return self.go(at),
            MediaAction::GoMarked => return self.go(self.marked),
            MediaAction::Saw(at) => self.seen = at,
            MediaAction::NearEnd => {
                if self.older.is_some() && self.asked.is_none() && !self.is_cut {
                    return Vec::from_iter(self.ask());
                }
            }
            MediaAction::Older => return self.older(),
            MediaAction::Newest => return self.newest(),
        }
        Vec::new()
    }

    fn open(&mut self, id: ConversationId, context: &Context) -> Vec<Outcome> {
        let Some(known) = context.conversations.get(&id) else {
            return Vec::new();
        };
        self.forget();
        self.name = Face::of_conversation(&known.conversation, context).name;
        self.conversation = Some(id);
        let ask = self.ask();
        [Outcome::Go(Pane::Media)].into_iter().chain(ask).collect()
    }

    fn is_last_marked(&self) -> bool {
        self.marked + 1 >= self.rows.len()
    }

    /// Begins with what is older than all that are shown.
    fn older(&mut self) -> Vec<Outcome> {
        let last = self.messages.last().map(|last| last.id.clone());
        let Some(last) = last.filter(|_| self.is_cut) else {
            return Vec::new();
        };
        self.begin(Some(last))
    }

    /// Begins with the newest.
    fn newest(&mut self) -> Vec<Outcome> {
        match self.has_newer {
            true => self.begin(None),
            false => Vec::new(),
        }
    }

    /// Begins with the newest before this message.
    fn begin(&mut self, before: Option<MessageId>) -> Vec<Outcome> {
        *self = Self {
            name: take(&mut self.name),
            conversation: self.conversation.take(),
            has_newer: before.is_some(),
            begun: self.begun.wrapping_add(1),
            older: before,
            changed: true,
            ..Self::default()
        };
        Vec::from_iter(self.ask())
    }

    fn ask(&mut self) -> Option<Outcome> {
        let before = self.older.clone();
        self.asked = Some(before.clone());
        Some(Outcome::ask(Request::Files {
            conversation: self.conversation.clone()?,
            before,
            limit: PAGE,
        }))
    }

    fn go(&mut self, at: usize) -> Vec<Outcome> {
        let message = self.messages.get(at);
        let (Some(message), Some(conversation)) = (message, self.conversation.clone()) else {
            return Vec::new();
        };
        self.marked = at;
        let id = message.id.clone();
        let oldest_first = self.messages.iter().rev();
        match Pictures::of(conversation.clone(), oldest_first, &id) {
            Some(pictures) => vec![Outcome::View(pictures)],
            None => vec![Outcome::OpenChat(conversation), Outcome::JumpTo(id)],
        }
    }

    /// The node tells a page.
    pub(super) fn told(
        &mut self,
        of: &ConversationId,
        before: Option<&MessageId>,
        answer: Result<FilesPage, Refusal>,
        context: &Context,
    ) -> Option<Outcome> {
        if self.conversation.as_ref() != Some(of) {
            return None;
        }
        self.asked.take_if(|asked| asked.as_ref() == before)?;
        self.is_told = true;
        self.changed = true;
        let page = match answer {
            Ok(page) => page,
            Err(refusal) => return Some(Outcome::Refused(refusal)),
        };
        self.older = page.older;
        let with_files = page.messages.into_iter().filter(|one| one.file.is_some());
        self.messages.extend(with_files);
        self.is_cut = self.messages.len() > MAX_SHOWN
            || (self.messages.len() == MAX_SHOWN && self.older.is_some());
        self.messages.truncate(MAX_SHOWN);
        self.draw(context);
        None
    }

    /// Asks for what is in view and is not known yet.
    pub(super) fn settle(&mut self, context: &Context) -> Vec<Outcome> {
        let Some(conversation) = self.conversation.clone() else {
            return Vec::new();
        };
        let stale = take(&mut self.stale).into_iter().map(|id| Request::File {
            conversation: conversation.clone(),
            id,
        });
        let mut requests: Vec<_> = stale.collect();
        if context.shows(Pane::Media) {
            let with_small = self.messages.iter().enumerate().filter(|(_, message)| {
                let file = message.file.as_ref();
                file.is_some_and(|file| file.preview)
            });
            let mut nearest: Vec<_> = with_small.collect();
            nearest.sort_by_key(|(at, _)| at.abs_diff(self.seen));
            let nearest = nearest.iter().map(|(_, message)| &message.id);
            let wanted = self.files.previews.want(nearest);
            requests.extend(wanted.ask.into_iter().map(|id| Request::Preview {
                conversation: conversation.clone(),
                id,
            }));
            if wanted.has_forgotten {
                self.draw(context);
            }
        }
        requests.into_iter().map(Outcome::ask).collect()
    }

    /// A small picture is decoded, or cannot be.
    pub(super) fn know_preview(
        &mut self,
        of: &ConversationId,
        id: &MessageId,
        picture: Option<&Picture>,
        context: &Context,
    ) {
        if self.conversation.as_ref() == Some(of) && self.files.previews.told(id, picture) {
            self.draw(context);
        }
    }

    /// Something else is told of a message.
    pub(super) fn message_changed(&mut self, of: &ConversationId, id: &MessageId) {
        if self.place(of, id).is_some() {
            self.stale.insert(id.clone());
        }
    }

    /// Anything may have changed: the list begins anew.
    pub(super) fn reload(&mut self, context: &Context) -> Option<Outcome> {
        let conversation = self.conversation.clone()?;
        if !context.shows(Pane::Media) {
            return None;
        }
        let (name, marked, seen) = (take(&mut self.name), self.marked, self.seen);
        self.forget();
        (self.name, self.marked, self.seen) = (name, marked, seen);
        self.conversation = Some(conversation);
        self.ask()
    }

    /// A message with a file, as it is now.
    pub(super) fn know(&mut self, of: &ConversationId, message: &Message, context: &Context) {
        if let Some(at) = self.place(of, &message.id) {
            match message.file.is_some() {
                true => self.messages[at] = message.clone(),
                false => drop(self.messages.remove(at)),
            }
            self.draw(context);
        }
    }

    /// A message has gone.
    pub(super) fn message_gone(&mut self, of: &ConversationId, id: &MessageId, context: &Context) {
        if let Some(at) = self.place(of, id) {
            self.messages.remove(at);
            self.draw(context);
        }
    }

    /// A conversation is gone.
    pub(super) fn drop_chat(&mut self, id: &ConversationId) {
        if self.conversation.as_ref() == Some(id) {
            self.forget();
        }
    }

    /// There is a conversation to show.
    pub(super) fn is_open(&self) -> bool {
        self.conversation.is_some()
    }

    /// Forgets everything. An answer that is on its way is dropped.
    pub(super) fn forget(&mut self) {
        *self = Self {
            changed: true,
            ..Self::default()
        };
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }

    fn place(&self, of: &ConversationId, id: &MessageId) -> Option<usize> {
        let is_it = self.conversation.as_ref() == Some(of);
        let mut messages = self.messages.iter().filter(|_| is_it);
        messages.position(|message| message.id == *id)
    }

    fn draw(&mut self, context: &Context) {
        self.changed = true;
        let of = self.conversation.as_ref();
        let Some(known) = of.and_then(|id| context.conversations.get(id)) else {
            return;
        };
        let authors = Authors::of(&known.conversation, context);
        let rows = self.messages.iter().filter_map(|message| {
            let author = message.author.as_ref();
            Some(MediaRow {
                card: FileCard::of(message, &authors, None, &self.files)?,
                sender: author.map(|author| authors.name(author)),
                time: context.calendar.when(message.time_ms),
            })
        });
        self.rows = rows.collect();
        self.marked = self.marked.min(self.rows.len().saturating_sub(1));
    }
}
