//! Removing contacts and conversations.

use serde::Serialize;

use crate::api::{Api, ContactId, ConversationId, Refusal};
use crate::cli::ask;
use crate::cli::chats::{self, Chat};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::words::{Phrase, tr};

/// `hedgerow remove`.
pub async fn remove(
    api: &dyn Api,
    output: Output,
    name: &str,
    keep: bool,
    yes: bool,
) -> Result<(), Failure> {
    let chat = chats::find(api, name).await?;
    let messages = api.conversation(chat.conversation.clone()).await?.messages;
    let Chat {
        conversation,
        name,
        contact,
        ..
    } = chat;
    let Some(contact) = contact else {
        if keep {
            return Err(Refusal::NoSuchContact.into());
        }
        confirm(output, yes, tr!("Erase this conversation for good?"))?;
        return erase(api, output, conversation).await;
    };
    let question = match keep {
        true => tr!(
            "Remove {name}, and keep the conversation to be read?",
            name = name.as_str()
        ),
        false => tr!(
            "Remove {name} and {n} message for good?"
                | "Remove {name} and {n} messages for good?" % messages,
            name = name.as_str()
        ),
    };
    confirm(output, yes, question)?;
    #[derive(Serialize)]
    struct Removed {
        removed: ContactId,
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<ConversationId>,
    }
    let removed = contact.id.clone();
    let kept = match keep {
        true => Some(api.remove_keeping(contact.id).await?.id),
        false => {
            api.remove(contact.id).await?;
            None
        }
    };
    output.data(&Removed { removed, kept }, |removed| match removed.kept {
        Some(_) => tr!(
            "{name} is no longer a contact. The conversation stays to be read.",
            name = name
        ),
        None => tr!(
            "Contact {name} and the conversation were removed.",
            name = name
        ),
    });
    Ok(())
}

async fn erase(api: &dyn Api, output: Output, conversation: ConversationId) -> Result<(), Failure> {
    api.erase_conversation(conversation.clone()).await?;
    #[derive(Serialize)]
    struct Erased {
        erased: ConversationId,
    }
    let erased = conversation;
    output.data(&Erased { erased }, |_| tr!("The conversation was erased."));
    Ok(())
}

fn confirm(output: Output, yes: bool, question: Phrase) -> Result<(), Failure> {
    match yes || ask::yes(output, question)? {
        true => Ok(()),
        false => Err(Failure::found(
            Exit::Refused,
            "not_confirmed",
            tr!("Nothing was removed."),
        )),
    }
}
