//! The service refuses what public clients get wrong.

use std::sync::Arc;

use axum::http::StatusCode;

use super::FinanzOnlineSimulator;
use crate::authority::finanz_online::answer::{fault_of, rkdb_answer};
use crate::authority::finanz_online::rkdb::{RkdbOperation, Sender, UnitForm, UnitName};
use crate::authority::finanz_online::session::{LoginAnswer, login, login_answer};
use crate::config::{FinanzOnlineUser, Secret};
use crate::time::clock::Clock;

fn service() -> FinanzOnlineSimulator {
    let clock = Clock::by_hand("Europe/Vienna", 1_796_000_000_000).unwrap();
    FinanzOnlineSimulator::new(Arc::new(clock))
}

fn user(pin: &str) -> FinanzOnlineUser {
    FinanzOnlineUser {
        participant_id: "123456789".to_owned(),
        user_id: "kassews01".to_owned(),
        pin: Secret::new(pin.to_owned()),
    }
}

fn session(service: &FinanzOnlineSimulator, pin: &str) -> LoginAnswer {
    let request = login(&user(pin), "ATU12345678");
    let (status, body) = service.answer("session", "login", request.as_bytes());
    assert_eq!(status, StatusCode::OK, "{body}");
    login_answer(&body).unwrap()
}

fn request(session: &str, operation: &RkdbOperation<'_>) -> String {
    operation.request(Sender {
        user: &user("12345"),
        session,
        test: true,
        packet: 7,
        at: "2026-11-29T08:00:00Z",
    })
}

const UNIT: RkdbOperation<'static> = RkdbOperation::RegisterUnit {
    form: UnitForm::OwnModule,
    provider: 9,
    serial: "3ade68b1",
};

/// Sends a request, and returns the return code and the state.
fn code(service: &FinanzOnlineSimulator, request: &str) -> (String, Option<String>) {
    let (status, body) = service.answer("rkdb", "rkdb", request.as_bytes());
    assert_eq!(status, StatusCode::OK, "{body}");
    let answer = rkdb_answer(&body).unwrap();
    (answer.answered.code, answer.state)
}

#[test]
fn what_public_clients_get_wrong_is_a_fault() {
    let service = service();
    let LoginAnswer::Session(id) = session(&service, "12345") else {
        panic!("no session");
    };
    let unit = request(&id, &UNIT);
    let cash_box = RkdbOperation::RegisterCashBox {
        id: "KASSE-1",
        key: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    };
    let cash_box = request(&id, &cash_box);
    let state = request(&id, &RkdbOperation::UnitState(UnitName::of("3ade68b1")));
    let works = RkdbOperation::UnitWorks {
        unit: UnitName::of("3ade68b1"),
        since: "2026-11-29T08:00:00Z",
    };
    let works = request(&id, &works);
    let both = unit.replace(
        "</registrierung_se>",
        "</registrierung_se><registrierung_kasse><satznr>2</satznr><kassenidentifikationsnummer>K</kassenidentifikationsnummer>\
         <benutzerschluessel>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</benutzerschluessel></registrierung_kasse>",
    );
    let swapped = unit.replace(
        "<art_se>EIGENES_HSM</art_se><vda_id>AT9</vda_id>",
        "<vda_id>AT9</vda_id><art_se>EIGENES_HSM</art_se>",
    );
    for (what, wrong, named) in [
        (
            "another name",
            cash_box.replace("registrierung_kasse", "registrierung_rk"),
            "registrierung_rk",
        ),
        (
            "another question",
            state.replace("status_see", "status_se"),
            "status_se",
        ),
        ("another end", works.replace("ende_ausfall", "ende"), "ende"),
        ("two kinds", both, "registrierung_kasse"),
        ("another order", swapped, "vda_id"),
        (
            "no namespace",
            unit.replace(" xmlns=\"https://finanzonline.bmf.gv.at/rkdb\"", ""),
            "rkdbRequest",
        ),
        (
            "a short key",
            cash_box.replace("AAECAwQF", ""),
            "benutzerschluessel",
        ),
        (
            "a serial with 0x",
            unit.replace("3ade68b1", "0x3ade68b1"),
            "zertifikatsseriennummer",
        ),
        (
            "no art",
            unit.replace("<art_uebermittlung>T</art_uebermittlung>", ""),
            "art_uebermittlung",
        ),
        ("half a request", unit.replace("</soap:Envelope>", ""), ""),
    ] {
        let (status, body) = service.answer("rkdb", "rkdb", wrong.as_bytes());
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{what}: {body}");
        let fault = fault_of(&body).unwrap();
        assert!(fault.starts_with("Validation error"), "{what}: {fault}");
        assert!(fault.contains(named), "{what}: {fault}");
    }
    assert_eq!(service.shown()["units"].as_array().unwrap().len(), 0);
}

