//! Codes of the node and of the view-model as the interface's enumerations. Words for them are made there.

use hedgerow_node::api::{
    Carrier, CarrierCondition, InvitationState, JoinProblem, Power, Refusal, RelayCondition,
    StorageProblem, WayState, Why, visible,
};
use slint::SharedString;

use crate::model::{CameraProblem, Day, Face, PathsKind, Tick, WayRow, Weakness, When};
use crate::ui;

/// None where there is none.
pub fn carrier(carrier: Option<Carrier>) -> ui::Carrier {
    match carrier {
        None => ui::Carrier::None,
        Some(Carrier::Memory) => ui::Carrier::Memory,
        Some(Carrier::Lan) => ui::Carrier::Lan,
        Some(Carrier::Ble) => ui::Carrier::Ble,
        Some(Carrier::Relay) => ui::Carrier::Relay,
        Some(Carrier::File) => ui::Carrier::File,
    }
}

/// The way back, for what is switched.
pub fn carrier_named(carrier: ui::Carrier) -> Option<Carrier> {
    Some(match carrier {
        ui::Carrier::None => return None,
        ui::Carrier::Memory => Carrier::Memory,
        ui::Carrier::Lan => Carrier::Lan,
        ui::Carrier::Ble => Carrier::Ble,
        ui::Carrier::Relay => Carrier::Relay,
        ui::Carrier::File => Carrier::File,
    })
}

pub fn condition(of: Carrier, condition: CarrierCondition) -> ui::Condition {
    match condition {
        CarrierCondition::NoInterface if of == Carrier::Ble => ui::Condition::NoAdapter,
        CarrierCondition::NoDiscovery if of == Carrier::Ble => ui::Condition::NoAnnouncing,
        CarrierCondition::On => ui::Condition::On,
        CarrierCondition::Off => ui::Condition::Off,
        CarrierCondition::NoInterface => ui::Condition::NoInterface,
        CarrierCondition::NoPermission => ui::Condition::NoPermission,
        CarrierCondition::NoService => ui::Condition::NoService,
        CarrierCondition::PoweredOff => ui::Condition::PoweredOff,
        CarrierCondition::NotPrivate => ui::Condition::NotPrivate,
        CarrierCondition::NoDiscovery => ui::Condition::NoDiscovery,
        CarrierCondition::Failing => ui::Condition::Failing,
    }
}

pub fn relay(condition: RelayCondition) -> ui::RelayCondition {
    match condition {
        RelayCondition::Offered => ui::RelayCondition::Offered,
        RelayCondition::Off => ui::RelayCondition::Off,
        RelayCondition::Connecting => ui::RelayCondition::Connecting,
        RelayCondition::Ready => ui::RelayCondition::Ready,
        RelayCondition::Unreachable => ui::RelayCondition::Unreachable,
        RelayCondition::NeedsTcp => ui::RelayCondition::NeedsTcp,
        RelayCondition::WrongName => ui::RelayCondition::WrongName,
        RelayCondition::Refused => ui::RelayCondition::Refused,
        RelayCondition::Full => ui::RelayCondition::Full,
        RelayCondition::NotARelay => ui::RelayCondition::NotARelay,
    }
}

pub fn power(power: Power) -> ui::Power {
    match power {
        Power::Active => ui::Power::Active,
        Power::Balanced => ui::Power::Balanced,
        Power::Saver => ui::Power::Saver,
    }
}

pub fn paths(kind: PathsKind) -> ui::Paths {
    match kind {
        PathsKind::Direct => ui::Paths::Direct,
        PathsKind::Relayed => ui::Paths::Relayed,
        PathsKind::Proxied => ui::Paths::Proxied,
    }
}

/// How far, and over what.
pub fn tick(tick: Option<Tick>) -> (ui::Tick, ui::Carrier) {
    match tick {
        None => (ui::Tick::None, ui::Carrier::None),
        Some(Tick::Queued) => (ui::Tick::Queued, ui::Carrier::None),
        Some(Tick::Sent(over)) => (ui::Tick::Sent, carrier(Some(over))),
        Some(Tick::Delivered) => (ui::Tick::Delivered, ui::Carrier::None),
        Some(Tick::Refused) => (ui::Tick::Refused, ui::Carrier::None),
    }
}

