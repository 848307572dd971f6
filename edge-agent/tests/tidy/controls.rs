//! Tests that each rule about one file finds a certain line and does not find certain other lines.

use crate::lines::*;
use crate::source::{Finding, Source};

#[test]
fn every_rule_can_fail() {
    type Rule = fn(&Source) -> Vec<Finding>;
    let long = "\n".repeat(FILE_LINES_MAX + 1);
    // Each row: the rule, the path, the text, and the line in which the rule must find a breach.
    #[rustfmt::skip]
    let bad: &[(&str, Rule, &str, &str, usize)] = &[
        ("float type", floats, "core/src/amount.rs", "fn a(x: f64) {}", 1),
        ("float suffix", floats, "device/src/a.rs", "\nlet x = 1_f32;", 2),
        ("float literal", floats, "edge-agent/src/a.rs", "let x = 2.50;", 1),
        ("JSON float", floats, "edge-agent/src/a.rs", "value.as_f64()", 1),
        ("float in a test", floats, "core/src/a.rs", "#[cfg(test)]\nmod t { const X: f64 = X; }", 2),
        ("country code", countries, "edge-agent/src/a.rs", "if code == \"MD\" {}", 1),
        ("country name", countries, "core/src/till.rs", "\n\nstruct MoldovaRule;", 3),
        ("country in a text", countries, "device/src/a.rs", "\"made for Austria\"", 1),
        ("country module", countries, "edge-agent/src/a.rs", "use profile::md::Md;", 1),
        ("evidence", evidence, "edge-agent/src/seal/a.rs", "SamePrinter::compare(&a, &a)", 1),
        ("SQL", sql, "edge-agent/src/clerk.rs", "\"SELECT number FROM receipts\"", 1),
        ("SQL over lines", sql, "edge-agent/src/a.rs", "query(\n\"x\n DELETE FROM a\")", 2),
        ("SQL in a raw string", sql, "edge-agent/src/a.rs", "r#\"INSERT \"a\" b\"#", 1),
        ("core in the wire", wire_imports, "device/src/wire/isl.rs", "use ferrotill_core::Amount;", 1),
        ("core in the session", wire_imports, "device/src/session.rs", "ferrotill_core::Amount", 1),
        ("clock", clocks, "device/src/session.rs", "let now = Instant::now();", 1),
        ("wall clock", clocks, "edge-agent/src/clerk.rs", "std::time::SystemTime::now()", 1),
        ("calendar", clocks, "edge-agent/src/clerk.rs", "jiff::Timestamp::now()", 1),
        ("unwrap", unwraps, "edge-agent/src/a.rs", "a.unwrap();", 1),
        ("expect", unwraps, "core/src/a.rs", "a\n    .expect(\"b\")", 2),
        ("unwrap behind tests", unwraps, "core/src/a.rs", "#[cfg(test)]\nmod t { fn a() { '{'; } }\nb.unwrap()", 3),
        ("health", health_reads, "edge-agent/src/api/own/health.rs", "\nservice.read(|reader| 1)", 2),
        ("metrics", health_reads, "edge-agent/src/api/own/metrics.rs", "service.waits(id).await", 1),
        ("abs", panicking_methods, "edge-agent/src/a.rs", "a.abs()", 1),
        ("split_at", panicking_methods, "edge-agent/store/src/a.rs", "\n\na.split_at(3)", 3),
        ("length", file_length, "core/src/a.rs", &long, FILE_LINES_MAX + 1),
        ("later", left_for_later, "core/src/a.rs", "todo!()", 1),
        ("never", left_for_later, "edge-agent/tests/a.rs", "unimplemented!(\"x\")", 1),
        ("ignored test", left_for_later, "core/tests/a.rs", "#[test]\n#[ignore = \"slow\"]", 2),
    ];
    for (name, rule, path, text, line) in bad {
        let found = rule(&Source::parse(path, text));
        let lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [*line], "{name}: {found:?}");
    }
}

#[test]
fn no_rule_cries_wolf() {
    type Rule = fn(&Source) -> Vec<Finding>;
    #[rustfmt::skip]
    let good: &[(&str, Rule, &str, &str)] = &[
        ("a comment", floats, "core/src/a.rs", "// no f64 here, not even 1.5\n/* f32 /* f64 */ 2.5 */"),
        ("a string", floats, "core/src/a.rs", "\"f64 8.10\"; r\"f32\"; b\"1.5\"; '\\'';"),
        ("tuples and ranges", floats, "core/src/a.rs", "a.0.1; 1..5; 0..=9; x2.3; 1.max(2)"),
        ("a lifetime", floats, "core/src/a.rs", "fn a<'a>(x: &'a str) -> &'a str { x } // f64"),
        ("the profile", countries, "core/src/profile/md.rs", "pub struct Moldova; \"MD\""),
        ("a test", countries, "core/src/till.rs", "#[cfg(test)]\nmod tests { use md::X; \"MD\"; }"),
        ("other words", countries, "core/src/a.rs", "cmd::run(); format::a(); \"MDL\"; \"AT 5\""),
        ("a driver", evidence, "device/src/driver/a.rs", "SamePrinter::compare(&a, &b)"),
        ("the store", sql, "edge-agent/store/src/journal.rs", "\"SELECT 1\""),
        ("prose", sql, "edge-agent/src/a.rs", "// SELECT something\n\"update the till\""),
        ("the driver", wire_imports, "device/src/driver/datecs.rs", "use ferrotill_core::Amount;"),
        ("the clock", clocks, "edge-agent/src/time/clock.rs", "SystemTime::now()"),
        ("the port", clocks, "device/src/port/serial.rs", "Instant::now()"),
        ("a test's unwrap", unwraps, "core/src/a.rs", "#[cfg(test)]\nmod tests {\n a.unwrap();\n \"}\";\n b.unwrap() }"),
        ("a test file", unwraps, "device/tests/a.rs", "a.unwrap()"),
        ("a test module", unwraps, "edge-agent/src/a_tests.rs", "a.unwrap()"),
        ("unwrap_or", unwraps, "core/src/a.rs", "a.unwrap_or(1); // .unwrap()\n\".unwrap()\""),
        ("operations", health_reads, "edge-agent/src/api/own/operations.rs", "service.read(1)"),
        ("unsigned_abs", panicking_methods, "edge-agent/src/a.rs", "a.unsigned_abs(); a.checked_pow(2)"),
        ("a full file", file_length, "core/src/a.rs", "fn a() {}\n"),
        ("words of prose", left_for_later, "core/src/a.rs", "// todo!()\nmy_todo!(); \"unimplemented!\""),
    ];
    for (name, rule, path, text) in good {
        let found = rule(&Source::parse(path, text));
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}
