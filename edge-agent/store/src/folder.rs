//! The data folder: which of its files belong together, and in what order the first start makes them.
//!
//! The first start makes the database with its tables, then `journal.key`, then the first journal row, and later `journal.anchor`.
//! Each of these is durable before the next one is begun, so that a power cut at any moment leaves one of these:
//!
//! | database | key | anchor | next start |
//! | --- | --- | --- | --- |
//! | missing, empty, or without rows | missing | missing | goes on with the first start |
//! | with tables | there | missing, or there if the journal has rows | opens the store |
//!
//! Any other combination shows that a file was removed from the folder.
//! A new key would make every row look forged, and a new database would sell again from number 1,
//! so such a folder is refused, and nothing is created in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::chain::{ChainKey, KEY_FILE_NAME};
use super::founding::{self, Admission, Founding};
use super::private::{self, LOST, is_of_the_journal};
use super::{
    BUSY_TIMEOUT, Context, FILE_NAME, StoreError, anchor, configure, denied, migrate, owner,
};

const MISSING: &str = "is missing";

/// Opens the database for writing, reads the key, and says whether the folder must be founded. The first start creates both.
pub(super) fn open(
    folder: &Path,
    founding: &Founding,
) -> Result<(Connection, ChainKey, Admission), StoreError> {
    open_files(folder, founding).map_err(|error| denied::denied_instead(folder, true, error))
}

fn open_files(
    folder: &Path,
    founding: &Founding,
) -> Result<(Connection, ChainKey, Admission), StoreError> {
    let (path, key_path) = (folder.join(FILE_NAME), folder.join(KEY_FILE_NAME));
    let others = OtherFiles::look(folder)?;
    let mut admission = Admission::ToBeFounded { confirmed: false };
    let mut key = None;
    let mut connection = match examine(&path, &key_path, &others, OpenFlags::default())? {
        Some((connection, content)) => {
            migrate::refuse_newer(&connection, &path)?;
            if let Content::Rows = content {
                let key = key.insert(ChainKey::load(&key_path)?);
                admission = founding::admit(&connection, &path, key, founding)?;
            }
            connection
        }
        None => new_database(&path)?,
    };
    private::protect(folder, &path);
    if let Err(error) = private::give_journal(folder) {
        // The till can sell without it, as long as the same user runs it.
        tracing::warn!(
            "the files of {} cannot be given to the owner of the folder: {error}; run the till as their owner",
            folder.display()
        );
    }
    configure(&connection).context(&path, "settings")?;
    if key.is_none() && others.key {
        key = Some(ChainKey::load(&key_path)?);
    }
    migrate::migrate(&mut connection, &path, key.as_ref())?;
    let key = match key {
        Some(key) => key,
        None => {
            // SQLite has synced the tables. The name of their file must also be durable before the key is created, so the folder
            // is synced here.
            sync(folder)?;
            ChainKey::create(&key_path)?
        }
    };
    Ok((connection, key, admission))
}

/// Opens a database that exists and compares it with the other files of the folder; `None` if no database ever existed. Nothing
/// is changed.
///
/// # Errors
///
/// [`StoreError::FileMissing`] if a file was removed.
fn examine(
    path: &Path,
    key_path: &Path,
    others: &OtherFiles,
    flags: OpenFlags,
) -> Result<Option<(Connection, Content)>, StoreError> {
    match (open_existing(path, flags)?, others.evidence_of_a_database()) {
        (Some(connection), _) => {
            let content = Content::of(&connection, others).context(path, "open")?;
            check(path, key_path, content, others)?;
            Ok(Some((connection, content)))
        }
        (None, Some(evidence)) => Err(missing(path, MISSING, evidence)),
        (None, None) => Ok(None),
    }
}

/// [`examine`] of a data folder, with other flags for the database.
pub(super) fn examine_folder(
    folder: &Path,
    flags: OpenFlags,
) -> Result<Option<(Connection, Content)>, StoreError> {
    let (path, key_path) = (folder.join(FILE_NAME), folder.join(KEY_FILE_NAME));
    examine(&path, &key_path, &OtherFiles::look(folder)?, flags)
}

/// Creates the file of a new database.
fn new_database(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).context(path, "open")?;
    // SQLite creates the file when it first reads it. The files that SQLite makes beside it later get its permissions.
    migrate::stored_version(&connection).context(path, "open")?;
    Ok(connection)
}

/// Moves the files of a data folder whose database or key is lost into a folder of their own, so that the next start makes new
/// books. Nothing is deleted. Returns the path of that folder; `None` if the folder never had a journal.
///
/// # Errors
///
/// [`StoreError::NotLost`] if the folder has its journal and its key; then nothing is changed. Other [`StoreError`]s if a file
/// cannot be read or moved.
pub fn set_lost_journal_aside(folder: &Path) -> Result<Option<PathBuf>, StoreError> {
    let path = folder.join(FILE_NAME);
    let others = OtherFiles::look(folder)?;
    let key_path = folder.join(KEY_FILE_NAME);
    match examine(&path, &key_path, &others, OpenFlags::default()) {
        Ok(Some((_, Content::Rows))) => return Err(StoreError::NotLost { path }),
        Ok(_) => return Ok(None),
        Err(StoreError::FileMissing { .. }) => {}
        Err(error) => return Err(error),
    }
    let aside = (1_u32..)
        .map(|number| folder.join(format!("{LOST}{number}")))
        .find(|aside| !aside.exists())
        .ok_or_else(|| failed(folder, io::ErrorKind::AlreadyExists.into()))?;
    let moved = || {
        fs::create_dir(&aside)?;
        owner::give_path_to_owner(&aside)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(is_of_the_journal) {
                fs::rename(entry.path(), aside.join(name))?;
            }
        }
        fs::File::open(&aside)?.sync_all()?;
        fs::File::open(folder)?.sync_all()
    };
    moved().map_err(|source| failed(folder, source))?;
    Ok(Some(aside))
}

