//! Commands and forms of other drivers that ours does not send: each function belongs to a row of [`super::sources`].
//!
//! A function reads the data of one form, executes the command and writes the answer; it returns `None` for data of another form.

pub(super) mod classic;
pub(super) mod daisy;
pub(super) mod daisy_service;
pub(super) mod departments;
pub(super) mod group_a;
pub(super) mod group_b;
pub(super) mod items;
pub(super) mod journal;
pub(super) mod journal_b;
pub(super) mod mx;
pub(super) mod opening;
pub(super) mod records;
pub(super) mod x;
pub(super) mod x_questions;
pub(super) mod zfp;
pub(super) mod zfp_journal;
pub(super) mod zfp_questions;

use super::printer::Answered;
use crate::wire::codepage;

/// The answer of a command that returns no data.
const DONE: Option<Answered> = Some(Ok(Vec::new()));

/// The data as text, if all of them are ASCII.
fn ascii(data: &[u8]) -> Option<&str> {
    core::str::from_utf8(data)
        .ok()
        .filter(|text| text.is_ascii())
}

/// The text in the printer's code page, with its TABs and line feeds.
fn encoded(text: &str) -> Vec<u8> {
    let fields = |line: &str| {
        let fields: Vec<Vec<u8>> = line.split('\t').map(codepage::encode).collect();
        fields.join(&b'\t')
    };
    let lines: Vec<Vec<u8>> = text.split('\n').map(fields).collect();
    lines.join(&b'\n')
}
