//! The data of ZFP's answers: receipts, the day by tax group, identity. Fields are separated by `;`, amounts have a decimal point.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1903211145, chapters 2.2, 2.5 and 2.7.

use super::codepage;
use super::fields::{decimal, parse_count, parse_minor};

pub(super) fn fields(data: &[u8]) -> Vec<String> {
    let text = codepage::decode(data);
    text.split(';')
        .map(|field| field.trim().to_owned())
        .collect()
}

pub(super) fn amounts<const N: usize>(fields: &[String]) -> Option<[i64; N]> {
    let mut sums = [0; N];
    if fields.len() != N {
        return None;
    }
    for (sum, field) in sums.iter_mut().zip(fields) {
        *sum = parse_minor(field)?;
    }
    Some(sums)
}

pub(super) fn joined(fields: &[String]) -> Vec<u8> {
    codepage::encode(&fields.join(";"))
}

pub(super) fn written(sums: &[i64]) -> impl Iterator<Item = String> {
    sums.iter().map(|sum| decimal(*sum, 2))
}

/// Whether a digit is `1`, if it is `0` or `1`.
pub(super) fn flag(field: &str) -> Option<bool> {
    match field {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// The open receipt (72h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CurrentReceipt {
    /// Whether a fiscal receipt is open.
    pub open: bool,
    /// The number of its sales.
    pub sales: u32,
    /// Its sums by tax group, in minor units.
    pub groups: [i64; 8],
    /// Whether the VAT is printed on it.
    pub vat: bool,
    /// Whether it is detailed.
    pub detailed: bool,
    /// Whether a payment was registered.
    pub payment_begun: bool,
    /// Whether everything is paid.
    pub paid: bool,
    /// Whether the power failed while the receipt was open.
    pub power_failed: bool,
    /// The digit of its kind, a sum: [`KIND_INVOICE`], [`KIND_POSTPONED`], [`KIND_REFUND`].
    pub kind: u8,
    /// The change in minor units.
    pub change: i64,
    /// The number that the receipt will have.
    pub number: u32,
}

/// The digit of a sale that is printed step by step.
pub const KIND_SALE: u8 = 0;
/// An invoice.
pub const KIND_INVOICE: u8 = 1;
/// A receipt that is printed at its end only.
pub const KIND_POSTPONED: u8 = 2;
/// The digit of a refund that is printed step by step.
pub const KIND_REFUND: u8 = 4;

impl CurrentReceipt {
    /// Whether the receipt is a refund.
    #[must_use]
    pub const fn is_refund(&self) -> bool {
        self.kind >= KIND_REFUND
    }

    /// Reads the answer. While no receipt is open, older devices answer `0` alone.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let fields = fields(data);
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        if let ["0"] = fields.as_slice() {
            return Some(Self::default());
        }
        let [
            open,
            sales,
            a,
            b,
            c,
            _,
            vat,
            format,
            begun,
            paid,
            power,
            kind,
            change,
            _,
            d,
            e,
            f,
            g,
            h,
            number,
        ] = fields.as_slice()
        else {
            return None;
        };
        let mut groups = [0; 8];
        for (sum, field) in groups.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *sum = parse_minor(field)?;
        }
        Some(Self {
            open: flag(open)?,
            sales: parse_count(sales)?,
            groups,
            vat: *vat == "1",
            detailed: *format == "1",
            payment_begun: flag(begun)?,
            paid: flag(paid)?,
            power_failed: flag(power)?,
            kind: u8::try_from(parse_count(kind)?).ok()?,
            change: parse_minor(change)?,
            number: parse_count(number)?,
        })
    }

    /// Writes the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let digit = |is: bool| String::from(if is { "1" } else { "0" });
        let [a, b, c, d, e, f, g, h] = self.groups.map(|sum| decimal(sum, 2));
        joined(&[
            digit(self.open),
            format!("{:03}", self.sales),
            a,
            b,
            c,
            digit(self.payment_begun),
            digit(self.vat),
            digit(self.detailed),
            digit(self.payment_begun),
            digit(self.paid),
            digit(self.power_failed),
            self.kind.to_string(),
            decimal(self.change, 2),
            digit(false),
            d,
            e,
            f,
            g,
            h,
            format!("{:06}", self.number),
        ])
    }
}

