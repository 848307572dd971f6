//! The part of the table of operations that the FiscalBox API has.

use axum::http::Method;

use super::route::route;
use crate::api::described::refusals::HEAD_TOO_LARGE;
use crate::api::described::{
    DescribedOperation, Form, OperationTable, Parameter, RefusalAnswer, States,
};

/// All operations.
pub(super) const TABLE: OperationTable = OperationTable {
    page: "fiscalbox",
    title: "FiscalBox",
    introduction: "Programs on this machine may call. Callers from elsewhere need an address of `[api.fiscalbox] allow` or an access token.",
    operations: OPERATIONS,
    schemas: include_str!("described.txt"),
};

/// True if this build has a route for an operation of the table.
pub(super) fn is_served(operation: &DescribedOperation) -> bool {
    let method = Method::from_bytes(operation.method.as_bytes());
    method.is_ok_and(|method| route(&method, operation.path).is_ok())
}

const ENVELOPE: Form = Form::Json("FiscalBoxEnvelope");

const FORBIDDEN: RefusalAnswer = RefusalAnswer {
    name: "FiscalBoxForbidden",
    status: 403,
    says: "The caller's address is not one of this machine and not one of `[api.fiscalbox] allow`, or the request comes from a page of another site or through a proxy.",
    form: ENVELOPE,
    retries: false,
    errors: &["CallerNotAllowed", "HostNotAllowed", "OriginNotAllowed"],
    any_refusal: false,
};
const TOO_LARGE: RefusalAnswer = RefusalAnswer {
    name: "FiscalBoxTooLarge",
    status: 413,
    says: "The body is too large.",
    form: ENVELOPE,
    retries: false,
    errors: &["BodyTooLarge"],
    any_refusal: false,
};

const BROKEN: RefusalAnswer = RefusalAnswer {
    name: "FiscalBoxBroken",
    status: 400,
    says: "The body ended early. If the request is no HTTP, the answer has no body.",
    form: ENVELOPE,
    retries: false,
    errors: &["BodyIncomplete"],
    any_refusal: false,
};
const TOO_SLOW: RefusalAnswer = RefusalAnswer {
    name: "FiscalBoxTooSlow",
    status: 408,
    says: "The body did not arrive in time. If the head did not, the answer has no body.",
    form: ENVELOPE,
    retries: false,
    errors: &["BodyTimeout"],
    any_refusal: false,
};
/// A connection without a place has not read the path.
const BUSY: RefusalAnswer = RefusalAnswer {
    name: "FiscalBoxBusy",
    status: 503,
    says: "The till has too many calls, and this one was not read.",
    form: Form::OneOf(&["FiscalBoxEnvelope", "ApiResponse"]),
    retries: true,
    errors: &["Overloaded"],
    any_refusal: false,
};

const REFUSALS: &[&RefusalAnswer] = &[
    &BROKEN,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &HEAD_TOO_LARGE,
    &BUSY,
];

const GROUP: &str = "FiscalBox";

const fn operation(
    method: &'static str,
    path: &'static str,
    says: &'static str,
) -> DescribedOperation {
    DescribedOperation::new(method, path, GROUP, says, ENVELOPE).refusals(REFUSALS)
}

const TIME: &[Parameter] = &[Parameter {
    name: "time",
    kind: "text",
    says: "`yyyy-MM-dd HH:mm:ss`; the till gives its own time.",
}];

const INVOICE: &[Parameter] = &[Parameter {
    name: "invoice_id",
    kind: "text",
    says: "The number of the payment at UzQR.",
}];
const REFUND_ID: &[Parameter] = &[Parameter {
    name: "refund_id",
    kind: "text",
    says: "The number of the refund at UzQR.",
}];

const COUNT: &[Parameter] = &[
    Parameter {
        name: "start_date",
        kind: "text",
        says: "The beginning, `YYYY-MM-DDTHH:MM:SS`.",
    },
    Parameter {
        name: "end_date",
        kind: "text",
        says: "The end, `YYYY-MM-DDTHH:MM:SS`.",
    },
    Parameter {
        name: "inn",
        kind: "text",
        says: "The tax number of the owner.",
    },
];

