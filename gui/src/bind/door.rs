//! The first start, and both locks.

use hedgerow_node::api::Passphrase;
use slint::ComponentHandle;

use super::{Act, words};
use crate::model::{App, DoorAction, Place};
use crate::ui::{AppWindow, DoorKind, DoorView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<DoorView>();
    let say = act.clone();
    view.on_name(move |text| say.act(DoorAction::Name(text.into())));
    let say = act.clone();
    view.on_passphrase(move |text| say.act(DoorAction::Passphrase(Passphrase::new(text.into()))));
    let say = act.clone();
    view.on_repeated(move |text| say.act(DoorAction::Repeated(Passphrase::new(text.into()))));
    let say = act.clone();
    view.on_go_on(move || say.act(DoorAction::GoOn));
    let say = act.clone();
    view.on_try_again(move || say.act(DoorAction::TryAgain));
    let say = act.clone();
    view.on_wipe(move || say.act(DoorAction::Wipe));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let (view, door) = (ui.global::<DoorView>(), &app.door);
    view.set_kind(match app.context.place {
        Place::Starting | Place::Main(_) => DoorKind::Starting,
        Place::Welcome => DoorKind::Welcome,
        Place::Unlock => DoorKind::Unlock,
        Place::ScreenLocked => DoorKind::ScreenLocked,
        Place::Failed(_) => DoorKind::Failed,
        Place::Wiped => DoorKind::Wiped,
    });
    let problem = match &app.context.place {
        Place::Failed(refusal) => Some(refusal),
        _ => door.problem.as_ref(),
    };
    view.set_problem(words::problem(problem));
    view.set_strength(door.new.strength.into());
    view.set_weakness(words::weakness(door.new.weakness));
    view.set_is_typed(door.new.is_typed);
    view.set_differs(door.new.differs);
    view.set_name_too_long(door.name_too_long);
    view.set_may_go_on(door.may_go_on);
    view.set_lack(words::lack(door.lack));
    view.set_asked(door.asked as i32);
    view.set_busy(door.busy);
    view.set_cleared(door.cleared as i32);
}
