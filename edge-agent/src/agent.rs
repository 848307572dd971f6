//! The composition root: builds the parts of the agent, connects them, and stops them in order.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use axum::Router;
use ferrotill_core::budget::Budget;
use ferrotill_core::duty::Recipient;
use ferrotill_core::profile::{self, Profile, SealPlan};
use ferrotill_device::driver::{self, DriverUri};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::api::replay::Replays;
use crate::api::{self, service::Service};
use crate::authority::{DutyForms, by_country};
use crate::clerk::{Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use crate::config::adopt::{self, TableDoesNotFit};
use crate::config::{Config, ConfigError, Device};
use crate::outbox::number_supply::NumberSupply;
use crate::outbox::office_time::OfficeTime;
use crate::outbox::{OutboxParts, OutboxThread};
use crate::seal::printer::PrinterTask;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::{Reader, Store, StoreError};

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration has faults.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A table of the configuration does not fit into the till.
    #[error(transparent)]
    Tables(#[from] TableDoesNotFit),
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    /// The data folder cannot be created or locked.
    #[error(
        "the data folder {path} cannot be created or locked; check its permissions, and that no other agent uses it"
    )]
    DataFolder {
        /// The path of the data folder.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The configured time zone is not in the time zone database.
    #[error(
        "the time zone {zone} is not known; install the package tzdata, or give till.time_zone another name of the IANA database, such as Europe/Vienna"
    )]
    TimeZone {
        /// The name of the time zone in the configuration.
        zone: String,
        /// The error of the time zone database.
        #[source]
        source: jiff::Error,
    },
    /// A thread cannot be started.
    #[error("the system cannot start the thread {name}; check its limit of threads")]
    Thread {
        /// The name of the thread.
        name: String,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
}

/// A running agent. Dropping this value stops the agent.
#[derive(Debug)]
pub struct Agent {
    service: Arc<Service>,
    clerk_handle: ClerkHandle,
    clerk: Option<JoinHandle<()>>,
    sender: Option<OutboxThread>,
    numbers: Option<NumberSupply>,
    _office_time: Option<OfficeTime>,
    _lock: std::fs::File,
}

impl Agent {
    /// Builds and starts all parts of the agent except the HTTP listener.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing and what to do about it.
    pub fn start(config: Config, clock: Option<Arc<Clock>>) -> Result<Self, StartError> {
        let profile = check(&config)?;
        let clock = match clock {
            Some(clock) => clock,
            None => Arc::new(zone_clock(&config, profile)?),
        };
        let folder = config.till.data_dir.clone();
        let lock = lock_folder(&folder)?;
        let mut store = Store::open(&folder)?;
        store.start_maintenance()?;
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&clock),
            store.stored_clock()?,
            store.latest_moment()?,
        ));
        let office_time = start_office_time(&config, &guard)?;
        let owner_budget = owner_budget(&config, profile);
        let reader = Reader::new(&folder);
        let (clerk_handle, inbox) = ClerkHandle::new();
        let live_status = Arc::new(LiveStatus::default());
        let wake_sender = Arc::new(Notify::new());
        let plans = device_plans(&config, profile, &clerk_handle, &clock)?;
        let settings = ClerkSettings {
            profile,
            clock: Arc::clone(&clock),
            guard: Arc::clone(&guard),
            owner_budget,
            live_status: Arc::clone(&live_status),
            forms: Arc::new(DutyForms::of(&config, profile)),
            wake_senders: vec![Arc::clone(&wake_sender)],
        };
        let clerk = start_clerk(store, settings, plans, inbox)?;
        let parts = OutboxParts {
            recipient: Recipient::AUTHORITY,
            environment: config.till.mode.to_string(),
            seed: outbox_seed(&config),
            reader: reader.clone(),
            clerk_handle: clerk_handle.clone(),
            live_status: Arc::clone(&live_status),
            wake: wake_sender,
            clock: Arc::clone(&clock),
            guard: Arc::clone(&guard),
        };
        let sender = start_sender(&config, parts)?;
        let plan = profile.facts().seal_plan;
        let numbers = start_numbers(&config, plan, &live_status, &clerk_handle)?;
        let service = Arc::new(Service {
            config,
            profile,
            clerk_handle: clerk_handle.clone(),
            reader,
            clock,
            guard,
            owner_budget,
            live_status,
            replays: Replays::default(),
        });
        Ok(Self {
            service,
            clerk_handle,
            clerk: Some(clerk),
            sender,
            numbers,
            _office_time: office_time,
            _lock: lock,
        })
    }

    /// The agent's routes.
    pub fn router(&self) -> Router {
        self.router_with(Router::new())
    }

    /// The agent's routes together with the routes of a simulator that is served at the same address.
    pub fn router_with(&self, simulator: Router) -> Router {
        api::router(&self.service, simulator)
    }

    /// The shared state that every route works with.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.sender = None;
        self.numbers = None;
        self.clerk_handle.send(Message::Stop);
        if let Some(clerk) = self.clerk.take()
            && clerk.join().is_err()
        {
            tracing::error!(
                "the clerk's thread ended with a panic; what it had committed is in the journal"
            );
        }
    }
}

