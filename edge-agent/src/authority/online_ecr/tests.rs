//! Golden bodies: the exact bytes that the authority gets. If one of these tests fails, the code must change, not the test.

use ferrotill_core::duty::DutyKind;
use ferrotill_core::{Amount, Quantity};
use uuid::Uuid;

use super::super::{
    Authority, CashDirection, CashOperation, EncodeError, EncodedRequest, Heading, Identity,
    ItemTax, Means, ReportedDocument, ReportedForm, ReportedItem, ReportedPayment, ReportedReceipt,
    TaxTotal, Total, Verdict, ZReport,
};
use super::OnlineEcr;
use crate::authority::failure::DeliveryFailure;

pub(crate) fn heading(key: u128, message_number: u64) -> Heading {
    Heading {
        key: Uuid::from_u128(key),
        message_number,
        fiscal_number: Some(message_number),
        currency: "MDL".to_owned(),
        z_number: 4,
        cashier: "Cashier 1".to_owned(),
        at: format!("2026-03-02T15:35:{message_number:02}.076Z"),
        identity: Identity {
            device_token: "567765".to_owned(),
            tin: "1111111111".to_owned(),
            shop_name: "SHOP #1".to_owned(),
            shop_address: "Unknown st., 404".to_owned(),
        },
        location: None,
    }
}

const fn minor(amount: i64) -> Amount {
    Amount::from_minor(amount)
}

fn item(
    name: &str,
    thousandths: i64,
    price: i64,
    amount: i64,
    tax: (char, u32, i64),
) -> ReportedItem {
    ReportedItem {
        name: name.to_owned(),
        unit: "buc".to_owned(),
        quantity: Quantity::from_thousandths(thousandths),
        price: minor(price),
        amount: minor(amount),
        taxes: vec![ItemTax {
            tax: self::tax(tax.0, tax.1, tax.2),
            base: minor(amount - tax.2),
        }],
    }
}

const fn tax(code: char, rate: u32, amount: i64) -> TaxTotal {
    TaxTotal {
        code,
        rate,
        amount: Amount::from_minor(amount),
    }
}

const fn paid(means: Means, paid: i64, change: i64) -> ReportedPayment {
    ReportedPayment {
        means,
        paid: Amount::from_minor(paid),
        change: Amount::from_minor(change),
    }
}

/// The sale of the published C# example: 24.77 with a discount of 25 % is 18.58, paid with 15.00 by card and 10.00 in cash.
pub(crate) fn sale() -> ReportedReceipt {
    ReportedReceipt {
        heading: heading(1, 1),
        form: ReportedForm::Sale,
        receipt_number: 1,
        total: minor(1858),
        items: vec![
            item(
                "Piine Praga (Franzeluta)",
                2000,
                810,
                1033,
                ('B', 80_000, 77),
            ),
            item(
                "Gura Cainarului 1.5l Necarbogazoasa",
                1000,
                1200,
                825,
                ('A', 200_000, 138),
            ),
        ],
        payments: vec![paid(Means::Card, 1500, 0), paid(Means::Cash, 1000, 642)],
        rounding: minor(0),
        tax_totals: vec![tax('A', 200_000, 138), tax('B', 80_000, 77)],
    }
}

pub(crate) fn refund() -> ReportedReceipt {
    ReportedReceipt {
        heading: heading(2, 2),
        form: ReportedForm::Refund { parent: Some(1) },
        receipt_number: 2,
        total: minor(825),
        items: vec![item(
            "Gura Cainarului 1.5l Necarbogazoasa",
            1000,
            825,
            825,
            ('A', 200_000, 138),
        )],
        payments: vec![paid(Means::Cash, 825, 0)],
        rounding: minor(0),
        tax_totals: vec![tax('A', 200_000, 138)],
    }
}

pub(crate) fn deposit() -> CashOperation {
    CashOperation {
        heading: heading(3, 3),
        direction: CashDirection::Deposit,
        receipt_number: 3,
        amount: minor(10_000),
    }
}

