//! What is known of a step of a payment at a payment provider.

/// What is known of a step of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderWord {
    /// The provider has done it.
    Done {
        /// The provider's number of the payment; may be empty.
        number: String,
        /// What the provider has answered, without contacts and card numbers.
        answer: String,
    },
    /// The payment is begun at the provider, and the buyer has not paid yet.
    Begun {
        /// The provider's number of the payment.
        number: String,
        /// What the provider has answered, without contacts and card numbers.
        answer: String,
    },
    /// The provider has refused it, or was never asked.
    NotDone(String),
    /// A person has looked after the payment.
    LaidAside {
        /// What the person has done.
        reason: String,
        /// The person's name; never empty.
        by: String,
    },
}

/// What became of news of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderNewsOutcome {
    /// The news are on disk.
    Stored,
    /// The news do not fit what the journal has of the payment, and nothing was stored.
    DoesNotFit,
    /// It is not known whether the news are on disk.
    Unknown,
}
