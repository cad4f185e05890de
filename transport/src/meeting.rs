//! Meetings: what the two users of an invitation tell each other, and the root that they agree on
//! (`docs/PROTOCOL.md` section 10).
//!
//! ```text
//! joiner   Meeting::new ──meet──>                     inviter
//!                         <──met── answer  (commits the contact and "used" first)
//!          Meeting::finish
//! ```

use std::fmt;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::carrier::Address;
use crate::cryptography::Cryptography;
use crate::device::{DeviceKeys, DeviceList, DeviceListFault};
use crate::invitation::{Invitation, check_addresses, inviter_key_hash};
use crate::kem::{KemSecret, encapsulate};
use crate::keys::{InvitationSecret, PairKeys, PublicKey, Root, StaticKey, kdf};
use crate::session::Session;

/// The kind of the joiner's item.
pub const MEET: u64 = 32;
/// The kind of the inviter's item.
pub const MET: u64 = 33;
/// The kind of the item with which an inviter declines.
pub const NOT_MET: u64 = 34;
/// The longest name, in bytes.
pub const MAX_NAME: usize = 64;

/// What a side tells about itself. Its `Debug` output is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Introduction {
    /// Its devices.
    pub devices: DeviceList,
    /// Its display name, of at most [`MAX_NAME`] bytes.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<Address>,
}

impl fmt::Debug for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Introduction(..)")
    }
}

/// The result of a meeting: a contact, and the keys shared with its device in the meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquaintance {
    /// The other side's introduction.
    pub peer: Introduction,
    /// Its device in this meeting.
    pub device: DeviceKeys,
    /// The keys that the two devices share.
    pub keys: PairKeys,
}

/// Why an inviter declines; sent inside the encrypted channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Declined {
    /// Somebody else has used the invitation.
    #[n(1)]
    Used,
    /// The inviter has cancelled it.
    #[n(2)]
    Cancelled,
    /// It has expired by the inviter's clock.
    #[n(3)]
    Expired,
    /// The inviter has blocked this identity.
    #[n(4)]
    Blocked,
    /// This identity is already a contact of the inviter, who must remove it first.
    #[n(5)]
    Known,
}

impl Declined {
    /// The content of [`NOT_MET`].
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        encoded(&NotMet { reason: self })
    }

    /// Reads the content of [`NOT_MET`].
    ///
    /// # Errors
    /// It is malformed, or a reason that this version does not know.
    pub fn decode(content: &[u8]) -> Result<Self, MeetingFault> {
        minicbor::decode(content)
            .map(|declined: NotMet| declined.reason)
            .map_err(|_| MeetingFault::Malformed)
    }
}

