//! The table of a family.

use core::fmt;

use super::codec::Codec;
use super::forms::{AnswerForm, Answers, Firmware};
use super::payments::Payments;
use crate::wire::cause::Cause;
use crate::wire::framing::Framing;
use crate::wire::isl_counters::{DayPayments, DeviceInfo, IssuedDocument, LastZ};
use crate::wire::isl_mx::Registration;
use crate::wire::isl_payment::{Paid, PaymentRequest, ReceiptCounters};
use crate::wire::isl_receipt::{Open, RefundOpen, Sale, Subtotal, SubtotalSums};
use crate::wire::isl_report::{
    Cash, DailyReport, JournalDocument, LastError, LastFiscalReceipt, LineLengths, Rates,
    ReceiptSums, Transaction,
};
use crate::wire::isl_service::{Service, ServiceAnswer};
use crate::wire::isl_status::{Layout, Status};
use crate::wire::zfp_payments::{PaymentSums, PaymentTypes};
use crate::wire::zfp_report::{CurrentReceipt, DayGroups, LastNumbers, ReceiptCode, Version};

/// One family of printers: everything in which families differ.
///
/// A variant is written as `Protocol { name: "…", open: …, ..RELATIVE }` and contains only the differences.
pub struct Protocol {
    /// The name of the family in addresses: lower case, no plus.
    pub name: &'static str,
    /// The name of the family for people.
    pub title: &'static str,
    /// The form of the family's frames.
    pub framing: Framing,
    /// The meaning of the family's status bits.
    pub status: Layout,
    /// How the family reports the reason of a refusal.
    pub errors: Errors,
    /// The error codes of the family. To read a code, the first row with that code is used; to write a cause, the first row with
    /// that cause.
    pub codes: &'static [(i64, Cause)],
    /// The limits of the family.
    pub limits: FamilyLimits,
    /// The operator, password and till of a new device.
    pub seller: Seller,
    /// The payment types of the family.
    pub payments: Payments,
    /// What the family does with refunds, tenders and cancelled receipts.
    pub receipts: ReceiptRules,
    /// The identity of the emulated printer.
    pub model: Model,
    /// The firmware whose answers are known to differ. The first is that of the maker's newest manual.
    pub firmware: &'static [Firmware],

    /// Opens a fiscal receipt.
    pub open: CommandRow<Open, ReceiptCounters>,
    /// Opens a refund receipt; `None` if the machine has no refund receipts.
    pub refund: Option<CommandRow<RefundOpen, ReceiptCounters>>,
    /// Registers a sale.
    pub sale: CommandRow<Sale, ReceiptCounters>,
    /// Asks for the sums of the open receipt.
    pub subtotal: CommandRow<Subtotal, SubtotalSums>,
    /// Registers a payment.
    pub payment: CommandRow<PaymentRequest, Paid>,
    /// Prints a line of text on a fiscal receipt.
    pub text: CommandRow<Vec<u8>>,
    /// Closes the fiscal receipt.
    pub close: CommandRow<(), ReceiptCounters>,
    /// Cancels the fiscal receipt.
    pub cancel: CommandRow<()>,

    /// Opens a non-fiscal slip.
    pub slip_open: CommandRow<(), ReceiptCounters>,
    /// Prints a line of text on the slip.
    pub slip_text: CommandRow<Vec<u8>>,
    /// Closes the slip.
    pub slip_close: CommandRow<(), ReceiptCounters>,
    /// Prints the last receipt once more; `None` if no command does.
    pub duplicate: Option<CommandRow<()>>,

    /// Prints the report of the day.
    pub x_report: CommandRow<(), DailyReport>,
    /// Prints the report that closes the day.
    pub z_report: CommandRow<(), DailyReport>,
    /// Prints the fiscal memory by number of Z-report: in short and in detail.
    pub by_number: [CommandRow<(u32, u32)>; 2],
    /// Prints the fiscal memory by date `DDMMYY`: in short and in detail.
    pub by_date: [CommandRow<(String, String)>; 2],
    /// Puts cash in (positive) or takes it out (negative); without an amount asks for the cash.
    pub cash: CommandRow<Option<i64>, Cash>,
    /// Sends a pulse to the drawer: of this number of milliseconds, or of the usual length.
    pub drawer: CommandRow<Option<u32>>,
    /// Whether the machine has an option of its own that opens the drawer with a payment (35h), so that the till sends no pulse with
    /// a fiscal receipt.
    pub drawer_option: bool,

