//! `sale`, `return` and `cash`: order a receipt or a cash operation from the running agent.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use ferrotill_core::scale::{ScaleError, parse};
use ferrotill_core::{Amount, Currency};
use uuid::Uuid;

use super::ordering::{Counter, OrderArguments, field};
use super::{CliFailure, CliOutput, Exit};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::config::{PaymentTypeConfig, Permission, TaxGroupConfig};
use crate::object;

/// The arguments of `sale`.
#[derive(Debug, Args)]
pub struct SaleArguments {
    /// Goods: `NAME:PRICE`, `NAME:PRICE:QUANTITY`, `NAME:PRICE:QUANTITY:GROUP` or `NAME:PRICE:QUANTITY:GROUP:GOOD`, such as
    /// `Coffee:18.50:2:A`. GOOD is the `good_id` of one of `[[goods]]`. May be given several times.
    #[arg(long, value_name = "NAME:PRICE", required_unless_present = "body")]
    item: Vec<String>,
    /// A payment: `CODE` for the rest of the total, or `CODE:AMOUNT`. May be given several times; without it, all is paid in cash.
    #[arg(long, value_name = "PAYMENT", conflicts_with = "body")]
    pay: Vec<String>,
    /// A file with the body of `POST operations/sale`, or `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "item")]
    body: Option<PathBuf>,
    #[command(flatten)]
    order: OrderArguments,
}

/// The arguments of `return`.
#[derive(Debug, Args)]
pub struct ReturnArguments {
    /// The id of the receipt that is returned as a whole.
    #[arg(required_unless_present = "body", conflicts_with = "body")]
    receipt: Option<Uuid>,
    /// A file with the body of `POST operations/return`, or `-` for standard input: for a part of a receipt.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    #[command(flatten)]
    order: OrderArguments,
}

/// The arguments of `cash`.
#[derive(Debug, Args)]
pub struct CashArguments {
    /// Whether the cash goes into the drawer or out of it.
    direction: CashDirection,
    /// The amount in the till's currency, above zero, such as `100.00`.
    amount: String,
    #[command(flatten)]
    order: OrderArguments,
}

/// Where cash goes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum CashDirection {
    /// Into the drawer.
    In,
    /// Out of the drawer.
    Out,
}

pub(super) fn sale(arguments: &SaleArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let mut counter = Counter::open(&arguments.order)?;
    let operation = "operations/sale";
    let body = match &arguments.body {
        Some(file) => body_of(&mut counter, file)?,
        None => sale_body(&counter, arguments)?,
    };
    if arguments.order.till.dry_run {
        let total = counter.preview(operation, &body)?.total;
        let says = format!("a sale of {} would be made", total.unwrap_or_default());
        return counter.show_only((operation, &body), &says, output);
    }
    let sentence = |data: &JsonValue| {
        let kinds = ["fiscalReceipt", "alternativeReceipt"];
        let made = kinds.iter().find_map(|kind| {
            let receipt = data.get(kind)?;
            matches!(receipt, JsonValue::Object(_)).then_some((*kind, receipt))
        });
        match made {
            Some((kind, receipt)) => receipt_sentence(kind, receipt),
            None => "the sale is made".to_owned(),
        }
    };
    counter.order((Permission::Sell, operation, &body), sentence, output)
}

pub(super) fn give_back(
    arguments: &ReturnArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let mut counter = Counter::open(&arguments.order)?;
    let operation = "operations/return";
    let body = match (&arguments.body, arguments.receipt) {
        (Some(file), _) => body_of(&mut counter, file)?,
        (None, receipt) => return_body(&counter, receipt.unwrap_or_default())?,
    };
    if arguments.order.till.dry_run {
        let body_read = JsonValue::parse(body.as_bytes()).unwrap_or(JsonValue::Null);
        let original = field(&body_read, "originalReceiptId");
        let says = format!("goods of receipt {original} would be taken back");
        return counter.show_only((operation, &body), &says, output);
    }
    let sentence = |data: &JsonValue| receipt_sentence("return receipt", data);
    counter.order((Permission::Return, operation, &body), sentence, output)
}

