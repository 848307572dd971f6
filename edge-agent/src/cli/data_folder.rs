//! The data folder, as a command that reads it finds it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::anyhow;
use ferrotill_store::{StoreError, owner_of};

use super::{CliFailure, Exit};

/// Whether the system denies this user the data folder or one of its files.
pub(super) fn is_denied(folder: &Path) -> bool {
    let denied = |error: &io::Error| error.kind() == ErrorKind::PermissionDenied;
    match std::fs::read_dir(folder) {
        Err(error) => denied(&error),
        Ok(files) => files
            .flatten()
            .any(|file| File::open(file.path()).is_err_and(|error| denied(&error))),
    }
}

/// The error of a store that cannot be read: a lack of permission has an exit code of its own. An error that names the file which is
/// denied stays.
pub(super) fn unreadable(folder: &Path, error: StoreError) -> CliFailure {
    if matches!(error, StoreError::Denied { .. }) || !is_denied(folder) {
        return CliFailure::failed(error);
    }
    let owner = owner_of(folder).unwrap_or_else(|_| "ferrotill".to_owned());
    let user = owner.split(':').next().unwrap_or_default();
    let text = anyhow!(
        "this user may not read the data folder {}; run the command with sudo, or as the user of the till: `sudo -u {user}`",
        folder.display()
    );
    CliFailure::new(Exit::Permission, text)
}

/// The exit code of a file that cannot be read or written.
pub(super) fn exit_of_file(error: &io::Error, otherwise: Exit) -> Exit {
    match error.kind() {
        ErrorKind::PermissionDenied => Exit::Permission,
        _ => otherwise,
    }
}
