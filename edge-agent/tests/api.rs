//! The FiscalCloud-compatible API over real HTTP, from the request to the paper.

mod shop;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ferrotill::hmac::signature_of;
use ferrotill::time::clock::system_ms;
use ferrotill_device::wire::isl::command;
use ferrotill_device::wire::isl_payment::PaymentRequest;
use ferrotill_device::wire::isl_receipt::{Sale, SaleModifier};
use shop::inside::Shop;
use shop::{DEVICE, Headers, POINT_OF_SALE, SECRET};

/// The body of `SaleExample` of the vendor's C# client, as its serializer writes it.
const SALE_EXAMPLE: &str = concat!(
    r#"{"ReceiptMode":"FiscalReceiptOnly","SendToEmail":true,"EmailAddress":"test@mail.com","#,
    r#""SendToPhone":true,"PhoneNumber":"079000001","Items":["#,
    r#"{"Name":"Piine Praga (Franzeluta)","Quantity":2.000,"Price":8.10,"#,
    r#""ModifierMode":"ByPercent","ModifierValue":-15.00,"TaxGroupCode":"B"},"#,
    r#"{"Name":"Gura Cainarului 1.5l Necarbogazoasa","Quantity":1.000,"Price":12.00,"#,
    r#""ModifierMode":"ByAmount","ModifierValue":-1.00,"TaxGroupCode":"A"}],"#,
    r#""Payments":[{"TypeCode":1,"Amount":15.00,"UseBankTerminal":true},"#,
    r#"{"TypeCode":0,"Amount":10.00,"UseBankTerminal":false}],"#,
    r#""AmountModifications":[{"Mode":"ByPercent","Value":-25.00}]}"#
);

/// The body of a sale of one loaf for ten lei.
const LOAF: &str = r#"{"items":[{"name":"Piine","quantity":1.000,"price":8.10,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":10.00}]}"#;

#[test]
fn the_example_sale_of_the_vendor_is_answered_and_printed() {
    let shop = Shop::open();
    let sold = shop.client.post("operations/sale", SALE_EXAMPLE);
    for (member, value) in [
        ("subTotalAmount", "24.77"),
        ("totalAmountModifications", "-6.19"),
        ("totalAmount", "18.58"),
        ("totalPaid", "25.00"),
        ("totalChange", "6.42"),
        ("items.0.rowNumber", "1"),
        ("items.0.name", "Piine Praga (Franzeluta)"),
        ("items.0.quantity", "2.000"),
        ("items.0.price", "8.10"),
        ("items.0.amountBeforeModification", "16.20"),
        ("items.0.amount", "13.77"),
        ("items.0.modifierMode", "ByPercent"),
        ("items.0.modifierValue", "-15.00"),
        ("items.0.taxGroupCode", "B"),
        ("items.0.taxRate", "8.00"),
        ("items.0.taxAmount", "1.02"),
        ("items.0.finalAmount", "10.33"),
        ("items.0.finalTaxAmount", "0.77"),
        ("items.1.amountBeforeModification", "12.00"),
        ("items.1.amount", "11.00"),
        ("items.1.taxAmount", "1.83"),
        ("items.1.finalAmount", "8.25"),
        ("items.1.finalTaxAmount", "1.38"),
        ("payments.0.typeCode", "1"),
        ("payments.0.amount", "15.00"),
        ("payments.0.change", "0.00"),
        ("payments.0.useBankTerminal", "true"),
        ("payments.1.typeName", "Numerar"),
        ("payments.1.change", "6.42"),
        ("amountModifications.0.mode", "ByPercent"),
        ("amountModifications.0.value", "-25.00"),
        ("sendToEmail", "true"),
        ("emailAddress", "test@mail.com"),
        ("sendToPhone", "true"),
        ("phoneNumber", "079000001"),
        ("number", "1"),
        ("numberPresentation", "00000001"),
        ("currentNumberPresentation", "0001"),
        ("fiscalDeviceId", DEVICE),
        ("pointOfSaleId", POINT_OF_SALE),
        ("zReportId", "null"),
    ] {
        assert_eq!(sold.receipt(member), value, "{member}");
    }
    assert_eq!(sold.at("data.receiptType"), "FiscalReceipt");
    assert_eq!(sold.at("data.alternativeReceipt"), "null");
    assert_eq!(
        sold.receipt("payments.0.bankTerminalRRN").len(),
        12,
        "the simulated terminal has approved"
    );
    assert_eq!(shop.receipts(), [("18.58".to_owned(), 2, "sale")]);
    // A long name has two lines.
    let paper = shop.rig.paper();
    for line in [
        "Piine Praga (Franzeluta)\n",
        "Gura Cainarului 1.5l\nNecarbogazoasa\n",
    ] {
        assert!(paper.contains(line), "{line} in\n{paper}");
    }
}

