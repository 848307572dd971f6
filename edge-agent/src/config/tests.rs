//! What a person sees of the configuration: values, precedence, and every fault in its words.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ferrotill_core::time::Day;

use super::{Config, Mode, Overrides};

const TILL: &str = "[till]\ncountry = \"MD\"\nmode = \"TEST\"\ndata_dir = \"/var/lib/ferrotill\"\n";
const API: &str = "[[api.clients]]\nkey = \"till\"\nsecret = \"s3cret\"\n";
const DEVICE: &str = r#"[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
name = "Till 1"
uri = "datecs+serial:///dev/ttyUSB0?baud=115200"
use_alternative_receipts = true
tax_groups = [ { code = "A", rate = "20.00" }, { code = "B", rate = "8" } ]
payment_types = [ { code = 0, name = "Numerar", cash = true, open_cash_drawer = true }, { code = 1, name = "Card" } ]
alternative_receipts_ranges = [ { series = "ABC", start = 1, end = 500, number_length = 8 } ]
points_of_sale = [ { id = "feca3a50-34a7-4dc9-84ac-d4bffc76a922", code = "1" } ]
"#;
const UPSTREAM: &str = "[upstream]\nurl = \"http://127.0.0.1:7100/\"\n";

fn whole() -> String {
    format!("{TILL}{API}{DEVICE}{UPSTREAM}")
}

