//! The reasons of a refusal: one list for all families, each of which has its own codes.

/// The reason why a printer refuses a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The data of the command cannot be read.
    Syntax,
    /// The command is not known.
    UnknownCommand,
    /// The command is not allowed now, for a reason without a code of its own.
    NotPermitted,
    /// The printer is blocked, for example by the tax office's server.
    Blocked,
    /// The printer is locked after wrong passwords.
    Locked,
    /// The operator or the password is wrong.
    Password,
    /// The clock is not set.
    ClockNotSet,
    /// The date is before the last record of the fiscal memory.
    DateBeforeLast,
    /// There is no paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// The electronic journal is full.
    JournalFull,
    /// A sum is larger than its field.
    Overflow,
    /// A fiscal receipt is open.
    ReceiptOpen,
    /// A refund receipt is open.
    RefundOpen,
    /// A non-fiscal slip is open.
    SlipOpen,
    /// No receipt is open.
    NoReceiptOpen,
    /// There were receipts since the last Z-report.
    ReceiptsAfterZ,
    /// A Z-report is due.
    ZNeeded,
    /// More than 24 hours have passed since the day's first receipt.
    DayTooLong,
    /// The device is not fiscalised, or not registered.
    NotFiscalised,
    /// The fiscal memory is full.
    FiscalMemoryFull,
    /// The fiscal memory cannot be read or written.
    FiscalMemory,
    /// The tax group is disabled.
    GroupDisabled,
    /// The receipt has too many sales or lines.
    TooManySales,
    /// A sum would be negative.
    Negative,
    /// Nothing was sold that could be voided.
    VoidOfNothing,
    /// The price or the sum is zero.
    Zero,
    /// Payment has begun.
    PaymentStarted,
    /// Payment has not begun, or does not reach the sum.
    NotPaid,
    /// Everything is paid.
    AlreadyPaid,
    /// The payment type is not programmed or forbidden.
    PaymentType,
    /// Only cash may be more than what is left to pay.
    NoChange,
    /// There is not enough cash in the drawer.
    NotEnoughCash,
    /// The card was not charged, or it is not known whether it was.
    CardRefused,
    /// The tax terminal does not answer.
    TaxTerminal,
}
