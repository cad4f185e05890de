//! What moves by itself in the window, and what does not where nothing is to move.

use hedgerow_gui::model::*;
use hedgerow_gui::ui::Theme as Colours;
use i_slint_backend_testing::{ElementQuery, init_no_event_loop};
use slint::ComponentHandle;

use crate::stage::Stage;
use crate::stage::window::Window;

/// How much of the page in front is still hidden.
fn veiled(window: &Window) -> f32 {
    let veils = ElementQuery::from_root(window.window.ui());
    let veils = veils.match_inherits("Veil").find_all();
    assert_eq!(veils.len(), 1);
    veils[0].computed_opacity()
}

fn veiled_after(window: &Window, ms: u64) -> f32 {
    window.passes(ms);
    veiled(window)
}

#[test]
fn a_page_comes_in_a_tenth_of_a_second_and_at_once_where_nothing_is_to_move() {
    init_no_event_loop();
    let mut window = Window::of(Stage::open(&["Ana"]), 1_000.0, 700.0);
    assert_eq!(veiled(&window), 0.0);
    window.window.act(Action::ShowNetwork);
    let seen: Vec<_> = (0..20).map(|_| veiled_after(&window, 10)).collect();
    assert!(
        seen[0] > 0.5 && seen.is_sorted_by(|a, b| a >= b),
        "{seen:?}"
    );
    let moves = seen.iter().filter(|veiled| (0.01..0.69).contains(*veiled));
    assert!((5..=12).contains(&moves.count()), "{seen:?}");
    assert_eq!(seen[16..], [0.0; 4]);

    window.does(WindowAction::Still(true));
    window
        .window
        .act(Action::ShowSettings(SettingsPage::Appearance));
    let seen: Vec<_> = (0..20).map(|_| veiled_after(&window, 10)).collect();
    assert_eq!(seen, [0.0; 20]);
}

#[test]
fn nothing_moves_where_the_system_says_so_whatever_is_chosen_here() {
    init_no_event_loop();
    let mut window = Window::of(Stage::open(&["Ana"]), 1_000.0, 700.0);
    window.does(Action::ShowSettings(SettingsPage::Appearance));
    let still = |window: &Window| window.window.ui().global::<Colours>().get_still();
    let switch = |window: &Window| {
        let switch = window.one("Reduce motion");
        (switch.accessible_checked(), switch.accessible_enabled())
    };
    assert!(!still(&window));
    assert_eq!(switch(&window), (Some(false), Some(true)));
    window.does(WindowAction::Still(true));
    assert!(still(&window));
    assert_eq!(switch(&window), (Some(true), Some(false)));
    window.does(WindowAction::Still(false));
    assert!(!still(&window));
    window.clicks("Reduce motion");
    assert!(still(&window));
    window.does(WindowAction::Still(true));
    window.does(WindowAction::Still(false));
    assert!(still(&window), "the choice of the user stays");
}
