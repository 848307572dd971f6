//! Every refusal that the law or the till's own rules demand, with its number. The number of a refusal is never reused.
//!
//! # Precedence
//!
//! [`Till::decide`](crate::Till::decide) checks in stages, and the first stage that refuses gives the answer:
//!
//! 1. **The request id** (1, 2): a repeated request is answered as a repeat, even if it would be refused for another reason now.
//! 2. **The draft** (10 to 38 and 50 to 59): what is wrong with it in any state of the till. All faults are reported with their places;
//!    the lowest number goes first.
//! 3. **The outstanding document** (39): until it is settled, no other document can begin.
//! 4. **The shift** (40, 41), then **the offline budget** (42), then **the printer** (43, 44).
//! 5. **Numbers and drawer** (60 to 63, 67, and 37): the lowest number goes first.
//! 6. **The counters** (70 to 72).
//!
//! An operator's declaration is refused if its document is not outstanding (4) and if it has no name (45).
//! A correction of the clock is refused without a name (45), with an outstanding document (39), and back in time in an open shift (46).
//!
//! `core/REFUSALS.md` lists them all; a test compares it with this file.

use core::fmt;

use crate::scale::{Decimal, ScaleError, ScaleFault};

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $number:literal $name:ident $({ $($field:ident : $type:ty),+ })? => $message:literal, $hint:literal;)+) => {
        /// A reason why the till refuses a request: accepting the request would break a rule.
        ///
        /// Variants hold values; the wording is in `Display`. If several apply, the lower number goes first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[doc = $doc])+ $name $({ $(#[doc = "The value that the message names."] $field: $type),+ })?,)+
        }

        impl Refusal {
            /// Every refusal, in the order of the numbers.
            pub const ALL: &'static [Entry] = &[$(Entry {
                number: $number,
                name: stringify!($name),
                when: concat!($($doc),+),
                message: $message,
                hint: $hint,
            }),+];

            /// The number of the refusal.
            #[must_use]
            pub const fn number(&self) -> u16 {
                match self { $(Self::$name { .. } => $number),+ }
            }

            /// The name of the refusal, as callers see it in `errorType`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name)),+ }
            }

            /// One thing that the caller can do about the refusal.
            #[must_use]
            pub const fn hint(&self) -> &'static str {
                match self { $(Self::$name { .. } => $hint),+ }
            }
        }

        impl fmt::Display for Refusal {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$name $({ $($field),+ })? => write!(f, $message)),+ }
            }
        }
    };
}

