//! A strict hub without a database and without a network: the table of answers of `ferrotill-hub-protocol`, row by row.

use std::collections::BTreeMap;

use ferrotill_hub_protocol::{
    Answer, Hash, HealthReport, Message as _, Missing, Position, PositionRequest, Row, RowKind,
    SignedBatch, path,
};
use uuid::Uuid;

/// What a hub has of all tills.
#[derive(Clone, Debug, Default)]
pub struct HubBooks {
    /// What the hub has of each till.
    pub tills: BTreeMap<Uuid, TillBooks>,
}

/// What a hub has of a till.
#[derive(Clone, Debug, Default)]
pub struct TillBooks {
    /// The public keys of the till's certificates; only the last one is in force.
    pub keys: Vec<Vec<u8>>,
    /// The epoch of the last batch; 0 before the first.
    pub epoch: u32,
    /// The rows, in the order of their sequences.
    pub rows: Vec<Row>,
    /// The batches: first and last sequence, and hash.
    pub batches: Vec<(u64, u64, Hash)>,
    /// The reports.
    pub reports: Vec<HealthReport>,
    /// The batches that were stored before and came again.
    pub repeats: u32,
    /// Batches that contradict what is stored.
    pub contradictions: u32,
}

impl HubBooks {
    /// Notes a new certificate of a till. Older ones are revoked.
    pub fn enrol(&mut self, till: Uuid, public_key: &[u8]) {
        let books = self.tills.entry(till).or_default();
        books.keys.push(public_key.to_vec());
    }

    /// Takes a hub back to what it was: it was restored from a backup.
    pub fn lose_behind(&mut self, till: Uuid, batches: usize) {
        let Some(books) = self.tills.get_mut(&till) else {
            return;
        };
        books.batches.truncate(batches);
        let last = books.batches.last().map_or(0, |(_, last, _)| *last);
        books.rows.retain(|row| row.sequence <= last);
    }

    /// The answer to a message over a connection with the certificate of this key.
    pub fn answer(&mut self, path: &str, public_key: Option<&[u8]>, body: &[u8]) -> Answer {
        let Some(key) = public_key else {
            return Answer::NotEnrolled;
        };
        let invalid = |fault: &dyn std::fmt::Display| Answer::Invalid {
            fault: fault.to_string(),
        };
        let (till, epoch) = match path {
            path::BATCHES => match SignedBatch::from_bytes(body) {
                Ok(batch) => (batch.batch().header().till, batch.batch().header().epoch),
                Err(fault) => return invalid(&fault),
            },
            path::POSITION => match PositionRequest::from_bytes(body) {
                Ok(request) => (request.till, request.epoch),
                Err(fault) => return invalid(&fault),
            },
            path::HEALTH => match HealthReport::from_bytes(body) {
                Ok(report) => (report.till, report.epoch),
                Err(fault) => return invalid(&fault),
            },
            other => return invalid(&format!("{other} is no path")),
        };
        let owner = self
            .tills
            .iter()
            .find(|(_, books)| books.keys.iter().any(|known| known == key));
        match owner {
            None => return Answer::NotEnrolled,
            Some((owner, _)) if *owner != till => {
                return Answer::OtherTill {
                    certificate: *owner,
                };
            }
            Some((_, books)) if books.keys.last().map(Vec::as_slice) != Some(key) => {
                if epoch < books.epoch {
                    return Answer::NewerEpoch { epoch: books.epoch };
                }
                return Answer::Revoked;
            }
            Some(_) => {}
        }
        let Some(books) = self.tills.get_mut(&till) else {
            return Answer::NotEnrolled;
        };
        match path {
            path::BATCHES => match SignedBatch::from_bytes(body) {
                Ok(batch) if batch.verify(key).is_err() => Answer::WrongSignature,
                Ok(batch) => books.take(&batch),
                Err(fault) => invalid(&fault),
            },
            path::POSITION => match PositionRequest::from_bytes(body) {
                Ok(_) if epoch < books.epoch => Answer::NewerEpoch { epoch: books.epoch },
                Ok(request) => Answer::Position(books.position(request.acknowledged)),
                Err(fault) => invalid(&fault),
            },
            _ => match HealthReport::from_bytes(body) {
                Ok(_) if epoch < books.epoch => Answer::NewerEpoch { epoch: books.epoch },
                Ok(report) => {
                    books.reports.push(report);
                    Answer::Taken
                }
                Err(fault) => invalid(&fault),
            },
        }
    }
}

