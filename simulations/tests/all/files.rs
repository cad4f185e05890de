//! Files go with texts, load by themselves or when their readers ask, break off and go on.

use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::radio::{Carrier, Control};
use hedgerow_simulations::record::{Delivery, File, Message, Record, Sample};
use hedgerow_simulations::scenario::Scenario;
use hedgerow_simulations::world::{Choice, World};

use crate::reactions::{meeting, room};
use crate::support::threads;

/// A sealed chunk, and how much of the clear is in one (`docs/PROTOCOL.md` section 16).
const CHUNK: i64 = 262_144;
const CLEAR_CHUNK: i64 = CHUNK - 16;

/// Two people who stay together.
const TOGETHER: &str = "1 2 0 900\n";

fn world(scenario: &Scenario, seed: u64) -> World {
    scenario
        .check()
        .expect("the scenario does not contradict itself");
    World::new(scenario, seed, false).expect("the scenario can be run")
}

fn play(mut world: World) -> Vec<Record> {
    let mut records = Vec::new();
    while world.advance(&mut records, &mut Vec::new()) {}
    records
}

fn run(scenario: &Scenario, seed: u64) -> Outcome {
    Outcome::of(play(world(scenario, seed)))
}

/// What a run came to.
#[derive(Default)]
struct Outcome {
    messages: Vec<Message>,
    delivered: Vec<Delivery>,
    files: Vec<File>,
    samples: Vec<Sample>,
}

impl Outcome {
    fn of(records: Vec<Record>) -> Outcome {
        let mut outcome = Outcome::default();
        for record in records {
            match record {
                Record::Message(message) => outcome.messages.push(message),
                Record::Delivery(delivery) => outcome.delivered.push(delivery),
                Record::File(file) => outcome.files.push(file),
                Record::Sample(sample) => outcome.samples.push(sample),
                _ => {}
            }
        }
        outcome
    }

    /// All that came to a device over the air, as far as the last sample tells.
    fn received_bytes(&self, device: i32) -> i64 {
        let mut samples = self.samples.iter().rev();
        let last = samples.find(|sample| sample.device == device);
        last.expect("devices are sampled").received_bytes
    }
}

/// How many bytes a file has when it is sealed.
fn sealed(file: &File) -> i64 {
    file.bytes
        + 16 * (file.bytes + CLEAR_CHUNK - 1)
            .max(1)
            .div_euclid(CLEAR_CHUNK)
}

/// The two of [`meeting`], one of whom sends the other one file of this length, which is asked for.
fn one_file(times: &str, bytes: u64, rest: &str) -> (tempfile::TempDir, Scenario) {
    let files = format!(
        "[workload.files]
        share = 1
        sizes = [{{ shortest = {bytes}, longest = {bytes} }}]
        asks = {{ share = 1, delay-s = [5, 6] }}
        [outputs]
        sample-s = 5
        {rest}"
    );
    let (directory, mut scenario) = meeting(times, &files);
    let text = "every = { shortest-s = 5, longest-s = 5 }";
    scenario.workload[0].pace = toml::from_str(text).expect("it is well-formed");
    scenario.workload[0].until_s = Some(6.0);
    (directory, scenario)
}

fn the_file(outcome: &Outcome) -> &File {
    match &outcome.files[..] {
        [file] => file,
        files => panic!("{} files were sent", files.len()),
    }
}

#[test]
fn files_that_load_by_themselves_come_whole_when_people_stay_together() {
    let files =
        "files = { share = 0.4, captions = 0.5, sizes = [{ shortest = 0, longest = 20_000 }] }";
    let outcome = run(&room(4, files), 1);
    let texts = outcome.messages.len();
    assert!((25..55).contains(&(100 * outcome.files.len() / texts)));
    assert_eq!(outcome.delivered.len(), texts);
    let wordless = outcome.messages.iter().filter(|one| one.bytes == 0);
    assert!((30..70).contains(&(100 * wordless.count() / outcome.files.len())));
    for file in &outcome.files {
        assert!(file.delay_us > 0 && !file.asked, "{file:?}");
        assert_eq!(file.kept_bytes, sealed(file), "{file:?}");
        assert_eq!(file.sent_bytes, file.kept_bytes, "{file:?}");
    }
}

