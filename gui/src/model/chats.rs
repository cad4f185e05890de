//! The list of conversations.

use std::mem::take;

use hedgerow_node::api::{Call, ContactId, ConversationId, visible};

use super::arranging::{Arrangements, ArrangingAction};
use super::calendar::When;
use super::context::{Context, person};
use super::conversations::Known;
use super::dialog::Dialog;
use super::effect::Effect;
use super::face::Face;
use super::files::on_one_line;
use super::invited;
use super::outcome::Outcome;
use super::rows::{self, Reach, Tick};

/// The longest excerpt, in characters.
const EXCERPT: usize = 140;

/// The longest filter, in characters.
const MAX_FILTER: usize = 64;

/// What a person does with the list.
#[derive(Clone)]
pub enum ChatsAction {
    /// Show only names like this.
    Filter(String),
    /// Open a conversation.
    OpenChat(ConversationId),
    /// Block a contact (asks first) or unblock it.
    Block(ContactId, bool),
    /// Forget a contact and the conversation (asks first).
    Remove(ContactId),
    /// Arrange a conversation.
    Arranging(ArrangingAction),
    /// Open the next conversation in the list.
    Step {
        /// Whether to go down.
        down: bool,
    },
}

/// The list.
#[derive(Default)]
pub struct Chats {
    /// The rows on screen: the conversation with the latest message first.
    pub rows: Vec<ChatRow>,
    /// The list shows only names like this.
    pub filter: String,
    /// The number of conversations, shown or not.
    pub total: usize,
    /// The number of unread messages, without those of conversations with a blocked contact.
    pub unread: u64,
    /// How they are arranged.
    pub arranged: Arrangements,
    changed: bool,
}

/// A conversation in the list.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatRow {
    /// Its id.
    pub id: ConversationId,
    /// The contact, if it is with one contact alone.
    pub person: Option<ContactId>,
    /// Its name, picture and state.
    pub face: Face,
    /// The newest message.
    pub last: Option<Excerpt>,
    /// When it was written.
    pub when: Option<When>,
    /// The number of unread messages of others.
    pub unread: u64,
    /// The number of our messages that are not delivered.
    pub queued: u64,
    /// The text being written here.
    pub draft: Option<String>,
    /// Whether it is open.
    pub selected: bool,
    /// Whether nothing notifies of its messages.
    pub muted: bool,
    /// Whether it is out of the way.
    pub archived: bool,
    /// Whether the user wants to look at it again.
    pub marked_unread: bool,
}

/// The beginning of a message, on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Its text; `None` for a kind that this version cannot show.
    pub text: Option<String>,
    /// Whether its author has deleted it: it has no text then.
    pub deleted: bool,
    /// It is a line that sets the timer of the conversation to so many seconds, 0 for off: it has no text then.
    pub sets_timer_s: Option<u64>,
    /// Whether it is not on this device: it has no text then.
    pub not_here: bool,
    /// It is an invitation into the group of this name: it has no text then.
    pub invites_into: Option<String>,
    /// Whether we wrote it.
    pub mine: bool,
    /// In a group: the name of the other who wrote it.
    pub author: Option<String>,
    /// How far it has come; `None` for messages of others.
    pub tick: Option<Tick>,
}

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(EXCERPT * 2).collect();
    let words: Vec<_> = start.split_whitespace().collect();
    visible::paragraph(&words.join(" "))
        .chars()
        .take(EXCERPT)
        .collect()
}

impl Chats {
    /// `open`: the conversation that is open.
    pub(super) fn act(
        &mut self,
        action: ChatsAction,
        open: Option<&ConversationId>,
        context: &Context,
    ) -> Vec<Outcome> {
        match action {
            ChatsAction::Filter(text) => {
                self.filter = text.chars().take(MAX_FILTER).collect();
                self.changed = true;
                self.draw(open, context).into_iter().collect()
            }
            ChatsAction::OpenChat(id) => vec![Outcome::OpenChat(id)],
            ChatsAction::Block(id, false) => vec![Outcome::ask(Call::Block(id, false))],
            ChatsAction::Block(id, true) => {
                let name = context.contacts.name_of(&id);
                vec![Outcome::Show(Dialog::BlockContact { id, name })]
            }
            ChatsAction::Remove(id) => {
                let name = context.contacts.name_of(&id);
                vec![Outcome::Show(Dialog::RemoveContact { id, name })]
            }
            ChatsAction::Arranging(action) => self.arrange(action, open, context),
            ChatsAction::Step { down } => self.step(down).into_iter().collect(),
        }
    }

