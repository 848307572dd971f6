//! The Online-ECR form: one JSON document per sale, refund, cash operation, alternative receipt and Z-report.
//!
//! Money is in whole minor units, quantities in thousandths, rates in hundredths of a percent, times in UTC.
//! The number of the message is called `msgID` everywhere but in the Z-report, where it is `msgId`.
//!
//! The published description (`docs/protocols/online-ecr.md`) leaves four things open. They are implemented as follows:
//!
//! - The total must equal the sum of the payments, and a payment also contains its change. So a payment's `amount` is what was
//!   *kept* (handed over minus change), and its `change` is only information.
//! - A refund is a SALE document with `parentFiscalNum`. Every document contains its number as `fiscalNum`, as in cash registers that
//!   work offline, so that a refund can refer to its original.
//! - The form has no field for the cash rounding, which is subtracted from the payments in cash. If `[upstream.online_ecr]
//!   rounding_field` names one, a receipt whose cash was rounded has it there, too.
//! - The fields of an answer are not published. An answer with any sign of failure is a refusal. An answer with a sign of success and
//!   none of failure is an acknowledgement. Any other answer counts as not the authority's. If it is known which field decides,
//!   `[upstream.online_ecr] success_field` names that field.

use ferrotill_core::duty::DutyKind;
use serde_json::Value;

use super::{Authority, EncodeError, EncodedRequest, ReportedDocument, Verdict};
use crate::authority::failure::DeliveryFailure;
use crate::config::OnlineEcrConfig as Form;
use crate::hmac::signature_of;
use answer::{Answer, Sign};
use body::{cash_body, receipt_body, z_body};

mod answer;
mod body;
pub mod ranges;

/// The Online-ECR protocol. The configuration decides what the published description leaves open.
#[derive(Clone, Debug, Default)]
pub struct OnlineEcr {
    form: Form,
}

impl OnlineEcr {
    /// The protocol with the configuration for one authority.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self { form }
    }

    /// The path below the url to which messages of this name are sent.
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
            ReportedDocument::Receipt(receipt) => (
                receipt.heading.key,
                receipt_body(receipt, self.form.rounding_field.as_deref())?,
            ),
            ReportedDocument::Cash(operation) => (operation.heading.key, cash_body(operation)?),
            ReportedDocument::ZReport(report) => (report.heading.key, z_body(report)?),
        };
        Ok(EncodedRequest {
            kind,
            key,
            content_type: JSON.to_owned(),
            body: body.into_bytes(),
        })
    }

    fn decode(&self, status: u16, body: &[u8]) -> Verdict {
        // With these statuses the server has not decided about the document.
        if matches!(status, 408 | 425 | 429 | 500..=599) {
            return Verdict::Failed(DeliveryFailure::Unable(status));
        }
        let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(body) else {
            return Verdict::Failed(DeliveryFailure::NotTheAuthority(status));
        };
        let answer = Answer(&answer);
        let sign = answer.sign(self.form.success_field.as_deref());
        match (status, sign) {
            (200..=299, Sign::Success) => Verdict::Acknowledged,
            // An object without a sign of success or failure is not treated as the authority's answer. Without a clear answer no document is acknowledged.
            (200..=299, Sign::None) => Verdict::Failed(DeliveryFailure::NotTheAuthority(status)),
            (200..=299, Sign::Failure) | (400..=499, _) => Verdict::Refused {
                message: answer.message(status),
            },
            _ => Verdict::Failed(DeliveryFailure::NotTheAuthority(status)),
        }
    }

    fn path(&self, kind: DutyKind) -> &str {
        self.path_of(kind.name())
    }

    fn headers(&self, body: &[u8]) -> Vec<(String, String)> {
        let mut headers = self.form.headers.clone();
        if let Some(signature) = &self.form.signature {
            let proof = signature_of(signature.secret.as_bytes(), &[body]);
            headers.push((signature.header.clone(), proof));
        }
        headers
    }
}

/// The media type of every body.
pub const JSON: &str = "application/json";

/// The address of a path below the authority's url.
#[must_use]
pub fn url_of(url: &str, path: &str) -> String {
    format!("{}/{path}", url.trim_end_matches('/'))
}

#[cfg(test)]
pub(crate) mod tests;
