//! The closing receipt of a register can be checked at any time: before, while and after the till has it checked itself.

use super::api::{Api, UNIT_BODY, USER, judged, till_with_finanz_online, unit};
use super::shop::outside::{Process, until};
use super::shop::stand_in::StandIn;

const REGISTERS: u32 = 6;

fn path(number: u32) -> String {
    format!("/cash-register/2b0b9f0e-4a4e-4a53-9a3b-0d6f6f1f{number:04x}")
}

/// Makes a register, takes it out of use, and returns the path of its closing receipt.
fn closed(api: &Api, number: u32) -> String {
    let path = path(number);
    api.put(&path, "{}");
    for state in ["REGISTERED", "INITIALIZED"] {
        api.become_(&path, state);
    }
    let end = api.become_(&path, "DECOMMISSIONED");
    format!("{path}/receipt/{}", end.at("decommission_receipt_id"))
}

fn results(api: &Api, receipt: &str) -> Vec<String> {
    let shown = api.get(receipt);
    let all = 0..shown.list("fon_validations");
    all.map(|place| shown.at(&format!("fon_validations.{place}.validation_result")))
        .collect()
}

/// Has a receipt checked, again as long as FinanzOnline has not answered in time.
fn check(api: &Api, receipt: &str) -> String {
    let mut result = String::new();
    until("the check is answered", || {
        let reply = api.call("POST", &format!("{receipt}/validation"), "");
        assert!([200, 504].contains(&reply.status), "{}", reply.text);
        if reply.status == 200 {
            result = reply.at("validation_result");
        }
        reply.status == 200
    });
    result
}

#[test]
fn a_closing_receipt_that_is_good_stays_good_however_often_and_when_it_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    let file = till_with_finanz_online(folder.path(), &stand_in.url());
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.put("/fon/auth", USER);
    api.put(&unit(), UNIT_BODY);
    api.become_(&unit(), "INITIALIZED");
    for number in 0..REGISTERS {
        let condition = match number % 2 {
            0 => r#"{"state":"up"}"#,
            _ => r#"{"state":"slow","ms":300}"#,
        };
        stand_in.switch(condition);
        let closing = closed(&api, number);
        assert_eq!(check(&api, &closing), "SUCCESS", "at once, {condition}");
        let register = api.get(&path(number)).at("serial_number");
        until("the register is out of use at FinanzOnline", || {
            let end = format!("ausfall_kasse {register} 0");
            stand_in.changes().contains(&end)
        });
        let calls = stand_in.calls().len();
        assert_eq!(check(&api, &closing), "SUCCESS", "later, {condition}");
        let start = format!("{}/receipt/1", path(number));
        assert_eq!(check(&api, &start), "SUCCESS", "the start receipt");
        let asked = stand_in.calls();
        let asked = asked.iter().skip(calls);
        assert_eq!(
            asked
                .filter(|call| call.starts_with("belegpruefung"))
                .count(),
            0,
            "FinanzOnline is not asked about what it has accepted"
        );
        for receipt in [&closing, &start] {
            let results = results(&api, receipt);
            assert!(results.len() >= 2, "{results:?}");
            assert!(results.iter().all(|it| it == "SUCCESS"), "{results:?}");
        }
    }
    agent.stop();
    judged(&file, None);
}
