//! The figures of a run made by hand, worked out by hand.

use std::fs;

use hedgerow_simulations::record::{Reaction, Record};
use hedgerow_simulations::result::{
    FIGURES, Output, Row as _, Summary, World, run_directory, view,
};

use super::run;

#[test]
fn the_figures_of_a_run_are_those_worked_out_by_hand() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let summary = run::result(&path, run::SCENARIO, 0).unwrap();
    let expected = [
        ("devices", 3.0),
        ("duration_s", 1000.0),
        ("messages", 4.0),
        ("delivered", 2.0),
        ("delivery_ratio", 0.5),
        ("delay_mean_s", 205.0),
        ("delay_median_s", 205.0),
        ("delay_p95_s", 400.0),
        ("hops_mean", 1.5),
        ("reactions", 2.0),
        ("reactions_delivered", 1.0),
        ("reaction_delivery_ratio", 0.5),
        ("reaction_delay_mean_s", 10.0),
        ("reaction_delay_median_s", 10.0),
        ("reaction_delay_p95_s", 10.0),
        ("edits", 2.0),
        ("edits_delivered", 1.0),
        ("edit_delivery_ratio", 0.5),
        ("edit_delay_mean_s", 4.0),
        ("edit_delay_median_s", 4.0),
        ("edit_delay_p95_s", 4.0),
        ("deletions", 2.0),
        ("deletions_delivered", 1.0),
        ("deletion_delivery_ratio", 0.5),
        ("deletion_delay_mean_s", 6.0),
        ("deletion_delay_median_s", 6.0),
        ("deletion_delay_p95_s", 6.0),
        ("receipts", 2.0),
        ("receipts_delivered", 1.0),
        ("receipt_delivery_ratio", 0.5),
        ("receipt_delay_mean_s", 8.0),
        ("receipt_delay_median_s", 8.0),
        ("receipt_delay_p95_s", 8.0),
        ("files", 2.0),
        ("files_asked", 1.0),
        ("files_cancelled", 1.0),
        ("voice_notes", 1.0),
        ("voice_notes_delivered", 1.0),
        ("voice_note_delay_mean_s", 30.0),
        ("voice_note_delay_median_s", 30.0),
        ("voice_note_delay_p95_s", 30.0),
        ("parcels", 2.0),
        ("parcel_bytes", 1_500.0),
        ("delivered_by_hand", 0.0),
        ("files_delivered", 1.0),
        ("file_delivery_ratio", 0.5),
        ("file_delay_mean_s", 30.0),
        ("file_delay_median_s", 30.0),
        ("file_delay_p95_s", 30.0),
        ("file_breaks", 1.0),
        ("file_resumptions", 0.0),
        ("file_bytes", 2_000_000.0),
        ("file_kept_bytes", 1_250_064.0),
        ("file_sent_bytes", 1_750_064.0),
        ("file_overhead_ratio", 500_000.0 / 1_250_064.0),
        ("beside_file_delivered", 1.0),
        ("beside_file_delay_mean_s", 10.0),
        ("beside_file_delay_median_s", 10.0),
        ("beside_file_delay_p95_s", 10.0),
        ("group_messages", 2.0),
        ("group_deliveries_wanted", 4.0),
        ("group_deliveries", 2.0),
        ("group_delivery_ratio", 0.5),
        ("group_delay_mean_s", 155.0),
        ("group_delay_median_s", 155.0),
        ("group_delay_p90_s", 300.0),
        ("group_delay_p95_s", 300.0),
        ("group_hops_mean", 1.5),
        ("group_by_author", 0.5),
        ("group_by_member", 0.5),
        ("group_by_others", 0.0),
        ("group_bytes_per_delivery", 600.0),
        ("bundles", 2.0),
        ("copies_mean", 2.0),
        ("overhead_ratio", 0.0),
        ("transfers_started", 3.0),
        ("transfers_done", 2.0),
        ("transfers_aborted", 1.0),
        ("drops_full", 0.0),
        ("drops_expired", 1.0),
        ("drops_released", 1.0),
        ("contacts", 3.0),
        ("contact_time_mean_s", 45.0),
        ("inter_contact_time_mean_s", 400.0),
        ("sessions", 1.0),
        ("session_time_mean_s", 50.0),
        ("sent_bytes", 1200.0),
        ("ghost_bytes", 200.0),
        ("control_bytes", 1000.0),
        ("buffer_bytes", 200.0),
        ("energy_j", 12.0),
        ("energy_device_j", 4.0),
        ("tracker_linking", 0.5),
    ];
    let figures = &summary.by_seed[&1];
    for (name, value) in expected {
        assert_eq!(figures.get(name), Some(&value), "{name}");
    }
    assert_eq!(figures.len(), expected.len());
    assert!(
        FIGURES
            .iter()
            .all(|figure| figures.contains_key(figure.name))
    );
}

