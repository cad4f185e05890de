//! How the user arranges conversations: muted, archived, marked as unread, written into a file; and notes to oneself.

use std::collections::BTreeMap;

use hedgerow_node::api::{
    Call, ContactId, Conversation, ConversationId, ConversationKind, GroupStanding, Muted,
};

use super::chats::Chats;
use super::context::{Context, person};
use super::dialog::Dialog;
use super::exporting::{Exporting, ToFile};
use super::face::Face;
use super::outcome::Outcome;
use super::read_all::{ReadAll, mark_read, waits};
use super::timing::Timing;

/// What a person does with a conversation as a whole.
#[derive(Clone)]
pub enum ArrangingAction {
    /// Ask for how long it is to be muted.
    AskMute(ConversationId),
    /// Let its messages notify again.
    Unmute(ConversationId),
    /// Archive it, or take it back.
    Archive(ConversationId, bool),
    /// Mark it as unread.
    MarkUnread(ConversationId),
    /// Mark it as read, and all that was never in view.
    MarkRead(ConversationId),
    /// Ask whether everything in all conversations is to be marked as read.
    AskReadAll,
    /// Show the archived conversations instead of the others, or not any more.
    ShowArchived(bool),
    /// Open the notes to oneself.
    OpenNotes,
    /// Ask after how long what is written there is to disappear.
    AskTimer(ConversationId),
    /// Ask in which format it is to be written into a file.
    AskExport(ConversationId),
    /// The user has chosen the file.
    Export(ToFile),
}

/// For how long a conversation is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuteFor {
    /// This number of hours.
    Hours(u8),
    /// Until the user takes it back.
    Ever,
}

impl MuteFor {
    /// Mutes a conversation.
    pub(super) fn mute(self, id: ConversationId, context: &Context) -> Outcome {
        let muted = match self {
            Self::Hours(hours) => {
                let lasts_ms = i64::from(hours) * 3_600_000;
                Muted::UntilMs(context.now.wall_ms.saturating_add(lasts_ms))
            }
            Self::Ever => Muted::Forever,
        };
        Outcome::ask(Call::Mute(id, Some(muted)))
    }
}

/// How a conversation is arranged, for its menu.
#[derive(Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// The contact, if it is with one contact alone.
    pub person: Option<ContactId>,
    /// It is a group.
    pub is_group: bool,
    /// The contact is blocked.
    pub blocked: bool,
    /// Nothing notifies of its messages.
    pub muted: bool,
    /// It is out of the way.
    pub archived: bool,
    /// The user wants to look at it again.
    pub marked_unread: bool,
    /// Messages there wait to be read.
    pub unread: bool,
    /// The user may set after how long what is written there disappears.
    pub disappears: bool,
}

impl Arrangement {
    fn of(conversation: &Conversation, context: &Context) -> Self {
        Self {
            person: person(conversation).cloned(),
            is_group: conversation.group.is_some(),
            blocked: context.is_blocked(conversation),
            muted: conversation.is_muted(context.now.wall_ms),
            archived: conversation.archived,
            marked_unread: conversation.marked_unread,
            unread: conversation.unread > 0,
            disappears: person(conversation).is_some()
                || conversation
                    .group
                    .is_some_and(|group| group.standing == GroupStanding::Admin),
        }
    }
}

/// How the conversations are arranged.
#[derive(Default)]
pub struct Arrangements {
    /// Each of them.
    pub all: BTreeMap<ConversationId, Arrangement>,
    /// How many are archived.
    pub archived: usize,
    /// The list shows these instead of the others.
    pub shows_archived: bool,
    /// There are notes to oneself.
    pub has_notes: bool,
    /// Something waits to be read in more than one conversation.
    pub several_wait: bool,
    /// The node was asked for the notes, which are opened as soon as it answers.
    opens_notes: bool,
    /// When the first mute ends, on the clock that never goes back.
    pub(super) due_ms: Option<u64>,
}

