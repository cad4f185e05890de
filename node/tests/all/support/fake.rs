//! A node that is only an answering machine: it keeps what it is told in memory, so that the words of the command line
//! can be tested on their own.

use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use hedgerow_node::api::*;
use tokio::sync::broadcast;

pub const PASSPHRASE: &str = "correct horse";
pub const LINK: &str = "hedgerow:AEBAGBA";
pub const USED_LINK: &str = "hedgerow:USED";
pub const PARCEL: &[u8] = b"HEDGEBDL\x02sealed";
/// One that was imported before.
pub const KNOWN_PARCEL: &[u8] = b"HEDGEBDL\x02known";
pub const BEN: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";
pub const DORA: &str = "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0";
/// The direct chats with them.
pub const BEN_CHAT: &str = "c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0";
pub const DORA_CHAT: &str = "c0d0c0d0c0d0c0d0c0d0c0d0c0d0c0d0";
/// 2026-05-01 12:00 UTC.
pub const NOON: i64 = 1_777_636_800_000;

pub struct Fake {
    state: Mutex<State>,
    events: broadcast::Sender<Event>,
}

struct State {
    locked: bool,
    passphrase: String,
    gone: bool,
    me: Me,
    contacts: Vec<Contact>,
    conversations: Vec<Conversation>,
    messages: Vec<Message>,
    invitations: Vec<Invitation>,
    lan: bool,
    announcing: bool,
    radio: Radio,
    relays: Vec<RelayStatus>,
    relay_paths: RelayPaths,
    /// The parcel has been imported once.
    is_known: bool,
    next: u64,
}

impl Default for Fake {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Fake {
    /// A node with two contacts, and `messages` in the conversation with Ben.
    pub fn new(messages: u64) -> Self {
        let message = |position: u64| Message {
            id: message_id(position),
            position,
            author: author(position.is_multiple_of(2)),
            time_ms: NOON + position as i64 * 60_000,
            text: Some(Private(format!("line {position}"))),
            deliveries: match position.is_multiple_of(2) {
                true => delivery(DeliveryState::Delivered),
                false => Vec::new(),
            },
            reactions: Vec::new(),
            pinned: false,
        };
        let contacts = vec![
            contact(BEN, BEN_CHAT, "Ben"),
            contact(DORA, DORA_CHAT, "Dora\u{202e}"),
        ];
        let state = State {
            locked: false,
            passphrase: PASSPHRASE.into(),
            gone: false,
            me: Me {
                id: ContactId("a0".repeat(16)),
                name: Private("Ana".into()),
            },
            conversations: contacts.iter().map(Conversation::with).collect(),
            contacts,
            messages: (0..messages).map(message).collect(),
            invitations: Vec::new(),
            lan: true,
            announcing: true,
            radio: Radio::default(),
            relays: Vec::new(),
            relay_paths: RelayPaths::Direct,
            is_known: false,
            next: messages,
        };
        Self {
            state: Mutex::new(state),
            events: broadcast::Sender::new(16),
        }
    }

    /// Makes something happen.
    pub fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// A message comes from Ben.
    pub fn receive(&self, text: &str) {
        let id = self.state.lock().unwrap().add(text, false);
        self.tell(Event::Message {
            conversation: ConversationId(BEN_CHAT.into()),
            id,
            author: author(false),
        });
    }

    fn open(&self) -> Result<std::sync::MutexGuard<'_, State>, Refusal> {
        let state = self.state.lock().unwrap();
        match (state.gone, state.locked) {
            (true, _) => Err(Refusal::Stopping),
            (false, true) => Err(Refusal::Locked),
            (false, false) => Ok(state),
        }
    }
}

fn contact(id: &str, chat: &str, name: &str) -> Contact {
    Contact::just_met(ContactId(id.into()), ConversationId(chat.into()), name)
}

/// Who writes into the chat with Ben.
fn author(mine: bool) -> Option<ContactId> {
    (!mine).then(|| ContactId(BEN.into()))
}

/// How it is with a message for Ben, who has one device.
fn delivery(state: DeliveryState) -> Vec<Delivery> {
    vec![Delivery {
        contact: ContactId(BEN.into()),
        device: DeviceId("b1".repeat(8)),
        state,
    }]
}

pub fn message_id(position: u64) -> MessageId {
    MessageId(format!("{}-{:016x}-{:x}", "ab".repeat(16), 1, position + 1))
}

impl State {
    fn add(&mut self, text: &str, mine: bool) -> MessageId {
        let position = self.next;
        self.next += 1;
        if mine {
            let chat = &mut self.conversations[0];
            (chat.queued, chat.why) = (chat.queued + 1, Some(Why::NotFound));
        }
        self.messages.push(Message {
            id: message_id(position),
            position,
            author: author(mine),
            time_ms: NOON + position as i64 * 60_000,
            text: Some(Private(text.into())),
            deliveries: match mine {
                true => delivery(DeliveryState::Queued {
                    why: Some(Why::NotFound),
                }),
                false => Vec::new(),
            },
            reactions: Vec::new(),
            pinned: false,
        });
        message_id(position)
    }

