//! What a file tells beside what its user wants to say, before it is sent (`docs/PROTOCOL.md` section 17).

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::api::{ByteStream, Form, NewUpload, Private, Refusal, Uncleaned, Unplayable, Voice};
use crate::pictures::{Decoder, Fault, HEAD_BYTES, Kind, Limits, Metadata, kind_of};
use crate::voice::Anew;

/// What every voice note is called.
const VOICE_NAME: &str = "voice note.ogg";

/// A file as it is to be sent.
pub(super) struct Clean {
    pub name: String,
    pub media_type: Option<String>,
    /// Its bytes, if they are known.
    pub size: Option<u64>,
    pub bytes: ByteStream,
    pub preview: Option<Vec<u8>>,
    /// What it is as a voice note.
    pub voice: Option<Voice>,
    /// What it carried.
    pub carries: Vec<Metadata>,
    /// Whether it carries that no longer.
    pub is_cleaned: bool,
}

/// Encodes a picture anew, unless its user wants it as it is. Makes a preview in both cases, if it can.
///
/// # Errors
/// The file is of a kind that cannot be cleaned, and its user does not want it as it is; what the stream ends with.
pub(super) async fn clean(
    pictures: &Decoder,
    new: NewUpload,
    bytes: ByteStream,
) -> Result<Clean, Refusal> {
    let NewUpload {
        name: Private(name),
        media_type,
        size,
        form,
    } = new;
    let mut gathered = Gathered::new(bytes);
    if form == Form::Voice {
        return voice(pictures, size, gathered).await;
    }
    let as_it_is = form == Form::AsItIs;
    gathered.up_to(HEAD_BYTES as u64).await?;
    let kind = kind_of(&gathered.head());
    if kind.may_name_its_author() && !as_it_is {
        return Err(Refusal::MayNameYou);
    }
    let mut clean = Clean {
        name,
        media_type: media_type.map(|media_type| media_type.0),
        size,
        bytes: Box::pin(stream::empty()),
        preview: None,
        voice: None,
        carries: Vec::new(),
        is_cleaned: false,
    };
    if !kind.is_picture() {
        clean.bytes = gathered.stream();
        return Ok(clean);
    }
    clean.media_type = kind.media_type().map(str::to_owned);
    gathered
        .up_to_more_than(Limits::PICTURE.source_bytes, size)
        .await?;
    let picture = gathered.parts.concat();
    if as_it_is {
        // It goes without a preview if none can be made.
        let look = |decoder: &Decoder, picture: &[u8]| decoder.look(picture, Limits::PICTURE);
        if let Ok(look) = decoded(pictures, picture, look).await? {
            clean.carries = look.carries;
            clean.preview = Some(look.preview);
        }
        clean.bytes = gathered.stream();
        return Ok(clean);
    }
    drop(gathered);
    let prepare = |decoder: &Decoder, picture: &[u8]| decoder.prepare(picture, Limits::PICTURE);
    let prepared = decoded(pictures, picture, prepare).await?;
    let prepared = prepared.map_err(|fault| Refusal::NotCleaned { why: why(&fault) })?;
    clean.name = with_ending(clean.name, kind, prepared.kind);
    clean.media_type = prepared.kind.media_type().map(str::to_owned);
    clean.size = Some(prepared.bytes.len() as u64);
    clean.bytes = Box::pin(stream::iter([Ok(Bytes::from(prepared.bytes))]));
    clean.preview = Some(prepared.look.preview);
    clean.carries = prepared.look.carries;
    clean.is_cleaned = true;
    Ok(clean)
}

