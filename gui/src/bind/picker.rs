//! The picker of emoji.

use std::cell::Cell;
use std::rc::Rc;

use slint::{ComponentHandle, ModelRc, VecModel};

use super::{Act, message};
use crate::model::{App, Choice, Direction, EmojiGroup, Picker, PickerAction, PickerRow, Purpose};
use crate::ui::{self, AppWindow, PickerCell, PickerDirection, PickerTab, PickerView};

/// What is on screen.
#[derive(Default)]
pub struct Drawn {
    /// The value of `rows_set` for the rows on screen; `None` while the picker is closed.
    rows_set: Cell<Option<u32>>,
}

impl Drawn {
    pub fn listen(&self, ui: &AppWindow, act: &Act) {
        let view = ui.global::<PickerView>();
        let say = {
            let act = act.clone();
            move |action: PickerAction| act.act(action)
        };
        let (does, weak) = (say.clone(), ui.as_weak());
        view.on_toggle(move || {
            let Some(ui) = weak.upgrade() else { return };
            let view = ui.global::<PickerView>();
            does(match view.get_open() {
                true => PickerAction::Close,
                false => PickerAction::Open {
                    purpose: Purpose::Draft,
                    language: view.get_language().into(),
                },
            });
        });
        let (does, weak) = (say.clone(), ui.as_weak());
        view.on_react(move |id| {
            let Some(ui) = weak.upgrade() else { return };
            does(PickerAction::Open {
                purpose: Purpose::Reaction(message(id)),
                language: ui.global::<PickerView>().get_language().into(),
            });
        });
        let does = say.clone();
        view.on_close(move || does(PickerAction::Close));
        let does = say.clone();
        view.on_search(move |query| does(PickerAction::Search(query.into())));
        let does = say.clone();
        view.on_columns(move |columns| {
            does(PickerAction::Columns(usize::try_from(columns).unwrap_or(1)));
        });
        let does = say.clone();
        view.on_move(move |direction| {
            does(PickerAction::Move(match direction {
                PickerDirection::Left => Direction::Left,
                PickerDirection::Right => Direction::Right,
                PickerDirection::Up => Direction::Up,
                PickerDirection::Down => Direction::Down,
            }));
        });
        let does = say.clone();
        view.on_to_group(move |group| does(PickerAction::Group(group_named(group))));
        let does = say.clone();
        view.on_pick(move |text| does(PickerAction::Pick(text.into())));
        let does = say.clone();
        view.on_pick_marked(move || does(PickerAction::PickMarked));
        view.on_next_tone(move || say(PickerAction::NextTone));
    }

    pub fn draw(&self, app: &App, ui: &AppWindow) {
        let view = ui.global::<PickerView>();
        let Some(picker) = &app.pages.picker.open else {
            self.rows_set.set(None);
            view.set_open(false);
            view.set_rows(ModelRc::default());
            return;
        };
        if self.rows_set.replace(Some(picker.rows_set)) != Some(picker.rows_set) {
            view.set_rows(model(picker.rows().into_iter().map(row)));
            view.set_tabs(tabs(picker));
        }
        view.set_tone(picker.tone_shown().into());
        match picker.marked() {
            Some((choice, row, column)) => {
                view.set_marked_name(choice.name.as_str().into());
                view.set_marked_column(i32::try_from(column).unwrap_or(-1));
                view.set_marked_row(i32::try_from(row).unwrap_or(-1));
                let groups = picker.groups().filter(|(_, begins)| *begins < row);
                if let Some((group, _)) = groups.last() {
                    view.set_group(group_shown(group));
                }
            }
            None => {
                view.set_marked_name("".into());
                view.set_marked_row(-1);
            }
        }
        view.set_open(true);
    }
}

fn model<T: Clone + 'static>(of: impl Iterator<Item = T>) -> ModelRc<T> {
    ModelRc::from(Rc::new(VecModel::from_iter(of)))
}

fn row(row: PickerRow<'_>) -> ui::PickerRow {
    match row {
        PickerRow::Title(group) => ui::PickerRow {
            is_title: true,
            group: group_shown(group),
            ..ui::PickerRow::default()
        },
        PickerRow::Choices(choices) => ui::PickerRow {
            cells: model(choices.iter().map(cell)),
            ..ui::PickerRow::default()
        },
    }
}

fn cell(choice: &Choice) -> PickerCell {
    PickerCell {
        text: choice.text.as_str().into(),
        name: choice.name.as_str().into(),
    }
}

/// The tabs of the groups, without that of recent emoji, which stand above them all.
fn tabs(picker: &Picker) -> ModelRc<PickerTab> {
    let groups = picker.groups().filter_map(|(group, row)| {
        Some(PickerTab {
            group: group_shown(group),
            row: i32::try_from(row).unwrap_or(0),
            emoji: stands_for(group)?.into(),
        })
    });
    model(groups)
}

fn stands_for(group: EmojiGroup) -> Option<&'static str> {
    Some(match group {
        EmojiGroup::Recent | EmojiGroup::Found => return None,
        EmojiGroup::Smileys => "😀",
        EmojiGroup::People => "👋",
        EmojiGroup::Nature => "🐻",
        EmojiGroup::Food => "🍎",
        EmojiGroup::Travel => "🚲",
        EmojiGroup::Activities => "⚽",
        EmojiGroup::Objects => "💡",
        EmojiGroup::Symbols => "💬",
        EmojiGroup::Flags => "🏁",
    })
}

fn group_shown(group: EmojiGroup) -> ui::EmojiGroup {
    match group {
        EmojiGroup::Recent => ui::EmojiGroup::Recent,
        EmojiGroup::Smileys => ui::EmojiGroup::Smileys,
        EmojiGroup::People => ui::EmojiGroup::People,
        EmojiGroup::Nature => ui::EmojiGroup::Nature,
        EmojiGroup::Food => ui::EmojiGroup::Food,
        EmojiGroup::Travel => ui::EmojiGroup::Travel,
        EmojiGroup::Activities => ui::EmojiGroup::Activities,
        EmojiGroup::Objects => ui::EmojiGroup::Objects,
        EmojiGroup::Symbols => ui::EmojiGroup::Symbols,
        EmojiGroup::Flags => ui::EmojiGroup::Flags,
        EmojiGroup::Found => ui::EmojiGroup::Found,
    }
}

fn group_named(group: ui::EmojiGroup) -> EmojiGroup {
    match group {
        ui::EmojiGroup::Recent => EmojiGroup::Recent,
        ui::EmojiGroup::Smileys => EmojiGroup::Smileys,
        ui::EmojiGroup::People => EmojiGroup::People,
        ui::EmojiGroup::Nature => EmojiGroup::Nature,
        ui::EmojiGroup::Food => EmojiGroup::Food,
        ui::EmojiGroup::Travel => EmojiGroup::Travel,
        ui::EmojiGroup::Activities => EmojiGroup::Activities,
        ui::EmojiGroup::Objects => EmojiGroup::Objects,
        ui::EmojiGroup::Symbols => EmojiGroup::Symbols,
        ui::EmojiGroup::Flags => EmojiGroup::Flags,
        ui::EmojiGroup::Found => EmojiGroup::Found,
    }
}
