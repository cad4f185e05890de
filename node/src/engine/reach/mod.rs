//! Reaching people: which carriers work, what we announce over them, who is dialled where, which relays we use
//! (`docs/PROTOCOL.md` sections 11, 13 and 13a).
//!
//! [`Reach`] reads what the other owners know through a [`View`], and gives commands to carriers. It returns to the
//! caller what other owners must do.

mod addresses;
mod announcing;
pub(super) mod dialling;
pub(super) mod endpoint;
mod outlook;
mod path_upgrade;
mod presence;
pub(super) mod relays;
mod unknown;

use std::collections::BTreeMap;

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::{Address, CarrierCommand, CarrierKind, CarrierState, DialId};

use super::account::Account;
use super::invitation::InvitationKey;
use super::link::Link;
use super::links::{Links, Up};
use super::people::People;
use super::people::device::Device;
use super::{Effects as _, Now, Turn, rng};
use crate::api::Airtime;
use dialling::{Attempt, Dialling, Target};
use path_upgrade::PathUpgrades;
use presence::Presence;
use relays::Relays;

/// The longest random pause before a lost session is dialled again.
const REDIAL_PAUSE_MS: u64 = 2_000;

/// What we know about a carrier.
#[derive(Debug, Clone)]
pub(super) struct Carrier {
    pub state: CarrierState,
    pub addresses: Vec<Address>,
    pub airtime: Option<Airtime>,
}

impl Carrier {
    fn new(state: CarrierState) -> Carrier {
        Carrier {
            state,
            addresses: Vec::new(),
            airtime: None,
        }
    }
}

/// Carriers, dials, presence and relays: how we reach others, and how others reach this device.
#[derive(Debug, Default)]
pub(super) struct Reach {
    carriers: BTreeMap<CarrierKind, Carrier>,
    dialling: Dialling,
    path_upgrades: PathUpgrades,
    presence: Presence,
    relays: Relays,
}

/// What `Reach` reads of the other owners.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub account: &'a Account,
    pub people: &'a People,
    /// The session with each device that has one.
    pub sessions: &'a BTreeMap<DeviceId, Up>,
}

impl<'a> View<'a> {
    pub fn of(
        account: &'a Account,
        people: &'a People,
        sessions: &'a BTreeMap<DeviceId, Up>,
    ) -> View<'a> {
        View {
            account,
            people,
            sessions,
        }
    }

    /// The link that carries the session with a device.
    fn session_link(self, links: &Links, id: DeviceId) -> Option<&Link> {
        links.by_id.get(&self.sessions.get(&id)?.link)
    }

    /// The devices that we look for.
    fn unseen(self) -> impl Iterator<Item = (DeviceId, &'a Device)> {
        let devices = self.people.devices.iter();
        let apart = devices.filter(move |(id, _)| !self.sessions.contains_key(*id));
        let unseen = apart.filter(move |(_, device)| device.is_welcome(&self.people.contacts));
        unseen.map(|(id, device)| (*id, device))
    }

    fn is_anybody_unseen(self) -> bool {
        self.unseen().next().is_some()
    }
}

impl Reach {
    /// Wants a session with every contact, from the start.
    pub fn open(people: &People, now: Now) -> Reach {
        let mut reach = Reach::default();
        let devices = people.devices.keys().filter(|id| people.may_talk_to(**id));
        let devices = devices.map(|id| Target::Device(*id));
        let inviters = people.joinings.keys().map(|id| Target::Inviter(*id));
        for target in devices.chain(inviters) {
            match is_way_known(people, target) {
                true => reach.dialling.want(target, now.mono_ms),
                false => reach.dialling.wait_for(target),
            }
        }
        if people.is_clock_doubtful(now) {
            reach.presence.doubt_clocks(now);
        }
        reach
    }

    /// Answers beacons after a random pause of at most this many milliseconds.
    #[cfg(feature = "simulation")]
    pub fn set_beacon_pause(&mut self, longest_ms: u64) {
        self.dialling.set_beacon_pause(longest_ms);
    }

    /// What we know about each carrier of this node.
    pub fn carriers(&self) -> &BTreeMap<CarrierKind, Carrier> {
        &self.carriers
    }

    /// Whether links can be made over a carrier.
    pub fn is_usable(&self, kind: CarrierKind) -> bool {
        is_usable(&self.carriers, kind)
    }

