//! One term for one thing: each language's catalogues against its glossary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hedgerow_node::words::Language;
use rspolib::{POEntry, POFile, pofile};
use serde::Deserialize;
use unicode_segmentation::UnicodeSegmentation;

/// Terms that a glossary has at least.
const TERMS: usize = 40;

/// A term of a glossary, by its English word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    /// As a dictionary has it.
    term: String,
    /// What a translation has one of, in lower case.
    stems: Vec<String>,
    /// What no translation has.
    #[serde(default)]
    never: Vec<String>,
    /// English texts that this language says otherwise.
    #[serde(default)]
    except: BTreeSet<String>,
}

type Glossary = BTreeMap<String, Term>;

fn read(language: &str) -> Glossary {
    let path = Path::new("lang").join(language).join("glossary.toml");
    let text = std::fs::read_to_string(path).expect("a glossary");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{language}: {error}"))
}

/// In lower case, without the vowel signs and the long strokes of Arabic and Hebrew.
fn plain(text: &str) -> String {
    let is_sign = |c: &char| matches!(c, '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{591}'..='\u{5c7}');
    text.to_lowercase()
        .chars()
        .filter(|c| !is_sign(c))
        .collect()
}

/// An English text without what no language changes: where a value goes in, and what is typed.
fn sentence(text: &str) -> String {
    let outside = text.split(['{', '}']).step_by(2).collect::<String>();
    let spoken: String = outside.split('`').step_by(2).collect();
    let is_typed = |word: &str| word.starts_with("--") || word.to_uppercase() == word;
    let words = spoken
        .split(' ')
        .filter(|word| !is_typed(word.trim_matches(['(', ')', '.', ','])));
    let words: Vec<&str> = words.collect();
    words.join(" ").to_lowercase()
}

/// Whether an English text has this term, as words of their own, one or several of it.
fn has(text: &str, term: &str) -> bool {
    let text = sentence(text);
    let words: Vec<&str> = text.unicode_words().collect();
    let term: Vec<&str> = term.split(' ').collect();
    words.windows(term.len()).any(|words| {
        let (last, before) = words.split_last().expect("a term has words");
        let (last_of_term, before_of_term) = term.split_last().expect("a term has words");
        before == before_of_term
            && last
                .strip_prefix(last_of_term)
                .is_some_and(|end| matches!(end, "" | "s" | "es"))
    })
}

fn fault(term: &Term, entry: &POEntry) -> Option<String> {
    let forms = entry.msgstr.iter().chain(&entry.msgstr_plural);
    let said = plain(&forms.map(String::as_str).collect::<Vec<_>>().join("\n"));
    let stem = |stem: &&String| said.contains(&plain(stem));
    if let Some(never) = term.never.iter().find(stem) {
        return Some(format!("says “{never}” instead of “{}”", term.term));
    }
    let is_said = term.stems.iter().any(|it| stem(&it)) || term.except.contains(&entry.msgid);
    (!is_said).then(|| format!("does not say “{}”", term.term))
}

fn faults(glossary: &Glossary, catalogue: &POFile) -> Vec<String> {
    let mut faults = Vec::new();
    for (english, term) in glossary {
        for entry in catalogue
            .entries
            .iter()
            .filter(|entry| has(&entry.msgid, english))
        {
            faults.extend(fault(term, entry).map(|fault| format!("“{}” {fault}", entry.msgid)));
        }
    }
    faults
}

#[test]
fn each_language_has_one_term_for_one_thing() {
    let english: BTreeSet<String> = read("sv").into_keys().collect();
    assert!(english.len() >= TERMS, "{}", english.len());
    let mut wrong = Vec::new();
    for language in &Language::ALL[1..] {
        let code = language.code();
        let glossary = read(code);
        let its: BTreeSet<String> = glossary.keys().cloned().collect();
        let differ = its.symmetric_difference(&english);
        wrong.extend(differ.map(|term| format!("{code}: the glossaries differ in “{term}”")));
        for path in [
            format!("lang/{code}/LC_MESSAGES/hedgerow-gui.po"),
            format!("../node/lang/{code}/LC_MESSAGES/hedgerow.po"),
        ] {
            let catalogue = pofile(path.as_str()).expect("a catalogue");
            let faults = faults(&glossary, &catalogue);
            wrong.extend(faults.iter().map(|fault| format!("{code}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn another_term_is_found() {
    let glossary = r#"
        ["safety words"]
        term = "säkerhetsord"
        stems = ["säkerhetsord"]
        never = ["kontrollord"]
        except = ["The words"]
        [word]
        term = "ord"
        stems = ["ord"]
    "#;
    let glossary: Glossary = toml::from_str(glossary).expect("a glossary");
    let of = |english: &str, swedish: &str| {
        let entry =
            format!("msgid \"\"\nmsgstr \"\"\n\nmsgid \"{english}\"\nmsgstr \"{swedish}\"\n");
        faults(&glossary, &pofile(entry.as_str()).expect("a catalogue"))
    };
    assert_eq!(of("Compare safety words", "Jämför Säkerhetsorden"), [""; 0]);
    assert_eq!(of("A wording", "En formulering"), [""; 0]);
    assert_eq!(
        of(
            "Type {word}, `words` or --word WORD",
            "Skriv {word}, `words` eller --word WORD"
        ),
        [""; 0]
    );
    assert_eq!(
        of("Compare safety words", "Jämför kontrollorden"),
        ["“Compare safety words” says “kontrollord” instead of “säkerhetsord”"]
    );
    assert_eq!(
        of("Two words", "Två termer"),
        ["“Two words” does not say “ord”"]
    );
}