/// Checks what reading the configuration cannot check: the addresses of the printers, and whether this build has the country.
///
/// # Errors
///
/// [`ConfigError`] with the place of each fault.
pub fn check(config: &Config) -> Result<&'static dyn Profile, ConfigError> {
    let plan = profile::by_code(&config.till.country).map(|profile| profile.facts().seal_plan);
    let uris = config.check_device_uris(&|uri| match (uri, plan) {
        (NO_PRINTER, Some(SealPlan::FiscalNumber)) => Ok(()),
        _ => DriverUri::parse(uri)
            .map(drop)
            .map_err(|error| error.to_string()),
    });
    let country = config.check_country(&|code| {
        let Some(profile) = profile::by_code(code) else {
            return Err(
                "it has no profile in this build; choose a country that has one".to_owned(),
            );
        };
        match profile.facts().seal_plan {
            SealPlan::Printer | SealPlan::FiscalNumber => Ok(()),
            SealPlan::Signature => Err(
                "the agent cannot sign receipts yet; choose a country that asks for a fiscal printer or for fiscal numbers".to_owned(),
            ),
        }
    });
    ConfigError::together([country, uris])?;
    profile::by_code(&config.till.country).ok_or(ConfigError::Faulty { faults: Vec::new() })
}

/// The owner's offline limit. If neither the law nor the owner sets a limit, a warning is given after three days, and the till
/// goes on selling.
fn owner_budget(config: &Config, profile: &dyn Profile) -> Budget {
    let unlimited = profile.facts().offline == Budget::UNLIMITED;
    config.offline.unwrap_or(Budget {
        stretch_ms: unlimited.then_some(WARNING_MS),
        ..Budget::UNLIMITED
    })
}

/// Three days, in milliseconds.
const WARNING_MS: i64 = 72 * 3_600_000;
/// The `uri` of a device without a printer. It is allowed in a country whose law asks for fiscal numbers and not for a printer.
const NO_PRINTER: &str = "none";

/// A clock in the configured time zone, or in the country's. The machine's own zone may be any.
fn zone_clock(config: &Config, profile: &dyn Profile) -> Result<Clock, StartError> {
    let configured = config.till.time_zone.as_deref();
    let zone = configured.unwrap_or(profile.facts().time_zone);
    Clock::new(Some(zone)).map_err(|source| StartError::TimeZone {
        zone: zone.to_owned(),
        source,
    })
}

