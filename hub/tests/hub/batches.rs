//! Batches: each document is stored once and in order, and what contradicts the stored ones is refused and shown.

use ferrotill_hub_protocol::{Answer, Hash, HealthReport};

use super::*;

#[test]
fn each_document_is_stored_once_as_it_was_sent() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        let first = till.next(60);
        for _ in 0..3 {
            let answer = till.send(shop.hub.tills, &first).await;
            assert_eq!(answer, Answer::Acknowledged { up_to: 60 });
        }
        till.acknowledged = (60, first.batch().hash());
        till.sells(shop.hub.tills, 40).await;
        // The acknowledgement of the last batch was lost, and another batch before it is repeated too.
        let answer = till.send(shop.hub.tills, &first).await;
        assert_eq!(answer, Answer::Acknowledged { up_to: 100 });
        let stored = shop.folder.store().rows(till.id, 1, 200).await.unwrap();
        let sent: Vec<_> = (1..=100).map(|sequence| till.row(sequence)).collect();
        assert_eq!(stored, sent);
        assert_eq!(shop.sql("SELECT count(*) FROM batch"), "2");
        assert_eq!(shop.sql("SELECT count(*) FROM refused_batch"), "0");
        assert_eq!(
            shop.sql("SELECT count(*) FROM document_2026_05 UNION ALL SELECT count(*) FROM document_2026_06 ORDER BY 1"),
            "23\n77"
        );
    });
}

#[test]
fn the_same_batch_at_once_to_two_hubs_is_stored_once() {
    with_shop(|shop| async move {
        let other = shop.folder.run();
        let till = shop.till().await;
        let batch = till.next(100);
        let sends = (0..12).map(|n| {
            let address = if n % 2 == 0 {
                shop.hub.tills
            } else {
                other.tills
            };
            till.send(address, &batch)
        });
        for answer in futures_util::future::join_all(sends).await {
            assert_eq!(answer, Answer::Acknowledged { up_to: 100 });
        }
        assert_eq!(shop.sql("SELECT count(*) FROM document"), "100");
    });
}

#[test]
fn a_gap_is_answered_with_what_is_expected() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        till.sells(shop.hub.tills, 10).await;
        let ahead = till.batch(21, 30, Hash([5; 32]));
        let Answer::Gap(position) = till.send(shop.hub.tills, &ahead).await else {
            panic!("a gap");
        };
        assert_eq!(position.expected, 11);
        assert_eq!(position.before, till.acknowledged.1);
        assert_eq!(position.last_batch_first, 1);
        // The same rows in other batches: the till has forgotten the bounds of its last batch.
        let other_bounds = till.batch(1, 15, Hash::ZERO);
        let answer = till.send(shop.hub.tills, &other_bounds).await;
        assert_eq!(answer, Answer::Gap(position.clone()));
        assert_eq!(
            till.position(shop.hub.tills).await,
            Answer::Position(position)
        );
        till.sells(shop.hub.tills, 5).await;
        assert_eq!(
            shop.sql("SELECT count(*), max(sequence) FROM document"),
            "15|15"
        );
    });
}

#[test]
fn a_till_that_was_restored_is_noticed_at_its_first_batch() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        till.sells(shop.hub.tills, 50).await;
        let backup = till.acknowledged;
        till.sells(shop.hub.tills, 20).await;
        till.sells(shop.hub.tills, 10).await;
        let newest = till.acknowledged;
        // The backup is restored, and the till makes other documents.
        till.acknowledged = backup;
        till.salt = 1;
        let batch = till.next(7);
        let Answer::RolledBack(position) = till.send(shop.hub.tills, &batch).await else {
            panic!("rolled back");
        };
        assert_eq!((position.expected, position.before), (81, newest.1));
        assert_eq!(position.missing_documents, 30);
        let missing = &position.missing[0];
        assert_eq!((missing.first, missing.last), (Some(51), Some(80)));
        assert_eq!(missing.documents, 30);
        // The health report and the position say the same.
        let report: HealthReport = till.health(1_780_000_000_000);
        let answer = till.reports(shop.hub.tills, &report).await;
        assert_eq!(answer, Answer::RolledBack(position.clone()));
        let answer = till.position(shop.hub.tills).await;
        assert_eq!(answer, Answer::Position(position.clone()));
        assert_eq!(
            shop.sql("SELECT why, first, last FROM refused_batch"),
            "rolled_back|51|57"
        );
        // Without a new epoch nothing is taken, and with it the till goes on behind what the hub has.
        let mut rows = vec![till.restored_row(81), till.row(82)];
        let same_epoch = till.batch_of(position.before, rows.clone());
        let answer = till.send(shop.hub.tills, &same_epoch).await;
        assert!(matches!(answer, Answer::Invalid { .. }), "{answer:?}");
        till.epoch = 2;
        let without_restore = till.batch(81, 82, position.before);
        let answer = till.send(shop.hub.tills, &without_restore).await;
        assert!(matches!(answer, Answer::Gap(_)), "{answer:?}");
        rows.push(till.row(83));
        let accepted = till.batch_of(position.before, rows);
        let answer = till.send(shop.hub.tills, &accepted).await;
        assert_eq!(answer, Answer::Acknowledged { up_to: 83 });
        till.acknowledged = (83, accepted.batch().hash());
        // The old machine comes back: it learns that another has taken over.
        till.epoch = 1;
        till.acknowledged = newest;
        let answer = till.send(shop.hub.tills, &till.next(3)).await;
        assert_eq!(answer, Answer::NewerEpoch { epoch: 2 });
        let answer = till
            .reports(shop.hub.tills, &till.health(1_780_000_000_000))
            .await;
        assert_eq!(answer, Answer::NewerEpoch { epoch: 2 });
        assert_eq!(
            shop.sql("SELECT count(*), max(sequence) FROM document"),
            "83|83"
        );
    });
}

