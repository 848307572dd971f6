//! Whether the time of a refusal shows how much of a wrong signature is right: Welch's t over many calls whose signature is wrong in its
//! first letter, in its last one, or in every letter, in random order.
//!
//! `cargo bench -p ferrotill --bench signature_timing [-- SAMPLES]`
//!
//! Two classes of calls count as different if |t| is above 4.5. A control compares letter by letter and stops at the first
//! difference. If the
//! classes of the control do not differ, the machine was too noisy and the measurement means nothing.
#![allow(
    clippy::print_stdout,
    reason = "the figures are printed for the person who started the measurement"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use axum::http::{HeaderMap, HeaderValue};
use ferrotill::api::auth::{Call, check};
use ferrotill::api::settings::ApiSettings;
use ferrotill::config::Config;
use ferrotill::hmac::signature_of;
use ferrotill::time::clock::{Clock, system_ms};
use ferrotill::time::guarded_clock::GuardedClock;

const SAMPLES: usize = 400_000;
const T_MAX: f64 = 4.5;
/// The share of the calls that are evaluated: the slowest calls are dropped, because the system interrupted them.
const KEPT: f64 = 0.9;
const SECRET: &str = "a-secret-of-some-length";
const PATH: &str = "/api/v1/devices";
const CLASSES: [&str; 3] = [
    "wrong in the first letter",
    "wrong in the last letter",
    "wrong in every letter",
];

fn main() {
    let samples = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(SAMPLES);
    let config = Config::parse(
        include_str!("../fuzz/seeds/configuration/shop"),
        "shop.toml",
    )
    .unwrap();
    let settings = ApiSettings::of(&config);
    let clock = GuardedClock::new(Arc::new(Clock::new(Some("UTC")).unwrap()), None, []);
    let at = system_ms();
    let right = signature_of(SECRET.as_bytes(), &[format!("{at}GET{PATH}").as_bytes()]);
    let heads: Vec<HeaderMap> = wrong(&right)
        .iter()
        .chain([&right])
        .map(|signature| head(at, signature))
        .collect();
    let call = |headers: &HeaderMap| {
        let call = Call {
            method: "GET",
            path_and_query: PATH,
            headers,
            body: b"",
        };
        check(&settings, None, &clock, &call).is_ok()
    };
    assert!(
        call(&heads[3]),
        "the right signature is right: the secret of the seed has changed"
    );

    println!("{samples} calls of each class");
    let real = measure(samples, |class| assert!(!call(&heads[class])));
    let mut leaks = report("the agent's check", &real);
    let expected = right.into_bytes();
    let signatures = wrong(&String::from_utf8(expected.clone()).unwrap());
    let control = measure(samples, |class| {
        // One comparison is shorter than the clock's step, so the comparison is repeated.
        for _ in 0..16 {
            assert!(!letter_by_letter(
                black_box(&expected),
                black_box(signatures[class].as_bytes())
            ));
        }
    });
    let control_differs = report("the control, letter by letter", &control);
    if !control_differs {
        println!("the classes of the control do not differ: this measurement means nothing");
        leaks = true;
    }
    std::process::exit(i32::from(leaks));
}

/// Three wrong signatures: one is wrong in its first letter, one in its last letter, one in every letter.
fn wrong(right: &str) -> [String; 3] {
    let other = |letter: char| if letter == '0' { '1' } else { '0' };
    let (first, last) = (right.chars().next().unwrap(), right.chars().last().unwrap());
    [
        format!("{}{}", other(first), &right[1..]),
        format!("{}{}", &right[..right.len() - 1], other(last)),
        right.chars().map(other).collect(),
    ]
}

fn head(at: i64, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("api-key", HeaderValue::from_static("a-key"));
    headers.insert("api-timestamp", HeaderValue::from(at));
    headers.insert("api-signature", HeaderValue::from_str(signature).unwrap());
    headers
}

fn letter_by_letter(left: &[u8], right: &[u8]) -> bool {
    for (left, right) in left.iter().zip(right) {
        if black_box(left) != black_box(right) {
            return false;
        }
    }
    left.len() == right.len()
}

/// The nanoseconds of every call, one list for each class of signatures. The classes alternate in a random order, so that
/// periodic work of the machine does not fall on one class only.
fn measure(samples: usize, act: impl Fn(usize)) -> [Vec<f64>; 3] {
    let mut taken: [Vec<f64>; 3] = [const { Vec::new() }; 3];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let warm_up = samples / 20;
    for round in 0..samples + warm_up {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let turn = (state % 3) as usize;
        for step in 0..3 {
            let class = (turn + step) % 3;
            let begun = Instant::now();
            act(black_box(class));
            let nanoseconds = begun.elapsed().as_nanos() as f64;
            if round >= warm_up {
                taken[class].push(nanoseconds);
            }
        }
    }
    taken
}

/// Prints mean and spread of each class and t of each pair of classes. Returns true if two classes differ.
fn report(what: &str, taken: &[Vec<f64>; 3]) -> bool {
    let mut all: Vec<f64> = taken.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    // All classes have the same upper bound, so that the bound favours no class.
    let bound = all[((all.len() - 1) as f64 * KEPT) as usize];
    let figures: Vec<(f64, f64, f64)> = taken
        .iter()
        .map(|class| {
            let kept: Vec<f64> = class
                .iter()
                .copied()
                .filter(|time| *time <= bound)
                .collect();
            let count = kept.len() as f64;
            let mean = kept.iter().sum::<f64>() / count;
            let variance =
                kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
            (count, mean, variance)
        })
        .collect();
    println!("{what}:");
    for (name, (count, mean, variance)) in CLASSES.iter().zip(&figures) {
        println!(
            "  {name}: {mean:.1} ns, spread {:.1} ns, {count} calls",
            variance.sqrt()
        );
    }
    let mut differs = false;
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let ((n, a, v), (m, b, w)) = (figures[one], figures[other]);
        let t = (a - b) / (v / n + w / m).sqrt();
        println!(
            "  t of \"{}\" and \"{}\": {t:.2}",
            CLASSES[one], CLASSES[other]
        );
        differs |= t.abs() > T_MAX;
    }
    differs
}
