//! The composition root: builds the parts, connects them, and shuts them down.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use ferrotill_core::budget::Budget;
use ferrotill_core::profile::{Profile, SealPlan, by_code};
use ferrotill_device::driver::{self, DriverUri};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::api::replay::Replays;
use crate::api::{self, service::Service};
use crate::authority::online_ecr::OnlineEcr;
use crate::clerk::{Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use crate::config::adopt;
use crate::config::{Config, ConfigError, Device};
use crate::outbox::number_supply::NumberSupply;
use crate::outbox::{OutboxParts, OutboxThread};
use crate::seal::printer::PrinterTask;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::{Reader, Store, StoreError};

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The books.
    #[error("the books cannot be opened")]
    Store(#[from] StoreError),
    /// The data folder.
    #[error(
        "the data folder {path} cannot be made or locked; check its permissions, and that no other agent uses it"
    )]
    DataFolder {
        /// The folder.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// The time zone.
    #[error(
        "the time zone {zone} is not known; give a name of the IANA database, such as Europe/Vienna"
    )]
    TimeZone {
        /// Its name.
        zone: String,
        /// The database's own words.
        #[source]
        source: jiff::Error,
    },
    /// A thread.
    #[error("the system cannot make the thread {name}")]
    Thread {
        /// Its name.
        name: String,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
}

/// A running agent. Dropping it stops it.
#[derive(Debug)]
pub struct Agent {
    service: Arc<Service>,
    clerk_handle: ClerkHandle,
    clerk: Option<JoinHandle<()>>,
    sender: Option<OutboxThread>,
    numbers: Option<NumberSupply>,
    _lock: std::fs::File,
}

impl Agent {
    /// Builds and starts everything but the listener.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing and what to do.
    pub fn start(config: Config, clock: Option<Arc<Clock>>) -> Result<Self, StartError> {
        let profile = check(&config)?;
        let clock = match clock {
            Some(clock) => clock,
            None => Arc::new(zone_clock(&config)?),
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
        let owner_budget = owner_budget(&config, profile);
        let reader = Reader::new(&folder);
        let (clerk_handle, inbox) = ClerkHandle::new();
        let live_status = Arc::new(LiveStatus::default());
        let wake_sender = Arc::new(Notify::new());
        let mut plans = Vec::with_capacity(config.devices.len());
        for device in &config.devices {
            plans.push(DevicePlan {
                device: device.id,
                configuration: adopt::configuration(device, profile.facts()),
                printer: start_printer(device, &clerk_handle, &clock)?,
                point_of_sale: device
                    .points_of_sale
                    .first()
                    .map_or_else(Uuid::nil, |point| point.id),
                serial: DriverUri::parse(&device.uri)
                    .ok()
                    .and_then(|uri| uri.serial().map(str::to_owned)),
            });
        }
        let setting = Arc::new(ClerkSettings {
            profile,
            clock: Arc::clone(&clock),
            guard: Arc::clone(&guard),
            owner_budget,
            live_status: Arc::clone(&live_status),
            wake_sender: Arc::clone(&wake_sender),
        });
        let clerk = Clerk::open(store, setting, plans, inbox)?;
        let clerk = std::thread::Builder::new()
            .name("clerk".to_owned())
            .spawn(move || clerk.run())
            .map_err(|source| StartError::Thread {
                name: "clerk".to_owned(),
                source,
            })?;
        let sender = start_sender(
            &config,
            profile.facts().currency,
            &reader,
            &clerk_handle,
            &live_status,
            &wake_sender,
            (&clock, &guard),
        )?;
        let numbers = start_numbers(
            &config,
            profile.facts().seal_plan,
            &live_status,
            &clerk_handle,
        )?;
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
            _lock: lock,
        })
    }

    /// The agent's routes.
    pub fn router(&self) -> Router {
        self.router_with(Router::new())
    }

    /// The agent's routes, and those of a simulator behind the same door.
    pub fn router_with(&self, more: Router) -> Router {
        api::router(&self.service, more)
    }

    /// What every route works with.
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
            tracing::error!("the clerk ended with a panic; what it had committed is in the books");
        }
    }
}

/// Holds the configuration against what only other parts know: the printers' addresses and the countries.
///
/// # Errors
///
/// [`ConfigError`] with the place of each fault.
pub fn check(
    config: &Config,
) -> Result<&'static dyn ferrotill_core::profile::Profile, ConfigError> {
    let plan = by_code(&config.till.country).map(|profile| profile.facts().seal_plan);
    let uris = config.check_device_uris(&|uri| match (uri, plan) {
        (NO_PRINTER, Some(SealPlan::FiscalNumber)) => Ok(()),
        _ => DriverUri::parse(uri)
            .map(drop)
            .map_err(|error| error.to_string()),
    });
    let country = config.check_country(&|code| {
        let Some(profile) = by_code(code) else {
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
    by_code(&config.till.country).ok_or(ConfigError::Faulty { faults: Vec::new() })
}

/// The owner's budget. Where neither the law as far as it is known nor the owner sets a limit, a person is warned after three days, and
/// nothing is stopped.
fn owner_budget(config: &Config, profile: &dyn Profile) -> Budget {
    let unlimited = profile.facts().offline == Budget::UNLIMITED;
    config.offline.unwrap_or(Budget {
        stretch_ms: unlimited.then_some(WARNING_MS),
        ..Budget::UNLIMITED
    })
}

/// Three days.
const WARNING_MS: i64 = 72 * 3_600_000;
/// The uri of a device without a printer, where the law asks for fiscal numbers and not for a printer.
const NO_PRINTER: &str = "none";

fn zone_clock(config: &Config) -> Result<Clock, StartError> {
    let zone = config.till.time_zone.as_deref();
    Clock::new(zone).map_err(|source| StartError::TimeZone {
        zone: zone.unwrap_or_default().to_owned(),
        source,
    })
}

/// Two agents on the same books would be two writers: the second is turned away.
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

/// The printer's task of a device; a device without a printer has one that does nothing.
fn start_printer(
    device: &Device,
    clerk_handle: &ClerkHandle,
    clock: &Arc<Clock>,
) -> Result<PrinterTask, StartError> {
    // `check` has read the address once already: what is no address is none.
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

fn start_sender(
    config: &Config,
    currency: ferrotill_core::Currency,
    reader: &Reader,
    clerk_handle: &ClerkHandle,
    live_status: &Arc<LiveStatus>,
    wake: &Arc<Notify>,
    (clock, guard): (&Arc<Clock>, &Arc<GuardedClock>),
) -> Result<Option<OutboxThread>, StartError> {
    let Some(upstream) = &config.upstream else {
        return Ok(None);
    };
    let parts = OutboxParts {
        party: Arc::new(config.reporting_party()),
        currency,
        reader: reader.clone(),
        clerk_handle: clerk_handle.clone(),
        live_status: Arc::clone(live_status),
        wake: Arc::clone(wake),
        clock: Arc::clone(clock),
        guard: Arc::clone(guard),
    };
    OutboxThread::start(
        parts,
        upstream,
        Box::new(OnlineEcr::new(upstream.online_ecr.clone())),
    )
    .map(Some)
    .map_err(|source| StartError::Thread {
        name: "sender".to_owned(),
        source,
    })
}
