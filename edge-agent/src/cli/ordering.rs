//! What `sale`, `return`, `cash`, `x` and `z` share: order a document from the running agent, wait for the authority, or show only what
//! would be ordered.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use uuid::Uuid;

use super::client::{Client, Reply, exit_of, no_answer, url_of};
use super::interruption::{Interruption, say_id};
use super::{CliFailure, CliOutput, Exit, default_config, log, shop_clock};
use crate::agent::check;
use crate::api::fiscalcloud::{OrderPreview, preview};
use crate::api::json::JsonValue;
use crate::config::{Config, Device, Overrides, Permission};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of every command that orders a document.
#[derive(Debug, Args)]
pub(super) struct OrderArguments {
    #[command(flatten)]
    pub(super) till: TillArguments,
    /// How many seconds to wait until the authority has acknowledged the document; by default the command does not wait.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    wait: u32,
}

/// The till and the device of an order, and whether it is only shown.
#[derive(Debug, Args)]
pub(super) struct TillArguments {
    /// Orders nothing: checks the order, and shows what it would make.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The id of the request, if an earlier command with this id is repeated.
    #[arg(long)]
    id: Option<Uuid>,
    /// The id of the device, instead of the first one of the configuration.
    #[arg(long, value_name = "ID")]
    device: Option<Uuid>,
    /// The configuration file of the running agent.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

/// The till that a command orders from.
pub(super) struct Counter {
    pub(super) config: Config,
    /// How many seconds the command waits for the authority.
    wait: u32,
    pub(super) device: Device,
    clock: Arc<Clock>,
    pub(super) id: Uuid,
    url: String,
}

impl Counter {
    /// Reads the configuration.
    pub(super) fn open(arguments: &OrderArguments) -> Result<Self, CliFailure> {
        Ok(Self {
            wait: arguments.wait,
            ..Self::at(&arguments.till)?
        })
    }

    /// Reads the configuration, for an order that does not wait for the authority.
    pub(super) fn at(arguments: &TillArguments) -> Result<Self, CliFailure> {
        log(tracing::Level::WARN);
        let overrides = Overrides {
            listen: arguments.listen.clone(),
            data_dir: None,
        };
        let config = Config::load(&arguments.config, &overrides)?;
        let wanted = arguments.device;
        let mut devices = config.devices.iter();
        let device = devices.find(|device| wanted.is_none_or(|id| device.id == id));
        let device = device.cloned().ok_or_else(|| {
            let ids: Vec<String> = config.devices.iter().map(|it| it.id.to_string()).collect();
            let text = anyhow!(
                "the configuration has no device {}; give one of {}",
                wanted.unwrap_or_default(),
                ids.join(", ")
            );
            CliFailure::new(Exit::Usage, text)
        })?;
        Ok(Self {
            url: url_of(config.api.listen),
            device,
            config,
            clock: Arc::new(Clock::new(None).map_err(CliFailure::failed)?),
            id: arguments.id.unwrap_or_else(Uuid::new_v4),
            wait: 0,
        })
    }

    /// A client that signs as the first client of the configuration that may do this.
    pub(super) fn client(&self, permission: Permission) -> Result<Client, CliFailure> {
        let clock = Arc::clone(&self.clock);
        let client = Client::of_config(&self.config, permission, self.url.clone(), clock)?;
        Ok(client.on(Some(self.device.id)))
    }

    /// Orders a document, and gives its answer back, whatever it is.
    pub(super) fn post(
        &self,
        (permission, operation, body): (Permission, &str, &str),
        output: CliOutput,
    ) -> Result<Reply, CliFailure> {
        let client = self.client(permission)?;
        say_id(self.id);
        let interruption = Interruption::watch(self.id, output);
        let answered = client.post(operation, body);
        interruption.over();
        answered.map_err(|error| self.no_answer_to_order(error))
    }

    /// The error of an order whose answer did not arrive.
    fn no_answer_to_order(&self, error: anyhow::Error) -> CliFailure {
        let again = format!(
            "repeat the command with --id {}, which is always safe",
            self.id
        );
        no_answer(&self.url, error, &again)
    }

    /// The error of a question to which the agent has not answered.
    pub(super) fn not_answered(&self, error: anyhow::Error) -> CliFailure {
        no_answer(&self.url, error, "ask again")
    }

    /// What a body would make, with the faults of the body.
    pub(super) fn preview(&self, operation: &str, body: &str) -> Result<OrderPreview, CliFailure> {
        let profile = check(&self.config)?;
        let at = shop_clock(&self.config)?.now();
        let path = format!("/api/v1/{operation}");
        let made = preview(
            &self.config,
            (profile, &self.device),
            &path,
            body.as_bytes(),
            at,
        );
        made.map_err(|problem| {
            CliFailure::refused_by_agent(Exit::Refused, &problem.code, &problem.message)
        })
    }

    /// Prints what would be ordered. `says` is the sentence for a person.
    pub(super) fn show_only(
        &self,
        order: (&str, &str),
        says: &str,
        output: CliOutput,
    ) -> Result<Exit, CliFailure> {
        let preview = self.preview(order.0, order.1)?;
        self.show(order, says, &preview, output)
    }

