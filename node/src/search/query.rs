//! What is looked for, and where a text has it.

use std::ops::Range;

use super::marks::Mark;
use super::words::{Word, words};

/// The longest query that is read, in bytes.
pub const MAX_QUERY: usize = 256;
/// Most parts of a query; further ones are not looked at.
const MAX_PARTS: usize = 16;

/// Words that a text must have, all of them, in any order. The last may go on: it is still being typed. And what the
/// message must have beside words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    parts: Vec<Part>,
    mark: Option<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// A word.
    Word { folded: String, is_prefix: bool },
    /// Characters of scripts without spaces, in a row.
    Characters(Vec<String>),
}

impl Query {
    /// Reads a query for words; `None` if there is none in it, or it is longer than [`MAX_QUERY`].
    pub fn parse(text: &str) -> Option<Query> {
        let query = Query::read(text, None)?;
        (!query.parts.is_empty()).then_some(query)
    }

    /// Reads a query for messages that have this, and all words of the text; `None` if it is longer than [`MAX_QUERY`].
    pub fn marked(mark: Mark, text: &str) -> Option<Query> {
        Query::read(text, Some(mark))
    }

    fn read(text: &str, mark: Option<Mark>) -> Option<Query> {
        if text.len() > MAX_QUERY {
            return None;
        }
        let mut parts: Vec<Part> = Vec::new();
        for word in words(text) {
            let is_full = parts.len() == MAX_PARTS;
            match parts.last_mut() {
                Some(Part::Characters(row)) if word.is_joined => row.push(word.folded),
                _ if is_full => break,
                _ if word.is_character => parts.push(Part::Characters(vec![word.folded])),
                _ => parts.push(Part::Word {
                    folded: word.folded,
                    is_prefix: false,
                }),
            }
        }
        if let Some(Part::Word { is_prefix, .. }) = parts.last_mut() {
            *is_prefix = true;
        }
        Some(Query { parts, mark })
    }

    /// What a message must have beside words.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Whether a message that has these has what is looked for beside words.
    pub fn is_marked(&self, marks: &[Mark]) -> bool {
        self.mark.is_none_or(|mark| marks.contains(&mark))
    }

    /// The terms of the index that every text has which has the query, and which of them may go on.
    pub(super) fn terms(&self) -> Vec<(String, bool)> {
        let mark = self.mark.map(|mark| (mark.term().to_owned(), false));
        let mut terms = Vec::from_iter(mark);
        for part in &self.parts {
            match part {
                Part::Word { folded, is_prefix } => terms.push((folded.clone(), *is_prefix)),
                Part::Characters(row) if row.len() == 1 => terms.push((row[0].clone(), false)),
                Part::Characters(row) => {
                    let pairs = row.windows(2).map(|pair| (pair.concat(), false));
                    terms.extend(pairs);
                }
            }
        }
        terms
    }

    /// Whether a text has the query.
    pub fn has(&self, text: &str) -> bool {
        self.matches(text).is_some()
    }

    /// The bytes of a text that have the query, ascending; `None` if it does not have all of it.
    pub fn matches(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let words: Vec<Word> = words(text).collect();
        let mut found = Vec::new();
        for part in &self.parts {
            let before = found.len();
            match part {
                Part::Word { folded, is_prefix } => {
                    let fits = |word: &&Word| match is_prefix {
                        true => word.folded.starts_with(folded),
                        false => word.folded == *folded,
                    };
                    found.extend(words.iter().filter(fits).map(|word| word.range.clone()));
                }
                Part::Characters(row) => {
                    let fits = |window: &&[Word]| {
                        let pairs = window.iter().zip(row);
                        pairs.clone().all(|(word, folded)| word.folded == *folded)
                            && window[1..].iter().all(|word| word.is_joined)
                    };
                    let windows = words.windows(row.len()).filter(fits);
                    found.extend(
                        windows.map(|one| one[0].range.start..one[one.len() - 1].range.end),
                    );
                }
            }
            if found.len() == before {
                return None;
            }
        }
        Some(joined(found))
    }
}

/// Ranges in order, those that touch or overlap as one.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::words::terms;
    use super::*;

    fn marked(query: &str, text: &str) -> Option<String> {
        let ranges = Query::parse(query)?.matches(text)?;
        let mut marked = text.to_owned();
        for range in ranges.into_iter().rev() {
            marked.insert(range.end, ']');
            marked.insert(range.start, '[');
        }
        Some(marked)
    }

    #[test]
    fn all_words_must_be_there_and_the_last_may_go_on() {
        let text = "The hall opens at noon";
        assert_eq!(
            marked("hall op", text).as_deref(),
            Some("The [hall] [opens] at noon")
        );
        assert_eq!(
            marked("NOON the", text).as_deref(),
            Some("[The] hall opens at [noon]")
        );
        assert_eq!(marked("hal opens", text), None);
        assert_eq!(marked("hall shut", text), None);
        assert_eq!(marked("…", text), None);
    }

    #[test]
    fn characters_in_a_row_must_follow_each_other() {
        assert_eq!(marked("京都", "東京都に").as_deref(), Some("東[京都]に"));
        assert_eq!(marked("東都", "東京都に"), None);
        assert_eq!(
            marked("東", "東京都に東").as_deref(),
            Some("[東]京都に[東]")
        );
        assert_eq!(
            marked("東京都 に", "東京都に").as_deref(),
            Some("[東京都に]")
        );
    }

    #[test]
    fn a_query_is_bounded() {
        assert_eq!(Query::parse(&"a".repeat(MAX_QUERY + 1)), None);
        let many = Query::parse(&"a ".repeat(MAX_QUERY / 2)).unwrap();
        assert_eq!(many.terms().len(), MAX_PARTS);
    }

    proptest! {
        #[test]
        fn a_text_that_has_the_query_has_its_terms(
            text in "[abAé东京ก ]{0,12}", query in "[abAé东京ก ]{0,4}",
        ) {
            let Some(query) = Query::parse(&query) else { return Ok(()) };
            let mut all = BTreeSet::new();
            terms(&text, |term| { all.insert(term.to_owned()); });
            if query.matches(&text).is_some() {
                for (term, is_prefix) in query.terms() {
                    let has = all.iter().any(|one| match is_prefix {
                        true => one.starts_with(&term),
                        false => *one == term,
                    });
                    prop_assert!(has, "{term}");
                }
            }
        }

        #[test]
        fn any_query_marks_whole_characters(text in "\\PC{0,60}", query in "\\PC{0,6}") {
            for range in Query::parse(&query).and_then(|it| it.matches(&text)).unwrap_or_default() {
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
