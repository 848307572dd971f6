//! `fiscalbox`: what a person does about FiscalBox.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::authority::billing::{Billing, BillingFault};
use crate::config::{Config, Overrides};
use crate::object;

/// The arguments of `fiscalbox`.
#[derive(Debug, Args)]
pub struct FiscalBoxArguments {
    #[command(subcommand)]
    task: Task,
    /// The configuration file.
    #[arg(long, global = true, default_value_os_t = default_config())]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// The billing of FiscalBox.
    Billing {
        #[command(subcommand)]
        task: BillingTask,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum BillingTask {
    /// Asks the billing for another token, and keeps it in the data folder. A running till uses it from its next question on.
    Rotate,
}

pub(super) fn run(arguments: &FiscalBoxArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let config = Config::load(&arguments.config, &Overrides::default())?;
    let Task::Billing {
        task: BillingTask::Rotate,
    } = arguments.task;
    let Some(billing) = config.fiscalbox.billing else {
        let text = "[fiscalbox.billing]: is missing; add user and password_file of the billing";
        return Err(CliFailure::new(Exit::Configuration, anyhow!("{text}")));
    };
    let url = billing.url.clone();
    let billing = Billing::new(billing, &config.till.data_dir);
    billing.rotate().map_err(|fault| {
        let code = match fault {
            BillingFault::WrongCredentials(_) => Exit::Configuration,
            _ => Exit::Failed,
        };
        CliFailure::new(code, anyhow!("{fault}"))
    })?;
    output.json(&object! { "rotated" => true, "url" => url.as_str() });
    output.text(&format!(
        "the till has another token of the billing at {url}"
    ));
    Ok(Exit::Done)
}
