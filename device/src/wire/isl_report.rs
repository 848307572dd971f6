//! The data of Datecs classic commands about the device, its day and its documents.
//!
//! Manual: Datecs group A, v1.00BG, commands 65, 69, 70, 76, 83, 103, 113, 32. Commands 64, 90 and 110 are in `isl_counters`.
//! Amounts are minor units.

use super::codepage;
use super::fields::{decimal, parse_count, parse_decimal, parse_minor, signed};
use super::isl_receipt::groups;

/// The answer of 4Ch: the current receipt, or the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Whether a receipt is open, fiscal or not.
    pub open: bool,
    /// The number of sales of the receipt.
    pub items: u32,
    /// The sum of the receipt, in minor units.
    pub amount: i64,
    /// The tendered sum in minor units, if it was asked for with `T`.
    pub tender: Option<i64>,
    /// The number of the current or last document, if the family reports it here.
    pub document: Option<u32>,
    /// Whether the open receipt is a refund, if the family reports that here.
    pub refund: bool,
    /// Whether the open document is a slip, if the family reports that here.
    pub slip: bool,
    /// The number of the Z-report of the current or last fiscal receipt, and the receipt's number within its day, if the family
    /// reports them here.
    pub fiscal: Option<(u32, u32)>,
}

impl Transaction {
    /// Writes a `Transaction` as fields, such as `1,0002,+00002980,+00005000`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut text = format!(
            "{},{:04},{}",
            u8::from(self.open),
            self.items,
            signed(self.amount, 9)
        );
        if let Some(tender) = self.tender {
            text.push(',');
            text.push_str(&signed(tender, 9));
        }
        text.into_bytes()
    }

    /// Reads a `Transaction` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let fields: Vec<&str> = text.split(',').collect();
        let [open, items, amount, tender @ ..] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            open: match *open {
                "0" => false,
                "1" => true,
                _ => return None,
            },
            items: parse_count(items)?,
            amount: parse_minor(amount)?,
            tender: match tender {
                [] => None,
                [tender] => Some(parse_minor(tender)?),
                _ => return None,
            },
            document: None,
            refund: false,
            slip: false,
            fiscal: None,
        })
    }
}

/// The answer of 67h: the current receipt by tax group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptSums {
    /// Whether sales may be voided.
    pub can_void: bool,
    /// The sums of the tax groups A to H, in minor units.
    pub groups: [i64; 8],
    /// Whether the receipt is an invoice.
    pub invoice: bool,
    /// Whether the receipt is a refund, if the family reports that here.
    pub refund: bool,
}

impl ReceiptSums {
    /// Writes a `ReceiptSums` as fields, such as `1,1033,825,0,0,0,0,0,0,0,0000000000`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut text = u8::from(self.can_void).to_string();
        for group in self.groups {
            text.push(',');
            text.push_str(&group.to_string());
        }
        text.push_str(if self.invoice { ",1" } else { ",0" });
        text.push_str(",0000000000");
        text.into_bytes()
    }

    /// Reads a `ReceiptSums` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let fields: Vec<&str> = text.split(',').collect();
        let [can_void, sums @ .., invoice, _] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            can_void: *can_void == "1",
            groups: (sums.len() == 8).then(|| groups(&mut sums.iter().copied()))??,
            invoice: *invoice == "1",
            refund: false,
        })
    }
}

/// The answer of 46h: `P|F,Cash,In,Out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cash {
    /// Whether the command was carried out.
    pub done: bool,
    /// The cash in the drawer, in minor units.
    pub cash: i64,
    /// The cash paid in since the last Z-report, in minor units.
    pub paid_in: i64,
    /// The cash taken out since the last Z-report, in minor units, positive.
    pub taken_out: i64,
}

