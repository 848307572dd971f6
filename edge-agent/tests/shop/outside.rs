//! The commands of the built program as processes, which tests can kill.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use ferrotill::agent::Agent;
use ferrotill::api::json::JsonValue;
use ferrotill::config::{Config, Overrides};
use ferrotill::object;
use ferrotill::time::clock::Clock;
use ferrotill_testkit::program::{for_arguments, other, tested};

use super::{Client, value};

/// The program that cargo has built with this test.
const BUILT: &str = env!("CARGO_BIN_EXE_ferrotill");

/// The path of the program to test.
pub fn program_path() -> PathBuf {
    tested(BUILT)
}

/// The program to test, without arguments.
pub fn program() -> Command {
    Command::new(program_path())
}

/// Where a process writes its log: nowhere, or with the messages of the test if another program is tested.
fn log() -> Stdio {
    other().map_or_else(Stdio::null, |_| Stdio::inherit())
}

/// A running process of the program. Dropping this value kills it.
pub struct Process {
    child: Child,
    /// Standard input of an agent, which reads from it how many milliseconds to skip.
    skips: Option<ChildStdin>,
    /// A client for the address on which the process serves.
    pub client: Client,
    /// The line with which the process said that it serves.
    pub ready: JsonValue,
}

impl Process {
    /// Starts a command and waits until it is ready.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(for_arguments(BUILT, arguments));
        Self::spawn(command.arg("--json").args(arguments).stderr(log()))
    }

    /// Runs a command line of the shell that ends with a command of the program, and waits until that is ready.
    pub fn shell(line: &str) -> Self {
        Self::spawn(Command::new("sh").args(["-c", line]))
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        // The test harness prints its own line before the line of the program.
        let mut lines = output.lines().map(Result::unwrap);
        let ready = lines.find_map(|line| Some(line.get(line.find('{')?..)?.to_owned()));
        let ready = ready.unwrap_or_else(|| panic!("{command:?} is not ready"));
        let printed = JsonValue::parse(ready.as_bytes())
            .unwrap_or_else(|error| panic!("{command:?} printed {ready:?}: {error}"));
        let JsonValue::Text(url) = value(&printed, "url") else {
            panic!("{ready}");
        };
        Self {
            skips: child.stdin.take(),
            child,
            client: Client::new(url.clone()),
            ready: printed,
        }
    }

    /// Starts an agent in a process whose pauses can be shortened. The process is this test program again, with only its test
    /// `agent_process`, which must call [`run_agent_process`].
    pub fn skippable_agent(configuration: &Path) -> Self {
        assert!(
            other().is_none(),
            "this test shortens the pauses of the agent, which another program does not allow"
        );
        Self::spawn(
            Command::new(std::env::current_exe().unwrap())
                .args(["agent_process", "--exact", "--nocapture"])
                .env(CONFIGURATION, configuration)
                .stdin(Stdio::piped())
                .stderr(Stdio::null()),
        )
    }

    /// Shortens the pauses of a skippable agent by this many milliseconds.
    pub fn skip(&mut self, milliseconds: u64) {
        let skips = self.skips.as_mut().expect("a skippable agent");
        writeln!(skips, "{milliseconds}").unwrap();
    }

    /// An emulated printer of a family, at full speed.
    pub fn emulator_of(family: &str, link: &Path) -> Self {
        let link = link.to_str().unwrap();
        let switches = "127.0.0.1:0";
        Self::start(&[
            "emulator", "--family", family, "--link", link, "--listen", switches,
        ])
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

    /// An agent that runs as another user, who is also its group.
    pub fn agent_of_user(configuration: &Path, user: u32) -> Self {
        let mut command = program();
        let arguments = ["--json", "run", "--config"];
        let command = command.args(arguments).arg(configuration);
        Self::spawn(command.uid(user).gid(user).stderr(log()))
    }

    /// An agent that writes its log to a file.
    pub fn agent_with_log(configuration: &Path, log: std::fs::File) -> Self {
        let mut command = program();
        let arguments = ["--json", "run", "--config"];
        Self::spawn(command.args(arguments).arg(configuration).stderr(log))
    }

    /// An agent of a service manager that listens at a socket and watches it.
    pub fn watched_agent(configuration: &Path, socket: &Path, watchdog: Duration) -> Self {
        let mut command = program();
        let arguments = ["--json", "run", "--config"];
        Self::spawn(
            command
                .args(arguments)
                .arg(configuration)
                .env("NOTIFY_SOCKET", socket)
                .env("WATCHDOG_USEC", watchdog.as_micros().to_string())
                .stderr(log()),
        )
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(id, signal).unwrap();
    }

    /// Sends SIGTERM and waits until the process ends by itself.
    pub fn stop(&mut self) {
        // An agent that has answered a request handles the signal already.
        self.client.open("/healthz");
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    /// Sends SIGINT, as Ctrl-C does, and returns the exit code.
    pub fn interrupt(&mut self) -> Option<i32> {
        // A process that has answered a request handles the signal already.
        self.client.open("/healthz");
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Kills the process and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Killing fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves as an agent until the process is killed, if [`Process::skippable_agent`] has started the process.
pub fn run_agent_process() {
    let Some(file) = std::env::var_os(CONFIGURATION) else {
        return;
    };
    let config = Config::load(Path::new(&file), &Overrides::default()).unwrap();
    let clock = Arc::new(Clock::new(config.till.time_zone.as_deref()).unwrap());
    thread::spawn({
        let clock = Arc::clone(&clock);
        move || {
            for line in std::io::stdin().lines() {
                clock.skip(line.unwrap().parse().unwrap());
            }
            // The test has ended and has not killed this process, so the process ends here.
            std::process::exit(1);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(config.api.listen)
            .await
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let agent = Agent::start(config, Some(clock)).unwrap();
        let ready = format!("{}\n", object! { "url" => url });
        std::io::stdout().write_all(ready.as_bytes()).unwrap();
        agent
            .serve(listener, Router::new(), std::future::pending())
            .await;
    });
}

/// The environment variable with the configuration file of an agent process.
const CONFIGURATION: &str = "TEST_AGENT_CONFIGURATION";

/// Runs a command to its end. Returns its exit code and its only JSON document.
pub fn finished(arguments: &[&str]) -> (Option<i32>, JsonValue) {
    let output = program().arg("--json").args(arguments).output().unwrap();
    let said =
        JsonValue::parse(&output.stdout).unwrap_or_else(|error| panic!("{output:?}: {error}"));
    (output.status.code(), said)
}

/// Waits until a condition is true. There is a short pause between two checks, so that the processor is free for other work.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        // Some threads look by themselves only every half a minute.
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}
