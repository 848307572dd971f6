//! The judge of a shop with signed receipts: the store, and the protocol of each register.

use ferrotill_core::event::Mode;
use ferrotill_core::profile::AUSTRIA;
use ferrotill_store::RequestState;
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use uuid::Uuid;

use super::SignedWorld;
use crate::error_text::with_sources;
use crate::signed::Checked;
use crate::signed::goods::Outcome;
use crate::signed::protocol::Protocol;
use crate::signed::till::{cash_box, device};

impl SignedWorld {
    /// Judges the store, and the protocol of each register.
    pub(super) fn judge(&mut self) -> Checked {
        let devices: Vec<Uuid> = (0..self.registers).map(device).collect();
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &AUSTRIA,
            mode: Mode::Test,
            devices: &devices,
            range: VerifyRange::ALL,
        })
        .map_err(with_sources)?;
        if let Some(flaw) = verified.flaws.first() {
            return Err(format!("verify finds {}: {flaw}", flaw.place()));
        }
        for register in 0..self.registers {
            self.judge_protocol(register)
                .map_err(|words| format!("{}: {words}", cash_box(register)))?;
        }
        self.judge_orders()
    }

    /// Every order that was answered as registered has its sealed document.
    fn judge_orders(&self) -> Checked {
        let reader = self.reader();
        for (place, order) in self.orders.iter().enumerate() {
            if order.outcome != Outcome::Registered {
                return Err(format!("order {place} has no answer"));
            }
            let found = reader.find(Some(device(order.register)), order.form.id);
            let found = found.map_err(with_sources)?;
            if found.is_none_or(|document| document.row.state != RequestState::Sealed) {
                return Err(format!("order {place} is registered and has no document"));
            }
        }
        Ok(())
    }

    fn judge_protocol(&self, register: usize) -> Checked {
        let protocol = Protocol::read(&self.reader(), register, &self.keys)?;
        if !protocol.last_signed {
            return Err("the units work, and the last receipt has no signature".to_owned());
        }
        protocol.judge_periods(&self.clock)?;
        protocol.judge_orders(self.expected(register))
    }
}
