//! Files with secrets: mode 0600, written beside their name first, and durable before they have their name.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// Writes a file that only its owner may read: durable, and complete or not at all.
///
/// What root writes belongs to the owner of the folder: the service has a user of its own, and must read what an operator has written.
///
/// # Errors
///
/// The operating system's error.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.to_path_buf().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    give_to_owner(&file, folder)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    fs::File::open(folder)?.sync_all()
}

/// Gives a file that root has made to the owner of a folder. Another user's file stays his.
///
/// # Errors
///
/// The operating system's error.
pub fn give_to_owner(file: &fs::File, folder: &Path) -> io::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let owner = fs::metadata(folder)?;
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}
