//! From a FiscalCloud body to an order, with every fault at once (spec/fiscalcloud.md, A.4).

use ferrotill_core::profile::Profile;
use ferrotill_core::receipt::Modifier;
use ferrotill_core::refusal::{Field, Place, Refusal};
use ferrotill_core::{Amount, Quantity};
use uuid::Uuid;

use super::rules;
use crate::api::json::{FaultList, Fields, JsonValue, LIST_ITEMS_MAX, shortened};
use crate::config::{Device, Mode};
use crate::object;
use crate::order::{OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode};

/// Where a request is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shop<'s> {
    pub(super) device: &'s Device,
    pub(super) mode: Mode,
    pub(super) profile: &'static dyn Profile,
    pub(super) point_of_sale: Uuid,
    /// The id of a request that was given none.
    pub(super) own_id: Uuid,
}

/// A body read: the order as far as it could be read, the id that was given, and the faults.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) form: OrderForm,
    pub(super) given_id: GivenId,
    pub(super) faults: FaultList,
}

/// The id that a body gives its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenId {
    /// None.
    None,
    /// This one.
    Read(Uuid),
    /// One that could not be read: it may be that of a document.
    Unread,
}

/// The operations whose body is a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SaleRoute {
    /// `operations/sale`.
    Sale,
    /// `receipts`.
    Receipt,
    /// `alternativereceipts`.
    Alternative,
}

