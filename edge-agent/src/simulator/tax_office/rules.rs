//! The authority's rules for documents in the Online-ECR form, and the error texts of its refusals.
//!
//! Rules and texts are from the published descriptions of SALE, DEPOSIT, WITHDRAW and Z-REPORT (`docs/protocols/online-ecr.md`).
//! The longest shift and the list of payment types are not published. Here a shift may last a day, and the payment types are the two of the published examples.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use crate::time::clock::iso_utc;
use ferrotill_core::duty::DutyKind;

/// The longest shift that the simulator accepts, in milliseconds.
const SHIFT_MS_MAX: i64 = 24 * 3_600_000;
/// The payment types that the simulator accepts.
const MEANS: [&str; 2] = ["CASH", "CARD"];

/// What the simulator remembers of accepted documents, to check the next one.
#[derive(Debug, Default)]
pub(super) struct AcceptedDocuments {
    /// Shifts whose Z-report was accepted: device and shift number.
    reported: HashSet<(String, u32)>,
    /// Used document numbers: device, shift number and document number.
    numbers: HashSet<(String, u32, u32)>,
    /// The times of the first and the newest document of each shift, in milliseconds since the epoch.
    times: HashMap<(String, u32), (i64, i64)>,
    /// Used fiscal numbers: device and number.
    fiscal_numbers: HashSet<(String, u64)>,
    /// The items of each receipt by its fiscal number, or without one by the number of its message.
    receipts: HashMap<(String, u64), Vec<Item>>,
}

impl AcceptedDocuments {
    /// Accepts a document, or returns the error text of the refusal. A refused document changes nothing.
    pub(super) fn accept(&mut self, kind: DutyKind, text: &[u8]) -> Result<(), String> {
        match kind {
            DutyKind::Sale | DutyKind::Refund | DutyKind::AlternativeReceipt => {
                self.accept_receipt(kind, read(text)?)
            }
            DutyKind::Deposit | DutyKind::Withdraw => self.accept_cash(&read(text)?),
            DutyKind::ZReport => self.accept_z_report(&read(text)?),
        }
    }

    fn accept_receipt(&mut self, kind: DutyKind, receipt: Receipt) -> Result<(), String> {
        receipt.check(kind)?;
        let heading = receipt.heading();
        let at = self.check_heading(&heading)?;
        if let Some(parent) = receipt.parent_fiscal_num {
            let items = self
                .receipts
                .get(&(heading.device.clone(), parent))
                .ok_or_else(|| format!("no document with fiscal number {parent}"))?;
            within_parent(&receipt.items, items)?;
        }
        self.remember_heading(&heading, at);
        let number = receipt.fiscal_num.unwrap_or(receipt.message_number);
        self.receipts
            .insert((heading.device, number), receipt.items);
        Ok(())
    }

    fn accept_cash(&mut self, operation: &Cash) -> Result<(), String> {
        if operation.total_amount <= 0 {
            return Err("total amount not equal to real amount".to_owned());
        }
        currency(&operation.currency)?;
        let heading = operation.heading();
        let at = self.check_heading(&heading)?;
        self.remember_heading(&heading, at);
        Ok(())
    }

    fn accept_z_report(&mut self, report: &ZReport) -> Result<(), String> {
        report.check()?;
        let device = device(&report.identity)?;
        let at = instant(&report.date_time)?;
        currency(&report.currency)?;
        let shift = (device.clone(), report.z_number);
        if self.reported.contains(&shift) {
            return Err(format!(
                "shift with fiscal number {} is not unique for the device",
                report.z_number
            ));
        }
        self.check_fiscal_number(&device, report.fiscal_num)?;
        if let Some((first, newest)) = self.times.get(&shift) {
            if at > first.saturating_add(SHIFT_MS_MAX) {
                return Err(format!(
                    "shift is too long (device {device}, shift {})",
                    report.z_number
                ));
            }
            if at <= *newest {
                return Err("date/time less than last document".to_owned());
            }
        }
        self.remember_fiscal_number(&device, report.fiscal_num);
        self.reported.insert(shift);
        Ok(())
    }

    fn check_heading(&self, heading: &Heading) -> Result<i64, String> {
        let at = instant(&heading.date_time)?;
        if heading.device.is_empty() {
            return Err("device with the given token not found".to_owned());
        }
        let shift = (heading.device.clone(), heading.z_number);
        let number = (
            heading.device.clone(),
            heading.z_number,
            heading.receipt_number,
        );
        if self.numbers.contains(&number) {
            return Err("document number not unique".to_owned());
        }
        if self
            .times
            .get(&shift)
            .is_some_and(|(_, newest)| at <= *newest)
        {
            return Err("date/time less than last document".to_owned());
        }
        if heading.receipt_number == 0 {
            return Err("validation error: receiptNumber".to_owned());
        }
        self.check_fiscal_number(&heading.device, heading.fiscal_num)?;
        Ok(at)
    }

    fn check_fiscal_number(&self, device: &str, number: Option<u64>) -> Result<(), String> {
        match number {
            Some(number) if self.fiscal_numbers.contains(&(device.to_owned(), number)) => {
                Err(format!("fiscal number {number} not unique"))
            }
            _ => Ok(()),
        }
    }

