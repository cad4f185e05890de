//! Working day: home, office, and friends in the evening.

use std::collections::VecDeque;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Shared, SharedStreams, Start, Surroundings};
use super::world::MobilityError;
use super::{
    Area, NodeNumber, Pen, Roads, Segment, Trajectory, check_chance, check_range, drawn, in_circle,
    microseconds,
};
use crate::rng;

/// A working day, after Ekman, Keränen, Karvo and Ott (2008). The world begins at midnight (or `warm-up-s` later), with
/// everybody at home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WorkingDay {
    /// Whether homes, offices and meeting places are on the map, and ways follow it.
    pub on_map: bool,
    /// The layers of the map to use; all if none is named.
    pub layers: Vec<String>,
    /// Mean time at which people leave home, in seconds after midnight.
    pub leave_home_s: f64,
    /// Standard deviation of that time, in seconds; at most two deviations for each person.
    pub leave_home_deviation_s: f64,
    /// Number of offices; each person works in one.
    pub offices: u32,
    /// Radius of an office, in metres.
    pub office_radius_m: f64,
    /// Length of work, in seconds.
    pub work_s: f64,
    /// Shortest and longest stay at one desk, in seconds, drawn from a bounded Pareto distribution.
    pub desk_s: [f64; 2],
    /// Exponent of that distribution.
    pub desk_exponent: f64,
    /// Number of people in a circle of friends, who meet in the evening.
    pub friends: u32,
    /// The chance that a person goes out with the friends after work.
    pub evening_chance: f64,
    /// Number of meeting places; friends meet at another one each day.
    pub meeting_places: u32,
    /// Radius of a meeting place, in metres.
    pub meeting_radius_m: f64,
    /// When they meet, in seconds after midnight: early people wait, late people join.
    pub evening_at_s: f64,
    /// Shortest and longest length of the evening, in seconds.
    pub evening_s: [f64; 2],
    /// Lowest and highest speed on foot in metres a second, drawn evenly for each way.
    pub speed_m_s: [f64; 2],
    /// The chance that a person has a car.
    pub car_chance: f64,
    /// Lowest and highest speed by car in metres a second, drawn evenly for each way.
    pub car_speed_m_s: [f64; 2],
}

impl Default for WorkingDay {
    fn default() -> Self {
        Self {
            on_map: false,
            layers: Vec::new(),
            leave_home_s: 7.0 * 3600.0,
            leave_home_deviation_s: 3600.0,
            offices: 50,
            office_radius_m: 50.0,
            work_s: 8.0 * 3600.0,
            desk_s: [10.0, 14_400.0],
            desk_exponent: 0.5,
            friends: 4,
            evening_chance: 0.5,
            meeting_places: 10,
            meeting_radius_m: 10.0,
            evening_at_s: 18.0 * 3600.0,
            evening_s: [3600.0, 7200.0],
            speed_m_s: [0.8, 1.4],
            car_chance: 0.5,
            car_speed_m_s: [7.0, 10.0],
        }
    }
}

const DAY_US: u64 = 86_400 * crate::plan::SECOND_US;

