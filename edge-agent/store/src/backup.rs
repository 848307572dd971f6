//! A copy of the data folder beside a running till, and what a folder that was restored from one still needs.

use std::fs;
use std::path::{Path, PathBuf};

use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::{Event, LossAccepted, Restored};
use ferrotill_core::seal::{Seal, StoredBaseline};
use ferrotill_core::time::Moment;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::anchor::Anchor;
use super::chain::KEY_FILE_NAME;
use super::journal::{Batch, Store};
use super::{Context, FILE_NAME, Reader, StoreError, anchor, counters, folder};

/// The files of a copy, in the order in which they are put into a backup. Together they are a data folder.
pub const COPIED_FILES: [&str; 3] = [FILE_NAME, KEY_FILE_NAME, anchor::FILE_NAME];

/// The file with what the hub has acknowledged.
pub const HUB_PLACE_FILE: &str = "hub.place";

/// Whether a file of this name belongs into a backup.
#[must_use]
pub fn is_copied(name: &str) -> bool {
    COPIED_FILES.contains(&name) || is_beside(name)
}

/// Whether a file of this name belongs into a backup if it is there: the key of a turnover counter, the people of the dashboard, or what
/// the hub has acknowledged.
fn is_beside(name: &str) -> bool {
    let is_turnover_key =
        name.starts_with("turnover-") && name.ends_with(".key") && !name.contains('/');
    is_turnover_key || ["people.toml", HUB_PLACE_FILE].contains(&name)
}

/// The names of the files of a data folder that belong into a backup beside the books.
fn files_beside(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |source| StoreError::Folder {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        names.extend(
            name.to_str()
                .filter(|name| is_beside(name))
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

/// The last row of the journal of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedHead {
    /// The number of the row.
    pub row: i64,
    /// The row's MAC in hexadecimal digits.
    pub mac: String,
    /// When the row was written, in milliseconds since the epoch.
    pub at_ms: i64,
}

/// Copies the data folder of a till into an empty folder, while an agent may run: one state of the database, the key, and an anchor
/// for the last row.
///
/// # Errors
///
/// [`StoreError`] if a file cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> Result<CopiedHead, StoreError> {
    let key = folder::load_key(from)?;
    let database = to.join(FILE_NAME);
    let io = |path: PathBuf| move |source| StoreError::Folder { path, source };
    // Before the database: what the hub has acknowledged is never more than what the copy has.
    if from.join(HUB_PLACE_FILE).exists() {
        fs::copy(from.join(HUB_PLACE_FILE), to.join(HUB_PLACE_FILE)).map_err(io(to.to_owned()))?;
    }
    let connection = folder::open_for_reading(&from.join(FILE_NAME))?;
    // One read transaction, so that the copy is one state; the writer goes on beside it.
    connection
        .execute("VACUUM INTO ?1", [database.to_string_lossy()])
        .context(&from.join(FILE_NAME), "copy")?;
    drop(connection);
    fs::File::open(&database)
        .and_then(|file| file.sync_all())
        .map_err(io(database.clone()))?;
    fs::copy(from.join(KEY_FILE_NAME), to.join(KEY_FILE_NAME)).map_err(io(to.to_owned()))?;
    for name in files_beside(from)? {
        if name != HUB_PLACE_FILE {
            fs::copy(from.join(&name), to.join(&name)).map_err(io(to.to_owned()))?;
        }
    }
    let head = head_of(&database)?;
    let written = Anchor {
        seq: head.row,
        mac: anchor::unhex(&head.mac).unwrap_or_default(),
    };
    written.write(to, &key).map_err(io(to.to_owned()))?;
    Ok(head)
}

/// The last row of the journal in a database.
fn head_of(database: &Path) -> Result<CopiedHead, StoreError> {
    let connection = folder::open_for_reading(database)?;
    let found = connection
        .query_row(
            "SELECT seq, mac, at FROM journal ORDER BY seq DESC LIMIT 1",
            [],
            |row| {
                Ok(CopiedHead {
                    row: row.get(0)?,
                    mac: anchor::hex(&row.get::<_, [u8; 32]>(1)?),
                    at_ms: row.get(2)?,
                })
            },
        )
        .optional()
        .context(database, "head of the copy")?;
    Ok(found.unwrap_or(CopiedHead {
        row: 0,
        mac: String::new(),
        at_ms: 0,
    }))
}

/// How far the journal of a device has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevicePosition {
    /// The number of the device's last document.
    pub number: u32,
    /// The number of the last Z-report.
    pub z_number: u32,
    /// How many numbers for alternative receipts are left in the ranges in force.
    pub alternative_left: u64,
    /// The printer, as the last document on it shows it; `None` if no printer has made a document of the device.
    pub printer: Option<PrinterPosition>,
}

