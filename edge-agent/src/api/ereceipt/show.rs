//! What a buyer sees of a receipt: an uploaded one, or one of this till.

use std::sync::Arc;

use ferrotill_core::event::LookKind;
use ferrotill_core::seal::Seal;
use ferrotill_render::{
    Align, Barcode, Block, Emphasis, FormFault, Labels, PDF_SIZES, PageItem, PageSection,
    PrintedSeller, PublicPage, WantedSize, paper_blocks, pdf, png,
};
use ferrotill_store::{RequestState, StoreError};
use uuid::Uuid;

use super::configuration::{Configuration, labels_of};
use super::ekabs::{self, Shown};
use super::sections::is_web_address;
use super::{answer, cards, images};
use crate::api::json::JsonValue;
use crate::api::service::Service;
use crate::config::Mode;
use crate::paper::{DocumentPaper, PaperShop, printed_seller};

/// A receipt as it is shown.
#[derive(Debug)]
pub(super) struct ShownReceipt {
    pub(super) language: &'static str,
    /// The labels of its language, with those that the shop has changed.
    labels: JsonValue,
    /// The title above the sections; empty if a block is the title.
    heading: String,
    sections: Vec<PageSection>,
    /// When it was made, in milliseconds since the epoch.
    pub(super) at_ms: i64,
    /// Whether buyers may write the particulars of a business meal beside it.
    pub(super) has_hospitality: bool,
}

impl ShownReceipt {
    /// A label.
    pub(super) fn label(&self, name: &str) -> String {
        label(&self.labels, self.language, name)
    }

    /// The page.
    pub(super) fn page<'p>(
        &'p self,
        title: &'p str,
        links: &'p [(String, String, bool)],
        check: &'p str,
    ) -> PublicPage<'p> {
        PublicPage {
            language: self.language,
            title,
            heading: &self.heading,
            sections: &self.sections,
            links,
            check,
            form: None,
            policy: None,
        }
    }

    pub(super) fn sections_mut(&mut self) -> &mut [PageSection] {
        &mut self.sections
    }

    /// The receipt as a PDF.
    pub(super) fn pdf(&self) -> Result<Vec<u8>, FormFault> {
        let size = PDF_SIZES.size(WantedSize::default()).unwrap_or_default();
        pdf(&self.blocks(), self.language, size)
    }

    /// The receipt as a picture.
    pub(super) fn png(&self) -> Result<Vec<u8>, FormFault> {
        png(&self.blocks(), ferrotill_render::FormSize::default())
    }

    fn blocks(&self) -> Vec<Block> {
        paper_blocks(&self.heading, &self.sections)
    }
}

fn label(labels: &JsonValue, language: &str, name: &str) -> String {
    match labels.get(name) {
        Some(JsonValue::Text(text)) => text.clone(),
        _ => Labels::of(language).get(name).to_owned(),
    }
}

/// An uploaded receipt; `None` if there is none.
pub(super) fn uploaded(service: &Service, id: Uuid) -> Result<Option<ShownReceipt>, StoreError> {
    let reader = &service.reader;
    let Some(receipt) = reader.uploaded_receipt(id)? else {
        return Ok(None);
    };
    let configuration = Configuration::read(reader, Some(receipt.revision))?;
    let body = cards::body_of(&receipt);
    let language = answer::language_of(&body, configuration.as_ref());
    let labels = match &configuration {
        Some(configuration) => configuration.labels(language),
        None => labels_of(language),
    };
    let ekabs = body.get("schema").and_then(|schema| schema.get("ekabs_v0"));
    let null = JsonValue::Null;
    let ekabs = ekabs.unwrap_or(&null);
    let custom = customs(service, ekabs, configuration.as_ref(), receipt.at_ms)?;
    let logo = configuration.as_ref().and_then(Configuration::logo);
    let logo = match logo {
        Some(logo) => reader.look(LookKind::Media, logo, None)?,
        None => None,
    };
    let named = |name: &str| label(&labels, language, name);
    let mut sections = ekabs::shown(
        ekabs,
        &Shown {
            label: &named,
            moment: &|seconds| service.clock.moment(seconds.saturating_mul(1_000)),
            custom: &|position, orientation| {
                let of_place = custom
                    .iter()
                    .filter(|one| one.position == position && one.orientation == orientation);
                of_place.flat_map(|one| one.items.clone()).collect()
            },
            logo: logo
                .as_ref()
                .map(|logo| images::page_item(service, logo, (None, None))),
        },
    );
    mark_test(service, &named("test"), &mut sections);
    Ok(Some(ShownReceipt {
        language,
        heading: named("receipt"),
        labels,
        sections,
        at_ms: receipt.at_ms,
        has_hospitality: service.settings.ereceipt.hospitality,
    }))
}

