//! What a file is called, and what proves its chunks (`docs/PROTOCOL.md` section 16).
//!
//! The id of a file is the BLAKE3 hash of its sealed bytes. BLAKE3 is a tree, and a chunk of ours is a whole subtree of
//! it. So the hashes of the chunks are proven by the id alone, and each then proves its chunk.

use std::fmt;

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use hedgerow_sync::id::DeviceId;
use serde::{Deserialize, Serialize};

use super::extent::CHUNK;

/// The id of a file: the BLAKE3 hash of its sealed bytes. Who has no message that names it cannot guess it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub [u8; 32]);

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileId")
    }
}

/// What the file with an id is called in a group, in a message of this author. The author is part of it: a message of
/// somebody else that names the same bytes is about another file, and says nothing of this one.
pub fn of_member(author: DeviceId, id: FileId) -> FileId {
    let mut hasher = blake3::Hasher::new_derive_key("hedgerow 1 file of a member");
    hasher.update(&author.0).update(&id.0);
    FileId(*hasher.finalize().as_bytes())
}

/// The hash of one chunk: that of a subtree, or the id itself if the file has no other chunk.
pub type ChunkHash = [u8; 32];

/// The hash of a sealed chunk of a file that has `chunks` chunks.
pub fn hash(index: u32, chunks: u32, sealed: &[u8]) -> ChunkHash {
    if chunks == 1 {
        return *blake3::hash(sealed).as_bytes();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(u64::from(index) * CHUNK as u64);
    hasher.update(sealed).finalize_non_root()
}

/// The id of the file with these chunks; `None` if there are none.
pub fn id(chunks: &[ChunkHash]) -> Option<FileId> {
    match chunks {
        [] => None,
        [only] => Some(FileId(*only)),
        _ => {
            let (left, right) = split(chunks);
            let root = merge_subtrees_root(&subtree(left), &subtree(right), Mode::Hash);
            Some(FileId(*root.as_bytes()))
        }
    }
}

fn subtree(chunks: &[ChunkHash]) -> ChunkHash {
    if let [only] = chunks {
        return *only;
    }
    let (left, right) = split(chunks);
    merge_subtrees_non_root(&subtree(left), &subtree(right), Mode::Hash)
}

/// The left subtree has the largest power of two of chunks that leaves at least one on the right.
fn split(chunks: &[ChunkHash]) -> (&[ChunkHash], &[ChunkHash]) {
    chunks.split_at(chunks.len().next_power_of_two() / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_hashes_of_the_chunks_make_the_hash_of_the_file(
            chunks in 0usize..9,
            last in 1usize..CHUNK,
            seed: u8,
        ) {
            let bytes: Vec<u8> = (0..chunks * CHUNK + last).map(|at| (at % 251) as u8 ^ seed).collect();
            let count = bytes.len().div_ceil(CHUNK) as u32;
            let chunks = (0..).zip(bytes.chunks(CHUNK));
            let hashes: Vec<_> = chunks.map(|(index, chunk)| hash(index, count, chunk)).collect();
            prop_assert_eq!(id(&hashes), Some(FileId(*blake3::hash(&bytes).as_bytes())));
        }
    }
}
