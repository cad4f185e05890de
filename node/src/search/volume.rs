//! Volumes: the words of consecutive documents, sorted, in blocks that each fill a leaf of the store.
//!
//! ```text
//! block = word × n
//! word  = bytes shared with the word before it varint ‖ further bytes varint ‖ further bytes ‖ documents
//! ```
//!
//! A volume is written at once and changes only when a text leaves. [`MERGED`] small volumes become a large one, so
//! there are few of them, and each word stands only once in thousands of messages.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};

use hedgerow_sync::store::{Direction, Reader, StorageError, Txn};

use super::documents::{self, Documents, Local, Set};
use super::layout::{Input, put_varint, put_zigzag};
use crate::tables::{self, Table, damaged};

/// Small volumes that become a large one.
pub(super) const MERGED: usize = 32;

/// Most bytes of one block, unless one word alone is larger: it fits one leaf of the store.
const BLOCK: usize = 3_900;

/// The documents of each word, both ascending.
pub(super) type Postings = BTreeMap<Vec<u8>, Vec<Local>>;

/// What is kept about a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Volume {
    /// Its first document.
    pub first: u64,
    /// Number of documents.
    pub count: u64,
    /// Whether it was merged from small ones.
    pub is_large: bool,
    /// The highest time of its documents, Unix milliseconds.
    pub newest_ms: i64,
}

impl Volume {
    /// All volumes, oldest first.
    pub fn all(reader: &dyn Reader) -> Result<Vec<Volume>, StorageError> {
        let mut volumes = Vec::new();
        tables::visit(reader, &Table::SearchVolumes.key(&[]), &mut |key, value| {
            volumes.push(Volume::decode(key, value));
        })?;
        let volumes: Option<Vec<Volume>> = volumes.into_iter().collect();
        volumes.ok_or_else(damaged)
    }

    /// The one that holds a document, if it has been indexed.
    pub fn of(reader: &dyn Reader, document: u64) -> Result<Option<Volume>, StorageError> {
        let last = Volume::last(reader, document)?;
        Ok(last.filter(|last| document - last.first < last.count))
    }

    /// The document that comes after all.
    pub fn end(reader: &dyn Reader) -> Result<u64, StorageError> {
        let last = Volume::last(reader, u64::MAX)?;
        Ok(last.map_or(0, |last| last.first + last.count))
    }

    /// The last volume that begins at or before a document.
    fn last(reader: &dyn Reader, document: u64) -> Result<Option<Volume>, StorageError> {
        let low = Table::SearchVolumes.key(&[]);
        let high = Table::SearchVolumes.key(&[&document.to_be_bytes()]);
        let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
        let mut last = None;
        reader.scan(range, Direction::Backward, &mut |key, value| {
            last = Some(Volume::decode(&key[1..], value));
            ControlFlow::Break(())
        })?;
        last.map(|last| last.ok_or_else(damaged)).transpose()
    }

    /// Writes it with these words.
    pub fn write(&self, txn: &mut dyn Txn, postings: &Postings) -> Result<(), StorageError> {
        let mut value = Vec::with_capacity(16);
        put_varint(&mut value, self.count);
        value.push(u8::from(self.is_large));
        put_zigzag(&mut value, self.newest_ms);
        txn.put(&self.head_key(), &value)?;
        self.write_blocks(txn, postings)
    }

    /// Makes one large volume of adjacent ones.
    pub fn merge(txn: &mut dyn Txn, parts: &[Volume]) -> Result<(), StorageError> {
        let Some(first) = parts.first().map(|part| part.first) else {
            return Ok(());
        };
        let mut merged = Volume {
            first,
            count: 0,
            is_large: true,
            newest_ms: i64::MIN,
        };
        let mut postings = Postings::new();
        for part in parts {
            let shift = Local::try_from(part.first - first).map_err(|_| damaged())?;
            part.take(txn, |word, documents| {
                let all = postings.entry(word).or_default();
                all.extend(
                    documents
                        .iter()
                        .filter_map(|document| shift.checked_add(*document)),
                );
            })?;
            merged.count = part.first + part.count - first;
            merged.newest_ms = merged.newest_ms.max(part.newest_ms);
            txn.remove(&part.head_key())?;
        }
        merged.write(txn, &postings)
    }

