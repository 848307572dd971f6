//! `rksv null`, `rksv close` and `rksv checked`: what a person orders of a register, through the running agent. `rksv backup` notes its
//! copies the same way, or in the journal itself if no agent runs.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use ferrotill_core::event::ProtocolBackedUp;
use ferrotill_store::{Founding, Store};
use uuid::Uuid;

use super::export::{CashBoxOfTill, FolderArguments, chosen, open};
use crate::agent::{check, lock_folder};
use crate::api::json::JsonValue;
use crate::cli::client::{Client, exit_of, no_answer, url_of};
use crate::cli::{CliFailure, CliOutput, Exit, shop_clock};
use crate::config::{Config, Permission};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `rksv null`.
#[derive(Debug, Args)]
pub(super) struct RksvNullArguments {
    #[command(flatten)]
    register: RegisterArguments,
}

/// The arguments of `rksv close`.
#[derive(Debug, Args)]
pub(super) struct RksvCloseArguments {
    #[command(flatten)]
    register: RegisterArguments,
    /// Closes the cash box without a question.
    #[arg(long)]
    yes: bool,
}

/// The arguments of `rksv checked`.
#[derive(Debug, Args)]
pub(super) struct RksvCheckedArguments {
    /// The id of the receipt.
    receipt: String,
    /// The name of the person; it is stored in the journal and never deleted.
    #[arg(long)]
    by: String,
    #[command(flatten)]
    register: RegisterArguments,
}

#[derive(Debug, Args)]
struct RegisterArguments {
    /// The id of the cash box or of its device; needed if the till has several.
    #[arg(long, value_name = "ID")]
    register: Option<String>,
    #[command(flatten)]
    folder: FolderArguments,
}

pub(super) fn null(arguments: &RksvNullArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let (config, cash_box) = register_of(&arguments.register)?;
    let made = order(
        &config,
        cash_box.device,
        &object! { "order" => "null_receipt" },
    )?;
    report_receipt(&made, output);
    Ok(Exit::Done)
}

pub(super) fn close(arguments: &RksvCloseArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let (config, cash_box) = register_of(&arguments.register)?;
    if !arguments.yes {
        confirm(&cash_box, output)?;
    }
    let made = order(
        &config,
        cash_box.device,
        &object! { "order" => "closing_receipt" },
    )?;
    report_receipt(&made, output);
    output.text(&format!(
        "the cash box {} is out of use for ever; copy its protocol with `ferrotill rksv backup`, and report the end of the cash box to the tax authority, unless the till does that with [finanzonline]",
        cash_box.id
    ));
    Ok(Exit::Done)
}

pub(super) fn checked(
    arguments: &RksvCheckedArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let (config, cash_box) = register_of(&arguments.register)?;
    let wanted = object! {
        "order" => "receipt_checked",
        "receipt" => arguments.receipt.clone(),
        "by" => arguments.by.clone(),
    };
    let answer = order(&config, cash_box.device, &wanted)?;
    output.json(&answer);
    output.text(&format!(
        "{} has had the receipt {} of cash box {} checked",
        arguments.by.trim(),
        arguments.receipt,
        cash_box.id
    ));
    Ok(Exit::Done)
}

/// Asks the person at the terminal to write the id of the cash box.
fn confirm(cash_box: &CashBoxOfTill, output: CliOutput) -> Result<(), CliFailure> {
    let id = &cash_box.id;
    let refused = |why: &str| {
        let text = anyhow!(
            "{why}: the cash box {id} stays in use; write its id when you are asked, or give --yes"
        );
        CliFailure::new(Exit::Usage, text)
    };
    if !io::stdin().is_terminal() || output.json {
        return Err(refused("there is no terminal to ask at"));
    }
    output.text(&format!(
        "the closing receipt takes the cash box {id} out of use for ever: nothing can be sold with it afterwards"
    ));
    output.text(&format!("write {id} to close it:"));
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    match read {
        Ok(_) if line.trim() == id => Ok(()),
        _ => Err(refused("another text was written")),
    }
}

