//! What the kind of a space decides: who takes part, who may write, what is ours, who receives. Nothing else in the
//! engine asks which kind a space is of.

use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::space::SpaceKind;
use minicbor::{Decode, Encode};

use crate::api::ConversationKind;

/// The kind of a space, with what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Kind {
    /// The chat with one contact.
    #[n(0)]
    Direct {
        /// The contact.
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        with: IdentityId,
    },
    /// As a direct chat, to be measured and shown nowhere.
    #[cfg(feature = "simulation")]
    #[n(1)]
    Synthetic {
        /// The contact.
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        with: IdentityId,
    },
}

impl Kind {
    /// What it is in the API; `None`: no conversation that people see.
    pub fn shown(self) -> Option<ConversationKind> {
        match self {
            Self::Direct { .. } => Some(ConversationKind::Direct),
            #[cfg(feature = "simulation")]
            Self::Synthetic { .. } => None,
        }
    }

    /// What it is at rest (`docs/PROTOCOL.md` section 4).
    pub fn stored(self) -> SpaceKind {
        match self {
            Self::Direct { .. } => SpaceKind::Direct,
            #[cfg(feature = "simulation")]
            Self::Synthetic { .. } => SpaceKind::Direct,
        }
    }

    /// Who takes part beside us: they share its secret, and what we write goes to their devices.
    pub fn members(self) -> [IdentityId; 1] {
        match self {
            Self::Direct { with } => [with],
            #[cfg(feature = "simulation")]
            Self::Synthetic { with } => [with],
        }
    }

    /// Whether entries of an identity's devices are taken in from that identity.
    pub fn may_write(self, from: IdentityId) -> bool {
        self.members().contains(&from)
    }

    /// Whose entries those of a device are, in a log that was taken in; `None`: ours.
    pub fn author(self, device: DeviceId, us: DeviceId) -> Option<IdentityId> {
        // Also of a device that its owner has removed from the list since.
        let [other] = self.members();
        (device != us).then_some(other)
    }

    /// Whether it goes with a contact who is removed.
    pub fn goes_with(self, contact: IdentityId) -> bool {
        self.members() == [contact]
    }
}
