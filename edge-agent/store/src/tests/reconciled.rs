//! Tests that compare Z-reports with their four sides.

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::duty::Recipient;
use ferrotill_core::seal::{PrinterCounters, Seal};
use ferrotill_core::till::Wish;

use super::shop::*;
use super::verified::{codes, verified};
use crate::ZReconciliation;
use crate::verify::Flaw;

/// A printer's counters for a day with these gross sales and returns in group B.
fn counted(sales: i64, refunds: i64, cash: i64, receipts: u32) -> PrinterCounters {
    let group_b = |amount| {
        let mut groups = [Amount::ZERO; 8];
        groups[1] = minor(amount);
        groups
    };
    PrinterCounters {
        z_number: 1,
        sales: group_b(sales),
        refunds: Some(group_b(refunds)),
        cash: Some(minor(cash)),
        cash_in: Some(minor(10_000)),
        cash_out: Some(Amount::ZERO),
        receipts: Some(receipts),
    }
}

fn day_with(counters: PrinterCounters) -> Shop {
    let mut shop = Shop::new();
    shop.cash(101, 10_000);
    shop.sale(102);
    shop.alternative(103);
    shop.refund(104, 102, 1_000);
    let seal = Seal::Printer {
        document: 9,
        fiscal_receipt: None,
        counters: Some(counters),
        printed_at: None,
    };
    shop.seal(106, Wish::Report(ReportKind::Z), seal);
    shop
}

fn figure(
    reconciliation: &ZReconciliation,
    subject: &str,
) -> (i64, Option<i64>, Option<i64>, Option<i64>) {
    let figure = reconciliation
        .figures
        .iter()
        .find(|figure| figure.subject == subject)
        .unwrap_or_else(|| panic!("{subject}: {:?}", reconciliation.figures));
    (
        figure.documents,
        figure.report,
        figure.printer,
        figure.authority,
    )
}

#[test]
fn a_day_reconciles_on_all_four_sides_and_never_nets_returns() {
    let mut shop = day_with(counted(1_620, 810, 10_810, 2));
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    assert!(reconciliation.agrees(), "{reconciliation:?}");
    let all = |amount| (amount, Some(amount), Some(amount), None);
    let till = |amount| (amount, Some(amount), None, None);
    assert_eq!(figure(&reconciliation, "sales.amount"), all(1_620));
    assert_eq!(figure(&reconciliation, "refunds.amount"), all(810));
    assert_eq!(figure(&reconciliation, "sales.group.B"), all(1_620));
    assert_eq!(figure(&reconciliation, "sales.payment.0"), till(1_620));
    assert_eq!(figure(&reconciliation, "refunds.payment.0"), till(810));
    assert_eq!(figure(&reconciliation, "alternative.amount"), till(810));
    assert_eq!(figure(&reconciliation, "fiscal_receipts.count"), all(2));
    assert_eq!(figure(&reconciliation, "cash"), all(10_810));
    assert_eq!(
        (
            reconciliation.unacknowledged,
            reconciliation.acknowledged_at
        ),
        (5, None)
    );

    let entries = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 100)
        .unwrap();
    for (sent, entry) in entries.iter().enumerate() {
        let mut batch = shop.store.batch().unwrap();
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", NOON + 7)
            .unwrap();
        // A second acknowledgement of the same document changes nothing.
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", NOON + 8)
            .unwrap();
        batch.commit().unwrap();
        let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
        assert_eq!(
            reconciliation.unacknowledged,
            4 - u32::try_from(sent).unwrap()
        );
    }
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    assert_eq!(reconciliation.acknowledged_at, Some(NOON + 7));
    assert!(reconciliation.agrees(), "{reconciliation:?}");
    let all_four = |amount| (amount, Some(amount), Some(amount), Some(amount));
    assert_eq!(figure(&reconciliation, "sales.amount"), all_four(1_620));
    assert_eq!(figure(&reconciliation, "refunds.group.B"), all_four(810));
    assert_eq!(
        figure(&reconciliation, "alternative.count"),
        (1, Some(1), None, Some(1))
    );
    assert_eq!(verified(&shop).flaws, []);
    assert_eq!(verified(&shop).unsent, 0);
}

