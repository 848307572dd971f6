//! Whether the service could start with a data folder: what a start would refuse or report is looked for, and nothing is changed.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use ferrotill_core::event::Event;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use uuid::Uuid;

use super::anchor::{self, Anchor};
use super::chain::ChainKey;
use super::folder::{self, Content};
use super::founding::{self, Founding};
use super::resources::{self, ResourceBook};
use super::rows::DeviceIdentity;
use super::{Context, FILE_NAME, StoreError, backup, denied, devices, identity, migrate, snapshot};

/// What a start would find in a data folder that it would not refuse.
#[derive(Clone, Debug, Default)]
pub struct FolderLook {
    /// The epoch of a restore whose loss no person has accepted. The service does not start then.
    pub unaccepted_restore: Option<u32>,
    /// The row of the journal that its anchor names and that the journal does not have: an older copy of the database was put back, or
    /// its end was cut. 0 if the anchor is not one of this journal.
    pub lost_row: Option<i64>,
    /// What is wrong with the pages of the database.
    pub damage: Option<String>,
    /// What the folder knows of its devices; `None` if an older program has written its tables, which the start brings to this version.
    pub devices: Option<KnownDevices>,
}

/// What a data folder knows of its devices.
#[derive(Clone, Debug, Default)]
pub struct KnownDevices {
    /// The identities of the devices.
    pub identities: Vec<(Uuid, DeviceIdentity)>,
    /// The devices that have documents.
    pub with_documents: Vec<Uuid>,
    /// What callers have created.
    pub resources: ResourceBook,
}

/// Looks at a data folder as a start would, while an agent may run.
///
/// # Errors
///
/// The [`StoreError`] with which a start would refuse the folder.
pub fn look_at_folder(folder: &Path, wanted: &Founding) -> Result<FolderLook, StoreError> {
    match look(folder, wanted) {
        Err(StoreError::Database { source, .. }) if is_damage(&source) => Ok(FolderLook {
            damage: Some(source.to_string()),
            ..FolderLook::default()
        }),
        looked => looked.map_err(|error| denied::denied_instead(folder, false, error)),
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

fn look(folder: &Path, wanted: &Founding) -> Result<FolderLook, StoreError> {
    // A running writer has its rows committed before their anchor is written, so the anchor is read first.
    let anchor = anchor_of(folder)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Some((connection, content)) = folder::examine_folder(folder, flags)? else {
        return Ok(FolderLook::default());
    };
    let path = folder.join(FILE_NAME);
    migrate::refuse_newer(&connection, &path)?;
    let mut found = FolderLook {
        damage: damage_of(&connection),
        ..FolderLook::default()
    };
    let Content::Rows = content else {
        return Ok(found);
    };
    if found.damage.is_some() {
        // What else is found follows from the damage.
        return Ok(found);
    }
    let key = folder::load_key(folder)?;
    ends_fit(&connection, &path, &key)?;
    founding::admit(&connection, &path, &key, wanted)?;
    found.lost_row = match anchor {
        Some(anchor) => lost_row(&connection, anchor).context(&path, "anchor")?,
        None => None,
    };
    if migrate::stored_version(&connection).context(&path, "version")? == migrate::version() {
        found.unaccepted_restore =
            backup::unaccepted_restore(&connection).context(&path, "accepted losses")?;
        let known = known_devices(&connection, &path)?;
        // A start makes each till again from its snapshot and the rows after it, and refuses a row that does not fit.
        for (device, _) in &known.identities {
            snapshot::till_of(&connection, &path, &key, *device)?;
        }
        found.devices = Some(known);
    }
    Ok(found)
}

/// The anchor in force; `Some(None)` if another till has written it.
fn anchor_of(folder: &Path) -> Result<Option<Option<Anchor>>, StoreError> {
    let in_force = folder.join(anchor::FILE_NAME);
    let failed = |source| StoreError::Anchor {
        path: folder.to_owned(),
        source,
    };
    if !in_force.try_exists().map_err(failed)? {
        return Ok(None);
    }
    let Ok(key) = folder::load_key(folder) else {
        // The look at the files says that the key is missing.
        return Ok(None);
    };
    let anchors = anchor::found(folder, &key).map_err(failed)?;
    let found = anchors.into_iter().find(|(path, _)| *path == in_force);
    Ok(found.map(|(_, anchor)| anchor))
}

fn lost_row(
    connection: &Connection,
    anchor: Option<Anchor>,
) -> Result<Option<i64>, rusqlite::Error> {
    let Some(anchor) = anchor else {
        return Ok(Some(0));
    };
    let is_there = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM journal WHERE seq = ?1 AND mac = ?2)",
        rusqlite::params![anchor.seq, anchor.mac],
        |row| row.get(0),
    )?;
    Ok(match is_there {
        true => None,
        false => Some(anchor.seq),
    })
}

/// Compares the first and the last row of the journal with the key.
fn ends_fit(connection: &Connection, path: &Path, key: &ChainKey) -> Result<(), StoreError> {
    // SQLite finds each end by itself, and would read the whole journal for both in one question.
    let end = |query| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    let ends = end("SELECT min(seq) FROM journal").and_then(|first| {
        let last = end("SELECT max(seq) FROM journal")?;
        Ok([first, last])
    });
    for seq in ends.context(path, "ends of the journal")? {
        let row = founding::read_row(connection, seq).context(path, "ends of the journal")?;
        let broken = StoreError::ChainBroken { seq };
        let Some(row) = row else { return Err(broken) };
        if row.expected_mac(key, seq) != row.mac {
            return Err(broken);
        }
        Event::decode(row.kind, row.version, &row.payload)
            .map_err(|source| StoreError::Unreadable { seq, source })?;
    }
    Ok(())
}

fn known_devices(connection: &Connection, path: &Path) -> Result<KnownDevices, StoreError> {
    let (resources, unreadable) =
        resources::book(connection).context(path, "resources of callers")?;
    if let Some(error) = unreadable {
        return Err(error);
    }
    Ok(KnownDevices {
        identities: identity::identities(connection).context(path, "identity of a device")?,
        with_documents: devices::devices(connection).context(path, "devices")?,
        resources,
    })
}

/// What SQLite finds wrong with the pages of the database. A database that is not looked through in time counts as undamaged.
fn damage_of(connection: &Connection) -> Option<String> {
    let interrupt = connection.get_interrupt_handle();
    std::thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            if is_done.recv_timeout(LOOK_WAIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                interrupt.interrupt();
            }
        });
        let checked =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        drop(done);
        match checked {
            Ok(said) if said == "ok" => None,
            Ok(said) => Some(said.lines().last().unwrap_or_default().to_owned()),
            Err(error) => is_damage(&error).then(|| error.to_string()),
        }
    })
}

/// How long the pages of a database are looked through, so that a check of the till takes a few seconds at most.
const LOOK_WAIT: Duration = Duration::from_secs(2);