/// The whole configuration with one piece of it replaced, and the message that follows.
fn message(from: &str, to: &str) -> String {
    let text = whole();
    assert!(text.contains(from), "{from}");
    match Config::parse(&text.replacen(from, to, 1), "t.toml") {
        Ok(_) => String::from("accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_whole_becomes_typed_values() {
    let config = Config::parse(&whole(), "t.toml").unwrap();
    assert_eq!(config.till.country, "MD");
    assert_eq!(config.till.mode, Mode::Test);
    assert_eq!(config.till.data_dir, Path::new("/var/lib/ferrotill"));
    assert_eq!(config.till.answer_timeout, Duration::from_secs(15));
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:50700");
    assert_eq!(config.api.clients[0].secret.as_bytes(), b"s3cret");
    assert!(config.warnings.is_empty());
    let device = &config.devices[0];
    assert_eq!(
        device
            .tax_groups
            .iter()
            .map(|group| (
                group.code,
                group.rate_on(Day::FIRST).unwrap().ten_thousandths()
            ))
            .collect::<Vec<_>>(),
        [('A', 200_000), ('B', 80_000)]
    );
    assert_eq!(
        device
            .payment_types
            .iter()
            .map(|t| (t.code, t.cash, t.open_cash_drawer, t.printer))
            .collect::<Vec<_>>(),
        [(0, true, true, 'P'), (1, false, false, 'D')]
    );
    let range = &device.alternative_receipts_ranges[0];
    assert_eq!(
        (
            range.series.as_str(),
            range.start,
            range.end,
            range.number_length
        ),
        ("ABC", 1, 500, 8)
    );
    assert_eq!(
        device.points_of_sale[0].id.to_string(),
        "feca3a50-34a7-4dc9-84ac-d4bffc76a922"
    );
    let upstream = config.upstream.unwrap();
    assert_eq!(upstream.url, "http://127.0.0.1:7100");
    assert_eq!(
        (
            upstream.timeout,
            upstream.offline_after_failures,
            upstream.offline_after,
            upstream.dwell
        ),
        (
            Duration::from_secs(5),
            3,
            Duration::from_secs(3),
            Duration::from_secs(10)
        )
    );
}

#[test]
fn a_fault_is_told_with_its_place_and_what_to_do() {
    let mut wrong = Vec::new();
    for (from, to, expected) in [
        (
            "mode = \"TEST\"",
            "mode = \"test\"",
            "t.toml:3:8: till.mode: is \"test\"; allowed are \"TEST\" and \"LIVE\"\n",
        ),
        (
            "country",
            "contry",
            "t.toml:2:1: till.contry: is not a key of the configuration; allowed here: country, mode, data_dir, answer_timeout_ms, time_zone, organization_name, idnx, address, registration_number\nt.toml:1:1: till.country: is missing; add it: two capital letters, such as \"MD\"",
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
            "t.toml:2:13: till.time_zone: is \"Mars/Olympus\", which this machine does not know; write an IANA name such as \"Europe/Chisinau\", or install the package tzdata",
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
            "t.toml:8:10: api.clients[0].secret: stands beside secret_file; remove one of the two",
        ),
        (
            "[[api.clients]]",
            "[api]\nlisten = \"here\"\n[[api.clients]]",
            "t.toml:6:10: api.listen: is \"here\"; write address and port, such as \"127.0.0.1:50700\"",
        ),
        (
            "[[api.clients]]",
            "[api]\ntls_key = \"k\"\n[[api.clients]]",
            "t.toml:6:11: api.tls_key: this build does not speak TLS yet; remove it and listen on 127.0.0.1, or put a TLS proxy in front",
        ),
        (
            "[[api.clients]]",
            "[api]\nallowed_origins = [\"*\"]\n[[api.clients]]",
            "t.toml:6:20: api.allowed_origins: holds \"*\"; write scheme and host without a path, such as \"https://shop.example\"",
        ),
        (
            "0875b8a5-0668",
            "0875b8a5-066x",
            "t.toml:9:6: device[0].id: \"0875b8a5-066x-41a3-a3fa-8eeccf66d289\" is not a UUID; write 32 hexadecimal digits, such as \"0875b8a5-0668-41a3-a3fa-8eeccf66d289\"",
        ),
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
            "t.toml:13:83: device[0].tax_groups[1].bucket: is \"low\"; allowed are standard, reduced, second_reduced, special, zero, exempt, out_of_scope",
        ),
        (
            "rate = \"8\"",
            "rate = \"8\", bucket = \"exempt\"",
            "t.toml:13:83: device[0].tax_groups[1].bucket: \"exempt\" has no rate above zero; write rate = \"0\", or the bucket of the rate",
        ),
        (
            "rate = \"8\"",
            "rate = \"8\", rates = [ { rate = \"8\" } ]",
            "t.toml:13:69: device[0].tax_groups[1].rate: stands beside rates; write rate alone if it never changed, or rates alone",
        ),
        (
            "rate = \"8\"",
            "rates = []",
            "t.toml:13:70: device[0].tax_groups[1].rates: has 0 rates; write one to 4, such as { from = \"2026-07-01\", rate = \"4.90\" }",
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
            "t.toml:13:57: device[0].tax_groups[1].code: A stands twice; give every one a code of its own",
        ),
        (
            "code = \"B\"",
            "code = \"I\"",
            "t.toml:13:57: device[0].tax_groups[1].code: is \"I\"; write one letter from A to H",
        ),
        (
            "code = 1",
            "code = 0",
            "t.toml:14:98: device[0].payment_types[1].code: 0 stands twice; give every one a code of its own",
        ),
        (
            "cash = true, ",
            "",
            "t.toml:14:17: device[0].payment_types: has no cash; add cash = true to the type that is cash",
        ),
        (
            "cash = true, ",
            "cash = true, colour = 1, ",
            "t.toml:14:62: device[0].payment_types[0].colour: is not a key of the configuration; allowed here: code, name, cash, open_cash_drawer, printer",
        ),
        (
            "name = \"Card\"",
            "name = \"Card\", printer = \"DD\"",
            "t.toml:14:126: device[0].payment_types[1].printer: is \"DD\"; write one letter from A to Z",
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
            "t.toml:15:94: device[0].alternative_receipts_ranges: ABC 500 to 501 overlaps 1 to 500 at t.toml:15:33; give out every number of a series once",
        ),
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
    ] {
        let message = message(from, to);
        // An unknown mode makes the stricter rules hold, which add their own line.
        let message = if expected.ends_with('\n') {
            message
                .split_inclusive('\n')
                .next()
                .unwrap_or_default()
                .to_owned()
        } else {
            message
        };
        if message != expected {
            wrong.push(format!(
                "{from} -> {to}\n   told {message}\nexpected {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_faults_are_told_at_once() {
    let text = whole()
        .replace("\"MD\"", "7")
        .replace("\"20.00\"", "\"x\"")
        .replace("http://", "gopher://");
    let error = Config::parse(&text, "t.toml").unwrap_err().to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn an_empty_file_names_what_is_missing() {
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
fn the_only_faults_about_lists_are_their_own() {
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
fn a_live_till_keeps_its_secrets_in_private_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    let secret = folder.path().join("api.secret");
    fs::write(&secret, "s3cret\n").unwrap();
    let live = whole().replace("TEST", "LIVE");
    let error = Config::parse(&live, "t.toml").unwrap_err().to_string();
    assert_eq!(
        error,
        "t.toml:7:10: api.clients[0].secret: stands in the configuration of a LIVE till; put it into a file with mode 0600 and name it with secret_file"
    );

    let by_file = live.replace("secret = \"s3cret\"", "secret_file = \"api.secret\"");
    let load = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        Config::load_with(&file, &Overrides::default(), [])
    };
    let config = load(&by_file, 0o600).unwrap();
    assert_eq!(config.api.clients[0].secret.as_bytes(), b"s3cret");
    assert!(!format!("{config:?}").contains("s3cret"));
    let error = load(&by_file, 0o640).unwrap_err().to_string();
    assert!(
        error.contains("can be read by other users; run chmod 600"),
        "{error}"
    );
    let config = load(&by_file.replace("LIVE", "TEST"), 0o644).unwrap();
    assert_eq!(config.warnings.len(), 1);
    fs::remove_file(&secret).unwrap();
    fs::write(&file, &by_file).unwrap();
    let error = Config::load_with(&file, &Overrides::default(), [])
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot be read: No such file"), "{error}");
}

#[test]
fn a_live_till_is_warned_of_a_line_that_others_can_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("api.secret"), "s3cret\n").unwrap();
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(folder.path().join("api.secret"), private).unwrap();
    let file = folder.path().join("ferrotill.toml");
    for (mode, url, warned) in [
        ("LIVE", "http://office.example/", true),
        ("LIVE", "http://10.0.0.7:80/", true),
        ("LIVE", "https://office.example/", false),
        ("LIVE", "http://127.0.0.1:7100/", false),
        ("LIVE", "http://localhost:7100/", false),
        ("LIVE", "http://[::1]:7100/", false),
        ("TEST", "http://office.example/", false),
    ] {
        let text = whole()
            .replace("TEST", mode)
            .replace("secret = \"s3cret\"", "secret_file = \"api.secret\"")
            .replace("http://127.0.0.1:7100/", url);
        fs::write(&file, text).unwrap();
        let config = Config::load_with(&file, &Overrides::default(), []).unwrap();
        let told: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            told.iter()
                .any(|line| line.contains("upstream.url: is not encrypted")),
            warned,
            "{mode} {url}: {told:?}"
        );
    }
}

#[test]
fn flags_go_over_environment_over_folder_over_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    fs::create_dir(folder.path().join("conf.d")).unwrap();
    fs::write(&file, whole()).unwrap();
    let companion =
        |name: &str, text: &str| fs::write(folder.path().join("conf.d").join(name), text).unwrap();
    companion(
        "10-a.toml",
        "[api]\nlisten = \"127.0.0.1:1\"\n[till]\nidnx = \"10\"\n[upstream]\ndwell_s = 1\n",
    );
    companion(
        "20-b.toml",
        "till.idnx = \"20\"\n[[device]]\nid = \"0875b8a5-0668-41a3-a3fa-8eeccf66d289\"\nname = \"Renamed\"\n",
    );
    companion("ignored.toml.bak", "nonsense");
    let environment = |pairs: &[(&str, &str)]| -> Vec<(OsString, OsString)> {
        pairs
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect()
    };
    let variables = environment(&[
        ("FERROTILL_API_LISTEN", "127.0.0.1:2"),
        ("FERROTILL_UPSTREAM_DWELL_S", "2"),
        ("FERROTILL_API_ALLOWED_ORIGINS", "http://a, http://b"),
        ("HOME", "/"),
    ]);
    let config = Config::load_with(&file, &Overrides::default(), variables.clone()).unwrap();
    assert_eq!(config.api.listen.port(), 2);
    assert_eq!(config.till.owner.idnx.as_deref(), Some("20"));
    assert_eq!(
        config.upstream.as_ref().unwrap().dwell,
        Duration::from_secs(2)
    );
    assert_eq!(config.api.allowed_origins, ["http://a", "http://b"]);
    assert_eq!(config.devices.len(), 1);
    assert_eq!(config.devices[0].name, "Renamed");

    let overrides = Overrides {
        listen: Some("127.0.0.1:3".to_owned()),
        data_dir: Some(PathBuf::from("data")),
    };
    let config = Config::load_with(&file, &overrides, variables).unwrap();
    assert_eq!(config.api.listen.port(), 3);
    assert_eq!(config.till.data_dir, Path::new("data"));

    let error = Config::load_with(
        &file,
        &Overrides::default(),
        environment(&[
            ("FERROTILL_TIL_MODE", "LIVE"),
            ("FERROTILL_UPSTREAM_TIMEOUT_MS", "soon"),
        ]),
    )
    .unwrap_err()
    .to_string();
    assert!(error.starts_with("environment FERROTILL_TIL_MODE: is not a variable of the configuration; allowed are FERROTILL_TILL_COUNTRY, "), "{error}");
    assert!(error.contains("environment FERROTILL_UPSTREAM_TIMEOUT_MS: upstream.timeout_ms: is text; it must be a whole number"), "{error}");
}

#[test]
fn a_second_device_is_added_and_must_differ() {
    let second = DEVICE.replace("0875", "0876");
    let config = Config::parse(&format!("{}{second}", whole()), "t.toml").unwrap();
    assert_eq!(config.devices.len(), 2);
    // The same numbers on two devices of a TEST till: told, not refused.
    assert_eq!(config.warnings.len(), 1);
    let error = Config::parse(&format!("{}{DEVICE}", whole()), "t.toml")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("device[1].id: 0875b8a5-0668-41a3-a3fa-8eeccf66d289 stands twice"),
        "{error}"
    );
}

#[test]
fn a_made_point_of_sale_is_the_same_after_every_start() {
    let text = whole().replace(
        "points_of_sale = [ { id = \"feca3a50-34a7-4dc9-84ac-d4bffc76a922\", code = \"1\" } ]\n",
        "",
    );
    let first = Config::parse(&text, "t.toml").unwrap();
    let again = Config::parse(&text, "t.toml").unwrap();
    assert_eq!(
        first.devices[0].points_of_sale,
        again.devices[0].points_of_sale
    );
    assert_eq!(
        first.devices[0].points_of_sale[0].id.to_string(),
        "92731dcc-c841-8dae-a587-1eecdf661496"
    );
}

#[test]
fn others_judge_country_and_uri_and_the_place_is_told() {
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
fn what_the_published_form_leaves_open_is_configuration() {
    let form = |text: &str| {
        let text = whole().replace("[upstream]", &format!("[upstream]\nonline_ecr = {text}"));
        Config::parse(&text, "t.toml")
            .unwrap()
            .upstream
            .unwrap()
            .online_ecr
    };
    assert_eq!(form("{}"), super::OnlineEcr::default());
    let form = form(
        r#"{ paths = { sale = "/v1/sale/", fiscal_ranges = "v1/ranges" }, headers = [ { name = "X-Shop", value = "7" } ], signature = { header = "X-Signature", secret = "s" }, success_field = "ok", numbers_field = "nums", numbers = 5 }"#,
    );
    let path = |name: &str| {
        let mut paths = form.paths.iter();
        paths.find(|(known, _)| *known == name).unwrap().1.as_str()
    };
    assert_eq!(
        (path("sale"), path("fiscal_ranges"), path("refund")),
        ("v1/sale", "v1/ranges", "refund")
    );
    assert_eq!(form.headers, [("X-Shop".to_owned(), "7".to_owned())]);
    assert_eq!(form.signature.as_ref().unwrap().header, "X-Signature");
    assert_eq!(
        (
            form.success_field.as_deref(),
            form.numbers_field.as_str(),
            form.numbers
        ),
        (Some("ok"), "nums", 5)
    );
}
