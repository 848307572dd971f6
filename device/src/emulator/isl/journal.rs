//! The electronic journal: every document as it was printed, readable line by line.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrintedKind {
    /// A fiscal receipt.
    Sale,
    /// A refund receipt.
    Refund,
    /// A fiscal receipt that was cancelled.
    Cancelled,
    /// A non-fiscal slip.
    Slip,
    /// Cash in or out.
    Cash,
    /// A report of the day.
    XReport,
    /// A report that closed its day.
    ZReport,
    /// Anything else: duplicates, reports of the fiscal memory.
    Other,
}

impl PrintedKind {
    /// The number of its type in command 125 of X.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Sale => 1,
            Self::ZReport => 2,
            Self::Slip | Self::Other => 4,
            Self::Cash => 5,
            Self::Refund => 6,
            Self::Cancelled => 8,
            Self::XReport => 9,
        }
    }

    /// It belongs to this type: 0 is all, 10 all that are fiscal.
    #[must_use]
    pub const fn is_of(self, number: u32) -> bool {
        number == 0
            || self.number() == number
            || (number == 10 && matches!(self, Self::Sale | Self::Refund))
    }
}

/// One document of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintedDocument {
    /// Its number.
    pub number: u32,
    /// Seconds since 1970.
    pub at: i64,
    /// What it is.
    pub kind: PrintedKind,
    /// The number of the Z-report that closes its day, or its own number if it is one.
    pub z_number: u32,
    /// What is on its paper.
    pub lines: Vec<String>,
}

/// Documents, oldest first, and the position of reading.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    documents: VecDeque<PrintedDocument>,
    reading: Option<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The document, or the first one after it that fits.
    number: u32,
    last: u32,
    from: i64,
    to: i64,
    line: usize,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A line.
    Line(String),
    /// A document's end.
    DocumentEnd,
    /// The end.
    End,
}

/// Documents that are kept; the oldest ones are dropped first.
pub(super) const DOCUMENTS_MAX: usize = 10_000;

impl Journal {
    /// With these documents.
    pub(super) fn of(documents: Vec<PrintedDocument>) -> Self {
        Self {
            documents: documents.into(),
            reading: None,
        }
    }

    /// Writes a document.
    pub(super) fn push(&mut self, document: PrintedDocument) {
        if self.documents.len() >= DOCUMENTS_MAX {
            self.documents.pop_front();
        }
        self.documents.push_back(document);
    }

    /// Removes what was written after a document.
    pub(super) fn forget_after(&mut self, number: u32) {
        self.documents.retain(|document| document.number <= number);
    }

    /// What was written after a document.
    pub(super) fn after(&self, number: u32) -> impl Iterator<Item = &PrintedDocument> {
        self.documents
            .iter()
            .filter(move |document| document.number > number)
    }

    /// The document of this number.
    pub(super) fn document(&self, number: u32) -> Option<&PrintedDocument> {
        self.documents
            .iter()
            .find(|document| document.number == number)
    }

    /// The first and the last document of a time and a kind.
    pub(super) fn span(&self, from: i64, to: i64, kind: u32) -> Option<(u32, u32)> {
        let mut fitting = self
            .documents
            .iter()
            .filter(|document| (from..=to).contains(&document.at) && document.kind.is_of(kind))
            .map(|document| document.number);
        let first = fitting.next()?;
        Some((first, fitting.next_back().unwrap_or(first)))
    }

    /// Begins to read one document; returns its kind.
    pub(super) fn choose(&mut self, number: u32) -> Option<&PrintedDocument> {
        self.reading = Some(Reading {
            number,
            last: number,
            from: i64::MIN,
            to: i64::MAX,
            line: 0,
        });
        self.document(number)
    }

    /// Begins to read the documents of a time.
    pub(super) fn choose_time(&mut self, from: i64, to: i64) {
        self.reading = Some(Reading {
            number: 0,
            last: u32::MAX,
            from,
            to,
            line: 0,
        });
    }

    /// The document that is read.
    pub(super) fn chosen(&self) -> Option<&PrintedDocument> {
        let reading = self.reading?;
        self.documents.iter().find(|document| {
            (reading.number..=reading.last).contains(&document.number)
                && (reading.from..=reading.to).contains(&document.at)
        })
    }

    /// The next line.
    pub(super) fn read(&mut self) -> Read {
        let line = self.reading.map_or(0, |reading| reading.line);
        let Some(document) = self.chosen() else {
            return Read::End;
        };
        let number = document.number;
        let text = document.lines.get(line).cloned();
        if let Some(reading) = &mut self.reading {
            if text.is_some() {
                reading.line = line.saturating_add(1);
            } else {
                reading.number = number.saturating_add(1);
                reading.line = 0;
            }
        }
        text.map_or(Read::DocumentEnd, Read::Line)
    }

    /// Ends reading: the position is in working memory.
    pub(super) fn stop_reading(&mut self) {
        self.reading = None;
    }
}
