//! The payment providers that a device with a fiscal module reaches, and the calls of each.

use serde_json::Value;
use uuid::Uuid;

use super::ModuleError;

/// A payment provider: a wallet, a pinpad, or a QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// Click.
    Click,
    /// Payme.
    Payme,
    /// Uzum.
    Uzum,
    /// Anor.
    Anor,
    /// The pinpad for Humo cards.
    Xumo,
    /// The pinpad for Uzcard cards.
    Uzcard,
    /// Scan2Pay.
    Scan2Pay,
    /// UzQR.
    UzQr,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 8] = [
        Self::Click,
        Self::Payme,
        Self::Uzum,
        Self::Anor,
        Self::Xumo,
        Self::Uzcard,
        Self::Scan2Pay,
        Self::UzQr,
    ];

    /// The name of the provider.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Payme => "payme",
            Self::Uzum => "uzum",
            Self::Anor => "anor",
            Self::Xumo => "xumo",
            Self::Uzcard => "uzcard",
            Self::Scan2Pay => "scan2pay",
            Self::UzQr => "uzqr",
        }
    }

    /// The provider with a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|provider| provider.name() == name)
    }

    /// The provider with a number of `extra_info.qr_payment_provider`, with or without zeros before it.
    #[must_use]
    pub fn of_number(number: &str) -> Option<Self> {
        match number.trim_start_matches('0') {
            "64" => Some(Self::Click),
            "141" => Some(Self::Payme),
            "161" => Some(Self::Uzum),
            "187" => Some(Self::Anor),
            _ => None,
        }
    }

    /// True for a wallet that takes a code that the buyer shows: the code is used once.
    #[must_use]
    pub const fn is_wallet(self) -> bool {
        matches!(self, Self::Click | Self::Payme | Self::Uzum | Self::Anor)
    }

    /// True for a pinpad.
    #[must_use]
    pub const fn is_pinpad(self) -> bool {
        matches!(self, Self::Xumo | Self::Uzcard)
    }

    /// True if the provider is to get the link of the receipt.
    #[must_use]
    pub const fn confirms(self) -> bool {
        self.is_wallet() || matches!(self, Self::UzQr)
    }

    /// True if there is a call by which the money is given back.
    #[must_use]
    pub const fn gives_back(self) -> bool {
        self.is_pinpad() || matches!(self, Self::UzQr)
    }
}

/// What a call asks of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderAction {
    /// Takes money, or begins to. A pinpad gives money back with it too.
    Pay,
    /// Takes the link of the receipt.
    Confirm,
    /// Tells what became of a payment.
    Status,
    /// Ends a payment that was begun.
    Cancel,
    /// Gives money back.
    Refund,
    /// Tells what became of money that is given back.
    RefundStatus,
    /// Closes the day of a pinpad.
    CloseDay,
    /// Tells the sums of the day of a pinpad.
    ShortReport,
    /// Prints the last slip of a pinpad again.
    PrintLast,
    /// Prints the last report of a pinpad again.
    PrintLastReport,
}

/// A call of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderCall {
    /// The provider.
    pub provider: Provider,
    /// What is asked.
    pub action: ProviderAction,
    /// The path below the root of the API.
    pub path: &'static str,
    /// True if the call has a body.
    pub posts: bool,
}

/// What a caller is told.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderTold {
    /// The provider has done it.
    Done {
        /// Its answer.
        data: Value,
        /// True if this is the answer to an earlier call.
        replayed: bool,
        /// The payment, if the call asked for money.
        reference: Option<Uuid>,
    },
    /// It was not done.
    Refused(ModuleError),
    /// It is not known.
    Unknown(String),
}

const fn posts(provider: Provider, action: ProviderAction, path: &'static str) -> ProviderCall {
    ProviderCall {
        provider,
        action,
        path,
        posts: true,
    }
}

const fn gets(provider: Provider, action: ProviderAction, path: &'static str) -> ProviderCall {
    ProviderCall {
        provider,
        action,
        path,
        posts: false,
    }
}

