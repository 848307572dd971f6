//! Tests of the layers of a configuration: which layer counts, and the environment variables.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Config, whole};
use crate::config::Overrides;

#[test]
fn flags_win_over_environment_over_conf_d_over_the_file() {
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
fn a_file_that_is_not_toml_is_reported_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ferrotill.toml");
    for slip in [
        "[till]\nmode = TEST\ncountry = \"MD\"\n",
        "[till]\nmode = \"TEST\ncountry = \"MD\"\n",
        "[till]\nmode = \"TEST\"\nmode = \"TEST\"\n",
    ] {
        fs::write(&path, slip).unwrap();
        let error = Config::load_with(&path, &Overrides::default(), []).unwrap_err();
        let text = error.to_string();
        assert_eq!(text.matches("is not TOML").count(), 1, "{text}");
        assert!(!text.contains("is missing"), "{text}");
    }
}
