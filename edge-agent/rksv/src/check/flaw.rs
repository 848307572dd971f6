//! What the check of a protocol finds. A code, once released, never gets another meaning.

use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{ChainValue, Fault, Timestamp};
use ferrotill_core::{amount::Currency, scale::Decimal};

use crate::certificate::CertificateUnreadable;
use crate::material::KeyKind;

/// A flaw of a protocol, with the receipt on which it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepFlaw {
    /// The place of the receipt in the protocol, from 1; 0 for a flaw of the whole protocol.
    pub receipt: u64,
    /// The id of the receipt; empty if it cannot be read.
    pub id: String,
    /// What is wrong.
    pub fault: DepFault,
}

/// What is wrong with a receipt or a protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepFault {
    /// A protocol without receipts.
    #[error("the protocol has no receipt")]
    Empty,
    /// A receipt that is not a compact form with a well-formed code.
    #[error("the receipt cannot be read: {0}")]
    Unreadable(Fault),
    /// A receipt of another cash box.
    #[error("the cash box is not {first:?}, the cash box of the first receipt")]
    CashBoxChanged {
        /// The cash box of the first receipt.
        first: String,
    },
    /// A receipt id, or cash box id and receipt id together, that an earlier receipt has used: the key stream of the counter was used
    /// twice.
    #[error(
        "the id was used by receipt {earlier} before, so that the key stream of the turnover counter is used twice"
    )]
    ReceiptIdRepeated {
        /// The place of the earlier receipt.
        earlier: u64,
    },
    /// A time before that of the receipt before.
    #[error("the time {at} is before {previous}, the time of the receipt before")]
    TimeBackwards {
        /// The time of the receipt.
        at: Timestamp,
        /// The time of the receipt before.
        previous: Timestamp,
    },
    /// Suites of open and closed systems in one protocol.
    #[error("open and closed system (suite R1-AT0) are mixed in one protocol")]
    SystemsMixed,
    /// The first receipt does not carry the chain value of the cash box id.
    #[error(
        "the protocol does not begin with the Startbeleg: its chain value is {shown}, and the one of the cash box id is {expected}"
    )]
    StartMissing {
        /// The chain value of the receipt.
        shown: ChainValue,
        /// The chain value that it must have.
        expected: ChainValue,
    },
    /// A Startbeleg with amounts, or one that is a void or a training.
    #[error("the Startbeleg must have amounts of zero and show the turnover counter")]
    StartNotZero,
    /// A Startbeleg without a signature.
    #[error("the Startbeleg has no signature")]
    StartUnsigned,
    /// Another chain value than that of the receipt before.
    #[error(
        "the chain value is {shown}, and the one of the receipt before is {expected}: a receipt between them is missing, or one of them was changed or moved"
    )]
    ChainBroken {
        /// The chain value of the receipt.
        shown: ChainValue,
        /// The chain value that it must have.
        expected: ChainValue,
    },
    /// Another turnover counter than the sum of the receipts.
    #[error("the turnover counter decrypts to {}, and the receipts add up to {}; with another AES key every counter differs", euro(*.shown), euro(*.expected))]
    CounterWrong {
        /// The decrypted counter.
        shown: Amount,
        /// The sum of the receipts.
        expected: Amount,
    },
    /// Amounts whose sum does not fit into 64 bits.
    #[error("the amounts of the receipts do not fit into a turnover counter")]
    CounterTooLarge,
    /// A unit that the container of the keys does not have.
    #[error("the keys have no certificate or public key {serial:?}")]
    KeyUnknown {
        /// Element 10 of the code.
        serial: String,
    },
    /// A key where a certificate is needed, or a certificate where a key is needed.
    #[error("{}", wrong_kind(*.needed))]
    KeyKind {
        /// What the suite needs.
        needed: KeyKind,
    },
    /// A signature that the key of the unit has not made over this receipt.
    #[error(
        "the signature is not that of the named certificate or key over this receipt: the receipt or its signature was changed, or the certificate is another one"
    )]
    SignatureWrong,
    /// The signed Nullbeleg after an outage is missing or late.
    #[error(
        "this must be the signed Sammelbeleg: receipt {outage} has no signature, and the one after it is signed and no Nullbeleg"
    )]
    SammelbelegLate {
        /// The place of the last receipt of the outage.
        outage: u64,
    },
    /// A certificate of a group that cannot be read.
    #[error("a certificate of group {group} cannot be read: {why}")]
    GroupCertificateUnreadable {
        /// The place of the group, from 1.
        group: u64,
        /// What is wrong with it.
        why: CertificateUnreadable,
    },
    /// A group whose certificate is not that of a unit that has signed in it.
    #[error(
        "the certificate of group {group} is not the certificate of the unit that this receipt names"
    )]
    GroupCertificateForeign {
        /// The place of the group, from 1.
        group: u64,
    },
}

impl DepFault {
    /// The name of the fault for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "protocol_empty",
            Self::Unreadable(_) => "receipt_unreadable",
            Self::CashBoxChanged { .. } => "cash_box_changed",
            Self::ReceiptIdRepeated { .. } => "receipt_id_repeated",
            Self::TimeBackwards { .. } => "time_backwards",
            Self::SystemsMixed => "systems_mixed",
            Self::StartMissing { .. } => "start_missing",
            Self::StartNotZero => "start_not_zero",
            Self::StartUnsigned => "start_unsigned",
            Self::ChainBroken { .. } => "chain_broken",
            Self::CounterWrong { .. } => "counter_wrong",
            Self::CounterTooLarge => "counter_too_large",
            Self::KeyUnknown { .. } => "key_unknown",
            Self::KeyKind { .. } => "key_kind",
            Self::SignatureWrong => "signature_wrong",
            Self::SammelbelegLate { .. } => "sammelbeleg_late",
            Self::GroupCertificateUnreadable { .. } => "group_certificate_unreadable",
            Self::GroupCertificateForeign { .. } => "group_certificate_foreign",
        }
    }
}

const fn euro(amount: Amount) -> Decimal {
    amount.display(Currency::EUR)
}

const fn wrong_kind(needed: KeyKind) -> &'static str {
    match needed {
        KeyKind::Certificate => {
            "the suite is that of an open system, which needs a certificate, and the keys have only a public key"
        }
        KeyKind::PublicKey => {
            "the suite R1-AT0 is that of a closed system, which needs a public key, and the keys have a certificate"
        }
    }
}
