//! How the played node arranges conversations.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use super::{Node, Talk};

impl Node {
    /// A message is starred, or not any more.
    pub(super) fn star(
        &mut self,
        conversation: &ConversationId,
        id: &MessageId,
        starred: bool,
    ) -> Option<()> {
        self.talk(conversation)?.message(id)?.starred = starred;
        let one = (conversation.clone(), id.clone());
        self.starred.retain(|other| *other != one);
        if starred {
            self.starred.insert(0, one);
        }
        Some(())
    }

    /// All that are starred.
    pub(super) fn starred(&mut self) -> StarredPage {
        let starred = self.starred.clone().into_iter();
        let messages = starred.filter_map(|(conversation, id)| {
            let talk = self.talk(&conversation)?;
            let message = talk.at(talk.place(&Some(id))?);
            Some(StarredMessage {
                conversation,
                message,
            })
        });
        StarredPage {
            messages: messages.collect(),
            older: None,
        }
    }

    /// What comes of a call that arranges a conversation.
    pub(super) fn arranges(&mut self, call: Call) -> Option<Update> {
        let id = match call {
            Call::Mute(id, muted) => {
                self.talk(&id)?.conversation.muted = muted;
                id
            }
            Call::Archive(id, archived) => {
                self.talk(&id)?.conversation.archived = archived;
                id
            }
            Call::MarkUnread(id, unread) => {
                self.talk(&id)?.conversation.marked_unread = unread;
                id
            }
            Call::SetTimer(id, seconds) => {
                self.talk(&id)?.conversation.timer_s = seconds;
                id
            }
            Call::Notes => {
                let notes = self.notes.get_or_insert_with(notes);
                notes.conversation.id.clone()
            }
            _ => return None,
        };
        let talk = self.talk(&id)?;
        Some(Update::Conversation(Box::new(Chat {
            conversation: talk.seen(),
            newest: talk.messages.len().checked_sub(1).map(|last| talk.at(last)),
        })))
    }
}

/// Notes to oneself, in which nothing is written.
fn notes() -> Talk {
    let me = ContactId("0".repeat(32));
    let mut notes = Talk::new(Contact::just_met(me, ConversationId("0c".repeat(16)), ""));
    notes.conversation.kind = ConversationKind::Notes;
    notes.conversation.members.clear();
    notes
}
