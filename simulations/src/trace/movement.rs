//! Places over time in The ONE's format (`ExternalMovementReader`): first a line `minTime maxTime minX maxX minY
//! maxY [minZ maxZ]`, then `time device x y` in seconds and metres. As in The ONE, times and places count from the
//! least, and a device moves in a straight line at constant speed between two places.

use std::collections::BTreeMap;

use super::text::{NameOrder, lines, name_order, time_us};
use super::{TraceError, TraceSettings};
use crate::plan::DeviceNumber;

const BOUNDS: &str = "`minTime maxTime minX maxX minY maxY`, in seconds and metres";
const EXPECTED: &str = "`time device x y`, in seconds and metres";

/// The movement of devices.
#[derive(Debug, Clone, PartialEq)]
pub struct Movement {
    /// The trace's name of each device, by our number.
    pub names: Vec<String>,
    /// The places of each device, sorted by time, each moment once; never empty.
    pub tracks: Vec<Vec<Place>>,
    /// Width and height of the world in metres, from the trace's first line.
    pub size_m: [f64; 2],
    /// End of the trace.
    pub end_us: u64,
    /// Lines earlier than the one before them; sorted.
    pub unsorted: u64,
    /// Second places of one device at one moment; the last one in the file counts.
    pub doubled: u64,
}

/// The place of a device at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The moment.
    pub at_us: u64,
    /// Metres east and north.
    pub at_m: [f64; 2],
}

pub(super) fn read(settings: &TraceSettings, bytes: &[u8]) -> Result<Movement, TraceError> {
    let mut lines = lines(settings, bytes);
    let first = lines
        .next()
        .unwrap_or_else(|| Err(settings.content(format!("it is empty: expected {BOUNDS}"))))?;
    if !matches!(first.fields.len(), 6 | 8) {
        return Err(first.error(BOUNDS));
    }
    let least_us = first.time_us(0, BOUNDS)?;
    let most_us = first.time_us(1, BOUNDS)?;
    let bound = |field: usize| first.number(field, BOUNDS);
    let least_m = [bound(2)?, bound(4)?];
    let size_m = [bound(3)? - least_m[0], bound(5)? - least_m[1]];
    if most_us < least_us || size_m.iter().any(|&size| size < 0.0) {
        return Err(first.error("bounds of which the least come first"));
    }
    let start_us = settings.start_s.and_then(time_us).unwrap_or(least_us);

    let mut tracks: BTreeMap<NameOrder, Vec<(i64, [f64; 2])>> = BTreeMap::new();
    let mut latest_us = i64::MIN;
    let mut unsorted = 0;
    for line in lines {
        let line = line?;
        let at_us = line.time_us(0, EXPECTED)?;
        let place = [
            line.number(2, EXPECTED)? - least_m[0],
            line.number(3, EXPECTED)? - least_m[1],
        ];
        unsorted += u64::from(at_us < latest_us);
        latest_us = at_us;
        tracks
            .entry(name_order(line.fields[1]))
            .or_default()
            .push((at_us, place));
    }
    let mut movement = Movement {
        names: tracks.keys().map(|(.., name)| name.clone()).collect(),
        tracks: Vec::with_capacity(tracks.len()),
        size_m,
        end_us: most_us.saturating_sub(start_us).max(0) as u64,
        unsorted,
        doubled: 0,
    };
    for mut places in tracks.into_values() {
        places.sort_by_key(|&(at_us, _)| at_us);
        let all = places.len();
        places.dedup_by(|later, earlier| {
            let doubled = later.0 == earlier.0;
            if doubled {
                *earlier = *later;
            }
            doubled
        });
        movement.doubled += (all - places.len()) as u64;
        movement.tracks.push(since(&places, start_us));
    }
    Ok(movement)
}

impl Movement {
    /// The place of a device: its first place before the trace names it, its last place afterwards.
    #[must_use]
    pub fn position(&self, device: DeviceNumber, at_us: u64) -> Option<[f64; 2]> {
        let track = self.tracks.get(device as usize)?;
        let next = track.partition_point(|place| place.at_us <= at_us);
        let Some(to) = track.get(next) else {
            return track.last().map(|place| place.at_m);
        };
        let Some(from) = next.checked_sub(1).map(|before| track[before]) else {
            return Some(to.at_m);
        };
        Some(between(
            (from.at_us as f64, from.at_m),
            (to.at_us as f64, to.at_m),
            at_us as f64,
        ))
    }
}

/// The places of one device from the start of the world on, each moment once. The last place before the start is moved
/// along its way to the start.
fn since(places: &[(i64, [f64; 2])], start_us: i64) -> Vec<Place> {
    let first = places.partition_point(|&(at_us, _)| at_us <= start_us);
    let mut track: Vec<Place> = Vec::with_capacity(places.len() - first + 1);
    if let Some(&(from_us, from)) = first.checked_sub(1).map(|before| &places[before]) {
        let at_m = places.get(first).map_or(from, |&(to_us, to)| {
            between((from_us as f64, from), (to_us as f64, to), start_us as f64)
        });
        track.push(Place { at_us: 0, at_m });
    }
    track.extend(places[first..].iter().map(|&(at_us, at_m)| Place {
        at_us: (at_us - start_us) as u64,
        at_m,
    }));
    track
}

/// A place on the straight way between two places.
fn between((from_at, from): (f64, [f64; 2]), (to_at, to): (f64, [f64; 2]), at: f64) -> [f64; 2] {
    let share = (at - from_at) / (to_at - from_at);
    [
        from[0] + (to[0] - from[0]) * share,
        from[1] + (to[1] - from[1]) * share,
    ]
}
