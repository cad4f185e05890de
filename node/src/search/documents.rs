//! Sets of documents of one volume: how the index keeps them, and how a query joins them.
//!
//! ```text
//! documents = (length << 1 | is map) varint ‖ deltas or map
//! deltas    = first document varint ‖ (document − the one before it) varint × n
//! map       = bit n % 8 of byte n / 8 for document n
//! ```

use super::layout::{Input, put_varint};

/// A document, counted from the first of its volume.
pub(super) type Local = u16;

/// Appends documents, which ascend, in the shorter of the two forms.
pub(super) fn put(out: &mut Vec<u8>, documents: &[Local]) {
    let map_length = documents
        .last()
        .map_or(0, |last| usize::from(*last) / 8 + 1);
    let mut bytes = Vec::with_capacity(documents.len() + 1);
    let mut before = 0;
    for document in documents {
        put_varint(&mut bytes, u64::from(document - before));
        before = *document;
    }
    let is_map = map_length < bytes.len();
    if is_map {
        bytes = vec![0; map_length];
        for document in documents {
            bytes[usize::from(document / 8)] |= 1 << (document % 8);
        }
    }
    put_varint(out, (bytes.len() as u64) << 1 | u64::from(is_map));
    out.extend_from_slice(&bytes);
}

/// The documents at the beginning of `input`, not yet decoded.
#[derive(Clone, Copy)]
pub(super) struct Documents<'a> {
    is_map: bool,
    bytes: &'a [u8],
}

impl<'a> Documents<'a> {
    pub fn read(input: &mut Input<'a>) -> Option<Documents<'a>> {
        let head = input.varint()?;
        Some(Documents {
            is_map: head & 1 == 1,
            bytes: input.take(usize::try_from(head >> 1).ok()?)?,
        })
    }

    /// Calls `found` with each of them in order. `None` for bytes that the index cannot have written.
    pub fn each(self, mut found: impl FnMut(Local)) -> Option<()> {
        if self.is_map {
            for (byte, at) in self.bytes.iter().zip((0..=Local::MAX).step_by(8)) {
                let mut left = *byte;
                while left != 0 {
                    found(at + left.trailing_zeros() as Local);
                    left &= left - 1;
                }
            }
            return (self.bytes.len() <= MAX_MAP).then_some(());
        }
        let mut input = Input(self.bytes);
        let (mut last, mut is_first) = (0, true);
        while !input.is_empty() {
            let delta = Local::try_from(input.varint()?).ok()?;
            if delta == 0 && !is_first {
                return None;
            }
            last = Local::checked_add(last, delta)?;
            is_first = false;
            found(last);
        }
        Some(())
    }
}

const MAX_MAP: usize = 1 << 13;

/// A set of documents in memory.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Set(Vec<u64>);

impl Set {
    /// None of `count` documents.
    pub fn none_of(count: u64) -> Set {
        Set(vec![0; usize::try_from(count.div_ceil(64)).unwrap_or(0)])
    }

    /// Adds one, unless it is beyond the count.
    pub fn insert(&mut self, document: Local) {
        if let Some(word) = self.0.get_mut(usize::from(document / 64)) {
            *word |= 1 << (document % 64);
        }
    }

    /// Keeps those that are in both.
    pub fn intersect(&mut self, other: &Set) {
        let pairs = self.0.iter_mut().zip(&other.0);
        pairs.for_each(|(mine, other)| *mine &= other);
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub fn contains(&self, document: Local) -> bool {
        let word = self.0.get(usize::from(document / 64));
        word.is_some_and(|word| word >> (document % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn documents_are_read_as_they_were_written(
            few in prop::collection::btree_set(any::<u16>(), 0..40),
            many in prop::collection::btree_set(0u16..300, 0..300),
        ) {
            for documents in [few, many] {
                let all: Vec<u16> = documents.iter().copied().collect();
                let mut bytes = Vec::new();
                put(&mut bytes, &all);
                prop_assert!(bytes.len() <= MAX_MAP + 3);
                let (mut input, mut read) = (Input(&bytes), BTreeSet::new());
                let found = Documents::read(&mut input).unwrap();
                found.each(|document| { read.insert(document); }).unwrap();
                prop_assert!(input.is_empty());
                prop_assert_eq!(read, documents);
            }
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(documents) = Documents::read(&mut Input(&bytes)) {
                let _ = documents.each(|_| {});
            }
        }
    }
}
