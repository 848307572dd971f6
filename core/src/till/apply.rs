//! The changes that an event makes in the state of the till. None of them can fail, because what must not happen was refused
//! before the event was made.

use super::{Kind, Outstanding, Till};
use crate::document::ReportKind;
use crate::event::{Event, LossAccepted, Reserved, Sealed};
use crate::seal::Seal;

impl Till {
    /// Applies an event to the state of the till.
    pub fn apply(&mut self, event: &Event<'_>) {
        match event {
            Event::ConfigurationAdopted(adopted) => self.adopt(adopted),
            Event::Reserved(reserved) => self.take_reserved(reserved),
            Event::CancelDecided(decided) => {
                self.latest = Some(decided.at);
                if let Some(outstanding) = &mut self.outstanding {
                    outstanding.cancel_decided = true;
                }
            }
            Event::Sealed(sealed) => self.take_sealed(sealed),
            Event::Voided(voided) => {
                self.latest = Some(voided.at);
                self.outstanding = None;
                self.counters_after.copy_from(&self.counters);
            }
            // Numbers are granted outside of any shift, and before the time may be known: they bind no document to their time.
            Event::NumbersGranted(granted) => self.fiscal_numbers.take_grant(&granted.spans),
            // The till does not store whether the authority can be reached: this is the same for all tills, and the caller gives
            // it again at each sale.
            Event::Switched(_) => {}
            // The Z-report in the same batch closes the shift.
            Event::ClosedByPrinter(closed) => self.latest = Some(closed.at),
            Event::ReceiptsOfOthers(noted) => {
                self.latest = Some(noted.at);
                self.others.note(noted);
            }
            Event::LossAccepted(accepted) => self.go_on_after(accepted),
            // What the folder is for is no part of the till's state.
            Event::Founded(_) | Event::Restored(_) => {}
            // Whom a sealed document is sent to is no part of the till's state either.
            Event::LaidAside(_) => {}
            // Neither is money at a bank terminal: the document counts it when it is sealed.
            Event::TerminalAsked(_) | Event::TerminalAnswered(_) | Event::CardLaidAside(_) => {}
            // Nor the money at a payment provider.
            Event::ProviderAsked(_) | Event::ProviderAnswered(_) | Event::ProviderUsed(_) => {}
            // Nor what the authority knows of units and cash boxes: the law has the till sell before it is registered.
            Event::RegistrationWanted(_) | Event::RegistrationAnswered(_) => {}
            // Nor are the resources of an API, and what its callers keep with a receipt.
            Event::ResourceChanged(_) | Event::ReceiptNoted(_) => {}
            // Receipts that callers have uploaded are no sales of this till.
            Event::ReceiptUploaded(_) | Event::LookChanged(_) | Event::HospitalityChanged(_) => {}
            // Nor is who has ordered something.
            Event::PersonActed(_) => {}
            Event::DeviceIdentified(identified) => {
                self.fiscal_numbers.identify(identified.fiscal_number);
            }
            // The only event that can move the time of later documents back.
            Event::ClockSet(set) => self.latest = Some(set.at),
            Event::UnitAdopted(unit) => self.signed.adopt(unit),
            Event::ReceiptPrepared(receipt) => {
                self.latest = Some(receipt.at);
                self.signed.prepare(receipt);
            }
            Event::ReceiptSigned(receipt) => {
                self.latest = Some(receipt.at);
                self.signed.take(receipt.kind, receipt.compact);
            }
            Event::ProtocolBackedUp(_) => {}
            Event::RegisterRetired(retired) => {
                self.latest = Some(retired.at);
                self.signed.retire();
            }
            // The next event of the batch seals or voids the document.
            Event::Declared(declared) => {
                self.latest = Some(declared.at);
                self.printer_evidence.declared();
            }
        }
    }

    fn take_reserved(&mut self, reserved: &Reserved<'_>) {
        self.latest = Some(reserved.at);
        let kind = Kind::of(&reserved.body);
        // `decide` has checked that the next numbers exist.
        let next = self.next_numbers();
        if kind == Kind::Alternative && self.outstanding.is_some() {
            self.beside = Some(reserved.id);
            if let Some(outstanding) = &mut self.outstanding {
                outstanding.overtaken = true;
            }
            if let Ok(next) = next {
                self.counters.count(&reserved.body, reserved.at, next);
                self.counters_after.count(&reserved.body, reserved.at, next);
            }
            return;
        }
        self.outstanding = Some(Outstanding {
            id: reserved.id,
            kind,
            cancel_decided: false,
            overtaken: false,
        });
        self.printer_evidence.reserved(reserved.baseline.as_ref());
        if reserved.baseline.is_some() {
            self.others.on_printer();
        }
        self.counters_after.copy_from(&self.counters);
        if let Ok(next) = next {
            self.counters_after.count(&reserved.body, reserved.at, next);
        }
    }

    fn take_sealed(&mut self, sealed: &Sealed<'_>) {
        let before = self.latest.replace(sealed.at);
        if self.beside == Some(sealed.id) {
            // The receipt was counted when it was reserved.
            self.beside = None;
            self.take_numbers_of(sealed);
            return;
        }
        let Some(outstanding) = self.outstanding.take() else {
            return;
        };
        if let Some(before) = before.filter(|_| outstanding.overtaken) {
            // Recipients are told that the document was made a millisecond after the receipt that has overtaken it. The next document
            // must be later than that.
            self.latest = Some(sealed.at.later(before.next()));
        }
        self.counters.copy_from(&self.counters_after);
        self.take_numbers_of(sealed);
        if outstanding.kind == Kind::Report(ReportKind::Z) {
            self.close_shift(&sealed.seal);
        }
    }

    /// Numbers go on above those of lost documents, and the ranges in force are used up.
    fn go_on_after(&mut self, accepted: &LossAccepted<'_>) {
        self.last_number = self.last_number.max(accepted.number);
        self.last_z = self.last_z.max(accepted.z_number);
        self.others.accept_loss(accepted);
        for counters in [&mut self.counters, &mut self.counters_after] {
            if let Some(shift) = &mut counters.shift
                && shift.z_number <= accepted.z_number
            {
                shift.z_number = accepted.z_number.saturating_add(1);
            }
        }
        for range_use in &mut self.range_uses {
            range_use.next = range_use.next.max(range_use.range.end.saturating_add(1));
        }
    }

    /// The numbers of a sealed document are used.
    fn take_numbers_of(&mut self, sealed: &Sealed<'_>) {
        self.last_number = sealed.number;
        if let Seal::Signature { kind, compact } = sealed.seal {
            self.signed.take(kind, compact);
        }
        if let Seal::Range { series, number, .. } = sealed.seal {
            for range_use in &mut self.range_uses {
                if range_use.range.series == series && range_use.next == number {
                    range_use.next = number.saturating_add(1);
                }
            }
        }
        if let Seal::FiscalNumber {
            number,
            reserved: true,
        } = sealed.seal
        {
            self.fiscal_numbers.take(number);
        }
    }

    /// A Z-report closes the shift. The printer's drawer begins the next day empty: command 46h (inferred, `docs/countries/md.md`).
    fn close_shift(&mut self, seal: &Seal<'_>) {
        self.last_z = self
            .counters
            .close_shift()
            .map_or(self.last_z, |shift| shift.z_number);
        self.counters_after.copy_from(&self.counters);
        self.printer_evidence.z_report(seal);
    }
}
