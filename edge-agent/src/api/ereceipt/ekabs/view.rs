//! What is shown of an uploaded receipt: named sections in the vendor's order, with the custom elements between them.

use ferrotill_core::time::Moment;
use ferrotill_render::{Align, Block, Emphasis, PageItem, PageSection};

use super::{items, part, text, whole};
use crate::api::json::JsonValue;
use crate::time::clock::date_and_time;

/// The names of the sections in the order in which they are shown.
const fn section_names() -> [&'static str; 9] {
    [
        "HEAD",
        "ISSUING_INFORMATION",
        "LINES",
        "VAT_AMOUNTS",
        "PAYMENT_TYPES",
        "SECURITY",
        "HOSPITALITY",
        "MISC",
        "FOOTER",
    ]
}

/// The sections of a receipt, each with the items of custom elements around it.
pub(in crate::api::ereceipt) struct Shown<'s> {
    /// The labels.
    pub(in crate::api::ereceipt) label: &'s dyn Fn(&str) -> String,
    /// The local time of seconds since the epoch.
    pub(in crate::api::ereceipt) moment: &'s dyn Fn(i64) -> Moment,
    /// The items before and after a section.
    pub(in crate::api::ereceipt) custom: &'s dyn Fn(&str, &str) -> Vec<PageItem>,
    /// The logo.
    pub(in crate::api::ereceipt) logo: Option<PageItem>,
}

/// The sections of `ekabs_v0`.
pub(in crate::api::ereceipt) fn shown(ekabs: &JsonValue, with: &Shown<'_>) -> Vec<PageSection> {
    section_names()
        .into_iter()
        .map(|name| {
            let mut section = PageSection::default();
            match name {
                "HEAD" => with.head(ekabs, &mut section),
                "ISSUING_INFORMATION" => with.issuing(ekabs, &mut section),
                "LINES" => with.lines(ekabs, &mut section),
                "VAT_AMOUNTS" => with.taxes(ekabs, &mut section),
                "PAYMENT_TYPES" => with.payments(ekabs, &mut section),
                "SECURITY" => with.security(ekabs, &mut section),
                "MISC" => with.misc(ekabs, &mut section),
                _ => {}
            }
            let mut all = (with.custom)(name, "BEFORE");
            all.append(&mut section.items);
            all.extend((with.custom)(name, "AFTER"));
            PageSection {
                title: section.title,
                items: all,
            }
        })
        .collect()
}

fn centred(shown: &str) -> impl Iterator<Item = PageItem> {
    shown
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            PageItem::Block(Block::Text {
                text: line.to_owned(),
                align: Align::Centre,
                emphasis: Emphasis::Plain,
            })
        })
}

fn left(shown: &str) -> impl Iterator<Item = PageItem> {
    shown
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            PageItem::Block(Block::Text {
                text: line.to_owned(),
                align: Align::Left,
                emphasis: Emphasis::Plain,
            })
        })
}

fn columns(left: &str, right: &str, emphasis: Emphasis) -> PageItem {
    PageItem::Block(Block::Columns {
        left: left.to_owned(),
        right: right.to_owned(),
        emphasis,
    })
}

/// A figure, if it is there.
fn figure(section: &mut PageSection, name: &str, value: &str) {
    if !value.is_empty() {
        section.items.push(columns(name, value, Emphasis::Plain));
    }
}

fn address_lines(of: &JsonValue) -> Vec<String> {
    let address = part(of, "address");
    let city = format!("{} {}", text(address, "postal_code"), text(address, "city"));
    let city = [city.trim(), text(address, "country_code")].map(str::trim);
    let city = city.into_iter().filter(|part| !part.is_empty());
    let city = city.collect::<Vec<_>>().join(", ");
    [text(address, "street").to_owned(), city]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect()
}

