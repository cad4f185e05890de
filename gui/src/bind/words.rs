//! Turns codes of the node into the node's words for them, and values of the view-model into enumerations of the
//! interface, which has words for them.

use std::cell::{Cell, RefCell};

use hedgerow_node::api::{
    Carrier, GroupStanding, GroupState, MessageFile, Power, Private, Refusal, RelayPaths, Why,
};
use hedgerow_node::words::{Language, Phrase, codes, files, isolated, timers};
use humansize::{DECIMAL, SizeFormatter};
use slint::{ComponentHandle, SharedString};

use crate::dates::{Dates, Form, YearMonthDay};
use crate::model::{CameraProblem, Day, Face, Lack, PathsKind, Tick, WayRow, Weakness, When};
use crate::ui;

thread_local! {
    /// The language of the window. Slint knows it for this thread too, but has no way to ask.
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
    /// The dates of that language.
    static DATES: RefCell<Option<Dates>> = const { RefCell::new(None) };
}

/// Provides dates, digits and the direction of people's texts to the interface.
pub fn listen(ui: &ui::AppWindow) {
    let words = ui.global::<ui::Words>();
    words.on_clock(|hour, minute, _| time(hour, minute).into());
    words.on_written(|form, date, _| day(form, &date).into());
    words.on_to_calendar(|date, _| converted(&date, Dates::counted));
    words.on_from_calendar(|date, _| converted(&date, Dates::gregorian));
    words.on_month_length(|year, month, _| {
        dates(|dates| dates.days_in_month(year, small(month)).map_or(0, i32::from))
    });
    words.on_with_digits(|text, _| digits(&text));
    let direction = ui.global::<ui::Direction>();
    direction.on_isolated(|text, rtl| isolated(&text, rtl).as_ref().into());
    direction.on_runs_left(
        |text, rtl| match unicode_bidi::get_base_direction(text.as_str()) {
            unicode_bidi::Direction::Rtl => true,
            unicode_bidi::Direction::Ltr => false,
            unicode_bidi::Direction::Mixed => rtl,
        },
    );
}

/// Changes the language. The caller must draw everything again.
pub fn speak(language: Language, ui: &ui::AppWindow) {
    SPOKEN.set(language);
    let dates = Dates::of(language);
    let bundled = match language {
        Language::English => "",
        other => other.code(),
    };
    // Slint knows all of these languages, and fails only before there is a window.
    let _ = slint::select_bundled_translation(bundled);
    ui.global::<ui::PickerView>()
        .set_language(language.code().into());
    ui.global::<ui::Direction>()
        .set_rtl(language.is_right_to_left());
    let (words, carrier) = (ui.global::<ui::Words>(), |of| say(&codes::carrier(of)));
    words.set_hours(dates.hours().into());
    words.set_first_weekday(dates.first_weekday().into());
    DATES.set(Some(dates));
    words.set_language(language.code().into());
    words.set_carriers(ui::CarrierNames {
        memory: carrier(Carrier::Memory),
        lan: carrier(Carrier::Lan),
        ble: carrier(Carrier::Ble),
        relay: carrier(Carrier::Relay),
        file: carrier(Carrier::File),
    });
    let proxied = RelayPaths::Proxied {
        proxy: Private(String::new()),
    };
    words.set_path_names(ui::PathNames {
        direct: say(&codes::paths(&RelayPaths::Direct)),
        relayed: say(&codes::paths(&RelayPaths::Relayed)),
        proxied: say(&codes::paths(&proxied)),
    });
}

/// Whether the language of the window runs from right to left.
pub fn runs_from_right() -> bool {
    SPOKEN.get().is_right_to_left()
}

/// A phrase of the node in the language of the window.
pub fn say(phrase: &Phrase) -> SharedString {
    SPOKEN.get().say(phrase).into()
}

/// What a line says that sets the timer; empty for a message.
pub fn timer_line(timer_s: Option<u64>) -> SharedString {
    timer_s.map_or_else(SharedString::new, |timer_s| say(&timers::line(timer_s)))
}

/// What the line of a change of a group's timer says.
pub fn timer_change(by: &str, timer_s: u64) -> SharedString {
    let by = Some(by.to_owned()).filter(|by| !by.is_empty());
    say(&timers::change(by, timer_s))
}

