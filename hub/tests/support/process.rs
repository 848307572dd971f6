//! A hub process with its folder.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

use ferrotill_hub::authority::Authority;
use ferrotill_hub::config::Config;
use ferrotill_hub::store::{Pool, Store};
use tempfile::TempDir;

/// The folder of a hub: configuration and authority.
pub(crate) struct HubFolder {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
}

/// A running hub process.
pub(crate) struct Hub {
    process: Child,
    pub(crate) tills: SocketAddr,
    pub(crate) people: SocketAddr,
}

impl HubFolder {
    /// A folder with an authority, and a database with the hub's tables.
    pub(crate) fn new(url: &str) -> Self {
        let hub = Self::empty(url, "");
        hub.succeeds(&["init", "--name", "localhost"]);
        hub.succeeds(&["migrate"]);
        hub
    }

    /// A folder with a configuration alone; `more` are further keys of the database.
    pub(crate) fn empty(url: &str, more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let text = format!(
            "[database]\nurl = \"{url}\"\n{more}[tills]\nlisten = \"127.0.0.1:0\"\nnames = [\"localhost\", \"127.0.0.1\"]\n\
             authority_folder = \"authority\"\n[people]\nlisten = \"127.0.0.1:0\"\n"
        );
        fs::write(folder.path().join("hub.toml"), text).unwrap();
        Self {
            folder,
            url: url.to_owned(),
        }
    }

    /// Runs a verb.
    pub(crate) fn verb(&self, arguments: &[&str]) -> Output {
        let (verb, rest) = arguments.split_first().unwrap();
        Command::new(env!("CARGO_BIN_EXE_ferrotill-hub"))
            .arg(verb)
            .arg("--config")
            .arg(self.path().join("hub.toml"))
            .args(rest)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a verb that must succeed; its standard output.
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.verb(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The authority of the hub.
    pub(crate) fn authority(&self) -> Authority {
        Authority::read(&self.path().join("authority")).unwrap()
    }

    /// The hub's store, used by the test itself.
    pub(crate) fn store(&self) -> Store {
        let config = Config::read(&self.path().join("hub.toml")).unwrap();
        Store::new(Arc::new(Pool::new(&config.database).unwrap()))
    }

    /// Starts a hub process and waits until it serves.
    pub(crate) fn run(&self) -> Hub {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ferrotill-hub"))
            .arg("run")
            .arg("--config")
            .arg(self.path().join("hub.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut seen = Vec::new();
        let ready = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the hub did not start: {}", seen.join("\n"));
            };
            if let Some((_, ready)) = line.split_once("READY ") {
                break ready.to_owned();
            }
            seen.push(line);
        };
        thread::spawn(move || {
            let is_shown = std::env::var_os("FERROTILL_HUB_LOG").is_some();
            for line in lines.map_while(Result::ok) {
                if is_shown {
                    eprintln!("{line}");
                }
            }
        });
        let words: Vec<&str> = ready.split(' ').collect();
        Hub {
            process,
            tills: words[1].parse().unwrap(),
            people: words[3].parse().unwrap(),
        }
    }
}

impl Hub {
    /// The most memory that the process has had, in kilobytes.
    pub(crate) fn memory_max_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Kills the process.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