/// The last fiscal receipt, as its code for the tax office has it (72h `B`): `FM*Number*Date*Time*Sum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptCode {
    /// The number of the fiscal memory.
    pub fiscal_memory: String,
    /// The number of the receipt among all documents.
    pub number: u32,
    /// The date and the time of the receipt as they are written, separated by a space.
    pub at: String,
    /// The sum of the receipt in minor units.
    pub sum: i64,
}

impl ReceiptCode {
    /// Reads the answer.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = codepage::decode(data);
        let fields: Vec<&str> = text.split('*').map(str::trim).collect();
        let [memory, number, date, time, sum] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            fiscal_memory: (*memory).to_owned(),
            number: parse_count(number)?,
            at: format!("{date} {time}"),
            sum: parse_minor(sum)?,
        })
    }

    /// Writes the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let Self {
            fiscal_memory,
            number,
            at,
            sum,
        } = self;
        let at = at.replace(' ', "*");
        codepage::encode(&format!(
            "{fiscal_memory}*{number:07}*{at}*{}",
            decimal(*sum, 2)
        ))
    }
}

/// The last Z-report and the last document (73h).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastNumbers {
    /// The date of the last Z-report, `DD-MM-YYYY`.
    pub z_date: String,
    /// The number of the last Z-report; 0 before the first one.
    pub z_number: u32,
    /// The number of losses of the working memory.
    pub resets: u32,
    /// The number of the last document.
    pub document: u32,
    /// The time of the last fiscal record, `DD-MM-YYYY HH:MM`.
    pub at: String,
    /// The number of the electronic journal.
    pub journal: String,
    /// The digit of the last document's kind: 0 is a sale, 2 is not fiscal, 4 is a refund, 1 an invoice, 5 a credit note.
    pub kind: Option<u8>,
}

impl LastNumbers {
    /// Reads the answer. Older devices end it earlier.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let fields = fields(data);
        let field = |place: usize| fields.get(place).map(String::as_str);
        Some(Self {
            z_date: field(0)?.to_owned(),
            z_number: parse_count(field(1)?)?,
            resets: parse_count(field(2)?)?,
            document: parse_count(field(3)?)?,
            at: field(4).unwrap_or_default().to_owned(),
            journal: field(5).unwrap_or_default().to_owned(),
            kind: match field(6) {
                Some(kind) => Some(u8::try_from(parse_count(kind)?).ok()?),
                None => None,
            },
        })
    }

    /// Writes the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut fields = vec![
            self.z_date.clone(),
            self.z_number.to_string(),
            self.resets.to_string(),
            format!("{:06}", self.document),
            self.at.clone(),
            self.journal.clone(),
        ];
        fields.extend(self.kind.map(|kind| kind.to_string()));
        joined(&fields)
    }
}

/// The day's sales and refunds by tax group (6Dh), in minor units. Each list is followed by its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayGroups {
    /// The sales by tax group.
    pub sales: [i64; 8],
    /// The refunds by tax group.
    pub refunds: [i64; 8],
}

impl DayGroups {
    /// Reads the answer.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let sums: [i64; 18] = amounts(&fields(data))?;
        let mut groups = Self {
            sales: [0; 8],
            refunds: [0; 8],
        };
        let all = groups.sales.iter_mut().chain(&mut groups.refunds);
        // The ninth number of each half is the sum of its groups.
        let [sales @ .., _, _, _, _, _, _, _, _, _, _] = sums;
        let [_, _, _, _, _, _, _, _, _, refunds @ .., _] = sums;
        all.zip(sales.into_iter().chain(refunds))
            .for_each(|(sum, read)| *sum = read);
        Some(groups)
    }

    /// Writes the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for half in [self.sales, self.refunds] {
            let sum = half
                .iter()
                .fold(0, |sum, one| i64::saturating_add(sum, *one));
            out.extend(written(&half).chain([decimal(sum, 2)]));
        }
        joined(&out)
    }
}

