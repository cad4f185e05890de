//! The file `slots`: which store file is the current one, and its data key, wrapped under the
//! passphrase (`docs/PROTOCOL.md` section 14).
//!
//! ```text
//! CBOR [magic, version, store file, Argon2id parameters or null, salt 16, nonce 24, wrapped key 48, check 16]
//!      \___________ associated data of the wrapping ___________________________/
//! ```
//!
//! The check is an unkeyed hash of everything before it. It only tells damage from a wrong passphrase.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use minicbor::{Decoder, Encoder};

use super::key::{DataKey, KEY, LockedKey};
use crate::api::Passphrase;

const MAGIC: &str = "hedgerow slots";
const VERSION: u32 = 1;
const SALT: usize = 16;
const NONCE: usize = 24;
const WRAPPED: usize = KEY + 16;
const CHECK: usize = 16;

/// The most memory and passes that a slots file may demand, so that a forged one cannot exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1_048_576;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;

/// The work that one try of a passphrase costs: Argon2id's memory in KiB, passes and lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Hashing {
    /// The product's choice: 256 MiB and three passes, which take about half a second on a fast core, a second on an
    /// older one.
    pub const SHIPPED: Hashing = Hashing {
        memory_kib: 262_144,
        passes: 3,
        lanes: 1,
    };

    /// Next to no work: for tests and benches, whose passphrases protect nothing.
    pub const fn hazmat_fast_for_tests() -> Hashing {
        Hashing {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        }
    }
}

/// How a store is protected.
#[derive(Debug, Clone, Copy)]
pub enum Protection<'a> {
    /// By a passphrase that a person types.
    Passphrase(&'a Passphrase, Hashing),
    /// Not at all: everybody who holds the disk can read it. For stores of a relay or mailbox, which hold nothing
    /// readable.
    Open,
}

/// The key that wraps data keys, and the parameters from which it was made.
pub(super) struct Wrapping {
    hashing: Option<Hashing>,
    salt: [u8; SALT],
    key: LockedKey,
}

/// A slots file as read.
pub(super) struct Slots {
    pub(super) store: String,
    hashing: Option<Hashing>,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    wrapped: [u8; WRAPPED],
    associated: Vec<u8>,
}

/// Why a slots file cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Damaged,
    Newer(u32),
}

impl Wrapping {
    pub(super) fn new(protection: Protection<'_>) -> std::io::Result<Self> {
        let salt = random()?;
        Ok(match protection {
            Protection::Passphrase(passphrase, hashing) => Wrapping {
                hashing: Some(hashing),
                salt,
                key: stretch(passphrase, hashing, &salt),
            },
            Protection::Open => Wrapping {
                hashing: None,
                salt,
                key: open_key(&salt),
            },
        })
    }

    /// The slots file that names `store` and holds `key`.
    pub(super) fn seal(&self, store: &str, key: &DataKey) -> std::io::Result<Vec<u8>> {
        let nonce: [u8; NONCE] = random()?;
        let mut file = Encoder::new(Vec::new());
        let associated = |file: &mut Encoder<Vec<u8>>| {
            file.array(8)?.str(MAGIC)?.u32(VERSION)?.str(store)?;
            match self.hashing {
                Some(hashing) => {
                    file.array(3)?
                        .u32(hashing.memory_kib)?
                        .u32(hashing.passes)?
                        .u32(hashing.lanes)?;
                }
                None => {
                    file.null()?;
                }
            }
            file.bytes(&self.salt)?.bytes(&nonce)?;
            Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
        };
        associated(&mut file).expect("a vector takes all bytes");
        let mut wrapped = [0; WRAPPED];
        wrapped[..KEY].copy_from_slice(key.expose());
        let (plain, tag) = wrapped.split_at_mut(KEY);
        tag.copy_from_slice(
            &cipher(&self.key)
                .encrypt_inout_detached(&XNonce::from(nonce), file.writer(), plain.into())
                .expect("a key is far shorter than the longest plaintext"),
        );
        file.bytes(&wrapped).expect("a vector takes all bytes");
        let check = check(file.writer());
        file.bytes(&check).expect("a vector takes all bytes");
        Ok(file.into_writer())
    }
}

impl Slots {
    pub(super) fn parse(file: &[u8]) -> Result<Slots, Unreadable> {
        let damaged = |_| Unreadable::Damaged;
        let mut decoder = Decoder::new(file);
        let fields = decoder.array().map_err(damaged)?;
        if decoder.str().map_err(damaged)? != MAGIC {
            return Err(Unreadable::Damaged);
        }
        // Magic, version and store file stay in their places for ever. The rest may change with the version.
        let version = decoder.u32().map_err(damaged)?;
        if version > VERSION {
            return Err(Unreadable::Newer(version));
        }
        if fields != Some(8) {
            return Err(Unreadable::Damaged);
        }
        Self::parse_fields(&mut decoder, file)
            .ok()
            .flatten()
            .ok_or(Unreadable::Damaged)
    }

