//! Notes to oneself: a conversation without members. Its log is ours alone, and nobody is offered it.

use hedgerow_transport::keys::SpaceSecret;

use super::{Conversation, Kind, api_id};
use crate::api::Reply;
use crate::engine::fault::CallError;
use crate::engine::{Owners, Turn, rng};

impl Owners {
    /// The notes, which the first call begins.
    pub(in crate::engine) fn notes(&mut self, turn: &mut Turn<'_>) -> Result<Reply, CallError> {
        let space = match self.conversations.notes() {
            Some(space) => space,
            None => {
                let secret = SpaceSecret::from_bytes(rng::bytes(turn.rng));
                let notes = Conversation::new(Kind::Notes, secret, turn.now.wall_ms);
                let space = self.conversations.begin(turn, notes)?;
                turn.pending.conversations.insert(space);
                space
            }
        };
        self.show_conversation(turn, &api_id(space))
    }
}
