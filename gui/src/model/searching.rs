//! Search: for words in the open conversation, or in all of them.

use std::mem::take;

use hedgerow_node::api::{
    ConversationId, FoundConversation, FoundMessage, MAX_QUERY, MessageFile, MessageId, Private,
    Refusal, Search, SearchKind, SearchPage,
};

use super::calendar::When;
use super::context::Context;
use super::effect::{Effect, Request, Ticket};
use super::excerpts::{Piece, excerpt};
use super::face::Face;
use super::files::on_one_line;
use super::filters::{Filters, Writer, WrittenBy, WrittenWhen, writers};
use super::outcome::Outcome;
use super::place::Pane;

/// The most hits that are shown.
const MAX_SHOWN: usize = 100;

/// With fewer hits than this, the search asks the node for more by itself.
const ENOUGH: usize = 12;

/// The most times that it asks for one list of hits.
const MAX_ROUNDS: u32 = 8;

/// What a person does with the search.
#[derive(Clone)]
pub enum SearchingAction {
    /// Look in the open conversation; in all of them if none is open.
    OpenHere,
    /// Look in all conversations.
    OpenEverywhere,
    /// Leave the search.
    Close,
    /// Look for these words.
    Words(String),
    /// Look only for what this person wrote.
    By(WrittenBy),
    /// Look only for what was written then.
    Written(WrittenWhen),
    /// Look only for messages that have this; `None`: for all.
    Having(Option<SearchKind>),
    /// Look for all of it again, whoever wrote it, and whenever.
    Widen,
    /// Mark the hit above or below the marked one.
    Move {
        /// Whether to go down.
        down: bool,
    },
    /// Go to the hit at this place.
    Go(usize),
    /// Go to the marked hit.
    GoMarked,
    /// The view comes near the last hit.
    NearEnd,
}

/// The search.
#[derive(Default)]
pub struct Searching {
    /// It, if it is open.
    pub open: Option<OpenSearch>,
    tickets: u64,
    changed: bool,
}

/// An open search.
#[derive(Default)]
pub struct OpenSearch {
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// What to look for.
    pub words: String,
    /// What it is narrowed to.
    pub filters: Filters,
    /// By whom it can be narrowed.
    pub writers: Vec<Writer>,
    /// What was found: conversations by their names, then messages, the newest first.
    pub hits: Vec<Hit>,
    /// Which hit is marked.
    pub marked: usize,
    /// The node has answered for these words.
    pub is_told: bool,
    /// More than is shown may have the words.
    pub is_partial: bool,
    /// Counts up whenever the keyboard is to go to the words.
    pub asked: u32,
    cursor: Option<String>,
    flight: Option<Ticket>,
    rounds: u32,
    /// What is shown was found for other words.
    is_stale: bool,
}

/// What has the words.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its conversation.
    pub conversation: ConversationId,
    /// The message; `None` for a conversation, by its name.
    pub message: Option<MessageId>,
    /// The conversation as it is shown.
    pub face: Face,
    /// Whether we wrote it.
    pub mine: bool,
    /// Who else wrote it; of a conversation, or of ours, who it is with.
    pub name: String,
    /// When it was written.
    pub time: Option<When>,
    /// What it says around the words; empty for a conversation.
    pub excerpt: Vec<Piece>,
}

impl Searching {
    /// `here`: the open conversation, if it is on screen.
    pub(super) fn act(
        &mut self,
        action: SearchingAction,
        here: Option<&ConversationId>,
        context: &Context,
    ) -> Vec<Outcome> {
        self.changed = true;
        match &action {
            SearchingAction::OpenHere => return self.begin(here, context),
            SearchingAction::OpenEverywhere => return self.begin(None, context),
            _ => {}
        }
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        match action {
            SearchingAction::OpenHere | SearchingAction::OpenEverywhere => {}
            SearchingAction::Close => return self.leave(context),
            SearchingAction::Words(mut words) => {
                words.truncate(words.floor_char_boundary(MAX_QUERY));
                open.words = words;
                return self.look(context);
            }
            SearchingAction::By(author) => return self.narrow(|on| on.author = author, context),
            SearchingAction::Written(span) => return self.narrow(|on| on.span = span, context),
            SearchingAction::Having(thing) => return self.narrow(|on| on.thing = thing, context),
            SearchingAction::Widen => return self.narrow(|on| *on = Filters::default(), context),
            SearchingAction::Move { down: true } => {
                let last = open.hits.len().saturating_sub(1);
                open.marked = (open.marked + 1).min(last);
            }
            SearchingAction::Move { down: false } => {
                open.marked = open.marked.saturating_sub(1);
            }
            SearchingAction::Go(at) => return open.go(at),
            SearchingAction::GoMarked => return open.go(open.marked),
            SearchingAction::NearEnd => {
                if open.cursor.is_some() && open.hits.len() < MAX_SHOWN {
                    open.rounds = 0;
                    return self.look_on(context);
                }
            }
        }
        Vec::new()
    }