/// How far a printer had come at the last document of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterPosition {
    /// The printer's serial number.
    pub serial: String,
    /// The number of the printer's last document.
    pub document: u32,
    /// The number of the printer's last Z-report; `None` if the printer does not report it.
    pub z_number: Option<u32>,
}

impl Store {
    /// How far the journal of a device has come.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn position(&self, device: Uuid) -> Result<DevicePosition, StoreError> {
        let till = self.load_till(device)?;
        let found = counters::last_document_on_printer(self.connection(), device)
            .context(self.path(), "last document of the printer")?;
        let sealed = found
            .as_ref()
            .and_then(|document| match document.sealed()?.seal {
                Seal::Printer { document, .. } => Some(document),
                _ => None,
            });
        let printer = self.printer_counters(device, |baseline| PrinterPosition {
            serial: baseline.serial.to_owned(),
            document: sealed.unwrap_or_default().max(baseline.last_document),
            z_number: Some(baseline.z_number)
                .filter(|number| *number != StoredBaseline::Z_NUMBER_UNKNOWN),
        })?;
        Ok(DevicePosition {
            number: till.last_number(),
            z_number: till.last_z(),
            alternative_left: till.alternative_numbers_left(),
            printer,
        })
    }

    /// Appends that the folder was restored from a backup, and returns its epoch.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn note_restored(&mut self, now: Moment) -> Result<u32, StoreError> {
        let epoch = self.epoch()?.saturating_add(1);
        let event = Event::Restored(Restored { at: now, epoch });
        let mut batch = self.batch()?;
        batch.append_of_folder(now.utc_ms, &event)?;
        batch.commit()?;
        self.anchor();
        Ok(epoch)
    }

    /// The epoch of a restore whose loss no person has accepted yet; `None` if there is none. Only a folder that was restored is
    /// searched.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unaccepted_restore(&self) -> Result<Option<u32>, StoreError> {
        unaccepted_restore(self.connection()).context(self.path(), "accepted losses")
    }

    /// Appends for each device that a person has accepted what it lacks. All of them are written together.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn accept_loss(&mut self, accepted: &[(Uuid, LossAccepted<'_>)]) -> Result<(), StoreError> {
        let mut tills = Vec::new();
        for (device, _) in accepted {
            tills.push(self.load_till(*device)?);
        }
        let mut batch = self.batch()?;
        for ((device, loss), till) in accepted.iter().zip(&mut tills) {
            let event = Event::LossAccepted(*loss);
            let mut room = [0; LOSS_BYTES_MAX];
            let payload = event.encode(&mut room).map_err(|_| StoreError::TooLarge)?;
            batch.append((*device, till), loss.at.utc_ms, &event, payload)?;
        }
        batch.commit()?;
        self.anchor();
        Ok(())
    }

    fn epoch(&self) -> Result<u32, StoreError> {
        epoch_of(self.connection()).context(self.path(), "epoch")
    }
}

fn epoch_of(connection: &Connection) -> Result<u32, rusqlite::Error> {
    let query = "SELECT coalesce(max(epoch), 0) FROM founded";
    connection.query_row(query, [], |row| row.get(0))
}

/// [`Store::unaccepted_restore`] of a database.
pub(super) fn unaccepted_restore(connection: &Connection) -> Result<Option<u32>, rusqlite::Error> {
    let epoch = epoch_of(connection)?;
    if epoch == 0 {
        return Ok(None);
    }
    let accepted: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM journal WHERE kind = ?2 AND seq > \
         (SELECT max(seq) FROM journal WHERE kind = ?1))",
        params![RESTORED, LOSS_ACCEPTED],
        |row| row.get(0),
    )?;
    Ok((!accepted).then_some(epoch))
}

