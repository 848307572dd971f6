//! The emulated printer on a line for which faults can be ordered.

use super::printer::{AfterCommand, Printer};
use super::text_report::UnsentLines;
use crate::emulator::fault::{FaultKind, FaultOrder};
use crate::emulator::line::Line;
use crate::emulator::machine::Machine;
use crate::emulator::snapshot::Snapshot;
use crate::port::loopback::Peer;
use crate::printer::Paper;
use crate::wire::decoder::{Decoder, Token};
use crate::wire::framing::{NAK, Request, SYN, Width};
use crate::wire::zfp;

/// A printer and its line.
pub struct IslEmulator {
    printer: Printer,
    decoder: Decoder,
    line: Line,
    garbled: usize,
    /// The lines that are not sent yet, and the answer that follows them.
    unsent: Option<(UnsentLines, Vec<u8>)>,
    /// The answers that are late, with the requests that they answer.
    late: Vec<(Request, Vec<u8>)>,
}

/// The noise that is sent before an answer, one kind after another: stray bytes and half a frame, something like a frame, the end
/// of another frame, control bytes.
const NOISES: [&[u8]; 4] = [
    &[0x41, 0xFF, 0x00, 0x01, 0x2B, 0x30],
    &[0x01, 0x01, 0x24, 0x20, 0x03],
    &[0x30, 0x39, 0x33, 0x03],
    &[SYN, 0x80, NAK],
];

impl IslEmulator {
    /// A printer on a line without faults; `baud` sets the line's speed.
    #[must_use]
    pub fn new(printer: Printer, baud: Option<u32>) -> Self {
        Self {
            decoder: Decoder::new(printer.family().framing),
            printer,
            line: Line::new(baud),
            garbled: 0,
            unsent: None,
            late: Vec::new(),
        }
    }

    /// The printer at the end of the line.
    #[must_use]
    pub fn printer(&self) -> &Printer {
        &self.printer
    }

    /// The printer at the end of the line, mutable.
    pub fn printer_mut(&mut self) -> &mut Printer {
        &mut self.printer
    }

    /// Orders a fault; orders are carried out one after another.
    pub fn add_fault(&mut self, order: FaultOrder) {
        self.line.add_fault(order);
    }

    /// Discards the remaining orders.
    pub fn clear_faults(&mut self) {
        self.line.clear_faults();
    }

    /// The fault orders that were not carried out yet.
    #[must_use]
    pub fn faults(&self) -> &[FaultOrder] {
        self.line.faults()
    }

    /// Switches the printer on or off; the bytes that it was sending are lost.
    pub fn set_power(&mut self, on: bool) {
        self.printer.set_power(on);
        self.forget_line();
    }

    /// Pulls the cable or plugs it in; the bytes on the line are lost.
    pub fn set_plugged(&mut self, plugged: bool) {
        self.line.set_plugged(plugged);
        self.forget_line();
    }

    fn forget_line(&mut self) {
        self.decoder.clear();
        self.line.forget();
        self.late.clear();
        self.unsent = None;
    }

    /// Sends the next line, or the answer behind the last one.
    fn send_unsent(&mut self, now: u64) {
        let Some((mut unsent, answer)) = self.unsent.take() else {
            return;
        };
        match unsent.lines.pop_front() {
            Some(line) => {
                self.line.send(line, now);
                self.unsent = Some((unsent, answer));
            }
            None => self.line.send(answer, now),
        }
    }

    /// Refuses a frame that cannot be read. Recorded X printers (erpnet/ErpNet.FP issues 183 and 191) send SYN before NAK.
    fn refuse_frame(&mut self, now: u64) {
        let bytes = match self.printer.family().framing.width {
            Width::Nibbles => vec![SYN, NAK],
            Width::Byte | Width::Zfp => vec![NAK],
        };
        self.line.send(bytes, now);
    }

    /// Answers a question of ZFP that is no frame. The printer does one thing after another, so it is never busy then.
    fn answer_ping(&mut self, byte: u8, now: u64) {
        let answer = match byte {
            zfp::ALIVE => vec![zfp::ALIVE],
            zfp::INFORMATION => self.printer.information(),
            zfp::MODEL => self.printer.model_line(),
            _ if self.printer.paper_state() == Paper::Out => vec![zfp::READY | zfp::NO_PAPER],
            _ => vec![zfp::READY],
        };
        self.line.send(answer, now);
    }

    fn handle_frame(&mut self, frame: &[u8], now: u64) {
        let Ok(request) = Request::parse(&self.printer.family().framing, frame) else {
            self.refuse_frame(now);
            return;
        };
        let order = self.line.order_for(request.command);
        if let Some(order) = order
            && self.before_execution(order.kind, now)
        {
            return;
        }
        let answer = self.printer.answer(&request);
        // A host that sends a frame does not confirm lines any more.
        self.unsent = self
            .printer
            .take_lines()
            .map(|lines| (lines, answer.clone()));
        if self.unsent.is_some() {
            self.send_unsent(now);
            return;
        }
        // A repeated request executes nothing, so this fault has no effect on it.
        self.printer.after_command = None;
        self.send_late(&request, now);
        match order {
            Some(order) => self.after_execution(order, request, answer, now),
            None => self.line.send(answer, now),
        }
    }

    /// Applies a fault before the command is executed; returns true if the command is not executed.
    fn before_execution(&mut self, kind: FaultKind, now: u64) -> bool {
        match kind {
            FaultKind::DropRequest => {}
            FaultKind::Nak => self.line.send(vec![NAK], now),
            FaultKind::Unplug => self.set_plugged(false),
            FaultKind::PowerCutBefore => self.set_power(false),
            other => {
                self.hinder(other);
                return false;
            }
        }
        true
    }

