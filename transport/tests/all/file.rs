//! Files of parcels that are cut, damaged, foreign or not writable.

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use hedgerow_transport::carrier::SimplexCarrier;
use hedgerow_transport::carrier::conformance::parcel;
use hedgerow_transport::carrier::file::{FileError, ParcelFile};
use tempfile::TempDir;

struct Bench {
    directory: TempDir,
    path: PathBuf,
}

impl Bench {
    /// A file with two parcels.
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("carried");
        ParcelFile::new(&path)
            .write(&[parcel(1_024), parcel(2_048)])
            .expect("it writes");
        Self { directory, path }
    }

    /// Reads parcels up to an error; returns their number and the error.
    fn read(&self) -> (usize, Option<FileError>) {
        let parcels = match ParcelFile::new(&self.path).read() {
            Ok(parcels) => parcels.collect::<Vec<_>>(),
            Err(error) => return (0, Some(error)),
        };
        let whole = parcels.iter().filter(|parcel| parcel.is_ok()).count();
        let mut errors: Vec<FileError> = parcels.into_iter().filter_map(Result::err).collect();
        assert!(errors.len() <= 1, "nothing follows an error");
        (whole, errors.pop())
    }
}

#[test]
fn a_file_cut_anywhere_gives_the_whole_parcels_before_the_cut() {
    let bench = Bench::new();
    let whole = fs::read(&bench.path).expect("it is there");
    let first = 9 + parcel(1_024).len();
    let lengths = (0..20)
        .chain(first - 3..first + 3)
        .chain((0..whole.len()).step_by(97));
    for length in lengths {
        fs::write(&bench.path, &whole[..length]).expect("it is cut");
        let (parcels, error) = bench.read();
        assert_eq!(parcels, usize::from(length >= first), "{length}");
        match error {
            Some(FileError::NotParcels) => assert!(length < 9),
            Some(FileError::Truncated) => assert!(length > 9 && length != first, "{length}"),
            None => assert!(length == 9 || length == first),
            Some(other) => panic!("{other} at {length}"),
        }
    }
}

#[test]
fn a_length_of_exabytes_reserves_nothing() {
    let bench = Bench::new();
    let mut whole = fs::read(&bench.path).expect("it is there");
    for length in [u64::MAX, 1 << 40, (64 << 20) + 1, 0, 95, 97] {
        whole[9 + 32..9 + 40].copy_from_slice(&length.to_be_bytes());
        fs::write(&bench.path, &whole).expect("it is changed");
        assert!(
            matches!(bench.read(), (0, Some(FileError::Damaged))),
            "{length}"
        );
    }
}

#[test]
fn other_files_and_newer_ones_are_told_apart() {
    let bench = Bench::new();
    fs::write(&bench.path, b"Dear diary, today").expect("it is written");
    assert!(matches!(bench.read(), (0, Some(FileError::NotParcels))));
    fs::write(&bench.path, b"HEDGEBDL\x03anything").expect("it is written");
    assert!(matches!(bench.read(), (0, Some(FileError::Newer(3)))));
    fs::remove_file(&bench.path).expect("it is removed");
    assert!(matches!(bench.read(), (0, Some(FileError::Io(_)))));
}

#[test]
fn what_is_no_file_of_parcels_is_not_overwritten() {
    let bench = Bench::new();
    fs::write(&bench.path, b"Dear diary, today").expect("it is written");
    let written = ParcelFile::new(&bench.path).write(&[parcel(1_024)]);
    assert!(matches!(written, Err(FileError::NotParcels)));
    assert_eq!(
        fs::read(&bench.path).expect("it is there"),
        b"Dear diary, today"
    );
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_other() {
    let bench = Bench::new();
    let before = fs::read(&bench.path).expect("it is there");
    let written = ParcelFile::new(&bench.path).write(&[parcel(1_024), Bytes::from_static(b"x")]);
    assert!(matches!(written, Err(FileError::NotABundle)));
    assert_eq!(fs::read(&bench.path).expect("it is there"), before);
    let missing = bench
        .directory
        .path()
        .join("no such directory")
        .join("file");
    assert!(matches!(
        ParcelFile::new(missing).write(&[]),
        Err(FileError::Io(_))
    ));
    assert_eq!(
        fs::read_dir(bench.directory.path())
            .expect("it is there")
            .count(),
        1
    );
}
