//! Translates the status bits and causes of a family into the conditions and faults that all families share.

use crate::driver::isl::command::CommandFault;
use crate::family::Protocol;
use crate::fault::Fault;
use crate::printer::{Condition, Paper};
use crate::wire::cause::Cause;
use crate::wire::framing::Answer;
use crate::wire::isl_status::{Flag, Layout, Status};

/// The refusal that the status of an answer shows, for a command that prints or changes something.
pub(super) fn refusal(layout: &Layout, status: Status) -> Option<Fault> {
    let by_flag = [
        (Flag::Syntax, Fault::Syntax),
        (Flag::UnknownCommand, Fault::UnknownCommand),
        (Flag::MemoryReset, Fault::MemoryReset),
        (Flag::PaperOut, Fault::PaperOut),
        (Flag::Mechanism, Fault::Mechanism),
        (Flag::WrongPassword, Fault::Password),
        (Flag::Overflow, Fault::Overflow),
        (Flag::NotAllowed, Fault::NotAllowed),
        (Flag::FiscalMemoryFull, Fault::FiscalMemoryFull),
        (Flag::FiscalMemoryError, Fault::FiscalMemoryDamaged),
    ];
    by_flag
        .into_iter()
        .find(|(flag, _)| layout.has(status, *flag))
        .map(|(_, fault)| fault)
}

/// The refusal that the status of an answer shows, for a question. A printer without paper still answers questions.
pub(super) fn unanswered(layout: &Layout, answer: &Answer) -> Option<Fault> {
    if layout.has(answer.status, Flag::UnknownCommand) {
        Some(Fault::UnknownCommand)
    } else if layout.has(answer.status, Flag::Syntax) {
        Some(Fault::Syntax)
    } else if layout.has(answer.status, Flag::NotAllowed) && answer.data.is_empty() {
        Some(Fault::NotAllowed)
    } else {
        None
    }
}

/// The data of an answer of a family that acknowledges its commands, or the refusal that the two digits of the acknowledgement
/// mean. The command was refused if its own digit shows an error. If only the device's digit does, the command may have been
/// executed.
pub(super) fn acknowledged(protocol: &Protocol, answer: Answer) -> Result<Vec<u8>, CommandFault> {
    let (device, command) = match answer.status.bytes() {
        [device, command] => (device & 0x0F, command & 0x0F),
        // The answer to a question.
        _ => return Ok(answer.data),
    };
    if (device, command) == (0, 0) {
        return Ok(answer.data);
    }
    let fault_in = |code: u8| protocol.cause_of(i64::from(code)).map(fault_of);
    let of_device = (device > 0).then(|| fault_in(device << 4)).flatten();
    let fault = match command {
        // "Illegal now": the reason is the device's.
        ILLEGAL => of_device.or(fault_in(command)),
        0 => of_device,
        other => fault_in(other),
    };
    let fault = fault.unwrap_or(Fault::NotAllowed);
    if command == 0 {
        return Err(CommandFault::Lost(fault));
    }
    let digits = String::from_utf8_lossy(answer.status.bytes()).into_owned();
    Err(CommandFault::Refused(fault, digits))
}

/// The digit of a command that is not allowed now.
const ILLEGAL: u8 = 2;

/// Whether the status shows that a host cannot print. While a receipt is open, the bit shows nothing: it is not set in the example of
/// an opening in Daisy's manual.
pub(super) fn is_printing_disabled(layout: &Layout, status: Status) -> bool {
    let is_open = layout.has(status, Flag::ReceiptOpen) || layout.has(status, Flag::SlipOpen);
    layout.knows(Flag::PrintingEnabled) && !layout.has(status, Flag::PrintingEnabled) && !is_open
}

/// The fault that a family's cause means.
pub(super) const fn fault_of(cause: Cause) -> Fault {
    match cause {
        Cause::Syntax => Fault::Syntax,
        Cause::UnknownCommand => Fault::UnknownCommand,
        Cause::NotPermitted | Cause::ReceiptsAfterZ => Fault::NotAllowed,
        Cause::Blocked | Cause::Locked => Fault::Blocked,
        Cause::Password => Fault::Password,
        Cause::ClockNotSet | Cause::DateBeforeLast => Fault::ClockNotSet,
        Cause::PaperOut => Fault::PaperOut,
        Cause::CoverOpen => Fault::CoverOpen,
        Cause::JournalFull => Fault::JournalFull,
        Cause::Overflow => Fault::Overflow,
        Cause::ReceiptOpen | Cause::RefundOpen | Cause::SlipOpen => Fault::ReceiptOpen,
        Cause::NoReceiptOpen => Fault::NoReceiptOpen,
        Cause::ZNeeded | Cause::DayTooLong => Fault::DayTooLong,
        Cause::NotFiscalised => Fault::NotFiscalised,
        Cause::FiscalMemoryFull => Fault::FiscalMemoryFull,
        Cause::FiscalMemory => Fault::FiscalMemoryDamaged,
        Cause::GroupDisabled => Fault::TaxGroup,
        Cause::TooManySales => Fault::TooManyLines,
        Cause::Negative | Cause::VoidOfNothing | Cause::Zero => Fault::Value,
        Cause::PaymentStarted | Cause::AlreadyPaid => Fault::PaymentStarted,
        Cause::NotPaid => Fault::NotPaid,
        Cause::PaymentType | Cause::NoChange => Fault::PaymentType,
        Cause::NotEnoughCash => Fault::NotEnoughCash,
        Cause::CardRefused => Fault::PaymentRefused,
        Cause::TaxTerminal => Fault::TaxTerminal,
    }
}

/// The condition that the status bytes mean, in the form of all families.
pub(super) fn condition(layout: &Layout, status: Status) -> Condition {
    let has = |flag| layout.has(status, flag);
    Condition {
        paper: if has(Flag::PaperOut) {
            Paper::Out
        } else if has(Flag::PaperLow) {
            Paper::Low
        } else {
            Paper::Ok
        },
        cover_open: has(Flag::CoverOpen),
        mechanism_fault: has(Flag::Mechanism) || has(Flag::Overheated),
        clock_not_set: has(Flag::ClockNotSet),
        memory_reset: has(Flag::MemoryReset),
        fiscal_receipt_open: has(Flag::ReceiptOpen),
        slip_open: has(Flag::SlipOpen),
        fiscal_memory_full: has(Flag::FiscalMemoryFull),
        fiscal_memory_low: has(Flag::FiscalMemoryLow),
        fiscal_memory_fault: has(Flag::FiscalMemoryError) || has(Flag::FiscalMemoryRead),
        journal_low: has(Flag::JournalLow),
        journal_full: has(Flag::JournalFull),
        fiscalised: has(Flag::Fiscalised),
    }
}
