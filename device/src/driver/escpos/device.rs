//! The conversation with a receipt printer: the printer's condition, and the fences that show what was printed.
//!
//! A fence is a question in the stream of commands. The printer answers a fence after it has processed everything before the
//! fence: `GS ( H` with a number of its own, or `GS r 1`, whose answers are all equal and are counted. At most two blocks are
//! sent without an answer, so that no buffer overflows on a line without flow control.

use std::collections::VecDeque;

use super::line::Line;
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{Condition, Paper, Watch};
use crate::wire::escpos::{EscposCommand, RealTime};
use crate::wire::escpos_answer::{EscposAnswer, EscposStatus, STATUS_BYTES};

/// The command by which the printer reports that it has processed everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fence {
    /// `GS ( H`: each answer has the number of its fence.
    Numbered,
    /// `GS r 1`: all answers are equal, so they are counted.
    Counted,
}

/// The printer's identity. A field is empty if the printer does not report it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) model: String,
    pub(super) firmware: String,
    pub(super) serial: String,
}

/// The reason why a transfer stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped {
    pub(super) fault: Fault,
    /// The number of blocks that were sent, the last one perhaps in part.
    pub(super) sent: usize,
}

/// A receipt printer at the end of a line.
pub(super) struct Device {
    line: Line,
    fence: Option<Fence>,
    identity: Identity,
    next_fence: u32,
    /// The fences that are not answered yet, oldest first.
    waiting: VecDeque<u32>,
    /// Whether a fence was skipped since [`Device::begin`]: the bytes that were sent before it were lost.
    lost: bool,
}

/// The longest time until a real-time question is answered, in milliseconds.
const STATUS_MS: u64 = 500;
/// The number of attempts to ask the four real-time questions.
const STATUS_ATTEMPTS: u32 = 3;
/// The longest time until the first fence of a connection is answered, in milliseconds; nothing is sent before that fence.
const PROBE_MS: u64 = 3_000;
/// The longest gap between answers that belong together, in milliseconds.
const STRAGGLER_MS: u64 = 300;
/// After this silence, in milliseconds, a printer whose answers are counted sends no more: the silence is longer than the
/// printing of a block.
const QUIET_MS: u64 = 5_000;
/// The time to wait for a printer that reports why it does not print, in milliseconds.
const TROUBLE_MS: u64 = 3_000;
/// The time to wait for a printer that reports no fault, in milliseconds.
const STALL_MS: u64 = 20_000;
/// The pause between two questions about the drawer, in milliseconds.
const REST_MS: u64 = 50;
/// The largest number of blocks that are sent and not confirmed.
const WINDOW: usize = 2;

impl Device {
    pub(super) fn new(opener: Box<dyn PortOpener>, seed: u8) -> Self {
        Self {
            line: Line::new(opener),
            fence: None,
            identity: Identity::default(),
            // The first number differs from run to run, because a printer may still answer with a number of the program's last
            // run.
            next_fence: u32::from(seed) << 16,
            waiting: VecDeque::new(),
            lost: false,
        }
    }

    /// The address of the printer.
    pub(super) fn address(&self) -> String {
        self.line.address()
    }

    pub(super) fn is_attached(&self) -> bool {
        self.line.is_open()
    }

    /// Whether the printer was asked for its identity since the port was opened.
    pub(super) fn is_identified(&self) -> bool {
        self.fence.is_some()
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Opens the port if needed and asks for the printer's condition. If the printer can print, it is asked for its identity too.
    ///
    /// A port that stays silent is closed, so that the next call opens it again.
    pub(super) fn attach(&mut self, watch: &mut dyn Watch) -> Result<EscposStatus, Fault> {
        if !self.line.is_open() {
            self.line.open(watch)?;
            if self.waiting.is_empty() {
                // The answering printer may be another one than before.
                self.fence = None;
            }
        }
        let attached = self.status(watch).and_then(|status| {
            // A printer that cannot print answers nothing but real-time questions.
            if fault_of(status).is_none() && self.fence.is_none() {
                self.probe(watch)?;
                self.identify(watch)?;
            }
            Ok(status)
        });
        if attached.is_err() {
            self.line.close();
        }
        attached
    }

    /// Makes sure that the line is open, that the printer can print, and that no block is unconfirmed.
    pub(super) fn ready(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        let asked = if self.is_attached() {
            self.status(watch).ok()
        } else {
            None
        };
        let status = match asked {
            Some(status) if self.fence.is_some() => status,
            _ => self.attach(watch)?,
        };
        if let Some(fault) = fault_of(status) {
            return Err(fault);
        }
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.sync(watch)
    }

    /// The four real-time status bytes. The questions for them are sent between two commands only.
    pub(super) fn status(&mut self, watch: &mut dyn Watch) -> Result<EscposStatus, Fault> {
        'attempts: for _ in 0..STATUS_ATTEMPTS {
            for answer in self.line.arrived(watch)? {
                self.note(&answer);
            }
            let mut bytes = [0; STATUS_BYTES];
            for (which, byte) in (1..).zip(&mut bytes) {
                self.line.send(&RealTime::Status(which).emit(), watch)?;
                match self.status_byte(watch)? {
                    Some(answer) => *byte = answer,
                    // An answer does not name its question, so all four questions are asked again.
                    None => continue 'attempts,
                }
            }
            return Ok(EscposStatus::of(bytes));
        }
        self.line.close();
        Err(Fault::NoAnswer)
    }