refusals! {
    /// The request id already has its document, and the request is the same: the answer is that document.
    1 Repeated => "this request id already has its document", "use the document that comes with the answer";
    /// The request id was used for a different request.
    2 RequestIdClash => "this request id was used for a different request", "use a new id for a new request";
    /// A command is about a document that is not the outstanding one.
    4 NotOutstanding => "this document is not the outstanding one", "this is a defect of the till; please report it";
    /// The configuration names a country that this build does not know.
    5 CountryUnknown => "this build does not know the country", "choose a country that this build knows";

    /// A text that is not a decimal number.
    6 NotANumber => "this is not a decimal number", "write digits with a point, such as 8.10";
    /// A number with more decimals than are allowed there.
    7 TooManyDecimals { given: u8, allowed: u8 } => "the number has {given} decimals; {allowed} are allowed", "round the number before sending it";
    /// A number outside of the range that is allowed there.
    8 NumberTooLarge => "the number is out of range", "check the number; it is too large or too small";

    /// A seal of a kind that does not make the outstanding document legal.
    9 SealMismatch => "this seal does not make this document legal", "this is a defect of the till; please report it";

    /// A receipt without lines.
    10 NoLines => "the receipt has no lines", "add at least one line";
    /// More lines than the limit.
    11 TooManyLines { given: usize, limit: usize } => "{given} lines were given; {limit} are allowed", "split the receipt";
    /// A line without a name.
    12 NameMissing => "the name is empty or shows nothing", "give the name of what is sold";
    /// A text that is longer than allowed.
    13 TextTooLong { given: usize, limit: usize } => "the text has {given} bytes; {limit} are allowed", "shorten the text";
    /// A quantity of zero or less.
    14 QuantityNotPositive { given: Decimal } => "the quantity is {given}; it must be above zero", "give a quantity above zero";
    /// A quantity above the limit.
    15 QuantityTooLarge { given: Decimal, limit: Decimal } => "the quantity is {given}; the limit is {limit}", "split the line";
    /// A price below zero, or a price of zero with a surcharge.
    16 PriceNotPositive { given: Decimal } => "the price is {given}; it must not be below zero, and above zero with a surcharge", "give a price above zero";
    /// A price above the limit.
    17 PriceTooLarge { given: Decimal, limit: Decimal } => "the price is {given}; the limit is {limit}", "check the price";
    /// A line without a tax group.
    18 TaxGroupMissing => "no tax group is given", "give one of the device's tax groups";
    /// A tax group that the device does not have.
    19 TaxGroupUnknown => "the device has no such tax group", "give one of the device's tax groups";
    /// A discount that is larger than the amount it applies to.
    20 NegativeAmount { amount: Decimal } => "the discount would make the amount {amount}, which is below zero", "reduce the discount";
    /// A surcharge on the whole receipt when all its lines are zero.
    21 NothingToSpreadOver => "a surcharge on the whole receipt cannot be divided over lines that are all zero", "put the surcharge on a line";
    /// A receipt whose total is zero.
    22 NothingToPay => "the total is zero; it must be above zero", "check the prices and discounts";
    /// A sum above the limit of amounts.
    23 AmountTooLarge { limit: Decimal } => "the amount is above the limit of {limit}", "split the receipt";
    /// More modifiers than the limit.
    24 TooManyModifiers { given: usize, limit: usize } => "{given} modifiers were given; {limit} are allowed", "combine modifiers into fewer";
    /// A tax group whose first rate begins on a later day.
    25 TaxGroupNotInForce => "this tax group has no rate on this day yet", "give a tax group that is in force";
    /// More taxes on a line than the country's law allows, or one tax group twice.
    26 TooManyTaxes { given: usize, limit: usize } => "{given} tax groups are given for one line; {limit} are allowed", "give fewer tax groups, each once";

    /// A receipt without payments.
    30 NoPayments => "the receipt has no payments", "add at least one payment";
    /// More payments than the limit.
    31 TooManyPayments { given: usize, limit: usize } => "{given} payments were given; {limit} are allowed", "combine payments of the same type";
    /// A payment type that the device does not have.
    32 PaymentTypeUnknown { given: i32 } => "the device has no payment type {given}", "give one of the device's payment types";
    /// A payment of zero or less.
    33 PaymentNotPositive { given: Decimal } => "the payment is {given}; it must be above zero", "give a payment above zero";
    /// The payments are less than the total.
    34 Underpaid { paid: Decimal, total: Decimal } => "{paid} is paid, and the total is {total}", "add a payment of the rest";
    /// More change than was paid in cash: change is given in cash only.
    35 ChangeExceedsCash { change: Decimal, cash: Decimal } => "the change of {change} is larger than the {cash} paid in cash", "reduce the payments that are not cash";
    /// A refund whose payments are not the total of the return.
    36 RefundUneven { paid: Decimal, total: Decimal } => "{paid} is paid out, and the total of the return is {total}", "pay out exactly the total of the return";
    /// More cash out than there is in the drawer.
    37 NotEnoughCash { cash: Decimal, needed: Decimal } => "{needed} would go out of the drawer, which has {cash}, without the money of alternative receipts", "put cash in first; also money of alternative receipts is put in before it is taken out";
    /// A cash movement of zero.
    38 NoCashMoved => "the amount is zero", "give the amount that goes in (above zero) or out (below zero)";

    /// The device has a document whose outcome is not known yet.
    39 DeviceUnsettled => "the outcome of an earlier document on this device is not known yet", "repeat the request later with the same id";
    /// No shift is open.
    40 ShiftNotOpen => "no shift is open", "the first document of the day opens it";
    /// The first receipt of the shift is older than the law allows.
    41 ShiftTooLong { hours: i64 } => "the shift has had receipts for {hours} hours, which is longer than the law allows", "close the day first";

    /// An offline budget is used up, and the law or the owner stops sales then.
    42 OfflineBudgetUsedUp => "no more sales are allowed until the tax authority can be reached and has the unsent documents", "restore the connection to the tax authority, wait until the unsent documents are sent, then repeat the request";
    /// The connected printer is not the one that printed the open shift.
    43 PrinterSwapped => "the connected printer is not the one that printed the open shift", "connect that printer again and close the day, or add the new printer's serial number to the device's address (serial=...)";
    /// The printer has a different rate for a tax group than the receipt, so it would print a different tax than the journal has.
    44 PrinterRateDiffers { group: char, till: Decimal, printer: Decimal } => "the printer has {printer} percent for the tax group {group}, and the receipt {till}", "set the same rate in the printer and in the configuration";

    /// An operator's declaration without the operator's name.
    45 DeclarationUnsigned => "the declaration has no name", "give the name of the person who has read the paper";
    /// A correction of the clock to an earlier time while a shift is open: the documents of one shift never go back in time.
    46 ClockBackInShift => "the time cannot go back while a shift is open", "close the day first, then set the time";
    /// A document that is laid aside without a reason.
    47 ReasonMissing => "there is no reason", "say why the recipient is not to get the document, in words that an inspector understands";
    /// A receipt on a device whose receipts are signed, before the receipt with which its register begins.
    48 RegisterNotStarted => "the register of this device has no start receipt yet, because its signature unit does not work", "make the signature unit work; the till then makes the start receipt by itself";
    /// A receipt that the rules of signed receipts do not allow; `fault` is the number of the rule.
    49 ReceiptNotSignable { fault: u16 } => "the receipt cannot be signed (rule {fault} of signed receipts)", "see docs/countries for the rule; a register after its last receipt is replaced by a new one";

    /// A return of a receipt that this device does not have.
    50 OriginalUnknown => "this device has no such receipt", "give the id of a fiscal receipt of this device";
    /// A return of a document that is not a fiscal receipt of a sale.
    51 OriginalNotASale => "the original is not a fiscal receipt of a sale", "give the id of a fiscal receipt of a sale";
    /// A return of a line that the original does not have.
    52 ReturnLineUnknown => "the original has no line with this name, price and tax group", "copy name, price and tax group from the original";
    /// A return of a larger quantity than is left.
    53 ReturnExceedsQuantity { left: Decimal } => "only {left} of the original line is left to return", "reduce the quantity";
    /// A return of a larger amount than the share of its quantity in what is left.
    54 ReturnExceedsAmount { left: Decimal } => "at most {left} can be given back for this quantity of the original line", "reduce the amount, or leave it out: the till computes it";
    /// A return of a receipt that an operator declared as printed without the printer's number.
    55 OriginalWithoutNumber => "the printer's number of the original is not known, and the printer needs it to print a return", "make the return on the printer itself; when a document is declared as printed, give the number on its paper";
    /// A figure of a returned line that is not that of the original line in proportion to the quantity.
    56 ReturnFigureDiffers { expected: Decimal } => "the original line has {expected} there for this quantity", "copy the figure from the original in proportion to the quantity, or leave it out";
    /// A return of a sale that was sold on an alternative receipt. What the law wants then is not known (docs/countries/md.md).
    58 OriginalAlternative => "the goods were sold on an alternative receipt, and it is not known how the law wants them returned, so the till does not do it", "pay the buyer back without a cash operation, because money of alternative receipts does not count as cash in the drawer, write the return on the paper of the alternative receipt, and keep it for the accountant";
    /// A return of a sale that no fiscal printer has printed, on a till whose documents a fiscal printer makes legal.
    59 OriginalNotPrinted => "the original was not printed by a fiscal printer, so a printer cannot print its return", "return the goods on the till and with the configuration that sold them";

    /// Alternative receipts are off for this device.
    60 NoAlternativeReceipts => "alternative receipts are off for this device", "set use_alternative_receipts to true and give the device a range of numbers";
    /// All numbers of all ranges are used.
    61 RangesUsedUp => "all numbers for alternative receipts are used up", "add a range of numbers to the device";
    /// A given series and number whose range is used up, or whose series is longer than the series of a range.
    62 NumberNotInRange => "the range of this series and number has no numbers left, or its series is too long", "leave series and number out; the till takes the next one";
    /// A given series and number that is not the next one of its range.
    63 NumberNotNext { next: u32 } => "the next number of this series is {next}; no number may be left out or used twice", "leave series and number out; the till takes the next one";

    /// No reserved fiscal number is left.
    64 FiscalNumbersUsedUp => "all reserved fiscal numbers are used up", "restore the connection to the tax authority; it grants new numbers";
    /// A fiscal number that is not the next one of the reserved ranges.
    65 FiscalNumberNotNext { next: u64 } => "the next reserved fiscal number is {next}; no number may be left out or used twice", "use the number that the till gives";
    /// Granted numbers that are not above all numbers that the till ever had, or more ranges than it can keep.
    66 FiscalNumbersClash => "the granted numbers are not above all earlier ones, or are too many ranges", "grant higher numbers, in fewer ranges";
    /// A given series and number outside of every range of the device, which a receipt has already, or which is in a range of another device.
    67 NumberTaken => "this series and number is used already, or it is in a range of another device", "leave series and number out; the till takes the next one";

    /// More tax groups and rates in one shift than a Z-report can show.
    70 TooManyTaxGroups => "the shift has too many different tax groups and rates", "close the day first";
    /// More payment types in one shift than a Z-report can show.
    71 TooManyPaymentTypes => "the shift has too many different payment types", "close the day first";
    /// A counter that cannot count further.
    72 CounterExhausted => "a counter of the till has reached its highest value", "start a new journal";
    /// A configuration that contradicts itself.
    73 ConfigurationInvalid => "the configuration contradicts itself", "correct what the message about the configuration names";
    /// The memory that the caller provides for the receipt is too small.
    74 ScratchTooSmall => "the receipt is too large for the till's memory", "shorten the texts of the receipt";
    /// A receipt on a device whose register of signed receipts is out of use for ever.
    75 RegisterOutOfUse => "the register of this device is out of use for ever: it has its closing receipt, or its data folder was restored from a copy", "sell on another device: write a new [[device]] with an id and a registration_number that were never used, start the agent, and register the new cash box";
    /// A document on a machine whose folder was restored on another machine, which sells now.
    76 TillTakenOver => "the folder of this till was restored on another machine, which sells now; two copies must not sell", "sell on the other machine; take this one out of use";
    /// A document other than a report on a device whose printer has fiscal receipts that this till has not made.
    77 ReceiptsOfOthers => "the printer has fiscal receipts that this till has not made: another machine may sell with it, and two copies of one till must not sell", "if another machine sells with this printer, take this one out of use; if the receipts were made at the printer's keys, a person says so: `ferrotill settle DEVICE --go-on --by NAME`, or at the dashboard";
    /// An order that names a payment of a payment provider that cannot pay it any more.
    78 PaymentNotUsable => "the payment that the order names cannot pay it: its money was given back or may have been, or another receipt is paid with it", "take the money again, and send the order with the new payment";
}

