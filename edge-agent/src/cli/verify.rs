//! `verify`: checks the store against itself. An agent may run meanwhile.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::data_folder::is_denied;
use super::words::{counted, waiting};
use super::{CliFailure, CliOutput, Exit, default_config, log, shop_clock};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::authority::remedy::remedy_of;
use crate::config::{Config, Overrides};
use crate::object;
use crate::time::clock::{Clock, iso_utc};
use ferrotill_store::verify::{Flaw, Refused, Verified, VerifyRange, Wanted, verify};
use ferrotill_store::{AsideDocument, RepeatedNumber};
use ferrotill_store::{ReconciliationFigure, StoreError, ZReconciliation, is_in_use};

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The first journal row on which faults are reported.
    #[arg(long)]
    from: Option<i64>,
    /// The last journal row on which faults are reported.
    #[arg(long)]
    to: Option<i64>,
}

pub(super) fn run(arguments: &VerifyArguments, output: CliOutput) -> Result<Exit, CliFailure> {
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
        let text = anyhow!("--from is larger than --to; give a range such as --from 1 --to 100");
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let folder = &config.till.data_dir;
    if !is_in_use(folder) {
        let text = anyhow!(
            "there is no store in {}; check till.data_dir, or start the till once",
            folder.display()
        );
        let code = if is_denied(folder) {
            Exit::Permission
        } else {
            Exit::Failed
        };
        return Err(CliFailure::new(code, text));
    }
    let devices: Vec<_> = config.devices.iter().map(|device| device.id).collect();
    let verified = verify(&Wanted {
        folder,
        profile,
        mode: config.till.mode,
        devices: &devices,
        range,
    })
    .map_err(|error| unreadable(folder, error))?;
    if output.json {
        output.json(&document(&verified));
    } else {
        report(&verified, &shop_clock(&config)?, output);
    }
    Ok(exit_code(&verified.flaws))
}

/// The exit code of a store that could be read: a folder that is only for another country, currency or mode than the configuration is
/// no fault of the store.
fn exit_code(flaws: &[Flaw]) -> Exit {
    let is_other = |flaw: &Flaw| matches!(flaw, Flaw::FoundedOtherwise { .. });
    match flaws {
        [] => Exit::Done,
        all if all.iter().all(is_other) => Exit::Configuration,
        _ => Exit::Failed,
    }
}

/// A store that cannot be read at all is reported as one fault, so that a program gets one JSON document in this case, too.
fn unreadable(folder: &Path, error: StoreError) -> CliFailure {
    let code = if is_denied(folder) {
        Exit::Permission
    } else {
        Exit::Failed
    };
    let (place, remedy) = match &error {
        StoreError::FileMissing { path, .. } => (
            path.display().to_string(),
            "put the file back from the backup",
        ),
        _ if code == Exit::Permission => (
            folder.display().to_string(),
            "run the command as the user of the till, such as `sudo -u ferrotill ferrotill verify`",
        ),
        _ => (
            "the database".to_owned(),
            "copy the data folder away, check the disk and its permissions, and restore the newest backup",
        ),
    };
    let error = anyhow::Error::new(error);
    let fault = object! {
        "code" => "books_unreadable",
        "place" => place,
        "message" => format!("{error:#}"),
        "remedy" => remedy,
    };
    let document = object! { "ok" => false, "faults" => JsonValue::Array(vec![fault]) };
    CliFailure::new(code, error).with_document(document)
}

