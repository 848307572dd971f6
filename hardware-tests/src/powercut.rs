//! The books through power cuts and failing disks: the real store on a disk that keeps no more than it promised.
//!
//! A shift is sold with the core's own decisions. After each commit that was acknowledged the journal's last row is a promise.
//! Then the power goes at every moment of the shift, in many ways, and each time the books are opened as at a start:
//! what was promised is there, the whole verification finds nothing, and the next sale goes through.

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{Configuration, NumberRange};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::payment::PaymentTable;
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Order, Till, Wish};
use ferrotill_disk::{Dice, Disk, Image, Kind, Trouble};
use ferrotill_store::verify::{Range, Wanted, verify};
use ferrotill_store::{Store, StoreError};
use tempfile::TempDir;
use uuid::Uuid;

use crate::bookkeeping::{LOAF, printed, write_down};

/// The one device.
const DEVICE: Uuid = Uuid::from_u128(0xD1);
const NOON: i64 = 1_795_262_400_000;

/// What went wrong.
pub type Violation = String;

/// The journal's last row after a commit that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Promise {
    /// Operations of the disk by then.
    moment: usize,
    /// The row.
    seq: i64,
}

/// What a suite came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Images that were opened.
    pub states: usize,
    /// Documents that were promised over all shifts.
    pub promises: usize,
}

/// A till and its books on a disk.
struct Shop {
    folder: TempDir,
    disk: Disk,
    store: Option<Store>,
    till: Till,
    now: i64,
    /// Documents so far: the next one's id.
    documents: u128,
    promises: Vec<Promise>,
    key: Key,
}

/// The journal's key is a file of the system, which no power cut of this disk sets back: the tests do that.
struct Key {
    /// Operations of the disk by the time that the first start made it.
    moment: usize,
    bytes: Vec<u8>,
}