#[test]
fn files_are_as_long_and_as_many_as_the_scenario_says() {
    let files = "files = { share = 1, sizes = [
        { weight = 3, shortest = 100, longest = 200 },
        { shortest = 9_000, longest = 10_000 }] }";
    let outcome = run(&room(4, files), 1);
    assert_eq!(outcome.files.len(), outcome.messages.len());
    let (small, large): (Vec<_>, Vec<_>) = outcome.files.iter().partition(|one| one.bytes < 1_000);
    assert!(small.iter().all(|one| (100..=200).contains(&one.bytes)));
    assert!(
        large
            .iter()
            .all(|one| (9_000..=10_000).contains(&one.bytes))
    );
    let share = 100 * large.len() / outcome.files.len();
    assert!((15..35).contains(&share), "{share} % are large");
}

#[test]
fn a_larger_share_adds_files_and_changes_none() {
    let files = |share: f64| {
        let files = format!(
            "files = {{ share = {share:?}, sizes = [{{ shortest = 0, longest = 9_000 }}] }}"
        );
        let files = run(&room(3, &files), 1).files.into_iter();
        files
            .map(|one| (one.message, one.bytes))
            .collect::<Vec<_>>()
    };
    let (few, many) = (files(0.2), files(0.6));
    assert!(few.len() < many.len() && !few.is_empty());
    assert!(few.iter().all(|one| many.contains(one)));
}

/// Over Bluetooth nothing above 256 KiB loads by itself.
#[test]
fn what_does_not_load_by_itself_comes_when_its_reader_asks() {
    let (_directory, scenario) = one_file(TOGETHER, 300_000, "");
    let outcome = run(&scenario, 1);
    let file = the_file(&outcome);
    assert!(
        file.asked && file.delay_us > 10 * SECOND_US as i64,
        "{file:?}"
    );
    assert_eq!(file.kept_bytes, sealed(file));

    let mut scenario = scenario;
    if let Some(files) = &mut scenario.workload[0].files {
        files.asks = None;
    }
    let outcome = run(&scenario, 1);
    let file = the_file(&outcome);
    assert!(!file.asked);
    assert_eq!(
        (file.delay_us, file.sent_bytes, file.kept_bytes),
        (-1, 0, 0)
    );
    assert_eq!(outcome.delivered.len(), 1);
}

#[test]
fn nothing_of_a_file_leaves_for_a_reader_who_is_never_met_again() {
    let (_directory, mut scenario) = one_file("1 2 0 80\n", 1_000, "");
    scenario.workload[0].from_s = 100.0;
    scenario.workload[0].until_s = Some(106.0);
    let outcome = run(&scenario, 1);
    let file = the_file(&outcome);
    assert_eq!((file.delay_us, file.breaks), (-1, 0));
    assert_eq!((file.sent_bytes, file.kept_bytes), (0, 0));
    assert_eq!(outcome.delivered, []);
}

/// Half a minute together, half a minute apart, until the end.
fn by_halves() -> String {
    let meetings = (0..15).map(|minute| format!("1 2 {} {}\n", 60 * minute, 60 * minute + 30));
    meetings.collect()
}

#[test]
fn voice_notes_are_as_many_and_as_long_as_the_scenario_says_and_come_whole() {
    let files = "files = { share = 0.5, sizes = [{ shortest = 1, longest = 9 }],
        voice = { share = 0.5, seconds = [2, 10] } }";
    let outcome = run(&room(4, files), 1);
    let (voice, others): (Vec<_>, Vec<_>) = outcome.files.iter().partition(|file| file.voice);
    let share = 100 * voice.len() / outcome.files.len();
    assert!((30..70).contains(&share), "{share} % are voice notes");
    // Opus at 24 kbit/s: three kilobytes a second, and what Ogg adds.
    assert!(
        voice
            .iter()
            .all(|file| (6_000..32_000).contains(&file.bytes))
    );
    assert!(others.iter().all(|file| file.bytes < 10));
    assert!(outcome.files.iter().all(|file| file.delay_us > 0));
    let without_words = |file: &&&File| {
        let mut messages = outcome.messages.iter();
        messages.any(|one| one.message == file.message && one.bytes == 0)
    };
    assert_eq!(voice.iter().filter(without_words).count(), voice.len());
}

