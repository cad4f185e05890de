//! `hedgerow relays`: lists, adds and removes relays, and chooses the paths.

use serde::Serialize;

use crate::api::{Api, Private, Refusal, RelayCondition, RelayPaths, RelayStatus, Status, visible};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::table::Row;
use crate::cli::words;
use crate::words::{Phrase, tr};

/// `hedgerow relays list`.
pub async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let status = status(api).await?;
    let relays = status.relays;
    let nothing = tr!(
        "No relays. Messages stay on the local network. `hedgerow relays add ADDRESS` adds one."
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
    output.data(&Used { used: true }, |_| tr!("Relay added."));
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
    output.data(&Used { used: false }, |_| tr!("Relay removed."));
    Ok(())
}

/// `hedgerow relays paths`.
pub async fn paths(api: &dyn Api, output: Output, new: Option<String>) -> Result<(), Failure> {
    let paths = match new {
        Some(text) => {
            let paths = parse_paths(&text)?;
            api.set_relay_paths(paths.clone()).await?;
            paths
        }
        None => status(api).await?.relay_paths,
    };
    output.data(&Reached { paths }, |reached| reach(&reached.paths));
    Ok(())
}

/// Parses the paths as people write them on the command line.
fn parse_paths(text: &str) -> Result<RelayPaths, Failure> {
    match (text, text.strip_prefix("socks5://")) {
        ("direct", _) => Ok(RelayPaths::Direct),
        ("relayed", _) => Ok(RelayPaths::Relayed),
        (_, Some(proxy)) => Ok(RelayPaths::Proxied {
            proxy: Private(proxy.to_owned()),
        }),
        _ => {
            let words = tr!("Give direct, relayed, or a proxy like socks5://127.0.0.1:9050.");
            Err(Failure::found(Exit::Usage, "bad_paths", words))
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

/// The chosen paths, unless they are the direct ones.
fn unusual(paths: &RelayPaths) -> Option<Phrase> {
    (*paths != RelayPaths::Direct).then(|| reach(paths))
}

fn head() -> [Phrase; 1] {
    [tr!("RELAY")]
}

/// A row with the address alone in its line, because it is long.
fn row(relay: &RelayStatus) -> Row {
    Row::from(vec![visible::name(&relay.address.0).into()]).with(words::relay(relay.state))
}

/// The live state of an unlocked node.
pub async fn status(api: &dyn Api) -> Result<Status, Failure> {
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
