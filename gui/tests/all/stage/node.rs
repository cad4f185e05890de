//! What plays the node: a few vectors that answer what is asked.

use std::collections::BTreeMap;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use super::{NOON, PASSPHRASE, chat_id, id};

/// Safety words.
const WORDS: [&str; 12] = [
    "gate", "amber", "river", "noble", "lucky", "ocean", "metal", "candle", "hobby", "ticket",
    "garden", "zebra",
];

/// A conversation.
pub struct Talk {
    pub contact: Contact,
    pub conversation: Conversation,
    pub messages: Vec<Message>,
    /// Up to which message is read, and which ones arrived above it.
    pub read: Option<MessageId>,
    pub late: Vec<MessageId>,
    next: u64,
}

/// The node.
#[derive(Default)]
pub struct Node {
    pub talks: BTreeMap<ContactId, Talk>,
    pub invitations: Vec<Invitation>,
    pub relays: Vec<RelayStatus>,
    /// How it is with Bluetooth, on a device that could have it.
    pub bluetooth: Option<CarrierCondition>,
    pub radio: Radio,
    pub airtime: Option<Airtime>,
    /// How relays are reached; `None` as at first.
    pub paths: Option<RelayPaths>,
    /// How many pages were asked for so far, and the most messages of one.
    pub pages: (u64, u32),
}

impl Talk {
    fn new(contact: Contact) -> Self {
        Self {
            conversation: Conversation::with(&contact),
            contact,
            messages: Vec::new(),
            read: None,
            late: Vec::new(),
            next: 1,
        }
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
            reactions: Vec::new(),
            pinned: false,
        };
        self.messages.insert(at, message);
        let active_ms = &mut self.conversation.active_ms;
        *active_ms = (*active_ms).max(time_ms);
        id
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

