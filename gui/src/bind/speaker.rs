//! Announcements for a screen reader, in a list of the interface.

use std::rc::Rc;
use std::time::Duration;

use slint::{ComponentHandle, Model, ModelRc, SharedString, Timer, TimerMode, VecModel};

use super::words;
use crate::model::Announcement;
use crate::ui::{AppWindow, BannerView, SpeakerView, Words};

/// How long a line stays. A screen reader has read it by then.
const LASTS: Duration = Duration::from_secs(10);

/// The most lines held.
const MAX_HELD: usize = 16;

/// Lines that a screen reader says when they come, and that nobody sees.
pub struct Speaker {
    lines: Rc<VecModel<SharedString>>,
    rest: Timer,
}

impl Speaker {
    pub fn of(ui: &AppWindow) -> Self {
        let lines = Rc::new(VecModel::default());
        let view = ui.global::<SpeakerView>();
        view.set_lines(ModelRc::from(lines.clone()));
        Self {
            lines,
            rest: Timer::default(),
        }
    }

    pub fn say(&self, announcement: &Announcement, ui: &AppWindow) {
        let words = ui.global::<Words>();
        let line = match announcement {
            Announcement::Met { name } => {
                let view = ui.global::<BannerView>();
                view.invoke_now_met(name.0.as_str().into())
            }
            Announcement::Came { name, text } => format!("{}: {}", name.0, text.0).into(),
            Announcement::CameMany { name, count } => {
                let came = words.invoke_arrived(words::number(*count));
                format!("{}: {came}", name.0).into()
            }
            Announcement::Ours(tick) => {
                let (tick, carrier) = words::tick(Some(*tick));
                words.invoke_tick(tick, carrier)
            }
        };
        if self.lines.row_count() == MAX_HELD {
            self.lines.remove(0);
        }
        self.lines.push(line);
        let lines = self.lines.clone();
        self.rest
            .start(TimerMode::SingleShot, LASTS, move || lines.clear());
    }

    /// Drops all lines, because the screen locks.
    pub fn hush(&self) {
        self.rest.stop();
        self.lines.clear();
    }
}
