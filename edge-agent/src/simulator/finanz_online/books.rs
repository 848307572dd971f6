//! What the simulated service has registered, and how it answers about it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_core::profile::signed::{
    AesKey, CashBoxId, ChainValue, Code, CounterField, Payload, Signature,
};
use ferrotill_rksv::{P256PublicKey, UnitCertificate};

use super::form::moment_s;

/// What one company has registered, for tests or for real.
#[derive(Debug, Default)]
pub(super) struct Books {
    units: BTreeMap<String, Unit>,
    cash_boxes: BTreeMap<String, CashBoxEntry>,
}

/// A registered unit.
#[derive(Debug)]
struct Unit {
    state: EntryState,
    failed_at_s: i64,
    /// The key, if the service has seen it.
    key: Option<P256PublicKey>,
}

/// A registered cash box.
#[derive(Debug)]
struct CashBoxEntry {
    state: EntryState,
    failed_at_s: i64,
    key: AesKey,
    checked: Vec<String>,
}

/// The states; `Ended` is not shown by the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryState {
    Registered,
    Working,
    Failed,
    Ended,
}

impl EntryState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Registered => "REGISTRIERT",
            Self::Working => "IN_BETRIEB",
            Self::Failed => "AUSFALL",
            Self::Ended => "AUSSER_BETRIEB",
        }
    }
}

/// A return code, with what belongs to it.
#[derive(Debug)]
pub(super) struct EntryResult {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    /// The state, for a question.
    pub(super) state: Option<EntryState>,
    /// For a checked receipt: the checks that failed, the outer ones first, and the receipt.
    pub(super) checked: Option<(Vec<&'static str>, String)>,
}

impl EntryResult {
    pub(super) const fn of(code: &'static str, message: &'static str) -> Self {
        Self {
            code,
            message,
            state: None,
            checked: None,
        }
    }

    const DONE: Self = Self::of("0", "");
}

/// Whether an entry is about a unit or about a cash box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Unit,
    CashBox,
}

impl Subject {
    const fn unknown(self) -> EntryResult {
        match self {
            Self::Unit => EntryResult::of(
                "B33",
                "Signaturerstellungseinheit nicht bekannt oder ausser Betrieb",
            ),
            Self::CashBox => {
                EntryResult::of("B32", "Registrierkasse nicht bekannt oder ausser Betrieb")
            }
        }
    }
}

impl Books {
    /// Serials and states of the units.
    pub(super) fn units(&self) -> impl Iterator<Item = (&str, EntryState)> {
        self.units
            .iter()
            .map(|(id, unit)| (id.as_str(), unit.state))
    }

    /// Ids, states and checked receipts of the cash boxes.
    pub(super) fn cash_boxes(&self) -> impl Iterator<Item = (&str, EntryState, &[String])> {
        let boxes = self.cash_boxes.iter();
        boxes.map(|(id, entry)| (id.as_str(), entry.state, entry.checked.as_slice()))
    }

    pub(super) fn register_unit(
        &mut self,
        serial: &str,
        key: Option<P256PublicKey>,
        (provider, test): (&str, bool),
    ) -> EntryResult {
        if provider == "AT9" && !test {
            return EntryResult::of("999", "VDA nur bei Testuebermittlung zulaessig");
        }
        match self.units.get(serial).map(|unit| unit.state) {
            Some(EntryState::Ended) => EntryResult::of("B6", "bereits ausser Betrieb genommen"),
            Some(_) => EntryResult::of("B10", "Signaturerstellungseinheit bereits gespeichert"),
            None => {
                let unit = Unit {
                    state: EntryState::Working,
                    failed_at_s: 0,
                    key,
                };
                self.units.insert(serial.to_owned(), unit);
                EntryResult::DONE
            }
        }
    }

    pub(super) fn register_cash_box(&mut self, id: &str, key: &str) -> EntryResult {
        let Ok(key) = AesKey::from_base64(key) else {
            return EntryResult::of("999", "Benutzerschluessel ungueltig");
        };
        if self.cash_boxes.contains_key(id) {
            return EntryResult::of("B1", "Registrierkasse bereits registriert");
        }
        let mut states = self.units.values().map(|unit| unit.state);
        if !states.any(|state| state == EntryState::Working) {
            return EntryResult::of("B7", "keine Signaturerstellungseinheit in Betrieb");
        }
        let entry = CashBoxEntry {
            state: EntryState::Registered,
            failed_at_s: 0,
            key,
            checked: Vec::new(),
        };
        self.cash_boxes.insert(id.to_owned(), entry);
        EntryResult::DONE
    }

    /// The state of an entry and the second of its last failure.
    fn entry(&mut self, subject: Subject, id: &str) -> Option<(&mut EntryState, &mut i64)> {
        match subject {
            Subject::Unit => {
                let unit = self.units.get_mut(id)?;
                Some((&mut unit.state, &mut unit.failed_at_s))
            }
            Subject::CashBox => {
                let entry = self.cash_boxes.get_mut(id)?;
                Some((&mut entry.state, &mut entry.failed_at_s))
            }
        }
    }

    pub(super) fn state(&mut self, subject: Subject, id: &str) -> EntryResult {
        match self.entry(subject, id) {
            Some((state, _)) if *state != EntryState::Ended => EntryResult {
                state: Some(*state),
                ..EntryResult::DONE
            },
            _ => subject.unknown(),
        }
    }

