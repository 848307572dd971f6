//! Reads payments of payment providers, and appends their events to the journal.

use std::borrow::Cow;

use ferrotill_core::Amount;
use ferrotill_core::event::{Event, ProviderAnswer, ProviderAnswered, ProviderStep};
use ferrotill_core::id::{DocumentId, OperationReference};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::journal::Batch;
use super::provider_payment::ProviderPaymentState;
use super::{Context as _, Reader, StoreError};

/// A payment of a payment provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderPayment {
    /// The payment.
    pub reference: Uuid,
    /// When the provider was asked for the money, in milliseconds since the epoch.
    pub asked_ms: i64,
    /// The device through which the provider is asked.
    pub device: Uuid,
    /// The name of the provider.
    pub provider: String,
    /// The amount.
    pub amount: Amount,
    /// The digest of the caller's request.
    pub fingerprint: [u8; 32],
    /// What became of it.
    pub state: ProviderPaymentState,
    /// The provider's number of the payment; empty if it has none.
    pub number: String,
    /// What the provider has answered, without contacts and card numbers.
    pub answer: String,
    /// Why no money has moved, or what a person has done; empty otherwise.
    pub reason: String,
    /// The request id of the document that names the payment.
    pub document: Option<Uuid>,
    /// True if that document is sealed.
    pub is_sealed: bool,
    /// True if that document is sealed, or may be: it is outstanding.
    pub is_taken: bool,
    /// True if the provider has the link of the receipt, or wants none and the document is sealed.
    pub is_ended: bool,
    /// How much of the amount was given back.
    pub given_back: Amount,
    /// A step after the payment that was asked for and is not answered; empty if there is none.
    pub step: String,
    /// When the newest event of the payment was stored, in milliseconds since the epoch.
    pub changed_ms: i64,
}

/// What was known of a payment when a step was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenPayment {
    /// When the newest event of the payment was stored, in milliseconds since the epoch.
    pub changed_ms: i64,
    /// True if its document was sealed, or might be.
    pub is_taken: bool,
}

/// Where an event of a payment comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderSource {
    /// The till has decided a step on what it has seen of the payment.
    Seen(SeenPayment),
    /// The till, whatever it has seen of the payment before.
    Till,
    /// A person.
    Person,
}

impl ProviderPayment {
    /// What is known of the payment, for a step that is decided now.
    #[must_use]
    pub const fn seen(&self) -> SeenPayment {
        SeenPayment {
            changed_ms: self.changed_ms,
            is_taken: self.is_taken,
        }
    }
}

const PLACE: &str = "payments of providers";
const SELECT: &str = "SELECT reference, asked_at, provider_payment.device, provider, provider_payment.amount, provider_payment.fingerprint, \
     provider_payment.state, provider_payment.number, answer, reason, provider_payment.document, coalesce(document.state = 'sealed', 0), is_ended, step, changed_at, given_back, coalesce(document.state <> 'voided', 0) \
     FROM provider_payment LEFT JOIN request ON request.id = provider_payment.document \
     LEFT JOIN document ON document.reserved_seq = request.reserved_seq";
/// Whether the document of a payment is sealed, or may be.
const IS_TAKEN: &str = "coalesce((SELECT document.state <> 'voided' FROM request JOIN document ON document.reserved_seq = request.reserved_seq \
     WHERE request.id = provider_payment.document), 0)";
/// Whether the money of a payment can pay a document: it was not given back as a whole, and no question about giving it back is open.
const CAN_PAY: &str = "state IN ('asked', 'paid') AND step <> 'give_back'";
const IS_OPEN: &str =
    "provider_payment.state IN ('asked', 'paid') AND (is_ended = 0 OR step <> '')";

fn of_row(row: &Row<'_>) -> Result<ProviderPayment, rusqlite::Error> {
    let name: String = row.get(6)?;
    let mut states = ProviderPaymentState::ALL.into_iter();
    let state = states.find(|state| state.name() == name).ok_or_else(|| {
        let what = format!("{name:?} is no state of a payment");
        rusqlite::Error::FromSqlConversionFailure(6, Type::Text, what.into())
    })?;
    Ok(ProviderPayment {
        reference: Uuid::from_bytes(row.get(0)?),
        asked_ms: row.get(1)?,
        device: Uuid::from_bytes(row.get(2)?),
        provider: row.get(3)?,
        amount: Amount::from_minor(row.get(4)?),
        fingerprint: row.get(5)?,
        state,
        number: row.get(7)?,
        answer: row.get(8)?,
        reason: row.get(9)?,
        document: row.get::<_, Option<[u8; 16]>>(10)?.map(Uuid::from_bytes),
        is_sealed: row.get(11)?,
        is_ended: row.get(12)?,
        step: row.get(13)?,
        changed_ms: row.get(14)?,
        given_back: Amount::from_minor(row.get(15)?),
        is_taken: row.get(16)?,
    })
}

