//! The books on disk: the hash-chained journal, its projections and the outbox. The only SQL of the agent.
//!
//! One [`Store`] writes, from one thread; any number of [`Reader`]s read beside it.
//! What is acknowledged to a caller was committed before: an error at commit means *unknown*, and the head is read again.

mod anchor;
mod chain;
mod clock;
mod counters;
mod folder;
mod journal;
mod maintenance;
mod migrate;
mod operator;
mod outbox;
mod projection;
mod query;
mod reconcile;
mod replay;
mod rows;
#[cfg(test)]
mod tests;
pub mod verify;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

pub use chain::{ChainKey, Mac};
pub use clock::StoredClock;
pub use folder::is_in_use;
pub use journal::{Appended, Batch, Store};
pub use operator::OperatorDeclaration;
pub use outbox::{DeliveryState, OutboxEntry};
pub use query::{Page, Reader, UnsentCount};
pub use reconcile::{ReconciliationCount, ReconciliationFigure, ZReconciliation};
pub use rows::{DocumentRow, RequestState, StoredDocument};

/// Why the books could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the database {path} could not be used ({context}); check the disk and its free space")]
    Database {
        /// What was being done.
        context: &'static str,
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        #[source]
        source: rusqlite::Error,
    },
    /// The file was written by a newer program.
    #[error(
        "the database {path} could not be brought to this version; use the newer program that wrote it"
    )]
    Migration {
        /// The file.
        path: PathBuf,
        /// The migration's own words.
        #[source]
        source: rusqlite_migration::Error,
    },
    /// The file is of another version, and whoever only reads brings it to none.
    #[error(
        "the database {path} has version {found}, and this program reads version {expected}; use the program that runs the till, after it was started once"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        expected: i64,
    },
    /// A row does not fit the chain.
    #[error(
        "journal row {seq} does not fit the chain: it was changed, removed or put there by somebody else; restore a backup and call the service"
    )]
    ChainBroken {
        /// The row.
        seq: i64,
    },
    /// A row does not decode.
    #[error("journal row {seq} cannot be read")]
    Unreadable {
        /// The row.
        seq: i64,
        /// Why.
        #[source]
        source: ferrotill_core::event::EventError,
    },
    /// A file of the data folder is missing or has lost its content, and others that belong to it are there.
    #[error("{path} {lack}, but {beside}; put it back from the backup")]
    FileMissing {
        /// The file.
        path: PathBuf,
        /// What is wrong with it: "is missing".
        lack: &'static str,
        /// What shows that it was there: "journal.key is there".
        beside: &'static str,
    },
    /// The data folder.
    #[error("the data folder {path} could not be read; check its permissions")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// The key of the chain.
    #[error("the journal's key {path} could not be read or made; check the folder's permissions")]
    Key {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// The anchor.
    #[error("the journal's anchor in {path} could not be read; check the folder's permissions")]
    Anchor {
        /// The folder.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// The maintenance thread.
    #[error("the system cannot make the thread that makes checkpoints and anchors")]
    Thread {
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// A snapshot that does not decode.
    #[error(
        "the snapshot of the till cannot be read; it can be deleted, and is then made again from the journal"
    )]
    Snapshot,
    /// The configuration contradicts what is in the books.
    #[error(
        "the configuration of device {device} contradicts the books: {refusal}; a number range that was used may grow, but not move"
    )]
    Configuration {
        /// The device.
        device: uuid::Uuid,
        /// The till's words.
        refusal: ferrotill_core::Refusal,
    },
    /// A number that was free a moment ago is not.
    #[error("the next number of the alternative receipts could not be taken ({found})")]
    Number {
        /// What was found.
        found: String,
    },
    /// The printer has closed its day, and the shift cannot be closed with it.
    #[error("the printer's own Z-report cannot be booked ({refusal})")]
    NotBooked {
        /// Why not.
        refusal: ferrotill_core::Refusal,
    },
    /// The decision on an order made an event that reserves no document.
    #[error("journal row {seq} reserves no document; report this as a defect")]
    NoDocument {
        /// The row.
        seq: i64,
    },
    /// The event does not fit the room.
    #[error("the document is too large for the journal")]
    TooLarge,
}

/// Names what was being done, and where, in an error of the database.
trait Context<T> {
    fn context(self, path: &Path, context: &'static str) -> Result<T, StoreError>;
}

impl<T> Context<T> for Result<T, rusqlite::Error> {
    fn context(self, path: &Path, context: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Database {
            context,
            path: path.to_owned(),
            source,
        })
    }
}

/// The database's file name inside the data folder.
pub const FILE_NAME: &str = "ferrotill.db";

/// How long a reader waits for a lock. The writer never meets one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings of every connection.
fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a commit that was answered survives a power cut (spec/engineering.md, Storage).
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    use rusqlite::config::DbConfig;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    Ok(())
}
