//! Names at relays (`docs/PROTOCOL.md` section 13a): the key under which others can dial a device at a relay on a
//! given day. Contacts find the device after any restart, and nobody else can link two days.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use ed25519_dalek::SigningKey;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::carrier::Address;
use crate::handshake::Direction;
use crate::keys::{BeaconKey, InvitationSecret, PairBeaconKey, SigningSecret, kdf};

/// How long a device uses one name, in milliseconds.
pub const RELAY_EPOCH_MS: i64 = 86_400_000;

/// Names that a device tells its contacts: yesterday's, today's, and those of the next 67 days.
pub const MAX_RELAY_NAMES: usize = 69;

/// Coming days for which a contact holds names, at least, if there was a session in the last week.
pub const RELAY_NAMES_AHEAD: u64 = 60;

/// A day, counted from 1970 by the clock of the owner of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayEpoch(pub u64);

impl RelayEpoch {
    /// The day of a wall time in milliseconds since 1970; earlier times belong to day 0.
    #[must_use]
    pub fn at(wall_ms: i64) -> Self {
        Self(u64::try_from(wall_ms.div_euclid(RELAY_EPOCH_MS)).unwrap_or(0))
    }

    /// When it ends, as wall time.
    #[must_use]
    pub fn end_ms(self) -> i64 {
        let next = i64::try_from(self.0).unwrap_or(i64::MAX).saturating_add(1);
        next.saturating_mul(RELAY_EPOCH_MS)
    }
}

/// How the device reaches relays, and whether it connects to anything else.
///
/// The proxy is a socket address, or the text that a user typed for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayPaths<Proxy = SocketAddr> {
    /// Two devices that have met at a relay connect directly if they can; each learns the other's network address.
    #[n(0)]
    #[default]
    Direct,
    /// Only through relays: no contact learns this device's network address from them.
    #[n(1)]
    Relayed,
    /// Only through relays, reached through a SOCKS5 proxy. The proxy also resolves host names; the device dials
    /// nothing else and does not listen.
    #[n(2)]
    Proxied {
        /// Its IP address and port.
        #[n(0)]
        proxy: Proxy,
    },
}

impl<Proxy> RelayPaths<Proxy> {
    /// The same with another type of proxy.
    pub fn try_map<Other, E>(
        self,
        map: impl FnOnce(Proxy) -> Result<Other, E>,
    ) -> Result<RelayPaths<Other>, E> {
        Ok(match self {
            Self::Direct => RelayPaths::Direct,
            Self::Relayed => RelayPaths::Relayed,
            Self::Proxied { proxy } => RelayPaths::Proxied { proxy: map(proxy)? },
        })
    }
}

/// The names of a device derive from it. It never leaves the device.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RelaySeed([u8; 32]);

impl RelaySeed {
    /// The seed of a device. It changes with the beacon key, so that a removed or blocked contact does not know the
    /// coming names.
    #[must_use]
    pub fn derive(device: &SigningSecret, beacon: &BeaconKey) -> Self {
        Self(*kdf(
            "hedgerow 1 relay seed",
            &[device.as_bytes(), beacon.as_bytes()],
        ))
    }

    /// The key of a day.
    #[must_use]
    pub fn key(&self, epoch: RelayEpoch) -> RelayKey {
        RelayKey(*kdf(
            "hedgerow 1 relay key",
            &[&self.0, &epoch.0.to_be_bytes()],
        ))
    }
}

impl InvitationSecret {
    /// The key under which the holder of the invitation can dial the inviter, on any day.
    #[must_use]
    pub fn relay_key(&self) -> RelayKey {
        RelayKey(*kdf("hedgerow 1 invitation relay key", &[self.as_bytes()]))
    }
}

impl PairBeaconKey {
    /// The key under which one contact can dial a device on a day without knowing the device's names; the direction is
    /// from the device to the contact. Both have the private key.
    #[must_use]
    pub fn relay_key(&self, epoch: RelayEpoch, direction: Direction) -> RelayKey {
        RelayKey(*kdf(
            "hedgerow 1 pair relay key",
            &[self.as_bytes(), &epoch.0.to_be_bytes(), &[direction as u8]],
        ))
    }
}

/// The private key of a name: Ed25519, as libp2p uses them.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RelayKey([u8; 32]);

impl RelayKey {
    /// A fresh one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(*crate::keys::random_32(rng))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> RelayName {
        RelayName(SigningKey::from_bytes(&self.0).verifying_key().to_bytes())
    }

    /// Its bytes, for libp2p.
    #[cfg(feature = "relay")]
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A public key that is a device's name at relays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelayName(pub [u8; 32]);

impl RelayName {
    /// The name in libp2p's text form: base58 of the identity multihash of the key's protobuf.
    #[must_use]
    pub fn peer_id(&self) -> String {
        let mut hash = Vec::with_capacity(38);
        // Identity hash of 36 bytes; field 1: the kind Ed25519; field 2: 32 bytes.
        hash.extend_from_slice(&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20]);
        hash.extend_from_slice(&self.0);
        bs58::encode(hash).into_string()
    }

    /// The address under which others dial it through a relay.
    #[must_use]
    pub fn at(&self, relay: &Address) -> Address {
        Address(format!("{}{CIRCUIT}{}", relay.0, self.peer_id()))
    }
}