/// What of a sale's or return's body is not the receipt itself.
#[derive(Debug, Default)]
struct Aside {
    echo: Vec<(std::borrow::Cow<'static, str>, JsonValue)>,
    items: Vec<JsonValue>,
    payments: Vec<JsonValue>,
    terminals: Vec<bool>,
}

/// Scale of money, quantities and percentages in this API.
const MONEY: u8 = 2;
const PERCENT: u8 = 2;
/// Hundredths of a percent of a discount or surcharge at most: 10000 percent.
const PERCENT_MAX: u32 = 1_000_000;

/// A sale.
pub(super) fn sale(body: &JsonValue, route: SaleRoute, shop: Shop<'_>) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let given_id = base(&mut fields);
    let mut aside = Aside::default();
    let mut draft = OrderDraft::default();
    let print = fields.boolean("print");
    aside.keep("print", print);
    delivery(&mut fields, &mut aside);
    draft.header = printed(&mut fields, "additionalHeaderText");
    draft.footer = printed(&mut fields, "additionalFooterText");
    lines(&mut fields, &mut draft, &mut aside, false, shop);
    payments(
        &mut fields,
        &mut draft,
        &mut aside,
        route == SaleRoute::Sale,
        shop,
    );
    let limit = shop.profile.facts().modifiers_max;
    let modifications = entries(&mut fields, "amountModifications", limit, |given, limit| {
        Refusal::TooManyModifiers { given, limit }
    });
    for (index, node) in modifications.iter().enumerate() {
        let mut modification = Fields::of(
            node,
            &format!("amountModifications[{index}]"),
            fields.faults(),
        );
        let modifier = modifier(&mut modification, "mode", "value");
        draft
            .modifiers
            .push(modifier.unwrap_or(Modifier::Amount(Amount::ZERO)));
        modification.finish();
    }
    let (mode, number) = mode(&mut fields, route, shop);
    fields.finish();
    if !faults.is_empty() {
        rules::add_faults(&draft, shop, &mut faults);
    }
    let kind = OrderKind::Sale {
        draft,
        mode,
        number,
        print: print.unwrap_or(true),
    };
    aside.parsed(kind, given_id, faults, shop)
}

/// A return.
pub(super) fn refund(body: &JsonValue, shop: Shop<'_>) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let given_id = base(&mut fields);
    let mut aside = Aside::default();
    let mut draft = OrderDraft::default();
    let original = fields.uuid("originalReceiptId");
    if original.is_none() && fields.node("originalReceiptId").is_none() {
        fields.fault(
            "originalReceiptId",
            "Missing",
            "is needed; give the id of the receipt that is returned",
        );
    }
    aside.keep(
        "issueCashOperationWhenNecessary",
        fields.boolean("issueCashOperationWhenNecessary"),
    );
    aside.keep("print", fields.boolean("print"));
    delivery(&mut fields, &mut aside);
    lines(&mut fields, &mut draft, &mut aside, true, shop);
    payments(&mut fields, &mut draft, &mut aside, false, shop);
    fields.finish();
    let kind = OrderKind::Refund {
        original: original.unwrap_or_default(),
        draft,
    };
    aside.parsed(kind, given_id, faults, shop)
}

/// Cash in or out.
pub(super) fn cash(body: &JsonValue, shop: Shop<'_>) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let given_id = base(&mut fields);
    let amount = fields.decimal("amount", MONEY);
    if fields.node("amount").is_none() {
        fields.fault(
            "amount",
            "Missing",
            "is needed; give the amount that goes in (above zero) or out (below zero)",
        );
    }
    fields.finish();
    let kind = OrderKind::Cash(Amount::from_minor(amount.unwrap_or(0)));
    Aside::default().parsed(kind, given_id, faults, shop)
}

/// A report: `closeday`, `intermediatetotals` (body optional), or `reports` with its type.
pub(super) fn report(body: Option<&JsonValue>, z: Option<bool>, shop: Shop<'_>) -> Parsed {
    let mut faults = FaultList::default();
    let empty = JsonValue::Object(Vec::new());
    let mut fields = Fields::of(body.unwrap_or(&empty), "", &mut faults);
    let given_id = base(&mut fields);
    let z = z.or_else(|| {
        let chosen = fields.choice("type", &[("ZReport", true), ("XReport", false)]);
        if fields.node("type").is_none() {
            fields.fault("type", "Missing", "is needed; give ZReport or XReport");
        }
        chosen
    });
    fields.finish();
    Aside::default().parsed(
        OrderKind::Report {
            z: z.unwrap_or(false),
        },
        given_id,
        faults,
        shop,
    )
}

/// The fields that nearly all bodies have.
fn base(fields: &mut Fields<'_, '_>) -> GivenId {
    let id = fields.uuid("id");
    if id.is_some_and(|id| id.is_nil()) {
        fields.fault(
            "id",
            "NotAUuid",
            "is the empty UUID; give an id of this request's own, or none",
        );
    }
    // These are the first fields that are read: each fault until here concerns the id, or the whole body.
    let id = match id {
        _ if !fields.faults().is_empty() => GivenId::Unread,
        Some(id) => GivenId::Read(id),
        None => GivenId::None,
    };
    if fields.boolean("printOnServer") == Some(false) {
        fields.fault(
            "printOnServer",
            "NotSupported",
            "print forms are not made by this agent; print on its printer instead",
        );
    }
    fields.choice(
        "printFormMediaType",
        &[("Json", ()), ("Html", ()), ("Pdf", ()), ("Image", ())],
    );
    for name in ["pdfPrintFormSettings", "imagePrintFormSettings"] {
        let path = fields.path(name);
        if let Some(node) = fields.node(name) {
            let mut settings = Fields::of(node, &path, fields.faults());
            for name in [
                "contentWidth",
                "horizontalMargin",
                "verticalMargin",
                "fontSize",
                "width",
            ] {
                settings.integer(name);
            }
            settings.finish();
        }
    }
    id
}

/// Where the receipt is to be sent: validated, stored and echoed.
fn delivery(fields: &mut Fields<'_, '_>, aside: &mut Aside) {
    let to_email = fields.boolean("sendToEmail");
    let email = fields.text("emailAddress");
    if let Some(email) = email
        .as_deref()
        .filter(|email| !email.is_empty() && !rules::is_email(email))
    {
        let sentence = format!("{:?} is not an e-mail address", shortened(email));
        fields.fault("emailAddress", "EmailInvalid", sentence);
    }
    if to_email == Some(true) && email.as_deref().is_none_or(str::is_empty) {
        fields.fault(
            "emailAddress",
            "Missing",
            "is needed with sendToEmail; give an address or do not send",
        );
    }
    let to_phone = fields.boolean("sendToPhone");
    let phone = fields.text("phoneNumber");
    if let Some(phone) = phone
        .as_deref()
        .filter(|phone| !phone.is_empty() && !rules::is_phone(phone))
    {
        let sentence = format!("{:?} is not a telephone number", shortened(phone));
        fields.fault("phoneNumber", "PhoneInvalid", sentence);
    }
    if to_phone == Some(true) && phone.as_deref().is_none_or(str::is_empty) {
        fields.fault(
            "phoneNumber",
            "Missing",
            "is needed with sendToPhone; give a number or do not send",
        );
    }
    aside.keep("sendToEmail", to_email);
    aside.keep("emailAddress", email);
    aside.keep("sendToPhone", to_phone);
    aside.keep("phoneNumber", phone);
}

/// The items of a list up to its limit; more than these are one fault, and are not read.
fn entries<'n>(
    fields: &mut Fields<'n, '_>,
    name: &str,
    limit: usize,
    refusal: impl Fn(usize, usize) -> Refusal,
) -> &'n [JsonValue] {
    let limit = limit.min(LIST_ITEMS_MAX);
    let given = fields.list(name);
    match given.get(..limit) {
        Some(first) if given.len() > limit => {
            let refusal = refusal(given.len(), limit);
            let sentence = format!("has more than {limit} entries; {}", refusal.hint());
            fields.fault(name, refusal.name(), sentence);
            first
        }
        _ => given,
    }
}

