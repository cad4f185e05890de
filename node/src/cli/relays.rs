//! `hedgerow relays`: which ones are used.

use std::str::FromStr;

use serde::Serialize;

use crate::api::{Api, Private, Refusal, RelayCondition, RelayPaths, RelayStatus, Status, visible};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, table};
use crate::cli::words;

/// `hedgerow relays list`.
pub async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let status = status(api).await?;
    let relays = status.relays;
    let nothing = "No relay is used, and nothing leaves the local network. \
        `hedgerow relays add ADDRESS` uses one.";
    output.list(&relays, &HEAD, row, nothing);
    if let Some(paths) = words::relay_paths(&status.relay_paths) {
        output.say(&paths);
    }
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
    let relays = status(api).await?.relays;
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

/// `hedgerow relays paths`.
pub async fn set_paths(api: &dyn Api, output: Output, paths: Paths) -> Result<(), Failure> {
    let Paths(paths) = paths;
    api.set_relay_paths(paths.clone()).await?;
    output.data(&Reached { paths }, |reached| {
        let usual = "Whoever is met at a relay is talked with directly where that succeeds.";
        words::relay_paths(&reached.paths).unwrap_or_else(|| usual.to_owned())
    });
    Ok(())
}

/// How relays are reached, as it is written on the command line.
#[derive(Debug, Clone)]
pub struct Paths(RelayPaths);

impl FromStr for Paths {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let proxy = text.strip_prefix("socks5://");
        match (text, proxy) {
            ("direct", _) => Ok(Paths(RelayPaths::Direct)),
            ("relayed", _) => Ok(Paths(RelayPaths::Relayed)),
            (_, Some(proxy)) => Ok(Paths(RelayPaths::Proxied {
                proxy: Private(proxy.to_owned()),
            })),
            _ => Err("it is direct, relayed, or a proxy like socks5://127.0.0.1:9050"),
        }
    }
}

/// Relays as `hedgerow status` shows them.
pub fn shown(status: &Status) -> String {
    let relays = table(&HEAD, status.relays.iter().map(row));
    match words::relay_paths(&status.relay_paths) {
        Some(paths) => format!("{relays}\n{paths}"),
        None => relays,
    }
}

const HEAD: [&str; 2] = ["RELAY", "STATE"];

fn row(relay: &RelayStatus) -> Vec<String> {
    vec![
        visible::name(&relay.address.0).to_string(),
        words::relay(relay.state).to_owned(),
    ]
}

async fn status(api: &dyn Api) -> Result<Status, Failure> {
    let status = api.status().await?;
    Ok(status.open.ok_or(Refusal::Locked)?)
}

#[derive(Serialize)]
struct Used {
    used: bool,
}

#[derive(Serialize)]
struct Reached {
    paths: RelayPaths,
}