impl Cash {
    /// Writes a `Cash` as fields, such as `P,15000,10000,0`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let code = if self.done { 'P' } else { 'F' };
        format!("{code},{},{},{}", self.cash, self.paid_in, self.taken_out).into_bytes()
    }

    /// Reads a `Cash` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut fields = core::str::from_utf8(data).ok()?.split(',');
        Some(Self {
            done: match fields.next()? {
                "P" => true,
                "F" => false,
                _ => return None,
            },
            cash: parse_minor(fields.next()?)?,
            paid_in: parse_minor(fields.next()?)?,
            taken_out: parse_minor(fields.next()?)?.checked_abs()?,
        })
    }

    /// Writes the data of 46h: a signed amount; empty data are a question.
    #[must_use]
    pub fn request(amount: Option<i64>) -> Vec<u8> {
        amount.map_or_else(Vec::new, |minor| decimal(minor, 2).into_bytes())
    }

    /// Reads the data of 46h: `Some(None)` is a question.
    #[must_use]
    pub fn parse_request(data: &[u8]) -> Option<Option<i64>> {
        let text = core::str::from_utf8(data).ok()?;
        if text.is_empty() {
            return Some(None);
        }
        parse_decimal(text, 2).map(Some)
    }
}

/// The answer of 45h: `Closure,FMTotal,TotA…TotH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyReport {
    /// The number of this Z-report; in an X-report the number of the next Z-report.
    pub closure: u32,
    /// The sum of everything sold since fiscalisation, in minor units.
    pub grand_total: i64,
    /// The day's sales by tax group, in minor units.
    pub groups: [i64; 8],
    /// The day's refunds by tax group in minor units, if the family reports them here.
    pub refunds: Option<[i64; 8]>,
}

impl DailyReport {
    /// Writes the fields of the answer, with twelve signed bytes for each amount.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut text = format!("{:04},{}", self.closure, signed(self.grand_total, 12));
        for group in self.groups {
            text.push(',');
            text.push_str(&signed(group, 12));
        }
        text.into_bytes()
    }

    /// Reads a `DailyReport` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut fields = core::str::from_utf8(data).ok()?.split(',');
        Some(Self {
            closure: parse_count(fields.next()?)?,
            grand_total: parse_minor(fields.next()?)?,
            groups: groups(&mut fields)?,
            refunds: None,
        })
    }
}

/// Writes the answer of 41h: the day by tax group.
#[must_use]
pub fn emit_groups(groups: [i64; 8]) -> Vec<u8> {
    groups.map(|group| signed(group, 12)).join(",").into_bytes()
}

/// Reads the answer of 41h: the sums of the groups A to H and nothing else.
#[must_use]
pub fn parse_groups(data: &[u8]) -> Option<[i64; 8]> {
    let text = core::str::from_utf8(data).ok()?;
    let fields: Vec<&str> = text.split(',').collect();
    (fields.len() == 8).then(|| groups(&mut fields.into_iter()))?
}

/// The answer of 53h without data: `Mult,Dec,Cur,Enabled8,A,B…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The tax rates in hundredths of a percent, A to H; `None` for a disabled group.
    pub rates: [Option<i64>; 8],
    /// The currency's letters.
    pub currency: String,
}

impl Rates {
    /// Writes a `Rates` as fields, such as `0,2,MDL,11000000,20.00,8.00,0.00,…`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let enabled: String = self
            .rates
            .iter()
            .map(|rate| if rate.is_some() { '1' } else { '0' })
            .collect();
        let rates = self
            .rates
            .map(|rate| decimal(rate.unwrap_or(0), 2))
            .join(",");
        format!("0,2,{},{enabled},{rates}", self.currency).into_bytes()
    }

    /// Reads a `Rates` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = codepage::decode(data);
        let mut fields = text.split(',').map(str::trim);
        let currency = fields.nth(2)?.to_owned();
        let enabled = fields.next()?;
        let mut rates = [None; 8];
        for (rate, on) in rates.iter_mut().zip(enabled.chars()) {
            let Some(field) = fields.next() else { break };
            if on == '1' {
                *rate = Some(parse_decimal(field, 2)?);
            }
        }
        Some(Self { rates, currency })
    }
}

/// The lengths of lines that a model prints, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineLengths {
    /// The length of a line of text on a receipt or a slip.
    pub text: usize,
    /// The length of the name of what is sold.
    pub name: usize,
}

/// The answer of 20h: `Cmd,ErrCode,DateTime,Text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// The number of the command that failed.
    pub command: u32,
    /// The error code, such as `-150204`; 0 for no error.
    pub code: i64,
    /// The time of the failure.
    pub at: String,
    /// The device's text for the error.
    pub text: String,
}

