//! How records encode ids and keys: as CBOR byte strings of their fixed length.

use super::account::MarkSecret;
use hedgerow_sync::id::{DeviceId, IdentityId, SpaceId};
use hedgerow_sync::membership::MemberKey;
use hedgerow_transport::keys::{
    BeaconKey, BundlePsk, BundleTagKey, InvitationSecret, PairBeaconKey, Psk, PublicKey, RescueKey,
    SigningSecret, SpaceSecret, StaticKey, TagKey,
};
use hedgerow_transport::relay::RelayName;

/// A value of a fixed number of bytes.
pub(crate) trait Fixed: Sized {
    /// Reads it from its bytes; `None` if there are too many or too few.
    fn from_slice(bytes: &[u8]) -> Option<Self>;
    /// Its bytes.
    fn as_slice(&self) -> &[u8];
}

macro_rules! secrets {
    ($($name:ident),*) => {$(
        impl Fixed for $name {
            fn from_slice(bytes: &[u8]) -> Option<Self> {
                Some($name::from_bytes(bytes.try_into().ok()?))
            }
            fn as_slice(&self) -> &[u8] {
                self.as_bytes()
            }
        }
    )*};
}
secrets!(
    BeaconKey,
    BundlePsk,
    BundleTagKey,
    InvitationSecret,
    PairBeaconKey,
    Psk,
    RescueKey,
    SigningSecret,
    SpaceSecret,
    StaticKey,
    TagKey,
    MarkSecret
);

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl Fixed for $name {
            fn from_slice(bytes: &[u8]) -> Option<Self> {
                Some($name(bytes.try_into().ok()?))
            }
            fn as_slice(&self) -> &[u8] {
                &self.0
            }
        }
    )*};
}
ids!(
    DeviceId, IdentityId, MemberKey, PublicKey, RelayName, SpaceId
);

/// For `#[cbor(with = "…")]`: one fixed value.
pub(crate) mod fixed {
    use minicbor::decode::{Decoder, Error as DecodeError};
    use minicbor::encode::{Encoder, Error as EncodeError, Write};

    use super::Fixed;

    pub(crate) fn encode<C, T: Fixed, W: Write>(
        value: &T,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(value.as_slice())?.ok()
    }

    pub(crate) fn decode<'b, C, T: Fixed>(
        decoder: &mut Decoder<'b>,
        _: &mut C,
    ) -> Result<T, DecodeError> {
        T::from_slice(decoder.bytes()?).ok_or_else(|| DecodeError::message("wrong length"))
    }
}

/// For `#[cbor(with = "…")]`: shared bytes.
pub(crate) mod shared {
    use bytes::Bytes;
    use minicbor::decode::{Decoder, Error as DecodeError};
    use minicbor::encode::{Encoder, Error as EncodeError, Write};

    pub(crate) fn encode<C, W: Write>(
        value: &Bytes,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(value)?.ok()
    }

    pub(crate) fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<Bytes, DecodeError> {
        Ok(Bytes::copy_from_slice(decoder.bytes()?))
    }
}

/// For `#[cbor(with = "…", has_nil)]`: one fixed value or none.
pub(crate) mod fixed_option {
    use minicbor::decode::{Decoder, Error as DecodeError};
    use minicbor::encode::{Encoder, Error as EncodeError, Write};

    use super::Fixed;

    pub(crate) fn encode<C, T: Fixed, W: Write>(
        value: &Option<T>,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match value {
            Some(value) => encoder.bytes(value.as_slice())?.ok(),
            None => encoder.null()?.ok(),
        }
    }

    pub(crate) fn decode<'b, C, T: Fixed>(
        decoder: &mut Decoder<'b>,
        ctx: &mut C,
    ) -> Result<Option<T>, DecodeError> {
        if decoder.datatype()? == minicbor::data::Type::Null {
            decoder.skip()?;
            return Ok(None);
        }
        super::fixed::decode(decoder, ctx).map(Some)
    }

    pub(crate) fn nil<T>() -> Option<Option<T>> {
        Some(None)
    }

    pub(crate) fn is_nil<T>(value: &Option<T>) -> bool {
        value.is_none()
    }
}
