//! Forwarding a message to other conversations.

use std::collections::BTreeSet;

use hedgerow_node::api::{Call, ConversationId, MAX_RECEIVERS, Message, MessageId};

use super::context::Context;
use super::dialog::Dialog;
use super::face::Face;
use super::outcome::Outcome;
use super::thread::Thread;

/// The longest filter, in characters.
const MAX_FILTER: usize = 64;

/// What is asked before a message is forwarded.
#[derive(Clone)]
pub struct Forwarding {
    /// Where it stands.
    pub conversation: ConversationId,
    /// Which message.
    pub id: MessageId,
    /// Only conversations with names like this are shown.
    pub filter: String,
    /// The conversations to choose from, the latest first.
    pub receivers: Vec<Receiver>,
    /// The chosen ones, shown or not.
    pub chosen: BTreeSet<ConversationId>,
}

/// A conversation to choose.
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Which.
    pub id: ConversationId,
    /// How it is shown.
    pub face: Face,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Forwarding {
    fn new(conversation: ConversationId, message: &Message, context: &Context) -> Self {
        let mut forwarding = Self {
            conversation,
            id: message.id.clone(),
            filter: String::new(),
            receivers: Vec::new(),
            chosen: BTreeSet::new(),
        };
        forwarding.draw(context);
        forwarding
    }

    /// Shows only names like this.
    pub(super) fn find(&mut self, filter: &str, context: &Context) {
        self.filter = filter.chars().take(MAX_FILTER).collect();
        self.draw(context);
    }

    /// Chooses a conversation, or does not choose it any more.
    pub(super) fn choose(&mut self, id: ConversationId, context: &Context) {
        if !self.chosen.remove(&id) && self.chosen.len() < MAX_RECEIVERS {
            self.chosen.insert(id);
        }
        self.draw(context);
    }

    /// Forwards it, if a conversation is chosen.
    pub(super) fn forward(self) -> Vec<Outcome> {
        if self.chosen.is_empty() {
            return vec![Outcome::Show(Dialog::Forward(self))];
        }
        let to = self.chosen.into_iter().collect();
        vec![Outcome::ask(Call::Forward(self.conversation, self.id, to))]
    }

    fn draw(&mut self, context: &Context) {
        let filter = self.filter.trim().to_lowercase();
        let known = context.conversations.iter();
        let known = known.map(|known| &known.conversation);
        let others = known.filter(|one| one.id != self.conversation);
        let mut found: Vec<_> = others
            .map(|one| (one.active_ms, Face::of_conversation(one, context), &one.id))
            .filter(|(_, face, _)| {
                face.takes_messages() && face.name.to_lowercase().contains(&filter)
            })
            .collect();
        found
            .sort_by(|(a_ms, a, _), (b_ms, b, _)| b_ms.cmp(a_ms).then_with(|| a.name.cmp(&b.name)));
        let receivers = found.into_iter().map(|(_, face, id)| Receiver {
            chosen: self.chosen.contains(id),
            id: id.clone(),
            face,
        });
        self.receivers = receivers.collect();
    }
}

/// Forwarding from a conversation.
impl Thread {
    /// Asks where a message is to be forwarded to.
    pub(super) fn ask_forward(&self, id: MessageId, context: &Context) -> Option<Outcome> {
        let message = &self.window.find(&id)?.message;
        message.text.as_ref()?;
        let forwarding = Forwarding::new(self.id.clone(), message, context);
        Some(Outcome::Show(Dialog::Forward(forwarding)))
    }
}
