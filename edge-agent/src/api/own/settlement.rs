//! `POST /operations/{id}/settlement`: a person says what became of a document that its printer cannot prove.
//!
//! The call is signed like a sale: whoever may sell may say what was sold, and the name that it gives stands in the journal.
//! The same declaration again gets the same answer; another one is refused, and so is any while the printer can still say it.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::{Declared, PaperSays};
use uuid::Uuid;

use super::operations;
use crate::api::auth::{Call, check, redact_in_live_mode};
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::problem::Problem;
use crate::api::replay::Outcome;
use crate::api::response::{json_response, with_fiscal_state, with_retry_after};
use crate::api::service::{NoAnswer, Service};
use crate::clerk::{DeclarationOutcome, FiscalState, Message};
use crate::object;
use crate::order::Declaration;
use crate::time::clock::iso_utc;
use ferrotill_store::{OperatorDeclaration, RequestState, StoreError, StoredDocument};

/// Bytes of a declaration.
const BODY_BYTES_MAX: usize = 4 * 1_024;

pub(super) async fn settle(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let unknown = |response| with_fiscal_state(response, FiscalState::Unknown);
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let words = "body: is too large for a declaration";
        return unknown(refuse(StatusCode::PAYLOAD_TOO_LARGE, "BodyTooLarge", words));
    };
    let call = Call::of(&parts, &body);
    let client = match check(&service.config, &service.guard, &call) {
        Ok(client) => client,
        Err(unauthorized) => {
            let told = redact_in_live_mode(service.config.till.mode, unauthorized);
            let body = object! {
                "error" => told.code,
                "message" => told.message,
                "signed" => told.signed_text,
            };
            return unknown(json_response(StatusCode::UNAUTHORIZED, &body));
        }
    };
    let Ok(id) = Uuid::try_parse(&id) else {
        return operations::not_a_uuid();
    };
    let declaration = match read(id, &body) {
        Ok(declaration) => declaration,
        Err(faults) => {
            let response = Problem::from(&faults).response(StatusCode::BAD_REQUEST);
            return with_fiscal_state(response, service.state_of(id).await);
        }
    };
    // A recorded call that came to nothing must not end a document later, when the printer has gone.
    let Ok(look) = service.replays.look(client.signature) else {
        let words = "Api-Signature: was used before, by a call that has come to nothing; sign the call with the time of now";
        let response = refuse(StatusCode::CONFLICT, "SignatureReplayed", words);
        return with_fiscal_state(response, service.state_of(id).await);
    };
    let Declaration { paper, by, .. } = &declaration;
    tracing::warn!(%id, %by, client = client.key, "a person says what became of a document: {paper:?}");
    let response = declare(&service, declaration).await;
    look.end(if response.status().is_success() {
        Outcome::Forget
    } else {
        Outcome::Keep
    });
    response
}

/// Reads a declaration; all faults at once.
fn read(id: Uuid, body: &[u8]) -> Result<Declaration, FaultList> {
    let node = JsonValue::of_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&node, "", &mut faults);
    let registered = fields.boolean("registered");
    if registered.is_none() && fields.node("registered").is_none() {
        fields.fault(
            "registered",
            "Missing",
            "is needed: true for what stands on the paper, false for what does not",
        );
    }
    let document = document(&mut fields, registered);
    let by = by(&mut fields);
    fields.finish();
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Declaration {
        id,
        paper: match registered {
            Some(true) => PaperSays::Registered { document },
            _ => PaperSays::NotRegistered,
        },
        by,
    })
}

fn document(fields: &mut Fields<'_, '_>, registered: Option<bool>) -> Option<NonZeroU32> {
    let given = fields.decimal("document", 0)?;
    let document = u32::try_from(given).ok().and_then(NonZeroU32::new);
    if document.is_none() {
        let words = "is no document number; give the number on the paper, or leave it out";
        fields.fault("document", "UnknownValue", words);
    } else if registered == Some(false) {
        let words = "is given for a document that was not printed; leave it out";
        fields.fault("document", "NotAlone", words);
    }
    document
}

