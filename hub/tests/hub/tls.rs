//! Mutual TLS: who is not the till that a request names is refused.

use std::io;

use ferrotill_hub::authority::{Authority, TILL_VALID_MS};
use ferrotill_hub::clock::now_ms;
use ferrotill_hub_protocol::{Answer, Hash, path};

use super::support::client::{Connection, tls};
use super::support::till::key_and_request;
use super::*;

#[test]
fn without_a_certificate_nothing_but_the_enrolment_is_answered() {
    with_shop(|shop| async move {
        let till = shop.till().await;
        let authority = shop.folder.authority();
        for path in [path::BATCHES, path::HEALTH, path::POSITION, path::RENEW] {
            let open = tls(authority.certificate(), None);
            let mut connection = Connection::open(shop.hub.tills, Some(open)).await.unwrap();
            let reply = connection
                .post(path, &till.next(3).to_bytes())
                .await
                .unwrap();
            assert_eq!(reply.answer(), Answer::NotEnrolled, "{path}");
        }
        // HTTP without TLS gets no answer at all.
        let mut plain = Connection::open(shop.hub.tills, None).await.unwrap();
        assert!(plain.get("/", "").await.is_err());
        assert_eq!(shop.sql("SELECT count(*) FROM document"), "0");
    });
}

/// What a TLS alert says: the server sends it when it reads the client's certificate, so the client sees it at its first read.
async fn alert_of(till: &TestTill, shop: &Shop) -> String {
    let sent = async {
        let mut connection = till.connect(shop.hub.tills).await?;
        connection
            .post(path::BATCHES, &till.next(1).to_bytes())
            .await
    };
    let error: io::Error = sent.await.unwrap_err();
    format!("{error:?}")
}

#[test]
fn an_expired_certificate_is_refused_by_an_alert() {
    with_shop(|shop| async move {
        let authority = shop.folder.authority();
        let id = shop.till().await.id;
        let (key, request) = key_and_request();
        let long_ago = now_ms() - TILL_VALID_MS - 1_000;
        let certificate = authority.sign_till(id, &request, long_ago).unwrap();
        shop.folder
            .store()
            .renew(id, &certificate, long_ago)
            .await
            .unwrap();
        let till = TestTill::with(id, &authority, certificate.der, key);
        let alert = alert_of(&till, &shop).await;
        assert!(alert.contains("CertificateExpired"), "{alert}");
        assert_eq!(shop.sql("SELECT count(*) FROM document"), "0");
    });
}

#[test]
fn a_certificate_of_another_authority_is_refused_by_an_alert() {
    with_shop(|shop| async move {
        let folder = tempfile::tempdir().unwrap();
        let other = Authority::create(folder.path(), now_ms()).unwrap();
        let id = shop.till().await.id;
        let (key, request) = key_and_request();
        let certificate = other.sign_till(id, &request, now_ms()).unwrap();
        let mut till = TestTill::with(
            id,
            &shop.folder.authority(),
            certificate.der.clone(),
            key.clone(),
        );
        till.tls = tls(
            shop.folder.authority().certificate(),
            Some((certificate.der, key)),
        );
        let alert = alert_of(&till, &shop).await;
        assert!(alert.contains("AlertReceived"), "{alert}");
        // A till that trusts its own hub alone does not talk to another one.
        let stranger = tls(other.certificate(), None);
        assert!(
            Connection::open(shop.hub.tills, Some(stranger))
                .await
                .is_err()
        );
    });
}

#[test]
fn a_certificate_that_the_hub_has_not_stored_is_not_enrolled() {
    with_shop(|shop| async move {
        let authority = shop.folder.authority();
        let id = shop.till().await.id;
        let (key, request) = key_and_request();
        let certificate = authority.sign_till(id, &request, now_ms()).unwrap();
        let till = TestTill::with(id, &authority, certificate.der, key);
        let answer = till.send(shop.hub.tills, &till.next(1)).await;
        assert_eq!(answer, Answer::NotEnrolled);
    });
}

#[test]
fn a_revoked_till_is_refused_until_it_enrols_again() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        till.sells(shop.hub.tills, 3).await;
        // The connection was open before.
        let mut connection = till.connect(shop.hub.tills).await.unwrap();
        shop.folder.succeeds(&["revoke", &till.id.to_string()]);
        let reply = connection
            .post(path::BATCHES, &till.next(1).to_bytes())
            .await
            .unwrap();
        assert_eq!(reply.answer(), Answer::Revoked);
        assert_eq!(till.position(shop.hub.tills).await, Answer::Revoked);
        let report = till.health(now_ms());
        assert_eq!(till.reports(shop.hub.tills, &report).await, Answer::Revoked);
        let code = shop.code(Some(till.id));
        let authority = shop.folder.authority();
        let mut again = TestTill::enrol(shop.hub.tills, &authority, &code)
            .await
            .unwrap();
        again.acknowledged = till.acknowledged;
        again.sells(shop.hub.tills, 3).await;
        assert_eq!(
            till.send(shop.hub.tills, &till.next(1)).await,
            Answer::Revoked
        );
    });
}

#[test]
fn nothing_is_taken_under_the_name_of_another_till() {
    with_shop(|shop| async move {
        let (mine, theirs) = (shop.till().await, shop.till().await);
        let other = Answer::OtherTill {
            certificate: mine.id,
        };
        let batch = theirs.batch(1, 3, Hash::ZERO);
        assert_eq!(mine.send(shop.hub.tills, &batch).await, other);
        // A batch that names the other till, and is signed with this one's key.
        let mut forger = shop.till().await;
        let certificate = forger.id;
        forger.id = theirs.id;
        let other_again = Answer::OtherTill { certificate };
        let answer = forger.send(shop.hub.tills, &forger.next(3)).await;
        assert_eq!(answer, other_again);
        let report = theirs.health(now_ms());
        assert_eq!(mine.reports(shop.hub.tills, &report).await, other);
        assert_eq!(forger.position(shop.hub.tills).await, other_again);
        assert_eq!(shop.sql("SELECT count(*) FROM document"), "0");
        assert_eq!(shop.sql("SELECT count(*) FROM health"), "0");
    });
}
