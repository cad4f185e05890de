//! What a run leaves behind, one row for each thing that happened. The world writes them in order of
//! time; `result` keeps them as Parquet. Times are microseconds since the world began.

use parquet_derive::{ParquetRecordReader, ParquetRecordWriter};

/// Anything that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A pair was within reach.
    Contact(Contact),
    /// A session was up.
    Session(Session),
    /// A message was written.
    Message(Message),
    /// A bundle was sealed.
    Bundle(Bundle),
    /// A bundle went, or did not quite go, from one device to another.
    Transfer(Transfer),
    /// A message arrived.
    Delivery(Delivery),
    /// A text was written in a group.
    GroupMessage(GroupMessage),
    /// A text of a group arrived at a member.
    GroupDelivery(GroupDelivery),
    /// Somebody reacted to a message.
    Reaction(Reaction),
    /// An author edited a message.
    Edit(Edit),
    /// An author deleted a message.
    Deletion(Deletion),
    /// A reader read a message.
    Receipt(Receipt),
    /// A file was sent.
    File(File),
    /// What waited for somebody was written on a stick.
    Parcel(Parcel),
    /// A device let go of a bundle.
    Drop(Drop),
    /// How a device was at one moment.
    Sample(Sample),
}

/// A pair was within reach; written when it ends, or with the run.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Contact {
    /// From when.
    pub start_us: i64,
    /// Until when.
    pub end_us: i64,
    /// The lower device.
    pub a: i32,
    /// The higher device.
    pub b: i32,
    /// The radio's number in the scenario.
    pub radio: i32,
}

/// A session was up; written when it ends, or with the run.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Session {
    /// When the link came up.
    pub start_us: i64,
    /// When it ended.
    pub end_us: i64,
    /// Who dialled.
    pub dialler: i32,
    /// Who answered.
    pub answerer: i32,
    /// The radio's number in the scenario.
    pub radio: i32,
    /// Bytes from the dialler, ghosts included.
    pub up_bytes: i64,
    /// Bytes from the answerer, ghosts included.
    pub down_bytes: i64,
    /// Of both, bodies of messages that were ghosts; all else is control.
    pub ghost_bytes: i64,
}

/// A message was written.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Message {
    /// When.
    pub at_us: i64,
    /// Its number in the run, from 0.
    pub message: i64,
    /// Who wrote it.
    pub from: i32,
    /// For whom.
    pub to: i32,
    /// Its length.
    pub bytes: i64,
}

/// A bundle was sealed.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Bundle {
    /// When.
    pub at_us: i64,
    /// The first eight bytes of its tag.
    pub bundle: i64,
    /// Who sealed it.
    pub from: i32,
    /// Who can open it.
    pub to: i32,
    /// Its length, ghosts included.
    pub bytes: i64,
    /// The message it was sealed for.
    pub message: i64,
}

/// A bundle was being sent from one device to another.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Transfer {
    /// When it began.
    pub start_us: i64,
    /// When it ended.
    pub end_us: i64,
    /// The first eight bytes of the bundle's tag.
    pub bundle: i64,
    /// Who sent.
    pub from: i32,
    /// Who received.
    pub to: i32,
    /// The bundle's length.
    pub bytes: i64,
    /// Whether it arrived whole.
    pub done: bool,
}

/// A message was committed by the one it is for.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Delivery {
    /// When.
    pub at_us: i64,
    /// Its number.
    pub message: i64,
    /// Who wrote it.
    pub from: i32,
    /// Who got it.
    pub to: i32,
    /// Since it was written.
    pub delay_us: i64,
    /// Links it crossed: 1 in a session of the two, more by couriers; 0: it was carried by hand.
    pub hops: i32,
    /// Whether, when it was written, a file was on its way to the same reader.
    pub beside_file: bool,
}

/// A text was written in a group.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct GroupMessage {
    /// When.
    pub at_us: i64,
    /// Its number among those of groups. Numbers grow and have gaps.
    pub message: i64,
    /// The number of the group, from 0.
    pub group: i32,
    /// Who wrote it.
    pub from: i32,
    /// Its length.
    pub bytes: i64,
    /// How many others are in the group.
    pub others: i32,
}

