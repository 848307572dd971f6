//! Fuzzes the headers of a signed call: a caller without the secret is refused, whatever the headers contain.
#![no_main]

use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ferrotill::api::auth::{Call, check};
use ferrotill::api::settings::ApiSettings;
use ferrotill::time::clock::Clock;
use ferrotill::config::Config;
use ferrotill::time::guarded_clock::GuardedClock;
use libfuzzer_sys::fuzz_target;

static SETTINGS: LazyLock<ApiSettings> = LazyLock::new(|| {
    let text = include_str!("../seeds/configuration/shop");
    let config = Config::parse(text, "shop.toml").expect("the seed is a configuration");
    ApiSettings::of(&config)
});
static CLOCK: LazyLock<GuardedClock> = LazyLock::new(|| {
    let clock = Clock::new(Some("UTC")).expect("UTC is known");
    GuardedClock::new(Arc::new(clock), None, [])
});

const NAMES: [&str; 6] = [
    "api-key",
    "api-deviceid",
    "api-pointofsaleid",
    "api-timestamp",
    "api-signature",
    "host",
];

fuzz_target!(|call: (Vec<(u8, &[u8])>, bool, &str, &[u8])| {
    let (lines, known, path, body) = call;
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = NAMES[usize::from(name) % NAMES.len()];
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    if known {
        // The call has a known key and the present time, so that it passes the first checks and the signature is compared.
        let now = ferrotill::time::clock::system_ms();
        headers.insert("api-key", HeaderValue::from_static("a-key"));
        headers.insert("api-timestamp", HeaderValue::from(now));
    }
    let call = Call {
        method: "POST",
        path_and_query: path,
        headers: &headers,
        body,
    };
    assert!(check(&SETTINGS, None, &CLOCK, &call).is_err());
});