/// The receipts of a TEST till say that they are no receipts of the law.
fn mark_test(service: &Service, says: &str, sections: &mut Vec<PageSection>) {
    if service.settings.mode == Mode::Test {
        let text = Block::Text {
            text: says.to_owned(),
            align: Align::Centre,
            emphasis: Emphasis::Bold,
        };
        sections.push(PageSection {
            title: String::new(),
            items: vec![PageItem::Block(text)],
        });
    }
}

/// A receipt of this till; `None` if there is none.
pub(super) fn of_till(service: &Service, id: Uuid) -> Result<Option<ShownReceipt>, StoreError> {
    let Some(stored) = service.reader.find(None, id)? else {
        return Ok(None);
    };
    if stored.row.state != RequestState::Sealed {
        return Ok(None);
    }
    let device = stored.row.device;
    let devices = &service.settings.devices;
    let types = devices
        .iter()
        .find(|known| known.id == device)
        .map(|device| &device.payment_types);
    let seller = PrintedSeller {
        // The buyer is on this page already.
        page_link: None,
        ..printed_seller(&service.settings.owner)
    };
    let shop = PaperShop {
        seller: &seller,
        facts: service.profile.facts(),
        payment_name: &|code| {
            let found = types?.iter().find(|payment| payment.code == code);
            found.map(|payment| payment.name.clone())
        },
    };
    let Some(paper) = DocumentPaper::of(&stored, false, shop) else {
        return Ok(None);
    };
    let labels = labels_of(paper.language);
    let mut blocks = paper.blocks;
    // A fiscal module gives the address at which the buyer checks the receipt; the code on paper is the module's own.
    if let Some(Seal::Module(module)) = stored.sealed().map(|sealed| sealed.seal)
        && is_web_address(module.link)
    {
        let code = Block::Qr {
            text: module.link.to_owned(),
            letters: None,
        };
        let is_known =
            |block: &Block| matches!(block, Block::Qr { text, .. } if text == module.link);
        if !blocks.iter().any(is_known) {
            blocks.push(code);
        }
    }
    let items = blocks.into_iter().map(PageItem::Block).collect();
    let mut sections = vec![PageSection {
        title: String::new(),
        items,
    }];
    mark_test(
        service,
        &label(&labels, paper.language, "test"),
        &mut sections,
    );
    Ok(Some(ShownReceipt {
        language: paper.language,
        labels,
        heading: String::new(),
        sections,
        at_ms: stored.row.at,
        has_hospitality: false,
    }))
}

/// A custom element in its place.
struct Custom {
    position: String,
    orientation: String,
    sort_order: i64,
    items: Vec<PageItem>,
}

/// The custom elements of a receipt, and the sections of its configuration that were valid when it was made.
fn customs(
    service: &Service,
    ekabs: &JsonValue,
    configuration: Option<&Configuration>,
    at_ms: i64,
) -> Result<Vec<Custom>, StoreError> {
    let mut all = Vec::new();
    if let Some(JsonValue::Array(elements)) = ekabs.get("custom_elements") {
        for element in elements {
            let content = element.get("content").unwrap_or(&JsonValue::Null);
            let alignment = text(element, "alignment");
            all.push(placed(element, items(service, content, None, alignment)?));
        }
    }
    let now_s = at_ms.div_euclid(1_000);
    for section in configuration.map_or(&[][..], Configuration::sections) {
        let from = number(section, "valid_from").unwrap_or(i64::MIN);
        let until = number(section, "valid_until").unwrap_or(i64::MAX);
        let Ok(id) = Uuid::try_parse(text(section, "custom_section_id")) else {
            continue;
        };
        if !(from..=until).contains(&now_s) {
            continue;
        }
        let Some(part) = service.reader.look(LookKind::Section, id, None)? else {
            continue;
        };
        let details = JsonValue::parse(part.details.as_bytes()).unwrap_or(JsonValue::Null);
        let element = details.get("custom_content").unwrap_or(&JsonValue::Null);
        let content = element.get("content").unwrap_or(element);
        let kind = text(&details, "custom_type");
        let items = items(service, content, Some(kind), text(element, "alignment"))?;
        all.push(placed(section, items));
    }
    all.sort_by_key(|custom| custom.sort_order);
    Ok(all)
}

