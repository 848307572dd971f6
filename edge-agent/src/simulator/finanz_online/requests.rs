//! Reads a request, checks its form, and carries it out.

use axum::http::StatusCode;
use roxmltree::{Document, Node};

use super::books::{Books, EntryResult, Subject, key_of};
use super::soap::{self, Repeated};
use super::{ServiceAccount, ServiceState, WRONG_PINS_MAX, form};
use crate::authority::finanz_online::ENVELOPE;
use crate::time::clock::iso_utc;

impl ServiceState {
    /// The answer to a request, with its status.
    pub(super) fn answer(
        &mut self,
        (path, action): (&str, &str),
        body: &[u8],
        now_ms: i64,
    ) -> (StatusCode, String) {
        match self.carry_out((path, action), body, now_ms) {
            Ok(answer) => (StatusCode::OK, answer),
            Err(fault) => {
                self.note(format!("fault: {fault}"));
                (StatusCode::INTERNAL_SERVER_ERROR, soap::fault(&fault))
            }
        }
    }

    fn carry_out(
        &mut self,
        (path, action): (&str, &str),
        body: &[u8],
        now_ms: i64,
    ) -> Result<String, String> {
        let (form, namespace) = form::request_of(action)
            .filter(|_| path == if action == "rkdb" { "rkdb" } else { "session" })
            .ok_or_else(|| format!("SOAPAction {action:?} is not one of this service"))?;
        let text = std::str::from_utf8(body).map_err(|_| "the content is not UTF-8".to_owned())?;
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let root = request_in(&document)?;
        let name = root.tag_name();
        if name.name() != form.name || name.namespace() != Some(namespace) {
            return Err(format!(
                "cvc-elt.1: Cannot find the declaration of element '{}'.",
                name.name()
            ));
        }
        form::check(root, form, namespace)?;
        Ok(match action {
            "login" => self.login(root),
            "logout" => self.logout(root),
            _ => self.rkdb(root, now_ms),
        })
    }

    fn login(&mut self, root: Node<'_, '_>) -> String {
        let user = (text_of(root, "tid"), text_of(root, "benid"));
        let pin = text_of(root, "pin");
        let account = self.users.entry(user.clone());
        let account = account.or_insert_with(|| ServiceAccount {
            pin: pin.clone(),
            wrong_pins: 0,
        });
        let (code, message) = if account.wrong_pins >= WRONG_PINS_MAX {
            (
                "-5",
                "Der Benutzer ist wegen mehrerer Fehlversuche gesperrt.",
            )
        } else if account.pin != pin {
            account.wrong_pins = account.wrong_pins.saturating_add(1);
            ("-4", "Die Zugangskennung ist nicht korrekt.")
        } else {
            account.wrong_pins = 0;
            self.sessions_begun = self.sessions_begun.saturating_add(1);
            let session = format!("SIM{:017}", self.sessions_begun);
            self.note("login".to_owned());
            self.sessions.insert(session.clone(), user);
            return soap::session("loginResponse", Some(&session), "0", "");
        };
        self.note(format!("login {code}"));
        soap::session("loginResponse", None, code, message)
    }

    fn logout(&mut self, root: Node<'_, '_>) -> String {
        let known = self.sessions.remove(&text_of(root, "id")).is_some();
        self.note("logout".to_owned());
        let code = if known { "0" } else { "-1" };
        soap::session("logoutResponse", None, code, "")
    }

    fn rkdb(&mut self, root: Node<'_, '_>, now_ms: i64) -> String {
        let (tid, benid) = (text_of(root, "tid"), text_of(root, "benid"));
        let kind = text_of(root, "art_uebermittlung");
        let at = iso_utc(now_ms);
        let asynchronous = matches!(text_of(root, "erzwinge_asynchron").as_str(), "true" | "1");
        let Some(inner) = root.children().rfind(Node::is_element) else {
            return soap::only_code("999");
        };
        let entries: Vec<_> = if inner.tag_name().name() == "rkdb" {
            let is_entry =
                |node: &Node<'_, '_>| node.is_element() && node.first_element_child().is_some();
            inner.children().filter(is_entry).collect()
        } else {
            vec![inner]
        };
        let first = entries.first().copied().unwrap_or(inner);
        let session = self.sessions.get(&text_of(root, "id"));
        let result = if session != Some(&(tid.clone(), benid)) {
            EntryResult::of("-1", "Die Session ID ist ungueltig oder abgelaufen.")
        } else if !text_of(inner, "fastnr").is_empty() {
            EntryResult::of("32", "keine Vollmacht vorhanden")
        } else if asynchronous && inner.tag_name().name() != "rkdb" {
            EntryResult::of("998", "Statusabfragen sind nur synchron moeglich")
        } else {
            let test = kind == "T";
            let books = self.books.entry((tid, test)).or_default();
            let mut results: Vec<EntryResult> = entries
                .iter()
                .map(|entry| carried_out(books, *entry, test, now_ms.div_euclid(1_000)))
                .collect();
            if asynchronous || results.len() > 1 {
                // The results lie in the data box.
                EntryResult::of("0", "")
            } else {
                results.pop().unwrap_or(EntryResult::of("999", ""))
            }
        };
        let about = subject_text(first);
        self.note(format!(
            "{} {about} {}",
            first.tag_name().name(),
            result.code
        ));
        let repeated = Repeated {
            packet: &text_of(inner, "paket_nr"),
            number: &text_of(first, "satznr"),
            kind: &kind,
        };
        soap::result(&repeated, &result, &at.replace('Z', "+00:00"))
    }
}

