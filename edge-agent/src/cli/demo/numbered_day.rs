//! The trading day of a country whose law asks for fiscal numbers that the authority has reserved: cash in, a sale with a levy, a sale
//! whose cash is rounded, sales while the authority is down, a return, an X-report, a Z-report, and all documents sent.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use ferrotill_core::scale;
use ferrotill_core::tax::Bucket;

use super::files::{DemoWords, example_sale};
use crate::api::json::JsonValue;
use crate::cli::client::Reply;
use crate::cli::day::{Check, Day, PAUSE, QUESTIONS_MAX, Stage, minor};
use crate::simulator::tax_office::AuthorityCondition;

/// The number of sales while the authority is down.
const OFFLINE_SALES: u32 = 5;

/// Plays the day.
pub(super) fn play(stage: &Stage) -> anyhow::Result<Day> {
    let mut day = Day::default();
    wait_for_the_printer(stage)?;
    put_cash_in(stage)?;
    day.cash_operations = day.cash_operations.saturating_add(1);

    let (first, rounding) = sell_with_the_authority(stage, &mut day)?;
    sell_without_the_authority(stage, &mut day)?;
    give_back(stage, &mut day, &first)?;
    let z = stage.close_day(&mut day)?;
    let figures = Figures::of(stage, &z, &rounding)?;
    stage.output.text(&format!(
        "  (levy {}; cash rounding {})",
        figures.levy, figures.rounding
    ));
    day.unsent = stage.wait_until_sent()?;
    day.reconciled = reconciles(stage, &day, &z, &figures)?;
    let numbers = numbers(stage)?;
    day.more = vec![
        ("offline_receipts", OFFLINE_SALES.into()),
        ("levy", JsonValue::Number(figures.levy.clone())),
        ("cash_rounding", JsonValue::Number(figures.rounding.clone())),
        ("first_fiscal_number", numbers.first().copied().into()),
        ("last_fiscal_number", numbers.last().copied().into()),
    ];
    stage.output.text(&day.sentence());
    Ok(day)
}

/// Sells with the authority: a sale, a sale with a levy, and a sale whose cash is rounded. Returns the first answer, and the rounding.
fn sell_with_the_authority(stage: &Stage, day: &mut Day) -> anyhow::Result<(Reply, String)> {
    let words = DemoWords::of(stage.profile.facts().language);
    let first = sell(
        stage,
        day,
        "a sale",
        &line(words.bread, "80.00", &group(stage, Bucket::Standard)?),
        CARD,
        "80.00",
    )?;
    let levied = [
        group(stage, Bucket::Standard)?,
        group(stage, Bucket::Special)?,
    ]
    .concat();
    sell(
        stage,
        day,
        "a sale with a levy",
        &line(words.wine, "259.90", &levied),
        CARD,
        "259.90",
    )?;
    let coffee = line(words.coffee, "1.98", &group(stage, Bucket::Standard)?);
    let rounded = sell(
        stage,
        day,
        "a sale whose cash is rounded",
        &coffee,
        CASH,
        "5.00",
    )?;
    let of = |field: &str| text_at(&rounded.body, &format!("data.fiscalReceipt.{field}"));
    let rounding = of("additionalData.cashRounding.amount");
    stage.output.text(&format!(
        "  ({}: {rounding}; paid {}, change {})",
        of("additionalData.cashRounding.name"),
        of("totalPaid"),
        of("totalChange")
    ));

    Ok((first, rounding))
}

/// Sells while the authority is down.
fn sell_without_the_authority(stage: &Stage, day: &mut Day) -> anyhow::Result<()> {
    let facts = stage.profile.facts();
    stage
        .authority
        .set(AuthorityCondition::Down, Duration::ZERO);
    stage
        .output
        .text("the authority goes down; the till has reserved numbers and goes on");
    for _ in 0..OFFLINE_SALES {
        let sale = stage.created("a sale offline", "operations/sale", &example_sale(facts))?;
        stage.count_sale(day, &sale)?;
    }
    stage.authority.set(AuthorityCondition::Up, Duration::ZERO);
    stage.output.text("the authority is up again");
    Ok(())
}