/// What stands beside a file that is not here, or that nobody has yet; empty if there is nothing to say.
pub fn file_state(file: &MessageFile) -> SharedString {
    files::state(file).map_or_else(SharedString::new, |state| say(&state))
}

/// The words for a refusal; empty if there is none.
pub fn problem(refusal: Option<&Refusal>) -> SharedString {
    refusal.map_or_else(SharedString::new, |refusal| say(&codes::refusal(refusal)))
}

/// Why a message has come no further, and when the next attempt is; empty if there is no reason.
pub fn why(why: Option<Why>, next: Option<When>) -> SharedString {
    why.map_or_else(SharedString::new, |why| {
        say(&codes::why(&why, |_| next.map(clock)))
    })
}

/// How a carrier stands with a contact.
pub fn way(row: &WayRow) -> ui::WayRow {
    ui::WayRow {
        carrier: carrier(Some(row.carrier)),
        state: say(&codes::way(row.carrier, &row.state, |_| {
            row.next.map(clock)
        })),
    }
}

fn clock(when: When) -> String {
    time(when.hour.into(), when.minute.into())
}

fn time(hour: i32, minute: i32) -> String {
    dates(|dates| dates.time(small(hour), small(minute)))
}

fn day(form: ui::Form, date: &ui::Date) -> String {
    let form = match form {
        ui::Form::Day => Form::Day,
        ui::Form::DayOfYear => Form::DayOfYear,
        ui::Form::Month => Form::Month,
        ui::Form::Weekday => Form::Weekday,
        ui::Form::WeekdayShort => Form::WeekdayShort,
    };
    dates(|dates| dates.day(form, parts(date)))
}

fn parts(date: &ui::Date) -> YearMonthDay {
    (date.year, small(date.month), small(date.day))
}

fn converted(date: &ui::Date, convert: fn(&Dates, YearMonthDay) -> YearMonthDay) -> ui::Date {
    let converted = dates(|dates| Some(convert(dates, parts(date))));
    converted.map_or_else(ui::Date::default, |(year, month, day)| ui::Date {
        year,
        month: month.into(),
        day: day.into(),
    })
}

/// Asks the dates of the language of the window.
fn dates<T: Default>(say: impl FnOnce(&Dates) -> T) -> T {
    DATES.with_borrow(|dates| dates.as_ref().map_or_else(T::default, say))
}

