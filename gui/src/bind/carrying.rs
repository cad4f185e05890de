//! Messages carried by hand.

use hedgerow_node::api::ContactId;
use slint::ComponentHandle;

use super::Act;
use crate::model::CarryAction;
use crate::ui::{AppWindow, CarryView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<CarryView>();
    let say = act.clone();
    view.on_export(move |contact| say.act(CarryAction::AskExport(ContactId(contact.into()))));
    let say = act.clone();
    view.on_export_all(move || say.act(CarryAction::AskExportAll));
    let say = act.clone();
    view.on_import(move || say.act(CarryAction::AskImport));
}