    /// Applies a fault of the printer itself; the printer then decides whether it refuses the command.
    fn hinder(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::PaperOut => self.printer.set_paper(Paper::Out),
            FaultKind::CoverOpen => self.printer.set_cover_open(true),
            FaultKind::PaperEnd => self.printer.after_command = Some(AfterCommand::PaperEnds),
            FaultKind::CoverOpenAfter => {
                self.printer.after_command = Some(AfterCommand::CoverOpens);
            }
            _ => {}
        }
    }

    /// Applies a fault to the answer.
    fn after_execution(
        &mut self,
        order: FaultOrder,
        request: Request,
        mut answer: Vec<u8>,
        now: u64,
    ) {
        match order.kind {
            FaultKind::DropAnswer => {}
            FaultKind::PowerCut => self.set_power(false),
            FaultKind::Blink => {
                self.set_power(false);
                self.set_power(true);
            }
            FaultKind::UnplugAfter => self.set_plugged(false),
            FaultKind::Late => self.late.push((request, answer)),
            FaultKind::Garble => {
                self.garble(&mut answer);
                self.line.send(answer, now);
            }
            FaultKind::BadChecksum => {
                // The last byte of the checksum is before the terminator; the changed value is a valid digit too.
                if let [.., digit, _] = answer.as_mut_slice() {
                    *digit ^= 0x01;
                }
                self.line.send(answer, now);
            }
            FaultKind::Garbage => {
                let noise = self.garbled.checked_rem(NOISES.len()).unwrap_or(0);
                self.garbled = self.garbled.saturating_add(1);
                let mut bytes = NOISES.get(noise).copied().unwrap_or_default().to_vec();
                bytes.extend(answer);
                self.line.send(bytes, now);
            }
            FaultKind::Delay => self.line.send(answer, now.saturating_add(order.ms)),
            FaultKind::Bytewise => self.line.send_bytewise(answer, order.ms, now),
            FaultKind::Busy => {
                let mut at = now;
                let busy = match self.printer.family().framing.width {
                    Width::Zfp => zfp::RETRY,
                    Width::Byte | Width::Nibbles => SYN,
                };
                for _ in 0..order.times {
                    self.line.send(vec![busy], at);
                    at = at.saturating_add(self.printer.family().framing.busy_every_ms);
                }
                self.line.send(answer, at);
            }
            FaultKind::DropRequest
            | FaultKind::Nak
            | FaultKind::Unplug
            | FaultKind::PowerCutBefore
            | FaultKind::PaperOut
            | FaultKind::PaperEnd
            | FaultKind::CoverOpen
            | FaultKind::CoverOpenAfter => self.line.send(answer, now),
        }
    }

    /// Sends late answers, unless this request is a repeat of the request that they answer.
    fn send_late(&mut self, request: &Request, now: u64) {
        let framing = self.printer.family().framing;
        let (due, kept) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(answered, _)| !framing.is_repeat(answered, request));
        self.late = kept;
        for (_, answer) in due {
            self.line.send(answer, now);
        }
    }

    /// Flips one bit of one byte between LEN and the last status byte, a different byte each time.
    fn garble(&mut self, answer: &mut [u8]) {
        let inner = answer.len().saturating_sub(7);
        let place = self
            .garbled
            .checked_rem(inner)
            .unwrap_or(0)
            .saturating_add(1);
        self.garbled = self.garbled.saturating_add(1);
        if let Some(byte) = answer.get_mut(place) {
            *byte ^= 0x40;
        }
    }
}

impl Peer for IslEmulator {
    fn is_plugged(&self) -> bool {
        self.line.is_plugged()
    }

    fn handle_bytes(&mut self, bytes: &[u8], now: u64) {
        if !self.line.is_plugged() || !self.printer.is_on() {
            return;
        }
        self.line.receive(bytes.len(), now);
        for byte in bytes {
            let confirmation = self.unsent.as_ref().map(|(lines, _)| lines.confirmation);
            if confirmation == Some(*byte) {
                self.send_unsent(now);
                continue;
            }
            match self.decoder.push(*byte) {
                Some(Token::Frame(frame)) => self.handle_frame(&frame, now),
                Some(Token::Damaged) => self.refuse_frame(now),
                Some(Token::Ping(byte)) => self.answer_ping(byte, now),
                Some(Token::Nak | Token::Syn | Token::Ready) | None => {}
            }
            if !self.line.is_plugged() || !self.printer.is_on() {
                return;
            }
        }
    }

    fn poll_transmit(&mut self, now: u64) -> Option<Vec<u8>> {
        self.line.poll_transmit(now)
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.line.poll_timeout()
    }
}

impl Machine for IslEmulator {
    fn snapshot(&self, all_receipts: bool) -> Snapshot {
        Snapshot::of(self.printer(), all_receipts)
    }

    fn set_power(&mut self, on: bool) {
        Self::set_power(self, on);
    }

    fn set_paper(&mut self, paper: Paper) {
        self.printer_mut().set_paper(paper);
    }

    fn set_cover_open(&mut self, open: bool) {
        self.printer_mut().set_cover_open(open);
    }

    fn set_plugged(&mut self, plugged: bool) {
        Self::set_plugged(self, plugged);
    }

    fn keyboard_z(&mut self) -> bool {
        self.printer_mut().keyboard_z()
    }

    fn add_fault(&mut self, order: FaultOrder) {
        Self::add_fault(self, order);
    }

    fn clear_faults(&mut self) {
        Self::clear_faults(self);
    }

    fn paper_text(&self) -> String {
        self.printer().paper_text()
    }
}
