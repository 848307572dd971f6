//! Log lines that unsigned callers can cause: the first ones of a minute are written, and then one line with the count.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::locked::Locked;

/// Counts the lines of each code within a minute. The codes are texts of the program, so their number is limited.
#[derive(Debug)]
pub struct LimitedLog {
    minute: Duration,
    counts: Locked<BTreeMap<&'static str, u64>>,
}

/// Ends the minute of a code when it is dropped, which also happens if the runtime ends earlier.
struct Minute {
    log: &'static LimitedLog,
    code: &'static str,
}

impl LimitedLog {
    /// A log in which no line was counted yet.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_minute(MINUTE)
    }

    const fn with_minute(minute: Duration) -> Self {
        Self {
            minute,
            counts: Locked::new(BTreeMap::new()),
        }
    }

    /// Writes a warning, unless [`LINES_MAX`] lines of its code were written within this minute already. At the end of the minute
    /// one line says how many were left out. Without a runtime, which has the timer, every line is written.
    pub fn warn(&'static self, code: &'static str, text: impl FnOnce() -> String) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return tracing::warn!(code, "{}", text());
        };
        let count = {
            let mut counts = self.counts.lock();
            let count = counts.entry(code).or_default();
            *count = count.saturating_add(1);
            *count
        };
        if count == 1 {
            let minute = Minute { log: self, code };
            let length = self.minute;
            runtime.spawn(async move {
                tokio::time::sleep(length).await;
                drop(minute);
            });
        }
        if count <= LINES_MAX {
            tracing::warn!(code, "{}", text());
        }
    }
}

impl Default for LimitedLog {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Minute {
    fn drop(&mut self) {
        let count = self.log.counts.lock().remove(self.code).unwrap_or_default();
        let left_out = count.saturating_sub(LINES_MAX);
        if left_out > 0 {
            tracing::warn!(
                code = self.code,
                "{left_out} more lines like this were left out within a minute"
            );
        }
    }
}

/// The most lines of one code within a minute.
pub const LINES_MAX: u64 = 10;
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use tracing_subscriber::fmt::MakeWriter;

    use super::LimitedLog;
    use crate::locked::Locked;

    #[derive(Clone, Default)]
    struct Lines(Arc<Locked<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn ten_lines_of_a_code_are_written_in_a_minute_and_then_their_count() {
        static LOG: LimitedLog = LimitedLog::with_minute(Duration::from_millis(1));
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(lines.clone())
            .finish();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let count = |text: &str| {
            let written = String::from_utf8(lines.0.lock().clone()).unwrap();
            written.lines().filter(|line| line.contains(text)).count()
        };
        tracing::subscriber::with_default(subscriber, || {
            runtime.block_on(async {
                for code in ["first", "second"] {
                    for call in 0..1_000 {
                        LOG.warn(code, || format!("call {call} of {code}"));
                    }
                }
                assert_eq!((count("of first"), count("of second")), (10, 10));
                // The minute of each code ends while this task waits.
                while count("990 more lines") < 2 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                LOG.warn("first", || "again of first".to_owned());
                assert_eq!(count("again of first"), 1);
            });
        });
    }
}
