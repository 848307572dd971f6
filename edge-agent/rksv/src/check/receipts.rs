//! The receipts of a protocol, one after another.

use std::collections::BTreeMap;

use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{
    CashBoxId, ChainValue, Code, CounterField, PAYLOAD_BYTES_MAX, Payload, Signature, Timestamp,
};

use super::DepChecked;
use super::flaw::{DepFault, DepFlaw};
use crate::certificate::P256PublicKey;
use crate::key_streams::KeyStreams;
use crate::material::{KeyKind, KeyMaterial, UnitKey};

/// The first receipt of a group that names a unit: its place and its id.
pub(super) type FirstUse = (u64, String);

/// The state of the check after some receipts.
pub(super) struct ReceiptCheck<'k> {
    keys: &'k KeyMaterial,
    checked: DepChecked,
    used: KeyStreams,
    /// The chain value that the next receipt must have; `None` before the first one.
    chain: Option<ChainValue>,
    latest: Option<Timestamp>,
    closed: Option<bool>,
    /// The last two receipts, the older one first.
    before: [Shape; 2],
    /// The units that the receipts of the group name.
    group: BTreeMap<String, FirstUse>,
}

/// What the rule about outages asks of a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shape {
    /// There is none, or it cannot be read.
    #[default]
    Unknown,
    /// It has no signature.
    Unsigned,
    /// It is signed, and no Nullbeleg.
    Signed,
    /// It is a signed Nullbeleg.
    SignedNull,
}

impl<'k> ReceiptCheck<'k> {
    pub(super) fn new(keys: &'k KeyMaterial) -> Self {
        let checked = DepChecked {
            counter: Some(Amount::ZERO),
            ..DepChecked::default()
        };
        Self {
            keys,
            checked,
            used: KeyStreams::default(),
            chain: None,
            latest: None,
            closed: None,
            before: [Shape::Unknown; 2],
            group: BTreeMap::new(),
        }
    }

    /// Takes the next receipt.
    pub(super) fn take(&mut self, compact: &str) {
        self.checked.receipts = self.checked.receipts.saturating_add(1);
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let shape = match Code::parse_compact(compact, &mut room) {
            Ok(code) => {
                self.code(&code);
                Shape::of(&code)
            }
            Err(fault) => {
                self.flaw("", DepFault::Unreadable(fault));
                // Its amounts are not known, so the next counter is believed.
                self.checked.counter = None;
                Shape::Unknown
            }
        };
        self.before = [self.before[1], shape];
        self.chain = Some(ChainValue::of(compact));
    }

    fn code(&mut self, code: &Code<'_>) {
        let payload = &code.payload;
        self.count(code);
        self.names(payload);
        self.order(payload);
        self.start_or_chain(code);
        self.counter(payload);
        self.signature(code);
        self.outage(code);
    }

    fn count(&mut self, code: &Code<'_>) {
        let counts = [
            (
                code.signature == Signature::Failed,
                &mut self.checked.unsigned,
            ),
            (
                code.payload.counter == CounterField::Storno,
                &mut self.checked.voids,
            ),
            (
                code.payload.counter == CounterField::Training,
                &mut self.checked.trainings,
            ),
            (
                code.signature == Signature::Failed && is_null(&code.payload),
                &mut self.checked.unsigned_zero,
            ),
        ];
        for (applies, count) in counts {
            *count = count.saturating_add(u64::from(applies));
        }
    }

    /// One cash box, and no id twice.
    fn names(&mut self, payload: &Payload<'_>) {
        let (id, cash_box) = (payload.receipt.as_str(), payload.cash_box.as_str());
        if self.checked.cash_box.is_empty() {
            cash_box.clone_into(&mut self.checked.cash_box);
        }
        if self.checked.cash_box != cash_box {
            let first = self.checked.cash_box.clone();
            self.flaw(id, DepFault::CashBoxChanged { first });
        }
        let number = self.checked.receipts;
        if let Err(earlier) = self.used.take(payload.cash_box, payload.receipt, number) {
            self.flaw(id, DepFault::ReceiptIdRepeated { earlier });
        }
    }

    /// Time does not go back, and the protocol is that of one kind of system.
    fn order(&mut self, payload: &Payload<'_>) {
        let (id, at) = (payload.receipt.as_str(), payload.at);
        if let Some(previous) = self.latest.replace(at)
            && at < previous
        {
            self.flaw(id, DepFault::TimeBackwards { at, previous });
        }
        let closed = payload.unit.provider() == 0;
        if *self.closed.get_or_insert(closed) != closed {
            self.flaw(id, DepFault::SystemsMixed);
        }
    }

