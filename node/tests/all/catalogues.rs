//! What the sources say, and what the catalogues of `lang` make of it.

use std::collections::BTreeSet;
use std::path::Path;

use hedgerow_node::words::Language;
use proc_macro2::{TokenStream, TokenTree};
use rspolib::{POEntry, POFile, pofile};

/// A sentence as `tr!` has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    context: String,
    text: String,
    plural: Option<String>,
}

/// Adds what these tokens say.
fn collect(tokens: TokenStream, said: &mut BTreeSet<Said>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for at in 0..tokens.len() {
        match &tokens[at..] {
            [
                TokenTree::Ident(name),
                TokenTree::Punct(bang),
                TokenTree::Group(group),
                ..,
            ] if name == "tr" && bang.as_char() == '!' => {
                said.extend(sentence(group.stream()));
            }
            [TokenTree::Group(group), ..] => collect(group.stream(), said),
            _ => {}
        }
    }
}

/// The sentence that these arguments of `tr!` begin with; `None` for the macro's own definition.
fn sentence(arguments: TokenStream) -> Option<Said> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let text = |token: &TokenTree| match token {
        TokenTree::Literal(literal) => match syn::Lit::new(literal.clone()) {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    let is = |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.as_char() == sign);
    let first = text(tokens.first()?)?;
    Some(if is(1, '=') && is(2, '>') {
        Said {
            context: first,
            text: text(tokens.get(3)?)?,
            plural: None,
        }
    } else {
        let plural = if is(1, '|') {
            text(tokens.get(2)?)
        } else {
            None
        };
        Said {
            context: String::new(),
            text: first,
            plural,
        }
    })
}

/// All that the sources below a folder say, without their tests.
fn sources(folder: &Path, said: &mut BTreeSet<Said>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, said);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]\nmod").next().unwrap();
            collect(code.parse().expect("it compiles"), said);
        }
    }
}

fn all_said() -> BTreeSet<Said> {
    let mut said = BTreeSet::new();
    sources(Path::new("src"), &mut said);
    assert!(said.len() > 200, "this cannot be all: {}", said.len());
    said
}

/// Where a value goes in: `{name}`.
fn placeholders(text: &str) -> BTreeSet<&str> {
    let after = text.split('{').skip(1);
    after
        .filter_map(|after| after.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

/// What is typed, between backticks, which no language changes.
fn commands(text: &str) -> Vec<&str> {
    let mut typed: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    typed.sort_unstable();
    typed
}

/// What is wrong with how this entry says it.
fn fault(said: &Said, entry: &POEntry, forms: usize) -> Option<String> {
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
    let english = said.plural.as_ref().unwrap_or(&said.text);
    let differs = |text: &&&String| {
        placeholders(text) != placeholders(english) || commands(text) != commands(english)
    };
    let other = said_here.iter().find(differs)?;
    Some(format!("has other placeholders or commands: {other}"))
}

/// What is wrong with a catalogue for these sentences.
fn faults(all: &BTreeSet<Said>, catalogue: &POFile, forms: usize) -> Vec<String> {
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
            fault(&said, entry, forms)
        };
        faults.extend(fault.map(|fault| format!("“{}” {fault}", said.text)));
    }
    faults.extend(
        missing
            .iter()
            .map(|said| format!("“{}” is missing", said.text)),
    );
    faults
}

#[test]
fn every_language_says_all_that_the_program_says_and_nothing_else() {
    let all = all_said();
    let mut wrong = Vec::new();
    for language in &Language::ALL[1..] {
        let code = language.code();
        let path = format!("lang/{code}/LC_MESSAGES/hedgerow.po");
        let catalogue = pofile(path.as_str()).expect("a catalogue");
        assert_eq!(
            catalogue.metadata.get("Language").map(String::as_str),
            Some(code)
        );
        let forms = match language {
            Language::Latvian | Language::Romanian => 3,
            _ => 2,
        };
        let faults = faults(&all, &catalogue, forms);
        wrong.extend(faults.iter().map(|fault| format!("{code}: {fault}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_catalogue_is_of_a_language_that_can_be_chosen() {
    let catalogues: BTreeSet<String> = std::fs::read_dir("lang")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().display().to_string())
        .collect();
    let offered = Language::ALL[1..]
        .iter()
        .map(|language| language.code().to_owned());
    assert_eq!(catalogues, offered.collect());
}
