//! `hedgerow search`.

use std::collections::BTreeMap;

use crate::api::{
    Api, ConversationId, FoundConversation, FoundMessage, FoundRange, Private, Search, SearchKind,
    SearchPage, visible,
};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, columns};
use crate::cli::{annotating, chats, contacts, screen};
use crate::words::{codes, files, tr};

/// Where to look.
#[derive(Debug)]
pub struct Narrow {
    /// Only messages that have such a thing.
    pub kind: Option<SearchKind>,
    /// Only in this conversation.
    pub with: Option<String>,
    /// Only what this contact wrote …
    pub from: Option<String>,
    /// … or what we wrote.
    pub mine: bool,
    /// Only from this day or time on.
    pub since: Option<String>,
    /// Only before this day or time.
    pub until: Option<String>,
}

/// `hedgerow search`.
pub async fn search(
    api: &dyn Api,
    output: Output,
    words: &str,
    narrow: Narrow,
    last: usize,
) -> Result<(), Failure> {
    let time = |text: Option<String>| text.as_deref().map(time).transpose();
    let mut search = Search {
        kind: narrow.kind,
        mine: narrow.mine,
        since_ms: time(narrow.since)?,
        until_ms: time(narrow.until)?,
        ..Search::of(words)
    };
    if let Some(name) = narrow.with {
        search.conversation = Some(chats::find(api, &name).await?.conversation);
    }
    if let Some(name) = narrow.from {
        search.from = Some(contacts::find(api, &name).await?.id);
    }
    let mut found = api.search(search.clone()).await?;
    while let (true, Some(cursor)) = (found.messages.len() < last, found.cursor.take()) {
        search.cursor = Some(cursor);
        search.kind.get_or_insert(SearchKind::Messages);
        let more = api.search(search.clone()).await?;
        found.messages.extend(more.messages);
        found.cursor = more.cursor;
        found.partial |= more.partial;
    }
    let has_more = found.cursor.is_some() || found.messages.len() > last;
    found.messages.truncate(last);
    show(api, output, &found).await?;
    if found.messages.is_empty() && found.conversations.is_empty() {
        output.say(match narrow.kind {
            None => tr!("Nothing has these words."),
            Some(_) => tr!("There is no such message."),
        });
    }
    if has_more {
        output.say(match narrow.kind {
            None => tr!("Older messages have these words too. --last shows more of them."),
            Some(_) => tr!("There are older ones too. --last shows more of them."),
        });
    }
    if found.partial {
        output.say(tr!(
            "There was too much to look at all of it. Give more words, or choose a contact or a date."
        ));
    }
    Ok(())
}

fn time(text: &str) -> Result<i64, Failure> {
    screen::parse_time(text).ok_or_else(|| {
        let words =
            tr!("This is not a date. Write it as 2026-05-01, or with a time: '2026-05-01 14:30'.");
        Failure::found(Exit::Usage, "bad_date", words)
    })
}

/// Names first, then messages, the newest last.
async fn show(api: &dyn Api, output: Output, found: &SearchPage) -> Result<(), Failure> {
    for conversation in &found.conversations {
        output.data(conversation, |it| named(it, columns().is_some()));
    }
    let (chats, people) = (api.conversations().await?, api.contacts().await?);
    let names: BTreeMap<&ConversationId, String> = chats
        .iter()
        .map(|chat| (&chat.id, output.said(&chats::named(chat, &people))))
        .collect();
    for hit in found.messages.iter().rev() {
        let name = names.get(&hit.conversation).map_or("", String::as_str);
        output.data(hit, |hit| line(output, name, hit, columns()));
    }
    Ok(())
}

fn named(found: &FoundConversation, is_terminal: bool) -> String {
    let name = visible::name(&found.name.0);
    // A name that is shown otherwise than it is written has its words elsewhere.
    match name == found.name.0 {
        true => coloured(
            marked(&found.name, &found.ranges, |part| part.to_owned()),
            is_terminal,
        ),
        false => name,
    }
}

/// A message as `read` shows it, with the other side of the conversation, and the words marked on a terminal.
fn line(output: Output, name: &str, hit: &FoundMessage, columns: Option<usize>) -> String {
    let message = &hit.message;
    let you = output.said(&codes::you());
    let (way, who) = match (message.is_mine(), message.is_delivered()) {
        (true, true) => ('>', format!("{you} ✓ → {name}")),
        (true, false) => ('>', format!("{you} … → {name}")),
        (false, _) => ('<', name.to_owned()),
    };
    let text = message.text.as_ref();
    let text = text.map(|text| marked(text, &hit.ranges, visible::text));
    let file = message.file.as_ref().map(|file| match &file.voice {
        Some(_) => output.said(&files::name(file)),
        None => marked(&file.name, &hit.name_ranges, visible::name),
    });
    let said = file
        .map(|file| format!("📎 {file}"))
        .into_iter()
        .chain(text);
    let said: Vec<String> = said.filter(|said| !said.is_empty()).collect();
    let (time, short) = (
        screen::time(message.time_ms),
        annotating::short(&message.id),
    );
    let said = format!("{who}: {}", said.join(" "));
    let line = screen::headed(&format!("{time} {short} {way} "), &said, columns);
    coloured(line, columns.is_some())
}

/// Around what was found. No text shows these characters: they are made visible in it.
const BEGIN: char = '\u{2}';
const END: char = '\u{3}';

/// A text as it is shown, with marks around these bytes of it.
fn marked(text: &Private, ranges: &[FoundRange], show: impl Fn(&str) -> String) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for range in ranges {
        let parts = text
            .0
            .get(at..range.start)
            .zip(text.0.get(range.start..range.end));
        let Some((before, found)) = parts else { break };
        out.push_str(&show(before));
        out.push(BEGIN);
        out.push_str(&show(found));
        out.push(END);
        at = range.end;
    }
    out.push_str(&show(text.0.get(at..).unwrap_or_default()));
    out
}

/// Bold between the marks on a terminal, else nothing.
fn coloured(line: String, is_terminal: bool) -> String {
    let (begin, end) = match is_terminal {
        true => ("\u{1b}[1m", "\u{1b}[22m"),
        false => ("", ""),
    };
    line.replace(BEGIN, begin).replace(END, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_marked_on_a_terminal_and_nowhere_else() {
        let text = Private("the hall is\u{2} open\u{1b}[1m".to_owned());
        let ranges = [FoundRange { start: 4, end: 8 }];
        let marked = marked(&text, &ranges, visible::text);
        let bold = coloured(marked.clone(), true);
        assert!(bold.starts_with("the \u{1b}[1mhall\u{1b}[22m is"));
        assert_eq!(
            bold.matches('\u{1b}').count(),
            2,
            "a text marks nothing by itself"
        );
        assert!(coloured(marked, false).starts_with("the hall is"));
    }

    #[test]
    fn ranges_that_do_not_fit_a_text_mark_nothing() {
        for (start, end) in [(1, 2), (0, 9), (5, 4)] {
            let text = Private("é".to_owned());
            let ranges = [FoundRange { start, end }];
            assert_eq!(coloured(marked(&text, &ranges, visible::text), true), "é");
        }
    }
}
