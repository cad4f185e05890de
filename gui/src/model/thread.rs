//! The conversation that is open: what is loaded of it, and the text being written.

use std::collections::{BTreeSet, VecDeque};

use hedgerow_node::api::{
    Call, ContactId, Conversation, ConversationId, DeviceId, Draft, Feature, HostCall, MAX_TEXT,
    MessageId, Private,
};

use super::aloud::Awaited;
use super::answering::{About, Authors, Quote};
use super::attaching::AttachAction;
use super::banner::Banner;
use super::calendar::Date;
use super::context::Context;
use super::conversations::Known;
use super::dialog::{Details, Dialog};
use super::effect::{Effect, Ticket};
use super::face::Face;
use super::fetching::{Fetching, Target};
use super::files::{FileAction, ThreadFiles};
use super::invited::{Answers, GroupAnswer};
use super::links::{self, Opens};
use super::outcome::Outcome;
use super::reading::Reading;
use super::rows::{self, Reach, Row};
use super::saying::said;
use super::window::{Loaded, Window};

/// A draft is kept so long after the last key, or, while typing goes on, after the first.
const DRAFT_REST_MS: u64 = 1_500;
const DRAFT_LATEST_MS: u64 = 10_000;

/// The rest of the length is told when it gets this short, in bytes.
const TELL_LEFT: usize = 2_000;

/// Sent texts that are not durable yet; further ones wait in the draft.
const MAX_SENDING: usize = 32;

/// The longest draft that is kept in memory, in bytes: what is pasted by mistake can be taken back.
const MAX_DRAFT: usize = 16 * MAX_TEXT;

/// What a person does in a conversation.
#[derive(Clone)]
pub enum ThreadAction {
    /// The text being written, as it is now.
    Draft(String),
    /// Send it.
    Send,
    /// Write an answer to a message.
    Reply(MessageId),
    /// Edit a text of ours.
    Edit(MessageId),
    /// Edit the last text of ours.
    EditLast,
    /// Write neither an answer nor an edit.
    DropAbout,
    /// The view comes near the first loaded row.
    NearTop,
    /// The view comes near the last loaded row.
    NearBottom,
    /// This is the last message that is fully in view; its row may be anything else's.
    Seen(MessageId),
    /// Of these a part has not been seen: they are folded, or higher than the view.
    Hidden(BTreeSet<MessageId>),
    /// The view has left the end, and does not follow what comes.
    LeftEnd,
    /// To the newest message.
    JumpToNewest,
    /// To what arrived late, or else to the first unread.
    JumpToUnread,
    /// Ask for a date.
    AskDate,
    /// To the first message of that day or after it.
    JumpToDate(Date),
    /// To that part of the whole, 0 to 1.
    ScrollTo(f64),
    /// To one message.
    JumpTo(MessageId),
    /// Show a long text whole.
    Unfold(MessageId),
    /// A link was clicked, in a message.
    OpenLink(String),
    /// Copy a message.
    CopyMessage(MessageId),
    /// Copy a part of one.
    CopyPart(Private),
    /// Ask for whom a message is to be deleted.
    Delete(MessageId),
    /// Tell everything about a message.
    Details(MessageId),
    /// Do not ask now who it really is.
    AskLater,
    /// Put an emoji on a message, or take ours back.
    React {
        /// Which message.
        id: MessageId,
        /// Which emoji.
        emoji: String,
    },
    /// Ask where a message is to be forwarded to.
    Forward(MessageId),
    /// Star a message, or take the star off: on this device alone.
    Star {
        /// Which message.
        id: MessageId,
        /// Star it.
        starred: bool,
    },
    /// Write an expired message anew.
    SendAgain(MessageId),
    /// Answer an invitation into a group.
    AnswerInvitation {
        /// Which message it is.
        id: MessageId,
        /// What is answered.
        answer: GroupAnswer,
    },
    /// Open the group into which the invitation of this message has led.
    OpenGroup(MessageId),
    /// Do something about files that are to be sent.
    Attach(AttachAction),
    /// Do something with the file of a message.
    File(FileAction),
    /// Pin a message for everybody, or take it down.
    Pin {
        /// Which message.
        id: MessageId,
        /// Pin it.
        pinned: bool,
    },
}

