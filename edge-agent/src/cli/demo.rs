//! `demo`: an emulated printer, an authority simulator and the agent in TEST mode, all in one process.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use clap::Args;
use ferrotill_core::profile::{Profile, SealPlan, by_code};
use ferrotill_device::emulator::{Rig, RigOptions};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::client::Client;
use super::day::{Day, Stage, play};
use super::{CliFailure, CliOutput, Exit, listen, log, runtime, stopped};
use crate::agent::Agent;
use crate::api::dialect::Dialect;
use crate::api::json::JsonValue;
use crate::api::sim;
use crate::config::{Config, Secret};
use crate::listener::{ConnectionLimits, serve};
use crate::object;
use crate::simulator::tax_office::{self, Strictness, TaxOfficeSimulator};
use crate::time::clock::Clock;

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Exits after the trading day: 0 only if all sums agree.
    #[arg(long, conflicts_with = "serve")]
    once: bool,
    /// Plays no trading day, and only serves.
    #[arg(long)]
    serve: bool,
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

/// The law of the country `--country`.
pub(super) fn profile(country: &str) -> Result<&'static dyn Profile, CliFailure> {
    by_code(country).ok_or_else(|| {
        let text =
            anyhow!("--country {country}: this build has no such country; try {COUNTRY_DEFAULT}");
        CliFailure::new(Exit::Usage, text)
    })
}

