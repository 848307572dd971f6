//! `demo`: an emulated printer, an authority simulator and the agent in TEST mode, all in one process.

mod files;
mod module_day;
mod numbered_day;
mod page;
mod proof;
mod signed_day;
mod welcome;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow};
use clap::Args;
use ferrotill_core::profile::{ALL, Profile, SealPlan, by_code};
use ferrotill_device::emulator::{Family, Rig, RigOptions};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::client::{Client, url_of};
use super::day::{Day, Stage, play_with_a_fiscal_printer};
use super::person::{FIRST_PERSON, first_person};
use super::{CliFailure, CliOutput, Exit, listen, log, runtime, stopped};
use crate::agent::Agent;
use crate::api::dialect::Dialect;
use crate::api::json::JsonValue;
use crate::api::sim;
use crate::config::Secret;
use crate::object;
use crate::people::pin::random_pin;
use crate::people::{People, PeopleError, Right};
use crate::simulator::finanz_online::{self, FinanzOnlineSimulator};
use crate::simulator::tax_office::{self, Strictness, TaxOfficeSimulator};
use crate::time::clock::Clock;
use ferrotill_store::Reader;
use files::{DemoFiles, DemoFolder};
use proof::Proof;
use welcome::Welcome;

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Exits after the trading day: 0 only if all sums agree.
    #[arg(long, conflicts_with = "serve")]
    once: bool,
    /// Plays no trading day, and only serves.
    #[arg(long)]
    serve: bool,
    /// Proves that nothing is printed twice: an answer is lost, the agent is killed, and the printer loses its power. Ends
    /// with 0 only if the printer's fiscal memory has one receipt of each sale.
    #[arg(long, conflicts_with_all = ["serve", "once"])]
    prove: bool,
    /// The address on which the agent listens.
    #[arg(long, default_value = "127.0.0.1:50700")]
    listen: SocketAddr,
    /// The folder for all data; without it a temporary folder, which is removed at the end.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Reaches the emulated printer over TCP instead of a pseudo-terminal.
    #[arg(long)]
    printer_tcp: bool,
    /// The country whose law applies.
    #[arg(long, default_value = COUNTRY_DEFAULT)]
    country: String,
}

/// The country if none is given.
pub(super) const COUNTRY_DEFAULT: &str = "MD";
/// Credentials and device of the public FiscalCloud samples, so that those samples run without a change.
const API_KEY: &str = "2nWjc9v5Jr5c4XJCqQVosYb67BwxhwnZwSsNuA0LbyPvXYveQFzKAqMGOj8Doyz2";
const API_SECRET: &str = "w6IcKa2UsJe63gqwTuaidvQOZclmaJvlyXHOwgDplU5K3hZWGCUSmVj1rI5n8xU5";
const DEVICE: Uuid = Uuid::from_u128(0x0875_b8a5_0668_41a3_a3fa_8eec_cf66_d289);
const POINT_OF_SALE: &str = "feca3a50-34a7-4dc9-84ac-d4bffc76a922";
/// A free port of this machine.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The codes of the countries.
pub(super) fn countries() -> String {
    let codes = ALL.into_iter().map(|profile| profile.facts().code);
    codes.collect::<Vec<_>>().join(", ")
}

/// The law of the country `--country`.
pub(super) fn profile(country: &str) -> Result<&'static dyn Profile, CliFailure> {
    by_code(country).ok_or_else(|| {
        let text = anyhow!(
            "--country {country}: this build has no such country; give one of {}",
            countries()
        );
        CliFailure::new(Exit::Usage, text)
    })
}

