//! The till from outside: the seed's sale, its faults, a whole shift, and exactly-once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::event::{Event, NumberRange};
use ferrotill_core::id::{DocumentId, Fingerprint};
use ferrotill_core::numbers::{Span, Supply};
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment, Modifier, Original, OriginalLine};
use ferrotill_core::refusal::{Field, Place, Refusal};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Till, Wish};
use ferrotill_core::{Amount, Quantity};

use shop::{NOON, SEED, SEED_LINES, Shop, configuration, pay};

#[test]
fn the_seed_sale_has_the_amounts_of_its_documents() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SEED), Known::default()).unwrap();
    let Event::Reserved(reserved) = shop.last() else {
        panic!("not reserved")
    };
    let Body::Receipt(receipt) = reserved.body else {
        panic!("not a receipt")
    };
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
        "a number is given when the document is legal, not before"
    );
    shop.settle(1).unwrap();
    assert_eq!(
        (shop.till.last_number(), shop.till.cash().minor()),
        (1, 358)
    );
}

#[test]
fn every_fault_is_told_with_its_place_and_nothing_changes() {
    let mut shop = Shop::open();
    let lines = [
        DraftLine {
            tax_group: Some("C"),
            ..SEED_LINES[0]
        },
        DraftLine {
            name: " ",
            quantity: Quantity::ZERO,
            tax_group: None,
            ..SEED_LINES[1]
        },
        DraftLine {
            modifier: Some(Modifier::Percent(-10_100)),
            ..SEED_LINES[1]
        },
    ];
    let payments = [pay(9, 100), pay(0, 0)];
    let refused = shop.reserve(
        1,
        Wish::Sale(Draft {
            lines: &lines,
            payments: &payments,
            ..SEED
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
fn payments_cover_the_total_and_only_cash_gives_change() {
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
                ..SEED
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
            ..SEED
        }),
        Known::default(),
    )
    .unwrap();
}

#[test]
fn a_receipt_has_a_limit_of_lines() {
    let mut shop = Shop::open();
    let lines = [SEED_LINES[1]; 513];
    let refused = shop.reserve(
        1,
        Wish::Sale(Draft {
            lines: &lines,
            ..SEED
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
        Wish::Sale(Draft { lines: &[], ..SEED }),
        Known::default(),
    );
    assert_eq!(refused, Err(Refusal::NoLines));
}

#[test]
fn an_id_has_one_document_for_ever() {
    let mut shop = Shop::open();
    let known = |id: u8| Known {
        request: Some(Fingerprint([id; 32])),
        ..Known::default()
    };
    assert_eq!(
        shop.reserve(1, Wish::Sale(SEED), known(1)),
        Err(Refusal::Repeated)
    );
    assert_eq!(
        shop.reserve(1, Wish::Sale(SEED), known(2)),
        Err(Refusal::RequestIdClash)
    );
    // Idempotency goes before every other fault.
    assert_eq!(
        shop.reserve(1, Wish::Cash(Amount::ZERO), known(1)),
        Err(Refusal::Repeated)
    );
}

#[test]
fn one_document_is_outstanding_at_a_time_and_a_void_leaves_no_gap() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SEED), Known::default()).unwrap();
    assert_eq!(
        shop.reserve(2, Wish::Sale(SEED), Known::default()),
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
    shop.reserve(2, Wish::Sale(SEED), Known::default()).unwrap();
    shop.settle(2).unwrap();
    assert_eq!(shop.till.last_number(), 1);
}

#[test]
fn a_shift_counts_both_directions_apart_and_its_z_closes_it() {
    let mut shop = Shop::open();
    assert_eq!(
        shop.reserve(9, Wish::Report(ReportKind::Z), Known::default()),
        Err(Refusal::ShiftNotOpen)
    );
    shop.reserve(1, Wish::Cash(Amount::from_minor(10_000)), Known::default())
        .unwrap();
    shop.settle(1).unwrap();
    shop.reserve(2, Wish::Sale(SEED), Known::default()).unwrap();
    let sold = shop.journal.last().unwrap().clone();
    shop.settle(2).unwrap();
    let Event::Reserved(reserved) = Event::decode(sold.0, Event::VERSION, &sold.1).unwrap() else {
        panic!()
    };
    let Body::Receipt(receipt) = reserved.body else {
        panic!()
    };
    let left: Vec<_> = receipt
        .lines
        .iter()
        .map(|line| OriginalLine {
            line,
            returned_quantity: Quantity::ZERO,
            returned_amount: Amount::ZERO,
        })
        .collect();
    let original = Original {
        fiscal_sale: true,
        lines: &left,
    };
    let known = Known {
        original: Some(&original),
        ..Known::default()
    };
    let half = [DraftLine {
        quantity: Quantity::ONE,
        modifier: None,
        ..SEED_LINES[0]
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
    // Half of 10.33 is 5.165, which rounds to 5.17.
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
    assert_eq!(
        (
            figures.shift.sales.receipts.count,
            figures.shift.sales.receipts.amount.minor()
        ),
        (1, 1858)
    );
    assert_eq!(
        (
            figures.shift.refunds.receipts.count,
            figures.shift.refunds.receipts.amount.minor()
        ),
        (1, 517)
    );
    assert_eq!(figures.cash.minor(), 10_000 + 358 - 517);
    assert_eq!(
        (figures.grand.amount.minor(), figures.year.amount.minor()),
        (1858, 1858)
    );
    assert_eq!((shop.till.last_z(), shop.till.shift()), (1, None));
    shop.reserve(5, Wish::Sale(SEED), Known::default()).unwrap();
    shop.settle(5).unwrap();
    let Event::Sealed(next_day) = shop.last() else {
        panic!()
    };
    assert_eq!((next_day.number, next_day.current_number), (5, 1));
}

#[test]
fn a_return_cannot_exceed_what_is_left() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SEED), Known::default()).unwrap();
    let sold = shop.journal.last().unwrap().clone();
    shop.settle(1).unwrap();
    let Event::Reserved(reserved) = Event::decode(sold.0, Event::VERSION, &sold.1).unwrap() else {
        panic!()
    };
    let Body::Receipt(receipt) = reserved.body else {
        panic!()
    };
    let lines: Vec<_> = receipt.lines.iter().collect();
    let left = [OriginalLine {
        line: lines[0].clone(),
        returned_quantity: Quantity::ONE,
        returned_amount: Amount::from_minor(517),
    }];
    let try_return =
        |shop: &mut Shop, lines: &[DraftLine<'_>], payments: &[DraftPayment], fiscal_sale| {
            let original = Original {
                fiscal_sale,
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
        ..SEED_LINES[0]
    };
    let refused = |outcome: Result<(), Refusal>| outcome.unwrap_err().name();
    assert_eq!(
        refused(try_return(&mut shop, &[one, one], &[pay(1, 1033)], true)),
        "ReturnExceedsQuantity"
    );
    let dear = DraftLine {
        final_amount: Some(Amount::from_minor(518)),
        ..one
    };
    assert_eq!(
        refused(try_return(&mut shop, &[dear], &[pay(1, 518)], true)),
        "ReturnExceedsAmount"
    );
    let other = DraftLine {
        name: "Lapte",
        ..one
    };
    assert_eq!(
        refused(try_return(&mut shop, &[other], &[pay(1, 516)], true)),
        "ReturnLineUnknown"
    );
    assert_eq!(
        refused(try_return(&mut shop, &[one], &[pay(1, 516)], false)),
        "OriginalNotASale"
    );
    assert_eq!(
        refused(try_return(&mut shop, &[one], &[pay(0, 516)], true)),
        "NotEnoughCash"
    );
    // The last of a line takes what is left, so that a return of everything comes to zero.
    try_return(&mut shop, &[one], &[pay(1, 516)], true).unwrap();
}

#[test]
fn alternative_numbers_come_from_the_range_without_a_gap_and_end() {
    let mut shop = Shop::open();
    let seal = |number| Seal::Range {
        series: "ABC",
        number,
        number_length: 8,
    };
    shop.reserve(9, Wish::Sale(SEED), Known::default()).unwrap();
    assert_eq!(
        shop.run(
            Command::Settle(DocumentId([9; 16]), seal(1)),
            Known::default()
        ),
        Err(Refusal::SealMismatch),
        "a range's number is for alternative receipts"
    );
    shop.run(
        Command::Void(DocumentId([9; 16]), 1, "no answer"),
        Known::default(),
    )
    .unwrap();
    let wanted = Some(("ABC", 2));
    let refused = shop.reserve(1, Wish::AlternativeSale(SEED, wanted), Known::default());
    assert_eq!(refused, Err(Refusal::NumberNotNext { next: 1 }));
    let refused = shop.reserve(
        1,
        Wish::AlternativeSale(SEED, Some(("XYZ", 1))),
        Known::default(),
    );
    assert_eq!(refused, Err(Refusal::NumberNotInRange));
    for number in 1..=2 {
        let id = u8::try_from(number).unwrap();
        shop.reserve(id, Wish::AlternativeSale(SEED, None), Known::default())
            .unwrap();
        assert_eq!(shop.till.next_alternative(None), Ok(seal(number)));
        assert_eq!(
            shop.settle(id),
            Err(Refusal::SealMismatch),
            "and these have nothing else"
        );
        shop.run(
            Command::Settle(DocumentId([id; 16]), seal(number)),
            Known::default(),
        )
        .unwrap();
    }
    assert_eq!(
        shop.reserve(3, Wish::AlternativeSale(SEED, None), Known::default()),
        Err(Refusal::RangesUsedUp)
    );
    let shift = shop.till.shift().unwrap();
    assert_eq!(
        (shift.alternative.count, shift.alternative.amount.minor()),
        (2, 3716)
    );
    assert_eq!(
        (shift.sales.receipts.count, shop.till.cash().minor()),
        (0, 0),
        "they stand beside the fiscal counters"
    );
}

#[test]
fn a_changed_range_cannot_give_a_number_twice() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::AlternativeSale(SEED, None), Known::default())
        .unwrap();
    let seal = Seal::Range {
        series: "ABC",
        number: 1,
        number_length: 8,
    };
    shop.run(Command::Settle(DocumentId([1; 16]), seal), Known::default())
        .unwrap();
    let mut changed = configuration();
    changed.ranges[0].start = 0;
    assert_eq!(
        shop.run(Command::Adopt(&changed), Known::default()),
        Err(Refusal::ConfigurationInvalid)
    );
    changed.ranges[0] = NumberRange {
        end: 500,
        ..configuration().ranges[0].clone()
    };
    shop.run(Command::Adopt(&changed), Known::default())
        .unwrap();
    assert_eq!(
        shop.till.next_alternative(None),
        Ok(Seal::Range {
            series: "ABC",
            number: 2,
            number_length: 8
        })
    );
}

