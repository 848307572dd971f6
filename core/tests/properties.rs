//! Properties of every receipt, every sequence of commands and every clock. Numbers near limits occur more often than others.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use std::num::NonZeroU32;

use ferrotill_core::budget::{AtTheEnd, Budget, Unsent};
use ferrotill_core::clock_guard::{ClockGuard, ClockReading, ClockState};
use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::event::{Declared, Event, PaperSays};
use ferrotill_core::id::DocumentId;
use ferrotill_core::numbers::Span;
use ferrotill_core::profile::ALL;
use ferrotill_core::receipt::{
    CopiedLine, Draft, DraftLine, Line, LineTotals, Modifier, Original, Prices, Receipt,
    ReceiptKind, Rules, Scratch,
};
use ferrotill_core::refusal::{IgnoreFaults, Refusal};
use ferrotill_core::scale;
use ferrotill_core::seal::Seal;
use ferrotill_core::tax::TaxRounding;
use ferrotill_core::till::{Command, Known, Till, Wish};
use ferrotill_core::time::{Day, Moment};
use ferrotill_core::totals::TaxTotals;
use ferrotill_core::{Amount, Quantity};
use proptest::prelude::*;

use shop::{Shop, configuration, pay};

/// Generates any integer; numbers at which arithmetic often fails occur more often.
fn edgy() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => prop::sample::select(vec![
            0, 1, -1, 2, 5, 49, 50, 51, 99, 100, 999, 1000, 1001, 99_999_999, 100_000_000,
            i64::MAX, i64::MIN, i64::MAX - 1, i64::from(i32::MAX), i64::from(u32::MAX),
        ]),
        2 => any::<i64>(),
        3 => -2000_i64..200_000,
    ]
}

fn line() -> impl Strategy<Value = DraftLine<'static>> {
    let group = prop::sample::select(vec!["A", "B", "D", "F", "AF", "AB", "C", "", "Z"]);
    let modifier = prop_oneof![
        2 => Just(None),
        1 => (-12_000..5_000_i32).prop_map(|percent| Some(Modifier::Percent(percent))),
        1 => any::<i32>().prop_map(|percent| Some(Modifier::Percent(percent))),
        1 => edgy().prop_map(|minor| Some(Modifier::Amount(Amount::from_minor(minor)))),
    ];
    let names = prop::sample::select(vec!["one", "two", "three", ""]);
    (
        names,
        edgy(),
        edgy(),
        modifier,
        group,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(name, quantity, price, modifier, group, voided)| DraftLine {
                name,
                quantity: Quantity::from_thousandths(quantity),
                price: Amount::from_minor(price),
                modifier,
                tax_group: (!group.is_empty()).then_some(group),
                comment: "",
                final_amount: None,
                voided,
                copied: CopiedLine::NONE,
            },
        )
}

/// Generates a line that is allowed in every country.
fn good_line() -> impl Strategy<Value = DraftLine<'static>> {
    let modifier = prop::option::of((-9_900..3_000_i32).prop_map(Modifier::Percent));
    let group = prop::sample::select(vec!["A", "B"]);
    let numbers = (1..20_000_i64, 1..20_000_i64);
    let names = prop::sample::select(vec!["one", "two", "three"]);
    (names, numbers, modifier, group, prop::bool::weighted(0.1)).prop_map(
        |(name, (quantity, price), modifier, group, voided)| DraftLine {
            name,
            quantity: Quantity::from_thousandths(quantity),
            price: Amount::from_minor(price),
            modifier,
            tax_group: Some(group),
            comment: "",
            final_amount: None,
            voided,
            copied: CopiedLine::NONE,
        },
    )
}

fn modifiers() -> impl Strategy<Value = Vec<Modifier>> {
    let modifier = prop_oneof![
        (-5_000..3_000_i32).prop_map(Modifier::Percent),
        (-300..300_i64).prop_map(|minor| Modifier::Amount(Amount::from_minor(minor))),
    ];
    prop::collection::vec(modifier, 0..3)
}

fn prices() -> impl Strategy<Value = Prices> {
    prop::sample::select(vec![Prices::TaxIncluded, Prices::TaxExcluded])
}

