//! Feeds the till with any commands at any time: `decide` changes nothing and never panics, a receipt is the sum of its parts,
//! and a replay gives the same till.
#![no_main]

use arbitrary::Arbitrary;
use ferrotill_core::budget::Left;
use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::event::{Configuration, Event, NumberRange};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::numbers::Span;
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::ALL;
use ferrotill_core::receipt::{
    CopiedLine, Draft, DraftLine, DraftPayment, LineTotals, Modifier, Original, OriginalLine,
    Prices, Receipt, Scratch,
};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Order, Till, Wish};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Quantity};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Story<'a> {
    country: u8,
    steps: Vec<Step<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Step<'a> {
    clock: i64,
    what: What<'a>,
}

#[derive(Arbitrary, Debug)]
enum What<'a> {
    Sale(Wished<'a>),
    Alternative(Wished<'a>),
    Refund(Wished<'a>),
    Cash(i64),
    Report(bool),
    Numbers(Vec<(u64, u64)>),
    Settle(u8),
    Void,
    Cancel,
}

#[derive(Arbitrary, Debug)]
struct Wished<'a> {
    net: bool,
    lines: Vec<(&'a str, u32, u32, Option<Change>, u8, bool)>,
    changes: Vec<Change>,
    payments: Vec<(bool, i64)>,
    offline_left: Option<i64>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Change {
    Percent(i32),
    Amount(i64),
}

impl Change {
    fn modifier(self) -> Modifier {
        match self {
            Self::Percent(percent) => Modifier::Percent(percent),
            Self::Amount(minor) => Modifier::Amount(Amount::from_minor(minor)),
        }
    }
}

const GROUPS: [&str; 10] = ["A", "B", "C", "D", "E", "F", "AF", "BF", "AA", ""];

fuzz_target!(|story: Story<'_>| {
    let profile = ALL[usize::from(story.country) % ALL.len()];
    let mut till = Till::default();
    let mut journal: Vec<(u16, Vec<u8>)> = Vec::new();
    let payment = |code, cash| PaymentType {
        code,
        name: "x".try_into().unwrap(),
        cash,
        printer_letter: b'P',
        open_drawer: cash,
    };
    let range = NumberRange {
        series: "S".try_into().unwrap(),
        start: 1,
        end: 3,
        number_length: 8,
    };
    let configuration = Configuration {
        taxes: profile.facts().tax_table(),
        payments: PaymentTable::new([payment(0, true), payment(1, false)].into_iter()).unwrap(),
        ranges: [range].into_iter().collect(),
        alternative_receipts: true,
    };
    let mut clock = 1_795_262_400_000_i64;
    run(
        &mut till,
        &mut journal,
        profile,
        &Command::Adopt(&configuration),
        &Known::default(),
        clock,
    );
    for (index, step) in story.steps.iter().enumerate() {
        clock = clock.saturating_add(step.clock % 100_000_000);
        let id = DocumentId([u8::try_from(index % 250).unwrap(); 16]);
        let outstanding = till.outstanding().map_or(id, |outstanding| outstanding.id);
        match &step.what {
            What::Sale(wished) => reserve(
                &mut till,
                &mut journal,
                profile,
                id,
                clock,
                wished,
                |draft| Wish::Sale(draft),
            ),
            What::Alternative(wished) => {
                reserve(
                    &mut till,
                    &mut journal,
                    profile,
                    id,
                    clock,
                    wished,
                    |draft| Wish::AlternativeSale(draft, None),
                );
            }
            What::Refund(wished) => {
                reserve(
                    &mut till,
                    &mut journal,
                    profile,
                    id,
                    clock,
                    wished,
                    |draft| Wish::Refund(id, draft),
                );
            }
            What::Cash(minor) => {
                let wish = Wish::Cash(Amount::from_minor(*minor));
                run(
                    &mut till,
                    &mut journal,
                    profile,
                    &Command::Reserve(order(id, wish)),
                    &Known::default(),
                    clock,
                );
            }
            What::Report(z) => {
                let wish = Wish::Report(if *z { ReportKind::Z } else { ReportKind::X });
                run(
                    &mut till,
                    &mut journal,
                    profile,
                    &Command::Reserve(order(id, wish)),
                    &Known::default(),
                    clock,
                );
            }
            What::Numbers(spans) => {
                let spans: Vec<Span> = spans
                    .iter()
                    .map(|(first, last)| Span {
                        first: *first,
                        last: *last,
                    })
                    .collect();
                run(
                    &mut till,
                    &mut journal,
                    profile,
                    &Command::TakeNumbers(&spans),
                    &Known::default(),
                    clock,
                );
            }
            What::Settle(how) => {
                let seal = match how % 3 {
                    0 => Seal::Printer {
                        document: 1,
                        fiscal_receipt: None,
                        counters: None,
                        printed_at: None,
                    },
                    1 => Seal::FiscalNumber {
                        number: till.fiscal_numbers().next().unwrap_or(0),
                        reserved: true,
                    },
                    _ => Seal::Range {
                        series: "S",
                        number: till.range_uses()[0].next,
                        number_length: 8,
                    },
                };
                run(
                    &mut till,
                    &mut journal,
                    profile,
                    &Command::Settle(outstanding, seal),
                    &Known::default(),
                    clock,
                );
            }
            What::Void => run(
                &mut till,
                &mut journal,
                profile,
                &Command::Void(outstanding, 1, "x"),
                &Known::default(),
                clock,
            ),
            What::Cancel => run(
                &mut till,
                &mut journal,
                profile,
                &Command::DecideCancel(outstanding),
                &Known::default(),
                clock,
            ),
        }
    }
    let mut replayed = Till::default();
    for (kind, payload) in &journal {
        replayed.apply(&Event::decode(*kind, Event::VERSION, payload).unwrap());
    }
    assert!(replayed == till, "replay gives the same till");
});

fn order<'a>(id: DocumentId, wish: Wish<'a>) -> Order<'a> {
    Order {
        id,
        unique: UniqueId(id.0),
        fingerprint: Fingerprint([id.0[0]; 32]),
        point_of_sale: PointOfSaleId([0; 16]),
        annex: &[],
        baseline: None,
        wish,
    }
}

