//! The view-model on a stage: a node that is played by a few vectors answers what it asks, at once or
//! when told to, under a clock that stands still.
#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::{BTreeMap, VecDeque};

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use jiff::tz::TimeZone;

/// Noon of a Thursday, 2026-05-14, UTC.
pub const NOON: i64 = 1_778_760_000_000;

pub const PASSPHRASE: &str = "quiet hedge";

/// Safety words.
const WORDS: [&str; 12] = [
    "gate", "amber", "river", "noble", "lucky", "ocean", "metal", "candle", "hobby", "ticket",
    "garden", "zebra",
];

/// A conversation.
pub struct Talk {
    pub contact: Contact,
    pub messages: Vec<Message>,
    /// Up to which message is read, and which ones arrived above it.
    pub read: Option<MessageId>,
    pub late: Vec<MessageId>,
    next: u64,
}

/// The application, and what plays its node.
pub struct Stage {
    pub app: App,
    pub now: Now,
    pub talks: BTreeMap<ContactId, Talk>,
    pub invitations: Vec<Invitation>,
    /// What was asked and not answered yet.
    pub asked: VecDeque<Request>,
    /// What was to be done besides.
    pub done: Vec<Effect>,
    /// How many pages were asked for so far, and the most messages of one.
    pub pages: (u64, u32),
    /// Every request so far, by name.
    pub log: Vec<String>,
}

pub fn contact(id: &str, name: &str) -> Contact {
    Contact {
        id: ContactId(id.repeat(32)),
        name: Private(name.into()),
        own_name: Private(name.into()),
        verified: false,
        blocked: false,
        notice: None,
        reachable: None,
        last_seen_ms: None,
        queued: 0,
        why: None,
        messages: 0,
        unread: 0,
        draft: None,
    }
}

pub fn id(letter: &str) -> ContactId {
    ContactId(letter.repeat(32))
}

pub fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into())
}

impl Talk {
    fn new(contact: Contact) -> Self {
        Self {
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
            mine,
            time_ms,
            text: Some(Private(text.into())),
            delivered: false,
            why: None,
        };
        self.messages.insert(at, message);
        id
    }

    fn place(&self, id: &Option<MessageId>) -> Option<usize> {
        let id = id.as_ref()?;
        self.messages.iter().position(|message| message.id == *id)
    }

    pub fn unread(&self) -> u64 {
        let from = self.place(&self.read).map_or(0, |read| read + 1);
        self.messages[from..]
            .iter()
            .filter(|message| !message.mine)
            .count() as u64
    }

    fn seen(&self) -> Contact {
        let queued = self
            .messages
            .iter()
            .filter(|message| message.mine && !message.delivered);
        let queued = queued.count() as u64;
        Contact {
            messages: self.messages.len() as u64,
            unread: self.unread(),
            queued,
            why: self.contact.why.filter(|_| queued > 0),
            ..self.contact.clone()
        }
    }

    fn at(&self, index: usize) -> Message {
        let message = self.messages[index].clone();
        Message {
            position: index as u64,
            why: self
                .contact
                .why
                .filter(|_| message.mine && !message.delivered),
            ..message
        }
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

impl Stage {
    /// Before anything is known.
    pub fn new() -> Self {
        let now = Now {
            wall_ms: NOON,
            monotonic_ms: 1_000_000,
        };
        let (app, effects) = App::new(TimeZone::UTC, Preferences::default(), now);
        let mut stage = Self {
            app,
            now,
            talks: BTreeMap::new(),
            invitations: Vec::new(),
            asked: VecDeque::new(),
            done: Vec::new(),
            pages: (0, 0),
            log: Vec::new(),
        };
        stage.take(effects);
        stage
    }

    /// Open, with these contacts.
    pub fn open(names: &[&str]) -> Self {
        let mut stage = Self::new();
        for (name, letter) in names.iter().zip("abcdefghij".chars()) {
            stage.meet(&letter.to_string(), name);
        }
        stage.hear(News::Opened {
            mode: Mode::Own,
            found: Found::Open,
        });
        stage.answer();
        stage.done.clear();
        stage
    }

    /// Open, in a conversation with Ana of so many messages of hers, all read.
    pub fn talking(count: usize) -> Self {
        let mut stage = Self::open(&["Ana"]);
        let talk = stage.talk("a");
        for number in 0..count {
            talk.add(
                &format!("line {number}"),
                false,
                NOON - (count - number) as i64 * 60_000,
            );
        }
        talk.read = talk.messages.last().map(|last| last.id.clone());
        stage.hear(News::Event(Event::Missed));
        stage.answer();
        stage.act(Action::OpenChat(id("a")));
        stage.answer();
        stage.done.clear();
        stage
    }

    pub fn meet(&mut self, letter: &str, name: &str) {
        self.talks
            .insert(id(letter), Talk::new(contact(letter, name)));
    }

    pub fn talk(&mut self, letter: &str) -> &mut Talk {
        self.talks.get_mut(&id(letter)).unwrap()
    }

    pub fn thread(&self) -> &Thread {
        self.app.thread.as_ref().unwrap()
    }

    /// The person does something, and everything that is asked is answered.
    pub fn does(&mut self, action: Action) {
        self.act(action);
        self.answer();
    }

    /// The person does something; nothing is answered yet.
    pub fn act(&mut self, action: Action) {
        let effects = self.app.act(action, self.now);
        self.take(effects);
    }

    pub fn hear(&mut self, news: News) {
        let effects = self.app.hear(news, self.now);
        self.take(effects);
    }

    /// Something happens at the node, and everything that is asked is answered.
    pub fn happens(&mut self, event: Event) {
        self.hear(News::Event(event));
        self.answer();
    }

    /// Theirs comes at the end.
    pub fn comes(&mut self, letter: &str, text: &str) -> MessageId {
        let time_ms = self.now.wall_ms;
        let message = self.talk(letter).add(text, false, time_ms);
        self.happens(Event::Message {
            contact: id(letter),
            id: message.clone(),
            mine: false,
        });
        self.later(200);
        message
    }

    /// Time passes, with every tick that is due.
    pub fn later(&mut self, ms: u64) {
        let end = self.now.monotonic_ms + ms;
        self.answer();
        while let Some(due) = self.app.wake_at().filter(|due| *due <= end) {
            let step = due.saturating_sub(self.now.monotonic_ms);
            self.pass(step);
            self.does(Action::Tick);
            assert!(
                self.app.wake_at() != Some(due) || step > 0,
                "it wants to be woken again and again"
            );
        }
        let rest = end - self.now.monotonic_ms;
        self.pass(rest);
    }

    pub fn pass(&mut self, ms: u64) {
        self.now.monotonic_ms += ms;
        self.now.wall_ms += ms as i64;
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(request) => {
                    let name = format!("{request:?}");
                    let end = name.find([' ', '(']).unwrap_or(name.len());
                    self.log.push(name[..end].to_owned());
                    self.asked.push_back(request);
                }
                other => self.done.push(other),
            }
        }
    }

