//! Two hundred callers at once, each with retries: no sale is made twice, no number is left out, and the agent's memory stays small.

mod shop;

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use shop::machine::MachineShop;
use shop::outside::{finished, until};
use uuid::Uuid;

const CALLERS: usize = 200;
/// The largest memory that the callers may cost, in kB. A program of a release takes at most 9 MB while it is idle, so that it stays below
/// 30 MB. A program of a test is larger, because its code is.
const GROWTH_MAX_KB: u64 = 20_000;

/// A figure of the memory of a process, in kB: `VmRSS` now, `VmHWM` at most until now.
fn memory_kb(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn two_hundred_callers_with_retries_make_no_duplicate_and_no_gap_in_little_memory() {
    let till = MachineShop::open("datecs", None);
    let client = &till.agent.client;
    until("the printer is connected", || {
        client.open("/healthz").at("printers.0.connected") == "true"
    });
    let idle = memory_kb(till.agent.id(), "VmRSS:");
    let numbers: Vec<String> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let client = shop::Client::new(client.url.clone());
                scope.spawn(move || {
                    let body = format!(
                        r#"{{"id":"{}","receiptMode":"FiscalReceiptOnly","items":[{{"name":"Marfa {caller}","quantity":1,"price":{}.{:02},"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":500}}]}}"#,
                        Uuid::from_u128(1_000 + caller as u128),
                        caller + 1,
                        caller % 100
                    );
                    // A caller sends the request again until it knows the outcome, and once more afterwards.
                    let mut answers = Vec::new();
                    while answers.len() < 2 {
                        match client.call("POST", "operations/sale", &body, |_| ()) {
                            Ok(reply) if reply.status == 200 => answers.push(reply),
                            Ok(reply) => {
                                let state = reply.state.as_deref();
                                assert_ne!(state, Some("registered"), "{}", reply.text);
                                thread::yield_now();
                            }
                            Err(_) => thread::yield_now(),
                        }
                    }
                    assert!(answers[1].replayed, "{}", answers[1].text);
                    assert_eq!(answers[0].text, answers[1].text);
                    answers[0].receipt("number")
                })
            })
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });
    let distinct: BTreeSet<u32> = numbers
        .iter()
        .map(|number| number.parse().unwrap())
        .collect();
    let all: BTreeSet<u32> = (1..).take(CALLERS).collect();
    assert_eq!(distinct, all, "no number is missing or given twice");
    let printed = till.rig.snapshot(true).fiscal_receipts;
    assert_eq!(printed.len(), CALLERS);
    let totals: BTreeSet<String> = printed.into_iter().map(|receipt| receipt.total).collect();
    assert_eq!(totals.len(), CALLERS, "every sale is printed once");
    let memory = memory_kb(till.agent.id(), "VmHWM:");
    assert!(
        memory < idle + GROWTH_MAX_KB,
        "{memory} kB, and {idle} kB before"
    );
    let closed = client.post("operations/closeday", "");
    assert_eq!(closed.at("data.receiptCount"), CALLERS.to_string());
    let agrees = closed.at("data.additionalData.reconciliation.agrees");
    assert_eq!(agrees, "true", "{}", closed.text);
    let (code, books) = finished(&["verify", "--config", till.file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{books}");
}
