//! Many tills at once: nothing is lost or doubled, the hub's memory has a limit, and its rate is near that of bare inserts.
//!
//! `FERROTILL_HUB_TILLS` is the number of tills (60 if it is not given; `.ci/run full` plays 10,000).

#[path = "../support/mod.rs"]
mod support;

mod backlog;
mod player;
mod rate;

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ferrotill_hub::clock::now_ms;
use ferrotill_hub::store::Store;
use futures_util::StreamExt as _;
use support::cluster::Cluster;
use support::process::HubFolder;
use support::till::{TestTill, key_and_request};
use uuid::Uuid;

use player::{Plan, Player};

const DOCUMENTS: u64 = 100;

#[test]
fn no_document_is_lost_or_doubled() {
    let tills: u64 = number("FERROTILL_HUB_TILLS", 60);
    let seed = number("FERROTILL_HUB_SEED", 1);
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let cluster = Arc::new(cluster);
    let folder = HubFolder::new(&cluster.database());
    let hubs = [folder.run(), folder.run()];
    let runtime = runtime();
    let started = Instant::now();
    let players = runtime.block_on(enrolled(&folder, tills));
    eprintln!("{tills} tills have enrolled after {:?}", started.elapsed());

    let started = Instant::now();
    let plan = Arc::new(Plan {
        hubs: [hubs[0].tills, hubs[1].tills],
        documents: DOCUMENTS,
        acknowledged: AtomicU64::new(0),
        counts: player::Counts::default(),
    });
    let all = tills * DOCUMENTS;
    let killer = kill_twice(&cluster, &plan, all);
    runtime.block_on(async {
        let plays = players.into_iter().enumerate().map(|(n, till)| {
            let random = seed.wrapping_mul(1_000_003).wrapping_add(n as u64);
            tokio::spawn(Player::new(till, random, Arc::clone(&plan)).play())
        });
        // So many tills are at work at a time; the others have not sold yet.
        let mut plays = futures_util::stream::iter(plays).buffer_unordered(AT_ONCE);
        while let Some(play) = plays.next().await {
            play.unwrap();
        }
    });
    killer.join().unwrap();
    let took = started.elapsed();
    eprintln!(
        "{all} documents after {took:?}: {:.0} a second; {}",
        all as f64 / took.as_secs_f64(),
        plan.counts
    );
    for hub in &hubs {
        eprintln!("the most memory of a hub: {} kB", hub.memory_max_kb());
        assert!(hub.memory_max_kb() < MEMORY_MAX_KB);
    }
    check(&cluster, &folder, tills);
}

/// What the database has in the end, asked of it directly.
fn check(cluster: &Cluster, folder: &HubFolder, tills: u64) {
    let sql = |sql: &str| cluster.psql(&folder.url, sql);
    let all = tills * DOCUMENTS;
    let counted =
        sql("SELECT count(*), count(DISTINCT document), count(DISTINCT till) FROM document");
    assert_eq!(counted, format!("{all}|{all}|{tills}"));
    // Each till has every sequence once, from the first to the last.
    let incomplete = format!(
        "SELECT count(*) FROM (SELECT till FROM document GROUP BY till \
         HAVING count(*) <> {DOCUMENTS} OR count(DISTINCT sequence) <> {DOCUMENTS} OR min(sequence) <> 1 OR max(sequence) <> {DOCUMENTS}) t"
    );
    assert_eq!(sql(&incomplete), "0");
    assert_eq!(
        sql(&format!(
            "SELECT count(*) FROM till WHERE last_sequence <> {DOCUMENTS}"
        )),
        "0"
    );
    // The batches of a till follow each other, each with the hash of the one before.
    let broken = "SELECT count(*) FROM (SELECT first, before, lag(last, 1, 0::bigint) OVER w AS last_before, lag(hash) OVER w AS hash_before \
                  FROM batch WINDOW w AS (PARTITION BY till ORDER BY first)) b \
                  WHERE first <> last_before + 1 OR (first > 1 AND before <> hash_before)";
    assert_eq!(sql(broken), "0");
    assert_eq!(sql("SELECT count(*) FROM refused_batch"), "0");
    let size = |tables: &str| -> u64 {
        let sql_text = format!(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE '{tables}' AND relkind = 'r'"
        );
        sql(&sql_text).parse().unwrap()
    };
    let batches: u64 = sql("SELECT count(*) FROM batch").parse().unwrap();
    eprintln!(
        "exactly {all} documents, no gap, no double; {} bytes a document and {} bytes a batch, with their indexes",
        size("document%") / all,
        size("batch") / batches
    );
}

/// Kills the database after a third of the documents and stops it at once after two thirds, and starts it again.
fn kill_twice(cluster: &Arc<Cluster>, plan: &Arc<Plan>, all: u64) -> std::thread::JoinHandle<()> {
    let (cluster, plan) = (Arc::clone(cluster), Arc::clone(plan));
    std::thread::spawn(move || {
        for (third, end) in [
            (1, Cluster::kill as fn(&Cluster)),
            (2, Cluster::stop_at_once),
        ] {
            while plan.acknowledged.load(Ordering::Relaxed) < all * third / 3 {
                std::thread::sleep(Duration::from_millis(2));
            }
            end(&cluster);
            eprintln!("the database was killed");
            cluster.go();
        }
    })
}

/// New tills that have enrolled.
async fn enrolled(folder: &HubFolder, tills: u64) -> Vec<TestTill> {
    let authority = Arc::new(folder.authority());
    let store = Arc::new(folder.store());
    let made = (0..tills).map(|n| {
        let (store, authority) = (Arc::clone(&store), Arc::clone(&authority));
        tokio::spawn(async move {
            let id = Uuid::now_v7();
            let (key, request) = key_and_request();
            let certificate = authority.sign_till(id, &request, now_ms()).unwrap();
            add(&store, id, n, &certificate).await;
            TestTill::with(id, &authority, certificate.der, key)
        })
    });
    futures_util::stream::iter(made)
        .buffer_unordered(32)
        .map(Result::unwrap)
        .collect()
        .await
}

async fn add(
    store: &Store,
    till: Uuid,
    n: u64,
    certificate: &ferrotill_hub::authority::TillCertificate,
) {
    let shop = format!("Shop {}", n / 4);
    store
        .make_code(till, &shop, &[0; 16], now_ms())
        .await
        .unwrap();
    store.renew(till, certificate, now_ms()).await.unwrap();
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

const AT_ONCE: usize = 200;
const MEMORY_MAX_KB: u64 = 128 * 1024;
