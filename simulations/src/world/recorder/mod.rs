//! Turns what devices have noted into records, in the order of time.

mod saved;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hedgerow_node::api::MessageId;
use hedgerow_node::courier::{DropReason, Tag};
use serde::{Deserialize, Serialize};

use super::coming::Coming;
use super::deeds::Deeds;
use super::group_chats::{FIRST_POST, GroupChat};
use super::happening::{Deed, DeedKind, Later};
use super::noted::{Noted, What};
use super::posts::{Bringers, Posts};
use crate::plan::{Change, DeviceNumber, Meetings};
use crate::record::{self, Record};
use crate::scenario::Scenario;

/// One step of one device, for those who look for the reason of something.
#[derive(Debug, Clone)]
pub struct Step {
    /// When.
    pub at_us: u64,
    /// Whose.
    pub device: DeviceNumber,
    /// What, and which part of the program did it.
    pub what: String,
}

/// A message under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Written {
    at_us: u64,
    from: DeviceNumber,
    to: DeviceNumber,
    /// What engines call it.
    id: Option<MessageId>,
    /// A file was on its way to the same reader.
    beside_file: bool,
    /// What people do with it once it has arrived.
    later: Later,
}

/// What is known of messages and contacts so far.
pub(super) struct Recorder {
    keep_contacts: bool,
    /// Contacts that are up, and since when.
    up: BTreeMap<(DeviceNumber, DeviceNumber, u8), u64>,
    /// Messages that have not arrived, by number.
    written: BTreeMap<u64, Written>,
    /// Their numbers, by writer, reader and what engines call them: a name is unique within a conversation.
    by_id: BTreeMap<(DeviceNumber, DeviceNumber, MessageId), u64>,
    /// Links that copies of bundles have crossed, by bundle and who has it.
    hops: BTreeMap<(Tag, DeviceNumber), i32>,
    /// Messages of one device to another that have not arrived, in order.
    waiting: BTreeMap<(DeviceNumber, DeviceNumber), VecDeque<u64>>,
    deeds: Deeds,
    coming: Coming,
    group_chats: Arc<[GroupChat]>,
    posts: Posts,
    /// What is done with messages that have arrived, and when.
    deeds_due: Vec<(u64, Deed)>,
}

impl Recorder {
    pub fn new(scenario: &Scenario, group_chats: Arc<[GroupChat]>) -> Recorder {
        Recorder {
            keep_contacts: scenario.outputs.contacts,
            up: BTreeMap::new(),
            written: BTreeMap::new(),
            by_id: BTreeMap::new(),
            hops: BTreeMap::new(),
            waiting: BTreeMap::new(),
            deeds: Deeds::default(),
            coming: Coming::default(),
            group_chats,
            posts: Posts::default(),
            deeds_due: Vec::new(),
        }
    }

    /// Contacts, of acquaintances or not.
    pub fn contacts(&mut self, changes: &[Change], records: &mut Vec<Record>) {
        if !self.keep_contacts {
            return;
        }
        for change in changes {
            let key = (change.a, change.b, change.radio);
            if change.up {
                self.up.insert(key, change.at_us);
            } else if let Some(start_us) = self.up.remove(&key) {
                records.push(contact(key, start_us, change.at_us));
            }
        }
    }

