//! Converts a stored document to an answer (docs/api/fiscalcloud.md).

pub(super) mod absent;
mod document;
mod format;
mod receipt;
mod reconciliation;
mod report;
mod sealed;

pub(super) use document::{document, sale, short};
pub(super) use format::{date_time, row_number};
pub(super) use sealed::{AnswerContext, Form};
