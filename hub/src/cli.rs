//! The verbs of `ferrotill-hub`.

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::{Parser, Subcommand};
use ferrotill_hub_protocol::{OneTimeCode, limits};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::authority::Authority;
use crate::clock::now_ms;
use crate::config::{self, Config, ConfigFaults};
use crate::people::{export, password};
use crate::store::{Pool, Selection, Store};
use crate::{secret_file, serve};

/// Many tills seen from one place: takes their documents into PostgreSQL and shows who sells. docs/FLEET.md leads through the set-up.
#[derive(Parser)]
#[command(name = "ferrotill-hub", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serves tills and people until it is stopped.
    Run(ConfigFile),
    /// Makes the hub's certificate authority, and a configuration where there is none.
    Init {
        #[command(flatten)]
        config: ConfigFile,
        /// A name or address by which tills call this hub; give each one.
        #[arg(long = "name", required = true)]
        names: Vec<String>,
    },
    /// Brings the database's tables to the form of this program.
    Migrate(ConfigFile),
    /// Prints a one-time code for a till: it can be used once, for an hour.
    Enrol {
        #[command(flatten)]
        config: ConfigFile,
        /// The name of the till's shop.
        #[arg(long)]
        shop: String,
        /// The till's id; a new one is made if it is not given. A till that was restored keeps its id.
        #[arg(long)]
        till: Option<Uuid>,
    },
    /// Ends a till's certificates: nothing is taken from it any more until it enrols again.
    Revoke {
        #[command(flatten)]
        config: ConfigFile,
        /// The till's id.
        till: Uuid,
    },
    /// Lists the tills.
    Tills(ConfigFile),
    /// Writes documents as CSV or as JSON, one a line.
    Export {
        #[command(flatten)]
        config: ConfigFile,
        /// The form.
        #[arg(long = "as", value_parser = ["csv", "json"], default_value = "csv")]
        form: String,
        /// The file; it must not exist. Standard output if it is not given.
        #[arg(long)]
        out: Option<PathBuf>,
        /// The first business day, such as 2026-05-01.
        #[arg(long)]
        from: Option<jiff::civil::Date>,
        /// The last business day.
        #[arg(long)]
        to: Option<jiff::civil::Date>,
        /// One till alone.
        #[arg(long)]
        till: Option<Uuid>,
    },
    /// Adds a person who may look at the pages, or changes the password. The password is read from standard input.
    Person {
        #[command(flatten)]
        config: ConfigFile,
        /// The person's name.
        name: String,
        /// Removes the person.
        #[arg(long)]
        remove: bool,
    },
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration.
    #[arg(long = "config", default_value = "/etc/ferrotill-hub/hub.toml")]
    config: PathBuf,
}

/// Carries out the verb of the command line. Exit code 0: done; 1: not done; 2: wrong arguments; 3: wrong configuration.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::level_filters::LevelFilter::INFO)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(4)
        .enable_all()
        .build();
    let done = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(carry_out(arguments.verb)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ferrotill-hub: {error:#}");
            let is_configuration = error.downcast_ref::<ConfigFaults>().is_some();
            ExitCode::from(if is_configuration { 3 } else { 1 })
        }
    }
}

async fn carry_out(verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Run(file) => serve::run(Config::read(&file.config)?).await,
        Verb::Init { config, names } => init(&config.config, &names),
        Verb::Migrate(file) => {
            let done = open(&Config::read(&file.config)?)?.migrate().await?;
            match done.as_slice() {
                [] => say("The tables have the form of this program already."),
                steps => say(&format!("Carried out: {steps:?}.")),
            }
        }
        Verb::Enrol { config, shop, till } => {
            enrol(&Config::read(&config.config)?, &shop, till).await
        }
        Verb::Revoke { config, till } => {
            let store = open(&Config::read(&config.config)?)?;
            if !store.revoke(till, now_ms()).await? {
                bail!("there is no till {till}; `ferrotill-hub tills` lists them");
            }
            say(&format!(
                "Nothing is taken from till {till} any more. It goes on selling; `ferrotill-hub enrol --till {till}` lets it come back."
            ))
        }
        Verb::Tills(file) => tills(&Config::read(&file.config)?).await,
        Verb::Export {
            config,
            form,
            out,
            from,
            to,
            till,
        } => {
            let selection = Selection {
                till,
                from,
                until: to,
            };
            let store = open(&Config::read(&config.config)?)?;
            write_export(&store, &form, out.as_deref(), &selection).await
        }
        Verb::Person {
            config,
            name,
            remove,
        } => person(&Config::read(&config.config)?, &name, remove).await,
    }
}

