//! The words of the API: calls, answers, views, events, and every state, reason and error a person
//! may be told, as enumerations with stable codes. Words for people are made at the edge.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

/// A contact's stable id: 32 hex digits of its identity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct ContactId(pub String);

/// A message's stable id, the same on every device: device, incarnation and sequence in hex, joined
/// by `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct MessageId(pub String);

/// An invitation's id: 16 hex digits, not derived from its secret in any way that reveals it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct InvitationId(pub String);

macro_rules! redacted {
    ($($id:ident),*) => {$(
        impl std::fmt::Debug for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($id), "(..)"))
            }
        }
    )*};
}
redacted!(ContactId, MessageId, InvitationId);

/// Text that a person wrote, or a secret link: shown on screens, never in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct Private(pub String);

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Private(..)")
    }
}

/// A passphrase: zeroized when dropped, printed nowhere, compared with nothing.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[cfg_attr(feature = "runtime", schema(value_type = String))]
#[serde(transparent)]
pub struct Passphrase(zeroize::Zeroizing<String>);

impl Passphrase {
    /// Wraps what a person typed.
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    /// Its bytes, for the key derivation alone.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// A change or a look at live state; the engine answers each with exactly one [`Answer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Who this node is. Answer: [`Reply::Me`].
    Me,
    /// Change the name that contacts are told. Answer: [`Reply::Me`].
    SetName(Private),
    /// Make an invitation. Answer: [`Reply::Invitation`].
    Invite(NewInvitation),
    /// Open and recently ended invitations. Answer: [`Reply::Invitations`].
    Invitations,
    /// Cancel one. Answer: [`Reply::Done`].
    CancelInvitation(InvitationId),
    /// Meet the maker of this link. Answer: [`Reply::Joining`]; then [`Event::Joined`] or
    /// [`Event::JoinFailed`]. The attempt goes on, and survives a restart, until it ends so.
    Join(Private),
    /// Give up a join. Answer: [`Reply::Done`].
    CancelJoin(InvitationId),
    /// All contacts. Answer: [`Reply::Contacts`].
    Contacts,
    /// One contact. Answer: [`Reply::Contact`].
    Contact(ContactId),
    /// The twelve words to compare. Answer: [`Reply::SafetyWords`].
    SafetyWords(ContactId),
    /// How each carrier stands with a contact. Answer: [`Reply::Ways`].
    Ways(ContactId),
    /// Say that the words were compared, or take it back. Answer: [`Reply::Contact`].
    Verify(ContactId, bool),
    /// Give a contact a name of one's own; empty takes it back. Answer: [`Reply::Contact`].
    Rename(ContactId, Private),
    /// Block or unblock; both redraw the beacon key. Answer: [`Reply::Contact`].
    Block(ContactId, bool),
    /// Forget a contact and the conversation. Answer: [`Reply::Done`].
    Remove(ContactId),
    /// Write a text. Answer: [`Reply::Sent`], once it is durable.
    Send(ContactId, Private),
    /// Keep a text that is being written; empty takes it away. Answer: [`Reply::Done`].
    SetDraft(ContactId, Private),
    /// The reader has seen everything up to and including this message. Answer: [`Reply::Done`].
    Read(ContactId, MessageId),
    /// Live state. Answer: [`Reply::Status`].
    Status,
    /// Switch a carrier on or off. Answer: [`Reply::Done`].
    SwitchCarrier(Carrier, bool),
    /// Announce this device over a carrier, or only look for others there. Answer: [`Reply::Done`].
    AnnounceOver(Carrier, bool),
    /// Use the radio in this way, also after a restart. Answer: [`Reply::Done`].
    SetRadio(Radio),
    /// Use a relay, a multiaddress that ends with its name. Answer: [`Reply::Done`].
    AddRelay(Private),
    /// Use a relay no more. Answer: [`Reply::Done`].
    RemoveRelay(Private),
    /// Reach relays, and others, like this. Answer: [`Reply::Done`].
    SetRelayPaths(RelayPaths),
    /// Seal everything this contact has not acknowledged. Answer: [`Reply::Parcel`].
    CarryExport(ContactId),
    /// Take in a parcel made by a contact. Answer: [`Reply::Imported`].
    CarryImport(Vec<u8>),
}

