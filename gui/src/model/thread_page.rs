//! Which conversation is open, and what of others is still on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use hedgerow_node::api::{Call, ConversationId, Draft, Message, MessageId, Page, Refusal};

use super::context::Context;
use super::effect::{Effect, Question, Request, Ticket};
use super::outcome::Outcome;
use super::place::{Pane, Place};
use super::recording::Recording;
use super::strip::Strip;
use super::thread::{Thread, ThreadAction, ThreadChanged, before, kept};

/// The conversation beside the list.
#[derive(Default)]
pub struct ThreadPage {
    /// It, if one is open.
    pub open: Option<Thread>,
    /// The conversation to open again after the screen was locked, or that a notification was about.
    reopen: Option<ConversationId>,
    /// Texts sent that are not durable yet.
    unsent: BTreeMap<Ticket, (ConversationId, Draft)>,
    /// The files attached in each conversation.
    pub(super) strips: BTreeMap<ConversationId, Strip>,
    /// The voice note that is recorded, or is to be sent.
    pub(super) recording: Option<Recording>,
    /// Where we have asked for what is kept of a recording since the conversation was opened.
    pub(super) looked_for_recording: Option<ConversationId>,
    /// Where nobody wants to be asked now who it really is. No file tells of that.
    later: BTreeSet<ConversationId>,
    /// What was being written when the node was lost.
    pub(super) rescued: Vec<(ConversationId, Draft)>,
    /// The texts of files that were on their way then. The node's draft has them, unless it was lost too soon.
    pub(super) captions: Vec<(ConversationId, Draft)>,
    tickets: u64,
    changed: ThreadChanged,
}

impl ThreadPage {
    /// Which conversation is open.
    pub(super) fn id(&self) -> Option<&ConversationId> {
        self.open.as_ref().map(|thread| &thread.id)
    }

    /// This conversation, if it is open.
    pub(super) fn thread(&mut self, id: &ConversationId) -> Option<&mut Thread> {
        let open = self.open.as_mut();
        open.filter(|thread| thread.id == *id)
    }

