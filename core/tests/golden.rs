//! The frozen encoding of the journal: the bytes that version 1 writes, and what they mean.
//!
//! Do not change the files. If a test fails, this build cannot read rows that are stored in shops:
//! give the event a new version, keep the old version readable, and add lines.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use std::fmt::Write as _;

use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{
    ClockSet, ClosedByPrinter, DeviceIdentified, Event, Founded, Mode, Restored, Sealed, Switched,
};
use ferrotill_core::id::DocumentId;
use ferrotill_core::numbers::Span;
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::printer_time::PrinterTime;
use ferrotill_core::profile::by_code;
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{Draft, DraftLine, Original};
use ferrotill_core::seal::{PrinterCounters, Seal, StoredBaseline};
use ferrotill_core::till::{Command, Known, Till, Wish};
use ferrotill_core::{Amount, Quantity};

use shop::{
    NOON, PRINTER, SALE, SALE_LINES, Shop, chosen, configuration, moment, not_returned, pay,
    receipt_of,
};

/// The rows that builds before version 2 have written. This build reads them and writes no such row of a kind that has a version 2.
const VERSION_1: &str = include_str!("golden/events-v1.txt");
/// Rows as builds wrote them whose seals did not have the printer's own time: kind, version and payload.
const WRITTEN_BEFORE: &str = include_str!("golden/events-v2.txt");
/// The rows that this build writes: kind, version and payload.
const WRITTEN: &str = include_str!("golden/events-v3.txt");
/// The snapshot of the same journal. The snapshot has a version of its own ([`Till::SNAPSHOT_VERSION`]): an older snapshot (the
/// row `till` of the file above) is not read; the till makes it again from the journal.
const SNAPSHOT_9: &str = include_str!("golden/till-v9.txt");

/// A journal with every event, every seal, every kind of document and every field of a receipt.
fn journal() -> Shop {
    let mut shop = Shop::open();
    shop.one_time = true;
    let none = Known::default();
    adopt_tables_and_numbers(&mut shop);
    shop.reserve(1, Wish::Cash(Amount::from_minor(500_000)), none)
        .unwrap();
    shop.settle(1).unwrap();
    shop.reserve(2, Wish::Cash(Amount::from_minor(-1)), none)
        .unwrap();
    shop.settle(2).unwrap();
    sell_with_every_field(&mut shop);
    shop.country = "MD";
    shop.reserve(4, Wish::AlternativeSale(SALE, Some(chosen("ABC", 1))), none)
        .unwrap();
    let seal = Seal::Range {
        series: "ABC",
        number: 1,
        number_length: 8,
    };
    shop.run(Command::Settle(DocumentId([4; 16]), seal), none)
        .unwrap();
    sell_and_return(&mut shop);
    report(&mut shop);
    shop.reserve(10, Wish::Cash(Amount::from_minor(1)), none)
        .unwrap();
    let given = Seal::FiscalNumber {
        number: 77,
        reserved: false,
    };
    shop.run(Command::Settle(DocumentId([10; 16]), given), none)
        .unwrap();
    shop.reserve(
        11,
        Wish::Sale(Draft {
            lines: &SALE_LINES,
            ..SALE
        }),
        none,
    )
    .unwrap();
    let switched = Event::Switched(Switched {
        at: moment(NOON + 2_000),
        from: "online",
        to: "offline",
        reason: "three failures",
    });
    let mut room = [0; 256];
    let row = switched.encode(&mut room).unwrap().to_vec();
    shop.till.apply(&switched);
    shop.journal.push((switched.kind(), row));
    shop
}

/// The events that concern the folder, a device or the clock, and a seal with the printer's own time: they leave the till as it is.
fn events_beside_the_till() -> [Event<'static>; 6] {
    let at = moment(NOON + 3_000);
    [
        Event::Sealed(Sealed {
            id: DocumentId([12; 16]),
            at,
            number: 10,
            current_number: 1,
            seal: Seal::Printer {
                document: 11,
                fiscal_receipt: Some(4),
                counters: None,
                printed_at: PrinterTime::read("28-11-26 04:37:31"),
            },
            report: None,
        }),
        Event::Founded(Founded {
            at,
            country: "MD",
            currency: "MDL",
            mode: Mode::Live,
            confirmed: true,
        }),
        Event::DeviceIdentified(DeviceIdentified {
            at,
            fiscal_number: "J105002238",
            owner: "Magazin S.R.L.",
            owner_number: "1002600001234",
            address: "str. Pușkin 1, Chișinău",
        }),
        Event::Restored(Restored { at, epoch: 1 }),
        Event::ClockSet(ClockSet {
            before: moment(NOON),
            at,
            by: "Ana",
        }),
        Event::ClosedByPrinter(ClosedByPrinter {
            at,
            document: None,
            z_number_known: 3,
            day: "28-11-26",
            now: PRINTER,
        }),
    ]
}

