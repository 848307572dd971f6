//! Every form of an answer that a family's table has, one at a time, between a running agent and its printer: a relay rewrites the
//! answers to one command, and the till sells, returns, recovers a lost close, closes the day, and agrees with the printer.
//!
//! `device/tests/forms.rs` tries the same cells at the driver.

mod shop;

use ferrotill_device::PrinterFigure;
use ferrotill_device::emulator::Power;
use ferrotill_device::family::FAMILIES;
use ferrotill_testkit::answers::{
    AnswerCell, IDENTITY, NOT_KNOWN, REFUSED, UNKNOWN_FORM, answer_cells, answer_cells_of,
};
use shop::forms::{FormShop, FormTill, with_id};
use shop::till::SALE;
use shop::{Client, Reply};
use uuid::Uuid;

/// How many tills one agent has: a configuration has room for 64.
const TILLS_OF_A_SHOP: usize = 60;

/// Returns what [`SALE`] sold; `more` is written into the body.
fn give_back(client: &Client, sold: &Reply, more: &str) -> Reply {
    let id = sold.receipt("id");
    client.post(
        "operations/return",
        &format!(
            r#"{{"originalReceiptId":"{id}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":25.50}}]{more}}}"#
        ),
    )
}

/// Closes the day, which must agree with the printer.
fn close_the_day(client: &Client, receipts: usize, case: &str) {
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{case}: {}", closed.text);
    let agrees = closed.at("data.additionalData.reconciliation.agrees");
    assert_eq!(agrees, "true", "{case}: {}", closed.text);
    let counted = closed.at("data.receiptCount");
    assert_eq!(counted, receipts.to_string(), "{case}: {}", closed.text);
}

