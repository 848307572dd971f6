//! The memory of a hub while its database stands still and many tills send as much as they can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ferrotill_hub_protocol::{Answer, Hash, limits, path};
use tokio::time::sleep;

use super::support::cluster::Cluster;
use super::support::process::HubFolder;
use super::support::till::TestTill;
use super::{MEMORY_MAX_KB, enrolled, number, runtime};

/// A batch of nearly a megabyte.
fn large_batch(till: &TestTill) -> Vec<u8> {
    let rows = (1..=200).map(|sequence| {
        let mut row = till.row(sequence);
        row.recorded[0].bytes = vec![7; 4_800].into();
        row
    });
    let bytes = till.batch_of(Hash::ZERO, rows.collect()).to_bytes();
    assert!(bytes.len() > limits::BATCH_BYTES_MAX * 9 / 10);
    bytes
}

#[test]
fn memory_has_a_limit_whatever_waits() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let tills = number("FERROTILL_HUB_BACKLOG_TILLS", 120);
    let folder = HubFolder::new(&cluster.database());
    let hub = folder.run();
    let idle_kb = hub.memory_max_kb();
    let address = hub.tills;
    let refused = Arc::new(AtomicU64::new(0));
    runtime().block_on(async {
        let tills = enrolled(&folder, tills).await;
        // The database stands still: nothing can be inserted as long as this transaction runs.
        let url = format!("{} application_name=blocker", folder.url);
        let (blocker, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        blocker
            .batch_execute("BEGIN; LOCK TABLE document IN EXCLUSIVE MODE")
            .await
            .unwrap();
        let sends: Vec<_> = tills
            .into_iter()
            .map(|till| {
                let refused = Arc::clone(&refused);
                tokio::spawn(async move {
                    let bytes = large_batch(&till);
                    loop {
                        let Ok(reply) = till.post(address, path::BATCHES, &bytes).await else {
                            continue;
                        };
                        match reply.answer() {
                            Answer::Acknowledged { up_to: 200 } => return,
                            Answer::TooBusy { .. } => {
                                assert_eq!(reply.header("retry-after"), Some("2"));
                                refused.fetch_add(1, Ordering::Relaxed);
                            }
                            Answer::Unavailable { .. } => {}
                            other => panic!("{other:?}"),
                        }
                        sleep(Duration::from_millis(100)).await;
                    }
                })
            })
            .collect();
        while refused.load(Ordering::Relaxed) < 3 * number("FERROTILL_HUB_BACKLOG_TILLS", 120) {
            sleep(Duration::from_millis(10)).await;
        }
        blocker.batch_execute("COMMIT").await.unwrap();
        for send in sends {
            send.await.unwrap();
        }
    });
    let most_kb = hub.memory_max_kb();
    eprintln!(
        "{tills} tills with a megabyte each, {} answers to come later: the hub had {most_kb} kB at most, and {idle_kb} kB when idle",
        refused.load(Ordering::Relaxed)
    );
    assert!(most_kb < MEMORY_MAX_KB, "{most_kb} kB");
    let stored = cluster.psql(&folder.url, "SELECT count(*) FROM document");
    assert_eq!(stored, (tills * 200).to_string());
}
