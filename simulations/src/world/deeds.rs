//! What users do with messages that have arrived: who reacts to which, edits, answers, reads or deletes it, and what of
//! it has reached the other.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::MessageId;
use serde::{Deserialize, Serialize};

use super::happening::{Deed, DeedKind};
use crate::plan::DeviceNumber;
use crate::record::{self, Record};

/// A deed that has a message to stand on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Doing {
    deed: Deed,
    /// When the engine took it, if it has.
    at_us: Option<u64>,
}

/// All deeds that have not reached the other side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Deeds {
    /// By kind and the number of the message.
    waiting: BTreeMap<(DeedKind, u64), Doing>,
    /// Numbers of messages to which a deed is under way, by its kind, for whom, by whom and what engines call the
    /// message.
    under_way: BTreeMap<(DeedKind, DeviceNumber, DeviceNumber, MessageId), u64>,
    /// What the author knows to be read that nobody has read by itself: the reader has read a later one.
    read_before: BTreeSet<(DeviceNumber, DeviceNumber, MessageId)>,
}

impl Deeds {
    /// A user will do this with a message that has just arrived.
    pub fn expect(&mut self, deed: Deed) {
        let key = (deed.kind, deed.message);
        self.waiting.insert(key, Doing { deed, at_us: None });
    }

    /// The engine of a user has taken the deed to this message. It has arrived already if the other knows it.
    pub fn made(&mut self, at_us: u64, kind: DeedKind, message: u64) -> Option<Record> {
        let doing = self.waiting.get_mut(&(kind, message))?;
        doing.at_us = Some(at_us);
        let deed = &doing.deed;
        let (to, by, id) = (deed.to(), deed.by(), deed.id.clone());
        if kind == DeedKind::Read && self.read_before.remove(&(to, by, id.clone())) {
            return self.waiting.remove(&(kind, message))?.record(Some(at_us));
        }
        self.under_way.insert((kind, to, by, id), message);
        None
    }

    /// A device shows that there is a deed of this kind to a message in the conversation with another: it has arrived, if
    /// one was under way.
    pub fn arrived(
        &mut self,
        at_us: u64,
        kind: DeedKind,
        [at, with]: [DeviceNumber; 2],
        id: MessageId,
    ) -> Option<Record> {
        let key = (kind, at, with, id);
        let Some(message) = self.under_way.remove(&key) else {
            let (.., id) = key;
            if kind == DeedKind::Read {
                self.read_before.insert((at, with, id));
            }
            return None;
        };
        self.waiting.remove(&(kind, message))?.record(Some(at_us))
    }

    /// Those that are under way when the run ends.
    pub fn finish(&mut self) -> impl Iterator<Item = Record> {
        self.under_way.clear();
        self.read_before.clear();
        let waiting = std::mem::take(&mut self.waiting).into_values();
        waiting.filter_map(|doing| doing.record(None))
    }
}

impl Doing {
    /// `None` for one that was never made, for an answer, which is a message, and for what the file tells.
    fn record(self, arrived_us: Option<u64>) -> Option<Record> {
        let made_us = self.at_us?;
        let (at_us, message) = (made_us as i64, self.deed.message as i64);
        let (from, to) = (self.deed.by() as i32, self.deed.to() as i32);
        let delay_us = arrived_us.map_or(-1, |arrived_us| (arrived_us - made_us) as i64);
        match self.deed.kind {
            DeedKind::React => Some(Record::Reaction(record::Reaction {
                at_us,
                message,
                from,
                to,
                delay_us,
            })),
            DeedKind::Edit => Some(Record::Edit(record::Edit {
                at_us,
                message,
                from,
                to,
                delay_us,
            })),
            DeedKind::Delete => Some(Record::Deletion(record::Deletion {
                at_us,
                message,
                from,
                to,
                delay_us,
            })),
            DeedKind::Read => Some(Record::Receipt(record::Receipt {
                at_us,
                message,
                from,
                to,
                delay_us,
            })),
            DeedKind::Reply | DeedKind::Ask | DeedKind::Cancel => None,
        }
    }
}
