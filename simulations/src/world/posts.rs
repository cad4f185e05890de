//! Texts of groups on their way: who has which, and who brought it.

use std::collections::BTreeMap;

use hedgerow_node::api::MessageId;
use serde::{Deserialize, Serialize};

use super::group_chats::{FIRST_POST, GroupChat};
use super::happening::Post;
use crate::plan::DeviceNumber;
use crate::record::{self, Record};

/// All texts that somebody in their group has not got.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Posts {
    /// By number.
    under_way: BTreeMap<u64, UnderWay>,
    /// Their numbers, by group and what engines call them.
    by_id: BTreeMap<(u32, MessageId), u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct UnderWay {
    at_us: u64,
    group: u32,
    from: DeviceNumber,
    people: Vec<DeviceNumber>,
    id: Option<MessageId>,
    /// Who has it, and how many links it crossed on its way there.
    holders: BTreeMap<DeviceNumber, i32>,
}

/// Who may have brought something to a device.
pub(super) enum Bringers<'a> {
    /// Those who spoke to it at that moment.
    Sessions(&'a [DeviceNumber]),
    /// Whoever gave it a bundle, which had crossed so many links.
    Bundle(DeviceNumber, i32),
    /// A stick.
    Hand,
}

impl Posts {
    /// Somebody has written a text.
    pub fn written(
        &mut self,
        at_us: u64,
        from: DeviceNumber,
        post: Post,
        chat: &GroupChat,
    ) -> Record {
        let people = chat.people.clone();
        let record = Record::GroupMessage(record::GroupMessage {
            at_us: at_us as i64,
            message: (post.number - FIRST_POST) as i64,
            group: post.group as i32,
            from: from as i32,
            bytes: post.bytes as i64,
            others: people.len() as i32 - 1,
        });
        let under_way = UnderWay {
            at_us,
            group: post.group,
            from,
            people,
            id: None,
            holders: BTreeMap::from([(from, 0)]),
        };
        self.under_way.insert(post.number, under_way);
        record
    }

    /// The engine of its author has taken a text of this number.
    pub fn sent(&mut self, number: u64, id: MessageId) {
        if let Some(under_way) = self.under_way.get_mut(&number) {
            under_way.id = Some(id.clone());
            self.by_id.insert((under_way.group, id), number);
        }
    }

    /// From whom to whom the copy of this number goes.
    pub fn copy_between(&self, number: u64) -> Option<[DeviceNumber; 2]> {
        let (post, under_way) = self.under_way.range(..number).next_back()?;
        let reader = under_way.people.get((number - post - 1) as usize)?;
        Some([under_way.from, *reader])
    }

    /// A copy of a text for one reader has arrived.
    pub fn copy_arrived(&mut self, at_us: u64, number: u64, hops: i32) -> Option<Record> {
        let [from, reader] = self.copy_between(number)?;
        let (post, _) = self.under_way.range(..number).next_back()?;
        self.arrived(at_us, reader, *post, Some(from), hops)
    }

    /// A device has a text of a group, and got it from one of these.
    pub fn received(
        &mut self,
        at_us: u64,
        reader: DeviceNumber,
        (group, id): (u32, MessageId),
        bringers: Bringers<'_>,
    ) -> Option<Record> {
        let number = *self.by_id.get(&(group, id))?;
        let under_way = self.under_way.get(&number)?;
        let (via, hops) = match bringers {
            Bringers::Hand => (None, 0),
            Bringers::Bundle(via, hops) => (Some(via), hops),
            Bringers::Sessions(speakers) => {
                let held = |via: &DeviceNumber| Some((*via, *under_way.holders.get(via)?));
                // Of several who have it, whoever has it first hand.
                let via = speakers
                    .iter()
                    .filter_map(held)
                    .min_by_key(|(_, hops)| *hops);
                match via {
                    Some((via, hops)) => (Some(via), hops + 1),
                    None => (None, 1),
                }
            }
        };
        self.arrived(at_us, reader, number, via, hops)
    }

    fn arrived(
        &mut self,
        at_us: u64,
        to: DeviceNumber,
        number: u64,
        via: Option<DeviceNumber>,
        hops: i32,
    ) -> Option<Record> {
        let under_way = self.under_way.get_mut(&number)?;
        if under_way.holders.contains_key(&to) {
            return None;
        }
        under_way.holders.insert(to, hops);
        let record = Record::GroupDelivery(record::GroupDelivery {
            at_us: at_us as i64,
            message: (number - FIRST_POST) as i64,
            group: under_way.group as i32,
            from: under_way.from as i32,
            to: to as i32,
            via: via.map_or(-1, |via| via as i32),
            via_member: via.is_some_and(|via| under_way.people.contains(&via)),
            delay_us: (at_us - under_way.at_us) as i64,
            hops,
        });
        if under_way.holders.len() == under_way.people.len()
            && let Some(under_way) = self.under_way.remove(&number)
            && let Some(id) = under_way.id
        {
            self.by_id.remove(&(under_way.group, id));
        }
        Some(record)
    }
}