pub(super) fn run(arguments: &DemoArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let profile = profile(&arguments.country)?;
    if !arguments.listen.ip().is_loopback() {
        output.warning(&format!(
            "--listen {}: whoever reaches this address can sell, reads the secret on the page of the demo, and has the switches of \
             the simulator; listen on 127.0.0.1 unless you trust everybody in the network",
            arguments.listen
        ));
    }
    if arguments.prove && profile.facts().seal_plan != SealPlan::Printer {
        let text = anyhow!(
            "--prove: needs a country whose law asks for a fiscal printer; leave --country out"
        );
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let folder = DemoFolder::new(arguments.data.as_deref()).map_err(CliFailure::failed)?;
    let clock = Arc::new(Clock::new(Some(profile.facts().time_zone)).map_err(CliFailure::failed)?);
    let family = match profile.facts().seal_plan {
        // Its receipts need no fiscal printer.
        SealPlan::Signature => "escpos",
        SealPlan::FiscalModule => "escpos",
        SealPlan::Printer | SealPlan::FiscalNumber => "datecs",
    };
    let printer = DemoPrinter::start((&folder.path, family), arguments.printer_tcp, &clock)
        .map_err(CliFailure::failed)?;
    if arguments.prove {
        let proved = prove(arguments, profile, &folder.path, printer, clock, output);
        return runtime()?.block_on(proved);
    }
    let started = run_with(arguments, profile, &folder.path, printer, clock, output);
    runtime()?.block_on(started)
}

/// Starts the authority simulator, and runs the proof with an agent in a process of its own.
async fn prove(
    arguments: &DemoArguments,
    profile: &'static dyn Profile,
    folder: &Path,
    printer: DemoPrinter,
    clock: Arc<Clock>,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    // The agent takes this address in each of its starts.
    let listener = listen(arguments.listen).await?;
    let address = listener.local_addr().map_err(CliFailure::failed)?;
    drop(listener);
    let authority = TaxOfficeSimulator::new(Strictness::Rules);
    let offices = tax_office::router(authority.clone());
    let (authority_url, authority_server) = serve_authority(offices).await?;
    let files = DemoFiles {
        profile,
        listen: address,
        folder,
        printer: &printer.uri,
        authority: &authority_url,
    };
    let (_, config) = files.write()?;
    let secret = Secret::new(API_SECRET.to_owned());
    let interrupted = Arc::new(AtomicBool::new(false));
    let proof = Proof {
        client: Client::new(url_of(address), API_KEY, secret, Some(DEVICE), clock),
        last_document: printer.rig.snapshot(false).last_document,
        rig: printer.rig,
        output,
        config,
        log: folder.join("agent.log"),
        interrupted: Arc::clone(&interrupted),
    };
    let ended = tokio::select! {
        ended = tokio::task::spawn_blocking(move || proof.run()) => ended,
        () = stopped() => {
            interrupted.store(true, Ordering::Release);
            return Err(self::interrupted());
        }
    };
    authority_server.stop().await;
    let (line, proved) = ended
        .context("the proof of the demo")
        .map_err(CliFailure::failed)?
        .map_err(CliFailure::failed)?;
    output.json(&line);
    Ok(if proved { Exit::Done } else { Exit::Failed })
}

/// Starts the authority simulator and the agent, plays and serves, and stops both.
async fn run_with(
    arguments: &DemoArguments,
    profile: &'static dyn Profile,
    folder: &Path,
    printer: DemoPrinter,
    clock: Arc<Clock>,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let listener = listen(arguments.listen).await?;
    let address = listener.local_addr().map_err(CliFailure::failed)?;
    // Our own day keeps the rules of the form. With `--serve` other programs sell, and their documents need not keep them.
    let strictness = if arguments.serve {
        Strictness::AnyObject
    } else {
        Strictness::Rules
    };
    let authority = TaxOfficeSimulator::new(strictness);
    let registrations = FinanzOnlineSimulator::new(Arc::clone(&clock));
    let offices =
        tax_office::router(authority.clone()).merge(finanz_online::router(registrations.clone()));
    let (authority_url, authority_server) = serve_authority(offices).await?;
    let files = DemoFiles {
        profile,
        listen: address,
        folder,
        printer: &printer.uri,
        authority: &authority_url,
    };
    let (config, file) = files.write()?;
    let url = url_of(address);
    let books = config.till.data_dir.clone();
    let pin =
        dashboard_pin(&People::new(config.ui.people_file.clone())).map_err(CliFailure::failed)?;
    let welcome = Welcome::new(&url, &pin, folder, profile);
    let agent = Agent::start(config, Some(Arc::clone(&clock)))?;
    if !arguments.serve {
        refuse_open_shift(&books, &file)?;
    }
    let units = agent.signature_units();
    let module = agent.service().modules.simulated().cloned();
    let simulator = sim::printer::router(Arc::clone(&printer.rig))
        .merge(sim::clock::router(Arc::clone(&clock)))
        .merge(tax_office::sim_router(authority.clone()))
        .merge(page::router(&welcome))
        .merge(sim::signature_unit::router(units.clone()))
        .merge(finanz_online::sim_router(registrations.clone()));
    let agent_server = serve_agent(listener, &agent, simulator);
    let place = (printer.place.as_str(), folder, file.as_path());
    announce(output, &url, place, &pin, agent.served());
    let secret = Secret::new(API_SECRET.to_owned());
    let stage = Stage {
        client: Client::new(url, API_KEY, secret, Some(DEVICE), Arc::clone(&clock)),
        clock,
        module,
        last_document: printer.rig.snapshot(false).last_document,
        rig: printer.rig,
        authority,
        output,
        profile,
        units,
        registrations,
        config: file,
    };
    let outcome = perform(arguments, stage, &welcome).await;
    agent_server.stop().await;
    drop(agent);
    authority_server.stop().await;
    outcome
}

/// A server in a task of its own.
struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Ends the server and waits for its end.
    async fn stop(self) {
        // The sending fails if the server has ended already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// Serves the simulated authorities.
async fn serve_authority(offices: axum::Router) -> Result<(String, Server), CliFailure> {
    let listener = listen(ANY_PORT).await?;
    let address = listener.local_addr().map_err(CliFailure::failed)?;
    let (stop, stop_asked) = oneshot::channel::<()>();
    let task = tokio::spawn(tax_office::serve_router(listener, offices, async {
        // A dropped sender ends the server, too.
        let _ = stop_asked.await;
    }));
    Ok((format!("http://{address}"), Server { stop, task }))
}

fn serve_agent(listener: TcpListener, agent: &Agent, simulator: axum::Router) -> Server {
    let (stop, stop_asked) = oneshot::channel::<()>();
    let task = tokio::spawn(agent.serve(listener, simulator, async {
        // A dropped sender ends the server, too.
        let _ = stop_asked.await;
    }));
    Server { stop, task }
}

/// Refuses to play a day in a shift that is open already: its sums would have receipts that the day does not know.
fn refuse_open_shift(books: &Path, file: &Path) -> Result<(), CliFailure> {
    let first = Reader::new(books).first_receipt_of_shift(DEVICE);
    match first.map_err(CliFailure::failed)? {
        None => Ok(()),
        Some(_) => Err(CliFailure::failed(anyhow!(
            "a shift with receipts is open in this folder, and the day begins with a new one; start `ferrotill demo --serve` on the folder, \
             close the shift with `ferrotill z --config {}`, then play the day",
            file.display()
        ))),
    }
}

/// Plays the day, except with `--serve`, and then serves, except with `--once`.
async fn perform(
    arguments: &DemoArguments,
    stage: Stage,
    welcome: &Welcome,
) -> Result<Exit, CliFailure> {
    let output = stage.output;
    let mut exit = Exit::Done;
    if !arguments.serve {
        let played = tokio::select! {
            played = tokio::task::spawn_blocking(move || stage.play()) => played,
            () = stopped() => return Err(interrupted()),
        };
        let day: Day = played
            .context("the demo's day")
            .map_err(CliFailure::failed)?
            .map_err(CliFailure::failed)?;
        output.json(&day.line());
        if !day.reconciled || day.unsent > 0 {
            exit = Exit::Failed;
        }
    }
    if !arguments.once {
        output.text(&welcome.text());
        stopped().await;
    }
    Ok(exit)
}

/// A signal has ended the demo before its work was done.
fn interrupted() -> CliFailure {
    let text = anyhow!("interrupted before the end; start the demo again to see all of it");
    CliFailure::new(Exit::Interrupted, text)
}

fn announce(
    output: CliOutput,
    url: &str,
    (printer, data, config): (&str, &Path, &Path),
    pin: &str,
    served: &[&'static Dialect],
) {
    let apis = served.iter().map(|dialect| {
        let base = format!("{url}{}", dialect.prefix);
        (dialect.name.into(), base.into())
    });
    output.text(&format!(
        "ferrotill serves {url}; its emulated printer is at {printer}, its data in {}",
        data.display()
    ));
    output.json(&object! {
        "ready" => true,
        "url" => url,
        "api_key" => API_KEY,
        "api_secret" => API_SECRET,
        "device_id" => DEVICE,
        "point_of_sale_id" => POINT_OF_SALE,
        "printer" => printer,
        "data" => data.display().to_string(),
        "config" => config.display().to_string(),
        "apis" => JsonValue::Object(apis.collect()),
        "dashboard" => object! { "url" => format!("{url}/"), "name" => FIRST_PERSON, "pin" => pin },
    });
}

/// A new PIN for the dashboard of the demo: each start shows one.
fn dashboard_pin(people: &People) -> Result<Zeroizing<String>, PeopleError> {
    if let Some(pin) = first_person(people)? {
        return Ok(pin);
    }
    if people.find(FIRST_PERSON)?.is_some() {
        people.remove_for_new(FIRST_PERSON)?;
    }
    let pin = random_pin().map_err(|source| PeopleError::File {
        path: people.path().to_owned(),
        source,
    })?;
    people.add(FIRST_PERSON, &Right::ALL, &pin, true)?;
    Ok(pin)
}

/// The demo's emulated printer.
struct DemoPrinter {
    rig: Arc<Rig>,
    /// Its path or its TCP address, as people read it.
    place: String,
    /// Its address in the agent's configuration.
    uri: String,
}

impl DemoPrinter {
    fn start(
        (folder, family): (&Path, &str),
        over_tcp: bool,
        clock: &Arc<Clock>,
    ) -> anyhow::Result<Self> {
        let clock = Arc::clone(clock);
        let link = folder.join("printer");
        let options = RigOptions {
            family: Family::parse(family).context("the family of the printer")?,
            tcp: over_tcp.then_some(ANY_PORT),
            memory: Some(folder.join("printer.memory")),
            clock: Some(Arc::new(move || clock.local_s())),
            ..RigOptions::new(link.clone())
        };
        let rig = Rig::start(options).context("the emulated printer does not start")?;
        let (place, uri) = match rig.address() {
            Some(address) => (address.to_string(), format!("{family}+tcp://{address}")),
            None => {
                let link = link.display();
                (
                    link.to_string(),
                    format!("{family}+serial://{link}?baud=115200"),
                )
            }
        };
        Ok(Self {
            rig: Arc::new(rig),
            place,
            uri,
        })
    }
}

/// The trading day of the country.
impl Stage {
    fn play(&self) -> anyhow::Result<Day> {
        match self.profile.facts().seal_plan {
            SealPlan::FiscalNumber => numbered_day::play(self),
            SealPlan::Signature => signed_day::play(self),
            SealPlan::Printer => play_with_a_fiscal_printer(self),
            SealPlan::FiscalModule => module_day::play(self),
        }
    }
}
