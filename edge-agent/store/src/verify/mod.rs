//! `verify`: checks the whole store against itself. An agent may run meanwhile.
//!
//! The check reads one state of the database, on two threads with a connection each that cannot write. It
//!
//! - reads the journal from its first row and checks the chain,
//! - lets every till decide again, and compares the result with the journal,
//! - sums up the table rows that follow from the journal, and compares the sums with those of the stored tables; if anything is found or
//!   is unusual, it rebuilds the tables, and compares them row by row,
//! - reads the reconciliation of each Z-report.
//!
//! A range limits only what is reported. The whole journal is always read, because each event depends on all events before it.

mod digest;
mod expected;
mod flaw;
mod stored;
mod tables;
mod walk;

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::path::Path;

use ferrotill_core::event::Mode;
use ferrotill_core::profile::Profile;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::chain::{ChainKey, Mac};
use super::figures::KeptCount;
use super::frozen::{Binding, digest_of};
use super::laid_aside::{self, AsideDocument};
use super::reconcile::{self, ZReconciliation};
use super::{
    Context, FILE_NAME, FolderPurpose, RepeatedNumber, StoreError, anchor, ereceipt_rows, folder,
    migrate, snapshot, used_numbers,
};
use digest::RowHasher;
use expected::ExpectedRows;
use stored::StoredTables;
use tables::{ExpectedSchema, Rebuilt};
use walk::{Growing, Walk, Walked};

pub use flaw::Flaw;

/// A range of journal rows; the first and the last row are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyRange {
    /// The number of the first row.
    pub first: i64,
    /// The number of the last row.
    pub last: i64,
}

impl VerifyRange {
    /// The range of all rows.
    pub const ALL: Self = Self {
        first: i64::MIN,
        last: i64::MAX,
    };

    const fn touches(self, first: i64, last: i64) -> bool {
        first <= self.last && self.first <= last
    }
}

/// What is verified.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The path of the data folder.
    pub folder: &'w Path,
    /// The country's law.
    pub profile: &'w dyn Profile,
    /// The mode of the configuration.
    pub mode: Mode,
    /// The configured devices. If there are none, devices are not compared.
    pub devices: &'w [Uuid],
    /// The journal rows on which flaws are reported.
    pub range: VerifyRange,
}

/// The result of the verification.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The number of rows in the journal.
    pub rows: i64,
    /// The number of the journal's last row.
    pub head: i64,
    /// The number of sealed documents.
    pub documents: u32,
    /// The number of documents that were settled by an operator's declaration, whether registered or not.
    pub declared: u32,
    /// The devices that have rows in the journal.
    pub devices: Vec<Uuid>,
    /// The number of documents that the authority has not acknowledged. Such documents are no flaw.
    pub unsent: u32,
    /// The oldest documents that the authority has refused. They are no flaw, but a person must find out why.
    pub refused: Vec<Refused>,
    /// The documents that are not sent to the authority, because an operator has laid them aside. They are no flaw.
    pub laid_aside: Vec<AsideDocument>,
    /// The oldest numbers that two alternative receipts of an older program have. They are no flaw of the store, but the authority has
    /// the number twice.
    pub repeated_numbers: Vec<RepeatedNumber>,
    /// The journal row of the newest anchor that fits the journal.
    pub anchored: Option<i64>,
    /// The Z-reports in the range.
    pub reconciliations: Vec<ZReconciliation>,
    /// True if the tables that grow with each document were rebuilt from the journal, because something was found or was unusual.
    pub rebuilt: bool,
    /// Every flaw that was found, up to [`FLAWS_MAX`].
    pub flaws: Vec<Flaw>,
    /// The number of further flaws that are not in the list.
    pub more_flaws: u64,
}

/// A document that the authority has refused and not acknowledged since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The document's number.
    pub number: u32,
    /// The document's request id.
    pub id: Uuid,
    /// The kind of message that the authority refused.
    pub duty: String,
    /// The authority's text of the refusal.
    pub words: String,
}

/// The largest number of refused documents that are reported.
const REFUSED_MAX: u32 = 20;

/// The largest number of flaws that are reported.
pub const FLAWS_MAX: usize = 100;

/// Collects the flaws of a range.
#[derive(Debug)]
struct Flaws {
    range: VerifyRange,
    found: Vec<Flaw>,
    more: u64,
}

impl Flaws {
    const fn new(range: VerifyRange) -> Self {
        Self {
            range,
            found: Vec::new(),
            more: 0,
        }
    }

