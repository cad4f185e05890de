//! What the codes of the API mean: one sentence for each, which the command line and the window say alike.
//! What a user can do about it differs there; each adds that.

use super::{Phrase, tr};
use crate::api::strength::Weakness;
use crate::api::{
    Carrier, CarrierCondition, GroupLimit, InvitationState, JoinProblem, Notice, Refusal,
    RelayCondition, RelayPaths, StorageFault, Uncleaned, Unplayable, WayState, Why, visible,
};

/// Why something was not done.
pub fn refusal(refusal: &Refusal) -> Phrase {
    match refusal {
        Refusal::NoSuchContact => tr!("There is no such contact."),
        Refusal::NoSuchConversation => tr!("There is no such conversation."),
        Refusal::NoSuchMessage => tr!("There is no such message in this conversation."),
        Refusal::NoSuchInvitation => tr!("There is no such invitation."),
        Refusal::NoText => tr!("There is no text in this message."),
        Refusal::BadTimer { .. } => tr!("A timer is off, or from a minute to a year."),
        Refusal::TimerChanged { .. } => {
            tr!("The timer of this conversation has changed. Look at it, then send again.")
        }
        Refusal::NotesStay => tr!("Nothing disappears in notes to yourself."),
        Refusal::NotLapsed => {
            tr!("This message has not expired. There is nothing to send again.")
        }
        Refusal::NoFile => tr!("This message has no file to load or save."),
        Refusal::NoSuchUpload => {
            tr!("This file is not ready to be sent any more. Attach it again.")
        }
        Refusal::FileNotHere => tr!("The file of this message is not here yet."),
        Refusal::FileHere => tr!("The file is here already. Delete the message to remove it."),
        Refusal::FileArrived => {
            tr!("The file has arrived already. Delete the message for everyone to remove it.")
        }
        Refusal::FileCancelled => {
            tr!("The sender cancelled this file. Ask for it to be sent again.")
        }
        Refusal::FileNotDelivered => {
            tr!("The file has not reached everybody yet, so its room is not freed.")
        }
        Refusal::MayNameYou => {
            tr!("This file may name you and the place. Send it as it is, or not at all.")
        }
        Refusal::NotCleaned { why } => match why {
            Uncleaned::Animated => tr!(
                "The picture moves, and would stand still without what it carries. Send it as it is, or not at all."
            ),
            Uncleaned::TooLarge => tr!(
                "The picture is too large to remove what it carries. Send it as it is, or not at all."
            ),
            Uncleaned::Undecodable => tr!(
                "The picture is damaged, so what it carries cannot be removed. Send it as it is, or not at all."
            ),
            Uncleaned::Unavailable => tr!(
                "What a picture carries cannot be removed on this device. Send it as it is, or not at all."
            ),
        },
        Refusal::NotAVoiceNote { why } => match why {
            Unplayable::OtherKind => {
                tr!("A voice note is a file of Ogg Opus with one sound. This is another one.")
            }
            Unplayable::TooLong => tr!("A voice note plays for at most 15 minutes."),
            Unplayable::Damaged => tr!("This sound is damaged and cannot be played."),
            Unplayable::Unavailable => tr!("Sound cannot be decoded on this device."),
        },
        Refusal::FileChanged => tr!("The file changed while it was read. Attach it again."),
        Refusal::NoRoom { free } => tr!(
            "There is not enough room on the disk: {free} bytes are free.",
            free = *free
        ),
        Refusal::NotYours => tr!("Somebody else wrote this message. You can change only your own."),
        Refusal::TooManyEdits { limit } => tr!(
            "This message was edited {limit} times, which is the most. Write a new one.",
            limit = *limit
        ),
        Refusal::TooManyReceivers { limit } => tr!(
            "A message can be forwarded to at most {limit} conversations at once.",
            limit = *limit
        ),
        Refusal::Blocked => tr!("This contact is blocked."),
        Refusal::NoLongerContact => {
            tr!("This person is no longer a contact. Nothing can be written here.")
        }
        Refusal::HasMembers => {
            tr!("This conversation goes with its contact. Remove the contact to erase it.")
        }
        Refusal::NotAGroup => tr!("This conversation is no group."),
        Refusal::NotAMember => tr!("You are not in this group. Nothing can be written here."),
        Refusal::StillAMember => tr!("You are in this group. Leave it first to erase it."),
        Refusal::NotAnAdmin => tr!("Only an admin of the group can do this."),
        Refusal::Suspended => tr!("You are suspended from this group."),
        Refusal::NotSuspended => tr!("Nobody has suspended you in this group."),
        Refusal::NoSuchMember => tr!("There is no such member in this group."),
        Refusal::AlreadyMember => tr!("This contact is in the group already."),
        Refusal::GroupFull { full } => match full {
            GroupLimit::People => tr!("The group has as many people as a group can have."),
            GroupLimit::Admins => tr!("The group has as many admins as a group can have."),
            GroupLimit::Operations => {
                tr!("So much was changed in this group that nobody can be added. Make a new one.")
            }
        },
        Refusal::NoEffect => {
            tr!("An admin who outranks you has decided otherwise. Nothing changed.")
        }
        Refusal::BadInvitation => tr!("This invitation is damaged or false. Ask for a new one."),
        Refusal::InvitationAnswered => tr!("You have accepted this invitation already."),
        Refusal::InvitationWithdrawn => {
            tr!("This invitation holds no longer. Ask another admin of the group for one.")
        }
        Refusal::LeftGroup => tr!("You left this group. Erase it here, then join again."),
        Refusal::NewerGroup => {
            tr!("A newer version made this group. Update Hedgerow to take part in it.")
        }
        Refusal::Empty => tr!("The message is empty."),
        Refusal::NotAnEmoji => tr!("This is not one emoji. Give exactly one, like 👍."),
        Refusal::BadName => tr!(
            "This name has line breaks, control characters or marks that turn the reading direction. Type it without them."
        ),
        Refusal::TooLong {
            limit_bytes,
            actual_bytes,
        } => tr!(
            "It is too long: {actual} bytes, and at most {limit} are possible.",
            actual = *actual_bytes,
            limit = *limit_bytes
        ),
        Refusal::BadLink => {
            tr!("This is not an invitation, or it is damaged. Copy it again, whole.")
        }
        Refusal::NewerLink => {
            tr!("A newer version made this invitation. Update Hedgerow to open it.")
        }
        Refusal::OwnLink => tr!("This is your own invitation. Give it to somebody else."),
        Refusal::AlreadyContact => {
            tr!("The person who made this invitation is already your contact.")
        }
        Refusal::TooManyInvitations { limit } => tr!(
            "There are {limit} open invitations, which is the most. Cancel one.",
            limit = *limit
        ),
        Refusal::BadParcel => {
            tr!("This is not a file of Hedgerow, or it is damaged. Copy it again.")
        }
        Refusal::NoSuchParcel => tr!("This export is over. Begin it again."),
        Refusal::ParcelNotForUs => tr!(
            "This file was made for another identity, or for keys that are gone. Ask its sender for a new one."
        ),
        Refusal::ParcelKnown => tr!("This file was imported already. Nothing changed."),
        Refusal::NoPrekey => tr!(
            "There is no key yet to seal a file for this contact. Meet once over a network first."
        ),
        Refusal::Locked => tr!("Hedgerow is locked."),
        Refusal::NotLocked => tr!("Hedgerow is unlocked already."),
        Refusal::WrongPassphrase => tr!("The passphrase is wrong. Try again."),
        Refusal::NoSuchCarrier => tr!("This device has no such carrier."),
        Refusal::BadRelay => tr!(
            "This is not the address of a relay, or a part of it is missing. Copy it again, whole."
        ),
        Refusal::BadProxy => tr!(
            "This is not the address of a proxy. It is an IP address and a port, like 127.0.0.1:9050; a name would have to be looked up elsewhere."
        ),
        Refusal::NoSuchRelay => tr!("No such relay is in use."),
        Refusal::TooManyRelays { limit } => tr!(
            "There are {limit} relays, which is the most. Remove one.",
            limit = *limit
        ),
        Refusal::BadCursor => {
            tr!("The node did not give out this page cursor. Start again without it.")
        }
        Refusal::BadRequest { what } => {
            tr!("The request is wrong: {what}.", what = visible::text(what))
        }
        Refusal::Storage { fault } => storage(*fault),
        Refusal::Stopping => tr!("Hedgerow is closing."),
        Refusal::Unreachable => tr!(
            "Another Hedgerow process uses the data and does not answer. Wait a moment, or stop it."
        ),
        Refusal::OtherVersion { version } => tr!(
            "Hedgerow is already running in another version ({version}) that this one does not understand. Stop it, and try again.",
            version = visible::name(version)
        ),
        Refusal::NoIdentity => tr!("There is no identity here yet."),
        Refusal::IdentityExists => tr!("There is an identity here already."),
        Refusal::Owned => {
            tr!("Hedgerow is already running with this data folder.")
        }
        Refusal::SlotsMissing => tr!(
            "The key file is missing. Put it back from a copy; if a wipe was interrupted, wipe again."
        ),
        Refusal::SlotsDamaged => {
            tr!("The key file is damaged. Put it back from a copy; nothing was changed.")
        }
        Refusal::StoreMissing => {
            tr!("The file with the messages is missing. Put it back from a copy.")
        }
        Refusal::NewerData => tr!("A newer version wrote these data. Update Hedgerow."),
        Refusal::OlderData => tr!(
            "An early version made these data, and this one cannot read them. Nothing was changed."
        ),
        Refusal::NotAuthorised => {
            tr!("The node does not accept our token: it was restarted meanwhile. Try again.")
        }
        Refusal::ForeignRequest => {
            tr!("The API answers only programs of this machine that address it as 127.0.0.1.")
        }
        Refusal::NoSuchRoute => tr!("The API has no such path or method."),
        Refusal::Bug => {
            tr!("Something happened that should be impossible. Nothing was lost; please report it.")
        }
    }
}

