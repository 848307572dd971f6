//! Payments in ZFP's answers: those of a receipt, the registers of the day, and the types that a device has.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1903211145, chapters 2.5 and 2.7.

use super::codepage;
use super::fields::{decimal, parse_count, parse_minor};
use super::zfp_report::{amounts, fields, flag, joined, written};

/// The number of payment types of a device.
pub const PAYMENTS: usize = 12;
/// The number of payment types of the older devices (the models whose names end in `KL`).
const PAYMENTS_OF_OLD: usize = 5;

/// Sums by payment type, in minor units: the payments of a receipt (72h `P`), or a register of the day (6Eh).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentSums {
    /// The letter of the question, which the answer repeats.
    pub option: char,
    /// Whether a receipt is open; only in the answer to 72h `P`.
    pub open: bool,
    /// The sums by payment type.
    pub sums: [i64; PAYMENTS],
    /// The number of operations and their sum; only in the answers to 6Eh `2` and `3`.
    pub operations: Option<(u32, i64)>,
    /// Whether the device is an older one, with five types.
    pub is_old: bool,
}

impl PaymentSums {
    /// The sum of all payments.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.sums
            .iter()
            .fold(0, |sum, one| i64::saturating_add(sum, *one))
    }

    /// Reads the answer to 72h `P`.
    #[must_use]
    pub fn parse_receipt(data: &[u8]) -> Option<Self> {
        let fields = fields(data);
        let (option, rest) = fields.split_first()?;
        let (open, rest) = rest.split_first()?;
        (option == "P").then_some(())?;
        Some(Self {
            option: 'P',
            open: flag(open)?,
            sums: sums_of(rest)?,
            operations: None,
            is_old: rest.len() == PAYMENTS_OF_OLD,
        })
    }

    /// Reads the answer to 6Eh with this option.
    fn parse(data: &[u8], wanted: char) -> Option<Self> {
        let fields = fields(data);
        let (option, rest) = fields.split_first()?;
        let has_operations = matches!(wanted, '2' | '3');
        let (sums, operations) = match rest {
            [sums @ .., number, sum] if has_operations => {
                (sums, Some((parse_count(number)?, parse_minor(sum)?)))
            }
            sums => (sums, None),
        };
        (option.chars().eq([wanted])).then_some(Self {
            option: wanted,
            open: false,
            sums: sums_of(sums)?,
            operations,
            is_old: sums.len() == PAYMENTS_OF_OLD,
        })
    }

    /// Reads the answer to 6Eh `0`: the sums in the drawer.
    #[must_use]
    pub fn parse_on_hand(data: &[u8]) -> Option<Self> {
        Self::parse(data, '0')
    }

    /// Reads the answer to 6Eh `2`: what was put in.
    #[must_use]
    pub fn parse_paid_in(data: &[u8]) -> Option<Self> {
        Self::parse(data, '2')
    }

    /// Reads the answer to 6Eh `3`: what was taken out.
    #[must_use]
    pub fn parse_taken_out(data: &[u8]) -> Option<Self> {
        Self::parse(data, '3')
    }

    /// Reads the answer to 6Eh `4`: what was received from sales, change included.
    #[must_use]
    pub fn parse_received(data: &[u8]) -> Option<Self> {
        Self::parse(data, '4')
    }

    /// Reads the answer to 6Eh `6`: the change.
    #[must_use]
    pub fn parse_change(data: &[u8]) -> Option<Self> {
        Self::parse(data, '6')
    }

    /// Writes the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut fields = vec![self.option.to_string()];
        if self.option == 'P' {
            fields.push(String::from(if self.open { "1" } else { "0" }));
        }
        let types = if self.is_old {
            PAYMENTS_OF_OLD
        } else {
            PAYMENTS
        };
        fields.extend(written(&self.sums).take(types));
        if let Some((number, sum)) = self.operations {
            fields.extend([number.to_string(), decimal(sum, 2)]);
        }
        joined(&fields)
    }
}

/// The sums by payment type; an older device has fewer types.
fn sums_of(fields: &[String]) -> Option<[i64; PAYMENTS]> {
    if fields.len() == PAYMENTS_OF_OLD {
        let mut sums = [0; PAYMENTS];
        let old: [i64; PAYMENTS_OF_OLD] = amounts(fields)?;
        sums.iter_mut().zip(old).for_each(|(sum, old)| *sum = old);
        return Some(sums);
    }
    amounts(fields)
}