/// Compares the content of the database with the other files of the folder.
fn check(
    path: &Path,
    key_path: &Path,
    content: Content,
    others: &OtherFiles,
) -> Result<(), StoreError> {
    let lost = "has lost its journal";
    match content {
        Content::Nothing => match others.evidence_of_a_database() {
            Some(evidence) => Err(missing(path, lost, evidence)),
            None => Ok(()),
        },
        Content::Tables if others.anchor => Err(missing(path, lost, ANCHOR_THERE)),
        Content::Rows if !others.key => {
            let evidence = "the journal in ferrotill.db was written with it";
            Err(missing(key_path, MISSING, evidence))
        }
        Content::Tables | Content::Rows => Ok(()),
    }
}

/// Opens the database for reading.
///
/// # Errors
///
/// [`StoreError::FileMissing`] if there is no database.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let folder = path.parent().unwrap_or(Path::new("."));
    let opened =
        open_existing(path, flags).map_err(|error| denied::denied_instead(folder, false, error))?;
    match opened {
        Some(connection) => Ok(connection),
        None => Err(missing(path, MISSING, "the till cannot work without it")),
    }
}

/// Reads the key of a data folder that has a database.
///
/// # Errors
///
/// [`StoreError::FileMissing`] if there is no key.
pub(super) fn load_key(folder: &Path) -> Result<ChainKey, StoreError> {
    let path = folder.join(KEY_FILE_NAME);
    if is_there(&path)? {
        return ChainKey::load(&path);
    }
    let evidence = "the journal cannot be checked without it";
    Err(missing(&path, MISSING, evidence))
}

/// True if a till has stored anything in a data folder: a database, a key or an anchor exists.
#[must_use]
pub fn is_in_use(folder: &Path) -> bool {
    // A database that cannot be examined counts as existing.
    let others = OtherFiles::look(folder);
    let database = fs::exists(folder.join(FILE_NAME)).unwrap_or(true);
    database || others.is_ok_and(|others| others.evidence_of_a_database().is_some())
}

const KEY_THERE: &str = "journal.key is there";
const ANCHOR_THERE: &str = "journal.anchor was written for its rows";

/// The files of the data folder other than the database.
struct OtherFiles {
    key: bool,
    /// True if there is a current anchor or one that was set aside.
    anchor: bool,
    /// True if there is a write-ahead log that is not empty.
    log: bool,
}

impl OtherFiles {
    fn look(folder: &Path) -> Result<Self, StoreError> {
        let mut found = Self {
            key: false,
            anchor: false,
            log: false,
        };
        let entries = fs::read_dir(folder).map_err(|source| failed(folder, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| failed(folder, source))?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            found.key |= name == KEY_FILE_NAME;
            found.anchor |= anchor::is_anchor(name);
            found.log |= name.strip_suffix("-wal") == Some(FILE_NAME)
                && entry.metadata().is_ok_and(|file| file.len() > 0);
        }
        Ok(found)
    }

    /// The file which shows that there was a database, although now there is none or only an empty one.
    fn evidence_of_a_database(&self) -> Option<&'static str> {
        match (self.anchor, self.key, self.log) {
            (true, ..) => Some(ANCHOR_THERE),
            (_, true, _) => Some(KEY_THERE),
            (.., true) => Some("its log ferrotill.db-wal is there"),
            (false, false, false) => None,
        }
    }
}

/// The content of a database.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// There is no journal: the file is empty, or its log was removed before SQLite copied it into the file.
    Nothing,
    /// There is a journal without rows.
    Tables,
    /// There is a journal with rows.
    Rows,
}

impl Content {
    fn of(connection: &Connection, others: &OtherFiles) -> Result<Self, rusqlite::Error> {
        // SQLite deletes the log of an empty file when it first reads it.
        let is_empty = connection
            .path()
            .is_some_and(|path| fs::metadata(path).is_ok_and(|file| file.len() == 0));
        if is_empty && others.log {
            return Ok(Self::Nothing);
        }
        let is_true = |query| connection.query_row(query, [], |row| row.get::<_, bool>(0));
        let tables =
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'journal')";
        if !is_true(tables)? {
            return Ok(Self::Nothing);
        }
        Ok(match is_true("SELECT EXISTS (SELECT 1 FROM journal)")? {
            true => Self::Rows,
            false => Self::Tables,
        })
    }
}

/// Opens a database that exists; `None` if there is no file.
fn open_existing(path: &Path, flags: OpenFlags) -> Result<Option<Connection>, StoreError> {
    let flags = flags.difference(OpenFlags::SQLITE_OPEN_CREATE);
    let opened = Connection::open_with_flags(path, flags);
    if let Err(error) = &opened
        && error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
        && !is_there(path)?
    {
        return Ok(None);
    }
    let connection = opened.context(path, "open")?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .context(path, "settings")?;
    Ok(Some(connection))
}

fn is_there(path: &Path) -> Result<bool, StoreError> {
    fs::exists(path).map_err(|source| failed(path, source))
}

fn sync(folder: &Path) -> Result<(), StoreError> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| failed(folder, source))
}

fn missing(path: &Path, lack: &'static str, evidence: &'static str) -> StoreError {
    StoreError::FileMissing {
        path: path.to_owned(),
        lack,
        evidence,
    }
}

fn failed(path: &Path, source: io::Error) -> StoreError {
    StoreError::Folder {
        path: path.to_owned(),
        source,
    }
}
