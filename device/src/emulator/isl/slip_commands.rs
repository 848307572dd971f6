//! The commands that print non-fiscal text: slips, ornaments, duplicates.

use super::journal::PrintedKind;
use super::memory::{LastReceipt, OpenKind, OpenReceipt, ReceiptForm};
use super::printer::{Printer, Reply};
use crate::emulator::tape::{centred, spread};
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::isl_payment::ReceiptCounters;

impl Printer {
    /// Executes 26h: opens a slip.
    pub(super) fn slip_open(&mut self) -> Reply<ReceiptCounters> {
        self.closed()?;
        self.printing()?;
        self.memory.open = Some(OpenReceipt {
            kind: OpenKind::Slip,
            at: self.now(),
            sales: Vec::new(),
            groups: [0; 8],
            payments: Vec::new(),
            payment_started: false,
            tape: vec![centred("BON NEFISCAL")],
            invoice: false,
            subtotal_changes: Vec::new(),
            original: None,
            form: ReceiptForm::default(),
        });
        Ok(self.counters_of_open())
    }

    fn slip(&mut self) -> Result<&mut OpenReceipt, Cause> {
        match &mut self.memory.open {
            Some(open) if open.kind == OpenKind::Slip => Ok(open),
            _ => Err(Cause::NoReceiptOpen),
        }
    }

    /// Executes 2Ah: prints a line of text on a slip.
    pub(super) fn slip_text(&mut self, text: &[u8]) -> Reply<()> {
        self.slip()?;
        self.printing()?;
        let width = self.protocol.limits.widths.slip.printed;
        let printed = text.get(..width).unwrap_or(text);
        self.slip()?.tape.push(codepage::decode(printed));
        Ok(())
    }

    /// Executes 27h: closes the slip.
    pub(super) fn slip_close(&mut self) -> Reply<ReceiptCounters> {
        self.slip()?;
        self.printing()?;
        let mut open = self.slip()?.clone();
        let document = self.memory.next_document();
        let stamp = self.stamp();
        open.tape.push(spread(&format!("{document:07}"), &stamp));
        self.issue(document, PrintedKind::Slip, &open.tape);
        self.memory.open = None;
        self.memory.last = LastReceipt::default();
        self.memory.day.all_receipts = self.memory.day.all_receipts.saturating_add(1);
        Ok(self.counters_of_closed())
    }

    /// Prints a barcode or a line, only inside a receipt or slip.
    pub(super) fn ornament(&mut self) -> Reply<()> {
        self.printing()?;
        let Some(open) = &mut self.memory.open else {
            return Err(Cause::NoReceiptOpen.into());
        };
        open.tape.push(centred("- - - - - -"));
        Ok(())
    }

    /// Executes 6Dh: prints a duplicate of the last fiscal receipt that was closed, once, whatever was printed since.
    pub(super) fn duplicate(&mut self) -> Reply<()> {
        if self.memory.open.is_some() || !self.memory.may_duplicate {
            return Err(Cause::NotPermitted.into());
        }
        self.printing()?;
        let document = self.memory.next_document();
        self.memory.may_duplicate = false;
        self.memory.has_duplicate = true;
        self.memory.day.all_receipts = self.memory.day.all_receipts.saturating_add(1);
        let lines = [centred("DUPLICAT"), format!("{document:07}")];
        self.issue(document, PrintedKind::Other, &lines);
        Ok(())
    }
}
