//! A run made by hand: three devices, one courier, places known.

use std::path::Path;

use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::record::{
    Bundle, Contact, Deletion, Delivery, Drop, Edit, File, GroupDelivery, GroupMessage, Message,
    Parcel, Reaction, Receipt, Record, Sample, Session, Transfer,
};
use hedgerow_simulations::result::{Error, Identity, Output, Run, Scene, Summary, World, Writer};

pub const SCENARIO: &str = "# <two & a courier>\n[world]\nduration-s = 1000\nseeds = [1, 2]\n";

pub fn identity(scenario: &str, seeds: &[u64]) -> Identity {
    Identity::new("by <hand>", scenario, seeds)
}

pub fn world(seed: u64) -> World {
    World {
        seed,
        duration_us: 1000 * SECOND_US,
        devices: 3,
        reacts: true,
        edits: true,
        deletions: true,
        receipts: true,
        files: true,
        parcels: true,
        groups: true,
    }
}

fn us(seconds: i64) -> i64 {
    seconds * SECOND_US.cast_signed()
}

fn contact(start: i64, end: i64, a: i32, b: i32) -> Record {
    Record::Contact(Contact {
        start_us: us(start),
        end_us: us(end),
        a,
        b,
        radio: 0,
    })
}

fn message(at: i64, message: i64, from: i32, to: i32) -> Record {
    Record::Message(Message {
        at_us: us(at),
        message,
        from,
        to,
        bytes: 100,
    })
}

fn transfer(start: i64, end: i64, bundle: i64, from: i32, to: i32, done: bool) -> Record {
    Record::Transfer(Transfer {
        start_us: us(start),
        end_us: us(end),
        bundle,
        from,
        to,
        bytes: 400,
        done,
    })
}

fn delivery(at: i64, message: i64, from: i32, to: i32, delay: i64, hops: i32) -> Record {
    Record::Delivery(Delivery {
        at_us: us(at),
        message,
        from,
        to,
        delay_us: us(delay),
        hops,
        beside_file: message == 2,
    })
}

fn reaction(at: i64, message: i64, from: i32, to: i32, delay_us: i64) -> Record {
    Record::Reaction(Reaction {
        at_us: us(at),
        message,
        from,
        to,
        delay_us,
    })
}

fn edit(at: i64, message: i64, from: i32, to: i32, delay_us: i64) -> Record {
    Record::Edit(Edit {
        at_us: us(at),
        message,
        from,
        to,
        delay_us,
    })
}

fn deletion(at: i64, message: i64, from: i32, to: i32, delay_us: i64) -> Record {
    Record::Deletion(Deletion {
        at_us: us(at),
        message,
        from,
        to,
        delay_us,
    })
}

fn receipt(at: i64, message: i64, from: i32, to: i32, delay_us: i64) -> Record {
    Record::Receipt(Receipt {
        at_us: us(at),
        message,
        from,
        to,
        delay_us,
    })
}

/// A file of a megabyte; its chunks have as many bytes again when it broke off.
fn file(at: i64, message: i64, [from, to]: [i32; 2], kept_bytes: i64, delay_us: i64) -> Record {
    let breaks = i32::from(delay_us < 0);
    Record::File(File {
        at_us: us(at),
        message,
        from,
        to,
        bytes: 1_000_000,
        voice: delay_us >= 0,
        asked: delay_us >= 0,
        cancelled: delay_us < 0,
        sent_bytes: kept_bytes + i64::from(breaks) * 500_000,
        kept_bytes,
        breaks,
        resumptions: 0,
        delay_us,
    })
}

fn parcel(at: i64, from: i32, to: i32, bytes: i64) -> Record {
    Record::Parcel(Parcel {
        at_us: us(at),
        from,
        to,
        bytes,
    })
}

/// What 0 writes in the group of the three.
fn group_message(at: i64, message: i64) -> Record {
    Record::GroupMessage(GroupMessage {
        at_us: us(at),
        message,
        group: 0,
        from: 0,
        bytes: 100,
        others: 2,
    })
}

fn group_delivery(at: i64, [to, via]: [i32; 2], delay: i64, hops: i32) -> Record {
    Record::GroupDelivery(GroupDelivery {
        at_us: us(at),
        message: 0,
        group: 0,
        from: 0,
        to,
        via,
        via_member: true,
        delay_us: us(delay),
        hops,
    })
}

fn dropped(at: i64, device: i32, bundle: i64, reason: &str) -> Record {
    Record::Drop(Drop {
        at_us: us(at),
        device,
        bundle,
        reason: reason.to_owned(),
    })
}

