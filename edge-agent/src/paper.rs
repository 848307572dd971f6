//! The paper of a document: one layout for the till's printer and for the print form in an answer.
//!
//! [`DocumentPaper::of`] makes the paper of a sealed document of any kind from the journal alone. Nothing is computed here: every
//! amount is one that the journal has.

use std::sync::Arc;

use ferrotill_core::Currency;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::event::{Reserved, Sealed};
use ferrotill_core::facts::Facts;
use ferrotill_core::profile::signed::{Code, Form, PAYLOAD_BYTES_MAX, Signature, UNIT_FAILED};
use ferrotill_core::receipt::Receipt;
use ferrotill_core::seal::{PrintedNumber, Seal};
use ferrotill_core::time::Moment;
use ferrotill_render::{
    Align, Block, CashView, Emphasis, FigureSection, NonfiscalView, PaperHeading, PeriodSums,
    PeriodView, PrintedSeller, ReceiptView, ReportNames, ReportView, Words, blocks, cash_blocks,
    nonfiscal_blocks, period_blocks, report_blocks,
};
use ferrotill_store::StoredDocument;

use crate::config::{DATE_MARK, NUMBER_MARK, Owner, REGISTRATION_MARK, TOTAL_MARK};
use crate::order::terminal_slips_of;
use crate::time::clock::{date_and_time, local};

/// What is printed of the shop and its country.
#[derive(Clone, Copy)]
pub struct PaperShop<'a> {
    /// Who sells.
    pub seller: &'a PrintedSeller,
    /// The facts of the country's law: currency, language and titles.
    pub facts: &'a Facts,
    /// The name of the payment type with a code; `None` if the device has no such type any more.
    pub payment_name: &'a dyn Fn(i32) -> Option<String>,
}

/// The paper of a document, without a width.
#[derive(Clone, Debug, Default)]
pub struct DocumentPaper {
    /// The blocks from top to bottom.
    pub blocks: Vec<Block>,
    /// The ISO 639 code of the language of the words.
    pub language: &'static str,
    /// Whether the drawer opens with the paper: a payment of the receipt opens it, no fiscal printer has opened it, and the paper is no
    /// copy.
    pub opens_drawer: bool,
}

impl DocumentPaper {
    /// The paper of a sealed document; `None` if the document is not sealed. A copy says that it is one.
    ///
    /// A document without a legal number of its own shows the till's number with eight digits. A document that a fiscal printer has
    /// sealed shows also the printer's serial number, and the printer's number of the fiscal receipt or, if there is none, of the
    /// document.
    #[must_use]
    pub fn of(stored: &StoredDocument, copy: bool, shop: PaperShop<'_>) -> Option<Self> {
        let (reserved, sealed) = (stored.reserved()?, stored.sealed()?);
        let words = shop.seller.words(shop.facts.language);
        let number = printed_number(&sealed.seal)
            .unwrap_or_else(|| format!("{} {:08}", words.document, sealed.number));
        let signed = match sealed.seal {
            Seal::Signature { compact, .. } => signed_receipt(compact),
            _ => None,
        };
        let title = match (stored.row.kind, sealed.seal) {
            (DocumentKind::AlternativeSale, _) => shop.facts.alternative_receipt_title,
            (_, Seal::Signature { kind, .. }) => kind.label(),
            _ => "",
        };
        let (date, time) = date_and_time(reserved.at);
        let heading = PaperHeading {
            title,
            number: &number,
            seal: &signed.as_ref().map_or_else(
                || printer_of(&reserved, &sealed, words),
                SignedReceipt::cash_box_line,
            ),
            copy,
            date: &date,
            time: &time,
            seller: shop.seller,
        };
        let by_printer = matches!(sealed.seal, Seal::Printer { .. } | Seal::Module(_));
        Some(match &reserved.body {
            Body::Receipt(receipt) => {
                let checked = checked_number(&sealed.seal);
                let checked = checked.as_deref().map(|number| (number, sealed.at));
                let slips = terminal_slips_of(reserved.annex);
                let mut paper = Self::of_receipt((receipt, &slips), heading, shop.facts, checked);
                paper
                    .blocks
                    .extend(signed.iter().flat_map(SignedReceipt::blocks));
                paper.blocks.extend(module_link(&sealed.seal));
                paper.blocks.extend(page_link(stored, shop.seller));
                Self {
                    opens_drawer: paper.opens_drawer && !by_printer,
                    ..paper
                }
            }
            Body::Cash(amount) => {
                let before = reserved.baseline.map(|baseline| baseline.cash);
                let view = CashView::of(*amount, before, heading, shop.facts.currency, words);
                Self::without_drawer(cash_blocks(&view), shop)
            }
            Body::Report(kind) => {
                let figures = sealed.report.as_ref()?;
                let (date, time) = date_and_time(figures.shift.opened);
                let names = ReportNames {
                    payment: shop.payment_name,
                    rounding: shop.facts.cash_rounding.map(|law| law.name),
                    shift_began: &format!("{date} {time}"),
                };
                let currency = shop.facts.currency;
                let view = ReportView::of((*kind, figures), heading, names, currency, words);
                Self::without_drawer(report_blocks(&view), shop)
            }
            // Its caller prints it.
            Body::Amounts(_) => return None,
            Body::Nonfiscal(text) => {
                let view = NonfiscalView::of(text, heading, shop.facts.currency, words);
                Self::without_drawer(nonfiscal_blocks(&view), shop)
            }
        })
    }