impl ProviderCall {
    /// All calls.
    pub const ALL: &[Self] = &[
        posts(Provider::Click, ProviderAction::Pay, "payment/click"),
        posts(
            Provider::Click,
            ProviderAction::Confirm,
            "payment/click_confirm",
        ),
        posts(Provider::Payme, ProviderAction::Pay, "payment/payme"),
        posts(
            Provider::Payme,
            ProviderAction::Confirm,
            "payment/payme_confirm",
        ),
        posts(Provider::Uzum, ProviderAction::Pay, "payment/uzum"),
        posts(
            Provider::Uzum,
            ProviderAction::Confirm,
            "payment/uzum_confirm",
        ),
        posts(Provider::Anor, ProviderAction::Pay, "payment/anor"),
        posts(
            Provider::Anor,
            ProviderAction::Confirm,
            "payment/anor_confirm",
        ),
        posts(Provider::Xumo, ProviderAction::Pay, "payment/xumo"),
        gets(
            Provider::Xumo,
            ProviderAction::CloseDay,
            "payment/xumo_close",
        ),
        gets(
            Provider::Xumo,
            ProviderAction::ShortReport,
            "payment/xumo_shortreport",
        ),
        gets(
            Provider::Xumo,
            ProviderAction::PrintLast,
            "payment/xumo/print_last",
        ),
        gets(
            Provider::Xumo,
            ProviderAction::PrintLastReport,
            "payment/xumo_close/print_last",
        ),
        posts(Provider::Uzcard, ProviderAction::Pay, "payment/uzcard"),
        gets(
            Provider::Uzcard,
            ProviderAction::CloseDay,
            "payment/uzcard_close",
        ),
        gets(
            Provider::Uzcard,
            ProviderAction::ShortReport,
            "payment/uzcard_shortreport",
        ),
        gets(
            Provider::Uzcard,
            ProviderAction::PrintLast,
            "payment/uzcard/print_last",
        ),
        gets(
            Provider::Uzcard,
            ProviderAction::PrintLastReport,
            "payment/uzcard_close/print_last",
        ),
        posts(Provider::Scan2Pay, ProviderAction::Pay, "payment/qr_pay"),
        posts(
            Provider::Scan2Pay,
            ProviderAction::Status,
            "payment/qr_pay/status",
        ),
        posts(Provider::UzQr, ProviderAction::Pay, "payment/one_qr/create"),
        gets(
            Provider::UzQr,
            ProviderAction::Status,
            "payment/one_qr/status",
        ),
        posts(
            Provider::UzQr,
            ProviderAction::Confirm,
            "payment/one_qr/receipt",
        ),
        posts(
            Provider::UzQr,
            ProviderAction::Cancel,
            "payment/one_qr/cancel",
        ),
        posts(
            Provider::UzQr,
            ProviderAction::Refund,
            "payment/one_qr/refund",
        ),
        gets(
            Provider::UzQr,
            ProviderAction::RefundStatus,
            "payment/one_qr/refund/status",
        ),
    ];

    /// The call with a path, without slashes at its ends.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|call| call.path == path).copied()
    }

    /// The call of a provider for an action.
    #[must_use]
    pub fn of(provider: Provider, action: ProviderAction) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|call| (call.provider, call.action) == (provider, action))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Provider, ProviderAction, ProviderCall};

    #[test]
    fn every_provider_takes_money_and_every_path_is_one_call() {
        for provider in Provider::ALL {
            assert_eq!(Provider::of_name(provider.name()), Some(provider));
            assert!(ProviderCall::of(provider, ProviderAction::Pay).is_some());
            let confirm = ProviderCall::of(provider, ProviderAction::Confirm);
            assert_eq!(confirm.is_some(), provider.confirms());
        }
        for call in ProviderCall::ALL {
            assert_eq!(ProviderCall::of_path(call.path), Some(*call));
        }
        assert_eq!(Provider::of_number("0064"), Some(Provider::Click));
        assert_eq!(Provider::of_number(""), None);
    }
}
