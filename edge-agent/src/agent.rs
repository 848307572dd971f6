//! The composition root: builds the parts of the agent, connects them, and stops them in order.

pub mod audit;
mod caller_tls;
mod data_folder;
mod devices;
mod health_watch;
mod hub;
mod modules;
mod pages;
mod providers;
mod registrations;
mod reload;
mod senders;
pub mod service_manager;
mod signing;
mod signing_notices;
mod start_check;
mod start_look;
mod terminals;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use axum::Router;
use ferrotill_core::budget::Budget;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::ResourceKind;
use ferrotill_core::profile::{self, Profile, SealPlan};
use ferrotill_core::time::Moment;
use ferrotill_device::driver::DriverUri;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::api::dialect::Dialect;
use crate::api::ereceipt::PublishedReceipts;
use crate::api::lanes::Lanes;
use crate::api::link_misses::LinkMisses;
use crate::api::replay::Replays;
use crate::api::settings::ApiSettings;
use crate::api::token::Tokens;
use crate::api::wrong_signatures::WrongSignatures;
use crate::api::{self, DIALECTS, service::Service};
use crate::authority::DutyForms;
use crate::clerk::{BuyerDeliveries, Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use crate::config::adopt::{self, TableDoesNotFit, UnassignedNumber};
use crate::config::register::register_device;
use crate::config::{Config, ConfigError, Mode};
use crate::deliver::Deliveries;
use crate::explanation::Explanation;
use crate::listener::{self, ConnectionLimits};
use crate::locked::Locked;
use crate::paper::printed_seller;
use crate::payment::Terminals;
use crate::people::People;
use crate::seal::signature::Signatures;
use crate::seal::signature::units::Units;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use crate::ui::{self, Dashboard};
use audit::AuditSchedule;
use caller_tls::CallerTls;
pub use data_folder::lock_folder;
use data_folder::set_aside;
use devices::device_plans;
use ferrotill_store::{DeviceIdentity, Founding, Reader, ResourceBook, Store, StoreError};
use health_watch::look_for_problems;
use senders::Senders;
use signing_notices::look_for_notices;
use start_check::{KnownBefore, StartCheck};
pub use start_look::look_at_start;

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
    #[error("{explained}")]
    DataFolder {
        /// What is wrong with the folder.
        explained: Box<Explanation>,
        /// True if the system denies permission.
        is_denied: bool,
    },
    /// The configured time zone is not in the time zone database.
    #[error(
        "the time zone {zone} is not known; give till.time_zone another name of the IANA database, such as Europe/Vienna"
    )]
    TimeZone {
        /// The name of the time zone in the configuration.
        zone: String,
        /// The error of the time zone database.
        #[source]
        source: jiff::Error,
    },
    /// Two devices have one number in the register of the authority.
    #[error(
        "devices {first} and {second} have the registration number {number:?}; write the registration_number of each at its [[device]]"
    )]
    NumberTwice {
        /// The number of both devices.
        number: String,
        /// The id of a device.
        first: Uuid,
        /// The id of another device.
        second: Uuid,
    },
    /// No device has the registration number of `[till]`, and a new device would be told under its own id, for ever.
    #[error("{}", unassigned(.0))]
    NumberUnassigned(UnassignedNumber),
    /// The data folder was restored from a backup, and no person has accepted what it lacks.
    #[error(
        "the data folder was restored from a backup (restore {epoch}), and documents that were made after the backup may be missing in it; see what is missing and accept it with `ferrotill restore FILE --accept-loss`"
    )]
    LossNotAccepted {
        /// How often the folder was restored.
        epoch: u32,
    },
    /// The certificate for callers over TLS cannot be used.
    #[error("{0}")]
    Certificate(Box<Explanation>),
    /// The listener for buyers cannot be opened.
    #[error("ereceipt.listen: {address} cannot be opened; choose a free address of this machine")]
    PageListener {
        /// The configured address.
        address: std::net::SocketAddr,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// A secret of signed receipts cannot be used, or the cash box has another id than its receipts.
    #[error("{0}")]
    Signatures(Box<Explanation>),
    /// The memory of the fiscal module in software cannot be used.
    #[error("{0}")]
    Module(Box<Explanation>),
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

/// What an operator has decided about the data folder at this start.
#[derive(Clone, Copy, Debug, Default)]
pub struct StartDecisions {
    /// The country, the currency and the mode of the configuration are those of a data folder that an older program has written.
    pub take_over: bool,
    /// The database or the key is lost, and new books are to begin.
    pub new_books: bool,
}

/// A running agent. Dropping this value stops the agent.
#[derive(Debug)]
pub struct Agent {
    service: Arc<Service>,
    served: Vec<&'static Dialect>,
    clerk_handle: ClerkHandle,
    clerk: Option<JoinHandle<()>>,
    senders: Option<Senders>,
    signatures: Option<Arc<Signatures>>,
    /// The certificate for callers over TLS; it is served and watched by [`Agent::serve`].
    tls: Locked<Option<CallerTls>>,
    /// The daily audit; [`Agent::serve`] looks when it is due.
    audit: AuditSchedule,
    /// The listener for buyers; [`Agent::serve`] serves it.
    pages: Locked<Option<std::net::TcpListener>>,
    _lock: std::fs::File,
}

impl Agent {
    /// Builds and starts all parts of the agent except the HTTP listener.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing and what to do about it.
    pub fn start(config: Config, clock: Option<Arc<Clock>>) -> Result<Self, StartError> {
        Self::start_with(config, clock, StartDecisions::default())
    }

    /// [`Agent::start`] with what an operator has decided about the data folder.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing and what to do about it.
    pub fn start_with(
        mut config: Config,
        clock: Option<Arc<Clock>>,
        decisions: StartDecisions,
    ) -> Result<Self, StartError> {
        let profile = check(&config)?;
        let clock = clock.map_or_else(|| zone_clock(&config, profile).map(Arc::new), Ok)?;
        let lock = lock_folder(&config.till.data_dir)?;
        let live_status = Arc::new(LiveStatus::default());
        let (mut store, identities, created) =
            open_store(&mut config, profile, clock.now(), decisions, &live_status)?;
        let (links, pages) = pages::open(&mut config)?;
        let guard = Arc::new(guarded_clock(&clock, &store)?);
        let reader = Reader::new(&config.till.data_dir);
        let (clerk_handle, inbox) = ClerkHandle::new();
        let wake_sender = Arc::new(Notify::new());
        let (terminals, bank) = terminals::terminals(&config, &clerk_handle)?;
        let clerk_and_clock = (&clerk_handle, &clock);
        let known = (identities.as_slice(), created);
        let signatures = signing::start(&config, profile, &store, known, clerk_and_clock)?;
        let modules = modules::open(&config, profile, &clock)?;
        let plans = device_plans(&config, profile, identities, clerk_and_clock, &modules)?;
        let mut settings = clerk_settings(
            &config,
            profile,
            (&clock, &guard),
            (&live_status, &wake_sender),
            (signatures.clone(), terminals),
        );
        let door = (&reader, &clerk_handle);
        let deliveries = deliveries_of(&config, profile, &mut store, door, &mut settings);
        let clerk = start_clerk(store, settings, plans, inbox)?;
        let units = signatures.as_ref();
        let service = Arc::new(Service {
            providers: providers::for_callers(&config, profile, &modules, (&reader, &clerk_handle)),
            registrations: registrations::for_callers(&config, &reader, &clerk_handle, units),
            settings: ApiSettings::of(&config),
            profile,
            clerk_handle: clerk_handle.clone(),
            people: people_of(&config, &reader)?,
            reader,
            clock,
            guard,
            owner_budget: owner_budget(&config, profile),
            replays: Replays::open(&config.till.data_dir, Arc::clone(&live_status)),
            deliveries,
            wrong_signatures: WrongSignatures::default(),
            live_status,
            bank,
            modules,
            lanes: Lanes::default(),
            tokens: Tokens::new(&config.till.data_dir),
            links,
            link_misses: LinkMisses::default(),
            exports: AtomicUsize::new(0),
        });
        service
            .deliveries
            .publish(Box::new(PublishedReceipts(Arc::downgrade(&service))));
        Ok(Self {
            senders: Some(Senders::start(&config, &service, wake_sender, units)?),
            audit: AuditSchedule::open(&config, &service.live_status),
            tls: Locked::new(CallerTls::start(&config, service.guard.now().utc_ms)?),
            pages: Locked::new(pages),
            service,
            served: served(&config, profile),
            clerk_handle,
            clerk: Some(clerk),
            signatures,
            _lock: lock,
        })
    }

    /// Serves the agent's routes, together with the routes of a simulator, until `shutdown` completes. Meanwhile it looks for
    /// problems that no document would show.
    pub fn serve<S: Future<Output = ()>>(
        &self,
        listener: TcpListener,
        simulator: Router,
        shutdown: S,
    ) -> impl Future<Output = ()> + use<S> {
        self.service.look_for_first_pin();
        let dashboard = Dashboard::new(Arc::clone(&self.service), simulator.clone());
        let dashboard = Arc::new(dashboard);
        let of_pages = Arc::clone(&dashboard);
        let pages = move || ui::router(of_pages);
        let router = api::router(&self.service, &self.served, simulator, pages);
        let shutdown = async move {
            shutdown.await;
            // An open stream would keep its connection.
            dashboard.stop();
        };
        let tls = self.tls.lock().take();
        let certificate = tls.as_ref().map(CallerTls::in_use);
        let looking = look_for_problems(
            Arc::clone(&self.service),
            self.service.settings.data_dir.clone(),
            (tls, self.audit.take()),
        );
        let noticing = look_for_notices(Arc::clone(&self.service), self.signatures.clone());
        let limits = ConnectionLimits {
            is_large: api::ereceipt::may_have_image,
            large_body_bytes: api::ereceipt::BODY_BYTES_MAX,
            refusal: api::refuse_unread,
            other_id_header: api::other_id_header,
            ..ConnectionLimits::default()
        };
        let pages = self.pages.lock().take();
        let pages = pages::serve(pages, Arc::clone(&self.service), certificate.clone());
        async move {
            tokio::select! {
                () = listener::serve_secured(listener, router, limits, certificate, shutdown) => {}
                () = looking => {}
                () = pages => {}
                () = noticing => {}
            }
        }
    }

    /// The compatible APIs that the agent serves.
    #[must_use]
    pub fn served(&self) -> &[&'static Dialect] {
        &self.served
    }

    /// True if callers may use TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.tls.lock().is_some()
    }

    /// The signature units; `None` where the law has no receipts signed.
    #[must_use]
    pub fn signature_units(&self) -> Option<Arc<Units>> {
        let signatures = self.signatures.as_ref();
        signatures.map(|signatures| Arc::clone(signatures.units()))
    }

    /// The shared state that every route works with.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.senders = None;
        self.service.deliveries.stop();
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
        (_, Some(SealPlan::FiscalModule)) => modules::check_uri(uri, config.till.mode),
        (NO_PRINTER, Some(SealPlan::FiscalNumber | SealPlan::Signature)) => Ok(()),
        _ => DriverUri::parse(uri)
            .map(drop)
            .map_err(|error| error.to_string()),
    });
    let country = config.check_country(&|code| {
        profile::by_code(code).map(drop).ok_or_else(|| {
            let codes = profile::ALL.into_iter().map(|known| known.facts().code);
            let codes = codes.collect::<Vec<_>>().join(", ");
            format!("this build has no such country; allowed are {codes}")
        })
    });
    let signatures = config.check_signature_units(plan == Some(SealPlan::Signature));
    let goods = config.check_goods(plan == Some(SealPlan::FiscalModule));
    let recipient =
        config.check_recipient(profile::by_code(&config.till.country).is_some_and(has_duties));
    let names: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.name).collect();
    let apis = config.check_apis(&names);
    ConfigError::together([country, uris, recipient, apis, signatures, goods])?;
    profile::by_code(&config.till.country).ok_or(ConfigError::Faulty { faults: Vec::new() })
}

