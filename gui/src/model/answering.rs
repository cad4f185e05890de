//! What an answer shows of the message that it answers, and answers and edits being written.

use std::collections::BTreeMap;

use hedgerow_node::api::{ContactId, Conversation, Draft, Message, MessageId, Original, Quoted};

use super::chats::excerpt;
use super::context::Context;
use super::effect::Effect;
use super::face::Face;
use super::outcome::Outcome;
use super::thread::Thread;
use super::window::Loaded;

/// The message that another one answers, on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Quote {
    /// Which.
    pub id: MessageId,
    /// What is here of it.
    pub original: QuotedOriginal,
}

/// What is here of a message that another one answers.
#[derive(Clone, PartialEq, Eq)]
pub enum QuotedOriginal {
    /// It is in this conversation.
    Here {
        /// Who wrote it; `None` is ourselves.
        author: Option<Author>,
        /// Its first words; `None` for a kind that this version cannot show.
        text: Option<String>,
    },
    /// It was deleted, or has expired.
    Gone,
    /// This conversation does not have it: it has not arrived yet, or never will.
    NotHere,
}

/// The author of a quoted message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The name to show.
    pub name: String,
    /// A colour of its own, 0 to 359.
    pub hue: u16,
}

/// The members of a conversation, as its quotes name them.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Authors(BTreeMap<ContactId, Author>);

impl Authors {
    pub fn of(conversation: &Conversation, context: &Context) -> Self {
        let members = context.contacts.members(conversation).map(|member| {
            let Face { name, hue, .. } = Face::of(member, &context.calendar);
            (member.id.clone(), Author { name, hue })
        });
        Self(members.collect())
    }

    /// The name of a member; empty for others.
    pub fn name(&self, member: &ContactId) -> String {
        let author = self.0.get(member);
        author.map_or_else(String::new, |author| author.name.clone())
    }

    /// The quote above an answer.
    pub fn quote(&self, quoted: &Quoted) -> Quote {
        let original = match &quoted.original {
            Original::Here { author, text } => QuotedOriginal::Here {
                author: author
                    .as_ref()
                    .map(|author| self.0.get(author).cloned().unwrap_or_default()),
                text: text.as_ref().map(|text| excerpt(&text.0)),
            },
            Original::Gone => QuotedOriginal::Gone,
            Original::NotHere => QuotedOriginal::NotHere,
        };
        Quote {
            id: quoted.id.clone(),
            original,
        }
    }
}

/// What the text being written is about.
#[derive(Clone, PartialEq, Eq)]
pub enum About {
    /// It answers this message.
    Reply(MessageId),
    /// It is to be the text of this message of ours.
    Edit(MessageId),
}

impl About {
    pub(super) fn of(draft: &Draft) -> Option<Self> {
        let edit = draft.edit.clone().map(Self::Edit);
        edit.or_else(|| draft.reply_to.clone().map(Self::Reply))
    }

    /// Which message.
    pub(super) fn id(&self) -> &MessageId {
        match self {
            Self::Reply(id) | Self::Edit(id) => id,
        }
    }

    pub(super) fn is_edit(about: Option<&Self>) -> bool {
        matches!(about, Some(Self::Edit(_)))
    }

    /// This text as a draft.
    pub(super) fn draft(about: Option<&Self>, text: String) -> Draft {
        let mut draft = Draft::text(text);
        match about {
            Some(Self::Reply(id)) => draft.reply_to = Some(id.clone()),
            Some(Self::Edit(id)) => draft.edit = Some(id.clone()),
            None => {}
        }
        draft
    }
}

/// Answers and edits being written.
impl Thread {
    /// Writes an answer to a message.
    pub(super) fn reply(&mut self, id: MessageId) -> Vec<Outcome> {
        if !self.face.takes_messages() {
            return Vec::new();
        }
        self.stop_editing();
        self.write_about(Some(About::Reply(id)));
        vec![Outcome::Do(Effect::FocusDraft)]
    }