impl Shown<'_> {
    fn label(&self, name: &str) -> String {
        (self.label)(name)
    }

    fn time(&self, seconds: i64) -> String {
        let (date, time) = date_and_time((self.moment)(seconds));
        format!("{date} {time}")
    }

    fn head(&self, ekabs: &JsonValue, section: &mut PageSection) {
        let head = part(ekabs, "head");
        let seller = part(head, "seller");
        section.items.extend(self.logo.clone());
        section.items.extend(centred(text(seller, "name")));
        for line in address_lines(seller) {
            section.items.extend(centred(&line));
        }
        for (label, member) in [
            ("tax_number", "tax_number"),
            ("phone", "phone"),
            ("tax_exemption", "tax_exemption"),
        ] {
            let value = text(seller, member);
            if !value.is_empty() {
                section
                    .items
                    .extend(centred(&format!("{} {value}", self.label(label))));
            }
        }
        section
            .items
            .extend(centred(text(seller, "tax_exemption_note")));
        let buyer = part(head, "buyer");
        let mut of_buyer = PageSection::default();
        figure(&mut of_buyer, &self.label("buyer"), text(buyer, "name"));
        for line in address_lines(buyer) {
            of_buyer.items.push(PageItem::Right(line));
        }
        figure(
            &mut of_buyer,
            &self.label("customer_number"),
            text(buyer, "customer_number"),
        );
        figure(
            &mut of_buyer,
            &self.label("tax_number"),
            text(buyer, "tax_number"),
        );
        section.items.append(&mut of_buyer.items);
        section.items.extend(left(text(head, "buyer_text")));
    }

    fn issuing(&self, ekabs: &JsonValue, section: &mut PageSection) {
        let head = part(ekabs, "head");
        figure(section, &self.label("number"), text(head, "number"));
        if let Some(date) = whole(head, "date") {
            figure(section, &self.label("date"), &self.time(date));
        }
        figure(section, &self.label("store"), text(head, "store_number"));
        figure(
            section,
            &self.label("cash_register"),
            text(head, "cash_register_number"),
        );
        figure(section, &self.label("cashier"), text(head, "cashier_name"));
    }

    fn lines(&self, ekabs: &JsonValue, section: &mut PageSection) {
        let data = part(ekabs, "data");
        for line in items(data, "lines") {
            let item = part(line, "item");
            section.items.extend(left(text(line, "text")));
            section.items.extend(left(text(line, "additional_text")));
            figure(section, &self.label("item_number"), text(item, "number"));
            let (quantity, price) = (text(item, "quantity"), text(item, "price_per_unit"));
            let measure = text(item, "quantity_measure");
            let measure = if measure.is_empty() {
                String::new()
            } else {
                format!(" {measure}")
            };
            let rates: Vec<String> = items(line, "vat_amounts")
                .iter()
                .map(|vat| percent(text(vat, "percentage")))
                .collect();
            let rates = if rates.is_empty() {
                String::new()
            } else {
                format!(" ({})", rates.join(" + "))
            };
            let amount = match text(item, "full_amount") {
                "" => product(quantity, price).unwrap_or_default(),
                amount => amount.to_owned(),
            };
            let of_price = format!("{quantity}{measure} × {price}{rates}");
            section
                .items
                .push(columns(&of_price, &amount, Emphasis::Plain));
            self.discounts(line, section);
        }
        let before = text(data, "full_amount_incl_vat_before_discount");
        figure(section, &self.label("before_discount"), before);
        self.discounts(data, section);
        if items(data, "discounts").is_empty() {
            let total = text(data, "total_discount_value");
            figure(section, &self.label("discount"), &negative(total));
        }
        let total = format!("{} {}", self.label("total"), text(data, "currency"));
        let amount = text(data, "full_amount_incl_vat");
        section.items.push(columns(&total, amount, Emphasis::Large));
    }

    /// Discounts are sent with and without a sign; they are shown with one.
    fn discounts(&self, of: &JsonValue, section: &mut PageSection) {
        for discount in items(of, "discounts") {
            let name = match text(discount, "name") {
                "" => self.label("discount"),
                name => name.to_owned(),
            };
            figure(section, &name, &negative(text(discount, "discount_value")));
        }
    }

    fn taxes(&self, ekabs: &JsonValue, section: &mut PageSection) {
        let taxes = items(part(ekabs, "data"), "vat_amounts");
        if taxes.is_empty() {
            return;
        }
        section.title = self.label("taxes");
        let mut rows = vec![
            ["rate", "net", "tax", "gross"]
                .map(|name| self.label(name))
                .to_vec(),
        ];
        rows.extend(taxes.into_iter().map(|tax| {
            vec![
                percent(text(tax, "percentage")),
                text(tax, "excl_vat").to_owned(),
                text(tax, "vat").to_owned(),
                text(tax, "incl_vat").to_owned(),
            ]
        }));
        section.items.push(PageItem::Table(rows));
    }

    fn payments(&self, ekabs: &JsonValue, section: &mut PageSection) {
        let payments = items(part(ekabs, "data"), "payment_types");
        if payments.is_empty() {
            return;
        }
        section.title = self.label("payments");
        for payment in payments {
            let name = match (text(payment, "display_name"), text(payment, "name")) {
                ("", "CASH") => self.label("cash"),
                ("", "CARD") => self.label("card"),
                ("", "NON_CASH") => self.label("non_cash"),
                ("", "" | "OTHER") => self.label("other_payment"),
                ("", name) => name.to_owned(),
                (shown, _) => shown.to_owned(),
            };
            figure(section, &name, text(payment, "amount"));
            let foreign = text(payment, "foreign_amount");
            if !foreign.is_empty() {
                let shown = format!("{} {foreign}", text(payment, "foreign_currency"));
                section.items.push(PageItem::Right(shown));
            }
            figure(section, &self.label("change"), text(payment, "change"));
            figure(
                section,
                &self.label("card_number"),
                text(payment, "masked_card_number"),
            );
            figure(
                section,
                &self.label("payment_reference"),
                text(payment, "payment_identifier"),
            );
            figure(
                section,
                &self.label("remaining_balance"),
                text(payment, "remaining_balance"),
            );
            let details = part(payment, "transaction_details");
            let network = [
                text(details, "payment_network"),
                text(details, "payment_type"),
            ];
            let network = network.join(" ");
            section.items.extend(left(network.trim()));
            figure(
                section,
                &self.label("terminal"),
                text(details, "terminal_id"),
            );
            figure(
                section,
                &self.label("authorization"),
                text(details, "authorization_code"),
            );
            figure(section, "AID", text(details, "AID"));
        }
    }

    fn security(&self, ekabs: &JsonValue, section: &mut PageSection) {
        let security = part(ekabs, "security");
        let tse = part(security, "tse");
        if *tse != JsonValue::Null {
            section.title = self.label("security");
            figure(
                section,
                &self.label("tse_serial"),
                text(tse, "tss_serial_number"),
            );
            figure(
                section,
                &self.label("client_serial"),
                text(tse, "client_serial_number"),
            );
            let number = whole(tse, "number").map(|number| number.to_string());
            figure(
                section,
                &self.label("transaction_number"),
                &number.unwrap_or_default(),
            );
            for name in ["time_start", "time_end"] {
                if let Some(at) = whole(tse, name) {
                    figure(section, &self.label(name), &self.time(at));
                }
            }
            let signature = part(tse, "signature");
            for (label, member) in [
                ("signature", "value"),
                ("algorithm", "algorithm"),
                ("public_key", "public_key"),
            ] {
                figure(section, &self.label(label), text(signature, member));
            }
            if let Some(JsonValue::Array(lines)) = tse.get("legal_text") {
                for line in lines {
                    if let JsonValue::Text(line) = line {
                        section.items.extend(left(line));
                    }
                }
            }
        }
        // Other countries have their own member with the text of a code.
        if let JsonValue::Object(kinds) = security {
            for (_, kind) in kinds {
                let code = text(kind, "qr_code_data");
                if !code.is_empty() {
                    let text = code.to_owned();
                    section.items.push(PageItem::Block(Block::Qr {
                        text,
                        letters: None,
                    }));
                }
            }
        }
    }

    fn misc(&self, ekabs: &JsonValue, section: &mut PageSection) {
        let misc = part(ekabs, "misc");
        section.items.extend(centred(text(misc, "conformity_text")));
        section.items.extend(centred(text(misc, "footer_text")));
    }
}

