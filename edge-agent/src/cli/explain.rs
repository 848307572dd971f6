//! `explain`: what an error type means, and what to do about it.

use clap::Args;

use super::{CliFailure, CliOutput, Exit};
use crate::api::error_types::{ErrorType, all, find, similar};
use crate::api::json::JsonValue;
use crate::object;

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The code, as in `errorType`, in an error of this program, or in the `id` of a problem in /healthz. Any case.
    #[arg(required_unless_present = "all")]
    code: Option<String>,
    /// Explains every code.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(arguments: &ExplainArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let known = match &arguments.code {
        Some(code) => {
            let known = find(code);
            if known.is_empty() {
                return Err(not_known(code));
            }
            known
        }
        None => all(),
    };
    let mut lines = Vec::new();
    for one in &known {
        output.text(&one.to_string());
        lines.push(document(one));
    }
    output.json(&object! { "error_types" => JsonValue::Array(lines) });
    Ok(Exit::Done)
}

fn not_known(code: &str) -> CliFailure {
    let similar = similar(code);
    let advice = if similar.is_empty() {
        "`ferrotill explain --all` lists all codes".to_owned()
    } else {
        format!("similar codes are {}", similar.join(", "))
    };
    CliFailure::new(
        Exit::Usage,
        anyhow::anyhow!("{code} is no error type of this program; {advice}"),
    )
}

fn document(one: &ErrorType) -> JsonValue {
    object! {
        "code" => one.code.clone(),
        "source" => one.source.to_string(),
        "says" => one.says.clone(),
        "fix" => one.fix.clone(),
    }
}