    fn report(&mut self, flaw: Flaw) {
        if self.found.len() < FLAWS_MAX {
            self.found.push(flaw);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn report_at(&mut self, seq: i64, flaw: Flaw) {
        self.report_over(seq, seq, flaw);
    }

    fn report_over(&mut self, first: i64, last: i64, flaw: Flaw) {
        if self.range.touches(first, last) {
            self.report(flaw);
        }
    }
}

/// Verifies the store of a data folder.
///
/// # Errors
///
/// [`StoreError`] if the store cannot be read at all. Faults inside a readable store are reported as flaws.
pub fn verify(wanted: &Wanted<'_>) -> Result<Verified, StoreError> {
    let path = wanted.folder.join(FILE_NAME);
    let key = folder::load_key(wanted.folder)?;
    // The anchors are read before the database, because a running agent writes an anchor after the row that it names.
    let anchors = anchor::found(wanted.folder, &key).map_err(|source| StoreError::Anchor {
        path: wanted.folder.to_owned(),
        source,
    })?;
    let (connection, other) = stored::open(&path)?;
    let mut flaws = Flaws::new(wanted.range);
    let schema = ExpectedSchema::new().context(&path, "schema")?;
    let journal = Journal {
        connection: &connection,
        path: &path,
        schema: &schema,
        key: &key,
        wanted,
    };
    let (quick, stored) = journal.walk_quickly(other)?;
    for words in stored.damage {
        flaws.report(Flaw::FileDamaged { words });
    }
    tables::compare_schema(&connection, &schema, &mut flaws).context(&path, "schema")?;
    let quick = quick.filter(|walked| walked.digests == stored.digests);
    let rebuilt = quick.is_none();
    let walked = match quick {
        Some(walked) => walked,
        None => journal.walk_and_rebuild(&mut flaws)?,
    };
    let configured = FolderPurpose::new(wanted.profile.facts(), wanted.mode);
    check_purpose(configured, &walked, &mut flaws);
    let anchored = check_anchors(&connection, wanted.folder, anchors, walked.head, &mut flaws);
    check_devices(wanted.devices, &walked, &mut flaws);
    if rebuilt {
        tables::compare(&connection, Rebuilt::All, wanted.range, &mut flaws)
            .context(&path, "compare the tables")?;
    }
    let reconciliations =
        reconciliations(&connection, wanted.range, &mut flaws).context(&path, "Z-reports")?;
    let unsent = unsent(&connection).context(&path, "outbox")?;
    let refused = refused(&connection).context(&path, "outbox")?;
    check_requests(&connection, &key, wanted.range, &mut flaws)
        .and_then(|()| check_count(&connection, &mut flaws))
        .context(&path, "outbox")?;
    let repeated_numbers =
        used_numbers::repeated(&connection).context(&path, "repeated numbers")?;
    Ok(Verified {
        rows: walked.rows,
        head: walked.head,
        documents: walked.documents,
        declared: walked.declared,
        devices: walked.devices.into_iter().collect(),
        unsent,
        refused,
        laid_aside: laid_aside::of_authority(&connection, None).context(&path, "outbox")?,
        repeated_numbers,
        anchored,
        reconciliations,
        rebuilt,
        flaws: flaws.found,
        more_flaws: flaws.more,
    })
}

/// The journal of one state of the database.
struct Journal<'j> {
    connection: &'j Connection,
    path: &'j Path,
    schema: &'j ExpectedSchema,
    key: &'j ChainKey,
    wanted: &'j Wanted<'j>,
}

impl Journal<'_> {
    /// Reads the journal and, on the other connection, the stored tables beside it. What was walked is `None` if anything at all was
    /// found: then the tables are rebuilt, which takes longer and names what differs.
    fn walk_quickly(
        &self,
        other: Option<Connection>,
    ) -> Result<(Option<Walked>, StoredTables), StoreError> {
        let hasher = RowHasher::new(self.key);
        let range = self.wanted.range;
        let stored_hasher = hasher.clone();
        let Some(other) = other else {
            let walked = self.walk_without_flaws(hasher);
            let stored = stored::read(self.connection, self.path, stored_hasher, range)?;
            return Ok((walked, stored));
        };
        let path = self.path;
        std::thread::scope(|scope| {
            let stored = scope.spawn(move || stored::read(&other, path, stored_hasher, range));
            let walked = self.walk_without_flaws(hasher);
            let stored = stored.join().unwrap_or_else(|why| resume_unwind(why))?;
            Ok((walked, stored))
        })
    }

    /// The walk with digests of the tables that grow with each document; `None` if it finds anything, or fails.
    fn walk_without_flaws(&self, hasher: RowHasher) -> Option<Walked> {
        let mut flaws = Flaws::new(self.wanted.range);
        let growing = Growing::SummedUp(Box::new(ExpectedRows::new(hasher)));
        // A failure comes again, and is reported, when the tables are rebuilt.
        let walked = self
            .walk(Rebuilt::Rare, growing, &mut flaws)
            .ok()
            .flatten()?;
        let range = self.wanted.range;
        tables::compare(self.connection, Rebuilt::Rare, range, &mut flaws).ok()?;
        flaws.found.is_empty().then_some(walked)
    }