    fn parse_fields(
        decoder: &mut Decoder<'_>,
        file: &[u8],
    ) -> Result<Option<Slots>, minicbor::decode::Error> {
        let store = decoder.str()?.to_owned();
        let hashing = if decoder.datatype()? == minicbor::data::Type::Null {
            decoder.null()?;
            None
        } else {
            if decoder.array()? != Some(3) {
                return Ok(None);
            }
            Some(Hashing {
                memory_kib: decoder.u32()?,
                passes: decoder.u32()?,
                lanes: decoder.u32()?,
            })
        };
        let salt = decoder.bytes()?.try_into();
        let nonce = decoder.bytes()?.try_into();
        let associated = file[..decoder.position()].to_vec();
        let wrapped = decoder.bytes()?.try_into();
        let before_check = decoder.position();
        let intact = decoder.bytes()? == check(&file[..before_check])
            && decoder.position() == file.len()
            && hashing.is_none_or(|hashing| hashing.params().is_some())
            && super::is_store_name(&store);
        let (Ok(salt), Ok(nonce), Ok(wrapped), true) = (salt, nonce, wrapped, intact) else {
            return Ok(None);
        };
        Ok(Some(Slots {
            store,
            hashing,
            salt,
            nonce,
            wrapped,
            associated,
        }))
    }

    /// Whether it takes a passphrase to open.
    pub(super) fn is_protected(&self) -> bool {
        self.hashing.is_some()
    }

    /// The wrapping key made from `passphrase`, which an unprotected file does not need, and the data key. `None` if
    /// the passphrase is wrong.
    pub(super) fn open(&self, passphrase: Option<&Passphrase>) -> Option<(Wrapping, DataKey)> {
        let wrapping = Wrapping {
            hashing: self.hashing,
            salt: self.salt,
            key: match self.hashing {
                Some(hashing) => stretch(passphrase?, hashing, &self.salt),
                None => open_key(&self.salt),
            },
        };
        let data = self.unwrap(&wrapping)?;
        Some((wrapping, data))
    }

    /// The data key, if `wrapping` is the one it was wrapped with.
    pub(super) fn unwrap(&self, wrapping: &Wrapping) -> Option<DataKey> {
        let (sealed, tag) = self.wrapped.split_at(KEY);
        let tag = Tag::try_from(tag).expect("16 bytes");
        let mut outcome = Ok(());
        let data = DataKey::filled(|bytes| {
            bytes.copy_from_slice(sealed);
            outcome = cipher(&wrapping.key).decrypt_inout_detached(
                &XNonce::from(self.nonce),
                &self.associated,
                bytes.into(),
                &tag,
            );
        });
        outcome.ok().map(|()| data)
    }
}

impl Hashing {
    fn params(self) -> Option<Params> {
        (self.memory_kib <= MAX_MEMORY_KIB && self.passes <= MAX_PASSES && self.lanes <= MAX_LANES)
            .then(|| Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY)).ok())
            .flatten()
    }
}

fn stretch(passphrase: &Passphrase, hashing: Hashing, salt: &[u8; SALT]) -> LockedKey {
    let params = hashing.params().expect("checked when made or parsed");
    LockedKey::filled(|key| {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key)
            .expect("lengths are within those of Argon2");
    })
}

/// The key of an unprotected file. It is not secret, because the file shows it.
fn open_key(salt: &[u8; SALT]) -> LockedKey {
    LockedKey::filled(|key| {
        key.copy_from_slice(&blake3::derive_key("hedgerow 1 no passphrase", salt));
    })
}

fn cipher(key: &LockedKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

fn check(bytes: &[u8]) -> [u8; CHECK] {
    *blake3::hash(bytes)
        .as_bytes()
        .first_chunk()
        .expect("32 bytes")
}

pub(super) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (Vec<u8>, Passphrase) {
        let passphrase = Passphrase::new("quiet hedge".to_owned());
        let protection = Protection::Passphrase(&passphrase, Hashing::hazmat_fast_for_tests());
        let key = DataKey::filled(|bytes| bytes.fill(5));
        let file = Wrapping::new(protection)
            .unwrap()
            .seal("store-0123456789abcdef", &key)
            .unwrap();
        (file, passphrase)
    }

    #[test]
    fn the_passphrase_opens_and_another_does_not() {
        let (file, passphrase) = file();
        let slots = Slots::parse(&file).unwrap();
        assert_eq!(slots.store, "store-0123456789abcdef");
        assert!(slots.is_protected());
        let (_, key) = slots.open(Some(&passphrase)).unwrap();
        assert_eq!(key.expose(), &[5; 32]);
        assert!(
            slots
                .open(Some(&Passphrase::new("quiet edge".to_owned())))
                .is_none()
        );
        assert!(slots.open(None).is_none());
    }

    #[test]
    fn each_flipped_bit_and_each_cut_is_damage() {
        let (file, _) = file();
        for position in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[position] ^= 1 << bit;
                assert!(Slots::parse(&changed).is_err(), "byte {position} bit {bit}");
            }
            assert_eq!(
                Slots::parse(&file[..position]).err(),
                Some(Unreadable::Damaged)
            );
        }
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let mut file = Encoder::new(Vec::new());
        file.array(3).unwrap();
        file.str(MAGIC).unwrap().u32(2).unwrap().null().unwrap();
        assert_eq!(
            Slots::parse(&file.into_writer()).err(),
            Some(Unreadable::Newer(2))
        );
    }

    #[test]
    fn a_forged_file_cannot_ask_for_all_memory() {
        let huge = Hashing {
            memory_kib: u32::MAX,
            passes: 1,
            lanes: 1,
        };
        assert!(huge.params().is_none());
    }
}
