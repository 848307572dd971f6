//! The Online-ECR form: one JSON document per sale, refund, cash operation, alternative receipt and Z-report.
//!
//! Money is in whole minor units, quantities in thousandths, rates in hundredths of a percent, times in UTC.
//! The number of the message is called `msgID` everywhere but in the Z-report, where it is `msgId`.
//!
//! Three things the published form leaves open are read as follows, and would be changed here:
//!
//! - The total must equal the sum of what was paid, and a payment also tells its change. So a payment's `amount` is what was
//!   *kept* (handed over minus change), and `change` stands beside it for information.
//! - A refund is a SALE document with `parentFiscalNum`; documents tell their device-wide number as `fiscalNum`, as cash
//!   registers that work offline do, so that there is something to refer to.
//! - The fields of an answer are not published. An answer is a refusal if it shows any sign of failure, an acknowledgement if it
//!   shows a sign of success and none of failure, and else it is not the office's. `[upstream.online_ecr] success_field` names
//!   the one field that counts, where it is known.

use serde_json::Value;

use super::{Authority, EncodeError, EncodedRequest, ReportedDocument, RequestKind, Verdict};
use crate::authority::failure::DeliveryFailure;
use crate::config::OnlineEcrConfig as Form;
use crate::hmac::signature_of;
use answer::{Answer, Sign};
use body::{cash_body, receipt_body, z_body};

mod answer;
mod body;
pub mod ranges;

/// The Online-ECR protocol, with what its description leaves open as it was configured.
#[derive(Clone, Debug, Default)]
pub struct OnlineEcr {
    form: Form,
}

impl OnlineEcr {
    /// The protocol as one office speaks it.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self { form }
    }

    /// The path that a message of this name is posted to, below the url.
    #[must_use]
    pub fn path_of<'p>(&'p self, name: &'p str) -> &'p str {
        let path = self.form.paths.iter().find(|(known, _)| *known == name);
        path.map_or(name, |(_, path)| path)
    }
}

impl Authority for OnlineEcr {
    fn encode(&self, document: &ReportedDocument) -> Result<EncodedRequest, EncodeError> {
        let kind = document.kind();
        let (key, body) = match document {
            ReportedDocument::Receipt(receipt) => (receipt.heading.key, receipt_body(receipt)?),
            ReportedDocument::Cash(operation) => (operation.heading.key, cash_body(operation)?),
            ReportedDocument::ZReport(report) => (report.heading.key, z_body(report)?),
        };
        Ok(EncodedRequest { kind, key, body })
    }

    fn decode(&self, status: u16, body: &[u8]) -> Verdict {
        // "Not now" says nothing about the document, whoever says it.
        if matches!(status, 408 | 425 | 429 | 500..=599) {
            return Verdict::Failed(DeliveryFailure::Unable);
        }
        let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(body) else {
            return Verdict::Failed(DeliveryFailure::NotTheAuthority);
        };
        let answer = Answer(&answer);
        let sign = answer.sign(self.form.success_field.as_deref());
        match (status, sign) {
            (200..=299, Sign::Success) => Verdict::Acknowledged,
            // An object that says neither yes nor no is not the office's word: nothing is ticked off on silence.
            (200..=299, Sign::None) => Verdict::Failed(DeliveryFailure::NotTheAuthority),
            (200..=299, Sign::Failure) | (400..=499, _) => Verdict::Refused {
                message: answer.message(status),
            },
            _ => Verdict::Failed(DeliveryFailure::NotTheAuthority),
        }
    }

    fn path(&self, kind: RequestKind) -> &str {
        self.path_of(kind.name())
    }

    fn headers(&self, body: &str) -> Vec<(String, String)> {
        let mut headers = self.form.headers.clone();
        if let Some(signature) = &self.form.signature {
            let proof = signature_of(signature.secret.as_bytes(), &[body.as_bytes()]);
            headers.push((signature.header.clone(), proof));
        }
        headers
    }
}

/// The address of a path below the authority's url.
#[must_use]
pub fn url_of(url: &str, path: &str) -> String {
    format!("{}/{path}", url.trim_end_matches('/'))
}

#[cfg(test)]
pub(crate) mod tests;