pub(super) fn cash(arguments: &CashArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let counter = Counter::open(&arguments.order)?;
    let currency = currency_of(&counter)?;
    let amount = positive(&arguments.amount, currency, "the amount")?;
    let (amount, words) = match arguments.direction {
        CashDirection::In => (Some(amount), "into the drawer"),
        CashDirection::Out => (amount.checked_neg(), "out of the drawer"),
    };
    let amount = amount.unwrap_or(Amount::ZERO).display(currency);
    let body = object! { "id" => counter.id, "amount" => amount }.to_string();
    let operation = "cashoperations";
    if arguments.order.till.dry_run {
        let says = format!("{} would go {words}", arguments.amount);
        return counter.show_only((operation, &body), &says, output);
    }
    let sentence = |data: &JsonValue| {
        format!(
            "cash operation {}: {} in the drawer now",
            field(data, "numberPresentation"),
            field(data, "finalBalanceInformatory")
        )
    };
    counter.order((Permission::Sell, operation, &body), sentence, output)
}

/// The sentence about a receipt that was made.
fn receipt_sentence(kind: &str, receipt: &JsonValue) -> String {
    let kind = match kind {
        "fiscalReceipt" => "fiscal receipt",
        "alternativeReceipt" => "alternative receipt",
        kind => kind,
    };
    let change = match field(receipt, "totalChange") {
        "" | "0.00" | "0" => String::new(),
        change => format!(", change {change}"),
    };
    format!(
        "{kind} {}: {}{change}; its id is {}",
        field(receipt, "numberPresentation"),
        field(receipt, "totalAmount"),
        field(receipt, "id")
    )
}

/// The body in a file, with an id. An id of the body itself is the id of the request.
fn body_of(counter: &mut Counter, file: &PathBuf) -> Result<String, CliFailure> {
    let mut text = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut text).map(drop)
    } else {
        std::fs::read(file).map(|bytes| text = bytes)
    };
    let usage = |text: String| CliFailure::new(Exit::Usage, anyhow!(text));
    let name = file.display();
    read.map_err(|error| usage(format!("{name} cannot be read: {error}; give another file")))?;
    let body = JsonValue::parse(&text);
    let Ok(JsonValue::Object(mut members)) = body else {
        let why = body.err().unwrap_or_else(|| "is no object".to_owned());
        return Err(usage(format!(
            "{name} is no JSON object: {why}; correct it"
        )));
    };
    let is_id = |name: &str| name.eq_ignore_ascii_case("id");
    let given = members.iter().find(|(name, _)| is_id(name));
    match given.map(|(_, value)| value.clone()) {
        Some(JsonValue::Text(id)) => {
            // The agent refuses an id that is none, with its path.
            counter.id = Uuid::try_parse(&id).unwrap_or(counter.id);
        }
        _ => {
            members.retain(|(name, _)| !is_id(name));
            members.push(("id".into(), counter.id.into()));
        }
    }
    Ok(JsonValue::Object(members).to_string())
}

/// The body of a sale of the goods in the arguments.
fn sale_body(counter: &Counter, arguments: &SaleArguments) -> Result<String, CliFailure> {
    let currency = currency_of(counter)?;
    let items = arguments
        .item
        .iter()
        .map(|text| item(text, &counter.device.tax_groups));
    let items = JsonValue::Array(items.collect::<Result<_, _>>()?);
    let body = |payments: Vec<JsonValue>| {
        object! {
            "id" => counter.id,
            "items" => items.clone(),
            "payments" => JsonValue::Array(payments),
        }
        .to_string()
    };
    let mut types = counter.device.payment_types.iter();
    let cash = types.find(|it| it.cash).map_or(0, |it| it.code);
    let known = &counter.device.payment_types;
    let wanted = arguments
        .pay
        .iter()
        .map(|text| payment(text, known, currency));
    let mut wanted: Vec<(i32, Option<Amount>)> = wanted.collect::<Result<_, _>>()?;
    if wanted.is_empty() {
        wanted.push((cash, None));
    }
    if wanted.iter().any(|(_, amount)| amount.is_none()) {
        // The total is that of the same sale with more cash than it can cost; the change is what is too much.
        let most = paid(cash, check(&counter.config)?.facts().amount_max, currency);
        let total = counter.preview("operations/sale", &body(vec![most]))?.total;
        let total = total.and_then(|total| currency.read(&total).ok());
        let mut named = wanted.iter().filter_map(|(_, amount)| *amount);
        let named = named.try_fold(Amount::ZERO, |sum, amount| sum.checked_add(amount));
        let rest = total
            .zip(named)
            .and_then(|(total, named)| total.checked_sub(named))
            .filter(|rest| rest.is_positive() || wanted.len() == 1);
        for (_, amount) in &mut wanted {
            if amount.is_none() {
                *amount = rest;
            }
        }
    }
    let payments = wanted.into_iter().filter_map(|(code, amount)| {
        let amount = amount?;
        Some(paid(code, amount, currency))
    });
    Ok(body(payments.collect()))
}