    /// Asks for the status bytes.
    pub state: CommandRow<(), Status>,
    /// Asks about the current or last receipt; true asks for the tender too.
    pub transaction: CommandRow<bool, Transaction>,
    /// Asks for the sums of the open receipt by tax group.
    pub receipt_sums: CommandRow<(), ReceiptSums>,
    /// Asks for the number of the last document of any kind.
    /// If the firmware does not support the command, [`Transaction::document`] is used.
    pub last_document: CommandRow<(), u32>,
    /// Asks for the number of the next fiscal receipt, if [`DayPayments::next_receipt`] does not contain it. If no command returns
    /// the number, recovery works without it.
    pub next_fiscal: Option<CommandRow<(), u32>>,
    /// Whether the number of `next_fiscal` counts since fiscalisation, so that a Z-report does not clear it.
    pub counts_for_ever: bool,
    /// Asks for the number of the day's fiscal receipts, if that is not one less than the number of the next fiscal receipt.
    pub day_receipts: Option<CommandRow<(), u32>>,
    /// Asks for the day's payments.
    pub day_payments: CommandRow<(), DayPayments>,
    /// Asks for the day's sales by tax group, and for the tax that they include.
    pub day_sales: [CommandRow<(), [i64; 8]>; 2],
    /// Asks for the day's refunds by tax group, and for the tax that they include; `None` if no command of the family reports them.
    pub day_refunds: Option<[CommandRow<(), [i64; 8]>; 2]>,
    /// Asks for the last Z-report; `None` if no command of the family reports it. In that case the number of the next Z-report in
    /// the answer about the day's payments is used.
    pub last_z: Option<CommandRow<(), LastZ>>,
    /// Asks for a document that was issued: the last one, or that of the number. `None` if no command of the family reports it. A
    /// device may return another document than that of the number, so the number in the answer must be compared.
    pub issued_document: Option<CommandRow<Option<u32>, IssuedDocument>>,
    /// Asks for the device's identity.
    pub device_info: CommandRow<(), DeviceInfo>,
    /// Asks for the tax rates.
    pub rates: CommandRow<(), Rates>,
    /// Whether the order of the tax groups differs from machine to machine, so that a group is found by its rate.
    pub groups_by_rate: bool,
    /// Asks for the clock, `DD-MM-YY HH:MM:SS`.
    pub clock: CommandRow<(), String>,
    /// Whether the clock tells the seconds. Without them it is not the time that a refund must name.
    pub clock_tells_seconds: bool,
    /// Asks the journal for a document by its number: the answer has the time of the document.
    pub journal_document: Option<CommandRow<u32, JournalDocument>>,
    /// Asks when the last fiscal receipt was printed. If neither this command nor the journal tells it, the clock is read right after
    /// a receipt.
    pub last_receipt: Option<CommandRow<(), LastFiscalReceipt>>,
    /// Sets the clock.
    pub clock_set: CommandRow<String>,

    /// Asks the connected model for the lengths of its lines; `None` if every model of the family has those of `limits`.
    pub line_lengths: Option<CommandRow<(), LineLengths>>,
    /// The speed of a new machine's serial line, in bits per second; `None` if models differ, so that the speed is searched for if the
    /// address has none.
    pub usual_speed: Option<u32>,
    /// The TCP port of a new machine, if the maker's manual names one.
    pub tcp_port: Option<u16>,
    /// Asks for the mode: 0 is the usual one; in any other mode nothing that is printed is fiscal.
    pub mode: Option<CommandRow<(), u32>>,
    /// The country of this form of the family, as in the option `country` of an address; empty if the family has one form.
    pub country: &'static str,
    /// Whether the answers of a machine show that it is of this form's country.
    pub is_of_country: fn(&CountryFacts) -> bool,
    /// The forms of the family by country, if machines of one name differ. The driver finds the country when it connects.
    pub countries: &'static [&'static Protocol],
    /// The questions that show a machine's country.
    pub country_questions: Option<CountryQuestions>,

    /// What the device is asked because its answers to commands have no status and no figures; `None` if they have.
    pub asked: Option<Asked>,

    /// Commands that our driver never sends and that other drivers use.
    pub others: Optional,
}