impl Shop {
    fn new() -> Result<Self, Violation> {
        // Key and anchor are files of the system; in memory their syncs cost nothing.
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
            promises: Vec::new(),
            key: Key {
                moment: 0,
                bytes: Vec::new(),
            },
        };
        shop.open().map_err(|error| words(&error))?;
        let bytes = std::fs::read(shop.key_file()).map_err(|error| words(&error))?;
        shop.key = Key {
            moment: shop.disk.operations(),
            bytes,
        };
        let configuration = configuration().ok_or("the configuration contradicts itself")?;
        shop.commit(&[Command::Adopt(&configuration)])
            .map_err(|error| words(&error))?;
        Ok(shop)
    }

    /// Opens the books, as a start does.
    fn open(&mut self) -> Result<(), StoreError> {
        self.store = None;
        let store = Store::open(self.folder.path())?;
        self.till = store.load_till(DEVICE)?;
        self.store = Some(store);
        Ok(())
    }

    /// After trouble nothing that is held in memory is believed.
    fn reload(&mut self) -> Result<(), StoreError> {
        match &mut self.store {
            Some(store) => {
                store.reload_head()?;
                self.till = store.load_till(DEVICE)?;
                Ok(())
            }
            None => self.open(),
        }
    }

    /// Decides, appends and commits in one transaction; what was acknowledged is a promise.
    fn commit(&mut self, commands: &[Command<'_>]) -> Result<(), StoreError> {
        let mut after = self.till.clone();
        let now = self.now;
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let mut batch = store.batch()?;
        for command in commands {
            write_down(&mut batch, DEVICE, &mut after, command, now)?;
        }
        let seq = batch.seq();
        batch.commit()?;
        self.till = after;
        self.promises.push(Promise {
            moment: self.disk.operations(),
            seq,
        });
        Ok(())
    }

    /// One thing that happens in a shift.
    fn step(&mut self, dice: &mut Dice) -> Result<(), StoreError> {
        self.now += 1_000;
        if let Some(outstanding) = self.till.outstanding() {
            let id = outstanding.id;
            let alternative = !outstanding.on_printer();
            let till = self.till.clone();
            let settle = match till.next_alternative(None) {
                Ok(seal) if alternative => Command::Settle(id, seal),
                _ => Command::Settle(id, printed()),
            };
            return match dice.below(10) {
                0 if !outstanding.cancel_decided => self.commit(&[Command::DecideCancel(id)]),
                1 => self.commit(&[Command::Void(id, 20, "out of paper")]),
                // The next document's reservation shares the transaction.
                2..=4 => {
                    let order = self.order(Wish::Cash(Amount::from_minor(500)));
                    self.commit(&[settle, Command::Reserve(order)])
                }
                _ => self.commit(&[settle]),
            };
        }
        let lines: Vec<DraftLine<'_>> = (0..=dice.below(9)).map(|_| LOAF).collect();
        let owed = 810 * i64::try_from(lines.len()).unwrap_or(0);
        let payments = [DraftPayment {
            code: 0,
            amount: Amount::from_minor(owed),
        }];
        let draft = Draft {
            lines: &lines,
            payments: &payments,
            ..Draft::default()
        };
        let till = self.till.clone();
        match dice.below(20) {
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

    fn order<'a>(&mut self, wish: Wish<'a>) -> Order<'a> {
        self.documents += 1;
        let id = self.documents.to_be_bytes();
        let mut fingerprint = [0; 32];
        fingerprint[..16].copy_from_slice(&id);
        Order {
            id: DocumentId(id),
            unique: UniqueId(id),
            fingerprint: Fingerprint(fingerprint),
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

    fn snapshot(&mut self) -> Result<(), StoreError> {
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
        batch.acknowledge(seq, now)?;
        batch.commit()
    }

    /// A day with an end: what a person would do after trouble is over.
    fn life_goes_on(&mut self) -> Result<(), StoreError> {
        if let Some(outstanding) = self.till.outstanding() {
            let id = outstanding.id;
            self.commit(&[Command::Void(id, 20, "nothing was printed")])?;
        }
        self.documents += 1_000_000;
        self.seal_at_once(Wish::Cash(Amount::from_minor(100)), printed())?;
        self.seal_at_once(Wish::Report(ReportKind::Z), printed())
    }

    fn key_file(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.key")
    }

    /// The key as it was at a moment: the first start makes it once the database is durable.
    fn put_key(&self, moment: usize) -> std::io::Result<()> {
        if moment >= self.key.moment {
            return std::fs::write(self.key_file(), &self.key.bytes);
        }
        match std::fs::remove_file(self.key_file()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Opens an image of a moment as a start does, and compares it with what was promised by then.
    fn look_at(
        &mut self,
        image: &Image,
        moment: usize,
        promised: Option<i64>,
    ) -> Result<(), Violation> {
        self.store = None;
        self.put_key(moment).map_err(|error| words(&error))?;
        // The anchor is a file of the system, which no power cut of this disk sets back.
        let _ = std::fs::remove_file(self.folder.path().join("journal.anchor"));
        self.disk.put(image);
        let opened = self.open();
        opened.map_err(|error| format!("the books do not open: {}", words(&error)))?;
        let last = self.last_row()?;
        if promised.is_some_and(|promised| promised > last) {
            return Err(format!(
                "row {} was acknowledged, and the journal ends at {last}",
                promised.unwrap_or(0)
            ));
        }
        self.verify()?;
        self.life_goes_on()
            .map_err(|error| format!("the next sale fails: {}", words(&error)))?;
        self.verify()
    }

    fn last_row(&mut self) -> Result<i64, Violation> {
        let Some(store) = &mut self.store else {
            return Ok(0);
        };
        let batch = store.batch().map_err(|error| words(&error))?;
        Ok(batch.seq())
    }

    fn verify(&self) -> Result<(), Violation> {
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &MOLDOVA,
            devices: &[DEVICE],
            range: Range::ALL,
        })
        .map_err(|error| format!("the books cannot be verified: {}", words(&error)))?;
        match verified.flaws.first() {
            None => Ok(()),
            Some(flaw) => Err(format!("{}: {flaw}", flaw.place())),
        }
    }
}

/// Sells shifts and cuts the power at each of their moments, until so many images were opened.
///
/// # Errors
///
/// The first violation, with its seed and moment.
pub fn cut_power(seed: u64, states: usize, steps: usize) -> Result<Tally, Violation> {
    cut_power_of(Sync::Kept, seed, states, steps)
}

/// Whether the disk keeps what it says that it has synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// It does.
    Kept,
    /// It lies: the control, on which the suite must find a violation.
    Ignored,
}

/// [`cut_power`] on a disk that keeps its word, or does not.
///
/// # Errors
///
/// The first violation, with its seed and moment.
pub fn cut_power_of(
    sync: Sync,
    seed: u64,
    states: usize,
    steps: usize,
) -> Result<Tally, Violation> {
    let mut tally = Tally::default();
    let mut shift = 0_u64;
    while tally.states < states {
        let seed = seed.wrapping_add(shift);
        shift += 1;
        let mut dice = Dice::new(seed);
        let mut shop = Shop::new()?;
        if sync == Sync::Ignored {
            shop.disk.lie();
        }
        for _ in 0..steps {
            shop.step(&mut dice).map_err(|error| words(&error))?;
        }
        shop.store = None;
        let (history, promises) = (shop.disk.history(), std::mem::take(&mut shop.promises));
        tally.promises += promises.len();
        // Where fewer images are wanted than there are moments, they are spread over the whole shift.
        let wanted = states - tally.states;
        let possible = (history.len() + 1) * CUTS_PER_MOMENT;
        let mut violation = None;
        history.for_each_moment(|moment, medium| {
            for _ in 0..CUTS_PER_MOMENT {
                if violation.is_some() || tally.states >= states {
                    return;
                }
                if dice.below(possible) >= wanted {
                    continue;
                }
                let promised = promises
                    .iter()
                    .take_while(|promise| promise.moment <= moment)
                    .last()
                    .map(|promise| promise.seq);
                tally.states += 1;
                if let Err(words) = shop.look_at(&medium.cut(&mut dice), moment, promised) {
                    violation = Some(format!("seed {seed}, moment {moment}: {words}"));
                }
            }
        });
        if let Some(violation) = violation {
            return Err(violation);
        }
    }
    Ok(tally)
}

/// Fails every call of a kind in a shift, once or for ever, and then cuts the power.
///
/// # Errors
///
/// The first violation, with its call.
pub fn fail_every_call(seed: u64, steps: usize) -> Result<Tally, Violation> {
    let mut tally = Tally::default();
    for kind in Kind::ALL {
        for for_ever in [false, true] {
            for after in 0.. {
                let here = format!("{kind:?} number {after}, for ever: {for_ever}");
                let at = |words: Violation| format!("seed {seed}, {here}: {words}");
                let mut dice = Dice::new(seed);
                let mut shop = Shop::new()?;
                shop.disk.fail(Some(Trouble {
                    kind,
                    after,
                    for_ever,
                }));
                for _ in 0..steps {
                    if shop.step(&mut dice).is_err() {
                        // As the clerk does: read again, and go on; while the disk fails, that fails too.
                        let _ = shop.reload();
                    }
                }
                let met = shop.disk.seen(kind) > after;
                shop.disk.fail(None);
                shop.store = None;
                let history = shop.disk.history();
                let promised = shop.promises.last().map(|promise| promise.seq);
                tally.promises += shop.promises.len();
                tally.states += 1;
                let image = history.cut(history.len(), &mut dice);
                shop.look_at(&image, history.len(), promised).map_err(at)?;
                if !met {
                    break;
                }
            }
        }
    }
    Ok(tally)
}

/// What a sale costs the disk: an SD card wears out by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wear {
    /// Syncs of a hundred sales.
    pub syncs: usize,
    /// Bytes written by a hundred sales.
    pub bytes: u64,
}

