//! Files with secrets: mode 0600, written beside their name first, and durable before they have their name.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

pub use ferrotill_store::give_to_owner;

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

/// Gives an existing file another content: durable, and complete or not at all. Owner, group and permissions stay; of a link, the file
/// that it leads to is replaced.
///
/// # Errors
///
/// The operating system's error.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let before = fs::metadata(&path)?;
    let mut part = path.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let replaced = write_part(&part, &before, bytes).and_then(|()| fs::rename(&part, &path));
    if let Err(error) = replaced {
        // What cannot be removed is written over by the next try.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    fs::File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// Writes a file with the owner and the permissions of another one.
fn write_part(part: &Path, like: &fs::Metadata, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(part)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (like.uid(), like.gid()) {
        fchown(&file, Some(like.uid()), Some(like.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(like.mode() & 0o7777))?;
    file.write_all(bytes)?;
    file.sync_all()
}
