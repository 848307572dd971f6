//! Reports of a Daisy that are sent line by line, and not printed (99h).

use super::Printer;
use super::refusal::Answered;
use crate::emulator::isl::text_report::{TextReport, UnsentLines};
use crate::wire::framing::Request;

/// The longest time between 99h and the report, in seconds.
const WAIT_S: i64 = 5;
/// The commands that print a report: rates, fiscal memory by number and date, operators, articles.
const REPORTS: [u8; 7] = [0x32, 0x49, 0x4F, 0x5E, 0x5F, 0x69, 0x6F];

impl Printer {
    /// Whether the report that this command prints is sent line by line.
    pub(super) fn sends_as_text(&self, command: u8) -> bool {
        match self.text_report {
            TextReport::AskedAt(at) => {
                REPORTS.contains(&command) && self.now().saturating_sub(at) <= WAIT_S
            }
            TextReport::Printed | TextReport::Made(_) => false,
        }
    }

    /// Makes a report that is sent line by line: nothing is printed, and no document number is used.
    pub(super) fn report_as_text(&mut self, request: &Request) -> Answered {
        let memory = self.memory.clone();
        let tape = self.tape.clone();
        let reply = self.execute(request.command, &request.data);
        let last = memory.last_document;
        let lines: Vec<String> = self
            .journal
            .after(last)
            .flat_map(|document| document.lines.iter().cloned())
            .collect();
        self.memory = memory;
        self.tape = tape;
        self.journal.forget_after(last);
        self.text_report = match reply {
            Ok(_) => TextReport::Made(UnsentLines::of_report(&lines)),
            Err(_) => TextReport::Printed,
        };
        reply
    }

    /// The lines that the last command has made; none if it has made none.
    pub(in crate::emulator::isl) fn take_lines(&mut self) -> Option<UnsentLines> {
        match &mut self.text_report {
            TextReport::Made(lines) => {
                let lines = core::mem::take(lines);
                self.text_report = TextReport::Printed;
                Some(lines)
            }
            TextReport::Printed | TextReport::AskedAt(_) => None,
        }
    }
}
