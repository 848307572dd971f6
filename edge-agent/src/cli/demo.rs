//! `demo`: in one process an emulated printer on a pty, a stand-in for the tax office, and the agent in TEST mode.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use ferrotill_core::profile::{Profile, SealPlan, by_code};
use ferrotill_device::emulator::{Rig, RigOptions};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::client::Client;
use super::day::{Day, Stage, play};
use super::{CliFailure, Exit, Voice, listen, log, runtime, stopped};
use crate::agent::Agent;
use crate::api::sim;
use crate::config::{Config, Secret};
use crate::listener::{ConnectionLimits, serve};
use crate::object;
use crate::simulator::tax_office::{self, Strictness, TaxOfficeSimulator};
use crate::time::clock::Clock;

/// What `demo` takes.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Exits after the day: 0 only if it reconciles.
    #[arg(long, conflicts_with = "serve")]
    once: bool,
    /// Plays nothing and serves.
    #[arg(long)]
    serve: bool,
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:50700")]
    listen: SocketAddr,
    /// Keeps its data here; a temporary folder if absent.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Reaches the emulated printer over TCP instead of a pseudo-terminal.
    #[arg(long)]
    printer_tcp: bool,
    /// The country.
    #[arg(long, default_value = COUNTRY_DEFAULT)]
    country: String,
}

/// The country unless one is given.
pub(super) const COUNTRY_DEFAULT: &str = "MD";
/// The credentials and the device of the first document's example, so that it runs as it stands.
const API_KEY: &str = "2nWjc9v5Jr5c4XJCqQVosYb67BwxhwnZwSsNuA0LbyPvXYveQFzKAqMGOj8Doyz2";
const API_SECRET: &str = "w6IcKa2UsJe63gqwTuaidvQOZclmaJvlyXHOwgDplU5K3hZWGCUSmVj1rI5n8xU5";
const DEVICE: Uuid = Uuid::from_u128(0x0875_b8a5_0668_41a3_a3fa_8eec_cf66_d289);
const POINT_OF_SALE: &str = "feca3a50-34a7-4dc9-84ac-d4bffc76a922";

/// The country's law, or words for its absence.
pub(super) fn profile(country: &str) -> Result<&'static dyn Profile, CliFailure> {
    by_code(country).ok_or_else(|| {
        CliFailure::new(
            Exit::Usage,
            anyhow::anyhow!(
                "--country {country}: has no profile in this build; try {COUNTRY_DEFAULT}"
            ),
        )
    })
}

pub(super) fn run(arguments: &DemoArguments, voice: Voice) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let profile = profile(&arguments.country)?;
    if profile.facts().seal_plan != SealPlan::Printer {
        let words = anyhow::anyhow!(
            "--country {}: the demo plays on a fiscal printer, and this country's law asks for none; configure a till and use `run`",
            arguments.country
        );
        return Err(CliFailure::new(Exit::Usage, words));
    }
    let folder = Folder::new(arguments.data.as_deref()).map_err(CliFailure::failed)?;
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let link = folder.path.join("printer");
    let rig = start_rig(&folder.path, &link, arguments.printer_tcp, &clock)
        .map_err(CliFailure::failed)?;
    let printer = match rig.address() {
        Some(address) => address.to_string(),
        None => link.display().to_string(),
    };
    runtime()?.block_on(async {
        let listener = listen(arguments.listen).await?;
        let address = listener.local_addr().map_err(CliFailure::failed)?;
        let office_listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let office_url = format!(
            "http://{}",
            office_listener.local_addr().map_err(CliFailure::failed)?
        );
        // Our own day is held to the rules of the form; whoever plays another one finds the office of the contract.
        let strictness = if arguments.serve {
            Strictness::AnyObject
        } else {
            Strictness::Rules
        };
        let office = TaxOfficeSimulator::new(strictness);
        let (stop_office, office_stopped) = oneshot::channel::<()>();
        let office_task = tokio::spawn(tax_office::serve(office_listener, office.clone(), async {
            // Told to stop, or forgotten: both end it.
            let _ = office_stopped.await;
        }));
        let config = config(
            profile.facts().code,
            address,
            &folder.path,
            &uri(&rig, &link),
            &office_url,
        )?;
        let agent = Agent::start(config, Some(Arc::clone(&clock)))?;
        let simulator = sim::printer::router(Arc::clone(&rig))
            .merge(sim::clock::router(Arc::clone(&clock)))
            .merge(tax_office::sim_router(office.clone()));
        let router = agent.router_with(simulator);
        let url = format!("http://{address}");
        let (stop, stop_asked) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(
            listener,
            router,
            ConnectionLimits::default(),
            async {
                let _ = stop_asked.await;
            },
        ));
        announce(voice, &url, &printer, &folder.path);
        let secret = Secret::new(API_SECRET.to_owned());
        let client = Client::new(url, API_KEY, secret, Some(DEVICE), clock);
        let last_document = rig.snapshot(false).last_document;
        let stage = Stage {
            last_document,
            client,
            rig,
            office,
            voice,
        };
        let outcome = perform(arguments, stage).await;
        // Those who hear this have ended already, or end now.
        let _ = stop.send(());
        let _ = server.await;
        drop(agent);
        let _ = stop_office.send(());
        let _ = office_task.await;
        outcome
    })
}

