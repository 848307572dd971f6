//! An emulated ESC/POS receipt printer with a cash drawer.
//!
//! The emulated printer behaves as Epson's reference describes (`docs/protocols/escpos.md`): real-time requests are executed on
//! receipt, also inside images; all other commands wait in a small buffer while the paper is out or the cover is open, and bytes
//! that overflow it are lost.

mod paper;

use std::collections::VecDeque;

use self::paper::Paper;
use super::fault::{FaultKind, FaultOrder};
use super::line::Line;
use super::machine::Machine;
use super::snapshot::Snapshot;
use crate::port::loopback::Peer;
use crate::printer;
use crate::wire::escpos::{DC4, ENQ, EOT, EscposCommand, RealTime};
use crate::wire::escpos_answer::{EscposAnswer, EscposStatus};
use crate::wire::escpos_decode::{EscposDecoder, RealTimeDecoder};
use crate::wire::escpos_profile::EscposProfile;

/// An emulated receipt printer on a line for which faults can be ordered.
///
/// A fault order names a command by the last byte of its name: 48h for GS ( H, 04h for DLE EOT, 20h for text. ESC/POS has neither
/// NAK nor checksum: an order for NAK loses the command, and an order for the checksum damages the answer.
pub struct EscposEmulator {
    /// Whether the printer answers `GS ( H`. Cheap printers ignore that command.
    pub knows_processed: bool,
    /// Whether pin 3 of the drawer's connector is high while the drawer is open.
    pub open_drawer_is_high: bool,
    /// The model that the printer reports.
    model: &'static str,
    paper: Paper,
    buffer: VecDeque<EscposCommand>,
    buffered: usize,
    decoder: EscposDecoder,
    real_time: RealTimeDecoder,
    power: bool,
    paper_state: printer::Paper,
    cover_open: bool,
    drawer_shut_at: Option<u64>,
    drawer_pulses: u32,
    commands: u64,
    overflowed: u64,
    line: Line,
    /// Late answers, which are sent before the next answer.
    late: Vec<Vec<u8>>,
    now: u64,
}

/// The size of the receive buffer in bytes.
const BUFFER_BYTES: usize = 4_096;
/// The time after which the open drawer is closed, in milliseconds.
const DRAWER_OPEN_MS: u64 = 5_000;
/// The milliseconds by which "busy" delays an answer, once.
const BUSY_MS: u64 = 60;
/// Noise before an answer: XON and XOFF, and bytes that are neither status nor letter.
const NOISE: [u8; 4] = [0x11, 0xFF, 0x13, 0x9D];

/// The model of the emulated printer.
const MODEL: &str = "RP-80 emulated";
/// The model of an emulated printer whose pages no source names.
const UNKNOWN_MODEL: &str = "POS-80";

impl EscposEmulator {
    /// A printer with Epson's code pages, ready to print; `baud` paces its line.
    #[must_use]
    pub fn new(baud: Option<u32>) -> Self {
        Self {
            knows_processed: true,
            open_drawer_is_high: true,
            model: MODEL,
            paper: Paper::new(EscposProfile::USUAL),
            buffer: VecDeque::new(),
            buffered: 0,
            decoder: EscposDecoder::default(),
            real_time: RealTimeDecoder::default(),
            power: true,
            paper_state: printer::Paper::Ok,
            cover_open: false,
            drawer_shut_at: None,
            drawer_pulses: 0,
            commands: 0,
            overflowed: 0,
            line: Line::new(baud),
            late: Vec::new(),
            now: 0,
        }
    }

    /// The same printer as another model: with its name, its code pages and its width.
    #[must_use]
    pub fn of_profile(mut self, profile: EscposProfile) -> Self {
        self.paper = Paper::new(profile);
        self.model = profile.models.first().copied().unwrap_or(UNKNOWN_MODEL);
        self
    }

    /// The text on the paper.
    #[must_use]
    pub fn paper_text(&self) -> String {
        self.paper.text()
    }

    /// The number of pulses that were sent to the drawer.
    #[must_use]
    pub fn drawer_pulses(&self) -> u32 {
        self.drawer_pulses
    }

