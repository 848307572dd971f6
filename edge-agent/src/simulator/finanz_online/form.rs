//! The forms of requests: names, order, counts and patterns, in one table. A request that differs is a fault.

use roxmltree::Node;

use crate::authority::finanz_online::{RKDB, SESSION};

/// An element of a request.
pub(super) struct Element {
    pub(super) name: &'static str,
    content: Content,
}

enum Content {
    /// A text of this type.
    Text(&'static str, fn(&str) -> bool),
    Parts(&'static [Part]),
}

enum Part {
    One(&'static Element),
    Optional(&'static Element),
    /// Exactly one of these sequences.
    OneOf(&'static [&'static [Part]]),
    /// One or more of one of these, at most the number that stands beside it.
    Many(&'static [(&'static Element, usize)]),
}

macro_rules! texts {
    ($($constant:ident $name:literal $kind:literal $pattern:expr;)*) => {
        $(static $constant: Element = Element { name: $name, content: Content::Text($kind, $pattern) };)*
    };
}

macro_rules! sequences {
    ($($constant:ident $name:literal [$($part:expr),*];)*) => {
        $(static $constant: Element = Element { name: $name, content: Content::Parts(&[$($part),*]) };)*
    };
}

use Part::{Many, One, OneOf, Optional};

texts! {
    TID "tid" "tid" |text| is_word(text, 8, 12);
    BENID "benid" "benid" |text| (5..=12).contains(&text.chars().count());
    BENID_OUT "benid" "benid" |text| is_word(text, 5, 12);
    PIN "pin" "pin" |text| (5..=128).contains(&text.chars().count());
    MAKER "herstellerid" "herstellerid" |text| is_word(text, 10, 24);
    SESSION_ID "id" "id" |text| is_word(text, 10, 24);
    KIND "art_uebermittlung" "art_uebermittlung" |text| matches!(text, "T" | "P");
    ASYNC "erzwinge_asynchron" "boolean" |text| matches!(text, "true" | "false" | "0" | "1");
    TAX_NUMBER "fastnr" "fastnr" |text| text.len() == 9 && text.bytes().all(|it| it.is_ascii_digit());
    PACKET "paket_nr" "paket_nr" |text| matches!(text.parse(), Ok(1..=999_999_999_u32));
    CREATED "ts_erstellung" "dateTime" is_date_time;
    NUMBER "satznr" "satznr" |text| matches!(text.parse(), Ok(1..=999_999_999_u32));
    CUSTOMER "kundeninfo" "kundeninfo" |text| text.chars().count() <= 50;
    ART_SE "art_se" "art_se" |text| matches!(text, "SIGNATURKARTE" | "EIGENES_HSM" | "HSM_DIENSTLEISTER");
    VDA "vda_id" "vda_id" is_provider;
    SERIAL "zertifikatsseriennummer" "zertifikatsseriennummer" |text| {
        (1..=50).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_hexdigit())
    };
    CERTIFICATE "zertifikat" "base64Binary" is_base64;
    PUBLIC_KEY "public_key" "public_key" is_base64;
    BOX_ID "kassenidentifikationsnummer" "kassenidentifikationsnummer" |text| !text.is_empty();
    REMARK "anmerkung" "anmerkung" |_| true;
    AES_KEY "benutzerschluessel" "benutzerschluessel" |text| text.len() == 44 && is_base64(text);
    ART_OB "art_ob" "art_ob" |text| matches!(text, "UID" | "GLN" | "FASTNR");
    OB "ob" "ob" |text| !text.is_empty();
    OB_MORE "zusatz_ob" "zusatz_ob" |text| !text.is_empty();
    ART_SE_GGS "art_se_ggs" "art_se_ggs" |text| matches!(text, "EIGENES_HSM" | "SW_GGS");
    REASON "begruendung" "begruendung" |text| matches!(text, "1" | "2" | "5" | "6" | "7" | "99");
    BEGAN "beginn_ausfall" "dateTime" is_date_time;
    ENDED "ende_ausfall" "dateTime" is_date_time;
    RECEIPT "beleg" "beleg" |text| {
        (100..=1_000).contains(&text.chars().count())
            && text.strip_prefix('_').is_some_and(|rest| rest.split('_').count() == 13 && rest.split('_').all(|it| !it.is_empty()))
    };
}

