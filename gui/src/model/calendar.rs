//! Times as people read them, as plain numbers and a kind. The binding adds words and number formats.

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// The present time by both clocks, an argument of everything here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Unix milliseconds.
    pub wall_ms: i64,
    /// Milliseconds of a clock that never goes back.
    pub monotonic_ms: u64,
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Date {
    pub year: i16,
    pub month: i8,
    pub day: i8,
}

/// What to call a day, seen from today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Day {
    /// The present day.
    Today,
    /// The day before.
    Yesterday,
    /// One of the six days before that.
    Weekday,
    /// Any other day.
    #[default]
    Date,
}

/// A moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct When {
    /// What to call its day.
    pub day: Day,
    /// Its day.
    pub date: Date,
    /// Whether it is in the present year.
    pub this_year: bool,
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
}

/// The time zone, and the present day there.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    zone: TimeZone,
    today: civil::Date,
    now_ms: i64,
    /// When that day ends, Unix milliseconds.
    ends_ms: i64,
}

impl Calendar {
    pub fn new(zone: TimeZone, now: Now) -> Self {
        let mut calendar = Self {
            zone,
            today: civil::Date::default(),
            now_ms: now.wall_ms,
            ends_ms: i64::MIN,
        };
        calendar.turn(now);
        calendar
    }

    /// The time at the last call of [`turn`](Self::turn), Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Takes over the present time. True if another day has begun.
    pub fn turn(&mut self, now: Now) -> bool {
        let before = self.today;
        self.now_ms = now.wall_ms;
        self.today = self.zoned(now.wall_ms).date();
        let tomorrow = self.today.saturating_add(1.day());
        self.ends_ms = self.starts_ms(tomorrow);
        before != self.today
    }

    /// The time left of the day, in milliseconds.
    pub fn left_ms(&self, now: Now) -> u64 {
        self.ends_ms.saturating_sub(now.wall_ms).max(1) as u64
    }

    pub fn when(&self, unix_ms: i64) -> When {
        let time = self.zoned(unix_ms);
        When {
            day: self.day(time.date()),
            date: date(time.date()),
            this_year: time.year() == self.today.year(),
            hour: time.hour(),
            minute: time.minute(),
        }
    }

    /// When a day begins here, Unix milliseconds; 0 if there is no such day.
    pub fn begins_ms(&self, date: Date) -> i64 {
        match civil::Date::new(date.year, date.month, date.day) {
            Ok(date) => self.starts_ms(date),
            Err(_) => 0,
        }
    }

    /// When each of these days and the day after them begins here, Unix milliseconds; empty if there is no such first
    /// day.
    pub fn days_ms(&self, from: Date, days: u8) -> Vec<i64> {
        let Ok(first) = civil::Date::new(from.year, from.month, from.day) else {
            return Vec::new();
        };
        let begins =
            (0..=i64::from(days)).map(|day| self.starts_ms(first.saturating_add(day.days())));
        begins.collect()
    }

    /// When the day so many days before today began here, Unix milliseconds.
    pub fn days_ago_ms(&self, days: u16) -> i64 {
        self.starts_ms(self.today.saturating_sub(i64::from(days).days()))
    }

    fn starts_ms(&self, date: civil::Date) -> i64 {
        date.to_zoned(self.zone.clone())
            .map_or(0, |start| start.timestamp().as_millisecond())
    }

    fn day(&self, date: civil::Date) -> Day {
        let ago = (self.today - date).get_days();
        match ago {
            0 => Day::Today,
            1 => Day::Yesterday,
            2..=7 => Day::Weekday,
            _ => Day::Date,
        }
    }

    fn zoned(&self, unix_ms: i64) -> Zoned {
        // Peers can claim any time.
        Timestamp::from_millisecond(unix_ms)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
    }
}

fn date(date: civil::Date) -> Date {
    Date {
        year: date.year(),
        month: date.month(),
        day: date.day(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let zone = TimeZone::get("Europe/Sofia").unwrap();
        let time: civil::DateTime = text.parse().unwrap();
        time.to_zoned(zone).unwrap().timestamp().as_millisecond()
    }

    fn calendar(now: &str) -> Calendar {
        let now = Now {
            wall_ms: at(now),
            monotonic_ms: 0,
        };
        Calendar::new(TimeZone::get("Europe/Sofia").unwrap(), now)
    }

    #[test]
    fn days_are_called_as_people_do() {
        // A Thursday.
        let calendar = calendar("2026-05-14 00:30");
        let day = |text| calendar.when(at(text)).day;
        assert_eq!(day("2026-05-14 00:10"), Day::Today);
        assert_eq!(day("2026-05-13 23:59"), Day::Yesterday);
        assert_eq!(day("2026-05-12 00:00"), Day::Weekday);
        assert_eq!(day("2026-05-08 12:00"), Day::Weekday);
        assert_eq!(day("2026-05-06 12:00"), Day::Date);
        // The author's clock is ahead.
        assert_eq!(day("2026-05-15 12:00"), Day::Date);
    }

    #[test]
    fn a_day_ends_at_midnight_even_if_it_has_25_hours() {
        let now = Now {
            wall_ms: at("2026-10-25 01:00"),
            monotonic_ms: 0,
        };
        let mut calendar = calendar("2026-10-25 01:00");
        assert_eq!(calendar.left_ms(now), 24 * 3_600_000);
        let later = Now {
            wall_ms: now.wall_ms + 24 * 3_600_000,
            monotonic_ms: 0,
        };
        assert!(calendar.turn(later));
        assert!(!calendar.turn(later));
    }

    #[test]
    fn the_days_of_a_month_follow_each_other() {
        let from = Date {
            year: 2026,
            month: 10,
            day: 1,
        };
        let days = calendar("2026-05-14 12:00").days_ms(from, 31);
        assert_eq!(days.len(), 32);
        assert_eq!(
            (days[0], days[31]),
            (at("2026-10-01 00:00"), at("2026-11-01 00:00"))
        );
        // Summer time ends on this day.
        assert_eq!(days[25] - days[24], 25 * 3_600_000);
    }

    #[test]
    fn days_ago_begin_at_midnight_whatever_hours_lie_between() {
        let calendar = calendar("2026-10-26 12:00");
        let days = [0, 1, 2].map(|days| calendar.days_ago_ms(days));
        let begun = ["2026-10-26 00:00", "2026-10-25 00:00", "2026-10-24 00:00"];
        assert_eq!(days, begun.map(at));
    }

    #[test]
    fn impossible_times_and_days_do_no_harm() {
        let calendar = calendar("2026-05-14 12:00");
        for time in [i64::MIN, -1, 0, i64::MAX] {
            calendar.when(time);
        }
        let date = Date {
            year: 2026,
            month: 2,
            day: 31,
        };
        assert_eq!(calendar.begins_ms(date), 0);
        assert!(calendar.days_ms(date, 31).is_empty());
    }
}
