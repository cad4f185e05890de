//! Every screen, drawn by the software renderer in each theme and both widths, beside the picture of
//! it that is kept in `gui/screenshots`. `HEDGEROW_SCREENS=write` draws these anew.

mod gallery;
pub mod groups;
mod list;
mod scenes;

use hedgerow_gui::model::*;
use hedgerow_gui::ui::AppWindow;
use i_slint_backend_testing::ElementQuery;

use crate::fitting::stages::OPENED;
use crate::stage::Stage;
use gallery::{Gallery, Opens};
pub(crate) use list::{Screen, screens};
pub use scenes::{arranged, consent, conversation, people, pictures, voices};

/// A size of the window: its name, width and height.
type Size = (&'static str, u32, u32);

const WIDE: Size = ("wide", 1100, 720);
const PHONE: Size = ("phone", 360, 720);

const LIGHT: (&str, Theme) = ("light", Theme::Light);
const DARK: (&str, Theme) = ("dark", Theme::Dark);
const CONTRAST: (&str, Theme) = ("contrast", Theme::HighContrast);

/// Screens with everything on them unfolded, and as high as these lines of pixels.
const UNFOLDED: [(&str, u32); 2] = [("bluetooth", 900), ("paths", 1_800)];

/// In English, in this theme.
fn dressed(stage: fn() -> Stage, theme: Theme) -> Stage {
    let mut stage = stage();
    stage.does(Action::Prefer(Preference::Theme(theme)));
    stage.does(Action::Prefer(Preference::Language(Some("en".into()))));
    stage
}

fn every_screen_in((theme_name, theme): (&str, Theme), (size_name, width, height): Size) {
    let mut gallery = Gallery::open();
    for (name, stage) in screens() {
        let unfolded = UNFOLDED.iter().find(|(unfolded, _)| *unfolded == name);
        let height = unfolded.map_or(height, |(_, height)| *height);
        let file = format!("{name}-{theme_name}-{size_name}.png");
        let opens = opens(unfolded.is_some());
        gallery.hang(&file, dressed(stage, theme), (width, height), opens);
    }
    gallery.close();
}

#[test]
fn every_screen_looks_as_it_was_approved_in_light() {
    every_screen_in(LIGHT, WIDE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_light_on_a_phone() {
    every_screen_in(LIGHT, PHONE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_the_dark() {
    every_screen_in(DARK, WIDE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_the_dark_on_a_phone() {
    every_screen_in(DARK, PHONE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_high_contrast() {
    every_screen_in(CONTRAST, WIDE);
}

#[test]
fn every_screen_looks_as_it_was_approved_in_high_contrast_on_a_phone() {
    every_screen_in(CONTRAST, PHONE);
}

#[test]
fn what_opens_over_a_screen_looks_as_it_was_approved() {
    let mut gallery = Gallery::open();
    let (size_name, width, height) = WIDE;
    for (name, stage, opens) in OPENED {
        for (theme_name, theme) in [LIGHT, DARK, CONTRAST] {
            let file = format!("{}-{theme_name}-{size_name}.png", name.replace(' ', "-"));
            gallery.hang(&file, dressed(stage, theme), (width, height), opens);
        }
    }
    gallery.close();
}

#[test]
fn what_a_search_is_narrowed_to_looks_as_it_was_approved() {
    let mut gallery = Gallery::open();
    let screens = screens();
    let search = screens.iter().find(|(name, _)| *name == "search");
    let stage = search.expect("a screen").1;
    for (size_name, width, height) in [WIDE, PHONE] {
        for (theme_name, theme) in [LIGHT, DARK, CONTRAST] {
            let file = format!("filters-{theme_name}-{size_name}.png");
            gallery.hang(&file, dressed(stage, theme), (width, height), narrow);
        }
    }
    gallery.close();
}

#[test]
fn other_languages_and_large_letters_look_as_they_were_approved() {
    let mut gallery = Gallery::open();
    for (name, language, percent, (size_name, width, height)) in [
        // The longest words, in large letters, where there is the least room.
        ("conversation", "en", 200, PHONE),
        ("conversation", "bg", 100, PHONE),
        ("person", "ro", 200, PHONE),
        ("security", "lv", 200, PHONE),
        ("bluetooth", "sv", 200, PHONE),
        ("paths", "bg", 200, PHONE),
        ("picker", "lv", 200, PHONE),
        ("files", "bg", 200, PHONE),
        ("attaching", "fr", 200, PHONE),
        ("consent", "en", 200, PHONE),
        ("consent", "fr", 200, PHONE),
        ("former", "bg", 200, PHONE),
        ("pictures", "ro", 200, PHONE),
        ("viewer", "uk", 200, PHONE),
        ("media", "lv", 200, PHONE),
        ("storage", "bg", 200, PHONE),
        ("drop-old", "fr", 200, PHONE),
        ("group", "bg", 200, PHONE),
        ("members", "fr", 200, PHONE),
        ("invited", "lv", 200, PHONE),
        // From right to left.
        ("group", "ar", 100, PHONE),
        ("invited", "he", 100, PHONE),
        ("conversation", "ar", 100, WIDE),
        ("conversation", "ar", 100, PHONE),
        ("replies", "en", 200, PHONE),
        ("replies", "ar", 100, PHONE),
        ("chats", "ar", 100, PHONE),
        ("security", "ar", 100, WIDE),
        ("files", "ar", 100, PHONE),
        ("attaching", "he", 100, PHONE),
        ("pictures", "ar", 100, PHONE),
        ("viewer", "he", 100, PHONE),
        ("media", "fa", 100, PHONE),
        ("storage", "ar", 100, PHONE),
    ] {
        let screens = screens();
        let stage = screens.iter().find(|(screen, _)| *screen == name);
        let mut stage = stage.expect("a screen").1();
        stage.does(Action::Prefer(Preference::Theme(Theme::Light)));
        stage.does(Action::Prefer(Preference::Language(Some(language.into()))));
        stage.does(Action::Prefer(Preference::TextPercent(percent)));
        let file = format!("{name}-light-{size_name}-{language}-{percent}-percent.png");
        let unfolded = UNFOLDED.iter().find(|(unfolded, _)| *unfolded == name);
        // Large letters take more than twice the room.
        let height = unfolded.map_or(height, |(_, height)| height * 5 / 2);
        gallery.hang(&file, stage, (width, height), opens(unfolded.is_some()));
    }
    gallery.close();
}

fn opens(unfold: bool) -> Opens {
    if unfold { unfold_all } else { |_| () }
}

/// Shows what a search can be narrowed to, and by whom something was written.
fn narrow(ui: &AppWindow) {
    let within = |kind: &str| {
        let finder = ElementQuery::from_root(ui).match_inherits("Finder");
        let finder = finder.find_first().expect("a search");
        let found = finder.query_descendants().match_inherits(kind).find_first();
        found.expect("it is there")
    };
    within("IconButton").invoke_accessible_default_action();
    within("Fold").invoke_accessible_expand_action();
}

fn unfold_all(ui: &AppWindow) {
    for fold in ElementQuery::from_root(ui)
        .match_inherits("Fold")
        .find_all()
    {
        fold.invoke_accessible_expand_action();
    }
}