#[test]
fn two_machines_with_one_identity_are_noticed() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        till.sells(shop.hub.tills, 10).await;
        till.sells(shop.hub.tills, 10).await;
        // The other machine has another chain.
        let sent = till.batch(21, 25, Hash([9; 32]));
        let Answer::Forked { sequence, position } = till.send(shop.hub.tills, &sent).await else {
            panic!("forked");
        };
        assert_eq!((sequence, position.expected), (20, 21));
        till.salt = 2;
        let sent = till.batch(15, 25, Hash([9; 32]));
        let Answer::Forked { sequence, .. } = till.send(shop.hub.tills, &sent).await else {
            panic!("forked");
        };
        assert_eq!(sequence, 15);
        assert_eq!(
            shop.sql("SELECT why, first, last FROM refused_batch ORDER BY first"),
            "forked|15|25\nforked|21|25"
        );
        till.salt = 0;
        till.sells(shop.hub.tills, 1).await;
    });
}

#[test]
fn documents_of_impossible_times_are_stored_too() {
    with_shop(|shop| async move {
        let till = shop.till().await;
        let mut rows = vec![till.row(1), till.row(2), till.row(3)];
        rows[0].at_ms = 950_000_000_000;
        rows[2].at_ms = 7_000_000_000_000;
        let batch = till.batch_of(Hash::ZERO, rows.clone());
        let answer = till.send(shop.hub.tills, &batch).await;
        assert_eq!(answer, Answer::Acknowledged { up_to: 3 });
        assert_eq!(shop.sql("SELECT count(*) FROM document_other"), "2");
        assert_eq!(shop.folder.store().rows(till.id, 1, 9).await.unwrap(), rows);
    });
}

#[test]
fn what_is_no_batch_is_refused_with_its_fault() {
    with_shop(|shop| async move {
        let till = shop.till().await;
        let mut bytes = till.next(3).to_bytes();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        for body in [&bytes[..], b"", &[0xff; 3000]] {
            let reply = till
                .post(shop.hub.tills, "/hub/v1/batches", body)
                .await
                .unwrap();
            let answer = reply.answer();
            assert!(matches!(answer, Answer::Invalid { .. }), "{answer:?}");
        }
        let mut client = till.connect(shop.hub.tills).await.unwrap();
        let too_large = client.announce("/hub/v1/batches", 1024 * 1024 + 1).await;
        let answer = too_large.unwrap().answer();
        assert!(matches!(answer, Answer::Invalid { .. }), "{answer:?}");
        let other = shop.till().await;
        let mut forged = till.batch(1, 3, Hash::ZERO).to_bytes();
        // The signature of another till's key.
        let theirs = other.batch(1, 3, Hash::ZERO).to_bytes();
        let at = forged.len() - theirs.len() + 2 + 17 + 1 + 1 + 1 + 64;
        forged[at..at + 64].copy_from_slice(&theirs[at..at + 64]);
        let reply = till
            .post(shop.hub.tills, "/hub/v1/batches", &forged)
            .await
            .unwrap();
        assert_eq!(reply.answer(), Answer::WrongSignature);
        assert_eq!(shop.sql("SELECT count(*) FROM document"), "0");
    });
}

#[test]
fn a_hub_that_was_restored_gets_from_the_till_what_it_has_lost() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        till.sells(shop.hub.tills, 50).await;
        let backup = till.acknowledged;
        till.sells(shop.hub.tills, 20).await;
        till.sells(shop.hub.tills, 10).await;
        // The database of the backup has 50 documents.
        shop.sql("DELETE FROM document WHERE sequence > 50; DELETE FROM batch WHERE first > 50");
        shop.sql(&format!(
            "UPDATE till SET last_sequence = 50, last_batch_first = 1, last_hash = '\\x{}'",
            backup.1
        ));
        let Answer::Gap(position) = till.send(shop.hub.tills, &till.next(5)).await else {
            panic!("a gap");
        };
        assert_eq!((position.expected, position.before), (51, backup.1));
        let report = till.health(1_780_000_000_000);
        let answer = till.reports(shop.hub.tills, &report).await;
        assert_eq!(answer, Answer::Taken);
        till.acknowledged = backup;
        till.sells(shop.hub.tills, 35).await;
        let stored = shop.sql("SELECT count(*), max(sequence) FROM document");
        assert_eq!(stored, "85|85");
        assert_eq!(shop.sql("SELECT count(*) FROM refused_batch"), "0");
    });
}