impl TillBooks {
    /// The last stored sequence.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.batches.last().map_or(0, |(_, last, _)| *last)
    }

    fn last_hash(&self) -> Hash {
        self.batches.last().map_or(Hash::ZERO, |(_, _, hash)| *hash)
    }

    fn position(&self, known: u64) -> Position {
        let mut missing: Vec<Missing> = Vec::new();
        for row in self.rows.iter().filter(|row| row.sequence > known) {
            let range = missing
                .iter_mut()
                .find(|range| range.device == row.device && range.series == row.series);
            match range {
                Some(range) => {
                    range.first = range.first.into_iter().chain(row.number).min();
                    range.last = range.last.max(row.number);
                    range.documents = range.documents.saturating_add(1);
                    range.last_at_ms = range.last_at_ms.max(row.at_ms);
                }
                None => missing.push(Missing {
                    device: row.device,
                    series: row.series.clone(),
                    first: row.number,
                    last: row.number,
                    documents: 1,
                    last_at_ms: row.at_ms,
                }),
            }
        }
        Position {
            epoch: self.epoch.max(1),
            expected: self.last().saturating_add(1),
            before: self.last_hash(),
            last_batch_first: self.batches.last().map_or(0, |(first, _, _)| *first),
            missing_documents: self.last().saturating_sub(known),
            missing,
        }
    }

    fn take(&mut self, signed: &SignedBatch) -> Answer {
        let batch = signed.batch();
        let header = batch.header();
        let (last, hash) = (self.last(), batch.hash());
        if header.epoch < self.epoch {
            self.contradictions = self.contradictions.saturating_add(1);
            return Answer::NewerEpoch { epoch: self.epoch };
        }
        let is_restore = batch
            .rows()
            .first()
            .is_some_and(|row| row.kind == RowKind::Restored);
        if header.first > last.saturating_add(1) {
            return Answer::Gap(self.position(last));
        }
        if header.first == last.saturating_add(1) {
            if header.before != self.last_hash() {
                self.contradictions = self.contradictions.saturating_add(1);
                return Answer::Forked {
                    position: self.position(last),
                    sequence: last,
                };
            }
            if last > 0 && (header.epoch > self.epoch) != is_restore {
                return Answer::Invalid {
                    fault: "a new epoch begins with the row of its restore".to_owned(),
                };
            }
            self.epoch = header.epoch;
            self.rows.extend(batch.rows().iter().cloned());
            self.batches.push((header.first, header.last, hash));
            return Answer::Acknowledged { up_to: header.last };
        }
        let stored = (header.first, header.last, hash);
        if self.batches.contains(&stored) {
            self.repeats = self.repeats.saturating_add(1);
            return Answer::Acknowledged { up_to: last };
        }
        let differs = batch.rows().iter().find(|row| {
            let known = self
                .rows
                .iter()
                .find(|known| known.sequence == row.sequence);
            row.sequence <= last && known != Some(*row)
        });
        let Some(differs) = differs else {
            return Answer::Gap(self.position(last));
        };
        self.contradictions = self.contradictions.saturating_add(1);
        let continues = header.before == Hash::ZERO
            || self.batches.iter().any(|(_, last, hash)| {
                last.checked_add(1) == Some(header.first) && *hash == header.before
            });
        if continues {
            Answer::RolledBack(self.position(differs.sequence.saturating_sub(1)))
        } else {
            Answer::Forked {
                position: self.position(last),
                sequence: differs.sequence,
            }
        }
    }
}