#[test]
fn a_file_that_its_author_takes_back_does_not_come() {
    let cancelled = |cancels: &str, bytes: u64| {
        let (_directory, mut scenario) = one_file(TOGETHER, bytes, "");
        if let Some(files) = &mut scenario.workload[0].files {
            files.cancels = Some(toml::from_str(cancels).expect("it is well-formed"));
        }
        let outcome = run(&scenario, 1);
        the_file(&outcome).clone()
    };
    let file = cancelled("share = 1\ndelay-s = [20, 21]", 3_000_000);
    assert!(file.cancelled && file.delay_us == -1, "{file:?}");
    assert!(
        file.kept_bytes > 0 && file.sent_bytes < file.bytes / 2,
        "{file:?}"
    );
    let file = cancelled("share = 1\ndelay-s = [200, 201]", 300_000);
    assert!(
        !file.cancelled && file.delay_us > 0,
        "it was whole: {file:?}"
    );
    let file = cancelled("share = 0\ndelay-s = [20, 21]", 3_000_000);
    assert!(!file.cancelled && file.delay_us > 0, "{file:?}");
}

#[test]
fn a_cut_link_loses_at_most_one_chunk_of_a_file() {
    for (carrier, bytes) in [(Carrier::Ble, 4_000_000), (Carrier::Lan, 5_000_000)] {
        let (_directory, mut scenario) = one_file(&by_halves(), bytes, "");
        scenario.radios[0].carrier = carrier;
        let outcome = run(&scenario, 1);
        let file = the_file(&outcome);
        assert!(file.delay_us > 0, "{file:?}");
        assert_eq!(file.kept_bytes, sealed(file));
        assert!(file.breaks >= 3, "{file:?}");
        assert_eq!(file.resumptions, file.breaks);
        // Records, requests and beginnings of sessions take less than a twentieth.
        let most = file.kept_bytes * 21 / 20 + i64::from(file.breaks) * CHUNK;
        let received = outcome.received_bytes(file.to);
        assert!(
            (file.kept_bytes..most).contains(&received),
            "{received} of {file:?}"
        );
    }
}

/// What is not durable goes again: at most what comes within two seconds.
#[test]
fn a_file_goes_on_after_power_cuts_and_on_a_disk_that_was_full() {
    for fault in [
        "[[faults]]\ncrash = { share = 1, at-s = 30, off-s = 20 }\n[[faults]]\ncrash = { share = 0.5, at-s = 70, off-s = 20 }",
        "[[faults]]\ndisk-full = { share = 0.5, from-s = 30, until-s = 90 }",
        "[[faults]]\nroll-back = { share = 0.5, kept-s = 30, at-s = 60 }",
    ] {
        for seed in 1..=3 {
            let (_directory, scenario) = one_file(TOGETHER, 3_000_000, fault);
            let outcome = run(&scenario, seed);
            let file = the_file(&outcome);
            assert!(file.delay_us > 0, "seed {seed}, {fault}: {file:?}");
            assert_eq!(file.kept_bytes, sealed(file));
        }
    }
}

/// A file that takes minutes, and texts meanwhile.
#[test]
fn texts_overtake_a_file() {
    let texts = "[[workload]]
        what = 'texts'
        pace.every = { shortest-s = 1, longest-s = 4 }
        length = { shortest = 20, longest = 200 }
        from-s = 20
        until-s = 80";
    let (_directory, scenario) = one_file(TOGETHER, 3_000_000, texts);
    let outcome = run(&scenario, 1);
    let file = the_file(&outcome);
    assert!(file.delay_us > 70 * SECOND_US as i64, "{file:?}");
    let beside: Vec<_> = outcome
        .delivered
        .iter()
        .filter(|one| one.beside_file)
        .collect();
    assert!(beside.len() >= 8, "{} texts", beside.len());
    for delivery in beside {
        assert_eq!((delivery.from, delivery.to), (file.from, file.to));
        assert!(delivery.delay_us < SECOND_US as i64, "{delivery:?}");
    }
}

/// Twelve people who walk, with files that seldom come in one piece.
fn walk() -> Scenario {
    let files =
        "files = { share = 0.3, captions = 0.5, sizes = [{ shortest = 10_000, longest = 900_000 }],
            asks = { share = 0.8, delay-s = [5, 60] } }
        [[faults]]
        crash = { share = 0.3, at-s = 200, off-s = 20 }";
    let mut scenario = room(12, files);
    let hedgerow_simulations::scenario::Movement::Mobility(movement) = &mut scenario.movement
    else {
        panic!("they walk");
    };
    movement.area.width_m = 120.0;
    movement.area.height_m = 120.0;
    scenario.duration_s = 600.0;
    scenario
}

