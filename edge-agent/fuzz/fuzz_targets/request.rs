//! Fuzzes the bodies of creating operations: any body is read or has faults, and no number in a body ends the process.
#![no_main]

use std::sync::LazyLock;

use ferrotill::api::fiscalcloud::faults_of;
use ferrotill::config::Config;
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let text = include_str!("../seeds/configuration/shop");
    Config::parse(text, "shop.toml").expect("the seed is a configuration")
});

const PATHS: [&str; 9] = [
    "operations/sale",
    "operations/return",
    "operations/closeday",
    "operations/intermediatetotals",
    "receipts",
    "alternativereceipts",
    "returnreceipts",
    "cashoperations",
    "reports",
];

/// The smallest and largest values of the integer types.
const EDGES: [i128; 13] = [
    i8::MIN as i128,
    i8::MAX as i128,
    u8::MAX as i128,
    i16::MIN as i128,
    i16::MAX as i128,
    u16::MAX as i128,
    i32::MIN as i128,
    i32::MAX as i128,
    u32::MAX as i128,
    i64::MIN as i128,
    i64::MAX as i128,
    u64::MAX as i128,
    0,
];

/// The text of an integer at or near a limit of an integer type. Its last `places` digits are decimals.
fn number(edge: u8, distance: i8, places: u8) -> String {
    let value = EDGES[usize::from(edge) % EDGES.len()] + i128::from(distance % 2);
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:06}", value.unsigned_abs());
    let (whole, part) = digits.split_at(digits.len() - usize::from(places % 5));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    match part {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}

// Each `@` of the body is replaced by one of the numbers.
fuzz_target!(|request: (u8, [(u8, i8, u8); 4], &str)| {
    let (path, numbers, body) = request;
    let profile = ferrotill::agent::check(&CONFIG).expect("the seed can be started");
    let mut text = String::new();
    for (index, part) in body.split('@').enumerate() {
        if index > 0 {
            let (edge, distance, places) = numbers[(index - 1) % numbers.len()];
            text += &number(edge, distance, places);
        }
        text += part;
    }
    let path = PATHS[usize::from(path) % PATHS.len()];
    let _ = faults_of(
        &CONFIG,
        profile,
        &format!("/api/v1/{path}"),
        text.as_bytes(),
    );
});