/// What makes a passphrase easy to guess.
pub fn weakness(weakness: Weakness) -> Phrase {
    match weakness {
        Weakness::TooShort => tr!(
            "Easy to guess: too short. Four or more words that have nothing to do with each other are good."
        ),
        Weakness::Common => tr!("Easy to guess: many people use it."),
        Weakness::OneWord => {
            tr!("Easy to guess: a single word. Add some that have nothing to do with it.")
        }
        Weakness::Name => tr!("Easy to guess: it is made of names."),
        Weakness::Keyboard => tr!("Easy to guess: a row of keys."),
        Weakness::Repeats => tr!("Easy to guess: it repeats itself."),
        Weakness::Sequence => tr!("Easy to guess: a sequence."),
        Weakness::Date => tr!("Easy to guess: a date."),
    }
}

/// Why the store failed.
pub fn storage(fault: StorageFault) -> Phrase {
    match fault {
        StorageFault::Full => {
            tr!("The disk is full. Free some space; what was confirmed is safe.")
        }
        StorageFault::ReadOnly => tr!("The disk cannot be written. What was confirmed is safe."),
        StorageFault::Damaged => tr!("The data are damaged. Put them back from a copy."),
        StorageFault::Gone => tr!(
            "The data folder was deleted, moved or replaced while Hedgerow was running. Put it back, then try again."
        ),
        StorageFault::Io => tr!("The disk has failed. What was confirmed is safe."),
    }
}

