//! The list of conversations.

use std::rc::Rc;

use slint::{ComponentHandle, Model, ModelRc, VecModel};

use super::{Act, contact, words};
use crate::model::{Action, App, ChatRow, SettingsPage};
use crate::ui::{self, AppWindow, ChatsView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<ChatsView>();
    let say = act.clone();
    view.on_filtered(move |text| say(Action::Filter(text.into())));
    let say = act.clone();
    view.on_open(move |id| say(Action::OpenChat(contact(id))));
    let say = act.clone();
    view.on_add(move || say(Action::ShowAdding));
    let say = act.clone();
    view.on_network(move || say(Action::ShowNetwork));
    let say = act.clone();
    view.on_settings(move || say(Action::ShowSettings(SettingsPage::Overview)));
    let say = act.clone();
    view.on_lock(move || say(Action::LockScreen));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<ChatsView>();
    let rows = app.chats.rows.iter().map(row);
    let shown = view.get_rows();
    match shown.as_any().downcast_ref::<VecModel<ui::ChatRow>>() {
        // Only what has changed is made anew.
        Some(shown) if shown.row_count() == rows.len() => {
            for (at, row) in rows.enumerate() {
                if shown.row_data(at).as_ref() != Some(&row) {
                    shown.set_row_data(at, row);
                }
            }
        }
        _ => view.set_rows(ModelRc::from(Rc::new(VecModel::from_iter(rows)))),
    }
    view.set_total(words::number(app.chats.total as u64));
}

fn row(chat: &ChatRow) -> ui::ChatRow {
    let last = chat.last.as_ref();
    ui::ChatRow {
        id: chat.id.0.as_str().into(),
        face: words::face(&chat.face),
        has_last: last.is_some(),
        excerpt: last
            .and_then(|last| last.text.as_deref())
            .unwrap_or_default()
            .into(),
        unknown_kind: last.is_some_and(|last| last.text.is_none()),
        mine: last.is_some_and(|last| last.mine),
        tick: words::tick(last.and_then(|last| last.tick)).0,
        when: words::when(chat.when),
        unread: words::number(chat.unread),
        queued: words::number(chat.queued),
        draft: chat.draft.as_deref().unwrap_or_default().into(),
        selected: chat.selected,
    }
}
