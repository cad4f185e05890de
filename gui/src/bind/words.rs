//! Codes of the node in the words that the node has for them, and what the view-model knows as the interface's
//! enumerations, which become words there.

use std::cell::Cell;

use hedgerow_node::api::{Carrier, Power, Private, Refusal, RelayPaths, Why};
use hedgerow_node::words::{Language, Phrase, codes, isolated};
use slint::{ComponentHandle, SharedString};

use crate::model::{CameraProblem, Day, Face, Lack, PathsKind, Tick, WayRow, Weakness, When};
use crate::ui;

thread_local! {
    /// What the window speaks; Slint knows it for this thread too, but does not tell.
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// Which way texts run that the interface does not know.
pub fn listen(ui: &ui::AppWindow) {
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

/// Speaks another language from now on: all that is shown has to be drawn anew.
pub fn speak(language: Language, ui: &ui::AppWindow) {
    SPOKEN.set(language);
    let bundled = match language {
        Language::English => "",
        other => other.code(),
    };
    // It knows all of these, and fails only where there is no window yet.
    let _ = slint::select_bundled_translation(bundled);
    ui.global::<ui::PickerView>()
        .set_language(language.code().into());
    ui.global::<ui::Direction>()
        .set_rtl(language.is_right_to_left());
    let (words, carrier) = (ui.global::<ui::Words>(), |of| say(&codes::carrier(of)));
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

/// A phrase of the node in the language of the window.
pub fn say(phrase: &Phrase) -> SharedString {
    SPOKEN.get().say(phrase).into()
}

/// What went wrong; nothing if nothing did.
pub fn problem(refusal: Option<&Refusal>) -> SharedString {
    refusal.map_or_else(SharedString::new, |refusal| say(&codes::refusal(refusal)))
}

/// Why it has come no further, and when the next attempt is; nothing if there is no reason.
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
    format!("{:02}:{:02}", when.hour, when.minute)
}

/// None where there is none.
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

/// The way back, for what is switched.
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

/// How far, and over what.
pub fn tick(tick: Option<Tick>) -> (ui::Tick, ui::Carrier) {
    match tick {
        None => (ui::Tick::None, ui::Carrier::None),
        Some(Tick::Queued) => (ui::Tick::Queued, ui::Carrier::None),
        Some(Tick::Sent(over)) => (ui::Tick::Sent, carrier(Some(over))),
        Some(Tick::Delivered) => (ui::Tick::Delivered, ui::Carrier::None),
        Some(Tick::Refused) => (ui::Tick::Refused, ui::Carrier::None),
    }
}

/// A contact, as it is shown.
pub fn face(face: &Face) -> ui::Face {
    ui::Face {
        name: face.name.as_str().into(),
        initials: face.initials.as_str().into(),
        hue: face.hue.into(),
        verified: face.verified,
        blocked: face.blocked,
        notice: face
            .notice
            .map_or_else(SharedString::new, |notice| say(&codes::notice(notice))),
        former_name: face.former_name.as_deref().unwrap_or_default().into(),
        reachable: carrier(face.reachable),
        last_seen: when(face.last_seen),
    }
}

/// Never, where there is none.
pub fn when(when: Option<When>) -> ui::When {
    let Some(when) = when else {
        return ui::When::default();
    };
    let (day, weekday) = match when.day {
        Day::Today => (ui::Day::Today, 0),
        Day::Yesterday => (ui::Day::Yesterday, 0),
        Day::Weekday(weekday) => (ui::Day::Weekday, weekday),
        Day::Date => (ui::Day::Date, 0),
    };
    ui::When {
        day,
        weekday: weekday.into(),
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

/// The interface counts in 32 bits; more than that is as much as it can say.
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
