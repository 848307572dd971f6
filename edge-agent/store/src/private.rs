//! Keeps the data folder private: it holds the buyers' addresses and the journal's key, so only the user that runs the till may
//! read it.
//!
//! The folder gets the mode 0700 and the files of the database 0600, however the program is started and with whatever umask. The
//! files that SQLite makes beside the database get the database's own mode.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::{FILE_NAME, owner};

/// Makes the folder and the files of its database private. What cannot be changed is logged, because the till can sell without
/// it.
pub(super) fn protect(folder: &Path, database: &Path) {
    let files = ["", "-wal", "-shm"].into_iter().try_for_each(|end| {
        let mut path = database.as_os_str().to_owned();
        path.push(end);
        narrow(Path::new(&path), FILE_MODE)
    });
    if let Err(error) = protect_folder(folder).and(files) {
        tracing::warn!(
            "other users of this machine may read the data folder {}: {error}; give the folder the mode 0700",
            folder.display()
        );
    }
}

/// Gives the files of the journal to the owner of the folder. A program that an operator ran as root may have left them.
pub(super) fn give_journal(folder: &Path) -> io::Result<()> {
    if !owner::is_root() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_of_the_journal) {
            match owner::give_path_to_owner(&entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The beginning of the name of a folder with the files of a lost journal.
pub(super) const LOST: &str = "lost-";

/// True for the names of the database, its log, the key and the anchors.
pub(super) fn is_of_the_journal(name: &str) -> bool {
    name.starts_with(FILE_NAME) || name.starts_with("journal.") || name.starts_with(COUNTER_KEYS)
}

/// The beginning of the names of the files with the keys of turnover counters, which belong to the receipts of one journal.
const COUNTER_KEYS: &str = "turnover-";
/// The beginning of the names of the files with the signed calls that have ended.
const ENDED_CALLS: &str = "calls.";
/// The beginning of the names of the files with the certificate for callers over TLS.
const CALLERS: &str = "callers.";
/// The name of the file with the result of the last audit.
const AUDIT_FILE_NAME: &str = "audit.last";
/// The name of the agent's lock file in the data folder.
const LOCK_FILE_NAME: &str = "agent.lock";
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Makes the folder private if it is the till's own. A folder that holds other files may belong to others, too, such as a folder
/// for temporary files: its mode is not changed.
fn protect_folder(folder: &Path) -> io::Result<()> {
    if is_private(folder)? {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let is_ours = name.to_str().is_some_and(|name| {
            is_of_the_journal(name)
                || name == LOCK_FILE_NAME
                || name == AUDIT_FILE_NAME
                || name.starts_with(ENDED_CALLS)
                || name.starts_with(CALLERS)
                || name.starts_with(LOST)
        });
        if !is_ours {
            let other = format!("it also holds {}", name.display());
            return Err(io::Error::other(other));
        }
    }
    narrow(folder, FOLDER_MODE)
}

/// True if only its owner may read a data folder, or if this cannot be found out.
#[must_use]
pub fn folder_is_private(folder: &Path) -> bool {
    is_private(folder).unwrap_or(true)
}

/// True if only its owner may read a file or a folder.
fn is_private(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.mode() & 0o077 == 0)
}

/// Takes the permissions of others from a file, if it exists.
fn narrow(path: &Path, mode: u32) -> io::Result<()> {
    match is_private(path) {
        Ok(true) => Ok(()),
        Ok(false) => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
