//! The built program's verbs as processes of their own, which can be killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ferrotill::api::json::JsonValue;

use super::{Client, value};

/// A running verb. Dropping it kills it.
pub struct Process {
    child: Child,
    /// Where it serves.
    pub client: Client,
}

impl Process {
    /// Starts a verb and waits until it says that it is ready.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ferrotill"))
            .arg("--json")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        let told = JsonValue::parse(ready.as_bytes())
            .unwrap_or_else(|error| panic!("{arguments:?} said {ready:?}: {error}"));
        let JsonValue::Text(url) = value(&told, "url") else {
            panic!("{ready}");
        };
        Self {
            child,
            client: Client::new(url.clone()),
        }
    }

    pub fn emulator(link: &Path, memory: &Path, baud: &str) -> Self {
        let (link, memory) = (link.to_str().unwrap(), memory.to_str().unwrap());
        Self::start(&[
            "emulator",
            "--family",
            "datecs",
            "--link",
            link,
            "--memory",
            memory,
            "--baud",
            baud,
            "--listen",
            "127.0.0.1:0",
        ])
    }

    pub fn authority() -> Self {
        Self::start(&["authority", "--listen", "127.0.0.1:0"])
    }

    pub fn agent(configuration: &Path) -> Self {
        Self::start(&["run", "--config", configuration.to_str().unwrap()])
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and a good end.
    pub fn stop(&mut self) {
        // An agent that has answered a request waits for the signal.
        self.client.open("/healthz");
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    /// SIGKILL, and the end of it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a verb to its end: its exit code and its one JSON document.
pub fn finished(arguments: &[&str]) -> (Option<i32>, JsonValue) {
    let output = Command::new(env!("CARGO_BIN_EXE_ferrotill"))
        .arg("--json")
        .args(arguments)
        .output()
        .unwrap();
    let said =
        JsonValue::parse(&output.stdout).unwrap_or_else(|error| panic!("{output:?}: {error}"));
    (output.status.code(), said)
}

/// Asks until a condition holds. The asking itself goes through a socket, so that nothing is spun on.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
    }
}
