//! Eltrade: the driver's commands, and the emulated printer's answers to raw commands.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_device::emulator::memory::OpenKind;
use ferrotill_device::family::eltrade;
use ferrotill_device::wire::framing::{Answer, Request};
use ferrotill_device::wire::isl_status::Flag;
use ferrotill_device::{Fault, FiscalPrinter as _};

#[test]
fn the_driver_opens_sales_and_refunds_with_the_same_command() {
    let bench = Bench::of(&eltrade::PROTOCOL);
    let mut driver = bench.driver(200);
    let baseline = driver.connect().unwrap().baseline;
    let mut notes = Notes::new();
    let after = registered(driver.perform(&sale(), &baseline, &mut notes)).after;
    let _ = registered(driver.perform(&refund(), &after, &mut notes));
    let opened: Vec<&str> = notes
        .lines
        .iter()
        .filter(|line| line.starts_with("90"))
        .filter_map(|line| line.split(" -> ").next())
        .collect();
    assert_eq!(
        opened,
        ["90 \"1,\"", "90 \"1,,S,02700001,R,1,2026-11-21T00:35:30\""]
    );
    bench.line.with(|emulator| {
        let receipts = emulator.printer().receipts();
        assert_eq!([receipts[0].refund, receipts[1].refund], [false, true]);
    });
}

#[test]
fn raw_commands_are_accepted_and_refused() {
    let bench = Bench::of(&eltrade::PROTOCOL);
    let framing = eltrade::PROTOCOL.framing;
    let mut seq = 0x7E;
    let mut send = |command: u8, data: &str| {
        seq = framing.seq_after(seq);
        let request = Request {
            seq,
            command,
            data: data.as_bytes().to_vec(),
        };
        bench.line.with(|emulator| {
            let frame = emulator.printer_mut().answer(&request);
            Answer::parse(&framing, &frame).unwrap()
        })
    };
    let has = |answer: &Answer, flag| eltrade::PROTOCOL.status.has(answer.status, flag);
    // Sequence numbers go beyond 7F; Eltrade does not support the opening of Datecs.
    for data in ["", "1,0000,1"] {
        assert!(has(&send(0x30, data), Flag::UnknownCommand));
    }
    assert!(has(&send(0x90, "1,,X"), Flag::Syntax));
    assert!(!has(&send(0x90, "Ana,"), Flag::GeneralError));
    assert!(has(&send(0x90, "Ana,"), Flag::NotAllowed));
    assert!(!has(&send(0x31, "\tA1.00"), Flag::GeneralError));
    assert_eq!(send(0x35, "\tL1.00").data, b"R000000000");
    assert!(has(&send(0x3C, ""), Flag::NotAllowed));
    assert!(!has(&send(0x38, ""), Flag::GeneralError));
    assert!(!has(&send(0x90, "Ana,,S,02700001,O,1"), Flag::GeneralError));
    bench.line.with(|emulator| {
        let open = emulator.printer().memory().open.clone();
        assert_eq!(open.map(|open| open.kind), Some(OpenKind::Refund));
    });
}

#[test]
fn the_open_cover_is_recognised_although_no_reason_is_reported() {
    let bench = Bench::of(&eltrade::PROTOCOL);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench
        .line
        .with(|emulator| emulator.printer_mut().set_cover_open(true));
    assert!(driver.status().unwrap().cover_open);
    let refusal = not_registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::CoverOpen);
}
