//! What differs from one identity to the next (ids, keys, links, words, moments to the second) and stands in golden
//! texts as something of a fixed length. A person types the stand-in as well.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;

use hedgerow_node::api::{
    Api, ContactId, ConversationId, ConversationKind, MessageId, PageFrom, Remote,
};

use super::text;

/// 2026-05-01 12:00 UTC, for every moment in milliseconds.
const NOON_MS: &str = "1777636800000";
const WORDS: &str = "able baby cage dad eager fabric gadget habit ice jacket kangaroo lab";

/// What stands for what.
#[derive(Default)]
pub struct StandIns {
    stand_ins: BTreeMap<String, String>,
    /// Whose safety words are known: to derive them takes a large part of a second.
    compared: BTreeSet<ContactId>,
}

impl StandIns {
    /// `stand_in` stands for `real` from now on.
    pub fn add(&mut self, real: impl Into<String>, stand_in: impl Into<String>) {
        self.stand_ins.insert(real.into(), stand_in.into());
    }

    /// Learns what the node can show now; what it showed before stays.
    pub async fn learn(&mut self, node: &Remote) {
        // How a network in memory calls Ana's device.
        self.add("memory:0", "192.0.2.1:4711");
        let Ok(me) = node.me().await else {
            return;
        };
        self.add(me.id.0, "a0".repeat(16));
        let (here, stand_in) = (&me.devices[0].0, "a1".repeat(8));
        self.add(&here[..8], &stand_in[..8]);
        self.add(here, stand_in);
        for contact in node.contacts().await.unwrap() {
            let letter = contact.own_name.0[..1].to_lowercase();
            let id = format!("{letter}0").repeat(16);
            self.add(&contact.id.0[..8], &id[..8]);
            self.add(contact.id.0.clone(), id);
            let chat = format!("c0{letter}0").repeat(8);
            self.add(&contact.conversation.0[..8], &chat[..8]);
            self.add(contact.conversation.0.clone(), chat);
            if letter == "b" {
                if self.compared.insert(contact.id.clone()) {
                    let words = node.safety_words(contact.id).await.unwrap().words;
                    let stand_ins: Vec<String> = WORDS.split(' ').map(str::to_owned).collect();
                    self.add(json(&words), json(&stand_ins));
                    self.add(numbered(&words), numbered(&stand_ins));
                }
                let chat = contact.conversation.clone();
                let page = node.page(chat, PageFrom::Oldest, 100).await.unwrap();
                for message in page.messages {
                    self.message(message.position, &message.id);
                }
            }
            let chat = node.conversation(contact.conversation).await.unwrap();
            for recipient in chat.recipients {
                self.add(recipient.device.0, format!("{letter}1").repeat(8));
            }
        }
        for chat in node.conversations().await.unwrap() {
            match chat.kind {
                ConversationKind::Notes => {
                    self.add(&chat.id.0[..8], "e0e0e0e0");
                    self.add(chat.id.0, "e0".repeat(16));
                }
                ConversationKind::Group => self.group(node, chat.id).await,
                ConversationKind::Direct | ConversationKind::Former => {}
            }
        }
        let mut invitations = node.invitations().await.unwrap();
        invitations.sort_by_key(|one| one.made_ms);
        for (before, invitation) in invitations.into_iter().enumerate() {
            let number = before + 1;
            self.add(invitation.id.0, format!("{number:016x}"));
            if let Some(link) = invitation.link {
                self.add(link.0, format!("hedgerow:LINK{number}"));
            }
        }
    }

    async fn group(&mut self, node: &Remote, group: ConversationId) {
        for member in node.members(group.clone()).await.unwrap() {
            let letter = member.who.name.0[..1].to_lowercase();
            let id = format!("{letter}9").repeat(16);
            self.add(&member.who.id.0[..8], &id[..8]);
            self.add(member.who.id.0, id);
        }
        let page = node.page(group.clone(), PageFrom::Oldest, 100).await;
        for message in page.unwrap().messages {
            // Behind those of the chat with Ben.
            self.message(message.position + 6, &message.id);
        }
        self.add(&group.0[..8], "d0d0e0e0");
        self.add(group.0, "d0d0e0e0".repeat(4));
    }