#[test]
fn a_shift_of_a_day_sells_no_more_and_time_never_goes_back() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SEED), Known::default()).unwrap();
    shop.settle(1).unwrap();
    shop.now = NOON - 3_600_000;
    shop.reserve(2, Wish::Sale(SEED), Known::default()).unwrap();
    let Event::Reserved(reserved) = shop.last() else {
        panic!()
    };
    assert_eq!(reserved.at.utc_ms, NOON);
    shop.settle(2).unwrap();
    shop.now = NOON + 24 * 3_600_000;
    assert_eq!(
        shop.reserve(3, Wish::Sale(SEED), Known::default()),
        Err(Refusal::ShiftTooLong { hours: 24 })
    );
    shop.reserve(3, Wish::Report(ReportKind::Z), Known::default())
        .unwrap();
    shop.settle(3).unwrap();
    shop.reserve(4, Wish::Sale(SEED), Known::default()).unwrap();
}

#[test]
fn replay_gives_the_same_till() {
    let mut shop = Shop::open();
    for id in 1..20 {
        shop.now += 1000;
        shop.reserve(id, Wish::Sale(SEED), Known::default())
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
        replayed.apply(&Event::decode(*kind, Event::VERSION, payload).unwrap());
    }
    assert_eq!(replayed, shop.till);
}

