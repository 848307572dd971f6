//! Events of payment providers: wallets and pinpads that a device with a fiscal module reaches. A provider is asked only after the question
//! is stored, so that a crash never hides that money may have moved.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::id::{DocumentId, Fingerprint, OperationReference, UniqueId};
use crate::time::Moment;

/// What a payment provider is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProviderStep {
    /// Take the amount from the buyer.
    Pay,
    /// Take the link of the receipt of a payment, which ends the payment.
    Confirm,
    /// Give the money of a payment back.
    GiveBack,
}

impl ProviderStep {
    /// The name of the step, in the store and in lists.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Confirm => "confirm",
            Self::GiveBack => "give_back",
        }
    }
}

/// A payment provider is about to be asked. Until the answer is stored too, it is not known whether it has done it.
///
/// The event contains no number of a card and no contact of a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderAsked<'a> {
    /// The payment; unique over all tills.
    pub reference: OperationReference,
    /// The device through which the provider is asked.
    pub device: UniqueId,
    /// The moment of the question.
    pub at: Moment,
    /// What the provider is asked to do.
    pub step: ProviderStep,
    /// The name of the provider.
    pub provider: &'a str,
    /// The amount of the payment; above zero.
    pub amount: Amount,
    /// The digest of the caller's request, by which a repeat is known.
    pub fingerprint: Fingerprint,
}

/// What is known of a step of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProviderAnswer<'a> {
    /// The provider has done it.
    Done {
        /// The provider's number of the payment; may be empty.
        number: &'a str,
        /// What the provider has answered, without contacts and card numbers; may be empty.
        answer: &'a str,
    },
    /// The provider has refused it, or was never asked.
    NotDone {
        /// Why.
        reason: &'a str,
    },
    /// A person has looked after the payment outside of the till; nothing more is done about it.
    LaidAside {
        /// What the person has done.
        reason: &'a str,
        /// The person's name; never empty.
        by: &'a str,
    },
    /// The payment is begun at the provider, and the buyer has not paid yet.
    Begun {
        /// The provider's number of the payment.
        number: &'a str,
        /// What the provider has answered, without contacts and card numbers; may be empty.
        answer: &'a str,
    },
}

/// What a payment provider has answered, or what a person says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderAnswered<'a> {
    /// The payment.
    pub reference: OperationReference,
    /// The moment at which the answer was known.
    pub at: Moment,
    /// The step that is answered.
    pub step: ProviderStep,
    /// The answer.
    #[serde(borrow)]
    pub answer: ProviderAnswer<'a>,
}

impl ProviderAnswered<'_> {
    /// The largest length of an answer, in bytes.
    pub const ANSWER_BYTES_MAX: usize = 2_000;
    /// The largest length of a number, a reason or a name, in bytes.
    pub const TEXT_BYTES_MAX: usize = 400;
}

/// A request names a payment as its own: the document of the request is paid with it, if it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderUsed {
    /// The payment.
    pub reference: OperationReference,
    /// The moment of the event.
    pub at: Moment,
    /// The request id of the document.
    pub document: DocumentId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    /// The encoding is frozen: rows of shops have it.
    #[test]
    fn the_encoding_of_the_events_of_payment_providers_is_frozen() {
        let (reference, at) = (
            OperationReference([7; 16]),
            Moment {
                utc_ms: 1_000,
                offset_minutes: 0,
            },
        );
        let events = [
            Event::ProviderAsked(ProviderAsked {
                reference,
                device: UniqueId([9; 16]),
                at,
                step: ProviderStep::GiveBack,
                provider: "uzqr",
                amount: Amount::from_minor(500),
                fingerprint: Fingerprint([1; 32]),
            }),
            Event::ProviderAnswered(ProviderAnswered {
                reference,
                at,
                step: ProviderStep::Pay,
                answer: ProviderAnswer::Done {
                    number: "17",
                    answer: "{}",
                },
            }),
            Event::ProviderAnswered(ProviderAnswered {
                reference,
                at,
                step: ProviderStep::Confirm,
                answer: ProviderAnswer::NotDone { reason: "no" },
            }),
            Event::ProviderAnswered(ProviderAnswered {
                reference,
                at,
                step: ProviderStep::Pay,
                answer: ProviderAnswer::LaidAside {
                    reason: "paid back",
                    by: "Ali",
                },
            }),
            Event::ProviderAnswered(ProviderAnswered {
                reference,
                at,
                step: ProviderStep::Pay,
                answer: ProviderAnswer::Begun {
                    number: "17",
                    answer: "{}",
                },
            }),
            Event::ProviderUsed(ProviderUsed {
                reference,
                at,
                document: DocumentId([3; 16]),
            }),
        ];
        let mut room = [0; 200];
        let expected = [(36, 75), (37, 27), (37, 24), (37, 35), (37, 27), (38, 35)];
        for (event, (kind, length)) in events.iter().zip(expected) {
            let payload = event.encode(&mut room).unwrap();
            assert_eq!((event.kind(), payload.len()), (kind, length), "{event:?}");
            assert_eq!(Event::decode(kind, 1, payload).as_ref(), Ok(event));
        }
    }
}