/// A text of a group was committed by a member.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct GroupDelivery {
    /// When.
    pub at_us: i64,
    /// Its number among those of groups.
    pub message: i64,
    /// The number of the group.
    pub group: i32,
    /// Who wrote it.
    pub from: i32,
    /// Who got it.
    pub to: i32,
    /// From whom it came over the last link; -1: from nobody, as it was carried by hand.
    pub via: i32,
    /// Whether that is somebody in the group.
    pub via_member: bool,
    /// Since it was written.
    pub delay_us: i64,
    /// Links it crossed from its author on; 0: it was carried by hand.
    pub hops: i32,
}

/// Somebody put an emoji on a message; written when it reaches the author of the message, or with the run.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Reaction {
    /// When.
    pub at_us: i64,
    /// The number of the message.
    pub message: i64,
    /// Who reacted: the message was for them.
    pub from: i32,
    /// Who wrote the message.
    pub to: i32,
    /// Since then until it reached the author; -1 if it did not.
    pub delay_us: i64,
}

/// An author edited a message that had arrived; written when the edit reaches the reader, or with the run.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Edit {
    /// When.
    pub at_us: i64,
    /// The number of the message.
    pub message: i64,
    /// Who edited: the author.
    pub from: i32,
    /// Who had got the message.
    pub to: i32,
    /// Since then until the edit arrived; -1 if it did not.
    pub delay_us: i64,
}

/// An author deleted a message that had arrived; written when it is gone from the reader's device, or with the run.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Deletion {
    /// When.
    pub at_us: i64,
    /// The number of the message.
    pub message: i64,
    /// Who deleted: the author.
    pub from: i32,
    /// Who had got the message.
    pub to: i32,
    /// Since then until it was gone; -1 if it did not go.
    pub delay_us: i64,
}

/// A reader read a message; written when the author knows, or with the run.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Receipt {
    /// When.
    pub at_us: i64,
    /// The number of the message.
    pub message: i64,
    /// Who read.
    pub from: i32,
    /// Who wrote the message.
    pub to: i32,
    /// Since then until the author knew; -1 if the author does not know.
    pub delay_us: i64,
}

/// A file went with a message; written with the run.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct File {
    /// When the message was written.
    pub at_us: i64,
    /// The number of the message.
    pub message: i64,
    /// Who wrote it.
    pub from: i32,
    /// For whom.
    pub to: i32,
    /// The length of the file.
    pub bytes: i64,
    /// Whether it is a voice note.
    pub voice: bool,
    /// Whether the reader has asked for it, as nothing of it had come.
    pub asked: bool,
    /// Whether the author has taken it back.
    pub cancelled: bool,
    /// Bytes of its sealed chunks that the author's device handed to sessions, those that went again included.
    pub sent_bytes: i64,
    /// Sealed bytes that were proven and durable at the reader.
    pub kept_bytes: i64,
    /// Times that a session ended while it was on its way.
    pub breaks: i32,
    /// Times that it went on after one had.
    pub resumptions: i32,
    /// Since the message was written until all of it was proven and durable at the reader; -1 if it never was.
    pub delay_us: i64,
}

/// Everything that waited for somebody was written on a stick, to be carried by hand.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Parcel {
    /// When.
    pub at_us: i64,
    /// By whom.
    pub from: i32,
    /// For whom.
    pub to: i32,
    /// The length of its bundles.
    pub bytes: i64,
}

/// A device let go of somebody's bundle.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Drop {
    /// When.
    pub at_us: i64,
    /// The device.
    pub device: i32,
    /// The first eight bytes of the bundle's tag.
    pub bundle: i64,
    /// `full`, `expired` or `released`.
    pub reason: String,
}

/// How a device was.
#[derive(Debug, Clone, PartialEq, ParquetRecordReader, ParquetRecordWriter)]
pub struct Sample {
    /// When.
    pub at_us: i64,
    /// The device.
    pub device: i32,
    /// Bundles it carries.
    pub bundles: i32,
    /// Their bytes.
    pub bundle_bytes: i64,
    /// Sessions that are up.
    pub sessions: i32,
    /// Bytes it has sent since the start.
    pub sent_bytes: i64,
    /// Bytes it has received since the start.
    pub received_bytes: i64,
    /// What it has used since the start, in joules.
    pub energy_j: f64,
    /// Switched on, battery not empty.
    pub on: bool,
    /// Metres from the left; not a number where places are not known.
    pub x_m: f64,
    /// Metres from the top.
    pub y_m: f64,
}
