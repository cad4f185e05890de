//! Opens bundles: a chunk at a time, then item by item, so that a long one needs no long step.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use super::{BundleFault, CHUNK, HEADER_LEN, Header, MESSAGE_AT, PADDING};
use crate::keys::{BundlePsk, PublicKey, StaticKey};
use crate::noise::{Beginning, Handshake, Pattern, TAG_LEN, Transport};
use crate::session::MAX_ITEM;

/// A bundle that is being opened.
pub struct Opening {
    which: usize,
    noise: Transport,
    /// The chunks that are still sealed.
    sealed: Bytes,
    payload: BytesMut,
}

impl Opening {
    /// Begins to open a bundle of a recognised sender with the first of `prekeys` that fits; each comes with its secret
    /// for this sender.
    ///
    /// # Errors
    /// The bundle is incomplete, or no prekey fits.
    pub fn begin<'k>(
        mut bundle: Bytes,
        sender: &PublicKey,
        prekeys: impl IntoIterator<Item = (&'k StaticKey, &'k BundlePsk)>,
    ) -> Result<Opening, BundleFault> {
        let header = Header::parse(&bundle)?;
        if bundle.len() != header.length {
            return Err(BundleFault::Malformed);
        }
        let head = bundle.split_to(HEADER_LEN);
        let prologue = header.prologue();
        for (which, (prekey, psk)) in prekeys.into_iter().enumerate() {
            let beginning = Beginning {
                pattern: Pattern::Bundle,
                prologue: &prologue,
                psk: psk.as_bytes(),
                peer: Some(sender),
            };
            let mut noise = Handshake::reader(&beginning, prekey);
            if noise.read(&head[MESSAGE_AT..], &mut [0; TAG_LEN]).is_err() {
                continue;
            }
            let finished = noise.finish();
            return Ok(Opening {
                which,
                noise: finished.expect("one message finishes this pattern").noise,
                payload: BytesMut::with_capacity(bundle.len()),
                sealed: bundle,
            });
        }
        Err(BundleFault::NoPrekey)
    }

    /// The index of the prekey that fits.
    #[must_use]
    pub fn which(&self) -> usize {
        self.which
    }

    /// Opens the next chunk. Returns its length in bytes: 0 once all are open.
    ///
    /// # Errors
    /// Somebody altered the bundle. Nothing of it may be used.
    pub fn open_chunk(&mut self) -> Result<usize, BundleFault> {
        let chunk = self.sealed.len().min(CHUNK + TAG_LEN);
        if chunk == 0 {
            return Ok(0);
        }
        let chunk = self.sealed.split_to(chunk);
        let opened = self.payload.len();
        self.payload.resize(opened + chunk.len(), 0);
        let length = self
            .noise
            .read(&chunk, &mut self.payload[opened..])
            .map_err(|_| BundleFault::Altered)?;
        self.payload.truncate(opened + length);
        Ok(chunk.len())
    }

    /// The items in the chunks that have been opened, which it gives away.
    #[must_use]
    pub fn items(&mut self) -> Items {
        Items(std::mem::take(&mut self.payload).freeze())
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening")
            .field("sealed", &self.sealed.len())
            .finish_non_exhaustive()
    }
}

/// The items of an opened bundle, in order; read one by one, since a payload may hold millions of empty ones. After an
/// error there are none.
#[derive(Clone)]
pub struct Items(Bytes);

impl Items {
    fn read(payload: &mut Bytes) -> Option<Option<BundleItem>> {
        if payload.is_empty() {
            return Some(None);
        }
        let (kind, rest) = unsigned_varint::decode::u64(payload).ok()?;
        if kind == PADDING {
            return Some(None);
        }
        let (length, rest) = unsigned_varint::decode::usize(rest).ok()?;
        if length > MAX_ITEM || length > rest.len() {
            return None;
        }
        payload.advance(payload.len() - rest.len());
        Some(Some(BundleItem {
            kind,
            content: payload.split_to(length),
        }))
    }
}

impl Iterator for Items {
    type Item = Result<BundleItem, BundleFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = Items::read(&mut self.0);
        match item {
            Some(Some(item)) => Some(Ok(item)),
            Some(None) => None,
            None => {
                self.0.clear();
                Some(Err(BundleFault::Altered))
            }
        }
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("length", &self.0.len())
            .finish()
    }
}

/// One item of a bundle. Its `Debug` output shows only kind and length.
#[derive(Clone, PartialEq, Eq)]
pub struct BundleItem {
    /// Its kind (section 8), never 0; receivers skip unknown kinds.
    pub kind: u64,
    /// Its content.
    pub content: Bytes,
}

impl fmt::Debug for BundleItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleItem")
            .field("kind", &self.kind)
            .field("length", &self.content.len())
            .finish()
    }
}

/// An opened bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The index in `prekeys` of the prekey that opened it.
    pub which: usize,
    /// Its items, in order.
    pub items: Vec<BundleItem>,
}

/// Opens a whole bundle at once, as [`Opening`] does in steps.
///
/// # Errors
/// The bundle is incomplete, no prekey fits, or somebody altered it.
pub fn open<'k>(
    bundle: &[u8],
    sender: &PublicKey,
    prekeys: impl IntoIterator<Item = (&'k StaticKey, &'k BundlePsk)>,
) -> Result<Contents, BundleFault> {
    let mut opening = Opening::begin(Bytes::copy_from_slice(bundle), sender, prekeys)?;
    while opening.open_chunk()? > 0 {}
    Ok(Contents {
        which: opening.which,
        items: opening.items().collect::<Result<_, _>>()?,
    })
}
