//! Inputs in a file, for replay. With the seed and the times they determine everything that an engine did.
//!
//! **A recording holds messages, links and keys in clear.** The node makes one only on request
//! (`hedgerow run --record-secrets-to FILE`), in a file that only its owner can read.
//!
//! One JSON value a line: first a header, then each input and turn in the order in which it happened.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use hedgerow_transport::carrier::{
    Address, CarrierEvent, CarrierKind, CarrierState, DialId, LinkId, RelayState,
};
use serde::{Deserialize, Serialize};

use crate::api::Call;
use crate::engine::{CallId, Input, Now};
use crate::files::work::FileEvent;

/// The version of the format.
const VERSION: u32 = 1;

/// The first line of a recording.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    recording: u32,
    seed: String,
    /// When the engine was opened.
    mono_ms: u64,
    wall_ms: i64,
}

/// Each later line of a recording.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Call(u64, Call),
    Carrier(CarrierKind, Report),
    File(FileEvent),
    Stop,
    /// The engine got all inputs since the last turn, at this time.
    Turn {
        mono_ms: u64,
        wall_ms: i64,
    },
}

/// A [`CarrierEvent`] as the recording has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    State(CarrierState),
    Addresses(Vec<String>),
    Up {
        link: u64,
        dial: Option<u64>,
        from: Option<String>,
    },
    DialFailed {
        dial: u64,
    },
    Bytes {
        link: u64,
        bytes: String,
    },
    Written {
        link: u64,
        bytes: usize,
    },
    Down {
        link: u64,
    },
    Beacon {
        beacon: String,
        at: Vec<String>,
    },
    BeaconWithdrawn {
        beacon: String,
    },
    Port {
        network: String,
        port: u16,
    },
    Airtime {
        over_ms: u64,
        listened_ms: u64,
        announced_ms: u64,
    },
    Relay {
        at: String,
        state: RelayState,
    },
    BetterPath {
        link: u64,
        at: String,
    },
}

/// Writes a recording. If that fails, it logs the failure and stops recording, but never stops the node.
pub(super) struct Recorder(Option<BufWriter<File>>);

impl Recorder {
    /// Begins a recording in a new file.
    pub(super) fn create(path: &Path, seed: &[u8; 32], opened: Now) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let mut recorder = Self(Some(BufWriter::new(file)));
        recorder.write(&Header {
            recording: VERSION,
            seed: HEXLOWER.encode(seed),
            mono_ms: opened.mono_ms,
            wall_ms: opened.wall_ms,
        });
        Ok(recorder)
    }

    /// Records an input.
    pub(super) fn input(&mut self, input: &Input) {
        self.write(&match input {
            Input::Call(CallId(id), call) => Line::Call(*id, call.clone()),
            Input::Carrier(kind, event) => Line::Carrier(*kind, event.into()),
            Input::File(event) => Line::File(event.clone()),
            Input::Stop => Line::Stop,
            #[cfg(feature = "simulation")]
            Input::Load { .. } => unreachable!("no runtime has a load for its engine"),
        });
    }

    /// Records a call of the engine.
    pub(super) fn turn(&mut self, now: Now) {
        self.write(&Line::Turn {
            mono_ms: now.mono_ms,
            wall_ms: now.wall_ms,
        });
    }

    fn write(&mut self, line: &impl Serialize) {
        let Some(file) = &mut self.0 else { return };
        let written = serde_json::to_writer(&mut *file, line)
            .map_err(io::Error::from)
            .and_then(|()| file.write_all(b"\n"));
        if let Err(error) = written {
            tracing::error!(kind = ?error.kind(), "the recording cannot be written and ends here");
            self.0 = None;
        }
    }
}

/// A recording, as read from its file.
#[derive(Debug)]
pub struct Recording {
    /// The seed of the engine's generator.
    pub seed: [u8; 32],
    /// When the engine was opened.
    pub opened: Now,
    /// The inputs and the time of each call of `pump`, in order.
    pub turns: Vec<(Vec<Input>, Now)>,
}

impl Recording {
    /// Reads a whole recording. Leaves out a last line that was cut off.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut lines = BufReader::new(File::open(path)?).lines();
        let header = lines.next().ok_or_else(|| bad("it is empty"))??;
        let header: Header = serde_json::from_str(&header)?;
        if header.recording != VERSION {
            return Err(bad("it is of another version"));
        }
        let seed = HEXLOWER.decode(header.seed.as_bytes()).ok();
        let seed = seed.and_then(|seed| seed.try_into().ok());
        let seed = seed.ok_or_else(|| bad("its seed is damaged"))?;

