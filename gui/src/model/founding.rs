//! The page on which a group is made: its name, and whom to invite.

use std::mem::{replace, take};

use hedgerow_node::api::{Call, ContactId, ConversationId, MAX_NAME, Private, Refusal};

use super::choosing::Choosing;
use super::context::Context;
use super::outcome::{Outcome, concerns_everything};
use super::place::Pane;

/// What a person does to make a group.
#[derive(Clone)]
pub enum FoundingAction {
    /// Show the page.
    Show,
    /// The user has typed this name.
    Name(String),
    /// Show only contacts with names like this.
    Find(String),
    /// Invite this contact, or not any more.
    Choose(ContactId),
    /// Make the group.
    Make,
}

/// The page.
#[derive(Default)]
pub struct Founding {
    /// The name, as typed so far.
    pub name: String,
    /// Counts up each time something other than typing has changed `name`. The window must then show it.
    pub name_set: u32,
    /// What is wrong with the name.
    pub fault: Option<NameFault>,
    /// Counts up each time something was missing.
    pub asked: u32,
    /// Why the node refused to make the group.
    pub problem: Option<Refusal>,
    /// The node is making it.
    pub busy: bool,
    /// Whom to invite.
    pub choosing: Choosing,
    changed: bool,
}

/// What is wrong with the name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// There is none.
    Missing,
    /// It is too long.
    TooLong,
}

impl Founding {
    pub(super) fn act(&mut self, action: FoundingAction, context: &Context) -> Vec<Outcome> {
        self.changed = true;
        match action {
            FoundingAction::Show => {
                self.choosing.draw(context);
                return vec![Outcome::Go(Pane::Founding)];
            }
            FoundingAction::Name(name) => {
                self.name = name;
                self.problem = None;
                let is_long = self.name.trim().len() > MAX_NAME;
                self.fault = is_long.then_some(NameFault::TooLong);
            }
            FoundingAction::Find(text) => self.choosing.find(&text, context),
            FoundingAction::Choose(id) => self.choosing.choose(id, context),
            FoundingAction::Make => return Vec::from_iter(self.make()),
        }
        Vec::new()
    }

    fn make(&mut self) -> Option<Outcome> {
        let name = self.name.trim().to_owned();
        if name.is_empty() {
            self.fault = Some(NameFault::Missing);
        }
        if self.fault.is_some() {
            self.asked = self.asked.wrapping_add(1);
            return None;
        }
        if replace(&mut self.busy, true) {
            return None;
        }
        self.problem = None;
        Some(Outcome::ask(Call::NewGroup(Private(name))))
    }

    /// The group is there: invites whom the user has chosen, and opens it if the user waits for it.
    pub(super) fn made(&mut self, group: &ConversationId, context: &Context) -> Vec<Outcome> {
        let chosen = take(&mut self.choosing.chosen).into_iter();
        let invite = |contact| Outcome::ask(Call::InviteToGroup(group.clone(), contact));
        let mut outcomes: Vec<_> = chosen.map(invite).collect();
        if context.shows(Pane::Founding) {
            outcomes.push(Outcome::OpenChat(group.clone()));
        }
        self.forget();
        outcomes
    }

    /// The node refused to make it.
    pub(super) fn refused(&mut self, refusal: Refusal) -> Option<Outcome> {
        self.busy = false;
        self.changed = true;
        if concerns_everything(&refusal) {
            return Some(Outcome::Refused(refusal));
        }
        self.problem = Some(refusal);
        self.asked = self.asked.wrapping_add(1);
        None
    }

    /// Takes over what is known of the contacts, while the page is shown.
    pub(super) fn draw(&mut self, context: &Context) {
        if context.shows(Pane::Founding) {
            self.choosing.draw(context);
            self.changed = true;
        }
    }

    /// Forgets what was typed and chosen.
    pub(super) fn forget(&mut self) {
        *self = Self {
            name_set: self.name_set.wrapping_add(1),
            asked: self.asked,
            changed: true,
            ..Self::default()
        };
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
