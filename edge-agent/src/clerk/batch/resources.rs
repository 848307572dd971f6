//! The resources of a compatible API: the clerk creates and changes them, and a cash register becomes a device of the till.
//!
//! A cash register gets its start and closing receipts as every other signed receipt: they are prepared, signed, and then the register
//! has its new state, in the batch of the signed receipt.

use ferrotill_core::event::{Event, ReceiptNoted, ResourceChanged, ResourceKind, ResourceState};
use ferrotill_core::profile::signed::Kind;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::answer::ResourceOutcome;
use super::super::device_state::{DeviceState, RegisterWish};
use super::super::devices::DevicePlace;
use super::{Effect, Encoded, Tills, document_id};
use crate::order::as_stored_at_first;
use crate::order::resource::{ReceiptNote, ResourceChange, ResourceWish};
use crate::seal::printer::PrinterTask;
use ferrotill_store::{Batch, CONFIGURED_DETAILS, ResourceBook, StoreError, StoredResource};

/// The largest number of cash registers of a folder.
const REGISTERS_MAX: usize = 100;

impl Tills {
    /// The resources with the changes of the running batch.
    pub(super) fn resources(&self) -> &ResourceBook {
        self.resources_uncommitted
            .as_ref()
            .unwrap_or(&self.resources)
    }

    /// Appends that a resource is created or changed.
    fn append_resource(
        &mut self,
        batch: &mut Batch<'_>,
        (kind, id): (ResourceKind, Uuid),
        (state, details): (ResourceState, &str),
    ) -> Result<(), StoreError> {
        let changed = ResourceChanged {
            at: self.settings.guard.now(),
            kind,
            id: *id.as_bytes(),
            state,
            details,
        };
        batch.append_resource(changed)?;
        let before = &self.resources;
        let book = self
            .resources_uncommitted
            .get_or_insert_with(|| before.clone());
        book.take(&changed);
        Ok(())
    }

    /// Handles the wish of a caller.
    pub(super) fn on_resource_wish(
        &mut self,
        batch: &mut Batch<'_>,
        wish: &ResourceWish,
        reply: oneshot::Sender<ResourceOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let known = self.resources().get(wish.kind, wish.id).cloned();
        let outcome = match (&wish.change, known) {
            (ResourceChange::Create(details), known) => {
                self.create_resource(batch, wish, details, known)?
            }
            (_, None) => ResourceOutcome::Unknown,
            (ResourceChange::Replace(details), Some(known)) => {
                self.append_resource(batch, (known.kind, known.id), (known.state, details))?;
                ResourceOutcome::Done
            }
            (ResourceChange::Become(state, details), Some(known)) => {
                let details = details.as_deref();
                match self.change_state(batch, &known, (*state, details))? {
                    Some(outcome) => {
                        if outcome == ResourceOutcome::Done {
                            self.want_registrations(batch, &known, *state)?;
                            effects.push(Effect::RegistrationsChanged);
                        }
                        outcome
                    }
                    None => {
                        self.await_receipt(&known, *state, reply);
                        return Ok(());
                    }
                }
            }
        };
        effects.push(Effect::ResourceChanged(vec![reply], outcome));
        Ok(())
    }

    fn create_resource(
        &mut self,
        batch: &mut Batch<'_>,
        wish: &ResourceWish,
        details: &str,
        known: Option<StoredResource>,
    ) -> Result<ResourceOutcome, StoreError> {
        if let Some(known) = known {
            let of_older = as_stored_at_first(details);
            let same = [details, &of_older]
                .into_iter()
                .any(|given| known.created_with == given || known.details == given);
            return Ok(match same {
                true => ResourceOutcome::Done,
                false => ResourceOutcome::OtherContent,
            });
        }
        let others = self.resources().of(wish.kind).count();
        match wish.kind {
            ResourceKind::SignatureUnit if others > 0 => return Ok(ResourceOutcome::TooMany),
            ResourceKind::CashRegister if others >= REGISTERS_MAX => {
                return Ok(ResourceOutcome::TooMany);
            }
            ResourceKind::CashRegister => {
                if let Some(failed) = self.add_register(batch, wish.id)? {
                    return Ok(failed);
                }
            }
            _ => {}
        }
        let first = (ResourceState::Created, details);
        self.append_resource(batch, (wish.kind, wish.id), first)?;
        Ok(ResourceOutcome::Done)
    }

