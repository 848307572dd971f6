//! The faults of one request.

use std::fmt;

/// One fault of a request: the field, the error code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFault {
    /// The path of the faulty field, such as `items[0].price`.
    pub path: String,
    /// The error code, as in `errorType`.
    pub code: &'static str,
    /// The sentence that says what is wrong and what to do about it.
    pub sentence: String,
}

impl fmt::Display for RequestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.sentence)
    }
}

/// The faults of one request: the first [`FAULTS_MAX`] are kept, and the others are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultList {
    kept: Vec<RequestFault>,
    others: usize,
}

/// The largest number of faults that one answer lists.
pub const FAULTS_MAX: usize = 100;

impl FaultList {
    /// Adds a fault unless the list contains it already.
    pub fn push(&mut self, fault: RequestFault) {
        if self.kept.contains(&fault) {
            return;
        }
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(fault);
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    /// Adds the faults of another list.
    pub fn append(&mut self, other: Self) {
        for fault in other.kept {
            self.push(fault);
        }
        self.others = self.others.saturating_add(other.others);
    }

    /// True if the list contains no fault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// True if some faults were only counted, because the list was full.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.others > 0
    }

    /// The faults that were kept, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &RequestFault> {
        self.kept.iter()
    }

    /// The error code of the first fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kept.first().map_or("BadRequest", |fault| fault.code)
    }

    /// The text of the list: one line for each fault that was kept, and one line with the number of the other faults.
    #[must_use]
    pub fn message(&self) -> String {
        let mut lines: Vec<String> = self.kept.iter().map(RequestFault::to_string).collect();
        if self.others > 0 {
            lines.push(format!("body: has {} more faults", self.others));
        }
        lines.join("\n")
    }
}

impl From<RequestFault> for FaultList {
    fn from(fault: RequestFault) -> Self {
        Self {
            kept: vec![fault],
            others: 0,
        }
    }
}
