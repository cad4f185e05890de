//! Counts what the files of one run come to.

use super::gather::{delays, ratio, whole};
use super::summary::Run;
use crate::record::{Delivery, File};

/// All files of a run, and the delays of messages written while one was on its way to the same reader.
#[derive(Debug, Default)]
pub(super) struct Files {
    count: u64,
    asked: u64,
    cancelled: u64,
    voice_notes: u64,
    bytes: u64,
    kept_bytes: u64,
    sent_bytes: u64,
    breaks: u64,
    resumptions: u64,
    delays_us: Vec<u64>,
    voice_delays_us: Vec<u64>,
    beside_delays_us: Vec<u64>,
}

impl Files {
    pub(super) fn take(&mut self, file: &File) {
        self.count += 1;
        self.asked += u64::from(file.asked);
        self.cancelled += u64::from(file.cancelled);
        self.bytes += whole(file.bytes);
        self.kept_bytes += whole(file.kept_bytes);
        self.sent_bytes += whole(file.sent_bytes);
        self.breaks += u64::try_from(file.breaks).unwrap_or(0);
        self.resumptions += u64::try_from(file.resumptions).unwrap_or(0);
        self.delays_us.extend(u64::try_from(file.delay_us));
        if file.voice {
            self.voice_notes += 1;
            self.voice_delays_us.extend(u64::try_from(file.delay_us));
        }
    }

    pub(super) fn deliver(&mut self, delivery: &Delivery) {
        if delivery.beside_file {
            self.beside_delays_us.push(whole(delivery.delay_us));
        }
    }

    pub(super) fn tell(&mut self, run: &mut Run) {
        let arrived = self.delays_us.len() as u64;
        for (name, value) in [
            ("files", self.count),
            ("files_asked", self.asked),
            ("files_cancelled", self.cancelled),
            ("files_delivered", arrived),
            ("file_breaks", self.breaks),
            ("file_resumptions", self.resumptions),
            ("file_bytes", self.bytes),
            ("file_kept_bytes", self.kept_bytes),
            ("file_sent_bytes", self.sent_bytes),
            ("voice_notes", self.voice_notes),
            ("voice_notes_delivered", self.voice_delays_us.len() as u64),
            ("beside_file_delivered", self.beside_delays_us.len() as u64),
        ] {
            run.set(name, Some(value as f64));
        }
        run.set("file_delivery_ratio", ratio(arrived, self.count));
        let again = self.sent_bytes.saturating_sub(self.kept_bytes);
        run.set("file_overhead_ratio", ratio(again, self.kept_bytes));
        self.delays_us.sort_unstable();
        delays(run, "file_", &self.delays_us);
        self.voice_delays_us.sort_unstable();
        delays(run, "voice_note_", &self.voice_delays_us);
        self.beside_delays_us.sort_unstable();
        delays(run, "beside_file_", &self.beside_delays_us);
    }
}
