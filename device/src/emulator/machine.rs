//! The interface of an emulated printer of any family for a [`Rig`](super::Rig).

use super::fault::FaultOrder;
use super::snapshot::Snapshot;
use crate::port::loopback::Peer;
use crate::printer::Paper;

/// An emulated printer on its line.
pub(super) trait Machine: Peer {
    /// The state of the printer, with all receipts or the newest thousand.
    fn snapshot(&self, all_receipts: bool) -> Snapshot;

    /// Switches the printer on or off.
    fn set_power(&mut self, on: bool);

    /// Loads or removes paper.
    fn set_paper(&mut self, paper: Paper);

    /// Opens or closes the cover.
    fn set_cover_open(&mut self, open: bool);

    /// Pulls the cable or plugs it in.
    fn set_plugged(&mut self, plugged: bool);

    /// Asks for the Z-report at the printer's keyboard; returns true if the report was printed.
    fn keyboard_z(&mut self) -> bool;

    /// Orders a fault.
    fn add_fault(&mut self, order: FaultOrder);

    /// Discards the remaining faults.
    fn clear_faults(&mut self);

    /// The printed text of the newest documents.
    fn paper_text(&self) -> String;
}
