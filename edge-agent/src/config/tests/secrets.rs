//! Secrets and unencrypted connections.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Config, whole};
use crate::config::Overrides;

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
        "t.toml:7:10: api.clients[0].secret: is written in the configuration of a LIVE till; put it into a file with mode 0600 and name the file with secret_file"
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
fn a_live_till_with_an_unencrypted_url_gets_a_warning() {
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
            .replace(
                "\"http://127.0.0.1:7100/\"",
                &format!("\"{url}\"\nenvironment = \"{mode}\""),
            );
        fs::write(&file, text).unwrap();
        let config = Config::load_with(&file, &Overrides::default(), []).unwrap();
        let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings
                .iter()
                .any(|line| line.contains("upstream.url: is not encrypted")),
            warned,
            "{mode} {url}: {warnings:?}"
        );
    }
}
