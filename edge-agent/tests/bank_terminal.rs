//! Card payments: the money at the bank is always the money on the registered documents, and no card is charged twice.

mod shop;

use ferrotill_device::printer::Paper;
use ferrotill_testkit::config::ConfigText;
use ferrotill_testkit::health_page::check_says_of;
use shop::till::{SALE, Till};
use shop::{Client, DEVICE, Reply};

const FIRST: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0101";
const SECOND: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0102";
const TERMINAL: &str = "3f0c1f0e-51d8-4b5c-9a56-0f6f0a6b7c01";
const OTHER_TERMINAL: &str = "3f0c1f0e-51d8-4b5c-9a56-0f6f0a6b7c02";
/// How long the money of a card is kept in these tests, in seconds of the till's clock.
const KEPT_S: u32 = 60;

fn with_terminal(config: ConfigText) -> ConfigText {
    config
        .bank_terminal(TERMINAL, "Terminal 1", KEPT_S)
        .set("till", "answer_timeout_ms", 1_500)
}

fn open() -> Till {
    Till::open_with(with_terminal)
}

/// A sale of which 15.00 is paid by card on the terminal and the rest in cash.
fn card_sale(id: &str, mode: &str) -> String {
    format!(
        r#"{{"id":"{id}","receiptMode":"{mode}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":15.00,"useBankTerminal":true}},{{"typeCode":0,"amount":20.00}}]}}"#
    )
}

fn sale(id: &str) -> String {
    card_sale(id, "FiscalReceiptOnly")
}