    fn status_byte(&mut self, watch: &mut dyn Watch) -> Result<Option<u8>, Fault> {
        let until = self.line.now().saturating_add(STATUS_MS);
        loop {
            let left = until.saturating_sub(self.line.now());
            match self.line.next(left, watch)? {
                Some(EscposAnswer::Status(byte)) => return Ok(Some(byte)),
                Some(answer) => self.note(&answer),
                None => return Ok(None),
            }
        }
    }

    /// The milliseconds on the line's clock.
    pub(super) fn now(&self) -> u64 {
        self.line.now()
    }

    /// Waits a moment and reads what arrives.
    pub(super) fn rest(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        if let Some(answer) = self.line.next(REST_MS, watch)? {
            self.note(&answer);
        }
        Ok(())
    }

    /// Sends a request that the printer executes on receipt.
    pub(super) fn at_once(
        &mut self,
        request: RealTime,
        watch: &mut dyn Watch,
    ) -> Result<(), Fault> {
        self.line.send(&request.emit(), watch)
    }

    /// Begins a new slip: bytes that were lost before it do not matter any more.
    pub(super) fn begin(&mut self) {
        self.lost = false;
    }

    /// Sends blocks, each followed by a fence, and waits until all of them are processed.
    pub(super) fn transfer(
        &mut self,
        blocks: &[Vec<u8>],
        watch: &mut dyn Watch,
    ) -> Result<(), Stopped> {
        let mut sent = 0;
        for block in blocks {
            let room = self.settle(WINDOW.saturating_sub(1), STALL_MS, watch);
            room.map_err(|fault| Stopped { fault, sent })?;
            sent = usize::saturating_add(sent, 1);
            self.send_fenced(block.clone(), watch)
                .map_err(|fault| Stopped { fault, sent })?;
        }
        self.settle(0, STALL_MS, watch)
            .map_err(|fault| Stopped { fault, sent })
    }

    /// Whether a fence was skipped since [`begin`](Self::begin).
    pub(super) fn has_lost(&self) -> bool {
        self.lost
    }

    /// Finds out what became of the fences that were not answered. Afterwards no block is unconfirmed.
    pub(super) fn sync(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        match self.fence {
            Some(Fence::Numbered) => {
                self.send_fenced(Vec::new(), watch)?;
                self.settle(0, STALL_MS, watch)
            }
            Some(Fence::Counted) => self.count(watch),
            None => {
                self.lost |= !self.waiting.is_empty();
                self.waiting.clear();
                Ok(())
            }
        }
    }

    /// Counts equal answers: either there are as many answers as questions, or the printer lost some questions with its power.
    fn count(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        let before = self.waiting.len();
        self.send_fenced(Vec::new(), watch)?;
        self.settle(before, STALL_MS, watch)?;
        match self.settle(0, QUIET_MS, watch) {
            Err(Fault::NoAnswer) if self.line.is_open() => {
                self.lost = true;
                self.waiting.clear();
                Ok(())
            }
            result => result,
        }
    }

    fn send_fenced(&mut self, mut bytes: Vec<u8>, watch: &mut dyn Watch) -> Result<(), Fault> {
        let number = self.next_fence;
        self.next_fence = self.next_fence.wrapping_add(1);
        match self.fence {
            Some(Fence::Numbered) => {
                EscposCommand::TellProcessed(id_of(number)).emit_into(&mut bytes)
            }
            _ => EscposCommand::TellStatus(1).emit_into(&mut bytes),
        }
        self.waiting.push_back(number);
        self.line.send(&bytes, watch)
    }

