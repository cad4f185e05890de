//! The languages: each says everything that the interface says, nothing else, and counts as its
//! speakers do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hedgerow_gui::ui::{self, AppWindow, Words};
use hedgerow_node::words::Language;
use hedgerow_transport::ble::discovery;
use hedgerow_transport::ble::power::Power;
use i_slint_compiler::diagnostics::BuildDiagnostics;
use i_slint_compiler::literals::unescape_string;
use i_slint_compiler::parser::{
    SyntaxKind, SyntaxNode, normalize_identifier, parse, parse_file, syntax_nodes,
};
use rspolib::pofile;
use slint::ComponentHandle;
use unicode_bidi::{BidiClass, Direction, get_base_direction};

#[path = "../../../node/tests/all/support/catalogue.rs"]
mod catalogue;

use catalogue::Said;

/// What is between the quotes of the literal in this node.
fn literal(node: &SyntaxNode) -> Option<String> {
    let text = node.child_text(SyntaxKind::StringLiteral)?;
    unescape_string(&text).map(Into::into)
}

/// Every string that is to be translated below this node, which stands in this component.
fn said(node: &SyntaxNode, component: &str) -> BTreeSet<Said> {
    let mut all = BTreeSet::new();
    for child in node.children() {
        if child.kind() == SyntaxKind::AtTr {
            let tr = syntax_nodes::AtTr::from(child.clone());
            all.insert(Said {
                context: tr
                    .TrContext()
                    .and_then(|context| literal(&context))
                    .unwrap_or_else(|| component.into()),
                text: literal(&child).expect("@tr has a text"),
                plural: tr.TrPlural().and_then(|plural| literal(&plural)),
            });
        }
        let name = syntax_nodes::Component::new(child.clone())
            .and_then(|it| it.DeclaredIdentifier().child_text(SyntaxKind::Identifier))
            .map(|name| normalize_identifier(&name));
        all.extend(said(&child, name.as_deref().unwrap_or(component)));
    }
    all
}

fn drawings(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            all.extend(drawings(&path));
        } else if path.extension().is_some_and(|end| end == "slint") {
            all.push(path);
        }
    }
    all
}

fn interface() -> BTreeSet<Said> {
    let mut all = BTreeSet::new();
    for path in drawings(Path::new("ui")) {
        let mut diagnostics = BuildDiagnostics::default();
        let tree = parse_file(&path, &mut diagnostics).expect("readable");
        assert!(!diagnostics.has_errors(), "{}", path.display());
        all.extend(said(&tree, ""));
    }
    assert!(all.len() > 100, "this cannot be all: {}", all.len());
    all
}

/// Where a value goes in: `{}`, `{0}`, `{n}`. Doubled braces stand for themselves.
fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            rest = &rest[2..];
            continue;
        }
        let end = rest.find('}').map_or(rest.len(), |end| end + 1);
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found.sort_unstable();
    found
}

/// All but the one that the interface is written in.
fn languages() -> impl Iterator<Item = &'static str> {
    Language::ALL[1..].iter().map(|language| language.code())
}

