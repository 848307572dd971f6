//! The faults between a till and its printer: one numbered list for all makers.

use core::fmt;

/// What went wrong, or what the printer refused.
///
/// The numbers are part of the product's contract: they are never reused, and a fault that is no longer raised keeps its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The port does not exist or cannot be opened.
    PortUnavailable,
    /// The connection was lost.
    PortLost,
    /// The printer does not answer.
    NoAnswer,
    /// The printer stayed busy beyond every limit.
    Busy,
    /// The printer's answer does not match its manual.
    AnswerUnreadable,
    /// Answers arrive damaged.
    LineNoise,
    /// Several ports match the address.
    PortAmbiguous,

    /// There is no paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// The printing mechanism has failed or is overheated.
    Mechanism,
    /// The printer's clock is not set.
    ClockNotSet,
    /// The printer's working memory was lost.
    MemoryReset,
    /// The fiscal memory is full.
    FiscalMemoryFull,
    /// The fiscal memory cannot be read or written.
    FiscalMemoryDamaged,
    /// The electronic journal is full.
    JournalFull,
    /// More than 24 hours have passed since the first receipt of the day: a Z-report is due.
    DayTooLong,
    /// The printer's terminal to the tax office does not answer.
    TaxTerminal,
    /// The printer is not registered or not fiscalised.
    NotFiscalised,

    /// The printer refused a command and does not report why.
    NotAllowed,
    /// The printer does not understand the data of a command.
    Syntax,
    /// The printer does not know a command.
    UnknownCommand,
    /// A sum is beyond what the printer can hold.
    Overflow,
    /// The operator's password is wrong, or the printer is locked after wrong ones.
    Password,
    /// The printer is blocked.
    Blocked,
    /// A receipt is open.
    ReceiptOpen,
    /// No receipt is open.
    NoReceiptOpen,
    /// The tax group is disabled or unknown to the printer.
    TaxGroup,
    /// The receipt has more lines than the printer allows.
    TooManyLines,
    /// Payment has begun.
    PaymentStarted,
    /// The payment type is not programmed or not allowed.
    PaymentType,
    /// The receipt is not fully paid.
    NotPaid,
    /// There is not enough cash in the drawer.
    NotEnoughCash,
    /// The price, quantity or sum is not accepted.
    Value,
    /// A payment was refused.
    PaymentRefused,

    /// The printer's total or a group's sum differs from ours; the receipt was cancelled unpaid.
    TotalsDiffer,
    /// The amount that is left to pay differs between the printer and the plan.
    PaymentDiffers,
    /// The printer or the fiscal memory is not the one with which the job was begun.
    PrinterSwapped,
    /// The printer's counters differ from the baseline.
    BaselineDiffers,
    /// The open receipt was cancelled.
    Cancelled,
    /// The decision to cancel could not be stored durably.
    CancelNotDecided,
    /// The printer never executed the job.
    NotExecuted,
    /// The printer's counters fit neither "printed" nor "not printed"; an operator must look at the paper.
    Unclear,
    /// The job cannot be expressed in the printer's commands.
    JobNotPrintable,
    /// No printer of the configuration can be asked about the document.
    NobodyToAsk,
    /// The printer has not answered for a day; it may be destroyed.
    PrinterGone,
    /// The printer reports no serial number that can be read, so that nothing would show that it was exchanged.
    NoSerialNumber,
    /// The printer reports no number that rises with every document, so that nothing would show whether it printed.
    NoDocumentNumber,
    /// The printer is in its service or training mode, in which nothing that it prints is fiscal.
    Training,
    /// The printer refuses every command that prints, because it was not put into its mode "fiscal printer" at its keyboard.
    NotInPrinterMode,

    /// The device file of the port does not exist.
    PortMissing,
    /// The user of this program may not open the port.
    PortForbidden,
    /// Another program uses the port.
    PortTaken,
    /// The path of the port leads to something else than a serial port.
    NotAPort,
    /// The host name in the address of the printer does not resolve.
    HostUnknown,
    /// The machine at the address of the printer refuses the connection.
    ConnectionRefused,
    /// No machine answers at the address of the printer.
    HostUnreachable,
    /// The model of the printer belongs to another family than the one in the address.
    WrongFamily,
}

