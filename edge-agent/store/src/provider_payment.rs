//! Payments of payment providers: what the providers were asked, what they have answered, and which document is paid.
//!
//! A payment is open while it is not known whether money has moved; while money has moved and its document is not sealed; and while its
//! document is sealed and the provider has not got its link.

use ferrotill_core::event::{
    ProviderAnswer, ProviderAnswered, ProviderAsked, ProviderStep, ProviderUsed,
};
use rusqlite::{Connection, params};

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderPaymentState {
    /// The provider was asked for the money, and it is not known what became of it.
    Asked,
    /// The provider has the money.
    Paid,
    /// No money has moved.
    NotPaid,
    /// The money was given back.
    GivenBack,
    /// A person has looked after the payment.
    LaidAside,
}

impl ProviderPaymentState {
    /// All states.
    pub(super) const ALL: [Self; 5] = [
        Self::Asked,
        Self::Paid,
        Self::NotPaid,
        Self::GivenBack,
        Self::LaidAside,
    ];

    /// The name of the state, in the table and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Paid => "paid",
            Self::NotPaid => "not_paid",
            Self::GivenBack => "given_back",
            Self::LaidAside => "laid_aside",
        }
    }
}

/// A provider is about to be asked. A payment is asked for once; its later steps need money that has moved.
pub(super) fn asked(
    connection: &Connection,
    seq: i64,
    asked: &ProviderAsked<'_>,
) -> Result<(), rusqlite::Error> {
    let changed = if asked.step == ProviderStep::Pay {
        connection
            .prepare_cached(
                "INSERT INTO provider_payment (reference, asked_seq, asked_at, device, provider, amount, fingerprint, state, number, answer, \
                 reason, is_ended, step, step_amount, given_back, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'asked', '', '', '', 0, '', 0, 0, ?3)",
            )?
            .execute(params![
                asked.reference.0,
                seq,
                asked.at.utc_ms,
                asked.device.0,
                asked.provider,
                asked.amount.minor(),
                asked.fingerprint.0
            ])?
    } else {
        connection
            .prepare_cached("UPDATE provider_payment SET step = ?2, step_amount = ?4, changed_at = ?3 WHERE reference = ?1 AND state = 'paid'")?
            .execute(params![
                asked.reference.0,
                asked.step.name(),
                asked.at.utc_ms,
                asked.amount.minor()
            ])?
    };
    found(changed)
}

/// A provider has answered, or a person has said what became of a payment.
pub(super) fn answered(
    connection: &Connection,
    answered: &ProviderAnswered<'_>,
) -> Result<(), rusqlite::Error> {
    use ProviderPaymentState::{Asked, GivenBack, LaidAside, NotPaid, Paid};
    let (reference, at) = (answered.reference.0, answered.at.utc_ms);
    let state = |state: ProviderPaymentState, texts: [&str; 3]| {
        let [number, answer, reason] = texts;
        connection
            .prepare_cached(
                "UPDATE provider_payment SET state = ?2, number = iif(?3 = '', number, ?3), answer = iif(?4 = '', answer, ?4), reason = ?5, \
                 step = '', changed_at = ?6 WHERE reference = ?1 AND (state IN ('asked', 'paid') OR (state = 'not_paid' AND ?2 = 'paid'))",
            )?
            .execute(params![reference, state.name(), number, answer, reason, at])
    };
    let changed = match (answered.step, answered.answer) {
        (_, ProviderAnswer::LaidAside { reason, .. }) => state(LaidAside, ["", "", reason])?,
        (ProviderStep::Pay, ProviderAnswer::Done { number, answer }) => {
            state(Paid, [number, answer, ""])?
        }
        (ProviderStep::Pay, ProviderAnswer::Begun { number, answer }) => {
            state(Asked, [number, answer, ""])?
        }
        (_, ProviderAnswer::Begun { .. }) => 0,
        (ProviderStep::Pay, ProviderAnswer::NotDone { reason }) => state(NotPaid, ["", "", reason])?,
        (ProviderStep::GiveBack, ProviderAnswer::Done { .. }) => connection
            .prepare_cached(
                "UPDATE provider_payment SET given_back = given_back + step_amount, state = iif(given_back + step_amount >= amount, ?2, state), \
                 reason = '', step = '', changed_at = ?3 WHERE reference = ?1 AND state = 'paid'",
            )?
            .execute(params![reference, GivenBack.name(), at])?,
        (ProviderStep::Confirm, ProviderAnswer::Done { .. }) => connection
            .prepare_cached(
                "UPDATE provider_payment SET is_ended = 1, reason = '', step = '', changed_at = ?2 WHERE reference = ?1 AND state = 'paid'",
            )?
            .execute(params![reference, at])?,
        // What was refused may be asked for again.
        (ProviderStep::GiveBack | ProviderStep::Confirm, ProviderAnswer::NotDone { reason }) => {
            state(Paid, ["", "", reason])?
        }
    };
    found(changed)
}

/// A request names a payment as its own. A payment belongs to one document that is sealed or may be.
pub(super) fn used(connection: &Connection, used: &ProviderUsed) -> Result<(), rusqlite::Error> {
    let changed = connection
        .prepare_cached(
            "UPDATE provider_payment SET document = ?2, changed_at = ?3 WHERE reference = ?1",
        )?
        .execute(params![used.reference.0, used.document.0, used.at.utc_ms])?;
    found(changed)
}

const fn found(changed: usize) -> Result<(), rusqlite::Error> {
    match changed {
        0 => Err(rusqlite::Error::QueryReturnedNoRows),
        _ => Ok(()),
    }
}