impl LastError {
    /// Writes the four fields of the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        codepage::encode(&format!(
            "{},{},{},{}",
            self.command, self.code, self.at, self.text
        ))
    }

    /// Reads a `LastError` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = codepage::decode(data);
        let mut fields = text.splitn(4, ',');
        Some(Self {
            command: parse_count(fields.next()?)?,
            code: parse_decimal(fields.next()?.trim(), 0)?,
            at: fields.next().unwrap_or_default().to_owned(),
            text: fields.next().unwrap_or_default().to_owned(),
        })
    }
}

/// Writes the answer of 71h: a number of seven digits.
#[must_use]
pub fn emit_document(number: u32) -> Vec<u8> {
    format!("{number:07}").into_bytes()
}

/// Reads the answer of 71h.
#[must_use]
pub fn parse_document(data: &[u8]) -> Option<u32> {
    parse_count(core::str::from_utf8(data).ok()?)
}

/// A document of the journal (7Dh `0,Doc,Type` of group B).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalDocument {
    /// The number of the document.
    pub document: u32,
    /// The date and time of the document, as the device writes them.
    pub at: String,
    /// The number of the kind of the document: 1 is a sale.
    pub kind: u32,
    /// The number of the Z-report of the document's day.
    pub z_number: u32,
}

impl JournalDocument {
    /// Writes the answer, such as `P,6,14-02-19 16:14:37,8,1` (published with another driver).
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let Self {
            document,
            at,
            kind,
            z_number,
        } = self;
        format!("P,{document},{at},{kind},{z_number}").into_bytes()
    }

    /// Reads the answer.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let fields: Vec<&str> = text.split(',').collect();
        let ["P", document, at, kind, z_number] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            document: parse_count(document)?,
            at: (*at).to_owned(),
            kind: parse_count(kind)?,
            z_number: parse_count(z_number)?,
        })
    }
}

/// The last fiscal receipt of the day, and the last Z-report (7Bh `3` of X).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFiscalReceipt {
    /// The number of the receipt since the last Z-report.
    pub number: u32,
    /// The date and time of the receipt, as the device writes them.
    pub at: String,
    /// The number of a Z-report: of the one that will close the receipt's day (X), or of the last one (MX).
    pub z_number: u32,
    /// The date and time of the last Z-report, as the device writes them; may be empty.
    pub z_at: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transaction_in_both_notations() {
        let state = Transaction {
            open: true,
            items: 2,
            amount: 2980,
            tender: Some(5000),
            document: None,
            refund: false,
            slip: false,
            fiscal: None,
        };
        assert_eq!(state.emit(), b"1,0002,+00002980,+00005000");
        assert_eq!(Transaction::parse(&state.emit()), Some(state));
        assert_eq!(Transaction::parse(b"1,0002,29.80,50.00"), Some(state));
        assert_eq!(Transaction::parse(b"2,0002,29.80"), None);
    }

    #[test]
    fn reports_come_back_as_they_were() {
        let groups = [1033, 825, 0, 0, 0, 0, 0, -5];
        let z = DailyReport {
            closure: 3,
            grand_total: 123_456,
            groups,
            refunds: None,
        };
        assert_eq!(DailyReport::parse(&z.emit()), Some(z));
        assert_eq!(parse_groups(&emit_groups(groups)), Some(groups));
        assert_eq!(parse_groups(b"1,2,3,4,5,6,7,8,9,10"), None);
        let rates = Rates {
            rates: [Some(2000), Some(800), None, None, None, None, None, Some(0)],
            currency: "MDL".to_owned(),
        };
        assert_eq!(Rates::parse(&rates.emit()), Some(rates));
    }

    #[test]
    fn cash_is_asked_and_answered() {
        assert_eq!(Cash::request(None), b"");
        assert_eq!(Cash::request(Some(-10_000)), b"-100.00");
        assert_eq!(Cash::parse_request(b"100.00"), Some(Some(10_000)));
        assert_eq!(Cash::parse_request(b"x"), None);
        let cash = Cash {
            done: true,
            cash: 15_000,
            paid_in: 10_000,
            taken_out: 0,
        };
        assert_eq!(Cash::parse(&cash.emit()), Some(cash));
    }
}
