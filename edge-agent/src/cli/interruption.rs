//! Ctrl-C while a document is ordered: the command says what is known of the document, and ends with the exit code of a signal.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use anyhow::anyhow;
use nix::sys::signal::{SigSet, Signal};
use uuid::Uuid;

use super::{CliFailure, CliOutput, Exit};

/// Waits for SIGINT and SIGTERM beside the command.
pub(super) struct Interruption {
    is_sealed: Arc<AtomicBool>,
    /// Who says what became of the command: one of the numbers below.
    teller: Arc<AtomicU8>,
}

/// The outcome is not told yet.
const NOT_TOLD: u8 = 0;
/// The command tells its outcome.
const COMMAND: u8 = 1;
/// A signal has ended the command, which tells that.
const SIGNAL: u8 = 2;

impl Interruption {
    /// Watches for signals from now on. Without a thread for it, a signal ends the command as it ends any other program.
    pub(super) fn watch(id: Uuid, output: CliOutput) -> Self {
        let watched = Self {
            is_sealed: Arc::default(),
            teller: Arc::default(),
        };
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        if signals.thread_block().is_err() {
            return watched;
        }
        let (is_sealed, teller) = (Arc::clone(&watched.is_sealed), Arc::clone(&watched.teller));
        let waits = move || {
            let told = signals.wait().map(|_| take(&teller, SIGNAL));
            if told.is_ok_and(|told| told == Ok(NOT_TOLD)) {
                interrupted(id, is_sealed.load(Ordering::SeqCst)).print(output.json);
                std::process::exit(Exit::Interrupted.number().into());
            }
        };
        let spawned = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(waits);
        if spawned.is_err() {
            // A signal that is not blocked ends the command.
            let _ = signals.thread_unblock();
        }
        watched
    }

    /// The document is sealed; what follows is only the wait for the authority.
    pub(super) fn sealed(&self) {
        self.is_sealed.store(true, Ordering::SeqCst);
    }

    /// The command tells its outcome from here on, and a signal does not end it any more. It does not return if a signal has ended the
    /// command.
    pub(super) fn over(&self) {
        while take(&self.teller, COMMAND) == Err(SIGNAL) {
            std::thread::park();
        }
    }
}

/// Takes the right to tell what became of the command.
fn take(teller: &AtomicU8, who: u8) -> Result<u8, u8> {
    teller.compare_exchange(NOT_TOLD, who, Ordering::SeqCst, Ordering::SeqCst)
}

fn interrupted(id: Uuid, is_sealed: bool) -> CliFailure {
    let text = if is_sealed {
        anyhow!(
            "the command was interrupted while it waited for the authority; the document {id} is sealed, and the till goes on sending it by itself"
        )
    } else {
        anyhow!(
            "the command was interrupted before it had the outcome; repeat it with --id {id}, which is always safe"
        )
    };
    CliFailure::new(Exit::Interrupted, text)
}

/// Says on standard error with which id a command can be repeated, before its request is sent: the command may end before it has the
/// outcome.
pub(super) fn say_id(id: Uuid) {
    // A closed pipe does not end the command.
    let _ = writeln!(
        std::io::stderr(),
        "the id of the request is {id}; the same command with --id {id} makes no second document"
    );
}