/// What a device of ZFP is asked, because it answers a command by an acknowledgement only; and the commands that need an operator
/// there.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Opens a non-fiscal slip.
    pub slip_open: CommandRow<Open>,
    /// Puts cash in (positive) or takes it out (negative), in minor units.
    pub cash: CommandRow<(Open, i64)>,
    /// Asks for the model and the firmware.
    pub version: CommandRow<(), Version>,
    /// Asks for the payment types. The letters of the family are the kinds 0 to 7, whatever their numbers are on the machine.
    pub payment_types: CommandRow<(), PaymentTypes>,
    /// Asks for the numbers of the last document and of the last Z-report.
    pub last: CommandRow<(), LastNumbers>,
    /// Asks for the open receipt.
    pub receipt: CommandRow<(), CurrentReceipt>,
    /// Asks for the payments of the current receipt, or of the last one.
    pub receipt_payments: CommandRow<(), PaymentSums>,
    /// Asks for the number and the sum of the last fiscal receipt.
    pub receipt_code: CommandRow<(), ReceiptCode>,
    /// Asks for the day's sales and refunds by tax group.
    pub day: CommandRow<(), DayGroups>,
    /// Asks for the day's registers by payment type: the drawer, cash in, cash out, received from sales, change.
    pub registers: [CommandRow<(), PaymentSums>; 5],
}

/// The questions that show for which country a machine was made. A machine of another country refuses some of them.
#[derive(Clone, Copy)]
pub struct CountryQuestions {
    /// Asks for the number of the fiscal memory, if the answer about the identity does not have it, and for the taxpayer's number.
    pub registration: CommandRow<(), Registration>,
    /// Asks for the name of the currency.
    pub currency: CommandRow<(), String>,
    /// Asks for the number of the last fiscal document, which only the machines of some countries have.
    pub last_fiscal: CommandRow<(), String>,
}

/// What a machine told of its country. A question that was refused has no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountryFacts {
    /// Whether the answer about the identity has the number of a fiscal memory.
    pub memory: bool,
    /// The taxpayer's number.
    pub tax_number: Option<String>,
    /// The name of the currency.
    pub currency: Option<String>,
    /// The number of the last fiscal document.
    pub last_fiscal: Option<String>,
}

impl CountryFacts {
    /// Whether the name of the currency contains one of these names; `names` are in capital letters.
    #[must_use]
    pub fn is_currency(&self, names: &[&str]) -> bool {
        let currency = self.currency.as_deref().map(str::to_uppercase);
        currency.is_some_and(|currency| names.iter().any(|name| currency.contains(name)))
    }
}

/// Commands that the emulated printer supports for other drivers.
#[derive(Clone, Copy)]
pub struct Optional {
    /// Sets the tax rates.
    pub rates_set: Option<CommandRow<Rates, Rates>>,
    /// Asks for the tax rates in another form.
    pub rates_read: Option<CommandRow<(), Rates>>,
    /// Other commands that sell.
    pub sales: &'static [CommandRow<Sale, ReceiptCounters>],
    /// Feeds paper.
    pub feed: Option<CommandRow<Option<u32>>>,
    /// Cuts the paper, and prints what is buffered.
    pub cut: &'static [CommandRow<()>],
    /// Prints a barcode, a separating line.
    pub ornament: &'static [CommandRow<Vec<u8>>],
    /// Sets and reads header, footer and switches.
    pub options: Option<CommandRow<Vec<u8>, Vec<u8>>>,
    /// Prints reports of the day with more figures; true closes the day.
    pub daily: &'static [CommandRow<bool, DailyReport>],
    /// Asks for the identity in the form of another family, and without an error code in front.
    pub device_info_bare: Option<CommandRow<(), DeviceInfo>>,
    /// All other questions and commands.
    pub services: &'static [CommandRow<Service, ServiceAnswer>],
}