#[test]
fn every_language_says_all_of_the_interface_and_nothing_else() {
    let interface = interface();
    let mut wrong = Vec::new();
    for language in languages() {
        let path = format!("lang/{language}/LC_MESSAGES/hedgerow-gui.po");
        let catalogue = catalogue::open(language, &path);
        let faults = catalogue::faults(&interface, &catalogue, placeholders);
        wrong.extend(faults.iter().map(|fault| format!("{language}: {fault}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The letter that a text begins with decides how it is ordered: what is foreign there has to be isolated.
#[test]
fn sentences_that_are_read_from_the_right_begin_there() {
    let mut wrong = Vec::new();
    for language in Language::ALL.into_iter().filter(|it| it.is_right_to_left()) {
        let code = language.code();
        for path in [
            format!("lang/{code}/LC_MESSAGES/hedgerow-gui.po"),
            format!("../node/lang/{code}/LC_MESSAGES/hedgerow.po"),
        ] {
            let entries = catalogue::open(code, &path).entries;
            let said = entries
                .into_iter()
                .flat_map(|entry| entry.msgstr.into_iter().chain(entry.msgstr_plural));
            wrong.extend(said.filter(|text| {
                // A name that goes in is isolated where it has to be.
                let placed = placeholders(text)
                    .into_iter()
                    .fold(text.clone(), |text, name| text.replace(name, ""));
                let has_any = placed.chars().any(|letter| {
                    matches!(
                        unicode_bidi::bidi_class(letter),
                        BidiClass::R | BidiClass::AL
                    )
                });
                has_any && get_base_direction(placed.as_str()) != Direction::Rtl
            }));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_languages_offered_are_those_with_a_catalogue() {
    let offered: BTreeSet<String> = languages().map(Into::into).collect();
    assert_eq!(catalogue::languages(), offered);
}

/// The bundled catalogues, asked as the interface asks them.
#[test]
fn counts_are_said_in_the_right_form() {
    i_slint_backend_testing::init_no_event_loop();
    let window = AppWindow::new().expect("a window without a screen");
    let expected = [
        ("", 1, "1 unread message"),
        ("", 2, "2 unread messages"),
        ("bg", 1, "1 непрочетено съобщение"),
        ("bg", 21, "21 непрочетени съобщения"),
        ("da", 1, "1 ulæst besked"),
        ("da", 2, "2 ulæste beskeder"),
        ("lv", 1, "1 nelasīta ziņa"),
        ("lv", 2, "2 nelasītas ziņas"),
        ("lv", 10, "10 nelasītu ziņu"),
        ("lv", 11, "11 nelasītu ziņu"),
        ("lv", 21, "21 nelasīta ziņa"),
        ("lv", 111, "111 nelasītu ziņu"),
        ("ro", 1, "1 mesaj necitit"),
        ("ro", 2, "2 mesaje necitite"),
        ("ro", 19, "19 mesaje necitite"),
        ("ro", 20, "20 de mesaje necitite"),
        ("ro", 101, "101 mesaje necitite"),
        ("sv", 1, "1 oläst meddelande"),
        ("sv", 2, "2 olästa meddelanden"),
    ];
    for (language, count, words) in expected {
        slint::select_bundled_translation(language).expect("a language that is bundled");
        assert_eq!(window.global::<Words>().invoke_arrived(count), words);
    }
}

/// With the digits of Arabic and Persian as those that Rust reads.
fn western(text: &str) -> String {
    let digit = |letter: char| {
        let zero = ['٠', '۰'].into_iter().find(|zero| {
            let zero = *zero as u32;
            (zero..zero + 10).contains(&(letter as u32))
        });
        zero.and_then(|zero| char::from_digit(letter as u32 - zero as u32, 10))
    };
    let letters = text.chars();
    letters
        .map(|letter| digit(letter).unwrap_or(letter))
        .collect()
}

/// A person who chooses reads what the radio does.
#[test]
fn what_power_costs_is_said_in_every_language_as_the_radio_spends_it() {
    i_slint_backend_testing::init_no_event_loop();
    let window = AppWindow::new().expect("a window without a screen");
    let seconds = |time: Duration| time.as_secs_f64().ceil() as u64;
    for (choice, power) in [
        (ui::Power::Active, Power::Active),
        (ui::Power::Balanced, Power::Balanced),
        (ui::Power::Saver, Power::Saver),
    ] {
        let (duty, found) = (power.duty(), discovery::expected(power));
        let [mean, longest] = [found.mean, found.longest].map(seconds);
        let mut wanted = vec![seconds(duty.listen), seconds(duty.every)];
        // What takes no longer than this at most needs no average.
        wanted.extend((longest > 5).then_some(mean));
        wanted.push(longest);
        wanted.sort_unstable();
        for language in languages().chain([""]) {
            slint::select_bundled_translation(language).expect("a language that is bundled");
            let words = window.global::<Words>().invoke_power_cost(choice);
            let words = western(&words);
            let numbers = words.split(|letter: char| !letter.is_ascii_digit());
            let mut said: Vec<u64> = numbers.filter_map(|number| number.parse().ok()).collect();
            said.sort_unstable();
            assert_eq!(said, wanted, "{language}: {words}");
        }
    }
}

/// What `faults` finds in a catalogue with these entries, for an interface that says “Go {}” and
/// “{n} day” in a component, and “Go {}” in a context of its own.
fn found(entries: &str) -> Vec<String> {
    let source = r#"component Step { x: @tr("Go {}", 1) + @tr("walk" => "Go {}", 1) + @tr("{n} day" | "{n} days" % 2); }"#;
    let mut diagnostics = BuildDiagnostics::default();
    let tree = parse(source.into(), None, &mut diagnostics);
    assert!(!diagnostics.has_errors());
    let header = "msgid \"\"\nmsgstr \"\"\n\"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n";
    let catalogue = pofile(format!("{header}\n{entries}").as_str()).expect("a catalogue");
    catalogue::faults(&said(&tree, ""), &catalogue, placeholders)
}

const GO: &str = "msgctxt \"Step\"\nmsgid \"Go {}\"\nmsgstr \"Gå {}\"\n\n";
const WALK: &str = "msgctxt \"walk\"\nmsgid \"Go {}\"\nmsgstr \"Gå {}\"\n\n";
const DAYS: &str = "msgctxt \"Step\"\nmsgid \"{n} day\"\nmsgid_plural \"{n} days\"\nmsgstr[0] \"{n} dag\"\nmsgstr[1] \"{n} dagar\"\n\n";

#[test]
fn a_complete_catalogue_has_no_faults() {
    assert_eq!(found(&[GO, WALK, DAYS].concat()), [""; 0]);
}

#[test]
fn each_fault_of_a_catalogue_is_found() {
    let walk = [GO, DAYS].concat();
    assert_eq!(found(&walk), ["walk: “Go {}” is missing"]);
    let other = WALK.replace("Go", "Went");
    assert_eq!(
        found(&[GO, WALK, DAYS, &other].concat()),
        ["walk: “Went {}” is said nowhere"]
    );
    for (wrong, fault) in [
        (format!("{WALK}{WALK}"), "is there twice"),
        (format!("#, fuzzy\n{WALK}"), "is fuzzy"),
        (WALK.replace("Gå {}", ""), "is empty"),
        (WALK.replace("Gå {}", "Gå"), "does not have [\"{}\"]: Gå"),
        (
            WALK.replace("Gå {}", "{} {}"),
            "does not have [\"{}\"]: {} {}",
        ),
    ] {
        assert_eq!(
            found(&format!("{walk}{wrong}")),
            [format!("walk: “Go {{}}” {fault}")]
        );
    }
    for (wrong, fault) in [
        (
            DAYS.replace("msgstr[1] \"{n} dagar\"\n", ""),
            "has 1 forms, not 2",
        ),
        (DAYS.replace("{n} dagar", ""), "is empty"),
        (
            DAYS.replace("{n} dagar", "dagar"),
            "does not have [\"{n}\"]: dagar",
        ),
    ] {
        let entries = [GO, WALK, &wrong].concat();
        assert_eq!(found(&entries), [format!("Step: “{{n}} day” {fault}")]);
    }
}
