//! What lies under the devices of a scenario.

use std::path::Path;

use hedgerow_simulations::result::Scene;
use hedgerow_simulations::scenario;

fn scene(name: &str) -> Option<Scene> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(name);
    scenario::load(&path).unwrap().scenario.scene().unwrap()
}

#[test]
fn a_scene_has_each_line_of_the_map_once() {
    let scene = scene("village-bus.toml").unwrap();
    let mut lines = scene.lines.clone();
    for [from, to] in &scene.lines {
        assert!(!lines.contains(&[*to, *from]));
    }
    lines.dedup();
    assert_eq!(lines, scene.lines);
    let named: Vec<&str> = scene
        .places
        .iter()
        .map(|place| place.name.as_str())
        .collect();
    assert_eq!(
        named,
        ["", "", "", "West village", "Middle village", "East village"]
    );
}

#[test]
fn without_a_map_a_scene_has_the_border_of_the_area() {
    let scene = scene("two-friends.toml").unwrap();
    let (near, far) = (0.0, 500.0);
    let border = [
        [[near, near], [far, near]],
        [[far, near], [far, far]],
        [[far, far], [near, far]],
        [[near, far], [near, near]],
    ];
    assert_eq!(scene.lines, border);
}

#[test]
fn access_points_are_places_with_a_radius() {
    let scene = scene("outage.toml").unwrap();
    let covered: Vec<f64> = scene
        .places
        .iter()
        .filter(|place| place.name == "satellite")
        .map(|place| place.radius_m)
        .collect();
    assert_eq!(covered, [40.0, 60.0, 40.0]);
}
