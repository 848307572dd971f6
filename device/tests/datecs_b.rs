//! Datecs classic, group B: the driver's commands, and the emulated register's answers to raw commands of the manual.
#![cfg(feature = "emulator")]

mod bench;

use bench::host::Host;
use bench::*;
use ferrotill_device::family::datecs_b;
use ferrotill_device::wire::isl::{Answer, Flag};
use ferrotill_device::{Fault, FiscalPrinter as _, Job, LineJob, Paper};

fn has(answer: &Answer, flag: Flag) -> bool {
    datecs_b::PROTOCOL.status.has(answer.status, flag)
}

#[test]
fn a_day_after_the_manual() {
    let mut host = Host::of(&datecs_b::PROTOCOL);
    assert_eq!(host.ok(0x30, "1,1,1"), "0001,0001");
    host.ok(0x31, "Paine\tA9.50*2");
    assert_eq!(host.ok(0x67, ""), "P,1,1900,0,0,0,0,0,0,0,0,0000000000,0");
    assert_eq!(host.ok(0x35, "\tC19.00"), "R000000000");
    host.ok(0x38, "");
    // The refund has the form of group B, and 67h marks it as a refund.
    host.ok(0x2E, "1,1,,1,1,1,211126003530,02700001");
    host.ok(0x31, "\tA9.50*2");
    assert_eq!(host.ok(0x67, ""), "P,1,1900,0,0,0,0,0,0,0,0,0000000000,2");
    host.ok(0x35, "\tP");
    host.ok(0x38, "");
    let refund = host.printer.receipts()[1].clone();
    assert_eq!((refund.refund, refund.total), (true, 1_900));
}

#[test]
fn the_wrong_command_in_the_wrong_state_is_refused_without_a_reason() {
    let mut host = Host::of(&datecs_b::PROTOCOL);
    assert!(has(&host.send(0x20, ""), Flag::UnknownCommand));
    for data in ["1,0,1,1,1", "31,1,1", "1,,1", "1,1"] {
        assert!(has(&host.send(0x30, data), Flag::Syntax), "{data}");
    }
    assert!(has(&host.send(0x30, "1,0000,1"), Flag::NotAllowed));
    for (command, data) in [(0x31, "\tA1"), (0x35, "\t"), (0x38, ""), (0x3C, "")] {
        assert!(has(&host.send(command, data), Flag::NotAllowed));
    }
    host.ok(0x30, "1,1,1");
    for (command, data) in [(0x30, "1,1,1"), (0x26, ""), (0x45, "0")] {
        assert!(has(&host.send(command, data), Flag::NotAllowed));
    }
    // A receipt of group B has at most 120 sales.
    for _ in 0..120 {
        host.ok(0x31, "\tA1.00");
    }
    assert!(has(&host.send(0x31, "\tA1.00"), Flag::NotAllowed));
    assert_eq!(host.ok(0x35, "\tL1.00"), "F");
    host.ok(0x35, "\tJ120.00");
    assert!(has(&host.send(0x3C, ""), Flag::NotAllowed));
    host.ok(0x38, "");
}

#[test]
fn these_registers_have_no_bit_for_the_cover_and_for_low_paper() {
    let mut host = Host::of(&datecs_b::PROTOCOL);
    host.printer.set_cover_open(true);
    host.printer.set_paper(Paper::Low);
    let idle = host.send(0x4A, "").status;
    assert_eq!(idle.bytes(), [0x80, 0x80, 0x80, 0x80, 0x86, 0x9A]);
    assert!(has(&host.send(0x30, "1,1,1"), Flag::NotAllowed));
}

#[test]
fn the_driver_uses_the_commands_of_group_b() {
    let bench = Bench::of(&datecs_b::PROTOCOL);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let Job::Receipt(mut receipt) = sale() else {
        unreachable!()
    };
    // The name of a sale has two lines of 22 characters; the rest of the name follows as text.
    receipt.lines[0].name = "Paine alba feliata cu seminte de floarea soarelui".to_owned();
    let mut notes = Notes::new();
    let after = registered(driver.perform(&Job::Receipt(receipt), &baseline, &mut notes)).after;
    let sent: Vec<&str> = notes
        .lines
        .iter()
        .filter_map(|line| line.split(" -> ").next())
        .collect();
    for words in [
        "30 \"1,****,1\"",
        "31 \"Paine alba feliata cu\\nseminte de floarea\\tB8.10*2.000;-5.87\"",
        "36 \"soarelui\"",
        "35 \"\\tD10.00\"",
    ] {
        assert!(sent.contains(&words), "{words}\n{sent:#?}");
    }
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&refund(), &after, &mut notes));
    assert!(
        notes
            .lines
            .iter()
            .any(|line| line.starts_with("2E \"1,****,,1,1,1,211126003530,02700001\"")),
        "{:#?}",
        notes.lines
    );
}

#[test]
fn too_many_lines_and_unknown_payments_are_refused_before_anything_is_sent() {
    let bench = Bench::of(&datecs_b::PROTOCOL);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let Job::Receipt(receipt) = sale() else {
        unreachable!()
    };
    let mut long = receipt.clone();
    let line: LineJob = long.lines[0].clone();
    long.lines = vec![line; 121];
    let mut foreign = receipt;
    foreign.payments[1].letter = 'L';
    for (job, words) in [
        (long, "1 to 120 lines"),
        (foreign, "`L` is no payment letter"),
    ] {
        let refusal =
            not_registered(driver.perform(&Job::Receipt(job), &baseline, &mut Notes::new()));
        assert_eq!(refusal.fault, Fault::JobNotPrintable);
        assert!(refusal.detail.contains(words), "{}", refusal.detail);
    }
    bench.check(0, false);
}
