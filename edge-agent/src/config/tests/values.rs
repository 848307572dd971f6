//! Tests of the typed values of a configuration without faults.

use std::path::Path;
use std::time::Duration;

use ferrotill_core::budget::{AtTheEnd, Budget};
use ferrotill_core::time::Day;

use super::{Config, DEVICE, whole};
use crate::config::{Mode, OnlineEcrConfig};

#[test]
fn a_whole_configuration_becomes_typed_values() {
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
fn a_logo_and_a_verification_link_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.png");
    let read = |keys: &str| {
        let text = whole().replacen("[till]\n", &format!("[till]\n{keys}\n"), 1);
        Config::parse(&text, "t.toml").map_err(|error| error.to_string())
    };
    let logo_key = format!("logo = {:?}", logo.display().to_string());
    let missing = read(&logo_key).unwrap_err();
    assert!(
        missing.contains("till.logo: ") && missing.contains("cannot be read"),
        "{missing}"
    );
    std::fs::write(&logo, "GIF89a").unwrap();
    assert!(
        read(&logo_key)
            .unwrap_err()
            .contains("is no PNG that can be read")
    );
    let picture = ferrotill_render::Bitmap::of_qr("logo").unwrap();
    std::fs::write(&logo, picture.png().unwrap()).unwrap();
    let paper = read(&logo_key).unwrap().till.owner.paper;
    assert_eq!(paper.logo.as_deref(), Some(&picture));
    let russian = read("language = \"ru\"").unwrap().till.owner.paper;
    assert_eq!(russian.words.map(|words| words.language), Some("ru"));
    let link = |link: &str| read(&format!("verification_link = {link:?}"));
    let good = "https://example.org/{total}/{number}/{date}";
    let kept = link(good).unwrap().till.owner.paper.verification_link;
    assert_eq!(kept.as_deref(), Some(good));
    for (bad, why) in [
        ("example.org/{number}", "is no address of a web page"),
        ("https://example.org/{total}", "has no {number}"),
        (
            "https://example.org/{number}/{name}",
            "has something that no receipt replaces",
        ),
        (
            "https://example.org/{number}/ă",
            "has something that no receipt replaces",
        ),
        (
            "https://example.org/{number}/{registration}",
            "has no registration_number",
        ),
    ] {
        let fault = link(bad).unwrap_err();
        assert!(
            fault.contains("till.verification_link: ") && fault.contains(why),
            "{bad}: {fault}"
        );
    }
}

#[test]
fn the_limits_of_the_owner_are_read_as_they_are_written() {
    let read = |section: &str| {
        let text = format!("{section}{}", whole());
        Config::parse(&text, "t.toml").unwrap().offline
    };
    assert_eq!(read(""), None);
    let hour_ms = 3_600_000;
    let section = "[offline]\nhours_at_a_stretch = 36\nhours_in_a_month = 168\ndays_unsent = 3\ndocuments_unsent = 500\nat_the_end = \"refuse\"\n";
    let refusing = Budget {
        stretch_ms: Some(36 * hour_ms),
        month_ms: Some(168 * hour_ms),
        unsent_ms: Some(72 * hour_ms),
        unsent_documents: Some(500),
        at_the_end: AtTheEnd::Stop,
    };
    assert_eq!(read(section), Some(refusing));
    let warning = Budget {
        unsent_ms: Some(24 * hour_ms),
        ..Budget::UNLIMITED
    };
    assert_eq!(read("[offline]\ndays_unsent = 1\n"), Some(warning));
}

#[test]
fn a_second_device_needs_its_own_id() {
    let second = DEVICE.replace("0875", "0876");
    let config = Config::parse(&format!("{}{second}", whole()), "t.toml").unwrap();
    assert_eq!(config.devices.len(), 2);
    // The same range on two devices of a TEST till is a warning, not a fault.
    assert_eq!(config.warnings.len(), 1);
    let error = Config::parse(&format!("{}{DEVICE}", whole()), "t.toml")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("device[1].id: id 0875b8a5-0668-41a3-a3fa-8eeccf66d289 is used twice"),
        "{error}"
    );
}

#[test]
fn a_computed_point_of_sale_is_the_same_after_every_start() {
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
fn the_open_parts_of_the_online_ecr_form_are_read() {
    let form = |text: &str| {
        let text = whole().replace("[upstream]", &format!("[upstream]\nonline_ecr = {text}"));
        Config::parse(&text, "t.toml")
            .unwrap()
            .upstream
            .unwrap()
            .online_ecr
    };
    assert_eq!(form("{}"), OnlineEcrConfig::default());
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
