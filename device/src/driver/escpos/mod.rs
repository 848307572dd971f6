//! ESC/POS receipt printers: text, alternative receipts, e-receipt slips, and the cash drawer behind them.
//!
//! - `slip`: the parts of a slip that is printed;
//! - `font`: letters that are in no code page, drawn;
//! - `layout`: a slip as commands, with the code pages that its text needs;
//! - `device`: the conversation, and how a printer reports what it has printed;
//! - `line`: bytes and answers;
//! - `options`: the options of an address.
//!
//! Such a printer has no fiscal memory, no counters and no documents: its baseline is always the same, and a fiscal job is
//! refused before a byte is sent. For the same reason it cannot settle a fiscal job that was begun on another printer: recovery
//! answers [`Recovered::Unknown`] with [`Fault::PrinterSwapped`]. The printer keeps no record of slips either: what became of a
//! slip is known only while this driver runs and the printer has power. Later the outcome is [`Fault::Unclear`], and a person has
//! to look at the paper.

mod device;
#[cfg(feature = "font")]
mod font;
mod layout;
mod line;
mod options;
mod slip;

#[cfg(feature = "font")]
pub use font::Unifont;
pub use options::Options;
use options::Sheet;
pub use slip::{Rasteriser, SlipItem, SlipPrinter, code_page_test};

use std::sync::Arc;

use ferrotill_core::Amount;

use self::device::{Device, condition, fault_of};
use self::layout::{Layout, blocks};
use crate::drawer::{CashDrawer, DrawerState, Kick};
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{
    Baseline, Condition, Connected, FiscalPrinter, Job, JournalEvidence, NoDocument, Performed,
    Recovered, Registered, TextLine, TextPaper, TextStyle, Watch,
};
use crate::wire::codepage::run::encode_in;
use crate::wire::escpos::{Align, EscposCommand, QR_BYTES_MAX, QrLevel, RealTime};
use crate::wire::escpos_answer::EscposAnswer;
use crate::wire::escpos_profile::EscposProfile;

/// An ESC/POS receipt printer.
pub struct Escpos {
    device: Device,
    options: Options,
    rasteriser: Option<Box<dyn Rasteriser>>,
    /// A slip that was sent completely and not confirmed; `None` if there is no such slip.
    pending: Option<Vec<SlipItem>>,
    /// Whether the beginning of a slip is on the paper and was not cut off.
    torn: bool,
}

/// 25 × 2 ms on and 250 × 2 ms off: a pulse for drawers of all makers.
const PULSE_ON: u8 = 25;
const PULSE_OFF: u8 = 250;
/// The length of the pulse for `DLE DC4`, in hundreds of milliseconds.
const PULSE_AT_ONCE: u8 = 1;
/// The largest number of questions while the driver waits for a drawer to open.
const DRAWER_QUESTIONS_MAX: u32 = 100;
/// The longest time in which a drawer opens, in milliseconds.
const DRAWER_MS: u64 = 1_000;

/// The name of the family in addresses.
pub(super) const FAMILY: &str = "escpos";

const NOT_FISCAL: &str = "a receipt printer has no fiscal memory; nothing was sent to it";
const NOT_KNOWN: &str =
    "a receipt printer keeps no record of what it printed; look at the paper before printing again";

impl Escpos {
    /// A printer that is reached by this port; the port is not opened yet.
    ///
    /// `seed` makes the numbers of its questions differ from those of the program's last run.
    #[must_use]
    pub fn new(opener: Box<dyn PortOpener>, options: Options, seed: u8) -> Self {
        Self {
            device: Device::new(opener, seed),
            options,
            rasteriser: None,
            pending: None,
            torn: false,
        }
    }

    /// Gives the driver a font for lines with letters that are in no code page.
    #[must_use]
    pub fn with_rasteriser(mut self, rasteriser: Box<dyn Rasteriser>) -> Self {
        self.rasteriser = Some(rasteriser);
        self
    }

    /// The paper of the printer. Before the printer has reported its model, it is that of a usual printer.
    fn sheet(&self) -> Sheet {
        self.options.sheet(&self.device.identity().model)
    }

    /// The baseline has the printer's identity and no counters, because such a printer has none.
    fn baseline(&self) -> Baseline {
        Baseline {
            family: FAMILY.to_owned(),
            serial: self.device.identity().serial.clone(),
            fiscal_memory: String::new(),
            last_document: 0,
            next_fiscal_receipt: 0,
            z_number: None,
            cash: Amount::from_minor(0),
            cash_in: Amount::from_minor(0),
            cash_out: Amount::from_minor(0),
        }
    }

    fn registered(&self) -> Registered {
        Registered {
            document: 0,
            fiscal_receipt: None,
            after: self.baseline(),
            report: None,
            printed_at: None,
            module: None,
        }
    }

