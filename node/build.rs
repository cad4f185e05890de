//! Turns the gettext catalogues of `lang` into tables that the program looks sentences up in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=lang");
    if std::env::var_os("CARGO_FEATURE_RUNTIME").is_none() {
        return;
    }
    let mut languages: Vec<PathBuf> = std::fs::read_dir("lang")
        .expect("the catalogues are beside this file")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    languages.sort();
    let mut tables = String::new();
    for language in languages {
        let code = language.file_name().and_then(|name| name.to_str());
        let code = code.expect("a code of letters").to_owned();
        let sentences = sentences(&language.join("LC_MESSAGES/hedgerow.po"));
        write!(tables, "({code:?}, &{sentences:?}),").expect("strings take all");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo says where"));
    std::fs::write(out.join("catalogues.rs"), format!("&[{tables}]")).expect("there is room");
}

/// What is said, by context and English text, in the order of a search by halves.
fn sentences(path: &Path) -> Vec<(String, Forms)> {
    let path = path.to_str().expect("a path in UTF-8");
    let catalogue = rspolib::pofile(path).expect("a catalogue");
    let mut sentences: Vec<_> = catalogue
        .entries
        .into_iter()
        .map(|entry| {
            let context = entry.msgctxt.unwrap_or_default();
            let mut forms = entry.msgstr_plural;
            forms.extend(entry.msgstr);
            (format!("{context}\u{4}{}", entry.msgid), Forms(forms))
        })
        .collect();
    sentences.sort_by(|one, other| one.0.cmp(&other.0));
    sentences
}

/// One form, or one for each kind of count; written as a slice.
struct Forms(Vec<String>);

impl std::fmt::Debug for Forms {
    fn fmt(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(to, "&{:?}", self.0)
    }
}
