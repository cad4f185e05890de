//! Keeps advertising, scanning and the reported state in step with what the owner wants and what the machine
//! has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bluer::{AdapterEvent, AdapterProperty, Address as Device};
use futures_util::stream::BoxStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::airtime::{Airtime, Used};
use super::announcer::Announcer;
use super::carrier::{BleConfig, Radio, Shared, Wanted};
use super::dial;
use super::station::{Broken, Heard, Station, next_of};
use crate::beacon::Beacon;
use crate::carrier::links::Reported;
use crate::carrier::{Address, CarrierEvent, CarrierState, EventSink};

/// Pause before the keeper looks for an adapter again, if no event says that there may be one.
const RETRY: Duration = Duration::from_secs(30);

/// How often the keeper checks that BlueZ still knows us, and reports the airtime.
const CHECK_MS: u64 = 60_000;

/// How often the keeper reads the beacon of one device, in milliseconds.
const ASK_MS: u64 = 2_000;

/// Devices to read, and beacons to report, in one scan window.
const MAX_NEAR: usize = 1_024;

/// Runs until the carrier is dropped or its owner is gone.
pub async fn run<S: EventSink>(
    shared: Arc<Shared<S>>,
    config: BleConfig,
    mut wanted: watch::Receiver<Wanted>,
) {
    let airtime = Airtime::begin(shared.now_ms());
    let mut keeper = Keeper {
        shared,
        radio: config.radio,
        announcer: Announcer::new(millis(config.address)),
        config,
        station: None,
        changes: None,
        airtime,
        announced: 0,
        look_since_ms: None,
        wake_ms: None,
        check_ms: 0,
        asked: BTreeMap::new(),
        seen: BTreeMap::new(),
        reported: Reported::default(),
    };
    loop {
        let now = wanted.borrow_and_update().clone();
        let owned = match now.on {
            true => keeper.on(&now).await,
            false => keeper.off(&now).await,
        };
        if owned.is_none() {
            return;
        }
        let heard = tokio::select! {
            changed = wanted.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            heard = keeper.heard(), if now.on => heard,
        };
        if keeper.handle(heard).await.is_none() {
            return;
        }
    }
}

struct Keeper<S> {
    shared: Arc<Shared<S>>,
    config: BleConfig,
    /// How the carrier uses the radio.
    radio: Radio,
    station: Option<Station>,
    /// Events of an adapter that does not work.
    changes: Option<BoxStream<'static, AdapterEvent>>,
    announcer: Announcer,
    /// Airtime since the radio is used in this way.
    airtime: Airtime,
    /// Number of the last announce command that was applied, or that came while no adapter worked.
    announced: u64,
    /// Since when the carrier looks for other devices.
    look_since_ms: Option<u64>,
    /// When the keeper has something to do.
    wake_ms: Option<u64>,
    /// When to check again that BlueZ knows us.
    check_ms: u64,
    /// For each device near: when its beacon may be read again, and whether it has sent something new.
    asked: BTreeMap<Device, (u64, bool)>,
    /// Beacons seen in the present scan window, and the device that sent each.
    seen: BTreeMap<Beacon, Device>,
    reported: Reported,
}

impl<S: EventSink> Keeper<S> {
    /// Applies what the owner wants. `None`, here and below, if the owner is gone.
    async fn on(&mut self, wanted: &Wanted) -> Option<()> {
        if self.radio != wanted.radio {
            let shows = |station: &Station| !station.hides_address;
            if self.station.as_ref().is_some_and(shows) && !wanted.radio.show_address {
                self.stop();
            }
            // The present advertisement keeps its interval until it is registered anew.
            self.radio = wanted.radio;
            self.airtime = Airtime::begin(self.shared.now_ms());
        }
        if self.station.is_none() {
            match Station::start(&self.config, self.radio.show_address).await {
                Ok(station) => {
                    self.shared.state().adapter = Some(station.adapter.clone());
                    self.changes = None;
                    let now_ms = self.shared.now_ms();
                    self.check_ms = now_ms + CHECK_MS;
                    self.airtime = Airtime::begin(now_ms);
                    self.station = Some(station);
                }
                Err(Broken { why, changes }) => {
                    self.changes = changes;
                    self.forget(wanted);
                    return self.report(why).await;
                }
            }
        }
        let now_ms = self.shared.now_ms();
        if wanted.announcement > self.announced {
            self.announced = wanted.announcement;
            self.announcer.announce(wanted.beacons.clone());
            self.look_since_ms = wanted.look.then_some(now_ms);
        }
        let (listens, turn_ms) = self.listening(now_ms);
        let station = self.station.as_mut()?;
        self.announcer.fix(!station.hides_address);
        let on_air = self.announcer.on_air(now_ms);
        let mut works = true;
        if station.beacon() != on_air.beacon || on_air.is_fresh {
            works = station
                .announce(on_air.beacon, &self.radio.power.duty())
                .await;
        }
        if listens && !station.listens() {
            self.seen.clear();
            self.asked.clear();
        }
        station.listen(listens).await;
        let announces = station.beacon().is_some();
        self.airtime.note(now_ms, station.listens(), announces);
        let waiting = self.asked.values().filter(|(_, waits)| *waits);
        let ask_ms = waiting.map(|(at_ms, _)| *at_ms).min();
        let wakes = [on_air.until_ms, turn_ms, ask_ms, Some(self.check_ms)];
        self.wake_ms = wakes.into_iter().flatten().min();
        let state = match works {
            true => CarrierState::On,
            false => CarrierState::NoDiscovery,
        };
        self.report(state).await
    }

