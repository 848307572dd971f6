//! Log lines that unsigned callers can cause: at most one line a minute of each code, with the number of those that were left out.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::locked::Locked;

/// Counts the lines of each code that are left out. The codes are texts of the program, so their number is limited.
#[derive(Debug)]
pub struct LimitedLog {
    minute: Duration,
    /// The lines of each code that were left out in its running minute.
    left_out: Locked<BTreeMap<&'static str, u64>>,
}

/// The running minute of a code. Dropping it writes the count, also if the runtime ends earlier.
struct Minute {
    log: &'static LimitedLog,
    code: &'static str,
    is_over: bool,
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
            left_out: Locked::new(BTreeMap::new()),
        }
    }

    /// Writes a warning, unless a line of its code was written within the last minute: then it is only counted. At the end of a
    /// minute in which lines were left out, one line says how many, and the next minute begins. Without a runtime, which has the
    /// timer, every line is written.
    pub fn warn(&'static self, code: &'static str, text: impl FnOnce() -> String) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return tracing::warn!(code, "{}", text());
        };
        {
            let mut left_out = self.left_out.lock();
            if let Some(count) = left_out.get_mut(code) {
                *count = count.saturating_add(1);
                return;
            }
            left_out.insert(code, 0);
        }
        let mut minute = Minute {
            log: self,
            code,
            is_over: false,
        };
        let length = self.minute;
        runtime.spawn(async move {
            while !minute.is_over {
                tokio::time::sleep(length).await;
                minute.end();
            }
        });
        tracing::warn!(code, "{}", text());
    }
}

impl Default for LimitedLog {
    fn default() -> Self {
        Self::new()
    }
}

impl Minute {
    /// Writes how many lines were left out. If there were none, the next line of the code is written at once.
    fn end(&mut self) {
        let count = {
            let mut left_out = self.log.left_out.lock();
            let count = left_out.get_mut(self.code).map_or(0, std::mem::take);
            if count == 0 {
                left_out.remove(self.code);
                self.is_over = true;
            }
            count
        };
        if count > 0 {
            tracing::warn!(
                code = self.code,
                "{count} more lines like this were left out within a minute"
            );
        }
    }
}

impl Drop for Minute {
    fn drop(&mut self) {
        while !self.is_over {
            self.end();
        }
    }
}

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
    fn one_line_of_a_code_is_written_in_a_minute_and_then_the_number_of_the_others() {
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
                assert_eq!((count("of first"), count("of second")), (1, 1));
                // The minute of each code ends while this task waits.
                while count("999 more lines") < 2 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                // A minute without a line that was left out is the last one, and then a line is written at once.
                while !LOG.left_out.lock().is_empty() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                LOG.warn("first", || "again of first".to_owned());
                assert_eq!(count("again of first"), 1);
                assert_eq!(count("more lines"), 2);
            });
        });
    }
}
