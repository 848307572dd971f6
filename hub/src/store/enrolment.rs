//! Tills, their one-time codes and their certificates.

use ferrotill_hub_protocol::{CodeRefusal, SECRET_BYTES};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::authority::{TillCertificate, fingerprint};
use crate::clock::HOUR_MS;

/// How long a one-time code can be used.
pub(super) const CODE_VALID_MS: i64 = HOUR_MS;
/// How many wrong tries end a code.
pub(super) const TRIES_MAX: i32 = 5;

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeState {
    /// The code is accepted, and used from now on.
    Accepted {
        /// The name of the till's shop.
        shop: String,
    },
    /// The code is not accepted.
    Refused(CodeRefusal),
}

/// A certificate that the hub has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// Its till.
    pub till: Uuid,
    /// The name of the till's shop.
    pub shop: String,
    /// Whether the certificate or the till was revoked.
    pub is_revoked: bool,
    /// When it ends.
    pub ends_ms: i64,
}

impl Store {
    /// Adds a till, or names the shop of a known one, and keeps the digest of a new code for it. A revoked till may enrol again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn make_code(
        &self,
        till: Uuid,
        shop: &str,
        secret: &[u8; SECRET_BYTES],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        let client = lease.client();
        client.batch_execute("BEGIN").await?;
        client
            .execute(
                "INSERT INTO till (id, shop, made_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (id) DO UPDATE SET shop = EXCLUDED.shop",
                &[&till, &shop, &now_ms],
            )
            .await?;
        client
            .execute(
                "INSERT INTO enrolment_code (till, secret_sha256, made_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (till) DO UPDATE SET secret_sha256 = EXCLUDED.secret_sha256, made_ms = EXCLUDED.made_ms, \
                                                  wrong_tries = 0, used_ms = NULL",
                &[&till, &digest(secret), &now_ms],
            )
            .await?;
        client.batch_execute("COMMIT").await?;
        lease.done();
        Ok(())
    }

    /// Uses a code, and stores the certificate that `make` makes if the code is right: both or nothing. All earlier certificates of the
    /// till end, so that a machine that had the till before is refused from now on.
    ///
    /// # Errors
    /// If the database fails, or `make` does.
    pub async fn enrol<E: From<StoreError>>(
        &self,
        till: Uuid,
        secret: &[u8; SECRET_BYTES],
        now_ms: i64,
        make: impl FnOnce() -> Result<TillCertificate, E>,
    ) -> Result<(CodeState, Option<TillCertificate>), E> {
        let lease = self.pool.lease().await?;
        let client = lease.client();
        let state = use_code(client, till, secret, now_ms).await?;
        let CodeState::Accepted { .. } = &state else {
            commit(client).await?;
            lease.done();
            return Ok((state, None));
        };
        // An error leaves the transaction: the connection is closed, and the code can be used again.
        let certificate = make()?;
        let ended = client
            .execute(
                "UPDATE certificate SET revoked_ms = $2, replaced = true WHERE till = $1 AND revoked_ms IS NULL",
                &[&till, &now_ms],
            )
            .await
            .map_err(StoreError::from)?;
        client
            .execute("UPDATE till SET revoked_ms = NULL WHERE id = $1", &[&till])
            .await
            .map_err(StoreError::from)?;
        add_certificate(client, till, &certificate, now_ms).await?;
        commit(client).await?;
        lease.done();
        tracing::info!(%till, ended, "a till has enrolled");
        Ok((state, Some(certificate)))
    }

    /// The certificate with this fingerprint.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn certificate(
        &self,
        sha256: &[u8; 32],
    ) -> Result<Option<KnownCertificate>, StoreError> {
        let lease = self.pool.lease().await?;
        let row = lease
            .client()
            .query_opt(
                "SELECT t.id, t.shop, COALESCE(t.revoked_ms, c.revoked_ms) IS NOT NULL, c.ends_ms \
                 FROM certificate c JOIN till t ON t.id = c.till WHERE c.sha256 = $1",
                &[&&sha256[..]],
            )
            .await?;
        lease.done();
        Ok(row.map(|row| KnownCertificate {
            till: row.get(0),
            shop: row.get(1),
            is_revoked: row.get(2),
            ends_ms: row.get(3),
        }))
    }

    /// Stores the next certificate of a till. The present one stays valid until its end.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn renew(
        &self,
        till: Uuid,
        certificate: &TillCertificate,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        add_certificate(lease.client(), till, certificate, now_ms).await?;
        lease.done();
        Ok(())
    }

    /// Ends a till: nothing is taken from it any more until it enrols again. False if there is no such till.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke(&self, till: Uuid, now_ms: i64) -> Result<bool, StoreError> {
        let lease = self.pool.lease().await?;
        let client = lease.client();
        let changed = client
            .execute(
                "WITH ended AS (UPDATE certificate SET revoked_ms = $2 WHERE till = $1 AND revoked_ms IS NULL), \
                      code AS (DELETE FROM enrolment_code WHERE till = $1) \
                 UPDATE till SET revoked_ms = COALESCE(revoked_ms, $2) WHERE id = $1",
                &[&till, &now_ms],
            )
            .await?;
        lease.done();
        Ok(changed > 0)
    }
}