fn open(config: &Config) -> anyhow::Result<Arc<Store>> {
    let pool = Pool::new(&config.database).map_err(anyhow::Error::msg)?;
    Ok(Arc::new(Store::new(Arc::new(pool))))
}

fn init(path: &Path, names: &[String]) -> anyhow::Result<()> {
    if !path.exists() {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        secret_file::write_new(path, &config::sample(names))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        say(&format!(
            "Wrote {}. Look at it, and name the database.",
            path.display()
        ))?;
    }
    let config = Config::read(path)?;
    let folder = &config.tills.authority;
    let authority = Authority::create(folder, now_ms()).with_context(|| {
        format!(
            "the authority was not made in {}; an existing one is never replaced, because all tills trust it",
            folder.display()
        )
    })?;
    say(&format!(
        "Made the hub's authority in {}. Keep a copy of this folder in a safe: without it every till must enrol again.\nFingerprint: {}",
        folder.display(),
        OneTimeCode::new(authority.certificate(), Uuid::nil(), [0; 16]).authority_fingerprint()
    ))
}

async fn enrol(config: &Config, shop: &str, till: Option<Uuid>) -> anyhow::Result<()> {
    let shop = shop.trim();
    if shop.is_empty() || shop.len() > limits::NAME_BYTES_MAX || shop.contains(char::is_control) {
        bail!(
            "--shop: must be a name of 1 to {} bytes",
            limits::NAME_BYTES_MAX
        );
    }
    let authority = Authority::read(&config.tills.authority)?;
    let store = open(config)?;
    store.check_migrated().await?;
    let mut secret = Zeroizing::new([0; 16]);
    getrandom::fill(&mut *secret).map_err(|error| anyhow!("no random numbers: {error}"))?;
    let till = till.unwrap_or_else(Uuid::now_v7);
    store.make_code(till, shop, &secret, now_ms()).await?;
    let code = OneTimeCode::new(authority.certificate(), till, *secret);
    let name = config.tills.names.first().map_or("HUB", String::as_str);
    let port = config.tills.listen.port();
    say(&format!(
        "Till {till}, shop {shop}. On the till type within an hour:\n\n  ferrotill hub enrol {code} --url https://{name}:{port}\n"
    ))
}

async fn tills(config: &Config) -> anyhow::Result<()> {
    let store = open(config)?;
    let mut after: Option<(String, Uuid)> = None;
    loop {
        let behind = after.as_ref().map(|(shop, id)| (shop.as_str(), *id));
        let page = store.tills(behind, None, PAGE).await?;
        for till in &page {
            let state = match (till.revoked_ms, till.is_enrolled) {
                (Some(_), _) => "revoked",
                (None, true) => "enrolled",
                (None, false) => "not enrolled",
            };
            say(&format!(
                "{} {state} epoch {} documents {} {}",
                till.id, till.epoch, till.last_sequence, till.shop
            ))?;
        }
        match page.last() {
            Some(last) => after = Some((last.shop.clone(), last.id)),
            None => return Ok(()),
        }
    }
}

async fn write_export(
    store: &Store,
    form: &str,
    out: Option<&Path>,
    selection: &Selection,
) -> anyhow::Result<()> {
    let form = export::Form::named(form).ok_or_else(|| anyhow!("--as: must be csv or json"))?;
    let mut file: Box<dyn Write> = match out {
        None => Box::new(io::stdout().lock()),
        Some(path) => Box::new(
            std::fs::File::create_new(path)
                .with_context(|| format!("{} cannot be made", path.display()))?,
        ),
    };
    let written = export::write(store, form, selection, &mut file).await?;
    let _ = writeln!(io::stderr(), "{written} documents");
    Ok(())
}

async fn person(config: &Config, name: &str, remove: bool) -> anyhow::Result<()> {
    let store = open(config)?;
    if remove {
        if !store.remove_person(name).await? {
            bail!("there is no person {name}");
        }
        return say(&format!("{name} is removed."));
    }
    if name.is_empty() || name.len() > 100 || name.contains(char::is_control) {
        bail!("a name has 1 to 100 bytes");
    }
    let mut typed = Zeroizing::new(String::new());
    let _ = writeln!(
        io::stderr(),
        "Password for {name} (at least {} characters):",
        password::CHARS_MIN
    );
    io::stdin().take(1024).read_to_string(&mut typed)?;
    let typed = typed.trim_end_matches(['\n', '\r']);
    password::check(typed).map_err(anyhow::Error::msg)?;
    store
        .set_person(name, &password::hashed(typed)?, now_ms())
        .await?;
    say(&format!("{name} may sign in."))
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

/// The work is small pieces between waits for the database.
const WORKERS: usize = 2;
const PAGE: i64 = 500;
