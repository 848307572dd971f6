//! 99h of Daisy: the report that follows within five seconds is sent line by line, and not printed.
//!
//! Each line is sent without a frame and waits for one byte of the host; the answer to the report's command follows the last one.
//! Manual: Daisy Tech, V1.8.1, 2023, command 153.

use std::collections::VecDeque;

use super::printer::{Answered, Printer};
use crate::wire::codepage;
use crate::wire::framing::Request;

/// The first byte of each line, and the byte with which the host confirms one.
pub(super) const LINE_MARK: u8 = 0x1A;
/// The longest time between 99h and the report, in seconds.
const WAIT_S: i64 = 5;
/// The number of characters of a line (constant 9 of 80h).
const COLUMNS: usize = 32;
/// The commands that print a report: rates, fiscal memory by number and date, operators, articles.
const REPORTS: [u8; 7] = [0x32, 0x49, 0x4F, 0x5E, 0x5F, 0x69, 0x6F];

/// Whether the next report is sent line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum TextReport {
    /// Reports are printed.
    #[default]
    Printed,
    /// 99h was received at this time, in seconds since 1970.
    AskedAt(i64),
    /// The lines of the report that was made, ready to be sent.
    Made(VecDeque<Vec<u8>>),
}

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
            Ok(_) => TextReport::Made(packed(&lines)),
            Err(_) => TextReport::Printed,
        };
        reply
    }

    /// The lines of the report that was just made; none if the last command has made none.
    pub(super) fn take_report(&mut self) -> Option<VecDeque<Vec<u8>>> {
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

/// `SUB LineNo TAB N TAB Text CR LF` for each line, and `SUB TAB E CR LF` at the end.
fn packed(lines: &[String]) -> VecDeque<Vec<u8>> {
    let numbered = (1_u32..).zip(lines).map(|(number, line)| {
        let text: String = line.chars().take(COLUMNS).collect();
        format!("{number:06}\tN\t{text:<COLUMNS$}")
    });
    let ended = numbered.chain(["\tE".to_owned()]);
    ended
        .map(|line| {
            let fields: Vec<Vec<u8>> = line.split('\t').map(codepage::encode).collect();
            [&[LINE_MARK][..], &fields.join(&b'\t'), b"\r\n"].concat()
        })
        .collect()
}
