//! Text keeps the contrast of WCAG 2.2 AA (success criteria 1.4.3 and 1.4.11) in every theme.

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

#[test]
fn text_and_controls_keep_wcag_aa_in_every_theme() {
    assert!(
        (contrast(
            Color::from_rgb_u8(0, 0, 0),
            Color::from_rgb_u8(255, 255, 255)
        ) - 21.0)
            .abs()
            < 1e-9
    );
    init_no_event_loop();
    let window = AppWindow::new().expect("a window");
    let theme = window.global::<Theme>();
    let mut low = Vec::new();
    for scheme in [Scheme::Light, Scheme::Dark, Scheme::HighContrast] {
        theme.set_scheme(scheme);
        let grounds = [
            ("background", theme.get_background()),
            ("side", theme.get_side()),
            ("surface", theme.get_surface()),
            ("field", theme.get_field()),
            ("hover", theme.get_hover()),
            ("selected", theme.get_selected()),
        ];
        let bubbles = [("mine", theme.get_mine()), ("theirs", theme.get_theirs())];
        let mut check = |what: &str, on: &str, front, ground, least| {
            let reached = contrast(front, ground);
            if reached < least {
                low.push(format!(
                    "{scheme:?}: {what} on {on}: {reached:.2}, not {least}"
                ));
            }
        };
        for (on, ground) in grounds {
            check("text", on, theme.get_text(), ground, 4.5);
            check("quiet", on, theme.get_quiet(), ground, 4.5);
            check("accent", on, theme.get_accent(), ground, 4.5);
            check("danger", on, theme.get_danger(), ground, 4.5);
            check("warning", on, theme.get_warning(), ground, 4.5);
            check("focus", on, theme.get_focus(), ground, 3.0);
        }
        for (on, ground) in bubbles {
            check("text", on, theme.get_text(), ground, 4.5);
            check(
                "quiet-on-bubble",
                on,
                theme.get_quiet_on_bubble(),
                ground,
                4.5,
            );
            check("accent", on, theme.get_accent(), ground, 4.5);
            check("danger", on, theme.get_danger(), ground, 4.5);
        }
        check(
            "on-fill",
            "fill",
            theme.get_on_fill(),
            theme.get_fill(),
            4.5,
        );
        check(
            "on-danger-fill",
            "danger-fill",
            theme.get_on_danger_fill(),
            theme.get_danger_fill(),
            4.5,
        );
        check(
            "on-notice",
            "notice",
            theme.get_on_notice(),
            theme.get_notice(),
            4.5,
        );
        check(
            "field-line",
            "field",
            theme.get_field_line(),
            theme.get_field(),
            3.0,
        );
        for hue in 0..360 {
            check(
                "letters",
                &format!("avatar {hue}"),
                theme.get_on_avatar(),
                theme.invoke_avatar(hue),
                4.5,
            );
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n"));
}
