//! Golden vectors: the fingerprint of a body never changes, because a request may be repeated after an update of the program.

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderValue};
use ferrotill_core::id::Fingerprint;
use ferrotill_core::profile::MOLDOVA;
use uuid::Uuid;

use super::context::{RequestContext, point_of_sale};
use super::create::read;
use super::route::{Operation, route};
use crate::api::json::{FaultList, JsonValue};
use crate::api::lanes::WorkThread;
use crate::config::{Config, Mode};
use crate::order::OrderForm;
use crate::order::fingerprint::RequestFingerprint;

const GOLDEN: &str = include_str!("../../../tests/golden/fingerprints.txt");
const SHOP: &str = include_str!("../../../fuzz/seeds/configuration/shop");

/// One example of the golden file.
struct Example<'g> {
    path: &'g str,
    /// The value of the header `Api-PointOfSaleId`.
    named: Option<&'g str>,
    body: &'g str,
    /// The digest of form 0 and of form 1.
    digests: [&'g str; 2],
    /// The text of form 1.
    text: String,
}

fn examples() -> Vec<Example<'static>> {
    let blocks = GOLDEN.split("\n\n").skip(1);
    let example = |block: &'static str| {
        let mut lines = block.lines();
        let mut next = || lines.next().expect("a line");
        let head = next().split_once(' ').expect("path and point of sale");
        let (body, digests) = (next(), [next(), next()]);
        Example {
            path: head.0,
            named: Some(head.1).filter(|named| *named != "-"),
            body,
            digests,
            text: lines.fold(String::new(), |text, line| text + line + "\n"),
        }
    };
    blocks.map(example).collect()
}

fn order(config: &Config, path: &str, named: Option<&str>, body: &str) -> OrderForm {
    let Ok(Operation::Create(creation)) =
        route(&axum::http::Method::POST, &format!("/api/v1/{path}"))
    else {
        panic!("{path} creates nothing");
    };
    let mut headers = HeaderMap::new();
    if let Some(named) = named {
        headers.insert("Api-PointOfSaleId", HeaderValue::from_str(named).unwrap());
    }
    let device = &config.devices[0];
    let context = RequestContext {
        device,
        bank_terminals: &[],
        goods: &config.goods,
        mode: Mode::Test,
        profile: &MOLDOVA,
        point_of_sale: point_of_sale(device, &headers, &mut FaultList::default()),
        own_id: Uuid::nil(),
        user: "pos",
    };
    let body = JsonValue::of_body(body.as_bytes(), &WorkThread::without_connections()).unwrap();
    read(creation, Some(&body), context).form
}

fn hex(digest: Fingerprint) -> String {
    digest.0.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn digest_of(text: &str) -> Fingerprint {
    let mut digest = [0; 32];
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap();
    }
    Fingerprint(digest)
}

#[test]
fn the_fingerprints_of_the_golden_file_never_change() {
    let config = Config::parse(SHOP, "shop.toml").unwrap();
    let device = config.devices[0].id;
    let mut found = 0;
    for example in examples() {
        let order = order(&config, example.path, example.named, example.body);
        let text = order.canonical_text(device);
        assert_eq!(text, example.text, "{}", example.body);
        let newest = order.fingerprint(device);
        let now = format!("{}\n{text}", hex(newest.digest));
        assert_eq!(
            hex(newest.digest),
            example.digests[1],
            "{}\n{now}",
            example.body
        );
        for (form, digest) in (0..).zip(example.digests) {
            let stored = RequestFingerprint {
                form,
                digest: digest_of(digest),
                point_of_sale: order.point_of_sale,
            };
            assert!(
                stored.is_of(&order, device),
                "form {form}: {}",
                example.body
            );
        }
        found += 1;
    }
    assert!(found >= 8, "only {found} examples");
}

/// The same shop with its points of sale, its ranges and its tables written in another way.
#[test]
fn a_fingerprint_does_not_depend_on_the_configuration() {
    let config = Config::parse(SHOP, "shop.toml").unwrap();
    let other = SHOP
        .replace(
            "feca3a50-34a7-4dc9-84ac-d4bffc76a922",
            "feca3a50-34a7-4dc9-84ac-d4bffc76a923",
        )
        .replace("series = \"ABC\"", "series = \"ABC0\"")
        .replace("number_length = 8", "number_length = 7")
        .replace(
            "code = \"B\", rate = \"8.00\"",
            "code = \"C\", rate = \"9.00\"",
        );
    let other = Config::parse(&other, "shop.toml").unwrap();
    let device = config.devices[0].id;
    for example in examples() {
        let order = order(&other, example.path, example.named, example.body);
        assert_eq!(
            order.canonical_text(device),
            example.text,
            "{}",
            example.body
        );
    }
}
