//! The file of the preferences.

use std::io::{self, Write};
use std::path::PathBuf;

use etcetera::BaseStrategy;
use tempfile::NamedTempFile;

use crate::model::Preferences;

/// The longest file that we read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The file of the preferences: the same for all identities of this user.
#[derive(Debug, Clone)]
pub struct PreferencesFile(Option<PathBuf>);

impl PreferencesFile {
    /// The file in the XDG configuration directory; none if there is no home.
    pub fn of_user() -> Self {
        let strategy = etcetera::choose_base_strategy().ok();
        Self(strategy.map(|dirs| dirs.config_dir().join("hedgerow").join("gui.toml")))
    }

    /// The file at this path.
    pub fn at(path: PathBuf) -> Self {
        Self(Some(path))
    }

    /// Reads the preferences. Gives the shipped ones if there are none, or if they cannot be read, which it says on
    /// stderr.
    pub fn read(&self) -> Preferences {
        let Some(path) = &self.0 else {
            return Preferences::default();
        };
        let text = match std::fs::metadata(path).map(|meta| meta.len()) {
            Ok(0..=MAX_BYTES) => std::fs::read_to_string(path),
            _ => return Preferences::default(),
        };
        let parsed = text
            .map_err(|fault| fault.to_string())
            .and_then(|text| Preferences::parse(&text).map_err(|fault| fault.to_string()));
        let path = path.display();
        match parsed {
            Ok((preferences, wrong)) => {
                for key in wrong {
                    eprintln!(
                        "hedgerow-gui: {path}: the value of `{key}` is not understood and left out."
                    );
                }
                preferences
            }
            Err(fault) => {
                eprintln!("hedgerow-gui: {path} cannot be read: {fault}");
                Preferences::default()
            }
        }
    }

    /// Replaces the file in one step.
    ///
    /// # Errors
    /// What the system reports. The old file is still there then.
    pub fn write(&self, preferences: &Preferences) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        let directory = path.parent().unwrap_or(path);
        std::fs::create_dir_all(directory)?;
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(preferences.to_toml().as_bytes())?;
        file.persist(path)?;
        Ok(())
    }

    /// Removes the file.
    pub fn forget(&self) {
        if let Some(path) = &self.0 {
            // It is fine if there is none.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_forgotten_is_as_shipped() {
        let place = tempfile::tempdir().expect("a directory");
        let file = PreferencesFile::at(place.path().join("below").join("gui.toml"));
        assert_eq!(file.read(), Preferences::default());
        let changed = Preferences {
            text_percent: 150,
            ..Preferences::default()
        };
        file.write(&changed).expect("it is written");
        assert_eq!(file.read(), changed);
        file.forget();
        assert_eq!(file.read(), Preferences::default());
    }
}
