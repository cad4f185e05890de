//! Times as people read and write them, and texts as a terminal shows them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The indent of the second and later lines of a text.
pub const INDENT: &str = "    ";

/// The most columns of our own texts and tables.
pub const COLUMNS: usize = 80;

/// On a terminal with fewer columns we leave it to the terminal to break lines.
const MIN_COLUMNS: usize = 24;

/// The beginning of an id, as people see it.
pub fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// The present time, in Unix milliseconds.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Unix milliseconds as local date and time, to the minute.
pub fn time(unix_ms: i64) -> String {
    written(unix_ms, "%Y-%m-%d %H:%M")
}

/// Unix milliseconds within the next hour as a local time of day, to the second.
pub fn soon(unix_ms: i64) -> String {
    written(unix_ms, "%H:%M:%S")
}

fn written(unix_ms: i64, form: &str) -> String {
    match Timestamp::from_millisecond(unix_ms) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime(form).to_string(),
        Err(_) => "an impossible time".into(),
    }
}

/// A date, or date and time, of the local time zone as Unix milliseconds.
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    let time = text.parse::<jiff::civil::DateTime>().ok()?;
    let time = time.to_zoned(TimeZone::system()).ok()?;
    Some(time.timestamp().as_millisecond())
}

/// A span like `30m`, `24h` or `7d` in seconds.
pub fn parse_span(text: &str) -> Option<u64> {
    let span: jiff::Span = text.trim().parse().ok()?;
    let day = jiff::SpanRelativeTo::days_are_24_hours();
    let seconds = span.total((jiff::Unit::Second, day)).ok()?;
    (seconds >= 1.0).then_some(seconds as u64)
}

/// The text in lines of at most this many columns, broken between words. A command between backticks and a text
/// without spaces stay whole. Later lines have the indent of the first.
pub fn wrapped(text: &str, columns: usize) -> String {
    let lines = text.split('\n').map(|line| {
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        let options = Options::new(columns.max(MIN_COLUMNS))
            .initial_indent(indent)
            .subsequent_indent(indent)
            .break_words(false)
            .wrap_algorithm(WrapAlgorithm::FirstFit)
            .word_separator(WordSeparator::Custom(unbroken))
            .word_splitter(WordSplitter::NoHyphenation);
        // A question ends with a space, after which the person types.
        let end = &words[words.trim_end().len()..];
        textwrap::fill(words, options) + end
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text in one line of at most this many columns, with an ellipsis if it was cut off.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut cut, mut column) = (String::new(), 1);
    for c in text.chars() {
        column += c.width().unwrap_or_default();
        if column > columns {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// The words of a line. A word ends with a space that is not between backticks.
fn unbroken(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut quoted = false;
    let words = line.split_inclusive(move |c| {
        quoted ^= c == '`';
        c == ' ' && !quoted
    });
    Box::new(words.map(Word::from))
}

/// A text after the head of its line. Indents its later lines, also where a terminal of this many columns would break
/// a line, so that no part of a text stands where the head of a line does.
pub fn headed(head: &str, text: &str, columns: Option<usize>) -> String {
    let columns = columns.filter(|columns| *columns >= MIN_COLUMNS);
    let mut line = head.to_owned();
    let mut column: usize = head.chars().map(most_columns).sum();
    for c in text.chars() {
        let wide = most_columns(c);
        if c == '\n' || columns.is_some_and(|columns| column + wide > columns) {
            line.push('\n');
            line.push_str(INDENT);
            column = INDENT.len();
        }
        match c {
            '\n' => {}
            '\t' => line.push_str(INDENT),
            c => line.push(c),
        }
        column += wide;
    }
    line
}

/// The most columns that a terminal may give a character. It counts characters of ambiguous width as wide, and the
/// parts of a combined emoji one by one.
fn most_columns(c: char) -> usize {
    match c {
        '\n' => 0,
        '\t' => INDENT.len(),
        // It makes the character before it wide.
        '\u{fe0f}' => 1,
        c => c.width_cjk().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(parse_span("30m"), Some(1_800));
        assert_eq!(parse_span("24h"), Some(86_400));
        assert_eq!(parse_span("7d"), Some(604_800));
        assert_eq!(parse_span("1h 30m"), Some(5_400));
        for bad in ["", "0s", "-1h", "soon", "5"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_sentence_is_broken_between_words_and_never_within_a_command() {
        let wrapped = |text| wrapped(text, 30);
        assert_eq!(wrapped("short"), "short");
        assert_eq!(wrapped("  Name: "), "  Name: ");
        assert_eq!(
            wrapped("A sentence of more than thirty columns."),
            "A sentence of more than thirty\ncolumns."
        );
        assert_eq!(
            wrapped("To do: `hedgerow carrier lan on` now"),
            "To do:\n`hedgerow carrier lan on` now"
        );
        let long = "x".repeat(40);
        assert_eq!(
            wrapped(&format!("  see {long} now\nnext  line")),
            format!("  see\n  {long}\n  now\nnext  line")
        );
    }

    #[test]
    fn what_is_cut_off_leaves_a_mark() {
        assert_eq!(cut("Maria Luiza", 11), "Maria Luiza");
        assert_eq!(cut("Maria Luiza", 10), "Maria Lui…");
        assert_eq!(cut("漢字漢字", 6), "漢字…");
    }

    #[test]
    fn no_part_of_a_text_stands_where_a_line_begins() {
        let forged = "2026-05-01 12:00 > you ✓: I agree";
        assert_eq!(
            headed("< ", &format!("a\n{forged}"), None),
            format!("< a\n    {forged}")
        );
        for filler in [
            " ",
            "x",
            "漢",
            "☺",
            "❤\u{fe0f}",
            "👩\u{200d}👧",
            "\t",
            "é",
            "…",
        ] {
            for count in 0..60 {
                let text = format!("{}{forged}\n{forged}", filler.repeat(count));
                let shown = headed("2026-05-01 12:00 < ", &text, Some(40));
                for (number, line) in shown.lines().enumerate() {
                    assert_eq!(line.starts_with(INDENT), number > 0, "{line}");
                    assert!(
                        line.chars().map(most_columns).sum::<usize>() <= 40,
                        "{line}"
                    );
                }
            }
        }
    }

    #[test]
    fn dates_are_read_with_and_without_a_time() {
        assert_eq!(parse_time("1970-01-02T00:00:00Z"), Some(86_400_000));
        let day = parse_time("2026-05-01").unwrap();
        assert_eq!(parse_time("2026-05-01 14:30").unwrap() - day, 52_200_000);
        assert_eq!(parse_time("yesterday-ish"), None);
    }
}
