//! An admin objects to its suspension by an operation that the suspending lowering does not know (`docs/PROTOCOL.md` section 4a). Any
//! operation would do. So nothing else is signed while we are suspended, except that we leave.

use hedgerow_sync::membership::Act;

use crate::api::{ConversationId, Refusal, Reply};
use crate::engine::fault::CallError;
use crate::engine::{Owners, Turn};

impl Owners {
    /// Objects to what suspends us. The host has checked the passphrase.
    pub(in crate::engine) fn object(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
    ) -> Result<Reply, CallError> {
        let (space, open) = self.group_named(id)?;
        if !open.is_suspended() {
            return Err(Refusal::NotSuspended.into());
        }
        if !self.sign(turn, space, Act::Seen)? {
            return Err(Refusal::NoEffect.into());
        }
        self.group_changed(turn, space)?;
        self.list_members(turn, id)
    }
}
