//! Files of messages: `attach`, `save`, `load`, `cancel` and `free`.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::api::{Api, Feature, FileState, Form, MessageId, NewMessage, Private, Refusal};
use crate::cli::chats::find;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::{annotating, ask, waiting};
use crate::files::reading::OpenError;
use crate::files::{reading, saving};
use crate::pictures::Metadata;
use crate::words::{codes, files, tr};

/// `hedgerow attach`: each file is a message; the first has the caption.
pub async fn attach(
    session: &Session,
    output: Output,
    name: &str,
    paths: &[PathBuf],
    caption: Option<&str>,
    form: Form,
) -> Result<(), Failure> {
    let api = session.api();
    let chat = find(api, name).await?;
    let caption = caption.map(ask::text).transpose()?;
    let mut caption = Private(caption.unwrap_or_default());
    let reachable = chat.contact.as_ref().and_then(|contact| contact.reachable);
    let mut uploads = Vec::new();
    for path in paths {
        let progress = progress(output, path.metadata().map_or(0, |about| about.len()));
        let bar = progress.clone();
        let opened = reading::open(path, move |read| bar.set_position(read));
        let (mut new, bytes) = opened.map_err(|error| match error {
            OpenError::Path(error) => Failure::path(path, &error),
            OpenError::Refused(refusal) => refusal.into(),
        })?;
        new.form = form;
        let uploaded = api.upload(new, bytes).await;
        progress.finish_and_clear();
        let uploaded = uploaded.map_err(|refusal| named(path, refusal))?;
        output.say(files::outlook(&uploaded, reachable));
        if let Some(words) = files::carried(&uploaded) {
            output.say(words);
        }
        uploads.push(uploaded);
    }
    let mut last = None;
    for uploaded in uploads {
        let message = NewMessage {
            text: std::mem::replace(&mut caption, Private(String::new())),
            reply_to: None,
            timer_s: None,
            file: Some(uploaded.id),
        };
        let id = api.send(chat.conversation.clone(), message).await?;
        #[derive(Serialize)]
        struct Sent<'a> {
            id: &'a MessageId,
            bytes: u64,
            carries: &'a [Metadata],
            cleaned: bool,
        }
        let sent = Sent {
            id: &id,
            bytes: uploaded.size,
            carries: &uploaded.carries,
            cleaned: uploaded.cleaned,
        };
        output.data(&sent, |sent| sent.id.0.clone());
        last = Some(id);
    }
    let (Some(contact), Some(last)) = (&chat.contact, last) else {
        return Ok(());
    };
    if output.is_json() {
        return Ok(());
    }
    if chat.lacks(Feature::Files) {
        output.say(tr!(
            "{name} uses a version that cannot take files.",
            name = chat.name.clone()
        ));
    }
    if session.is_ours() {
        output.say(tr!("It waits here. `hedgerow run` delivers it."));
    } else if let Some(words) = waiting::not_now(api, contact, &last).await? {
        output.say(words);
    }
    Ok(())
}

/// `hedgerow save`.
pub async fn save(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
    path: Option<&Path>,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let message = annotating::named(api, &chat.conversation, message).await?;
    let download = api.download(chat.conversation, message).await?;
    let progress = progress(output, download.size);
    let bytes = download.size;
    let path = path.unwrap_or(Path::new("."));
    let saved = saving::save(download, path, |saved| progress.set_position(saved)).await;
    progress.finish_and_clear();
    let file = saved?;
    #[derive(Serialize)]
    struct Saved {
        file: PathBuf,
        bytes: u64,
    }
    output.data(&Saved { file, bytes }, |saved| {
        saved.file.display().to_string()
    });
    Ok(())
}

/// `hedgerow load`: asks for a file that does not load by itself, or declines one.
pub async fn load(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
    wanted: bool,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let id = annotating::named(api, &chat.conversation, message).await?;
    api.want_file(chat.conversation.clone(), id.clone(), wanted)
        .await?;
    let file = api.message(chat.conversation, id).await?.file;
    if let Some(file) = file.filter(|file| wanted && file.state != FileState::Here) {
        output.say(tr!(
            "{file} loads as soon as {name} is in reach.",
            file = files::name(&file),
            name = chat.name
        ));
    }
    Ok(())
}

/// `hedgerow cancel`.
pub async fn cancel(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let message = annotating::named(api, &chat.conversation, message).await?;
    api.cancel_file(chat.conversation.clone(), message.clone())
        .await?;
    let message = api.message(chat.conversation, message).await;
    output.say(match message.is_ok_and(|message| message.file.is_some()) {
        true => tr!(
            "Cancelled. What has come to {name} is deleted as soon as {name} is in reach.",
            name = chat.name
        ),
        false => tr!("Deleted. It never left this device."),
    });
    Ok(())
}

/// `hedgerow free`.
pub async fn free(api: &dyn Api, name: &str, message: &str) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let message = annotating::named(api, &chat.conversation, message).await?;
    Ok(api.free_file(chat.conversation, message).await?)
}

/// A bar that shows how far a file is, to people alone.
pub(super) fn progress(output: Output, bytes: u64) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{bar:30} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta}",
    );
    ProgressBar::new(bytes).with_style(style.expect("a template of our own"))
}

/// A refusal that says which file it is about.
fn named(path: &Path, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::FileChanged => Failure::found(
            Exit::Refused,
            "file_changed",
            tr!(
                "{path} changed while it was read. Attach it again.",
                path = path.display()
            ),
        ),
        Refusal::MayNameYou => unclean(path, "may_name_you", &refusal),
        Refusal::NotAVoiceNote { .. } => Failure::found(
            Exit::Refused,
            "not_a_voice_note",
            tr!(
                "{path}: {why}",
                path = path.display(),
                why = codes::refusal(&refusal)
            ),
        ),
        Refusal::NotCleaned { .. } => unclean(path, "not_cleaned", &refusal),
        refusal => refusal.into(),
    }
}

/// Says how a file that cannot be cleaned goes all the same.
fn unclean(path: &Path, code: &'static str, refusal: &Refusal) -> Failure {
    let words = tr!(
        "{why} To send {path} so, add --as-it-is.",
        why = codes::refusal(refusal),
        path = path.display()
    );
    Failure::found(Exit::Refused, code, words)
}