    /// Takes documents out of every word.
    pub fn forget_all(
        &self,
        txn: &mut dyn Txn,
        is_gone: impl Fn(Local) -> bool,
    ) -> Result<(), StorageError> {
        let mut left = Postings::new();
        self.take(txn, |word, mut documents| {
            documents.retain(|document| !is_gone(*document));
            if !documents.is_empty() {
                left.insert(word, documents);
            }
        })?;
        self.write_blocks(txn, &left)
    }

    /// Puts a document under these words, or takes it out.
    pub fn change(
        &self,
        txn: &mut dyn Txn,
        words: &BTreeSet<Vec<u8>>,
        document: u64,
        is_there: bool,
    ) -> Result<(), StorageError> {
        let document = Local::try_from(document - self.first).map_err(|_| damaged())?;
        let mut words = words.iter().peekable();
        while let Some(word) = words.peek() {
            let key = match self.block_of(txn, word)? {
                Some(key) => Some(key),
                None => self.next_block(txn, &self.key(&[]))?,
            };
            let (mut postings, mut end) = (Postings::new(), None);
            if let Some(key) = &key {
                let block = txn.get(key)?.ok_or_else(damaged)?;
                each_word(&block, &mut |word, documents| {
                    postings.insert(word.to_vec(), all(documents)?);
                    Some(ControlFlow::Continue(()))
                })
                .ok_or_else(damaged)?;
                end = self.next_block(txn, key)?;
                txn.remove(key)?;
            }
            let is_here = |word: &&Vec<u8>| end.as_ref().is_none_or(|end| self.key(word) < *end);
            while let Some(word) = words.next_if(is_here) {
                let documents = postings.entry(word.clone()).or_default();
                match (documents.binary_search(&document), is_there) {
                    (Err(at), true) => documents.insert(at, document),
                    (Ok(at), false) => {
                        documents.remove(at);
                    }
                    (Ok(_), true) | (Err(_), false) => {}
                }
                if documents.is_empty() {
                    postings.remove(word);
                }
            }
            self.write_blocks(txn, &postings)?;
        }
        Ok(())
    }

    /// Adds the documents of a word, or of all words that begin with it, to a set. `left` counts down the blocks that
    /// may be read; at 0 the set stays incomplete.
    pub fn find(
        &self,
        reader: &dyn Reader,
        word: &[u8],
        is_prefix: bool,
        set: &mut Set,
        left: &mut usize,
    ) -> Result<(), StorageError> {
        let begin = self.block_of(reader, word)?;
        let begin = begin.unwrap_or_else(|| self.key(&[]));
        let end = tables::after(&self.key(&[]));
        let range = (Bound::Included(&begin[..]), Bound::Excluded(&end[..]));
        let mut is_sound = true;
        reader.scan(range, Direction::Forward, &mut |_, block| {
            if *left == 0 {
                return ControlFlow::Break(());
            }
            *left -= 1;
            let mut flow = ControlFlow::Continue(());
            let read = each_word(block, &mut |found, documents| {
                let fits = match is_prefix {
                    true => found.starts_with(word),
                    false => found == word,
                };
                if fits {
                    documents.each(|document| set.insert(document))?;
                } else if found > word {
                    flow = ControlFlow::Break(());
                }
                Some(flow)
            });
            is_sound = read.is_some();
            if is_sound {
                flow
            } else {
                ControlFlow::Break(())
            }
        })?;
        is_sound.then_some(()).ok_or_else(damaged)
    }

    /// Removes its blocks, and gives each of their words.
    fn take(
        &self,
        txn: &mut dyn Txn,
        mut taken: impl FnMut(Vec<u8>, Vec<Local>),
    ) -> Result<(), StorageError> {
        let (mut keys, mut is_sound) = (Vec::new(), true);
        let prefix = self.key(&[]);
        tables::visit(txn, &prefix, &mut |rest, block| {
            keys.push([&prefix[..], rest].concat());
            let read = each_word(block, &mut |word, documents| {
                taken(word.to_vec(), all(documents)?);
                Some(ControlFlow::Continue(()))
            });
            is_sound &= read.is_some();
        })?;
        if !is_sound {
            return Err(damaged());
        }
        keys.iter().try_for_each(|key| txn.remove(key))
    }

