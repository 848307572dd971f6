//! A ten-line receipt in four tax groups, with line modifiers and one for the whole receipt: the core compared with `rust_decimal`.
//!
//! Both sides compute the same amounts, which is checked before the measurement: product, line modifier, tax, division by largest
//! remainder, final tax, sums and change. The core also checks texts, limits, groups and payments, and may pack the receipt as
//! well. The ratio is the median of interleaved rounds in one run; criterion's own figures are printed above it.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::ALL;
use ferrotill_core::receipt::{
    Draft, DraftLine, DraftPayment, LineTotals, Modifier, ReceiptKind, Rules, Scratch,
};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::time::Day;
use ferrotill_core::{Amount, Quantity};
use rust_decimal::{Decimal, RoundingStrategy};

/// The lines of the receipt: price in minor units, quantity in thousandths, modifier in hundredths of a percent, tax group.
const LINES: [(i64, i64, i32, &str); 10] = [
    (810, 2_000, -1_500, "A"),
    (1_200, 1_000, 0, "B"),
    (1_789, 2_345, -500, "A"),
    (99, 12_500, 0, "C"),
    (3_333, 1_500, 325, "D"),
    (45_990, 1_000, -1_000, "A"),
    (249, 3_000, 0, "B"),
    (1_111, 667, 0, "C"),
    (719, 6_000, -750, "D"),
    (13_990, 333, 0, "A"),
];
const RECEIPT_MODIFIER: i32 = -1_000;
const CASH: i64 = 100_000;

/// The compared amounts in minor units: final amount and final tax of each line; then total, tax and change of the receipt.
type Amounts = ([(i64, i64); 10], [i64; 3]);

struct Ours {
    lines: [DraftLine<'static>; 10],
    payments: [DraftPayment; 1],
    modifiers: [Modifier; 1],
    types: PaymentTable,
    taxes: ferrotill_core::tax::TaxTable,
}

impl Ours {
    fn new() -> Self {
        let cash = PaymentType {
            code: 0,
            name: "cash".try_into().unwrap(),
            cash: true,
            printer_letter: b'P',
            open_drawer: true,
        };
        Self {
            lines: LINES.map(|(price, quantity, percent, group)| DraftLine {
                name: "bread and butter",
                quantity: Quantity::from_thousandths(quantity),
                price: Amount::from_minor(price),
                modifier: (percent != 0).then_some(Modifier::Percent(percent)),
                tax_group: Some(group),
                ..DraftLine::default()
            }),
            payments: [DraftPayment {
                code: Some(0),
                amount: Amount::from_minor(CASH),
            }],
            modifiers: [Modifier::Percent(RECEIPT_MODIFIER)],
            types: PaymentTable::new([cash].into_iter()).unwrap(),
            taxes: ALL[2].facts().tax_table(),
        }
    }

    fn draft(&self) -> Draft<'_> {
        Draft {
            lines: &self.lines,
            modifiers: &self.modifiers,
            payments: &self.payments,
            ..Draft::default()
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            facts: ALL[2].facts(),
            taxes: &self.taxes,
            payments: &self.types,
            // The sample is from a time before cash was rounded.
            day: Day::of_date(2025, 1, 1),
        }
    }

    // Each function is called and not inlined into the loop that measures it.
    #[inline(never)]
    fn compute_sums(&self, room: &mut [LineTotals; 10]) -> [i64; 3] {
        let sums = black_box(self.draft())
            .compute_sums(None, self.rules(), room, &mut IgnoreFaults)
            .unwrap();
        [sums.total, sums.tax, sums.change].map(Amount::minor)
    }

    #[inline(never)]
    fn pack(&self, room: &mut [LineTotals; 10], bytes: &mut [u8]) -> usize {
        let scratch = Scratch { lines: room, bytes };
        black_box(self.draft())
            .compute(ReceiptKind::Sale, None, self.rules(), scratch, &mut IgnoreFaults)
            .unwrap()
            .lines
            .len()
    }

    fn amounts(&self) -> Amounts {
        let mut room = [LineTotals::default(); 10];
        let sums = self.compute_sums(&mut room);
        let lines = room.map(|line| (line.final_amount().minor(), line.final_tax().minor()));
        (lines, sums)
    }
}

struct Theirs {
    lines: [(Decimal, Decimal, Decimal, Decimal); 10],
    modifier: Decimal,
    cash: Decimal,
}

