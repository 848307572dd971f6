//! A till with its store, for the tests of the store. The events come from the core's own decisions.

use std::path::Path;
use std::sync::Arc;

use ferrotill_core::document::{Body, DocumentKind, ReportKind};
use ferrotill_core::duty::Duty;
use ferrotill_core::event::{Adopted, Configuration, Event, Mode, NumberRange, Reserved, Voided};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{
    CopiedLine, Draft, DraftLine, DraftPayment, LineTotals, Original, OriginalLine, Prices, Scratch,
};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::seal::{Seal, StoredBaseline};
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};
use ferrotill_core::till::{Command, Known, Order, Till, Wish};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Quantity};
use rusqlite::Connection;
use rusqlite::types::Value;
use uuid::Uuid;

use crate::{
    Batch, ChainKey, DeviceIdentity, FILE_NAME, FolderPurpose, Founding, Freeze, FrozenRequest,
    Reader, SealedDocument, Store, StoreError,
};

pub(super) const NOON: i64 = 1_795_262_400_000;
pub(super) const DEVICE: Uuid = Uuid::from_u128(0xD1);
pub(super) const OTHER_DEVICE: Uuid = Uuid::from_u128(0xD2);
pub(super) const COLUMNS_OF_JOURNAL: [&str; 7] =
    ["seq", "device", "at", "kind", "version", "payload", "mac"];

/// A form whose body says what the recipient is told of which document.
#[derive(Debug)]
pub(super) struct PlainForm;

impl Freeze for PlainForm {
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        MOLDOVA.duties(kind)
    }

    fn freeze(&self, duty: Duty, document: &SealedDocument<'_>) -> Result<FrozenRequest, String> {
        Ok(FrozenRequest {
            content_type: "text/plain".to_owned(),
            body: plain_body(duty, document).into_bytes(),
        })
    }
}

fn plain_body(duty: Duty, document: &SealedDocument<'_>) -> String {
    let original = document.original_number;
    format!(
        "{} {} original {original:?}",
        duty.kind, document.sealed.number
    )
}

/// Opens the store of a data folder for Moldova in TEST mode.
pub(super) fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &founding(Mode::Test))
}

/// A founding for Moldova at noon.
pub(super) fn founding(mode: Mode) -> Founding {
    Founding {
        purpose: FolderPurpose::new(MOLDOVA.facts(), mode),
        confirmed: false,
        now: Moment {
            utc_ms: NOON,
            offset_minutes: 120,
        },
    }
}

/// The identity of a device with this number.
pub(super) fn identity(fiscal_number: &str) -> DeviceIdentity {
    DeviceIdentity {
        fiscal_number: fiscal_number.to_owned(),
        owner: "Test SRL".to_owned(),
        owner_number: "1003600000001".to_owned(),
        address: String::new(),
    }
}

pub(super) struct Shop {
    pub(super) folder: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) till: Till,
    pub(super) now: i64,
}

