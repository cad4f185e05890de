//! Something to be said, before it is said in a language.

use std::fmt;

use super::{Language, catalogue, isolated};

/// Something to be said, in no language yet. It shows itself in English.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phrase(Vec<Part>);

/// The digits of counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Digits {
    OfLanguage,
    Latin,
}

impl Digits {
    fn number(self, number: u64, language: Language) -> String {
        match self {
            Digits::OfLanguage => language.number(number),
            Digits::Latin => number.to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// The same in every language: names, what is typed.
    Verbatim(String),
    Number(u64),
    Sentence(Sentence),
}

/// A sentence of the catalogues, with what goes in where it says `{name}`. [`tr!`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// Tells equal English texts apart that other languages say differently; empty if there is no need.
    pub context: &'static str,
    /// In English, for one if it counts.
    pub text: &'static str,
    /// In English for more than one, and the count, which goes in where it says `{n}`.
    pub counted: Option<(&'static str, u64)>,
    /// What goes in.
    pub arguments: Vec<(&'static str, Phrase)>,
}

/// A sentence as a [`Phrase`]: `tr!("Nothing here.")`, `tr!("From {name}.", name = name)`,
/// `tr!("a state" => "On")` with a context, and `tr!("{n} byte" | "{n} bytes" % count)`. The texts are literals, so that
/// a test can compare the sources with the catalogues.
macro_rules! tr {
    (@ $context:literal, $text:literal, $counted:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::words::Phrase::from($crate::words::Sentence {
            context: $context,
            text: $text,
            counted: $counted,
            arguments: vec![$((stringify!($name), $crate::words::Phrase::from($value))),*],
        })
    };
    ($one:literal | $more:literal % $count:expr $(, $($arguments:tt)*)?) => {
        $crate::words::tr!(@ "", $one, Some(($more, u64::from($count))) $(, $($arguments)*)?)
    };
    ($context:literal => $text:literal $(, $($arguments:tt)*)?) => {
        $crate::words::tr!(@ $context, $text, None $(, $($arguments)*)?)
    };
    ($text:literal $(, $($arguments:tt)*)?) => {
        $crate::words::tr!(@ "", $text, None $(, $($arguments)*)?)
    };
}
pub(crate) use tr;

impl Phrase {
    /// This, and another after it: `separator` stands between.
    pub fn then(mut self, separator: &str, next: impl Into<Self>) -> Self {
        self.0.push(Part::Verbatim(separator.to_owned()));
        self.0.extend(next.into().0);
        self
    }

    /// One after the other, with `separator` between.
    pub fn joined(separator: &str, phrases: impl IntoIterator<Item = Self>) -> Self {
        let mut phrases = phrases.into_iter();
        let first = phrases.next().unwrap_or_default();
        phrases.fold(first, |joined, next| joined.then(separator, next))
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is the same in every language.
    pub(crate) fn is_verbatim(&self) -> bool {
        let mut parts = self.0.iter();
        parts.all(|part| matches!(part, Part::Verbatim(_)))
    }

    /// As a part of a sentence of this language.
    fn inside(&self, language: Language, digits: Digits) -> String {
        let said = self.said(language, digits);
        match self.is_verbatim() {
            true => isolated(&said, language.is_right_to_left()).into_owned(),
            false => said,
        }
    }

    pub(super) fn said(&self, language: Language, digits: Digits) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Verbatim(text) => text.clone(),
            Part::Number(number) => digits.number(*number, language),
            Part::Sentence(sentence) => sentence.said(language, digits),
        });
        parts.collect()
    }
}

impl Sentence {
    fn said(&self, language: Language, digits: Digits) -> String {
        let count = self.counted.map(|(_, count)| count);
        let english = match self.counted {
            Some((more, count)) if count != 1 => more,
            _ => self.text,
        };
        let template = catalogue::find(language, self.context, self.text, count);
        let mut said = String::new();
        let mut rest = template.unwrap_or(english);
        while let Some((before, (name, after))) = rest
            .split_once('{')
            .and_then(|(before, inside)| Some((before, inside.split_once('}')?)))
        {
            said.push_str(before);
            match (name, count) {
                ("n", Some(count)) => said.push_str(&digits.number(count, language)),
                _ => {
                    let argument = self.arguments.iter().find(|(of, _)| *of == name);
                    said.extend(argument.map(|(_, value)| value.inside(language, digits)));
                }
            }
            rest = after;
        }
        said + rest
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str(&self.said(Language::English, Digits::OfLanguage))
    }
}

impl From<Sentence> for Phrase {
    fn from(sentence: Sentence) -> Self {
        Self(vec![Part::Sentence(sentence)])
    }
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Self(vec![Part::Verbatim(text)])
    }
}

impl From<&str> for Phrase {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<u64> for Phrase {
    fn from(number: u64) -> Self {
        Self(vec![Part::Number(number)])
    }
}

impl From<u32> for Phrase {
    fn from(number: u32) -> Self {
        Self::from(u64::from(number))
    }
}

impl From<std::path::Display<'_>> for Phrase {
    fn from(path: std::path::Display) -> Self {
        Self::from(path.to_string())
    }
}

impl From<&std::io::Error> for Phrase {
    fn from(error: &std::io::Error) -> Self {
        // The number of the system's error tells a reader nothing more.
        let reason = error.to_string();
        Self::from(reason.split(" (os error").next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_is_never_taken_for_a_sentence() {
        let phrase = tr!("From {name}.", name = "{name} {n} {", other = "unused");
        assert_eq!(phrase.to_string(), "From {name} {n} {.");
        let phrase = Phrase::from("{n}").then(": ", tr!("{a}{b}", a = "1", b = tr!("c")));
        assert_eq!(phrase.to_string(), "{n}: 1c");
    }

    #[test]
    fn a_name_that_runs_the_other_way_is_isolated_in_a_sentence() {
        let from = |name: &str| tr!("From {name}.", name = name);
        assert_eq!(from("Ben").to_string(), "From Ben.");
        assert_eq!(from("دانا").to_string(), "From \u{2068}دانا\u{2069}.");
        let hebrew = Language::Hebrew.say(&from("Ben"));
        assert_eq!(hebrew, "From \u{2068}Ben\u{2069}.");
        // A sentence within one is of the same language.
        let within = tr!("{a}{b}", a = "1", b = from("Ben"));
        assert_eq!(within.to_string(), "1From Ben.");
    }

    #[test]
    fn a_terminal_has_one_kind_of_digits() {
        let phrase = tr!("{n} byte" | "{n} bytes" % 2_953_u64);
        assert!(Language::Persian.say(&phrase).contains("۲۹۵۳"));
        assert!(Language::Persian.print(&phrase).contains("2953"));
    }

    #[test]
    fn a_count_takes_its_form() {
        let said = |count: u64| {
            tr!(
                "{n} byte for {name}" | "{n} bytes for {name}" % count,
                name = "Ben"
            )
            .to_string()
        };
        assert_eq!(said(1), "1 byte for Ben");
        assert_eq!(said(0), "0 bytes for Ben");
    }
}
