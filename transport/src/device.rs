//! The devices of an identity: a signed list whose version never goes down (`docs/PROTOCOL.md`
//! section 3).

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

use crate::handshake::Party;
use crate::keys::{PublicKey, kdf, truncated};

/// The most devices in one list.
pub const MAX_DEVICES: usize = 16;

const SIGNATURE_CONTEXT: &[u8] = b"hedgerow 1 device list";
const PROOF_CONTEXT: &[u8] = b"hedgerow 1 listed device";

/// The public keys of one device.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceKeys {
    /// The Ed25519 key that it signs with.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub signing: [u8; 32],
    /// Its X25519 device key.
    #[n(1)]
    pub key: PublicKey,
}

impl DeviceKeys {
    /// The device id.
    #[must_use]
    pub fn device_id(&self) -> [u8; 16] {
        device_id(&self.signing)
    }

    fn to_be_proven(self, identity: &[u8; 32]) -> Vec<u8> {
        [PROOF_CONTEXT, identity, &self.key.0].concat()
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKeys(..)")
    }
}

/// A device in a device list. Its own signing key has signed that it belongs there, so nobody can list a device
/// of somebody else.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedDevice {
    keys: DeviceKeys,
    proof: [u8; 64],
}

impl ListedDevice {
    /// Signs, as the device, that it belongs to this identity and has this device key.
    #[must_use]
    pub fn sign(signing: &SigningKey, identity: &[u8; 32], key: PublicKey) -> Self {
        let keys = DeviceKeys {
            signing: signing.verifying_key().to_bytes(),
            key,
        };
        let proof = signing.sign(&keys.to_be_proven(identity)).to_bytes();
        Self { keys, proof }
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    fn is_proven(&self, identity: &[u8; 32]) -> bool {
        let proven = self.keys.to_be_proven(identity);
        let proof = Signature::from_bytes(&self.proof);
        VerifyingKey::from_bytes(&self.keys.signing)
            .is_ok_and(|key| key.verify_strict(&proven, &proof).is_ok())
    }
}

impl fmt::Debug for ListedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListedDevice(..)")
    }
}

/// The id of the device that signs with this key (section 2).
#[must_use]
pub fn device_id(signing: &[u8; 32]) -> [u8; 16] {
    truncated(&kdf("hedgerow 1 device id", &[signing]))
}

/// Why a device list is refused: its sender's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceListFault {
    /// Not the encoding of a device list.
    #[error("not a device list")]
    Malformed,
    /// No device, too many, a duplicate, or a key that nobody can use.
    #[error("a device list with impossible devices")]
    Devices,
    /// Not signed by the identity that it names.
    #[error("a device list that its identity did not sign")]
    Signature,
    /// A device in it did not sign that it belongs there.
    #[error("a device list with a device that did not sign that it belongs there")]
    Proof,
    /// A list of another identity than the one held.
    #[error("a device list of another identity")]
    OtherIdentity,
    /// Older than the one held.
    #[error("a device list that takes back a newer one")]
    Stale,
    /// Different from the one held, with the same version: the identity signed both.
    #[error("a second device list of one version")]
    Forked,
}

/// The devices of an identity, as it signed them. Every value of this type has been verified.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceList {
    signed: SignedPart,
    signature: [u8; 64],
}

#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct SignedPart {
    #[n(0)]
    version: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    identity: [u8; 32],
    #[n(2)]
    devices: Vec<ListedDevice>,
}

