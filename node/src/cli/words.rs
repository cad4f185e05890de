//! The meaning of each code, and what to type about it.

use crate::api::{
    Carrier, CarrierCondition, Private, Refusal, RelayCondition, RelayPaths, WayState, Why, visible,
};
use crate::cli::screen;
use crate::words::{Phrase, codes, tr};

/// Why the node refused, and what to do about it.
pub fn refusal(refusal: &Refusal) -> Phrase {
    let advice = match refusal {
        Refusal::NoSuchContact => tr!("`hedgerow contacts` lists them."),
        Refusal::NoSuchInvitation => tr!("`hedgerow invitations` lists them."),
        Refusal::NoSuchCarrier => tr!("`hedgerow status` lists them."),
        Refusal::NoSuchRelay => tr!("`hedgerow relays` lists them."),
        Refusal::Blocked => tr!("`hedgerow block --undo NAME` takes it back."),
        Refusal::TooManyInvitations { .. } => tr!("`hedgerow invitations cancel` does it."),
        Refusal::TooManyRelays { .. } => tr!("`hedgerow relays remove` does it."),
        Refusal::Locked => tr!("`hedgerow unlock` unlocks it."),
        Refusal::BadRelay => tr!(
            "It looks like this: {example}",
            example = "/dns/relay.example.org/udp/4001/quic-v1/p2p/12D3KooW..."
        ),
        Refusal::Stopping => tr!("`hedgerow run` starts it again."),
        Refusal::OtherVersion { .. } => tr!(
            "This is version {version}. `hedgerow stop` stops the other.",
            version = env!("CARGO_PKG_VERSION")
        ),
        Refusal::NoIdentity => tr!("`hedgerow init` makes one."),
        Refusal::IdentityExists => tr!(
            "Choose another directory with --data-dir, or destroy this one with `hedgerow wipe`."
        ),
        Refusal::SlotsMissing | Refusal::SlotsDamaged => {
            tr!("It is the file `slots` of the data directory.")
        }
        _ => return codes::refusal(refusal),
    };
    codes::refusal(refusal).then(" ", advice)
}

/// Why a message is not delivered yet, and what to do if it never will.
pub fn why(why: &Why) -> Phrase {
    let said = codes::why(why, soon);
    match why {
        Why::NoCarrier => said.then(" ", tr!("For example with `hedgerow carrier lan on`.")),
        Why::Blocked => said.then(" ", tr!("`hedgerow block --undo NAME` takes it back.")),
        _ => said,
    }
}

fn soon(at_ms: i64) -> Option<String> {
    Some(screen::soon(at_ms))
}

/// How a carrier stands with a contact.
pub fn way(carrier: Carrier, state: &WayState) -> Phrase {
    match state {
        WayState::Off => condition(carrier, CarrierCondition::Off, true),
        WayState::NotWorking { condition: why } => condition(carrier, *why, true),
        _ => codes::way(carrier, state, soon),
    }
}

/// What to do if messages cannot go over a carrier.
pub fn way_remedy(carrier: Carrier, state: &WayState) -> Option<Phrase> {
    match state {
        WayState::Off => remedy(carrier, CarrierCondition::Off, true),
        WayState::NotWorking { condition: why } => remedy(carrier, *why, true),
        WayState::NoCommonRelay => Some(tr!(
            "`hedgerow relays add ADDRESS` adds one that the contact uses."
        )),
        _ => None,
    }
}

/// Whether a carrier works and announces this device, in a word.
pub fn condition(of: Carrier, condition: CarrierCondition, announcing: bool) -> Phrase {
    match (condition, of) {
        (CarrierCondition::On, _) if announcing => tr!("On"),
        (CarrierCondition::On, _) => tr!("a carrier that announces nothing" => "Quiet"),
        (CarrierCondition::Off, _) => tr!("Off"),
        (CarrierCondition::NoInterface, Carrier::Relay) => tr!("Checking…"),
        (
            CarrierCondition::NoInterface
            | CarrierCondition::NoPermission
            | CarrierCondition::NoService
            | CarrierCondition::PoweredOff
            | CarrierCondition::NotPrivate,
            _,
        ) => tr!("a carrier" => "Unavailable"),
        (CarrierCondition::NoDiscovery, _) => {
            tr!("a carrier that finds not everybody" => "Limited")
        }
        (CarrierCondition::Failing, _) => tr!("a carrier" => "Retrying"),
    }
}

/// What is wrong with a carrier that does not work as it could, and what to do about it.
pub fn remedy(of: Carrier, condition: CarrierCondition, announcing: bool) -> Option<Phrase> {
    let said = codes::condition(of, condition, announcing);
    let name = match of {
        Carrier::Ble => "ble",
        Carrier::Relay => "relay",
        Carrier::Memory | Carrier::Lan | Carrier::File => "lan",
    };
    Some(match condition {
        CarrierCondition::On if announcing => return None,
        CarrierCondition::On => {
            tr!(
                "It looks for others and announces nothing. `hedgerow carrier {name} on` announces.",
                name = name
            )
        }
        CarrierCondition::Off if of == Carrier::Relay => tr!(
            "Add a relay with `hedgerow relays add ADDRESS`. Turn on existing ones with `hedgerow carrier relay on`."
        ),
        CarrierCondition::Off => tr!("`hedgerow carrier {name} on` switches it on.", name = name),
        CarrierCondition::NoInterface if of == Carrier::Relay => return None,
        CarrierCondition::NotPrivate => said.then(
            " ",
            tr!("Or allow it with `hedgerow bluetooth --show-address`."),
        ),
        _ => said,
    })
}

/// Relay status, and what to do if the relay does not serve.
pub fn relay(relay: RelayCondition) -> Phrase {
    let said = codes::relay(relay);
    match relay {
        RelayCondition::Offered => said.then(" ", tr!("`hedgerow relays add ADDRESS` adds it.")),
        RelayCondition::Off => said.then(" ", tr!("`hedgerow carrier relay on` switches them on.")),
        RelayCondition::Refused | RelayCondition::Full => said.then(" ", tr!("Add another.")),
        _ => said,
    }
}

/// The paths to relays.
pub fn paths(paths: &RelayPaths) -> Phrase {
    match paths {
        RelayPaths::Proxied {
            proxy: Private(proxy),
        } => codes::paths(paths).then(": ", visible::name(proxy)),
        RelayPaths::Direct | RelayPaths::Relayed => codes::paths(paths),
    }
}
