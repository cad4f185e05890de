//! `hedgerow relays`: which ones are used.

use std::str::FromStr;

use serde::Serialize;

use crate::api::{Api, Private, Refusal, RelayCondition, RelayPaths, RelayStatus, Status, visible};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::words;
use crate::words::{Phrase, tr};

/// `hedgerow relays list`.
pub async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let status = status(api).await?;
    let relays = status.relays;
    let nothing = tr!(
        "No relay is used, and nothing leaves the local network. `hedgerow relays add ADDRESS` uses one."
    );
    output.list(&relays, &head(), row, nothing);
    if let Some(paths) = unusual(&status.relay_paths) {
        output.say(paths);
    }
    Ok(())
}

/// `hedgerow relays add`.
pub async fn add(api: &dyn Api, output: Output, address: String) -> Result<(), Failure> {
    api.add_relay(Private(address)).await?;
    output.data(&Used { used: true }, |_| {
        tr!("The relay is used from now on.")
    });
    output.say(tr!(
        "Contacts who have added it too meet this device there. `hedgerow status` shows whether it answers."
    ));
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
            let words = || tr!("Several relays have this in their addresses. Give more of it.");
            *exact.ok_or_else(|| Failure::found(Exit::Usage, "ambiguous", words()))?
        }
    };
    api.remove_relay(relay.address.clone()).await?;
    output.data(&Used { used: false }, |_| tr!("The relay is used no more."));
    Ok(())
}

/// `hedgerow relays paths`.
pub async fn set_paths(api: &dyn Api, output: Output, paths: Paths) -> Result<(), Failure> {
    let Paths(paths) = paths;
    api.set_relay_paths(paths.clone()).await?;
    output.data(&Reached { paths }, |reached| reach(&reached.paths));
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
pub fn shown(output: Output, status: &Status) -> Phrase {
    let relays = output.table(&head(), status.relays.iter().map(row)).into();
    Phrase::joined(
        "\n",
        [Some(relays), unusual(&status.relay_paths)]
            .into_iter()
            .flatten(),
    )
}

fn reach(paths: &RelayPaths) -> Phrase {
    tr!(
        "How contacts are reached: {paths}",
        paths = words::paths(paths)
    )
}

/// How contacts are reached, unless that is directly.
fn unusual(paths: &RelayPaths) -> Option<Phrase> {
    (*paths != RelayPaths::Direct).then(|| reach(paths))
}

fn head() -> [Phrase; 2] {
    [tr!("RELAY"), tr!("STATE")]
}

fn row(relay: &RelayStatus) -> Vec<Phrase> {
    vec![
        visible::name(&relay.address.0).into(),
        words::relay(relay.state),
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