        let mut turns = Vec::new();
        let mut inputs = Vec::new();
        for line in lines {
            let line = line?;
            let Ok(line) = serde_json::from_str(&line) else {
                break;
            };
            match line {
                Line::Call(id, call) => inputs.push(Input::Call(CallId(id), call)),
                Line::Carrier(kind, report) => {
                    let event = report.event().ok_or_else(|| bad("a line is damaged"))?;
                    inputs.push(Input::Carrier(kind, event));
                }
                Line::File(event) => inputs.push(Input::File(event)),
                Line::Stop => inputs.push(Input::Stop),
                Line::Turn { mono_ms, wall_ms } => {
                    turns.push((std::mem::take(&mut inputs), Now { mono_ms, wall_ms }));
                }
            }
        }
        let opened = Now {
            mono_ms: header.mono_ms,
            wall_ms: header.wall_ms,
        };
        Ok(Self {
            seed,
            opened,
            turns,
        })
    }
}

impl From<&CarrierEvent> for Report {
    fn from(event: &CarrierEvent) -> Self {
        match event {
            CarrierEvent::State(state) => Self::State(*state),
            CarrierEvent::Addresses(addresses) => Self::Addresses(texts(addresses)),
            CarrierEvent::Up { link, dial, from } => Self::Up {
                link: link.0,
                dial: dial.map(|dial| dial.0),
                from: from.as_ref().map(|from| from.0.clone()),
            },
            CarrierEvent::DialFailed { dial } => Self::DialFailed { dial: dial.0 },
            CarrierEvent::Bytes { link, bytes } => Self::Bytes {
                link: link.0,
                bytes: HEXLOWER.encode(bytes),
            },
            CarrierEvent::Written { link, bytes } => Self::Written {
                link: link.0,
                bytes: *bytes,
            },
            CarrierEvent::Down { link } => Self::Down { link: link.0 },
            CarrierEvent::Beacon { beacon, at } => Self::Beacon {
                beacon: HEXLOWER.encode(beacon),
                at: texts(at),
            },
            CarrierEvent::BeaconWithdrawn { beacon } => Self::BeaconWithdrawn {
                beacon: HEXLOWER.encode(beacon),
            },
            CarrierEvent::Relay { at, state } => Self::Relay {
                at: at.0.clone(),
                state: *state,
            },
            CarrierEvent::BetterPath { link, at } => Self::BetterPath {
                link: link.0,
                at: at.0.clone(),
            },
            CarrierEvent::Airtime {
                over_ms,
                listened_ms,
                announced_ms,
            } => Self::Airtime {
                over_ms: *over_ms,
                listened_ms: *listened_ms,
                announced_ms: *announced_ms,
            },
            CarrierEvent::Port { network, port } => Self::Port {
                network: HEXLOWER.encode(network),
                port: *port,
            },
        }
    }
}

impl Report {
    fn event(self) -> Option<CarrierEvent> {
        Some(match self {
            Self::State(state) => CarrierEvent::State(state),
            Self::Addresses(texts) => CarrierEvent::Addresses(addresses(texts)),
            Self::Up { link, dial, from } => CarrierEvent::Up {
                link: LinkId(link),
                dial: dial.map(DialId),
                from: from.map(Address),
            },
            Self::DialFailed { dial } => CarrierEvent::DialFailed { dial: DialId(dial) },
            Self::Bytes { link, bytes } => CarrierEvent::Bytes {
                link: LinkId(link),
                bytes: Bytes::from(HEXLOWER.decode(bytes.as_bytes()).ok()?),
            },
            Self::Written { link, bytes } => CarrierEvent::Written {
                link: LinkId(link),
                bytes,
            },
            Self::Down { link } => CarrierEvent::Down { link: LinkId(link) },
            Self::Beacon { beacon, at } => CarrierEvent::Beacon {
                beacon: HEXLOWER.decode(beacon.as_bytes()).ok()?.try_into().ok()?,
                at: addresses(at),
            },
            Self::BeaconWithdrawn { beacon } => CarrierEvent::BeaconWithdrawn {
                beacon: HEXLOWER.decode(beacon.as_bytes()).ok()?.try_into().ok()?,
            },
            Self::Relay { at, state } => CarrierEvent::Relay {
                at: Address(at),
                state,
            },
            Self::BetterPath { link, at } => CarrierEvent::BetterPath {
                link: LinkId(link),
                at: Address(at),
            },
            Self::Airtime {
                over_ms,
                listened_ms,
                announced_ms,
            } => CarrierEvent::Airtime {
                over_ms,
                listened_ms,
                announced_ms,
            },
            Self::Port { network, port } => CarrierEvent::Port {
                network: HEXLOWER.decode(network.as_bytes()).ok()?.try_into().ok()?,
                port,
            },
        })
    }
}

