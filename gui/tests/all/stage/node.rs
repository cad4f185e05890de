//! What plays the node: a few vectors that answer what is asked. It stands for whatever a node may say, also late,
//! never, or in states that a real one reaches in weeks.

use std::collections::BTreeMap;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use hedgerow_node::carry::Exported;
use hedgerow_node::words::parcels;

use super::groups::Groups;
use super::{NOON, PASSPHRASE, Talk, chat_id, id};

/// Safety words.
const WORDS: [&str; 12] = [
    "gate", "amber", "river", "noble", "lucky", "ocean", "metal", "candle", "hobby", "ticket",
    "garden", "zebra",
];

/// A file of this name was made by a contact.
pub const PARCEL: &str = "for-fay.parcel";

/// The node.
#[derive(Default)]
pub struct Node {
    pub talks: BTreeMap<ContactId, Talk>,
    /// The notes to oneself, once they are begun.
    pub notes: Option<Talk>,
    pub groups: Groups,
    /// No group can be made now.
    pub refuses_groups: Option<Refusal>,
    pub invitations: Vec<Invitation>,
    pub relays: Vec<RelayStatus>,
    /// How it is with Bluetooth, on a device that could have it.
    pub bluetooth: Option<CarrierCondition>,
    pub radio: Radio,
    pub airtime: Option<Airtime>,
    /// How relays are reached; `None` as at first.
    pub paths: Option<RelayPaths>,
    /// A search reaches its bound.
    pub is_search_partial: bool,
    /// The starred messages, those starred last first.
    pub starred: Vec<(ConversationId, MessageId)>,
    pub receipts: bool,
    /// The files of the user that cannot be sent, by name. All others have 4,096 bytes.
    pub unfit: BTreeMap<String, Unfit>,
    /// What is kept of voice notes that are recorded.
    pub recordings: BTreeMap<ConversationId, Vec<u8>>,
    /// Nothing of them can be kept now.
    pub refuses_recordings: Option<Refusal>,
    /// No voice note can be decoded.
    pub cannot_decode: bool,
    /// Nothing can be uploaded now.
    pub refuses_uploads: Option<Refusal>,
    /// How many pages were asked for so far, and the most messages of one.
    pub pages: (u64, u32),
}

impl Node {
    pub fn meet(&mut self, letter: &str, name: &str) {
        let talk = Talk::new(Contact::just_met(id(letter), chat_id(letter), name));
        self.talks.insert(id(letter), talk);
    }