/// Separates the relay from the name in an address.
const CIRCUIT: &str = "/p2p-circuit/p2p/";

/// The relay in an address.
#[must_use]
pub fn relay_of(address: &Address) -> Address {
    let relay = address
        .0
        .split_once(CIRCUIT)
        .map(|(relay, _)| relay.to_owned());
    Address(relay.unwrap_or_else(|| address.0.clone()))
}

/// The longest address of a relay, in bytes: together with the carrier's and the device's name it fits into
/// [`MAX_ADDRESS`](crate::invitation::MAX_ADDRESS).
const MAX_RELAY: usize = 160;

/// Whether this is the address of a relay in its usual form: `/ip4/…`, `/ip6/…`, `/dns/…`, `/dns4/…` or `/dns6/…`,
/// then `/tcp/…` or `/udp/…/quic-v1`, then `/p2p/` and its name.
#[must_use]
pub fn is_relay(address: &Address) -> bool {
    let Some(rest) = address.0.strip_prefix('/') else {
        return false;
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let (kind, host, way, name) = match parts.as_slice() {
        [kind, host, "tcp", port, "p2p", name]
        | [kind, host, "udp", port, "quic-v1", "p2p", name] => {
            (*kind, *host, port.parse::<u16>(), *name)
        }
        _ => return false,
    };
    let is_host = match kind {
        "ip4" => host
            .parse()
            .is_ok_and(|ip: Ipv4Addr| !ip.is_unspecified() && !ip.is_multicast()),
        "ip6" => host
            .parse()
            .is_ok_and(|ip: Ipv6Addr| !ip.is_unspecified() && !ip.is_multicast()),
        "dns" | "dns4" | "dns6" => {
            let is_known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
            !host.is_empty() && host.chars().all(is_known)
        }
        _ => false,
    };
    address.0.len() <= MAX_RELAY && is_host && way.is_ok_and(|port| port != 0) && is_name(name)
}

/// Whether this is a name in libp2p's text form: a base58 multihash of a key, or of a key's hash.
fn is_name(name: &str) -> bool {
    let Ok(hash) = bs58::decode(name).into_vec() else {
        return false;
    };
    match hash.as_slice() {
        [0x00, length, key @ ..] => usize::from(*length) == key.len() && key.len() <= 42,
        [0x12, 32, hash @ ..] => hash.len() == 32,
        _ => false,
    }
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
redacted!(RelaySeed, RelayKey, RelayName);

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(device: u8, beacon: u8) -> RelaySeed {
        let device = SigningSecret::from_bytes([device; 32]);
        RelaySeed::derive(&device, &BeaconKey::from_bytes([beacon; 32]))
    }

    #[test]
    fn every_day_device_and_beacon_key_has_a_name_of_its_own_and_always_the_same() {
        let mut names = std::collections::BTreeSet::new();
        for device in 1..4 {
            for beacon in 1..4 {
                for day in 20_000..20_010 {
                    let name = seed(device, beacon).key(RelayEpoch(day)).name();
                    assert_eq!(name, seed(device, beacon).key(RelayEpoch(day)).name());
                    names.insert(name);
                }
            }
        }
        let secret = InvitationSecret::from_bytes([1; 32]);
        names.insert(secret.relay_key().name());
        for pair in 1..3 {
            let key = PairBeaconKey::from_bytes([pair; 32]);
            for day in 20_000..20_010 {
                for direction in [Direction::Up, Direction::Down] {
                    names.insert(key.relay_key(RelayEpoch(day), direction).name());
                }
            }
        }
        assert_eq!(names.len(), 131);
    }

    #[test]
    fn days_begin_and_end_with_the_clock_and_the_years_before_are_one() {
        assert_eq!(RelayEpoch::at(RELAY_EPOCH_MS * 20_000), RelayEpoch(20_000));
        assert_eq!(
            RelayEpoch::at(RELAY_EPOCH_MS * 20_000 - 1),
            RelayEpoch(19_999)
        );
        assert_eq!(RelayEpoch(19_999).end_ms(), RELAY_EPOCH_MS * 20_000);
        assert_eq!(RelayEpoch::at(-5), RelayEpoch(0));
        assert_eq!(RelayEpoch(u64::MAX).end_ms(), i64::MAX);
    }

    #[test]
    fn the_relay_of_an_address_is_what_stands_before_the_circuit() {
        let relay = Address("/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWx".into());
        let name = RelayName([7; 32]);
        assert_eq!(relay_of(&name.at(&relay)), relay);
        assert_eq!(relay_of(&relay), relay);
    }

    #[cfg(feature = "relay")]
    #[test]
    fn a_name_is_written_as_libp2p_writes_it() {
        for byte in 0..=255 {
            let key = RelayKey([byte; 32]);
            let theirs = libp2p::identity::Keypair::ed25519_from_bytes(*key.as_bytes()).unwrap();
            assert_eq!(
                key.name().peer_id(),
                theirs.public().to_peer_id().to_string()
            );
        }
    }

    #[test]
    fn secrets_and_names_print_nothing() {
        let key = seed(1, 1).key(RelayEpoch(1));
        let shown = format!("{:?} {:?} {:?}", seed(1, 1), key, key.name());
        assert_eq!(shown, "RelaySeed(..) RelayKey(..) RelayName(..)");
    }
}
