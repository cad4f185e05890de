//! When to dial which device (`docs/PROTOCOL.md` section 13).
//!
//! A target is a device of a contact, or the maker of an invitation that we are joining. We try the addresses of a
//! beacon once, after a short random pause. If no link came up, or it was cut, we try them again when the beacon is
//! still there after a longer pause. We try known addresses in rounds, the best first, with a growing pause between
//! rounds. A target has one attempt at a time, all targets together a few.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::beacon::EPOCH_MS;
use hedgerow_transport::carrier::{CarrierKind, DialId};
use rand_core::Rng;

use super::endpoint::{Endpoint, MAX_ADDRESSES};
use crate::engine::invitation::InvitationKey;
use crate::engine::rng;

/// The most attempts under way at once.
pub(crate) const MAX_DIALS: usize = 4;

/// The longest random pause before a beacon is answered by a dial.
const BEACON_PAUSE_MS: u64 = 2_000;

/// The pause after the first round of known addresses that failed.
const FIRST_PAUSE_MS: u64 = 2_000;

/// The longest pause between two rounds.
const LONGEST_PAUSE_MS: u64 = 600_000;

/// How long after its beacon was seen a target counts as seen near: one epoch. A device that leaves properly withdraws
/// its beacon earlier.
const SIGHTED_MS: u64 = EPOCH_MS as u64;

/// The device or the inviter to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A device of a contact.
    Device(DeviceId),
    /// The maker of an invitation.
    Inviter(InvitationKey),
}

/// The plan for one target.
#[derive(Debug, Default)]
struct Prospect {
    /// Addresses of a beacon that are left to try, and when to start.
    beacon: VecDeque<Endpoint>,
    beacon_due_ms: u64,
    /// The beacon that we answered last. We answer none twice, unless no link came up or it was cut.
    answered: Option<[u8; 8]>,
    /// Earliest retry of that beacon, in this case.
    again_ms: Option<u64>,
    /// The beacon by which each carrier has seen the target, and until when that counts. It decides only what the user
    /// sees, because anybody can replay a beacon or withdraw another device's.
    sighted: BTreeMap<CarrierKind, ([u8; 8], u64)>,
    /// What is left of the present round.
    round: VecDeque<Endpoint>,
    /// When the next known address is due; `None` after a round that found nothing to try.
    round_due_ms: Option<u64>,
    /// Rounds that failed in a row.
    failed_rounds: u32,
    /// Whether an attempt is under way: a dial, then the link that it made, until the link is proven or fails.
    busy: bool,
}

/// One attempt.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// Who is dialled.
    pub target: Target,
    /// Where.
    pub endpoint: Endpoint,
    /// Whether its beacon was seen there.
    pub sighted: bool,
    /// Whether there is a session already, which this attempt moves there.
    pub moves: bool,
}

/// The prospects of reaching a target, from which the API gives one plain reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It is not seen near, and does not answer at known addresses, if there are any.
    NotFound,
    /// An attempt is under way or due at once.
    Connecting,
    /// It is seen near but does not answer; the next round is due at this time (monotonic milliseconds).
    Waiting(u64),
}

/// All plans.
#[derive(Debug)]
pub(crate) struct Dialling {
    /// The plan for each wanted target. `None` until there is something to plan, because most contacts are far away.
    prospects: BTreeMap<Target, Option<Box<Prospect>>>,
    /// The due times of the targets that have one, so that targets with nothing due cost nothing.
    due: BTreeSet<(u64, Target)>,
    /// The number of targets with an attempt under way.
    busy: usize,
    dials: BTreeMap<DialId, Attempt>,
    next_dial: u64,
    beacon_pause_ms: u64,
}

impl Default for Dialling {
    fn default() -> Dialling {
        Dialling {
            prospects: BTreeMap::new(),
            due: BTreeSet::new(),
            busy: 0,
            dials: BTreeMap::new(),
            next_dial: 0,
            beacon_pause_ms: BEACON_PAUSE_MS,
        }
    }
}

impl Dialling {
    /// From now on, answers beacons after at most this pause.
    #[cfg(feature = "simulation")]
    pub fn set_beacon_pause(&mut self, longest_ms: u64) {
        self.beacon_pause_ms = longest_ms;
    }

    /// Wants a session with this target from now on.
    pub fn want(&mut self, target: Target, now_ms: u64) {
        if let Entry::Vacant(vacant) = self.prospects.entry(target) {
            vacant.insert(Some(Box::new(Prospect {
                round_due_ms: Some(now_ms),
                ..Prospect::default()
            })));
            self.due.insert((now_ms, target));
        }
    }