impl Theirs {
    fn new() -> Self {
        let rate = |group| match group {
            "A" => Decimal::new(20, 2),
            "B" => Decimal::new(7, 2),
            "C" => Decimal::new(14, 2),
            _ => Decimal::ZERO,
        };
        Self {
            lines: LINES.map(|(price, quantity, percent, group)| {
                (
                    Decimal::new(price, 2),
                    Decimal::new(quantity, 3),
                    Decimal::new(i64::from(percent), 4),
                    rate(group),
                )
            }),
            modifier: Decimal::new(i64::from(RECEIPT_MODIFIER), 4),
            cash: Decimal::new(CASH, 2),
        }
    }

    #[inline(never)]
    fn compute_sums(&self, finals: &mut [(Decimal, Decimal); 10]) -> [Decimal; 3] {
        let this = black_box(self);
        let cents = |value: Decimal| {
            value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
        };
        let inside = |amount: Decimal, rate: Decimal| cents(amount * rate / (Decimal::ONE + rate));
        let mut sub_total = Decimal::ZERO;
        for ((price, quantity, percent, rate), line) in this.lines.iter().zip(finals.iter_mut()) {
            let before = cents(price * quantity);
            let amount = before + cents(before * percent);
            *line = (amount, inside(amount, *rate));
            sub_total += amount;
        }
        let change = cents(sub_total * this.modifier);
        let magnitude = change.abs();
        let cent = Decimal::new(1, 2);
        let mut left = magnitude;
        let mut remainders = [Decimal::ZERO; 10];
        for (line, remainder) in finals.iter_mut().zip(&mut remainders) {
            let exact = magnitude * line.0 / sub_total;
            let part = exact.round_dp_with_strategy(2, RoundingStrategy::ToZero);
            *remainder = exact - part;
            left -= part;
            line.0 -= part;
        }
        while left > Decimal::ZERO {
            let mut best = 0;
            for place in 1..10 {
                if remainders[place] > remainders[best] {
                    best = place;
                }
            }
            remainders[best] = Decimal::ZERO;
            finals[best].0 -= cent;
            left -= cent;
        }
        let (mut total, mut tax) = (Decimal::ZERO, Decimal::ZERO);
        for ((.., rate), line) in this.lines.iter().zip(finals.iter_mut()) {
            line.1 = inside(line.0, *rate);
            total += line.0;
            tax += line.1;
        }
        [total, tax, this.cash - total]
    }

    fn amounts(&self) -> Amounts {
        let minor = |value: Decimal| {
            let mut value = value;
            value.rescale(2);
            i64::try_from(value.mantissa()).unwrap()
        };
        let mut finals = [(Decimal::ZERO, Decimal::ZERO); 10];
        let sums = self.compute_sums(&mut finals).map(minor);
        (finals.map(|(amount, tax)| (minor(amount), minor(tax))), sums)
    }
}

fn receipts(criterion: &mut Criterion) {
    let (ours, theirs) = (Ours::new(), Theirs::new());
    let mut group = criterion.benchmark_group("ten lines, four groups");
    let mut room = [LineTotals::default(); 10];
    group.bench_function("core", |bencher| bencher.iter(|| ours.compute_sums(&mut room)));
    let mut bytes = [0; 4096];
    group.bench_function("core, packed for the journal", |bencher| {
        bencher.iter(|| ours.pack(&mut room, &mut bytes));
    });
    let mut finals = [(Decimal::ZERO, Decimal::ZERO); 10];
    group.bench_function("rust_decimal", |bencher| {
        bencher.iter(|| theirs.compute_sums(&mut finals));
    });
    group.finish();
}

/// The nanoseconds that one call takes, measured over many calls.
fn timed(mut call: impl FnMut()) -> f64 {
    const CALLS: u32 = 20_000;
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratio() {
    let (ours, theirs) = (Ours::new(), Theirs::new());
    assert_eq!(ours.amounts(), theirs.amounts(), "the same receipt");
    let mut room = [LineTotals::default(); 10];
    let mut bytes = [0; 4096];
    let mut finals = [(Decimal::ZERO, Decimal::ZERO); 10];
    let (mut core, mut packed, mut decimal) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..51 {
        core.push(timed(|| {
            black_box(ours.compute_sums(&mut room));
        }));
        packed.push(timed(|| {
            black_box(ours.pack(&mut room, &mut bytes));
        }));
        decimal.push(timed(|| {
            black_box(theirs.compute_sums(&mut finals));
        }));
    }
    let ratios: Vec<f64> = decimal.iter().zip(&core).map(|(d, c)| d / c).collect();
    let (core, packed, decimal) = (median(core), median(packed), median(decimal));
    println!("core {core:.0} ns, packed {packed:.0} ns, rust_decimal {decimal:.0} ns");
    println!(
        "ratio {:.1} (median of 51 rounds), packed {:.1}",
        median(ratios),
        decimal / packed
    );
}

criterion_group!(benches, receipts);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    ratio();
}
