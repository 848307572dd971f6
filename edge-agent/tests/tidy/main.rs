//! The coding rules of this workspace, as tests. Each test reads the sources of the workspace and reports file and line of each
//! breach.
//!
//! A rule reads code without comments and without the contents of strings, so comments may contain what code may not. Each rule
//! is also tested with a breach that it must find.

mod controls;
mod imports;
mod items;
mod lines;
mod source;
mod teeth;
mod workspace;

use std::fmt::Write as _;

use lines::*;
use source::{Finding, Source};
use workspace::Workspace;

#[test]
fn no_float_in_the_sources() {
    enforce(floats);
}

#[test]
fn countries_are_named_only_in_their_places() {
    enforce(countries);
}

#[test]
fn only_drivers_make_evidence_of_absence() {
    enforce(evidence);
}

#[test]
fn only_the_store_speaks_sql() {
    enforce(sql);
}

#[test]
fn wire_and_session_know_nothing_of_the_core() {
    enforce(wire_imports);
}

#[test]
fn clocks_are_read_only_in_their_places() {
    enforce(clocks);
}

#[test]
fn no_unwrap_or_expect_outside_tests() {
    enforce(unwraps);
}

#[test]
fn health_and_metrics_read_nothing_but_the_live_status() {
    enforce(health_reads);
}

#[test]
fn no_method_that_panics_at_an_edge() {
    enforce(panicking_methods);
}

#[test]
fn files_fit_in_a_head() {
    enforce(file_length);
}

#[test]
fn nothing_is_left_for_later() {
    enforce(left_for_later);
}

/// Checks every source of the workspace with a rule.
fn enforce(rule: fn(&Source) -> Vec<Finding>) {
    let mut report = String::new();
    for source in Workspace::read().sources() {
        for finding in rule(source) {
            writeln!(
                report,
                "{}:{}: {}",
                finding.path, finding.line, finding.what
            )
            .unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
