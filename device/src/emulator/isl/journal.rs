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
    /// Cash put in or taken out.
    Cash,
    /// A report of the day.
    XReport,
    /// A report of the day that closed it.
    ZReport,
    /// Any other document: duplicates, reports of the fiscal memory.
    Other,
}

impl PrintedKind {
    /// The number of this kind in command 125 of X.
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

    /// Whether a document of this kind belongs to a type of command 125: 0 is all documents, 10 all fiscal ones.
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
    /// The number of the document.
    pub number: u32,
    /// The time of the document in seconds since 1970.
    pub at: i64,
    /// The kind of the document.
    pub kind: PrintedKind,
    /// The number of the Z-report that closes the document's day; for a Z-report its own number.
    pub z_number: u32,
    /// The lines on the paper of the document.
    pub lines: Vec<String>,
}

/// The documents of the journal, oldest first, and the position of reading.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    documents: VecDeque<PrintedDocument>,
    reading: Option<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The number of the document that is read; if it does not fit, the first one after it is read.
    number: u32,
    last: u32,
    from: i64,
    to: i64,
    line: usize,
}

/// The result of reading one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A line of a document.
    Line(String),
    /// The end of a document.
    DocumentEnd,
    /// The end of the chosen documents.
    End,
}

/// The number of documents that are kept; the oldest ones are dropped first.
pub(super) const DOCUMENTS_MAX: usize = 10_000;

impl Journal {
    /// A journal with these documents.
    pub(super) fn of(documents: Vec<PrintedDocument>) -> Self {
        Self {
            documents: documents.into(),
            reading: None,
        }
    }

    /// Appends a document to the journal.
    pub(super) fn push(&mut self, document: PrintedDocument) {
        if self.documents.len() >= DOCUMENTS_MAX {
            self.documents.pop_front();
        }
        self.documents.push_back(document);
    }

    /// Removes the documents that were written after the document with this number.
    pub(super) fn forget_after(&mut self, number: u32) {
        self.documents.retain(|document| document.number <= number);
    }

    /// The documents that were written after the document with this number.
    pub(super) fn after(&self, number: u32) -> impl Iterator<Item = &PrintedDocument> {
        self.documents
            .iter()
            .filter(move |document| document.number > number)
    }

    /// The document with this number.
    pub(super) fn document(&self, number: u32) -> Option<&PrintedDocument> {
        self.documents
            .iter()
            .find(|document| document.number == number)
    }

    /// The numbers of the first and the last document within a time and of a kind.
    pub(super) fn span(&self, from: i64, to: i64, kind: u32) -> Option<(u32, u32)> {
        let mut fitting = self
            .documents
            .iter()
            .filter(|document| (from..=to).contains(&document.at) && document.kind.is_of(kind))
            .map(|document| document.number);
        let first = fitting.next()?;
        Some((first, fitting.next_back().unwrap_or(first)))
    }

    /// Begins to read one document; returns that document.
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

    /// Begins to read the documents within a time.
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

    /// Reads the next line.
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

    /// Ends reading, because the position is lost with the working memory.
    pub(super) fn stop_reading(&mut self) {
        self.reading = None;
    }
}