fn by(fields: &mut Fields<'_, '_>) -> String {
    let given = fields.text("by");
    let missing = given.is_none() && fields.node("by").is_none();
    let by = given.unwrap_or_default().trim().to_owned();
    let words = "is needed: the name of the person who has read the paper";
    if missing {
        fields.fault("by", "Missing", words);
    } else if by.is_empty() && matches!(fields.node("by"), Some(JsonValue::Text(_))) {
        fields.fault("by", "Empty", words);
    }
    if by.len() > Declared::BY_BYTES_MAX {
        let words = format!(
            "has {} bytes; {} are allowed",
            by.len(),
            Declared::BY_BYTES_MAX
        );
        fields.fault("by", "TextTooLong", words);
    }
    if by.chars().any(char::is_control) {
        let words = "holds a control character; write a name in one line";
        fields.fault("by", "UnknownValue", words);
    }
    by
}

/// Hands a declaration to the clerk and waits as long as a caller waits at most.
async fn declare(service: &Arc<Service>, declaration: Declaration) -> Response {
    let id = declaration.id;
    match on_the_books(service, id).await {
        Err(response) => return *response,
        Ok((stored, word)) if stored.row.state != RequestState::Reserved => {
            return settled(service, &declaration, &stored, word.as_ref()).await;
        }
        Ok(_) => {}
    }
    let message = |reply| Message::Declare {
        declaration: Box::new(declaration.clone()),
        reply,
    };
    let deadline = service.deadline(service.config.till.answer_timeout);
    let hearing = match service.ask(message, deadline).await {
        Ok(hearing) => hearing,
        Err(NoAnswer::Stopping) => {
            let message = "agent: is stopping; send the declaration again once it runs";
            let response = refuse(StatusCode::SERVICE_UNAVAILABLE, "Stopping", message);
            return with_fiscal_state(response, FiscalState::Unknown);
        }
        Err(NoAnswer::TooLate) => return not_known_yet(),
    };
    let (status, code, words) = match hearing {
        DeclarationOutcome::Booked | DeclarationOutcome::NotOutstanding => {
            return match on_the_books(service, id).await {
                Err(response) => *response,
                Ok((stored, word)) => settled(service, &declaration, &stored, word.as_ref()).await,
            };
        }
        DeclarationOutcome::CanStillSay(why) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "PrinterCanStillSay",
            format!(
                "printer: {why}; the printer can still say what became of the document: see to it that it can be asked"
            ),
        ),
        DeclarationOutcome::Contradicted => (
            StatusCode::CONFLICT,
            "AnotherDeclaration",
            "id: somebody else is saying otherwise at this moment".to_owned(),
        ),
        DeclarationOutcome::Unknown(words) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "BooksUnwritable",
            format!("books: {words}; say it again once they can be written"),
        ),
    };
    with_fiscal_state(refuse(status, code, &words), FiscalState::Unknown)
}

/// The document of an id, with the word that it rests on.
async fn on_the_books(
    service: &Arc<Service>,
    id: Uuid,
) -> Result<(StoredDocument, Option<OperatorDeclaration>), Box<Response>> {
    // First who waits, then the books: what is reserved in between is found there.
    let waits = service.waits(id).await == Some(true);
    let found: Result<_, StoreError> = service
        .read(move |reader| {
            let Some(stored) = reader.find(None, id)? else {
                return Ok(None);
            };
            let word = reader.declaration_of(&stored.row)?;
            Ok(Some((stored, word)))
        })
        .await;
    let (response, state) = match found {
        // An id that waits for its turn once more: the document that it had before is not meant.
        Ok(Some((stored, _))) if waits && stored.row.state == RequestState::Voided => (
            refuse(StatusCode::CONFLICT, "NotBegun", NOT_BEGUN),
            FiscalState::Unknown,
        ),
        Ok(Some(found)) => return Ok(found),
        Ok(None) if waits => (
            refuse(StatusCode::CONFLICT, "NotBegun", NOT_BEGUN),
            FiscalState::Unknown,
        ),
        Ok(None) => (
            refuse(
                StatusCode::NOT_FOUND,
                "UnknownId",
                "id: belongs to no document of this agent",
            ),
            FiscalState::NotRegistered,
        ),
        Err(error) => (
            Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE),
            FiscalState::Unknown,
        ),
    };
    Err(Box::new(with_fiscal_state(response, state)))
}

