//! Appends copies of the protocols of signed receipts and the ends of registers to the journal, and reads when a protocol was copied last.

use ferrotill_core::event::{
    Event, ProtocolBackedUp, RegisterRetired, ResourceChanged, ResourceKind, ResourceState, Voided,
};
use ferrotill_core::time::Moment;
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::{Reader, StoreError};

/// When the register of a device was begun, and when its protocol was copied last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolBackup {
    /// The device.
    pub device: Uuid,
    /// When the start receipt was made, in milliseconds since the epoch.
    pub begun_ms: i64,
    /// When the protocol was copied last, in milliseconds since the epoch; `None` if it never was.
    pub made_ms: Option<i64>,
}

impl Batch<'_> {
    /// Appends that the protocol of a register was copied. It changes nothing for the till.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_protocol_backup(
        &mut self,
        device: Uuid,
        backup: ProtocolBackedUp,
    ) -> Result<(), StoreError> {
        let event = Event::ProtocolBackedUp(backup);
        let mut room = [0; 128];
        let payload = event.encode(&mut room).map_err(|_| StoreError::TooLarge)?;
        self.write(device, backup.at.utc_ms, &event, payload)
            .map(drop)
    }
}

impl Store {
    /// Appends that the protocol of a register was copied, for a program that runs without an agent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn note_protocol_backup(
        &mut self,
        device: Uuid,
        backup: ProtocolBackedUp,
    ) -> Result<(), StoreError> {
        let mut batch = self.batch()?;
        batch.append_protocol_backup(device, backup)?;
        batch.commit()?;
        self.anchor();
        Ok(())
    }

    /// Takes the registers of these devices out of use for ever, and voids a document whose receipt was not signed yet: the copy does not
    /// show what became of it. `fault` is the number of the fault of the voided document.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn retire_registers(
        &mut self,
        devices: &[Uuid],
        (by, fault): (&str, u16),
        now: Moment,
    ) -> Result<(), StoreError> {
        let mut tills = Vec::new();
        for device in devices {
            tills.push((*device, self.load_till(*device)?));
        }
        let resources = self.resources()?;
        let mut batch = self.batch()?;
        for (device, till) in &mut tills {
            let device = *device;
            let at = till.latest().map_or(now, |latest| now.later(latest));
            let mut room = [0; ROOM];
            if let Some(outstanding) = till.outstanding() {
                let event = Event::Voided(Voided {
                    id: outstanding.id,
                    at,
                    fault,
                    reason: RESTORED_MEANWHILE,
                });
                let payload = event.encode(&mut room).map_err(|_| StoreError::TooLarge)?;
                batch.append((device, till), at.utc_ms, &event, payload)?;
            }
            let event = Event::RegisterRetired(RegisterRetired {
                at,
                by,
                receipts: till.signed().receipts(),
            });
            let payload = event.encode(&mut room).map_err(|_| StoreError::TooLarge)?;
            batch.append((device, till), at.utc_ms, &event, payload)?;
            let register = resources.get(ResourceKind::CashRegister, device);
            if let Some(known) = register.filter(|it| it.state != ResourceState::Decommissioned) {
                batch.append_resource(ResourceChanged {
                    at,
                    kind: known.kind,
                    id: *device.as_bytes(),
                    state: ResourceState::Decommissioned,
                    details: &known.details,
                })?;
            }
        }
        batch.commit()?;
        self.anchor();
        Ok(())
    }
}

impl Reader {
    /// The registers that have their start receipt, and when their protocols were copied last.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn protocol_backups(&self) -> Result<Vec<ProtocolBackup>, StoreError> {
        self.with("copies of the protocols", |connection| {
            connection
                .prepare_cached(
                    "SELECT registration.device, min(due_at), max(made_at) FROM registration \
                     LEFT JOIN protocol_backup ON protocol_backup.device = registration.device \
                     WHERE step = 'cash_box' GROUP BY registration.device ORDER BY registration.device",
                )?
                .query_map([], |row| {
                    Ok(ProtocolBackup {
                        device: Uuid::from_bytes(row.get(0)?),
                        begun_ms: row.get(1)?,
                        made_ms: row.get(2)?,
                    })
                })?
                .collect()
        })
    }
}

/// Why a document is void whose receipt was not signed when the folder was copied.
const RESTORED_MEANWHILE: &str =
    "the data folder was restored from a copy, and the register of the device is out of use";
/// Room for the largest event of this file.
const ROOM: usize = 512;
