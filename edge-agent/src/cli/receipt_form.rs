//! `receipts ID --as FORM`: the paper of one document as a text, a page, a picture, a PDF or its rows. It is read from the data folder; an
//! agent may run meanwhile.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use ferrotill_core::facts::Facts;
use ferrotill_render::{FormSize, PDF_SIZES, PaperWidth, WantedSize, html, pdf, png, rows};
use ferrotill_store::{Reader, RequestState, StoredDocument};
use uuid::Uuid;

use super::data_folder::{exit_of_file, unreadable};
use super::{CliFailure, CliOutput, Exit};
use crate::api::ereceipt::ekabs_of_document;
use crate::api::fiscalcloud::form_rows;
use crate::api::json::JsonValue;
use crate::config::Config;
use crate::object;
use crate::paper::{DocumentPaper, PaperShop, printed_seller};
use crate::receipt_link::ReceiptLinks;

/// The arguments of `receipts` for one document.
#[derive(Debug, Args)]
pub(super) struct FormArguments {
    /// The request id of a document: its paper is written, marked as a copy, and nothing is listed.
    id: Option<Uuid>,
    /// The form of the paper; without it, `text`.
    #[arg(long = "as", value_enum, value_name = "FORM", requires = "id")]
    form: Option<PaperForm>,
    /// The file to write; without it, the paper goes to standard output.
    #[arg(long, value_name = "FILE", requires = "id")]
    out: Option<PathBuf>,
}

/// A form of a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PaperForm {
    /// Rows of 42 letters.
    Text,
    /// One page of HTML.
    Html,
    /// A picture, 608 pixels wide.
    Png,
    /// A tagged PDF, as wide as paper of 80 mm.
    Pdf,
    /// The rows of the print form `Json` (docs/api/fiscalcloud.md, "Print forms").
    Json,
    /// The receipt as an EKaBS document (docs/api/ereceipt.md).
    Ekabs,
    /// The address of the page on which the buyer reads the receipt; without `[ereceipt] public_url` only its path.
    Link,
}

impl PaperForm {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Png => "png",
            Self::Pdf => "pdf",
            Self::Json => "json",
            Self::Ekabs => "ekabs",
            Self::Link => "link",
        }
    }

    /// The bytes of a paper in this form.
    fn of(self, paper: &DocumentPaper) -> Result<Vec<u8>, CliFailure> {
        let blocks = &paper.blocks;
        let made = match self {
            Self::Text => Ok(text_of(paper).into_bytes()),
            Self::Html => Ok(html(blocks, paper.language).into_bytes()),
            // A document of another form and an address are no paper.
            Self::Json | Self::Ekabs | Self::Link => {
                Ok(format!("{}\n", form_rows(paper)).into_bytes())
            }
            Self::Png => png(blocks, FormSize::default()),
            Self::Pdf => {
                let usual = PDF_SIZES.size(WantedSize::default());
                pdf(blocks, paper.language, usual.unwrap_or_default())
            }
        };
        made.map_err(|fault| CliFailure::failed(anyhow!("{fault}")))
    }

    const fn is_text(self) -> bool {
        !matches!(self, Self::Png | Self::Pdf)
    }
}

/// The letters in a row of the form `text`.
const TEXT_COLUMNS: usize = 42;

fn text_of(paper: &DocumentPaper) -> String {
    let width = PaperWidth {
        columns: TEXT_COLUMNS,
        large: false,
        letters: &|text| text.chars().count(),
    };
    let lines = rows(&paper.blocks, width).into_iter();
    lines.map(|row| row.text + "\n").collect()
}

impl FormArguments {
    /// Writes the paper of the document; `None` if no document is named.
    pub(super) fn write(
        &self,
        config: &Config,
        facts: &Facts,
        output: CliOutput,
    ) -> Option<Result<Exit, CliFailure>> {
        self.id
            .map(|id| self.write_paper(id, config, facts, output))
    }

