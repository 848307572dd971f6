//! What bank terminals were asked for, and what they have answered.
//!
//! An operation is open while money may move, and while money has moved and its document is not sealed. It is closed when the document
//! is sealed, when the money is given back, or when it is known that no money has moved.

use ferrotill_core::event::{
    CardLaidAside, TerminalAnswer, TerminalAnswered, TerminalAsked, TerminalOperation,
};
use ferrotill_core::{Amount, id::OperationReference};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::laid_aside::{self, AsideNote};
use super::{Reader, StoreError};

/// What became of an operation of a bank terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardOperationState {
    /// The terminal was asked, and it is not known what became of the operation.
    Asked,
    /// The operation is done.
    Approved,
    /// The terminal or the bank has refused it: no money has moved.
    Declined,
    /// It was never begun.
    NotBegun,
    /// It was done, and undone by a later operation.
    Voided,
}

impl CardOperationState {
    /// The name of the state, in the table and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::NotBegun => "not_begun",
            Self::Voided => "voided",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [
            Self::Asked,
            Self::Approved,
            Self::Declined,
            Self::NotBegun,
            Self::Voided,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// An operation of a bank terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardOperation {
    /// The name of the operation at the terminal.
    pub reference: Uuid,
    /// The journal row in which the terminal was asked.
    pub asked_seq: i64,
    /// The device whose document the money belongs to.
    pub device: Uuid,
    /// The request id of that document.
    pub id: Uuid,
    /// The digest of the request.
    pub fingerprint: [u8; 32],
    /// The form of the text that the digest was made of.
    pub fingerprint_form: u8,
    /// The terminal.
    pub terminal: Uuid,
    /// The place of the payment among the payments of the document, counted from 0.
    pub position: u8,
    /// The amount; above zero.
    pub amount: Amount,
    /// What the terminal was asked to do.
    pub operation: TerminalOperation,
    /// What became of it.
    pub state: CardOperationState,
    /// The number of the transaction at the bank; empty if there is none.
    pub number: String,
    /// The number of the operation at the terminal; empty if there is none.
    pub operation_number: String,
    /// Why it was declined or not begun; empty if it was not.
    pub reason: String,
    /// When the terminal was asked, in milliseconds since the epoch.
    pub asked_ms: i64,
    /// When the answer was known, in milliseconds since the epoch.
    pub answered_ms: Option<i64>,
    /// False once its document is sealed, the money is given back, no money has moved, or an operator has laid it aside.
    pub is_open: bool,
    /// That an operator has laid it aside.
    pub laid_aside: Option<AsideNote>,
}

/// A terminal is about to be asked.
pub(super) fn asked(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    asked: &TerminalAsked,
) -> Result<(), rusqlite::Error> {
    let voids = match asked.operation {
        TerminalOperation::Void(of) => Some(of.0),
        TerminalOperation::Charge | TerminalOperation::Refund => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO card_operation (reference, asked_seq, device, id, fingerprint, fingerprint_form, terminal, position, amount, \
             kind, voids, state, asked_at, is_open) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'asked', ?12, 1)",
        )?
        .execute(params![
            asked.reference.0,
            seq,
            device.as_bytes(),
            asked.id.0,
            asked.fingerprint.0,
            asked.fingerprint_form,
            asked.terminal.0,
            asked.position,
            asked.amount.minor(),
            asked.operation.name(),
            voids,
            asked.at.utc_ms
        ])
        .map(drop)
}

/// A terminal has answered. The operation must have no answer yet.
pub(super) fn answered(
    connection: &Connection,
    seq: i64,
    answered: &TerminalAnswered<'_>,
) -> Result<(), rusqlite::Error> {
    let (state, number, operation, reason) = match answered.answer {
        TerminalAnswer::Approved { number, operation } => {
            (CardOperationState::Approved, number, operation, "")
        }
        TerminalAnswer::Declined { reason } => (CardOperationState::Declined, "", "", reason),
        TerminalAnswer::NotBegun { reason } => (CardOperationState::NotBegun, "", "", reason),
    };
    let voids: Option<[u8; 16]> = connection
        .prepare_cached(
            "UPDATE card_operation SET state = ?2, answered_seq = ?3, number = ?4, operation_number = ?5, reason = ?6, answered_at = ?7, \
             is_open = (?2 = 'approved' AND kind <> 'void') WHERE reference = ?1 AND state = 'asked' RETURNING voids",
        )?
        .query_row(
            params![
                answered.reference.0,
                state.name(),
                seq,
                number,
                operation,
                reason,
                answered.at.utc_ms
            ],
            |row| row.get(0),
        )?;
    if let Some(voids) = voids.filter(|_| state == CardOperationState::Approved) {
        let changed = connection
            .prepare_cached(
                "UPDATE card_operation SET state = 'voided', is_open = 0 WHERE reference = ?1 AND state = 'approved'",
            )?
            .execute([voids])?;
        if changed == 0 {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        }
    }
    Ok(())
}

