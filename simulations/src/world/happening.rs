//! What happens to a device, and the order in which it does.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use bytes::Bytes;
use hedgerow_node::api::MessageId;
use hedgerow_transport::carrier::{DialId, LinkId};
use serde::{Deserialize, Serialize};

use crate::plan::DeviceNumber;

/// The beacons a device announces, as others hear them.
pub(crate) type Beacons = Arc<[[u8; 8]]>;

/// One thing that happens to a device.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// Another device comes within reach, or leaves it.
    Reach {
        peer: DeviceNumber,
        radio: u8,
        up: bool,
    },
    /// What another device announces has been heard.
    Heard {
        peer: DeviceNumber,
        radio: u8,
        beacons: Beacons,
    },
    /// Somebody's dial arrives.
    Dialled {
        from: DeviceNumber,
        radio: u8,
        dial: Dial,
    },
    /// An own dial has led to a link, whose other end has this name; or to none.
    Answered { dial: Dial, peer: Option<LinkId> },
    /// Bytes arrive, standing for `ghost` more.
    Bytes {
        link: LinkId,
        bytes: Bytes,
        ghost: u64,
    },
    /// The other end of a link is gone.
    Ended { link: LinkId },
    /// Bytes have left: the engine waits to be told.
    Written,
    /// The device's user writes a message.
    Write(Message),
    /// The device's user writes a text in a group.
    Post(Post),
    /// The device's user does something with a message that has arrived.
    Act(Deed),
    /// The device's user writes everything that waits for another on a stick.
    WriteStick(Carried),
    /// Somebody hands over a stick with these bundles.
    Stick(Vec<Vec<u8>>),
    /// Something breaks, or is mended.
    Fault(Fault),
    /// How the device is, is written down.
    Sample,
    /// What another device has said first over a link, to somebody else.
    Overheard { bytes: Bytes },
    /// An adversary has its turn.
    Turn,
}

/// An attempt to make a link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dial {
    /// The engine's name for it.
    pub id: DialId,
    /// The start of the device that made it: names of earlier ones mean nothing.
    pub start: u32,
    /// The dialler's name for the link to come.
    pub link: LinkId,
    /// The radio it goes over.
    pub radio: u8,
    /// Whom it is for.
    pub to: DeviceNumber,
}

/// A message that a user writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its number in the run.
    pub number: u64,
    /// For whom.
    pub to: DeviceNumber,
    /// Its length; 0: a file without words.
    pub bytes: u64,
    /// The file that goes with it.
    pub file: Option<File>,
    /// It is a load whose content is a ghost, not a text.
    pub load: bool,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// After how many seconds it disappears.
    pub timer_s: Option<u64>,
    /// Its author writes it on a stick, if it has not arrived by then.
    pub stick: Option<Stick>,
    /// What people do with it once it has arrived.
    pub later: Later,
}

/// A text that a user writes in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Post {
    /// Its number in the run.
    pub number: u64,
    /// The number of the group.
    pub group: u32,
    /// Its length.
    pub bytes: u64,
}

/// The file of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct File {
    /// Its length.
    pub bytes: u64,
    /// How long it plays if it is a voice note, in milliseconds.
    pub voice_ms: Option<u32>,
}

/// When what waits is written on a stick, from the writing of a message on, and how long the stick is on its way; in
/// microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stick {
    pub after_us: u64,
    pub way_us: u64,
}

/// What is to be carried by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The number of the message whose author thought of it.
    pub message: u64,
    /// For whom.
    pub to: DeviceNumber,
    /// How long it is on its way, in microseconds.
    pub way_us: u64,
}

/// What people do with a message, each so long after it has arrived, in microseconds; or not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Later {
    /// The reader puts an emoji on it.
    pub reaction_us: Option<u64>,
    /// The author edits it.
    pub edit_us: Option<u64>,
    /// The reader answers it.
    pub reply_us: Option<u64>,
    /// The author deletes it for all.
    pub deletion_us: Option<u64>,
    /// The reader reads it.
    pub read_us: Option<u64>,
    /// The reader asks for its file.
    pub ask_us: Option<u64>,
    /// The author takes its file back.
    pub cancel_us: Option<u64>,
    /// The length of the edit, and of the answer.
    pub bytes: u64,
}

/// Something that a user does with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deed {
    /// What.
    pub kind: DeedKind,
    /// The number of the message in the run.
    pub message: u64,
    /// What engines call it.
    pub id: MessageId,
    /// Who wrote it.
    pub author: DeviceNumber,
    /// Who got it.
    pub reader: DeviceNumber,
    /// The length of an edit or an answer.
    pub bytes: u64,
}

/// What a user does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum DeedKind {
    /// Puts an emoji on it.
    React,
    /// Edits it.
    Edit,
    /// Answers it.
    Reply,
    /// Deletes it for all.
    Delete,
    /// Reads it, and tells so.
    Read,
    /// Asks for its file, if nothing of that is here.
    Ask,
    /// Takes its file back, if it has not come whole.
    Cancel,
}

impl Deed {
    /// Whose user does it: the author edits, deletes and takes files back.
    pub fn by(&self) -> DeviceNumber {
        match self.kind {
            DeedKind::Edit | DeedKind::Delete | DeedKind::Cancel => self.author,
            DeedKind::React | DeedKind::Reply | DeedKind::Read | DeedKind::Ask => self.reader,
        }
    }

    /// The other of the two.
    pub fn to(&self) -> DeviceNumber {
        match self.kind {
            DeedKind::Edit | DeedKind::Delete | DeedKind::Cancel => self.reader,
            DeedKind::React | DeedKind::Reply | DeedKind::Read | DeedKind::Ask => self.author,
        }
    }
}

/// Something that breaks, or is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    /// Switched off, in good order or by a power cut; what was committed stays.
    Off,
    /// Switched on again.
    On,
    /// The present state of the store is kept, for a later roll-back.
    Snapshot,
    /// Off, and on again with the state kept before.
    RollBack,
    /// The wall clock jumps by so many milliseconds.
    ClockJump(i64),
    /// No commit succeeds from now on; or they do again.
    DiskFull(bool),
}

/// A happening with its time. Those of one moment happen in the order in which they were pushed.
#[derive(Debug)]
struct Due {
    at_us: u64,
    order: u64,
    what: Happening,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    /// The earliest is the greatest, for the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_us, other.order).cmp(&(self.at_us, self.order))
    }
}

/// What will happen to one device.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    due: BinaryHeap<Due>,
    pushed: u64,
}

impl Agenda {
    /// Something will happen.
    pub fn push(&mut self, at_us: u64, what: Happening) {
        let order = self.pushed;
        self.pushed += 1;
        self.due.push(Due { at_us, order, what });
    }

    /// When the next thing happens.
    pub fn next_us(&self) -> Option<u64> {
        self.due.peek().map(|due| due.at_us)
    }

    /// The next thing that happens at or before `at_us`.
    pub fn pop(&mut self, at_us: u64) -> Option<Happening> {
        if self.next_us()? > at_us {
            return None;
        }
        self.due.pop().map(|due| due.what)
    }

    /// Forgets what waits, and gives it in its order.
    pub fn drain(&mut self) -> Vec<(u64, Happening)> {
        let due = std::mem::take(&mut self.due).into_sorted_vec();
        // Sorted from the last to the first.
        due.into_iter()
            .rev()
            .map(|due| (due.at_us, due.what))
            .collect()
    }
}
