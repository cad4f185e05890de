//! Contact lists as in CRAWDAD's Haggle sets: `a b start end …`, in any order. Ignores further columns (number and
//! gap of sightings).

use super::gather::{Gathering, Touching};
use super::text::{lines, time_us};
use super::{Trace, TraceError, TraceSettings};

/// About half of Infocom's sightings start and end in the same second: no contact is shorter.
const LEAST_CONTACT_S: f64 = 1.0;

pub(super) fn read(settings: &TraceSettings, bytes: &[u8]) -> Result<Trace, TraceError> {
    let least_us = time_us(settings.least_contact_s.unwrap_or(LEAST_CONTACT_S)).unwrap_or_default();
    let mut gathering = Gathering::default();
    for line in lines(settings, bytes) {
        let line = line?;
        let expected = "`a b start end`: two devices and two times in seconds";
        let &[a, b, ..] = line.fields.as_slice() else {
            return Err(line.error(expected));
        };
        let start_us = line.time_us(2, expected)?;
        let mut end_us = line.time_us(3, expected)?;
        if end_us < start_us {
            return Err(line.error("an end that is not before the start"));
        }
        if end_us - start_us < least_us {
            gathering.repaired.lengthened += 1;
            end_us = start_us + least_us;
        }
        let pair = [gathering.device(a), gathering.device(b)];
        gathering.contact(pair, settings.radio, start_us, end_us);
    }
    Ok(gathering.finish(settings, None, Touching::Joined))
}
