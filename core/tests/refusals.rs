//! Tests of the refusals: they are documented, keep their numbers, and have a defined order when several apply.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use ferrotill_core::budget::Left;
use ferrotill_core::document::ReportKind;
use ferrotill_core::id::{DocumentId, Fingerprint};
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{Draft, DraftLine, Original};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};
use ferrotill_core::till::{Command, Known, Wish};
use ferrotill_core::{Amount, Quantity};

use shop::{NOON, SALE, SALE_LINES, Shop, chosen, configuration, pay};

/// Callers read `REFUSALS.md`. Lines may be added; numbers and names never change.
#[test]
fn every_refusal_is_documented_and_keeps_its_number() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("REFUSALS.md");
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let mut table = String::new();
    for entry in Refusal::ALL {
        let when = entry.when.trim();
        let (number, name, message, hint) = (entry.number, entry.name, entry.message, entry.hint);
        writeln!(
            table,
            "| {number} | `{name}` | {when} | {message} | {hint} |"
        )
        .unwrap();
    }
    let rows: String = written
        .lines()
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| Number") && !line.starts_with("| ---")
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(rows, table, "REFUSALS.md differs from the code");
    let names: BTreeSet<_> = Refusal::ALL.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), Refusal::ALL.len(), "a name is used twice");
    for entry in Refusal::ALL {
        assert!(entry.when.trim().ends_with('.'), "{}", entry.name);
        for text in [entry.message, entry.hint] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{}", entry.name);
        }
    }
}

/// The numbers and names that were published: lines are added and never edited.
#[test]
fn no_number_is_ever_reused() {
    let issued = include_str!("golden/refusals.txt");
    for line in issued.lines().filter(|line| !line.starts_with('#')) {
        let (number, name) = line.split_once(' ').unwrap();
        let number: u16 = number.parse().unwrap();
        if let Some(retired) = name.strip_prefix("retired ") {
            let reused = Refusal::ALL
                .iter()
                .any(|entry| entry.number == number || entry.name == retired);
            assert!(!reused, "{number} {retired} was retired and is used again");
        } else {
            let entry = Refusal::ALL.iter().find(|entry| entry.number == number);
            assert_eq!(
                entry.map(|entry| entry.name),
                Some(name),
                "{number} has changed its meaning"
            );
        }
    }
    for entry in Refusal::ALL {
        let line = format!("{} {}", entry.number, entry.name);
        assert!(
            issued.lines().any(|issued| issued == line),
            "add {line:?} to golden/refusals.txt"
        );
    }
}

