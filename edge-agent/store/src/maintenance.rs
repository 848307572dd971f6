//! Makes checkpoints and anchors on a separate thread, so that no sale waits for them.
//!
//! A checkpoint copies committed rows from the write-ahead log into the database. It writes many pages and syncs the database;
//! if a commit did that, its sale would wait tens of milliseconds. So the writer only signals to the thread that the log has
//! grown, and goes on.
//!
//! The writer begins the log again from its start once all of it is copied; a log that does not grow is synced without the file
//! system's own journal, which halves the flushes of a sale. So a checkpoint that commits have overtaken is repeated after a second.
//!
//! While a writer never pauses, the thread cannot copy the log to its end. So the writer makes a checkpoint itself when the log
//! has [`PAGES_MAX`] pages. Only a few pages are left to copy then, and the log is written from its start again, so that its
//! size is limited.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::BUSY_TIMEOUT;
use super::anchor::Anchor;
use super::chain::ChainKey;

/// The estimated number of pages in the log after which the thread makes a checkpoint: 4 MiB, which is SQLite's own default.
pub(super) const PAGES_WANTED: u32 = 1_000;
/// The number of pages in the log after which the writer makes the checkpoint itself: 32 MiB.
pub(super) const PAGES_MAX: u32 = 8_000;

/// The estimated number of pages that every commit writes: the ends of tables and indexes, and the clock.
const PAGES_OF_COMMIT: u32 = 5;
/// The estimated number of further pages for each journal row: its place in the journal, its request id, and its document.
const PAGES_OF_ROW: u32 = 2;

/// A task for the maintenance thread.
#[derive(Debug)]
enum MaintenanceTask {
    Checkpoint,
    Anchor(Anchor),
}

/// The largest number of tasks that wait for the thread. If there is no room for a task, a later commit requests it again.
const WAITING_MAX: usize = 4;

/// How long the thread waits before it makes a checkpoint again that commits have overtaken.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Writes anchors, one at a time, and never an older one over a newer one.
#[derive(Clone, Debug)]
pub(super) struct AnchorWriter {
    folder: PathBuf,
    key: ChainKey,
    last: Arc<Mutex<i64>>,
}

impl AnchorWriter {
    pub(super) fn new(folder: &Path, key: &ChainKey) -> Self {
        Self {
            folder: folder.to_owned(),
            key: key.clone(),
            last: Arc::default(),
        }
    }

    /// Writes the anchor. Returns true if this anchor or a newer one is durable.
    pub(super) fn write(&self, anchor: Anchor) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if anchor.seq <= *last {
            return true;
        }
        match anchor.write(&self.folder, &self.key) {
            Ok(()) => *last = anchor.seq,
            Err(error) => {
                tracing::warn!("the journal's anchor cannot be written: {error}; check the disk");
            }
        }
        anchor.seq <= *last
    }
}

/// The maintenance thread, and how much the log has grown since the thread was last signalled.
#[derive(Debug)]
pub(super) struct Maintenance {
    tasks: Option<SyncSender<MaintenanceTask>>,
    thread: Option<JoinHandle<()>>,
    pages: u32,
}

impl Maintenance {
    /// Starts the thread. It opens the database for its first checkpoint, so that a start does not wait for it.
    pub(super) fn start(path: &Path, anchor_writer: AnchorWriter) -> io::Result<Self> {
        let (tasks, received) = sync_channel(WAITING_MAX);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("maintenance".to_owned())
            .spawn(move || run(&path, &anchor_writer, &received))?;
        Ok(Self {
            tasks: Some(tasks),
            thread: Some(thread),
            pages: 0,
        })
    }

    /// A commit that has written something has added this many rows to the journal. Requests a checkpoint if the log has grown enough.
    pub(super) fn committed(&mut self, rows: i64) {
        let rows = u32::try_from(rows).unwrap_or(0);
        self.pages = self
            .pages
            .saturating_add(PAGES_OF_COMMIT)
            .saturating_add(rows.saturating_mul(PAGES_OF_ROW));
        if self.pages >= PAGES_WANTED {
            self.pages = 0;
            self.ask(MaintenanceTask::Checkpoint);
        }
    }

    /// How much the log has grown since the thread was last signalled, in estimated pages.
    #[cfg(test)]
    pub(super) const fn pages(&self) -> u32 {
        self.pages
    }

    /// Requests an anchor. Returns false if the thread has no room for another task.
    pub(super) fn anchor(&self, anchor: Anchor) -> bool {
        self.ask(MaintenanceTask::Anchor(anchor))
    }

    fn ask(&self, task: MaintenanceTask) -> bool {
        self.tasks
            .as_ref()
            .is_some_and(|tasks| tasks.try_send(task).is_ok())
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        // The thread does the tasks that wait, and ends.
        self.tasks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the maintenance thread of the store ended with a panic");
        }
    }
}

fn run(path: &Path, anchor_writer: &AnchorWriter, tasks: &Receiver<MaintenanceTask>) {
    let mut connection = None;
    let mut is_overtaken = false;
    loop {
        let task = match is_overtaken {
            true => tasks.recv_timeout(AGAIN_AFTER),
            false => tasks.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match task {
            Ok(MaintenanceTask::Anchor(anchor)) => {
                anchor_writer.write(anchor);
                continue;
            }
            Ok(MaintenanceTask::Checkpoint) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let outcome = match &connection {
            Some(connection) => checkpoint(connection),
            None => open(path).and_then(|opened| checkpoint(connection.insert(opened))),
        };
        is_overtaken = match outcome {
            Ok(is_overtaken) => is_overtaken,
            Err(error) => {
                // No data is lost: the log is as durable as the database, and the writer makes a checkpoint later.
                tracing::warn!("a checkpoint of the database failed: {error}; check the disk");
                connection = None;
                false
            }
        };
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    // A database that was removed meanwhile is not created again.
    let flags = OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The writer has synced the log; this setting syncs the database.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Copies as much of the log as possible without making a reader or the writer wait. Returns true if a part is left: a reader still
/// needs it, or commits have added it meanwhile.
fn checkpoint(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let before = commits_of_others(connection)?;
    checkpoint_since(connection, before)
}

/// The same, where commits after the moment `before` count as added meanwhile. SQLite itself tells only how long the log was when the
/// checkpoint began.
fn checkpoint_since(connection: &Connection, before: i64) -> Result<bool, rusqlite::Error> {
    let is_held_up = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (in_log, copied): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(copied < in_log)
    })?;
    Ok(is_held_up || commits_of_others(connection)? != before)
}

/// A number that is another one after each commit of another connection.
fn commits_of_others(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_that_commits_have_overtaken_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        let commit = || writer.execute_batch("INSERT INTO row VALUES (1)").unwrap();
        writer.execute_batch("CREATE TABLE row (number)").unwrap();
        let ours = open(&path).unwrap();

        let before = commits_of_others(&ours).unwrap();
        commit();
        assert!(checkpoint_since(&ours, before).unwrap());
        assert!(
            !checkpoint(&ours).unwrap(),
            "nothing was committed meanwhile"
        );

        // A reader that needs a part of the log holds the checkpoint up.
        let reader = Connection::open(&path).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM row")
            .unwrap();
        commit();
        commit();
        assert!(checkpoint(&ours).unwrap());
        reader.execute_batch("COMMIT").unwrap();
        assert!(!checkpoint(&ours).unwrap());
    }
}
