//! The languages of the program.

use icu_locale_core::{Locale, locale};

use super::Phrase;
use super::phrase::Digits;

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// The one that the program is written in.
    #[default]
    English,
    #[expect(missing_docs, reason = "its name says it")]
    Arabic,
    #[expect(missing_docs, reason = "its name says it")]
    Bulgarian,
    #[expect(missing_docs, reason = "its name says it")]
    Danish,
    #[expect(missing_docs, reason = "its name says it")]
    Spanish,
    #[expect(missing_docs, reason = "its name says it")]
    Persian,
    #[expect(missing_docs, reason = "its name says it")]
    French,
    #[expect(missing_docs, reason = "its name says it")]
    Hebrew,
    #[expect(missing_docs, reason = "its name says it")]
    Latvian,
    #[expect(missing_docs, reason = "its name says it")]
    Romanian,
    #[expect(missing_docs, reason = "its name says it")]
    Swedish,
    #[expect(missing_docs, reason = "its name says it")]
    Ukrainian,
}

impl Language {
    /// All, English first, then by code.
    pub const ALL: [Self; 12] = [
        Self::English,
        Self::Arabic,
        Self::Bulgarian,
        Self::Danish,
        Self::Spanish,
        Self::Persian,
        Self::French,
        Self::Hebrew,
        Self::Latvian,
        Self::Romanian,
        Self::Swedish,
        Self::Ukrainian,
    ];

    /// Its code (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Arabic => "ar",
            Self::Bulgarian => "bg",
            Self::Danish => "da",
            Self::Spanish => "es",
            Self::Persian => "fa",
            Self::French => "fr",
            Self::Hebrew => "he",
            Self::Latvian => "lv",
            Self::Romanian => "ro",
            Self::Swedish => "sv",
            Self::Ukrainian => "uk",
        }
    }

    /// What those who speak it call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Arabic => "العربية",
            Self::Bulgarian => "Български",
            Self::Danish => "Dansk",
            Self::Spanish => "Español",
            Self::Persian => "فارسی",
            Self::French => "Français",
            Self::Hebrew => "עברית",
            Self::Latvian => "Latviešu",
            Self::Romanian => "Română",
            Self::Swedish => "Svenska",
            Self::Ukrainian => "Українська",
        }
    }

    /// Whether it is written from right to left.
    pub fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic | Self::Hebrew | Self::Persian)
    }

    /// The language of a locale like `sv`, `sv-SE`, `sv_SE.UTF-8` or `C`; `None` if the program does not speak it.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let end = locale.find(['-', '_', '.', '@']).unwrap_or(locale.len());
        match &locale[..end] {
            "C" | "POSIX" => Some(Self::English),
            // The former code of Hebrew, which Java and old systems still give.
            "iw" => Some(Self::Hebrew),
            code => Self::ALL.into_iter().find(|known| known.code() == code),
        }
    }

    /// The language of the system's user: the first of those that it names (on Unix in `LANGUAGE`, `LC_ALL`,
    /// `LC_MESSAGES` and `LANG`) that the program speaks, or else English.
    pub fn of_system() -> Self {
        let mut locales = sys_locale::get_locales();
        let known = locales.find_map(|locale| Self::of_locale(&locale));
        known.unwrap_or_default()
    }

    /// A phrase in this language.
    pub fn say(self, phrase: &Phrase) -> String {
        phrase.said(self, Digits::OfLanguage)
    }

    /// A phrase in this language for a terminal: with the digits of the dates, addresses and names that stand there, and
    /// are typed.
    pub fn print(self, phrase: &Phrase) -> String {
        phrase.said(self, Digits::Latin)
    }

    /// By which the CLDR knows it: for plurals, numbers and dates.
    pub fn locale(self) -> Locale {
        match self {
            // Day before month, and 24 hours.
            Self::English => locale!("en-GB"),
            Self::Arabic => locale!("ar"),
            Self::Bulgarian => locale!("bg"),
            Self::Danish => locale!("da"),
            Self::Spanish => locale!("es"),
            Self::Persian => locale!("fa"),
            Self::French => locale!("fr"),
            Self::Hebrew => locale!("he"),
            Self::Latvian => locale!("lv"),
            Self::Romanian => locale!("ro"),
            Self::Swedish => locale!("sv"),
            Self::Ukrainian => locale!("uk"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_the_language_of_its_user() {
        for (locale, language) in [
            ("sv", Some(Language::Swedish)),
            ("bg-BG", Some(Language::Bulgarian)),
            ("da_DK.UTF-8", Some(Language::Danish)),
            ("ro_RO@euro", Some(Language::Romanian)),
            ("lv.UTF-8", Some(Language::Latvian)),
            ("ar_EG.UTF-8", Some(Language::Arabic)),
            ("fa-IR", Some(Language::Persian)),
            ("he_IL", Some(Language::Hebrew)),
            ("iw_IL", Some(Language::Hebrew)),
            ("uk_UA", Some(Language::Ukrainian)),
            ("fr-CA", Some(Language::French)),
            ("es_419", Some(Language::Spanish)),
            ("en-GB", Some(Language::English)),
            ("C", Some(Language::English)),
            ("C.UTF-8", Some(Language::English)),
            ("POSIX", Some(Language::English)),
            ("de-DE", None),
            ("swg", None),
            ("", None),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
