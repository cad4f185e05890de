//! Files that were sent: what of them has come to their readers, what it took, and when they were whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::happening;
use crate::plan::DeviceNumber;
use crate::record::{self, Record};

/// All files of a run, by the number of their message.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Coming {
    files: BTreeMap<u64, File>,
    /// Those of which chunks have left since the last session ended: author, reader, number.
    going: BTreeSet<(DeviceNumber, DeviceNumber, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct File {
    at_us: u64,
    from: DeviceNumber,
    to: DeviceNumber,
    bytes: u64,
    voice: bool,
    asked: bool,
    cancelled: bool,
    sent_bytes: u64,
    /// Sealed bytes that have been durable at the reader: the most there ever were.
    kept_bytes: u64,
    breaks: u32,
    resumptions: u32,
    whole_us: Option<u64>,
}

impl Coming {
    /// A file was written.
    pub fn written(
        &mut self,
        at_us: u64,
        message: u64,
        [from, to]: [DeviceNumber; 2],
        file: happening::File,
    ) {
        let file = File {
            at_us,
            from,
            to,
            bytes: file.bytes,
            voice: file.voice_ms.is_some(),
            asked: false,
            cancelled: false,
            sent_bytes: 0,
            kept_bytes: 0,
            breaks: 0,
            resumptions: 0,
            whole_us: None,
        };
        self.files.insert(message, file);
    }

    /// The reader has asked for a file.
    pub fn asked(&mut self, message: u64) {
        if let Some(file) = self.files.get_mut(&message) {
            file.asked = true;
        }
    }

    /// The author has taken a file back.
    pub fn cancelled(&mut self, message: u64) {
        if let Some(file) = self.files.get_mut(&message) {
            file.cancelled = true;
            self.going.remove(&(file.from, file.to, message));
        }
    }

    /// The author's device has handed a chunk to a session.
    pub fn sent(&mut self, message: u64, bytes: u64) {
        let Some(file) = self.files.get_mut(&message) else {
            return;
        };
        file.sent_bytes += bytes;
        if self.going.insert((file.from, file.to, message)) && file.breaks > 0 {
            file.resumptions += 1;
        }
    }

    /// So many sealed bytes of a file are proven and durable at the reader, which may be all.
    pub fn kept(&mut self, at_us: u64, message: u64, bytes: u64, is_whole: bool) {
        let Some(file) = self.files.get_mut(&message) else {
            return;
        };
        file.kept_bytes = file.kept_bytes.max(bytes);
        if is_whole {
            file.whole_us.get_or_insert(at_us);
            self.going.remove(&(file.from, file.to, message));
        }
    }

    /// A session has ended over which chunks of a file left.
    pub fn cut(&mut self, message: u64) {
        if let Some(file) = self.files.get_mut(&message)
            && self.going.remove(&(file.from, file.to, message))
        {
            file.breaks += 1;
        }
    }

    /// Whether any file is on its way from one device to another.
    pub fn goes(&self, from: DeviceNumber, to: DeviceNumber) -> bool {
        let all = (from, to, 0)..=(from, to, u64::MAX);
        self.going.range(all).next().is_some()
    }

    /// What became of all files when the run ends.
    pub fn finish(&mut self) -> impl Iterator<Item = Record> {
        self.going.clear();
        let files = std::mem::take(&mut self.files).into_iter();
        files.map(|(message, file)| Record::File(file.record(message)))
    }
}

impl File {
    fn record(self, message: u64) -> record::File {
        let delay_us = self.whole_us.map(|whole_us| whole_us - self.at_us);
        record::File {
            at_us: self.at_us as i64,
            message: message as i64,
            from: self.from as i32,
            to: self.to as i32,
            bytes: self.bytes as i64,
            voice: self.voice,
            asked: self.asked,
            cancelled: self.cancelled,
            sent_bytes: self.sent_bytes as i64,
            kept_bytes: self.kept_bytes as i64,
            breaks: self.breaks as i32,
            resumptions: self.resumptions as i32,
            delay_us: delay_us.map_or(-1, |delay_us| delay_us as i64),
        }
    }
}