    /// Draws the list, whatever is in it.
    pub(super) fn draw_anew(
        &mut self,
        open: Option<&ConversationId>,
        context: &Context,
    ) -> Option<Outcome> {
        self.changed = true;
        self.draw(open, context)
    }

    /// Opens the conversation next to this one in the list.
    fn step(&self, down: bool) -> Option<Outcome> {
        let here = self.rows.iter().position(|row| row.selected);
        let next = match (here, down) {
            (Some(here), true) => here + 1,
            (Some(here), false) => here.wrapping_sub(1),
            (None, _) => 0,
        };
        let row = self.rows.get(next)?;
        Some(Outcome::OpenChat(row.id.clone()))
    }

    /// Draws the list.
    pub(super) fn draw(
        &mut self,
        open: Option<&ConversationId>,
        context: &Context,
    ) -> Option<Outcome> {
        self.changed |= self.arranged.know(context);
        let shows_archived = self.arranged.shows_archived;
        let conversations = &context.conversations;
        let filter = self.filter.trim().to_lowercase();
        let with_faces = conversations.iter().map(|known| {
            let face = Face::of_conversation(&known.conversation, context);
            (known, face)
        });
        let mut shown: Vec<_> = with_faces
            .filter(|(known, face)| match filter.is_empty() {
                true => known.conversation.archived == shows_archived,
                false => is_found(known, face, &filter, context),
            })
            .collect();
        shown.sort_by(|(a, a_face), (b, b_face)| {
            let (a, b) = (&a.conversation, &b.conversation);
            let newer = b.active_ms.cmp(&a.active_ms);
            newer.then_with(|| (&a_face.name, &a.id).cmp(&(&b_face.name, &b.id)))
        });
        let rows = shown.into_iter();
        let rows: Vec<_> = rows
            .map(|(known, face)| row(known, face, open, context))
            .collect();
        let unread = conversations.iter().map(|known| &known.conversation);
        let unread = unread.filter(|conversation| !context.is_blocked(conversation));
        let unread = unread.map(|conversation| conversation.unread).sum();
        self.changed |= rows != self.rows || self.total != conversations.len();
        self.rows = rows;
        self.total = conversations.len();
        let is_other = self.unread != unread;
        self.unread = unread;
        is_other.then_some(Outcome::Do(Effect::SetTitle { unread }))
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}

/// Whether the filter fits the name of a conversation, or the name that a member gives itself.
fn is_found(known: &Known, face: &Face, filter: &str, context: &Context) -> bool {
    let mut members = context.contacts.members(&known.conversation);
    face.name.to_lowercase().contains(filter)
        || members.any(|member| member.own_name.0.to_lowercase().contains(filter))
}

fn row(known: &Known, face: Face, open: Option<&ConversationId>, context: &Context) -> ChatRow {
    let (conversation, newest) = (&known.conversation, known.newest.as_ref());
    let reach = Reach::of(conversation, context);
    ChatRow {
        id: conversation.id.clone(),
        person: person(conversation).cloned(),
        face,
        last: newest.map(|newest| Excerpt {
            text: newest.text.as_ref().map(|text| {
                let text = excerpt(&text.0);
                match &newest.file {
                    Some(file) => format!("{} {text}", on_one_line(file)),
                    None => text,
                }
            }),
            deleted: newest.deleted.is_some(),
            sets_timer_s: newest.sets_timer_s,
            not_here: newest.not_here,
            invites_into: newest.invitation.as_ref().map(invited::name),
            mine: newest.is_mine(),
            author: rows::author_in_group(newest),
            tick: rows::tick(newest, reach).0,
        }),
        when: newest.map(|newest| context.calendar.when(newest.time_ms)),
        unread: conversation.unread,
        queued: conversation.queued,
        draft: Some(excerpt(&known.draft.text.0)).filter(|draft| !draft.is_empty()),
        selected: open == Some(&conversation.id),
        muted: conversation.is_muted(context.now.wall_ms),
        archived: conversation.archived,
        marked_unread: conversation.marked_unread,
    }
}