/// Makes a voice note of a file. Its name may tell where it comes from, so it gets another.
async fn voice(
    pictures: &Decoder,
    size: Option<u64>,
    mut gathered: Gathered,
) -> Result<Clean, Refusal> {
    let most = Limits::VOICE.source_bytes;
    gathered.up_to_more_than(most, size).await?;
    let source = gathered.parts.concat();
    drop(gathered);
    let anew = |decoder: &Decoder, source: &[u8]| decoder.voice(source, Limits::VOICE);
    let anew = decoded(pictures, source, anew).await?;
    let Anew { voice, bytes } = anew.map_err(|fault| Refusal::NotAVoiceNote {
        why: unplayable(&fault),
    })?;
    Ok(Clean {
        name: VOICE_NAME.to_owned(),
        media_type: Some("audio/ogg".to_owned()),
        size: Some(bytes.len() as u64),
        bytes: Box::pin(stream::iter([Ok(Bytes::from(bytes))])),
        preview: None,
        voice: Some(voice),
        carries: Vec::new(),
        is_cleaned: true,
    })
}

/// Lets a process decode a picture or a sound, on a thread that may wait for it.
async fn decoded<T: Send + 'static>(
    pictures: &Decoder,
    picture: Vec<u8>,
    task: impl FnOnce(&Decoder, &[u8]) -> Result<T, Fault> + Send + 'static,
) -> Result<Result<T, Fault>, Refusal> {
    let pictures = pictures.clone();
    let decoding = tokio::task::spawn_blocking(move || task(&pictures, &picture));
    decoding.await.map_err(|_| Refusal::Bug)
}

fn why(fault: &Fault) -> Uncleaned {
    match fault {
        Fault::Animated => Uncleaned::Animated,
        Fault::TooLarge => Uncleaned::TooLarge,
        Fault::Unavailable(_) => Uncleaned::Unavailable,
        Fault::NotAPicture
        | Fault::NotAVoiceNote
        | Fault::Damaged
        | Fault::Crashed
        | Fault::TooSlow
        | Fault::Source(_) => Uncleaned::Undecodable,
    }
}

fn unplayable(fault: &Fault) -> Unplayable {
    match fault {
        Fault::NotAVoiceNote | Fault::NotAPicture | Fault::Animated => Unplayable::OtherKind,
        Fault::TooLarge => Unplayable::TooLong,
        Fault::Unavailable(_) => Unplayable::Unavailable,
        Fault::Damaged | Fault::Crashed | Fault::TooSlow | Fault::Source(_) => Unplayable::Damaged,
    }
}

/// A name whose ending says what the file is now.
fn with_ending(name: String, before: Kind, after: Kind) -> String {
    match after.ending().filter(|_| before != after) {
        None => name,
        Some(ending) => {
            let stem = name
                .rsplit_once('.')
                .map_or(name.as_str(), |(stem, _)| stem);
            format!("{stem}.{ending}")
        }
    }
}

/// The beginning of a stream, and what follows.
struct Gathered {
    parts: Vec<Bytes>,
    length: u64,
    rest: ByteStream,
    is_complete: bool,
}

impl Gathered {
    fn new(rest: ByteStream) -> Gathered {
        Gathered {
            parts: Vec::new(),
            length: 0,
            rest,
            is_complete: false,
        }
    }

    /// Gathers until there are `length` bytes, or more, or all.
    async fn up_to(&mut self, length: u64) -> Result<(), Refusal> {
        while self.length < length && !self.is_complete {
            match self.rest.next().await.transpose()? {
                Some(part) => {
                    self.length += part.len() as u64;
                    self.parts.push(part);
                }
                None => self.is_complete = true,
            }
        }
        Ok(())
    }

    /// Gathers all bytes, or more than `most`. `size`: how many there are to be.
    async fn up_to_more_than(&mut self, most: u64, size: Option<u64>) -> Result<(), Refusal> {
        self.up_to(most + 1).await?;
        match self.is_complete && size.is_some_and(|size| size != self.length) {
            true => Err(Refusal::FileChanged),
            false => Ok(()),
        }
    }

    fn head(&self) -> Vec<u8> {
        let bytes = self.parts.iter().flat_map(|part| part.iter());
        bytes.take(HEAD_BYTES).copied().collect()
    }

    fn stream(self) -> ByteStream {
        let parts = self.parts.into_iter().map(Ok);
        Box::pin(stream::iter(parts).chain(self.rest))
    }
}
