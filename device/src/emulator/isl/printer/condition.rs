//! The printer's mechanics, the conditions in which it cannot print, and the status bytes.

use super::super::memory::OpenKind;
use super::Printer;
use crate::printer::Paper;
use crate::wire::cause::Cause;
use crate::wire::isl_status::{Flag, Status};

/// The room that is left in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is enough room.
    Enough,
    /// The room is near its end.
    Little,
    /// There is no room left.
    None,
}

/// What happens to the printer's mechanics while it executes a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator::isl) enum AfterCommand {
    /// The command uses the last paper.
    PaperEnds,
    /// The cover is opened.
    CoverOpens,
}

impl Printer {
    /// The state of the paper.
    #[must_use]
    pub fn paper_state(&self) -> Paper {
        self.paper
    }

    /// Whether the cover is open.
    #[must_use]
    pub fn is_cover_open(&self) -> bool {
        self.cover_open
    }

    /// Loads or removes paper.
    pub fn set_paper(&mut self, paper: Paper) {
        self.paper = paper;
    }

    /// Opens or closes the cover.
    pub fn set_cover_open(&mut self, open: bool) {
        self.cover_open = open;
    }

    /// Sets the room of the journal; without any room nothing can be sold.
    pub fn set_journal_room(&mut self, room: Room) {
        self.journal_room = room;
    }

    /// The current status bytes of the printer.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut flags = vec![
            Flag::Numbered,
            Flag::TaxIdSet,
            Flag::RatesSet,
            Flag::Formatted,
        ];
        if self.fiscalised {
            flags.push(Flag::Fiscalised);
        }
        if self.mode == 0 {
            flags.push(Flag::PrintingEnabled);
        }
        if self.cover_open {
            flags.push(Flag::CoverOpen);
        }
        match self.paper {
            Paper::Ok => {}
            Paper::Low => flags.push(Flag::PaperLow),
            Paper::Out => flags.push(Flag::PaperOut),
        }
        if self.memory_fault {
            flags.push(Flag::FiscalMemoryWrite);
        }
        if self.memory.reset {
            flags.extend([Flag::MemoryReset, Flag::ClockNotSet]);
        }
        match self.journal_room {
            Room::Enough => {}
            Room::Little => flags.push(Flag::JournalLow),
            Room::None => flags.extend([Flag::JournalLow, Flag::JournalFull]),
        }
        match self.memory.closures_left() {
            0 => flags.push(Flag::FiscalMemoryFull),
            left if left < self.protocol.limits.records_low => flags.push(Flag::FiscalMemoryLow),
            _ => {}
        }
        match self.memory.open.as_ref().map(|open| open.kind) {
            Some(OpenKind::Sale) => flags.push(Flag::ReceiptOpen),
            Some(OpenKind::Refund) => flags.extend([Flag::ReceiptOpen, Flag::RefundOpen]),
            Some(OpenKind::Slip) => flags.push(Flag::SlipOpen),
            None => {}
        }
        let layout = &self.protocol.status;
        let status = flags
            .into_iter()
            .fold(Status::empty(layout.len), |status, flag| {
                layout.with(status, flag)
            });
        self.with_receipt_bits(status)
    }

    /// Refuses a command while nothing can be printed. If the family has no status bit for the cover, S1.1 shows the refusal.
    pub(in crate::emulator::isl) fn printing(&self) -> Result<(), Cause> {
        if self.mode != 0 && self.protocol.status.knows(Flag::PrintingEnabled) {
            return Err(Cause::NotPermitted);
        }
        if self.cover_open {
            return Err(Cause::CoverOpen);
        }
        if self.paper == Paper::Out {
            return Err(Cause::PaperOut);
        }
        Ok(())
    }

    /// Refuses to open a fiscal receipt that could not be closed and stored.
    pub(in crate::emulator::isl) fn fit_to_sell(&self) -> Result<(), Cause> {
        if self.memory.reset {
            return Err(Cause::ClockNotSet);
        }
        if self.journal_room == Room::None {
            return Err(Cause::JournalFull);
        }
        if self.memory.closures_left() == 0 {
            return Err(Cause::FiscalMemoryFull);
        }
        Ok(())
    }

    /// Refuses a command while a receipt or slip is open, with the cause.
    pub(in crate::emulator::isl) fn closed(&self) -> Result<(), Cause> {
        Err(match self.memory.open.as_ref().map(|open| open.kind) {
            None => return Ok(()),
            Some(OpenKind::Sale) => Cause::ReceiptOpen,
            Some(OpenKind::Refund) => Cause::RefundOpen,
            Some(OpenKind::Slip) => Cause::SlipOpen,
        })
    }
}
