//! Documents for head office: CSV, or JSON with one document a line.

use std::io::Write;

use futures_util::StreamExt as _;
use serde_json::json;

use crate::store::{Exported, Selection, Store, StoreError, export};

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values, as RFC 4180 has them.
    Csv,
    /// One JSON object a line.
    Json,
}

/// Why an export has ended too early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database has failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file or the connection has failed.
    #[error("the export cannot be written")]
    Write(#[from] std::io::Error),
}

impl Form {
    /// The form with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/x-ndjson",
        }
    }

    /// What stands before the first document.
    #[must_use]
    pub const fn head(self) -> &'static str {
        match self {
            Self::Csv => CSV_HEAD,
            Self::Json => "",
        }
    }

    /// A document in this form, with its end of line.
    #[must_use]
    pub fn line(self, exported: &Exported) -> String {
        match self {
            Self::Csv => csv_line(exported),
            Self::Json => json_of(exported).to_string() + "\n",
        }
    }
}

/// Writes an export; returns how many documents it has.
///
/// # Errors
/// If the database or the writer fails.
pub async fn write(
    store: &Store,
    form: Form,
    selection: &Selection,
    to: &mut dyn Write,
) -> Result<u64, ExportError> {
    let lease = store.pool().lease().await?;
    let mut written = 0;
    {
        let documents = export(&lease, selection).await?;
        let mut documents = std::pin::pin!(documents);
        to.write_all(form.head().as_bytes())?;
        while let Some(document) = documents.next().await {
            to.write_all(form.line(&document?).as_bytes())?;
            written += 1;
        }
    }
    to.flush()?;
    lease.done();
    Ok(written)
}

/// A document as JSON.
#[must_use]
pub fn json_of(exported: &Exported) -> serde_json::Value {
    let row = &exported.row;
    json!({
        "till": exported.till,
        "shop": exported.shop,
        "epoch": exported.epoch,
        "sequence": row.sequence,
        "journal_row": row.journal_row,
        "device": row.device,
        "document": row.document,
        "at_ms": row.at_ms,
        "utc_offset_min": row.utc_offset_min,
        "business_day": exported.business_day,
        "kind": row.kind.name(),
        "series": row.series,
        "number": row.number,
        "currency": row.currency.as_str(),
        "total": row.total,
        "state": row.state.name(),
        "z_number": row.z_number,
        "z_report": row.z_report,
    })
}

fn csv_line(exported: &Exported) -> String {
    let row = &exported.row;
    let optional =
        |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let fields = [
        exported.till.to_string(),
        quoted(&exported.shop),
        exported.epoch.to_string(),
        row.sequence.to_string(),
        row.journal_row.to_string(),
        row.device.to_string(),
        row.document.to_string(),
        row.at_ms.to_string(),
        row.utc_offset_min.to_string(),
        exported.business_day.clone(),
        row.kind.name().to_owned(),
        quoted(&row.series),
        optional(row.number),
        row.currency.to_string(),
        row.total.to_string(),
        row.state.name().to_owned(),
        optional(row.z_number.map(u64::from)),
    ];
    fields.join(",") + "\r\n"
}

/// A text as a field. A text that a spreadsheet would take for a formula gets an apostrophe.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

const CSV_HEAD: &str = "till,shop,epoch,sequence,journal_row,device,document,at_ms,utc_offset_min,business_day,kind,series,number,currency,total,state,z_number\r\n";
