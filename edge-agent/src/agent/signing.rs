//! What a start needs for signed receipts: the units, and the secret of each cash box.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use ferrotill_core::profile::signed::CashBoxId;
use ferrotill_core::profile::{Profile, SealPlan};
use ferrotill_store::{DeviceIdentity, Store};
use uuid::Uuid;

use super::{StartError, served};
use crate::clerk::{ClerkHandle, Message};
use crate::config::register::register_device;
use crate::config::{Config, adopt};
use crate::explanation::Explanation;
use crate::seal::signature::any_unit::AnyUnit;
use crate::seal::signature::units::Units;
use crate::seal::signature::{CashBoxSecret, NewRegisters, Signatures, folder};
use crate::time::clock::Clock;

/// Starts the signature units if the law has receipts signed. Each device is a cash box, under its identity towards the authority.
pub(super) fn start(
    config: &Config,
    profile: &dyn Profile,
    store: &Store,
    (identities, created): (&[DeviceIdentity], BTreeSet<Uuid>),
    (clerk_handle, clock): (&ClerkHandle, &Arc<Clock>),
) -> Result<Option<Arc<Signatures>>, StartError> {
    if profile.facts().seal_plan != SealPlan::Signature {
        return Ok(None);
    }
    let mut cash_boxes = BTreeMap::new();
    for (device, identity) in config.devices.iter().zip(identities) {
        let id = &identity.fiscal_number;
        CashBoxId::new(id).map_err(|fault| refused(id, fault.to_string(), NAME_IT))?;
        let till = store.load_till(device.id)?;
        let signed = till.signed();
        let used = signed.cash_box();
        let is_closed = signed.register().is_closed();
        if !used.is_empty() && used != id {
            let why = format!("the receipts of this device have the cash box id {used:?}");
            return Err(refused(
                id,
                why,
                if is_closed { NEW_DEVICE } else { PUT_BACK },
            ));
        }
        let folder = &config.till.data_dir;
        if signed.receipts() > 0 && !is_closed && store.anchors_set_aside() > 0 {
            return Err(older_copy(folder));
        }
        let key = folder::counter_key(folder, device.id, signed.receipts() > 0)
            .map_err(StartError::Signatures)?;
        let id = id.clone();
        cash_boxes.insert(device.id, CashBoxSecret { id, key });
    }
    let units = config
        .signature_units
        .iter()
        .map(|unit| AnyUnit::open(unit, config.till.mode, &config.till.data_dir))
        .collect::<Result<Vec<_>, _>>()
        .map_err(StartError::Signatures)?;
    let clerk_handle = clerk_handle.clone();
    let report = Box::new(move |device, signed| clerk_handle.send(Message::Signed(device, signed)));
    let registers = new_registers(config, profile, (&created, identities))?;
    Signatures::start(
        Units::of_opened(units, Arc::clone(clock)),
        cash_boxes,
        report,
    )
    .map(|signatures| match registers {
        Some(registers) => signatures.with_registers(registers),
        None => signatures,
    })
    .map(|signatures| Some(Arc::new(signatures)))
    .map_err(|source| StartError::Thread {
        name: "signatures".to_owned(),
        source,
    })
}

/// What a cash register gets that a compatible API creates; `None` if no API that creates registers is served.
fn new_registers(
    config: &Config,
    profile: &dyn Profile,
    (created, identities): (&BTreeSet<Uuid>, &[DeviceIdentity]),
) -> Result<Option<NewRegisters>, StartError> {
    let creates = served(config, profile)
        .iter()
        .any(|api| api.creates_registers);
    let (true, Some(like), Some(identity)) = (creates, config.devices.first(), identities.first())
    else {
        return Ok(None);
    };
    let device = register_device(Uuid::nil(), like);
    Ok(Some(NewRegisters {
        folder: config.till.data_dir.clone(),
        configuration: adopt::configuration(&device, profile.facts())?,
        identity: identity.clone(),
        known: created.clone(),
    }))
}

const NAME_IT: &str = "write another registration_number at the [[device]]";
const NEW_DEVICE: &str = "the register is out of use; write the new cash box id as the registration_number of a new [[device]] with an id that was never used";
const PUT_BACK: &str =
    "write this id as the registration_number of the [[device]]; a cash box keeps its id for ever";

fn refused(id: &str, why: String, fix: &str) -> StartError {
    StartError::Signatures(Box::new(Explanation::new(
        "the cash box cannot have this id",
        id,
        why,
        fix,
    )))
}

/// A register never goes on from an older copy of its journal: the ids of the lost receipts, and with them the key streams of the turnover
/// counter, would be used a second time.
fn older_copy(folder: &Path) -> StartError {
    StartError::Signatures(Box::new(Explanation::new(
        "the register cannot go on from this journal",
        folder.display().to_string(),
        "it is an older copy, because an anchor names a row that it does not have",
        "put the newest journal back; if it is lost, take the cash box out of use, and register a new one in a new data folder",
    )))
}
