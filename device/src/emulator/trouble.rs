//! The emulated printer at the end of a line that can be ordered to go wrong.

use std::collections::VecDeque;

use super::printer::Printer;
use crate::port::loopback::Peer;
use crate::wire::framing::{Decoder, NAK, Request, SYN, Token};

/// What is to go wrong (contract, "Simulator switches").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is lost before it is executed.
    DropRequest,
    /// The answer is lost after execution.
    DropAnswer,
    /// The request is answered with NAK and not executed.
    Nak,
    /// The answer is preceded by SYN bytes.
    Busy,
    /// One byte of the answer is changed, its checksum left as it was.
    Garble,
    /// The answer is late.
    Delay,
    /// The command is executed, then the power goes.
    PowerCut,
    /// The cable is pulled before the command is executed.
    Unplug,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::DropRequest,
        Self::DropAnswer,
        Self::Nak,
        Self::Busy,
        Self::Garble,
        Self::Delay,
        Self::PowerCut,
        Self::Unplug,
    ];

    /// The kind's name: `drop_request` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DropRequest => "drop_request",
            Self::DropAnswer => "drop_answer",
            Self::Nak => "nak",
            Self::Busy => "busy",
            Self::Garble => "garble",
            Self::Delay => "delay",
            Self::PowerCut => "power_cut",
            Self::Unplug => "unplug",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A trouble that is ordered for coming frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultOrder {
    /// What happens.
    pub kind: FaultKind,
    /// To which command; to every command without one.
    pub command: Option<u8>,
    /// To how many frames, repeats included; for [`FaultKind::Busy`] how many SYN bytes before one answer.
    pub times: u32,
    /// For [`FaultKind::Delay`], how late.
    pub ms: u64,
}

/// A printer and its line.
pub struct Emulator {
    printer: Printer,
    decoder: Decoder,
    orders: Vec<FaultOrder>,
    outbox: VecDeque<(u64, Vec<u8>)>,
    plugged: bool,
    baud: Option<u32>,
    sent_until: u64,
    heard_until: u64,
    garbled: usize,
}

/// While it is busy the printer says so this often.
const BUSY_EVERY_MS: u64 = 60;
/// Bytes that a paced line hands over at a time.
const PACE_CHUNK: usize = 16;

impl Emulator {
    /// A printer on a line without trouble; `baud` paces it.
    #[must_use]
    pub fn new(printer: Printer, baud: Option<u32>) -> Self {
        Self {
            decoder: Decoder::new(printer.family().framing),
            printer,
            orders: Vec::new(),
            outbox: VecDeque::new(),
            plugged: true,
            baud,
            sent_until: 0,
            heard_until: 0,
            garbled: 0,
        }
    }

    /// The printer.
    #[must_use]
    pub fn printer(&self) -> &Printer {
        &self.printer
    }

    /// The printer, to be changed from outside.
    pub fn printer_mut(&mut self) -> &mut Printer {
        &mut self.printer
    }

    /// Orders a trouble; orders are carried out in turn.
    pub fn add_fault(&mut self, order: FaultOrder) {
        if order.times > 0 {
            self.orders.push(order);
        }
    }

    /// Forgets the orders that are left.
    pub fn clear_faults(&mut self) {
        self.orders.clear();
    }

    /// Orders that are left.
    #[must_use]
    pub fn faults(&self) -> &[FaultOrder] {
        &self.orders
    }

    /// Switches the printer on or off; what it was sending is lost.
    pub fn set_power(&mut self, on: bool) {
        self.printer.set_power(on);
        self.decoder.clear();
        self.outbox.clear();
    }

    /// Pulls the cable or plugs it in; what was on it is lost.
    pub fn set_plugged(&mut self, plugged: bool) {
        self.plugged = plugged;
        self.decoder.clear();
        self.outbox.clear();
    }

