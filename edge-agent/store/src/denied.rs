//! Which file of the journal the system denies to this user, where SQLite only says that a file cannot be opened.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::chain::KEY_FILE_NAME;
use super::{FILE_NAME, StoreError, anchor, owner};

/// The same error, or which file of the journal the system denies to this user, if that is the cause.
pub(super) fn denied_instead(folder: &Path, for_writing: bool, error: StoreError) -> StoreError {
    let may_be_denied = match &error {
        StoreError::Database { source, .. } => matches!(
            source.sqlite_error_code(),
            Some(
                rusqlite::ErrorCode::CannotOpen
                    | rusqlite::ErrorCode::ReadOnly
                    | rusqlite::ErrorCode::PermissionDenied
                    | rusqlite::ErrorCode::SystemIoFailure
            )
        ),
        StoreError::Key { source, .. }
        | StoreError::Anchor { source, .. }
        | StoreError::Folder { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
        _ => false,
    };
    if !may_be_denied {
        return error;
    }
    let denied = files_of_journal(folder).into_iter().find_map(|path| {
        let opened = File::options().read(true).write(for_writing).open(&path);
        let denied = opened.err()?;
        (denied.kind() == io::ErrorKind::PermissionDenied).then_some((path, denied))
    });
    let Some((path, source)) = denied else {
        return error;
    };
    let of = |path: &Path| owner::owner_of(path).unwrap_or_else(|_| "another user".to_owned());
    StoreError::Denied {
        owner: of(&path),
        user: owner::this_user(),
        remedy: owner::remedy(folder, &path),
        path,
        source,
    }
}

fn files_of_journal(folder: &Path) -> [PathBuf; 5] {
    let database = |end: &str| folder.join(format!("{FILE_NAME}{end}"));
    [
        database(""),
        database("-wal"),
        database("-shm"),
        folder.join(KEY_FILE_NAME),
        folder.join(anchor::FILE_NAME),
    ]
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_error_with_another_cause_stays() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join(KEY_FILE_NAME);
        fs::write(&key, "x").unwrap();
        let error = || StoreError::Key {
            path: key.clone(),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        // Every file is open to this user, so the error stays.
        let same = denied_instead(folder.path(), true, error());
        assert!(matches!(same, StoreError::Key { .. }), "{same}");
    }
}
