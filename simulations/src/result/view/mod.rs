//! One page, complete in itself, that plays a run: where devices are, who is within reach of whom, and how
//! messages spread. [`Played`] is what `page.html` is given.

mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use data_encoding::BASE64;
use serde::Serialize;

use self::pace::{Bar, SPEEDS, bars, first_meeting, speed};
use super::{Error, MapLine, Place, Row as _, Scene, Summary, Unit, read, run_directory};
use crate::plan::SECOND_US;
use crate::record::{
    Bundle, Contact, Delivery, Drop, Edit, Message, Reaction, Sample, Session, Transfer,
};

/// The page, without the run.
const PAGE: &str = include_str!("page.html");
/// Where the run goes in it.
const PLACE: &str = "\"the run\"";

/// What a page holds at most, so that a telephone can open it: some fifteen megabytes. Of more, every so
/// many are kept, and the page says so.
const MOST_PLACES: usize = 1_000_000;
const MOST_CONTACTS: usize = 80_000;
const MOST_EVENTS: usize = 150_000;
const MOST_LINES: usize = 40_000;

/// Microseconds in the page's unit of time, a tenth of a second.
const TICK_US: i64 = SECOND_US.cast_signed() / 10;

/// Where devices go between two samples that are farther apart than this, nobody can tell.
const CLOSE_US: i64 = 300 * SECOND_US.cast_signed();

/// The page that plays the run of one seed.
///
/// # Errors
/// The result has no such run, or a table cannot be read.
pub fn view(result: &Path, seed: u64) -> Result<String, Error> {
    let summary = Summary::read(result)?;
    let figures = summary
        .by_seed
        .get(&seed)
        .ok_or(Error::NoSeed(result.to_owned(), seed))?;
    let figure = |name: &str| figures.get(name).copied().unwrap_or(0.0);
    let run = run_directory(result, seed);
    let mut notes = Vec::new();
    let scene = Scene::read(result)?;
    let (samples, frame) = samples(&run, figure("devices") as usize, &scene, &mut notes)?;
    let contacts = contacts(&run)?;
    let sessions = sessions(&run)?;
    if contacts.is_empty() && !sessions.is_empty() {
        notes.push("Contacts were not kept: only sessions are drawn.".to_owned());
    }
    let played = Played {
        name: &summary.identity.name,
        seed,
        devices: figure("devices") as u64,
        ticks: (figure("duration_s") * 10.0) as u64,
        samples,
        width_m: frame.width(),
        height_m: frame.height(),
        bars: bars(frame.width()),
        map: lines(&scene.lines, &frame, &mut notes),
        places: places(&scene, &frame),
        start: first_meeting(&contacts, &sessions).map_or(0, ticks),
        speeds: SPEEDS,
        speed: speed(figure("duration_s")),
        contacts: thinned(contacts, "contacts", &mut notes),
        sessions: thinned(sessions, "sessions", &mut notes),
        spread: spread(&run, &mut notes)?,
        notes,
    };
    let data = serde_json::to_string(&played).map_err(Error::json(result))?;
    // Within a script element nothing may look like its end.
    Ok(PAGE.replacen(PLACE, &data.replace('<', "\\u003c"), 1))
}

/// A run, as its page holds it. Numbers are in base 64, little-endian, one after another.
#[derive(Serialize)]
struct Played<'a> {
    name: &'a str,
    seed: u64,
    devices: u64,
    ticks: u64,
    samples: Option<Samples>,
    width_m: f64,
    height_m: f64,
    /// Lengths that the bar of the scale may have.
    bars: Vec<Bar>,
    /// u16: x and y of both ends of each line, as shares of the frame.
    map: String,
    places: Vec<Marked<'a>>,
    /// Where it begins to play.
    start: u32,
    speeds: [u32; SPEEDS.len()],
    speed: u32,
    /// u32: from, until, and the two devices.
    contacts: String,
    sessions: String,
    spread: Spread,
    notes: Vec<String>,
}

