//! What an answer holds, and what a return code means.

use roxmltree::{Document, Node};

use super::ENVELOPE;

/// A return code with its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The code, such as `0`, `43` or `B1`.
    pub code: String,
    /// The text; may be empty.
    pub message: String,
}

/// The answer to a request about a cash register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RkdbAnswer {
    /// Code and text. The text of a receipt that was not accepted ends with the checks that failed.
    pub answered: Answered,
    /// The state of a unit or cash box, if the request was for one: `AKTIVIERT`, `REGISTRIERT`, `IN_BETRIEB` or `AUSFALL`.
    pub state: Option<String>,
}

/// Reads the answer to a request about a cash register.
///
/// # Errors
///
/// What is wrong with the text.
pub fn rkdb_answer(body: &str) -> Result<RkdbAnswer, String> {
    read(body, "rkdbResponse", |root| {
        let result = child(root, "result").ok_or("the answer has no result")?;
        let message = child(result, "rkdbMessage").ok_or("the answer has no rkdbMessage")?;
        let code = child_text(message, "rc").ok_or("the answer has no rc")?;
        let mut text = child_text(message, "msg").unwrap_or_default().to_owned();
        for failed in failed_checks(result) {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(&failed);
        }
        let state = child(result, "abfrage_ergebnis").and_then(|found| child_text(found, "status"));
        Ok(RkdbAnswer {
            answered: Answered {
                code: code.to_owned(),
                message: text,
            },
            state: state.map(str::to_owned),
        })
    })
}

/// The ids of the checks that failed, the inner ones after the outer ones, each with its text.
fn failed_checks(result: Node<'_, '_>) -> Vec<String> {
    let checks = result.descendants();
    let checks = checks.filter(|node| node.tag_name().name() == "verificationResult");
    checks
        .filter(|check| child_text(*check, "verificationState") == Some("FAIL"))
        .map(|check| {
            let id = child_text(check, "verificationId").unwrap_or_default();
            match child_text(check, "verificationResultDetailedMessage") {
                Some(text) if !text.is_empty() => format!("{id}: {text}"),
                _ => id.to_owned(),
            }
        })
        .collect()
}

/// What a request does, as far as the meaning of a return code depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// It registers a unit or a cash box.
    Register,
    /// It reports the beginning of an outage.
    Outage,
    /// It takes a unit or a cash box out of use.
    End,
    /// It reports the end of an outage.
    Works,
    /// It has a receipt checked.
    Check,
    /// It asks for a state.
    State,
}

/// What a return code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The request is carried out, or was before.
    Done,
    /// The service knows the unit or the cash box, and this answer does not say how. Its state must be asked for.
    Unclear,
    /// The service does not know the unit or the cash box, or it is out of use.
    Unknown,
    /// The same request may succeed later.
    Later,
    /// The session has ended.
    NewSession,
    /// The request is refused.
    Refused,
}

/// What a return code means for a request of a kind.
#[must_use]
pub fn meaning(kind: RequestKind, code: &str) -> Meaning {
    match (code, kind) {
        ("0", _) | ("B13", RequestKind::Outage | RequestKind::Works) | ("B6", RequestKind::End) => {
            Meaning::Done
        }
        ("-1", _) => Meaning::NewSession,
        ("-2" | "-3" | "14" | "1336" | "1337" | "B4" | "C1", _) => Meaning::Later,
        ("B1" | "B10", RequestKind::Register) => Meaning::Unclear,
        ("B32" | "B33" | "B34", RequestKind::State) => Meaning::Unknown,
        (code, _) if is_internal(code) => Meaning::Later,
        _ => Meaning::Refused,
    }
}

/// `V1` to `V16`: internal errors of the check of receipts.
fn is_internal(code: &str) -> bool {
    let number = code.strip_prefix('V').and_then(|text| text.parse().ok());
    matches!(number, Some(1..=16_u8))
}