fn paid(code: i32, amount: Amount, currency: Currency) -> JsonValue {
    object! { "typeCode" => i64::from(code), "amount" => amount.display(currency) }
}

/// The goods of an argument such as `Coffee:18.50:2:A`, with the id of the good after a further colon.
fn item(text: &str, groups: &[TaxGroupConfig]) -> Result<JsonValue, CliFailure> {
    let mut parts = text.split(':').map(str::trim);
    let (name, price) = (parts.next(), parts.next());
    let (quantity, group) = (parts.next().unwrap_or("1"), parts.next());
    let good = parts.next().filter(|good| !good.is_empty());
    let (Some(name), Some(price), None) = (name, price, parts.next()) else {
        let text = anyhow!(
            "{text:?} is no goods; write NAME:PRICE:QUANTITY:GROUP, or give a name with a colon in a file with --body"
        );
        return Err(CliFailure::new(Exit::Usage, text));
    };
    for (what, number) in [("price", price), ("quantity", quantity)] {
        if number.contains(',') {
            let text = anyhow!(
                "{text:?}: the {what} {number:?} has a comma; write it with a point, such as {}",
                number.replace(',', ".")
            );
            return Err(CliFailure::new(Exit::Usage, text));
        }
        if !is_number(number) {
            let example = if is_number(price) { price } else { "1.00" };
            let group = groups.iter().find(|group| group.code.to_string() == number);
            let code = group.or(groups.first()).map_or('A', |group| group.code);
            let text = anyhow!(
                "{text:?}: the {what} {number:?} is no number; write NAME:PRICE:QUANTITY:GROUP, such as '{name}:{example}:1:{code}'"
            );
            return Err(CliFailure::new(Exit::Usage, text));
        }
    }
    let group = group.filter(|group| !group.is_empty());
    if let (None, [first, _, ..]) = (group, groups) {
        let listed = groups.iter().map(|group| group.code.to_string());
        let text = anyhow!(
            "{text:?} has no tax group, and the device has {}; write it such as '{name}:{price}:{quantity}:{}'",
            listed.collect::<Vec<_>>().join(", "),
            first.code
        );
        return Err(CliFailure::new(Exit::Usage, text));
    }
    Ok(object! {
        "name" => name,
        "quantity" => JsonValue::Text(quantity.to_owned()),
        "price" => JsonValue::Text(price.to_owned()),
        "taxGroupCode" => group.map(str::to_owned),
        "goodId" => good.map(str::to_owned),
    })
}

/// Whether a text is a number, with however many decimals: how many are allowed is the agent's to say.
fn is_number(text: &str) -> bool {
    !matches!(parse(text, 3), Err(ScaleError::NotANumber))
}

/// The payment of an argument such as `0`, `1:10.00` or `Card`: code or name of a payment type, and an amount.
fn payment(
    text: &str,
    known: &[PaymentTypeConfig],
    currency: Currency,
) -> Result<(i32, Option<Amount>), CliFailure> {
    let (code, amount) = match text.split_once(':') {
        Some((code, amount)) => (code, Some(amount)),
        None => (text, None),
    };
    let code = code.trim();
    let lower = code.to_lowercase();
    let named = known.iter().find(|it| it.name.to_lowercase() == lower);
    let code = match named {
        Some(named) => Ok(named.code),
        None => code.parse(),
    };
    let code = code.map_err(|_| {
        let listed = known.iter().map(|it| format!("{} ({})", it.code, it.name));
        let text = anyhow!(
            "{text:?} is no payment; write CODE or CODE:AMOUNT, with one of {}",
            listed.collect::<Vec<_>>().join(", ")
        );
        CliFailure::new(Exit::Usage, text)
    })?;
    let amount = amount.map(|amount| positive(amount.trim(), currency, "the payment"));
    Ok((code, amount.transpose()?))
}

