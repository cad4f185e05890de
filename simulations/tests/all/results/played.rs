//! The page that plays a run holds the run, and nothing else.

use std::path::Path;

use hedgerow_simulations::result::{Error, Output, Place, Scene, view};
use serde_json::Value;

use super::run;

fn page() -> String {
    over(&Scene::default())
}

/// With this under the devices.
fn over(scene: &Scene) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    run::over(&path, scene).unwrap();
    view(&path, 1).unwrap()
}

/// What the page is given.
fn data(page: &str) -> Value {
    let begin = "<script type=\"application/json\" id=\"run\">";
    let from = page.find(begin).unwrap() + begin.len();
    let length = page[from..].find("</script>").unwrap();
    serde_json::from_str(&page[from..from + length]).unwrap()
}

fn numbers(value: &Value) -> Vec<u32> {
    let bytes = data_encoding::BASE64
        .decode(value.as_str().unwrap().as_bytes())
        .unwrap();
    let numbers = bytes.chunks_exact(4);
    numbers
        .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
        .collect()
}

fn shares(value: &Value) -> Vec<u16> {
    let bytes = data_encoding::BASE64
        .decode(value.as_str().unwrap().as_bytes())
        .unwrap();
    let numbers = bytes.chunks_exact(2);
    numbers
        .map(|bytes| u16::from_le_bytes(bytes.try_into().unwrap()))
        .collect()
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let page = page();
    assert!(!page.contains(env!("CARGO_MANIFEST_DIR")));
    for elsewhere in ["http://", "https://", "src=", "<link", "@import", "fetch("] {
        assert!(!page.contains(elsewhere), "the page needs {elsewhere}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn names_cannot_end_the_script() {
    let page = page();
    assert!(!page.contains("by <hand>"));
    assert_eq!(data(&page)["name"], "by <hand>");
}

#[test]
fn a_page_holds_places_contacts_and_sessions() {
    let run = data(&page());
    assert_eq!(
        (&run["seed"], &run["devices"], &run["ticks"]),
        (&1.into(), &3.into(), &10_000.into())
    );
    assert_eq!(numbers(&run["samples"]["ticks"]), [0, 6_000]);
    // Three devices side by side that go from the lower edge to the upper.
    let half = 32_767;
    let most = 65_534;
    let expected = [0, 0, half, 0, most, 0, 0, most, half, most, most, most];
    assert_eq!(shares(&run["samples"]["places"]), expected);
    assert_eq!(numbers(&run["contacts"])[..4], [900, 1_500, 0, 1]);
    assert_eq!(numbers(&run["sessions"]), [1_000, 1_500, 0, 1]);
}

#[test]
fn a_page_holds_how_messages_spread() {
    let run = data(&page());
    let messages = numbers(&run["spread"]["messages"]);
    assert_eq!(messages.len(), 4 * 4);
    assert_eq!(messages[..4], [0, 100, 0, 2]);
    let (written, copied, delivered, dropped) = (0, 1, 2, 3);
    let of_first = |event: &&[u32]| event[1] == 0;
    let events = numbers(&run["spread"]["events"]);
    let events: Vec<&[u32]> = events.chunks_exact(5).filter(of_first).collect();
    let expected = [
        [100, 0, 0, written, 0],
        [1_100, 0, 1, copied, 0],
        [4_100, 0, 2, copied, 1],
        [4_100, 0, 2, delivered, 0],
        [4_100, 0, 1, dropped, 1],
    ];
    assert_eq!(
        events,
        expected.iter().map(|event| &event[..]).collect::<Vec<_>>()
    );
}

#[test]
fn a_page_holds_reactions() {
    let run = data(&page());
    // When, to which message, and when it reached the author, if it did.
    let expected = [1_350, 2, 1_450, 5_000, 0, u32::MAX];
    assert_eq!(numbers(&run["spread"]["reactions"]), expected);
}

#[test]
fn a_map_and_named_places_lie_under_the_devices() {
    let scene = Scene {
        lines: vec![[[-200.0, 0.0], [200.0, 600.0]]],
        places: vec![Place {
            name: "Library".to_owned(),
            at: [0.0, 300.0],
            radius_m: 40.0,
        }],
    };
    let run = data(&over(&scene));
    assert_eq!(run["width_m"], 400.0);
    assert_eq!(shares(&run["map"]), [0, 0, 65_534, 65_534]);
    assert_eq!(shares(&run["samples"]["places"])[0], 32_767);
    let library = &run["places"][0];
    assert_eq!(library["name"], "Library");
    assert_eq!(library["at"], serde_json::json!([0.5, 0.5]));
    assert_eq!(library["radius_m"], 40.0);
}

#[test]
fn it_begins_to_play_at_the_first_meeting() {
    let run = data(&page());
    assert_eq!(run["start"], numbers(&run["contacts"])[0]);
    assert_eq!(run["start"], 900);
    // 1000 s in less than three minutes.
    assert_eq!(run["speed"], 10);
}

#[test]
fn the_bar_of_the_scale_is_as_wide_as_the_picture_at_most() {
    let run = data(&page());
    assert_eq!(run["width_m"], 200.0);
    let bars = run["bars"].as_array().unwrap();
    let longest = bars.last().unwrap();
    assert_eq!(
        (&longest["metres"], &longest["label"]),
        (&200.0.into(), &"200 m".into())
    );
}

#[test]
fn the_page_says_how_far_apart_its_samples_are() {
    let run = data(&page());
    let said = run["notes"][0].as_str().unwrap();
    assert!(said.starts_with("Places are known every 10 min"), "{said}");
}

#[test]
fn devices_without_places_stand_in_a_circle_and_the_page_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let output = Output::create(&path, run::identity("", &[1])).unwrap();
    let run = output.run(run::world(1)).unwrap().finish().unwrap();
    output.finish(vec![run]).unwrap();
    let run = data(&view(&path, 1).unwrap());
    assert_eq!(run["samples"], Value::Null);
    assert!(run["notes"][0].as_str().unwrap().contains("circle"));
}

#[test]
fn a_seed_that_was_not_run_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    run::result(&path, run::SCENARIO, 0).unwrap();
    assert!(matches!(view(&path, 3), Err(Error::NoSeed(_, 3))));
    assert!(matches!(
        view(Path::new("nowhere"), 1),
        Err(Error::NotWhole(..))
    ));
}