fn lines(
    fields: &mut Fields<'_, '_>,
    draft: &mut OrderDraft,
    aside: &mut Aside,
    refund: bool,
    shop: Shop<'_>,
) {
    let limit = shop.profile.facts().lines_max;
    let items = entries(fields, "items", limit, |given, limit| {
        Refusal::TooManyLines { given, limit }
    });
    for (index, item) in items.iter().enumerate() {
        let mut item = Fields::of(item, &format!("items[{index}]"), fields.faults());
        draft.lines.push(line(&mut item, aside, refund));
        item.finish();
    }
}

fn line(fields: &mut Fields<'_, '_>, aside: &mut Aside, refund: bool) -> OrderLine {
    let needed = |fields: &mut Fields<'_, '_>, name: &str, places| {
        if fields.node(name).is_none() {
            fields.fault(name, "Missing", "is needed");
        }
        fields.decimal(name, places)
    };
    let good_id = fields.uuid("goodId");
    let quantity = needed(fields, "quantity", Quantity::DECIMALS);
    let price = needed(fields, "price", MONEY);
    let commented = fields.node("comment").is_some();
    let comment = printed(fields, "comment");
    aside
        .items
        .push(object! { "goodId" => good_id, "comment" => commented });
    let final_amount = if refund {
        copied(fields);
        fields.decimal("finalAmount", MONEY)
    } else {
        None
    };
    OrderLine {
        name: printed(fields, "name"),
        // What could not be read is a fault already; these stand-ins keep it from causing others.
        quantity: Quantity::from_thousandths(quantity.unwrap_or(Quantity::ONE.thousandths())),
        price: Amount::from_minor(price.unwrap_or(1)),
        modifier: modifier(fields, "modifierMode", "modifierValue"),
        tax_group: fields.text("taxGroupCode"),
        comment,
        // Clients that do not scale the original themselves send 0 for "not given".
        final_amount: final_amount
            .filter(|amount| *amount != 0)
            .map(Amount::from_minor),
    }
}

/// Lines of one text at most: paper is slow, and a receipt that is being printed cannot be taken back.
const TEXT_LINES_MAX: usize = 8;

/// A text that is printed.
fn printed(fields: &mut Fields<'_, '_>, name: &str) -> String {
    let text = fields.text(name).unwrap_or_default();
    let lines = text.lines().count();
    if lines > TEXT_LINES_MAX {
        let sentence = format!("has {lines} lines; {TEXT_LINES_MAX} are allowed");
        fields.fault(name, "TooManyTextLines", sentence);
    }
    text
}

