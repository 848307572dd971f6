//! Checkpoints beside the writer: what was committed moves from the log into the database on a thread of its own.
//!
//! A checkpoint writes many pages and syncs the database; inside a commit that is tens of milliseconds that a sale would wait for
//! (spec/engineering.md, Storage). So the writer only rings a bell once its log has grown, and goes on. Where it never pauses, so that
//! no checkpoint beside it can ever reach the log's end, it makes one itself at [`PAGES_MAX`]; little is left to do then, and the log
//! begins anew. A log that pauses do not reach is therefore bounded, and one that has grown is written again from its start.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::BUSY_TIMEOUT;

/// Pages of the log, as far as they can be told, after which a checkpoint is wanted: 4 MiB, as SQLite has it by itself.
pub(super) const PAGES_WANTED: u32 = 1_000;
/// Pages of the log after which the writer makes the checkpoint itself: 32 MiB.
pub(super) const PAGES_MAX: u32 = 8_000;

/// Pages that a commit writes whatever it holds: ends of tables and indexes, and the clock.
const PAGES_OF_COMMIT: u32 = 5;
/// Pages that a row of the journal adds to those: its place in the journal, its request id, its document.
const PAGES_OF_ROW: u32 = 2;

/// The thread, and how much the log has grown since it was last woken.
#[derive(Debug)]
pub(super) struct Checkpoints {
    bell: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    pages: u32,
}

impl Checkpoints {
    /// Starts the thread. It opens the database when it is first woken: a start does not wait for it.
    pub(super) fn start(path: &Path) -> io::Result<Self> {
        let (bell, woken) = sync_channel(1);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || work(&path, &woken))?;
        Ok(Self {
            bell: Some(bell),
            thread: Some(thread),
            pages: 0,
        })
    }

    /// A commit has made the log grow by so many rows of the journal.
    pub(super) fn committed(&mut self, rows: i64) {
        let rows = u32::try_from(rows).unwrap_or(0);
        self.pages = self
            .pages
            .saturating_add(PAGES_OF_COMMIT)
            .saturating_add(rows.saturating_mul(PAGES_OF_ROW));
        if self.pages >= PAGES_WANTED {
            self.pages = 0;
            // A thread that is at it already is not woken twice; the next commits ring again.
            let _ = self.bell.as_ref().map(|bell| bell.try_send(()));
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.bell = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the checkpoints ended with a panic");
        }
    }
}

fn work(path: &Path, woken: &Receiver<()>) {
    let mut connection = None;
    while woken.recv().is_ok() {
        let outcome = match &connection {
            Some(connection) => checkpoint(connection),
            None => open(path).and_then(|opened| checkpoint(connection.insert(opened))),
        };
        if let Err(error) = outcome {
            // The writer's own checkpoint comes later, and what is in the log is as durable as what is in the database.
            tracing::warn!("a checkpoint of the books failed: {error}; check the disk");
            connection = None;
        }
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The writer has synced its log; this is for the database.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// As much as can be done without making anybody wait.
fn checkpoint(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
