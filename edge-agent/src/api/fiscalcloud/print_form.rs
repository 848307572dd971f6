//! Print forms: the paper of a document in the answer instead of, or beside, the paper of the till's printer.
//!
//! A form has the blocks of the document's slip ([`DocumentPaper`]), so that it shows the same figures. A form is never stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_render::{Align, Block, Emphasis, FormFault, FormSize, html, pdf, png};
use ferrotill_store::StoredDocument;

use crate::api::json::JsonValue;
use crate::api::service::Service;
use crate::config::Device;
use crate::object;
use crate::paper::{DocumentPaper, PaperShop, printed_seller};

/// The type of a print form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FormType {
    /// A list of rows.
    #[default]
    Json,
    /// One page of HTML, as a text.
    Html,
    /// A PDF, as Base64. The measures are points.
    Pdf(FormSize),
    /// A picture (PNG), as Base64. The measures are pixels.
    Image(FormSize),
}

/// Where the caller wants the paper of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PaperWish {
    /// On the till's printer.
    #[default]
    OnPrinter,
    /// In the answer.
    InAnswer(FormType),
    /// Nowhere: the caller has asked for no form and no paper.
    Nowhere,
}

impl PaperWish {
    /// The wish after the field `print` was read: with `false`, there is neither paper nor form.
    pub(super) fn with_print(self, print: Option<bool>) -> Self {
        match print {
            Some(false) => Self::Nowhere,
            Some(true) | None => self,
        }
    }
}

/// A print form as an answer contains it.
#[derive(Clone, Debug)]
pub(super) struct PrintForm {
    /// The name of the type, for `printFormMediaType`.
    pub(super) media_type: &'static str,
    /// The form itself, for `printFormContent`.
    pub(super) content: JsonValue,
}

impl PrintForm {
    /// The print form of a document; `None` if the caller does not want one, or if the document is not sealed.
    pub(super) fn of(
        stored: &StoredDocument,
        (wish, copy): (PaperWish, bool),
        service: &Service,
        device: &Device,
    ) -> Option<Self> {
        if !matches!(wish, PaperWish::InAnswer(_)) {
            return None;
        }
        let paper = Self::shop(service, device, |shop| {
            DocumentPaper::of(stored, copy, shop)
        })?;
        Self::of_paper(&paper, wish)
    }

    /// What is printed of the shop, for `make`.
    pub(super) fn shop<T>(
        service: &Service,
        device: &Device,
        make: impl FnOnce(PaperShop<'_>) -> T,
    ) -> T {
        let types = &device.payment_types;
        make(PaperShop {
            seller: &printed_seller(&service.settings.owner),
            facts: service.profile.facts(),
            payment_name: &|code| {
                let found = types.iter().find(|payment| payment.code == code);
                found.map(|payment| payment.name.clone())
            },
        })
    }

    /// The form of a paper; `None` if the caller does not want one.
    pub(super) fn of_paper(paper: &DocumentPaper, wish: PaperWish) -> Option<Self> {
        let PaperWish::InAnswer(form_type) = wish else {
            return None;
        };
        Some(match form_type {
            FormType::Json => Self {
                media_type: "Json",
                content: form_rows(paper),
            },
            FormType::Html => Self {
                media_type: "Html",
                content: html(&paper.blocks, paper.language).into(),
            },
            FormType::Pdf(size) => Self {
                media_type: "Pdf",
                content: bytes(pdf(&paper.blocks, paper.language, size)),
            },
            FormType::Image(size) => Self {
                media_type: "Image",
                content: bytes(png(&paper.blocks, size)),
            },
        })
    }

    /// The values of `printFormMediaType` and `printFormContent`; both are null without a form.
    pub(super) fn members(form: Option<&Self>) -> [JsonValue; 2] {
        match form {
            Some(form) => [form.media_type.into(), form.content.clone()],
            None => [JsonValue::Null, JsonValue::Null],
        }
    }
}

/// The bytes of a form as Base64. A form that could not be made is null, because the document is registered without it.
fn bytes(form: Result<Vec<u8>, FormFault>) -> JsonValue {
    match form {
        Ok(bytes) => STANDARD.encode(bytes).into(),
        Err(fault) => {
            tracing::error!("{fault}; the document is registered, and its form can be had as Html");
            JsonValue::Null
        }
    }
}

/// The rows of a form of the type Json (docs/api/fiscalcloud.md, "Print forms").
#[must_use]
pub fn form_rows(paper: &DocumentPaper) -> JsonValue {
    let drawer = paper
        .opens_drawer
        .then(|| object! { "type" => "OpenCashDrawer" });
    let rows = paper.blocks.iter().map(row);
    JsonValue::Array(drawer.into_iter().chain(rows).collect())
}

fn row(block: &Block) -> JsonValue {
    let text = |left: &str, right: &str, align: Align, emphasis: Emphasis| {
        object! {
            "type" => "Text",
            "text" => left,
            "textRight" => right,
            "align" => match align {
                Align::Left => "Left",
                Align::Centre => "Center",
            },
            "bold" => emphasis != Emphasis::Plain,
            "large" => emphasis == Emphasis::Large,
        }
    };
    match block {
        Block::Rule => object! { "type" => "Separator" },
        Block::Text {
            text: shown,
            align,
            emphasis,
        } => text(shown, "", *align, *emphasis),
        Block::Columns {
            left,
            right,
            emphasis,
        } => text(left, right, Align::Left, *emphasis),
        Block::Qr { text, .. } => object! { "type" => "QRCode", "text" => text.as_str() },
        Block::Logo(logo) => object! { "type" => "Image", "image" => bytes(logo.png()) },
    }
}