/// What the engine answers.
pub type Answer = Result<Reply, Refusal>;

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the answer of the call that names it")]
pub enum Reply {
    Done,
    Me(Me),
    Invitation(Invitation),
    Invitations(Vec<Invitation>),
    Joining(InvitationId),
    Contacts(Vec<Contact>),
    Contact(Contact),
    SafetyWords(SafetyWords),
    Ways(Vec<WayStatus>),
    Sent(MessageId),
    Status(Status),
    Parcel(Vec<u8>),
    Imported(Imported),
}

/// Why a call was not done. The code is stable; the sentence for people is made at the edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such contact.
    NoSuchContact,
    /// There is no such message.
    NoSuchMessage,
    /// There is no such invitation.
    NoSuchInvitation,
    /// The contact is blocked.
    Blocked,
    /// The text is empty.
    Empty,
    /// Longer than allowed.
    TooLong {
        /// The limit in bytes.
        limit_bytes: u64,
        /// What was given, in bytes.
        actual_bytes: u64,
    },
    /// Not a Hedgerow link, or damaged.
    BadLink,
    /// A link of a newer version.
    NewerLink,
    /// The link is one's own.
    OwnLink,
    /// The maker of the link is a contact already.
    AlreadyContact,
    /// Too many open invitations.
    TooManyInvitations {
        /// The limit.
        limit: u32,
    },
    /// Not a parcel, or damaged.
    BadParcel,
    /// A parcel for somebody else, or for keys that are gone; the sender makes a new one.
    ParcelNotForUs,
    /// A parcel that was imported already; nothing changed.
    ParcelKnown,
    /// No key of this contact to seal a parcel with yet: meet once over a network first.
    NoPrekey,
    /// The node is locked.
    Locked,
    /// The node is unlocked already.
    NotLocked,
    /// Wrong passphrase.
    WrongPassphrase,
    /// The name of the carrier is not known here.
    NoSuchCarrier,
    /// Not the address of a relay.
    BadRelay,
    /// Not the address of a proxy.
    BadProxy,
    /// This relay was not added.
    NoSuchRelay,
    /// Too many relays.
    TooManyRelays {
        /// The limit.
        limit: u32,
    },
    /// The page cursor is not one that was given out.
    BadCursor,
    /// The request is malformed.
    BadRequest {
        /// What is wrong with it, in English, for programmers.
        what: String,
    },
    /// The store has failed; what was confirmed is safe.
    Storage {
        /// Which failure.
        fault: StorageProblem,
    },
    /// The node is going down.
    Stopping,
    /// The node that owns the data directory does not answer.
    Unreachable,
    /// The node that owns the data directory is of another version: it does not know what it is asked, or
    /// its answer cannot be read.
    OtherVersion {
        /// The version that it says it is.
        version: String,
    },
    /// There is no identity in the data directory.
    NoIdentity,
    /// There is an identity in the data directory already.
    IdentityExists,
    /// Another process owns the data directory.
    Owned,
    /// The key file of the data directory is missing.
    SlotsMissing,
    /// The key file of the data directory is damaged.
    SlotsDamaged,
    /// The store file of the data directory is missing.
    StoreMissing,
    /// The data were written by a newer version.
    NewerData,
    /// The request does not carry the token of this start.
    NotAuthorised,
    /// The request comes from a web page, or is addressed to another host.
    ForeignRequest,
    /// The API has no such path or method.
    NoSuchRoute,
    /// A bug: what happened was thought impossible.
    Bug,
}

/// Storage failures a person can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as hedgerow_sync::store::StorageFault")]
pub enum StorageProblem {
    Full,
    ReadOnly,
    Damaged,
    Io,
}

/// This node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Me {
    /// Its stable id, as its contacts see it.
    pub id: ContactId,
    /// The name contacts are told.
    pub name: Private,
}

