//! What `verify` costs beside reading and hashing every row of the same database, and what the pages of lists cost.
//!
//! `cargo bench -p ferrotill-store --bench verify -- [RECEIPTS] [FOLDER]`
//!
//! The store has days of 370 receipts of three lines with a Z-report each, all acknowledged. It is kept in the folder, if one is named.
//! `verify` and the bare program take turns, and medians are printed.
#![allow(
    clippy::print_stdout,
    reason = "the figures are printed for the person who started the measurement"
)]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrotill_core::document::{DocumentKind, ReportKind};
use ferrotill_core::duty::{Duty, Recipient};
use ferrotill_core::event::{Configuration, Event, Mode};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{MOLDOVA, Profile as _};
use ferrotill_core::receipt::{CopiedLine, Draft, DraftLine, DraftPayment, LineTotals, Scratch};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::seal::Seal;
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};
use ferrotill_core::till::{Command, Known, Order, Till, Wish};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Quantity};
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use ferrotill_store::{Batch, Founding, Freeze, FrozenRequest, Reader, SealedDocument, Store};
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

type Done<T = ()> = Result<T, Box<dyn Error>>;

const DEVICE: Uuid = Uuid::from_u128(0xD1);
const DAY: u32 = 370;
const ROUNDS: usize = 5;
const START_MS: i64 = 1_760_000_000_000;
const PACE_MS: i64 = 60_000;

fn main() -> Done {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let receipts: u32 = arguments.next().map_or(Ok(20_000), |count| count.parse())?;
    let kept = arguments.next();
    let own = tempfile::tempdir()?;
    let folder = kept.as_deref().map_or(own.path(), Path::new);
    std::fs::create_dir_all(folder)?;
    fill(folder, receipts)?;
    let wanted = Wanted {
        folder,
        profile: &MOLDOVA,
        mode: Mode::Test,
        devices: &[DEVICE],
        range: VerifyRange::ALL,
    };
    let (mut bare, mut ours, mut rows) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        read(&folder.join("ferrotill.db"))?;
        bare.push(began.elapsed());
        let began = Instant::now();
        let verified = verify(&wanted)?;
        ours.push(began.elapsed());
        rows = verified.rows;
        if !verified.flaws.is_empty() {
            return Err(format!("flaws: {:?}", verified.flaws).into());
        }
    }
    let (bare, ours) = (median(bare), median(ours));
    println!(
        "verify, {receipts} receipts, {rows} rows: {ours:?}; reading and hashing every row: {bare:?}; {:.2}×; {}",
        ours.as_secs_f64() / bare.as_secs_f64(),
        most_memory().unwrap_or_default()
    );
    pages(folder, receipts)
}

/// The median times of the first, the middle and the last page of lists.
fn pages(folder: &Path, receipts: u32) -> Done {
    use DocumentKind::{AlternativeSale, CashIn, CashOut, Refund, Sale, XReport, ZReport};
    let lists: [(&str, &[DocumentKind], u32); 3] = [
        ("receipts", &[Sale, Refund], receipts),
        ("reports", &[XReport, ZReport], receipts.div_ceil(DAY)),
        (
            "receipts and cash",
            &[Sale, Refund, AlternativeSale, CashIn, CashOut],
            receipts,
        ),
    ];
    let reader = Reader::new(folder);
    for (name, kinds, count) in lists {
        for (page, start) in [
            ("first", 0),
            ("middle", count / 2),
            ("last", count.saturating_sub(100)),
        ] {
            let (mut times, mut shown) = (Vec::new(), 0);
            for _ in 0..21 {
                let began = Instant::now();
                shown = 0;
                reader.each_on_page(DEVICE, kinds, (start, 100), |_, _| {
                    shown += 1;
                    ControlFlow::Continue(())
                })?;
                times.push(began.elapsed());
            }
            println!(
                "{name}, {page} page, {shown} documents: {:?}",
                median(times)
            );
        }
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The most memory that this process has had, as Linux says it.
fn most_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.to_owned())
}

/// Reads every row of the database and hashes it, as the bare program of `hardware-tests/bare` does.
fn read(file: &Path) -> Done {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags(file, flags)?;
    let tables: Vec<String> = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut last = [0; 32];
    for table in tables {
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut hash = Sha256::new_with_prefix(last);
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => {}
                    ValueRef::Integer(number) => hash.update(number.to_le_bytes()),
                    ValueRef::Real(number) => hash.update(number.to_le_bytes()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => hash.update(bytes),
                }
            }
            last = hash.finalize().into();
        }
    }
    std::hint::black_box(last);
    Ok(())
}

/// What a recipient would be told: a body as long as that of a receipt.
#[derive(Debug)]
struct LongForm;

impl Freeze for LongForm {
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        MOLDOVA.duties(kind)
    }

    fn freeze(&self, _: Duty, _: &SealedDocument<'_>) -> Result<FrozenRequest, String> {
        Ok(FrozenRequest {
            content_type: "application/json".to_owned(),
            body: vec![b' '; 1_200],
        })
    }
}

struct Filler {
    till: Till,
    now: i64,
    sealed: Vec<i64>,
}

