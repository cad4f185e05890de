//! Starred messages, of all conversations.

use std::mem::take;

use hedgerow_node::api::{FoundMessage, Refusal, StarredMessage, StarredPage};

use super::context::Context;
use super::effect::{Request, Ticket};
use super::outcome::Outcome;
use super::place::Pane;
use super::searching::Hit;

/// The most messages that are shown.
const MAX_SHOWN: usize = 200;

/// What a person does with the starred messages.
#[derive(Clone)]
pub enum StarredAction {
    /// Show them.
    Open,
    /// Mark the message above or below the marked one.
    Move {
        /// Whether to go down.
        down: bool,
    },
    /// Go to the message at this place.
    Go(usize),
    /// Go to the marked message.
    GoMarked,
    /// The view comes near the last one.
    NearEnd,
}

/// The page.
#[derive(Default)]
pub struct Starred {
    /// The messages, those starred last first.
    pub hits: Vec<Hit>,
    /// Which one is marked.
    pub marked: usize,
    /// The node has answered.
    pub is_told: bool,
    /// What gives the next page.
    older: Option<u64>,
    flight: Option<Ticket>,
    tickets: u64,
    changed: bool,
}

impl Starred {
    pub(super) fn act(&mut self, action: StarredAction) -> Vec<Outcome> {
        self.changed = true;
        match action {
            StarredAction::Open => {
                self.forget();
                return vec![Outcome::Go(Pane::Starred), self.ask()];
            }
            StarredAction::Move { down: true } => {
                let last = self.hits.len().saturating_sub(1);
                self.marked = (self.marked + 1).min(last);
            }
            StarredAction::Move { down: false } => self.marked = self.marked.saturating_sub(1),
            StarredAction::Go(at) => return self.go(at),
            StarredAction::GoMarked => return self.go(self.marked),
            StarredAction::NearEnd => {
                let is_more = self.older.is_some() && self.hits.len() < MAX_SHOWN;
                if is_more && self.flight.is_none() {
                    return vec![self.ask()];
                }
            }
        }
        Vec::new()
    }

    fn ask(&mut self) -> Outcome {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.flight = Some(ticket);
        let before = self.older;
        Outcome::ask(Request::Starred { ticket, before })
    }

    fn go(&mut self, at: usize) -> Vec<Outcome> {
        let Some(hit) = self.hits.get(at) else {
            return Vec::new();
        };
        self.marked = at;
        let jump = hit.message.clone().map(Outcome::JumpTo);
        let open = Outcome::OpenChat(hit.conversation.clone());
        [open].into_iter().chain(jump).collect()
    }

    /// The node has answered. What it says to a question that was dropped meanwhile is dropped, too.
    pub(super) fn told(
        &mut self,
        ticket: Ticket,
        answer: Result<StarredPage, Refusal>,
        context: &Context,
    ) -> Option<Outcome> {
        self.flight.take_if(|flight| *flight == ticket)?;
        self.changed = true;
        self.is_told = true;
        let page = match answer {
            Ok(page) => page,
            Err(refusal) => return Some(Outcome::Refused(refusal)),
        };
        self.older = page.older;
        let hits = page.messages.into_iter().filter_map(|starred| {
            let StarredMessage {
                conversation,
                message,
            } = starred;
            let found = FoundMessage {
                conversation,
                message,
                ranges: Vec::new(),
                name_ranges: Vec::new(),
            };
            Hit::of_message(&found, false, context)
        });
        self.hits.extend(hits);
        self.hits.truncate(MAX_SHOWN);
        None
    }

    /// Forgets everything. An answer that is on its way is dropped.
    pub(super) fn forget(&mut self) {
        *self = Self {
            tickets: self.tickets,
            changed: true,
            ..Self::default()
        };
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
