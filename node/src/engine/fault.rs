//! Who is at fault when something goes wrong: a peer (its link ends), the caller (a refusal) or the
//! store (the engine stops and is rebuilt).

use hedgerow_sync::store::StorageError;
use hedgerow_transport::device::DeviceListFault;
use hedgerow_transport::handshake::Garbage;
use hedgerow_transport::meeting::MeetingFault;
use hedgerow_transport::psk::PskMoveFault;

use crate::api::Refusal;

/// What the other end of a link did wrong; the link ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeerFault {
    /// A record or frame is wrong.
    #[error("broken records")]
    Records(#[from] hedgerow_transport::session::PeerFault),
    /// An item that cannot be parsed, or whose content is impossible.
    #[error("a broken item")]
    BadItem,
    /// An item that has no place here.
    #[error("an item out of place")]
    OutOfPlace,
    /// A device list that names a device of ours or of another contact.
    #[error("a device list with somebody else's device")]
    OthersDevice,
    /// Bytes that are no handshake.
    #[error("no handshake")]
    Handshake,
}

impl From<Garbage> for PeerFault {
    fn from(_: Garbage) -> Self {
        PeerFault::Handshake
    }
}

/// Why work on a link stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error(transparent)]
    Peer(#[from] PeerFault),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<hedgerow_transport::session::PeerFault> for LinkError {
    fn from(fault: hedgerow_transport::session::PeerFault) -> Self {
        LinkError::Peer(fault.into())
    }
}

impl From<Garbage> for LinkError {
    fn from(fault: Garbage) -> Self {
        LinkError::Peer(fault.into())
    }
}

impl From<MeetingFault> for LinkError {
    fn from(_: MeetingFault) -> Self {
        LinkError::Peer(PeerFault::BadItem)
    }
}

impl From<PskMoveFault> for LinkError {
    fn from(_: PskMoveFault) -> Self {
        LinkError::Peer(PeerFault::BadItem)
    }
}

impl From<DeviceListFault> for LinkError {
    fn from(_: DeviceListFault) -> Self {
        LinkError::Peer(PeerFault::BadItem)
    }
}

/// Why a call was not executed.
#[derive(Debug)]
pub(crate) enum CallError {
    Refused(Refusal),
    Storage(StorageError),
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        CallError::Refused(refusal)
    }
}

impl From<StorageError> for CallError {
    fn from(error: StorageError) -> Self {
        CallError::Storage(error)
    }
}
