//! The one place where codes become words: a plain English sentence for everything a person may be
//! told, which says what to do.

use crate::api::{
    Carrier, CarrierCondition, InvitationState, JoinProblem, Notice, Refusal, RelayCondition,
    RelayPaths, StorageProblem, WayState, Why, visible,
};
use crate::cli::screen;

/// Why it was not done, and what to do about it.
pub fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoSuchContact => {
            "There is no such contact. `hedgerow contacts` lists them.".into()
        }
        Refusal::NoSuchMessage => "There is no such message in this conversation.".into(),
        Refusal::NoSuchInvitation => {
            "There is no such invitation. `hedgerow invitations` lists them.".into()
        }
        Refusal::Blocked => {
            "This contact is blocked. `hedgerow block --undo NAME` takes it back.".into()
        }
        Refusal::Empty => "There is nothing in it. Give at least one character.".into(),
        Refusal::NotAnEmoji => "This is not one emoji. Give exactly one, like 👍.".into(),
        Refusal::TooLong {
            limit_bytes,
            actual_bytes,
        } => format!(
            "It is too long: {actual_bytes} bytes, and at most {limit_bytes} are possible. Make it shorter or split it."
        ),
        Refusal::BadLink => {
            "This is not an invitation link, or it is damaged. Copy it again, whole.".into()
        }
        Refusal::NewerLink => {
            "The link was made by a newer version. Update Hedgerow to open it.".into()
        }
        Refusal::OwnLink => "This is your own invitation. Give it to somebody else.".into(),
        Refusal::AlreadyContact => "The maker of this link is a contact already.".into(),
        Refusal::TooManyInvitations { limit } => format!(
            "There are {limit} open invitations, which is the most. Cancel one with `hedgerow invitations cancel`."
        ),
        Refusal::BadParcel => "This is not a parcel, or it is damaged. Copy the file again.".into(),
        Refusal::ParcelNotForUs => "This parcel is for somebody else, or for keys that are gone. \
            Ask its sender to export a new one."
            .into(),
        Refusal::ParcelKnown => "This parcel was imported before; nothing changed.".into(),
        Refusal::NoPrekey => "There is no key yet to seal a parcel for this contact with. \
            Meet once over a network first."
            .into(),
        Refusal::Locked => "The node is locked. Unlock it with `hedgerow unlock`.".into(),
        Refusal::NotLocked => "The node is unlocked already.".into(),
        Refusal::WrongPassphrase => "The passphrase is wrong. Try again.".into(),
        Refusal::NoSuchCarrier => {
            "This node has no such carrier. `hedgerow status` lists them.".into()
        }
        Refusal::BadRelay => "This is not the address of a relay. It looks like \
            /dns/relay.example.org/udp/4001/quic-v1/p2p/12D3KooW...; copy it whole."
            .into(),
        Refusal::BadProxy => {
            "This is not the address of a proxy. It is an IP address and a port, like \
            socks5://127.0.0.1:9050; a name would have to be looked up elsewhere."
                .into()
        }
        Refusal::NoSuchRelay => "No such relay is used. `hedgerow relays` lists them.".into(),
        Refusal::TooManyRelays { limit } => format!(
            "There are {limit} relays, which is the most. Remove one with `hedgerow relays remove`."
        ),
        Refusal::BadCursor => {
            "The page cursor is not one that was given out. Start again without it.".into()
        }
        Refusal::BadRequest { what } => format!("The request is wrong: {}.", visible::text(what)),
        Refusal::Storage { fault } => storage(*fault).into(),
        Refusal::Stopping => "The node is going down. Start it again with `hedgerow run`.".into(),
        Refusal::Unreachable => "The node that owns this data directory does not answer. \
            Wait a moment, or stop that process and run `hedgerow run` again."
            .into(),
        Refusal::OtherVersion { version } => format!(
            "The node that runs here is of another version ({}; this is {}), and the two do not \
            understand each other. Stop it with `hedgerow handover`, and start this one with `hedgerow run`.",
            visible::name(version),
            env!("CARGO_PKG_VERSION")
        ),
        Refusal::NoIdentity => "There is no identity here. `hedgerow init` makes one.".into(),
        Refusal::IdentityExists => {
            "There is an identity here already. Choose another directory with --data-dir, \
            or destroy this one with `hedgerow wipe`."
                .into()
        }
        Refusal::Owned => {
            "Another process owns this data directory. Stop it, or wait until it has started."
                .into()
        }
        Refusal::SlotsMissing => {
            "The file `slots` is missing, and with it the key of the store. Put it back \
            from a copy of the directory; if a wipe was interrupted, wipe again."
                .into()
        }
        Refusal::SlotsDamaged => {
            "The file `slots` is damaged. Put it back from a copy of the directory; \
            nothing was changed."
                .into()
        }
        Refusal::StoreMissing => {
            "The file that holds the store is missing. Put it back from a copy of the directory."
                .into()
        }
        Refusal::NewerData => {
            "The data were written by a newer Hedgerow. Use that one; nothing was changed.".into()
        }
        Refusal::OlderData => {
            "An early version of Hedgerow made these data, and this one cannot read them. Choose another \
             directory, or wipe this one; nothing was changed."
                .into()
        }
        Refusal::NotAuthorised => {
            "The node does not accept our token: it was restarted meanwhile. Try again.".into()
        }
        Refusal::ForeignRequest => {
            "The API answers only programs of this machine that address it as 127.0.0.1.".into()
        }
        Refusal::NoSuchRoute => "The API has no such path or method.".into(),
        Refusal::Bug => {
            "This is a bug in Hedgerow: something happened that was thought impossible. \
            Your data are as they were; please report it."
                .into()
        }
    }
}

