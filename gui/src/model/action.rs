//! What a person does.

use hedgerow_node::api::{Carrier, ContactId, InvitationId, MessageId, Passphrase, Power};

use super::calendar::Date;
use super::paths::PathsKind;
use super::picker::Picking;
use super::place::SettingsPage;
use super::preferences::Preference;
use super::scanning::Sight;

/// Something a person did, or that the desktop says.
#[derive(Clone)]
pub enum Action {
    // ---- the clock and the window
    /// The time that [`App::wake_at`](super::App::wake_at) gave has come.
    Tick,
    /// A key or the pointer was used: the screen does not lock yet.
    Touched,
    /// The window has come to the front, or gone from it.
    Focused(bool),
    /// The notification about this conversation was clicked.
    OpenNotified(ContactId),
    /// The window is to be closed.
    Close,
    /// The user asks for the window from elsewhere on the desktop.
    ComeForward,
    /// The desktop has a tray with our icon in it, or not any more.
    Tray(bool),
    /// Close everything, in order.
    Quit,

    // ---- the way around
    /// One step back.
    Back,
    /// Add a contact.
    ShowAdding,
    /// The network page.
    ShowNetwork,
    /// A page of the settings.
    ShowSettings(SettingsPage),
    /// The page of a contact.
    ShowPerson(ContactId),

    // ---- the door: first start, unlock, screen lock
    /// First start: the name.
    Name(String),
    /// The passphrase: a new one at the first start, else the one.
    Passphrase(Passphrase),
    /// First start: the passphrase again.
    Repeated(Passphrase),
    /// Make the identity, unlock the node, or unlock the screen.
    GoOn,
    /// Look for the node again, after `Failed` or `Wiped`.
    TryAgain,

    // ---- locking and destroying
    /// Hide everything; the node stays on the air.
    LockScreen,
    /// Drop all keys, and go off the air.
    LockNode,
    /// Take the data directory over from the process that has it.
    TakeOver,
    /// Ask whether to destroy everything; `Confirm` does.
    Wipe,

    // ---- dialogs and the banner
    /// Do what the dialog asks.
    Confirm,
    /// Do not.
    Dismiss,
    /// In the dialog that changes the passphrase: the present one.
    Current(Passphrase),
    /// The new one.
    New(Passphrase),
    /// The new one again.
    NewRepeated(Passphrase),
    /// The banner was read.
    DismissBanner,

    // ---- the list
    /// Show only names like this.
    Filter(String),
    /// Open a conversation.
    OpenChat(ContactId),
    /// Open the conversation below this one in the list, or above.
    Step {
        /// Below.
        down: bool,
    },

    // ---- the conversation
    /// The text being written, as it is now.
    Draft(String),
    /// Send it.
    Send,
    /// Pick an emoji.
    Picker(Picking),
    /// The view comes near the first loaded row.
    NearTop,
    /// The view comes near the last loaded row.
    NearBottom,
    /// This is the last message that is fully in view; its row may be anything else's.
    Seen(MessageId),
    /// To the newest message.
    JumpToNewest,
    /// To what arrived late, or else to the first unread.
    JumpToUnread,
    /// Ask for a date.
    AskDate,
    /// To the first message of that day or after it.
    JumpToDate(Date),
    /// To that part of the whole, 0 to 1.
    ScrollTo(f64),
    /// To one message.
    JumpTo(MessageId),
    /// Show a long text whole.
    Unfold(MessageId),
    /// A link was clicked, in a message.
    OpenLink(String),
    /// Copy a message.
    CopyMessage(MessageId),
    /// Tell everything about a message.
    Details(MessageId),
    /// Put an emoji on a message, or take ours back.
    React {
        /// Which message.
        id: MessageId,
        /// Which emoji.
        emoji: String,
    },
    /// Pin a message for everybody, or take it down.
    Pin {
        /// Which message.
        id: MessageId,
        /// Pin it.
        pinned: bool,
    },

    // ---- adding a contact
    /// Make an invitation.
    Invite {
        /// Shown to somebody present.
        in_person: bool,
        /// How long it is good for, in seconds.
        valid_for_s: u64,
    },
    /// Show one that is open.
    ShowInvitation(InvitationId),
    /// Show none.
    HideInvitation,
    /// Cancel one.
    CancelInvitation(InvitationId),
    /// Copy the link that is shown.
    CopyLink,
    /// The link that is typed or pasted.
    Pasted(String),
    /// Switch the camera.
    Scan(bool),
    /// The camera tells something.
    Camera(Sight),
    /// Join it.
    Join,
    /// Give a join up.
    CancelJoin(InvitationId),
    /// A `hedgerow:` link was opened somewhere on the desktop.
    LinkOpened(String),

    // ---- a contact
    /// The alias being typed.
    Alias(String),
    /// Keep it.
    SaveAlias,
    /// The contact of the page gave itself another name: show the former one as before, or the new one.
    DecideName {
        /// The former one.
        keep: bool,
    },
    /// The safety words were compared, or not.
    Verify(bool),
    /// Block (asks first) or unblock.
    Block(bool),
    /// Forget the contact and the conversation (asks first).
    Remove,

    // ---- the network
    /// Switch a carrier.
    SwitchCarrier(Carrier, bool),
    /// Announce this device, or only look.
    AnnounceOver(Carrier, bool),
    /// How much of its time Bluetooth uses its radio.
    ChoosePower(Power),
    /// Use Bluetooth although it shows an address that never changes (asks first), or do not.
    ShowAddress(bool),
    /// The address of a relay, being typed or pasted.
    RelayAddress(String),
    /// Add it.
    AddRelay,
    /// Use a relay that others offer.
    UseRelay(String),
    /// Use a relay no more (asks first).
    RemoveRelay(String),
    /// Reach contacts over relays in this way.
    ChoosePaths(PathsKind),
    /// The proxy, being typed or pasted.
    Proxy(String),
    /// Reach relays through it.
    UseProxy,

    // ---- settings
    /// Choose.
    Prefer(Preference),
    /// The own name being typed.
    OwnName(String),
    /// Keep it.
    SaveOwnName,
    /// Ask for another passphrase.
    ChangePassphrase,
    /// Rewrite the store, so that what was deleted cannot be dug out.
    Erase,
}
