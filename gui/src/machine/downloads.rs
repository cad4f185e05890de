//! Where files of messages are saved.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// The largest `user-dirs.dirs` that we read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The user's directory for downloads, as `xdg-user-dirs` names it; the home directory if there is none.
pub fn downloads() -> Option<PathBuf> {
    let home = etcetera::home_dir().ok()?;
    let strategy = etcetera::choose_base_strategy().ok()?;
    let file = strategy.config_dir().join("user-dirs.dirs");
    let is_sound = file.metadata().is_ok_and(|about| about.len() <= MAX_BYTES);
    let text = is_sound.then(|| std::fs::read_to_string(&file).ok());
    let named = text.flatten().and_then(|text| named_in(&text, &home));
    let wanted = named.unwrap_or_else(|| home.join("Downloads"));
    Some(if wanted.is_dir() { wanted } else { home })
}

/// The directory that such a file names: a path, or one below `$HOME`, in double quotes.
fn named_in(text: &str, home: &Path) -> Option<PathBuf> {
    let mut lines = text.lines().map(str::trim);
    let value = lines.find_map(|line| line.strip_prefix("XDG_DOWNLOAD_DIR="))?;
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    match value.strip_prefix("$HOME/") {
        Some(below) => Some(home.join(below)),
        None => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_downloads_are_where_the_desktop_has_them() {
        let home = Path::new("/home/ana");
        let named = |line: &str| {
            let text = format!("# A comment\nXDG_DESKTOP_DIR=\"$HOME/Desktop\"\n{line}\n");
            named_in(&text, home)
        };
        let below = named("XDG_DOWNLOAD_DIR=\"$HOME/Изтеглени\"");
        assert_eq!(below, Some(home.join("Изтеглени")));
        let elsewhere = named("XDG_DOWNLOAD_DIR=\"/srv/downloads\"");
        assert_eq!(elsewhere, Some(PathBuf::from("/srv/downloads")));
        for nowhere in [
            "",
            "XDG_DOWNLOAD_DIR=\"downloads\"",
            "XDG_DOWNLOAD_DIR=/srv",
        ] {
            assert_eq!(named(nowhere), None, "{nowhere}");
        }
    }
}
