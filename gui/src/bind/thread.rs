//! The open conversation. The rows that stay keep their place on screen, whatever comes or goes above
//! them: the first one in view is the view's anchor.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::iter;
use std::rc::Rc;
use std::time::Duration;

use hedgerow_node::api::{MessageId, Private};
use slint::{
    ComponentHandle, Model, ModelRc, SharedString, StyledText, Timer, TimerMode, VecModel,
};

use super::markdown::markdown;
use super::{Act, deleting, draft, files, invited, message, quote::quoted, timing, words};
use crate::model::{
    About, Action, App, ChangeKind, ChatsAction, GroupAction, Row, RowKind, Said, Scroll, Span,
    Splice, Thread, ThreadAction, copied, splices,
};
use crate::pictures::within;
use crate::ui::{self, AppWindow, MessageMenu, ThreadRow, ThreadView};

/// So many letters are wider than a bubble, whatever they are.
const WIDE: usize = 200;

/// What is on screen.
#[derive(Default)]
pub struct Drawn {
    shown: Rc<RefCell<Shown>>,
    model: Rc<VecModel<ThreadRow>>,
    /// While rows come and go, what is in view changes back and forth: it is looked at afterwards.
    look: Rc<Timer>,
}

#[derive(Default)]
struct Shown {
    conversation: String,
    /// The page behind it.
    behind: Option<Action>,
    rows: Vec<Row>,
    /// How often the draft was set by anything but typing.
    draft_set: u32,
    in_view: BTreeSet<String>,
    /// The rows whose end is in view, and of all that fit into it the beginning.
    whole: BTreeSet<String>,
    /// The rows of which a part has not been seen.
    hidden: BTreeSet<String>,
    /// Those of them that the model knows.
    told: BTreeSet<MessageId>,
}