/// What an invitation is to be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct NewInvitation {
    /// How long it is good for, in seconds.
    #[serde(default = "NewInvitation::day")]
    pub valid_for_s: u64,
    /// Shown as a picture to somebody present, who is then verified.
    #[serde(default)]
    pub in_person: bool,
}

impl NewInvitation {
    fn day() -> u64 {
        86_400
    }
}

/// An invitation, made or being joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The link, while it is open and one's own.
    pub link: Option<Private>,
    /// When it expires, Unix milliseconds.
    pub expires_ms: i64,
    /// To be scanned in person.
    pub in_person: bool,
    /// What has become of it.
    pub state: InvitationState,
}

/// What has become of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum InvitationState {
    Open,
    Used,
    Cancelled,
    Expired,
    /// Ours to join, still trying.
    Joining,
}

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
    /// Messages not yet delivered.
    pub queued: u64,
    /// If any: the plain reason why.
    pub why: Option<Why>,
    /// Messages in the conversation.
    pub messages: u64,
    /// Messages of theirs not read.
    pub unread: u64,
    /// A text being written to the contact, if one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Private>,
}

impl Contact {
    /// Somebody who was just met: nothing is known but the name, and nothing is written.
    pub fn just_met(id: ContactId, name: &str) -> Self {
        Self {
            id,
            name: Private(name.to_owned()),
            own_name: Private(name.to_owned()),
            verified: false,
            blocked: false,
            notice: None,
            reachable: None,
            last_seen_ms: None,
            queued: 0,
            why: None,
            messages: 0,
            unread: 0,
            draft: None,
        }
    }
}

/// Something about a contact that the user must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The contact runs an older state or was restored: verify.
    OlderState,
}

/// The one plain reason why a message is not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Why {
    /// A session is up and it is on its way.
    OnItsWay,
    /// The contact has not been found on any carrier.
    NotFound,
    /// The contact was found and a connection is being made.
    Connecting,
    /// The contact was found, but does not answer; the next attempt is due then (Unix milliseconds).
    NoAnswer {
        /// When.
        next_ms: i64,
    },
    /// No carrier is on.
    NoCarrier,
    /// The contact is blocked.
    Blocked,
    /// The contact's device refused it.
    Refused,
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
    /// The contact does not answer there; the next attempt is due then (Unix milliseconds).
    NoAnswer {
        /// When.
        next_ms: i64,
    },
    /// The contact has not been found there.
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

/// A way bytes travel, as the user knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as hedgerow_transport::carrier::CarrierKind")]
pub enum Carrier {
    Memory,
    Lan,
    Ble,
    Relay,
    File,
}

impl From<hedgerow_transport::carrier::CarrierKind> for Carrier {
    fn from(kind: hedgerow_transport::carrier::CarrierKind) -> Self {
        use hedgerow_transport::carrier::CarrierKind;
        match kind {
            CarrierKind::Memory => Self::Memory,
            CarrierKind::Lan => Self::Lan,
            CarrierKind::Ble => Self::Ble,
            CarrierKind::Relay => Self::Relay,
            CarrierKind::File => Self::File,
        }
    }
}

impl From<Carrier> for hedgerow_transport::carrier::CarrierKind {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Memory => Self::Memory,
            Carrier::Lan => Self::Lan,
            Carrier::Ble => Self::Ble,
            Carrier::Relay => Self::Relay,
            Carrier::File => Self::File,
        }
    }
}

impl From<hedgerow_sync::store::StorageFault> for StorageProblem {
    fn from(fault: hedgerow_sync::store::StorageFault) -> Self {
        use hedgerow_sync::store::StorageFault;
        match fault {
            StorageFault::Full => Self::Full,
            StorageFault::ReadOnly => Self::ReadOnly,
            StorageFault::Damaged => Self::Damaged,
            StorageFault::Io => Self::Io,
        }
    }
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

/// Live state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Status {
    /// Who we are.
    pub me: Me,
    /// Every carrier.
    pub carriers: Vec<CarrierStatus>,
    /// How Bluetooth uses its radio.
    pub radio: Radio,
    /// Every relay that the user has added, and those that contacts and invitations offer.
    pub relays: Vec<RelayStatus>,
    /// How they are reached.
    pub relay_paths: RelayPaths,
    /// Every contact.
    pub contacts: Vec<Contact>,
    /// What has travelled since the node started.
    pub traffic: Traffic,
}

