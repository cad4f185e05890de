//! Writes a result that is made up, without engines: devices wander over a square and pass on whatever they
//! hold. `cargo run --example made_up_result -- DIR [SEEDS]`; the longer suites look at it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::record::{
    Bundle, Contact, Delivery, Drop, Message, Record, Sample, Transfer,
};
use hedgerow_simulations::result::{Error, Identity, Output, World, Writer};
use hedgerow_simulations::rng::{Purpose, between, index, stream};
use rand_chacha::ChaCha20Rng;

const DEVICES: usize = 60;
const SIDE_M: f64 = 1_000.0;
const RANGE_M: f64 = 60.0;
const STEP_S: i64 = 10;
const STEPS: i64 = 1_080;
const HELD: usize = 25;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| "made-up".to_owned());
    let seeds = arguments
        .next()
        .and_then(|seeds| seeds.parse().ok())
        .unwrap_or(1);
    let seeds: Vec<u64> = (1..=seeds).collect();
    let scenario = format!("# Made up, without engines.\n[world]\nseeds = {seeds:?}\n");
    let identity = Identity::new("made-up", &scenario, &seeds);
    let output = Output::create(Path::new(&directory), identity)?;
    let mut runs = Vec::new();
    for seed in seeds {
        let writer = output.run(World {
            seed,
            duration_us: (STEP_S * STEPS).unsigned_abs() * SECOND_US,
            devices: DEVICES,
            reacts: false,
            edits: false,
            deletions: false,
            receipts: false,
            files: false,
            parcels: false,
            groups: false,
        })?;
        runs.push(Walk::new(seed, writer).walk()?);
    }
    print!("{}", output.finish(runs)?.text());
    Ok(())
}

struct Walk {
    rng: ChaCha20Rng,
    writer: Writer,
    place: Vec<[f64; 2]>,
    goal: Vec<[f64; 2]>,
    /// Since when a pair is within reach.
    near: BTreeMap<(usize, usize), i64>,
    /// What each device holds: a message's number is also its bundle's.
    held: Vec<BTreeSet<i64>>,
    /// When it was written, by whom, for whom, and how many links it has crossed to whom.
    written: Vec<(i64, usize, usize)>,
    hops: BTreeMap<(i64, usize), i32>,
    sent_bytes: Vec<i64>,
}

fn number(device: usize) -> i32 {
    i32::try_from(device).expect("few devices")
}

impl Walk {
    fn new(seed: u64, writer: Writer) -> Self {
        let mut rng = stream(seed, Purpose::Mobility, 0);
        let mut places = || -> Vec<[f64; 2]> {
            (0..DEVICES)
                .map(|_| {
                    [
                        between(&mut rng, 0.0, SIDE_M),
                        between(&mut rng, 0.0, SIDE_M),
                    ]
                })
                .collect()
        };
        let (place, goal) = (places(), places());
        Self {
            rng,
            writer,
            place,
            goal,
            near: BTreeMap::new(),
            held: vec![BTreeSet::new(); DEVICES],
            written: Vec::new(),
            hops: BTreeMap::new(),
            sent_bytes: vec![0; DEVICES],
        }
    }

    fn walk(mut self) -> Result<hedgerow_simulations::result::Run, Error> {
        for step in 0..=STEPS {
            let at_us = step * STEP_S * SECOND_US.cast_signed();
            if step % 6 == 0 {
                self.sample(at_us)?;
            }
            if step % 9 == 0 {
                self.message(at_us)?;
            }
            self.meet(at_us)?;
            self.step();
        }
        let near = std::mem::take(&mut self.near);
        for ((a, b), start_us) in near {
            self.writer.write(Record::Contact(Contact {
                start_us,
                end_us: STEPS * STEP_S * SECOND_US.cast_signed(),
                a: number(a),
                b: number(b),
                radio: 0,
            }))?;
        }
        self.writer.figure("made_up", 1.0);
        self.writer.finish()
    }

