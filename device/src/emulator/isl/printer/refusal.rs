//! A refusal, and its form in a family: error code, status bit, or the answer alone.

use super::Printer;
use crate::family::Errors;
use crate::wire::cause::Cause;
use crate::wire::isl_status::{Flag, Status};
use crate::wire::isl_x::with_error;

/// A refusal, before it has the form of the family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator::isl) struct Refused<A> {
    pub(super) cause: Cause,
    /// An answer that shows the refusal, for families without an error code in front.
    pub(super) instead: Option<Box<A>>,
}

impl<A> From<Cause> for Refused<A> {
    fn from(cause: Cause) -> Self {
        Self {
            cause,
            instead: None,
        }
    }
}

/// A refusal that some families show only in the answer, as 35h and 46h of Datecs classic do.
pub(in crate::emulator::isl) fn in_answer<A>(cause: Cause, answer: A) -> Refused<A> {
    Refused {
        cause,
        instead: Some(Box::new(answer)),
    }
}

/// The answer of a command, or its refusal.
pub(in crate::emulator::isl) type Reply<A> = Result<A, Refused<A>>;

/// A refusal and its data, if only the data show it.
pub(super) type Refusal = (Cause, Option<Vec<u8>>);

impl Printer {
    /// Data in the form of the family: with an error code in front, or without.
    pub(super) fn with_code(&self, code: i64, data: Vec<u8>) -> Vec<u8> {
        match self.protocol.errors {
            Errors::First => with_error(code, &data),
            Errors::Asked(_) | Errors::Silent => data,
        }
    }

    /// A refusal in the form of the family.
    pub(super) fn refuse(&mut self, number: u8, (cause, data): Refusal) -> (Vec<u8>, Status) {
        let layout = &self.protocol.status;
        let (code, _) = self.protocol.code_of(cause);
        self.last_error = (number, Some(cause));
        let in_data = data.is_some() && !matches!(self.protocol.errors, Errors::First);
        let mut status = self.status();
        if !in_data {
            status = layout.with(status, flag_of(cause));
            // Overflow (S1.0) sets "not allowed" too.
            if cause == Cause::Overflow {
                status = layout.with(status, Flag::NotAllowed);
            }
        }
        let data = if in_data { data } else { None };
        let mut data = self.with_code(code, data.unwrap_or_default());
        if self.cause_in_data {
            data.extend_from_slice(format!("@{code}").as_bytes());
        }
        (data, status)
    }
}

/// The status bit of a refusal.
const fn flag_of(cause: Cause) -> Flag {
    match cause {
        Cause::Syntax => Flag::Syntax,
        Cause::UnknownCommand => Flag::UnknownCommand,
        Cause::PaperOut => Flag::PaperOut,
        Cause::Overflow => Flag::Overflow,
        Cause::FiscalMemory => Flag::FiscalMemoryWrite,
        _ => Flag::NotAllowed,
    }
}