impl Shop {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path()).unwrap();
        store.freeze_with(Arc::new(PlainForm));
        Self::with(folder, store)
    }

    /// A shop whose folder does not say what it is for, as an older program left it.
    pub(super) fn unfounded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path()).unwrap();
        store.write_unfounded();
        Self::with(folder, store)
    }

    fn with(folder: tempfile::TempDir, store: Store) -> Self {
        let mut shop = Self {
            folder,
            store,
            till: Till::default(),
            now: NOON,
        };
        let configuration = configuration();
        let next = configuration
            .ranges
            .iter()
            .map(|range| range.start)
            .collect();
        let event = Event::ConfigurationAdopted(Adopted {
            configuration,
            next,
        });
        let mut batch = shop.store.batch().unwrap();
        append(&mut batch, &event);
        batch.commit().unwrap();
        shop.till.apply(&event);
        shop
    }

    /// Makes a trading day: cash in, a sale, an alternative receipt, a return, an X-report and a Z-report. In a fresh shop they
    /// have the numbers 1 to 6.
    pub(super) fn trading_day(&mut self) {
        self.cash(101, 10_000);
        self.sale(102);
        self.alternative(103);
        self.refund(104, 102, 1_000);
        self.seal(105, Wish::Report(ReportKind::X), printed(4));
        self.seal(106, Wish::Report(ReportKind::Z), printed(5));
    }

    pub(super) fn cash(&mut self, document: u128, amount: i64) {
        self.seal(document, Wish::Cash(minor(amount)), printed(1));
    }

    /// Sells two loaves at 8.10. Returns the journal row of the reservation.
    pub(super) fn sale(&mut self, document: u128) -> i64 {
        let (lines, payments) = ([loaf(2_000)], [paid(1_620)]);
        self.seal(document, Wish::Sale(draft(&lines, &payments)), printed(2))
    }

    pub(super) fn alternative(&mut self, document: u128) {
        let (lines, payments) = ([loaf(1_000)], [paid(810)]);
        let wish = Wish::AlternativeSale(draft(&lines, &payments), None);
        let till = self.till.clone();
        self.seal(document, wish, till.next_alternative(None).unwrap());
    }

    pub(super) fn refund(&mut self, document: u128, sale: u128, thousandths: i64) {
        let original = self
            .reader()
            .find(Some(DEVICE), uuid(sale))
            .unwrap()
            .unwrap();
        let Some(Body::Receipt(receipt)) = original.reserved().map(|reserved| reserved.body) else {
            panic!("a sale");
        };
        let sold: Vec<OriginalLine<'_>> = receipt
            .lines
            .iter()
            .map(|line| OriginalLine {
                line,
                returned_quantity: Quantity::ZERO,
                returned_amount: Amount::ZERO,
                good: None,
            })
            .collect();
        let original = Original {
            kind: OriginalKind::Fiscal,
            number_unknown: false,
            lines: &sold,
        };
        let (lines, payments) = ([loaf(thousandths)], [paid(810 * thousandths / 1_000)]);
        let wish = Wish::Refund(id(sale), draft(&lines, &payments));
        let known = Known {
            request: None,
            original: Some(&original),
            ..Known::default()
        };
        let mut batch = self.store.batch().unwrap();
        reserve_known(
            &mut batch,
            &mut self.till,
            self.now,
            id(document),
            wish,
            known,
        );
        settle(
            &mut batch,
            &mut self.till,
            self.now,
            id(document),
            printed(3),
        );
        batch.commit().unwrap();
    }

    pub(super) fn seal(&mut self, document: u128, wish: Wish<'_>, seal: Seal<'_>) -> i64 {
        self.now += 1_000;
        let mut batch = self.store.batch().unwrap();
        let seq = reserve(&mut batch, &mut self.till, self.now, id(document), wish);
        settle(&mut batch, &mut self.till, self.now, id(document), seal);
        batch.commit().unwrap();
        seq
    }

    /// [`Shop::seal`] of a document that goes to the printer with this serial number.
    pub(super) fn seal_on(
        &mut self,
        printer: &str,
        document: u128,
        wish: Wish<'_>,
        seal: Seal<'_>,
    ) {
        self.now += 1_000;
        let baseline = StoredBaseline {
            serial: printer,
            fiscal_memory: "",
            family: "datecs",
            last_document: 8,
            next_fiscal_receipt: 0,
            z_number: 0,
            cash: Amount::ZERO,
            cash_in: Amount::ZERO,
            cash_out: Amount::ZERO,
        };
        let mut batch = self.store.batch().unwrap();
        let order = Order {
            baseline: Some(baseline),
            ..order(id(document), wish)
        };
        let (till, known) = (&mut self.till, Known::default());
        decide(&mut batch, till, self.now, &Command::Reserve(order), &known);
        settle(&mut batch, till, self.now, id(document), seal);
        batch.commit().unwrap();
    }

    /// Reserves a document and voids it.
    pub(super) fn void(&mut self, document: u128) {
        let mut batch = self.store.batch().unwrap();
        let wish = Wish::Cash(minor(100));
        reserve(&mut batch, &mut self.till, self.now, id(document), wish);
        let event = Event::Voided(Voided {
            id: id(document),
            at: moment(self.now),
            fault: 20,
            reason: "out of paper",
        });
        append(&mut batch, &event);
        batch.commit().unwrap();
        self.till.apply(&event);
    }

    /// Gives a device a number towards the authority.
    pub(super) fn identify(&mut self, device: Uuid, number: &str) {
        let identity = identity(number);
        let event = identity.event(moment(self.now));
        let mut batch = self.store.batch().unwrap();
        batch
            .write(device, self.now, &event, &encoded(&event))
            .unwrap();
        batch.commit().unwrap();
        if device == DEVICE {
            self.till.apply(&event);
        }
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::new(self.folder.path())
    }

    pub(super) fn verify(&self) -> Result<i64, StoreError> {
        let key = ChainKey::load(&self.folder.path().join("journal.key")).unwrap();
        self.reader().verify(&key)
    }

    pub(super) fn rows(&self) -> i64 {
        raw(self.folder.path())
            .query_row("SELECT max(seq) FROM journal", [], |row| row.get(0))
            .unwrap()
    }

    /// Every row of every table, as text.
    pub(super) fn whole(&self) -> Vec<String> {
        let raw = raw(self.folder.path());
        let mut rows = Vec::new();
        for table in tables(&raw) {
            let mut statement = raw.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let words = statement.query_map([], |row| {
                (0..columns)
                    .map(|column| row.get::<_, Value>(column))
                    .collect::<Result<Vec<_>, _>>()
            });
            rows.extend(
                words
                    .unwrap()
                    .map(|row| format!("{table} {:?}", row.unwrap())),
            );
        }
        rows
    }

    /// Opens a connection and removes the triggers that protect the journal.
    pub(super) fn unlocked(&self) -> Connection {
        let raw = raw(self.folder.path());
        raw.execute_batch(
            "PRAGMA synchronous = OFF; DROP TRIGGER journal_is_never_updated; DROP TRIGGER journal_is_never_deleted",
        )
        .unwrap();
        raw
    }
}

