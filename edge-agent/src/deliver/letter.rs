//! What a buyer gets: the receipt as text and as a page, and its short form for a telephone.

use ferrotill_core::document::Body;
use ferrotill_render::{
    Block, FormFault, MailPage, PDF_SIZES, PaperWidth, WantedSize, mail_page, pdf, rows,
};
use ferrotill_store::{StoredDocument, WaitingDelivery};

use super::LetterShop;
use crate::paper::{DocumentPaper, PaperShop, printed_number, printed_seller};
use crate::time::clock::date_and_time;

/// A receipt for a buyer.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    /// The e-mail address or the telephone number.
    pub(super) address: String,
    /// What the letter is about: the document and its seller.
    pub(super) subject: String,
    /// The receipt as text, one line a row.
    pub(super) text: String,
    /// Seller, document, time and total, for a telephone.
    pub(super) short: String,
    /// Names the letter: the same letter sent twice has the same name.
    pub(super) name: String,
    blocks: Vec<Block>,
    language: &'static str,
}

impl Letter {
    /// The letter of a sealed document; `None` if the document cannot be read.
    pub(super) fn of(
        stored: &StoredDocument,
        delivery: &WaitingDelivery,
        shop: &LetterShop,
    ) -> Option<Self> {
        let device = shop
            .devices
            .iter()
            .find(|device| device.id == delivery.device);
        let seller = printed_seller(&shop.owner);
        let shown = PaperShop {
            seller: &seller,
            facts: shop.facts,
            payment_name: &|code| {
                let types = device.map_or(&[][..], |device| &device.payment_types);
                let found = types.iter().find(|payment| payment.code == code);
                found.map(|payment| payment.name.clone())
            },
        };
        let paper = DocumentPaper::of(stored, delivery.is_copy, shown)?;
        let (reserved, sealed) = (stored.reserved()?, stored.sealed()?);
        let words = seller.words(shop.facts.language);
        let document = printed_number(&sealed.seal)
            .unwrap_or_else(|| format!("{} {:08}", words.document, sealed.number));
        let (date, time) = date_and_time(reserved.at);
        let (before, above) = match &seller.name {
            Some(name) => (format!("{name}: "), format!("{name}\n")),
            None => (String::new(), String::new()),
        };
        let total = match &reserved.body {
            Body::Receipt(receipt) => {
                let currency = shop.facts.currency;
                format!(
                    "\n{} {} {}",
                    words.total,
                    receipt.total.display(currency),
                    currency.code()
                )
            }
            Body::Cash(_) | Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => {
                String::new()
            }
        };
        let width = PaperWidth {
            columns: TEXT_WIDTH,
            large: false,
            letters: &|text| text.chars().count(),
        };
        let text = paper.blocks.iter().fold(String::new(), |text, block| {
            // A link that is broken in two leads nowhere.
            if let Block::Qr {
                text: link,
                letters: None,
            } = block
            {
                return text + link + "\n";
            }
            let rows = rows(std::slice::from_ref(block), width).into_iter();
            rows.fold(text, |text, row| text + &row.text + "\n")
        });
        Some(Self {
            address: delivery.address.clone(),
            short: format!("{above}{document}\n{date} {time}{total}"),
            subject: format!("{before}{document}, {date}"),
            text,
            name: format!("{}.{}", delivery.document, delivery.id),
            blocks: paper.blocks,
            language: paper.language,
        })
    }

    /// The receipt as a page of HTML with its pictures. `domain` is that of the sender.
    pub(super) fn page(&self, domain: &str) -> Result<MailPage, FormFault> {
        mail_page(
            &self.blocks,
            self.language,
            &format!("{}@{domain}", self.name),
        )
    }

    /// The receipt as a PDF.
    pub(super) fn pdf(&self) -> Result<Vec<u8>, FormFault> {
        let size = PDF_SIZES.size(WantedSize::default()).unwrap_or_default();
        pdf(&self.blocks, self.language, size)
    }
}

/// The letters of a line of the text.
const TEXT_WIDTH: usize = 42;
