//! The trading day that the demo plays, through the agent's own API: cash in, a sale, a sale whose close answer is lost,
//! office down, alternative receipts, office up, fiscal receipts again, a return, X, Z, and everything told to the office.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use ferrotill_core::scale;
use ferrotill_device::emulator::{FaultKind, FaultOrder, Rig};

use super::Voice;
use super::client::{Client, Reply};
use crate::api::json::JsonValue;
use crate::object;
use crate::simulator::tax_office::{AuthorityCondition, TaxOfficeSimulator};

/// What came of the day.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    pub(super) fiscal_receipts: u32,
    pub(super) alternative_receipts: u32,
    pub(super) returns: u32,
    pub(super) cash_operations: u32,
    pub(super) z_number: u32,
    pub(super) reconciled: bool,
    pub(super) unsent: u32,
}

impl Day {
    pub(super) fn line(&self) -> JsonValue {
        object! { "day" => object! {
            "fiscal_receipts" => self.fiscal_receipts,
            "alternative_receipts" => self.alternative_receipts,
            "returns" => self.returns,
            "cash_operations" => self.cash_operations,
            "z_number" => self.z_number,
            "reconciled" => self.reconciled,
            "unsent" => self.unsent,
        } }
    }
}

/// Who takes part in the day.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) rig: Arc<Rig>,
    pub(super) office: TaxOfficeSimulator,
    pub(super) voice: Voice,
    /// The printer's last document before the day.
    pub(super) last_document: u32,
}

/// Sales that it may take until the till has noticed that the office is gone or back.
const SALES_MAX: u32 = 600;
/// The pause between two sales of the day.
const BETWEEN_SALES: Duration = Duration::from_millis(200);
/// The office gets everything within so many looks.
const LOOKS_MAX: u32 = 600;
/// Cash put into the drawer in the morning, in minor units.
const FLOAT_MINOR: i64 = 10_000;

/// The sale of the first document, as it stands there.
const SEED_SALE: &str = r#"{"ReceiptMode":"FiscalReceiptOnly","SendToEmail":true,"EmailAddress":"test@mail.com","SendToPhone":true,"PhoneNumber":"079000001","Items":[{"Name":"Piine Praga (Franzeluta)","Quantity":2.000,"Price":8.10,"ModifierMode":"ByPercent","ModifierValue":-15.00,"TaxGroupCode":"B"},{"Name":"Gura Cainarului 1.5l Necarbogazoasa","Quantity":1.000,"Price":12.00,"ModifierMode":"ByAmount","ModifierValue":-1.00,"TaxGroupCode":"A"}],"Payments":[{"TypeCode":1,"Amount":15.00,"UseBankTerminal":true},{"TypeCode":0,"Amount":10.00,"UseBankTerminal":false}],"AmountModifications":[{"Mode":"ByPercent","Value":-25.00}]}"#;

/// A small sale without a receipt mode: which receipt it gets is the till's decision.
const SMALL_SALE: &str = r#"{"items":[{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":30}]}"#;