    fn message(&mut self, id: &ConversationId, of: &MessageId) -> Result<&mut Message, Refusal> {
        self.messages(id)?;
        let mut messages = self.messages.iter_mut();
        messages
            .find(|message| message.id == *of)
            .ok_or(Refusal::NoSuchMessage)
    }

    fn contact(&mut self, id: &ContactId) -> Result<&mut Contact, Refusal> {
        let mut contacts = self.contacts.iter_mut();
        contacts
            .find(|one| one.id == *id)
            .ok_or(Refusal::NoSuchContact)
    }

    fn conversation(&mut self, id: &ConversationId) -> Result<&mut Conversation, Refusal> {
        let mut conversations = self.conversations.iter_mut();
        conversations
            .find(|one| one.id == *id)
            .ok_or(Refusal::NoSuchConversation)
    }

    /// Whether the contact of a direct chat is blocked.
    fn is_blocked(&self, chat: &ConversationId) -> bool {
        let mut contacts = self.contacts.iter();
        contacts.any(|contact| contact.conversation == *chat && contact.blocked)
    }

    fn messages(&mut self, of: &ConversationId) -> Result<&[Message], Refusal> {
        self.conversation(of)?;
        Ok(if of.0 == BEN_CHAT {
            &self.messages
        } else {
            &[]
        })
    }

    fn invitation(&mut self, id: &InvitationId) -> Result<&mut Invitation, Refusal> {
        let mut invitations = self.invitations.iter_mut();
        invitations
            .find(|one| one.id == *id)
            .ok_or(Refusal::NoSuchInvitation)
    }

    fn invited(&mut self, link: Option<Private>, state: InvitationState) -> Invitation {
        let invitation = Invitation {
            id: InvitationId(format!("{:016x}", self.invitations.len() + 1)),
            link,
            made_ms: NOON + self.invitations.len() as i64,
            expires_ms: NOON,
            in_person: false,
            state,
        };
        self.invitations.push(invitation.clone());
        invitation
    }

    fn status(&self) -> Status {
        Status {
            relays: self.relays.clone(),
            relay_paths: self.relay_paths.clone(),
            me: self.me.clone(),
            carriers: vec![CarrierStatus {
                carrier: Carrier::Lan,
                state: if self.lan {
                    CarrierCondition::On
                } else {
                    CarrierCondition::Off
                },
                announcing: self.announcing,
                sessions: 1,
                addresses: vec![Private("192.0.2.1:4711".into())],
                airtime: None,
            }],
            radio: self.radio,
            contacts: self.contacts.clone(),
            conversations: self.conversations.clone(),
            traffic: Traffic::default(),
        }
    }
}

