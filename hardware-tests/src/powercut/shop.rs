//! A till with its store on a disk that can lose its power.

use std::path::PathBuf;
use std::sync::Arc;

use ferrotill::authority::DutyForms;
use ferrotill::config::OnlineEcrConfig;
use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::duty::Recipient;
use ferrotill_core::event::{Configuration, Mode, NumberRange};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::payment::PaymentTable;
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Order, Till, Wish};
use ferrotill_core::time::Moment;
use ferrotill_disk::{Disk, Image, SeededRandom};
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use ferrotill_store::{Founding, Store, StoreError};
use tempfile::TempDir;
use uuid::Uuid;

use super::Violation;
use crate::error_text::with_sources;
use crate::journal::{LOAF, decide_and_append, printed};

/// The id of the shop's only device.
const DEVICE: Uuid = Uuid::from_u128(0xD1);
const NOON: i64 = 1_795_262_400_000;

/// A commit that the store has acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledged {
    /// How many operations the disk had done when the commit was acknowledged.
    pub(super) moment: usize,
    /// The last journal row when the commit was acknowledged.
    pub(super) seq: i64,
}

/// A till with its store on a disk.
pub(super) struct TestShop {
    folder: TempDir,
    pub(super) disk: Disk,
    pub(super) store: Option<Store>,
    till: Till,
    pub(super) now: i64,
    /// How many documents were begun so far; the number is also the id of the next document.
    documents: u128,
    pub(super) acknowledged: Vec<Acknowledged>,
    /// The disk's content after the till has adopted its configuration.
    new: Image,
    /// Operations of the disk when the first start had made the store.
    made_at: usize,
    /// The key of the journal, which the first start makes after the database.
    key: Vec<u8>,
}

impl TestShop {
    /// Makes a new store whose till has adopted its configuration.
    pub(super) fn new() -> Result<Self, Violation> {
        // Key and anchor are files on the real file system; in memory their syncs cost nothing.
        let memory = std::path::Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(|error| error.to_string())?;
        let disk = Disk::mount(folder.path());
        let mut shop = Self {
            folder,
            disk,
            store: None,
            till: Till::default(),
            now: NOON,
            documents: 0,
            acknowledged: Vec::new(),
            new: Image::new(),
            made_at: 0,
            key: Vec::new(),
        };
        shop.open().map_err(with_sources)?;
        shop.made_at = shop.disk.operations();
        shop.key = std::fs::read(shop.key_file()).map_err(with_sources)?;
        let configuration = configuration().ok_or("the configuration contradicts itself")?;
        shop.commit(&[Command::Adopt(&configuration)])
            .map_err(with_sources)?;
        shop.new = shop.disk.image();
        Ok(shop)
    }

    /// Restores the state of the shop after [`TestShop::new`], which is quicker than making a new shop.
    pub(super) fn reset(&mut self) -> Result<(), Violation> {
        let new = self.new.clone();
        self.put(&new).map_err(with_sources)?;
        (self.now, self.documents) = (NOON, 0);
        self.acknowledged = vec![Acknowledged {
            moment: 0,
            seq: self.last_row()?,
        }];
        Ok(())
    }

    /// Puts an image on the disk and opens the store as at a start.
    fn put(&mut self, image: &Image) -> Result<(), StoreError> {
        self.store = None;
        // Anchor and key are files of the system, which no power cut of this disk sets back.
        let _ = std::fs::remove_file(self.folder.path().join("journal.anchor"));
        std::fs::write(self.key_file(), &self.key).map_err(|source| StoreError::Folder {
            path: self.key_file(),
            source,
        })?;
        self.disk.put(image);
        self.open()
    }

    /// Operations of the disk when the first start had made the store.
    pub(super) const fn made_at(&self) -> usize {
        self.made_at
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("journal.key")
    }

    /// Opens the store as a start does.
    fn open(&mut self) -> Result<(), StoreError> {
        self.store = None;
        let now = Moment {
            utc_ms: 0,
            offset_minutes: 0,
        };
        let founding = Founding::new(MOLDOVA.facts(), Mode::Test, now);
        let mut store = Store::open(self.folder.path(), &founding)?;
        store.freeze_with(Arc::new(DutyForms::new(
            &MOLDOVA,
            &OnlineEcrConfig::default(),
        )));
        self.till = store.load_till(DEVICE)?;
        self.store = Some(store);
        Ok(())
    }

    /// Reads the till again from the store, because after a failed call nothing in memory is trusted.
    pub(super) fn reload(&mut self) -> Result<(), StoreError> {
        match &mut self.store {
            Some(store) => {
                store.reload_head()?;
                self.till = store.load_till(DEVICE)?;
                Ok(())
            }
            None => self.open(),
        }
    }

