//! Reading ahead: while one lot of letters is on its way to the office, the next one is read and put into the office's terms.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ferrotill_core::Currency;

use super::letter::letter_document;
use crate::authority::Document;
use crate::config::Config;
use crate::store::{Letter, Reader, StoreError};

/// A letter with what it tells; nothing where the journal cannot be read.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) letter: Letter,
    pub(super) document: Option<Document>,
}

/// A lot of letters, oldest first.
type Lot = Result<Vec<Prepared>, StoreError>;

/// Reads letters on a thread of its own, which ends with it.
#[derive(Debug)]
pub(super) struct ReadingAhead {
    asks: SyncSender<(i64, u32)>,
    lots: Receiver<Lot>,
    /// The lot that is being read: the place after which it begins.
    asked: Option<i64>,
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
        config: Arc<Config>,
        currency: Currency,
    ) -> io::Result<Self> {
        let (asks, asked) = sync_channel::<(i64, u32)>(1);
        let (tell, lots) = sync_channel(1);
        std::thread::Builder::new()
            .name("letters".to_owned())
            .spawn(move || {
                for (after, count) in asked {
                    let letters = reader.letters(after, count);
                    let lot = letters.map(|letters| {
                        let prepared = letters.into_iter().map(|letter| Prepared {
                            document: letter_document(&letter, &config, currency),
                            letter,
                        });
                        prepared.collect()
                    });
                    if tell.send(lot).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            asks,
            lots,
            asked: None,
        })
    }

    /// The lot after a place in the order. If it is full, the one after it is read meanwhile.
    pub(super) fn lot(&mut self, after: i64) -> Lot {
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
        // A thread that has ended is found when it does not answer.
        let _ = self.asks.send((after, count));
    }

    fn answer(&mut self) -> Lot {
        self.asked = None;
        // It ends only with us; without it there is nothing to send.
        self.lots.recv().unwrap_or_else(|_| Ok(Vec::new()))
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