/// A part of a date or of a time. Gives an impossible one for a number out of range.
fn small(number: i32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// A text with the digits of the language of the window.
pub fn digits(text: &str) -> SharedString {
    SPOKEN.get().digits(text).as_ref().into()
}

/// A size, rounded, with a unit that is the same in every language.
pub fn bytes(count: u64) -> SharedString {
    let rounded = DECIMAL.decimal_places(if count < 10_000_000 { 0 } else { 1 });
    let size = SizeFormatter::new(count, rounded).to_string();
    let (number, unit) = size.split_once(' ').unwrap_or((&size, ""));
    slint::format!("{} {unit}", SPOKEN.get().fraction(number))
}

/// A carrier in the interface's enumeration, with a value for none.
pub fn carrier(carrier: Option<Carrier>) -> ui::Carrier {
    match carrier {
        None => ui::Carrier::None,
        Some(Carrier::Memory) => ui::Carrier::Memory,
        Some(Carrier::Lan) => ui::Carrier::Lan,
        Some(Carrier::Ble) => ui::Carrier::Ble,
        Some(Carrier::Relay) => ui::Carrier::Relay,
        Some(Carrier::File) => ui::Carrier::File,
    }
}

/// The carrier that the interface names.
pub fn carrier_named(carrier: ui::Carrier) -> Option<Carrier> {
    Some(match carrier {
        ui::Carrier::None => return None,
        ui::Carrier::Memory => Carrier::Memory,
        ui::Carrier::Lan => Carrier::Lan,
        ui::Carrier::Ble => Carrier::Ble,
        ui::Carrier::Relay => Carrier::Relay,
        ui::Carrier::File => Carrier::File,
    })
}

pub fn power(power: Power) -> ui::Power {
    match power {
        Power::Active => ui::Power::Active,
        Power::Balanced => ui::Power::Balanced,
        Power::Saver => ui::Power::Saver,
    }
}

pub fn paths(kind: PathsKind) -> ui::Paths {
    match kind {
        PathsKind::Direct => ui::Paths::Direct,
        PathsKind::Relayed => ui::Paths::Relayed,
        PathsKind::Proxied => ui::Paths::Proxied,
    }
}

/// The tick of a message, and its carrier.
pub fn tick(tick: Option<Tick>) -> (ui::Tick, ui::Carrier) {
    match tick {
        None => (ui::Tick::None, ui::Carrier::None),
        Some(Tick::Queued) => (ui::Tick::Queued, ui::Carrier::None),
        Some(Tick::Sent(over)) => (ui::Tick::Sent, carrier(Some(over))),
        Some(Tick::Delivered) => (ui::Tick::Delivered, ui::Carrier::None),
        Some(Tick::Read) => (ui::Tick::Read, ui::Carrier::None),
        Some(Tick::Refused) => (ui::Tick::Refused, ui::Carrier::None),
    }
}

/// A contact or a conversation, as the interface shows it.
pub fn face(face: &Face) -> ui::Face {
    ui::Face {
        name: face.name.as_str().into(),
        initials: face.initials.as_str().into(),
        hue: face.hue.into(),
        notes: face.notes,
        alone: face.alone,
        verified: face.verified,
        blocked: face.blocked,
        former: face.former,
        writes: face.takes_messages(),
        group: face.group.is_some(),
        people: face.group.map_or(0, |group| number(group.people.into())),
        standing: standing(face.group),
        notice: face
            .notice
            .map_or_else(SharedString::new, |notice| say(&codes::notice(notice))),
        former_name: face.former_name.as_deref().unwrap_or_default().into(),
        reachable: carrier(face.reachable),
        last_seen: when(face.last_seen),
    }
}

/// How we stand in a group, with a value for what is none.
fn standing(group: Option<GroupState>) -> ui::GroupStanding {
    match group.map(|group| group.standing) {
        None => ui::GroupStanding::None,
        Some(GroupStanding::Joining) => ui::GroupStanding::Joining,
        Some(GroupStanding::Member) => ui::GroupStanding::Member,
        Some(GroupStanding::Admin) => ui::GroupStanding::Admin,
        Some(GroupStanding::Suspended) => ui::GroupStanding::Suspended,
        Some(GroupStanding::Removed) => ui::GroupStanding::Removed,
        Some(GroupStanding::Left) => ui::GroupStanding::Left,
        Some(GroupStanding::Withdrawn) => ui::GroupStanding::Withdrawn,
        Some(GroupStanding::NewerRules) => ui::GroupStanding::NewerRules,
    }
}

/// A moment in the interface's terms; *never* for `None`.
pub fn when(when: Option<When>) -> ui::When {
    let Some(when) = when else {
        return ui::When::default();
    };
    let day = match when.day {
        Day::Today => ui::Day::Today,
        Day::Yesterday => ui::Day::Yesterday,
        Day::Weekday => ui::Day::Weekday,
        Day::Date => ui::Day::Date,
    };
    ui::When {
        day,
        date: date(when.date),
        this_year: when.this_year,
        hour: when.hour.into(),
        minute: when.minute.into(),
    }
}

pub fn date(date: crate::model::Date) -> ui::Date {
    ui::Date {
        year: date.year.into(),
        month: date.month.into(),
        day: date.day.into(),
    }
}

pub fn lack(lack: Option<Lack>) -> ui::Lack {
    match lack {
        None => ui::Lack::None,
        Some(Lack::Name) => ui::Lack::Name,
        Some(Lack::Strength) => ui::Lack::Strength,
        Some(Lack::Same) => ui::Lack::Same,
    }
}

/// What makes a passphrase easy to guess.
pub fn weakness(weakness: Option<Weakness>) -> SharedString {
    weakness.map_or_else(SharedString::new, |weakness| {
        say(&codes::weakness(weakness))
    })
}

/// A count in the interface's 32 bits. A larger one becomes the largest.
pub fn number(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub fn camera_problem(problem: Option<CameraProblem>) -> ui::CameraProblem {
    match problem {
        None => ui::CameraProblem::None,
        Some(CameraProblem::Busy) => ui::CameraProblem::Busy,
        Some(CameraProblem::Forbidden) => ui::CameraProblem::Forbidden,
        Some(CameraProblem::Gone) => ui::CameraProblem::Gone,
        Some(CameraProblem::Silent) => ui::CameraProblem::Silent,
        Some(CameraProblem::Unsuitable) => ui::CameraProblem::Unsuitable,
    }
}
