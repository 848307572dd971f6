//! The rate of a hub beside bare multi-row inserts of the same rows into the same tables.

use std::sync::Arc;
use std::time::Instant;

use ferrotill_hub_protocol::{Answer, Hash, Row, SignedBatch, path};
use tokio_postgres::NoTls;
use uuid::Uuid;

use super::support::cluster::Cluster;
use super::support::process::HubFolder;
use super::support::till::TestTill;
use super::{enrolled, number, runtime};

const AT_ONCE: u64 = 8;

/// The batches of one till.
struct Sent {
    till: TestTill,
    batches: Vec<SignedBatch>,
}

/// The bare insert: nothing but the rows.
const INSERT: &str = "\
INSERT INTO document (till, epoch, sequence, at_ms, business_day, utc_offset_min, journal_row, device, document, kind, series, number, \
                      currency, total, state, z_number, z_report, recorded) \
SELECT $1::uuid, 1, s, a, DATE '2026-05-31', 120, j, v, d, k, e, n, c, t, 0, z, r::jsonb, b \
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::smallint[], $8::text[], $9::bigint[], $10::text[], \
            $11::bigint[], $12::integer[], $13::text[], $14::bytea[]) AS u(s, a, j, v, d, k, e, n, c, t, z, r, b)";

#[test]
fn the_rate_is_near_that_of_bare_inserts() {
    let batches: u64 = number("FERROTILL_HUB_RATE_BATCHES", 8);
    let rounds: u64 = number("FERROTILL_HUB_RATE_ROUNDS", 1);
    let rows_each: u64 = number("FERROTILL_HUB_RATE_ROWS", 100);
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let (mut bare, mut hub) = (0.0, 0.0);
    for _ in 0..rounds {
        let folder = HubFolder::new(&cluster.database());
        let process = folder.run();
        let bare_url = HubFolder::new(&cluster.database()).url;
        runtime().block_on(async {
            folder
                .store()
                .make_next_months(1_780_236_000_000)
                .await
                .unwrap();
            let sent: Vec<Arc<Sent>> = enrolled(&folder, AT_ONCE)
                .await
                .into_iter()
                .map(|till| Arc::new(batches_of(till, batches, rows_each)))
                .collect();
            copy_months(&cluster, &bare_url);
            bare += bare_inserts(&bare_url, &sent).await;
            hub += through_the_hub(process.tills, &sent).await;
        });
        let rows = (AT_ONCE * batches * rows_each).to_string();
        for url in [&folder.url, &bare_url] {
            assert_eq!(cluster.psql(url, "SELECT count(*) FROM document"), rows);
        }
    }
    let ratio = hub / bare;
    let (bare, hub) = (bare / rounds as f64, hub / rounds as f64);
    eprintln!(
        "bare inserts: {bare:.0} rows a second; through the hub: {hub:.0} rows a second; {ratio:.2}; {rows_each} rows a batch, {AT_ONCE} at once"
    );
    // A ratio of one run; only the full run asks for it, because another program beside it changes it.
    if let Ok(least) = std::env::var("FERROTILL_HUB_RATE_MIN") {
        assert!(ratio >= least.parse::<f64>().unwrap(), "{ratio:.2}");
    }
}

fn batches_of(till: TestTill, batches: u64, rows_each: u64) -> Sent {
    let mut before = Hash::ZERO;
    let batches = (0..batches)
        .map(|n| {
            let rows = (n * rows_each + 1..=(n + 1) * rows_each).map(|sequence| {
                let mut row = till.row(sequence);
                row.at_ms = till.row(1).at_ms + sequence.cast_signed() * 1_000;
                row
            });
            let batch = till.batch_of(before, rows.collect());
            before = batch.batch().hash();
            batch
        })
        .collect();
    Sent { till, batches }
}

/// The database for bare inserts gets tables of months too.
fn copy_months(cluster: &Cluster, url: &str) {
    for (name, from, until) in [
        ("2026_05", 1_777_593_600_000_i64, 1_780_272_000_000_i64),
        ("2026_06", 1_780_272_000_000, 1_782_864_000_000),
    ] {
        let sql = format!(
            "CREATE TABLE document_{name} PARTITION OF document FOR VALUES FROM ({from}) TO ({until})"
        );
        cluster.psql(url, &sql);
    }
}

