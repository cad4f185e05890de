//! Parcels that people carry by hand: what waits for another is written on a stick, and what is on one is taken in. A
//! stick holds bundles alone; files stay where they are.

use hedgerow_node::api::{Answer, Call, Reply};
use hedgerow_node::engine::{CallId, Input};
use hedgerow_node::parcel::steps::{NextBundle, Step, Stepped};

use super::acting::{KINDS, NUMBER_BITS};
use super::{Device, Post, Running};
use crate::world::Shared;
use crate::world::happening::{Carried, Happening};
use crate::world::noted::What;

/// Calls that ask what waits, and seal what goes on a stick, have the number of the message with this above it.
const SEALING: u64 = KINDS.len() as u64 + 1;

/// Calls that take in what is on one.
pub(super) const TAKING: CallId = CallId((SEALING + 1) << NUMBER_BITS);

/// Who is switched off when a stick comes looks at it so much later.
const LATER_US: u64 = 600_000_000;

/// A stick that is being written.
pub(super) struct Stick {
    carried: Carried,
    bundles: Vec<Vec<u8>>,
}

/// The number of the message on whose account a call was made for a stick, if it was.
pub(super) fn sealing(call: CallId) -> Option<u64> {
    (call.0 >> NUMBER_BITS == SEALING).then_some(call.0 % (1 << NUMBER_BITS))
}

impl Device {
    /// Its user writes everything that waits for another on a stick, if anything does.
    pub(super) fn write_stick(&mut self, carried: Carried, shared: &Shared) {
        let other = &shared.contact_ids[carried.to as usize];
        let Some(running) = &mut self.running else {
            return;
        };
        let Some(chat) = running.engine.direct_chat(other) else {
            return;
        };
        let bundles = Vec::new();
        let stick = Stick { carried, bundles };
        running.sticks.insert(carried.message, stick);
        running.ask(carried.message, Call::Conversation(chat));
    }

    /// It is known whether anything waits, or the next bundle for a stick is there, or none can be made. A stick with all
    /// of them goes on its way.
    pub(super) fn write_on(
        &mut self,
        at_us: u64,
        message: u64,
        answer: Answer,
        running: &mut Running,
        shared: &Shared,
        posts: &mut Vec<Post>,
    ) {
        let Some(mut stick) = running.sticks.remove(&message) else {
            return;
        };
        let (bundle, next) = match answer {
            Ok(Reply::Conversation(chat)) if chat.queued == 0 => return,
            Ok(Reply::Conversation(_)) => {
                let carried = stick.carried;
                running.sticks.insert(message, stick);
                return running.seal_next(carried, None, shared);
            }
            Ok(Reply::Stepped(Stepped::Sealed(bundle, next))) => (bundle, next),
            _ => return self.note(at_us, What::NotSent { message }),
        };
        stick.bundles.push(bundle);
        let carried = stick.carried;
        if next.is_some() {
            running.sticks.insert(message, stick);
            return running.seal_next(carried, next, shared);
        }
        let bytes = stick.bundles.iter().map(|bundle| bundle.len() as u64).sum();
        self.note(
            at_us,
            What::Carried {
                to: carried.to,
                bytes,
            },
        );
        posts.push(Post {
            to: carried.to,
            at_us: at_us + carried.way_us,
            what: Happening::Stick(stick.bundles),
        });
    }

    /// Its user takes in what is on a stick.
    pub(super) fn take_stick(&mut self, at_us: u64, bundles: Vec<Vec<u8>>) {
        let Some(running) = &mut self.running else {
            return self.push(at_us + LATER_US, Happening::Stick(bundles));
        };
        for bundle in bundles {
            let take = Call::Carry(Step::Take(bundle));
            running.waiting.push_back(Input::Call(TAKING, take));
        }
        self.note(at_us, What::TakesStick);
    }
}

impl Running {
    fn seal_next(&mut self, carried: Carried, next: Option<NextBundle>, shared: &Shared) {
        let seal = Step::Seal {
            contact: shared.contact_ids[carried.to as usize].clone(),
            next,
            manifest: None,
        };
        self.ask(carried.message, Call::Carry(seal));
    }

    fn ask(&mut self, message: u64, call: Call) {
        let id = CallId(message | SEALING << NUMBER_BITS);
        self.waiting.push_back(Input::Call(id, call));
    }
}
