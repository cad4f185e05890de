//! What files take on this device, and whether old ones are to be freed.

use slint::{ComponentHandle, SharedString};

use super::{Act, conversation, list, words};
use crate::model::{self, App, DialogAction, Dropping, StorageAction, StorageRow};
use crate::ui::{self, Age, AppWindow, StorageView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<StorageView>();
    let say = act.clone();
    view.on_ask(move |id| say.act(StorageAction::AskDrop(conversation(id))));
    let say = act.clone();
    view.on_choose(move |age| {
        say.act(DialogAction::OlderThan(match age {
            Age::Month => model::Age::Month,
            Age::Season => model::Age::Season,
            Age::Year => model::Age::Year,
        }))
    });
    let say = act.clone();
    view.on_confirm(move || say.act(DialogAction::Confirm));
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let (view, storage) = (ui.global::<StorageView>(), &app.pages.storage);
    view.set_free(storage.free.map_or_else(SharedString::new, words::bytes));
    view.set_rows(list(view.get_rows(), storage.rows.iter().map(row)));
    view.set_busy(storage.rows.iter().any(|row| row.dropping.is_some()));
}

/// What the dialog asks.
pub fn asked(dropping: &Dropping, ui: &AppWindow) {
    let view = ui.global::<StorageView>();
    view.set_name(dropping.name.as_str().into());
    view.set_age(match dropping.age {
        model::Age::Month => Age::Month,
        model::Age::Season => Age::Season,
        model::Age::Year => Age::Year,
    });
    let found = dropping.found.unwrap_or_default();
    view.set_counted(dropping.found.is_some());
    view.set_files(words::number(found.free.files));
    view.set_size(words::bytes(found.free.bytes));
    view.set_kept(words::number(found.kept.files));
}

fn row(row: &StorageRow) -> ui::StorageRow {
    let (done, of) = row.dropping.unwrap_or((0, 0));
    ui::StorageRow {
        id: row.id.0.as_str().into(),
        name: row.name.as_str().into(),
        pictures: words::number(row.pictures.files),
        pictures_size: words::bytes(row.pictures.bytes),
        others: words::number(row.others.files),
        others_size: words::bytes(row.others.bytes),
        undelivered: words::number(row.undelivered.files),
        undelivered_size: words::bytes(row.undelivered.bytes),
        dropping: words::number(of),
        done: words::number(done),
    }
}