/// The open conversation.
pub struct Thread {
    /// Which.
    pub id: ConversationId,
    /// With whom.
    pub members: Vec<ContactId>,
    /// How it is shown.
    pub face: Face,
    /// How many messages there are.
    pub total: u64,
    /// Where the first loaded one stands: with `total`, what the scroll bar shows.
    pub first: u64,
    /// How many are loaded.
    pub loaded: u64,
    /// What is loaded, line by line.
    pub rows: VecDeque<Row>,
    /// The newest message is loaded.
    pub at_newest: bool,
    /// The oldest message is loaded.
    pub at_oldest: bool,
    /// The first page has not come yet.
    pub opening: bool,
    /// Who it really is stands to be asked, and nobody has put that off.
    pub asks: bool,
    /// Messages of others not read: while the newest are out of view, how many wait there.
    pub unread: u64,
    /// Messages that arrived late, further up than what was read: `JumpToUnread` leads there.
    pub unread_above: u64,
    /// Where the unread line stands, if it is known.
    pub first_unread: Option<MessageId>,
    /// The text being written.
    pub draft: String,
    /// Counts up whenever `draft` was changed by anything but typing: show it.
    pub draft_set: u32,
    /// What it is about, and what is here of that, once it is known.
    pub about: Option<About>,
    /// The message that it is about.
    pub answering: Option<Quote>,
    /// What it was about has gone, so it is a plain text now.
    pub target_gone: bool,
    /// How many more bytes fit, when few do; negative when it is too long.
    pub length_left: Option<i64>,
    /// There is something to send, and it fits.
    pub may_send: bool,
    /// Files are held over the window.
    pub hovered: bool,
    /// The names of those whose devices take no files.
    pub without_files: String,
    /// Texts sent that are not durable yet.
    pub sending: Vec<Sending>,
    /// After how many seconds what is written here disappears; 0: never.
    pub timer_s: u64,
    /// Where the view is to go; [`take_scroll`](Thread::take_scroll) takes it.
    pub scroll: Option<Scroll>,
    pub(super) window: Window,
    pub(super) fetching: Fetching,
    pub(super) reading: Reading,
    pub(super) awaited: Awaited,
    pub(super) changed: ThreadChanged,
    pub(super) files: ThreadFiles,
    pub(super) answers: Answers,
    /// What was being written when an edit began.
    pub(super) aside: Option<Draft>,
    /// The text of files that are on their way, until a message has it: it is kept before what is written since.
    pub(super) caption: Option<Draft>,
    pub(super) authors: Authors,
    /// The timer that the writer of the draft was shown.
    pub(super) timer_shown_s: u64,
    reach: Reach,
    typed: Typed,
    /// Files are attached that can be sent.
    has_files: bool,
}

/// What is to be drawn again.
#[derive(Clone, Copy, Default)]
pub(super) struct ThreadChanged {
    /// The rows.
    pub rows: bool,
    /// Anything else.
    pub rest: bool,
}

impl ThreadChanged {
    pub const ALL: Self = Self {
        rows: true,
        rest: true,
    };
}

/// Keys that were typed since the draft was kept.
#[derive(Default)]
struct Typed {
    first_ms: Option<u64>,
    last_ms: u64,
}

/// A text that was sent, and is not durable yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Sending {
    pub(crate) ticket: Ticket,
    /// What it says.
    pub text: String,
}

/// Where a view is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scroll {
    /// To the very end.
    End,
    /// So that this row is at the top, or near it.
    Row(String),
}

