//! Reads what the tax authority is told of units, cash boxes and receipts, and appends wishes and answers to the journal.

use ferrotill_core::event::{Event, RegistrationAnswered, RegistrationStep, RegistrationWanted};
use ferrotill_core::time::Moment;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::journal::Batch;
use super::registration::RegistrationState;
use super::{Context as _, Reader, StoreError};

/// A step that the authority is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The step.
    pub step: RegistrationStep,
    /// What the step is about.
    pub subject: String,
    /// The device of the row that made the step due; nil if it was a person or a caller.
    pub device: Uuid,
    /// The row that made the step due.
    pub due_seq: i64,
    /// When the step became due, in milliseconds since the epoch.
    pub due_ms: i64,
    /// The row with the unit or the receipt; 0 if there is none.
    pub subject_seq: i64,
    /// How far the step is.
    pub state: RegistrationState,
    /// The authority's last answer about the step.
    pub answer: Option<StoredAnswer>,
}

/// An answer of the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// When it was stored, in milliseconds since the epoch.
    pub at_ms: i64,
    /// True if the step was done, false if it was refused.
    pub done: bool,
    /// The authority's code.
    pub code: String,
    /// The authority's text; may be empty.
    pub message: String,
}

/// A time in which a signature unit did not sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitOutage {
    /// The serial of the unit, as it stands in the receipts.
    pub serial: String,
    /// The time of the first receipt without a signature, in milliseconds since the epoch.
    pub began_ms: i64,
    /// The time of the first receipt that the unit signed afterwards; `None` while it lasts.
    pub ended_ms: Option<i64>,
}

const PLACE: &str = "registrations";
const SELECT: &str = "SELECT registration.step, registration.subject, device, due_seq, due_at, subject_seq, state, answer.at, answer.done, answer.code, answer.message \
     FROM registration LEFT JOIN registration_answer AS answer ON answered_seq = (SELECT max(answered_seq) FROM registration_answer AS last \
     WHERE last.step = registration.step AND last.subject = registration.subject)";

fn of_row(row: &Row<'_>) -> Result<Registration, rusqlite::Error> {
    let unreadable = |column: usize, name: &str| {
        let what = format!("{name:?} is no known value");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    };
    let (step, state): (String, String) = (row.get(0)?, row.get(6)?);
    let at: Option<i64> = row.get(7)?;
    Ok(Registration {
        step: RegistrationStep::from_name(&step).ok_or_else(|| unreadable(0, &step))?,
        subject: row.get(1)?,
        device: Uuid::from_bytes(row.get(2)?),
        due_seq: row.get(3)?,
        due_ms: row.get(4)?,
        subject_seq: row.get(5)?,
        state: match state.as_str() {
            "waiting" => RegistrationState::Waiting,
            "done" => RegistrationState::Done,
            "refused" => RegistrationState::Refused,
            other => return Err(unreadable(6, other)),
        },
        answer: match at {
            Some(at_ms) => Some(StoredAnswer {
                at_ms,
                done: row.get(8)?,
                code: row.get(9)?,
                message: row.get(10)?,
            }),
            None => None,
        },
    })
}

