//! Measures the release binary from outside: how soon it is ready, how much memory it needs, how large it is.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::calls::{Line, sale_call, signed_get};
use super::figures::{Hundredths, Nanoseconds, Row, Times, ratio};
use super::shop::configuration;
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

/// How long a program may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a program is left idle before its memory is measured.
const IDLE: Duration = Duration::from_secs(2);
const STARTS: usize = 21;

/// The programs that are measured.
pub(super) struct Programs {
    agent: PathBuf,
    bare: PathBuf,
    /// The folder of cargo's results.
    target: PathBuf,
}

impl Programs {
    /// The released agent of the current sources, which is built; or the wanted one.
    pub(super) fn of(wanted: &MeasurePlan) -> Measured<Self> {
        let here = std::env::current_exe().map_err(with_sources)?;
        // The folder of this program is `target/PROFILE`, and that of a test is `target/PROFILE/deps`.
        let folders = here.ancestors().skip(1);
        let target = folders
            .filter(|folder| !folder.ends_with("deps"))
            .nth(1)
            .ok_or("the folder of this program is unknown")?;
        let programs = Self {
            agent: match &wanted.program {
                Some(program) => program.clone(),
                None => target.join("release/ferrotill"),
            },
            bare: match &wanted.bare {
                Some(program) => program.clone(),
                None => target.join("release/bare"),
            },
            target: target.to_owned(),
        };
        if wanted.program.is_none() {
            programs.build(&["--package", "ferrotill"])?;
        }
        Ok(programs)
    }

    /// The same, and the bare program. It is built by a call of its own, so that its features do not change the agent.
    pub(super) fn with_bare(wanted: &MeasurePlan) -> Measured<Self> {
        let programs = Self::of(wanted)?;
        if wanted.bare.is_none() {
            programs.build(&["--package", "ferrotill-bare"])?;
        }
        Ok(programs)
    }

    fn build(&self, arguments: &[&str]) -> Measured {
        let mut command = cargo();
        command.args(["build", "--quiet", "--release", "--target-dir"]);
        let status = command.arg(&self.target).args(arguments).status();
        match status.map_err(with_sources)?.success() {
            true => Ok(()),
            false => Err("the programs could not be built".to_owned()),
        }
    }

    pub(super) fn agent(&self) -> &Path {
        &self.agent
    }

    pub(super) fn bare(&self) -> &Path {
        &self.bare
    }
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command
}

/// Runs the benchmark of a receipt's arithmetic. The benchmark is a package of its own, so that its dependencies stay out of the product's
/// lock file.
pub(super) fn core() -> Measured<Vec<Row>> {
    let output = cargo()
        .args([
            "bench",
            "--quiet",
            "--manifest-path",
            "core/bench/Cargo.toml",
            "--",
            "only-the-ratio",
        ])
        .stderr(Stdio::inherit())
        .output()
        .map_err(with_sources)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let times = text.lines().find(|line| line.starts_with("core "));
    let found = text.lines().find_map(|line| {
        let figure = line.strip_prefix("ratio ")?.split(' ').next()?;
        let (whole, part) = figure.split_once('.')?;
        Some(whole.parse::<u64>().ok()? * 100 + part.parse::<u64>().ok()? * 10)
    });
    let found = found.ok_or_else(|| format!("core/bench printed no ratio:\n{text}"))?;
    Ok(vec![
        Row::at_least(
            "ten-line receipt in core",
            "at least 10×",
            (found, 1_000),
            "`rust_decimal` (`core/bench`)".to_owned(),
            format!("{}×: {}", Hundredths(found), times.unwrap_or_default()),
        )
        .timed(),
    ])
}

/// A running server program. Dropping this value kills the program.
pub(super) struct RunningProgram {
    child: Child,
    address: SocketAddr,
    /// The time from the program's start to its first answer that it is ready.
    ready: Duration,
}

