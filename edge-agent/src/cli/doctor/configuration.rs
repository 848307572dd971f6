//! The checks of the configuration itself: each of its faults and warnings, with its own remedy.

use super::{Finding, Repair};
use crate::agent::check;
use crate::config::{Config, ConfigError, ConfigFault};

pub(super) fn checks(config: &Config) -> Vec<Finding> {
    let mut findings = match check(config) {
        Ok(profile) => {
            let country = profile.facts().code;
            let devices = config.devices.len();
            let mode = config.till.mode;
            let says = format!("{country}, {mode}, devices: {devices}");
            vec![Finding::good(ID, says)]
        }
        Err(error) => of_error(&error),
    };
    findings.extend(warnings(config));
    findings
}

/// A finding for each fault of a configuration, and one for a file that cannot be read.
pub(super) fn of_error(error: &ConfigError) -> Vec<Finding> {
    match error {
        ConfigError::Faulty { faults } => faults.iter().map(|fault| of_fault(ID, fault)).collect(),
        ConfigError::Unreadable { .. } => {
            let text = error.to_string();
            let (says, fix) = text
                .split_once("; ")
                .unwrap_or((&text, "look at the file and at the disk"));
            let finding = Finding::bad(ID, says, fix);
            vec![match error.is_denied() {
                true => finding.on_permission(),
                false => finding,
            }]
        }
    }
}

fn warnings(config: &Config) -> Vec<Finding> {
    let id = "configuration_warnings";
    if config.warnings.is_empty() {
        return vec![Finding::good(id, "no warning")];
    }
    let warnings = config.warnings.iter();
    warnings.map(|warning| of_fault(id, warning)).collect()
}

fn of_fault(id: &'static str, fault: &ConfigFault) -> Finding {
    let place = match fault.key.as_str() {
        "" => fault.place.to_string(),
        key => format!("{}: {key}", fault.place),
    };
    let finding = Finding::bad(id, format!("{place}: {}", fault.what), fault.remedy.clone());
    let finding = match &fault.open_to_others {
        Some(path) => finding.with_repair(Repair::Mode(path.clone(), 0o600)),
        None => finding,
    };
    match fault.is_denied {
        true => finding.on_permission(),
        false => finding,
    }
}

const ID: &str = "configuration";
