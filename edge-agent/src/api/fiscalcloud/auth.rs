//! The answer of the FiscalCloud API to a request that is not accepted: its signature is wrong, or its client may not make it.

use axum::response::Response;

use super::problem::envelope;
use crate::api::auth::{Unauthorized, redact_in_live_mode};
use crate::config::Mode;

/// An answer with status 401, 403 or 429. In LIVE mode that with 401 does not contain the reason. In TEST mode the full message has the text that
/// the till has signed, on a line of its own.
pub(super) fn reject(mode: Mode, unauthorized: Unauthorized) -> Response {
    let refusal = redact_in_live_mode(mode, unauthorized);
    let message = &refusal.message;
    let full = match &refusal.signed_text {
        Some(signed_text) => format!("{message}\nsigned text: {signed_text}"),
        None => message.clone(),
    };
    refusal.response(&envelope(false, (message, &full), Some(refusal.code), None))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::{Mode, Unauthorized, reject};

    #[tokio::test]
    async fn a_live_till_gives_the_same_answer_whatever_is_wrong() {
        let mut bodies = Vec::new();
        for code in ["UnknownApiKey", "SignatureMismatch", "TimestampOutOfWindow"] {
            for mode in [Mode::Test, Mode::Live] {
                let unauthorized = Unauthorized::new(code, format!("about {code}"));
                let response = reject(mode, unauthorized);
                assert_eq!(response.status(), 401);
                let body = to_bytes(response.into_body(), 1_000).await.unwrap();
                let text = String::from_utf8(body.to_vec()).unwrap();
                assert_eq!(text.contains(code), mode == Mode::Test, "{text}");
                if mode == Mode::Live {
                    bodies.push(text);
                }
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
    }
}
