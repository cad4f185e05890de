//! How hard a passphrase is to guess: the one rule of the window and of the command line.

use zxcvbn::feedback::Warning;

use super::Passphrase;

/// The least strength, of 0 to 4, that a new passphrase needs: 2 is beyond ten million guesses, each of which costs a
/// second of hashing.
pub const LEAST: u8 = 2;

/// How hard a passphrase is to guess.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strength {
    /// 0 to 4.
    pub score: u8,
    /// What makes it easy to guess, if it is typed and not strong enough.
    pub weakness: Option<Weakness>,
}

/// What makes a passphrase easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weakness {
    TooShort,
    Common,
    OneWord,
    Name,
    Keyboard,
    Repeats,
    Sequence,
    Date,
}

impl Strength {
    /// Of a passphrase. `name`, which the user goes by, makes no good one.
    pub fn of(passphrase: &Passphrase, name: &str) -> Self {
        // A passphrase is made of a `String`.
        let text = std::str::from_utf8(passphrase.as_bytes()).unwrap_or_default();
        if text.is_empty() {
            return Self::default();
        }
        let entropy = zxcvbn::zxcvbn(text, &[name, "hedgerow"]);
        let score = u8::from(entropy.score());
        let warning = entropy.feedback().and_then(|feedback| feedback.warning());
        let weakness = (score < LEAST).then(|| weakness(warning));
        Self { score, weakness }
    }

    /// Whether a new passphrase may be like this.
    pub fn is_enough(self) -> bool {
        self.score >= LEAST
    }
}

fn weakness(warning: Option<Warning>) -> Weakness {
    match warning {
        None => Weakness::TooShort,
        Some(
            Warning::StraightRowsOfKeysAreEasyToGuess
            | Warning::ShortKeyboardPatternsAreEasyToGuess,
        ) => Weakness::Keyboard,
        Some(
            Warning::RepeatsLikeAaaAreEasyToGuess
            | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess,
        ) => Weakness::Repeats,
        Some(Warning::SequencesLikeAbcAreEasyToGuess) => Weakness::Sequence,
        Some(Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess) => {
            Weakness::Date
        }
        Some(Warning::AWordByItselfIsEasyToGuess) => Weakness::OneWord,
        Some(
            Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
            | Warning::CommonNamesAndSurnamesAreEasyToGuess,
        ) => Weakness::Name,
        Some(_) => Weakness::Common,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Strength {
        Strength::of(&Passphrase::new(text.into()), "Ana")
    }

    #[test]
    fn easy_passphrases_are_refused_with_what_makes_them_easy() {
        for (text, weakness) in [
            ("password", Weakness::Common),
            ("aaaaaaa", Weakness::Repeats),
            ("abcdefgh", Weakness::Sequence),
            ("x7", Weakness::TooShort),
        ] {
            let strength = of(text);
            assert_eq!(strength.weakness, Some(weakness), "{text}");
            assert!(!strength.is_enough(), "{text}");
        }
        assert_eq!(of(""), Strength::default());
    }

    #[test]
    fn a_few_words_are_enough() {
        let strength = of("quiet hedge under rain");
        assert!(strength.is_enough() && strength.weakness.is_none());
    }

    #[test]
    fn passphrases_of_any_length_and_letters_are_rated() {
        for text in ["\u{0}\u{202e}", &"ж".repeat(5_000), "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧"]
        {
            of(text);
        }
    }
}
