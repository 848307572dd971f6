//! A till with a fiscal module, through the FiscalBox API: a whole day, faults of requests, and every trouble of the module.

mod shop;

use std::fs;

use shop::module_till::{
    ModuleReply, ModuleTill, PRODUCT, now, order, query_time, refund, sale, shown, sold, with_id,
};
use uuid::Uuid;

#[test]
fn a_day_is_opened_sold_given_back_and_closed_and_reconciles() {
    let till = ModuleTill::open();
    let info = till.get("info");
    assert_eq!(info.path("data.receipt_max_count"), "858");
    assert_eq!(info.path("data.terminal_id").len(), 14);
    let opened = till.get(&format!("zreport/open/?{}", query_time()));
    assert_eq!(opened.code(), "0", "{}", opened.body);
    let again = till.get(&format!("zreport/open?{}", query_time()));
    assert_eq!(again.code(), "36912");
    let empty = till.post(
        &format!("zreport/close/?{}", query_time()),
        r#"{"close_zreport":true}"#,
    );
    assert_eq!(
        (empty.code().as_str(), empty.state()),
        ("36907", "not_registered")
    );

    let first = sold(&till, &sale(""));
    let link = first.path("data.qr_url");
    let expected = format!(
        "https://ofd.soliq.uz/check?t={}&r={}&c={}&s={}",
        first.path("data.terminal_id"),
        first.path("data.receipt_count"),
        first.path("data.date_time"),
        first.path("data.fiscal_sign"),
    );
    assert_eq!(link, expected);
    assert_eq!(first.path("data.fiscal_sign").len(), 12);
    sold(&till, &order("order", (100_000, 400_000), PRODUCT, ""));
    sold(&till, &order("prepaid", (0, 500_000), PRODUCT, ""));
    let free = PRODUCT.replace(
        r#""vat":53571,"vat_percent":12"#,
        r#""vat":0,"vat_percent":null"#,
    );
    let halved = free.replace(r#""discount":0"#, r#""discount":250000"#);
    sold(&till, &order("credit", (250_000, 0), &halved, ""));

    let back = till.post("order/refuse/", &refund(&link, ""));
    assert_eq!(
        (back.code().as_str(), back.state()),
        ("0", "registered"),
        "{}",
        back.body
    );
    let last = till.get("order/last");
    assert_eq!(last.path("data.isRefund"), "true");
    assert_eq!(last.path("data.result.ReceiptSeq"), "5");
    let twice = till.post("order/refuse/", &refund(&link, r#","operator":"another""#));
    assert_ne!(twice.code(), "0", "the same goods come back once");
    assert_eq!(twice.state(), "not_registered");

    let shift = till.get("zreport/info");
    let figures = |told: &ModuleReply, root: &str| {
        let of = |name: &str| told.path(&format!("{root}.{name}"));
        [
            of("total_sale_count"),
            of("total_sale_cash"),
            of("total_sale_card"),
            of("total_refund_count"),
            of("total_refund_cash"),
        ]
    };
    let expected = ["4", "850000", "900000", "1", "500000"];
    assert_eq!(figures(&shift, "result.data"), expected);
    let x = till.post(
        &format!("zreport/close?{}", query_time()),
        r#"{"close_zreport":false}"#,
    );
    assert_eq!(figures(&x, "data"), expected, "{}", x.body);
    let z = till.post(
        &format!("zreport/close?{}", query_time()),
        r#"{"close_zreport":true}"#,
    );
    assert_eq!(
        (z.code().as_str(), z.state()),
        ("0", "registered"),
        "{}",
        z.body
    );
    assert_eq!(figures(&z, "data"), expected);
    assert_eq!(z.path("data.number"), "1");
    let info = till.get("zreport/info/");
    assert_eq!(info.path("result.data.number"), "2");
    assert_eq!(info.path("result.data.open_time"), "");
    assert_eq!(
        till.get("zreport/info?number=1")
            .path("result.data.total_sale_count"),
        "4"
    );
    till.verify();
}

#[test]
fn a_faulty_order_names_every_fault_in_the_callers_language_and_sends_nothing() {
    let till = ModuleTill::open();
    let product = PRODUCT
        .replace("01905001001000000", "0190500 001000000")
        .replace("4006381333931", "4006381333932")
        .replace(r#""owner_type":0"#, r#""owner_type":3"#);
    let body = order("sale", (500_000, 0), &product, "").replace(&now()[..10], "2020-01-01");
    let faulty = till.post("order/create", &body);
    assert_eq!((faulty.status, faulty.state()), (200, "not_registered"));
    // The first fault is the kind of the receipt.
    assert_eq!(faulty.code(), "104");
    let names = faulty.path("error.data");
    assert_eq!(
        names.lines().collect::<Vec<_>>(),
        [
            "receipt_type UnknownValue",
            "time TimeApart",
            "products[0].barcode Barcode",
            "products[0].class_code ClassCode",
            "products[0].owner_type OwnerType",
        ]
    );
    assert!(
        faulty
            .path("error.message")
            .contains("products[0].class_code: код ИКПУ"),
        "{}",
        faulty.body
    );
    for (language, words) in [
        ("ru", "из 17 цифр"),
        ("uz", "17 ta raqam bo‘lishi shart"),
        ("uz-Cyrl", "17 та рақам бўлиши шарт"),
        ("en", "must have 17 digits"),
    ] {
        let told = till.post_in(language, "order/create", &body);
        assert!(
            told.path("error.message").contains(words),
            "{language}: {}",
            told.body
        );
        assert_eq!(
            told.path("error.data"),
            names,
            "names do not change with the language"
        );
    }
    for (body, code) in [
        (order("order", (500_000, 10_001), PRODUCT, ""), "65531"),
        (
            order(
                "order",
                (500_000, 0),
                &PRODUCT.replace("01905001001000000", "1"),
                "",
            ),
            "401",
        ),
        (
            order(
                "order",
                (500_000, 0),
                &PRODUCT.replace("1282556", "\"x\""),
                "",
            ),
            "402",
        ),
        (
            order(
                "order",
                (500_000, 0),
                &PRODUCT.replace(r#""labels":[]"#, r#""labels":["a","b"]"#),
                "",
            ),
            "402",
        ),
        (
            order(
                "order",
                (500_000, 0),
                &PRODUCT.replace(r#""amount":1000"#, r#""amount":1000.5"#),
                "",
            ),
            "104",
        ),
        (
            order(
                "order",
                (500_000, 0),
                &PRODUCT.replace(r#""vat":53571"#, r#""vat":99999"#),
                "",
            ),
            "104",
        ),
        (
            order(
                "order",
                (500_000, 0),
                PRODUCT,
                r#","extra_info":{"qr_payment_provider":64}"#,
            ),
            "104",
        ),
        (
            refund("https://ofd.soliq.uz/check?t=UZ1&r=9&c=1&s=2", ""),
            "65275",
        ),
        ("{".to_owned(), "104"),
    ] {
        let path = if body.contains("qr_code") {
            "order/refuse"
        } else {
            "order/create"
        };
        let told = till.post(path, &body);
        assert_eq!(told.code(), code, "{body}: {}", told.body);
        assert_ne!(told.state(), "registered");
    }
    assert_eq!(till.receipts(), 0);
    // Within the tolerance the module takes what is paid.
    sold(&till, &order("order", (495_000, 0), PRODUCT, ""));
    till.verify();
}

#[test]
fn after_every_trouble_a_receipt_is_registered_once_and_the_answer_is_true() {
    let till = ModuleTill::open();
    sold(&till, &sale(""));
    let mut made = 1;
    for (trouble, registered) in [
        (r#"{"kind":"drop_answer","operation":"create"}"#, true),
        (
            r#"{"kind":"error_after_commit","operation":"create","code":122,"text":"failed to execute command"}"#,
            true,
        ),
        (
            r#"{"kind":"error_after_commit","operation":"create","code":36886,"text":"ERROR_RECEIPT_MEMORY_FULL"}"#,
            true,
        ),
        (
            r#"{"kind":"error","operation":"create","code":36886,"text":"ERROR_RECEIPT_MEMORY_FULL"}"#,
            false,
        ),
        (r#"{"kind":"drop_request","operation":"create"}"#, false),
    ] {
        till.trouble(trouble);
        let id = Uuid::new_v4();
        let told = till.post("order/create", &sale(&with_id(id)));
        let state = if registered {
            "registered"
        } else {
            "not_registered"
        };
        assert_eq!(told.state(), state, "{trouble}: {}", told.body);
        assert_eq!(told.code() == "0", registered, "{trouble}: {}", told.body);
        made += usize::from(registered);
        assert_eq!(till.receipts(), made, "{trouble}");
        // The same id again: the same receipt, or the first one.
        let again = till.post("order/create", &sale(&with_id(id)));
        assert_eq!(
            (again.state(), again.replayed),
            ("registered", registered),
            "{trouble}"
        );
        made += usize::from(!registered);
        assert_eq!(till.receipts(), made, "{trouble}");
    }
    let counted = till
        .get("zreport/info")
        .path("result.data.total_sale_count");
    assert_eq!(counted, made.to_string());
    for (trouble, closed) in [
        (r#"{"kind":"drop_request","operation":"close"}"#, false),
        (
            r#"{"kind":"error","operation":"close","code":2,"text":"Read timed out"}"#,
            false,
        ),
        (
            r#"{"kind":"error_after_commit","operation":"close","code":2,"text":"Read timed out"}"#,
            true,
        ),
    ] {
        till.trouble(trouble);
        let told = till.get(&format!("zreport/close?{}", query_time()));
        assert_eq!(told.code() == "0", closed, "{trouble}: {}", told.body);
        let number = till.get("zreport/info").path("result.data.number");
        assert_eq!(number, if closed { "2" } else { "1" }, "{trouble}");
    }
    till.verify();
}

#[test]
fn an_equal_order_without_an_id_is_the_same_one_after_an_error_and_a_new_one_after_an_answer() {
    let till = ModuleTill::open();
    sold(&till, &sale(""));
    sold(&till, &sale(""));
    assert_eq!(
        till.receipts(),
        2,
        "equal orders that were answered are two sales"
    );
    till.trouble(
        r#"{"kind":"error","operation":"create","code":36886,"text":"ERROR_RECEIPT_MEMORY_FULL"}"#,
    );
    let refused = till.post("order/create", &sale(""));
    assert_eq!(
        (refused.code().as_str(), refused.state()),
        ("36886", "not_registered"),
        "{}",
        refused.body
    );
    let again = sold(&till, &sale(""));
    assert!(!again.replayed);
    assert_eq!(till.receipts(), 3);
}

#[test]
fn a_receipt_that_was_registered_before_a_crash_is_found_and_not_made_again() {
    let mut till = ModuleTill::open();
    sold(&till, &sale(""));
    // The module does not answer, so that the outcome is not known when the till is killed.
    till.trouble(r#"{"kind":"drop_answer","operation":"create"}"#);
    till.trouble(r#"{"kind":"drop_request","operation":"last","times":1000}"#);
    let id = Uuid::new_v4();
    let unknown = till.post("order/create", &sale(&with_id(id)));
    assert_eq!(
        (unknown.code().as_str(), unknown.state()),
        ("2", "unknown"),
        "{}",
        unknown.body
    );
    // While it is not known, nothing is told that would be over a moment later.
    assert_eq!(till.get("zreport/info").code(), "2");
    till.crash();
    let again = till.post("order/create", &sale(&with_id(id)));
    assert_eq!(
        (again.state(), again.replayed),
        ("registered", true),
        "{}",
        again.body
    );
    assert_eq!(till.receipts(), 2);
    assert_eq!(
        till.get("zreport/info")
            .path("result.data.total_sale_count"),
        "2"
    );
    let operation = till.operation(&id.to_string());
    assert_eq!(shown(&operation, "fiscal_state"), "registered");
}

#[test]
fn a_page_of_another_site_and_a_proxy_may_not_call() {
    let till = ModuleTill::open();
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "https://shop.example"),
        ("Referer", "https://shop.example/page"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
    ] {
        let request = till
            .agent
            .get(till.url("/fiscalbox/print/open_cash_drawer"));
        let told = till.told(request.header(name, value).call());
        assert_eq!(
            (told.status, told.code().as_str()),
            (403, "444"),
            "{name}: {}",
            told.body
        );
        let message = told.path("error.message");
        let names = message.starts_with("INVALID_SUBSCRIPTION_MULTI__USER: ");
        assert!(names, "{message}");
        let close = till.agent.get(till.url("/fiscalbox/zreport/close"));
        let told = till.told(close.header(name, value).call());
        assert_eq!((told.status, told.state()), (403, "unknown"), "{name}");
    }
    assert_eq!(shown(&till.module(), "drawer_pulses"), "0");
    let request = till
        .agent
        .get(till.url("/fiscalbox/print/open_cash_drawer"));
    let own = till.told(request.header("Sec-Fetch-Site", "none").call());
    assert_eq!((own.status, own.code().as_str()), (200, "0"));
    assert_eq!(shown(&till.module(), "drawer_pulses"), "1");
}

#[test]
fn the_shift_is_opened_and_closed_by_a_time_and_by_what_the_body_says() {
    let till = ModuleTill::open();
    for wrong in ["", "?time=", "?time=bogus", "?time=2024-13-01%2010:00:00"] {
        for path in ["zreport/open", "zreport/close"] {
            let told = till.get(&format!("{path}{wrong}"));
            assert_eq!(told.code(), "104", "{path}{wrong}: {}", told.body);
            let names = told.path("error.data");
            assert!(names.starts_with("time "), "{names}");
        }
    }
    assert_eq!(shown(&till.module(), "shift_open"), "false");
    // Which time it is does not matter, and in which form it is written.
    let opened = till.get("zreport/open?time=2024-01-09T15:53:15");
    assert_eq!(opened.code(), "0", "{}", opened.body);
    sold(&till, &sale(""));
    for (body, names) in [
        ("", "close_zreport Missing"),
        ("{}", "close_zreport Missing"),
        (r#"{"close_zreport":null}"#, "close_zreport Missing"),
        (r#"{"close_zreport":1}"#, "close_zreport WrongType"),
    ] {
        let told = till.post(&format!("zreport/close?{}", query_time()), body);
        assert_eq!(
            (told.code().as_str(), told.path("error.data").as_str()),
            ("104", names),
            "{body}"
        );
        assert_eq!(told.state(), "not_registered");
        assert!(told.operation.is_some(), "{body}");
    }
    let both = till.post("zreport/close?time=x", "{}");
    assert_eq!(
        both.path("error.data"),
        "time TimeForm\nclose_zreport Missing"
    );
    assert_eq!(shown(&till.module(), "shift_open"), "true");
    till.verify();
}

#[test]
fn a_refused_order_has_an_id_and_names_the_field_in_the_callers_language() {
    let till = ModuleTill::open();
    let faulty = till.post("order/create", "{}");
    assert_eq!(faulty.state(), "not_registered");
    assert!(Uuid::try_parse(faulty.operation.as_deref().unwrap_or("")).is_ok());
    let sold = sold(&till, &sale(""));
    let twice = PRODUCT
        .replace(r#""amount":1000"#, r#""amount":2000"#)
        .replace(r#""price":500000"#, r#""price":1000000"#)
        .replace(r#""vat":53571"#, r#""vat":107142"#);
    let link = sold.path("data.qr_url");
    let body = refund(&link, "")
        .replace(PRODUCT, &twice)
        .replace(r#""received_cash":500000"#, r#""received_cash":1000000"#);
    for (language, words) in [
        ("ru", "products[0].amount: из исходной строки осталось"),
        ("uz", "products[0].amount: asl qatordan"),
        ("uz-Cyrl", "products[0].amount: асл қатордан"),
        ("en", "products[0].amount: only 1"),
    ] {
        let told = till.post_in(language, "order/refuse", &body);
        let message = told.path("error.message");
        assert!(message.contains(words), "{language}: {}", told.body);
        assert!(told.operation.is_some());
    }
}

#[test]
fn the_module_stores_receipts_until_it_can_send_them() {
    let till = ModuleTill::open();
    let put = |state: &str| {
        let body = format!(r#"{{"state":"{state}"}}"#);
        till.told(till.agent.put(till.url("/sim/module")).send(&body))
            .status
    };
    assert_eq!(put("down"), 200);
    sold(&till, &sale(""));
    assert_eq!(till.get("info").path("data.receipt_count"), "1");
    assert_eq!(put("up"), 200);
    assert_eq!(till.get("order/sendreceipt").code(), "0");
    assert_eq!(till.get("info").path("data.receipt_count"), "0");
}

#[test]
fn the_journal_keeps_the_goods_and_no_contact() {
    let till = ModuleTill::open();
    let more = r#","sms_phone_number":"998901234567","email":"ali@example.uz","extra_info":{"phone_number":"998907654321"}"#;
    sold(&till, &sale(more));
    let books = fs::read(till.folder.path().join("books/ferrotill.db-wal"))
        .or_else(|_| fs::read(till.folder.path().join("books/ferrotill.db")))
        .unwrap();
    let has = |text: &str| {
        books
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(has("019050.010010.00000"), "the code of the goods is kept");
    for contact in ["998901234567", "ali@example.uz", "998907654321"] {
        assert!(!has(contact), "{contact}");
    }
}
