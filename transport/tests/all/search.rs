//! The search for contacts whose clocks have changed (`docs/PROTOCOL.md` section 11).

use hedgerow_transport::beacon::{EPOCH_MS, Epoch};
use hedgerow_transport::carrier::CarrierKind::Ble;
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::keys::BeaconKey;
use hedgerow_transport::search::{
    Found, SEARCH_INTERVAL_MS, SEARCH_LONGEST_MS, SEARCH_NEAR_EPOCHS, SEARCH_STEP_EPOCHS, Search,
    Sought, Unrecognised,
};

const NOW_MS: i64 = 1_800_000_000_000;

/// Runs each step as soon as it is due.
struct Searcher {
    keys: Vec<BeaconKey>,
    search: Search<usize>,
    unrecognised: Unrecognised,
    began_ms: u64,
    /// Times of the steps.
    steps: Vec<u64>,
}

impl Searcher {
    fn new(contacts: u8) -> Self {
        let mut search = Search::default();
        search.begin(0);
        Self {
            keys: (1..=contacts).map(key).collect(),
            search,
            unrecognised: Unrecognised::new(),
            began_ms: 0,
            steps: Vec::new(),
        }
    }

    /// A contact announces itself with a clock that is `ahead` epochs ahead of the expected time.
    fn near(&mut self, contact: usize, ahead: i64) {
        let epoch = Epoch::at(NOW_MS).0.checked_add_signed(ahead);
        let epoch = Epoch(epoch.expect("after 1970"));
        let beacon = self.keys[contact].beacon(Ble, epoch);
        self.unrecognised.entry(Ble).or_default().insert(beacon);
    }

    fn step(&mut self) -> Option<Found<usize>> {
        let sought: Vec<_> = self
            .keys
            .iter()
            .enumerate()
            .map(|(who, key)| Sought {
                who,
                key,
                offset_ms: 7,
            })
            .collect();
        let now_ms = self.search.due_ms();
        self.steps.push(now_ms);
        self.search.step(
            now_ms,
            NOW_MS,
            Cryptography::Real,
            &sought,
            &self.unrecognised,
        )
    }

    /// Searches until it finds a contact; returns it and the epochs it is ahead.
    fn found(&mut self) -> (usize, i64) {
        for _ in 0..1_000 {
            if let Some(found) = self.step() {
                assert_eq!((found.offset_ms - 7) % EPOCH_MS, 0);
                return (found.who, (found.offset_ms - 7) / EPOCH_MS);
            }
        }
        panic!("nobody was found");
    }

    /// The pauses before steps, in minutes.
    fn pauses(&self) -> Vec<u64> {
        let before = std::iter::once(&self.began_ms).chain(&self.steps);
        let pauses = self
            .steps
            .iter()
            .zip(before)
            .map(|(step, before)| step - before);
        pauses.map(|pause| pause / SEARCH_INTERVAL_MS).collect()
    }
}

fn key(name: u8) -> BeaconKey {
    BeaconKey::from_bytes([name; 32])
}

#[test]
fn any_contact_with_a_clock_off_by_hours_is_found_in_the_first_step() {
    for ahead in [-4, 4, -(SEARCH_NEAR_EPOCHS as i64) + 1] {
        let mut searcher = Searcher::new(40);
        searcher.near(39, ahead);
        assert_eq!(searcher.found(), (39, ahead));
        assert_eq!(searcher.steps, [SEARCH_INTERVAL_MS]);
    }
}

#[test]
fn clocks_off_by_years_are_found_the_nearest_year_of_every_contact_first() {
    for (ahead, steps) in [(20_000, 3), (-20_000, 3), (1_000, 1), (70_000, 7)] {
        let mut searcher = Searcher::new(2);
        searcher.near(0, ahead);
        assert_eq!(searcher.found(), (0, ahead));
        assert_eq!(searcher.steps.len(), steps, "{ahead} epochs ahead");
    }
    let mut searcher = Searcher::new(2);
    searcher.near(1, 1_000);
    assert_eq!(searcher.found(), (1, 1_000));
    assert_eq!(searcher.steps.len(), 2);
}

#[test]
fn a_search_that_finds_nobody_slows_down_to_a_step_an_hour_and_never_ends() {
    let mut searcher = Searcher::new(1);
    for _ in 0..12 {
        assert_eq!(searcher.step(), None);
    }
    assert_eq!(
        searcher.pauses(),
        [1, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    );
    assert_eq!(SEARCH_LONGEST_MS, 60 * SEARCH_INTERVAL_MS);
    // After all years the search starts again.
    for _ in 0..130 {
        assert_eq!(searcher.step(), None);
    }
    searcher.near(0, 40_000);
    assert_eq!(searcher.found(), (0, 40_000));
}

#[test]
fn a_reason_to_doubt_clocks_searches_the_nearest_year_of_everybody_at_a_step_a_minute_once() {
    let mut searcher = Searcher::new(10);
    for _ in 0..40 {
        searcher.step();
    }
    searcher.began_ms = *searcher.steps.last().expect("there were steps");
    searcher.steps.clear();
    searcher.search.doubt(searcher.began_ms);
    for _ in 0..14 {
        searcher.step();
        // During a pass a second reason changes nothing.
        if searcher.steps.len() < 10 {
            searcher.search.doubt(searcher.began_ms);
        }
    }
    assert_eq!(
        searcher.pauses(),
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4]
    );
    searcher
        .search
        .doubt(*searcher.steps.last().expect("there were steps"));
    searcher.near(9, -(SEARCH_STEP_EPOCHS as i64 / 2 - 1));
    searcher.steps.clear();
    assert_eq!(searcher.found().0, 9);
    assert_eq!(searcher.steps.len(), 10);
}

#[test]
fn a_search_among_nobody_finds_nobody_and_keeps_its_pauses() {
    let mut searcher = Searcher::new(0);
    for _ in 0..4 {
        assert_eq!(searcher.step(), None);
    }
    assert_eq!(searcher.pauses(), [1, 1, 2, 4]);
}
