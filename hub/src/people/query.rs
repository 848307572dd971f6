//! The parameters of a request, read strictly: every fault is named.

use std::str::FromStr;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;

/// The parameters of a request as they were written.
pub(super) type Written = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// The parameters of a request, and their faults.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<String>,
}

impl Parameters {
    /// The parameters with these names; any other is a fault.
    pub(super) fn of(written: Written, known: &[&str]) -> Self {
        let mut parameters = Self::default();
        match written {
            Ok(Query(pairs)) => parameters.pairs = pairs,
            Err(_) => parameters
                .faults
                .push("the parameters cannot be read".to_owned()),
        }
        for (name, _) in &parameters.pairs {
            let times = parameters.pairs.iter().filter(|pair| pair.0 == *name);
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                parameters
                    .faults
                    .push(format!("{name:.40}: is not known here; known are: {known}"));
            } else if times.count() > 1 {
                parameters
                    .faults
                    .push(format!("{name}: must be given once"));
            }
        }
        parameters.faults.dedup();
        parameters
    }

    /// A parameter; `None` if it is absent or has a fault.
    pub(super) fn value<T: FromStr>(&mut self, name: &str, must: &str) -> Option<T> {
        let text = self.text(name)?.to_owned();
        let value = text.parse().ok();
        if value.is_none() {
            self.faults.push(format!("{name}: must be {must}"));
        }
        value
    }

    /// A number in a range, or the default.
    pub(super) fn number(&mut self, name: &str, default: i64, max: i64) -> i64 {
        let must = format!("a whole number from 1 to {max}");
        let number = self.value(name, &must).unwrap_or(default);
        if !(1..=max).contains(&number) {
            self.faults.push(format!("{name}: must be {must}"));
        }
        number
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|pair| pair.0 == name);
        found.map(|pair| pair.1.as_str())
    }

    pub(super) fn fault(&mut self, fault: &str) {
        self.faults.push(fault.to_owned());
    }

    /// The faults that were found.
    pub(super) fn faults(self) -> Result<(), Vec<String>> {
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(self.faults)
    }
}