    fn write_blocks(&self, txn: &mut dyn Txn, postings: &Postings) -> Result<(), StorageError> {
        let mut block = Vec::with_capacity(BLOCK);
        let (mut begin, mut last): (&[u8], &[u8]) = (&[], &[]);
        let mut encoded = Vec::new();
        for (word, of_word) in postings {
            put_word(&mut encoded, last, word, of_word);
            if !block.is_empty() && block.len() + encoded.len() > BLOCK {
                txn.put(&self.key(begin), &block)?;
                block.clear();
                put_word(&mut encoded, &[], word, of_word);
            }
            if block.is_empty() {
                begin = word;
            }
            block.append(&mut encoded);
            last = word;
        }
        if !block.is_empty() {
            txn.put(&self.key(begin), &block)?;
        }
        Ok(())
    }

    /// The key of the block in which a word would stand, unless it would stand before all blocks.
    fn block_of(&self, reader: &dyn Reader, word: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let (low, high) = (self.key(&[]), self.key(word));
        let range = (Bound::Included(&low[..]), Bound::Included(&high[..]));
        first_key(reader, range, Direction::Backward)
    }

    fn next_block(&self, reader: &dyn Reader, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let end = tables::after(&self.key(&[]));
        let range = (Bound::Excluded(key), Bound::Excluded(&end[..]));
        first_key(reader, range, Direction::Forward)
    }

    fn key(&self, word: &[u8]) -> Vec<u8> {
        Table::SearchWords.key(&[&self.first.to_be_bytes(), word])
    }

    fn head_key(&self) -> Vec<u8> {
        Table::SearchVolumes.key(&[&self.first.to_be_bytes()])
    }

    fn decode(key: &[u8], value: &[u8]) -> Option<Volume> {
        let mut input = Input(value);
        Some(Volume {
            first: u64::from_be_bytes(key.try_into().ok()?),
            count: input.varint().filter(|count| *count <= MAX_DOCUMENTS)?,
            is_large: input.array::<1>()? == [1],
            newest_ms: input.zigzag()?,
        })
    }
}

/// Most documents of a volume.
pub(super) const MAX_DOCUMENTS: u64 = 1 << 16;

fn put_word(out: &mut Vec<u8>, last: &[u8], word: &[u8], of_word: &[Local]) {
    out.clear();
    let shared = last
        .iter()
        .zip(word)
        .take_while(|(one, other)| one == other);
    let shared = shared.count();
    put_varint(out, shared as u64);
    put_varint(out, (word.len() - shared) as u64);
    out.extend_from_slice(&word[shared..]);
    documents::put(out, of_word);
}

/// Receives words and their documents until it breaks. Its `None` means damage.
pub(super) type VisitWords<'a> = &'a mut dyn FnMut(&[u8], Documents<'_>) -> Option<ControlFlow<()>>;

/// Calls `visit` with each word of a block until it breaks. `None` for bytes that the index cannot have written.
pub(super) fn each_word(block: &[u8], visit: VisitWords<'_>) -> Option<()> {
    let mut input = Input(block);
    let mut word = Vec::new();
    while !input.is_empty() {
        let shared = usize::try_from(input.varint()?).ok()?;
        if shared > word.len() {
            return None;
        }
        word.truncate(shared);
        let length = usize::try_from(input.varint()?).ok()?;
        word.extend_from_slice(input.take(length)?);
        if visit(&word, Documents::read(&mut input)?)?.is_break() {
            break;
        }
    }
    Some(())
}

fn all(documents: Documents<'_>) -> Option<Vec<Local>> {
    let mut all = Vec::new();
    documents.each(|document| all.push(document))?;
    Some(all)
}

fn first_key(
    reader: &dyn Reader,
    range: (Bound<&[u8]>, Bound<&[u8]>),
    direction: Direction,
) -> Result<Option<Vec<u8>>, StorageError> {
    let mut first = None;
    reader.scan(range, direction, &mut |key, _| {
        first = Some(key.to_vec());
        ControlFlow::Break(())
    })?;
    Ok(first)
}
