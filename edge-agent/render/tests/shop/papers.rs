//! The headings and the figures of reports, as several tests show them.

use ferrotill_core::Amount;
use ferrotill_core::event::ReportFigures;
use ferrotill_core::shift::{Running, Shift, Tally, Turnover};
use ferrotill_core::tax::TaxGroup;
use ferrotill_core::time::{Day, Moment};
use ferrotill_core::totals::{PaymentTotals, TaxTotals};
use ferrotill_render::{PaperHeading, PrintedSeller};

use crate::shop::Law;

pub(crate) fn heading<'a>(
    seller: &'a PrintedSeller,
    seal: &'a str,
    copy: bool,
) -> PaperHeading<'a> {
    PaperHeading {
        title: "",
        number: "00000012",
        seal,
        copy,
        date: "28.11.2026",
        time: "22:01:07",
        seller,
    }
}

fn group_of(law: &Law, place: usize) -> TaxGroup {
    let taxes = law.facts.tax_table();
    let entry = taxes.entries().nth(place).unwrap();
    entry.on(Day::of_date(2026, 11, 28)).unwrap()
}

/// Both sides of a shift: 3 sales of 100.00 and 54.33 with the first two tax groups, and one return.
pub(crate) fn figures(law: &Law) -> ReportFigures {
    let minor = Amount::from_minor;
    let mut groups = TaxTotals::default();
    let mut payments = PaymentTotals::default();
    for (group, amount, tax) in [(0, 10_000, 1_667), (1, 5_433, 402)] {
        groups
            .add(group_of(law, group), minor(amount), minor(tax))
            .unwrap();
    }
    payments.add(0, true, minor(13_430)).unwrap();
    payments.add(1, false, minor(2_000)).unwrap();
    let mut returned = TaxTotals::default();
    returned
        .add(group_of(law, 1), minor(850), minor(63))
        .unwrap();
    let mut given_back = PaymentTotals::default();
    given_back.add(7, false, minor(850)).unwrap();
    let tally = |count, amount| Tally {
        count,
        amount: minor(amount),
    };
    let running = |amount, tax| Running {
        amount: minor(amount),
        tax: minor(tax),
    };
    let began = Moment {
        utc_ms: 0,
        offset_minutes: 0,
    };
    let shift = Shift {
        z_number: 17,
        opened: began,
        documents: 7,
        first_number: 6,
        sales: Turnover {
            receipts: tally(3, 15_433),
            tax: minor(2_069),
            groups,
            payments,
            rounding: minor(-3),
        },
        refunds: Turnover {
            receipts: tally(1, 850),
            tax: minor(63),
            groups: returned,
            payments: given_back,
            rounding: Amount::ZERO,
        },
        alternative: tally(1, 810),
        cash_in: tally(1, 50_000),
        cash_out: tally(0, 0),
    };
    ReportFigures {
        shift,
        cash: minor(63_430),
        year: running(1_234_567_890, 205_761_315),
        grand: running(9_876_543_210, 1_646_090_535),
        reconciliation: None,
    }
}
