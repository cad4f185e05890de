//! The best result that any policy could reach on a contact plan: when a message would arrive if every contact
//! passed on everything at once (earliest arrival over time-respecting paths), and when if only its author could
//! hand it over.
//!
//! At one moment, changes of reach come first, then messages are written. A device gets a message at once from every
//! device that it is connected with, directly or through others.

use std::collections::BTreeMap;

use crate::plan::{Change, DeviceNumber};

/// A message whose earliest arrival is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Its author.
    pub from: DeviceNumber,
    /// Its recipient.
    pub to: DeviceNumber,
    /// When it is written.
    pub at_us: u64,
}

/// A flood that spreads from one device to all that it can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flood {
    /// The device where it starts.
    pub from: DeviceNumber,
    /// When it starts.
    pub at_us: u64,
}

/// The earliest arrival of each message over any path; `None` if there is no path. `changes` must be sorted.
#[must_use]
pub fn flooding(devices: usize, changes: &[Change], questions: &[Question]) -> Vec<Option<u64>> {
    let floods: Vec<Flood> = questions
        .iter()
        .map(|&Question { from, at_us, .. }| Flood { from, at_us })
        .collect();
    let mut arrivals = vec![None; questions.len()];
    spread(devices, changes, &floods, |flood, device, at_us| {
        if questions[flood].to == device {
            arrivals[flood] = Some(at_us);
        }
    });
    arrivals
}

/// The arrival of each message if only its author carries it; `None` if never. `changes` must be sorted.
#[must_use]
pub fn direct(changes: &[Change], questions: &[Question]) -> Vec<Option<u64>> {
    // For each pair its changes: the time, and the number of radios within reach from then on.
    let mut pairs: BTreeMap<(DeviceNumber, DeviceNumber), Vec<(u64, u32)>> = BTreeMap::new();
    for change in changes {
        let pair = pairs.entry((change.a, change.b)).or_default();
        let radios = pair.last().map_or(0, |&(_, radios)| radios);
        let radios = if change.up {
            radios + 1
        } else {
            radios.saturating_sub(1)
        };
        pair.push((change.at_us, radios));
    }
    let arrival = |question: &Question| {
        let ends = (
            question.from.min(question.to),
            question.from.max(question.to),
        );
        let changes = pairs.get(&ends)?;
        let later = changes.partition_point(|&(at_us, _)| at_us <= question.at_us);
        if later.checked_sub(1).is_some_and(|last| changes[last].1 > 0) {
            return Some(question.at_us);
        }
        changes[later..]
            .iter()
            .find(|&&(_, radios)| radios > 0)
            .map(|&(at_us, _)| at_us)
    };
    questions.iter().map(arrival).collect()
}

/// Most floods in one pass over the contact plan: one machine word for each 64.
const FLOODS_AT_ONCE: usize = 64 * 64;

/// Spreads floods over the contact plan. Reports to `reached` each flood (its index in `floods`), each device that it
/// reaches except the first, and the time. `changes` must be sorted.
pub fn spread(
    devices: usize,
    changes: &[Change],
    floods: &[Flood],
    mut reached: impl FnMut(usize, DeviceNumber, u64),
) {
    let mut order: Vec<usize> = (0..floods.len()).collect();
    order.sort_by_key(|&flood| floods[flood].at_us);
    for batch in order.chunks(FLOODS_AT_ONCE) {
        let mut waters = Waters::new(devices, batch);
        let mut changes = changes.iter().peekable();
        for (bit, &flood) in batch.iter().enumerate() {
            let Flood { from, at_us } = floods[flood];
            while let Some(change) = changes.next_if(|change| change.at_us <= at_us) {
                waters.change(change, &mut reached);
            }
            waters.start(bit, from, at_us, &mut reached);
        }
        for change in changes {
            waters.change(change, &mut reached);
        }
    }
}

/// State of a batch of floods.
///
/// Connected devices, directly or through others, always have the same floods: all of them get a new one at
/// once.
struct Waters<'a> {
    /// The floods of this batch: bit `i` of a device stands for flood `batch[i]`.
    batch: &'a [usize],
    /// Machine words for each device.
    words: usize,
    /// The floods of each device, as bits.
    has: Vec<u64>,
    /// The devices within reach of each device; twice if over two radios.
    reach: Vec<Vec<DeviceNumber>>,
    /// The number of the last search that visited each device.
    looked: Vec<u64>,
    look: u64,
}