#[test]
fn other_counters_of_the_printer_name_the_documents_in_question() {
    // The printer's memory does not contain the return, and counts one receipt less.
    let shop = day_with(counted(1_620, 0, 11_620, 1));
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    assert!(!reconciliation.agrees_at_the_till());
    let refunds = reconciliation
        .figures
        .iter()
        .find(|figure| figure.subject == "refunds.group.B")
        .unwrap();
    assert_eq!((refunds.documents, refunds.printer), (810, Some(0)));
    assert_eq!(
        refunds.suspects,
        [(4, uuid(104))],
        "the return is the one document whose amount is the difference"
    );
    assert_eq!(shop.reader().reconciliation_count().unwrap().differing, 1);
    let verified = verified(&shop);
    assert_eq!(codes(&verified), ["unreconciled"]);
    let words = verified
        .flaws
        .iter()
        .map(Flaw::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(words.contains(&format!("4 ({})", uuid(104))), "{words}");
}

/// The tax of 8 % in 0.08 is 0.01 for each of seven receipts. The printer rounds the tax in 0.56 once to 0.04. Only this
/// difference is lawful.
#[test]
fn only_the_tax_may_differ_at_the_printer() {
    let mut shop = Shop::new();
    let (lines, payments) = ([loaf(10)], [paid(8)]);
    for document in 1..=7 {
        shop.seal(document, Wish::Sale(draft(&lines, &payments)), printed(2));
    }
    let mut counters = counted(7 * 8, 0, 7 * 8, 7);
    counters.cash_in = Some(Amount::ZERO);
    let seal = Seal::Printer {
        document: 9,
        fiscal_receipt: None,
        counters: Some(counters),
        printed_at: None,
    };
    shop.seal(8, Wish::Report(ReportKind::Z), seal);
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    let (documents, _, printer, _) = figure(&reconciliation, "sales.tax.B");
    assert_eq!((documents, printer), (7, Some(4)));
    assert!(reconciliation.agrees(), "{reconciliation:?}");
}

/// On random days all sides agree whatever was sold, and `verify` finds no flaw.
#[test]
fn random_days_reconcile() {
    for seed in 1..=8_u64 {
        let mut state = seed;
        let mut below = |end: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let mut shop = Shop::new();
        shop.cash(1, 100_000);
        let mut sold = Vec::new();
        for document in 2..40_u128 {
            match below(6) {
                0 => shop.cash(document, i64::try_from(below(500)).unwrap() - 600),
                1 => shop.alternative(document),
                2 => shop.void(document),
                3 if !sold.is_empty() => {
                    let sale = sold.remove(usize::try_from(below(sold.len() as u64)).unwrap());
                    shop.refund(document, sale, 1_000);
                }
                4 if shop.till.shift().is_some() && below(3) == 0 => {
                    shop.seal(document, Wish::Report(ReportKind::Z), printed(5));
                    shop.cash(document + 100, 100_000);
                }
                _ => {
                    shop.sale(document);
                    sold.push(document);
                }
            }
        }
        shop.seal(999, Wish::Report(ReportKind::Z), printed(5));
        let verified = verified(&shop);
        assert_eq!(verified.flaws, [], "seed {seed}");
        assert!(
            verified.reconciliations.iter().all(ZReconciliation::agrees),
            "seed {seed}"
        );
        assert!(!verified.reconciliations.is_empty());
    }
}

/// A person printed a receipt by hand between two receipts of the till, so the printer's own numbers have a gap there.
#[test]
fn a_receipt_printed_by_hand_names_its_neighbours() {
    let mut shop = Shop::new();
    let (lines, payments) = ([loaf(2_000)], [paid(1_620)]);
    for (document, fiscal_receipt) in [(1, 51), (2, 52), (3, 54), (4, 55)] {
        let seal = Seal::Printer {
            document: 9,
            fiscal_receipt: Some(fiscal_receipt),
            counters: None,
            printed_at: None,
        };
        shop.seal(document, Wish::Sale(draft(&lines, &payments)), seal);
    }
    let mut counters = counted(4 * 1_620 + 500, 0, 4 * 1_620 + 500, 5);
    counters.cash_in = Some(Amount::ZERO);
    let seal = Seal::Printer {
        document: 10,
        fiscal_receipt: None,
        counters: Some(counters),
        printed_at: None,
    };
    shop.seal(5, Wish::Report(ReportKind::Z), seal);
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    let sales = reconciliation
        .figures
        .iter()
        .find(|figure| figure.subject == "sales.group.B")
        .unwrap();
    assert_eq!(sales.printer, Some(sales.documents + 500));
    assert_eq!(sales.suspects, [(2, uuid(2)), (3, uuid(3))]);
}

/// The seal of a receipt with this number at its printer.
fn receipt_numbered(fiscal_receipt: u32) -> Seal<'static> {
    Seal::Printer {
        document: 9,
        fiscal_receipt: Some(fiscal_receipt),
        counters: None,
        printed_at: None,
    }
}

