//! The line for the cashier: what an error type means to the person at the till, in the shop's language.
//!
//! It is the first line of `fullExceptionMessage`; the lines of `message`, which are for programs and their makers, follow it.

use ferrotill_render::{CashierWords, Words};

/// The line for an error type in a language. An error type that is not listed is the fault of the calling program.
#[must_use]
pub fn cashier_line(code: &str, language: &str) -> &'static str {
    let words = &Words::of(language).cashier;
    line_of(code).map_or(words.program, |line| line(words))
}

/// A line in the words of any language.
type CashierLine = fn(&CashierWords) -> &'static str;

/// The line of an error type; `None` if the error type is not listed.
fn line_of(code: &str) -> Option<CashierLine> {
    let found = LINES
        .iter()
        .find(|(codes, _)| codes.split_whitespace().any(|listed| listed == code));
    found.map(|(_, line)| *line)
}

/// The error types of each line.
const LINES: &[(&str, CashierLine)] = &[
    (
        "BaselineDiffers CancelNotDecided DocumentNotRead NobodyToAsk NotSent OutcomeUnknown \
         PrinterCanStillSay Unclear",
        |words| words.outcome_unknown,
    ),
    ("Busy DeviceUnsettled NotAlone NotBegun", |words| {
        words.unsettled
    }),
    (
        "DayTooLong ShiftTooLong TooManyPaymentTypes TooManyTaxGroups",
        |words| words.shift_too_long,
    ),
    ("ShiftNotOpen", |words| words.shift_not_open),
    ("OfflineBudgetUsedUp TaxTerminal", |words| {
        words.offline_limit
    }),
    (
        "PortAmbiguous PrinterRateDiffers PrinterSwapped WrongFamily",
        |words| words.other_printer,
    ),
    ("NotEnoughCash", |words| words.cash_missing),
    (
        "ChangeExceedsCash NoPayments NotPaid PaymentDiffers PaymentNotPositive PaymentNotUsable PaymentRefused PaymentStarted \
         PaymentType PaymentTypeUnknown RefundUneven TooManyPayments Underpaid",
        |words| words.payment,
    ),
    (
        "AmountTooLarge NameMissing NegativeAmount NoCashMoved NoLines NotANumber NothingToPay NothingToSpreadOver \
         NumberTooLarge Overflow PriceNotPositive PriceTooLarge QuantityNotPositive QuantityTooLarge \
         TooManyDecimals TooManyModifiers TotalsDiffer Value",
        |words| words.amounts,
    ),
    (
        "BodyTooLarge PeriodTooLong ScratchTooSmall TextTooLong TooManyItems TooManyLines TooManyTextLines",
        |words| words.too_long,
    ),
    (
        "OriginalAlternative OriginalNotASale OriginalNotPrinted OriginalUnknown OriginalWithoutNumber \
         ReturnFigureDiffers ReturnLineUnknown",
        |words| words.original,
    ),
    ("ReturnExceedsAmount ReturnExceedsQuantity", |words| {
        words.returned
    }),
    (
        "AlternativeNumberNotNext AlternativeReceiptsOff FiscalNumberNotNext FiscalNumbersClash \
         FiscalNumbersUsedUp NoAlternativeReceipts NumberNotInRange NumberNotNext NumberTaken RangesUsedUp",
        |words| words.numbers,
    ),
    ("CoverOpen JournalFull PaperOut", |words| words.paper),
    (
        "AnswerUnreadable ConnectionRefused HostUnknown HostUnreachable LineNoise NoAnswer NotAPort \
         PortForbidden PortLost PortMissing PortTaken PortUnavailable PrinterGone",
        |words| words.printer_away,
    ),
    (
        "Blocked Cancelled ClockNotSet DrawerNotOpened DuplicateNotPrinted FiscalMemoryDamaged \
         FiscalMemoryFull JobNotPrintable Mechanism MemoryReset NoDocumentNumber NoReceiptOpen NoSerialNumber \
         NotAllowed NotExecuted NotFiscalised NotInPrinterMode NotPrinted Password ReceiptOpen \
         ReportNotPrinted Syntax TaxGroup Training UnknownCommand",
        |words| words.printer_fault,
    ),
    (
        "AlreadyAcknowledged AlreadySettled E_RESOURCE_ALREADY_EXISTS AnotherDeclaration LaidAsideBefore Repeated \
         SignatureReplayed",
        |words| words.made_before,
    ),
    (
        "BodyTimeout E_FON_REQUEST_TIMEOUT Overloaded Stopping TEMPORARILY_UNAVAILABLE TooManyRequests",
        |words| words.busy,
    ),
    (
        "E_CASH_REGISTER_DEACTIVATED E_CASH_REGISTER_NOT_INITIALIZED E_CONFLICT E_FON_AUTHENTICATION E_INTERNAL E_INVALID_STATE_TRANSITION E_SCU_DEACTIVATED E_SCU_LIMIT_REACHED E_SCU_NOT_INITIALIZED FirstPinUnchanged LogNotOurs NoClockAgrees ReceiptNotSignable RegisterNotStarted RegisterOutOfUse TillTakenOver ReceiptsOfOthers AgentNotRunning BooksUnreadable BooksUnwritable ClockBackInShift ConfigurationInvalid \
         CounterExhausted CountryUnknown NotAnAgent NotOutstanding SealMismatch Unreadable",
        |words| words.till_fault,
    ),
    (
        "E_ACCESS_DENIED E_AUTHENTICATION E_TOKEN_MISSING E_TOO_MANY_REQUESTS E_UNAUTHORIZED PermissionMissing TlsNeeded TooManyWrongSignatures ApiKeyMissing ApiNotAllowed CallerNotAllowed HostNotAllowed NotPermitted OriginNotAllowed SignatureMismatch \
         SignatureMissing TimestampInvalid TimestampMissing TimestampOutOfWindow TokenInvalid Unauthorized UnknownApiKey",
        |words| words.refused_caller,
    ),
    (
        "BankTerminalForCash BankTerminalUnreachable UnknownBankTerminal BankTerminalDeclined BankTerminalDown BankTerminalMissing BankTerminalUnknown NoBankTerminal",
        |words| words.terminal,
    ),
    ("ClassCodeMissing", |words| words.class_code),
    ("EmailInvalid PhoneInvalid", |words| words.contact),
    (
        "E_CONFIGURATION_NOT_FOUND E_INVALID_FILTER_VALUES E_INVALID_LIMIT_FILTER E_LOGO_BODY_LIMIT_EXCEEDED E_LOGO_NOT_FOUND E_MASKED_CARD_NUMBER_NON_CARD_PAYMENT E_PDF_NOT_FOUND E_PUBLIC_ACCESS_EXPIRED E_RECEIPT_ID_INVALID E_RECEIPT_NOT_FOUND E_REQUEST_INVALID E_REVISION_ID_MISSING E_ROUTE_NOT_FOUND E_FAILED_SCHEMA_VALIDATION E_METHOD_NOT_ALLOWED E_PAYLOAD_TOO_LARGE E_RESOURCE_NOT_FOUND FormSizeInvalid NotAccepted NotRefused NoReceiptsOfOthers Empty BadRequest BodyIncomplete BodyNotAllowed DeclarationUnsigned GivenTwice MalformedJson \
         MethodNotAllowed Missing NotADate NotAUuid NotFound NotSupported PeriodReversed RequestIdClash \
         PointOfSaleMissing ReasonMissing TaxGroupMissing TaxGroupNotInForce TaxGroupUnknown TooManyTaxes \
         UnknownDevice UnknownField UnknownId UnknownOperation UnknownPointOfSale UnknownValue WrongType",
        |words| words.program,
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ferrotill_render::{CASHIER_LETTERS_MAX, Words};

    use super::{LINES, cashier_line, line_of};
    use crate::api::error_types::{ErrorSource, all};

    /// What `/healthz` or a command shows is no answer to a cashier. An error of FiscalBox has the number beside a sentence of its own.
    #[test]
    fn every_error_type_of_an_answer_has_a_line() {
        let missing: Vec<String> = all()
            .into_iter()
            .filter(|known| {
                !matches!(
                    known.source,
                    ErrorSource::Health(_)
                        | ErrorSource::FiscalBox
                        | ErrorSource::Module
                        | ErrorSource::Command
                )
            })
            .map(|known| known.code)
            .filter(|code| line_of(code).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_line_is_there_in_each_language_and_short_enough() {
        for Words { cashier, .. } in Words::ALL {
            let mut lines = BTreeSet::new();
            for (codes, line) in LINES {
                let line = line(cashier);
                let letters = line.chars().count();
                assert!((10..=CASHIER_LETTERS_MAX).contains(&letters), "{line}");
                assert!(lines.insert(line), "{line} is there twice");
                assert!(!codes.is_empty());
            }
        }
        let mut codes: Vec<&str> = LINES
            .iter()
            .flat_map(|(codes, _)| codes.split_whitespace())
            .collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all, "an error type has two lines");
    }

    #[test]
    fn the_line_is_in_the_language_of_the_shop() {
        let line = cashier_line("PaperOut", "ro");
        assert_eq!(line, "Verificați hârtia și capacul imprimantei.");
        assert_ne!(cashier_line("PaperOut", "de"), line);
        assert_eq!(
            cashier_line("Anything", "ro"),
            cashier_line("WrongType", "ro")
        );
    }
}
