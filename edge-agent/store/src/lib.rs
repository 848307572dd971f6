//! The store: the hash-chained journal, the tables that follow from it, and the outbox. The only SQL of the agent.
//!
//! One [`Store`] writes, from one thread; any number of [`Reader`]s read at the same time.
//! A caller gets a positive answer only after COMMIT. After an error at COMMIT the outcome is unknown, and the head is read again.

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

/// Why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite reports an error.
    #[error("the database {path} could not be used ({context}); check the disk and its free space")]
    Database {
        /// What was being done.
        context: &'static str,
        /// The file.
        path: PathBuf,
        /// SQLite's own error.
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
        /// The migration's own error.
        #[source]
        source: rusqlite_migration::Error,
    },
    /// The file has another version. Only the service migrates; a program that only reads does not.
    #[error(
        "the database {path} has version {found}, and this program reads version {expected}; start the till once with this program, or use the program that runs the till"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version of this program.
        expected: i64,
    },
    /// A row does not fit the chain.
    #[error(
        "journal row {seq} does not fit the chain: it was changed, removed or added by somebody else; restore a backup and call the service"
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
    #[error("{path} {lack}, but {evidence}; put it back from the backup")]
    FileMissing {
        /// The file.
        path: PathBuf,
        /// What is wrong with it: "is missing".
        lack: &'static str,
        /// What shows that it was there: "journal.key is there".
        evidence: &'static str,
    },
    /// The data folder.
    #[error("the data folder {path} could not be read; check its permissions")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's own error.
        #[source]
        source: std::io::Error,
    },
    /// The key file.
    #[error(
        "the journal's key {path} could not be read or created; check the folder's permissions"
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// The system's own error.
        #[source]
        source: std::io::Error,
    },
    /// The anchor file.
    #[error("the journal's anchor in {path} could not be read; check the folder's permissions")]
    Anchor {
        /// The folder.
        path: PathBuf,
        /// The system's own error.
        #[source]
        source: std::io::Error,
    },
    /// The maintenance thread.
    #[error(
        "the system cannot create the maintenance thread of the store; check its limit of threads"
    )]
    Thread {
        /// The system's own error.
        #[source]
        source: std::io::Error,
    },
    /// A snapshot that does not decode.
    #[error(
        "the snapshot of the till cannot be read; delete it, and the till is made again from the journal"
    )]
    Snapshot,
    /// The configuration contradicts the journal.
    #[error(
        "the configuration of device {device} contradicts the journal: {refusal}; a number range that was used may grow, but not move"
    )]
    Configuration {
        /// The device.
        device: uuid::Uuid,
        /// The rule that it breaks.
        refusal: ferrotill_core::Refusal,
    },
    /// A number was admitted for a document and is refused at its seal: a defect.
    #[error("the next number of the alternative receipts could not be taken ({found})")]
    Number {
        /// What was found.
        found: String,
    },
    /// The printer has closed its day on its own, and the till cannot close its shift.
    #[error("the printer's own Z-report cannot be entered into the journal ({refusal})")]
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
    /// The encoded event is larger than its buffer.
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

/// How long a connection waits for a lock. In WAL mode readers and the writer do not block each other.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings of the writer's connection.
fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: every commit syncs the log, so that a commit that was answered survives a power cut.
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
