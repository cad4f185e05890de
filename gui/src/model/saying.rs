//! Emoji on messages.

use hedgerow_node::api::Message;

/// An emoji under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The emoji.
    pub emoji: String,
    /// The number of people who have put it there.
    pub count: usize,
    /// Whether we are one of them.
    pub mine: bool,
}

/// The emoji under a message, each once, in the order in which they came.
pub(crate) fn said(message: &Message) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    for reaction in &message.reactions {
        let mine = reaction.author.is_none();
        match said.iter_mut().find(|one| one.emoji == reaction.emoji.0) {
            Some(one) => {
                one.count += 1;
                one.mine |= mine;
            }
            None => said.push(Said {
                emoji: reaction.emoji.0.clone(),
                count: 1,
                mine,
            }),
        }
    }
    said
}
