//! Sends the till's rows to the hub: in order, one batch under way at a time, from the journal.
//!
//! Nothing is written for the hub when a document is sealed. What waits is what the journal has behind the [`HubPlace`]. An answer that
//! was lost, a crash, or a place that is too old end in one of two ways: the same batch is sent again, or the hub says what it expects,
//! and the till goes on from there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ferrotill_core::profile::Profile;
use ferrotill_hub_protocol::{
    Answer, Currency, Hash, Message as _, Position, PositionRequest, SigningKey, path,
};
use ferrotill_store::{HubRow, Reader, StoreError};
use uuid::Uuid;

use super::connection::{HubFailure, HubTransport};
use super::place::HubPlace;
use super::refusal::{HubRefusal, refusal_in};
use super::rows::RowForm;

/// What a sender needs.
#[derive(Debug)]
pub struct HubSenderParts {
    /// Reads the store.
    pub reader: Reader,
    /// The data folder, for the place.
    pub folder: PathBuf,
    /// The till's id at the hub.
    pub till: Uuid,
    /// The key for signatures.
    pub key: SigningKey,
    /// The currency of every amount.
    pub currency: Currency,
    /// The law of the country.
    pub profile: &'static dyn Profile,
}

/// Sends the rows of a till.
#[derive(Debug)]
pub struct HubSender {
    reader: Reader,
    folder: PathBuf,
    key: SigningKey,
    form: RowForm,
    place: HubPlace,
    /// True if the file does not have the place.
    unsaved: bool,
    saved: Option<Instant>,
    /// The journal rows of the restores of the folder.
    restores: Vec<i64>,
    under_way: Option<UnderWay>,
    /// The hub must be asked what it has before anything is sent.
    must_ask: bool,
    /// How often in a row the hub has expected another sequence.
    gaps: u32,
}

/// A batch that was made and not answered yet.
#[derive(Clone, Debug)]
struct UnderWay {
    bytes: Vec<u8>,
    last: u64,
    /// The journal row of the last sequence.
    row: i64,
    hash: Hash,
    count: u64,
}

/// What became of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubTurn {
    /// Nothing waits.
    Idle,
    /// The hub has stored rows; more may wait.
    Sent(u64),
    /// The till knows now what the hub expects; the next turn sends it.
    Again,
    /// No answer. The same batch is sent again.
    Failed(HubFailure),
    /// The hub does not take the till's rows.
    Refused(HubRefusal),
}

impl HubSender {
    /// A sender for a data folder. It goes on from the place of the folder.
    ///
    /// # Errors
    ///
    /// [`HubFailure::Store`].
    pub fn new(parts: HubSenderParts) -> Result<Self, HubFailure> {
        let unreadable = |error: std::io::Error| HubFailure::Store(error.to_string());
        let read = HubPlace::read(&parts.folder).map_err(unreadable)?;
        let taken_over = read.as_ref().and_then(|place| place.taken_over);
        let known = read.filter(|place| place.till == parts.till);
        let must_ask = known.is_none();
        let place = known.unwrap_or(HubPlace {
            taken_over,
            ..HubPlace::start(parts.till)
        });
        Ok(Self {
            restores: parts.reader.restores().map_err(store_failure)?,
            reader: parts.reader,
            folder: parts.folder,
            key: parts.key,
            form: RowForm {
                till: parts.till,
                currency: parts.currency,
                profile: parts.profile,
            },
            place,
            unsaved: false,
            saved: None,
            under_way: None,
            must_ask,
            gaps: 0,
        })
    }

    /// How far the hub has acknowledged the till's rows.
    #[must_use]
    pub const fn place(&self) -> &HubPlace {
        &self.place
    }