/// A place on the map.
#[derive(Serialize)]
struct Marked<'a> {
    name: &'a str,
    /// As shares of the frame.
    at: [f64; 2],
    radius_m: f64,
}

/// Where devices were, at some moments.
#[derive(Serialize)]
struct Samples {
    /// u32: the moments.
    ticks: String,
    /// u16: x and y of each device, moment by moment, as shares of the frame; [`NOWHERE`] where unknown.
    places: String,
    /// u8: whether each was on.
    on: String,
}

/// How messages spread.
#[derive(Serialize)]
struct Spread {
    /// u32: number, when it was written, from whom, for whom.
    messages: String,
    /// u32: when, message by its place among them, device, kind, from which device.
    events: String,
    /// u32: when, message by its place among them, when it reached the author; [`NEVER`] if it did not.
    reactions: String,
    /// The same of edits, which go to the reader.
    edits: String,
}

const NOWHERE: u16 = u16::MAX;
const NEVER: u32 = u32::MAX;

/// What happens to a message. Of one moment, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Written,
    Copied,
    Delivered,
    Dropped,
}

/// What the picture shows of the plane.
struct Frame {
    least: [f64; 2],
    most: [f64; 2],
}

impl Frame {
    fn new() -> Self {
        Self {
            least: [f64::INFINITY; 2],
            most: [f64::NEG_INFINITY; 2],
        }
    }

    fn hold(&mut self, place: [f64; 2]) {
        for (axis, value) in place.into_iter().enumerate() {
            if value.is_finite() {
                self.least[axis] = self.least[axis].min(value);
                self.most[axis] = self.most[axis].max(value);
            }
        }
    }

    fn width(&self) -> f64 {
        (self.most[0] - self.least[0]).max(1.0)
    }

    fn height(&self) -> f64 {
        (self.most[1] - self.least[1]).max(1.0)
    }

    fn share(&self, place: [f64; 2]) -> [u16; 2] {
        let size = [self.width(), self.height()];
        [0, 1].map(|axis| {
            let share = (place[axis] - self.least[axis]) / size[axis];
            let steps = share * f64::from(NOWHERE - 1);
            if steps.is_finite() {
                steps.round() as u16
            } else {
                NOWHERE
            }
        })
    }
}

/// Every how many of these are kept, so that no more are than may.
fn every(count: usize, most: usize) -> usize {
    count.div_ceil(most).max(1)
}

fn ticks(at_us: i64) -> u32 {
    u32::try_from(at_us / TICK_US).unwrap_or(0)
}

fn base64(numbers: impl IntoIterator<Item = u32>) -> String {
    let bytes: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
    BASE64.encode(&bytes)
}

fn base64_short(numbers: impl IntoIterator<Item = u16>) -> String {
    let bytes: Vec<u8> = numbers.into_iter().flat_map(u16::to_le_bytes).collect();
    BASE64.encode(&bytes)
}

/// Devices and messages are numbered from 0.
fn number(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(0)
}