    fn step(&mut self) {
        for device in 0..DEVICES {
            let [x, y] = self.place[device];
            let [to_x, to_y] = self.goal[device];
            let far = ((to_x - x) * (to_x - x) + (to_y - y) * (to_y - y)).sqrt();
            let stride = 1.4 * STEP_S as f64;
            if far <= stride {
                self.place[device] = self.goal[device];
                self.goal[device] = [
                    between(&mut self.rng, 0.0, SIDE_M),
                    between(&mut self.rng, 0.0, SIDE_M),
                ];
            } else {
                self.place[device] = [x + (to_x - x) * stride / far, y + (to_y - y) * stride / far];
            }
        }
    }

    fn message(&mut self, at_us: i64) -> Result<(), Error> {
        let from = index(&mut self.rng, DEVICES);
        let to = (from + 1 + index(&mut self.rng, DEVICES - 1)) % DEVICES;
        let message = i64::try_from(self.written.len()).expect("few messages");
        self.written.push((at_us, from, to));
        self.hops.insert((message, from), 0);
        self.writer.write(Record::Message(Message {
            at_us,
            message,
            from: number(from),
            to: number(to),
            bytes: 200,
        }))?;
        self.writer.write(Record::Bundle(Bundle {
            at_us,
            bundle: message,
            from: number(from),
            to: number(to),
            bytes: 512,
            message,
        }))?;
        self.hold(at_us, from, message)
    }

    fn hold(&mut self, at_us: i64, device: usize, bundle: i64) -> Result<(), Error> {
        self.held[device].insert(bundle);
        if self.held[device].len() <= HELD {
            return Ok(());
        }
        let oldest = self.held[device].pop_first().expect("more than none");
        self.writer.write(Record::Drop(Drop {
            at_us,
            device: number(device),
            bundle: oldest,
            reason: "full".to_owned(),
        }))
    }

    fn meet(&mut self, at_us: i64) -> Result<(), Error> {
        for a in 0..DEVICES {
            for b in a + 1..DEVICES {
                let [x, y] = [0, 1].map(|axis| self.place[a][axis] - self.place[b][axis]);
                if x * x + y * y <= RANGE_M * RANGE_M {
                    if self.near.contains_key(&(a, b)) {
                        continue;
                    }
                    self.near.insert((a, b), at_us);
                    self.pass(at_us, a, b)?;
                    self.pass(at_us, b, a)?;
                } else if let Some(start_us) = self.near.remove(&(a, b)) {
                    self.writer.write(Record::Contact(Contact {
                        start_us,
                        end_us: at_us,
                        a: number(a),
                        b: number(b),
                        radio: 0,
                    }))?;
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, at_us: i64, from: usize, to: usize) -> Result<(), Error> {
        let new: Vec<i64> = self.held[from]
            .iter()
            .copied()
            .filter(|bundle| !self.hops.contains_key(&(*bundle, to)))
            .collect();
        for bundle in new {
            let hops = self.hops[&(bundle, from)] + 1;
            self.hops.insert((bundle, to), hops);
            self.sent_bytes[from] += 512;
            self.writer.write(Record::Transfer(Transfer {
                start_us: at_us,
                end_us: at_us,
                bundle,
                from: number(from),
                to: number(to),
                bytes: 512,
                done: true,
            }))?;
            let message = usize::try_from(bundle).expect("a message's number");
            let (written_us, writer, reader) = self.written[message];
            if to != reader {
                self.hold(at_us, to, bundle)?;
                continue;
            }
            self.writer.write(Record::Delivery(Delivery {
                at_us,
                message: bundle,
                from: number(writer),
                to: number(reader),
                delay_us: at_us - written_us,
                hops,
                beside_file: false,
            }))?;
        }
        Ok(())
    }

    fn sample(&mut self, at_us: i64) -> Result<(), Error> {
        for device in 0..DEVICES {
            let bundles = number(self.held[device].len());
            let seconds = at_us as f64 / SECOND_US as f64;
            self.writer.write(Record::Sample(Sample {
                at_us,
                device: number(device),
                bundles,
                bundle_bytes: i64::from(bundles) * 512,
                sessions: 0,
                sent_bytes: self.sent_bytes[device],
                received_bytes: 0,
                energy_j: seconds * 0.02 + self.sent_bytes[device] as f64 * 1e-4,
                on: true,
                x_m: self.place[device][0],
                y_m: self.place[device][1],
            }))?;
        }
        Ok(())
    }
}
