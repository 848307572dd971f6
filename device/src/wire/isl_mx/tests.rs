use super::*;
use crate::wire::isl_x_report;

#[test]
fn a_number_of_the_next_document_is_read_as_that_of_the_last_one() {
    assert_eq!(parse_next(b"102\t"), Some(101));
    assert_eq!(emit_next(&101), b"102\t");
    assert_eq!(parse_next(b"1\t"), Some(0));
    // There is no document before the first one, so this is no number of a next document.
    assert_eq!(parse_next(b"0\t"), None);
    assert_eq!(parse_next(b"\t"), None);
}

#[test]
fn frames_of_the_manual_are_written() {
    let open = Open {
        operator: 1,
        password: "0001".to_owned(),
        till: 1,
        invoice: false,
        unique: String::new(),
    };
    assert_eq!(emit_open(&open), b"1\t0001\t1\t\t\t\t");
    assert_eq!(emit_short_open(&open), b"1\t0001\t1\t");
    for data in [
        &b"1\t0001\t1\t\t\t\t"[..],
        b"1\t0001\t1\t",
        b"1\t0001\t1\t123123123\t",
    ] {
        assert_eq!(parse_open(data), Some(open.clone()), "{data:?}");
    }
    assert!(parse_open(b"1\t0001\t1\tI\tRO123\t\t").unwrap().invoice);
    assert_eq!(parse_open(b"1\t1\tDT000001-0001-0000001\t1\t\t"), None);
    let sale = Sale {
        text: b"Paine".to_vec(),
        second: Vec::new(),
        group: 0,
        price: 950,
        quantity: Some(2_000),
        modifier: None,
    };
    let data = emit_sale(&sale);
    assert_eq!(data, b"Paine\t1\t9.50\t2.000\t0\t\t0\tbuc\t");
    assert_eq!(parse_sale(&data), Some(sale.clone()));
    for wrong in [
        &b"Paine\t1\t9.50\t2.000\t0\t\t0\t\t"[..],
        b"Paine\t1\t9.50\t2.000\t0\t\t\tbuc\t",
        b"Paine\t1\t9.50\t2.000\t0\t\t0\t",
        b"Paine\t8\t9.50\t2.000\t0\t\t0\tbuc\t",
    ] {
        assert_eq!(parse_sale(wrong), None, "{wrong:?}");
    }
    let paid = |letter, amount| PaymentRequest {
        text: Vec::new(),
        mode: Some(letter),
        amount: Some(amount),
    };
    assert_eq!(emit_payment(&paid('P', 5_000)), b"0\t50.00\t");
    assert_eq!(emit_payment(&paid('N', 5_000)), b"1\t50.00\t");
    assert_eq!(emit_payment(&paid('M', 5_000)), b"8\t50.00\t");
    assert_eq!(parse_payment(b"0\t50.00\t"), Some(paid('P', 5_000)));
    assert_eq!(parse_payment(b"0\t50.00\t\t"), None);
}

#[test]
fn the_answer_to_an_opening_has_three_numbers_or_one() {
    let three = parse_numbers(b"101\t12\t5\t").unwrap();
    assert_eq!(
        (three.document, three.z_number, three.fiscal),
        (Some(101), Some(12), 5)
    );
    assert_eq!(emit_numbers(&three), b"101\t12\t5\t");
    let one = parse_numbers(b"101\t").unwrap();
    assert_eq!((one.document, one.z_number), (Some(101), None));
    assert_eq!(parse_numbers(b""), None);
}

#[test]
fn the_state_of_a_receipt_is_that_of_the_manual() {
    let data = b"0\t101\t12\t5\t1\t19.00\t50.00\t";
    let state = isl_x_report::parse_transaction_with_numbers(data).unwrap();
    assert_eq!(state.fiscal, Some((12, 5)));
    assert_eq!(
        (state.items, state.amount, state.tender),
        (1, 1_900, Some(5_000))
    );
    assert_eq!(isl_x_report::emit_transaction_with_numbers(&state), data);
}

#[test]
fn reports_come_back_as_they_were_and_answers_of_x_are_refused() {
    let groups = [1_033, 825, 0, 0, 5, 6, 7, 0];
    let daily = DailyReport {
        closure: 3,
        grand_total: 0,
        groups,
        refunds: None,
    };
    assert_eq!(parse_daily(&emit_daily(&daily)), Some(daily));
    let last = LastZ {
        closure: 3,
        groups,
        date: "211126".to_owned(),
    };
    assert_eq!(parse_last_z(&emit_last_z(&last)), Some(last.clone()));
    assert_eq!(parse_last_z(&isl_x_report::emit_last_z(&last)), None);
    let summer = b"3\t0.00\t0.00\t0.00\t0.00\t0.00\t0.00\t0.00\t0.00\t21-07-2026 22:00:01 DST\t";
    assert_eq!(parse_last_z(summer).unwrap().date, "210726");
    assert_eq!(parse_day_groups(&emit_day_groups(&groups)), Some(groups));
    let of_x = isl_x_report::emit_day_groups(&groups);
    assert_eq!(parse_day_groups(&of_x), None);
    let sums = ReceiptSums {
        can_void: true,
        groups,
        invoice: true,
        refund: false,
    };
    assert_eq!(parse_receipt_sums(&emit_receipt_sums(&sums)), Some(sums));
    let payments = DayPayments {
        payments: [1, 2, 3, 4, 5, 6, 7, 8],
        closure: 0,
        next_receipt: None,
    };
    let data = emit_day_payments(&payments);
    assert_eq!(
        data,
        b"0.01\t0.02\t0.03\t0.04\t0.05\t0.06\t0.07\t0.00\t0.08\t0.00\t"
    );
    assert_eq!(parse_day_payments(&data), Some(payments));
}

#[test]
fn groups_without_a_percentage_have_no_rate() {
    let data = b"1\t21.00\t11.00\t0.00\t100.02\t100.02\t100.01\t100.00\t01-08-25 00:00:00\t";
    let rates = parse_rates(data).unwrap().rates;
    assert_eq!(
        rates,
        [
            Some(2_100),
            Some(1_100),
            Some(0),
            None,
            None,
            None,
            None,
            None
        ]
    );
    let set = parse_rates_set(b"19.00\t9.00\t5.00\t0.00\t100.02\t").unwrap();
    assert_eq!(set.rates[4], None);
    assert_eq!(emit_rates_set(&set), b"19.00\t9.00\t5.00\t0.00\t100.02\t");
}
