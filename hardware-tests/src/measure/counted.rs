//! Counts what a sale, a receipt and a quiet till cost: SQL statements, syncs, bytes, printer commands. Nothing is timed.
//!
//! The whole agent runs in this process, with an emulated printer on a pseudo-terminal, callers over HTTP, a disk that counts, and an
//! authority that acknowledges each document before the next one is sold.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use ferrotill::agent::Agent;
use ferrotill::clerk::{ClerkHandle, Message};
use ferrotill::config::Config;
use ferrotill::simulator::tax_office::{self, Strictness, TaxOfficeSimulator};
use ferrotill::status::LiveStatus;
use ferrotill::time::clock::Clock;
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_disk::{Disk, DiskCall, StatementCounts, count_statements, statements};
use ferrotill_testkit::config::{ConfigText, Device, text};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::Measured;
use super::calls::{Line, sale_call};
use super::figures::Row;
use super::kept::{Count, KeptCounts, compared};
use super::shop::DEVICE;
use crate::error_text::with_sources;

/// How many sales are counted. They are too few for a checkpoint, a snapshot or an anchor, whose moment depends on time.
const SALES: u32 = 20;
/// How long the till is at rest, in seconds of its clock. That is too short for a checkpoint, too: the clock runs so fast here that a
/// checkpoint would often meet the next commit, and would then be made again or not.
const REST_S: u64 = 3_600;
/// By how many seconds the till's clock jumps ahead at rest: the longest pause of the clerk.
const REST_STEP_S: u64 = 60;
/// How long the till may take for something that must happen.
const LONG: Duration = Duration::from_secs(60);

/// What was counted between two moments.
struct Difference {
    statements: StatementCounts,
    syncs: u64,
    bytes: u64,
}

