//! Commands and forms of other drivers that ours does not send: each function belongs to a row of [`super::sources`].
//!
//! A function reads the data of one form, executes the command and writes the answer; it returns `None` for data of another form.

pub(super) mod classic;
pub(super) mod daisy;
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

/// The answer of a command that returns no data.
const DONE: Option<Answered> = Some(Ok(Vec::new()));

/// The data as text, if all of them are ASCII.
fn ascii(data: &[u8]) -> Option<&str> {
    core::str::from_utf8(data)
        .ok()
        .filter(|text| text.is_ascii())
}