    fn walk_and_rebuild(&self, flaws: &mut Flaws) -> Result<Walked, StoreError> {
        let walked = self.walk(Rebuilt::All, Growing::Rebuilt, flaws)?;
        Ok(walked.unwrap_or_default())
    }

    fn walk(
        &self,
        rebuilt: Rebuilt,
        growing: Growing,
        flaws: &mut Flaws,
    ) -> Result<Option<Walked>, StoreError> {
        tables::create_temporary(self.connection, self.schema, rebuilt)
            .context(self.path, "temporary tables")?;
        let walk = Walk {
            connection: self.connection,
            path: self.path,
            key: self.key,
            profile: self.wanted.profile,
            snapshots: snapshot::read_all(self.connection, self.key)
                .context(self.path, "snapshots")?
                .into_iter()
                .collect(),
            flaws,
            tills: HashMap::new(),
            walked: Walked::default(),
            growing,
            pending: None,
        };
        walk.run()
    }
}

/// How many documents wait for the authority.
fn unsent(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.query_row(
        "SELECT count(*) FROM outbox WHERE state = 'waiting' AND recipient = 'authority'",
        [],
        |row| row.get(0),
    )
}

/// Checks that the kept count of unsent documents, if there is one, is that of the outbox.
fn check_count(connection: &Connection, flaws: &mut Flaws) -> Result<(), rusqlite::Error> {
    if let Some(words) = KeptCount::difference(connection)? {
        let (table, key) = ("clock", "unsent".to_owned());
        flaws.report(Flaw::TableDiffers { table, key, words });
    }
    Ok(())
}

/// Checks that each uploaded receipt and each part of its look is what the digest in the journal says.
fn check_uploads(connection: &Connection, flaws: &mut Flaws) -> Result<(), rusqlite::Error> {
    for (seq, table, key) in ereceipt_rows::changed(connection)? {
        let words = "is not what the digest in the journal says".to_owned();
        flaws.report_at(seq, Flaw::TableDiffers { table, key, words });
    }
    Ok(())
}

fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Checks the version of the tables, because tables of another version cannot be compared.
fn check_version(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    migrate::refuse_newer(connection, path)?;
    let found = migrate::stored_version(connection).context(path, "version")?;
    let expected = migrate::version();
    if found == expected {
        return Ok(());
    }
    Err(StoreError::Version {
        path: path.to_owned(),
        found,
        expected,
    })
}

/// Checks that the journal contains the row of every anchor. Returns the newest row that an anchor names.
fn check_anchors(
    connection: &Connection,
    folder: &Path,
    anchors: Vec<anchor::Found>,
    head: i64,
    flaws: &mut Flaws,
) -> Option<i64> {
    let in_force = folder.join(anchor::FILE_NAME);
    let missing = !anchors.iter().any(|(path, _)| *path == in_force);
    let mut anchored = None;
    for (anchor, found) in anchors {
        let Some(found) = found else {
            flaws.report(Flaw::AnchorForeign { anchor });
            continue;
        };
        let mac = connection
            .query_row(
                "SELECT mac FROM journal WHERE seq = ?1",
                [found.seq],
                |row| row.get::<_, Mac>(0),
            )
            .ok();
        if mac == Some(found.mac) {
            anchored = anchored.max(Some(found.seq));
        } else if found.seq > head {
            flaws.report(Flaw::JournalCut {
                head,
                anchored: found.seq,
                anchor,
            });
        } else {
            flaws.report(Flaw::AnotherHistory {
                anchored: found.seq,
                anchor,
            });
        }
    }
    // A new till may have no anchor yet.
    if missing && head > anchor::ROWS_MAX {
        flaws.report(Flaw::AnchorMissing { anchor: in_force });
    }
    anchored
}

/// Checks that the journal says what the folder is for, and that the configuration says the same.
fn check_purpose(configured: FolderPurpose, walked: &Walked, flaws: &mut Flaws) {
    match &walked.purpose {
        None if walked.rows > 0 => flaws.report(Flaw::NotFounded),
        Some(found) if *found != configured => flaws.report(Flaw::FoundedOtherwise {
            found: found.clone(),
            configured,
        }),
        _ => {}
    }
}

fn check_devices(configured: &[Uuid], walked: &Walked, flaws: &mut Flaws) {
    let known = |device: &Uuid| walked.devices.contains(device);
    if !configured.is_empty() && !walked.devices.is_empty() && !configured.iter().any(known) {
        flaws.report(Flaw::AnotherTillsDevices {
            found: walked.devices.iter().copied().collect(),
        });
    }
}

