//! The store: the hash-chained journal, the tables that follow from it, and the outbox. Only this crate contains SQL.
//!
//! One [`Store`] writes, from one thread; any number of [`Reader`]s read at the same time.
//! A caller gets a positive answer only after COMMIT. After an error at COMMIT the outcome is unknown, and the head is read again.

// A panic ends the process and with it every till. So no arithmetic may overflow, and no index may lie outside.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod anchor;
mod backup;
mod card_operation;
mod chain;
mod channel;
mod clock;
mod contact;
mod counted;
mod counters;
mod delivery;
mod denied;
mod devices;
mod ended_calls;
mod ereceipt;
mod ereceipt_rows;
mod figures;
mod folder;
mod founding;
mod frozen;
mod hub_rows;
mod identity;
mod journal;
mod laid_aside;
mod maintenance;
mod marks;
mod migrate;
mod operator;
mod outbox;
mod owner;
mod pages;
mod people;
mod private;
mod projection;
mod protocol_backup;
mod protocol_backup_rows;
mod provider_payment;
mod provider_payment_rows;
mod publication;
mod query;
mod ranges;
mod reconcile;
mod registration;
mod registration_rows;
mod replay;
mod resources;
mod rows;
mod signed;
mod snapshot;
mod start;
#[cfg(test)]
mod tests;
mod used_numbers;
pub mod verify;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

pub use backup::{
    COPIED_FILES, CopiedHead, DevicePosition, HUB_PLACE_FILE, PrinterPosition, copy_folder,
    is_copied,
};
pub use card_operation::{CardOperation, CardOperationState};
pub use chain::{ChainKey, Mac};
pub use channel::{DeliveryChannel, DeliveryEnd, DueDeliveries, ReceiptDelivery, WaitingDelivery};
pub use clock::{StoredClock, StoredPrinterClock};
pub use contact::BuyerContact;
pub use counters::ExpectedReceipts;
pub use ended_calls::{ENDED_CALLS_MAX, EndedCall, EndedCalls, EndedCallsFound};
pub use ereceipt::{
    EReceiptChange, EReceiptOutcome, HOSPITALITY_CHANGES_MAX, Hospitality, LookPart, MEDIA_MAX,
    SECTIONS_MAX, UploadedPage, UploadedReceipt,
};
pub use figures::StoreFigures;
pub use folder::{is_in_use, set_lost_journal_aside};
pub use founding::{FolderPurpose, Founding};
pub use frozen::{Freeze, FrozenRequest, SealedDocument};
pub use hub_rows::{HubRow, RestoredRow, SealedRow};
pub use journal::{Appended, Batch, Store};
pub use laid_aside::{AsideDocument, AsideNote, WaitingDocument};
pub use operator::OperatorDeclaration;
pub use outbox::{DeliveryState, OutboxEntry, RefusedEntry};
pub use owner::{files_of_others, give_path_to_owner, give_to_owner, owner_of, remedy, this_user};
pub use pages::Page;
pub use people::StoredAct;
pub use private::folder_is_private;
pub use protocol_backup_rows::ProtocolBackup;
pub use provider_payment::ProviderPaymentState;
pub use provider_payment_rows::{ProviderPayment, ProviderSource, SeenPayment};
pub use query::{OpenShift, Reader, UnsentCount};
pub use reconcile::{ReconciliationCount, ReconciliationFigure, ZReconciliation};
pub use registration::RegistrationState;
pub use registration_rows::{Registration, StoredAnswer, UnitOutage};
pub use resources::{CONFIGURED_DETAILS, ResourceBook, StoredResource};
pub use rows::{DeviceIdentity, DocumentRow, RequestState, StoredDocument};
pub use signed::{SignedPage, SignedReceipt};
pub use start::{FolderLook, KnownDevices, look_at_folder};
pub use used_numbers::{RepeatedNumber, UsedNumber};

/// A secret key that follows from the key of a data folder, for a purpose beside the journal. A backup has it with the folder.
///
/// # Errors
///
/// [`StoreError::Key`], [`StoreError::FileMissing`].
pub fn derived_key(folder: &Path, purpose: &str) -> Result<[u8; 32], StoreError> {
    let key = folder::load_key(folder)?;
    Ok(key.proof(format!("ferrotill derived key: {purpose}").as_bytes()))
}

