//! What the sources say, and what the catalogues of `lang` make of it.

use std::collections::BTreeSet;
use std::path::Path;

use hedgerow_node::words::Language;
use proc_macro2::{TokenStream, TokenTree};

use crate::support::catalogue::{self, Said};

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

/// What no language changes, in the order of the alphabet: where a value goes in, `{name}`, and what is typed, between
/// backticks.
fn kept(text: &str) -> Vec<&str> {
    let after = text.split('{').skip(1);
    let placeholders: BTreeSet<&str> = after
        .filter_map(|after| after.split_once('}'))
        .map(|(name, _)| name)
        .collect();
    let mut commands: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    commands.sort_unstable();
    placeholders.into_iter().chain(commands).collect()
}

#[test]
fn every_language_says_all_that_the_program_says_and_nothing_else() {
    let all = all_said();
    let mut wrong = Vec::new();
    for language in &Language::ALL[1..] {
        let code = language.code();
        let catalogue = catalogue::open(code, &format!("lang/{code}/LC_MESSAGES/hedgerow.po"));
        let faults = catalogue::faults(&all, &catalogue, kept);
        wrong.extend(faults.iter().map(|fault| format!("{code}: {fault}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_catalogue_is_of_a_language_that_can_be_chosen() {
    let offered = Language::ALL[1..].iter();
    let offered = offered.map(|language| language.code().to_owned());
    assert_eq!(catalogue::languages(), offered.collect());
}
