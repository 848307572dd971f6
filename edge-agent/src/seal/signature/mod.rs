//! Signature units: they sign receipts, each chained to the one before.
//!
//! - [`folder`]: the secrets of a data folder: the key of each turnover counter, and the private keys of units in software;
//! - [`any_unit`]: a unit of any kind; [`public_side`]: what the till knows of a unit whose private key it does not have;
//! - [`service_unit`], `token_unit`: a signature service in the network, and a card or module behind a PKCS#11 library;
//! - [`units`]: the units, and the threads that ask them.
//!
//! The clerk stores what is to be signed before a unit gets it (`ReceiptPrepared`). The unit's thread signs exactly these bytes, as
//! often as it is asked, so that a crash at any moment loses no receipt, and no receipt id is used with a second turnover counter.
//! If no unit works, the receipt says so in place of the signature, and the first receipt after the outage is the collective one.

pub mod any_unit;
pub mod folder;
pub mod public_side;
pub mod service_unit;
#[cfg(feature = "pkcs11")]
pub mod token_unit;
pub mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use ferrotill_core::document::{AmountsKind, AmountsReceipt, Body};
use ferrotill_core::event::Configuration;
use ferrotill_core::profile::signed::{
    AesKey, BucketSums, CashBox, CashBoxId, Code, CounterWidth, Form, Kind, Payload, ReceiptId,
    Request, Signature, Timestamp,
};
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::till::{PreparedReceipt, Till, not_signable};
use ferrotill_core::time::Moment;
use tokio::sync::watch;
use uuid::Uuid;

use super::{NumberSeal, Preparation, Sealer, Unsealed};
use crate::config::register::{register_number, register_point_of_sale};
use crate::explanation::Explanation;
use crate::locked::Locked;
use ferrotill_store::DeviceIdentity;
use units::{SigningTask, SigningThreads, UnitReport, UnitTurns, Units};

/// The cash box of a device: the id under which it is registered, and the key of its turnover counter.
#[derive(Clone, Debug)]
pub struct CashBoxSecret {
    /// The id of the cash box.
    pub id: String,
    /// The key of the turnover counter.
    pub key: AesKey,
}

/// A receipt that can be prepared: its kind, and what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningJob {
    /// The kind of the receipt.
    pub kind: Kind,
    /// Elements 0 to 11 of the receipt's code.
    pub payload: String,
}

/// What a unit has made of a prepared receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What was to be signed.
    pub payload: String,
    /// The signature; `None` if no unit has signed.
    pub signature: Option<[u8; 64]>,
}

/// The public side of a unit, for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPublic {
    /// The number of the provider.
    pub provider: u16,
    /// The serial of the certificate, or the id of the key.
    pub serial: String,
    /// Whether `der` is a certificate.
    pub certificate: bool,
    /// The certificate or public key.
    pub der: Vec<u8>,
}

/// Seals receipts by signature units.
#[derive(Debug)]
pub struct Signatures {
    units: Arc<Units>,
    cash_boxes: Locked<BTreeMap<Uuid, Arc<CashBoxSecret>>>,
    threads: SigningThreads,
    registrations: watch::Sender<u64>,
    registers: Option<NewRegisters>,
}

/// What a cash register gets that a compatible API creates.
#[derive(Debug)]
pub struct NewRegisters {
    /// The data folder.
    pub folder: PathBuf,
    /// Its tables.
    pub configuration: Configuration,
    /// Its identity towards the authority; the number is its own.
    pub identity: DeviceIdentity,
    /// The registers that were created before this start.
    pub known: BTreeSet<Uuid>,
}

/// How a new cash register is set up.
#[derive(Debug)]
pub struct RegisterPlan {
    /// Its tables.
    pub configuration: Configuration,
    /// Its identity towards the authority.
    pub identity: DeviceIdentity,
    /// Its point of sale.
    pub point_of_sale: Uuid,
}

impl Signatures {
    /// Starts the threads that ask the units. `report` gets what became of each task.
    ///
    /// # Errors
    ///
    /// The operating system's error if the thread cannot be started.
    pub fn start(
        units: Units,
        cash_boxes: BTreeMap<Uuid, CashBoxSecret>,
        report: UnitReport,
    ) -> std::io::Result<Self> {
        let units = Arc::new(units);
        let threads = SigningThreads::start(&units, report)?;
        Ok(Self::with_threads(units, cash_boxes, threads))
    }

    /// [`Self::start`] without threads: the caller gives the units their turns.
    #[must_use]
    pub fn by_hand(
        units: Units,
        cash_boxes: BTreeMap<Uuid, CashBoxSecret>,
        report: UnitReport,
    ) -> (Self, UnitTurns) {
        let units = Arc::new(units);
        let (threads, turns) = SigningThreads::by_hand(&units, report);
        (Self::with_threads(units, cash_boxes, threads), turns)
    }

