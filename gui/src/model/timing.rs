//! Messages that disappear: the timer of a conversation, and when each message goes.

use hedgerow_node::api::{
    Call, Conversation, ConversationId, Disappears, Feature, Message, MessageId,
};

use super::calendar::{Calendar, When};
use super::context::Context;
use super::dialog::Dialog;
use super::outcome::Outcome;
use super::thread::Thread;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// The timers to choose from, in seconds; 0 is off. The node takes any from the second to the last.
const CHOICES: [u64; 9] = [
    0,
    MINUTE_S,
    5 * MINUTE_S,
    HOUR_S,
    8 * HOUR_S,
    DAY_S,
    7 * DAY_S,
    30 * DAY_S,
    365 * DAY_S,
];

/// What is asked before the timer of a conversation is set.
#[derive(Clone, PartialEq, Eq)]
pub struct Timing {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The timer now, in seconds; 0: off.
    pub now_s: u64,
    /// The timers to choose from, in seconds, that of now among them.
    pub choices: Vec<u64>,
    /// Whether it is a group.
    pub in_group: bool,
    /// The names of those who have no device that knows timers; empty if nobody.
    pub without: String,
}

impl Timing {
    pub(super) fn of(conversation: &Conversation, context: &Context) -> Self {
        let now_s = conversation.timer_s;
        let mut choices = CHOICES.to_vec();
        if let Err(at) = choices.binary_search(&now_s) {
            choices.insert(at, now_s);
        }
        Self {
            conversation: conversation.id.clone(),
            now_s,
            choices,
            in_group: conversation.group.is_some(),
            without: context
                .contacts
                .without(&conversation.members, Feature::Timers),
        }
    }

    /// Sets the timer. Who sets it knows it.
    pub(super) fn set(self, seconds: u64) -> Vec<Outcome> {
        if seconds == self.now_s {
            return Vec::new();
        }
        let set = Call::SetTimer(self.conversation.clone(), seconds);
        let shown = Outcome::TimerShown(self.conversation, seconds);
        vec![shown, Outcome::ask(set)]
    }
}

/// The timer changed while the user was writing: it is asked before what they wrote is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct TimerChanged {
    /// In which conversation.
    pub conversation: ConversationId,
    /// The timer now, in seconds; 0: off.
    pub now_s: u64,
}

/// When a message disappears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// This number of seconds after it is read or, if it is ours, delivered.
    After(u64),
    /// Then.
    At(When),
    /// Never delivered, it has expired.
    Lapsed,
}

impl Goes {
    pub(super) fn of(message: &Message, calendar: &Calendar) -> Option<Self> {
        if message.lapsed {
            return Some(Self::Lapsed);
        }
        let Disappears { after_s, at_ms } = message.disappears?;
        Some(at_ms.map_or(Self::After(after_s), |at| Self::At(calendar.when(at))))
    }
}

/// Timers in a conversation.
impl Thread {
    /// Takes over the timer. What is being written keeps the one that its writer was shown.
    pub(super) fn know_timer(&mut self, conversation: &Conversation) {
        self.timer_s = conversation.timer_s;
        if self.draft.is_empty() {
            self.timer_shown_s = self.timer_s;
        }
    }

    /// The writer has been told of this timer.
    pub(super) fn timer_shown(&mut self, seconds: u64) {
        self.timer_shown_s = seconds;
    }

    /// Asks before what was written is sent under another timer.
    pub(super) fn ask_timer(&self, now_s: u64) -> Outcome {
        Outcome::Show(Dialog::TimerChanged(TimerChanged {
            conversation: self.id.clone(),
            now_s,
        }))
    }

    /// Messages may have begun to run out: ours when they were delivered, others when they were read. They are asked
    /// for again.
    pub(super) fn look_at_timers(&mut self, mine: bool) {
        let read = self.reading.marked();
        let read = read.and_then(|id| self.window.place(id));
        let places = self.window.first()..;
        let began = places.zip(self.window.iter()).filter(|(at, one)| {
            let message = &one.message;
            let waits = message.disappears.is_some_and(|goes| goes.at_ms.is_none());
            let has_begun = match mine {
                true => message.is_delivered(),
                false => read.is_some_and(|read| *at <= read),
            };
            waits && message.is_mine() == mine && has_begun
        });
        let began: Vec<MessageId> = began.map(|(_, one)| one.message.id.clone()).collect();
        for id in began {
            self.message_changed(id);
        }
    }
}
