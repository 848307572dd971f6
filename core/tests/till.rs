//! Tests of the till through its public functions: a sale, its faults, a whole shift, and repeated requests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{ClockSet, Event};
use ferrotill_core::id::{DocumentId, Fingerprint};
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment, Modifier, Original, OriginalLine};
use ferrotill_core::refusal::{Field, Place, Refusal};
use ferrotill_core::till::{Command, Known, Till, Wish};
use ferrotill_core::{Amount, Quantity};

use shop::{NOON, SALE, SALE_LINES, Shop, moment, not_returned, pay, receipt_of};

#[test]
fn a_sale_has_the_amounts_of_the_documented_example() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    let row = shop.journal.last().unwrap().clone();
    let receipt = receipt_of(&row);
    let minor = |amounts: [Amount; 5]| amounts.map(Amount::minor);
    assert_eq!(
        minor([
            receipt.sub_total,
            receipt.modification,
            receipt.total,
            receipt.paid,
            receipt.change
        ]),
        [2477, -619, 1858, 2500, 642]
    );
    let lines: Vec<_> = receipt
        .lines
        .iter()
        .map(|line| {
            minor([
                line.before_modification,
                line.amount,
                line.tax,
                line.final_amount,
                line.final_tax,
            ])
        })
        .collect();
    assert_eq!(
        lines,
        [[1620, 1377, 102, 1033, 77], [1200, 1100, 183, 825, 138]]
    );
    let payments: Vec<_> = receipt
        .payments
        .iter()
        .map(|payment| (payment.code, payment.amount.minor(), payment.change.minor()))
        .collect();
    assert_eq!(payments, [(1, 1500, 0), (0, 1000, 642)]);
    assert_eq!(
        shop.till.last_number(),
        0,
        "a document gets its number when it is sealed"
    );
    shop.settle(1).unwrap();
    assert_eq!(
        (shop.till.last_number(), shop.till.cash().minor()),
        (1, 358)
    );
}

#[test]
fn every_fault_is_reported_with_its_place() {
    let mut shop = Shop::open();
    let lines = [
        DraftLine {
            tax_group: Some("C"),
            ..SALE_LINES[0]
        },
        DraftLine {
            name: " ",
            quantity: Quantity::ZERO,
            tax_group: None,
            ..SALE_LINES[1]
        },
        DraftLine {
            modifier: Some(Modifier::Percent(-10_100)),
            ..SALE_LINES[1]
        },
    ];
    let payments = [pay(9, 100), pay(0, 0)];
    let refused = shop.reserve(
        1,
        Wish::Sale(Draft {
            lines: &lines,
            payments: &payments,
            ..SALE
        }),
        Known::default(),
    );
    assert_eq!(
        refused,
        Err(Refusal::NameMissing),
        "the lowest number goes first"
    );
    let places: Vec<_> = shop
        .faults
        .iter()
        .map(|(place, refusal)| (*place, refusal.name()))
        .collect();
    assert_eq!(
        places,
        [
            (Place::Line(0, Field::TaxGroup), "TaxGroupUnknown"),
            (Place::Line(1, Field::TaxGroup), "TaxGroupMissing"),
            (Place::Line(1, Field::Name), "NameMissing"),
            (Place::Line(1, Field::Quantity), "QuantityNotPositive"),
            (Place::Line(2, Field::Modifier), "NegativeAmount"),
            (Place::Payment(0, Field::Type), "PaymentTypeUnknown"),
            (Place::Payment(1, Field::Amount), "PaymentNotPositive"),
        ]
    );
}

#[test]
fn payments_must_cover_the_total_and_change_is_given_in_cash_only() {
    for (payments, refusal) in [
        (vec![], "NoPayments"),
        (vec![pay(0, 1857)], "Underpaid"),
        (vec![pay(1, 1859)], "ChangeExceedsCash"),
        (vec![pay(1, 1900), pay(0, 41)], "ChangeExceedsCash"),
        (vec![pay(0, 1); 11], "TooManyPayments"),
    ] {
        let mut shop = Shop::open();
        let refused = shop.reserve(
            1,
            Wish::Sale(Draft {
                payments: &payments,
                ..SALE
            }),
            Known::default(),
        );
        assert_eq!(refused.unwrap_err().name(), refusal, "{payments:?}");
    }
    let mut shop = Shop::open();
    shop.reserve(
        1,
        Wish::Sale(Draft {
            payments: &[pay(1, 1858)],
            ..SALE
        }),
        Known::default(),
    )
    .unwrap();
}