/// A shift with cash and two sales on one printer and two sales on the next one, which makes the Z-report with its own counters and
/// this much more.
fn day_on_two_printers(more: i64) -> Shop {
    let mut shop = Shop::new();
    let (lines, payments) = ([loaf(2_000)], [paid(1_620)]);
    let sale = || Wish::Sale(draft(&lines, &payments));
    let numbered = receipt_numbered;
    shop.seal_on("DT000001", 1, Wish::Cash(minor(10_000)), printed(1));
    shop.seal_on("DT000001", 2, sale(), numbered(51));
    shop.seal_on("DT000001", 3, sale(), numbered(52));
    shop.seal_on("DT000002", 4, sale(), numbered(1));
    shop.seal_on("DT000002", 5, sale(), numbered(2));
    let mut counters = counted(2 * 1_620 + more, 0, 2 * 1_620 + more, 2);
    counters.cash_in = Some(Amount::ZERO);
    let seal = Seal::Printer {
        document: 10,
        fiscal_receipt: None,
        counters: Some(counters),
        printed_at: None,
    };
    shop.seal_on("DT000002", 6, Wish::Report(ReportKind::Z), seal);
    shop
}

#[test]
fn a_printer_is_not_compared_with_the_documents_of_the_one_before_it() {
    let shop = day_on_two_printers(0);
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    assert!(reconciliation.agrees(), "{reconciliation:?}");
    assert!(reconciliation.has_other_printers());
    let sides = |subject| figure(&reconciliation, subject);
    assert_eq!(
        sides("sales.amount"),
        (6_480, Some(6_480), Some(3_240), None)
    );
    assert_eq!(sides("cash"), (16_480, Some(16_480), Some(3_240), None));
    let counts = shop.reader().reconciliation_count().unwrap();
    assert_eq!((counts.differing, counts.newest_differing), (0, 0));
    assert_eq!(verified(&shop).flaws, []);

    // An older program has kept the day as one that differs.
    let raw = raw(shop.folder.path());
    raw.execute_batch("UPDATE reconciliation SET agrees = 0")
        .unwrap();
    assert_eq!(verified(&shop).flaws, []);
}

#[test]
fn a_difference_after_an_exchange_names_documents_of_the_present_printer_only() {
    let shop = day_on_two_printers(500);
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    assert!(!reconciliation.agrees_at_the_till());
    let sales = reconciliation.figures.iter();
    let sales = sales
        .clone()
        .find(|it| it.subject == "sales.group.B")
        .unwrap();
    assert_eq!(sales.suspects, [(4, uuid(4)), (5, uuid(5))]);
    assert_eq!(
        sales.to_string(),
        "sales.group.B minor units: documents 6480, report 6480, printer 3740, on other printers 3240"
    );
    // What was counted too much is as much as one receipt: a receipt of the other printer is not in question.
    let shop = day_on_two_printers(1_620);
    let reconciliation = shop.reader().reconciliation(DEVICE, 1).unwrap().unwrap();
    let mut sales = reconciliation.figures.iter();
    let sales = sales.find(|it| it.subject == "sales.amount").unwrap();
    assert_eq!(sales.suspects, [(4, uuid(4)), (5, uuid(5))]);
    assert!(!verified(&shop).flaws.is_empty());
}
