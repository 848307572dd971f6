//! `POST /operations/{id}/settlement`: an operator declares the outcome of a document that the printer cannot prove.
//!
//! The request is signed like a sale: a client that may sell may also send declarations. The journal keeps the operator's name.
//! A repeated declaration gets the same answer as the first one. A different declaration about the same document is refused.
//! Every declaration is refused while the outcome can still be read from the printer.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::PaperSays;
use ferrotill_core::seal::Seal;
use uuid::Uuid;

use super::operations;
use super::operator::{name_of, refused};
use crate::api::json::{FaultList, Fields, JsonValue, SHORT_BODY_BYTES_MAX};
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::replay::ReplayOutcome;
use crate::api::response::{with_fiscal_state, with_retry_after};
use crate::api::service::{NoAnswer, Service};
use crate::clerk::{DeclarationOutcome, FiscalState, Message};
use crate::config::Permission;
use crate::order::Declaration;
use crate::time::clock::iso_utc;
use ferrotill_store::{OperatorDeclaration, RequestState, StoredDocument};

pub(super) async fn settle(
    State(service): State<Arc<Service>>,
    id: operations::PathId,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, SHORT_BODY_BYTES_MAX).await else {
        return refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BodyTooLarge",
            "body: is too large for a declaration",
            FiscalState::Unknown,
        );
    };
    let client = match service.admit((None, Some(Permission::Settle)), &parts, &body) {
        Ok(client) => client,
        Err(unauthorized) => {
            let response = refused(service.settings.mode, unauthorized);
            return with_fiscal_state(response, FiscalState::Unknown);
        }
    };
    let Some(id) = operations::uuid_of(id) else {
        return operations::not_a_uuid();
    };
    let declaration = match read(id, &body) {
        Ok(declaration) => declaration,
        Err(faults) => {
            let response = Problem::from(&faults).response(StatusCode::BAD_REQUEST);
            return with_fiscal_state(response, service.state_of(id).await);
        }
    };
    // A request that was recorded on the network and was refused once must not settle a document later, when the printer can no
    // longer be asked.
    let Ok(in_progress) = service.replays.begin(client.signature()) else {
        let message = "Api-Signature: was used before, by a request that was refused; sign the request with the current time";
        let state = service.state_of(id).await;
        return refuse(StatusCode::CONFLICT, "SignatureReplayed", message, state);
    };
    let Declaration { paper, by, .. } = &declaration;
    tracing::info!(%id, %by, client = client.key, "an operator wants to declare the outcome of a document: {paper:?}");
    let response = declare(&service, declaration)
        .await
        .response(&service, id)
        .await;
    in_progress.end(if response.status().is_success() {
        ReplayOutcome::Forget
    } else {
        ReplayOutcome::Remember
    });
    response
}

/// Reads a declaration and reports all its faults at once.
fn read(id: Uuid, body: &[u8]) -> Result<Declaration, FaultList> {
    let body = JsonValue::of_short_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let registered = fields.boolean("registered");
    if registered.is_none() && fields.member("registered").is_none() {
        fields.fault(
            "registered",
            "Missing",
            "is needed: true if the document is on the paper, false if it is not",
        );
    }
    let document = document(&mut fields, registered);
    let by = name_of(
        &mut fields,
        "is needed: the name of the person who has read the paper",
    );
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
        let sentence = "is no document number; give the number on the paper, or leave it out";
        fields.fault("document", "UnknownValue", sentence);
    } else if registered == Some(false) {
        let sentence = "is given for a document that was not printed; leave it out";
        fields.fault("document", "NotAlone", sentence);
    }
    document
}

/// What became of a declaration.
#[derive(Debug)]
pub enum Settlement {
    /// The document is settled as declared.
    Done,
    /// The declaration has settled nothing.
    Refused {
        /// The status of the answer.
        status: StatusCode,
        /// Why.
        problem: Problem,
        /// The state of the document.
        state: FiscalState,
        /// True if the same declaration can be sent again at once.
        again: bool,
    },
}

impl Settlement {
    async fn response(self, service: &Arc<Service>, id: Uuid) -> Response {
        match self {
            Self::Done => operations::outcome(service, id, Lane::Sales).await,
            Self::Refused {
                status,
                problem,
                state,
                again,
            } => {
                let response = with_fiscal_state(problem.response(status), state);
                if again {
                    with_retry_after(response)
                } else {
                    response
                }
            }
        }
    }
}

