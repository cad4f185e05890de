//! Counts what the records of one run come to, as they are written.
//!
//! It takes memory for each delivery, each pair that met and each device, not for each record. Records of
//! different kinds may come in any order among one another.

use std::collections::BTreeMap;

use super::curves::{self, Curves, SLICES, Spread};
use super::files::Files;
use super::groups::Groups;
use super::summary::Run;
use super::writer::World;
use crate::plan::SECOND_US;
use crate::record::{Contact, Delivery, Edit, Reaction, Record, Sample, Session};

/// What has been counted so far.
#[derive(Debug)]
pub(super) struct Gathered {
    world: World,
    messages: Vec<u64>,
    delivered: Vec<u64>,
    delays_us: Vec<u64>,
    hops: u64,
    reactions: u64,
    reaction_delays_us: Vec<u64>,
    edits: u64,
    edit_delays_us: Vec<u64>,
    deletions: u64,
    deletion_delays_us: Vec<u64>,
    receipts: u64,
    receipt_delays_us: Vec<u64>,
    files: Files,
    groups: Groups,
    parcels: u64,
    parcel_bytes: u64,
    by_hand: u64,
    bundles: u64,
    transfers_done: Vec<u64>,
    transfers_aborted: u64,
    drops: BTreeMap<String, u64>,
    contact: Mean,
    apart: Mean,
    apart_spread: Spread,
    /// Until when a pair was last within reach.
    parted: BTreeMap<(i32, i32), u64>,
    session: Mean,
    sent_bytes: u64,
    ghost_bytes: u64,
    buffer_bytes: Vec<Mean>,
    energy_j: Vec<EnergySum>,
    /// What each device has used.
    used_j: BTreeMap<i32, f64>,
    named: BTreeMap<String, f64>,
}

/// Whole numbers whose mean is wanted.
#[derive(Debug, Clone, Default)]
struct Mean {
    sum: u128,
    count: u64,
}

/// Energies whose mean is wanted.
#[derive(Debug, Clone, Default)]
struct EnergySum {
    joules: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: u64) {
        self.sum += u128::from(value);
        self.count += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    fn seconds(&self) -> Option<f64> {
        self.value().map(|mean_us| mean_us / SECOND_US as f64)
    }
}

impl Gathered {
    pub(super) fn new(world: World) -> Self {
        let none = || vec![0; SLICES + 1];
        Self {
            world,
            messages: none(),
            delivered: none(),
            delays_us: Vec::new(),
            hops: 0,
            reactions: 0,
            reaction_delays_us: Vec::new(),
            edits: 0,
            edit_delays_us: Vec::new(),
            deletions: 0,
            deletion_delays_us: Vec::new(),
            receipts: 0,
            receipt_delays_us: Vec::new(),
            files: Files::default(),
            groups: Groups::default(),
            parcels: 0,
            parcel_bytes: 0,
            by_hand: 0,
            bundles: 0,
            transfers_done: none(),
            transfers_aborted: 0,
            drops: ["full", "expired", "released"]
                .map(|reason| (reason.to_owned(), 0))
                .into(),
            contact: Mean::default(),
            apart: Mean::default(),
            apart_spread: Spread::new(),
            parted: BTreeMap::new(),
            session: Mean::default(),
            sent_bytes: 0,
            ghost_bytes: 0,
            buffer_bytes: vec![Mean::default(); SLICES + 1],
            energy_j: vec![EnergySum::default(); SLICES + 1],
            used_j: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    pub(super) fn figure(&mut self, name: &str, value: f64) {
        if value.is_finite() {
            self.named.insert(name.to_owned(), value);
        }
    }

    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::Contact(contact) => self.contact(contact),
            Record::Session(session) => self.session(session),
            Record::Message(message) => {
                let slice = self.slice(message.at_us);
                self.messages[slice] += 1;
            }
            Record::Bundle(_) => self.bundles += 1,
            Record::Transfer(transfer) if transfer.done => {
                let slice = self.slice(transfer.end_us);
                self.transfers_done[slice] += 1;
            }
            Record::Transfer(_) => self.transfers_aborted += 1,
            Record::Delivery(delivery) => self.delivery(delivery),
            Record::GroupMessage(message) => self.groups.write(message),
            Record::GroupDelivery(delivery) => self.groups.deliver(delivery),
            Record::Reaction(reaction) => self.reaction(reaction),
            Record::Edit(edit) => self.edit(edit),
            Record::Deletion(deletion) => {
                self.deletions += 1;
                self.deletion_delays_us
                    .extend(u64::try_from(deletion.delay_us));
            }
            Record::Receipt(receipt) => {
                self.receipts += 1;
                self.receipt_delays_us
                    .extend(u64::try_from(receipt.delay_us));
            }
            Record::File(file) => self.files.take(file),
            Record::Parcel(parcel) => {
                self.parcels += 1;
                self.parcel_bytes += whole(parcel.bytes);
            }
            Record::Drop(drop) => match self.drops.get_mut(&drop.reason) {
                Some(count) => *count += 1,
                None => {
                    self.drops.insert(drop.reason.clone(), 1);
                }
            },
            Record::Sample(sample) => self.sample(sample),
        }
    }

