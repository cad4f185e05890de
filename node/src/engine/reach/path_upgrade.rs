//! A session moves to a better carrier if the device can be reached over one (`docs/PROTOCOL.md` section 8): one that
//! costs less by [`CarrierKind::cost`]. The old link stays until the new one has taken its place; the new one repeats
//! what was under way on the old.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::beacon::Beacon;
use hedgerow_transport::carrier::{CarrierCommand, CarrierKind};

use super::dialling::Target;
use super::endpoint::{Endpoint, MAX_ADDRESSES};
use super::{Reach, View, relays};
use crate::engine::links::Links;
use crate::engine::{Effects as _, Turn, rng};

/// The pause before the side that has dialled the session's link tries a better path.
const DIALLER_MS: RangeInclusive<u64> = 0..=2_000;

/// The same for the other side, which may be the only one that gets through. It is longer, so that usually only one
/// side dials, and so that two links do not count as dialled at once.
const ANSWERER_MS: RangeInclusive<u64> = 12_000..=15_000;

/// The first and the longest pause after which we try all better paths again if none worked; it doubles.
const AGAIN_MS: RangeInclusive<u64> = 60_000..=3_600_000;

/// The better paths to try for one session.
#[derive(Debug, Default)]
struct Plan {
    /// Endpoints on better carriers than that of the session, the best first.
    endpoints: VecDeque<Endpoint>,
    /// When we try the first of them or, if none is left, work them out again (monotonic milliseconds).
    due_ms: Option<u64>,
    /// How many times in a row none worked.
    rounds: u32,
    /// The one that we are trying.
    trying: Option<Endpoint>,
    /// The beacon that we answered last. We answer none twice.
    answered: Option<Beacon>,
    /// Set when the endpoints must be worked out again. Holds those where a beacon has just been seen, to be tried
    /// first.
    seen: Option<Vec<Endpoint>>,
}

/// The plans of all sessions that have one.
#[derive(Debug, Default)]
pub(crate) struct PathUpgrades {
    plans: BTreeMap<DeviceId, Plan>,
    /// Whether some plans must be worked out again.
    outdated: bool,
}

impl PathUpgrades {
    /// The endpoints of a device, or our carriers, may have changed while it has a session.
    pub fn look_again(&mut self, device: DeviceId) {
        let plan = self.plans.entry(device).or_default();
        plan.seen.get_or_insert_default();
        plan.rounds = 0;
        self.outdated = true;
    }

    /// The beacon of a device that has a session was seen at these endpoints.
    pub fn sighted(&mut self, device: DeviceId, beacon: Beacon, endpoints: Vec<Endpoint>) {
        let plan = self.plans.entry(device).or_default();
        if plan.answered != Some(beacon) {
            plan.answered = Some(beacon);
            plan.seen = Some(endpoints);
            self.outdated = true;
        }
    }

    /// A session with a device has begun, over any carrier.
    pub fn begun(&mut self, device: DeviceId) {
        self.plans.remove(&device);
        self.look_again(device);
    }

    /// The session with a device is over.
    pub fn over(&mut self, device: DeviceId) {
        self.plans.remove(&device);
    }

    /// An attempt at this endpoint has failed. If it was the one that we were trying, the next has its turn.
    pub fn failed(&mut self, device: DeviceId, tried: &Endpoint, now_ms: u64) {
        let Some(plan) = self.plans.get_mut(&device) else {
            return;
        };
        if plan.trying.take_if(|endpoint| endpoint == tried).is_none() {
            return;
        }
        plan.endpoints.retain(|endpoint| endpoint != tried);
        if plan.endpoints.is_empty() {
            let pause_ms = AGAIN_MS.start() << plan.rounds.min(16);
            plan.due_ms = Some(now_ms + pause_ms.min(*AGAIN_MS.end()));
            plan.rounds += 1;
        }
    }

    /// When we next try a better path (monotonic milliseconds).
    pub fn next_wake_ms(&self) -> Option<u64> {
        let waiting = self.plans.values().filter(|plan| plan.trying.is_none());
        waiting.filter_map(|plan| plan.due_ms).min()
    }

    /// When we next try a better path to a device that has a session (monotonic milliseconds).
    pub fn next_ms(&self, device: DeviceId) -> Option<u64> {
        self.plans.get(&device)?.due_ms
    }
}

impl Reach {
    /// Tries the better paths that are due.
    pub fn improve_sessions(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        links: &Links,
        may_dial: bool,
    ) {
        let now_ms = turn.now.mono_ms;
        let is_due = |plan: &Plan| {
            plan.trying.is_none() && plan.due_ms.is_some_and(|due_ms| due_ms <= now_ms)
        };
        for plan in self.path_upgrades.plans.values_mut() {
            if is_due(plan) && plan.endpoints.is_empty() {
                plan.seen.get_or_insert_default();
                self.path_upgrades.outdated = true;
            }
        }
        if std::mem::take(&mut self.path_upgrades.outdated) {
            let mut plans = std::mem::take(&mut self.path_upgrades.plans);
            for (device, plan) in &mut plans {
                if let Some(seen) = plan.seen.take() {
                    self.plan(turn, view, links, *device, plan, seen);
                }
            }
            plans.retain(|_, plan| !plan.endpoints.is_empty() || plan.answered.is_some());
            self.path_upgrades.plans = plans;
        }
        for (device, plan) in &mut self.path_upgrades.plans {
            if !is_due(plan) || !may_dial {
                continue;
            }
            if let Some(endpoint) = plan.endpoints.front().cloned() {
                plan.trying = Some(endpoint.clone());
                let target = Target::Device(*device);
                let dial = self.dialling.move_to(target, endpoint.clone());
                let to = endpoint.address;
                turn.out
                    .command(endpoint.carrier, CarrierCommand::Dial { dial, to });
            }
        }
    }

    /// Works out which endpoints of a device are on a better carrier than its session.
    fn plan(
        &self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        links: &Links,
        id: DeviceId,
        plan: &mut Plan,
        seen: Vec<Endpoint>,
    ) {
        plan.endpoints.clear();
        plan.due_ms = None;
        let link = view.session_link(links, id);
        let (Some(link), Some(device)) = (link, view.people.devices.get(&id)) else {
            return;
        };
        let cost = link.carrier.cost();
        let is_better = |kind: CarrierKind| kind.cost() < cost && self.is_usable(kind);
        if !self.carriers.keys().any(|kind| is_better(*kind)) {
            return;
        }
        let known = relays::device_endpoints(view.account, id, device, turn.now);
        for endpoint in seen.into_iter().chain(known) {
            if is_better(endpoint.carrier)
                && !plan.endpoints.contains(&endpoint)
                && plan.endpoints.len() < MAX_ADDRESSES
            {
                plan.endpoints.push_back(endpoint);
            }
        }
        plan.endpoints
            .make_contiguous()
            .sort_by_key(|endpoint| endpoint.carrier.cost());
        let pause = match link.attempt.is_some() {
            true => DIALLER_MS,
            false => ANSWERER_MS,
        };
        let pause_ms = rng::between(turn.rng, *pause.start(), *pause.end());
        plan.due_ms = (!plan.endpoints.is_empty()).then_some(turn.now.mono_ms + pause_ms);
    }
}
