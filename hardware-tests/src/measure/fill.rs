//! Makes a store with a long history: the core decides, and the real store writes, in large transactions.

use std::path::Path;
use std::sync::Arc;

use ferrotill::authority::DutyForms;
use ferrotill::config::adopt;
use ferrotill::time::clock::system_ms;
use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::duty::Recipient;
use ferrotill_core::event::Mode;
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment};
use ferrotill_core::till::{Command, Order, Till, Wish};
use ferrotill_core::time::Moment;
use ferrotill_store::{Batch, Founding, Store};
use uuid::Uuid;

use super::Measured;
pub use super::shop::DEVICE;
use super::shop::config;
use crate::error_text::with_sources;
use crate::journal::{LOAF, decide_and_append, printed};

/// How many receipts a day has; each whole day ends with a Z-report.
const DAY: u32 = 370;
/// How many receipts share a transaction.
const TOGETHER: u32 = 250;
/// Milliseconds between two receipts.
const PACE_MS: i64 = 60_000;

/// Whether the authority has acknowledged the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outbox {
    /// All documents.
    Acknowledged,
    /// No document.
    Unsent,
}

/// Fills a folder's store up to this number of receipts. Returns the number of Z-reports.
///
/// # Errors
///
/// The text says what was wrong with the folder.
pub fn fill(folder: &Path, receipts: u32, outbox: Outbox) -> Measured<u32> {
    let config = config(folder)?;
    let device = config.devices.first().ok_or("the shop has no device")?;
    let configuration = adopt::configuration(device, MOLDOVA.facts()).expect("the tables fit");
    // The receipts get times of the past, so the folder is founded before them.
    let long_ago = Moment {
        utc_ms: 0,
        offset_minutes: 0,
    };
    let founding = Founding::new(MOLDOVA.facts(), Mode::Test, long_ago);
    let mut store = Store::open(folder, &founding).map_err(with_sources)?;
    store.freeze_with(Arc::new(DutyForms::of(&config, &MOLDOVA)));
    let till = store.load_till(DEVICE).map_err(with_sources)?;
    let past = till.grand().sales.receipts.count;
    // The last receipt gets a time of yesterday.
    let documents = receipts.saturating_sub(past);
    let length = i64::from(documents + documents / DAY + 1) * PACE_MS;
    let latest = store.latest_moment().map_err(with_sources)?;
    let begin = system_ms() - 86_400_000 - length;
    let now = latest.map_or(begin, |latest| latest.utc_ms.max(begin));
    let mut filler = Filler {
        till,
        now,
        sealed: Vec::new(),
    };
    if *filler.till.configuration() != configuration {
        let mut batch = store.batch().map_err(with_sources)?;
        filler.append(&mut batch, &Command::Adopt(&configuration))?;
        batch.commit().map_err(with_sources)?;
    }
    let mut sold = past;
    // The last shift is closed too, because the law limits its length.
    while sold < receipts || filler.till.shift().is_some() {
        let mut batch = store.batch().map_err(with_sources)?;
        let left_of_day = DAY - sold % DAY;
        let now_sold = left_of_day.min(TOGETHER).min(receipts.saturating_sub(sold));
        for _ in 0..now_sold {
            filler.sell(&mut batch)?;
        }
        sold += now_sold;
        if sold.is_multiple_of(DAY) || sold >= receipts {
            filler.seal(&mut batch, Wish::Report(ReportKind::Z))?;
        }
        if outbox == Outbox::Acknowledged {
            filler.acknowledge(&mut batch)?;
        }
        batch.snapshot(DEVICE, &filler.till).map_err(with_sources)?;
        batch.commit().map_err(with_sources)?;
    }
    store.anchor();
    Ok(filler.till.last_z())
}

struct Filler {
    till: Till,
    now: i64,
    /// How many outbox entries are not acknowledged yet.
    sealed: Vec<i64>,
}

impl Filler {
    fn sell(&mut self, batch: &mut Batch<'_>) -> Measured {
        let lines = [LOAF, MILK, LOAF];
        let payments = [DraftPayment {
            code: Some(0),
            amount: Amount::from_minor(3_000),
        }];
        let draft = Draft {
            lines: &lines,
            payments: &payments,
            ..Draft::default()
        };
        self.seal(batch, Wish::Sale(draft))
    }

    fn seal(&mut self, batch: &mut Batch<'_>, wish: Wish<'_>) -> Measured {
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
        self.append(batch, &Command::Settle(DocumentId(id), printed()))?;
        self.sealed.push(batch.seq());
        Ok(())
    }

    fn acknowledge(&mut self, batch: &mut Batch<'_>) -> Measured {
        for sealed_seq in self.sealed.drain(..) {
            batch
                .acknowledge(Recipient::AUTHORITY, sealed_seq, "TEST", self.now)
                .map_err(with_sources)?;
        }
        Ok(())
    }

    fn append(&mut self, batch: &mut Batch<'_>, command: &Command<'_>) -> Measured {
        decide_and_append(batch, DEVICE, &mut self.till, command, self.now).map_err(with_sources)
    }
}

const MILK: DraftLine<'static> = DraftLine {
    name: "Lapte 1l",
    price: Amount::from_minor(1_275),
    tax_group: Some("A"),
    ..LOAF
};