/// True if the law of the country has documents told to an authority.
fn has_duties(profile: &dyn Profile) -> bool {
    let mut kinds = DocumentKind::ALL.into_iter();
    kinds.any(|kind| !profile.duties(kind).is_empty())
}

/// Opens the store, and notes what the start finds missing or unusual. Returns the store, the identities that the devices get, and the
/// devices that an API has created: they are added to the configuration.
fn open_store(
    config: &mut Config,
    profile: &dyn Profile,
    now: Moment,
    decisions: StartDecisions,
    live_status: &LiveStatus,
) -> Result<(Store, Vec<DeviceIdentity>, BTreeSet<Uuid>), StartError> {
    let folder = &config.till.data_dir;
    if decisions.new_books {
        set_aside(folder)?;
    }
    let founding = Founding {
        confirmed: decisions.take_over,
        ..Founding::new(profile.facts(), config.till.mode, now)
    };
    let mut store = Store::open(folder, &founding)?;
    if let Some(epoch) = store.unaccepted_restore()? {
        return Err(StartError::LossNotAccepted { epoch });
    }
    let created = add_registers(config, &store.resources()?);
    let config = &*config;
    let known = KnownBefore::read(&store)?;
    let identities = adopt::identities(config, &known.identities);
    refuse_number_twice(config, &identities)?;
    let known_devices = (known.identities.as_slice(), &known.with_documents);
    refuse_unassigned_number(config, known_devices, &identities)?;
    store.start_maintenance()?;
    let check = StartCheck {
        config,
        known: &known,
        identities: &identities,
        has_duties: has_duties(profile),
        anchors_set_aside: store.anchors_set_aside(),
    };
    check.note(live_status.problems(), now.utc_ms);
    if known.renamed(config).is_empty() {
        // As long as a device may have got another id, the next start compares with the same devices again.
        store.remember_configured(&config.devices.iter().map(|device| device.id).collect())?;
    }
    Ok((store, identities, created))
}

