//! The flaws that `verify` can find, each with its place and what to do about it.

use std::fmt;
use std::path::PathBuf;

use ferrotill_core::event::EventError;
use uuid::Uuid;

use super::super::FolderPurpose;

/// One flaw in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// SQLite reports that the file is damaged.
    FileDamaged {
        /// SQLite's own message.
        words: String,
    },
    /// A table, an index or a trigger differs from what this program creates.
    SchemaChanged {
        /// The name of the table, index or trigger.
        name: String,
        /// What is wrong with the table, index or trigger.
        what: &'static str,
    },
    /// No row of the journal fits the key of this till.
    AnotherTillsJournal,
    /// No configured device has rows in the journal.
    AnotherTillsDevices {
        /// The devices that have rows in the journal.
        found: Vec<Uuid>,
    },
    /// No row of the journal says what the folder is for.
    NotFounded,
    /// The journal says that the folder is for another country, currency or mode than the configuration.
    FoundedOtherwise {
        /// What the journal says.
        found: FolderPurpose,
        /// What the configuration says.
        configured: FolderPurpose,
    },
    /// A row does not fit the row before it, because it was changed, swapped or added.
    RowChanged {
        /// The number of the journal row.
        seq: i64,
    },
    /// Rows of the journal are missing.
    RowsMissing {
        /// The number of the first missing row.
        first: i64,
        /// The number of the last missing row.
        last: i64,
    },
    /// A journal row has a number below 1.
    RowOutside {
        /// The number of the journal row.
        seq: i64,
    },
    /// A journal row cannot be read.
    RowUnreadable {
        /// The number of the journal row.
        seq: i64,
        /// Why the row cannot be read.
        error: EventError,
    },
    /// The anchor names a row beyond the end of the journal.
    JournalCut {
        /// The number of the journal's last row.
        head: i64,
        /// The number of the anchor's row.
        anchored: i64,
        /// The path of the anchor file.
        anchor: PathBuf,
    },
    /// The journal contains a row with the number of the anchor's row, but with a different MAC.
    AnotherHistory {
        /// The number of the anchor's row.
        anchored: i64,
        /// The path of the anchor file.
        anchor: PathBuf,
    },
    /// The anchor was not written by this till.
    AnchorForeign {
        /// The path of the anchor file.
        anchor: PathBuf,
    },
    /// The journal has many rows, but there is no anchor.
    AnchorMissing {
        /// The path at which the anchor file should be.
        anchor: PathBuf,
    },
    /// An event contradicts the events before it.
    Contradiction {
        /// The number of the event's journal row.
        seq: i64,
        /// The id of the event's document, if the event is about a document.
        document: Option<Uuid>,
        /// What contradicts the earlier events, as text.
        words: String,
    },
    /// A row of a table differs from what follows from the journal.
    TableDiffers {
        /// The name of the table.
        table: &'static str,
        /// The key of the row, as text.
        key: String,
        /// What differs in the row, as text.
        words: String,
    },
    /// The stored snapshot of a till differs from the till that follows from the journal.
    SnapshotDiffers {
        /// The id of the device.
        device: Uuid,
        /// The journal row of the snapshot.
        seq: i64,
    },
    /// What a recipient is told of a document is not what was frozen when the document was sealed.
    RequestChanged {
        /// The journal row that sealed the document.
        sealed_seq: i64,
        /// The name of the recipient.
        recipient: String,
        /// What is wrong with the request, as text.
        words: &'static str,
    },
    /// The sides of a Z-report do not agree.
    Unreconciled {
        /// The id of the device.
        device: Uuid,
        /// The number of the Z-report.
        z_number: u32,
        /// The figure with the values of its sides, as text.
        words: String,
        /// The documents that may explain the difference: number and request id.
        suspects: Vec<(u32, Uuid)>,
    },
}

impl Flaw {
    /// The name of the flaw's kind, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FileDamaged { .. } => "file_damaged",
            Self::SchemaChanged { .. } => "schema_changed",
            Self::AnotherTillsJournal => "another_tills_journal",
            Self::AnotherTillsDevices { .. } => "another_tills_devices",
            Self::NotFounded => "not_founded",
            Self::FoundedOtherwise { .. } => "founded_otherwise",
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
            Self::RequestChanged { .. } => "request_changed",
            Self::Unreconciled { .. } => "unreconciled",
        }
    }

    /// The place of the flaw, as text.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::FileDamaged { .. } | Self::AnotherTillsDevices { .. } => {
                "the database".to_owned()
            }
            Self::SchemaChanged { name, .. } => name.clone(),
            Self::AnotherTillsJournal | Self::NotFounded | Self::FoundedOtherwise { .. } => {
                "journal".to_owned()
            }
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
            Self::RequestChanged {
                sealed_seq,
                recipient,
                ..
            } => format!("table outbox, journal row {sealed_seq}, recipient {recipient}"),
            Self::Unreconciled {
                device, z_number, ..
            } => format!("Z-report {z_number} of device {device}"),
        }
    }

    /// What a person should do about the flaw.
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
            Self::NotFounded => {
                "start the till once with this program; if it has run before, keep a copy of the data folder and call the service"
            }
            Self::FoundedOtherwise { .. } => {
                "check till.data_dir, till.country and till.mode in the configuration"
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
            Self::RequestChanged { .. } => {
                "keep a copy for the auditor and restore the newest backup; until then the recipient may be told something else"
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
            Self::NotFounded => f.write_str(
                "no row says which country, currency and mode the folder is for",
            ),
            Self::FoundedOtherwise { found, configured } => write!(
                f,
                "the folder is for {found}, and the configuration says {configured}"
            ),
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
            Self::RequestChanged { words, .. } => write!(f, "the request {words}"),
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
