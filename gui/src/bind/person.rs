//! The page of a contact.

use std::cell::RefCell;
use std::rc::Rc;

use hedgerow_node::api::ContactId;
use slint::{ComponentHandle, ModelRc, VecModel};

use super::{Act, words};
use crate::model::{Action, App, PersonAction};
use crate::ui::{AppWindow, PersonView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<PersonView>();
    let say = act.clone();
    view.on_alias(move |text| say.act(PersonAction::Alias(text.into())));
    let say = act.clone();
    view.on_save_alias(move || say.act(PersonAction::SaveAlias));
    let say = act.clone();
    view.on_decide_name(move |keep| say.act(PersonAction::DecideName { keep }));
    let say = act.clone();
    view.on_verify(move |verified| say.act(PersonAction::Verify(verified)));
    let say = act.clone();
    view.on_block(move |blocked| say.act(PersonAction::Block(blocked)));
    let say = act.clone();
    view.on_remove(move || say.act(PersonAction::Remove));
    let say = act.clone();
    view.on_back(move || say.act(Action::Back));
}

/// `alias_set`: the contact whose alias is on screen, and the value of its `alias_set`.
pub fn draw(app: &App, ui: &AppWindow, alias_set: &RefCell<Option<(ContactId, u32)>>) {
    let view = ui.global::<PersonView>();
    let Some(person) = &app.pages.person.open else {
        alias_set.take();
        view.set_words(ModelRc::default());
        return;
    };
    view.set_face(words::face(&person.face));
    view.set_own_name(person.own_name.as_str().into());
    view.set_queued(words::number(person.queued));
    view.set_why(words::why(person.why, person.next));
    view.set_messages(words::number(person.messages));
    let twelve: VecModel<_> = person.safety_words.iter().map(Into::into).collect();
    view.set_words(ModelRc::from(Rc::new(twelve)));
    view.set_may_save_alias(person.may_save_alias);
    view.set_alias_too_long(person.alias_too_long);
    let set = Some((person.id.clone(), person.alias_set));
    if alias_set.replace(set.clone()) != set {
        ui.invoke_show_alias(person.alias.as_str().into());
    }
}