impl RunningProgram {
    fn start(command: &mut Command, address: SocketAddr, path: &str) -> Measured<Self> {
        let begun = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(with_sources)?;
        let mut running = Self {
            child,
            address,
            ready: Duration::ZERO,
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        loop {
            let answered = Line::new(address).and_then(|mut line| {
                let answer = line.call(request.as_bytes())?;
                Ok(answer.starts_with(b"HTTP/1.1 200"))
            });
            if answered == Ok(true) {
                running.ready = begun.elapsed();
                return Ok(running);
            }
            let ended = running.child.try_wait().map_err(with_sources)?;
            if ended.is_some() || begun.elapsed() > READY_WITHIN {
                return Err(format!("{command:?} is not ready: {answered:?}, {ended:?}"));
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Starts the agent with the store in a folder. Nothing answers at the printer's address.
    pub(super) fn agent(programs: &Programs, folder: &Path) -> Measured<Self> {
        let mut command = Command::new(programs.agent());
        Self::agent_by(&mut command, folder, |port| configuration(folder, port))
    }

    /// Starts the agent with a command that lacks the arguments, and with the configuration for a port.
    pub(super) fn agent_by(
        command: &mut Command,
        folder: &Path,
        configuration: impl FnOnce(u16) -> String,
    ) -> Measured<Self> {
        let address = free_address()?;
        let file = folder.join("measure.toml");
        std::fs::write(&file, configuration(address.port())).map_err(with_sources)?;
        command.arg("run").arg("--config").arg(&file);
        Self::start(command, address, "/readyz")
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) const fn ready(&self) -> Duration {
        self.ready
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts the bare program with a database of its own.
    fn bare(programs: &Programs, folder: &Path) -> Measured<Self> {
        let address = free_address()?;
        let mut command = Command::new(programs.bare());
        command.arg(address.to_string()).arg(folder);
        Self::start(&mut command, address, "/")
    }

    /// Starts the bare program, which answers a path with the content of a file.
    pub(super) fn bare_answer(programs: &Programs, body: &Path, path: &str) -> Measured<Self> {
        let address = free_address()?;
        let mut command = Command::new(programs.bare());
        command.args(["answer", &address.to_string(), path]);
        command.arg(body);
        Self::start(&mut command, address, path)
    }

    /// The resident memory of the program in KiB.
    pub(super) fn resident(&self) -> Measured<u64> {
        status_figure(self.id(), "VmRSS:")
    }

    /// Lets the program sell and answer reads, so that everything that is allocated on demand has been allocated.
    pub(super) fn work(&self, sales: usize) -> Measured {
        let mut line = Line::new(self.address)?;
        let host = self.address.to_string();
        for _ in 0..sales {
            let (id, request) = sale_call(&host, 10, "AlternativeReceiptOnly");
            line.good_call(&request)?;
            line.good_call(&signed_get(
                &format!("/api/v1/alternativereceipts/{id}"),
                &host,
            ))?;
        }
        line.good_call(&signed_get("/api/v1/alternativereceipts", &host))?;
        Ok(())
    }

    /// Ends the program by SIGTERM, as the service manager does. Returns the time that it needed to be ready.
    pub(super) fn stop(mut self) -> Measured<Duration> {
        let pid = i32::try_from(self.child.id()).map_err(with_sources)?;
        kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(with_sources)?;
        self.child.wait().map_err(with_sources)?;
        Ok(self.ready)
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        // The program may have ended already, so errors do not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A figure of a running process in KiB, from its status.
pub(super) fn status_figure(process: u32, name: &str) -> Measured<u64> {
    let status = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&status).map_err(with_sources)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    figure.ok_or_else(|| format!("{status} has no {name}"))
}

fn free_address() -> Measured<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(with_sources)?;
    listener.local_addr().map_err(with_sources)
}

/// Starts the agent on each of some folders in turn, and returns the times until it was ready, by folder.
pub(super) fn starts_in_turn(
    wanted: &MeasurePlan,
    programs: &Programs,
    folders: &[&Path],
) -> Measured<Vec<Times>> {
    let mut times = vec![Times::default(); folders.len()];
    // The first start on each folder is not timed, because it may have to adopt a changed configuration.
    for folder in folders {
        RunningProgram::agent(programs, folder)?.stop()?;
    }
    for _ in 0..wanted.times(STARTS) {
        for (folder, times) in folders.iter().zip(&mut times) {
            times.push(RunningProgram::agent(programs, folder)?.stop()?);
        }
    }
    Ok(times)
}

/// Measures the start on an empty database, idle memory, and the size on disk.
pub(super) fn start_and_size(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    let programs = Programs::with_bare(wanted)?;
    let made = |name: &str| super::made(folder, name);
    let (ours, theirs) = (made("agent")?, made("bare")?);
    RunningProgram::agent(&programs, &ours)?.stop()?;
    RunningProgram::bare(&programs, &theirs)?.stop()?;
    let [mut again, mut bare_again, mut first, mut bare_first] = [
        Times::default(),
        Times::default(),
        Times::default(),
        Times::default(),
    ];
    for round in 0..wanted.times(STARTS) {
        again.push(RunningProgram::agent(&programs, &ours)?.stop()?);
        bare_again.push(RunningProgram::bare(&programs, &theirs)?.stop()?);
        first.push(RunningProgram::agent(&programs, &made(&format!("agent-{round}"))?)?.stop()?);
        bare_first.push(RunningProgram::bare(&programs, &made(&format!("bare-{round}"))?)?.stop()?);
    }
    let running = RunningProgram::agent(&programs, &ours)?;
    std::thread::sleep(IDLE);
    let idle = running.resident()?;
    running.work(200)?;
    std::thread::sleep(IDLE);
    let worked = running.resident()?;
    running.stop()?;
    let size = std::fs::metadata(programs.agent())
        .map_err(with_sources)?
        .len()
        / 1_024;
    let middle = ratio(again.p50(), bare_again.p50());
    Ok(vec![
        Row::at_most(
            "start to ready on an empty database",
            "at most 3×",
            (middle, 300),
            format!(
                "a bare axum + rusqlite program: {}",
                Nanoseconds(bare_again.p50())
            ),
            format!("{}×: {}", Hundredths(middle), Nanoseconds(again.p50())),
        )
        .timed(),
        Row::without_target(
            "the very first start, which makes the tables and the key",
            format!(
                "the same program, which makes one table: {}",
                Nanoseconds(bare_first.p50())
            ),
            format!(
                "{}×: {}",
                Hundredths(ratio(first.p50(), bare_first.p50())),
                Nanoseconds(first.p50())
            ),
        )
        .timed(),
        Row::at_most(
            "idle memory (RSS), stripped release binary",
            "at most 8 MB",
            (idle, 8_000_000 / 1_024),
            "–".to_owned(),
            format!("{idle} KiB; {worked} KiB after 200 sales"),
        ),
        Row::at_most(
            "size on disk, stripped release binary",
            "at most 10 MB",
            (size, 10_000_000 / 1_024),
            "–".to_owned(),
            format!("{size} KiB"),
        ),
    ])
}

/// The agent's memory with the store in a folder, in KiB: idle, and idle again after some sales.
pub(super) fn memory(programs: &Programs, folder: &Path) -> Measured<(u64, u64)> {
    let running = RunningProgram::agent(programs, folder)?;
    std::thread::sleep(IDLE);
    let idle = running.resident()?;
    running.work(200)?;
    std::thread::sleep(IDLE);
    let worked = running.resident()?;
    running.stop()?;
    Ok((idle, worked))
}

/// For each folder the median start time, and the ratio of its starts to those of the first folder.
pub(super) fn beside_first(times: &[Times]) -> Vec<(u64, u64)> {
    let first = times.first().map_or(0, Times::p50);
    times
        .iter()
        .map(|times| (times.p50(), ratio(times.p50(), first)))
        .collect()
}
