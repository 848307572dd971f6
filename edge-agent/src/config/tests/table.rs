//! Tests that the table of keys and the reader contain the same keys.

use std::collections::BTreeSet;
use std::fs;

use super::{API, TILL, UPSTREAM};
use crate::config::key::{Preset, SectionForm, ValueKind, environment_name};
use crate::config::{Config, KeyInForce, Overrides, ShownValue, schema};

/// A configuration with every section, so that the reader reads every key.
const EVERY_SECTION: &str = r#"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
uri = "datecs+tcp://10.0.0.7:4999?password=471100"
tax_groups = [ { code = "A", rate = "20.00" }, { code = "B", rates = [ { from = "2026-07-01", rate = "8" } ] } ]
payment_types = [ { code = 0, name = "Numerar", cash = true } ]
alternative_receipts_ranges = [ { series = "ABC", start = 1, end = 500, number_length = 8 } ]
points_of_sale = [ { id = "feca3a50-34a7-4dc9-84ac-d4bffc76a922", code = "1" } ]
[[signature_unit]]
kind = "software"
id = "unit-1"
suite = "R1-AT9"
key_file = "/etc/ferrotill/unit.key"
[finanzonline]
manufacturer_id = "ATU12345678"
[fiscalbox.billing]
user = "shop"
password = "s3cret"
[[goods]]
good_id = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
class_code = "01905001001000000"
package_code = "1282556"
[mail]
host = "mail.example"
from = "Shop <receipts@shop.example>"
[sms]
url = "https://gateway.example/send"
[[bank_terminal]]
id = "3f0c1f0e-51d8-4b5c-9a56-0f6f0a6b7c01"
[ereceipt]
listen = "0.0.0.0:50701"
public_url = "https://receipts.shop.example"
[ereceipt.bucket]
url = "https://s3.eu-central-1.amazonaws.com"
name = "receipts"
key = "AKIAIOSFODNN7EXAMPLE"
secret = "s3cret"
[ereceipt.service]
url = "https://receipt.fiskaly.com/api/v1"
key = "live_abc"
secret = "s3cret"
[ui]
people_file = "people.toml"
[hub]
url = "https://hub.example:8443"
[audit]
at = "03:30"
[offline]
days_unsent = 3
[upstream.online_ecr]
headers = [ { name = "Authorization", value = "Bearer t0ken" } ]
signature = { header = "X-Signature", secret = "s3cret" }
"#;

fn keys_in_force(
    text: &str,
    overrides: &Overrides,
    environment: &[(&str, &str)],
) -> Vec<KeyInForce> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, text).unwrap();
    fs::create_dir(folder.path().join("conf.d")).unwrap();
    fs::write(
        folder.path().join("conf.d/10.toml"),
        "\n[till]\nidnx = \"10\"\n",
    )
    .unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Config::explain(&file, overrides, environment).unwrap().keys
}

fn every_key() -> Vec<KeyInForce> {
    let text = format!("{TILL}{API}{UPSTREAM}{EVERY_SECTION}");
    keys_in_force(&text, &Overrides::default(), &[])
}

#[test]
fn the_reader_reads_every_key_of_the_table_and_no_other() {
    let read: BTreeSet<(&str, &str)> = every_key()
        .iter()
        .map(|key| (key.section, key.row.name))
        .collect();
    let in_table: BTreeSet<(&str, &str)> = schema::keys()
        .map(|(section, key)| (section.path, key.name))
        .collect();
    assert_eq!(read, in_table);
}

#[test]
fn every_key_is_read_once() {
    let keys = every_key();
    let paths: BTreeSet<&str> = keys.iter().map(|key| key.path.as_str()).collect();
    assert_eq!(paths.len(), keys.len());
}

