//! What is wrong with the agent now, as `/healthz` shows it.

use std::collections::BTreeMap;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The agent sells, and somebody must look at the problem.
    Degraded,
    /// No sale can be written.
    Failing,
}

impl Severity {
    /// The name of the severity in `/healthz`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthProblem {
    /// The name of the problem for programs; for a problem of a device it ends with `:` and the id of the device.
    pub id: String,
    /// How bad the problem is.
    pub severity: Severity,
    /// When the problem was first noticed, in milliseconds since the epoch.
    pub since_ms: i64,
    /// What is wrong.
    pub says: String,
    /// What a person can do about it.
    pub fix: String,
}

/// The present problems, by id.
#[derive(Debug, Default)]
pub(super) struct Problems(BTreeMap<String, HealthProblem>);

impl Problems {
    /// Adds a problem, or replaces its text. A problem that is there already keeps its time.
    pub(super) fn set(&mut self, problem: HealthProblem) {
        if let Some(known) = self.0.get_mut(&problem.id) {
            *known = HealthProblem {
                since_ms: known.since_ms,
                ..problem
            };
        } else if self.0.len() < PROBLEMS_MAX {
            self.0.insert(problem.id.clone(), problem);
        }
    }

    pub(super) fn clear(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// The problems, the worst first.
    pub(super) fn sorted(&self) -> Vec<HealthProblem> {
        let mut problems: Vec<HealthProblem> = self.0.values().cloned().collect();
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        problems
    }
}

/// The largest number of problems that are kept. The agent has a few for each device.
const PROBLEMS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::{HealthProblem, PROBLEMS_MAX, Problems, Severity};

    fn problem(id: &str, severity: Severity, since_ms: i64, says: &str) -> HealthProblem {
        HealthProblem {
            id: id.to_owned(),
            severity,
            since_ms,
            says: says.to_owned(),
            fix: String::new(),
        }
    }

    #[test]
    fn a_problem_keeps_its_time_and_the_worst_is_first() {
        let mut problems = Problems::default();
        problems.set(problem("a", Severity::Degraded, 1, "first"));
        problems.set(problem("b", Severity::Failing, 2, "other"));
        problems.set(problem("a", Severity::Degraded, 3, "second"));
        let found: Vec<_> = problems
            .sorted()
            .into_iter()
            .map(|problem| (problem.id, problem.since_ms, problem.says))
            .collect();
        assert_eq!(
            found,
            [
                ("b".to_owned(), 2, "other".to_owned()),
                ("a".to_owned(), 1, "second".to_owned())
            ]
        );
        problems.clear("a");
        assert_eq!(problems.sorted().len(), 1);
    }

    #[test]
    fn the_number_of_problems_is_limited() {
        let mut problems = Problems::default();
        for index in 0..PROBLEMS_MAX + 10 {
            problems.set(problem(&index.to_string(), Severity::Degraded, 0, ""));
        }
        assert_eq!(problems.sorted().len(), PROBLEMS_MAX);
    }
}
