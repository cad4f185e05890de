//! Reactions: whose user puts an emoji on which message, and which of them have reached the author.

use std::collections::BTreeMap;

use hedgerow_node::api::MessageId;
use serde::{Deserialize, Serialize};

use super::happening::Reaction;
use crate::plan::DeviceNumber;
use crate::record::{self, Record};

/// A reaction that has a message to stand on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Reacting {
    /// Whose user reacts.
    from: DeviceNumber,
    /// The message.
    to: Reaction,
    /// When the engine took it, if it has.
    at_us: Option<u64>,
}

/// All reactions that have not reached the author.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Reactions {
    /// By the number of the message.
    waiting: BTreeMap<u64, Reacting>,
    /// Numbers of messages to which a reaction is under way, by author, reader and what engines call them.
    under_way: BTreeMap<(DeviceNumber, DeviceNumber, MessageId), u64>,
}

impl Reactions {
    /// A user will react to a message that has just arrived.
    pub fn expect(&mut self, from: DeviceNumber, to: Reaction) {
        let reacting = Reacting {
            from,
            to,
            at_us: None,
        };
        self.waiting.insert(reacting.to.message, reacting);
    }

    /// The engine of a user has taken the reaction to this message.
    pub fn made(&mut self, at_us: u64, message: u64) {
        if let Some(reacting) = self.waiting.get_mut(&message) {
            reacting.at_us = Some(at_us);
            let Reaction { author, id, .. } = reacting.to.clone();
            self.under_way.insert((author, reacting.from, id), message);
        }
    }

    /// Something else is said of a message of this author to this reader: a reaction to it has arrived, if one was
    /// under way.
    pub fn arrived(
        &mut self,
        at_us: u64,
        author: DeviceNumber,
        reader: DeviceNumber,
        id: MessageId,
    ) -> Option<Record> {
        let message = self.under_way.remove(&(author, reader, id))?;
        self.waiting.remove(&message)?.record(Some(at_us))
    }

    /// Those that are under way when the run ends.
    pub fn finish(&mut self) -> impl Iterator<Item = Record> {
        self.under_way.clear();
        let waiting = std::mem::take(&mut self.waiting).into_values();
        waiting.filter_map(|reacting| reacting.record(None))
    }
}

impl Reacting {
    /// `None` for one that was never made.
    fn record(self, arrived_us: Option<u64>) -> Option<Record> {
        let at_us = self.at_us?;
        Some(Record::Reaction(record::Reaction {
            at_us: at_us as i64,
            message: self.to.message as i64,
            from: self.from as i32,
            to: self.to.author as i32,
            delay_us: arrived_us.map_or(-1, |arrived_us| (arrived_us - at_us) as i64),
        }))
    }
}
