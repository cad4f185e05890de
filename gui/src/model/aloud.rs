//! What a screen reader says about the open conversation while the user is in it: messages that come, and messages of
//! ours that have arrived.

use std::collections::VecDeque;

use hedgerow_node::api::{Message, MessageId, Private, visible};

use super::context::Context;
use super::effect::{Announcement, Effect};
use super::outcome::Outcome;
use super::place::Pane;
use super::rows::{Tick, author_in_group};
use super::thread::Thread;

/// The most messages of ours whose arrival we announce. If more wait, only the last ones.
const MAX_AWAITED: usize = 32;

/// The most messages that a screen reader reads out when they come at once. For more it says their number.
const MAX_READ_OUT: usize = 3;

/// The most characters of a text that a screen reader reads out. The message itself has the rest.
const MAX_LETTERS: usize = 1_000;

/// Messages that we sent while the conversation was open, and that have not arrived.
#[derive(Default)]
pub(super) struct Awaited(VecDeque<MessageId>);

impl Thread {
    /// The node has stored a message of ours. Announces if it has to wait.
    pub(super) fn await_arrival(&mut self, id: MessageId, context: &Context) -> Option<Outcome> {
        let awaited = &mut self.awaited.0;
        if awaited.len() == MAX_AWAITED {
            awaited.pop_front();
        }
        awaited.push_back(id);
        let waits = self.face.reachable.is_none() && is_here(context);
        waits.then(|| announce(Announcement::Ours(Tick::Queued)))
    }

    /// Announces, once for all, that messages of ours have arrived since the last call.
    pub(super) fn tell_arrivals(&mut self, context: &Context) -> Option<Outcome> {
        let before = self.awaited.0.len();
        let window = &self.window;
        self.awaited.0.retain(|id| {
            let found = window.find(id);
            found.is_none_or(|one| !one.message.is_delivered())
        });
        let some = self.awaited.0.len() < before && is_here(context);
        some.then(|| announce(Announcement::Ours(Tick::Delivered)))
    }

    /// Announces messages that others have written.
    pub(super) fn tell_came(&self, came: &[Message], context: &Context) -> Vec<Outcome> {
        let theirs: Vec<_> = came.iter().filter(|one| !one.is_mine()).collect();
        if !is_here(context) {
            return Vec::new();
        }
        if theirs.len() > MAX_READ_OUT {
            return vec![announce(Announcement::CameMany {
                name: Private(self.face.name.clone()),
                count: theirs.len() as u64,
            })];
        }
        theirs
            .into_iter()
            .map(|message| {
                let author = message.author.as_ref();
                let contact = || author.map(|author| context.contacts.name_of(author));
                let name = author_in_group(message).or_else(contact);
                let name = Private(name.unwrap_or_default());
                announce(match &message.text {
                    Some(text) => Announcement::Came {
                        name,
                        text: Private(beginning(&text.0)),
                    },
                    // This version cannot show its kind.
                    None => Announcement::CameMany { name, count: 1 },
                })
            })
            .collect()
    }
}

/// Whether the user is in the conversation. Elsewhere, notifications tell of messages.
fn is_here(context: &Context) -> bool {
    context.presence.focused && context.shows(Pane::Thread)
}

fn announce(announcement: Announcement) -> Outcome {
    Outcome::Do(Effect::Announce(announcement))
}

fn beginning(text: &str) -> String {
    let end = text.char_indices().nth(MAX_LETTERS);
    visible::paragraph(end.map_or(text, |(at, _)| &text[..at]))
}