    fn slice(&self, at_us: i64) -> usize {
        curves::slice(whole(at_us), self.world.duration_us)
    }

    /// A pair is apart from when none of its radios reach until one does again.
    fn contact(&mut self, contact: &Contact) {
        let (start_us, end_us) = (whole(contact.start_us), whole(contact.end_us));
        self.contact.add(end_us.saturating_sub(start_us));
        let parted_us = self
            .parted
            .entry((contact.a, contact.b))
            .or_insert(u64::MAX);
        if start_us > *parted_us {
            let apart_us = start_us - *parted_us;
            self.apart.add(apart_us);
            self.apart_spread.add(apart_us);
        }
        *parted_us = match *parted_us {
            u64::MAX => end_us,
            before_us => before_us.max(end_us),
        };
    }

    fn session(&mut self, session: &Session) {
        self.session
            .add(whole(session.end_us).saturating_sub(whole(session.start_us)));
        self.sent_bytes += whole(session.up_bytes) + whole(session.down_bytes);
        self.ghost_bytes += whole(session.ghost_bytes);
    }

    fn delivery(&mut self, delivery: &Delivery) {
        let slice = self.slice(delivery.at_us);
        self.delivered[slice] += 1;
        self.delays_us.push(whole(delivery.delay_us));
        self.hops += u64::try_from(delivery.hops).unwrap_or(0);
        self.by_hand += u64::from(delivery.hops == 0);
        self.files.deliver(delivery);
    }

    fn reaction(&mut self, reaction: &Reaction) {
        self.reactions += 1;
        self.reaction_delays_us
            .extend(u64::try_from(reaction.delay_us));
    }

    fn edit(&mut self, edit: &Edit) {
        self.edits += 1;
        self.edit_delays_us.extend(u64::try_from(edit.delay_us));
    }

    fn sample(&mut self, sample: &Sample) {
        let slice = self.slice(sample.at_us);
        self.buffer_bytes[slice].add(whole(sample.bundle_bytes));
        self.energy_j[slice].joules += sample.energy_j;
        self.energy_j[slice].count += 1;
        self.used_j.insert(sample.device, sample.energy_j);
    }

    /// What it all comes to.
    pub(super) fn finish(mut self) -> Run {
        self.delays_us.sort_unstable();
        let curves = self.curves();
        let mut run = Run {
            seed: self.world.seed,
            figures: self.named.clone(),
            curves,
        };
        let messages = total(&self.messages);
        let delivered = total(&self.delivered);
        let done = total(&self.transfers_done);
        let started = done + self.transfers_aborted;
        let mut count = |name: &str, value: u64| run.set(name, Some(value as f64));
        count("devices", self.world.devices as u64);
        count("messages", messages);
        count("delivered", delivered);
        count("bundles", self.bundles);
        count("transfers_started", started);
        count("transfers_done", done);
        count("transfers_aborted", self.transfers_aborted);
        for (reason, drops) in &self.drops {
            count(&format!("drops_{reason}"), *drops);
        }
        count("contacts", self.contact.count);
        count("sessions", self.session.count);
        count("sent_bytes", self.sent_bytes);
        count("ghost_bytes", self.ghost_bytes);
        count(
            "control_bytes",
            self.sent_bytes.saturating_sub(self.ghost_bytes),
        );

        run.set("duration_s", Some(seconds(self.world.duration_us)));
        run.set("delivery_ratio", ratio(delivered, messages));
        delays(&mut run, "", &self.delays_us);
        run.set("hops_mean", ratio(self.hops, delivered));
        if self.world.reacts {
            let (made, arrived) = (self.reactions, self.reaction_delays_us.len() as u64);
            run.set("reactions", Some(made as f64));
            run.set("reactions_delivered", Some(arrived as f64));
            run.set("reaction_delivery_ratio", ratio(arrived, made));
            self.reaction_delays_us.sort_unstable();
            delays(&mut run, "reaction_", &self.reaction_delays_us);
        }
        if self.world.edits {
            let (made, arrived) = (self.edits, self.edit_delays_us.len() as u64);
            run.set("edits", Some(made as f64));
            run.set("edits_delivered", Some(arrived as f64));
            run.set("edit_delivery_ratio", ratio(arrived, made));
            self.edit_delays_us.sort_unstable();
            delays(&mut run, "edit_", &self.edit_delays_us);
        }
        if self.world.deletions {
            let (made, arrived) = (self.deletions, self.deletion_delays_us.len() as u64);
            run.set("deletions", Some(made as f64));
            run.set("deletions_delivered", Some(arrived as f64));
            run.set("deletion_delivery_ratio", ratio(arrived, made));
            self.deletion_delays_us.sort_unstable();
            delays(&mut run, "deletion_", &self.deletion_delays_us);
        }
        if self.world.receipts {
            let (made, arrived) = (self.receipts, self.receipt_delays_us.len() as u64);
            run.set("receipts", Some(made as f64));
            run.set("receipts_delivered", Some(arrived as f64));
            run.set("receipt_delivery_ratio", ratio(arrived, made));
            self.receipt_delays_us.sort_unstable();
            delays(&mut run, "receipt_", &self.receipt_delays_us);
        }
        if self.world.files {
            self.files.tell(&mut run);
        }
        if self.world.groups {
            self.groups.tell(&mut run, self.sent_bytes);
        }
        if self.world.parcels {
            run.set("parcels", Some(self.parcels as f64));
            run.set("parcel_bytes", Some(self.parcel_bytes as f64));
            run.set("delivered_by_hand", Some(self.by_hand as f64));
        }
        run.set("copies_mean", ratio(self.bundles + done, self.bundles));
        run.set("overhead_ratio", self.overhead(done, delivered));
        run.set("contact_time_mean_s", self.contact.seconds());
        run.set("inter_contact_time_mean_s", self.apart.seconds());
        run.set("session_time_mean_s", self.session.seconds());
        let mut buffer = Mean::default();
        for slice in &self.buffer_bytes {
            buffer.sum += slice.sum;
            buffer.count += slice.count;
        }
        run.set("buffer_bytes", buffer.value());
        let devices = self.used_j.len();
        let energy_j: Option<f64> = (devices > 0).then(|| self.used_j.values().sum());
        run.set("energy_j", energy_j);
        run.set(
            "energy_device_j",
            energy_j.map(|energy_j| energy_j / devices as f64),
        );
        run
    }