#[test]
fn every_computed_default_is_known_after_reading() {
    let missing: Vec<String> = every_key()
        .into_iter()
        .filter(|key| matches!(key.row.preset, Preset::Computed(_)))
        .filter(|key| key.value == ShownValue::Unset)
        .map(|key| key.path)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_key_in_force_has_its_value_and_its_origin() {
    let overrides = Overrides {
        listen: Some("127.0.0.1:3".to_owned()),
        data_dir: None,
    };
    let text = format!("{TILL}{API}{UPSTREAM}{EVERY_SECTION}");
    let keys = keys_in_force(&text, &overrides, &[("FERROTILL_UPSTREAM_DWELL_S", "2")]);
    let line = |path: &str| {
        let key = keys.iter().find(|key| key.path == path).unwrap();
        let place = key.place.as_ref().map(ToString::to_string);
        let origin = place.as_deref().unwrap_or("default");
        let file = origin.rsplit('/').next().unwrap();
        format!("{} from {file}", key.value)
    };
    for (path, expected) in [
        ("till.country", "\"MD\" from ferrotill.toml:2:11"),
        ("till.idnx", "\"10\" from 10.toml:3:8"),
        ("till.address", "(not set) from default"),
        ("api.listen", "\"127.0.0.1:3\" from flag --listen"),
        ("api.allowed_origins", "[] from default"),
        (
            "upstream.dwell_s",
            "2 from environment FERROTILL_UPSTREAM_DWELL_S",
        ),
        ("upstream.environment", "\"TEST\" from default"),
        ("upstream.strict_order", "false from default"),
        ("device[0].name", "\"Till 1\" from default"),
        ("device[0].answer_timeout_ms", "15000 from default"),
        ("device[0].payment_types[0].printer", "\"P\" from default"),
        ("upstream.online_ecr.paths.sale", "\"sale\" from default"),
    ] {
        assert_eq!(line(path), expected, "{path}");
    }
}

#[test]
fn the_keys_in_force_of_a_table_have_the_order_of_the_table_of_keys() {
    let keys = every_key();
    let till = keys.iter().take_while(|key| key.section == "till");
    let names: Vec<&str> = till.map(|key| key.row.name).collect();
    let rows = schema::section("till").unwrap().keys.iter();
    assert_eq!(names, rows.map(|row| row.name).collect::<Vec<_>>());
}

#[test]
fn no_secret_is_shown_among_the_keys_in_force() {
    let keys = every_key();
    let shown: Vec<String> = keys
        .iter()
        .map(|key| format!("{} {}", key.value, key.path))
        .collect();
    let shown = shown.join("\n");
    for secret in ["s3cret", "471100", "t0ken"] {
        assert!(!shown.contains(secret), "{secret}:\n{shown}");
    }
    assert!(
        shown.contains("datecs+tcp://10.0.0.7:4999?password=****"),
        "{shown}"
    );
}

#[test]
fn sections_and_keys_are_in_the_table_once_and_each_section_follows_the_one_above_it() {
    let mut sections = BTreeSet::from([""]);
    for section in schema::SECTIONS {
        assert!(sections.contains(section.parent()), "{}", section.path);
        assert!(sections.insert(section.path), "{}", section.path);
        let names: BTreeSet<&str> = section.keys.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), section.keys.len(), "{}", section.path);
    }
}

#[test]
fn an_environment_variable_sets_one_key_of_a_table_that_is_no_list() {
    let mut names = BTreeSet::new();
    for (section, key) in schema::keys().filter(|(_, key)| key.environment) {
        assert_eq!(section.form, SectionForm::Table, "{}", section.path);
        let name = environment_name(section.path, key.name);
        assert!(names.insert(name.clone()), "{name}");
    }
}

#[test]
fn every_default_is_a_value_that_its_key_takes() {
    for (section, key) in schema::keys() {
        let good = match (key.kind, key.preset) {
            (ValueKind::Integer(first, last), Preset::Integer(number)) => {
                (first..=last).contains(&number)
            }
            (ValueKind::Choice(values), Preset::Text(text)) => values.contains(&text),
            (ValueKind::Line(most), Preset::Text(text)) => text.chars().count() <= most,
            (ValueKind::Text(_) | ValueKind::Path(_), Preset::Text(text)) => !text.is_empty(),
            (ValueKind::Flag, Preset::Flag(_)) | (ValueKind::Texts(_), Preset::EmptyList) => true,
            (_, Preset::Required | Preset::Computed(_) | Preset::Unset(_)) => true,
            _ => false,
        };
        assert!(good, "{}.{}", section.path, key.name);
    }
}

#[test]
fn every_sentence_of_the_table_ends_with_a_point() {
    let sections = schema::SECTIONS.iter().map(|section| section.says);
    for says in sections.chain(schema::keys().map(|(_, key)| key.says)) {
        assert!(says.ends_with('.') && !says.contains('\n'), "{says}");
    }
}