    /// Whether to scan now, and until when that holds. The keeper does not scan during a dial attempt, which is hard
    /// enough for a controller.
    fn listening(&self, now_ms: u64) -> (bool, Option<u64>) {
        let Some(since_ms) = self.look_since_ms else {
            return (false, None);
        };
        let duty = self.radio.power.duty();
        let (listen_ms, every_ms) = (millis(duty.listen), millis(duty.every));
        let begun_ms = now_ms - (now_ms - since_ms) % every_ms;
        let is_time = now_ms - begun_ms < listen_ms;
        let is_free = self.shared.links.dialling() == 0;
        let ends_ms = begun_ms + if is_time { listen_ms } else { every_ms };
        (is_time && is_free, Some(ends_ms))
    }

    /// The next event that matters.
    async fn heard(&mut self) -> Heard {
        let Some(station) = &mut self.station else {
            loop {
                tokio::select! {
                    change = next_of(&mut self.changes) => match change {
                        Some(AdapterEvent::PropertyChanged(
                            AdapterProperty::Powered(_) | AdapterProperty::Alias(_),
                        )) => {}
                        Some(_) => continue,
                        None => self.changes = None,
                    },
                    () = sleep(RETRY) => {}
                }
                return Heard::Nothing;
            }
        };
        let now_ms = self.shared.now_ms();
        let pause = self.wake_ms.unwrap_or(now_ms).saturating_sub(now_ms);
        tokio::select! {
            heard = station.heard() => heard,
            () = self.shared.dialled.notified() => Heard::Nothing,
            () = sleep(Duration::from_millis(pause)), if self.wake_ms.is_some() => Heard::Nothing,
        }
    }

    async fn handle(&mut self, heard: Heard) -> Option<()> {
        match heard {
            Heard::Near(device) => self.near(device).await?,
            Heard::Channel(channel, device) => {
                let answer = dial::answer(self.shared.clone(), channel, device);
                self.shared.links.runtime.spawn(answer);
            }
            Heard::Changed => self.stop(),
            Heard::Deaf | Heard::Nothing => {}
        }
        let now_ms = self.shared.now_ms();
        let due = self.asked.iter();
        let due = due.filter(|(_, (at_ms, waits))| *waits && *at_ms <= now_ms);
        for device in due.map(|(device, _)| *device).collect::<Vec<_>>() {
            self.near(device).await?;
        }
        if self.check_ms <= now_ms {
            self.check_ms = now_ms + CHECK_MS;
            self.check(now_ms).await?;
        }
        Some(())
    }

    /// Reports the airtime, and checks that BlueZ still knows us.
    async fn check(&mut self, now_ms: u64) -> Option<()> {
        let Some(station) = &mut self.station else {
            return Some(());
        };
        if !station.is_remembered().await {
            self.stop();
            return Some(());
        }
        let Used {
            over_ms,
            listened_ms,
            announced_ms,
        } = self.airtime.used(now_ms);
        let airtime = CarrierEvent::Airtime {
            over_ms,
            listened_ms,
            announced_ms,
        };
        self.tell(airtime).await
    }

    /// Reports the beacon of a device, once in a scan window.
    async fn near(&mut self, device: Device) -> Option<()> {
        let now_ms = self.shared.now_ms();
        let is_full = self.asked.len() >= MAX_NEAR;
        match self.asked.get_mut(&device) {
            Some((at_ms, waits)) if now_ms < *at_ms => {
                *waits = true;
                return Some(());
            }
            None if is_full => return Some(()),
            _ => self.asked.insert(device, (now_ms + ASK_MS, false)),
        };
        let Some(beacon) = self.station.as_mut()?.beacon_of(device).await else {
            return Some(());
        };
        let is_news = self.seen.get(&beacon) != Some(&device);
        if !is_news || self.seen.len() >= MAX_NEAR {
            return Some(());
        }
        self.seen.insert(beacon, device);
        let at = vec![Address(device.to_string())];
        self.tell(CarrierEvent::Beacon { beacon, at }).await
    }

    async fn off(&mut self, wanted: &Wanted) -> Option<()> {
        self.forget(wanted);
        if let Some(station) = &mut self.station {
            station.announce(None, &self.radio.power.duty()).await;
            station.listen(false).await;
        }
        // The state `Off` must be the last event: wait until every link has been reported down.
        while !self.shared.links.are_gone() {
            self.shared.links.gone().await;
        }
        self.stop();
        self.changes = None;
        self.report(CarrierState::Off).await
    }

    /// Advertises and looks for nothing until the next announce command.
    fn forget(&mut self, wanted: &Wanted) {
        self.announced = wanted.announcement;
        self.announcer.announce(Vec::new());
        self.announcer.on_air(self.shared.now_ms());
        self.look_since_ms = None;
        self.wake_ms = None;
    }

    /// Stops using the adapter.
    fn stop(&mut self) {
        self.shared.state().adapter = None;
        self.shared.links.end_all();
        self.station = None;
    }

    async fn report(&mut self, state: CarrierState) -> Option<()> {
        // Others learn our address from the advertisement.
        let addresses = Vec::new();
        self.reported
            .tell(&self.shared.links, state, addresses)
            .await
    }

    async fn tell(&mut self, event: CarrierEvent) -> Option<()> {
        self.shared.links.tell(event).await
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
