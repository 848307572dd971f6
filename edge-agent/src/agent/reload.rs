//! What a running agent takes over of a configuration that was read again: the callers of the APIs and the time of the audit.

use super::Agent;
use crate::config::Config;
use crate::status::problems::ProblemKind;

/// What a reload has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenOver {
    /// False if the callers were replaced too often since the start: nothing is taken over then.
    pub is_complete: bool,
    /// The callers differ from those before, by keys, secrets or permissions.
    pub has_new_callers: bool,
}

impl Agent {
    /// Takes over the values of the keys that need no restart. The caller has checked the configuration.
    pub fn reload(&self, config: &Config) -> TakenOver {
        let clients = &self.service.settings.clients;
        let has_new_callers = clients.current() != config.api.clients.as_slice();
        if has_new_callers && !clients.replace(config.api.clients.clone()) {
            return TakenOver {
                is_complete: false,
                has_new_callers: false,
            };
        }
        let at = config.audit.at;
        self.audit.set(at);
        if at.is_none() {
            let problems = self.service.live_status.problems();
            problems.clear(ProblemKind::AUDIT_FAILED, None);
        }
        TakenOver {
            is_complete: true,
            has_new_callers,
        }
    }
}