/// What a node tells whether or not it is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct NodeStatus {
    /// The version of the program that runs it.
    pub version: String,
    /// Locked: no key is in memory, and it is off the air.
    pub locked: bool,
    /// Live state, unless it is locked.
    pub open: Option<Status>,
}

/// A carrier's live state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct CarrierStatus {
    /// Which.
    pub carrier: Carrier,
    /// On, or why not.
    pub state: CarrierCondition,
    /// Whether this device is announced there while the carrier is on; otherwise it only looks for others.
    pub announcing: bool,
    /// Sessions over it.
    pub sessions: u32,
    /// Addresses at which contacts find this device.
    pub addresses: Vec<Private>,
    /// How long it has its radio in use, once that has been counted for a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub airtime: Option<Airtime>,
}

/// How long a radio is in use, counted since the carrier came on or was told how to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Airtime {
    /// Seconds in an hour for which others are listened for.
    pub listened_s_an_hour: u32,
    /// Seconds in an hour for which this device is announced.
    pub announced_s_an_hour: u32,
}

impl Airtime {
    /// What these milliseconds come to in an hour; `None` of no time at all.
    pub(crate) fn of(over_ms: u64, listened_ms: u64, announced_ms: u64) -> Option<Airtime> {
        let an_hour = |used_ms: u64| {
            let used_s = u128::from(used_ms) * 3_600 / u128::from(over_ms.max(1));
            used_s.min(3_600) as u32
        };
        (over_ms > 0).then(|| Airtime {
            listened_s_an_hour: an_hour(listened_ms),
            announced_s_an_hour: an_hour(announced_ms),
        })
    }
}

/// How Bluetooth uses its radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[derive(minicbor::Encode, minicbor::Decode)]
pub struct Radio {
    /// How much of its time.
    #[n(0)]
    pub power: Power,
    /// Whether to be on the air although everybody near sees an address that never changes.
    #[n(1)]
    pub show_address: bool,
}

/// A choice between being found soon and lasting long. The numbers are on disk: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Found soonest.
    #[n(0)]
    Active,
    /// The usual.
    #[default]
    #[n(1)]
    Balanced,
    /// Lasts longest.
    #[n(2)]
    Saver,
}

/// A relay, and how it is with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct RelayStatus {
    /// Its address, as it was added or offered.
    pub address: Private,
    /// Ready, or why not.
    pub state: RelayCondition,
}

/// How it is with a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayCondition {
    /// A contact or an invitation names it; it is not connected to unless it is added.
    Offered,
    /// The carrier is switched off.
    Off,
    /// It is being connected to.
    Connecting,
    /// Contacts reach this device there.
    Ready,
    /// It does not answer, or its name leads nowhere.
    Unreachable,
    /// Another relay answers at its address.
    WrongName,
    /// It does not take this device in.
    Refused,
    /// It has no place left.
    Full,
    /// What answers is no relay.
    NotARelay,
    /// Its address is one of QUIC, and the proxy takes TCP alone.
    NeedsTcp,
}

/// How relays are reached, and whether anybody but relays is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayPaths {
    /// Two who have met at a relay go on directly where that succeeds; each learns the other's network address.
    Direct,
    /// Through relays alone.
    Relayed,
    /// Through relays alone, to which a SOCKS5 proxy leads; it looks their names up.
    Proxied {
        /// Its IP address and port.
        proxy: Private,
    },
}

/// As `hedgerow_transport::carrier::CarrierState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as the transport's")]
pub enum CarrierCondition {
    On,
    Off,
    NoInterface,
    NoPermission,
    NoService,
    PoweredOff,
    NotPrivate,
    NoDiscovery,
    Failing,
}

