//! `verify`: the books against themselves, beside a running agent.

use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::{CliFailure, Exit, Voice, default_config, log};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::authority::remedy::remedy_of;
use crate::config::{Config, Overrides};
use crate::object;
use crate::time::clock::iso_utc;
use ferrotill_store::verify::{Flaw, Refused, Verified, VerifyRange, Wanted, verify};
use ferrotill_store::{FILE_NAME, ReconciliationFigure, StoreError, ZReconciliation};

/// What `verify` takes.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// Looks for the books here instead of in the configured folder.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Tells of the journal from this row on.
    #[arg(long)]
    from: Option<i64>,
    /// Tells of the journal up to this row.
    #[arg(long)]
    to: Option<i64>,
}

pub(super) fn run(arguments: &VerifyArguments, voice: Voice) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: None,
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let profile = check(&config)?;
    let range = VerifyRange {
        first: arguments.from.unwrap_or(i64::MIN),
        last: arguments.to.unwrap_or(i64::MAX),
    };
    if range.first > range.last {
        let words = anyhow!("--from is behind --to; give a range such as --from 1 --to 100");
        return Err(CliFailure::new(Exit::Usage, words));
    }
    let folder = &config.till.data_dir;
    if !folder.join(FILE_NAME).is_file() {
        let words = anyhow!(
            "there are no books in {}; check till.data_dir, or start the till once",
            folder.display()
        );
        return Err(CliFailure::failed(words));
    }
    let devices: Vec<_> = config.devices.iter().map(|device| device.id).collect();
    let verified = verify(&Wanted {
        folder,
        profile,
        devices: &devices,
        range,
    })
    .map_err(|error| unreadable(error, voice))?;
    if voice.json {
        voice.json(&document(&verified));
    } else {
        tell(&verified, voice);
    }
    Ok(if verified.flaws.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Books that cannot be read at all are told as one fault, so that a program gets its one document here, too.
fn unreadable(error: StoreError, voice: Voice) -> CliFailure {
    let code = match &error {
        StoreError::Key { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            Exit::Permission
        }
        _ => Exit::Failed,
    };
    let error = anyhow::Error::new(error);
    let fault = object! {
        "code" => "books_unreadable",
        "place" => "the database",
        "message" => format!("{error:#}"),
        "remedy" => "copy the data folder away, check the disk and its permissions, and restore the newest backup",
    };
    voice.json(&object! { "ok" => false, "faults" => JsonValue::Array(vec![fault]) });
    CliFailure::new(code, error)
}

fn tell(verified: &Verified, voice: Voice) {
    let anchored = match verified.anchored {
        Some(row) => format!("anchored at row {row}"),
        None => "not anchored yet".to_owned(),
    };
    voice.say(&format!(
        "{} rows, {} documents, {} Z-reports; {anchored}; {} documents wait for the tax office",
        verified.rows,
        verified.documents,
        verified.reconciliations.len(),
        verified.unsent
    ));
    if verified.declared > 0 {
        voice.say(&format!(
            "{} documents rest on a person's word; `/operations/{{id}}` names the person",
            verified.declared
        ));
    }
    for account in &verified.reconciliations {
        voice.say(&format!(
            "Z-report {} of device {}: {}{}",
            account.z_number,
            account.device,
            if account.agrees() {
                "reconciles"
            } else {
                "DOES NOT reconcile"
            },
            match account.unacknowledged {
                0 => ", acknowledged by the tax office".to_owned(),
                waiting => format!(", {waiting} documents not acknowledged yet"),
            }
        ));
    }
    for refused in &verified.refused {
        voice.say(&format!(
            "the tax office refuses document {} ({}, {}): {}\n  what to do: {}",
            refused.number,
            refused.duty,
            refused.id,
            refused.words,
            remedy_of(&refused.words).advice
        ));
    }
    for flaw in &verified.flaws {
        voice.say(&format!(
            "FAULT {}: {}\n  what to do: {}",
            flaw.place(),
            flaw,
            flaw.remedy()
        ));
    }
    if verified.more_flaws > 0 {
        voice.say(&format!("and {} more faults", verified.more_flaws));
    }
    if verified.flaws.is_empty() {
        voice.say("the books are in order");
    } else {
        voice.say("the books are NOT in order");
    }
}

fn document(verified: &Verified) -> JsonValue {
    object! {
        "ok" => verified.flaws.is_empty(),
        "rows" => verified.rows,
        "head" => verified.head,
        "documents" => verified.documents,
        "declared" => verified.declared,
        "devices" => JsonValue::Array(verified.devices.iter().map(|id| JsonValue::from(*id)).collect()),
        "unsent" => verified.unsent,
        "refused" => JsonValue::Array(verified.refused.iter().map(refused).collect()),
        "anchored" => verified.anchored,
        "z_reports" => JsonValue::Array(verified.reconciliations.iter().map(account).collect()),
        "faults" => JsonValue::Array(verified.flaws.iter().map(fault).collect()),
        "more_faults" => verified.more_flaws,
    }
}

fn refused(refused: &Refused) -> JsonValue {
    let known = remedy_of(&refused.words);
    object! {
        "number" => refused.number,
        "id" => refused.id,
        "kind" => refused.duty.clone(),
        "message" => refused.words.clone(),
        "remedy" => known.remedy.to_string(),
        "advice" => known.advice,
    }
}

fn fault(flaw: &Flaw) -> JsonValue {
    object! {
        "code" => flaw.code(),
        "place" => flaw.place(),
        "message" => flaw.to_string(),
        "remedy" => flaw.remedy(),
    }
}

fn account(account: &ZReconciliation) -> JsonValue {
    object! {
        "device_id" => account.device,
        "z_number" => account.z_number,
        "agrees" => account.agrees(),
        "unacknowledged" => account.unacknowledged,
        "acknowledged_at" => account.acknowledged_at.map(iso_utc),
        "figures" => JsonValue::Array(account.figures.iter().map(figure).collect()),
    }
}

/// Counts, or money in minor units.
fn figure(figure: &ReconciliationFigure) -> JsonValue {
    let documents = figure
        .suspects
        .iter()
        .map(|(number, id)| object! { "number" => *number, "id" => *id });
    object! {
        "subject" => figure.subject.clone(),
        "agrees" => figure.agrees(),
        "documents" => figure.documents,
        "report" => figure.report,
        "printer" => figure.printer,
        "office" => figure.authority,
        "in_question" => JsonValue::Array(documents.collect()),
    }
}