    /// As [`want`](Self::want), for a target without known endpoints: nothing is due before a beacon is seen or an
    /// endpoint becomes known.
    pub fn wait_for(&mut self, target: Target) {
        self.prospects.entry(target).or_default();
    }

    /// Changes one plan, and updates its due time.
    fn change<T>(&mut self, target: Target, change: impl FnOnce(&mut Prospect) -> T) -> Option<T> {
        let prospect = self.prospects.get_mut(&target)?.get_or_insert_default();
        let before = (prospect.due_ms(), prospect.busy);
        let changed = change(prospect);
        let after = (prospect.due_ms(), prospect.busy);
        if before != after {
            self.count_out(target, before);
            if let Some(due_ms) = after.0 {
                self.due.insert((due_ms, target));
            }
            self.busy += usize::from(after.1);
        }
        Some(changed)
    }

    fn count_out(&mut self, target: Target, (due_ms, busy): (Option<u64>, bool)) {
        if let Some(due_ms) = due_ms {
            self.due.remove(&(due_ms, target));
        }
        self.busy -= usize::from(busy);
    }

    /// Wants no session with this target any more: there is one, or the target is gone. Forgets attempts under way.
    pub fn drop_target(&mut self, target: Target) {
        if let Some(Some(prospect)) = self.prospects.remove(&target) {
            self.count_out(target, (prospect.due_ms(), prospect.busy));
        }
        self.dials.retain(|_, attempt| attempt.target != target);
    }

    /// The target's beacon was seen at these endpoints.
    pub fn seen(
        &mut self,
        target: Target,
        beacon: [u8; 8],
        endpoints: impl IntoIterator<Item = Endpoint>,
        now_ms: u64,
        rng: &mut (impl Rng + ?Sized),
    ) {
        let longest_ms = self.beacon_pause_ms;
        let endpoints: VecDeque<Endpoint> = endpoints.into_iter().take(MAX_ADDRESSES).collect();
        self.change(target, |prospect| {
            if let Some(endpoint) = endpoints.front() {
                let sighted = (beacon, now_ms + SIGHTED_MS);
                prospect.sighted.insert(endpoint.carrier, sighted);
            }
            let earliest_ms = match prospect.answered == Some(beacon) {
                true => prospect.again_ms.take(),
                false => Some(now_ms),
            };
            let Some(earliest_ms) = earliest_ms else {
                return;
            };
            prospect.answered = Some(beacon);
            prospect.again_ms = None;
            prospect.beacon = endpoints;
            prospect.beacon_due_ms = earliest_ms.max(now_ms + rng::between(rng, 0, longest_ms));
        });
    }

    /// The target's beacon was withdrawn on a carrier. Anybody who hears a beacon can claim that, so it changes only
    /// what the user sees: the dials go on as before.
    pub fn withdrawn(&mut self, target: Target, carrier: CarrierKind, beacon: [u8; 8]) {
        let prospect = self.prospects.get_mut(&target).and_then(Option::as_mut);
        if let Some(prospect) = prospect
            && prospect
                .sighted
                .get(&carrier)
                .is_some_and(|(seen, _)| *seen == beacon)
        {
            prospect.sighted.remove(&carrier);
        }
    }

    /// The network here, or the choice of relays, has changed: begins a fresh round for every target with known
    /// endpoints.
    pub fn refresh(&mut self, now_ms: u64, is_way_known: impl Fn(Target) -> bool) {
        let targets = self.prospects.iter();
        let targets = targets.map(|(target, prospect)| {
            let due_ms = is_way_known(*target).then_some(now_ms);
            (*target, due_ms, prospect.is_some())
        });
        let targets = targets.filter(|(_, due_ms, is_planned)| due_ms.is_some() || *is_planned);
        let targets: Vec<_> = targets.collect();
        for (target, due_ms, _) in targets {
            self.change(target, |prospect| {
                prospect.sighted.clear();
                prospect.refresh(due_ms);
            });
        }
    }

    /// As [`refresh`](Self::refresh), for one target with known endpoints.
    pub fn refresh_target(&mut self, target: Target, now_ms: u64) {
        self.change(target, |prospect| prospect.refresh(Some(now_ms)));
    }

    /// A message waits for this target: if it is between two rounds, the next begins now.
    pub fn hurry(&mut self, target: Target, now_ms: u64) {
        self.change(target, |prospect| {
            if let Some(due) = &mut prospect.round_due_ms {
                *due = now_ms.min(*due);
            }
        });
    }

