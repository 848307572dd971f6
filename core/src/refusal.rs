//! Every lawful "no", numbered. A number is never reused.
//!
//! # Precedence
//!
//! [`Till::decide`](crate::Till::decide) looks in stages, and the first stage that says no is the answer:
//!
//! 1. **The request id** (1, 2): a repeat is answered as a repeat, whatever else is wrong with it by now.
//! 2. **The draft** (10 to 38 and 50 to 54): what is wrong with it whatever the till is doing. All faults are told with their places;
//!    the lowest number goes first.
//! 3. **The outstanding document** (39): nothing else can be said while it is not settled.
//! 4. **The shift** (40, 41), then **the offline budget** (42), then **the printer** (43, 44).
//! 5. **Numbers and drawer** (60 to 63, and 37): the lowest number goes first.
//! 6. **The counters** (70 to 72).
//!
//! A person's word on the outstanding document is refused where nothing is outstanding (4), and without a name (45).
//!
//! `core/REFUSALS.md` lists them all; a test holds it against this file.

use core::fmt;

use crate::scale::{Decimal, ScaleError, ScaleFault};

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $number:literal $name:ident $({ $($field:ident : $type:ty),+ })? => $message:literal, $hint:literal;)+) => {
        /// A lawful "no": the till would break a rule if it said yes.
        ///
        /// Variants hold values; wording lives in `Display`. Where several apply, the lower number goes first.
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

            /// The number.
            #[must_use]
            pub const fn number(&self) -> u16 {
                match self { $(Self::$name { .. } => $number),+ }
            }

            /// The name, as callers see it in `errorType`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name)),+ }
            }

            /// One thing that the caller can do about it.
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
    /// The request id has its document already, and the request is the same: answer with that document.
    1 Repeated => "this request id has its document already", "take the document that comes with the answer";
    /// The request id belongs to another request.
    2 RequestIdClash => "this request id belongs to another request", "use a new id for a new request";
    /// A command settles a document that is not the outstanding one.
    4 NotOutstanding => "this document is not the outstanding one", "this is a mistake of ours; please report it";
    /// The country of the configuration is not known.
    5 CountryUnknown => "this country has no profile", "choose a country that this build knows";

    /// A text that is no decimal number.
    6 NotANumber => "this is not a decimal number", "write digits with a point, such as 8.10";
    /// A number with more decimals than its place takes.
    7 TooManyDecimals { given: u8, allowed: u8 } => "the number has {given} decimals; {allowed} are allowed", "round the number before it is sent";
    /// A number that its place cannot hold.
    8 NumberTooLarge => "the number is out of range", "check the number";

    /// A seal of another kind than the outstanding document's.
    9 SealMismatch => "this seal does not make this document legal", "this is a mistake of ours; please report it";

    /// A receipt without lines.
    10 NoLines => "the receipt has no lines", "add at least one line";
    /// More lines than the limit.
    11 TooManyLines { given: usize, limit: usize } => "{given} lines were given; {limit} are allowed", "split the receipt";
    /// A line without a name.
    12 NameMissing => "the name is empty", "name what is sold";
    /// A text that is longer than allowed.
    13 TextTooLong { given: usize, limit: usize } => "the text has {given} bytes; {limit} are allowed", "shorten the text";
    /// A quantity of nothing or less.
    14 QuantityNotPositive { given: Decimal } => "the quantity is {given}; it must be above zero", "give a quantity above zero";
    /// A quantity above the limit.
    15 QuantityTooLarge { given: Decimal, limit: Decimal } => "the quantity is {given}; the limit is {limit}", "split the line";
    /// A price of nothing or less.
    16 PriceNotPositive { given: Decimal } => "the price is {given}; it must be above zero", "give a price above zero";
    /// A price above the limit.
    17 PriceTooLarge { given: Decimal, limit: Decimal } => "the price is {given}; the limit is {limit}", "check the price";
    /// A line without a tax group.
    18 TaxGroupMissing => "no tax group is given", "give one of the device's tax groups";
    /// A tax group that the device does not have.
    19 TaxGroupUnknown => "the device has no such tax group", "give one of the device's tax groups";
    /// A discount larger than what it is taken from.
    20 NegativeAmount { amount: Decimal } => "the modifier would bring the amount to {amount}, below zero", "reduce the discount";
    /// A receipt-level surcharge on lines that are worth nothing.
    21 NothingToSpreadOver => "there is no amount that the modifier could be spread over", "modify a line instead";
    /// A receipt over nothing.
    22 NothingToPay => "the total is zero", "a receipt needs a total above zero";
    /// A sum that leaves the range of amounts.
    23 AmountTooLarge { limit: Decimal } => "the amount is beyond the limit of {limit}", "split the receipt";
    /// More modifiers than the limit.
    24 TooManyModifiers { given: usize, limit: usize } => "{given} modifiers were given; {limit} are allowed", "sum the modifiers up";
    /// A tax group whose first rate begins later.
    25 TaxGroupNotInForce => "this tax group has no rate on this day yet", "give a tax group that is in force";
    /// More taxes on a line than the country's law has.
    26 TooManyTaxes { given: usize, limit: usize } => "{given} tax groups are given for one line; {limit} are allowed", "give fewer tax groups, each once";

    /// A receipt without payments.
    30 NoPayments => "the receipt has no payments", "add at least one payment";
    /// More payments than the limit.
    31 TooManyPayments { given: usize, limit: usize } => "{given} payments were given; {limit} are allowed", "sum the payments up by type";
    /// A payment type that the device does not have.
    32 PaymentTypeUnknown { given: i32 } => "the device has no payment type {given}", "give one of the device's payment types";
    /// A payment of nothing or less.
    33 PaymentNotPositive { given: Decimal } => "the payment is {given}; it must be above zero", "give a payment above zero";
    /// Less paid than owed.
    34 Underpaid { paid: Decimal, total: Decimal } => "{paid} is paid of a total of {total}", "pay the rest";
    /// Change that would have to come out of a card.
    35 ChangeExceedsCash { change: Decimal, cash: Decimal } => "the change of {change} is larger than the {cash} paid in cash", "reduce the payments that are not cash";
    /// A refund that does not pay out what it takes back.
    36 RefundUneven { paid: Decimal, total: Decimal } => "{paid} is paid out for a return of {total}", "pay out exactly the total of the return";
    /// Less cash in the drawer than would go out.
    37 NotEnoughCash { cash: Decimal, needed: Decimal } => "{needed} would go out of the drawer, which holds {cash}", "put cash in first";
    /// A cash movement of nothing.
    38 NoCashMoved => "the amount is zero", "give the amount that goes in (above zero) or out (below zero)";

    /// The device has a document whose outcome is not known yet.
    39 DeviceUnsettled => "the device has a document that is not settled yet", "repeat the request later with the same id";
    /// No shift is open.
    40 ShiftNotOpen => "no shift is open", "the first document of the day opens it";
    /// The shift is older than the law allows.
    41 ShiftTooLong { hours: i64 } => "the shift has been open for {hours} hours, which is longer than the law allows", "close the day first";

    /// A budget of selling without the tax office is used up, and the law or the owner stops sales then.
    42 OfflineBudgetUsedUp => "no more sales are allowed without the tax office", "restore the connection to the tax office and wait until it has been told, then repeat the request";
    /// The printer is not the one that printed the open shift.
    43 PrinterSwapped => "another printer is connected than the one that the open shift is on", "connect that printer again and close the day, or name the new one's serial number in the device's address (serial=...)";
    /// The printer has another rate for a tax group than the receipt: what it prints would not be what is journaled.
    44 PrinterRateDiffers { group: char, till: Decimal, printer: Decimal } => "the printer has {printer} percent for the tax group {group}, and the receipt {till}", "bring the rates of the printer and of the configuration to the same";

    /// A person's word on an outstanding document without the person's name.
    45 DeclarationUnsigned => "nobody's name stands under the declaration", "give the name of the person who has read the paper";

    /// A return of a receipt that is not here.
    50 OriginalUnknown => "there is no such receipt on this device", "give the id of a fiscal receipt of this device";
    /// A return of something that is not a fiscal sale.
    51 OriginalNotASale => "the original is not a fiscal receipt of a sale", "give the id of a fiscal receipt";
    /// A return of something that is not on the original.
    52 ReturnLineUnknown => "the original has no line with this name, price and tax group", "copy the line from the original";
    /// A return of more than is left.
    53 ReturnExceedsQuantity { left: Decimal } => "only {left} of the original line is left to return", "reduce the quantity";
    /// A return of more money than is left.
    54 ReturnExceedsAmount { left: Decimal } => "only {left} of the original line's amount is left to return", "reduce the amount";

    /// The device has no alternative receipts.
    60 NoAlternativeReceipts => "the device has no alternative receipts", "switch use_alternative_receipts on and give it a range";
    /// All numbers of all ranges are used.
    61 RangesUsedUp => "all numbers for alternative receipts are used up", "add a range to the device";
    /// A given series and number that no range holds.
    62 NumberNotInRange => "no range of the device holds this series and number", "leave the number to the till";
    /// A given series and number that is not the next one of its range.
    63 NumberNotNext { next: u32 } => "the next number of this series is {next}; numbers have no gap and no repeat", "leave the number to the till";

    /// No reserved fiscal number is left.
    64 FiscalNumbersUsedUp => "all reserved fiscal numbers are used up", "reach the tax office, which grants new ones";
    /// A fiscal number that is not the next one of the reserved ranges.
    65 FiscalNumberNotNext { next: u64 } => "the next reserved fiscal number is {next}; numbers have no gap and no repeat", "take the number that the till gives";
    /// Granted numbers that overlap those that the till has, or more ranges than it holds.
    66 FiscalNumbersClash => "the granted numbers overlap those that the till has had, or are too many ranges", "grant numbers that were never used, in fewer ranges";

    /// More groups and rates in one shift than a Z-report holds.
    70 TooManyTaxGroups => "the shift has too many tax groups and rates", "close the day first";
    /// More payment types in one shift than a Z-report holds.
    71 TooManyPaymentTypes => "the shift has too many payment types", "close the day first";
    /// A counter at the end of its range.
    72 CounterExhausted => "a counter of the till is at its end", "start a new journal";
    /// A configuration that contradicts itself.
    73 ConfigurationInvalid => "the configuration contradicts itself", "see the configuration's own error";
    /// The room that the caller lends is too small.
    74 ScratchTooSmall => "the room for the receipt is too small", "shorten the texts of the receipt";
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
    /// The numbered refusal of it.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.error().into()
    }
}

