//! Relays, and how they are reached.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::Private;

/// A relay, and how it is with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct RelayStatus {
    /// Its address, as it was added or offered.
    pub address: Private,
    /// Ready, or why not.
    pub state: RelayCondition,
}

/// How it is with a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayCondition {
    /// A contact or an invitation names it; it is not connected to unless it is added.
    Offered,
    /// The carrier is switched off.
    Off,
    /// It is being connected to.
    Connecting,
    /// Contacts reach this device there.
    Ready,
    /// It does not answer, or its name leads nowhere.
    Unreachable,
    /// Another relay answers at its address.
    WrongName,
    /// It does not take this device in.
    Refused,
    /// It has no place left.
    Full,
    /// What answers is no relay.
    NotARelay,
    /// Its address is one of QUIC, and the proxy takes TCP alone.
    NeedsTcp,
}

/// How relays are reached, and whether anybody but relays is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayPaths {
    /// Two who have met at a relay go on directly where that succeeds; each learns the other's network address.
    Direct,
    /// Through relays alone.
    Relayed,
    /// Through relays alone, to which a SOCKS5 proxy leads; it looks their names up.
    Proxied {
        /// Its IP address and port.
        proxy: Private,
    },
}
