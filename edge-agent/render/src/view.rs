//! What is shown of a receipt. Every number is exact text already, and the amounts of the view add up:
//!
//! - a line's `quantity × price`, rounded by the law, is its `amount`;
//! - the amounts of the lines and of their changes add up to the subtotal, or to the total if there is no subtotal;
//! - the subtotal and the receipt's changes add up to the total; the total and the cash rounding add up to what is paid;
//! - the payments without the change are what is paid.

use ferrotill_core::receipt::{Line, Modifier, Prices, Receipt, ReceiptKind};
use ferrotill_core::scale::Decimal;
use ferrotill_core::tax::TaxGroup;
use ferrotill_core::{Amount, Currency};

use std::sync::Arc;

use crate::bitmap::Bitmap;
use crate::words::Words;

/// Where a buyer reads a receipt: makes the address of a document's id.
#[derive(Clone)]
pub struct PageLink(Arc<dyn Fn([u8; 16]) -> String + Send + Sync>);

impl PageLink {
    /// Links that this function makes.
    #[must_use]
    pub fn new(link: impl Fn([u8; 16]) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(link))
    }

    /// The address of a document.
    #[must_use]
    pub fn of(&self, document: [u8; 16]) -> String {
        (self.0)(document)
    }
}

impl std::fmt::Debug for PageLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageLink(…)")
    }
}

impl PartialEq for PageLink {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for PageLink {}

/// What is printed of the shop: who sells, and how the shop's papers look. A part that is not known is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrintedSeller {
    /// The seller's name.
    pub name: Option<String>,
    /// The seller's tax number.
    pub number: Option<String>,
    /// The address of the shop.
    pub address: Option<String>,
    /// The words of the language that the shop has chosen; without them those of the country.
    pub words: Option<&'static Words>,
    /// The picture above the seller's name.
    pub logo: Option<Arc<Bitmap>>,
    /// The address at which a buyer checks a receipt, with the marks `{number}`, `{total}`, `{date}` and `{registration}`.
    pub verification_link: Option<String>,
    /// Where buyers read their receipts.
    pub page_link: Option<PageLink>,
    /// The till's number in the register of the authority, for the mark `{registration}`.
    pub registration_number: Option<String>,
}

impl PrintedSeller {
    /// The words of the shop's papers; `language` is that of the country.
    #[must_use]
    pub fn words(&self, language: &str) -> &'static Words {
        self.words.unwrap_or_else(|| Words::of(language))
    }
}

/// What is shown with a document and is not part of its contents.
#[derive(Clone, Copy, Debug)]
pub struct PaperHeading<'a> {
    /// The title; may be empty. A return, a cash operation and a report have a title of their own below it.
    pub title: &'a str,
    /// The number under which the document is legal, with its series.
    pub number: &'a str,
    /// What made the document legal besides the number, such as the fiscal printer and its own number; may be empty.
    pub seal: &'a str,
    /// Whether the paper is made again.
    pub copy: bool,
    /// The local date, `28.11.2026`.
    pub date: &'a str,
    /// The local time, `13:52:30`.
    pub time: &'a str,
    /// Who sells.
    pub seller: &'a PrintedSeller,
}

/// An amount and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The name of the amount.
    pub name: String,
    /// The amount in the currency, with all decimals of the currency.
    pub amount: String,
}

/// The heading of a document as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadingView {
    /// The lines of the title; empty if the document has none.
    pub title: Vec<String>,
    /// The number with its series.
    pub number: String,
    /// What made the document legal besides the number.
    pub seal: Vec<String>,
    /// The seller's name, number and address.
    pub seller: Vec<String>,
    /// The local date.
    pub date: String,
    /// The local time.
    pub time: String,
}

/// A line as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// The name of what was sold.
    pub name: String,
    /// The quantity with three decimals.
    pub quantity: String,
    /// The price of one unit, without the tax if the receipt's prices exclude it.
    pub price: String,
    /// The amount before everything that changes it: quantity × price, rounded.
    pub amount: String,
    /// The letters of the tax groups.
    pub groups: String,
    /// What changes the amount of the line: its discount or surcharge, and the tax if the prices exclude it.
    pub changes: Vec<Figure>,
    /// The lines of the comment.
    pub comment: Vec<String>,
}

