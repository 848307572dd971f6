//! The one writer: batches of events, committed together, with their projections.

use std::path::{Path, PathBuf};

use ferrotill_core::event::{Body, Event, Reserved, Sealed};
use ferrotill_core::id::DocumentId;
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Till;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::chain::{ChainKey, GENESIS, Link, Mac};
use super::{Context, FILE_NAME, StoreError, configure, migrate, query};

/// The end of the chain.
#[derive(Clone, Copy, Debug)]
struct Head {
    seq: i64,
    mac: Mac,
}

/// The writer of the books.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    key: ChainKey,
    head: Head,
}

impl Store {
    /// Opens the books in a data folder, or makes them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the file cannot be used, or its last row does not fit the chain.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE_NAME);
        let key = ChainKey::load_or_create(&folder.join("journal.key"))?;
        let mut connection = Connection::open(&path).context(&path, "open")?;
        configure(&connection).context(&path, "settings")?;
        migrate::migrate(&mut connection, &path)?;
        let mut store = Self {
            connection,
            path,
            key,
            head: Head {
                seq: 0,
                mac: GENESIS,
            },
        };
        store.reload_head()?;
        Ok(store)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, for questions of this module's own.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads the head again: after an error at commit nothing held in memory is believed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn reload_head(&mut self) -> Result<(), StoreError> {
        let last = self
            .connection
            .query_row(
                "SELECT seq, mac FROM journal ORDER BY seq DESC LIMIT 1",
                [],
                |row| {
                    Ok(Head {
                        seq: row.get(0)?,
                        mac: row.get(1)?,
                    })
                },
            )
            .optional()
            .context(&self.path, "head of the journal")?;
        self.head = last.unwrap_or(Head {
            seq: 0,
            mac: GENESIS,
        });
        Ok(())
    }

    /// Begins a batch. What is not committed has not happened.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn batch(&mut self) -> Result<Batch<'_>, StoreError> {
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .context(&self.path, "begin")?;
        let head = self.head;
        Ok(Batch {
            store: self,
            head,
            open: true,
        })
    }

    /// The till of a device: its snapshot, and every event after it.
    ///
    /// # Errors
    ///
    /// [`StoreError::ChainBroken`] where a replayed row does not fit.
    pub fn load_till(&self, device: Uuid) -> Result<Till, StoreError> {
        let snapshot: Option<(i64, u16, Vec<u8>)> = self
            .connection
            .query_row(
                "SELECT seq, version, till FROM snapshot WHERE device = ?1",
                [device.as_bytes()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .context(&self.path, "snapshot")?;
        let (mut till, after) = match snapshot {
            Some((seq, Till::SNAPSHOT_VERSION, bytes)) => (
                postcard::from_bytes(&bytes).map_err(|_| StoreError::Snapshot)?,
                seq,
            ),
            _ => (Till::default(), 0),
        };
        query::replay(
            &self.connection,
            &self.path,
            &self.key,
            after,
            |row_device, _, event| {
                if row_device == device.as_bytes() {
                    till.apply(event);
                }
            },
        )?;
        Ok(till)
    }
}

/// A transaction of the writer.
#[derive(Debug)]
pub struct Batch<'s> {
    store: &'s mut Store,
    head: Head,
    open: bool,
}

