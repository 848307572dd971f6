//! What a seed decides about a shop: its tills, their printers, when it opens, and how strict the authority is.

use std::path::Path;

use ferrotill_device::emulator::memory::Memory;
use ferrotill_device::emulator::{ClockSource, Printer};
use ferrotill_testkit::config::{ConfigText, Device, text};
use uuid::Uuid;

use super::goods::GROUPS;
use super::printers::{PrinterDraw, PrinterLine, PrinterModel};
use super::world::Changes;

/// The configuration of a simulated shop.
#[derive(Clone, Debug)]
pub(super) struct ShopConfig {
    /// The printers of the shop, one for each till.
    pub(super) printers: Vec<PrinterModel>,
    /// When the shop opens on its first day, in milliseconds of UTC.
    pub(super) opens_ms: i64,
    /// How far the machine's clock is wrong when the shop opens on its first day, in milliseconds.
    pub(super) first_wrong_ms: i64,
    /// How far the clocks of the printers are ahead of local time, in seconds: they are set in another time zone.
    pub(super) printers_ahead_s: i64,
    /// True if the authority checks its rules and the till sends documents strictly in order; if false, later documents may be sent
    /// before a refused one.
    pub(super) strict: bool,
    /// True if the authority takes any form, refuses one sale a day for ever, and the till sends documents strictly in order: the shop
    /// goes on only because an operator lays the sale aside.
    pub(super) refuses_one: bool,
    /// How long the shop may sell without the authority by the owner's rule, in milliseconds; none if the owner has set no limit.
    pub(super) budget_ms: Option<u64>,
}

/// Opening times, in milliseconds of UTC: an ordinary morning, four minutes before midnight, four minutes before the new year, the
/// night in which summer time begins, and the end of a February.
const OPENINGS: [i64; 5] = [
    1_795_240_800_000,
    1_795_298_160_000,
    1_798_667_760_000,
    1_806_191_700_000,
    1_803_799_800_000,
];
/// How many usual printers there are, one of which the seed chooses for the first till.
const USUAL_PRINTERS: usize = 5;
/// The owner's limit of selling without the authority, in the shops that have such a limit.
const BUDGET_HOURS: u64 = 1;

/// How far the machine's clock is wrong at the first start, in milliseconds: right in half of the shops, hours off, or days ahead.
const FIRST_WRONG_MS: [i64; 8] = [
    0,
    -3 * HOUR_MS,
    0,
    10 * HOUR_MS,
    0,
    400 * 24 * HOUR_MS,
    0,
    -10 * HOUR_MS,
];
/// How far the printers' clocks are ahead, in seconds: their time zone is the shop's in half of the shops.
const PRINTERS_AHEAD_S: [i64; 6] = [0, 5 * 3_600, 0, -5 * 3_600, 0, 3_600];
const HOUR_MS: i64 = 3_600_000;

impl ShopConfig {
    /// The shop of a seed; `draw` decides its printers.
    pub(super) fn of(seed: u64, draw: &mut PrinterDraw) -> Self {
        let at = |turn: u64, count: usize| usize::try_from(turn).unwrap_or(0) % count.max(1);
        let tills = 1 + at(seed, 3);
        let printers = (0..tills).filter_map(|till| {
            let place = at(seed / 2, USUAL_PRINTERS) + till * 2;
            draw.printer(place)
        });
        let opening = OPENINGS.get(at(seed / 3, OPENINGS.len()));
        Self {
            printers: printers.collect(),
            opens_ms: opening.copied().unwrap_or_default(),
            first_wrong_ms: at_place(&FIRST_WRONG_MS, at(seed / 5, FIRST_WRONG_MS.len())),
            printers_ahead_s: at_place(&PRINTERS_AHEAD_S, at(seed / 7, PRINTERS_AHEAD_S.len())),
            strict: seed.is_multiple_of(2),
            refuses_one: seed % 6 == 1,
            budget_ms: seed.is_multiple_of(4).then_some(BUDGET_HOURS * 3_600_000),
        }
    }

    /// True if the machine's clock is wrong by days at the first start, so that no caller alone can correct it.
    pub(super) const fn starts_days_ahead(&self) -> bool {
        self.first_wrong_ms > 24 * HOUR_MS
    }

    /// The line to a new emulated printer for a till.
    pub(super) fn printer(
        &self,
        till: usize,
        time: ClockSource,
    ) -> Option<(PrinterLine, PrinterModel)> {
        let make = self.printers.get(till)?;
        let mut memory = memory();
        memory.serial = format!("DT70000{till}");
        memory.fiscal_memory = format!("0270000{till}");
        Some((make.line_to(Printer::new(memory, time)), make.clone()))
    }

    /// The line to another printer of a till's family, which has printed so many documents.
    pub(super) fn spare(
        &self,
        till: usize,
        time: ClockSource,
        documents: u32,
    ) -> Option<PrinterLine> {
        let make = self.printers.get(till)?;
        let mut memory = memory();
        memory.serial = format!("DT79999{till}");
        memory.fiscal_memory = format!("0279999{till}");
        memory.last_document = documents;
        Some(make.line_to(Printer::new(memory, time)))
    }

    /// The id of a till's device.
    pub(super) fn device(till: usize) -> Uuid {
        Uuid::from_u128(0xD1 + u128::try_from(till).unwrap_or(0))
    }

    /// The agent's configuration for this shop.
    pub(super) fn configuration(&self, folder: &Path, changes: &Changes) -> String {
        let config = ConfigText::new("MD", folder)
            .upstream("http://127.0.0.1:1")
            .set(
                "till",
                "address",
                text(format!("Street {}", changes.address)),
            )
            .set("upstream", "offline_after_failures", 3)
            .set("upstream", "offline_after_ms", 15_000)
            .set("upstream", "dwell_s", 10)
            .set("upstream", "strict_order", self.strict || self.refuses_one);
        let config = match self.budget_ms {
            Some(_) => config
                .set("offline", "hours_at_a_stretch", BUDGET_HOURS)
                .set("offline", "at_the_end", text("refuse")),
            None => config,
        };
        let tills = self.printers.len();
        let here = (0..tills).filter(|till| changes.away != Some(*till));
        let devices = here.map(|till| {
            let family = self
                .printers
                .get(till)
                .map_or("", |model| model.driver.name);
            let uri = format!("{family}+tcp://127.0.0.1:{}", till + 1);
            let device = Device::new(Self::device(till), &format!("Till {till}"), &uri);
            let owner = (till + changes.ranges_moved) % tills;
            let series = format!("S{owner}Y{}", changes.series);
            let device = device.range(&series, 1, 9_999_999, 8);
            GROUPS.iter().fold(device, |device, (letter, rate)| {
                device.tax_group(letter, format!("{}.00", rate / 100))
            })
        });
        devices.fold(config, ConfigText::device).to_string()
    }
}

fn at_place(values: &[i64], place: usize) -> i64 {
    values.get(place).copied().unwrap_or_default()
}

/// The memory of a new printer with the rates of the shop's goods.
fn memory() -> Memory {
    let mut rates = [None; 8];
    for (rate, (_, known)) in rates.iter_mut().zip(GROUPS) {
        *rate = Some(known);
    }
    Memory::new(rates)
}
