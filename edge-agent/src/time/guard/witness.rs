//! What the machine, the printer, the office and a signed caller show as the time, and which two of them agree.
//!
//! The office and a caller give their time with its zone. A printer's clock has no zone: it may be set in another zone, or may not
//! have been changed to or from summer time. So it testifies only to the part of the hour, unless it is known by how much it is
//! ahead of the true time (`PrinterReading::zone_known`).

use super::{Clocks, FOLLOW_MS, HOUR_MS, PLAUSIBLE_MS};

/// A clock that the till has heard of the time from. The machine's clock is read at each question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The clock of a fiscal printer.
    Printer {
        /// True if the given time was corrected by what this printer is known to be ahead.
        zone_known: bool,
    },
    /// The `Date` of an answer of the authority's server.
    Office,
    /// The time with which a caller has signed an order.
    Caller,
}

/// The last time that each witness has given since the machine's start.
///
/// A time is kept as the time at the machine's start by that witness, in milliseconds since the epoch. So its time now follows
/// from the kernel's count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    printer: Option<PrinterReading>,
    office_ms: Option<i64>,
    caller_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct PrinterReading {
    at_start_ms: i64,
    /// False if the printer's clock may be wrong by a time zone.
    zone_known: bool,
}

impl Heard {
    /// Keeps what a witness has given, in milliseconds since the epoch.
    pub(super) fn keep(&mut self, clocks: Clocks, witness: Witness, given_ms: i64) {
        let at_start_ms = given_ms.saturating_sub(clocks.since_boot_ms);
        match witness {
            Witness::Printer { zone_known } => {
                self.printer = Some(PrinterReading {
                    at_start_ms,
                    zone_known,
                });
            }
            Witness::Office => self.office_ms = Some(at_start_ms),
            Witness::Caller => self.caller_ms = Some(at_start_ms),
        }
    }

    /// What every clock shows now.
    pub(super) fn times(&self, clocks: Clocks) -> ShownTimes {
        let now = |at_start_ms: i64| at_start_ms.saturating_add(clocks.since_boot_ms);
        ShownTimes {
            machine: Some(clocks.system_ms).filter(|ms| PLAUSIBLE_MS.contains(ms)),
            printer: self.printer.map(|reading| now(reading.at_start_ms)),
            printers_zone_known: self.printer.is_some_and(|reading| reading.zone_known),
            office: self.office_ms.map(now),
            caller: self.caller_ms.map(now),
        }
    }
}

/// What every clock shows at one instant, in milliseconds since the epoch; `None` for a clock that has given no plausible time.
#[derive(Clone, Copy, Debug)]
pub struct ShownTimes {
    /// The machine's own clock.
    pub machine: Option<i64>,
    /// The printer's clock, in the till's time zone or corrected by what it is known to be ahead.
    pub printer: Option<i64>,
    printers_zone_known: bool,
    /// The office's clock.
    pub office: Option<i64>,
    /// The clock of the caller that has signed the last order.
    pub caller: Option<i64>,
}

impl ShownTimes {
    /// Whether the printer's clock was compared with a confirmed time before.
    pub(super) const fn printers_zone_known(&self) -> bool {
        self.printers_zone_known
    }

    /// The time on which two clocks agree within ten minutes; `None` if no two do.
    ///
    /// What the office denies is believed only if all three others agree on it. A caller may run on the till's own machine, so the two
    /// together are believed only if the printer does not deny the time, and if it is not before `least_ms`.
    pub(super) fn agreed(&self, least_ms: i64) -> Option<i64> {
        let with_office = self.agreed_with_the_office();
        if with_office.is_some() {
            return with_office;
        }
        if self.office.is_some() {
            let two_ms = both(self.machine, self.printer);
            return two_ms.and_then(|_| both(self.machine, self.caller));
        }
        both(self.machine, self.printer)
            .or_else(|| both(self.printer, self.caller))
            .or_else(|| {
                both(self.machine, self.caller)
                    .filter(|ms| *ms >= least_ms && !self.printer_denies(*ms))
            })
    }

