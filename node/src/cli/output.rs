//! Where data and talk go: stdout is data, stderr is talk.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::api::visible;

/// How a command answers.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// As JSON lines, or as text.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read this.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// One piece of data: as one line of JSON, or as `text` makes it for people.
    pub fn data<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) {
        let line = if self.json { json(data) } else { text(data) };
        print(&line);
    }

    /// A list: a line of JSON each, or a table for people; `nothing` is said if it is empty.
    pub fn list<T: Serialize>(
        self,
        items: &[T],
        head: &[&str],
        row: impl Fn(&T) -> Vec<String>,
        nothing: &str,
    ) {
        if self.json {
            for item in items {
                self.data(item, |_| String::new());
            }
        } else if items.is_empty() {
            self.say(nothing);
        } else {
            print(&table(head, items.iter().map(row)));
        }
    }

    /// Something about the data, for people alone.
    pub fn say(self, words: &str) {
        if !self.json {
            // Nobody is left to be told if stderr is closed.
            let _ = writeln!(std::io::stderr(), "{words}");
        }
    }
}

/// One line of JSON, which a terminal shows as it is.
pub fn json(data: &impl Serialize) -> String {
    let line = serde_json::to_string(data).expect("the types of the API are JSON");
    visible::json(&line)
}

/// How many columns the terminal has that shows the data; `None`: there is none.
pub fn columns() -> Option<usize> {
    let out = std::io::stdout();
    let size = out
        .is_terminal()
        .then(|| rustix::termios::tcgetwinsize(out).ok());
    size.flatten().map(|size| usize::from(size.ws_col))
}

/// A plain table.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// Whether a person can be asked.
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