pub fn why(why: Option<Why>) -> ui::Why {
    match why {
        None => ui::Why::None,
        Some(Why::OnItsWay) => ui::Why::OnItsWay,
        Some(Why::NotFound) => ui::Why::NotFound,
        Some(Why::Connecting) => ui::Why::Connecting,
        Some(Why::NoAnswer { .. }) => ui::Why::NoAnswer,
        Some(Why::NoCarrier) => ui::Why::NoCarrier,
        Some(Why::Blocked) => ui::Why::Blocked,
        Some(Why::Refused) => ui::Why::Refused,
    }
}

/// How a carrier stands with a contact.
pub fn way(row: &WayRow) -> ui::WayRow {
    let mut on = ui::Condition::On;
    let way = match row.state {
        WayState::InUse => ui::Way::InUse,
        WayState::Spare => ui::Way::Spare,
        WayState::Trying => ui::Way::Trying,
        WayState::NoAnswer { .. } => ui::Way::NoAnswer,
        WayState::NotFound => ui::Way::NotFound,
        WayState::NoCommonRelay => ui::Way::NoCommonRelay,
        WayState::Off => ui::Way::Off,
        WayState::NotWorking { condition: why } => {
            on = condition(row.carrier, why);
            ui::Way::NotWorking
        }
        WayState::ByHand => ui::Way::ByHand,
        WayState::NoKeyYet => ui::Way::NoKeyYet,
        WayState::NotWanted => ui::Way::NotWanted,
    };
    ui::WayRow {
        carrier: carrier(Some(row.carrier)),
        way,
        condition: on,
        next: when(row.next),
    }
}

/// A contact, as it is shown.
pub fn face(face: &Face) -> ui::Face {
    ui::Face {
        name: face.name.as_str().into(),
        initials: face.initials.as_str().into(),
        hue: face.hue.into(),
        verified: face.verified,
        blocked: face.blocked,
        older_state: face.notice.is_some(),
        former_name: face.former_name.as_deref().unwrap_or_default().into(),
        reachable: carrier(face.reachable),
        last_seen: when(face.last_seen),
    }
}

/// Never, where there is none.
pub fn when(when: Option<When>) -> ui::When {
    let Some(when) = when else {
        return ui::When::default();
    };
    let (day, weekday) = match when.day {
        Day::Today => (ui::Day::Today, 0),
        Day::Yesterday => (ui::Day::Yesterday, 0),
        Day::Weekday(weekday) => (ui::Day::Weekday, weekday),
        Day::Date => (ui::Day::Date, 0),
    };
    ui::When {
        day,
        weekday: weekday.into(),
        date: date(when.date),
        hour: when.hour.into(),
        minute: when.minute.into(),
    }
}

pub fn date(date: crate::model::Date) -> ui::Date {
    ui::Date {
        year: date.year.into(),
        month: date.month.into(),
        day: date.day.into(),
    }
}

pub fn weakness(weakness: Option<Weakness>) -> ui::Weakness {
    match weakness {
        None => ui::Weakness::None,
        Some(Weakness::TooShort) => ui::Weakness::TooShort,
        Some(Weakness::Common) => ui::Weakness::Common,
        Some(Weakness::OneWord) => ui::Weakness::OneWord,
        Some(Weakness::Name) => ui::Weakness::Name,
        Some(Weakness::Keyboard) => ui::Weakness::Keyboard,
        Some(Weakness::Repeats) => ui::Weakness::Repeats,
        Some(Weakness::Sequence) => ui::Weakness::Sequence,
        Some(Weakness::Date) => ui::Weakness::Date,
    }
}

pub fn invitation(state: InvitationState) -> ui::InvitationState {
    match state {
        InvitationState::Open => ui::InvitationState::Open,
        InvitationState::Used => ui::InvitationState::Used,
        InvitationState::Cancelled => ui::InvitationState::Cancelled,
        InvitationState::Expired => ui::InvitationState::Expired,
        InvitationState::Joining => ui::InvitationState::Joining,
    }
}

pub fn join_problem(problem: Option<JoinProblem>) -> ui::JoinProblem {
    match problem {
        None => ui::JoinProblem::None,
        Some(JoinProblem::NoAnswer) => ui::JoinProblem::NoAnswer,
        Some(JoinProblem::Used) => ui::JoinProblem::Used,
        Some(JoinProblem::Cancelled) => ui::JoinProblem::Cancelled,
        Some(JoinProblem::Expired) => ui::JoinProblem::Expired,
        Some(JoinProblem::Refused) => ui::JoinProblem::Refused,
        Some(JoinProblem::AlreadyContact) => ui::JoinProblem::AlreadyContact,
        Some(JoinProblem::NotTheInviter) => ui::JoinProblem::NotTheInviter,
    }
}