/// Gives a declaration to the clerk and waits for the answer until the caller's timeout.
pub async fn declare(service: &Arc<Service>, declaration: Declaration) -> Settlement {
    let id = declaration.id;
    match find(service, id).await {
        Err(refused) => return *refused,
        Ok((stored, earlier)) if stored.row.state != RequestState::Reserved => {
            return settled(&declaration, &stored, earlier.as_ref());
        }
        Ok((stored, _)) => {
            if let Some(refused) = of_an_earlier_document(&declaration, &stored) {
                return refused;
            }
        }
    }
    let message = |reply| Message::Declare {
        declaration: Box::new(declaration.clone()),
        reply,
    };
    let deadline = service.deadline(service.settings.answer_timeout);
    let hearing = match service.ask(message, deadline).await {
        Ok(hearing) => hearing,
        Err(NoAnswer::Stopping) => {
            let message = "agent: is stopping; send the declaration again once it runs";
            return refused_as(
                StatusCode::SERVICE_UNAVAILABLE,
                "Stopping",
                message,
                FiscalState::Unknown,
            );
        }
        Err(NoAnswer::TooLate) => return not_known_yet(),
    };
    let (status, code, message) = match hearing {
        DeclarationOutcome::Booked | DeclarationOutcome::NotOutstanding => {
            return match find(service, id).await {
                Err(refused) => *refused,
                Ok((stored, earlier)) => settled(&declaration, &stored, earlier.as_ref()),
            };
        }
        DeclarationOutcome::CanStillSay(why) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "PrinterCanStillSay",
            format!(
                "printer: {why}; the outcome can still be read from the printer: make sure that the agent can reach it"
            ),
        ),
        DeclarationOutcome::NumberNotPrinted(last) => (
            StatusCode::BAD_REQUEST,
            "UnknownValue",
            format!(
                "document: the printer's last document has the number {last}; give the number on this paper, or leave it out"
            ),
        ),
        DeclarationOutcome::Contradicted => (
            StatusCode::CONFLICT,
            "AnotherDeclaration",
            "id: another operator is declaring something else at this moment".to_owned(),
        ),
        DeclarationOutcome::Unknown(error) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "BooksUnwritable",
            format!("store: {error}; send the declaration again once the store can be written"),
        ),
    };
    refused_as(status, code, &message, FiscalState::Unknown)
}

/// The refusal of a number that the printer had given away before the document was begun: it belongs to another receipt.
fn of_an_earlier_document(
    declaration: &Declaration,
    stored: &StoredDocument,
) -> Option<Settlement> {
    let PaperSays::Registered {
        document: Some(given),
    } = declaration.paper
    else {
        return None;
    };
    let last = stored.reserved()?.baseline?.last_document;
    (given.get() <= last).then(|| {
        let message = format!(
            "document: {given} is the number of an earlier document: the printer had printed {last} documents before this one; \
             give the number on this paper, or leave it out"
        );
        refused_as(
            StatusCode::BAD_REQUEST,
            "UnknownValue",
            &message,
            FiscalState::Unknown,
        )
    })
}

/// The document with this id, and the declaration that settled it.
async fn find(
    service: &Arc<Service>,
    id: Uuid,
) -> Result<(StoredDocument, Option<OperatorDeclaration>), Box<Settlement>> {
    // The queue is asked before the store: an order that is reserved in between is found in the store.
    let waits = service.waits(id).await == Some(true);
    let found = service
        .read(Lane::Sales, move |reader| {
            let Some(stored) = reader.find(None, id)? else {
                return Ok(None);
            };
            let declaration = reader.declaration_of(&stored.row)?;
            Ok(Some((stored, declaration)))
        })
        .await;
    let refused = match found {
        // An order with this id waits in the queue again. The declaration is not about the earlier document with this id, which
        // was voided.
        Ok(Some((stored, _))) if waits && stored.row.state == RequestState::Voided => not_begun(),
        Ok(Some(found)) => return Ok(found),
        Ok(None) if waits => not_begun(),
        Ok(None) => refused_as(
            StatusCode::NOT_FOUND,
            "UnknownId",
            "id: belongs to no document of this agent",
            FiscalState::NotRegistered,
        ),
        Err(error) => Settlement::Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            problem: Problem::from(error),
            state: FiscalState::Unknown,
            again: false,
        },
    };
    Err(Box::new(refused))
}

/// The outcome for a document whose outcome is known. Either this declaration has settled the document, or something else has.
fn settled(
    declaration: &Declaration,
    stored: &StoredDocument,
    earlier: Option<&OperatorDeclaration>,
) -> Settlement {
    let state = operations::fiscal_state(stored);
    if state == FiscalState::Unknown {
        return not_known_yet();
    }
    let name = state.name();
    let message = match earlier {
        Some(earlier) if earlier.paper == declaration.paper && earlier.by == declaration.by => {
            return Settlement::Done;
        }
        Some(earlier) => format!(
            "id: is settled already, as {name}: {} declared it at {}",
            earlier.by,
            iso_utc(earlier.at_ms)
        ),
        None if stored.row.kind == DocumentKind::AlternativeSale => {
            format!("id: is settled already, as {name}, by its number, which needs no printer")
        }
        None => {
            let how = match stored.sealed().map(|sealed| sealed.seal) {
                None | Some(Seal::Printer { .. }) => "by the printer's own answer",
                Some(_) => "because the document needs no answer of a printer",
            };
            format!("id: is settled already, as {name}, {how}")
        }
    };
    refused_as(StatusCode::CONFLICT, "AlreadySettled", &message, state)
}

fn not_begun() -> Settlement {
    refused_as(
        StatusCode::CONFLICT,
        "NotBegun",
        "id: belongs to an order that waits in the queue and was not sent to the printer",
        FiscalState::Unknown,
    )
}

fn not_known_yet() -> Settlement {
    let message = "printer: is asked once more; send the same declaration again, which is always safe, or read the operation";
    Settlement::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        problem: Problem::new("OutcomeUnknown", message),
        state: FiscalState::Unknown,
        again: true,
    }
}

fn refused_as(
    status: StatusCode,
    code: &'static str,
    message: &str,
    state: FiscalState,
) -> Settlement {
    Settlement::Refused {
        status,
        problem: Problem::new(code, message),
        state,
        again: false,
    }
}

fn refuse(status: StatusCode, code: &'static str, message: &str, state: FiscalState) -> Response {
    with_fiscal_state(Problem::new(code, message).response(status), state)
}

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
    fn a_declaration_is_read_as_it_was_sent() {
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