fn report(verified: &Verified, shop_clock: &Clock, output: CliOutput) {
    let anchored = match verified.anchored {
        Some(row) => format!("anchored at row {row}"),
        None => "not anchored yet".to_owned(),
    };
    output.text(&format!(
        "{}, {}, {}; {anchored}; {} for the authority",
        counted(verified.rows, "row"),
        counted(verified.documents, "document"),
        counted(verified.reconciliations.len(), "Z-report"),
        waiting(verified.unsent)
    ));
    if verified.declared > 0 {
        let rest = if verified.declared == 1 {
            "rests"
        } else {
            "rest"
        };
        output.text(&format!(
            "{} {rest} on an operator's declaration; `/operations/{{id}}` names the operator",
            counted(verified.declared, "document")
        ));
    }
    for reconciliation in &verified.reconciliations {
        output.text(&format!(
            "Z-report {} of device {}: {}{}",
            reconciliation.z_number,
            reconciliation.device,
            if reconciliation.agrees() {
                "reconciles"
            } else {
                "DOES NOT reconcile"
            },
            match reconciliation.unacknowledged {
                0 => ", acknowledged by the authority".to_owned(),
                waiting => format!(", {waiting} documents not acknowledged yet"),
            }
        ));
    }
    report_documents(verified, shop_clock, output);
    for flaw in &verified.flaws {
        output.text(&format!(
            "FAULT {}: {}\n  what to do: {}",
            flaw.place(),
            flaw,
            flaw.remedy()
        ));
    }
    if verified.more_flaws > 0 {
        output.text(&format!("and {} more faults", verified.more_flaws));
    }
    if verified.flaws.is_empty() {
        output.text("the store is in order");
    } else {
        output.text("the store is NOT in order");
    }
}

/// The documents that are no fault, and that a person must look at.
fn report_documents(verified: &Verified, shop_clock: &Clock, output: CliOutput) {
    for refused in &verified.refused {
        output.text(&format!(
            "the authority refuses document {} ({}, {}): {}\n  what to do: {}",
            refused.number,
            refused.duty,
            refused.id,
            refused.words,
            remedy_of(&refused.words).advice
        ));
    }
    for document in &verified.laid_aside {
        output.text(&aside_line(document, shop_clock));
    }
    for repeated in &verified.repeated_numbers {
        output.text(&format!(
            "two receipts of an older program have the number {}: {} and {}\n  what to do: tell the authority; no receipt gets the number again",
            repeated.printed, repeated.first, repeated.second
        ));
    }
}

/// One line about a document that is not sent, because an operator has laid it aside.
pub(super) fn aside_line(document: &AsideDocument, shop_clock: &Clock) -> String {
    let note = &document.note;
    let at = note.at_ms.map_or_else(String::new, |at_ms| {
        format!(" at {}", shop_clock.shown(at_ms))
    });
    let acknowledged = document.acknowledged_ms.map_or_else(String::new, |at_ms| {
        format!(
            "; the authority has acknowledged it at {}",
            shop_clock.shown(at_ms)
        )
    });
    format!(
        "document {} ({}, {}) is not sent to the authority: {} has laid it aside{at}: {}{acknowledged}",
        document.number, document.duty, document.id, note.by, note.reason
    )
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
        "laid_aside" => JsonValue::Array(verified.laid_aside.iter().map(laid_aside).collect()),
        "repeated_numbers" => JsonValue::Array(verified.repeated_numbers.iter().map(repeated).collect()),
        "anchored" => verified.anchored,
        "z_reports" => JsonValue::Array(verified.reconciliations.iter().map(reconciliation).collect()),
        "faults" => JsonValue::Array(verified.flaws.iter().map(fault).collect()),
        "more_faults" => verified.more_flaws,
    }
}

/// A document that is not sent, because an operator has laid it aside.
pub(super) fn laid_aside(document: &AsideDocument) -> JsonValue {
    object! {
        "number" => document.number,
        "id" => document.id,
        "kind" => document.duty.clone(),
        "at" => document.note.at_ms.map(iso_utc),
        "by" => document.note.by.clone(),
        "reason" => document.note.reason.clone(),
        "refusal" => document.note.refusal.clone(),
        "acknowledged_at" => document.acknowledged_ms.map(iso_utc),
    }
}

fn repeated(repeated: &RepeatedNumber) -> JsonValue {
    object! {
        "printed" => repeated.printed.clone(),
        "first" => repeated.first,
        "second" => repeated.second,
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

fn reconciliation(z: &ZReconciliation) -> JsonValue {
    object! {
        "device_id" => z.device,
        "z_number" => z.z_number,
        "agrees" => z.agrees(),
        "unacknowledged" => z.unacknowledged,
        "acknowledged_at" => z.acknowledged_at.map(iso_utc),
        "laid_aside" => JsonValue::Array(z.laid_aside.iter().map(laid_aside).collect()),
        "figures" => JsonValue::Array(z.figures.iter().map(figure).collect()),
    }
}

/// One figure of a reconciliation: a count, or money in minor units.
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
        "other_printers" => figure.other_printers,
        "in_question" => JsonValue::Array(documents.collect()),
    }
}