/// The document has its end: with this very declaration, or with something else.
async fn settled(
    service: &Arc<Service>,
    declaration: &Declaration,
    stored: &StoredDocument,
    word: Option<&OperatorDeclaration>,
) -> Response {
    let state = operations::fiscal_state(stored);
    if state == FiscalState::Unknown {
        return not_known_yet();
    }
    let name = state.name();
    let words = match word {
        Some(word) if word.paper == declaration.paper && word.by == declaration.by => {
            return operations::told(service, declaration.id).await;
        }
        Some(word) => format!(
            "id: is settled already, as {name}: {} said so at {}",
            word.by,
            iso_utc(word.at_ms)
        ),
        None => format!("id: is settled already, as {name}: the printer has said so itself"),
    };
    with_fiscal_state(
        refuse(StatusCode::CONFLICT, "AlreadySettled", &words),
        state,
    )
}

fn not_known_yet() -> Response {
    let words = "printer: is being asked once more; say it again, which is always safe, or ask for the operation";
    let response = refuse(StatusCode::UNPROCESSABLE_ENTITY, "OutcomeUnknown", words);
    with_fiscal_state(with_retry_after(response), FiscalState::Unknown)
}

fn refuse(status: StatusCode, code: &'static str, words: &str) -> Response {
    Problem::new(code, words).response(status)
}

const NOT_BEGUN: &str = "id: waits for its turn, and nothing of it was given to the printer";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_read_with_all_its_faults_at_once() {
        let id = Uuid::from_u128(1);
        let long = "x".repeat(101);
        let long = format!(r#"{{"registered":true,"by":"{long}"}}"#);
        let none: &[&str] = &[];
        for (body, faults) in [
            ("", &["body MalformedJson"][..]),
            (
                "[]",
                &["body WrongType", "registered Missing", "by Missing"],
            ),
            ("{}", &["registered Missing", "by Missing"]),
            (
                r#"{"registered":"yes","by":1}"#,
                &["registered WrongType", "by WrongType"],
            ),
            (
                r#"{"registered":null,"by":" "}"#,
                &["registered Missing", "by Empty"],
            ),
            (r#"{"registered":true,"by":"a\nb"}"#, &["by UnknownValue"]),
            (&long, &["by TextTooLong"]),
            (
                r#"{"registered":true,"by":"M","document":0}"#,
                &["document UnknownValue"],
            ),
            (
                r#"{"registered":true,"by":"M","document":4294967296}"#,
                &["document UnknownValue"],
            ),
            (
                r#"{"registered":true,"by":"M","document":1.5}"#,
                &["document TooManyDecimals"],
            ),
            (
                r#"{"registered":false,"by":"M","document":1}"#,
                &["document NotAlone"],
            ),
            (
                r#"{"registered":false,"document":-1,"why":"x"}"#,
                &["document UnknownValue", "by Missing", "why UnknownField"],
            ),
            (
                r#"{"registered":true,"by":"M","document":4294967295}"#,
                none,
            ),
            (r#"{"Registered":false,"by":"M","document":null}"#, none),
        ] {
            let found: Vec<String> = match read(id, body.as_bytes()) {
                Ok(_) => Vec::new(),
                Err(found) => found
                    .iter()
                    .map(|fault| format!("{} {}", fault.path, fault.code))
                    .collect(),
            };
            assert_eq!(found, faults, "{body}");
        }
    }

    #[test]
    fn a_declaration_means_what_it_says() {
        let id = Uuid::from_u128(1);
        for (body, paper) in [
            (
                r#"{"registered":true,"document":12,"by":" Maria "}"#,
                PaperSays::Registered {
                    document: NonZeroU32::new(12),
                },
            ),
            (
                r#"{"registered":true,"by":"Maria"}"#,
                PaperSays::Registered { document: None },
            ),
            (
                r#"{"registered":false,"by":"Maria"}"#,
                PaperSays::NotRegistered,
            ),
        ] {
            let by = "Maria".to_owned();
            assert_eq!(
                read(id, body.as_bytes()).unwrap(),
                Declaration { id, paper, by }
            );
        }
    }
}
