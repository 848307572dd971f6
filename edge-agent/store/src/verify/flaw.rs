//! What `verify` may find: each flaw with its place and with what to do.

use std::fmt;
use std::path::PathBuf;

use ferrotill_core::event::EventError;
use uuid::Uuid;

/// Something in the books that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// SQLite itself finds the file damaged.
    FileDamaged {
        /// SQLite's words.
        words: String,
    },
    /// A table, an index or a trigger is not as this program made it.
    SchemaChanged {
        /// Its name.
        name: String,
        /// What became of it.
        what: &'static str,
    },
    /// No row fits this key.
    AnotherTillsJournal,
    /// None of the configured devices stands in the journal.
    AnotherTillsDevices {
        /// The devices that do.
        found: Vec<Uuid>,
    },
    /// A row does not fit the row before it: it was changed, swapped or put there.
    RowChanged {
        /// The row.
        seq: i64,
    },
    /// Rows are missing.
    RowsMissing {
        /// The first of them.
        first: i64,
        /// The last of them.
        last: i64,
    },
    /// A row stands before the first one, where nobody looks.
    RowOutside {
        /// The row.
        seq: i64,
    },
    /// A row cannot be read.
    RowUnreadable {
        /// The row.
        seq: i64,
        /// Why.
        error: EventError,
    },
    /// The anchor names a row beyond the end of the journal.
    JournalCut {
        /// The journal's last row.
        head: i64,
        /// The anchor's.
        anchored: i64,
        /// The anchor.
        anchor: PathBuf,
    },
    /// The anchor's row is another one in the journal.
    AnotherHistory {
        /// The anchor's row.
        anchored: i64,
        /// The anchor.
        anchor: PathBuf,
    },
    /// The anchor was not written by this till.
    AnchorForeign {
        /// The anchor.
        anchor: PathBuf,
    },
    /// The books have many rows and no anchor.
    AnchorMissing {
        /// Where it should be.
        anchor: PathBuf,
    },
    /// An event contradicts what came before it.
    Contradiction {
        /// The row.
        seq: i64,
        /// Its document, as far as it is one.
        document: Option<Uuid>,
        /// What does not fit.
        words: String,
    },
    /// A row of a table is not what the journal says.
    TableDiffers {
        /// The table.
        table: &'static str,
        /// The row's key, in words.
        key: String,
        /// What differs.
        words: String,
    },
    /// The stored till is not the one that the journal comes to.
    SnapshotDiffers {
        /// The device.
        device: Uuid,
        /// The snapshot's row.
        seq: i64,
    },
    /// A Z-report does not reconcile.
    Unreconciled {
        /// The device.
        device: Uuid,
        /// The Z-report.
        z_number: u32,
        /// The figure with its sides, in words.
        words: String,
        /// The documents in question.
        suspects: Vec<(u32, Uuid)>,
    },
}

