//! Writes a parcel (`docs/PROTOCOL.md` section 12).

use hedgerow_transport::padding::padme;
use zeroize::Zeroize;

use super::MAGIC;
use crate::files::cipher::Cipher;
use crate::files::extent::{CHUNK, CLEAR_CHUNK};
use crate::files::work::FileKey;

/// A parcel to which bundles are added.
pub struct Writing {
    out: Vec<u8>,
}

impl Writing {
    /// Begins one.
    #[must_use]
    pub fn begin() -> Writing {
        Writing {
            out: MAGIC.to_vec(),
        }
    }

    /// Adds a bundle.
    pub fn bundle(&mut self, bundle: &[u8]) {
        self.frame(bundle);
    }

    /// Takes the bytes that are ready.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Ends a parcel without files. Gives its last bytes.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.frame(&[]);
        self.out
    }

    /// Ends the bundles. Files follow, sealed under a key that the bundles tell.
    #[must_use]
    pub fn files(mut self, key: &FileKey) -> FilesWriting {
        self.frame(&[]);
        FilesWriting {
            out: self.out,
            cipher: Cipher::new(key),
            record: Vec::with_capacity(CHUNK),
            records: 0,
            length: 0,
        }
    }

    fn frame(&mut self, bytes: &[u8]) {
        let length =
            u32::try_from(bytes.len()).expect("no bundle is longer than MAX_CARRIED_BUNDLE");
        self.out.extend_from_slice(&length.to_be_bytes());
        self.out.extend_from_slice(bytes);
    }
}

/// The files of a parcel.
pub struct FilesWriting {
    out: Vec<u8>,
    cipher: Cipher,
    /// What is not sealed yet: at most a record.
    record: Vec<u8>,
    records: u32,
    /// The bytes so far.
    length: usize,
}

impl FilesWriting {
    /// Adds bytes of files.
    pub fn write(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len();
        while !bytes.is_empty() {
            if self.record.len() == CLEAR_CHUNK {
                self.seal(false);
            }
            let room = CLEAR_CHUNK - self.record.len();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.record.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Takes the bytes that are ready.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Adds the next part of the padding. False once all of it is there.
    pub fn pad(&mut self) -> bool {
        static ZEROS: [u8; CLEAR_CHUNK] = [0; CLEAR_CHUNK];
        // Padding a length that is padded already adds nothing.
        let left = padme(self.length) - self.length;
        self.write(&ZEROS[..left.min(CLEAR_CHUNK)]);
        left > CLEAR_CHUNK
    }

    /// Ends the parcel. Gives its last bytes.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        while self.pad() {}
        self.seal(true);
        self.take()
    }

    fn seal(&mut self, is_last: bool) {
        self.cipher.seal(self.records, is_last, &mut self.record);
        self.records += 1;
        self.out.extend_from_slice(&self.record);
        self.record.clear();
    }
}

impl Drop for FilesWriting {
    fn drop(&mut self) {
        self.record.zeroize();
    }
}
