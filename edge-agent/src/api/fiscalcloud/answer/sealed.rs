//! A sealed document, and what its JSON form needs besides the document.

use std::borrow::Cow;

use ferrotill_core::Currency;
use ferrotill_core::event::{Reserved, Sealed};
use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::config::{Device, Owner};
use crate::order::user_of;
use ferrotill_store::{BuyerContact, StoredDocument};

/// The form in which a document is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::fiscalcloud) enum Form {
    /// The form of the document's own kind.
    Own,
    /// The form of a receipt, without the original: `operations/return` answers in this form.
    Receipt,
}

/// What the JSON form of a document needs besides the document.
#[derive(Clone, Copy, Debug)]
pub(in crate::api::fiscalcloud) struct AnswerContext<'s> {
    pub(in crate::api::fiscalcloud) device: &'s Device,
    pub(in crate::api::fiscalcloud) owner: &'s Owner,
    pub(in crate::api::fiscalcloud) currency: Currency,
    /// The name of the country's cash rounding; `None` if its law has none.
    pub(in crate::api::fiscalcloud) cash_rounding: Option<&'static str>,
    /// The id of the Z-report that closed the document's shift; `None` while the shift is open.
    pub(in crate::api::fiscalcloud) z_report: Option<Uuid>,
}

/// The members of a JSON object in an answer.
pub(super) type Members = Vec<(Cow<'static, str>, JsonValue)>;

/// A sealed document whose events are decoded.
pub(super) struct SealedDocument<'d> {
    pub(super) stored: &'d StoredDocument,
    pub(super) reserved: Reserved<'d>,
    pub(super) sealed: Sealed<'d>,
    /// The fields that the caller gave with the request, and the fields of the caller's bank terminal.
    pub(super) echo: JsonValue,
    pub(super) found: JsonValue,
}

impl<'d> SealedDocument<'d> {
    pub(super) fn of(stored: &'d StoredDocument) -> Option<Self> {
        let (reserved, sealed) = (stored.reserved()?, stored.sealed()?);
        let (echo, found) = match JsonValue::parse(reserved.annex) {
            // A third part is the digest of the buyer's contact.
            Ok(JsonValue::Array(parts)) => {
                let mut parts = parts.into_iter();
                let mut next = || parts.next().unwrap_or(JsonValue::Null);
                (next(), next())
            }
            _ => (JsonValue::Null, JsonValue::Null),
        };
        Some(Self {
            stored,
            reserved,
            sealed,
            echo,
            found,
        })
    }

    /// Who has made the document: the person who has declared it, or else the user of the client that has ordered it.
    pub(super) fn author(&self) -> Option<String> {
        let declared_by = self.stored.declared_by.clone();
        declared_by.or_else(|| user_of(self.reserved.annex))
    }

    /// A part of the buyer's contact. In the rows of older programs it stands beside the other fields.
    pub(super) fn contact(
        &self,
        name: &str,
        part: impl Fn(&BuyerContact) -> Option<String>,
    ) -> JsonValue {
        match self.stored.contact.as_ref().and_then(part) {
            Some(part) => part.into(),
            None => self.echoed(name),
        }
    }

    pub(super) fn echoed(&self, name: &str) -> JsonValue {
        self.echo.get(name).cloned().unwrap_or(JsonValue::Null)
    }
}