/// Why the store failed, and what to do about it.
pub fn storage(fault: StorageProblem) -> &'static str {
    match fault {
        StorageProblem::Full => "The disk is full. Make room; everything confirmed so far is safe.",
        StorageProblem::ReadOnly => {
            "The data directory cannot be written. Make it writable; the data are as they were."
        }
        StorageProblem::Damaged => {
            "The store is damaged. Leave the files as they are, and restore a backup."
        }
        StorageProblem::Gone => {
            "The data directory was deleted, moved or replaced while the node was running, so it has \
             stopped. Put the directory back, then start the node again."
        }
        StorageProblem::Io => {
            "The operating system reports an error on the data directory. Check the disk; \
             everything confirmed so far is safe."
        }
    }
}

/// Why a message is not delivered yet.
pub fn why(why: &Why) -> String {
    match why {
        Why::OnItsWay => "on its way".into(),
        Why::NotFound => {
            "not found on any carrier: it goes out when you are on one network or share a relay"
                .into()
        }
        Why::Connecting => "found, connecting".into(),
        Why::NoAnswer { next_ms } => {
            format!(
                "found, but no answer: next attempt at {}",
                screen::soon(*next_ms)
            )
        }
        Why::NoCarrier => "no carrier is on: switch one on with `hedgerow carrier lan on`".into(),
        Why::Blocked => "blocked by you: `hedgerow block --undo NAME` takes it back".into(),
        Why::Refused => "refused by the contact's device".into(),
    }
}

/// How a carrier stands with a contact, and what to do if messages cannot go over it.
pub fn way(carrier: Carrier, state: &WayState) -> String {
    match state {
        WayState::InUse => "in use".into(),
        WayState::Spare => "not needed: a better one is in use".into(),
        WayState::Trying => "connecting".into(),
        WayState::NoAnswer { next_ms } => {
            format!("no answer: next attempt at {}", screen::soon(*next_ms))
        }
        WayState::NotFound => "not found there".into(),
        WayState::NoCommonRelay => {
            "no relay that both use: add one that the contact uses with `hedgerow relays add ADDRESS`"
                .into()
        }
        WayState::Off => condition(carrier, CarrierCondition::Off, true),
        WayState::NotWorking { condition: why } => condition(carrier, *why, true),
        WayState::ByHand => "ready: `hedgerow carry export NAME FILE` makes a parcel".into(),
        WayState::NoKeyYet => "not yet: meet once over a network first".into(),
        WayState::NotWanted => "not tried: one of you has blocked or removed the other".into(),
    }
}

/// What carries.
pub fn carrier(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Memory => "memory",
        Carrier::Lan => "local network",
        Carrier::Ble => "Bluetooth LE",
        Carrier::Relay => "relay",
        Carrier::File => "by hand",
    }
}

