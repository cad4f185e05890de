//! The names of spaces in one session (`docs/PROTOCOL.md` section 6).

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::Shared;
use crate::id::SpaceId;
use crate::wire::{Blind, Role};

/// The blinded names of the shared spaces. Computes ours on first use, and the peer's when the first one arrives: most
/// sessions name no space.
pub(super) struct Blinds {
    role: Role,
    their_role: Role,
    session_hash: Box<[u8]>,
    secrets: BTreeMap<SpaceId, Zeroizing<[u8; 32]>>,
    ours: BTreeMap<SpaceId, Blind>,
    theirs: Option<BTreeMap<Blind, SpaceId>>,
}

impl Blinds {
    pub fn new(role: Role, session_hash: &[u8], shared: &[Shared<'_>]) -> Blinds {
        let secrets = shared.iter();
        let secrets = secrets.map(|shared| (shared.space, Zeroizing::new(*shared.secret)));
        Blinds {
            role,
            their_role: match role {
                Role::Dialler => Role::Answerer,
                Role::Answerer => Role::Dialler,
                Role::Bundle => Role::Bundle,
            },
            session_hash: session_hash.into(),
            secrets: secrets.collect(),
            ours: BTreeMap::new(),
            theirs: None,
        }
    }

    /// One more shared space.
    pub fn add(&mut self, shared: &Shared<'_>) {
        let secret = Zeroizing::new(*shared.secret);
        self.secrets.insert(shared.space, secret);
        self.theirs = None;
    }

    /// A space is shared no more.
    pub fn remove(&mut self, space: SpaceId) {
        self.secrets.remove(&space);
        self.ours.remove(&space);
        self.theirs = None;
    }

    /// Our name of a shared space.
    pub fn of(&mut self, space: SpaceId) -> Option<Blind> {
        if let Some(blind) = self.ours.get(&space) {
            return Some(*blind);
        }
        let blind = Blind::new(self.secrets.get(&space)?, &self.session_hash, self.role);
        self.ours.insert(space, blind);
        Some(blind)
    }

    /// The space that the peer names.
    pub fn space(&mut self, blind: &Blind) -> Option<SpaceId> {
        let theirs = self.theirs.get_or_insert_with(|| {
            let secrets = self.secrets.iter();
            let named = secrets.map(|(space, secret)| {
                let blind = Blind::new(secret, &self.session_hash, self.their_role);
                (blind, *space)
            });
            named.collect()
        });
        theirs.get(blind).copied()
    }
}
