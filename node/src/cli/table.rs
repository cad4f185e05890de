//! Tables of at most [`COLUMNS`](super::screen::COLUMNS) columns. A row holds a state; the lines beneath it say what to
//! do.

use unicode_width::UnicodeWidthStr;

use super::screen;
use crate::words::{Language, Phrase};

/// The number of spaces between two columns.
const GAP: usize = 2;

/// The least width of the first column, which holds names and shrinks if a table is too wide.
const LEAST_NAME: usize = 8;

/// A row, and the lines beneath it.
#[derive(Debug, Default)]
pub struct Row {
    cells: Vec<Phrase>,
    beneath: Vec<Phrase>,
}

impl From<Vec<Phrase>> for Row {
    fn from(cells: Vec<Phrase>) -> Self {
        let beneath = Vec::new();
        Self { cells, beneath }
    }
}

impl Row {
    /// This row, with another line beneath it.
    pub fn with(mut self, line: impl Into<Option<Phrase>>) -> Self {
        self.beneath
            .extend(line.into().filter(|line| !line.is_empty()));
        self
    }
}

/// A table as text, without a line break at its end.
pub fn shown(language: Language, head: &[Phrase], rows: impl IntoIterator<Item = Row>) -> String {
    let said = |cells: &[Phrase]| -> Vec<String> {
        cells.iter().map(|cell| language.print(cell)).collect()
    };
    let mut rows: Vec<(Vec<String>, Vec<Phrase>)> = rows
        .into_iter()
        .map(|row| (said(&row.cells), row.beneath))
        .collect();
    let head = said(head);
    let mut widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|(cells, _)| cells.get(column));
            let widths = cells.chain(&head[column..=column]).map(|cell| cell.width());
            widths.max().unwrap_or_default()
        })
        .collect();
    let gaps = GAP * head.len().saturating_sub(1);
    let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(screen::COLUMNS);
    if over > 0 && head.len() > 1 {
        widths[0] = widths[0].saturating_sub(over).max(LEAST_NAME);
        for (cells, _) in &mut rows {
            if let Some(name) = cells.first_mut() {
                *name = screen::cut(name, widths[0]);
            }
        }
    }
    let mut lines = vec![line(&head, &widths)];
    for (cells, beneath) in &rows {
        lines.push(line(cells, &widths));
        lines.extend(beneath.iter().map(|phrase| {
            let text = format!("{}{}", screen::INDENT, language.print(phrase));
            screen::wrapped(&text, screen::COLUMNS)
        }));
    }
    lines.join("\n")
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + GAP));
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_table_give_way_to_what_is_said_about_them() {
        let head = ["NAME", "STATE", "ID"].map(Phrase::from);
        let row = vec![
            "Ana ".repeat(16).into(),
            "y".repeat(40).into(),
            "b0b0b0b0".into(),
        ];
        let shown = shown(Language::English, &head, [Row::from(row)]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1].width(), 80);
        assert!(
            lines[1].starts_with("Ana Ana Ana Ana Ana Ana Ana… ")
                && lines[1].ends_with(" b0b0b0b0")
        );
        assert_eq!(lines[0].find("STATE"), Some(30));
    }

    #[test]
    fn a_remedy_stands_beneath_its_row_and_is_broken_between_words() {
        let head = ["CARRIER", "STATE"].map(Phrase::from);
        let rows = [
            Row::from(vec!["Локална мрежа".into(), "On".into()]),
            Row::from(vec!["Bluetooth".into(), "Off".into()])
                .with(Phrase::from("word ".repeat(20).trim())),
        ];
        let shown = shown(Language::English, &head, rows);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "CARRIER        STATE");
        assert_eq!(lines[1], "Локална мрежа  On");
        assert_eq!(lines[2], "Bluetooth      Off");
        assert_eq!(lines[3], format!("    {}", "word ".repeat(15).trim()));
        assert_eq!(lines[4], format!("    {}", "word ".repeat(5).trim()));
    }
}
