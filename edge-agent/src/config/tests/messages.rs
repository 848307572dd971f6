//! Tests of the messages: every fault names its place and what to do.

use super::{Config, whole};

/// The message about a configuration in which one piece of text was replaced.
fn message(from: &str, to: &str) -> String {
    let text = whole();
    assert!(text.contains(from), "{from}");
    match Config::parse(&text.replacen(from, to, 1), "t.toml") {
        Ok(_) => String::from("accepted"),
        Err(error) => error.to_string(),
    }
}

/// Checks what each replacement in the whole configuration leads to. If the expected text ends with a line break, only the
/// first line of the message is compared.
fn check(cases: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (from, to, expected) in cases {
        let message = message(from, to);
        let message = if expected.ends_with('\n') {
            message
                .split_inclusive('\n')
                .next()
                .unwrap_or_default()
                .to_owned()
        } else {
            message
        };
        if message != *expected {
            wrong.push(format!(
                "{from} -> {to}\n  actual {message}\nexpected {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_fault_in_till_or_api_has_its_place_and_a_remedy() {
    check(&[
        (
            "mode = \"TEST\"",
            "mode = \"test\"",
            "t.toml:3:8: till.mode: is \"test\"; allowed are \"TEST\" and \"LIVE\"",
        ),
        (
            "country",
            "contry",
            "t.toml:2:1: till.contry: is not a key of the configuration; allowed here: country, mode, data_dir, answer_timeout_ms, time_zone, contact_days, organization_name, idnx, address, registration_number, language, logo, verification_link\nt.toml:1:1: till.country: is missing; add it: two capital letters, such as \"MD\"",
        ),
        (
            "\"MD\"",
            "\"md\"",
            "t.toml:2:11: till.country: is \"md\"; write two capital letters, such as \"MD\"",
        ),
        (
            "\"MD\"",
            "1",
            "t.toml:2:11: till.country: is a whole number; it must be text in quotes",
        ),
        (
            "[till]",
            "[till]\nanswer_timeout_ms = 0",
            "t.toml:2:21: till.answer_timeout_ms: is 0; allowed are 1 to 600000",
        ),
        (
            "[till]",
            "[till]\ntime_zone = \"Mars/Olympus\"",
            "t.toml:2:13: till.time_zone: is \"Mars/Olympus\", which this machine does not know; write an IANA name such as \"Europe/Chisinau\"",
        ),
        (
            "[till]",
            "[till",
            "t.toml:1:6: is not TOML: unclosed table, expected `]`; correct this line",
        ),
        (
            "secret = \"s3cret\"\n",
            "",
            "t.toml:5:1: api.clients[0].secret_file: is missing; add it: the path of a file with mode 0600 that holds the secret",
        ),
        (
            "secret = \"s3cret\"",
            "secret = \"\"",
            "t.toml:7:10: api.clients[0].secret: holds no secret; write the secret that the caller signs with",
        ),
        (
            "secret = ",
            "secret_file = \"x\"\nsecret = ",
            "t.toml:8:10: api.clients[0].secret: is written beside secret_file; remove one of the two",
        ),
        (
            "[[api.clients]]",
            "[api]\nlisten = \"here\"\n[[api.clients]]",
            "t.toml:6:10: api.listen: is \"here\"; write address and port, such as \"127.0.0.1:50700\"",
        ),
        (
            "[[api.clients]]",
            "[api]\ntls_key = \"k\"\n[[api.clients]]",
            "t.toml:6:11: api.tls_key: is written without tls_certificate; add tls_certificate, or write tls_make_certificate = true instead",
        ),
        (
            "[[api.clients]]",
            "[api]\nallowed_origins = [\"*\"]\n[[api.clients]]",
            "t.toml:6:20: api.allowed_origins: holds \"*\"; write scheme and host without a path, such as \"https://shop.example\"",
        ),
    ]);
}

#[test]
fn a_fault_in_a_tax_group_has_its_place_and_a_remedy() {
    check(&[
        (
            "\"20.00\"",
            "20.00",
            "t.toml:13:37: device[0].tax_groups[0].rate: is a number with a point; it must be text in quotes",
        ),
        (
            "\"20.00\"",
            "\"20.005\"",
            "t.toml:13:37: device[0].tax_groups[0].rate: \"20.005\" has 3 decimals; 2 are allowed; write percent as text with two decimals, such as \"20.00\"",
        ),
        (
            "\"20.00\"",
            "\"100.01\"",
            "t.toml:13:37: device[0].tax_groups[0].rate: \"100.01\" is not a percentage from 0 to 100; write percent as text with two decimals, such as \"20.00\"",
        ),
        (
            "\"20.00\"",
            "\"-1\"",
            "t.toml:13:37: device[0].tax_groups[0].rate: \"-1\" is not a percentage from 0 to 100; write percent as text with two decimals, such as \"20.00\"",
        ),
        (
            "rate = \"8\"",
            "rate = \"8\", bucket = \"low\"",
            "t.toml:13:83: device[0].tax_groups[1].bucket: is \"low\"; allowed are \"standard\", \"reduced\", \"second_reduced\", \"special\", \"zero\", \"exempt\" and \"out_of_scope\"",
        ),
        (
            "rate = \"8\"",
            "rate = \"8\", bucket = \"exempt\"",
            "t.toml:13:83: device[0].tax_groups[1].bucket: \"exempt\" has no rate above zero; write rate = \"0\", or the bucket of the rate",
        ),
        (
            "rate = \"8\"",
            "rate = \"8\", rates = [ { rate = \"8\" } ]",
            "t.toml:13:69: device[0].tax_groups[1].rate: is written beside rates; write rate alone if it never changed, or rates alone",
        ),
        (
            "rate = \"8\"",
            "rates = []",
            "t.toml:13:70: device[0].tax_groups[1].rates: has no rate; write one to 4, such as { from = \"2026-07-01\", rate = \"4.90\" }",
        ),
        (
            "rate = \"8\"",
            "rates = [ { rate = \"8\" }, { from = \"2026-02-30\", rate = \"9\" } ]",
            "t.toml:13:97: device[0].tax_groups[1].rates[1].from: \"2026-02-30\" is not a day; write year, month and day, such as \"2026-07-01\"",
        ),
        (
            "rate = \"8\"",
            "rates = [ { from = \"2026-07-01\", rate = \"8\" }, { from = \"2026-07-01\", rate = \"9\" } ]",
            "t.toml:13:118: device[0].tax_groups[1].rates[1].from: is not after the day before it; write the rates in the order of their days",
        ),
        (
            "rate = \"8\"",
            "rates = [ { rate = \"8\" }, { rate = \"9\" } ]",
            "t.toml:13:88: device[0].tax_groups[1].rates[1].from: is missing; add it: a day such as \"2026-07-01\"",
        ),
        (
            "code = \"B\"",
            "code = \"A\"",
            "t.toml:13:57: device[0].tax_groups[1].code: code A is used twice; give each tax group its own code",
        ),
        (
            "code = \"B\"",
            "code = \"I\"",
            "t.toml:13:57: device[0].tax_groups[1].code: is \"I\"; write one letter from A to H",
        ),
    ]);
}

#[test]
fn a_fault_in_a_device_has_its_place_and_a_remedy() {
    check(&[
        (
            "0875b8a5-0668",
            "0875b8a5-066x",
            "t.toml:9:6: device[0].id: \"0875b8a5-066x-41a3-a3fa-8eeccf66d289\" is not a UUID; write 32 hexadecimal digits, such as \"0875b8a5-0668-41a3-a3fa-8eeccf66d289\"",
        ),
        (
            "code = 1",
            "code = 0",
            "t.toml:14:98: device[0].payment_types[1].code: code 0 is used twice; give each payment type its own code",
        ),
        (
            "cash = true, ",
            "",
            "t.toml:14:17: device[0].payment_types: has no cash; add cash = true to the type that is cash",
        ),
        (
            "cash = true, ",
            "cash = true, colour = 1, ",
            "t.toml:14:62: device[0].payment_types[0].colour: is not a key of the configuration; allowed here: code, name, cash, open_cash_drawer, printer, means",
        ),
        (
            "name = \"Card\"",
            "name = \"Card\", printer = \"DD\"",
            "t.toml:14:126: device[0].payment_types[1].printer: is \"DD\"; write one letter from A to z",
        ),
        (
            "name = \"Card\"",
            "name = \"Card\", printer = \"Z\"",
            "t.toml:14:126: device[0].payment_types[1].printer: is 'Z', which a datecs printer does not have; it has: P cash, N credit, C cheque, D card, I other, J other, K other, L other, i other, j other, k other, l other, m other, n other, o other, p other, q other, r other, s other",
        ),
        (
            "name = \"Card\"",
            "name = \"Card\", printer = \"C\", means = \"card\"",
            "t.toml:14:126: device[0].payment_types[1].printer: is 'C', which is cheque on a datecs printer; write 'D' for card, or means = \"cheque\" if that is meant",
        ),
        (
            "number_length = 8",
            "number_length = 2",
            "t.toml:15:89: device[0].alternative_receipts_ranges[0].number_length: is 2, and 500 has 3 digits; write 3 or more",
        ),
        (
            "start = 1,",
            "start = 501,",
            "t.toml:15:70: device[0].alternative_receipts_ranges[0].end: 500 is before start 501; write the last number of the range",
        ),
        (
            "\"ABC\"",
            "\"A-C\"",
            "t.toml:15:44: device[0].alternative_receipts_ranges[0].series: is \"A-C\"; write one to ten ASCII letters or digits",
        ),
        (
            "number_length = 8 } ]",
            "number_length = 8 }, { series = \"ABC\", start = 500, end = 501, number_length = 8 } ]",
            "t.toml:15:94: device[0].alternative_receipts_ranges: ABC 500 to 501 with 8 digits prints the same numbers as ABC 1 to 500 with 8 digits at t.toml:15:33; use every number once",
        ),
    ]);
}

#[test]
fn a_fault_in_upstream_has_its_place_and_a_remedy() {
    check(&[
        ("http://", "https://", "accepted"),
        (
            "http://127.0.0.1:7100/",
            "https://a..b/",
            "t.toml:18:7: upstream.url: is \"https://a..b/\"; write an http or https url without user, query and fragment, such as \"https://office.example\"",
        ),
        (
            "http://",
            "ftp://",
            "t.toml:18:7: upstream.url: is \"ftp://127.0.0.1:7100/\"; write an http or https url without user, query and fragment, such as \"https://office.example\"",
        ),
        (
            "http://",
            "http://user@",
            "t.toml:18:7: upstream.url: is \"http://user@127.0.0.1:7100/\"; write an http or https url without user, query and fragment, such as \"https://office.example\"",
        ),
        (
            "[upstream]",
            "[upstream]\nenvironment = \"LIVE\"",
            "t.toml:18:15: upstream.environment: is LIVE and the till is TEST; point url at an authority of the till's own mode, or change till.mode",
        ),
        (
            "[upstream]",
            "[upstream]\ntimeout_ms = 20000",
            "t.toml:18:14: upstream.timeout_ms: is 20000; allowed are 1 to 10000",
        ),
        (
            "[upstream]",
            "[upstream]\ntimeout_ms = \"1\"",
            "t.toml:18:14: upstream.timeout_ms: is text; it must be a whole number",
        ),
        (
            "[upstream]",
            "[upstream]\nonline_ecr = { numbers = 0 }",
            "t.toml:18:26: upstream.online_ecr.numbers: is 0; allowed are 1 to 100000",
        ),
        (
            "[upstream]",
            "[upstream]\nonline_ecr = { paths = { sale = \"a b\" } }",
            "t.toml:18:33: upstream.online_ecr.paths.sale: is \"a b\"; write a path below url, such as \"sale\" or \"v1/receipts\"",
        ),
        (
            "[upstream]",
            "[upstream]\nonline_ecr = { headers = [ { name = \"X Y\", value = \"1\" } ] }",
            "t.toml:18:37: upstream.online_ecr.headers[0].name: is \"X Y\"; write letters, digits and hyphens, such as \"X-Signature\"",
        ),
    ]);
}

#[test]
fn all_faults_are_reported_together() {
    let text = whole()
        .replace("\"MD\"", "7")
        .replace("\"20.00\"", "\"x\"")
        .replace("http://", "gopher://");
    let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn an_empty_file_gets_a_message_for_each_required_section() {
    let error = Config::parse("", "t.toml").unwrap_err().to_string();
    for expected in [
        "t.toml:1:1: till.mode: is missing",
        "t.toml:1:1: till.country: is missing",
        "t.toml:1:1: device: is missing",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_empty_list_that_needs_an_item_is_a_fault() {
    let text = whole().replace(
        "tax_groups = [ { code = \"A\", rate = \"20.00\" }, { code = \"B\", rate = \"8\" } ]",
        "tax_groups = []",
    );
    let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
    assert_eq!(
        error,
        "t.toml:13:14: device[0].tax_groups: is empty; add at least one, such as { code = \"A\", rate = \"20.00\" }"
    );
}

#[test]
fn a_fault_in_offline_has_its_place_and_a_remedy() {
    for (section, expected) in [
        (
            "at_the_end = \"stop\"",
            "t.toml:2:14: offline.at_the_end: is \"stop\"; allowed are \"warn\" and \"refuse\"",
        ),
        (
            "days_unsent = 0",
            "t.toml:2:15: offline.days_unsent: is 0; allowed are 1 to 3650",
        ),
        (
            "hours_in_a_month = 745",
            "t.toml:2:20: offline.hours_in_a_month: is 745; allowed are 1 to 744",
        ),
        (
            "hours = 3",
            "t.toml:2:1: offline.hours: is not a key of the configuration; allowed here: hours_at_a_stretch, hours_in_a_month, days_unsent, documents_unsent, at_the_end",
        ),
    ] {
        let text = format!("[offline]\n{section}\n{}", whole());
        let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
        assert_eq!(error, expected);
    }
}

#[test]
fn a_refused_country_or_uri_is_reported_with_its_place() {
    let config = Config::parse(&whole(), "t.toml").unwrap();
    assert!(config.check_device_uris(&|_| Ok(())).is_ok());
    let error = config
        .check_device_uris(&|_| Err("no family datecs".to_owned()))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.toml:11:7: device[0].uri: is \"datecs+serial:///dev/ttyUSB0?baud=115200\": no family datecs; write family+transport, such as datecs+serial:///dev/ttyUSB0?baud=115200"
    );
    let secret = whole().replace("?baud=115200", "?password=471100&till=2");
    let error = Config::parse(&secret, "t.toml")
        .unwrap()
        .check_device_uris(&|_| Err("no".to_owned()))
        .unwrap_err();
    assert!(
        error.to_string().contains("?password=****&till=2") && !error.to_string().contains("4711"),
        "{error}"
    );
    let error = config
        .check_country(&|_| Err("known are AT".to_owned()))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.toml:2:11: till.country: is \"MD\"; known are AT"
    );
}

#[test]
fn the_library_of_a_card_has_two_names() {
    for (keys, missing, differs) in [
        ("", true, false),
        ("library = \"/a.so\"", false, false),
        ("module = \"/a.so\"", false, false),
        ("library = \"/a.so\"\nmodule = \"/a.so\"", false, false),
        ("library = \"/a.so\"\nmodule = \"/b.so\"", false, true),
    ] {
        let table = "[[signature_unit]]\nkind = \"pkcs11\"\n";
        let text = format!("{}\n{table}{keys}\n", whole());
        let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
        let has = |words: &str| error.contains(words);
        assert_eq!(
            has("signature_unit[0].library: is missing"),
            missing,
            "{error}"
        );
        let other = "signature_unit[0].module: is another path than that of library";
        assert_eq!(has(other), differs, "{error}");
    }
}

/// A mode that does not exist is neither mode: only what is wrong in both is a fault.
#[test]
fn a_wrong_mode_brings_no_faults_of_a_live_till() {
    let text = whole().replace("mode = \"TEST\"", "mode = \"PROD\"");
    let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
    assert_eq!(
        error,
        "t.toml:3:8: till.mode: is \"PROD\"; allowed are \"TEST\" and \"LIVE\""
    );
    let text = text.replace("\"MD\"", "\"md\"");
    let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
}