/// A discount with its sign.
fn negative(amount: &str) -> String {
    match amount.trim_start_matches('-') {
        "" => String::new(),
        amount if amount.bytes().all(|byte| byte == b'0' || byte == b'.') => amount.to_owned(),
        amount => format!("-{amount}"),
    }
}

/// A decimal number as a whole number of units with so many decimals.
fn scaled(number: &str, places: usize) -> Option<i64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let missing = places.checked_sub(decimals.len())?;
    format!("{whole}{decimals}{}", "0".repeat(missing))
        .parse()
        .ok()
}

/// A percentage as it is shown. At most 1 is a fraction: no rate of a tax is between 0 and 1 percent.
fn percent(percentage: &str) -> String {
    let Some(value) = scaled(percentage, 4) else {
        return percentage.to_owned();
    };
    let value = match value {
        -10_000..=10_000 => value.saturating_mul(100),
        value => value,
    };
    let shown = ferrotill_core::scale::Decimal::new(value, 4).to_string();
    let shown = shown.trim_end_matches('0').trim_end_matches('.');
    format!("{shown} %")
}

/// The price of a quantity, rounded half away from zero.
fn product(quantity: &str, price: &str) -> Option<String> {
    let exact = scaled(quantity, 2)?.checked_mul(scaled(price, 2)?)?;
    let half = if exact < 0 { -50 } else { 50 };
    let rounded = exact.checked_add(half)?.checked_div(100)?;
    Some(ferrotill_core::scale::Decimal::new(rounded, 2).to_string())
}

#[cfg(test)]
mod tests {
    use super::{negative, percent, product};

    #[test]
    fn figures_are_shown_as_they_are_meant() {
        for (given, shown) in [
            ("0.19", "19 %"),
            ("19.00", "19 %"),
            ("0.0550", "5.5 %"),
            ("0.00", "0 %"),
            ("5.50", "5.5 %"),
        ] {
            assert_eq!(percent(given), shown, "{given}");
        }
        assert_eq!(negative("-1.00"), "-1.00");
        assert_eq!(negative("1.00"), "-1.00");
        assert_eq!(negative("0.00"), "0.00");
        assert_eq!(product("2.50", "3.33").as_deref(), Some("8.33"));
        assert_eq!(product("-1.00", "3.33").as_deref(), Some("-3.33"));
    }
}