impl Thread {
    /// A conversation that is opened.
    pub(super) fn new(known: &Known, context: &Context) -> Self {
        let conversation = &known.conversation;
        let mut thread = Self {
            id: conversation.id.clone(),
            members: conversation.members.clone(),
            face: Face::of_conversation(conversation, context),
            total: conversation.messages,
            first: 0,
            loaded: 0,
            rows: VecDeque::new(),
            at_newest: false,
            at_oldest: false,
            opening: true,
            asks: false,
            unread: conversation.unread,
            unread_above: 0,
            first_unread: None,
            draft: known.draft.text.0.clone(),
            about: About::of(&known.draft),
            answering: None,
            target_gone: known.draft.target_gone,
            draft_set: 1,
            length_left: None,
            may_send: false,
            hovered: false,
            without_files: String::new(),
            sending: Vec::new(),
            timer_s: conversation.timer_s,
            scroll: None,
            window: Window::default(),
            fetching: Fetching::default(),
            reading: Reading::default(),
            awaited: Awaited::default(),
            changed: ThreadChanged::ALL,
            files: ThreadFiles::default(),
            answers: Answers::default(),
            aside: None,
            caption: None,
            authors: Authors::default(),
            timer_shown_s: conversation.timer_s,
            reach: Reach::default(),
            typed: Typed::default(),
            has_files: false,
        };
        thread.know(conversation, context);
        thread.jump(Target::Opening);
        thread.draw_rows(context);
        thread
    }

    /// Where the view is to go, once.
    pub fn take_scroll(&mut self) -> Option<Scroll> {
        self.scroll.take()
    }

    /// When the draft is to be kept.
    pub(super) fn draft_due_ms(&self) -> Option<u64> {
        let first_ms = self.typed.first_ms?;
        Some((self.typed.last_ms + DRAFT_REST_MS).min(first_ms + DRAFT_LATEST_MS))
    }

    pub(super) fn act(&mut self, action: ThreadAction, context: &Context) -> Vec<Outcome> {
        match action {
            ThreadAction::Draft(draft) => self.type_draft(draft, context),
            // The page does these, which remembers what is on its way, and what was put off.
            ThreadAction::Send | ThreadAction::AskLater | ThreadAction::Attach(_) => {}
            ThreadAction::Reply(id) => return self.reply(id),
            ThreadAction::Edit(id) => return self.edit(&id),
            ThreadAction::EditLast => return self.edit_last(),
            ThreadAction::DropAbout => return self.drop_about(),
            ThreadAction::NearTop => self.near(true),
            ThreadAction::NearBottom => self.near(false),
            ThreadAction::Seen(id) => self.see(id, context),
            ThreadAction::Hidden(ids) => self.reading.hidden = ids,
            ThreadAction::LeftEnd => self.leave_end(),
            ThreadAction::JumpToNewest => self.jump(Target::Newest),
            ThreadAction::JumpToUnread => self.jump_to_unread(),
            ThreadAction::AskDate => return vec![self.ask_date(context)],
            ThreadAction::JumpToDate(date) => {
                self.jump(Target::Date(date));
                return vec![Outcome::Dismiss];
            }
            ThreadAction::ScrollTo(fraction) => self.scroll_to(fraction),
            ThreadAction::JumpTo(id) => self.jump_to(id),
            ThreadAction::Unfold(id) => {
                if self.window.unfold(&id) {
                    self.draw_rows(context);
                }
            }
            ThreadAction::OpenLink(link) => return open_link(link).into_iter().collect(),
            ThreadAction::CopyMessage(id) => return self.copy(&id),
            ThreadAction::CopyPart(text) => return vec![Outcome::Do(Effect::Copy(text))],
            ThreadAction::Delete(id) => return Vec::from_iter(self.ask_delete(id, context)),
            ThreadAction::Details(id) => return self.details(&id, context),
            ThreadAction::React { id, emoji } => return vec![self.react(id, emoji)],
            ThreadAction::Forward(id) => return Vec::from_iter(self.ask_forward(id, context)),
            ThreadAction::Star { id, starred } => {
                return vec![Outcome::ask(Call::Star(self.id.clone(), id, starred))];
            }
            ThreadAction::SendAgain(id) => {
                return vec![Outcome::ask(Call::SendAgain(self.id.clone(), id))];
            }
            ThreadAction::AnswerInvitation { id, answer } => {
                return Vec::from_iter(self.answer_invitation(id, answer, context));
            }
            ThreadAction::OpenGroup(id) => return Vec::from_iter(self.open_group(&id)),
            ThreadAction::File(action) => return self.act_on_file(action, context),
            ThreadAction::Pin { id, pinned } => {
                let pin = Outcome::ask(Call::Pin(self.id.clone(), id, pinned));
                return vec![Outcome::Dismiss, pin];
            }
        }
        Vec::new()
    }

