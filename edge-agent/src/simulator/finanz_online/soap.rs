//! The answers of the service as text.

use super::books::EntryResult;
use crate::authority::finanz_online::{ENVELOPE, RKDB, SESSION};

/// An answer in its envelope.
fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"{ENVELOPE}\"><SOAP-ENV:Header/><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
}

/// The fault of a request whose form is wrong.
pub(super) fn fault(text: &str) -> String {
    let text = escaped(text);
    envelope(&format!(
        "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring xml:lang=\"en\">Validation error</faultstring><detail>\
         <fon:ValidationError xmlns:fon=\"https://finanzonline.bmf.gv.at\">{text}</fon:ValidationError></detail></SOAP-ENV:Fault>"
    ))
}

/// The answer to a login or logout.
pub(super) fn session(root: &str, session: Option<&str>, code: &str, message: &str) -> String {
    let id = session.map_or(String::new(), |id| format!("<ns2:id>{id}</ns2:id>"));
    let message = match message {
        "" => String::new(),
        text => format!("<ns2:msg>{}</ns2:msg>", escaped(text)),
    };
    envelope(&format!(
        "<ns2:{root} xmlns:ns2=\"{SESSION}\">{id}<ns2:rc>{code}</ns2:rc>{message}</ns2:{root}>"
    ))
}

/// What an answer about a cash register repeats of its request.
#[derive(Debug)]
pub(super) struct Repeated<'a> {
    pub(super) packet: &'a str,
    pub(super) number: &'a str,
    pub(super) kind: &'a str,
}

/// The answer about an entry.
pub(super) fn result(repeated: &Repeated<'_>, result: &EntryResult, at: &str) -> String {
    let Repeated {
        packet,
        number,
        kind,
    } = repeated;
    let mut more = String::new();
    if let Some((failed, receipt)) = &result.checked {
        more.push_str(&verification(failed, receipt, at));
    }
    if let Some(state) = result.state {
        let state = state.name();
        // These three elements are in no namespace.
        more.push_str(&format!(
            "<r:abfrage_ergebnis><ts_registrierung>{at}</ts_registrierung><status>{state}</status><ts_status>{at}</ts_status></r:abfrage_ergebnis>"
        ));
    }
    let (code, message) = (result.code, escaped(result.message));
    envelope(&format!(
        "<r:rkdbResponse xmlns:r=\"{RKDB}\"><r:paket_nr>{packet}</r:paket_nr><r:art_uebermittlung>{kind}</r:art_uebermittlung>\
         <r:ts_erstellung>{at}</r:ts_erstellung><r:result><r:satznr>{number}</r:satznr><r:rkdbMessage><r:rc>{code}</r:rc>\
         <r:msg>{message}</r:msg></r:rkdbMessage>{more}</r:result></r:rkdbResponse>"
    ))
}

/// An answer with a code and nothing else.
pub(super) fn only_code(code: &str) -> String {
    let code = escaped(code);
    envelope(&format!(
        "<r:rkdbResponse xmlns:r=\"{RKDB}\"><r:paket_nr>1</r:paket_nr><r:ts_erstellung>2026-01-01T00:00:00.000+01:00</r:ts_erstellung>\
         <r:result><r:satznr>1</r:satznr><r:rkdbMessage><r:rc>{code}</r:rc><r:msg/></r:rkdbMessage></r:result></r:rkdbResponse>"
    ))
}

/// The tree of checks: the failed ones, each inside the one before.
fn verification(failed: &[&str], receipt: &str, at: &str) -> String {
    let passed = ["VERIFICATION_FROM_CASHBOX"];
    let (ids, state) = if failed.is_empty() {
        (passed.as_slice(), "PASS")
    } else {
        (failed, "FAIL")
    };
    ids.iter().rev().fold(String::new(), |inner, id| {
        let receipt = escaped(receipt);
        format!(
            "<r:verificationResultList><r:verificationResult><r:verificationId>{id}</r:verificationId><r:version>1</r:version>\
             <r:verificationName>{id}</r:verificationName><r:verificationState>{state}</r:verificationState>\
             <r:input><r:RECEIPT xmlns:r=\"{RKDB}\">{receipt}</r:RECEIPT></r:input><r:verificationTimestamp>{at}</r:verificationTimestamp>\
             {inner}</r:verificationResult></r:verificationResultList>"
        )
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
