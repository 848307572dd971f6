//! Duties: what must be told to whom about a sealed document.
//!
//! [`Profile::duties`](crate::profile::Profile::duties) gives the duties of each kind of document. The store freezes what a
//! recipient is told in the transaction that seals the document, and the outbox has one worker for each recipient.

use core::fmt;

use crate::document::DocumentKind;

/// Someone who must be told about documents. A recipient is known by its name, which the store keeps with every entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient(&'static str);

impl Recipient {
    /// The tax authority of the country.
    pub const AUTHORITY: Self = Self("authority");

    /// The recipient of this name, which is never changed once documents were sent to it.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name of the recipient in the store and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Something that a recipient must be told when a document is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Who must be told.
    pub recipient: Recipient,
    /// What the recipient must be told.
    pub kind: DutyKind,
}

/// The kinds of messages to a recipient. The name of a kind is also the default path to which it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DutyKind {
    /// A sale.
    Sale,
    /// A refund: goods came back, and money was paid out.
    Refund,
    /// Cash was put into the drawer.
    Deposit,
    /// Cash was taken out of the drawer.
    Withdraw,
    /// A sale with a number from a preloaded range, made while the authority was offline.
    AlternativeReceipt,
    /// A Z-report, the end of a shift.
    ZReport,
}

impl DutyKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Sale,
        Self::Refund,
        Self::Deposit,
        Self::Withdraw,
        Self::AlternativeReceipt,
        Self::ZReport,
    ];

    /// The name of the kind in paths, in lists and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::Deposit => "deposit",
            Self::Withdraw => "withdraw",
            Self::AlternativeReceipt => "alternative_receipt",
            Self::ZReport => "z_report",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for DutyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The duties of a country whose tax authority gets every document except X-reports and non-fiscal receipts.
#[must_use]
pub const fn to_the_authority(kind: DocumentKind) -> &'static [Duty] {
    const fn told(kind: DutyKind) -> [Duty; 1] {
        let recipient = Recipient::AUTHORITY;
        [Duty { recipient, kind }]
    }
    const SALE: [Duty; 1] = told(DutyKind::Sale);
    const REFUND: [Duty; 1] = told(DutyKind::Refund);
    const DEPOSIT: [Duty; 1] = told(DutyKind::Deposit);
    const WITHDRAW: [Duty; 1] = told(DutyKind::Withdraw);
    const ALTERNATIVE_RECEIPT: [Duty; 1] = told(DutyKind::AlternativeReceipt);
    const Z_REPORT: [Duty; 1] = told(DutyKind::ZReport);
    match kind {
        DocumentKind::Sale => &SALE,
        DocumentKind::Refund => &REFUND,
        DocumentKind::CashIn => &DEPOSIT,
        DocumentKind::CashOut => &WITHDRAW,
        DocumentKind::AlternativeSale => &ALTERNATIVE_RECEIPT,
        DocumentKind::ZReport => &Z_REPORT,
        DocumentKind::XReport | DocumentKind::NonfiscalReceipt | DocumentKind::AmountsReceipt => {
            &[]
        }
    }
}
