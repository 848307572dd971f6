//! The faults that can be ordered on the line of an emulated printer.

/// The kind of an ordered fault. The names are those of `/sim/printer/faults`.
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
    /// One byte of the answer is changed, and its checksum is not adapted.
    Garble,
    /// The answer is late.
    Delay,
    /// The command is executed, then the power fails.
    PowerCut,
    /// The cable is pulled before the command is executed.
    Unplug,
    /// The checksum of the answer is wrong.
    BadChecksum,
    /// The answer is preceded by noise: stray bytes, a stray 01, half a frame.
    Garbage,
    /// The answer comes byte by byte.
    Bytewise,
    /// The answer is sent only before the answer to a later request, which has another sequence number.
    Late,
    /// The power fails before the command is executed.
    PowerCutBefore,
    /// The command is executed, then the cable is pulled.
    UnplugAfter,
    /// The command is executed, then the power fails and is back at once.
    Blink,
    /// The paper ends before the command is executed.
    PaperOut,
    /// The command is executed with the last paper, and its answer reports the end of the paper.
    PaperEnd,
    /// The cover is opened before the command is executed.
    CoverOpen,
    /// The command is executed, the cover is opened, and the answer reports the open cover.
    CoverOpenAfter,
}

impl FaultKind {
    /// Every kind of fault.
    pub const ALL: [Self; 19] = [
        Self::DropRequest,
        Self::DropAnswer,
        Self::Nak,
        Self::Busy,
        Self::Garble,
        Self::Delay,
        Self::PowerCut,
        Self::Unplug,
        Self::BadChecksum,
        Self::Garbage,
        Self::Bytewise,
        Self::Late,
        Self::PowerCutBefore,
        Self::UnplugAfter,
        Self::Blink,
        Self::PaperOut,
        Self::PaperEnd,
        Self::CoverOpen,
        Self::CoverOpenAfter,
    ];

    /// The kind's name: `drop_request` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DropRequest => "drop_request",
            Self::DropAnswer => "drop_answer",
            Self::Nak => "nak",
            Self::Busy => "busy",
            Self::Garble => "garble",
            Self::Delay => "delay",
            Self::PowerCut => "power_cut",
            Self::Unplug => "unplug",
            Self::BadChecksum => "bad_checksum",
            Self::Garbage => "garbage",
            Self::Bytewise => "bytewise",
            Self::Late => "late",
            Self::PowerCutBefore => "power_cut_before",
            Self::UnplugAfter => "unplug_after",
            Self::Blink => "blink",
            Self::PaperOut => "paper_out",
            Self::PaperEnd => "paper_end",
            Self::CoverOpen => "cover_open",
            Self::CoverOpenAfter => "cover_open_after",
        }
    }

    /// The kind of fault with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A fault that is ordered for the next frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultOrder {
    /// The kind of the fault.
    pub kind: FaultKind,
    /// The command that is affected; `None` for every command.
    pub command: Option<u8>,
    /// The number of frames that are affected, repeats included; for [`FaultKind::Busy`] the number of SYN bytes before one
    /// answer.
    pub times: u32,
    /// Milliseconds: for [`FaultKind::Delay`] the delay; for [`FaultKind::Bytewise`] the pause between two bytes.
    pub ms: u64,
}
