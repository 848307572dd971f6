//! What the books need and no sale waits for, on a thread beside the writer: checkpoints and anchors.
//!
//! A checkpoint moves what was committed from the log into the database.
//! It writes many pages and syncs the database; inside a commit that is tens of milliseconds that a sale would wait for
//! (spec/engineering.md, Storage). So the writer only rings a bell once its log has grown, and goes on. Where it never pauses, so that
//! no checkpoint beside it can ever reach the log's end, it makes one itself at [`PAGES_MAX`]; little is left to do then, and the log
//! begins anew. A log that pauses do not reach is therefore bounded, and one that has grown is written again from its start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

use super::BUSY_TIMEOUT;
use super::anchor::Anchor;
use super::chain::ChainKey;

/// Pages of the log, as far as they can be told, after which a checkpoint is wanted: 4 MiB, as SQLite has it by itself.
pub(super) const PAGES_WANTED: u32 = 1_000;
/// Pages of the log after which the writer makes the checkpoint itself: 32 MiB.
pub(super) const PAGES_MAX: u32 = 8_000;

/// Pages that a commit writes whatever it holds: ends of tables and indexes, and the clock.
const PAGES_OF_COMMIT: u32 = 5;
/// Pages that a row of the journal adds to those: its place in the journal, its request id, its document.
const PAGES_OF_ROW: u32 = 2;

/// What the thread is asked for.
#[derive(Debug)]
enum Work {
    Checkpoint,
    Anchor(Anchor),
}

/// What waits for the thread at most; what finds no room is asked for again with a later commit.
const WAITING_MAX: usize = 4;

/// Writes anchors, one at a time, and never an older one over a newer one.
#[derive(Clone, Debug)]
pub(super) struct Anchorage {
    folder: PathBuf,
    key: ChainKey,
    last: Arc<Mutex<i64>>,
}

impl Anchorage {
    pub(super) fn new(folder: &Path, key: &ChainKey) -> Self {
        Self {
            folder: folder.to_owned(),
            key: key.clone(),
            last: Arc::default(),
        }
    }

    /// True once the anchor, or a newer one, is durable.
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

/// The thread, and how much the log has grown since it was last woken.
#[derive(Debug)]
pub(super) struct Beside {
    work: Option<SyncSender<Work>>,
    thread: Option<JoinHandle<()>>,
    pages: u32,
}

impl Beside {
    /// Starts the thread. It opens the database when it is first woken: a start does not wait for it.
    pub(super) fn start(path: &Path, anchorage: Anchorage) -> io::Result<Self> {
        let (work, asked) = sync_channel(WAITING_MAX);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("books".to_owned())
            .spawn(move || run(&path, &anchorage, &asked))?;
        Ok(Self {
            work: Some(work),
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
            self.ask(Work::Checkpoint);
        }
    }

    /// An anchor is to be written. False if the thread has too much to do.
    pub(super) fn anchor(&self, anchor: Anchor) -> bool {
        self.ask(Work::Anchor(anchor))
    }

    fn ask(&self, work: Work) -> bool {
        self.work
            .as_ref()
            .is_some_and(|asked| asked.try_send(work).is_ok())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // What was asked for is still done.
        self.work = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread beside the writer ended with a panic");
        }
    }
}

fn run(path: &Path, anchorage: &Anchorage, asked: &Receiver<Work>) {
    let mut connection = None;
    while let Ok(work) = asked.recv() {
        let outcome = match (work, &connection) {
            (Work::Anchor(anchor), _) => {
                anchorage.write(anchor);
                continue;
            }
            (Work::Checkpoint, Some(connection)) => checkpoint(connection),
            (Work::Checkpoint, None) => {
                open(path).and_then(|opened| checkpoint(connection.insert(opened)))
            }
        };
        if let Err(error) = outcome {
            // The writer's own checkpoint comes later, and what is in the log is as durable as what is in the database.
            tracing::warn!("a checkpoint of the books failed: {error}; check the disk");
            connection = None;
        }
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    // A database that was removed meanwhile is not made anew.
    let flags = OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The writer has synced its log; this is for the database.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// As much as can be done without making anybody wait.
fn checkpoint(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