impl Batch<'_> {
    /// Appends an event, with its encoding, and its projections. Returns its row.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append(
        &mut self,
        device: Uuid,
        at: i64,
        event: &Event<'_>,
        payload: &[u8],
    ) -> Result<i64, StoreError> {
        let seq = self.head.seq + 1;
        let link = Link {
            seq,
            device: device.as_bytes(),
            at,
            kind: event.kind(),
            version: Event::VERSION,
            payload,
        };
        let mac = self.store.key.mac(&self.head.mac, &link);
        self.connection()
            .prepare_cached("INSERT INTO journal (seq, device, at, kind, version, payload, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .and_then(|mut statement| {
                statement.execute(params![seq, device.as_bytes(), at, event.kind(), Event::VERSION, payload, mac])
            })
            .context(&self.store.path, "append to the journal")?;
        self.head = Head { seq, mac };
        self.project(device, seq, event)
            .context(&self.store.path, "projection")?;
        Ok(seq)
    }

    /// The rows of the document that a request id has, if any.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn request(
        &self,
        device: Uuid,
        id: DocumentId,
    ) -> Result<Option<query::DocumentRow>, StoreError> {
        query::request(self.connection(), Some(device), Uuid::from_bytes(id.0))
            .context(&self.store.path, "request id")
    }

    /// The rows of the document that a request id has on whatever device.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn request_anywhere(
        &self,
        id: DocumentId,
    ) -> Result<Option<query::DocumentRow>, StoreError> {
        query::request(self.connection(), None, Uuid::from_bytes(id.0))
            .context(&self.store.path, "request id")
    }

    /// A document as it stands in the journal.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn document(&self, row: query::DocumentRow) -> Result<query::StoredDocument, StoreError> {
        query::document(self.connection(), row).context(&self.store.path, "document")
    }

    /// What returns have taken back of a sale: line, quantity, amount.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn returned(&self, original_seq: i64) -> Result<Vec<(u16, i64, i64)>, StoreError> {
        query::returned(self.connection(), original_seq).context(&self.store.path, "returns")
    }

    /// Notes trouble with the paper of a document that is legal without it, or that there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn note_print_error(
        &mut self,
        reserved_seq: i64,
        words: Option<&str>,
    ) -> Result<(), StoreError> {
        self.connection()
            .execute(
                "UPDATE document SET print_error = ?2 WHERE reserved_seq = ?1",
                params![reserved_seq, words],
            )
            .map(drop)
            .context(&self.store.path, "print error")
    }

    /// Notes that the tax office has acknowledged a document.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn acknowledge(&mut self, sealed_seq: i64, at: i64) -> Result<(), StoreError> {
        self.connection()
            .prepare_cached(
                "UPDATE outbox SET state = 'acknowledged', acknowledged_at = ?2, refusal = NULL, attempts = attempts + 1 \
                 WHERE sealed_seq = ?1 AND state = 'waiting'",
            )
            .and_then(|mut statement| statement.execute(params![sealed_seq, at]))
            .map(drop)
            .context(&self.store.path, "acknowledgement")
    }

    /// Notes that the tax office has refused a document; it stays in the outbox.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn note_refusal(&mut self, sealed_seq: i64, words: &str) -> Result<(), StoreError> {
        self.connection()
            .execute(
                "UPDATE outbox SET refusal = ?2, attempts = attempts + 1 WHERE sealed_seq = ?1 AND state = 'waiting'",
                params![sealed_seq, words],
            )
            .map(drop)
            .context(&self.store.path, "refusal of the tax office")
    }

    /// Stores the till as it is after the last appended row.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn snapshot(&mut self, device: Uuid, till: &Till) -> Result<(), StoreError> {
        let bytes = postcard::to_stdvec(till).map_err(|_| StoreError::Snapshot)?;
        self.connection()
            .execute(
                "INSERT OR REPLACE INTO snapshot (device, seq, version, till) VALUES (?1, ?2, ?3, ?4)",
                params![device.as_bytes(), self.head.seq, Till::SNAPSHOT_VERSION, bytes],
            )
            .map(drop)
            .context(&self.store.path, "snapshot")
    }

    /// The row that was appended last.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.head.seq
    }

    /// Makes it all durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`]: whether it is durable is then unknown, and the caller reads everything again.
    pub fn commit(mut self) -> Result<(), StoreError> {
        self.open = false;
        let outcome = self
            .store
            .connection
            .execute_batch("COMMIT")
            .context(&self.store.path, "commit");
        match outcome {
            Ok(()) => {
                self.store.head = self.head;
                Ok(())
            }
            Err(error) => {
                // A transaction that is still open after a failed COMMIT is given up; an error here says there is none.
                let _ = self.store.connection.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.store.connection
    }

    pub(super) fn path(&self) -> &Path {
        &self.store.path
    }

    fn project(&self, device: Uuid, seq: i64, event: &Event<'_>) -> Result<(), rusqlite::Error> {
        match event {
            Event::Reserved(reserved) => self.project_reserved(device, seq, reserved),
            Event::Sealed(sealed) => self.project_sealed(device, seq, sealed),
            Event::Voided(voided) => {
                self.connection()
                    .prepare_cached(
                        "UPDATE document SET state = 'voided', settled_seq = ?1 WHERE reserved_seq = \
                         (SELECT reserved_seq FROM request WHERE id = ?2 AND device = ?3)",
                    )?
                    .execute(params![seq, voided.id.0, device.as_bytes()])?;
                Ok(())
            }
            Event::ConfigurationAdopted(_)
            | Event::CancelDecided(_)
            | Event::Switched(_)
            | Event::NumbersGranted(_)
            | Event::ClosedByPrinter(_) => Ok(()),
        }
    }

    fn project_reserved(
        &self,
        device: Uuid,
        seq: i64,
        reserved: &Reserved<'_>,
    ) -> Result<(), rusqlite::Error> {
        let (amount, tax) = match &reserved.body {
            Body::Receipt(receipt) => (receipt.total.minor(), receipt.tax.minor()),
            Body::Cash(amount) => (amount.minor(), 0),
            Body::Report(_) => (0, 0),
        };
        self.connection()
            .prepare_cached(
                "INSERT INTO document (reserved_seq, device, id, unique_id, fingerprint, kind, state, point_of_sale, at, z_number, amount, tax) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'reserved', ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                seq,
                device.as_bytes(),
                reserved.id.0,
                reserved.unique.0,
                reserved.fingerprint.0,
                reserved.body.kind().name(),
                reserved.point_of_sale.0,
                reserved.at.utc_ms,
                reserved.z_number,
                amount,
                tax
            ])?;
        // An id whose document was voided is free again: its newest document takes the place.
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO request (id, device, reserved_seq) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![reserved.id.0, device.as_bytes(), seq])?;
        Ok(())
    }

    fn project_sealed(
        &self,
        device: Uuid,
        seq: i64,
        sealed: &Sealed<'_>,
    ) -> Result<(), rusqlite::Error> {
        let Some(row) = query::request(
            self.connection(),
            Some(device),
            Uuid::from_bytes(sealed.id.0),
        )?
        else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        let amount = sealed
            .report
            .as_ref()
            .map(|figures| figures.shift.sales.receipts.amount.minor());
        self.connection()
            .prepare_cached(
                "UPDATE document SET state = 'sealed', settled_seq = ?2, number = ?3, current_number = ?4, amount = coalesce(?5, amount) \
                 WHERE reserved_seq = ?1",
            )?
            .execute(params![row.reserved_seq, seq, sealed.number, sealed.current_number, amount])?;
        if let Some(duty) = query::duty(&row.kind) {
            self.connection()
                .prepare_cached(
                    "INSERT INTO outbox (sealed_seq, reserved_seq, device, duty, message_number, state) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')",
                )?
                .execute(params![seq, row.reserved_seq, device.as_bytes(), duty, sealed.number])?;
        }
        if let Seal::Range { series, number, .. } = sealed.seal {
            self.connection()
                .prepare_cached(
                    "INSERT INTO alternative_number (device, series, number, reserved_seq) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![device.as_bytes(), series, number, row.reserved_seq])?;
        }
        if row.kind == "refund" {
            let document = query::document(self.connection(), row)?;
            if let Some(reserved) = document.reserved()
                && let Body::Receipt(receipt) = reserved.body
            {
                self.project_returned(device, &receipt)?;
            }
        }
        Ok(())
    }

    fn project_returned(&self, device: Uuid, receipt: &Receipt<'_>) -> Result<(), rusqlite::Error> {
        let ReceiptKind::Refund { original } = receipt.kind else {
            return Ok(());
        };
        let Some(sale) = query::request(
            self.connection(),
            Some(device),
            Uuid::from_bytes(original.0),
        )?
        else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        for line in receipt.lines.iter() {
            self.connection()
                .prepare_cached(
                    "INSERT INTO returned (original_seq, line, quantity, amount) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (original_seq, line) DO UPDATE SET quantity = quantity + excluded.quantity, amount = amount + excluded.amount",
                )?
                .execute(params![
                    sale.reserved_seq,
                    line.original_line,
                    line.quantity.thousandths(),
                    line.final_amount.minor()
                ])?;
        }
        Ok(())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.open {
            // Nothing was committed; an error here says that SQLite has rolled back by itself.
            let _ = self.store.connection.execute_batch("ROLLBACK");
        }
    }
}
