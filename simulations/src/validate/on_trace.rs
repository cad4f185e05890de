//! Couriers on a recorded trace, compared with the oracle message by message. Every contact hands over at once all
//! that its couriers want to.

use hedgerow_node::courier::meet::{Side, meet};
use hedgerow_node::courier::{Courier, PolicySettings, Settings, Tag, Whose};
use serde::Serialize;

use super::made_up::{SIZE, envelope, message_of, peer};
use crate::oracle::{self, Question};
use crate::plan::{Change, DeviceNumber};
use crate::rng::{self, Purpose};
use crate::theory::Spreading;
use crate::trace::Trace;

/// The result of one policy on the trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnTrace {
    /// The policy.
    pub policy: String,
    /// Number of messages written.
    pub messages: usize,
    /// Number of messages that arrived.
    pub delivered: usize,
    /// Number that the oracle delivers: over any path, or for direct only by their authors.
    pub oracle_delivered: usize,
    /// Number that arrived earlier than the oracle says is possible.
    pub earlier: usize,
    /// Number that arrived at another time than in the oracle, or in only one of the two.
    pub different: usize,
    /// Whether none was earlier and, for epidemic and direct, none different.
    pub holds: bool,
}

/// Runs every policy on the trace with the same messages: from random authors to random others at random times.
/// Empty if the trace has fewer than two devices.
#[must_use]
pub fn on_trace(
    trace: &Trace,
    policies: &[(Spreading, PolicySettings)],
    messages: usize,
    seed: u64,
) -> Vec<OnTrace> {
    if trace.devices < 2 {
        return Vec::new();
    }
    let questions = questions(trace, messages, seed);
    let flooding = oracle::flooding(trace.devices, &trace.changes, &questions);
    let by_author = oracle::direct(&trace.changes, &questions);
    let row = |(spreading, policy): &(Spreading, PolicySettings)| {
        let oracle = if *spreading == Spreading::Direct {
            &by_author
        } else {
            &flooding
        };
        let arrivals = arrivals(policy, trace.devices, &trace.changes, &questions);
        let delivered = |arrivals: &[Option<u64>]| arrivals.iter().flatten().count();
        let pairs = || arrivals.iter().zip(oracle);
        let earlier = pairs()
            .filter(|(arrival, best)| {
                arrival.is_some_and(|at_us| best.is_none_or(|best_us| at_us < best_us))
            })
            .count();
        let different = pairs().filter(|(arrival, best)| arrival != best).count();
        let must_equal = matches!(spreading, Spreading::Direct | Spreading::Epidemic);
        OnTrace {
            policy: spreading.to_string(),
            messages,
            delivered: delivered(&arrivals),
            oracle_delivered: delivered(oracle),
            earlier,
            different,
            holds: earlier == 0 && (different == 0 || !must_equal),
        }
    };
    policies.iter().map(row).collect()
}

/// Messages from random authors to random others, sorted by their random times.
fn questions(trace: &Trace, messages: usize, seed: u64) -> Vec<Question> {
    let mut rng = rng::stream(seed, Purpose::Workload, 0);
    let end_us = trace.changes.last().map_or(0, |change| change.at_us);
    let mut questions: Vec<Question> = (0..messages)
        .map(|_| {
            let from = rng::index(&mut rng, trace.devices);
            let to = rng::index(&mut rng, trace.devices - 1);
            let to = to + usize::from(to >= from);
            Question {
                from: from as DeviceNumber,
                to: to as DeviceNumber,
                at_us: rng::index(&mut rng, end_us as usize + 1) as u64,
            }
        })
        .collect();
    questions.sort_by_key(|question| question.at_us);
    questions
}