/// A day of one till whose printer answers as the cell says.
fn plays(cell: &AnswerCell, till: &FormTill, client: &Client) {
    let case = cell.name();
    let sold = client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{case}: {}", sold.text);
    let by_slip = till.family.refund.is_none();
    // The relay also refuses the command that takes cash out.
    let cash_is_refused = cell.witness == Some(PrinterFigure::Cash)
        && matches!(cell.shape.as_str(), REFUSED | NOT_KNOWN);
    let more = if by_slip && cash_is_refused {
        r#","issueCashOperationWhenNecessary":false"#
    } else {
        ""
    };
    let given = give_back(client, &sold, more);
    assert_eq!(given.status, 200, "{case}: {}", given.text);

    let id = Uuid::new_v4();
    let lost = till.sells_and_loses_the_close(client, id, SALE);
    if lost.status != 200 {
        // Without the last receipt nothing shows whose receipt was closed, and a person reads the paper.
        assert_eq!(cell.witness, Some(PrinterFigure::LastReceipt), "{case}");
        assert!(!cell.is_read, "{case}: {}", lost.text);
        let document = till.rig.snapshot(true).last_document;
        let paper = format!(r#"{{"registered":true,"document":{document},"by":"Maria Popescu"}}"#);
        let declared = client.declare(&id.to_string(), &paper);
        assert_eq!(declared.status, 200, "{case}: {}", declared.text);
    }
    let printed = till.rig.snapshot(true);
    let refunds = usize::from(!by_slip);
    assert_eq!(printed.fiscal_receipts.len(), 2 + refunds, "{case}");

    close_the_day(client, 2, &case);
    assert_eq!(till.rig.snapshot(false).z_number, 1, "{case}");
    let again = client.post("operations/sale", SALE);
    assert_eq!(again.status, 200, "{case}: {}", again.text);
}

#[test]
fn a_till_works_with_every_known_form_and_without_any_one_witness() {
    let folder = tempfile::tempdir().unwrap();
    let mut cells = answer_cells();
    cells.retain(|cell| !cell.is_below_the_floor());
    assert!(cells.len() > 60, "{}", cells.len());
    for (number, cells) in cells.chunks(TILLS_OF_A_SHOP).enumerate() {
        let folder = folder.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        let tills = cells.iter().map(|cell| {
            let rewriter = Some(cell.rewriter());
            FormTill::new(cell.family, &folder, |rig| rig, rewriter)
        });
        let shop = FormShop::open(&folder, tills.collect(), |_, till| till.section());
        shop.at_every_till(|place, till, client| plays(&cells[place], till, client));
        let health = shop.agent.client.open("/healthz").text;
        let unknown = cells.iter().filter(|cell| cell.shape == UNKNOWN_FORM);
        let shown = health.matches("\"printer_answer_unknown\"").count();
        assert_eq!(shown, unknown.count(), "{health}");
    }
}

#[test]
fn an_update_that_changes_what_the_printer_reports_of_itself_does_not_stop_the_open_day() {
    let folder = tempfile::tempdir().unwrap();
    let mut cells = Vec::new();
    let mut tills = Vec::new();
    for family in FAMILIES {
        let forms = answer_cells_of(family).into_iter();
        for cell in forms.filter(|cell| cell.question == IDENTITY && cell.is_read) {
            for (begins, ends) in [(None, Some(&cell)), (Some(&cell), None)] {
                let before = begins.map(AnswerCell::rewriter);
                tills.push(FormTill::new(family, folder.path(), |rig| rig, before));
                cells.push(ends.cloned());
            }
        }
    }
    let mut shop = FormShop::open(folder.path(), tills, |_, till| till.section());
    let first = std::sync::Mutex::new(std::collections::BTreeMap::new());
    shop.at_every_till(|place, _, client| {
        let sold = client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
        first.lock().unwrap().insert(place, sold);
    });
    for (till, cell) in shop.tills.iter().zip(&cells) {
        till.rewrite(cell.as_ref().map(AnswerCell::rewriter));
    }
    shop.restart();
    shop.at_every_till(|place, till, client| {
        let cell = cells[place].as_ref();
        let case = format!("{} {:?}", till.family.name, cell.map(AnswerCell::name));
        let sold = first.lock().unwrap().remove(&place).unwrap();
        let given = give_back(client, &sold, "");
        assert_eq!(given.status, 200, "{case}: {}", given.text);
        let again = client.post("operations/sale", SALE);
        assert_eq!(again.status, 200, "{case}: {}", again.text);
        close_the_day(client, 2, &case);
    });
}

#[test]
fn the_sums_of_the_day_prove_a_sale_although_the_printer_reports_its_memory_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let family = FAMILIES[0];
    let mut cells = answer_cells_of(family).into_iter();
    let without_memory = cells
        .find(|cell| cell.shape == "Name,FwRev FwDate FwTime,Chk,Sw,Serial")
        .unwrap();
    let till = FormTill::new(family, folder.path(), |rig| rig, None);
    let mut shop = FormShop::open(folder.path(), vec![till], |_, till| till.section());
    let client = shop.agent.client.on(shop.tills[0].device);
    assert_eq!(client.post("operations/sale", SALE).status, 200);
    shop.tills[0].rewrite(Some(without_memory.rewriter()));
    shop.restart();

    let client = shop.agent.client.on(shop.tills[0].device);
    let id = Uuid::new_v4();
    let caller = shop.tills[0].loses_the_close(&client, id, SALE);
    shop.agent.kill();
    // The caller's connection ends with the agent.
    assert!(caller.join().is_err());
    shop.tills[0].rig.set_power(Power::On);
    assert!(shop.tills[0].rig.keyboard_z());
    shop.restart();

    let till = &shop.tills[0];
    let client = shop.agent.client.on(till.device);
    let again = client.post("operations/sale", &with_id(SALE, id));
    let found = till.repeats(&client, id, SALE, again);
    assert_eq!(found.status, 200, "{}", found.text);
    assert_eq!(till.rig.snapshot(true).fiscal_receipts.len(), 2);
}

#[test]
fn without_a_serial_number_or_a_number_of_documents_nothing_is_sold_and_health_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut cells = answer_cells();
    cells.retain(AnswerCell::is_below_the_floor);
    let tills = cells.iter().map(|cell| {
        let rewriter = Some(cell.rewriter());
        FormTill::new(cell.family, folder.path(), |rig| rig, rewriter)
    });
    let shop = FormShop::open(folder.path(), tills.collect(), |_, till| {
        till.section().set("answer_timeout_ms", 3_000)
    });
    // The answer about the last receipt of X has the number of the last document too.
    let has_another = |cell: &AnswerCell| {
        cell.question != IDENTITY && ["datecs-x", "datecs-mx"].contains(&cell.family.name)
    };
    shop.at_every_till(|place, till, client| {
        let case = cells[place].name();
        let sold = client.post("operations/sale", SALE);
        let printed = till.rig.snapshot(true).fiscal_receipts.len();
        let is_sold = has_another(&cells[place]);
        assert_eq!(sold.status == 200, is_sold, "{case}: {}", sold.text);
        assert_eq!(printed, usize::from(is_sold), "{case}");
    });
    let health = shop.agent.client.open("/healthz").text;
    let refused = cells.iter().filter(|cell| !has_another(cell)).count();
    let shown = health.matches("no serial number").count()
        + health
            .matches("no number that rises with every document")
            .count();
    assert!(shown >= refused, "{shown} of {refused}: {health}");
}
