//! Proximity from Bluetooth scans, as in the Copenhagen Networks Study: `timestamp,user_a,user_b,rssi`, one row for
//! each device that a scan heard in a bin of (usually) five minutes. A negative `user_b` means that the scan heard
//! nobody, or a device outside the study.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::gather::{Gathering, Touching};
use super::text::{line_error, time_us};
use super::{Trace, TraceError, TraceSettings};

const WINDOW_S: f64 = 300.0;
const EXPECTED: &str = "`timestamp,user_a,user_b,rssi`: seconds, two users, dBm";

pub(super) fn read(settings: &TraceSettings, bytes: &[u8]) -> Result<Trace, TraceError> {
    let window_us = time_us(settings.window_s.unwrap_or(WINDOW_S)).unwrap_or_default();
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(bytes);
    let mut gathering = Gathering::default();
    let mut latest_us = i64::MIN;
    let mut row = StringRecord::new();
    let mut first = true;
    while rows
        .read_record(&mut row)
        .map_err(|error| csv_error(settings, &error))?
    {
        let heading = std::mem::take(&mut first) && row.get(0) == Some("timestamp");
        if heading {
            continue;
        }
        let error = |expected: &str| {
            let line = row.position().map_or(0, csv::Position::line);
            line_error(
                settings,
                line,
                expected,
                &row.iter().collect::<Vec<_>>().join(","),
            )
        };
        let number = |column: usize| {
            row.get(column)
                .and_then(|field| field.parse::<f64>().ok())
                .filter(|number| number.is_finite())
                .ok_or_else(|| error(EXPECTED))
        };
        let at_us = time_us(number(0)?).ok_or_else(|| error("a time in seconds"))?;
        let users = [user(&row, 1), user(&row, 2)];
        let [Some(a), Some(b)] = users else {
            return Err(error(EXPECTED));
        };
        let strength = number(3)?;
        gathering.repaired.unsorted += u64::from(at_us < latest_us);
        latest_us = at_us;
        if a.starts_with('-') || b.starts_with('-') {
            gathering.repaired.outside += 1;
            continue;
        }
        if settings
            .least_strength_dbm
            .is_some_and(|least| strength < least)
        {
            gathering.repaired.faint += 1;
            continue;
        }
        let pair = [gathering.device(a), gathering.device(b)];
        gathering.contact(pair, settings.radio, at_us, at_us + window_us);
    }
    Ok(gathering.finish(settings, None, Touching::Joined))
}

/// The user in a column: a whole number.
fn user(row: &StringRecord, column: usize) -> Option<&str> {
    row.get(column).filter(|field| field.parse::<i64>().is_ok())
}

fn csv_error(settings: &TraceSettings, error: &csv::Error) -> TraceError {
    let line = error.position().map_or(0, csv::Position::line);
    line_error(settings, line, "text in UTF-8", &error.to_string())
}