    /// Answers everything that is asked.
    pub fn answer(&mut self) {
        for _ in 0..10_000 {
            let Some(request) = self.asked.pop_front() else {
                return;
            };
            if let Some(news) = self.play(request) {
                self.hear(news);
            }
        }
        panic!("it never stops asking");
    }

    fn chat(&self, id: &ContactId) -> Option<News> {
        let talk = self.talks.get(id)?;
        Some(News::Contact(Box::new(Chat {
            contact: talk.seen(),
            newest: talk.messages.len().checked_sub(1).map(|last| talk.at(last)),
        })))
    }

    pub fn status(&self) -> Status {
        Status {
            me: Me {
                id: id("f"),
                name: Private("Fay".into()),
            },
            carriers: vec![CarrierStatus {
                carrier: Carrier::Lan,
                state: CarrierCondition::On,
                announcing: true,
                sessions: 0,
                addresses: vec![Private("192.0.2.7:4242".into())],
            }],
            contacts: self.talks.values().map(Talk::seen).collect(),
            traffic: Traffic::default(),
        }
    }

    fn play(&mut self, request: Request) -> Option<News> {
        let right = |given: &Passphrase| match given.as_bytes() == PASSPHRASE.as_bytes() {
            true => Ok(()),
            false => Err(Refusal::WrongPassphrase),
        };
        Some(match request {
            Request::Create { .. } => News::Created(Ok(())),
            Request::Unlock(given) => News::Unlocked(right(&given)),
            Request::CheckPassphrase(given) => News::Checked(right(&given)),
            Request::ChangePassphrase { current, .. } => News::PassphraseChanged(right(&current)),
            Request::Lock => News::Event(Event::Lock { locked: true }),
            Request::Wipe => News::Wiped,
            Request::Erase => News::Erased(Ok(())),
            Request::Overview => News::Overview(Overview {
                status: self.status(),
                newest: self
                    .talks
                    .iter()
                    .filter(|(_, talk)| !talk.messages.is_empty())
                    .map(|(id, talk)| (id.clone(), talk.at(talk.messages.len() - 1)))
                    .collect(),
            }),
            Request::Status => News::Status(self.status()),
            Request::Contact(id) => return self.chat(&id),
            Request::Page {
                ticket,
                contact,
                from,
                limit,
            } => {
                self.pages = (self.pages.0 + 1, self.pages.1.max(limit));
                let talk = self.talks.get(&contact);
                News::Page {
                    ticket,
                    answer: match talk {
                        Some(talk) => talk.page(&from, limit as usize),
                        None => Err(Refusal::NoSuchContact),
                    },
                    contact,
                }
            }
            Request::Message {
                ticket,
                contact,
                id,
            } => {
                let talk = &self.talks[&contact];
                let place = talk.place(&Some(id));
                let answer = place
                    .map(|place| talk.at(place))
                    .ok_or(Refusal::NoSuchMessage);
                News::Message {
                    ticket,
                    contact,
                    answer,
                }
            }
            Request::Send {
                ticket,
                contact,
                text,
            } => {
                let time_ms = self.now.wall_ms;
                let talk = self.talks.get_mut(&contact)?;
                if talk.contact.blocked {
                    return Some(News::Sent {
                        ticket,
                        contact,
                        answer: Err(Refusal::Blocked),
                    });
                }
                let id = talk.add(&text.0, true, time_ms);
                self.hear(News::Event(Event::Message {
                    contact: contact.clone(),
                    id: id.clone(),
                    mine: true,
                }));
                News::Sent {
                    ticket,
                    contact,
                    answer: Ok(id),
                }
            }
            Request::MarkRead { contact, upto } => {
                self.talks.get_mut(&contact)?.mark(&upto);
                News::Event(Event::Contact { contact })
            }
            Request::SetDraft { contact, text } => {
                let talk = self.talks.get_mut(&contact)?;
                talk.contact.draft = (!text.0.is_empty()).then_some(text);
                return None;
            }
            Request::SafetyWords(contact) => News::SafetyWords(SafetyWords {
                contact,
                words: WORDS.map(Into::into).to_vec(),
            }),
            Request::Verify(id, verified) => {
                self.talks.get_mut(&id)?.contact.verified = verified;
                return self.chat(&id);
            }
            Request::Rename(id, alias) => {
                let contact = &mut self.talks.get_mut(&id)?.contact;
                contact.name = match alias.0.is_empty() {
                    true => contact.own_name.clone(),
                    false => alias,
                };
                return self.chat(&id);
            }
            Request::Block(id, blocked) => {
                self.talks.get_mut(&id)?.contact.blocked = blocked;
                return self.chat(&id);
            }
            Request::Remove(contact) => {
                self.talks.remove(&contact);
                News::Event(Event::Removed { contact })
            }
            Request::SetName(name) => News::Me(Me { id: id("f"), name }),
            Request::Invite(new) => {
                let invitation = Invitation {
                    id: InvitationId(format!("{:016x}", self.invitations.len())),
                    link: Some(Private(format!("hedgerow:{}", "A".repeat(200)))),
                    expires_ms: self.now.wall_ms + new.valid_for_s as i64 * 1_000,
                    in_person: new.in_person,
                    state: InvitationState::Open,
                };
                self.invitations.push(invitation.clone());
                News::Invited(Ok(invitation))
            }
            Request::Invitations => News::Invitations(self.invitations.clone()),
            Request::CancelInvitation(id) => {
                let found = self.invitations.iter_mut().find(|one| one.id == id)?;
                found.state = InvitationState::Cancelled;
                found.link = None;
                News::Event(Event::Invitation { invitation: id })
            }
            Request::Join(link) => {
                if !link.0.starts_with("hedgerow:") {
                    return Some(News::Joining(Err(Refusal::BadLink)));
                }
                let id = InvitationId("00000000000000ff".into());
                self.invitations.push(Invitation {
                    id: id.clone(),
                    link: None,
                    expires_ms: self.now.wall_ms + 3_600_000,
                    in_person: false,
                    state: InvitationState::Joining,
                });
                News::Joining(Ok(id))
            }
            Request::StorageUsed => News::StorageUsed(4_096),
            Request::Open
            | Request::TakeOver
            | Request::CancelJoin(_)
            | Request::SwitchCarrier(..)
            | Request::AnnounceOver(..) => return None,
        })
    }
}