fn fill(folder: &Path, receipts: u32) -> Done {
    let at = moment(START_MS);
    let mut store = Store::open(folder, &Founding::new(MOLDOVA.facts(), Mode::Test, at))?;
    store.freeze_with(Arc::new(LongForm));
    let till = store.load_till(DEVICE)?;
    let mut sold = till.grand().sales.receipts.count;
    let mut filler = Filler {
        now: START_MS + i64::from(sold + sold / DAY) * PACE_MS,
        till,
        sealed: Vec::new(),
    };
    let configuration = configuration()?;
    if *filler.till.configuration() != configuration {
        let mut batch = store.batch()?;
        filler.append(&mut batch, &Command::Adopt(&configuration))?;
        batch.commit()?;
    }
    while sold < receipts {
        let mut batch = store.batch()?;
        for _ in 0..DAY.min(receipts - sold) {
            let lines = [
                line("Piine Praga (Franzeluta)", 810, "B"),
                line("Lapte 1l", 1_275, "A"),
                line("Piine Praga (Franzeluta)", 810, "B"),
            ];
            let payments = [DraftPayment {
                code: Some(0),
                amount: Amount::from_minor(3_000),
            }];
            let draft = Draft {
                lines: &lines,
                payments: &payments,
                ..Draft::default()
            };
            filler.seal(&mut batch, Wish::Sale(draft))?;
            sold += 1;
        }
        filler.seal(&mut batch, Wish::Report(ReportKind::Z))?;
        for sealed in filler.sealed.drain(..) {
            batch.acknowledge(Recipient::AUTHORITY, sealed, "TEST", filler.now)?;
        }
        batch.snapshot(DEVICE, &filler.till)?;
        batch.commit()?;
    }
    store.anchor();
    Ok(())
}

impl Filler {
    fn seal(&mut self, batch: &mut Batch<'_>, wish: Wish<'_>) -> Done {
        self.now += PACE_MS;
        let id = Uuid::new_v4().into_bytes();
        let mut fingerprint = [0; 32];
        fingerprint[..16].copy_from_slice(&id);
        let order = Order {
            id: DocumentId(id),
            unique: UniqueId(Uuid::now_v7().into_bytes()),
            fingerprint: Fingerprint(fingerprint),
            fingerprint_form: 0,
            point_of_sale: PointOfSaleId([1; 16]),
            annex: b"[null,null]",
            baseline: None,
            wish,
        };
        self.append(batch, &Command::Reserve(order))?;
        let printed = Seal::Printer {
            document: 1,
            fiscal_receipt: None,
            counters: None,
            printed_at: None,
        };
        self.append(batch, &Command::Settle(DocumentId(id), printed))?;
        self.sealed.push(batch.seq());
        Ok(())
    }

    fn append(&mut self, batch: &mut Batch<'_>, command: &Command<'_>) -> Done {
        let (mut lines, mut bytes) = ([LineTotals::default(); 16], [0; 4_096]);
        let scratch = Scratch {
            lines: &mut lines,
            bytes: &mut bytes,
        };
        let mut room = [0; 8_192];
        let (kind, payload) = {
            let known = Known::default();
            let decided = self.till.decide(
                &MOLDOVA,
                command,
                &known,
                moment(self.now),
                scratch,
                &mut IgnoreFaults,
            );
            let event = decided.map_err(|refusal| refusal.to_string())?;
            let payload = event
                .encode(&mut room)
                .map_err(|error| format!("{error:?}"))?;
            (event.kind(), payload)
        };
        let event = Event::decode(kind, Event::version_of(kind), payload)
            .map_err(|error| format!("{error:?}"))?;
        batch.append((DEVICE, &mut self.till), self.now, &event, payload)?;
        Ok(())
    }
}

const fn moment(utc_ms: i64) -> Moment {
    Moment {
        utc_ms,
        offset_minutes: 120,
    }
}

const fn line(name: &'static str, price: i64, tax_group: &'static str) -> DraftLine<'static> {
    DraftLine {
        name,
        quantity: Quantity::ONE,
        price: Amount::from_minor(price),
        modifier: None,
        tax_group: Some(tax_group),
        comment: "",
        final_amount: None,
        voided: false,
        copied: CopiedLine::NONE,
    }
}

fn configuration() -> Done<Configuration> {
    let group = |letter, rate| -> Done<TaxGroup> {
        let code = TaxCode::new(letter).ok_or("no tax group")?;
        let rate = TaxRate::from_ten_thousandths(rate).ok_or("no rate")?;
        Ok(TaxGroup::new(code, rate))
    };
    let cash = PaymentType {
        code: 0,
        name: "Numerar".try_into().map_err(|_| "a long name")?,
        cash: true,
        printer_letter: b'P',
        open_drawer: true,
    };
    Ok(Configuration {
        taxes: TaxTable::new(&[group(b'A', 200_000)?, group(b'B', 80_000)?])
            .ok_or("a bad table of tax groups")?,
        payments: PaymentTable::new([cash].into_iter()).ok_or("a bad table of payments")?,
        ranges: [].into_iter().collect(),
        alternative_receipts: false,
    })
}