impl Fault {
    /// Every fault, in the order of its number.
    pub const ALL: &[Self] = &[
        Self::PortUnavailable,
        Self::PortLost,
        Self::NoAnswer,
        Self::Busy,
        Self::AnswerUnreadable,
        Self::LineNoise,
        Self::PortAmbiguous,
        Self::PaperOut,
        Self::CoverOpen,
        Self::Mechanism,
        Self::ClockNotSet,
        Self::MemoryReset,
        Self::FiscalMemoryFull,
        Self::FiscalMemoryDamaged,
        Self::JournalFull,
        Self::DayTooLong,
        Self::TaxTerminal,
        Self::NotFiscalised,
        Self::NotAllowed,
        Self::Syntax,
        Self::UnknownCommand,
        Self::Overflow,
        Self::Password,
        Self::Blocked,
        Self::ReceiptOpen,
        Self::NoReceiptOpen,
        Self::TaxGroup,
        Self::TooManyLines,
        Self::PaymentStarted,
        Self::PaymentType,
        Self::NotPaid,
        Self::NotEnoughCash,
        Self::Value,
        Self::PaymentRefused,
        Self::TotalsDiffer,
        Self::PaymentDiffers,
        Self::PrinterSwapped,
        Self::BaselineDiffers,
        Self::Cancelled,
        Self::CancelNotDecided,
        Self::NotExecuted,
        Self::Unclear,
        Self::JobNotPrintable,
        Self::NobodyToAsk,
        Self::PrinterGone,
        Self::NoSerialNumber,
        Self::NoDocumentNumber,
        Self::Training,
        Self::NotInPrinterMode,
        Self::PortMissing,
        Self::PortForbidden,
        Self::PortTaken,
        Self::NotAPort,
        Self::HostUnknown,
        Self::ConnectionRefused,
        Self::HostUnreachable,
        Self::WrongFamily,
    ];

    /// The fault's number.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::PortUnavailable => 1,
            Self::PortLost => 2,
            Self::NoAnswer => 3,
            Self::Busy => 4,
            Self::AnswerUnreadable => 5,
            Self::LineNoise => 6,
            Self::PortAmbiguous => 7,
            Self::PaperOut => 20,
            Self::CoverOpen => 21,
            Self::Mechanism => 22,
            Self::ClockNotSet => 23,
            Self::MemoryReset => 24,
            Self::FiscalMemoryFull => 25,
            Self::FiscalMemoryDamaged => 26,
            Self::JournalFull => 27,
            Self::DayTooLong => 28,
            Self::TaxTerminal => 29,
            Self::NotFiscalised => 30,
            Self::NotAllowed => 40,
            Self::Syntax => 41,
            Self::UnknownCommand => 42,
            Self::Overflow => 43,
            Self::Password => 44,
            Self::Blocked => 45,
            Self::ReceiptOpen => 46,
            Self::NoReceiptOpen => 47,
            Self::TaxGroup => 48,
            Self::TooManyLines => 49,
            Self::PaymentStarted => 50,
            Self::PaymentType => 51,
            Self::NotPaid => 52,
            Self::NotEnoughCash => 53,
            Self::Value => 54,
            Self::PaymentRefused => 55,
            Self::TotalsDiffer => 70,
            Self::PaymentDiffers => 71,
            Self::PrinterSwapped => 72,
            Self::BaselineDiffers => 73,
            Self::Cancelled => 74,
            Self::CancelNotDecided => 75,
            Self::NotExecuted => 76,
            Self::Unclear => 77,
            Self::JobNotPrintable => 78,
            Self::NobodyToAsk => 79,
            Self::PrinterGone => 80,
            Self::NoSerialNumber => 81,
            Self::NoDocumentNumber => 82,
            Self::Training => 83,
            Self::NotInPrinterMode => 84,
            Self::PortMissing => 90,
            Self::PortForbidden => 91,
            Self::PortTaken => 92,
            Self::NotAPort => 93,
            Self::HostUnknown => 94,
            Self::ConnectionRefused => 95,
            Self::HostUnreachable => 96,
            Self::WrongFamily => 97,
        }
    }

    /// Whether the port could not be opened, so that nothing was sent.
    #[must_use]
    pub const fn is_closed_port(self) -> bool {
        matches!(
            self,
            Self::PortUnavailable
                | Self::PortAmbiguous
                | Self::PortMissing
                | Self::PortForbidden
                | Self::PortTaken
                | Self::NotAPort
                | Self::HostUnknown
                | Self::ConnectionRefused
                | Self::HostUnreachable
        )
    }

    /// Whether the line or the port failed: the device could not be asked, or its answer did not arrive.
    #[must_use]
    pub const fn is_line(self) -> bool {
        self.is_closed_port()
            || matches!(
                self,
                Self::PortLost
                    | Self::NoAnswer
                    | Self::Busy
                    | Self::AnswerUnreadable
                    | Self::LineNoise
            )
    }

    /// Whether the printer refuses every document until a person has changed something, although its status does not show it.
    #[must_use]
    pub const fn refuses_every_document(self) -> bool {
        matches!(
            self,
            Self::Password | Self::Blocked | Self::NotFiscalised | Self::NotInPrinterMode
        )
    }

    /// Whether nothing of the device was heard: its port cannot be opened, or it does not answer.
    #[must_use]
    pub const fn is_silence(self) -> bool {
        self.is_closed_port() || matches!(self, Self::PortLost | Self::NoAnswer)
    }

    /// Whether the device has answered and its data do not prove the outcome of the job. In that case a person has to read the
    /// paper and settle the document.
    ///
    /// The list of these faults is short, because a person may be wrong:
    ///
    /// - [`Unclear`](Self::Unclear): the counters fit neither case, and will not fit later: a Z-report or another document has
    ///   changed them since. If a fiscal receipt is open, people finish it at the device, whose counters then show the outcome.
    ///   For this reason the caller reads the status first.
    /// - [`PrinterSwapped`](Self::PrinterSwapped): another device answers. The right device may never come back.
    /// - [`NobodyToAsk`](Self::NobodyToAsk): the configuration has no printer for the document, or the document cannot be printed by
    ///   it.
    /// - [`PrinterGone`](Self::PrinterGone): the printer has not answered for a day. If it comes back, it proves the outcome itself.
    ///
    /// These are not on the list: a fault of the line or the port (the device did not answer); paper, cover and mechanism (work
    /// continues when they are repaired); [`PaymentDiffers`](Self::PaymentDiffers) and [`PaymentStarted`](Self::PaymentStarted)
    /// (a payment is booked on an open receipt, which is finished at the device); [`ReceiptOpen`](Self::ReceiptOpen) (the same
    /// for a receipt of another program or person); [`CancelNotDecided`](Self::CancelNotDecided) (the driver asks again when the
    /// decision is stored); and every refusal of a question: a device that is blocked answers after the service has repaired it,
    /// or is replaced, which is the second entry of the list.
    #[must_use]
    pub const fn is_beyond_proof(self) -> bool {
        matches!(
            self,
            Self::Unclear | Self::PrinterSwapped | Self::NobodyToAsk | Self::PrinterGone
        )
    }

    /// Whether the operator at the till can remove the cause: paper, cover, cable, power, the mode of the keyboard.
    #[must_use]
    pub const fn is_for_operator(self) -> bool {
        self.is_silence()
            || matches!(
                self,
                Self::PaperOut
                    | Self::CoverOpen
                    | Self::DayTooLong
                    | Self::NotEnoughCash
                    | Self::NotInPrinterMode
            )
    }
}

