use super::super::isl_daisy_report::*;
use super::super::isl_payment::{Paid, PaidCode};
use super::super::isl_report::LineLengths;
use super::*;

fn open(operator: u32, password: &str, unique: &str) -> Open {
    Open {
        operator,
        password: password.to_owned(),
        till: 1,
        invoice: false,
        unique: unique.to_owned(),
    }
}

/// The openings are examples of the manual V1.8.1, command 48.
#[test]
fn openings_of_the_manual_are_written_and_read() {
    let data = b"1,1,DY000694-OP01-0000018";
    let sale = open(1, "1", "DY000694-OP01-0000018");
    assert_eq!(emit_open(&sale), data);
    assert_eq!(parse_open(data), Some(sale));
    let invoice = parse_open(b"1,1,DY000600-OP01-0000001\tI").unwrap();
    assert!(invoice.invoice);
    assert_eq!(emit_open(&invoice), b"1,1,DY000600-OP01-0000001\tI");
    let data = b"20,9999,DY000600-OP20-0000003\tR1,203,10-04-23 21:54:02\t36940032";
    let refund = RefundOpen {
        open: open(20, "9999", "DY000600-OP20-0000003"),
        kind: RefundKind::Error,
        document: 203,
        origin: Some(("100423215402".to_owned(), "36940032".to_owned())),
    };
    assert_eq!(emit_refund(&refund), data);
    assert_eq!(parse_refund(data), Some(refund));
    let credit =
        parse_refund(b"1,1,DY000600-OP01-0000004\tC35,1,17102,18-04-23 01:59:59\t36999401");
    assert!(credit.is_some_and(|credit| credit.open.invoice && credit.document == 17_102));
    assert_eq!(parse_open(data), None);
    for wrong in [
        &b"1,1"[..],
        b"1,1,",
        b"1,1,1",
        b"1,1,DY000694-OP01-000018",
        b"1,1,DY000694-op01-0000018",
        b"21,1,DY000694-OP01-0000018",
        b"1,1234567,DY000694-OP01-0000018",
        b"1,1,DY000694-OP01-0000018\tX",
    ] {
        assert_eq!(parse_open(wrong), None, "{wrong:?}");
    }
    for wrong in [
        &b"20,9999,DY000600-OP20-0000003\tR3,203,10-04-23 21:54:02\t36940032"[..],
        b"20,9999,DY000600-OP20-0000003\tR1,203,10-04-23\t36940032",
        b"20,9999,DY000600-OP20-0000003\tR1,203,10-04-23 21:54:02\t",
        b"20,9999,DY000600-OP20-0000003\tR1,203,10-04-23 21:54:02",
    ] {
        assert_eq!(parse_refund(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_sale_has_a_cyrillic_group_and_a_dollar_before_its_discount() {
    let sale = Sale {
        text: b"Paine".to_vec(),
        second: vec![],
        group: 0,
        price: 950,
        quantity: Some(2_000),
        modifier: Some(SaleModifier::Absolute(-587)),
    };
    assert_eq!(emit_sale(&sale), b"Paine\t\xC09.50*2.000$-5.87");
    assert_eq!(parse_sale(&emit_sale(&sale)), Some(sale));
    let read = parse_sale(b"Paine\t\xC79.50*2,-10.00").unwrap();
    assert_eq!(
        (read.group, read.modifier),
        (7, Some(SaleModifier::Percent(-1_000)))
    );
    for wrong in [
        &b"Paine\tA9.50"[..],
        b"Paine\t\xC89.50",
        b"Paine\t\xC09.50,-1.00$-1.00",
        b"Paine\t\xC09.50;-1.00",
    ] {
        assert_eq!(parse_sale(wrong), None, "{wrong:?}");
    }
    assert_eq!(parse_subtotal(b"10$-1.00").map(|ask| ask.print), Some(true));
}

#[test]
fn the_answer_about_the_last_document_is_that_of_the_manual() {
    let data = b"PS,14,36940099*000123*2023-04-19*09:19:02*0.00";
    let read = parse_issued(data).unwrap();
    assert!(!read.fiscal);
    let code = read.code.clone().unwrap();
    assert_eq!((code.kind, code.number, code.sum), (14, 123, 0));
    assert!(!code.is_sale() && !code.is_refund());
    assert_eq!(emit_issued(&read), data);
    let without = parse_issued(b"PF,XXXXX").unwrap();
    assert_eq!((without.fiscal, without.code), (true, None));
    for wrong in [
        &b"F"[..],
        b"",
        b"P,S,14,36940099*000123*2023-04-19*09:19:02*0.00",
        b"PS,14,36940099*000123*2023-04-19*09:19:02",
        b"PF,0,36940099*000123*2023-04-19*09:19:02*1,00",
    ] {
        assert_eq!(parse_issued(wrong), None, "{wrong:?}");
    }
}

#[test]
fn the_tender_is_the_amount_without_what_is_left_to_pay() {
    for (data, tender) in [
        // Nothing is paid, and what is left is reported in either way.
        (&b"1,0002,0000001858,0000000000,0000001858"[..], 0),
        (b"1,0002,0000001858,0000000000,0000000000", 0),
        // A part is paid.
        (b"1,0002,0000001858,0000001000,0000000858", 1_000),
        // The last payment was cash, with change.
        (b"0,0002,18.58,15.00,0.00", 1_858),
        // A cancelled receipt.
        (b"0,0004,0000000000,0000000000,0000000000", 0),
    ] {
        let read = parse_transaction(data).unwrap();
        assert_eq!(read.tender, Some(tender), "{data:?}");
    }
    assert_eq!(
        parse_transaction(b"0,0002,18.58").map(|read| read.tender),
        Some(None)
    );
    assert_eq!(parse_transaction(b"0,0002,18.58,15.00"), None);
}

#[test]
fn figures_of_the_day_are_read_from_their_places() {
    let sums = "10.33,8.25,0.00,0.00,0.00,0.00,0.00,0.00,5.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00";
    let sales = [1_033, 825, 0, 0, 0, 0, 0, 0];
    let refunds = [500, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(parse_day_sales(sums.as_bytes()), Some(sales));
    assert_eq!(parse_day_refunds(sums.as_bytes()), Some(refunds));
    let z = parse_daily(format!("0007,{sums}").as_bytes()).unwrap();
    assert_eq!((z.closure, z.groups, z.refunds), (7, sales, Some(refunds)));
    assert_eq!(emit_daily(&z), format!("0007,{sums}").as_bytes());
    let last = parse_last_z(format!("0007,{sums},281126").as_bytes()).unwrap();
    assert_eq!((last.closure, last.groups), (7, sales));
    // One field more or less is another form.
    assert_eq!(parse_day_sales(format!("0,{sums}").as_bytes()), None);
    assert_eq!(
        parse_last_z(format!("0007,0,{sums},281126").as_bytes()),
        None
    );
    // The numbers at the end are counted from the end.
    let day = parse_day_payments(b"0000001858,0,0,0,0,0007,000124,0000000001").unwrap();
    assert_eq!((day.payments[0], day.closure), (1_858, 8));
    let more = parse_day_payments(b"1858,0,0,0,0,0,0,0007,000124,0000000001").unwrap();
    assert_eq!((more.closure, more.next_receipt), (8, None));
    assert_eq!(parse_day_payments(b"1858,0,0,0007,000124,0000000001"), None);
}

#[test]
fn the_identity_has_the_number_of_a_country() {
    let data = b"4.01BG 01-12-2022 10:30,FFFF,0000,6,DY000694,36940032";
    let info = parse_device_info(data).unwrap();
    assert_eq!(
        (info.serial.as_str(), info.fiscal_memory.as_str()),
        ("DY000694", "36940032")
    );
    assert_eq!(emit_device_info(&info), data);
    assert_eq!(parse_device_info_with_model(data), None);
    let data = b"CompactM ONL-4.01BG 101218 1030,FFFF,0000,6,DY000694,36940032";
    let info = parse_device_info_with_model(data).unwrap();
    assert_eq!(info.name, "CompactM");
    assert_eq!(parse_device_info(data), None);
    // Group A of Datecs has six fields too.
    let datecs = b"FP-700 1.00BG 21NOV26 1000,FFFF,00000000,DT700001,02700001";
    assert_eq!(parse_device_info(datecs), None);
    let datecs = b"FP-700,1.00BG 21NOV26 1000,FFFF,00000000,DT700001,02700001";
    assert_eq!(parse_device_info(datecs), None);
}

#[test]
fn the_lengths_of_lines_are_the_tenth_and_the_eleventh_constant() {
    let constants = |comment: &str, name: &str, end: &str| {
        let head = [&b"384,144,5,8,,,\xC0,8,32,"[..], comment.as_bytes(), b","].concat();
        let rest = format!("{name},8,8,0,13,50,30000,1,1,0,20,12,0,0,0{end}");
        [head, rest.into_bytes()].concat()
    };
    let both = |text, name| Some(LineLengths { text, name });
    assert_eq!(parse_constants(&constants("28", "22", ",0")), both(28, 22));
    assert_eq!(parse_constants(&constants("28", "32", "")), both(28, 28));
    assert_eq!(parse_constants(&constants("0", "22", ",0")), None);
    assert_eq!(parse_constants(&constants("28", "200", ",0")), None);
    assert_eq!(parse_constants(&constants("28", "22", ",0,0")), None);
    let lengths = both(28, 22).unwrap();
    assert_eq!(emit_constants(lengths), constants("28", "22", ",0"));
}

#[test]
fn rates_and_the_clock_in_both_editions() {
    let rates = parse_rates(b"0.00,20.00,20.00,9.00,-1.00,-1,-1.00,-1.00").unwrap();
    assert_eq!(rates.rates[3..5], [Some(900), None]);
    assert_eq!(
        emit_rates(&rates),
        b"0.00,20.00,20.00,9.00,-1.00,-1.00,-1.00,-1.00"
    );
    let clock = "28-11-26 04:37:30".to_owned();
    assert_eq!(emit_clock_with_points(&clock), b"28.11.26 04:37:30");
    assert_eq!(
        parse_clock_with_points(b"28.11.26 04:37:30"),
        Some(clock.clone())
    );
    assert_eq!(parse_clock(b"28-11-26 04:37:30"), Some(clock));
    assert_eq!(parse_clock(b"28.11.26 04:37:30"), None);
    assert_eq!(parse_clock_with_points(b"28-11-26 04:37:30"), None);
}

#[test]
fn an_exact_payment_has_no_rest() {
    let paid = |code, amount| emit_paid(&Paid { code, amount });
    assert_eq!(paid(PaidCode::Change, 0), b"D0.00");
    assert_eq!(paid(PaidCode::Change, 642), b"R6.42");
    assert_eq!(paid(PaidCode::Rest, 858), b"D8.58");
    assert_eq!(
        parse_payment(b"\tU1.00").and_then(|payment| payment.mode),
        Some('D')
    );
    assert_eq!(
        parse_payment(b"\tE1.00").and_then(|payment| payment.mode),
        Some('B')
    );
}
