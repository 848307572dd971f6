//! What became of an order, as an error of the API.

use ferrotill_core::refusal::{Place, Refusal};

use super::faults::ApiError;
use super::{INVALID_ARGUMENT, NOT_WORKING, error};
use crate::api::outcome::Told;
use crate::seal::fiscal_module::statuses::{Generation, ModuleStatus};

/// The code of an outcome that is not known: clients then compare the counters.
const TIMED_OUT: i64 = 2;

/// The error of an outcome that is no document.
pub(super) fn error_of(told: &Told) -> ApiError {
    match told {
        Told::Refused {
            refusal, faults, ..
        } => refused(*refusal, faults),
        Told::NotRegistered(problem) => told_by_module(&problem.message)
            .unwrap_or_else(|| error(NOT_WORKING, &problem.message, &problem.code)),
        Told::NotAsked { problem, .. } => error(INVALID_ARGUMENT, &problem.message, &problem.code),
        Told::Unknown(problem) | Told::Busy(problem) => {
            let message = format!("Read timed out; {}", problem.message);
            error(TIMED_OUT, &message, &problem.code)
        }
        Told::Document { .. } => error(303, "SAVE_ORDER_ERROR", "DocumentNotRead"),
    }
}

fn refused(refusal: Refusal, faults: &[(Place, Refusal)]) -> ApiError {
    let status = match refusal {
        Refusal::ShiftNotOpen => Some(ModuleStatus::EmptyShift),
        Refusal::NotEnoughCash { .. } => Some(ModuleStatus::NotEnoughCash),
        _ => None,
    };
    if let Some(status) = status {
        return ApiError::from(status.error(Generation::Decimal, ""));
    }
    let code = match refusal {
        Refusal::DeviceUnsettled => TIMED_OUT,
        Refusal::OriginalUnknown => 65_275,
        _ => INVALID_ARGUMENT,
    };
    let mut lines: Vec<String> = faults
        .iter()
        .map(|(place, refusal)| format!("{}: {refusal}", path_of(*place)))
        .collect();
    if lines.is_empty() {
        lines.push(format!("{refusal}; {}", refusal.hint()));
    }
    error(code, &lines.join("\n"), refusal.name())
}

/// The path of a place. The fields of a line have the names of the core there, because one field of the core may come from several of the
/// API.
fn path_of(place: Place) -> String {
    match place {
        Place::Line(line, field) => format!("products[{line}].{field:?}"),
        Place::Payments | Place::Payment(..) => "received_cash".to_owned(),
        Place::Original => "qr_code".to_owned(),
        _ => "body".to_owned(),
    }
}

/// The module's own error in a sentence of the agent, which has its number and its words after a colon.
fn told_by_module(sentence: &str) -> Option<ApiError> {
    let parts = sentence.split(": ");
    let found = parts.filter_map(|part| part.split_once(' '));
    let mut numbered = found.filter_map(|(code, words)| Some((code.parse::<i64>().ok()?, words)));
    let (code, words) = numbered.next()?;
    let words = words.split("; to try again").next().unwrap_or(words);
    Some(error(code, words, "NotRegistered"))
}

impl From<crate::seal::fiscal_module::ModuleError> for ApiError {
    fn from(error: crate::seal::fiscal_module::ModuleError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            data: error.data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::told_by_module;

    #[test]
    fn the_error_of_the_module_reaches_the_caller_with_its_number() {
        let sentence = "printer: the printer refused a command: 36886 ERROR_RECEIPT_MEMORY_FULL; to try again, send the request with the id x";
        let error = told_by_module(sentence).unwrap();
        assert_eq!(
            (error.code, &*error.message),
            (36_886, "ERROR_RECEIPT_MEMORY_FULL")
        );
        assert_eq!(told_by_module("printer: the printer does not answer"), None);
    }
}