#[async_trait]
impl Api for Fake {
    async fn call(&self, call: Call) -> Answer {
        let mut state = self.open()?;
        Ok(match call {
            Call::Me => Reply::Me(state.me.clone()),
            Call::SetName(name) => {
                if name.0.len() > 64 {
                    return Err(Refusal::TooLong {
                        limit_bytes: 64,
                        actual_bytes: name.0.len() as u64,
                    });
                }
                state.me.name = name;
                Reply::Me(state.me.clone())
            }
            Call::Invite(new) => {
                if state.invitations.len() >= 64 {
                    return Err(Refusal::TooManyInvitations { limit: 64 });
                }
                let link = Some(Private(LINK.into()));
                let mut invitation = state.invited(link, InvitationState::Open);
                invitation.in_person = new.in_person;
                Reply::Invitation(invitation)
            }
            Call::Invitations => Reply::Invitations(state.invitations.clone()),
            Call::CancelInvitation(id) | Call::CancelJoin(id) => {
                let invitation = state.invitation(&id)?;
                (invitation.state, invitation.link) = (InvitationState::Cancelled, None);
                Reply::Done
            }
            Call::Join(NewJoin { link, .. }) => {
                if !link.0.starts_with("hedgerow:") {
                    return Err(Refusal::BadLink);
                }
                let invitation = state.invited(None, InvitationState::Joining).id;
                self.tell(Event::JoinFailed {
                    invitation: invitation.clone(),
                    why: JoinProblem::NoAnswer,
                });
                self.tell(if link.0 == USED_LINK {
                    Event::JoinFailed {
                        invitation: invitation.clone(),
                        why: JoinProblem::Used,
                    }
                } else {
                    Event::Joined {
                        contact: ContactId(BEN.into()),
                        invitation: invitation.clone(),
                    }
                });
                Reply::Joining(invitation)
            }
            Call::Contacts => Reply::Contacts(state.contacts.clone()),
            Call::Contact(id) => Reply::Contact(state.contact(&id)?.clone()),
            Call::Conversations => Reply::Conversations(state.conversations.clone()),
            Call::Conversation(id) => Reply::Conversation(state.conversation(&id)?.clone()),
            Call::SafetyWords(id) => {
                let contact = state.contact(&id)?.id.clone();
                let words = "able baby cage dad eager fabric gadget habit ice jacket kangaroo lab";
                let words = words.split(' ').map(str::to_owned).collect();
                Reply::SafetyWords(SafetyWords { contact, words })
            }
            Call::Ways(id) => {
                state.contact(&id)?;
                Reply::Ways(vec![
                    WayStatus {
                        carrier: Carrier::Lan,
                        state: WayState::NoAnswer { next_ms: NOON },
                    },
                    WayStatus {
                        carrier: Carrier::File,
                        state: WayState::ByHand,
                    },
                ])
            }
            Call::Verify(id, verified) => {
                let contact = state.contact(&id)?;
                contact.verified = verified;
                Reply::Contact(contact.clone())
            }
            Call::Rename(id, name) => {
                let contact = state.contact(&id)?;
                contact.name = if name.0.is_empty() {
                    contact.own_name.clone()
                } else {
                    name
                };
                Reply::Contact(contact.clone())
            }
            Call::Block(id, blocked) => {
                let contact = state.contact(&id)?;
                contact.blocked = blocked;
                Reply::Contact(contact.clone())
            }
            Call::Remove(id) => {
                let chat = state.contact(&id)?.conversation.clone();
                state.contacts.retain(|contact| contact.id != id);
                state.conversations.retain(|one| one.id != chat);
                Reply::Done
            }
            Call::Send(ref id, ref text) | Call::SendDraft(ref id, ref text) => {
                let (id, text) = (id.clone(), text.clone());
                if text.0.trim().is_empty() {
                    return Err(Refusal::Empty);
                }
                if text.0.len() > 65_536 {
                    return Err(Refusal::TooLong {
                        limit_bytes: 65_536,
                        actual_bytes: text.0.len() as u64,
                    });
                }
                state.conversation(&id)?;
                if state.is_blocked(&id) {
                    return Err(Refusal::Blocked);
                }
                if matches!(call, Call::SendDraft(..)) {
                    state.conversation(&id)?.draft = None;
                }
                let message = state.add(&text.0, true);
                self.tell(Event::Message {
                    conversation: id,
                    id: message.clone(),
                    author: None,
                });
                Reply::Sent(message)
            }
            Call::SetDraft(id, text) => {
                state.conversation(&id)?.draft = (!text.0.is_empty()).then_some(text);
                Reply::Done
            }
            Call::Read(id, upto) => {
                if !state
                    .messages(&id)?
                    .iter()
                    .any(|message| message.id == upto)
                {
                    return Err(Refusal::NoSuchMessage);
                }
                Reply::Done
            }
            Call::React(id, of, emoji) => {
                let message = state.message(&id, &of)?;
                message.reactions.retain(|one| one.author.is_some());
                if !emoji.0.is_empty() {
                    let author = None;
                    message.reactions.push(Reaction { author, emoji });
                }
                Reply::Done
            }
            Call::Pin(id, of, pinned) => {
                state.message(&id, &of)?.pinned = pinned;
                Reply::Done
            }
            Call::Status => Reply::Status(state.status()),
            Call::SwitchCarrier(carrier, on) => {
                if carrier != Carrier::Lan {
                    return Err(Refusal::NoSuchCarrier);
                }
                state.lan = on;
                Reply::Done
            }
            Call::AnnounceOver(carrier, announcing) => {
                if carrier != Carrier::Lan {
                    return Err(Refusal::NoSuchCarrier);
                }
                state.announcing = announcing;
                Reply::Done
            }
            Call::SetRadio(radio) => {
                state.radio = radio;
                Reply::Done
            }
            Call::SetRelayPaths(paths) => {
                if matches!(&paths, RelayPaths::Proxied { proxy } if !proxy.0.contains(':')) {
                    return Err(Refusal::BadProxy);
                }
                state.relay_paths = paths;
                Reply::Done
            }
            Call::AddRelay(address) => {
                if !address.0.contains("/p2p/") {
                    return Err(Refusal::BadRelay);
                }
                let condition = match state.relays.is_empty() {
                    true => RelayCondition::Ready,
                    false => RelayCondition::Unreachable,
                };
                state.relays.push(RelayStatus {
                    address,
                    state: condition,
                });
                Reply::Done
            }
            Call::RemoveRelay(address) => {
                let before = state.relays.len();
                state.relays.retain(|relay| relay.address != address);
                if state.relays.len() == before {
                    return Err(Refusal::NoSuchRelay);
                }
                Reply::Done
            }
            Call::CarryExport(id) => {
                if state.contact(&id)?.id.0 == DORA {
                    return Err(Refusal::NoPrekey);
                }
                Reply::Parcel(PARCEL.to_vec())
            }
            Call::CarryImport(parcel) if parcel == KNOWN_PARCEL => {
                return Err(Refusal::ParcelKnown);
            }
            Call::CarryImport(parcel) => {
                if parcel != PARCEL {
                    return Err(Refusal::BadParcel);
                }
                let (messages, acknowledged) = match std::mem::replace(&mut state.is_known, true) {
                    true => (0, 0),
                    false => (2, 1),
                };
                Reply::Imported(Imported {
                    contact: ContactId(BEN.into()),
                    messages,
                    acknowledged,
                    unusable: 0,
                })
            }
        })
    }

