//! When the page begins to play and how fast, and how long the bar of its scale may be.

use serde::Serialize;

/// Seconds of the world in one of the watcher.
pub(super) const SPEEDS: [u32; 13] = [1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600, 7200, 21_600];

/// A run takes at most so many seconds to watch, unless it is very long.
const WATCHED_S: f64 = 180.0;

/// The slowest speed at which a run of this length can be watched to its end.
pub(super) fn speed(duration_s: f64) -> u32 {
    let fits = |speed: &&u32| duration_s / f64::from(**speed) <= WATCHED_S;
    *SPEEDS
        .iter()
        .find(fits)
        .unwrap_or(&SPEEDS[SPEEDS.len() - 1])
}

/// A length that the bar of a scale may have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Bar {
    pub(super) metres: f64,
    pub(super) label: String,
}

/// From a metre up to the width of the picture, 1, 2 or 5 times a power of ten. The page shows the longest
/// that has room.
pub(super) fn bars(width_m: f64) -> Vec<Bar> {
    let decades = (0..).map(|power| libm::exp10(f64::from(power)));
    decades
        .flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * decade))
        .take_while(|metres| *metres == 1.0 || *metres <= width_m)
        .map(|metres| Bar {
            metres,
            label: match metres {
                metres if metres >= 1000.0 => format!("{} km", metres / 1000.0),
                metres => format!("{metres} m"),
            },
        })
        .collect()
}

/// The moment of the first meeting: of the first contact, or of the first session where contacts were not kept.
pub(super) fn first_meeting(contacts: &[[i64; 4]], sessions: &[[i64; 4]]) -> Option<i64> {
    let first = |spans: &[[i64; 4]]| spans.iter().map(|span| span[0]).min();
    first(contacts).or_else(|| first(sessions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_watched_in_three_minutes() {
        assert_eq!(speed(60.0), 1);
        assert_eq!(speed(21_600.0), 120);
        assert_eq!(speed(259_200.0), 1800);
        assert_eq!(speed(1e9), 21_600);
    }

    #[test]
    fn the_bar_of_a_scale_has_a_round_length() {
        let labels = |width_m| -> Vec<String> {
            let bars = bars(width_m).into_iter();
            bars.map(|bar| bar.label).collect()
        };
        assert_eq!(labels(25.0), ["1 m", "2 m", "5 m", "10 m", "20 m"]);
        assert_eq!(labels(6_000.0).last().unwrap(), "5 km");
        assert_eq!(labels(0.5), ["1 m"]);
    }

    #[test]
    fn sessions_stand_in_where_contacts_were_not_kept() {
        let (contacts, sessions) = ([[20, 30, 0, 1], [10, 40, 1, 2]], [[15, 20, 0, 1]]);
        assert_eq!(first_meeting(&contacts, &sessions), Some(10));
        assert_eq!(first_meeting(&[], &sessions), Some(15));
        assert_eq!(first_meeting(&[], &[]), None);
    }
}