#[test]
fn a_supply_of_numbers_warns_before_it_ends() {
    let mut shop = Shop::open();
    assert_eq!(shop.till.alternative_supply(1), Supply::Plenty);
    for (id, supply) in [(1, Supply::SoonUsedUp), (2, Supply::UsedUp)] {
        shop.reserve(id, Wish::AlternativeSale(SEED, None), Known::default())
            .unwrap();
        let seal = shop.till.next_alternative(None).unwrap();
        let Seal::Range { number, .. } = seal else {
            panic!()
        };
        let seal = Seal::Range {
            series: "ABC",
            number,
            number_length: 8,
        };
        shop.run(
            Command::Settle(DocumentId([id; 16]), seal),
            Known::default(),
        )
        .unwrap();
        assert_eq!(shop.till.alternative_supply(1), supply);
        assert_eq!(shop.till.range_uses()[0].supply(1), supply);
    }
    let mut more = configuration();
    more.ranges[0].end = 50;
    shop.run(Command::Adopt(&more), Known::default()).unwrap();
    assert_eq!(shop.till.alternative_numbers_left(), 48);
    // A range that the configuration no longer has gives no numbers.
    more.ranges.clear();
    shop.run(Command::Adopt(&more), Known::default()).unwrap();
    assert_eq!(shop.till.alternative_supply(1), Supply::UsedUp);
}