#[test]
fn a_receipt_needs_a_line_and_has_a_limit_of_lines() {
    let mut shop = Shop::open();
    let lines = [SALE_LINES[1]; 513];
    let refused = shop.reserve(
        1,
        Wish::Sale(Draft {
            lines: &lines,
            ..SALE
        }),
        Known::default(),
    );
    assert_eq!(
        refused,
        Err(Refusal::TooManyLines {
            given: 513,
            limit: 512
        })
    );
    let refused = shop.reserve(
        1,
        Wish::Sale(Draft { lines: &[], ..SALE }),
        Known::default(),
    );
    assert_eq!(refused, Err(Refusal::NoLines));
}

#[test]
fn a_request_id_never_has_a_second_document() {
    let mut shop = Shop::open();
    let known = |id: u8| Known {
        request: Some(Fingerprint([id; 32])),
        ..Known::default()
    };
    assert_eq!(
        shop.reserve(1, Wish::Sale(SALE), known(1)),
        Err(Refusal::Repeated)
    );
    assert_eq!(
        shop.reserve(1, Wish::Sale(SALE), known(2)),
        Err(Refusal::RequestIdClash)
    );
    // A repeated request is recognised before any other fault.
    assert_eq!(
        shop.reserve(1, Wish::Cash(Amount::ZERO), known(1)),
        Err(Refusal::Repeated)
    );
}

#[test]
fn only_one_document_is_outstanding_and_a_void_leaves_no_gap() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    assert_eq!(
        shop.reserve(2, Wish::Sale(SALE), Known::default()),
        Err(Refusal::DeviceUnsettled)
    );
    assert_eq!(shop.settle(2), Err(Refusal::NotOutstanding));
    shop.run(Command::DecideCancel(DocumentId([1; 16])), Known::default())
        .unwrap();
    assert!(shop.till.outstanding().unwrap().cancel_decided);
    shop.run(
        Command::Void(DocumentId([1; 16]), 5, "out of paper"),
        Known::default(),
    )
    .unwrap();
    assert_eq!(
        (shop.till.last_number(), shop.till.shift().is_some()),
        (0, false),
        "a void opens no shift"
    );
    shop.reserve(2, Wish::Sale(SALE), Known::default()).unwrap();
    shop.settle(2).unwrap();
    assert_eq!(shop.till.last_number(), 1);
}

#[test]
fn a_shift_counts_sales_and_refunds_separately_and_a_z_report_closes_it() {
    let mut shop = Shop::open();
    assert_eq!(
        shop.reserve(9, Wish::Report(ReportKind::Z), Known::default()),
        Err(Refusal::ShiftNotOpen)
    );
    shop.reserve(1, Wish::Cash(Amount::from_minor(10_000)), Known::default())
        .unwrap();
    shop.settle(1).unwrap();
    shop.reserve(2, Wish::Sale(SALE), Known::default()).unwrap();
    let sold = shop.journal.last().unwrap().clone();
    shop.settle(2).unwrap();
    let left = not_returned(&receipt_of(&sold));
    let original = Original {
        kind: OriginalKind::Fiscal,
        number_unknown: false,
        lines: &left,
    };
    let known = Known {
        original: Some(&original),
        ..Known::default()
    };
    let half = [DraftLine {
        quantity: Quantity::ONE,
        modifier: None,
        ..SALE_LINES[0]
    }];
    let wish = |payments| {
        Wish::Refund(
            DocumentId([2; 16]),
            Draft {
                lines: &half,
                payments,
                ..Draft::default()
            },
        )
    };
    // Half of 10.33 is 5.165, which is rounded to 5.17.
    let (uneven, even) = ([pay(0, 516)], [pay(0, 517)]);
    assert_eq!(
        shop.reserve(3, wish(&uneven), known).unwrap_err().name(),
        "RefundUneven"
    );
    shop.reserve(3, wish(&even), known).unwrap();
    shop.settle(3).unwrap();
    shop.reserve(4, Wish::Report(ReportKind::Z), Known::default())
        .unwrap();
    shop.settle(4).unwrap();
    let Event::Sealed(sealed) = shop.last() else {
        panic!()
    };
    let figures = sealed.report.unwrap();
    assert_eq!(
        (sealed.number, sealed.current_number, figures.shift.z_number),
        (4, 4, 1)
    );
    let counted = [&figures.shift.sales, &figures.shift.refunds]
        .map(|turnover| (turnover.receipts.count, turnover.receipts.amount.minor()));
    assert_eq!(counted, [(1, 1858), (1, 517)]);
    assert_eq!(figures.cash.minor(), 10_000 + 358 - 517);
    assert_eq!(
        (figures.grand.amount.minor(), figures.year.amount.minor()),
        (1858, 1858)
    );
    assert_eq!((shop.till.last_z(), shop.till.shift()), (1, None));
    shop.reserve(5, Wish::Sale(SALE), Known::default()).unwrap();
    shop.settle(5).unwrap();
    let Event::Sealed(next_day) = shop.last() else {
        panic!()
    };
    assert_eq!((next_day.number, next_day.current_number), (5, 1));
}