#[test]
fn a_run_in_which_nobody_can_react_says_nothing_of_reactions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let output = Output::create(&path, run::identity(run::SCENARIO, &[1])).unwrap();
    let world = World {
        reacts: false,
        edits: false,
        deletions: false,
        receipts: false,
        files: false,
        parcels: false,
        groups: false,
        ..run::world(1)
    };
    let mut records = run::records(0);
    records.retain(|record| {
        !matches!(
            record,
            Record::Reaction(_)
                | Record::Edit(_)
                | Record::Deletion(_)
                | Record::Receipt(_)
                | Record::File(_)
                | Record::Parcel(_)
                | Record::GroupMessage(_)
                | Record::GroupDelivery(_)
        )
    });
    let mut writer = output.run(world).unwrap();
    run::write(&mut writer, records);
    let summary = output.finish(vec![writer.finish().unwrap()]).unwrap();
    let mut names = summary.over_seeds.keys();
    let deeds = [
        "reaction", "edit", "deletion", "receipt", "file", "voice", "parcel", "by_hand", "group",
    ];
    assert!(names.all(|name| !deeds.iter().any(|deed| name.contains(deed))));
    assert!(!Reaction::path(&run_directory(&path, 1)).exists());
    assert!(view(&path, 1).is_ok());
}

#[test]
fn over_seeds_there_is_a_mean_and_an_interval() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let summary = run::result(&path, run::SCENARIO, 0).unwrap();
    let delay = summary.over_seeds["delay_mean_s"];
    assert_eq!((delay.mean, delay.seeds), (210.0, 2));
    // Means 205 and 215, standard error 5, t of one degree of freedom 12.706.
    assert!((delay.low.unwrap() - (210.0 - 63.531)).abs() < 0.01);
    assert!((delay.high.unwrap() - (210.0 + 63.531)).abs() < 0.01);
    let alike = summary.over_seeds["delivery_ratio"];
    assert_eq!((alike.low, alike.high), (Some(0.5), Some(0.5)));
}

#[test]
fn a_summary_is_read_as_it_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let summary = run::result(&path, run::SCENARIO, 0).unwrap();
    assert_eq!(Summary::read(&path).unwrap(), summary);
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(path.join("summary.json")).unwrap()).unwrap();
    assert_eq!(json["over_seeds"]["delivered"]["mean"], 2.0);
    assert_eq!(json["by_seed"]["2"]["delay_mean_s"], 215.0);
    assert_eq!(json["identity"]["seeds"][1], 2);
}

#[test]
fn curves_end_where_the_figures_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let summary = run::result(&path, run::SCENARIO, 0).unwrap();
    let curves = &summary.curves[&1];
    let at = |seconds: f64| {
        curves
            .time_s
            .iter()
            .position(|time| *time == seconds)
            .unwrap()
    };
    assert_eq!(curves.delivery_ratio[at(0.0)], None);
    assert_eq!(curves.delivery_ratio[at(130.0)], Some(1.0 / 3.0));
    assert_eq!(curves.delivery_ratio[at(1000.0)], Some(0.5));
    assert_eq!(curves.overhead_ratio[at(405.0)], Some(0.0));
    assert_eq!(curves.buffer_bytes[at(600.0)], Some(400.0));
    assert_eq!(curves.buffer_bytes[at(605.0)], None);
    assert_eq!(curves.energy_j[at(600.0)], Some(4.0));
    let within = |seconds: f64| {
        let place = curves.duration_s.iter().position(|time| *time == seconds);
        (
            curves.delivered_within[place.unwrap()],
            curves.apart_longer[place.unwrap()],
        )
    };
    assert_eq!(within(1.0), (Some(0.0), Some(1.0)));
    assert_eq!(within(10.0), (Some(0.25), Some(1.0)));
    assert_eq!(within(1000.0), (Some(0.5), Some(0.0)));
}

#[test]
fn a_person_can_read_the_summary() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let summary = run::result(&path, run::SCENARIO, 0).unwrap();
    let text = fs::read_to_string(path.join("summary.txt")).unwrap();
    assert_eq!(text, summary.text());
    assert!(text.starts_with("by <hand>, scenario "), "{text}");
    assert!(text.contains("seeds 1, 2;"), "{text}");
    let line = |name: &str| {
        let line = text.lines().find(|line| line.trim().starts_with(name));
        line.unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        line("delay_mean_s"),
        "delay_mean_s 3.5 min 2.441 min to 4.559 min"
    );
    assert_eq!(line("tracker_linking"), "tracker_linking 0.5");
}
