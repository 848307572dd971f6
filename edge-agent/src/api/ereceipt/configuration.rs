//! The configuration of the look of uploaded receipts: language, labels, logo and the sections in use. Every change makes a revision.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::response::Response;
use ferrotill_core::event::LookKind;
use ferrotill_render::Labels;
use ferrotill_store::{EReceiptChange, EReceiptOutcome, LookPart, Reader, StoreError};
use uuid::Uuid;

use super::ekabs::LANGUAGES;
use super::images;
use super::problem::Failure;
use super::request::Window;
use super::resource::envelope;
use super::route::version_4;
use super::sections::check_placement;
use crate::api::json::{FaultList, JsonValue, RequestFault};
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::object;

/// The language of receipts before a caller has chosen one.
pub(super) const FIRST_LANGUAGE: &str = "de";
/// The most letters of a label, the most labels of a language, and the most sections in use.
const LABEL_LETTERS_MAX: usize = 200;
const LABELS_MAX: usize = 200;
const SECTIONS_IN_USE_MAX: usize = 50;
/// How often a change is tried if others change the configuration at the same time.
const ATTEMPTS: usize = 5;

/// A configuration, as the store keeps it: `{language, dictionary[], custom_sections[], logo}`.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    pub(super) revision: u32,
    pub(super) at_ms: i64,
    details: JsonValue,
}

impl Configuration {
    pub(super) fn of(part: &LookPart) -> Self {
        Self {
            revision: part.revision,
            at_ms: part.at_ms,
            details: JsonValue::parse(part.details.as_bytes()).unwrap_or(JsonValue::Null),
        }
    }

    /// The configuration of a revision; `None` if there is none.
    pub(super) fn read(reader: &Reader, revision: Option<u32>) -> Result<Option<Self>, StoreError> {
        if revision == Some(0) {
            return Ok(None);
        }
        let found = reader.look(LookKind::Configuration, Uuid::nil(), revision)?;
        Ok(found.as_ref().map(Self::of))
    }

    pub(super) fn language(&self) -> &str {
        match self.details.get("language") {
            Some(JsonValue::Text(text)) => text,
            _ => FIRST_LANGUAGE,
        }
    }

    /// The image of the logo.
    pub(super) fn logo(&self) -> Option<Uuid> {
        match self.details.get("logo") {
            Some(JsonValue::Text(text)) => Uuid::try_parse(text).ok(),
            _ => None,
        }
    }

    /// The sections in use.
    pub(super) fn sections(&self) -> &[JsonValue] {
        match self.details.get("custom_sections") {
            Some(JsonValue::Array(sections)) => sections,
            _ => &[],
        }
    }

    /// The label of a language that a caller has changed.
    pub(super) fn labels(&self, language: &str) -> JsonValue {
        let changed = match self.details.get("dictionary") {
            Some(JsonValue::Array(entries)) => entries
                .iter()
                .find(|entry| entry.get("language") == Some(&JsonValue::from(language))),
            _ => None,
        };
        let changed = changed.and_then(|entry| entry.get("receipt"));
        with_labels(labels_of(language), changed)
    }
}

fn with_labels(mut labels: JsonValue, changed: Option<&JsonValue>) -> JsonValue {
    if let (JsonValue::Object(all), Some(JsonValue::Object(changed))) = (&mut labels, changed) {
        for (name, value) in changed {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value.clone(),
                None => all.push((name.clone(), value.clone())),
            }
        }
    }
    labels
}

pub(super) fn labels_of(language: &str) -> JsonValue {
    let labels = Labels::of(language).all().iter();
    let labels = labels.map(|(name, text)| ((*name).into(), JsonValue::from(*text)));
    JsonValue::Object(labels.collect())
}

/// `GET /configuration/dictionary`: the labels of all languages.
pub(super) fn default_dictionary(service: &Service) -> JsonValue {
    let entries = LANGUAGES
        .map(|language| object! { "language" => language, "receipt" => labels_of(language) });
    let mut members = envelope(service, "DICTIONARY");
    members.push(("dictionary".into(), JsonValue::Array(entries.into())));
    JsonValue::Object(members)
}

/// `GET /configuration`.
pub(super) async fn current(service: &Arc<Service>) -> Result<JsonValue, Failure> {
    find(service, None)
        .await
        .map(|found| answer(service, &found))
}

/// `GET /configuration/revisions/{revision}`.
pub(super) async fn of_revision(
    service: &Arc<Service>,
    revision: u32,
) -> Result<JsonValue, Failure> {
    let found = find(service, Some(revision)).await?;
    Ok(answer(service, &found))
}