/// Why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite reports an error.
    #[error("the database {path} could not be used ({context}); check the disk and its free space")]
    Database {
        /// The operation on the database that failed.
        context: &'static str,
        /// The path of the database file.
        path: PathBuf,
        /// The error that SQLite reported.
        #[source]
        source: rusqlite::Error,
    },
    /// The database could not be brought to the version of this program.
    #[error(
        "the database {path} could not be brought to this version; check the disk and its free space"
    )]
    Migration {
        /// The path of the database file.
        path: PathBuf,
        /// The error of the migration.
        #[source]
        source: rusqlite_migration::Error,
    },
    /// A newer program has written the database.
    #[error(
        "the database {path} has version {found}, and this program reads version {expected} at most; use {program}"
    )]
    Newer {
        /// The path of the database file.
        path: PathBuf,
        /// The version of the database.
        found: i64,
        /// The version of this program's tables.
        expected: i64,
        /// The oldest program that reads the database.
        program: String,
    },
    /// The data folder is for another country, currency or mode than the configuration.
    #[error(
        "the data folder of {path} is for {found}, and the configuration says {configured}; put the configuration back, or give this till a data folder of its own (till.data_dir)"
    )]
    FoundedOtherwise {
        /// The path of the database file.
        path: PathBuf,
        /// What the data folder is for.
        found: Box<FolderPurpose>,
        /// What the configuration says.
        configured: Box<FolderPurpose>,
    },
    /// An older program wrote the data folder, and what it is for does not follow from the configuration alone.
    #[error(
        "the data folder of {path} was written by an older program that did not store what it is for, and documents depend on it ({waiting} wait to be sent, {outstanding} are outstanding); if it is for {configured}, confirm it once with `ferrotill run --take-over`; if not, correct the configuration first"
    )]
    Unconfirmed {
        /// The path of the database file.
        path: PathBuf,
        /// What the configuration says.
        configured: Box<FolderPurpose>,
        /// The number of documents that wait to be sent.
        waiting: u32,
        /// The number of outstanding documents.
        outstanding: u32,
    },
    /// The database has another version. Only the service migrates a database; a program that only reads it does not.
    #[error(
        "the database {path} has version {found}, and this program reads version {expected}; start the till once with this program, or use the program that runs the till"
    )]
    Version {
        /// The path of the database file.
        path: PathBuf,
        /// The version of the database.
        found: i64,
        /// The version that this program reads.
        expected: i64,
    },
    /// A journal row does not fit the chain.
    #[error(
        "journal row {seq} does not fit the chain: it was changed, removed or added by somebody else; restore a backup and call the service"
    )]
    ChainBroken {
        /// The number of the journal row.
        seq: i64,
    },
    /// A journal row cannot be decoded.
    #[error("journal row {seq} cannot be read")]
    Unreadable {
        /// The number of the journal row.
        seq: i64,
        /// The error of the decoder.
        #[source]
        source: ferrotill_core::event::EventError,
    },
    /// A file of the data folder is missing or empty, although other files show that it existed.
    #[error(
        "{path} {lack}, but {evidence}; put it back from the backup, or, if there is none, begin new books with `ferrotill run --new-books`"
    )]
    FileMissing {
        /// The path of the missing or empty file.
        path: PathBuf,
        /// What is wrong with the file, for example "is missing".
        lack: &'static str,
        /// What shows that the file existed, for example "journal.key is there".
        evidence: &'static str,
    },
    /// The data folder has its journal, so no new one is made.
    #[error(
        "{path} has its journal, and `--new-books` is only for a data folder whose database or key is lost; start without it"
    )]
    NotLost {
        /// The path of the database file.
        path: PathBuf,
    },
    /// The system denies this user a file of the data folder.
    #[error("{path}: the user {user} may not use this file, which belongs to {owner}; {remedy}", path = .path.display())]
    Denied {
        /// The path of the file.
        path: PathBuf,
        /// Owner and group of the file.
        owner: String,
        /// The user that this program runs as.
        user: String,
        /// What to do.
        remedy: String,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The data folder could not be read.
    #[error("the data folder {path} could not be read; check its permissions")]
    Folder {
        /// The path of the data folder.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The key file could not be read or created.
    #[error(
        "the journal's key {path} could not be read or created; check the folder's permissions"
    )]
    Key {
        /// The path of the key file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The anchor file could not be read.
    #[error("the journal's anchor in {path} could not be read; check the folder's permissions")]
    Anchor {
        /// The path of the data folder.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The maintenance thread could not be created.
    #[error(
        "the system cannot create the maintenance thread of the store; check its limit of threads"
    )]
    Thread {
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The snapshot of a till cannot be encoded.
    #[error("the snapshot of the till cannot be written; report this as a defect")]
    Snapshot,
    /// The configuration contradicts the journal.
    #[error(
        "the configuration of device {device} contradicts the journal: {refusal}; a used number range may become longer, but its first number must not change"
    )]
    Configuration {
        /// The id of the device.
        device: uuid::Uuid,
        /// The rule that the configuration breaks.
        refusal: ferrotill_core::Refusal,
    },
    /// The till accepted a number when it reserved a document and refused it when it sealed the document, which is a defect of
    /// the program.
    #[error("the next number of the alternative receipts could not be taken ({found})")]
    Number {
        /// A description of the event that was found instead.
        found: String,
    },
    /// The printer has closed its day by itself, and the till cannot close its shift.
    #[error("the printer's own Z-report cannot be entered into the journal ({refusal})")]
    NotBooked {
        /// The rule that forbids closing the shift.
        refusal: ferrotill_core::Refusal,
    },
    /// The decision on an order returned an event that does not reserve a document.
    #[error("journal row {seq} reserves no document; report this as a defect")]
    NoDocument {
        /// The number of the journal row.
        seq: i64,
    },
    /// The encoded event is larger than its buffer.
    #[error("the document is too large for the journal")]
    TooLarge,
}

