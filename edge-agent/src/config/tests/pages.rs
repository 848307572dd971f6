//! Tests of the pages: the committed pages are those that the table of keys makes, and the sample file has no faults of its
//! own.

use std::fs;
use std::path::Path;

use super::Config;
use crate::config::{ConfigError, pages};

fn check(file: &str, made: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == made,
        "{file} differs from the table of keys; run `cargo run -p ferrotill -- config {command} > edge-agent/{file}`"
    );
}

#[test]
fn the_committed_sample_file_is_made_from_the_table() {
    check("packaging/ferrotill.toml", &pages::sample(), "sample");
}

#[test]
fn the_committed_reference_page_is_made_from_the_table() {
    check("../docs/CONFIGURATION.md", &pages::reference(), "reference");
}

#[test]
fn the_committed_manual_page_is_made_from_the_table() {
    check("packaging/ferrotill.toml.5", &pages::man(), "man");
}

/// Checks that a sample has no other fault than missing files: the secrets and certificates that it names are not on this
/// machine.
fn only_files_are_missing(sample: &str) {
    match Config::parse(sample, "sample.toml") {
        Ok(_) => panic!("the sample names files that do not exist here"),
        Err(ConfigError::Faulty { faults }) => {
            for fault in faults {
                assert!(
                    fault.what.contains("cannot be read: No such file"),
                    "{fault}"
                );
            }
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_sample_file_is_a_good_configuration() {
    only_files_are_missing(&pages::sample());
}

#[test]
fn every_line_of_the_sample_file_can_be_switched_on() {
    // A line of the sample that a user can activate begins with "#" and no space.
    let switched_on: Vec<String> = pages::sample()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let text = switched_on
        .join("\n")
        .replace("http://127.0.0.1:7100", "https://office.example");
    only_files_are_missing(&text);
}

#[test]
fn the_manual_page_has_no_line_that_roff_reads_as_an_unknown_request() {
    for line in pages::man().lines().filter(|line| line.starts_with('.')) {
        let request = line.split([' ', '"']).next().unwrap();
        assert!(
            [".\\", ".TH", ".SH", ".TP", ".B", ".I", ".br"].contains(&request),
            "{line}"
        );
    }
}