    fn place(&self, id: &Option<MessageId>) -> Option<usize> {
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

    fn seen(&self) -> Conversation {
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

    fn at(&self, index: usize) -> Message {
        let mut message = self.messages[index].clone();
        message.position = index as u64;
        for delivery in &mut message.deliveries {
            if let DeliveryState::Queued { why } = &mut delivery.state {
                *why = self.conversation.why;
            }
        }
        message
    }

    fn page(&self, from: &PageFrom, limit: usize) -> Result<Page, Refusal> {
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

impl Node {
    pub fn meet(&mut self, letter: &str, name: &str) {
        let talk = Talk::new(Contact::just_met(id(letter), chat_id(letter), name));
        self.talks.insert(id(letter), talk);
    }

    /// What comes of a request.
    pub fn answers(&mut self, request: Request, now: Now) -> Vec<Update> {
        let sent = match &request {
            Request::Send { of, .. } => Some(of.conversation.clone()),
            _ => None,
        };
        let answer = self.answer(request, now);
        // A message is told of before its sender hears that it is kept.
        let told = match (&answer, sent) {
            (Some(Update::Sent(_, Ok(id))), Some(conversation)) => {
                Some(Update::Event(Event::Message {
                    conversation,
                    id: id.clone(),
                    author: None,
                }))
            }
            _ => None,
        };
        told.into_iter().chain(answer).collect()
    }

    fn add_relay(&mut self, address: Private) -> Result<(), Refusal> {
        if !address.0.contains("/p2p/") {
            return Err(Refusal::BadRelay);
        }
        let state = RelayCondition::Connecting;
        self.relays.retain(|relay| relay.address != address);
        self.relays.insert(0, RelayStatus { address, state });
        Ok(())
    }

    fn set_paths(&mut self, paths: &RelayPaths) -> Result<(), Refusal> {
        if let RelayPaths::Proxied { proxy } = paths {
            let is_one = proxy.0.parse::<std::net::SocketAddr>().is_ok();
            is_one.then_some(()).ok_or(Refusal::BadProxy)?;
        }
        self.paths = Some(paths.clone());
        Ok(())
    }

    fn contact(&self, id: &ContactId) -> Option<Update> {
        let talk = self.talks.get(id)?;
        Some(Update::Contact(talk.contact.clone()))
    }

    /// The talk that a conversation is.
    fn talk(&mut self, of: &ConversationId) -> Option<&mut Talk> {
        let mut talks = self.talks.values_mut();
        talks.find(|talk| talk.conversation.id == *of)
    }

    pub fn status(&self) -> Status {
        let met = self.talks.values();
        let sessions = met
            .clone()
            .filter(|talk| talk.contact.reachable.is_some())
            .count() as u32;
        let bluetooth = self.bluetooth.map(|state| CarrierStatus {
            carrier: Carrier::Ble,
            state,
            announcing: true,
            sessions: 0,
            addresses: Vec::new(),
            airtime: self.airtime,
        });
        Status {
            relays: self.relays.clone(),
            relay_paths: self.paths.clone().unwrap_or(RelayPaths::Direct),
            me: Me {
                id: id("f"),
                name: Private("Fay".into()),
            },
            carriers: [CarrierStatus {
                carrier: Carrier::Lan,
                state: CarrierCondition::On,
                announcing: true,
                sessions,
                addresses: vec![Private("192.0.2.7:4242".into())],
                airtime: None,
            }]
            .into_iter()
            .chain(bluetooth)
            .chain([CarrierStatus {
                carrier: Carrier::Relay,
                state: match self.relays.is_empty() {
                    true => CarrierCondition::Off,
                    false => CarrierCondition::On,
                },
                announcing: true,
                sessions: 0,
                addresses: Vec::new(),
                airtime: None,
            }])
            .collect(),
            radio: self.radio,
            contacts: met.map(|talk| talk.contact.clone()).collect(),
            conversations: self.talks.values().map(Talk::seen).collect(),
            traffic: Traffic::default(),
        }
    }

    fn answer(&mut self, request: Request, now: Now) -> Option<Update> {
        let right = |given: &Passphrase| match given.as_bytes() == PASSPHRASE.as_bytes() {
            true => Ok(()),
            false => Err(Refusal::WrongPassphrase),
        };
        Some(match request {
            Request::Create { .. } => Update::Created(Ok(())),
            Request::Host(HostCall::Unlock(given)) => Update::Unlocked(right(&given)),
            Request::Host(HostCall::CheckPassphrase(given)) => Update::Checked(right(&given)),
            Request::Host(HostCall::ChangePassphrase(current, _)) => {
                Update::PassphraseChanged(right(&current))
            }
            Request::Host(HostCall::Lock) => Update::Event(Event::Lock { locked: true }),
            Request::Host(HostCall::Wipe) => Update::Wiped,
            Request::Host(HostCall::Erase) => Update::Erased(Ok(())),
            Request::Overview => Update::Overview(Overview {
                status: self.status(),
                newest: self
                    .talks
                    .values()
                    .filter(|talk| !talk.messages.is_empty())
                    .map(|talk| {
                        let newest = talk.at(talk.messages.len() - 1);
                        (talk.conversation.id.clone(), newest)
                    })
                    .collect(),
            }),
            Request::Host(HostCall::Status) => Update::Status(self.status()),
            Request::Call(Call::Contact(id)) => return self.contact(&id),
            Request::Call(Call::Conversation(id)) => {
                let talk = self.talk(&id)?;
                Update::Conversation(Box::new(Chat {
                    conversation: talk.seen(),
                    newest: talk.messages.len().checked_sub(1).map(|last| talk.at(last)),
                }))
            }
            Request::Page { of, from, limit } => {
                self.pages = (self.pages.0 + 1, self.pages.1.max(limit));
                let answer = match self.talk(&of.conversation) {
                    Some(talk) => talk.page(&from, limit as usize),
                    None => Err(Refusal::NoSuchConversation),
                };
                Update::Page(of, answer)
            }
            Request::Message { of, id } => {
                let talk = self.talk(&of.conversation)?;
                let place = talk.place(&Some(id));
                let answer = place.map(|place| talk.at(place));
                Update::Message(of, answer.ok_or(Refusal::NoSuchMessage))
            }
            Request::Send { of, text } => {
                let talk = self.talk(&of.conversation)?;
                let answer = match talk.contact.blocked {
                    true => Err(Refusal::Blocked),
                    false => {
                        talk.conversation.draft = None;
                        Ok(talk.add(&text.0, true, now.wall_ms))
                    }
                };
                Update::Sent(of, answer)
            }
            Request::Call(Call::React(conversation, id, emoji)) => {
                let message = self.talk(&conversation)?.message(&id)?;
                message.reactions.retain(|one| one.author.is_some());
                if !emoji.0.is_empty() {
                    let author = None;
                    message.reactions.push(Reaction { author, emoji });
                }
                Update::Event(Event::MessageChanged { conversation, id })
            }
            Request::Call(Call::Pin(conversation, id, pinned)) => {
                self.talk(&conversation)?.message(&id)?.pinned = pinned;
                Update::Event(Event::MessageChanged { conversation, id })
            }
            Request::Call(Call::Read(conversation, upto)) => {
                self.talk(&conversation)?.mark(&upto);
                Update::Event(Event::Conversation { conversation })
            }
            Request::Call(Call::SetDraft(conversation, text)) => {
                let talk = self.talk(&conversation)?;
                talk.conversation.draft = (!text.0.is_empty()).then_some(text);
                return None;
            }
            Request::Call(Call::SafetyWords(contact)) => Update::SafetyWords(SafetyWords {
                contact,
                words: WORDS.map(Into::into).to_vec(),
            }),
            Request::Call(Call::Ways(contact)) => {
                let way = |carrier, state| WayStatus { carrier, state };
                let next_ms = NOON + 90_000;
                let (lan, relay) = match self.talks.get(&contact)?.contact.reachable {
                    Some(_) => (WayState::InUse, WayState::Spare),
                    None => (WayState::NoAnswer { next_ms }, WayState::NoCommonRelay),
                };
                let ways = vec![
                    way(Carrier::Lan, lan),
                    way(Carrier::Relay, relay),
                    way(Carrier::File, WayState::ByHand),
                ];
                Update::Ways(contact, ways)
            }
            Request::Call(Call::Verify(id, verified)) => {
                self.talks.get_mut(&id)?.contact.verified = verified;
                return self.contact(&id);
            }
            Request::Call(Call::Rename(id, alias)) => {
                let contact = &mut self.talks.get_mut(&id)?.contact;
                contact.name = match alias.0.is_empty() {
                    true => contact.own_name.clone(),
                    false => alias,
                };
                contact.former_name = None;
                return self.contact(&id);
            }
            Request::Call(Call::Block(id, blocked)) => {
                self.talks.get_mut(&id)?.contact.blocked = blocked;
                return self.contact(&id);
            }
            Request::Call(Call::Remove(contact)) => {
                self.talks.remove(&contact);
                Update::Event(Event::Removed { contact })
            }
            Request::Call(Call::SetName(name)) => Update::Me(Me { id: id("f"), name }),
            Request::Call(Call::Invite(new)) => {
                let invitation = Invitation {
                    id: InvitationId(format!("{:016x}", self.invitations.len())),
                    link: Some(Private(format!("hedgerow:{}", "A".repeat(200)))),
                    made_ms: now.wall_ms,
                    expires_ms: now.wall_ms + new.valid_for_s as i64 * 1_000,
                    in_person: new.in_person,
                    state: InvitationState::Open,
                };
                self.invitations.push(invitation.clone());
                Update::Invited(Ok(invitation))
            }
            Request::Call(Call::Invitations) => Update::Invitations(self.invitations.clone()),
            Request::Call(Call::CancelInvitation(id)) => {
                let found = self.invitations.iter_mut().find(|one| one.id == id)?;
                found.state = InvitationState::Cancelled;
                found.link = None;
                Update::Event(Event::Invitation { invitation: id })
            }
            Request::Call(Call::Join(join)) => {
                if !join.link.0.starts_with("hedgerow:") {
                    return Some(Update::Joining(Err(Refusal::BadLink)));
                }
                let id = InvitationId("00000000000000ff".into());
                self.invitations.push(Invitation {
                    id: id.clone(),
                    link: None,
                    made_ms: now.wall_ms,
                    expires_ms: now.wall_ms + 3_600_000,
                    in_person: join.source == LinkSource::Camera,
                    state: InvitationState::Joining,
                });
                Update::Joining(Ok(id))
            }
            Request::Call(Call::AddRelay(address)) => Update::RelayAdded(self.add_relay(address)),
            Request::Call(Call::RemoveRelay(address)) => {
                self.relays.retain(|relay| relay.address != address);
                Update::Event(Event::Carrier {
                    carrier: Carrier::Relay,
                    state: CarrierCondition::On,
                })
            }
            Request::Call(Call::SetRadio(radio)) => {
                self.radio = radio;
                if let (Some(CarrierCondition::NotPrivate), true) =
                    (self.bluetooth, radio.show_address)
                {
                    self.bluetooth = Some(CarrierCondition::On);
                }
                Update::Status(self.status())
            }
            Request::Call(Call::SetRelayPaths(paths)) => {
                let answer = self.set_paths(&paths);
                Update::RelayPathsSet(paths, answer)
            }
            Request::StorageUsed => Update::StorageUsed(4_096),
            Request::Open | Request::TakeOver | Request::Call(_) | Request::Host(_) => return None,
        })
    }
}
