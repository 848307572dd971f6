//! A data folder as a test sees it from outside: its database, its devices, and starts that are refused.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::outside::program_path;

/// The id of a second device beside [`super::DEVICE`].
pub const SECOND_DEVICE: &str = "1f0c2a51-7d0e-4c7e-9f57-0d5c55a10002";

/// Starts the service, which must refuse to start. Returns its exit code and everything that it prints.
pub fn refused_start(configuration: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"exec "$0" "$@" 2>&1"#])
        .arg(program_path())
        .args(["run", "--listen", "127.0.0.1:0", "--config"])
        .arg(configuration)
        .args(arguments);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut words = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap() + "\n";
        if line.contains(" serves http://") {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the service starts: {line}");
        }
        words += &line;
    }
    (child.wait().unwrap().code(), words)
}

/// Checks that the service does not start, because configuration and data folder do not fit. Returns everything that it prints.
pub fn refuses(configuration: &Path, arguments: &[&str]) -> String {
    let (code, words) = refused_start(configuration, arguments);
    assert_eq!(code, Some(3), "{words}");
    words
}

/// The database of a data folder.
pub fn database(data: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(data.join(ferrotill_store::FILE_NAME)).unwrap()
}

/// The fiscal number and the address under which the journal of a data folder knows a device.
pub fn identity(data: &Path, device: &str) -> (String, String) {
    let device: uuid::Uuid = device.parse().unwrap();
    database(data)
        .query_row(
            "SELECT fiscal_number, address FROM device_identity WHERE device = ?1",
            [device.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap()
}