impl Fault {
    /// The fault in words: what is wrong, and one thing that a person can do about it. What is wrong has no semicolon, so that the
    /// first semicolon of the whole text ends it.
    #[must_use]
    #[rustfmt::skip]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::PortUnavailable => ("the printer's port cannot be opened", "check the cable and the configured address"),
            Self::PortLost => ("the connection to the printer broke", "check the cable"),
            Self::NoAnswer => ("the printer does not answer", "check that it is switched on, and the speed and the family in its address"),
            Self::Busy => ("the printer stays busy", "wait until it has printed; if it stays busy, switch it off and on"),
            Self::AnswerUnreadable => ("the printer's answer cannot be understood", "check that the family in its address is the printer's"),
            Self::LineNoise => ("the printer's answers arrive damaged", "check the speed in its address, and the cable"),
            Self::PortAmbiguous => ("several ports match the address of the printer", "write more of its name"),
            Self::PaperOut => ("the printer is out of paper", "load a roll"),
            Self::CoverOpen => ("the printer's cover is open", "close it"),
            Self::Mechanism => ("the printing mechanism reports a fault", "switch the printer off and on; if the fault stays, call the service"),
            Self::ClockNotSet => ("the printer's clock is not set", "set it"),
            Self::MemoryReset => ("the printer lost its working memory", "set its clock and call the service"),
            Self::FiscalMemoryFull => ("the fiscal memory is full", "call the service"),
            Self::FiscalMemoryDamaged => ("the fiscal memory reports a fault", "call the service"),
            Self::JournalFull => ("the electronic journal is full", "call the service"),
            Self::DayTooLong => ("more than 24 hours since the day was opened", "close it with a Z-report"),
            Self::TaxTerminal => ("the printer's tax terminal does not answer", "check the tax terminal and its network"),
            Self::NotFiscalised => ("the printer is not registered for fiscal work", "have the service register it"),
            Self::NotAllowed => ("the printer refused the command in its present state", "read what the printer shows, and try again"),
            Self::Syntax => ("the printer did not understand the data of a command", "report this document as a defect"),
            Self::UnknownCommand => ("the printer does not know a command", "check that the family in its address is the printer's"),
            Self::Overflow => ("a sum is larger than the printer can hold", "sell it in smaller parts"),
            Self::Password => ("the printer refused the operator's password", "write the right operator and password into its address"),
            Self::Blocked => ("the printer is blocked", "read what the printer shows, and call the service"),
            Self::ReceiptOpen => ("a receipt is open on the printer", "finish it at the printer"),
            Self::NoReceiptOpen => ("no receipt is open on the printer", "send the sale again"),
            Self::TaxGroup => ("the printer has not enabled this tax group", "have the service enable it"),
            Self::TooManyLines => ("the receipt has more lines than the printer takes", "sell it in two receipts"),
            Self::PaymentStarted => ("the payment of the receipt has begun", "finish the receipt at the printer"),
            Self::PaymentType => ("the printer does not accept this type of payment", "have the service enable it, or choose another type"),
            Self::NotPaid => ("the receipt is not fully paid", "finish the receipt at the printer"),
            Self::NotEnoughCash => ("there is not enough cash in the drawer", "put cash in first"),
            Self::Value => ("the printer does not accept a price, a quantity or a sum", "check the prices and quantities of the sale"),
            Self::PaymentRefused => ("the printer refused a payment", "choose another type of payment"),
            Self::TotalsDiffer => ("the printer computed other totals than the till, and the receipt was not paid", "compare the tax groups of the printer with the configured ones"),
            Self::PaymentDiffers => ("the printer booked a payment in another way than planned", "compare the payment types of the printer with the configured ones"),
            Self::PrinterSwapped => ("this is another printer than the one the document was begun on", "connect the printer on which it was begun"),
            Self::BaselineDiffers => ("the printer's counters moved without the till, because someone else used it", "let only the till use the printer"),
            Self::Cancelled => ("the open receipt was cancelled", "send the sale again"),
            Self::CancelNotDecided => ("the decision to cancel the receipt could not be stored", "check the disk and its free space"),
            Self::NotExecuted => ("the printer did not carry out the command", "send the request again"),
            Self::Unclear => ("the printer's counters fit neither a printed nor an unprinted document", "look at its journal"),
            Self::JobNotPrintable => ("the document cannot be put into the printer's commands", "check the texts and amounts of the document"),
            Self::NobodyToAsk => ("the configuration has no printer that can be asked about the document", "put the printer back into the configuration"),
            Self::PrinterGone => ("the printer has not answered for a day", "connect it"),
            Self::NoSerialNumber => ("the printer reports no serial number that can be read", "check that the family in its address is the printer's"),
            Self::NoDocumentNumber => ("the printer reports no number that rises with every document", "check that the family in its address is the printer's"),
            Self::Training => ("the printer is in its service or training mode, in which nothing that it prints is fiscal", "end that mode at the printer"),
            Self::NotInPrinterMode => ("the printer is not in its mode \"fiscal printer\"", "choose the mode \"fiscal printer\" at the printer's keyboard"),
            Self::PortMissing => ("the printer's port does not exist", "plug the cable in, or write the path of the port that the printer has"),
            Self::PortForbidden => ("the user of this program may not open the printer's port", "add that user to the group of the port (dialout on Debian)"),
            Self::PortTaken => ("another program uses the printer's port", "end that program"),
            Self::NotAPort => ("the file at this path is not a serial port", "write the path of a serial port, such as /dev/ttyUSB0"),
            Self::HostUnknown => ("the host name of the printer does not resolve", "write the printer's IP address, or correct the name"),
            Self::ConnectionRefused => ("the printer's address refuses the connection", "switch the printer's network server on, or correct the port in the address"),
            Self::HostUnreachable => ("no machine answers at the printer's address", "check the printer's network cable and its IP address"),
            Self::WrongFamily => ("the printer is of another family than its address says", "write the printer's family into its address"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wrong, fix) = self.words();
        write!(f, "{wrong}; {fix}")
    }
}

impl core::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn numbers_are_unique_and_in_order() {
        let codes: Vec<u16> = Fault::ALL.iter().map(|fault| fault.code()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    }

    #[test]
    fn only_faults_that_the_device_cannot_resolve_need_a_person() {
        let beyond: Vec<Fault> = Fault::ALL
            .iter()
            .copied()
            .filter(|fault| fault.is_beyond_proof())
            .collect();
        assert_eq!(
            beyond,
            [
                Fault::PrinterSwapped,
                Fault::Unclear,
                Fault::NobodyToAsk,
                Fault::PrinterGone
            ]
        );
        assert!(beyond.iter().all(|fault| !fault.is_line()));
    }

    #[test]
    fn every_fault_has_its_own_text() {
        let mut words: Vec<String> = Fault::ALL.iter().map(ToString::to_string).collect();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert!(!fault.words().0.contains(';'), "{fault}");
        }
    }
}