#[test]
fn reserved_fiscal_numbers_are_taken_in_order_and_only_by_what_is_legal() {
    let mut shop = Shop::open();
    let none = Known::default();
    let grant = |first, last| [Span { first, last }];
    shop.run(Command::TakeNumbers(&grant(70, 71)), none)
        .unwrap();
    assert_eq!(
        shop.run(Command::TakeNumbers(&grant(71, 90)), none),
        Err(Refusal::FiscalNumbersClash)
    );
    let settle = |shop: &mut Shop, id: u8, number, reserved| {
        let seal = Seal::FiscalNumber { number, reserved };
        shop.run(Command::Settle(DocumentId([id; 16]), seal), none)
    };
    shop.reserve(1, Wish::Sale(SEED), none).unwrap();
    assert_eq!(
        settle(&mut shop, 1, 71, true),
        Err(Refusal::FiscalNumberNotNext { next: 70 })
    );
    shop.run(Command::Void(DocumentId([1; 16]), 1, "no answer"), none)
        .unwrap();
    assert_eq!(
        shop.till.fiscal_numbers().next(),
        Ok(70),
        "a void takes no number"
    );
    shop.reserve(2, Wish::Sale(SEED), none).unwrap();
    settle(&mut shop, 2, 70, true).unwrap();
    assert_eq!(shop.till.fiscal_numbers().supply(1), Supply::SoonUsedUp);
    // The office's own answer takes none of the reserved ones.
    shop.reserve(3, Wish::Sale(SEED), none).unwrap();
    settle(&mut shop, 3, 5_000, false).unwrap();
    shop.reserve(4, Wish::Sale(SEED), none).unwrap();
    settle(&mut shop, 4, 71, true).unwrap();
    shop.reserve(5, Wish::Sale(SEED), none).unwrap();
    assert_eq!(
        settle(&mut shop, 5, 72, true),
        Err(Refusal::FiscalNumbersUsedUp)
    );
}

#[test]
fn the_books_alone_seal_an_x_report_and_nothing_else() {
    let mut shop = Shop::open();
    let none = Known::default();
    let settle = |shop: &mut Shop, id: u8| {
        shop.run(Command::Settle(DocumentId([id; 16]), Seal::Journal), none)
            .map(drop)
    };
    let wishes = [
        Wish::Sale(SEED),
        Wish::Cash(Amount::from_minor(1)),
        Wish::Report(ReportKind::Z),
    ];
    shop.reserve(1, Wish::Cash(Amount::from_minor(1)), none)
        .unwrap();
    shop.settle(1).unwrap();
    for (id, wish) in (2..).zip(wishes) {
        shop.reserve(id, wish, none).unwrap();
        assert_eq!(settle(&mut shop, id), Err(Refusal::SealMismatch));
        shop.run(Command::Void(DocumentId([id; 16]), 1, "no"), none)
            .unwrap();
    }
    shop.reserve(9, Wish::Report(ReportKind::X), none).unwrap();
    settle(&mut shop, 9).unwrap();
    // Its encoding is frozen with the rest: the fourth seal, and nothing in it.
    let mut room = [0; 8];
    assert_eq!(postcard::to_slice(&Seal::Journal, &mut room).unwrap(), [3]);
}

#[test]
fn cash_moves_up_to_the_largest_amount_and_the_till_knows_when() {
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

#[test]
fn an_alternative_receipt_is_not_on_the_fiscal_printer() {
    for (wish, on_printer) in [
        (Wish::Sale(SEED), true),
        (Wish::Cash(Amount::from_minor(1)), true),
        (Wish::AlternativeSale(SEED, None), false),
    ] {
        let mut shop = Shop::open();
        shop.reserve(1, wish, Known::default()).unwrap();
        let outstanding = shop.till.outstanding().unwrap();
        assert_eq!(outstanding.on_printer(), on_printer);
    }
}