impl<C> Encode<C> for ListedDevice {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let wire = WireDevice {
            signing: self.keys.signing,
            key: self.keys.key,
            proof: self.proof,
        };
        wire.encode(encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for ListedDevice {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        context: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let WireDevice {
            signing,
            key,
            proof,
        } = WireDevice::decode(decoder, context)?;
        let keys = DeviceKeys { signing, key };
        Ok(Self { keys, proof })
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct WireDevice {
    #[cbor(n(0), with = "minicbor::bytes")]
    signing: [u8; 32],
    #[n(1)]
    key: PublicKey,
    #[cbor(n(2), with = "minicbor::bytes")]
    proof: [u8; 64],
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct WireList {
    #[n(0)]
    version: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    identity: [u8; 32],
    #[n(2)]
    devices: Vec<ListedDevice>,
    #[cbor(n(3), with = "minicbor::bytes")]
    signature: [u8; 64],
}

impl DeviceList {
    /// Signs a list.
    ///
    /// # Errors
    /// [`DeviceListFault::Devices`] or [`DeviceListFault::Proof`], the caller's fault.
    pub fn sign(
        identity: &SigningKey,
        version: u32,
        devices: Vec<ListedDevice>,
    ) -> Result<Self, DeviceListFault> {
        let signed = SignedPart {
            version,
            identity: identity.verifying_key().to_bytes(),
            devices,
        };
        signed.check()?;
        let signature = identity.sign(&signed.to_be_signed()).to_bytes();
        Ok(Self { signed, signature })
    }

    /// Reads a list and verifies it.
    ///
    /// # Errors
    /// The list is malformed, impossible or not signed by the identity it names and by each device.
    pub fn decode(bytes: &[u8]) -> Result<Self, DeviceListFault> {
        let Self { signed, signature } = Self::decode_kept(bytes)?;
        let identity = signed.identity;
        VerifyingKey::from_bytes(&identity)
            .and_then(|key| {
                key.verify_strict(&signed.to_be_signed(), &Signature::from_bytes(&signature))
            })
            .map_err(|_| DeviceListFault::Signature)?;
        signed.check()?;
        Ok(Self { signed, signature })
    }

    /// Decodes a list from our own store, which holds only verified ones. Skips the verification, which would take
    /// most of the time of opening the store.
    ///
    /// # Errors
    /// The list is malformed.
    pub fn decode_kept(bytes: &[u8]) -> Result<Self, DeviceListFault> {
        let WireList {
            version,
            identity,
            devices,
            signature,
        } = minicbor::decode(bytes).map_err(|_| DeviceListFault::Malformed)?;
        let signed = SignedPart {
            version,
            identity,
            devices,
        };
        Ok(Self { signed, signature })
    }

    /// The encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let SignedPart {
            version,
            identity,
            ref devices,
        } = self.signed;
        encoded(&WireList {
            version,
            identity,
            devices: devices.clone(),
            signature: self.signature,
        })
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.signed.version
    }

    /// The identity: an Ed25519 public key.
    #[must_use]
    pub fn identity(&self) -> &[u8; 32] {
        &self.signed.identity
    }

    /// The devices, each with its proof that it belongs to the identity.
    #[must_use]
    pub fn listed(&self) -> &[ListedDevice] {
        &self.signed.devices
    }

    /// The devices.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceKeys> {
        self.signed.devices.iter().map(ListedDevice::keys)
    }

    /// The device with this id.
    #[must_use]
    pub fn device(&self, id: &[u8; 16]) -> Option<&DeviceKeys> {
        self.devices().find(|device| device.device_id() == *id)
    }

    /// The device with this device key, which a handshake has proven.
    #[must_use]
    pub fn device_with_key(&self, key: &PublicKey) -> Option<&DeviceKeys> {
        self.devices().find(|device| device.key == *key)
    }

    /// One of its devices, as one end of a session.
    #[must_use]
    pub fn party(&self, device: &DeviceKeys) -> Party {
        Party {
            identity: self.signed.identity,
            device: device.device_id(),
            key: device.key,
        }
    }

    /// The hash that sessions compare (section 3).
    #[must_use]
    pub fn hash(&self) -> [u8; 16] {
        truncated(blake3::hash(&self.encode()).as_bytes())
    }

    /// Whether this list is newer than the one held. False if it is the same.
    ///
    /// # Errors
    /// It belongs to another identity, is older, or differs with the same version: the sender's fault.
    pub fn replaces(&self, held: &Self) -> Result<bool, DeviceListFault> {
        if self.signed.identity != held.signed.identity {
            Err(DeviceListFault::OtherIdentity)
        } else if self.version() > held.version() {
            Ok(true)
        } else if self.version() < held.version() {
            Err(DeviceListFault::Stale)
        } else if self.signed == held.signed {
            Ok(false)
        } else {
            Err(DeviceListFault::Forked)
        }
    }
}

impl fmt::Debug for DeviceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceList")
            .field("version", &self.signed.version)
            .finish_non_exhaustive()
    }
}

impl SignedPart {
    fn to_be_signed(&self) -> Vec<u8> {
        [SIGNATURE_CONTEXT, &encoded(self)].concat()
    }

    fn check(&self) -> Result<(), DeviceListFault> {
        let possible = (1..=MAX_DEVICES).contains(&self.devices.len())
            && self.devices.iter().enumerate().all(|(at, listed)| {
                let others = &self.devices[..at];
                let device = listed.keys;
                let usable =
                    VerifyingKey::from_bytes(&device.signing).is_ok_and(|key| !key.is_weak());
                usable
                    && device.key.is_usable()
                    && others.iter().all(|other| {
                        other.keys.signing != device.signing && other.keys.key != device.key
                    })
            });
        if !possible {
            return Err(DeviceListFault::Devices);
        }
        if !self
            .devices
            .iter()
            .all(|device| device.is_proven(&self.identity))
        {
            return Err(DeviceListFault::Proof);
        }
        Ok(())
    }
}

fn encoded(value: &impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory does not fail")
}