    /// The paper of a report of several Z-reports, made now; `period` says of which. `reports` are the single ones, if they are wanted.
    #[must_use]
    pub fn of_period(
        sums: &PeriodSums,
        reports: Vec<FigureSection>,
        period: &str,
        now: Moment,
        shop: PaperShop<'_>,
    ) -> Self {
        let words = shop.seller.words(shop.facts.language);
        let (date, time) = date_and_time(now);
        let heading = PaperHeading {
            title: "",
            number: period,
            seal: "",
            copy: false,
            date: &date,
            time: &time,
            seller: shop.seller,
        };
        let names = ReportNames {
            payment: shop.payment_name,
            rounding: shop.facts.cash_rounding.map(|law| law.name),
            shift_began: "",
        };
        let currency = shop.facts.currency;
        let view = PeriodView::of(sums, reports, heading, names, currency, words);
        Self::without_drawer(period_blocks(&view), shop)
    }

    /// The paper of a receipt under a heading, with the slips of bank terminals below it. `checked` is the number by which a buyer can
    /// check the receipt, and the time of its seal.
    #[must_use]
    pub fn of_receipt(
        (receipt, slips): (&Receipt<'_>, &[Vec<String>]),
        heading: PaperHeading<'_>,
        facts: &Facts,
        checked: Option<(&str, Moment)>,
    ) -> Self {
        let words = heading.seller.words(facts.language);
        let opens_drawer =
            !heading.copy && receipt.payments.iter().any(|payment| payment.open_drawer);
        let mut blocks = blocks(&ReceiptView::of(receipt, heading, facts.currency, words));
        blocks.extend(slips.iter().flat_map(|slip| slip_blocks(slip)));
        let link = checked.and_then(|checked| link_of(receipt, heading.seller, checked, facts));
        blocks.extend(link.map(|text| Block::Qr {
            text,
            letters: None,
        }));
        Self {
            blocks: with_logo(blocks, heading.seller),
            language: words.language,
            opens_drawer,
        }
    }

    fn without_drawer(blocks: Vec<Block>, shop: PaperShop<'_>) -> Self {
        Self {
            blocks: with_logo(blocks, shop.seller),
            language: shop.seller.words(shop.facts.language).language,
            opens_drawer: false,
        }
    }
}

/// The slip of a bank terminal, below a line from edge to edge.
fn slip_blocks(slip: &[String]) -> impl Iterator<Item = Block> {
    let rows = slip.iter().map(|text| Block::Text {
        text: text.clone(),
        align: Align::Left,
        emphasis: Emphasis::Plain,
    });
    std::iter::once(Block::Rule).chain(rows)
}

/// The blocks below the shop's logo, if there is one.
fn with_logo(mut blocks: Vec<Block>, seller: &PrintedSeller) -> Vec<Block> {
    if let Some(logo) = &seller.logo {
        blocks.insert(0, Block::Logo(Arc::clone(logo)));
    }
    blocks
}

/// The number by which a buyer can check a receipt: its fiscal number, or the number of the fiscal printer.
fn checked_number(seal: &Seal<'_>) -> Option<String> {
    match *seal {
        Seal::FiscalNumber { number, .. } => Some(number.to_string()),
        Seal::Printer {
            document,
            fiscal_receipt,
            ..
        } => {
            let number = Some(fiscal_receipt.unwrap_or(document));
            number.filter(|number| *number > 0).map(|it| it.to_string())
        }
        Seal::Range { .. } | Seal::Signature { .. } | Seal::Module(_) | Seal::Journal => None,
    }
}

/// The code with the address at which a buyer checks the receipt of a fiscal module, as the module gave it.
fn module_link(seal: &Seal<'_>) -> Option<Block> {
    let Seal::Module(module) = seal else {
        return None;
    };
    (!module.link.is_empty()).then(|| Block::Qr {
        text: module.link.to_owned(),
        letters: None,
    })
}

/// The address at which a buyer checks a receipt, if the shop has one.
fn link_of(
    receipt: &Receipt<'_>,
    seller: &PrintedSeller,
    (number, at): (&str, Moment),
    facts: &Facts,
) -> Option<String> {
    let at = local(at);
    let date = format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day());
    let total = receipt.total.display(facts.currency).to_string();
    let registration = seller.registration_number.as_deref().unwrap_or("");
    let mut link = seller.verification_link.clone()?;
    for (mark, value) in [
        (NUMBER_MARK, number),
        (TOTAL_MARK, &total),
        (DATE_MARK, &date),
        (REGISTRATION_MARK, registration),
    ] {
        link = link.replace(mark, value);
    }
    Some(link)
}

