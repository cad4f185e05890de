//! A conversation of the played node: messages at the places and times that a test gives them.

use std::collections::BTreeMap;

use hedgerow_node::api::*;

/// A conversation.
pub struct Talk {
    pub contact: Contact,
    pub conversation: Conversation,
    pub messages: Vec<Message>,
    /// Up to which message is read, and which ones arrived above it.
    pub read: Option<MessageId>,
    pub late: Vec<MessageId>,
    /// The texts that were edited.
    earlier: BTreeMap<MessageId, Vec<Version>>,
    next: u64,
}

impl Talk {
    pub fn new(contact: Contact) -> Self {
        Self {
            conversation: Conversation::with(&contact),
            contact,
            messages: Vec::new(),
            read: None,
            late: Vec::new(),
            earlier: BTreeMap::new(),
            next: 1,
        }
    }

    /// The contact was removed, and what was said is kept.
    pub fn part(&mut self) {
        self.conversation.kind = ConversationKind::Former;
        self.conversation.name = self.contact.name.clone();
        self.conversation.members.clear();
    }

    /// A message at the end.
    pub fn add(&mut self, text: &str, mine: bool, time_ms: i64) -> MessageId {
        self.insert(self.messages.len(), text, mine, time_ms)
    }

    /// A message that arrives late.
    pub fn insert(&mut self, at: usize, text: &str, mine: bool, time_ms: i64) -> MessageId {
        let log = if mine { "aa" } else { "bb" };
        let id = MessageId(format!("{log}-01-{:x}", self.next));
        self.next += 1;
        let read = self.place(&self.read);
        if !mine && read.is_some_and(|read| at <= read) {
            self.late.push(id.clone());
        }
        let message = Message {
            file: None,
            id: id.clone(),
            position: 0,
            author: (!mine).then(|| self.contact.id.clone()),
            time_ms,
            text: Some(Private(text.into())),
            deliveries: match mine {
                true => vec![Delivery {
                    contact: self.contact.id.clone(),
                    device: DeviceId("d1".repeat(8)),
                    state: DeliveryState::Queued { why: None },
                }],
                false => Vec::new(),
            },
            edited: None,
            reply_to: None,
            reactions: Vec::new(),
            pinned: false,
            starred: false,
            deleted: None,
            disappears: None,
            lapsed: false,
            sets_timer_s: None,
            not_here: false,
            member: None,
            invitation: None,
            changes: Vec::new(),
        };
        self.messages.insert(at, message);
        let active_ms = &mut self.conversation.active_ms;
        *active_ms = (*active_ms).max(time_ms);
        id
    }

    /// A message has this file.
    pub fn attach(&mut self, id: &MessageId, name: &str, size: u64, state: FileState) {
        let message = self.message(id).expect("it was added");
        let held = |delivery: &Delivery| FileHeld {
            contact: delivery.contact.clone(),
            device: delivery.device.clone(),
            bytes: 0,
            declined: false,
        };
        message.file = Some(MessageFile {
            preview: false,
            voice: None,
            name: Private(name.into()),
            size,
            media_type: None,
            state,
            held: message.deliveries.iter().map(held).collect(),
        });
    }

    /// A message has this picture, and a small one of it.
    pub fn attach_picture(&mut self, id: &MessageId, name: &str, size: u64, state: FileState) {
        self.attach(id, name, size, state);
        let message = self.message(id).expect("it was added");
        let file = message.file.as_mut().expect("it is attached");
        file.preview = true;
        file.media_type = Some(Private("image/jpeg".into()));
    }

    /// A message is a voice note of so many seconds.
    pub fn attach_voice(&mut self, id: &MessageId, seconds: u32, state: FileState) {
        self.attach(id, "voice note.ogg", u64::from(seconds) * 3_000, state);
        let message = self.message(id).expect("it was added");
        let file = message.file.as_mut().expect("it is attached");
        let loudness = |part: u32| (part * part * 37 % 251) as u8;
        file.voice = Some(Voice {
            duration_ms: seconds * 1_000,
            waveform: (0..64).map(loudness).collect(),
        });
    }

    /// A message answers another one.
    pub fn reply(&mut self, id: &MessageId, to: &MessageId) {
        let original = self.original(to);
        let reply_to = Quoted {
            id: to.clone(),
            disappears: false,
            original,
        };
        self.message(id).expect("it was added").reply_to = Some(reply_to);
    }

    /// Ours is written as a draft says.
    pub fn send(&mut self, draft: &Draft, now_ms: i64) -> Result<MessageId, Refusal> {
        let now_s = self.conversation.timer_s;
        if draft.timer_s.is_some_and(|shown_s| shown_s != now_s) {
            return Err(Refusal::TimerChanged { now_s });
        }
        let about = draft.edit.as_ref().or(draft.reply_to.as_ref());
        let gone = about.filter(|id| self.place(&Some((*id).clone())).is_none());
        if gone.is_some() {
            return Err(Refusal::NoSuchMessage);
        }
        if let Some(id) = &draft.edit {
            self.edit(id, &draft.text.0, now_ms);
            return Ok(id.clone());
        }
        let id = self.add(&draft.text.0, true, now_ms);
        if let Some(to) = &draft.reply_to {
            self.reply(&id, to);
        }
        Ok(id)
    }

    /// What is here of a message that another one answers.
    fn original(&self, id: &MessageId) -> Original {
        let Some(place) = self.place(&Some(id.clone())) else {
            return Original::NotHere;
        };
        let original = &self.messages[place];
        Original::Here {
            author: original.author.clone(),
            text: original.text.clone(),
        }
    }

