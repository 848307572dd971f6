//! SIGHUP: the configuration is checked, what can be taken over is taken over, and the rest is named.

mod shop;

use std::fs;
use std::path::PathBuf;

use ferrotill::api::json::JsonValue;
use ferrotill::config::{Config, Overrides};
use nix::sys::signal::Signal;
use shop::outside::{Process, finished, until};
use shop::{KEY, SECRET, config, value};

struct Service {
    agent: Process,
    file: PathBuf,
    log: PathBuf,
    text: String,
    _folder: tempfile::TempDir,
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, log) = (
            folder.path().join("ferrotill.toml"),
            folder.path().join("log"),
        );
        let books = folder.path().join("books");
        let text = config(&books, "datecs+tcp://127.0.0.1:9", "http://127.0.0.1:9").to_string();
        fs::write(&file, &text).unwrap();
        Self {
            agent: Process::agent_with_log(&file, fs::File::create(&log).unwrap()),
            file,
            log,
            text,
            _folder: folder,
        }
    }

    /// Writes another configuration, sends the signal, and waits for a line of the log.
    fn reload(&self, text: &str, line: &str) {
        let before = self.lines(line);
        fs::write(&self.file, text).unwrap();
        self.agent.signal(Signal::SIGHUP);
        until(line, || self.lines(line) > before);
    }

    fn lines(&self, part: &str) -> usize {
        let log = fs::read_to_string(&self.log).unwrap();
        log.lines().filter(|line| line.contains(part)).count()
    }

    fn restart_needed(&self) -> String {
        let health = self.agent.client.open("/healthz");
        value(&health.body, "restart_needed").to_string()
    }

    /// The status of a signed question with this secret.
    fn asks(&self, key: &'static str, secret: &'static str) -> u16 {
        self.agent
            .client
            .signing_as(key, secret)
            .get("devices")
            .status
    }
}

const NEW_SECRET: &str = "another-secret-of-some-length";

#[test]
fn callers_are_taken_over_and_other_keys_need_a_restart() {
    let service = Service::start();
    assert_eq!(service.asks(KEY, SECRET), 200);
    assert_eq!(service.restart_needed(), "[]");
    let changed = service.text.replacen(SECRET, NEW_SECRET, 1).replacen(
        "http://127.0.0.1:9",
        "http://127.0.0.1:8",
        1,
    );
    assert_ne!(changed, service.text);
    service.reload(&changed, r#"event="reload" key="upstream.url""#);
    assert_eq!(
        service.lines(r#"event="reload" key="api.clients[0].secret""#),
        1
    );
    assert_eq!(service.asks(KEY, SECRET), 401);
    assert_eq!(service.asks(KEY, NEW_SECRET), 200);
    until("health names the key", || {
        service.restart_needed() == r#"["upstream.url"]"#
    });
    let file = service.file.to_str().unwrap();
    let listen = service.agent.client.open("/healthz");
    assert_eq!(listen.status, 200);
    let address = text_of(&service.agent.ready, "url").replace("http://", "");
    let checked = finished(&["config", "check", "--config", file, "--listen", &address]);
    assert_eq!(checked.0, Some(0), "{}", checked.1);
    assert_eq!(
        value(&checked.1, "restart_needed").to_string(),
        r#"["upstream.url"]"#
    );

    // The secret was taken over, so that it is no change any more; the address is the one of the start again.
    let without = changed.replacen("http://127.0.0.1:8", "http://127.0.0.1:9", 1);
    service.reload(&without, "no value has changed");
    until("no key waits", || service.restart_needed() == "[]");
    // A reload that has taken everything over is a start with the same file.
    let in_force = |service: &Service| service.agent.client.open("/healthz").at("configuration");
    let other = Config::load_with(&service.file, &Overrides::default(), []).unwrap();
    until("the digest is that of the file", || {
        in_force(&service) == other.digest.to_string()
    });
    assert_eq!(service.asks(KEY, NEW_SECRET), 200);
}

#[test]
fn a_faulty_configuration_changes_nothing_and_every_fault_is_in_the_log() {
    let service = Service::start();
    let faulty = service
        .text
        .replacen(SECRET, NEW_SECRET, 1)
        .replacen("\"MD\"", "\"XX\"", 1)
        .replacen("datecs+tcp", "abacus+tcp", 1);
    service.reload(&faulty, "device[0].uri: is ");
    assert_eq!(service.lines("nothing is changed: "), 2);
    assert_eq!(service.asks(KEY, SECRET), 200);
    assert_eq!(service.asks(KEY, NEW_SECRET), 401);
    assert_eq!(service.restart_needed(), "[]");
}

fn text_of(node: &JsonValue, path: &str) -> String {
    match value(node, path) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{path} is {other:?}"),
    }
}
