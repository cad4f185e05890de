//! A meeting that takes no time: the result of [`exchange`](super::exchange) between two couriers whose link never
//! breaks. It compares policies with theory, for thousands of couriers at once.

use super::envelope::{Envelope, Tag};
use super::exchange::{Courier, Whose, WhoseIs, may_hold};
use super::policy::Peer;
use super::store::Held;

/// One side of a meeting.
pub struct Side<'a> {
    /// The courier.
    pub courier: &'a mut Courier,
    /// Its device.
    pub me: Peer,
    /// Finds the recipient of a bundle by its tag.
    pub whose: WhoseIs<'a>,
}

/// A bundle that moved in a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The bundle.
    pub tag: Tag,
    /// From the first courier to the second.
    pub up: bool,
    /// It reached its recipient.
    pub delivered: bool,
}

/// Lets two couriers meet and exchange bundles. A recipient's copy is not held; afterwards `whose` must say that the
/// recipient has it. The settings of links and transfers do not apply.
pub fn meet(one: &mut Side<'_>, two: &mut Side<'_>, now_ms: u64, moved: &mut Vec<Moved>) {
    one.courier.expire(now_ms);
    two.courier.expire(now_ms);
    let greeting = one.courier.policy.greeting(now_ms);
    let answer = two.courier.policy.greeting(now_ms);
    two.courier.policy.met(&one.me, &greeting, now_ms);
    one.courier.policy.met(&two.me, &answer, now_ms);
    // A greeting may change the other side's greeting.
    while greet_anew(one, two, now_ms) | greet_anew(two, one, now_ms) {}
    hand_over(one, two, now_ms, true, moved);
    hand_over(two, one, now_ms, false, moved);
    one.courier.policy.parted(&two.me);
    two.courier.policy.parted(&one.me);
}

fn greet_anew(from: &mut Side<'_>, to: &mut Side<'_>, now_ms: u64) -> bool {
    let policy = &mut from.courier.policy;
    if !policy.greets_anew() {
        return false;
    }
    let greeting = policy.greeting(now_ms);
    to.courier.policy.greeted_anew(&from.me, &greeting, now_ms);
    true
}

fn hand_over(
    from: &mut Side<'_>,
    to: &mut Side<'_>,
    now_ms: u64,
    up: bool,
    moved: &mut Vec<Moved>,
) {
    let mut wanted: Vec<(bool, u64, Tag)> = Vec::new();
    for held in from.courier.bundles.iter() {
        let envelope = &held.envelope;
        if to.courier.bundles.get(&envelope.tag).is_some() {
            continue;
        }
        match (to.whose)(&envelope.tag) {
            Whose::Ours => wanted.push((false, 0, envelope.tag)),
            Whose::Had => {}
            Whose::Others => {
                let offer = from.courier.policy.offer(held, &to.me);
                wanted.extend(offer.map(|offer| (true, offer.rank, envelope.tag)));
            }
        }
    }
    // A stable sort: bundles of equal rank go in the order in which they came.
    wanted.sort_by_key(|(to_hold, rank, _)| (*to_hold, *rank));
    for (to_hold, _, tag) in wanted {
        let Some(held) = from.courier.bundles.get(&tag) else {
            continue;
        };
        let offer = from.courier.policy.offer(held, &to.me);
        let (given, spent) = offer.map_or((0, 0), |offer| (offer.given, offer.spent));
        let envelope = Envelope {
            copies: given.min(to.courier.policy.copies()),
            ..held.envelope_at(now_ms)
        };
        if to_hold {
            let courier = &mut *to.courier;
            if !may_hold(courier.settings(), &courier.bundles, &envelope)
                || !courier.make_room(envelope.size)
            {
                continue;
            }
            let length = held.length;
            to.courier.bundles.insert(Held {
                envelope,
                length,
                since_ms: now_ms as i64,
                order: 0,
                own: false,
                from: Some(from.me.device),
                promised: 0,
                sending: 0,
            });
        }
        if let Some(held) = from.courier.bundles.get_mut(&tag) {
            held.envelope.copies -= spent;
        }
        moved.push(Moved {
            tag,
            up,
            delivered: !to_hold,
        });
    }
}
