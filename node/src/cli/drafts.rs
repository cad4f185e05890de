//! `hedgerow draft`: the message being written in a conversation, which every program shows.

use crate::api::{Api, ConversationId, Draft, MessageId, Private, visible};
use crate::cli::annotating::{named, short};
use crate::cli::ask;
use crate::cli::chats::find;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::words::{Phrase, tr};

/// What is done with a draft.
#[derive(Debug)]
pub enum Change {
    /// It is shown.
    Nothing,
    /// What is given replaces that part of it.
    Set {
        text: Option<String>,
        reply: Option<String>,
        edit: Option<String>,
    },
    /// It is taken away.
    Clear,
    /// It is sent, or the edit made.
    Send,
}

/// `hedgerow draft`.
pub async fn draft(
    api: &dyn Api,
    output: Output,
    name: &str,
    change: Change,
) -> Result<(), Failure> {
    let chat = find(api, name).await?.conversation;
    let kept = api.conversation(chat.clone()).await?.draft;
    match change {
        Change::Nothing => show(output, kept.as_ref()),
        Change::Clear => api.set_draft(chat, Draft::text("")).await?,
        Change::Send => match kept {
            Some(draft) => {
                let id = api.send_draft(chat, draft).await?;
                output.data(&id, |id| id.0.clone());
            }
            None => show(output, None),
        },
        Change::Set { text, reply, edit } => {
            let mut draft = kept.unwrap_or_else(|| Draft::text(""));
            if let Some(message) = &reply {
                draft.reply_to = Some(named(api, &chat, message).await?);
                draft.edit = None;
            }
            if let Some(message) = &edit {
                let message = named(api, &chat, message).await?;
                if draft.edit.as_ref() != Some(&message) {
                    if !draft.text.0.is_empty() {
                        let name = visible::name(name);
                        let words = tr!(
                            "There is a draft already. `hedgerow draft {name} --send` sends it, and --clear takes it away.",
                            name = name
                        );
                        return Err(Failure::found(Exit::Refused, "draft_exists", words));
                    }
                    draft.text = present(api, &chat, &message).await?;
                }
                (draft.edit, draft.reply_to) = (Some(message), None);
            }
            if let Some(text) = &text {
                draft.text = Private(ask::text(text)?);
            }
            api.set_draft(chat, draft).await?;
        }
    }
    Ok(())
}

/// What is edited, as one begins to.
async fn present(
    api: &dyn Api,
    chat: &ConversationId,
    message: &MessageId,
) -> Result<Private, Failure> {
    let message = api.message(chat.clone(), message.clone()).await?;
    Ok(message.text.unwrap_or(Private(String::new())))
}

fn show(output: Output, draft: Option<&Draft>) {
    if output.is_json() {
        return output.data(&draft, |_| Phrase::default());
    }
    let Some(draft) = draft else {
        return output.say(tr!("There is no draft."));
    };
    let about = match (&draft.reply_to, &draft.edit) {
        _ if draft.target_gone => Some(tr!(
            "The message that it was about is gone. It is a plain text now."
        )),
        (Some(message), _) => Some(tr!("It replies to {message}.", message = short(message))),
        (None, Some(message)) => Some(tr!("It edits {message}.", message = short(message))),
        (None, None) => None,
    };
    output.data(draft, |draft| visible::text(&draft.text.0));
    if let Some(about) = about {
        output.say(about);
    }
}
