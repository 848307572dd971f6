//! `authority`: a stand-alone stand-in for the tax office's server.

use std::net::SocketAddr;

use clap::Args;

use super::{CliFailure, Exit, Voice, listen, log, runtime, stopped};
use crate::object;
use crate::simulator::tax_office::{Strictness, TaxOfficeSimulator, serve};

/// What `authority` takes.
#[derive(Debug, Args)]
pub struct AuthorityArguments {
    /// Whose office it stands in for; all countries of this build post the same form.
    #[arg(long, default_value = super::demo::COUNTRY_DEFAULT)]
    country: String,
    /// Where it listens.
    #[arg(long)]
    listen: SocketAddr,
    /// Holds every document to the rules of the form, as a real office does.
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(arguments: &AuthorityArguments, voice: Voice) -> Result<Exit, CliFailure> {
    log(tracing::Level::INFO);
    super::demo::profile(&arguments.country)?;
    runtime()?.block_on(async {
        let listener = listen(arguments.listen).await?;
        let address = listener.local_addr().map_err(CliFailure::failed)?;
        voice.say(&format!(
            "the stand-in for the tax office serves http://{address}"
        ));
        voice.json(&object! { "ready" => true, "url" => format!("http://{address}") });
        let strictness = if arguments.strict {
            Strictness::Rules
        } else {
            Strictness::AnyObject
        };
        serve(listener, TaxOfficeSimulator::new(strictness), stopped()).await;
        Ok(Exit::Done)
    })
}
