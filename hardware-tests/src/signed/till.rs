//! The parts of a running agent with signature units in software, without threads: whoever holds it gives each part its turns.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ferrotill::authority::DutyForms;
use ferrotill::clerk::{Answer, Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use ferrotill::config::OnlineEcrConfig;
use ferrotill::seal::printer::PrinterTask;
use ferrotill::seal::signature::units::{UnitTurns, Units};
use ferrotill::seal::signature::{CashBoxSecret, Signatures};
use ferrotill::status::LiveStatus;
use ferrotill::time::clock::Clock;
use ferrotill::time::guarded_clock::GuardedClock;
use ferrotill_core::budget::Budget;
use ferrotill_core::event::{Configuration, Mode};
use ferrotill_core::payment::PaymentTable;
use ferrotill_core::profile::signed::AesKey;
use ferrotill_core::profile::{AUSTRIA, Profile as _};
use ferrotill_rksv::{SoftwareUnit, UnitKey};
use ferrotill_store::{DeviceIdentity, Founding, Store, StoreError};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::Checked;
use super::goods::SignedOrder;
use crate::error_text::with_sources;

/// When a shop opens on its first day, in milliseconds of UTC: an ordinary morning, four minutes before a month ends, four minutes before
/// a year ends, and before the two nights in which the clocks change.
pub(crate) const OPENINGS: [i64; 5] = [
    1_795_240_800_000,
    1_793_487_360_000,
    1_798_757_760_000,
    1_774_742_100_000,
    1_792_889_700_000,
];
/// The time zone of the shops.
pub(crate) const ZONE: &str = "Europe/Vienna";

/// The private keys of the units.
pub(crate) struct UnitKeys(Vec<Vec<u8>>);

/// A running agent.
pub(crate) struct SignedTill {
    pub(crate) clerk: Clerk,
    pub(crate) clerk_handle: ClerkHandle,
    pub(crate) turns: UnitTurns,
    pub(crate) units: Arc<Units>,
    pub(crate) guard: Arc<GuardedClock>,
    /// False once the process is to be dead: what a unit has made is lost.
    alive: Arc<AtomicBool>,
}

pub(crate) fn device(register: usize) -> Uuid {
    Uuid::from_u128(0xA1 + u128::try_from(register).unwrap_or(0))
}

pub(crate) fn cash_box(register: usize) -> String {
    format!("KASSE-{}", register + 1)
}

pub(crate) fn counter_key(register: usize) -> AesKey {
    AesKey::new([u8::try_from(register + 1).unwrap_or(1); 32])
}

/// Opens the store as a start does.
pub(crate) fn open_store(folder: &Path, clock: &Clock) -> Result<Store, StoreError> {
    let founding = Founding::new(AUSTRIA.facts(), Mode::Test, clock.now());
    Store::open(folder, &founding)
}

impl UnitKeys {
    pub(crate) fn new(units: usize) -> Checked<Self> {
        let keys = (0..units).map(|_| SoftwareUnit::new_key().map(|key| key.to_vec()));
        let keys = keys.collect::<Result<Vec<_>, _>>().map_err(with_sources)?;
        Ok(Self(keys))
    }

    fn units(&self) -> Checked<Vec<SoftwareUnit>> {
        let units = self
            .0
            .iter()
            .enumerate()
            .map(|(place, key)| SoftwareUnit::with_key(&serial(place), key));
        units.collect::<Result<_, _>>().map_err(with_sources)
    }

    /// The public keys of the units by the names that the receipts have.
    pub(crate) fn by_serial(&self) -> Checked<BTreeMap<String, UnitKey>> {
        let units = self.units()?;
        let named = units.iter().enumerate();
        Ok(named
            .map(|(place, unit)| (serial(place), unit.key().clone()))
            .collect())
    }
}

fn serial(place: usize) -> String {
    format!("U:ATU12345678-K{}", place + 1)
}

impl SignedTill {
    /// Starts an agent over an opened store; `down` is true if its units do not work.
    pub(crate) fn start(
        store: Store,
        clock: &Arc<Clock>,
        keys: &UnitKeys,
        registers: usize,
        down: bool,
    ) -> Checked<Self> {
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(clock),
            store.stored_clock().map_err(with_sources)?,
            store.latest_moment().map_err(with_sources)?,
        ));
        let (clerk_handle, inbox) = ClerkHandle::new();
        let cash_boxes = (0..registers).map(|register| {
            let (id, key) = (cash_box(register), counter_key(register));
            (device(register), CashBoxSecret { id, key })
        });
        let alive = Arc::new(AtomicBool::new(true));
        let (handle, life) = (clerk_handle.clone(), Arc::clone(&alive));
        let report = Box::new(move |device, signed| {
            if life.load(Ordering::Relaxed) {
                handle.send(Message::Signed(device, signed));
            }
        });
        let units = Units::new(keys.units()?, Arc::clone(clock));
        let (signatures, turns) = Signatures::by_hand(units, cash_boxes.collect(), report);
        let units = Arc::clone(signatures.units());
        units.set_down(down);
        let settings = Arc::new(ClerkSettings {
            profile: &AUSTRIA,
            clock: Arc::clone(clock),
            guard: Arc::clone(&guard),
            owner_budget: Budget::UNLIMITED,
            live_status: Arc::new(LiveStatus::default()),
            forms: Arc::new(DutyForms::new(&AUSTRIA, &OnlineEcrConfig::default())),
            wake_senders: Vec::new(),
            contact_ms: i64::MAX,
            seller: ferrotill_render::PrintedSeller::default(),
            signatures: Some(Arc::new(signatures)),
            terminals: ferrotill::payment::Terminals::default(),
            deliveries: None,
        });
        let plans = (0..registers).map(|register| {
            Some(DevicePlan {
                device: device(register),
                configuration: Configuration {
                    taxes: AUSTRIA.facts().tax_table(),
                    payments: PaymentTable::cash_only("Bar")?,
                    ..Configuration::default()
                },
                identity: DeviceIdentity {
                    fiscal_number: cash_box(register),
                    ..DeviceIdentity::default()
                },
                printer: PrinterTask::none(),
                point_of_sale: Uuid::from_u128(1),
                serial: None,
            })
        });
        let plans = plans
            .collect::<Option<Vec<_>>>()
            .ok_or("the payment table")?;
        let clerk = Clerk::open(store, settings, plans, inbox).map_err(with_sources)?;
        Ok(Self {
            clerk,
            clerk_handle,
            turns,
            units,
            guard,
            alive,
        })
    }

    /// Sends an order, whose caller waits for so many milliseconds.
    pub(crate) fn order(
        &self,
        clock: &Clock,
        order: &SignedOrder,
        wait_ms: u64,
    ) -> oneshot::Receiver<Answer> {
        // The call is signed with the time of the caller, whose clock is right.
        self.guard.caller_says("key", clock.system_ms());
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(Message::Order {
            device: device(order.register),
            form: Box::new(order.form.clone()),
            deadline: clock.monotonic() + Duration::from_millis(wait_ms),
            reply,
        });
        answer
    }

    /// From now on the process is dead: it gets no answer of a unit any more.
    pub(crate) fn dies(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }
}
