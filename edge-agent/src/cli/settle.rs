//! `settle`: sends an operator's declaration about a document that the printer cannot prove, or about fiscal receipts that the till has
//! not made, to the running agent.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgGroup, Args};
use ferrotill_core::Amount;
use ferrotill_core::document::Body;
use ferrotill_core::facts::Facts;
use ferrotill_store::{Reader, StoredDocument};
use uuid::Uuid;

use super::client::{Client, Reply, exit_of, no_answer, url_of};
use super::data_folder::unreadable;
use super::{CliFailure, CliOutput, Exit, default_config, log, shop_clock};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides, Permission};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `settle`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("paper").required(true)))]
pub struct SettleArguments {
    /// The document's id, from `/healthz` or the log; the device's id with --go-on.
    id: Uuid,
    /// The document is on the paper or in the printer's electronic journal.
    #[arg(long, group = "paper")]
    registered: bool,
    /// The document was not printed, or was printed as cancelled.
    #[arg(long, group = "paper")]
    not_registered: bool,
    /// The device goes on, although its printer has fiscal receipts that this till has not made: they were made at the printer's keys,
    /// and no other machine sells with the printer.
    #[arg(long, group = "paper")]
    go_on: bool,
    /// The document's number on the paper; a later return of the sale needs it.
    #[arg(long, requires = "registered", conflicts_with_all = ["not_registered", "go_on"])]
    document: Option<NonZeroU32>,
    /// The name of the person who has read the paper; it is stored in the journal and never deleted.
    #[arg(long)]
    by: String,
    /// Shows the document, and declares nothing.
    #[arg(long, conflicts_with = "go_on")]
    dry_run: bool,
    /// The configuration file of the running agent.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

pub(super) fn run(arguments: &SettleArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::of_config(&config, Permission::Settle, url.clone(), clock)?;
    if arguments.go_on {
        return go_on(arguments, &client, &url, output);
    }
    // The data folder may not be readable for this user; the declaration is sent all the same.
    let (shown, says) = match shown(arguments.id, &config) {
        Ok(Some(shown)) => (Some(shown.clone()), shown),
        Ok(None) => (
            None,
            format!("the data folder has no document {}", arguments.id),
        ),
        Err(error) => (None, format!("the document cannot be shown: {error}")),
    };
    output.text(&says);
    if arguments.dry_run {
        output.json(&object! { "dry_run" => true, "document" => shown });
        return Ok(Exit::Done);
    }
    let path = format!("/operations/{}/settlement", arguments.id);
    match client.post_own(&path, &body(arguments)) {
        Ok(reply) => report(arguments, &reply, output),
        Err(error) => {
            let again = "send the declaration again, which is always safe";
            Err(no_answer(&url, error, again))
        }
    }
}

/// What the document is: kind, amount, time and goods; `None` if the data folder has no such document.
fn shown(id: Uuid, config: &Config) -> anyhow::Result<Option<String>> {
    let facts = check(config)?.facts();
    let folder = &config.till.data_dir;
    let found = Reader::new(folder).find(None, id);
    let found = found.map_err(|error| unreadable(folder, error).error)?;
    let shop_clock = shop_clock(config).map_err(|failure| failure.error)?;
    Ok(found.and_then(|stored| described(&stored, facts, &shop_clock)))
}

fn described(stored: &StoredDocument, facts: &Facts, shop_clock: &Clock) -> Option<String> {
    let id = stored.row.id;
    let kind = stored.row.kind.name().replace('_', " ");
    let begun = shop_clock.shown(stored.row.at);
    let money = |amount: Amount| amount.display(facts.currency);
    let reserved = stored.reserved()?;
    Some(match &reserved.body {
        Body::Receipt(receipt) => {
            let goods = receipt
                .lines
                .iter()
                .filter(|line| !line.voided)
                .map(|line| {
                    format!(
                        "\n  {} x {}: {}",
                        line.quantity.display(),
                        line.name,
                        money(line.final_amount)
                    )
                });
            format!(
                "document {id}: {kind} of {} in {}, begun at {begun}{}",
                money(receipt.total),
                facts.currency.code(),
                goods.collect::<String>()
            )
        }
        Body::Cash(amount) => format!(
            "document {id}: {kind} of {} in {}, begun at {begun}",
            money(*amount),
            facts.currency.code()
        ),
        Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => {
            format!("document {id}: {kind}, begun at {begun}")
        }
    })
}

/// Lets a device go on whose printer has fiscal receipts that the till has not made.
fn go_on(
    arguments: &SettleArguments,
    client: &Client,
    url: &str,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let path = format!("/devices/{}/go-on", arguments.id);
    let body = object! { "by" => arguments.by.clone() }.to_string();
    let reply = client.post_own(&path, &body).map_err(|error| {
        no_answer(
            url,
            error,
            "look at `ferrotill status` before you repeat it",
        )
    })?;
    let field = |name| reply.body.get(name).map_or("", JsonValue::scalar);
    if reply.status == 200 {
        output.json(&reply.body);
        output.text(&format!(
            "device {} goes on, as {} has decided; the next Z-report differs by the receipts that this till has not made",
            arguments.id,
            arguments.by.trim()
        ));
        return Ok(Exit::Done);
    }
    let code = exit_of(reply.status, field("error"));
    Err(CliFailure::refused_by_agent(
        code,
        field("error"),
        field("message"),
    ))
}

fn body(arguments: &SettleArguments) -> String {
    object! {
        "registered" => arguments.registered,
        "document" => arguments.document.map(u32::from),
        "by" => arguments.by.clone(),
    }
    .to_string()
}

/// Prints the agent's answer, and gives its exit code.
fn report(
    arguments: &SettleArguments,
    reply: &Reply,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let field = |name| reply.body.get(name).map_or("", JsonValue::scalar);
    if reply.status == 200 {
        output.json(&reply.body);
        let number = match reply.body.path("document.number").map(JsonValue::scalar) {
            Some(number) if !number.is_empty() => format!("; its number is {number}"),
            _ => String::new(),
        };
        output.text(&format!(
            "document {} is settled as {}, as {} has declared{number}",
            arguments.id,
            field("fiscal_state"),
            arguments.by.trim()
        ));
        return Ok(Exit::Done);
    }
    let code = exit_of(reply.status, field("error"));
    let (name, message) = (field("error"), field("message"));
    Err(CliFailure::refused_by_agent(code, name, message))
}