    /// The number of commands that were executed.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// The number of commands that were lost because the buffer was full.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Whether the printer is switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.power
    }

    /// Switches the printer on or off; commands that were received and not executed are lost.
    pub fn set_power(&mut self, on: bool) {
        self.power = on;
        self.line.forget();
        self.late.clear();
        self.forget();
    }

    /// Loads or removes paper; with paper the printer continues where it stopped.
    pub fn set_paper(&mut self, paper: printer::Paper) {
        self.paper_state = paper;
        self.work();
    }

    /// Opens or closes the cover.
    pub fn set_cover_open(&mut self, open: bool) {
        self.cover_open = open;
        self.work();
    }

    /// Pulls the cable or plugs it in. The printer keeps what it has received.
    pub fn set_plugged(&mut self, plugged: bool) {
        self.line.set_plugged(plugged);
        self.late.clear();
    }

    /// Orders a fault; orders are carried out one after another.
    pub fn add_fault(&mut self, order: FaultOrder) {
        self.line.add_fault(order);
    }

    /// Discards the remaining orders.
    pub fn clear_faults(&mut self) {
        self.line.clear_faults();
    }

    fn forget(&mut self) {
        self.buffer.clear();
        self.buffered = 0;
        self.decoder.clear();
        self.real_time.clear();
        self.paper.reset();
    }

    fn is_offline(&self) -> bool {
        self.cover_open || self.paper_state == printer::Paper::Out
    }

    fn drawer_is_open(&self) -> bool {
        self.drawer_shut_at.is_some_and(|at| self.now < at)
    }

    fn status(&self) -> EscposStatus {
        EscposStatus {
            drawer_pin_high: self.drawer_is_open() == self.open_drawer_is_high,
            offline: self.is_offline(),
            cover_open: self.cover_open,
            paper_low: self.paper_state == printer::Paper::Low,
            paper_out: self.paper_state == printer::Paper::Out,
            ..EscposStatus::default()
        }
    }

    fn kick(&mut self) {
        self.drawer_pulses = self.drawer_pulses.saturating_add(1);
        self.drawer_shut_at = Some(self.now.saturating_add(DRAWER_OPEN_MS));
    }

    /// Executes a real-time request.
    fn at_once(&mut self, request: RealTime) {
        let code = match request {
            RealTime::Status(_) => EOT,
            RealTime::Recover(_) => ENQ,
            RealTime::Pulse { .. } | RealTime::Clear => DC4,
        };
        self.with_fault(code, |printer| match request {
            RealTime::Status(which) => printer.status().byte(which).into_iter().collect(),
            RealTime::Recover(_) => Vec::new(),
            RealTime::Pulse { .. } => {
                printer.kick();
                Vec::new()
            }
            RealTime::Clear => {
                printer.forget();
                EscposAnswer::emit_cleared()
            }
        });
    }

    /// Executes the waiting commands, as long as the printer can print.
    fn work(&mut self) {
        while self.power && self.line.is_plugged() && !self.is_offline() {
            let Some(command) = self.buffer.pop_front() else {
                self.buffered = 0;
                return;
            };
            self.buffered = self.buffered.saturating_sub(command.emit().len());
            self.with_fault(command.code(), |printer| printer.execute(command));
        }
    }

    /// The table of commands that are processed in order.
    fn execute(&mut self, command: EscposCommand) -> Vec<u8> {
        match command {
            EscposCommand::TellProcessed(id) if self.knows_processed => {
                EscposAnswer::emit_processed(id)
            }
            EscposCommand::TellStatus(which) => {
                self.status().transmitted(which).into_iter().collect()
            }
            EscposCommand::TellIdentity(which) => identity(which, self.model),
            EscposCommand::Pulse { .. } => {
                self.kick();
                Vec::new()
            }
            // Reports without a question are off unless a host switches them on, and this driver does not.
            other => {
                self.paper.print(other);
                Vec::new()
            }
        }
    }

    /// Executes a command with the first fault order that fits.
    fn with_fault(&mut self, code: u8, execute: impl FnOnce(&mut Self) -> Vec<u8>) {
        let order = self.line.order_for(code);
        match order.map(|order| order.kind) {
            // ESC/POS has no NAK.
            Some(FaultKind::DropRequest | FaultKind::Nak) => return,
            Some(FaultKind::Unplug) => return self.set_plugged(false),
            Some(FaultKind::PowerCutBefore) => return self.set_power(false),
            _ => {}
        }
        self.commands = self.commands.saturating_add(1);
        let answer = execute(self);
        // Commands that were received are executed; only later commands wait.
        match order.map(|order| order.kind) {
            Some(FaultKind::PaperOut | FaultKind::PaperEnd) => {
                self.paper_state = printer::Paper::Out;
            }
            Some(FaultKind::CoverOpen | FaultKind::CoverOpenAfter) => self.cover_open = true,
            _ => {}
        }
        match order {
            Some(order) => self.after_execution(order, answer),
            None => self.answer(answer, self.now),
        }
    }

    /// Applies a fault that affects the answer.
    fn after_execution(&mut self, order: FaultOrder, mut answer: Vec<u8>) {
        let now = self.now;
        match order.kind {
            FaultKind::DropAnswer => {}
            FaultKind::PowerCut => self.set_power(false),
            FaultKind::Blink => {
                self.set_power(false);
                self.set_power(true);
            }
            FaultKind::UnplugAfter => self.set_plugged(false),
            FaultKind::Late => self.late.push(answer),
            // ESC/POS has no checksum.
            FaultKind::Garble | FaultKind::BadChecksum => {
                if let Some(first) = answer.first_mut() {
                    *first ^= 0x01;
                }
                self.answer(answer, now);
            }
            FaultKind::Garbage if !answer.is_empty() => {
                answer.splice(0..0, NOISE);
                self.answer(answer, now);
            }
            FaultKind::Bytewise => {
                if !answer.is_empty() {
                    self.send_late(now);
                }
                self.line.send_bytewise(answer, order.ms, now);
            }
            FaultKind::Delay => self.answer(answer, now.saturating_add(order.ms)),
            FaultKind::Busy => {
                let busy = u64::from(order.times).saturating_mul(BUSY_MS);
                self.answer(answer, now.saturating_add(busy));
            }
            _ => self.answer(answer, now),
        }
    }

    /// Sends an answer, and before it the late answers.
    fn answer(&mut self, answer: Vec<u8>, due: u64) {
        if answer.is_empty() {
            return;
        }
        self.send_late(due);
        self.line.send(answer, due);
    }

    fn send_late(&mut self, due: u64) {
        for late in std::mem::take(&mut self.late) {
            self.line.send(late, due);
        }
    }
}