/// Computes with the default table of a country and calls `look` with the receipt.
fn with_receipt<T>(
    country: usize,
    draft: Draft<'_>,
    original: Option<&Original<'_>>,
    look: impl FnOnce(&Receipt<'_>) -> T,
) -> Result<T, Refusal> {
    let facts = ALL[country].facts();
    let (taxes, payments) = (facts.tax_table(), configuration().payments);
    let rules = Rules {
        facts,
        taxes: &taxes,
        payments: &payments,
        day: Day::of_date(2026, 11, 21),
    };
    let (mut lines, mut bytes) = ([LineTotals::default(); 16], [0; 8192]);
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let kind = match original {
        None => ReceiptKind::Sale,
        Some(_) => ReceiptKind::Refund {
            original: DocumentId([0; 16]),
        },
    };
    draft
        .compute(kind, original, rules, scratch, &mut IgnoreFaults)
        .map(|receipt| look(&receipt))
}

/// Computes a receipt of which a card pays the whole total, and calls `look` with it.
fn with_paid<T>(
    country: usize,
    draft: Draft<'_>,
    original: Option<&Original<'_>>,
    look: impl Fn(&Receipt<'_>) -> T,
) -> Result<T, Refusal> {
    let by_card = |minor| [pay(1, minor)];
    let first = with_receipt(
        country,
        Draft {
            payments: &by_card(1),
            ..draft
        },
        original,
        &look,
    );
    let (Err(Refusal::Underpaid { total, .. }) | Err(Refusal::RefundUneven { total, .. })) = first
    else {
        return first;
    };
    let total = scale::parse(&total.to_string(), 2).unwrap();
    with_receipt(
        country,
        Draft {
            payments: &by_card(total),
            ..draft
        },
        original,
        &look,
    )
}

fn sum(amounts: impl Iterator<Item = Amount>) -> i64 {
    amounts.map(Amount::minor).sum()
}

/// Checks that values that a receipt contains twice are equal.
fn consistent(receipt: &Receipt<'_>, country: usize) {
    let facts = ALL[country].facts();
    let lines: Vec<Line<'_>> = receipt.lines.iter().collect();
    let total = receipt.total.minor();
    assert_eq!(
        sum(lines.iter().map(|line| line.amount)),
        receipt.sub_total.minor()
    );
    assert_eq!(sum(lines.iter().map(|line| line.final_amount)), total);
    assert_eq!(
        sum(lines.iter().map(|line| line.final_tax)),
        receipt.tax.minor()
    );
    assert_eq!(
        receipt.sub_total.minor() + receipt.modification.minor(),
        total
    );
    assert_eq!(
        sum(receipt.modifiers.iter().map(|modifier| modifier.amount)),
        receipt.modification.minor()
    );
    let payments = || receipt.payments.iter();
    assert_eq!(
        sum(payments().map(|payment| payment.amount)),
        receipt.paid.minor()
    );
    assert_eq!(
        sum(payments().map(|payment| payment.change)),
        receipt.change.minor()
    );
    assert!(payments().all(|payment| payment.cash || payment.change.is_zero()));
    assert_eq!(
        receipt.paid.minor() - receipt.change.minor(),
        total + receipt.rounded_by().minor()
    );
    assert_eq!(sum(receipt.gross_by_bucket().into_iter()), total);
    let mut groups = TaxTotals::default();
    for line in &lines {
        assert_eq!(
            sum(line.taxes().map(|tax| tax.final_tax)),
            line.final_tax.minor()
        );
        assert_eq!(sum(line.taxes().map(|tax| tax.tax)), line.tax.minor());
        assert!(line.taxes().all(|tax| !tax.final_tax.is_negative()));
        let bases = || {
            line.taxes()
                .map(|tax| line.tax_base(&tax, receipt.prices).minor())
        };
        // The base of the tax that is charged last is the amount without all taxes.
        let net = line.final_amount.minor() - line.final_tax.minor();
        assert_eq!(bases().min(), Some(net));
        for (tax, base) in line.taxes().zip(bases()) {
            let other = line.final_amount.minor() - tax.final_tax.minor();
            assert!(base == net || base == other, "{base} {net} {other}");
        }
        assert!(!line.final_amount.is_negative());
        assert!(!line.voided || line.final_amount.is_zero());
        groups
            .add(line.group, line.final_amount, line.final_tax)
            .unwrap();
    }
    if facts.tax_rounding == TaxRounding::PerGroup {
        for total in groups.entries() {
            let exact = total.group.rate.included_in(total.amount, facts.rounding);
            assert_eq!(
                Some(total.tax),
                exact,
                "the parts of a group's tax add up exactly"
            );
        }
    }
}

/// Checks that the journal is in order and without a gap, and that its replay gives the same till.
fn check_replay(shop: &Shop) -> Result<(), TestCaseError> {
    let mut replayed = Till::default();
    let (mut number, mut at) = (0, i64::MIN);
    for (kind, payload) in &shop.journal {
        let event = Event::decode(*kind, Event::version_of(*kind), payload).unwrap();
        replayed.apply(&event);
        let moment = match &event {
            Event::Reserved(reserved) => reserved.at.utc_ms,
            Event::Sealed(sealed) => {
                number += 1;
                prop_assert_eq!(sealed.number, number, "no number is left out or used twice");
                sealed.at.utc_ms
            }
            Event::Voided(voided) => voided.at.utc_ms,
            Event::Declared(declared) => declared.at.utc_ms,
            _ => continue,
        };
        prop_assert!(moment >= at, "events are in the order of time");
        at = moment;
    }
    prop_assert_eq!(&replayed, &shop.till);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 512 }))]

    #[test]
    fn a_receipt_is_the_sum_of_its_parts(
        country in 0..ALL.len(),
        lines in prop::collection::vec(good_line(), 1..8),
        modifiers in modifiers(),
        prices in prices(),
        cash in 0..100_000_000_i64,
    ) {
        let draft = Draft { lines: &lines, modifiers: &modifiers, prices, ..Draft::default() };
        let _ = with_paid(country, draft, None, |receipt| consistent(receipt, country));
        let payments = [pay(0, cash + 1)];
        let draft = Draft { payments: &payments, ..draft };
        let _ = with_receipt(country, draft, None, |receipt| consistent(receipt, country));
    }

    #[test]
    fn no_draft_makes_the_arithmetic_panic(
        country in 0..ALL.len(),
        lines in prop::collection::vec(line(), 0..6),
        changes in prop::collection::vec(edgy(), 0..4),
        payments in prop::collection::vec((0..3_i32, edgy()), 0..4),
        prices in prices(),
    ) {
        let modifiers: Vec<_> =
            changes.iter().map(|minor| Modifier::Amount(Amount::from_minor(*minor))).collect();
        let payments: Vec<_> = payments.iter().map(|(code, minor)| pay(*code, *minor)).collect();
        let draft = Draft {
            lines: &lines, modifiers: &modifiers, payments: &payments, prices, ..Draft::default()
        };
        let _ = with_receipt(country, draft, None, |receipt| consistent(receipt, country));
    }

    #[test]
    fn commands_of_any_kind_never_panic_and_replay_gives_the_same_till(
        commands in prop::collection::vec((0..10_u8, edgy(), line(), edgy()), 1..25),
        good in prop::collection::vec(good_line(), 1..4),
    ) {
        let mut shop = Shop::open();
        let mut granted = 0_u64;
        for (index, (what, number, any_line, clock)) in (1_u8..).zip(commands) {
            // The clock may show any time; the till must not depend on it.
            shop.now = shop.now.saturating_add(clock % 7_200_000);
            let id = DocumentId([index; 16]);
            let known = Known::default();
            let payments = [pay(0, number.clamp(1, 90_000_000))];
            let one = [any_line];
            let draft = |lines| Draft { lines, payments: &payments, ..Draft::default() };
            // `Shop::run` asserts that `decide` changes nothing and that the encoding keeps the event.
            let _ = match what {
                0 => shop.reserve(index, Wish::Sale(draft(&good)), known),
                1 => shop.reserve(index, Wish::Sale(draft(&one)), known),
                2 => shop.reserve(index, Wish::AlternativeSale(draft(&good), None), known),
                3 => shop.reserve(index, Wish::Cash(Amount::from_minor(number)), known),
                4 => shop.reserve(index, Wish::Report(ReportKind::Z), known),
                5 => shop.run(Command::Void(id, 3, "no answer"), known),
                6 => {
                    let spans = [Span { first: granted + 1, last: granted + 3 }];
                    granted += 3;
                    shop.run(Command::TakeNumbers(&spans), known)
                }
                7 => {
                    let number = shop.till.fiscal_numbers().next().unwrap_or(0);
                    let seal = Seal::FiscalNumber { number, reserved: true };
                    let id = shop.till.outstanding().map_or(id, |outstanding| outstanding.id);
                    shop.run(Command::Settle(id, seal), known)
                }
                8 => {
                    let id = shop.till.outstanding().map_or(id, |outstanding| outstanding.id);
                    let document = u32::try_from(number).ok().and_then(NonZeroU32::new);
                    let declared = Declared {
                        id,
                        at: shop::moment(number),
                        paper: PaperSays::Registered { document },
                        by: any_line.name,
                        fault: 77,
                        why: "",
                    };
                    shop.run(Command::Declare(declared), known)
                }
                _ => {
                    let id = shop.till.outstanding().map_or(id, |outstanding| outstanding.id);
                    shop.settle(id.0[0])
                }
            };
        }
        check_replay(&shop)?;
        if let Some(shift) = shop.till.shift() {
            let sales = &shift.sales;
            let kept = sum(sales.payments.entries().map(|total| total.amount));
            prop_assert_eq!(kept, sales.receipts.amount.minor() + sales.rounding.minor());
            let gross = sum(sales.groups.entries().map(|total| total.amount));
            prop_assert_eq!(gross, sales.receipts.amount.minor());
        }
    }

    #[test]
    fn a_number_written_and_read_is_the_same(value in edgy(), places in 0..6_u8, wider in 0..4_u8) {
        let text = scale::Decimal::new(value, places).to_string();
        prop_assert_eq!(scale::parse(&text, places), Ok(value));
        if let Ok(wide) = scale::rescale(value, places, places + wider) {
            prop_assert_eq!(scale::rescale(wide, places + wider, places), Ok(value));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[-+]?[0-9]{0,25}[.,]?[0-9]{0,25}([eE][-+]?[0-9]{0,12})?", places in 0..20_u8) {
        if let Ok(value) = scale::parse(&text, places) {
            prop_assert_eq!(scale::parse(&scale::Decimal::new(value, places).to_string(), places), Ok(value));
        }
    }

    #[test]
    fn no_clock_moves_time_back_or_extends_a_budget(
        readings in prop::collection::vec((edgy(), prop::option::weighted(0.2, edgy()), any::<bool>()), 1..40),
    ) {
        let guard = ClockGuard { jump_ms_max: 3_600_000 };
        let budget = Budget {
            stretch_ms: Some(36 * 3_600_000),
            month_ms: Some(168 * 3_600_000),
            unsent_ms: None,
            unsent_documents: None,
            at_the_end: AtTheEnd::Stop,
        };
        let moment = |utc_ms| Moment { utc_ms, offset_minutes: 120 };
        let (mut state, mut clock, mut latest) = (ClockState::default(), 1_795_262_400_000_i64, i64::MIN);
        for (step, reference, offline) in readings {
            let step = if step.unsigned_abs() > 1 << 40 { step % 100_000_000 } else { step * 1_000 };
            clock = clock.saturating_add(step);
            let reading = ClockReading {
                clock: moment(clock),
                reference: reference.map(|off| moment(latest.max(0).saturating_add(off % 10_000_000))),
            };
            let left_at = |state: &ClockState| budget.left(state.spent(), state.latest(), Unsent::default());
            let before = left_at(&state);
            let after = guard.read(state, reading, offline);
            prop_assert!(after.at.utc_ms >= latest, "time never goes back");
            let left = left_at(&after.state);
            let same_month = moment(latest).local_day().year_and_month()
                == after.at.local_day().year_and_month();
            if latest != i64::MIN && same_month {
                prop_assert!(left.month_ms <= before.month_ms, "no reading gives time of the month back");
            }
            if latest != i64::MIN && offline {
                prop_assert!(left.stretch_ms <= before.stretch_ms, "no reading gives time of the stretch back");
            }
            latest = after.at.utc_ms;
            state = after.state;
        }
    }
}

#[test]
fn the_documented_example_is_consistent() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(shop::SALE), Known::default())
        .unwrap();
    let Event::Reserved(reserved) = shop.last() else {
        panic!()
    };
    let Body::Receipt(receipt) = reserved.body else {
        panic!()
    };
    consistent(&receipt, 1);
}
