//! `queue`: lists the documents that wait to be sent and the money of cards that waits for a bank terminal, and lays aside what its
//! recipient refuses for ever.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use ferrotill_core::duty::Recipient;
use uuid::Uuid;

use super::client::{Client, Reply, exit_of, no_answer, url_of};
use super::verify::{aside_line, laid_aside};
use super::{CliFailure, CliOutput, Exit, default_config, log, shop_clock};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides, Permission};
use crate::object;
use crate::order::AsideRequest;
use crate::time::clock::{Clock, iso_utc};
use ferrotill_store::{CardOperation, Reader, WaitingDocument};

/// The arguments of `queue`.
#[derive(Debug, Args)]
pub struct QueueArguments {
    /// What to do; without it, the queue is listed.
    #[command(subcommand)]
    command: Option<QueueCommand>,
    /// The configuration file.
    #[arg(long, global = true, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long, global = true)]
    listen: Option<String>,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Lists the documents that the authority has not acknowledged, oldest first, those that were laid aside, and the money of cards
    /// whose document is not registered.
    List(ListArguments),
    /// Lays a document aside: it is not sent any more. It stays legal, and part of its Z-report. With `--recipient bank_terminal`, lays
    /// the money of a card aside: the till does not ask a terminal to give it back any more.
    LayAside(LayAsideArguments),
}

/// The arguments of `queue list`.
#[derive(Debug, Args)]
struct ListArguments {
    /// The largest number of waiting documents that are listed; the number of the others is printed.
    #[arg(long, default_value_t = LISTED_MAX)]
    limit: u32,
}

/// The arguments of `queue lay-aside`.
#[derive(Debug, Args)]
struct LayAsideArguments {
    /// The request id, from `queue list`, `verify`, `/healthz` or the log.
    id: Uuid,
    /// The recipient that refuses: `authority`, or `bank_terminal` for the money of a card.
    #[arg(long, default_value = Recipient::AUTHORITY.name())]
    recipient: String,
    /// Why the recipient is not to get the document, or what became of the money; it is stored in the journal and never deleted.
    #[arg(long)]
    reason: String,
    /// The name of the person who decides this; it is stored in the journal and never deleted.
    #[arg(long)]
    by: String,
}

/// The largest number of waiting documents that are listed, unless the command says another one.
const LISTED_MAX: u32 = 1_000;

pub(super) fn run(arguments: &QueueArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    match &arguments.command {
        None => list(&config, LISTED_MAX, output),
        Some(QueueCommand::List(wanted)) => list(&config, wanted.limit, output),
        Some(QueueCommand::LayAside(request)) => lay_aside(&config, request, output),
    }
}

/// Lists the queue from the data folder; an agent may run meanwhile.
fn list(config: &Config, limit: u32, output: CliOutput) -> Result<Exit, CliFailure> {
    let shop_clock = shop_clock(config)?;
    let reader = Reader::new(&config.till.data_dir);
    let read = || {
        let waiting = reader.waiting(Recipient::AUTHORITY, limit)?;
        Ok::<_, ferrotill_store::StoreError>((
            (reader.unsent()?, reader.open_card_operations()?),
            waiting,
            reader.laid_aside()?,
        ))
    };
    let ((unsent, cards), waiting, aside) = read().map_err(CliFailure::failed)?;
    let listed = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
    let others = u64::from(unsent.documents).saturating_sub(listed);
    output.json(&object! {
        "waiting" => unsent.documents,
        "refused" => unsent.refused,
        "not_listed" => others,
        "documents" => JsonValue::Array(waiting.iter().map(waiting_document).collect()),
        "laid_aside" => JsonValue::Array(aside.iter().map(laid_aside).collect()),
        "card_payments" => JsonValue::Array(cards.iter().map(card_payment).collect()),
    });
    if output.json {
        return Ok(Exit::Done);
    }
    output.text(&format!(
        "{} for the authority; refused by it: {}",
        super::words::waiting(unsent.documents),
        unsent.refused
    ));
    for document in &waiting {
        let refusal = document.refusal.as_ref();
        let refused = refusal.map_or_else(String::new, |words| format!("; refused: {words}"));
        output.text(&format!(
            "document {} ({}, {}) of {}{refused}",
            document.number,
            document.duty,
            document.id,
            shop_clock.shown(document.at_ms)
        ));
    }
    if others > 0 {
        output.text(&format!(
            "{} besides; `queue list --limit {}` lists all of them",
            super::words::waiting(others),
            unsent.documents
        ));
    }
    for document in &aside {
        output.text(&aside_line(document, &shop_clock));
    }
    for card in &cards {
        output.text(&format!(
            "card payment of request {} since {}: {}, {}",
            card.id,
            shop_clock.shown(card.asked_ms),
            card.operation.name(),
            card.state.name()
        ));
    }
    Ok(Exit::Done)
}

/// An operation of a bank terminal whose document is not registered. The amount is in minor units.
fn card_payment(card: &CardOperation) -> JsonValue {
    object! {
        "id" => card.id,
        "device_id" => card.device,
        "terminal" => card.terminal,
        "kind" => card.operation.name(),
        "amount" => card.amount.minor(),
        "state" => card.state.name(),
        "at" => iso_utc(card.asked_ms),
    }
}

fn waiting_document(document: &WaitingDocument) -> JsonValue {
    object! {
        "number" => document.number,
        "id" => document.id,
        "device_id" => document.device,
        "kind" => document.duty.clone(),
        "at" => iso_utc(document.at_ms),
        "answers" => document.attempts,
        "refusal" => document.refusal.clone(),
    }
}

fn lay_aside(
    config: &Config,
    request: &LayAsideArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::of_config(config, Permission::Settle, url.clone(), clock)?;
    let path = format!("/operations/{}/aside", request.id);
    let body = object! {
        "recipient" => request.recipient.clone(),
        "reason" => request.reason.clone(),
        "by" => request.by.clone(),
    };
    match client.post_own(&path, &body.to_string()) {
        Ok(reply) => report(request, &reply, output),
        Err(error) => {
            let again = "send the request again, which is always safe";
            Err(no_answer(&url, error, again))
        }
    }
}

/// Prints the agent's answer, and gives its exit code.
fn report(
    request: &LayAsideArguments,
    reply: &Reply,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    if reply.status == 200 {
        output.json(&reply.body);
        let (id, by) = (request.id, request.by.trim());
        output.text(&if request.recipient == AsideRequest::BANK_TERMINAL {
            format!(
                "the money of request {id} is laid aside, as {by} has decided: the till does not ask for it any more"
            )
        } else {
            format!("document {id} is laid aside, as {by} has decided: it is not sent any more")
        });
        return Ok(Exit::Done);
    }
    let field = |name| reply.body.get(name).map_or("", JsonValue::scalar);
    let code = exit_of(reply.status, field("error"));
    Err(CliFailure::refused_by_agent(
        code,
        field("error"),
        field("message"),
    ))
}
