//! A conversation as a file, for people or programs: in HTML that opens offline, in JSON, or as text. It is written page
//! by page, so a conversation of any length takes the memory of one page.
//!
//! - [`Export`]: what comes next in the file;
//! - [`Folder`]: the files of messages, beside it;
//! - `html`, `json`, `text`: how each format writes a beginning, messages and an end.
//!
//! A file is not sealed: anybody who has it can read it.

mod folder;
mod html;
mod json;
mod sheet;
mod text;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

pub use folder::{Folder, Placed};
pub use sheet::Sheet;

use folder::Places;

use crate::api::{
    Api, ContactId, ConversationId, ExportFormat, MAX_PAGE, Message, MessageId, Original, PageFrom,
    Refusal,
};
use crate::files::saving::SaveError;
use crate::words::Language;

/// A file under way.
pub struct Export {
    sheet: Sheet,
    format: ExportFormat,
    next: Next,
    /// Messages stand in it.
    has_messages: bool,
}

/// What comes next.
enum Next {
    Beginning,
    /// The messages after this one; `None`: from the first on.
    Messages(Option<MessageId>),
    Nothing,
}

/// What a page of the conversation makes of the file.
enum Step {
    Text(String),
    Messages(Vec<Message>),
    Complete,
}

/// When and for whom a file is made.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The language of what is said beside the messages.
    pub language: Language,
    /// The time zone of what is shown.
    pub zone: TimeZone,
    /// The present time, Unix milliseconds.
    pub now_ms: i64,
}

impl Export {
    /// Begins the file of a conversation.
    ///
    /// # Errors
    /// There is no such conversation, or the node does not answer.
    pub async fn begin(
        api: &dyn Api,
        conversation: ConversationId,
        format: ExportFormat,
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        let conversation = api.conversation(conversation).await?;
        let contacts = api.contacts().await?.into_iter();
        let names: BTreeMap<ContactId, String> = contacts
            .map(|contact| (contact.id, contact.name.0))
            .collect();
        Ok(Self {
            sheet: Sheet::new(conversation, names, circumstances),
            format,
            next: Next::Beginning,
            has_messages: false,
        })
    }

    /// The next part of the file, without the files of its messages; `None`: it is complete.
    ///
    /// # Errors
    /// The conversation is gone meanwhile, or the node does not answer: the file is not complete.
    pub async fn part(&mut self, api: &dyn Api) -> Result<Option<String>, Refusal> {
        Ok(match self.step(api).await? {
            Step::Text(text) => Some(text),
            Step::Messages(messages) => Some(self.messages(&messages, None)),
            Step::Complete => None,
        })
    }

    /// As [`part`](Self::part), and saves the files of its messages in a folder. `saved` gets the number of files saved so
    /// far, after each.
    ///
    /// # Errors
    /// As there; or the folder cannot be written.
    pub async fn part_with_files(
        &mut self,
        api: &dyn Api,
        folder: &mut Folder,
        saved: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<String>, SaveError> {
        Ok(match self.step(api).await.map_err(SaveError::Refused)? {
            Step::Text(text) => Some(text),
            Step::Messages(messages) => {
                let of = &self.sheet.conversation.id;
                let places = folder.take(api, of, &messages, saved).await?;
                Some(self.messages(&messages, Some(&places)))
            }
            Step::Complete => None,
        })
    }

    async fn step(&mut self, api: &dyn Api) -> Result<Step, Refusal> {
        let last = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Beginning => {
                self.next = Next::Messages(None);
                return Ok(Step::Text(self.beginning()));
            }
            Next::Messages(last) => last,
            Next::Nothing => return Ok(Step::Complete),
        };
        let from = last.map_or(PageFrom::Oldest, PageFrom::After);
        let of = self.sheet.conversation.id.clone();
        let page = api.page(of, from, MAX_PAGE).await?;
        let Some(newest) = page.messages.last() else {
            return Ok(Step::Text(self.end()));
        };
        self.next = Next::Messages(Some(newest.id.clone()));
        let messages = page.messages.into_iter().filter_map(exportable);
        Ok(Step::Messages(messages.collect()))
    }

    fn beginning(&self) -> String {
        match self.format {
            ExportFormat::Html => html::beginning(&self.sheet),
            ExportFormat::Json => json::beginning(&self.sheet),
            ExportFormat::Text => text::beginning(&self.sheet),
        }
    }

    fn messages(&mut self, messages: &[Message], places: Option<&Places>) -> String {
        let follows = self.has_messages;
        self.has_messages |= !messages.is_empty();
        match self.format {
            ExportFormat::Html => html::messages(&self.sheet, messages, places),
            ExportFormat::Json => json::messages(messages, places, follows),
            ExportFormat::Text => text::messages(&self.sheet, messages, places),
        }
    }

    fn end(&self) -> String {
        match self.format {
            ExportFormat::Html => html::END.to_owned(),
            ExportFormat::Json => json::END.to_owned(),
            ExportFormat::Text => String::new(),
        }
    }
}

/// What of a message may stand in a file, which outlives it: nothing of one that disappears, also where another message
/// answers it, and nothing of one without a text.
fn exportable(mut message: Message) -> Option<Message> {
    if message.text.is_none() || message.disappears.is_some() || message.lapsed {
        return None;
    }
    if let Some(answered) = &mut message.reply_to
        && answered.disappears
    {
        answered.original = Original::Gone;
    }
    Some(message)
}

/// The name of a file for a conversation: what no file system takes, or what hides how a name ends, is left out.
pub fn file_name(name: &str, format: ExportFormat) -> String {
    /// The most characters, so that every file system takes them with the ending.
    const LONGEST: usize = 60;
    let shown = crate::api::visible::label(name).unwrap_or_default();
    let is_good = |c: &char| {
        c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '\'' | '(' | ')')
    };
    let kept: String = shown.chars().filter(is_good).take(LONGEST).collect();
    let kept = kept.trim_matches([' ', '.']);
    let stem = kept.split('.').next().unwrap_or_default().to_uppercase();
    let is_device = |prefix| {
        let number = stem.strip_prefix(prefix);
        number.is_some_and(|number| number.len() == 1 && number != "0")
    };
    // Names of devices on Windows, whatever the ending.
    let is_reserved =
        matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL") || is_device("COM") || is_device("LPT");
    let stem = match kept.is_empty() || is_reserved {
        true => "conversation",
        false => kept,
    };
    format!("{stem}.{}", ending(format))
}

/// How the name of a file of this format ends.
pub fn ending(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Html => "html",
        ExportFormat::Json => "json",
        ExportFormat::Text => "txt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_no_other_directory_and_hides_no_ending() {
        let named = |name| file_name(name, ExportFormat::Html);
        assert_eq!(named("Ana K."), "Ana K.html");
        assert_eq!(named("../../etc/passwd"), "etcpasswd.html");
        assert_eq!(named("C:\\x"), "Cx.html");
        assert_eq!(named("Ben\u{202e}lmth.exe"), "Benlmth.exe.html");
        assert_eq!(named("دانا"), "دانا.html");
        for nothing in ["", "..", "/", "con", "COM1.x", "nul", "\u{200b}", "💥"] {
            assert_eq!(named(nothing), "conversation.html", "{nothing}");
        }
        assert!(named(&"x".repeat(300)).len() < 80);
    }
}
