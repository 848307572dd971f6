//! Reads fields that the bodies of several operations have.

use ferrotill_core::refusal::Refusal;
use ferrotill_render::{FormSize, IMAGE_SIZES, PDF_SIZES, SizeRules, WantedSize};
use uuid::Uuid;

use super::echoed::{EchoedFields, GivenContact};
use super::parsed::{BodyHead, GivenId};
use crate::api::fiscalcloud::print_form::{FormType, PaperWish};
use crate::api::fiscalcloud::rules;
use crate::api::json::{FaultList, Fields, JsonValue, LIST_ITEMS_MAX, shortened};
use crate::api::lanes::WorkThread;

/// The number of decimals of money in the FiscalCloud API.
pub(super) const MONEY: u8 = 2;

/// Reads the request id. The fields of the body must have no fault yet.
fn given_id(fields: &mut Fields<'_, '_>) -> GivenId {
    let id = fields.uuid("id");
    if id.is_some_and(|id| id.is_nil()) {
        fields.fault(
            "id",
            "NotAUuid",
            "is the empty UUID; give each request an id of its own, or none",
        );
    }
    // The id is the first field that is read, so every fault up to now is about the id or about the whole body.
    match id {
        _ if !fields.faults().is_empty() => GivenId::Unreadable,
        Some(id) => GivenId::Read(id),
        None => GivenId::None,
    }
}

/// The request id in a body that is not read otherwise; `None` if the body has no id that can be read.
pub(in crate::api::fiscalcloud) fn id_in(body: &[u8], thread: &WorkThread) -> Option<Uuid> {
    let body = JsonValue::of_body(body, thread).ok()?;
    let mut faults = FaultList::default();
    match given_id(&mut Fields::of(&body, "", &mut faults)) {
        GivenId::Read(id) => Some(id),
        GivenId::None | GivenId::Unreadable => None,
    }
}

/// Reads the fields that every body may have: the request id, and where the paper is wanted.
pub(super) fn base(fields: &mut Fields<'_, '_>) -> BodyHead {
    let given_id = given_id(fields);
    let paper = paper_wish(fields);
    BodyHead { given_id, paper }
}

/// Reads the fields about the print form. The type and the measures are looked at only if a form is wanted, and the measures only of
/// the wanted type.
pub(super) fn paper_wish(fields: &mut Fields<'_, '_>) -> PaperWish {
    let on_printer = fields.boolean("printOnServer") != Some(false);
    let form = fields.choice(
        "printFormMediaType",
        &[
            ("Json", MediaType::Json),
            ("Html", MediaType::Html),
            ("Pdf", MediaType::Pdf),
            ("Image", MediaType::Image),
        ],
    );
    let is_wanted = |media_type| form == Some(media_type) && !on_printer;
    let pdf_rules = is_wanted(MediaType::Pdf).then_some(PDF_SIZES);
    let pdf = form_size(fields, "pdfPrintFormSettings", false, pdf_rules);
    let image_rules = is_wanted(MediaType::Image).then_some(IMAGE_SIZES);
    let image = form_size(fields, "imagePrintFormSettings", true, image_rules);
    if on_printer {
        return PaperWish::OnPrinter;
    }
    PaperWish::InAnswer(match form.unwrap_or(MediaType::Json) {
        MediaType::Json => FormType::Json,
        MediaType::Html => FormType::Html,
        MediaType::Pdf => FormType::Pdf(pdf),
        MediaType::Image => FormType::Image(image),
    })
}

/// The values of `printFormMediaType`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MediaType {
    Json,
    Html,
    Pdf,
    Image,
}

/// Reads the measures of a form. They are compared with the rules of its type, if there are any.
fn form_size(
    fields: &mut Fields<'_, '_>,
    name: &str,
    has_width: bool,
    rules: Option<SizeRules>,
) -> FormSize {
    let path = fields.path(name);
    let mut wanted = WantedSize::default();
    let node = fields.member(name);
    let mut settings = node.map(|node| Fields::of(node, &path, fields.faults()));
    if let Some(settings) = &mut settings {
        wanted.content_width = settings.integer("contentWidth");
        wanted.horizontal_margin = settings.integer("horizontalMargin");
        wanted.vertical_margin = settings.integer("verticalMargin");
        wanted.font_size = settings.integer("fontSize");
        if has_width {
            wanted.width = settings.integer("width");
        }
    }
    let mut size = FormSize::default();
    match rules.map(|rules| rules.size(wanted)) {
        Some(Ok(fitting)) => size = fitting,
        Some(Err(faults)) => {
            for (name, sentence) in faults {
                if let Some(settings) = &mut settings {
                    settings.fault(name, "FormSizeInvalid", sentence);
                }
            }
        }
        None => {}
    }
    if let Some(settings) = settings {
        settings.finish();
    }
    size
}

