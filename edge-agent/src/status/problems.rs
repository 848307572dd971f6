//! What is wrong with the till and what to do about it, as `/healthz` lists it.

use uuid::Uuid;

use crate::locked::Locked;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The till sells, and a person should look into it.
    Warning,
    /// The till sells, and what it sells may be lost, wrong or untold until a person has looked into it.
    Degraded,
    /// No sale can be written.
    Failing,
}

impl Severity {
    /// The name of the severity in `/healthz`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

/// Something that is wrong with the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthProblem {
    /// The name of the problem's kind, for programs.
    pub id: &'static str,
    /// The device that the problem concerns; `None` if it concerns the whole till.
    pub device: Option<Uuid>,
    /// How bad the problem is.
    pub severity: Severity,
    /// When the problem was noticed, in milliseconds since the epoch.
    pub since_ms: i64,
    /// What is wrong.
    pub says: String,
    /// What a person should do.
    pub fix: String,
}

/// The problems of a till. There is at most one of each kind for each device.
#[derive(Debug, Default)]
pub struct Problems(Locked<Vec<HealthProblem>>);

/// The largest number of problems that are kept. Further ones are only logged.
const PROBLEMS_MAX: usize = 100;

impl Problems {
    /// Notes a problem, and logs it if it is new or says something else. A problem that is noted again keeps its time.
    pub fn raise(&self, problem: HealthProblem) {
        let is_news = self.0.lock().iter().all(|known| {
            known.id != problem.id || known.device != problem.device || known.says != problem.says
        });
        if is_news {
            log(&problem);
        }
        self.note(problem);
    }

    /// Notes a problem that is logged elsewhere. A problem that is noted again keeps its time.
    pub fn note(&self, problem: HealthProblem) {
        let mut problems = self.0.lock();
        let place = problems
            .iter()
            .position(|known| known.id == problem.id && known.device == problem.device);
        if let Some(known) = place.and_then(|place| problems.get_mut(place)) {
            *known = HealthProblem {
                since_ms: known.since_ms,
                ..problem
            };
        } else if problems.len() < PROBLEMS_MAX {
            problems.push(problem);
        }
    }

    /// Removes a problem that no longer exists.
    pub fn clear(&self, id: &str, device: Option<Uuid>) {
        self.0
            .lock()
            .retain(|known| known.id != id || known.device != device);
    }

    /// All problems, in the order in which they were noticed.
    #[must_use]
    pub fn list(&self) -> Vec<HealthProblem> {
        self.0.lock().clone()
    }
}

fn log(problem: &HealthProblem) {
    let HealthProblem { id, says, fix, .. } = problem;
    let device = problem.device.map(tracing::field::display);
    match problem.severity {
        Severity::Warning => tracing::warn!(id, device, "{says}; {fix}"),
        Severity::Degraded | Severity::Failing => tracing::error!(id, device, "{says}; {fix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{HealthProblem, PROBLEMS_MAX, Problems, Severity};

    fn problem(id: &'static str, since_ms: i64, says: &str) -> HealthProblem {
        HealthProblem {
            id,
            device: None,
            severity: Severity::Warning,
            since_ms,
            says: says.to_owned(),
            fix: "look".to_owned(),
        }
    }

    #[test]
    fn a_problem_is_listed_once_with_its_first_time_until_it_is_cleared() {
        let problems = Problems::default();
        problems.raise(problem("one", 1, "a"));
        problems.raise(problem("two", 2, "b"));
        problems.raise(problem("one", 3, "c"));
        assert_eq!(
            problems.list(),
            [problem("one", 1, "c"), problem("two", 2, "b")]
        );
        problems.clear("one", Some(uuid::Uuid::nil()));
        assert_eq!(problems.list().len(), 2, "the problem of another device");
        problems.clear("one", None);
        assert_eq!(problems.list(), [problem("two", 2, "b")]);
    }

    #[test]
    fn the_list_has_a_limit() {
        let problems = Problems::default();
        for device in 0..200 {
            problems.raise(HealthProblem {
                device: Some(uuid::Uuid::from_u128(device)),
                ..problem("one", 1, "a")
            });
        }
        assert_eq!(problems.list().len(), PROBLEMS_MAX);
    }
}
