//! How Bluetooth uses its radio.

use hedgerow_node::api::Power;
use slint::ComponentHandle;

use super::{Act, words};
use crate::model::{Bluetooth, BluetoothAction};
use crate::ui::{self, AppWindow, BluetoothView};

pub fn listen(ui: &AppWindow, act: &Act) {
    let view = ui.global::<BluetoothView>();
    let say = act.clone();
    view.on_choose(move |power| {
        say.act(BluetoothAction::ChoosePower(match power {
            ui::Power::Active => Power::Active,
            ui::Power::Balanced => Power::Balanced,
            ui::Power::Saver => Power::Saver,
        }));
    });
    let say = act.clone();
    view.on_show_address(move |show| say.act(BluetoothAction::ShowAddress(show)));
}

pub fn draw(bluetooth: &Bluetooth, ui: &AppWindow) {
    let view = ui.global::<BluetoothView>();
    view.set_power(words::power(bluetooth.radio.power));
    view.set_shows_address(bluetooth.radio.show_address);
    view.set_counted(bluetooth.airtime.is_some());
    if let Some(airtime) = bluetooth.airtime {
        view.set_listened(words::number(airtime.listened_s_an_hour.into()));
        view.set_announced(words::number(airtime.announced_s_an_hour.into()));
    }
}