    pub(super) fn fails(
        &mut self,
        subject: Subject,
        id: &str,
        began: &str,
        now_s: i64,
    ) -> EntryResult {
        let Some((state, failed_at_s)) = self.entry(subject, id) else {
            return subject.unknown();
        };
        let began_s = moment_s(began).unwrap_or_default();
        match *state {
            EntryState::Ended => return EntryResult::of("B6", "bereits ausser Betrieb genommen"),
            EntryState::Failed => return EntryResult::of("B13", "Status bereits gesetzt"),
            EntryState::Registered => {
                return EntryResult::of("B9", "nur in Betrieb befindliche koennen ausfallen");
            }
            EntryState::Working => {}
        }
        if began_s > now_s {
            return EntryResult::of("B21", "Zeitpunkt liegt in der Zukunft");
        }
        *state = EntryState::Failed;
        *failed_at_s = began_s;
        EntryResult::DONE
    }

    pub(super) fn works(
        &mut self,
        subject: Subject,
        id: &str,
        ended: &str,
        now_s: i64,
    ) -> EntryResult {
        let Some((state, failed_at_s)) = self.entry(subject, id) else {
            return subject.unknown();
        };
        let ended_s = moment_s(ended).unwrap_or_default();
        match *state {
            EntryState::Ended => return EntryResult::of("B6", "bereits ausser Betrieb genommen"),
            EntryState::Working => return EntryResult::of("B13", "Status bereits gesetzt"),
            EntryState::Registered => return EntryResult::of("B2", "keine Aenderung moeglich"),
            EntryState::Failed => {}
        }
        if ended_s > now_s {
            return EntryResult::of("B21", "Zeitpunkt liegt in der Zukunft");
        }
        if ended_s < *failed_at_s {
            return EntryResult::of("B5", "Zeitpunkt vor der letzten Statusaenderung");
        }
        *state = EntryState::Working;
        EntryResult::DONE
    }

    pub(super) fn ends(&mut self, subject: Subject, id: &str) -> EntryResult {
        let Some((state, _)) = self.entry(subject, id) else {
            return subject.unknown();
        };
        if *state == EntryState::Ended {
            return EntryResult::of("B6", "bereits ausser Betrieb genommen");
        }
        *state = EntryState::Ended;
        EntryResult::DONE
    }

    /// Checks a receipt.
    pub(super) fn check(&mut self, text: &str) -> EntryResult {
        let failed = self.failed_checks(text);
        let passed = failed.is_empty();
        let result = if passed {
            EntryResult::DONE
        } else {
            EntryResult::of("43", "Beleg fehlerhaft")
        };
        EntryResult {
            checked: Some((failed, text.to_owned())),
            ..result
        }
    }

    fn failed_checks(&mut self, text: &str) -> Vec<&'static str> {
        const OUTER: &str = "VERIFICATION_FROM_CASHBOX";
        let Ok(code) = Code::parse(text) else {
            return vec![OUTER, "FORMAT_OF_RECEIPT"];
        };
        let Code { payload, signature } = code;
        let Some(entry) = self.cash_boxes.get_mut(payload.cash_box.as_str()) else {
            return vec![OUTER, "EXISTS_CASHBOX"];
        };
        if entry.state == EntryState::Ended {
            return vec![OUTER, "EXISTS_CASHBOX"];
        }
        let Some(unit) = self.units.get(payload.unit.serial()) else {
            return vec![OUTER, "EXISTS_SIGNATURE_DEVICE"];
        };
        let signed = match (signature, &unit.key) {
            (Signature::Failed, _) => false,
            (Signature::Made(_), None) => true,
            (Signature::Made(bytes), Some(key)) => {
                let mut input = String::new();
                payload.write_signing_input(&mut input).is_ok()
                    && key.has_signed(input.as_bytes(), &bytes)
            }
        };
        if !signed {
            return vec![OUTER, "SIGNATURE_OF_RECEIPT"];
        }
        if entry.state == EntryState::Registered && !is_start(&payload, &entry.key) {
            return vec![OUTER, "TYPE_OF_RECEIPT_START"];
        }
        if entry.state == EntryState::Registered {
            entry.state = EntryState::Working;
        }
        entry.checked.push(payload.receipt.as_str().to_owned());
        Vec::new()
    }
}

/// The first receipt of a cash box: over zero, with the counter zero, chained to the id of the cash box.
fn is_start(payload: &Payload<'_>, key: &AesKey) -> bool {
    let id: CashBoxId<'_> = payload.cash_box;
    let counter = match payload.counter {
        CounterField::Encrypted(counter) => Some(counter.decrypt(key, id, payload.receipt)),
        CounterField::Storno | CounterField::Training => None,
    };
    payload.sums.all_zero()
        && counter.is_some_and(|counter| counter.minor() == 0)
        && payload.previous == ChainValue::of(id.as_str())
}

/// The key of a certificate or of a public key, in Base64; `Err` is a return code.
pub(super) fn key_of(
    certificate: Option<&str>,
    public: Option<&str>,
) -> Result<Option<(String, P256PublicKey)>, EntryResult> {
    if let Some(text) = certificate {
        let der = STANDARD.decode(text).unwrap_or_default();
        return match UnitCertificate::read(&der) {
            Ok(read) => Ok(Some((read.serial, read.key))),
            Err(_) => Err(EntryResult::of("9", "Zertifikat fehlerhaft")),
        };
    }
    if let Some(text) = public {
        let der = STANDARD.decode(text).unwrap_or_default();
        return match P256PublicKey::of_spki(&der) {
            Ok(key) => Ok(Some((String::new(), key))),
            Err(_) => Err(EntryResult::of("29", "Public Key ungueltig")),
        };
    }
    Ok(None)
}
