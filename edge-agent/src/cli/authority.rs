//! `authority`: the authority simulator in a process of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use ferrotill_core::profile::SealPlan;

use super::{CliFailure, CliOutput, Exit, listen, log, runtime, stopped};
use crate::api::origin::with_guarded_switches;
use crate::object;
use crate::simulator::finanz_online::{self, FinanzOnlineSimulator};
use crate::simulator::signature_service::{self, SignatureServiceSimulator};
use crate::simulator::tax_office::{self, Strictness, TaxOfficeSimulator, serve_router};
use crate::time::clock::Clock;

/// The arguments of `authority`.
#[derive(Debug, Args)]
pub struct AuthorityArguments {
    /// The country whose authority is simulated. Where the law has receipts signed it is the web services for cash registers; all other
    /// countries of this build send documents in the same form.
    #[arg(long, default_value = super::demo::COUNTRY_DEFAULT)]
    country: String,
    /// The address on which the simulator listens.
    #[arg(long)]
    listen: SocketAddr,
    /// Refuses every document that breaks a rule of the form.
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(arguments: &AuthorityArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::INFO);
    let facts = super::demo::profile(&arguments.country)?.facts();
    runtime()?.block_on(async {
        let listener = listen(arguments.listen).await?;
        let address = listener.local_addr().map_err(CliFailure::failed)?;
        output.text(&format!("the authority simulator serves http://{address}"));
        output.json(&object! { "ready" => true, "url" => format!("http://{address}") });
        let routes = if facts.seal_plan == SealPlan::Signature {
            let clock = Clock::new(Some(facts.time_zone)).map_err(CliFailure::failed)?;
            let simulator = FinanzOnlineSimulator::new(Arc::new(clock));
            let service = SignatureServiceSimulator::new().map_err(CliFailure::failed)?;
            finanz_online::router(simulator).merge(signature_service::router(service))
        } else {
            let strictness = match arguments.strict {
                true => Strictness::Rules,
                false => Strictness::AnyObject,
            };
            tax_office::router(TaxOfficeSimulator::new(strictness))
        };
        serve_router(listener, with_guarded_switches(routes), stopped()).await;
        Ok(Exit::Done)
    })
}
