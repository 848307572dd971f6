//! The people who may look at the pages, and their sessions.

use super::{Store, StoreError};

/// A person who may look at the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The stored form of the password.
    pub password: String,
    /// Until when the name is locked after wrong passwords.
    pub locked_until_ms: Option<i64>,
}

/// A session of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The person.
    pub person: String,
    /// The token that each form of the session has.
    pub form_token: String,
    /// When it was made.
    pub made_ms: i64,
    /// When it was used last.
    pub used_ms: i64,
}

impl Store {
    /// Adds a person or gives a known one another password, and ends the sessions of that person.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_person(
        &self,
        name: &str,
        password: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        lease
            .client()
            .execute(
                "WITH ended AS (DELETE FROM session WHERE person = $1) \
                 INSERT INTO person (name, password, made_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (name) DO UPDATE SET password = EXCLUDED.password, wrong_tries = 0, locked_until_ms = NULL",
                &[&name, &password, &now_ms],
            )
            .await?;
        lease.done();
        Ok(())
    }

    /// Removes a person and the sessions of that person. False if there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_person(&self, name: &str) -> Result<bool, StoreError> {
        let lease = self.pool.lease().await?;
        let removed = lease
            .client()
            .execute("DELETE FROM person WHERE name = $1", &[&name])
            .await?;
        lease.done();
        Ok(removed > 0)
    }

    /// The person with a name.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn person(&self, name: &str) -> Result<Option<Person>, StoreError> {
        let lease = self.pool.lease().await?;
        let row = lease
            .client()
            .query_opt(
                "SELECT name, password, locked_until_ms FROM person WHERE name = $1",
                &[&name],
            )
            .await?;
        lease.done();
        Ok(row.map(|row| Person {
            name: row.get(0),
            password: row.get(1),
            locked_until_ms: row.get(2),
        }))
    }

    /// Counts a wrong password; the fifth locks the name until `until_ms`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn wrong_password(&self, name: &str, until_ms: i64) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        lease
            .client()
            .execute(
                "UPDATE person SET locked_until_ms = CASE WHEN wrong_tries >= 4 THEN $2::bigint ELSE locked_until_ms END, \
                                   wrong_tries = CASE WHEN wrong_tries >= 4 THEN 0 ELSE wrong_tries + 1 END \
                 WHERE name = $1",
                &[&name, &until_ms],
            )
            .await?;
        lease.done();
        Ok(())
    }

    /// Begins a session, and forgets those that have ended.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_session(
        &self,
        token_sha256: &[u8; 32],
        session: &SessionRow,
        ended_before_ms: i64,
    ) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        lease
            .client()
            .execute(
                "WITH ended AS (DELETE FROM session WHERE used_ms < $5), \
                      right_password AS (UPDATE person SET wrong_tries = 0, locked_until_ms = NULL WHERE name = $2) \
                 INSERT INTO session (token_sha256, person, form_token, made_ms, used_ms) VALUES ($1, $2, $3, $4, $4)",
                &[
                    &&token_sha256[..],
                    &session.person,
                    &session.form_token,
                    &session.made_ms,
                    &ended_before_ms,
                ],
            )
            .await?;
        lease.done();
        Ok(())
    }

    /// The session of a token, which is used now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn session(
        &self,
        token_sha256: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<SessionRow>, StoreError> {
        let lease = self.pool.lease().await?;
        let row = lease
            .client()
            .query_opt(
                "SELECT person, form_token, made_ms, used_ms FROM session WHERE token_sha256 = $1",
                &[&&token_sha256[..]],
            )
            .await?;
        let session = row.map(|row| SessionRow {
            person: row.get(0),
            form_token: row.get(1),
            made_ms: row.get(2),
            used_ms: row.get(3),
        });
        // A row that each page would write: once a minute is enough.
        if let Some(session) = &session
            && now_ms.saturating_sub(session.used_ms) > crate::clock::MINUTE_MS
        {
            lease
                .client()
                .execute(
                    "UPDATE session SET used_ms = $2 WHERE token_sha256 = $1",
                    &[&&token_sha256[..], &now_ms],
                )
                .await?;
        }
        lease.done();
        Ok(session)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_session(&self, token_sha256: &[u8; 32]) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        lease
            .client()
            .execute(
                "DELETE FROM session WHERE token_sha256 = $1",
                &[&&token_sha256[..]],
            )
            .await?;
        lease.done();
        Ok(())
    }
}
