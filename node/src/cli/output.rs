//! Prints data on stdout and everything said to people on stderr.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use super::screen;
use super::table::{self, Row};
use crate::api::visible;
use crate::words::{Language, Phrase};

/// How a command answers.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    language: Language,
}

impl Output {
    /// As JSON lines, or as text in a language.
    pub fn new(json: bool, language: Language) -> Self {
        Self { json, language }
    }

    /// Whether programs read this.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// The user's language.
    pub fn language(self) -> Language {
        self.language
    }

    /// A phrase in the user's language.
    pub fn said(self, phrase: &Phrase) -> String {
        self.language.print(phrase)
    }

    /// A phrase in the user's language, in lines of at most 80 columns. Text that is the same in every language is
    /// data, whose lines stay whole.
    pub fn lines(self, phrase: &Phrase) -> String {
        let said = self.said(phrase);
        match phrase.is_verbatim() {
            true => said,
            false => {
                let columns = columns().unwrap_or(screen::COLUMNS);
                screen::wrapped(&said, columns.min(screen::COLUMNS))
            }
        }
    }

    /// Prints one piece of data: as one line of JSON, or as `text` makes it for people.
    pub fn data<T: Serialize, P: Into<Phrase>>(self, data: &T, text: impl FnOnce(&T) -> P) {
        let line = match self.json {
            true => json(data),
            false => self.lines(&text(data).into()),
        };
        print(&line);
    }

    /// Prints a list: one line of JSON for each element, or a table for people. Says `nothing` if it is empty.
    pub fn list<T: Serialize, R: Into<Row>>(
        self,
        items: &[T],
        head: &[Phrase],
        row: impl Fn(&T) -> R,
        nothing: Phrase,
    ) {
        if self.json {
            for item in items {
                self.data(item, |_| Phrase::default());
            }
        } else if items.is_empty() {
            self.say(nothing);
        } else {
            print(&self.table(head, items.iter().map(row)));
        }
    }

    /// Says something about the data, only to people.
    pub fn say(self, words: impl Into<Phrase>) {
        if !self.json {
            // If stderr is closed, nobody reads this.
            let _ = writeln!(std::io::stderr(), "{}", self.lines(&words.into()));
        }
    }

    /// A plain table.
    pub fn table<R: Into<Row>>(self, head: &[Phrase], rows: impl IntoIterator<Item = R>) -> String {
        table::shown(self.language, head, rows.into_iter().map(Into::into))
    }
}

/// One line of JSON without control characters, so that a terminal shows it as it is.
pub fn json(data: &impl Serialize) -> String {
    let line = serde_json::to_string(data).expect("the types of the API are JSON");
    visible::json(&line)
}

/// The number of columns of the terminal on stdout; `None` if stdout is no terminal.
pub fn columns() -> Option<usize> {
    let out = std::io::stdout();
    let size = out
        .is_terminal()
        .then(|| rustix::termios::tcgetwinsize(out).ok());
    size.flatten().map(|size| usize::from(size.ws_col))
}

/// Whether there is a person at a terminal to ask.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`| head`) is the reader's way to say that it has enough.
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
