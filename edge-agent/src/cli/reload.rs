//! A reload of the configuration while the service runs: SIGHUP. The whole configuration is checked first; a faulty one changes nothing.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::agent::{Agent, check};
use crate::config::{Config, ConfigError, ExplainedConfig, Overrides, WrittenKeys};

/// Where the configuration of the service comes from, and what it has written.
pub(super) struct ReloadSource {
    pub(super) file: PathBuf,
    pub(super) overrides: Overrides,
    pub(super) written: WrittenKeys,
}

/// The signals that ask for a reload. From now on SIGHUP does not end the program, so the service calls this before it begins its start.
///
/// `None` in a terminal: there SIGHUP says that the terminal is closed, and ends the program as it ends any other.
pub(super) fn signals() -> Option<Signal> {
    if std::io::stdout().is_terminal() {
        return None;
    }
    signal(SignalKind::hangup()).ok()
}

/// Reloads the configuration at each signal, until the future is dropped.
pub(super) async fn at_each_signal(
    signals: Option<Signal>,
    agent: &Agent,
    mut source: ReloadSource,
) {
    let Some(mut hangups) = signals else {
        return std::future::pending().await;
    };
    while hangups.recv().await.is_some() {
        let (file, overrides) = (source.file.clone(), source.overrides.clone());
        let reading = tokio::task::spawn_blocking(move || read(&file, &overrides)).await;
        match reading {
            Ok(Ok(explained)) => take_over(agent, &mut source.written, &explained),
            Ok(Err(error)) => refuse(&error),
            Err(error) => {
                tracing::error!(
                    event = "reload",
                    "the configuration cannot be read: {error}"
                );
            }
        }
    }
    std::future::pending().await
}

fn read(file: &std::path::Path, overrides: &Overrides) -> Result<ExplainedConfig, ConfigError> {
    let explained = Config::explain(file, overrides, std::env::vars_os())?;
    check(&explained.config)?;
    Ok(explained)
}

fn take_over(agent: &Agent, written: &mut WrittenKeys, explained: &ExplainedConfig) {
    for warning in &explained.config.warnings {
        tracing::warn!("{warning}");
    }
    let changes = written.changes(&explained.keys);
    let taken = agent.reload(&explained.config);
    let mut needs_restart = Vec::new();
    for change in &changes {
        let key = change.path.as_str();
        if change.is_reloadable && taken.is_complete {
            tracing::info!(
                event = "reload",
                key,
                "the new value of a key is taken over"
            );
        } else {
            tracing::warn!(
                event = "reload",
                key,
                "the new value of a key needs a restart: systemctl restart ferrotill"
            );
            needs_restart.push(change.path.clone());
        }
    }
    if taken.has_new_callers && !changes.iter().any(|it| it.is_reloadable) {
        // A file of a secret has another content, and the configuration the same names.
        tracing::info!(
            event = "reload",
            key = "api.clients",
            "new secrets of callers are taken over"
        );
    } else if changes.is_empty() {
        tracing::info!(
            event = "reload",
            "the configuration is read again, and no value has changed"
        );
    }
    if taken.is_complete {
        written.take_over(&explained.keys);
    }
    let service = agent.service();
    if needs_restart.is_empty() {
        *service.settings.digest.lock() = explained.config.digest;
    }
    service.live_status.restart_needed_for(needs_restart);
}

fn refuse(error: &ConfigError) {
    match error {
        ConfigError::Faulty { faults } => {
            for fault in faults {
                tracing::error!(
                    event = "reload",
                    "the configuration has a fault, and nothing is changed: {fault}"
                );
            }
        }
        unreadable @ ConfigError::Unreadable { .. } => {
            tracing::error!(event = "reload", "nothing is changed: {unreadable}");
        }
    }
}
