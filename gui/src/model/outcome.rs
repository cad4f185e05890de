//! What a page wants from the rest of the application.

use hedgerow_node::api::{ContactId, ConversationId, Draft, MessageId, Refusal};

use super::banner::Banner;
use super::dialog::Dialog;
use super::effect::{Effect, Request};
use super::pictures::Pictures;
use super::place::Pane;
use super::preferences::Preference;
use super::update::Found;

/// One thing that a page wants. The router executes it.
pub(super) enum Outcome {
    /// Cause an effect at the node or the desktop.
    Do(Effect),
    /// Show this beside the list.
    Go(Pane),
    /// Open a conversation.
    OpenChat(ConversationId),
    /// Close a conversation if it is open, and forget what was typed there.
    DropChat(ConversationId),
    /// A contact is gone, and the direct chat with it: forget everything about both.
    Forget(ContactId),
    /// Jump to a message of the open conversation.
    JumpTo(MessageId),
    /// Show one of these pictures as large as the window.
    View(Pictures),
    /// Free the files of a conversation from before this moment, Unix milliseconds.
    DropOld {
        conversation: ConversationId,
        before_ms: i64,
        /// How many there are.
        of: u64,
    },
    /// One step back.
    StepBack,
    /// Put an emoji on a message of the open conversation, or take ours back.
    React(MessageId, String),
    /// Show in the list what the user is writing in a conversation.
    Draft(ConversationId, Draft),
    /// Show an invitation link. It is joined only when the user says so.
    TakeLink(String),
    /// Open a dialog.
    Show(Dialog),
    /// Close the dialog.
    Dismiss,
    /// Show a notice in the line above everything.
    Tell(Banner),
    /// The store works, or works again.
    StoreWorks,
    /// The node refused a request, and no page shows why.
    Refused(Refusal),
    /// The user has been told of the timer of a conversation, in seconds.
    TimerShown(ConversationId, u64),
    /// Send what is written in the open conversation.
    Send,
    /// Save the draft of the open conversation.
    KeepDraft,
    /// The window is in front, so the user sees what is in view.
    SeeWhatIsInView,
    /// Show the window, and bring it to the front.
    ComeForward,
    /// A contact has changed.
    LookAt(ContactId),
    /// Something about carriers or sessions has changed.
    NetworkChanged,
    /// Change a preference.
    Prefer(Preference),
    /// Look for the node.
    Start,
    /// Open the door.
    Enter,
    /// Hide everything behind the door.
    Hide(Found),
}

impl Outcome {
    /// The outcome that sends this request to the node.
    pub fn ask(request: impl Into<Request>) -> Self {
        Self::Do(Effect::Ask(request.into()))
    }
}

/// Whether a refusal concerns the whole node, so that no page needs to show it.
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