/// What a line of a return may have besides, as it was copied from the receipt: checked, and not used.
fn copied(fields: &mut Fields<'_, '_>) {
    for (name, places) in [
        ("amountBeforeModification", MONEY),
        ("amount", MONEY),
        ("taxRate", 4),
        ("taxAmount", MONEY),
        ("finalTaxAmount", MONEY),
    ] {
        fields.decimal(name, places);
    }
    fields.known(&["rowNumber", "taxRatePresentation"]);
}

fn modifier(fields: &mut Fields<'_, '_>, mode_name: &str, value_name: &str) -> Option<Modifier> {
    #[derive(Clone, Copy)]
    enum ModifierMode {
        Percent,
        Amount,
    }
    let given_mode = fields.node(mode_name).is_some();
    let mode = fields.choice(
        mode_name,
        &[
            ("ByPercent", ModifierMode::Percent),
            ("ByAmount", ModifierMode::Amount),
        ],
    );
    let given_value = fields.node(value_name).is_some();
    match mode {
        Some(_) if !given_value => {
            fields.fault(value_name, "Missing", format!("is needed with {mode_name}"));
            None
        }
        Some(ModifierMode::Percent) => {
            let hundredths = fields.decimal(value_name, PERCENT)?;
            let narrow = i32::try_from(hundredths)
                .ok()
                .filter(|hundredths| hundredths.unsigned_abs() <= PERCENT_MAX);
            if narrow.is_none() {
                fields.fault(value_name, "NumberTooLarge", "is beyond 10000 percent");
            }
            narrow.map(Modifier::Percent)
        }
        Some(ModifierMode::Amount) => fields
            .decimal(value_name, MONEY)
            .map(|minor| Modifier::Amount(Amount::from_minor(minor))),
        None => {
            let value = fields.decimal(value_name, MONEY);
            if !given_mode && value.is_some_and(|value| value != 0) {
                fields.fault(
                    mode_name,
                    "Missing",
                    format!("is needed with {value_name}; give ByPercent or ByAmount"),
                );
            }
            None
        }
    }
}

fn payments(
    fields: &mut Fields<'_, '_>,
    draft: &mut OrderDraft,
    aside: &mut Aside,
    acts: bool,
    shop: Shop<'_>,
) {
    let limit = shop.profile.facts().payments_max;
    let given = entries(fields, "payments", limit, |given, limit| {
        Refusal::TooManyPayments { given, limit }
    });
    for (index, node) in given.iter().enumerate() {
        let mut payment = Fields::of(node, &format!("payments[{index}]"), fields.faults());
        for name in ["typeCode", "amount"] {
            if payment.node(name).is_none() {
                payment.fault(name, "Missing", "is needed");
            }
        }
        let code = payment.integer("typeCode");
        let amount = payment.decimal("amount", MONEY);
        let terminal = payment.boolean("useBankTerminal");
        if acts && terminal == Some(true) && shop.mode == Mode::Live {
            payment.fault(
                "useBankTerminal",
                "NoBankTerminal",
                "no bank terminal is configured; take the payment on a terminal of your own and send useBankTerminal false",
            );
        }
        let print_data = payment.node("bankTerminalPrintData");
        if print_data.is_some_and(JsonValue::is_cut) {
            let sentence = format!("has a list of more than {LIST_ITEMS_MAX} entries");
            payment.fault("bankTerminalPrintData", "TooManyItems", sentence);
        }
        aside.terminals.push(acts && terminal == Some(true));
        aside.payments.push(object! {
            "useBankTerminal" => terminal,
            "bankTerminal" => payment.uuid("bankTerminal"),
            "bankTerminalCurrency" => payment.text("bankTerminalCurrency"),
            "bankTerminalRRN" => payment.text("bankTerminalRRN"),
            "bankTerminalOperationNumber" => payment.text("bankTerminalOperationNumber"),
            "bankTerminalPrintData" => print_data.cloned().unwrap_or(JsonValue::Null),
        });
        payment.finish();
        // What could not be read is a fault already; the stand-ins keep the places of the others.
        let known = shop
            .device
            .payment_types
            .first()
            .map_or(0, |payment| payment.code);
        let amount = Amount::from_minor(amount.unwrap_or(1));
        draft.payments.push((code.unwrap_or(known), amount));
    }
}