#[test]
fn the_printer_gets_amounts_instead_of_percents_and_cash_last() {
    let shop = Shop::open();
    let cash_first = LOAF.replace(
        r#"{"typeCode":0,"amount":10.00}"#,
        r#"{"typeCode":0,"amount":4.00},{"typeCode":1,"amount":5.00}"#,
    );
    for body in [SALE_EXAMPLE, &cash_first] {
        assert_eq!(shop.client.post("operations/sale", body).status, 200);
    }
    let sales: Vec<Option<SaleModifier>> = shop
        .sent(command::SALE)
        .iter()
        .map(|data| Sale::parse(data).unwrap().modifier)
        .collect();
    // The modifiers of line and receipt become one amount: 16.20 becomes 10.33, and 12.00 becomes 8.25.
    let absolute = |minor| Some(SaleModifier::Absolute(minor));
    assert_eq!(sales, [absolute(-587), absolute(-375), None]);
    for data in shop.sent(command::SUBTOTAL) {
        assert!(!data.contains(&b','), "{data:?}");
    }
    let payments: Vec<(Option<char>, Option<i64>)> = shop
        .sent(command::PAYMENT)
        .iter()
        .map(|data| PaymentRequest::parse(data).unwrap())
        .map(|payment| (payment.mode, payment.amount))
        .collect();
    assert_eq!(
        payments,
        [
            (Some('D'), Some(1_500)),
            (Some('P'), Some(1_000)),
            (Some('D'), Some(500)),
            (Some('P'), Some(400)),
        ]
    );
}

