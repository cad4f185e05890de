//! The user's preferences for this application. Their TOML file is outside of the encrypted store, so it says nothing
//! about anybody.

use serde::{Deserialize, Serialize};

use super::emoji::SkinTone;

/// The smallest and the largest text, in percent.
pub const TEXT_PERCENT: std::ops::RangeInclusive<u16> = 100..=200;

/// The longest time until the screen locks, in minutes.
const MAX_LOCK_MIN: u16 = 24 * 60;

/// The smallest and the largest window that we accept from a file, in logical pixels.
const WINDOW: std::ops::RangeInclusive<u32> = 200..=16_384;

/// The longest language code that we accept from a file, in bytes.
const MAX_LANGUAGE: usize = 16;

/// The preferences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Colours.
    pub theme: Theme,
    /// Size of text in percent: [`TEXT_PERCENT`].
    pub text_percent: u16,
    /// A language code; the system's if none.
    pub language: Option<String>,
    /// Notify of messages that come.
    pub notifications: bool,
    /// Show the text of a message in its notification, but never while locked.
    pub previews: bool,
    /// Play a sound with notifications.
    pub sound: bool,
    /// Lock the screen after this number of idle minutes. In the file 0 means never, because TOML has no null.
    #[serde(with = "zero_is_never")]
    pub lock_after_min: Option<u16>,
    /// Enter sends, and Shift and Enter begins a line. Otherwise Ctrl and Enter sends.
    pub enter_sends: bool,
    /// The node stays on the air when the user closes the window, if there is a tray to come back from.
    pub stays_on: bool,
    /// Show no animations.
    pub still: bool,
    /// The colour of skin in emoji: none, or one of five.
    pub skin_tone: u8,
    /// The window's width in logical pixels.
    pub width: u32,
    /// The window's height in logical pixels.
    pub height: u32,
    /// The keys of other versions. They stay in the file for those versions.
    #[serde(flatten)]
    pub unknown: toml::Table,
}

/// Colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
    HighContrast,
}

/// One changed preference.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of that name")]
pub enum Preference {
    Theme(Theme),
    TextPercent(u16),
    Language(Option<String>),
    Notifications(bool),
    Previews(bool),
    Sound(bool),
    LockAfterMin(Option<u16>),
    EnterSends(bool),
    StaysOn(bool),
    Still(bool),
    SkinTone(SkinTone),
    Window { width: u32, height: u32 },
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            text_percent: 100,
            language: None,
            notifications: true,
            previews: false,
            sound: true,
            lock_after_min: Some(10),
            enter_sends: true,
            stays_on: false,
            still: false,
            skin_tone: 0,
            width: 1_100,
            height: 760,
            unknown: toml::Table::new(),
        }
    }
}

impl Preferences {
    /// Reads a file, each key on its own. If it does not understand a value, it takes the shipped one, and gives the
    /// key.
    ///
    /// # Errors
    /// The file is not TOML.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), toml::de::Error> {
        let table: toml::Table = text.parse()?;
        let (good, wrong): (toml::Table, toml::Table) = table
            .into_iter()
            .partition(|(key, value)| is_understood(key, value));
        let mut read: Self = good.try_into()?;
        read.keep_within_bounds();
        Ok((read, wrong.into_iter().map(|(key, _)| key).collect()))
    }

    /// The text of the file.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("plain fields are TOML")
    }

    /// Sets a preference. True if this changes it.
    pub(crate) fn set(&mut self, preference: Preference) -> bool {
        let before = self.clone();
        match preference {
            Preference::Theme(theme) => self.theme = theme,
            Preference::TextPercent(percent) => self.text_percent = percent,
            Preference::Language(language) => self.language = language,
            Preference::Notifications(on) => self.notifications = on,
            Preference::Previews(on) => self.previews = on,
            Preference::Sound(on) => self.sound = on,
            Preference::LockAfterMin(minutes) => self.lock_after_min = minutes,
            Preference::EnterSends(on) => self.enter_sends = on,
            Preference::StaysOn(on) => self.stays_on = on,
            Preference::Still(still) => self.still = still,
            Preference::SkinTone(tone) => self.skin_tone = tone.number(),
            Preference::Window { width, height } => (self.width, self.height) = (width, height),
        }
        self.keep_within_bounds();
        *self != before
    }

    /// The colour of skin in emoji.
    pub(crate) fn skin_tone(&self) -> SkinTone {
        SkinTone::numbered(self.skin_tone)
    }

    fn keep_within_bounds(&mut self) {
        let clamp = |value: u32, range: &std::ops::RangeInclusive<u32>| {
            value.clamp(*range.start(), *range.end())
        };
        self.text_percent = self
            .text_percent
            .clamp(*TEXT_PERCENT.start(), *TEXT_PERCENT.end());
        self.lock_after_min = self.lock_after_min.map(|min| min.clamp(1, MAX_LOCK_MIN));
        self.skin_tone = self.skin_tone().number();
        self.width = clamp(self.width, &WINDOW);
        self.height = clamp(self.height, &WINDOW);
        self.language
            .take_if(|code| code.is_empty() || code.len() > MAX_LANGUAGE);
    }
}

fn is_understood(key: &str, value: &toml::Value) -> bool {
    let alone = toml::Table::from_iter([(key.to_owned(), value.clone())]);
    alone.try_into::<Preferences>().is_ok()
}

mod zero_is_never {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(minutes: &Option<u16>, to: S) -> Result<S::Ok, S::Error> {
        minutes.unwrap_or(0).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
        Ok(Some(u16::deserialize(from)?).filter(|minutes| *minutes > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let mut preferences = Preferences::default();
        preferences.set(Preference::Theme(Theme::HighContrast));
        preferences.set(Preference::Language(Some("bg".into())));
        preferences.set(Preference::LockAfterMin(None));
        assert_eq!(read(&preferences.to_toml()), preferences);
    }

    #[test]
    fn a_damaged_file_is_refused_and_a_partial_one_is_completed() {
        assert!(Preferences::parse("theme = ").is_err());
        let read = read(
            "theme = \"dark\"
text_percent = 900
skin_tone = 9",
        );
        assert_eq!((read.theme, read.text_percent), (Theme::Dark, 200));
        assert_eq!(read.skin_tone, 0);
    }

    #[test]
    fn one_wrong_value_leaves_all_others_and_is_told() {
        let text =
            "theme = \"sepia\"\nlanguage = \"bg\"\ntext_percent = 150\nlock_after_min = true";
        let (read, wrong) = Preferences::parse(text).expect("it is TOML");
        assert_eq!(wrong, ["lock_after_min", "theme"]);
        let expected = Preferences {
            language: Some("bg".into()),
            text_percent: 150,
            ..Preferences::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn what_another_version_has_written_stays_there_for_it() {
        let mut preferences = read("chime = \"bell\"\ntheme = \"dark\"\n[mute]\nBen = 7");
        preferences.set(Preference::Theme(Theme::Light));
        let kept = preferences.to_toml();
        assert!(
            kept.contains("chime = \"bell\"") && kept.contains("Ben = 7"),
            "{kept}"
        );
        assert_eq!(read(&kept), preferences);
    }

    fn read(text: &str) -> Preferences {
        let (read, wrong) = Preferences::parse(text).expect("it is TOML");
        assert!(wrong.is_empty(), "{wrong:?}");
        read
    }
}
