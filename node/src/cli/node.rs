//! The node itself: how it stands, locking, passphrase, wiping, handing over.

use std::path::Path;

use serde::Serialize;

use crate::api::{Api, Carrier, CarrierStatus, ContactId, NodeStatus, Passphrase, Status, visible};
use crate::cli::args::{CarrierName, CarrierSwitch};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, table};
use crate::cli::{ask, bluetooth, contacts, relays, words};

/// `hedgerow status`.
pub async fn status(api: &dyn Api, output: Output, running: bool) -> Result<(), Failure> {
    let status = api.status().await?;
    output.data(&status, |status| match &status.open {
        Some(open) => overview(open),
        None => "Locked: off the air, no key in memory. `hedgerow unlock` opens it.".into(),
    });
    if !running {
        output.say("No node is running: nothing is sent or received. `hedgerow run` starts one.");
    }
    if let NodeStatus {
        open: Some(open), ..
    } = &status
        && !output.is_json()
    {
        contacts::table(&open.contacts, output);
    }
    Ok(())
}

fn overview(status: &Status) -> String {
    let row = |carrier: &CarrierStatus| {
        let addresses = carrier.addresses.iter().map(|at| visible::name(&at.0));
        vec![
            words::carrier(carrier.carrier).to_owned(),
            words::condition(carrier.carrier, carrier.state, carrier.announcing),
            carrier.sessions.to_string(),
            addresses.collect::<Vec<_>>().join(" "),
        ]
    };
    let carriers = table(
        &["CARRIER", "STATE", "SESSIONS", "ADDRESSES"],
        status.carriers.iter().map(row),
    );
    let ContactId(id) = &status.me.id;
    let name = visible::name(&status.me.name.0);
    let relays = match status.relays.is_empty() {
        true => String::new(),
        false => format!("\n{}\n", relays::shown(status)),
    };
    let used = bluetooth::used(status);
    let used = used.map_or(String::new(), |used| format!("\n{used}\n"));
    format!("{name} ({id})\n\n{carriers}\n{used}{relays}")
}

/// `hedgerow lock`.
pub async fn lock(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.lock().await?;
    output.data(&Locked { locked: true }, |_| {
        "Locked: keys dropped, store closed, off the air.".into()
    });
    Ok(())
}

/// `hedgerow unlock`.
pub async fn unlock(api: &dyn Api, output: Output, passphrase: Passphrase) -> Result<(), Failure> {
    api.unlock(passphrase).await?;
    output.data(&Locked { locked: false }, |_| "Unlocked.".into());
    Ok(())
}

#[derive(Serialize)]
struct Locked {
    locked: bool,
}

/// `hedgerow passphrase`.
pub async fn passphrase(
    api: &dyn Api,
    output: Output,
    current: Passphrase,
    new: Passphrase,
) -> Result<(), Failure> {
    api.change_passphrase(current, new).await?;
    #[derive(Serialize)]
    struct Changed {
        changed: bool,
    }
    output.data(&Changed { changed: true }, |_| {
        "The passphrase is changed.".into()
    });
    Ok(())
}

/// `hedgerow erase`.
pub async fn erase(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.erase().await?;
    #[derive(Serialize)]
    struct Erased {
        erased: bool,
    }
    output.data(&Erased { erased: true }, |_| {
        "The store is rewritten under a fresh key: what was deleted is gone.".into()
    });
    Ok(())
}

/// What has to be typed to destroy everything.
const WIPE: &str = "destroy everything";

/// The second deliberate step before a wipe.
pub fn confirm_wipe(directory: &Path) -> Result<(), Failure> {
    let directory = directory.display();
    let typed = ask::line(&format!(
        "All keys, contacts and messages in {directory} will be gone, and nobody can bring them back.\n\
         Type `{WIPE}` to go on: "
    ))?;
    if typed != WIPE {
        let words = "Nothing was destroyed.";
        return Err(Failure::found(Exit::Refused, "not_confirmed", words));
    }
    Ok(())
}

/// `hedgerow wipe`, once it is confirmed.
pub async fn wipe(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.wipe().await?;
    #[derive(Serialize)]
    struct Wiped {
        wiped: bool,
    }
    output.data(&Wiped { wiped: true }, |_| {
        "Everything is destroyed. Flash memory may keep old copies, which the passphrase protects.".into()
    });
    Ok(())
}

/// `hedgerow handover`.
pub async fn handover(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let to = format!("the command line (process {})", std::process::id());
    api.handover(to).await?;
    #[derive(Serialize)]
    struct HandedOver {
        handed_over: bool,
    }
    output.data(&HandedOver { handed_over: true }, |_| {
        "The node has closed the data directory and left.".into()
    });
    Ok(())
}

/// `hedgerow carrier`.
pub async fn carrier(
    api: &dyn Api,
    output: Output,
    carrier: CarrierName,
    state: CarrierSwitch,
) -> Result<(), Failure> {
    let carrier = match carrier {
        CarrierName::Lan => Carrier::Lan,
        CarrierName::Relay => Carrier::Relay,
        CarrierName::Ble => Carrier::Ble,
    };
    let on = state != CarrierSwitch::Off;
    let announcing = state == CarrierSwitch::On;
    if carrier == Carrier::Relay && state == CarrierSwitch::Quiet {
        let words = "Nothing is announced over relays. Switch it on or off.";
        return Err(Failure::found(Exit::Usage, "not_announced", words));
    }
    if on && carrier != Carrier::Relay {
        // Before it is on, so that a quiet one does not announce anything in between.
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
        let state = match state {
            CarrierSwitch::On => "on",
            CarrierSwitch::Quiet => "on, without announcing this device",
            CarrierSwitch::Off => "off",
        };
        format!(
            "The {} is switched {state}.",
            words::carrier(switched.carrier)
        )
    });
    Ok(())
}

/// `hedgerow api`.
pub fn api(output: Output, port: u16, token_file: &Path) {
    #[derive(Serialize)]
    struct Where<'a> {
        url: String,
        token_file: &'a Path,
    }
    let data = Where {
        url: format!("http://127.0.0.1:{port}/v1"),
        token_file,
    };
    output.data(&data, |data| data.url.clone());
    output.say(&format!(
        "Send `Authorization: Bearer` with what {} holds.",
        token_file.display()
    ));
}
