//! A bounded pool of connections to the database.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::StoreError;
use super::database_tls::DatabaseTls;
use crate::config::Database;

/// A bounded pool of connections. A connection is opened when it is first needed, and again after it was lost.
pub struct Pool {
    config: Config,
    tls: Option<DatabaseTls>,
    free: Mutex<Vec<Connection>>,
    slots: Semaphore,
}

/// A connection with the statements that it has prepared.
struct Connection {
    client: Client,
    prepared: Vec<(&'static str, Statement)>,
}

/// A connection in use. It goes back to the pool only by [`Lease::done`]: one that is dropped in the middle of a transaction is
/// closed, and the database rolls the transaction back.
pub struct Lease<'p> {
    pool: &'p Pool,
    connection: Connection,
    _slot: SemaphorePermit<'p>,
}

impl Pool {
    /// A pool for a database; no connection is opened yet.
    ///
    /// # Errors
    /// If the URL or the certificate authority is not valid.
    pub fn new(database: &Database) -> Result<Self, String> {
        let mut config: Config = database
            .url
            .parse()
            .map_err(|error| format!("database.url: {error}"))?;
        if let Some(password) = &database.password {
            config.password(password.as_bytes());
        }
        config
            .application_name("ferrotill-hub")
            .connect_timeout(CONNECT_TIMEOUT)
            .options("-c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s");
        let tls = match &database.authority_pem {
            Some(pem) => {
                config.ssl_mode(tokio_postgres::config::SslMode::Require);
                Some(DatabaseTls::new(pem)?)
            }
            None => None,
        };
        Ok(Self {
            config,
            tls,
            free: Mutex::default(),
            slots: Semaphore::new(database.connections),
        })
    }

    /// Takes a connection, and waits for one if all are in use.
    ///
    /// # Errors
    /// If none becomes free in time, or the database takes no new one.
    pub async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let slot = timeout(SLOT_TIMEOUT, self.slots.acquire())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(StoreError::NoConnection)?;
        let connection = loop {
            match self.take_free() {
                Some(connection) if connection.client.is_closed() => {}
                Some(connection) => break connection,
                None => {
                    let client = timeout(CONNECT_TIMEOUT, self.connect())
                        .await
                        .map_err(|_| StoreError::NoAnswer)??;
                    break Connection {
                        client,
                        prepared: Vec::new(),
                    };
                }
            }
        };
        Ok(Lease {
            pool: self,
            connection,
            _slot: slot,
        })
    }

    fn take_free(&self) -> Option<Connection> {
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        // The connection itself runs in a task; the client notices its end.
        match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pool")
    }
}

impl Lease<'_> {
    /// The client of the connection.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.connection.client
    }

    /// The prepared form of a statement; it is prepared once for each connection.
    ///
    /// # Errors
    /// If the database refuses the statement.
    pub async fn prepared(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        let known = self.connection.prepared.iter();
        if let Some((_, statement)) = known.into_iter().find(|(text, _)| *text == sql) {
            return Ok(statement.clone());
        }
        let statement = self.client().prepare(sql).await?;
        self.connection.prepared.push((sql, statement.clone()));
        Ok(statement)
    }

    /// Gives the connection back. It must be in no transaction.
    pub fn done(self) {
        if !self.connection.client.is_closed() {
            let mut free = self
                .pool
                .free
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            free.push(self.connection);
        }
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const SLOT_TIMEOUT: Duration = Duration::from_secs(10);