    /// A carrier reports its state.
    pub fn carrier_state(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        kind: CarrierKind,
        state: CarrierState,
    ) {
        let settings = &view.account.settings;
        if kind == CarrierKind::Ble && !self.carriers.contains_key(&kind) {
            turn.out.command(kind, settings.radio.into());
        }
        let carrier = self.carriers.entry(kind).or_insert(Carrier::new(state));
        carrier.state = state;
        if state != CarrierState::On {
            carrier.airtime = None;
        }
        let is_wanted = !settings.is_off(kind);
        if !is_wanted && state != CarrierState::Off {
            turn.out.command(kind, CarrierCommand::Switch { on: false });
        }
        if matches!(state, CarrierState::On | CarrierState::NoDiscovery) {
            if is_wanted {
                self.network_changed(turn, view);
            }
        } else {
            self.presence.silent(kind);
        }
        turn.pending.carriers.insert(kind);
    }

    /// A carrier reports the addresses of this device on it. True if they have changed.
    pub fn carrier_addresses(
        &mut self,
        turn: &mut Turn<'_>,
        view: View<'_>,
        kind: CarrierKind,
        addresses: Vec<Address>,
    ) -> bool {
        let known = self.carriers.entry(kind);
        let carrier = known.or_insert(Carrier::new(CarrierState::On));
        if carrier.addresses == addresses {
            return false;
        }
        carrier.addresses = addresses;
        // The carrier announces nothing at the new addresses yet, and sessions over the old ones may be dead.
        self.presence.silent(kind);
        self.network_changed(turn, view);
        turn.pending.carriers.insert(kind);
        true
    }

    /// Sets how much of its time a carrier is on the air; `None`: not known.
    pub fn set_airtime(&mut self, kind: CarrierKind, airtime: Option<Airtime>) {
        if let Some(carrier) = self.carriers.get_mut(&kind) {
            carrier.airtime = airtime;
        }
    }

    /// The network here has changed: begins fresh rounds for all known endpoints, and looks for better paths for every
    /// session.
    pub fn network_changed(&mut self, turn: &Turn<'_>, view: View<'_>) {
        self.dialling
            .refresh(turn.now.mono_ms, |target| is_way_known(view.people, target));
        for device in view.sessions.keys() {
            self.path_upgrades.look_again(*device);
        }
    }

    /// Wants a session with this target.
    pub fn want(&mut self, target: Target, from_ms: u64) {
        self.dialling.want(target, from_ms);
    }

    /// Wants a session with a device, unless there is one or none is allowed.
    pub fn want_device(&mut self, turn: &mut Turn<'_>, view: View<'_>, id: DeviceId) {
        if !view.people.may_talk_to(id) || view.sessions.contains_key(&id) {
            return;
        }
        let target = Target::Device(id);
        if is_way_known(view.people, target) {
            let pause = rng::between(turn.rng, 0, REDIAL_PAUSE_MS);
            self.dialling.want(target, turn.now.mono_ms + pause);
        } else {
            self.dialling.wait_for(target);
        }
    }

    /// Wants no session with this target any more.
    pub fn drop_target(&mut self, target: Target) {
        self.dialling.drop_target(target);
    }

    /// The endpoints of a target have changed.
    pub fn refresh_target(&mut self, target: Target, now_ms: u64) {
        self.dialling.refresh_target(target, now_ms);
    }

    /// A message waits for this target: tries it again at once.
    pub fn hurry(&mut self, target: Target, now_ms: u64) {
        self.dialling.hurry(target, now_ms);
    }

    /// A device has told other addresses than before.
    pub fn ways_changed(&mut self, turn: &Turn<'_>, id: DeviceId, has_session: bool) {
        self.refresh_target(Target::Device(id), turn.now.mono_ms);
        if has_session {
            self.path_upgrades.look_again(id);
        }
    }

    /// A session with a device has begun.
    pub fn session_begun(&mut self, id: DeviceId) {
        self.path_upgrades.begun(id);
        self.dialling.drop_target(Target::Device(id));
    }

    /// A session with a device is over.
    pub fn session_over(&mut self, id: DeviceId) {
        self.path_upgrades.over(id);
    }

    /// A device is forgotten.
    pub fn forget_device(&mut self, id: DeviceId) {
        self.dialling.drop_target(Target::Device(id));
        self.presence.is_sure_of(id);
        self.presence.changed();
        self.presence.outdate();
    }

    /// The beacons of others have changed: contacts, keys or clocks are other ones than before.
    pub fn beacons_changed(&mut self) {
        self.presence.changed();
    }