    /// Decides some commands, appends their events and commits them in one transaction.
    pub(super) fn commit(&mut self, commands: &[Command<'_>]) -> Result<(), StoreError> {
        let mut after = self.till.clone();
        let now = self.now;
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let mut batch = store.batch()?;
        for command in commands {
            decide_and_append(&mut batch, DEVICE, &mut after, command, now)?;
        }
        let seq = batch.seq();
        batch.commit()?;
        self.till = after;
        self.acknowledged.push(Acknowledged {
            moment: self.disk.operations(),
            seq,
        });
        Ok(())
    }

    /// One random step of a shift.
    pub(super) fn step(&mut self, random: &mut SeededRandom) -> Result<(), StoreError> {
        self.now += 1_000;
        if let Some(outstanding) = self.till.outstanding() {
            let id = outstanding.id;
            let alternative = !outstanding.on_printer();
            let till = self.till.clone();
            let settle = match till.next_alternative(None) {
                Ok(seal) if alternative => Command::Settle(id, seal),
                _ => Command::Settle(id, printed()),
            };
            return match random.below(10) {
                0 if !outstanding.cancel_decided => self.commit(&[Command::DecideCancel(id)]),
                1 => self.commit(&[Command::Void(id, 20, "out of paper")]),
                // The reservation of the next document shares the transaction with the settlement of this one.
                2..=4 => {
                    let order = self.order(Wish::Cash(Amount::from_minor(500)));
                    self.commit(&[settle, Command::Reserve(order)])
                }
                _ => self.commit(&[settle]),
            };
        }
        let lines: Vec<DraftLine<'_>> = (0..=random.below(9)).map(|_| LOAF).collect();
        let owed = 810 * i64::try_from(lines.len()).unwrap_or(0);
        let payments = [DraftPayment {
            code: Some(0),
            amount: Amount::from_minor(owed),
        }];
        let draft = Draft {
            lines: &lines,
            payments: &payments,
            ..Draft::default()
        };
        let till = self.till.clone();
        match random.below(20) {
            0 if till.shift().is_some() => {
                self.seal_at_once(Wish::Report(ReportKind::Z), printed())
            }
            1 => self.seal_at_once(Wish::Report(ReportKind::X), printed()),
            2..=6 => match till.next_alternative(None) {
                Ok(seal) => self.seal_at_once(Wish::AlternativeSale(draft, None), seal),
                Err(_) => Ok(()),
            },
            7 => self.snapshot(),
            8 => self.acknowledge(),
            _ => {
                let order = self.order(Wish::Sale(draft));
                self.commit(&[Command::Reserve(order)])
            }
        }
    }

    pub(super) fn order<'a>(&mut self, wish: Wish<'a>) -> Order<'a> {
        self.documents += 1;
        let id = self.documents.to_be_bytes();
        let mut fingerprint = [0; 32];
        fingerprint[..16].copy_from_slice(&id);
        Order {
            id: DocumentId(id),
            unique: UniqueId(id),
            fingerprint: Fingerprint(fingerprint),
            fingerprint_form: 0,
            point_of_sale: PointOfSaleId([1; 16]),
            annex: b"[null,null]",
            baseline: None,
            wish,
        }
    }

    fn seal_at_once(&mut self, wish: Wish<'_>, seal: Seal<'_>) -> Result<(), StoreError> {
        let order = self.order(wish);
        let settle = Command::Settle(order.id, seal);
        self.commit(&[Command::Reserve(order), settle])
    }

    pub(super) fn snapshot(&mut self) -> Result<(), StoreError> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let mut batch = store.batch()?;
        batch.snapshot(DEVICE, &self.till)?;
        batch.commit()
    }

    fn acknowledge(&mut self) -> Result<(), StoreError> {
        let now = self.now;
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let mut batch = store.batch()?;
        let seq = batch.seq();
        batch.acknowledge(Recipient::AUTHORITY, seq, "TEST", now)?;
        batch.commit()
    }

    /// Settles the outstanding document, sells once more, and closes the day.
    fn sells_after_restart(&mut self) -> Result<(), StoreError> {
        if let Some(outstanding) = self.till.outstanding() {
            let id = outstanding.id;
            self.commit(&[Command::Void(id, 20, "nothing was printed")])?;
        }
        self.documents += 1_000_000;
        self.seal_at_once(Wish::Cash(Amount::from_minor(100)), printed())?;
        self.seal_at_once(Wish::Report(ReportKind::Z), printed())
    }

    /// Opens an image of a moment as a start does, and compares it with what was acknowledged by then.
    pub(super) fn check_image(
        &mut self,
        image: &Image,
        moment: usize,
        acknowledged_seq: Option<i64>,
    ) -> Result<(), Violation> {
        let mut opened = self.put(image);
        if moment < self.made_at && matches!(opened, Err(StoreError::FileMissing { .. })) {
            // The power was cut before the first start had made the key.
            std::fs::remove_file(self.key_file()).map_err(with_sources)?;
            opened = self.open();
        }
        opened.map_err(|error| format!("the store does not open: {}", with_sources(error)))?;
        let last = self.last_row()?;
        if acknowledged_seq.is_some_and(|acknowledged_seq| acknowledged_seq > last) {
            return Err(format!(
                "row {} was acknowledged, and the journal ends at {last}",
                acknowledged_seq.unwrap_or(0)
            ));
        }
        self.verify()?;
        self.sells_after_restart()
            .map_err(|error| format!("the next sale fails: {}", with_sources(error)))?;
        self.verify()
    }

    fn last_row(&mut self) -> Result<i64, Violation> {
        let Some(store) = &mut self.store else {
            return Ok(0);
        };
        let batch = store.batch().map_err(with_sources)?;
        Ok(batch.seq())
    }

    fn verify(&self) -> Result<(), Violation> {
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &MOLDOVA,
            mode: Mode::Test,
            devices: &[DEVICE],
            range: VerifyRange::ALL,
        })
        .map_err(|error| format!("the store cannot be verified: {}", with_sources(error)))?;
        match verified.flaws.first() {
            None => Ok(()),
            Some(flaw) => Err(format!("{}: {flaw}", flaw.place())),
        }
    }
}

fn configuration() -> Option<Configuration> {
    let range = NumberRange {
        series: "ABC".try_into().ok()?,
        start: 1,
        end: 5_000,
        number_length: 8,
    };
    Some(Configuration {
        taxes: MOLDOVA.facts().tax_table(),
        payments: PaymentTable::cash_only("Numerar")?,
        ranges: [range].into_iter().collect(),
        alternative_receipts: true,
    })
}