impl Drawn {
    pub fn listen(&self, ui: &AppWindow, act: &Act) {
        let view = ui.global::<ThreadView>();
        view.set_rows(ModelRc::from(self.model.clone()));
        let say = act.clone();
        view.on_near_top(move || say.act(ThreadAction::NearTop));
        let say = act.clone();
        view.on_near_bottom(move || say.act(ThreadAction::NearBottom));
        let say = act.clone();
        view.on_left_end(move || say.act(ThreadAction::LeftEnd));
        let (say, shown, weak) = (act.clone(), self.shown.clone(), ui.as_weak());
        let timer = Rc::downgrade(&self.look);
        view.on_in_view(move |id, enters, whole, hidden| {
            let now = &mut *shown.borrow_mut();
            let sets = [
                (&mut now.in_view, enters),
                (&mut now.whole, whole),
                (&mut now.hidden, hidden),
            ];
            for (rows, enters) in sets {
                match enters {
                    true => rows.insert(id.clone().into()),
                    false => rows.remove(id.as_str()),
                };
            }
            let (say, shown, weak) = (say.clone(), shown.clone(), weak.clone());
            if let Some(timer) = timer.upgrade().filter(|timer| !timer.running()) {
                timer.start(TimerMode::SingleShot, Duration::ZERO, move || {
                    if let Some(ui) = weak.upgrade() {
                        look(&shown, &ui, &say);
                    }
                });
            }
        });
        let say = act.clone();
        view.on_to_newest(move || say.act(ThreadAction::JumpToNewest));
        let say = act.clone();
        view.on_to_unread(move || say.act(ThreadAction::JumpToUnread));
        let say = act.clone();
        view.on_to_fraction(move |part| say.act(ThreadAction::ScrollTo(part.into())));
        let say = act.clone();
        view.on_ask_date(move || say.act(ThreadAction::AskDate));
        let say = act.clone();
        view.on_details(move |id| say.act(ThreadAction::Details(message(id))));
        let say = act.clone();
        view.on_jump(move |id| say.act(ThreadAction::JumpTo(message(id))));
        let say = act.clone();
        view.on_reply(move |id| say.act(ThreadAction::Reply(message(id))));
        let say = act.clone();
        view.on_edit(move |id| say.act(ThreadAction::Edit(message(id))));
        let say = act.clone();
        view.on_edit_last(move || say.act(ThreadAction::EditLast));
        let say = act.clone();
        view.on_drop_about(move || say.act(ThreadAction::DropAbout));
        let (shown, weak) = (self.shown.clone(), ui.as_weak());
        view.on_about_row(move |id| {
            let face = weak
                .upgrade()
                .map(|ui| ui.global::<ThreadView>().get_face());
            let answerable = face.is_some_and(|face| face.writes);
            let shown = shown.borrow();
            let row = shown.rows.iter().find(|row| id == row.id);
            match row.map(|row| &row.kind) {
                Some(RowKind::Message(message)) => {
                    let offers = message.file.as_deref().map(|file| file.offers);
                    let offers = offers.unwrap_or_default();
                    MessageMenu {
                        says: message.body.as_deref().is_some_and(|body| !body.is_empty()),
                        saves: offers.save
                            && !message.file.as_deref().is_some_and(|file| file.saving),
                        frees: offers.free,
                        views: message.file.as_deref().is_some_and(|file| file.is_picture),
                        answerable,
                        editable: answerable && message.mine && message.body.is_some(),
                        starred: message.starred,
                    }
                }
                _ => MessageMenu::default(),
            }
        });
        let say = act.clone();
        view.on_react(move |id, emoji| {
            say.act(ThreadAction::React {
                id: message(id),
                emoji: emoji.into(),
            });
        });
        let say = act.clone();
        view.on_pin(move |id, pinned| {
            say.act(ThreadAction::Pin {
                id: message(id),
                pinned,
            });
        });
        let say = act.clone();
        let weak = ui.as_weak();
        view.on_unfold(move |id| {
            // Its beginning stays in view, although all of it is higher than that.
            if let Some(ui) = weak.upgrade() {
                ui.invoke_thread_leave_end();
            }
            say.act(ThreadAction::Unfold(message(id)));
        });
        let say = act.clone();
        view.on_link(move |link| say.act(ThreadAction::OpenLink(link.into())));
        let say = act.clone();
        view.on_copy(move |id| say.act(ThreadAction::CopyMessage(message(id))));
        let (say, shown) = (act.clone(), self.shown.clone());
        view.on_copy_part(move |id, from, to| {
            if let Some(text) = shown.borrow().part(&id, from, to) {
                say.act(ThreadAction::CopyPart(Private(text)));
            }
        });
        view.on_room(|count| {
            let spaces = iter::repeat_n('\u{2007}', usize::try_from(count).unwrap_or(0));
            iter::once(' ').chain(spaces).collect::<String>().into()
        });
        draft::listen(ui);
        let (say, shown) = (act.clone(), self.shown.clone());
        view.on_pressed(move |id, at| {
            let link = shown.borrow().link_at(&id, at);
            if let Some(link) = link {
                say.act(ThreadAction::OpenLink(link));
            }
        });
        let say = act.clone();
        view.on_draft(move |text| say.act(ThreadAction::Draft(text.into())));
        let say = act.clone();
        view.on_send(move || say.act(ThreadAction::Send));
        let (say, shown) = (act.clone(), self.shown.clone());
        view.on_person(move || {
            // Behind a chat with one contact stands its page, behind a group that of the group.
            let behind = shown.borrow().behind.clone();
            if let Some(action) = behind {
                say.act(action);
            }
        });
        let say = act.clone();
        view.on_later(move || say.act(ThreadAction::AskLater));
        let say = act.clone();
        view.on_back(move || say.act(Action::Back));
        let say = act.clone();
        view.on_step(move |down| say.act(ChatsAction::Step { down }));
        let weak = ui.as_weak();
        view.on_found(move |place| {
            if let Some(ui) = weak.upgrade() {
                ui.global::<ThreadView>().set_target("".into());
                ui.invoke_thread_go(place);
            }
        });
        let weak = ui.as_weak();
        view.on_shifted(move |by| {
            if let Some(ui) = weak.upgrade() {
                ui.invoke_thread_shift(by);
            }
        });
    }