    /// Takes over what is known of the conversation and its members.
    pub(super) fn know(&mut self, conversation: &Conversation, context: &Context) {
        self.members.clone_from(&conversation.members);
        self.face = Face::of_conversation(conversation, context);
        let was_read = conversation.unread < self.unread;
        self.unread = conversation.unread;
        if was_read {
            self.look_at_timers(false);
            self.look_for_new();
        }
        self.know_timer(conversation);
        self.total = self.total.max(conversation.messages);
        self.without_files = self.who_cannot_show(Feature::Files, context);
        self.measure();
        self.changed.rest = true;
        let reach = Reach::of(conversation, context);
        let authors = Authors::of(conversation, context);
        let may_write = self.face.takes_messages();
        if self.reach != reach || self.authors != authors || self.answers.may_write != may_write {
            self.answers.may_write = may_write;
            self.reach = reach;
            self.authors = authors;
            self.draw_rows(context);
        }
    }

    /// Asks who it really is, unless that is known, or was put off here.
    pub(super) fn ask(&mut self, later: &BTreeSet<ConversationId>) {
        let face = &self.face;
        let is_person = !face.alone && face.group.is_none();
        self.asks = is_person && !face.verified && !face.blocked && !later.contains(&self.id);
        self.changed.rest = true;
    }

    /// Draws the rows of what is loaded.
    pub(super) fn draw_rows(&mut self, context: &Context) {
        let line = self.first_unread.as_ref();
        self.rows = rows::rows(
            &self.window,
            line,
            self.reach,
            &self.authors,
            &self.files,
            &self.answers,
            &context.calendar,
        );
        self.total = self.window.total.max(self.window.end());
        self.first = self.window.first();
        self.loaded = self.window.len() as u64;
        self.look_for_new();
        self.at_newest = self.window.at_newest();
        self.at_oldest = self.window.at_oldest();
        self.changed = ThreadChanged::ALL;
        self.look_up_answering();
    }

    /// A device has ours, up to this one of its log.
    pub(super) fn delivered(&mut self, device: &DeviceId, upto: &MessageId, context: &Context) {
        if self.window.delivered(device, upto) {
            self.look_at_timers(true);
            self.draw_rows(context);
        }
    }

    /// A device has read ours, up to this one of its log.
    pub(super) fn read(&mut self, device: &DeviceId, upto: &MessageId, context: &Context) {
        if self.window.read(device, upto) {
            self.draw_rows(context);
        }
    }

    /// The text being written is this now.
    fn type_draft(&mut self, mut draft: String, context: &Context) {
        if draft == self.draft {
            return;
        }
        if draft.len() > MAX_DRAFT {
            draft.truncate(draft.floor_char_boundary(MAX_DRAFT));
            self.set_draft(draft);
        } else {
            self.draft = draft;
        }
        self.target_gone = false;
        self.measure();
        let now_ms = context.now.monotonic_ms;
        self.typed.first_ms.get_or_insert(now_ms);
        self.typed.last_ms = now_ms;
        self.changed.rest = true;
    }

    /// Has the draft kept, if anything was typed since it last was.
    pub(super) fn keep_draft(&mut self) -> Vec<Outcome> {
        match self.typed.first_ms.take() {
            Some(_) => kept(&self.id, self.whole_draft()),
            None => Vec::new(),
        }
    }

    /// What is being written, and before it the text of files that are on their way.
    pub(super) fn whole_draft(&self) -> Draft {
        let since = self.present_draft();
        match &self.caption {
            Some(caption) => before(caption.clone(), since),
            None => since,
        }
    }

    /// This is being written.
    pub(super) fn show_draft(&mut self, draft: Draft) {
        self.about = About::of(&draft);
        self.answering = None;
        self.set_draft(draft.text.0);
    }

