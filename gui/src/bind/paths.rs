//! The paths to relays.

use slint::ComponentHandle;

use super::{Act, words};
use crate::model::{Paths, PathsAction, PathsKind};
use crate::ui::{self, AppWindow, PathsView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<PathsView>();
    let say = act.clone();
    view.on_choose(move |paths| {
        say.act(PathsAction::ChoosePaths(match paths {
            ui::Paths::Direct => PathsKind::Direct,
            ui::Paths::Relayed => PathsKind::Relayed,
            ui::Paths::Proxied => PathsKind::Proxied,
        }));
    });
    let say = act.clone();
    view.on_typed(move |proxy| say.act(PathsAction::Proxy(proxy.into())));
    let say = act.clone();
    view.on_use_proxy(move || say.act(PathsAction::UseProxy));
}

pub fn draw(paths: &Paths, ui: &AppWindow) {
    let view = ui.global::<PathsView>();
    view.set_used(words::paths(PathsKind::of(&paths.used)));
    view.set_chosen(words::paths(paths.chosen()));
    view.set_may_use(paths.may_use());
    view.set_problem(words::problem(paths.problem.as_ref()));
    // Do not disturb the field while the user writes in it.
    if view.get_proxy() != paths.proxy.as_str() {
        view.set_proxy(paths.proxy.as_str().into());
    }
}