/// The request in the body of the envelope.
fn request_in<'d>(document: &'d Document<'d>) -> Result<Node<'d, 'd>, String> {
    let is = |node: &Node<'_, '_>, name: &str| {
        node.is_element()
            && node.tag_name().name() == name
            && node.tag_name().namespace() == Some(ENVELOPE)
    };
    let envelope = document.root_element();
    if !is(&envelope, "Envelope") {
        return Err("the content is no SOAP 1.1 envelope".to_owned());
    }
    let body = envelope.children().find(|node| is(node, "Body"));
    let mut requests = body
        .into_iter()
        .flat_map(|body| body.children().filter(Node::is_element));
    match (requests.next(), requests.next()) {
        (Some(request), None) => Ok(request),
        _ => Err("the body must have one request".to_owned()),
    }
}

/// Carries out one entry.
fn carried_out(books: &mut Books, entry: Node<'_, '_>, test: bool, now_s: i64) -> EntryResult {
    let id = subject_text(entry);
    let text = |name: &str| text_of(entry, name);
    let inside = |outer: &str, name: &str| {
        let found = entry.children().find(|node| node.has_tag_name_of(outer));
        found.map(|node| text_of(node, name))
    };
    let name = entry.tag_name().name();
    let subject = if name.ends_with("_kasse") {
        Subject::CashBox
    } else {
        Subject::Unit
    };
    match name {
        "registrierung_se" | "registrierung_ggs" => {
            let certificate = Some(text("zertifikat")).filter(|text| !text.is_empty());
            let public = Some(text("public_key")).filter(|text| !text.is_empty());
            match key_of(certificate.as_deref(), public.as_deref()) {
                Ok(found) => {
                    let of_certificate = found.as_ref().map(|(serial, _)| serial.clone());
                    let serial = of_certificate.filter(|serial| !serial.is_empty());
                    let serial = serial.unwrap_or(id);
                    let key = found.map(|(_, key)| key);
                    books.register_unit(&serial, key, (&text("vda_id"), test))
                }
                Err(refused) => refused,
            }
        }
        "registrierung_kasse" => books.register_cash_box(&id, &text("benutzerschluessel")),
        "belegpruefung" => books.check(&text("beleg")),
        "status_kasse" | "status_see" | "status_ggs" => books.state(subject, &id),
        "wiederinbetriebnahme_se" | "wiederinbetriebnahme_kasse" | "wiederinbetriebnahme_ggs" => {
            books.works(subject, &id, &text("ende_ausfall"), now_s)
        }
        _ => match inside("ausfall", "beginn_ausfall") {
            Some(began) => books.fails(subject, &id, &began, now_s),
            None => books.ends(subject, &id),
        },
    }
}

/// The id of what an entry is about: a cash box, a serial, or the key of a closed system as its receipts name it. For a receipt it is
/// cash box and number.
fn subject_text(entry: Node<'_, '_>) -> String {
    let text = |name: &str| text_of(entry, name);
    let company = match text("art_ob").as_str() {
        "UID" => "U:",
        "FASTNR" => "S:",
        "GLN" => "G:",
        _ => "",
    };
    if !company.is_empty() {
        return format!("{company}{}-{}", text("ob"), text("zusatz_ob"));
    }
    let receipt = text("beleg");
    if !receipt.is_empty() {
        let elements: Vec<&str> = receipt.split('_').skip(2).take(2).collect();
        return elements.join("_");
    }
    let id = text("kassenidentifikationsnummer");
    if id.is_empty() {
        text("zertifikatsseriennummer")
    } else {
        id
    }
}

/// The text of a child; empty if there is none.
fn text_of(node: Node<'_, '_>, name: &str) -> String {
    let found = node.children().find(|child| child.has_tag_name_of(name));
    found
        .and_then(|child| child.text())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The name of an element, whatever its namespace, which the form has checked.
trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}
