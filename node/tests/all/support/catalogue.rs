//! What is wrong with a gettext catalogue for the sentences that a program says.

use std::collections::BTreeSet;
use std::path::Path;

use rspolib::{POEntry, POFile, pofile};

/// A sentence, as it is looked up in a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// What tells equal texts apart: in the window the component that says it, if nothing else.
    pub context: String,
    pub text: String,
    pub plural: Option<String>,
}

/// The catalogue of a language.
pub fn open(language: &str, path: &str) -> POFile {
    let catalogue = pofile(path).expect("a catalogue");
    let of = catalogue.metadata.get("Language").map(String::as_str);
    assert_eq!(of, Some(language), "{path}");
    catalogue
}

/// The languages that have a folder in `lang`.
pub fn languages() -> BTreeSet<String> {
    std::fs::read_dir(Path::new("lang"))
        .expect("a folder")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().expect("named").display().to_string())
        .collect()
}

/// How many forms a count has in the language of this catalogue.
fn forms(catalogue: &POFile) -> usize {
    let rule = catalogue.metadata.get("Plural-Forms").expect("a rule");
    let count = rule.trim().strip_prefix("nplurals=").expect("a count");
    let count = count.split(';').next().expect("a count");
    count.trim().parse().expect("a number")
}

/// What is wrong with a catalogue for `all` that is said. `keeps` gives what no language may change in a text: its
/// placeholders, for example.
pub fn faults(
    all: &BTreeSet<Said>,
    catalogue: &POFile,
    keeps: impl Fn(&str) -> Vec<&str>,
) -> Vec<String> {
    let forms = forms(catalogue);
    let mut missing = all.clone();
    let mut faults = Vec::new();
    for entry in &catalogue.entries {
        let said = Said {
            context: entry.msgctxt.clone().unwrap_or_default(),
            text: entry.msgid.clone(),
            plural: entry.msgid_plural.clone(),
        };
        let fault = if entry.obsolete || !all.contains(&said) {
            Some("is said nowhere".into())
        } else if !missing.remove(&said) {
            Some("is there twice".into())
        } else {
            fault(&said, entry, forms, &keeps)
        };
        faults.extend(fault.map(|fault| format!("{}: “{}” {fault}", said.context, said.text)));
    }
    let missing = missing.iter();
    faults.extend(missing.map(|said| format!("{}: “{}” is missing", said.context, said.text)));
    faults
}

/// What is wrong with how this entry says it.
fn fault(
    said: &Said,
    entry: &POEntry,
    forms: usize,
    keeps: impl Fn(&str) -> Vec<&str>,
) -> Option<String> {
    let said_here: Vec<&String> = match said.plural {
        Some(_) => entry.msgstr_plural.iter().collect(),
        None => entry.msgstr.iter().collect(),
    };
    if entry.fuzzy() {
        return Some("is fuzzy".into());
    }
    if said_here.is_empty() || said_here.iter().any(|text| text.trim().is_empty()) {
        return Some("is empty".into());
    }
    if said.plural.is_some() && said_here.len() != forms {
        return Some(format!("has {} forms, not {forms}", said_here.len()));
    }
    let wanted = keeps(said.plural.as_ref().unwrap_or(&said.text));
    let other = said_here.iter().find(|text| keeps(text) != wanted)?;
    Some(format!("does not have {wanted:?}: {other}"))
}