    /// Opens the search, in this conversation or everywhere. One that was left stands as it was, and looks again.
    fn begin(&mut self, conversation: Option<&ConversationId>, context: &Context) -> Vec<Outcome> {
        let before = self.open.take();
        let same = before.filter(|open| open.conversation.as_ref() == conversation);
        let mut open = same.unwrap_or_else(|| OpenSearch {
            conversation: conversation.cloned(),
            ..OpenSearch::default()
        });
        open.asked = open.asked.wrapping_add(1);
        open.writers = writers(conversation, context);
        self.open = Some(open);
        let page = conversation.is_none().then_some(Outcome::Go(Pane::Search));
        page.into_iter().chain(self.look(context)).collect()
    }

    /// Narrows the search, and looks again.
    fn narrow(&mut self, on: impl FnOnce(&mut Filters), context: &Context) -> Vec<Outcome> {
        if let Some(open) = &mut self.open {
            on(&mut open.filters);
        }
        self.look(context)
    }

    /// Looks for the words from the beginning. What was found before stays until the node answers.
    fn look(&mut self, context: &Context) -> Vec<Outcome> {
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        open.is_told = false;
        open.is_stale = true;
        open.cursor = None;
        open.flight = None;
        open.rounds = 0;
        if open.lacks_words() {
            open.hits.clear();
            open.is_partial = false;
            return Vec::new();
        }
        vec![self.ask(context)]
    }

    /// Looks further, unless the node is being asked.
    fn look_on(&mut self, context: &Context) -> Vec<Outcome> {
        let open = self.open.as_ref();
        match open.is_some_and(|open| open.flight.is_none()) {
            true => vec![self.ask(context)],
            false => Vec::new(),
        }
    }

    fn ask(&mut self, context: &Context) -> Outcome {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let mut search = Search::of("");
        if let Some(open) = &mut self.open {
            open.flight = Some(ticket);
            open.rounds += 1;
            search.words = Private(open.words.clone());
            search.conversation.clone_from(&open.conversation);
            search.cursor.clone_from(&open.cursor);
            let goes_on = search.cursor.is_some() || search.conversation.is_some();
            search.kind = goes_on.then_some(SearchKind::Messages);
            open.filters.narrow(&mut search, &context.calendar);
        }
        Outcome::ask(Request::Search { ticket, search })
    }

    /// The node has answered. What it says to words that are not looked for any more is dropped.
    pub(super) fn told(
        &mut self,
        ticket: Ticket,
        answer: Result<SearchPage, Refusal>,
        context: &Context,
    ) -> Vec<Outcome> {
        let open = self.open.as_mut();
        let Some(open) = open.filter(|open| open.flight == Some(ticket)) else {
            return Vec::new();
        };
        self.changed = true;
        open.flight = None;
        if take(&mut open.is_stale) {
            open.hits.clear();
            open.marked = 0;
            open.is_partial = false;
        }
        open.is_told = true;
        let page = match answer {
            Ok(page) => page,
            // There is no word among what was typed, or the conversation or the contact went meanwhile.
            Err(
                Refusal::BadRequest { .. } | Refusal::NoSuchConversation | Refusal::NoSuchContact,
            ) => return Vec::new(),
            Err(refusal) => return vec![Outcome::Refused(refusal)],
        };
        let is_here = open.conversation.is_some();
        let names = page.conversations.iter();
        let names = names.filter_map(|found| Hit::of_name(found, context));
        let messages = page.messages.iter();
        let messages = messages.filter_map(|found| Hit::of_message(found, is_here, context));
        open.hits.extend(names.chain(messages));
        open.hits.truncate(MAX_SHOWN);
        open.cursor = page.cursor;
        let is_full = open.hits.len() >= MAX_SHOWN && open.cursor.is_some();
        let wants = open.cursor.is_some() && open.hits.len() < ENOUGH;
        open.is_partial |= page.partial || is_full || wants && open.rounds >= MAX_ROUNDS;
        match wants && open.rounds < MAX_ROUNDS {
            true => self.look_on(context),
            false => Vec::new(),
        }
    }

