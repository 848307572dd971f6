//! Signed receipts: what the till remembers of them, and which receipt may be prepared and signed next.
//!
//! A signed receipt has two events. `ReceiptPrepared` is stored before the signature unit gets the receipt; the seal of the document or,
//! without a document, `ReceiptSigned` follows. Between the two no other receipt is prepared, because the next receipt contains a hash of
//! this one. After a crash the unit signs the same bytes again.

use core::fmt::Write as _;

use heapless::String;
use serde::{Deserialize, Serialize};

use super::Till;
use crate::event::{Event, ReceiptPrepared, ReceiptSigned, UnitAdopted};
use crate::id::DocumentId;
use crate::profile::signed::{
    Code, Fault, ID_BYTES_MAX, Kind, PAYLOAD_BYTES_MAX, Payload, Register, SERIAL_BYTES_MAX,
    Signature,
};
use crate::refusal::Refusal;
use crate::time::Moment;

/// What the till remembers of the receipts that a signature unit signs. The size is bounded, however many receipts were signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipts {
    register: Register,
    cash_box: String<ID_BYTES_MAX>,
    unit: Option<AdoptedUnit>,
    receipts: u64,
    prepared: Option<PreparedReceipt>,
}

/// The unit whose certificate or key the journal has last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AdoptedUnit {
    provider: u16,
    serial: String<SERIAL_BYTES_MAX>,
}

/// A receipt that is stored and not signed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedReceipt {
    /// The document that the receipt makes legal, if there is one.
    pub document: Option<DocumentId>,
    /// The kind of the receipt.
    pub kind: Kind,
    /// What is signed: elements 0 to 11 of the receipt's code.
    pub payload: String<PAYLOAD_BYTES_MAX>,
}

impl SignedReceipts {
    /// The register: which receipt may follow, its counter and its chain.
    #[must_use]
    pub const fn register(&self) -> &Register {
        &self.register
    }

    /// The id of the cash box, from its first receipt on; empty before it.
    #[must_use]
    pub fn cash_box(&self) -> &str {
        &self.cash_box
    }

    /// The number of receipts that were prepared. The id of the next receipt is the number after it.
    #[must_use]
    pub const fn receipts(&self) -> u64 {
        self.receipts
    }

    /// The id of the next receipt. No id is used twice: the id of a receipt is used as soon as the receipt is prepared.
    #[must_use]
    pub fn next_id(&self) -> String<20> {
        let mut id = String::new();
        // A number of 64 bits has at most 20 digits.
        let _ = write!(id, "{}", self.receipts.saturating_add(1));
        id
    }

    /// The receipt that is stored and not signed yet.
    #[must_use]
    pub const fn prepared(&self) -> Option<&PreparedReceipt> {
        self.prepared.as_ref()
    }

    /// Whether the journal has the certificate or key of this unit, and of no unit after it.
    #[must_use]
    pub fn has_unit(&self, provider: u16, serial: &str) -> bool {
        let is_it = |unit: &AdoptedUnit| unit.provider == provider && unit.serial == serial;
        self.unit.as_ref().is_some_and(is_it)
    }

    /// The register signs nothing any more. A receipt that was prepared stays without a signature.
    pub(super) fn retire(&mut self) {
        self.prepared = None;
        self.register.retire();
    }

    pub(super) fn adopt(&mut self, unit: &UnitAdopted<'_>) {
        self.unit = String::try_from(unit.serial)
            .ok()
            .map(|serial| AdoptedUnit {
                provider: unit.provider,
                serial,
            });
    }

    pub(super) fn prepare(&mut self, receipt: &ReceiptPrepared<'_>) {
        self.receipts = self.receipts.saturating_add(1);
        if self.cash_box.is_empty()
            && let Ok(payload) = Payload::parse(receipt.payload)
        {
            self.cash_box = String::try_from(payload.cash_box.as_str()).unwrap_or_default();
        }
        self.prepared = String::try_from(receipt.payload)
            .ok()
            .map(|payload| PreparedReceipt {
                document: receipt.document,
                kind: receipt.kind,
                payload,
            });
    }

    pub(super) fn take(&mut self, kind: Kind, compact: &str) {
        self.prepared = None;
        let mut room = [0; PAYLOAD_BYTES_MAX];
        if let Ok(code) = Code::parse_compact(compact, &mut room) {
            self.register.take(kind, &code);
        }
    }

    /// Checks that a signed receipt is the prepared one, and that the register allows its signature.
    pub(super) fn check(
        &self,
        document: Option<DocumentId>,
        kind: Kind,
        compact: &str,
    ) -> Result<(), Refusal> {
        let prepared = self.prepared.as_ref().ok_or(Refusal::NotOutstanding)?;
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let code = Code::parse_compact(compact, &mut room).map_err(|_| Refusal::SealMismatch)?;
        let unsigned = code.signature == Signature::Failed;
        // A receipt over zero that is not valid without a signature, and has none, is a receipt over zero for no purpose.
        let kind_fits = kind == prepared.kind
            || (kind == Kind::Null
                && unsigned
                && matches!(prepared.kind, Kind::Jahres | Kind::Sammel));
        let same = Payload::parse(&prepared.payload).is_ok_and(|payload| payload == code.payload);
        if prepared.document != document || !kind_fits || !same {
            return Err(Refusal::SealMismatch);
        }
        let sealed = self.register.seal(kind, &code.payload, code.signature);
        sealed.map(drop).map_err(not_signable)
    }

    /// Checks that a receipt is the next one of the register.
    fn check_prepared(&self, receipt: &ReceiptPrepared<'_>) -> Result<(), Refusal> {
        if self.prepared.is_some() {
            return Err(Refusal::DeviceUnsettled);
        }
        let payload = Payload::parse(receipt.payload).map_err(not_signable)?;
        let other_box = !self.cash_box.is_empty() && self.cash_box != payload.cash_box.as_str();
        if other_box || payload.receipt.as_str() != self.next_id() {
            return Err(Refusal::SealMismatch);
        }
        let signature = if self.register.asks_unit(receipt.kind) {
            Signature::Made([0; 64])
        } else {
            Signature::Failed
        };
        let sealed = self.register.seal(receipt.kind, &payload, signature);
        sealed.map(drop).map_err(not_signable)
    }
}

/// The refusal of a receipt that a rule of signed receipts does not allow.
#[must_use]
pub const fn not_signable(fault: Fault) -> Refusal {
    match fault {
        Fault::NotStarted => Refusal::RegisterNotStarted,
        Fault::Closed => Refusal::RegisterOutOfUse,
        _ => Refusal::ReceiptNotSignable {
            fault: fault.number(),
        },
    }
}

impl Till {
    #[inline(never)]
    pub(super) fn prepare_receipt<'a>(
        &self,
        receipt: &ReceiptPrepared<'a>,
        at: Moment,
    ) -> Result<Event<'a>, Refusal> {
        match (&self.outstanding, receipt.document) {
            (Some(outstanding), Some(document)) if outstanding.id == document => {}
            (None, None) => {}
            _ => return Err(Refusal::DeviceUnsettled),
        }
        self.signed.check_prepared(receipt)?;
        Ok(Event::ReceiptPrepared(ReceiptPrepared { at, ..*receipt }))
    }

    #[inline(never)]
    pub(super) fn sign_receipt<'a>(
        &self,
        receipt: &ReceiptSigned<'a>,
        at: Moment,
    ) -> Result<Event<'a>, Refusal> {
        self.signed.check(None, receipt.kind, receipt.compact)?;
        Ok(Event::ReceiptSigned(ReceiptSigned { at, ..*receipt }))
    }
}