fn report_receipt(made: &JsonValue, output: CliOutput) {
    output.json(made);
    let field = |name| made.get(name).map_or("", JsonValue::scalar).to_owned();
    let signed = match made.get("signed") {
        Some(JsonValue::Bool(true)) => "signed",
        _ => "without a signature, because no signature unit works",
    };
    output.text(&format!(
        "{} {} of cash box {} at {}, {signed}",
        field("kind"),
        field("receipt"),
        field("cash_box"),
        field("at")
    ));
    output.text(&field("qr"));
}

/// The configuration, and the cash box that is meant.
fn register_of(arguments: &RegisterArguments) -> Result<(Config, CashBoxOfTill), CliFailure> {
    let (config, reader) = open(&arguments.folder)?;
    let cash_box = chosen(&config, &reader, arguments.register.as_deref())?;
    Ok((config, cash_box))
}

/// Sends an order to the running agent.
pub(super) fn order(
    config: &Config,
    device: Uuid,
    wanted: &JsonValue,
) -> Result<JsonValue, CliFailure> {
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::of_config(config, Permission::Settings, url.clone(), clock)?;
    let path = format!("/registers/{device}");
    let reply = client
        .post_own(&path, &wanted.to_string())
        .map_err(|error| {
            let again = "look into the protocol before you order another receipt";
            no_answer(&url, error, again)
        })?;
    if reply.status == 200 {
        return Ok(reply.body);
    }
    let field = |name| reply.body.get(name).map_or("", JsonValue::scalar);
    let code = exit_of(reply.status, field("error"));
    Err(CliFailure::refused_by_agent(
        code,
        field("error"),
        field("message"),
    ))
}

/// A copy of the protocol of a cash box.
pub(super) struct ProtocolCopy {
    pub(super) device: Uuid,
    pub(super) receipts: u64,
    /// In hexadecimal digits.
    pub(super) sha256: String,
}

/// Notes copies in the journal: through the running agent, or directly if none runs.
pub(super) fn note_copies(config: &Config, copies: &[ProtocolCopy]) -> Result<(), CliFailure> {
    for copy in copies {
        let wanted = object! {
            "order" => "backup_made",
            "receipts" => copy.receipts,
            "sha256" => copy.sha256.clone(),
        };
        match order(config, copy.device, &wanted) {
            Ok(_) => {}
            Err(failure) if failure.code == Exit::NotRunning => {
                return note_directly(config, copies);
            }
            Err(failure) => return Err(failure.after(NOT_NOTED)),
        }
    }
    Ok(())
}

const NOT_NOTED: &str = "the copies are made, and the journal does not have them, so that the till will ask for them again";

fn note_directly(config: &Config, copies: &[ProtocolCopy]) -> Result<(), CliFailure> {
    let profile = check(config)?;
    let folder: &Path = &config.till.data_dir;
    let now = shop_clock(config)?.now();
    let noted = lock_folder(folder)
        .map_err(anyhow::Error::from)
        .and_then(|_lock| {
            let founding = Founding::new(profile.facts(), config.till.mode, now);
            let mut store = Store::open(folder, &founding)?;
            for copy in copies {
                let backup = ProtocolBackedUp {
                    at: now,
                    receipts: copy.receipts,
                    sha256: bytes_of(&copy.sha256),
                };
                store.note_protocol_backup(copy.device, backup)?;
            }
            Ok(())
        });
    noted.map_err(|error| CliFailure::failed(error.context(NOT_NOTED)))
}

/// The bytes of hexadecimal digits that this program has written.
fn bytes_of(sha256: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(sha256.as_bytes().chunks(2)) {
        let text = std::str::from_utf8(pair).unwrap_or_default();
        *byte = u8::from_str_radix(text, 16).unwrap_or_default();
    }
    bytes
}
