//! A till with its journal, for tests: every event is encoded and decoded, as it is on disk.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses a part of this"
)]

use ferrotill_core::document::Body;
use ferrotill_core::event::{Configuration, Event, NumberRange, Reserved};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{Profile, by_code};
use ferrotill_core::receipt::{
    CopiedLine, Draft, DraftLine, DraftPayment, LineTotals, Modifier, OriginalLine, Prices,
    Receipt, Scratch,
};
use ferrotill_core::refusal::{Faults, Place, Refusal};
use ferrotill_core::seal::{PrintedNumber, Seal, StoredBaseline};
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};
use ferrotill_core::till::{Command, Known, Order, Till, Wish};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Quantity};

pub(crate) fn configuration() -> Configuration {
    let group = |letter, rate| {
        TaxGroup::new(
            TaxCode::new(letter).unwrap(),
            TaxRate::from_ten_thousandths(rate).unwrap(),
        )
    };
    let payment = |code, name: &str, cash, letter| PaymentType {
        code,
        name: name.try_into().unwrap(),
        cash,
        printer_letter: letter,
        open_drawer: cash,
    };
    let range = NumberRange {
        series: "ABC".try_into().unwrap(),
        start: 1,
        end: 2,
        number_length: 8,
    };
    Configuration {
        taxes: TaxTable::new(&[group(b'A', 200_000), group(b'B', 80_000)]).unwrap(),
        payments: PaymentTable::new(
            [
                payment(0, "Numerar", true, b'P'),
                payment(1, "Card", false, b'D'),
            ]
            .into_iter(),
        )
        .unwrap(),
        ranges: [range].into_iter().collect(),
        alternative_receipts: true,
    }
}

pub(crate) fn moment(utc_ms: i64) -> Moment {
    Moment {
        utc_ms,
        offset_minutes: 120,
    }
}

/// The printer's answer about itself before a document.
pub(crate) const PRINTER: StoredBaseline<'static> = StoredBaseline {
    family: "datecs",
    serial: "DT000001",
    fiscal_memory: "50000001",
    last_document: 7,
    next_fiscal_receipt: 3,
    z_number: 1,
    cash: Amount::ZERO,
    cash_in: Amount::ZERO,
    cash_out: Amount::ZERO,
};

pub(crate) const NOON: i64 = 1_795_262_400_000;

#[derive(Default)]
pub(crate) struct CollectFaults(pub Vec<(Place, Refusal)>);

impl Faults for CollectFaults {
    fn fault(&mut self, place: Place, refusal: Refusal) {
        self.0.push((place, refusal));
    }
}

/// A number of an alternative receipt with eight digits, as a caller chooses it.
pub(crate) const fn chosen(series: &str, number: u32) -> PrintedNumber<'_> {
    PrintedNumber {
        series,
        number,
        number_length: 8,
    }
}

