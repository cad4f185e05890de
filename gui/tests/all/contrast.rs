//! Text keeps the contrast of WCAG 2.2 AA (success criteria 1.4.3 and 1.4.11) in every theme, and that of AAA (1.4.6) in the one of
//! high contrast.

use hedgerow_gui::ui::{AppWindow, Scheme, Theme};
use i_slint_backend_testing::init_no_event_loop;
use slint::{Color, ComponentHandle};

/// Relative luminance, as WCAG defines it.
fn luminance(colour: Color) -> f64 {
    let part = |part: u8| {
        let part = f64::from(part) / 255.0;
        match part <= 0.04045 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        }
    };
    0.2126 * part(colour.red()) + 0.7152 * part(colour.green()) + 0.0722 * part(colour.blue())
}

fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// What is seen where a colour lies half transparent over another.
fn over(front: Color, part: f32, ground: Color) -> Color {
    front.mix(&ground, part)
}

/// A pair of colours in which the views draw something: what, on what, and how much contrast it needs.
struct Pair {
    what: &'static str,
    on: String,
    front: Color,
    ground: Color,
    least: f64,
}

/// Every pair of colours that a theme draws letters or controls in.
fn pairs(theme: &Theme) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut pair = |what, front, on: &str, ground, least| {
        pairs.push(Pair {
            what,
            on: on.into(),
            front,
            ground,
            least,
        });
    };
    let (text, control) = match theme.get_contrast() {
        true => (AAA, CONTROL),
        false => (AA, CONTROL),
    };
    let grounds = [
        ("background", theme.get_background()),
        ("side", theme.get_side()),
        ("surface", theme.get_surface()),
        ("field", theme.get_field()),
        ("hover", theme.get_hover()),
        ("selected", theme.get_selected()),
    ];
    for (on, ground) in grounds {
        pair("text", theme.get_text(), on, ground, text);
        pair("quiet", theme.get_quiet(), on, ground, text);
        pair("accent", theme.get_accent(), on, ground, text);
        pair("warning", theme.get_warning(), on, ground, text);
        pair("focus", theme.get_focus(), on, ground, control);
    }
    // What is selected is not dangerous, and has outlines of its own.
    for (on, ground) in &grounds[..5] {
        pair("danger", theme.get_danger(), on, *ground, text);
        pair("field-line", theme.get_field_line(), on, *ground, control);
    }
    for (on, ground) in [("mine", theme.get_mine()), ("theirs", theme.get_theirs())] {
        pair("text", theme.get_text(), on, ground, text);
        pair("quiet", theme.get_quiet_on_bubble(), on, ground, text);
        pair("accent", theme.get_accent(), on, ground, text);
        pair("danger", theme.get_danger(), on, ground, text);
        pair("focus", theme.get_focus(), on, ground, control);
        pair("field-line", theme.get_field_line(), on, ground, control);
    }
    // The ring of the keyboard has a line of the letters' colour inside, where a control is filled.
    for (on, front, ground) in [
        ("fill", theme.get_on_fill(), theme.get_fill()),
        (
            "danger-fill",
            theme.get_on_danger_fill(),
            theme.get_danger_fill(),
        ),
    ] {
        pair("letters", front, on, ground, text);
        pair("focus", theme.get_focus(), "its letters", front, control);
    }
    let held = over(
        theme.get_danger_fill(),
        theme.get_held(),
        theme.get_surface(),
    );
    pair(
        "danger",
        theme.get_danger(),
        "what is held down",
        held,
        text,
    );
    // A notice, and what is pressed in it under the pointer.
    for (on, ground) in [("notice", theme.get_notice()), ("hover", theme.get_hover())] {
        pair("on-notice", theme.get_on_notice(), on, ground, text);
    }
    // Toasts and tips are drawn the other way round.
    match theme.get_contrast() {
        true => pair(
            "keys",
            theme.get_accent(),
            "tip",
            theme.get_background(),
            text,
        ),
        false => {
            let (letters, ground) = (theme.get_background(), theme.get_text());
            pair("letters", letters, "tip", ground, text);
            pair("keys", theme.get_line(), "tip", ground, text);
        }
    }
    for hue in 0..360 {
        let on = format!("avatar {hue}");
        let ground = theme.invoke_avatar(hue);
        pair("letters", theme.get_on_avatar(), &on, ground, text);
    }
    pairs
}

/// WCAG 2.2: text of level AA and of level AAA, and what is no text.
const AA: f64 = 4.5;
const AAA: f64 = 7.0;
const CONTROL: f64 = 3.0;

#[test]
fn contrast_is_reckoned_as_wcag_defines_it() {
    let (black, white) = (
        Color::from_rgb_u8(0, 0, 0),
        Color::from_rgb_u8(255, 255, 255),
    );
    assert!((contrast(black, white) - 21.0).abs() < 1e-9);
    assert_eq!(over(black, 0.0, white), white);
    assert_eq!(over(black, 1.0, white), black);
}

#[test]
fn text_and_controls_keep_wcag_aa_in_every_theme_and_aaa_in_that_of_high_contrast() {
    init_no_event_loop();
    let window = AppWindow::new().expect("a window");
    let theme = window.global::<Theme>();
    let mut low = Vec::new();
    for scheme in [Scheme::Light, Scheme::Dark, Scheme::HighContrast] {
        theme.set_scheme(scheme);
        for pair in pairs(&theme) {
            let reached = contrast(pair.front, pair.ground);
            if reached < pair.least {
                let Pair {
                    what, on, least, ..
                } = pair;
                low.push(format!(
                    "{scheme:?}: {what} on {on}: {reached:.2}, not {least}"
                ));
            }
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n"));
}