pub(crate) fn z_report() -> ZReport {
    ZReport {
        heading: heading(9, 9),
        first_number: 1,
        last_number: 3,
        sale: Some(Total {
            count: 1,
            amount: minor(1858),
        }),
        deposit: Some(Total {
            count: 1,
            amount: minor(10_000),
        }),
        refund: Some(Total {
            count: 1,
            amount: minor(825),
        }),
        withdraw: None,
        sale_payments: vec![(Means::Cash, minor(358)), (Means::Card, minor(1500))],
        refund_payments: vec![(Means::Cash, minor(825))],
        sale_tax: vec![tax('A', 200_000, 138), tax('B', 80_000, 77)],
        refund_tax: vec![tax('A', 200_000, 138)],
    }
}

fn text_of(request: EncodedRequest) -> String {
    assert_eq!(request.content_type, "application/json");
    String::from_utf8(request.body).unwrap()
}

fn body(document: ReportedDocument) -> String {
    text_of(OnlineEcr::default().encode(&document).unwrap())
}

const IDENTITY: &str = r#""identity":{"fn":"567765","tin":"1111111111","shopName":"SHOP #1","shopAddress":"Unknown st., 404"}"#;

#[test]
fn the_body_of_a_sale() {
    let request = OnlineEcr::default()
        .encode(&ReportedDocument::Receipt(sale()))
        .unwrap();
    assert_eq!(request.kind, DutyKind::Sale);
    assert_eq!(request.key, Uuid::from_u128(1));
    assert_eq!(
        request.text(),
        [
            r#"{"msgID":1,"currency":"MDL","totalAmount":1858,"zNumber":4,"fiscalNum":1,"receiptNumber":1,"#,
            r#""cashier":"Cashier 1","dateTime":"2026-03-02T15:35:01.076Z","items":["#,
            r#"{"name":"Piine Praga (Franzeluta)","unit":"buc","qty":2000,"price":810,"amount":1033,"#,
            r#""taxes":[{"taxCode":"B","taxRate":800,"taxBase":956,"taxAmount":77}]},"#,
            r#"{"name":"Gura Cainarului 1.5l Necarbogazoasa","unit":"buc","qty":1000,"price":1200,"amount":825,"#,
            r#""taxes":[{"taxCode":"A","taxRate":2000,"taxBase":687,"taxAmount":138}]}],"#,
            r#""payments":[{"type":"CARD","amount":1500,"change":0},{"type":"CASH","amount":358,"change":642}],"#,
            r#""taxTotals":[{"taxCode":"A","taxRate":2000,"taxAmount":138},{"taxCode":"B","taxRate":800,"taxAmount":77}],"#,
            IDENTITY,
            "}",
        ]
        .concat()
    );
}