    fn write_paper(
        &self,
        id: Uuid,
        config: &Config,
        facts: &Facts,
        output: CliOutput,
    ) -> Result<Exit, CliFailure> {
        let form = self.form.unwrap_or(PaperForm::Text);
        let bytes = match form {
            PaperForm::Ekabs => ekabs_of(id, config, facts)?.into_bytes(),
            PaperForm::Link => link_of(id, config)?.into_bytes(),
            form => form.of(&paper_of(id, config, facts)?)?,
        };
        if let Some(out) = &self.out {
            std::fs::write(out, &bytes).map_err(|error| {
                let text = anyhow!(
                    "the file {} cannot be written: {error}; give another file with --out",
                    out.display()
                );
                CliFailure::new(exit_of_file(&error, Exit::Failed), text)
            })?;
            output.text(&format!("the paper is in {}", out.display()));
        }
        let content = match (&self.out, form) {
            (Some(_), _) => JsonValue::Null,
            (None, form) if form.is_text() => String::from_utf8_lossy(&bytes).into_owned().into(),
            (None, _) => STANDARD.encode(&bytes).into(),
        };
        output.json(&object! {
            "id" => id,
            "as" => form.name(),
            "out" => self.out.as_ref().map(|out| out.display().to_string()),
            "bytes" => bytes.len(),
            "content" => content,
        });
        if self.out.is_none() && !output.json {
            let written = std::io::stdout().write_all(&bytes);
            written.map_err(CliFailure::failed)?;
        }
        Ok(Exit::Done)
    }
}

/// A registered receipt as an EKaBS document.
fn ekabs_of(id: Uuid, config: &Config, facts: &Facts) -> Result<String, CliFailure> {
    let stored = find(id, config)?;
    let seller = printed_seller(&config.till.owner);
    let device = stored.row.device.to_string();
    let ekabs = ekabs_of_document(&stored, &seller, (facts.currency, &device));
    let ekabs = ekabs.ok_or_else(|| {
        let text =
            anyhow!("the document {id} is no registered receipt; `ferrotill receipts` lists them");
        CliFailure::new(Exit::Refused, text).named("NotRegistered")
    })?;
    Ok(format!("{ekabs}\n"))
}

/// The address of the page of a registered document.
fn link_of(id: Uuid, config: &Config) -> Result<String, CliFailure> {
    let stored = find(id, config)?;
    if stored.row.state != RequestState::Sealed {
        let text = anyhow!(
            "the document {id} is not registered, and has no page; `ferrotill op {id}` says what became of it"
        );
        return Err(CliFailure::new(Exit::Refused, text).named("NotRegistered"));
    }
    let folder = &config.till.data_dir;
    let links = ReceiptLinks::new(|purpose| ferrotill_store::derived_key(folder, purpose));
    let token = links.map_err(CliFailure::failed)?.token_of_document(id);
    let url = config.ereceipt.public_url.as_deref().unwrap_or_default();
    Ok(format!("{url}/r/{token}\n"))
}

fn find(id: Uuid, config: &Config) -> Result<StoredDocument, CliFailure> {
    let reader = Reader::new(&config.till.data_dir);
    let found = reader.find(None, id);
    let found = found.map_err(|error| unreadable(&config.till.data_dir, error))?;
    found.ok_or_else(|| {
        let text = anyhow!("no document has the id {id}; `ferrotill receipts` lists the ids");
        CliFailure::new(Exit::Refused, text).named("UnknownId")
    })
}

/// The paper of a registered document, marked as a copy.
fn paper_of(id: Uuid, config: &Config, facts: &Facts) -> Result<DocumentPaper, CliFailure> {
    let stored = find(id, config)?;
    let mut devices = config.devices.iter();
    let device = devices.find(|device| device.id == stored.row.device);
    let payments = device.map_or(&[][..], |device| &device.payment_types);
    let shop = PaperShop {
        seller: &printed_seller(&config.till.owner),
        facts,
        payment_name: &|code| {
            let found = payments.iter().find(|payment| payment.code == code);
            found.map(|payment| payment.name.clone())
        },
    };
    DocumentPaper::of(&stored, true, shop).ok_or_else(|| {
        let text = anyhow!(
            "the document {id} is not registered, and a paper is made of registered documents only; `ferrotill op {id}` says what became of it"
        );
        CliFailure::new(Exit::Refused, text).named("NotRegistered")
    })
}
