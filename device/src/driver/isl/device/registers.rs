//! The figures that a family with acknowledgements does not report in its answers: each has a question of its own.

use super::{Device, PaymentNumbers, optional};
use crate::driver::isl::command::Command;
use crate::driver::isl::state::ReceiptProof;
use crate::family::Asked;
use crate::fault::Fault;
use crate::printer::Watch;
use crate::wire::isl_counters::{DayPayments, DeviceInfo};
use crate::wire::isl_receipt::Open;
use crate::wire::isl_report::{Cash, Transaction};
use crate::wire::zfp_payments::PaymentSums;
use crate::wire::zfp_report::{KIND_REFUND, LastNumbers};

impl Device {
    /// Adds the model and the firmware to an identity that lacks them.
    pub(super) fn complete(
        &mut self,
        identity: &mut DeviceInfo,
        watch: &mut dyn Watch,
    ) -> Result<(), Fault> {
        let Some(asked) = &self.protocol.asked else {
            return Ok(());
        };
        if let Some(version) = optional(self.ask(&asked.version, &(), watch))? {
            identity.name = version.model;
            identity.firmware = version.firmware;
        }
        let types = optional(self.ask(&asked.payment_types, &(), watch))?;
        let mut numbers = [Some(0), None, None, None, None, None, None, None];
        if let Some(types) = types {
            for (kind, number) in (0_u8..).zip(&mut numbers) {
                *number = types.number_of(kind);
            }
        }
        self.asked.payments = numbers;
        Ok(())
    }

    /// The numbers of the payment types on the connected machine. If it does not report its types, only cash is known.
    pub(in crate::driver::isl) fn payment_numbers(&self) -> &PaymentNumbers {
        &self.asked.payments
    }

    /// The sums of the payment types that have a letter.
    fn in_letters(&self, payments: &PaymentSums) -> [i64; 8] {
        let mut sums = [0; 8];
        for (sum, number) in sums.iter_mut().zip(self.asked.payments) {
            let read = number.and_then(|number| payments.sums.get(number));
            *sum = read.copied().unwrap_or(0);
        }
        sums
    }

    /// The numbers of the last document and of the last Z-report, if they have a question of their own.
    pub(super) fn last_numbers(
        &mut self,
        asked: &Asked,
        watch: &mut dyn Watch,
    ) -> Result<Option<LastNumbers>, Fault> {
        optional(self.ask(&asked.last, &(), watch))
    }

    /// Adds the sum of the payments to the answer about the open receipt. Before the first payment the device may still report
    /// those of the receipt before, so the sum is 0 then.
    pub(super) fn with_payments(
        &mut self,
        receipt: Transaction,
        watch: &mut dyn Watch,
    ) -> Result<Transaction, Fault> {
        let Some(asked) = &self.protocol.asked else {
            return Ok(receipt);
        };
        if !receipt.open || receipt.tender.is_some() {
            return Ok(receipt);
        }
        let payments = optional(self.ask(&asked.receipt_payments, &(), watch))?;
        Ok(Transaction {
            // A payment was begun. If its sum is 0, a receipt with the total 0 may be paid, and nothing shows it.
            tender: payments
                .map(|payments| payments.total())
                .filter(|sum| *sum != 0),
            ..receipt
        })
    }

    /// What the device reports of its last fiscal receipt; `None` for a family that reports it in another way, and if a part of it
    /// is missing.
    pub(super) fn receipt_proof(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<ReceiptProof>, Fault> {
        let Some(asked) = &self.protocol.asked else {
            return Ok(None);
        };
        let code = optional(self.ask(&asked.receipt_code, &(), watch))?;
        let payments = optional(self.ask(&asked.receipt_payments, &(), watch))?;
        let last = self.last_numbers(asked, watch)?;
        let (Some(code), Some(payments)) = (code, payments) else {
            return Ok(None);
        };
        let of_this_printer = self
            .identity
            .as_ref()
            .is_some_and(|identity| identity.fiscal_memory == code.fiscal_memory);
        Ok(of_this_printer.then(|| ReceiptProof {
            number: code.number,
            sum: code.sum,
            payments: self.in_letters(&payments),
            // The kind is that of the last document.
            refund: last
                .filter(|last| last.document == code.number)
                .and_then(|last| last.kind)
                .map(|kind| kind >= KIND_REFUND),
        }))
    }

    /// The drawer and the totals of cash in and out, from three registers.
    pub(super) fn cash_registers(
        &mut self,
        asked: &Asked,
        watch: &mut dyn Watch,
    ) -> Result<Option<Cash>, Fault> {
        let [on_hand, paid_in, taken_out, _, _] = &asked.registers;
        let mut cash = [0; 3];
        for (sum, register) in cash.iter_mut().zip([on_hand, paid_in, taken_out]) {
            let Some(read) = optional(self.ask(register, &(), watch))? else {
                return Ok(None);
            };
            [*sum, ..] = read.sums;
        }
        let [cash, paid_in, taken_out] = cash;
        Ok(Some(Cash {
            done: true,
            cash,
            paid_in,
            taken_out,
        }))
    }

    /// The day's payments without change: what was received, less the change.
    pub(super) fn without_change(
        &mut self,
        received: Option<DayPayments>,
        watch: &mut dyn Watch,
    ) -> Result<Option<DayPayments>, Fault> {
        let (Some(asked), Some(mut day)) = (&self.protocol.asked, received) else {
            return Ok(received);
        };
        let [_, _, _, received, change] = &asked.registers;
        let received = optional(self.ask(received, &(), watch))?;
        let change = optional(self.ask(change, &(), watch))?;
        let (Some(received), Some(change)) = (received, change) else {
            return Ok(None);
        };
        let sums = [received, change].map(|sums| self.in_letters(&sums));
        let [received, change] = sums;
        for ((sum, received), change) in day.payments.iter_mut().zip(received).zip(change) {
            *sum = received.saturating_sub(change);
        }
        Ok(Some(day))
    }

    /// The operator of cash movements and slips.
    fn cashier(&self) -> Open {
        let usual = &self.protocol.seller;
        self.options.seller(usual, self.model(), false)
    }

    /// The command that puts cash in or takes it out.
    pub(in crate::driver::isl) fn cash_command(&self, minor: i64) -> Command {
        match &self.protocol.asked {
            Some(asked) => Command::of(&asked.cash, &(self.cashier(), minor)),
            None => Command::of(&self.protocol.cash, &Some(minor)),
        }
    }

    /// The command that opens a slip.
    pub(in crate::driver::isl) fn slip_opening(&self) -> Command {
        match &self.protocol.asked {
            Some(asked) => Command::of(&asked.slip_open, &self.cashier()),
            None => Command::of(&self.protocol.slip_open, &()),
        }
    }
}
