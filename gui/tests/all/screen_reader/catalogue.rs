//! What is said, in the language of the test.

use rspolib::{POFile, pofile};

/// The catalogues of a language; none for the one that everything is written in.
pub struct Catalogue(Option<Both>);

struct Both {
    window: POFile,
    /// What the window says as the command line does.
    node: POFile,
}

impl Catalogue {
    pub fn of(language: &str) -> Self {
        let read = |folder: &str, name: &str| {
            let path = format!("{folder}/{language}/LC_MESSAGES/{name}.po");
            pofile(path.as_str()).expect("a catalogue")
        };
        Self((language != "en").then(|| Both {
            window: read("lang", "hedgerow-gui"),
            node: read("../node/lang", "hedgerow"),
        }))
    }

    /// What a component of the window says for this English text.
    pub fn text(&self, component: &str, english: &str) -> String {
        let window = self.0.as_ref().map(|both| &both.window);
        translated(window, Some(component), english)
    }

    /// The same, with a value in its place.
    pub fn filled(&self, component: &str, english: &str, value: &str) -> String {
        self.text(component, english).replace("{}", value)
    }

    /// What the node has words for.
    pub fn node(&self, english: &str) -> String {
        translated(self.0.as_ref().map(|both| &both.node), None, english)
    }
}

fn translated(catalogue: Option<&POFile>, context: Option<&str>, english: &str) -> String {
    let Some(catalogue) = catalogue else {
        return english.into();
    };
    let mut entries = catalogue.entries.iter();
    let entry = entries
        .find(|entry| entry.msgid == english && entry.msgctxt.as_deref() == context)
        .unwrap_or_else(|| panic!("{context:?} does not say {english:?}"));
    entry.msgstr.clone().expect("it is translated")
}