    /// Starts the attempts that are due. `known` gives the known endpoints of a target, the best first; `usable` says
    /// whether a carrier works.
    pub fn start(
        &mut self,
        now_ms: u64,
        known: &dyn Fn(Target) -> Vec<Endpoint>,
        usable: &dyn Fn(CarrierKind) -> bool,
    ) -> Vec<(DialId, Endpoint)> {
        let mut started = Vec::new();
        if self.next_wake_ms().is_none_or(|due_ms| due_ms > now_ms) {
            return started;
        }
        let due = self.due.iter().take_while(|(due_ms, _)| *due_ms <= now_ms);
        let mut targets: Vec<Target> = due.map(|(_, target)| *target).collect();
        targets.sort_unstable();
        for target in targets {
            if self.busy >= MAX_DIALS {
                break;
            }
            let next = self.change(target, |prospect| {
                let next = prospect.next(now_ms, &|| known(target), usable);
                prospect.busy = next.is_some();
                next
            });
            let Some((endpoint, sighted)) = next.flatten() else {
                continue;
            };
            let dial = DialId(self.next_dial);
            self.next_dial += 1;
            let attempt = Attempt {
                target,
                endpoint: endpoint.clone(),
                sighted,
                moves: false,
            };
            self.dials.insert(dial, attempt);
            started.push((dial, endpoint));
        }
        started
    }

    /// Makes one attempt, beside the plan, to move a session with this target to another endpoint.
    pub fn move_to(&mut self, target: Target, endpoint: Endpoint) -> DialId {
        let dial = DialId(self.next_dial);
        self.next_dial += 1;
        let attempt = Attempt {
            target,
            endpoint,
            sighted: false,
            moves: true,
        };
        self.dials.insert(dial, attempt);
        dial
    }

    /// The carrier has made a link of this attempt, which stays busy until [`ended`](Self::ended).
    pub fn up(&mut self, dial: DialId) -> Option<Attempt> {
        self.dials.remove(&dial)
    }

    /// The carrier could not make a link of this attempt. Gives the attempt, and whether it was the last of its round.
    pub fn failed(
        &mut self,
        dial: DialId,
        now_ms: u64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Option<(Attempt, bool)> {
        let attempt = self.dials.remove(&dial)?;
        let round_over = self.cut(&attempt, now_ms, rng);
        Some((attempt, round_over))
    }

    /// As [`ended`](Self::ended), if no link came up or it was cut: we answer the same beacon again if it is still seen
    /// after the pause.
    pub fn cut(&mut self, attempt: &Attempt, now_ms: u64, rng: &mut (impl Rng + ?Sized)) -> bool {
        let round_over = self.ended(attempt, now_ms, rng);
        if attempt.sighted && round_over {
            self.change(attempt.target, |prospect| {
                prospect.again_ms = prospect.round_due_ms;
            });
        }
        round_over
    }

    /// An attempt ended without a session. True if it was the last of its round. An attempt beside the plan changes
    /// nothing in the plan.
    pub fn ended(&mut self, attempt: &Attempt, now_ms: u64, rng: &mut (impl Rng + ?Sized)) -> bool {
        if attempt.moves {
            return false;
        }
        let round_over = self.change(attempt.target, |prospect| {
            prospect.busy = false;
            let round_over = prospect.round.is_empty() && prospect.beacon.is_empty();
            if round_over {
                let pause =
                    (FIRST_PAUSE_MS << prospect.failed_rounds.min(16)).min(LONGEST_PAUSE_MS);
                prospect.failed_rounds += 1;
                let jittered = rng::between(rng, pause / 2, pause);
                prospect.round_due_ms = Some(now_ms + jittered);
            }
            round_over
        });
        round_over.unwrap_or(false)
    }

    /// Whether an attempt to reach a target over a carrier is under way.
    pub fn is_dialling(&self, target: Target, carrier: CarrierKind) -> bool {
        let mut under_way = self.dials.values();
        under_way.any(|attempt| attempt.target == target && attempt.endpoint.carrier == carrier)
    }

    /// Whether a target is seen near over a carrier.
    pub fn is_sighted(&self, target: Target, carrier: CarrierKind, now_ms: u64) -> bool {
        let prospect = self.prospects.get(&target).and_then(Option::as_ref);
        let sighted = prospect.and_then(|prospect| prospect.sighted.get(&carrier));
        sighted.is_some_and(|(_, until_ms)| now_ms < *until_ms)
    }

    /// The prospects of reaching a target.
    pub fn outlook(&self, target: Target, now_ms: u64) -> Outlook {
        match self.prospects.get(&target).and_then(Option::as_ref) {
            None => Outlook::NotFound,
            Some(prospect) if prospect.busy || !prospect.beacon.is_empty() => Outlook::Connecting,
            Some(prospect) => match prospect.round_due_ms {
                None => Outlook::NotFound,
                Some(due) if due <= now_ms => Outlook::Connecting,
                Some(due) if prospect.is_sighted(now_ms) => Outlook::Waiting(due),
                Some(_) => Outlook::NotFound,
            },
        }
    }

    /// When the next attempt is due (monotonic milliseconds).
    pub fn next_wake_ms(&self) -> Option<u64> {
        if self.busy >= MAX_DIALS {
            return None;
        }
        self.due.first().map(|(due_ms, _)| *due_ms)
    }
}

impl Prospect {
    fn is_sighted(&self, now_ms: u64) -> bool {
        let mut sighted = self.sighted.values();
        sighted.any(|(_, until_ms)| now_ms < *until_ms)
    }