    /// How often the folder was restored, plus 1.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch_at(i64::MAX)
    }

    /// The epoch of a journal row.
    fn epoch_at(&self, row: i64) -> u32 {
        let before = self.restores.iter().filter(|restore| **restore <= row);
        u32::try_from(before.count())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// Sends the next batch, or asks the hub what it expects. `now_ms` is the till's time, for the place.
    pub fn turn(&mut self, transport: &mut dyn HubTransport, now_ms: i64) -> HubTurn {
        let turned = self.try_turn(transport, now_ms);
        turned.unwrap_or_else(|stop| match stop {
            Stop::Failed(failure) => HubTurn::Failed(failure),
            Stop::Refused(refusal) => {
                self.under_way = None;
                if let HubRefusal::TakenOver { epoch } = &refusal {
                    self.taken_over(*epoch);
                }
                HubTurn::Refused(refusal)
            }
        })
    }

    /// Notes that another machine has taken over this till.
    pub fn taken_over(&mut self, epoch: u32) {
        if self.place.taken_over != Some(epoch) {
            self.place.taken_over = Some(epoch);
            self.unsaved = true;
            self.save();
        }
    }

    /// Writes the place if the last writing is long ago.
    pub fn save_sometimes(&mut self, now: Instant) {
        let is_due = |saved: Instant| now.saturating_duration_since(saved) >= SAVE_EVERY;
        if self.unsaved && self.saved.is_none_or(is_due) {
            self.saved = Some(now);
            self.save();
        }
    }

    /// Writes the place if the file does not have it.
    pub fn save(&mut self) {
        if !std::mem::take(&mut self.unsaved) {
            return;
        }
        if let Err(error) = self.place.write(&self.folder) {
            // The hub says after a start what it has.
            tracing::warn!("what the hub has acknowledged cannot be written to its file: {error}");
        }
    }

    fn try_turn(&mut self, transport: &mut dyn HubTransport, now_ms: i64) -> Result<HubTurn, Stop> {
        if self.must_ask {
            self.ask(transport)?;
            self.must_ask = false;
            return Ok(HubTurn::Again);
        }
        if self.under_way.is_none() {
            match self.next_batch()? {
                Next::Nothing => return Ok(HubTurn::Idle),
                Next::Ask => {
                    self.must_ask = true;
                    return Ok(HubTurn::Again);
                }
                Next::Batch(batch) => self.under_way = Some(batch),
            }
        }
        let Some(batch) = self.under_way.clone() else {
            return Ok(HubTurn::Idle);
        };
        match transport.post(path::BATCHES, &batch.bytes)? {
            Answer::Acknowledged { up_to } if up_to >= batch.last => {
                self.under_way = None;
                self.gaps = 0;
                self.place = HubPlace {
                    sequence: batch.last,
                    row: batch.row,
                    hash: batch.hash,
                    acknowledged_ms: Some(now_ms),
                    ..self.place.clone()
                };
                self.unsaved = true;
                Ok(HubTurn::Sent(batch.count))
            }
            Answer::Gap(position) => {
                self.under_way = None;
                self.gaps = self.gaps.saturating_add(1);
                if self.gaps > GAPS_MAX {
                    let what = format!("it expects sequence {} again and again", position.expected);
                    return Err(HubRefusal::Invalid(what).into());
                }
                self.adjust(position)?;
                Ok(HubTurn::Again)
            }
            answer => Err(stop_of(answer)),
        }
    }

    /// Asks the hub what it has of the till.
    ///
    /// # Errors
    ///
    /// [`HubTurn::Failed`] or [`HubTurn::Refused`] as a value.
    pub fn position(&self, transport: &mut dyn HubTransport) -> Result<Position, HubTurn> {
        self.ask_position(transport).map_err(|stop| match stop {
            Stop::Failed(failure) => HubTurn::Failed(failure),
            Stop::Refused(refusal) => HubTurn::Refused(refusal),
        })
    }

    fn ask_position(&self, transport: &mut dyn HubTransport) -> Result<Position, Stop> {
        let request = PositionRequest {
            till: self.place.till,
            epoch: self.epoch(),
            acknowledged: self.place.sequence,
            acknowledged_hash: self.place.hash,
        };
        let body = request.to_bytes().map_err(unmade)?;
        match transport.post(path::POSITION, &body)? {
            Answer::Position(position) | Answer::Gap(position) | Answer::RolledBack(position) => {
                Ok(position)
            }
            answer => Err(stop_of(answer)),
        }
    }

    fn ask(&mut self, transport: &mut dyn HubTransport) -> Result<(), Stop> {
        let position = self.ask_position(transport)?;
        self.adjust(position)
    }

    /// What is to be sent next.
    fn next_batch(&mut self) -> Result<Next, Stop> {
        let mut rows = self.reader.hub_rows(self.place.row, ROWS_MAX)?;
        let Some(first) = rows.first() else {
            return Ok(Next::Nothing);
        };
        if let HubRow::Restored(restored) = first {
            let next = self.place.sequence.saturating_add(1);
            if self.place.restored != Some((restored.seq, next)) {
                return Ok(Next::Ask);
            }
        }
        // The row of a restore begins a batch of its epoch.
        let epoch = self.epoch_at(first.seq());
        let same = rows
            .iter()
            .take_while(|row| self.epoch_at(row.seq()) == epoch);
        let count = same.count();
        rows.truncate(count);
        let next = self.place.sequence.saturating_add(1);
        let made = self
            .form
            .batch((epoch, next, self.place.hash), &rows)
            .map_err(unmade)?;
        let Some((batch, row)) = made else {
            return Ok(Next::Nothing);
        };
        let (last, hash) = (batch.header().last, batch.hash());
        let count = u64::try_from(batch.rows().len()).unwrap_or(u64::MAX);
        let signed = batch.sign(&self.key).map_err(unmade)?;
        Ok(Next::Batch(UnderWay {
            bytes: signed.to_bytes(),
            last,
            row,
            hash,
            count,
        }))
    }

    /// Goes on from what the hub has.
    fn adjust(&mut self, position: Position) -> Result<(), Stop> {
        let own_epoch = self.epoch();
        if position.epoch > own_epoch {
            let epoch = position.epoch;
            return Err(HubRefusal::TakenOver { epoch }.into());
        }
        let last = position.expected.saturating_sub(1);
        let mut restores = self.restores.iter().copied();
        let place_row = self.place.row;
        let pending = restores.find(|restore| *restore > place_row);
        if let Some(restore) = pending {
            if self.epoch_at(restore) <= position.epoch {
                return self.behind_restore(restore, last, position);
            }
            let ours = self.reader.hub_rows_between(place_row, restore)?;
            if last >= self.place.sequence.saturating_add(ours) {
                // The hub has all that was sealed before the restore, and perhaps more that only the lost machine had.
                self.go_to(last, restore.saturating_sub(1), position.before);
                self.place.restored = Some((restore, position.expected));
                self.unsaved = true;
                self.save();
                return Ok(());
            }
        }
        self.go_in_epoch(last, &position)
    }

    /// The hub has the row of a restore already, and the place does not say so yet: the answer was lost.
    fn behind_restore(&mut self, restore: i64, last: u64, position: Position) -> Result<(), Stop> {
        match self.place.restored {
            Some((row, sequence)) if row == restore && sequence <= last => {
                let steps = last.saturating_sub(sequence);
                let row = self.reader.hub_row_behind(restore, steps)?;
                let Some(row) = row else {
                    return Err(HubRefusal::rolled_back(position).into());
                };
                self.go_to(last, row, position.before);
                Ok(())
            }
            _ => Err(HubRefusal::Unmade(
                "the file hub.place is lost, and with it where the restore of this folder stands at the hub".to_owned(),
            )
            .into()),
        }
    }

    /// Goes to a sequence between which and the place there is no restore.
    fn go_in_epoch(&mut self, last: u64, position: &Position) -> Result<(), Stop> {
        let place = &self.place;
        if last == place.sequence {
            if position.before == place.hash {
                return Ok(());
            }
            return Err(HubRefusal::Forked { sequence: last }.into());
        }
        if let Some(steps) = last.checked_sub(place.sequence) {
            let Some(row) = self.reader.hub_row_behind(place.row, steps)? else {
                return Err(HubRefusal::rolled_back(position.clone()).into());
            };
            if position.last_batch_first == place.sequence.saturating_add(1) {
                self.compare(steps, position)?;
            }
            self.go_to(last, row, position.before);
            return Ok(());
        }
        // The hub has less than it has acknowledged: it was restored itself. The journal has every row.
        let steps = place.sequence.saturating_sub(last);
        let found = self
            .reader
            .hub_row_before(place.row.saturating_add(1), steps.saturating_add(1))?;
        let found = found.filter(|row| self.epoch_at(*row) == self.epoch_at(place.row));
        let Some(row) = found else {
            let what = format!(
                "the hub has lost what it had acknowledged after sequence {last}, from before a restore of this till"
            );
            return Err(HubRefusal::Unmade(what).into());
        };
        tracing::warn!(
            event = "hub_lost_rows",
            acknowledged = place.sequence,
            has = last,
            "the hub has less than it has acknowledged; the till sends it again from the journal"
        );
        self.go_to(last, row, position.before);
        Ok(())
    }

    /// Makes the hub's last batch again and compares the hashes.
    fn compare(&self, steps: u64, position: &Position) -> Result<(), Stop> {
        let count = u32::try_from(steps).unwrap_or(u32::MAX).min(COMPARED_MAX);
        let rows = self.reader.hub_rows(self.place.row, count)?;
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let header = (
            self.epoch_at(first.seq()),
            position.last_batch_first,
            self.place.hash,
        );
        let made = self.form.batch(header, &rows).map_err(unmade)?;
        let is_whole = |last: u64| last.checked_add(1) == Some(position.expected);
        match made {
            Some((batch, _))
                if is_whole(batch.header().last) && batch.hash() != position.before =>
            {
                let sequence = position.last_batch_first;
                Err(HubRefusal::Forked { sequence }.into())
            }
            _ => Ok(()),
        }
    }

    fn go_to(&mut self, sequence: u64, row: i64, hash: Hash) {
        self.place.sequence = sequence;
        self.place.row = row;
        self.place.hash = hash;
        self.unsaved = true;
    }
}