impl Flaw {
    /// Its name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FileDamaged { .. } => "file_damaged",
            Self::SchemaChanged { .. } => "schema_changed",
            Self::AnotherTillsJournal => "another_tills_journal",
            Self::AnotherTillsDevices { .. } => "another_tills_devices",
            Self::RowChanged { .. } => "row_changed",
            Self::RowsMissing { .. } => "rows_missing",
            Self::RowOutside { .. } => "row_outside",
            Self::RowUnreadable { .. } => "row_unreadable",
            Self::JournalCut { .. } => "journal_cut",
            Self::AnotherHistory { .. } => "another_history",
            Self::AnchorForeign { .. } => "anchor_foreign",
            Self::AnchorMissing { .. } => "anchor_missing",
            Self::Contradiction { .. } => "contradiction",
            Self::TableDiffers { .. } => "table_differs",
            Self::SnapshotDiffers { .. } => "snapshot_differs",
            Self::Unreconciled { .. } => "unreconciled",
        }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::FileDamaged { .. } | Self::AnotherTillsDevices { .. } => {
                "the database".to_owned()
            }
            Self::SchemaChanged { name, .. } => name.clone(),
            Self::AnotherTillsJournal => "journal".to_owned(),
            Self::RowChanged { seq }
            | Self::RowOutside { seq }
            | Self::RowUnreadable { seq, .. }
            | Self::Contradiction { seq, .. } => format!("journal row {seq}"),
            Self::RowsMissing { first, last } if first == last => format!("journal row {first}"),
            Self::RowsMissing { first, last } => format!("journal rows {first} to {last}"),
            Self::JournalCut { head, anchored, .. } => {
                format!("journal rows {} to {anchored}", head.saturating_add(1))
            }
            Self::AnotherHistory { anchored, .. } => format!("journal row {anchored}"),
            Self::AnchorForeign { anchor } | Self::AnchorMissing { anchor } => {
                anchor.display().to_string()
            }
            Self::TableDiffers { table, key, .. } => format!("table {table}, {key}"),
            Self::SnapshotDiffers { device, .. } => format!("table snapshot, device {device}"),
            Self::Unreconciled {
                device, z_number, ..
            } => format!("Z-report {z_number} of device {device}"),
        }
    }

    /// One thing to do.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::FileDamaged { .. } => {
                "copy the data folder away, check the disk, and restore the newest backup"
            }
            Self::SchemaChanged { .. } => {
                "somebody worked on the database by hand: keep a copy for the auditor and restore the newest backup"
            }
            Self::AnotherTillsJournal => {
                "put journal.key and the database of the same till together, from the same backup"
            }
            Self::AnotherTillsDevices { .. } => {
                "check till.data_dir and the ids of the devices in the configuration"
            }
            Self::RowChanged { .. }
            | Self::RowsMissing { .. }
            | Self::RowOutside { .. }
            | Self::RowUnreadable { .. } => {
                "keep a copy of the data folder for the auditor and restore the newest backup that verifies"
            }
            Self::JournalCut { .. } | Self::AnotherHistory { .. } => {
                "stop selling: an older copy was put back or the end was cut; restore the newest backup, and remove the anchor only once its rows are accounted for"
            }
            Self::AnchorForeign { .. } => {
                "keep the file for the auditor and move it out of the folder; the agent writes a new one"
            }
            Self::AnchorMissing { .. } => {
                "the agent writes a new one; if nobody removed it on purpose, compare the last documents with the printer and the tax office"
            }
            Self::Contradiction { .. } => {
                "keep a copy of the data folder and tell the service: the row was written by a defect or by somebody else"
            }
            Self::TableDiffers { .. } => {
                "the journal is what counts: keep a copy and have the service rebuild the table"
            }
            Self::SnapshotDiffers { .. } => {
                "stop the agent and delete the snapshot; the till is made again from the journal"
            }
            Self::Unreconciled { .. } => {
                "compare the documents named with their paper, the printer's journal and the tax office, and note the difference with the Z-report"
            }
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileDamaged { words } => write!(f, "the file is damaged: {words}"),
            Self::SchemaChanged { what, .. } => {
                write!(f, "{what}; it protects or orders the books")
            }
            Self::AnotherTillsJournal => f.write_str(
                "no row fits this till's key: the journal is another till's, or journal.key was replaced",
            ),
            Self::AnotherTillsDevices { found } => {
                f.write_str("none of the configured devices stands in the books, but these do:")?;
                found.iter().try_for_each(|device| write!(f, " {device}"))
            }
            Self::RowChanged { .. } => f.write_str(
                "does not fit the row before it: it was changed, swapped, or put there by somebody else",
            ),
            Self::RowsMissing { .. } => f.write_str("missing: removed or moved"),
            Self::RowOutside { .. } => {
                f.write_str("stands before the first row, where nothing is ever written")
            }
            Self::RowUnreadable { error, .. } => write!(f, "cannot be read: {error}"),
            Self::JournalCut { head, anchored, .. } => write!(
                f,
                "missing: the journal ends at row {head}, and the anchor was written at row {anchored}"
            ),
            Self::AnotherHistory { .. } => {
                f.write_str("is not the row that the anchor was written for")
            }
            Self::AnchorForeign { .. } => f.write_str("was not written by this till, or was edited"),
            Self::AnchorMissing { .. } => f.write_str(
                "missing: whether the end of the journal was cut cannot be said",
            ),
            Self::Contradiction {
                document, words, ..
            } => match document {
                Some(document) => write!(f, "document {document}: {words}"),
                None => f.write_str(words),
            },
            Self::TableDiffers { words, .. } | Self::Unreconciled { words, .. } => {
                f.write_str(words)
            }
            Self::SnapshotDiffers { seq, .. } => {
                write!(f, "is not the till that the journal comes to at row {seq}")
            }
        }?;
        if let Self::Unreconciled { suspects, .. } = self
            && !suspects.is_empty()
        {
            f.write_str("; documents in question:")?;
            suspects
                .iter()
                .try_for_each(|(number, id)| write!(f, " {number} ({id})"))?;
        }
        Ok(())
    }
}
