//! `hedgerow relays`: which ones are used.

use serde::Serialize;

use crate::api::{Api, Private, Refusal, RelayCondition, RelayStatus, visible};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, table};
use crate::cli::words;

/// `hedgerow relays list`.
pub async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let relays = all(api).await?;
    let nothing = "No relay is used, and nothing leaves the local network. \
        `hedgerow relays add ADDRESS` uses one.";
    output.list(&relays, &HEAD, row, nothing);
    Ok(())
}

/// `hedgerow relays add`.
pub async fn add(api: &dyn Api, output: Output, address: String) -> Result<(), Failure> {
    api.add_relay(Private(address)).await?;
    output.data(&Used { used: true }, |_| {
        "The relay is used from now on.".into()
    });
    output.say("Contacts who have added it too meet this device there. `hedgerow status` shows whether it answers.");
    Ok(())
}

/// `hedgerow relays remove`.
pub async fn remove(api: &dyn Api, output: Output, part: &str) -> Result<(), Failure> {
    let relays = all(api).await?;
    let is_meant = |relay: &&RelayStatus| {
        relay.state != RelayCondition::Offered && relay.address.0.contains(part)
    };
    let meant: Vec<&RelayStatus> = relays.iter().filter(is_meant).collect();
    let relay = match meant.as_slice() {
        [] => return Err(Refusal::NoSuchRelay.into()),
        [relay] => *relay,
        several => {
            let exact = several.iter().find(|relay| relay.address.0 == part);
            let words = "Several relays have this in their addresses. Give more of it.";
            *exact.ok_or_else(|| Failure::found(Exit::Usage, "ambiguous", words))?
        }
    };
    api.remove_relay(relay.address.clone()).await?;
    output.data(&Used { used: false }, |_| {
        "The relay is used no more.".into()
    });
    Ok(())
}

/// Relays as `hedgerow status` shows them.
pub fn shown(relays: &[RelayStatus]) -> String {
    table(&HEAD, relays.iter().map(row))
}

const HEAD: [&str; 2] = ["RELAY", "STATE"];

fn row(relay: &RelayStatus) -> Vec<String> {
    vec![
        visible::name(&relay.address.0).to_string(),
        words::relay(relay.state).to_owned(),
    ]
}

async fn all(api: &dyn Api) -> Result<Vec<RelayStatus>, Failure> {
    let status = api.status().await?;
    Ok(status.open.ok_or(Refusal::Locked)?.relays)
}

#[derive(Serialize)]
struct Used {
    used: bool,
}
