//! `hedgerow bluetooth`: how Bluetooth LE uses the radio.

use crate::api::{Api, Carrier, Power, Radio, Refusal, Status};
use crate::cli::args::PowerName;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::words;
use crate::words::{Phrase, codes, tr};

/// `hedgerow bluetooth`.
pub async fn change(
    api: &dyn Api,
    output: Output,
    power: Option<PowerName>,
    show_address: Option<bool>,
) -> Result<(), Failure> {
    let open = api.status().await?.open.ok_or(Refusal::Locked)?;
    let mut radio = open.radio;
    if let Some(power) = power {
        radio.power = match power {
            PowerName::Active => Power::Active,
            PowerName::Balanced => Power::Balanced,
            PowerName::Saver => Power::Saver,
        };
    }
    radio.show_address = show_address.unwrap_or(radio.show_address);
    if radio != open.radio {
        api.set_radio(radio).await?;
    }
    output.data(&radio, |radio| {
        let address = match radio.show_address {
            true => {
                tr!("Used even where everybody near sees an address or a name that never changes.")
            }
            false => tr!("Used only where the adapter hides its address."),
        };
        let said = tr!("Power: {power}.", power = mode(*radio)).then(" ", address);
        let said = Phrase::joined("\n", condition(&open).into_iter().chain([said]));
        match used(&open).filter(|_| *radio == open.radio) {
            Some(used) => said.then("\n", used),
            None => said,
        }
    });
    Ok(())
}

/// Whether Bluetooth works, and what to do if not.
fn condition(status: &Status) -> Option<Phrase> {
    let mut carriers = status.carriers.iter();
    let ble = carriers.find(|one| one.carrier == Carrier::Ble)?;
    let state = words::condition(ble.carrier, ble.state, ble.announcing);
    let said = codes::carrier(ble.carrier).then(": ", state).then(".", "");
    Some(
        match words::remedy(ble.carrier, ble.state, ble.announcing) {
            Some(remedy) => said.then(" ", remedy),
            None => said,
        },
    )
}

/// How much of its time the radio is in use, if that is known.
pub fn used(status: &Status) -> Option<Phrase> {
    let mut airtimes = status.carriers.iter().filter_map(|carrier| carrier.airtime);
    airtimes.next().map(|airtime| {
        tr!(
            "Bluetooth ({power}): of each hour it listens for {listens} s and announces for {announces} s.",
            power = mode(status.radio),
            listens = airtime.listened_s_an_hour,
            announces = airtime.announced_s_an_hour
        )
    })
}

fn mode(radio: Radio) -> Phrase {
    match radio.power {
        Power::Active => tr!("power" => "active"),
        Power::Balanced => tr!("power" => "balanced"),
        Power::Saver => tr!("power" => "saver"),
    }
}
