//! Payments with wallets, pinpads and QR codes through the FiscalBox API, with crashes and troubles between their steps; marking codes, goods
//! codes, tokens and several devices.

mod shop;

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use ferrotill_testkit::health_page::check_says;
use shop::module_till::{
    ModuleReply, ModuleSealer, ModuleTill, PRODUCT, order, query_time, refund, sale, scalar, shown,
    sold, with_id,
};
use shop::outside::until;
use uuid::Uuid;

const WALLETS: [(&str, u32); 4] = [("click", 64), ("payme", 141), ("uzum", 161), ("anor", 187)];

fn quick(
    till: &str,
) -> impl Fn(ferrotill_testkit::config::ConfigText) -> ferrotill_testkit::config::ConfigText {
    let seconds = if till == "slow" { 600 } else { 2 };
    move |config| {
        config.set("fiscalbox", "confirm_after_s", seconds).set(
            "fiscalbox",
            "give_back_after_s",
            seconds,
        )
    }
}

fn till(sealer: ModuleSealer, kind: &str) -> ModuleTill {
    ModuleTill::sealed_by(sealer, "applet-4", quick(kind))
}

fn switch(till: &ModuleTill, provider: &str, state: &str) {
    let url = till.switch(&format!("/sim/providers/{provider}"));
    let body = format!(r#"{{"state":"{state}","ms":200}}"#);
    assert_eq!(till.told(till.agent.put(url).send(&body)).status, 200);
}

fn providers(till: &ModuleTill) -> JsonValue {
    till.told(till.agent.get(till.switch("/sim/providers")).call())
        .body
}

/// How many payments a provider has, and how many of them have the link of their receipt.
fn counts(till: &ModuleTill, provider: &str) -> (usize, usize) {
    let all = providers(till);
    let of = all.get(provider).unwrap();
    let length = |name: &str| match of.get(name) {
        Some(JsonValue::Array(items)) => items.len(),
        other => panic!("{other:?}"),
    };
    (length("paid"), length("confirmed"))
}

fn pay(till: &ModuleTill, provider: &str, code: &str) -> ModuleReply {
    let body = format!(r#"{{"amount":500000,"qr_code":"{code}"}}"#);
    till.post(&format!("payment/{provider}/"), &body)
}

/// A sale that is paid with a payment of a wallet.
fn paid_sale(number: u32, payment: &str) -> String {
    let more = format!(
        r#","extra_info":{{"phone_number":"","qr_payment_id":"{payment}","qr_payment_provider":{number}}}"#
    );
    order("order", (0, 500_000), PRODUCT, &more)
}

fn confirm(till: &ModuleTill, provider: &str, told: &ModuleReply, link: &str) -> ModuleReply {
    let name = if provider == "anor" {
        "transaction_id"
    } else {
        "payment_id"
    };
    let number = told.path(&format!("data.{name}"));
    till.post(
        &format!("payment/{provider}_confirm"),
        &format!(r#"{{"{name}":"{number}","qr_code":"{link}"}}"#),
    )
}

fn problem(till: &ModuleTill) -> Option<String> {
    let health = till.process.client.open("/healthz");
    let Some(JsonValue::Array(problems)) = health.body.get("problems").cloned() else {
        return None;
    };
    let found = problems
        .iter()
        .find(|problem| problem.get("id").map(scalar).as_deref() == Some("provider_payment"));
    found.map(|problem| scalar(problem.get("says").unwrap()))
}

fn compared(till: &ModuleTill) -> (String, String) {
    let told = till.get("sverka");
    (told.path("data.reconciled"), told.path("data.differences"))
}

#[test]
fn every_provider_is_paid_its_receipt_is_made_and_it_gets_the_link() {
    for sealer in [ModuleSealer::Software, ModuleSealer::Device] {
        let till = till(sealer, "slow");
        for (provider, number) in WALLETS {
            let told = pay(&till, provider, "c1");
            assert_eq!(told.code(), "0", "{provider}: {}", told.body);
            let (reconciled, differences) = compared(&till);
            assert_eq!(reconciled, "false");
            assert!(
                differences.contains("is paid and has no receipt"),
                "{differences}"
            );
            let sale = sold(&till, &paid_sale(number, &told.path("data.payment_id")));
            let link = sale.path("data.qr_url");
            assert!(
                compared(&till).1.contains("does not have the link"),
                "{provider}"
            );
            let confirmed = confirm(&till, provider, &told, &link);
            assert_eq!(confirmed.code(), "0", "{provider}: {}", confirmed.body);
            assert_eq!(counts(&till, provider), (1, 1));
            // The code of a buyer is used once: an equal call is the same payment.
            let again = pay(&till, provider, "c1");
            assert!(
                again.replayed && again.path("data.payment_id") == told.path("data.payment_id")
            );
            // A payment pays one receipt.
            let twice = till.post(
                "order/create",
                &paid_sale(number, &told.path("data.payment_id")),
            );
            assert_eq!(
                (twice.code().as_str(), twice.state()),
                ("104", "not_registered"),
                "{}",
                twice.body
            );
        }
        for pinpad in ["xumo", "uzcard"] {
            let told = till.post(&format!("payment/{pinpad}"), r#"{"amount":500000}"#);
            assert_eq!(told.code(), "0", "{}", told.body);
            let number = told.path("data.ppt_id");
            let more = format!(r#","card_type":2,"ppt_id":"{number}""#);
            sold(&till, &order("order", (0, 500_000), PRODUCT, &more));
            let back = format!(r#"{{"amount":200000,"request_id":"{number}","is_return":true}}"#);
            assert_eq!(till.post(&format!("payment/{pinpad}"), &back).code(), "0");
            let foreign = r#"{"amount":1,"request_id":"17","is_return":"true"}"#;
            assert_eq!(
                till.post(&format!("payment/{pinpad}"), foreign).code(),
                "105"
            );
            for path in [
                "_shortreport/",
                "_close",
                "/print_last",
                "_close/print_last",
            ] {
                assert_eq!(
                    till.get(&format!("payment/{pinpad}{path}")).code(),
                    "0",
                    "{path}"
                );
            }
        }
        let begun = till.post("payment/qr_pay", r#"{"amount":500000,"order_id":17}"#);
        assert_eq!(begun.code(), "0", "{}", begun.body);
        switch(&till, "scan2pay", "decline");
        assert_eq!(
            till.post("payment/qr_pay/status", r#"{"order_id":"17"}"#)
                .code(),
            "105"
        );
        switch(&till, "scan2pay", "up");
        assert_eq!(
            till.post("payment/qr_pay/status", r#"{"order_id":"17"}"#)
                .code(),
            "0"
        );
        let more = r#","scan2pay_paid":true,"extra_info":{"scan2pay_id":"17"}"#;
        sold(&till, &order("order", (0, 500_000), PRODUCT, more));

        let begun = till.post(
            "payment/one_qr/create",
            r#"{"external_id":"e1","amount":"5000.00"}"#,
        );
        let invoice = begun.path("data.invoice_id");
        switch(&till, "uzqr", "decline");
        let declined = till.get(&format!("payment/one_qr/status?invoice_id={invoice}"));
        assert_eq!(
            (
                declined.path("data.status").as_str(),
                declined.path("error").as_str(),
                declined.path("is_success").as_str()
            ),
            ("3", "null", "false")
        );
        switch(&till, "uzqr", "slow");
        // The buyer pays the same invoice after all; the receipt and the payment belong together.
        let later = till.get(&format!("payment/one_qr/status?invoice_id={invoice}"));
        assert_eq!(later.path("data.status"), "2", "{}", later.body);
        let number = later.path("data.pay_id");
        let more = format!(r#","extra_info":{{"qr_payment_id":"{number}"}}"#);
        let told = till.post(
            "order/create",
            &order("order", (0, 500_000), PRODUCT, &more),
        );
        let link = told.path("data.qr_url");
        let body = format!(r#"{{"pay_id":"{number}","fiscal_receipt_url":"{link}"}}"#);
        assert_eq!(till.post("payment/one_qr/receipt", &body).code(), "0");
        let begun = till.post(
            "payment/one_qr/create",
            r#"{"external_id":"e2","amount":"5000.00"}"#,
        );
        let invoice = begun.path("data.invoice_id");
        let paid = till.get(&format!("payment/one_qr/status?invoice_id={invoice}"));
        assert_eq!(
            (
                paid.path("data.status").as_str(),
                paid.path("is_success").as_str()
            ),
            ("2", "true")
        );
        let number = paid.path("data.pay_id");
        let more = format!(r#","extra_info":{{"qr_payment_id":"{number}"}}"#);
        // No provider number of UzQR is known, so the order names the payment alone.
        let told = till.post(
            "order/create",
            &order("order", (0, 500_000), PRODUCT, &more),
        );
        assert_eq!(told.code(), "0", "{}", told.body);
        let body = format!(
            r#"{{"pay_id":"{number}","fiscal_receipt_url":"{}"}}"#,
            told.path("data.qr_url")
        );
        assert_eq!(till.post("payment/one_qr/receipt", &body).code(), "0");
        let body = format!(r#"{{"pay_id":"{number}","amount":"10.50"}}"#);
        assert_eq!(
            till.post("payment/one_qr/refund", &body)
                .path("data.status"),
            "1"
        );

        until("every payment is ended", || compared(&till).0 == "true");
        let z = till.get(&format!("zreport/close?{}", query_time()));
        assert_eq!(z.path("data.total_sale_count"), "9", "{}", z.body);
        till.verify();
    }
}

#[test]
fn a_payment_survives_a_crash_between_any_two_steps() {
    for sealer in [ModuleSealer::Software, ModuleSealer::Device] {
        let mut till = till(sealer, "quick");
        for (provider, number) in WALLETS {
            let told = pay(&till, provider, "c1");
            till.crash();
            let again = pay(&till, provider, "c1");
            assert!(again.replayed, "{provider}: {}", again.body);
            let payment = again.path("data.payment_id");
            assert_eq!(payment, told.path("data.payment_id"));
            sold(&till, &paid_sale(number, &payment));
            // The caller is gone: the till gives the link by itself, after a crash too.
            till.crash();
            until(provider, || counts(&till, provider) == (1, 1));
        }
        until("ended", || compared(&till).0 == "true");
        assert_eq!(till.receipts(), 4);
        till.verify();
    }
}

#[test]
fn money_without_a_receipt_is_given_back_or_left_to_a_person() {
    for sealer in [ModuleSealer::Software, ModuleSealer::Device] {
        let till = till(sealer, "quick");
        // A receipt of another program opens the shift; the caller forgets its card payment.
        let told = till.post("payment/xumo", r#"{"amount":500000}"#);
        assert_eq!(told.code(), "0");
        until("given back", || {
            let all = providers(&till);
            let Some(JsonValue::Array(paid)) = all.get("xumo").and_then(|of| of.get("paid")) else {
                return false;
            };
            paid.first()
                .and_then(|paid| paid.get("refunded"))
                .map(scalar)
                .as_deref()
                == Some("500000")
        });
        let told = pay(&till, "click", "c1");
        until("a person must act", || {
            problem(&till).is_some_and(|says| says.contains("has no receipt"))
        });
        let says = problem(&till).unwrap();
        check_says("provider_payment", &says);
        let (_, reference) = says.split_once("payment ").unwrap();
        let reference = &reference[..36];
        let body = format!(
            r#"{{"payment":"{reference}","outcome":"looked_after","by":"Aziza","reason":"paid back"}}"#
        );
        assert_eq!(till.post("payment/settle", &body).code(), "0");
        until("looked after", || problem(&till).is_none());
        let late = till.post(
            "order/create",
            &paid_sale(64, &told.path("data.payment_id")),
        );
        assert_eq!(late.code(), "104", "{}", late.body);
        till.verify();
    }
}

#[test]
fn a_lost_answer_is_never_a_second_payment() {
    for sealer in [ModuleSealer::Software, ModuleSealer::Device] {
        let till = till(sealer, "slow");
        for (provider, state) in [("click", "drop_answer"), ("payme", "error_after_commit")] {
            switch(&till, provider, state);
            assert_eq!(pay(&till, provider, "c1").code(), "2", "{provider}");
            switch(&till, provider, "up");
            let again = pay(&till, provider, "c1");
            assert_eq!(again.code(), "2", "{provider}: {}", again.body);
            assert_eq!(counts(&till, provider), (1, 0), "{provider}");
        }
        until("a person must act", || {
            problem(&till).is_some_and(|says| says.contains("is not known"))
        });
        switch(&till, "uzum", "decline");
        assert_eq!(pay(&till, "uzum", "c1").code(), "106");
        switch(&till, "uzum", "down");
        assert_eq!(pay(&till, "uzum", "c1").code(), "106");
        switch(&till, "uzum", "slow");
        assert_eq!(pay(&till, "uzum", "c1").code(), "0");
        assert_eq!(counts(&till, "uzum"), (1, 0));
        for (path, body) in [
            ("payment/click", r#"{"amount":500000}"#),
            ("payment/click", r#"{"amount":0,"qr_code":"1"}"#),
            ("payment/click_confirm", r#"{"qr_code":"1"}"#),
            ("payment/xumo", r#"{"amount":1,"is_return":true}"#),
            (
                "payment/one_qr/create",
                r#"{"amount":5,"external_id":"123456789012345678901"}"#,
            ),
            ("payment/settle", r#"{"payment":"x"}"#),
        ] {
            assert_eq!(till.post(path, body).code(), "104", "{path} {body}");
        }
    }
}

#[test]
fn a_marking_code_is_sold_once_and_comes_back_with_a_refund() {
    let till = till(ModuleSealer::Software, "slow");
    let marked = |code: &str| PRODUCT.replace(r#""labels":[]"#, &format!(r#""labels":["{code}"]"#));
    let code = "0104600000000015211234567";
    let sell = |code: &str| {
        till.post(
            "order/create",
            &order("order", (500_000, 0), &marked(code), ""),
        )
    };
    let check = format!(
        r#"{{"refund":0,"products":[{{"productCode":"01905001001000000","packageCode":"1","amount":1,"kmIds":["{code}"],"fullKmIds":[]}}]}}"#
    );
    assert_eq!(till.post("okm/validation", &check).path("success"), "true");
    let first = sell(code);
    assert_eq!(first.code(), "0", "{}", first.body);
    assert_eq!(till.post("okm/validation", &check).path("code"), "1016");
    // The same piece with its signature is the same code.
    let again = sell(&format!("{code}93abcd"));
    assert_eq!(
        (again.code().as_str(), again.state()),
        ("402", "not_registered"),
        "{}",
        again.body
    );
    assert_eq!(till.receipts(), 1);
    let body = refund(&first.path("data.qr_url"), "")
        .replace(r#""labels":[]"#, &format!(r#""labels":["{code}"]"#));
    assert_eq!(till.post("order/refuse", &body).code(), "0");
    // A slow machine may answer before the outcome is known; the repeated order is the same one.
    until("sold again", || sell(code).code() == "0");
    assert_eq!(till.receipts(), 3);
}

#[test]
fn goods_codes_are_checked_against_a_table_and_a_token_opens_the_api_behind_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("classes.txt");
    std::fs::write(&table, "01905001001000000, 1282556, 1282557\n").unwrap();
    let path = table.display().to_string();
    let till = ModuleTill::open_with(|config| {
        config
            .set("fiscalbox", "classes_file", text(&path))
            .set_client("apis", r#"["fiscalbox"]"#)
    });
    sold(&till, &sale(""));
    for (from, to, code) in [
        ("01905001001000000", "01905001001000001", "401"),
        ("1282556", "1282558", "402"),
    ] {
        let told = till.post("order/create", &sale("").replace(from, to));
        assert_eq!(
            (told.code().as_str(), told.state()),
            (code, "not_registered"),
            "{}",
            told.body
        );
    }
    for (token, status) in [
        ("Token a-secret-of-some-length", 200),
        ("Token wrong", 403),
        ("", 403),
    ] {
        let request = till.agent.get(till.url("/fiscalbox/info"));
        let request = request
            .header("X-Forwarded-For", "10.0.0.1")
            .header("Authorization", token);
        assert_eq!(till.told(request.call()).status, status, "{token}");
    }
    let device = format!("device/{}/info", shop::DEVICE);
    assert_eq!(till.get(&device).code(), "0");
    assert_eq!(till.get("device/17/info").code(), "102");
}

/// Sends a call whose provider is slow, and kills the till when the journal has so many rows more; then starts it again.
fn kill_in(till: &mut ModuleTill, provider: &str, (path, body): (&str, &str), more: i64) {
    let slow = till.switch(&format!("/sim/providers/{provider}"));
    let told = till.told(till.agent.put(slow).send(r#"{"state":"slow","ms":1500}"#));
    assert_eq!(told.status, 200);
    let before = till.rows();
    std::thread::scope(|scope| {
        let shared = &*till;
        let caller = scope.spawn(move || {
            let url = shared.url(&format!("/fiscalbox/{path}"));
            // The till is killed, so the call may have no answer.
            drop(shared.agent.post(url).send(body));
        });
        until(path, || shared.rows() >= before + more);
        shared.kill_now();
        caller.join().unwrap();
    });
    till.crash();
    switch(till, provider, "up");
}

/// The till is killed when the question is stored (the module in software has not got it then, and the device carries it out later), and when
/// the answer is stored.
#[test]
fn a_till_that_is_killed_inside_a_confirmation_gives_the_link_again() {
    for (sealer, more) in [
        (ModuleSealer::Software, 1),
        (ModuleSealer::Device, 1),
        (ModuleSealer::Device, 2),
    ] {
        let mut till = till(sealer, "quick");
        let told = pay(&till, "click", "c1");
        let payment = told.path("data.payment_id");
        let sale = sold(&till, &paid_sale(64, &payment));
        let link = sale.path("data.qr_url");
        let body = format!(r#"{{"payment_id":"{payment}","qr_code":"{link}"}}"#);
        kill_in(&mut till, "click", ("payment/click_confirm", &body), more);
        until("the provider has the link", || {
            counts(&till, "click") == (1, 1)
        });
        until("ended", || compared(&till).0 == "true");
        till.verify();
    }
}

/// Money is asked back once: after a kill the till does not ask again, and a person looks into the provider's list.
#[test]
fn a_till_that_is_killed_while_money_goes_back_does_not_ask_twice() {
    for (sealer, more) in [
        (ModuleSealer::Software, 1),
        (ModuleSealer::Device, 1),
        (ModuleSealer::Device, 2),
    ] {
        let mut till = till(sealer, "slow");
        let told = till.post("payment/xumo", r#"{"amount":500000}"#);
        assert_eq!(told.code(), "0", "{}", told.body);
        let number = told.path("data.ppt_id");
        let back = format!(r#"{{"amount":500000,"request_id":"{number}","is_return":true}}"#);
        kill_in(&mut till, "xumo", ("payment/xumo", &back), more);
        if more == 2 {
            until("given back", || compared(&till).0 == "true");
        } else {
            until("a person must act", || {
                problem(&till).is_some_and(|says| says.contains("was given back"))
            });
            let again = till.post("payment/xumo", &back);
            assert_eq!(again.code(), "2", "{}", again.body);
            // An order cannot be paid with money that may be gone.
            let more = format!(r#","card_type":2,"ppt_id":"{number}""#);
            let sale = till.post(
                "order/create",
                &order("order", (0, 500_000), PRODUCT, &more),
            );
            assert_eq!(sale.code(), "104", "{}", sale.body);
            let says = problem(&till).unwrap();
            let (_, reference) = says.split_once("payment ").unwrap();
            let reference = &reference[..36];
            let body = format!(
                r#"{{"payment":"{reference}","outcome":"looked_after","by":"Aziza","reason":"looked into the list"}}"#
            );
            assert_eq!(till.post("payment/settle", &body).code(), "0");
        }
        until("ended", || compared(&till).0 == "true");
        till.verify();
    }
}

/// The money of a receipt that may be made is not given back, whoever asks; a person corrects what a person has said.
#[test]
fn money_of_a_receipt_that_is_being_made_stays_and_a_person_may_say_that_none_was_paid() {
    let till = till(ModuleSealer::Software, "slow");
    let paid = till.post("payment/xumo", r#"{"amount":500000}"#);
    assert_eq!(paid.code(), "0", "{}", paid.body);
    let number = paid.path("data.ppt_id");
    let give_back = format!(r#"{{"amount":500000,"request_id":"{number}","is_return":true}}"#);
    till.trouble(r#"{"kind":"delay","operation":"create","ms":3000}"#);
    let id = Uuid::new_v4();
    let order = order(
        "order",
        (0, 500_000),
        PRODUCT,
        &format!(r#","ppt_id":"{number}"{}"#, with_id(id)),
    );
    std::thread::scope(|scope| {
        let sale = scope.spawn(|| till.post("order/create", &order));
        until("the receipt is begun", || {
            shown(&till.operation(&id.to_string()), "fiscal_state") == "unknown"
        });
        let told = till.post("payment/xumo", &give_back);
        assert_eq!(told.code(), "105", "{}", told.body);
        assert!(
            told.body.to_string().contains("is being made"),
            "{}",
            told.body
        );
        let sale = sale.join().unwrap();
        assert_eq!(sale.code(), "0", "{}", sale.body);
    });

    switch(&till, "click", "drop_answer");
    assert_eq!(pay(&till, "click", "c1").code(), "2");
    until("a person must act", || problem(&till).is_some());
    let says = problem(&till).unwrap();
    let (_, reference) = says.split_once("payment ").unwrap();
    let reference = &reference[..36];
    let settle = |outcome: &str| {
        let body = format!(
            r#"{{"payment":"{reference}","outcome":"{outcome}","by":"Aziza","number":"77"}}"#
        );
        till.post("payment/settle", &body)
    };
    // The person was wrong, and says so.
    for outcome in ["paid", "not_paid"] {
        let told = settle(outcome);
        assert_eq!(told.code(), "0", "{outcome}: {}", told.body);
    }
    until("nothing is left to do", || problem(&till).is_none());
    let late = settle("not_paid");
    assert_eq!(late.code(), "105", "{}", late.body);
    assert!(
        late.body.to_string().contains("looked_after"),
        "{}",
        late.body
    );
    till.verify();
}