/// Plays the day.
pub(super) fn play(stage: &Stage) -> anyhow::Result<Day> {
    let mut day = Day::default();
    let voice = stage.voice;
    stage.created("cash in", "cashoperations", r#"{"amount":100.00}"#)?;
    day.cash_operations += 1;
    voice.say("cash in: 100.00");

    let seed = stage.created("the first sale", "operations/sale", SEED_SALE)?;
    let seed_id = seed
        .body
        .path("data.fiscalReceipt.id")
        .map(|id| id.words().to_owned())
        .unwrap_or_default();
    stage.sold(&mut day, &seed)?;

    stage.rig.add_fault(FaultOrder {
        kind: FaultKind::DropAnswer,
        command: Some(0x38),
        times: 1,
        ms: 0,
    });
    let sale = stage.created(
        "a sale whose close answer is lost",
        "operations/sale",
        SMALL_SALE,
    )?;
    stage.sold(&mut day, &sale)?;
    voice.say("  (the printer's answer to the close was lost; the till asked again and found it registered)");

    stage.office.set(AuthorityCondition::Down, Duration::ZERO);
    voice.say("the tax office goes down");
    stage.sell_until(&mut day, |day| day.alternative_receipts >= 3)?;
    stage.office.set(AuthorityCondition::Up, Duration::ZERO);
    voice.say("the tax office is back");
    let fiscal = day.fiscal_receipts;
    stage.sell_until(&mut day, |day| day.fiscal_receipts > fiscal)?;

    let refund = format!(
        r#"{{"originalReceiptId":"{seed_id}","items":[{{"name":"Gura Cainarului 1.5l Necarbogazoasa","quantity":1,"price":12.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":8.25}}]}}"#
    );
    stage.created("a return", "operations/return", &refund)?;
    day.returns += 1;
    voice.say("return: 8.25");

    stage.created("X", "operations/intermediatetotals", "{}")?;
    voice.say("X-report");
    let z = stage.created("Z", "operations/closeday", "{}")?;
    let z = z.body.path("data").cloned().unwrap_or(JsonValue::Null);
    day.z_number = z
        .path("additionalData.zNumber")
        .and_then(|number| number.words().parse().ok())
        .unwrap_or(0);
    voice.say(&format!(
        "Z-report {}: {}",
        day.z_number,
        z.path("totalAmount")
            .map(JsonValue::words)
            .unwrap_or_default()
    ));

    day.unsent = stage.wait_for_office()?;
    day.reconciled = stage.reconciles(&day, &z)?;
    voice.say(&format!(
        "the day: {} fiscal receipts, {} alternative receipts, {} returns; {}; unsent documents: {}",
        day.fiscal_receipts,
        day.alternative_receipts,
        day.returns,
        if day.reconciled { "receipts, printer, Z-report and tax office agree" } else { "the books DO NOT agree" },
        day.unsent
    ));
    Ok(day)
}

impl Stage {
    fn created(&self, what: &str, operation: &str, body: &str) -> anyhow::Result<Reply> {
        let reply = self
            .client
            .post(operation, body)
            .with_context(|| format!("{what}: the agent does not answer"))?;
        if reply.status != 200 || reply.state != "registered" {
            let words = reply
                .body
                .path("message")
                .map(JsonValue::words)
                .unwrap_or_default();
            bail!("{what}: HTTP {}, {}: {words}", reply.status, reply.state);
        }
        Ok(reply)
    }

    fn sold(&self, day: &mut Day, reply: &Reply) -> anyhow::Result<()> {
        let (count, name) = match reply.body.path("data.receiptType").map(JsonValue::words) {
            Some("FiscalReceipt") => (&mut day.fiscal_receipts, "fiscalReceipt"),
            Some("AlternativeReceipt") => (&mut day.alternative_receipts, "alternativeReceipt"),
            other => bail!("a sale without a receipt type: {other:?}"),
        };
        *count += 1;
        let of = |field: &str| {
            reply
                .body
                .path(&format!("data.{name}.{field}"))
                .map(JsonValue::words)
                .unwrap_or_default()
        };
        let number = match name {
            "alternativeReceipt" => format!("alternative receipt {}", of("seriesAndNumber")),
            _ => format!("fiscal receipt {}", of("numberPresentation")),
        };
        self.voice
            .say(&format!("sale: {} ({number})", of("totalAmount")));
        Ok(())
    }

    fn sell_until(&self, day: &mut Day, enough: impl Fn(&Day) -> bool) -> anyhow::Result<()> {
        for _ in 0..SALES_MAX {
            let reply = self.created("a sale", "operations/sale", SMALL_SALE)?;
            self.sold(day, &reply)?;
            if enough(day) {
                return Ok(());
            }
            std::thread::sleep(BETWEEN_SALES);
        }
        bail!("the till has not noticed the tax office within {SALES_MAX} sales")
    }

    fn wait_for_office(&self) -> anyhow::Result<u32> {
        for _ in 0..LOOKS_MAX {
            let health = self.client.open("/healthz")?;
            let unsent = health
                .path("unsent.documents")
                .and_then(|count| count.words().parse().ok())
                .unwrap_or(u32::MAX);
            if unsent == 0 {
                return Ok(0);
            }
            std::thread::sleep(BETWEEN_SALES);
        }
        let health = self.client.open("/healthz")?;
        Ok(health
            .path("unsent.documents")
            .and_then(|count| count.words().parse().ok())
            .unwrap_or(u32::MAX))
    }

    /// Receipts, printer, Z-report and tax office, each read from where it lives, to the minor unit.
    fn reconciles(&self, day: &Day, z: &JsonValue) -> anyhow::Result<bool> {
        let listed = self.client.get("receipts/full?count=1000")?;
        let z_id = z.path("id").map(JsonValue::words).unwrap_or_default();
        let (receipts, receipt_count) = sum_of_shift(listed.body.path("data.data"), z_id)?;
        let refunds = self.client.get("returnreceipts/full?count=1000")?;
        let (refunded, refund_count) = sum_of_shift(refunds.body.path("data.data"), z_id)?;
        let z_total = minor(z.path("totalAmount"))?;
        let z_refunds = minor(z.path("additionalData.refunds.amount"))?;
        let by_z = z.path("additionalData.reconciliation.agrees") == Some(&JsonValue::Bool(true));

        let printed = self.rig.snapshot(true);
        let by_kind = |kind: &str| {
            let of_kind = printed
                .fiscal_receipts
                .iter()
                .filter(|receipt| receipt.document > self.last_document && receipt.kind == kind);
            of_kind.fold((0_i64, 0_u32), |(sum, count), receipt| {
                (
                    sum.saturating_add(scale::parse(&receipt.total, 2).unwrap_or(i64::MAX)),
                    count + 1,
                )
            })
        };
        let office = self.told("sale", "totalAmount")?;
        let office_refunds = self.told("refund", "totalAmount")?;
        let (alternative, _) = self.told("alternative_receipt", "totalAmount")?;
        let (z_at_office, z_count) = self.told("z_report", "totals.sale.amount")?;
        let z_alternative = minor(z.path("additionalData.alternative.amount"))?;
        let cash = minor(z.path("finalBalance"))?;
        let stored = self.client.open(&format!("/operations/{z_id}"))?;
        let stored = stored.path("reconciliation");
        let by_books =
            stored.and_then(|stored| stored.get("agrees")) == Some(&JsonValue::Bool(true));
        let acknowledged = stored
            .and_then(|stored| stored.get("acknowledged_at"))
            .is_some_and(|at| *at != JsonValue::Null);

        let checks = [
            (
                "receipts and Z-report",
                receipts == z_total && receipt_count == day.fiscal_receipts,
            ),
            (
                "returns and Z-report",
                refunded == z_refunds && refund_count == day.returns,
            ),
            (
                "printer and Z-report",
                by_kind("sale") == (z_total, receipt_count),
            ),
            (
                "printer's returns and Z-report",
                by_kind("refund") == (z_refunds, refund_count),
            ),
            (
                "printer's own counters",
                by_z && printed.z_number == day.z_number,
            ),
            (
                "tax office and receipts",
                office == (receipts, receipt_count),
            ),
            (
                "tax office and returns",
                office_refunds == (refunded, refund_count),
            ),
            (
                "tax office and alternative receipts",
                alternative == z_alternative,
            ),
            (
                "tax office and Z-report",
                (z_at_office, z_count) == (z_total, 1),
            ),
            ("cash", cash >= FLOAT_MINOR),
            (
                "documents, report, printer and tax office in the books",
                by_books && acknowledged,
            ),
        ];
        for (what, agrees) in checks {
            if !agrees {
                self.voice.say(&format!("  {what} do not agree"));
            }
        }
        Ok(checks.iter().all(|(_, agrees)| *agrees))
    }

    /// Sum and count of what the office was told of a kind, in minor units.
    fn told(&self, kind: &str, path: &str) -> anyhow::Result<(i64, u32)> {
        let (mut sum, mut count) = (0_i64, 0);
        for received in self
            .office
            .received()
            .iter()
            .filter(|received| received.kind == kind)
        {
            let body =
                JsonValue::parse(received.body.get().as_bytes()).map_err(anyhow::Error::msg)?;
            let amount: i64 = body
                .path(path)
                .context("a document without an amount")?
                .words()
                .parse()?;
            sum = sum.saturating_add(amount);
            count += 1;
        }
        Ok((sum, count))
    }
}

/// Sum and count of the documents of a shift, which its Z-report names.
fn sum_of_shift(list: Option<&JsonValue>, z_id: &str) -> anyhow::Result<(i64, u32)> {
    let Some(JsonValue::Array(items)) = list else {
        bail!("a list is missing")
    };
    let (mut sum, mut count) = (0_i64, 0);
    for item in items
        .iter()
        .filter(|item| item.get("zReportId").map(JsonValue::words) == Some(z_id))
    {
        sum = sum.saturating_add(minor(item.get("totalAmount"))?);
        count += 1;
    }
    Ok((sum, count))
}

fn minor(amount: Option<&JsonValue>) -> anyhow::Result<i64> {
    let text = amount.map(JsonValue::words).unwrap_or_default();
    ensure!(!text.is_empty(), "an amount is missing");
    Ok(scale::parse(text, 2)?)
}