    fn remember_fiscal_number(&mut self, device: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.fiscal_numbers.insert((device.to_owned(), number));
        }
    }

    fn remember_heading(&mut self, heading: &Heading, at: i64) {
        self.numbers.insert((
            heading.device.clone(),
            heading.z_number,
            heading.receipt_number,
        ));
        let shift = (heading.device.clone(), heading.z_number);
        self.times.entry(shift).or_insert((at, at)).1 = at;
        self.remember_fiscal_number(&heading.device, heading.fiscal_num);
    }
}

/// The fields that identify a document: device, shift, numbers and time.
struct Heading {
    device: String,
    fiscal_num: Option<u64>,
    z_number: u32,
    receipt_number: u32,
    date_time: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    #[serde(alias = "msgID", alias = "mgsID")]
    #[serde(rename = "msgId")]
    message_number: u64,
    currency: String,
    total_amount: i64,
    z_number: u32,
    fiscal_num: Option<u64>,
    receipt_number: u32,
    parent_fiscal_num: Option<u64>,
    series: Option<String>,
    number: Option<u32>,
    #[serde(rename = "cashier")]
    _cashier: String,
    date_time: String,
    items: Vec<Item>,
    payments: Vec<Payment>,
    tax_totals: Vec<TaxTotal>,
    identity: Identity,
}

