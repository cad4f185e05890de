//! Invitations: a one-time secret and the inviter's addresses, as a link or a QR code (`docs/PROTOCOL.md`
//! section 10).

use std::fmt;

use data_encoding::BASE32_NOPAD;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::carrier::Address;
use crate::device::DeviceKeys;
use crate::keys::{InvitationSecret, kdf, truncated};

/// The scheme of a link.
pub const SCHEME: &str = "hedgerow:";
/// The most addresses in an invitation or in an introduction.
pub const MAX_ADDRESSES: usize = 16;
/// The longest address, in bytes.
pub const MAX_ADDRESS: usize = 256;
/// The longest link, in characters.
pub const MAX_LINK: usize = 8_192;

/// The version of the invitation's encoding.
const VERSION: u8 = 1;
const IN_PERSON: u32 = 1;
/// Length of the checksum that detects a damaged link, in bytes.
const CHECK_LEN: usize = 4;

/// Why this version cannot use a text as an invitation. The user interface gives other advice for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not begin with [`SCHEME`].
    #[error("not an invitation")]
    NotAnInvitation,
    /// An invitation with missing or changed characters.
    #[error("a damaged invitation")]
    Damaged,
    /// A valid invitation of a version that this program does not know.
    #[error("an invitation of a newer version")]
    NewerVersion,
}

/// The invitation holds more than fits in a link: the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many or too long addresses for an invitation")]
pub struct TooManyAddresses;

/// An invitation to meet. Its `Debug` output is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The secret that only inviter and joiner know.
    pub secret: InvitationSecret,
    /// Hash of the inviter's keys: see [`inviter_key_hash`].
    pub inviter: [u8; 16],
    /// Until when it is valid by the inviter's clock, in seconds since 1970.
    pub expires_s: u64,
    /// Where the inviter can be reached.
    pub addresses: Vec<Address>,
    /// Whether the inviter showed it as a QR code, in person.
    pub in_person: bool,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire {
    #[n(0)]
    version: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    secret: [u8; 32],
    #[cbor(n(2), with = "minicbor::bytes")]
    inviter: [u8; 16],
    #[n(3)]
    expires_s: u64,
    #[n(4)]
    addresses: Vec<String>,
    #[n(5)]
    flags: u32,
}

impl Invitation {
    /// Encodes the link, with the scheme in lower case as usual.
    ///
    /// # Errors
    /// More than [`MAX_ADDRESSES`], or one longer than [`MAX_ADDRESS`].
    pub fn link(&self) -> Result<Zeroizing<String>, TooManyAddresses> {
        check_addresses(&self.addresses).ok_or(TooManyAddresses)?;
        let wire = Wire {
            version: VERSION,
            secret: *self.secret.as_bytes(),
            inviter: self.inviter,
            expires_s: self.expires_s,
            addresses: self
                .addresses
                .iter()
                .map(|address| address.0.clone())
                .collect(),
            flags: if self.in_person { IN_PERSON } else { 0 },
        };
        let mut bytes =
            Zeroizing::new(minicbor::to_vec(wire).expect("encoding into memory does not fail"));
        let check = check(&bytes);
        bytes.extend_from_slice(&check);
        let mut link = Zeroizing::new(SCHEME.to_owned());
        BASE32_NOPAD.encode_append(&bytes, &mut link);
        Ok(link)
    }

    /// Parses a link, in upper or lower case.
    ///
    /// # Errors
    /// It is something else, damaged, or of a newer version.
    pub fn parse(link: &str) -> Result<Self, LinkError> {
        let link = link.trim();
        let (scheme, rest) = link
            .split_at_checked(SCHEME.len())
            .ok_or(LinkError::NotAnInvitation)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(LinkError::NotAnInvitation);
        }
        if link.len() > MAX_LINK {
            return Err(LinkError::Damaged);
        }
        let rest = Zeroizing::new(rest.to_ascii_uppercase());
        let bytes = Zeroizing::new(
            BASE32_NOPAD
                .decode(rest.as_bytes())
                .map_err(|_| LinkError::Damaged)?,
        );
        let (body, sum) = bytes
            .split_last_chunk::<CHECK_LEN>()
            .ok_or(LinkError::Damaged)?;
        if check(body) != *sum {
            return Err(LinkError::Damaged);
        }
        Self::decode(body)
    }

    fn decode(body: &[u8]) -> Result<Self, LinkError> {
        let mut decoder = minicbor::Decoder::new(body);
        let version = decoder
            .array()
            .and_then(|_| decoder.u8())
            .map_err(|_| LinkError::Damaged)?;
        if version != VERSION {
            return Err(LinkError::NewerVersion);
        }
        let wire: Wire = minicbor::decode(body).map_err(|_| LinkError::Damaged)?;
        let addresses: Vec<Address> = wire.addresses.into_iter().map(Address).collect();
        check_addresses(&addresses).ok_or(LinkError::Damaged)?;
        Ok(Self {
            secret: InvitationSecret::from_bytes(wire.secret),
            inviter: wire.inviter,
            expires_s: wire.expires_s,
            addresses,
            in_person: wire.flags & IN_PERSON != 0,
        })
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invitation(..)")
    }
}

/// The hash by which an invitation names its inviter: of the identity and of one of its devices.
#[must_use]
pub fn inviter_key_hash(identity: &[u8; 32], device: &DeviceKeys) -> [u8; 16] {
    truncated(&kdf(
        "hedgerow 1 invitation key",
        &[identity, &device.signing, &device.key.0],
    ))
}

/// `None` if these addresses exceed their bounds.
pub(crate) fn check_addresses(addresses: &[Address]) -> Option<()> {
    let within = addresses.len() <= MAX_ADDRESSES
        && addresses
            .iter()
            .all(|address| address.0.len() <= MAX_ADDRESS);
    within.then_some(())
}

fn check(body: &[u8]) -> [u8; CHECK_LEN] {
    truncated(blake3::hash(body).as_bytes())
}