    /// Makes a device of a new cash register. Returns the reason if that cannot be.
    fn add_register(
        &mut self,
        batch: &mut Batch<'_>,
        id: Uuid,
    ) -> Result<Option<ResourceOutcome>, StoreError> {
        let Some(signatures) = self.settings.signatures.clone() else {
            return Ok(Some(ResourceOutcome::Unknown));
        };
        let place = self.index_of(id);
        if let Some(index) = place.filter(|index| self.devices[*index].removed) {
            let device = self.devices[index].device;
            return Ok(Some(ResourceOutcome::Failed(format!(
                "the device {device} of the journal has this id; put it back into the configuration"
            ))));
        }
        let Some(plan) = signatures.new_register(id) else {
            return Ok(Some(ResourceOutcome::Unknown));
        };
        if let Err(explained) = signatures.add_cash_box(id, &plan.identity.fiscal_number) {
            return Ok(Some(ResourceOutcome::Failed(explained.for_callers())));
        }
        // The device may be left over from a batch that could not be written.
        let index = match place {
            Some(index) => index,
            None => self.devices.push(DeviceState {
                point_of_sale: plan.point_of_sale,
                wanted: Some(Box::new((plan.configuration, plan.identity))),
                of_api: true,
                ..DeviceState::new(
                    id,
                    ferrotill_core::till::Till::default(),
                    PrinterTask::none(),
                )
            }),
        };
        self.identify_device(batch, index)?;
        self.adopt_of_device(batch, index)?;
        Ok(None)
    }

    /// Changes the state of a resource; `None` if a receipt must be signed first.
    fn change_state(
        &mut self,
        batch: &mut Batch<'_>,
        known: &StoredResource,
        (state, details): (ResourceState, Option<&str>),
    ) -> Result<Option<ResourceOutcome>, StoreError> {
        let kept = details.unwrap_or(&known.details);
        if state == known.state {
            if kept != known.details {
                self.append_resource(batch, (known.kind, known.id), (state, kept))?;
            }
            return Ok(Some(ResourceOutcome::Done));
        }
        if !known.state.may_become(state, known.kind) {
            return Ok(Some(ResourceOutcome::Forbidden(known.state)));
        }
        let is_register = known.kind == ResourceKind::CashRegister;
        let first = known.state == ResourceState::Registered;
        let needs_unit = matches!(
            state,
            ResourceState::Registered | ResourceState::Initialized
        );
        if is_register && needs_unit && !self.has_initialized_unit() {
            return Ok(Some(ResourceOutcome::NoUnit));
        }
        let needs_receipt = is_register
            && match state {
                ResourceState::Initialized => first && !self.is_started(known.id),
                ResourceState::Decommissioned => true,
                _ => false,
            };
        if !needs_receipt {
            self.append_resource(batch, (known.kind, known.id), (state, kept))?;
            return Ok(Some(ResourceOutcome::Done));
        }
        let works = self.settings.signatures.as_ref();
        let works = works.is_some_and(|it| it.units().working().is_some());
        if state == ResourceState::Initialized && !works {
            return Ok(Some(ResourceOutcome::UnitFails));
        }
        if kept != known.details {
            self.append_resource(batch, (known.kind, known.id), (known.state, kept))?;
        }
        Ok(None)
    }

    fn has_initialized_unit(&self) -> bool {
        let mut units = self.resources().of(ResourceKind::SignatureUnit);
        units.any(|unit| unit.state == ResourceState::Initialized)
    }

    /// Whether a device has its start receipt.
    fn is_started(&self, device: Uuid) -> bool {
        self.index_of(device).is_some_and(|index| {
            let signed = self.devices[index].current_till().signed();
            signed.register().latest().is_some()
        })
    }

