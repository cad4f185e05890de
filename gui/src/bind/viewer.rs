//! One picture, as large as the window.

use slint::{ComponentHandle, Image, SharedString};

use super::{Act, files, words};
use crate::model::{App, Preview, ViewerAction, Whole};
use crate::ui::{AppWindow, ViewerView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<ViewerView>();
    let say = act.clone();
    view.on_close(move || say.act(ViewerAction::Close));
    let say = act.clone();
    view.on_step(move |later| say.act(ViewerAction::Step { later }));
    let say = act.clone();
    view.on_load(move |wanted| say.act(ViewerAction::Load(wanted)));
    let say = act.clone();
    view.on_save(move || say.act(ViewerAction::Save));
    let say = act.clone();
    view.on_go_to_message(move || say.act(ViewerAction::GoToMessage));
}

pub fn draw(app: &App, ui: &AppWindow) {
    let view = ui.global::<ViewerView>();
    let Some(viewer) = &app.pages.viewer.open else {
        view.set_open(false);
        view.set_picture(Image::default());
        view.set_file(Default::default());
        view.set_id(SharedString::new());
        view.set_sender(SharedString::new());
        return;
    };
    let card = &viewer.card;
    view.set_picture(match (&viewer.whole, &card.preview) {
        (Whole::Here(picture), _) | (_, Preview::Here(picture)) => files::image(picture),
        _ => Image::default(),
    });
    view.set_file(files::card(card));
    let sender = viewer.sender.as_deref();
    view.set_sender(sender.unwrap_or_default().into());
    view.set_time(words::when(Some(viewer.time)));
    view.set_awaited(viewer.whole == Whole::Awaited);
    view.set_unfit(viewer.whole == Whole::Unfit);
    view.set_earlier(viewer.has_earlier);
    view.set_later(viewer.has_later);
    view.set_id(viewer.message().id.0.as_str().into());
    view.set_open(true);
}