impl WorkingDay {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, chance) in [
            ("evening-chance", self.evening_chance),
            ("car-chance", self.car_chance),
        ] {
            check_chance(name, chance)?;
        }
        check_range("speed-m-s", self.speed_m_s, f64::MIN_POSITIVE)?;
        check_range("car-speed-m-s", self.car_speed_m_s, f64::MIN_POSITIVE)?;
        check_range("desk-s", self.desk_s, f64::MIN_POSITIVE)?;
        check_range("desk-exponent", [self.desk_exponent; 2], f64::MIN_POSITIVE)?;
        check_range("evening-s", self.evening_s, 0.0)?;
        let times = [
            self.leave_home_s,
            self.evening_at_s,
            self.work_s,
            self.leave_home_deviation_s,
        ];
        if times.iter().any(|time| !(0.0..=86_400.0).contains(time)) {
            return Err(
                "leave-home-s, its deviation, evening-at-s and work-s must be within one day"
                    .to_owned(),
            );
        }
        check_range("office-radius-m", [self.office_radius_m; 2], 0.0)?;
        check_range("meeting-radius-m", [self.meeting_radius_m; 2], 0.0)?;
        if self.offices == 0 || self.meeting_places == 0 || self.friends == 0 {
            return Err("offices, meeting-places and friends must be above 0".to_owned());
        }
        Ok(())
    }

    pub(super) fn start(&self, around: &Surroundings<'_>) -> Result<Start, MobilityError> {
        let roads = if self.on_map {
            Some(around.roads(&self.layers)?)
        } else {
            None
        };
        let area = around.area;
        let mut rng = around.shared(Shared::Places, 0);
        let mut sites = |count| {
            (0..count)
                .map(|_| Site::any(roads.as_deref(), area, &mut rng))
                .collect::<Vec<_>>()
        };
        let town = Arc::new(Town {
            offices: sites(self.offices),
            meeting_places: sites(self.meeting_places),
            evenings: around.shared_streams(Shared::Evening),
            settings: self.clone(),
            roads: roads.clone(),
            area,
        });
        Ok(Box::new(move |number, mut rng| {
            let home = Site::any(town.roads.as_deref(), area, &mut rng);
            let office = town.offices[rng::index(&mut rng, town.offices.len())];
            let has_car = rng::unit(&mut rng) < town.settings.car_chance;
            let late =
                rng::normal(&mut rng).clamp(-2.0, 2.0) * town.settings.leave_home_deviation_s;
            Box::new(Person {
                leave_us: microseconds(town.settings.leave_home_s + late),
                friends: number / town.settings.friends,
                pen: Pen::new(home.at),
                here: home,
                phase: Phase::Home,
                ahead: VecDeque::new(),
                town: town.clone(),
                home,
                office,
                has_car,
                rng,
            })
        }))
    }
}

/// A place that people go to.
#[derive(Debug, Clone, Copy)]
struct Site {
    at: [f64; 2],
    /// Its node, if it is on the map.
    node: NodeNumber,
}

impl Site {
    fn any(roads: Option<&Roads>, area: Area, rng: &mut ChaCha20Rng) -> Self {
        match roads {
            Some(roads) => {
                let node = roads.any(rng);
                Self {
                    at: roads.map().place(node),
                    node,
                }
            }
            None => Self {
                at: area.place(rng),
                node: 0,
            },
        }
    }
}

/// What a whole population shares.
struct Town {
    settings: WorkingDay,
    offices: Vec<Site>,
    meeting_places: Vec<Site>,
    evenings: SharedStreams,
    roads: Option<Arc<Roads>>,
    area: Area,
}

impl Town {
    /// Where a circle of friends meets on a day, and until when.
    fn evening(&self, friends: u32, day: u64) -> (Site, u64) {
        let mut rng = (self.evenings)(friends);
        // All days of these friends share one stream; each day takes two numbers from it.
        for _ in 0..day {
            rng::unit(&mut rng);
            rng::unit(&mut rng);
        }
        let place = self.meeting_places[rng::index(&mut rng, self.meeting_places.len())];
        let length_s = drawn(&mut rng, self.settings.evening_s);
        (
            place,
            day * DAY_US + microseconds(self.settings.evening_at_s + length_s),
        )
    }
}

/// A person's next action.
enum Step {
    Go([f64; 2], f64),
    RestUntil(u64),
}

/// A person's present place or destination.
#[derive(Clone, Copy)]
enum Phase {
    Home,
    /// Until when.
    Office(u64),
    Friends,
}

