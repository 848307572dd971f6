//! Reading ahead: while one batch of outbox entries is being sent, the next batch is read and put into the form of a report.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ferrotill_core::Currency;

use super::entry::reported_document;
use crate::authority::ReportedDocument;
use crate::config::ReportingParty;
use ferrotill_store::{OutboxEntry, Reader, StoreError};

/// An outbox entry with its document. `document` is `None` if the journal rows cannot be read.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) entry: OutboxEntry,
    pub(super) document: Option<ReportedDocument>,
}

/// A batch of outbox entries, oldest first.
type ReadBatch = Result<Vec<Prepared>, StoreError>;

/// Reads outbox entries one batch ahead of the sender.
#[derive(Debug)]
pub(super) struct ReadingAhead {
    reading: Reading,
    /// The batch that is being read begins after this journal row. `None` if no batch is being read.
    reading_after: Option<i64>,
}

/// Where the reading happens.
#[derive(Debug)]
enum Reading {
    /// On a thread, which ends when this value is dropped.
    Thread {
        /// Requests to the thread: after which journal row to read, and how many entries.
        queries: SyncSender<(i64, u32)>,
        batches: Receiver<ReadBatch>,
    },
    /// In the caller's thread, as soon as a batch is requested. Simulations use this, because the result is the same in every run.
    InPlace {
        entry_reader: EntryReader,
        batch: Option<ReadBatch>,
    },
}

/// Reads outbox entries and their documents from the store.
#[derive(Debug)]
struct EntryReader {
    reader: Reader,
    party: Arc<ReportingParty>,
    currency: Currency,
}

impl EntryReader {
    fn read(&self, after: i64, count: u32) -> ReadBatch {
        let entries = self.reader.outbox_entries(after, count)?;
        let prepared = entries.into_iter().map(|entry| Prepared {
            document: reported_document(&entry, &self.party, self.currency),
            entry,
        });
        Ok(prepared.collect())
    }
}

/// Entries in one batch.
const ENTRIES_MAX: u32 = 64;

impl ReadingAhead {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub(super) fn start(
        reader: Reader,
        party: Arc<ReportingParty>,
        currency: Currency,
    ) -> io::Result<Self> {
        let (queries, received) = sync_channel::<(i64, u32)>(1);
        let (results, batches) = sync_channel(1);
        let entry_reader = EntryReader {
            reader,
            party,
            currency,
        };
        std::thread::Builder::new()
            .name("outbox reader".to_owned())
            .spawn(move || {
                for (after, count) in received {
                    if results.send(entry_reader.read(after, count)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            reading: Reading::Thread { queries, batches },
            reading_after: None,
        })
    }

    /// Makes the same reader without a thread.
    pub(super) fn by_hand(reader: Reader, party: Arc<ReportingParty>, currency: Currency) -> Self {
        let entry_reader = EntryReader {
            reader,
            party,
            currency,
        };
        Self {
            reading: Reading::InPlace {
                entry_reader,
                batch: None,
            },
            reading_after: None,
        }
    }

    /// The batch of entries after a journal row. If the batch is full, the reading of the next one begins.
    pub(super) fn batch_after(&mut self, sealed_seq: i64) -> ReadBatch {
        if self.reading_after != Some(sealed_seq) {
            self.discard();
            self.begin(sealed_seq, ENTRIES_MAX);
        }
        let batch = self.finish()?;
        if let Some(last) = batch
            .last()
            .filter(|_| batch.len() >= usize_of(ENTRIES_MAX))
        {
            self.begin(last.entry.sealed_seq, ENTRIES_MAX);
        }
        Ok(batch)
    }

    /// The entry of a journal row. `None` if the entry is not waiting any more.
    pub(super) fn entry_at(&mut self, sealed_seq: i64) -> Result<Option<Prepared>, StoreError> {
        self.discard();
        self.begin(sealed_seq - 1, 1);
        let batch = self.finish()?;
        let mut entries = batch.into_iter();
        Ok(entries.find(|prepared| prepared.entry.sealed_seq == sealed_seq))
    }

    fn begin(&mut self, after: i64, count: u32) {
        self.reading_after = Some(after);
        match &mut self.reading {
            // If the thread has ended, sending fails here, and `finish` returns an empty batch.
            Reading::Thread { queries, .. } => drop(queries.send((after, count))),
            Reading::InPlace {
                entry_reader,
                batch,
            } => *batch = Some(entry_reader.read(after, count)),
        }
    }

    fn finish(&mut self) -> ReadBatch {
        self.reading_after = None;
        match &mut self.reading {
            // The thread ends only when this value is dropped. If it ended for another reason, there is nothing to send.
            Reading::Thread { batches, .. } => batches.recv().unwrap_or_else(|_| Ok(Vec::new())),
            Reading::InPlace { batch, .. } => batch.take().unwrap_or_else(|| Ok(Vec::new())),
        }
    }

    /// Drops the batch that was read ahead, because another one is needed now.
    fn discard(&mut self) {
        if self.reading_after.is_some() {
            drop(self.finish());
        }
    }
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