fn samples(
    run: &Path,
    devices: usize,
    scene: &Scene,
    notes: &mut Vec<String>,
) -> Result<(Option<Samples>, Frame), Error> {
    let mut moments = BTreeSet::new();
    let mut frame = Frame::new();
    read(run, |sample: Sample| {
        moments.insert(sample.at_us);
        frame.hold([sample.x_m, sample.y_m]);
    })?;
    let known = frame.least[0].is_finite();
    scene.corners().for_each(|place| frame.hold(place));
    if !known {
        notes
            .push("Places were not kept (outputs.sample-s): devices stand in a circle.".to_owned());
        return Ok((None, frame));
    }
    let every = every(moments.len() * devices, MOST_PLACES);
    if every > 1 {
        notes.push(format!(
            "Of the moments at which places are known, one in {every} is here."
        ));
    }
    let kept: BTreeMap<i64, usize> = moments
        .into_iter()
        .step_by(every)
        .enumerate()
        .map(|(place, at)| (at, place))
        .collect();
    let mut moments = kept.keys();
    if let Some((first, second)) = moments.next().zip(moments.next())
        && second - first > CLOSE_US
    {
        let apart_s = (second - first) as f64 / SECOND_US as f64;
        notes.push(format!(
            "Places are known every {}: between them devices are drawn on straight lines.",
            Unit::Seconds.show(apart_s)
        ));
    }
    let mut places = vec![[NOWHERE; 2]; kept.len() * devices];
    let mut on = vec![0_u8; kept.len() * devices];
    read(run, |sample: Sample| {
        let device = usize::try_from(sample.device).unwrap_or(usize::MAX);
        if let Some(moment) = kept.get(&sample.at_us)
            && device < devices
        {
            places[moment * devices + device] = frame.share([sample.x_m, sample.y_m]);
            on[moment * devices + device] = u8::from(sample.on);
        }
    })?;
    let samples = Samples {
        ticks: base64(kept.into_keys().map(ticks)),
        places: base64_short(places.into_iter().flatten()),
        on: BASE64.encode(&on),
    };
    Ok((Some(samples), frame))
}

fn lines(map: &[MapLine], frame: &Frame, notes: &mut Vec<String>) -> String {
    let every = every(map.len(), MOST_LINES);
    if every > 1 {
        notes.push(format!("Of the lines of the map, one in {every} is here."));
    }
    let ends = map.iter().step_by(every).flatten();
    base64_short(ends.flat_map(|place| frame.share(*place)))
}

fn places<'a>(scene: &'a Scene, frame: &Frame) -> Vec<Marked<'a>> {
    let mark = |place: &'a Place| Marked {
        name: &place.name,
        at: frame
            .share(place.at)
            .map(|share| f64::from(share) / f64::from(NOWHERE - 1)),
        radius_m: place.radius_m,
    };
    scene.places.iter().map(mark).collect()
}

fn contacts(run: &Path) -> Result<Vec<[i64; 4]>, Error> {
    let mut spans = Vec::new();
    read(run, |contact: Contact| {
        spans.push([
            contact.start_us,
            contact.end_us,
            contact.a.into(),
            contact.b.into(),
        ]);
    })?;
    Ok(spans)
}

fn sessions(run: &Path) -> Result<Vec<[i64; 4]>, Error> {
    let mut spans = Vec::new();
    read(run, |session: Session| {
        let (dialler, answerer) = (session.dialler.into(), session.answerer.into());
        spans.push([session.start_us, session.end_us, dialler, answerer]);
    })?;
    Ok(spans)
}

fn thinned(spans: Vec<[i64; 4]>, what: &str, notes: &mut Vec<String>) -> String {
    let every = every(spans.len(), MOST_CONTACTS);
    if every > 1 {
        notes.push(format!(
            "Of the {} {what}, one in {every} is here.",
            spans.len()
        ));
    }
    let kept = spans.into_iter().step_by(every);
    base64(kept.flat_map(|[start_us, end_us, a, b]| {
        // What began and ended within a tick is seen for one.
        [
            ticks(start_us),
            ticks(end_us).max(ticks(start_us) + 1),
            number(a),
            number(b),
        ]
    }))
}

/// One thing that happened to a message.
struct Event {
    at_us: i64,
    message: i64,
    kind: Kind,
    device: i32,
    from: i32,
}