impl Arrangements {
    /// Takes over what is known of all conversations. Tells whether that is something else than before.
    pub(super) fn know(&mut self, context: &Context) -> bool {
        let all = context.conversations.iter().map(|known| {
            let conversation = &known.conversation;
            let arrangement = Arrangement::of(conversation, context);
            (conversation.id.clone(), arrangement)
        });
        let all: BTreeMap<_, _> = all.collect();
        let archived = all.values().filter(|one| one.archived).count();
        let shows_archived = self.shows_archived && archived > 0;
        let conversations = || {
            context
                .conversations
                .iter()
                .map(|known| &known.conversation)
        };
        let has_notes = conversations().any(|one| one.kind == ConversationKind::Notes);
        let waiting = context.conversations.iter().filter(|known| waits(known));
        let several_wait = waiting.take(2).count() == 2;
        let is_other = all != self.all
            || (has_notes, several_wait, shows_archived)
                != (self.has_notes, self.several_wait, self.shows_archived);
        let now = context.now;
        let ends = conversations().filter_map(|one| match one.muted {
            Some(Muted::UntilMs(end)) => u64::try_from(end.saturating_sub(now.wall_ms)).ok(),
            _ => None,
        });
        self.due_ms = ends.filter(|left| *left > 0).min();
        self.due_ms = self
            .due_ms
            .map(|left| now.monotonic_ms.saturating_add(left));
        (self.all, self.archived, self.has_notes) = (all, archived, has_notes);
        (self.several_wait, self.shows_archived) = (several_wait, shows_archived);
        is_other
    }

    /// Notes have come that were asked for.
    pub(super) fn takes_notes(&mut self, conversation: &Conversation) -> bool {
        let are_notes = conversation.kind == ConversationKind::Notes;
        are_notes && std::mem::take(&mut self.opens_notes)
    }

    /// The node refused something, so what was asked for may never come.
    pub(super) fn refused(&mut self) {
        self.opens_notes = false;
    }
}

/// Arranging conversations.
impl Chats {
    pub(super) fn arrange(
        &mut self,
        action: ArrangingAction,
        open: Option<&ConversationId>,
        context: &Context,
    ) -> Vec<Outcome> {
        let name = |id: &ConversationId| {
            let known = context.conversations.get(id)?;
            Some(Face::of_conversation(&known.conversation, context).name)
        };
        match action {
            ArrangingAction::AskMute(id) => {
                let name = name(&id);
                let dialog = name.map(|name| Dialog::Mute { id, name });
                dialog.map(Outcome::Show).into_iter().collect()
            }
            ArrangingAction::Unmute(id) => vec![Outcome::ask(Call::Mute(id, None))],
            ArrangingAction::Archive(id, archived) => {
                vec![Outcome::ask(Call::Archive(id, archived))]
            }
            ArrangingAction::MarkRead(id) => mark_read(&id, context),
            ArrangingAction::AskReadAll => {
                let asked = ReadAll::of(context).map(Dialog::ReadAll);
                asked.map(Outcome::Show).into_iter().collect()
            }
            ArrangingAction::MarkUnread(id) => {
                let mark = Outcome::ask(Call::MarkUnread(id.clone(), true));
                // Where one reads, the mark would go at once.
                let leaves = open == Some(&id);
                let leave = [Outcome::KeepDraft, Outcome::DropChat(id)];
                let leave = leave.into_iter().filter(|_| leaves);
                leave.chain([mark]).collect()
            }
            ArrangingAction::ShowArchived(shows) => {
                self.arranged.shows_archived = shows;
                let drawn = self.draw_anew(open, context);
                drawn.into_iter().collect()
            }
            ArrangingAction::OpenNotes => {
                let mut known = context.conversations.iter();
                let notes = known.find(|one| one.conversation.kind == ConversationKind::Notes);
                if let Some(notes) = notes {
                    return vec![Outcome::OpenChat(notes.conversation.id.clone())];
                }
                self.arranged.opens_notes = true;
                vec![Outcome::ask(Call::Notes)]
            }
            ArrangingAction::AskTimer(id) => {
                let known = context.conversations.get(&id);
                let timing = known.map(|known| Timing::of(&known.conversation, context));
                let dialog = timing.map(Dialog::Timing);
                dialog.map(Outcome::Show).into_iter().collect()
            }
            ArrangingAction::AskExport(id) => {
                let exporting = name(&id).map(|name| Exporting::new(id, name));
                let dialog = exporting.map(Dialog::Export);
                dialog.map(Outcome::Show).into_iter().collect()
            }
            ArrangingAction::Export(to) => vec![Outcome::Do(to.write(context))],
        }
    }

    /// Shows all conversations again. False if it did already.
    pub(super) fn leave_archived(&mut self) -> bool {
        std::mem::take(&mut self.arranged.shows_archived)
    }
}
