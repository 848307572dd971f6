//! Answers of group A that only other drivers ask for, byte for byte as the maker's manual writes them, and what the maker's classes read
//! in another form than the manual.
#![cfg(feature = "emulator")]

mod bench;

use bench::host::{Host, clock, memory};
use ferrotill_device::emulator::Printer;
use ferrotill_device::family::{datecs, datecs_b};
use ferrotill_device::wire::isl_status::Flag;

/// A printer of group A after a sale of 18.00 in group A with a discount, a sale of 15.00 by department 2 paid by card, a cancelled
/// receipt of 5.00, a refund of 9.00, 100.00 put in and 30.00 taken out.
fn day() -> Host {
    let mut host = Host::of(&datecs::PROTOCOL);
    host.ok(0x46, "100.00");
    host.ok(0x46, "-30.00");
    host.ok(0x30, "1,0000,1");
    host.ok(0x31, "Хлеб\tA10.00*2.000;-2.00");
    host.ok(0x35, "\tP20.00");
    host.ok(0x38, "");
    host.ok(0x30, "1,0000,1");
    host.ok(0x31, "Lapte\t2\t7.00");
    host.ok(0x31, "Lapte\t2\t5.00*3");
    host.ok(0x31, "Lapte\t2\t-7.00");
    host.ok(0x35, "\tD15.00");
    host.ok(0x38, "");
    host.ok(0x30, "1,0000,1");
    host.ok(0x31, "Lapte\tB5.00");
    host.ok(0x3C, "");
    host.ok(0x2E, "1,0000,1,R3");
    host.ok(0x31, "Lapte\t2\t9.00");
    host.ok(0x35, "\tP9.00");
    host.ok(0x38, "");
    host
}

#[test]
fn group_a_reports_the_day_for_the_authority() {
    let mut host = day();
    assert_eq!(host.ok(0x25, "1"), "P,21-11-2026 00:35:30,1,3,6,6,1");
    assert_eq!(
        host.ok(0x25, "2"),
        "P,18.00,15.00,0.00,0.00,0.00,0.00,0.00,0.00,33.00,33.00"
    );
    assert_eq!(
        host.ok(0x25, "3"),
        "P,1,2.00,0,0.00,1,7.00,1,5.00",
        "discounts, surcharges, voids, cancelled receipts"
    );
    assert_eq!(host.ok(0x25, "4"), "P,1,100.00,1,30.00,79.00");
    assert_eq!(
        host.ok(0x25, "5"),
        "P,18.00,0.00,15.00,0.00,0.00,0.00,0.00,0.00"
    );
    assert_eq!(host.ok(0x25, "6,1"), "E", "there was no Z-report");
    host.ok(0x45, "0");
    assert_eq!(host.ok(0x25, "6,1"), "P,21-11-2026 00:35:30");
    assert_eq!(host.ok(0x25, "7"), "P,01-01-2026 00:00:00");
    assert_eq!(host.ok(0x25, "8,F"), "F", "no article was sold");
    for wrong in ["", "6", "8", "9", "1,1"] {
        host.no(0x25, wrong, Flag::Syntax);
    }
}

#[test]
fn group_a_reports_what_its_departments_have_sold() {
    let mut host = day();
    assert_eq!(host.ok(0x58, "2"), "PБ,1,9.00,1,15.00,DEPARTAMENT 2");
    assert_eq!(host.ok(0x58, "1"), "PА,0,0.00,0,0.00,DEPARTAMENT 1");
    assert_eq!(host.ok(0x58, "0"), "P,0,0.00,1,18.00,");
    assert_eq!(host.ok(0x58, "9"), "F", "it is not programmed");
    host.no(0x58, "1201", Flag::Syntax);
    host.ok(0x30, "1,0000,1");
    host.ok(0x31, "Lapte\t2\t5.00*1.500");
    assert_eq!(host.ok(0x58, "2"), "PБ,1,7.50,1,15.00,DEPARTAMENT 2");
}

#[test]
fn a_duplicate_is_that_of_the_last_receipt_with_sales_whatever_was_printed_since() {
    for family in [&datecs::PROTOCOL, &datecs_b::PROTOCOL] {
        let password = if family.name == "datecs" { "0000" } else { "1" };
        let mut host = Host::of(family);
        host.no(0x6D, "1", Flag::NotAllowed);
        let open = format!("1,{password},1");
        host.ok(0x30, &open);
        host.ok(0x31, "Lapte\tB5.00");
        host.ok(0x35, "\t");
        host.ok(0x38, "");
        host.ok(0x30, &open);
        host.ok(0x3C, "");
        host.ok(0x26, "");
        host.ok(0x27, "");
        host.ok(0x46, "5.00");
        host.ok(0x45, "2");
        host.ok(0x6D, "1");
        host.no(0x6D, "1", Flag::NotAllowed);
    }
}

#[test]
fn group_b_answers_about_an_operator_as_the_manual_writes_and_as_the_makers_class_reads() {
    let printer = || Printer::new(memory(), clock()).of_family(&datecs_b::PROTOCOL);
    let mut host = Host::with(printer());
    assert_eq!(host.ok(0x70, "1"), "P,0,0;0.00,0;0.00,0;0.00,0;0.00,");
    let mut host = Host::with(printer().with_firmware("dp25-sdk"));
    assert_eq!(host.ok(0x70, "1"), "0,0;0.00,0;0.00,0;0.00,0;0.00,");
}