    /// `rows`: they have changed as well.
    pub fn draw(&self, app: &mut App, ui: &AppWindow, rows: bool) {
        let view = ui.global::<ThreadView>();
        view.set_enter_sends(app.context.preferences.enter_sends);
        let Some(thread) = &mut app.pages.thread.open else {
            self.shown.take();
            self.model.set_vec(Vec::new());
            return;
        };
        let another = self.shown.borrow().conversation != thread.id.0;
        if another {
            self.shown.replace(Shown {
                conversation: thread.id.0.clone(),
                ..Shown::default()
            });
            self.model.set_vec(Vec::new());
        }
        self.shown.borrow_mut().behind = behind(thread);
        head(thread, &view);
        if rows || another {
            self.rows(thread);
        }
        match thread.take_scroll() {
            Some(Scroll::End) => ui.invoke_thread_to_end(),
            Some(Scroll::Row(id)) => {
                ui.invoke_thread_leave_end();
                view.set_anchor(id.as_str().into());
                view.set_target(id.into());
            }
            // Whoever was at the end stays there: the view sees to that itself.
            None => {}
        }
        if self.shown.borrow().draft_set != thread.draft_set {
            self.shown.borrow_mut().draft_set = thread.draft_set;
            ui.invoke_show_draft(thread.draft.as_str().into());
        }
    }

    fn rows(&self, thread: &Thread) {
        let mut shown = self.shown.borrow_mut();
        let changes = splices(
            shown.rows.iter().map(|row| row.id.as_str()),
            thread.rows.iter().map(|row| row.id.as_str()),
        );
        for change in &changes {
            self.apply(change, thread, &mut shown);
        }
        for (at, row) in thread.rows.iter().enumerate() {
            if shown.rows[at] != *row {
                self.model.set_row_data(at, drawn(row));
                shown.rows[at] = row.clone();
            }
        }
    }

    fn apply(&self, change: &Splice, thread: &Thread, shown: &mut Shown) {
        let at = change.at;
        // One that comes below all others, while these stay.
        let is_live = change.removed == 0 && !shown.rows.is_empty() && thread.at_newest;
        // The last first: those which stay move less often.
        for (offset, gone) in shown.rows.drain(at..at + change.removed).enumerate().rev() {
            self.model.remove(at + offset);
            shown.in_view.remove(&gone.id);
            shown.whole.remove(&gone.id);
            shown.hidden.remove(&gone.id);
        }
        for (offset, new) in change.added.clone().enumerate() {
            let row = &thread.rows[new];
            let mut drawn = drawn(row);
            drawn.fresh = is_live && new + 1 == thread.rows.len() && !drawn.mine;
            self.model.insert(at + offset, drawn);
            shown.rows.insert(at + offset, row.clone());
        }
    }
}

/// Puts this where the cursor is in the draft, in place of what is marked there.
pub fn insert(text: &str, ui: &AppWindow) {
    let view = ui.global::<ThreadView>();
    let draft = view.get_draft_text();
    let byte = |offset: i32| draft.floor_char_boundary(usize::try_from(offset).unwrap_or(0));
    let (one, other) = (byte(view.get_draft_anchor()), byte(view.get_draft_cursor()));
    let (before, after) = (&draft[..one.min(other)], &draft[one.max(other)..]);
    let cursor = i32::try_from(before.len() + text.len()).unwrap_or(i32::MAX);
    ui.invoke_write_draft(slint::format!("{before}{text}{after}"), cursor);
}

/// What is in view now: the first row is the anchor, and the last message is seen.
fn look(shown: &RefCell<Shown>, ui: &AppWindow, act: &Act) {
    let mut now = shown.borrow_mut();
    let seen = now.last_in_view();
    if let Some(first) = now.first_in_view() {
        ui.global::<ThreadView>().set_anchor(first.into());
    }
    let hidden: BTreeSet<_> = now.hidden.iter().cloned().map(MessageId).collect();
    let changed = (hidden != now.told).then(|| {
        now.told.clone_from(&hidden);
        hidden
    });
    drop(now);
    if let Some(hidden) = changed {
        act.act(ThreadAction::Hidden(hidden));
    }
    if let Some(seen) = seen {
        act.act(ThreadAction::Seen(seen));
    }
}