pub fn storage(fault: StorageProblem) -> ui::Code {
    match fault {
        StorageProblem::Full => ui::Code::StorageFull,
        StorageProblem::ReadOnly => ui::Code::StorageReadOnly,
        StorageProblem::Damaged => ui::Code::StorageDamaged,
        StorageProblem::Gone => ui::Code::StorageGone,
        StorageProblem::Io => ui::Code::StorageIo,
    }
}

/// What went wrong. What only a program can have caused is a bug here.
pub fn problem(refusal: Option<&Refusal>) -> ui::Problem {
    let Some(refusal) = refusal else {
        return ui::Problem::default();
    };
    let (mut limit, mut actual, mut version) = (0, 0, SharedString::new());
    let code = match refusal {
        Refusal::NoSuchContact => ui::Code::NoSuchContact,
        Refusal::NoSuchMessage => ui::Code::NoSuchMessage,
        Refusal::NoSuchInvitation => ui::Code::NoSuchInvitation,
        Refusal::Blocked => ui::Code::Blocked,
        Refusal::Empty => ui::Code::Empty,
        Refusal::NotAnEmoji => ui::Code::NotAnEmoji,
        Refusal::TooLong {
            limit_bytes,
            actual_bytes,
        } => {
            (limit, actual) = (number(*limit_bytes), number(*actual_bytes));
            ui::Code::TooLong
        }
        Refusal::BadLink => ui::Code::BadLink,
        Refusal::NewerLink => ui::Code::NewerLink,
        Refusal::OwnLink => ui::Code::OwnLink,
        Refusal::AlreadyContact => ui::Code::AlreadyContact,
        Refusal::TooManyInvitations { limit: most } => {
            limit = number(u64::from(*most));
            ui::Code::TooManyInvitations
        }
        Refusal::BadRelay => ui::Code::BadRelay,
        Refusal::NoSuchRelay => ui::Code::NoSuchRelay,
        Refusal::TooManyRelays { limit: most } => {
            limit = number(u64::from(*most));
            ui::Code::TooManyRelays
        }
        Refusal::BadProxy => ui::Code::BadProxy,
        Refusal::Locked => ui::Code::Locked,
        Refusal::NotLocked => ui::Code::NotLocked,
        Refusal::WrongPassphrase => ui::Code::WrongPassphrase,
        Refusal::Storage { fault } => storage(*fault),
        Refusal::Stopping => ui::Code::Stopping,
        Refusal::Unreachable => ui::Code::Unreachable,
        Refusal::OtherVersion { version: other } => {
            version = visible::label(other).unwrap_or_default().into();
            ui::Code::OtherVersion
        }
        Refusal::NoIdentity => ui::Code::NoIdentity,
        Refusal::IdentityExists => ui::Code::IdentityExists,
        Refusal::Owned => ui::Code::Owned,
        Refusal::SlotsMissing => ui::Code::SlotsMissing,
        Refusal::SlotsDamaged => ui::Code::SlotsDamaged,
        Refusal::StoreMissing => ui::Code::StoreMissing,
        Refusal::NewerData => ui::Code::NewerData,
        Refusal::OlderData => ui::Code::OlderData,
        Refusal::BadParcel
        | Refusal::ParcelNotForUs
        | Refusal::ParcelKnown
        | Refusal::NoPrekey
        | Refusal::NoSuchCarrier
        | Refusal::BadCursor
        | Refusal::BadRequest { .. }
        | Refusal::NotAuthorised
        | Refusal::ForeignRequest
        | Refusal::NoSuchRoute
        | Refusal::Bug => ui::Code::Bug,
    };
    ui::Problem {
        code,
        limit,
        actual,
        version,
    }
}

/// The interface counts in 32 bits; more than that is as much as it can say.
pub fn number(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub fn camera_problem(problem: Option<CameraProblem>) -> ui::CameraProblem {
    match problem {
        None => ui::CameraProblem::None,
        Some(CameraProblem::Busy) => ui::CameraProblem::Busy,
        Some(CameraProblem::Forbidden) => ui::CameraProblem::Forbidden,
        Some(CameraProblem::Gone) => ui::CameraProblem::Gone,
        Some(CameraProblem::Silent) => ui::CameraProblem::Silent,
        Some(CameraProblem::Unsuitable) => ui::CameraProblem::Unsuitable,
    }
}
