//! A running emulated printer on a pty.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::snapshot::Snapshot;

/// The printer families that can be emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Datecs classic, group A.
    Datecs,
}

impl Family {
    /// The family of this name (`datecs`).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        (name == "datecs").then_some(Self::Datecs)
    }
}

/// Seconds since 1970, as the emulated printer's clock is to see them.
pub type ClockSource = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How an emulated printer is to run.
pub struct RigOptions {
    /// What it speaks.
    pub family: Family,
    /// Where the slave of its pty is linked.
    pub link: PathBuf,
    /// The file that keeps its fiscal memory; without one it forgets on stop.
    pub memory: Option<PathBuf>,
    /// Paces bytes as a line of this speed does.
    pub baud: Option<u32>,
    /// Its clock; the system's without one.
    pub clock: Option<ClockSource>,
    /// Rates of the tax groups A to H in ten-thousandths of a percent; `None` disables a group.
    pub groups: [Option<u32>; 8],
}

impl RigOptions {
    /// The usual printer: Datecs, A 20 %, B 8 %, unpaced, forgetful.
    #[must_use]
    pub fn new(link: PathBuf) -> Self {
        Self {
            family: Family::Datecs,
            link,
            memory: None,
            baud: None,
            clock: None,
            groups: [
                Some(200_000),
                Some(80_000),
                None,
                None,
                None,
                None,
                None,
                None,
            ],
        }
    }
}

/// The mains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Switched on.
    On,
    /// Switched off.
    Off,
}

/// The cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Closed.
    Closed,
    /// Open.
    Open,
}

/// The cable between host and printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cable {
    /// Plugged in.
    In,
    /// Pulled out.
    Out,
}

/// What is to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is lost before it is executed.
    DropRequest,
    /// The answer is lost after execution.
    DropAnswer,
    /// The request is answered with NAK and not executed.
    Nak,
    /// The answer is preceded by SYN bytes.
    Busy,
    /// One byte of the answer is changed, its checksum left as it was.
    Garble,
    /// The answer is late.
    Delay,
    /// The command is executed, then the power goes.
    PowerCut,
    /// The cable is pulled before the command is executed.
    Unplug,
}

impl FaultKind {
    /// The kind of this name (`drop_request`, …).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "drop_request" => Self::DropRequest,
            "drop_answer" => Self::DropAnswer,
            "nak" => Self::Nak,
            "busy" => Self::Busy,
            "garble" => Self::Garble,
            "delay" => Self::Delay,
            "power_cut" => Self::PowerCut,
            "unplug" => Self::Unplug,
            _ => return None,
        })
    }
}

/// A trouble that is ordered for coming frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultOrder {
    /// What happens.
    pub kind: FaultKind,
    /// To which command; every command without one.
    pub command: Option<u8>,
    /// To how many frames, repeats included; for [`FaultKind::Busy`] how many SYN bytes.
    pub times: u32,
    /// For [`FaultKind::Delay`], how late.
    pub ms: u64,
}

/// A running emulated printer. Dropping it stops it and removes its link.
#[derive(Debug)]
pub struct Rig {}

impl Rig {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// The pty, the link or the memory file could not be made.
    pub fn start(options: RigOptions) -> io::Result<Self> {
        drop(options);
        Err(io::Error::other("not built yet"))
    }
    /// Its state; all receipts, or the newest thousand.
    #[must_use]
    pub fn snapshot(&self, all_receipts: bool) -> Snapshot {
        let _ = all_receipts;
        unreachable!()
    }
    /// Switches it on or off.
    ///
    /// # Errors
    ///
    /// The memory file could not be written.
    pub fn set_power(&self, _power: Power) {}
    /// Loads or removes paper.
    pub fn set_paper(&self, _paper: crate::printer::Paper) {}
    /// Opens or closes the cover.
    pub fn set_cover(&self, _cover: Cover) {}
    /// Pulls or plugs the cable.
    pub fn set_cable(&self, _cable: Cable) {}
    /// Orders a trouble.
    pub fn add_fault(&self, _order: FaultOrder) {}
    /// Forgets the troubles that have not happened yet.
    pub fn clear_faults(&self) {}
    /// The printed text of the newest receipts.
    #[must_use]
    pub fn paper(&self) -> String {
        String::new()
    }
}