    /// Shows a draft that was changed elsewhere, unless somebody is writing or sending here: what was typed last stays.
    pub(super) fn take_draft(&mut self, draft: &Draft) {
        let is_busy =
            self.typed.first_ms.is_some() || !self.sending.is_empty() || self.caption.is_some();
        if is_busy || *draft == self.present_draft() {
            return;
        }
        self.show_draft(draft.clone());
        self.target_gone = draft.target_gone;
        self.look_up_answering();
        self.changed.rest = true;
    }

    /// What is being written has changed by something else than a key: it is kept at once.
    pub(super) fn touch_draft(&mut self) {
        self.typed.first_ms = Some(0);
        self.typed.last_ms = 0;
        self.measure();
        self.changed.rest = true;
    }

    /// Takes the text being written, to send it.
    pub(super) fn begin_sending(&mut self, ticket: Ticket, context: &Context) -> Option<Draft> {
        if !self.may_send {
            return None;
        }
        let text = self.draft.trim().to_owned();
        if self.is_editing() {
            let draft = About::draft(self.about.as_ref(), text);
            self.stop_editing();
            return Some(draft);
        }
        self.sending.push(Sending { ticket, text });
        Some(self.take_text(context))
    }

    /// Takes the text being written, with what it answers. The node takes its draft away with the message.
    pub(super) fn take_text(&mut self, context: &Context) -> Draft {
        let mut draft = About::draft(self.about.as_ref(), self.draft.trim().to_owned());
        draft.timer_s = Some(self.timer_shown_s);
        self.timer_shown_s = self.timer_s;
        self.about = None;
        self.answering = None;
        self.set_draft(String::new());
        self.typed.first_ms = None;
        self.first_unread = None;
        self.fetching.follow();
        self.draw_rows(context);
        draft
    }

    /// Another text of a message is being written.
    pub(super) fn is_editing(&self) -> bool {
        About::is_edit(self.about.as_ref())
    }

    /// Files are attached that can be sent, or not.
    pub(super) fn know_files(&mut self, can_send: bool) {
        self.has_files = can_send;
        self.measure();
        self.changed.rest = true;
    }

    /// A text is durable, or was refused: then it is a draft again, and what was written is not lost.
    pub(super) fn end_sending(&mut self, ticket: Ticket, refused: Option<Draft>) -> Vec<Outcome> {
        self.sending.retain(|one| one.ticket != ticket);
        self.changed.rest = true;
        let Some(refused) = refused else {
            self.measure();
            self.follow();
            return Vec::new();
        };
        self.take_back(refused)
    }

    /// A message of ours stands: an event tells of it, and a reader elsewhere is taken there.
    pub(super) fn follow(&mut self) {
        if !self.at_newest {
            self.jump(Target::Newest);
        }
    }

    /// What was not sent is a draft again.
    pub(super) fn take_back(&mut self, refused: Draft) -> Vec<Outcome> {
        self.show_draft(before(refused, self.present_draft()));
        let kept = kept(&self.id, self.whole_draft());
        self.look_up_answering();
        self.typed.first_ms = None;
        kept
    }

    pub(super) fn set_draft(&mut self, draft: String) {
        self.draft = draft;
        self.draft_set = self.draft_set.wrapping_add(1);
        self.measure();
    }

    fn measure(&mut self) {
        let length = self.draft.trim().len();
        self.length_left = (length + TELL_LEFT > MAX_TEXT).then(|| MAX_TEXT as i64 - length as i64);
        let has_files = self.has_files && !self.is_editing();
        self.may_send = (length > 0 || has_files)
            && length <= MAX_TEXT
            && self.face.takes_messages()
            && self.sending.len() < MAX_SENDING;
    }

    /// Puts a message on the clipboard.
    fn copy(&self, id: &MessageId) -> Vec<Outcome> {
        let text = self.window.find(id).map(Loaded::text).unwrap_or_default();
        if text.is_empty() {
            return Vec::new();
        }
        vec![
            Outcome::Do(Effect::Copy(Private(text))),
            Outcome::Tell(Banner::Copied),
        ]
    }

