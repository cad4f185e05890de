//! The page of a contact.

use std::mem::take;

use hedgerow_node::api::{Call, Contact, ContactId, MAX_NAME, Private, SafetyWords, Why, visible};

use super::calendar::When;
use super::context::Context;
use super::dialog::Dialog;
use super::face::Face;
use super::outcome::Outcome;
use super::place::Pane;

/// What a person does on the page of a contact.
#[derive(Clone)]
pub enum PersonAction {
    /// The user has typed this alias.
    Alias(String),
    /// Save the alias.
    SaveAlias,
    /// Decide, after the contact gave itself another name, whether to show the former or the new one.
    DecideName {
        /// Whether to show the former one.
        keep: bool,
    },
    /// Whether the user has compared the safety words.
    Verify(bool),
    /// Block (asks first) or unblock.
    Block(bool),
    /// Forget the contact and the direct chat (asks first).
    Remove,
}

/// The page, which may be open.
#[derive(Default)]
pub struct PersonPage {
    /// What the page shows, if it is open.
    pub open: Option<Person>,
    changed: bool,
}

/// What the page shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The contact.
    pub id: ContactId,
    /// Its name, picture and state.
    pub face: Face,
    /// The name that the contact gives itself.
    pub own_name: String,
    /// The user's name for it, as typed so far; empty if none.
    pub alias: String,
    /// Counts up each time something other than typing has changed `alias`. The window must then show it.
    pub alias_set: u32,
    /// Whether `alias` differs from the saved one.
    pub may_save_alias: bool,
    /// The number of messages of the direct chat that are not delivered.
    pub queued: u64,
    /// Why they are not delivered.
    pub why: Option<Why>,
    /// When the node next tries, if that is known.
    pub next: Option<When>,
    /// The number of messages in the direct chat.
    pub messages: u64,
    /// The words to compare; empty until they are known.
    pub safety_words: Vec<String>,
    /// Whether the alias is too long for a name.
    pub alias_too_long: bool,
}

impl PersonPage {
    /// Shows the page of a contact.
    pub(super) fn show(&mut self, id: ContactId, context: &Context) -> Vec<Outcome> {
        let Some(contact) = context.contacts.get(&id) else {
            return Vec::new();
        };
        self.open = Some(Person::of(contact, context));
        self.changed = true;
        vec![
            Outcome::ask(Call::SafetyWords(id)),
            Outcome::Go(Pane::Person),
        ]
    }

    pub(super) fn close(&mut self) {
        self.changed |= self.open.take().is_some();
    }

    /// Closes the page if it is about this contact.
    pub(super) fn forget(&mut self, id: &ContactId) {
        if self.open.as_ref().is_some_and(|person| person.id == *id) {
            self.close();
        }
    }

    pub(super) fn act(&mut self, action: PersonAction, context: &Context) -> Vec<Outcome> {
        let Some(person) = self.open.as_mut() else {
            return Vec::new();
        };
        let id = person.id.clone();
        let outcome = match action {
            PersonAction::Alias(alias) => {
                person.alias = alias;
                self.draw(context);
                return Vec::new();
            }
            PersonAction::SaveAlias if person.may_save_alias => {
                let alias = person.alias.trim().to_owned();
                Outcome::ask(Call::Rename(id, Private(alias)))
            }
            PersonAction::SaveAlias => return Vec::new(),
            PersonAction::DecideName { keep } => {
                let former = person.face.former_name.clone().filter(|_| keep);
                person.alias = former.unwrap_or_default();
                person.alias_set = person.alias_set.wrapping_add(1);
                let alias = person.alias.clone();
                self.draw(context);
                Outcome::ask(Call::Rename(id, Private(alias)))
            }
            PersonAction::Verify(verified) => Outcome::ask(Call::Verify(id, verified)),
            PersonAction::Block(false) => Outcome::ask(Call::Block(id, false)),
            PersonAction::Block(true) => {
                let name = context.contacts.name_of(&id);
                Outcome::Show(Dialog::BlockContact { id, name })
            }
            PersonAction::Remove => {
                let name = context.contacts.name_of(&id);
                Outcome::Show(Dialog::RemoveContact { id, name })
            }
        };
        vec![outcome]
    }

    /// Takes over the words to compare.
    pub(super) fn know_words(&mut self, words: SafetyWords) {
        let shown = self.open.as_mut();
        if let Some(person) = shown.filter(|person| person.id == words.contact) {
            person.safety_words = words.words;
            self.changed = true;
        }
    }

    /// Takes over what we know about the contact.
    pub(super) fn draw(&mut self, context: &Context) {
        if let Some(person) = self.open.as_mut()
            && let Some(contact) = context.contacts.get(&person.id)
        {
            person.take_over(contact, context);
            self.changed = true;
        }
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}

impl Person {
    fn of(contact: &Contact, context: &Context) -> Self {
        let mut person = Self {
            id: contact.id.clone(),
            face: Face::of(contact, &context.calendar),
            own_name: String::new(),
            alias: alias(contact).to_owned(),
            alias_set: 1,
            may_save_alias: false,
            queued: 0,
            why: None,
            next: None,
            messages: 0,
            safety_words: Vec::new(),
            alias_too_long: false,
        };
        person.take_over(contact, context);
        person
    }

    fn take_over(&mut self, contact: &Contact, context: &Context) {
        self.face = Face::of(contact, &context.calendar);
        self.own_name = visible::label(&contact.own_name.0).unwrap_or_default();
        let chat = context.conversations.get(&contact.conversation);
        let chat = chat.map(|known| &known.conversation);
        self.queued = chat.map_or(0, |chat| chat.queued);
        self.why = chat.and_then(|chat| chat.why);
        self.next = context.next_attempt(self.why);
        self.messages = chat.map_or(0, |chat| chat.messages);
        let typed = self.alias.trim();
        self.alias_too_long = typed.len() > MAX_NAME;
        self.may_save_alias = typed != alias(contact) && !self.alias_too_long;
    }
}

/// The user's name for a contact; empty if none.
fn alias(contact: &Contact) -> &str {
    match contact.name == contact.own_name {
        true => "",
        false => &contact.name.0,
    }
}