/// A receipt as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptView {
    /// The title, the number, the seller and the time.
    pub heading: HeadingView,
    /// The caller's text above the lines.
    pub header: Vec<String>,
    /// The lines.
    pub lines: Vec<LineView>,
    /// The sum of the lines; only if something changes the whole receipt.
    pub sub_total: Option<Figure>,
    /// The discounts and surcharges of the whole receipt.
    pub changes: Vec<Figure>,
    /// What the buyer owes.
    pub total: Figure,
    /// The difference of the cash rounding.
    pub rounding: Option<Figure>,
    /// What is paid after the cash rounding; only if cash was rounded.
    pub to_pay: Option<Figure>,
    /// The payments as they were handed over.
    pub payments: Vec<Figure>,
    /// What is given back.
    pub change: Option<Figure>,
    /// The tax of each group: letter, rate, the amount in which the tax is included.
    pub taxes: Vec<Figure>,
    /// The caller's text below the payments.
    pub footer: Vec<String>,
}

impl ReceiptView {
    /// The view of a receipt, in the words of a language.
    #[must_use]
    pub fn of(
        receipt: &Receipt<'_>,
        heading: PaperHeading<'_>,
        currency: Currency,
        words: &Words,
    ) -> Self {
        let writer = Writer { currency, words };
        let own_title = match receipt.kind {
            ReceiptKind::Refund { .. } => words.returned,
            ReceiptKind::Sale | ReceiptKind::AlternativeSale => "",
        };
        let changes = writer.receipt_changes(receipt);
        let changed = !changes.is_empty();
        let rounding = receipt.rounding.filter(|line| !line.amount.is_zero());
        Self {
            heading: writer.heading(heading, own_title),
            header: text_lines(receipt.header),
            lines: receipt
                .lines
                .iter()
                .map(|line| writer.line(&line, receipt.prices))
                .collect(),
            sub_total: changed.then(|| writer.figure(words.sub_total, receipt.sub_total)),
            changes,
            total: writer.sum(words.total, receipt.total),
            rounding: rounding.map(|line| writer.figure(line.name, line.amount)),
            to_pay: rounding.map(|line| writer.sum(words.to_pay, plus(receipt.total, line.amount))),
            payments: receipt
                .payments
                .iter()
                .filter(|payment| payment.amount.is_positive())
                .map(|payment| writer.figure(payment.name, payment.amount))
                .collect(),
            change: receipt
                .change
                .is_positive()
                .then(|| writer.figure(words.change, receipt.change)),
            taxes: writer.taxes(receipt),
            footer: text_lines(receipt.footer),
        }
    }
}

/// Writes amounts in a currency and words in a language.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'w> {
    pub(crate) currency: Currency,
    pub(crate) words: &'w Words,
}

