//! The trading day of the demo, played through the agent's own API: cash in, a sale, a sale whose answer from the printer is lost,
//! alternative receipts while the authority is down, fiscal receipts again, a return, an X-report, a Z-report, and all documents sent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use ferrotill_core::profile::Profile;
use ferrotill_core::scale;
use ferrotill_device::emulator::{FaultKind, FaultOrder, Rig};

use super::CliOutput;
use super::client::{Client, Reply};
use super::words::counted;
use crate::api::json::JsonValue;
use crate::object;
use crate::seal::fiscal_module::software::SoftwareModule;
use crate::seal::signature::units::Units;
use crate::simulator::finanz_online::FinanzOnlineSimulator;
use crate::simulator::tax_office::{AuthorityCondition, TaxOfficeSimulator};
use crate::time::clock::Clock;

/// The result of the trading day.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    pub(super) fiscal_receipts: u32,
    pub(super) alternative_receipts: u32,
    pub(super) returns: u32,
    pub(super) cash_operations: u32,
    pub(super) z_number: u32,
    /// Whether receipts, printer, Z-report and authority agree.
    pub(super) reconciled: bool,
    /// The number of documents that the authority has not acknowledged.
    pub(super) unsent: u32,
    /// The figures that only some countries have, as the last line of the demo shows them.
    pub(super) more: Vec<(&'static str, JsonValue)>,
}

impl Day {
    /// The last line of `demo --once --json`.
    pub(super) fn line(&self) -> JsonValue {
        let mut members = vec![
            ("fiscal_receipts".into(), self.fiscal_receipts.into()),
            (
                "alternative_receipts".into(),
                self.alternative_receipts.into(),
            ),
            ("returns".into(), self.returns.into()),
            ("cash_operations".into(), self.cash_operations.into()),
            ("z_number".into(), self.z_number.into()),
            ("reconciled".into(), self.reconciled.into()),
            ("unsent".into(), self.unsent.into()),
        ];
        let more = self.more.iter();
        members.extend(more.map(|(name, value)| ((*name).into(), value.clone())));
        object! { "day" => JsonValue::Object(members) }
    }

    /// The day in one sentence for people.
    pub(super) fn sentence(&self) -> String {
        format!(
            "the day: {}, {}, {}; {}; {}",
            counted(self.fiscal_receipts, "fiscal receipt"),
            counted(self.alternative_receipts, "alternative receipt"),
            counted(self.returns, "return"),
            if self.reconciled {
                "receipts, printer, Z-report and authority agree"
            } else {
                "receipts, printer, Z-report and authority DO NOT agree"
            },
            match self.unsent {
                0 => "the authority has every document".to_owned(),
                unsent => format!(
                    "the authority does not have {}",
                    counted(unsent, "document")
                ),
            }
        )
    }
}

/// The programs that take part in the trading day.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) rig: Arc<Rig>,
    pub(super) authority: TaxOfficeSimulator,
    pub(super) output: CliOutput,
    /// The number of the printer's last document before the day.
    pub(super) last_document: u32,
    /// The law of the country.
    pub(super) profile: &'static dyn Profile,
    /// The signature units; `None` where the law has no receipts signed.
    pub(super) units: Option<Arc<Units>>,
    /// The fiscal module in software; `None` where the law asks for none.
    pub(super) module: Option<Arc<SoftwareModule>>,
    /// The clock of the till.
    pub(super) clock: Arc<Clock>,
    /// The simulated web services with which units and cash boxes are registered.
    pub(super) registrations: FinanzOnlineSimulator,
    /// The configuration of the demo.
    pub(super) config: PathBuf,
}

/// The largest number of sales until the till must have noticed that the authority is down, or is up again.
const SALES_MAX: u32 = 600;
/// The pause between two sales, and between two checks whether everything is sent.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// The largest number of checks whether everything is sent.
pub(super) const QUESTIONS_MAX: u32 = 600;
/// Cash that is put into the drawer in the morning, in minor units.
const FLOAT_MINOR: i64 = 10_000;
/// The command that closes a receipt, in the protocol of the demo's printer.
const CLOSE_COMMAND: u8 = 0x38;