#[test]
fn a_cash_box_needs_a_unit_and_nothing_is_registered_twice() {
    let service = service();
    let LoginAnswer::Session(id) = session(&service, "12345") else {
        panic!("no session");
    };
    let cash_box = RkdbOperation::RegisterCashBox {
        id: "KASSE-1",
        key: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    };
    let unit = request(&id, &UNIT);
    let cash_box = request(&id, &cash_box);
    let state = request(&id, &RkdbOperation::UnitState(UnitName::of("3ade68b1")));
    assert_eq!(code(&service, &cash_box).0, "B7");
    assert_eq!(code(&service, &state), ("B33".to_owned(), None));
    assert_eq!(code(&service, &unit).0, "0");
    assert_eq!(code(&service, &unit).0, "B10");
    let working = Some("IN_BETRIEB".to_owned());
    assert_eq!(code(&service, &state), ("0".to_owned(), working));
    assert_eq!(code(&service, &cash_box).0, "0");
    assert_eq!(code(&service, &cash_box).0, "B1");
    let real = unit.replace("<art_uebermittlung>T<", "<art_uebermittlung>P<");
    assert_eq!(code(&service, &real).0, "999", "AT9 is for tests only");
    let other = request("SIM00000000000000099", &UNIT);
    assert_eq!(code(&service, &other).0, "-1", "no fault");
    let own = unit.replace("<paket_nr>", "<fastnr>123456789</fastnr><paket_nr>");
    assert_eq!(code(&service, &own).0, "32");
}

#[test]
fn five_wrong_pins_lock_the_user() {
    let service = service();
    assert!(matches!(
        session(&service, "12345"),
        LoginAnswer::Session(_)
    ));
    for _ in 0..5 {
        let LoginAnswer::Refused(answered) = session(&service, "54321") else {
            panic!("accepted");
        };
        assert_eq!(answered.code, "-4");
    }
    let LoginAnswer::Refused(answered) = session(&service, "12345") else {
        panic!("accepted");
    };
    assert_eq!(answered.code, "-5", "also with the right PIN");
}

#[test]
fn an_outage_has_its_order() {
    let service = service();
    let LoginAnswer::Session(id) = session(&service, "12345") else {
        panic!("no session");
    };
    let unit = UnitName::of("3ade68b1");
    let fails = |since| request(&id, &RkdbOperation::UnitFails { unit, since });
    let works = |since| request(&id, &RkdbOperation::UnitWorks { unit, since });
    assert_eq!(code(&service, &fails("2026-11-01T08:00:00Z")).0, "B33");
    assert_eq!(code(&service, &request(&id, &UNIT)).0, "0");
    assert_eq!(code(&service, &works("2026-11-01T08:00:00Z")).0, "B13");
    assert_eq!(code(&service, &fails("2036-11-01T08:00:00Z")).0, "B21");
    assert_eq!(code(&service, &fails("2026-11-01T08:00:00Z")).0, "0");
    assert_eq!(code(&service, &fails("2026-11-01T08:00:00Z")).0, "B13");
    assert_eq!(code(&service, &works("2026-10-01T08:00:00Z")).0, "B5");
    assert_eq!(code(&service, &works("2026-11-02T08:00:00Z")).0, "0");
    let end = request(&id, &RkdbOperation::UnitEnds(unit));
    assert_eq!(code(&service, &end).0, "0");
    assert_eq!(code(&service, &end).0, "B6");
    let state = request(&id, &RkdbOperation::UnitState(unit));
    assert_eq!(code(&service, &state).0, "B33");
}
