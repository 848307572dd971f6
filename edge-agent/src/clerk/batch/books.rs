//! Closing a shift by the books: the Z-report of a shift in which no printer has a part, while the printer is gone.
//!
//! A till may sell on alternative receipts alone while its printer is away for days. No printer has counted anything of such a shift, so
//! that none can confirm it, and the shift must be closed before the legal limit of its length stops all sales.

use ferrotill_core::facts::SealPlan;

use super::super::devices::DevicePlace;
use super::Tills;
use crate::order::{OrderForm, OrderKind};

impl Tills {
    /// True if the order is a Z-report that the journal seals: the printer is gone, and no document of the shift is on a printer.
    fn is_closed_by_books(&self, index: DevicePlace, form: &OrderForm) -> bool {
        let device_state = &self.devices[index];
        let shift = device_state.current_till().shift();
        matches!(form.kind, OrderKind::Report { z: true })
            && self.needs_printer(false)
            && device_state.printer_gone()
            && shift.is_some_and(|shift| shift.is_alternative())
    }

    /// True if the journal makes the document of an order what it is: a Z-report without a printer, a non-fiscal receipt, or a cash movement
    /// that a fiscal module does not know.
    pub(super) fn is_sealed_by_books(&self, index: DevicePlace, form: &OrderForm) -> bool {
        let by_module = self.settings.profile.facts().seal_plan == SealPlan::FiscalModule;
        match form.kind {
            OrderKind::Nonfiscal { .. } => true,
            OrderKind::Cash(_) => by_module,
            _ => !by_module && self.is_closed_by_books(index, form),
        }
    }

    /// True if the fiscal printer makes the document of an order legal.
    pub(super) fn is_sealed_by_printer(
        &self,
        index: DevicePlace,
        form: &OrderForm,
        alternative: bool,
    ) -> bool {
        self.needs_printer(alternative) && !self.is_sealed_by_books(index, form)
    }
}