/// The people who may use the dashboard. The first PIN of a LIVE till that has no document yet must be changed before its first sale.
fn people_of(config: &Config, reader: &Reader) -> Result<People, StoreError> {
    let people = People::new(config.ui.people_file.clone());
    if config.till.mode == Mode::Live {
        let numbers = config
            .devices
            .iter()
            .map(|device| reader.last_number(device.id));
        let numbers = numbers.collect::<Result<Vec<u32>, StoreError>>()?;
        if numbers.iter().all(|number| *number == 0) {
            people.wait_for_first_pin();
        }
    }
    Ok(people)
}

/// Adds the devices of the cash registers that an API has created and the configuration does not have. Returns their ids.
fn add_registers(config: &mut Config, resources: &ResourceBook) -> BTreeSet<Uuid> {
    let registers = resources.of(ResourceKind::CashRegister);
    let registers = registers.filter(|register| !register.is_configured());
    let known = |id: Uuid| config.devices.iter().any(|device| device.id == id);
    let created: BTreeSet<Uuid> = registers
        .map(|register| register.id)
        .filter(|id| !known(*id))
        .collect();
    if let Some(like) = config.devices.first().cloned() {
        let devices = created.iter().map(|id| register_device(*id, &like));
        config.devices.extend(devices);
    }
    created
}

