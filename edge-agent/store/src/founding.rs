//! What a data folder is for: its country, its currency and its mode.
//!
//! The journal says it, in one row that is never changed ([`Founded`]). A store is opened for writing only with what the
//! configuration says, and a folder that was founded for something else is refused. The first batch of a folder that was not
//! founded yet begins with the row, so that no row is ever written into a folder that does not know what it is for.
//!
//! A folder of an older program has rows and no such row. What it is for follows from the configuration if nothing in the folder
//! depends on it: no document is outstanding, and none waits to be sent. Otherwise an operator must confirm it once.

use std::fmt;
use std::path::Path;

use ferrotill_core::event::{Event, Founded, Mode};
use ferrotill_core::profile::Facts;
use ferrotill_core::time::Moment;
use rusqlite::{Connection, OptionalExtension};

use super::chain::{ChainKey, GENESIS, Link, Mac};
use super::{Context, StoreError, migrate};

/// What a data folder is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPurpose {
    /// The ISO 3166 code of the country whose law applies.
    pub country: String,
    /// The ISO 4217 code of the currency of every amount.
    pub currency: String,
    /// Whether the documents are legal.
    pub mode: Mode,
}

impl FolderPurpose {
    /// A folder for a country and a mode. The country decides about the currency.
    #[must_use]
    pub fn new(law: &Facts, mode: Mode) -> Self {
        Self {
            country: law.code.to_owned(),
            currency: law.currency.code().to_owned(),
            mode,
        }
    }
}

impl fmt::Display for FolderPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            country,
            currency,
            mode,
        } = self;
        write!(f, "country {country}, currency {currency}, mode {mode}")
    }
}

/// What the configuration says that a data folder is for, at a start.
#[derive(Clone, Debug)]
pub struct Founding {
    /// What the folder is for.
    pub purpose: FolderPurpose,
    /// True if an operator confirms it for a folder of an older program.
    pub confirmed: bool,
    /// The time of the start. If the folder is founded now, its row gets this time.
    pub now: Moment,
}

impl Founding {
    /// The founding of a folder for a country and a mode, which no operator has confirmed.
    #[must_use]
    pub fn new(law: &Facts, mode: Mode, now: Moment) -> Self {
        Self {
            purpose: FolderPurpose::new(law, mode),
            confirmed: false,
            now,
        }
    }
}

/// What is to be done with a data folder at a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The folder was founded for what the configuration says.
    Founded,
    /// The folder gets its row with the first batch. `confirmed` says whether an operator has confirmed what it is for.
    ToBeFounded { confirmed: bool },
}

/// Compares a folder that has rows with what the configuration says. Nothing is changed.
///
/// # Errors
///
/// [`StoreError::FoundedOtherwise`], [`StoreError::Unconfirmed`], or an error of the database.
pub(super) fn admit(
    connection: &Connection,
    path: &Path,
    key: &ChainKey,
    wanted: &Founding,
) -> Result<Admission, StoreError> {
    if let Some(found) = of_journal(connection, path, key)? {
        if found == wanted.purpose {
            return Ok(Admission::Founded);
        }
        return Err(StoreError::FoundedOtherwise {
            path: path.to_owned(),
            found: Box::new(found),
            configured: Box::new(wanted.purpose.clone()),
        });
    }
    let open = open_matters(connection).context(path, "open documents")?;
    let depends = open != (0, 0);
    if depends && !wanted.confirmed {
        return Err(StoreError::Unconfirmed {
            path: path.to_owned(),
            configured: Box::new(wanted.purpose.clone()),
            waiting: open.0,
            outstanding: open.1,
        });
    }
    Ok(Admission::ToBeFounded {
        confirmed: depends && wanted.confirmed,
    })
}

/// What the journal says that the folder is for; `None` if it has no such row.
fn of_journal(
    connection: &Connection,
    path: &Path,
    key: &ChainKey,
) -> Result<Option<FolderPurpose>, StoreError> {
    // The table tells where the row is. In a folder without the table, or with an empty one, the journal is searched: this is
    // done once in the life of a folder of an older program.
    let seq = founded_seq(connection).context(path, "founded")?;
    let Some(seq) = seq else { return Ok(None) };
    let row = read_row(connection, seq).context(path, "founded")?;
    let broken = StoreError::ChainBroken { seq };
    let Some(row) = row else { return Err(broken) };
    if row.expected_mac(key, seq) != row.mac {
        return Err(broken);
    }
    match Event::decode(row.kind, row.version, &row.payload) {
        Ok(Event::Founded(founded)) => Ok(Some(purpose_of(&founded))),
        Ok(_) => Err(broken),
        Err(source) => Err(StoreError::Unreadable { seq, source }),
    }
}

fn founded_seq(connection: &Connection) -> Result<Option<i64>, rusqlite::Error> {
    if migrate::has_table(connection, "founded")? {
        let seq = connection
            .query_row("SELECT founded_seq FROM founded", [], |row| row.get(0))
            .optional()?;
        if seq.is_some() {
            return Ok(seq);
        }
    }
    connection
        .query_row(
            "SELECT seq FROM journal WHERE kind = ?1 ORDER BY seq LIMIT 1",
            [FOUNDED],
            |row| row.get(0),
        )
        .optional()
}

/// The number of the event [`Event::Founded`] in the journal.
const FOUNDED: u16 = 10;

/// A journal row with the MAC of the row before it.
pub(super) struct ChainedRow {
    device: Vec<u8>,
    at: i64,
    pub(super) kind: u16,
    pub(super) version: u16,
    pub(super) payload: Vec<u8>,
    pub(super) mac: Mac,
    previous: Mac,
}

impl ChainedRow {
    /// The MAC that the row with this number has in the chain of this key.
    pub(super) fn expected_mac(&self, key: &ChainKey, seq: i64) -> Mac {
        let link = Link {
            seq,
            device: &self.device,
            at: self.at,
            kind: self.kind,
            version: self.version,
            payload: &self.payload,
        };
        key.mac(&self.previous, &link)
    }
}

pub(super) fn read_row(
    connection: &Connection,
    seq: i64,
) -> Result<Option<ChainedRow>, rusqlite::Error> {
    let previous = connection
        .query_row("SELECT mac FROM journal WHERE seq = ?1 - 1", [seq], |row| {
            row.get(0)
        })
        .optional()?
        .unwrap_or(GENESIS);
    connection
        .query_row(
            "SELECT device, at, kind, version, payload, mac FROM journal WHERE seq = ?1",
            [seq],
            |row| {
                Ok(ChainedRow {
                    device: row.get(0)?,
                    at: row.get(1)?,
                    kind: row.get(2)?,
                    version: row.get(3)?,
                    payload: row.get(4)?,
                    mac: row.get(5)?,
                    previous,
                })
            },
        )
        .optional()
}

/// How many documents wait to be sent, and how many are outstanding.
fn open_matters(connection: &Connection) -> Result<(u32, u32), rusqlite::Error> {
    connection.query_row(
        "SELECT (SELECT count(*) FROM outbox WHERE state = 'waiting'), (SELECT count(*) FROM document WHERE state = 'reserved')",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

pub(super) fn purpose_of(founded: &Founded<'_>) -> FolderPurpose {
    FolderPurpose {
        country: founded.country.to_owned(),
        currency: founded.currency.to_owned(),
        mode: founded.mode,
    }
}

/// True if the table of the folder's purpose has its row.
pub(super) fn is_founded(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM founded)", [], |row| {
        row.get(0)
    })
}