impl Reader {
    /// The steps that are not done, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn open_registrations(&self) -> Result<Vec<Registration>, StoreError> {
        self.registrations_where("state <> 'done' ORDER BY due_seq, registration.step LIMIT 1000")
    }

    /// All steps, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn registrations(&self) -> Result<Vec<Registration>, StoreError> {
        self.registrations_where("1 ORDER BY due_seq, registration.step")
    }

    fn registrations_where(&self, which: &'static str) -> Result<Vec<Registration>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!("{SELECT} WHERE {which}"))?
                .query_map([], of_row)?
                .collect()
        })
    }

    /// When the authority has accepted a step last, in milliseconds since the epoch. `None` if it has accepted none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_registration_accepted(&self) -> Result<Option<i64>, StoreError> {
        self.with(PLACE, |connection| {
            connection.query_row(
                "SELECT max(at) FROM registration_answer WHERE done",
                [],
                |row| row.get(0),
            )
        })
    }

    /// Whether a signature unit is registered.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn has_registered_unit(&self) -> Result<bool, StoreError> {
        self.with(PLACE, |connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM registration WHERE step = 'unit' AND state = 'done')",
                [],
                |row| row.get(0),
            )
        })
    }

    /// A step, if it is or was due.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn registration(
        &self,
        step: RegistrationStep,
        subject: &str,
    ) -> Result<Option<Registration>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE registration.step = ?1 AND registration.subject = ?2"
                ))?
                .query_row(params![step.name(), subject], of_row)
                .optional()
        })
    }

    /// Every answer of the authority about a step, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn registration_answers(
        &self,
        step: RegistrationStep,
        subject: &str,
    ) -> Result<Vec<StoredAnswer>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(
                    "SELECT at, done, code, message FROM registration_answer WHERE step = ?1 AND subject = ?2 ORDER BY answered_seq",
                )?
                .query_map(params![step.name(), subject], |row| {
                    Ok(StoredAnswer {
                        at_ms: row.get(0)?,
                        done: row.get(1)?,
                        code: row.get(2)?,
                        message: row.get(3)?,
                    })
                })?
                .collect()
        })
    }

    /// The outages of all signature units, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unit_outages(&self) -> Result<Vec<UnitOutage>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(
                    "SELECT serial, began_at, ended_at FROM unit_outage ORDER BY began_seq",
                )?
                .query_map([], |row| {
                    Ok(UnitOutage {
                        serial: row.get(0)?,
                        began_ms: row.get(1)?,
                        ended_ms: row.get(2)?,
                    })
                })?
                .collect()
        })
    }

    /// Gives `take` the event of a journal row. `None` if there is no such row.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], [`StoreError::Unreadable`].
    pub fn with_event<T>(
        &self,
        seq: i64,
        take: impl FnOnce(&Event<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let row = self.with(PLACE, |connection| {
            connection
                .prepare_cached("SELECT kind, version, payload FROM journal WHERE seq = ?1")?
                .query_row([seq], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
                })
                .optional()
        })?;
        let Some((kind, version, payload)) = row else {
            return Ok(None);
        };
        match Event::decode(kind, version, &payload) {
            Ok(event) => Ok(Some(take(&event))),
            Err(source) => Err(StoreError::Unreadable { seq, source }),
        }
    }
}

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

    /// [`append_registration_wanted`](Self::append_registration_wanted), unless the step waits or is done already. Returns whether it was
    /// appended. A step that was refused is wanted again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_registration_once(
        &mut self,
        wanted: RegistrationWanted<'_>,
    ) -> Result<bool, StoreError> {
        let state = self.registration_state(wanted.step, wanted.subject)?;
        match state.as_deref() {
            None | Some("refused") => self.append_registration_wanted(wanted).map(|()| true),
            Some(_) => Ok(false),
        }
    }

    /// Whether a step is or was due.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn has_registration(
        &self,
        step: RegistrationStep,
        subject: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.registration_state(step, subject)?.is_some())
    }

    fn registration_state(
        &self,
        step: RegistrationStep,
        subject: &str,
    ) -> Result<Option<String>, StoreError> {
        self.connection()
            .prepare_cached("SELECT state FROM registration WHERE step = ?1 AND subject = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row(params![step.name(), subject], |row| row.get(0))
                    .optional()
            })
            .context(self.path(), PLACE)
    }

    /// Appends what the authority has answered about a step. An answer about a step that does not wait is left out: it is the answer to a
    /// question that was answered before. With the journal row that had made the step due, so is an answer about a step that has become due
    /// again meanwhile, for instance for another taxpayer.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_registration_answered(
        &mut self,
        answered: RegistrationAnswered<'_>,
        due_seq: Option<i64>,
    ) -> Result<(), StoreError> {
        let waits: bool = self
            .connection()
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM registration WHERE step = ?1 AND subject = ?2 AND state <> 'done' AND due_seq = coalesce(?3, due_seq))",
            )
            .and_then(|mut statement| {
                statement.query_row(params![answered.step.name(), answered.subject, due_seq], |row| {
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

    /// Appends the newest answer about a step once more, if the authority has accepted the step and it does not wait anew. Otherwise
    /// appends nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_registration_accepted_again(
        &mut self,
        at: Moment,
        step: RegistrationStep,
        subject: &str,
    ) -> Result<(), StoreError> {
        let newest: Option<(String, String)> = self
            .connection()
            .prepare_cached(
                "SELECT code, message FROM registration JOIN registration_answer USING (step, subject) \
                 WHERE step = ?1 AND subject = ?2 AND state = 'done' AND done ORDER BY answered_seq DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![step.name(), subject], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()
            })
            .context(self.path(), PLACE)?;
        let Some((code, message)) = newest else {
            return Ok(());
        };
        let texts = [subject, &code, &message];
        let room = texts
            .iter()
            .fold(0_usize, |room, text| room.saturating_add(text.len()));
        let answered = RegistrationAnswered {
            at,
            step,
            subject,
            done: true,
            code: &code,
            message: &message,
        };
        self.append_registration(at, &Event::RegistrationAnswered(answered), room)
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