    /// What devices have noted in one window, in order.
    pub fn take(
        &mut self,
        noted: Vec<Noted>,
        meetings: &dyn Meetings,
        records: &mut Vec<Record>,
        steps: &mut Vec<Step>,
    ) {
        // A bundle is told of after the messages in it.
        let mut opened = BTreeMap::new();
        for noted in &noted {
            let opening = match &noted.what {
                What::Opened { bundle, from, .. } => {
                    let hops = self.hops.get(&(*bundle, *from)).copied().unwrap_or(0) + 1;
                    (Some(*from), hops)
                }
                What::TakesStick => (None, 0),
                _ => continue,
            };
            opened.insert((noted.at_us, noted.device), opening);
        }
        // Who has given a copy on may have let go of its own in the same moment.
        let mut gone: Vec<(u64, Tag, DeviceNumber)> = Vec::new();
        for Noted {
            at_us,
            device,
            what,
        } in noted
        {
            for (_, bundle, device) in gone.extract_if(.., |(before_us, ..)| *before_us < at_us) {
                self.hops.remove(&(bundle, device));
            }
            match what {
                What::Wrote(message) => {
                    let written = Written {
                        at_us,
                        from: device,
                        to: message.to,
                        id: None,
                        beside_file: self.coming.goes(device, message.to),
                        later: message.later,
                    };
                    if let Some(file) = message.file {
                        let number = message.number;
                        let parties = [device, message.to];
                        self.coming.written(at_us, number, parties, file);
                    }
                    self.written.insert(message.number, written);
                    records.push(Record::Message(record::Message {
                        at_us: at_us as i64,
                        message: message.number as i64,
                        from: device as i32,
                        to: message.to as i32,
                        bytes: message.bytes as i64,
                    }));
                }
                What::Posted(post) => {
                    let chat = &self.group_chats[post.group as usize];
                    records.push(self.posts.written(at_us, device, post, chat));
                }
                What::Received {
                    group,
                    id,
                    speakers,
                } => {
                    let bringers = match opened.get(&(at_us, device)) {
                        Some((Some(from), hops)) => Bringers::Bundle(*from, *hops),
                        Some((None, _)) => Bringers::Hand,
                        None => Bringers::Sessions(&speakers),
                    };
                    let of = (group, id);
                    records.extend(self.posts.received(at_us, device, of, bringers));
                }
                What::Sent { message, id } if message >= FIRST_POST => {
                    match self.posts.copy_between(message) {
                        Some([from, to]) => {
                            self.by_id.insert((from, to, id), message);
                            let waiting = self.waiting.entry((from, to)).or_default();
                            waiting.push_back(message);
                        }
                        None => self.posts.sent(message, id),
                    }
                }
                What::Sent { message, id } => {
                    if let Some(written) = self.written.get_mut(&message) {
                        written.id = Some(id.clone());
                        self.by_id.insert((device, written.to, id), message);
                        let waiting = self.waiting.entry((device, written.to)).or_default();
                        waiting.push_back(message);
                    }
                }
                What::NotSent { message } => steps.push(Step {
                    at_us,
                    device,
                    what: match self.written.contains_key(&message) {
                        true => format!("the engine refuses message {message}"),
                        false => format!("the engine refuses what is done with message {message}"),
                    },
                }),
                What::Done {
                    kind: DeedKind::Ask,
                    message,
                } => self.coming.asked(message),
                What::Done {
                    kind: DeedKind::Cancel,
                    message,
                } => self.coming.cancelled(message),
                What::Carried { to, bytes } => records.push(Record::Parcel(record::Parcel {
                    at_us: at_us as i64,
                    from: device as i32,
                    to: to as i32,
                    bytes: bytes as i64,
                })),
                What::TakesStick => {}
                What::Done { kind, message } => {
                    records.extend(self.deeds.made(at_us, kind, message));
                }
                What::Changed { with, id, kind } => {
                    records.extend(self.deeds.arrived(at_us, kind, [device, with], id));
                }
                What::Arrived { from, id } => {
                    if let Some(message) = self.by_id.remove(&(from, device, id)) {
                        let hops = opened.get(&(at_us, device)).map_or(1, |(_, hops)| *hops);
                        self.delivered(at_us, message, hops, records);
                    }
                }
                What::ChunkSent { message, bytes } => self.coming.sent(message, bytes),
                What::FileKept {
                    message,
                    bytes,
                    is_whole,
                } => self.coming.kept(at_us, message, bytes, is_whole),
                What::FileCut { message } => self.coming.cut(message),
                What::ManyArrived { from, count } => {
                    for _ in 0..count {
                        let waiting = self.waiting.get_mut(&(from, device));
                        let Some(message) = waiting.and_then(VecDeque::pop_front) else {
                            break;
                        };
                        let hops = opened.get(&(at_us, device)).map_or(1, |(_, hops)| *hops);
                        self.delivered(at_us, message, hops, records);
                    }
                }
                What::Sealed {
                    bundle,
                    to,
                    bytes,
                    loads,
                } => {
                    self.hops.insert((bundle, device), 0);
                    records.push(Record::Bundle(record::Bundle {
                        at_us: at_us as i64,
                        bundle: name(&bundle),
                        from: device as i32,
                        to: to.map_or(-1, |to| to as i32),
                        bytes: bytes as i64,
                        message: loads.last().map_or(-1, |load| *load as i64),
                    }));
                }
                What::Transfer {
                    bundle,
                    start_us,
                    to,
                    bytes,
                    done,
                } => records.push(Record::Transfer(record::Transfer {
                    start_us: start_us as i64,
                    end_us: at_us as i64,
                    bundle: name(&bundle),
                    from: device as i32,
                    to: to as i32,
                    bytes: bytes as i64,
                    done,
                })),
                What::Took { bundle, from, .. } => {
                    let hops = self.hops.get(&(bundle, from)).copied().unwrap_or(0) + 1;
                    self.hops.insert((bundle, device), hops);
                }
                What::Opened {
                    bundle,
                    from,
                    loads,
                } => {
                    let hops = self.hops.get(&(bundle, from)).copied().unwrap_or(0) + 1;
                    for load in loads {
                        self.delivered(at_us, load, hops, records);
                    }
                }
                What::Dropped { bundle, reason } => {
                    gone.push((at_us, bundle, device));
                    let reason = match reason {
                        DropReason::Full => "full",
                        DropReason::Expired => "expired",
                        DropReason::Released => "released",
                    };
                    records.push(Record::Drop(record::Drop {
                        at_us: at_us as i64,
                        device: device as i32,
                        bundle: name(&bundle),
                        reason: reason.to_owned(),
                    }));
                }
                What::Session {
                    start_us,
                    answerer,
                    radio,
                    up_bytes,
                    down_bytes,
                    ghost_bytes,
                } => records.push(Record::Session(record::Session {
                    start_us: start_us as i64,
                    end_us: at_us as i64,
                    dialler: device as i32,
                    answerer: answerer as i32,
                    radio: i32::from(radio),
                    up_bytes: up_bytes as i64,
                    down_bytes: down_bytes as i64,
                    ghost_bytes: ghost_bytes as i64,
                })),
                What::Sample {
                    bundles,
                    bundle_bytes,
                    sessions,
                    sent_bytes,
                    received_bytes,
                    energy_j,
                    on,
                } => {
                    let place = meetings.position(device, at_us);
                    let [x_m, y_m] = place.unwrap_or([f64::NAN; 2]);
                    records.push(Record::Sample(record::Sample {
                        at_us: at_us as i64,
                        device: device as i32,
                        bundles: bundles as i32,
                        bundle_bytes: bundle_bytes as i64,
                        sessions: sessions as i32,
                        sent_bytes: sent_bytes as i64,
                        received_bytes: received_bytes as i64,
                        energy_j,
                        on,
                        x_m,
                        y_m,
                    }));
                }
                What::Announced { .. }
                | What::Flight { .. }
                | What::Claimed { .. }
                | What::Replayed(_) => {}
                What::Step(what) => steps.push(Step {
                    at_us,
                    device,
                    what,
                }),
            }
        }
        for (_, bundle, device) in gone {
            self.hops.remove(&(bundle, device));
        }
    }

