//! A new passphrase while the user types it.

use hedgerow_node::api::Passphrase;
use hedgerow_node::api::strength::{LEAST, Strength, Weakness};

/// What is missing for a first start, or for another passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A name of a possible length.
    Name,
    /// A passphrase that is hard enough to guess.
    Strength,
    /// The same passphrase a second time.
    Same,
}

/// A new passphrase that the user types twice.
#[derive(Debug, Clone)]
pub struct NewPassphrase {
    /// Its strength, 0 to 4.
    pub strength: u8,
    /// What makes it easy to guess, if it is not strong enough.
    pub weakness: Option<Weakness>,
    /// Whether anything is typed.
    pub is_typed: bool,
    /// Whether the second text is typed and differs from the first.
    pub differs: bool,
    first: Passphrase,
    second: Passphrase,
}

impl Default for NewPassphrase {
    fn default() -> Self {
        let nothing = Passphrase::new(String::new());
        Self {
            strength: 0,
            weakness: None,
            is_typed: false,
            differs: false,
            first: nothing.clone(),
            second: nothing,
        }
    }
}

impl NewPassphrase {
    /// Whether it is strong enough, and both texts are the same.
    pub fn may_go_on(&self) -> bool {
        self.lack().is_none()
    }

    /// The first thing that is missing.
    pub(crate) fn lack(&self) -> Option<Lack> {
        if self.strength < LEAST {
            Some(Lack::Strength)
        } else if self.first.as_bytes() != self.second.as_bytes() {
            Some(Lack::Same)
        } else {
            None
        }
    }

    /// Takes the first text. `name` counts as easy to guess.
    pub(crate) fn type_first(&mut self, text: Passphrase, name: &str) {
        let strength = Strength::of(&text, name);
        (self.strength, self.weakness) = (strength.score, strength.weakness);
        self.is_typed = !text.is_empty();
        self.first = text;
        self.compare();
    }

    /// Takes the second text.
    pub(crate) fn type_second(&mut self, text: Passphrase) {
        self.second = text;
        self.compare();
    }

    /// The passphrase.
    pub(crate) fn chosen(&self) -> Passphrase {
        self.first.clone()
    }

    fn compare(&mut self) {
        self.differs = !self.second.is_empty() && self.first.as_bytes() != self.second.as_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> NewPassphrase {
        let mut passphrase = NewPassphrase::default();
        passphrase.type_first(Passphrase::new(text.into()), "Ana");
        passphrase.type_second(Passphrase::new(text.into()));
        passphrase
    }

    #[test]
    fn an_easy_passphrase_is_refused_with_what_makes_it_easy() {
        let easy = typed("password");
        assert!(easy.weakness.is_some() && !easy.may_go_on());
        assert!(!typed("").may_go_on());
    }

    #[test]
    fn a_few_words_are_enough_once_both_are_the_same() {
        let mut passphrase = typed("quiet hedge under rain");
        assert!(passphrase.may_go_on());
        assert_eq!((passphrase.weakness, passphrase.differs), (None, false));
        passphrase.type_second(Passphrase::new("quiet hedge".into()));
        assert!(passphrase.differs && !passphrase.may_go_on());
    }
}
