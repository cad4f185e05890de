//! Starred messages.

use slint::ComponentHandle;

use super::{Act, list, message, searching};
use crate::model::{Action, App, StarredAction, ThreadAction};
use crate::ui::{AppWindow, StarredView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<StarredView>();
    let say = act.clone();
    view.on_star(move |id, starred| {
        say.act(ThreadAction::Star {
            id: message(id),
            starred,
        })
    });
    let say = act.clone();
    view.on_open(move || say.act(StarredAction::Open));
    let say = act.clone();
    view.on_back(move || say.act(Action::Back));
    let say = act.clone();
    view.on_move(move |down| say.act(StarredAction::Move { down }));
    let say = act.clone();
    view.on_go(move |at| say.act(StarredAction::Go(usize::try_from(at).unwrap_or(usize::MAX))));
    let say = act.clone();
    view.on_go_marked(move || say.act(StarredAction::GoMarked));
    let say = act.clone();
    view.on_near_end(move || say.act(StarredAction::NearEnd));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let (view, starred) = (ui.global::<StarredView>(), &app.pages.starred);
    let hits = starred.hits.iter().map(searching::hit);
    view.set_hits(list(view.get_hits(), hits));
    view.set_marked(i32::try_from(starred.marked).unwrap_or(-1));
    view.set_told(starred.is_told);
}
