//! Actions of people in a world, one call each.

use hedgerow_sync::store::Store;

use super::World;
use crate::api::{
    Call, Contact, ContactId, Conversation, ConversationId, Event, Message, MessageId,
    NewInvitation, NewMessage, Page, PageFrom, Private, Refusal, Reply, Search, SearchPage,
};
use crate::engine::{conversation, searching};

/// Time limit for meeting or finding each other again on a good network.
const PATIENCE_MS: u64 = 120_000;

impl World {
    /// Makes a node create an invitation; returns the link.
    ///
    /// # Panics
    /// The node refuses.
    pub fn invite(&mut self, node: usize) -> Private {
        let wish = NewInvitation::for_one(3_600, false);
        match self.ask(node, Call::Invite(wish)) {
            Ok(Reply::Invitation(invitation)) => {
                invitation.link.expect("an open invitation shows its link")
            }
            other => panic!("no invitation: {other:?}"),
        }
    }

    /// Makes two nodes contacts, and connects them.
    ///
    /// # Panics
    /// They do not.
    pub fn meet(&mut self, inviter: usize, joiner: usize) {
        self.become_contacts(inviter, joiner);
        self.connected(inviter, joiner);
    }

    /// Makes two nodes contacts that lose each other before their first session: each misses the other until the
    /// network joins them again.
    ///
    /// # Panics
    /// They do not.
    pub fn meet_and_part(&mut self, inviter: usize, joiner: usize) {
        self.become_contacts(inviter, joiner);
        self.network.part(inviter, joiner, true);
    }

    fn become_contacts(&mut self, inviter: usize, joiner: usize) {
        let joined = |world: &World| {
            let events = world.nodes[joiner].events.iter();
            let joined = |event: &&Event| matches!(event, Event::Joined { .. });
            events.filter(joined).count()
        };
        let before = (joined(self), self.contacts(joiner).len());
        let link = self.invite(inviter);
        self.ask(joiner, Call::Join(link.into()))
            .expect("the link is good");
        assert!(
            self.until(PATIENCE_MS, |world| joined(world) > before.0),
            "they do not meet"
        );
        assert_eq!(self.contacts(joiner).len(), before.1 + 1);
    }

    /// Waits until two contacts have a session.
    ///
    /// # Panics
    /// They do not connect in time.
    pub fn connected(&mut self, one: usize, other: usize) {
        let end = self.now_ms + PATIENCE_MS;
        while !(self.sees(one, other) && self.sees(other, one)) {
            assert!(self.now_ms < end, "they do not find each other");
            self.run(100);
        }
    }

    /// Whether a node has a session with a contact.
    pub fn sees(&mut self, node: usize, contact: usize) -> bool {
        let id = self.id(contact);
        let known = self.contacts(node).into_iter().find(|known| known.id == id);
        known.is_some_and(|known| known.reachable.is_some())
    }

    /// A node's id among its contacts.
    ///
    /// # Panics
    /// The node does not say who it is.
    pub fn id(&mut self, node: usize) -> ContactId {
        match self.ask(node, Call::Me) {
            Ok(Reply::Me(me)) => me.id,
            other => panic!("nobody: {other:?}"),
        }
    }

    /// The safety words that a node's user compares with a contact.
    ///
    /// # Panics
    /// They are not contacts.
    pub fn safety_words(&mut self, node: usize, with: ContactId) -> Vec<String> {
        match self.ask(node, Call::SafetyWords(with)) {
            Ok(Reply::Identities(identities)) => identities.safety_words().words,
            other => panic!("no words: {other:?}"),
        }
    }

    /// A node's contacts.
    ///
    /// # Panics
    /// The node refuses.
    pub fn contacts(&mut self, node: usize) -> Vec<Contact> {
        match self.ask(node, Call::Contacts) {
            Ok(Reply::Contacts(contacts)) => contacts,
            other => panic!("no contacts: {other:?}"),
        }
    }

    /// One of a node's contacts.
    ///
    /// # Panics
    /// They are not contacts.
    pub fn contact(&mut self, node: usize, other: usize) -> Contact {
        let id = self.id(other);
        match self.ask(node, Call::Contact(id)) {
            Ok(Reply::Contact(contact)) => contact,
            other => panic!("no contact: {other:?}"),
        }
    }

    /// What a node calls its direct chat with another.
    ///
    /// # Panics
    /// They are no contacts.
    pub fn chat(&mut self, node: usize, with: usize) -> ConversationId {
        self.contact(node, with).conversation
    }

    /// A node's direct chat with another.
    ///
    /// # Panics
    /// They are no contacts.
    pub fn conversation(&mut self, node: usize, with: usize) -> Conversation {
        let chat = self.chat(node, with);
        match self.ask(node, Call::Conversation(chat)) {
            Ok(Reply::Conversation(conversation)) => conversation,
            other => panic!("no conversation: {other:?}"),
        }
    }

    /// Sends a text.
    ///
    /// # Panics
    /// The node refuses.
    pub fn send(&mut self, from: usize, to: usize, text: &str) -> MessageId {
        let chat = self.chat(from, to);
        match self.ask(from, Call::Send(chat, NewMessage::text(text))) {
            Ok(Reply::Sent(message)) => message,
            other => panic!("not sent: {other:?}"),
        }
    }

    /// A page of a conversation.
    ///
    /// # Panics
    /// The node refuses.
    pub fn page(&mut self, node: usize, with: usize, from: &PageFrom) -> Page {
        let chat = self.chat(node, with);
        let page = self.nodes[node]
            .storage
            .read(|reader| Ok(conversation::page(reader, &chat, from, 500)));
        page.expect("memory does not fail")
            .expect("there is such a conversation")
    }

    /// What a node finds.
    ///
    /// # Errors
    /// As [`searching::search`].
    pub fn search(&self, node: usize, search: &Search) -> Result<SearchPage, Refusal> {
        let node = &self.nodes[node];
        let now_ms = node.now(self.now_ms).wall_ms;
        let found = node
            .storage
            .read(|reader| Ok(searching::search(reader, search, now_ms)));
        found.expect("memory does not fail")
    }

    /// The newest messages of a conversation.
    pub fn messages(&mut self, node: usize, with: usize) -> Vec<Message> {
        self.page(node, with, &PageFrom::Newest).messages
    }

    /// The texts of a conversation, in order.
    pub fn texts(&mut self, node: usize, with: usize) -> Vec<String> {
        let messages = self.messages(node, with);
        messages
            .into_iter()
            .map(|message| message.text.map_or_else(String::new, |text| text.0))
            .collect()
    }

    /// Waits until no message is queued between two nodes.
    ///
    /// # Panics
    /// Something stays queued.
    pub fn delivered(&mut self, one: usize, other: usize) {
        let end = self.now_ms + PATIENCE_MS;
        while self.conversation(one, other).queued + self.conversation(other, one).queued > 0 {
            assert!(self.now_ms < end, "something is not delivered");
            self.run(100);
        }
    }
}
