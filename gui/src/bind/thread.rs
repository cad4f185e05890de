//! The open conversation. The rows that stay keep their place on screen, whatever comes or goes above
//! them: the first one in view is the anchor of the column.

use std::cell::RefCell;
use std::iter;
use std::mem::take;
use std::rc::Rc;
use std::time::Duration;

use hedgerow_node::api::Private;
use slint::{
    ComponentHandle, Model, ModelRc, SharedString, StyledText, Timer, TimerMode, VecModel,
};

use super::column::Column;
use super::markdown::markdown;
use super::near::{Spot, View};
use super::{Act, deleting, draft, files, invited, message, quote::quoted, timing, words};
use crate::model::{
    About, Action, App, ChangeKind, ChatsAction, GroupAction, Row, RowKind, Said, Scroll, Span,
    Thread, ThreadAction, copied,
};
use crate::pictures::within;
use crate::ui::{self, AppWindow, MessageMenu, ThreadRow, ThreadView};

/// So many letters are wider than a bubble, whatever they are.
const WIDE: usize = 200;

/// What is on screen.
#[derive(Default)]
pub struct Drawn {
    shown: Rc<RefCell<Shown>>,
    /// While rows come and go, what is in view changes back and forth: it is looked at afterwards.
    look: Rc<Timer>,
}

#[derive(Default)]
struct Shown {
    conversation: String,
    /// The page behind it.
    behind: Option<Action>,
    column: Column,
    /// How often the draft was set by anything but typing.
    draft_set: u32,
}

impl Drawn {
    pub fn listen(&self, ui: &AppWindow, act: &Act) {
        let view = ui.global::<ThreadView>();
        view.set_rows(ModelRc::from(self.shown.borrow().column.model.clone()));
        let say = act.clone();
        view.on_left_end(move || say.act(ThreadAction::LeftEnd));
        let (say, shown, weak) = (act.clone(), self.shown.clone(), ui.as_weak());
        let timer = Rc::downgrade(&self.look);
        view.on_moved(move || {
            if let Some(timer) = timer.upgrade().filter(|timer| !timer.running()) {
                let (say, shown, weak) = (say.clone(), shown.clone(), weak.clone());
                timer.start(TimerMode::SingleShot, Duration::ZERO, move || {
                    if let Some(ui) = weak.upgrade() {
                        look(&shown, &ui, &say);
                    }
                });
            }
        });
        let (shown, weak) = (self.shown.clone(), ui.as_weak());
        view.on_stands(move |row| {
            let spot = Spot {
                y: row.y,
                height: row.height,
                folds: row.folds,
            };
            let shifted = shown.borrow_mut().column.stands(&row.id, spot);
            if let Some(ui) = weak.upgrade() {
                if let Some(by) = shifted {
                    ui.invoke_thread_shift(by);
                }
                ui.global::<ThreadView>().invoke_moved();
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
            let row = shown.column.rows.iter().find(|row| id == row.id);
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
    }

    /// `rows`: they have changed as well.
    pub fn draw(&self, app: &mut App, ui: &AppWindow, rows: bool) {
        let view = ui.global::<ThreadView>();
        view.set_enter_sends(app.context.preferences.enter_sends);
        let mut shown = self.shown.borrow_mut();
        let Some(thread) = &mut app.pages.thread.open else {
            shown.leave();
            return;
        };
        let another = shown.conversation != thread.id.0;
        if another {
            shown.leave();
            shown.conversation.clone_from(&thread.id.0);
        }
        shown.behind = behind(thread);
        head(thread, &view);
        if rows || another {
            shown.column.take(thread);
        }
        drop(shown);
        let scroll = thread.take_scroll();
        if rows || another || scroll.is_some() {
            self.go(scroll, ui);
        }
        if self.shown.borrow().draft_set != thread.draft_set {
            self.shown.borrow_mut().draft_set = thread.draft_set;
            ui.invoke_show_draft(thread.draft.as_str().into());
        }
    }

    /// The rows have changed, or the view is to go elsewhere.
    fn go(&self, scroll: Option<Scroll>, ui: &AppWindow) {
        let view = ui.global::<ThreadView>();
        let seen = seen(ui);
        let mut shown = self.shown.borrow_mut();
        let column = &mut shown.column;
        match &scroll {
            Some(Scroll::End) => column.near_end(seen),
            Some(Scroll::Row(id)) => column.near_row(id, seen),
            None => column.near_something(seen),
        }
        column.tell(&view);
        drop(shown);
        match scroll {
            Some(Scroll::End) => ui.invoke_thread_to_end(),
            Some(Scroll::Row(id)) => {
                ui.invoke_thread_leave_end();
                view.set_target(id.into());
            }
            // Whoever was at the end stays there: the view sees to that itself.
            None => {}
        }
        view.invoke_moved();
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

/// What of the column is seen now.
fn seen(ui: &AppWindow) -> View {
    View {
        top: ui.invoke_thread_top(),
        height: ui.invoke_thread_height(),
    }
}

/// What is in view now, and what of it is new.
fn look(shown: &RefCell<Shown>, ui: &AppWindow, act: &Act) {
    let view = ui.global::<ThreadView>();
    let (seen, target, keyed) = (seen(ui), view.get_target(), view.get_keyed());
    let mut now = shown.borrow_mut();
    let sight = now.column.look(seen, &target, &keyed);
    now.column.tell(&view);
    drop(now);
    let hidden = sight.hidden.map(ThreadAction::Hidden);
    let actions = [
        hidden,
        sight.seen.map(ThreadAction::Seen),
        sight.ends_above.then_some(ThreadAction::NearTop),
        sight.ends_below.then_some(ThreadAction::NearBottom),
    ];
    for action in actions.into_iter().flatten() {
        act.act(action);
    }
}

impl Shown {
    /// Forgets the conversation.
    fn leave(&mut self) {
        let mut column = take(&mut self.column);
        column.clear();
        *self = Self {
            column,
            ..Self::default()
        };
    }

    /// What a row says between these bytes, with each link whole.
    fn part(&self, id: &str, one: i32, other: i32) -> Option<String> {
        let row = self.column.rows.iter().find(|row| row.id == id)?;
        let RowKind::Message(message) = &row.kind else {
            return None;
        };
        let from = usize::try_from(one.min(other)).ok()?;
        let to = usize::try_from(one.max(other)).ok()?;
        Some(copied(message.body.as_deref()?, from, to))
    }

    /// Where the byte there of the text of a row leads.
    fn link_at(&self, id: &str, at: i32) -> Option<String> {
        let row = self.column.rows.iter().find(|row| row.id == id)?;
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

/// A row as the interface has it.
pub fn drawn(row: &Row) -> ThreadRow {
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
                    ChangeKind::Continues => ui::ChangeKind::Continues,
                    ChangeKind::GoesOn => ui::ChangeKind::GoesOn,
                    ChangeKind::Timer(_) => ui::ChangeKind::Timer,
                },
                who: change.who.as_str().into(),
                by: change.by.as_str().into(),
                leads_to: change.leads_to.as_ref().map_or("", |group| &group.0).into(),
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