impl Reader {
    /// The payments about which something is left to do, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn open_provider_payments(&self) -> Result<Vec<ProviderPayment>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE {IS_OPEN} ORDER BY asked_seq LIMIT 1000"
                ))?
                .query_map([], of_row)?
                .collect()
        })
    }

    /// The payments that were asked for since a moment, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn provider_payments_since(
        &self,
        since_ms: i64,
    ) -> Result<Vec<ProviderPayment>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE asked_at >= ?1 ORDER BY asked_seq LIMIT 100000"
                ))?
                .query_map([since_ms], of_row)?
                .collect()
        })
    }

    /// The newest payment of a provider whose request has a digest.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn provider_payment_of_request(
        &self,
        provider: &str,
        fingerprint: &[u8; 32],
    ) -> Result<Option<ProviderPayment>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE provider = ?1 AND provider_payment.fingerprint = ?2 ORDER BY asked_seq DESC LIMIT 1"
                ))?
                .query_row(params![provider, fingerprint], of_row)
                .optional()
        })
    }

    /// The payments of a provider with one of the provider's numbers, newest first. Two devices may have the same number.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn provider_payments_of_number(
        &self,
        provider: &str,
        number: &str,
    ) -> Result<Vec<ProviderPayment>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE provider_payment.number = ?2 AND provider_payment.number <> '' AND provider = ?1 \
                     ORDER BY asked_seq DESC LIMIT 100"
                ))?
                .query_map(params![provider, number], of_row)?
                .collect()
        })
    }

    /// The newest payments of a provider whose stored answer has a text, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn provider_payments_answered_with(
        &self,
        provider: &str,
        text: &str,
    ) -> Result<Vec<ProviderPayment>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE provider = ?1 AND instr(answer, ?2) > 0 ORDER BY asked_seq DESC LIMIT 100"
                ))?
                .query_map(params![provider, text], of_row)?
                .collect()
        })
    }
}

impl Batch<'_> {
    /// Appends an event of a payment provider. Returns false, and appends nothing, if the event does not fit what is known of the payment,
    /// or if the payment is not as it was seen when the step was decided.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_provider(
        &mut self,
        event: &Event<'_>,
        at_ms: i64,
        source: ProviderSource,
    ) -> Result<bool, StoreError> {
        let (reference, document, condition) = match event {
            Event::ProviderAsked(asked) => (asked.reference, None, Cow::Borrowed("state = 'paid'")),
            Event::ProviderAnswered(answered) => {
                let is_of_person = source == ProviderSource::Person;
                let condition = condition_of_answer(answered, is_of_person);
                (answered.reference, None, condition)
            }
            Event::ProviderUsed(used) => (used.reference, Some(used.document), CAN_PAY.into()),
            _ => return Ok(false),
        };
        let is_new =
            matches!(event, Event::ProviderAsked(asked) if asked.step == ProviderStep::Pay);
        if !is_new && !self.payment_fits(reference, document, &condition, source)? {
            return Ok(false);
        }
        let mut buffer = vec![0; EVENT_BYTES_MAX];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), at_ms, event, payload).map(|_| true)
    }

    /// Whether a payment fulfils a condition, is as it was seen, and is free for a document.
    fn payment_fits(
        &self,
        reference: OperationReference,
        document: Option<DocumentId>,
        condition: &str,
        source: ProviderSource,
    ) -> Result<bool, StoreError> {
        let seen = match source {
            ProviderSource::Seen(seen) => Some(seen),
            ProviderSource::Till | ProviderSource::Person => None,
        };
        self.connection()
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM provider_payment WHERE reference = ?1 AND changed_at = coalesce(?2, changed_at) \
                 AND {IS_TAKEN} = coalesce(?3, {IS_TAKEN}) AND (?4 IS NULL OR document IS ?4 OR NOT {IS_TAKEN}) AND {condition})"
            ))
            .and_then(|mut statement| {
                let known = params![
                    reference.0,
                    seen.map(|seen| seen.changed_ms),
                    seen.map(|seen| seen.is_taken),
                    document.map(|document| document.0)
                ];
                statement.query_row(known, |row| row.get(0))
            })
            .context(self.path(), PLACE)
    }

    /// Whether a document can be paid with a payment: the payment was named for it and for no other document since, and its money was
    /// not given back.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn can_pay(&self, reference: Uuid, document: DocumentId) -> Result<bool, StoreError> {
        self.connection()
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM provider_payment WHERE reference = ?1 AND document = ?2 AND {CAN_PAY})"
            ))
            .and_then(|mut statement| {
                statement.query_row(params![reference.as_bytes(), document.0], |row| row.get(0))
            })
            .context(self.path(), PLACE)
    }
}

/// What must be true of a payment so that an answer belongs to it.
fn condition_of_answer(answered: &ProviderAnswered<'_>, is_of_person: bool) -> Cow<'static, str> {
    let condition = match (answered.step, answered.answer) {
        (_, ProviderAnswer::LaidAside { .. }) => "state IN ('asked', 'paid')",
        // A person who has looked into the provider's list ends the question, too.
        (ProviderStep::Pay, ProviderAnswer::Done { .. }) if is_of_person => {
            "state IN ('asked', 'paid', 'not_paid')"
        }
        // Money that has moved after all belongs to the payment. A question about money that goes back stays open until it is answered
        // itself.
        (ProviderStep::Pay, ProviderAnswer::Done { .. }) => {
            "(state IN ('asked', 'not_paid') OR (state = 'paid' AND step <> 'give_back'))"
        }
        // A person may have been wrong before, or knows that the money has gone back. No document is paid with the payment, or may be.
        (ProviderStep::Pay, ProviderAnswer::NotDone { .. }) if is_of_person => {
            return format!("(state = 'asked' OR (state = 'paid' AND NOT {IS_TAKEN}))").into();
        }
        // An answer that came late does not undo a payment.
        (ProviderStep::Pay, ProviderAnswer::NotDone { .. } | ProviderAnswer::Begun { .. }) => {
            "state = 'asked'"
        }
        (ProviderStep::Confirm, _) => "state = 'paid' AND step <> 'give_back'",
        (ProviderStep::GiveBack, _) => "state = 'paid' AND step = 'give_back'",
    };
    condition.into()
}

/// The largest event of a payment provider, in bytes.
const EVENT_BYTES_MAX: usize = 4_096;
