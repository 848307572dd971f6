//! The bank terminals of a configuration. A TEST till has a simulated bank; a LIVE till has none.

use std::path::Path;
use std::sync::Arc;

use crate::clerk::ClerkHandle;
use crate::config::{BankTerminal, Config, Mode};
use crate::explanation::{Explanation, why_of};
use crate::payment::simulated::{BANK_FILE, SimulatedBank};
use crate::payment::{TerminalPlan, Terminals};

use super::StartError;

/// The terminals of a configuration, and the bank behind them if they are simulated.
pub(super) fn terminals(
    config: &Config,
    clerk_handle: &ClerkHandle,
) -> Result<(Terminals, Option<Arc<SimulatedBank>>), StartError> {
    // The configuration has no terminals in LIVE, because this build reaches no real one.
    if config.till.mode == Mode::Live {
        return Ok((Terminals::default(), None));
    }
    let folder = &config.till.data_dir;
    let bank = SimulatedBank::in_folder(folder).map_err(|error| unreadable(folder, &error))?;
    let bank = Arc::new(bank);
    let plan = |terminal: &BankTerminal, always_settled| TerminalPlan {
        id: terminal.id,
        name: terminal.name.clone(),
        void_after: terminal.void_after,
        always_settled,
        open: Box::new({
            let (bank, id) = (Arc::clone(&bank), terminal.id);
            move || bank.terminal(id)
        }),
    };
    let plans = match config.bank_terminals.as_slice() {
        [] => {
            // It has no thread until a caller uses it, and is settled only if it was used.
            let stand_in = BankTerminal {
                id: BankTerminal::STAND_IN,
                name: "Terminal (TEST)".to_owned(),
                void_after: BankTerminal::VOID_AFTER,
            };
            vec![plan(&stand_in, !bank.is_empty())]
        }
        configured => configured
            .iter()
            .map(|terminal| plan(terminal, true))
            .collect(),
    };
    Ok((
        Terminals::new(plans, &clerk_handle.terminal_listener()),
        Some(bank),
    ))
}

fn unreadable(folder: &Path, error: &std::io::Error) -> StartError {
    StartError::DataFolder {
        explained: Box::new(Explanation::new(
            "the file of the simulated bank cannot be read",
            folder.join(BANK_FILE).display().to_string(),
            why_of(error),
            "correct its permissions, or remove it; it belongs to a TEST till only",
        )),
        is_denied: error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}