/// The text of a fault: what the service says about a request whose form is wrong. `None` if the text is no fault.
#[must_use]
pub fn fault_of(body: &str) -> Option<String> {
    let fault = read(body, "Fault", |root| {
        let detail = root
            .descendants()
            .find(|node| node.tag_name().name() == "ValidationError")
            .and_then(|node| node.text());
        let text = child_text(root, "faultstring").unwrap_or("a fault");
        Ok(match detail {
            Some(detail) => format!("{text}: {}", detail.trim()),
            None => text.to_owned(),
        })
    });
    fault.ok()
}

/// Reads the root element in the body of an envelope. Prefixes do not matter.
pub(super) fn read<T>(
    body: &str,
    root: &str,
    take: impl FnOnce(Node<'_, '_>) -> Result<T, String>,
) -> Result<T, String> {
    let document = Document::parse(body).map_err(|error| format!("it is not XML: {error}"))?;
    let envelope = document.root_element();
    if envelope.tag_name().name() != "Envelope" || envelope.tag_name().namespace() != Some(ENVELOPE)
    {
        return Err("it is no SOAP envelope".to_owned());
    }
    let body = child(envelope, "Body").ok_or("the envelope has no body")?;
    let found = child(body, root).ok_or_else(|| format!("the body has no {root}"))?;
    take(found)
}

pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children()
        .find(|child| child.is_element() && child.tag_name().name() == name)
}

pub(super) fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name).map(|found| found.text().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line of the table in docs/protocols/finanzonline.md.
    #[test]
    fn a_code_means_something_else_for_each_kind_of_request() {
        use RequestKind::{Check, End, Outage, Register, State, Works};
        for (code, kind, expected) in [
            ("0", Register, Meaning::Done),
            ("B13", Register, Meaning::Refused),
            ("B13", Outage, Meaning::Done),
            ("B13", End, Meaning::Refused),
            ("B13", Works, Meaning::Done),
            ("B6", Register, Meaning::Refused),
            ("B6", Outage, Meaning::Refused),
            ("B6", End, Meaning::Done),
            ("B6", Works, Meaning::Refused),
            ("B1", Register, Meaning::Unclear),
            ("B10", Register, Meaning::Unclear),
            ("B1", Outage, Meaning::Refused),
            ("B33", State, Meaning::Unknown),
            ("B33", End, Meaning::Refused),
            ("43", Check, Meaning::Refused),
            ("-1", Check, Meaning::NewSession),
            ("-2", Register, Meaning::Later),
            ("-4", Register, Meaning::Refused),
            ("14", Register, Meaning::Later),
            ("V16", Check, Meaning::Later),
            ("V17", Check, Meaning::Refused),
            ("998", State, Meaning::Refused),
        ] {
            assert_eq!(meaning(kind, code), expected, "{code} for {kind:?}");
        }
    }

    #[test]
    fn a_failed_check_is_named_with_the_checks_inside_it() {
        let body = format!(
            "<s:Envelope xmlns:s=\"{ENVELOPE}\"><s:Body><n:rkdbResponse xmlns:n=\"{}\"><n:result><n:satznr>1</n:satznr><n:rkdbMessage><n:rc>43</n:rc><n:msg/></n:rkdbMessage>\
             <n:verificationResultList><n:verificationResult><n:verificationId>VERIFICATION_FROM_CASHBOX</n:verificationId><n:verificationState>FAIL</n:verificationState>\
             <n:verificationResultList><n:verificationResult><n:verificationId>EXISTS_CASHBOX</n:verificationId><n:verificationState>FAIL</n:verificationState>\
             <n:verificationResultDetailedMessage>unknown</n:verificationResultDetailedMessage></n:verificationResult></n:verificationResultList></n:verificationResult>\
             </n:verificationResultList></n:result></n:rkdbResponse></s:Body></s:Envelope>",
            super::super::RKDB
        );
        let answer = rkdb_answer(&body).unwrap();
        assert_eq!(answer.answered.code, "43");
        assert_eq!(
            answer.answered.message,
            "VERIFICATION_FROM_CASHBOX; EXISTS_CASHBOX: unknown"
        );
        assert_eq!(fault_of(&body), None);
        assert!(rkdb_answer("<html><body>Wartung</body></html>").is_err());
    }
}
