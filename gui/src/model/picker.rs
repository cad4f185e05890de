//! The picker of emoji: a grid of all, by group or by search, with those recently used first.

use std::mem::take;
use std::ops::Range;

use hedgerow_node::api::{MAX_EMOJI, MessageId};

use super::context::Context;
use super::effect::Effect;
use super::emoji::{self, EmojiGroup, Names, SkinTone};
use super::outcome::Outcome;
use super::place::Pane;
use super::preferences::Preference;

/// The most that a search finds.
const MAX_FOUND: usize = 160;

/// The longest query, in bytes.
const MAX_QUERY: usize = 100;

/// The numbers of columns that we accept from a view.
const COLUMNS: Range<usize> = 1..65;

/// The most recently used emoji that we remember.
const MAX_RECENT: usize = 24;

/// What to do with the picked emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Put it into the draft. The user can pick more.
    Draft,
    /// Put it on this message, and close the picker.
    Reaction(MessageId),
}

impl Purpose {
    /// Whether this emoji can be picked for it. A few are too long for a reaction.
    fn takes(&self, text: &str) -> bool {
        match self {
            Self::Draft => true,
            Self::Reaction(_) => text.len() <= MAX_EMOJI,
        }
    }
}

/// What a person does with the picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickerAction {
    /// Opens it.
    Open {
        /// What to do with the picked emoji.
        purpose: Purpose,
        /// The language of the names.
        language: String,
    },
    /// Closes it.
    Close,
    /// Searches for this.
    Search(String),
    /// Sets the number of columns of the view.
    Columns(usize),
    /// Marks the emoji beside the marked one.
    Move(Direction),
    /// Marks the first emoji of a group.
    Group(EmojiGroup),
    /// Picks this emoji.
    Pick(String),
    /// Picks the marked emoji.
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
    /// Its characters in a text.
    pub text: String,
    /// Its name.
    pub name: String,
}

/// The emoji of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The group.
    pub group: EmojiGroup,
    /// Its emoji, in order.
    pub choices: Vec<Choice>,
}

/// A line of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickerRow<'a> {
    /// A group begins.
    Title(EmojiGroup),
    /// As many emoji as there are columns, or the rest of the group.
    Choices(&'a [Choice]),
}

/// The picker, which may be open.
#[derive(Default)]
pub struct PickerPage {
    /// The picker, if it is open.
    pub open: Option<Picker>,
    /// Recently used emoji, the last one first, each once. They show what the user has felt, so we forget them when the
    /// screen locks.
    recent: Vec<String>,
    changed: bool,
}

/// The open picker.
pub struct Picker {
    /// What to do with the picked emoji.
    pub purpose: Purpose,
    /// The query of the search.
    pub query: String,
    /// The emoji to pick from.
    pub sections: Vec<Section>,
    /// Counts up each time the rows have changed.
    pub rows_set: u32,
    columns: usize,
    /// The place of the marked emoji: its section, and its index there.
    marked: (usize, usize),
    tone: SkinTone,
    /// The recent emoji of the moment when the picker opened, so that what is under a finger stays there.
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

    /// The groups, each with its first row.
    pub fn groups(&self) -> impl Iterator<Item = (EmojiGroup, usize)> {
        let columns = self.columns;
        self.sections.iter().scan(0, move |row, section| {
            let begins = *row;
            *row += 1 + section.choices.len().div_ceil(columns);
            Some((section.group, begins))
        })
    }

    /// The marked emoji, its row, and its column.
    pub fn marked(&self) -> Option<(&Choice, usize, usize)> {
        let (section, at) = self.marked;
        let (_, begins) = self.groups().nth(section)?;
        let choice = self.sections.get(section)?.choices.get(at)?;
        Some((choice, begins + 1 + at / self.columns, at % self.columns))
    }

    /// A hand in the chosen colour of skin.
    pub fn tone_shown(&self) -> String {
        let hand = emoji::all().iter().find(|emoji| emoji.text == "✋");
        hand.map_or_else(String::new, |hand| hand.toned(self.tone))
    }