/// If a command has two faults, the till answers with the refusal that comes first in the documented order.
#[test]
fn precedence_is_as_the_documentation_says() {
    let too_many = vec![SALE_LINES[0]; 513];
    let nameless = [DraftLine {
        name: "",
        tax_group: Some("H"),
        ..SALE_LINES[0]
    }];
    let unpaid = [pay(0, 1)];
    let bad_line_and_payment = Draft {
        lines: &nameless,
        payments: &unpaid,
        modifiers: &[],
        ..SALE
    };
    let used_up = Some(Left {
        stretch_ms: Some(0),
        ..Left::default()
    });
    let repeat = Known {
        request: Some(Fingerprint([1; 32])),
        ..Known::default()
    };
    let clash = Known {
        request: Some(Fingerprint([9; 32])),
        ..Known::default()
    };
    let offline = Known {
        offline: used_up,
        ..Known::default()
    };
    let not_a_sale = Original {
        kind: OriginalKind::Other,
        number_unknown: false,
        lines: &[],
    };
    let wrong_original = Known {
        original: Some(&not_a_sale),
        ..Known::default()
    };
    let fresh = || Shop::open();
    let unsettled = || {
        let mut shop = Shop::open();
        shop.reserve(7, Wish::Sale(SALE), Known::default()).unwrap();
        shop
    };
    let old_shift = || {
        let mut shop = unsettled();
        shop.settle(7).unwrap();
        shop.now = NOON + 25 * 3_600_000;
        shop
    };
    let both = |shift: Shop| {
        let mut shop = shift;
        shop.now = NOON + 25 * 3_600_000;
        shop
    };
    let bad_sale = Wish::Sale(bad_line_and_payment);
    let cash_out = Wish::Cash(Amount::from_minor(-1_000_000));
    let no_cash = Wish::Cash(Amount::ZERO);
    let taken = Known {
        number_taken: true,
        ..Known::default()
    };
    let without_range = Wish::AlternativeSale(SALE, Some(chosen("XYZ", 1)));
    let refund = |draft| Wish::Refund(DocumentId([3; 16]), draft);
    for (shop, wish, known, name) in [
        // A fault of the request id is answered before every other fault.
        (unsettled(), bad_sale, repeat, "Repeated"),
        (unsettled(), bad_sale, clash, "RequestIdClash"),
        // Within a draft the lowest number goes first: too many lines, then names, groups and payments.
        (
            fresh(),
            Wish::Sale(Draft {
                lines: &too_many,
                payments: &[],
                ..SALE
            }),
            offline,
            "TooManyLines",
        ),
        (fresh(), bad_sale, offline, "NameMissing"),
        (
            fresh(),
            Wish::Sale(Draft {
                lines: &[],
                payments: &[],
                ..SALE
            }),
            offline,
            "NoLines",
        ),
        (
            fresh(),
            refund(bad_line_and_payment),
            wrong_original,
            "OriginalNotASale",
        ),
        (
            fresh(),
            refund(Draft {
                payments: &[],
                ..SALE
            }),
            wrong_original,
            "NoPayments",
        ),
        (fresh(), refund(SALE), Known::default(), "OriginalUnknown"),
        // Faults of the draft are answered before the outstanding document; then come the shift, the budget, and the numbers and
        // the drawer.
        (unsettled(), bad_sale, Known::default(), "NameMissing"),
        (unsettled(), no_cash, Known::default(), "NoCashMoved"),
        (
            both(unsettled()),
            Wish::Sale(SALE),
            offline,
            "DeviceUnsettled",
        ),
        (
            unsettled(),
            Wish::Report(ReportKind::Z),
            Known::default(),
            "DeviceUnsettled",
        ),
        (old_shift(), without_range, offline, "ShiftTooLong"),
        (old_shift(), cash_out, Known::default(), "ShiftTooLong"),
        (fresh(), without_range, taken, "NumberTaken"),
        (fresh(), cash_out, Known::default(), "NotEnoughCash"),
        (
            fresh(),
            Wish::Report(ReportKind::Z),
            Known::default(),
            "ShiftNotOpen",
        ),
    ] {
        let mut shop = shop;
        let refused = shop.reserve(1, wish, known).unwrap_err();
        assert_eq!(refused.name(), name, "{:?}", shop.faults);
    }
}

/// A used up budget stops sales in one country and not in another; reports are always possible.
#[test]
fn a_used_up_offline_budget_stops_sales_only_if_the_law_says_so() {
    let used_up = Known {
        offline: Some(Left {
            stretch_ms: Some(0),
            month_ms: Some(1),
            ..Left::default()
        }),
        ..Known::default()
    };
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), used_up).unwrap();
    shop.settle(1).unwrap();
    shop.country = "UA";
    let refused = shop.reserve(2, Wish::Sale(SALE), used_up);
    assert_eq!(refused, Err(Refusal::OfflineBudgetUsedUp));
    shop.reserve(2, Wish::Report(ReportKind::Z), used_up)
        .unwrap();
}

/// More tax groups than a Z-report can show are refused before anything is printed.
#[test]
fn a_shift_with_too_many_tax_groups_refuses_the_sale() {
    let mut shop = Shop::open();
    let line = DraftLine {
        quantity: Quantity::ONE,
        price: Amount::from_minor(100),
        modifier: None,
        ..SALE_LINES[0]
    };
    let (lines, payments) = (
        [DraftLine {
            tax_group: Some("A"),
            ..line
        }],
        [pay(0, 100)],
    );
    let mut last = None;
    for rate in 1..=20 {
        let mut changed = configuration();
        let group = TaxGroup::new(TaxCode::A, TaxRate::from_ten_thousandths(rate).unwrap());
        changed.taxes = TaxTable::new(&[group]).unwrap();
        shop.run(Command::Adopt(&changed), Known::default())
            .unwrap();
        let draft = Draft {
            lines: &lines,
            payments: &payments,
            ..Draft::default()
        };
        match shop.reserve(1, Wish::Sale(draft), Known::default()) {
            Ok(()) => shop.settle(1).unwrap(),
            Err(refusal) => {
                last = Some((refusal, rate));
                break;
            }
        }
    }
    assert_eq!(last, Some((Refusal::TooManyTaxGroups, 17)));
    assert_eq!(
        shop.till.shift().unwrap().sales.groups.entries().count(),
        16
    );
}
