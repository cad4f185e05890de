//! Results drawn, compared and reported.

use std::fs;
use std::path::Path;

use hedgerow_simulations::result::{Comparison, Summary, compare, plots, report};

use super::run;

const OTHER: &str = "[world]\nduration-s = 2000\nseeds = [1, 2]\nnew = 'x'\n";

fn summary(directory: &Path, name: &str, scenario: &str, late: i64) -> Summary {
    run::result(&directory.join(name), scenario, late).unwrap()
}

fn compared(scenario: &str, late: i64) -> Comparison {
    let directory = tempfile::tempdir().unwrap();
    let first = summary(directory.path(), "first", run::SCENARIO, 0);
    let second = summary(directory.path(), "second", scenario, late);
    compare(&[("first", &first), ("second", &second)])
}

#[test]
fn a_result_has_its_drawings_with_units() {
    let directory = tempfile::tempdir().unwrap();
    summary(directory.path(), "result", run::SCENARIO, 0);
    let expected = [
        ("delivery-ratio", "time (min)"),
        ("delay", "3 min"),
        ("overhead", "time (min)"),
        ("inter-contact", "0.1"),
        ("buffer", "carried by a device"),
        ("energy", "(J)"),
    ];
    for (name, says) in expected {
        let path = directory.path().join(format!("result/plots/{name}.svg"));
        let svg = fs::read_to_string(path).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains(says), "{name} does not say {says}");
        assert!(svg.contains("seeds 1, 2"), "{name}");
    }
}

#[test]
fn several_results_share_a_drawing() {
    let directory = tempfile::tempdir().unwrap();
    let first = summary(directory.path(), "first", run::SCENARIO, 0);
    let second = summary(directory.path(), "second", run::SCENARIO, 300);
    for plot in plots(&[("early", &first), ("late & <slow>", &second)]).unwrap() {
        assert!(plot.svg.contains("early"), "{}", plot.name);
        assert!(
            plot.svg.contains("late &amp; &lt;slow&gt;"),
            "{}",
            plot.name
        );
    }
}

#[test]
fn a_result_compared_with_itself_differs_in_nothing() {
    let same = compared(run::SCENARIO, 0);
    assert!(same.scenario.is_empty());
    for (name, results) in &same.figures {
        assert_eq!(results[1].difference, Some(0.0), "{name}");
        assert_eq!(results[1].overlaps, Some(true), "{name}");
    }
    assert!(same.text().contains("The scenarios do not differ."));
}

#[test]
fn differences_are_noticed_and_how_sure_they_are() {
    let other = compared(run::SCENARIO, 300);
    let delay = &other.figures["delay_mean_s"][1];
    assert_eq!(delay.difference, Some(150.0));
    assert_eq!(delay.relative, Some(150.0 / 210.0));
    // 210 ± 63.5 and 360 ± 63.5.
    assert_eq!(delay.overlaps, Some(false));
    let ratio = &other.figures["delivery_ratio"][1];
    assert_eq!((ratio.difference, ratio.overlaps), (Some(0.0), Some(true)));
    let text = other.text();
    let line = text
        .lines()
        .find(|line| line.trim().starts_with("delay_mean_s"))
        .unwrap();
    assert!(line.contains("+2.5 min (+71.4 %)"), "{line}");
    assert!(line.contains("intervals apart"), "{line}");
}

#[test]
fn keys_in_which_scenarios_differ_are_named() {
    let other = compared(OTHER, 0);
    let keys: Vec<&str> = other.scenario.keys().map(String::as_str).collect();
    assert_eq!(keys, ["world.duration-s", "world.new"]);
    let said = |value: &str| Some(value.to_owned());
    assert_eq!(
        other.scenario["world.duration-s"],
        [said("1000"), said("2000")]
    );
    assert_eq!(other.scenario["world.new"], [None, said("\"x\"")]);
    assert!(other.text().contains("world.duration-s"));
}

