//! Fuzzes the configuration: any text gives a configuration or a list of faults, and each fault names its place.
#![no_main]

use ferrotill::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // Reading a configuration opens the files of its secrets, and the fuzzer must not open files with invented names.
    if text.contains("_file") {
        return;
    }
    match Config::parse(text, "fuzz.toml") {
        Ok(config) => {
            let _ = ferrotill::agent::check(&config);
            assert!(!format!("{config:?}").contains("a-secret-of-some-length"));
        }
        Err(error) => assert!(error.to_string().contains("fuzz.toml")),
    }
});