/// The configuration of another country, with one more payment type, and reserved fiscal numbers.
fn adopt_tables_and_numbers(shop: &mut Shop) {
    let none = Known::default();
    let mut law = configuration();
    law.taxes = by_code("UA").unwrap().facts().tax_table();
    let coupon = PaymentType {
        code: -5,
        name: "Tichet".try_into().unwrap(),
        cash: false,
        printer_letter: b'I',
        open_drawer: false,
    };
    law.payments = PaymentTable::new(law.payments.iter().cloned().chain([coupon])).unwrap();
    shop.run(Command::Adopt(&law), none).unwrap();
    let spans = [
        Span {
            first: 1_000_000_000_001,
            last: 1_000_000_000_002,
        },
        Span {
            first: u64::MAX,
            last: u64::MAX,
        },
    ];
    shop.run(Command::TakeNumbers(&spans), none).unwrap();
}

/// A sale with every field of a receipt: two taxes, a voided line, net prices, modifiers, three payments, cash rounding, texts.
///
/// It is taken as an earlier build has written it, because that build computed the levy on the base of the tax.
fn sell_with_every_field(shop: &mut Shop) {
    let none = Known::default();
    shop.country = "UA";
    let is_the_sale =
        |(kind, _, payload): &(u16, u16, Vec<u8>)| *kind == 2 && payload.starts_with(&[3; 16]);
    let (kind, version, payload) = rows_of(WRITTEN).find(is_the_sale).unwrap();
    let sale = Event::decode(kind, version, &payload).unwrap();
    let mut room = [0; 1 << 10];
    let row = sale.encode(&mut room).unwrap().to_vec();
    shop.till.apply(&sale);
    shop.journal.push((kind, row));
    let number = shop.till.fiscal_numbers().next().unwrap();
    let reserved = Seal::FiscalNumber {
        number,
        reserved: true,
    };
    shop.run(Command::Settle(DocumentId([3; 16]), reserved), none)
        .unwrap();
}

/// A sale, a refund that is cancelled and voided, and a refund that is sealed.
fn sell_and_return(shop: &mut Shop) {
    let none = Known::default();
    shop.reserve(5, Wish::Sale(SALE), none).unwrap();
    let sold = shop.journal.last().unwrap().clone();
    shop.settle(5).unwrap();
    let left = not_returned(&receipt_of(&sold));
    let original = Original {
        kind: OriginalKind::Fiscal,
        number_unknown: false,
        lines: &left,
    };
    let back = [DraftLine {
        quantity: Quantity::ONE,
        ..SALE_LINES[0]
    }];
    let draft = Draft {
        lines: &back,
        payments: &[pay(0, 517)],
        ..Draft::default()
    };
    let known = Known {
        original: Some(&original),
        ..none
    };
    shop.reserve(6, Wish::Refund(DocumentId([5; 16]), draft), known)
        .unwrap();
    shop.run(Command::DecideCancel(DocumentId([6; 16])), none)
        .unwrap();
    shop.run(
        Command::Void(DocumentId([6; 16]), 5, "out of paper; lipsește hârtia"),
        none,
    )
    .unwrap();
    shop.reserve(7, Wish::Refund(DocumentId([5; 16]), draft), known)
        .unwrap();
    shop.settle(7).unwrap();
}

/// An X-report without the printer's counters, and a Z-report with them.
fn report(shop: &mut Shop) {
    let none = Known::default();
    shop.now = NOON + 1_000;
    let counters = PrinterCounters {
        z_number: 4,
        sales: std::array::from_fn(|place| {
            Amount::from_minor(i64::try_from(place).unwrap() * 1_000 - 1)
        }),
        refunds: Some([Amount::from_minor(517); 8]),
        cash: Some(Amount::from_minor(499_999)),
        cash_in: Some(Amount::from_minor(500_000)),
        cash_out: None,
        receipts: Some(3),
    };
    for (id, kind, counters) in [(8, ReportKind::X, None), (9, ReportKind::Z, Some(counters))] {
        shop.reserve(id, Wish::Report(kind), none).unwrap();
        let seal = Seal::Printer {
            document: 10,
            fiscal_receipt: None,
            counters,
            printed_at: None,
        };
        shop.run(Command::Settle(DocumentId([id; 16]), seal), none)
            .unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = VERSION_1.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| line.split_once(' ').unwrap());
    rows.filter(|(kind, _)| *kind != "till")
}

/// The rows of a file, as kind, version and payload.
fn rows_of(file: &'static str) -> impl Iterator<Item = (u16, u16, Vec<u8>)> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap();
        (
            next().parse().unwrap(),
            next().parse().unwrap(),
            bytes(next()),
        )
    })
}