/// What the other side of a meeting did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MeetingFault {
    /// Its item is malformed or breaks a bound.
    #[error("a malformed item of a meeting")]
    Malformed,
    /// Its device list is invalid.
    #[error(transparent)]
    Devices(#[from] DeviceListFault),
    /// The device key it proved is not in its device list.
    #[error("a device that is not in its device list")]
    UnknownDevice,
    /// It is not the inviter that the invitation names.
    #[error("somebody else than the invitation names")]
    NotTheInviter,
    /// It sent a public key that no agreement may use.
    #[error("a public key that cannot be used")]
    Key,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Meet {
    #[cbor(n(0), with = "minicbor::bytes")]
    devices: Vec<u8>,
    #[n(1)]
    x25519: PublicKey,
    /// The encapsulation key in *meet*, the ciphertext in *met*.
    #[cbor(n(2), with = "minicbor::bytes")]
    ml_kem: Vec<u8>,
    #[n(3)]
    name: String,
    #[n(4)]
    addresses: Vec<String>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct NotMet {
    #[n(0)]
    reason: Declined,
}

impl Meet {
    fn encode(me: &Introduction, x25519: PublicKey, ml_kem: Vec<u8>) -> Vec<u8> {
        encoded(&Self {
            devices: me.devices.encode(),
            x25519,
            ml_kem,
            name: me.name.clone(),
            addresses: me
                .addresses
                .iter()
                .map(|address| address.0.clone())
                .collect(),
        })
    }

    /// Decodes the peer's introduction, and finds its device whose key the handshake has proven.
    fn decode(
        content: &[u8],
        session: &Session,
    ) -> Result<(Self, Introduction, DeviceKeys), MeetingFault> {
        let mut meet: Self = minicbor::decode(content).map_err(|_| MeetingFault::Malformed)?;
        let addresses: Vec<Address> = std::mem::take(&mut meet.addresses)
            .into_iter()
            .map(Address)
            .collect();
        let name = std::mem::take(&mut meet.name);
        if name.len() > MAX_NAME {
            return Err(MeetingFault::Malformed);
        }
        check_addresses(&addresses).ok_or(MeetingFault::Malformed)?;
        let devices = DeviceList::decode(&meet.devices)?;
        let device = *devices
            .device_with_key(&session.peer_key())
            .ok_or(MeetingFault::UnknownDevice)?;
        Ok((
            meet,
            Introduction {
                devices,
                name,
                addresses,
            },
            device,
        ))
    }
}

/// A joiner's meeting that waits for the inviter's item.
pub struct Meeting {
    secret: InvitationSecret,
    inviter: [u8; 16],
    x25519: StaticKey,
    kem: KemSecret,
}

impl Meeting {
    /// Starts inside the session that the invitation opened: returns the state and the content of [`MEET`].
    pub fn new(
        invitation: &Invitation,
        me: &Introduction,
        cryptography: Cryptography,
        rng: &mut impl CryptoRng,
    ) -> (Self, Vec<u8>) {
        let x25519 = StaticKey::random(rng);
        let (kem, encapsulation_key) = KemSecret::generate(cryptography, rng);
        let content = Meet::encode(me, x25519.public(), encapsulation_key);
        let meeting = Self {
            secret: invitation.secret.clone(),
            inviter: invitation.inviter,
            x25519,
            kem,
        };
        (meeting, content)
    }

    /// Takes the content of [`MET`].
    ///
    /// # Errors
    /// The other side is at fault, or is not the inviter.
    pub fn finish(self, session: &Session, met: &[u8]) -> Result<Acquaintance, MeetingFault> {
        let (met, peer, device) = Meet::decode(met, session)?;
        if inviter_key_hash(peer.devices.identity(), &device) != self.inviter {
            return Err(MeetingFault::NotTheInviter);
        }
        let x25519 = self.x25519.agree(&met.x25519).ok_or(MeetingFault::Key)?;
        let ml_kem = self.kem.open(&met.ml_kem).ok_or(MeetingFault::Key)?;
        Ok(Acquaintance {
            peer,
            device,
            keys: pair_keys(&self.secret, &x25519, &ml_kem, session),
        })
    }
}

impl fmt::Debug for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meeting(..)")
    }
}

/// Answers the content of [`MEET`] as the inviter. The caller commits the acquaintance together with "used" before
/// it sends the second value, the content of [`MET`].
///
/// # Errors
/// The other side is at fault.
pub fn answer(
    secret: &InvitationSecret,
    session: &Session,
    me: &Introduction,
    meet: &[u8],
    cryptography: Cryptography,
    rng: &mut impl CryptoRng,
) -> Result<(Acquaintance, Vec<u8>), MeetingFault> {
    let (meet, peer, device) = Meet::decode(meet, session)?;
    let mine = StaticKey::random(rng);
    let x25519 = mine.agree(&meet.x25519).ok_or(MeetingFault::Key)?;
    let (ciphertext, ml_kem) =
        encapsulate(&meet.ml_kem, cryptography, rng).ok_or(MeetingFault::Key)?;
    let keys = pair_keys(secret, &x25519, &ml_kem, session);
    Ok((
        Acquaintance { peer, device, keys },
        Meet::encode(me, mine.public(), ciphertext),
    ))
}

fn pair_keys(
    secret: &InvitationSecret,
    x25519: &[u8; 32],
    ml_kem: &[u8; 32],
    session: &Session,
) -> PairKeys {
    let root = kdf(
        "hedgerow 1 root",
        &[secret.as_bytes(), x25519, ml_kem, session.hash()],
    );
    PairKeys::derive(Root::from_bytes(*root))
}

fn encoded(value: &impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory does not fail")
}