/// Whether a carrier works and this device is announced there, and what to do if not.
pub fn condition(of: Carrier, condition: CarrierCondition, announcing: bool) -> String {
    let name = match of {
        Carrier::Ble => "ble",
        Carrier::Relay => "relay",
        Carrier::Memory | Carrier::Lan | Carrier::File => "lan",
    };
    match (condition, of) {
        (CarrierCondition::On, _) if !announcing => {
            return format!("on, not announced: announce with `hedgerow carrier {name} on`");
        }
        (CarrierCondition::On, _) => "on",
        (CarrierCondition::Off, Carrier::Relay) => {
            "off: `hedgerow relays add ADDRESS` uses a relay, `hedgerow carrier relay on` those there are"
        }
        (CarrierCondition::Off, _) => {
            return format!("off: switch it on with `hedgerow carrier {name} on`");
        }
        (CarrierCondition::NoInterface, Carrier::Ble) => {
            "no adapter: plug one in, or go without"
        }
        (CarrierCondition::NoInterface, Carrier::Relay) => "finding out",
        (CarrierCondition::NoInterface, _) => "no network: connect to one",
        (CarrierCondition::NoPermission, _) => {
            "not permitted by the operating system: allow it there"
        }
        (CarrierCondition::NoService, _) => {
            "the system's Bluetooth service does not run: start it (`systemctl start bluetooth`), or go without"
        }
        (CarrierCondition::PoweredOff, _) => {
            "Bluetooth is switched off: switch it on in the system's settings"
        }
        (CarrierCondition::NotPrivate, _) => {
            "off, since everybody near would see an address or a name that never changes: write `Privacy = device` \
             below [General] in /etc/bluetooth/main.conf, restart Bluetooth, and run `bluetoothctl system-alias \
             Bluetooth`; or allow it with `hedgerow bluetooth --show-address`"
        }
        (CarrierCondition::NoDiscovery, Carrier::Ble) => {
            "on, but the adapter announces nothing for us: others find this device only if it finds them"
        }
        (CarrierCondition::NoDiscovery, _) => {
            "on, but this network blocks discovery: only contacts at known addresses are found"
        }
        (CarrierCondition::Failing, Carrier::Relay) => {
            "no relay answers; tried again on its own"
        }
        (CarrierCondition::Failing, _) => "failing, tried again on its own",
    }
    .to_owned()
}

/// How it is with a relay, and what to do if it does not serve.
pub fn relay(relay: RelayCondition) -> &'static str {
    match relay {
        RelayCondition::Offered => {
            "offered by a contact or an invitation: `hedgerow relays add ADDRESS` uses it"
        }
        RelayCondition::Off => "off: switch it on with `hedgerow carrier relay on`",
        RelayCondition::Connecting => "connecting",
        RelayCondition::Ready => "ready",
        RelayCondition::Unreachable => {
            "no answer, tried again on its own: is there internet, is the address right?"
        }
        RelayCondition::WrongName => {
            "another relay answers at this address: ask whoever runs it for the new one"
        }
        RelayCondition::Refused => "takes nobody in now, tried again on its own: add another",
        RelayCondition::Full => "full, tried again on its own: add another",
        RelayCondition::NotARelay => "what answers is no relay: remove it",
        RelayCondition::NeedsTcp => {
            "not through the proxy, which takes TCP alone: add the relay's address with /tcp/"
        }
    }
}

/// How relays are reached, if that is not as usual.
pub fn relay_paths(paths: &RelayPaths) -> Option<String> {
    match paths {
        RelayPaths::Direct => None,
        RelayPaths::Relayed => Some("Contacts are met through relays alone.".to_owned()),
        RelayPaths::Proxied { proxy } => Some(format!(
            "Contacts are met through relays alone, and those through the proxy {}.",
            visible::name(&proxy.0)
        )),
    }
}

/// Why a join has not succeeded, and what to do.
pub fn join_problem(problem: JoinProblem) -> &'static str {
    match problem {
        JoinProblem::NoAnswer => {
            "No answer: the link is used or cancelled, or its maker is out of reach. \
             It is tried again until the link expires."
        }
        JoinProblem::Used => "The link was used already. Ask for a new one.",
        JoinProblem::Cancelled => "The link was cancelled. Ask for a new one.",
        JoinProblem::Expired => "The link has expired. Ask for a new one.",
        JoinProblem::Refused => "The maker of the link has blocked you.",
        JoinProblem::AlreadyContact => {
            "The maker of the link still has you as a contact, and has to remove you first."
        }
        JoinProblem::NotTheInviter => {
            "Whoever answered does not hold the keys that the link names. Somebody may be in between: \
             try on another network."
        }
    }
}

/// What has become of an invitation.
pub fn invitation(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Open => "open",
        InvitationState::Used => "used",
        InvitationState::Cancelled => "cancelled",
        InvitationState::Expired => "expired",
        InvitationState::Joining => "joining",
    }
}

/// What follows the author of a message whose time is still to come.
pub const CLOCK_AHEAD: &str = " (clock of the sender is ahead)";

/// What the author of one's own messages is called.
pub const YOU: &str = "you";

/// What the user must know about a contact.
pub fn notice(notice: Notice) -> &'static str {
    match notice {
        Notice::OlderState => {
            "one of you was restored from an older copy, or somebody uses one: verify"
        }
    }
}
