//! Forwarding a message.

use slint::ComponentHandle;

use super::{Act, conversation, list, message, words};
use crate::model::{DialogAction, Forwarding, Receiver, ThreadAction};
use crate::ui::{self, AppWindow, ForwardingView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<ForwardingView>();
    let say = act.clone();
    view.on_ask(move |id| say.act(ThreadAction::Forward(message(id))));
    let say = act.clone();
    view.on_find(move |text| say.act(DialogAction::FindReceiver(text.into())));
    let say = act.clone();
    view.on_choose(move |id| say.act(DialogAction::ChooseReceiver(conversation(id))));
    let say = act.clone();
    view.on_confirm(move || say.act(DialogAction::Confirm));
    let say = act.clone();
    view.on_dismiss(move || say.act(DialogAction::Dismiss));
}

pub fn draw(forwarding: &Forwarding, ui: &AppWindow) {
    let view = ui.global::<ForwardingView>();
    let shown = list(view.get_receivers(), forwarding.receivers.iter().map(drawn));
    view.set_receivers(shown);
    view.set_chosen(words::number(forwarding.chosen.len() as u64));
}

fn drawn(receiver: &Receiver) -> ui::Receiver {
    ui::Receiver {
        id: receiver.id.0.as_str().into(),
        face: words::face(&receiver.face),
        chosen: receiver.chosen,
    }
}