async fn find(service: &Arc<Service>, revision: Option<u32>) -> Result<Configuration, Failure> {
    let found = service
        .read(Lane::Lists, move |reader| {
            Configuration::read(reader, revision)
        })
        .await?;
    found.ok_or_else(|| {
        Failure::missing(
            "E_CONFIGURATION_NOT_FOUND",
            "there is no such configuration; add a logo or set the language to make one",
        )
    })
}

/// `GET /configuration/revisions`.
pub(super) async fn revisions(service: &Arc<Service>, query: &str) -> Result<JsonValue, Failure> {
    let window = Window::of_query(query)?;
    let (count, found) = service
        .read(Lane::Lists, move |reader| {
            let newest = Configuration::read(reader, None)?.map_or(0, |newest| newest.revision);
            let wanted = window.of((1..=newest).collect());
            let mut found = Vec::new();
            for revision in wanted {
                found.extend(Configuration::read(reader, Some(revision))?);
            }
            Ok((newest, found))
        })
        .await?;
    let data = found.iter().map(|one| answer(service, one)).collect();
    let mut members = envelope(service, "CONFIGURATION_LIST");
    members.push(("count".into(), count.into()));
    members.push(("data".into(), JsonValue::Array(data)));
    Ok(JsonValue::Object(members))
}

/// `GET /configuration/revisions/{revision}/logo`.
pub(super) async fn logo_of_revision(
    service: &Arc<Service>,
    revision: u32,
) -> Result<Response, Failure> {
    let found = find(service, Some(revision)).await?;
    images::logo(service, found.logo()).await
}

fn answer(service: &Service, configuration: &Configuration) -> JsonValue {
    let mut members = envelope(service, "CONFIGURATION");
    let organization = service.tokens.organization().unwrap_or_default();
    let id = object! { "organization_id" => organization, "revision" => configuration.revision };
    members.insert(1, ("_id".into(), id));
    let dictionary = LANGUAGES.map(
        |language| object! { "language" => language, "receipt" => configuration.labels(language) },
    );
    members.push((
        "custom_sections".into(),
        JsonValue::Array(configuration.sections().to_vec()),
    ));
    members.push(("dictionary".into(), JsonValue::Array(dictionary.into())));
    members.push(("language".into(), configuration.language().into()));
    if let Some(logo) = configuration.logo() {
        members.push(("logo".into(), object! { "media_id" => logo }));
    }
    members.push(("revision".into(), configuration.revision.into()));
    members.push((
        "valid_from".into(),
        configuration.at_ms.div_euclid(1_000).into(),
    ));
    JsonValue::Object(members)
}

/// Makes the next revision: the newest one with a changed member.
async fn change(
    service: &Arc<Service>,
    name: &'static str,
    make: impl Fn(Option<&JsonValue>) -> JsonValue,
) -> Result<JsonValue, Failure> {
    let mut outcome = EReceiptOutcome::Outdated;
    for _ in 0..ATTEMPTS {
        let newest = service
            .read(Lane::Lists, |reader| Configuration::read(reader, None))
            .await?;
        let mut members = match newest.as_ref().map(|newest| &newest.details) {
            Some(JsonValue::Object(members)) => members.clone(),
            _ => vec![("language".into(), FIRST_LANGUAGE.into())],
        };
        let before = members.iter().find(|(known, _)| known == name);
        let value = make(before.map(|(_, value)| value));
        members.retain(|(known, _)| known != name);
        members.push((name.into(), value));
        outcome = service
            .change_ereceipt(EReceiptChange::Look {
                kind: LookKind::Configuration,
                id: Uuid::nil(),
                after: Some(newest.map_or(0, |newest| newest.revision)),
                details: JsonValue::Object(members).to_string(),
                data: None,
            })
            .await;
        if outcome != EReceiptOutcome::Outdated {
            break;
        }
    }
    Failure::of_outcome(outcome, "the configuration")?;
    current(service).await
}

/// `POST /configuration/logo`: an image as the body, or as the only part of a form.
pub(super) async fn add_logo(
    service: &Arc<Service>,
    parts: &Parts,
    body: Bytes,
) -> Result<JsonValue, Failure> {
    let id = images::keep_logo(service, parts, body).await?;
    change(service, "logo", |_| id.into()).await
}

/// `PUT /configuration/language`.
pub(super) async fn set_language(
    service: &Arc<Service>,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let language = language_of(body)?;
    change(service, "language", |_| language.into()).await
}