#[test]
fn a_return_cannot_exceed_what_is_left() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    let sold = shop.journal.last().unwrap().clone();
    shop.settle(1).unwrap();
    let lines: Vec<_> = receipt_of(&sold).lines.iter().collect();
    let left = [OriginalLine {
        line: lines[0].clone(),
        returned_quantity: Quantity::ONE,
        returned_amount: Amount::from_minor(517),
        good: None,
    }];
    let try_return = |shop: &mut Shop, lines: &[DraftLine<'_>], payments: &[DraftPayment], kind| {
        let original = Original {
            kind,
            number_unknown: false,
            lines: &left,
        };
        let draft = Draft {
            lines,
            payments,
            ..Draft::default()
        };
        shop.reserve(
            2,
            Wish::Refund(DocumentId([1; 16]), draft),
            Known {
                original: Some(&original),
                ..Known::default()
            },
        )
    };
    let one = DraftLine {
        quantity: Quantity::ONE,
        modifier: None,
        ..SALE_LINES[0]
    };
    let refused = |outcome: Result<(), Refusal>| outcome.unwrap_err().name();
    assert_eq!(
        refused(try_return(
            &mut shop,
            &[one, one],
            &[pay(1, 1033)],
            OriginalKind::Fiscal
        )),
        "ReturnExceedsQuantity"
    );
    let dear = DraftLine {
        final_amount: Some(Amount::from_minor(518)),
        ..one
    };
    assert_eq!(
        refused(try_return(
            &mut shop,
            &[dear],
            &[pay(1, 518)],
            OriginalKind::Fiscal
        )),
        "ReturnExceedsAmount"
    );
    let other = DraftLine {
        name: "Lapte",
        ..one
    };
    assert_eq!(
        refused(try_return(
            &mut shop,
            &[other],
            &[pay(1, 516)],
            OriginalKind::Fiscal
        )),
        "ReturnLineUnknown"
    );
    assert_eq!(
        refused(try_return(
            &mut shop,
            &[one],
            &[pay(1, 516)],
            OriginalKind::Other
        )),
        "OriginalNotASale"
    );
    assert_eq!(
        refused(try_return(
            &mut shop,
            &[one],
            &[pay(1, 516)],
            OriginalKind::Alternative
        )),
        "OriginalAlternative"
    );
    assert_eq!(
        refused(try_return(
            &mut shop,
            &[one],
            &[pay(0, 516)],
            OriginalKind::Fiscal
        )),
        "NotEnoughCash"
    );
    // The last return of a line gives back what is left, so that a return of everything comes to zero.
    try_return(&mut shop, &[one], &[pay(1, 516)], OriginalKind::Fiscal).unwrap();
}

