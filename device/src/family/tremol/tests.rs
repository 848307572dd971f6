use super::*;
use crate::wire::isl_receipt::{Open, RefundKind, RefundOpen, Sale, SaleModifier};

fn seller() -> Open {
    Open {
        operator: 1,
        password: "0000".to_owned(),
        till: 1,
        invoice: false,
        unique: String::new(),
    }
}

fn text(data: &[u8]) -> String {
    codepage::decode(data)
}

#[test]
fn one_command_opens_sales_and_refunds() {
    let open = (PROTOCOL.open.ask.emit)(&seller());
    assert_eq!(text(&open), "1;0000;1;1;0");
    assert_eq!((PROTOCOL.open.ask.parse)(&open), Some(seller()));
    let row = PROTOCOL.refund.unwrap();
    let refund = RefundOpen {
        open: seller(),
        kind: RefundKind::Return,
        document: 103,
        origin: Some(("281126163107".to_owned(), "02700001".to_owned())),
    };
    let data = (row.ask.emit)(&refund);
    assert_eq!(text(&data), "1;0000;1;1;@;1;103;28-11-26 16:31:07;02700001");
    assert_eq!((row.ask.parse)(&data), Some(refund.clone()));
    assert_eq!((PROTOCOL.open.ask.parse)(&data), None);
    assert_eq!((row.ask.parse)(&open), None);
    let without_time = RefundOpen {
        origin: None,
        ..refund
    };
    assert_eq!((row.ask.parse)(&(row.ask.emit)(&without_time)), None);
    // The form of the maker's classes: the password is filled up, and a unique sale number follows.
    let padded = b"1;0000  ;1;0;4$ZK123456-0001-0000001";
    let numbered = Open {
        unique: "ZK123456-0001-0000001".to_owned(),
        ..seller()
    };
    assert_eq!((PROTOCOL.open.ask.parse)(padded), Some(numbered.clone()));
    let data = (PROTOCOL.open.ask.emit)(&numbered);
    assert_eq!(text(&data), "1;0000;1;1;0$ZK123456-0001-0000001");
    assert_eq!((PROTOCOL.open.ask.parse)(&data), Some(numbered));
    let longer = b"1;0000;1;0;4$ZK123456-0001-00000010000";
    assert_eq!((PROTOCOL.open.ask.parse)(longer), None);
}

#[test]
fn receipts_are_printed_step_by_step() {
    // A receipt in the postponed mode (2) closes itself after five seconds without a command.
    assert!((PROTOCOL.open.ask.emit)(&seller()).ends_with(b";0"));
}

#[test]
fn a_sale_has_a_name_of_36_bytes() {
    let sale = Sale {
        text: b"Bread; white | 1".to_vec(),
        second: Vec::new(),
        group: 1,
        price: 810,
        quantity: Some(2_000),
        modifier: Some(SaleModifier::Absolute(-587)),
    };
    let data = emit_sale(&sale);
    assert_eq!(
        text(&data),
        "Bread, white / 1                    ;Б;8.10*2.000:-5.87"
    );
    let read = parse_sale(&data).unwrap();
    assert_eq!((read.group, read.price), (1, 810));
    assert_eq!(read.modifier, sale.modifier);
    let of_others = [&[b'x'; 36][..], b";\xC0;1.00*1.000,0.0:0.0"].concat();
    assert_eq!(parse_sale(&of_others).unwrap().modifier, None);
    let short = b"Bread;\xC0;1.00";
    assert_eq!(parse_sale(short), None);
}

#[test]
fn a_payment_has_the_number_of_its_meaning() {
    let pay = |letter, amount| {
        text(&emit_payment(&PaymentRequest {
            text: Vec::new(),
            mode: Some(letter),
            amount,
        }))
    };
    assert_eq!(pay('D', Some(1_000)), "7;0;10.00");
    assert_eq!(pay('P', None), "0;0;\"");
    let read = parse_payment(b"7;1;10.00*").unwrap();
    assert_eq!((read.mode, read.amount), (Some('D'), Some(1_000)));
    for (letter, _) in PROTOCOL.payments.letters {
        assert!(!pay(*letter, None).starts_with("99"), "{letter}");
    }
}

#[test]
fn rates_and_clock_are_read_as_the_maker_writes_them() {
    // As it stands in the maker's classes for Java.
    let rates = parse_rates(b"00.00%;20.00%;20.00%;09.00%;-1.00%;-1.00%;-1.00%;-1.00%;").unwrap();
    assert_eq!(
        rates.rates[..4],
        [Some(0), Some(2_000), Some(2_000), Some(900)]
    );
    assert_eq!(rates.rates[4..], [None; 4]);
    assert_eq!(
        text(&emit_rates(&rates)),
        "00.00%;20.00%;20.00%;09.00%;-1.00%;-1.00%;-1.00%;-1.00%"
    );
    assert_eq!(
        short_stamp("28-11-2026 16:31").as_deref(),
        Some("28-11-26 16:31:00")
    );
    assert_eq!(long_stamp("28-11-26 16:31:07"), "28-11-2026 16:31");
    assert_eq!(short_stamp("28-11-26 16:31"), None);
}

#[test]
fn cash_and_slips_have_an_operator() {
    let cash = (ASKED.cash.ask.emit)(&(seller(), -500));
    assert_eq!(text(&cash), "1;0000;0;-5.00");
    assert_eq!((ASKED.cash.ask.parse)(&cash), Some((seller(), -500)));
    assert_eq!(
        (ASKED.cash.ask.parse)(b"1;0000;0;100.00$1;@Text"),
        Some((seller(), 10_000))
    );
    let slip = (ASKED.slip_open.ask.emit)(&seller());
    assert_eq!(text(&slip), "1;0000;0;0");
    assert_eq!((ASKED.slip_open.ask.parse)(&slip), Some(seller()));
}