fn language_of(body: &JsonValue) -> Result<&'static str, Failure> {
    let given = body.get("language");
    let found = LANGUAGES
        .into_iter()
        .find(|language| given == Some(&JsonValue::from(*language)));
    found.ok_or_else(|| {
        let names = LANGUAGES.join(", ");
        Failure::invalid(format!(
            "body.language: should be equal to one of the allowed values: {names}"
        ))
    })
}

/// `PUT /configuration/dictionary`: labels of one language. Labels that are not named keep their text.
pub(super) async fn set_labels(
    service: &Arc<Service>,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let language = language_of(body)?;
    let Some(labels @ JsonValue::Object(members)) = body.get("receipt") else {
        return Err(Failure::invalid("body.receipt: should be object"));
    };
    let mut lines = Vec::new();
    if members.len() > LABELS_MAX {
        lines.push(format!(
            "body.receipt: should NOT have more than {LABELS_MAX} members"
        ));
    }
    for (name, value) in members.iter().take(LABELS_MAX) {
        match value {
            JsonValue::Text(text) if text.chars().count() <= LABEL_LETTERS_MAX => {}
            _ => lines.push(format!(
                "body.receipt.{}: should be string of at most {LABEL_LETTERS_MAX} characters",
                crate::api::json::shortened(name)
            )),
        }
    }
    if !lines.is_empty() {
        return Err(Failure::invalid(lines.join("\n")));
    }
    change(service, "dictionary", |before| {
        let mut entries = match before {
            Some(JsonValue::Array(entries)) => entries.clone(),
            _ => Vec::new(),
        };
        let known = entries
            .iter()
            .position(|entry| entry.get("language") == Some(&JsonValue::from(language)));
        let before = known.map(|place| entries.remove(place));
        let kept = before.and_then(|entry| entry.get("receipt").cloned());
        let kept = kept.unwrap_or_else(|| JsonValue::Object(Vec::new()));
        let receipt = with_labels(kept, Some(labels));
        entries.push(object! { "language" => language, "receipt" => receipt });
        JsonValue::Array(entries)
    })
    .await
}

/// `PUT /configuration/custom-section`: the sections in use.
pub(super) async fn set_sections(
    service: &Arc<Service>,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let JsonValue::Array(sections) = body else {
        return Err(Failure::invalid("body: should be array"));
    };
    let mut faults = FaultList::default();
    if sections.len() > SECTIONS_IN_USE_MAX {
        let sentence = format!("should NOT have more than {SECTIONS_IN_USE_MAX} sections");
        wrong(&mut faults, "body".to_owned(), sentence);
    }
    let sections = sections.iter().take(SECTIONS_IN_USE_MAX).enumerate();
    let wanted: Vec<(usize, Uuid)> = sections
        .filter_map(|(index, section)| Some((index, check_section(index, section, &mut faults)?)))
        .collect();
    let missing = service
        .read(Lane::Lists, move |reader| {
            let mut missing = Vec::new();
            for (index, id) in wanted {
                if reader.look(LookKind::Section, id, None)?.is_none() {
                    missing.push(index);
                }
            }
            Ok(missing)
        })
        .await?;
    for index in missing {
        let path = format!("[{index}].custom_section_id");
        let sentence = "is not the id of a custom section".to_owned();
        wrong(&mut faults, path, sentence);
    }
    if !faults.is_empty() {
        return Err(Failure::of_faults(&faults));
    }
    change(service, "custom_sections", |_| body.clone()).await
}

fn wrong(faults: &mut FaultList, path: String, sentence: String) {
    faults.push(RequestFault {
        path,
        code: "Value",
        sentence,
    });
}

/// Checks a section in use. Returns its id, if it is one.
fn check_section(index: usize, section: &JsonValue, faults: &mut FaultList) -> Option<Uuid> {
    let text = |name: &str| match section.get(name) {
        Some(JsonValue::Text(text)) => text.as_str(),
        _ => "",
    };
    let mut fault = |name: &str, sentence: &str| {
        wrong(faults, format!("[{index}].{name}"), sentence.to_owned());
    };
    let id = version_4(text("custom_section_id"));
    if id.is_none() {
        fault(
            "custom_section_id",
            "should be the UUID of a custom section",
        );
    }
    for name in ["orientation", "position"] {
        if matches!(section.get(name), None | Some(JsonValue::Null)) {
            fault(name, "is required");
        }
    }
    check_placement(section, fault);
    id
}
