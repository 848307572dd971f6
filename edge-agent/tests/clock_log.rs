//! What the log says of the time. The only test of its process, because the log belongs to the process.

mod shop;

use std::io;
use std::sync::{Mutex, PoisonError};

use shop::till::Till;

const HOUR_MS: i64 = 3_600_000;

/// The lines of the log.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The warnings about the time so far.
fn warnings() -> Vec<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8(log).unwrap();
    let of_the_time = |line: &&str| line.contains("WARN ferrotill::time");
    log.lines().filter(of_the_time).map(str::to_owned).collect()
}

/// Sells, and waits until the office has acknowledged the document, so that its answer with its time was heard.
fn sells_and_reports(till: &Till) {
    till.sells();
    till.until("the office has every document", |till| till.unsent() == 0);
}

#[test]
fn after_a_start_with_a_wrong_clock_the_offices_answers_cause_no_warning_for_each_document() {
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(|| Log)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    for wrong_ms in [3 * HOUR_MS, -3 * HOUR_MS, 400 * 24 * HOUR_MS] {
        let mut till = Till::new(|config| config);
        till.clock.set_wrong(wrong_ms);
        till.start();
        till.until("two clocks agree", |till| {
            till.health().at("clock.witnessed") == "true"
        });
        sells_and_reports(&till);
        let before = warnings();
        assert!(
            before.iter().any(|line| line.contains("machine's clock")),
            "the wrong clock itself is a warning: {before:?}"
        );
        for _ in 0..5 {
            sells_and_reports(&till);
        }
        // The same after a further start, with the stored clock.
        till.stop();
        till.start();
        sells_and_reports(&till);
        let again = warnings().len();
        for _ in 0..5 {
            sells_and_reports(&till);
        }
        let after = warnings();
        assert_eq!(after.len(), again, "{wrong_ms}: {:?}", &after[again..]);
        assert!(
            again <= before.len() + 1,
            "{wrong_ms}: {:?}",
            &after[before.len()..]
        );
    }
}
