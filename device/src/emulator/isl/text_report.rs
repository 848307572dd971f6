//! Lines that a Daisy sends instead of printing them: the report that follows 99h within five seconds, and the journal (C3h).
//!
//! Each line is sent without a frame and waits for one byte of the host; the answer to the command follows the last one.
//! Manual: Daisy Tech, V1.8.1, 2023, commands 153 and 195.

use std::collections::VecDeque;

use super::calendar::Moment;
use super::journal::PrintedDocument;
use crate::wire::codepage;

/// The first byte of each line.
const LINE_MARK: u8 = 0x1A;
/// The byte with which the host confirms a line of a report.
const REPORT_CONFIRMED: u8 = LINE_MARK;
/// The byte with which the host confirms a line of the journal.
const JOURNAL_CONFIRMED: u8 = 0x11;
/// The number of characters of a line (constant 9 of 80h).
const COLUMNS: usize = 32;

/// Whether the next report is sent line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum TextReport {
    /// Reports are printed.
    #[default]
    Printed,
    /// 99h was received at this time, in seconds since 1970.
    AskedAt(i64),
    /// The lines were made and are not sent yet.
    Made(UnsentLines),
}

/// Lines that are sent one after another, each after the host has confirmed the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UnsentLines {
    /// The lines with their marks.
    pub(super) lines: VecDeque<Vec<u8>>,
    /// The byte that confirms a line.
    pub(super) confirmation: u8,
}

impl UnsentLines {
    /// `SUB LineNo TAB N TAB Text CR LF` for each line of a report, and `SUB TAB E CR LF` at the end.
    pub(super) fn of_report(lines: &[String]) -> Self {
        let numbered = (1_u32..)
            .zip(lines)
            .map(|(number, line)| format!("{number:06}\tN\t{}", column(line)));
        Self {
            lines: numbered.chain(["\tE".to_owned()]).map(marked).collect(),
            confirmation: REPORT_CONFIRMED,
        }
    }

    /// `SUB D TAB DocNo DD.MM.YYYY HH:mm:ss CR LF` for each document of the journal, `SUB T TAB N Type Text CR LF` for each of its lines,
    /// and `SUB E CR LF` at the end. The journal does not keep the types of lines: all are `B`, "another text".
    pub(super) fn of_journal<'a>(documents: impl Iterator<Item = &'a PrintedDocument>) -> Self {
        let mut lines = Vec::new();
        for document in documents {
            let at = Moment::of(document.at).long_stamp().replace('-', ".");
            lines.push(format!("D\t{:06} {at}", document.number));
            let texts = document.lines.iter();
            lines.extend(texts.map(|line| format!("T\tN B {}", column(line))));
        }
        lines.push("E".to_owned());
        Self {
            lines: lines.into_iter().map(marked).collect(),
            confirmation: JOURNAL_CONFIRMED,
        }
    }
}

/// The text as one line of the paper.
fn column(line: &str) -> String {
    let text: String = line.chars().take(COLUMNS).collect();
    format!("{text:<COLUMNS$}")
}

/// The line between its marks.
fn marked(line: String) -> Vec<u8> {
    let fields: Vec<Vec<u8>> = line.split('\t').map(codepage::encode).collect();
    [&[LINE_MARK][..], &fields.join(&b'\t'), b"\r\n"].concat()
}