/// What has travelled since the node started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Traffic {
    /// Bytes given to links, all layers of ours included.
    pub sent_bytes: u64,
    /// Bytes taken from links.
    pub received_bytes: u64,
    /// Of both, the bytes of handshakes.
    pub handshake_bytes: u64,
    /// Of the bytes sent, those of handshakes.
    pub handshake_sent_bytes: u64,
    /// Sessions made.
    pub sessions: u64,
    /// Times this node waited for the answer to a handshake.
    pub handshake_round_trips: u64,
    /// Times something came back in a session after this node had said something there; the two hellos it
    /// begins with are one, whichever comes first.
    pub round_trips: u64,
}

/// What a parcel brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Imported {
    /// From whom.
    pub contact: ContactId,
    /// New messages.
    pub messages: u64,
    /// Messages of ours that it acknowledged.
    pub acknowledged: u64,
    /// Parts of it that make no sense here, which is the contact's fault. All else has come in.
    pub unusable: u64,
}

/// A message in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Message {
    /// Its stable id.
    pub id: MessageId,
    /// Its place in the conversation, from 0, at the time of asking.
    pub position: u64,
    /// Written by us.
    pub mine: bool,
    /// When its author says it was written, clamped between its neighbours: Unix milliseconds.
    pub time_ms: i64,
    /// What it says; `None` for a kind this version cannot show.
    pub text: Option<Private>,
    /// For one's own: delivered to at least one of the contact's devices.
    pub delivered: bool,
    /// For one's own, not delivered: why.
    pub why: Option<Why>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageFrom {
    /// The newest messages.
    Newest,
    /// The oldest messages.
    Oldest,
    /// Those just before this one.
    Before(MessageId),
    /// Those just after this one.
    After(MessageId),
    /// Those from this position on.
    Position(u64),
    /// Those from this wall time on, Unix milliseconds.
    Date(i64),
    /// Those from the first unread on.
    FirstUnread,
}

/// Part of a conversation, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// How many the conversation has.
    pub total: u64,
    /// How many of them are unread.
    pub unread: u64,
    /// Unread ones that arrived late and sort above the read position.
    pub unread_above: u64,
}

/// What happens, as it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A message is in the store: ours or theirs.
    Message {
        /// The conversation.
        contact: ContactId,
        /// The message.
        id: MessageId,
        /// Ours.
        mine: bool,
    },
    /// Many messages are in the store at once; look at the conversation.
    Messages {
        /// The conversation.
        contact: ContactId,
        /// How many.
        count: u64,
    },
    /// Messages of ours have been delivered, up to this one of its log.
    Delivered {
        /// The conversation.
        contact: ContactId,
        /// The last.
        id: MessageId,
        /// How many are still queued.
        queued: u64,
    },
    /// Something about a contact changed.
    Contact {
        /// Which.
        contact: ContactId,
    },
    /// A contact is gone.
    Removed {
        /// Which.
        contact: ContactId,
    },
    /// Somebody joined an invitation of ours.
    Met {
        /// Who.
        contact: ContactId,
        /// Which invitation.
        invitation: InvitationId,
    },
    /// A join of ours succeeded.
    Joined {
        /// With whom.
        contact: ContactId,
        /// Which invitation.
        invitation: InvitationId,
    },
    /// A join of ours ended without a contact, or makes no progress yet.
    JoinFailed {
        /// Which invitation.
        invitation: InvitationId,
        /// Why.
        why: JoinProblem,
    },
    /// An invitation changed.
    Invitation {
        /// Which.
        invitation: InvitationId,
    },
    /// A carrier changed.
    Carrier {
        /// Which.
        carrier: Carrier,
        /// On, or why not.
        state: CarrierCondition,
    },
    /// The node was locked or unlocked.
    Lock {
        /// Locked now.
        locked: bool,
    },
    /// Events were missed: look at everything again.
    Missed,
}

/// Why a join did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JoinProblem {
    /// No answer: used, cancelled or out of reach. It is tried again until the link expires.
    NoAnswer,
    /// Used already.
    Used,
    /// Cancelled by its maker.
    Cancelled,
    /// Expired by its maker's clock.
    Expired,
    /// Its maker has blocked us.
    Refused,
    /// Its maker has us as a contact still, and has to remove us first.
    AlreadyContact,
    /// Whoever answered does not hold the keys the link names.
    NotTheInviter,
}