sequences! {
    LOGIN "loginRequest" [One(&TID), One(&BENID), One(&PIN), One(&MAKER)];
    LOGOUT "logoutRequest" [One(&TID), One(&BENID_OUT), One(&SESSION_ID)];
    RKDB_REQUEST "rkdbRequest" [
        One(&TID), One(&BENID), One(&SESSION_ID), One(&KIND), Optional(&ASYNC),
        OneOf(&[&[One(&STATUS_BOX)], &[One(&STATUS_UNIT)], &[One(&STATUS_KEY)], &[One(&PACKAGE)]])
    ];
    STATUS_BOX "status_kasse" [Optional(&TAX_NUMBER), One(&PACKET), One(&CREATED), One(&NUMBER), One(&BOX_ID)];
    STATUS_UNIT "status_see" [Optional(&TAX_NUMBER), One(&PACKET), One(&CREATED), One(&NUMBER), One(&SERIAL)];
    STATUS_KEY "status_ggs" [
        Optional(&TAX_NUMBER), One(&PACKET), One(&CREATED), One(&NUMBER), One(&ART_OB), One(&OB), Optional(&OB_MORE)
    ];
    PACKAGE "rkdb" [
        Optional(&TAX_NUMBER), One(&PACKET), One(&CREATED),
        Many(&[
            (&NEW_UNIT, 2_000), (&NEW_BOX, 4_000), (&NEW_KEY, 2_000), (&UNIT_OUT, 4_000), (&BOX_OUT, 4_000), (&KEY_OUT, 4_000),
            (&UNIT_BACK, 4_000), (&BOX_BACK, 4_000), (&KEY_BACK, 4_000), (&CHECK, 1)
        ])
    ];
    NEW_UNIT "registrierung_se" [
        One(&NUMBER), Optional(&CUSTOMER), One(&ART_SE), One(&VDA), OneOf(&[&[One(&SERIAL)], &[One(&CERTIFICATE)]])
    ];
    NEW_BOX "registrierung_kasse" [One(&NUMBER), Optional(&CUSTOMER), One(&BOX_ID), Optional(&REMARK), One(&AES_KEY)];
    NEW_KEY "registrierung_ggs" [
        One(&NUMBER), Optional(&CUSTOMER), One(&ART_OB), One(&OB), Optional(&OB_MORE), One(&ART_SE_GGS),
        OneOf(&[&[One(&PUBLIC_KEY)], &[One(&CERTIFICATE)]])
    ];
    OUTAGE "ausfall" [One(&REASON), One(&BEGAN)];
    END "ausserbetriebnahme" [One(&REASON)];
    UNIT_OUT "ausfall_se" [One(&NUMBER), Optional(&CUSTOMER), One(&SERIAL), OneOf(&[&[One(&OUTAGE)], &[One(&END)]])];
    BOX_OUT "ausfall_kasse" [One(&NUMBER), Optional(&CUSTOMER), One(&BOX_ID), OneOf(&[&[One(&OUTAGE)], &[One(&END)]])];
    KEY_OUT "ausfall_ggs" [
        One(&NUMBER), Optional(&CUSTOMER), One(&ART_OB), One(&OB), Optional(&OB_MORE), OneOf(&[&[One(&OUTAGE)], &[One(&END)]])
    ];
    UNIT_BACK "wiederinbetriebnahme_se" [One(&NUMBER), Optional(&CUSTOMER), One(&SERIAL), One(&ENDED)];
    BOX_BACK "wiederinbetriebnahme_kasse" [One(&NUMBER), Optional(&CUSTOMER), One(&BOX_ID), One(&ENDED)];
    KEY_BACK "wiederinbetriebnahme_ggs" [
        One(&NUMBER), Optional(&CUSTOMER), One(&ART_OB), One(&OB), Optional(&OB_MORE), One(&ENDED)
    ];
    CHECK "belegpruefung" [One(&NUMBER), Optional(&CUSTOMER), One(&RECEIPT)];
}

/// The element and the namespace of the request that an action takes.
pub(super) fn request_of(action: &str) -> Option<(&'static Element, &'static str)> {
    match action {
        "login" => Some((&LOGIN, SESSION)),
        "logout" => Some((&LOGOUT, SESSION)),
        "rkdb" => Some((&RKDB_REQUEST, RKDB)),
        _ => None,
    }
}

fn is_word(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_base64(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    !text.is_empty() && text.len().is_multiple_of(4) && text.bytes().all(plain)
}

/// `AT1` to `AT99`, in the letters of any country.
fn is_provider(text: &str) -> bool {
    let Some((country, number)) = text.split_at_checked(2) else {
        return false;
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    country.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits
        && matches!(number.len(), 1 | 2)
        && !number.starts_with('0')
}

/// Date and time of XML Schema, with or without fraction and zone.
pub(super) fn is_date_time(text: &str) -> bool {
    moment_s(text).is_some()
}

/// A date and time in seconds since the epoch; without a zone it is taken for UTC.
pub(super) fn moment_s(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return text.contains('T').then_some(moment.as_second());
    }
    let moment: jiff::civil::DateTime = text.parse().ok().filter(|_| text.contains('T'))?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_second())
}