    /// What comes of a request.
    pub fn answers(&mut self, request: Request, now: Now) -> Vec<Update> {
        let sent = match &request {
            Request::Send { of, .. } | Request::SendFile { of, .. } => {
                Some(of.conversation.clone())
            }
            _ => None,
        };
        let recorded = match &request {
            Request::KeepRecording {
                conversation,
                from: 0,
                ..
            } => Some(Update::Event(Event::Conversation {
                conversation: conversation.clone(),
            })),
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
        told.into_iter().chain(recorded).chain(answer).collect()
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

    /// What a file of Ana brings.
    fn imported(&self) -> Imported {
        Imported {
            contact: id("a"),
            messages: 2,
            acknowledged: 1,
            unusable: 0,
            files: 0,
            without_room: 0,
            part: None,
            damaged: false,
        }
    }

    /// The talk that a conversation is.
    pub(super) fn talk(&mut self, of: &ConversationId) -> Option<&mut Talk> {
        let groups = self.groups.values_mut().map(|group| &mut group.talk);
        let mut talks = self.talks.values_mut().chain(&mut self.notes).chain(groups);
        talks.find(|talk| talk.conversation.id == *of)
    }

    /// All conversations.
    fn all(&self) -> impl Iterator<Item = &Talk> {
        let groups = self.groups.values().map(|group| &group.talk);
        self.talks.values().chain(&self.notes).chain(groups)
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
                devices: vec![DeviceId("f1".repeat(8))],
                receipts: self.receipts,
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
            contacts: met
                .clone()
                .filter(|talk| talk.conversation.kind == ConversationKind::Direct)
                .map(|talk| talk.contact.clone())
                .collect(),
            conversations: self.all().map(Talk::seen).collect(),
            traffic: Traffic::default(),
        }
    }

    /// What has the first of these words, as it is written there; a page holds ten messages.
    fn search(&self, search: &Search) -> Result<SearchPage, Refusal> {
        let mut words = search.words.0.split_whitespace();
        let what = String::from("`words` holds no word, or more than 256 bytes");
        let things = [
            SearchKind::Pictures,
            SearchKind::Files,
            SearchKind::Voice,
            SearchKind::Links,
        ];
        let thing = search.kind.filter(|kind| things.contains(kind));
        let word = match (words.next(), thing) {
            (None, None) => return Err(Refusal::BadRequest { what }),
            (word, _) => word.unwrap_or_default(),
        };
        let has = |message: &Message| match thing {
            Some(SearchKind::Links) => {
                let text = message.text.as_ref();
                text.is_some_and(|text| text.0.contains("https://"))
            }
            Some(_) => message.file.is_some(),
            None => true,
        };
        let fits = |message: &Message| {
            let from = search.from.as_ref();
            from.is_none_or(|from| message.author.as_ref() == Some(from))
                && (!search.mine || message.is_mine())
                && search.since_ms.is_none_or(|since| message.time_ms >= since)
                && search.until_ms.is_none_or(|until| message.time_ms < until)
                && has(message)
        };
        let is_narrowed = search.mine
            || thing.is_some()
            || search.from.is_some()
            || search.since_ms.or(search.until_ms).is_some();
        let ranges = |text: &str| {
            let start = text.find(word)?;
            let end = start + word.len();
            Some(vec![FoundRange { start, end }])
        };
        let talks = self.talks.values();
        let talks = talks.filter(|talk| {
            let within = search.conversation.as_ref();
            within.is_none_or(|within| *within == talk.conversation.id)
        });
        let names = talks.clone().filter_map(|talk| {
            let name = talk.contact.name.clone();
            Some(FoundConversation {
                conversation: talk.conversation.id.clone(),
                ranges: ranges(&name.0)?,
                name,
            })
        });
        let messages = talks.flat_map(|talk| {
            (0..talk.messages.len()).filter_map(|at| {
                let message = Some(talk.at(at)).filter(|message| fits(message))?;
                let ranges = ranges(&message.text.as_ref()?.0)?;
                Some(FoundMessage {
                    name_ranges: Vec::new(),
                    conversation: talk.conversation.id.clone(),
                    message,
                    ranges,
                })
            })
        });
        let mut messages: Vec<_> = messages.collect();
        messages.sort_by_key(|found| -found.message.time_ms);
        let from = search
            .cursor
            .as_ref()
            .map_or(0, |from| from.parse().expect("ours"));
        let rest = messages.len().saturating_sub(from + 10);
        Ok(SearchPage {
            conversations: match search.kind {
                Some(SearchKind::Messages) => Vec::new(),
                _ if is_narrowed => Vec::new(),
                _ => names.collect(),
            },
            messages: messages.into_iter().skip(from).take(10).collect(),
            cursor: (rest > 0).then(|| (from + 10).to_string()),
            partial: self.is_search_partial,
        })
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
            Request::Host(HostCall::Object(group, given)) => match right(&given) {
                Ok(()) => return self.object(group),
                Err(refusal) => Update::Objected(group, Err(refusal)),
            },
            Request::Host(HostCall::ChangePassphrase(current, _)) => {
                Update::PassphraseChanged(right(&current))
            }
            Request::Host(HostCall::Lock) => Update::Event(Event::Lock { locked: true }),
            Request::Host(HostCall::Wipe) => Update::Wiped,
            Request::Host(HostCall::Erase) => Update::Erased(Ok(())),
            Request::Days {
                conversation,
                from,
                begins_ms,
            } => {
                let messages = self.talk(&conversation)?.messages.iter();
                let times: Vec<_> = messages.map(|message| message.time_ms).collect();
                let days = begins_ms.windows(2).map(|day| {
                    let mut times = times.iter();
                    times.any(|time| (day[0]..day[1]).contains(time))
                });
                Update::Days(conversation, from, days.collect())
            }
            Request::Overview => Update::Overview(Overview {
                status: self.status(),
                newest: self
                    .all()
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
            Request::Search { ticket, search } => Update::Searched(ticket, self.search(&search)),
            Request::Send { of, draft } => {
                let talk = self.talk(&of.conversation)?;
                let answer = match talk.contact.blocked {
                    true => Err(Refusal::Blocked),
                    false => {
                        talk.conversation.draft = None;
                        talk.send(&draft, now.wall_ms)
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
            Request::Call(Call::Delete(conversation, id, for_all)) => {
                let talk = self.talk(&conversation)?;
                match for_all {
                    true => {
                        talk.delete(&id, now.wall_ms);
                        Update::Event(Event::MessageChanged { conversation, id })
                    }
                    false => {
                        talk.messages.retain(|message| message.id != id);
                        Update::Event(Event::MessageGone { conversation, id })
                    }
                }
            }
            Request::Host(HostCall::Versions(conversation, id)) => {
                let versions = self.talk(&conversation)?.versions(&id)?;
                Update::Versions(id, versions)
            }
            Request::Call(Call::Read(conversation, upto)) => {
                let talk = self.talk(&conversation)?;
                talk.mark(&upto);
                talk.conversation.marked_unread = false;
                Update::Event(Event::Conversation { conversation })
            }
            Request::Call(Call::SetDraft(conversation, draft)) => {
                let talk = self.talk(&conversation)?;
                talk.conversation.draft = (draft != Draft::text("")).then_some(draft);
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
            Request::Call(Call::SetName(name)) => Update::Me(Me {
                name,
                ..self.status().me
            }),
            Request::Call(Call::Invite(new)) => {
                let invitation = Invitation {
                    id: InvitationId(format!("{:016x}", self.invitations.len())),
                    link: Some(Private(format!("hedgerow:{}", "A".repeat(200)))),
                    made_ms: now.wall_ms,
                    expires_ms: now.wall_ms + new.valid_for_s as i64 * 1_000,
                    in_person: new.in_person,
                    state: InvitationState::Open,
                    room: new.group.map(|group| Room {
                        group,
                        joined: Vec::new(),
                        limit: 64,
                    }),
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
                    room: None,
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
            request @ (Request::Examine { .. }
            | Request::Upload { .. }
            | Request::StopUpload(_)
            | Request::SendFile { .. }
            | Request::SaveFile { .. }
            | Request::Preview { .. }
            | Request::Picture { .. }
            | Request::Look { .. }
            | Request::CountOld { .. }
            | Request::DropOld { .. }
            | Request::Host(HostCall::Storage)
            | Request::File { .. }
            | Request::Files { .. }
            | Request::Call(
                Call::WantFile(..) | Call::CancelFile(..) | Call::FreeFile(..),
            )) => {
                return self.handles_files(request, now);
            }
            Request::CarryOut { .. } => Update::Carried(parcels::exported(
                &Exported {
                    paths: vec!["for-ana".into()],
                    bytes: 1_234,
                    files: 0,
                },
                "Ana",
            )),
            Request::CarryAllOut(_) => Update::Carried(parcels::exported_all(1)),
            Request::CarryIn(_) => Update::Carried(parcels::imported(&self.imported(), "Ana")),
            Request::Dropped { path, .. } if path.0.ends_with(PARCEL) => {
                Update::Carried(parcels::imported(&self.imported(), "Ana"))
            }
            Request::Dropped { conversation, path } => {
                let conversation = conversation?;
                let paths = vec![path];
                let request = Request::Examine {
                    conversation,
                    paths,
                };
                return self.handles_files(request, now);
            }
            request @ (Request::UploadRecording { .. }
            | Request::KeepRecording { .. }
            | Request::Recording(_)
            | Request::Voice { .. }
            | Request::Call(Call::DropRecording(_))) => return self.handles_voices(request),
            Request::Export { .. } => Update::Exported(None),
            Request::Starred { ticket, .. } => Update::Starred(ticket, Ok(self.starred())),
            Request::Call(Call::Star(conversation, id, starred)) => {
                self.star(&conversation, &id, starred)?;
                Update::Event(Event::MessageChanged { conversation, id })
            }
            Request::Call(Call::Forward(..)) => Update::Forwarded,
            Request::Call(Call::SetReceipts(receipts)) => {
                self.receipts = receipts;
                Update::Me(self.status().me)
            }
            Request::Call(
                call @ (Call::Mute(..)
                | Call::Archive(..)
                | Call::MarkUnread(..)
                | Call::SetTimer(..)
                | Call::Notes),
            ) => return self.arranges(call),
            Request::Call(
                call @ (Call::NewGroup(_)
                | Call::InviteToGroup(..)
                | Call::JoinGroup(..)
                | Call::DeclineGroup(..)
                | Call::Members(_)
                | Call::SetLevel(..)
                | Call::Restart(..)
                | Call::LeaveGroup(_)
                | Call::EraseConversation(_)),
            ) => {
                return self.groups(call);
            }
            Request::Open | Request::TakeOver | Request::Call(_) | Request::Host(_) => return None,
        })
    }
}
