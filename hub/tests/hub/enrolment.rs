//! One-time codes and certificates.

use ferrotill_hub::clock::now_ms;
use ferrotill_hub::store::CodeState;
use ferrotill_hub_protocol::{Answer, CodeRefusal, Message as _, OneTimeCode, RenewRequest, path};

use super::support::client::{Connection, tls};
use super::support::till::key_and_request;
use super::*;

#[test]
fn a_code_is_accepted_once() {
    with_shop(|shop| async move {
        let authority = shop.folder.authority();
        let code = shop.code(None);
        let enrol = || TestTill::enrol(shop.hub.tills, &authority, &code);
        let mut till = enrol().await.unwrap();
        till.sells(shop.hub.tills, 5).await;
        let refused = enrol().await.err().unwrap();
        assert_eq!(refused, Answer::CodeRefused(CodeRefusal::Used));
        till.sells(shop.hub.tills, 5).await;
        assert!(
            shop.folder
                .succeeds(&["tills"])
                .contains("enrolled epoch 1 documents 10 Market street 5")
        );
    });
}

#[test]
fn five_wrong_tries_end_a_code() {
    with_shop(|shop| async move {
        let authority = shop.folder.authority();
        let right = shop.code(None);
        let till = OneTimeCode::parse(&right).unwrap().till();
        let wrong = OneTimeCode::new(authority.certificate(), till, [0; 16]).to_string();
        let mut refusals = Vec::new();
        for _ in 0..6 {
            let refused = TestTill::enrol(shop.hub.tills, &authority, &wrong).await;
            refusals.push(refused.err().unwrap());
        }
        let unknown = |tries_left| Answer::CodeRefused(CodeRefusal::Unknown { tries_left });
        let ended = Answer::CodeRefused(CodeRefusal::TooManyTries);
        assert_eq!(
            refusals,
            [
                unknown(4),
                unknown(3),
                unknown(2),
                unknown(1),
                ended.clone(),
                ended.clone()
            ]
        );
        let refused = TestTill::enrol(shop.hub.tills, &authority, &right).await;
        assert_eq!(refused.err().unwrap(), ended);
        // A new code works.
        let again = shop.code(Some(till));
        TestTill::enrol(shop.hub.tills, &authority, &again)
            .await
            .unwrap();
        // A till that the hub has never heard of.
        let strange = OneTimeCode::new(authority.certificate(), Uuid::new_v4(), [0; 16]);
        let refused = TestTill::enrol(shop.hub.tills, &authority, &strange.to_string()).await;
        assert_eq!(refused.err().unwrap(), unknown(0));
    });
}

#[test]
fn a_code_ends_after_an_hour() {
    with_shop(|shop| async move {
        let store = shop.folder.store();
        let authority = shop.folder.authority();
        let (till, secret, made) = (Uuid::new_v4(), [7; 16], now_ms());
        store
            .make_code(till, "a shop", &secret, made)
            .await
            .unwrap();
        let (_, request) = key_and_request();
        let hour = 3_600_000;
        let (signer, asked) = (&authority, &request);
        let enrol = |at| {
            store.enrol::<ferrotill_hub::store::StoreError>(till, &secret, at, move || {
                Ok(signer.sign_till(till, asked, at).unwrap())
            })
        };
        let (state, _) = enrol(made + hour + 1).await.unwrap();
        assert_eq!(state, CodeState::Refused(CodeRefusal::Expired));
        let (state, certificate) = enrol(made + hour).await.unwrap();
        let shop = "a shop".to_owned();
        assert_eq!(state, CodeState::Accepted { shop });
        assert!(certificate.is_some());
    });
}

#[test]
fn a_request_without_a_valid_key_does_not_use_the_code() {
    with_shop(|shop| async move {
        let authority = shop.folder.authority();
        let code = shop.code(None);
        let parsed = OneTimeCode::parse(&code).unwrap();
        let request = ferrotill_hub_protocol::EnrolRequest {
            till: parsed.till(),
            secret: *parsed.secret(),
            certificate_request: vec![0x30; 64].into(),
            version: "0.1.0".to_owned(),
        };
        let open = tls(authority.certificate(), None);
        let mut connection = Connection::open(shop.hub.tills, Some(open)).await.unwrap();
        let reply = connection
            .post(path::ENROL, &request.to_bytes().unwrap())
            .await
            .unwrap();
        assert!(
            matches!(reply.answer(), Answer::Invalid { .. }),
            "{reply:?}"
        );
        TestTill::enrol(shop.hub.tills, &authority, &code)
            .await
            .unwrap();
    });
}

#[test]
fn a_machine_that_enrols_for_a_till_ends_the_other_machine() {
    with_shop(|shop| async move {
        let mut old = shop.till().await;
        old.sells(shop.hub.tills, 5).await;
        let code = shop.code(Some(old.id));
        let authority = shop.folder.authority();
        let mut new = TestTill::enrol(shop.hub.tills, &authority, &code)
            .await
            .unwrap();
        assert_eq!(
            old.send(shop.hub.tills, &old.next(1)).await,
            Answer::Revoked
        );
        new.acknowledged = old.acknowledged;
        new.epoch = 2;
        let rows = vec![new.restored_row(6)];
        let batch = new.batch_of(new.acknowledged.1, rows);
        let answer = new.send(shop.hub.tills, &batch).await;
        assert_eq!(answer, Answer::Acknowledged { up_to: 6 });
        let answer = old.send(shop.hub.tills, &old.next(1)).await;
        assert_eq!(answer, Answer::NewerEpoch { epoch: 2 });
    });
}

#[test]
fn a_till_renews_its_certificate_with_a_new_key() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        till.sells(shop.hub.tills, 5).await;
        let (key, request) = key_and_request();
        let request = RenewRequest {
            till: till.id,
            certificate_request: request.into(),
        };
        let reply = till
            .post(shop.hub.tills, path::RENEW, &request.to_bytes().unwrap())
            .await
            .unwrap();
        let Answer::Enrolled(enrolled) = reply.answer() else {
            panic!("{reply:?}");
        };
        assert!(now_ms() < enrolled.renew_from_ms && enrolled.renew_from_ms < enrolled.ends_ms);
        let authority = shop.folder.authority();
        let mut renewed = TestTill::with(till.id, &authority, enrolled.certificate.0, key);
        renewed.acknowledged = till.acknowledged;
        renewed.sells(shop.hub.tills, 5).await;
        assert_eq!(shop.sql("SELECT count(*) FROM certificate"), "2");
    });
}