/// An amount above zero.
fn positive(text: &str, currency: Currency, what: &str) -> Result<Amount, CliFailure> {
    let amount = currency.read(text).ok().filter(|it| it.is_positive());
    amount.ok_or_else(|| {
        let such_as = if text.contains(',') {
            text.replace(',', ".")
        } else {
            "100.00".to_owned()
        };
        let text = anyhow!(
            "{what} {text:?} is no amount above zero in {}; write it such as {such_as}",
            currency.code()
        );
        CliFailure::new(Exit::Usage, text)
    })
}

fn currency_of(counter: &Counter) -> Result<Currency, CliFailure> {
    Ok(check(&counter.config)?.facts().currency)
}

/// The body that takes a whole receipt back: its lines as they are stored, and its payments without the change.
fn return_body(counter: &Counter, receipt: Uuid) -> Result<String, CliFailure> {
    let client = counter.client(Permission::Return)?;
    let look = |kind: &str| {
        let reply = client.get(&format!("{kind}/{receipt}"));
        reply.map_err(|error| counter.not_answered(error))
    };
    let mut reply = look("receipts")?;
    if field(&reply.body, "errorType") == "NotFound" {
        // The till says of an alternative receipt what is to be done with its goods.
        let alternative = look("alternativereceipts")?;
        if alternative.status == 200 {
            reply = alternative;
        }
    }
    let data = reply.body.get("data").filter(|_| reply.status == 200);
    let Some(data) = data else {
        let error = field(&reply.body, "errorType");
        let code = match reply.status {
            401 | 403 => Exit::Configuration,
            _ => Exit::Refused,
        };
        return Err(CliFailure::refused_by_agent(
            code,
            error,
            field(&reply.body, "message"),
        ));
    };
    let currency = currency_of(counter)?;
    let list = |name| match data.get(name) {
        Some(JsonValue::Array(entries)) => entries.as_slice(),
        _ => &[],
    };
    let items = list("items").iter().map(|line| {
        let members = COPIED.iter().filter_map(|name| {
            let value = line.get(name)?.clone();
            (value != JsonValue::Null).then(|| ((*name).into(), value))
        });
        JsonValue::Object(members.collect())
    });
    let payments = list("payments").iter().filter_map(|payment| {
        let amount = |name| currency.read(field(payment, name)).ok();
        let kept = amount("amount")?.checked_sub(amount("change").unwrap_or(Amount::ZERO))?;
        kept.is_positive().then(|| {
            object! {
                "typeCode" => payment.get("typeCode").cloned().unwrap_or(JsonValue::Null),
                "amount" => kept.display(currency),
            }
        })
    });
    Ok(object! {
        "id" => counter.id,
        "originalReceiptId" => receipt,
        "items" => JsonValue::Array(items.collect()),
        "payments" => JsonValue::Array(payments.collect()),
    }
    .to_string())
}

/// The members of a stored line that a return copies.
const COPIED: [&str; 13] = [
    "goodId",
    "name",
    "quantity",
    "price",
    "modifierMode",
    "modifierValue",
    "taxGroupCode",
    "amountBeforeModification",
    "amount",
    "taxRate",
    "taxAmount",
    "finalAmount",
    "finalTaxAmount",
];

#[cfg(test)]
mod tests {
    use super::item;

    #[test]
    fn what_is_no_number_is_named_with_what_to_write() {
        for (text, says) in [
            ("Coffee:18,50", "write it with a point, such as 18.50"),
            ("Coffee:18.50:1,5", "the quantity \"1,5\" has a comma"),
            ("Coffee", "write NAME:PRICE:QUANTITY:GROUP"),
            (
                "Coffee:18.50:A",
                "the quantity \"A\" is no number; write NAME:PRICE:QUANTITY:GROUP, such as 'Coffee:18.50:1:A'",
            ),
            ("Coffee:2x:1:A", "the price \"2x\" is no number"),
        ] {
            let failure = item(text, &[]).unwrap_err();
            assert!(
                failure.error.to_string().contains(says),
                "{text}: {}",
                failure.error
            );
        }
        // A name may have one.
        assert!(item("Coffee, black:18.50", &[]).is_ok());
    }
}
