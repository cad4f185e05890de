//! What the user made of a conversation: on this device alone, and told to nobody.

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::store::StorageError;
use minicbor::{Decode, Encode};

use crate::api::{ConversationId, Muted, Reply};
use crate::engine::fault::CallError;
use crate::engine::{Owners, Turn};

/// What the user made of a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Settings {
    /// Nothing notifies of its messages, also after that time; [`Settings::muted`] tells whether it has come.
    #[n(0)]
    pub muted: Option<Muted>,
    /// Out of the way, until somebody writes there.
    #[n(1)]
    pub archived: bool,
    /// To be looked at again.
    #[n(2)]
    pub marked_unread: bool,
}

impl Settings {
    /// How it is muted at this time of our clock. A mute ends by itself, and nothing wakes for it.
    pub fn muted(&self, now_ms: i64) -> Option<Muted> {
        self.muted.filter(|mute| mute.holds(now_ms))
    }

    /// Somebody has written there: an archived conversation comes back unless it is muted. Says whether it did.
    pub fn written_to(&mut self, now_ms: i64) -> bool {
        let comes_back = self.archived && self.muted(now_ms).is_none();
        self.archived &= !comes_back;
        comes_back
    }

    /// It was looked at. Says whether that changes anything.
    pub fn looked_at(&mut self) -> bool {
        std::mem::take(&mut self.marked_unread)
    }
}

impl Owners {
    pub(in crate::engine) fn mute(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        muted: Option<Muted>,
    ) -> Result<Reply, CallError> {
        self.arrange(turn, id, |settings| settings.muted = muted)
    }

    pub(in crate::engine) fn archive(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        archived: bool,
    ) -> Result<Reply, CallError> {
        self.arrange(turn, id, |settings| settings.archived = archived)
    }

    pub(in crate::engine) fn mark_unread(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        unread: bool,
    ) -> Result<Reply, CallError> {
        self.arrange(turn, id, |settings| settings.marked_unread = unread)
    }

    /// Changes what the user made of a conversation, and shows it.
    fn arrange(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Reply, CallError> {
        let (space, known) = self.conversations.named(id)?;
        let mut settings = known.settings;
        change(&mut settings);
        self.set_settings(turn, space, settings)?;
        self.show_conversation(turn, id)
    }

    /// Keeps what the user made of a conversation; an event tells of a change.
    pub(in crate::engine) fn set_settings(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        settings: Settings,
    ) -> Result<(), StorageError> {
        if let Some(known) = self.conversations.get_mut(space)
            && known.settings != settings
        {
            known.settings = settings;
            known.save(turn.txn, space)?;
            turn.pending.conversations.insert(space);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_ends_by_itself() {
        let muted = |muted| Settings {
            muted: Some(muted),
            ..Settings::default()
        };
        let hour = muted(Muted::UntilMs(3_600_000));
        assert!(hour.muted(3_599_999).is_some() && hour.muted(3_600_000).is_none());
        assert!(muted(Muted::Forever).muted(i64::MAX).is_some());
    }

    #[test]
    fn an_archived_conversation_comes_back_with_a_message_unless_it_is_muted() {
        let mut settings = Settings {
            muted: Some(Muted::UntilMs(100)),
            archived: true,
            marked_unread: false,
        };
        assert!(!settings.written_to(99) && settings.archived);
        assert!(settings.written_to(100) && !settings.archived);
        assert!(!settings.written_to(101));
    }
}