    /// Edits a text of ours. What is being written stands again afterwards.
    pub(super) fn edit(&mut self, id: &MessageId) -> Vec<Outcome> {
        let is_possible = |one: &&Loaded| one.message.is_mine() && self.face.takes_messages();
        let text = self.window.find(id).filter(is_possible);
        let Some(text) = text.and_then(|one| one.message.text.clone()) else {
            return Vec::new();
        };
        self.stop_editing();
        self.aside = Some(self.present_draft());
        self.write_about(Some(About::Edit(id.clone())));
        self.set_draft(text.0);
        vec![Outcome::Do(Effect::FocusDraft)]
    }

    /// Edits the last text of ours that is loaded.
    pub(super) fn edit_last(&mut self) -> Vec<Outcome> {
        let newest = self.window.iter().rev();
        let mut ours = newest.filter(|one| one.message.is_mine() && one.message.text.is_some());
        let last = ours.next().map(|one| one.message.id.clone());
        drop(ours);
        last.map_or_else(Vec::new, |id| self.edit(&id))
    }

    /// Drops what the text being written is about.
    pub(super) fn drop_about(&mut self) -> Vec<Outcome> {
        if About::is_edit(self.about.as_ref()) {
            self.stop_editing();
        } else {
            self.write_about(None);
        }
        vec![Outcome::Do(Effect::FocusDraft)]
    }

    /// Gives up an edit: what was being written before stands again.
    pub(super) fn stop_editing(&mut self) {
        if About::is_edit(self.about.as_ref()) {
            let aside = self.aside.take();
            let draft = aside.unwrap_or_else(|| Draft::text(""));
            self.write_about(About::of(&draft));
            self.set_draft(draft.text.0);
        }
    }

    /// Gives up an edit that stands in the place of another text, which would be lost.
    pub(super) fn keep_aside(&mut self) {
        let aside = self.aside.as_ref();
        if aside.is_some_and(|aside| *aside != Draft::text("")) {
            self.stop_editing();
        }
    }

    fn write_about(&mut self, about: Option<About>) {
        self.about = about;
        self.answering = None;
        self.target_gone = false;
        self.touch_draft();
        self.look_up_answering();
    }

    /// The message that the text being written was about has gone.
    pub(super) fn lose_target(&mut self) {
        self.about = None;
        self.answering = None;
        self.target_gone = true;
        self.touch_draft();
    }

    /// This message has gone.
    pub(super) fn message_gone(&mut self, id: &MessageId, context: &Context) {
        if self.window.remove(id) {
            self.reading.forget(id);
            self.draw_rows(context);
        }
        if self.about.as_ref().is_some_and(|about| about.id() == id) {
            self.lose_target();
        }
    }

    /// Takes over what is loaded of the message that the text being written is about.
    pub(super) fn look_up_answering(&mut self) {
        let about = self.about.as_ref();
        let found = about.and_then(|about| self.window.find(about.id()));
        if let Some(message) = found.map(|one| one.message.clone()) {
            self.know_answering(&message);
        }
    }

    /// Takes over the message that the text being written is about.
    pub(super) fn know_answering(&mut self, message: &Message) {
        let original = Original::Here {
            author: message.author.clone(),
            text: message.text.clone(),
        };
        let quoted = Quoted {
            id: message.id.clone(),
            disappears: message.disappears.is_some(),
            original,
        };
        self.answering = Some(self.authors.quote(&quoted));
        self.changed.rest = true;
    }

    /// The node did not tell the message that the text being written is about.
    pub(super) fn not_found_answering(&mut self, is_gone: bool) {
        match &self.about {
            Some(_) if is_gone => self.lose_target(),
            Some(about) => {
                self.answering = Some(Quote {
                    id: about.id().clone(),
                    original: QuotedOriginal::NotHere,
                });
            }
            None => {}
        }
    }

    /// The text being written, and what it is about.
    pub(super) fn present_draft(&self) -> Draft {
        About::draft(self.about.as_ref(), self.draft.clone())
    }
}