pub(super) fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join(FILE_NAME)).unwrap()
}

pub(super) fn tables(raw: &Connection) -> Vec<String> {
    raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

pub(super) fn cell(raw: &Connection, row: i64, column: &str) -> Value {
    let statement = format!("SELECT {column} FROM journal WHERE seq = ?1");
    raw.query_row(&statement, [row], |row| row.get(0)).unwrap()
}

pub(super) fn put(raw: &Connection, row: i64, column: &str, value: &Value) -> bool {
    let statement = format!("UPDATE journal SET {column} = ?2 WHERE seq = ?1");
    raw.execute(&statement, rusqlite::params![row, value])
        .is_ok_and(|changed| changed == 1)
}

pub(super) fn flip(value: &Value, bit: u32) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(number ^ 1_i64.wrapping_shl(bit)),
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
            Value::Blob(bytes)
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn reserve(
    batch: &mut Batch<'_>,
    till: &mut Till,
    now: i64,
    document: DocumentId,
    wish: Wish<'_>,
) -> i64 {
    reserve_known(batch, till, now, document, wish, Known::default())
}

pub(super) fn reserve_known(
    batch: &mut Batch<'_>,
    till: &mut Till,
    now: i64,
    document: DocumentId,
    wish: Wish<'_>,
    known: Known<'_>,
) -> i64 {
    let order = order(document, wish);
    decide(batch, till, now, &Command::Reserve(order), &known)
}

/// The order of a document that goes to no printer.
fn order(document: DocumentId, wish: Wish<'_>) -> Order<'_> {
    Order {
        id: document,
        unique: UniqueId(document.0),
        fingerprint: Fingerprint([9; 32]),
        fingerprint_form: 0,
        point_of_sale: PointOfSaleId([1; 16]),
        annex: b"[null,null]",
        baseline: None,
        wish,
    }
}

pub(super) fn settle(
    batch: &mut Batch<'_>,
    till: &mut Till,
    now: i64,
    document: DocumentId,
    seal: Seal<'_>,
) {
    let command = Command::Settle(document, seal);
    decide(batch, till, now, &command, &Known::default());
}

/// Decides on a command, appends the event and applies it, as the clerk does.
pub(super) fn decide(
    batch: &mut Batch<'_>,
    till: &mut Till,
    now: i64,
    command: &Command<'_>,
    known: &Known<'_>,
) -> i64 {
    let (mut lines, mut bytes) = ([LineTotals::default(); 10], [0; 4_096]);
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let (kind, payload) = {
        let event = till
            .decide(
                &MOLDOVA,
                command,
                known,
                moment(now),
                scratch,
                &mut IgnoreFaults,
            )
            .unwrap();
        (event.kind(), encoded(&event))
    };
    let event = Event::decode(kind, Event::version_of(kind), &payload).unwrap();
    let written = batch.append((DEVICE, till), now, &event, &payload).unwrap();
    if let Some(reserved) = written.reserved {
        let row = batch.request_anywhere(DocumentId(*reserved.row.id.as_bytes()));
        let read = batch.document(row.unwrap().unwrap()).unwrap();
        assert_eq!(reserved, read, "what was written is what is read");
    }
    written.seq
}

pub(super) fn append(batch: &mut Batch<'_>, event: &Event<'_>) -> i64 {
    batch
        .write(DEVICE, NOON, event, &encoded(event))
        .unwrap()
        .seq
}

pub(super) fn encoded(event: &Event<'_>) -> Vec<u8> {
    event.encode(&mut [0; 4_096]).unwrap().to_vec()
}

pub(super) fn bare_reservation(document: DocumentId, at: Moment) -> Event<'static> {
    Event::Reserved(Reserved {
        id: document,
        unique: UniqueId(document.0),
        fingerprint: Fingerprint([9; 32]),
        fingerprint_form: 0,
        at,
        point_of_sale: PointOfSaleId([1; 16]),
        z_number: 1,
        body: Body::Cash(minor(100)),
        baseline: None,
        annex: b"",
    })
}

pub(super) fn draft<'a>(lines: &'a [DraftLine<'a>], payments: &'a [DraftPayment]) -> Draft<'a> {
    Draft {
        lines,
        modifiers: &[],
        payments,
        header: "",
        footer: "",
        prices: Prices::TaxIncluded,
    }
}

