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
    /// The alias being typed.
    Alias(String),
    /// Keep it.
    SaveAlias,
    /// The contact gave itself another name: show the former one as before, or the new one.
    DecideName {
        /// The former one.
        keep: bool,
    },
    /// The safety words were compared, or not.
    Verify(bool),
    /// Block (asks first) or unblock.
    Block(bool),
    /// Forget the contact and the direct chat (asks first).
    Remove,
}

/// The page, and whether it is open.
#[derive(Default)]
pub struct PersonPage {
    /// Whose it is, and what it shows.
    pub open: Option<Person>,
    changed: bool,
}

/// What the page shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Whose.
    pub id: ContactId,
    /// How it is shown.
    pub face: Face,
    /// What the contact calls itself.
    pub own_name: String,
    /// What the user calls it, as it is being typed; empty for nothing else.
    pub alias: String,
    /// Counts up whenever `alias` was changed by anything but typing: show it.
    pub alias_set: u32,
    /// `alias` differs from what is kept.
    pub may_save_alias: bool,
    /// Messages of the direct chat that are not delivered.
    pub queued: u64,
    /// Why.
    pub why: Option<Why>,
    /// When it is tried again, where that is known.
    pub next: Option<When>,
    /// Messages in the direct chat.
    pub messages: u64,
    /// The words to compare; none until they are known.
    pub safety_words: Vec<String>,
    /// The alias is longer than a name may be.
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

    /// The words to compare.
    pub(super) fn know_words(&mut self, words: SafetyWords) {
        let shown = self.open.as_mut();
        if let Some(person) = shown.filter(|person| person.id == words.contact) {
            person.safety_words = words.words;
            self.changed = true;
        }
    }

    /// Takes over what is known of the contact.
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

/// What the user calls a contact; empty if nothing else than it calls itself.
fn alias(contact: &Contact) -> &str {
    match contact.name == contact.own_name {
        true => "",
        false => &contact.name.0,
    }
}