    fn with_threads(
        units: Arc<Units>,
        cash_boxes: BTreeMap<Uuid, CashBoxSecret>,
        threads: SigningThreads,
    ) -> Self {
        Self {
            units,
            cash_boxes: Locked::new(
                cash_boxes
                    .into_iter()
                    .map(|(device, secret)| (device, Arc::new(secret)))
                    .collect(),
            ),
            threads,
            registrations: watch::Sender::new(0),
            registers: None,
        }
    }

    /// Lets compatible APIs create cash registers.
    #[must_use]
    pub fn with_registers(self, registers: NewRegisters) -> Self {
        Self {
            registers: Some(registers),
            ..self
        }
    }

    /// Whether compatible APIs may create cash registers.
    #[must_use]
    pub const fn has_registers(&self) -> bool {
        self.registers.is_some()
    }

    /// Whether a compatible API has created this device, and the configuration does not have it.
    #[must_use]
    pub fn is_of_api(&self, device: Uuid) -> bool {
        let registers = self.registers.as_ref();
        registers.is_some_and(|registers| registers.known.contains(&device))
    }

    /// How the cash register with this id is set up; `None` if no API may create registers.
    #[must_use]
    pub fn new_register(&self, id: Uuid) -> Option<RegisterPlan> {
        let registers = self.registers.as_ref()?;
        Some(RegisterPlan {
            configuration: registers.configuration.clone(),
            identity: DeviceIdentity {
                fiscal_number: register_number(id),
                ..registers.identity.clone()
            },
            point_of_sale: register_point_of_sale(id),
        })
    }

    /// Makes the key of a new cash box, and takes the cash box into use.
    ///
    /// # Errors
    ///
    /// The file of the key cannot be written.
    pub fn add_cash_box(&self, device: Uuid, id: &str) -> Result<(), Box<Explanation>> {
        let Some(registers) = &self.registers else {
            return Ok(());
        };
        let key = folder::counter_key(&registers.folder, device, false)?;
        let secret = CashBoxSecret {
            id: id.to_owned(),
            key,
        };
        self.cash_boxes.lock().insert(device, Arc::new(secret));
        Ok(())
    }

    /// The units.
    #[must_use]
    pub const fn units(&self) -> &Arc<Units> {
        &self.units
    }

    /// The cash box with this id.
    #[must_use]
    pub fn cash_box(&self, id: &str) -> Option<Arc<CashBoxSecret>> {
        let cash_boxes = self.cash_boxes.lock();
        cash_boxes.values().find(|secret| secret.id == id).cloned()
    }

    /// The device of a cash box.
    #[must_use]
    pub fn device_of(&self, cash_box: &str) -> Option<Uuid> {
        let cash_boxes = self.cash_boxes.lock();
        let mut of_this = cash_boxes.iter().filter(|(_, it)| it.id == cash_box);
        of_this.next().map(|(device, _)| *device)
    }

    /// The id of the cash box of a device.
    #[must_use]
    pub fn cash_box_of(&self, device: Uuid) -> Option<String> {
        let cash_boxes = self.cash_boxes.lock();
        cash_boxes.get(&device).map(|secret| secret.id.clone())
    }

