//! The steps to this program's tables. `hub/migrations/schema.sql` is the sum of all steps.

use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;

use super::{Store, StoreError};

/// The steps in their order: number, name and SQL. A released step is never changed.
pub const STEPS: &[(i32, &str, &str)] =
    &[(1, "tills", include_str!("../../migrations/01-tills.sql"))];

/// Why the tables cannot be brought to this program's form.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database has failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A newer program has worked on this database.
    #[error(
        "the database has step {found}, and this program knows {known} steps: a newer hub has worked on it; install that version"
    )]
    Newer {
        /// The step of the database.
        found: i32,
        /// The last step of this program.
        known: i32,
    },
    /// A step has other contents than the database was made with.
    #[error("the database was made with another step {step} than this program has")]
    Changed {
        /// The step.
        step: i32,
    },
    /// Steps are missing.
    #[error("the database has {found} of {known} steps; type: ferrotill-hub migrate --config FILE")]
    Behind {
        /// The steps of the database.
        found: usize,
        /// The steps of this program.
        known: usize,
    },
}

impl Store {
    /// Carries out the missing steps, each in one transaction. Of several processes one does it and the others wait. Returns the
    /// steps that were carried out.
    ///
    /// # Errors
    /// If the database is newer than this program, or fails.
    pub async fn migrate(&self) -> Result<Vec<i32>, MigrateError> {
        let lease = self.pool.lease().await?;
        let client = lease.client();
        let mut done = Vec::new();
        loop {
            client
                .batch_execute("BEGIN")
                .await
                .map_err(StoreError::from)?;
            let locked = client
                .batch_execute(LOCK_AND_TABLE)
                .await
                .map_err(StoreError::from);
            locked?;
            let carried_out = carried_out(client).await?;
            check(&carried_out)?;
            let Some((step, name, sql)) = STEPS.get(carried_out.len()) else {
                client
                    .batch_execute("COMMIT")
                    .await
                    .map_err(StoreError::from)?;
                lease.done();
                return Ok(done);
            };
            let work = async {
                client.batch_execute(sql).await?;
                client
                    .execute(
                        "INSERT INTO migration (step, name, sha256) VALUES ($1, $2, $3)",
                        &[step, name, &digest(sql)],
                    )
                    .await?;
                client.batch_execute("COMMIT").await
            };
            work.await.map_err(StoreError::from)?;
            done.push(*step);
        }
    }

    /// Checks that the database has the tables of this program.
    ///
    /// # Errors
    /// If it has not.
    pub async fn check_migrated(&self) -> Result<(), MigrateError> {
        let lease = self.pool.lease().await?;
        let exists: bool = lease
            .client()
            .query_one("SELECT to_regclass('migration') IS NOT NULL", &[])
            .await
            .map_err(StoreError::from)?
            .get(0);
        let found = if exists {
            carried_out(lease.client()).await?
        } else {
            Vec::new()
        };
        lease.done();
        check(&found)?;
        if found.len() < STEPS.len() {
            return Err(MigrateError::Behind {
                found: found.len(),
                known: STEPS.len(),
            });
        }
        Ok(())
    }
}

async fn carried_out(client: &Client) -> Result<Vec<(i32, Vec<u8>)>, StoreError> {
    let rows = client
        .query("SELECT step, sha256 FROM migration ORDER BY step", &[])
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn check(found: &[(i32, Vec<u8>)]) -> Result<(), MigrateError> {
    for (n, (step, sha256)) in found.iter().enumerate() {
        match STEPS.get(n) {
            None => {
                return Err(MigrateError::Newer {
                    found: *step,
                    known: STEPS.last().map_or(0, |step| step.0),
                });
            }
            Some((number, _, sql)) if number != step || digest(sql) != *sha256 => {
                return Err(MigrateError::Changed { step: *step });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn digest(sql: &str) -> Vec<u8> {
    Sha256::digest(sql.as_bytes()).to_vec()
}

const LOCK_AND_TABLE: &str = "\
SELECT pg_advisory_xact_lock(7233101, 1);
CREATE TABLE IF NOT EXISTS migration (
    step integer PRIMARY KEY,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    carried_out timestamptz NOT NULL DEFAULT now()
)";