#[test]
fn a_comparison_is_json_too() {
    let json = serde_json::to_value(compared(OTHER, 300)).unwrap();
    assert_eq!(json["names"][1], "second");
    assert_eq!(json["figures"]["delay_mean_s"][1]["difference"], 150.0);
    assert_eq!(json["figures"]["delay_mean_s"][1]["overlaps"], false);
}

/// The report of a result of these seeds.
fn page(seeds: &[u64]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let result = run::of_seeds(seeds, &path, run::SCENARIO, 0).unwrap();
    report(&[("one", &result)]).unwrap()
}

#[test]
fn a_report_holds_all_and_escapes_it() {
    let page = page(&[1, 2]);
    let identity = run::identity(run::SCENARIO, &[1, 2]);
    for holds in [
        "by &lt;hand&gt;",
        "# &lt;two &amp; a courier&gt;",
        identity.scenario_hash.as_str(),
        identity.lock_hash.as_str(),
        "delivery_ratio",
        "2.44 to 4.56 min",
        "Times between contacts of a pair",
    ] {
        assert!(page.contains(holds), "no {holds}");
    }
    assert!(!page.contains("<hand>") && !page.contains("<two"));
    assert_eq!(page.matches("<svg").count(), 6);
    for elsewhere in ["http://", "https://", "src=", "<script", "<link"] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(elsewhere), "the page needs {elsewhere}");
    }
    assert!(!page.contains(env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn a_report_opens_with_what_ran_and_the_plots_and_folds_its_tables() {
    let page = page(&[1, 2]);
    let lead = "3 devices for 16.7 min (seeds 1, 2): 50 % of 4 messages were delivered, with a median delay of \
                3.5 min; 50 % of 4 texts for members of groups were delivered, with a median delay of 2.58 min \
                on average.";
    let order = [
        lead,
        "Key figures",
        "<svg",
        "<details>",
        "All figures",
        "How to reproduce it",
    ];
    let places = order.map(|part| page.find(part).unwrap_or_else(|| panic!("no {part}")));
    assert!(places.is_sorted(), "{places:?}");
    let table = page.find("<table").unwrap();
    assert!(
        table > page.find("<details>").unwrap(),
        "a table is not folded"
    );
}

#[test]
fn a_report_calls_figures_by_plain_labels_with_the_column_as_a_tooltip() {
    let page = page(&[1]);
    let cell =
        "<abbr title=\"delay_median_s: delay of delivered messages, median\">Median delay</abbr>";
    assert!(page.contains(cell));
    assert!(page.contains("<abbr title=\"tracker_linking\">Tracker linking</abbr>"));
}

#[test]
fn a_report_of_one_seed_has_no_intervals() {
    let one = page(&[1]);
    let style = one.find("</style>").unwrap();
    let shown = &one[style..];
    assert!(
        !shown.contains("interval") && !shown.contains("Mean<"),
        "one seed"
    );
    assert!(!shown.contains("<polygon"), "a band of one seed");
    assert!(!shown.contains("Figures of each seed"));
}

#[test]
fn a_report_of_several_seeds_has_intervals_and_explains_them_once() {
    let several = page(&[1, 2, 3]);
    assert!(several.contains("95 % interval</th>"));
    assert!(several.contains("<polygon"));
    assert_eq!(several.matches("95 % confidence").count(), 1);
    assert!(several.contains("Figures of each seed"));
}

#[test]
fn the_same_result_makes_the_same_report() {
    assert_eq!(page(&[1, 2]), page(&[1, 2]));
}

#[test]
fn a_report_of_several_results_compares_them() {
    let directory = tempfile::tempdir().unwrap();
    let first = summary(directory.path(), "first", run::SCENARIO, 0);
    let second = summary(directory.path(), "second", OTHER, 300);
    let page = report(&[("first", &first), ("second", &second)]).unwrap();
    assert!(page.contains("world.duration-s"));
    assert!(page.contains(">apart</td>"));
}