    /// The time on which two clocks agree although the till's confirmed time is another one.
    ///
    /// A caller counts only beside the office: its own machine may be the till's, whose clock anybody can set.
    pub(super) fn agreed_against_the_till(&self) -> Option<i64> {
        let with_office = self.agreed_with_the_office();
        if with_office.is_some() || self.office.is_some() {
            return with_office;
        }
        both(self.machine, self.printer)
    }

    fn agreed_with_the_office(&self) -> Option<i64> {
        both(self.machine, self.office)
            .or_else(|| both(self.office, self.printer))
            .or_else(|| both(self.office, self.caller))
    }

    /// Whether any clock shows this time, within ten minutes.
    pub(super) fn any_shows(&self, ms: i64) -> bool {
        [self.machine, self.printer, self.office, self.caller]
            .into_iter()
            .flatten()
            .any(|shown| agree(shown, ms))
    }

    /// Whether printer or office shows this time, within ten minutes.
    pub(super) fn printer_or_office_shows(&self, ms: i64) -> bool {
        both(self.printer, Some(ms)).is_some() || both(self.office, Some(ms)).is_some()
    }

    /// Whether the printer shows another time than `other_ms`, and the difference may be its time zone or summer time.
    ///
    /// If the printer's zone is known, only a change to or from summer time since then is possible.
    pub(super) fn printer_differs_by_a_zone(&self, other_ms: i64) -> bool {
        let Some(printer_ms) = self.printer else {
            return false;
        };
        let off_ms = printer_ms.abs_diff(other_ms);
        if self.printers_zone_known {
            return off_ms.abs_diff(HOUR_MS.unsigned_abs()) <= FOLLOW_MS.unsigned_abs();
        }
        let step_ms = ZONE_STEP_MS.unsigned_abs();
        let part_ms = off_ms.checked_rem(step_ms).unwrap_or_default();
        let from_step_ms = part_ms.min(step_ms.saturating_sub(part_ms));
        off_ms <= PRINTER_AHEAD_MS_MAX.unsigned_abs() && from_step_ms <= FOLLOW_MS.unsigned_abs()
    }

    /// Whether the printer's clock cannot show `other_ms`, whatever its time zone is.
    pub(super) fn printer_denies(&self, other_ms: i64) -> bool {
        let Some(printer_ms) = self.printer else {
            return false;
        };
        if self.printers_zone_known {
            return !agree(printer_ms, other_ms) && !self.printer_differs_by_a_zone(other_ms);
        }
        printer_ms.abs_diff(other_ms) > PRINTER_AHEAD_MS_MAX.unsigned_abs()
    }
}

/// Whether two times agree: they are at most ten minutes apart.
pub(in crate::time) fn agree(one_ms: i64, other_ms: i64) -> bool {
    one_ms.abs_diff(other_ms) <= AGREE_MS.unsigned_abs()
}

/// The first of two times if both are known and agree.
fn both(one_ms: Option<i64>, other_ms: Option<i64>) -> Option<i64> {
    one_ms
        .zip(other_ms)
        .filter(|(one_ms, other_ms)| agree(*one_ms, *other_ms))
        .map(|(one_ms, _)| one_ms)
}

/// Two clocks agree if they are at most this many milliseconds apart.
pub(super) const AGREE_MS: i64 = 10 * 60_000;
/// Every time zone differs from every other by a multiple of this many milliseconds.
const ZONE_STEP_MS: i64 = 15 * 60_000;
/// The largest difference between a clock's time zone and the till's, in milliseconds.
const ZONE_MS: i64 = 14 * HOUR_MS;
/// The most that a printer's clock may be ahead or behind because of its time zone, in milliseconds.
pub(in crate::time) const PRINTER_AHEAD_MS_MAX: i64 = ZONE_MS + FOLLOW_MS;
