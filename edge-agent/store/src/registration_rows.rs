//! Appends to the journal what the tax authority is to be told of units, cash boxes and receipts, and its answers.

use ferrotill_core::event::{Event, RegistrationAnswered, RegistrationWanted};
use ferrotill_core::time::Moment;
use rusqlite::params;
use uuid::Uuid;

use super::journal::Batch;
use super::{Context as _, StoreError};

const PLACE: &str = "registrations";

impl Batch<'_> {
    /// Appends that a step is to be taken. Units are shared by all devices, so that the event belongs to no till.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_registration_wanted(
        &mut self,
        wanted: RegistrationWanted<'_>,
    ) -> Result<(), StoreError> {
        let room = wanted.subject.len();
        self.append_registration(wanted.at, &Event::RegistrationWanted(wanted), room)
    }

    /// Appends what the authority has answered about a step. An answer about a step that does not wait is left out: it is the answer to a
    /// question that was answered before.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_registration_answered(
        &mut self,
        answered: RegistrationAnswered<'_>,
    ) -> Result<(), StoreError> {
        let waits: bool = self
            .connection()
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM registration WHERE step = ?1 AND subject = ?2 AND state <> 'done')",
            )
            .and_then(|mut statement| {
                statement.query_row(params![answered.step.name(), answered.subject], |row| {
                    row.get(0)
                })
            })
            .context(self.path(), PLACE)?;
        if !waits {
            return Ok(());
        }
        let texts = [answered.subject, answered.code, answered.message];
        let room = texts
            .iter()
            .fold(0_usize, |room, text| room.saturating_add(text.len()));
        self.append_registration(answered.at, &Event::RegistrationAnswered(answered), room)
    }

    fn append_registration(
        &mut self,
        at: Moment,
        event: &Event<'_>,
        room: usize,
    ) -> Result<(), StoreError> {
        let mut buffer = vec![0; room.saturating_add(64)];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), at.utc_ms, event, payload).map(drop)
    }
}
