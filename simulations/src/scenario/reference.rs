//! The reference of scenario files, made from the types that read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::Schema;
use serde_json::{Map, Value};

use super::Scenario;

/// As a JSON Schema, for editors.
#[must_use]
pub fn schema() -> Schema {
    schemars::schema_for!(Scenario)
}

/// As Markdown, for reading.
#[must_use]
pub fn markdown() -> String {
    let schema = schema().to_value();
    let mut reference = Reference {
        types: &schema["$defs"],
        titles: BTreeMap::new(),
        order: Vec::new(),
        text: HEAD.to_owned(),
    };
    reference.keys(&schema);
    let mut done = 0;
    while let Some(name) = reference.order.get(done).cloned() {
        reference.section(&name);
        done += 1;
    }
    reference.text
}

const HEAD: &str = "\
# Scenario files

What may stand in a scenario, for `hedgerow-sim run`. This page is what `hedgerow-sim schema` prints;
`hedgerow-sim schema --json` prints the same for editors, as JSON Schema.

A scenario is a TOML file. A key that is not named here is an error that names its line. Keys whose names
end in `-s` are in seconds, `-m` in metres, `-m-s` in metres a second, `-w` in watts, `-j` in joules. Paths
of files are relative to the scenario. Where there is a choice of several, it is written as the choice's
name, followed by its own keys if it has some: `acquaintance = \"complete\"`,
`acquaintance.random = { mean = 5 }`.

";

/// A reference that is being written.
struct Reference<'a> {
    /// Types by their names in the schema.
    types: &'a Value,
    /// What the sections of types are called.
    titles: BTreeMap<String, String>,
    /// Types in the order in which they are first named.
    order: Vec<String>,
    text: String,
}

impl Reference<'_> {
    /// The section of one type.
    fn section(&mut self, name: &str) {
        let of = &self.types[name];
        let title = self.titles[name].clone();
        let _ = write!(self.text, "\n## {title}\n\n");
        if let Some(choices) = of["oneOf"].as_array() {
            let _ = write!(self.text, "{}\n\n", paragraph(of));
            self.text
                .push_str("| choice | what | its keys |\n| --- | --- | --- |\n");
            for choice in choices {
                self.choice(choice);
            }
            for choice in choices {
                self.keys_within(choice);
            }
        } else {
            self.keys(of);
        }
    }

    /// A description and a table of the keys of a type.
    fn keys(&mut self, of: &Value) {
        let about = paragraph(of);
        if !about.is_empty() {
            let _ = write!(self.text, "{about}\n\n");
        }
        self.table(of);
    }

    fn table(&mut self, of: &Value) {
        let Some(keys) = of["properties"].as_object().filter(|keys| !keys.is_empty()) else {
            self.text.push_str("It has no keys: it is written `{}`.\n");
            return;
        };
        let needed: Vec<&str> = list(&of["required"]).filter_map(Value::as_str).collect();
        self.text
            .push_str("| key | value | if absent | what |\n| --- | --- | --- | --- |\n");
        let (must, may): (Vec<_>, Vec<_>) = keys
            .iter()
            .partition(|(key, _)| needed.contains(&key.as_str()));
        for (key, value) in must.into_iter().chain(may) {
            let absent = match needed.contains(&key.as_str()) {
                true => "must be given".to_owned(),
                false => default(&value["default"]),
            };
            let kind = self.kind(value);
            let about = line(value);
            let _ = writeln!(self.text, "| `{key}` | {kind} | {absent} | {about} |");
        }
    }

    /// One line of a table of choices.
    fn choice(&mut self, choice: &Value) {
        let about = line(choice);
        let mut row = |name: &str, keys: &str| {
            let _ = writeln!(self.text, "| `{name}` | {about} | {keys} |");
        };
        if let Some(name) = choice["const"].as_str() {
            return row(name, "");
        }
        for name in list(&choice["enum"]).filter_map(Value::as_str) {
            row(name, "");
        }
        for (name, of) in choice["properties"].as_object().into_iter().flatten() {
            let keys = match reference(of) {
                Some(_) => self.kind(of),
                None => "below".to_owned(),
            };
            let _ = writeln!(self.text, "| `{name}` | {about} | {keys} |");
        }
    }

    /// The keys of a choice that has no type of its own.
    fn keys_within(&mut self, choice: &Value) {
        for (name, of) in choice["properties"].as_object().into_iter().flatten() {
            if reference(of).is_none() {
                let _ = write!(self.text, "\n### `{name}`\n\n");
                self.table(of);
            }
        }
    }

    /// What may be written as a value, with a link to its section.
    fn kind(&mut self, of: &Value) -> String {
        if let Some(name) = reference(of) {
            let title = self.title(name);
            let anchor = title.to_lowercase().replace(' ', "-");
            return format!("[{title}](#{anchor})");
        }
        if let Some(either) = of["anyOf"].as_array() {
            let kinds: Vec<String> = either
                .iter()
                .filter(|one| one["type"] != "null")
                .map(|one| self.kind(one))
                .collect();
            return kinds.join(" or ");
        }
        let types = match &of["type"] {
            Value::Array(types) => types.first(),
            one => Some(one),
        };
        match types.and_then(Value::as_str) {
            Some("array") => match (of["items"].as_object(), of["minItems"].as_u64()) {
                (Some(_), Some(count)) => format!("{count} of: {}", self.kind(&of["items"])),
                (Some(_), None) => format!("list of: {}", self.kind(&of["items"])),
                _ => {
                    let kinds = list(&of["prefixItems"]).map(|item| self.kind(item));
                    format!("[{}]", kinds.collect::<Vec<_>>().join(", "))
                }
            },
            Some("integer") => "whole number".to_owned(),
            Some("string") => "text".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            Some(other) => other.to_owned(),
            None => "anything".to_owned(),
        }
    }

    /// What the section of a type is called; from now on it has one.
    fn title(&mut self, name: &str) -> String {
        if let Some(title) = self.titles.get(name) {
            return title.clone();
        }
        // Two modules have settings of their own, which the schema numbers.
        let title = match name {
            "Settings" => "Mobility settings".to_owned(),
            "Settings2" => "Courier settings".to_owned(),
            name => words(name),
        };
        self.titles.insert(name.to_owned(), title.clone());
        self.order.push(name.to_owned());
        title
    }
}

/// `RandomWaypoint` as `Random waypoint`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

/// The type that a value refers to.
fn reference(of: &Value) -> Option<&str> {
    of["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// A description as it was written, lines joined.
fn paragraph(of: &Value) -> String {
    let text = of["description"].as_str().unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|part| part.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// A description in one cell of a table.
fn line(of: &Value) -> String {
    paragraph(of).replace("\n\n", " ").replace('|', "\\|")
}

/// What holds where a key is absent, as TOML.
fn default(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        value => {
            let written = toml(value);
            match written.len() > LONGEST_DEFAULT {
                true => "its own defaults".to_owned(),
                false => format!("`{written}`"),
            }
        }
    }
}

/// The longest default that is written out; those of the type have a section of their own.
const LONGEST_DEFAULT: usize = 64;

fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(keys) => inline(keys),
        other => other.to_string(),
    }
}

fn inline(keys: &Map<String, Value>) -> String {
    let parts: Vec<String> = keys
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| format!("{key} = {}", toml(value)))
        .collect();
    match parts.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{ {} }}", parts.join(", ")),
    }
}
