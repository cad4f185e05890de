//! What a page wants of everything that is not the page.

use hedgerow_node::api::{ContactId, ConversationId, MessageId, Refusal};

use super::banner::Banner;
use super::dialog::Dialog;
use super::effect::{Effect, Request};
use super::place::Pane;
use super::preferences::Preference;
use super::update::Found;

/// One thing that a page wants; the router does it.
pub(super) enum Outcome {
    /// Ask the node, or have the desktop do something.
    Do(Effect),
    /// Show this beside the list.
    Go(Pane),
    /// Open a conversation.
    OpenChat(ConversationId),
    /// Let go of a conversation if it is open, and of what was typed there.
    DropChat(ConversationId),
    /// A contact is gone, and the direct chat with it: forget everything about both.
    Forget(ContactId),
    /// Put an emoji on a message of the open conversation, or take ours back.
    React(MessageId, String),
    /// This is being written in a conversation: the list shows it.
    Draft(ConversationId, String),
    /// Show an invitation, to be joined when the user says so.
    TakeLink(String),
    /// Ask the user something.
    Show(Dialog),
    /// Close the dialog.
    Dismiss,
    /// Tell the user something in the line above everything.
    Tell(Banner),
    /// The store works, or works again.
    StoreWorks,
    /// What was asked was not done, and no page shows why.
    Refused(Refusal),
    /// Have the draft of the open conversation kept.
    KeepDraft,
    /// The window is in front: the user sees what is in view.
    SeeWhatIsInView,
    /// Show the window, wherever it is.
    ComeForward,
    /// A contact has changed.
    LookAt(ContactId),
    /// Something about carriers or sessions has changed.
    NetworkChanged,
    /// The user chooses.
    Prefer(Preference),
    /// The node is looked for.
    Start,
    /// Everything is open.
    Enter,
    /// Hide everything behind the door.
    Hide(Found),
}

impl Outcome {
    /// The node is to be asked this.
    pub fn ask(request: impl Into<Request>) -> Self {
        Self::Do(Effect::Ask(request.into()))
    }
}

/// Whether a refusal says something about the node as a whole, so that no page needs to show it.
pub(super) fn concerns_everything(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Locked
            | Refusal::Storage { .. }
            | Refusal::Stopping
            | Refusal::Unreachable
            | Refusal::NotAuthorised
    )
}