#[test]
fn an_operator_sets_the_time_back_between_two_shifts_only() {
    let mut shop = Shop::open();
    let set = |utc_ms, by| {
        Command::SetClock(ClockSet {
            before: moment(NOON),
            at: moment(utc_ms),
            by,
        })
    };
    let none = Known::default();
    shop.reserve(1, Wish::Sale(SALE), none).unwrap();
    assert_eq!(
        shop.run(set(NOON + 1_000, "Ana"), none),
        Err(Refusal::DeviceUnsettled)
    );
    shop.settle(1).unwrap();
    assert_eq!(
        shop.run(set(NOON - 1_000, "Ana"), none),
        Err(Refusal::ClockBackInShift)
    );
    // Forward is always possible.
    shop.run(set(NOON + 86_000_000, "Ana"), none).unwrap();
    shop.now = NOON;
    shop.reserve(2, Wish::Report(ReportKind::Z), none).unwrap();
    shop.settle(2).unwrap();
    assert_eq!(
        shop.run(set(NOON, " "), none),
        Err(Refusal::DeclarationUnsigned)
    );
    let long = "x".repeat(101);
    assert!(matches!(
        shop.run(set(NOON, &long), none),
        Err(Refusal::TextTooLong { .. })
    ));
    shop.run(set(NOON - 86_400_000, "Ana"), none).unwrap();
    shop.now = NOON - 86_400_000;
    shop.reserve(3, Wish::Sale(SALE), none).unwrap();
    let Event::Reserved(reserved) = shop.last() else {
        panic!()
    };
    assert_eq!(reserved.at.utc_ms, NOON - 86_400_000 + 1);
}

/// The float is put into the drawer in the evening, and the first receipt comes in the morning.
#[test]
fn a_shift_counts_its_24_hours_from_its_first_receipt() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Cash(Amount::from_minor(10_000)), none)
        .unwrap();
    shop.settle(1).unwrap();
    shop.now = NOON + 12 * 3_600_000;
    shop.reserve(2, Wish::Sale(SALE), none).unwrap();
    shop.settle(2).unwrap();
    shop.now = NOON + 30 * 3_600_000;
    shop.reserve(3, Wish::Sale(SALE), none).unwrap();
    shop.settle(3).unwrap();
    shop.now = NOON + 36 * 3_600_000;
    assert_eq!(
        shop.reserve(4, Wish::Sale(SALE), none),
        Err(Refusal::ShiftTooLong { hours: 24 })
    );
    shop.reserve(4, Wish::Report(ReportKind::Z), none).unwrap();
    shop.settle(4).unwrap();
    assert_eq!(shop.till.first_receipt(), None);
    shop.reserve(5, Wish::Sale(SALE), none).unwrap();
}

#[test]
fn a_shift_of_24_hours_sells_no_more_and_time_never_goes_back() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    shop.settle(1).unwrap();
    shop.now = NOON - 3_600_000;
    shop.reserve(2, Wish::Sale(SALE), Known::default()).unwrap();
    let Event::Reserved(reserved) = shop.last() else {
        panic!()
    };
    assert_eq!(
        reserved.at.utc_ms,
        NOON + 1,
        "no two documents have one time"
    );
    shop.settle(2).unwrap();
    shop.now = NOON + 24 * 3_600_000;
    assert_eq!(
        shop.reserve(3, Wish::Sale(SALE), Known::default()),
        Err(Refusal::ShiftTooLong { hours: 24 })
    );
    shop.reserve(3, Wish::Report(ReportKind::Z), Known::default())
        .unwrap();
    shop.settle(3).unwrap();
    shop.reserve(4, Wish::Sale(SALE), Known::default()).unwrap();
}

#[test]
fn replay_gives_the_same_till() {
    let mut shop = Shop::open();
    for id in 1..20 {
        shop.now += 1000;
        shop.reserve(id, Wish::Sale(SALE), Known::default())
            .unwrap();
        if id % 3 == 0 {
            shop.run(
                Command::Void(DocumentId([id; 16]), 1, "no answer"),
                Known::default(),
            )
            .unwrap();
        } else {
            shop.settle(id).unwrap();
        }
    }
    let mut replayed = Till::default();
    for (kind, payload) in &shop.journal {
        replayed.apply(&Event::decode(*kind, Event::version_of(*kind), payload).unwrap());
    }
    assert_eq!(replayed, shop.till);
}

#[test]
fn cash_can_move_up_to_the_largest_amount() {
    let mut shop = Shop::open();
    let most = 99_999_999;
    let cash = |minor| Wish::Cash(Amount::from_minor(minor));
    for minor in [most + 1, -most - 1] {
        let refused = shop.reserve(1, cash(minor), Known::default());
        assert!(
            matches!(refused, Err(Refusal::AmountTooLarge { .. })),
            "{refused:?}"
        );
    }
    shop.now = NOON + 7;
    shop.reserve(1, cash(most), Known::default()).unwrap();
    shop.settle(1).unwrap();
    assert_eq!(shop.till.cash().minor(), most);
    assert_eq!(shop.till.latest().map(|at| at.utc_ms), Some(NOON + 7));
}