/// A till in this process. Dropping this value stops the till.
struct CountedTill {
    _folder: tempfile::TempDir,
    office: bool,
    disk: Disk,
    rig: Rig,
    clock: Arc<Clock>,
    live_status: Arc<LiveStatus>,
    clerk_handle: ClerkHandle,
    line: Line,
    host: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Counts everything. Only one call may run in a process at a time, because the statements are counted for the whole process.
///
/// # Errors
///
/// The text says what could not be counted.
pub fn count() -> Measured<Vec<Count>> {
    count_statements();
    let mut counts = Vec::new();
    for office in [false, true] {
        let mut till = CountedTill::open(office)?;
        for _ in 0..5 {
            till.sell(10)?;
        }
        let commands = till.rig.snapshot(false).commands;
        let difference = till.counted(|till| (0..SALES).try_for_each(|_| till.sell(10)))?;
        let commands = till.rig.snapshot(false).commands - commands;
        counts.extend(difference.counts(match office {
            false => ["sale.statements", "sale.syncs", "sale.bytes"],
            true => [
                "acknowledged_sale.statements",
                "acknowledged_sale.syncs",
                "acknowledged_sale.bytes",
            ],
        }));
        if !office {
            let before = till.rig.snapshot(false).commands;
            (0..SALES).try_for_each(|_| till.sell(2))?;
            let of_two = till.rig.snapshot(false).commands - before;
            for (name, commands) in [
                ("receipt_of_two_lines.commands", of_two),
                ("receipt_of_ten_lines.commands", commands),
            ] {
                counts.push(Count {
                    name,
                    hundredths: commands * 100 / u64::from(SALES),
                    parts: String::new(),
                });
            }
        }
    }
    // Where no document waits for the authority, no offline limit runs. Its answer to a sale has the clocks agree on the time.
    let mut till = CountedTill::open(true)?;
    till.sell(10)?;
    counts.extend(till.counted(CountedTill::rest)?.at_rest());
    Ok(counts)
}

/// Counts everything, and compares it with the kept counts.
pub(super) fn rows(counts: &mut Vec<Count>) -> Measured<Vec<Row>> {
    let kept = KeptCounts::read()?;
    let counted = count()?;
    let rows = counted
        .iter()
        .map(|count| compared("counted", &kept, count))
        .collect();
    counts.extend(counted);
    Ok(rows)
}

impl Difference {
    /// The figures of one sale.
    fn counts(&self, [statements, syncs, bytes]: [&'static str; 3]) -> Vec<Count> {
        let each = |count: u64| count * 100 / u64::from(SALES);
        let all = self.statements.values().sum();
        [(statements, all), (syncs, self.syncs), (bytes, self.bytes)]
            .into_iter()
            .map(|(name, count)| Count {
                name,
                hundredths: each(count),
                parts: self.listed(),
            })
            .collect()
    }

    /// The figures of ten minutes in which nothing happens.
    fn at_rest(&self) -> [Count; 2] {
        [
            ("ten_minutes_at_rest.syncs", self.syncs),
            ("ten_minutes_at_rest.bytes", self.bytes),
        ]
        .map(|(name, count)| Count {
            name,
            hundredths: count * 100 * 600 / REST_S,
            parts: self.listed(),
        })
    }

    /// The statements, the most frequent ones first.
    fn listed(&self) -> String {
        let mut all: Vec<_> = self.statements.iter().collect();
        all.sort_by_key(|(text, count)| (std::cmp::Reverse(**count), text.as_str()));
        let lines = all.iter().map(|(text, count)| {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("{count:6} {text}\n")
        });
        lines.collect()
    }
}

impl CountedTill {
    fn open(office: bool) -> Measured<Self> {
        let folder = tempfile::tempdir().map_err(with_sources)?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data).map_err(with_sources)?;
        let disk = Disk::mount(&data);
        let link = folder.path().join("printer");
        let rig = Rig::start(RigOptions::new(link.clone())).map_err(with_sources)?;
        let mut config = configuration(&data, &link);
        if office {
            let authority = TaxOfficeSimulator::new(Strictness::AnyObject);
            config = config.upstream(&format!("http://{}", serve_authority(authority)?));
        }
        let config = Config::parse(&config.to_string(), "counted.toml").map_err(with_sources)?;
        // The clock of the emulated printer shows UTC.
        let clock = Arc::new(Clock::new(Some("UTC")).map_err(with_sources)?);
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn({
            let clock = Arc::clone(&clock);
            move || {
                let served = serve(config, clock, &tell, stopped);
                if let Err(words) = served {
                    // The other thread waits for this message.
                    let _ = tell.send(Err(words));
                }
            }
        });
        let (address, live_status, clerk_handle) = told.recv().map_err(with_sources)??;
        Ok(Self {
            _folder: folder,
            office,
            disk,
            rig,
            clock,
            live_status,
            clerk_handle,
            line: Line::new(address)?,
            host: address.to_string(),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Sells a fiscal receipt of this number of lines, and waits until an authority has acknowledged it.
    fn sell(&mut self, lines: u32) -> Measured {
        let (_, request) = sale_call(&self.host, lines, "FiscalReceiptOnly");
        self.line.good_call(&request)?;
        self.acknowledged()
    }

    /// Waits until no document is unsent, if there is an authority.
    fn acknowledged(&self) -> Measured {
        let begun = Instant::now();
        while self.office && self.live_status.unsent().documents > 0 {
            if begun.elapsed() > LONG {
                return Err("the authority acknowledges nothing".to_owned());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Lets the till's clock run ahead while nothing is asked of the till.
    fn rest(&mut self) -> Measured {
        for _ in 0..REST_S / REST_STEP_S {
            self.clock.skip(REST_STEP_S * 1_000);
            self.woken()?;
        }
        Ok(())
    }

    /// Wakes the clerk, as the end of its pause would, and waits until it has done what was due.
    fn woken(&self) -> Measured {
        // An answer comes before the end of its transaction: the second one shows that the first transaction has ended.
        for _ in 0..2 {
            let (reply, answer) = oneshot::channel();
            let id = Uuid::nil();
            self.clerk_handle.send(Message::Waiting { id, reply });
            answer.blocking_recv().map(drop).map_err(with_sources)?;
        }
        Ok(())
    }

    /// Does some work, and counts what it costs.
    fn counted(&mut self, work: impl FnOnce(&mut Self) -> Measured) -> Measured<Difference> {
        self.woken()?;
        let (statements_before, bytes) = (statements(), self.disk.bytes_written());
        self.disk.fail(None);
        work(self)?;
        self.woken()?;
        let mut difference = statements();
        for (text, count) in &mut difference {
            *count -= statements_before.get(text).copied().unwrap_or(0);
        }
        difference.retain(|_, count| *count > 0);
        Ok(Difference {
            statements: difference,
            syncs: u64::try_from(self.disk.calls(DiskCall::Sync)).unwrap_or(u64::MAX),
            bytes: self.disk.bytes_written() - bytes,
        })
    }
}

impl Drop for CountedTill {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed already.
            let _ = thread.join();
        }
    }
}

fn configuration(data: &Path, link: &Path) -> ConfigText {
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let device = Device::new(DEVICE, "Till 1", &uri)
        .tax_group("A", "20.00")
        .tax_group("B", "8.00")
        .range("ABC", 1, 99_999_999, 8);
    ConfigText::new("MD", data)
        .set("till", "time_zone", text("UTC"))
        .device(device)
}

/// What the thread of the till hands over when the till is ready.
type Ready = (SocketAddr, Arc<LiveStatus>, ClerkHandle);

/// Serves the till until `stopped` ends.
fn serve(
    config: Config,
    clock: Arc<Clock>,
    tell: &std::sync::mpsc::Sender<Measured<Ready>>,
    stopped: oneshot::Receiver<()>,
) -> Measured {
    let runtime = runtime()?;
    runtime.block_on(async {
        let anywhere = (Ipv4Addr::LOCALHOST, 0);
        let listener = tokio::net::TcpListener::bind(anywhere)
            .await
            .map_err(with_sources)?;
        let agent = Agent::start(config, Some(clock)).map_err(with_sources)?;
        let address = listener.local_addr().map_err(with_sources)?;
        let service = agent.service();
        let live_status = Arc::clone(&service.live_status);
        let ready = (address, live_status, service.clerk_handle.clone());
        tell.send(Ok(ready)).map_err(with_sources)?;
        let ended = async { drop(stopped.await) };
        agent.serve(listener, Router::new(), ended).await;
        Ok(())
    })
}

/// Serves an authority simulator until the process ends.
pub(super) fn serve_authority(authority: TaxOfficeSimulator) -> Measured<SocketAddr> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> Measured {
        runtime()?.block_on(async {
            let anywhere = (Ipv4Addr::LOCALHOST, 0);
            let listener = tokio::net::TcpListener::bind(anywhere)
                .await
                .map_err(with_sources)?;
            let address = listener.local_addr().map_err(with_sources)?;
            tell.send(address).map_err(with_sources)?;
            tax_office::serve(listener, authority, std::future::pending()).await;
            Ok(())
        })
    });
    told.recv().map_err(with_sources)
}

fn runtime() -> Measured<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(with_sources)
}
