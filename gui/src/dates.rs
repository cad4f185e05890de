//! Days and times as the speakers of a language write them, by the data of the CLDR.

use hedgerow_node::words::Language;
use icu_calendar::Gregorian;
use icu_calendar::cal::Persian;
use icu_calendar::types::Weekday;
use icu_calendar::week::WeekInformation;
use icu_datetime::fieldsets::{E, MD, T, YM, YMD};
use icu_datetime::input::{Date, Time};
use icu_datetime::scaffold::CldrCalendar;
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_locale_core::Locale;

/// The form in which to write a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 14 May 2026.
    Day,
    /// 14 May.
    DayOfYear,
    /// May 2026.
    Month,
    /// Thursday.
    Weekday,
    /// Thu.
    WeekdayShort,
}

/// A year, a month and a day of the month, both from 1 on.
pub type YearMonthDay = (i32, u8, u8);

/// The dates of a language.
pub struct Dates {
    calendar: Calendar,
    weekday: Written<Gregorian, E>,
    weekday_short: Written<Gregorian, E>,
    time: NoCalendarFormatter<T>,
    first_weekday: Weekday,
}

type Written<C, Fields> = FixedCalendarDateTimeFormatter<C, Fields>;

/// The calendar by which its speakers count years and months.
enum Calendar {
    Gregorian(Forms<Gregorian>),
    Persian(Forms<Persian>),
}

struct Forms<C: CldrCalendar> {
    day: Written<C, YMD>,
    day_of_year: Written<C, MD>,
    month: Written<C, YM>,
}

const THERE: &str = "the data of all languages are compiled in";

macro_rules! forms {
    ($calendar:ident) => {
        impl Forms<$calendar> {
            fn of(locale: &Locale) -> Self {
                Self {
                    day: Written::try_new(locale.into(), YMD::long()).expect(THERE),
                    day_of_year: Written::try_new(locale.into(), MD::long()).expect(THERE),
                    month: Written::try_new(locale.into(), YM::long()).expect(THERE),
                }
            }

            fn write(&self, form: Form, date: &Date<$calendar>) -> String {
                match form {
                    Form::DayOfYear => self.day_of_year.format(date).to_string(),
                    Form::Month => self.month.format(date).to_string(),
                    _ => self.day.format(date).to_string(),
                }
            }
        }
    };
}
forms!(Gregorian);
forms!(Persian);

impl Dates {
    /// The dates of a language.
    pub fn of(language: Language) -> Self {
        let locale = &language.locale();
        let week = WeekInformation::try_new(locale.into()).expect(THERE);
        Self {
            calendar: match language {
                Language::Persian => Calendar::Persian(Forms::<Persian>::of(locale)),
                _ => Calendar::Gregorian(Forms::<Gregorian>::of(locale)),
            },
            weekday: Written::try_new(locale.into(), E::long()).expect(THERE),
            weekday_short: Written::try_new(locale.into(), E::short()).expect(THERE),
            time: NoCalendarFormatter::try_new(locale.into(), T::hm()).expect(THERE),
            first_weekday: week.first_weekday,
        }
    }

    /// A Gregorian day in words and digits; empty if there is no such day.
    pub fn day(&self, form: Form, (year, month, day): YearMonthDay) -> String {
        let Ok(date) = Date::try_new_gregorian(year, month, day) else {
            return String::new();
        };
        match (form, &self.calendar) {
            (Form::Weekday, _) => capitalised(&self.weekday.format(&date).to_string()),
            (Form::WeekdayShort, _) => self.weekday_short.format(&date).to_string(),
            (_, Calendar::Gregorian(forms)) => forms.write(form, &date),
            (_, Calendar::Persian(forms)) => forms.write(form, &date.to_calendar(Persian)),
        }
    }

    /// A Gregorian day in the calendar of the language; unchanged if there is no such day.
    pub fn counted(&self, date: YearMonthDay) -> YearMonthDay {
        let (year, month, day) = date;
        match (Date::try_new_gregorian(year, month, day), &self.calendar) {
            (Ok(there), Calendar::Persian(_)) => parts(there.to_calendar(Persian)),
            _ => date,
        }
    }

    /// The Gregorian day for a day in the calendar of the language; unchanged if there is no such day.
    pub fn gregorian(&self, date: YearMonthDay) -> YearMonthDay {
        let (year, month, day) = date;
        match (Date::try_new_persian(year, month, day), &self.calendar) {
            (Ok(there), Calendar::Persian(_)) => parts(there.to_calendar(Gregorian)),
            _ => date,
        }
    }

    /// The number of days of a month in the calendar of the language; `None` if there is no such month.
    pub fn days_in_month(&self, year: i32, month: u8) -> Option<u8> {
        Some(match self.calendar {
            Calendar::Gregorian(_) => Date::try_new_gregorian(year, month, 1)
                .ok()?
                .days_in_month(),
            Calendar::Persian(_) => Date::try_new_persian(year, month, 1).ok()?.days_in_month(),
        })
    }