impl Writer<'_> {
    pub(crate) fn money(self, amount: Amount) -> String {
        amount.display(self.currency).to_string()
    }

    pub(crate) fn figure(self, name: &str, amount: Amount) -> Figure {
        Figure {
            name: name.to_owned(),
            amount: self.money(amount),
        }
    }

    /// A sum, with the currency in its name.
    pub(crate) fn sum(self, name: &str, amount: Amount) -> Figure {
        self.figure(&format!("{name} {}", self.currency), amount)
    }

    /// The heading of a document; `own_title` stands below the title of the heading, and may be empty.
    pub(crate) fn heading(self, heading: PaperHeading<'_>, own_title: &str) -> HeadingView {
        let mut title = text_lines(heading.title);
        title.extend(text_lines(own_title));
        if heading.copy {
            title.push(format!("({})", self.words.copy));
        }
        HeadingView {
            title,
            number: heading.number.to_owned(),
            seal: text_lines(heading.seal),
            seller: self.seller(heading.seller),
            date: heading.date.to_owned(),
            time: heading.time.to_owned(),
        }
    }

    fn seller(self, seller: &PrintedSeller) -> Vec<String> {
        let number = seller.number.as_deref();
        let number = number.map(|number| format!("{} {number}", self.words.seller_number));
        [&seller.name, &number, &seller.address]
            .into_iter()
            .flatten()
            .flat_map(|part| text_lines(part))
            .collect()
    }

    fn line(self, line: &Line<'_>, prices: Prices) -> LineView {
        // Prices without tax are added up without it, and the tax is the last change of the line.
        let (net, added_tax) = match prices {
            Prices::TaxIncluded => (line.amount, Amount::ZERO),
            Prices::TaxExcluded => (minus(line.amount, line.tax), line.tax),
        };
        let mut changes = Vec::new();
        let change = minus(net, line.before_modification);
        if !change.is_zero() {
            let name = if line.voided {
                self.words.voided.to_owned()
            } else {
                self.change_name(line.modifier, change)
            };
            changes.push(self.figure(&name, change));
        }
        if !added_tax.is_zero() {
            let rates: Vec<String> = line.taxes().map(|tax| group_name(&tax.group)).collect();
            let name = format!("{} {}", self.words.tax, rates.join(" + "));
            changes.push(self.figure(&name, added_tax));
        }
        LineView {
            name: line.name.to_owned(),
            quantity: line.quantity.display().to_string(),
            price: self.money(line.price),
            amount: self.money(line.before_modification),
            groups: line
                .taxes()
                .map(|tax| char::from(tax.group.code.letter()))
                .collect(),
            changes,
            comment: text_lines(line.comment),
        }
    }

    /// The name of what changes an amount. The amount itself stands beside it, so that only a percentage is part of the name.
    fn change_name(self, modifier: Option<Modifier>, change: Amount) -> String {
        let word = if change.is_negative() {
            self.words.discount
        } else {
            self.words.surcharge
        };
        match modifier {
            Some(Modifier::Percent(hundredths)) => {
                let percent = shortened(Decimal::new(i64::from(hundredths), 2));
                format!("{word} {percent}%")
            }
            Some(Modifier::Amount(_)) | None => word.to_owned(),
        }
    }

    /// What changes the whole receipt. The lines of a return contain their part of the sale's modifiers, which is one figure.
    fn receipt_changes(self, receipt: &Receipt<'_>) -> Vec<Figure> {
        let mut left = receipt.modification;
        let mut changes = Vec::new();
        for modifier in receipt.modifiers.iter() {
            if !modifier.amount.is_zero() {
                left = minus(left, modifier.amount);
                let name = self.change_name(Some(modifier.modifier), modifier.amount);
                changes.push(self.figure(&name, modifier.amount));
            }
        }
        if !left.is_zero() {
            changes.push(self.figure(&self.change_name(None, left), left));
        }
        changes
    }

    fn taxes(self, receipt: &Receipt<'_>) -> Vec<Figure> {
        let mut sums: Vec<(TaxGroup, Amount, Amount)> = Vec::new();
        for line in receipt.lines.iter().filter(|line| !line.voided) {
            for share in line.taxes() {
                let place = sums.iter().position(|(group, ..)| *group == share.group);
                match place.and_then(|place| sums.get_mut(place)) {
                    Some((_, gross, tax)) => {
                        *gross = plus(*gross, line.final_amount);
                        *tax = plus(*tax, share.final_tax);
                    }
                    None => sums.push((share.group, line.final_amount, share.final_tax)),
                }
            }
        }
        self.tax_figures(sums)
    }

    /// The tax of each group, with the amount in which it is included, in the order of the letters.
    pub(crate) fn tax_figures(self, mut sums: Vec<(TaxGroup, Amount, Amount)>) -> Vec<Figure> {
        sums.sort_by_key(|(group, ..)| (group.code, group.rate.ten_thousandths()));
        sums.iter()
            .map(|(group, gross, tax)| {
                let gross = self.money(*gross);
                self.figure(&self.words.tax_of(&group_name(group), &gross), *tax)
            })
            .collect()
    }
}

/// The letter and the rate of a tax group: `A 20%`.
fn group_name(group: &TaxGroup) -> String {
    format!("{} {}%", group.code, shortened(group.rate.display()))
}

/// A decimal number without the zeros at its end: `20.0000` is `20`.
fn shortened(number: Decimal) -> String {
    let text = number.to_string();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Amounts of a receipt are far below the largest number, so that their sums and differences fit.
fn plus(one: Amount, other: Amount) -> Amount {
    one.checked_add(other).unwrap_or(one)
}

pub(crate) fn minus(one: Amount, other: Amount) -> Amount {
    one.checked_sub(other).unwrap_or(one)
}

/// The lines of a text that are not empty.
fn text_lines(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}
