//! The small pictures of messages. Those nearest to what is in view are asked for and kept, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use hedgerow_node::api::MessageId;
use hedgerow_node::pictures::{DECODERS, Pixels};

/// How many are kept at most: more than are in view at once, and few enough to fit into 16 MB.
const KEPT: usize = 40;

/// A decoded picture. Two are the same if they share their pixels.
#[derive(Clone)]
pub struct Picture(Arc<Pixels>);

impl Picture {
    /// A picture of these pixels.
    pub fn new(pixels: Pixels) -> Self {
        Self(Arc::new(pixels))
    }

    /// Its pixels.
    pub fn pixels(&self) -> &Arc<Pixels> {
        &self.0
    }
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Picture {}

/// What it shows stays out of logs.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture")
    }
}

/// The small picture of a message, as far as it is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Preview {
    /// There is none, or none that can be shown.
    #[default]
    Nothing,
    /// It has not been decoded yet. Its place is kept free.
    Awaited,
    /// It is here.
    Here(Picture),
}

/// The small pictures that a page has.
#[derive(Default)]
pub(super) struct Previews(BTreeMap<MessageId, State>);

enum State {
    Asked,
    Here(Picture),
    /// It could not be had or decoded, and is not asked for again while it is near.
    Unfit,
}

impl Previews {
    /// The small picture of this message, which has one.
    pub fn of(&self, id: &MessageId) -> Preview {
        match self.0.get(id) {
            None | Some(State::Asked) => Preview::Awaited,
            Some(State::Here(picture)) => Preview::Here(picture.clone()),
            Some(State::Unfit) => Preview::Nothing,
        }
    }

    /// Forgets all but these, the nearest first. Gives those to ask for now: as many at a time as can be decoded.
    pub fn want<'a>(&mut self, nearest: impl Iterator<Item = &'a MessageId>) -> Wanted {
        let nearest: Vec<_> = nearest.take(KEPT).collect();
        let kept: BTreeSet<_> = nearest.iter().copied().collect();
        let before = self.0.len();
        // What was asked for is counted until its answer comes.
        self.0
            .retain(|id, state| kept.contains(id) || matches!(state, State::Asked));
        let has_forgotten = self.0.len() < before;
        let is_asked = |state: &&State| matches!(state, State::Asked);
        let free = DECODERS.saturating_sub(self.0.values().filter(is_asked).count());
        let unknown = nearest.into_iter().filter(|id| !self.0.contains_key(*id));
        let ask: Vec<_> = unknown.take(free).cloned().collect();
        let asked = ask.iter().map(|id| (id.clone(), State::Asked));
        self.0.extend(asked);
        Wanted { ask, has_forgotten }
    }

    /// An answer has come. False if nobody here asked.
    pub fn told(&mut self, id: &MessageId, answer: Option<&Picture>) -> bool {
        let Some(state @ State::Asked) = self.0.get_mut(id) else {
            return false;
        };
        *state = answer.map_or(State::Unfit, |picture| State::Here(picture.clone()));
        true
    }
}

/// What [`Previews::want`] gives.
pub(super) struct Wanted {
    /// To be asked for.
    pub ask: Vec<MessageId>,
    /// Some that were here are not any more.
    pub has_forgotten: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: impl Iterator<Item = usize>) -> Vec<MessageId> {
        numbers
            .map(|number| MessageId(format!("bb-01-{number:x}")))
            .collect()
    }

    fn picture() -> Picture {
        Picture::new(Pixels {
            width: 1,
            height: 1,
            rgba: vec![0; 4],
        })
    }

    #[test]
    fn no_more_are_asked_for_at_once_than_can_be_decoded_and_none_twice() {
        let (mut previews, all) = (Previews::default(), ids(0..9));
        let asked = previews.want(all.iter()).ask;
        assert_eq!(asked, all[..DECODERS]);
        assert!(previews.want(all.iter()).ask.is_empty());
        assert!(previews.told(&asked[0], Some(&picture())));
        assert!(previews.told(&asked[1], None));
        assert_eq!(previews.want(all.iter()).ask, all[DECODERS..2 * DECODERS]);
        assert!(matches!(previews.of(&asked[0]), Preview::Here(_)));
        assert_eq!(previews.of(&asked[1]), Preview::Nothing);
        assert_eq!(previews.of(&all[8]), Preview::Awaited);
        assert!(!previews.told(&all[8], Some(&picture())), "nobody asked");
    }

    #[test]
    fn only_the_nearest_are_kept() {
        let (mut previews, all) = (Previews::default(), ids(0..3 * KEPT));
        for start in 0..2 * KEPT {
            loop {
                let asked = previews.want(all[start..].iter()).ask;
                for id in &asked {
                    previews.told(id, Some(&picture()));
                }
                if asked.is_empty() {
                    break;
                }
            }
            assert!(previews.0.len() <= KEPT);
        }
        assert_eq!(previews.of(&all[0]), Preview::Awaited);
        assert!(matches!(previews.of(&all[2 * KEPT]), Preview::Here(_)));
    }
}