    /// The announcement of this device may have to change.
    pub fn announcement_changed(&mut self) {
        self.presence.outdate();
    }

    /// A clock, ours or a contact's, has turned out to be wrong.
    pub fn doubt_clocks(&mut self, now: Now) {
        self.presence.doubt_clocks(now);
    }

    /// A session has shown a device's clock. True if we had only guessed it before.
    pub fn is_sure_of(&mut self, id: DeviceId) -> bool {
        self.presence.is_sure_of(id)
    }

    /// By how much our wall clock has jumped.
    pub fn clock_jump(&mut self, now: Now) -> Option<i64> {
        self.presence.jump(now)
    }

    /// The carrier has made a link of this dial. `None` if the target is no longer wanted.
    pub fn dial_up(&mut self, dial: DialId) -> Option<Attempt> {
        self.dialling.up(dial)
    }

    /// The carrier could not make a link of this dial. Gives the invitation if its maker has not answered in a whole
    /// round.
    pub fn dial_failed(&mut self, turn: &mut Turn<'_>, dial: DialId) -> Option<InvitationKey> {
        let now_ms = turn.now.mono_ms;
        let (attempt, round_over) = self.dialling.failed(dial, now_ms, turn.rng)?;
        self.round_ended(&attempt, round_over, now_ms)
    }

    /// An attempt ended without a session. `cut`: we did not end its link ourselves. Gives the same as
    /// [`dial_failed`](Self::dial_failed).
    pub fn attempt_over(
        &mut self,
        turn: &mut Turn<'_>,
        attempt: &Attempt,
        cut: bool,
    ) -> Option<InvitationKey> {
        let now_ms = turn.now.mono_ms;
        let round_over = match cut {
            true => self.dialling.cut(attempt, now_ms, turn.rng),
            false => self.dialling.ended(attempt, now_ms, turn.rng),
        };
        self.round_ended(attempt, round_over, now_ms)
    }

    /// Draws the conclusions from an attempt that failed, perhaps as the last of its round.
    fn round_ended(
        &mut self,
        attempt: &Attempt,
        round_over: bool,
        now_ms: u64,
    ) -> Option<InvitationKey> {
        match attempt.target {
            Target::Device(device) if attempt.moves => {
                let tried = &attempt.endpoint;
                self.path_upgrades.failed(device, tried, now_ms);
                None
            }
            Target::Inviter(invitation) => round_over.then_some(invitation),
            Target::Device(_) => None,
        }
    }

    /// Does what is due: sets relays, announces, recognises beacons, starts dials.
    pub fn tick(&mut self, turn: &mut Turn<'_>, view: View<'_>, links: &Links, may_dial: bool) {
        self.set_relays(turn, view);
        self.announce(turn, view);
        self.recognise_beacons(turn, view);
        self.search_beacons(turn, view);
        if may_dial {
            self.start_dials(turn, view);
        }
        self.improve_sessions(turn, view, links, may_dial);
    }

    /// Starts the dials that are due.
    fn start_dials(&mut self, turn: &mut Turn<'_>, view: View<'_>) {
        let carriers = &self.carriers;
        let started = self.dialling.start(
            turn.now.mono_ms,
            &|target| relays::ways(view, target, turn.now),
            &|kind| is_usable(carriers, kind),
        );
        for (dial, endpoint) in started {
            let to = endpoint.address;
            turn.out
                .command(endpoint.carrier, CarrierCommand::Dial { dial, to });
        }
    }

    /// When something is due here (monotonic milliseconds).
    pub fn next_wake_ms(&self, now: Now, view: View<'_>) -> Option<u64> {
        let wakes = [
            self.dialling.next_wake_ms(),
            self.path_upgrades.next_wake_ms(),
            self.presence.next_wake_ms(now, || view.is_anybody_unseen()),
            self.relays.next_wake_ms(now),
        ];
        wakes.into_iter().flatten().min()
    }
}

fn is_usable(carriers: &BTreeMap<CarrierKind, Carrier>, kind: CarrierKind) -> bool {
    carriers.get(&kind).is_some_and(|carrier| {
        matches!(carrier.state, CarrierState::On | CarrierState::NoDiscovery)
    })
}

/// Whether a target has known endpoints, beside those of beacons. An invitation always names addresses of its maker.
fn is_way_known(people: &People, target: Target) -> bool {
    match target {
        Target::Device(id) => people.devices.get(&id).is_some_and(Device::has_ways),
        Target::Inviter(_) => true,
    }
}
