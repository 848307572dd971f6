//! The types of payment of a family.

/// The types of payment of a family; in every family `P` is cash.
#[derive(Clone, Copy, Debug)]
pub struct Payments {
    /// The letters that a job may have, and what each means. For X, which has numbers, `P N D I J K` stand for the modes 0 to 5.
    pub letters: &'static [(char, PaymentMeaning)],
    /// The letters in the order in which the answer has the day's payments; at most eight.
    pub day: &'static [char],
}

impl Payments {
    /// What a letter means; `None` if the family does not have it.
    #[must_use]
    pub fn meaning_of(&self, letter: char) -> Option<PaymentMeaning> {
        self.letters
            .iter()
            .find(|(known, _)| *known == letter)
            .map(|(_, meaning)| *meaning)
    }

    /// The first letter with this meaning.
    #[must_use]
    pub fn letter_of(&self, meaning: PaymentMeaning) -> Option<char> {
        self.letters
            .iter()
            .find(|(_, known)| *known == meaning)
            .map(|(letter, _)| *letter)
    }

    /// All letters with their meanings, for people.
    #[must_use]
    pub fn in_words(&self) -> String {
        let words = self.letters.iter();
        let words: Vec<String> = words
            .map(|(letter, meaning)| format!("{letter} {}", meaning.name()))
            .collect();
        words.join(", ")
    }
}

/// What the fiscal memory books under a payment letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentMeaning {
    /// Cash.
    Cash,
    /// A bank card that the till or a terminal of its own charges.
    Card,
    /// A bank card that the printer charges through its own pinpad.
    Pinpad,
    /// Credit.
    Credit,
    /// A cheque.
    Cheque,
    /// The health fund.
    HealthFund,
    /// A voucher.
    Voucher,
    /// A coupon.
    Coupon,
    /// A coupon of another company.
    ExternalCoupon,
    /// Packaging that is given back.
    Packaging,
    /// The shop's own use.
    InternalUse,
    /// Damaged goods.
    Damage,
    /// A bank transfer.
    BankTransfer,
    /// A type that the owner of the printer may name.
    Other,
}

impl PaymentMeaning {
    /// Every meaning.
    pub const ALL: &[Self] = &[
        Self::Cash,
        Self::Card,
        Self::Pinpad,
        Self::Credit,
        Self::Cheque,
        Self::HealthFund,
        Self::Voucher,
        Self::Coupon,
        Self::ExternalCoupon,
        Self::Packaging,
        Self::InternalUse,
        Self::Damage,
        Self::BankTransfer,
        Self::Other,
    ];

    /// The name of the meaning, as in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Card => "card",
            Self::Pinpad => "pinpad",
            Self::Credit => "credit",
            Self::Cheque => "cheque",
            Self::HealthFund => "health_fund",
            Self::Voucher => "voucher",
            Self::Coupon => "coupon",
            Self::ExternalCoupon => "external_coupon",
            Self::Packaging => "packaging",
            Self::InternalUse => "internal_use",
            Self::Damage => "damage",
            Self::BankTransfer => "bank_transfer",
            Self::Other => "other",
        }
    }

    /// The meaning of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|one| one.name() == name).copied()
    }

    /// Whether a letter with this meaning is easily taken for a card's, because it is one in another family, although the fiscal
    /// memory books it under a heading of its own.
    #[must_use]
    pub const fn is_special(self) -> bool {
        match self {
            Self::Cash
            | Self::Card
            | Self::Credit
            | Self::Cheque
            | Self::BankTransfer
            | Self::Other => false,
            Self::Pinpad
            | Self::HealthFund
            | Self::Voucher
            | Self::Coupon
            | Self::ExternalCoupon
            | Self::Packaging
            | Self::InternalUse
            | Self::Damage => true,
        }
    }

    /// The text on the emulated paper.
    #[must_use]
    pub const fn on_paper(self) -> &'static str {
        match self {
            Self::Cash => "NUMERAR",
            Self::Card | Self::Pinpad => "CARD",
            Self::Credit => "CREDIT",
            Self::Cheque => "CEC",
            Self::HealthFund => "CASA DE SANATATE",
            Self::Voucher => "VOUCHER",
            Self::Coupon | Self::ExternalCoupon => "CUPON",
            Self::BankTransfer => "TRANSFER",
            Self::Packaging | Self::InternalUse | Self::Damage | Self::Other => "ALTA PLATA",
        }
    }
}
