//! `rksv backup`: copies of the protocols (DEP) on another medium, each with its SHA-256, and noted in the journal.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::export::{
    FolderArguments, Wanted, cash_boxes, digest_of, open, write_file, write_protocol,
};
use super::orders::{ProtocolCopy, note_copies};
use super::unopened;
use crate::api::json::JsonValue;
use crate::cli::{CliFailure, CliOutput, Exit};
use crate::object;

/// The arguments of `rksv backup`.
#[derive(Debug, Args)]
pub(super) struct RksvBackupArguments {
    /// The folder for the files, on another medium than the till's.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    folder: FolderArguments,
}

pub(super) fn run(arguments: &RksvBackupArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let (config, reader) = open(&arguments.folder)?;
    let folder = &arguments.out;
    fs::create_dir_all(folder).map_err(|error| unopened(folder, error))?;
    let mut files = Vec::new();
    let mut copies = Vec::new();
    for cash_box in cash_boxes(&config, &reader)? {
        let out = folder.join(format!("dep-{}.json", cash_box.device));
        let wanted = Wanted::default();
        let exported = write_protocol(&reader, cash_box.device, &wanted, &out)?;
        let digest = digest_of(&out).map_err(|error| unopened(&out, error))?;
        let sum = out.with_extension("json.sha256");
        let name = format!("dep-{}.json", cash_box.device);
        write_file(&sum, format!("{digest}  {name}\n").as_bytes(), 0o644)
            .map_err(|error| unopened(&sum, error))?;
        output.text(&format!(
            "{} receipts of cash box {}: {} (SHA-256 {digest})",
            exported.receipts,
            cash_box.id,
            out.display()
        ));
        copies.push(ProtocolCopy {
            device: cash_box.device,
            receipts: exported.receipts,
            sha256: digest.clone(),
        });
        files.push(object! {
            "cash_box" => cash_box.id,
            "receipts" => exported.receipts,
            "dep" => out.display().to_string(),
            "sha256" => digest,
        });
    }
    note_copies(&config, &copies)?;
    output.json(&object! { "files" => JsonValue::Array(files) });
    Ok(Exit::Done)
}