fn placed(of: &JsonValue, items: Vec<PageItem>) -> Custom {
    Custom {
        position: text(of, "position").to_owned(),
        orientation: text(of, "orientation").to_owned(),
        sort_order: number(of, "sort_order").unwrap_or(i64::MAX),
        items,
    }
}

fn text<'v>(value: &'v JsonValue, name: &str) -> &'v str {
    match value.get(name) {
        Some(JsonValue::Text(text)) => text,
        _ => "",
    }
}

fn number(value: &JsonValue, name: &str) -> Option<i64> {
    match value.get(name) {
        Some(JsonValue::Number(text) | JsonValue::Text(text)) => text.parse().ok(),
        _ => None,
    }
}

/// The items of the content of a custom element.
fn items(
    service: &Service,
    content: &JsonValue,
    kind: Option<&str>,
    alignment: &str,
) -> Result<Vec<PageItem>, StoreError> {
    let data = text(content, "data");
    let own = match text(content, "type") {
        "" if text(content, "media_id").is_empty() => "TEXT",
        "" => "IMAGE",
        own => own,
    };
    Ok(match kind.unwrap_or(own) {
        "QR_CODE" => vec![PageItem::Code(data.to_owned())],
        "BAR_CODE" => {
            let barcode = Barcode::named(text(content, "encoding"));
            let picture = barcode.and_then(|barcode| barcode.picture(data).ok());
            picture
                .map(|picture| PageItem::Bars(Arc::new(picture), data.to_owned()))
                .into_iter()
                .collect()
        }
        "IMAGE" => {
            let Ok(id) = Uuid::try_parse(text(content, "media_id")) else {
                return Ok(Vec::new());
            };
            let Some(image) = service.reader.look(LookKind::Media, id, None)? else {
                return Ok(Vec::new());
            };
            let link = text(content, "media_link");
            let link = is_web_address(link).then(|| link.to_owned());
            let says = Some(text(content, "alt_text").to_owned());
            let label = text(content, "label");
            let image = images::page_item(service, &image, (says, link));
            let label =
                (!label.is_empty()).then(|| aligned(label, text(content, "label_alignment")));
            std::iter::once(image).chain(label).collect()
        }
        _ => lines(data)
            .iter()
            .map(|line| aligned(line, alignment))
            .collect(),
    })
}

fn aligned(text: &str, alignment: &str) -> PageItem {
    let align = match alignment {
        "RIGHT" => return PageItem::Right(text.to_owned()),
        "LEFT" => Align::Left,
        _ => Align::Centre,
    };
    PageItem::Block(Block::Text {
        text: text.to_owned(),
        align,
        emphasis: Emphasis::Plain,
    })
}

/// The lines of a text of a custom element, with the entities that may stand in it. Everything else is shown as it is written.
fn lines(text: &str) -> Vec<String> {
    let mut plain = text.to_owned();
    for mark in ["<br>", "<br/>", "<br />", "\r\n"] {
        plain = plain.replace(mark, "\n");
    }
    for (entity, letter) in ENTITIES {
        plain = plain.replace(entity, letter);
    }
    // The last of all, so that no entity is made of two.
    let plain = plain.replace("&amp;", "&");
    plain
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

const ENTITIES: [(&str, &str); 6] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&nbsp;", "\u{a0}"),
    ("&euro;", "€"),
];

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_text_may_have_some_entities_and_line_breaks() {
        assert_eq!(lines("a &euro; &lt;b&gt;<br>c\n\nd"), ["a € <b>", "c", "d"]);
        assert_eq!(lines("&amp;lt;"), ["&lt;"]);
        assert_eq!(lines("<script>"), ["<script>"]);
        assert_eq!(lines(""), [""; 0]);
    }
}