    /// A time of day, to the minute; empty if there is no such time.
    pub fn time(&self, hour: u8, minute: u8) -> String {
        let time = Time::try_new(hour, minute, 0, 0);
        time.map_or_else(
            |_| String::new(),
            |time| self.time.format(&time).to_string(),
        )
    }

    /// The full hours of a day, one a line, to measure the widest time.
    pub fn hours(&self) -> String {
        let hours: Vec<String> = (0..24).map(|hour| self.time(hour, 0)).collect();
        hours.join("\n")
    }

    /// The first day of the week: 0 is Monday.
    pub fn first_weekday(&self) -> u8 {
        self.first_weekday as u8 - 1
    }
}

fn parts<C: icu_calendar::Calendar>(date: Date<C>) -> YearMonthDay {
    let day = date.day_of_month().0;
    (date.year().extended_year(), date.month().ordinal, day)
}

/// A text with a capital letter first, because it stands alone, as “Today” does.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replaces spaces that do not break, which some languages have before the half of the day or the word for year.
    fn plain(said: &str) -> String {
        said.replace(['\u{202f}', '\u{a0}'], " ")
    }

    /// A Thursday.
    fn thursday(language: Language, form: Form) -> String {
        plain(&Dates::of(language).day(form, (2026, 5, 14)))
    }

    #[test]
    fn each_language_writes_a_moment_as_its_speakers_do() {
        for (language, day, weekday, time) in [
            (Language::English, "14 May 2026", "Thursday", "14:05"),
            (Language::Arabic, "14 مايو 2026", "الخميس", "2:05 م"),
            (
                Language::Bulgarian,
                "14 май 2026 г.",
                "Четвъртък",
                "14:05 ч.",
            ),
            (Language::Danish, "14. maj 2026", "Torsdag", "14.05"),
            (Language::Spanish, "14 de mayo de 2026", "Jueves", "14:05"),
            (Language::Persian, "۲۴ اردیبهشت ۱۴۰۵", "پنجشنبه", "۱۴:۰۵"),
            (Language::French, "14 mai 2026", "Jeudi", "14:05"),
            (Language::Hebrew, "14 במאי 2026", "יום חמישי", "14:05"),
            (
                Language::Latvian,
                "2026. gada 14. maijs",
                "Ceturtdiena",
                "14:05",
            ),
            (Language::Romanian, "14 mai 2026", "Joi", "14:05"),
            (Language::Swedish, "14 maj 2026", "Torsdag", "14:05"),
            (Language::Ukrainian, "14 травня 2026 р.", "Четвер", "14:05"),
        ] {
            assert_eq!(thursday(language, Form::Day), day);
            assert_eq!(thursday(language, Form::Weekday), weekday);
            assert_eq!(plain(&Dates::of(language).time(14, 5)), time);
        }
    }

    #[test]
    fn a_month_alone_is_called_as_it_is_in_a_list() {
        let month = |language| thursday(language, Form::Month);
        assert_eq!(month(Language::English), "May 2026");
        // And not “травня”, which means “of May”.
        assert_eq!(month(Language::Ukrainian), "травень 2026 р.");
        assert_eq!(month(Language::Spanish), "mayo de 2026");
    }

    #[test]
    fn weeks_begin_where_the_speakers_begin_them() {
        for (language, first) in [
            (Language::English, 0),
            (Language::Swedish, 0),
            (Language::Arabic, 5),
            (Language::Persian, 5),
            (Language::Hebrew, 6),
        ] {
            assert_eq!(Dates::of(language).first_weekday(), first, "{language:?}");
        }
    }

    #[test]
    fn persian_counts_years_and_months_from_spring() {
        let dates = Dates::of(Language::Persian);
        assert_eq!(dates.counted((2026, 3, 21)), (1405, 1, 1));
        assert_eq!(dates.gregorian((1405, 1, 1)), (2026, 3, 21));
        assert_eq!(dates.days_in_month(1405, 1), Some(31));
        assert_eq!(dates.days_in_month(1405, 12), Some(29));
        assert_eq!(dates.days_in_month(1405, 13), None);
        let dates = Dates::of(Language::Arabic);
        assert_eq!(dates.counted((2026, 3, 21)), (2026, 3, 21));
        assert_eq!(dates.gregorian((2026, 3, 21)), (2026, 3, 21));
        assert_eq!(dates.days_in_month(2028, 2), Some(29));
    }

    #[test]
    fn a_day_has_its_hours_before_and_after_noon() {
        let hours = Dates::of(Language::Arabic).hours();
        assert_eq!(hours.lines().count(), 24);
        assert!(hours.contains('ص') && hours.contains('م'));
        assert!(Dates::of(Language::English).hours().ends_with("\n23:00"));
    }

    #[test]
    fn a_day_or_a_time_that_does_not_exist_is_not_written() {
        let dates = Dates::of(Language::English);
        for (month, day) in [(2, 31), (13, 1), (0, 0)] {
            assert_eq!(dates.day(Form::Day, (2026, month, day)), "");
        }
        assert_eq!(dates.time(24, 0), "");
    }
}