/// An error of the store in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreTrouble {
    /// The file that is concerned; `None` if the error concerns no file.
    pub path: Option<PathBuf>,
    /// Why the store could not be used. The text has no path.
    pub why: String,
    /// One thing that a person can do.
    pub fix: &'static str,
}

impl StoreError {
    /// True if the disk has no room for what was to be written.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Database { source, .. } => {
                source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            _ => false,
        }
    }

    /// The error in words, without a path in the text, so that the text may be shown to callers.
    #[must_use]
    pub fn in_words(&self) -> StoreTrouble {
        let Self::Database { path, source, .. } = self else {
            return StoreTrouble {
                path: None,
                why: "the journal and its tables contradict each other".to_owned(),
                fix: "run `ferrotill verify`, which names the rows in question",
            };
        };
        let (why, fix) = match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => ("the disk is full", "free some space on it"),
            Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::PermissionDenied) => (
                "the disk or the file can only be read",
                "make the disk and the file writable",
            ),
            Some(rusqlite::ErrorCode::SystemIoFailure) => {
                ("the disk reports an error", "check the disk")
            }
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => (
                "another program has locked the database",
                "end the other program",
            ),
            _ => (
                "the database reports an error",
                "check the disk and its free space",
            ),
        };
        StoreTrouble {
            path: Some(path.clone()),
            why: why.to_owned(),
            fix,
        }
    }
}

/// Adds the operation and the path to an error of the database.
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

/// The page cache of the writer, in KiB. A sale changes about twenty pages of 4 KiB; what it reads beside them, the operating
/// system caches. SQLite's own default of 2,000 KiB fills with pages that no later sale needs.
const WRITER_CACHE_KIB: i64 = 256;
/// The number of pages above which a transaction writes changed pages before its commit. It is higher than the cache, so that a
/// group of sales writes each page once; an upgrade of the tables stays below 8 MiB.
const SPILL_PAGES: i64 = 2_000;

/// SQLite looks at the values of some parameters (of `LIMIT`, and of columns with a condition in an index) to plan a statement, and then
/// prepares the statement again for each new value. With this setting a statement is prepared once.
fn plan_without_values(connection: &Connection) -> Result<(), rusqlite::Error> {
    let stable_plans = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    connection.set_db_config(stable_plans, true).map(drop)
}

/// The settings of the writer's connection.
fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: every commit syncs the log, so that a commit that was answered survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "cache_spill", SPILL_PAGES)?;
    connection.set_prepared_statement_cache_capacity(64);
    use rusqlite::config::DbConfig;
    plan_without_values(connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    Ok(())
}
