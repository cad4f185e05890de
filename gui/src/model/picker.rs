//! Picking an emoji: all there are in a grid, by group and by search, with those used lately first.

use std::ops::Range;

use hedgerow_node::api::MessageId;

use super::app::App;
use super::effect::Effect;
use super::emoji::{self, EmojiGroup, Names, SkinTone};
use super::place::{Pane, Place};
use super::preferences::Preference;

/// The most that a search finds.
const MAX_FOUND: usize = 160;

/// The longest query, in bytes.
const MAX_QUERY: usize = 100;

/// As many columns as are taken from a view.
const COLUMNS: Range<usize> = 1..65;

/// What becomes of the emoji that is picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// It goes into the text being written. More can be picked.
    Draft,
    /// It is put on this message, and the picker closes.
    Reaction(MessageId),
}

/// What a person does with the picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picking {
    /// Opens it.
    Open {
        /// What becomes of what is picked.
        purpose: Purpose,
        /// The language of the names.
        language: String,
    },
    /// Closes it.
    Close,
    /// Looks for this.
    Search(String),
    /// The view has so many columns.
    Columns(usize),
    /// Marks the one beside the marked one.
    Move(Direction),
    /// Marks the first of a group.
    Group(EmojiGroup),
    /// Picks this.
    Pick(String),
    /// Picks the marked one.
    PickMarked,
    /// Takes the next colour of skin.
    NextTone,
}

/// Where an arrow key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

/// An emoji to pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// As it will stand in a text.
    pub text: String,
    /// What it is called.
    pub name: String,
}

/// Those of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Which.
    pub group: EmojiGroup,
    /// In order.
    pub choices: Vec<Choice>,
}

/// A line of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickerRow<'a> {
    /// A group begins.
    Title(EmojiGroup),
    /// As many as there are columns, or what is left of the group.
    Choices(&'a [Choice]),
}

/// The picker, while it is open.
pub struct Picker {
    /// What becomes of what is picked.
    pub purpose: Purpose,
    /// What is searched for.
    pub query: String,
    /// What there is to pick.
    pub sections: Vec<Section>,
    /// Counts up whenever the rows have changed.
    pub rows_set: u32,
    columns: usize,
    /// Where the marked one stands: the section, and the place in it.
    marked: (usize, usize),
    tone: SkinTone,
    /// As it was when the picker was opened: what is under a finger stays there.
    recent: Vec<String>,
    names: Names,
}

impl Picker {
    fn new(purpose: Purpose, language: &str, recent: Vec<String>, tone: SkinTone) -> Self {
        let mut picker = Self {
            purpose,
            query: String::new(),
            sections: Vec::new(),
            rows_set: 0,
            columns: 8,
            marked: (0, 0),
            tone,
            recent,
            names: Names::of(language),
        };
        picker.fill();
        picker
    }