/// The model and the firmware (21h).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The digits of the type of the device.
    pub device_type: String,
    /// The number of its certificate.
    pub certificate: String,
    /// The time of its certificate, `DD-MM-YYYY HH:MM`.
    pub certified_at: String,
    /// The name of the model.
    pub model: String,
    /// The firmware and its checksum.
    pub firmware: String,
}

impl Version {
    /// Reads the answer. The manual has no separator at its end; an M20 sends one (erpnet/ErpNet.FP,
    /// `BgTremolZfpFiscalPrinterDriver`).
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let fields = fields(data.strip_suffix(b";").unwrap_or(data));
        let [device_type, certificate, certified_at, model, firmware] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            device_type: device_type.clone(),
            certificate: certificate.clone(),
            certified_at: certified_at.clone(),
            model: model.clone(),
            firmware: firmware.clone(),
        })
    }

    /// Writes the answer.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        joined(&[
            self.device_type.clone(),
            self.certificate.clone(),
            self.certified_at.clone(),
            self.model.clone(),
            self.firmware.clone(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_receipt_is_read_and_written() {
        let receipt = CurrentReceipt {
            vat: true,
            detailed: true,
            open: true,
            sales: 2,
            groups: [825, 1_033, 0, 0, 5, 0, 0, 7],
            payment_begun: true,
            paid: false,
            power_failed: false,
            kind: KIND_REFUND,
            change: 0,
            number: 103,
        };
        let data = b"1;002;8.25;10.33;0.00;1;1;1;1;0;0;4;0.00;0;0.00;0.05;0.00;0.00;0.07;000103";
        assert_eq!(receipt.emit(), data);
        assert_eq!(CurrentReceipt::parse(data), Some(receipt));
        assert_eq!(CurrentReceipt::parse(b"0"), Some(CurrentReceipt::default()));
        for wrong in [&b""[..], b"1", b"0;0", b"F", b"2;002;8.25"] {
            assert_eq!(CurrentReceipt::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_code_of_a_receipt_is_read_with_and_without_zeros() {
        let data = b"02700001*0000103*2026-11-28*16:31:07*18.58";
        let code = ReceiptCode::parse(data).unwrap();
        assert_eq!((code.number, code.sum), (103, 1_858));
        assert_eq!(code.at, "2026-11-28 16:31:07");
        assert_eq!(code.emit(), data);
        let short = ReceiptCode::parse(b"02700001*103*2026-11-28*16:31*18.58").unwrap();
        assert_eq!(short.number, 103);
        assert_eq!(ReceiptCode::parse(b"02700001*103*2026-11-28*18.58"), None);
    }

    #[test]
    fn sales_and_refunds_of_the_day_are_not_mixed() {
        let groups = DayGroups {
            sales: [1, 2, 3, 4, 5, 6, 7, 8],
            refunds: [10, 20, 30, 40, 50, 60, 70, 80],
        };
        assert_eq!(DayGroups::parse(&groups.emit()), Some(groups));
        assert!(groups.emit().starts_with(b"0.01;0.02;"));
    }

    #[test]
    fn the_last_numbers_are_read_and_written() {
        let data = b"27-11-2026;12;0;000103;28-11-2026 16:31;1;4";
        let last = LastNumbers::parse(data).unwrap();
        assert_eq!(
            (last.z_number, last.document, last.kind),
            (12, 103, Some(4))
        );
        assert_eq!(last.emit(), data);
        let old = LastNumbers::parse(b"27-11-2026;12;0;0103").unwrap();
        assert_eq!((old.document, old.kind), (103, None));
        let version = b"2;014;01-03-2019 10:00;TREMOL FP15;Ver. 1.00 TRA20 C.S. 2EB3";
        assert_eq!(Version::parse(version).unwrap().model, "TREMOL FP15");
        assert_eq!(Version::parse(version).unwrap().emit(), version);
        let of_m20 = b"1;784;04-02-2019 08:00;TREMOL M20; Ver. 1.01 TRA20 C.S. 2541;";
        let of_m20 = Version::parse(of_m20).unwrap();
        assert_eq!(
            (of_m20.model.as_str(), of_m20.firmware.as_str()),
            ("TREMOL M20", "Ver. 1.01 TRA20 C.S. 2541")
        );
    }
}