/// Rows a second.
async fn bare_inserts(url: &str, sent: &[Arc<Sent>]) -> f64 {
    let mut connections = Vec::new();
    for sent in sent {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let statement = client.prepare(INSERT).await.unwrap();
        let batches: Vec<Columns> = sent
            .batches
            .iter()
            .map(|batch| Columns::of(batch.batch().rows()))
            .collect();
        connections.push((client, statement, sent.till.id, batches));
    }
    let started = Instant::now();
    let tasks = connections
        .into_iter()
        .map(|(client, statement, till, batches)| {
            tokio::spawn(async move {
                let mut rows = 0;
                for c in &batches {
                    rows += client
                        .execute(
                            &statement,
                            &[
                                &till,
                                &c.sequence,
                                &c.at,
                                &c.journal,
                                &c.device,
                                &c.document,
                                &c.kind,
                                &c.series,
                                &c.number,
                                &c.currency,
                                &c.total,
                                &c.z_number,
                                &c.z_report,
                                &c.recorded,
                            ],
                        )
                        .await
                        .unwrap();
                }
                rows
            })
        });
    let mut rows = 0;
    for task in tasks.collect::<Vec<_>>() {
        rows += task.await.unwrap();
    }
    rows as f64 / started.elapsed().as_secs_f64()
}

/// Rows a second.
async fn through_the_hub(address: std::net::SocketAddr, sent: &[Arc<Sent>]) -> f64 {
    let mut connections = Vec::new();
    for sent in sent {
        let mut connection = sent.till.connect(address).await.unwrap();
        // The connection has asked once before, and so has the bare one.
        assert!(connection.get("/", "").await.unwrap().status == 404);
        connections.push((connection, Arc::clone(sent)));
    }
    let started = Instant::now();
    let tasks = connections.into_iter().map(|(mut connection, sent)| {
        tokio::spawn(async move {
            let mut rows = 0;
            for batch in &sent.batches {
                let reply = connection.post(path::BATCHES, &batch.to_bytes()).await;
                let up_to = batch.batch().header().last;
                assert_eq!(reply.unwrap().answer(), Answer::Acknowledged { up_to });
                rows += u64::try_from(batch.batch().rows().len()).unwrap();
            }
            rows
        })
    });
    let mut rows = 0;
    for task in tasks.collect::<Vec<_>>() {
        rows += task.await.unwrap();
    }
    rows as f64 / started.elapsed().as_secs_f64()
}

#[derive(Default)]
struct Columns {
    sequence: Vec<i64>,
    at: Vec<i64>,
    journal: Vec<i64>,
    device: Vec<Uuid>,
    document: Vec<Uuid>,
    kind: Vec<i16>,
    series: Vec<String>,
    number: Vec<Option<i64>>,
    currency: Vec<String>,
    total: Vec<i64>,
    z_number: Vec<Option<i32>>,
    z_report: Vec<Option<String>>,
    recorded: Vec<Vec<u8>>,
}

impl Columns {
    fn of(rows: &[Row]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.sequence.push(row.sequence.cast_signed());
            columns.at.push(row.at_ms);
            columns.journal.push(row.journal_row.cast_signed());
            columns.device.push(row.device);
            columns.document.push(row.document);
            columns.kind.push(i16::from(row.kind.number()));
            columns.series.push(row.series.clone());
            columns.number.push(row.number.map(u64::cast_signed));
            columns.currency.push(row.currency.to_string());
            columns.total.push(row.total);
            columns.z_number.push(row.z_number.map(u32::cast_signed));
            let report = row.z_report.as_ref();
            columns
                .z_report
                .push(report.map(|report| serde_json::to_string(report).unwrap()));
            columns
                .recorded
                .push(postcard::to_stdvec(&row.recorded).unwrap());
        }
        columns
    }
}