impl Shown {
    fn first_in_view(&self) -> Option<&str> {
        let mut rows = self.rows.iter();
        let first = rows.find(|row| self.in_view.contains(&row.id))?;
        Some(&first.id)
    }

    /// What a row says between these bytes, with each link whole.
    fn part(&self, id: &str, one: i32, other: i32) -> Option<String> {
        let row = self.rows.iter().find(|row| row.id == id)?;
        let RowKind::Message(message) = &row.kind else {
            return None;
        };
        let from = usize::try_from(one.min(other)).ok()?;
        let to = usize::try_from(one.max(other)).ok()?;
        Some(copied(message.body.as_deref()?, from, to))
    }

    /// Where the byte there of the text of a row leads.
    fn link_at(&self, id: &str, at: i32) -> Option<String> {
        let row = self.rows.iter().find(|row| row.id == id)?;
        let RowKind::Message(message) = &row.kind else {
            return None;
        };
        let mut end = 0;
        let mut spans = message.body.as_deref()?.iter();
        let at = usize::try_from(at).ok()?;
        let span = spans.find(|span| {
            end += span.text.len();
            at < end
        })?;
        span.link.clone()
    }

    /// The last message that is wholly in view, whatever stands below it.
    fn last_in_view(&self) -> Option<MessageId> {
        let rows = self.rows.iter();
        let whole = rows.filter(|row| self.whole.contains(&row.id));
        let mut messages = whole.filter_map(|row| match &row.kind {
            RowKind::Message(message) => Some(message),
            _ => None,
        });
        messages.next_back().map(|one| one.id.clone())
    }
}

/// The page behind a conversation: of its contact, or of the group.
fn behind(thread: &Thread) -> Option<Action> {
    match thread.members.as_slice() {
        _ if thread.face.group.is_some() => Some(GroupAction::Show(thread.id.clone()).into()),
        [contact] => Some(Action::ShowPerson(contact.clone())),
        _ => None,
    }
}

fn head(thread: &Thread, view: &ThreadView<'_>) {
    view.set_id(thread.id.0.as_str().into());
    view.set_face(words::face(&thread.face));
    view.set_timer(words::number(thread.timer_s));
    view.set_total(words::number(thread.total));
    view.set_first(words::number(thread.first));
    view.set_loaded(words::number(thread.loaded));
    view.set_at_newest(thread.at_newest);
    view.set_at_oldest(thread.at_oldest);
    view.set_is_new(thread.opening);
    view.set_asks(thread.asks);
    view.set_unread(words::number(thread.unread));
    view.set_unread_above(words::number(thread.unread_above));
    view.set_may_send(thread.may_send);
    let answering = thread.answering.as_ref();
    view.set_answering(answering.map(quoted).unwrap_or_default());
    view.set_target_gone(thread.target_gone);
    view.set_about(match thread.about {
        None => ui::About::Nothing,
        Some(About::Reply(_)) => ui::About::Reply,
        Some(About::Edit(_)) => ui::About::Edit,
    });
    view.set_tells_left(thread.length_left.is_some());
    view.set_length_left(thread.length_left.unwrap_or(0) as i32);
    // Another model is laid out anew, with all rows beside it.
    if view.get_sending().row_count() > 0 || !thread.sending.is_empty() {
        let sending: VecModel<_> = thread
            .sending
            .iter()
            .map(|one| one.text.as_str().into())
            .collect();
        view.set_sending(ModelRc::from(Rc::new(sending)));
    }
}

/// For screen readers: each emoji, and how many people have put it there.
fn said_text(said: &[Said]) -> String {
    let counted = said
        .iter()
        .map(|said| format!("{} {}", said.emoji, said.count));
    counted.collect::<Vec<_>>().join(", ")
}