    async fn host(&self, call: HostCall) -> Answer {
        Ok(match call {
            HostCall::Status => self.node_status().into(),
            HostCall::Page(chat, from, limit) => self.read_page(&chat, from, limit)?.into(),
            HostCall::Message(chat, id) => self.read_message(&chat, &id)?.into(),
            HostCall::Unlock(passphrase) => self.try_passphrase(&passphrase)?.into(),
            HostCall::Lock => {
                self.state.lock().unwrap().locked = true;
                self.tell(Event::Lock { locked: true });
                Reply::Done
            }
            HostCall::CheckPassphrase(passphrase) => {
                if passphrase.as_bytes() != self.open()?.passphrase.as_bytes() {
                    return Err(Refusal::WrongPassphrase);
                }
                Reply::Done
            }
            HostCall::ChangePassphrase(current, new) => {
                let mut state = self.state.lock().unwrap();
                if current.as_bytes() != state.passphrase.as_bytes() {
                    return Err(Refusal::WrongPassphrase);
                }
                state.passphrase = String::from_utf8(new.as_bytes().to_vec()).unwrap();
                Reply::Done
            }
            HostCall::Erase => self.open().map(drop)?.into(),
            HostCall::Wipe | HostCall::Handover(_) | HostCall::Stop => {
                self.state.lock().unwrap().gone = true;
                Reply::Done
            }
        })
    }

    async fn events(&self) -> Result<Events, Refusal> {
        let events = stream::unfold(self.events.subscribe(), |mut events| async {
            Some((events.recv().await.unwrap_or(Event::Missed), events))
        });
        Ok(events.boxed())
    }
}

impl Fake {
    fn read_page(
        &self,
        chat: &ConversationId,
        from: PageFrom,
        limit: u32,
    ) -> Result<Page, Refusal> {
        let mut state = self.open()?;
        let messages = state.messages(chat)?;
        let total = messages.len();
        let limit = limit as usize;
        let place = |id: &MessageId| {
            messages
                .iter()
                .position(|one| one.id == *id)
                .ok_or(Refusal::BadCursor)
        };
        let (start, end) = match from {
            PageFrom::Newest => (total.saturating_sub(limit), total),
            PageFrom::Oldest | PageFrom::FirstUnread => (0, limit),
            PageFrom::Before(id) => (place(&id)?.saturating_sub(limit), place(&id)?),
            PageFrom::After(id) => (place(&id)? + 1, place(&id)? + 1 + limit),
            PageFrom::Position(position) => (position as usize, position as usize + limit),
            PageFrom::Date(time) => {
                let start = messages
                    .iter()
                    .position(|one| one.time_ms >= time)
                    .unwrap_or(total);
                (start, start + limit)
            }
        };
        let (start, end) = (start.min(total), end.min(total));
        Ok(Page {
            messages: messages[start..end].to_vec(),
            total: total as u64,
            unread: 0,
            unread_above: 0,
        })
    }

    fn read_message(&self, chat: &ConversationId, id: &MessageId) -> Result<Message, Refusal> {
        let mut state = self.open()?;
        let mut messages = state.messages(chat)?.iter();
        messages
            .find(|one| one.id == *id)
            .cloned()
            .ok_or(Refusal::NoSuchMessage)
    }

    fn node_status(&self) -> NodeStatus {
        let state = self.state.lock().unwrap();
        NodeStatus {
            version: "1.2.3".into(),
            locked: state.locked,
            open: (!state.locked).then(|| state.status()),
        }
    }

    fn try_passphrase(&self, passphrase: &Passphrase) -> Result<(), Refusal> {
        let mut state = self.state.lock().unwrap();
        if !state.locked {
            return Err(Refusal::NotLocked);
        }
        if passphrase.as_bytes() != state.passphrase.as_bytes() {
            return Err(Refusal::WrongPassphrase);
        }
        state.locked = false;
        Ok(())
    }
}