    /// The lines of the grid.
    pub fn rows(&self) -> Vec<PickerRow<'_>> {
        let mut rows = Vec::new();
        for section in &self.sections {
            rows.push(PickerRow::Title(section.group));
            rows.extend(section.choices.chunks(self.columns).map(PickerRow::Choices));
        }
        rows
    }

    /// In which row each group begins.
    pub fn groups(&self) -> impl Iterator<Item = (EmojiGroup, usize)> {
        let columns = self.columns;
        self.sections.iter().scan(0, move |row, section| {
            let begins = *row;
            *row += 1 + section.choices.len().div_ceil(columns);
            Some((section.group, begins))
        })
    }

    /// The marked one, in which row it stands, and where there.
    pub fn marked(&self) -> Option<(&Choice, usize, usize)> {
        let (section, at) = self.marked;
        let (_, begins) = self.groups().nth(section)?;
        let choice = self.sections.get(section)?.choices.get(at)?;
        Some((choice, begins + 1 + at / self.columns, at % self.columns))
    }

    /// A hand in the colour that skin has.
    pub fn tone_shown(&self) -> String {
        let hand = emoji::all().iter().find(|emoji| emoji.text == "✋");
        hand.map_or_else(String::new, |hand| hand.toned(self.tone))
    }

    fn fill(&mut self) {
        self.rows_set = self.rows_set.wrapping_add(1);
        self.marked = (0, 0);
        let all = emoji::all();
        let names: Vec<&str> = self.names.iter().collect();
        let choice = |at: usize| Choice {
            text: all[at].toned(self.tone),
            name: names.get(at).copied().unwrap_or_default().to_owned(),
        };
        if !self.query.trim().is_empty() {
            let found = self.names.find(&self.query);
            let choices = found.into_iter().take(MAX_FOUND).map(choice).collect();
            let group = EmojiGroup::Found;
            self.sections = vec![Section { group, choices }];
            return;
        }
        let mut sections = vec![Section {
            group: EmojiGroup::Recent,
            choices: Vec::new(),
        }];
        for text in &self.recent {
            let at = all
                .iter()
                .position(|emoji| emoji::is_same(emoji.text, text));
            sections[0].choices.extend(at.map(|at| Choice {
                text: text.clone(),
                name: names.get(at).copied().unwrap_or_default().to_owned(),
            }));
        }
        for (at, emoji) in all.iter().enumerate() {
            if sections.last().is_none_or(|last| last.group != emoji.group) {
                let group = emoji.group;
                sections.push(Section {
                    group,
                    choices: Vec::new(),
                });
            }
            if let Some(last) = sections.last_mut() {
                last.choices.push(choice(at));
            }
        }
        sections.retain(|section| !section.choices.is_empty());
        self.sections = sections;
    }

    fn move_mark(&mut self, direction: Direction) {
        let (section, at) = self.marked;
        let length = |section: usize| self.sections.get(section).map_or(0, |it| it.choices.len());
        let columns = self.columns;
        let column = at % columns;
        // The last line of a group may be shorter than the column is far to the right.
        let last_line = |section: usize| {
            let last = length(section).saturating_sub(1);
            (last - last % columns + column).min(last)
        };
        self.marked = match direction {
            Direction::Left if at > 0 => (section, at - 1),
            Direction::Left if section > 0 => (section - 1, length(section - 1).saturating_sub(1)),
            Direction::Right if at + 1 < length(section) => (section, at + 1),
            Direction::Right if length(section + 1) > 0 => (section + 1, 0),
            Direction::Up if at >= columns => (section, at - columns),
            Direction::Up if section > 0 => (section - 1, last_line(section - 1)),
            Direction::Down if at / columns < length(section).saturating_sub(1) / columns => {
                (section, (at + columns).min(length(section) - 1))
            }
            Direction::Down if length(section + 1) > 0 => {
                (section + 1, column.min(length(section + 1) - 1))
            }
            _ => self.marked,
        };
    }
}

impl App {
    pub(super) fn pick(&mut self, picking: Picking) {
        match picking {
            Picking::Open { purpose, language } => return self.open_picker(purpose, &language),
            Picking::Close => return self.close_picker(),
            Picking::Pick(text) => return self.picked(text),
            _ => {}
        }
        let Some(picker) = self.picker.as_mut() else {
            return;
        };
        self.changed.picker = true;
        match picking {
            Picking::Search(query) => {
                picker.query = query;
                let end = picker.query.floor_char_boundary(MAX_QUERY);
                picker.query.truncate(end);
                picker.fill();
            }
            Picking::Columns(columns) => {
                let columns = columns.clamp(COLUMNS.start, COLUMNS.end - 1);
                if picker.columns != columns {
                    picker.columns = columns;
                    picker.rows_set = picker.rows_set.wrapping_add(1);
                }
            }
            Picking::Move(direction) => picker.move_mark(direction),
            Picking::Group(group) => {
                let mut sections = picker.sections.iter();
                if let Some(section) = sections.position(|section| section.group == group) {
                    picker.marked = (section, 0);
                }
            }
            Picking::NextTone => {
                picker.tone = picker.tone.next();
                let (tone, marked) = (picker.tone, picker.marked);
                picker.fill();
                picker.marked = marked;
                self.prefer(Preference::SkinTone(tone));
            }
            Picking::PickMarked => {
                if let Some(text) = picker.marked().map(|(choice, ..)| choice.text.clone()) {
                    self.picked(text);
                }
            }
            Picking::Open { .. } | Picking::Close | Picking::Pick(_) => {}
        }
    }

    fn open_picker(&mut self, purpose: Purpose, language: &str) {
        let may_open = self.place == Place::Main(Pane::Thread)
            && self
                .thread
                .as_ref()
                .is_some_and(|thread| !thread.face.blocked);
        if may_open {
            let recent = self.settings.recent_emoji.clone();
            let picker = Picker::new(purpose, language, recent, self.settings.skin_tone());
            self.picker = Some(picker);
            self.changed.picker = true;
        }
    }

    /// Closes the picker: whoever used it writes again.
    pub(super) fn close_picker(&mut self) {
        if self.picker.take().is_some() {
            self.changed.picker = true;
            self.out.push(Effect::FocusDraft);
        }
    }

    fn picked(&mut self, text: String) {
        let Some(picker) = self.picker.as_ref().filter(|_| emoji::is_emoji(&text)) else {
            return;
        };
        match picker.purpose.clone() {
            Purpose::Draft => self.out.push(Effect::Insert(text.clone())),
            Purpose::Reaction(message) => {
                self.react(message, text.clone());
                self.close_picker();
            }
        }
        self.prefer(Preference::EmojiUsed(text));
    }
}