/// A till with its journal: every event is encoded and decoded, as it is on disk.
pub(crate) struct Shop {
    pub(crate) till: Till,
    pub(crate) journal: Vec<(u16, Vec<u8>)>,
    pub(crate) now: i64,
    pub(crate) country: &'static str,
    pub(crate) faults: Vec<(Place, Refusal)>,
    /// True if every document gets the time `now`, as in the golden files: they are of a build that gave two documents one time.
    pub(crate) one_time: bool,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let mut shop = Self {
            till: Till::default(),
            journal: Vec::new(),
            now: NOON,
            country: "MD",
            faults: Vec::new(),
            one_time: false,
        };
        let configuration = configuration();
        shop.run(Command::Adopt(&configuration), Known::default())
            .unwrap();
        shop
    }

    pub(crate) fn run(&mut self, command: Command<'_>, known: Known<'_>) -> Result<(), Refusal> {
        let (mut lines, mut bytes) = ([LineTotals::default(); 600], vec![0; 1 << 16]);
        let scratch = Scratch {
            lines: &mut lines,
            bytes: &mut bytes,
        };
        let mut found = CollectFaults::default();
        let profile: &dyn Profile = by_code(self.country).unwrap();
        let before = self.till.clone();
        let outcome = self.till.decide(
            profile,
            &command,
            &known,
            moment(self.now),
            scratch,
            &mut found,
        );
        assert_eq!(before, self.till, "decide changes nothing");
        self.faults = found.0;
        let mut event = outcome?;
        if let (true, Event::Reserved(reserved)) = (self.one_time, &mut event) {
            reserved.at = moment(self.now);
        }
        let mut room = vec![0; 1 << 16];
        let row = (event.kind(), event.encode(&mut room).unwrap().to_vec());
        let read_back = Event::decode(row.0, Event::version_of(row.0), &row.1).unwrap();
        assert_eq!(event, read_back, "an event survives its encoding");
        let mut after = before;
        after.apply(&read_back);
        self.till = after;
        self.journal.push(row);
        Ok(())
    }

    pub(crate) fn reserve(
        &mut self,
        id: u8,
        wish: Wish<'_>,
        known: Known<'_>,
    ) -> Result<(), Refusal> {
        self.reserve_on(PRINTER, id, wish, known)
    }

    pub(crate) fn reserve_on(
        &mut self,
        printer: StoredBaseline<'_>,
        id: u8,
        wish: Wish<'_>,
        known: Known<'_>,
    ) -> Result<(), Refusal> {
        self.reserve_with(Some(printer), id, wish, known)
    }

    pub(crate) fn reserve_without_printer(
        &mut self,
        id: u8,
        wish: Wish<'_>,
        known: Known<'_>,
    ) -> Result<(), Refusal> {
        self.reserve_with(None, id, wish, known)
    }

    fn reserve_with(
        &mut self,
        baseline: Option<StoredBaseline<'_>>,
        id: u8,
        wish: Wish<'_>,
        known: Known<'_>,
    ) -> Result<(), Refusal> {
        let order = Order {
            id: DocumentId([id; 16]),
            unique: UniqueId([id; 16]),
            fingerprint: Fingerprint([id; 32]),
            fingerprint_form: 0,
            point_of_sale: PointOfSaleId([0; 16]),
            annex: b"{}",
            baseline,
            wish,
        };
        self.run(Command::Reserve(order), known)
    }

    pub(crate) fn settle(&mut self, id: u8) -> Result<(), Refusal> {
        let seal = Seal::Printer {
            document: 8,
            fiscal_receipt: Some(3),
            counters: None,
            printed_at: None,
        };
        self.run(
            Command::Settle(DocumentId([id; 16]), seal),
            Known::default(),
        )
    }

    /// The last event of the journal.
    pub(crate) fn last(&self) -> Event<'_> {
        let (kind, payload) = self.journal.last().unwrap();
        Event::decode(*kind, Event::version_of(*kind), payload).unwrap()
    }
}

/// The receipt of a row of the journal.
pub(crate) fn receipt_of(row: &(u16, Vec<u8>)) -> Receipt<'_> {
    match Event::decode(row.0, Event::version_of(row.0), &row.1).unwrap() {
        Event::Reserved(Reserved {
            body: Body::Receipt(receipt),
            ..
        }) => receipt,
        other => panic!("not a receipt: {other:?}"),
    }
}

/// The lines of a sale of which nothing was returned yet.
pub(crate) fn not_returned<'a>(receipt: &Receipt<'a>) -> Vec<OriginalLine<'a>> {
    receipt
        .lines
        .iter()
        .map(|line| OriginalLine {
            line,
            returned_quantity: Quantity::ZERO,
            returned_amount: Amount::ZERO,
            good: None,
        })
        .collect()
}

/// The lines of [`SALE`].
pub(crate) const SALE_LINES: [DraftLine<'static>; 2] = [
    DraftLine {
        name: "Piine Praga (Franzeluta)",
        quantity: Quantity::from_thousandths(2000),
        price: Amount::from_minor(810),
        modifier: Some(Modifier::Percent(-1500)),
        tax_group: Some("B"),
        comment: "",
        final_amount: None,
        voided: false,
        copied: CopiedLine::NONE,
    },
    DraftLine {
        name: "Gura Cainarului 1.5l Necarbogazoasa",
        quantity: Quantity::from_thousandths(1000),
        price: Amount::from_minor(1200),
        modifier: Some(Modifier::Amount(Amount::from_minor(-100))),
        tax_group: Some("A"),
        comment: "",
        final_amount: None,
        voided: false,
        copied: CopiedLine::NONE,
    },
];

pub(crate) const fn pay(code: i32, minor: i64) -> DraftPayment {
    DraftPayment {
        code: Some(code),
        amount: Amount::from_minor(minor),
    }
}

pub(crate) const SALE_PAYMENTS: [DraftPayment; 2] = [pay(1, 1500), pay(0, 1000)];
pub(crate) const SALE_MODIFIERS: [Modifier; 1] = [Modifier::Percent(-2500)];

/// A sale of two lines with a total of 18.58: 15.00 by card, 10.00 in cash, 6.42 change (`docs/api/fiscalcloud.md`).
pub(crate) const SALE: Draft<'static> = Draft {
    lines: &SALE_LINES,
    prices: Prices::TaxIncluded,
    modifiers: &SALE_MODIFIERS,
    payments: &SALE_PAYMENTS,
    header: "",
    footer: "",
};
