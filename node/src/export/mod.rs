//! A conversation as a file, for people or programs: in HTML that opens offline, in JSON, or as text. It is written page
//! by page, so a conversation of any length takes the memory of one page.
//!
//! - [`Export`]: what comes next in the file;
//! - `html`, `json`, `text`: how each format writes a beginning, messages and an end.
//!
//! A file is not sealed: anybody who has it can read it.

mod html;
mod json;
mod sheet;
mod text;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

pub use sheet::Sheet;

use crate::api::{
    Api, ContactId, ConversationId, ExportFormat, MAX_PAGE, Message, MessageId, Original, PageFrom,
    Refusal,
};
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

    /// The next part of the file; `None`: it is complete.
    ///
    /// # Errors
    /// The conversation is gone meanwhile, or the node does not answer: the file is not complete.
    pub async fn part(&mut self, api: &dyn Api) -> Result<Option<String>, Refusal> {
        let last = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Beginning => {
                self.next = Next::Messages(None);
                return Ok(Some(self.beginning()));
            }
            Next::Messages(last) => last,
            Next::Nothing => return Ok(None),
        };
        let from = last.map_or(PageFrom::Oldest, PageFrom::After);
        let of = self.sheet.conversation.id.clone();
        let page = api.page(of, from, MAX_PAGE).await?;
        let Some(newest) = page.messages.last() else {
            return Ok(Some(self.end()));
        };
        self.next = Next::Messages(Some(newest.id.clone()));
        let messages: Vec<Message> = page.messages.into_iter().filter_map(exportable).collect();
        let part = self.messages(&messages);
        self.has_messages |= !messages.is_empty();
        Ok(Some(part))
    }

    fn beginning(&self) -> String {
        match self.format {
            ExportFormat::Html => html::beginning(&self.sheet),
            ExportFormat::Json => json::beginning(&self.sheet),
            ExportFormat::Text => text::beginning(&self.sheet),
        }
    }

    fn messages(&self, messages: &[Message]) -> String {
        match self.format {
            ExportFormat::Html => html::messages(&self.sheet, messages),
            ExportFormat::Json => json::messages(messages, self.has_messages),
            ExportFormat::Text => text::messages(&self.sheet, messages),
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
