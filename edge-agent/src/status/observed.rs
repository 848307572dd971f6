//! What is found without a document: the disk, the clerk, the offline limits, and the end of a shift. Each is noted again and again,
//! so that each problem ends by itself.

use std::path::Path;
use std::sync::atomic::Ordering;

use uuid::Uuid;

use super::problems::ProblemKind;
use super::{KnownProblem, LiveStatus};

/// A question to the clerk is sent with each look at the till. After this many without an answer, the clerk counts as silent.
const CLERK_SILENT_AFTER: u32 = 10;
/// A shift that ends within this time is a problem, in milliseconds.
const SHIFT_ENDS_WITHIN_MS: i64 = 2 * 3_600_000;
/// A disk with less free room than this is nearly full, if a tenth of its size is not less still.
const ROOM_BYTES_MIN: u128 = 100 * 1_024 * 1_024;

impl LiveStatus {
    /// Stores the time for new problems, in milliseconds since the epoch.
    pub fn noticed_at(&self, utc_ms: i64) {
        self.noticed_ms.store(utc_ms, Ordering::Relaxed);
    }

    /// Notes that the clerk was asked to answer; `runs` is false if it has ended.
    pub fn clerk_asked(&self, runs: bool) {
        let asked = self.clerk_asked.fetch_add(1, Ordering::AcqRel);
        let says = if !runs {
            "the part of the agent that writes the journal has ended"
        } else if asked >= CLERK_SILENT_AFTER {
            "the part of the agent that writes the journal does not answer"
        } else {
            return;
        };
        self.problems
            .raise(self.problem(&CLERK_SILENT, None, says.to_owned()));
    }

    /// True if the clerk does not answer, or has ended.
    #[must_use]
    pub fn clerk_is_silent(&self) -> bool {
        self.problems.is_noted(CLERK_SILENT.kind, None)
    }

    /// Notes that the clerk has answered.
    pub fn clerk_answered(&self) {
        self.clerk_asked.store(0, Ordering::Release);
        self.problems.clear(CLERK_SILENT.kind, None);
    }

    /// Notes how many bytes are free on the disk of the data folder, and how many it has.
    pub fn disk_measured(&self, free: u128, size: u128) {
        // The problem ends only with a tenth more, so that a disk at the limit does not begin and end it with each file.
        let limit = ROOM_BYTES_MIN.min(size / 10);
        let limit = match self.problems.is_noted(DISK_NEARLY_FULL.kind, None) {
            true => limit.saturating_add(limit / 10),
            false => limit,
        };
        let is_low = free < limit;
        let says = || {
            format!(
                "the disk of the data folder has {} KiB of room left",
                free / 1_024
            )
        };
        self.count_if(is_low, &DISK_NEARLY_FULL, None, says);
    }

    /// Notes whether other users of the machine may read the data folder.
    pub fn folder_seen(&self, folder: &Path, is_private: bool) {
        let says = || {
            format!(
                "other users of this machine may read the data folder {}",
                folder.display()
            )
        };
        self.note_if(!is_private, &FOLDER_NOT_PRIVATE, None, says);
    }

    /// Notes which limits of selling without the authority are reached; none if `reached` is empty.
    pub fn offline_limits_reached(&self, reached: &[&str]) {
        let says = || reached.join("; ");
        self.note_if(!reached.is_empty(), &OFFLINE_LIMIT, None, says);
    }

    /// Stores when the law ends the open shift of a device, in milliseconds since the epoch; `None` if no shift is open, or if the
    /// law sets no limit.
    pub fn shift_ends_at(&self, device: Uuid, ends_ms: Option<i64>) {
        let mut ends = self.shift_ends.lock();
        match ends_ms {
            Some(ends_ms) => {
                ends.insert(device, ends_ms);
            }
            None => {
                ends.remove(&device);
            }
        }
    }

    /// When the law ends the first of the open shifts, if that is within two hours or was before `now_ms`.
    #[must_use]
    pub fn next_shift_end(&self, now_ms: i64) -> Option<i64> {
        let ends = self.shift_ends.lock();
        let first = ends.values().copied().min()?;
        (first.saturating_sub(now_ms) <= SHIFT_ENDS_WITHIN_MS).then_some(first)
    }

    /// Notes whether the shift of a device has ended or ends soon; `name` is the device's name, `written` writes a time for people.
    pub fn note_shift(
        &self,
        device: Uuid,
        name: &str,
        now_ms: i64,
        written: impl Fn(i64) -> String,
    ) {
        let ends_ms = self.shift_ends.lock().get(&device).copied();
        let left_ms = ends_ms.map(|ends_ms| ends_ms.saturating_sub(now_ms));
        let ends = || ends_ms.map_or_else(String::new, &written);
        let is_over = left_ms.is_some_and(|left_ms| left_ms <= 0);
        let over = || {
            format!(
                "the law has ended the shift of {name} at {}: the device sells nothing",
                ends()
            )
        };
        self.note_if(is_over, &SHIFT_TOO_LONG, Some(device), over);
        let is_soon = !is_over && left_ms.is_some_and(|left_ms| left_ms <= SHIFT_ENDS_WITHIN_MS);
        let soon = || {
            format!(
                "the law ends the shift of {name} at {}: afterwards the device sells nothing",
                ends()
            )
        };
        self.note_if(is_soon, &SHIFT_ENDS, Some(device), soon);
    }
}

const CLERK_SILENT: KnownProblem = KnownProblem {
    kind: ProblemKind::CLERK_SILENT,
    fix: "check the disk; if it works, start the agent again and send us the log",
};
const DISK_NEARLY_FULL: KnownProblem = KnownProblem {
    kind: ProblemKind::DISK_NEARLY_FULL,
    fix: "make room on the disk of the data folder; on a full disk no sale can be written",
};
const FOLDER_NOT_PRIVATE: KnownProblem = KnownProblem {
    kind: ProblemKind::FOLDER_NOT_PRIVATE,
    fix: "keep only the till's own files in it, and give it the mode 0700",
};
const OFFLINE_LIMIT: KnownProblem = KnownProblem {
    kind: ProblemKind::OFFLINE_LIMIT,
    fix: "connect the till to the network, so that the authority gets the documents that wait",
};
const SHIFT_ENDS: KnownProblem = KnownProblem {
    kind: ProblemKind::SHIFT_ENDS,
    fix: "close the day with a Z-report before",
};
const SHIFT_TOO_LONG: KnownProblem = KnownProblem {
    kind: ProblemKind::SHIFT_TOO_LONG,
    fix: "close the day with a Z-report",
};
