//! What is asked before a message is deleted, and what stands in its place.

use slint::ComponentHandle;

use super::{Act, message, words};
use crate::model::{Deleting, DialogAction, Gone, ThreadAction};
use crate::ui::{AppWindow, DeletingView, GoneLine, GoneState};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<DeletingView>();
    let say = act.clone();
    view.on_ask(move |id| say.act(ThreadAction::Delete(message(id))));
    let say = act.clone();
    view.on_delete(move |for_all| say.act(DialogAction::Delete { for_all }));
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
}

pub fn draw(deleting: &Deleting, ui: &AppWindow) {
    let view = ui.global::<DeletingView>();
    view.set_for_all(deleting.for_all);
    view.set_without(deleting.without.as_str().into());
}

pub fn gone(gone: Option<&Gone>) -> GoneLine {
    let line = |state, name: &str| GoneLine {
        state,
        name: name.into(),
        ..GoneLine::default()
    };
    match gone {
        None => line(GoneState::Here, ""),
        Some(Gone::ByAuthor) => line(GoneState::ByAuthor, ""),
        Some(Gone::ByUs) => line(GoneState::ByUs, ""),
        Some(Gone::Waits(names)) => line(GoneState::Waits, names),
        Some(Gone::Kept(names)) => line(GoneState::Kept, names),
        Some(Gone::Removed { name, time }) => GoneLine {
            time: words::when(Some(*time)),
            ..line(GoneState::Removed, name.as_deref().unwrap_or_default())
        },
    }
}