pub(super) fn run(arguments: &DemoArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let profile = profile(&arguments.country)?;
    if profile.facts().seal_plan != SealPlan::Printer {
        let text = anyhow!(
            "--country {}: the demo needs a country whose law asks for a fiscal printer; for this one configure a till and use `run`",
            arguments.country
        );
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let folder = DemoFolder::new(arguments.data.as_deref()).map_err(CliFailure::failed)?;
    let clock = Arc::new(Clock::new(Some(profile.facts().time_zone)).map_err(CliFailure::failed)?);
    let printer = DemoPrinter::start(&folder.path, arguments.printer_tcp, &clock)
        .map_err(CliFailure::failed)?;
    let started = run_with(arguments, profile, &folder.path, printer, clock, output);
    runtime()?.block_on(started)
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
    let (authority_url, authority_server) = serve_authority(&authority).await?;
    let country = profile.facts().code;
    let (config, file) = config(country, address, folder, &printer.uri, &authority_url)?;
    let agent = Agent::start(config, Some(Arc::clone(&clock)))?;
    let simulator = sim::printer::router(Arc::clone(&printer.rig))
        .merge(sim::clock::router(Arc::clone(&clock)))
        .merge(tax_office::sim_router(authority.clone()));
    let agent_server = serve_agent(listener, agent.router_with(simulator));
    let url = format!("http://{address}");
    announce(output, &url, &printer.place, folder, &file, agent.served());
    let secret = Secret::new(API_SECRET.to_owned());
    let stage = Stage {
        client: Client::new(url, API_KEY, secret, Some(DEVICE), clock),
        last_document: printer.rig.snapshot(false).last_document,
        rig: printer.rig,
        authority,
        output,
    };
    let outcome = perform(arguments, stage).await;
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

async fn serve_authority(authority: &TaxOfficeSimulator) -> Result<(String, Server), CliFailure> {
    let listener = listen(ANY_PORT).await?;
    let address = listener.local_addr().map_err(CliFailure::failed)?;
    let authority = authority.clone();
    let (stop, stop_asked) = oneshot::channel::<()>();
    let task = tokio::spawn(tax_office::serve(listener, authority, async {
        // A dropped sender ends the server, too.
        let _ = stop_asked.await;
    }));
    Ok((format!("http://{address}"), Server { stop, task }))
}

fn serve_agent(listener: TcpListener, router: axum::Router) -> Server {
    let (stop, stop_asked) = oneshot::channel::<()>();
    let limits = ConnectionLimits::default();
    let task = tokio::spawn(serve(listener, router, limits, async {
        // A dropped sender ends the server, too.
        let _ = stop_asked.await;
    }));
    Server { stop, task }
}

/// Plays the day, except with `--serve`, and then serves, except with `--once`.
async fn perform(arguments: &DemoArguments, stage: Stage) -> Result<Exit, CliFailure> {
    let output = stage.output;
    let mut exit = Exit::Done;
    if !arguments.serve {
        let played = tokio::select! {
            played = tokio::task::spawn_blocking(move || play(&stage)) => played,
            () = stopped() => return Ok(Exit::Interrupted),
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
        output.text("serving; end with Ctrl-C");
        stopped().await;
    }
    Ok(exit)
}

fn announce(
    output: CliOutput,
    url: &str,
    printer: &str,
    data: &Path,
    config: &Path,
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
    });
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
    fn start(folder: &Path, over_tcp: bool, clock: &Arc<Clock>) -> anyhow::Result<Self> {
        let clock = Arc::clone(clock);
        let link = folder.join("printer");
        let options = RigOptions {
            tcp: over_tcp.then_some(ANY_PORT),
            memory: Some(folder.join("printer.memory")),
            clock: Some(Arc::new(move || clock.local_s())),
            ..RigOptions::new(link.clone())
        };
        let rig = Rig::start(options).context("the emulated printer does not start")?;
        let (place, uri) = match rig.address() {
            Some(address) => (address.to_string(), format!("datecs+tcp://{address}")),
            None => {
                let link = link.display();
                (
                    link.to_string(),
                    format!("datecs+serial://{link}?baud=115200"),
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

/// The demo's configuration, and the file that it is written to, so that other verbs can be given the same file.
fn config(
    country: &str,
    listen: SocketAddr,
    folder: &Path,
    printer: &str,
    authority: &str,
) -> Result<(Config, PathBuf), CliFailure> {
    let text = format!(
        r#"
[till]
country = "{country}"
mode = "TEST"
data_dir = {data:?}
organization_name = "Demo SRL"
idnx = "1003600000001"
address = "bd. Stefan cel Mare 1"

[api]
listen = "{listen}"

[[api.clients]]
key = "{API_KEY}"
secret = "{API_SECRET}"

[[device]]
id = "{DEVICE}"
name = "Till 1"
uri = "{printer}"
use_alternative_receipts = true
tax_groups = [ {{ code = "A", rate = "20.00" }}, {{ code = "B", rate = "8.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true, open_cash_drawer = true }}, {{ code = 1, name = "Card" }} ]
alternative_receipts_ranges = [ {{ series = "ABC", start = 1, end = 5000, number_length = 8 }} ]
points_of_sale = [ {{ id = "{POINT_OF_SALE}", code = "1" }} ]

[upstream]
url = "{authority}"
timeout_ms = 2000
offline_after_failures = 3
offline_after_ms = 1000
dwell_s = 2
"#,
        data = folder.join("books").display().to_string(),
    );
    let file = folder.join("ferrotill.toml");
    write_secret(&file, &text)
        .with_context(|| format!("the file {} cannot be written", file.display()))
        .map_err(CliFailure::failed)?;
    let config = Config::parse(&text, &file.display().to_string())?;
    Ok((config, file))
}

/// Writes a file that only the user who runs the demo may read, because it contains the secret of a client.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// The demo's folder. A temporary one is removed with this value.
struct DemoFolder {
    path: PathBuf,
    temporary: bool,
}

impl DemoFolder {
    fn new(given: Option<&Path>) -> anyhow::Result<Self> {
        let (path, temporary) = match given {
            Some(path) => (path.to_owned(), false),
            None => (
                std::env::temp_dir().join(format!("ferrotill-demo-{}", Uuid::new_v4().simple())),
                true,
            ),
        };
        std::fs::create_dir_all(&path)
            .with_context(|| format!("the folder {} cannot be created", path.display()))?;
        let path = path.canonicalize().context("the demo's folder")?;
        Ok(Self { path, temporary })
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if self.temporary {
            // If the removal fails, the folder stays among the system's temporary files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
