//! Reading ahead: while one lot of letters is on its way to the office, the next one is read and put into the office's terms.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ferrotill_core::Currency;

use super::entry::letter_document;
use crate::authority::ReportedDocument;
use crate::config::ReportingParty;
use ferrotill_store::{OutboxEntry, Reader, StoreError};

/// A letter with what it tells; nothing where the journal cannot be read.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) letter: OutboxEntry,
    pub(super) document: Option<ReportedDocument>,
}

/// A lot of letters, oldest first.
type ReadBatch = Result<Vec<Prepared>, StoreError>;

/// Reads letters on a thread of its own, which ends with it.
#[derive(Debug)]
pub(super) struct ReadingAhead {
    reading: Reading,
    /// The lot that is being read: the place after which it begins.
    asked: Option<i64>,
}

/// Who reads.
#[derive(Debug)]
enum Reading {
    /// A thread.
    Thread {
        asks: SyncSender<(i64, u32)>,
        lots: Receiver<ReadBatch>,
    },
    /// Whoever asks, at once: what is read ahead is as old as it can be, and the same each time.
    Here {
        desk: DeviceState,
        lot: Option<ReadBatch>,
    },
}

/// Where letters are read and put into the office's terms.
#[derive(Debug)]
struct DeviceState {
    reader: Reader,
    party: Arc<ReportingParty>,
    currency: Currency,
}

impl DeviceState {
    fn read(&self, after: i64, count: u32) -> ReadBatch {
        let letters = self.reader.outbox_entries(after, count)?;
        let prepared = letters.into_iter().map(|letter| Prepared {
            document: letter_document(&letter, &self.party, self.currency),
            letter,
        });
        Ok(prepared.collect())
    }
}

/// Letters that are read at a time.
const LETTERS_MAX: u32 = 64;

impl ReadingAhead {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot make one.
    pub(super) fn start(
        reader: Reader,
        party: Arc<ReportingParty>,
        currency: Currency,
    ) -> io::Result<Self> {
        let (asks, asked) = sync_channel::<(i64, u32)>(1);
        let (tell, lots) = sync_channel(1);
        let desk = DeviceState {
            reader,
            party,
            currency,
        };
        std::thread::Builder::new()
            .name("letters".to_owned())
            .spawn(move || {
                for (after, count) in asked {
                    if tell.send(desk.read(after, count)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            reading: Reading::Thread { asks, lots },
            asked: None,
        })
    }

    /// The same without a thread.
    pub(super) fn by_hand(reader: Reader, party: Arc<ReportingParty>, currency: Currency) -> Self {
        let desk = DeviceState {
            reader,
            party,
            currency,
        };
        Self {
            reading: Reading::Here { desk, lot: None },
            asked: None,
        }
    }

    /// The lot after a place in the order. If it is full, the one after it is read meanwhile.
    pub(super) fn lot(&mut self, after: i64) -> ReadBatch {
        if self.asked != Some(after) {
            self.forget();
            self.ask(after, LETTERS_MAX);
        }
        let lot = self.answer()?;
        if let Some(last) = lot.last().filter(|_| lot.len() >= usize_of(LETTERS_MAX)) {
            self.ask(last.letter.sealed_seq, LETTERS_MAX);
        }
        Ok(lot)
    }

    /// The letter at a place, if it still waits.
    pub(super) fn one(&mut self, sealed_seq: i64) -> Result<Option<Prepared>, StoreError> {
        self.forget();
        self.ask(sealed_seq - 1, 1);
        let lot = self.answer()?;
        let mut letters = lot.into_iter();
        Ok(letters.find(|one| one.letter.sealed_seq == sealed_seq))
    }

    fn ask(&mut self, after: i64, count: u32) {
        self.asked = Some(after);
        match &mut self.reading {
            // A thread that has ended is found when it does not answer.
            Reading::Thread { asks, .. } => drop(asks.send((after, count))),
            Reading::Here { desk, lot } => *lot = Some(desk.read(after, count)),
        }
    }

    fn answer(&mut self) -> ReadBatch {
        self.asked = None;
        match &mut self.reading {
            // It ends only with us; without it there is nothing to send.
            Reading::Thread { lots, .. } => lots.recv().unwrap_or_else(|_| Ok(Vec::new())),
            Reading::Here { lot, .. } => lot.take().unwrap_or_else(|| Ok(Vec::new())),
        }
    }

    /// What was read ahead is not what is wanted now.
    fn forget(&mut self) {
        if self.asked.is_some() {
            drop(self.answer());
        }
    }
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