#[test]
fn a_refund_names_its_original_and_an_alternative_receipt_its_number() {
    let text = body(ReportedDocument::Receipt(refund()));
    assert!(text.starts_with(r#"{"msgID":2,"currency":"MDL","totalAmount":825,"zNumber":4,"fiscalNum":2,"receiptNumber":2,"parentFiscalNum":1,"cashier""#), "{text}");

    let mut alternative = sale();
    alternative.form = ReportedForm::Alternative {
        series: "ABC".to_owned(),
        number: 17,
    };
    alternative.heading.fiscal_number = None;
    let request = OnlineEcr::default()
        .encode(&ReportedDocument::Receipt(alternative))
        .unwrap();
    assert_eq!(request.kind, DutyKind::AlternativeReceipt);
    assert!(request.text().starts_with(r#"{"msgID":1,"currency":"MDL","totalAmount":1858,"zNumber":4,"receiptNumber":1,"series":"ABC","number":17,"cashier""#), "{}", request.text());
}

#[test]
fn a_line_with_two_taxes_has_each_with_its_base() {
    let mut cider = sale();
    cider.items.truncate(1);
    let with_base = |base, tax| ItemTax {
        tax,
        base: minor(base),
    };
    cider.items[0].taxes = vec![
        with_base(820, tax('A', 200_000, 164)),
        with_base(984, tax('F', 50_000, 49)),
    ];
    let text = body(ReportedDocument::Receipt(cider));
    assert!(
        text.contains(r#""taxes":[{"taxCode":"A","taxRate":2000,"taxBase":820,"taxAmount":164},{"taxCode":"F","taxRate":500,"taxBase":984,"taxAmount":49}]"#),
        "{text}"
    );
}

/// An authority with its own paths, its own signature and its own success field.
#[test]
fn paths_headers_signature_and_success_field_are_configurable() {
    let form = crate::config::OnlineEcrConfig {
        paths: vec![("sale", "v1/sale".to_owned())],
        headers: vec![("X-Shop".to_owned(), "7".to_owned())],
        signature: Some(crate::config::SignatureConfig {
            header: "X-Signature".to_owned(),
            secret: crate::config::Secret::new("key".to_owned()),
        }),
        success_field: Some("taken".to_owned()),
        ..crate::config::OnlineEcrConfig::default()
    };
    let authority = OnlineEcr::new(form);
    assert_eq!(authority.path(DutyKind::Sale), "v1/sale");
    assert_eq!(authority.path(DutyKind::Refund), "refund");
    // The signature of a published example: HMAC-SHA256 with the key "key".
    let signed = authority.headers(b"The quick brown fox jumps over the lazy dog");
    assert_eq!(
        signed,
        [
            ("X-Shop".to_owned(), "7".to_owned()),
            (
                "X-Signature".to_owned(),
                "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8".to_owned()
            )
        ]
    );
    for (body, verdict) in [
        (r#"{"taken":true}"#, Verdict::Acknowledged),
        (
            r#"{"status":"success"}"#,
            Verdict::Failed(DeliveryFailure::NotTheAuthority(200)),
        ),
        (
            r#"{"taken":false,"message":"no"}"#,
            Verdict::Refused {
                message: "no".to_owned(),
            },
        ),
    ] {
        assert_eq!(authority.decode(200, body.as_bytes()), verdict, "{body}");
    }
}

#[test]
fn the_body_of_a_cash_operation() {
    let text = body(ReportedDocument::Cash(deposit()));
    assert_eq!(
        text,
        format!(
            r#"{{"receiptNumber":3,"zNumber":4,"fiscalNum":3,"msgID":3,"cashier":"Cashier 1","currency":"MDL","totalAmount":10000,"dateTime":"2026-03-02T15:35:03.076Z",{IDENTITY}}}"#
        )
    );
    let withdraw = CashOperation {
        direction: CashDirection::Withdraw,
        ..deposit()
    };
    assert_eq!(ReportedDocument::Cash(withdraw).kind(), DutyKind::Withdraw);
}

#[test]
fn a_z_report_leaves_out_what_did_not_occur() {
    assert_eq!(
        body(ReportedDocument::ZReport(z_report())),
        [
            r#"{"zNumber":4,"fiscalNum":9,"firstNumber":1,"lastNumber":3,"cashier":"Cashier 1","#,
            r#""dateTime":"2026-03-02T15:35:09.076Z","currency":"MDL","msgId":9,"#,
            r#""totals":{"sale":{"count":1,"amount":1858},"deposit":{"count":1,"amount":10000},"refund":{"count":1,"amount":825}},"#,
            r#""payments":{"sale":[{"type":"CASH","amount":358},{"type":"CARD","amount":1500}],"refund":[{"type":"CASH","amount":825}]},"#,
            r#""taxTotals":{"sale":[{"taxCode":"A","taxRate":2000,"taxAmount":138},{"taxCode":"B","taxRate":800,"taxAmount":77}],"#,
            r#""refund":[{"taxCode":"A","taxRate":2000,"taxAmount":138}]},"#,
            IDENTITY,
            "}",
        ]
        .concat()
    );
    let mut report = z_report();
    (report.refund, report.deposit) = (None, None);
    report.refund_payments.clear();
    report.refund_tax.clear();
    let text = body(ReportedDocument::ZReport(report));
    assert!(
        !text.contains("refund") && !text.contains("deposit"),
        "{text}"
    );
}

#[test]
fn values_that_the_form_cannot_express_are_refused() {
    let mut receipt = sale();
    receipt.tax_totals[0].rate = 200_050;
    assert_eq!(
        OnlineEcr::default().encode(&ReportedDocument::Receipt(receipt)),
        Err(EncodeError::Rate(200_050))
    );
    let mut receipt = sale();
    receipt.payments[1].change = minor(1001);
    assert_eq!(
        OnlineEcr::default().encode(&ReportedDocument::Receipt(receipt)),
        Err(EncodeError::Change {
            paid: 1000,
            change: 1001
        })
    );
}

#[test]
fn any_sign_of_failure_makes_an_answer_a_refusal() {
    let refused = |message: &str| Verdict::Refused {
        message: message.to_owned(),
    };
    let unable = |status| Verdict::Failed(DeliveryFailure::Unable(status));
    let not_the_authority = |status| Verdict::Failed(DeliveryFailure::NotTheAuthority(status));
    for (status, body, verdict) in [
        (
            200,
            r#"{"status":"success","key":"k"}"#,
            Verdict::Acknowledged,
        ),
        (200, r#"{"device":{},"shop":{}}"#, Verdict::Acknowledged),
        (
            201,
            r#"{"success":true,"error":null,"errors":[]}"#,
            Verdict::Acknowledged,
        ),
        (200, r#"{"code":0}"#, Verdict::Acknowledged),
        (200, r#"{"accepted":true}"#, Verdict::Acknowledged),
        (
            200,
            r#"{"acknowledged":false,"message":"not yet"}"#,
            refused("not yet"),
        ),
        (
            200,
            r#"{"status":"error","message":"no such device"}"#,
            refused("no such device"),
        ),
        (
            200,
            r#"{"Status":"ERROR","Message":"no\nsuch"}"#,
            refused("no such"),
        ),
        (
            200,
            r#"{"success":false}"#,
            refused("refused without a reason (HTTP 200)"),
        ),
        (
            200,
            r#"{"status":"success","error":"but no"}"#,
            refused("but no"),
        ),
        (200, r#"{"errors":[{"a":1}]}"#, refused(r#"[{"a":1}]"#)),
        (
            200,
            r#"{"code":9,"message":"not found"}"#,
            refused("not found"),
        ),
        (422, r#"{"message":"wrong"}"#, refused("wrong")),
        (404, "<html>", not_the_authority(404)),
        (200, "<html>log in</html>", not_the_authority(200)),
        (200, "", not_the_authority(200)),
        (200, "{}", not_the_authority(200)),
        (200, r#"{"welcome":"to the hotel"}"#, not_the_authority(200)),
        (200, "[]", not_the_authority(200)),
        (200, r#"{"status":"succ"#, not_the_authority(200)),
        (302, r#"{"status":"success"}"#, not_the_authority(302)),
        (500, r#"{"status":"error"}"#, unable(500)),
        (503, "", unable(503)),
        (429, r#"{"message":"slow down"}"#, unable(429)),
    ] {
        assert_eq!(
            OnlineEcr::default().decode(status, body.as_bytes()),
            verdict,
            "{status} {body}"
        );
    }
}

/// A failure in an unusual form is not an acknowledgement, even if the answer also contains an object.
#[test]
fn a_failure_in_an_unusual_form_is_no_acknowledgement() {
    let authority = super::OnlineEcr::default();
    for text in [
        r#"{"success":"false","message":"bad tax","object":{"tin":"1"}}"#,
        r#"{"success":0,"message":"bad tax","data":{}}"#,
        r#"{"code":"7","message":"bad tax","data":{"id":1}}"#,
        r#"{"result":"error","data":{"reason":"bad"}}"#,
        r#"{"status":false,"device":{"fn":"1"}}"#,
        r#"{"status":500,"message":"x","shop":{}}"#,
    ] {
        let verdict = Authority::decode(&authority, 200, text.as_bytes());
        assert!(!matches!(verdict, Verdict::Acknowledged), "{text}");
    }
}