/// Begins a transaction and tries a code in it.
async fn use_code(
    client: &Client,
    till: Uuid,
    secret: &[u8; SECRET_BYTES],
    now_ms: i64,
) -> Result<CodeState, StoreError> {
    client.batch_execute("BEGIN").await?;
    let row = client
        .query_opt(
            "SELECT e.secret_sha256, e.made_ms, e.wrong_tries, e.used_ms, t.shop \
             FROM enrolment_code e JOIN till t ON t.id = e.till WHERE e.till = $1 FOR UPDATE OF e",
            &[&till],
        )
        .await?;
    let refused = |refusal| Ok(CodeState::Refused(refusal));
    let Some(row) = row else {
        return refused(CodeRefusal::Unknown { tries_left: 0 });
    };
    let (stored, made_ms, wrong_tries): (Vec<u8>, i64, i32) = (row.get(0), row.get(1), row.get(2));
    let used: Option<i64> = row.get(3);
    if wrong_tries >= TRIES_MAX {
        return refused(CodeRefusal::TooManyTries);
    }
    if !bool::from(stored.ct_eq(&digest(secret))) {
        client
            .execute(
                "UPDATE enrolment_code SET wrong_tries = wrong_tries + 1 WHERE till = $1",
                &[&till],
            )
            .await?;
        let left = TRIES_MAX.saturating_sub(wrong_tries).saturating_sub(1);
        return refused(match u8::try_from(left) {
            Ok(tries_left) if tries_left > 0 => CodeRefusal::Unknown { tries_left },
            _ => CodeRefusal::TooManyTries,
        });
    }
    if used.is_some() {
        return refused(CodeRefusal::Used);
    }
    if now_ms.saturating_sub(made_ms) > CODE_VALID_MS {
        return refused(CodeRefusal::Expired);
    }
    client
        .execute(
            "UPDATE enrolment_code SET used_ms = $2 WHERE till = $1",
            &[&till, &now_ms],
        )
        .await?;
    Ok(CodeState::Accepted { shop: row.get(4) })
}

async fn add_certificate(
    client: &Client,
    till: Uuid,
    certificate: &TillCertificate,
    now_ms: i64,
) -> Result<(), StoreError> {
    let sha256 = fingerprint(&certificate.der);
    client
        .execute(
            "INSERT INTO certificate (sha256, till, public_key, made_ms, ends_ms) VALUES ($1, $2, $3, $4, $5)",
            &[
                &&sha256[..],
                &till,
                &certificate.public_key,
                &now_ms,
                &certificate.ends_ms,
            ],
        )
        .await?;
    Ok(())
}

async fn commit(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("COMMIT").await?;
    Ok(())
}

fn digest(secret: &[u8; SECRET_BYTES]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