impl core::error::Error for Refusal {}

impl From<ScaleError> for Refusal {
    fn from(error: ScaleError) -> Self {
        match error {
            ScaleError::NotANumber => Self::NotANumber,
            ScaleError::TooManyDecimals { given, allowed } => {
                Self::TooManyDecimals { given, allowed }
            }
            ScaleError::TooLarge => Self::NumberTooLarge,
        }
    }
}

impl ScaleFault<'_> {
    /// The refusal as an API answers it.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.error().into()
    }
}

/// One refusal, as it is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of the refusal; it never changes.
    pub number: u16,
    /// The name of the refusal; it never changes.
    pub name: &'static str,
    /// The case in which the till refuses.
    pub when: &'static str,
    /// The message of the refusal, with the names of its values in braces.
    pub message: &'static str,
    /// One thing that the caller can do about the refusal.
    pub hint: &'static str,
}

/// The place of a fault in a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The draft as a whole, or the list of its lines.
    Lines,
    /// A line, counted from 0, and the field of the line.
    Line(usize, Field),
    /// The list of receipt-level modifiers.
    Modifiers,
    /// A receipt-level modifier, counted from 0.
    Modifier(usize),
    /// The list of payments.
    Payments,
    /// A payment, counted from 0, and the field of the payment.
    Payment(usize, Field),
    /// The original of a return.
    Original,
    /// The amount of a cash movement.
    Amount,
    /// The series and number of an alternative receipt.
    Number,
    /// The text of the header.
    Header,
    /// The text of the footer.
    Footer,
    /// The text of a non-fiscal receipt.
    Text,
}