    /// Tells everything about a message.
    fn details(&self, id: &MessageId, context: &Context) -> Vec<Outcome> {
        let Some(one) = self.window.find(id) else {
            return Vec::new();
        };
        let message = &one.message;
        let (tick, why) = rows::tick(message, self.reach);
        let author = message.author.as_ref();
        let in_group = rows::author_in_group(message);
        let waits = message.is_mine() && !message.is_delivered();
        let waits_for = self.members.iter().filter(|_| waits);
        let details = Details {
            id: id.clone(),
            name: in_group.unwrap_or_else(|| {
                author.map_or_else(
                    || self.face.name.clone(),
                    |author| context.contacts.name_of(author),
                )
            }),
            mine: message.is_mine(),
            pinned: message.pinned,
            without_reactions: self.who_cannot_show(Feature::Reactions, context),
            without_pins: self.who_cannot_show(Feature::Pins, context),
            time: context.calendar.when(message.time_ms),
            ahead: message.is_ahead(context.now.wall_ms),
            tick,
            why,
            next: context.next_attempt(why),
            reachable: self.face.reachable,
            text: one.text(),
            earlier: Vec::new(),
            ways: Vec::new(),
            waits_for: waits_for.cloned().collect(),
        };
        let ways = details.waits_for.iter().cloned().map(Call::Ways);
        let mut outcomes: Vec<_> = ways.map(Outcome::ask).collect();
        if message.edited.is_some() {
            let versions = HostCall::Versions(self.id.clone(), id.clone());
            outcomes.push(Outcome::ask(versions));
        }
        outcomes.push(Outcome::Show(Dialog::MessageDetails(details)));
        outcomes
    }

    /// The names of the members whose devices do not show this.
    pub(super) fn who_cannot_show(&self, feature: Feature, context: &Context) -> String {
        context.contacts.without(&self.members, feature)
    }

    /// Puts an emoji on a message; ours is taken back.
    pub(super) fn react(&self, id: MessageId, emoji: String) -> Outcome {
        let is_ours = self.window.find(&id).is_some_and(|one| {
            let mut said = said(&one.message).into_iter();
            said.any(|said| said.mine && said.emoji == emoji)
        });
        let emoji = Private(if is_ours { String::new() } else { emoji });
        Outcome::ask(Call::React(self.id.clone(), id, emoji))
    }

    /// Asks for a date.
    fn ask_date(&self, context: &Context) -> Outcome {
        let in_view = self.reading.in_view.as_ref();
        let seen = in_view.and_then(|id| self.window.find(id));
        let shown = seen.or_else(|| self.window.iter().last());
        let at_ms = shown.map_or(context.now.wall_ms, |one| one.message.time_ms);
        let at = context.calendar.when(at_ms).date;
        let today = context.calendar.when(context.now.wall_ms).date;
        Outcome::Show(Dialog::JumpToDate {
            at,
            today,
            conversation: self.id.clone(),
            written: None,
        })
    }
}

/// What could not be sent stands before what was written since.
pub(super) fn before(mut refused: Draft, since: Draft) -> Draft {
    refused.timer_s = None;
    if since == Draft::text("") {
        return refused;
    }
    let separator = if since.text.0.is_empty() { "" } else { "\n" };
    refused.text.0 += separator;
    Draft {
        text: Private(refused.text.0 + &since.text.0),
        ..since
    }
}

/// Has a draft kept, as far as one is.
pub(super) fn kept(id: &ConversationId, mut draft: Draft) -> Vec<Outcome> {
    let text = &mut draft.text.0;
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    vec![
        Outcome::ask(Call::SetDraft(id.clone(), draft.clone())),
        Outcome::Draft(id.clone(), draft),
    ]
}

/// What clicking a link leads to.
fn open_link(link: String) -> Option<Outcome> {
    match links::opens(&link) {
        Opens::Page {
            url,
            host,
            foreign_letters,
            in_clear,
        } => Some(Outcome::Show(Dialog::OpenLink {
            url,
            host,
            foreign_letters,
            in_clear,
        })),
        Opens::Invitation => Some(Outcome::TakeLink(link)),
        Opens::Nothing => None,
    }
}