    fn start_or_chain(&mut self, code: &Code<'_>) {
        let (payload, shown) = (&code.payload, code.payload.previous);
        let id = payload.receipt.as_str();
        if let Some(expected) = self.chain {
            if shown != expected {
                self.flaw(id, DepFault::ChainBroken { shown, expected });
            }
            return;
        }
        let expected = chain_start(payload.cash_box);
        if shown != expected {
            // The protocol begins in the middle, so the first counter is believed.
            self.checked.counter = None;
            self.flaw(id, DepFault::StartMissing { shown, expected });
            return;
        }
        if !is_null(payload) {
            self.flaw(id, DepFault::StartNotZero);
        }
        if code.signature == Signature::Failed {
            self.flaw(id, DepFault::StartUnsigned);
        }
    }

    /// Adds the amounts of the receipt, and compares the sum with the counter that it shows.
    fn counter(&mut self, payload: &Payload<'_>) {
        let id = payload.receipt.as_str();
        if payload.counter != CounterField::Training
            && let Some(before) = self.checked.counter
        {
            let total = payload.sums.total();
            self.checked.counter = total.and_then(|total| before.checked_add(total));
            if self.checked.counter.is_none() {
                self.flaw(id, DepFault::CounterTooLarge);
            }
        }
        let CounterField::Encrypted(encrypted) = payload.counter else {
            return;
        };
        let shown = encrypted.decrypt(&self.keys.aes_key, payload.cash_box, payload.receipt);
        if let Some(expected) = self.checked.counter.replace(shown)
            && expected != shown
        {
            self.flaw(id, DepFault::CounterWrong { shown, expected });
        }
    }

    fn signature(&mut self, code: &Code<'_>) {
        let payload = &code.payload;
        let (id, serial) = (payload.receipt.as_str(), payload.unit.serial());
        let first = (self.checked.receipts, id.to_owned());
        self.group.entry(serial.to_owned()).or_insert(first);
        let Some(unit) = self.keys.units.get(serial) else {
            let serial = serial.to_owned();
            return self.flaw(id, DepFault::KeyUnknown { serial });
        };
        let needed = match payload.unit.provider() {
            0 => KeyKind::PublicKey,
            _ => KeyKind::Certificate,
        };
        if unit.kind() != needed {
            self.flaw(id, DepFault::KeyKind { needed });
        }
        if let Signature::Made(signature) = &code.signature
            && !has_signed(unit, payload, signature)
        {
            self.flaw(id, DepFault::SignatureWrong);
        }
    }

    /// After an outage the first or second receipt must be the signed Sammelbeleg.
    fn outage(&mut self, code: &Code<'_>) {
        if self.before == [Shape::Unsigned, Shape::Signed] && Shape::of(code) != Shape::SignedNull {
            let outage = self.checked.receipts.saturating_sub(2);
            let id = code.payload.receipt.as_str();
            self.flaw(id, DepFault::SammelbelegLate { outage });
        }
    }

    /// The units that the group named, each with its first receipt there.
    pub(super) fn end_group(&mut self) -> BTreeMap<String, FirstUse> {
        std::mem::take(&mut self.group)
    }

    /// The public key of a unit.
    pub(super) fn key_of(&self, serial: &str) -> Option<P256PublicKey> {
        self.keys.units.get(serial).map(|unit| *unit.public_key())
    }

    /// A flaw of the receipt that is taken.
    fn flaw(&mut self, id: &str, fault: DepFault) {
        self.flaw_of((self.checked.receipts, id.to_owned()), fault);
    }

    /// A flaw of another receipt.
    pub(super) fn flaw_of(&mut self, (receipt, id): FirstUse, fault: DepFault) {
        self.checked.add(DepFlaw { receipt, id, fault });
    }

    /// A flaw of a whole group.
    pub(super) fn flaw_of_group(&mut self, fault: DepFault) {
        self.flaw_of((0, String::new()), fault);
    }

    /// The result, after the last receipt.
    pub(super) fn finish(mut self) -> DepChecked {
        if self.checked.receipts == 0 {
            self.flaw_of_group(DepFault::Empty);
        }
        self.checked
    }
}

impl Shape {
    fn of(code: &Code<'_>) -> Self {
        match code.signature {
            Signature::Failed => Self::Unsigned,
            Signature::Made(_) if is_null(&code.payload) => Self::SignedNull,
            Signature::Made(_) => Self::Signed,
        }
    }
}

/// Whether a receipt is a Nullbeleg: amounts of zero, and the counter is shown.
fn is_null(payload: &Payload<'_>) -> bool {
    payload.sums.all_zero() && matches!(payload.counter, CounterField::Encrypted(_))
}

/// The chain value of the Startbeleg.
fn chain_start(cash_box: CashBoxId<'_>) -> ChainValue {
    ChainValue::of(cash_box.as_str())
}

fn has_signed(unit: &UnitKey, payload: &Payload<'_>, signature: &[u8; 64]) -> bool {
    let mut text = String::new();
    payload.write_signing_input(&mut text).is_ok()
        && unit.public_key().has_signed(text.as_bytes(), signature)
}
