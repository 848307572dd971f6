//! The printers of a shop: their families, their firmware, and the forms in which they answer.

use ferrotill_device::emulator::{IslEmulator, Printer};
use ferrotill_device::family::{FAMILIES, Protocol, datecs, datecs_b, datecs_x, eltrade};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_disk::SeededRandom;
use ferrotill_testkit::answers::{AnswerCell, answer_cells_of};
use ferrotill_testkit::relay::Relay;

/// The line between the agent and an emulated printer behind a relay.
pub(super) type PrinterLine = Loopback<Relay>;

/// An emulated printer and the protocol of the driver that the agent uses with it.
#[derive(Clone)]
pub(super) struct PrinterModel {
    /// The protocol of the emulated printer.
    printer: &'static Protocol,
    /// The protocol that the agent's driver uses.
    pub(super) driver: &'static Protocol,
    /// The name of the firmware; none is that of the newest manual.
    firmware: Option<&'static str>,
    /// The answer that a relay rewrites into another form of the family's table.
    form: Option<AnswerCell>,
    /// What no manual of the family decides.
    undecided: Undecided,
}

/// What the manual of ZFP leaves open about the answers of 72h. Other families have none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Undecided {
    /// The payments of a receipt are reported without its change.
    payments_lack_change: bool,
    /// A cancelled receipt is reported as the last fiscal receipt, with the sum 0.
    cancelled_has_code: bool,
    /// Until an open receipt has a payment, the payments of the receipt before are reported.
    payments_of_receipt_before: bool,
}

impl Undecided {
    fn drawn(family: &Protocol, random: &mut SeededRandom) -> Self {
        if family.asked.is_none() {
            return Self::default();
        }
        Self {
            payments_lack_change: random.coin(),
            cancelled_has_code: random.coin(),
            payments_of_receipt_before: random.coin(),
        }
    }
}

impl std::fmt::Debug for PrinterModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.driver.name)?;
        if let Some(firmware) = self.firmware {
            write!(f, " {firmware}")?;
        }
        if let Some(form) = &self.form {
            write!(f, " with {:02X}h as {}", form.command, form.shape)?;
        }
        if self.undecided != Undecided::default() {
            write!(f, " and {:?}", self.undecided)?;
        }
        Ok(())
    }
}

/// The protocol of group A firmware that lacks the command which reports the number of the next fiscal receipt.
static SILENT: Protocol = Protocol {
    next_fiscal: datecs_x::PROTOCOL.next_fiscal,
    counts_for_ever: true,
    ..datecs::PROTOCOL
};

/// The printers of the shops in which each has the firmware of its newest manual.
const MAKES: [PrinterModel; 5] = [
    PrinterModel::of(&datecs::PROTOCOL, &datecs::PROTOCOL),
    PrinterModel::of(&datecs::PROTOCOL, &SILENT),
    PrinterModel::of(&datecs_b::PROTOCOL, &datecs_b::PROTOCOL),
    PrinterModel::of(&datecs_x::PROTOCOL, &datecs_x::PROTOCOL),
    PrinterModel::of(&eltrade::PROTOCOL, &eltrade::PROTOCOL),
];

/// Half of the shops draw their printers from all families, with firmware and forms. This number makes their random numbers; it was
/// chosen so that the seeds that `docs/PROOF.md` and the tests name still play the shops of their time.
const FIRMWARE_STREAM: u64 = 0x6669_726D_7762_397B;
/// In one start out of so many a printer has got other firmware.
const STARTS_PER_UPDATE: usize = 5;

/// What a shop draws about its printers, from random numbers of their own: nothing else in the shop depends on them.
#[derive(Clone, Debug)]
pub(super) struct PrinterDraw {
    /// None if the shop has printers with the firmware of their newest manuals only.
    random: Option<SeededRandom>,
}

impl PrinterDraw {
    pub(super) fn of(seed: u64) -> Self {
        let mut random = SeededRandom::new(seed ^ FIRMWARE_STREAM);
        Self {
            random: random.coin().then_some(random),
        }
    }

    /// The printer of a till; `place` is its place among the usual ones.
    pub(super) fn printer(&mut self, place: usize) -> Option<PrinterModel> {
        let Some(random) = &mut self.random else {
            return MAKES.get(place % MAKES.len()).cloned();
        };
        let family: &Protocol = FAMILIES.get(random.below(FAMILIES.len()))?;
        let mut model = PrinterModel::of(family, family);
        let firmware = family.firmware.get(random.below(family.firmware.len()));
        model.firmware = firmware.map(|firmware| firmware.name);
        model.form = form(family, random);
        model.undecided = Undecided::drawn(family, random);
        Some(model)
    }

    /// Whether a printer gets other firmware before a start, and which till's: at most `tills`.
    pub(super) fn update(&mut self, tills: usize) -> Option<usize> {
        let random = self.random.as_mut()?;
        (random.below(STARTS_PER_UPDATE) == 0).then(|| random.below(tills))
    }

    /// Gives the printer at the end of a line other firmware of its country, and another form of an answer.
    pub(super) fn renew(&mut self, model: &mut PrinterModel, line: &PrinterLine) {
        let Some(random) = &mut self.random else {
            return;
        };
        line.with(|relay| {
            let known = relay.printer().family().firmware;
            let firmware = known.get(random.below(known.len()));
            model.firmware = firmware.map(|firmware| firmware.name);
            model.form = form(model.printer, random);
            if let Some(name) = model.firmware {
                relay.printer_mut().set_firmware(name);
            }
            relay.rewrite(model.form.as_ref().map(AnswerCell::rewriter));
        });
    }
}

/// A form that a relay makes of one answer, in half of the cases.
fn form(family: &'static Protocol, random: &mut SeededRandom) -> Option<AnswerCell> {
    let mut forms = answer_cells_of(family);
    forms.retain(|cell| cell.is_read);
    let is_drawn = random.coin();
    let drawn = random.below(forms.len());
    (is_drawn && drawn < forms.len()).then(|| forms.swap_remove(drawn))
}

impl PrinterModel {
    const fn of(printer: &'static Protocol, driver: &'static Protocol) -> Self {
        Self {
            printer,
            driver,
            firmware: None,
            form: None,
            undecided: Undecided {
                payments_lack_change: false,
                cancelled_has_code: false,
                payments_of_receipt_before: false,
            },
        }
    }

    /// The line to a new printer of this model.
    pub(super) fn line_to(&self, printer: Printer) -> PrinterLine {
        let printer = printer.of_family(self.printer);
        let printer = match self.firmware {
            Some(name) => printer.with_firmware(name),
            None => printer,
        };
        let mut printer = printer;
        printer.payments_lack_change = self.undecided.payments_lack_change;
        printer.cancelled_has_code = self.undecided.cancelled_has_code;
        printer.payments_of_receipt_before = self.undecided.payments_of_receipt_before;
        let rewriter = self.form.as_ref().map(AnswerCell::rewriter);
        Loopback::new(Relay::new(IslEmulator::new(printer, None), rewriter))
    }
}

/// Whether the printer has no refund receipts, so that a return is a withdrawal and a slip.
pub(super) fn returns_by_slip(line: &PrinterLine) -> bool {
    line.with(|relay| relay.printer().family().refund.is_none())
}
