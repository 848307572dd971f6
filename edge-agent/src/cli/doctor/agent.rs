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
    findings.push(same_configuration(&client, config));
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

/// An agent that runs with another file refuses the client of this one.
fn same_configuration(client: &Client, config: &Config) -> Finding {
    let id = "agent_configuration";
    let fix = "restart the agent, or give the configuration that it runs with";
    match client.get("devices") {
        Ok(reply) if reply.status == 200 => {
            let known = reply.body.to_string();
            let missing = config
                .devices
                .iter()
                .find(|device| !known.contains(&device.id.to_string()));
            match missing {
                None => Finding::good(id, "the agent runs with this configuration"),
                Some(device) => {
                    let says =
                        format!("the running agent does not know the device {}", device.name);
                    Finding::bad(id, says, fix)
                }
            }
        }
        Ok(reply) => {
            let why = reply.body.get("message").map_or("", JsonValue::scalar);
            Finding::bad(
                id,
                format!("the running agent refuses the client of the file: {why}"),
                fix,
            )
        }
        Err(error) => Finding::bad(id, format!("the agent does not answer: {error}"), fix),
    }
}

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