/// The texts of the rows, with marks for what is between them.
pub fn texts(thread: &Thread) -> Vec<String> {
    thread
        .rows
        .iter()
        .map(|row| match &row.kind {
            RowKind::Day(when) => format!("= {}-{}", when.date.month, when.date.day),
            RowKind::Unread => "= unread".to_owned(),
            RowKind::Message(message) => match &message.body {
                Some(body) => body.iter().map(|span| span.text.as_str()).collect(),
                None => "?".to_owned(),
            },
        })
        .collect()
}

/// The message of a row.
pub fn message<'a>(thread: &'a Thread, text: &str) -> &'a MessageRow {
    let found = thread.rows.iter().find_map(|row| match &row.kind {
        RowKind::Message(message) => {
            let body = message.body.as_ref()?;
            let shown: String = body.iter().map(|span| span.text.as_str()).collect();
            (shown == text).then_some(message)
        }
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{text} is not loaded"))
}

/// The node was found, in this process.
pub fn found(found: Found) -> News {
    News::Opened {
        mode: Mode::Own,
        found,
    }
}

/// It was found, and is on the air.
pub fn unlocked() -> News {
    found(Found::Open)
}

/// Nothing of anybody is in what the window could show.
pub fn assert_hidden(stage: &Stage) {
    let app = &stage.app;
    assert!(app.chats.rows.is_empty() && app.chats.filter.is_empty() && app.chats.unread == 0);
    assert!(app.thread.is_none() && app.person.is_none() && app.dialog.is_none());
    assert!(app.adding.shown.is_none() && app.adding.pasted.is_empty());
    assert!(app.network.people.is_empty() && app.network.carriers.is_empty());
    assert!(app.me.is_none() && app.own_name.is_empty());
}
