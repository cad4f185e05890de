//! `hedgerow carrier`: the carriers, and their states.

use serde::Serialize;

use crate::api::{Api, Carrier, CarrierCondition, CarrierStatus, Refusal, Status, visible};
use crate::cli::args::{CarrierName, CarrierSwitch};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::table::Row;
use crate::cli::words;
use crate::words::{Phrase, codes, tr};

/// `hedgerow carrier`, for all or for one.
pub async fn list(
    api: &dyn Api,
    output: Output,
    which: Option<CarrierName>,
) -> Result<(), Failure> {
    let mut status = api.status().await?.open.ok_or(Refusal::Locked)?;
    if let Some(which) = which {
        let which = Carrier::from(which);
        status.carriers.retain(|one| one.carrier == which);
        if status.carriers.is_empty() {
            return Err(Refusal::NoSuchCarrier.into());
        }
    }
    output.list(&status.carriers, &head(), row, Phrase::default());
    Ok(())
}

/// Carriers as `hedgerow status` shows them.
pub fn shown(output: Output, status: &Status) -> String {
    output.table(&head(), status.carriers.iter().map(row))
}

fn head() -> [Phrase; 3] {
    [tr!("CARRIER"), tr!("STATE"), tr!("SESSIONS")]
}

fn row(carrier: &CarrierStatus) -> Row {
    let CarrierStatus {
        carrier: of,
        state,
        announcing,
        sessions,
        addresses,
        ..
    } = carrier;
    let addresses = addresses.iter().map(|at| visible::name(&at.0));
    let addresses = addresses.collect::<Vec<_>>().join(" ");
    Row::from(vec![
        codes::carrier(*of),
        words::condition(*of, *state, *announcing),
        (*sessions).into(),
    ])
    .with(words::remedy(*of, *state, *announcing))
    .with((!addresses.is_empty()).then(|| addresses.into()))
}

/// `hedgerow carrier` with a new state for one.
pub async fn switch(
    api: &dyn Api,
    output: Output,
    carrier: CarrierName,
    state: CarrierSwitch,
) -> Result<(), Failure> {
    let carrier = Carrier::from(carrier);
    let on = state != CarrierSwitch::Off;
    let announcing = state == CarrierSwitch::On;
    if carrier == Carrier::Relay && state == CarrierSwitch::Quiet {
        let words = tr!("Nothing is announced over relays. Switch it on or off.");
        return Err(Failure::found(Exit::Usage, "not_announced", words));
    }
    if on && carrier != Carrier::Relay {
        // Before the carrier is on, so that a quiet one announces nothing in between.
        api.announce_over(carrier, announcing).await?;
    }
    api.switch_carrier(carrier, on).await?;
    #[derive(Serialize)]
    struct Switched {
        carrier: Carrier,
        on: bool,
        announcing: bool,
    }
    let switched = Switched {
        carrier,
        on,
        announcing,
    };
    output.data(&switched, |switched| {
        let state = match switched.on {
            true => CarrierCondition::On,
            false => CarrierCondition::Off,
        };
        let state = codes::condition(switched.carrier, state, switched.announcing);
        codes::carrier(switched.carrier).then(": ", state)
    });
    Ok(())
}

impl From<CarrierName> for Carrier {
    fn from(name: CarrierName) -> Self {
        match name {
            CarrierName::Lan => Self::Lan,
            CarrierName::Relay => Self::Relay,
            CarrierName::Ble => Self::Ble,
        }
    }
}
