//! The replay of a scenario: the register of live sales makes each receipt, software units sign, and the protocol is written.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{
    CashBox, CashBoxId, CounterWidth, Fault, Form, Kind, ReceiptId, Register, Request, Signature,
    Timestamp,
};
use ferrotill_core::time::{Day, Moment};

use crate::dep_writer::DepWriter;
use crate::key_streams::KeyStreams;
use crate::material::KeyMaterial;
use crate::scenario::{Scenario, ScenarioKind, ScenarioReceipt};
use crate::unit::{SigningUnit as _, SoftwareUnit, SwitchedUnit, UnitFault, seal_with};

/// The provider of the open system that a replay plays: the fictitious provider of the official test suites.
pub const PROVIDER_OF_TESTS: u16 = 100;

/// The kind of system whose units sign (§ 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemKind {
    /// Certificates of a provider; in a replay the units sign their own.
    Open,
    /// Keys that belong to the company, without certificates.
    Closed,
}

/// What a replay has made.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The keys that a checker needs.
    pub keys: KeyMaterial,
    /// The number of receipts.
    pub receipts: u64,
    /// The number of receipts without a signature.
    pub unsigned: u64,
    /// The number of receipts that have no signature although the scenario lets their unit work: they stand between an outage and its
    /// Sammelbeleg, where this till asks the unit for the Sammelbeleg only.
    pub waited_for_sammelbeleg: u64,
    /// The number of receipts that carry the time of the receipt before, because their own was earlier.
    pub times_held: u64,
    /// The turnover counter after the last receipt.
    pub counter: Amount,
}

/// Why a scenario cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// A rule refuses the receipt, or one of its values is not allowed.
    #[error("cashBoxInstructionList[{at}] ({id}): {fault}")]
    Receipt {
        /// The place of the receipt in the scenario, from 0.
        at: u64,
        /// The id of the receipt.
        id: String,
        /// The rule.
        fault: Fault,
    },
    /// A time that is not written as `2016-03-11T03:57:08`, or that does not exist.
    #[error(
        "cashBoxInstructionList[{at}].dateToUse: {text:?} is not a local time such as 2016-03-11T03:57:08 between 2015-09-01 and the year 9999"
    )]
    Time {
        /// The place of the receipt in the scenario, from 0.
        at: u64,
        /// The time.
        text: String,
    },
    /// An id that was used before: the key stream of the turnover counter would be used twice.
    #[error(
        "cashBoxInstructionList[{at}].receiptIdentifier: {id:?} was used by receipt {earlier} before, and the turnover counter would be encrypted twice with one key stream"
    )]
    IdRepeated {
        /// The place of the receipt in the scenario, from 0.
        at: u64,
        /// The id of the receipt.
        id: String,
        /// The place of the earlier receipt in the scenario, from 0.
        earlier: u64,
    },
    /// The cash box id is not allowed.
    #[error("cashBoxId: {0}")]
    CashBox(Fault),
    /// A unit cannot be made.
    #[error("signature unit {unit}, {company:?}: {fault}")]
    Unit {
        /// The unit, from 0.
        unit: u8,
        /// The company.
        company: String,
        /// What is wrong.
        fault: UnitFault,
    },
    /// The protocol cannot be written.
    #[error("the protocol cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Replays a scenario into a protocol.
///
/// The kind, amounts and order of the receipts are the scenario's, and the rules are those of live sales: after an outage the unit
/// signs the next Nullbeleg as the Sammelbeleg and nothing before it, and a time before the last one becomes the last one.
///
/// # Errors
///
/// [`ReplayFault`], with the path of the receipt.
pub fn replay<W: Write>(
    scenario: &Scenario,
    system: SystemKind,
    width: CounterWidth,
    dep: &mut DepWriter<W>,
) -> Result<Replayed, ReplayFault> {
    let units = units_of(scenario, system)?;
    let cash_box = CashBox {
        id: CashBoxId::new(&scenario.cash_box).map_err(ReplayFault::CashBox)?,
        key: &scenario.aes_key,
        width,
    };
    let mut register = Register::default();
    let mut used = KeyStreams::default();
    let mut replayed = Replayed {
        keys: keys_of(scenario, &units)?,
        receipts: 0,
        unsigned: 0,
        waited_for_sammelbeleg: 0,
        times_held: 0,
        counter: Amount::ZERO,
    };
    for receipt in &scenario.receipts {
        let Some(unit) = units.get(usize::from(receipt.unit)) else {
            continue;
        };
        unit.set_down(receipt.damaged);
        let at = replayed.receipts;
        let faulty = |fault| ReplayFault::Receipt {
            at,
            id: receipt.id.clone(),
            fault,
        };
        let request = Request {
            kind: kind_of(receipt, &register),
            receipt: ReceiptId::new(&receipt.id).map_err(faulty)?,
            unit: unit.identity().map_err(faulty)?,
            sums: receipt.sums,
            at: time_of(receipt, at)?,
        };
        used.take(cash_box.id, request.receipt, at)
            .map_err(|earlier| ReplayFault::IdRepeated {
                at,
                id: receipt.id.clone(),
                earlier,
            })?;
        let payload = register.prepare(&cash_box, &request).map_err(faulty)?;
        let code = seal_with(unit, &register, request.kind, &payload).map_err(faulty)?;
        dep.receipt(&code.display(Form::Compact).to_string())?;
        register.take(request.kind, &code);
        let unsigned = code.signature == Signature::Failed;
        replayed.count(unsigned, receipt, payload.at);
    }
    replayed.counter = register.counter();
    Ok(replayed)
}

