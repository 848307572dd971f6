//! The checks of the configuration, its files and the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ferrotill_core::profile::SealPlan;

use super::{Finding, Repair, configuration};
use crate::agent::check;
use crate::config::{Config, ExplainedConfig, Permission, ShownValue};
use crate::time::clock::{iso_utc, system_ms, zone_of};

pub(super) fn checks(file: &Path, explained: &ExplainedConfig) -> Vec<Finding> {
    let config = &explained.config;
    let mut findings = configuration::checks(config);
    findings.extend([
        private_configuration(file),
        private_secrets(explained),
        time_zone(config),
        machine_clock(),
        permissions(config),
        owner(config),
        ranges(config),
        data_on_memory(config),
    ]);
    findings
}

/// A configuration with a secret in it is for its owner and the group of the service only.
pub(super) fn private_configuration(file: &Path) -> Finding {
    let id = "configuration_private";
    let has_secret = fs::read_to_string(file).is_ok_and(|text| {
        let mut lines = text.lines().map(str::trim_start);
        lines.any(|line| line.starts_with("secret =") || line.starts_with("secret="))
    });
    match mode_of(file) {
        Some(mode) if has_secret && mode & 0o007 != 0 => Finding::bad(
            id,
            format!("every user may read {}, which has a secret", file.display()),
            format!("give it the mode 0640: chmod 0640 {}", file.display()),
        )
        .with_repair(Repair::Mode(file.to_owned(), mode & 0o770)),
        _ => Finding::good(id, "no secret in it is readable for every user"),
    }
}

fn private_secrets(explained: &ExplainedConfig) -> Finding {
    let id = "secrets_private";
    let files = explained.keys.iter().filter_map(|key| {
        let name = key.path.rsplit('.').next()?;
        let is_secret = name.ends_with("secret_file") || name == "pin_file" || name == "key_file";
        match &key.value {
            ShownValue::Text(path) if is_secret => Some(PathBuf::from(path)),
            _ => None,
        }
    });
    let mut count = 0_usize;
    for path in files {
        count = count.saturating_add(1);
        if let Some(mode) = mode_of(&path).filter(|mode| mode & 0o077 != 0) {
            return Finding::bad(
                id,
                format!(
                    "other users may read the secret in {} (mode {mode:04o})",
                    path.display()
                ),
                format!("give it the mode 0600: chmod 0600 {}", path.display()),
            )
            .with_repair(Repair::Mode(path, 0o600));
        }
    }
    Finding::good(id, format!("files with secrets: {count}"))
}

fn mode_of(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    Some(metadata.permissions().mode() & 0o7777)
}

fn time_zone(config: &Config) -> Finding {
    let id = "time_zone";
    let of_law = check(config).ok().map(|profile| profile.facts().time_zone);
    let zone = config.till.time_zone.as_deref().or(of_law).unwrap_or("UTC");
    match zone_of(zone) {
        Ok(_) => Finding::good(id, zone),
        Err(_) => Finding::bad(
            id,
            format!("the time zone {zone:?} is not known"),
            "write a name of the IANA database, such as Europe/Chisinau, into till.time_zone",
        ),
    }
}

/// A machine without a battery clock begins in the past.
pub(super) fn machine_clock() -> Finding {
    let id = "machine_clock";
    let now = system_ms();
    if now < EARLIEST_MS {
        return Finding::bad(
            id,
            format!("the machine's clock shows {}", iso_utc(now)),
            "connect the network, so that the machine sets its clock, or set it with `date -s`",
        );
    }
    Finding::good(id, iso_utc(now))
}

/// 1 January 2026: before the first release of this program.
const EARLIEST_MS: i64 = 1_767_225_600_000;

fn permissions(config: &Config) -> Finding {
    let id = "client_permissions";
    let needed = [
        Permission::Sell,
        Permission::Return,
        Permission::Report,
        Permission::Settle,
    ];
    let has = |needed: &Permission| {
        let mut clients = config.api.clients.iter();
        clients.any(|client| client.permissions.contains(needed))
    };
    match needed.iter().find(|permission| !has(permission)) {
        None => Finding::good(id, "every task has a client that may do it"),
        Some(missing) => Finding::bad(
            id,
            format!("no client has the permission {:?}", missing.name()),
            "write it into the permissions of one of [[api.clients]]",
        ),
    }
}

fn owner(config: &Config) -> Finding {
    let id = "owner";
    let owner = &config.till.owner;
    match (&owner.organization_name, &owner.idnx) {
        (Some(name), Some(number)) => Finding::good(id, format!("{name}, {number}")),
        _ => Finding::bad(
            id,
            "the papers have no name or no tax number of the shop",
            "write organization_name and idnx into [till]",
        ),
    }
}

fn ranges(config: &Config) -> Finding {
    let id = "alternative_ranges";
    let without = config.devices.iter().find(|device| {
        device.use_alternative_receipts && device.alternative_receipts_ranges.is_empty()
    });
    let by_printer =
        check(config).is_ok_and(|profile| profile.facts().seal_plan == SealPlan::Printer);
    match without.filter(|_| by_printer) {
        None => Finding::good(
            id,
            "each device that sells alternative receipts has a range",
        ),
        Some(device) => Finding::bad(
            id,
            format!(
                "{} sells alternative receipts and has no range of numbers",
                device.name
            ),
            "write alternative_receipts_ranges, or use_alternative_receipts = false",
        ),
    }
}

/// A data folder in memory is lost with the power.
fn data_on_memory(config: &Config) -> Finding {
    let id = "data_folder_disk";
    let folder = std::path::absolute(&config.till.data_dir).unwrap_or_default();
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let of_folder = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?, words.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    match of_folder.max_by_key(|(length, _)| *length) {
        Some((_, kind @ ("tmpfs" | "ramfs"))) => Finding::bad(
            id,
            format!(
                "{} is in memory ({kind}) and is lost with the power",
                folder.display()
            ),
            "set till.data_dir to a folder on a disk",
        ),
        Some((_, kind)) => Finding::good(id, format!("{} is on {kind}", folder.display())),
        None => Finding::good(id, "the kind of the disk is not known"),
    }
}
