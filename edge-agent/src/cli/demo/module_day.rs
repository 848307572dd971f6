//! The trading day of a country whose law asks for a fiscal module: the shift is opened, a sale, a sale whose answer is lost, a sale while
//! the operator of fiscal data cannot be reached, a refund, and the shift is closed. Everything goes through the FiscalBox API.

use anyhow::{Context as _, ensure};

use crate::api::json::JsonValue;
use crate::cli::day::{Day, Stage};
use crate::seal::fiscal_module::ModuleError;
use crate::seal::fiscal_module::software::{ModuleTroubleKind, SoftwareModule};
use crate::time::clock::local;

/// The amount of each sale, in tiyin.
const SALE_MINOR: u32 = 500_000;

/// Plays the day.
pub(super) fn play(stage: &Stage) -> anyhow::Result<Day> {
    let module = stage.module.as_ref();
    let module = module.context("the till has no fiscal module in software")?;
    let mut day = Day::default();
    let time = now(stage).replace(' ', "%20");
    carried_out(stage, "GET", &format!("zreport/open?time={time}"), None)?;
    stage.output.text("the shift is open");
    let first = sell(stage, &mut day, "order")?;
    lose_an_answer(module);
    sell(stage, &mut day, "order")?;
    stage.output.text(
        "the answer of that sale was lost: the module's counters have proved that it is registered",
    );
    module.set_online(false);
    sell(stage, &mut day, "prepaid")?;
    module.set_online(true);
    stage
        .output
        .text("a sale without the operator of fiscal data: the module has sent it afterwards");
    let link = text(&first, "data.qr_url");
    carried_out(
        stage,
        "POST",
        "order/refuse",
        Some(&order(stage, "order", &link)),
    )?;
    day.returns = day.returns.saturating_add(1);
    stage.output.text("a refund");
    let time = now(stage).replace(' ', "%20");
    let z = carried_out(stage, "GET", &format!("zreport/close?time={time}"), None)?;
    day.z_number = text(&z, "data.number").parse().unwrap_or(0);
    let info = carried_out(stage, "GET", "info", None)?;
    day.unsent = text(&info, "data.receipt_count").parse().unwrap_or(0);
    day.reconciled = reconciles(&day, &z, module)?;
    stage.output.text(&day.sentence());
    Ok(day)
}

fn lose_an_answer(module: &SoftwareModule) {
    let error = ModuleError::new(2, "Read timed out");
    let operation = Some("create".to_owned());
    module.trouble(ModuleTroubleKind::DropAnswer, operation, 1, (error, 0));
}

/// The time of the shop, as the API wants it.
fn now(stage: &Stage) -> String {
    let now = local(stage.clock.now());
    now.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn text(body: &JsonValue, path: &str) -> String {
    body.path(path).map_or("", JsonValue::scalar).to_owned()
}

/// An order, or a refund of the receipt with a link.
fn order(stage: &Stage, kind: &str, link: &str) -> String {
    let original = if link.is_empty() {
        String::new()
    } else {
        format!(r#","number":1,"qr_code":"{link}""#)
    };
    format!(
        r#"{{"receipt_type":"{kind}","products":[{{"name":"Qahva","barcode":"","amount":1000,"unit_name":"dona","price":{SALE_MINOR},"product_price":{SALE_MINOR},"vat":53571,"vat_percent":12,"class_code":"01905001001000000","package_code":"1282556","owner_type":0}}],"time":"{}","cashier":"Aziza","received_cash":{SALE_MINOR},"change":0,"received_card":0{original}}}"#,
        now(stage)
    )
}

fn sell(stage: &Stage, day: &mut Day, kind: &str) -> anyhow::Result<JsonValue> {
    let body = order(stage, kind, "");
    let sale = carried_out(stage, "POST", "order/create", Some(&body))?;
    day.fiscal_receipts = day.fiscal_receipts.saturating_add(1);
    let number = text(&sale, "data.receipt_count");
    let sign = text(&sale, "data.fiscal_sign");
    stage
        .output
        .text(&format!("receipt {number}, fiscal sign {sign}"));
    Ok(sale)
}

/// Calls an operation, which must succeed.
fn carried_out(
    stage: &Stage,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> anyhow::Result<JsonValue> {
    let path = format!("/fiscalbox/{path}");
    let reply = stage.client.unsigned(method, &path, body)?;
    let succeeded = reply.path("is_success") == Some(&JsonValue::Bool(true))
        || reply.path("result.is_success") == Some(&JsonValue::Bool(true));
    ensure!(succeeded, "{method} {path}: {reply}");
    Ok(reply)
}

/// Compares the closed shift with what was sold, and with the receipts in the module.
fn reconciles(day: &Day, z: &JsonValue, module: &SoftwareModule) -> anyhow::Result<bool> {
    let shown = JsonValue::parse(module.shown().to_string().as_bytes());
    let shown = shown.map_err(anyhow::Error::msg)?;
    let receipts = match shown.get("receipts") {
        Some(JsonValue::Array(receipts)) => receipts.len(),
        _ => 0,
    };
    let made = day.fiscal_receipts.saturating_add(day.returns);
    let figure = |name: &str| text(z, &format!("data.{name}"));
    let sold = day.fiscal_receipts.saturating_mul(SALE_MINOR);
    let returned = day.returns.saturating_mul(SALE_MINOR);
    Ok(usize::try_from(made)? == receipts
        && figure("total_sale_count") == day.fiscal_receipts.to_string()
        && figure("total_sale_cash") == sold.to_string()
        && figure("total_refund_count") == day.returns.to_string()
        && figure("total_refund_cash") == returned.to_string())
}