/// The sale of the public FiscalCloud samples, unchanged.
const SAMPLE_SALE: &str = r#"{"ReceiptMode":"FiscalReceiptOnly","SendToEmail":true,"EmailAddress":"test@mail.com","SendToPhone":true,"PhoneNumber":"079000001","Items":[{"Name":"Piine Praga (Franzeluta)","Quantity":2.000,"Price":8.10,"ModifierMode":"ByPercent","ModifierValue":-15.00,"TaxGroupCode":"B"},{"Name":"Gura Cainarului 1.5l Necarbogazoasa","Quantity":1.000,"Price":12.00,"ModifierMode":"ByAmount","ModifierValue":-1.00,"TaxGroupCode":"A"}],"Payments":[{"TypeCode":1,"Amount":15.00,"UseBankTerminal":true},{"TypeCode":0,"Amount":10.00,"UseBankTerminal":false}],"AmountModifications":[{"Mode":"ByPercent","Value":-25.00}]}"#;

/// A small sale without a receipt mode, so that the till decides which receipt it gets.
const SMALL_SALE: &str = r#"{"items":[{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":30}]}"#;

/// Plays the trading day of a country whose law asks for a fiscal printer.
pub(super) fn play_with_a_fiscal_printer(stage: &Stage) -> anyhow::Result<Day> {
    let mut day = Day::default();
    let output = stage.output;
    stage.created("cash in", "cashoperations", r#"{"amount":100.00}"#)?;
    day.cash_operations = day.cash_operations.saturating_add(1);
    output.text("cash in: 100.00");

    let first = stage.created("the first sale", "operations/sale", SAMPLE_SALE)?;
    stage.count_sale(&mut day, &first)?;
    stage.sell_with_a_lost_answer(&mut day)?;
    stage.sell_without_the_authority(&mut day)?;
    let first_id = first.body.path("data.fiscalReceipt.id");
    stage.give_back(&mut day, first_id.map_or("", JsonValue::scalar))?;
    let z = stage.close_day(&mut day)?;

    day.unsent = stage.wait_until_sent()?;
    day.reconciled = stage.reconciles(&day, &z)?;
    output.text(&day.sentence());
    Ok(day)
}

/// The parts of the trading day.
impl Stage {
    fn sell_with_a_lost_answer(&self, day: &mut Day) -> anyhow::Result<()> {
        self.rig.add_fault(FaultOrder {
            kind: FaultKind::DropAnswer,
            command: Some(CLOSE_COMMAND),
            times: 1,
            ms: 0,
        });
        let what = "a sale whose close answer is lost";
        let sale = self.created(what, "operations/sale", SMALL_SALE)?;
        self.count_sale(day, &sale)?;
        self.output.text(
            "  (the printer's answer to the close was lost; the till asked again and found the receipt registered)",
        );
        Ok(())
    }

    /// Sells until there are alternative receipts, and then until there are fiscal receipts again.
    fn sell_without_the_authority(&self, day: &mut Day) -> anyhow::Result<()> {
        self.authority.set(AuthorityCondition::Down, Duration::ZERO);
        self.output.text("the authority goes down");
        self.sell_until(day, |day| day.alternative_receipts >= 3)?;
        self.authority.set(AuthorityCondition::Up, Duration::ZERO);
        self.output.text("the authority is up again");
        let fiscal = day.fiscal_receipts;
        self.sell_until(day, |day| day.fiscal_receipts > fiscal)
    }

    /// Returns a line of an earlier sale.
    fn give_back(&self, day: &mut Day, original: &str) -> anyhow::Result<()> {
        let refund = format!(
            r#"{{"originalReceiptId":"{original}","items":[{{"name":"Gura Cainarului 1.5l Necarbogazoasa","quantity":1,"price":12.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":8.25}}]}}"#
        );
        self.created("a return", "operations/return", &refund)?;
        day.returns = day.returns.saturating_add(1);
        self.output.text("return: 8.25");
        Ok(())
    }

    /// Orders an X-report and a Z-report, and returns the Z-report.
    pub(super) fn close_day(&self, day: &mut Day) -> anyhow::Result<JsonValue> {
        self.created("X", "operations/intermediatetotals", "{}")?;
        self.output.text("X-report");
        let z = self.created("Z", "operations/closeday", "{}")?;
        let z = z.body.path("data").cloned().unwrap_or(JsonValue::Null);
        day.z_number = z
            .path("additionalData.zNumber")
            .and_then(|number| number.scalar().parse().ok())
            .unwrap_or(0);
        let total = z.path("totalAmount").map_or("", JsonValue::scalar);
        self.output
            .text(&format!("Z-report {}: {total}", day.z_number));
        Ok(z)
    }
}

impl Stage {
    /// Sends a request that must be answered with `registered`.
    pub(super) fn created(&self, what: &str, operation: &str, body: &str) -> anyhow::Result<Reply> {
        let reply = self
            .client
            .post(operation, body)
            .with_context(|| format!("{what}: the agent does not answer"))?;
        if reply.status != 200 || reply.state != "registered" {
            let message = reply.body.path("message").map_or("", JsonValue::scalar);
            bail!("{what}: HTTP {}, {}: {message}", reply.status, reply.state);
        }
        Ok(reply)
    }

    /// Counts a sale by the type of its receipt.
    pub(super) fn count_sale(&self, day: &mut Day, reply: &Reply) -> anyhow::Result<()> {
        let receipt_type = reply.body.path("data.receiptType");
        let (count, name) = match receipt_type.map(JsonValue::scalar) {
            Some("FiscalReceipt") => (&mut day.fiscal_receipts, "fiscalReceipt"),
            Some("AlternativeReceipt") => (&mut day.alternative_receipts, "alternativeReceipt"),
            other => bail!("the answer to a sale has no known receipt type: {other:?}"),
        };
        *count = count.saturating_add(1);
        let of = |field: &str| {
            let value = reply.body.path(&format!("data.{name}.{field}"));
            value.map_or("", JsonValue::scalar)
        };
        let receipt = match name {
            "alternativeReceipt" => format!("alternative receipt {}", of("seriesAndNumber")),
            _ => match (
                of("additionalData.printer.fiscalReceipt"),
                of("additionalData.fiscalNumber"),
            ) {
                ("", "") => "fiscal receipt".to_owned(),
                ("", number) => format!("fiscal number {number}"),
                (number, _) => format!("fiscal receipt {number} of the printer"),
            },
        };
        self.output.text(&format!(
            "sale: {} ({receipt}; document {})",
            of("totalAmount"),
            of("number")
        ));
        Ok(())
    }

    fn sell_until(&self, day: &mut Day, enough: impl Fn(&Day) -> bool) -> anyhow::Result<()> {
        for _ in 0..SALES_MAX {
            let reply = self.created("a sale", "operations/sale", SMALL_SALE)?;
            self.count_sale(day, &reply)?;
            if enough(day) {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        bail!(
            "within {SALES_MAX} sales the till has not noticed that the authority is down, or up again"
        )
    }

    /// Waits until the authority has acknowledged all documents. Returns the number of documents that it has still not
    /// acknowledged.
    pub(super) fn wait_until_sent(&self) -> anyhow::Result<u32> {
        for _ in 0..QUESTIONS_MAX {
            if self.unsent()? == 0 {
                return Ok(0);
            }
            std::thread::sleep(PAUSE);
        }
        self.unsent()
    }

    fn unsent(&self) -> anyhow::Result<u32> {
        let health = self.client.open("/healthz")?;
        Ok(health
            .path("unsent.documents")
            .and_then(|count| count.scalar().parse().ok())
            .unwrap_or(u32::MAX))
    }

    /// Compares the sums of receipts, printer, Z-report and authority to the minor unit. Each sum is read at its source.
    fn reconciles(&self, day: &Day, z: &JsonValue) -> anyhow::Result<bool> {
        let z_id = z.path("id").map_or("", JsonValue::scalar);
        let sums = ShiftSums {
            receipts: self.listed("receipts/full", z_id)?,
            refunds: self.listed("returnreceipts/full", z_id)?,
            z_total: minor(z.path("totalAmount"))?,
            z_refunds: minor(z.path("additionalData.refunds.amount"))?,
        };
        let mut checks = vec![
            (
                "receipts and Z-report",
                sums.receipts == (sums.z_total, day.fiscal_receipts),
            ),
            (
                "returns and Z-report",
                sums.refunds == (sums.z_refunds, day.returns),
            ),
        ];
        checks.extend(self.printer_checks(day, z, &sums));
        checks.extend(self.authority_checks(z, &sums)?);
        checks.extend(self.stored_checks(z, z_id)?);
        for (what, agrees) in &checks {
            if !agrees {
                self.output.text(&format!("  {what} do not agree"));
            }
        }
        Ok(checks.iter().all(|(_, agrees)| *agrees))
    }

    fn printer_checks(&self, day: &Day, z: &JsonValue, sums: &ShiftSums) -> [Check; 3] {
        let printed = self.rig.snapshot(true);
        let by_kind = |kind: &str| {
            let of_kind = printed
                .fiscal_receipts
                .iter()
                .filter(|receipt| receipt.document > self.last_document && receipt.kind == kind);
            of_kind.fold((0_i64, 0_u32), |(sum, count), receipt| {
                let total = scale::parse(&receipt.total, 2).unwrap_or(i64::MAX);
                (sum.saturating_add(total), count.saturating_add(1))
            })
        };
        let agrees = z.path("additionalData.reconciliation.agrees");
        [
            (
                "printer and Z-report",
                by_kind("sale") == (sums.z_total, sums.receipts.1),
            ),
            (
                "printer's returns and Z-report",
                by_kind("refund") == (sums.z_refunds, sums.refunds.1),
            ),
            (
                "printer's own counters",
                agrees == Some(&JsonValue::Bool(true)) && printed.z_number == day.z_number,
            ),
        ]
    }

    fn authority_checks(&self, z: &JsonValue, sums: &ShiftSums) -> anyhow::Result<[Check; 4]> {
        let (alternative, _) = self.received("alternative_receipt", "totalAmount")?;
        let z_alternative = minor(z.path("additionalData.alternative.amount"))?;
        let z_received = self.received("z_report", "totals.sale.amount")?;
        Ok([
            (
                "authority and receipts",
                self.received("sale", "totalAmount")? == sums.receipts,
            ),
            (
                "authority and returns",
                self.received("refund", "totalAmount")? == sums.refunds,
            ),
            (
                "authority and alternative receipts",
                alternative == z_alternative,
            ),
            ("authority and Z-report", z_received == (sums.z_total, 1)),
        ])
    }

    pub(super) fn stored_checks(&self, z: &JsonValue, z_id: &str) -> anyhow::Result<[Check; 2]> {
        let stored = self.client.open(&format!("/operations/{z_id}"))?;
        let reconciliation = stored.path("reconciliation");
        let field = |name| reconciliation.and_then(|stored| stored.get(name));
        let agrees = field("agrees") == Some(&JsonValue::Bool(true));
        let acknowledged = field("acknowledged_at").is_some_and(|at| *at != JsonValue::Null);
        Ok([
            ("cash", minor(z.path("finalBalance"))? >= FLOAT_MINOR),
            (
                "documents, report, printer and authority in the store",
                agrees && acknowledged,
            ),
        ])
    }

    /// Sum in minor units and count of the listed documents of a shift.
    pub(super) fn listed(&self, list: &str, z_id: &str) -> anyhow::Result<(i64, u32)> {
        let listed = self.client.get(&format!("{list}?count=1000"))?;
        sum_of_shift(listed.body.path("data.data"), z_id)
    }

    /// Sum in minor units and count of the documents of one kind that the authority has received.
    pub(super) fn received(&self, kind: &str, path: &str) -> anyhow::Result<(i64, u32)> {
        let (mut sum, mut count) = (0_i64, 0_u32);
        for received in self
            .authority
            .received()
            .iter()
            .filter(|received| received.kind == kind)
        {
            let body =
                JsonValue::parse(received.body.get().as_bytes()).map_err(anyhow::Error::msg)?;
            let amount: i64 = body
                .path(path)
                .context("a document without an amount")?
                .scalar()
                .parse()?;
            sum = sum.saturating_add(amount);
            count = count.saturating_add(1);
        }
        Ok((sum, count))
    }
}

/// The name of a comparison, and true if both sides are equal.
pub(super) type Check = (&'static str, bool);

/// The sums in minor units, and the counts, of the shift.
struct ShiftSums {
    receipts: (i64, u32),
    refunds: (i64, u32),
    z_total: i64,
    z_refunds: i64,
}

/// Sum in minor units and count of the documents of a shift; `z_id` is the id of the shift's Z-report.
fn sum_of_shift(list: Option<&JsonValue>, z_id: &str) -> anyhow::Result<(i64, u32)> {
    let Some(JsonValue::Array(items)) = list else {
        bail!("the answer has no list of documents")
    };
    let (mut sum, mut count) = (0_i64, 0_u32);
    for item in items
        .iter()
        .filter(|item| item.get("zReportId").map(JsonValue::scalar) == Some(z_id))
    {
        sum = sum.saturating_add(minor(item.get("totalAmount"))?);
        count = count.saturating_add(1);
    }
    Ok((sum, count))
}

pub(super) fn minor(amount: Option<&JsonValue>) -> anyhow::Result<i64> {
    let text = amount.map(JsonValue::scalar).unwrap_or_default();
    ensure!(!text.is_empty(), "an amount is missing");
    Ok(scale::parse(text, 2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_counted_in_the_singular() {
        let day = Day {
            fiscal_receipts: 1,
            returns: 2,
            unsent: 1,
            ..Day::default()
        };
        let sentence = day.sentence();
        for part in [
            "1 fiscal receipt,",
            "0 alternative receipts,",
            "2 returns;",
            "not have 1 document",
        ] {
            assert!(sentence.contains(part), "{sentence}");
        }
    }
}