const ORDER: &str = r#"{"receipt_type":"order","products":[{"name":"Non","barcode":"","amount":1000,"unit_name":"dona","price":500000,"product_price":500000,"vat":53571,"vat_percent":12,"class_code":"01905001001000000","package_code":"1282556","owner_type":0}],"time":"2026-11-29 10:00:00","cashier":"Aziza","received_cash":500000,"change":0,"received_card":0}"#;
const REFUND: &str = r#"{"number":1,"qr_code":"ofd.soliq.uz/check?t=UZ000000000001&r=1&c=20261129100000&s=012345678901","products":[{"name":"Non","barcode":"","amount":1000,"unit_name":"dona","price":500000,"product_price":500000,"vat":53571,"vat_percent":12,"class_code":"01905001001000000","package_code":"1282556","owner_type":0}],"time":"2026-11-29 10:05:00","cashier":"Aziza","received_cash":500000,"change":0,"received_card":0}"#;

const OPERATIONS: &[DescribedOperation] = &[
    operation(
        "POST",
        "/fiscalbox/order/create",
        "Makes a sale, an advance payment or a sale on credit",
    )
    .takes("FiscalBoxOrder", ORDER)
    .states(States::OfTheDocument),
    operation("POST", "/fiscalbox/order/refuse", "Makes a refund")
        .takes("FiscalBoxOrder", REFUND)
        .states(States::OfTheDocument),
    operation(
        "GET",
        "/fiscalbox/order/print",
        "Prints the last receipt again",
    ),
    operation(
        "GET",
        "/fiscalbox/order/last",
        "Tells the module's last receipt",
    ),
    operation(
        "GET",
        "/fiscalbox/order/sendreceipt",
        "Has the module send its receipts",
    ),
    operation(
        "POST",
        "/fiscalbox/order/sendreceipt",
        "Has the module send its receipts",
    ),
    operation("GET", "/fiscalbox/zreport/open", "Opens the shift").parameters(TIME),
    operation("GET", "/fiscalbox/zreport/close", "Closes the shift")
        .parameters(TIME)
        .states(States::OfTheDocument),
    operation(
        "POST",
        "/fiscalbox/zreport/close",
        "Closes the shift, or shows its figures",
    )
    .parameters(TIME)
    .may_take(
        "FiscalBoxClose",
        r#"{"close_zreport":true,"name":"","prices":[],"banners":[]}"#,
    )
    .states(States::OfTheDocument),
    DescribedOperation {
        success: Form::Json("FiscalBoxResult"),
        ..operation(
            "GET",
            "/fiscalbox/zreport/info",
            "Tells the figures of a shift",
        )
    },
    operation("GET", "/fiscalbox/info", "Tells the state of the module"),
    operation(
        "GET",
        "/fiscalbox/print/open_cash_drawer",
        "Opens the drawer",
    ),
    operation(
        "POST",
        "/fiscalbox/print/banner",
        "Prints a text that is no receipt",
    )
    .takes(
        "FiscalBoxBanner",
        r#"{"banners":[{"type":"text","data":"Xush kelibsiz","cut":true}]}"#,
    ),
    operation("POST", "/fiscalbox/okm/validation", "Checks marking codes")
        .takes("FiscalBoxMarking", r#"{"refund":0,"products":[{"productCode":"01905001001000000","packageCode":"1282556","amount":1,"kmIds":["0104600000000015211234567"],"fullKmIds":[]}]}"#),
    operation("GET", "/fiscalbox/sverka", "Compares the module, the journal and the payments, and names each difference"),
    operation("POST", "/fiscalbox/payment/settle", "A person says what became of a payment")
        .takes("FiscalBoxSettlement", r#"{"payment":"497f6eca-6276-4993-bfeb-53cbbbba6f08","outcome":"looked_after","by":"Aziza","reason":"paid back in cash"}"#),
    operation("POST", "/fiscalbox/payment/click", "Takes money with Click")
        .takes("FiscalBoxPayment", r#"{"amount":500000,"qr_code":"123456789"}"#),
    operation("POST", "/fiscalbox/payment/click_confirm", "Gives Click the link of the receipt")
        .takes("FiscalBoxConfirmation", r#"{"payment_id":"1001","qr_code":"ofd.soliq.uz/check?t=UZ1&r=1&c=1&s=1"}"#),
    operation("POST", "/fiscalbox/payment/payme", "Takes money with Payme")
        .takes("FiscalBoxPayment", r#"{"amount":500000,"qr_code":"123456789"}"#),
    operation("POST", "/fiscalbox/payment/payme_confirm", "Gives Payme the link of the receipt")
        .takes("FiscalBoxConfirmation", r#"{"payment_id":"1001","qr_code":"ofd.soliq.uz/check?t=UZ1&r=1&c=1&s=1"}"#),
    operation("POST", "/fiscalbox/payment/uzum", "Takes money with Uzum")
        .takes("FiscalBoxPayment", r#"{"amount":500000,"qr_code":"123456789"}"#),
    operation("POST", "/fiscalbox/payment/uzum_confirm", "Gives Uzum the link of the receipt")
        .takes("FiscalBoxConfirmation", r#"{"payment_id":"1001","qr_code":"ofd.soliq.uz/check?t=UZ1&r=1&c=1&s=1"}"#),
    operation("POST", "/fiscalbox/payment/anor", "Takes money with Anor")
        .takes("FiscalBoxPayment", r#"{"amount":500000,"qr_code":"123456789"}"#),
    operation("POST", "/fiscalbox/payment/anor_confirm", "Gives Anor the link of the receipt")
        .takes("FiscalBoxConfirmation", r#"{"transaction_id":"1001","qr_code":"ofd.soliq.uz/check?t=UZ1&r=1&c=1&s=1"}"#),
    operation("POST", "/fiscalbox/payment/xumo", "Takes money with the Humo pinpad, or gives it back")
        .takes("FiscalBoxPayment", r#"{"amount":500000}"#),
    operation("GET", "/fiscalbox/payment/xumo_close", "Closes the day of the Humo pinpad"),
    operation("GET", "/fiscalbox/payment/xumo_shortreport", "Tells the sums of the day of the Humo pinpad"),
    operation("GET", "/fiscalbox/payment/xumo/print_last", "Prints the last slip of the Humo pinpad again"),
    operation("GET", "/fiscalbox/payment/xumo_close/print_last", "Prints the last report of the Humo pinpad again"),
    operation("POST", "/fiscalbox/payment/uzcard", "Takes money with the Uzcard pinpad, or gives it back")
        .takes("FiscalBoxPayment", r#"{"amount":500000}"#),
    operation("GET", "/fiscalbox/payment/uzcard_close", "Closes the day of the Uzcard pinpad"),
    operation("GET", "/fiscalbox/payment/uzcard_shortreport", "Tells the sums of the day of the Uzcard pinpad"),
    operation("GET", "/fiscalbox/payment/uzcard/print_last", "Prints the last slip of the Uzcard pinpad again"),
    operation("GET", "/fiscalbox/payment/uzcard_close/print_last", "Prints the last report of the Uzcard pinpad again"),
    operation("POST", "/fiscalbox/payment/qr_pay", "Begins a payment with Scan2Pay")
        .takes("FiscalBoxPayment", r#"{"amount":500000,"order_id":17}"#),
    operation("POST", "/fiscalbox/payment/qr_pay/status", "Tells what became of a payment with Scan2Pay")
        .takes("FiscalBoxPaymentName", r#"{"order_id":17}"#),
    operation("POST", "/fiscalbox/payment/one_qr/create", "Begins a payment with UzQR")
        .takes("FiscalBoxPayment", r#"{"amount":"5000.00","external_id":"17"}"#),
    operation("GET", "/fiscalbox/payment/one_qr/status", "Waits for a payment with UzQR, at most two minutes")
        .parameters(INVOICE),
    operation("POST", "/fiscalbox/payment/one_qr/receipt", "Gives UzQR the link of the receipt")
        .takes("FiscalBoxConfirmation", r#"{"pay_id":"1001","fiscal_receipt_url":"ofd.soliq.uz/check?t=UZ1&r=1&c=1&s=1"}"#),
    operation("POST", "/fiscalbox/payment/one_qr/cancel", "Ends a payment with UzQR that was begun")
        .takes("FiscalBoxPaymentName", r#"{"invoice_id":"70001"}"#),
    operation("POST", "/fiscalbox/payment/one_qr/refund", "Gives money of a payment with UzQR back")
        .takes("FiscalBoxPayment", r#"{"pay_id":"1001","amount":"5000.00"}"#),
    operation("GET", "/fiscalbox/payment/one_qr/refund/status", "Tells what became of money that UzQR gives back")
        .parameters(REFUND_ID),
    DescribedOperation {
        success: Form::Json("FiscalBoxToken"),
        ..operation("POST", "/fiscalbox/api/v1/login", "Logs in at the billing with the caller's own user and password")
    }
    .takes("FiscalBoxLogin", r#"{"username":"shop","password":"secret"}"#),
    DescribedOperation {
        success: Form::Json("FiscalBoxCount"),
        ..operation("GET", "/fiscalbox/api/v1/orders/count", "Asks the billing how many orders an owner has made")
    }
    .parameters(COUNT),
];