/// The reconciliations of the Z-reports in the range. Documents that the authority has not acknowledged yet are no flaw.
fn reconciliations(
    connection: &Connection,
    range: VerifyRange,
    flaws: &mut Flaws,
) -> Result<Vec<ZReconciliation>, rusqlite::Error> {
    let reports = connection
        .prepare(
            "SELECT device, z_number, agrees FROM reconciliation WHERE report_seq BETWEEN ?1 AND ?2 ORDER BY report_seq",
        )?
        .query_map(params![range.first, range.last], |row| {
            Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<Vec<(Uuid, u32, i64)>, _>>()?;
    let mut reconciliations = Vec::with_capacity(reports.len());
    for (device, z_number, agrees) in reports {
        let Some(reconciliation) = reconcile::of_report(connection, device, z_number)? else {
            continue;
        };
        let unreconciled = |words: String, suspects: Vec<(u32, Uuid)>| Flaw::Unreconciled {
            device,
            z_number,
            words,
            suspects,
        };
        for figure in reconciliation
            .figures
            .iter()
            .filter(|figure| !figure.agrees())
        {
            flaws.report(unreconciled(figure.to_string(), figure.suspects.clone()));
        }
        let (first, last) = (reconciliation.first_number, reconciliation.last_number);
        let waiting = reconcile::waiting(connection, device, first, last)?;
        let is_told = reconcile::is_told(connection, device, first, last)?;
        // An older program has compared the documents of an exchanged printer too, and has found a difference that is none.
        let is_better_known = agrees == 0 && reconciliation.has_other_printers();
        if waiting != reconciliation.unacknowledged
            || (is_told && waiting == 0) != reconciliation.acknowledged_at.is_some()
            || (agrees != i64::from(reconciliation.agrees()) && !is_better_known)
        {
            let words = format!(
                "the outbox has {waiting} documents that wait, and the reconciliation has {}",
                reconciliation.unacknowledged
            );
            flaws.report(unreconciled(words, Vec::new()));
        }
        reconciliations.push(reconciliation);
    }
    Ok(reconciliations)
}

/// Checks that every document that waits still has the request that was frozen when it was sealed, byte for byte, and not that of
/// another document.
fn check_requests(
    connection: &Connection,
    key: &ChainKey,
    range: VerifyRange,
    flaws: &mut Flaws,
) -> Result<(), rusqlite::Error> {
    check_uploads(connection, flaws)?;
    let mut statement = connection.prepare(
        "SELECT outbox.sealed_seq, outbox.recipient, content_type, request.digest, body, request.mac, journal.mac \
         FROM main.outbox LEFT JOIN main.outbox_request AS request ON request.id = outbox.request \
         LEFT JOIN main.journal ON journal.seq = outbox.sealed_seq \
         WHERE outbox.state <> 'acknowledged' AND outbox.request NOT NULL AND outbox.sealed_seq BETWEEN ?1 AND ?2 ORDER BY outbox.sealed_seq",
    )?;
    let mut rows = statement.query(params![range.first, range.last])?;
    while let Some(row) = rows.next()? {
        let (sealed_seq, recipient): (i64, String) = (row.get(0)?, row.get(1)?);
        let content_type: Option<String> = row.get(2)?;
        let digest: Option<Vec<u8>> = row.get(3)?;
        let body = row.get_ref(4)?.as_blob_or_null()?;
        let (found, row_mac): (Option<Vec<u8>>, Option<Mac>) = (row.get(5)?, row.get(6)?);
        let words = match (content_type, digest, body, row_mac) {
            (Some(content_type), Some(digest), Some(body), Some(row_mac)) => {
                let binding = Binding {
                    key,
                    sealed_seq,
                    row_mac,
                };
                let mac = binding.mac(&recipient, &content_type, body);
                if digest != digest_of(body) {
                    "was changed after the document was sealed"
                } else if found.as_deref() != Some(mac.as_slice()) {
                    "is that of another document, or was changed after the document was sealed"
                } else {
                    continue;
                }
            }
            _ => "is missing",
        };
        flaws.report(Flaw::RequestChanged {
            sealed_seq,
            recipient,
            words,
        });
    }
    Ok(())
}

fn refused(connection: &Connection) -> Result<Vec<Refused>, rusqlite::Error> {
    connection
        .prepare(
            "SELECT document.number, document.id, outbox.duty, outbox.refusal FROM outbox JOIN document USING (reserved_seq) \
             WHERE outbox.state = 'waiting' AND outbox.recipient = 'authority' AND outbox.refusal NOT NULL AND document.number NOT NULL \
             ORDER BY outbox.sealed_seq LIMIT ?1",
        )?
        .query_map([REFUSED_MAX], |row| {
            Ok(Refused {
                number: row.get(0)?,
                id: Uuid::from_bytes(row.get(1)?),
                duty: row.get(2)?,
                words: row.get(3)?,
            })
        })?
        .collect()
}