    /// Says that something is to be registered with the authority, or that the authority has answered.
    pub fn registrations_changed(&self) {
        self.registrations
            .send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// Changes whenever something is to be registered with the authority, or the authority has answered.
    #[must_use]
    pub fn registrations(&self) -> watch::Receiver<u64> {
        self.registrations.subscribe()
    }

    /// Has a prepared receipt signed.
    pub fn ask(&self, task: SigningTask) {
        self.threads.ask(task);
    }

    /// The receipt without a document that a device must make first now; `None` if none is due, or if it must wait for a unit that works.
    ///
    /// First comes the start receipt, then the collective receipt after an outage, then the receipt that ends a month or a year.
    #[must_use]
    pub fn due(&self, device: Uuid, till: &Till, now: Moment) -> Option<SigningJob> {
        let register = till.signed().register();
        let works = self.units.working().is_some();
        let outage = register.outage_since().is_some();
        let kind = if register.latest().is_none() {
            works.then_some(Kind::Start)
        } else if outage && works {
            Some(Kind::Sammel)
        } else {
            let due = register.due(Timestamp::of(now).ok()?);
            due.filter(|kind| works || !kind.needs_signature())
        }?;
        let zero = BucketSums::default();
        self.receipt(device, till, (kind, zero), now).ok()
    }

    /// The closing receipt of a device; `None` if its register does not allow it.
    #[must_use]
    pub fn closing(&self, device: Uuid, till: &Till, now: Moment) -> Option<SigningJob> {
        let what = (Kind::Schluss, BucketSums::default());
        self.receipt(device, till, what, now).ok()
    }

    /// A receipt as it would be signed next.
    ///
    /// # Errors
    ///
    /// The rule of signed receipts that does not allow it.
    pub fn receipt(
        &self,
        device: Uuid,
        till: &Till,
        (kind, sums): (Kind, BucketSums),
        at: Moment,
    ) -> Result<SigningJob, Refusal> {
        let secret = self.cash_boxes.lock().get(&device).cloned();
        let secret = secret.ok_or(Refusal::SealMismatch)?;
        let unit = self.units.next_unit().ok_or(Refusal::SealMismatch)?;
        let signed = till.signed();
        let id = signed.next_id();
        let cash_box = CashBox {
            id: CashBoxId::new(&secret.id).map_err(not_signable)?,
            key: &secret.key,
            width: CounterWidth::EIGHT,
        };
        let request = Request {
            kind,
            receipt: ReceiptId::new(&id).map_err(not_signable)?,
            unit: unit.identity().map_err(not_signable)?,
            sums,
            at,
        };
        let payload = signed.register().prepare(&cash_box, &request);
        payload.map_err(not_signable).map(|payload| SigningJob {
            kind,
            payload: payload.to_string(),
        })
    }

    /// The public side of the unit that a receipt names, if the journal does not have it as the last one.
    #[must_use]
    pub fn unit_to_adopt(&self, till: &Till, job: &SigningJob) -> Option<UnitPublic> {
        let payload = Payload::parse(&job.payload).ok()?;
        let (provider, serial) = (payload.unit.provider(), payload.unit.serial());
        if till.signed().has_unit(provider, serial) {
            return None;
        }
        self.units.public(provider, serial)
    }
}

impl Sealer for Signatures {
    fn prepare(&self, document: &Unsealed<'_>) -> Result<Preparation, Refusal> {
        let what = match &document.reserved.body {
            Body::Receipt(receipt) => signed_amounts(receipt)?,
            Body::Amounts(receipt) => given_amounts(receipt),
            // A cash movement and a report are no sales, so no unit signs them.
            Body::Cash(_) | Body::Report(_) | Body::Nonfiscal(_) => {
                return Ok(Preparation::AtOnce(NumberSeal::Journal));
            }
        };
        if document.till.signed().prepared().is_some() {
            return Err(Refusal::DeviceUnsettled);
        }
        self.receipt(document.device, document.till, what, document.reserved.at)
            .map(|job| Preparation::Sign(Box::new(job)))
    }
}

/// The kind of a signed receipt whose amounts the caller gave, and the amounts.
fn given_amounts(receipt: &AmountsReceipt) -> (Kind, BucketSums) {
    let kind = match receipt.kind {
        AmountsKind::Sale => Kind::Standard,
        AmountsKind::Void => Kind::Storno,
        AmountsKind::Training => Kind::Training,
    };
    let sums = BucketSums {
        normal: receipt.standard,
        ermaessigt1: receipt.reduced,
        ermaessigt2: receipt.second_reduced,
        null: receipt.zero,
        besonders: receipt.special,
    };
    (kind, sums)
}

/// The kind of the signed receipt, and its five amounts. What is given back is below zero.
fn signed_amounts(receipt: &Receipt<'_>) -> Result<(Kind, BucketSums), Refusal> {
    let kind = match receipt.kind {
        ReceiptKind::Sale => Kind::Standard,
        ReceiptKind::Refund { .. } => Kind::Storno,
        ReceiptKind::AlternativeSale => return Err(Refusal::NoAlternativeReceipts),
    };
    let mut sums = BucketSums::default();
    for line in receipt.lines.iter() {
        let amount = match kind {
            Kind::Storno => line.final_amount.checked_neg(),
            _ => Some(line.final_amount),
        };
        amount
            .and_then(|amount| sums.add(line.group.bucket, amount))
            .ok_or(Refusal::CounterExhausted)?;
    }
    Ok((kind, sums))
}

/// The kind and the compact form of a prepared receipt after a unit was asked. A collective receipt or the receipt of a year that no unit
/// has signed is a receipt over zero for no purpose: it is due again.
///
/// `None` if the receipt is not valid without a signature and must be signed later, which is so for the start receipt only.
#[must_use]
pub fn sealed_form(
    prepared: &PreparedReceipt,
    signature: Option<[u8; 64]>,
) -> Option<(Kind, String)> {
    let kind = match (signature, prepared.kind) {
        (None, Kind::Start) => return None,
        (None, kind) if kind.needs_signature() => Kind::Null,
        (_, kind) => kind,
    };
    let code = Code {
        payload: Payload::parse(&prepared.payload).ok()?,
        signature: signature.map_or(Signature::Failed, Signature::Made),
    };
    Some((kind, code.display(Form::Compact).to_string()))
}