impl Reader {
    /// Whether the journal has a row with this number and this MAC in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn has_row(&self, head: &CopiedHead) -> Result<bool, StoreError> {
        let mac = anchor::unhex(&head.mac).unwrap_or_default();
        self.with("row of the journal", |connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM journal WHERE seq = ?1 AND mac = ?2)",
                params![head.row, mac],
                |row| row.get(0),
            )
        })
    }

    /// The number of sealed documents of each kind, with the sum of their amounts in minor units.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn totals_of_kinds(&self) -> Result<Vec<(DocumentKind, u32, i64)>, StoreError> {
        self.with("totals of the documents", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT count(*), coalesce(sum(amount), 0) FROM document WHERE kind = ?1 AND number IS NOT NULL",
            )?;
            let mut totals = Vec::new();
            for kind in DocumentKind::ALL {
                let (count, sum) =
                    statement.query_row([kind.name()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                totals.push((kind, count, sum));
            }
            Ok(totals)
        })
    }
}

impl Reader {
    /// Whether a device has a document with each number of this range, both ends included.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn has_numbers(&self, device: Uuid, first: u32, last: u32) -> Result<bool, StoreError> {
        self.with("numbers of documents", |connection| {
            connection.query_row(
                "SELECT count(*) = ?3 - ?2 + 1 FROM document WHERE device = ?1 AND number BETWEEN ?2 AND ?3",
                params![device.as_bytes(), first, last],
                |row| row.get(0),
            )
        })
    }

    /// Whether a person has accepted, after a restore, that documents with all these numbers may be lost.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn is_accepted_loss(
        &self,
        device: Uuid,
        first: u32,
        last: u32,
    ) -> Result<bool, StoreError> {
        let before: u32 = self.with("number before a gap", |connection| {
            connection.query_row(
                "SELECT coalesce(max(number), 0) FROM document WHERE device = ?1 AND number < ?2",
                params![device.as_bytes(), first],
                |row| row.get(0),
            )
        })?;
        let losses = self.accepted_losses(device)?;
        Ok(losses
            .iter()
            .any(|(number, _)| *number == last && before < first))
    }

    /// Whether a person has accepted, after a restore, that this Z-report may be lost.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn is_accepted_z_loss(&self, device: Uuid, z_number: u32) -> Result<bool, StoreError> {
        let losses = self.accepted_losses(device)?;
        Ok(losses.iter().any(|(_, last)| *last >= z_number))
    }

    /// The highest numbers of lost documents and Z-reports that were accepted for a device.
    fn accepted_losses(&self, device: Uuid) -> Result<Vec<(u32, u32)>, StoreError> {
        self.with("accepted losses", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT kind, version, payload FROM journal WHERE device = ?1 AND kind = ?2",
            )?;
            let mut rows = statement.query(params![device.as_bytes(), LOSS_ACCEPTED])?;
            let mut losses = Vec::new();
            while let Some(row) = rows.next()? {
                let payload = row.get_ref(2)?.as_blob()?;
                if let Ok(Event::LossAccepted(loss)) =
                    Event::decode(row.get(0)?, row.get(1)?, payload)
                {
                    losses.push((loss.number, loss.z_number));
                }
            }
            Ok(losses)
        })
    }
}

impl Batch<'_> {
    /// Appends an event of the whole folder.
    fn append_of_folder(&mut self, at: i64, event: &Event<'_>) -> Result<(), StoreError> {
        let mut room = [0; 64];
        let payload = event.encode(&mut room).map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), at, event, payload).map(drop)
    }
}

/// The number of the event [`Event::Restored`] in the journal.
const RESTORED: u16 = 12;
/// The number of the event [`Event::LossAccepted`] in the journal.
const LOSS_ACCEPTED: u16 = 31;
/// Room for the largest [`LossAccepted`].
const LOSS_BYTES_MAX: usize = LossAccepted::BY_BYTES_MAX + 64;