fn sample(at: i64, device: i32, bundle_bytes: i64, energy_j: f64) -> Record {
    Record::Sample(Sample {
        at_us: us(at),
        device,
        bundles: i32::try_from(bundle_bytes / 400).unwrap(),
        bundle_bytes,
        sessions: 0,
        sent_bytes: 0,
        received_bytes: 0,
        energy_j,
        on: true,
        x_m: f64::from(device) * 100.0,
        y_m: at as f64,
    })
}

/// 0 writes twice to 2: the first goes over 1 and arrives, the second is cut. 1 writes to 0 in a session, who
/// reacts at once; the reaction of 2 does not arrive. 1 edits what it wrote at once; the edit of 0 does not arrive.
/// 1 deletes what it wrote, which 0 has read; the deletion of 0 and the receipt of 2 do not arrive. What waits for 2 and
/// for 1 is written on sticks, which nobody takes in. The three are a group, in which 0 writes twice: the first text comes to
/// 1, who brings it to 2.
/// `late` moves the first delivery, so that seeds differ.
pub fn records(late: i64) -> Vec<Record> {
    let bundle = |at, bundle, message| {
        Record::Bundle(Bundle {
            at_us: us(at),
            bundle,
            from: 0,
            to: 2,
            bytes: 400,
            message,
        })
    };
    vec![
        sample(0, 0, 0, 0.0),
        sample(0, 1, 0, 0.0),
        sample(0, 2, 0, 0.0),
        message(10, 0, 0, 2),
        bundle(10, 7, 0),
        message(20, 1, 0, 2),
        bundle(20, -8, 1),
        transfer(100, 110, 7, 0, 1, true),
        transfer(110, 150, -8, 0, 1, false),
        message(120, 2, 1, 0),
        delivery(130, 2, 1, 0, 10, 1),
        reaction(135, 2, 0, 1, us(10)),
        edit(137, 2, 1, 0, us(4)),
        Record::Session(Session {
            start_us: us(100),
            end_us: us(150),
            dialler: 0,
            answerer: 1,
            radio: 0,
            up_bytes: 900,
            down_bytes: 300,
            ghost_bytes: 200,
        }),
        contact(90, 150, 0, 1),
        transfer(400, 410 + late, 7, 1, 2, true),
        delivery(410 + late, 0, 0, 2, 400 + late, 2),
        dropped(410 + late, 1, 7, "released"),
        contact(395, 450 + late, 1, 2),
        contact(550, 570, 0, 1),
        sample(600, 0, 800, 3.0),
        sample(600, 1, 400, 6.0),
        sample(600, 2, 0, 3.0),
        dropped(900, 0, -8, "expired"),
        message(950, 3, 2, 1),
        reaction(500, 0, 2, 0, -1),
        edit(510, 0, 0, 2, -1),
        deletion(520, 0, 0, 2, -1),
        deletion(530, 2, 1, 0, us(6)),
        receipt(140, 2, 0, 1, us(8)),
        receipt(540, 0, 2, 0, -1),
        file(10, 0, [0, 2], 250_000, -1),
        file(120, 2, [1, 0], 1_000_064, us(30)),
        parcel(700, 0, 2, 1_000),
        parcel(960, 2, 1, 500),
        group_message(100, 0),
        group_delivery(110, [1, 0], 10, 1),
        group_delivery(400, [2, 1], 300, 2),
        group_message(960, 3),
    ]
}

pub fn write(writer: &mut Writer, records: Vec<Record>) {
    for record in records {
        writer.write(record).unwrap();
    }
}

/// A whole result of seeds 1 and 2.
pub fn result(path: &Path, scenario: &str, late: i64) -> Result<Summary, Error> {
    of_seeds(&[1, 2], path, scenario, late)
}

/// A whole result of these seeds; each is 20 seconds later than the one before.
pub fn of_seeds(seeds: &[u64], path: &Path, scenario: &str, late: i64) -> Result<Summary, Error> {
    finished(
        Output::create(path, identity(scenario, seeds))?,
        seeds,
        late,
    )
}

/// A whole result with this under the devices.
pub fn over(path: &Path, scene: &Scene) -> Result<Summary, Error> {
    let output = Output::create(path, identity(SCENARIO, &[1, 2]))?;
    output.scene(scene)?;
    finished(output, &[1, 2], 0)
}

fn finished(output: Output, seeds: &[u64], late: i64) -> Result<Summary, Error> {
    let run = |(seed, late): (&u64, i64)| -> Result<Run, Error> {
        let mut writer = output.run(world(*seed))?;
        write(&mut writer, records(late));
        writer.figure("tracker_linking", 0.5);
        writer.finish()
    };
    let later = (0..).map(|place| late + 20 * place);
    let runs = seeds.iter().zip(later).map(run).collect::<Result<_, _>>()?;
    output.finish(runs)
}
