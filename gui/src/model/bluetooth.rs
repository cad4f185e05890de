//! How Bluetooth uses its radio.

use hedgerow_node::api::{Airtime, Call, Power, Radio, Status};

use super::app::App;
use super::dialog::Dialog;

/// Everything about Bluetooth besides its carrier.
#[derive(Default)]
pub struct Bluetooth {
    /// How it is to use its radio.
    pub radio: Radio,
    /// How long the radio is in use, once that was counted.
    pub airtime: Option<Airtime>,
}

impl Bluetooth {
    pub(super) fn know(&mut self, status: &Status) {
        self.radio = status.radio;
        let mut airtimes = status.carriers.iter().filter_map(|carrier| carrier.airtime);
        self.airtime = airtimes.next();
    }
}

impl App {
    /// So much of its time.
    pub(super) fn choose_power(&mut self, power: Power) {
        let radio = self.network.bluetooth.radio;
        if radio.power != power {
            self.ask(Call::SetRadio(Radio { power, ..radio }));
        }
    }

    /// Shows an address that never changes, after a warning, or stays off the air instead.
    pub(super) fn show_address(&mut self, show: bool) {
        match show {
            true => self.ask_user(Dialog::ShowAddress),
            false => self.allow_address(false),
        }
    }

    /// The user knows what it means.
    pub(super) fn allow_address(&mut self, show_address: bool) {
        let radio = self.network.bluetooth.radio;
        self.ask(Call::SetRadio(Radio {
            show_address,
            ..radio
        }));
    }
}
