//! Messages that disappear.

use slint::{ComponentHandle, ModelRc, VecModel};

use hedgerow_node::words::timers;

use super::{Act, conversation, message, words};
use crate::model::{ArrangingAction, DialogAction, Goes, ThreadAction, Timing};
use crate::ui::{self, AppWindow, GoesState, TimingView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<TimingView>();
    let say = act.clone();
    view.on_ask(move |id| say.act(ArrangingAction::AskTimer(conversation(id))));
    let say = act.clone();
    view.on_choose(move |seconds| {
        say.act(DialogAction::Timer(u64::try_from(seconds).unwrap_or(0)))
    });
    let say = act.clone();
    view.on_send_again(move |id| say.act(ThreadAction::SendAgain(message(id))));
    let say = act.clone();
    view.on_confirm(move || say.act(DialogAction::Confirm));
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
}

pub fn draw(timing: &Timing, ui: &AppWindow) {
    let view = ui.global::<TimingView>();
    let choices = timing.choices.iter().map(|choice| words::number(*choice));
    view.set_choices(ModelRc::new(choices.collect::<VecModel<_>>()));
    view.set_now(words::number(timing.now_s));
    view.set_in_group(timing.in_group);
    view.set_of_groups(words::say(&timers::of_groups()));
    view.set_without(timing.without.as_str().into());
}

/// The timer that holds now.
pub fn changed(now_s: u64, ui: &AppWindow) {
    ui.global::<TimingView>().set_now(words::number(now_s));
}

/// When a message disappears.
pub fn goes(goes: Option<Goes>) -> ui::Goes {
    let (state, seconds, at) = match goes {
        None => (GoesState::Never, 0, None),
        Some(Goes::After(seconds)) => (GoesState::After, words::number(seconds), None),
        Some(Goes::At(when)) => (GoesState::At, 0, Some(when)),
        Some(Goes::Lapsed) => (GoesState::Lapsed, 0, None),
    };
    ui::Goes {
        state,
        seconds,
        at: words::when(at),
    }
}