/// Checks an element. `Err` is the text of the fault.
pub(super) fn check(node: Node<'_, '_>, form: &Element, namespace: &str) -> Result<(), String> {
    match &form.content {
        Content::Text(kind, fits) => {
            let name = form.name;
            let text = node.text().unwrap_or_default();
            if node.children().any(|child| child.is_element()) {
                return Err(format!(
                    "cvc-type.3.1.2: Element '{name}' is a simple type, so it must have no element information item [children]."
                ));
            }
            if fits(text.trim()) {
                Ok(())
            } else {
                Err(format!(
                    "cvc-pattern-valid: Value '{text}' is not facet-valid with respect to pattern for type '{kind}'."
                ))
            }
        }
        Content::Parts(parts) => {
            let children: Vec<_> = node.children().filter(Node::is_element).collect();
            let mut rest = children.as_slice();
            for part in *parts {
                rest = take(part, rest, (form.name, namespace))?;
            }
            match rest.first() {
                None => Ok(()),
                Some(more) => Err(invalid(*more, "")),
            }
        }
    }
}

/// Checks one part, and returns the elements after it.
fn take<'n, 'a, 'i>(
    part: &Part,
    children: &'n [Node<'a, 'i>],
    (parent, namespace): (&str, &str),
) -> Result<&'n [Node<'a, 'i>], String> {
    let is = |node: &Node<'_, '_>, form: &Element| {
        node.tag_name().name() == form.name && node.tag_name().namespace() == Some(namespace)
    };
    let first = children.first();
    let rest = children.get(1..).unwrap_or_default();
    let missing = |expected: &str| match first {
        Some(found) => invalid(*found, expected),
        None => format!(
            "cvc-complex-type.2.4.b: The content of element '{parent}' is not complete. One of '{{{expected}}}' is expected."
        ),
    };
    match part {
        Part::One(form) => match first.filter(|node| is(node, form)) {
            Some(node) => check(*node, form, namespace).map(|()| rest),
            None => Err(missing(form.name)),
        },
        Part::Optional(form) => match first.filter(|node| is(node, form)) {
            Some(node) => check(*node, form, namespace).map(|()| rest),
            None => Ok(children),
        },
        Part::OneOf(sequences) => {
            let begins = |sequence: &&&[Part]| match sequence.first() {
                Some(Part::One(form)) => first.is_some_and(|node| is(node, form)),
                _ => false,
            };
            let Some(sequence) = sequences.iter().find(begins) else {
                return Err(missing(&names(sequences)));
            };
            let mut rest = children;
            for part in *sequence {
                rest = take(part, rest, (parent, namespace))?;
            }
            Ok(rest)
        }
        Part::Many(forms) => {
            let found = forms
                .iter()
                .find(|(form, _)| first.is_some_and(|node| is(node, form)));
            let Some((form, most)) = found else {
                let names: Vec<&str> = forms.iter().map(|(form, _)| form.name).collect();
                return Err(missing(&names.join(", ")));
            };
            let count = children.iter().take_while(|node| is(node, form)).count();
            for node in children.iter().take(count.min(*most)) {
                check(*node, form, namespace)?;
            }
            let rest = children.get(count.min(*most)..).unwrap_or_default();
            match rest.first() {
                // Another kind beside the first one, or too many of it.
                Some(other) => Err(invalid(*other, form.name)),
                None => Ok(rest),
            }
        }
    }
}

fn names(sequences: &[&[Part]]) -> String {
    let names = sequences
        .iter()
        .filter_map(|sequence| match sequence.first() {
            Some(Part::One(form)) => Some(form.name),
            _ => None,
        });
    names.collect::<Vec<_>>().join(", ")
}

fn invalid(found: Node<'_, '_>, expected: &str) -> String {
    let name = found.tag_name();
    let found = match name.namespace() {
        Some(namespace) => format!("{{\"{namespace}\":{}}}", name.name()),
        None => name.name().to_owned(),
    };
    match expected {
        "" => format!(
            "cvc-complex-type.2.4.d: Invalid content was found starting with element '{found}'. No child element is expected at this point."
        ),
        expected => format!(
            "cvc-complex-type.2.4.a: Invalid content was found starting with element '{found}'. One of '{{{expected}}}' is expected."
        ),
    }
}