    fn message(&mut self, position: u64, id: &MessageId) {
        let letter = char::from(b'a' + u8::try_from(position).unwrap());
        self.add(short(id), letter.to_string().repeat(5));
        let stand_in = format!("{}-{:016x}-{:x}", "ab".repeat(16), 1, position + 1);
        self.add(id.0.clone(), stand_in);
    }

    /// What a program has printed, with stand-ins.
    pub fn output(&self, output: Output) -> Output {
        Output {
            stdout: self.stand_in(&text(&output.stdout)).into_bytes(),
            stderr: self.stand_in(&text(&output.stderr)).into_bytes(),
            ..output
        }
    }

    fn stand_in(&self, text: &str) -> String {
        let mut pairs: Vec<_> = self.stand_ins.iter().collect();
        // A short id begins a long one.
        pairs.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
        let replace = |text: String, (real, stand_in): (&String, &String)| {
            text.replace(real.as_str(), stand_in)
        };
        let text = pairs.into_iter().fold(text.to_owned(), replace);
        numbers(&seconds(&pictures(&text)))
    }

    /// The line with what its stand-ins stand for; also with the beginning of a short name.
    pub fn real(&self, line: &str) -> String {
        let word = |word: &str| {
            let found = self.stand_ins.iter().find_map(|(real, stand_in)| {
                let is_short = stand_in.len() == 5 && word.len() == 4;
                match stand_in == word {
                    true => Some(real.clone()),
                    false if is_short && stand_in.starts_with(word) => Some(real[..4].to_owned()),
                    false => None,
                }
            });
            found.unwrap_or_else(|| word.to_owned())
        };
        line.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
}

/// The short name of a message: 25 bits of a hash, as `read` shows them.
fn short(id: &MessageId) -> String {
    let symbols = b"abcdefghjkmnpqrstuvwxyz023456789";
    let hash = blake3::hash(id.0.as_bytes());
    let bits = hash.as_bytes()[..5]
        .iter()
        .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let letter = |place: u64| char::from(symbols[(bits >> (35 - 5 * place) & 31) as usize]);
    (0..5).map(letter).collect()
}

fn json(words: &[String]) -> String {
    serde_json::to_string(words).unwrap()
}

/// Safety words as `verify` shows them.
fn numbered(words: &[String]) -> String {
    let rows = words.chunks(4).enumerate().map(|(row, four)| {
        let cells = four.iter().enumerate();
        let cells = cells.map(|(column, word)| format!("{:>2} {word:<10}", row * 4 + column + 1));
        cells.collect::<String>().trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// QR codes as one line that says how wide they are.
fn pictures(text: &str) -> String {
    let is_picture = |line: &str| {
        let ink = line.chars().filter(|c| "█▀▄".contains(*c)).count();
        ink > 0 && line.chars().all(|c| "█▀▄ ".contains(c))
    };
    let mut shown = String::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let line = line.trim_end_matches('\n');
        if !is_picture(line) {
            shown.push_str(line);
            shown.push('\n');
            continue;
        }
        let next = lines.peek().map(|next| next.trim_end_matches('\n'));
        if !next.is_some_and(is_picture) {
            let columns = line.chars().count();
            shown.push_str(&format!("[a QR code of {columns} columns]\n"));
        }
    }
    if !text.ends_with('\n') {
        shown.pop();
    }
    shown
}

/// Times of day to the second as noon.
fn seconds(text: &str) -> String {
    let is_time = |at: usize| {
        let time = text.as_bytes().get(at..at + 8).unwrap_or_default();
        let form = |(place, byte): (usize, &u8)| match place {
            2 | 5 => *byte == b':',
            _ => byte.is_ascii_digit(),
        };
        time.len() == 8 && time.iter().enumerate().all(form)
    };
    let mut shown = text.to_owned();
    for (at, _) in text.char_indices().filter(|(at, _)| is_time(*at)) {
        shown.replace_range(at..at + 8, "12:00:00");
    }
    shown
}

/// Moments, spans and bytes in JSON as the same numbers.
fn numbers(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\":") {
        shown.push_str(before);
        shown.push_str("\":");
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let stand_in = match before {
            _ if digits == 0 => "",
            before if before.ends_with("_ms") => NOON_MS,
            before if before.ends_with("_bytes") => "0",
            _ => &after[..digits],
        };
        shown.push_str(stand_in);
        rest = &after[digits..];
    }
    shown + rest
}