/// Why a message is not delivered yet. `time`: how the time of an attempt (Unix milliseconds) is written, if it is known.
pub fn why(why: &Why, time: impl FnOnce(i64) -> Option<String>) -> Phrase {
    match why {
        Why::OnItsWay => tr!("A connection is up, and it is on its way."),
        Why::NotFound => tr!(
            "The contact was found neither near nor at a relay. It leaves by itself when they are."
        ),
        Why::Connecting => tr!("The contact was found, and a connection is being made."),
        Why::NoAnswer { next_ms } => match time(*next_ms) {
            None => tr!("The contact was found, but does not answer."),
            Some(time) => tr!(
                "The contact was found, but does not answer. Next attempt: {time}",
                time = time
            ),
        },
        Why::NoCarrier => tr!("No carrier is on. Switch one on."),
        Why::Blocked => tr!("You have blocked this contact."),
        Why::Refused => tr!("The contact's device refused it."),
    }
}

/// How a carrier stands with a contact. `time` as for [`why`].
pub fn way(of: Carrier, state: &WayState, time: impl FnOnce(i64) -> Option<String>) -> Phrase {
    match state {
        WayState::InUse => tr!("In use"),
        WayState::Spare => tr!("Not needed: a better one is in use."),
        WayState::Trying => tr!("Connecting"),
        WayState::NoAnswer { next_ms } => match time(*next_ms) {
            None => tr!("No answer."),
            Some(time) => tr!("No answer. Next attempt: {time}", time = time),
        },
        WayState::NotFound => tr!("The contact was not found there."),
        WayState::NoCommonRelay => tr!("There is no relay that you both use."),
        WayState::Off => condition(of, CarrierCondition::Off, true),
        WayState::NotWorking { condition: why } => condition(of, *why, true),
        WayState::ByHand => tr!("Possible by hand: hedgerow carry export"),
        WayState::NoKeyYet => tr!("Not yet: meet once over a network first."),
        WayState::NotWanted => tr!("Not tried: one of you has blocked or removed the other."),
    }
}

/// What carries.
pub fn carrier(carrier: Carrier) -> Phrase {
    match carrier {
        Carrier::Memory => tr!("This computer"),
        Carrier::Lan => tr!("Local network"),
        Carrier::Ble => tr!("Bluetooth"),
        Carrier::Relay => tr!("Relay"),
        Carrier::File => tr!("File"),
    }
}

