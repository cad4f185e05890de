//! Whether the members of groups see the same when a run is over.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::MessageId;
use hedgerow_sync::space::Frontier;

use super::World;
use crate::plan::DeviceNumber;

/// The texts that a device shows of a group, in their order; `None`: a text that has not come yet.
type Shown = Vec<(MessageId, Option<String>)>;

impl World {
    /// What must not be in the stores of a world, in words: a text that a group shows twice; two members who hold the same
    /// entries and show something else, or in another order; entries of a group at somebody who is not in it.
    #[must_use]
    pub fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (number, chat) in self.shared.group_chats.iter().enumerate() {
            let Some(assembled) = &chat.assembled else {
                continue;
            };
            let mut first: BTreeMap<Vec<u8>, (DeviceNumber, Shown)> = BTreeMap::new();
            for device in self.devices.iter().flatten() {
                let held = device.frontier(assembled.space());
                if chat.place(device.number).is_none() {
                    if !held.is_empty() {
                        found.push(format!(
                            "group {number}: device {} holds entries and is not in it",
                            device.number
                        ));
                    }
                    continue;
                }
                let shown = device.texts(&assembled.id());
                let ids: BTreeSet<&MessageId> = shown.iter().map(|(id, _)| id).collect();
                if ids.len() < shown.len() {
                    found.push(format!(
                        "group {number}: device {} shows a text twice",
                        device.number
                    ));
                }
                let (other, shown_there) = first
                    .entry(name(&held))
                    .or_insert_with(|| (device.number, shown.clone()));
                if !are_alike(&shown, shown_there) {
                    found.push(format!(
                        "group {number}: devices {other} and {} hold the same and show something else",
                        device.number
                    ));
                }
            }
        }
        found
    }
}

/// Whether the same texts are shown in the same order. One may wait for a text that the other has.
fn are_alike(one: &Shown, other: &Shown) -> bool {
    let alike = |((id, text), (other_id, other_text)): (&(MessageId, _), &(MessageId, _))| {
        let are_there: (&Option<String>, &Option<String>) = (text, other_text);
        let is_other = matches!(are_there, (Some(text), Some(other)) if text != other);
        id == other_id && !is_other
    };
    one.len() == other.len() && one.iter().zip(other).all(alike)
}

/// A frontier as bytes, to find the same again.
fn name(frontier: &Frontier) -> Vec<u8> {
    let logs = frontier.iter();
    let logs = logs.flat_map(|(log, seq)| {
        let incarnation = log.incarnation.0.to_be_bytes();
        [&log.device.0[..], &incarnation, &seq.0.to_be_bytes()].concat()
    });
    logs.collect()
}