    fn fill(&mut self) {
        self.rows_set = self.rows_set.wrapping_add(1);
        self.marked = (0, 0);
        let all = emoji::all();
        let names: Vec<&str> = self.names.iter().collect();
        let choice = |at: usize, text: String| {
            let name = names.get(at).copied().unwrap_or_default().to_owned();
            self.purpose.takes(&text).then_some(Choice { text, name })
        };
        let toned = |at: usize| choice(at, all[at].toned(self.tone));
        if !self.query.trim().is_empty() {
            let found = self.names.find(&self.query);
            let found = found.into_iter().filter_map(toned);
            let choices = found.take(MAX_FOUND).collect();
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
            let used = at.and_then(|at| choice(at, text.clone()));
            sections[0].choices.extend(used);
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
                last.choices.extend(toned(at));
            }
        }
        sections.retain(|section| !section.choices.is_empty());
        self.sections = sections;
    }

    fn act(&mut self, action: PickerAction) -> Option<Outcome> {
        match action {
            PickerAction::Search(query) => {
                self.query = query;
                let end = self.query.floor_char_boundary(MAX_QUERY);
                self.query.truncate(end);
                self.fill();
            }
            PickerAction::Columns(columns) => {
                let columns = columns.clamp(COLUMNS.start, COLUMNS.end - 1);
                if self.columns != columns {
                    self.columns = columns;
                    self.rows_set = self.rows_set.wrapping_add(1);
                }
            }
            PickerAction::Move(direction) => self.move_mark(direction),
            PickerAction::Group(group) => {
                let mut sections = self.sections.iter();
                if let Some(section) = sections.position(|section| section.group == group) {
                    self.marked = (section, 0);
                }
            }
            PickerAction::NextTone => {
                let marked = self.marked;
                self.tone = self.tone.next();
                self.fill();
                self.marked = marked;
                return Some(Outcome::Prefer(Preference::SkinTone(self.tone)));
            }
            // The page handles these.
            PickerAction::Open { .. }
            | PickerAction::Close
            | PickerAction::Pick(_)
            | PickerAction::PickMarked => {}
        }
        None
    }

    fn move_mark(&mut self, direction: Direction) {
        let (section, at) = self.marked;
        let length = |section: usize| self.sections.get(section).map_or(0, |it| it.choices.len());
        let columns = self.columns;
        let column = at % columns;
        // The last line of a group may have no emoji in this column.
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

impl PickerPage {
    /// `may_write`: whether the user can write in the open conversation.
    pub(super) fn act(
        &mut self,
        action: PickerAction,
        may_write: bool,
        context: &Context,
    ) -> Vec<Outcome> {
        let open = match action {
            PickerAction::Open { purpose, language } => {
                if may_write && context.shows(Pane::Thread) {
                    let (recent, tone) = (self.recent.clone(), context.preferences.skin_tone());
                    self.open = Some(Picker::new(purpose, &language, recent, tone));
                    self.changed = true;
                }
                return Vec::new();
            }
            PickerAction::Close => return self.leave().into_iter().collect(),
            PickerAction::Pick(text) => return self.picked(text),
            PickerAction::PickMarked => {
                let marked = self.open.as_ref().and_then(Picker::marked);
                let text = marked.map(|(choice, ..)| choice.text.clone());
                return text.map_or_else(Vec::new, |text| self.picked(text));
            }
            action => self.open.as_mut().map(|picker| (picker, action)),
        };
        let Some((picker, action)) = open else {
            return Vec::new();
        };
        self.changed = true;
        picker.act(action).into_iter().collect()
    }

    /// Closes the picker, and puts the cursor back into the draft.
    pub(super) fn leave(&mut self) -> Option<Outcome> {
        let was_open = self.open.is_some();
        self.close();
        was_open.then_some(Outcome::Do(Effect::FocusDraft))
    }

    /// Closes the picker.
    pub(super) fn close(&mut self) {
        self.changed |= self.open.take().is_some();
    }

    fn picked(&mut self, text: String) -> Vec<Outcome> {
        let is_possible = |picker: &&Picker| emoji::is_emoji(&text) && picker.purpose.takes(&text);
        let Some(picker) = self.open.as_ref().filter(is_possible) else {
            return Vec::new();
        };
        let mut outcomes = Vec::new();
        match picker.purpose.clone() {
            Purpose::Draft => outcomes.push(Outcome::Do(Effect::Insert(text.clone()))),
            Purpose::Reaction(message) => {
                outcomes.push(Outcome::React(message, text.clone()));
                outcomes.extend(self.leave());
            }
        }
        self.recent.retain(|used| *used != text);
        self.recent.insert(0, text);
        self.recent.truncate(MAX_RECENT);
        outcomes
    }

    /// Forgets what a locked screen must not hold.
    pub(super) fn forget(&mut self) {
        *self = Self {
            changed: true,
            ..Self::default()
        };
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
