//! Counts what is written in the groups of one run, and how it comes to their members.

use super::gather::{delays, percentile, ratio, seconds, whole};
use super::summary::Run;
use crate::record::{GroupDelivery, GroupMessage};

/// What was written in all groups, and what has come of it.
#[derive(Debug, Default)]
pub(super) struct Groups {
    messages: u64,
    /// For each message the others in its group.
    wanted: u64,
    delays_us: Vec<u64>,
    hops: u64,
    by_author: u64,
    by_member: u64,
}

impl Groups {
    pub(super) fn write(&mut self, message: &GroupMessage) {
        self.messages += 1;
        self.wanted += u64::try_from(message.others).unwrap_or(0);
    }

    pub(super) fn deliver(&mut self, delivery: &GroupDelivery) {
        self.delays_us.push(whole(delivery.delay_us));
        self.hops += u64::try_from(delivery.hops).unwrap_or(0);
        let is_author = delivery.via == delivery.from;
        self.by_author += u64::from(is_author);
        self.by_member += u64::from(delivery.via_member && !is_author);
    }

    /// Adds the figures to those of a run in which so many bytes were sent.
    pub(super) fn tell(&mut self, run: &mut Run, sent_bytes: u64) {
        let delivered = self.delays_us.len() as u64;
        run.set("group_messages", Some(self.messages as f64));
        run.set("group_deliveries_wanted", Some(self.wanted as f64));
        run.set("group_deliveries", Some(delivered as f64));
        run.set("group_delivery_ratio", ratio(delivered, self.wanted));
        self.delays_us.sort_unstable();
        delays(run, "group_", &self.delays_us);
        let percentile = percentile(&self.delays_us, 90).map(seconds);
        run.set("group_delay_p90_s", percentile);
        run.set("group_hops_mean", ratio(self.hops, delivered));
        run.set("group_by_author", ratio(self.by_author, delivered));
        run.set("group_by_member", ratio(self.by_member, delivered));
        let by_others = delivered - self.by_author - self.by_member;
        run.set("group_by_others", ratio(by_others, delivered));
        run.set("group_bytes_per_delivery", ratio(sent_bytes, delivered));
    }
}