/// The part of a line or payment that is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name of the line.
    Name,
    /// The quantity of the line.
    Quantity,
    /// The price of the line.
    Price,
    /// The modifier of the line.
    Modifier,
    /// The tax group of the line.
    TaxGroup,
    /// The comment of the line.
    Comment,
    /// The amount of the line before its modifier.
    AmountBefore,
    /// The rate of the line's tax.
    TaxRate,
    /// The tax of the line.
    Tax,
    /// The final tax of the line.
    FinalTax,
    /// The final amount of the line.
    FinalAmount,
    /// The type of the payment.
    Type,
    /// The amount of the payment.
    Amount,
}

/// The receiver of all faults of a draft, each with its place.
pub trait Faults {
    /// Receives one fault and its place.
    fn fault(&mut self, place: Place, refusal: Refusal);
}

/// Ignores the faults, for callers that need only the refusal with the lowest number.
#[derive(Clone, Copy, Debug, Default)]
pub struct IgnoreFaults;

impl Faults for IgnoreFaults {
    fn fault(&mut self, _place: Place, _refusal: Refusal) {}
}

/// Passes all faults on and keeps the refusal with the lowest number.
pub(crate) struct FirstFault<'f> {
    faults: &'f mut dyn Faults,
    first: Option<Refusal>,
}

impl<'f> FirstFault<'f> {
    pub(crate) fn new(faults: &'f mut dyn Faults) -> Self {
        Self {
            faults,
            first: None,
        }
    }

    pub(crate) fn report(&mut self, place: Place, refusal: Refusal) {
        self.faults.fault(place, refusal);
        if self
            .first
            .is_none_or(|first| refusal.number() < first.number())
        {
            self.first = Some(refusal);
        }
    }

    pub(crate) fn verdict(&self) -> Result<(), Refusal> {
        self.first.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn no_number_is_used_twice_and_order_is_precedence() {
        assert!(
            Refusal::ALL
                .windows(2)
                .all(|pair| pair[0].number < pair[1].number)
        );
    }
}
