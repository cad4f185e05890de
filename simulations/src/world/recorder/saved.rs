//! The recorder at a checkpoint.

use hedgerow_node::courier::Tag;

use super::Recorder;
use crate::world::checkpoint::SavedRecorder;

impl Recorder {
    /// What is under way, for a checkpoint.
    pub fn save(&self) -> SavedRecorder {
        let (written, by_id) = (self.written.iter(), self.by_id.iter());
        SavedRecorder {
            written: written
                .map(|(number, written)| (*number, written.clone()))
                .collect(),
            by_id: by_id
                .map(|((from, to, id), number)| (*from, *to, id.clone(), *number))
                .collect(),
            hops: self
                .hops
                .iter()
                .map(|((bundle, device), hops)| (bundle.0.to_vec(), *device, *hops))
                .collect(),
            waiting: self
                .waiting
                .iter()
                .map(|((from, to), waiting)| (*from, *to, waiting.iter().copied().collect()))
                .collect(),
            deeds: self.deeds.clone(),
            coming: self.coming.clone(),
            posts: self.posts.clone(),
        }
    }

    /// Takes on what was under way at a checkpoint.
    pub fn restore(&mut self, saved: SavedRecorder) {
        self.written = saved.written.into_iter().collect();
        let by_id = saved.by_id.into_iter();
        self.by_id = by_id
            .map(|(from, to, id, number)| ((from, to, id), number))
            .collect();
        self.hops.clear();
        for (bundle, device, hops) in saved.hops {
            if let Ok(tag) = bundle.try_into() {
                self.hops.insert((Tag(tag), device), hops);
            }
        }
        let waiting = saved.waiting.into_iter();
        self.waiting = waiting
            .map(|(from, to, waiting)| ((from, to), waiting.into()))
            .collect();
        self.deeds = saved.deeds;
        self.coming = saved.coming;
        self.posts = saved.posts;
    }
}
