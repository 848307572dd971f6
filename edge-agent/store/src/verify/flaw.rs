//! What `verify` can find: each flaw with its place and what to do.

use std::fmt;
use std::path::PathBuf;

use ferrotill_core::event::EventError;
use uuid::Uuid;

/// Something that is wrong in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// SQLite reports that the file is damaged.
    FileDamaged {
        /// SQLite's message.
        words: String,
    },
    /// A table, an index or a trigger is not as this program makes it.
    SchemaChanged {
        /// Its name.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No row of the journal fits this key.
    AnotherTillsJournal,
    /// No configured device has rows in the journal.
    AnotherTillsDevices {
        /// The devices that have.
        found: Vec<Uuid>,
    },
    /// A row does not fit the row before it: it was changed, swapped or added.
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
    /// A row has a number below 1.
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
    /// The journal has another row in the place of the anchor's row.
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
    /// The journal has many rows and no anchor.
    AnchorMissing {
        /// Where it should be.
        anchor: PathBuf,
    },
    /// An event contradicts what came before it.
    Contradiction {
        /// The row.
        seq: i64,
        /// Its document, if it is about one.
        document: Option<Uuid>,
        /// What does not fit.
        words: String,
    },
    /// A row of a table is not what the journal says.
    TableDiffers {
        /// The table.
        table: &'static str,
        /// The key of the row, as text.
        key: String,
        /// What differs.
        words: String,
    },
    /// The stored till is not the one that follows from the journal.
    SnapshotDiffers {
        /// The device.
        device: Uuid,
        /// The journal row of the snapshot.
        seq: i64,
    },
    /// A Z-report does not reconcile.
    Unreconciled {
        /// The device.
        device: Uuid,
        /// The Z-report.
        z_number: u32,
        /// The figure with its sides, as text.
        words: String,
        /// The documents in question.
        suspects: Vec<(u32, Uuid)>,
    },
}

impl Flaw {
    /// The name of its kind, for programs.
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

    /// The one thing to do.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::FileDamaged { .. } => {
                "copy the data folder away, check the disk, and restore the newest backup"
            }
            Self::SchemaChanged { .. } => {
                "somebody edited the database by hand: keep a copy for the auditor and restore the newest backup"
            }
            Self::AnotherTillsJournal => {
                "put journal.key and the database of the same till back, from the same backup"
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
                "the agent writes a new one; if nobody removed it on purpose, compare the last documents with the printer and the authority"
            }
            Self::Contradiction { .. } => {
                "keep a copy of the data folder and call the service: a defect or somebody else wrote the row"
            }
            Self::TableDiffers { .. } => {
                "the journal is right: keep a copy and let the service rebuild the table"
            }
            Self::SnapshotDiffers { .. } => {
                "stop the agent and delete the snapshot; the till is made again from the journal"
            }
            Self::Unreconciled { .. } => {
                "compare the named documents with their paper, the printer's journal and the authority, and write the difference down with the Z-report"
            }
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileDamaged { words } => write!(f, "the file is damaged: {words}"),
            Self::SchemaChanged { what, .. } => {
                write!(f, "{what}; it protects or orders the journal")
            }
            Self::AnotherTillsJournal => f.write_str(
                "no row fits this till's key: the journal is another till's, or journal.key was replaced",
            ),
            Self::AnotherTillsDevices { found } => {
                f.write_str("no configured device has rows in the journal, but these have:")?;
                found.iter().try_for_each(|device| write!(f, " {device}"))
            }
            Self::RowChanged { .. } => f.write_str(
                "does not fit the row before it: it was changed, swapped or added by somebody else",
            ),
            Self::RowsMissing { .. } => f.write_str("missing: removed or moved"),
            Self::RowOutside { .. } => {
                f.write_str("has a number below 1, which is never written")
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
                "missing: it is unknown whether the end of the journal was cut",
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
                write!(f, "is not the till that follows from the journal at row {seq}")
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