    /// Its author edits a message.
    pub fn edit(&mut self, id: &MessageId, text: &str, time_ms: i64) {
        let earlier = self.earlier.entry(id.clone()).or_default();
        let mut messages = self.messages.iter_mut();
        let message = messages.find(|message| message.id == *id).expect("added");
        earlier.push(Version {
            text: message.text.replace(Private(text.into())),
            time_ms: message
                .edited
                .map_or(message.time_ms, |edited| edited.time_ms),
        });
        message.edited = Some(Edited {
            times: earlier.len() as u32,
            time_ms,
        });
    }

    /// Its author deletes a message for everybody: each device that it goes to has still to hear of that.
    pub fn delete(&mut self, id: &MessageId, time_ms: i64) {
        let message = self.message(id).expect("it was added");
        let waits = |delivery: &Delivery| Removal {
            contact: delivery.contact.clone(),
            device: delivery.device.clone(),
            state: RemovalState::Waiting,
        };
        let removals = message.deliveries.iter().map(waits).collect();
        message.text = None;
        message.file = None;
        message.deleted = Some(Deleted { time_ms, removals });
    }

    /// Each device says this about a deletion.
    pub fn removed(&mut self, id: &MessageId, state: RemovalState) {
        let message = self.message(id).expect("it was added");
        let removals = message.deleted.iter_mut().flat_map(|one| &mut one.removals);
        for removal in removals {
            removal.state = state;
        }
    }

    /// The texts that a message had, its present one last.
    pub fn versions(&mut self, id: &MessageId) -> Option<Vec<Version>> {
        let mut versions = self.earlier.get(id).cloned().unwrap_or_default();
        let message = self.message(id)?;
        versions.push(Version {
            text: message.text.clone(),
            time_ms: message
                .edited
                .map_or(message.time_ms, |edited| edited.time_ms),
        });
        Some(versions)
    }

    /// A message of ours has arrived.
    pub fn arrive(&mut self, index: usize) {
        for delivery in &mut self.messages[index].deliveries {
            delivery.state = DeliveryState::Delivered;
        }
    }

    pub fn message(&mut self, id: &MessageId) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == *id)
    }

    pub fn place(&self, id: &Option<MessageId>) -> Option<usize> {
        let id = id.as_ref()?;
        self.messages.iter().position(|message| message.id == *id)
    }

    pub fn unread(&self) -> u64 {
        let from = self.place(&self.read).map_or(0, |read| read + 1);
        self.messages[from..]
            .iter()
            .filter(|message| !message.is_mine())
            .count() as u64
    }

    pub fn seen(&self) -> Conversation {
        let queued = self
            .messages
            .iter()
            .filter(|message| message.is_mine() && !message.is_delivered());
        let queued = queued.count() as u64;
        Conversation {
            messages: self.messages.len() as u64,
            unread: self.unread(),
            queued,
            why: self.conversation.why.filter(|_| queued > 0),
            ..self.conversation.clone()
        }
    }

    pub fn at(&self, index: usize) -> Message {
        let mut message = self.messages[index].clone();
        message.position = index as u64;
        if let Some(quoted) = &mut message.reply_to
            && self.place(&Some(quoted.id.clone())).is_some()
        {
            quoted.original = self.original(&quoted.id);
        }
        for delivery in &mut message.deliveries {
            if let DeliveryState::Queued { why } = &mut delivery.state {
                *why = self.conversation.why;
            }
        }
        message
    }

    pub fn page(&self, from: &PageFrom, limit: usize) -> Result<Page, Refusal> {
        let find = |id: &MessageId| self.place(&Some(id.clone())).ok_or(Refusal::NoSuchMessage);
        let total = self.messages.len();
        let start = match from {
            PageFrom::Newest => total.saturating_sub(limit),
            PageFrom::Oldest => 0,
            PageFrom::Before(id) => {
                let end = find(id)?;
                let start = end.saturating_sub(limit);
                return Ok(self.between(start, end));
            }
            PageFrom::After(id) => find(id)? + 1,
            PageFrom::Position(position) => (*position as usize).min(total),
            PageFrom::Date(time_ms) => self.messages.partition_point(|one| one.time_ms < *time_ms),
            PageFrom::FirstUnread => {
                let late = self
                    .late
                    .iter()
                    .filter_map(|id| self.place(&Some(id.clone())))
                    .min();
                late.unwrap_or_else(|| self.place(&self.read).map_or(0, |read| read + 1))
            }
        };
        Ok(self.between(start, (start + limit).min(total)))
    }

    fn between(&self, start: usize, end: usize) -> Page {
        Page {
            messages: (start..end).map(|index| self.at(index)).collect(),
            total: self.messages.len() as u64,
            unread: self.unread(),
            unread_above: self.late.len() as u64,
            changes: Vec::new(),
        }
    }

    pub fn mark(&mut self, upto: &MessageId) {
        let Some(place) = self.place(&Some(upto.clone())) else {
            return;
        };
        if self.place(&self.read).is_none_or(|read| read < place) {
            self.read = Some(upto.clone());
        }
        let places: BTreeMap<_, _> = self
            .late
            .iter()
            .map(|id| (id.clone(), self.place(&Some(id.clone()))))
            .collect();
        self.late.retain(|id| {
            places
                .get(id)
                .copied()
                .flatten()
                .is_some_and(|at| at > place)
        });
    }
}