/// A service, of which only the printer's direction exists.
pub(super) const fn service(
    command: u8,
    parse: fn(&[u8]) -> Option<Service>,
    emit: fn(&ServiceAnswer) -> Vec<u8>,
) -> CommandRow<Service, ServiceAnswer> {
    CommandRow::new(
        command,
        Codec {
            emit: |_| Vec::new(),
            parse,
        },
        Codec {
            emit,
            parse: |_| None,
        },
    )
}

/// One command: its number, and how its data and the answer's are written and read.
///
/// Two rows may have the same number if their data differ.
pub struct CommandRow<Q: 'static, A: 'static = ()> {
    /// The number of the command.
    pub command: u8,
    /// The data of the request.
    pub ask: Codec<Q>,
    /// The data of the answer, in each form that is known.
    pub answer: Answers<A>,
}

impl<Q, A> CommandRow<Q, A> {
    /// A row.
    #[must_use]
    pub const fn new(command: u8, ask: Codec<Q>, answer: Codec<A>) -> Self {
        Self {
            command,
            ask,
            answer: Answers::One(answer),
        }
    }

    /// A row of a question that firmware answers in several forms.
    #[must_use]
    pub const fn with_forms(command: u8, ask: Codec<Q>, forms: &'static [AnswerForm<A>]) -> Self {
        Self {
            command,
            ask,
            answer: Answers::Forms(forms),
        }
    }
}

impl<Q, A> Clone for CommandRow<Q, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q, A> Copy for CommandRow<Q, A> {}

/// The way in which a family reports the reason of a refusal.
#[derive(Clone, Copy)]
pub enum Errors {
    /// Every answer begins with an error code (X), which overrides the status bits.
    First,
    /// The status shows a refusal, and this question asks for the reason; true clears it.
    Asked(CommandRow<bool, LastError>),
    /// The status shows a refusal, and the seven lower bits of the status byte of this index are the number of the reason.
    InStatus(usize),
    /// The status shows a refusal, and no command reports the reason.
    Silent,
    /// A command is acknowledged with two digits (ZFP): the error of the device, and the error of the command, which is 0 if the
    /// command was executed. The code of a device's error is 16 times its digit, that of a command's error is its digit.
    Acknowledged,
}

/// What a family does with refunds, tenders and cancelled receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptRules {
    /// Whether a refund can be paid in cash only.
    pub refund_in_cash: bool,
    /// Whether the opening of a refund needs the time and the fiscal memory of the original, because the device does not search its
    /// journal.
    pub refund_needs_origin: bool,
    /// Whether the device reports a tender without the change that was given, so that the tender is never more than the amount.
    pub tender_without_change: bool,
    /// Whether a cancelled receipt is issued with the sum 0, and takes a number of a fiscal receipt. A receipt whose total is 0 looks
    /// the same, so the driver does not print one.
    pub cancelled_is_issued: bool,
    /// Whether a negative price takes back the last sale of that price, quantity and group together with its discount, and its own
    /// modifiers are ignored.
    pub voids_whole_sale: bool,
}

impl ReceiptRules {
    /// The rules of the families in which nothing of this holds.
    pub const USUAL: Self = Self {
        refund_in_cash: false,
        refund_needs_origin: false,
        tender_without_change: false,
        cancelled_is_issued: false,
        voids_whole_sale: false,
    };
}

/// The limits of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyLimits {
    /// The longest lines of text, by the command that prints them.
    pub widths: TextWidths,
    /// The number of sales on one receipt.
    pub sales: usize,
    /// The largest price, in minor units.
    pub price_max: i64,
    /// The status reports a low fiscal memory if it has room for fewer Z-reports than this.
    pub records_low: u32,
}

/// The longest lines of text of a family, by the command that prints them.
///
/// The driver breaks a longer text into several lines, so that a printer never cuts one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextWidths {
    /// A line of the name of a sale (31h).
    pub name: LineWidth,
    /// The number of lines of a sale's name, 1 or 2. The rest of a longer name is printed as text of the receipt.
    pub name_lines: usize,
    /// A line of text on a fiscal receipt (36h).
    pub receipt: LineWidth,
    /// A line of text on a non-fiscal slip (2Ah).
    pub slip: LineWidth,
}