/// Plays the day unless it is only to serve, and serves unless it is only to play.
async fn perform(arguments: &DemoArguments, stage: Stage) -> Result<Exit, CliFailure> {
    let voice = stage.voice;
    let mut exit = Exit::Done;
    if !arguments.serve {
        let played = tokio::select! {
            played = tokio::task::spawn_blocking(move || play(&stage)) => played,
            () = stopped() => return Ok(Exit::Failed),
        };
        let day: Day = played
            .context("the day")
            .map_err(CliFailure::failed)?
            .map_err(CliFailure::failed)?;
        voice.json(&day.line());
        if !day.reconciled || day.unsent > 0 {
            exit = Exit::Failed;
        }
    }
    if !arguments.once {
        voice.say("serving; end with Ctrl-C");
        stopped().await;
    }
    Ok(exit)
}

fn announce(voice: Voice, url: &str, printer: &str, data: &Path) {
    voice.say(&format!(
        "ferrotill serves {url}; its emulated printer is at {printer}, its data in {}",
        data.display()
    ));
    voice.json(&object! {
        "ready" => true,
        "url" => url,
        "api_key" => API_KEY,
        "api_secret" => API_SECRET,
        "device_id" => DEVICE,
        "point_of_sale_id" => POINT_OF_SALE,
        "printer" => printer,
        "data" => data.display().to_string(),
    });
}

/// The address of the emulated printer.
fn uri(rig: &Rig, link: &Path) -> String {
    match rig.address() {
        Some(address) => format!("datecs+tcp://{address}"),
        None => format!("datecs+serial://{}?baud=115200", link.display()),
    }
}

fn start_rig(
    folder: &Path,
    link: &Path,
    over_tcp: bool,
    clock: &Arc<Clock>,
) -> anyhow::Result<Arc<Rig>> {
    let clock = Arc::clone(clock);
    let options = RigOptions {
        tcp: over_tcp.then_some(SocketAddr::from(([127, 0, 0, 1], 0))),
        memory: Some(folder.join("printer.memory")),
        clock: Some(Arc::new(move || clock.local_s())),
        ..RigOptions::new(link.to_owned())
    };
    Ok(Arc::new(
        Rig::start(options).context("the emulated printer does not start")?,
    ))
}

/// The demo's configuration, in the same language as everybody's.
fn config(
    country: &str,
    listen: SocketAddr,
    folder: &Path,
    printer: &str,
    office: &str,
) -> Result<Config, CliFailure> {
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
url = "{office}"
timeout_ms = 2000
offline_after_failures = 3
offline_after_ms = 1000
dwell_s = 2
"#,
        data = folder.join("books").display().to_string(),
    );
    Ok(Config::parse(&text, "demo.toml")?)
}

/// The demo's folder; a temporary one goes with it.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn new(given: Option<&Path>) -> anyhow::Result<Self> {
        let (path, temporary) = match given {
            Some(path) => (path.to_owned(), false),
            None => (
                std::env::temp_dir().join(format!("ferrotill-demo-{}", Uuid::new_v4().simple())),
                true,
            ),
        };
        std::fs::create_dir_all(&path)
            .with_context(|| format!("the folder {} cannot be made", path.display()))?;
        let path = path.canonicalize().context("the demo's folder")?;
        Ok(Self { path, temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed stays for whoever cleans the system's temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