/// Reads the e-mail address for the receipt. It is checked, stored beside the journal, and returned with the document until it is
/// erased.
pub(super) fn email(fields: &mut Fields<'_, '_>, echoed: &mut EchoedFields) {
    let to_email;
    (echoed.contact.email, to_email) = given_email(fields);
    echoed.keep("sendToEmail", to_email);
    echoed.keep("emailAddress", echoed.contact.email.0.clone());
}

/// Reads the e-mail address and the telephone number for the receipt, as [`email`] does.
pub(super) fn delivery(fields: &mut Fields<'_, '_>, echoed: &mut EchoedFields) {
    email(fields, echoed);
    let to_phone;
    (echoed.contact.phone, to_phone) = given_phone(fields);
    echoed.keep("sendToPhone", to_phone);
    echoed.keep("phoneNumber", echoed.contact.phone.0.clone());
}

/// Reads and checks the contact to which a copy is sent.
pub(super) fn copy_contact(fields: &mut Fields<'_, '_>) -> GivenContact {
    let (email, _) = given_email(fields);
    let (phone, _) = given_phone(fields);
    GivenContact { email, phone }
}

/// Reads and checks the e-mail address: it and whether the receipt is sent there, and the flag as the body has it.
fn given_email(fields: &mut Fields<'_, '_>) -> ((Option<String>, bool), Option<bool>) {
    let to_email = fields.boolean("sendToEmail");
    let email = fields.text("emailAddress");
    if let Some(email) = email
        .as_deref()
        .filter(|email| !email.is_empty() && !rules::is_email(email))
    {
        let sentence = format!("{:?} is not an e-mail address", shortened(email));
        fields.fault("emailAddress", "EmailInvalid", sentence);
    }
    if to_email == Some(true) && email.as_deref().is_none_or(str::is_empty) {
        fields.fault(
            "emailAddress",
            "Missing",
            "is needed with sendToEmail; give an address or do not send",
        );
    }
    ((email, to_email == Some(true)), to_email)
}

/// Reads and checks the telephone number, as [`given_email`] does.
fn given_phone(fields: &mut Fields<'_, '_>) -> ((Option<String>, bool), Option<bool>) {
    let to_phone = fields.boolean("sendToPhone");
    let phone = fields.text("phoneNumber");
    if let Some(phone) = phone
        .as_deref()
        .filter(|phone| !phone.is_empty() && !rules::is_phone(phone))
    {
        let sentence = format!("{:?} is not a telephone number", shortened(phone));
        fields.fault("phoneNumber", "PhoneInvalid", sentence);
    }
    if to_phone == Some(true) && phone.as_deref().is_none_or(str::is_empty) {
        fields.fault(
            "phoneNumber",
            "Missing",
            "is needed with sendToPhone; give a number or do not send",
        );
    }
    ((phone, to_phone == Some(true)), to_phone)
}

/// The items of a list up to the limit of that list. All further items are reported as one fault and are not read.
pub(super) fn entries<'n>(
    fields: &mut Fields<'n, '_>,
    name: &str,
    limit: usize,
    refusal: impl Fn(usize, usize) -> Refusal,
) -> &'n [JsonValue] {
    let limit = limit.min(LIST_ITEMS_MAX);
    let given = fields.list(name);
    match given.get(..limit) {
        Some(first) if given.len() > limit => {
            let refusal = refusal(given.len(), limit);
            let sentence = format!("has more than {limit} entries; {}", refusal.hint());
            fields.fault(name, refusal.name(), sentence);
            first
        }
        _ => given,
    }
}

/// Reads a text that is printed on the receipt.
pub(super) fn printed(fields: &mut Fields<'_, '_>, name: &str) -> String {
    let text = fields.text(name).unwrap_or_default();
    let lines = text.lines().count();
    if lines > TEXT_LINES_MAX {
        let sentence = format!("has {lines} lines; {TEXT_LINES_MAX} are allowed");
        fields.fault(name, "TooManyTextLines", sentence);
    }
    text
}

/// The largest number of lines in one text: printing is slow, and a receipt that is being printed cannot be cancelled.
const TEXT_LINES_MAX: usize = 8;