/// The bytes of a line of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineWidth {
    /// What the driver sends at most: the smallest number that a maker's manual, a maker's program or a driver that is used in
    /// shops gives.
    pub sent: usize,
    /// What a machine prints by the maker's manual. The emulated printer prints nothing of a line beyond it, as real ones do.
    pub printed: usize,
}

impl LineWidth {
    /// A width about which all sources agree.
    #[must_use]
    pub const fn of(bytes: usize) -> Self {
        Self {
            sent: bytes,
            printed: bytes,
        }
    }

    /// A width about which the sources differ: the smallest number, and that of the maker's manual.
    #[must_use]
    pub const fn differing(sent: usize, printed: usize) -> Self {
        Self { sent, printed }
    }
}

/// Operator, password and till of a new printer.
#[derive(Clone, Copy, Debug)]
pub struct Seller {
    /// The number of the operator.
    pub operator: u32,
    /// The largest number of an operator.
    pub operator_max: u32,
    /// The password of the operator.
    pub password: &'static str,
    /// Passwords of models by the beginning of their names.
    pub password_of_model: &'static [(&'static str, &'static str)],
    /// The smallest and the largest number of digits of a password; `None` if an opening has none. If an opening has a password,
    /// it is the second field of the opening of a sale and of a refund.
    pub password_digits: Option<(usize, usize)>,
    /// The number of the till.
    pub till: u32,
    /// The operator of a new printer who may open refunds, and the operator's password; `None` if every operator may.
    pub refund: Option<(u32, &'static str)>,
    /// Whether the opening of a receipt has a unique sale number: serial number of the printer, operator, number of the sale.
    pub has_unique_number: bool,
}

impl Seller {
    /// The seller of most families: the first operator of the first till, who may open refunds. A family writes what differs.
    pub const USUAL: Self = Self {
        operator: 1,
        operator_max: 30,
        password: "0000",
        password_of_model: &[],
        password_digits: Some((1, 8)),
        till: 1,
        refund: None,
        has_unique_number: false,
    };

    /// The password on this model.
    #[must_use]
    pub fn password_on(&self, model: &str) -> &'static str {
        self.password_of_model
            .iter()
            .find(|(prefix, _)| model.starts_with(prefix))
            .map_or(self.password, |(_, password)| *password)
    }
}

/// The identity of the emulated printer.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// The name of the model.
    pub name: &'static str,
    /// The firmware: revision, date and time.
    pub firmware: &'static str,
    /// The currency and the taxpayer's number of a new printer, if they depend on the country of the form.
    pub owner: Option<(&'static str, &'static str)>,
}

impl Protocol {
    /// The code of a cause; for a cause without a code of its own the code of "not permitted"; 0 if the family has no codes.
    #[must_use]
    pub fn code_of(&self, cause: Cause) -> (i64, Cause) {
        let row = |wanted: Cause| self.codes.iter().find(|(_, known)| *known == wanted);
        row(cause)
            .or_else(|| row(Cause::NotPermitted))
            .copied()
            .unwrap_or((0, cause))
    }

    /// The firmware of this name.
    #[must_use]
    pub fn firmware_of(&self, name: &str) -> Option<&'static Firmware> {
        self.firmware.iter().find(|firmware| firmware.name == name)
    }

    /// The cause of a code.
    #[must_use]
    pub fn cause_of(&self, code: i64) -> Option<Cause> {
        self.codes
            .iter()
            .find(|(known, _)| *known == code)
            .map(|(_, cause)| *cause)
    }
}

impl Protocol {
    /// The form of the family for a country; the family itself if it has only one form, or none for this country.
    #[must_use]
    pub fn of_country(&'static self, country: &str) -> &'static Self {
        let mut forms = self.countries.iter();
        forms
            .find(|form| form.country == country)
            .copied()
            .unwrap_or(self)
    }

    /// The country that the answers of a machine show, if they show one and no other.
    #[must_use]
    pub fn country_of(&self, facts: &CountryFacts) -> Option<&'static str> {
        let mut shown = self
            .countries
            .iter()
            .filter(|form| (form.is_of_country)(facts));
        match (shown.next(), shown.next()) {
            (Some(form), None) => Some(form.country),
            _ => None,
        }
    }
}

impl PartialEq for Protocol {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Protocol {}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