/// Sells so many hundreds of receipts of ten lines, each reserved and sealed, and counts what reaches the disk for a hundred of them,
/// checkpoints and snapshots included.
///
/// # Errors
///
/// The books cannot be written.
pub fn wear(hundreds: usize) -> Result<Wear, Violation> {
    let mut shop = Shop::new()?;
    shop.disk.fail(None);
    let before = shop.disk.bytes_written();
    let lines = [LOAF; 10];
    let payments = [DraftPayment {
        code: 0,
        amount: Amount::from_minor(8_100),
    }];
    let draft = Draft {
        lines: &lines,
        payments: &payments,
        ..Draft::default()
    };
    for sale in 0..hundreds * 100 {
        shop.now += 1_000;
        let order = shop.order(Wish::Sale(draft));
        let settle = Command::Settle(order.id, printed());
        let sold = shop.commit(&[Command::Reserve(order)]);
        sold.and_then(|()| shop.commit(&[settle]))
            .map_err(|error| words(&error))?;
        // As often as the clerk does it: two rows a sale, one snapshot in 256 rows.
        if sale % 128 == 127 {
            shop.snapshot().map_err(|error| words(&error))?;
        }
    }
    Ok(Wear {
        syncs: shop.disk.seen(Kind::Sync) / hundreds.max(1),
        bytes: (shop.disk.bytes_written() - before) / u64::try_from(hundreds.max(1)).unwrap_or(1),
    })
}

/// Ways in which the power goes at one moment.
const CUTS_PER_MOMENT: usize = 4;

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

/// An error with all its sources.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        source = inner.source();
    }
    words
}