impl<'a> Waters<'a> {
    fn new(devices: usize, batch: &'a [usize]) -> Waters<'a> {
        let words = batch.len().div_ceil(64);
        Waters {
            batch,
            words,
            has: vec![0; devices * words],
            reach: vec![Vec::new(); devices],
            looked: vec![0; devices],
            look: 0,
        }
    }

    fn start(
        &mut self,
        bit: usize,
        from: DeviceNumber,
        at_us: u64,
        reached: &mut impl FnMut(usize, DeviceNumber, u64),
    ) {
        for device in self.connected(from) {
            self.has[device as usize * self.words + bit / 64] |= 1 << (bit % 64);
            if device != from {
                reached(self.batch[bit], device, at_us);
            }
        }
    }

    fn change(&mut self, change: &Change, reached: &mut impl FnMut(usize, DeviceNumber, u64)) {
        let &Change {
            at_us, up, a, b, ..
        } = change;
        if !up {
            for (one, other) in [(a, b), (b, a)] {
                let reach = &mut self.reach[one as usize];
                if let Some(at) = reach.iter().position(|&device| device == other) {
                    reach.swap_remove(at);
                }
            }
            return;
        }
        let [of_a, of_b] = [a, b].map(|device| self.floods(device).to_vec());
        self.pass(a, &of_a, &of_b, at_us, reached);
        self.pass(b, &of_b, &of_a, at_us, reached);
        self.reach[a as usize].push(b);
        self.reach[b as usize].push(a);
    }

    /// Gives a device, and all devices connected with it, those of the `offered` floods that they do not `have`.
    fn pass(
        &mut self,
        device: DeviceNumber,
        have: &[u64],
        offered: &[u64],
        at_us: u64,
        reached: &mut impl FnMut(usize, DeviceNumber, u64),
    ) {
        let gained: Vec<(usize, u64)> = (0..self.words)
            .map(|word| (word, offered[word] & !have[word]))
            .filter(|&(_, gained)| gained != 0)
            .collect();
        if gained.is_empty() {
            return;
        }
        for member in self.connected(device) {
            for &(word, gained) in &gained {
                self.has[member as usize * self.words + word] |= gained;
                let mut left = gained;
                while left != 0 {
                    let bit = word * 64 + left.trailing_zeros() as usize;
                    reached(self.batch[bit], member, at_us);
                    left &= left - 1;
                }
            }
        }
    }

    fn floods(&self, device: DeviceNumber) -> &[u64] {
        &self.has[device as usize * self.words..][..self.words]
    }

    /// The device and all devices connected with it.
    fn connected(&mut self, device: DeviceNumber) -> Vec<DeviceNumber> {
        self.look += 1;
        self.looked[device as usize] = self.look;
        let mut connected = vec![device];
        let mut next = 0;
        while let Some(&member) = connected.get(next) {
            next += 1;
            for &other in &self.reach[member as usize] {
                if self.looked[other as usize] != self.look {
                    self.looked[other as usize] = self.look;
                    connected.push(other);
                }
            }
        }
        connected
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::SECOND_US;
    use crate::trace::TraceSettings;

    /// Contacts (a, b, start, end) as changes.
    fn plan(contacts: &[(DeviceNumber, DeviceNumber, u64, u64)]) -> Vec<Change> {
        let mut changes: Vec<Change> = contacts
            .iter()
            .flat_map(|&(a, b, start_us, end_us)| {
                [(start_us, true), (end_us, false)].map(|(at_us, up)| Change {
                    at_us,
                    up,
                    a,
                    b,
                    radio: 0,
                })
            })
            .collect();
        changes.sort_unstable();
        changes
    }

    fn question(from: DeviceNumber, to: DeviceNumber, at_us: u64) -> Question {
        Question { from, to, at_us }
    }

    #[test]
    fn a_message_takes_the_earliest_path_that_respects_time() {
        // 0 meets 1, later 1 meets 2; 3 met 2 earlier and meets 0 last.
        let changes = plan(&[
            (0, 1, 10, 20),
            (2, 3, 15, 25),
            (1, 2, 30, 40),
            (0, 3, 50, 60),
        ]);
        let questions = [
            question(0, 2, 0),
            question(0, 3, 0),
            question(2, 0, 0),
            question(0, 1, 12),
            question(0, 1, 20),
            question(3, 1, 26),
        ];
        let arrivals = flooding(4, &changes, &questions);
        assert_eq!(
            arrivals,
            [Some(30), Some(50), Some(50), Some(12), None, None]
        );
        let arrivals = direct(&changes, &questions);
        assert_eq!(arrivals, [None, Some(50), None, Some(12), None, None]);
    }

    #[test]
    fn who_is_connected_by_way_of_others_is_reached_at_once() {
        let changes = plan(&[(0, 1, 10, 50), (1, 2, 20, 50), (2, 3, 30, 40)]);
        let questions = [question(0, 3, 0), question(0, 2, 25), question(3, 0, 35)];
        assert_eq!(
            flooding(4, &changes, &questions),
            [Some(30), Some(25), Some(35)]
        );
    }

    #[test]
    fn a_pair_within_reach_over_two_radios_is_so_until_both_end() {
        let mut changes = plan(&[(0, 1, 10, 20)]);
        changes.extend(
            plan(&[(0, 1, 15, 30)])
                .into_iter()
                .map(|change| Change { radio: 1, ..change }),
        );
        changes.sort_unstable();
        let questions = [question(0, 1, 25), question(0, 1, 30)];
        assert_eq!(flooding(2, &changes, &questions), [Some(25), None]);
        assert_eq!(direct(&changes, &questions), [Some(25), None]);
    }

    /// A slow reference: every contact at every moment, until nothing changes.
    fn step_by_step(
        devices: usize,
        contacts: &[(DeviceNumber, DeviceNumber, u64, u64)],
        asked: Question,
    ) -> Option<u64> {
        let mut has = vec![false; devices];
        has[asked.from as usize] = true;
        for at_us in asked.at_us..200 {
            for _ in 0..devices {
                for &(a, b, start_us, end_us) in contacts {
                    if (start_us..end_us).contains(&at_us) && (has[a as usize] || has[b as usize]) {
                        has[a as usize] = true;
                        has[b as usize] = true;
                    }
                }
            }
            if has[asked.to as usize] {
                return Some(at_us);
            }
        }
        None
    }

    proptest! {
        #[test]
        fn arrivals_are_those_found_step_by_step(
            contacts in proptest::collection::vec((0_u32..6, 1_u32..6, 0_u64..150, 1_u64..40), 0..25),
            asked in proptest::collection::vec((0_u32..6, 1_u32..6, 0_u64..160), 1..20),
        ) {
            let contacts: Vec<_> = contacts
                .into_iter()
                .map(|(a, further, start, length)| {
                    let b = (a + further) % 6;
                    (a.min(b), a.max(b), start, start + length)
                })
                .collect();
            let questions: Vec<Question> =
                asked.into_iter().map(|(from, further, at)| question(from, (from + further) % 6, at)).collect();
            let changes = plan(&contacts);
            let expected: Vec<Option<u64>> =
                questions.iter().map(|&asked| step_by_step(6, &contacts, asked)).collect();
            prop_assert_eq!(flooding(6, &changes, &questions), expected.clone());
            let direct = direct(&changes, &questions);
            for (by_author, best) in direct.iter().zip(&expected) {
                prop_assert!(by_author.is_none() || *best <= *by_author && best.is_some());
            }
        }
    }

    /// The reference took 15 random starts, each of a random source at a random time in the first 30 ks of the
    /// trace, and asked for all destinations. Here all sources start at many times, which gives the mean of such a
    /// sample and its standard deviation.
    #[test]
    #[ignore = "needs SocioPatterns' SFHH_tij.dat, its path in HEDGEROW_SFHH"]
    fn the_conference_is_flooded_as_the_reference_says() {
        const STARTS: usize = 15;
        /// Lifetime, ratio by flooding, ratio by direct delivery.
        const REFERENCE: [(u64, f64, f64); 8] = [
            (120, 0.000, 0.000),
            (600, 0.000, 0.000),
            (3_600, 0.080, 0.005),
            (10_800, 0.379, 0.018),
            (21_600, 0.633, 0.040),
            (43_200, 0.816, 0.055),
            (86_400, 0.955, 0.072),
            (172_800, 0.976, 0.093),
        ];
        let path = std::env::var_os("HEDGEROW_SFHH").expect("a path in HEDGEROW_SFHH");
        let trace = TraceSettings::at(path).contacts().expect("the trace");
        let devices = trace.devices as DeviceNumber;
        assert_eq!((devices, trace.changes.len() / 2), (403, 26_040));

        let mut floods = Vec::new();
        let mut questions = Vec::new();
        for at_us in (0..30).map(|start| start * 1000 * SECOND_US) {
            for from in 0..devices {
                floods.push(Flood { from, at_us });
                let others = (0..devices).filter(|&to| to != from);
                questions.extend(others.map(|to| question(from, to, at_us)));
            }
        }
        let mut by_flood = vec![[0_u32; REFERENCE.len()]; floods.len()];
        let mut by_author = by_flood.clone();
        let count = |counts: &mut [u32; REFERENCE.len()], delay_us: u64| {
            for (count, (lifetime_s, ..)) in counts.iter_mut().zip(REFERENCE) {
                *count += u32::from(delay_us <= lifetime_s * SECOND_US);
            }
        };
        spread(trace.devices, &trace.changes, &floods, |flood, _, at_us| {
            count(&mut by_flood[flood], at_us - floods[flood].at_us);
        });
        let arrivals = direct(&trace.changes, &questions);
        for (index, arrival) in arrivals.into_iter().enumerate() {
            if let Some(at_us) = arrival {
                let flood = index / (trace.devices - 1);
                count(&mut by_author[flood], at_us - floods[flood].at_us);
            }
        }
        for (lifetime, (lifetime_s, flooding, direct)) in REFERENCE.into_iter().enumerate() {
            for (counts, reference) in [(&by_flood, flooding), (&by_author, direct)] {
                let ratios = counts
                    .iter()
                    .map(|counts| f64::from(counts[lifetime]) / 402.0);
                let mean = ratios.clone().sum::<f64>() / floods.len() as f64;
                let variance =
                    ratios.map(|ratio| (ratio - mean).powi(2)).sum::<f64>() / floods.len() as f64;
                let error = libm::sqrt(variance / STARTS as f64);
                println!("{lifetime_s} s: {mean:.4} ± {error:.4}, reference {reference}");
                assert!((mean - reference).abs() <= 3.0 * error);
            }
        }
    }
}
