//! The page of a contact.

use hedgerow_node::api::{Call, ContactId, MAX_NAME, Private, SafetyWords, Why, visible};

use super::app::App;
use super::calendar::When;
use super::chats;
use super::dialog::Dialog;
use super::face::Face;
use super::place::Pane;

/// The page.
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
    /// Messages not delivered.
    pub queued: u64,
    /// Why.
    pub why: Option<Why>,
    /// When it is tried again, where that is known.
    pub next: Option<When>,
    /// Messages in the conversation.
    pub messages: u64,
    /// The words to compare; none until they are known.
    pub safety_words: Vec<String>,
    /// The alias is longer than a name may be.
    pub alias_too_long: bool,
}

impl App {
    /// Shows the page of a contact.
    pub(super) fn show_person(&mut self, id: ContactId) {
        let Some(known) = self.chats.known.get(&id) else {
            return;
        };
        let contact = &known.contact;
        let alias = match contact.name == contact.own_name {
            true => String::new(),
            false => contact.name.0.clone(),
        };
        self.person = Some(Person {
            id: id.clone(),
            face: Face::of(contact, &self.calendar),
            own_name: String::new(),
            alias,
            alias_set: 1,
            may_save_alias: false,
            queued: 0,
            why: None,
            next: None,
            messages: 0,
            safety_words: Vec::new(),
            alias_too_long: false,
        });
        self.draw_person();
        self.ask(Call::SafetyWords(id));
        self.go_to(Pane::Person);
    }

    /// Takes over what is known of the contact.
    pub(super) fn draw_person(&mut self) {
        let Some(person) = self.person.as_ref() else {
            return;
        };
        let Some(known) = self.chats.known.get(&person.id) else {
            return;
        };
        let contact = known.contact.clone();
        let face = Face::of(&contact, &self.calendar);
        let next = self.next_attempt(contact.why);
        let Some(person) = self.person.as_mut() else {
            return;
        };
        person.face = face;
        person.own_name = visible::label(&contact.own_name.0).unwrap_or_default();
        person.queued = contact.queued;
        person.why = contact.why;
        person.next = next;
        person.messages = contact.messages;
        let kept = match contact.name == contact.own_name {
            true => "",
            false => &contact.name.0,
        };
        let alias = person.alias.trim();
        person.alias_too_long = alias.len() > MAX_NAME;
        person.may_save_alias = alias != kept && !person.alias_too_long;
        self.changed.person = true;
    }

    /// The alias is this now.
    pub(super) fn type_alias(&mut self, alias: String) {
        if let Some(person) = self.person.as_mut() {
            person.alias = alias;
            self.draw_person();
        }
    }

    /// Keeps the alias.
    pub(super) fn save_alias(&mut self) {
        if let Some(person) = self.person.as_ref().filter(|person| person.may_save_alias) {
            let (id, alias) = (person.id.clone(), person.alias.trim().to_owned());
            self.ask(Call::Rename(id, Private(alias)));
        }
    }

    /// Keeps calling the contact as before it gave itself another name, or not.
    pub(super) fn decide_name(&mut self, keep: bool) {
        let Some(person) = self.person.as_mut() else {
            return;
        };
        let former = person.face.former_name.clone().filter(|_| keep);
        person.alias = former.unwrap_or_default();
        person.alias_set = person.alias_set.wrapping_add(1);
        let (id, alias) = (person.id.clone(), person.alias.clone());
        self.ask(Call::Rename(id, Private(alias)));
        self.draw_person();
    }

    /// The words to compare.
    pub(super) fn hear_safety_words(&mut self, words: SafetyWords) {
        if let Some(person) = self
            .person
            .as_mut()
            .filter(|person| person.id == words.contact)
        {
            person.safety_words = words.words;
            self.changed.person = true;
        }
    }

    /// The words were compared, or not.
    pub(super) fn verify(&mut self, verified: bool) {
        if let Some(id) = self.person_shown() {
            self.ask(Call::Verify(id, verified));
        }
    }

    /// Unblocks, or asks whether to block.
    pub(super) fn block(&mut self, blocked: bool) {
        let Some(id) = self.person_shown() else {
            return;
        };
        if blocked {
            let name = self.name_of(&id);
            self.ask_user(Dialog::BlockContact { id, name });
        } else {
            self.ask(Call::Block(id, false));
        }
    }

    /// Asks whether to forget the contact.
    pub(super) fn remove(&mut self) {
        if let Some(id) = self.person_shown() {
            let name = self.name_of(&id);
            self.ask_user(Dialog::RemoveContact { id, name });
        }
    }

    /// The contact that the page or the conversation is about.
    fn person_shown(&self) -> Option<ContactId> {
        let person = self.person.as_ref().map(|person| &person.id);
        let thread = self.thread.as_ref().map(|thread| &thread.contact);
        person.or(thread).cloned()
    }

    fn name_of(&self, id: &ContactId) -> String {
        let known = self.chats.known.get(id);
        known
            .map(|known| chats::name(&known.contact))
            .unwrap_or_default()
    }
}