/// What is written down of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, for ever.
    pub number: u16,
    /// Its name, for ever.
    pub name: &'static str,
    /// When it is said.
    pub when: &'static str,
    /// Its message, with the names of its values in braces.
    pub message: &'static str,
    /// One thing that the caller can do about it.
    pub hint: &'static str,
}

/// Where in a draft a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The draft as a whole, or the list of its lines.
    Lines,
    /// A line, counted from 0, and what of it.
    Line(usize, Field),
    /// The list of receipt-level modifiers.
    Modifiers,
    /// A receipt-level modifier, counted from 0.
    Modifier(usize),
    /// The list of payments.
    Payments,
    /// A payment, counted from 0, and what of it.
    Payment(usize, Field),
    /// The original of a return.
    Original,
    /// The amount of a cash movement.
    Amount,
    /// The series and number of an alternative receipt.
    Number,
    /// Header or footer text.
    Text,
}

/// What of a line or payment is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Its name.
    Name,
    /// Its quantity.
    Quantity,
    /// Its price.
    Price,
    /// Its modifier.
    Modifier,
    /// Its tax group.
    TaxGroup,
    /// Its comment.
    Comment,
    /// Its final amount.
    FinalAmount,
    /// Its payment type.
    Type,
    /// Its amount.
    Amount,
}

/// Whoever is told of the faults of a draft, all of them, each with its place.
pub trait Faults {
    /// One fault.
    fn fault(&mut self, place: Place, refusal: Refusal);
}

/// Nobody: for callers who want the first refusal only.
#[derive(Clone, Copy, Debug, Default)]
pub struct IgnoreFaults;

impl Faults for IgnoreFaults {
    fn fault(&mut self, _place: Place, _refusal: Refusal) {}
}

/// Tells all faults on and keeps the one that goes first.
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
