//! What the kind of a space decides: who takes part, who may write, what is ours, who receives. Nothing else in the
//! engine asks which kind a space is of.

use std::slice;

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
    /// What the user writes to themselves, for the devices of their identity.
    #[n(2)]
    Notes,
    /// What is left of a direct chat whose contact was removed: it is read and written no more.
    #[n(3)]
    Former {
        /// Who was the contact.
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        with: IdentityId,
    },
    /// A group (`docs/PROTOCOL.md` section 4c).
    #[n(4)]
    Group {
        /// The name of our key there.
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        me: DeviceId,
    },
    /// What is left of a group that was left and erased, until somebody has heard of the leaving. People see none.
    #[n(5)]
    Parted,
    /// As a direct chat, to be measured and shown nowhere.
    #[cfg(feature = "simulation")]
    #[n(1)]
    Synthetic {
        /// The contact.
        #[cbor(n(0), with = "crate::engine::codec::fixed")]
        with: IdentityId,
    },
}

/// Who wrote an entry that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Author {
    /// A contact, in a chat with it.
    Person(IdentityId),
    /// The key of this name, in a group.
    Member(DeviceId),
}

impl Kind {
    /// What it is in the API; `None`: no conversation that people see.
    pub fn shown(self) -> Option<ConversationKind> {
        match self {
            Self::Direct { .. } => Some(ConversationKind::Direct),
            Self::Notes => Some(ConversationKind::Notes),
            Self::Former { .. } => Some(ConversationKind::Former),
            Self::Group { .. } => Some(ConversationKind::Group),
            Self::Parted => None,
            #[cfg(feature = "simulation")]
            Self::Synthetic { .. } => None,
        }
    }

    /// What it is at rest (`docs/PROTOCOL.md` section 4).
    pub fn stored(self) -> SpaceKind {
        match self {
            Self::Direct { .. } | Self::Former { .. } => SpaceKind::Direct,
            Self::Notes => SpaceKind::OwnDevices,
            Self::Group { .. } | Self::Parted => SpaceKind::Group,
            #[cfg(feature = "simulation")]
            Self::Synthetic { .. } => SpaceKind::Direct,
        }
    }

    /// Who takes part beside us, if the kind alone decides that: they share its secret, and what we write goes to their devices.
    pub fn members(&self) -> &[IdentityId] {
        match self {
            Self::Direct { with } => slice::from_ref(with),
            Self::Notes | Self::Former { .. } | Self::Group { .. } | Self::Parted => &[],
            #[cfg(feature = "simulation")]
            Self::Synthetic { with } => slice::from_ref(with),
        }
    }

    /// Whether entries of an identity's devices are taken in from that identity.
    pub fn may_write(self, from: IdentityId) -> bool {
        self.members().contains(&from)
    }

    /// Whether we may write there.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Former { .. } | Self::Parted)
    }

    /// Whose entries those of a device are, in a log that was taken in; `None`: ours.
    pub fn author(self, device: DeviceId, us: DeviceId) -> Option<Author> {
        // Also of a device that its owner has removed from the list since.
        let other = match self {
            Self::Direct { with } | Self::Former { with } => Some(Author::Person(with)),
            Self::Notes => None,
            Self::Group { .. } | Self::Parted => Some(Author::Member(device)),
            #[cfg(feature = "simulation")]
            Self::Synthetic { with } => Some(Author::Person(with)),
        };
        other.filter(|_| device != self.us(us))
    }

    /// The name of the device that writes our logs there; `us` is this device.
    pub fn us(self, us: DeviceId) -> DeviceId {
        match self {
            Self::Group { me } => me,
            _ => us,
        }
    }

    /// Whether it is a group.
    pub fn is_group(self) -> bool {
        matches!(self, Self::Group { .. })
    }

    /// Whether bundles carry it.
    pub fn is_carried(self) -> bool {
        self.shown().is_some() || self == Self::Parted
    }

    /// Whether it goes with a contact who is removed.
    pub fn goes_with(self, contact: IdentityId) -> bool {
        self.members() == [contact]
    }
}
