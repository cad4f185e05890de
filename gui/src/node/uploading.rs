//! Looks at files of the user, and uploads them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, stream};
use hedgerow_node::api::{Api, ByteStream, Form, NewUpload, Private, Refusal, Uploaded};
use hedgerow_node::files::reading::{self, OpenError};
use hedgerow_node::pictures::{Decoder, HEAD_BYTES, Kind, Limits, Metadata, kind_of};
use tokio::sync::watch;

use crate::model::{Examined, FilePath, Pasted, Source, Ticket, Unfit};

/// The uploads that are to stop.
#[derive(Default)]
pub struct Stopped(watch::Sender<BTreeSet<Ticket>>);

impl Stopped {
    /// The upload of this ticket is to stop.
    pub fn stop(&self, ticket: Ticket) {
        self.0.send_if_modified(|stopped| stopped.insert(ticket));
    }

    /// It has stopped.
    fn forget(&self, ticket: Ticket) {
        self.0.send_if_modified(|stopped| stopped.remove(&ticket));
    }

    /// What comes of an upload, unless it is to stop before.
    pub async fn unless(
        &self,
        ticket: Ticket,
        upload: impl Future<Output = Result<Uploaded, Refusal>>,
    ) -> Result<Uploaded, Unfit> {
        tokio::select! {
            biased;
            () = self.wait_for(ticket) => {
                self.forget(ticket);
                Err(Unfit::Refused(Refusal::Stopping))
            }
            uploaded = upload => uploaded.map_err(Unfit::Refused),
        }
    }

    /// Waits until this upload is to stop.
    async fn wait_for(&self, ticket: Ticket) {
        let mut stopped = self.0.subscribe();
        // The sender is here, so it does not fail.
        let _ = stopped.wait_for(|stopped| stopped.contains(&ticket)).await;
    }
}

/// Looks at files: which can be sent, and how long they are.
pub async fn examine(paths: Vec<FilePath>) -> Vec<Examined> {
    let looked = tokio::task::spawn_blocking(move || paths.into_iter().map(look).collect());
    looked.await.unwrap_or_default()
}

fn look(path: FilePath) -> Examined {
    let looked = reading::open(&path.0, |_| {}).map_err(|error| unfit(error, &path.0));
    let looked = looked.and_then(|(new, _)| {
        let head = head(&path.0).map_err(|_| Unfit::Unreadable)?;
        Ok((new.size.unwrap_or(0), kind_of(&head)))
    });
    let name = path.0.file_name().unwrap_or(path.0.as_os_str());
    Examined {
        name: Private(name.to_string_lossy().into_owned()),
        kind: looked.as_ref().map_or(Kind::Other, |(_, kind)| *kind),
        size: looked.map(|(size, _)| size),
        path,
    }
}

/// The first bytes of a file.
fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let file = File::open(path)?;
    file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What a picture carries beside its pixels, as the process finds that decodes it; `None` if it cannot be decoded.
pub async fn carries(pictures: &Decoder, source: Source) -> Option<Vec<Metadata>> {
    let pictures = pictures.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let look = match source {
            Source::File(path) => pictures.look(File::open(&path.0).ok()?, Limits::PICTURE),
            Source::Pasted(picture) => pictures.look(&picture.0[..], Limits::PICTURE),
        };
        look.ok()
    });
    Some(looking.await.ok()??.carries)
}

/// Which upload it is, and whether the file goes with all that it carries.
pub struct How {
    /// By which it is stopped.
    pub ticket: Ticket,
    /// See [`Form::AsItIs`].
    pub as_it_is: bool,
}

/// Uploads a file; `told` gets the number of bytes so far, once for each hundredth. Nothing stays of one that is stopped.
pub async fn upload(
    api: &dyn Api,
    stopped: &Stopped,
    how: How,
    source: &Source,
    told: impl Fn(u64) + Send + Clone + 'static,
) -> Result<Uploaded, Unfit> {
    let (mut new, bytes) = match source {
        Source::File(path) => open(&path.0, told)?,
        Source::Pasted(picture) => pasted(picture),
    };
    if how.as_it_is {
        new.form = Form::AsItIs;
    }
    stopped.unless(how.ticket, api.upload(new, bytes)).await
}

/// A file that is to be uploaded.
fn open(
    path: &Path,
    told: impl Fn(u64) + Send + Clone + 'static,
) -> Result<(NewUpload, ByteStream), Unfit> {
    let length = path.metadata().map_or(0, |about| about.len());
    let step = (length / 100).max(1);
    let at = Arc::new(AtomicU64::new(0));
    let progress = move |bytes: u64| {
        let before = at.swap(bytes / step, Ordering::Relaxed);
        if bytes / step > before {
            told(bytes);
        }
    };
    reading::open(path, progress).map_err(|error| unfit(error, path))
}

/// A picture that was pasted: its bytes go to the node and into no file.
fn pasted(picture: &Pasted) -> (NewUpload, ByteStream) {
    let new = NewUpload {
        name: Private(Pasted::NAME.into()),
        media_type: None,
        size: Some(picture.0.len() as u64),
        form: Form::Cleaned,
    };
    let bytes = stream::iter([Ok(picture.0.to_vec().into())]);
    (new, bytes.boxed())
}

fn unfit(error: OpenError, path: &Path) -> Unfit {
    match error {
        OpenError::Refused(Refusal::TooLong { .. }) => Unfit::TooLong,
        OpenError::Refused(refusal) => Unfit::Refused(refusal),
        OpenError::Path(_) if path.is_dir() => Unfit::Directory,
        OpenError::Path(_) => Unfit::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_sent_is_known_before_anything_is_read() {
        let place = tempfile::tempdir().expect("a directory");
        let at = |name: &str| FilePath(place.path().join(name));
        std::fs::write(at("notes.txt").0, "four").expect("it is written");
        let long = File::create(at("long.bin").0).expect("it is made");
        long.set_len((2 << 30) + 1).expect("a file with holes");
        let paths = ["notes.txt", "long.bin", ".", "gone.txt"].map(at);
        let looked = examine(paths.to_vec()).await;
        let sizes: Vec<_> = looked.into_iter().map(|one| one.size).collect();
        let unfit = [Unfit::TooLong, Unfit::Directory, Unfit::Unreadable];
        let expected: Vec<_> = [Ok(4)].into_iter().chain(unfit.map(Err)).collect();
        assert_eq!(sizes, expected);
    }

    #[tokio::test]
    async fn what_a_file_is_its_first_bytes_tell_and_not_its_name() {
        let place = tempfile::tempdir().expect("a directory");
        let path = FilePath(place.path().join("harmless.txt"));
        std::fs::write(&path.0, "%PDF-1.7").expect("it is written");
        let looked = examine(vec![path]).await;
        assert_eq!((looked[0].kind, &looked[0].size), (Kind::Pdf, &Ok(8)));
    }
}
