//! Small files that are replaced whole or destroyed, never half written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Creates a file that only its owner may read; it must not exist.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Makes what was created, renamed or removed in `directory` durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Writes `bytes` to a new file at `path`, in place of any old one, and syncs it.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    remove(path)?;
    let mut file = create_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The old file of a name that now means another file.
#[must_use = "the replacement is not durable and the old file not destroyed"]
pub(super) struct Replaced(Option<File>);

/// Renames `new` to `name`. If this fails, `name` means the same file as before.
pub(super) fn replace(directory: &Path, new: &str, name: &str) -> io::Result<Replaced> {
    let path = directory.join(name);
    let old = match OpenOptions::new().write(true).open(&path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    fs::rename(directory.join(new), path)?;
    Ok(Replaced(old))
}

impl Replaced {
    /// Makes the replacement durable, then overwrites the old file, because its bytes stay on the disk when only its
    /// name is gone.
    pub(super) fn settle(self, directory: &Path) -> io::Result<()> {
        sync_directory(directory)?;
        self.0.map_or(Ok(()), |old| overwrite(&old))
    }
}

/// Overwrites the file at `path`, if there is one, gives its blocks back and removes its name.
pub(super) fn destroy(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => overwrite(&file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    remove(path)
}

/// Removes the file at `path`, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes the directory at `path` with all that is in it, if there is one.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn overwrite(file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.write_all_at(&vec![0; length as usize], 0)?;
    file.sync_all()?;
    // If the file system passes this on, the flash forgets the blocks too. If not, nothing is lost.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if length > 0 {
        use rustix::fs::{FallocateFlags, fallocate};
        let _ = fallocate(
            file,
            FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
            0,
            length,
        );
    }
    Ok(())
}