pub(super) fn loaf(thousandths: i64) -> DraftLine<'static> {
    DraftLine {
        name: "Piine",
        quantity: Quantity::from_thousandths(thousandths),
        price: minor(810),
        modifier: None,
        tax_group: Some("B"),
        comment: "",
        final_amount: None,
        voided: false,
        copied: CopiedLine::NONE,
    }
}

pub(super) fn paid(amount: i64) -> DraftPayment {
    DraftPayment {
        code: Some(0),
        amount: minor(amount),
    }
}

pub(super) fn printed(document: u32) -> Seal<'static> {
    Seal::Printer {
        document,
        fiscal_receipt: None,
        counters: None,
        printed_at: None,
    }
}

pub(super) fn minor(amount: i64) -> Amount {
    Amount::from_minor(amount)
}

pub(super) fn moment(utc_ms: i64) -> Moment {
    Moment {
        utc_ms,
        offset_minutes: 120,
    }
}

pub(super) fn id(document: u128) -> DocumentId {
    DocumentId(document.to_be_bytes())
}

pub(super) fn uuid(document: u128) -> Uuid {
    Uuid::from_u128(document)
}

pub(super) fn configuration() -> Configuration {
    let group = TaxGroup::new(
        TaxCode::new(b'B').unwrap(),
        TaxRate::from_ten_thousandths(80_000).unwrap(),
    );
    let cash = PaymentType {
        code: 0,
        name: "Numerar".try_into().unwrap(),
        cash: true,
        printer_letter: b'P',
        open_drawer: true,
    };
    let range = NumberRange {
        series: "ABC".try_into().unwrap(),
        start: 1,
        end: 500,
        number_length: 8,
    };
    Configuration {
        taxes: TaxTable::new(&[group]).unwrap(),
        payments: PaymentTable::new([cash].into_iter()).unwrap(),
        ranges: [range].into_iter().collect(),
        alternative_receipts: true,
    }
}
