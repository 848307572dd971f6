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

    /// Whether a document of this kind belongs to a letter of command 119 of group A: `A` is all documents.
    #[must_use]
    pub const fn has_flag(self, flag: char) -> bool {
        match flag {
            'A' => true,
            'F' => matches!(self, Self::Sale),
            'V' => matches!(self, Self::Refund),
            'C' => matches!(self, Self::Cancelled),
            'N' => matches!(self, Self::Slip),
            // The journal does not keep whether cash was put in or taken out.
            'I' | 'O' => matches!(self, Self::Cash),
            'S' | 'P' => matches!(self, Self::Other),
            'X' => matches!(self, Self::XReport),
            'Z' => matches!(self, Self::ZReport),
            _ => false,
        }
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

/// A choice of documents; a document must fit in every respect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    /// The number of the first document.
    pub(super) first: u32,
    /// The number of the last document.
    pub(super) last: u32,
    /// The beginning of the time, in seconds since 1970.
    pub(super) from: i64,
    /// The end of the time, in seconds since 1970.
    pub(super) to: i64,
    /// The Z-report that closes the day of the documents; `None` means any.
    pub(super) z_number: Option<u32>,
    /// The letter of the kind of documents in command 119 of group A; `A` means all kinds.
    pub(super) flag: char,
}

impl Chosen {
    /// Every document.
    pub(super) const ALL: Self = Self {
        first: 0,
        last: u32::MAX,
        from: i64::MIN,
        to: i64::MAX,
        z_number: None,
        flag: 'A',
    };

    /// Whether the choice has this document.
    pub(super) fn has(&self, document: &PrintedDocument) -> bool {
        (self.first..=self.last).contains(&document.number)
            && (self.from..=self.to).contains(&document.at)
            && self.z_number.is_none_or(|z| z == document.z_number)
            && document.kind.has_flag(self.flag)
    }
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The documents; the first one moves on while they are read.
    chosen: Chosen,
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

    /// Every document that is kept, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &PrintedDocument> {
        self.documents.iter()
    }

    /// Begins to read one document; returns that document.
    pub(super) fn choose(&mut self, number: u32) -> Option<&PrintedDocument> {
        self.choose_these(Chosen {
            first: number,
            last: number,
            ..Chosen::ALL
        });
        self.document(number)
    }

    /// Begins to read the documents within a time.
    pub(super) fn choose_time(&mut self, from: i64, to: i64) {
        self.choose_these(Chosen {
            from,
            to,
            ..Chosen::ALL
        });
    }

    /// Begins to read these documents.
    pub(super) fn choose_these(&mut self, chosen: Chosen) {
        self.reading = Some(Reading { chosen, line: 0 });
    }

    /// The document that is read.
    pub(super) fn chosen(&self) -> Option<&PrintedDocument> {
        let reading = self.reading?;
        self.documents
            .iter()
            .find(|document| reading.chosen.has(document))
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
                reading.chosen.first = number.saturating_add(1);
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
