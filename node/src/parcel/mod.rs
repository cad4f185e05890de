//! Parcels: what is carried by hand in files (`docs/PROTOCOL.md` section 12).
//!
//! The engine seals bundles of messages, and says which files go with them. The host puts both into a stream, and takes
//! such a stream apart: neither ever holds more of it than a bundle or a record.
//!
//! - [`steps`]: what the host asks of the engine for that;
//! - [`reading`], [`writing`]: the bytes of a parcel.

#[cfg(feature = "runtime")]
pub mod reading;
pub mod steps;
#[cfg(feature = "runtime")]
pub mod writing;

#[cfg(feature = "runtime")]
pub use reading::Reading;
#[cfg(feature = "runtime")]
pub use writing::Writing;

/// The first bytes of a parcel: a name and a version.
pub const MAGIC: &[u8; 9] = b"HEDGEBDL\x03";

/// The longest bundle of a parcel, in bytes.
pub const MAX_CARRIED_BUNDLE: usize = 8 << 20;

/// The bytes of bundles in one parcel after which no other begins. Messages behind that go once these are acknowledged.
pub const MAX_CARRIED_BUNDLES: u64 = 192 << 20;

/// The most bytes of the files in one parcel. With bundles and padding a parcel stays below the 4 GB of a file on a
/// memory stick with FAT.
pub const MAX_CARRIED_BYTES: u64 = 3_600_000_000;

/// The most files in one parcel.
pub const MAX_CARRIED_FILES: usize = 16_384;

/// The most parcels of one series.
pub const MAX_PARTS: u32 = 1_024;

#[cfg(test)]
mod tests {
    use hedgerow_transport::padding::padme;

    use super::*;
    use crate::files::extent::{Extent, MAX_FILE};

    #[test]
    fn a_parcel_fits_on_a_stick_with_fat_and_each_file_fits_into_a_parcel() {
        let last_bundle = MAX_CARRIED_BUNDLE as u64;
        let longest = MAX_CARRIED_BUNDLES + last_bundle + padme(MAX_CARRIED_BYTES as usize) as u64;
        assert!(longest < 4_000_000_000, "{longest}");
        let largest = Extent::of(MAX_FILE).expect("it is not too long");
        assert!(largest.sealed() < MAX_CARRIED_BYTES);
    }
}
