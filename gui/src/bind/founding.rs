//! Making a group.

use std::cell::Cell;

use hedgerow_node::api::ContactId;
use slint::ComponentHandle;

use super::{Act, choosing, list, words};
use crate::model::{Action, Founding, FoundingAction, NameFault};
use crate::ui::{self, AppWindow, FoundingView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<FoundingView>();
    let say = act.clone();
    view.on_name(move |text| say.act(FoundingAction::Name(text.into())));
    let say = act.clone();
    view.on_find(move |text| say.act(FoundingAction::Find(text.into())));
    let say = act.clone();
    view.on_choose(move |id| say.act(FoundingAction::Choose(ContactId(id.into()))));
    let say = act.clone();
    view.on_make(move || say.act(FoundingAction::Make));
    let say = act.clone();
    view.on_back(move || say.act(Action::Back));
}

/// `name_set`: the value of its `name_set` for the name on screen.
pub fn draw(founding: &Founding, ui: &AppWindow, name_set: &Cell<u32>) {
    let view = ui.global::<FoundingView>();
    let candidates = founding.choosing.candidates.iter();
    let shown = list(view.get_candidates(), candidates.map(choosing::candidate));
    view.set_candidates(shown);
    view.set_nobody(founding.choosing.is_empty);
    view.set_chosen(words::number(founding.choosing.chosen.len() as u64));
    view.set_fault(match founding.fault {
        None => ui::NameFault::None,
        Some(NameFault::Missing) => ui::NameFault::Missing,
        Some(NameFault::TooLong) => ui::NameFault::TooLong,
    });
    view.set_problem(words::problem(founding.problem.as_ref()));
    view.set_busy(founding.busy);
    view.set_asked(founding.asked as i32);
    if name_set.replace(founding.name_set) != founding.name_set {
        ui.invoke_show_group_name(founding.name.as_str().into());
    }
}