#[test]
fn the_same_seed_gives_the_same_files_on_any_number_of_threads() {
    let scenario = walk();
    let on = |threads, seed| threads::on(threads, || play(world(&scenario, seed)));
    let one = on(1, 1);
    assert_eq!(one, on(2, 1));
    let files = Outcome::of(one).files;
    assert!(files.iter().any(|one| one.delay_us >= 0));
    assert!(files.iter().any(|one| one.breaks > 0));
    assert_ne!(files, Outcome::of(on(2, 2)).files);
}

#[test]
fn a_run_that_is_stopped_amid_files_goes_on_to_the_same_records() {
    let mut scenario = walk();
    scenario.checkpoint_every_s = Some(100.0);
    let whole = play(world(&scenario, 1));
    let mut begun = world(&scenario, 1);
    let (mut records, mut stops) = (Vec::new(), 0);
    while begun.advance(&mut records, &mut Vec::new()) {
        if !begun.is_at_checkpoint() {
            continue;
        }
        stops += 1;
        let checkpoint = begun.save().expect("the world is at a checkpoint");
        let resumed = World::resume(&scenario, 1, false, &checkpoint).expect("it is this world's");
        let mut all = records.clone();
        all.extend(play(resumed));
        assert!(all == whole, "stopped at {:?}", begun.progress());
    }
    assert_eq!(stops, 5);
    let files = Outcome::of(whole).files;
    assert!(
        files
            .iter()
            .any(|one| one.resumptions > 0 && one.delay_us >= 0)
    );
}

#[test]
fn files_take_no_memory_for_what_is_in_them() {
    let (_directory, mut scenario) = one_file(TOGETHER, 60_000_000, "");
    scenario.radios[0].carrier = Carrier::Lan;
    scenario.radios[0].rate_bytes_s = 10_000_000.0;
    scenario.checkpoint_every_s = Some(60.0);
    let mut world = world(&scenario, 1);
    let mut records = Vec::new();
    let mut sizes = Vec::new();
    while world.advance(&mut records, &mut Vec::new()) {
        if world.is_at_checkpoint() {
            sizes.push(world.save().expect("the world is at a checkpoint").len());
        }
    }
    assert!(the_file(&Outcome::of(records)).delay_us > 0);
    let most = sizes.into_iter().max();
    assert!(most.is_some_and(|bytes| bytes < 300_000), "{most:?}");
}

#[test]
fn files_that_cannot_be_are_refused_with_the_reason() {
    let size = "sizes = [{ shortest = 1, longest = 2 }]";
    for (files, words) in [
        (format!("share = 1.1, {size}"), "share of files"),
        (format!("share = nan, {size}"), "share of files"),
        (
            format!("share = 1, captions = 2, {size}"),
            "share of captions",
        ),
        ("share = 1, sizes = []".to_owned(), "at least one range"),
        (
            "share = 1, sizes = [{ shortest = 2, longest = 1 }]".to_owned(),
            "shortest to the longest",
        ),
        (
            "share = 1, sizes = [{ shortest = 0, longest = 2_147_483_649 }]".to_owned(),
            "at most 2147483648",
        ),
        (
            "share = 1, sizes = [{ weight = 0, shortest = 1, longest = 2 }]".to_owned(),
            "weight",
        ),
        (
            format!("share = 1, asks = {{ share = 1, delay-s = [4, 60] }}, {size}"),
            "window-s, 5",
        ),
        (
            format!("share = 1, asks = {{ share = 2, delay-s = [5, 60] }}, {size}"),
            "asks for files",
        ),
    ] {
        let said = room(2, &format!("files = {{ {files} }}")).check();
        let said = said.expect_err(&files).to_string();
        assert!(said.contains(words), "{files}: {said}");
    }
    let files = format!("files = {{ share = 1, {size} }}");
    let mut loads = room(2, &format!("{files}\n[courier]"));
    loads.workload[0].what = Choice::Loads;
    let said = loads.check().expect_err("loads").to_string();
    assert!(said.contains("no files go with loads"), "{said}");
    let mut free = room(2, &files);
    free.radios[0].control = Control::Free;
    let said = free.check().expect_err("free").to_string();
    assert!(
        said.contains("bluetooth") && said.contains("control"),
        "{said}"
    );
    let unknown = "what = 'texts'\npace.poisson = { per-hour = 1 }\nlength = { shortest = 1, longest = 2 }\nfiles = { share = 1, size = 3 }";
    let said = toml::from_str::<hedgerow_simulations::world::Workload>(unknown);
    let said = said.expect_err("no such key").to_string();
    assert!(said.contains("size") && said.contains("sizes"), "{said}");
}