/// The number of a seal as it is printed; `None` if the seal has no number of the till or the authority.
#[must_use]
pub fn printed_number(seal: &Seal<'_>) -> Option<String> {
    match *seal {
        Seal::Range {
            series,
            number,
            number_length,
        } => {
            let number = PrintedNumber {
                series,
                number,
                number_length,
            };
            Some(number.to_string())
        }
        Seal::FiscalNumber { number, .. } => Some(format!("# {number}")),
        Seal::Signature { compact, .. } => signed_receipt(compact).map(|receipt| receipt.id),
        Seal::Module(module) if module.receipt > 0 => {
            Some(format!("{} № {}", module.terminal, module.receipt))
        }
        Seal::Printer { .. } | Seal::Module(_) | Seal::Journal => None,
    }
}

/// What is printed of a signed receipt.
struct SignedReceipt {
    /// The printed id of the receipt.
    id: String,
    cash_box: String,
    /// The gross amounts of the elements of the code that are not zero, each with the name of its element.
    amounts: Vec<(&'static str, String)>,
    /// The code as a scanner reads it, and the line for OCR, which is printed where no picture can be.
    qr: String,
    ocr: String,
    /// The sentence in place of a signature.
    failed: Option<&'static str>,
}

/// Reads the compact form of a signed receipt.
fn signed_receipt(compact: &str) -> Option<SignedReceipt> {
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(compact, &mut room).ok()?;
    let elements = BUCKET_NAMES.into_iter().zip(code.payload.sums.elements());
    let amounts = elements.filter(|(_, amount)| !amount.is_zero());
    Some(SignedReceipt {
        id: format!("Beleg-Nr. {}", code.payload.receipt.as_str()),
        cash_box: code.payload.cash_box.as_str().to_owned(),
        amounts: amounts
            .map(|(name, amount)| (name, amount.display(Currency::EUR).to_string()))
            .collect(),
        qr: code.display(Form::Qr).to_string(),
        ocr: code.display(Form::Ocr).to_string(),
        failed: (code.signature == Signature::Failed).then_some(UNIT_FAILED),
    })
}

/// The names of the five amounts of the code, as the law has them.
const BUCKET_NAMES: [&str; 5] = [
    "Betrag-Satz-Normal",
    "Betrag-Satz-Ermaessigt-1",
    "Betrag-Satz-Ermaessigt-2",
    "Betrag-Satz-Null",
    "Betrag-Satz-Besonders",
];

impl SignedReceipt {
    fn cash_box_line(&self) -> String {
        format!("Kassen-ID {}", self.cash_box)
    }

    /// The amounts, the sentence of an outage, and the code.
    fn blocks(&self) -> Vec<Block> {
        let text = |text: &str, emphasis| Block::Text {
            text: text.to_owned(),
            align: Align::Left,
            emphasis,
        };
        let amounts = self.amounts.iter().map(|(name, amount)| Block::Columns {
            left: (*name).to_owned(),
            right: amount.clone(),
            emphasis: Emphasis::Plain,
        });
        let mut blocks: Vec<Block> = std::iter::once(Block::Rule).chain(amounts).collect();
        blocks.extend(self.failed.map(|failed| text(failed, Emphasis::Bold)));
        blocks.push(Block::Qr {
            text: self.qr.clone(),
            letters: Some(self.ocr.clone()),
        });
        blocks
    }
}

/// Who sells, as it is printed.
#[must_use]
pub fn printed_seller(owner: &Owner) -> PrintedSeller {
    PrintedSeller {
        name: owner.organization_name.clone(),
        number: owner.idnx.clone(),
        address: owner.address.clone(),
        words: owner.paper.words,
        logo: owner.paper.logo.clone(),
        verification_link: owner.paper.verification_link.clone(),
        page_link: owner.paper.page_link.clone(),
        registration_number: owner.registration_number.clone(),
    }
}

/// The fiscal printer that sealed a document, and its own number of it; empty if no printer did, or if neither is known.
fn printer_of(reserved: &Reserved<'_>, sealed: &Sealed<'_>, words: &Words) -> String {
    let Seal::Printer {
        document,
        fiscal_receipt,
        ..
    } = sealed.seal
    else {
        return String::new();
    };
    let number = Some(fiscal_receipt.unwrap_or(document)).filter(|number| *number > 0);
    let serial = reserved.baseline.map(|baseline| baseline.serial);
    match (serial.filter(|serial| !serial.is_empty()), number) {
        (Some(serial), Some(number)) => format!("{} {serial}: {number}", words.printer),
        (Some(serial), None) => format!("{} {serial}", words.printer),
        (None, Some(number)) => format!("{}: {number}", words.printer),
        (None, None) => String::new(),
    }
}

/// The QR code of the page on which the buyer finds the receipt, if buyers can reach it.
fn page_link(stored: &StoredDocument, seller: &PrintedSeller) -> Option<Block> {
    let link = seller.page_link.as_ref()?;
    Some(Block::Qr {
        text: link.of(stored.row.id.into_bytes()),
        letters: None,
    })
}
