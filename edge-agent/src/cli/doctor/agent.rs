//! The checks of the running agent, and of what it says of printers, clock and documents.

use std::net::TcpListener;
use std::sync::Arc;

use super::{Finding, Subject};
use crate::api::json::JsonValue;
use crate::api::readiness::parts_of_health;
use crate::cli::Exit;
use crate::cli::client::{Client, no_answer, url_of};
use crate::cli::shop_clock;
use crate::config::{Config, Permission};
use crate::time::clock::Clock;

/// The checks, and whether an agent runs.
pub(super) fn checks(config: &Config) -> (bool, Vec<Finding>) {
    let url = url_of(config.api.listen);
    let clock = shop_clock(config).map(Arc::new).ok();
    let client = clock.and_then(|clock| {
        let clock_of_client = Arc::clone(&clock);
        let client = Client::of_config(config, Permission::Sell, url.clone(), clock_of_client);
        Some((client.ok()?.hurried(), clock))
    });
    let Some((client, clock)) = client else {
        let says = "no client may sell, so the agent cannot be asked";
        let fix = "write the permission \"sell\" into one of [[api.clients]]";
        return (false, vec![Finding::bad("agent", says, fix)]);
    };
    let health = match client.look("/healthz") {
        Ok(reply) => reply.body,
        Err(error) => return (false, not_running(config, &url, error)),
    };
    let mut findings = vec![Finding::good("agent", format!("answers at {url}"))];
    findings.push(ready(&client));
    findings.push(same_configuration(&client, &health, config));
    findings.extend(problems(&health, config, &clock));
    (true, findings)
}

fn not_running(config: &Config, url: &str, error: anyhow::Error) -> Vec<Finding> {
    let failure = no_answer(url, error, "ask again");
    if failure.code != Exit::NotRunning {
        return vec![Finding::bad(
            "agent",
            format!("the program that answers at {url} is no agent"),
            "end that program, or write another port into api.listen",
        )];
    }
    let mut findings = vec![Finding::bad(
        "agent",
        format!("no agent runs at {url}"),
        "start it: systemctl start ferrotill, or ferrotill run",
    )];
    findings.push(match TcpListener::bind(config.api.listen) {
        Ok(_) => Finding::good("listen_address", format!("{} is free", config.api.listen)),
        Err(error) => Finding::bad(
            "listen_address",
            format!("the agent cannot listen at {}: {error}", config.api.listen),
            "write an address of this machine and a free port above 1023 into api.listen",
        ),
    });
    findings
}

fn ready(client: &Client) -> Finding {
    match client.line("/readyz") {
        Ok((200, _)) => Finding::good("agent_ready", "the journal can be written"),
        Ok((_, reason)) => Finding::bad(
            "agent_ready",
            format!("no sale can be written: {reason}"),
            "look at the checks of the data folder and the disk",
        ),
        Err(error) => Finding::bad(
            "agent_ready",
            format!("the agent does not say whether it is ready: {error}"),
            "restart it: systemctl restart ferrotill",
        ),
    }
}

/// An agent that runs with another configuration than that of the file. A secret that differs is seen by a call that needs it.
fn same_configuration(client: &Client, health: &JsonValue, config: &Config) -> Finding {
    let id = "agent_configuration";
    let in_force = health.get("configuration").map_or("", JsonValue::scalar);
    if in_force.is_empty() {
        let says = "the running agent is of another version and does not say with which configuration it runs";
        return Finding::bad(id, says, RESTART);
    }
    if in_force != config.digest.to_string() {
        let says = "the agent runs with another configuration than this one: the file was changed after its start, or the service has flags or FERROTILL_ variables of its own";
        return Finding::bad(id, says, RESTART);
    }
    match client.get("devices") {
        Ok(reply) if !matches!(reply.status, 401 | 403) => {
            Finding::good(id, "the agent runs with this configuration")
        }
        Ok(reply) => {
            let why = reply.body.get("message").map_or("", JsonValue::scalar);
            let says = format!("the running agent refuses the client of the file: {why}");
            Finding::bad(id, says, RESTART)
        }
        Err(error) => Finding::bad(id, format!("the agent does not answer: {error}"), RESTART),
    }
}

/// What to do about a running configuration that is not the one of the file.
const RESTART: &str = "restart the service to take the configuration over: systemctl restart ferrotill; or give this command the configuration that the service runs with";

/// A check for each part of the till, as `/healthz` says it.
fn problems(health: &JsonValue, config: &Config, shop_clock: &Clock) -> Vec<Finding> {
    parts_of_health(health, &config.devices, shop_clock)
        .into_iter()
        .map(|part| {
            let subject = match part.part {
                "printer" => Subject::Printer,
                _ => Subject::Other,
            };
            let id = match part.part {
                "printer" => "printer_health",
                "store" => "store_health",
                "office" => "office_health",
                "clock" => "clock_health",
                "shift" => "shift_health",
                other => other,
            };
            let finding = match part.fix {
                Some(fix) => Finding::bad(id, part.says, fix),
                None => Finding::good(id, part.says),
            };
            Finding { subject, ..finding }
        })
        .collect()
}