fn snapshot() -> &'static str {
    let mut lines = SNAPSHOT_9.lines().filter(|line| !line.starts_with('#'));
    lines.next().unwrap()
}

#[test]
fn this_build_writes_the_bytes_of_the_written_versions() {
    let shop = journal();
    let mut written = String::new();
    for (kind, payload) in &shop.journal {
        let version = Event::version_of(*kind);
        writeln!(written, "{kind} {version} {}", hex(payload)).unwrap();
    }
    let mut room = vec![0; 1 << 14];
    for event in events_beside_the_till() {
        let (kind, version) = (event.kind(), event.version());
        let payload = event.encode(&mut room).unwrap();
        writeln!(written, "{kind} {version} {}", hex(payload)).unwrap();
    }
    let frozen: String = WRITTEN
        .lines()
        .filter(|line| !line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(written, frozen);
    let till = postcard::to_slice(&shop.till, &mut room).unwrap();
    assert_eq!(hex(till), snapshot());
}

#[test]
fn the_written_bytes_still_mean_the_same() {
    let mut kinds = [0_u32; 14];
    let mut room = vec![0; 1 << 14];
    for (kind, version, payload) in rows_of(WRITTEN) {
        let event = Event::decode(kind, version, &payload).unwrap();
        assert_eq!((event.kind(), event.version()), (kind, version));
        assert_eq!(
            event.encode(&mut room).unwrap(),
            payload,
            "an event has only one encoding"
        );
        kinds[usize::from(kind)] += 1;
    }
    let of_each_kind = [2, 11, 1, 10, 1, 1, 1, 1, 0, 1, 1, 1, 1];
    assert_eq!(kinds[1..], of_each_kind, "rows of each kind");
}

#[test]
fn the_bytes_that_were_written_before_still_mean_the_same() {
    let mut now = rows_of(WRITTEN);
    for (kind, version, payload) in rows_of(WRITTEN_BEFORE) {
        let event = Event::decode(kind, version, &payload).unwrap();
        // The file of today has one event more, a seal with the printer's own time.
        let same = now
            .by_ref()
            .map(|(kind, version, payload)| {
                (
                    kind,
                    Event::decode(kind, version, &payload) == Ok(event.clone()),
                )
            })
            .find(|(_, is_same)| *is_same);
        assert_eq!(same, Some((kind, true)));
    }
}

#[test]
fn the_bytes_of_version_1_still_mean_the_same() {
    let mut till = Till::default();
    let mut kinds = [0_u32; 8];
    let mut written = rows_of(WRITTEN);
    for (kind, hex) in rows() {
        let kind: u16 = kind.parse().unwrap();
        let payload = bytes(hex);
        let event = Event::decode(kind, 1, &payload).unwrap();
        // The file of the written rows begins with the same events.
        let (today, version, payload) = written.next().unwrap();
        let mut today = Event::decode(today, version, &payload).unwrap();
        if let Event::Reserved(reserved) = &mut today
            && let Some(baseline) = &mut reserved.baseline
        {
            baseline.family = StoredBaseline::FAMILY_UNKNOWN;
        }
        if let Event::ConfigurationAdopted(adopted) = &mut today {
            adopted.next.clear();
        }
        assert_eq!(event.kind(), kind);
        assert_eq!(event, today);
        till.apply(&event);
        kinds[usize::from(kind)] += 1;
    }
    let frozen: Till = postcard::from_bytes(&bytes(snapshot())).unwrap();
    assert_eq!(frozen, till, "a snapshot equals the replay of its rows");
    assert_eq!(kinds[1..], [2, 11, 1, 9, 1, 1, 1], "rows of each kind");
    assert_eq!(till.last_number(), 9);
    assert_eq!(till.last_z(), 1);
    assert_eq!(till.fiscal_numbers().left(), 2);
}

#[test]
fn shorter_or_longer_rows_are_refused() {
    let old = rows().map(|(kind, hex)| (kind.parse().unwrap(), 1, bytes(hex)));
    for (kind, version, payload) in old.chain(rows_of(WRITTEN_BEFORE)).chain(rows_of(WRITTEN)) {
        for length in 0..payload.len() {
            // A row that is cut short is not a complete event.
            assert!(
                Event::decode(kind, version, &payload[..length]).is_err(),
                "{kind} {version} {length}"
            );
        }
        let mut longer = payload.clone();
        longer.push(0);
        assert!(Event::decode(kind, version, &longer).is_err());
        assert!(
            Event::decode(kind, Event::version_of(kind) + 1, &payload).is_err(),
            "a version that does not exist yet"
        );
        assert!(Event::decode(99, 1, &payload).is_err());
    }
}
