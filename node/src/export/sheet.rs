//! What every format says of a conversation beside its messages, and of a message beside its text.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Circumstances;
use super::folder::Places;
use crate::api::{
    ContactId, Conversation, ConversationKind, FileState, Message, Original, Reaction, visible,
};
use crate::words::{Language, Phrase, codes, files, tr};

/// A conversation with what is said about it.
pub struct Sheet {
    /// The conversation, as it was when the file was begun.
    pub conversation: Conversation,
    names: BTreeMap<ContactId, String>,
    circumstances: Circumstances,
}

impl Sheet {
    pub(super) fn new(
        conversation: Conversation,
        names: BTreeMap<ContactId, String>,
        circumstances: Circumstances,
    ) -> Self {
        Self {
            conversation,
            names,
            circumstances,
        }
    }

    pub(super) fn language(&self) -> Language {
        self.circumstances.language
    }

    /// The present time, Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.circumstances.now_ms
    }

    fn said(&self, phrase: &Phrase) -> String {
        self.language().say(phrase)
    }

    /// What the conversation is called.
    pub(super) fn title(&self) -> String {
        match self.conversation.kind {
            ConversationKind::Notes => self.said(&tr!("Notes")),
            ConversationKind::Direct | ConversationKind::Former | ConversationKind::Group => {
                visible::name(&self.conversation.name.0)
            }
        }
    }

    /// That the file protects nothing, and when it was made.
    pub(super) fn warning(&self) -> String {
        let time = self.time(self.now_ms());
        self.said(&tr!(
            "Written on {time}. This file is not sealed: anybody who has it can read it.",
            time = time
        ))
    }

    /// Unix milliseconds as local date and time, to the minute.
    pub(super) fn time(&self, unix_ms: i64) -> String {
        self.written(unix_ms, "%Y-%m-%d %H:%M")
    }

    /// The same for programs, with the offset from UTC.
    pub(super) fn exact_time(&self, unix_ms: i64) -> String {
        self.written(unix_ms, "%Y-%m-%dT%H:%M:%S%:z")
    }

    fn written(&self, unix_ms: i64, form: &str) -> String {
        let time = Timestamp::from_millisecond(unix_ms);
        let zone = self.circumstances.zone.clone();
        time.map_or_else(
            |_| String::new(),
            |time| time.to_zoned(zone).strftime(form).to_string(),
        )
    }

    /// Who wrote a message.
    pub(super) fn author(&self, message: &Message) -> String {
        self.person(message.author.as_ref())
    }

    fn person(&self, person: Option<&ContactId>) -> String {
        let Some(id) = person else {
            return self.said(&codes::you());
        };
        let name = self.names.get(id).map(|name| visible::name(name));
        // Somebody who is no contact any more has the name of the conversation.
        name.unwrap_or_else(|| self.title())
    }

    /// What the file of a message is called, and its size; also that its sender cancelled it, and, where files have places,
    /// that it has none.
    pub(super) fn file(&self, message: &Message, places: Option<&Places>) -> Option<String> {
        let file = message.file.as_ref()?;
        let name = self.said(&files::name(file));
        let is_absent = places.is_some_and(|places| places.of(message).is_none());
        let note = match file.state {
            FileState::Cancelled => files::state(file),
            _ => is_absent.then(|| tr!("not here")),
        };
        Some(match note {
            Some(note) => format!("{name} [{}]", self.said(&note)),
            None => name,
        })
    }

    /// How far a message of ours has come; `None` for those of others, and where they go to nobody.
    pub(super) fn state(&self, message: &Message) -> Option<String> {
        if !message.is_mine() || message.deliveries.is_empty() {
            return None;
        }
        let state = match (message.is_delivered(), message.is_read()) {
            (_, true) => tr!("a message of ours" => "read"),
            (true, false) => tr!("a message of ours" => "delivered"),
            (false, false) => tr!("a message of ours" => "not delivered"),
        };
        Some(self.said(&state))
    }

    /// What a message answers: the beginning of that, on one line.
    pub(super) fn quote(&self, message: &Message) -> Option<String> {
        let answered = message.reply_to.as_ref()?;
        Some(match &answered.original {
            Original::Here { author, text } => {
                let who = self.person(author.as_ref());
                let text = text.as_ref().map(|text| visible::name(&text.0));
                format!("{who}: {}", text.unwrap_or_default())
            }
            Original::Gone => self.said(&tr!("The original is gone.")),
            Original::NotHere => self.said(&tr!("The original is not here.")),
        })
    }

    /// What has been said of a message: the emoji of each person, that it was edited, and that it is pinned.
    pub(super) fn beneath(&self, message: &Message) -> Vec<String> {
        let reaction = |reaction: &Reaction| {
            let who = self.person(reaction.author.as_ref());
            format!("{} {who}", reaction.emoji.0)
        };
        let mut said: Vec<String> = message.reactions.iter().map(reaction).collect();
        if message.edited.is_some() {
            said.push(self.said(&tr!("a message" => "edited")));
        }
        if message.pinned {
            said.push(self.said(&tr!("a message" => "pinned")));
        }
        said
    }
}