#[test]
fn a_bad_body_is_refused_with_the_path_of_every_fault() {
    let shop = Shop::open();
    let item = r#"{"name":"Piine","quantity":1.000,"price":8.10,"taxGroupCode":"B"}"#;
    let payment = r#"{"typeCode":0,"amount":10.00}"#;
    let many = |one: &str, count| vec![one; count].join(",");
    let lines = many(item, 513);
    let payments = many(payment, 11);
    let long = format!("\"{}\"", "x".repeat(401));
    let header = format!("\"additionalHeaderText\":{long},\"payments\"");
    let footer = format!("\"additionalFooterText\":{long},\"payments\"");
    let both = format!("\"additionalFooterText\":{long},{header}");
    // Each row: a part of a correct body, its replacement, the code of the first fault, and the paths of all faults.
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, &[&str])] = &[
        (LOAF, "{", "MalformedJson", &["body"]),
        (LOAF, "nonsense", "MalformedJson", &["body"]),
        (LOAF, "{} {}", "MalformedJson", &["body"]),
        ("8.10", "NaN", "MalformedJson", &["body"]),
        ("8.10", "8,10", "MalformedJson", &["body"]),
        ("8.10", "8.105", "TooManyDecimals", &["items[0].price"]),
        ("8.10", "\"8,10\"", "NotANumber", &["items[0].price"]),
        ("8.10", "null", "Missing", &["items[0].price"]),
        ("8.10", "1e400", "NumberTooLarge", &["items[0].price"]),
        ("8.10", "0.00", "NothingToPay", &["items"]),
        ("8.10", "-8.10", "PriceNotPositive", &["items[0].price"]),
        ("1.000", "1.0001", "TooManyDecimals", &["items[0].quantity"]),
        ("1.000", "0", "QuantityNotPositive", &["items[0].quantity"]),
        ("1.000", "true", "WrongType", &["items[0].quantity"]),
        ("\"Piine\"", "\"\"", "NameMissing", &["items[0].name"]),
        (r#""Piine""#, r#""\u0001\u200b""#, "NameMissing", &["items[0].name"]),
        (r#""Piine""#, r#""\u3164 \ufeff""#, "NameMissing", &["items[0].name"]),
        ("\"Piine\"", &long, "TextTooLong", &["items[0].name"]),
        ("\"payments\"", &header, "TextTooLong", &["additionalHeaderText"]),
        ("\"payments\"", &footer, "TextTooLong", &["additionalFooterText"]),
        ("\"payments\"", &both, "TextTooLong", &["additionalHeaderText", "additionalFooterText"]),
        ("\"B\"", "\"Z\"", "TaxGroupUnknown", &["items[0].taxGroupCode"]),
        ("\"B\"", "null", "TaxGroupMissing", &["items[0].taxGroupCode"]),
        ("\"name\"", "\"nom\"", "UnknownField", &["items[0].nom", "items[0].name"]),
        ("\"items\"", "\"x\":1,\"items\"", "UnknownField", &["x"]),
        ("\"price\"", "\"Price\":1,\"price\"", "GivenTwice", &["items[0].price"]),
        (item, "", "NoLines", &["items"]),
        (item, &lines, "TooManyLines", &["items"]),
        (payment, "", "NoPayments", &["payments"]),
        (payment, &payments, "TooManyPayments", &["payments"]),
        ("10.00", "8.09", "Underpaid", &["payments"]),
        ("10.00", "0.00", "PaymentNotPositive", &["payments[0].amount"]),
        ("10.00", "10.001", "TooManyDecimals", &["payments[0].amount"]),
        ("\"typeCode\":0", "\"typeCode\":1", "ChangeExceedsCash", &["payments"]),
        ("\"typeCode\":0", "\"typeCode\":7", "PaymentTypeUnknown", &["payments[0].typeCode"]),
        ("\"typeCode\":0", "\"typeCode\":0.5", "TooManyDecimals", &["payments[0].typeCode"]),
        ("\"taxGroupCode\"", "\"modifierValue\":-1,\"taxGroupCode\"", "Missing", &["items[0].modifierMode"]),
        ("\"taxGroupCode\"", "\"modifierMode\":\"ByAmount\",\"taxGroupCode\"", "Missing", &["items[0].modifierValue"]),
        ("\"taxGroupCode\"", "\"modifierMode\":\"ByAmount\",\"modifierValue\":-8.11,\"taxGroupCode\"", "NegativeAmount", &["items[0].modifierValue"]),
        ("\"payments\"", "\"amountModifications\":[{\"mode\":\"Half\",\"value\":1}],\"payments\"", "UnknownValue", &["amountModifications[0].mode"]),
        ("\"payments\"", "\"amountModifications\":[{\"mode\":\"ByAmount\",\"value\":-8.10}],\"payments\"", "NothingToPay", &["items"]),
        ("\"payments\"", "\"receiptMode\":\"Any\",\"payments\"", "UnknownValue", &["receiptMode"]),
        ("\"payments\"", "\"alternativeReceiptSeriesAndNumber\":\"XYZ\",\"payments\"", "AlternativeNumberNotNext", &["alternativeReceiptSeriesAndNumber"]),
        ("\"payments\"", "\"sendToEmail\":true,\"payments\"", "Missing", &["emailAddress"]),
        ("\"payments\"", "\"emailAddress\":\"nobody\",\"payments\"", "EmailInvalid", &["emailAddress"]),
        ("\"payments\"", "\"phoneNumber\":\"12\",\"payments\"", "PhoneInvalid", &["phoneNumber"]),
        ("\"payments\"", "\"printOnServer\":false,\"printFormMediaType\":\"Pdf\",\"pdfPrintFormSettings\":{\"fontSize\":49},\"payments\"", "FormSizeInvalid", &["pdfPrintFormSettings.fontSize"]),
        ("\"payments\"", "\"id\":\"7\",\"payments\"", "NotAUuid", &["id"]),
        ("\"payments\"", "\"id\":\"00000000-0000-0000-0000-000000000000\",\"payments\"", "NotAUuid", &["id"]),
    ];
    let mut wrong = String::new();
    for (from, to, error, paths) in table {
        let body = LOAF.replacen(from, to, 1);
        let reply = shop.client.post("operations/sale", &body);
        let set = |paths: Vec<String>| paths.into_iter().collect::<BTreeSet<_>>();
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let found = (reply.verdict(), set(reply.paths()));
        // An id that cannot be read may be the id of a document.
        let state = match *error {
            "MalformedJson" | "NotAUuid" => "unknown",
            _ => "not_registered",
        };
        let expected = ((422, state, (*error).to_owned()), set(paths));
        if found != expected {
            let short: String = body.chars().take(200).collect();
            writeln!(
                wrong,
                "{short}\n  expected {expected:?}\n  found    {found:?}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    // The fault of the item itself comes first; faults of its missing fields may follow.
    let no_object = shop
        .client
        .post("operations/sale", &LOAF.replacen(item, "7", 1));
    assert_eq!(no_object.verdict().2, "WrongType");
    assert_eq!(no_object.paths()[0], "items[0]");

    let all_at_once = LOAF
        .replace("8.10", "8.105")
        .replace("\"B\"", "\"Z\"")
        .replace("10.00", "\"ten\"")
        .replace("\"items\"", "\"color\":1,\"items\"");
    let reply = shop.client.post("operations/sale", &all_at_once);
    let mut paths = reply.paths();
    paths.sort();
    assert_eq!(
        paths,
        [
            "color",
            "items[0].price",
            "items[0].taxGroupCode",
            "payments[0].amount"
        ]
        .map(str::to_owned)
    );
    assert!(shop.receipts().is_empty());
    assert_eq!(shop.client.get("receipts").at("data.totalCount"), "0");
    let first = shop.client.post("operations/sale", LOAF);
    assert_eq!(first.receipt("number"), "1", "no number was lost");
}

#[test]
fn a_request_without_a_right_signature_is_refused_with_the_reason() {
    let shop = Shop::open();
    let set = |headers: &mut Headers, name, value: &str| {
        headers.retain(|(header, _)| *header != name);
        headers.push((name, value.to_owned()));
    };
    let signed_at = |headers: &mut Headers, timestamp: String| {
        let path = "/api/v1/operations/sale";
        let parts = [DEVICE, &timestamp, "POST", path, LOAF].map(str::as_bytes);
        set(
            headers,
            "Api-Signature",
            &signature_of(SECRET.as_bytes(), &parts),
        );
        set(headers, "Api-Timestamp", &timestamp);
    };
    let other_device = "11111111-1111-4111-8111-111111111111";
    let signed_device = |headers: &mut Headers| {
        let timestamp = system_ms().to_string();
        let path = "/api/v1/operations/sale";
        let parts = [other_device, &timestamp, "POST", path, LOAF].map(str::as_bytes);
        let signature = signature_of(SECRET.as_bytes(), &parts);
        set(headers, "Api-Signature", &signature);
        set(headers, "Api-Timestamp", &timestamp);
        set(headers, "Api-DeviceId", other_device);
    };
    let minutes = 60_000;
    type Change<'a> = &'a dyn Fn(&mut Headers);
    let without = |name: &'static str| {
        move |headers: &mut Headers| headers.retain(|(header, _)| *header != name)
    };
    #[rustfmt::skip]
    let table: &[(&str, Change<'_>)] = &[
        ("ApiKeyMissing", &without("Api-Key")),
        ("UnknownApiKey", &|headers| set(headers, "Api-Key", "nobody")),
        ("SignatureMissing", &without("Api-Signature")),
        ("SignatureMismatch", &|headers| set(headers, "Api-Signature", &"0".repeat(64))),
        ("SignatureMismatch", &|headers| set(headers, "Api-Signature", "")),
        ("SignatureMismatch", &|headers| set(headers, "Api-DeviceId", other_device)),
        ("SignatureMismatch", &|headers| set(headers, "Api-Timestamp", &(system_ms() + 1).to_string())),
        ("SignatureMismatch", &|headers| set(headers, "Api-PointOfSaleId", POINT_OF_SALE)),
        ("SignatureMismatch", &without("Api-DeviceId")),
        ("TimestampMissing", &without("Api-Timestamp")),
        ("TimestampInvalid", &|headers| set(headers, "Api-Timestamp", "yesterday")),
        ("TimestampOutOfWindow", &|headers| signed_at(headers, (system_ms() - 11 * minutes).to_string())),
        ("TimestampOutOfWindow", &|headers| signed_at(headers, (system_ms() + 11 * minutes).to_string())),
        ("UnknownDevice", &signed_device),
    ];
    for (error, change) in table {
        let reply = shop.client.call("POST", "operations/sale", LOAF, change);
        let reply = reply.unwrap();
        assert_eq!(
            reply.verdict(),
            (401, "unknown", (*error).to_owned()),
            "{}",
            reply.text
        );
    }
    // In TEST mode the answer contains the text for which the agent expected the signature.
    let mut sent = String::new();
    let reply = shop
        .client
        .call("POST", "operations/sale", LOAF, |headers| {
            sent = headers
                .iter()
                .find(|(name, _)| *name == "Api-Timestamp")
                .unwrap()
                .1
                .clone();
            set(headers, "Api-Signature", "x");
        });
    let expected = format!("{DEVICE}{sent}POST/api/v1/operations/sale{LOAF}");
    let full = reply.unwrap().at("fullExceptionMessage");
    let signed = full.split_once("\nsigned text: ").expect("the signed text");
    assert_eq!(signed.1, expected);
    // A timestamp that is wrong by nine minutes is accepted. The refused requests have sold nothing.
    let late = shop
        .client
        .call("POST", "operations/sale", LOAF, |headers| {
            signed_at(headers, (system_ms() - 9 * minutes).to_string());
        });
    assert_eq!(late.unwrap().receipt("number"), "1");
    assert_eq!(shop.receipts().len(), 1);
}

#[test]
fn documents_are_listed_newest_first_and_read_by_id() {
    let shop = Shop::open();
    let cash = shop.client.post("cashoperations", "{\"amount\":50.00}");
    assert_eq!(cash.status, 200, "{}", cash.text);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(shop.client.post("operations/sale", LOAF).receipt("id"));
    }
    let back = format!(
        "{{\"originalReceiptId\":\"{}\",\"items\":[{{\"name\":\"Piine\",\"quantity\":1,\"price\":8.10,\"taxGroupCode\":\"B\"}}],\"payments\":[{{\"typeCode\":0,\"amount\":8.10}}]}}",
        ids[0]
    );
    assert_eq!(shop.client.post("operations/return", &back).status, 200);
    let twice = shop.client.post("operations/return", &back);
    assert_eq!(
        twice.verdict().1,
        "not_registered",
        "nothing is left to return: {}",
        twice.text
    );
    assert_eq!(
        shop.client.post("operations/intermediatetotals", "").status,
        200
    );
    let closed = shop.client.post("operations/closeday", "{}");
    assert_eq!(
        closed.at("data.totalAmount"),
        "24.30",
        "sales are not netted with refunds"
    );
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );

    let numbers = |list: &str| -> Vec<String> {
        let page = shop.client.get(list);
        (0..page.list("data.data"))
            .map(|place| page.at(&format!("data.data.{place}.number")))
            .collect()
    };
    assert_eq!(numbers("receipts"), ["4", "3", "2"]);
    assert_eq!(numbers("receipts?StartIndex=1&count=1"), ["3"]);
    assert_eq!(numbers("receipts?startIndex=3"), Vec::<String>::new());
    assert_eq!(numbers("receipts/full"), ["4", "3", "2"]);
    assert_eq!(numbers("cashoperations"), ["1"]);
    assert_eq!(numbers("returnreceipts"), ["5"]);
    assert_eq!(numbers("reports"), ["7", "6"]);
    assert_eq!(numbers("alternativereceipts"), Vec::<String>::new());
    assert_eq!(
        shop.client.get("receipts?count=1").at("data.totalCount"),
        "3"
    );
    let wrong = shop.client.get("receipts?count=all&page=1");
    assert_eq!(
        (wrong.status, wrong.paths()),
        (422, vec!["count".to_owned(), "page".to_owned()])
    );

    let one = shop.client.get(&format!("receipts/{}", ids[1]));
    assert_eq!(one.at("data.number"), "3");
    assert_eq!(
        one.at("data.zReportId"),
        closed.at("data.id"),
        "the shift is closed"
    );
    for group in ["reports", "returnreceipts"] {
        let other = shop.client.get(&format!("{group}/{}", ids[1]));
        assert_eq!(
            (other.status, other.at("errorType").as_str()),
            (422, "NotFound")
        );
    }
    assert_eq!(shop.client.get("nothing").status, 404);
}

#[test]
fn devices_are_shown_with_their_tables_and_used_numbers() {
    let shop = Shop::open();
    let alternative = LOAF.replace(
        "\"payments\"",
        "\"receiptMode\":\"AlternativeReceiptOnly\",\"payments\"",
    );
    assert_eq!(
        shop.client.post("operations/sale", LOAF).receipt("number"),
        "1"
    );
    let sold = shop.client.post("operations/sale", &alternative);
    assert_eq!(
        sold.at("data.alternativeReceipt.seriesAndNumber"),
        "ABC00000001"
    );

    let all = shop.client.get("devices");
    assert_eq!(
        (all.list("data.data"), all.at("data.totalCount")),
        (1, "1".into())
    );
    assert_eq!(all.at("data.data.0.id"), DEVICE);
    assert_eq!(all.at("data.data.0.organizationName"), "Test SRL");
    let behind = shop.client.get("devices?startIndex=1&count=5");
    assert_eq!(
        (behind.list("data.data"), behind.at("data.totalCount")),
        (0, "1".into())
    );
    let id = sold.operation.clone().unwrap();
    let settled = shop
        .client
        .declare(&id, r#"{"registered":true,"by":"Maria"}"#);
    assert_eq!(settled.status, 409, "{}", settled.text);
    assert!(
        settled.at("message").contains("needs no printer"),
        "{}",
        settled.text
    );
    for start in ["x", "-1"] {
        let refused = shop.client.get(&format!("devices?startIndex={start}"));
        assert_eq!(
            (refused.status, refused.at("errorType")),
            (422, "UnknownValue".into())
        );
        let full = refused.at("fullExceptionMessage");
        assert!(!full.contains("preț"), "no price is wrong: {full}");
    }
    let twice = shop.client.get("devices?startIndex=0&StartIndex=1");
    assert_eq!(twice.status, 422);
    assert!(twice.text.contains("GivenTwice"), "{}", twice.text);
    let one = shop.client.get(&format!("devices/{DEVICE}"));
    for (member, value) in [
        ("isFiscalized", "true"),
        ("lastOperationNumber", "2"),
        ("idnx", "1003600000001"),
        ("useAlternativeReceipts", "true"),
        ("taxGroups.0.code", "A"),
        ("taxGroups.0.rate", "20.00"),
        ("taxGroups.1.rate", "8.00"),
        ("paymentTypes.0.name", "Numerar"),
        ("paymentTypes.0.openCashDrawer", "true"),
        ("paymentTypes.1.code", "1"),
        ("pointsOfSale.0.id", POINT_OF_SALE),
        ("pointsOfSale.0.bankTerminalsIDList", ""),
        ("alternativeReceiptsRanges.0.series", "ABC"),
        ("alternativeReceiptsRanges.0.endNumber", "500"),
        ("alternativeReceiptsRanges.0.willSoonBeExpended", "false"),
        ("alternativeReceiptsRanges.0.expendedCompletely", "false"),
    ] {
        assert_eq!(one.at(&format!("data.{member}")), value, "{member}");
    }
    assert_ne!(one.at("data.serialNumber"), "null");
    let none = shop
        .client
        .get("devices/11111111-1111-4111-8111-111111111111");
    assert_eq!(
        (none.status, none.at("errorType").as_str()),
        (422, "NotFound")
    );
}

/// The client checks the form of the numbers in every answer; this test also compares the sums of many different sales.
#[test]
fn the_sums_of_every_sale_are_exact() {
    const SEED: u64 = 0x5EED_0002;
    let shop = Shop::open();
    let mut state = SEED;
    // A linear congruential generator with Knuth's constants. Its upper bits are more random than its lower bits.
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for sale in 0..40 {
        let mut items = Vec::new();
        for line in 0..=random(5) {
            let (whole, part) = (1 + random(9), random(1_000));
            let price = 1 + random(9_999);
            let modifier = match random(3) {
                0 => format!(
                    ",\"modifierMode\":\"ByPercent\",\"modifierValue\":-{}.{:02}",
                    random(60),
                    random(100)
                ),
                1 => ",\"modifierMode\":\"ByAmount\",\"modifierValue\":0.07".to_owned(),
                _ => String::new(),
            };
            let group = ["A", "B"][usize::try_from(random(2)).unwrap()];
            items.push(format!(
                "{{\"name\":\"Thing {line}\",\"quantity\":{whole}.{part:03},\"price\":{}.{:02},\"taxGroupCode\":\"{group}\"{modifier}}}",
                price / 100,
                price % 100
            ));
        }
        let whole = match random(3) {
            0 => format!(
                "[{{\"mode\":\"ByPercent\",\"value\":-{}.{:02}}}]",
                random(40),
                random(100)
            ),
            1 => "[{\"mode\":\"ByAmount\",\"value\":0.13},{\"mode\":\"ByPercent\",\"value\":3.33}]"
                .to_owned(),
            _ => "[]".to_owned(),
        };
        let body = format!(
            "{{\"items\":[{}],\"payments\":[{{\"typeCode\":0,\"amount\":9999.00}}],\"amountModifications\":{whole}}}",
            items.join(",")
        );
        let sold = shop.client.post("operations/sale", &body);
        let context = format!("seed {SEED:#x}, sale {sale}: {body}\n{}", sold.text);
        assert_eq!(sold.status, 200, "{context}");
        let minor = |member: &str| ferrotill_core::scale::parse(&sold.receipt(member), 2).unwrap();
        let sum = |member: &str| -> i64 {
            (0..items.len())
                .map(|line| minor(&format!("items.{line}.{member}")))
                .sum()
        };
        let total = minor("totalAmount");
        assert_eq!(sum("finalAmount"), total, "{context}");
        assert_eq!(sum("amount"), minor("subTotalAmount"), "{context}");
        assert_eq!(
            minor("subTotalAmount") + minor("totalAmountModifications"),
            total,
            "{context}"
        );
        assert_eq!(
            minor("totalPaid") - minor("totalChange"),
            total,
            "{context}"
        );
        let printed = shop.receipts().pop().unwrap();
        assert_eq!(printed.0, sold.receipt("totalAmount"), "{context}");
    }
    let closed = shop.client.post("operations/closeday", "");
    assert_eq!(closed.at("data.receiptCount"), "40");
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );
}

/// The vendor's fields are doubles, and callers compute in doubles: 3 × 8.1 is 24.299999999999997 there.
#[test]
fn amounts_that_a_caller_computed_in_floating_point_are_read_as_they_were_meant() {
    let shop = Shop::open();
    let body = |quantity: &str, price: &str, paid: &str| {
        format!(
            r#"{{"items":[{{"name":"Piine","quantity":{quantity},"price":{price},"taxGroupCode":"B"}}],"payments":[{{"typeCode":1,"amount":{paid}}}]}}"#
        )
    };
    for (quantity, price, paid, total) in [
        ("3", "8.1", "24.299999999999997", "24.30"),
        ("3", "8.1", "24.3", "24.30"),
        ("0.30000000000000004", "10.00", "3.0000000000000004", "3.00"),
        ("1", "1.1500000000000001", "1.15", "1.15"),
        ("2.9999999999999996e0", "8.1", "2.43e1", "24.30"),
    ] {
        let sold = shop
            .client
            .post("operations/sale", &body(quantity, price, paid));
        assert_eq!(sold.receipt("totalAmount"), total, "{sold:?}");
        assert_eq!(sold.receipt("totalChange"), "0.00", "{sold:?}");
    }
    for (quantity, price, paid, path) in [
        ("3", "8.105", "24.32", "items[0].price"),
        ("0.1234", "10.00", "1.23", "items[0].quantity"),
        ("1", "8.10", "8.10000001", "payments[0].amount"),
        ("1", "8.10", "8.10999999", "payments[0].amount"),
    ] {
        let refused = shop
            .client
            .post("operations/sale", &body(quantity, price, paid));
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.text.contains(path), "{path}: {refused:?}");
        assert!(refused.text.contains("TooManyDecimals"), "{refused:?}");
    }
}
