//! A till of the released program in a process of its own, with an emulated printer and a simulated authority in this process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ferrotill::simulator::tax_office::{AuthorityCondition, Strictness, TaxOfficeSimulator};
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_testkit::config::{ConfigText, Device, text};

use super::Measured;
use super::calls::{Line, sale_call, signed_call, signed_get};
use super::counted::serve_authority;
use super::process::{Programs, RunningProgram};
use super::shop::DEVICE;
use crate::error_text::with_sources;

/// Whether there is an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Office {
    /// It acknowledges each document.
    Up,
    /// Nothing answers at its address.
    Away,
}

/// How a till is set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) office: Office,
    /// The speed of the printer's line; `None` for no delay.
    pub(super) baud: Option<u32>,
    /// How many Z-reports the printer has printed.
    pub(super) z_reports: u32,
}

impl Setup {
    pub(super) const NEW: Self = Self {
        office: Office::Up,
        baud: None,
        z_reports: 0,
    };
}

/// A till of the released program. Dropping this value kills the program.
pub(super) struct OutsideTill {
    pub(super) rig: Rig,
    pub(super) authority: Option<TaxOfficeSimulator>,
    pub(super) folder: PathBuf,
    config: ConfigText,
    /// The program, and the connection to it once there is one.
    open: Option<(RunningProgram, Option<Line>)>,
}

impl OutsideTill {
    /// A till with its store in a folder, which is not started yet.
    pub(super) fn new(folder: &Path, setup: Setup) -> Measured<Self> {
        let link = folder.join("printer");
        let rig = Rig::start(RigOptions {
            baud: setup.baud,
            z_reports: setup.z_reports,
            ..RigOptions::new(link.clone())
        })
        .map_err(with_sources)?;
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let device = Device::new(DEVICE, "Till 1", &uri)
            .tax_group("A", "20.00")
            .tax_group("B", "8.00")
            .range("ABC", 1, 99_999_999, 8);
        // The clock of the emulated printer shows UTC.
        let config = ConfigText::new("MD", folder)
            .set("till", "time_zone", text("UTC"))
            .device(device);
        let (authority, url) = match setup.office {
            Office::Up => {
                let authority = TaxOfficeSimulator::new(Strictness::AnyObject);
                let address = serve_authority(authority.clone())?;
                (Some(authority), format!("http://{address}"))
            }
            Office::Away => (None, "http://127.0.0.1:9".to_owned()),
        };
        Ok(Self {
            rig,
            authority,
            folder: folder.to_owned(),
            config: config.upstream(&url),
            open: None,
        })
    }

    /// A till that runs.
    pub(super) fn start_in(programs: &Programs, folder: &Path, setup: Setup) -> Measured<Self> {
        let mut till = Self::new(folder, setup)?;
        till.start(&mut Command::new(programs.agent()))?;
        Ok(till)
    }

    /// Starts the till by a command that lacks its arguments. Returns how long it took until the till was ready.
    pub(super) fn start(&mut self, command: &mut Command) -> Measured<Duration> {
        let config = &self.config;
        let written = |port: u16| {
            let listen = text(format!("127.0.0.1:{port}"));
            config.clone().set("api", "listen", listen).to_string()
        };
        let program = RunningProgram::agent_by(command, &self.folder, written)?;
        let ready = program.ready();
        let line = Line::new(program.address())?;
        self.open = Some((program, Some(line)));
        Ok(ready)
    }

    /// Ends the till by SIGTERM.
    pub(super) fn stop(&mut self) -> Measured {
        match self.open.take() {
            Some((program, line)) => {
                drop(line);
                program.stop().map(drop)
            }
            None => Ok(()),
        }
    }

    pub(super) fn program(&self) -> Measured<&RunningProgram> {
        let open = self.open.as_ref().map(|(program, _)| program);
        open.ok_or_else(|| "the till is closed".to_owned())
    }

    /// Ends the connection to the program; the next call makes another one.
    pub(super) fn hang_up(&mut self) {
        if let Some((_, line)) = &mut self.open {
            *line = None;
        }
    }

    /// The connection to the program, and the program's address as a host.
    fn line(&mut self) -> Measured<(&mut Line, String)> {
        let (program, line) = self.open.as_mut().ok_or("the till is closed")?;
        let address = program.address();
        let line = match line {
            Some(line) => line,
            none => none.insert(Line::new(address)?),
        };
        Ok((line, address.to_string()))
    }

    fn call(&mut self, request: impl FnOnce(&str) -> Vec<u8>) -> Measured<Duration> {
        let (line, host) = self.line()?;
        line.timed(&request(&host))
    }

    /// Sells a receipt of this number of lines. Returns how long its caller waited.
    pub(super) fn sell(&mut self, lines: u32, mode: &str) -> Measured<Duration> {
        self.call(|host| sale_call(host, lines, mode).1)
    }

    /// Sells several fiscal receipts.
    pub(super) fn sell_many(&mut self, sales: u32, lines: u32) -> Measured {
        (0..sales).try_for_each(|_| self.sell(lines, FISCAL).map(drop))
    }

    /// Closes the day. Returns how long its caller waited.
    pub(super) fn close_day(&mut self) -> Measured<Duration> {
        self.call(|host| signed_call("POST", "/api/v1/operations/closeday", host, "{}"))
    }

    /// Reads something. Returns how long its caller waited.
    pub(super) fn get(&mut self, path: &str) -> Measured<Duration> {
        self.call(|host| signed_get(path, host))
    }

    /// How many documents the till has not sent yet.
    pub(super) fn unsent(&mut self) -> Measured<u64> {
        let (line, host) = self.line()?;
        let request = signed_get("/healthz", &host);
        let answer = String::from_utf8_lossy(line.call(&request)?).into_owned();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let body: serde_json::Value = serde_json::from_str(body).map_err(with_sources)?;
        let unsent = body.pointer("/unsent/documents");
        let unsent = unsent.and_then(serde_json::Value::as_u64);
        unsent.ok_or_else(|| format!("/healthz without unsent documents: {body}"))
    }

    /// Waits until everything is acknowledged. Returns how long that took.
    pub(super) fn drained(&mut self, limit: Duration) -> Measured<Duration> {
        let begun = Instant::now();
        loop {
            let unsent = self.unsent()?;
            if unsent == 0 {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > limit {
                return Err(format!("{unsent} documents are unsent after {limit:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Changes the condition of the authority.
    pub(super) fn set_authority(&self, condition: AuthorityCondition, wait: Duration) {
        if let Some(authority) = &self.authority {
            authority.set(condition, wait);
        }
    }
}

/// The modes of a receipt.
pub(super) const FISCAL: &str = "FiscalReceiptOnly";
pub(super) const ALTERNATIVE: &str = "AlternativeReceiptOnly";
