//! The commands that print what is not fiscal: slips, ornaments, duplicates.

use super::memory::{Kind, LastReceipt, OpenReceipt};
use super::printer::{Printer, Refusal, Reply, code};
use super::tape::{centred, spread};
use crate::wire::codepage;
use crate::wire::isl::command;
use crate::wire::isl_receipt::TAB;

impl Printer {
    /// 26h.
    pub(super) fn slip_open(&mut self) -> Reply {
        if self.memory.open.is_some() {
            return Err(Refusal::not_allowed(code::RECEIPT_OPEN));
        }
        self.printing()?;
        self.memory.open = Some(OpenReceipt {
            kind: Kind::Slip,
            at: self.now(),
            sales: Vec::new(),
            groups: [0; 8],
            payments: Vec::new(),
            payment_started: false,
            tape: vec![centred("BON NEFISCAL")],
        });
        let all = self.memory.day.all_receipts.saturating_add(1);
        Ok(format!("{all:04}").into_bytes())
    }

    fn slip(&mut self) -> Result<&mut OpenReceipt, Refusal> {
        match &mut self.memory.open {
            Some(open) if open.kind == Kind::Slip => Ok(open),
            _ => Err(Refusal::not_allowed(code::NO_RECEIPT_OPEN)),
        }
    }

    /// 2Ah.
    pub(super) fn slip_text(&mut self, data: &[u8]) -> Reply {
        self.slip()?;
        self.printing()?;
        let line = plain(data);
        self.slip()?.tape.push(line);
        Ok(Vec::new())
    }

    /// 27h.
    pub(super) fn slip_close(&mut self) -> Reply {
        self.slip()?;
        self.printing()?;
        let mut open = self.slip()?.clone();
        let document = self.memory.next_document();
        let stamp = self.stamp();
        open.tape.push(spread(&format!("{document:07}"), &stamp));
        self.tape.push(&open.tape);
        self.memory.open = None;
        self.memory.last = LastReceipt::default();
        self.memory.may_duplicate = false;
        self.memory.day.all_receipts = self.memory.day.all_receipts.saturating_add(1);
        Ok(format!("{:04}", self.memory.day.all_receipts).into_bytes())
    }

    /// 54h and 5Ch: only inside a receipt or slip.
    pub(super) fn ornament(&mut self, number: u8) -> Reply {
        self.printing()?;
        let Some(open) = &mut self.memory.open else {
            return Err(Refusal::not_allowed(code::NO_RECEIPT_OPEN));
        };
        let mark = if number == command::BARCODE {
            "|||||||||||"
        } else {
            "- - - - - -"
        };
        open.tape.push(centred(mark));
        Ok(Vec::new())
    }

    /// 6Dh: once for the last receipt.
    pub(super) fn duplicate(&mut self) -> Reply {
        if self.memory.open.is_some() || !self.memory.may_duplicate {
            return Err(Refusal::not_allowed(code::NOT_PERMITTED));
        }
        self.printing()?;
        let document = self.memory.next_document();
        self.memory.may_duplicate = false;
        self.memory.day.all_receipts = self.memory.day.all_receipts.saturating_add(1);
        self.tape
            .push(&[centred("DUPLICAT"), format!("{document:07}")]);
        Ok(Vec::new())
    }
}

/// Text of 36h and 2Ah without the font that may lead it (`TAB Font[BHI]`).
pub(super) fn plain(data: &[u8]) -> String {
    let text = match data {
        [TAB, _, rest @ ..] => {
            let marks = rest
                .iter()
                .take_while(|byte| matches!(byte, b'B' | b'H' | b'I'))
                .count();
            rest.get(marks..).unwrap_or_default()
        }
        all => all,
    };
    codepage::decode(text)
}
