//! Files in and out of the API: sealed as they come, opened as they go, on threads that may wait for the disk.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::cleaning::{self, Clean};
use crate::api::{
    ByteStream, ConversationId, Download, MessageId, NewUpload, Private, Refusal, UploadId,
    Uploaded,
};
use crate::engine::files::{Stored, stored_file};
use crate::files::opening::Opening;
use crate::files::sealing::{self, Sealing};
use crate::files::work::{FileKey, StoredName, Upload};
use crate::pictures::Decoder;
use crate::runtime::Node;

/// The parts of an upload that wait to be sealed.
const PARTS_AHEAD: usize = 4;

/// Cleans a file unless its user wants it as it is, seals it, and offers it to messages.
pub(super) async fn upload(
    node: &Node,
    pictures: &Decoder,
    mut new: NewUpload,
    bytes: ByteStream,
) -> Result<Uploaded, Refusal> {
    new.name = Private(base_name(&new.name.0)?);
    sealing::check(node.files(), new.size.unwrap_or(0))?;
    seal(node, cleaning::clean(pictures, new, bytes).await?).await
}

/// Seals a file as it is, and offers it to messages.
pub(super) async fn seal(node: &Node, clean: Clean) -> Result<Uploaded, Refusal> {
    let Clean {
        name,
        media_type,
        size: expected,
        mut bytes,
        preview,
        voice,
        carries,
        is_cleaned,
    } = clean;
    let directory = node.files().to_path_buf();
    let (stored, key) = (StoredName(random()?), FileKey(random()?));
    let (parts, mut sealed_parts) = mpsc::channel::<Option<Bytes>>(PARTS_AHEAD);
    let sealing = tokio::task::spawn_blocking(move || {
        let mut sealing = Sealing::begin(&directory, stored, key, expected)?;
        while let Some(part) = sealed_parts.blocking_recv() {
            match part {
                Some(part) => sealing.write(&part)?,
                None => return Ok(Some(sealing.finish()?)),
            }
        }
        Ok::<_, Refusal>(None)
    });
    let mut fault = None;
    while let Some(part) = bytes.next().await {
        match part {
            // If the other end has gone, it says why.
            Ok(part) => match parts.send(Some(part)).await {
                Ok(()) => {}
                Err(_) => break,
            },
            Err(refusal) => {
                fault = Some(refusal);
                break;
            }
        }
    }
    if fault.is_none() {
        let _ = parts.send(None).await;
    }
    drop(parts);
    let sealed = sealing.await.map_err(|_| Refusal::Bug)??;
    let Some(sealed) = sealed else {
        return Err(fault.unwrap_or(Refusal::Bug));
    };
    let size = sealed.extent.clear();
    let upload = Upload {
        id: UploadId(HEXLOWER.encode(&random::<16>()?)),
        name: name.clone(),
        media_type,
        preview,
        voice,
        extent: sealed.extent,
        key: sealed.key.clone(),
        stored: sealed.name,
        hashes: sealed.hashes,
    };
    let uploaded = Uploaded {
        id: upload.id.clone(),
        name: Private(name),
        size,
        carries,
        cleaned: is_cleaned,
        preview: upload.preview.is_some(),
        voice: upload.voice.clone(),
    };
    node.offer(upload).await?;
    Ok(uploaded)
}

/// Opens the file of a message.
pub(super) async fn download(
    node: &Node,
    conversation: &ConversationId,
    message: &MessageId,
) -> Result<Download, Refusal> {
    let Stored {
        name,
        media_type,
        stored,
        key,
        extent,
    } = node.read(|reader| Ok(stored_file(reader, conversation, message)))??;
    let opening = Opening::begin(node.files(), stored, &key, extent)?;
    let next = |mut opening: Opening| async move {
        let read = tokio::task::spawn_blocking(move || {
            let chunk = opening.next_chunk()?;
            Ok(chunk.map(|chunk| (chunk, opening)))
        });
        read.await.map_err(|_| Refusal::Bug)?
    };
    Ok(Download {
        name: Private(name),
        media_type: media_type.map(Private),
        size: extent.clear(),
        bytes: Box::pin(stream::try_unfold(opening, next)),
    })
}

/// The name of a file without the path to it.
fn base_name(name: &str) -> Result<String, Refusal> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    match base.is_empty() || base.chars().any(char::is_control) {
        true => Err(Refusal::BadName),
        false => Ok(base.to_owned()),
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::Bug)?;
    Ok(bytes)
}