/// Whether a carrier works, and whether it announces this device.
pub fn condition(of: Carrier, condition: CarrierCondition, announcing: bool) -> Phrase {
    match (condition, of) {
        (CarrierCondition::On, _) if announcing => tr!("On"),
        (CarrierCondition::On, _) => tr!("On; looks for others, announces nothing"),
        (CarrierCondition::Off, _) => tr!("Off"),
        (CarrierCondition::NoInterface, Carrier::Ble) => {
            tr!("This device has no Bluetooth adapter.")
        }
        (CarrierCondition::NoInterface, Carrier::Relay) => tr!("Checking…"),
        (CarrierCondition::NoInterface, _) => {
            tr!("There is no network. Join a Wi-Fi network, or open a hotspot.")
        }
        (CarrierCondition::NoPermission, _) => {
            tr!("The system does not allow it. Check the firewall and the permissions.")
        }
        (CarrierCondition::NoService, _) => {
            tr!("The Bluetooth service is not running. Start it with “systemctl start bluetooth”.")
        }
        (CarrierCondition::PoweredOff, _) => {
            tr!("Bluetooth is switched off. Switch it on in the system's settings.")
        }
        (CarrierCondition::NotPrivate, _) => tr!(
            "Off, since everybody near would see an address or a name that never changes. Write “Privacy = device” below [General] in /etc/bluetooth/main.conf, restart Bluetooth, and run “bluetoothctl system-alias Bluetooth”."
        ),
        (CarrierCondition::NoDiscovery, Carrier::Ble) => tr!(
            "On, but the adapter announces nothing for us. Others find this device only if it finds them."
        ),
        (CarrierCondition::NoDiscovery, _) => tr!(
            "On, but this network carries no announcements. Contacts that were met before are still found."
        ),
        (CarrierCondition::Failing, Carrier::Relay) => {
            tr!("No relay answers; retrying.")
        }
        (CarrierCondition::Failing, _) => tr!("Not working; retrying."),
    }
}

/// How it is with a relay.
pub fn relay(relay: RelayCondition) -> Phrase {
    match relay {
        RelayCondition::Offered => {
            tr!("A contact or an invitation names it. It is not used until you add it.")
        }
        RelayCondition::Off => tr!("Off: relays are switched off."),
        RelayCondition::Connecting => tr!("Connecting"),
        RelayCondition::Ready => tr!("Ready"),
        RelayCondition::Unreachable => {
            tr!("No answer, retrying. Check the internet connection and the address.")
        }
        RelayCondition::WrongName => {
            tr!(
                "Another relay answers at this address. Ask the person who runs it for the new one."
            )
        }
        RelayCondition::Refused => tr!("It accepts nobody now; retrying."),
        RelayCondition::Full => tr!("It is full; retrying."),
        RelayCondition::NotARelay => tr!("Not a relay. Remove it."),
        RelayCondition::NeedsTcp => {
            tr!("The proxy does not support QUIC. Add the relay's address with tcp.")
        }
    }
}

/// How relays are reached, and whether anybody but relays is.
pub fn paths(paths: &RelayPaths) -> Phrase {
    match paths {
        RelayPaths::Direct => tr!("Directly where possible"),
        RelayPaths::Relayed => tr!("Only through relays"),
        RelayPaths::Proxied { .. } => tr!("Only through relays, and to them through a proxy"),
    }
}

/// Why a join makes no progress, or has ended.
pub fn join_problem(problem: JoinProblem) -> Phrase {
    match problem {
        JoinProblem::NoAnswer => tr!(
            "No answer yet: out of reach, used or cancelled. It is tried until the invitation expires."
        ),
        JoinProblem::Used => {
            tr!("Somebody has used this invitation already. Ask for a new one.")
        }
        JoinProblem::Cancelled => {
            tr!("Its maker has cancelled this invitation. Ask for a new one.")
        }
        JoinProblem::Expired => tr!("This invitation has expired. Ask for a new one."),
        JoinProblem::Refused => tr!("Its maker has blocked you."),
        JoinProblem::AlreadyContact => {
            tr!("You are still a contact of its maker, who has to remove you first.")
        }
        JoinProblem::NotTheInviter => tr!(
            "The device that answered is not the maker of this invitation. Stop here; ask for a new one."
        ),
    }
}

/// What has become of an invitation.
pub fn invitation(state: InvitationState) -> Phrase {
    match state {
        InvitationState::Open => tr!("an invitation" => "Open"),
        InvitationState::Used => tr!("an invitation" => "Used"),
        InvitationState::Cancelled => tr!("an invitation" => "Cancelled"),
        InvitationState::Expired => tr!("an invitation" => "Expired"),
        InvitationState::Joining => tr!("Looking for its maker"),
    }
}

/// What the user must know about a contact.
pub fn notice(notice: Notice) -> Phrase {
    match notice {
        Notice::OlderState => tr!(
            "This contact or this device was restored from an older copy, or somebody uses one. Compare the safety words again."
        ),
    }
}

/// What the author of our own messages is called.
pub fn you() -> Phrase {
    tr!("the author of a message" => "you")
}