fn texts(addresses: &[Address]) -> Vec<String> {
    addresses.iter().map(|address| address.0.clone()).collect()
}

fn addresses(texts: Vec<String>) -> Vec<Address> {
    texts.into_iter().map(Address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ConversationId, NewMessage};
    use crate::files::extent::Extent;
    use crate::files::tree::FileId;
    use crate::files::work::{StoredName, Ticket};
    use hedgerow_sync::id::SpaceId;

    const NOW: Now = Now {
        mono_ms: 5,
        wall_ms: -5,
    };

    #[test]
    fn what_was_recorded_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("recording");
        let mut recorder = Recorder::create(&path, &[7; 32], NOW).unwrap();
        let link = LinkId(3);
        let events = [
            CarrierEvent::State(CarrierState::NoDiscovery),
            CarrierEvent::Addresses(vec![Address("192.0.2.1:4711".into())]),
            CarrierEvent::Up {
                link,
                dial: Some(DialId(1)),
                from: None,
            },
            CarrierEvent::DialFailed { dial: DialId(2) },
            CarrierEvent::Bytes {
                link,
                bytes: Bytes::from_static(&[0, 255]),
            },
            CarrierEvent::Written { link, bytes: 12 },
            CarrierEvent::Relay {
                at: Address("there".into()),
                state: RelayState::NotARelay,
            },
            CarrierEvent::BetterPath {
                link,
                at: Address("better".into()),
            },
            CarrierEvent::Down { link },
            CarrierEvent::Beacon {
                beacon: *b"12345678",
                at: Vec::new(),
            },
            CarrierEvent::BeaconWithdrawn {
                beacon: *b"12345678",
            },
        ];
        let call = Call::Send(ConversationId("a1".into()), NewMessage::text("hello"));
        let mut inputs: Vec<_> = events
            .into_iter()
            .map(|event| Input::Carrier(CarrierKind::Lan, event))
            .collect();
        inputs.push(Input::Call(CallId(9), call));
        let ticket = Ticket {
            link,
            stream: 1,
            space: SpaceId([1; 16]),
            file: FileId([2; 32]),
            name: StoredName([3; 16]),
            extent: Extent::of(3).unwrap(),
        };
        let read = FileEvent::Read(ticket, 0, Bytes::from_static(&[0, 255]));
        inputs.push(Input::File(read));
        inputs.push(Input::Stop);
        for input in &inputs {
            recorder.input(input);
        }
        recorder.turn(NOW);
        recorder.turn(NOW);
        drop(recorder);

        let recording = Recording::read(&path).unwrap();
        assert_eq!(recording.seed, [7; 32]);
        assert_eq!(recording.turns.len(), 2);
        // Redacted types are compared by their recorded text.
        let (read, at) = &recording.turns[0];
        assert_eq!(*at, NOW);
        assert_eq!(recording.opened, NOW);
        let json = |inputs: &[Input]| -> Vec<String> {
            let line = |input: &Input| match input {
                Input::Call(id, call) => serde_json::to_string(&Line::Call(id.0, call.clone())),
                Input::Carrier(kind, event) => {
                    serde_json::to_string(&Line::Carrier(*kind, event.into()))
                }
                Input::File(event) => serde_json::to_string(&Line::File(event.clone())),
                Input::Load { .. } => unreachable!("none is recorded"),
                Input::Stop => serde_json::to_string(&Line::Stop),
            };
            inputs.iter().map(|input| line(input).unwrap()).collect()
        };
        assert_eq!(json(read), json(&inputs));
        assert!(recording.turns[1].0.is_empty());
    }

    #[test]
    fn a_recording_is_readable_by_its_owner_alone_and_replaces_nothing() {
        use std::os::unix::fs::MetadataExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("recording");
        drop(Recorder::create(&path, &[7; 32], NOW).unwrap());
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(Recorder::create(&path, &[7; 32], NOW).is_err());
    }
}