/// Creates and locks the data folder. If another agent uses the folder, the start fails, because a store has only one writer.
fn lock_folder(folder: &std::path::Path) -> Result<std::fs::File, StartError> {
    let failed = |source| StartError::DataFolder {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = std::fs::File::create(folder.join("agent.lock")).map_err(failed)?;
    file.try_lock()
        .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    Ok(file)
}

/// What the clerk needs to know about each device; the printers' threads are started here.
fn device_plans(
    config: &Config,
    profile: &dyn Profile,
    clerk_handle: &ClerkHandle,
    clock: &Arc<Clock>,
) -> Result<Vec<DevicePlan>, StartError> {
    let plan = |device: &Device| {
        let uri = DriverUri::parse(&device.uri).ok();
        Ok(DevicePlan {
            device: device.id,
            configuration: adopt::configuration(device, profile.facts())?,
            printer: start_printer(device, clerk_handle, clock)?,
            point_of_sale: device
                .points_of_sale
                .first()
                .map_or_else(Uuid::nil, |point| point.id),
            serial: uri.and_then(|uri| uri.serial().map(str::to_owned)),
        })
    };
    config.devices.iter().map(plan).collect()
}

/// Starts the printer's thread of a device. A device without a printer gets a task that does nothing.
fn start_printer(
    device: &Device,
    clerk_handle: &ClerkHandle,
    clock: &Arc<Clock>,
) -> Result<PrinterTask, StartError> {
    // `check` has already refused printer addresses that cannot be parsed, so the only other value is `none`.
    let Ok(uri) = DriverUri::parse(&device.uri) else {
        return Ok(PrinterTask::none());
    };
    PrinterTask::start(
        &device.name,
        driver::open(&uri),
        clerk_handle.listener(device.id),
        Arc::clone(clock),
    )
    .map_err(|source| StartError::Thread {
        name: format!("printer {}", device.name),
        source,
    })
}

fn start_clerk(
    store: Store,
    settings: ClerkSettings,
    plans: Vec<DevicePlan>,
    inbox: Receiver<Message>,
) -> Result<JoinHandle<()>, StartError> {
    let clerk = Clerk::open(store, Arc::new(settings), plans, inbox)?;
    std::thread::Builder::new()
        .name("clerk".to_owned())
        .spawn(move || clerk.run())
        .map_err(|source| StartError::Thread {
            name: "clerk".to_owned(),
            source,
        })
}

/// Makes the waits of this till's outbox differ from those of other tills.
fn outbox_seed(config: &Config) -> u64 {
    let first = config.devices.first();
    first.map_or(1, |device| device.id.as_u64_pair().1)
}

/// Starts the question for the authority's time if the configuration names an authority.
fn start_office_time(
    config: &Config,
    guard: &Arc<GuardedClock>,
) -> Result<Option<OfficeTime>, StartError> {
    let Some(upstream) = &config.upstream else {
        return Ok(None);
    };
    OfficeTime::start(upstream, Arc::clone(guard))
        .map(Some)
        .map_err(|source| StartError::Thread {
            name: "office time".to_owned(),
            source,
        })
}

/// Starts the sender of the outbox if the configuration names an authority.
fn start_sender(config: &Config, parts: OutboxParts) -> Result<Option<OutboxThread>, StartError> {
    let Some(upstream) = &config.upstream else {
        return Ok(None);
    };
    let Some(authority) = by_country(&config.till.country, &upstream.online_ecr) else {
        return Ok(None);
    };
    OutboxThread::start(parts, upstream, authority)
        .map(Some)
        .map_err(|source| StartError::Thread {
            name: "sender".to_owned(),
            source,
        })
}

/// Starts the thread that requests fiscal numbers if the law requires them and the configuration names an authority.
fn start_numbers(
    config: &Config,
    plan: SealPlan,
    live_status: &Arc<LiveStatus>,
    clerk_handle: &ClerkHandle,
) -> Result<Option<NumberSupply>, StartError> {
    let (Some(upstream), SealPlan::FiscalNumber) = (&config.upstream, plan) else {
        return Ok(None);
    };
    let party = Arc::new(config.reporting_party());
    NumberSupply::start(
        party,
        upstream,
        Arc::clone(live_status),
        clerk_handle.clone(),
    )
    .map(Some)
    .map_err(|source| StartError::Thread {
        name: "fiscal numbers".to_owned(),
        source,
    })
}