/// Refuses two devices that the authority would know by one number.
fn refuse_number_twice(config: &Config, identities: &[DeviceIdentity]) -> Result<(), StartError> {
    let devices: Vec<_> = config.devices.iter().zip(identities).collect();
    for (place, (second, identity)) in devices.iter().enumerate() {
        let number = &identity.fiscal_number;
        let first = devices
            .iter()
            .take(place)
            .find(|(_, other)| other.fiscal_number == *number);
        if let Some((first, _)) = first {
            return Err(StartError::NumberTwice {
                number: number.clone(),
                first: first.id,
                second: second.id,
            });
        }
    }
    Ok(())
}

/// Refuses a LIVE till whose registration number belongs to no device, if the authority would know a new device by its own id.
fn refuse_unassigned_number(
    config: &Config,
    known: (&[(Uuid, DeviceIdentity)], &BTreeSet<Uuid>),
    identities: &[DeviceIdentity],
) -> Result<(), StartError> {
    if config.till.mode != Mode::Live {
        return Ok(());
    }
    adopt::unassigned_number(config, known, identities)
        .map_or(Ok(()), |found| Err(StartError::NumberUnassigned(found)))
}

/// What is wrong with a number that no device gets, and what to write.
fn unassigned(found: &UnassignedNumber) -> String {
    let UnassignedNumber {
        number,
        device,
        holder,
    } = found;
    let (why, or) = match holder {
        Some(holder) => (
            format!(
                "the data folder knows the till.registration_number {number:?} as that of device {holder}, which is not in the configuration"
            ),
            format!(
                "; if only the id was changed, put the old id {holder} back, so that its document numbers go on"
            ),
        ),
        None => (
            format!("the till.registration_number {number:?} belongs to none of the devices"),
            String::new(),
        ),
    };
    format!(
        "{why}, and device {device} would be reported under its own id; write registration_number = {number:?}, or the number that the \
         authority gave to it, at its [[device]]{or}"
    )
}

