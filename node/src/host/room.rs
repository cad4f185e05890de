//! What room the disk has, and what a node still does on a full one.

use std::collections::BTreeSet;

use crate::api::{Call, ConversationId, Refusal, StorageFault};
use crate::directory::{Directory, DirectoryError};

/// The most conversations whose drafts are kept on a full disk: 256 KiB of text, a quarter of the reserve.
const MAX_SPARED_DRAFTS: usize = 4;

/// How a node was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// The directory has its reserve.
    Enough,
    /// The disk is full, and the reserve given up for deletions.
    Reserve,
}

impl Room {
    /// Makes the reserve of a directory, unless it is there. On a full disk, frees what is left of it.
    pub(super) fn of(directory: &Directory) -> Result<Room, DirectoryError> {
        match directory.keep_reserve() {
            Ok(()) => Ok(Room::Enough),
            Err(error) if error.is_full() => Room::given_up(directory),
            Err(error) => Err(error),
        }
    }

    /// Gives the reserve of a directory up.
    pub(super) fn given_up(directory: &Directory) -> Result<Room, DirectoryError> {
        directory.give_up_reserve()?;
        Ok(Room::Reserve)
    }
}

/// Whether a call may use the reserve: it frees room, or it keeps what a person has typed.
pub(super) fn is_spared(call: &Call) -> bool {
    matches!(
        call,
        Call::Delete(..)
            | Call::FreeFile(..)
            | Call::CancelFile(..)
            | Call::EraseConversation(_)
            | Call::Remove(_)
            | Call::RemoveKeeping(_)
            | Call::SetDraft(..)
    )
}

/// What gets through on a full disk.
#[derive(Debug, Default)]
pub(super) struct Spared {
    /// The conversations whose drafts were kept since the disk is full.
    drafts: BTreeSet<ConversationId>,
}

impl Spared {
    /// Whether a node on a full disk may be asked this: it changes nothing, or [is spared](is_spared) and within the
    /// bound of drafts.
    pub(super) fn admits(&mut self, call: &Call) -> bool {
        if let Call::SetDraft(of, draft) = call {
            let is_gone = draft.text.0.is_empty();
            if !is_gone && self.drafts.len() < MAX_SPARED_DRAFTS {
                self.drafts.insert(of.clone());
            }
            return is_gone || self.drafts.contains(of);
        }
        is_spared(call) || call.only_looks()
    }
}

/// The refusal of what needs room.
pub(super) const NO_ROOM: Refusal = Refusal::Storage {
    fault: StorageFault::Full,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ContactId, Draft, MessageId, NewMessage};

    fn conversation(number: usize) -> ConversationId {
        ConversationId(number.to_string())
    }

    fn draft(of: usize, text: &str) -> Call {
        Call::SetDraft(conversation(of), Draft::text(text))
    }

    #[test]
    fn a_full_disk_admits_what_frees_room_and_a_bounded_number_of_drafts() {
        let mut spared = Spared::default();
        let message = MessageId("1".into());
        assert!(spared.admits(&Call::Delete(conversation(0), message, true)));
        assert!(spared.admits(&Call::Remove(ContactId("1".into()))));
        assert!(spared.admits(&Call::Conversations));
        let text = NewMessage::text("no room for this");
        assert!(!spared.admits(&Call::Send(conversation(0), text)));
        for of in 0..MAX_SPARED_DRAFTS {
            assert!(spared.admits(&draft(of, "typed")));
        }
        assert!(!spared.admits(&draft(MAX_SPARED_DRAFTS, "typed")));
        assert!(
            spared.admits(&draft(MAX_SPARED_DRAFTS, "")),
            "it frees room"
        );
        assert!(spared.admits(&draft(0, "typed on")));
    }
}