    /// Something can be written in the open conversation.
    pub(super) fn may_write(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|thread| thread.face.takes_messages())
    }

    /// Opens a conversation.
    pub(super) fn show(&mut self, id: &ConversationId, context: &Context) -> Vec<Outcome> {
        let Some(known) = context.conversations.get(id) else {
            return Vec::new();
        };
        let mut outcomes = vec![Outcome::Do(Effect::FocusDraft)];
        if known.conversation.marked_unread {
            outcomes.push(Outcome::ask(Call::MarkUnread(id.clone(), false)));
        }
        if self.id() != Some(id) {
            let mut thread = Thread::new(known, context);
            thread.ask(&self.later);
            outcomes.extend(self.close());
            self.open = Some(thread);
            self.open_strip();
            self.strip_changed(id);
        }
        outcomes.push(Outcome::Go(Pane::Thread));
        outcomes
    }

    /// Lets go of the open conversation, keeping its draft.
    pub(super) fn close(&mut self) -> Vec<Outcome> {
        let outcomes = self.keep_draft();
        self.drop();
        outcomes
    }

    /// Lets go of the conversation, and of what was typed there.
    pub(super) fn drop(&mut self) {
        self.leave_strip();
        if self.open.take().is_some() {
            self.changed = ThreadChanged::ALL;
        }
    }

    /// Has the draft kept, if anything was typed since it last was.
    pub(super) fn keep_draft(&mut self) -> Vec<Outcome> {
        let open = self.open.as_mut();
        open.map_or_else(Vec::new, |thread| {
            thread.keep_aside();
            thread.keep_draft()
        })
    }

    pub(super) fn act(&mut self, action: ThreadAction, context: &Context) -> Vec<Outcome> {
        match (action, self.open.as_mut()) {
            (ThreadAction::Attach(action), _) => self.attach(action, context),
            (_, None) => Vec::new(),
            (ThreadAction::Send, _) => self.send(context),
            (ThreadAction::AskLater, Some(thread)) => {
                self.later.insert(thread.id.clone());
                thread.ask(&self.later);
                Vec::new()
            }
            (action, Some(thread)) => thread.act(action, context),
        }
    }

    /// Sends the text being written.
    fn send(&mut self, context: &Context) -> Vec<Outcome> {
        let mut outcomes = self.attach_recording();
        if let Some(more) = self.send_files(context) {
            outcomes.extend(more);
            return outcomes;
        }
        let ticket = self.ticket();
        let Some(thread) = self.open.as_mut() else {
            return Vec::new();
        };
        let Some(draft) = thread.begin_sending(ticket, context) else {
            return Vec::new();
        };
        let conversation = thread.id.clone();
        let since = thread.whole_draft();
        // The node takes its draft away with the message, and with it the text of files that are on their way.
        let caption = thread.caption.is_some();
        let again = caption.then(|| kept(&conversation, since.clone()));
        let unsent = (conversation.clone(), draft.clone());
        self.unsent.insert(ticket, unsent);
        let mut outcomes = vec![
            Outcome::Draft(conversation.clone(), since),
            Outcome::ask(Request::Send {
                of: Question {
                    ticket,
                    conversation,
                },
                draft,
            }),
        ];
        outcomes.extend(again.into_iter().flatten());
        outcomes
    }

    /// A text is durable, or was refused.
    pub(super) fn sent(
        &mut self,
        of: &Question,
        answer: Result<MessageId, Refusal>,
        context: &Context,
    ) -> Vec<Outcome> {
        if let Some(outcomes) = self.file_sent(of.ticket, &answer) {
            return outcomes;
        }
        let Some((conversation, mut draft)) = self.unsent.remove(&of.ticket) else {
            return Vec::new();
        };
        let (id, refusal) = (answer.as_ref().ok().cloned(), answer.err());
        let is_edit = draft.edit.is_some();
        if refusal == Some(Refusal::NoSuchMessage) {
            // What it was about has gone: it is a plain text now.
            draft = Draft {
                target_gone: true,
                ..Draft::text(draft.text.0)
            };
        }
        let refused = refusal.is_some().then_some(draft);
        if let Some(Refusal::TimerChanged { now_s }) = refusal
            && let (Some(thread), Some(draft)) = (self.thread(&conversation), &refused)
        {
            let shown_s = draft.timer_s;
            let mut outcomes = thread.end_sending(of.ticket, refused);
            // The writer knows the old timer until the program shows the new one.
            shown_s
                .into_iter()
                .for_each(|shown| thread.timer_shown(shown));
            outcomes.push(thread.ask_timer(now_s));
            return outcomes;
        }
        let mut outcomes = match (self.thread(&conversation), refused) {
            // The text is another one at its place, and nobody waits for it.
            (Some(_), None) if is_edit => Vec::new(),
            (Some(thread), refused) => {
                let mut outcomes = thread.end_sending(of.ticket, refused);
                outcomes.extend(id.and_then(|id| thread.await_arrival(id, context)));
                outcomes
            }
            (None, Some(draft)) => put_back(&conversation, draft, context),
            (None, None) => Vec::new(),
        };
        outcomes.extend(refusal.map(Outcome::Refused));
        outcomes
    }

    /// A page has come.
    pub(super) fn page(
        &mut self,
        of: &Question,
        answer: Result<Page, Refusal>,
        context: &Context,
    ) -> Vec<Outcome> {
        let thread = self.thread(&of.conversation);
        thread.map_or_else(Vec::new, |thread| thread.page(of.ticket, answer, context))
    }

    /// A message has come that was asked for.
    pub(super) fn message(
        &mut self,
        of: &Question,
        answer: Result<Message, Refusal>,
        context: &Context,
    ) -> Option<Outcome> {
        let thread = self.thread(&of.conversation)?;
        thread.message(of.ticket, answer, context)
    }

    /// Messages have come to a conversation.
    pub(super) fn look(&mut self, id: &ConversationId) {
        if let Some(thread) = self.thread(id) {
            thread.look();
        }
    }

    /// Anything may have changed.
    pub(super) fn reload(&mut self) {
        if let Some(thread) = self.open.as_mut() {
            thread.reload();
        }
    }

    /// Something else is said of a message.
    pub(super) fn message_changed(&mut self, conversation: &ConversationId, id: MessageId) {
        if let Some(thread) = self.thread(conversation) {
            thread.message_changed(id);
        }
    }

    /// The draft of a conversation was changed in another window or on the command line.
    pub(super) fn draft_changed_elsewhere(&mut self, id: &ConversationId, context: &Context) {
        let known = context.conversations.get(id);
        if let (Some(thread), Some(known)) = (self.thread(id), known) {
            thread.take_draft(&known.draft);
        }
    }

    /// Who is in a group has changed, as this device has learned: lines stand behind the newest message, and invitations
    /// into the group may have led there.
    pub(super) fn membership_changed(&mut self, id: &ConversationId) {
        let Some(thread) = &mut self.open else {
            return;
        };
        thread.look_at_invitations();
        if thread.id == *id {
            match thread.window.last_id().cloned() {
                Some(newest) => thread.message_changed(newest),
                None => thread.reload(),
            }
        }
    }

    /// A message has gone.
    pub(super) fn message_gone(
        &mut self,
        conversation: &ConversationId,
        id: &MessageId,
        context: &Context,
    ) {
        if let Some(thread) = self.thread(conversation) {
            thread.message_gone(id, context);
        }
    }

    /// The writer in this conversation has been told of this timer.
    pub(super) fn timer_shown(&mut self, id: &ConversationId, seconds: u64) {
        if let Some(thread) = self.thread(id) {
            thread.timer_shown(seconds);
        }
    }

    /// The window has come to the front: what is in view is seen now.
    pub(super) fn see_what_is_in_view(&mut self, context: &Context) {
        if let Some(thread) = self.open.as_mut()
            && let Some(id) = thread.reading.in_view.clone()
        {
            thread.see(id, context);
        }
    }

    /// Takes over what is known of the conversation and its members.
    pub(super) fn draw(&mut self, context: &Context) {
        if let Some(thread) = self.open.as_mut()
            && let Some(known) = context.conversations.get(&thread.id)
        {
            thread.know(&known.conversation, context);
            thread.ask(&self.later);
        }
    }

    /// Another day has begun.
    pub(super) fn draw_rows(&mut self, context: &Context) {
        if let Some(thread) = self.open.as_mut() {
            thread.draw_rows(context);
        }
    }

    /// When something is to be kept, fetched or told that waits for time alone.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let thread = self.open.as_ref()?;
        let due = [
            thread.draft_due_ms(),
            thread.fetching.due_ms(),
            thread.reading.due_ms(),
            thread.files.due_ms(),
        ];
        due.into_iter().flatten().min()
    }

    /// Keeps the draft, fetches, and tells how far the user has read, as far as that is due.
    pub(super) fn settle(&mut self, context: &Context) -> Vec<Outcome> {
        let ticket = self.ticket();
        let Some(thread) = self.open.as_mut() else {
            return Vec::new();
        };
        let now_ms = context.now.monotonic_ms;
        let mut outcomes = match thread.draft_due_ms() {
            Some(due) if due <= now_ms => thread.keep_draft(),
            _ => Vec::new(),
        };
        outcomes.extend(thread.fetch(ticket, context).map(Outcome::ask));
        outcomes.extend(thread.fetch_previews(context));
        thread.rest_files(context);
        outcomes.extend(thread.mark(context));
        outcomes.extend(thread.tell_arrivals(context));
        outcomes
    }

    /// A notification was clicked: the conversation is shown, after the lock if there is one.
    pub(super) fn notified(&mut self, id: ConversationId, context: &Context) -> Vec<Outcome> {
        match context.place {
            Place::Main(_) => {
                return vec![
                    Outcome::Dismiss,
                    Outcome::OpenChat(id),
                    Outcome::ComeForward,
                ];
            }
            Place::Unlock | Place::ScreenLocked | Place::Starting => self.reopen = Some(id),
            Place::Welcome | Place::Wiped | Place::Failed(_) => {}
        }
        vec![Outcome::ComeForward]
    }

    /// The screen locks: the conversation is to be opened again afterwards.
    pub(super) fn lock(&mut self) {
        self.reopen = self.id().cloned();
    }

    /// The node has gone: there is nobody to keep what is being written and sent.
    pub(super) fn lose_node(&mut self) {
        let open = self.open.take();
        let unsent = take(&mut self.unsent).into_values();
        if let Some(mut thread) = open {
            self.changed = ThreadChanged::ALL;
            if thread.draft_due_ms().is_some() {
                thread.keep_aside();
                let typed = (thread.id.clone(), thread.present_draft());
                self.rescued.push(typed);
            }
            self.reopen = Some(thread.id);
        }
        self.rescued.extend(unsent);
        self.lose_uploads();
    }

    /// Everything is known again: what was rescued are drafts, and what was open is opened.
    pub(super) fn come_back(&mut self, context: &Context) -> Vec<Outcome> {
        let mut drafts: BTreeMap<ConversationId, Draft> = BTreeMap::new();
        let captions = take(&mut self.captions).into_iter().filter(|(id, text)| {
            let known = context.conversations.get(id);
            !known.is_some_and(|known| known.draft.text.0.starts_with(&text.text.0))
        });
        for (id, text) in take(&mut self.rescued).into_iter().chain(captions) {
            let since = drafts.remove(&id).unwrap_or_else(|| Draft::text(""));
            drafts.insert(id, before(text, since));
        }
        let drafts = drafts.into_iter();
        let mut outcomes: Vec<_> = drafts
            .flat_map(|(id, text)| put_back(&id, text, context))
            .collect();
        if let Some(id) = self.reopen.take()
            && context.shows(Pane::Nothing)
        {
            outcomes.push(Outcome::OpenChat(id));
        }
        outcomes
    }

    /// Everything is destroyed.
    pub(super) fn wipe(&mut self) {
        *self = Self {
            tickets: self.tickets,
            changed: ThreadChanged::ALL,
            ..Self::default()
        };
    }

    /// A ticket that was not given before.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    pub(super) fn take_changed(&mut self) -> ThreadChanged {
        let page = take(&mut self.changed);
        let open = self.open.as_mut();
        let thread = open.map(|thread| take(&mut thread.changed));
        let thread = thread.unwrap_or_default();
        ThreadChanged {
            rows: page.rows || thread.rows,
            rest: page.rest || thread.rest,
        }
    }
}

/// What could not be sent is a draft again, of a conversation that is not open.
fn put_back(id: &ConversationId, draft: Draft, context: &Context) -> Vec<Outcome> {
    match context.conversations.get(id) {
        Some(known) => kept(id, before(draft, known.draft.clone())),
        None => Vec::new(),
    }
}
