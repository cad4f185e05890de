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
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKeys(..)")
    }
}

/// The id of the device that signs with this key (section 2).
#[must_use]
pub fn device_id(signing: &[u8; 32]) -> [u8; 16] {
    truncated(&kdf("hedgerow 1 device id", &[signing]))
}

/// Why a device list is refused: the fault of whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceListFault {
    /// Not the encoding of a device list.
    #[error("not a device list")]
    Malformed,
    /// No device, too many, one twice, or a key that nobody can use.
    #[error("a device list with impossible devices")]
    Devices,
    /// Not signed by the identity that it names.
    #[error("a device list that its identity did not sign")]
    Signature,
    /// Of another identity than the one held.
    #[error("a device list of another identity")]
    OtherIdentity,
    /// Older than the one held, or another of the same version.
    #[error("a device list that takes back a newer one")]
    Stale,
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
    devices: Vec<DeviceKeys>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct WireList {
    #[n(0)]
    version: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    identity: [u8; 32],
    #[n(2)]
    devices: Vec<DeviceKeys>,
    #[cbor(n(3), with = "minicbor::bytes")]
    signature: [u8; 64],
}

impl DeviceList {
    /// Signs a list.
    ///
    /// # Errors
    /// [`DeviceListFault::Devices`], the caller's fault.
    pub fn sign(
        identity: &SigningKey,
        version: u32,
        devices: Vec<DeviceKeys>,
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
    /// The list is malformed, impossible or not signed by the identity it names.
    pub fn decode(bytes: &[u8]) -> Result<Self, DeviceListFault> {
        let Self { signed, signature } = Self::decode_own(bytes)?;
        let identity = signed.identity;
        VerifyingKey::from_bytes(&identity)
            .and_then(|key| {
                key.verify_strict(&signed.to_be_signed(), &Signature::from_bytes(&signature))
            })
            .map_err(|_| DeviceListFault::Signature)?;
        signed.check()?;
        Ok(Self { signed, signature })
    }

    /// Reads a list that this device has signed itself and kept. It is not verified again, which is what an
    /// opening of the store would spend most of its time on.
    ///
    /// # Errors
    /// The list is malformed.
    pub fn decode_own(bytes: &[u8]) -> Result<Self, DeviceListFault> {
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

    /// The devices.
    #[must_use]
    pub fn devices(&self) -> &[DeviceKeys] {
        &self.signed.devices
    }

    /// The device with this id.
    #[must_use]
    pub fn device(&self, id: &[u8; 16]) -> Option<&DeviceKeys> {
        let mut devices = self.signed.devices.iter();
        devices.find(|device| device.device_id() == *id)
    }

    /// The device with this device key, as a handshake proved it.
    #[must_use]
    pub fn device_with_key(&self, key: &PublicKey) -> Option<&DeviceKeys> {
        self.signed.devices.iter().find(|device| device.key == *key)
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

    /// Whether this list is newer than the one held, or is that one.
    ///
    /// # Errors
    /// It is of another identity, older, or another of the same version: the sender's fault.
    pub fn replaces(&self, held: &Self) -> Result<bool, DeviceListFault> {
        if self.signed.identity != held.signed.identity {
            Err(DeviceListFault::OtherIdentity)
        } else if self.version() > held.version() {
            Ok(true)
        } else if self.signed == held.signed {
            Ok(false)
        } else {
            Err(DeviceListFault::Stale)
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
            && self.devices.iter().enumerate().all(|(at, device)| {
                let others = &self.devices[..at];
                let usable =
                    VerifyingKey::from_bytes(&device.signing).is_ok_and(|key| !key.is_weak());
                usable
                    && device.key.is_usable()
                    && others
                        .iter()
                        .all(|other| other.signing != device.signing && other.key != device.key)
            });
        if possible {
            Ok(())
        } else {
            Err(DeviceListFault::Devices)
        }
    }
}

fn encoded(value: &impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory does not fail")
}