    fn delivered(&mut self, at_us: u64, message: u64, hops: i32, records: &mut Vec<Record>) {
        if let Some([from, to]) = self.posts.copy_between(message) {
            if let Some(waiting) = self.waiting.get_mut(&(from, to)) {
                waiting.retain(|other| *other != message);
            }
            records.extend(self.posts.copy_arrived(at_us, message, hops));
            return;
        }
        let Some(written) = self.written.remove(&message) else {
            return;
        };
        if let Some(waiting) = self.waiting.get_mut(&(written.from, written.to)) {
            waiting.retain(|other| *other != message);
        }
        records.push(Record::Delivery(record::Delivery {
            at_us: at_us as i64,
            message: message as i64,
            from: written.from as i32,
            to: written.to as i32,
            delay_us: (at_us - written.at_us) as i64,
            hops,
            beside_file: written.beside_file,
        }));
        let Some(id) = written.id else {
            return;
        };
        let later = written.later;
        for (kind, after_us) in [
            (DeedKind::React, later.reaction_us),
            (DeedKind::Edit, later.edit_us),
            (DeedKind::Reply, later.reply_us),
            (DeedKind::Delete, later.deletion_us),
            (DeedKind::Read, later.read_us),
            (DeedKind::Ask, later.ask_us),
            (DeedKind::Cancel, later.cancel_us),
        ] {
            let Some(after_us) = after_us else {
                continue;
            };
            let deed = Deed {
                kind,
                message,
                id: id.clone(),
                author: written.from,
                reader: written.to,
                bytes: later.bytes,
            };
            if !matches!(kind, DeedKind::Reply | DeedKind::Ask | DeedKind::Cancel) {
                self.deeds.expect(deed.clone());
            }
            self.deeds_due.push((at_us + after_us, deed));
        }
    }

    /// What has become due since this was asked last, and when. None is due in the window that has ended.
    pub fn deeds_due(&mut self) -> Vec<(u64, Deed)> {
        std::mem::take(&mut self.deeds_due)
    }

    /// Contacts that are still up end with the run, and so does the way of deeds and files.
    pub fn finish(&mut self, end_us: u64, records: &mut Vec<Record>) {
        records.extend(self.deeds.finish());
        records.extend(self.coming.finish());
        for (key, start_us) in std::mem::take(&mut self.up) {
            records.push(contact(key, start_us, end_us));
        }
    }
}

/// What a bundle is called in records.
fn name(bundle: &Tag) -> i64 {
    let first: [u8; 8] = bundle.0[..8].try_into().expect("a tag is longer");
    i64::from_be_bytes(first)
}

fn contact((a, b, radio): (DeviceNumber, DeviceNumber, u8), start_us: u64, end_us: u64) -> Record {
    Record::Contact(record::Contact {
        start_us: start_us as i64,
        end_us: end_us as i64,
        a: a as i32,
        b: b as i32,
        radio: i32::from(radio),
    })
}
