//! The data folder: created for its owner only, used by one agent at a time, and emptied of a lost journal on request.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use ferrotill_store::{
    StoreError, give_path_to_owner, give_to_owner, owner_of, remedy, set_lost_journal_aside,
    this_user,
};

use super::StartError;
use crate::explanation::{Explanation, why_of};

/// Creates and locks the data folder, because a store has only one writer.
///
/// # Errors
///
/// [`StartError::DataFolder`] if another program uses the folder, or if it cannot be used.
pub fn lock_folder(folder: &Path) -> Result<std::fs::File, StartError> {
    let failed = |source| unusable_folder(folder, &source);
    create_private(folder).map_err(failed)?;
    let path = folder.join("agent.lock");
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|source| match denied_file(folder, &path, &source) {
            Some(denied) => denied,
            None => failed(source),
        })?;
    if let Err(error) = give_to_owner(&file, folder) {
        tracing::warn!(
            "{} cannot be given to the owner of the folder: {error}",
            path.display()
        );
    }
    try_lock(&file).map_err(|error| match error {
        std::fs::TryLockError::Error(source) => failed(source),
        std::fs::TryLockError::WouldBlock => StartError::DataFolder {
            explained: Box::new(Explanation::new(
                FOLDER_UNUSABLE,
                folder.display().to_string(),
                "another agent uses it",
                "end the other agent, or give this one a data folder of its own (till.data_dir)",
            )),
            is_denied: false,
        },
    })?;
    Ok(file)
}

/// Locks the file. An agent that is just ending, and a program that it has just started, hold the lock for a moment longer.
fn try_lock(file: &std::fs::File) -> Result<(), std::fs::TryLockError> {
    for _ in 1..LOCK_ATTEMPTS {
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            outcome => return outcome,
        }
    }
    file.try_lock()
}

/// How often the lock of a data folder is tried before another agent counts as its user, and the pause between two attempts.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The error of one file in the folder that the system denies, although this user may use the folder.
fn denied_file(folder: &Path, file: &Path, error: &std::io::Error) -> Option<StartError> {
    if error.kind() != std::io::ErrorKind::PermissionDenied {
        return None;
    }
    let owner = owner_of(file).ok()?;
    Some(StartError::DataFolder {
        explained: Box::new(Explanation::new(
            "a file of the data folder cannot be used",
            file.display().to_string(),
            format!(
                "it belongs to {owner}, and this program runs as {}",
                this_user()
            ),
            remedy(folder, file),
        )),
        is_denied: true,
    })
}

fn unusable_folder(folder: &Path, error: &std::io::Error) -> StartError {
    use std::io::ErrorKind;
    let fix = match error.kind() {
        ErrorKind::PermissionDenied => {
            "give the folder to the user of this program, or run the program as the owner of the folder"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "mount the disk for writing, or set till.data_dir to a folder on another disk"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space on the disk",
        _ => "correct till.data_dir",
    };
    StartError::DataFolder {
        explained: Box::new(Explanation::new(
            FOLDER_UNUSABLE,
            folder.display().to_string(),
            why_of(error),
            fix,
        )),
        is_denied: error.kind() == ErrorKind::PermissionDenied,
    }
}

const FOLDER_UNUSABLE: &str = "the data folder cannot be used";

/// Creates the data folder, if there is none, for its owner only. It belongs to the owner of the folder that it is in.
fn create_private(folder: &Path) -> std::io::Result<()> {
    if let Some(above) = folder.parent() {
        std::fs::create_dir_all(above)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => {
            Ok(())
        }
        outcome => outcome.and_then(|()| give_path_to_owner(folder)),
    }
}

/// Moves the files of a lost journal aside, so that new books begin.
pub(super) fn set_aside(folder: &Path) -> Result<(), StoreError> {
    if let Some(aside) = set_lost_journal_aside(folder)? {
        tracing::error!(
            "new books begin: the files of the lost ones are in {}; write new number ranges into the configuration, \
             because the old ones may have been used",
            aside.display()
        );
    }
    Ok(())
}