/// The APIs that the configuration names, or those of the country that this build has.
fn served(config: &Config, profile: &dyn Profile) -> Vec<&'static Dialect> {
    let named = |name: &str| match &config.api.serve {
        Some(names) => names.iter().any(|named| named == name),
        None => profile.facts().apis.contains(&name),
    };
    let dialects = DIALECTS.iter();
    dialects.filter(|dialect| named(dialect.name)).collect()
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
pub use crate::config::NO_PRINTER;

/// A clock in the configured time zone, or in the country's. The machine's own zone may be any.
fn zone_clock(config: &Config, profile: &dyn Profile) -> Result<Clock, StartError> {
    let zone = config.till.zone(profile.facts());
    Clock::new(Some(zone)).map_err(|source| StartError::TimeZone {
        zone: zone.to_owned(),
        source,
    })
}

/// The clock that gives documents their time, as the store remembers it.
fn guarded_clock(clock: &Arc<Clock>, store: &Store) -> Result<GuardedClock, StoreError> {
    let (stored, latest) = (store.stored_clock()?, store.latest_moment()?);
    Ok(GuardedClock::new(Arc::clone(clock), stored, latest))
}

/// What the clerk knows of the configuration and of the other parts.
fn clerk_settings(
    config: &Config,
    profile: &'static dyn Profile,
    (clock, guard): (&Arc<Clock>, &Arc<GuardedClock>),
    (live_status, wake_sender): (&Arc<LiveStatus>, &Arc<Notify>),
    (signatures, terminals): (Option<Arc<Signatures>>, Terminals),
) -> ClerkSettings {
    ClerkSettings {
        profile,
        clock: Arc::clone(clock),
        guard: Arc::clone(guard),
        owner_budget: owner_budget(config, profile),
        live_status: Arc::clone(live_status),
        forms: Arc::new(DutyForms::of(config, profile).noted_in(Arc::clone(live_status))),
        wake_senders: vec![Arc::clone(wake_sender)],
        contact_ms: config.till.contact_ms,
        seller: printed_seller(&config.till.owner),
        signatures,
        terminals,
        deliveries: None,
    }
}

/// What sends receipts to buyers. It begins with what an earlier process has left waiting.
fn deliveries_of(
    config: &Config,
    profile: &'static dyn Profile,
    store: &mut Store,
    (reader, clerk_handle): (&Reader, &ClerkHandle),
    settings: &mut ClerkSettings,
) -> Arc<Deliveries> {
    store.publish_at(config.ereceipt.published_at());
    let status_and_clock = (
        Arc::clone(&settings.live_status),
        Arc::clone(&settings.guard),
    );
    let door = (reader.clone(), clerk_handle.clone());
    let deliveries = Deliveries::new(config, profile.facts(), door, status_and_clock);
    deliveries.resume(store);
    let deliveries = Arc::new(deliveries);
    settings.deliveries = Some(Arc::clone(&deliveries) as Arc<dyn BuyerDeliveries>);
    deliveries
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