    /// [`Self::show_only`] with a paper that the caller has made.
    pub(super) fn show(
        &self,
        (operation, body): (&str, &str),
        says: &str,
        preview: &OrderPreview,
        output: CliOutput,
    ) -> Result<Exit, CliFailure> {
        output.json(&object! {
            "dry_run" => true,
            "operation" => operation,
            "device_id" => self.device.id,
            "says" => says,
            "total" => preview.total.clone(),
            "preview" => JsonValue::Array(preview.paper.iter().cloned().map(JsonValue::from).collect()),
            "body" => JsonValue::parse(body.as_bytes()).unwrap_or(JsonValue::Null),
        });
        if output.json {
            return Ok(Exit::Done);
        }
        output.text(&format!("nothing is ordered; {says}"));
        for row in &preview.paper {
            output.text(row);
        }
        Ok(Exit::Done)
    }

    /// Orders a document, and waits for the authority if the command says so. `sentence` makes the sentence for a person of the
    /// document.
    pub(super) fn order(
        &self,
        (permission, operation, body): (Permission, &str, &str),
        sentence: impl FnOnce(&JsonValue) -> String,
        output: CliOutput,
    ) -> Result<Exit, CliFailure> {
        let client = self.client(permission)?;
        say_id(self.id);
        let interruption = Interruption::watch(self.id, output);
        let answered = client.post(operation, body);
        let reply = answered.map_err(|error| {
            interruption.over();
            self.no_answer_to_order(error)
        })?;
        if reply.status != 200 {
            interruption.over();
            return Err(refused(self.id, &reply));
        }
        interruption.sealed();
        let data = reply.body.get("data").cloned().unwrap_or(JsonValue::Null);
        output.text(&sentence(&data));
        let wait = self.wait;
        if wait > 0 {
            let limit = Duration::from_secs(wait.into());
            let missing = not_acknowledged(&client, self.id, (&self.clock, limit));
            interruption.over();
            if let Some(why) = missing {
                let text = anyhow!(
                    "the document is sealed, and the authority has not acknowledged it within {wait} s: {why}; the till goes on sending it by itself",
                );
                let failure = CliFailure::new(Exit::NotAcknowledged, text);
                // A program needs the document as if the authority had acknowledged it.
                let mut document = failure.document.clone();
                if let JsonValue::Object(members) = &mut document {
                    members.push(("document".into(), data));
                }
                return Err(failure.with_document(document));
            }
        }
        interruption.over();
        output.json(&data);
        Ok(Exit::Done)
    }
}

/// The text of a member of a document, by its path of names.
pub(super) fn field<'d>(data: &'d JsonValue, path: &str) -> &'d str {
    data.path(path).map_or("", JsonValue::scalar)
}

/// The error when the agent has made no document.
pub(super) fn refused(id: Uuid, reply: &Reply) -> CliFailure {
    let (message, error) = (
        field(&reply.body, "message"),
        field(&reply.body, "errorType"),
    );
    let code = match reply.state.as_str() {
        _ if matches!(reply.status, 401 | 403) => Exit::Configuration,
        "unknown" => Exit::Unknown,
        // A fault of the printer is told under this path, and every other refusal under the path of a field or a rule.
        "not_registered" if message.starts_with("printer: ") => Exit::NotPrinted,
        "" => exit_of(reply.status, error),
        _ => Exit::Refused,
    };
    let message = match code {
        Exit::Unknown => format!("{message}; repeat the command with --id {id}"),
        _ => message.to_owned(),
    };
    CliFailure::refused_by_agent(code, error, &message)
}

/// Asks until every recipient of the document has acknowledged it. After the wait returns why it is not acknowledged; `None` if it is.
fn not_acknowledged(
    client: &Client,
    id: Uuid,
    (clock, wait): (&Clock, Duration),
) -> Option<String> {
    let begun = clock.monotonic();
    loop {
        let why = missing_acknowledgement(client, id)?;
        let waited = clock.monotonic().saturating_duration_since(begun);
        if waited >= wait || why == LAID_ASIDE {
            return Some(why);
        }
        std::thread::sleep(PAUSE.min(wait.saturating_sub(waited)));
    }
}

/// Why not every recipient has acknowledged the document yet; `None` if each has. An answer that does not show the document is no
/// acknowledgement.
fn missing_acknowledgement(client: &Client, id: Uuid) -> Option<String> {
    let reply = match client.look(&format!("/operations/{id}")) {
        Ok(reply) => reply,
        Err(error) => return Some(format!("the agent does not answer: {error}")),
    };
    let deliveries = match reply.body.get("deliveries") {
        Some(JsonValue::Array(deliveries))
            if reply.status == 200 && reply.state == "registered" =>
        {
            deliveries
        }
        _ => return Some(format!("the agent does not show it: HTTP {}", reply.status)),
    };
    let missing = deliveries
        .iter()
        .find(|delivery| field(delivery, "state") != "acknowledged")?;
    let refusal = field(missing, "refusal");
    Some(if field(missing, "state") == "laid_aside" {
        LAID_ASIDE.to_owned()
    } else if refusal.is_empty() {
        "it has not answered".to_owned()
    } else {
        refusal.to_owned()
    })
}

/// Why a document that a person has laid aside is never acknowledged.
const LAID_ASIDE: &str = "a person has laid it aside, so it is not sent";
/// The pause between two questions whether the document is acknowledged.
const PAUSE: Duration = Duration::from_millis(100);
