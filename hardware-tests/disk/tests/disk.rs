//! Tests of the simulated disk: SQLite works on it and loses nothing acknowledged at a power cut, unless its safety is switched
//! off.

use std::path::{Path, PathBuf};

use ferrotill_disk::{Disk, DiskCall, DiskFault, SeededRandom};
use rusqlite::Connection;

/// A folder that does not exist: files of the simulated disk never touch the real one.
fn folder(name: &str) -> PathBuf {
    Path::new("/nowhere").join(name)
}

fn open(folder: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(folder.join("books.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS receipt (number INTEGER PRIMARY KEY, text TEXT NOT NULL)",
    )?;
    Ok(connection)
}

/// Sells receipts, and records after how many disk operations each sale was acknowledged.
fn sell(disk: &Disk, connection: &Connection, count: i64) -> Vec<(i64, usize)> {
    let mut acknowledged = Vec::new();
    for number in 1..=count {
        let text = "x".repeat(usize::try_from(number * 37 % 900).unwrap_or(0));
        let sold = connection.execute(
            "INSERT INTO receipt VALUES (?1, ?2)",
            rusqlite::params![number, text],
        );
        if sold.is_ok() {
            acknowledged.push((number, disk.operations()));
        }
    }
    acknowledged
}

/// Cuts the power at every moment, several times, and counts the acknowledged sales that are lost and the images that are broken.
fn cut_everywhere(name: &str, synchronous: &str, random: &mut SeededRandom) -> (usize, usize) {
    let disk = Disk::mount(&folder(name));
    let connection = open(&folder(name), synchronous).unwrap();
    let acknowledged = sell(&disk, &connection, 40);
    assert_eq!(acknowledged.len(), 40);
    drop(connection);
    let history = disk.history();
    let after = Disk::mount(&folder(&format!("{name}-after")));
    let (mut states, mut lost) = (0, 0);
    history.for_each_moment(|moment, medium| {
        for _ in 0..5 {
            after.put(&medium.cut(random));
            let connection = open(&folder(&format!("{name}-after")), synchronous).unwrap();
            let whole: String = connection
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(whole, "ok", "moment {moment}");
            let last: i64 = connection
                .query_row("SELECT coalesce(max(number), 0) FROM receipt", [], |row| {
                    row.get(0)
                })
                .unwrap();
            let count: i64 = connection
                .query_row("SELECT count(*) FROM receipt", [], |row| row.get(0))
                .unwrap();
            assert_eq!(last, count, "a gap after moment {moment}");
            let promised = acknowledged
                .iter()
                .filter(|(_, at)| *at <= moment)
                .map(|(number, _)| *number)
                .max();
            lost += usize::from(promised.is_some_and(|promised| promised > last));
            states += 1;
        }
    });
    (states, lost)
}

#[test]
fn full_sync_loses_nothing_that_was_acknowledged() {
    let (states, lost) = cut_everywhere("full", "FULL", &mut SeededRandom::new(1));
    assert!(states > 500, "{states}");
    assert_eq!(lost, 0);
}

/// The control: a suite that passes although the disk ignores syncs proves nothing.
#[test]
fn normal_and_no_sync_lose_and_the_disk_shows_it() {
    let (_, lost) = cut_everywhere("normal", "NORMAL", &mut SeededRandom::new(2));
    assert!(lost > 50, "{lost}");
}

#[test]
fn every_trouble_is_told_and_what_was_acknowledged_before_stays() {
    for kind in DiskCall::ALL {
        for for_ever in [false, true] {
            let mut met = 0;
            for after in 0..40 {
                let name = format!("fault-{kind:?}-{for_ever}-{after}");
                let disk = Disk::mount(&folder(&name));
                let connection = open(&folder(&name), "FULL").unwrap();
                disk.fail(Some(DiskFault {
                    kind,
                    after,
                    for_ever,
                }));
                let acknowledged = sell(&disk, &connection, 12);
                met += usize::from(acknowledged.len() < 12);
                disk.fail(None);
                drop(connection);
                let history = disk.history();
                let mut random = SeededRandom::new(u64::try_from(after).unwrap());
                disk.put(&history.cut(history.len(), &mut random));
                let connection = open(&folder(&name), "FULL").unwrap();
                for (number, _) in acknowledged {
                    let there: bool = connection
                        .query_row(
                            "SELECT count(*) = 1 FROM receipt WHERE number = ?1",
                            [number],
                            |row| row.get(0),
                        )
                        .unwrap();
                    assert!(there, "{name}: {number}");
                }
            }
            // In twelve sales SQLite reads no page that is not in its cache, and truncates nothing.
            let expected = matches!(kind, DiskCall::Write | DiskCall::Full | DiskCall::Sync);
            assert_eq!(met > 0, expected, "{kind:?} {for_ever}: {met}");
        }
    }
}

#[test]
fn two_connections_share_the_books() {
    let disk = Disk::mount(&folder("shared"));
    let writer = open(&folder("shared"), "FULL").unwrap();
    let reader = Connection::open(folder("shared").join("books.db")).unwrap();
    assert_eq!(sell(&disk, &writer, 3).len(), 3);
    let count = |connection: &Connection| -> i64 {
        connection
            .query_row("SELECT count(*) FROM receipt", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count(&reader), 3);
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 3);
    writer
        .execute("INSERT INTO receipt VALUES (4, '')", [])
        .unwrap();
    assert_eq!(count(&reader), 3, "a reader keeps its moment");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&reader), 4);
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(reader.execute_batch("BEGIN IMMEDIATE").is_err());
}

#[test]
fn files_elsewhere_are_left_to_the_system() {
    let _disk = Disk::mount(&folder("elsewhere"));
    let real = std::env::temp_dir().join(format!("ferrotill-disk-{}.db", std::process::id()));
    let connection = Connection::open(&real).unwrap();
    connection.execute_batch("CREATE TABLE a (b)").unwrap();
    drop(connection);
    assert!(real.exists());
    std::fs::remove_file(real).unwrap();
    assert!(Connection::open(Path::new("/nowhere/else/books.db")).is_err());
}

#[test]
fn without_power_nothing_works_until_it_is_back() {
    let disk = Disk::mount(&folder("power"));
    let connection = open(&folder("power"), "FULL").unwrap();
    assert_eq!(sell(&disk, &connection, 2).len(), 2);
    disk.power_off();
    assert!(
        connection
            .execute("INSERT INTO receipt VALUES (3, '')", [])
            .is_err()
    );
    drop(connection);
    let image = disk
        .history()
        .cut(disk.operations(), &mut SeededRandom::new(3));
    disk.put(&image);
    let connection = open(&folder("power"), "FULL").unwrap();
    let count: i64 = connection
        .query_row("SELECT count(*) FROM receipt", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
}
