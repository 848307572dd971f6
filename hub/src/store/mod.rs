//! The only SQL: what the hub keeps in PostgreSQL.

mod database_tls;
mod documents;
mod enrolment;
mod health;
mod ingest;
mod migrate;
mod months;
mod overview;
mod people;
mod pool;
mod position;

use std::sync::Arc;

pub use documents::{Exported, Selection, export};
pub use enrolment::{CodeState, KnownCertificate};
pub use ingest::Stored;
pub use migrate::{MigrateError, STEPS};
pub use overview::{RefusedBatch, TillHealth, TillSummary, ZDay};
pub use people::{Person, SessionRow};
pub use pool::{Lease, Pool};

use months::Months;

/// The database of the hub.
#[derive(Debug)]
pub struct Store {
    pool: Arc<Pool>,
    months: Months,
}

/// Why the database has not done what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or has refused a statement.
    #[error("the database: {}", describe(.0))]
    Database(#[from] tokio_postgres::Error),
    /// No connection became free in time.
    #[error("all connections to the database were in use for too long")]
    NoConnection,
    /// The database does not answer to a new connection.
    #[error("the database does not take a connection in time")]
    NoAnswer,
    /// What the tables have contradicts itself.
    #[error("the tables contradict themselves: {0}")]
    Inconsistent(&'static str),
}

/// The message of the database itself, where it has sent one.
fn describe(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || {
            let source = std::error::Error::source(error);
            source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
        },
        |error| format!("{} ({})", error.message(), error.code().code()),
    )
}

impl Store {
    /// The store behind a pool of connections.
    #[must_use]
    pub fn new(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            months: Months::default(),
        }
    }

    /// The pool of connections.
    #[must_use]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        lease.client().simple_query("SELECT 1").await?;
        lease.done();
        Ok(())
    }
}

/// An unsigned number as the tables have it. Messages have no number that does not fit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of a table as it was before.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(crate) fn signed_epoch(epoch: u32) -> i32 {
    i32::try_from(epoch).unwrap_or(i32::MAX)
}

pub(crate) fn unsigned_epoch(epoch: i32) -> u32 {
    u32::try_from(epoch).unwrap_or_default()
}
