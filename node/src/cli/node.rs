//! The node itself: how it stands, locking, passphrase, wiping, handing over.

use std::path::Path;

use serde::Serialize;

use crate::api::{
    Api, Carrier, CarrierCondition, CarrierStatus, ContactId, NodeStatus, Passphrase, Status,
    visible,
};
use crate::cli::args::{CarrierName, CarrierSwitch};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::{ask, bluetooth, contacts, relays, words};
use crate::words::{Phrase, codes, tr};

/// `hedgerow status`.
pub async fn status(api: &dyn Api, output: Output, running: bool) -> Result<(), Failure> {
    let status = api.status().await?;
    output.data(&status, |status| match &status.open {
        Some(open) => overview(output, open),
        None => tr!("Locked: off the air, no key in memory. `hedgerow unlock` opens it."),
    });
    if !running {
        output.say(tr!(
            "No node is running: nothing is sent or received. `hedgerow run` starts one."
        ));
    }
    if let NodeStatus {
        open: Some(open), ..
    } = &status
        && !output.is_json()
    {
        contacts::table(open.contacts.clone(), open.conversations.clone(), output);
    }
    Ok(())
}

fn overview(output: Output, status: &Status) -> Phrase {
    let row = |carrier: &CarrierStatus| {
        let addresses = carrier.addresses.iter().map(|at| visible::name(&at.0));
        vec![
            codes::carrier(carrier.carrier),
            words::condition(carrier.carrier, carrier.state, carrier.announcing),
            carrier.sessions.into(),
            addresses.collect::<Vec<_>>().join(" ").into(),
        ]
    };
    let head = [
        tr!("CARRIER"),
        tr!("STATE"),
        tr!("SESSIONS"),
        tr!("ADDRESSES"),
    ];
    let carriers = output.table(&head, status.carriers.iter().map(row));
    let ContactId(id) = &status.me.id;
    let name = visible::name(&status.me.name.0);
    let mut said = Phrase::from(format!("{name} ({id})\n\n{carriers}\n"));
    if let Some(used) = bluetooth::used(status) {
        said = said.then("\n", used).then("\n", "");
    }
    match status.relays.is_empty() {
        true => said,
        false => said
            .then("\n", relays::shown(output, status))
            .then("\n", ""),
    }
}

/// `hedgerow lock`.
pub async fn lock(api: &dyn Api, output: Output) -> Result<(), Failure> {
    api.lock().await?;
    output.data(&Locked { locked: true }, |_| {
        tr!("Locked: keys dropped, store closed, off the air.")
    });
    Ok(())
}

/// `hedgerow unlock`.
pub async fn unlock(api: &dyn Api, output: Output, passphrase: Passphrase) -> Result<(), Failure> {
    api.unlock(passphrase).await?;
    output.data(&Locked { locked: false }, |_| tr!("Unlocked."));
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
        tr!("The passphrase is changed.")
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
        tr!("The store is rewritten under a fresh key: what was deleted is gone.")
    });
    Ok(())
}

/// The second deliberate step before a wipe.
pub fn confirm_wipe(output: Output, directory: &Path) -> Result<(), Failure> {
    let wanted = output.said(&tr!("what is typed to destroy everything" => "destroy everything"));
    let directory = directory.display();
    let loss = tr!(
        "All keys, contacts and messages in {directory} will be gone, and nobody can bring them back.",
        directory = directory
    );
    let go_on = tr!("Type `{wanted}` to go on", wanted = wanted.as_str());
    let typed = ask::line(output, loss.then("\n", go_on).then(": ", ""))?;
    if typed != wanted {
        let words = tr!("Nothing was destroyed.");
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
        tr!("Everything is destroyed. Flash memory may keep old copies, which the passphrase protects.")
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
        tr!("The node has closed the data directory and left.")
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
        let words = tr!("Nothing is announced over relays. Switch it on or off.");
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
        let state = match switched.on {
            true => CarrierCondition::On,
            false => CarrierCondition::Off,
        };
        let state = codes::condition(switched.carrier, state, switched.announcing);
        codes::carrier(switched.carrier).then(": ", state)
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
    output.say(tr!(
        "Send `Authorization: Bearer` with what {file} holds.",
        file = token_file.display()
    ));
}