    fn handle_frame(&mut self, frame: &[u8], now: u64) {
        let Ok(request) = Request::parse(&self.printer.family().framing, frame) else {
            self.send(vec![NAK], now);
            return;
        };
        let order = self.order_for(request.command);
        match order.map(|order| order.kind) {
            Some(FaultKind::DropRequest) => return,
            Some(FaultKind::Nak) => {
                self.send(vec![NAK], now);
                return;
            }
            Some(FaultKind::Unplug) => {
                self.set_plugged(false);
                return;
            }
            _ => {}
        }
        let mut answer = self.printer.answer(&request);
        match order.map(|order| (order.kind, order)) {
            Some((FaultKind::DropAnswer, _)) => {}
            Some((FaultKind::PowerCut, _)) => self.set_power(false),
            Some((FaultKind::Garble, _)) => {
                self.garble(&mut answer);
                self.send(answer, now);
            }
            Some((FaultKind::Delay, order)) => {
                self.send(answer, now.saturating_add(order.ms));
            }
            Some((FaultKind::Busy, order)) => {
                let mut at = now;
                for _ in 0..order.times {
                    self.send(vec![SYN], at);
                    at = at.saturating_add(BUSY_EVERY_MS);
                }
                self.send(answer, at);
            }
            _ => self.send(answer, now),
        }
    }

    /// The first order that fits, counted down by one frame.
    fn order_for(&mut self, command: u8) -> Option<FaultOrder> {
        let place = self
            .orders
            .iter()
            .position(|order| order.command.is_none_or(|only| only == command))?;
        let order = self.orders.get_mut(place)?;
        let found = *order;
        order.times = match order.kind {
            FaultKind::Busy => 0,
            _ => order.times.saturating_sub(1),
        };
        if order.times == 0 {
            self.orders.remove(place);
        }
        Some(found)
    }

    /// Turns one bit of one byte between LEN and the last status byte, another one each time.
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

    /// Puts bytes on the line in their turn: the printer does one thing after another, and a paced line takes its time.
    fn send(&mut self, bytes: Vec<u8>, at: u64) {
        let begins = at.max(self.sent_until).max(self.heard_until);
        match self.baud {
            None => {
                self.sent_until = begins;
                self.outbox.push_back((begins, bytes));
            }
            Some(baud) => {
                let mut at = begins;
                for chunk in bytes.chunks(PACE_CHUNK) {
                    at = at.saturating_add(line_ms(chunk.len(), baud));
                    self.outbox.push_back((at, chunk.to_vec()));
                }
                self.sent_until = at;
            }
        }
    }
}

impl Peer for Emulator {
    fn is_plugged(&self) -> bool {
        self.plugged
    }

    fn handle_bytes(&mut self, bytes: &[u8], now: u64) {
        if !self.plugged || !self.printer.is_on() {
            return;
        }
        if let Some(baud) = self.baud {
            let from = self.heard_until.max(now);
            self.heard_until = from.saturating_add(line_ms(bytes.len(), baud));
        }
        for byte in bytes {
            match self.decoder.push(*byte) {
                Some(Token::Frame(frame)) => self.handle_frame(&frame, now),
                Some(Token::Damaged) => self.send(vec![NAK], now),
                Some(Token::Nak | Token::Syn) | None => {}
            }
            if !self.plugged || !self.printer.is_on() {
                return;
            }
        }
    }

    fn poll_transmit(&mut self, now: u64) -> Option<Vec<u8>> {
        if self.outbox.front().is_some_and(|(due, _)| *due <= now) {
            return self.outbox.pop_front().map(|(_, bytes)| bytes);
        }
        None
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.outbox.front().map(|(due, _)| *due)
    }
}

/// Milliseconds that bytes take on a line: ten bits each.
fn line_ms(bytes: usize, baud: u32) -> u64 {
    u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_mul(10_000)
        .checked_div(u64::from(baud))
        .unwrap_or(0)
}
