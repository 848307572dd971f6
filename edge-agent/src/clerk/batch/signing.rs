//! Signing: the clerk stores a receipt, has a signature unit sign it, and stores what became of it.
//!
//! The receipts that have no document (the start of a register, the end of a month or a year, the end of an outage) are made here by
//! themselves, before any other receipt of the device.

use ferrotill_core::event::{ReceiptPrepared, ReceiptSigned, UnitAdopted};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Command;
use uuid::Uuid;

use super::super::answer::Answer;
use super::super::device_state::SealingDocument;
use super::super::devices::DevicePlace;
use super::super::queue::QueuedOrder;
use super::{Effect, Tills, document_id};
use crate::order::fingerprint::RequestFingerprint;
use crate::seal::signature::units::SigningTask;
use crate::seal::signature::{Signed, SigningJob, sealed_form};
use crate::status::problems::{HealthProblem, ProblemKind};
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Prepares the receipts without a document that a start finds due.
    pub(in crate::clerk) fn prepare_due_receipts(
        &mut self,
        batch: &mut Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in self.devices.places() {
            self.publish_out_of_use(index);
            self.prepare_due_receipt(batch, index, effects)?;
        }
        Ok(())
    }

    /// Prepares the receipt without a document that the device must make first now.
    pub(super) fn prepare_due_receipt(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(signatures) = &self.settings.signatures else {
            return Ok(());
        };
        let device_state = &self.devices[index];
        let till = device_state.current_till();
        let busy = till.outstanding().is_some() || till.signed().prepared().is_some();
        if busy || device_state.removed {
            return Ok(());
        }
        if self.waits_for_its_start(index) {
            return Ok(());
        }
        let now = self.settings.guard.now();
        let due = signatures.due(device_state.device, till, now);
        let closes = self.is_to_be_closed(index);
        let closing = || closes.then(|| signatures.closing(device_state.device, till, now));
        let null = || self.null_receipt_wanted(index, signatures, now);
        match due.or_else(|| closing().flatten()).or_else(null) {
            Some(job) => self.begin_signing(batch, index, &job, None, effects),
            None => Ok(()),
        }
    }

    /// Prepares a receipt: from the commit on its id, counter and chain are used, and a unit gets it. `entry` is the order of its document,
    /// which is reserved in this batch.
    pub(super) fn begin_signing(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        job: &SigningJob,
        entry: Option<QueuedOrder>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let at = self.settings.guard.now();
        let till = self.devices[index].current_till();
        let signatures = self.settings.signatures.as_ref();
        let unit = signatures.and_then(|signatures| signatures.unit_to_adopt(till, job));
        if let Some(unit) = &unit {
            let adopt = Command::AdoptUnit(UnitAdopted {
                at,
                provider: unit.provider,
                serial: &unit.serial,
                certificate: unit.certificate,
                public: &unit.der,
            });
            self.decide_surely(batch, index, &adopt)?;
        }
        let prepare = Command::PrepareReceipt(ReceiptPrepared {
            at,
            document: entry.as_ref().map(|entry| document_id(entry.form.id)),
            kind: job.kind,
            payload: &job.payload,
        });
        // The same till has made the receipt in this batch, so that no refusal is expected.
        self.decide_surely(batch, index, &prepare)?;
        self.devices[index].signing = entry.map(|entry| {
            Box::new(SealingDocument {
                id: entry.form.id,
                fingerprint: entry.fingerprint,
                form: Some(entry.form),
                callers: entry.callers,
                attempts: entry.attempts,
                asked_in_vain: false,
                nobody_to_ask: None,
                declaration: None,
            })
        });
        self.resume_signing(index, effects);
        Ok(())
    }

    /// Remembers the order whose receipt was prepared before a crash or before an error of the store, so that a caller that repeats the
    /// order waits for the receipt.
    pub(super) fn restore_signing(
        &mut self,
        batch: &Batch<'_>,
        index: DevicePlace,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        if device_state.signing.is_some() || device_state.removed {
            return Ok(());
        }
        let prepared = device_state.current_till().signed().prepared();
        let Some(id) = prepared.and_then(|receipt| receipt.document) else {
            return Ok(());
        };
        if let Some(row) = batch.request(device_state.device, id)? {
            device_state.signing = Some(Box::new(SealingDocument {
                id: row.id,
                fingerprint: RequestFingerprint::of_row(&row),
                form: None,
                callers: Vec::new(),
                attempts: 0,
                asked_in_vain: false,
                nobody_to_ask: None,
                declaration: None,
            }));
        }
        Ok(())
    }

    /// Has the prepared receipt of a device signed, if the thread of the units does not have it: it was prepared just now, or before a crash,
    /// or a unit has failed that must sign it.
    pub(super) fn resume_signing(&mut self, index: DevicePlace, effects: &mut Vec<Effect>) {
        let Some(signatures) = &self.settings.signatures else {
            return;
        };
        let device_state = &mut self.devices[index];
        let is_asked = device_state.unit_asked || device_state.removed;
        let signed = device_state.current_till().signed();
        let Some(prepared) = signed.prepared().filter(|_| !is_asked) else {
            return;
        };
        let is_start = signed.register().latest().is_none();
        if is_start && signatures.units().working().is_none() {
            return;
        }
        let task = SigningTask {
            device: device_state.device,
            payload: prepared.payload.as_str().to_owned(),
            ask: signed.register().asks_unit(prepared.kind),
        };
        effects.push(Effect::Sign(task));
        device_state.unit_asked = true;
    }

    /// A unit was asked about a prepared receipt: the receipt is sealed, with a signature or with the words that there is none.
    pub(super) fn on_signed(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        signed: &Signed,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(index) = self.index_of(device) else {
            return Ok(());
        };
        let device_state = &mut self.devices[index];
        let prepared = device_state.current_till().signed().prepared().cloned();
        // The unit signs a receipt twice if a batch could not be written in between; the second signature is not needed.
        let Some(prepared) = prepared.filter(|receipt| receipt.payload == signed.payload.as_str())
        else {
            return Ok(());
        };
        device_state.unit_asked = false;
        if let Some((kind, compact)) = sealed_form(&prepared, signed.signature) {
            let compact = compact.as_str();
            match prepared.document {
                None => {
                    let at = self.settings.guard.now();
                    let receipt = ReceiptSigned { at, kind, compact };
                    self.decide_surely(batch, index, &Command::SignReceipt(receipt))?;
                    tracing::info!(event = "receipt", %device, "{} is made", kind.label());
                    effects.push(Effect::RegistrationsChanged);
                    self.null_receipt_signed(index, kind, effects);
                    self.want_monthly_check(batch, (kind, compact))?;
                    self.register_receipt_signed(batch, index, kind, effects)?;
                }
                Some(id) => {
                    let settle = Command::Settle(id, Seal::Signature { kind, compact });
                    self.decide_surely(batch, index, &settle)?;
                    self.after_signature(batch, index, Uuid::from_bytes(id.0), effects)?;
                }
            }
        }
        self.publish_outage(index);
        self.publish_out_of_use(index);
        Ok(())
    }

    /// The receipt of a document is sealed: answers its callers, or prints its paper first.
    fn after_signature(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        id: Uuid,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        effects.push(Effect::WakeSender);
        let row = batch.request(self.devices[index].device, document_id(id))?;
        let has_printer = self.devices[index].printer.has_printer();
        let Some(signing) = self.devices[index].signing.take() else {
            return Ok(());
        };
        let SealingDocument {
            form,
            fingerprint,
            callers,
            attempts,
            ..
        } = *signing;
        let (form, row) = match (form, row) {
            (Some(form), Some(row)) => (form, row),
            (form, row) => {
                // The receipt was prepared before a crash. Whether its first caller wants paper is not known any more.
                if let Some(row) = row.filter(|_| has_printer && form.is_none()) {
                    batch.note_print_error(row.reserved_seq, Some(AFTER_A_CRASH))?;
                }
                let answer = Answer::Registered {
                    id,
                    replayed: false,
                };
                effects.push(Effect::Respond(callers, answer));
                return Ok(());
            }
        };
        let document = batch.document(row)?;
        let prints = form.on_paper && has_printer;
        let slip = prints
            .then(|| self.slip_of(index, &document, false))
            .flatten()
            .map(|slip| (slip, "the receipt is not printed yet"));
        let entry = QueuedOrder {
            form,
            fingerprint,
            unique: Uuid::nil(),
            callers,
            attempts,
            is_decided: true,
        };
        self.print_after_seal(batch, index, &document, entry, slip, effects)
    }

    /// Decides on a command that the till is known to accept.
    fn decide_surely(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        command: &Command<'_>,
    ) -> Result<(), StoreError> {
        match self.decide(batch, index, command)? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(StoreError::Number {
                found: refusal.to_string(),
            }),
        }
    }

    /// Notes in the live status whether a device of the configuration has a register that is out of use.
    fn publish_out_of_use(&self, index: DevicePlace) {
        let device_state = &self.devices[index];
        let is_closed = device_state.current_till().signed().register().is_closed();
        if !is_closed || device_state.removed || device_state.of_api {
            return;
        }
        let problems = self.settings.live_status.problems();
        problems.raise(HealthProblem {
            kind: ProblemKind::REGISTER_OUT_OF_USE,
            device: Some(device_state.device),
            since_ms: self.settings.guard.now().utc_ms,
            says: "the register of this device is out of use for ever, and the device sells nothing".to_owned(),
            fix: "sell on a new [[device]] with an id and a registration_number that were never used, register the new cash box, and take this device out of the configuration".to_owned(),
        });
    }

    /// Notes in the live status whether a device has receipts without a signature.
    fn publish_outage(&self, index: DevicePlace) {
        let device_state = &self.devices[index];
        let problems = self.settings.live_status.problems();
        let kind = ProblemKind::SIGNATURE_UNIT;
        match device_state
            .current_till()
            .signed()
            .register()
            .outage_since()
        {
            None => problems.clear(kind, Some(device_state.device)),
            Some(since) if !problems.is_noted(kind, Some(device_state.device)) => {
                problems.raise(HealthProblem {
                    kind,
                    device: Some(device_state.device),
                    since_ms: self.settings.guard.now().utc_ms,
                    says: format!("no signature unit works: receipts since {since} have no signature"),
                    fix: "make the unit work; report an outage of more than 48 hours to the tax authority".to_owned(),
                });
            }
            Some(_) => {}
        }
    }
}

/// The note on a document that was signed only after a new start.
const AFTER_A_CRASH: &str =
    "the till was stopped before the receipt was printed; print a duplicate";
