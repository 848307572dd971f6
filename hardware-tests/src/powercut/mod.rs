//! Power cuts and failing disk calls: the real store on a disk that keeps only what was synced.
//!
//! A shift is sold with the decisions of the core, and the last row of the journal is noted after each acknowledged commit.
//! Then the power is cut at every moment of the shift, in several ways, and each time the store is opened as at a start.
//! Every acknowledged row must be there, `verify` must find nothing, and the next sale must succeed.
//!
//! [`signed`] does so with a whole agent whose receipts are signed (Austria).

mod shop;
pub mod signed;

use ferrotill_core::Amount;
use ferrotill_core::receipt::{Draft, DraftPayment};
use ferrotill_core::till::{Command, Wish};
use ferrotill_disk::{DiskCall, DiskFault, History, Image, SeededRandom, Syncs};

use crate::error_text::with_sources;
use crate::journal::{LOAF, printed};
use shop::TestShop;

/// The text of a violation.
pub type Violation = String;

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many images of the disk were opened.
    pub states: usize,
    /// How many acknowledged commits were checked, over all shifts.
    pub commits: usize,
}

/// Sells shifts and cuts the power at each of their moments, until this number of images was opened.
///
/// # Errors
///
/// The first violation, with the seed and the moment that repeat it.
pub fn cut_power(seed: u64, states: usize, steps: usize) -> Result<Tally, Violation> {
    cut_power_on(Syncs::Kept, seed, states, steps)
}

/// [`cut_power`] with a choice of what the disk's syncs do. If the syncs are ignored (the control), a violation must be found.
///
/// # Errors
///
/// The first violation, with the seed and the moment that repeat it.
pub fn cut_power_on(
    syncs: Syncs,
    seed: u64,
    states: usize,
    steps: usize,
) -> Result<Tally, Violation> {
    let mut tally = Tally::default();
    let mut shift = 0_u64;
    while tally.states < states {
        let seed = seed.wrapping_add(shift);
        shift += 1;
        let mut random = SeededRandom::new(seed);
        let mut shop = TestShop::new()?;
        shop.disk.set_syncs(syncs);
        for _ in 0..steps {
            shop.step(&mut random).map_err(with_sources)?;
        }
        shop.store = None;
        let history = shop.disk.history();
        let acknowledged = std::mem::take(&mut shop.acknowledged);
        tally.commits += acknowledged.len();
        let opened = cut_at_moments(
            &history,
            states - tally.states,
            &mut random,
            |image, moment| {
                let last = acknowledged
                    .iter()
                    .take_while(|commit| commit.moment <= moment)
                    .last();
                shop.check_image(image, moment, last.map(|commit| commit.seq))
            },
        );
        tally.states += opened.map_err(|violated| format!("seed {seed}, {violated}"))?;
    }
    Ok(tally)
}

/// Cuts the power several times at every moment of a history, and has each image checked. If fewer images are wanted than there are
/// moments, the images are spread over the whole history. Returns how many images were checked.
fn cut_at_moments(
    history: &History,
    wanted: usize,
    random: &mut SeededRandom,
    mut check: impl FnMut(&Image, usize) -> Result<(), Violation>,
) -> Result<usize, Violation> {
    let possible = (history.len() + 1) * CUTS_PER_MOMENT;
    let (mut checked, mut violation) = (0, None);
    history.for_each_moment(|moment, medium| {
        for _ in 0..CUTS_PER_MOMENT {
            if violation.is_some() || checked >= wanted {
                return;
            }
            if random.below(possible) >= wanted {
                continue;
            }
            checked += 1;
            if let Err(violated) = check(&medium.cut(random), moment) {
                violation = Some(format!("moment {moment}: {violated}"));
            }
        }
    });
    violation.map_or(Ok(checked), Err)
}

/// Fails every disk call of a kind in a shift, once or for ever, and then cuts the power.
///
/// # Errors
///
/// The first violation, with the disk call that failed.
pub fn fail_every_call(seed: u64, steps: usize) -> Result<Tally, Violation> {
    let mut tally = Tally::default();
    let mut shop = TestShop::new()?;
    for kind in DiskCall::ALL {
        for for_ever in [false, true] {
            for after in 0.. {
                let here = format!("{kind:?} number {after}, for ever: {for_ever}");
                let at = |violated: Violation| format!("seed {seed}, {here}: {violated}");
                let mut random = SeededRandom::new(seed);
                shop.reset()?;
                shop.disk.fail(Some(DiskFault {
                    kind,
                    after,
                    for_ever,
                }));
                for _ in 0..steps {
                    if shop.step(&mut random).is_err() {
                        // After a failure the store is read again and the shift continues, as in the clerk. While the disk fails,
                        // reading fails too.
                        let _ = shop.reload();
                    }
                }
                let met = shop.disk.calls(kind) > after;
                shop.disk.fail(None);
                shop.store = None;
                let history = shop.disk.history();
                let acknowledged_seq = shop.acknowledged.last().map(|last| last.seq);
                tally.commits += shop.acknowledged.len();
                tally.states += 1;
                let image = history.cut(history.len(), &mut random);
                let moment = history.len().max(shop.made_at());
                shop.check_image(&image, moment, acknowledged_seq)
                    .map_err(at)?;
                if !met {
                    break;
                }
            }
        }
    }
    Ok(tally)
}

/// What sales cost the disk; the figures matter because an SD card wears out by writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wear {
    /// How many syncs a hundred sales cause.
    pub syncs: usize,
    /// How many bytes a hundred sales write.
    pub bytes: u64,
}

/// Sells this number of hundreds of ten-line receipts, each reserved and sealed, and counts the syncs and bytes for a hundred of
/// them, checkpoints and snapshots included.
///
/// # Errors
///
/// The store cannot be written.
pub fn wear(hundreds: usize) -> Result<Wear, Violation> {
    let mut shop = TestShop::new()?;
    shop.disk.fail(None);
    let before = shop.disk.bytes_written();
    let lines = [LOAF; 10];
    let payments = [DraftPayment {
        code: Some(0),
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
            .map_err(with_sources)?;
        // Snapshots are made as often as by the clerk: one in 256 rows, and a sale has two rows.
        if sale % 128 == 127 {
            shop.snapshot().map_err(with_sources)?;
        }
    }
    Ok(Wear {
        syncs: shop.disk.calls(DiskCall::Sync) / hundreds.max(1),
        bytes: (shop.disk.bytes_written() - before) / u64::try_from(hundreds.max(1)).unwrap_or(1),
    })
}

/// How many images are made of one moment of a shift.
const CUTS_PER_MOMENT: usize = 4;
