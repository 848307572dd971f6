//! Counters of the year and of all time: by kind, tax group and payment type, over shifts, years and configurations.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Amount;
use ferrotill_core::counters::{Counters, LongTurnover};
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{Event, ReportFigures};
use ferrotill_core::id::DocumentId;
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{Draft, DraftLine, Modifier, Original};
use ferrotill_core::seal::Seal;
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};
use ferrotill_core::till::{Command, Known, Wish};

use shop::{SALE, SALE_LINES, Shop, configuration, not_returned, pay, receipt_of};

const DAY_MS: i64 = 86_400_000;

/// Makes one document after another, each with an id of its own.
struct Day {
    shop: Shop,
    next: u8,
}

impl Day {
    fn sell(&mut self, wish: Wish<'_>, known: Known<'_>) {
        self.next += 1;
        self.shop.reserve(self.next, wish, known).unwrap();
        self.shop.settle(self.next).unwrap();
    }

    fn alternative(&mut self, number: u32) {
        self.next += 1;
        let wish = Wish::AlternativeSale(SALE, None);
        self.shop
            .reserve(self.next, wish, Known::default())
            .unwrap();
        let seal = Seal::Range {
            series: "ABC",
            number,
            number_length: 8,
        };
        let id = DocumentId([self.next; 16]);
        self.shop
            .run(Command::Settle(id, seal), Known::default())
            .unwrap();
    }

    fn close(&mut self) -> ReportFigures {
        self.sell(Wish::Report(ReportKind::Z), Known::default());
        match self.shop.last() {
            Event::Sealed(sealed) => sealed.report.unwrap(),
            _ => panic!("not sealed"),
        }
    }
}

/// The figures of a counter in this order: number of receipts, gross, tax, then gross and tax of A and B, and the amount of each
/// payment type.
type Figures = (u32, i64, i64, Vec<(i64, i64)>, Vec<(i32, i64)>);

fn figures(turnover: &LongTurnover) -> Figures {
    let letters = (b'A'..=b'B').map(|letter| {
        let total = turnover.of_letter(TaxCode::new(letter).unwrap());
        (total.amount.minor(), total.tax.minor())
    });
    let payments = turnover.payments.entries();
    (
        turnover.receipts.count,
        turnover.receipts.amount.minor(),
        turnover.tax.minor(),
        letters.collect(),
        payments
            .map(|total| (total.code, total.amount.minor()))
            .collect(),
    )
}

#[test]
fn the_year_begins_again_at_zero_and_the_grand_total_goes_on() {
    let mut day = Day {
        shop: Shop::open(),
        next: 0,
    };
    day.sell(Wish::Cash(Amount::from_minor(5_000)), Known::default());
    day.sell(Wish::Sale(SALE), Known::default());
    day.alternative(1);
    day.sell(Wish::Cash(Amount::from_minor(-700)), Known::default());
    let first = day.close();
    assert_eq!(
        (first.year, first.grand),
        (
            day.shop.till.year().running(),
            day.shop.till.grand().running()
        )
    );

    // The sale of 18.58 is paid by card and cash: group A has 8.25 with 1.38 tax, group B 10.33 with 0.77.
    let one = (
        1,
        1858,
        215,
        vec![(825, 138), (1033, 77)],
        vec![(1, 1500), (0, 358)],
    );
    assert_eq!(figures(&day.shop.till.grand().sales), one);
    assert_eq!(day.shop.till.year(), day.shop.till.grand());

    day.shop.now += 60 * DAY_MS;
    day.sell(Wish::Sale(SALE), Known::default());
    // The last row of the journal is the seal, and the row before it is the reservation.
    let row = day.shop.journal[day.shop.journal.len() - 2].clone();
    let lines = not_returned(&receipt_of(&row));
    assert_eq!(lines.len(), 2);
    let original = Original {
        kind: OriginalKind::Fiscal,
        number_unknown: false,
        lines: &lines,
    };
    let back = Draft {
        lines: &[DraftLine {
            modifier: None,
            ..SALE_LINES[1]
        }],
        payments: &[pay(0, 825)],
        ..Draft::default()
    };
    let known = Known {
        original: Some(&original),
        ..Known::default()
    };
    day.sell(Wish::Cash(Amount::from_minor(1_000)), Known::default());
    day.sell(Wish::Refund(DocumentId([2; 16]), back), known);

    let (year, grand) = (day.shop.till.year(), day.shop.till.grand());
    assert_eq!(figures(&year.sales), one);
    assert_eq!(
        figures(&grand.sales),
        (
            2,
            3716,
            430,
            vec![(1650, 276), (2066, 154)],
            vec![(1, 3000), (0, 716)]
        )
    );
    let refunds = (1, 825, 138, vec![(825, 138), (0, 0)], vec![(0, 825)]);
    assert_eq!(figures(&year.refunds), refunds);
    assert_eq!(figures(&grand.refunds), refunds);
    let tallies = |counters: &Counters| {
        [
            counters.alternative,
            counters.cash_in,
            counters.cash_out,
            counters.sales.receipts,
        ]
        .map(|tally| (tally.count, tally.amount.minor()))
    };
    assert_eq!(tallies(year), [(0, 0), (1, 1_000), (0, 0), (1, 1858)]);
    assert_eq!(tallies(grand), [(1, 1858), (2, 6_000), (1, 700), (2, 3716)]);
}

#[test]
fn an_unsealed_document_is_not_counted() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    assert_eq!(*shop.till.grand(), Counters::default());
    let void = Command::Void(DocumentId([1; 16]), 7, "no paper");
    shop.run(void, Known::default()).unwrap();
    assert_eq!(*shop.till.grand(), Counters::default());
    assert_eq!(*shop.till.year(), Counters::default());
}

#[test]
fn many_payment_types_and_rates_over_the_years_never_stop_a_sale() {
    let mut day = Day {
        shop: Shop::open(),
        next: 0,
    };
    let line = DraftLine {
        modifier: None,
        tax_group: Some("A"),
        quantity: ferrotill_core::Quantity::ONE,
        ..SALE_LINES[0]
    };
    for round in 0..20_u32 {
        let code = 100 + i32::try_from(round).unwrap();
        let rate = TaxRate::from_ten_thousandths(100_000 + round * 10_000).unwrap();
        let mut wanted = configuration();
        wanted.taxes = TaxTable::new(&[TaxGroup::new(TaxCode::A, rate)]).unwrap();
        wanted.payments = PaymentTable::new(core::iter::once(PaymentType {
            code,
            name: "Voucher".try_into().unwrap(),
            cash: false,
            printer_letter: b'D',
            open_drawer: false,
        }))
        .unwrap();
        day.shop
            .run(Command::Adopt(&wanted), Known::default())
            .unwrap();
        let sale = Draft {
            lines: &[line],
            modifiers: &[Modifier::Percent(0)],
            payments: &[pay(code, 810)],
            ..Draft::default()
        };
        day.sell(Wish::Sale(sale), Known::default());
        day.close();
    }
    let sales = &day.shop.till.grand().sales;
    assert_eq!(sales.payments.entries().count(), 16);
    assert_eq!(sales.other_payments.minor(), 4 * 810);
    assert_eq!(sales.of_letter(TaxCode::A).amount.minor(), 20 * 810);
    assert_eq!(sales.receipts.amount.minor(), 20 * 810);
}