fn drawn(row: &Row) -> ThreadRow {
    let mut drawn = ThreadRow {
        id: row.id.as_str().into(),
        ..ThreadRow::default()
    };
    match &row.kind {
        RowKind::Day(when) => {
            drawn.kind = ui::RowKind::Day;
            drawn.time = words::when(Some(*when));
        }
        RowKind::Unread => drawn.kind = ui::RowKind::Unread,
        RowKind::Change(change) => {
            drawn.kind = ui::RowKind::Change;
            drawn.change = ui::Change {
                what: match change.what {
                    ChangeKind::Left => ui::ChangeKind::Left,
                    ChangeKind::Removed => ui::ChangeKind::Removed,
                    ChangeKind::Appointed => ui::ChangeKind::Appointed,
                    ChangeKind::Lowered => ui::ChangeKind::Lowered,
                    ChangeKind::Added => ui::ChangeKind::Added,
                    ChangeKind::IsIn => ui::ChangeKind::IsIn,
                    ChangeKind::Suspended => ui::ChangeKind::Suspended,
                    ChangeKind::Objected => ui::ChangeKind::Objected,
                    ChangeKind::Restored => ui::ChangeKind::Restored,
                    ChangeKind::Timer(_) => ui::ChangeKind::Timer,
                },
                who: change.who.as_str().into(),
                by: change.by.as_str().into(),
                said: match change.what {
                    ChangeKind::Timer(seconds) => words::timer_change(&change.by, seconds),
                    _ => SharedString::new(),
                },
            };
        }
        RowKind::Message(message) => {
            let (tick, carrier) = words::tick(message.tick);
            let body: &[Span] = message.body.as_deref().unwrap_or_default();
            let linked = body.iter().any(|span| span.link.is_some());
            if linked && let Ok(styled) = StyledText::from_markdown(&markdown(body)) {
                drawn.linked = true;
                drawn.styled = styled;
            }
            drawn.kind = ui::RowKind::Message;
            drawn.mine = message.mine;
            drawn.known = message.body.is_some();
            drawn.file = message.file.as_deref().map(files::card).unwrap_or_default();
            drawn.invited = message
                .invited
                .as_deref()
                .map(invited::card)
                .unwrap_or_default();
            drawn.gone = deleting::gone(message.gone.as_deref());
            drawn.not_here = message.not_here;
            drawn.timer = words::timer_line(message.sets_timer_s);
            drawn.text = body
                .iter()
                .map(|span| span.text.as_str())
                .collect::<String>()
                .into();
            let direction = unicode_bidi::get_base_direction_full(drawn.text.as_str());
            drawn.right_to_left = direction == unicode_bidi::Direction::Rtl;
            let last = drawn.text.lines().next_back().unwrap_or_default();
            let ends = unicode_bidi::get_base_direction(last) == unicode_bidi::Direction::Rtl;
            drawn.even = ends == drawn.right_to_left;
            if !drawn.known {
                // The interface says so instead.
                drawn.right_to_left = words::runs_from_right();
                drawn.even = true;
            }
            drawn.wide = drawn.text.lines().any(|line| line.chars().count() > WIDE);
            drawn.breaks = drawn
                .text
                .contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
            drawn.folded = message.folded;
            drawn.cut = message.cut;
            drawn.pictured = drawn.known && within(&drawn.text);
            drawn.large = message.large && message.file.is_none();
            drawn.quoted = message.quote.as_deref().map(quoted).unwrap_or_default();
            drawn.edited = message.edited;
            drawn.time = words::when(Some(message.time));
            drawn.tick = tick;
            drawn.carrier = carrier;
            drawn.starred = message.starred;
            drawn.goes = timing::goes(message.goes);
            drawn.pinned = message.pinned;
            drawn.ahead = message.ahead;
            let said = message.said.iter().map(|said| ui::Said {
                emoji: said.emoji.as_str().into(),
                count: i32::try_from(said.count).unwrap_or(i32::MAX),
                mine: said.mine,
            });
            drawn.said = ModelRc::new(said.collect::<VecModel<_>>());
            drawn.said_text = said_text(&message.said).into();
            drawn.author = message.author.as_deref().unwrap_or_default().into();
            drawn.starts_group = message.starts_group;
            drawn.ends_group = message.ends_group;
        }
    }
    drawn
}