    /// Waits until at most `most` fences are unanswered; each fence may take up to `stall_ms` milliseconds.
    fn settle(&mut self, most: usize, stall_ms: u64, watch: &mut dyn Watch) -> Result<(), Fault> {
        let mut progress_at = self.line.now();
        let mut left = self.waiting.len();
        while left > most {
            let fault = match self.line.next(STATUS_MS, watch)? {
                Some(answer) => {
                    self.note(&answer);
                    None
                }
                // The silent printer either prints or cannot print: the status question shows which, because it is answered at
                // once.
                None => Some(fault_of(self.status(watch)?)),
            };
            let now = self.line.now();
            if self.waiting.len() < left {
                left = self.waiting.len();
                progress_at = now;
                continue;
            }
            let idle = now.saturating_sub(progress_at);
            match fault {
                Some(Some(fault)) if idle >= TROUBLE_MS => return Err(fault),
                Some(None) if idle >= stall_ms => return Err(Fault::NoAnswer),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes the fence to which an answer belongs. Answers arrive in the order of the fences: the answer of a skipped fence
    /// never arrives, and what was sent before that fence is lost.
    fn note(&mut self, answer: &EscposAnswer) {
        let passed = match (self.fence, answer) {
            (Some(Fence::Numbered), answer) => answer
                .processed()
                .and_then(|id| self.waiting.iter().position(|number| id_of(*number) == id)),
            (Some(Fence::Counted), EscposAnswer::Told(_)) if !self.waiting.is_empty() => Some(0),
            _ => None,
        };
        if let Some(place) = passed {
            self.lost |= place > 0;
            self.waiting.drain(..=place);
        }
    }

    /// Finds out whether the printer supports `GS ( H`: both questions are sent at once, and the printer supports `GS ( H` if its
    /// answer arrives before that of `GS r`.
    fn probe(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        let number = self.next_fence;
        self.next_fence = self.next_fence.wrapping_add(1);
        let mut bytes = EscposCommand::TellProcessed(id_of(number)).emit();
        EscposCommand::TellStatus(1).emit_into(&mut bytes);
        self.line.send(&bytes, watch)?;
        let mut patience = PROBE_MS;
        while let Some(answer) = self.line.next(patience, watch)? {
            if answer.processed() == Some(id_of(number)) {
                self.fence = Some(Fence::Numbered);
            }
            if matches!(answer, EscposAnswer::Told(_)) {
                self.fence = self.fence.or(Some(Fence::Counted));
                if self.fence == Some(Fence::Numbered) {
                    return Ok(());
                }
                // The answer may belong to an older question, of a program that crashed.
                patience = STRAGGLER_MS;
            }
        }
        match self.fence {
            Some(_) => Ok(()),
            None => Err(Fault::NoAnswer),
        }
    }

    /// Asks for model, firmware and serial number. A printer that does not report them can still be used.
    fn identify(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        self.identity = Identity {
            model: self.text_of(67, watch)?,
            firmware: self.text_of(65, watch)?,
            serial: self.text_of(68, watch)?,
        };
        Ok(())
    }

    fn text_of(&mut self, which: u8, watch: &mut dyn Watch) -> Result<String, Fault> {
        self.send_fenced(EscposCommand::TellIdentity(which).emit(), watch)?;
        let mut reported = String::new();
        while !self.waiting.is_empty() {
            match self.line.next(PROBE_MS, watch)? {
                Some(answer) => {
                    if let Some(text) = answer.identity() {
                        reported = text;
                    }
                    self.note(&answer);
                }
                None => return Err(Fault::NoAnswer),
            }
        }
        Ok(reported)
    }
}

/// The number of a fence in the letters of `GS ( H`: six bits each.
fn id_of(number: u32) -> [u8; 4] {
    [18_u32, 12, 6, 0].map(|shift| {
        let six = number.wrapping_shr(shift) & 0x3F;
        u8::try_from(six).unwrap_or(0).saturating_add(b'0')
    })
}

/// The reason why the printer cannot print now.
pub(super) fn fault_of(status: EscposStatus) -> Option<Fault> {
    condition(status)
        .fault()
        .or(status.offline.then_some(Fault::Busy))
}

/// The status in the terms of all families.
pub(super) fn condition(status: EscposStatus) -> Condition {
    Condition {
        paper: if status.paper_out {
            Paper::Out
        } else if status.paper_low {
            Paper::Low
        } else {
            Paper::Ok
        },
        cover_open: status.cover_open,
        mechanism_fault: status.is_error(),
        ..Condition::default()
    }
}