fn switch(client: &Client, state: &str) {
    let body = format!(r#"{{"state":"{state}"}}"#);
    let reply = client
        .signed("PUT", "/sim/bank_terminal", &body, |_| ())
        .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
}

fn bank(client: &Client) -> Reply {
    client.open("/sim/bank_terminal")
}

/// The balance at the bank, and how many operations it has carried out.
fn balance(client: &Client) -> (String, usize) {
    let bank = bank(client);
    (bank.at("balance"), bank.list("operations"))
}

fn operation(client: &Client, id: &str) -> Reply {
    client.open(&format!("/operations/{id}"))
}

/// True if health lists a problem, in the words of the page.
fn has_problem(till: &Till, id: &str) -> bool {
    let health = till.health();
    let mut problems = (0..health.list("problems")).map(|place| format!("problems.{place}"));
    let listed = problems.find(|path| health.at(&format!("{path}.id")) == id);
    if let Some(path) = &listed {
        check_says_of(
            "tests/bank_terminal.rs",
            id,
            &health.at(&format!("{path}.says")),
        );
    }
    listed.is_some()
}

fn receipts(till: &Till) -> usize {
    till.rig.snapshot(true).fiscal_receipts.len()
}

#[test]
fn a_card_is_charged_once_and_the_receipt_has_the_terminals_numbers() {
    let till = open();
    let client = till.client();
    let sold = client.post("operations/sale", &sale(FIRST));
    assert_eq!(sold.receipt("payments.0.bankTerminal"), TERMINAL);
    assert_eq!(sold.receipt("payments.0.bankTerminalRRN").len(), 12);
    assert_eq!(sold.receipt("payments.0.bankTerminalOperationNumber"), "1");
    assert_eq!(
        sold.receipt("payments.0.bankTerminalPrintData.0.type"),
        "Text"
    );
    assert_eq!(sold.receipt("payments.1.bankTerminalRRN"), "null");
    let again = client.post("operations/sale", &sale(FIRST));
    assert!(again.replayed, "{}", again.text);
    assert_eq!(again.text, sold.text);
    assert_eq!(balance(client), ("15.00".to_owned(), 1));
    let shown = operation(client, FIRST);
    for (path, expected) in [
        ("state", "registered"),
        ("bank_terminal.0.kind", "charge"),
        ("bank_terminal.0.amount", "15.00"),
        ("bank_terminal.0.state", "approved"),
        ("bank_terminal.0.settled", "true"),
        ("bank_terminal.0.terminal", TERMINAL),
    ] {
        assert_eq!(shown.at(path), expected, "{path} in {}", shown.text);
    }
    assert!(!has_problem(&till, "card_payment_waits"));
    // A document that only says that a terminal was used charges nobody.
    let told = client.post(
        "receipts",
        &sale(SECOND).replace("\"receiptMode\":\"FiscalReceiptOnly\",", ""),
    );
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(balance(client), ("15.00".to_owned(), 1));
}

#[test]
fn a_till_without_a_table_has_one_simulated_terminal() {
    let till = Till::open();
    let sold = till.client().post("operations/sale", &sale(FIRST));
    assert_eq!(sold.receipt("payments.0.bankTerminalRRN").len(), 12);
    assert_eq!(balance(till.client()), ("15.00".to_owned(), 1));
}

#[test]
fn a_card_that_is_declined_and_a_terminal_that_is_off_register_nothing() {
    let till = open();
    let client = till.client();
    for (state, error) in [
        ("decline", "BankTerminalDeclined"),
        ("down", "BankTerminalUnreachable"),
    ] {
        switch(client, state);
        let refused = client.post("operations/sale", &sale(FIRST));
        assert_eq!(refused.verdict(), (422, "not_registered", error.to_owned()));
        let shown = operation(client, FIRST);
        assert_eq!(shown.at("fiscal_state"), "not_registered", "{}", shown.text);
    }
    assert_eq!(balance(client), ("0.00".to_owned(), 0));
    assert_eq!(receipts(&till), 0);
    switch(client, "up");
    let sold = client.post("operations/sale", &sale(FIRST));
    assert_eq!(sold.receipt("number"), "1");
    assert_eq!(balance(client), ("15.00".to_owned(), 1));
    assert_eq!(operation(client, FIRST).list("bank_terminal"), 3);
}

#[test]
fn an_answer_of_the_terminal_that_is_lost_is_asked_for_again() {
    let till = open();
    let client = till.client();
    switch(client, "drop_answer");
    let sold = client.post("operations/sale", &sale(FIRST));
    assert_eq!(sold.receipt("payments.0.bankTerminalRRN").len(), 12);
    assert_eq!(balance(client), ("15.00".to_owned(), 1));
}

/// The terminal has charged the card and says nothing. Meanwhile the shop sells for cash, and a repetition charges nobody again.
#[test]
fn while_the_terminal_does_not_answer_the_outcome_is_unknown_and_a_repetition_completes_the_sale() {
    let till = open();
    let client = till.client();
    switch(client, "silent");
    let unknown = client.post("operations/sale", &sale(FIRST));
    assert_eq!(
        unknown.verdict(),
        (422, "unknown", "OutcomeUnknown".to_owned())
    );
    assert!(unknown.retry_after.is_some());
    let shown = operation(client, FIRST);
    assert_eq!(shown.at("fiscal_state"), "unknown", "{}", shown.text);
    assert_eq!(
        shown.at("bank_terminal.0.state"),
        "unknown",
        "{}",
        shown.text
    );
    assert!(
        till.sells(),
        "a sale for cash does not wait for the terminal"
    );
    till.until_in_time("health names the payment", |till| {
        has_problem(till, "card_payment_waits")
    });
    let other = sale(FIRST).replace("25.50", "26.50");
    let clash = client.post("operations/sale", &other);
    assert_eq!(
        clash.verdict(),
        (422, "unknown", "RequestIdClash".to_owned())
    );
    // Another card is not charged before the terminal has said what became of the first one.
    let second = client.post("operations/sale", &sale(SECOND));
    let error = "BankTerminalUnreachable".to_owned();
    assert_eq!(second.verdict(), (422, "not_registered", error));
    switch(client, "up");
    let sold = client.post("operations/sale", &sale(FIRST));
    assert_eq!(sold.receipt("payments.0.bankTerminalRRN").len(), 12);
    assert_eq!(balance(client), ("15.00".to_owned(), 1));
    assert_eq!(receipts(&till), 2);
    till.until("health is well again", |till| {
        !has_problem(till, "card_payment_waits")
    });
}

/// The customer has paid, and the receipt is printed although the caller has gone.
#[test]
fn an_order_whose_caller_has_gone_is_completed_when_the_terminal_answers_in_time() {
    let till = open();
    let client = till.client();
    switch(client, "silent");
    let unknown = client.post("operations/sale", &sale(FIRST));
    assert_eq!(
        unknown.state.as_deref(),
        Some("unknown"),
        "{}",
        unknown.text
    );
    switch(client, "up");
    till.until_in_time("the document is registered", |till| {
        operation(till.client(), FIRST).at("fiscal_state") == "registered"
    });
    assert_eq!(balance(client), ("15.00".to_owned(), 1));
    assert_eq!(receipts(&till), 1);
}

#[test]
fn money_for_which_the_printer_makes_no_document_is_given_back() {
    let till = open();
    let client = till.client();
    till.rig.set_paper(Paper::Out);
    let refused = client.post("operations/sale", &sale(FIRST));
    assert_eq!(
        refused.state.as_deref(),
        Some("not_registered"),
        "{}",
        refused.text
    );
    let says = refused.at("message");
    assert!(
        says.contains("moves it back on the bank terminal"),
        "{says}"
    );
    till.until("the money is back", |till| {
        balance(till.client()).0 == "0.00"
    });
    till.until("it is in the journal", |till| {
        operation(till.client(), FIRST).at("bank_terminal.0.state") == "voided"
    });
    let shown = operation(client, FIRST);
    assert_eq!(shown.at("fiscal_state"), "not_registered", "{}", shown.text);
    assert_eq!(shown.at("bank_terminal.1.kind"), "void");
    assert_eq!(shown.at("bank_terminal.1.state"), "approved");
    assert_eq!(shown.at("bank_terminal.1.settled"), "true");
    assert!(!has_problem(&till, "card_payment_waits"));
    till.rig.set_paper(Paper::Ok);
    till.until("the printer prints again", |till| {
        !has_problem(till, "printer_condition")
    });
    let sold = client.post("operations/sale", &sale(FIRST));
    assert_eq!(sold.receipt("number"), "1");
    assert_eq!(balance(client), ("15.00".to_owned(), 3));
}

/// A restart has lost the order, and the journal has the question to the terminal.
#[test]
fn after_a_restart_a_repetition_is_completed_with_the_money_that_was_taken() {
    let mut till = open();
    switch(till.client(), "silent");
    let unknown = till.client().post("operations/sale", &sale(FIRST));
    assert_eq!(
        unknown.state.as_deref(),
        Some("unknown"),
        "{}",
        unknown.text
    );
    till.stop();
    till.start();
    let sold = till.client().post("operations/sale", &sale(FIRST));
    assert_eq!(sold.receipt("payments.0.bankTerminalRRN").len(), 12);
    assert_eq!(balance(till.client()), ("15.00".to_owned(), 1));
}

#[test]
fn after_a_restart_money_that_nobody_asks_for_again_is_given_back() {
    let mut till = open();
    switch(till.client(), "silent");
    let unknown = till.client().post("operations/sale", &sale(FIRST));
    assert_eq!(
        unknown.state.as_deref(),
        Some("unknown"),
        "{}",
        unknown.text
    );
    till.stop();
    till.start();
    let shown = operation(till.client(), FIRST);
    assert_eq!(shown.at("fiscal_state"), "unknown", "{}", shown.text);
    till.until("the money is back", |till| {
        balance(till.client()).0 == "0.00"
    });
    till.until("the id is free again", |till| {
        let shown = operation(till.client(), FIRST);
        shown.at("fiscal_state") == "not_registered"
            && shown.at("bank_terminal.0.state") == "voided"
    });
    assert_eq!(receipts(&till), 0);
}

#[test]
fn a_return_gives_the_money_back_on_the_terminal() {
    let till = open();
    let client = till.client();
    let sold = client.post("operations/sale", &sale(FIRST));
    assert_eq!(sold.status, 200, "{}", sold.text);
    let body = format!(
        r#"{{"id":"{SECOND}","originalReceiptId":"{FIRST}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A","amountBeforeModification":25.50,"amount":25.50,"taxRate":20.00,"taxAmount":4.25,"finalAmount":25.50,"finalTaxAmount":4.25}}],"payments":[{{"typeCode":1,"amount":15.00,"useBankTerminal":true}},{{"typeCode":0,"amount":10.50}}]}}"#
    );
    switch(client, "decline");
    let refused = client.post("operations/return", &body);
    let error = "BankTerminalDeclined".to_owned();
    assert_eq!(refused.verdict(), (422, "not_registered", error));
    switch(client, "up");
    let returned = client.post("operations/return", &body);
    assert_eq!(returned.status, 200, "{}", returned.text);
    assert_eq!(returned.at("data.payments.0.bankTerminalRRN").len(), 12);
    assert_eq!(balance(client), ("0.00".to_owned(), 2));
    assert_eq!(
        operation(client, SECOND).at("bank_terminal.1.kind"),
        "refund"
    );
}

#[test]
fn a_closeday_settles_the_terminal_first_and_closes_the_day_whatever_it_says() {
    let till = open();
    let client = till.client();
    // Without an open shift nothing is closed, and no terminal is settled.
    assert_eq!(client.post("operations/closeday", "").status, 422);
    assert_eq!(bank(client).at("settlements"), "0");
    assert_eq!(client.post("operations/sale", &sale(FIRST)).status, 200);
    let shown = client.post("operations/intermediatetotals", "");
    let of = |reply: &Reply, member: &str| {
        reply.at(&format!("data.additionalData.bankTerminals.0.{member}"))
    };
    assert_eq!(of(&shown, "chargedAmount"), "15.00", "{}", shown.text);
    assert_eq!(bank(client).at("settlements"), "0");
    let closed = client.post("operations/closeday", "");
    assert_eq!(closed.status, 200, "{}", closed.text);
    assert_eq!(closed.at("data.printErrorMessage"), "null");
    assert_eq!(of(&closed, "chargeCount"), "1");
    assert_eq!(of(&closed, "name"), "Terminal 1");
    assert_eq!(bank(client).at("settlements"), "1");
    // A report by its own path settles nothing.
    assert_eq!(client.post("operations/sale", SALE).status, 200);
    let report = client.post("reports", r#"{"type":"ZReport"}"#);
    assert_eq!(report.status, 200, "{}", report.text);
    assert_eq!(bank(client).at("settlements"), "1");
    // A terminal that is off does not keep the day open.
    assert_eq!(client.post("operations/sale", SALE).status, 200);
    switch(client, "down");
    let closed = client.post("operations/closeday", "");
    assert_eq!(closed.status, 200, "{}", closed.text);
    let said = "the bank terminal Terminal 1 is not settled: the terminal cannot be reached";
    assert_eq!(closed.at("data.printErrorMessage"), said);
    assert_eq!(of(&closed, "error"), "the terminal cannot be reached");
    assert!(has_problem(&till, "bank_terminal_unsettled"));
    switch(client, "up");
    assert_eq!(client.post("operations/sale", SALE).status, 200);
    assert_eq!(client.post("operations/closeday", "").status, 200);
    assert!(!has_problem(&till, "bank_terminal_unsettled"));
}

#[test]
fn with_several_terminals_a_payment_names_one() {
    let till = Till::open_with(|config| {
        with_terminal(config).bank_terminal(OTHER_TERMINAL, "Terminal 2", KEPT_S)
    });
    let client = till.client();
    let on = |named: &str| {
        let named = format!(r#""useBankTerminal":true,"bankTerminal":"{named}""#);
        sale(FIRST).replace(r#""useBankTerminal":true"#, &named)
    };
    for (body, error, path) in [
        (
            sale(FIRST),
            "BankTerminalMissing",
            "payments[0].bankTerminal",
        ),
        (
            on(DEVICE),
            "UnknownBankTerminal",
            "payments[0].bankTerminal",
        ),
        (
            on("00000000-0000-0000-0000-000000000000"),
            "BankTerminalMissing",
            "payments[0].bankTerminal",
        ),
        (
            on(TERMINAL).replace(r#""typeCode":1"#, r#""typeCode":0"#),
            "BankTerminalForCash",
            "payments[0].useBankTerminal",
        ),
    ] {
        let refused = client.post("operations/sale", &body);
        assert_eq!(refused.verdict(), (422, "not_registered", error.to_owned()));
        assert_eq!(refused.paths(), [path], "{}", refused.text);
    }
    assert_eq!(balance(client), ("0.00".to_owned(), 0));
    let sold = client.post("operations/sale", &on(OTHER_TERMINAL));
    assert_eq!(sold.receipt("payments.0.bankTerminal"), OTHER_TERMINAL);
    assert_eq!(bank(client).at("operations.0.terminal"), OTHER_TERMINAL);
    let device = client.get(&format!("devices/{DEVICE}"));
    let ids = format!("{TERMINAL},{OTHER_TERMINAL}");
    assert_eq!(device.at("data.pointsOfSale.0.bankTerminalsIDList"), ids);
    assert_eq!(device.at("data.pointsOfSale.0.useBankTerminals"), "true");
}

#[test]
fn a_sale_that_becomes_an_alternative_receipt_is_charged_once() {
    let till = open();
    let client = till.client();
    let sold = client.post(
        "operations/sale",
        &card_sale(FIRST, "AlternativeReceiptOnly"),
    );
    assert_eq!(
        sold.at("data.receiptType"),
        "AlternativeReceipt",
        "{}",
        sold.text
    );
    assert_eq!(
        sold.at("data.alternativeReceipt.payments.0.bankTerminalRRN")
            .len(),
        12
    );
    // The fiscal attempt fails, and the money stays where it is.
    till.rig.set_paper(Paper::Out);
    let sold = client.post(
        "operations/sale",
        &card_sale(SECOND, "FiscalThenAlternativeReceipt"),
    );
    assert_eq!(
        sold.at("data.receiptType"),
        "AlternativeReceipt",
        "{}",
        sold.text
    );
    assert_eq!(balance(client), ("30.00".to_owned(), 2));
    assert!(!has_problem(&till, "card_payment_waits"));
}

/// The texts of the rows of a form.
fn form_texts(reply: &Reply, document: &str) -> Vec<String> {
    let content = format!("{document}.printFormContent");
    let rows = (0..reply.list(&content)).map(|row| format!("{content}.{row}"));
    rows.filter(|row| reply.at(&format!("{row}.type")) == "Text")
        .map(|row| reply.at(&format!("{row}.text")))
        .collect()
}

#[test]
fn the_slip_of_the_terminal_is_on_the_paper_of_the_receipt_on_its_forms_and_on_its_copies() {
    let till = open();
    let client = till.client();
    till.until("the printer is connected", |till| {
        till.health().at("printers.0.connected") == "true"
    });
    let sold = client.post(
        "operations/sale",
        &card_sale(FIRST, "AlternativeReceiptOnly"),
    );
    assert_eq!(sold.status, 200, "{}", sold.text);
    let rrn = sold.at("data.alternativeReceipt.payments.0.bankTerminalRRN");
    let slip = [
        "BANK TERMINAL (TEST)".to_owned(),
        format!("CHARGE RRN {rrn}"),
    ];
    let paper = till.rig.paper();
    for line in &slip {
        assert!(paper.contains(line.as_str()), "{line}: {paper}");
    }
    let path = format!("alternativereceipts/{FIRST}/duplicate");
    let copy = client.post(&path, r#"{"printOnServer":false}"#);
    let texts = form_texts(&copy, "data");
    assert!(texts.ends_with(&slip), "{texts:?}");
    // The form of a receipt that a fiscal printer has sealed has it too.
    let fiscal = sale(SECOND).replace("\"items\"", "\"printOnServer\":false,\"items\"");
    let sold = client.post("operations/sale", &fiscal);
    let rrn = sold.receipt("payments.0.bankTerminalRRN");
    let texts = form_texts(&sold, "data.fiscalReceipt");
    assert!(texts.contains(&format!("CHARGE RRN {rrn}")), "{texts:?}");
}

/// The caller's own terminal has made the payment, and the caller gives its slip.
#[test]
fn a_slip_that_the_caller_gives_is_on_the_form_without_card_numbers() {
    let till = open();
    let rows = r#"[{"type":"Text","text":"VISA 4111111111111111"},{"type":"Separator"},{"type":"Text","text":"APROBAT"}]"#;
    let given = format!(r#""useBankTerminal":true,"bankTerminalPrintData":{rows}"#);
    let body = sale(FIRST)
        .replace(
            "\"receiptMode\":\"FiscalReceiptOnly\",",
            "\"printOnServer\":false,",
        )
        .replace(r#""useBankTerminal":true"#, &given);
    let told = till.client().post("receipts", &body);
    assert_eq!(told.status, 200, "{}", told.text);
    let texts = form_texts(&told, "data");
    assert!(texts.contains(&"APROBAT".to_owned()), "{texts:?}");
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("VISA 411111") && text.ends_with("1111")),
        "{texts:?}"
    );
    assert!(!told.text.contains("4111111111111111"), "{}", told.text);
}