    /// A job that was refused, or a slip that was not finished. This printer makes no documents, so none can exist.
    fn not_begun(&self, fault: Fault, detail: impl Into<String>) -> Performed {
        Performed::NotBegun(NoDocument {
            fault,
            detail: detail.into(),
            // A receipt printer has no counters to read again. If the printer is gone, the next job reports that.
            after: self.device.is_attached().then(|| self.baseline()),
        })
    }

    /// Determines the outcome when no answer is missing any more; `None` if a part of the slip was lost.
    fn confirmed(&mut self) -> Option<Registered> {
        self.pending = None;
        (!self.device.has_lost()).then(|| self.registered())
    }

    /// Sends the pulse and, with a sensor, waits for the drawer.
    fn pulse(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, FailedPulse> {
        match self.options.kick {
            Kick::InTurn => {
                self.device.ready(watch).map_err(FailedPulse::NotSent)?;
                let pulse = EscposCommand::Pulse {
                    pin: self.options.pin,
                    on: PULSE_ON,
                    off: PULSE_OFF,
                };
                self.device
                    .transfer(&[pulse.emit()], watch)
                    .map_err(|stopped| FailedPulse::MaybeSent(stopped.fault))?;
            }
            Kick::AtOnce => {
                // The pulse works without paper and with an open cover, but not in an error state of the printer.
                let status = self.reachable(watch).map_err(FailedPulse::NotSent)?;
                if condition(status).mechanism_fault {
                    return Err(FailedPulse::NotSent(Fault::Mechanism));
                }
                let request = RealTime::Pulse {
                    pin: self.options.pin,
                    time: PULSE_AT_ONCE,
                };
                let sent = self.device.at_once(request, watch);
                sent.map_err(FailedPulse::MaybeSent)?;
            }
        }
        let begun = self.device.now();
        let mut seen = DrawerState::NotSensed;
        for _ in 0..DRAWER_QUESTIONS_MAX {
            // The printer is asked even if the drawer has no sensor, because the answer shows that the bytes of the pulse were
            // received.
            seen = self.sensed(watch).map_err(FailedPulse::MaybeSent)?;
            let waited = self.device.now().saturating_sub(begun);
            if seen != DrawerState::Closed || waited >= DRAWER_MS {
                break;
            }
            let rested = self.device.rest(watch);
            rested.map_err(FailedPulse::MaybeSent)?;
        }
        match seen {
            DrawerState::Closed => Err(FailedPulse::StaysClosed),
            seen => Ok(seen),
        }
    }

    fn sensed(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault> {
        let status = self.device.status(watch)?;
        Ok(self.options.sensor.state(status.drawer_pin_high))
    }

    /// The condition of the printer. The line is opened again if needed.
    fn reachable(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<crate::wire::escpos_answer::EscposStatus, Fault> {
        if self.device.is_attached()
            && let Ok(status) = self.device.status(watch)
            && (self.device.is_identified() || fault_of(status).is_some())
        {
            return Ok(status);
        }
        self.device.attach(watch)
    }
}

impl SlipPrinter for Escpos {
    fn print(&mut self, slip: &[SlipItem], watch: &mut dyn Watch) -> Performed {
        if let Err(fault) = self.device.ready(watch) {
            return self.not_begun(fault, "nothing was sent");
        }
        let sheet = self.sheet();
        let layout = Layout::new(sheet, self.rasteriser.as_deref_mut());
        let mut commands = match layout.slip(slip) {
            Ok(commands) => commands,
            Err(fault) => return self.not_begun(fault, "nothing was sent"),
        };
        self.pending = None;
        self.device.begin();
        if self.torn && sheet.profile.knife {
            let cut = EscposCommand::Cut {
                full: false,
                feed: 0,
            };
            commands.splice(0..0, [EscposCommand::Initialize, cut]);
        }
        let blocks = blocks(&commands);
        match self.device.transfer(&blocks, watch) {
            Ok(()) => {
                self.torn = false;
                match self.confirmed() {
                    Some(registered) => Performed::Registered(registered),
                    None => self.not_begun(Fault::Unclear, NOT_KNOWN),
                }
            }
            Err(stopped) if stopped.sent >= blocks.len() => {
                self.torn = false;
                self.pending = Some(slip.to_vec());
                Performed::Unknown(stopped.fault)
            }
            Err(stopped) => {
                self.torn = true;
                let detail = format!(
                    "stopped after part {} of {}; the beginning may be on the paper",
                    stopped.sent,
                    blocks.len()
                );
                self.not_begun(stopped.fault, detail)
            }
        }
    }

    fn ask_again(&mut self, slip: &[SlipItem], watch: &mut dyn Watch) -> Recovered {
        if self.pending.as_deref() != Some(slip) {
            return Recovered::Unknown(Fault::Unclear);
        }
        match self.device.ready(watch) {
            Ok(()) => match self.confirmed() {
                Some(registered) => Recovered::Registered(registered),
                None => Recovered::Unknown(Fault::Unclear),
            },
            Err(fault) => Recovered::Unknown(fault),
        }
    }
}

impl CashDrawer for Escpos {
    fn open(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault> {
        self.pulse(watch).map_err(|failed| failed.fault())
    }

    fn state(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault> {
        let status = self.reachable(watch)?;
        Ok(self.options.sensor.state(status.drawer_pin_high))
    }
}

impl FiscalPrinter for Escpos {
    fn family(&self) -> &'static str {
        FAMILY
    }

    fn address(&self) -> String {
        self.device.address()
    }

    fn text_paper(&self) -> TextPaper {
        TextPaper {
            columns: self.sheet().columns,
            large: true,
            code_bytes_max: QR_BYTES_MAX,
            picture_dots: self.sheet().profile.width_dots,
        }
    }

    fn opens_drawer_itself(&self) -> bool {
        false
    }

    fn doubts(&self) -> Vec<String> {
        let model = &self.device.identity().model;
        if !self.device.is_identified() || self.options.profile.is_some() {
            return Vec::new();
        }
        match EscposProfile::of_model(model) {
            Some(_) => Vec::new(),
            None => vec![format!(
                "the code pages of the receipt printer's model {model:?} are not known, and those of profile {:?} are used: letters \
                 may be wrong; write the right profile=… into its uri ({})",
                EscposProfile::USUAL.name,
                EscposProfile::NAMES
            )],
        }
    }

    fn letters(&self, text: &str) -> usize {
        encode_in(text, &self.sheet().profile.code_pages())
            .cells
            .len()
    }

    fn connect(&mut self) -> Result<Connected, Fault> {
        let status = self.reachable(&mut Unwatched)?;
        let identity = self.device.identity();
        Ok(Connected {
            model: identity.model.clone(),
            firmware: identity.firmware.clone(),
            address: self.device.address(),
            clock: None,
            condition: condition(status),
            receipt_open: false,
            groups: [None; 8],
            missing: Vec::new(),
            country: "",
            training: false,
            baseline: self.baseline(),
        })
    }

    fn perform(&mut self, job: &Job, _baseline: &Baseline, watch: &mut dyn Watch) -> Performed {
        match job {
            Job::Text(lines) => self.print(&text(lines), watch),
            Job::Drawer => match self.pulse(watch) {
                Ok(_) => Performed::Registered(self.registered()),
                Err(FailedPulse::StaysClosed) => self.not_begun(
                    Fault::NotExecuted,
                    "the pulse was sent and the drawer's sensor reports it closed; is it locked?",
                ),
                Err(FailedPulse::NotSent(fault)) => self.not_begun(fault, ""),
                Err(FailedPulse::MaybeSent(fault)) => Performed::Unknown(fault),
            },
            // All other jobs are fiscal.
            _ => self.not_begun(Fault::NotFiscalised, NOT_FISCAL),
        }
    }

    fn recover(
        &mut self,
        job: &Job,
        _baseline: &Baseline,
        _evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered {
        match job {
            Job::Text(lines) => self.ask_again(&text(lines), watch),
            // A pulse leaves no record, so nothing shows whether it was sent.
            Job::Drawer => Recovered::Unknown(Fault::Unclear),
            // A fiscal job was begun on a fiscal printer. This printer has no counters, so it does not show what became of the
            // job.
            _ => Recovered::Unknown(Fault::PrinterSwapped),
        }
    }

    fn clear_leftover(&mut self, _watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        Ok(self.baseline())
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        self.reachable(&mut Unwatched).map(condition)
    }
}

/// Why a pulse did not open the drawer, or why this is not known.
enum FailedPulse {
    /// No byte of the pulse was sent.
    NotSent(Fault),
    /// The pulse may have arrived, because the line failed after it was begun.
    MaybeSent(Fault),
    /// The pulse arrived, and the drawer's sensor reports that the drawer is closed.
    StaysClosed,
}

/// Asks for the printer's state once; the answer shows that a receipt printer may be there.
pub(super) fn answers(opener: Box<dyn PortOpener>, silence_ms: u64) -> Result<(), Fault> {
    let watch = &mut Unwatched;
    let mut line = line::Line::new(opener);
    line.open(watch)?;
    line.arrived(watch)?;
    line.send(&RealTime::Status(1).emit(), watch)?;
    match line.next(silence_ms, watch)? {
        Some(EscposAnswer::Status(_)) => Ok(()),
        Some(_) | None => Err(Fault::NoAnswer),
    }
}

impl FailedPulse {
    const fn fault(&self) -> Fault {
        match self {
            Self::NotSent(fault) | Self::MaybeSent(fault) => *fault,
            Self::StaysClosed => Fault::NotExecuted,
        }
    }
}

fn text(lines: &[TextLine]) -> Vec<SlipItem> {
    lines
        .iter()
        .map(|line| match (&line.picture, line.style) {
            (Some(picture), _) => SlipItem::Picture(Arc::clone(picture)),
            (None, TextStyle::Plain) => SlipItem::Line(line.text.clone()),
            (None, TextStyle::Bold | TextStyle::Large) => SlipItem::Styled {
                text: line.text.clone(),
                // The spaces that place the text are part of the line.
                align: Align::Left,
                bold: true,
                large: line.style == TextStyle::Large,
            },
            (None, TextStyle::Code) => SlipItem::Qr {
                module_dots: module_dots(line.text.len()),
                data: line.text.clone(),
                level: QrLevel::M,
            },
        })
        .collect()
}

/// The width of a module of a QR code that holds so many bytes, in dots. Every code fits the 384 dots of paper of 58 mm: 110 bytes
/// need 45 modules, 400 need 77, and 1,000 need 121.
const fn module_dots(bytes: usize) -> u8 {
    match bytes {
        0..=110 => 6,
        111..=400 => 4,
        _ => 3,
    }
}

/// A watch for questions outside a job.
struct Unwatched;

impl Watch for Unwatched {
    fn about_to_cancel(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::escpos_raster::Raster;

    #[test]
    fn a_code_is_printed_as_a_qr_code() {
        let line = TextLine {
            text: "https://example.org/check/1".to_owned(),
            style: TextStyle::Code,
            ..TextLine::default()
        };
        let commands = Layout::new(Options::default().sheet(""), None)
            .slip(&text(&[line]))
            .unwrap();
        let data = EscposCommand::QrData(b"https://example.org/check/1".to_vec());
        assert!(commands.contains(&data) && commands.contains(&EscposCommand::QrPrint));
    }

    #[test]
    fn a_picture_is_printed_in_the_middle_in_bands_that_fit_a_small_buffer() {
        let mut raster = Raster::new(384, 100).unwrap();
        raster.set(0, 0);
        raster.set(383, 99);
        let line = TextLine {
            picture: Some(Arc::new(raster.clone())),
            ..TextLine::default()
        };
        let commands = Layout::new(Options::default().sheet(""), None)
            .slip(&text(&[line]))
            .unwrap();
        let bands: Vec<&Raster> = commands
            .iter()
            .filter_map(|command| match command {
                EscposCommand::Image(band) => Some(band),
                _ => None,
            })
            .collect();
        assert_eq!(bands.iter().map(|band| band.height()).sum::<usize>(), 100);
        assert!(bands.first().unwrap().is_set(0, 0));
        let last = bands.last().unwrap();
        assert!(last.is_set(383, last.height() - 1));
        let longest = layout::blocks(&commands).iter().map(Vec::len).max();
        assert!(longest <= Some(layout::BLOCK_BYTES), "{longest:?}");
        let first = commands
            .iter()
            .position(|command| matches!(command, EscposCommand::Image(_)))
            .unwrap();
        assert_eq!(commands[first - 1], EscposCommand::Align(Align::Centre));
        assert_eq!(
            commands[first + bands.len()],
            EscposCommand::Align(Align::Left)
        );
    }

    #[test]
    fn bold_and_large_lines_are_printed_so_and_the_next_line_is_plain_again() {
        let line = |text: &str, style| TextLine {
            text: text.to_owned(),
            style,
            ..TextLine::default()
        };
        let lines = [
            line("BON", TextStyle::Large),
            line("TOTAL", TextStyle::Bold),
            line("Card", TextStyle::Plain),
        ];
        let commands = Layout::new(Options::default().sheet(""), None)
            .slip(&text(&lines))
            .unwrap();
        let place = |wanted: &str| {
            let wanted = EscposCommand::Text(wanted.as_bytes().to_vec());
            commands
                .iter()
                .position(|command| *command == wanted)
                .unwrap()
        };
        let state = |until: usize| {
            let mut state = (false, 1);
            for command in commands.iter().take(until) {
                match command {
                    EscposCommand::Bold(bold) => state.0 = *bold,
                    EscposCommand::Size { width, .. } => state.1 = *width,
                    _ => {}
                }
            }
            state
        };
        assert_eq!(state(place("BON")), (true, 2));
        assert_eq!(state(place("TOTAL")), (true, 1));
        assert_eq!(state(place("Card")), (false, 1));
    }
}