    fn refresh(&mut self, due_ms: Option<u64>) {
        self.failed_rounds = 0;
        self.answered = None;
        self.again_ms = None;
        self.round.clear();
        self.round_due_ms = due_ms;
    }

    /// When there is something to try; `None` while an attempt is under way.
    fn due_ms(&self) -> Option<u64> {
        if self.busy {
            return None;
        }
        let beacon = (!self.beacon.is_empty()).then_some(self.beacon_due_ms);
        [beacon, self.round_due_ms].into_iter().flatten().min()
    }

    /// The endpoint to try next, and whether a beacon was seen there.
    fn next(
        &mut self,
        now_ms: u64,
        known: &dyn Fn() -> Vec<Endpoint>,
        usable: &dyn Fn(CarrierKind) -> bool,
    ) -> Option<(Endpoint, bool)> {
        if self.beacon_due_ms <= now_ms
            && let Some(endpoint) = next_usable(&mut self.beacon, usable)
        {
            return Some((endpoint, true));
        }
        if self.round_due_ms.is_none_or(|due| due > now_ms) {
            return None;
        }
        let left = next_usable(&mut self.round, usable);
        let endpoint = left.or_else(|| {
            // Leave out endpoints of carriers that do not work now: `ended` takes the round as over when none is left.
            self.round = known().into();
            self.round.retain(|endpoint| usable(endpoint.carrier));
            self.round.pop_front()
        });
        if endpoint.is_none() {
            self.round_due_ms = None;
        }
        Some((endpoint?, false))
    }
}

fn next_usable(
    endpoints: &mut VecDeque<Endpoint>,
    usable: &dyn Fn(CarrierKind) -> bool,
) -> Option<Endpoint> {
    while let Some(endpoint) = endpoints.pop_front() {
        if usable(endpoint.carrier) {
            return Some(endpoint);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use hedgerow_transport::carrier::Address;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        Endpoint {
            carrier: CarrierKind::Memory,
            address: Address(text.to_owned()),
        }
    }

    fn target(number: u8) -> Target {
        Target::Device(DeviceId([number; 16]))
    }

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }

    fn start(dialling: &mut Dialling, now_ms: u64) -> Vec<(DialId, Endpoint)> {
        dialling.start(
            now_ms,
            &|_| vec![endpoint("first"), endpoint("second")],
            &|_| true,
        )
    }

    fn fail(dialling: &mut Dialling, dial: DialId, now_ms: u64, rng: &mut ChaCha20Rng) {
        dialling
            .failed(dial, now_ms, rng)
            .expect("the attempt was under way");
    }

    #[test]
    fn known_addresses_are_tried_best_first_and_one_at_a_time() {
        let mut dialling = Dialling::default();
        dialling.want(target(1), 0);
        let started = start(&mut dialling, 0);
        assert_eq!(started.len(), 1);
        assert_eq!(started[0].1, endpoint("first"));
        assert!(start(&mut dialling, 0).is_empty());
        fail(&mut dialling, started[0].0, 0, &mut rng());
        assert_eq!(start(&mut dialling, 0)[0].1, endpoint("second"));
    }

    #[test]
    fn a_round_is_over_when_what_is_left_of_it_cannot_be_used_and_another_follows() {
        let mut dialling = Dialling::default();
        let elsewhere = Endpoint {
            carrier: CarrierKind::Lan,
            ..endpoint("second")
        };
        let endpoints = [endpoint("first"), elsewhere];
        let mut is_lan_on = false;
        let start = |dialling: &mut Dialling, now_ms, is_lan_on: bool| {
            let usable = |kind| kind != CarrierKind::Lan || is_lan_on;
            dialling.start(now_ms, &|_| endpoints.to_vec(), &usable)
        };
        dialling.want(target(1), 0);
        let mut now_ms = 0;
        for _ in 0..3 {
            let started = start(&mut dialling, now_ms, is_lan_on);
            assert_eq!(started[0].1, endpoints[0]);
            fail(&mut dialling, started[0].0, now_ms, &mut rng());
            now_ms = dialling.next_wake_ms().expect("another round is due");
        }
        is_lan_on = true;
        let started = start(&mut dialling, now_ms, is_lan_on);
        fail(&mut dialling, started[0].0, now_ms, &mut rng());
        // The carrier is switched off in the middle of a round.
        let started = start(&mut dialling, now_ms, false);
        assert_eq!(started[0].1, endpoints[0]);
    }

    #[test]
    fn the_pause_between_rounds_grows_to_its_limit_and_a_change_of_network_ends_it() {
        let mut dialling = Dialling::default();
        let mut rng = rng();
        dialling.want(target(1), 0);
        let mut now_ms = 0;
        let mut pauses = Vec::new();
        for _ in 0..14 {
            for _ in 0..2 {
                let (dial, _) = start(&mut dialling, now_ms).remove(0);
                fail(&mut dialling, dial, now_ms, &mut rng);
            }
            let due = dialling.next_wake_ms().expect("another round is due");
            pauses.push(due - now_ms);
            now_ms = due;
        }
        assert!((FIRST_PAUSE_MS / 2..=FIRST_PAUSE_MS).contains(&pauses[0]));
        let last = *pauses.last().expect("there were rounds");
        assert!((LONGEST_PAUSE_MS / 2..=LONGEST_PAUSE_MS).contains(&last));
        let (dial, _) = start(&mut dialling, now_ms).remove(0);
        fail(&mut dialling, dial, now_ms, &mut rng);
        dialling.refresh(now_ms, |_| true);
        assert_eq!(dialling.next_wake_ms(), Some(now_ms));
    }

    #[test]
    fn one_beacon_causes_one_dial_after_a_random_pause() {
        let mut dialling = Dialling::default();
        let mut rng = rng();
        dialling.want(target(1), 0);
        assert!(dialling.start(0, &|_| Vec::new(), &|_| true).is_empty());
        assert_eq!(dialling.outlook(target(1), 0), Outlook::NotFound);
        dialling.seen(target(1), [7; 8], [endpoint("near")], 0, &mut rng);
        let due = dialling.next_wake_ms().expect("the beacon is answered");
        assert!(due <= BEACON_PAUSE_MS);
        let (dial, to) = dialling.start(due, &|_| Vec::new(), &|_| true).remove(0);
        assert_eq!(to, endpoint("near"));
        let attempt = dialling.up(dial).expect("it was under way");
        dialling.ended(&attempt, due, &mut rng);
        dialling.seen(target(1), [7; 8], [endpoint("near")], due, &mut rng);
        let later = due + LONGEST_PAUSE_MS;
        assert!(dialling.start(later, &|_| Vec::new(), &|_| true).is_empty());
    }

    #[test]
    fn a_beacon_that_no_session_could_come_of_is_answered_again_after_a_pause_that_grows() {
        let mut dialling = Dialling::default();
        let mut rng = rng();
        dialling.want(target(1), 0);
        let nothing_known = |dialling: &mut Dialling, now_ms| {
            let started = dialling.start(now_ms, &|_| Vec::new(), &|_| true);
            started.first().map(|(dial, _)| *dial)
        };
        assert_eq!(nothing_known(&mut dialling, 0), None);
        let (mut now_ms, mut pause_ms) = (0, 0);
        for links in [false, true, false, true] {
            dialling.seen(target(1), [7; 8], [endpoint("near")], now_ms, &mut rng);
            let due_ms = dialling.next_wake_ms().expect("it is answered");
            assert!(due_ms >= now_ms + pause_ms, "{due_ms}");
            let dial = nothing_known(&mut dialling, due_ms).expect("it is due");
            if links {
                let attempt = dialling.up(dial).expect("it was under way");
                dialling.cut(&attempt, due_ms, &mut rng);
            } else {
                fail(&mut dialling, dial, due_ms, &mut rng);
            }
            (now_ms, pause_ms) = (due_ms, 2 * pause_ms.max(FIRST_PAUSE_MS / 4));
        }
        assert_eq!(
            nothing_known(&mut dialling, now_ms + LONGEST_PAUSE_MS),
            None
        );
    }

    #[test]
    fn a_target_that_nobody_sees_is_not_found_and_tried_again_all_the_same() {
        let (mut dialling, mut rng) = (Dialling::default(), rng());
        dialling.want(target(1), 0);
        for _ in 0..2 {
            let (dial, _) = start(&mut dialling, 0).remove(0);
            fail(&mut dialling, dial, 0, &mut rng);
        }
        assert_eq!(dialling.outlook(target(1), 0), Outlook::NotFound);
        let due_ms = dialling.next_wake_ms().expect("another round is due");
        assert!(due_ms <= FIRST_PAUSE_MS);
        assert_eq!(dialling.outlook(target(1), due_ms), Outlook::Connecting);
    }

    /// Somebody else withdrew the beacon: the planned dials happen at their planned times.
    #[test]
    fn a_beacon_that_is_taken_back_changes_what_is_shown_and_no_attempt() {
        let of = |forged: &[[u8; 8]]| {
            let (mut dialling, mut rng) = (Dialling::default(), rng());
            dialling.wait_for(target(1));
            dialling.seen(target(1), [7; 8], [endpoint("near")], 0, &mut rng);
            for beacon in forged {
                dialling.withdrawn(target(1), CarrierKind::Memory, *beacon);
                dialling.withdrawn(target(2), CarrierKind::Memory, *beacon);
            }
            let due_ms = dialling.next_wake_ms().expect("it is answered");
            let (dial, to) = dialling.start(due_ms, &|_| Vec::new(), &|_| true).remove(0);
            fail(&mut dialling, dial, due_ms, &mut rng);
            (
                due_ms,
                to,
                dialling.next_wake_ms(),
                dialling.outlook(target(1), due_ms),
            )
        };
        let (due_ms, to, next_ms, outlook) = of(&[[8; 8]]);
        assert_eq!(outlook, Outlook::Waiting(next_ms.expect("another is due")));
        let shown = (due_ms, to, next_ms, Outlook::NotFound);
        assert_eq!(of(&[[7; 8]]), shown);
    }

    #[test]
    fn a_beacon_stands_for_its_owner_no_longer_than_it_is_announced() {
        let (mut dialling, mut rng) = (Dialling::default(), rng());
        dialling.wait_for(target(1));
        dialling.seen(target(1), [7; 8], [endpoint("near")], 0, &mut rng);
        let is_sighted = |dialling: &Dialling, now_ms| {
            dialling.is_sighted(target(1), CarrierKind::Memory, now_ms)
        };
        assert!(is_sighted(&dialling, SIGHTED_MS - 1) && !is_sighted(&dialling, SIGHTED_MS));
        dialling.refresh(0, |_| true);
        assert!(!is_sighted(&dialling, 0), "elsewhere it says nothing");
    }

    #[test]
    fn where_no_way_is_known_nothing_is_due_before_a_beacon_or_a_way_is() {
        let (mut dialling, mut rng) = (Dialling::default(), rng());
        dialling.wait_for(target(1));
        dialling.wait_for(target(2));
        dialling.refresh(0, |_| false);
        assert_eq!(dialling.next_wake_ms(), None);
        dialling.seen(target(1), [7; 8], [endpoint("near")], 0, &mut rng);
        dialling.refresh_target(target(2), LONGEST_PAUSE_MS);
        let started = start(&mut dialling, LONGEST_PAUSE_MS);
        let endpoints: Vec<Endpoint> = started.into_iter().map(|(_, endpoint)| endpoint).collect();
        assert_eq!(endpoints, [endpoint("near"), endpoint("first")]);
    }

    #[test]
    fn only_a_few_attempts_run_at_once() {
        let mut dialling = Dialling::default();
        for number in 0..20 {
            dialling.want(target(number), 0);
        }
        assert_eq!(start(&mut dialling, 0).len(), MAX_DIALS);
        assert!(start(&mut dialling, 0).is_empty());
        assert_eq!(dialling.next_wake_ms(), None);
    }

    #[test]
    fn carriers_that_are_off_are_not_dialled() {
        let mut dialling = Dialling::default();
        dialling.want(target(1), 0);
        assert!(
            dialling
                .start(0, &|_| vec![endpoint("first")], &|_| false)
                .is_empty()
        );
    }
}