/// The payment types (64h): their names, and the kind of payment that each is for the tax office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTypes {
    /// The names.
    pub names: Vec<String>,
    /// The exchange rate of the foreign currency, as it is written.
    pub rate: String,
    /// The digits of the kinds; `None` on a device whose numbers are those of the kinds. What is no digit has no kind.
    pub kinds: Option<Vec<Option<u8>>>,
}

impl PaymentTypes {
    /// The number of the type for a kind of payment; cash is kind 0 and type 0.
    #[must_use]
    pub fn number_of(&self, kind: u8) -> Option<usize> {
        match &self.kinds {
            None => Some(usize::from(kind)).filter(|number| *number < self.names.len()),
            Some(_) if kind == 0 => Some(0),
            Some(kinds) => kinds.iter().position(|known| *known == Some(kind)),
        }
    }

    /// Reads the answer: twelve names and a rate, or on older devices five names, a rate and five kinds.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = codepage::decode(data);
        let fields: Vec<String> = text.split(';').map(str::to_owned).collect();
        let (names, rest) = match fields.len() {
            OF_NEW => fields.split_at_checked(PAYMENTS)?,
            OF_OLD => fields.split_at_checked(PAYMENTS_OF_OLD)?,
            _ => return None,
        };
        let (rate, kinds) = rest.split_first()?;
        let digit = |kind: &String| u8::try_from(parse_count(kind)?).ok();
        Some(Self {
            names: names.iter().map(|name| name.trim().to_owned()).collect(),
            rate: rate.trim().to_owned(),
            kinds: (!kinds.is_empty()).then(|| kinds.iter().map(digit).collect()),
        })
    }

    /// Writes the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut fields: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("{name:<10}"))
            .collect();
        fields.push(self.rate.clone());
        for kind in self.kinds.iter().flatten() {
            fields.push(kind.map_or_else(|| codepage::decode(&[0xFF]), |kind| kind.to_string()));
        }
        joined(&fields)
    }
}

/// The number of fields of the answer to 64h: names and a rate.
const OF_NEW: usize = 13;
/// The number of fields of an older device: names, a rate, kinds.
const OF_OLD: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_read_from_old_and_new_devices() {
        let new = b"P;0;15.00;0.00;0.00;0.00;0.00;0.00;0.00;10.00;0.00;0.00;0.00;0.00";
        let sums = PaymentSums::parse_receipt(new).unwrap();
        assert_eq!(
            (sums.sums[0], sums.sums[7], sums.total()),
            (1_500, 1_000, 2_500)
        );
        assert_eq!(sums.emit(), new);
        let old = PaymentSums::parse_paid_in(b"2;100.00;0.00;0.00;0.00;0.00;1;100.00").unwrap();
        assert_eq!((old.sums[0], old.operations), (10_000, Some((1, 10_000))));
        assert_eq!(PaymentSums::parse_taken_out(b"2;1;2;3;4;5;1;15"), None);
        assert_eq!(PaymentSums::parse_on_hand(b"0;1.00;2.00"), None);
    }

    #[test]
    fn the_kind_of_a_payment_and_not_its_number_counts() {
        let names = "Cash;1;2;3;4;5;6;Card;8;9;10;Euro;1.95583";
        let new = PaymentTypes::parse(names.as_bytes()).unwrap();
        assert_eq!((new.number_of(0), new.number_of(7)), (Some(0), Some(7)));
        // The maker's defaults of the older devices: type 1 is kind 7, a card.
        let old = b"Cash      ;Card      ;Cheque    ;Coupon    ;Euro      ;1.95583;\xFF;7;1;2;\xFF";
        let old_types = PaymentTypes::parse(old).unwrap();
        assert_eq!(old_types.number_of(0), Some(0));
        assert_eq!(old_types.number_of(7), Some(1));
        assert_eq!(old_types.number_of(1), Some(2));
        assert_eq!(old_types.number_of(6), None);
        assert_eq!(old_types.emit(), old);
        assert_eq!(PaymentTypes::parse(b"Cash;Card"), None);
    }
}