/// The printer prints what has its number already, and is connected a moment after the agent has started.
fn wait_for_the_printer(stage: &Stage) -> anyhow::Result<()> {
    for _ in 0..QUESTIONS_MAX {
        let health = stage.client.open("/healthz")?;
        if health.path("printers.0.connected") == Some(&JsonValue::Bool(true)) {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    bail!("the printer is not connected")
}

/// Puts cash into the drawer, and waits for the first fiscal numbers: without them every document is refused.
fn put_cash_in(stage: &Stage) -> anyhow::Result<()> {
    for _ in 0..QUESTIONS_MAX {
        let reply = stage
            .client
            .post("cashoperations", r#"{"amount":100.00}"#)?;
        if reply.status == 200 {
            stage.output.text("cash in: 100.00");
            return Ok(());
        }
        let error = text_at(&reply.body, "errorType");
        ensure!(
            error == "FiscalNumbersUsedUp",
            "cash in: {}",
            text_at(&reply.body, "message")
        );
        std::thread::sleep(PAUSE);
    }
    bail!("the authority has granted no fiscal numbers")
}

/// The code of a payment type in the demo's configuration.
const CASH: u32 = 0;
const CARD: u32 = 1;

/// The letter of the first tax group of a kind.
fn group(stage: &Stage, bucket: Bucket) -> anyhow::Result<String> {
    let mut groups = stage.profile.facts().groups.iter();
    let found = groups.find(|group| group.bucket == bucket);
    let found = found.with_context(|| format!("the country has no tax group {bucket:?}"))?;
    Ok(found.code.to_string())
}

fn line(name: &str, price: &str, groups: &str) -> String {
    format!(r#"{{"name":"{name}","quantity":1,"price":{price},"taxGroupCode":"{groups}"}}"#)
}

fn sell(
    stage: &Stage,
    day: &mut Day,
    what: &str,
    line: &str,
    payment: u32,
    paid: &str,
) -> anyhow::Result<Reply> {
    let body =
        format!(r#"{{"items":[{line}],"payments":[{{"typeCode":{payment},"amount":{paid}}}]}}"#);
    let sale = stage.created(what, "operations/sale", &body)?;
    let trouble = text_at(&sale.body, "data.fiscalReceipt.printErrorMessage");
    ensure!(trouble.is_empty(), "{what}: {trouble}");
    stage.count_sale(day, &sale)?;
    Ok(sale)
}

/// Returns the first sale.
fn give_back(stage: &Stage, day: &mut Day, sale: &Reply) -> anyhow::Result<()> {
    let of = |field: &str| text_at(&sale.body, &format!("data.fiscalReceipt.{field}"));
    let line = line(
        &of("items.0.name"),
        &of("items.0.price"),
        &of("items.0.taxGroupCode"),
    );
    let refund = format!(
        r#"{{"originalReceiptId":"{}","items":[{line}],"payments":[{{"typeCode":{CARD},"amount":{}}}]}}"#,
        of("id"),
        of("totalAmount")
    );
    stage.created("a return", "operations/return", &refund)?;
    day.returns = day.returns.saturating_add(1);
    stage.output.text(&format!("return: {}", of("totalAmount")));
    Ok(())
}

/// The figures of the day that only this kind of country has, as texts with two decimals.
struct Figures {
    levy: String,
    rounding: String,
    /// Whether the report has the rounding of the sale.
    rounding_agrees: bool,
}

impl Figures {
    fn of(stage: &Stage, z: &JsonValue, rounding: &str) -> anyhow::Result<Self> {
        let letter = group(stage, Bucket::Special)?;
        let Some(JsonValue::Array(taxes)) = z.path("taxItems") else {
            bail!("the Z-report has no taxes")
        };
        let mut taxes = taxes.iter();
        let levy = taxes.find(|tax| text_at(tax, "taxGroupCode").starts_with(&letter));
        let levy = levy.context("the Z-report has no levy")?;
        let reported = text_at(z, "additionalData.cashRounding.salesAmount");
        // Every sale in cash while the authority was down has a whole amount, so only one sale was rounded.
        Ok(Self {
            levy: text_at(levy, "taxAmount"),
            rounding_agrees: scale::parse(&reported, 2) == scale::parse(rounding, 2),
            rounding: reported,
        })
    }
}

/// Compares the sums of receipts, Z-report and authority to the minor unit, and the fiscal numbers. Each is read at its source.
fn reconciles(stage: &Stage, day: &Day, z: &JsonValue, figures: &Figures) -> anyhow::Result<bool> {
    let z_id = text_at(z, "id");
    let receipts = stage.listed("receipts/full", &z_id)?;
    let refunds = stage.listed("returnreceipts/full", &z_id)?;
    let z_total = minor(z.path("totalAmount"))?;
    let z_refunds = minor(z.path("additionalData.refunds.amount"))?;
    let numbers = numbers(stage)?;
    let next = numbers.iter().skip(1);
    let gapless = numbers
        .iter()
        .zip(next)
        .all(|(number, next)| number.checked_add(1) == Some(*next));
    let documents = [day.fiscal_receipts, day.returns, day.cash_operations, 1]
        .iter()
        .sum::<u32>();
    let mut checks: Vec<Check> = vec![
        (
            "receipts and Z-report",
            receipts == (z_total, day.fiscal_receipts),
        ),
        ("returns and Z-report", refunds == (z_refunds, day.returns)),
        (
            "authority and receipts",
            stage.received("sale", "totalAmount")? == receipts,
        ),
        (
            "authority and returns",
            stage.received("refund", "totalAmount")? == refunds,
        ),
        (
            "authority and Z-report",
            stage.received("z_report", "totals.sale.amount")? == (z_total, 1),
        ),
        (
            "cash rounding of receipt and Z-report",
            figures.rounding_agrees,
        ),
        (
            "fiscal numbers",
            gapless && u32::try_from(numbers.len()) == Ok(documents),
        ),
    ];
    checks.extend(stage.stored_checks(z, &z_id)?);
    for (what, agrees) in &checks {
        if !agrees {
            stage.output.text(&format!("  {what} do not agree"));
        }
    }
    Ok(checks.iter().all(|(_, agrees)| *agrees))
}

/// The fiscal numbers of the documents that the authority has received, in the order of their arrival.
fn numbers(stage: &Stage) -> anyhow::Result<Vec<u64>> {
    let received = stage.authority.received();
    let numbers = received.iter().map(|received| {
        let body = JsonValue::parse(received.body.get().as_bytes()).map_err(anyhow::Error::msg)?;
        Ok(text_at(&body, "fiscalNum").parse()?)
    });
    numbers.collect()
}

/// The text of a value by its path; empty if there is none.
fn text_at(value: &JsonValue, path: &str) -> String {
    value.path(path).map_or("", JsonValue::scalar).to_owned()
}
