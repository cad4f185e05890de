//! SocioPatterns: `t i j …` for each window of (usually) 20 seconds, ending at t, in which i and j faced one another.
//! Ignores further columns (class, role).

use super::gather::{Gathering, Touching};
use super::text::{lines, time_us};
use super::{Trace, TraceError, TraceSettings};

const WINDOW_S: f64 = 20.0;

pub(super) fn read(settings: &TraceSettings, bytes: &[u8]) -> Result<Trace, TraceError> {
    let window_us = time_us(settings.window_s.unwrap_or(WINDOW_S)).unwrap_or_default();
    let mut gathering = Gathering::default();
    let mut latest_us = i64::MIN;
    for line in lines(settings, bytes) {
        let line = line?;
        let expected = "`t i j`: the end of a window in seconds and two devices";
        let at_us = line.time_us(0, expected)?;
        let &[_, i, j, ..] = line.fields.as_slice() else {
            return Err(line.error(expected));
        };
        gathering.repaired.unsorted += u64::from(at_us < latest_us);
        latest_us = at_us;
        let pair = [gathering.device(i), gathering.device(j)];
        gathering.contact(pair, settings.radio, at_us - window_us, at_us);
    }
    Ok(gathering.finish(settings, None, Touching::Joined))
}
