//! Contacts, and how each carrier stands with one.

use hedgerow_transport::safety::safety_words;
use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::{Carrier, CarrierCondition, ConversationId, Private};

/// A contact's stable id: 32 hex digits of its identity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct ContactId(pub String);
redacted!(ContactId);

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Contact {
    /// Its stable id.
    pub id: ContactId,
    /// The name to show: the alias, or what the contact calls itself.
    pub name: Private,
    /// What the contact calls itself.
    pub own_name: Private,
    /// The name that was shown before the contact gave itself another one. A rename by the user, also to the name
    /// that is shown now, takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_name: Option<Private>,
    /// Another contact, or we, have a name that looks the same: show the id beside it.
    #[serde(default)]
    pub lookalike: bool,
    /// Met in person, or safety words compared.
    pub verified: bool,
    /// Blocked by us.
    pub blocked: bool,
    /// Something about this contact that the user must know.
    pub notice: Option<Notice>,
    /// Over which carrier there is a session now.
    pub reachable: Option<Carrier>,
    /// When a session was last up, Unix milliseconds by our clock.
    pub last_seen_ms: Option<i64>,
    /// What none of its devices can show, as far as they have said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cannot_show: Vec<Feature>,
    /// The direct chat with it.
    pub conversation: ConversationId,
}

impl Contact {
    /// Somebody who was just met: nothing is known but the name.
    pub fn just_met(id: ContactId, conversation: ConversationId, name: &str) -> Self {
        Self {
            id,
            name: Private(name.to_owned()),
            own_name: Private(name.to_owned()),
            former_name: None,
            lookalike: false,
            verified: false,
            blocked: false,
            notice: None,
            reachable: None,
            last_seen_ms: None,
            cannot_show: Vec::new(),
            conversation,
        }
    }
}

/// What a program can show beside texts. Later versions add features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Emoji on messages.
    Reactions,
    /// Pinned messages.
    Pins,
    /// Which message another one answers. Without it the answer itself cannot be shown.
    Replies,
    /// The texts of edited messages.
    Edits,
    /// Deletions for everybody: without it, a device shows what was deleted.
    Deletions,
    /// Timers of messages: without them, a device keeps what should disappear.
    Timers,
    /// Files of messages.
    Files,
}

impl Feature {
    /// All that this version knows.
    pub const ALL: [Self; 7] = [
        Self::Reactions,
        Self::Pins,
        Self::Replies,
        Self::Edits,
        Self::Deletions,
        Self::Timers,
        Self::Files,
    ];
}

/// Something about a contact that the user must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The contact or this device runs an older state or was restored, or somebody uses a copy of one of them:
    /// verify.
    OlderState,
}

/// How a carrier stands with a contact: together with those of the others it says why a message for the contact
/// is where it is, and what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct WayStatus {
    /// Which carrier.
    pub carrier: Carrier,
    /// Used, or why not.
    #[serde(flatten)]
    pub state: WayState,
}

/// Whether messages for a contact go over a carrier, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WayState {
    /// They do.
    InUse,
    /// A better carrier is in use.
    Spare,
    /// The contact is being dialled there.
    Trying,
    /// The contact is seen there, but does not answer; the next attempt is due then (Unix milliseconds).
    NoAnswer {
        /// When.
        next_ms: i64,
    },
    /// The contact is not seen there, and does not answer where it was before.
    NotFound,
    /// There is no relay that both sides use.
    NoCommonRelay,
    /// The user has switched it off.
    Off,
    /// It does not work.
    NotWorking {
        /// Why.
        condition: CarrierCondition,
    },
    /// A parcel can be made and carried by hand.
    ByHand,
    /// There is no key of the contact to seal a parcel with yet.
    NoKeyYet,
    /// The contact is blocked, or has removed us.
    NotWanted,
}

/// The twelve words, and whose they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct SafetyWords {
    /// The contact.
    pub contact: ContactId,
    /// Both see the same words.
    pub words: Vec<String>,
}

/// What the safety words of a contact derive from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identities {
    /// The contact.
    pub contact: ContactId,
    /// Our identity key.
    pub ours: [u8; 32],
    /// Theirs.
    pub theirs: [u8; 32],
}

impl Identities {
    /// The words. Takes a good part of a second: never on a thread that others wait for.
    #[must_use]
    pub fn safety_words(self) -> SafetyWords {
        let list = bip39::Language::English.word_list();
        let places = safety_words(&self.ours, &self.theirs);
        let words = places
            .iter()
            .map(|place| list[usize::from(*place)].to_owned());
        SafetyWords {
            words: words.collect(),
            contact: self.contact,
        }
    }
}
