//! Looks sentences up in the catalogues.

use icu_plurals::{PluralCategory, PluralRules};

use super::Language;

/// A sentence by its context and its English text, with its forms for counts, if it has several.
type Entry = (&'static str, &'static [&'static str]);

/// Each language but English, by its code. `build.rs` makes them from `lang`.
static CATALOGUES: &[(&str, &[Entry])] = include!(concat!(env!("OUT_DIR"), "/catalogues.rs"));

/// What a sentence of this context is in a language, for this count if it has one. `None`: it is said in English.
pub(super) fn find(
    language: Language,
    context: &str,
    text: &str,
    count: Option<u64>,
) -> Option<&'static str> {
    let code = language.code();
    let (_, entries) = CATALOGUES.iter().find(|(of, _)| *of == code)?;
    let key = format!("{context}\u{4}{text}");
    let at = entries.binary_search_by(|(entry, _)| (*entry).cmp(&key));
    let (_, forms) = entries[at.ok()?];
    let form = count.map_or(0, |count| form(language, count));
    // A form that only millions take (French, Spanish) may be missing from a catalogue: the last one stands for it.
    let said = forms.get(form).or(forms.last()).copied()?;
    (!said.is_empty()).then_some(said)
}

/// Which form of a counted sentence this count has: catalogues have one for each of the language's categories, in the
/// order of the CLDR.
fn form(language: Language, count: u64) -> usize {
    let rules = PluralRules::try_new_cardinal(language.locale().into());
    let rules = rules.expect("the rules of all languages are compiled in");
    let wanted = rules.category_for(count);
    let before = |category: &PluralCategory| *category < wanted;
    rules.categories().filter(before).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_take_the_form_of_their_language() {
        for (language, forms) in [
            (Language::Arabic, [(0, 0), (1, 1), (2, 2), (5, 3), (11, 4)]),
            (
                Language::Bulgarian,
                [(0, 1), (1, 0), (2, 1), (21, 1), (101, 1)],
            ),
            (
                Language::Danish,
                [(0, 1), (1, 0), (2, 1), (21, 1), (101, 1)],
            ),
            (
                Language::Spanish,
                [(0, 2), (1, 0), (2, 2), (21, 2), (1_000_000, 1)],
            ),
            (
                Language::Persian,
                [(0, 0), (1, 0), (2, 1), (21, 1), (101, 1)],
            ),
            (
                Language::French,
                [(0, 0), (1, 0), (2, 2), (21, 2), (1_000_000, 1)],
            ),
            (
                Language::Hebrew,
                [(0, 2), (1, 0), (2, 1), (10, 2), (101, 2)],
            ),
            (
                Language::Latvian,
                [(0, 0), (1, 1), (2, 2), (11, 0), (21, 1)],
            ),
            (
                Language::Romanian,
                [(0, 1), (1, 0), (2, 1), (20, 2), (101, 1)],
            ),
            (
                Language::Swedish,
                [(0, 1), (1, 0), (2, 1), (21, 1), (101, 1)],
            ),
            (
                Language::Ukrainian,
                [(0, 2), (1, 0), (2, 1), (11, 2), (21, 0)],
            ),
        ] {
            for (count, expected) in forms {
                assert_eq!(form(language, count), expected, "{language:?} {count}");
            }
        }
    }
}
