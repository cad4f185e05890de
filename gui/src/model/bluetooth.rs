//! How Bluetooth uses its radio.

use hedgerow_node::api::{Airtime, Call, Power, Radio, Status};

use super::dialog::Dialog;
use super::outcome::Outcome;

/// What a person chooses about Bluetooth.
#[derive(Clone)]
pub enum BluetoothAction {
    /// How much of its time Bluetooth uses its radio.
    ChoosePower(Power),
    /// Use Bluetooth although it shows an address that never changes (asks first), or do not.
    ShowAddress(bool),
}

/// The state of Bluetooth beside that of its carrier.
#[derive(Default)]
pub struct Bluetooth {
    /// How it uses its radio.
    pub radio: Radio,
    /// How long the radio is in use, once the node has counted.
    pub airtime: Option<Airtime>,
}

impl Bluetooth {
    pub(super) fn know(&mut self, status: &Status) {
        self.radio = status.radio;
        let mut airtimes = status.carriers.iter().filter_map(|carrier| carrier.airtime);
        self.airtime = airtimes.next();
    }

    pub(super) fn act(&self, action: BluetoothAction) -> Option<Outcome> {
        let radio = match action {
            BluetoothAction::ChoosePower(power) if power == self.radio.power => return None,
            BluetoothAction::ChoosePower(power) => Radio {
                power,
                ..self.radio
            },
            BluetoothAction::ShowAddress(show_address) => Radio {
                show_address,
                ..self.radio
            },
        };
        // First tell the user what it means to show the address.
        Some(match action {
            BluetoothAction::ShowAddress(true) => Outcome::Show(Dialog::ShowAddress { radio }),
            _ => Outcome::ask(Call::SetRadio(radio)),
        })
    }
}
