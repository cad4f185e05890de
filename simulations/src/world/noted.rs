//! What devices note of what happens to them. The recorder puts it in order and turns it into records.

use bytes::Bytes;
use hedgerow_node::api::MessageId;
use hedgerow_node::courier::{DropReason, Tag};
use hedgerow_transport::carrier::{CarrierKind, LinkId};

use super::happening::{Beacons, DeedKind, Message, Post};
use crate::adversary::replayer::Replayed;
use crate::plan::DeviceNumber;

/// Something that happened to a device.
#[derive(Debug)]
pub(crate) struct Noted {
    pub at_us: u64,
    pub device: DeviceNumber,
    pub what: What,
}

/// What it was.
#[derive(Debug)]
pub(crate) enum What {
    /// Its user wrote a message.
    Wrote(Message),
    /// Its user wrote a text in a group.
    Posted(Post),
    /// The engine has taken a message and given it a name.
    Sent { message: u64, id: MessageId },
    /// The engine has refused a message, or a reaction to or edit of one that has arrived.
    NotSent { message: u64 },
    /// The engine has taken the reaction to a message, or its edit.
    Done { kind: DeedKind, message: u64 },
    /// A message in the conversation with this device shows a reaction or an edit.
    Changed {
        with: DeviceNumber,
        id: MessageId,
        kind: DeedKind,
    },
    /// A message arrived.
    Arrived { from: DeviceNumber, id: MessageId },
    /// A text of a group arrived, when these devices spoke to it.
    Received {
        group: u32,
        id: MessageId,
        speakers: Vec<DeviceNumber>,
    },
    /// It has handed a chunk of this sealed length of the file of a message to a session.
    ChunkSent { message: u64, bytes: u64 },
    /// So many sealed bytes of the file of a message are proven and durable on it; perhaps all.
    FileKept {
        message: u64,
        bytes: u64,
        is_whole: bool,
    },
    /// It wrote everything that waited for another device on a stick.
    Carried { to: DeviceNumber, bytes: u64 },
    /// It takes in what came on a stick.
    TakesStick,
    /// A session has ended over which chunks of the file of a message had left.
    FileCut { message: u64 },
    /// So many messages arrived at once.
    ManyArrived { from: DeviceNumber, count: u64 },
    /// It sealed a bundle, for these loads or for texts.
    Sealed {
        bundle: Tag,
        to: Option<DeviceNumber>,
        bytes: u64,
        loads: Vec<u64>,
    },
    /// It was sending a bundle, and is not any more.
    Transfer {
        bundle: Tag,
        start_us: u64,
        to: DeviceNumber,
        bytes: u64,
        done: bool,
    },
    /// It carries a bundle that another device gave it, over its own end of a link.
    Took {
        bundle: Tag,
        from: DeviceNumber,
        link: LinkId,
    },
    /// Loads for it were in a bundle that another device gave it.
    Opened {
        bundle: Tag,
        from: DeviceNumber,
        loads: Vec<u64>,
    },
    /// It does not carry a bundle any more.
    Dropped { bundle: Tag, reason: DropReason },
    /// A link it had dialled ended.
    Session {
        start_us: u64,
        answerer: DeviceNumber,
        radio: u8,
        up_bytes: u64,
        down_bytes: u64,
        ghost_bytes: u64,
    },
    /// How it is.
    Sample {
        bundles: u32,
        bundle_bytes: u64,
        sessions: u32,
        sent_bytes: u64,
        received_bytes: u64,
        energy_j: f64,
        on: bool,
    },
    /// It announces something else: only noted where somebody watches.
    Announced {
        carrier: CarrierKind,
        beacons: Beacons,
    },
    /// It said this first over a link that it had dialled: only noted where somebody watches.
    Flight { bytes: Bytes },
    /// It said so many release values that it does not know.
    Claimed { values: u64 },
    /// Something came of a replay.
    Replayed(Replayed),
    /// A step, for those who trace.
    Step(String),
}