/// When each message arrives under this policy, if every contact hands over at once all that it may. Changes and
/// messages are sorted; at one moment the changes come first, as in the oracle.
#[must_use]
pub fn arrivals(
    policy: &PolicySettings,
    devices: usize,
    changes: &[Change],
    questions: &[Question],
) -> Vec<Option<u64>> {
    let mut gathered = Gathered::new(policy, devices, questions);
    let mut changes = changes.iter().peekable();
    for (message, question) in questions.iter().enumerate() {
        while let Some(change) = changes.next_if(|change| change.at_us <= question.at_us) {
            gathered.change(change);
        }
        gathered.write(message);
    }
    for change in changes {
        gathered.change(change);
    }
    gathered.arrivals
}

/// Couriers, and the devices within reach of each.
struct Gathered<'a> {
    couriers: Vec<Courier>,
    /// The devices within reach of each device; twice if over two radios.
    reach: Vec<Vec<DeviceNumber>>,
    questions: &'a [Question],
    arrivals: Vec<Option<u64>>,
}

impl<'a> Gathered<'a> {
    fn new(policy: &PolicySettings, devices: usize, questions: &'a [Question]) -> Gathered<'a> {
        let settings = Settings {
            policy: policy.clone(),
            quota_bytes: SIZE * questions.len() as u64,
            ..Settings::default()
        };
        Gathered {
            couriers: (0..devices)
                .map(|_| Courier::new(settings.clone()))
                .collect(),
            reach: vec![Vec::new(); devices],
            questions,
            arrivals: vec![None; questions.len()],
        }
    }

    fn write(&mut self, message: usize) {
        let Question { from, to, at_us } = self.questions[message];
        // All bundles go at once, so their order does not matter.
        let mut rng = rng::stream(0, Purpose::Engine, message as u64);
        let envelope = envelope(message, to as usize);
        self.couriers[from as usize].add(envelope, SIZE, at_us / 1000, &mut rng);
        self.spread(from, at_us);
    }

    fn change(&mut self, change: &Change) {
        let &Change {
            at_us, up, a, b, ..
        } = change;
        for (one, other) in [(a, b), (b, a)] {
            let reach = &mut self.reach[one as usize];
            if up {
                reach.push(other);
            } else if let Some(at) = reach.iter().position(|&device| device == other) {
                reach.swap_remove(at);
            }
        }
        if up {
            for gained in self.meet(a, b, at_us) {
                self.spread(gained, at_us);
            }
        }
    }

    /// Spreads something new from a device: all devices within its reach meet it, and so on from each that gains it.
    fn spread(&mut self, device: DeviceNumber, at_us: u64) {
        let mut gained = vec![device];
        while let Some(device) = gained.pop() {
            for other in self.reach[device as usize].clone() {
                gained.extend(self.meet(device, other, at_us));
            }
        }
    }

    /// Lets two devices meet; returns those that carry more than before.
    fn meet(&mut self, a: DeviceNumber, b: DeviceNumber, at_us: u64) -> Vec<DeviceNumber> {
        let (questions, arrivals) = (self.questions, &self.arrivals);
        let whose = |device: DeviceNumber| {
            move |tag: &Tag| {
                let message = message_of(tag);
                match questions[message].to == device {
                    true if arrivals[message].is_none() => Whose::Ours,
                    true => Whose::Had,
                    false => Whose::Others,
                }
            }
        };
        let ends = [a as usize, b as usize];
        let [one, two] = self
            .couriers
            .get_disjoint_mut(ends)
            .expect("two different devices");
        let mut moved = Vec::new();
        meet(
            &mut Side {
                courier: one,
                me: peer(ends[0]),
                whose: &mut whose(a),
            },
            &mut Side {
                courier: two,
                me: peer(ends[1]),
                whose: &mut whose(b),
            },
            at_us / 1000,
            &mut moved,
        );
        let mut gained = Vec::new();
        for moved in moved {
            if moved.delivered {
                self.arrivals[message_of(&moved.tag)] = Some(at_us);
            } else {
                gained.push(if moved.up { b } else { a });
            }
        }
        gained.dedup();
        gained
    }
}
