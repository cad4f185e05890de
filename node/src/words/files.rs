//! Words for the files of messages, which the command line and the window say alike.

use std::io::{self, ErrorKind};
use std::path::Path;

use indicatif::DecimalBytes;

use super::{Phrase, codes, timers, tr};
use crate::api::{Carrier, FileState, MessageFile, Offered, Uploaded, visible};
use crate::files::pace::{self, Pace};
use crate::pictures::Metadata;

/// A size, rounded, with its unit.
pub fn size(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// Why a file that the user named cannot be used.
pub fn unusable(path: &Path, error: &io::Error) -> Phrase {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound => tr!("There is no such file or folder: {path}", path = path),
        ErrorKind::AlreadyExists => tr!(
            "There is a file with this name already: {path}",
            path = path
        ),
        ErrorKind::IsADirectory => tr!("This is a folder, not a file: {path}", path = path),
        ErrorKind::PermissionDenied => tr!("This file may not be opened: {path}", path = path),
        _ => failed(tr!("{path} cannot be used", path = path), error),
    }
}

/// What failed, and what the system says of it.
pub fn failed(what: impl Into<Phrase>, error: &io::Error) -> Phrase {
    tr!("{what}: {error}.", what = what.into(), error = error)
}

/// What a file is called, and its size.
pub fn name(file: &MessageFile) -> Phrase {
    match &file.voice {
        Some(voice) => tr!(
            "Voice note {duration} ({size})",
            duration = duration(voice.duration_ms),
            size = size(file.size)
        ),
        None => format!("{} ({})", visible::name(&file.name.0), size(file.size)).into(),
    }
}

/// How long something plays: minutes and seconds.
pub fn duration(ms: u32) -> String {
    let seconds = ms.div_ceil(1_000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// What stands beside a file that is not here, or that nobody has yet; `None` if there is nothing to say.
pub fn state(file: &MessageFile) -> Option<Phrase> {
    Some(match file.state {
        FileState::Here if file.is_delivered() => return None,
        FileState::Here => {
            let most = file.held.iter().map(|held| held.bytes).max();
            let declined = file.held.iter().any(|held| held.declined);
            match most {
                _ if declined => tr!("declined"),
                None | Some(0) => tr!("waits to be fetched"),
                Some(bytes) => tr!("{percent} % sent", percent = percent(bytes, file.size)),
            }
        }
        FileState::Loading { bytes: 0 } => tr!("waits for its sender"),
        FileState::Loading { bytes } => {
            tr!("{percent} % here", percent = percent(bytes, file.size))
        }
        FileState::Offered { why } => match why {
            Offered::Large => tr!("too large to load by itself"),
            Offered::Unverified => tr!("not loaded by itself: the contact is not verified"),
            Offered::Quota => tr!("not loaded by itself: files of this contact take 2 GiB"),
        },
        FileState::NoRoom { free } => tr!(
            "no room: it needs {size}, and {free} are free",
            size = size(file.size),
            free = size(free)
        ),
        FileState::Declined => tr!("you declined it"),
        FileState::Damaged => tr!("what came is not what its sender named"),
        FileState::Freed => tr!("its room was freed"),
        FileState::Cancelled if file.held.is_empty() => tr!("cancelled by its sender"),
        FileState::Cancelled => match file.held.iter().map(|held| held.bytes).max() {
            None | Some(0) => tr!("cancelled"),
            Some(bytes) if bytes == file.size => tr!("cancelled too late: it had arrived"),
            Some(_) => tr!("cancelled, and what has come is not deleted yet"),
        },
        FileState::Missing => tr!("not here"),
    })
}

/// A file that is about to go: its size, and about how long it takes over what reaches its receiver now.
pub fn outlook(uploaded: &Uploaded, over: Option<Carrier>) -> Phrase {
    let (file, size) = (visible::name(&uploaded.name.0), size(uploaded.size));
    let about = over.and_then(|over| Some((over, pace::about_s(uploaded.size, over)?)));
    match about {
        None => format!("{file}: {size}").into(),
        Some((over, about_s)) => tr!(
            "{file}: {size}; takes about {span} ({carrier})",
            file = file,
            size = size,
            span = timers::span(about_s),
            carrier = codes::carrier(over)
        ),
    }
}

/// How fast a file goes, how long the rest takes, and over which carrier, if that is known.
pub fn pace(pace: Pace, over: Option<Carrier>) -> Phrase {
    let (rate, left) = (size(pace.rate), timers::span(pace.left_s));
    match over {
        Some(over) => tr!(
            "{rate} a second, about {span} left ({carrier})",
            rate = rate,
            span = left,
            carrier = codes::carrier(over)
        ),
        None => tr!(
            "{rate} a second, about {span} left",
            rate = rate,
            span = left
        ),
    }
}

/// What a picture that goes out carried, or carries still; `None` if there is nothing to say.
pub fn carried(uploaded: &Uploaded) -> Option<Phrase> {
    let file = visible::name(&uploaded.name.0);
    let place = uploaded.carries.contains(&Metadata::Place);
    match (uploaded.cleaned, place) {
        (true, true) => Some(tr!(
            "{file}: the place and all else that the picture carried are removed.",
            file = file
        )),
        (true, false) if !uploaded.carries.is_empty() => Some(tr!(
            "{file}: what the picture carried, such as camera and time, is removed.",
            file = file
        )),
        (false, true) => Some(tr!(
            "{file} tells the place where it was taken.",
            file = file
        )),
        _ => None,
    }
}

/// How much is done, in percent, never more than is true.
pub fn percent(bytes: u64, of: u64) -> u64 {
    match of {
        0 => 100,
        of => (u128::from(bytes) * 100 / u128::from(of)) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Private, UploadId};

    #[test]
    fn a_file_that_goes_is_told_with_its_size_and_about_how_long_it_takes() {
        let uploaded = Uploaded {
            id: UploadId("1".into()),
            name: Private("film.mkv".into()),
            size: 26_000_000,
            carries: Vec::new(),
            cleaned: false,
            preview: false,
            voice: None,
        };
        let told = |over| outlook(&uploaded, over).to_string();
        assert_eq!(told(None), "film.mkv: 26.00 MB");
        let over_lan = "film.mkv: 26.00 MB; takes about 10s (Local network)";
        assert_eq!(told(Some(Carrier::Lan)), over_lan);
        assert_eq!(told(Some(Carrier::File)), told(None));
        let going = Pace {
            rate: 2_000_000,
            left_s: 15,
        };
        assert_eq!(
            pace(going, Some(Carrier::Relay)).to_string(),
            "2.00 MB a second, about 15s left (Relay)"
        );
        assert_eq!(
            pace(going, None).to_string(),
            "2.00 MB a second, about 15s left"
        );
    }
}
