//! A refusal, and its form in a family: an error code, a status bit, or only the data of the answer.

use super::Printer;
use crate::family::{CommandRow, Errors};
use crate::wire::cause::Cause;
use crate::wire::isl_status::{Flag, Status};
use crate::wire::isl_x::with_error;

/// A refusal that is not yet in the form of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator::isl) struct Refused<A> {
    pub(in crate::emulator::isl) cause: Cause,
    /// An answer that shows the refusal, for families without an error code in front.
    pub(in crate::emulator::isl) instead: Option<Box<A>>,
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

/// A refusal, with the data of its answer if only the data show the refusal.
pub(in crate::emulator::isl) type Refusal = (Cause, Option<Vec<u8>>);

/// The data of an answer, or a refusal.
pub(in crate::emulator::isl) type Answered = Result<Vec<u8>, Refusal>;

/// Writes an answer, or its refusal, as data.
pub(in crate::emulator::isl) fn written<A>(
    reply: Reply<A>,
    emit: impl Fn(&A) -> Vec<u8>,
) -> Answered {
    match reply {
        Ok(answer) => Ok(emit(&answer)),
        Err(refused) => Err((refused.cause, refused.instead.map(|answer| emit(&answer)))),
    }
}

impl Printer {
    /// Writes the answer of a row in the form of the printer's firmware, or its refusal.
    pub(in crate::emulator::isl) fn written_by<Q, A>(
        &self,
        row: &CommandRow<Q, A>,
        reply: Reply<A>,
    ) -> Answered {
        let firmware = self.firmware;
        written(reply, |answer| {
            row.answer.write(firmware, answer).unwrap_or_default()
        })
    }

    /// The data in the form of the family: with an error code in front, or without one.
    pub(super) fn with_code(&self, code: i64, data: Vec<u8>) -> Vec<u8> {
        match self.protocol.errors {
            Errors::First => with_error(code, &data),
            Errors::Asked(_) | Errors::InStatus(_) | Errors::Silent | Errors::Acknowledged => data,
        }
    }

    /// The status of the answer to a command that was executed.
    pub(super) fn answer_status(&self) -> Status {
        match self.protocol.errors {
            Errors::Acknowledged => acknowledgement(0),
            Errors::First | Errors::Asked(_) | Errors::InStatus(_) | Errors::Silent => {
                self.status()
            }
        }
    }

    /// The answer of a refusal in the form of the family.
    pub(super) fn refuse(&mut self, number: u8, (cause, data): Refusal) -> (Vec<u8>, Status) {
        let layout = &self.protocol.status;
        let (code, _) = self.protocol.code_of(cause);
        self.last_error = (number, Some(cause));
        if matches!(self.protocol.errors, Errors::Acknowledged) {
            return (Vec::new(), acknowledgement(code));
        }
        let in_data = data.is_some() && !matches!(self.protocol.errors, Errors::First);
        let mut status = self.status();
        let shown = self.errors_in_status || !matches!(self.protocol.errors, Errors::First);
        if !in_data && shown {
            status = layout.with(status, flag_of(cause));
            if cause == Cause::Password {
                status = layout.with(status, Flag::WrongPassword);
            }
            if let Errors::InStatus(byte) = self.protocol.errors
                && !self.inverts("reason_in_status")
            {
                status = status.with_number_in(byte, u8::try_from(code).unwrap_or(0));
            }
            // The status bit "overflow" (S1.0) sets "not allowed" too.
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

/// The two digits of an acknowledgement. An error of the device makes the command "illegal now".
fn acknowledgement(code: i64) -> Status {
    let code = u8::try_from(code).unwrap_or(0);
    let (device, command) = (code >> 4, code & 0x0F);
    let command = if device > 0 && command == 0 {
        2
    } else {
        command
    };
    let digits = [device, command].map(|digit| digit | 0x30);
    Status::from_slice(&digits).unwrap_or(Status::empty(0))
}

/// The status bit that shows a refusal with this cause.
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
