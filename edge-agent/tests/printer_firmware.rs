//! Tests with printers whose firmware does not report its last Z-report or its day's payments, or reports them in another form.
//! They sell and make X- and Z-reports, also after a restart of the agent.

mod shop;

use std::fs;

use ferrotill_device::emulator::{Family, ResultCode, Rig, RigOptions};
use shop::configuration;
use shop::outside::{Process, finished};
use shop::till::SALE;

const LAST_Z: u8 = 0x40;
const DAY_PAYMENTS: u8 = 0x6E;

fn plays_two_days(family: &str, result_code: ResultCode, lacks: &[u8]) {
    let case = format!("{family}, {result_code:?}, without {lacks:02X?}");
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let rig = Rig::start(RigOptions {
        family: Family::parse(family).unwrap(),
        lacks: lacks.to_vec(),
        result_code,
        ..RigOptions::new(link.clone())
    })
    .unwrap();
    let office = Process::authority();
    let file = folder.path().join("ferrotill.toml");
    let uri = format!("{family}+serial://{}?baud=115200", link.display());
    let books = folder.path().join("books");
    let text = configuration(books.to_str().unwrap(), &uri, &office.client.url);
    fs::write(&file, text).unwrap();
    for day in 1..=2 {
        let mut agent = Process::agent(&file);
        for operation in ["operations/sale", "operations/intermediatetotals"] {
            let body = if operation == "operations/sale" {
                SALE
            } else {
                "{}"
            };
            let done = agent.client.post(operation, body);
            assert_eq!(done.status, 200, "{case}, {operation}: {}", done.text);
        }
        // After a restart, the payments of this day are not taken for those of another day.
        agent.kill();
        agent = Process::agent(&file);
        let sold = agent.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{case}: {}", sold.text);
        let closed = agent.client.post("operations/closeday", "{}");
        assert_eq!(closed.status, 200, "{case}: {}", closed.text);
        assert_eq!(closed.at("data.receiptCount"), "2", "{case}");
        let agrees = closed.at("data.additionalData.reconciliation.agrees");
        assert_eq!(agrees, "true", "{case}: {}", closed.text);
        agent.kill();
        let printed = rig.snapshot(true);
        assert_eq!(printed.z_number, day, "{case}");
        assert_eq!(printed.fiscal_receipts.len(), 2 * day as usize, "{case}");
    }
    let (code, told) = finished(&["verify", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{case}: {}", told);
}

#[test]
fn result_codes_in_front_of_the_answers_do_not_stop_a_printer() {
    for result_code in [ResultCode::Field, ResultCode::Glued, ResultCode::Failed] {
        plays_two_days("datecs", result_code, &[]);
    }
    plays_two_days("datecs-b", ResultCode::Field, &[]);
}

#[test]
fn commands_that_the_firmware_does_not_know_do_not_stop_a_printer() {
    plays_two_days("eltrade", ResultCode::None, &[LAST_Z]);
    plays_two_days("datecs", ResultCode::None, &[LAST_Z, DAY_PAYMENTS]);
}