fn mode(
    fields: &mut Fields<'_, '_>,
    route: SaleRoute,
    shop: Shop<'_>,
) -> (ReceiptMode, Option<(String, u32)>) {
    let (mode, name) = match route {
        SaleRoute::Receipt => return (ReceiptMode::FiscalOnly, None),
        SaleRoute::Alternative => (ReceiptMode::AlternativeOnly, "seriesAndNumber"),
        SaleRoute::Sale => {
            let choices = [
                ("FiscalReceiptOnly", ReceiptMode::FiscalOnly),
                ("AlternativeReceiptOnly", ReceiptMode::AlternativeOnly),
                (
                    "FiscalThenAlternativeReceipt",
                    ReceiptMode::FiscalThenAlternative,
                ),
            ];
            (
                fields.choice("receiptMode", &choices).unwrap_or_default(),
                "alternativeReceiptSeriesAndNumber",
            )
        }
    };
    let number = fields.text(name).and_then(|text| {
        let number = rules::series_and_number(&text, shop.device);
        if number.is_none() {
            let sentence = format!(
                "no range of the device holds {:?}; leave the number to the till",
                shortened(&text)
            );
            fields.fault(name, "NumberNotInRange", sentence);
        }
        number
    });
    (mode, number)
}

impl Aside {
    fn keep(&mut self, name: &'static str, value: impl Into<JsonValue>) {
        self.echo.push((name.into(), value.into()));
    }

    fn parsed(
        self,
        kind: OrderKind,
        given_id: GivenId,
        faults: FaultList,
        shop: Shop<'_>,
    ) -> Parsed {
        let id = match given_id {
            GivenId::Read(id) => id,
            GivenId::None | GivenId::Unread => shop.own_id,
        };
        let terminals: Vec<JsonValue> = self
            .terminals
            .iter()
            .map(|used| if *used { approval(id) } else { JsonValue::Null })
            .collect();
        let mut echo = self.echo;
        echo.push(("items".into(), JsonValue::Array(self.items)));
        echo.push(("payments".into(), JsonValue::Array(self.payments)));
        let form = OrderForm {
            id,
            point_of_sale: shop.point_of_sale,
            kind,
            echo: JsonValue::Object(echo).to_string(),
            found: object! { "terminals" => JsonValue::Array(terminals) }.to_string(),
        };
        Parsed {
            form,
            given_id,
            faults,
        }
    }
}

/// The simulated terminal of TEST mode approves; the same request gets the same approval.
fn approval(id: Uuid) -> JsonValue {
    let number = id.as_u128() % 1_000_000_000_000;
    object! { "rrn" => format!("{number:012}"), "operation" => format!("{}", number % 1_000) }
}

/// The path of a place in this API's names.
pub(super) fn path_of(place: Place, route_number: &str) -> String {
    let line = |index: usize, field| {
        let name = match field {
            Field::Name => "name",
            Field::Quantity => "quantity",
            Field::Price => "price",
            Field::Modifier => "modifierValue",
            Field::TaxGroup => "taxGroupCode",
            Field::Comment => "comment",
            Field::FinalAmount => "finalAmount",
            Field::Type => "typeCode",
            Field::Amount => "amount",
        };
        format!("[{index}].{name}")
    };
    match place {
        Place::Lines => "items".to_owned(),
        Place::Line(index, field) => format!("items{}", line(index, field)),
        Place::Modifiers => "amountModifications".to_owned(),
        Place::Modifier(index) => format!("amountModifications[{index}].value"),
        Place::Payments => "payments".to_owned(),
        Place::Payment(index, field) => format!("payments{}", line(index, field)),
        Place::Original => "originalReceiptId".to_owned(),
        Place::Amount => "amount".to_owned(),
        Place::Number => route_number.to_owned(),
        Place::Text => "additionalHeaderText".to_owned(),
    }
}
