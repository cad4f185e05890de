//! The dialog in which a group starts again.

use hedgerow_node::api::MemberId;
use slint::ComponentHandle;

use super::{Act, list, words};
use crate::model::{DialogAction, Kept, Restarting};
use crate::ui::{self, AppWindow, RestartingView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<RestartingView>();
    let say = act.clone();
    view.on_choose(move |id| say.act(DialogAction::LeaveOut(MemberId(id.into()))));
    let say = act.clone();
    view.on_confirm(move || say.act(DialogAction::Confirm));
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
}

pub fn draw(asked: &Restarting, ui: &AppWindow) {
    let view = ui.global::<RestartingView>();
    let shown = list(view.get_members(), asked.members.iter().map(candidate));
    view.set_members(shown);
    view.set_name(asked.name.as_str().into());
    view.set_not_asked(asked.not_asked().as_str().into());
    view.set_chosen(words::number(asked.left_out() as u64));
}

fn candidate(kept: &Kept) -> ui::Candidate {
    ui::Candidate {
        id: kept.member.id.0.as_str().into(),
        name: kept.member.name.as_str().into(),
        initials: kept.member.initials.as_str().into(),
        hue: kept.member.hue.into(),
        chosen: kept.left_out,
    }
}