impl Peer for EscposEmulator {
    fn is_plugged(&self) -> bool {
        self.line.is_plugged()
    }

    fn handle_bytes(&mut self, bytes: &[u8], now: u64) {
        self.now = self.now.max(now);
        if !self.line.is_plugged() || !self.power {
            return;
        }
        self.line.receive(bytes.len(), now);
        let mut begins = 0;
        for (place, byte) in bytes.iter().enumerate() {
            let Some(request) = self.real_time.push(*byte) else {
                continue;
            };
            // Earlier commands are processed first, if that is possible.
            let ends = place.saturating_add(1);
            self.receive(bytes.get(begins..ends).unwrap_or_default());
            begins = ends;
            self.at_once(request);
            if !self.line.is_plugged() || !self.power {
                return;
            }
        }
        self.receive(bytes.get(begins..).unwrap_or_default());
    }

    fn poll_transmit(&mut self, now: u64) -> Option<Vec<u8>> {
        self.line.poll_transmit(now)
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.line.poll_timeout()
    }
}

impl EscposEmulator {
    fn receive(&mut self, bytes: &[u8]) {
        for command in self.decoder.feed(bytes) {
            let size = command.emit().len();
            if self.is_offline() && self.buffered.saturating_add(size) > BUFFER_BYTES {
                self.overflowed = self.overflowed.saturating_add(1);
                continue;
            }
            self.buffered = self.buffered.saturating_add(size);
            self.buffer.push_back(command);
            self.work();
            if !self.line.is_plugged() || !self.power {
                return;
            }
        }
    }
}

impl Machine for EscposEmulator {
    fn snapshot(&self, _all_receipts: bool) -> Snapshot {
        Snapshot {
            power: if self.power { "on" } else { "off" },
            paper: match self.paper_state {
                printer::Paper::Ok => "ok",
                printer::Paper::Low => "low",
                printer::Paper::Out => "out",
            },
            cover: if self.cover_open { "open" } else { "closed" },
            receipt_open: false,
            last_document: 0,
            z_number: 0,
            cash: "0.00".to_owned(),
            drawer_pulses: self.drawer_pulses,
            commands: self.commands,
            fiscal_receipts: Vec::new(),
        }
    }

    fn set_power(&mut self, on: bool) {
        Self::set_power(self, on);
    }

    fn set_paper(&mut self, paper: printer::Paper) {
        Self::set_paper(self, paper);
    }

    fn set_cover_open(&mut self, open: bool) {
        Self::set_cover_open(self, open);
    }

    fn set_plugged(&mut self, plugged: bool) {
        Self::set_plugged(self, plugged);
    }

    fn keyboard_z(&mut self) -> bool {
        // A receipt printer has no fiscal memory.
        false
    }

    fn add_fault(&mut self, order: FaultOrder) {
        Self::add_fault(self, order);
    }

    fn clear_faults(&mut self) {
        Self::clear_faults(self);
    }

    fn paper_text(&self) -> String {
        Self::paper_text(self)
    }
}

/// The identity that the printer reports.
fn identity(which: u8, model: &str) -> Vec<u8> {
    match which {
        // The model and the type are one byte each; the type means no double-byte letters and a knife.
        1 | b'1' => vec![0x20],
        2 | b'2' => vec![0x02],
        65 => EscposAnswer::emit_identity("1.00 ESC/POS"),
        66 => EscposAnswer::emit_identity("FERROTILL"),
        67 => EscposAnswer::emit_identity(model),
        68 => EscposAnswer::emit_identity("EM00000001"),
        _ => Vec::new(),
    }
}