impl Replayed {
    fn count(&mut self, unsigned: bool, receipt: &ScenarioReceipt, at: Timestamp) {
        for (applies, count) in [
            (true, &mut self.receipts),
            (unsigned, &mut self.unsigned),
            (
                unsigned && !receipt.damaged,
                &mut self.waited_for_sammelbeleg,
            ),
            (at.to_string() != receipt.at, &mut self.times_held),
        ] {
            *count = count.saturating_add(u64::from(applies));
        }
    }
}

/// The units of the scenario: in a closed system the ids of the keys are K0, K1 and so on, as in the official test suites.
fn units_of(
    scenario: &Scenario,
    system: SystemKind,
) -> Result<Vec<SwitchedUnit<SoftwareUnit>>, ReplayFault> {
    let company = &scenario.company;
    let unit = |unit: u8| {
        let key = SoftwareUnit::new_key();
        let made = key.and_then(|key| match system {
            SystemKind::Open => SoftwareUnit::with_certificate(PROVIDER_OF_TESTS, &key),
            SystemKind::Closed => SoftwareUnit::with_key(&format!("{company}-K{unit}"), &key),
        });
        made.map(SwitchedUnit::new)
            .map_err(|fault| ReplayFault::Unit {
                unit,
                company: company.clone(),
                fault,
            })
    };
    (0..scenario.units).map(unit).collect()
}

fn keys_of(
    scenario: &Scenario,
    units: &[SwitchedUnit<SoftwareUnit>],
) -> Result<KeyMaterial, ReplayFault> {
    let mut keys = BTreeMap::new();
    for (unit, number) in units.iter().zip(0..) {
        let identity = unit.identity().map_err(|fault| ReplayFault::Unit {
            unit: number,
            company: scenario.company.clone(),
            fault: UnitFault::Serial(fault),
        })?;
        keys.insert(identity.serial().to_owned(), unit.unit().key().clone());
    }
    Ok(KeyMaterial {
        aes_key: scenario.aes_key.clone(),
        units: keys,
    })
}

/// The kind of a receipt. The first Nullbeleg that a unit signs after an outage is the Sammelbeleg; a sale over zero is a Nullbeleg,
/// because no checker can tell them apart.
fn kind_of(receipt: &ScenarioReceipt, register: &Register) -> Kind {
    let ends_outage = register.outage_since().is_some() && !receipt.damaged;
    match receipt.kind {
        ScenarioKind::Null if ends_outage => Kind::Sammel,
        ScenarioKind::Standard if ends_outage && receipt.sums.all_zero() => Kind::Sammel,
        ScenarioKind::Start => Kind::Start,
        ScenarioKind::Standard => Kind::Standard,
        ScenarioKind::Storno => Kind::Storno,
        ScenarioKind::Training => Kind::Training,
        ScenarioKind::Null => Kind::Null,
    }
}

/// A moment whose local time is that of the scenario. The code has no zone, so the offset of winter time stands for any.
fn time_of(receipt: &ScenarioReceipt, at: u64) -> Result<Moment, ReplayFault> {
    let moment = moment(&receipt.at);
    // A time that does not exist, such as 2016-02-30, is another one when it is written again.
    let written = |moment: &Moment| {
        Timestamp::of(*moment).is_ok_and(|written| written.to_string() == receipt.at)
    };
    moment.filter(written).ok_or_else(|| ReplayFault::Time {
        at,
        text: receipt.at.clone(),
    })
}

fn moment(text: &str) -> Option<Moment> {
    const OFFSET_MINUTES: i16 = 60;
    let (date, time) = text.split_once('T')?;
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let day = Day::of_date(
        year.parse().ok().filter(|year| *year <= 9999)?,
        month
            .parse()
            .ok()
            .filter(|month| (1..=12).contains(month))?,
        day.parse().ok().filter(|day| (1..=31).contains(day))?,
    );
    let second_of_day = time.split(':').try_fold(0_i64, |seconds, part| {
        let part = part.parse::<u8>().ok().filter(|part| *part < 60)?;
        seconds.checked_mul(60)?.checked_add(i64::from(part))
    })?;
    let local_s = day
        .since_epoch()
        .checked_mul(86_400)?
        .checked_add(second_of_day)?;
    let offset_s = i64::from(OFFSET_MINUTES).checked_mul(60)?;
    Some(Moment {
        utc_ms: local_s.checked_sub(offset_s)?.checked_mul(1_000)?,
        offset_minutes: OFFSET_MINUTES,
    })
}
