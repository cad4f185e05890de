//! The view-model on a stage: a node that is played answers what it asks, at once or when told to, under
//! a clock that stands still.

mod arranged;
pub mod files;
pub mod groups;
mod node;
mod talk;
pub mod voices;
pub mod window;

use std::collections::VecDeque;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;
use jiff::tz::TimeZone;

pub use node::{Node, PARCEL};
pub use talk::Talk;

/// Noon of a Thursday, 2026-05-14, UTC.
pub const NOON: i64 = 1_778_760_000_000;

pub const PASSPHRASE: &str = "quiet hedge";

/// The application, and what plays its node.
pub struct Stage {
    pub app: App,
    pub now: Now,
    pub node: Node,
    /// What was asked and not answered yet.
    pub asked: VecDeque<Request>,
    /// What was to be done besides.
    pub done: Vec<Effect>,
    /// Every request so far, by name.
    pub log: Vec<String>,
}

pub fn id(letter: &str) -> ContactId {
    ContactId(letter.repeat(32))
}

/// The direct chat with the contact of that letter.
pub fn chat_id(letter: &str) -> ConversationId {
    ConversationId(format!("{letter}c").repeat(16))
}

pub fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into())
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
            node: Node::default(),
            asked: VecDeque::new(),
            done: Vec::new(),
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
        stage.handle(Update::Opened {
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
        stage.handle(Update::Event(Event::Missed));
        stage.answer();
        stage.act(ChatsAction::OpenChat(chat_id("a")));
        stage.answer();
        stage.done.clear();
        stage
    }

    pub fn meet(&mut self, letter: &str, name: &str) {
        self.node.meet(letter, name);
    }

    pub fn talk(&mut self, letter: &str) -> &mut Talk {
        self.node.talks.get_mut(&id(letter)).unwrap()
    }

    /// The row of this contact in the list of conversations.
    pub fn row(&self, letter: &str) -> &ChatRow {
        let rows = self.app.pages.chats.rows.iter();
        let mut rows = rows.filter(|row| row.id == chat_id(letter));
        rows.next().unwrap()
    }

    pub fn thread(&self) -> &Thread {
        self.app.pages.thread.open.as_ref().unwrap()
    }

    /// The person does something, and everything that is asked is answered.
    pub fn does(&mut self, action: impl Into<Action>) {
        self.act(action);
        self.answer();
    }

    /// The person does something; nothing is answered yet.
    pub fn act(&mut self, action: impl Into<Action>) {
        let effects = self.app.act(action.into(), self.now);
        self.take(effects);
    }

    pub fn handle(&mut self, update: Update) {
        let effects = self.app.handle(update, self.now);
        self.take(effects);
    }

    /// Something happens at the node, and everything that is asked is answered.
    pub fn happens(&mut self, event: Event) {
        self.handle(Update::Event(event));
        self.answer();
    }

    /// A contact has used the invitation for a room.
    pub fn comes_in(&mut self, letter: &str) {
        let made = self.node.invitations.last_mut();
        let made = made.expect("there is an invitation");
        let room = made.room.as_mut().expect("it is for a room");
        room.joined.push(id(letter));
        let invitation = made.id.clone();
        self.happens(Event::Met {
            contact: id(letter),
            invitation,
        });
    }

    /// Theirs comes at the end.
    pub fn comes(&mut self, letter: &str, text: &str) -> MessageId {
        let time_ms = self.now.wall_ms;
        let message = self.talk(letter).add(text, false, time_ms);
        self.happens(Event::Message {
            conversation: chat_id(letter),
            id: message.clone(),
            author: Some(id(letter)),
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
                    let name = match &request {
                        Request::Call(call) => format!("{call:?}"),
                        Request::Host(call) => format!("{call:?}"),
                        request => format!("{request:?}"),
                    };
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
            for update in self.node.answers(request, self.now) {
                self.handle(update);
            }
        }
        panic!("it never stops asking");
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
            RowKind::Change(change) => format!("= {:?} {} {}", change.what, change.who, change.by),
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
pub fn found(found: Found) -> Update {
    Update::Opened {
        mode: Mode::Own,
        found,
    }
}

/// It was found, and is on the air.
pub fn unlocked() -> Update {
    found(Found::Open)
}

/// Nothing of anybody is in what the window could show.
pub fn assert_hidden(stage: &Stage) {
    let app = &stage.app;
    assert!(
        app.pages.chats.rows.is_empty()
            && app.pages.chats.filter.is_empty()
            && app.pages.chats.unread == 0
    );
    assert!(
        app.pages.thread.open.is_none()
            && app.pages.person.open.is_none()
            && app.pages.dialog.open.is_none()
    );
    assert!(app.pages.adding.shown.is_none() && app.pages.adding.pasted.is_empty());
    assert!(app.pages.network.people.is_empty() && app.pages.network.carriers.is_empty());
    assert!(
        app.pages.network.relays.rows.is_empty() && app.pages.network.relays.address.is_empty()
    );
    assert!(app.pages.network.paths.proxy.is_empty());
    assert!(app.context.me.is_none() && app.pages.settings.own_name.is_empty());
}