struct Person {
    town: Arc<Town>,
    home: Site,
    office: Site,
    friends: u32,
    has_car: bool,
    /// When the person leaves home, after midnight.
    leave_us: u64,
    phase: Phase,
    here: Site,
    ahead: VecDeque<Step>,
    pen: Pen,
    rng: ChaCha20Rng,
}

impl Trajectory for Person {
    fn next(&mut self) -> Segment {
        loop {
            match self.ahead.pop_front() {
                Some(Step::Go(to, speed_m_s)) if to != self.pen.at => {
                    return self.pen.go(to, speed_m_s);
                }
                Some(Step::RestUntil(until_us)) if until_us > self.pen.now_us => {
                    return self.pen.rest_until(until_us);
                }
                Some(_) => {}
                None => self.plan(),
            }
        }
    }
}

impl Person {
    /// Decides what follows the present phase.
    fn plan(&mut self) {
        let now_us = self.pen.now_us;
        let town = self.town.clone();
        let settings = &town.settings;
        match self.phase {
            Phase::Home => {
                let today_us = now_us - now_us % DAY_US + self.leave_us;
                let leave_us = if now_us <= today_us {
                    today_us
                } else {
                    today_us + DAY_US
                };
                self.ahead.push_back(Step::RestUntil(leave_us));
                self.travel(self.office);
                // Work begins on arrival, whose time is known at the end of the way.
                self.phase = Phase::Office(0);
            }
            Phase::Office(0) => {
                self.phase = Phase::Office(now_us + microseconds(settings.work_s).max(1))
            }
            Phase::Office(until_us) if now_us < until_us => {
                let desk = town.area.nearest(in_circle(
                    self.office.at,
                    settings.office_radius_m,
                    &mut self.rng,
                ));
                let speed_m_s = drawn(&mut self.rng, settings.speed_m_s);
                let walk_s = super::distance_m(self.pen.at, desk) / speed_m_s;
                let stay_s = pareto(&mut self.rng, settings.desk_s, settings.desk_exponent);
                self.ahead.push_back(Step::Go(desk, speed_m_s));
                self.ahead.push_back(Step::RestUntil(
                    until_us.min(now_us + microseconds(walk_s + stay_s)),
                ));
            }
            Phase::Office(_) => {
                let (place, until_us) = town.evening(self.friends, now_us / DAY_US);
                if rng::unit(&mut self.rng) < settings.evening_chance && now_us < until_us {
                    self.travel(place);
                    let seat = town.area.nearest(in_circle(
                        place.at,
                        settings.meeting_radius_m,
                        &mut self.rng,
                    ));
                    self.ahead
                        .push_back(Step::Go(seat, drawn(&mut self.rng, settings.speed_m_s)));
                    self.ahead.push_back(Step::RestUntil(until_us));
                    self.phase = Phase::Friends;
                } else {
                    self.go_home();
                }
            }
            Phase::Friends => self.go_home(),
        }
    }

    fn go_home(&mut self) {
        self.travel(self.home);
        self.phase = Phase::Home;
    }

    /// Goes to a site, on the map if there is one.
    fn travel(&mut self, to: Site) {
        let speeds = if self.has_car {
            self.town.settings.car_speed_m_s
        } else {
            self.town.settings.speed_m_s
        };
        let speed_m_s = drawn(&mut self.rng, speeds);
        if let Some(roads) = &self.town.roads {
            let nodes = roads.path(self.here.node, to.node);
            self.ahead.extend(
                nodes
                    .into_iter()
                    .map(|node| Step::Go(roads.map().place(node), speed_m_s)),
            );
        }
        self.ahead.push_back(Step::Go(to.at, speed_m_s));
        self.here = to;
    }
}

/// A random number from a Pareto distribution with both bounds.
fn pareto(rng: &mut ChaCha20Rng, [low, high]: [f64; 2], exponent: f64) -> f64 {
    let tail = 1.0 - libm::pow(low / high, exponent);
    low / libm::pow(1.0 - rng::unit(rng) * tail, 1.0 / exponent)
}