    /// Lets a caller wait for the receipt that gives a register its new state. The receipt is prepared at the end of the batch.
    fn await_receipt(
        &mut self,
        known: &StoredResource,
        state: ResourceState,
        reply: oneshot::Sender<ResourceOutcome>,
    ) {
        if let Some(index) = self.index_of(known.id) {
            let wishes = &mut self.devices[index].register_wishes;
            // A caller whose time is over gets no answer any more; its wish stands until a new start.
            wishes.retain(|wish| wish.state == state || !wish.reply.is_closed());
            wishes.push(RegisterWish { state, reply });
        }
    }

    /// A receipt without a document is signed: a start or closing receipt gives its register a new state.
    pub(super) fn register_receipt_signed(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        kind: Kind,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let state = match kind {
            Kind::Start => ResourceState::Initialized,
            Kind::Schluss => ResourceState::Decommissioned,
            _ => return Ok(()),
        };
        let id = self.devices[index].device;
        let register = self.resources().get(ResourceKind::CashRegister, id);
        if let Some(known) = register.filter(|known| known.state != state).cloned() {
            self.append_resource(batch, (known.kind, id), (state, &known.details))?;
        }
        let wishes = std::mem::take(&mut self.devices[index].register_wishes);
        let (met, others): (Vec<_>, Vec<_>) =
            wishes.into_iter().partition(|wish| wish.state == state);
        self.devices[index].register_wishes = others;
        let replies = met.into_iter().map(|wish| wish.reply).collect();
        effects.push(Effect::ResourceChanged(replies, ResourceOutcome::Done));
        Ok(())
    }

    /// Writes a cash register for each device of the configuration that is none yet. Its state is the one that its receipts prove.
    pub(in crate::clerk) fn register_configured(
        &mut self,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        let signatures = self.settings.signatures.as_ref();
        if !signatures.is_some_and(|signatures| signatures.has_registers()) {
            return Ok(());
        }
        for index in self.devices.places() {
            let device_state = &self.devices[index];
            let (id, removed) = (device_state.device, device_state.removed);
            let known = self.resources().get(ResourceKind::CashRegister, id);
            if removed || known.is_some() {
                continue;
            }
            let kind = (ResourceKind::CashRegister, id);
            self.append_resource(batch, kind, (ResourceState::Created, CONFIGURED_DETAILS))?;
            if self.is_started(id) {
                self.append_resource(
                    batch,
                    kind,
                    (ResourceState::Initialized, CONFIGURED_DETAILS),
                )?;
            }
        }
        Ok(())
    }

    /// Whether a start receipt of this device must wait until a caller asks for it: a caller has created the register.
    pub(super) fn waits_for_its_start(&self, index: DevicePlace) -> bool {
        let device_state = &self.devices[index];
        let wishes = &device_state.register_wishes;
        device_state.of_api
            && device_state
                .current_till()
                .signed()
                .register()
                .latest()
                .is_none()
            && !wishes
                .iter()
                .any(|wish| wish.state == ResourceState::Initialized)
    }

    /// Whether a caller wants the register of this device out of use.
    pub(super) fn is_to_be_closed(&self, index: DevicePlace) -> bool {
        let mut wishes = self.devices[index].register_wishes.iter();
        wishes.any(|wish| wish.state == ResourceState::Decommissioned)
    }

    /// Replaces the data that a caller keeps with a receipt.
    pub(super) fn on_receipt_note(
        &mut self,
        batch: &mut Batch<'_>,
        note: &ReceiptNote,
        reply: oneshot::Sender<ResourceOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let outcome = match self.index_of(note.device) {
            None => ResourceOutcome::Unknown,
            Some(index) => {
                let event = Event::ReceiptNoted(ReceiptNoted {
                    at: self.settings.guard.now(),
                    id: document_id(note.id),
                    note: &note.note,
                });
                let encoded =
                    Encoded::of(&event, &mut self.event_buffer).ok_or(StoreError::TooLarge)?;
                self.append(batch, index, encoded)?;
                ResourceOutcome::Done
            }
        };
        effects.push(Effect::ResourceChanged(vec![reply], outcome));
        Ok(())
    }

    /// Gives everybody the resources, if the batch that was just committed has changed them.
    pub(super) fn publish_resources(&mut self) {
        if let Some(book) = self.resources_uncommitted.take() {
            self.resources = book;
            let live_status = &self.settings.live_status;
            live_status.set_resources(self.resources.clone());
        }
    }
}