enum Next {
    Nothing,
    Ask,
    Batch(UnderWay),
}

/// Why a turn ends early.
enum Stop {
    Failed(HubFailure),
    Refused(HubRefusal),
}

impl From<HubFailure> for Stop {
    fn from(failure: HubFailure) -> Self {
        Self::Failed(failure)
    }
}

impl From<HubRefusal> for Stop {
    fn from(refusal: HubRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(store_failure(error))
    }
}

fn store_failure(error: StoreError) -> HubFailure {
    HubFailure::Store(error.to_string())
}

fn stop_of(answer: Answer) -> Stop {
    match refusal_in(answer) {
        Ok(refusal) => refusal.into(),
        Err(failure) => failure.into(),
    }
}

fn unmade(fault: impl std::fmt::Display) -> Stop {
    HubRefusal::Unmade(fault.to_string()).into()
}

/// The most rows of a batch. A till has little memory, and a batch of so many documents is answered in a moment.
const ROWS_MAX: u32 = 64;
/// The most rows of a batch that is made again. A batch has at most [`ROWS_MAX`]; an older or a newer program may have made it.
const COMPARED_MAX: u32 = 500;
/// How often in a row the hub may expect another sequence.
const GAPS_MAX: u32 = 5;
/// How often the place is written at most, so that a memory card is not worn.
const SAVE_EVERY: Duration = Duration::from_secs(10);
