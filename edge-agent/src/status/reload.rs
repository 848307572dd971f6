//! The keys of the configuration whose new values wait for a restart.

use super::LiveStatus;

impl LiveStatus {
    /// The paths of the keys whose new values need a restart, as the last reload has found them.
    #[must_use]
    pub fn restart_needed(&self) -> Vec<String> {
        self.restart_needed.lock().clone()
    }

    /// Notes what a reload has found.
    pub fn restart_needed_for(&self, keys: Vec<String>) {
        *self.restart_needed.lock() = keys;
    }
}
