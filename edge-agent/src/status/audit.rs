//! The last audit of the till, and its problem in health.

use std::path::Path;
use std::{fs, io};

use super::problems::HealthProblem;
use super::{AUDIT_FAILED, LiveStatus};
use crate::secret_file::write_secret;

/// What an audit has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditOutcome {
    /// The till has not audited itself yet; the time of the record is that of its first start.
    NotYet,
    /// Nothing was found.
    Good,
    /// What is not in order.
    Failed(String),
}

/// The last audit of the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When it ended, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What it has found.
    pub outcome: AuditOutcome,
}

/// The name of the file with the record in the data folder.
const FILE_NAME: &str = "audit.last";
/// The longest text of a record, in characters.
const SAYS_MAX: usize = 1_000;

impl AuditRecord {
    /// What is not in order.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        match &self.outcome {
            AuditOutcome::Failed(says) => Some(says),
            AuditOutcome::NotYet | AuditOutcome::Good => None,
        }
    }

    /// Reads the record of a data folder; `None` if it has none that can be read. Then the till begins as if it were new.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(folder.join(FILE_NAME)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (at_ms, outcome) = text.trim_end().split_once(' ')?;
        let outcome = match outcome.split_once(' ') {
            Some(("failed", says)) => AuditOutcome::Failed(says.to_owned()),
            None if outcome == "good" => AuditOutcome::Good,
            None if outcome == "not-yet" => AuditOutcome::NotYet,
            _ => return None,
        };
        Some(Self {
            at_ms: at_ms.parse().ok()?,
            outcome,
        })
    }

    /// Writes the record into a data folder, so that a restart knows it.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        write_secret(&folder.join(FILE_NAME), self.text().as_bytes())
    }

    fn text(&self) -> String {
        let outcome = match &self.outcome {
            AuditOutcome::NotYet => "not-yet".to_owned(),
            AuditOutcome::Good => "good".to_owned(),
            AuditOutcome::Failed(says) => {
                let line = |letter: char| if letter.is_control() { ' ' } else { letter };
                let says: String = says.chars().map(line).take(SAYS_MAX).collect();
                format!("failed {says}")
            }
        };
        format!("{} {outcome}\n", self.at_ms)
    }
}

impl LiveStatus {
    /// The last audit; `None` before the first look.
    #[must_use]
    pub fn audit(&self) -> Option<AuditRecord> {
        self.audit.lock().clone()
    }

    /// Notes the last audit. One that has found something is a problem until one finds nothing.
    pub fn audited(&self, record: AuditRecord) {
        match &record.outcome {
            AuditOutcome::Failed(found) => self.problems.raise(HealthProblem {
                since_ms: record.at_ms,
                ..self.problem(
                    &AUDIT_FAILED,
                    None,
                    format!("the daily audit has found: {found}"),
                )
            }),
            AuditOutcome::Good => self.problems.clear(AUDIT_FAILED.kind, None),
            AuditOutcome::NotYet => {}
        }
        *self.audit.lock() = Some(record);
    }
}

#[cfg(test)]
mod tests {
    use super::{AuditOutcome, AuditRecord};

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for outcome in [
            AuditOutcome::NotYet,
            AuditOutcome::Good,
            AuditOutcome::Failed("2 faults: a b".to_owned()),
        ] {
            let record = AuditRecord {
                at_ms: 1_764_468_001_000,
                outcome,
            };
            assert_eq!(AuditRecord::parse(&record.text()), Some(record));
        }
        for text in ["", "x good", "12", "12 bad", "12 failed"] {
            assert_eq!(AuditRecord::parse(text), None, "{text}");
        }
    }
}
