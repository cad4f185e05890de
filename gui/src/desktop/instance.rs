//! One window for each data directory. A second one brings the first to the front, hands it the invitation
//! that it was given, and ends.

use std::fs::DirBuilder;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest message of a second start, in bytes.
const MAX_WORDS: u64 = 8_192;

/// How long a second start may take to send its message.
const PATIENCE: Duration = Duration::from_secs(2);

/// A second start of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The invitation that was given, if any.
    pub link: Option<String>,
}

/// The outcome of a start.
pub enum Instance {
    /// This is the first one. The guard lives as long as the application.
    First(Doorbell),
    /// There is another one, which knows of this start now.
    Second,
}

/// Listens for second starts.
pub struct Doorbell {
    listener: UnixListener,
    path: PathBuf,
}

impl Instance {
    /// The socket lies in the data directory, which only its user can read.
    ///
    /// # Errors
    /// The directory cannot be made or read.
    pub fn of(directory: &Path, link: Option<&str>) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let path = directory.join("window.socket");
        if let Ok(mut first) = UnixStream::connect(&path) {
            writeln!(first, "{}", link.unwrap_or_default())?;
            return Ok(Self::Second);
        }
        // Nobody answers at this socket: a window that was killed has left it.
        match std::fs::remove_file(&path) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        Ok(Self::First(Doorbell { listener, path }))
    }
}

impl Doorbell {
    /// Reports each second start, in a thread of its own, for as long as the process lives.
    pub fn listen(self, tell: impl Fn(Visitor) + Send + 'static) -> io::Result<Doorplate> {
        let Self { listener, path } = self;
        std::thread::Builder::new()
            .name("visitors".into())
            .spawn(move || {
                for visitor in listener.incoming().flatten() {
                    if let Some(visitor) = handle(visitor) {
                        tell(visitor);
                    }
                }
            })?;
        Ok(Doorplate(path))
    }
}

/// Removes the socket when the application ends.
pub struct Doorplate(PathBuf);

impl Drop for Doorplate {
    fn drop(&mut self) {
        // If this fails, the next window removes it.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn handle(visitor: UnixStream) -> Option<Visitor> {
    visitor.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut words = String::new();
    BufReader::new(visitor.take(MAX_WORDS))
        .read_line(&mut words)
        .ok()?;
    let link = words.trim();
    Some(Visitor {
        link: (!link.is_empty()).then(|| link.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_second_hands_its_invitation_to_the_first_and_a_dead_one_is_no_first() {
        let place = tempfile::tempdir().expect("a directory");
        let start = |link| Instance::of(place.path(), link).expect("it starts");
        let Instance::First(bell) = start(None) else {
            panic!("nobody was there");
        };
        let (tell, told) = mpsc::channel();
        let plate = bell
            .listen(move |visitor| tell.send(visitor).expect("the test lives"))
            .expect("a thread");
        assert!(matches!(start(Some("hedgerow:ABC")), Instance::Second));
        let heard = told.recv_timeout(Duration::from_secs(30));
        let link = Some("hedgerow:ABC".to_owned());
        assert_eq!(heard, Ok(Visitor { link }));
        drop(plate);
        assert!(matches!(start(None), Instance::First(_)));
        // Leave the socket of the second "first" window, as if that window had been killed.
        assert!(place.path().join("window.socket").exists());
        assert!(matches!(start(None), Instance::First(_)));
    }
}
