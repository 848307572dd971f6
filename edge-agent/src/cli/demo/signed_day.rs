//! The trading day of a country whose law has receipts signed: cash in, a sale, sales while the signature unit is down, the collective receipt
//! and a sale when it works again, a return, an X-report, a Z-report, and the check of the exported protocol.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use ferrotill_rksv::{DepChecked, KeyMaterial, check_dep};

use super::files::example_sale;
use crate::api::json::JsonValue;
use crate::cli::client::Reply;
use crate::cli::day::{Check, Day, PAUSE, QUESTIONS_MAX, Stage, minor};

/// The number of sales while the unit is down.
const UNSIGNED_SALES: u32 = 3;

/// Plays the day.
pub(super) fn play(stage: &Stage) -> anyhow::Result<Day> {
    let mut day = Day::default();
    let units = stage
        .units
        .as_ref()
        .context("the till has no signature unit")?;
    stage.created("cash in", "cashoperations", r#"{"amount":100.00}"#)?;
    day.cash_operations = day.cash_operations.saturating_add(1);
    stage.output.text("cash in: 100.00");

    let first = sell(stage, &mut day, true)?;
    units.set_down(true);
    stage.output.text("the signature unit goes down");
    for _ in 0..UNSIGNED_SALES {
        sell(stage, &mut day, false)?;
    }
    units.set_down(false);
    stage
        .output
        .text("the signature unit works again: the Sammelbeleg comes first");
    sell(stage, &mut day, true)?;
    give_back(stage, &mut day, &first)?;
    let z = stage.close_day(&mut day)?;
    let checked = check_protocol(&stage.config)?;
    let registered = is_registered(stage);
    day.reconciled = reconciles(stage, &day, &z, &checked)? && registered;
    day.more = vec![
        ("signed_receipts", checked.receipts.into()),
        ("unsigned_receipts", checked.unsigned.into()),
        ("protocol_accepted", checked.is_accepted().into()),
        ("registered", registered.into()),
    ];
    stage.output.text(&format!(
        "the day: {} receipts in the protocol, {} of them without signature; the protocol is {}",
        checked.receipts,
        checked.unsigned,
        if checked.is_accepted() {
            "in order"
        } else {
            "NOT in order"
        }
    ));
    Ok(day)
}

/// Waits until the simulated web services know the unit and the cash box, and have checked the start receipt.
fn is_registered(stage: &Stage) -> bool {
    let registered = || {
        let shown = stage.registrations.shown();
        let state =
            |path: &str| shown.pointer(path).and_then(|state| state.as_str()) == Some("IN_BETRIEB");
        state("/units/0/state") && state("/registers/0/state")
    };
    let done = (0..QUESTIONS_MAX).any(|_| {
        let done = registered();
        if !done {
            std::thread::sleep(PAUSE);
        }
        done
    });
    stage.output.text(if done {
        "unit and cash box are registered, and the start receipt is checked"
    } else {
        "unit and cash box are NOT registered"
    });
    done
}

fn sell(stage: &Stage, day: &mut Day, signed: bool) -> anyhow::Result<Reply> {
    let body = example_sale(stage.profile.facts());
    let sale = stage.created("a sale", "operations/sale", &body)?;
    stage.count_sale(day, &sale)?;
    let is_signed = sale
        .body
        .path("data.fiscalReceipt.additionalData.signature.signed");
    ensure!(
        is_signed == Some(&JsonValue::Bool(signed)),
        "a receipt is signed although no unit works, or the other way round"
    );
    Ok(sale)
}

/// Returns the goods of a sale.
fn give_back(stage: &Stage, day: &mut Day, sale: &Reply) -> anyhow::Result<()> {
    let of = |field: &str| {
        let value = sale.body.path(&format!("data.fiscalReceipt.{field}"));
        value.map_or("", JsonValue::scalar).to_owned()
    };
    let refund = format!(
        r#"{{"originalReceiptId":"{}","items":[{{"name":"{}","quantity":1,"price":{},"taxGroupCode":"{}"}}],"payments":[{{"typeCode":0,"amount":{}}}]}}"#,
        of("id"),
        of("items.0.name"),
        of("items.0.price"),
        of("items.0.taxGroupCode"),
        of("totalAmount")
    );
    stage.created("a return", "operations/return", &refund)?;
    day.returns = day.returns.saturating_add(1);
    stage.output.text(&format!("return: {}", of("totalAmount")));
    Ok(())
}

/// Exports the protocol as any user would, and checks it.
fn check_protocol(config: &Path) -> anyhow::Result<DepChecked> {
    let folder = config.parent().unwrap_or(config);
    let (dep, crypto) = (folder.join("dep.json"), folder.join("dep-keys.json"));
    let program = std::env::current_exe().context("the path of this program")?;
    let exported = Command::new(program)
        .args(["rksv", "export", "--out"])
        .arg(&dep)
        .arg("--crypto")
        .arg(&crypto)
        .arg("--config")
        .arg(config)
        .output()
        .context("rksv export")?;
    ensure!(
        exported.status.success(),
        "rksv export: {}",
        String::from_utf8_lossy(&exported.stderr)
    );
    let keys = KeyMaterial::read(BufReader::new(File::open(&crypto)?))?;
    Ok(check_dep(BufReader::new(File::open(&dep)?), &keys)?)
}

/// Compares the sums of receipts, Z-report and protocol to the minor unit.
fn reconciles(
    stage: &Stage,
    day: &Day,
    z: &JsonValue,
    checked: &DepChecked,
) -> anyhow::Result<bool> {
    let z_id = z.path("id").map_or("", JsonValue::scalar);
    let sales = stage.listed("receipts/full", z_id)?;
    let refunds = stage.listed("returnreceipts/full", z_id)?;
    let z_total = minor(z.path("totalAmount"))?;
    let z_refunds = minor(z.path("additionalData.refunds.amount"))?;
    let turnover = z_total.checked_sub(z_refunds);
    let documents = day.fiscal_receipts.saturating_add(day.returns);
    // The start receipt and the Sammelbeleg have no document.
    let receipts = u64::from(documents).saturating_add(2);
    let checks: [Check; 5] = [
        (
            "receipts and Z-report",
            sales == (z_total, day.fiscal_receipts),
        ),
        ("returns and Z-report", refunds == (z_refunds, day.returns)),
        ("the protocol and its keys", checked.is_accepted()),
        ("protocol and documents", checked.receipts >= receipts),
        (
            "turnover counter and Z-report",
            checked.counter.map(|counter| counter.minor()) >= turnover,
        ),
    ];
    for (what, agrees) in &checks {
        if !agrees {
            stage.output.text(&format!("  {what} do not agree"));
        }
    }
    Ok(checks.iter().all(|(_, agrees)| *agrees))
}