    /// Leaves the search if it is on screen: in the open conversation, or on its own page.
    pub(super) fn leave(&mut self, context: &Context) -> Vec<Outcome> {
        let Some(open) = &self.open else {
            return Vec::new();
        };
        let shown = match open.conversation {
            Some(_) => Pane::Thread,
            None => Pane::Search,
        };
        if !context.shows(shown) {
            return Vec::new();
        }
        let is_here = open.conversation.is_some();
        self.close();
        match is_here {
            true => vec![Outcome::Do(Effect::FocusDraft)],
            false => vec![Outcome::StepBack],
        }
    }

    /// Another conversation is opened: one that was looked in is left.
    pub(super) fn opens(&mut self, id: &ConversationId) {
        let open = self.open.as_ref();
        let within = open.and_then(|open| open.conversation.as_ref());
        if within.is_some_and(|within| within != id) {
            self.close();
        }
    }

    /// A conversation is gone.
    pub(super) fn drops(&mut self, id: &ConversationId) {
        let open = self.open.as_ref();
        if open.is_some_and(|open| open.conversation.as_ref() == Some(id)) {
            self.close();
        }
    }

    /// Forgets everything. An answer that is on its way finds no search.
    pub(super) fn close(&mut self) {
        self.changed |= self.open.take().is_some();
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}

impl OpenSearch {
    /// There is nothing to look for: neither words nor a kind of messages.
    pub fn lacks_words(&self) -> bool {
        self.words.trim().is_empty() && self.filters.thing.is_none()
    }

    fn go(&mut self, at: usize) -> Vec<Outcome> {
        let Some(hit) = self.hits.get(at) else {
            return Vec::new();
        };
        self.marked = at;
        let opens = self.conversation.is_none();
        let open = opens.then(|| Outcome::OpenChat(hit.conversation.clone()));
        let jump = hit.message.clone().map(Outcome::JumpTo);
        open.into_iter().chain(jump).collect()
    }
}

impl Hit {
    /// A conversation; `None` for one that this window does not show.
    fn of_name(found: &FoundConversation, context: &Context) -> Option<Self> {
        let known = context.conversations.get(&found.conversation)?;
        let face = Face::of_conversation(&known.conversation, context);
        Some(Self {
            conversation: found.conversation.clone(),
            message: None,
            mine: false,
            name: face.name.clone(),
            face,
            time: None,
            excerpt: Vec::new(),
        })
    }

    /// A message. `is_here`: only its conversation is looked in.
    pub(super) fn of_message(
        found: &FoundMessage,
        is_here: bool,
        context: &Context,
    ) -> Option<Self> {
        let known = context.conversations.get(&found.conversation)?;
        let conversation = &known.conversation;
        let face = Face::of_conversation(conversation, context);
        let message = &found.message;
        let author = message.author.as_ref();
        let author = author.map(|author| context.contacts.name_of(author));
        let is_among_many = conversation.members.len() > 1 && !is_here;
        let name = match author {
            Some(author) if is_among_many => format!("{author}, {}", face.name),
            Some(author) if !author.is_empty() => author,
            _ => face.name.clone(),
        };
        let text = message.text.as_ref()?;
        Some(Self {
            conversation: found.conversation.clone(),
            message: Some(message.id.clone()),
            face,
            mine: message.is_mine(),
            name,
            time: Some(context.calendar.when(message.time_ms)),
            excerpt: excerpt_of(&text.0, message.file.as_ref(), found),
        })
    }
}

/// What stands around the words: in the text, and before it the name of the file if they are there, or nothing else is.
fn excerpt_of(text: &str, file: Option<&MessageFile>, found: &FoundMessage) -> Vec<Piece> {
    let named = file.filter(|_| text.is_empty() || !found.name_ranges.is_empty());
    let mut pieces = Vec::new();
    if let Some(file) = named {
        match file.voice {
            Some(_) => pieces.push(Piece::plain(&on_one_line(file))),
            None => {
                pieces.push(Piece::plain("📎 "));
                pieces.extend(excerpt(&file.name.0, &found.name_ranges));
            }
        }
        if !text.is_empty() {
            pieces.push(Piece::plain(" "));
        }
    }
    pieces.extend(excerpt(text, &found.ranges));
    pieces
}