fn reserve<'s>(
    till: &mut Till,
    journal: &mut Vec<(u16, Vec<u8>)>,
    profile: &'static dyn ferrotill_core::profile::Profile,
    id: DocumentId,
    clock: i64,
    wished: &'s Wished<'s>,
    wish: impl for<'d> Fn(Draft<'d>) -> Wish<'d>,
) {
    let lines: Vec<DraftLine<'_>> = wished
        .lines
        .iter()
        .map(|(name, quantity, price, change, group, voided)| DraftLine {
            name,
            quantity: Quantity::from_thousandths(i64::from(*quantity)),
            price: Amount::from_minor(i64::from(*price)),
            modifier: change.map(Change::modifier),
            tax_group: Some(GROUPS[usize::from(*group) % GROUPS.len()])
                .filter(|group| !group.is_empty()),
            voided: *voided,
            copied: CopiedLine::NONE,
            ..DraftLine::default()
        })
        .collect();
    let modifiers: Vec<Modifier> = wished
        .changes
        .iter()
        .map(|change| change.modifier())
        .collect();
    let payments: Vec<DraftPayment> = wished
        .payments
        .iter()
        .map(|(cash, minor)| DraftPayment {
            code: Some(i32::from(!cash)),
            amount: Amount::from_minor(*minor),
        })
        .collect();
    let draft = Draft {
        lines: &lines,
        prices: if wished.net {
            Prices::TaxExcluded
        } else {
            Prices::TaxIncluded
        },
        modifiers: &modifiers,
        payments: &payments,
        ..Draft::default()
    };
    let left = last_sold(journal);
    let original = Original {
        kind: DocumentKind::Sale,
        number_unknown: false,
        lines: &left,
    };
    let known = Known {
        original: Some(&original),
        offline: wished.offline_left.map(|left| Left {
            stretch_ms: Some(left),
            ..Left::default()
        }),
        ..Known::default()
    };
    let command = Command::Reserve(order(id, wish(draft)));
    let row = decide(till, profile, &command, &known, clock);
    take(till, journal, row);
}

/// The lines of the last receipt of the journal, as the original of a return.
fn last_sold(journal: &[(u16, Vec<u8>)]) -> Vec<OriginalLine<'_>> {
    let sold = journal.iter().rev().find_map(|(kind, payload)| {
        match Event::decode(*kind, Event::VERSION, payload) {
            Ok(Event::Reserved(reserved)) => match reserved.body {
                Body::Receipt(receipt) => Some(receipt.lines.iter().collect::<Vec<_>>()),
                _ => None,
            },
            _ => None,
        }
    });
    sold.into_iter()
        .flatten()
        .map(|line| OriginalLine {
            line,
            returned_quantity: Quantity::ZERO,
            returned_amount: Amount::ZERO,
            good: None,
        })
        .collect()
}

fn run(
    till: &mut Till,
    journal: &mut Vec<(u16, Vec<u8>)>,
    profile: &'static dyn ferrotill_core::profile::Profile,
    command: &Command<'_>,
    known: &Known<'_>,
    clock: i64,
) {
    let row = decide(till, profile, command, known, clock);
    take(till, journal, row);
}

fn decide(
    till: &Till,
    profile: &'static dyn ferrotill_core::profile::Profile,
    command: &Command<'_>,
    known: &Known<'_>,
    clock: i64,
) -> Option<(u16, Vec<u8>)> {
    let (mut lines, mut bytes) = (vec![LineTotals::default(); 512], vec![0; 1 << 15]);
    let now = Moment {
        utc_ms: clock,
        offset_minutes: 120,
    };
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let before = till.clone();
    let event = till.decide(profile, command, known, now, scratch, &mut IgnoreFaults);
    assert!(before == *till, "decide changes nothing");
    let event = event.ok()?;
    if let Event::Reserved(reserved) = &event
        && let Body::Receipt(receipt) = &reserved.body
    {
        consistent(receipt);
    }
    let mut room = vec![0; 1 << 16];
    let row = event.encode(&mut room).ok()?.to_vec();
    Some((event.kind(), row))
}

fn take(till: &mut Till, journal: &mut Vec<(u16, Vec<u8>)>, row: Option<(u16, Vec<u8>)>) {
    if let Some((kind, payload)) = row {
        till.apply(&Event::decode(kind, Event::VERSION, &payload).expect("it was just written"));
        journal.push((kind, payload));
    }
}

fn consistent(receipt: &Receipt<'_>) {
    let sum = |of: fn(&ferrotill_core::receipt::Line<'_>) -> Amount| -> i64 {
        receipt.lines.iter().map(|line| of(&line).minor()).sum()
    };
    assert_eq!(sum(|line| line.final_amount), receipt.total.minor());
    assert_eq!(sum(|line| line.final_tax), receipt.tax.minor());
    assert_eq!(sum(|line| line.amount), receipt.sub_total.minor());
    assert!(receipt.total.is_positive() && !receipt.change.is_negative());
    assert_eq!(
        receipt.paid.minor() - receipt.change.minor(),
        receipt.total.minor() + receipt.rounded_by().minor()
    );
}
