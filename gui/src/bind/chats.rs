//! The list of conversations.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use hedgerow_node::api::ContactId;
use slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel};

use super::{Act, conversation, words};
use crate::model::{Action, App, ChatRow, Chats, ChatsAction, DoorAction, SettingsPage};
use crate::ui::{self, AppWindow, ChatsView, ListKind};

/// The rows on screen.
#[derive(Default)]
pub struct Drawn {
    model: Rc<VecModel<ui::ChatRow>>,
    /// The conversation that has the keyboard's focus, or had it.
    focused: Rc<RefCell<SharedString>>,
}

impl Drawn {
    pub fn listen(&self, ui: &AppWindow, act: &Act) {
        let view = ui.global::<ChatsView>();
        view.set_rows(ModelRc::from(self.model.clone()));
        let say = act.clone();
        view.on_filtered(move |text| say.act(ChatsAction::Filter(text.into())));
        let say = act.clone();
        view.on_open(move |id| say.act(ChatsAction::OpenChat(conversation(id))));
        let focused = self.focused.clone();
        view.on_focused(move |id| drop(focused.replace(id)));
        let say = act.clone();
        view.on_add(move || say.act(Action::ShowAdding));
        let say = act.clone();
        view.on_details(move |id| say.act(Action::ShowPerson(ContactId(id.into()))));
        let say = act.clone();
        view.on_block(move |id, blocked| {
            say.act(ChatsAction::Block(ContactId(id.into()), blocked))
        });
        let say = act.clone();
        view.on_remove(move |id| say.act(ChatsAction::Remove(ContactId(id.into()))));
        let say = act.clone();
        view.on_show_list(move || say.act(Action::ShowList));
        let say = act.clone();
        view.on_network(move || say.act(Action::ShowNetwork));
        let say = act.clone();
        view.on_settings(move || say.act(Action::ShowSettings(SettingsPage::Overview)));
        let say = act.clone();
        view.on_lock(move || say.act(DoorAction::LockScreen));
    }

    pub fn draw(&self, app: &App, ui: &AppWindow) {
        self.arrange(lines(&app.pages.chats));
        ui.global::<ChatsView>()
            .set_total(words::number(app.pages.chats.total as u64));
    }

    /// Keeps the rows that stay. A row that is removed and inserted again loses the focus, so all others move around
    /// the one that has it.
    fn arrange(&self, wanted: Vec<ui::ChatRow>) {
        let focused = self.focused.borrow();
        let is_it = |row: &ui::ChatRow| row.id == *focused;
        let here = self.model.iter().position(|row| is_it(&row));
        let there = wanted.iter().position(is_it);
        match here.zip(there) {
            Some((here, there)) => {
                self.arrange_part(here + 1, self.model.row_count(), &wanted[there + 1..]);
                self.show(here, &wanted[there]);
                self.arrange_part(0, here, &wanted[..there]);
            }
            None => self.arrange_part(0, self.model.row_count(), &wanted),
        }
    }

    /// Turns the rows from `start` to `end`, and no others, into the wanted ones.
    fn arrange_part(&self, start: usize, mut end: usize, wanted: &[ui::ChatRow]) {
        let stays: BTreeSet<_> = wanted.iter().map(|row| row.id.as_str()).collect();
        for at in (start..end).rev() {
            let shown = self.model.row_data(at);
            if shown.is_some_and(|shown| !stays.contains(shown.id.as_str())) {
                self.model.remove(at);
                end -= 1;
            }
        }
        for (at, row) in (start..).zip(wanted) {
            let mut rest = at..end;
            let is_it = |at: &usize| self.model.row_data(*at).is_some_and(|one| one.id == row.id);
            match rest.find(is_it) {
                Some(here) if here == at => self.show(at, row),
                Some(here) => {
                    self.model.remove(here);
                    self.model.insert(at, row.clone());
                }
                None => {
                    self.model.insert(at, row.clone());
                    end += 1;
                }
            }
        }
    }

    fn show(&self, at: usize, row: &ui::ChatRow) {
        if self.model.row_data(at).as_ref() != Some(row) {
            self.model.set_row_data(at, row.clone());
        }
    }
}

/// The conversations, what leads to others, and what is done with all.
fn lines(chats: &Chats) -> Vec<ui::ChatRow> {
    let entry = |kind, id: &str, count: usize| ui::ChatRow {
        id: id.into(),
        kind,
        count: words::number(count as u64),
        ..ui::ChatRow::default()
    };
    let arranged = &chats.arranged;
    let is_whole = chats.filter.trim().is_empty() && chats.total > 0;
    let is_first = is_whole && !arranged.shows_archived;
    let back = (is_whole && !is_first).then(|| entry(ListKind::Back, "back", 0));
    let notes = (is_first && !arranged.has_notes).then(|| entry(ListKind::Notes, "notes", 0));
    let archived = (is_first && arranged.archived > 0)
        .then(|| entry(ListKind::Archived, "archived", arranged.archived));
    let read_all =
        (is_first && arranged.several_wait).then(|| entry(ListKind::ReadAll, "read-all", 0));
    let starred = is_first.then(|| entry(ListKind::Starred, "starred", 0));
    let shown = chats.rows.iter().map(row);
    let lines = back.into_iter().chain(shown);
    let entries = notes.into_iter().chain(starred).chain(archived);
    lines.chain(entries).chain(read_all).collect()
}

fn row(chat: &ChatRow) -> ui::ChatRow {
    let last = chat.last.as_ref();
    ui::ChatRow {
        id: chat.id.0.as_str().into(),
        person: chat
            .person
            .as_ref()
            .map_or_else(SharedString::new, |person| person.0.as_str().into()),
        face: words::face(&chat.face),
        has_last: last.is_some(),
        excerpt: last
            .and_then(|last| last.text.as_deref())
            .unwrap_or_default()
            .into(),
        not_here: last.is_some_and(|last| last.not_here),
        unknown_kind: last.is_some_and(|last| last.text.is_none()),
        deleted: last.is_some_and(|last| last.deleted),
        timer: words::timer_line(last.and_then(|last| last.sets_timer_s)),
        invites_into: last
            .and_then(|last| last.invites_into.as_deref())
            .unwrap_or_default()
            .into(),
        author: last
            .and_then(|last| last.author.as_deref())
            .unwrap_or_default()
            .into(),
        mine: last.is_some_and(|last| last.mine),
        tick: words::tick(last.and_then(|last| last.tick)).0,
        when: words::when(chat.when),
        unread: words::number(chat.unread),
        queued: words::number(chat.queued),
        draft: chat.draft.as_deref().unwrap_or_default().into(),
        selected: chat.selected,
        muted: chat.muted,
        archived: chat.archived,
        marked_unread: chat.marked_unread,
        kind: ListKind::Conversation,
        count: 0,
    }
}
