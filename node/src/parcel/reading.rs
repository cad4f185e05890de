//! Reads a parcel (`docs/PROTOCOL.md` section 12). What it says is not proven: bundles and files prove themselves.

use std::io::{ErrorKind, Read};

use super::{MAGIC, MAX_CARRIED_BUNDLE};
use crate::files::cipher::Cipher;
use crate::files::extent::CHUNK;
use crate::files::work::FileKey;

/// Why a parcel cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is no parcel, or it was damaged or cut short.
    #[error("not a whole parcel")]
    Malformed,
    /// It cannot be read.
    #[error(transparent)]
    Read(std::io::Error),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Malformed,
            _ => Self::Read(error),
        }
    }
}

/// A parcel of which the bundles are read.
pub struct Reading<R> {
    from: R,
}

impl<R: Read> Reading<R> {
    /// Begins to read one.
    ///
    /// # Errors
    /// It is no parcel of this version; it cannot be read.
    pub fn begin(mut from: R) -> Result<Reading<R>, Fault> {
        let mut magic = [0; MAGIC.len()];
        from.read_exact(&mut magic)?;
        match magic == *MAGIC {
            true => Ok(Reading { from }),
            false => Err(Fault::Malformed),
        }
    }

    /// The next bundle; `None` behind the last.
    ///
    /// # Errors
    /// It is too long or cut short; it cannot be read.
    pub fn bundle(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let mut length = [0; 4];
        self.from.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length as usize > MAX_CARRIED_BUNDLE {
            return Err(Fault::Malformed);
        }
        // What a length claims is not allocated before it is there.
        let mut bundle = Vec::new();
        self.from
            .by_ref()
            .take(length.into())
            .read_to_end(&mut bundle)?;
        match (bundle.len() as u32 == length, length) {
            (false, _) => Err(Fault::Malformed),
            (true, 0) => Ok(None),
            (true, _) => Ok(Some(bundle)),
        }
    }

    /// The files behind the bundles.
    ///
    /// # Errors
    /// There are none; they cannot be read.
    pub fn files(self, key: &FileKey) -> Result<FilesReading<R>, Fault> {
        let mut files = FilesReading {
            from: self.from,
            cipher: Cipher::new(key),
            records: 0,
            clear: Vec::new(),
            at: 0,
            ahead: Vec::new(),
        };
        files.ahead = files.record()?;
        Ok(files)
    }
}

/// The files of a parcel.
pub struct FilesReading<R> {
    from: R,
    cipher: Cipher,
    records: u32,
    /// The record that is open, and how much of it was taken.
    clear: Vec<u8>,
    at: usize,
    /// The sealed record behind it. The last record says that it is the last.
    ahead: Vec<u8>,
}

impl<R: Read> FilesReading<R> {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// The files end before or are damaged; they cannot be read.
    pub fn read(&mut self, mut bytes: &mut [u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            if self.at == self.clear.len() {
                self.open()?;
            }
            let open = &self.clear[self.at..];
            let now = open.len().min(bytes.len());
            bytes[..now].copy_from_slice(&open[..now]);
            bytes = &mut bytes[now..];
            self.at += now;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Fault> {
        if self.ahead.is_empty() {
            return Err(Fault::Malformed);
        }
        let next = self.record()?;
        let mut record = std::mem::replace(&mut self.ahead, next);
        let clear = self
            .cipher
            .open(self.records, self.ahead.is_empty(), &mut record);
        let length = clear.ok_or(Fault::Malformed)?.len();
        record.truncate(length);
        self.records = self.records.checked_add(1).ok_or(Fault::Malformed)?;
        (self.clear, self.at) = (record, 0);
        Ok(())
    }

    fn record(&mut self) -> Result<Vec<u8>, Fault> {
        let mut record = Vec::with_capacity(CHUNK);
        self.from
            .by_ref()
            .take(CHUNK as u64)
            .read_to_end(&mut record)?;
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parcel::Writing;

    const KEY: FileKey = FileKey([7; 32]);

    fn written(bundles: &[Vec<u8>], files: &[u8]) -> Vec<u8> {
        let mut writing = Writing::begin();
        for bundle in bundles {
            writing.bundle(bundle);
        }
        let mut parcel = writing.take();
        let mut of_files = writing.files(&KEY);
        for part in files.chunks(100_000) {
            of_files.write(part);
            parcel.extend(of_files.take());
        }
        parcel.extend(of_files.finish());
        parcel
    }

    /// The bundles and files of a parcel, as far as it can be read.
    fn read(parcel: &[u8], files: usize) -> (Vec<Vec<u8>>, Vec<u8>, bool) {
        let (mut bundles, mut read) = (Vec::new(), Vec::new());
        let mut all = || {
            let mut reading = Reading::begin(parcel)?;
            while let Some(bundle) = reading.bundle()? {
                bundles.push(bundle);
            }
            let mut reading = reading.files(&KEY)?;
            while read.len() < files {
                let mut part = vec![0; (files - read.len()).min(70_000)];
                reading.read(&mut part)?;
                read.extend(part);
            }
            Ok::<_, Fault>(())
        };
        let is_whole = all().is_ok();
        (bundles, read, is_whole)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_parcel_reads_as_it_was_written_and_a_cut_one_gives_nothing_else(
            bundles in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..4),
            length in 0usize..700_000,
            cut in any::<prop::sample::Index>(),
            flip in any::<prop::sample::Index>(),
        ) {
            let files: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let parcel = written(&bundles, &files);
            prop_assert_eq!(read(&parcel, length), (bundles.clone(), files.clone(), true));

            let (some, part, _) = read(&parcel[..cut.index(parcel.len())], length);
            prop_assert!(bundles.starts_with(&some) && files.starts_with(&part));

            let mut altered = parcel.clone();
            let at = flip.index(altered.len());
            altered[at] ^= 1;
            let (_, part, _) = read(&altered, length);
            prop_assert!(files.starts_with(&part), "no altered byte of a file is given out");
        }
    }

    #[test]
    fn a_parcel_cut_between_two_records_is_not_taken_for_a_whole_one() {
        let files = vec![1; 600_000];
        let parcel = written(&[], &files);
        let head = MAGIC.len() + 4;
        let (_, part, is_whole) = read(&parcel[..head + CHUNK], 262_128);
        assert_eq!((part.len(), is_whole), (0, false));
    }

    #[test]
    fn a_length_that_lies_takes_no_memory_and_one_that_is_too_long_is_refused() {
        let mut parcel = MAGIC.to_vec();
        parcel.extend_from_slice(&(MAX_CARRIED_BUNDLE as u32).to_be_bytes());
        parcel.extend_from_slice(b"short");
        let mut reading = Reading::begin(&parcel[..]).expect("it begins as one");
        assert!(matches!(reading.bundle(), Err(Fault::Malformed)));
        let long = [&MAGIC[..], &(MAX_CARRIED_BUNDLE as u32 + 1).to_be_bytes()].concat();
        let mut reading = Reading::begin(&long[..]).expect("it begins as one");
        assert!(matches!(reading.bundle(), Err(Fault::Malformed)));
        assert!(Reading::begin(&b"HEDGEBDL\x02 of an older version"[..]).is_err());
    }

    #[test]
    fn the_length_of_a_parcel_tells_little_of_the_files_in_it() {
        let lengths = (300_000..300_900)
            .step_by(300)
            .map(|length| written(&[], &vec![0; length]).len());
        let lengths: std::collections::BTreeSet<usize> = lengths.collect();
        assert_eq!(lengths.len(), 1);
    }
}