#[derive(Debug, Deserialize)]
struct Item {
    name: String,
    unit: String,
    qty: i64,
    price: i64,
    amount: i64,
    taxes: Vec<Tax>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tax {
    tax_code: String,
    tax_rate: u32,
    #[serde(rename = "taxBase")]
    _tax_base: i64,
    tax_amount: i64,
}

#[derive(Debug, Deserialize)]
struct Payment {
    #[serde(rename = "type")]
    means: String,
    amount: i64,
    #[serde(default)]
    change: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaxTotal {
    tax_code: String,
    tax_rate: u32,
    tax_amount: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    #[serde(rename = "fn")]
    device_token: String,
    #[serde(rename = "tin")]
    _tin: String,
    #[serde(rename = "shopName")]
    _shop_name: String,
    #[serde(rename = "shopAddress")]
    _shop_address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cash {
    #[serde(alias = "msgID", alias = "mgsID")]
    #[serde(rename = "msgId")]
    _message_number: u64,
    currency: String,
    total_amount: i64,
    z_number: u32,
    fiscal_num: Option<u64>,
    receipt_number: u32,
    #[serde(rename = "cashier")]
    _cashier: String,
    date_time: String,
    identity: Identity,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZReport {
    #[serde(alias = "msgID", alias = "mgsID")]
    #[serde(rename = "msgId")]
    _message_number: u64,
    currency: String,
    z_number: u32,
    fiscal_num: Option<u64>,
    first_number: u32,
    last_number: u32,
    #[serde(rename = "cashier")]
    _cashier: String,
    date_time: String,
    totals: Totals,
    payments: Sides<Payment>,
    tax_totals: Sides<TaxTotal>,
    identity: Identity,
}

#[derive(Debug, Deserialize)]
struct Totals {
    sale: Option<Total>,
    deposit: Option<Total>,
    refund: Option<Total>,
    withdraw: Option<Total>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Total {
    count: u32,
    amount: i64,
}

#[derive(Debug, Deserialize)]
struct Sides<T> {
    sale: Option<Vec<T>>,
    refund: Option<Vec<T>>,
}

impl Receipt {
    fn heading(&self) -> Heading {
        Heading {
            device: self.identity.device_token.clone(),
            fiscal_num: self.fiscal_num,
            z_number: self.z_number,
            receipt_number: self.receipt_number,
            date_time: self.date_time.clone(),
        }
    }

    fn check(&self, kind: DutyKind) -> Result<(), String> {
        currency(&self.currency)?;
        if self.items.is_empty() {
            return Err("validation error: items is empty".to_owned());
        }
        if self.items.iter().any(|item| item.taxes.is_empty()) {
            return Err("Taxes validation error".to_owned());
        }
        if kind == DutyKind::AlternativeReceipt && (self.series.is_none() || self.number.is_none())
        {
            return Err("validation error: series and number are required".to_owned());
        }
        if let Some(item) = self
            .items
            .iter()
            .find(|item| item.name.is_empty() || item.qty <= 0 || item.price < 0 || item.amount < 0)
        {
            return Err(format!("validation error: item {}", item.name));
        }
        if sum(self.items.iter().map(|item| item.amount)) != Some(self.total_amount) {
            return Err("total amount not equal to real amount".to_owned());
        }
        check_payments(&self.payments)?;
        if sum(self.payments.iter().map(|payment| payment.amount)) != Some(self.total_amount) {
            return Err("paid amount not equal to real amount".to_owned());
        }
        let mut per_code: BTreeMap<&str, i64> = BTreeMap::new();
        let taxes = || self.items.iter().flat_map(|item| &item.taxes);
        for tax in taxes() {
            let so_far = per_code.entry(&tax.tax_code).or_default();
            *so_far = so_far
                .checked_add(tax.tax_amount)
                .ok_or_else(|| "Taxes validation error".to_owned())?;
        }
        let of_items = taxes().map(|tax| (tax.tax_code.as_str(), tax.tax_rate));
        let of_totals = self
            .tax_totals
            .iter()
            .map(|tax| (tax.tax_code.as_str(), tax.tax_rate));
        one_rate_per_code(of_items.chain(of_totals))?;
        let stated: BTreeMap<&str, i64> = self
            .tax_totals
            .iter()
            .map(|tax| (tax.tax_code.as_str(), tax.tax_amount))
            .collect();
        if stated != per_code || stated.len() != self.tax_totals.len() {
            return Err("Taxes validation error".to_owned());
        }
        Ok(())
    }
}

impl Cash {
    fn heading(&self) -> Heading {
        Heading {
            device: self.identity.device_token.clone(),
            fiscal_num: self.fiscal_num,
            z_number: self.z_number,
            receipt_number: self.receipt_number,
            date_time: self.date_time.clone(),
        }
    }
}

impl ZReport {
    fn check(&self) -> Result<(), String> {
        let totals = &self.totals;
        let occurred = [totals.sale, totals.deposit, totals.refund, totals.withdraw];
        // A total without documents must be left out, and no total may be negative.
        if self.first_number > self.last_number
            || occurred
                .iter()
                .flatten()
                .any(|total| total.count == 0 || total.amount < 0)
        {
            return Err("Totals validation error".to_owned());
        }
        for (total, payments) in [
            (totals.sale, &self.payments.sale),
            (totals.refund, &self.payments.refund),
        ] {
            let payments = payments.as_deref().unwrap_or_default();
            check_payments(payments)?;
            let positive = payments.iter().all(|payment| payment.amount > 0);
            let kept = sum(payments.iter().map(|payment| payment.amount));
            if !positive || kept != Some(total.map_or(0, |total| total.amount)) {
                return Err("Payments validation error".to_owned());
            }
        }
        for (total, taxes) in [
            (totals.sale, &self.tax_totals.sale),
            (totals.refund, &self.tax_totals.refund),
        ] {
            let taxes = taxes.as_deref().unwrap_or_default();
            if total.is_none() && !taxes.is_empty() {
                return Err("Taxes validation error".to_owned());
            }
            one_rate_per_code(
                taxes
                    .iter()
                    .map(|tax| (tax.tax_code.as_str(), tax.tax_rate)),
            )?;
            if taxes.iter().any(|tax| tax.tax_amount < 0) {
                return Err("Taxes validation error".to_owned());
            }
        }
        Ok(())
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| format!("validation error: {error}"))
}

fn device(identity: &Identity) -> Result<String, String> {
    if identity.device_token.is_empty() {
        return Err("device with the given token not found".to_owned());
    }
    Ok(identity.device_token.clone())
}

/// Converts an ISO 8601 time in UTC to milliseconds since the epoch. The text must have exactly three decimals:
/// `2026-03-02T15:35:21.076Z`.
fn instant(text: &str) -> Result<i64, String> {
    let parsed = text.parse::<jiff::Timestamp>().ok();
    parsed
        .map(jiff::Timestamp::as_millisecond)
        .filter(|at| iso_utc(*at) == text)
        .ok_or_else(|| "incorrect date and time of operation".to_owned())
}

fn currency(code: &str) -> Result<(), String> {
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err("validation error: currency".to_owned())
    }
}

fn check_payments(payments: &[Payment]) -> Result<(), String> {
    for payment in payments {
        if !MEANS.contains(&payment.means.as_str()) {
            return Err(format!(
                "payment type with payment code {} not found",
                payment.means
            ));
        }
        if payment.amount < 0 || payment.change < 0 {
            return Err("Payments validation error".to_owned());
        }
    }
    Ok(())
}

fn one_rate_per_code<'a>(taxes: impl Iterator<Item = (&'a str, u32)>) -> Result<(), String> {
    let mut rates: HashMap<&str, u32> = HashMap::new();
    for (code, rate) in taxes {
        if *rates.entry(code).or_insert(rate) != rate {
            return Err("tax rates must be equal per code".to_owned());
        }
    }
    Ok(())
}

/// Every returned item must be in the original receipt, with the same name and unit and at least the same amount.
fn within_parent(items: &[Item], parent: &[Item]) -> Result<(), String> {
    for item in items {
        let mut same = parent
            .iter()
            .filter(|sold| sold.name == item.name && sold.unit == item.unit)
            .peekable();
        if same.peek().is_none() {
            return Err(format!(
                "no item with name {} and unit {}",
                item.name, item.unit
            ));
        }
        if sum(same.map(|sold| sold.amount)).is_none_or(|sold| sold < item.amount) {
            return Err(format!("amount of item {} too big", item.name));
        }
    }
    Ok(())
}

fn sum(mut amounts: impl Iterator<Item = i64>) -> Option<i64> {
    amounts.try_fold(0_i64, i64::checked_add)
}