    /// As The ONE counts it: what was carried beyond what was needed, for each delivery. It says nothing
    /// where nobody carries bundles.
    fn overhead(&self, done: u64, delivered: u64) -> Option<f64> {
        let told = self.bundles > 0 && delivered > 0;
        told.then(|| (done as f64 - delivered as f64) / delivered as f64)
    }

    fn curves(&self) -> Curves {
        let messages = sums(&self.messages);
        let delivered = sums(&self.delivered);
        let done = sums(&self.transfers_done);
        let over_time = |of: &dyn Fn(usize) -> Option<f64>| (0..=SLICES).map(of).collect();
        let grid_us = curves::durations_us();
        let within = grid_us.iter().map(|point| {
            let count = self.delays_us.partition_point(|delay_us| delay_us <= point);
            ratio(count as u64, total(&self.messages))
        });
        let apart = self
            .apart_spread
            .within()
            .into_iter()
            .map(|within| ratio(self.apart.count - within, self.apart.count));
        let moment = |slice: usize| seconds(self.world.duration_us) * slice as f64 / SLICES as f64;
        Curves {
            time_s: (0..=SLICES).map(moment).collect(),
            delivery_ratio: over_time(&|slice| ratio(delivered[slice], messages[slice])),
            overhead_ratio: over_time(&|slice| self.overhead(done[slice], delivered[slice])),
            buffer_bytes: over_time(&|slice| self.buffer_bytes[slice].value()),
            energy_j: over_time(&|slice| {
                let energy = &self.energy_j[slice];
                (energy.count > 0).then(|| energy.joules / energy.count as f64)
            }),
            delivered_within: within.collect(),
            apart_longer: apart.collect(),
            duration_s: grid_us.into_iter().map(seconds).collect(),
        }
    }
}

/// The figures of sorted delays, under names that begin so.
pub(super) fn delays(run: &mut Run, begin: &str, delays_us: &[u64]) {
    let mut mean = Mean::default();
    delays_us.iter().for_each(|delay_us| mean.add(*delay_us));
    run.set(&format!("{begin}delay_mean_s"), mean.seconds());
    let median = median(delays_us).map(|us| us / SECOND_US as f64);
    run.set(&format!("{begin}delay_median_s"), median);
    let percentile = percentile(delays_us, 95).map(seconds);
    run.set(&format!("{begin}delay_p95_s"), percentile);
}

/// Records hold what Parquet holds, signed numbers; none is below 0.
pub(super) fn whole(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn seconds(us: u64) -> f64 {
    us as f64 / SECOND_US as f64
}

pub(super) fn ratio(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

fn total(counts: &[u64]) -> u64 {
    counts.iter().sum()
}

fn sums(counts: &[u64]) -> Vec<u64> {
    let mut sum = 0;
    let add = |count: &u64| {
        sum += count;
        sum
    };
    counts.iter().map(add).collect()
}

/// Of sorted values: the middle one, or the mean of the two in the middle.
fn median(sorted: &[u64]) -> Option<f64> {
    let high = *sorted.get(sorted.len() / 2)?;
    let low = sorted[(sorted.len() - 1) / 2];
    Some((low as f64 + high as f64) / 2.0)
}

/// Of sorted values: the least that so many of a hundred do not exceed.
pub(super) fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}