/// The document of this request id is sealed: its money is where it belongs.
pub(super) fn document_sealed(
    connection: &Connection,
    id: &[u8; 16],
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("UPDATE card_operation SET is_open = 0 WHERE id = ?1 AND is_open = 1")?
        .execute([id])
        .map(drop)
}

/// An operator has laid the card payments of a request aside. Some of them must be open.
pub(super) fn aside(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    aside: &CardLaidAside<'_>,
) -> Result<(), rusqlite::Error> {
    let changed = connection
        .prepare_cached(
            "UPDATE card_operation SET is_open = 0, aside_seq = ?1 WHERE id = ?2 AND device = ?3 AND is_open = 1",
        )?
        .execute(params![seq, aside.id.0, device.as_bytes()])?;
    match changed {
        0 => Err(rusqlite::Error::QueryReturnedNoRows),
        _ => Ok(()),
    }
}

const COLUMNS: &str = "reference, device, id, fingerprint, fingerprint_form, terminal, position, amount, kind, voids, state, \
     coalesce(number, ''), coalesce(operation_number, ''), coalesce(reason, ''), asked_at, answered_at, is_open, asked_seq, aside_seq";

fn of_row(connection: &Connection, row: &Row<'_>) -> Result<CardOperation, rusqlite::Error> {
    let unreadable = |column: usize, name: &str| {
        let what = format!("{name:?} is no known value");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    };
    let (kind, voids): (String, Option<[u8; 16]>) = (row.get(8)?, row.get(9)?);
    let operation = match (kind.as_str(), voids) {
        ("charge", _) => TerminalOperation::Charge,
        ("refund", _) => TerminalOperation::Refund,
        ("void", Some(of)) => TerminalOperation::Void(OperationReference(of)),
        _ => return Err(unreadable(8, &kind)),
    };
    let state: String = row.get(10)?;
    Ok(CardOperation {
        reference: Uuid::from_bytes(row.get(0)?),
        device: Uuid::from_bytes(row.get(1)?),
        id: Uuid::from_bytes(row.get(2)?),
        fingerprint: row.get(3)?,
        fingerprint_form: row.get(4)?,
        terminal: Uuid::from_bytes(row.get(5)?),
        position: row.get(6)?,
        amount: Amount::from_minor(row.get(7)?),
        operation,
        state: CardOperationState::parse(&state).ok_or_else(|| unreadable(10, &state))?,
        number: row.get(11)?,
        operation_number: row.get(12)?,
        reason: row.get(13)?,
        asked_ms: row.get(14)?,
        answered_ms: row.get(15)?,
        is_open: row.get(16)?,
        asked_seq: row.get(17)?,
        laid_aside: laid_aside::note(connection, row.get(18)?)?,
    })
}

const PLACE: &str = "operations of bank terminals";

/// The operations that are open, in the order in which the terminals were asked.
pub(super) fn open(connection: &Connection) -> Result<Vec<CardOperation>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM card_operation WHERE is_open = 1 ORDER BY asked_seq"
        ))?
        .query_map([], |row| of_row(connection, row))?
        .collect()
}

impl Reader {
    /// The operations of bank terminals that are open, in the order in which the terminals were asked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn open_card_operations(&self) -> Result<Vec<CardOperation>, StoreError> {
        self.with(PLACE, open)
    }

    /// The operations of bank terminals for a request id, in the order in which the terminals were asked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn card_operations(&self, id: Uuid) -> Result<Vec<CardOperation>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM card_operation WHERE id = ?1 ORDER BY asked_seq"
                ))?
                .query_map([id.as_bytes()], |row| of_row(connection, row))?
                .collect()
        })
    }
}
