//! The printer's mechanics, what keeps it from printing, and the status bytes that say so.

use super::super::memory::Kind;
use super::Printer;
use crate::printer::Paper;
use crate::wire::cause::Cause;
use crate::wire::isl_status::{Flag, Status};

/// Room that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    Enough,
    /// It is near its end.
    Little,
    /// There is none.
    None,
}

/// What befalls the printer's mechanics while it executes a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator::isl) enum AfterCommand {
    /// The command used the last of the paper.
    PaperEnds,
    /// Somebody opens the cover.
    CoverOpens,
}

impl Printer {
    /// Its paper.
    #[must_use]
    pub fn paper_state(&self) -> Paper {
        self.paper
    }

    /// Its cover is open.
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

    /// The journal has this much room; without any nothing can be sold.
    pub fn set_journal_room(&mut self, room: Room) {
        self.journal_room = room;
    }

    /// The status bytes of the moment.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut flags = vec![
            Flag::Numbered,
            Flag::TaxIdSet,
            Flag::RatesSet,
            Flag::Fiscalised,
            Flag::Formatted,
        ];
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
            Some(Kind::Sale) => flags.push(Flag::ReceiptOpen),
            Some(Kind::Refund) => flags.extend([Flag::ReceiptOpen, Flag::RefundOpen]),
            Some(Kind::Slip) => flags.push(Flag::SlipOpen),
            None => {}
        }
        let layout = &self.protocol.status;
        flags
            .into_iter()
            .fold(Status::empty(layout.len), |status, flag| {
                layout.with(status, flag)
            })
    }

    /// Refuses what cannot be printed now. Where the cover has no error bit of its own, S1.1 says that the command was refused.
    pub(in crate::emulator::isl) fn printing(&self) -> Result<(), Cause> {
        if self.cover_open {
            return Err(Cause::CoverOpen);
        }
        if self.paper == Paper::Out {
            return Err(Cause::PaperOut);
        }
        Ok(())
    }

    /// Refuses to open a fiscal receipt that could not be closed and kept (spec 2, 30h).
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

    /// Refuses while anything is open, and says what.
    pub(in crate::emulator::isl) fn closed(&self) -> Result<(), Cause> {
        Err(match self.memory.open.as_ref().map(|open| open.kind) {
            None => return Ok(()),
            Some(Kind::Sale) => Cause::ReceiptOpen,
            Some(Kind::Refund) => Cause::RefundOpen,
            Some(Kind::Slip) => Cause::SlipOpen,
        })
    }
}