fn spread(run: &Path, notes: &mut Vec<String>) -> Result<Spread, Error> {
    let mut rows = 0;
    read(run, |_: Message| rows += 2)?;
    read(run, |_: Drop| rows += 1)?;
    read(run, |transfer: Transfer| rows += usize::from(transfer.done))?;
    let every = every(rows, MOST_EVENTS) as i64;
    if every > 1 {
        notes.push(format!("Of the messages, one in {every} is here."));
    }
    let mut messages = BTreeMap::new();
    let mut events = Vec::new();
    let mut event = |kind, at_us, message, device, from| {
        events.push(Event {
            at_us,
            message,
            kind,
            device,
            from,
        });
    };
    read(run, |message: Message| {
        if message.message % every == 0 {
            event(
                Kind::Written,
                message.at_us,
                message.message,
                message.from,
                message.from,
            );
            messages.insert(message.message, message);
        }
    })?;
    let mut inside = BTreeMap::new();
    read(run, |bundle: Bundle| {
        if messages.contains_key(&bundle.message) {
            inside.insert(bundle.bundle, bundle.message);
        }
    })?;
    read(run, |transfer: Transfer| {
        if let Some(message) = inside.get(&transfer.bundle)
            && transfer.done
        {
            event(
                Kind::Copied,
                transfer.end_us,
                *message,
                transfer.to,
                transfer.from,
            );
        }
    })?;
    read(run, |drop: Drop| {
        if let Some(message) = inside.get(&drop.bundle) {
            event(
                Kind::Dropped,
                drop.at_us,
                *message,
                drop.device,
                drop.device,
            );
        }
    })?;
    read(run, |delivery: Delivery| {
        if messages.contains_key(&delivery.message) {
            event(
                Kind::Delivered,
                delivery.at_us,
                delivery.message,
                delivery.to,
                delivery.from,
            );
        }
    })?;
    events.sort_by_key(|event| (event.at_us, event.kind));
    once(&mut events);
    let places: BTreeMap<i64, u32> = messages.keys().copied().zip(0..).collect();
    Ok(Spread {
        reactions: base64(reactions(run, &places)?),
        edits: base64(edits(run, &places)?),
        messages: base64(messages.values().flat_map(|message| {
            let [from, to] = [message.from, message.to].map(number);
            [number(message.message), ticks(message.at_us), from, to]
        })),
        events: base64(events.iter().flat_map(|event| {
            let [device, from] = [event.device, event.from].map(number);
            [
                ticks(event.at_us),
                places[&event.message],
                device,
                event.kind as u32,
                from,
            ]
        })),
    })
}

/// Reactions to these messages, which a run has only where users react.
fn reactions(run: &Path, places: &BTreeMap<i64, u32>) -> Result<Vec<u32>, Error> {
    let mut numbers = Vec::new();
    if Reaction::path(run).exists() {
        read(run, |one: Reaction| {
            numbers.extend(deed(places, one.at_us, one.message, one.delay_us));
        })?;
    }
    Ok(numbers)
}

/// The same of edits.
fn edits(run: &Path, places: &BTreeMap<i64, u32>) -> Result<Vec<u32>, Error> {
    let mut numbers = Vec::new();
    if Edit::path(run).exists() {
        read(run, |one: Edit| {
            numbers.extend(deed(places, one.at_us, one.message, one.delay_us));
        })?;
    }
    Ok(numbers)
}

fn deed(places: &BTreeMap<i64, u32>, at_us: i64, message: i64, delay_us: i64) -> Vec<u32> {
    let arrived = match delay_us {
        0.. => ticks(at_us + delay_us),
        _ => NEVER,
    };
    let place = places.get(&message);
    place.map_or_else(Vec::new, |place| vec![ticks(at_us), *place, arrived])
}

/// A device may hold several bundles with one message: what counts is the first that comes and the last
/// that goes.
fn once(events: &mut Vec<Event>) {
    let mut held: BTreeMap<(i64, i32), u32> = BTreeMap::new();
    events.retain(|event| {
        let held = held.entry((event.message, event.device)).or_default();
        match event.kind {
            Kind::Written | Kind::Copied => {
                *held += 1;
                *held == 1
            }
            Kind::Dropped => {
                let last = *held == 1;
                *held = held.saturating_sub(1);
                last
            }
            Kind::Delivered => true,
        }
    });
}
